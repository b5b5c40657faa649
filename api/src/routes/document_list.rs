//! `GET /api/v1/applications/{id}/documents`: 申請書類一覧

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use domain::{calendar::show_jst_minutes, documents::DocumentKind};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::Endpoint;
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::{Kind, Problem},
    situation::{found, program, with_view_behind},
};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(Permission::ReadApplication, &[], routes!(document_list))
}

/// 申請書類一覧
#[derive(Debug, Serialize, ToSchema)]
struct DocumentListAnswer {
    /// `<program>.<会員番号>`
    application: String,
    /// Number of the last event that the list knows.
    sequence: i64,
    /// The seven documents in the manual's order.
    documents: Vec<DocumentLine>,
}

/// A line of the list.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentLine {
    /// Which document.
    document: DocumentKind,
    /// The word in addresses.
    slug: &'static str,
    /// 文書名
    title: &'static str,
    /// 状態: 登録中, or empty.
    state: &'static str,
    /// Whether something is saved.
    registered: bool,
    /// Revision for the next save; 0 before the first.
    revision: u32,
    /// Mistakes in what is saved.
    error_count: usize,
    /// 更新日時 of the last save.
    #[schema(value_type = Option<String>, format = DateTime)]
    updated_at: Option<Timestamp>,
    /// The same in Japan: `2026/06/03 18:18`.
    updated_at_label: Option<String>,
}

/// List the documents (申請書類一覧)
///
/// 文書名, 状態 and 更新日時 of the seven documents.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/documents",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    responses((status = OK, description = "The seven documents.", body = DocumentListAnswer))
)]
async fn document_list(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let found = found(&app, &identity, &id).await?;
    let state = found.state()?;
    let rules = &program(&app, state)?.rules;
    let list = app
        .service()
        .views
        .document_list(&found.id.to_string())
        .await
        .map_err(|error| {
            tracing::error!(%error, "reading the document list");
            Problem::new(Kind::Internal)
        })?;
    let (sequence, lines) = list.map_or((0, Vec::new()), |list| (list.sequence, list.documents));
    let documents = DocumentKind::ALL
        .into_iter()
        .map(|kind| {
            let line = lines.iter().find(|line| line.kind == kind);
            let updated_at = line.and_then(|line| line.updated_at);
            let registered = line.is_some_and(|line| line.registered);
            DocumentLine {
                document: kind,
                slug: kind.slug(),
                title: kind.title(),
                state: if registered { "登録中" } else { "" },
                registered,
                revision: state.documents.revision(kind),
                error_count: state.documents.errors(kind, rules).len(),
                updated_at,
                updated_at_label: updated_at.map(show_jst_minutes),
            }
        })
        .collect();
    let answer = DocumentListAnswer {
        application: found.id.to_string(),
        sequence,
        documents,
    };
    Ok(with_view_behind(
        Json(answer).into_response(),
        sequence < found.sequence,
    ))
}
