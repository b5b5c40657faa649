//! The verification that the running service does by itself.

use std::time::Duration;

use eventstore::{CancellationToken, Error, EventLog, Finding, Pace, Step, Verifier};
use jiff::Timestamp;

use crate::service::Service;

/// How long to leave a failing database alone.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Verifies what is recent and then all of the log, a slice at a time, again and again until it is cancelled.
pub(crate) async fn keep_verifying(service: Service, pace: Pace, cancellation: CancellationToken) {
    let log = service.log.clone();
    let mut verifier = Verifier::new(log.clone(), service.anchors, pace);
    loop {
        let rest = match verifier.step().await {
            Ok(Step::Waiting(rest)) => rest,
            Ok(Step::Verified(slice, rest)) => {
                for Finding { global_seq, what } in &slice.new {
                    tracing::error!(
                        global_seq,
                        what,
                        "the log is not what was recorded (ops/runbooks/log-altered.md)"
                    );
                }
                tracing::debug!(
                    after = slice.after,
                    through = slice.through,
                    recent = slice.recent,
                    "verified"
                );
                let events = u64::try_from(slice.through - slice.after).unwrap_or_default();
                metrics::counter!("shinsei_verified_events_total").increment(events);
                if slice.complete {
                    tracing::info!(events = slice.through, "the whole log was verified");
                }
                if let Err(error) = tell(&log, verifier.has_found()).await {
                    tracing::warn!(%error, source = eventstore::told_source(&error), "asking how far the log is verified");
                }
                rest
            }
            Err(error) => {
                tracing::warn!(%error, source = eventstore::told_source(&error), "the log could not be verified further");
                AFTER_FAILURE
            }
        };
        let resting = cancellation.run_until_cancelled(tokio::time::sleep(rest));
        if resting.await.is_none() {
            return;
        }
    }
}

/// A finding counts whether this process or another one has made it.
#[expect(
    clippy::cast_precision_loss,
    reason = "figures for people; exact up to 2^53"
)]
async fn tell(log: &EventLog, has_found: bool) -> Result<(), Error> {
    let state = log.verification().await?;
    let failed = has_found || state.found.is_some();
    metrics::gauge!("shinsei_verification_failed").set(if failed { 1.0 } else { 0.0 });
    metrics::gauge!("shinsei_verification_ledger_number").set(state.verified as f64);
    if let Some(at) = state.completed_at_us {
        let seconds = Timestamp::from_microsecond(at).map_or(0, Timestamp::as_second);
        metrics::gauge!("shinsei_verification_completed_seconds").set(seconds as f64);
    }
    Ok(())
}
