//! How far the views and effects are behind.

use std::time::{SystemTime, UNIX_EPOCH};

use eventstore::{Database, on_database};
use serde::Serialize;

use crate::error::{Error, Result};

/// How a view or effect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectionStatus {
    /// Readers see it.
    Live,
    /// It is being rebuilt beside the live one.
    Rebuilding,
    /// It stands still at an event.
    Failed,
}

impl ProjectionStatus {
    /// The word of metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Rebuilding => "rebuilding",
            Self::Failed => "failed",
        }
    }
}

/// Where and why one stands still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The ledger number that it can not pass.
    pub at: i64,
    /// Why; never with the content of the event.
    pub reason: String,
}

/// How far a view or effect is behind the ledger.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectionLag {
    /// Name of the view or effect.
    pub name: String,
    /// Number of the view's tables; 0 for an effect.
    pub generation: i64,
    /// How it is.
    pub status: ProjectionStatus,
    /// Ledger number up to which it is true.
    pub checkpoint: i64,
    /// Last number of the ledger.
    pub head: i64,
    /// Events that it has not seen.
    pub events: i64,
    /// Seconds since the first of them was recorded; 0 when there are none.
    pub seconds: f64,
    /// Where and why it stands still.
    pub failure: Option<Failure>,
}

type Row = (
    String,
    i64,
    String,
    i64,
    Option<i64>,
    Option<String>,
    i64,
    Option<i64>,
);

pub(crate) async fn lag(database: &Database) -> Result<Vec<ProjectionLag>> {
    let rows: Vec<Row> = on_database!(database, pool => {
        sqlx::query_as(
            "SELECT f.name, f.generation, f.status, f.checkpoint, f.failed_seq, f.failure, h.global_seq,
                    (SELECT e.recorded_at_us FROM ledger l JOIN events e ON e.position = l.position
                      WHERE l.global_seq = f.checkpoint + 1) AS waiting_since_us
               FROM (SELECT name, generation, status, checkpoint, failed_seq, failure FROM projections
                     UNION ALL
                     SELECT name, 0, 'live', checkpoint, failed_seq, failure FROM effects) f
              CROSS JOIN ledger_head h
              ORDER BY f.name, f.generation",
        )
        .fetch_all(pool)
        .await
    })
    .map_err(Error::while_("asking for the lag"))?;
    let now_us = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
        });
    Ok(rows
        .into_iter()
        .map(
            |(
                name,
                generation,
                status,
                checkpoint,
                failed_seq,
                failure,
                head,
                waiting_since_us,
            )| {
                let failure = failed_seq
                    .zip(failure)
                    .map(|(at, reason)| Failure { at, reason });
                let status = if failure.is_some() {
                    ProjectionStatus::Failed
                } else if status == "rebuilding" {
                    ProjectionStatus::Rebuilding
                } else {
                    ProjectionStatus::Live
                };
                ProjectionLag {
                    name,
                    generation,
                    status,
                    checkpoint,
                    head,
                    events: (head - checkpoint).max(0),
                    seconds: waiting_since_us.map_or(0.0, |since| seconds(now_us - since)),
                    failure,
                }
            },
        )
        .collect())
}

/// The clock of another node may be ahead: never below nothing.
#[expect(
    clippy::cast_precision_loss,
    reason = "a lag of 2^53 microseconds is 285 years"
)]
fn seconds(us: i64) -> f64 {
    us.max(0) as f64 / 1e6
}
