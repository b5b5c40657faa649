//! 入金: the payments that no application has, and where each could belong.

use axum::{
    Json,
    extract::{Query, State},
};
use domain::{calendar::show_date, member::PaymentItem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::{
    Endpoint,
    history::{page_size, text, unreadable},
    worklist::note_list,
};
use crate::{
    access::{Identity, Permission},
    app::App,
    intake::{Candidate, Incoming, candidates, one, unmatched},
    problem::{Kind, Problem},
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let payments = Permission::ConfirmPayments;
    vec![
        super::endpoint(
            payments,
            &[&[Kind::Unavailable]],
            routes!(unmatched_payments),
        ),
        super::endpoint(
            payments,
            &[&[Kind::Unavailable, Kind::UnknownPayment]],
            routes!(payment_candidates),
        ),
    ]
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct PaymentsAsked {
    /// Number of the page, from 1.
    #[param(minimum = 1)]
    page: Option<u32>,
    /// Lines on a page, 1 to 200; 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Payments that no application has, the latest 入金日 first.
#[derive(Debug, Serialize, ToSchema)]
struct UnmatchedAnswer {
    /// How many there are in all.
    total: i64,
    /// Those of this page.
    payments: Vec<IncomingAnswer>,
}

/// A payment that came in.
#[derive(Debug, Serialize, ToSchema)]
struct IncomingAnswer {
    /// 会員番号 under which it came.
    member: String,
    /// フリガナ of that member.
    furigana: String,
    /// 取引番号
    transaction: String,
    /// 費目
    item: PaymentItem,
    /// Its word.
    item_label: &'static str,
    /// 円
    amount_yen: u32,
    /// 入金日
    paid_on: String,
    /// The same as the screens show it.
    paid_on_label: String,
    /// 振込名義カナ
    payer: String,
    /// `confirmed`, `matches` (it will be confirmed by itself), `payer_differs`, `amount_differs`, `taken_back`, `fits_nothing`.
    placement: &'static str,
    /// Its word.
    placement_label: &'static str,
    /// Why it is not confirmed by itself.
    message: Option<String>,
    /// The application for which that is said.
    application: Option<String>,
}

impl From<Incoming> for IncomingAnswer {
    fn from(incoming: Incoming) -> Self {
        let Incoming {
            member,
            furigana,
            payment,
            placement,
            application,
        } = incoming;
        Self {
            member: member.into(),
            furigana,
            transaction: payment.transaction,
            item: payment.item,
            item_label: payment.item.label(),
            amount_yen: payment.amount_yen,
            paid_on: payment.paid_on.to_string(),
            paid_on_label: show_date(payment.paid_on),
            payer: payment.payer.value,
            placement: placement.word(),
            placement_label: placement.label(),
            message: placement.sentence(),
            application: application.map(|id| id.to_string()),
        }
    }
}

/// List the payments that no application has
#[utoipa::path(
    get,
    path = "/api/v1/payments/unmatched",
    params(PaymentsAsked),
    responses((status = OK, description = "The payments.", body = UnmatchedAnswer))
)]
async fn unmatched_payments(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<PaymentsAsked>,
) -> Result<Json<UnmatchedAnswer>, Problem> {
    let limit = i64::from(page_size(asked.limit)?);
    let page = asked.page.unwrap_or(1);
    if page == 0 {
        return Err(unreadable("page", "ページ番号"));
    }
    let offset = i64::from(page - 1).saturating_mul(limit);
    let (payments, total) = unmatched(&app, (offset, limit)).await?;
    let members = payments.iter().flat_map(Incoming::members);
    note_list(&app, &identity, members.collect()).await?;
    Ok(Json(UnmatchedAnswer {
        total,
        payments: payments.into_iter().map(IncomingAnswer::from).collect(),
    }))
}

/// Which payment.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct PaymentAsked {
    /// 会員番号 under which it came.
    member: String,
    /// 取引番号
    transaction: String,
}

/// A payment with where it could belong.
#[derive(Debug, Serialize, ToSchema)]
struct CandidatesAnswer {
    /// The payment.
    payment: IncomingAnswer,
    /// Applications that would take it if a person said so: first those of its 会員番号, then by fee, amount and 振込名義.
    candidates: Vec<CandidateAnswer>,
}

/// An application to which a payment could belong.
#[derive(Debug, Serialize, ToSchema)]
struct CandidateAnswer {
    /// `<program>.<会員番号>`
    application: String,
    /// 氏名
    name: String,
    /// フリガナ
    furigana: String,
    /// Whether it is of the member under whose number the payment came.
    by_number: bool,
}

impl From<Candidate> for CandidateAnswer {
    fn from(candidate: Candidate) -> Self {
        Self {
            application: candidate.application.to_string(),
            name: candidate.name,
            furigana: candidate.furigana,
            by_number: candidate.by_number,
        }
    }
}

/// Where a payment could belong
///
/// It is confirmed by `POST /api/v1/applications/{id}/payments`, and taken back by `…/payment-reversals`.
#[utoipa::path(
    get,
    path = "/api/v1/payments/candidates",
    params(PaymentAsked),
    responses((status = OK, description = "The candidates.", body = CandidatesAnswer))
)]
async fn payment_candidates(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<PaymentAsked>,
) -> Result<Json<CandidatesAnswer>, Problem> {
    text("member", "会員番号", Some(&asked.member))?;
    text("transaction", "取引番号", Some(&asked.transaction))?;
    let payment = one(&app, &identity, &asked.member, &asked.transaction).await?;
    let candidates = candidates(&app, &identity, &payment).await?;
    // Names of other members are among them.
    let members = candidates.iter().map(|one| one.application.member.clone());
    note_list(&app, &identity, members.chain(payment.members()).collect()).await?;
    Ok(Json(CandidatesAnswer {
        payment: payment.into(),
        candidates: candidates.into_iter().map(CandidateAnswer::from).collect(),
    }))
}
