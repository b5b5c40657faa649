//! `GET /api/v1/applications/{id}/submissions`: every 本紙 with what proves it

use axum::{
    Json,
    extract::{Path, State},
};
use domain::application::{Application, ApplicationId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Endpoint, status::SubmissionAnswer};
use crate::{
    access::{Identity, Permission},
    app::App,
    print::completions,
    problem::{Kind, Problem},
    situation::visible,
};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(Permission::ReadApplication, &[], routes!(submissions))
}

/// Every 本紙 of an application, oldest first.
#[derive(Debug, Serialize, ToSchema)]
struct SubmissionsAnswer {
    submissions: Vec<ProvedSubmission>,
}

/// A 本紙 with what its paper carries as a proof.
#[derive(Debug, Serialize, ToSchema)]
struct ProvedSubmission {
    #[serde(flatten)]
    submission: SubmissionAnswer,
    /// Number of its event in the application.
    #[schema(minimum = 1)]
    sequence: i64,
    /// 台帳の番号; null while it has none yet (PostgreSQL, for moments).
    #[schema(minimum = 1)]
    ledger_number: Option<i64>,
    /// 台帳の照合番号: SHA-256 (hexadecimal) of the chain up to and with the submission.
    ledger_hash: Option<String>,
    /// Where it is printed again.
    #[schema(
        example = "/api/v1/applications/specialist-renewal-4th-2026.9000001/application.pdf?number=1"
    )]
    pdf: String,
}

async fn proved(
    app: &App,
    id: &ApplicationId,
    completion: crate::print::Completion,
) -> Result<ProvedSubmission, Problem> {
    let entry = app
        .service()
        .log
        .ledger_entry::<Application>(&id.to_string(), completion.sequence)
        .await?;
    let number = completion.submission.number;
    Ok(ProvedSubmission {
        submission: SubmissionAnswer::from(&completion.submission),
        sequence: completion.sequence,
        ledger_number: entry.map(|entry| entry.global_seq),
        ledger_hash: entry.map(|entry| hex::encode(entry.chain_hash)),
        pdf: format!("/api/v1/applications/{id}/application.pdf?number={number}"),
    })
}

/// Every 本紙
///
/// With number and hash of its place in the ledger, as they stand on the paper: so paper and log can be held against each
/// other.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/submissions",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    responses((status = OK, description = "The submissions.", body = SubmissionsAnswer))
)]
async fn submissions(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Json<SubmissionsAnswer>, Problem> {
    let id = visible(&app, &identity, &id).await?;
    let events = app.service().application_events(&id).await?;
    if events.is_empty() {
        return Err(Problem::new(Kind::NotApplied));
    }
    let mut submissions = Vec::new();
    for completion in completions(&events) {
        submissions.push(proved(&app, &id, completion).await?);
    }
    Ok(Json(SubmissionsAnswer { submissions }))
}
