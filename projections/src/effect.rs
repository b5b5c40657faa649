//! Durable followers of the log whose effect is commands.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use eventstore::{Database, EventLog, RecordedEvent, on_database, write_in_turn};
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::error::{BoxError, Error, Result};
use crate::runner::{Attempt, Keeper, TRIES, pause_after, told};

/// How long after the death of its holder an effect is taken over.
const LEASE: Duration = Duration::from_secs(5);

/// Events handed over at once.
const BATCH: u32 = 200;

/// How often a failed effect is tried again: most likely what it needs was missing.
const FAILED_PAUSE: Duration = Duration::from_secs(30);

/// Something that is to happen because of events: commands to other aggregates, mail. Every event is handed over **at
/// least once**, in order, by one node at a time; after a crash or a failure a batch comes again, so what is done must be
/// safe to repeat (a command id derived from the event makes it so).
pub trait Effect: Send + Sync + 'static {
    /// Its name in the database and in metrics.
    const NAME: &'static str;

    /// Does what is to be done for these events, of all streams. The checkpoint is written after it succeeds.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from doing so: the batch comes again. The text of the error is logged and stored, so it must not
    /// carry personal data.
    fn handle(&self, events: &[RecordedEvent])
    -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// An effect as this node keeps it.
pub(crate) struct EffectKeeper<E> {
    effect: Arc<E>,
    /// This node, in the lease.
    holder: String,
    prepared: bool,
    failures: u32,
}

impl<E: Effect> EffectKeeper<E> {
    pub(crate) fn new(effect: Arc<E>) -> Self {
        Self {
            effect,
            holder: Uuid::new_v4().to_string(),
            prepared: false,
            failures: 0,
        }
    }

    async fn next(&mut self, log: &EventLog, upto: i64) -> Attempt {
        match self.batch(log, upto).await {
            Ok(attempt) => {
                if matches!(attempt, Attempt::Progress) {
                    self.failures = 0;
                }
                attempt
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                if self.failures < TRIES || error.passes_with_time() {
                    return Attempt::Retry(error, pause_after(self.failures));
                }
                let reason = told(&error);
                if self.failures == TRIES {
                    tracing::error!(projection = E::NAME, reason, "an effect has failed");
                }
                if let Err(error) = self.mark_failed(log, &reason).await {
                    return Attempt::Retry(error, pause_after(self.failures));
                }
                Attempt::Retry(error, FAILED_PAUSE)
            }
        }
    }

    async fn batch(&mut self, log: &EventLog, upto: i64) -> Result<Attempt> {
        if !self.prepared {
            self.prepare(log).await?;
            self.prepared = true;
        }
        let checkpoint = self.checkpoint(log.database()).await?;
        if checkpoint >= upto {
            return Ok(Attempt::Idle);
        }
        let events = log.feed(checkpoint, BATCH).await?;
        let Some(last) = events.last().map(|event| event.global_seq) else {
            return Ok(Attempt::Idle);
        };
        if !self.take_lease(log, checkpoint).await? {
            return Ok(Attempt::Busy);
        }
        let handled = self.effect.handle(&events);
        tokio::pin!(handled);
        let outcome = loop {
            tokio::select! {
                outcome = &mut handled => break outcome,
                () = tokio::time::sleep(LEASE / 3) => {
                    if !self.take_lease(log, checkpoint).await? {
                        return Ok(Attempt::Busy);
                    }
                }
            }
        };
        let to = if outcome.is_ok() { last } else { checkpoint };
        self.release(log, checkpoint, to).await?;
        outcome.map_err(Error::Effect)?;
        Ok(Attempt::Progress)
    }

    async fn prepare(&self, log: &EventLog) -> Result<()> {
        write_in_turn!(log, pool => {
            sqlx::query("INSERT INTO effects (name) VALUES ($1) ON CONFLICT DO NOTHING")
                .bind(E::NAME)
                .execute(pool)
                .await
                .map(drop)
        })
        .map_err(Error::while_("preparing an effect"))
    }

    async fn checkpoint(&self, database: &Database) -> Result<i64> {
        on_database!(database, pool => {
            sqlx::query_scalar("SELECT checkpoint FROM effects WHERE name = $1")
                .bind(E::NAME)
                .fetch_one(pool)
                .await
        })
        .map_err(Error::while_("looking up an effect"))
    }

    /// Takes or prolongs the lease; false when another node has it or has handled the batch.
    async fn take_lease(&self, log: &EventLog, checkpoint: i64) -> Result<bool> {
        let now = log.database().clock();
        let statement = format!(
            "UPDATE effects SET holder = $1, leased_until_us = {now} + $2
              WHERE name = $3 AND checkpoint = $4 AND (holder = $1 OR leased_until_us < {now})"
        );
        let lease_us = i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX);
        let taken: u64 = write_in_turn!(log, pool => {
            sqlx::query(&statement)
                .bind(&self.holder)
                .bind(lease_us)
                .bind(E::NAME)
                .bind(checkpoint)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })
        .map_err(Error::while_("taking the lease of an effect"))?;
        Ok(taken == 1)
    }

    /// Moves the checkpoint and gives the lease back, if this node still has it.
    async fn release(&self, log: &EventLog, from: i64, to: i64) -> Result<()> {
        write_in_turn!(log, pool => {
            sqlx::query(
                "UPDATE effects
                    SET checkpoint = $1, holder = NULL, leased_until_us = 0,
                        failed_seq = CASE WHEN checkpoint = $1 THEN failed_seq END,
                        failure = CASE WHEN checkpoint = $1 THEN failure END
                  WHERE name = $2 AND holder = $3 AND checkpoint = $4",
            )
            .bind(to)
            .bind(E::NAME)
            .bind(&self.holder)
            .bind(from)
            .execute(pool)
            .await
            .map(drop)
        })
        .map_err(Error::while_("moving the checkpoint of an effect"))
    }

    async fn mark_failed(&self, log: &EventLog, reason: &str) -> Result<()> {
        write_in_turn!(log, pool => {
            sqlx::query("UPDATE effects SET failed_seq = checkpoint + 1, failure = $1 WHERE name = $2")
                .bind(reason)
                .bind(E::NAME)
                .execute(pool)
                .await
                .map(drop)
        })
        .map_err(Error::while_("writing down a failure"))
    }
}

impl<E: Effect> Keeper for EffectKeeper<E> {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn attempt<'a>(&'a mut self, log: &'a EventLog, upto: i64) -> BoxFuture<'a, Attempt> {
        Box::pin(self.next(log, upto))
    }
}
