//! Events to test with, and a log that takes them as they are.

use std::convert::Infallible;
use std::path::PathBuf;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent as _};
use domain::Personal;
use domain::application::ApplicationEvent;
use domain::documents::{Conference, Paper, Profile, ResearchActivity, RowId};
use eventstore::{CommandHandler, Database, Envelope, EventLog, Metadata};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use uuid::Uuid;

use crate::feed::FedEvent;

/// 2026-06-03 18:00 JST
pub(crate) const START_US: i64 = 1_780_477_200_000_000;

/// An application's stream without its rules: it writes whatever it is told.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Scribe;

impl Aggregate for Scribe {
    const TYPE: &'static str = "application";
    type Command = Vec<ApplicationEvent>;
    type Event = ApplicationEvent;
    type Error = Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        events: Vec<ApplicationEvent>,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Infallible> {
        for event in events {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, _: ApplicationEvent) {}
}

/// A migrated log in a file of its own.
pub(crate) struct TestLog {
    pub log: EventLog,
    pub scribe: CommandHandler<Scribe>,
    _directory: TempDir,
}

impl TestLog {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("log.db").display());
        let database = Database::connect(&url).await.unwrap();
        database.migrate().await.unwrap();
        let log = EventLog::new(database);
        let scribe = log.handler((), Vec::new);
        Self {
            log,
            scribe,
            _directory: directory,
        }
    }

    /// Appends to an application, as one command; returns the number of its last event.
    pub(crate) async fn write(&self, application: &str, events: Vec<ApplicationEvent>) -> i64 {
        let envelope = Envelope {
            metadata: metadata(1),
            request_hash: [0; 32],
        };
        let receipt = self.scribe.execute(application, events, envelope).await;
        receipt.unwrap().last_sequence
    }
}

/// The metadata of the event with this number: a minute after the one before.
pub(crate) fn metadata(number: i64) -> Metadata {
    Metadata {
        actor: "member:9000001".into(),
        role: "member".into(),
        command_id: Uuid::new_v4(),
        correlation_id: Uuid::new_v4(),
        causation_id: None,
        reason: None,
        approval: None,
        rules_version: "rules".into(),
        software_version: "test".into(),
        decided_at_us: START_US + number * 60_000_000,
    }
}

/// Events of one application as the feed gives them, alone in the ledger.
pub(crate) fn fed(events: &[ApplicationEvent]) -> Vec<FedEvent> {
    let numbered = events.iter().zip(1..);
    numbered
        .map(|(event, number)| one_fed("p.1", number, number, event))
        .collect()
}

pub(crate) fn one_fed(
    application: &str,
    global_seq: i64,
    sequence: i64,
    event: &ApplicationEvent,
) -> FedEvent {
    FedEvent {
        global_seq,
        stream: Scribe::TYPE,
        id: application.to_owned(),
        sequence,
        event_type: event.event_type(),
        event_version: event.event_version(),
        payload: Some(serde_json::to_string(event).unwrap()),
        metadata: serde_json::to_string(&metadata(global_seq)).unwrap(),
    }
}

/// The directory of the events ever released.
pub(crate) fn corpus_directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../domain/corpus/application")
}

/// The released example of an event.
pub(crate) fn corpus(name: &str) -> ApplicationEvent {
    let file = corpus_directory().join(format!("{name}@1.0.json"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

pub(crate) fn row(number: u128) -> RowId {
    RowId(Uuid::from_u128(number))
}

pub(crate) fn profile(text: &str) -> ApplicationEvent {
    ApplicationEvent::ProfileSaved {
        profile: Personal::new(Profile { text: text.into() }),
    }
}

pub(crate) fn years(text: &str) -> ApplicationEvent {
    ApplicationEvent::ResearchYearsRecorded {
        total_years: Personal::new(text.into()),
    }
}

pub(crate) fn activity(content: &str) -> Personal<ResearchActivity> {
    Personal::new(ResearchActivity {
        content: content.into(),
        ..ResearchActivity::default()
    })
}

pub(crate) fn conference(place: &str, units: &str) -> Personal<Conference> {
    Personal::new(Conference {
        place: place.into(),
        units: units.into(),
        ..Conference::default()
    })
}

pub(crate) fn paper(content: &str) -> Personal<Paper> {
    Personal::new(Paper {
        content: content.into(),
        ..Paper::default()
    })
}
