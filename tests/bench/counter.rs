//! The smallest aggregate that says something: what a command costs beside its decision.

use std::collections::HashMap;
use std::convert::Infallible;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use eventstore::{Envelope, Metadata};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Characters of a note; with the rest of the payload about 300 bytes.
const NOTE: usize = 260;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Counter {
    notes: u64,
}

/// So many notes, one event each.
#[derive(Clone, Debug)]
pub struct Note {
    pub notes: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CounterEvent {
    Noted { number: u64, text: String },
}

impl DomainEvent for CounterEvent {
    fn event_type(&self) -> String {
        "Noted".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Aggregate for Counter {
    const TYPE: &'static str = "counter";
    type Command = Note;
    type Event = CounterEvent;
    type Error = Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        command: Note,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Infallible> {
        for _ in 0..command.notes {
            let event = CounterEvent::Noted {
                number: self.notes + 1,
                text: "n".repeat(NOTE),
            };
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, CounterEvent::Noted { number, .. }: CounterEvent) {
        self.notes = number;
    }
}

/// What the service records with every command.
pub fn envelope() -> Envelope {
    Envelope {
        metadata: Metadata {
            actor: "member:9000001".to_owned(),
            role: "member".to_owned(),
            command_id: Uuid::new_v4(),
            correlation_id: Uuid::new_v4(),
            causation_id: None,
            reason: None,
            approval: None,
            rules_version: "0123456789abcdef".to_owned(),
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            decided_at_us: jiff::Timestamp::now().as_microsecond(),
        },
        request_hash: [7; 32],
    }
}

/// The same facts in the form in which `cqrs-es` itself carries them.
pub fn metadata_map() -> HashMap<String, String> {
    let Envelope {
        metadata,
        request_hash,
    } = envelope();
    [
        ("actor", metadata.actor),
        ("role", metadata.role),
        ("command_id", metadata.command_id.to_string()),
        ("correlation_id", metadata.correlation_id.to_string()),
        ("rules_version", metadata.rules_version),
        ("software_version", metadata.software_version),
        ("decided_at_us", metadata.decided_at_us.to_string()),
        ("request_hash", hex::encode(request_hash)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
