//! What an operator should know of a database before people trust it.

use crate::append::now_us;
use crate::database::Database;
use crate::error::{Error, Stage};
use crate::log::EventLog;

/// How a database is set up. What does not apply to its kind is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// What would lose acknowledged events; see [`Database::durability_problems`].
    pub durability: Vec<String>,
    /// PostgreSQL: whether the service's role is a superuser, for whom no trigger and no privilege holds.
    pub superuser: Option<bool>,
    /// PostgreSQL: whether the service's role owns the log and so may switch off what keeps it append-only.
    pub owns_log: Option<bool>,
    /// PostgreSQL: whether the connection is encrypted; `None` over a socket of the same machine too.
    pub encrypted: Option<bool>,
    /// PostgreSQL: by how many milliseconds its clock is ahead of this machine's.
    pub clock_ahead_ms: Option<i64>,
    /// Triggers that keep the log append-only and are missing or switched off.
    pub missing_guards: Vec<String>,
}

/// The tables that nothing may be changed in.
const GUARDED: [&str; 3] = ["events", "commands", "ledger"];

impl EventLog {
    /// Looks at the database of the log, which must be migrated.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] when it can not be asked.
    pub async fn examine(&self) -> Result<Setup, Error> {
        let at = Error::at(Stage::Connect);
        let mut setup = Setup {
            durability: self.database().durability_problems().await?,
            ..Setup::default()
        };
        match self.database() {
            Database::Sqlite(pool) => {
                for table in GUARDED {
                    let guards: i64 = sqlx::query_scalar(
                        "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = $1",
                    )
                    .bind(table)
                    .fetch_one(pool)
                    .await
                    .map_err(&at)?;
                    if guards == 0 {
                        setup.missing_guards.push(table.to_owned());
                    }
                }
            }
            Database::Postgres(pool) => {
                let before = now_us();
                let (superuser, owns_log, encrypted, clock_us): (bool, bool, Option<bool>, i64) =
                    sqlx::query_as(include_str!("sql/examine_postgres.sql"))
                        .fetch_one(pool)
                        .await
                        .map_err(&at)?;
                let after = now_us();
                setup.superuser = Some(superuser);
                setup.owns_log = Some(owns_log);
                setup.encrypted = encrypted;
                // The moment of the answer lies between the two.
                setup.clock_ahead_ms = Some((clock_us - i64::midpoint(before, after)) / 1_000);
                for table in GUARDED {
                    let guards: i64 = sqlx::query_scalar(
                        "SELECT count(*) FROM pg_trigger WHERE tgrelid = $1::text::regclass AND NOT tgisinternal AND tgenabled <> 'D'",
                    )
                    .bind(table)
                    .fetch_one(pool)
                    .await
                    .map_err(&at)?;
                    if guards == 0 {
                        setup.missing_guards.push(table.to_owned());
                    }
                }
            }
        }
        Ok(setup)
    }
}
