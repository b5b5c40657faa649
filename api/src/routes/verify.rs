//! `GET /api/v1/audit/verify`: whether anybody has rewritten the log.

use axum::{Json, extract::State};
use eventstore::AnchorReport;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::Endpoint;
use crate::{access::Permission, app::App, problem::Problem, proof::compare_with_anchors};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(Permission::VerifyLog, &[], routes!(verify_log))
}

/// What the verification found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verification {
    /// Whether everything is sound: the chain, and the anchors where there are any.
    pub sound: bool,
    /// How many ledger rows were found sound, from the first on.
    pub verified: i64,
    /// Chain hash of the last sound row (hexadecimal): to be compared with one that was noted elsewhere.
    pub chain_hash: String,
    /// The first thing that is wrong.
    pub problem: Option<Finding>,
    /// The comparison with the anchors of this node; null when there are none.
    pub anchors: Option<Comparison>,
}

/// How far the ledger is the one that was anchored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Comparison {
    /// How many anchors agree with the ledger, from the first on.
    pub agreed: usize,
    /// Day (Japan) of the last of them.
    #[schema(value_type = Option<String>, format = Date)]
    pub through: Option<jiff::civil::Date>,
    /// The first anchor that differs, and how.
    pub problem: Option<String>,
}

impl From<AnchorReport> for Comparison {
    fn from(report: AnchorReport) -> Self {
        Self {
            agreed: report.agreed,
            through: report.last.map(|last| last.day),
            problem: report.problem.map(|problem| problem.to_string()),
        }
    }
}

/// The first thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Finding {
    /// The first bad number of the ledger.
    pub global_seq: Option<i64>,
    /// What is wrong there.
    pub reason: String,
    /// Type, id and number of the event, where they are known.
    pub event: Option<String>,
}

/// Verify the log
///
/// Recomputes every hash of the chain and names the first bad number; then compares the Merkle root of each anchor and names the first
/// that differs. It reads the whole log.
#[utoipa::path(
    get,
    path = "/api/v1/audit/verify",
    responses((status = OK, description = "What was found.", body = Verification))
)]
async fn verify_log(State(app): State<App>) -> Result<Json<Verification>, Problem> {
    verification(&app).await.map(Json)
}

/// Reads the whole log.
///
/// # Errors
/// The log, or the file of the anchors, can not be read.
pub(crate) async fn verification(app: &App) -> Result<Verification, Problem> {
    let report = eventstore::verify(app.service().log.database()).await?;
    let anchors = compare_with_anchors(app.service()).await?;
    let anchored = anchors
        .as_ref()
        .is_none_or(|report| report.problem.is_none());
    Ok(Verification {
        sound: report.problem.is_none() && anchored,
        anchors: anchors.map(Comparison::from),
        verified: report.verified,
        chain_hash: hex::encode(report.chain_hash),
        problem: report.problem.map(|problem| Finding {
            global_seq: problem.global_seq,
            reason: problem.reason.to_string(),
            event: problem
                .event
                .map(|(aggregate_type, id, sequence)| format!("{aggregate_type} {id} {sequence}")),
        }),
    })
}
