//! 書類受理, 審査 and 筆記試験: what was decided.

use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::application::{Act, ExamOutcome};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{
    ACTS, DECISIONS, Endpoint, JUDGEMENTS, Judgement, ReviewAnswer, Sentences, act, judged,
};
use crate::{
    access::Permission,
    app::App,
    problem::{Kind, Problem},
    routes::bulk_runs::RunAnswer,
    write::Write,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let endpoint = super::super::endpoint;
    vec![
        endpoint(
            Permission::CheckDocuments,
            &[ACTS, JUDGEMENTS, &[Kind::ChecksOpen]],
            routes!(accept_documents),
        ),
        endpoint(
            Permission::Decide,
            &[ACTS, JUDGEMENTS, DECISIONS],
            routes!(record_review_result),
        ),
        endpoint(
            Permission::Decide,
            &[ACTS, JUDGEMENTS, DECISIONS],
            routes!(revoke_decision),
        ),
        endpoint(
            Permission::Decide,
            &[ACTS, DECISIONS, &[Kind::ExamFeeUnpaid]],
            routes!(record_exam_result),
        ),
        endpoint(
            Permission::CheckDocuments,
            &[ACTS],
            routes!(withdraw_by_secretariat),
        ),
    ]
}

/// Accept the documents (書類受理)
///
/// Refused while a document is not 確認済, a row is 要修正, a paper is not 確認済 or the recognised units do not suffice.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/acceptance",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Judgement,
    responses((status = OK, description = "Accepted.", body = ReviewAnswer))
)]
async fn accept_documents(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    judged(&app, &id, &write, Act::AcceptDocuments).await
}

/// 審査の結果
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReviewResult {
    /// 審査合格
    Passed,
    /// 審査不合格
    Failed,
}

/// What the committee decided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReviewDecision {
    /// 審査合格 or 審査不合格.
    result: ReviewResult,
    /// 会員への説明: shown and mailed to the member, and required for 審査不合格.
    #[serde(default)]
    #[schema(max_length = 1000)]
    explanation: String,
    /// 内部の理由: kept with the event, never shown to the member.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
    /// `revision` of the review that the decision rests on.
    #[schema(minimum = 0)]
    seen: u32,
}

/// Record the committee's result (審査合格・審査不合格)
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/review-result",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = ReviewDecision,
    responses(
        (status = OK, description = "Recorded.", body = ReviewAnswer),
        (status = ACCEPTED, description = "It waits for the approval of a second person, in this run.", body = RunAnswer),
    )
)]
async fn record_review_result(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let ReviewDecision {
        result,
        explanation,
        reason,
        seen,
    } = write.decode()?;
    let decided = match result {
        ReviewResult::Passed => Act::PassReview,
        ReviewResult::Failed => Act::FailReview,
    };
    let sentences = Sentences {
        explanation,
        reason,
    };
    act(&app, &id, &write, decided, sentences, Some(seen)).await
}

/// Take 書類受理 or the committee's result back (判定の取消)
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/review-result/revocation",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Judgement,
    responses(
        (status = OK, description = "書類確認中 again.", body = ReviewAnswer),
        (status = ACCEPTED, description = "It waits for the approval of a second person, in this run.", body = RunAnswer),
    )
)]
async fn revoke_decision(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    judged(&app, &id, &write, Act::RevokeDecision).await
}

/// 筆記試験の結果
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExamResult {
    /// 合格, 不合格 or 欠席.
    outcome: ExamOutcome,
    /// 会員への説明: shown and mailed to the member, and required for 不合格.
    #[serde(default)]
    #[schema(max_length = 1000)]
    explanation: String,
    /// 内部の理由: kept with the event, never shown to the member.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
}

/// Record the result of the exam (筆記試験の結果)
///
/// Another result replaces it until the renewal is approved.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/exam-result",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = ExamResult,
    responses(
        (status = OK, description = "Recorded.", body = ReviewAnswer),
        (status = ACCEPTED, description = "It waits for the approval of a second person, in this run.", body = RunAnswer),
    )
)]
async fn record_exam_result(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let ExamResult {
        outcome,
        explanation,
        reason,
    } = write.decode()?;
    act(
        &app,
        &id,
        &write,
        Act::RecordExamResult(outcome),
        Sentences {
            explanation,
            reason,
        },
        None,
    )
    .await
}

/// Why, and nothing more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Because {
    /// 内部の理由: kept with the event, never shown to the member.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
}

/// Withdraw an application at the member's wish (取下げ)
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/withdrawal-by-secretariat",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Because,
    responses((status = OK, description = "Withdrawn.", body = ReviewAnswer))
)]
async fn withdraw_by_secretariat(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let Because { reason } = write.decode()?;
    let sentences = Sentences {
        reason,
        ..Sentences::default()
    };
    act(&app, &id, &write, Act::Withdraw, sentences, None).await
}
