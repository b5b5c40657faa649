//! The printed application on the screen, and the way to its PDF.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::{Method, StatusCode},
    response::Response,
};
use domain::{calendar::show_jst_minutes, sentences::Sentence};

use super::{
    document::{has_documents, unprintable_notice},
    frame::{Frame, Notice},
    rendered,
    visit::Visit,
};
use crate::{
    access::Identity,
    app::App,
    print::{
        Completion, Content, completions,
        content::{Block, ColumnKind, INCOMPLETE, RUNNING_TITLE, SOCIETY, TITLE},
    },
    problem::Problem,
    routes::application_pdf::{Wanted, document, printout},
};

#[derive(Template)]
#[template(path = "print.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    content: Content,
    /// What the cover asks for, where it is still true: the paper of a decided or withdrawn application is handed in by nobody.
    remark: Option<&'static str>,
    /// Where its PDF is.
    pdf: String,
    /// Every 本紙, oldest first.
    earlier: Vec<Earlier>,
}

/// A 本紙 that can be looked at again.
struct Earlier {
    number: u32,
    at: String,
    href: String,
    current: bool,
}

impl ColumnKind {
    /// Whether its cells hold figures.
    pub(super) fn is_figure(self) -> bool {
        matches!(self, Self::Number | Self::Units | Self::Figure)
    }
}

fn earlier(visit: &Visit<'_>, completions: &[Completion], shown: Option<u32>) -> Vec<Earlier> {
    completions
        .iter()
        .map(|Completion { submission, .. }| Earlier {
            number: submission.number,
            at: show_jst_minutes(submission.submitted_at),
            href: visit.below(&format!("print?number={}", submission.number)),
            current: shown == Some(submission.number),
        })
        .collect()
}

/// 申請書（仮） or 申請書（本紙） as the paper will say it, for reading on a phone.
pub(super) async fn preview(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    if wanted.number.is_none() {
        has_documents(&visit)?;
    }
    let printout = printout(&app, &identity, &id, &wanted).await?;
    let events = app.service().application_events(visit.id()).await?;
    let content = printout.content();
    let shown = printout.sheet.number();
    let latest = visit.state()?.final_form().map(|form| form.number);
    let mut notices = Vec::new();
    if shown == latest {
        notices.extend(visit.stale_print().await?);
    } else {
        notices.push(Notice::warning(
            "以前の申請書（本紙）を表示しています。いまの申請書ではありません。",
        ));
    }
    let stand = visit.stand();
    let ended = stand.ended();
    notices.extend(ended.map(|ended| Notice::warning(ended.words())));
    let asks = if content.provisional {
        ended.is_none()
    } else {
        shown == latest && stand.allows(Sentence::HandInFinalForm)
    };
    notices.extend(content.unprintable().iter().map(unprintable_notice));
    let pdf = match wanted.number {
        Some(number) => format!("application.pdf?number={number}"),
        None => "application.pdf".to_owned(),
    };
    let page = Page {
        frame: visit.frame(content.cover.kind, []),
        notices,
        pdf: visit.below(&pdf),
        remark: asks.then_some(content.cover.remark),
        earlier: earlier(&visit, &completions(&events), shown),
        content,
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// The PDF.
pub(super) async fn download(
    State(app): State<App>,
    identity: Identity,
    method: Method,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    document(&app, &identity, &method, &id, &wanted).await
}
