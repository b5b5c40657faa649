//! What the secretariat searches for: kept beside its id, because an address goes through proxies and into histories and must never
//! carry a name; and 保存した検索, those that were given a name.

use domain::Actor;
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// A search without a name is found again so long: as long as a session lasts at most.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(12);

/// Most searches with a name that one account keeps.
pub const LIMIT: usize = 50;

/// The table of searches.
#[derive(Clone)]
pub struct Searches {
    log: EventLog,
}

/// A search with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSearch {
    /// What addresses call it.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
}

impl Searches {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self { log }
    }

    /// Keeps a search of somebody under an id; the same id again changes nothing.
    ///
    /// # Errors
    /// The database.
    pub async fn keep(
        &self,
        owner: &Actor,
        (id, name): (Uuid, Option<&str>),
        question: &str,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "INSERT INTO searches (id, owner, name, question, made_at_us) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
            )
            .bind(id.to_string())
            .bind(owner.label())
            .bind(name)
            .bind(question)
            .bind(now.as_microsecond())
            .execute(pool)
            .await
            .map(drop)
        })
    }

    /// Forgets all without a name that have been kept long enough.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_expired(&self, now: Timestamp) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM searches WHERE name IS NULL AND made_at_us < $1")
                .bind((now - KEPT_FOR).as_microsecond())
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// What somebody searched for; nothing of anybody else's.
    ///
    /// # Errors
    /// The database.
    pub async fn find(&self, owner: &Actor, id: Uuid) -> Result<Option<String>, sqlx::Error> {
        on_database!(self.log.database(), pool => {
            sqlx::query_scalar("SELECT question FROM searches WHERE id = $1 AND owner = $2")
                .bind(id.to_string())
                .bind(owner.label())
                .fetch_optional(pool)
                .await
        })
    }

    /// 保存した検索 of somebody, by name.
    ///
    /// # Errors
    /// The database.
    pub async fn named(&self, owner: &Actor) -> Result<Vec<NamedSearch>, sqlx::Error> {
        let rows: Vec<(String, String)> = on_database!(self.log.database(), pool => {
            sqlx::query_as(
                "SELECT id, name FROM searches WHERE owner = $1 AND name IS NOT NULL ORDER BY name, id",
            )
            .bind(owner.label())
            .fetch_all(pool)
            .await
        })?;
        Ok(rows
            .into_iter()
            .filter_map(|(id, name)| {
                Some(NamedSearch {
                    id: id.parse().ok()?,
                    name,
                })
            })
            .collect())
    }

    /// Forgets a search of somebody; whether there was one.
    ///
    /// # Errors
    /// The database.
    pub async fn forget(&self, owner: &Actor, id: Uuid) -> Result<bool, sqlx::Error> {
        let gone: u64 = write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM searches WHERE id = $1 AND owner = $2")
                .bind(id.to_string())
                .bind(owner.label())
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(gone > 0)
    }
}
