//! `POST /api/v1/applications`: 申込

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use domain::{
    application::{ApplicationCommand, ApplicationId},
    eligibility::Scope,
    program::ProgramId,
};
use serde::Deserialize;
use utoipa::ToSchema;
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
    situation::{created, with_view_behind},
    write::Write,
};

pub(super) fn endpoint() -> Endpoint {
    let problems = &[
        Kind::AlreadyApplied,
        Kind::NotEligible,
        Kind::PeriodNotOpen,
        Kind::UnknownProgram,
        Kind::UnknownMember,
    ];
    super::endpoint(Permission::Apply, &[problems], routes!(apply))
}

/// What is applied for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Key of the program.
    #[schema(example = "specialist-renewal-4th-2026")]
    program: String,
    /// 書類審査・筆記試験同時, 書類審査のみ, or 筆記試験のみ.
    scope: Scope,
}

/// Apply (申込)
///
/// One member has one application in a program. What the society knows of the member by then is in it from the start.
#[utoipa::path(
    post,
    path = "/api/v1/applications",
    request_body = Wanted,
    responses((
        status = CREATED, description = "Applied for.", body = ApplicationAnswer,
        headers(("Location" = String, description = "Address of the application."))
    ))
)]
async fn apply(State(app): State<App>, write: Write) -> Result<Response, Problem> {
    let wanted: Wanted = write.decode()?;
    let member = write
        .identity
        .member()
        .ok_or(Problem::new(Kind::NotPermitted))?;
    let program = ProgramId(wanted.program);
    if !app.service().programs.is_offered(&program) {
        let problem = Problem::new(Kind::UnknownProgram);
        let sentence = problem.body().detail.clone();
        return Err(problem.at("/program", sentence));
    }
    let known = app
        .service()
        .member(&member)
        .await?
        .filter(|known| known.record.is_some())
        .ok_or(Problem::new(Kind::UnknownMember))?;
    let id = ApplicationId { program, member };
    let command = ApplicationCommand::Apply {
        program: id.program.clone(),
        scope: wanted.scope,
        member: Box::new(known),
    };
    let done = execute(&app, &id, command, write.call()).await?;
    let body = answer(&app, &done.found, app.service().clock.now())?;
    let response = created(
        &format!("/api/v1/applications/{id}"),
        Json(body).into_response(),
    );
    Ok(with_view_behind(response, done.behind))
}
