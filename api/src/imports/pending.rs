//! Files that somebody looks at before they are imported: kept for whose they are, half an hour at most. Real time.
//!
//! They are full of personal data, so a running service forgets what nobody came back for, and does not wait for the next file.

use std::time::Duration;

use domain::Actor;
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Kind;

/// A file is kept so long.
pub const KEPT_FOR: Duration = Duration::from_mins(30);

/// A file that was looked at, exactly as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingFile {
    /// Which.
    pub kind: Kind,
    /// Its bytes.
    pub file: Vec<u8>,
}

impl PendingFile {
    /// SHA-256 (hexadecimal) over its kind and its bytes.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        // No word of a kind has a line feed.
        hash.update(self.kind.word());
        hash.update("\n");
        hash.update(&self.file);
        hex::encode(hash.finalize())
    }
}

/// The table of pending files.
#[derive(Clone)]
pub struct PendingFiles {
    log: EventLog,
}

impl PendingFiles {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self { log }
    }

    /// Keeps a file for an account in the place of its earlier ones; those that nobody came back for are forgotten.
    ///
    /// # Errors
    /// The database.
    pub async fn keep(
        &self,
        id: Uuid,
        actor: &Actor,
        file: &PendingFile,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        self.forget_expired(now).await?;
        write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM pending_imports WHERE role = $1 AND actor_id = $2 AND id <> $3")
                .bind(actor.role.as_str())
                .bind(&actor.id)
                .bind(id.to_string())
                .execute(pool)
                .await
                .map(drop)
        })?;
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "INSERT INTO pending_imports (id, role, actor_id, kind, file, kept_at_us) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (id) DO NOTHING",
            )
                .bind(id.to_string())
                .bind(actor.role.as_str())
                .bind(&actor.id)
                .bind(file.kind.word())
                .bind(&file.file)
                .bind(now.as_microsecond())
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// The file of an account; nothing for anybody else.
    ///
    /// # Errors
    /// The database.
    pub async fn find(
        &self,
        id: Uuid,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<PendingFile>, sqlx::Error> {
        let row: Option<(String, Vec<u8>)> = on_database!(self.log.database(), pool => {
            sqlx::query_as(
                "SELECT kind, file FROM pending_imports WHERE id = $1 AND role = $2 AND actor_id = $3 AND kept_at_us > $4",
            )
                .bind(id.to_string())
                .bind(actor.role.as_str())
                .bind(&actor.id)
                .bind(expired(now))
                .fetch_optional(pool)
                .await
        })?;
        Ok(row.and_then(|(kind, file)| {
            let kind = Kind::parse(&kind)?;
            Some(PendingFile { kind, file })
        }))
    }

    /// Forgets what nobody came back for.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_expired(&self, now: Timestamp) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM pending_imports WHERE kept_at_us <= $1")
                .bind(expired(now))
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// Forgets a file.
    ///
    /// # Errors
    /// The database.
    pub async fn forget(&self, id: Uuid) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM pending_imports WHERE id = $1")
                .bind(id.to_string())
                .execute(pool)
                .await
                .map(drop)
        })
    }
}

fn expired(now: Timestamp) -> i64 {
    let kept = i64::try_from(KEPT_FOR.as_micros()).unwrap_or(i64::MAX);
    now.as_microsecond().saturating_sub(kept)
}
