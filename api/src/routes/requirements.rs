//! `GET /api/v1/applications/{id}/requirements`: 申請完了要件

use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    application::{Application, DocumentTrack},
    requirements::Requirement,
    units::UnitAssessment,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::Endpoint;
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::Problem,
    situation::{found, program, standing},
};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(
        Permission::ReadApplication,
        &[],
        routes!(completion_requirements),
    )
}

/// 申請完了要件
#[derive(Debug, Serialize, ToSchema)]
struct RequirementsAnswer {
    /// Whether 申請を完了する would be accepted now.
    completable: bool,
    /// What is missing, in the manual's sentences and order.
    missing: Vec<Requirement>,
    /// Every row with what it counts, and why not when it does not.
    assessment: UnitAssessment,
}

/// What is missing before 申請を完了する
///
/// With the unit assessment behind it: for every row what it counts and why not.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/requirements",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    responses((status = OK, description = "申請完了要件", body = RequirementsAnswer))
)]
async fn completion_requirements(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Json<RequirementsAnswer>, Problem> {
    let found = found(&app, &identity, &id).await?;
    let state = found.state()?;
    let program = program(&app, state)?;
    let standing = standing(state, program);
    let open = program.period.contains(app.service().clock.now());
    let drafting = state.documents_track == DocumentTrack::Drafting;
    let running = matches!(found.application, Application::Made(_));
    Ok(Json(RequirementsAnswer {
        completable: running && drafting && open && standing.missing.is_empty(),
        missing: standing.missing,
        assessment: standing.assessment,
    }))
}
