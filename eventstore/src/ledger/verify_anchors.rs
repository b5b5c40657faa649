//! Holding the ledger against its anchors: what `verify` can not see is somebody who rewrote all of it.

use crate::database::Database;
use crate::error::{Error, Stage};
use crate::hash::GENESIS;
use crate::ledger::anchor::{Anchor, AnchorFlaw, AnchorProblem, Extent, check_chain};
use crate::ledger::anchoring::range;
use crate::on_database;

/// What a comparison with the anchors found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorReport {
    /// How many anchors agree with the ledger, from the first on.
    pub agreed: usize,
    /// The last of them.
    pub last: Option<Anchor>,
    /// The first that something is wrong with.
    pub problem: Option<AnchorProblem>,
}

/// Computes the Merkle root of each anchor anew from the ledger and stops at the first that differs. It reads the hashes of the
/// ledger as they are stored; that these belong to the events is what [`crate::verify`] proves, so run both.
///
/// # Errors
///
/// [`Error::Database`] when the ledger can not be read.
pub async fn verify_anchors(
    database: &Database,
    anchors: &[Anchor],
) -> Result<AnchorReport, Error> {
    let (sound, flawed) = match check_chain(anchors, Extent::Whole) {
        Ok(()) => (anchors, None),
        // Those before the flawed one are compared all the same. A line is at least 1 and at most their number.
        Err(problem) => (&anchors[..problem.line - 1], Some(problem)),
    };
    let head: i64 = on_database!(database, pool => {
        sqlx::query_scalar("SELECT global_seq FROM ledger_head").fetch_one(pool).await
    })
    .map_err(Error::at(Stage::Prove))?;
    let mut report = AnchorReport {
        agreed: 0,
        last: None,
        problem: None,
    };
    for anchor in sound {
        let before = report
            .last
            .as_ref()
            .map_or(GENESIS, |last| last.ledger_hash.0);
        if let Some(flaw) = difference(database, anchor, before, head).await? {
            report.problem = Some(AnchorProblem {
                line: report.agreed + 1,
                day: Some(anchor.day),
                flaw,
            });
            return Ok(report);
        }
        report.agreed += 1;
        report.last = Some(anchor.clone());
    }
    report.problem = flawed;
    Ok(report)
}

async fn difference(
    database: &Database,
    anchor: &Anchor,
    before: crate::hash::Digest,
    head: i64,
) -> Result<Option<AnchorFlaw>, Error> {
    if anchor.last > head {
        return Ok(Some(AnchorFlaw::Short));
    }
    let (root, last) = match range(database, anchor.first - 1, anchor.last).await {
        Ok(found) => found,
        // A row in the middle is gone.
        Err(Error::Inconsistent(_)) => return Ok(Some(AnchorFlaw::Root)),
        Err(error) => return Err(error),
    };
    Ok(if root != anchor.root.0 {
        Some(AnchorFlaw::Root)
    } else if last.unwrap_or(before) != anchor.ledger_hash.0 {
        Some(AnchorFlaw::LedgerHash)
    } else {
        None
    })
}
