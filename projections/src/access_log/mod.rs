//! 閲覧記録: who looked at whom, and who was refused. One row for each event of the streams `access.…`.

mod apply;
mod query;

use cqrs_es::Aggregate as _;
use domain::access::Access;
use sqlx::QueryBuilder;

use crate::error::{Error, Result, Unreadable};
use crate::feed::FedEvent;
use crate::projection::{Projection, ROWS_PER_STATEMENT, Table, ViewName};
use crate::session::{Session, on_session};

pub(crate) use apply::Row;
pub use query::{AccessEntry, AccessFilter};
pub(crate) use query::{access_log, seen};

/// The view.
pub(crate) struct AccessLogView;

const COLUMNS: &str = "global_seq, member, sequence, actor, role, operation, application, request_id, viewed_at, refused";

impl Projection for AccessLogView {
    const NAME: ViewName = ViewName::AccessLog;
    const STREAMS: &'static [&'static str] = &[Access::TYPE];
    const VERSION: i64 = 2;
    const SCHEMA: &'static str = include_str!("schema.sql");
    const TABLES: &'static [Table] = &[Table {
        name: "view_access_log",
        key: &["global_seq"],
        columns: COLUMNS,
        public: Some("access_log"),
    }];
    const PAYLOADS: &'static [&'static str] = &["PersonalDataViewed", "AccessRefused"];
    const BATCH: i64 = 4_000;

    type Fact = Row;
    /// The rows of the batch: nothing that is written is ever written again.
    type Rows = Vec<Row>;

    fn read(event: FedEvent) -> Result<Row, Unreadable> {
        Row::read(&event)
    }

    async fn load(_: &mut Session, _: i64, facts: &[Row]) -> Result<Vec<Row>> {
        Ok(Vec::with_capacity(facts.len()))
    }

    fn apply(rows: &mut Vec<Row>, fact: Row) {
        rows.push(fact);
    }

    async fn save(session: &mut Session, generation: i64, rows: Vec<Row>) -> Result<()> {
        for rows in rows.chunks(ROWS_PER_STATEMENT) {
            let full = rows.len() == ROWS_PER_STATEMENT;
            on_session!(&mut *session, connection => {
                let mut query = QueryBuilder::new(format!(
                    "INSERT INTO view_access_log_g{generation} ({COLUMNS}) "
                ));
                query.push_values(rows, |mut columns, row| {
                    columns
                        .push_bind(row.global_seq)
                        .push_bind(&row.member)
                        .push_bind(row.sequence)
                        .push_bind(&row.actor)
                        .push_bind(&row.role)
                        .push_bind(&row.operation)
                        .push_bind(&row.application)
                        .push_bind(&row.request_id)
                        .push_bind(row.viewed_at_us)
                        .push_bind(i64::from(row.refused));
                });
                query.build().persistent(full).execute(connection).await.map(drop)
            })
            .map_err(Error::while_("writing rows of access_log"))?;
        }
        Ok(())
    }
}
