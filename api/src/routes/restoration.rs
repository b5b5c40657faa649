//! `POST …/documents/{document}/restoration`: an earlier version of a document as a new change.

use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{
    application::ApplicationCommand,
    documents::{DocumentKind, FieldError},
    requirements::Requirement,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{EDITS, Endpoint};
use crate::{
    access::Permission,
    app::App,
    problem::{Kind, Problem},
    saving,
    situation::{Units, found, of_revision, program, record_of_today, standing, with_view_behind},
    write::Write,
};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(
        Permission::EditDocuments,
        &[EDITS, &[Kind::PreconditionRequired, Kind::NotFound]],
        routes!(restore_document),
    )
}

/// Which version.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Restored {
    /// The event after which the document was as it is to be again: its number in the application, `sequence` in the history.
    #[schema(minimum = 1)]
    sequence: i64,
}

/// A document that was restored, and what follows.
#[derive(Debug, Serialize, ToSchema)]
struct RestoredAnswer {
    /// Which.
    document: DocumentKind,
    /// Its revision, for `If-Match` of the next change.
    revision: u32,
    /// What is wrong with it.
    errors: Vec<FieldError>,
    /// 単位 of the application.
    units: Units,
    /// What is missing before 申請を完了する.
    missing: Vec<Requirement>,
}

/// Restore an earlier version of a document (この版の内容に戻す)
///
/// A new change, whose reason says from which version it came. What follows from the rules of today is said as after every save.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/documents/{document}/restoration",
    params(
        ("id" = String, Path, description = "`<program>.<会員番号>`"),
        ("document" = String, Path, description = "The word of the document in addresses: `profile`.")
    ),
    request_body = Restored,
    responses((
        status = OK, description = "Restored.", body = RestoredAnswer,
        headers(("ETag" = String, description = "The revision, for If-Match."))
    ))
)]
async fn restore_document(
    State(app): State<App>,
    Path((id, document)): Path<(String, String)>,
    write: Write,
) -> Result<Response, Problem> {
    let found = found(&app, &write.identity, &id).await?;
    let kind = DocumentKind::from_slug(&document)
        .filter(|kind| *kind != DocumentKind::Seminars)
        .ok_or(Problem::new(Kind::NotFound))?;
    let base = write.base()?;
    let restored: Restored = write.decode()?;
    let sequence = restored.sequence;
    let then = app.service().application_at(&found.id, sequence).await?;
    let then = then
        .filter(|(_, last)| *last == sequence)
        .and_then(|(application, _)| application.state().cloned())
        .ok_or_else(|| {
            Problem::saying(
                Kind::NotFound,
                "この番号の変更はありません。変更履歴の番号（sequence）を指定してください。",
            )
        })?;
    let record = record_of_today(&app, found.state()?).await?;
    let command = ApplicationCommand::RestoreDocument {
        document: kind,
        earlier: Box::new(then.documents),
        record: Box::new(record),
        base,
    };
    let call = write.call_because(Some(format!("変更 {sequence} の時点の内容に戻す")));
    let sent = serde_json::json!(restored);
    let done = saving::save(&app, &found.id, command, call, (Some(base), sent)).await?;
    let state = done.found.state()?;
    let program = program(&app, state)?;
    let standing = standing(state, program);
    let answer = RestoredAnswer {
        document: kind,
        revision: state.documents.revision(kind),
        errors: state.documents.errors(kind, &program.rules),
        units: standing.units,
        missing: standing.missing,
    };
    Ok(with_view_behind(
        of_revision(answer.revision, &answer),
        done.behind,
    ))
}
