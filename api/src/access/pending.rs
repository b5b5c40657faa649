//! Sign-ins that have begun: kept in the database, so that any node may end them, used once, and bound to the browser that began
//! them by a cookie of its own.

use std::time::Duration;

use eventstore::{EventLog, on_database, write_in_turn};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::Token;

/// Cookie that binds a sign-in to the browser that began it.
pub const BROWSER_COOKIE: &str = "shinsei_sign_in";

/// A sign-in that takes longer begins anew.
pub const PATIENCE: Duration = Duration::from_mins(10);

/// A sign-in that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// `handover`, or the key of an issuer.
    pub via: String,
    /// What the issuer's token must repeat; empty for a hand-over.
    pub nonce: String,
    /// Proof that it is we who exchange the code (PKCE); empty for a hand-over.
    pub verifier: String,
    /// 会員番号 of a hand-over; else empty.
    pub member: String,
    /// Path of this service to go on to.
    pub goes_to: String,
}

/// The table of sign-ins, and of hand-over links that were used.
#[derive(Clone)]
pub struct SignIns {
    log: EventLog,
}

impl SignIns {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self { log }
    }

    /// Keeps a sign-in that begins under its state; gives the value of the browser's cookie.
    ///
    /// # Errors
    /// The database.
    pub async fn begin(
        &self,
        state: &Token,
        pending: &Pending,
        now: Timestamp,
    ) -> Result<Token, sqlx::Error> {
        let browser = Token::random();
        let turn = self.log.write_turn().await;
        on_database!(self.log.database(), pool => {
            sqlx::query("DELETE FROM sign_ins WHERE begun_at_us <= $1")
                .bind(expired(now))
                .execute(pool)
                .await
                .map(drop)
        })?;
        on_database!(self.log.database(), pool => {
            sqlx::query(
                "INSERT INTO sign_ins (state_hash, browser_hash, via, nonce, verifier, member, goes_to, begun_at_us)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
                .bind(state.hash())
                .bind(browser.hash())
                .bind(&pending.via)
                .bind(&pending.nonce)
                .bind(&pending.verifier)
                .bind(&pending.member)
                .bind(&pending.goes_to)
                .bind(now.as_microsecond())
                .execute(pool)
                .await
                .map(drop)
        })?;
        drop(turn);
        Ok(browser)
    }

    /// Takes a sign-in out, so that it is used once: by its state, by the way it began, and by the browser that began it.
    ///
    /// # Errors
    /// The database.
    pub async fn take(
        &self,
        via: &str,
        state: &Token,
        browser: &Token,
        now: Timestamp,
    ) -> Result<Option<Pending>, sqlx::Error> {
        let row: Option<(String, String, String, String, i64)> = write_in_turn!(self.log, pool => {
            sqlx::query_as(
                "DELETE FROM sign_ins WHERE state_hash = $1 AND browser_hash = $2 AND via = $3
                 RETURNING nonce, verifier, member, goes_to, begun_at_us",
            )
                .bind(state.hash())
                .bind(browser.hash())
                .bind(via)
                .fetch_optional(pool)
                .await
        })?;
        Ok(row.filter(|(.., begun)| *begun > expired(now)).map(
            |(nonce, verifier, member, goes_to, _)| Pending {
                via: via.to_owned(),
                nonce,
                verifier,
                member,
                goes_to,
            },
        ))
    }

    /// Notes that a hand-over link is used; false when it was before.
    ///
    /// # Errors
    /// The database.
    pub async fn use_link(&self, signature: &[u8], now: Timestamp) -> Result<bool, sqlx::Error> {
        let turn = self.log.write_turn().await;
        // Kept longer than a link is good, whatever the clocks of two machines say.
        on_database!(self.log.database(), pool => {
            sqlx::query("DELETE FROM used_handovers WHERE used_at_us <= $1")
                .bind(expired(now))
                .execute(pool)
                .await
                .map(drop)
        })?;
        let noted = on_database!(self.log.database(), pool => {
            sqlx::query(
                "INSERT INTO used_handovers (link_hash, used_at_us) VALUES ($1, $2) ON CONFLICT (link_hash) DO NOTHING",
            )
                .bind(Sha256::digest(signature).to_vec())
                .bind(now.as_microsecond())
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        drop(turn);
        Ok(noted == 1)
    }
}

fn expired(now: Timestamp) -> i64 {
    let patience = i64::try_from(PATIENCE.as_micros()).unwrap_or(i64::MAX);
    now.as_microsecond().saturating_sub(patience)
}

#[cfg(test)]
mod tests {
    use eventstore::Database;
    use jiff::ToSpan as _;

    use super::*;

    async fn sign_ins(directory: &tempfile::TempDir) -> SignIns {
        let url = format!("sqlite:{}", directory.path().join("sign-ins.db").display());
        let database = Database::connect(&url).await.unwrap();
        database.migrate().await.unwrap();
        SignIns::new(EventLog::new(database))
    }

    fn pending() -> Pending {
        Pending {
            via: "society".to_owned(),
            nonce: "n".to_owned(),
            verifier: "v".to_owned(),
            member: String::new(),
            goes_to: "/".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_sign_in_is_ended_once_by_the_browser_that_began_it() {
        let directory = tempfile::tempdir().unwrap();
        let sign_ins = sign_ins(&directory).await;
        let now = Timestamp::now();
        let state = Token::random();
        let browser = sign_ins.begin(&state, &pending(), now).await.unwrap();
        let take = |via, state, browser, at| sign_ins.take(via, state, browser, at);
        let (stranger, other) = (Token::random(), Token::random());
        assert_eq!(take("society", &state, &stranger, now).await.unwrap(), None);
        assert_eq!(take("society", &other, &browser, now).await.unwrap(), None);
        assert_eq!(take("umin", &state, &browser, now).await.unwrap(), None);
        let taken = take("society", &state, &browser, now).await.unwrap();
        assert_eq!(taken, Some(pending()));
        assert_eq!(take("society", &state, &browser, now).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_sign_in_that_takes_too_long_begins_anew() {
        let directory = tempfile::tempdir().unwrap();
        let sign_ins = sign_ins(&directory).await;
        let now = Timestamp::now();
        let state = Token::random();
        let browser = sign_ins.begin(&state, &pending(), now).await.unwrap();
        let later = now + 11.minutes();
        let taken = sign_ins.take("society", &state, &browser, later).await;
        assert_eq!(taken.unwrap(), None);
    }

    #[tokio::test]
    async fn a_link_is_used_once() {
        let directory = tempfile::tempdir().unwrap();
        let sign_ins = sign_ins(&directory).await;
        let now = Timestamp::now();
        assert!(sign_ins.use_link(b"one", now).await.unwrap());
        assert!(!sign_ins.use_link(b"one", now + 1.minute()).await.unwrap());
        assert!(sign_ins.use_link(b"two", now).await.unwrap());
    }
}
