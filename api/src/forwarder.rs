//! Carries what the society learns of a member into the member's applications (architecture, decision 2).
//!
//! It follows the ledger and may see an event more than once, so it never acts on what an event says: an event only names
//! the member, and what is missing is the difference between the member and the application as they are now.

use std::collections::BTreeMap;

use domain::{
    Actor, Role,
    application::{Application, ApplicationCommand, ApplicationId, Refusal, outstanding_facts},
    member::{Member, MemberNumber},
};
use eventstore::{ExecuteError, RecordedEvent};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{Call, Service};

/// Under which the ids of forwarded commands are derived (version 5).
const FORWARDED: Uuid = Uuid::from_u128(0x0b8e_6f5d_41c7_4b7a_9a35_7e0c_92d4_1f6b);

/// Carries facts from members to applications.
#[derive(Clone)]
pub struct Forwarder {
    service: Service,
}

/// Why the forwarder could not go on. It carries no fact of a member, nor whose it is: it stands in logs.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
    /// A fact could not be written as text for its id.
    #[error("a fact cannot be serialized")]
    Unserializable,
    /// Others wrote to the application each time it was tried.
    #[error("an application was written to by others at each attempt")]
    Conflict,
    /// The id of a fact stands for another one: two facts with one hash.
    #[error("an application has another command under the id of a fact")]
    KeyReused,
}

impl Forwarder {
    /// A forwarder on a service.
    pub fn new(service: Service) -> Self {
        Self { service }
    }

    /// Brings the applications of every member whom the events touch up to date. Seeing events again changes nothing.
    ///
    /// A fact that an application refuses (a payment that fits nothing yet) stays with the member and is tried again with the
    /// next event of the member or the application.
    ///
    /// # Errors
    /// See [`ForwardError`]; the events are to be handed over again.
    pub async fn forward(&self, events: &[RecordedEvent]) -> Result<(), ForwardError> {
        // The last event of a member speaks for the earlier ones.
        let mut members: BTreeMap<MemberNumber, &RecordedEvent> = BTreeMap::new();
        for event in events {
            if let Some(member) = member_of(event) {
                members.insert(member, event);
            }
        }
        for (number, source) in members {
            let Some(member) = self.service.member(&number).await? else {
                continue;
            };
            for program in self.service.programs.iter() {
                let id = ApplicationId {
                    program: program.id.clone(),
                    member: number.clone(),
                };
                self.bring_up_to_date(&id, &member, source).await?;
            }
        }
        Ok(())
    }

    async fn bring_up_to_date(
        &self,
        id: &ApplicationId,
        member: &Member,
        source: &RecordedEvent,
    ) -> Result<(), ForwardError> {
        let Some((application, _)) = self.service.application(id).await? else {
            return Ok(());
        };
        for fact in outstanding_facts(member, &application) {
            let call = call(id, &fact, source)?;
            match self.service.command_application(id, fact, call).await {
                Ok(_) => {}
                Err(ExecuteError::Refused(refusal)) => refused(source, &refusal),
                Err(ExecuteError::Database(error)) => return Err(error.into()),
                Err(ExecuteError::Conflict) => return Err(ForwardError::Conflict),
                Err(ExecuteError::KeyReused) => return Err(ForwardError::KeyReused),
            }
        }
        Ok(())
    }
}

impl projections::Effect for Forwarder {
    const NAME: &'static str = "forwarder";

    async fn handle(&self, events: &[RecordedEvent]) -> Result<(), projections::BoxError> {
        Ok(self.forward(events).await?)
    }
}

fn refused(source: &RecordedEvent, refusal: &Refusal) {
    tracing::debug!(
        event = source.global_seq,
        refusal = refusal.code(),
        "a fact stays with the member for now"
    );
}

/// The member whose applications an event may concern: new facts, and applications that have come to want them.
fn member_of(event: &RecordedEvent) -> Option<MemberNumber> {
    use cqrs_es::Aggregate as _;
    match (event.aggregate_type.as_str(), event.event_type.as_str()) {
        (
            Member::TYPE,
            "AttendanceRecorded" | "AttendanceRetracted" | "PaymentReceived" | "PaymentRetracted",
        ) => MemberNumber::parse(&event.aggregate_id).ok(),
        // Facts that came between the reading of the member and 申込, and payments that now fit.
        (Application::TYPE, "Applied" | "ExamAdded") => ApplicationId::parse(&event.aggregate_id)
            .ok()
            .map(|id| id.member),
        _ => None,
    }
}

/// The id of a forwarded fact: source event, application and the fact itself.
///
/// The fact's number in the batch would not do: after a crash in the middle the first outstanding fact is another one, and it
/// would be answered with the receipt of the one that is through already.
fn call(
    id: &ApplicationId,
    fact: &ApplicationCommand,
    source: &RecordedEvent,
) -> Result<Call, ForwardError> {
    let (name, value) = match fact {
        ApplicationCommand::ImportSeminarAttendance(attendance) => {
            ("attendance", serde_json::to_vec(attendance))
        }
        ApplicationCommand::RetractSeminarAttendance(seminar) => {
            ("retraction", serde_json::to_vec(seminar))
        }
        ApplicationCommand::ConfirmPayment(payment) => ("payment", serde_json::to_vec(payment)),
        ApplicationCommand::RetractPayment(payment) => {
            ("payment retraction", serde_json::to_vec(payment))
        }
        // `outstanding_facts` gives none of the others.
        _ => return Err(ForwardError::Unserializable),
    };
    let value = value.map_err(|_| ForwardError::Unserializable)?;
    let request_hash: [u8; 32] = Sha256::digest(&value).into();
    let name = format!(
        "{}.{}.{}\n{id}\n{name}\n{}",
        source.aggregate_type,
        source.aggregate_id,
        source.sequence,
        hex::encode(request_hash)
    );
    Ok(Call {
        actor: Actor {
            role: Role::System,
            id: "forwarder".to_owned(),
        },
        command_id: Uuid::new_v5(&FORWARDED, name.as_bytes()),
        request_hash,
        correlation_id: source.metadata.correlation_id,
        causation_id: Some(source.metadata.command_id),
        reason: None,
        counts_for: None,
    })
}

#[cfg(test)]
mod tests;
