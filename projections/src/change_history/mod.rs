//! 変更履歴: who changed what, when, from what, to what.
//!
//! Events carry the new value only. The value before is the one that this view saved last, so it keeps the last values of
//! every document and row beside its entries, in the same transaction. These tables hold personal data; logs never do.

mod apply;
mod fields;
mod query;

use std::collections::BTreeSet;

use sqlx::QueryBuilder;

use crate::error::{Error, Result, Unreadable};
use crate::feed::FedEvent;
use crate::projection::{Projection, ROWS_PER_STATEMENT, Table, ViewName};
use crate::session::{Session, on_session};

#[cfg(test)]
pub(crate) use apply::Entry;
pub(crate) use apply::{Fact, Rows};
pub(crate) use fields::EVENTS;
pub use query::{HistoryEntry, HistoryFilter};
pub(crate) use query::{history, seen};

/// The view.
pub(crate) struct ChangeHistoryView;

const ENTRY_COLUMNS: &str = "global_seq, place, application, sequence, event, document, row_id, field, before_value, \
                             after_value, actor, role, reason, approval, command_id, decided_at";

impl Projection for ChangeHistoryView {
    const NAME: ViewName = ViewName::ChangeHistory;
    const VERSION: i64 = 4;
    const SCHEMA: &'static str = include_str!("schema.sql");
    const TABLES: &'static [Table] = &[
        Table {
            name: "view_change_history",
            key: &["global_seq", "place"],
            columns: ENTRY_COLUMNS,
            public: Some("change_history"),
        },
        Table {
            name: "view_change_history_values",
            key: &["application", "slot"],
            columns: "application, slot, saved",
            public: None,
        },
    ];
    const PAYLOADS: &'static [&'static str] = fields::EVENTS;
    const BATCH: i64 = 1_000;

    type Fact = Fact;
    type Rows = Rows;

    fn read(event: FedEvent) -> Result<Fact, Unreadable> {
        Fact::read(&event)
    }

    async fn load(session: &mut Session, generation: i64, facts: &[Fact]) -> Result<Rows> {
        let wanted: BTreeSet<(&str, &str)> = facts.iter().flat_map(Fact::slots).collect();
        let wanted: Vec<_> = wanted.into_iter().collect();
        let mut found: Vec<(String, String, String)> = Vec::new();
        for wanted in wanted.chunks(ROWS_PER_STATEMENT) {
            let full = wanted.len() == ROWS_PER_STATEMENT;
            let rows: Vec<(String, String, String)> = on_session!(session, connection => {
                let mut query = QueryBuilder::new(format!(
                    "SELECT application, slot, saved FROM view_change_history_values_g{generation} \
                     WHERE (application, slot) IN (VALUES "
                ));
                let mut list = query.separated(", ");
                for (application, slot) in wanted {
                    list.push("(")
                        .push_bind_unseparated(*application)
                        .push_unseparated(", ")
                        .push_bind_unseparated(*slot)
                        .push_unseparated(")");
                }
                query.push(")");
                query.build_query_as().persistent(full).fetch_all(&mut *connection).await
            })
            .map_err(Error::while_("reading rows of change_history"))?;
            found.extend(rows);
        }
        Rows::from_saved(found).ok_or(Error::ForeignRow("change_history"))
    }

    fn apply(rows: &mut Rows, fact: Fact) {
        rows.apply(fact);
    }

    async fn save(session: &mut Session, generation: i64, rows: Rows) -> Result<()> {
        let at = Error::while_("writing rows of change_history");
        let (saved, entries) = rows
            .into_changes()
            .ok_or(Error::ForeignRow("change_history"))?;
        for saved in saved.chunks(ROWS_PER_STATEMENT) {
            let full = saved.len() == ROWS_PER_STATEMENT;
            on_session!(session, connection => {
                let mut query = QueryBuilder::new(format!(
                    "INSERT INTO view_change_history_values_g{generation} (application, slot, saved) "
                ));
                query.push_values(saved, |mut columns, (application, slot, saved)| {
                    columns.push_bind(application).push_bind(slot).push_bind(saved);
                });
                query.push(" ON CONFLICT (application, slot) DO UPDATE SET saved = excluded.saved");
                query.build().persistent(full).execute(connection).await.map(drop)
            })
            .map_err(&at)?;
        }
        for entries in entries.chunks(ROWS_PER_STATEMENT) {
            let full = entries.len() == ROWS_PER_STATEMENT;
            on_session!(session, connection => {
                let mut query = QueryBuilder::new(format!(
                    "INSERT INTO view_change_history_g{generation} ({ENTRY_COLUMNS}) "
                ));
                query.push_values(entries, |mut columns, entry| {
                    columns
                        .push_bind(entry.global_seq)
                        .push_bind(entry.place)
                        .push_bind(&entry.application)
                        .push_bind(entry.sequence)
                        .push_bind(entry.event)
                        .push_bind(entry.document)
                        .push_bind(&entry.row)
                        .push_bind(&entry.field)
                        .push_bind(&entry.before)
                        .push_bind(&entry.after)
                        .push_bind(&entry.actor)
                        .push_bind(&entry.role)
                        .push_bind(&entry.reason)
                        .push_bind(&entry.approval)
                        .push_bind(&entry.command_id)
                        .push_bind(entry.decided_at_us);
                });
                query.build().persistent(full).execute(connection).await.map(drop)
            })
            .map_err(&at)?;
        }
        Ok(())
    }
}
