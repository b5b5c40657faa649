//! 申請一覧: a line for each application, with everything that the secretariat searches, sorts and selects by.
//!
//! What is missing is a rule, so a line is made by the domain from the fold of the application, under the rules of its last event: the
//! versions of the programs stand in the database (`program_versions`), and every event names its own. A batch reads the earlier events
//! of the applications that it touches and folds once; keeping the folds beside the lines would be the log a second time.

mod apply;
mod query;

use std::collections::{BTreeMap, BTreeSet};

use domain::program::ProgramText;
use sqlx::QueryBuilder;

use crate::error::{Error, Result, Unreadable};
use crate::feed::FedEvent;
use crate::projection::{Projection, ROWS_PER_STATEMENT, Table, ViewName};
use crate::session::{Session, on_session};

pub use apply::CertificationTrack;
#[cfg(test)]
pub(crate) use apply::line;
pub(crate) use apply::{Fact, Rows};
pub use query::{
    Missing, Order, WorklistCounts, WorklistEntry, WorklistFilter, WorklistPage, WorklistSort,
};
pub(crate) use query::{counts, selection, worklist};

/// The view.
pub(crate) struct WorklistView;

/// All columns, in one order for reading and writing.
const COLUMNS: &str = "application, sequence, program, member, name, furigana, name_key, furigana_key, workplace, \
                       document_track, exam_track, certification, withdrawn, units, required, missing, unchecked, labels, \
                       submission_number, submitted_at, closes_at, applied_at, updated_at";

/// Applications whose earlier events are read at a time.
const STREAMS_PER_STATEMENT: usize = 50;

impl Projection for WorklistView {
    const NAME: ViewName = ViewName::Worklist;
    const VERSION: i64 = 2;
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
    type Rows = Rows;

    fn read(event: FedEvent) -> Result<Fact, Unreadable> {
        Fact::read(event)
    }

    async fn load(session: &mut Session, _: i64, facts: &[Fact]) -> Result<Rows> {
        let mut rows = Rows::default();
        // The number of the first event of each application in the batch: what is before it has been applied already.
        let mut first: BTreeMap<&str, i64> = BTreeMap::new();
        for fact in facts {
            first.entry(&fact.application).or_insert(fact.sequence);
        }
        let begun: Vec<(&str, i64)> = first.into_iter().filter(|(_, first)| *first > 1).collect();
        for begun in begun.chunks(STREAMS_PER_STATEMENT) {
            fold_earlier(session, begun, &mut rows).await?;
        }
        let versions: BTreeSet<&str> = facts
            .iter()
            .map(|fact| fact.rules_version.as_str())
            .collect();
        for version in versions {
            let program = match apply::known(version) {
                Some(program) => Some(program),
                None => find_program(session, version).await?,
            };
            if let Some(program) = program {
                rows.programs.insert(version.to_owned(), program);
            }
        }
        Ok(rows)
    }

    fn apply(rows: &mut Rows, fact: Fact) {
        apply::apply(rows, fact);
    }

    async fn save(session: &mut Session, generation: i64, rows: Rows) -> Result<()> {
        let Rows { rows, programs } = rows;
        let mut lines: Vec<query::Columns> = Vec::with_capacity(rows.len());
        for (application, row) in rows {
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

/// Folds the events before these numbers.
async fn fold_earlier(session: &mut Session, begun: &[(&str, i64)], rows: &mut Rows) -> Result<()> {
    type Earlier = (String, i64, String, String, String);
    // A rebuild reads a long stream batch by batch: without the bound it would read all of it for each.
    let bound = begun.iter().map(|(_, first)| *first).max();
    let earlier: Vec<Earlier> = on_session!(session, connection => {
        let mut query = QueryBuilder::new(
            "SELECT aggregate_id, sequence, event_type, event_version, CAST(payload AS text) \
               FROM events WHERE aggregate_type = 'application' AND aggregate_id IN (",
        );
        let mut list = query.separated(", ");
        for (application, _) in begun {
            list.push_bind(*application);
        }
        query.push(") AND sequence < ").push_bind(bound);
        query.push(" ORDER BY aggregate_id, sequence");
        query
            .build_query_as()
            .persistent(begun.len() == STREAMS_PER_STATEMENT)
            .fetch_all(connection)
            .await
    })
    .map_err(Error::while_("reading the earlier events of applications"))?;
    let first: BTreeMap<&str, i64> = begun.iter().copied().collect();
    for (id, sequence, event_type, event_version, payload) in earlier {
        if first
            .get(id.as_str())
            .is_none_or(|first| sequence >= *first)
        {
            continue;
        }
        let event = FedEvent {
            global_seq: 0,
            stream: "application",
            id,
            sequence,
            event_type,
            event_version,
            payload: Some(payload),
            metadata: String::new(),
        };
        let payload = event.decode().map_err(Error::from)?;
        let row = rows.rows.entry(event.id).or_default();
        cqrs_es::Aggregate::apply(&mut row.application, payload);
    }
    Ok(())
}

/// A version of a program that the service has kept.
async fn find_program(
    session: &mut Session,
    version: &str,
) -> Result<Option<std::sync::Arc<domain::program::Program>>> {
    let found: Option<(String, String, String)> = on_session!(session, connection => {
        sqlx::query_as(
            "SELECT program_text, rules_name, rules_text FROM program_versions WHERE version = $1",
        )
        .bind(version)
        .fetch_optional(connection)
        .await
    })
    .map_err(Error::while_("reading a version of a program"))?;
    Ok(found.and_then(|(program, rules_name, rules)| {
        let text = ProgramText {
            program,
            rules_name,
            rules,
        };
        apply::read_program(version, &text)
    }))
}
