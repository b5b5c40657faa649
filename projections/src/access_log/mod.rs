//! 閲覧記録: who looked at whom, and who was refused; and who came in. One row for each event of the streams `access.…`, and one for each
//! member whom a list names.

mod apply;
mod entrances;
mod query;

use cqrs_es::Aggregate as _;
use domain::access::Access;
use sqlx::QueryBuilder;

use crate::error::{Error, Result, Unreadable};
use crate::feed::FedEvent;
use crate::projection::{Projection, ROWS_PER_STATEMENT, Table, ViewName};
use crate::session::{Session, on_session};

pub(crate) use apply::{Fact, Row};
pub use entrances::{Entrance, EntranceEntry};
pub(crate) use entrances::{accounts, entrances};
pub use query::{AccessEntry, AccessFilter};
pub(crate) use query::{access_log, seen};

/// The view.
pub(crate) struct AccessLogView;

const COLUMNS: &str = "global_seq, member, sequence, actor, role, operation, application, request_id, viewed_at, refused, named";
const NAMED: &str = "member, global_seq";

impl Projection for AccessLogView {
    const NAME: ViewName = ViewName::AccessLog;
    const STREAMS: &'static [&'static str] = &[Access::TYPE];
    const VERSION: i64 = 4;
    const SCHEMA: &'static str = include_str!("schema.sql");
    const TABLES: &'static [Table] = &[
        Table {
            name: "view_access_log",
            key: &["global_seq"],
            columns: COLUMNS,
            public: Some("access_log"),
        },
        Table {
            name: "view_access_log_named",
            key: &["member", "global_seq"],
            columns: NAMED,
            public: Some("access_log_named"),
        },
        Table {
            name: "view_access_entrances",
            key: &["global_seq"],
            columns: entrances::COLUMNS,
            public: Some("access_entrances"),
        },
    ];
    const PAYLOADS: &'static [&'static str] = &[
        "PersonalDataViewed",
        "PersonalDataListed",
        "AccessRefused",
        "StaffSignedIn",
        "AccessEnded",
        "TokenMade",
        "TokenRevoked",
        "EarlierTokensSealed",
    ];
    /// An event may name thousands.
    const BATCH: i64 = 1_000;

    type Fact = Fact;
    /// The rows of the batch: nothing that is written is ever written again.
    type Rows = Vec<Fact>;

    fn read(event: FedEvent) -> Result<Fact, Unreadable> {
        Fact::read(&event)
    }

    async fn load(_: &mut Session, _: i64, facts: &[Fact]) -> Result<Vec<Fact>> {
        Ok(Vec::with_capacity(facts.len()))
    }

    fn apply(rows: &mut Vec<Fact>, fact: Fact) {
        rows.push(fact);
    }

    async fn save(session: &mut Session, generation: i64, facts: Vec<Fact>) -> Result<()> {
        let mut rows: Vec<&Row> = Vec::new();
        let mut came_in = Vec::new();
        for fact in &facts {
            match fact {
                Fact::Looked(row) => rows.push(row),
                Fact::CameIn(row) => came_in.push(&**row),
            }
        }
        entrances::save(session, generation, &came_in).await?;
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
                        .push_bind(i64::from(row.refused))
                        .push_bind(i64::try_from(row.named.len()).unwrap_or(i64::MAX));
                });
                query.build().persistent(full).execute(connection).await.map(drop)
            })
            .map_err(Error::while_("writing rows of access_log"))?;
        }
        let named: Vec<(&str, i64)> = rows
            .iter()
            .flat_map(|row| row.named.iter().map(|member| (&**member, row.global_seq)))
            .collect();
        for named in named.chunks(ROWS_PER_STATEMENT) {
            let full = named.len() == ROWS_PER_STATEMENT;
            on_session!(&mut *session, connection => {
                let mut query = QueryBuilder::new(format!(
                    "INSERT INTO view_access_log_named_g{generation} ({NAMED}) "
                ));
                query.push_values(named, |mut columns, (member, global_seq)| {
                    columns.push_bind(*member).push_bind(*global_seq);
                });
                query.build().persistent(full).execute(connection).await.map(drop)
            })
            .map_err(Error::while_("writing whom lists name"))?;
        }
        Ok(())
    }
}
