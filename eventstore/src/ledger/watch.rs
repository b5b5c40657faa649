//! The background task of the log: seals on PostgreSQL, and on both databases notices what other processes wrote.

use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::{Connection as _, PgPool, SqliteConnection, SqlitePool};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::database::Database;
use crate::error::{Error, Stage};
use crate::ledger::seal::{self, Pass};
use crate::log::EventLog;

/// How long another process's event stays unnoticed at most, when nothing tells of it.
const POLL: Duration = Duration::from_millis(50);

/// How long the sealer rests after each batch: under load it then numbers many events at once, and an event that comes
/// after a pause is numbered at once.
const REST: Duration = Duration::from_millis(5);

/// How long to leave a failing database alone.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The channel on which the sealer tells of new ledger rows (`ledger/sql/seal.sql`).
const CHANNEL: &str = "ledger_sealed";

impl EventLog {
    /// Starts the background task of this process: it seals (PostgreSQL) and keeps [`EventLog::sealed`] up to date with
    /// what other processes commit (both). It belongs to [`EventLog::tasks`] and ends when `cancellation` is cancelled,
    /// after sealing what is there. Failures are logged and tried again for ever.
    pub fn seal_task(&self, cancellation: CancellationToken) -> JoinHandle<()> {
        let log = self.clone();
        self.tasks().spawn(async move {
            match log.database() {
                Database::Sqlite(pool) => watch_file(&log, pool, &cancellation).await,
                Database::Postgres(pool) => {
                    tokio::join!(
                        seal_for_ever(&log, pool, &cancellation),
                        cancellation.run_until_cancelled(listen(&log, pool)),
                    );
                }
            }
        })
    }
}

async fn watch_file(log: &EventLog, pool: &SqlitePool, cancellation: &CancellationToken) {
    loop {
        let watching = cancellation
            .run_until_cancelled(follow_data_version(log, pool))
            .await;
        let Some(Err(error)) = watching else { return };
        tracing::error!(%error, source = ?std::error::Error::source(&error), "watching the database file");
        cancellation
            .run_until_cancelled(tokio::time::sleep(AFTER_FAILURE))
            .await;
    }
}

/// `data_version` changes on a connection when any other connection, of any process, has committed.
async fn follow_data_version(
    log: &EventLog,
    pool: &SqlitePool,
) -> Result<std::convert::Infallible, Error> {
    let at = Error::at(Stage::Feed);
    let mut connection = SqliteConnection::connect_with(&pool.connect_options())
        .await
        .map_err(&at)?;
    let mut seen = None;
    loop {
        let (version,): (i64,) = sqlx::query_as("PRAGMA data_version")
            .fetch_one(&mut connection)
            .await
            .map_err(&at)?;
        if seen != Some(version) {
            log.announce(log.head().await?);
            seen = Some(version);
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn seal_for_ever(log: &EventLog, pool: &PgPool, cancellation: &CancellationToken) {
    // What an earlier run of this or another process left.
    let mut appended = true;
    loop {
        let last = cancellation.is_cancelled();
        let rest = match seal_pending(log, pool, appended || last).await {
            Ok(sealed) if sealed => REST,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::error!(%error, source = ?std::error::Error::source(&error), "sealing the ledger");
                AFTER_FAILURE
            }
        };
        if last {
            return;
        }
        cancellation
            .run_until_cancelled(tokio::time::sleep(rest))
            .await;
        appended = tokio::select! {
            () = cancellation.cancelled() => true,
            () = log.appended().notified() => true,
            () = tokio::time::sleep(POLL) => false,
        };
    }
}

/// Seals what there is and says whether it was anything. Unless this process has just appended, it is asked first
/// whether there is any: taking the lease writes to the disk, and an idle service should not.
async fn seal_pending(log: &EventLog, pool: &PgPool, appended: bool) -> Result<bool, Error> {
    if !appended {
        let (head, foreign_mark, pending): (i64, bool, bool) =
            sqlx::query_as(include_str!("sql/pending.sql"))
                .fetch_one(pool)
                .await
                .map_err(Error::at(Stage::Seal))?;
        log.announce(head);
        if foreign_mark {
            return Err(Error::NeedsReanchor);
        }
        if !pending {
            return Ok(false);
        }
    }
    let mut any = false;
    while let Pass::Sealed { events, head, more } = seal::pass(pool).await? {
        log.announce(head);
        any |= events > 0;
        if !more {
            break;
        }
    }
    Ok(any)
}

/// Hears what the sealer of another node has done. When it can not, polling still finds it.
async fn listen(log: &EventLog, pool: &PgPool) {
    loop {
        let Err(error) = hear(log, pool).await;
        tracing::warn!(%error, "listening for sealed events");
        tokio::time::sleep(AFTER_FAILURE).await;
    }
}

async fn hear(log: &EventLog, pool: &PgPool) -> Result<std::convert::Infallible, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        let notification = listener.recv().await?;
        if let Ok(global_seq) = notification.payload().parse() {
            log.announce(global_seq);
        }
    }
}
