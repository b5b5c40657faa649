//! The daily anchors, as the running service makes them, and the comparison with them.

use std::time::Duration;

use eventstore::{
    Anchor, AnchorReport, Anchors, CancellationToken, Error, EventLog, Made, anchor_ended_days,
    verify_anchors,
};
use jiff::Timestamp;

use crate::service::Service;

/// How often the service looks whether a day has ended without an anchor.
const LOOK: Duration = Duration::from_mins(10);

/// Makes the anchors that are missing, again and again until it is cancelled. Days end by the real clock, also in the demonstration:
/// the log records by it.
pub(crate) async fn keep_anchoring(
    log: EventLog,
    anchors: Anchors,
    cancellation: CancellationToken,
) {
    loop {
        // Not cut in the middle: what is written is written whole, and it takes moments.
        let now_us = Timestamp::now().as_microsecond();
        match anchor_ended_days(log.database(), &anchors, now_us).await {
            Ok(Made { made, last }) => {
                for anchor in &made {
                    tracing::info!(day = %anchor.day, last = anchor.last, count = anchor.count, hash = %anchor.hash, "anchored");
                }
                tell(last.map(|anchor| anchor.last), false);
            }
            Err(error) => {
                tracing::error!(%error, source = eventstore::told_source(&error), "the log could not be anchored");
                tell(None, true);
            }
        }
        let rest = cancellation.run_until_cancelled(tokio::time::sleep(LOOK));
        if rest.await.is_none() {
            return;
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for people; exact up to 2^53"
)]
fn tell(last: Option<i64>, failed: bool) {
    if let Some(last) = last {
        metrics::gauge!("shinsei_anchored_ledger_number").set(last as f64);
    }
    metrics::gauge!("shinsei_anchoring_failed").set(if failed { 1.0 } else { 0.0 });
}

/// The anchors of this node, oldest first; none when it keeps none.
///
/// # Errors
/// The file can not be read, or a line of it is no anchor.
pub async fn anchors_of(service: &Service) -> Result<Vec<Anchor>, Error> {
    match &service.anchors {
        Some(anchors) => anchors.read().await,
        None => Ok(Vec::new()),
    }
}

/// Holds the ledger against the anchors of this node; `None` when there are none. A line that is no anchor is a finding as well.
///
/// # Errors
/// The file or the ledger can not be read.
pub async fn compare_with_anchors(service: &Service) -> Result<Option<AnchorReport>, Error> {
    let anchors = match anchors_of(service).await {
        Ok(anchors) if anchors.is_empty() => return Ok(None),
        Ok(anchors) => anchors,
        Err(Error::Anchor(problem)) => {
            return Ok(Some(AnchorReport {
                agreed: 0,
                last: None,
                problem: Some(problem),
            }));
        }
        Err(error) => return Err(error),
    };
    let report = verify_anchors(service.log.database(), &anchors).await?;
    Ok(Some(report))
}
