//! 確認: marks, 事務局欄, papers, notes and labels.

use std::collections::BTreeSet;

use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::application::{Act, CheckMark, CheckTarget, Proof, ProofState};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{ACTS, Endpoint, ReviewAnswer, Sentences, act};
use crate::{
    access::Permission,
    app::App,
    problem::{Kind, Problem},
    write::Write,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let endpoint = |problems: &[&[Kind]], routes| {
        super::super::endpoint(Permission::CheckDocuments, problems, routes)
    };
    vec![
        endpoint(&[ACTS, &[Kind::UnknownRow]], routes!(check)),
        endpoint(&[ACTS, &[Kind::UnknownRow]], routes!(adjust_units)),
        endpoint(&[ACTS], routes!(record_proof)),
        endpoint(&[ACTS], routes!(add_note)),
        endpoint(&[ACTS], routes!(set_labels)),
    ]
}

/// A mark.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Mark {
    /// The document or row.
    target: CheckTarget,
    /// 未確認, 確認済 or 要修正.
    mark: CheckMark,
}

/// Mark a document or a row (確認)
///
/// 未確認 takes a mark away. What the member changes later is unchecked again.
#[utoipa::path(
    put,
    path = "/api/v1/applications/{id}/review/checks",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Mark,
    responses((status = OK, description = "Marked.", body = ReviewAnswer))
)]
async fn check(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let Mark { target, mark } = write.decode()?;
    act(
        &app,
        &id,
        &write,
        Act::Check { target, mark },
        Sentences::default(),
        None,
    )
    .await
}

/// 事務局欄
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdjustedUnits {
    /// The row: of 学会参加, 論文, or a seminar by `<code>@<first day>`.
    target: CheckTarget,
    /// 単位; null takes an earlier figure back.
    units: Option<u32>,
    /// 会員への説明: shown and mailed to the member.
    #[serde(default)]
    #[schema(max_length = 1000)]
    explanation: String,
    /// 内部の理由: kept with the event, never shown to the member; required.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
    /// A second 内部の理由: required for more than `most_units` of the row.
    #[serde(default)]
    #[schema(max_length = 1000)]
    further_reason: String,
}

/// Adjust the units of a row (事務局欄)
///
/// 0 to `most_units` of the row, the larger of what the rules and the table give; more with a further reason, and never more than anybody
/// may declare.
#[utoipa::path(
    put,
    path = "/api/v1/applications/{id}/review/units",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = AdjustedUnits,
    responses((status = OK, description = "Adjusted.", body = ReviewAnswer))
)]
async fn adjust_units(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let AdjustedUnits {
        target,
        units,
        explanation,
        reason,
        further_reason,
    } = write.decode()?;
    act(
        &app,
        &id,
        &write,
        Act::AdjustUnits {
            target,
            units,
            further_reason,
        },
        Sentences {
            explanation,
            reason,
        },
        None,
    )
    .await
}

/// Where a paper is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PaperState {
    /// Which paper.
    proof: Proof,
    /// 未着, 受領, 確認済 or 不備.
    state: ProofState,
}

/// Record where a paper is (提出書類)
#[utoipa::path(
    put,
    path = "/api/v1/applications/{id}/review/proofs",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = PaperState,
    responses((status = OK, description = "Recorded.", body = ReviewAnswer))
)]
async fn record_proof(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let PaperState { proof, state } = write.decode()?;
    act(
        &app,
        &id,
        &write,
        Act::RecordProof { proof, state },
        Sentences::default(),
        None,
    )
    .await
}

/// 内部メモ
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewNote {
    /// What it says. Never shown to the member.
    #[schema(max_length = 1000)]
    note: String,
}

/// Add a note (内部メモ)
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/review/notes",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = NewNote,
    responses((status = OK, description = "Added.", body = ReviewAnswer))
)]
async fn add_note(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let NewNote { note } = write.decode()?;
    act(
        &app,
        &id,
        &write,
        Act::AddNote(note),
        Sentences::default(),
        None,
    )
    .await
}

/// 内部ラベル
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Labels {
    /// All that there are from now on, each of at most 40 characters.
    labels: BTreeSet<String>,
}

/// Set the labels (内部ラベル)
#[utoipa::path(
    put,
    path = "/api/v1/applications/{id}/review/labels",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Labels,
    responses((status = OK, description = "Set.", body = ReviewAnswer))
)]
async fn set_labels(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let Labels { labels } = write.decode()?;
    act(
        &app,
        &id,
        &write,
        Act::SetLabels(labels),
        Sentences::default(),
        None,
    )
    .await
}
