//! `POST /api/v1/applications/{id}/exam`: 追加お申込み 筆記試験

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
        Kind::ExamAlreadyApplied,
        Kind::NotEligible,
        Kind::PeriodNotOpen,
    ];
    super::endpoint(Permission::Apply, &[problems], routes!(add_exam))
}

/// Add the exam (追加お申込み 筆記試験)
///
/// For who applied for 書類審査 only and has not passed the exam.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/exam",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    responses((status = OK, description = "The exam is applied for.", body = ApplicationAnswer))
)]
async fn add_exam(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let id = visible(&app, &write.identity, &id).await?;
    let done = execute(&app, &id, ApplicationCommand::AddExam, write.call()).await?;
    let body = answer(&app, &done.found, app.service().clock.now())?;
    Ok(with_view_behind(Json(body).into_response(), done.behind))
}
