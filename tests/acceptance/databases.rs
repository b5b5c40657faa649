//! A fresh, migrated database of each kind for every test, removed afterwards.
//!
//! PostgreSQL is the server named by `SHINSEI_TEST_POSTGRES_URL`, which `ops/test` starts. There is no default and no
//! skipping: a test that silently left PostgreSQL out would pass for the wrong reason. Migrating takes much longer than
//! copying, and making the demonstration longer still, so each is done once per test process for each kind and every test receives
//! a copy.

#![expect(
    clippy::expect_used,
    reason = "a harness whose set-up fails has nothing better to do than to say where"
)]

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use eventstore::{Database, EventLog};
use futures::FutureExt as _;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::patience::PATIENCE;

/// A database of one test, with the address under which another process (the service, an import) reaches it.
pub struct TestDatabase {
    /// The connected, migrated database.
    pub database: Database,
    /// What `SHINSEI_DATABASE_URL` would be set to.
    pub url: String,
    place: Place,
}

enum Place {
    /// The file lies in it; dropping it deletes both.
    File {
        _directory: TempDir,
    },
    Server {
        name: String,
    },
}

/// What a database holds when a test gets it.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// Not a single event.
    Nothing,
    /// What a service that begins as the demonstration makes of that: its members, and the views of them.
    Demonstration,
}

impl Content {
    const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Demonstration => "demonstration",
        }
    }

    async fn make(self, url: &str) {
        let database = connect(url).await;
        database.migrate().await.expect("the migrations run");
        if let Self::Demonstration = self {
            crate::service::demonstrate(url).await;
        }
        if let Database::Sqlite(pool) = &database {
            // The template is copied as one file: once, on a busy machine, the last migration still lay in the file beside it.
            pool.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                .await
                .expect("the checkpoint");
        }
        close(&database).await;
    }
}

/// Runs `test` on a fresh SQLite file and then on a fresh PostgreSQL database; a failure says on which.
pub async fn each_database(test: impl AsyncFn(&TestDatabase)) {
    each_database_with(Content::Nothing, test).await;
}

/// The same with something in them.
pub async fn each_database_with(content: Content, test: impl AsyncFn(&TestDatabase)) {
    for fresh in [
        TestDatabase::sqlite_with(content).await,
        TestDatabase::postgres_with(content).await,
    ] {
        let outcome = AssertUnwindSafe(test(&fresh)).catch_unwind().await;
        let url = fresh.url.clone();
        fresh.remove().await;
        if let Err(panic) = outcome {
            eprintln!("the failure above was seen on {url}");
            resume_unwind(panic);
        }
    }
}

impl TestDatabase {
    /// An SQLite file in a directory of its own.
    pub async fn sqlite() -> Self {
        Self::sqlite_with(Content::Nothing).await
    }

    /// The same with something in it.
    pub async fn sqlite_with(content: Content) -> Self {
        static NOTHING: OnceCell<Vec<u8>> = OnceCell::const_new();
        static DEMONSTRATION: OnceCell<Vec<u8>> = OnceCell::const_new();
        let template = match content {
            Content::Nothing => &NOTHING,
            Content::Demonstration => &DEMONSTRATION,
        };
        let template = template
            .get_or_init(async || {
                let directory = TempDir::new().expect("a temporary directory");
                let file = directory.path().join("template.db");
                content.make(&file_url(&file)).await;
                std::fs::read(&file).expect("the template")
            })
            .await;
        let directory = TempDir::new().expect("a temporary directory");
        let file = directory.path().join("shinsei.db");
        std::fs::write(&file, template).expect("a copy of the template");
        let url = file_url(&file);
        Self {
            database: connect(&url).await,
            url,
            place: Place::File {
                _directory: directory,
            },
        }
    }

    /// A database on the test server.
    pub async fn postgres() -> Self {
        Self::postgres_with(Content::Nothing).await
    }

    /// The same with something in it.
    pub async fn postgres_with(content: Content) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{NAME_PREFIX}{}_{number}", std::process::id());
        let template = postgres_template(content).await;
        administer(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        let url = server_url(&name);
        Self {
            database: connect(&url).await,
            url,
            place: Place::Server { name },
        }
    }

    /// Closes the connections and deletes the database, also under a service that still runs on it.
    pub async fn remove(self) {
        close(&self.database).await;
        if let Place::Server { name } = &self.place {
            administer(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

const NAME_PREFIX: &str = "shinsei_test_";

fn file_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

fn admin_url() -> String {
    std::env::var("SHINSEI_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!(
            "SHINSEI_TEST_POSTGRES_URL is not set: these tests need a PostgreSQL server. Run them by `ops/test`, or by \
             `ops/postgres run -- cargo test`."
        )
    })
}

/// The administrator's address with another database's name.
pub fn server_url(name: &str) -> String {
    let admin = admin_url();
    let (server, _) = admin
        .rsplit_once('/')
        .expect("SHINSEI_TEST_POSTGRES_URL ends in /<database>");
    format!("{server}/{name}")
}

async fn connect(url: &str) -> Database {
    Database::connect(url)
        .await
        .expect("the test database opens")
}

pub async fn close(database: &Database) {
    match database {
        Database::Sqlite(pool) => pool.close().await,
        Database::Postgres(pool) => pool.close().await,
    }
}

/// A connection per statement: a pool would belong to the runtime of the test that happened to open it.
pub async fn administer(statement: &str) {
    let mut connection = PgConnection::connect(&admin_url())
        .await
        .expect("the test server answers");
    connection
        .execute(statement)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
    connection.close().await.expect("the connection closes");
}

async fn postgres_template(content: Content) -> &'static str {
    static CLEARED: OnceCell<()> = OnceCell::const_new();
    static NOTHING: OnceCell<String> = OnceCell::const_new();
    static DEMONSTRATION: OnceCell<String> = OnceCell::const_new();
    CLEARED.get_or_init(drop_databases_of_dead_processes).await;
    let template = match content {
        Content::Nothing => &NOTHING,
        Content::Demonstration => &DEMONSTRATION,
    };
    template
        .get_or_init(async || {
            let name = format!("{NAME_PREFIX}{}_{}", std::process::id(), content.word());
            // A test that panicked in here leaves a half-made one to the next.
            administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
            administer(&format!("CREATE DATABASE {name}")).await;
            content.make(&server_url(&name)).await;
            name
        })
        .await
}

/// On a server that a developer keeps running, the templates of earlier runs and whatever a killed one left.
async fn drop_databases_of_dead_processes() {
    let mut connection = PgConnection::connect(&admin_url())
        .await
        .expect("the test server answers");
    let rows = sqlx::query("SELECT datname::text FROM pg_database WHERE starts_with(datname, $1)")
        .bind(NAME_PREFIX)
        .fetch_all(&mut connection)
        .await
        .expect("the list of databases");
    for row in rows {
        let name: String = row.get(0);
        let process = name
            .trim_start_matches(NAME_PREFIX)
            .split('_')
            .next()
            .unwrap_or_default();
        if !Path::new("/proc").join(process).exists() {
            // Another test process may be at the same thing.
            administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}

/// Waits until every event that is written has its ledger number, and returns the last. On PostgreSQL it may take a moment:
/// a transaction that is open in any database of the cluster, so in any other test, or that a killed process has left
/// behind, holds the sealer up. Two tests that sealed once and went on failed on a busy machine.
pub async fn all_sealed(log: &EventLog) -> i64 {
    let began = Instant::now();
    loop {
        eventstore::seal(log.database()).await.expect("sealing");
        let waiting = log.unsealed().await.expect("the count of the unsealed");
        if waiting == 0 {
            return log.head().await.expect("the head of the ledger");
        }
        assert!(
            began.elapsed() < PATIENCE,
            "{waiting} events still have no ledger number"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_test_sees_nothing_of_another_tests_database() {
    async fn create_table(database: &TestDatabase) -> Result<(), sqlx::Error> {
        let statement = "CREATE TABLE only_here (number INTEGER)";
        match &database.database {
            Database::Sqlite(pool) => pool.execute(statement).await.map(drop),
            Database::Postgres(pool) => pool.execute(statement).await.map(drop),
        }
    }
    each_database(async |first| {
        create_table(first).await.expect("the first time");
        assert!(create_table(first).await.is_err(), "the table is there");
    })
    .await;
    each_database(async |second| {
        create_table(second)
            .await
            .expect("another database knows no such table");
    })
    .await;
}
