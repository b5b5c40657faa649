//! What the views promise, on SQLite and on PostgreSQL alike.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod effects;
mod failures;
mod leases;
mod rebuilds;
mod waiting;

use std::convert::Infallible;
use std::path::PathBuf;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::Personal;
use domain::application::ApplicationEvent;
use domain::documents::Profile;
use eventstore::{CancellationToken, CommandHandler, Database, Envelope, EventLog, Metadata};
use projections::{Runner, Views};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::databases::TestDatabase;
use crate::patience::until;

/// An application's stream without its rules: it writes whatever it is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Scribe<E>(std::marker::PhantomData<E>);

impl<E> Default for Scribe<E> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<E> Aggregate for Scribe<E>
where
    E: DomainEvent + Serialize + DeserializeOwned + 'static,
{
    const TYPE: &'static str = "application";
    type Command = Vec<E>;
    type Event = E;
    type Error = Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        events: Vec<E>,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Infallible> {
        for event in events {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, _: E) {}
}

/// An event that no program knows yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Tomorrow {
    PaperPraised { by: String },
}

impl DomainEvent for Tomorrow {
    fn event_type(&self) -> String {
        "PaperPraised".into()
    }

    fn event_version(&self) -> String {
        "1.0".into()
    }
}

/// A process on a database: connections, log and sealer of its own.
pub struct Node {
    pub log: EventLog,
    scribe: CommandHandler<Scribe<ApplicationEvent>>,
    pub views: Views,
    pub stop: CancellationToken,
}

impl Node {
    pub async fn on(test: &TestDatabase) -> Self {
        let log = EventLog::new(Database::connect(&test.url).await.unwrap());
        let stop = CancellationToken::new();
        log.seal_task(stop.clone());
        Self {
            scribe: log.handler((), Vec::new),
            views: Views::new(log.clone()),
            log,
            stop,
        }
    }

    /// Appends one event; returns its number in the application's stream.
    pub async fn write(&self, application: &str, event: ApplicationEvent) -> i64 {
        let receipt = self
            .scribe
            .execute(application, vec![event], envelope())
            .await;
        receipt.unwrap().last_sequence
    }

    /// A runner in a task that may be killed.
    pub fn run(&self) -> tokio::task::JoinHandle<()> {
        tokio::spawn(Runner::new(self.log.clone()).run(self.stop.clone()))
    }

    /// Waits until everything that is written is in the ledger.
    pub async fn sealed(&self, events: i64) {
        until("everything is in the ledger", async || {
            self.log.head().await.unwrap() >= events
        })
        .await;
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.log.tasks().close();
        self.log.tasks().wait().await;
        match self.log.database() {
            Database::Sqlite(pool) => pool.close().await,
            Database::Postgres(pool) => pool.close().await,
        }
    }
}

pub fn envelope() -> Envelope {
    Envelope {
        metadata: Metadata {
            actor: "member:9000001".into(),
            role: "member".into(),
            command_id: Uuid::new_v4(),
            correlation_id: Uuid::new_v4(),
            causation_id: None,
            reason: None,
            approval: None,
            rules_version: "rules".into(),
            software_version: "test".into(),
            decided_at_us: 1_780_477_200_000_000,
        },
        request_hash: [0; 32],
    }
}

/// 申込 of the corpus.
pub fn applied() -> ApplicationEvent {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../domain/corpus/application/Applied@1.0.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

pub fn profile(text: &str) -> ApplicationEvent {
    ApplicationEvent::ProfileSaved {
        profile: Personal::new(Profile { text: text.into() }),
    }
}

/// Runs a statement behind everybody's back.
async fn tamper(database: &Database, statement: &str) {
    match database {
        Database::Sqlite(pool) => sqlx::query(statement).execute(pool).await.map(drop),
        Database::Postgres(pool) => sqlx::query(statement).execute(pool).await.map(drop),
    }
    .unwrap();
}
