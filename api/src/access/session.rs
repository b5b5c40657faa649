//! Sessions: a random token in the person's cookie, its hash in the database. Real time, never the demonstration's.

use std::time::Duration;

use domain::Role;
use eventstore::{EventLog, on_database};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{Duties, Principal};

/// Name of the cookie.
pub const COOKIE: &str = "shinsei_session";

/// A session that nobody used for so long has ended (portal-ux D.3, 6).
const IDLE: Duration = Duration::from_hours(1);

/// However much it is used, a session ends after so long.
const ABSOLUTE: Duration = Duration::from_hours(12);

/// Using a session is noted once a minute: a write for each read would be a burden for nothing.
const NOTED: Duration = Duration::from_mins(1);

/// What the cookie holds: 256 random bits, in hexadecimal.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one, from the system's random numbers.
    fn random() -> Self {
        Self(hex::encode(rand::random::<[u8; 32]>()))
    }

    /// The token of a cookie; `None` for what was never one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| Self(text.to_owned()))
    }

    /// What goes into the cookie.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }
}

/// The table of sessions.
#[derive(Clone)]
pub struct Sessions {
    log: EventLog,
}

impl Sessions {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self { log }
    }

    /// Begins a session, and clears away those that have ended.
    ///
    /// # Errors
    /// The database.
    pub async fn begin(&self, principal: &Principal, now: Timestamp) -> Result<Token, sqlx::Error> {
        let token = Token::random();
        let turn = self.log.write_turn().await;
        on_database!(self.log.database(), pool => {
            sqlx::query("DELETE FROM sessions WHERE created_at_us <= $1 OR seen_at_us <= $2")
                .bind(before(now, ABSOLUTE))
                .bind(before(now, IDLE))
                .execute(pool)
                .await
                .map(drop)
        })?;
        on_database!(self.log.database(), pool => {
            sqlx::query("INSERT INTO sessions (token_hash, role, actor_id, created_at_us, seen_at_us, duties) VALUES ($1, $2, $3, $4, $4, $5)")
                .bind(token.hash())
                .bind(principal.actor.role.as_str())
                .bind(&principal.actor.id)
                .bind(now.as_microsecond())
                .bind(principal.duties.to_string())
                .execute(pool)
                .await
                .map(drop)
        })?;
        drop(turn);
        Ok(token)
    }

    /// Whose session it is, if it has not ended. Being asked counts as use.
    ///
    /// # Errors
    /// The database.
    pub async fn find(
        &self,
        token: &Token,
        now: Timestamp,
    ) -> Result<Option<Principal>, sqlx::Error> {
        let hash = token.hash();
        let found: Option<(String, String, i64, i64, String)> = on_database!(self.log.database(), pool => {
            sqlx::query_as("SELECT role, actor_id, created_at_us, seen_at_us, duties FROM sessions WHERE token_hash = $1")
                .bind(&hash)
                .fetch_optional(pool)
                .await
        })?;
        let Some((role, id, created, seen, duties)) = found else {
            return Ok(None);
        };
        if created <= before(now, ABSOLUTE) || seen <= before(now, IDLE) {
            return Ok(None);
        }
        if seen <= before(now, NOTED) {
            let turn = self.log.write_turn().await;
            on_database!(self.log.database(), pool => {
                sqlx::query("UPDATE sessions SET seen_at_us = $2 WHERE token_hash = $1 AND seen_at_us < $2")
                    .bind(&hash)
                    .bind(now.as_microsecond())
                    .execute(pool)
                    .await
                    .map(drop)
            })?;
            drop(turn);
        }
        Ok(role_named(&role).map(|role| Principal::of(role, id, Duties::parse(&duties))))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The database.
    pub async fn end(&self, token: &Token) -> Result<(), sqlx::Error> {
        let turn = self.log.write_turn().await;
        on_database!(self.log.database(), pool => {
            sqlx::query("DELETE FROM sessions WHERE token_hash = $1")
                .bind(token.hash())
                .execute(pool)
                .await
                .map(drop)
        })?;
        drop(turn);
        Ok(())
    }

    /// How long the cookie is good for at most, in seconds.
    pub const fn max_age_seconds() -> u64 {
        ABSOLUTE.as_secs()
    }
}

fn before(now: Timestamp, span: Duration) -> i64 {
    let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    now.as_microsecond().saturating_sub(span)
}

/// The roles that somebody can be signed in with.
fn role_named(name: &str) -> Option<Role> {
    [Role::Member, Role::Secretariat, Role::Reporter]
        .into_iter()
        .find(|role| role.as_str() == name)
}

#[cfg(test)]
mod tests {
    use eventstore::Database;
    use jiff::{SignedDuration, ToSpan as _};

    use super::*;

    async fn sessions(directory: &tempfile::TempDir) -> Sessions {
        let url = format!("sqlite:{}", directory.path().join("sessions.db").display());
        let database = Database::connect(&url).await.unwrap();
        database.migrate().await.unwrap();
        Sessions::new(EventLog::new(database))
    }

    fn member() -> Principal {
        Principal::of(Role::Member, "9000001", Duties::NONE)
    }

    #[tokio::test]
    async fn the_duties_of_a_session_are_those_it_began_with() {
        let directory = tempfile::tempdir().unwrap();
        let sessions = sessions(&directory).await;
        let now = Timestamp::now();
        let duties = Duties::parse("payments view");
        let clerk = Principal::of(Role::Secretariat, "clerk", duties);
        let token = sessions.begin(&clerk, now).await.unwrap();
        assert_eq!(sessions.find(&token, now).await.unwrap(), Some(clerk));
    }

    #[tokio::test]
    async fn a_session_is_found_by_its_token_until_it_is_ended() {
        let directory = tempfile::tempdir().unwrap();
        let sessions = sessions(&directory).await;
        let now = Timestamp::now();
        let token = sessions.begin(&member(), now).await.unwrap();
        assert_eq!(sessions.find(&token, now).await.unwrap(), Some(member()));
        assert_eq!(sessions.find(&Token::random(), now).await.unwrap(), None);
        sessions.end(&token).await.unwrap();
        assert_eq!(sessions.find(&token, now).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_session_ends_after_an_hour_without_use() {
        let directory = tempfile::tempdir().unwrap();
        let sessions = sessions(&directory).await;
        let start = Timestamp::now();
        let token = sessions.begin(&member(), start).await.unwrap();
        let later = start + 59.minutes();
        assert!(sessions.find(&token, later).await.unwrap().is_some());
        assert!(
            sessions
                .find(&token, later + 59.minutes())
                .await
                .unwrap()
                .is_some()
        );
        assert!(
            sessions
                .find(&token, later + 119.minutes())
                .await
                .unwrap()
                .is_none()
        );
    }

    #[tokio::test]
    async fn a_session_ends_after_twelve_hours_however_much_it_is_used() {
        let directory = tempfile::tempdir().unwrap();
        let sessions = sessions(&directory).await;
        let start = Timestamp::now();
        let token = sessions.begin(&member(), start).await.unwrap();
        let mut now = start;
        while now < start + SignedDuration::from_hours(12) {
            assert!(sessions.find(&token, now).await.unwrap().is_some());
            now += 30.minutes();
        }
        assert!(sessions.find(&token, now).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_token_itself_is_not_in_the_database() {
        let directory = tempfile::tempdir().unwrap();
        let sessions = sessions(&directory).await;
        let token = sessions.begin(&member(), Timestamp::now()).await.unwrap();
        let Database::Sqlite(pool) = sessions.log.database() else {
            unreachable!("the test opened SQLite")
        };
        let (hash,): (Vec<u8>,) = sqlx::query_as("SELECT token_hash FROM sessions")
            .fetch_one(pool)
            .await
            .unwrap();
        assert_eq!(hash, token.hash());
        assert_ne!(hex::encode(hash), token.as_str());
    }

    #[test]
    fn only_what_could_be_ours_is_a_token() {
        assert!(Token::parse(&"a".repeat(64)).is_some());
        for text in ["", "a", &"g".repeat(64), &"a".repeat(65)] {
            assert!(Token::parse(text).is_none());
        }
    }
}
