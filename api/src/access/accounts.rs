//! Accounts of staff in the log: who came in, and ending all that an account has open.

use domain::{
    Actor, Role,
    access::{Access, AccessCommand, Account, EndOfAccess, SignIn, Whose},
    upcasters,
};
use eventstore::Receipt;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Clients, Duties, NotNoted, Principal, Sessions, log};
use crate::service::{Call, Service};

/// Who is asking can not be told.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The tables of sessions and tokens.
    #[error("a table of those who come in can not be used")]
    Database(#[from] sqlx::Error),
    /// The log.
    #[error("the log can not be asked about those who come in")]
    Log(#[from] eventstore::Error),
    /// The log, for writing.
    #[error(transparent)]
    NotNoted(#[from] NotNoted),
}

/// What the log knows of an account.
///
/// # Errors
/// The log can not be read.
pub async fn account(service: &Service, id: &str) -> Result<Account, eventstore::Error> {
    let whose = Whose::Account(id.to_owned());
    let loaded = service.log.load::<Access>(&whose.id(), upcasters).await?;
    Ok(loaded.map_or_else(Account::default, |loaded| {
        loaded.aggregate.account().clone()
    }))
}

/// Writes down that somebody of the staff is let in, before the session is given out; gives the number of the event in the account's stream.
pub(super) async fn note_sign_in(
    service: &Service,
    principal: &Principal,
    way: &str,
) -> Result<i64, NotNoted> {
    let sign_in = SignIn {
        account: principal.actor.clone(),
        duties: principal
            .duties
            .iter()
            .map(|duty| duty.as_str().to_owned())
            .collect(),
        way: way.to_owned(),
        signed_in_at: service.clock.now(),
    };
    let whose = Whose::Account(principal.actor.id.clone());
    let command = AccessCommand::SignIn(sign_in);
    let receipt = log::write(service, &whose, command, Uuid::new_v4()).await?;
    Ok(receipt.last_sequence)
}

/// Who somebody was by a sign-in.
pub(super) fn principal_of(sign_in: &SignIn) -> Principal {
    let duties = Duties::parse(&sign_in.duties.join(" "));
    Principal::of(sign_in.account.role, sign_in.account.id.clone(), duties)
}

/// The roles of staff, whose accounts the log knows.
pub(super) const STAFF: [Role; 2] = [Role::Secretariat, Role::Reporter];

/// Whether a role is one of [`STAFF`].
pub(super) fn is_staff(role: Role) -> bool {
    STAFF.contains(&role)
}

/// What was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// How many sessions.
    pub sessions: u64,
    /// How many tokens that the account answered for.
    pub tokens: u64,
}

/// Ends every session and token of an account at once: the event first, from which on none of them opens anything, then their rows. `None`
/// when nothing is known of such an account. Repeated, it ends what began before the first time.
///
/// # Errors
/// See [`AccessError`]. When the event was written, the access has ended whatever failed after it.
pub async fn end_access(
    service: &Service,
    id: &str,
    call: Call,
) -> Result<Option<Ended>, AccessError> {
    // No account has one, and not every database takes it.
    if id.chars().any(char::is_control) {
        return Ok(None);
    }
    let clients = Clients::new(service);
    let made = clients.made_by(id).await?;
    if made.is_empty() && !account(service, id).await?.is_known() {
        return Ok(None);
    }
    let by = call.actor.clone();
    let end = EndOfAccess {
        by: by.clone(),
        ended_at: service.clock.now(),
    };
    let whose = Whose::Account(id.to_owned());
    let correlation = call.correlation_id;
    let receipt: Receipt =
        log::write_as(service, &whose, AccessCommand::EndAccess(end), call).await?;
    let sessions = Sessions::forget_before(service, id, receipt.last_sequence).await?;
    let mut tokens = 0;
    for (token, as_of) in made {
        if as_of < receipt.last_sequence {
            clients
                .revoke(token, &by, Timestamp::now(), correlation)
                .await?;
            tokens += 1;
        }
    }
    tracing::info!(sessions, tokens, "the access of an account was ended");
    Ok(Some(Ended { sessions, tokens }))
}

/// The call of whoever runs the service, at the console.
pub fn operators_call() -> Call {
    let operator = Actor {
        role: Role::System,
        id: "command-line".to_owned(),
    };
    // Nothing repeats a command line by itself.
    Call::once(operator, Uuid::new_v4(), Uuid::new_v4())
}
