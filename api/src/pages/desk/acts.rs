//! What is done on the page of an application: which acts are offered, and what their forms send.
//!
//! Whether an act is possible is asked of the decider itself; the page knows no rule.

use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{
    application::{
        Act, Application, ApplicationCommand, CheckMark, CheckTarget, ExamOutcome, Proof,
        ProofState, SocietyCommand, decide as decided,
    },
    calendar::{parse_date, parse_jst_instant},
    documents::DocumentKind,
};
use jiff::{Timestamp, civil::Date};

use super::{super::frame::Notice, super::posted::Posted, super::see, review};
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::{Kind, Problem},
    saving::execute,
    situation::found,
};

/// A value that an act asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Nothing,
    /// A day and a minute.
    Moment(&'static str),
    /// A day.
    Day(&'static str),
}

/// An act that is offered as a form.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub act: &'static str,
    pub label: &'static str,
    /// Last part of the form's address.
    pub route: &'static str,
    pub asks: Asks,
    /// Whether it takes something away.
    pub danger: bool,
}

/// An act with its name in forms, its permission and what it asks for.
struct Known {
    act: &'static str,
    permission: Permission,
    asks: Asks,
    danger: bool,
    /// The act for asking the decider whether it is possible; times are far enough ahead.
    example: fn(Timestamp) -> Act,
}

/// Far ahead: later than every deadline that there is.
fn far(now: Timestamp) -> Timestamp {
    now.saturating_add(jiff::SignedDuration::from_hours(24 * 365 * 20))
        .unwrap_or(Timestamp::MAX)
}

fn far_day(now: Timestamp) -> Date {
    domain::calendar::jst_date(far(now))
}

const KNOWN: &[Known] = &[
    Known {
        act: "accept",
        permission: Permission::CheckDocuments,
        asks: Asks::Nothing,
        danger: false,
        example: |_| Act::AcceptDocuments,
    },
    Known {
        act: "reopen",
        permission: Permission::CheckDocuments,
        asks: Asks::Moment("入力の期限"),
        danger: false,
        example: |now| Act::Reopen { until: far(now) },
    },
    Known {
        act: "extend",
        permission: Permission::CheckDocuments,
        asks: Asks::Moment("新しい期限"),
        danger: false,
        example: |now| Act::ExtendDeadline { until: far(now) },
    },
    Known {
        act: "withdraw",
        permission: Permission::CheckDocuments,
        asks: Asks::Nothing,
        danger: true,
        example: |_| Act::Withdraw,
    },
    Known {
        act: "pass",
        permission: Permission::Decide,
        asks: Asks::Nothing,
        danger: false,
        example: |_| Act::PassReview,
    },
    Known {
        act: "fail",
        permission: Permission::Decide,
        asks: Asks::Nothing,
        danger: true,
        example: |_| Act::FailReview,
    },
    Known {
        act: "revoke",
        permission: Permission::Decide,
        asks: Asks::Nothing,
        danger: true,
        example: |_| Act::RevokeDecision,
    },
    Known {
        act: "exam-passed",
        permission: Permission::Decide,
        asks: Asks::Nothing,
        danger: false,
        example: |_| Act::RecordExamResult(ExamOutcome::Passed),
    },
    Known {
        act: "exam-failed",
        permission: Permission::Decide,
        asks: Asks::Nothing,
        danger: true,
        example: |_| Act::RecordExamResult(ExamOutcome::Failed),
    },
    Known {
        act: "exam-absent",
        permission: Permission::Decide,
        asks: Asks::Nothing,
        danger: false,
        example: |_| Act::RecordExamResult(ExamOutcome::Absent),
    },
    Known {
        act: "approve",
        permission: Permission::Decide,
        asks: Asks::Nothing,
        danger: false,
        example: |_| Act::ApproveCertification,
    },
    Known {
        act: "request-fee",
        permission: Permission::ConfirmPayments,
        asks: Asks::Day("納入期限"),
        danger: false,
        example: |now| Act::RequestCertificationFee { due: far_day(now) },
    },
    Known {
        act: "certify",
        permission: Permission::Decide,
        asks: Asks::Nothing,
        danger: false,
        example: |_| Act::Certify,
    },
    Known {
        act: "defer",
        permission: Permission::Decide,
        asks: Asks::Day("猶予の最終日"),
        danger: false,
        example: |now| Act::Defer {
            until: far_day(now),
        },
    },
    Known {
        act: "lapse",
        permission: Permission::Decide,
        asks: Asks::Nothing,
        danger: true,
        example: |_| Act::Lapse,
    },
];

fn route(permission: Permission) -> &'static str {
    match permission {
        Permission::Decide => "decision",
        Permission::ConfirmPayments => "payments",
        _ => "check",
    }
}

/// The acts that this person may do and the application allows at this moment.
pub(super) fn offers(app: &App, identity: &Identity, application: &Application) -> Vec<Offer> {
    let Some(state) = application.state() else {
        return Vec::new();
    };
    let now = app.service().clock.now();
    let context = domain::Context {
        actor: identity.actor().clone(),
        at: now,
    };
    KNOWN
        .iter()
        .filter(|known| identity.holds(known.permission))
        .filter_map(|known| {
            let act = (known.example)(now);
            let label = match &act {
                Act::RecordExamResult(ExamOutcome::Passed) => "筆記試験: 合格",
                Act::RecordExamResult(ExamOutcome::Failed) => "筆記試験: 不合格",
                Act::RecordExamResult(ExamOutcome::Absent) => "筆記試験: 欠席",
                act => act.label(),
            };
            let command = ApplicationCommand::Society(SocietyCommand {
                act,
                reason: label.to_owned(),
                seen: Some(state.review.revision),
            });
            let possible = decided(application, command, &context, &app.service().programs)
                .is_ok_and(|events| !events.is_empty());
            possible.then_some(Offer {
                act: known.act,
                label,
                route: route(known.permission),
                asks: known.asks,
                danger: known.danger,
            })
        })
        .collect()
}

fn tampered() -> Problem {
    Problem::new(Kind::PageTampered)
}

fn target(posted: &Posted) -> Result<CheckTarget, Problem> {
    let document = DocumentKind::from_slug(&posted.fields.text("document")).ok_or_else(tampered)?;
    let row = posted.fields.text("row");
    Ok(CheckTarget {
        document,
        row: (!row.is_empty()).then_some(row),
    })
}

fn invalid(pointer: &str, message: String) -> Problem {
    Problem::new(Kind::Invalid).at(pointer, message)
}

/// What stands in `<input type="datetime-local">`, in Japan.
pub(super) fn moment(posted: &Posted, label: &str) -> Result<Timestamp, Problem> {
    parse_jst_instant(&posted.fields.text("until"))
        .map_err(|_| invalid("/until", format!("{label}の日時を入力してください。")))
}

fn day(posted: &Posted, label: &str) -> Result<Date, Problem> {
    parse_date(&posted.fields.text("until"))
        .map_err(|error| invalid("/until", error.message(label)))
}

/// The act that a form names, with its permission.
fn read(posted: &Posted) -> Result<(Act, Permission), Problem> {
    let word = posted.fields.text("act");
    let check = Permission::CheckDocuments;
    Ok(match word.as_str() {
        "check" => {
            let mark = match posted.fields.text("mark").as_str() {
                "unchecked" => CheckMark::Unchecked,
                "checked" => CheckMark::Checked,
                "needs_correction" => CheckMark::NeedsCorrection,
                _ => return Err(tampered()),
            };
            let target = target(posted)?;
            (Act::Check { target, mark }, check)
        }
        "units" => {
            let typed = posted.fields.text("units");
            let units = if typed.trim().is_empty() {
                None
            } else {
                let units = domain::text::parse_number(&typed, &["単位"]);
                Some(units.map_err(|error| invalid("/units", error.message("単位")))?)
            };
            let target = target(posted)?;
            (Act::AdjustUnits { target, units }, check)
        }
        "proof" => {
            let proof = Proof::ALL
                .into_iter()
                .find(|proof| proof_word(*proof) == posted.fields.text("proof"))
                .ok_or_else(tampered)?;
            let state = ProofState::ALL
                .into_iter()
                .find(|state| proof_state_word(*state) == posted.fields.text("state"))
                .ok_or_else(tampered)?;
            (Act::RecordProof { proof, state }, check)
        }
        "note" => (Act::AddNote(posted.fields.text("note")), check),
        "labels" => {
            let typed = posted.fields.text("labels");
            let labels = typed
                .split(['、', ',', '，', '\n'])
                .map(str::trim)
                .filter(|label| !label.is_empty())
                .map(str::to_owned)
                .collect();
            (Act::SetLabels(labels), check)
        }
        "reverse" => (
            Act::ReversePayment {
                transaction: posted.fields.text("transaction"),
            },
            Permission::ConfirmPayments,
        ),
        word => {
            let known = KNOWN
                .iter()
                .find(|known| known.act == word)
                .ok_or_else(tampered)?;
            let act = match (known.example)(Timestamp::UNIX_EPOCH) {
                Act::Reopen { .. } => Act::Reopen {
                    until: moment(posted, "入力の期限")?,
                },
                Act::ExtendDeadline { .. } => Act::ExtendDeadline {
                    until: moment(posted, "新しい期限")?,
                },
                Act::RequestCertificationFee { .. } => Act::RequestCertificationFee {
                    due: day(posted, "納入期限")?,
                },
                Act::Defer { .. } => Act::Defer {
                    until: day(posted, "猶予の最終日")?,
                },
                act => act,
            };
            (act, known.permission)
        }
    })
}

/// The word of a paper in forms.
pub(super) fn proof_word(proof: Proof) -> &'static str {
    match proof {
        Proof::FinalForm => "final_form",
        Proof::UnitProofs => "unit_proofs",
        Proof::Certificates => "certificates",
    }
}

/// The word of where a paper is in forms.
pub(super) fn proof_state_word(state: ProofState) -> &'static str {
    match state {
        ProofState::Missing => "missing",
        ProofState::Received => "received",
        ProofState::Checked => "checked",
        ProofState::Defective => "defective",
    }
}

/// The word of a mark in forms.
pub(super) fn mark_word(mark: CheckMark) -> &'static str {
    match mark {
        CheckMark::Unchecked => "unchecked",
        CheckMark::Checked => "checked",
        CheckMark::NeedsCorrection => "needs_correction",
    }
}

/// Does what the form says, and shows the page again: with what was done, or with why it was not and what was typed.
async fn act(
    app: &App,
    id: &str,
    posted: Posted,
    permission: Permission,
) -> Result<Response, Problem> {
    let id = found(app, &posted.identity, id).await?.id;
    let done = async {
        let (act, needed) = read(&posted)?;
        // Each act belongs to one form's address; another one would go past its permission.
        if needed != permission {
            return Err(tampered());
        }
        let label = act.label();
        let reason = posted.fields.text("reason");
        let seen = posted.fields.text("seen").parse().ok();
        let told = !reason.trim().is_empty();
        let call = if told {
            posted.call_because(reason.clone())
        } else {
            posted.call()
        };
        let command = ApplicationCommand::Society(SocietyCommand { act, reason, seen });
        execute(app, &id, command, call).await?;
        Ok(label)
    };
    match done.await {
        Ok(_) => {
            let place = posted.fields.text("place");
            let place = if place
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            {
                place
            } else {
                String::new()
            };
            let place = if place.is_empty() {
                String::new()
            } else {
                format!("#{place}")
            };
            Ok(see(&format!("{}?notice=done{place}", super::of(&id))))
        }
        Err(problem) if problem.kind().status().is_client_error() => {
            let mut sentences = vec![problem.body().detail.clone()];
            for error in &problem.body().errors {
                if !sentences.contains(&error.message) {
                    sentences.push(error.message.clone());
                }
            }
            let notices = sentences.into_iter().map(Notice::error).collect();
            let typed = review::Typed {
                act: posted.fields.text("act"),
                reason: posted.fields.text("reason"),
                note: posted.fields.text("note"),
            };
            let status = problem.kind().status();
            let found = found(app, &posted.identity, &id.to_string()).await?;
            review::page(app, &posted.identity, &found, (notices, status), &typed).await
        }
        Err(problem) => Err(problem),
    }
}

/// 確認 and what goes with it.
pub(super) async fn check(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    act(&app, &id, posted, Permission::CheckDocuments).await
}

/// 判定
pub(super) async fn decide(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    act(&app, &id, posted, Permission::Decide).await
}

/// 入金
pub(super) async fn payments(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    act(&app, &id, posted, Permission::ConfirmPayments).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_that_asks_for_a_time_says_what_it_is() {
        for known in KNOWN {
            let asks = !matches!(known.asks, Asks::Nothing);
            let timed = matches!(
                (known.example)(Timestamp::UNIX_EPOCH),
                Act::Reopen { .. }
                    | Act::ExtendDeadline { .. }
                    | Act::RequestCertificationFee { .. }
                    | Act::Defer { .. }
            );
            assert_eq!(asks, timed, "{}", known.act);
        }
    }
}
