//! One batch of one view: read, apply, write and move the checkpoint, all or nothing.

use eventstore::{Database, EventLog};

use crate::error::{Error, Result};
use crate::feed::{self, Batch};
use crate::projection::Projection;
use crate::registry::{self, Generation, Role};
use crate::session::Session;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It applied events; the checkpoint is now there.
    Applied { checkpoint: i64 },
    /// There was nothing after this checkpoint.
    Idle { checkpoint: i64 },
    /// Somebody else is applying.
    Leased,
    /// Somebody else has applied what was read.
    Overtaken,
    /// There is no such generation.
    Missing,
}

/// How far a step may go, and under what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Events at most.
    pub limit: i64,
    /// Ledger number at most.
    pub upto: i64,
    /// The caller holds the turn to write ([`EventLog::write_turn`]).
    pub turn_is_held: bool,
}

impl Bounds {
    /// At most so many events, of whatever number.
    pub(crate) fn limit(limit: i64) -> Self {
        Self {
            limit,
            upto: i64::MAX,
            turn_is_held: false,
        }
    }
}

/// Applies the next batch of a generation.
pub(crate) async fn step<P: Projection>(
    log: &EventLog,
    role: Role,
    bounds: Bounds,
) -> Result<Step> {
    log.heed_new_connections().await?;
    let mut session = Session::read(log.database()).await?;
    let Some(generation) = registry::find(&mut session, P::NAME, role).await? else {
        session.end().await?;
        return Ok(Step::Missing);
    };
    generation.require_version::<P>()?;
    let limit = bounds.limit.min(bounds.upto - generation.checkpoint);
    if limit <= 0 {
        session.end().await?;
        return Ok(Step::Idle {
            checkpoint: generation.checkpoint,
        });
    }
    if !registry::lease(&mut session, &generation).await? {
        session.end().await?;
        return Ok(Step::Leased);
    }
    let batch = feed::read(
        &mut session,
        (generation.checkpoint, limit),
        P::STREAMS,
        P::PAYLOADS,
    )
    .await?;
    let Some(last) = batch.last else {
        session.end().await?;
        return Ok(Step::Idle {
            checkpoint: generation.checkpoint,
        });
    };
    let facts = understand::<P>(batch)?;
    // SQLite has one writer, and commands are waiting for it: what has been read so far was read outside.
    let mut _turn = None;
    if let Database::Sqlite(_) = log.database() {
        session.end().await?;
        if !bounds.turn_is_held {
            _turn = registry::turn(log).await?;
        }
        session = Session::write(log.database()).await?;
    }
    if write::<P>(&mut session, &generation, facts, last).await? {
        session.commit().await?;
        Ok(Step::Applied { checkpoint: last })
    } else {
        session.end().await?;
        Ok(Step::Overtaken)
    }
}

fn understand<P: Projection>(batch: Batch) -> Result<Vec<P::Fact>> {
    batch
        .events
        .into_iter()
        .map(|event| P::read(event).map_err(Error::from))
        .collect()
}

/// The checkpoint moves only from where the batch was read, so a batch counts once whoever holds which lease. On
/// PostgreSQL the transaction draws its number only by moving it, after everything that takes time.
async fn write<P: Projection>(
    session: &mut Session,
    generation: &Generation,
    facts: Vec<P::Fact>,
    last: i64,
) -> Result<bool> {
    if facts.is_empty() {
        return registry::advance(session, generation, last).await;
    }
    let mut rows = P::load(session, generation.number, &facts).await?;
    for fact in facts {
        P::apply(&mut rows, fact);
    }
    if !registry::advance(session, generation, last).await? {
        return Ok(false);
    }
    P::save(session, generation.number, rows).await?;
    Ok(true)
}
