//! Is the service ready? Asked as often as anybody likes, answered within a second whatever has happened to the database, and tried at most
//! once a second: a trial writes to the disk.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use eventstore::{Break, CancellationToken, Trouble, trouble};
use serde::Serialize;
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use crate::service::Service;

/// For so long what was found is not looked for again.
const FRESH: Duration = Duration::from_secs(1);

/// How long somebody who asks waits for a trial.
const PATIENCE: Duration = Duration::from_millis(800);

/// A trial that takes longer than people wait is no reason to take a busy service away, as long as another one succeeded so lately.
const TRUSTED: Duration = Duration::from_secs(5);

/// After which a trial has failed.
const LONGEST: Duration = Duration::from_secs(12);

/// What was found where all is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Events in the ledger.
    pub events: i64,
    /// Views and effects that stand still.
    pub failed_views: Vec<String>,
    /// Where nodes found that the log is not the one that they had seen, and nobody has dealt with it.
    pub breaks: Vec<Lost>,
}

/// What is gone of the log, without whose it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// The last ledger number that a node had seen.
    pub last_seen: i64,
    /// Up to which number the log is known to be the same.
    pub common: i64,
    /// How many numbers are gone, or stand for other events.
    pub gone: i64,
    /// How many commands this node had answered that are not there.
    pub answered_and_gone: usize,
    /// The first of them. `shinsei lost-commands` lists all.
    pub commands: Vec<Uuid>,
}

impl From<Break> for Lost {
    fn from(noticed: Break) -> Self {
        Self {
            last_seen: noticed.last_seen,
            common: noticed.common,
            gone: noticed.gone(),
            answered_and_gone: noticed.commands.len(),
            commands: noticed.named(),
        }
    }
}

/// Why the service is not ready: a word for those who run it, see `ops/runbooks/not-ready.md`.
pub type Reason = &'static str;

/// The service is told to stop.
const STOPPING: Reason = "stopping";

/// What is none of the troubles of a database that pass by themselves.
const FAILED: Reason = "failed";

type Outcome = Result<Found, Reason>;

/// Whether the service is ready. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Readiness {
    stopping: CancellationToken,
    /// What the last trial found, and when.
    last: watch::Sender<Option<(Instant, Outcome)>>,
    /// Held by the trial that is under way.
    trial: Arc<Mutex<()>>,
    /// When a trial last succeeded.
    well: watch::Sender<Option<(Instant, Found)>>,
}

impl Default for Readiness {
    fn default() -> Self {
        Self {
            stopping: CancellationToken::new(),
            last: watch::Sender::new(None),
            trial: Arc::default(),
            well: watch::Sender::new(None),
        }
    }
}

impl Readiness {
    /// What is cancelled when the service is to stop: from then on it is not ready.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// What there is to say.
    ///
    /// # Errors
    /// Why the service is not ready.
    pub async fn look(&self, service: &Service) -> Outcome {
        if self.stopping.is_cancelled() {
            return Err(STOPPING);
        }
        let mut last = self.last.subscribe();
        if let Some((at, outcome)) = &*last.borrow_and_update()
            && at.elapsed() < FRESH
        {
            return outcome.clone();
        }
        // Whoever comes while one is under way waits for its end.
        if let Ok(turn) = Arc::clone(&self.trial).try_lock_owned() {
            let (this, service) = (self.clone(), service.clone());
            tokio::spawn(async move {
                this.conclude(tried(&service).await);
                drop(turn);
            });
        }
        let found = tokio::time::timeout(PATIENCE, last.changed()).await;
        match &*last.borrow() {
            Some((_, outcome)) if matches!(found, Ok(Ok(()))) => outcome.clone(),
            _ => match &*self.well.borrow() {
                Some((at, found)) if at.elapsed() < TRUSTED => Ok(found.clone()),
                _ => Err(Trouble::Away.as_str()),
            },
        }
    }

    fn conclude(&self, outcome: Outcome) {
        let before = self
            .last
            .borrow()
            .as_ref()
            .map(|(_, outcome)| outcome.clone().err());
        match &outcome {
            Ok(found) => {
                self.well
                    .send_replace(Some((Instant::now(), found.clone())));
                if let Some(Some(reason)) = before {
                    tracing::info!(reason, "ready again");
                }
            }
            Err(reason) if before != Some(Some(*reason)) => tracing::error!(reason, "not ready"),
            Err(_) => {}
        }
        self.last.send_replace(Some((Instant::now(), outcome)));
    }
}

async fn tried(service: &Service) -> Outcome {
    let trial = async {
        service
            .log
            .try_writing()
            .await
            .map_err(|error| reason(&error))?;
        let events = service.log.head().await.map_err(|error| reason(&error))?;
        let lag = service.views.lag().await.map_err(|error| reason(&error))?;
        let open = service.log.open_breaks().await;
        let breaks = open.map_err(|error| reason(&error))?;
        let failed = lag.into_iter().filter(|view| view.failure.is_some());
        Ok(Found {
            events,
            failed_views: failed.map(|view| view.name).collect(),
            breaks: breaks.into_iter().map(Lost::from).collect(),
        })
    };
    let overdue = Err(Trouble::Away.as_str());
    tokio::time::timeout(LONGEST, trial)
        .await
        .unwrap_or(overdue)
}

fn reason(error: &(dyn std::error::Error + 'static)) -> Reason {
    trouble(error).map_or_else(
        || {
            tracing::error!(%error, "readiness could not be tried");
            FAILED
        },
        Trouble::as_str,
    )
}
