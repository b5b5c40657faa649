//! What is done on the page of an application: which acts are offered, and what their forms send.
//!
//! Whether an act is possible is asked of the decider itself; the page knows no rule.

use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{
    application::{
        Act, Application, ApplicationCommand, CheckMark, CheckTarget, Proof, ProofState,
        SocietyCommand, decide as decided,
    },
    documents::DocumentKind,
    proposal::{Approval, ApprovalKind},
};
use uuid::Uuid;

use super::{super::frame::Notice, super::posted::Posted, super::see, review};
use crate::{
    access::{Identity, Permission},
    acts::{self, Asks, NamedAct},
    app::App,
    bulk::{self, Acted},
    problem::{Kind, Problem},
    situation::{self, found},
};

/// An act that is offered as a form.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five questions that the form asks one by one"
)]
pub(super) struct Offer {
    pub act: &'static str,
    pub label: &'static str,
    /// Last part of the form's address.
    pub route: &'static str,
    pub asks: Asks,
    /// The decision that it undoes.
    pub event: u64,
    pub takes_explanation: bool,
    pub needs_explanation: bool,
    pub needs_reason: bool,
    pub needs_two_persons: bool,
    /// Whether it takes something away.
    pub danger: bool,
}

/// The acts that this person may do and the application allows at this moment.
pub(super) fn offers(app: &App, identity: &Identity, application: &Application) -> Vec<Offer> {
    let Some(state) = application.state() else {
        return Vec::new();
    };
    let Ok(program) = situation::program(app, state) else {
        return Vec::new();
    };
    let now = app.service().clock.now();
    let context = domain::Context {
        actor: identity.actor().clone(),
        at: now,
    };
    acts::ALL
        .iter()
        .filter(|known| identity.holds(known.permission))
        .filter_map(|known| {
            let act = known.example(now, state, program);
            let needs_explanation = act.needs_explanation(state);
            let last = state.last_decision();
            let mut offer = Offer {
                act: known.name,
                label: known.label,
                route: known.segment(),
                asks: known.asks,
                event: 0,
                takes_explanation: act.takes_explanation(),
                needs_explanation,
                needs_reason: act.needs_reason(),
                needs_two_persons: act.needs_two_persons(state),
                danger: known.danger,
            };
            if let (Asks::Decision, Some(last)) = (known.asks, last) {
                offer.label = last.kind.undone();
                offer.event = last.event;
            }
            let words = |needed: bool| if needed { known.label } else { "" }.to_owned();
            let command = ApplicationCommand::Society(SocietyCommand {
                explanation: words(needs_explanation),
                reason: words(act.needs_reason()),
                seen: Some(state.review.revision),
                // Whether it could be done if somebody approved it.
                approved: act.needs_two_persons(state).then_some(Approval {
                    proposal: Uuid::nil(),
                    kind: ApprovalKind::TwoPersons,
                }),
                act,
            });
            let possible = decided(application, command, &context, &app.service().programs)
                .is_ok_and(|events| !events.is_empty());
            possible.then_some(offer)
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
            let units = if domain::text::is_blank(&typed) {
                None
            } else {
                let units = domain::text::parse_number(&typed, &["単位"]);
                Some(units.map_err(|error| invalid("/units", error.message("単位")))?)
            };
            let target = target(posted)?;
            let further_reason = posted.fields.text("further_reason");
            (
                Act::AdjustUnits {
                    target,
                    units,
                    further_reason,
                },
                check,
            )
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
            let typed = posted.fields.sent("labels")?;
            let labels = typed
                .split(['、', ',', '，', '\n'])
                .map(str::trim)
                .filter(|label| !domain::text::is_blank(label))
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
            let known = NamedAct::find(word).ok_or_else(tampered)?;
            (known.read(&posted.fields.text("until"))?, known.permission)
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
        let (explanation, reason) = (
            posted.fields.text("explanation"),
            posted.fields.text("reason"),
        );
        let seen = posted.fields.text("seen").parse().ok();
        let command = SocietyCommand {
            act,
            explanation,
            reason,
            seen,
            approved: None,
        };
        let call = match command.recorded_reason() {
            Some(reason) => posted.call_because(reason),
            None => posted.call(),
        };
        bulk::act(app, &posted.identity, &id, command, call).await
    };
    match done.await {
        Ok(Acted::Waits(run)) => Ok(see(&format!("/desk/bulk/{run}?notice=waiting"))),
        Ok(Acted::Done(_)) => {
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
            let errors = problem
                .body()
                .errors
                .iter()
                .map(|error| (error.pointer.clone(), error.message.clone()))
                .collect();
            let notices = sentences.into_iter().map(Notice::error).collect();
            let typed = review::Typed {
                row: target(&posted).ok().filter(|target| target.row.is_some()),
                units: posted.fields.text("units"),
                further_reason: posted.fields.text("further_reason"),
                errors,
                act: posted.fields.text("act"),
                explanation: posted.fields.text("explanation"),
                reason: posted.fields.text("reason"),
                note: posted.fields.text("note"),
                until: posted.fields.text("until"),
                labels: posted.fields.all("labels").pop(),
                transaction: posted.fields.text("transaction"),
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
