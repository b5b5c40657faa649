//! 二者承認: who may propose, approve and do what needs two persons. The rule itself is the aggregate's (`domain::proposal`).
//!
//! 判定 in bulk goes through here ([`crate::bulk`]); the publishing of rules will.

use domain::proposal::{Proposal, ProposalCommand, ProposalKind, ProposalRefusal};
use eventstore::{ExecuteError, Receipt};
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
        ProposalKind::DecideInBulk => Duty::Decide,
        ProposalKind::PublishRules => Duty::Administer,
    }
}

/// A person with the duty, and no token of whatever scope.
fn permitted(principal: &Principal, kind: ProposalKind) -> Result<(), TwoPersonsError> {
    if principal.scopes.is_some() {
        return Err(TwoPersonsError::NotAPerson);
    }
    if principal.duties.include(duty(kind)) {
        Ok(())
    } else {
        Err(TwoPersonsError::NotPermitted)
    }
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
    command(
        service,
        principal,
        id,
        ProposalCommand::Propose(proposal),
        call,
    )
    .await
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
