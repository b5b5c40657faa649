//! What pages ask.

use domain::catalogue::{EVENTS, INTERNAL_EVENTS};
use domain::documents::DocumentKind;
use eventstore::{Database, on_database};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::ENTRY_COLUMNS;
use crate::error::{Error, Result};
use crate::views::{Page, instant};

const VIEW: &str = "change_history";

/// One field that changed, or one thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// Number of the event in the ledger.
    pub global_seq: i64,
    /// Id of the application.
    pub application: String,
    /// Number of the event in the application's stream.
    pub sequence: i64,
    /// Name of the event.
    pub event: String,
    /// What people call the event.
    pub event_label: &'static str,
    /// The document, if the event concerns one.
    pub document: Option<DocumentKind>,
    /// The row of the document; for 当会セミナー code and first day, for a payment 取引番号.
    pub row: Option<String>,
    /// Label of the field in the words of the screen.
    pub field: String,
    /// Value before; empty when there was none.
    pub before: String,
    /// Value after; empty when there is none.
    pub after: String,
    /// Who, as in the metadata of events: `member:1000001`.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// Why, where a reason was given.
    pub reason: Option<String>,
    /// In whose place it was done where one person is not enough (`domain::proposal::ApprovalKind`).
    pub approval: Option<String>,
    /// The command.
    pub command_id: Uuid,
    /// When it was decided.
    pub decided_at: Timestamp,
}

/// Which entries. Nothing asks for all.
#[derive(Clone, Debug, Default)]
pub struct HistoryFilter {
    /// Id of the application.
    pub application: Option<String>,
    /// Who, as in the metadata of events: `member:1000001`.
    pub actor: Option<String>,
    /// In which role.
    pub role: Option<String>,
    /// The document.
    pub document: Option<DocumentKind>,
    /// Name of the event.
    pub event: Option<String>,
    /// Label of the field, in the words of the screen.
    pub field: Option<String>,
    /// What the secretariat keeps for itself too (`domain::catalogue::INTERNAL_EVENTS`).
    pub internal: bool,
    /// Decided at this time or later.
    pub from: Option<Timestamp>,
    /// Decided before this time.
    pub to: Option<Timestamp>,
}

#[derive(FromRow)]
struct Columns {
    global_seq: i64,
    application: String,
    sequence: i64,
    event: String,
    document: Option<String>,
    row_id: Option<String>,
    field: String,
    before_value: String,
    after_value: String,
    actor: String,
    role: String,
    reason: Option<String>,
    approval: Option<String>,
    command_id: String,
    decided_at: i64,
}

impl Columns {
    fn into_entry(self) -> Result<HistoryEntry> {
        let document = self
            .document
            .map(|slug| DocumentKind::from_slug(&slug).ok_or(Error::ForeignRow(VIEW)));
        let event_label = EVENTS
            .iter()
            .find(|entry| entry.name == self.event)
            .ok_or(Error::ForeignRow(VIEW))?
            .label;
        Ok(HistoryEntry {
            global_seq: self.global_seq,
            application: self.application,
            sequence: self.sequence,
            event: self.event,
            event_label,
            document: document.transpose()?,
            row: self.row_id,
            field: self.field,
            before: self.before_value,
            after: self.after_value,
            actor: self.actor,
            role: self.role,
            reason: self.reason,
            approval: self.approval,
            command_id: self
                .command_id
                .parse()
                .map_err(|_| Error::ForeignRow(VIEW))?,
            decided_at: instant(self.decided_at)?,
        })
    }
}

/// The last `events` events before `before` that have a matching entry, newest first, with their matching entries: a page
/// never cuts an event in two.
pub(crate) async fn history(
    database: &Database,
    filter: &HistoryFilter,
    before: Option<i64>,
    events: u32,
) -> Result<Page<HistoryEntry, i64>> {
    // One application has few entries, an event of a name many: SQLite, which keeps no figures of that, must not take the
    // index of the latter where there is the former.
    let (document_column, event_column) = match filter.application {
        Some(_) => (" AND document || '' = ", " AND event || '' = "),
        None => (" AND document = ", " AND event = "),
    };
    /// Pushes the condition; the same twice, for the events of the page and for their entries.
    macro_rules! push_condition {
        ($query:expr) => {
            if let Some(application) = &filter.application {
                $query.push(" AND application = ").push_bind(application);
            }
            if let Some(actor) = &filter.actor {
                $query.push(" AND actor = ").push_bind(actor);
            }
            if let Some(role) = &filter.role {
                $query.push(" AND role = ").push_bind(role);
            }
            if let Some(document) = filter.document {
                $query.push(document_column).push_bind(document.slug());
            }
            if let Some(event) = &filter.event {
                $query.push(event_column).push_bind(event);
            }
            if let Some(field) = &filter.field {
                $query.push(" AND field = ").push_bind(field);
            }
            if !filter.internal {
                for event in INTERNAL_EVENTS {
                    $query.push(" AND event <> ").push_bind(event);
                }
            }
            if let Some(from) = filter.from {
                $query
                    .push(" AND decided_at >= ")
                    .push_bind(from.as_microsecond());
            }
            if let Some(to) = filter.to {
                $query
                    .push(" AND decided_at < ")
                    .push_bind(to.as_microsecond());
            }
        };
    }
    // One event more than asked for tells whether there is a next page.
    let rows: Vec<Columns> = on_database!(database, pool => {
        let mut query = QueryBuilder::new(format!(
            "SELECT {ENTRY_COLUMNS} FROM change_history WHERE global_seq IN \
             (SELECT DISTINCT global_seq FROM change_history WHERE global_seq < "
        ));
        query.push_bind(before.unwrap_or(i64::MAX));
        push_condition!(query);
        query.push(" ORDER BY global_seq DESC LIMIT ").push_bind(i64::from(events) + 1).push(")");
        push_condition!(query);
        query.push(" ORDER BY global_seq DESC, place");
        query.build_query_as().fetch_all(pool).await
    })
    .map_err(Error::while_("asking change_history"))?;
    let mut items: Vec<HistoryEntry> = Vec::with_capacity(rows.len());
    let mut taken = 0;
    let mut next = None;
    for row in rows {
        let last = items.last().map(|entry| entry.global_seq);
        if last != Some(row.global_seq) {
            if taken == events {
                next = last;
                break;
            }
            taken += 1;
        }
        items.push(row.into_entry()?);
    }
    Ok(Page { items, next })
}

/// Number of the last event of the application that the history knows. Every event has an entry.
pub(crate) async fn seen(database: &Database, application: &str) -> Result<Option<i64>> {
    let (seen,): (Option<i64>,) = on_database!(database, pool => {
        sqlx::query_as(
            "SELECT sequence FROM change_history WHERE application = $1 ORDER BY global_seq DESC LIMIT 1",
        )
        .bind(application)
        .fetch_optional(pool)
        .await
    })
    .map_err(Error::while_("asking change_history"))?
    .unwrap_or_default();
    Ok(seen)
}
