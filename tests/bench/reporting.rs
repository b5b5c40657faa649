//! The reports (集計) with 100,000 applications and as many members: each report as its page asks it, and a page of the lists.

use std::time::Instant;

use domain::Personal;
use domain::application::{ApplicationEvent, Submission};
use domain::member::{Certification, Member, MemberEvent, Payment, PaymentItem};
use domain::program::Programs;
use domain::reporting::PREFECTURES;
use eventstore::{Database, EventLog};
use futures::stream::{self, TryStreamExt as _};
use jiff::civil::date;
use jiff::{Timestamp, ToSpan as _};
use projections::reports::{List, ListFilter, ListName, Moment, Question, ReportName};
use projections::{Reporting, Runner, Views};

use crate::applications::{self, Filling};
use crate::counter::envelope;
use crate::desk::{APPLICATIONS, keep_rules, named, push};
use crate::figures::{ms, number};
use crate::report::{Finding, Table};
use crate::{Outcome, places};

/// How often each is asked.
const TIMES: usize = 20;

/// 会員基本情報, and for every third member a payment.
fn member_events(member: u32) -> Outcome<Vec<MemberEvent>> {
    let mut record = applications::record(member)?;
    named(&mut record, member);
    let place = usize::try_from(member)?;
    let prefecture = PREFECTURES[place % PREFECTURES.len()];
    record.workplace.place.address = format!("{prefecture}中央1-1");
    record.birth_date = Some(date(1950 + i16::try_from(member % 40)?, 5, 3));
    let certified = i16::try_from(2021 + member % 5)?;
    record.certification = Some(Certification {
        number: format!("{member:07}"),
        first_certified_on: date(certified - 5, 4, 1),
        last_certified_on: date(certified, 4, 1),
        valid_until: date(certified + 5, 3, 31),
    });
    let mut events = vec![MemberEvent::RecordImported {
        record: Personal::new(Box::new(record)),
    }];
    if member.is_multiple_of(3) {
        events.push(MemberEvent::PaymentReceived {
            payment: payment(member),
        });
    }
    Ok(events)
}

fn payment(member: u32) -> Payment {
    Payment {
        transaction: format!("T{member:07}"),
        item: PaymentItem::ReviewFee,
        amount_yen: 11_000,
        paid_on: date(2026, 5, 1) + i64::from(member % 90).days(),
        payer: Personal::new("シケン カイイン".to_owned()),
    }
}

/// 申込, two documents; every other one completed, of those every other one accepted.
fn application_events(
    member: u32,
    assessment: &domain::units::UnitAssessment,
) -> Outcome<Vec<ApplicationEvent>> {
    let mut events = applications::events(member, 3)?;
    let began: Timestamp = "2026-05-01T00:00:00Z".parse()?;
    let at = began + i64::from(member % 2_000).hours();
    if member.is_multiple_of(6) {
        events.push(ApplicationEvent::PaymentConfirmed {
            payment: payment(member),
        });
    }
    if member.is_multiple_of(2) {
        events.push(ApplicationEvent::Submitted {
            submission: Submission {
                number: 1,
                submitted_at: at,
                assessment: domain::units::UnitAssessment {
                    total: member % 90,
                    ..assessment.clone()
                },
                rules_version: "bench".to_owned(),
                digest: "0".repeat(64),
            },
        });
    }
    if member.is_multiple_of(4) {
        events.push(ApplicationEvent::DocumentsAccepted {
            at,
            explanation: None,
        });
    }
    Ok(events)
}

async fn fill(log: &EventLog) -> Outcome<f64> {
    keep_rules(log).await?;
    let programs = Programs::embedded()?;
    let program = programs.iter().next().ok_or("no program")?;
    let assessment = &domain::units::assess(
        &program.rules,
        &domain::documents::Rows::default(),
        std::iter::empty(),
        &domain::documents::Rows::default(),
    );
    let (members, handler) = (
        &log.handler::<Filling<Member>>((), Vec::new),
        &log.handler::<Filling>((), Vec::new),
    );
    stream::iter((0..APPLICATIONS).map(Ok))
        .try_for_each_concurrent(8, |member| async move {
            let number = applications::member_number(member).to_string();
            members
                .execute(&number, member_events(member)?, envelope())
                .await?;
            let id = applications::id(member);
            let mut staff = envelope();
            if member.is_multiple_of(4) {
                "secretariat".clone_into(&mut staff.metadata.role);
                staff.metadata.actor = format!("secretariat:staff{}", member % 7);
            }
            handler
                .execute(&id, application_events(member, assessment)?, staff)
                .await?;
            Outcome::Ok(())
        })
        .await?;
    eventstore::seal(log.database()).await?;
    Views::new(log.clone()).lag().await?;
    let began = Instant::now();
    Runner::new(log.clone()).catch_up("reports").await?;
    Ok(began.elapsed().as_secs_f64())
}

async fn ask(name: &str, log: &EventLog, table: &mut Table) -> Outcome<()> {
    let reporting = Reporting::of(Views::new(log.clone()));
    let programs = Programs::embedded()?;
    let programs: Vec<_> = programs.iter().collect();
    let now: Timestamp = "2026-07-01T00:00:00Z".parse()?;
    let latest = reporting.report_moment(Moment::Latest, now).await?;
    let latest = latest.ok_or("the reports are at no moment")?;
    let half = Moment::Number(latest.number / 2);
    let half = reporting
        .report_moment(half, now)
        .await?
        .ok_or("no middle")?;
    for (when, as_of, program) in [
        ("latest, one program", latest, Some(applications::PROGRAM)),
        ("latest, all programs", latest, None),
        ("halfway back", half, Some(applications::PROGRAM)),
    ] {
        for report in ReportName::ALL {
            let question = Question {
                as_of,
                program,
                programs: &programs,
            };
            let mut times = Vec::new();
            let mut rows = 0;
            for _ in 0..TIMES {
                let began = Instant::now();
                let answered = reporting.report(report, &question).await?;
                times.push(ms(began.elapsed()));
                rows = answered.tables.iter().map(|table| table.rows.len()).sum();
            }
            let what = format!("{}: {when}", report.title());
            push(name, &what, i64::try_from(rows)?, &times, table);
        }
    }
    for list in ListName::ALL {
        let list = List {
            name: list,
            filter: ListFilter::default(),
            as_of: latest,
            programs: programs.clone(),
        };
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..TIMES {
            let began = Instant::now();
            found = reporting.report_list_count(&list).await?;
            reporting.report_list(&list, None, 100).await?;
            times.push(ms(began.elapsed()));
        }
        push(name, list.name.title(), found, &times, table);
    }
    Ok(())
}

/// Both databases.
pub async fn measure() -> Outcome<Finding> {
    let mut table = Table::new(&["database", "question", "rows", "p50 ms", "p95 ms"]);
    let mut took = Vec::new();
    let directory = places::directory()?;
    let file = format!("sqlite://{}/reports.db", directory.path().display());
    let place = places::Place::empty().await?;
    for (name, url) in [("SQLite", file), ("PostgreSQL", place.hasty().url.clone())] {
        eprintln!("filling {name}");
        let database = Database::connect(&url).await?;
        database.migrate().await?;
        let log = EventLog::new(database);
        let seconds = fill(&log).await?;
        if let Database::Postgres(pool) = log.database() {
            places::analyze(pool).await?;
        }
        ask(name, &log, &mut table).await?;
        took.push(format!("{name} {} s", number(seconds, 0)));
        places::close(&log).await;
    }
    place.remove().await?;
    Ok(Finding {
        title: "The reports with 100,000 applications",
        method: format!(
            "{} applications of 3 to 6 events and as many members; each report and a page of each list {TIMES} times, one after the other, \
             without HTTP. The view caught up with everything in: {}.",
            number(f64::from(APPLICATIONS), 0),
            took.join(", ")
        ),
        table,
        goals: Vec::new(),
    })
}
