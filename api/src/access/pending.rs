//! Sign-ins that have begun: any node may end them, each is used once, and all of one browser are bound to it by one cookie, so that they live
//! side by side in its tabs. Those by an issuer are rows of the database; a hand-over link that is shown is in no database before the press, as
//! looking at a link changes nothing: what the press needs stands in the page, sealed.

use std::time::Duration;

use domain::member::MemberNumber;
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{
    GoodLink, Keys, Token,
    keys::{Columns, Purpose},
};
use crate::service::Service;

/// Cookie that binds a sign-in to the browser that began it.
pub const BROWSER_COOKIE: &str = "shinsei_sign_in";

/// A sign-in that takes longer begins anew.
pub const PATIENCE: Duration = Duration::from_mins(10);

/// How long it is known that a link is spent: longer than any page that was shown of it is good, whatever the clocks of two machines say.
const SPENT_FOR: Duration = Duration::from_mins(30);

/// A sign-in that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The key of the issuer.
    pub via: String,
    /// What the issuer's token must repeat.
    pub nonce: String,
    /// Proof that it is we who exchange the code (PKCE).
    pub verifier: String,
    /// Path of this service to go on to.
    pub goes_to: String,
}

impl Pending {
    fn columns(&self, state: &Token, browser: &Token, begun_at_us: i64) -> Columns {
        Columns::of(Purpose::SignIn)
            .bytes(&state.hash())
            .bytes(&browser.hash())
            .text(&self.via)
            .text(&self.nonce)
            .text(&self.verifier)
            // The column of a member, which releases before filled.
            .text("")
            .text(&self.goes_to)
            .number(begun_at_us)
    }
}

/// The table of sign-ins, and of hand-over links that were used. A row that this service did not write counts as not there.
#[derive(Clone)]
pub struct SignIns {
    log: EventLog,
    keys: Keys,
}

type Taken = (String, String, String, i64, Vec<u8>);

impl SignIns {
    /// In the database of the service.
    pub fn new(service: &Service) -> Self {
        Self {
            log: service.log.clone(),
            keys: service.keys.clone(),
        }
    }

    /// Keeps a sign-in that begins under its state, in the browser with this value of the cookie.
    ///
    /// # Errors
    /// The database.
    pub async fn begin(
        &self,
        state: &Token,
        browser: &Token,
        pending: &Pending,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let begun = now.as_microsecond();
        let seal = self.keys.seal(&pending.columns(state, browser, begun));
        let turn = self.log.write_turn().await?;
        on_database!(self.log.database(), pool => {
            sqlx::query("DELETE FROM sign_ins WHERE begun_at_us <= $1")
                .bind(expired(now, PATIENCE))
                .execute(pool)
                .await
                .map(drop)
        })?;
        on_database!(self.log.database(), pool => {
            sqlx::query(
                "INSERT INTO sign_ins (state_hash, browser_hash, via, nonce, verifier, member, goes_to, begun_at_us, seal)
                 VALUES ($1, $2, $3, $4, $5, '', $6, $7, $8)",
            )
                .bind(state.hash())
                .bind(browser.hash())
                .bind(&pending.via)
                .bind(&pending.nonce)
                .bind(&pending.verifier)
                .bind(&pending.goes_to)
                .bind(begun)
                .bind(&seal)
                .execute(pool)
                .await
                .map(drop)
        })?;
        drop(turn);
        Ok(())
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
        let row: Option<Taken> = write_in_turn!(self.log, pool => {
            sqlx::query_as(
                "DELETE FROM sign_ins WHERE state_hash = $1 AND browser_hash = $2 AND via = $3
                 RETURNING nonce, verifier, goes_to, begun_at_us, seal",
            )
                .bind(state.hash())
                .bind(browser.hash())
                .bind(via)
                .fetch_optional(pool)
                .await
        })?;
        let Some((nonce, verifier, goes_to, begun, seal)) = row else {
            return Ok(None);
        };
        let pending = Pending {
            via: via.to_owned(),
            nonce,
            verifier,
            goes_to,
        };
        let ours = self
            .keys
            .fits(&pending.columns(state, browser, begun), &seal);
        Ok((ours && begun > expired(now, PATIENCE)).then_some(pending))
    }

    /// Forgets sign-ins that were not ended in time.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_expired(&self, now: Timestamp) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM sign_ins WHERE begun_at_us <= $1")
                .bind(expired(now, PATIENCE))
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// What the page of a hand-over link carries, so that a press in this browser uses the link: `<when>.<signature>.<会員番号>.<seal>`.
    pub fn show(&self, link: &GoodLink, browser: &Token, now: Timestamp) -> String {
        let shown_at_us = now.as_microsecond();
        let seal = self.keys.seal(&shown(link, browser, shown_at_us));
        let (signature, seal) = (hex::encode(&link.signature), hex::encode(seal));
        format!("{shown_at_us}.{signature}.{}.{seal}", link.member.as_str())
    }

    /// The link of a page that this service showed in this browser, not too long ago. It may be spent meanwhile.
    pub fn shown(&self, state: &str, browser: &Token, now: Timestamp) -> Option<GoodLink> {
        let mut parts = state.splitn(4, '.');
        let shown_at_us: i64 = parts.next()?.parse().ok()?;
        let signature = hex::decode(parts.next()?).ok()?;
        let member = MemberNumber::parse(parts.next()?).ok()?;
        let seal = hex::decode(parts.next()?).ok()?;
        let link = GoodLink { member, signature };
        let ours = self.keys.knows(&shown(&link, browser, shown_at_us), &seal);
        let in_time = shown_at_us > expired(now, PATIENCE);
        (ours && in_time).then_some(link)
    }

    /// Whether a hand-over link is used already.
    ///
    /// # Errors
    /// The database.
    pub async fn is_used(&self, signature: &[u8]) -> Result<bool, sqlx::Error> {
        let found: Option<i64> = on_database!(self.log.database(), pool => {
            sqlx::query_scalar("SELECT used_at_us FROM used_handovers WHERE link_hash = $1")
                .bind(link_hash(signature))
                .fetch_optional(pool)
                .await
        })?;
        Ok(found.is_some())
    }

    /// Notes that a hand-over link is used, by the bytes of its signature; false when it was before.
    ///
    /// # Errors
    /// The database.
    pub async fn use_link(&self, signature: &[u8], now: Timestamp) -> Result<bool, sqlx::Error> {
        let turn = self.log.write_turn().await?;
        on_database!(self.log.database(), pool => {
            sqlx::query("DELETE FROM used_handovers WHERE used_at_us <= $1")
                .bind(expired(now, SPENT_FOR))
                .execute(pool)
                .await
                .map(drop)
        })?;
        let noted = on_database!(self.log.database(), pool => {
            sqlx::query(
                "INSERT INTO used_handovers (link_hash, used_at_us) VALUES ($1, $2) ON CONFLICT (link_hash) DO NOTHING",
            )
                .bind(link_hash(signature))
                .bind(now.as_microsecond())
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        drop(turn);
        Ok(noted == 1)
    }
}

/// What is as old at a moment has lasted longer than it may.
fn expired(now: Timestamp, lasts: Duration) -> i64 {
    let lasts = i64::try_from(lasts.as_micros()).unwrap_or(i64::MAX);
    now.as_microsecond().saturating_sub(lasts)
}

/// By what a link is remembered: of the one writing that is accepted, as releases before noted it, since both may run while one takes the
/// place of the other.
fn link_hash(signature: &[u8]) -> Vec<u8> {
    Sha256::digest(hex::encode(signature)).to_vec()
}

/// What is sealed of a link that is shown: which, of whom, in which browser, and when.
fn shown(link: &GoodLink, browser: &Token, shown_at_us: i64) -> Columns {
    Columns::of(Purpose::ShownLink)
        .bytes(&link.signature)
        .text(link.member.as_str())
        .bytes(&browser.hash())
        .number(shown_at_us)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    async fn sign_ins(directory: &tempfile::TempDir) -> SignIns {
        let url = format!("sqlite:{}", directory.path().join("sign-ins.db").display());
        let programs = crate::service::programs(None).unwrap();
        let service = Service::open(&url, programs, crate::ClockSetting::System);
        SignIns::new(&service.await.unwrap())
    }

    fn pending() -> Pending {
        Pending {
            via: "society".to_owned(),
            nonce: "n".to_owned(),
            verifier: "v".to_owned(),
            goes_to: "/".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_sign_in_is_ended_once_by_the_browser_that_began_it() {
        let directory = tempfile::tempdir().unwrap();
        let sign_ins = sign_ins(&directory).await;
        let now = Timestamp::now();
        let (state, browser) = (Token::random(), Token::random());
        let pending = pending();
        let begun = sign_ins.begin(&state, &browser, &pending, now);
        begun.await.unwrap();
        let take = |via, state, browser, at| sign_ins.take(via, state, browser, at);
        let (stranger, other) = (Token::random(), Token::random());
        assert_eq!(take("society", &state, &stranger, now).await.unwrap(), None);
        assert_eq!(take("society", &other, &browser, now).await.unwrap(), None);
        assert_eq!(take("umin", &state, &browser, now).await.unwrap(), None);
        let taken = take("society", &state, &browser, now).await.unwrap();
        assert_eq!(taken, Some(pending));
        assert_eq!(take("society", &state, &browser, now).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_sign_in_that_takes_too_long_begins_anew() {
        let directory = tempfile::tempdir().unwrap();
        let sign_ins = sign_ins(&directory).await;
        let now = Timestamp::now();
        let (state, browser) = (Token::random(), Token::random());
        let pending = pending();
        let begun = sign_ins.begin(&state, &browser, &pending, now);
        begun.await.unwrap();
        let later = now + 11.minutes();
        let taken = sign_ins.take("society", &state, &browser, later).await;
        assert_eq!(taken.unwrap(), None);
    }

    #[tokio::test]
    async fn sign_ins_of_one_browser_live_side_by_side() {
        let directory = tempfile::tempdir().unwrap();
        let sign_ins = sign_ins(&directory).await;
        let now = Timestamp::now();
        let browser = Token::random();
        let states = [Token::random(), Token::random(), Token::random()];
        let wanted = pending();
        for state in &states {
            let begun = sign_ins.begin(state, &browser, &wanted, now);
            begun.await.unwrap();
        }
        for state in states.iter().rev() {
            let taken = sign_ins.take("society", state, &browser, now).await;
            assert_eq!(taken.unwrap().as_ref(), Some(&wanted));
        }
    }

    #[tokio::test]
    async fn a_link_that_is_shown_is_of_its_browser_its_member_and_ten_minutes() {
        let directory = tempfile::tempdir().unwrap();
        let sign_ins = sign_ins(&directory).await;
        let now = Timestamp::now();
        let (browser, other) = (Token::random(), Token::random());
        let link = GoodLink {
            member: MemberNumber::parse("9000001").unwrap(),
            signature: vec![7; 32],
        };
        let state = sign_ins.show(&link, &browser, now);
        for minutes in [0, 9] {
            let pressed = sign_ins.shown(&state, &browser, now + minutes.minutes());
            assert_eq!(pressed.as_ref(), Some(&link));
        }
        assert_eq!(sign_ins.shown(&state, &other, now), None);
        assert_eq!(sign_ins.shown(&state, &browser, now + 10.minutes()), None);
        let parts: Vec<&str> = state.split('.').collect();
        let later = (now + 1.second()).as_microsecond().to_string();
        let another = "08".repeat(32);
        for (place, changed) in [
            (0, later.as_str()),
            (1, &another),
            (2, "9000002"),
            (3, &another),
            (3, ""),
        ] {
            let mut parts = parts.clone();
            parts[place] = changed;
            let state = parts.join(".");
            assert_eq!(sign_ins.shown(&state, &browser, now), None, "{state}");
        }
        for state in ["", "...", "1.2.3", "1.zz.9000001.00"] {
            assert_eq!(sign_ins.shown(state, &browser, now), None, "{state}");
        }
    }

    #[tokio::test]
    async fn a_link_is_used_once() {
        let directory = tempfile::tempdir().unwrap();
        let sign_ins = sign_ins(&directory).await;
        let now = Timestamp::now();
        assert!(!sign_ins.is_used(b"one").await.unwrap());
        assert!(sign_ins.use_link(b"one", now).await.unwrap());
        assert!(sign_ins.is_used(b"one").await.unwrap());
        assert!(sign_ins.use_link(b"two", now + 11.minutes()).await.unwrap());
        // A page that was shown before the first press can still be there.
        assert!(!sign_ins.use_link(b"one", now + 11.minutes()).await.unwrap());
    }
}
