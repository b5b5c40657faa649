//! The two databases: opening, migrating, and saying what is not durable about them.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, PgPool, SqlitePool};

use crate::error::{Error, Stage};

/// Embedded, so that the binary needs no files beside it.
static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

/// Each SQLite connection owns a thread and a page cache; readers beyond a few gain nothing over one file.
const SQLITE_CONNECTIONS: u32 = 8;
const POSTGRES_CONNECTIONS: u32 = 16;

/// SQLite has one writer: how long another one waits for its turn.
const BUSY_TIMEOUT: Duration = Duration::from_secs(15);

/// A connection that was idle for longer is asked whether it is still alive before it is given out.
/// Asking each time costs a round trip per query.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A session that sits in an open transaction holds up the sealer, so the server ends it.
const IDLE_IN_TRANSACTION: &str = "60s";

/// A question of a report that takes longer than this on a second database is ended by it.
const LONGEST_QUESTION: &str = "120s";

/// How long a question waits for a connection to a second database: whoever asks is told at once that it can not be reached.
const REPLICA_PATIENCE: Duration = Duration::from_secs(3);

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// An embedded file.
    Sqlite,
    /// A server.
    Postgres,
}

/// An open database. Cloning shares the pool.
#[derive(Clone)]
pub enum Database {
    /// An SQLite file in WAL mode. Writing transactions begin with `BEGIN IMMEDIATE`
    /// (`pool.begin_with("BEGIN IMMEDIATE")`): a deferred one fails at once when another writer came between.
    Sqlite(SqlitePool),
    /// A PostgreSQL server, version 15 or later.
    Postgres(PgPool),
}

/// A second database that is only read: a replica, or another address of the same server. The server itself refuses to write on its
/// connections, and nothing here does what writes (there is no migrating, and no log of it). Cloning shares the pool.
#[derive(Clone, Debug)]
pub struct ReadingDatabase(Database);

impl ReadingDatabase {
    /// A PostgreSQL server at this address, which need not be reachable now: connections are made when somebody asks.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedAddress`] for anything that is no PostgreSQL address, [`Error::Database`] for one that can not be read.
    pub fn at(url: &str) -> Result<Self, Error> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(Error::UnsupportedAddress);
        }
        let options = PgConnectOptions::from_str(url)
            .map_err(Error::at(Stage::Connect))?
            .options([
                ("default_transaction_read_only", "on"),
                ("statement_timeout", LONGEST_QUESTION),
                ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
            ]);
        let pool = postgres_pool()
            .acquire_timeout(REPLICA_PATIENCE)
            .connect_lazy_with(options);
        Ok(Self(Database::Postgres(pool)))
    }

    /// To be asked; whatever would write is refused by the server.
    pub fn for_reading(&self) -> &Database {
        &self.0
    }
}

fn postgres_pool() -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

/// Runs the same expression on whichever pool the database has: `on_database!(db, pool => sqlx::query(SQL).execute(pool).await)`.
#[macro_export]
macro_rules! on_database {
    ($database:expr, $pool:ident => $body:expr) => {
        match $database {
            $crate::Database::Sqlite($pool) => $body,
            $crate::Database::Postgres($pool) => $body,
        }
    };
}

/// Runs a write beside the log as [`on_database!`] does, in its turn: on SQLite no command of this process writes meanwhile, so
/// neither runs into the busy timeout. `write_in_turn!(log, pool => sqlx::query(SQL).execute(pool).await)`.
#[macro_export]
macro_rules! write_in_turn {
    ($log:expr, $pool:ident => $body:expr) => {{
        let turn = $log.write_turn().await;
        let done = $crate::on_database!($log.database(), $pool => $body);
        drop(turn);
        done
    }};
}

impl fmt::Debug for Database {
    /// The kind only: a pool's options would show the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.kind()).finish()
    }
}

impl Database {
    /// Opens `sqlite:PATH` (the file and its directory are made when missing) or `postgres://…`. Does not migrate.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedAddress`] for anything else, also for an SQLite database in memory, which each connection
    /// would see differently; [`Error::Directory`]; [`Error::Database`] when it can not be opened.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        if url.starts_with("sqlite:") {
            Self::connect_sqlite(url).await
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::connect_postgres(url).await
        } else {
            Err(Error::UnsupportedAddress)
        }
    }

    async fn connect_sqlite(url: &str) -> Result<Self, Error> {
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(Error::UnsupportedAddress);
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(Error::at(Stage::Connect))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        if let Some(directory) = options.get_filename().parent() {
            tokio::fs::create_dir_all(directory)
                .await
                .map_err(Error::Directory)?;
        }
        // Making a new file a write-ahead one does not wait for the busy timeout: of several processes that open it at the
        // same moment all but one were told that it is locked.
        let lock = lock_file(options.get_filename()).await?;
        let pool = SqlitePoolOptions::new()
            .max_connections(SQLITE_CONNECTIONS)
            // A connection to a file does not break while it lies idle.
            .test_before_acquire(false)
            .connect_with(options)
            .await;
        drop(lock);
        Ok(Self::Sqlite(pool.map_err(Error::at(Stage::Connect))?))
    }

    async fn connect_postgres(url: &str) -> Result<Self, Error> {
        let options = PgConnectOptions::from_str(url)
            .map_err(Error::at(Stage::Connect))?
            .options([("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION)]);
        let pool = postgres_pool()
            .connect_with(options)
            .await
            .map_err(Error::at(Stage::Connect))?;
        Ok(Self::Postgres(pool))
    }

    /// Which of the two it is.
    pub fn kind(&self) -> DatabaseKind {
        match self {
            Self::Sqlite(_) => DatabaseKind::Sqlite,
            Self::Postgres(_) => DatabaseKind::Postgres,
        }
    }

    /// Applies the embedded migrations that are missing. Several processes may do it at the same time: the others wait
    /// (on an advisory lock of the server, or on a lock file beside the SQLite file).
    ///
    /// # Errors
    ///
    /// [`Error::Migrate`] when a migration fails or the database has one that this program does not know;
    /// [`Error::Directory`] when the lock file can not be used.
    pub async fn migrate(&self) -> Result<(), Error> {
        match self {
            Self::Sqlite(pool) => {
                let lock = lock_file(pool.connect_options().get_filename()).await?;
                let mut connection = pool.acquire().await.map_err(Error::at(Stage::Connect))?;
                let result = SQLITE.run_direct(&mut *connection).await;
                drop(lock);
                result.map_err(Error::Migrate)
            }
            Self::Postgres(pool) => {
                // Closed afterwards: after a failure the session would keep the advisory lock.
                let mut connection = pool
                    .acquire()
                    .await
                    .map_err(Error::at(Stage::Connect))?
                    .detach();
                let result = POSTGRES.run_direct(&mut connection).await;
                let closed = connection.close().await;
                result.map_err(Error::Migrate)?;
                closed.map_err(Error::at(Stage::Connect))
            }
        }
    }

    /// What about this database would lose acknowledged events, one sentence each; empty when it is sound. To be
    /// asked at start-up, after migrating and before the first write.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] when the settings can not be read.
    pub async fn durability_problems(&self) -> Result<Vec<String>, Error> {
        let at = Error::at(Stage::Connect);
        let mut problems = Vec::new();
        match self {
            Self::Sqlite(pool) => {
                let (journal,): (String,) = sqlx::query_as("PRAGMA journal_mode")
                    .fetch_one(pool)
                    .await
                    .map_err(&at)?;
                if !journal.eq_ignore_ascii_case("wal") {
                    problems.push(format!("journal_mode is {journal}, not wal: the file system does not allow a write-ahead log"));
                }
                let (synchronous,): (i64,) = sqlx::query_as("PRAGMA synchronous")
                    .fetch_one(pool)
                    .await
                    .map_err(&at)?;
                if synchronous < 2 {
                    problems.push(
                        "synchronous is below FULL: a power failure loses acknowledged events"
                            .into(),
                    );
                }
            }
            Self::Postgres(pool) => {
                for (setting, loss) in [
                    ("fsync", "a power failure can destroy the database"),
                    (
                        "full_page_writes",
                        "a power failure can destroy pages of the database",
                    ),
                    (
                        "synchronous_commit",
                        "a crash of the server loses acknowledged events",
                    ),
                ] {
                    let (value,): (String,) = sqlx::query_as("SELECT current_setting($1)")
                        .bind(setting)
                        .fetch_one(pool)
                        .await
                        .map_err(&at)?;
                    if value == "off" {
                        problems.push(format!("{setting} is off: {loss}"));
                    }
                }
                let (foreign_mark,): (bool,) = sqlx::query_as(
                    "SELECT txid >= pg_snapshot_xmax(pg_current_snapshot()) FROM ledger_head",
                )
                .fetch_one(pool)
                .await
                .map_err(&at)?;
                if foreign_mark {
                    problems.push(Error::NeedsReanchor.to_string());
                }
            }
        }
        Ok(problems)
    }
}

/// Waits for the exclusive lock of `<database file>-migration`. The file stays: removing it would let two processes
/// lock two different files of that name.
async fn lock_file(database: &Path) -> Result<File, Error> {
    let mut path = database.as_os_str().to_owned();
    path.push("-migration");
    let path = PathBuf::from(path);
    tokio::task::spawn_blocking(move || {
        let file = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(path)?;
        file.lock()?;
        Ok(file)
    })
    .await
    .map_err(|_| Error::Interrupted)?
    .map_err(Error::Directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_processes_may_migrate_the_same_file_at_the_same_time() {
        let directory = tempfile::tempdir().unwrap();
        let mut url = String::new();
        // The moment in which opening a new file can fail is short.
        for place in 0..20 {
            let file = directory.path().join(format!("new/{place}/log.db"));
            url = format!("sqlite:{}", file.display());
            let migrations = (0..4).map(|_| {
                let url = url.clone();
                async move { Database::connect(&url).await?.migrate().await }
            });
            futures::future::try_join_all(migrations).await.unwrap();
        }
        let database = Database::connect(&url).await.unwrap();
        assert_eq!(database.kind(), DatabaseKind::Sqlite);
        assert_eq!(
            database.durability_problems().await.unwrap(),
            Vec::<String>::new()
        );
    }

    #[tokio::test]
    async fn a_database_in_memory_or_of_another_kind_is_refused() {
        for url in ["sqlite::memory:", "sqlite:x?mode=memory", "mysql://x", ""] {
            assert!(matches!(
                Database::connect(url).await,
                Err(Error::UnsupportedAddress)
            ));
        }
    }
}
