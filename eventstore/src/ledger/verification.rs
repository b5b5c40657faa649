//! The verification that a running service does by itself, a slice at a time, for ever.
//!
//! Two things are verified in turn. **What is recent**: from the last anchor but one, so yesterday whole, up to the end of the ledger.
//! It begins at a hash that lies outside the database and goes by the memory of the process alone, so nothing in the database can keep
//! it from being done. **All of it**, in passes: the nodes share one row that says how far the pass under way has come, and whoever has
//! the lease does the next slice. A node that is killed loses a slice at most. The row lies in the database and may be forged: then a
//! part is left out of this pass, and the next begins at 1.
//!
//! A slice is one statement that reads, and holds nothing: neither a lock nor a transaction. What is found is told once and stays told
//! until the same place has been found sound; the pass goes on behind it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::error::{Error, Stage};
use crate::hash::{Digest, GENESIS};
use crate::ledger::anchor::{Anchor, AnchorFlaw, AnchorProblem, Extent, check_chain};
use crate::ledger::anchor_file::Anchors;
use crate::ledger::verify::{Reason, beside_the_ledger, check, rows};
use crate::log::EventLog;
use crate::{on_database, write_in_turn};

/// How long after the death of its holder a slice is taken over. One takes a fraction of a second.
const LEASE_US: i64 = 5_000_000;

/// How often what is recent is verified.
const RECENT: Duration = Duration::from_hours(1);

/// A pass takes so long at most, however long the log is, as far as the machine can do it.
const PASS: Duration = Duration::from_hours(12);

/// How fast it goes: slices of so many events, with rests between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Events in a slice.
    pub slice: i64,
    /// The rest between two slices of a pass, of all nodes together. Shorter where a pass would not end within twelve hours.
    pub rest: Duration,
}

impl Default for Pace {
    /// 1,000,000 events in less than nine hours.
    fn default() -> Self {
        Self {
            slice: 1_000,
            rest: Duration::from_secs(30),
        }
    }
}

impl Pace {
    /// The rest on a log of so many events.
    fn rest_on(&self, events: i64) -> Duration {
        let slices = u32::try_from(events / self.slice.max(1) + 1).unwrap_or(u32::MAX);
        self.rest.min(PASS / slices)
    }
}

/// Something that is not as it was recorded. Whose it is is not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The number of the ledger; `None` for what has none.
    pub global_seq: Option<i64>,
    /// What is wrong.
    pub what: String,
}

impl Finding {
    fn at(global_seq: i64, reason: Reason) -> Self {
        Self {
            global_seq: Some(global_seq),
            what: reason.to_string(),
        }
    }

    fn anchor(anchor: &Anchor, flaw: AnchorFlaw) -> Self {
        let problem = AnchorProblem {
            line: 0,
            day: Some(anchor.day),
            flaw,
        };
        Self {
            global_seq: Some(anchor.last),
            what: problem.to_string(),
        }
    }
}

/// A part of the ledger that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// The number before its first.
    pub after: i64,
    /// Its last number.
    pub through: i64,
    /// Of what is recent, and not of the pass.
    pub recent: bool,
    /// How many passes were complete before.
    pub pass: i64,
    /// What was found for the first time by this process.
    pub new: Vec<Finding>,
    /// With it a pass was complete.
    pub complete: bool,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A slice was verified; the next may follow after this rest.
    Verified(Slice, Duration),
    /// Another node is at it, or nothing is due yet.
    Waiting(Duration),
}

/// How far the services have come, as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The number up to which the pass under way has come.
    pub verified: i64,
    /// Passes that are complete.
    pub passes: i64,
    /// When the last one was, microseconds since 1970-01-01T00:00:00Z by the database's clock.
    pub completed_at_us: Option<i64>,
    /// What was found and is not known to be mended.
    pub found: Option<Finding>,
}

#[derive(Debug, Clone, Copy, sqlx::FromRow)]
struct Place {
    verified: i64,
    passes: i64,
    problems: i64,
    /// Microseconds until the next slice is due.
    due_in_us: i64,
    /// Microseconds for which somebody has the lease still.
    leased_for_us: i64,
}

/// What this process is at of the recent part.
#[derive(Debug, Clone, Copy)]
struct Recent {
    begun: Instant,
    /// Verified up to here; none when it is done.
    at: Option<i64>,
}

/// Verifies as one node of a service.
pub struct Verifier {
    log: EventLog,
    anchors: Option<Anchors>,
    pace: Pace,
    /// This process, in the lease.
    holder: String,
    recent: Option<Recent>,
    /// What this process has found and has not seen mended, by number and words.
    found: BTreeMap<(Option<i64>, String), Finding>,
}

impl Verifier {
    /// One that compares with the anchors of this node, if it keeps any.
    pub fn new(log: EventLog, anchors: Option<Anchors>, pace: Pace) -> Self {
        Self {
            log,
            anchors,
            pace,
            holder: Uuid::new_v4().to_string(),
            recent: None,
            found: BTreeMap::new(),
        }
    }

    /// Whether this process has found something that it has not seen mended.
    pub fn has_found(&self) -> bool {
        !self.found.is_empty()
    }

    /// Verifies the next slice, if it is this node's turn.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] or [`Error::AnchorFile`]: nothing was verified, and it is to be tried again.
    pub async fn step(&mut self) -> Result<Step, Error> {
        let place = self.place().await?;
        let recent_is_due = self
            .recent
            .is_none_or(|recent| recent.at.is_some() || recent.begun.elapsed() >= RECENT);
        let rest_us = micros(self.pace.rest);
        // A time that nobody of ours would write is forged, or of a clock that was set back.
        let due = !(1..=2 * rest_us).contains(&place.due_in_us);
        let leased = (1..=2 * LEASE_US).contains(&place.leased_for_us);
        if leased || !(recent_is_due || due) || !self.lease().await? {
            return Ok(Step::Waiting(self.pace.rest.min(Duration::from_secs(5))));
        }
        let anchors = match &self.anchors {
            None => Vec::new(),
            Some(anchors) => match anchors.read().await {
                Ok(anchors) => anchors,
                Err(Error::Anchor(problem)) => return self.unusable(problem).await,
                Err(error) => return Err(error),
            },
        };
        if let Err(problem) = check_chain(&anchors, Extent::Whole) {
            return self.unusable(problem).await;
        }
        if recent_is_due {
            self.recent_slice(&anchors, place.passes).await
        } else {
            // As it is under the lease.
            let place = self.place().await?;
            self.slice_of_the_pass(&anchors, place, Vec::new()).await
        }
    }

    /// The anchors of this node are no anchors: somebody had the file too. The ledger is verified without them.
    async fn unusable(&mut self, problem: AnchorProblem) -> Result<Step, Error> {
        let finding = Finding {
            global_seq: None,
            what: problem.to_string(),
        };
        let place = self.place().await?;
        self.slice_of_the_pass(&[], place, vec![finding]).await
    }

    async fn recent_slice(&mut self, anchors: &[Anchor], pass: i64) -> Result<Step, Error> {
        let (head, _) = self.head().await?;
        let began = match self.recent {
            Some(Recent { begun, at: Some(_) }) => begun,
            _ => Instant::now(),
        };
        let after = match (self.recent, anchors) {
            (Some(Recent { at: Some(at), .. }), _) if at <= head => at,
            (_, [.., before, _]) if before.last <= head => before.last,
            (_, [_, ..]) => 0,
            (_, []) => (head - self.pace.slice).max(0),
        };
        let through = head.min(after.saturating_add(self.pace.slice));
        let mut found = self.verify(anchors, after, through).await?;
        if let Some(anchor) = anchors.iter().find(|anchor| anchor.last > head) {
            found.push(Finding::anchor(anchor, AnchorFlaw::Short));
        }
        self.sound_again(after, through, &found);
        let new = self.note(found).await?;
        self.recent = Some(Recent {
            begun: began,
            at: (through < head).then_some(through),
        });
        write_in_turn!(self.log, pool => {
            sqlx::query("UPDATE log_verification SET holder = NULL, leased_until_us = 0 WHERE holder = $1")
                .bind(&self.holder)
                .execute(pool)
                .await
                .map(drop)
        })
        .map_err(Error::at(Stage::Verify))?;
        let slice = Slice {
            after,
            through,
            recent: true,
            pass,
            new,
            complete: false,
        };
        // Yesterday is not to wait for long.
        Ok(Step::Verified(
            slice,
            self.pace.rest.min(Duration::from_millis(200)),
        ))
    }

    /// `found`: what is known before a row was read.
    async fn slice_of_the_pass(
        &mut self,
        anchors: &[Anchor],
        place: Place,
        mut found: Vec<Finding>,
    ) -> Result<Step, Error> {
        let (head, head_hash) = self.head().await?;
        // No number that the ledger has: forged, or of a log that was longer.
        let after = if (0..=head).contains(&place.verified) {
            place.verified
        } else {
            0
        };
        let through = head.min(after.saturating_add(self.pace.slice));
        found.extend(self.verify(anchors, after, through).await?);
        let complete = through == head;
        if complete {
            if self.hash_at(head).await?.as_deref().unwrap_or(&GENESIS) != head_hash {
                found.push(Finding::at(head, Reason::Head));
            }
            if let Some(anchor) = anchors.iter().find(|anchor| anchor.last > head) {
                found.push(Finding::anchor(anchor, AnchorFlaw::Short));
            }
            let beside = beside_the_ledger(self.log.database()).await;
            found.extend(
                beside
                    .map_err(Error::at(Stage::Verify))?
                    .map(|problem| Finding {
                        global_seq: problem.global_seq,
                        what: problem.reason.to_string(),
                    }),
            );
            // Found beside the ledger, or in a part of it that is not there any more.
            self.found.retain(|(number, _), one| {
                number.is_some_and(|number| number <= head) || found.contains(one)
            });
        }
        self.sound_again(after, through, &found);
        let problems = place.problems + i64::try_from(found.len()).unwrap_or(i64::MAX);
        let new = self.note(found).await?;
        let rest = self.pace.rest_on(head);
        self.move_on(place, (through, complete, problems), rest)
            .await?;
        let slice = Slice {
            after,
            through,
            recent: false,
            pass: place.passes,
            new,
            complete,
        };
        Ok(Step::Verified(slice, rest))
    }

    /// What is wrong with the rows after one number up to another: at most the first, and with each anchor that ends there.
    async fn verify(
        &self,
        anchors: &[Anchor],
        after: i64,
        through: i64,
    ) -> Result<Vec<Finding>, Error> {
        let database = self.log.database();
        let anchored = anchors.iter().rev().find(|anchor| anchor.last == after);
        let mut previous = match anchored {
            // What lies outside the database, where it says something.
            Some(anchor) => anchor.ledger_hash.0,
            None if after == 0 => GENESIS,
            None => match self.hash_at(after).await? {
                Some(hash) => Digest::try_from(hash)
                    .map_err(|_| Error::Inconsistent("a chain hash is no SHA-256"))?,
                None => return Ok(vec![Finding::at(after, Reason::Gap)]),
            },
        };
        let mut found = Vec::new();
        let mut expected = after + 1;
        for row in rows(database, after, through, through - after).await? {
            if let Err((number, reason)) = check(&row, expected, &previous)
                && found.is_empty()
            {
                found.push(Finding::at(number, reason));
            }
            // Behind something that is wrong it goes on with what is there: there may be more.
            previous = Digest::try_from(row.chain_hash).unwrap_or(previous);
            expected = row.global_seq + 1;
            let differing = anchors
                .iter()
                .find(|anchor| anchor.last == row.global_seq && anchor.ledger_hash.0 != previous);
            found.extend(differing.map(|anchor| Finding::anchor(anchor, AnchorFlaw::LedgerHash)));
        }
        if expected <= through && found.is_empty() {
            found.push(Finding::at(expected, Reason::Gap));
        }
        Ok(found)
    }

    /// Forgets what was found where nothing is found now.
    fn sound_again(&mut self, after: i64, through: i64, found: &[Finding]) {
        self.found.retain(|(number, _), one| {
            let verified = number.is_some_and(|number| after < number && number <= through);
            !verified || found.contains(one)
        });
    }

    /// Writes down what was found, and says which of it this process had not found before.
    async fn note(&mut self, found: Vec<Finding>) -> Result<Vec<Finding>, Error> {
        let now = self.log.database().clock();
        let statement = format!(
            "UPDATE log_verification SET failed_seq = $1, failure = $2, found_at_us = {now} WHERE failure IS NULL"
        );
        for finding in &found {
            write_in_turn!(self.log, pool => {
                sqlx::query(&statement)
                    .bind(finding.global_seq)
                    .bind(&finding.what)
                    .execute(pool)
                    .await
                    .map(drop)
            })
            .map_err(Error::at(Stage::Verify))?;
        }
        let mut new = Vec::new();
        for finding in found {
            let key = (finding.global_seq, finding.what.clone());
            if self.found.insert(key, finding.clone()).is_none() {
                new.push(finding);
            }
        }
        Ok(new)
    }

    async fn move_on(
        &self,
        from: Place,
        (through, complete, problems): (i64, bool, i64),
        rest: Duration,
    ) -> Result<(), Error> {
        let now = self.log.database().clock();
        // What was found is forgotten by a pass that has found nothing.
        let statement = format!(
            "UPDATE log_verification
                SET verified = $1, passes = passes + $2, problems = $3,
                    completed_at_us = CASE WHEN $2 = 1 THEN {now} ELSE completed_at_us END,
                    failed_seq = CASE WHEN $4 = 1 THEN NULL ELSE failed_seq END,
                    failure = CASE WHEN $4 = 1 THEN NULL ELSE failure END,
                    found_at_us = CASE WHEN $4 = 1 THEN NULL ELSE found_at_us END,
                    holder = NULL, leased_until_us = 0, next_at_us = {now} + $5
              WHERE holder = $6 AND verified = $7 AND passes = $8"
        );
        let clean = complete && problems == 0;
        write_in_turn!(self.log, pool => {
            sqlx::query(&statement)
                .bind(if complete { 0 } else { through })
                .bind(i64::from(complete))
                .bind(if complete { 0 } else { problems })
                .bind(i64::from(clean))
                .bind(micros(rest))
                .bind(&self.holder)
                .bind(from.verified)
                .bind(from.passes)
                .execute(pool)
                .await
                .map(drop)
        })
        .map_err(Error::at(Stage::Verify))
    }

    async fn place(&self) -> Result<Place, Error> {
        let database = self.log.database();
        let now = database.clock();
        let statement = format!(
            "SELECT verified, passes, problems, next_at_us - {now} AS due_in_us,
                    CASE WHEN holder IS NULL OR holder = $1 THEN 0 ELSE leased_until_us - {now} END AS leased_for_us
               FROM log_verification WHERE id = 1"
        );
        on_database!(database, pool => {
            sqlx::query_as(&statement).bind(&self.holder).fetch_one(pool).await
        })
        .map_err(Error::at(Stage::Verify))
    }

    async fn lease(&self) -> Result<bool, Error> {
        let now = self.log.database().clock();
        let statement = format!(
            "UPDATE log_verification SET holder = $1, leased_until_us = {now} + $2
              WHERE id = 1 AND (holder IS NULL OR holder = $1 OR leased_until_us < {now} OR leased_until_us > {now} + 2 * $2)"
        );
        let taken: u64 = write_in_turn!(self.log, pool => {
            sqlx::query(&statement)
                .bind(&self.holder)
                .bind(LEASE_US)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })
        .map_err(Error::at(Stage::Verify))?;
        Ok(taken == 1)
    }

    async fn head(&self) -> Result<(i64, Vec<u8>), Error> {
        on_database!(self.log.database(), pool => {
            sqlx::query_as("SELECT global_seq, chain_hash FROM ledger_head").fetch_one(pool).await
        })
        .map_err(Error::at(Stage::Verify))
    }

    async fn hash_at(&self, number: i64) -> Result<Option<Vec<u8>>, Error> {
        on_database!(self.log.database(), pool => {
            sqlx::query_scalar("SELECT chain_hash FROM ledger WHERE global_seq = $1")
                .bind(number)
                .fetch_optional(pool)
                .await
        })
        .map_err(Error::at(Stage::Verify))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

impl EventLog {
    /// How far the services have verified this log.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] when it can not be read.
    pub async fn verification(&self) -> Result<Verification, Error> {
        let (verified, passes, completed_at_us, failed_seq, failure): (
            i64,
            i64,
            Option<i64>,
            Option<i64>,
            Option<String>,
        ) = on_database!(self.database(), pool => {
            sqlx::query_as(
                "SELECT verified, passes, completed_at_us, failed_seq, failure FROM log_verification WHERE id = 1",
            )
            .fetch_one(pool)
            .await
        })
        .map_err(Error::at(Stage::Verify))?;
        Ok(Verification {
            verified,
            passes,
            completed_at_us,
            found: failure.map(|what| Finding {
                global_seq: failed_seq,
                what,
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_events_are_covered_within_a_day_and_a_longer_log_goes_faster() {
        let pace = Pace::default();
        let pass = |events: i64| {
            let slices = u32::try_from(events / pace.slice + 1).unwrap();
            // Each slice is noticed to be due within five seconds.
            (pace.rest_on(events) + Duration::from_secs(5)) * slices
        };
        assert!(pass(1_000_000) < Duration::from_hours(24));
        assert_eq!(pace.rest_on(1_000), pace.rest);
        assert!(pace.rest_on(10_000_000) < Duration::from_secs(5));
    }
}
