//! The table `projections`: which views are kept, in which generation, and how far each is.

use std::fmt::Write as _;

use eventstore::{DatabaseKind, EventLog};
use tokio::sync::MutexGuard;

use crate::error::{Error, Result};
use crate::projection::{Projection, ViewName, on_view};
use crate::reporting;
use crate::session::{Session, on_session};

/// The first of the two keys of each lease; the second is the id of the generation. The migrations of sqlx lock by one
/// key of eight bytes, which is another space.
pub(crate) const LEASES: i32 = 0x5348_494e;

/// Which of a view's generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Live,
    Rebuilding,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Rebuilding => "rebuilding",
        }
    }
}

/// A generation of a view.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Generation {
    /// Key of its row.
    pub id: i32,
    /// Number of its tables.
    pub number: i64,
    /// Version of the code that made its rows.
    pub version: i64,
    /// Ledger number up to which its rows are written.
    pub checkpoint: i64,
}

impl Generation {
    /// Whether this program may go on with its rows.
    pub(crate) fn require_version<P: Projection>(&self) -> Result<()> {
        if self.version == P::VERSION {
            return Ok(());
        }
        Err(Error::OtherVersion {
            name: P::NAME.as_str(),
            found: self.version,
            expected: P::VERSION,
        })
    }
}

/// The statements of a view's schema for one generation.
pub(crate) fn schema<P: Projection>(generation: i64) -> String {
    P::SCHEMA.replace("{generation}", &generation.to_string())
}

/// Lets readers see this generation.
///
/// PostgreSQL: replaced and not dropped, as whoever builds a view on one of these (the schema `reporting`, an analyst) would be in the way
/// of dropping it, and grants would be gone. Only columns that are no longer the same, which is another version of the view's code, take
/// with them what was built on them.
pub(crate) fn publish<P: Projection>(kind: DatabaseKind, generation: i64) -> String {
    let mut statements = String::new();
    for table in P::TABLES {
        if let Some(public) = table.public {
            let name = table.name;
            let query = format!("SELECT * FROM {name}_g{generation}");
            let statement = match kind {
                DatabaseKind::Sqlite => {
                    format!("DROP VIEW IF EXISTS {public}; CREATE VIEW {public} AS {query};")
                }
                DatabaseKind::Postgres => replace_view(public, "", &query),
            };
            statements.push_str(&statement);
        }
    }
    statements
}

/// PostgreSQL's statement that makes a view, or puts this query in its place. Names and queries of our own code, never a value.
pub(crate) fn replace_view(name: &str, options: &str, query: &str) -> String {
    format!(
        "DO $replace$ BEGIN \
           CREATE OR REPLACE VIEW {name} {options} AS {query}; \
         EXCEPTION WHEN invalid_table_definition THEN \
           DROP VIEW {name} CASCADE; \
           CREATE VIEW {name} {options} AS {query}; \
         END $replace$;"
    )
}

/// Removes the tables of a generation that no reader is shown.
pub(crate) fn drop_tables<P: Projection>(generation: i64) -> String {
    let mut statements = String::new();
    for table in P::TABLES {
        let name = table.name;
        let _infallible = write!(statements, "DROP TABLE IF EXISTS {name}_g{generation};");
    }
    statements
}

/// Makes what is missing of the views' tables. Several processes may do it at the same time.
pub(crate) async fn prepare(log: &EventLog) -> Result<()> {
    for name in ViewName::ALL {
        on_view!(name, P => prepare_view::<P>(log).await?);
    }
    reporting::prepare(log).await
}

async fn prepare_view<P: Projection>(log: &EventLog) -> Result<()> {
    let at = Error::while_("making the tables of a view");
    let mut reading = Session::read(log.database()).await?;
    let live = find(&mut reading, P::NAME, Role::Live).await?;
    reading.end().await?;
    if live.is_some() {
        return Ok(());
    }
    let _turn = turn(log).await?;
    let mut session = Session::write(log.database()).await?;
    // Another process that does the same waits here for the first one, and then has nothing to do.
    let made: u64 = on_session!(&mut session, connection => {
        sqlx::query("INSERT INTO projections (name, generation, version, status) VALUES ($1, 1, $2, 'live') ON CONFLICT DO NOTHING")
            .bind(P::NAME.as_str())
            .bind(P::VERSION)
            .execute(connection)
            .await
            .map(|done| done.rows_affected())
    })
    .map_err(&at)?;
    if made == 1 {
        session.run(&schema::<P>(1)).await.map_err(&at)?;
        let kind = log.database().kind();
        session.run(&publish::<P>(kind, 1)).await.map_err(&at)?;
    }
    session.commit().await
}

/// The turn to write, see [`EventLog::write_turn`].
pub(crate) async fn turn(log: &EventLog) -> Result<Option<MutexGuard<'_, ()>>> {
    let turn = log.write_turn().await;
    turn.map_err(Error::while_("waiting for the turn to write"))
}

/// The generation of a view in this role.
pub(crate) async fn find(
    session: &mut Session,
    name: ViewName,
    role: Role,
) -> Result<Option<Generation>> {
    on_session!(session, connection => {
        sqlx::query_as("SELECT id, generation AS number, version, checkpoint FROM projections WHERE name = $1 AND status = $2")
            .bind(name.as_str())
            .bind(role.as_str())
            .fetch_optional(connection)
            .await
    })
    .map_err(Error::while_("looking up a view"))
}

/// Takes the lease of a generation until the transaction ends; false when somebody else has it. On SQLite whoever writes
/// has it: `BEGIN IMMEDIATE`.
///
/// PostgreSQL: an advisory lock and not the row's. A row lock draws a transaction number, and the sealer waits for every
/// number that is open, so that reading and decoding a batch would hold up the order of all events.
pub(crate) async fn lease(session: &mut Session, generation: &Generation) -> Result<bool> {
    match session {
        Session::Sqlite(_) => Ok(true),
        Session::Postgres(transaction) => {
            sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1, $2)")
                .bind(LEASES)
                .bind(generation.id)
                .fetch_one(&mut **transaction)
                .await
                .map_err(Error::while_("taking the lease of a view"))
        }
    }
}

/// As [`lease`], but waits for it.
pub(crate) async fn wait_for_lease(session: &mut Session, generation: &Generation) -> Result<()> {
    if let Session::Postgres(transaction) = session {
        sqlx::query("SELECT pg_advisory_xact_lock($1, $2)")
            .bind(LEASES)
            .bind(generation.id)
            .execute(&mut **transaction)
            .await
            .map_err(Error::while_("taking the lease of a view"))?;
    }
    Ok(())
}

/// Moves the checkpoint. False when it does not stand where the batch was read: then nothing of the batch may be written.
pub(crate) async fn advance(
    session: &mut Session,
    generation: &Generation,
    to: i64,
) -> Result<bool> {
    if let Session::Postgres(transaction) = session {
        // Rows and checkpoint are lost together, if at all, and then made again from the log: no need to wait for the disk.
        sqlx::query("SET LOCAL synchronous_commit TO off")
            .execute(&mut **transaction)
            .await
            .map_err(Error::while_("moving a checkpoint"))?;
    }
    let moved: u64 = on_session!(session, connection => {
        sqlx::query(
            "UPDATE projections SET checkpoint = $1, failed_seq = NULL, failure = NULL WHERE id = $2 AND checkpoint = $3",
        )
        .bind(to)
        .bind(generation.id)
        .bind(generation.checkpoint)
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
    })
    .map_err(Error::while_("moving a checkpoint"))?;
    Ok(moved == 1)
}

/// Writes down that the event after the checkpoint can not be applied, unless somebody has applied it meanwhile.
pub(crate) async fn mark_failed(
    log: &EventLog,
    generation: &Generation,
    reason: &str,
) -> Result<()> {
    let _turn = turn(log).await?;
    let mut session = Session::write(log.database()).await?;
    on_session!(&mut session, connection => {
        sqlx::query("UPDATE projections SET failed_seq = $1, failure = $2 WHERE id = $3 AND checkpoint = $4")
            .bind(generation.checkpoint + 1)
            .bind(reason)
            .bind(generation.id)
            .bind(generation.checkpoint)
            .execute(connection)
            .await
            .map(drop)
    })
    .map_err(Error::while_("writing down a failure"))?;
    session.commit().await
}
