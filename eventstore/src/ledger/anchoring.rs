//! Making the anchors of the days that have ended.

use std::time::Duration;

use jiff::civil::Date;

use crate::database::Database;
use crate::error::{Error, Stage};
use crate::hash::{Digest, GENESIS};
use crate::ledger::anchor::{self, Anchor, AnchorFlaw, AnchorProblem, Extent, check_chain};
use crate::ledger::anchor_file::Anchors;
use crate::ledger::merkle::Frontier;
use crate::on_database;

/// Rows per query.
const BATCH: i64 = 10_000;

/// How long after its end a day is anchored: by then what was recorded in its last moments is committed and numbered, and the
/// clocks of several nodes are at least that close. So every node cuts the ledger at the same place.
pub const GRACE: Duration = Duration::from_mins(10);

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The anchors that are new, oldest first.
    pub made: Vec<Anchor>,
    /// The last one there is now.
    pub last: Option<Anchor>,
}

/// Makes the anchor of each day that has ended [`GRACE`] before `now_us` (microseconds since 1970-01-01T00:00:00Z) and has none
/// yet, and writes them to the file. Safe to repeat, and beside another process that does the same. On PostgreSQL a day waits as
/// long as an event of it has no ledger number.
///
/// It refuses, also when there is nothing to make, when the last anchor does not fit the ledger: what somebody has rewritten gets no new
/// anchor.
///
/// # Errors
///
/// [`Error::Anchor`] when the anchors that are there are not sound, or the ledger is not the one that was anchored;
/// [`Error::AnchorFile`]; [`Error::Database`].
pub async fn anchor_ended_days(
    database: &Database,
    anchors: &Anchors,
    now_us: i64,
) -> Result<Made, Error> {
    loop {
        let there = anchors.read().await?;
        check_chain(&there, Extent::Whole).map_err(Error::Anchor)?;
        let last = there.last();
        let made = make(database, last, there.len(), now_us).await?;
        if made.is_empty() || anchors.append(last, &made).await? {
            let last = made.last().or(last).cloned();
            return Ok(Made { made, last });
        }
        // Another process has written meanwhile: what is left for this one is decided anew.
    }
}

async fn make(
    database: &Database,
    last: Option<&Anchor>,
    line: usize,
    now_us: i64,
) -> Result<Vec<Anchor>, Error> {
    // First, also when there is nothing to make: the hash of the last anchored row follows from everything before it, so whoever asks
    // every few minutes learns that soon of a ledger that was written anew.
    let mut ledger_hash = match last {
        Some(last) => fitting_hash(database, last, line).await?,
        None => GENESIS,
    };
    let Some(mut day) = next_day(database, last).await? else {
        return Ok(Vec::new());
    };
    let until = settled_until(database, now_us).await?;
    if anchor::end_of(day) > until {
        return Ok(Vec::new());
    }
    let mut days = days_after(database, last.map_or(0, |last| last.last))
        .await?
        .into_iter()
        .peekable();
    let mut made: Vec<Anchor> = Vec::new();
    while anchor::end_of(day) <= until {
        let previous = made.last().or(last);
        let before = previous.map_or(0, |previous| previous.last);
        let mut through = before;
        while let Some((_, highest)) = days.next_if(|(recorded, _)| *recorded <= day) {
            through = through.max(highest);
        }
        let (root, hash) = range(database, before, through).await?;
        ledger_hash = hash.unwrap_or(ledger_hash);
        let next = Anchor::after(previous, day, through, root, ledger_hash);
        made.push(next);
        let Ok(tomorrow) = day.tomorrow() else { break };
        day = tomorrow;
    }
    Ok(made)
}

/// The first day without an anchor; `None` when the ledger is empty.
async fn next_day(database: &Database, last: Option<&Anchor>) -> Result<Option<Date>, Error> {
    if let Some(last) = last {
        return Ok(last.day.tomorrow().ok());
    }
    let first: Option<i64> = on_database!(database, pool => {
        sqlx::query_scalar(
            "SELECT e.recorded_at_us FROM ledger l JOIN events e ON e.position = l.position WHERE l.global_seq = 1",
        )
        .fetch_optional(pool)
        .await
    })
    .map_err(Error::at(Stage::Prove))?;
    Ok(first.map(anchor::day_of))
}

/// Up to when everything that was recorded has its number.
async fn settled_until(database: &Database, now_us: i64) -> Result<i64, Error> {
    // 600 seconds are far below the limit of either type.
    let grace = i64::try_from(GRACE.as_micros()).unwrap_or(i64::MAX);
    let until = now_us.saturating_sub(grace);
    let Database::Postgres(pool) = database else {
        return Ok(until);
    };
    let unsealed: Option<i64> = sqlx::query_scalar(
        "SELECT min(e.recorded_at_us) FROM events e, ledger_head h WHERE (e.txid, e.position) > (h.txid, h.position)",
    )
    .fetch_one(pool)
    .await
    .map_err(Error::at(Stage::Prove))?;
    Ok(unsealed.map_or(until, |unsealed| until.min(unsealed)))
}

/// The ledger's hash where the last anchor ends, which must be the anchored one.
async fn fitting_hash(database: &Database, last: &Anchor, line: usize) -> Result<Digest, Error> {
    let problem = |flaw| {
        Error::Anchor(AnchorProblem {
            line,
            day: Some(last.day),
            flaw,
        })
    };
    if last.last == 0 {
        return Ok(GENESIS);
    }
    let row: Option<Vec<u8>> = on_database!(database, pool => {
        sqlx::query_scalar("SELECT chain_hash FROM ledger WHERE global_seq = $1")
            .bind(last.last)
            .fetch_optional(pool)
            .await
    })
    .map_err(Error::at(Stage::Prove))?;
    let hash = row.ok_or_else(|| problem(AnchorFlaw::Short))?;
    if hash == last.ledger_hash.0 {
        Ok(last.ledger_hash.0)
    } else {
        Err(problem(AnchorFlaw::LedgerHash))
    }
}

/// The days on which the events after a ledger number were recorded, each with its highest number. One pass over the rows: there
/// may be months of them, and no index by time.
async fn days_after(database: &Database, after: i64) -> Result<Vec<(Date, i64)>, Error> {
    let rows: Vec<(i64, i64)> = on_database!(database, pool => {
        sqlx::query_as(include_str!("sql/days.sql"))
            .bind(after)
            .fetch_all(pool)
            .await
    })
    .map_err(Error::at(Stage::Prove))?;
    Ok(rows
        .into_iter()
        .map(|(recorded_at_us, highest)| (anchor::day_of(recorded_at_us), highest))
        .collect())
}

/// The Merkle root over the ledger's rows after one number up to another, and the hash of the last; `None` when there is none.
pub(super) async fn range(
    database: &Database,
    after: i64,
    through: i64,
) -> Result<(Digest, Option<Digest>), Error> {
    let mut frontier = Frontier::default();
    let mut last = None;
    let mut place = after;
    while place < through {
        let hashes = hashes(database, place, through.min(place.saturating_add(BATCH))).await?;
        for hash in &hashes {
            frontier.push(hash);
        }
        last = hashes.last().copied();
        place += BATCH;
    }
    Ok((frontier.root(), last))
}

/// The chain hashes of the rows after one number up to another, all of them.
pub(super) async fn hashes(
    database: &Database,
    after: i64,
    through: i64,
) -> Result<Vec<Digest>, Error> {
    let rows: Vec<(i64, Vec<u8>)> = on_database!(database, pool => {
        sqlx::query_as(
            "SELECT global_seq, chain_hash FROM ledger WHERE global_seq > $1 AND global_seq <= $2 ORDER BY global_seq",
        )
        .bind(after)
        .bind(through)
        .fetch_all(pool)
        .await
    })
    .map_err(Error::at(Stage::Prove))?;
    let hashes: Vec<Digest> = rows
        .into_iter()
        .zip(after + 1..=through)
        .map(
            |((global_seq, hash), expected)| match Digest::try_from(hash) {
                Ok(hash) if global_seq == expected => Ok(hash),
                _ => Err(Error::Inconsistent("a number is missing from the ledger")),
            },
        )
        .collect::<Result<_, _>>()?;
    if i64::try_from(hashes.len()).ok() == Some(through - after) {
        Ok(hashes)
    } else {
        Err(Error::Inconsistent("a number is missing from the ledger"))
    }
}
