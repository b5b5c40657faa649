//! `…/documents/resume`: 履歴書, saved together with the member's record of that day.

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use domain::{
    application::ApplicationCommand,
    documents::{DocumentKind, FieldError, Resume},
    member::{FieldDifference, MemberRecord},
    requirements::Requirement,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{EDITS, Endpoint, status::AsOf};
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::{Kind, Problem},
    saving,
    situation::{
        Found, Units, found, of_revision, program, record_of_today, standing, with_view_behind,
    },
    write::Write,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        super::endpoint(Permission::ReadApplication, &[], routes!(read_resume)),
        super::endpoint(
            Permission::EditDocuments,
            &[EDITS, &[Kind::PreconditionRequired]],
            routes!(save_resume),
        ),
    ]
}

/// 履歴書 as it is saved, the record that belongs to it, and what follows.
#[derive(Debug, Serialize, ToSchema)]
struct ResumeAnswer {
    /// For `If-Match` of the next save; 0 before the first.
    revision: u32,
    /// What is saved; null before the first save.
    value: Option<Resume>,
    /// The record that it was saved with; before the first save, the record of today, and of a moment that of 申込.
    record: MemberRecord,
    /// Where today's record differs from the one it was saved with (of a moment: that of 申込). Saving again takes today's.
    differences: Vec<FieldDifference>,
    /// What is wrong with it, with a pointer into `value`.
    errors: Vec<FieldError>,
    /// What was sent and not saved, as a 修正のお願い does not open it; the rest is saved.
    left_out: Vec<FieldError>,
    /// 単位 of the application.
    units: Units,
    /// What is missing before 申請を完了する.
    missing: Vec<Requirement>,
}

/// With the record of today; asked about a moment, the one that the application had then.
fn answer(
    app: &App,
    found: &Found,
    today: MemberRecord,
    sent: Option<&Resume>,
) -> Result<Response, Problem> {
    let state = found.state()?;
    let program = program(app, state)?;
    let standing = standing(state, program);
    let saved = &state.documents.resume;
    let answer = ResumeAnswer {
        revision: saved.revision,
        value: saved.value.as_ref().map(|saved| saved.resume.clone()),
        differences: saved
            .value
            .as_ref()
            .map_or_else(Vec::new, |saved| saved.record.differences(&today)),
        record: saved
            .value
            .as_ref()
            .map_or(today, |saved| saved.record.clone()),
        errors: state.documents.errors(DocumentKind::Resume, &program.rules),
        left_out: sent.map_or_else(Vec::new, |sent| {
            let saved = saved.value.as_ref().map(|saved| &saved.resume);
            state.left_out(DocumentKind::Resume, None, (sent, saved))
        }),
        units: standing.units,
        missing: standing.missing,
    };
    Ok(of_revision(answer.revision, &answer))
}

/// Read 履歴書
///
/// With the record that it was saved with, and where today's differs.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/documents/resume",
    params(("id" = String, Path, description = "`<program>.<会員番号>`"), AsOf),
    responses((
        status = OK, description = "履歴書", body = ResumeAnswer,
        headers(("ETag" = String, description = "The revision, for If-Match."))
    ))
)]
async fn read_resume(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<AsOf>,
) -> Result<Response, Problem> {
    let (found, _) = asked.found(&app, &identity, &id).await?;
    let state = found.state()?;
    let record = if asked.is_asked() {
        state.record.clone()
    } else {
        record_of_today(&app, state).await?
    };
    answer(&app, &found, record, None)
}

/// Save 履歴書 (入力内容保存)
///
/// Today's record is saved with it. A draft is stored also when it is wrong; `errors` says what is.
#[utoipa::path(
    put,
    path = "/api/v1/applications/{id}/documents/resume",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Resume,
    responses((
        status = OK, description = "Saved.", body = ResumeAnswer,
        headers(("ETag" = String, description = "The revision, for If-Match."))
    ))
)]
async fn save_resume(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let found = found(&app, &write.identity, &id).await?;
    let base = write.base()?;
    let resume: Resume = write.decode()?;
    let record = Box::new(record_of_today(&app, found.state()?).await?);
    let sent = json!(resume);
    let command = ApplicationCommand::SaveResume {
        resume: resume.clone(),
        record,
        base,
    };
    let done = saving::save(&app, &found.id, command, write.call(), (Some(base), sent)).await?;
    let today = record_of_today(&app, done.found.state()?).await?;
    Ok(with_view_behind(
        answer(&app, &done.found, today, Some(&resume))?,
        done.behind,
    ))
}
