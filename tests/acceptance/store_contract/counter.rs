//! A small aggregate with every kind of command that the log must tell apart.

use std::sync::Arc;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use eventstore::EventUpcaster;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    pub total: i64,
    pub notes: Vec<String>,
}

#[derive(Debug, Clone)]
pub enum CounterCommand {
    /// One event.
    Add(i64),
    /// One event for each number.
    AddEach(Vec<i64>),
    /// Refused when the counter is not at zero.
    Open,
    /// One event with this text.
    Note(String),
    /// No event.
    DoNothing,
    /// Always refused.
    Refuse,
    /// Reports at the desk that it is being decided, waits for leave, then does as `Open`.
    OpenAfterLeave,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CounterEvent {
    Added { by: i64 },
    Noted { text: String },
}

impl DomainEvent for CounterEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Added { .. } => "Added",
            Self::Noted { .. } => "Noted",
        }
        .into()
    }

    fn event_version(&self) -> String {
        "1.0".into()
    }
}

/// The one refusal.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the counter refuses")
    }
}

impl std::error::Error for Refused {}

/// Where a command that is being decided can be held, so that a test decides what happens meanwhile.
#[derive(Clone)]
pub struct Desk {
    arrived: Arc<Semaphore>,
    leave: Arc<Semaphore>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            arrived: Arc::new(Semaphore::new(0)),
            leave: Arc::new(Semaphore::new(0)),
        }
    }
}

impl Desk {
    /// Waits until one more command is being decided.
    pub async fn arrival(&self) {
        self.arrived.acquire().await.expect("never closed").forget();
    }

    /// Lets so many decisions go on.
    pub fn give_leave(&self, decisions: usize) {
        self.leave.add_permits(decisions);
    }
}

impl Aggregate for Counter {
    const TYPE: &'static str = "counter";
    type Command = CounterCommand;
    type Event = CounterEvent;
    type Error = Refused;
    type Services = Desk;

    async fn handle(
        &mut self,
        command: CounterCommand,
        desk: &Desk,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused> {
        match command {
            CounterCommand::Add(by) => sink.write(CounterEvent::Added { by }, self).await,
            CounterCommand::AddEach(numbers) => {
                for by in numbers {
                    sink.write(CounterEvent::Added { by }, self).await;
                }
            }
            CounterCommand::Note(text) => sink.write(CounterEvent::Noted { text }, self).await,
            CounterCommand::DoNothing => {}
            CounterCommand::Refuse => return Err(Refused),
            CounterCommand::Open | CounterCommand::OpenAfterLeave => {
                if matches!(command, CounterCommand::OpenAfterLeave) {
                    desk.arrived.add_permits(1);
                    desk.leave.acquire().await.expect("never closed").forget();
                }
                if self.total != 0 {
                    return Err(Refused);
                }
                sink.write(CounterEvent::Added { by: 1 }, self).await;
            }
        }
        Ok(())
    }

    fn apply(&mut self, event: CounterEvent) {
        match event {
            CounterEvent::Added { by } => self.total += by,
            CounterEvent::Noted { text } => self.notes.push(text),
        }
    }
}

pub fn no_upcasters() -> Vec<Box<dyn EventUpcaster>> {
    Vec::new()
}
