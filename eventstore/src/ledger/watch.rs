//! The background task of the log: seals on PostgreSQL, and on both databases notices what other processes wrote.

use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::{Connection as _, PgConnection, PgPool, SqliteConnection, SqlitePool};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::database::Database;
use crate::error::{Error, Stage, told_source};
use crate::ledger::continuity::Found;
use crate::ledger::seal::{self, Pass};
use crate::log::EventLog;

/// How long another process's event stays unnoticed at most, when nothing tells of it.
const POLL: Duration = Duration::from_millis(50);

/// How long the sealer rests after each batch: under load it then numbers many events at once, and an event that comes
/// after a pause is numbered at once.
const REST: Duration = Duration::from_millis(5);

/// How long to leave a failing database alone.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The channel on which a node tells the others that it has sealed. Any role that may connect can send on it, so what is said there
/// is never read: a notification means "look", and how often it is looked is up to the listener.
const CHANNEL: &str = "ledger_sealed";

/// More notifications in a second are not from our nodes, of which each sends two hundred at most.
const MOST_HEARD: u32 = 1_000;

/// How long nobody listens after so many: polling finds what is sealed, a moment later.
const DEAF: Duration = Duration::from_secs(10);

/// How long a notification may take. The server lets one commit that notifies after the other, whosever it is.
const TOLD_WITHIN: Duration = Duration::from_millis(500);

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
                    let sealed = Notify::new();
                    tokio::join!(
                        seal_for_ever(&log, pool, &cancellation, &sealed),
                        cancellation.run_until_cancelled(tell(pool, &sealed)),
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
        tracing::error!(%error, source = told_source(&error), "watching the database file");
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
            log.compare(false).await?;
            seen = Some(version);
        }
        log.write_down_breaks().await;
        tokio::time::sleep(POLL).await;
    }
}

async fn seal_for_ever(
    log: &EventLog,
    pool: &PgPool,
    cancellation: &CancellationToken,
    told: &Notify,
) {
    // What an earlier run of this or another process left.
    let mut appended = true;
    loop {
        let last = cancellation.is_cancelled();
        let rest = match seal_pending(log, pool, appended || last).await {
            Ok(sealed) if sealed => {
                told.notify_one();
                REST
            }
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::error!(%error, source = told_source(&error), "sealing the ledger");
                AFTER_FAILURE
            }
        };
        log.write_down_breaks().await;
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
    let asked = log.memory().last();
    if !appended {
        let (head, hash, foreign_mark, pending, remembered): (
            i64,
            Vec<u8>,
            bool,
            bool,
            Option<Vec<u8>>,
        ) = sqlx::query_as(include_str!("sql/pending.sql"))
            .bind(asked.global_seq)
            .fetch_one(pool)
            .await
            .map_err(Error::at(Stage::Seal))?;
        log.seen(asked, Found::new(head, hash, remembered)?).await?;
        if foreign_mark {
            return Err(Error::NeedsReanchor);
        }
        if !pending {
            return Ok(false);
        }
    }
    let mut any = false;
    loop {
        let asked = log.memory().last();
        let Pass::Sealed {
            events,
            found,
            more,
        } = seal::pass(pool, asked.global_seq).await?
        else {
            break;
        };
        log.seen(asked, found).await?;
        any |= events > 0;
        if !more {
            break;
        }
    }
    Ok(any)
}

/// Tells the other nodes, and not in the transaction that seals: whoever may connect can make commits that notify wait for each other,
/// and fill the server's queue until they fail. Then the others are told late or not at all, and find it by polling.
async fn tell(pool: &PgPool, sealed: &Notify) {
    let mut connection = None;
    loop {
        sealed.notified().await;
        let telling = async {
            let mut telling = match connection.take() {
                Some(telling) => telling,
                None => PgConnection::connect_with(&pool.connect_options()).await?,
            };
            sqlx::query("SELECT pg_notify($1, '')")
                .bind(CHANNEL)
                .execute(&mut telling)
                .await?;
            Ok::<_, sqlx::Error>(telling)
        };
        // One that is still waiting is closed with what it waits for.
        match timeout(TOLD_WITHIN, telling).await {
            Ok(Ok(told)) => {
                connection = Some(told);
                tokio::time::sleep(REST).await;
            }
            Ok(Err(_)) | Err(_) => tokio::time::sleep(AFTER_FAILURE).await,
        }
    }
}

/// Hears what the sealer of another node has done. When it can not, polling still finds it.
async fn listen(log: &EventLog, pool: &PgPool) {
    loop {
        match hear(log, pool).await {
            Ok(Flooded) => {
                tracing::warn!(
                    channel = CHANNEL,
                    "somebody floods the channel of the sealers: it is not listened to for a while"
                );
                tokio::time::sleep(DEAF).await;
            }
            Err(error) => {
                tracing::warn!(%error, source = told_source(&error), "listening for sealed events");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// There were more notifications than ours can be.
struct Flooded;

async fn hear(log: &EventLog, pool: &PgPool) -> Result<Flooded, Error> {
    let at = Error::at(Stage::Feed);
    let mut listener = PgListener::connect_with(pool).await.map_err(&at)?;
    listener.listen(CHANNEL).await.map_err(&at)?;
    let (mut second, mut heard) = (Instant::now(), 0);
    let mut news = false;
    loop {
        if !news {
            listener.recv().await.map_err(&at)?;
            heard += 1;
        }
        news = false;
        log.compare(false).await?;
        // What comes within a moment is one piece of news, for which it is looked once.
        let moment = tokio::time::sleep(REST);
        tokio::pin!(moment);
        loop {
            if second.elapsed() >= Duration::from_secs(1) {
                (second, heard) = (Instant::now(), 0);
            }
            if heard > MOST_HEARD {
                return Ok(Flooded);
            }
            tokio::select! {
                () = &mut moment => break,
                more = listener.recv() => {
                    more.map_err(&at)?;
                    heard += 1;
                    news = true;
                }
            }
        }
    }
}
