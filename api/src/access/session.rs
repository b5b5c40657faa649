//! Sessions: a random token in the person's cookie, its hash in the database. Real time, never the demonstration's.

use std::time::Duration;

use domain::{Actor, Role};
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    AccessError, Duties, Principal,
    accounts::{account, is_staff, note_sign_in},
    keys::{Columns, Purpose},
};
use crate::service::Service;

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimes {
    /// A session that nobody used for so long has ended.
    pub idle: Duration,
    /// However much it is used, a session ends after so long.
    pub absolute: Duration,
}

impl Default for SessionTimes {
    /// 60 minutes and 12 hours (portal-ux D.3, 6).
    fn default() -> Self {
        Self {
            idle: Duration::from_hours(1),
            absolute: Duration::from_hours(12),
        }
    }
}

/// Using a session is noted once a minute: a write for each read would be a burden for nothing.
const NOTED: Duration = Duration::from_mins(1);

/// Whose a session was is remembered for so long after it has ended: a form that comes from it is kept for that account.
const REMEMBERED: Duration = Duration::from_hours(24);

/// Whether a text is hexadecimal as we write it. The same bytes in another writing (capital letters) would pass for another secret where
/// one is remembered as it was written.
pub(super) fn is_hexadecimal(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A secret that a cookie holds: 256 random bits, in hexadecimal.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one, from the system's random numbers.
    pub fn random() -> Self {
        Self(hex::encode(rand::random::<[u8; 32]>()))
    }

    /// The token of a cookie; `None` for what was never one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 64 && is_hexadecimal(text)).then(|| Self(text.to_owned()))
    }

    /// What goes into the cookie.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What goes into the database.
    pub(super) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }
}

/// A session that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// Whose.
    pub principal: Principal,
    /// How: `demo`, `handover`, or the key of an issuer.
    pub via: String,
    /// Kind of browser and system.
    pub browser: String,
}

impl Beginning {
    /// In a browser that says so of itself.
    pub fn new(principal: Principal, via: &str, user_agent: &str) -> Self {
        Self {
            principal,
            via: via.to_owned(),
            browser: browser_words(user_agent),
        }
    }
}

/// A session as it is shown to whom it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSession {
    /// What it is called.
    pub id: Uuid,
    /// How it began.
    pub via: String,
    /// Kind of browser and system.
    pub browser: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was used last, to the minute.
    pub seen_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// The table of sessions. A row that this service did not write counts as not there.
#[derive(Clone)]
pub struct Sessions {
    service: Service,
    times: SessionTimes,
}

#[derive(sqlx::FromRow)]
struct Row {
    token_hash: Vec<u8>,
    id: String,
    role: String,
    actor_id: String,
    duties: String,
    via: String,
    browser: String,
    created_at_us: i64,
    seen_at_us: i64,
    /// Number of the sign-in in the account's stream; 0 of members.
    sign_in: i64,
    seal: Vec<u8>,
}

const COLUMNS: &str = "token_hash, id, role, actor_id, duties, via, browser, created_at_us, seen_at_us, sign_in, seal";

impl Row {
    fn columns(&self) -> Columns {
        Columns::of(Purpose::Session)
            .bytes(&self.token_hash)
            .text(&self.id)
            .text(&self.role)
            .text(&self.actor_id)
            .text(&self.duties)
            .text(&self.via)
            .text(&self.browser)
            .number(self.created_at_us)
            .number(self.sign_in)
    }
}

impl Sessions {
    /// In the database of the service.
    pub fn new(service: &Service, times: SessionTimes) -> Self {
        Self {
            service: service.clone(),
            times,
        }
    }

    fn log(&self) -> &EventLog {
        &self.service.log
    }

    /// Begins a session, and clears away those that have ended. Of staff it stands in the log before the token is given out. Sessions of the
    /// same account with another role or other duties end: what somebody may do no more is not done in an older window either. The
    /// demonstration's staff is one account in every role.
    ///
    /// # Errors
    /// The database; the log.
    pub async fn begin(&self, beginning: &Beginning, now: Timestamp) -> Result<Token, AccessError> {
        let token = Token::random();
        let Beginning {
            principal,
            via,
            browser,
        } = beginning;
        let sign_in = if is_staff(principal.actor.role) {
            note_sign_in(&self.service, principal, via).await?
        } else {
            0
        };
        let mut row = Row {
            token_hash: token.hash(),
            id: Uuid::new_v4().to_string(),
            role: principal.actor.role.as_str().to_owned(),
            actor_id: principal.actor.id.clone(),
            duties: principal.duties.to_string(),
            via: via.clone(),
            browser: browser.clone(),
            created_at_us: now.as_microsecond(),
            seen_at_us: now.as_microsecond(),
            sign_in,
            seal: Vec::new(),
        };
        row.seal = self.service.keys.seal(&row.columns());
        let turn = self.log().write_turn().await?;
        on_database!(self.log().database(), pool => {
            sqlx::query(
                "DELETE FROM sessions WHERE created_at_us <= $1 OR seen_at_us <= $2
                    OR (actor_id = $3 AND ((role = $4 AND duties <> $5)
                        OR (role <> $4 AND role <> 'member' AND $4 <> 'member' AND via = $6 AND via <> 'demo')))",
            )
                .bind(before(now, self.times.absolute + REMEMBERED))
                .bind(before(now, self.times.idle + REMEMBERED))
                .bind(&row.actor_id)
                .bind(&row.role)
                .bind(&row.duties)
                .bind(&row.via)
                .execute(pool)
                .await
                .map(drop)
        })?;
        on_database!(self.log().database(), pool => {
            sqlx::query(&format!(
                "INSERT INTO sessions ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
            ))
                .bind(&row.token_hash)
                .bind(&row.id)
                .bind(&row.role)
                .bind(&row.actor_id)
                .bind(&row.duties)
                .bind(&row.via)
                .bind(&row.browser)
                .bind(row.created_at_us)
                .bind(row.seen_at_us)
                .bind(row.sign_in)
                .bind(&row.seal)
                .execute(pool)
                .await
                .map(drop)
        })?;
        drop(turn);
        Ok(token)
    }

    /// The row of a token, if this service wrote it.
    async fn row(&self, token: &Token) -> Result<Option<Row>, sqlx::Error> {
        let found: Option<Row> = on_database!(self.log().database(), pool => {
            sqlx::query_as(&format!("SELECT {COLUMNS} FROM sessions WHERE token_hash = $1"))
                .bind(token.hash())
                .fetch_optional(pool)
                .await
        })?;
        Ok(found.filter(|row| self.service.keys.fits(&row.columns(), &row.seal)))
    }

    /// Whose session it is, if it has not ended. Being asked counts as use.
    ///
    /// # Errors
    /// The database; the log.
    pub async fn find(
        &self,
        token: &Token,
        now: Timestamp,
    ) -> Result<Option<Principal>, AccessError> {
        let Some(row) = self.row(token).await? else {
            return Ok(None);
        };
        let Some(role) = role_named(&row.role) else {
            return Ok(None);
        };
        if !self.runs(row.created_at_us, row.seen_at_us, now) {
            return Ok(None);
        }
        // Its row may have been put back after all access of the account was ended.
        if is_staff(role)
            && !account(&self.service, &row.actor_id)
                .await?
                .goes_on_since(row.sign_in)
        {
            return Ok(None);
        }
        if row.seen_at_us <= before(now, NOTED) {
            let (log, hash) = (self.log().clone(), row.token_hash.clone());
            note_use(self.log(), async move {
                write_in_turn!(log, pool => {
                    sqlx::query("UPDATE sessions SET seen_at_us = $2 WHERE token_hash = $1 AND seen_at_us < $2")
                        .bind(&hash)
                        .bind(now.as_microsecond())
                        .execute(pool)
                        .await
                        .map(drop)
                })
            })
            .await;
        }
        let duties = Duties::parse(&row.duties);
        Ok(Some(Principal::of(role, row.actor_id, duties)))
    }

    /// Whose session it is or was, also when it has ended by itself a while ago. This lets nobody in.
    ///
    /// # Errors
    /// The database.
    pub async fn owner(&self, token: &Token) -> Result<Option<Actor>, sqlx::Error> {
        let row = self.row(token).await?;
        Ok(row.and_then(|row| {
            role_named(&row.role).map(|role| Actor {
                role,
                id: row.actor_id,
            })
        }))
    }

    fn runs(&self, created: i64, seen: i64, now: Timestamp) -> bool {
        created > before(now, self.times.absolute) && seen > before(now, self.times.idle)
    }

    /// The sessions of somebody that have not ended, the latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn list(
        &self,
        actor: &Actor,
        current: Option<&Token>,
        now: Timestamp,
    ) -> Result<Vec<ListedSession>, sqlx::Error> {
        let rows: Vec<Row> = on_database!(self.log().database(), pool => {
            sqlx::query_as(&format!(
                "SELECT {COLUMNS} FROM sessions WHERE role = $1 AND actor_id = $2 ORDER BY created_at_us DESC, id"
            ))
                .bind(actor.role.as_str())
                .bind(&actor.id)
                .fetch_all(pool)
                .await
        })?;
        let own = current.map(Token::hash);
        let decode = |error: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(error);
        rows.into_iter()
            .filter(|row| self.runs(row.created_at_us, row.seen_at_us, now))
            .filter(|row| self.service.keys.knows(&row.columns(), &row.seal))
            .map(|row| {
                Ok(ListedSession {
                    id: Uuid::parse_str(&row.id).map_err(|error| decode(error.into()))?,
                    via: row.via,
                    browser: row.browser,
                    began_at: Timestamp::from_microsecond(row.created_at_us)
                        .map_err(|error| decode(error.into()))?,
                    seen_at: Timestamp::from_microsecond(row.seen_at_us)
                        .map_err(|error| decode(error.into()))?,
                    current: own.as_ref() == Some(&row.token_hash),
                })
            })
            .collect()
    }

    /// Forgets the sessions of an account of staff that began before this event of its stream; says how many there were.
    pub(super) async fn forget_before(
        service: &Service,
        account: &str,
        event: i64,
    ) -> Result<u64, sqlx::Error> {
        write_in_turn!(service.log, pool => {
            sqlx::query("DELETE FROM sessions WHERE actor_id = $1 AND role <> 'member' AND sign_in < $2")
                .bind(account)
                .bind(event)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The database.
    pub async fn end(&self, token: &Token) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log(), pool => {
            sqlx::query("DELETE FROM sessions WHERE token_hash = $1")
                .bind(token.hash())
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Ends a session of somebody by what it is called; nothing happens when it is not theirs.
    ///
    /// # Errors
    /// The database.
    pub async fn end_one(&self, actor: &Actor, id: Uuid) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log(), pool => {
            sqlx::query("DELETE FROM sessions WHERE role = $1 AND actor_id = $2 AND id = $3")
                .bind(actor.role.as_str())
                .bind(&actor.id)
                .bind(id.to_string())
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Ends every session of somebody; says how many there were.
    ///
    /// # Errors
    /// The database.
    pub async fn end_all(&self, actor: &Actor) -> Result<u64, sqlx::Error> {
        let ended = write_in_turn!(self.log(), pool => {
            sqlx::query("DELETE FROM sessions WHERE role = $1 AND actor_id = $2")
                .bind(actor.role.as_str())
                .bind(&actor.id)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(ended)
    }

    /// How long the cookie is good for at most, in seconds.
    pub const fn max_age_seconds(&self) -> u64 {
        self.times.absolute.as_secs()
    }
}

/// Notes that something was used. While nothing can be written, what may be read is read all the same: it is not waited for long.
pub(super) async fn note_use(
    log: &EventLog,
    write: impl Future<Output = Result<(), sqlx::Error>> + Send + 'static,
) {
    const PATIENCE: Duration = Duration::from_millis(250);
    let noting = log.tasks().spawn(async move {
        if let Err(error) = write.await {
            tracing::warn!(%error, "a use could not be noted");
        }
    });
    let _noted_or_later = tokio::time::timeout(PATIENCE, noting).await;
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

/// A browser in two words, from what it says of itself: enough to know one's own again, and no more.
fn browser_words(user_agent: &str) -> String {
    let among = |known: &[(&str, &'static str)], otherwise| {
        known
            .iter()
            .find(|(sign, _)| user_agent.contains(sign))
            .map_or(otherwise, |(_, word)| *word)
    };
    // Each says that it is the ones below it too.
    let browser = among(
        &[
            ("Edg/", "Edge"),
            ("Firefox/", "Firefox"),
            ("CriOS/", "Chrome"),
            ("Chrome/", "Chrome"),
            ("Safari/", "Safari"),
        ],
        "その他",
    );
    let system = among(
        &[
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Android", "Android"),
            ("Windows", "Windows"),
            ("Mac OS X", "Mac"),
            ("Linux", "Linux"),
        ],
        "その他",
    );
    format!("{browser} / {system}")
}

#[cfg(test)]
mod tests {
    use eventstore::Database;
    use jiff::{SignedDuration, ToSpan as _};

    use super::*;
    use crate::access::Duty;

    async fn sessions(directory: &tempfile::TempDir) -> Sessions {
        let url = format!("sqlite:{}", directory.path().join("sessions.db").display());
        let programs = crate::service::programs(None).unwrap();
        let service = Service::open(&url, programs, crate::ClockSetting::System);
        Sessions::new(&service.await.unwrap(), SessionTimes::default())
    }

    fn member() -> Principal {
        Principal::of(Role::Member, "9000001", Duties::NONE)
    }

    fn clerk(duties: &str) -> Principal {
        Principal::of(Role::Secretariat, "clerk", Duties::parse(duties))
    }

    async fn begin(sessions: &Sessions, principal: Principal, now: Timestamp) -> Token {
        let beginning = Beginning::new(principal, "society", "");
        sessions.begin(&beginning, now).await.unwrap()
    }

    #[tokio::test]
    async fn a_session_is_found_by_its_token_until_it_is_ended() {
        let directory = tempfile::tempdir().unwrap();
        let sessions = sessions(&directory).await;
        let now = Timestamp::now();
        let token = begin(&sessions, member(), now).await;
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
        let token = begin(&sessions, member(), start).await;
        let later = start + 59.minutes();
        assert!(sessions.find(&token, later).await.unwrap().is_some());
        let found = sessions.find(&token, later + 59.minutes()).await.unwrap();
        assert!(found.is_some());
        let found = sessions.find(&token, later + 119.minutes()).await.unwrap();
        assert!(found.is_none());
    }

    #[tokio::test]
    async fn a_session_ends_after_twelve_hours_however_much_it_is_used() {
        let directory = tempfile::tempdir().unwrap();
        let sessions = sessions(&directory).await;
        let start = Timestamp::now();
        let token = begin(&sessions, member(), start).await;
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
        let token = begin(&sessions, member(), Timestamp::now()).await;
        let Database::Sqlite(pool) = sessions.log().database() else {
            unreachable!("the test opened SQLite")
        };
        let (hash,): (Vec<u8>,) = sqlx::query_as("SELECT token_hash FROM sessions")
            .fetch_one(pool)
            .await
            .unwrap();
        assert_eq!(hash, token.hash());
        assert_ne!(hex::encode(hash), token.as_str());
    }

    #[tokio::test]
    async fn sessions_are_listed_and_ended_by_whom_they_belong_to() {
        let directory = tempfile::tempdir().unwrap();
        let sessions = sessions(&directory).await;
        let start = Timestamp::now();
        let first = begin(&sessions, member(), start).await;
        let second = begin(&sessions, member(), start + 1.minutes()).await;
        let other = Principal::of(Role::Member, "9000002", Duties::NONE);
        let stranger = begin(&sessions, other.clone(), start).await;
        let now = start + 2.minutes();
        let list = sessions
            .list(&member().actor, Some(&first), now)
            .await
            .unwrap();
        let current: Vec<_> = list.iter().map(|one| one.current).collect();
        assert_eq!(current, [false, true]);

        // Not by somebody else.
        sessions.end_one(&other.actor, list[0].id).await.unwrap();
        assert!(sessions.find(&second, now).await.unwrap().is_some());
        sessions.end_one(&member().actor, list[0].id).await.unwrap();
        assert!(sessions.find(&second, now).await.unwrap().is_none());
        assert_eq!(sessions.end_all(&member().actor).await.unwrap(), 1);
        assert!(sessions.find(&first, now).await.unwrap().is_none());
        assert!(sessions.find(&stranger, now).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn older_sessions_end_when_an_account_comes_with_other_duties_or_another_role() {
        let directory = tempfile::tempdir().unwrap();
        let sessions = sessions(&directory).await;
        let now = Timestamp::now();
        let powerful = begin(&sessions, clerk("view decide administer"), now).await;
        let same = begin(&sessions, clerk("view decide administer"), now).await;
        assert!(sessions.find(&powerful, now).await.unwrap().is_some());
        let restricted = begin(&sessions, clerk("view"), now).await;
        for ended in [&powerful, &same] {
            assert!(sessions.find(ended, now).await.unwrap().is_none());
        }
        let found = sessions.find(&restricted, now).await.unwrap().unwrap();
        assert!(!found.duties.include(Duty::Decide));
        let reporter = Principal::of(Role::Reporter, "clerk", Duties::NONE);
        begin(&sessions, reporter, now).await;
        assert!(sessions.find(&restricted, now).await.unwrap().is_none());
        // A member with the same number as an account is another person.
        let member = begin(
            &sessions,
            Principal::of(Role::Member, "clerk", Duties::NONE),
            now,
        )
        .await;
        begin(&sessions, clerk("view"), now).await;
        assert!(sessions.find(&member, now).await.unwrap().is_some());
    }

    #[test]
    fn a_browser_is_known_again_by_two_words() {
        for (said, words) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge / Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari / iPhone",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
                "Firefox / Linux",
            ),
            ("curl/8", "その他 / その他"),
        ] {
            assert_eq!(browser_words(said), words);
        }
    }

    #[test]
    fn only_what_could_be_ours_is_a_token() {
        assert!(Token::parse(&"a".repeat(64)).is_some());
        for text in ["", "a", &"g".repeat(64), &"A".repeat(64), &"a".repeat(65)] {
            assert!(Token::parse(text).is_none());
        }
    }
}
