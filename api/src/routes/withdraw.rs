//! `POST /api/v1/applications/{id}/withdrawal`: 取下げ

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
    let problems = &[Kind::Withdrawn];
    super::endpoint(Permission::Apply, &[problems], routes!(withdraw))
}

/// Withdraw the application (取下げ)
///
/// What was filled in is kept: applying again in the period continues from it. Withdrawing twice is one withdrawal.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/withdrawal",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    responses((status = OK, description = "Withdrawn.", body = ApplicationAnswer))
)]
async fn withdraw(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let id = visible(&app, &write.identity, &id).await?;
    let done = execute(&app, &id, ApplicationCommand::Withdraw, write.call()).await?;
    let body = answer(&app, &done.found, app.service().clock.now())?;
    Ok(with_view_behind(Json(body).into_response(), done.behind))
}
