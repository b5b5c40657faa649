//! 集計: what reporting asks, answered from one projection over members and applications.
//!
//! One view and not one a report: all figures are then of one ledger number, and agree. Nothing in it is overwritten (see `schema.sql`),
//! so every question can be asked of any earlier moment.

mod apply;
mod figures;
mod lists;
mod question;
mod sql;
mod table;
mod versions;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use cqrs_es::Aggregate as _;
use domain::application::Application;
use domain::member::Member;

use crate::error::{Error, Result, Unreadable};
use crate::feed::FedEvent;
use crate::folds::Folds;
use crate::projection::{Projection, Table, ViewName};
use crate::session::{Session, on_session};

use apply::{
    APPLICATIONS, ATTENDANCE, CHARGES, CONFIRMATIONS, Fact, MEMBERS, RECEIPTS, Rows, STAYS, Said,
};
pub(crate) use apply::{item_word, scope as scope_word};
pub(crate) use figures::report;
pub use figures::{Chart, Figure, Report, ReportTable};
pub use lists::{After, Line, List, Part, item_label};
pub(crate) use question::as_of;
pub use question::{AsOf, ListFilter, ListName, Moment, Question, ReportName};
pub use table::{Cell, Column, Kind};
pub(crate) use versions::OPEN;
use versions::{Value, insert};

/// 会員番号, 氏名 and mail address of every member as of now, by number.
pub(crate) async fn mail_addresses(
    database: &eventstore::Database,
) -> Result<Vec<(String, String, String)>> {
    eventstore::on_database!(database, pool => {
        sqlx::query_as(&format!(
            "SELECT member, name, email FROM report_members WHERE until = {OPEN} ORDER BY member"
        ))
        .fetch_all(pool)
        .await
    })
    .map_err(Error::while_("asking the mail addresses of members"))
}

/// The view.
pub(crate) struct ReportsView;

impl Projection for ReportsView {
    const NAME: ViewName = ViewName::Reports;
    const STREAMS: &'static [&'static str] = &[Member::TYPE, Application::TYPE];
    const VERSION: i64 = 4;
    const SCHEMA: &'static str = include_str!("schema.sql");
    const TABLES: &'static [Table] = &[
        Table {
            name: "view_report_applications",
            key: &["application", "since"],
            columns: "application, since, until, since_at, until_at, program, member, name, furigana, workplace, \
                      certification_number, scope, stage, document_track, exam_track, certification, withdrawn, units, required, \
                      missing, returned, completed_days, submitted_at, closes_at, certified_on, expires_on",
            public: Some("report_applications"),
        },
        Table {
            name: "view_report_stays",
            key: &["application", "track", "since"],
            columns: "application, track, since, until, since_at, until_at, program, state",
            public: Some("report_stays"),
        },
        Table {
            name: "view_report_charges",
            key: &["application", "item", "since"],
            columns: "application, item, since, until, since_at, until_at, program, member, month, route, amount_yen",
            public: Some("report_charges"),
        },
        Table {
            name: "view_report_confirmations",
            key: &["application", "transaction_number", "since"],
            columns: "application, transaction_number, since, until, since_at, until_at, program, member, item, month, route, amount_yen",
            public: Some("report_confirmations"),
        },
        Table {
            name: "view_report_receipts",
            key: &["member", "transaction_number", "since"],
            columns: "member, transaction_number, since, until, since_at, until_at, item, month, amount_yen",
            public: Some("report_receipts"),
        },
        Table {
            name: "view_report_members",
            key: &["member", "since"],
            columns: "member, since, until, since_at, until_at, name, furigana, email, workplace, birth_date, prefecture, hospital, \
                      speciality, certification_number, last_certified_on, valid_until, seminar_units, regular_year, renewal",
            public: Some("report_members"),
        },
        Table {
            name: "view_report_attendance",
            key: &["member", "seminar", "since"],
            columns: "member, seminar, since, until, since_at, until_at, first_day, units",
            public: Some("report_attendance"),
        },
        Table {
            name: "view_report_return_items",
            key: &["number", "item"],
            columns: "number, item, application, program, document",
            public: Some("report_return_items"),
        },
        Table {
            name: "view_report_acts",
            key: &["number"],
            columns: "number, at, application, program, actor, act",
            public: Some("report_acts"),
        },
        Table {
            name: "view_report_minutes",
            key: &["minute"],
            columns: "minute, first, number",
            public: Some("report_minutes"),
        },
    ];
    const PAYLOADS: &'static [&'static str] = PAYLOADS;
    const BATCH: i64 = 2_000;

    type Fact = Fact;
    type Rows = Rows;

    fn read(event: FedEvent) -> Result<Fact, Unreadable> {
        Fact::read(event)
    }

    async fn load(session: &mut Session, generation: i64, facts: &[Fact]) -> Result<Rows> {
        let applications = facts.iter().filter_map(|fact| match &fact.said {
            Said::Application { fact, .. } => Some(fact),
            Said::Member { .. } => None,
        });
        let mut rows = Rows {
            folds: Folds::load(session, applications.clone()).await?,
            minute: latest_minute(session, generation).await?,
            ..Rows::default()
        };
        // What begins in this batch has no rows yet.
        let begun: BTreeSet<&str> = rows.folds.folds.keys().map(String::as_str).collect();
        let begun: Vec<&str> = begun.into_iter().collect();
        for (versions, table) in [
            (&mut rows.applications, &APPLICATIONS),
            (&mut rows.stays, &STAYS),
            (&mut rows.charges, &CHARGES),
            (&mut rows.confirmations, &CONFIRMATIONS),
        ] {
            versions.load(session, table, generation, &begun).await?;
        }
        let members: BTreeSet<&str> = facts
            .iter()
            .filter_map(|fact| match &fact.said {
                Said::Member { member, .. } => Some(member.as_str()),
                Said::Application { .. } => None,
            })
            .collect();
        let members: Vec<&str> = members.into_iter().collect();
        for (versions, table) in [
            (&mut rows.members, &MEMBERS),
            (&mut rows.attendance, &ATTENDANCE),
            (&mut rows.receipts, &RECEIPTS),
        ] {
            versions.load(session, table, generation, &members).await?;
        }
        Ok(rows)
    }

    fn apply(rows: &mut Rows, fact: Fact) {
        apply::apply(rows, fact);
    }

    async fn save(session: &mut Session, generation: i64, rows: Rows) -> Result<()> {
        for (versions, table) in [
            (rows.applications, &APPLICATIONS),
            (rows.stays, &STAYS),
            (rows.charges, &CHARGES),
            (rows.confirmations, &CONFIRMATIONS),
            (rows.members, &MEMBERS),
            (rows.attendance, &ATTENDANCE),
            (rows.receipts, &RECEIPTS),
        ] {
            versions.save(session, table, generation).await?;
        }
        let items: Vec<_> = rows.return_items.into_iter().map(return_item).collect();
        let into = format!(
            "view_report_return_items_g{generation} (number, item, application, program, document)"
        );
        insert(session, &into, &items, "").await?;
        let acts: Vec<_> = rows.acts.into_iter().map(act).collect();
        let into = format!(
            "view_report_acts_g{generation} (number, at, application, program, actor, act)"
        );
        insert(session, &into, &acts, "").await?;
        let minutes: Vec<_> = rows.minutes.into_iter().map(minute).collect();
        let into = format!("view_report_minutes_g{generation} (minute, first, number)");
        // One that an earlier batch has begun keeps its first number.
        let goes_on = " ON CONFLICT (minute) DO UPDATE SET number = excluded.number";
        insert(session, &into, &minutes, goes_on).await
    }
}

/// Everything of a member and of an application, as the catalogue names it (a test holds it against that).
const PAYLOADS: &[&str] = &payloads();

const OF_MEMBERS: [&str; 6] = [
    "RecordImported",
    "AttendanceRecorded",
    "AttendanceRetracted",
    "PaymentReceived",
    "RecordRetracted",
    "PaymentRetracted",
];

const fn payloads() -> [&'static str; OF_MEMBERS.len() + crate::change_history::EVENTS.len()] {
    let mut all = [""; OF_MEMBERS.len() + crate::change_history::EVENTS.len()];
    let mut place = 0;
    while place < all.len() {
        all[place] = if place < OF_MEMBERS.len() {
            OF_MEMBERS[place]
        } else {
            crate::change_history::EVENTS[place - OF_MEMBERS.len()]
        };
        place += 1;
    }
    all
}

async fn latest_minute(session: &mut Session, generation: i64) -> Result<i64> {
    let latest: Option<i64> = on_session!(session, connection => {
        sqlx::query_scalar(&format!("SELECT MAX(minute) FROM view_report_minutes_g{generation}"))
            .fetch_one(connection)
            .await
    })
    .map_err(Error::while_("reading rows of reports"))?;
    Ok(latest.unwrap_or(i64::MIN))
}

fn return_item(item: apply::ReturnItem) -> Vec<Value> {
    vec![
        item.number.into(),
        item.item.into(),
        item.application.into(),
        item.program.into(),
        item.document.into(),
    ]
}

fn act(act: apply::Act) -> Vec<Value> {
    vec![
        act.number.into(),
        act.at_us.into(),
        act.application.into(),
        act.program.into(),
        act.actor.into(),
        act.event.into(),
    ]
}

/// A minute with its first and its last ledger number.
fn minute((minute, (first, number)): (i64, (i64, i64))) -> Vec<Value> {
    vec![minute.into(), first.into(), number.into()]
}
