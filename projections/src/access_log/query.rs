//! What pages ask.

use domain::access::Whose;
use domain::application::ApplicationId;
use domain::member::MemberNumber;
use eventstore::{Database, on_database};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::COLUMNS;
use crate::error::{Error, Result};
use crate::views::{Page, instant};

const VIEW: &str = "access_log";

/// Somebody looked at something, or was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessEntry {
    /// Number of the event in the ledger.
    pub global_seq: i64,
    /// 会員番号 of whose data it was; of a list, whose record is asked for. None for what shows many members at once.
    pub member: Option<MemberNumber>,
    /// Of a list or a file: how many members it names.
    pub named: i64,
    /// Who: `secretariat:demo`.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// Method and route, or command.
    pub operation: String,
    /// The application, if it was one.
    pub application: Option<ApplicationId>,
    /// Number of the request, as in the log lines of the service.
    pub request_id: Uuid,
    /// When, by the service's clock.
    pub viewed_at: Timestamp,
    /// Whether it was refused, and nothing shown.
    pub refused: bool,
}

/// Which entries. Nothing asks for all.
#[derive(Clone, Debug, Default)]
pub struct AccessFilter {
    /// Whose data.
    pub member: Option<MemberNumber>,
    /// Who looked: `secretariat:demo`.
    pub actor: Option<String>,
    /// Method and route, or command, as in the entries.
    pub operation: Option<String>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
}

#[derive(FromRow)]
struct Columns {
    global_seq: i64,
    member: String,
    actor: String,
    role: String,
    operation: String,
    application: Option<String>,
    request_id: String,
    viewed_at: i64,
    refused: i64,
    named: i64,
}

impl Columns {
    fn into_entry(self, of: Option<&MemberNumber>) -> Result<AccessEntry> {
        let foreign = || Error::ForeignRow(VIEW);
        let whose = Whose::parse(&self.member).ok_or_else(foreign)?;
        let application = self.application.map(|id| ApplicationId::parse(&id));
        Ok(AccessEntry {
            global_seq: self.global_seq,
            member: match whose {
                Whose::Member(number) => Some(number),
                Whose::Everybody | Whose::Account(_) | Whose::Token(_) => None,
                Whose::List(_) => of.cloned(),
            },
            named: self.named,
            actor: self.actor,
            role: self.role,
            operation: self.operation,
            application: application.transpose().map_err(|_| foreign())?,
            request_id: self.request_id.parse().map_err(|_| foreign())?,
            viewed_at: instant(self.viewed_at)?,
            refused: self.refused != 0,
        })
    }
}

pub(crate) async fn access_log(
    database: &Database,
    filter: &AccessFilter,
    before: Option<i64>,
    limit: u32,
) -> Result<Page<AccessEntry, i64>> {
    // One more than asked for tells whether there is a next page.
    let rows: Vec<Columns> = on_database!(database, pool => {
        let mut query = QueryBuilder::new(format!(
            "SELECT {COLUMNS} FROM access_log WHERE global_seq < "
        ));
        query.push_bind(before.unwrap_or(i64::MAX));
        if let Some(member) = &filter.member {
            query.push(" AND global_seq IN (SELECT global_seq FROM access_log WHERE member = ");
            query.push_bind(member.as_str());
            query.push(" UNION ALL SELECT global_seq FROM access_log_named WHERE member = ");
            query.push_bind(member.as_str()).push(")");
        }
        if let Some(actor) = &filter.actor {
            query.push(" AND actor = ").push_bind(actor);
        }
        if let Some(operation) = &filter.operation {
            query.push(" AND operation = ").push_bind(operation);
        }
        if let Some(from) = filter.from {
            query.push(" AND viewed_at >= ").push_bind(from.as_microsecond());
        }
        if let Some(to) = filter.to {
            query.push(" AND viewed_at < ").push_bind(to.as_microsecond());
        }
        query.push(" ORDER BY global_seq DESC LIMIT ").push_bind(i64::from(limit) + 1);
        query.build_query_as().fetch_all(pool).await
    })
    .map_err(Error::while_("asking access_log"))?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    let items: Vec<AccessEntry> = rows
        .into_iter()
        .take(wanted)
        .map(|row| row.into_entry(filter.member.as_ref()))
        .collect::<Result<_>>()?;
    let next = items.last().filter(|_| more).map(|entry| entry.global_seq);
    Ok(Page { items, next })
}

/// Number of the last event of a stream that the log knows.
pub(crate) async fn seen(database: &Database, stream: &str) -> Result<Option<i64>> {
    let seen: Option<i64> = on_database!(database, pool => {
        sqlx::query_scalar(
            "SELECT MAX(sequence) FROM
                    (SELECT sequence FROM (SELECT sequence FROM access_log WHERE member = $1 ORDER BY global_seq DESC LIMIT 1) looked
                     UNION ALL
                     SELECT sequence FROM (SELECT sequence FROM access_entrances WHERE stream = $1 ORDER BY global_seq DESC LIMIT 1) came) last",
        )
        .bind(stream)
        .fetch_one(pool)
        .await
    })
    .map_err(Error::while_("asking access_log"))?;
    Ok(seen)
}
