//! 修正のお願い: what the secretariat asked for, item by item, with the way to the place and a field for an answer. All answers stand
//! in one form and are saved at once.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::{ApplicationCommand, Correction, ItemAnswer, TEXT_LIMIT},
    calendar::{show_days_left, show_deadline},
    next_step::NextStep,
    sentences::Phase,
};
use uuid::Uuid;

use super::{
    document::Asked,
    field::{Field, Need},
    frame::{Frame, Notice},
    panel::Panel,
    posted::{Fields, Posted},
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
    /// Where the answers are sent.
    action: String,
    /// What stands in the form was typed and is stored nowhere.
    unsaved: bool,
    top: String,
    open: bool,
    /// 修正の期限 is past: answers are still kept, and it can not be completed.
    overdue: Option<String>,
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
    /// As it is saved.
    saved: String,
    field: Field,
}

/// Names of the fields of an item: the answer, and the one that was saved when the form was drawn.
fn names(number: u32) -> (String, String) {
    (format!("answer-{number}"), format!("answer-{number}-seen"))
}

/// What a form answers: every item of the request that it has a field for.
fn answers(correction: &Correction, posted: &Posted) -> Vec<ItemAnswer> {
    let items = correction.request.items.iter();
    items
        .filter_map(|item| {
            let (answer, seen) = names(item.number);
            Some(ItemAnswer {
                item: item.number,
                answer: posted.fields.all(&answer).pop()?,
                seen: posted.fields.all(&seen).pop(),
            })
        })
        .collect()
}

/// Saves nothing that was not touched: what another window saved in between stays.
fn touched(answers: &[ItemAnswer]) -> Vec<ItemAnswer> {
    let touched = |one: &&ItemAnswer| one.seen.as_ref() != Some(&one.answer);
    answers.iter().filter(touched).cloned().collect()
}

fn page(
    visit: &Visit<'_>,
    (notices, status): (Vec<Notice>, StatusCode),
    typed: &[ItemAnswer],
) -> Result<Response, Problem> {
    let state = visit.state()?;
    let correction = state
        .review
        .correction
        .as_ref()
        .ok_or(Problem::new(Kind::NotFound))?;
    let wrong = if status.is_client_error() {
        correction.wrong_answers(&touched(typed))
    } else {
        Vec::new()
    };
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
            let saved = correction.answer_of(item.number);
            let answer = typed
                .iter()
                .find(|one| one.item == item.number && one.seen.as_ref() != Some(&one.answer))
                .map_or_else(|| saved.clone(), |one| one.answer.clone());
            let (name, _) = names(item.number);
            let label = format!("事務局への回答（{}. {place}）", item.number);
            let mut field = Field::area(name, label, Need::Optional, &answer, (3, TEXT_LIMIT));
            field.errors = wrong
                .iter()
                .filter(|(number, _)| *number == item.number)
                .map(|(_, refusal)| refusal.to_string())
                .collect();
            if !field.errors.is_empty() && answer != saved {
                field.saved = Some(if saved.is_empty() {
                    "（未入力）".to_owned()
                } else {
                    saved.clone()
                });
            }
            Item {
                number: item.number,
                place,
                comment: item.comment.value.clone(),
                href,
                editable: item.document != domain::documents::DocumentKind::Seminars,
                changed: progress.changed,
                saved,
                field,
            }
        })
        .collect();
    let mut frame = visit.frame("修正のお願い", []);
    frame.wrong = status.is_client_error();
    let page = Page {
        frame,
        panel: visit.panel()?,
        notices,
        action: visit.below("corrections/answers"),
        unsaved: status.is_client_error(),
        top: visit.top(),
        open: visit.found.application.open_correction().is_some() && visit.viewer.is_none(),
        overdue: (visit.stand().phase == Phase::CorrectionOverdue)
            .then(|| NextStep::CorrectionOverdue.sentence()),
        message: correction.request.message.value.clone(),
        due: show_deadline(correction.request.due),
        days_left: show_days_left(visit.now, correction.request.due),
        submission: correction.submission,
        done: items
            .iter()
            .filter(|item| item.changed || !item.saved.is_empty())
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
    page(&visit, (notices, StatusCode::OK), &[])
}

/// 回答を保存する: every answer of the form, or none.
pub(super) async fn answer(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let correction = visit.found.application.open_correction();
    let typed = correction.map_or_else(Vec::new, |correction| answers(correction, &posted));
    let command = ApplicationCommand::AnswerCorrection {
        answers: touched(&typed),
    };
    match visit.execute(command, posted.call()).await {
        Ok(_) => Ok(see(&format!(
            "{}?notice=answered#notice",
            visit.below("corrections")
        ))),
        Err(problem) if matches!(problem.kind(), Kind::Invalid | Kind::Undecodable) => {
            // As it is now, which is not as it was before the command.
            let visit = Visit::to(&app, &posted.identity, &id).await?;
            let status = problem.kind().status();
            let notice = Notice::error(
                "回答は保存されていません。入力された内容はこの画面に残っています。赤字の箇所を直して、もう一度保存してください。",
            );
            page(&visit, (vec![notice], status), &typed)
        }
        Err(problem) => Err(problem.keeping(kept(&posted.fields))),
    }
}

/// What was typed, for a page that can not show the form any more.
pub(super) fn kept(fields: &Fields) -> Vec<(String, String)> {
    fields
        .iter()
        .filter_map(|(name, text)| {
            let number: u32 = name.strip_prefix("answer-")?.parse().ok()?;
            Some((format!("{number}. 事務局への回答"), text.clone()))
        })
        .filter(|(_, text)| !domain::text::is_blank(text))
        .collect()
}
