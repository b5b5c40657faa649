//! 状態 of each application: 申請 and 筆記試験.

mod apply;
mod query;

use std::collections::{BTreeSet, HashMap};

use sqlx::QueryBuilder;

use crate::error::{Error, Result, Unreadable};
use crate::feed::FedEvent;
use crate::projection::{Projection, ROWS_PER_STATEMENT, Table, ViewName};
use crate::session::{Session, on_session};

pub use apply::{DocumentTrack, ExamTrack};
pub(crate) use apply::{Fact, Row};
pub use query::{ApplicationStatus, StatusFilter};
pub(crate) use query::{status, statuses};

/// The view.
pub(crate) struct ApplicationStatusView;

/// The rows of a batch, by application.
pub(crate) type Rows = HashMap<String, Row>;

/// All columns but the key, in one order for reading and writing.
const COLUMNS: &str = "application, sequence, program, member, scope, document_track, exam_track, exam_passed, exam_fees, \
                       submission_number, submitted_at, applied_at, withdrawn_at, updated_at";

impl Projection for ApplicationStatusView {
    const NAME: ViewName = ViewName::ApplicationStatus;
    const VERSION: i64 = 2;
    const SCHEMA: &'static str = include_str!("schema.sql");
    const TABLES: &'static [Table] = &[Table {
        name: "view_application_status",
        key: &["application"],
        columns: COLUMNS,
        public: Some("application_status"),
    }];
    const PAYLOADS: &'static [&'static str] = &[
        "Applied",
        "Submitted",
        "PaymentConfirmed",
        "PaymentReversed",
        "ExamResultRecorded",
        "DecisionUndone",
    ];
    const BATCH: i64 = 4_000;

    type Fact = Fact;
    type Rows = Rows;

    fn read(event: FedEvent) -> Result<Fact, Unreadable> {
        Fact::read(event)
    }

    async fn load(session: &mut Session, generation: i64, facts: &[Fact]) -> Result<Rows> {
        let wanted: BTreeSet<&str> = facts.iter().map(|fact| fact.application.as_str()).collect();
        let wanted: Vec<_> = wanted.into_iter().collect();
        let mut rows = Rows::with_capacity(wanted.len());
        for wanted in wanted.chunks(ROWS_PER_STATEMENT) {
            let full = wanted.len() == ROWS_PER_STATEMENT;
            let found: Vec<query::Columns> = on_session!(&mut *session, connection => {
                let mut query = QueryBuilder::new(format!(
                    "SELECT {COLUMNS} FROM view_application_status_g{generation} WHERE application IN ("
                ));
                let mut list = query.separated(", ");
                for application in wanted {
                    list.push_bind(*application);
                }
                query.push(")");
                query.build_query_as().persistent(full).fetch_all(connection).await
            })
            .map_err(Error::while_("reading rows of application_status"))?;
            for columns in found {
                rows.insert(columns.application.clone(), columns.into_row()?);
            }
        }
        Ok(rows)
    }

    fn apply(rows: &mut Rows, fact: Fact) {
        apply::apply(rows, fact);
    }

    async fn save(session: &mut Session, generation: i64, rows: Rows) -> Result<()> {
        let rows: Vec<query::Columns> = rows
            .into_iter()
            .map(|(application, row)| query::Columns::new(application, row))
            .collect::<Result<_>>()?;
        for rows in rows.chunks(ROWS_PER_STATEMENT) {
            let full = rows.len() == ROWS_PER_STATEMENT;
            on_session!(&mut *session, connection => {
            let mut query = QueryBuilder::new(format!(
                "INSERT INTO view_application_status_g{generation} ({COLUMNS}) "
            ));
            query.push_values(rows, |mut columns, row| {
                columns
                    .push_bind(&row.application)
                    .push_bind(row.sequence)
                    .push_bind(&row.program)
                    .push_bind(&row.member)
                    .push_bind(&row.scope)
                    .push_bind(&row.document_track)
                    .push_bind(&row.exam_track)
                    .push_bind(row.exam_passed)
                    .push_bind(&row.exam_fees)
                    .push_bind(row.submission_number)
                    .push_bind(row.submitted_at)
                    .push_bind(row.applied_at)
                    .push_bind(row.withdrawn_at)
                    .push_bind(row.updated_at);
            });
            query.push(
                " ON CONFLICT (application) DO UPDATE SET sequence = excluded.sequence, program = excluded.program, \
                 member = excluded.member, scope = excluded.scope, document_track = excluded.document_track, \
                 exam_track = excluded.exam_track, exam_passed = excluded.exam_passed, exam_fees = excluded.exam_fees, \
                 submission_number = excluded.submission_number, submitted_at = excluded.submitted_at, \
                 applied_at = excluded.applied_at, withdrawn_at = excluded.withdrawn_at, updated_at = excluded.updated_at",
            );
            query.build().persistent(full).execute(connection).await.map(drop)
        })
        .map_err(Error::while_("writing rows of application_status"))?;
        }
        Ok(())
    }
}
