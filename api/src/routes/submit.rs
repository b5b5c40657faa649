//! `POST /api/v1/applications/{id}/submission`: 申請を完了する

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use domain::application::ApplicationCommand;
use utoipa_axum::routes;

use super::{
    Endpoint,
    status::{ApplicationAnswer, answer},
};
use crate::{
    access::Permission,
    app::App,
    problem::{Kind, Problem},
    saving::execute,
    situation::{visible, with_view_behind},
    write::Write,
};

pub(super) fn endpoint() -> Endpoint {
    let problems = &[
        Kind::Withdrawn,
        Kind::DocumentsNotApplied,
        Kind::PeriodNotOpen,
        Kind::RequirementsNotMet,
    ];
    super::endpoint(Permission::Apply, &[problems], routes!(submit))
}

/// Complete the application (申請を完了する)
///
/// Refused with `missing` while 申請完了要件 are not met. After it the documents cannot be edited. Completing twice is one completion.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/submission",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    responses((status = OK, description = "書類確認中", body = ApplicationAnswer))
)]
async fn submit(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let id = visible(&app, &write.identity, &id).await?;
    let done = execute(&app, &id, ApplicationCommand::Submit, write.call()).await?;
    let body = answer(&app, &done.found, app.service().clock.now())?;
    Ok(with_view_behind(Json(body).into_response(), done.behind))
}
