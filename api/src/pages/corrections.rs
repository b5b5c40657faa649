//! 修正のお願い: what the secretariat asked for, item by item, with the way to the place and a field for an answer.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::ApplicationCommand,
    calendar::{show_days_left, show_deadline},
};
use uuid::Uuid;

use super::{
    document::Asked,
    frame::{Frame, Notice},
    panel::Panel,
    posted::Posted,
    rendered, see,
    visit::Visit,
};
use crate::{
    access::Identity,
    app::App,
    problem::{Kind, Problem},
};

#[derive(Template)]
#[template(path = "corrections.html")]
struct Page {
    frame: Frame,
    panel: Panel,
    notices: Vec<Notice>,
    address: String,
    top: String,
    open: bool,
    message: String,
    due: String,
    days_left: String,
    submission: u32,
    items: Vec<Item>,
    key: Uuid,
    done: usize,
}

struct Item {
    number: u32,
    place: String,
    comment: String,
    href: String,
    /// 当会セミナー can not be edited, only answered.
    editable: bool,
    changed: bool,
    answer: String,
    error: bool,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what was typed is shown once"
)]
fn page(
    visit: &Visit<'_>,
    (notices, status): (Vec<Notice>, StatusCode),
    typed: Option<(u32, String)>,
) -> Result<Response, Problem> {
    let state = visit.state()?;
    let correction = state
        .review
        .correction
        .as_ref()
        .ok_or(Problem::new(Kind::NotFound))?;
    let items: Vec<Item> = correction
        .request
        .items
        .iter()
        .map(|item| {
            let progress = correction.progress_of(item.number);
            let mut place = item.document.title().to_owned();
            let mut href = visit.document(item.document);
            if let Some(row) = item.row {
                let rows = state.review_rows(item.document);
                match rows.iter().position(|known| *known == row.to_string()) {
                    Some(number) => {
                        place = format!("{place} 明細{}", number + 1);
                        href = format!("{href}?row={row}#form");
                    }
                    None => place = format!("{place} 削除された明細"),
                }
            }
            if let Some(field) = item
                .field
                .as_deref()
                .and_then(|name| item.document.field(name))
            {
                place = format!("{place} {}", field.label);
            }
            let answer = match &typed {
                Some((number, answer)) if *number == item.number => answer.clone(),
                _ => progress
                    .answer
                    .clone()
                    .map_or_else(String::new, |answer| answer.value),
            };
            Item {
                number: item.number,
                place,
                comment: item.comment.value.clone(),
                href,
                editable: item.document != domain::documents::DocumentKind::Seminars,
                changed: progress.changed,
                error: typed
                    .as_ref()
                    .is_some_and(|(number, _)| *number == item.number),
                answer,
            }
        })
        .collect();
    let mut frame = visit.frame("修正のお願い", []);
    frame.wrong = status.is_client_error();
    let page = Page {
        frame,
        panel: visit.panel()?,
        notices,
        address: visit.below("corrections"),
        top: visit.top(),
        open: state.open_correction().is_some() && !visit.is_withdrawn() && visit.viewer.is_none(),
        message: correction.request.message.value.clone(),
        due: show_deadline(correction.request.due),
        days_left: show_days_left(visit.now, correction.request.due),
        submission: correction.submission,
        done: items
            .iter()
            .filter(|item| item.changed || !item.answer.is_empty())
            .count(),
        items,
        key: Uuid::new_v4(),
    };
    Ok(rendered(&page, status))
}

/// 修正のお願い
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    if visit.state()?.review.correction.is_none() {
        return Ok(see(&visit.top()));
    }
    let notices = match asked.notice.as_deref() {
        Some("answered") => vec![Notice::success("回答を保存しました。")],
        _ => Vec::new(),
    };
    page(&visit, (notices, StatusCode::OK), None)
}

/// 回答を保存する
pub(super) async fn answer(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let item = posted
        .fields
        .text("item")
        .parse()
        .map_err(|_| Problem::new(Kind::PageTampered))?;
    let answer = posted.fields.text("answer");
    let command = ApplicationCommand::AnswerCorrection {
        item,
        answer: answer.clone(),
    };
    match visit.execute(command, posted.call()).await {
        Ok(_) => Ok(see(&format!(
            "{}?notice=answered#item-{item}",
            visit.below("corrections")
        ))),
        Err(problem) if problem.kind() == Kind::Invalid => {
            let sentence = problem.body().detail.clone();
            let status = problem.kind().status();
            page(
                &visit,
                (vec![Notice::error(sentence)], status),
                Some((item, answer)),
            )
        }
        Err(problem) => Err(problem),
    }
}
