//! 認定: approved, paid for, certified, put off or ended; and payments taken back.

use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{application::Act, calendar::parse_date};
use jiff::civil::Date;
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
    let decide = |problems: &[&[Kind]], routes| {
        let problems = [problems, &[ACTS, JUDGEMENTS, DECISIONS][..]].concat();
        super::super::endpoint(Permission::Decide, &problems, routes)
    };
    let payments = |problems: &[&[Kind]], routes| {
        super::super::endpoint(Permission::ConfirmPayments, problems, routes)
    };
    vec![
        decide(
            &[&[Kind::NotYetCertifiable]],
            routes!(approve_certification),
        ),
        payments(
            &[ACTS, &[Kind::DueInPast]],
            routes!(request_certification_fee),
        ),
        decide(&[&[Kind::CertificationFeeUnpaid]], routes!(certify)),
        decide(&[&[Kind::DueInPast]], routes!(defer)),
        decide(&[], routes!(lapse)),
        decide(
            &[&[Kind::NothingToUndo, Kind::LaterDecision]],
            routes!(undo),
        ),
        payments(&[ACTS, &[Kind::UnknownPayment]], routes!(reverse_payment)),
    ]
}

fn day(pointer: &str, label: &str, text: &str) -> Result<Date, Problem> {
    parse_date(text).map_err(|error| Problem::new(Kind::Invalid).at(pointer, error.message(label)))
}

/// Approve the renewal (更新認定可)
///
/// When documents and exam are both passed.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/certification/approval",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Judgement,
    responses(
        (status = OK, description = "Approved.", body = ReviewAnswer),
        (status = ACCEPTED, description = "It waits for the approval of a second person, in this run.", body = RunAnswer),
    )
)]
async fn approve_certification(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    judged(&app, &id, &write, Act::ApproveCertification).await
}

/// 認定料の請求
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FeeRequest {
    /// 納入期限
    #[schema(example = "2027-02-28")]
    due: String,
    /// 会員への説明: shown and mailed to the member.
    #[serde(default)]
    #[schema(max_length = 1000)]
    explanation: String,
    /// 内部の理由: kept with the event, never shown to the member.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
}

/// Ask for the certification fee (認定料の請求)
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/certification/fee-request",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = FeeRequest,
    responses((status = OK, description = "Asked for.", body = ReviewAnswer))
)]
async fn request_certification_fee(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let FeeRequest {
        due,
        explanation,
        reason,
    } = write.decode()?;
    let due = day("/due", "納入期限", &due)?;
    act(
        &app,
        &id,
        &write,
        Act::RequestCertificationFee { due },
        Sentences {
            explanation,
            reason,
        },
        None,
    )
    .await
}

/// Certify (認定)
///
/// From 4/1 after the year of the application to 3/31 five years later.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/certification",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Judgement,
    responses(
        (status = OK, description = "Certified.", body = ReviewAnswer),
        (status = ACCEPTED, description = "It waits for the approval of a second person, in this run.", body = RunAnswer),
    )
)]
async fn certify(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    judged(&app, &id, &write, Act::Certify).await
}

/// 猶予
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Deferral {
    /// Last day of the grace.
    #[schema(example = "2027-03-31")]
    until: String,
    /// 会員への説明: shown and mailed to the member; required.
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

/// Put the renewal off (猶予)
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/certification/deferral",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Deferral,
    responses(
        (status = OK, description = "Put off.", body = ReviewAnswer),
        (status = ACCEPTED, description = "It waits for the approval of a second person, in this run.", body = RunAnswer),
    )
)]
async fn defer(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let Deferral {
        until,
        explanation,
        reason,
        seen,
    } = write.decode()?;
    let until = day("/until", "猶予の最終日", &until)?;
    let sentences = Sentences {
        explanation,
        reason,
    };
    act(
        &app,
        &id,
        &write,
        Act::Defer { until },
        sentences,
        Some(seen),
    )
    .await
}

/// Record that the certification has ended (失効)
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/certification/lapse",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Judgement,
    responses(
        (status = OK, description = "Recorded.", body = ReviewAnswer),
        (status = ACCEPTED, description = "It waits for the approval of a second person, in this run.", body = RunAnswer),
    )
)]
async fn lapse(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    judged(&app, &id, &write, Act::Lapse).await
}

/// A decision that is undone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Undoing {
    /// Number of its event in the application (`undoable.event` of the review).
    #[schema(minimum = 1)]
    event: u64,
    /// 会員への説明: shown and mailed to the member; required for 猶予 and 失効.
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

/// Undo a decision about the certification (処理の取消)
///
/// 更新認定可, 認定料の請求, 認定, 猶予 or 失効, as long as no later one rests on it: what was before it stands again. Payments stay as they
/// are, mail about it that has not gone is not sent any more, and mail that has gone is followed by a correction.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/certification/undoing",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Undoing,
    responses(
        (status = OK, description = "Undone.", body = ReviewAnswer),
        (status = ACCEPTED, description = "It waits for the approval of a second person, in this run.", body = RunAnswer),
    )
)]
async fn undo(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let Undoing {
        event,
        explanation,
        reason,
        seen,
    } = write.decode()?;
    let sentences = Sentences {
        explanation,
        reason,
    };
    act(
        &app,
        &id,
        &write,
        Act::Undo { event },
        sentences,
        Some(seen),
    )
    .await
}

/// A payment taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reversal {
    /// 取引番号
    #[schema(max_length = 200)]
    transaction: String,
    /// 会員への説明: shown and mailed to the member.
    #[serde(default)]
    #[schema(max_length = 1000)]
    explanation: String,
    /// 内部の理由: kept with the event, never shown to the member; required.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
}

/// Take a confirmed payment back (入金確認の取消)
///
/// An import does not confirm it again; a person may.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/payment-reversals",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Reversal,
    responses((status = OK, description = "Taken back.", body = ReviewAnswer))
)]
async fn reverse_payment(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let Reversal {
        transaction,
        explanation,
        reason,
    } = write.decode()?;
    act(
        &app,
        &id,
        &write,
        Act::ReversePayment { transaction },
        Sentences {
            explanation,
            reason,
        },
        None,
    )
    .await
}
