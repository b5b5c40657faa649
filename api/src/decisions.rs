//! How much one account decides alone: 判定 is counted over the last 24 hours, and beyond that number a second person is asked.
//!
//! A place is taken before the act is done and given back when it was refused. Of one account they are taken one after the other, on the
//! account's row, so that many requests at once, on whatever nodes, do not take more places than there are.
//!
//! Each attempt has a place of its own, and gives back no other: requests at once under one idempotency key, of which one is refused, would
//! else leave the one that is done without any. Attempts at the same command count once, as it is done once: who presses twice takes one.

use std::num::NonZeroU32;

use domain::{Actor, Role};
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// Over which time it is counted.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// 判定 of one account in a day without a second person, when nothing is configured.
pub const DECISIONS_A_DAY: u32 = 20;

/// What the operator says of 判定.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deciding {
    /// How many acts of 判定 one account does alone in 24 hours; beyond, each waits for a second person.
    pub a_day: NonZeroU32,
    /// 単独: the account of the only person who holds 判定. What needs a second person waits a day instead.
    pub sole: Option<String>,
}

impl Deciding {
    /// Whether the operator names this account as the only one that decides.
    pub fn is_sole(&self, actor: &Actor) -> bool {
        actor.role == Role::Secretariat && self.sole.as_deref() == Some(actor.id.as_str())
    }
}

impl Default for Deciding {
    fn default() -> Self {
        Self {
            a_day: NonZeroU32::new(DECISIONS_A_DAY).unwrap_or(NonZeroU32::MIN),
            sole: None,
        }
    }
}

/// A place that an attempt at a decision has taken.
#[derive(Debug)]
pub(crate) struct Place(Uuid);

/// Role and account for which a decision counts: of a token, who made it.
pub(crate) fn account(actor: &Actor, counts_for: Option<&str>) -> String {
    counts_for.map_or_else(|| actor.label(), str::to_owned)
}

/// From when on decisions count.
fn since(now: Timestamp) -> i64 {
    now.saturating_sub(DAY)
        .unwrap_or(Timestamp::MIN)
        .as_microsecond()
}

/// Asks for a place for an attempt at a command of an account; `None` when there is none left.
///
/// # Errors
/// The database; then it is not done.
pub(crate) async fn take(
    log: &EventLog,
    account: &str,
    command: Uuid,
    now: Timestamp,
    limit: NonZeroU32,
) -> Result<Option<Place>, sqlx::Error> {
    let attempt = Uuid::new_v4();
    write_in_turn!(log, pool => {
        async {
            let mut transaction = pool.begin().await?;
            // Whoever else asks for the same account waits here until this is committed, and counts it then.
            sqlx::query(
                "INSERT INTO decision_accounts (account) VALUES ($1)
                 ON CONFLICT (account) DO UPDATE SET account = excluded.account",
            )
            .bind(account)
            .execute(&mut *transaction)
            .await?;
            sqlx::query("DELETE FROM decision_attempts WHERE account = $1 AND decided_at_us <= $2")
                .bind(account)
                .bind(since(now))
                .execute(&mut *transaction)
                .await?;
            sqlx::query(
                "INSERT INTO decision_attempts (attempt, command_id, account, decided_at_us) VALUES ($1, $2, $3, $4)",
            )
            .bind(attempt.to_string())
            .bind(command.to_string())
            .bind(account)
            .bind(now.as_microsecond())
            .execute(&mut *transaction)
            .await?;
            let count: i64 = sqlx::query_scalar(
                "SELECT COUNT(DISTINCT command_id) FROM decision_attempts WHERE account = $1",
            )
            .bind(account)
            .fetch_one(&mut *transaction)
            .await?;
            if count > i64::from(limit.get()) {
                transaction.rollback().await?;
                return Ok(None);
            }
            transaction.commit().await?;
            Ok(Some(Place(attempt)))
        }
        .await
    })
}

/// Gives a place back: what was refused, changed nothing, or was done by another attempt is no decision.
///
/// # Errors
/// The database; then the place stays taken for a day.
pub(crate) async fn give_back(log: &EventLog, Place(attempt): Place) -> Result<(), sqlx::Error> {
    write_in_turn!(log, pool => {
        sqlx::query("DELETE FROM decision_attempts WHERE attempt = $1")
            .bind(attempt.to_string())
            .execute(pool)
            .await
            .map(drop)
    })
}

/// How many places an account has left.
///
/// # Errors
/// The database.
pub(crate) async fn left(
    log: &EventLog,
    account: &str,
    now: Timestamp,
    limit: NonZeroU32,
) -> Result<u32, sqlx::Error> {
    let count: i64 = on_database!(log.database(), pool => {
        sqlx::query_scalar(
            "SELECT COUNT(DISTINCT command_id) FROM decision_attempts WHERE account = $1 AND decided_at_us > $2",
        )
        .bind(account)
        .bind(since(now))
        .fetch_one(pool)
        .await
    })?;
    Ok(limit
        .get()
        .saturating_sub(u32::try_from(count).unwrap_or(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{ClockSetting, DEMONSTRATION_START},
        service::{Service, programs},
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn an_attempt_gives_back_its_own_place_only_and_attempts_at_one_command_count_once() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        let clock = ClockSetting::Demonstration {
            earliest: DEMONSTRATION_START,
        };
        let service = Service::open(&url, programs(None).unwrap(), clock);
        let log = service.await.unwrap().log;
        let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
        let asked = async |account: &str, command| {
            let limit = NonZeroU32::MIN;
            let taken = take(&log, account, command, DEMONSTRATION_START, limit).await;
            taken.unwrap()
        };
        let refused = asked("secretariat:a", first).await.unwrap();
        let done = asked("secretariat:a", first).await.unwrap();
        assert!(asked("secretariat:a", second).await.is_none());
        // Whatever the refused one gives back, the other one is still counted.
        give_back(&log, refused).await.unwrap();
        assert!(asked("secretariat:a", second).await.is_none());
        assert!(asked("secretariat:b", second).await.is_some());
        give_back(&log, done).await.unwrap();
        assert!(asked("secretariat:a", second).await.is_some());
    }
}
