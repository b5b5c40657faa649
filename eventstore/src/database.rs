//! The two databases: opening, migrating, and saying what is not durable about them.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, PgPool, SqliteConnection, SqlitePool};

use crate::error::{Error, Stage};
use crate::private_file::{narrow, open_private};

/// Embedded, so that the binary needs no files beside it.
static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

/// Each SQLite connection owns a thread and a page cache; readers beyond a few gain nothing over one file.
const SQLITE_CONNECTIONS: u32 = 8;
const POSTGRES_CONNECTIONS: u32 = 16;
/// Those that write are others: while a standby that commits must wait for is away, reading goes on.
const POSTGRES_WRITERS: u32 = 8;

/// SQLite has one writer: how long a writer of another process is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(8);

/// How long a question waits for a connection: whoever asks is told to come again while there is none.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the start waits for a server that is starting too.
const PATIENCE_AT_START: Duration = Duration::from_secs(30);

/// A connection that was idle for longer is asked whether it is still alive before it is given out.
/// Asking each time costs a round trip per query.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A session that sits in an open transaction holds up the sealer, and with it every view of every node, so the server ends it: a
/// process that was stopped in the middle of one is worth no longer wait. Who has reason to sit says so to the server.
const IDLE_IN_TRANSACTION: &str = "5s";

/// A client that has not acknowledged what the server sent for so long has gone; its locks go with it.
const UNACKNOWLEDGED: &str = "5s";

/// A write that takes longer, as it waits for what another session has locked, is ended by the server. Waiting for a standby is none of
/// its time: see [`Database::for_writing`].
const LONGEST_WRITE: &str = "8s";

/// How long a connection that is given back may still be busy with what its user has given up, before it is closed.
const RELEASE: Duration = Duration::from_secs(5);

/// The same for one that writes. Its server may be waiting for a standby and does not notice that the connection is closed: closed
/// early, they would pile up there until nobody gets one.
const RELEASE_OF_A_WRITER: Duration = Duration::from_mins(2);

/// A question of a report that takes longer than this on a second database is ended by it.
const LONGEST_QUESTION: &str = "120s";

/// There nobody seals: a report that writes a file between two rows holds up nothing but its own vacuum.
const IDLE_IN_A_QUESTION: &str = "60s";

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
                ("idle_in_transaction_session_timeout", IDLE_IN_A_QUESTION),
            ]);
        let pool = postgres_pool(RELEASE)
            .acquire_timeout(REPLICA_PATIENCE)
            .connect_lazy_with(options);
        Ok(Self(Database::Postgres(pool)))
    }

    /// To be asked; whatever would write is refused by the server.
    pub fn for_reading(&self) -> &Database {
        &self.0
    }
}

/// The connections to servers that this process has opened. Behind each may be another server than before, so whoever remembers something
/// of the log compares when this has risen. Of the whole process, as a pool can not tell whose it is: one too many costs a look.
static CONNECTED: AtomicU64 = AtomicU64::new(0);

/// How many connections this process has opened so far.
pub(crate) fn connected() -> u64 {
    CONNECTED.load(Ordering::SeqCst)
}

fn postgres_pool(release: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .after_connect(|_, _| {
            CONNECTED.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok(()) })
        })
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .after_release(move |connection, _| {
            // Whoever gave up in the middle of a question has left its answer to be read, and there may never be one.
            Box::pin(async move {
                match tokio::time::timeout(release, connection.ping()).await {
                    Ok(pinged) => pinged.map(|()| true),
                    Err(_) => Err(overdue()),
                }
            })
        })
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

/// That the database has not answered in time: trouble that passes, and nothing is known of what was asked.
pub(crate) fn overdue() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

/// Runs a write beside the log as [`on_database!`] does, in its turn: on SQLite no command of this process writes meanwhile, so
/// neither runs into the busy timeout. Whoever does not get the turn is told so as by the database.
/// `write_in_turn!(log, pool => sqlx::query(SQL).execute(pool).await)`.
#[macro_export]
macro_rules! write_in_turn {
    ($log:expr, $pool:ident => $body:expr) => {
        match $log.write_turn().await {
            Err(error) => Err(error),
            Ok(turn) => {
                let done = $log
                    .in_time(async { $crate::on_database!($log.writing(), $pool => $body) })
                    .await;
                drop(turn);
                done
            }
        }
    };
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
            .busy_timeout(BUSY_TIMEOUT)
            // What is deleted (a kept form, an export, an ended session) is overwritten, and does not lie in free pages for ever.
            .pragma("secure_delete", "ON");
        if let Some(directory) = options.get_filename().parent() {
            tokio::fs::create_dir_all(directory)
                .await
                .map_err(Error::Directory)?;
        }
        // Making a new file a write-ahead one does not wait for the busy timeout: of several processes that open it at the
        // same moment all but one were told that it is locked.
        let lock = lock_file(options.get_filename()).await?;
        private_files(options.get_filename()).await?;
        let pool = SqlitePoolOptions::new()
            .max_connections(SQLITE_CONNECTIONS)
            .acquire_timeout(PATIENCE)
            // A connection to a file does not break while it lies idle.
            .test_before_acquire(false)
            .after_release(|connection, _| Box::pin(async move { is_clean(connection).await }))
            .connect_with(options)
            .await;
        drop(lock);
        Ok(Self::Sqlite(pool.map_err(Error::at(Stage::Connect))?))
    }

    async fn connect_postgres(url: &str) -> Result<Self, Error> {
        let options = PgConnectOptions::from_str(url)
            .map_err(Error::at(Stage::Connect))?
            .options([
                ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
                ("tcp_user_timeout", UNACKNOWLEDGED),
            ]);
        let pool = postgres_pool(RELEASE).connect_lazy_with(options);
        let began = Instant::now();
        loop {
            match pool.acquire().await {
                Ok(_) => return Ok(Self::Postgres(pool)),
                Err(sqlx::Error::PoolTimedOut) if began.elapsed() < PATIENCE_AT_START => {}
                Err(error) => return Err(Error::at(Stage::Connect)(error)),
            }
        }
    }

    /// The same database by connections of their own, for what is written in passing: the events of a command, a session, a mail. The
    /// server ends what waits there for a lock. A commit that waits for a standby is not ended: the server would call it done, while the
    /// standby has it not. So those that ask are told to come again, and the connections stay as they are, few, until it is there.
    pub(crate) fn for_writing(&self) -> Self {
        match self {
            Self::Sqlite(pool) => Self::Sqlite(pool.clone()),
            Self::Postgres(pool) => {
                let options = PgConnectOptions::clone(&pool.connect_options())
                    .options([("statement_timeout", LONGEST_WRITE)]);
                Self::Postgres(
                    postgres_pool(RELEASE_OF_A_WRITER)
                        .max_connections(POSTGRES_WRITERS)
                        .connect_lazy_with(options),
                )
            }
        }
    }

    /// Microseconds since 1970 by the clock of the database, as an expression of SQL: who holds what until when is decided by one clock,
    /// and those of the nodes may be minutes apart.
    pub fn clock(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
            Self::Postgres(_) => "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
        }
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

/// Whether a connection that is given back has no transaction any more. SQLite ends one by itself when the disk is full; the driver then
/// fails to roll it back, counts it for ever, and every later `BEGIN` on that connection is refused. So it is closed. One whose user
/// was dropped in the middle of beginning is left with a transaction that nobody will end, and is closed too.
async fn is_clean(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // The rollback of a transaction that was dropped may still be on its way.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// What SQLite keeps beside a database; it gives them the mode of the database, but only when it makes them.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Makes the database's file if there is none, and it and what lies beside it its owner's alone, whatever the umask is and whoever
/// made them before. None that is there is opened: closing it would free the locks that this process has on it by SQLite.
async fn private_files(database: &Path) -> Result<(), Error> {
    let database = database.to_owned();
    tokio::task::spawn_blocking(move || {
        match open_private(File::options().write(true).create_new(true), &database) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            Ok(_) | Err(_) => {}
        }
        narrow(&database)?;
        COMPANIONS
            .iter()
            .try_for_each(|companion| narrow(&beside(&database, companion)))
    })
    .await
    .map_err(|_| Error::Interrupted)?
    .map_err(Error::Directory)
}

fn beside(database: &Path, companion: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(companion);
    PathBuf::from(path)
}

/// Waits for the exclusive lock of `<database file>-migration`. The file stays: removing it would let two processes
/// lock two different files of that name.
async fn lock_file(database: &Path) -> Result<File, Error> {
    let path = beside(database, "-migration");
    tokio::task::spawn_blocking(move || {
        let file = open_private(
            File::options().create(true).write(true).truncate(false),
            &path,
        )?;
        file.lock()?;
        Ok(file)
    })
    .await
    .map_err(|_| Error::Interrupted)?
    .map_err(Error::Directory)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

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
    async fn the_files_of_a_database_are_their_owners_alone_also_when_they_were_not_before() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("log.db");
        let url = format!("sqlite:{}", file.display());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let all = || {
            let files = ["", "-wal", "-shm", "-migration"].map(|name| mode(&beside(&file, name)));
            assert_eq!(files, [0o600; 4]);
        };
        // As a program of before left them, or an operator's copy.
        std::fs::write(&file, []).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let first = Database::connect(&url).await.unwrap();
        first.migrate().await.unwrap();
        all();
        for name in ["", "-wal", "-shm", "-migration"] {
            std::fs::set_permissions(beside(&file, name), Permissions::from_mode(0o666)).unwrap();
        }
        let second = Database::connect(&url).await.unwrap();
        all();
        let Database::Sqlite(pool) = &second else {
            panic!("another database")
        };
        let secure: i64 = sqlx::query_scalar("PRAGMA secure_delete")
            .fetch_one(pool)
            .await
            .unwrap();
        assert_eq!(secure, 1);
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
