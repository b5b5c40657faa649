//! One transaction on either database.

use eventstore::Database;
use sqlx::{Executor as _, Postgres, Sqlite, Transaction};

use crate::error::{Error, Result};

/// A transaction. Dropping it rolls back.
pub(crate) enum Session {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs the same body on the connection of either transaction.
macro_rules! on_session {
    ($session:expr, $connection:ident => $body:expr) => {
        match $session {
            $crate::session::Session::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::session::Session::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
        }
    };
}
pub(crate) use on_session;

impl Session {
    /// To read. All statements see the same moment on SQLite; on PostgreSQL each sees its own.
    pub(crate) async fn read(database: &Database) -> Result<Self> {
        Self::begin(database, "BEGIN", "BEGIN").await
    }

    /// To read; all statements see the same moment on both.
    pub(crate) async fn snapshot(database: &Database) -> Result<Self> {
        Self::begin(
            database,
            "BEGIN",
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        )
        .await
    }

    /// To write. On SQLite it takes the write lock at once: a deferred one that read first fails when another wrote.
    pub(crate) async fn write(database: &Database) -> Result<Self> {
        Self::begin(database, "BEGIN IMMEDIATE", "BEGIN").await
    }

    async fn begin(
        database: &Database,
        sqlite: &'static str,
        postgres: &'static str,
    ) -> Result<Self> {
        match database {
            Database::Sqlite(pool) => {
                // In a task of its own: when its caller is dropped in the middle of it, sqlx 0.8.6 gives a connection back
                // to the pool with the transaction open, sometimes with the write lock.
                let pool = pool.clone();
                tokio::spawn(async move { pool.begin_with(sqlite).await })
                    .await
                    .unwrap_or(Err(sqlx::Error::WorkerCrashed))
                    .map(Self::Sqlite)
            }
            Database::Postgres(pool) => pool.begin_with(postgres).await.map(Self::Postgres),
        }
        .map_err(Error::while_("beginning a transaction"))
    }

    /// For a transaction that holds something while others work: the server does not end it while nothing is asked on it.
    pub(crate) async fn sit(&mut self) -> Result<()> {
        if let Self::Postgres(transaction) = self {
            transaction
                .execute("SET LOCAL idle_in_transaction_session_timeout TO '10min'")
                .await
                .map_err(Error::while_("beginning a transaction"))?;
        }
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
        .map_err(Error::while_("committing"))
    }

    /// Ends a transaction that only read. Waiting for it gives the connection back clean.
    pub(crate) async fn end(self) -> Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.rollback().await,
            Self::Postgres(transaction) => transaction.rollback().await,
        }
        .map_err(Error::while_("ending a transaction"))
    }

    /// Runs statements that take no parameters.
    pub(crate) async fn run(&mut self, statements: &str) -> Result<(), sqlx::Error> {
        on_session!(self, connection => connection.execute(statements).await.map(drop))
    }
}
