//! 申請書類一覧

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use domain::{calendar::show_jst_minutes, documents::DocumentKind, sentences::Sentence};

use super::{
    document::has_documents,
    frame::{Frame, Notice},
    panel::Panel,
    rendered,
    visit::Visit,
};
use crate::{access::Identity, app::App, problem::Problem};

#[derive(Template)]
#[template(path = "document_list.html")]
struct Page {
    frame: Frame,
    panel: Panel,
    notices: Vec<Notice>,
    documents: Vec<Line>,
    editable: bool,
    /// Where everything may still be changed, that it may.
    edit_freely: Option<&'static str>,
    /// Whether 申請TOP has the button 申請を完了する.
    completable: bool,
    top: String,
    history: String,
    /// The printed application on the screen.
    print: String,
    /// The printed application.
    pdf: String,
}

struct Line {
    title: &'static str,
    href: String,
    /// 登録中, or empty: the manual's 状態.
    state: &'static str,
    /// Ours beside it: 未入力, あと2項目, 入力完了, 確認のみ.
    progress: String,
    updated_at: Option<String>,
    read_only: bool,
}

/// 申請書類一覧's screen.
pub(super) async fn list(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    has_documents(&visit)?;
    let state = visit.state()?;
    let list = app
        .service()
        .views
        .document_list(&visit.id().to_string())
        .await
        .map_err(|error| Problem::failed("reading the document list", &error))?;
    let (known, lines) = list.map_or((0, Vec::new()), |list| (list.sequence, list.documents));
    let documents = DocumentKind::ALL
        .into_iter()
        .map(|kind| Line {
            title: kind.title(),
            href: visit.document(kind),
            state: if state.documents.is_registered(kind) {
                "登録中"
            } else {
                ""
            },
            progress: state.documents.state(kind, &visit.program.rules).label(),
            updated_at: lines
                .iter()
                .find(|line| line.kind == kind)
                .and_then(|line| line.updated_at)
                .map(show_jst_minutes),
            read_only: kind == DocumentKind::Seminars || !state.opens_document(kind),
        })
        .collect();
    let mut notices = Vec::new();
    if known < visit.found.sequence {
        notices.push(Notice::info(
            "直前の保存が「更新日時」に反映されるまで、少し時間がかかっています。入力された内容は保存されています。",
        ));
    }
    notices.extend(visit.stale_print().await?);
    let page = Page {
        frame: visit.frame("申請書類一覧", []),
        panel: visit.panel()?,
        notices,
        documents,
        editable: visit.is_editable()?,
        completable: visit.stand().allows(Sentence::CompletionHint) && visit.closed().is_none(),
        edit_freely: visit
            .stand()
            .first_of(&[Sentence::EditFreely])
            .map(Sentence::words),
        top: visit.top(),
        history: visit.below("history"),
        print: visit.below("print"),
        pdf: visit.below("application.pdf"),
    };
    Ok(rendered(&page, StatusCode::OK))
}
