//! Fresh databases to measure on.

use std::sync::atomic::{AtomicU32, Ordering};

use eventstore::{Database, EventLog};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};
use tempfile::TempDir;

use crate::Outcome;

/// The private cluster's administrator.
pub fn administrator() -> Outcome<String> {
    std::env::var("SHINSEI_TEST_POSTGRES_URL")
        .map_err(|_| "SHINSEI_TEST_POSTGRES_URL is not set; start this by ops/bench".into())
}

/// A directory on the disk on which `ops/postgres` keeps its clusters. The usual temporary directory may be in memory, where
/// nothing waits for the disk.
pub fn directory() -> Outcome<TempDir> {
    Ok(TempDir::new_in("/var/tmp")?)
}

/// A statement to the server itself.
pub async fn administer(statement: &str) -> Outcome<()> {
    let mut connection = PgConnection::connect(&administrator()?).await?;
    connection.execute(statement).await?;
    connection.close().await?;
    Ok(())
}

/// Writes out what earlier runs left dirty, so that no side pays for another's.
pub async fn settle() -> Outcome<()> {
    administer("CHECKPOINT").await
}

/// A database on the private cluster.
pub struct Place {
    name: String,
    /// Its address.
    pub url: String,
}

impl Place {
    /// An empty one.
    pub async fn empty() -> Outcome<Self> {
        Self::like("template0").await
    }

    /// A copy of this one, to which nobody may be connected.
    pub async fn copy(&self) -> Outcome<Self> {
        Self::like(&self.name).await
    }

    async fn like(template: &str) -> Outcome<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("bench_{}_{number}", std::process::id());
        administer(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        let administrator = administrator()?;
        let (server, _) = administrator
            .rsplit_once('/')
            .ok_or("SHINSEI_TEST_POSTGRES_URL names no database")?;
        Ok(Self {
            url: format!("{server}/{name}"),
            name,
        })
    }

    /// The same database by an address whose sessions do not wait for the disk: to fill it, never to measure.
    pub fn hasty(&self) -> Self {
        Self {
            name: self.name.clone(),
            url: format!("{}?options[synchronous_commit]=off", self.url),
        }
    }

    /// A log on it, migrated.
    pub async fn log(&self) -> Outcome<EventLog> {
        let database = Database::connect(&self.url).await?;
        database.migrate().await?;
        Ok(EventLog::new(database))
    }

    /// The pool of the service, for a side that is not ours.
    pub async fn pool(&self) -> Outcome<PgPool> {
        match Database::connect(&self.url).await? {
            Database::Postgres(pool) => Ok(pool),
            Database::Sqlite(_) => Err("a PostgreSQL address opened something else".into()),
        }
    }

    /// Deletes it.
    pub async fn remove(self) -> Outcome<()> {
        administer(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
    }
}

/// Closes a log's connections.
pub async fn close(log: &EventLog) {
    eventstore::on_database!(log.database(), pool => pool.close().await);
}

/// What autovacuum does after a while, and would otherwise do in the middle of somebody's round.
pub async fn analyze(pool: &PgPool) -> Outcome<()> {
    pool.execute("VACUUM ANALYZE").await?;
    Ok(())
}
