//! `GET /api/v1/applications/{id}/documents`: 申請書類一覧

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
};
use cqrs_es::DomainEvent as _;
use domain::{calendar::show_jst_minutes, documents::DocumentKind};
use jiff::Timestamp;
use projections::{DocumentLine as ListedThen, document_of};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{
    Endpoint,
    status::{AsOf, decision_times},
};
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::Problem,
    situation::{Found, program, with_view_behind},
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

/// The lines of a moment: the view knows today's only, so they come from the events by then.
async fn lines_then(app: &App, found: &Found) -> Result<Vec<ListedThen>, Problem> {
    let documents = &found.state()?.documents;
    let events = app.service().application_events(&found.id).await?;
    let decided = decision_times(app, &found.id).await?;
    let by_then = usize::try_from(found.sequence).unwrap_or(usize::MAX);
    let mut lines: Vec<ListedThen> = DocumentKind::ALL
        .into_iter()
        .map(|kind| ListedThen {
            kind,
            registered: kind != DocumentKind::Seminars && documents.is_registered(kind),
            updated_at: None,
        })
        .collect();
    for (event, decided) in events.iter().zip(decided).take(by_then) {
        let changed = document_of(&event.event_type());
        if let Some(line) = lines.iter_mut().find(|line| Some(line.kind) == changed) {
            line.updated_at = Timestamp::from_microsecond(decided).ok();
        }
    }
    Ok(lines)
}

/// List the documents (申請書類一覧)
///
/// 文書名, 状態 and 更新日時 of the seven documents.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/documents",
    params(("id" = String, Path, description = "`<program>.<会員番号>`"), AsOf),
    responses((status = OK, description = "The seven documents.", body = DocumentListAnswer))
)]
async fn document_list(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<AsOf>,
) -> Result<Response, Problem> {
    let (found, _) = asked.found(&app, &identity, &id).await?;
    let state = found.state()?;
    let rules = &program(&app, state)?.rules;
    let (sequence, lines) = if asked.is_asked() {
        (found.sequence, lines_then(&app, &found).await?)
    } else {
        let list = app
            .service()
            .views
            .document_list(&found.id.to_string())
            .await
            .map_err(|error| Problem::failed("reading the document list", &error))?;
        list.map_or((0, Vec::new()), |list| (list.sequence, list.documents))
    };
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
