//! Machine clients: tokens with scopes, hashed in the database. Real time, never the demonstration's.

use domain::Role;
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Grant, Principal, Scopes};

/// By which a secret is known as one of ours, also by those who look for secrets in what was published by mistake.
const PREFIX: &str = "shinsei_";

/// Most tokens that are good at the same time: a list that people still look through.
pub const MOST: i64 = 100;

/// Most tokens in the list; those that are good come first.
const LISTED: i64 = 1_000;

/// Use is noted once a minute: a write for each request would be a burden for nothing.
const NOTED: SignedDuration = SignedDuration::from_mins(1);

/// What a client sends: `shinsei_` and 256 random bits in hexadecimal. Shown once, kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    fn random() -> Self {
        Self(format!(
            "{PREFIX}{}",
            hex::encode(rand::random::<[u8; 32]>())
        ))
    }

    /// The secret of a header; `None` for what was never one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let random = text.strip_prefix(PREFIX)?;
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (random.len() == 64 && random.bytes().all(hexadecimal)).then(|| Self(text.to_owned()))
    }

    /// To be shown once.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without salt and stretching: nobody guesses 256 random bits.
    fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }
}

/// A token as it is listed: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientToken {
    /// By which it is revoked.
    pub id: Uuid,
    /// Name of the client.
    pub name: String,
    /// The role in which it acts; `None` for one that this program does not know, which opens nothing.
    pub role: Option<Role>,
    /// How far it goes.
    pub scopes: Scopes,
    /// Who made it: `secretariat:demo`, `system:command-line`.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// From when on it is good for nothing.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Option<Timestamp>,
    /// When it was revoked, and by whom.
    pub revoked: Option<(Timestamp, String)>,
}

impl ClientToken {
    /// Whether it opens anything.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.expires_at
    }

    fn principal(&self) -> Option<Principal> {
        self.role
            .map(|role| Principal::client(role, &self.name, self.scopes.clone()))
    }
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The same request again: its secret has been shown.
    #[error("this token has been made, and its secret is shown once")]
    Made,
    /// The same id for another request.
    #[error("the id stands for another token")]
    IdReused,
    /// [`MOST`] are good.
    #[error("{MOST} tokens are good, and more are not made")]
    TooMany,
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The table of tokens. Rows stay: who had access until when is asked afterwards.
#[derive(Clone)]
pub struct Clients {
    log: EventLog,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    role: String,
    scopes: String,
    created_by: String,
    created_at_us: i64,
    expires_at_us: i64,
    seen_at_us: Option<i64>,
    revoked_at_us: Option<i64>,
    revoked_by: Option<String>,
}

const COLUMNS: &str = "id, name, role, scopes, created_by, created_at_us, expires_at_us, seen_at_us, revoked_at_us, revoked_by";

impl Row {
    fn read(self) -> Result<ClientToken, sqlx::Error> {
        let time = |us| Timestamp::from_microsecond(us).map_err(foreign);
        let revoked = match self.revoked_at_us.zip(self.revoked_by) {
            Some((at, by)) => Some((time(at)?, by)),
            None => None,
        };
        Ok(ClientToken {
            id: self.id.parse().map_err(foreign)?,
            name: self.name,
            role: [Role::Secretariat, Role::Reporter]
                .into_iter()
                .find(|role| role.as_str() == self.role),
            scopes: Scopes::parse(&self.scopes),
            created_by: self.created_by,
            created_at: time(self.created_at_us)?,
            expires_at: time(self.expires_at_us)?,
            seen_at: self.seen_at_us.map(time).transpose()?,
            revoked,
        })
    }
}

/// A row that this program did not write.
fn foreign(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

impl Clients {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self { log }
    }

    /// Makes a token. `id` and `request_hash` are those of the request: repeated, it makes no second one.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create(
        &self,
        grant: &Grant,
        (id, request_hash): (Uuid, [u8; 32]),
        created_by: &str,
        now: Timestamp,
    ) -> Result<(ClientToken, Secret), CreateError> {
        if let Some(earlier) = self.request_hash(id).await? {
            return Err(if earlier == request_hash {
                CreateError::Made
            } else {
                CreateError::IdReused
            });
        }
        let good: i64 = on_database!(self.log.database(), pool => {
            sqlx::query_scalar("SELECT count(*) FROM client_tokens WHERE revoked_at_us IS NULL AND expires_at_us > $1")
                .bind(now.as_microsecond())
                .fetch_one(pool)
                .await
        })?;
        if good >= MOST {
            return Err(CreateError::TooMany);
        }
        let secret = Secret::random();
        let expires_at = now + SignedDuration::from_hours(24 * i64::from(grant.days()));
        let made: u64 = write_in_turn!(self.log, pool => {
            sqlx::query(
                "INSERT INTO client_tokens (id, request_hash, token_hash, name, role, scopes, created_by, created_at_us, expires_at_us)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING",
            )
                .bind(id.to_string())
                .bind(&request_hash[..])
                .bind(secret.hash())
                .bind(grant.name())
                .bind(grant.role().as_str())
                .bind(grant.scopes().to_string())
                .bind(created_by)
                .bind(now.as_microsecond())
                .bind(expires_at.as_microsecond())
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        if made == 0 {
            // The same request at the same moment.
            return Err(CreateError::Made);
        }
        let token = self.get(id).await?.ok_or(sqlx::Error::RowNotFound)?;
        Ok((token, secret))
    }

    async fn request_hash(&self, id: Uuid) -> Result<Option<Vec<u8>>, sqlx::Error> {
        on_database!(self.log.database(), pool => {
            sqlx::query_scalar("SELECT request_hash FROM client_tokens WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(pool)
                .await
        })
    }

    async fn get(&self, id: Uuid) -> Result<Option<ClientToken>, sqlx::Error> {
        let row: Option<Row> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&format!("SELECT {COLUMNS} FROM client_tokens WHERE id = $1"))
                .bind(id.to_string())
                .fetch_optional(pool)
                .await
        })?;
        row.map(Row::read).transpose()
    }

    /// Who a secret stands for, if it is good. Being asked counts as use.
    ///
    /// # Errors
    /// The database.
    pub async fn find(
        &self,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Option<Principal>, sqlx::Error> {
        let row: Option<Row> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&format!("SELECT {COLUMNS} FROM client_tokens WHERE token_hash = $1"))
                .bind(secret.hash())
                .fetch_optional(pool)
                .await
        })?;
        let Some(token) = row.map(Row::read).transpose()? else {
            return Ok(None);
        };
        if !token.is_good(now) {
            return Ok(None);
        }
        if token.seen_at.is_none_or(|seen| seen + NOTED <= now) {
            write_in_turn!(self.log, pool => {
                sqlx::query("UPDATE client_tokens SET seen_at_us = $2 WHERE id = $1 AND (seen_at_us IS NULL OR seen_at_us < $2)")
                    .bind(token.id.to_string())
                    .bind(now.as_microsecond())
                    .execute(pool)
                    .await
                    .map(drop)
            })?;
        }
        Ok(token.principal())
    }

    /// The tokens, those that are good first, then the newest; at most 1,000.
    ///
    /// # Errors
    /// The database.
    pub async fn list(&self, now: Timestamp) -> Result<Vec<ClientToken>, sqlx::Error> {
        let rows: Vec<Row> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&format!(
                "SELECT {COLUMNS} FROM client_tokens
                  ORDER BY CASE WHEN revoked_at_us IS NULL AND expires_at_us > $1 THEN 0 ELSE 1 END, created_at_us DESC, id
                  LIMIT {LISTED}"
            ))
                .bind(now.as_microsecond())
                .fetch_all(pool)
                .await
        })?;
        rows.into_iter().map(Row::read).collect()
    }

    /// Ends a token at once; `None` when there is none of that id. What is revoked stays revoked by whom it was first.
    ///
    /// # Errors
    /// The database.
    pub async fn revoke(
        &self,
        id: Uuid,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<ClientToken>, sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query("UPDATE client_tokens SET revoked_at_us = $2, revoked_by = $3 WHERE id = $1 AND revoked_at_us IS NULL")
                .bind(id.to_string())
                .bind(now.as_microsecond())
                .bind(by)
                .execute(pool)
                .await
                .map(drop)
        })?;
        self.get(id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_be_ours_is_a_secret() {
        let secret = Secret::random();
        assert_eq!(secret.as_str().len(), PREFIX.len() + 64);
        assert!(Secret::parse(secret.as_str()) == Some(secret.clone()));
        assert!(Secret::random() != secret);
        for text in [
            "",
            "shinsei_",
            &secret.as_str()[1..],
            &secret.as_str().to_uppercase(),
            &format!("{}0", secret.as_str()),
        ] {
            assert!(Secret::parse(text).is_none(), "{text}");
        }
    }
}
