//! 申請一覧: a line for each application, with everything that the secretariat searches, sorts and selects by.
//!
//! What is missing is a rule, so the domain makes the line: see [`folds`](crate::folds).

mod apply;
mod query;

use sqlx::QueryBuilder;

use crate::error::{Error, Result, Unreadable};
use crate::feed::FedEvent;
use crate::folds::{Fact, Folds};
use crate::projection::{Projection, ROWS_PER_STATEMENT, Table, ViewName};
use crate::session::{Session, on_session};

pub use apply::CertificationTrack;
#[cfg(test)]
pub(crate) use apply::line;
pub(crate) use apply::{assessed, missing};
pub use query::{
    Missing, Order, WorklistCounts, WorklistEntry, WorklistFilter, WorklistPage, WorklistSort,
};
pub(crate) use query::{counts, selection, worklist};

/// The view.
pub(crate) struct WorklistView;

/// All columns, in one order for reading and writing.
const COLUMNS: &str = "application, sequence, program, member, name, furigana, search_key, furigana_key, workplace, \
                       document_track, exam_track, certification, withdrawn, units, required, missing, unchecked, labels, \
                       submission_number, submitted_at, closes_at, applied_at, updated_at";

impl Projection for WorklistView {
    const NAME: ViewName = ViewName::Worklist;
    const VERSION: i64 = 5;
    const SCHEMA: &'static str = include_str!("schema.sql");
    const TABLES: &'static [Table] = &[Table {
        name: "view_worklist",
        key: &["application"],
        columns: COLUMNS,
        public: Some("worklist"),
    }];
    const PAYLOADS: &'static [&'static str] = crate::change_history::EVENTS;
    const BATCH: i64 = 2_000;

    type Fact = Fact;
    type Rows = Folds;

    fn read(event: FedEvent) -> Result<Fact, Unreadable> {
        Fact::read(event)
    }

    async fn load(session: &mut Session, _: i64, facts: &[Fact]) -> Result<Folds> {
        Folds::load(session, facts.iter()).await
    }

    fn apply(rows: &mut Folds, fact: Fact) {
        rows.apply(fact);
    }

    async fn save(session: &mut Session, generation: i64, rows: Folds) -> Result<()> {
        let Folds { folds, programs } = rows;
        let mut lines: Vec<query::Columns> = Vec::with_capacity(folds.len());
        for (application, row) in folds {
            let program = programs.get(&row.rules_version);
            // Only Applied begins a stream; without it there is no line.
            if let Some(line) = apply::line(&row.application, program.map(|program| &**program)) {
                lines.push(query::Columns::new(
                    application,
                    row.sequence,
                    row.updated_at_us,
                    line,
                )?);
            }
        }
        for lines in lines.chunks(ROWS_PER_STATEMENT) {
            let full = lines.len() == ROWS_PER_STATEMENT;
            on_session!(&mut *session, connection => {
                let mut query = QueryBuilder::new(format!(
                    "INSERT INTO view_worklist_g{generation} ({COLUMNS}) "
                ));
                query.push_values(lines, |mut columns, line| line.bind(&mut columns));
                query.push(" ON CONFLICT (application) DO UPDATE SET ");
                let mut set = query.separated(", ");
                for column in COLUMNS.split(", ").skip(1) {
                    set.push(format!("{column} = excluded.{column}"));
                }
                query.build().persistent(full).execute(connection).await.map(drop)
            })
            .map_err(Error::while_("writing rows of worklist"))?;
        }
        Ok(())
    }
}
