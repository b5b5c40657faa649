//! Keeps every view and effect, each in a task of its own.

use std::time::Duration;

use eventstore::{CancellationToken, EventLog};
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::effect::{Effect, EffectKeeper};
use crate::error::{Error, Result};
use crate::projection::{Projection, ViewName, on_view};
use crate::registry::{self, Generation, Role};
use crate::session::Session;
use crate::step::{Bounds, Step, step};

/// Tries of what can not be applied, before a view stands still or an effect counts as failed.
pub(crate) const TRIES: u32 = 5;

/// The pause after the first failure; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long a view that has nothing to do trusts that somebody would tell it of new events.
const POLL: Duration = Duration::from_millis(250);

/// How long events are gathered while many come one after the other.
const GATHERING: Duration = Duration::from_millis(300);

/// How soon a view is taken over from a holder that died.
const LEASE_POLL: Duration = Duration::from_millis(100);

/// How often one that stands still looks whether it was rebuilt.
const HEALED_POLL: Duration = Duration::from_secs(1);

/// What an attempt came to.
pub(crate) enum Attempt {
    /// It moved, or somebody else moved it; there may be more at once.
    Progress,
    /// Nothing to do.
    Idle,
    /// Another node is at it.
    Busy,
    /// Failed; worth another try after the pause.
    Retry(Error, Duration),
    /// Failed for good, until somebody mends it.
    Stuck(Error),
}

/// One view or effect as this node keeps it.
pub(crate) trait Keeper: Send + 'static {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Handles the next events, unless it is at that ledger number, whoever brought it there.
    fn attempt<'a>(&'a mut self, log: &'a EventLog, upto: i64) -> BoxFuture<'a, Attempt>;
}

type MakeKeeper = Box<dyn Fn() -> Box<dyn Keeper> + Send + Sync>;

/// Keeps the views of a log, and the effects that follow it. Any number of nodes may run one: each view is applied by one
/// of them at a time, and another takes over when that one dies.
pub struct Runner {
    log: EventLog,
    effects: Vec<(&'static str, MakeKeeper)>,
}

impl Runner {
    /// A runner of all views. [`EventLog::seal_task`] should run beside it, as that is what tells of new events.
    pub fn new(log: EventLog) -> Self {
        Self {
            log,
            effects: Vec::new(),
        }
    }

    /// Lets an effect follow the log as well.
    #[must_use]
    pub fn follow<E: Effect>(mut self, effect: E) -> Self {
        let effect = std::sync::Arc::new(effect);
        self.effects.push((
            E::NAME,
            Box::new(move || Box::new(EffectKeeper::new(std::sync::Arc::clone(&effect)))),
        ));
        self
    }

    /// Runs until it is cancelled; a batch that has begun is finished. Failures are logged, tried again and shown by
    /// [`Views::lag`](crate::Views::lag); they never end it.
    pub async fn run(self, cancellation: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        while let Err(error) = registry::prepare(&self.log).await {
            tracing::error!(%error, source = eventstore::told_source(&error), "preparing the views");
            if cancelled_within(&cancellation, pause).await {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        let mut tasks = JoinSet::new();
        for name in ViewName::ALL {
            on_view!(name, P => {
                tasks.spawn(keep(self.log.clone(), Box::new(ViewKeeper::<P>::new()), cancellation.clone()));
            });
        }
        for (_, make) in &self.effects {
            tasks.spawn(keep(self.log.clone(), make(), cancellation.clone()));
        }
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the task of a view or effect ended early");
            }
        }
    }

    /// Brings a view or effect up to the ledger's head as it is now, for tests and tools. Beside a running service it shares the work.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`]; [`Error::Failed`] when it stands still at an event; whatever else kept failing.
    pub async fn catch_up(&self, name: &str) -> Result<()> {
        registry::prepare(&self.log).await?;
        if let Some((_, make)) = self.effects.iter().find(|(effect, _)| *effect == name) {
            return catch_up(&self.log, make()).await;
        }
        on_view!(name.parse()?, P => catch_up(&self.log, Box::new(ViewKeeper::<P>::new())).await)
    }
}

/// Follows the log until cancelled.
async fn keep(log: EventLog, mut keeper: Box<dyn Keeper>, cancellation: CancellationToken) {
    let mut sealed = log.sealed();
    let name = keeper.name();
    while !cancellation.is_cancelled() {
        // One writer: what comes is taken in together, or each event would wait for every view.
        if log.has_many_coming() && cancelled_within(&cancellation, GATHERING).await {
            break;
        }
        sealed.mark_unchanged();
        match keeper.attempt(&log, i64::MAX).await {
            Attempt::Progress => {}
            Attempt::Idle => told_within(&mut sealed, &cancellation, POLL).await,
            Attempt::Busy => {
                cancelled_within(&cancellation, LEASE_POLL).await;
            }
            Attempt::Retry(error, pause) => {
                tracing::warn!(projection = name, %error, source = eventstore::told_source(&error), "trying again");
                cancelled_within(&cancellation, pause).await;
            }
            Attempt::Stuck(error) => {
                tracing::debug!(projection = name, %error, "standing still");
                cancelled_within(&cancellation, HEALED_POLL).await;
            }
        }
    }
}

pub(crate) async fn catch_up(log: &EventLog, mut keeper: Box<dyn Keeper>) -> Result<()> {
    // As of now: where events keep arriving, somebody who waits for the end waits for ever.
    let head = log.head().await?;
    let mut failures = 0;
    loop {
        match keeper.attempt(log, head).await {
            Attempt::Progress => failures = 0,
            Attempt::Idle => return Ok(()),
            Attempt::Busy => tokio::time::sleep(Duration::from_millis(5)).await,
            Attempt::Retry(error, pause) => {
                failures += 1;
                if failures > TRIES {
                    return Err(error);
                }
                tokio::time::sleep(pause).await;
            }
            Attempt::Stuck(error) => return Err(error),
        }
    }
}

/// Whether it was cancelled before the pause was over.
async fn cancelled_within(cancellation: &CancellationToken, pause: Duration) -> bool {
    tokio::time::timeout(pause, cancellation.cancelled())
        .await
        .is_ok()
}

async fn told_within(
    sealed: &mut watch::Receiver<i64>,
    cancellation: &CancellationToken,
    pause: Duration,
) {
    tokio::select! {
        () = cancellation.cancelled() => {}
        told = sealed.changed() => {
            // The log itself is gone: nothing will ever be told again.
            if told.is_err() {
                cancelled_within(cancellation, pause).await;
            }
        }
        () = tokio::time::sleep(pause) => {}
    }
}

/// The pause after so many failures in a row, the first being 1.
pub(crate) fn pause_after(failures: u32) -> Duration {
    FIRST_PAUSE
        .saturating_mul(1 << failures.saturating_sub(1).min(10))
        .min(LONGEST_PAUSE)
}

/// A view as this node keeps it.
struct ViewKeeper<P> {
    limit: i64,
    /// Failures in a row that may pass with time.
    interruptions: u32,
    /// Failures in a row of the event after the checkpoint.
    failures: u32,
    /// The generation at which it gave up, as it was then.
    stuck: Option<(Generation, String)>,
    view: std::marker::PhantomData<fn() -> P>,
}

impl<P: Projection> ViewKeeper<P> {
    fn new() -> Self {
        Self {
            limit: P::BATCH,
            interruptions: 0,
            failures: 0,
            stuck: None,
            view: std::marker::PhantomData,
        }
    }

    async fn live(log: &EventLog) -> Result<Option<Generation>> {
        let mut session = Session::read(log.database()).await?;
        let live = registry::find(&mut session, P::NAME, Role::Live).await?;
        session.end().await?;
        Ok(live)
    }

    fn failed(at: &Generation, reason: String) -> Attempt {
        Attempt::Stuck(Error::Failed {
            name: P::NAME.as_str().to_owned(),
            at: at.checkpoint + 1,
            reason,
        })
    }

    fn interrupted(&mut self, error: Error) -> Attempt {
        self.interruptions += 1;
        Attempt::Retry(error, pause_after(self.interruptions))
    }

    async fn next(&mut self, log: &EventLog, upto: i64) -> Attempt {
        if let Some((at, reason)) = &self.stuck {
            match Self::live(log).await {
                Ok(Some(live)) if live == *at => return Self::failed(at, reason.clone()),
                Ok(_) => *self = Self::new(),
                Err(error) => return self.interrupted(error),
            }
        }
        let bounds = Bounds {
            upto,
            ..Bounds::limit(self.limit)
        };
        match step::<P>(log, Role::Live, bounds).await {
            Ok(Step::Applied { .. }) => {
                self.interruptions = 0;
                self.failures = 0;
                self.limit = self.limit.saturating_mul(2).min(P::BATCH);
                Attempt::Progress
            }
            Ok(Step::Overtaken) => Attempt::Progress,
            // None is live for the moment in which another process makes the first.
            Ok(Step::Leased | Step::Missing) => Attempt::Busy,
            Ok(Step::Idle { .. }) => Attempt::Idle,
            Err(error) if error.passes_with_time() => self.interrupted(error),
            Err(error) => self.refused(log, error).await,
        }
    }

    /// Something in the batch can not be applied. One event at a time finds it; those before it are applied.
    async fn refused(&mut self, log: &EventLog, error: Error) -> Attempt {
        if self.limit > 1 && !matches!(error, Error::OtherVersion { .. }) {
            self.limit = 1;
            return Attempt::Progress;
        }
        self.failures += 1;
        if self.failures < TRIES {
            return Attempt::Retry(error, pause_after(self.failures));
        }
        let reason = told(&error);
        let marked = async {
            let live = Self::live(log).await?.ok_or(Error::UnknownName)?;
            registry::mark_failed(log, &live, &reason).await?;
            Ok(live)
        };
        match marked.await {
            Ok(live) => {
                tracing::error!(
                    projection = P::NAME.as_str(),
                    global_seq = live.checkpoint + 1,
                    reason,
                    "a view has failed"
                );
                self.stuck = Some((live.clone(), reason.clone()));
                Self::failed(&live, reason)
            }
            Err(error) => self.interrupted(error),
        }
    }
}

/// A failure as it is written down: of the database only the code, as its words may quote a value.
pub(crate) fn told(error: &Error) -> String {
    match error {
        Error::Database { source, .. } => {
            let code = source
                .as_database_error()
                .and_then(|error| error.code().map(std::borrow::Cow::into_owned));
            format!("{error} ({})", code.as_deref().unwrap_or("no code"))
        }
        Error::Effect(source) => format!("{error}: {source}"),
        _ => error.to_string(),
    }
}

impl<P: Projection> Keeper for ViewKeeper<P> {
    fn name(&self) -> &'static str {
        P::NAME.as_str()
    }

    fn attempt<'a>(&'a mut self, log: &'a EventLog, upto: i64) -> BoxFuture<'a, Attempt> {
        Box::pin(self.next(log, upto))
    }
}

/// Brings a live view up to the head.
pub(crate) async fn catch_up_view<P: Projection>(log: &EventLog) -> Result<()> {
    catch_up(log, Box::new(ViewKeeper::<P>::new())).await
}
