//! 二者承認: who may propose, approve and do what needs two persons. The rule itself is the aggregate's (`domain::proposal`).
//!
//! 判定 of one application that one person must not make alone, and 判定 in bulk, go through here ([`crate::bulk`]); the publishing of rules will.

use domain::{
    Actor,
    proposal::{
        ApprovalKind, Proposal, ProposalCommand, ProposalKind, ProposalRefusal, ProposalState,
    },
};
use eventstore::{ExecuteError, Receipt};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Duty, Principal};
use crate::service::{Call, Service};

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum TwoPersonsError {
    /// A token is nobody who could answer for it, and would be a second account of whoever holds it.
    #[error("二者承認の操作はトークンでは行えません。サインインして操作してください。")]
    NotAPerson,
    /// Without the duty.
    #[error("この操作を行う権限がありません。担当者に依頼してください。")]
    NotPermitted,
    /// By the rule, or the log.
    #[error(transparent)]
    Proposal(#[from] ExecuteError<ProposalRefusal>),
}

/// The duty that both persons have.
pub const fn duty(kind: ProposalKind) -> Duty {
    match kind {
        ProposalKind::Decide | ProposalKind::DecideInBulk => Duty::Decide,
        ProposalKind::ActInBulk => Duty::Check,
        ProposalKind::PublishRules => Duty::Administer,
    }
}

/// Whether it is a person with the duty, and no token of whatever scope.
///
/// # Errors
/// [`TwoPersonsError::NotAPerson`], [`TwoPersonsError::NotPermitted`].
pub fn permitted(principal: &Principal, kind: ProposalKind) -> Result<(), TwoPersonsError> {
    if principal.scopes.is_some() {
        return Err(TwoPersonsError::NotAPerson);
    }
    if principal.duties.include(duty(kind)) {
        Ok(())
    } else {
        Err(TwoPersonsError::NotPermitted)
    }
}

/// What an account does who proposes: where it is that of the only person who decides, a day stands in the place of a second one.
pub(crate) fn proposing(service: &Service, actor: &Actor, proposal: Proposal) -> ProposalCommand {
    if duty(proposal.kind) == Duty::Decide && service.deciding.is_sole(actor) {
        ProposalCommand::ProposeAlone(proposal)
    } else {
        ProposalCommand::Propose(proposal)
    }
}

/// 単独: from when on a proposal may be begun without a second person. That is over as soon as the operator does not name its account as the
/// only one that decides any more: a second person has come, and it waits for one as every other. What has been begun goes on.
pub(crate) fn alone_from(service: &Service, state: &ProposalState) -> Option<Timestamp> {
    match state {
        ProposalState::Made {
            proposed_by,
            alone_from,
            used,
            ..
        } if *used || service.deciding.is_sole(proposed_by) => *alone_from,
        ProposalState::Made { .. } | ProposalState::None => None,
    }
}

/// By which a proposal may be begun now: as [`ProposalState::approval`], as long as [`alone_from`] holds.
pub(crate) fn approval(
    service: &Service,
    state: &ProposalState,
    now: Timestamp,
) -> Option<ApprovalKind> {
    state
        .approval(now)
        .filter(|approval| *approval != ApprovalKind::Alone || alone_from(service, state).is_some())
}

/// 起案. The call carries the reason.
///
/// # Errors
/// See [`TwoPersonsError`].
pub async fn propose(
    service: &Service,
    principal: &Principal,
    id: Uuid,
    proposal: Proposal,
    call: Call,
) -> Result<Receipt, TwoPersonsError> {
    permitted(principal, proposal.kind)?;
    let proposing = proposing(service, &principal.actor, proposal);
    command(service, principal, id, proposing, call).await
}

/// 承認 of what the person has seen.
///
/// # Errors
/// See [`TwoPersonsError`].
pub async fn approve(
    service: &Service,
    principal: &Principal,
    id: Uuid,
    seen: Proposal,
    call: Call,
) -> Result<Receipt, TwoPersonsError> {
    permitted(principal, seen.kind)?;
    command(service, principal, id, ProposalCommand::Approve(seen), call).await
}

/// 実施, before anything of it is done: who gets a receipt does it, and nobody gets a second one. A repeated call gets the first one again, so what
/// follows must be safe to repeat.
///
/// # Errors
/// See [`TwoPersonsError`].
pub async fn use_up(
    service: &Service,
    principal: &Principal,
    id: Uuid,
    seen: Proposal,
    call: Call,
) -> Result<Receipt, TwoPersonsError> {
    permitted(principal, seen.kind)?;
    command(service, principal, id, ProposalCommand::Use(seen), call).await
}

async fn command(
    service: &Service,
    principal: &Principal,
    id: Uuid,
    command: ProposalCommand,
    call: Call,
) -> Result<Receipt, TwoPersonsError> {
    let call = Call {
        actor: principal.actor.clone(),
        ..call
    };
    Ok(service.command_proposal(id, command, call).await?)
}
