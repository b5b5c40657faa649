//! 差し戻し, 再開, 期限延長, and the member's answers.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use domain::{
    application::{Act, ApplicationCommand, AskedCorrection, ItemAnswer},
    documents::{DocumentKind, RowId},
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{
    ACTS, Endpoint, JUDGEMENTS, ReviewAnswer, Sentences, act, instant, review::CorrectionAnswer,
};
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::{Kind, Problem},
    saving::execute,
    situation::{found, visible, with_view_behind},
    write::Write,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let check = |problems: &[&[Kind]], routes| {
        super::super::endpoint(Permission::CheckDocuments, problems, routes)
    };
    let due: &[Kind] = &[Kind::DueInPast];
    vec![
        check(
            &[
                ACTS,
                JUDGEMENTS,
                due,
                &[Kind::NothingToCorrect, Kind::UnknownRow],
            ],
            routes!(send_back),
        ),
        check(&[ACTS, JUDGEMENTS, due], routes!(reopen)),
        check(&[ACTS, due, &[Kind::NotLater]], routes!(extend_deadline)),
        super::super::endpoint(Permission::ReadApplication, &[], routes!(correction)),
        super::super::endpoint(
            Permission::EditDocuments,
            &[&[Kind::Withdrawn, Kind::UnknownCorrection, Kind::Invalid]],
            routes!(answer_correction),
        ),
    ]
}

/// 差し戻し
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SendBack {
    /// What is to be corrected, 1 to 100 items. Only this is open to the member.
    #[schema(min_items = 1, max_items = 100)]
    items: Vec<Item>,
    /// Words before the list, for the member.
    #[serde(default)]
    #[schema(max_length = 1000)]
    message: String,
    /// Until when; may lie after 締め切り日時 of the program.
    #[schema(example = "2026-08-31T17:00")]
    due: String,
    /// 内部の理由: kept with the event, never shown to the member.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
    /// `revision` of the review that was seen.
    #[schema(minimum = 0)]
    seen: u32,
}

/// One thing to be corrected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Item {
    /// Which document.
    document: DocumentKind,
    /// Which row of it; left out for the document as a whole.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    row: Option<RowId>,
    /// Which field, by its name in JSON; left out for all of them.
    #[serde(default)]
    field: Option<String>,
    /// What is to be corrected, for the member.
    #[schema(max_length = 1000)]
    comment: String,
}

/// Send back for correction (差し戻し)
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/return",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = SendBack,
    responses((status = OK, description = "Sent back.", body = ReviewAnswer))
)]
async fn send_back(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let asked: SendBack = write.decode()?;
    let due = instant("/due", "修正の期限", &asked.due)?;
    let items = asked
        .items
        .into_iter()
        .map(|item| AskedCorrection {
            document: item.document,
            row: item.row,
            field: item.field,
            comment: item.comment,
        })
        .collect();
    let send_back = Act::Return {
        items,
        message: asked.message,
        due,
    };
    let sentences = Sentences {
        reason: asked.reason,
        ..Sentences::default()
    };
    act(&app, &id, &write, send_back, sentences, Some(asked.seen)).await
}

/// 再開
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reopening {
    /// Until when everything is open.
    #[schema(example = "2026-08-31T17:00")]
    until: String,
    /// 会員への説明: shown and mailed to the member.
    #[serde(default)]
    #[schema(max_length = 1000)]
    explanation: String,
    /// 内部の理由: kept with the event, never shown to the member; required.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
    /// `revision` of the review that was seen.
    #[schema(minimum = 0)]
    seen: u32,
}

/// Reopen a completed application (再開)
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/reopening",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Reopening,
    responses((status = OK, description = "Reopened.", body = ReviewAnswer))
)]
async fn reopen(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let asked: Reopening = write.decode()?;
    let until = instant("/until", "期限", &asked.until)?;
    act(
        &app,
        &id,
        &write,
        Act::Reopen { until },
        Sentences {
            explanation: asked.explanation,
            reason: asked.reason,
        },
        Some(asked.seen),
    )
    .await
}

/// 期限延長
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Extension {
    /// Until when; later than before.
    #[schema(example = "2026-08-31T17:00")]
    until: String,
    /// 会員への説明: shown and mailed to the member.
    #[serde(default)]
    #[schema(max_length = 1000)]
    explanation: String,
    /// 内部の理由: kept with the event, never shown to the member; required.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
}

/// Extend the deadline of an application (期限延長)
///
/// While it is sent back, the date of the correction; before that, 締め切り日時 of this application alone.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/deadline",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Extension,
    responses((status = OK, description = "Extended.", body = ReviewAnswer))
)]
async fn extend_deadline(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let asked: Extension = write.decode()?;
    let until = instant("/until", "期限", &asked.until)?;
    act(
        &app,
        &id,
        &write,
        Act::ExtendDeadline { until },
        Sentences {
            explanation: asked.explanation,
            reason: asked.reason,
        },
        None,
    )
    .await
}

/// What the member was asked to correct (修正のお願い)
///
/// The last one, also after completing again; null before the first.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/correction",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    responses((status = OK, description = "The correction.", body = Option<CorrectionAnswer>))
)]
async fn correction(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Json<Option<CorrectionAnswer>>, Problem> {
    let found = found(&app, &identity, &id).await?;
    Ok(Json(CorrectionAnswer::of(&found.application)))
}

/// The member's answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Answer {
    /// What the member says; empty takes an earlier answer back.
    #[schema(max_length = 1000)]
    answer: String,
}

/// Answer one item (修正のお願いへの回答)
#[utoipa::path(
    put,
    path = "/api/v1/applications/{id}/correction/items/{item}/answer",
    params(
        ("id" = String, Path, description = "`<program>.<会員番号>`"),
        ("item" = u32, Path, description = "Number of the item, from 1.")
    ),
    request_body = Answer,
    responses((status = OK, description = "Answered.", body = Option<CorrectionAnswer>))
)]
async fn answer_correction(
    State(app): State<App>,
    Path((id, item)): Path<(String, u32)>,
    write: Write,
) -> Result<Response, Problem> {
    let id = visible(&app, &write.identity, &id).await?;
    let Answer { answer } = write.decode()?;
    let command = ApplicationCommand::AnswerCorrection {
        answers: vec![ItemAnswer {
            item,
            answer,
            seen: None,
        }],
    };
    let done = execute(&app, &id, command, write.call()).await?;
    let body = Json(CorrectionAnswer::of(&done.found.application));
    Ok(with_view_behind(body.into_response(), done.behind))
}
