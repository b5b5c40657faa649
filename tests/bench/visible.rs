//! From the answer to a command until the document list shows it.

use std::time::{Duration, Instant};

use domain::application::Application;
use eventstore::{CancellationToken, Database, EventLog};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use projections::{Runner, ViewName, Views};
use tokio::time::interval;

use crate::applications::{self, Filling};
use crate::counter::envelope;
use crate::figures::{Series, ms, number, percentile};
use crate::places::{self, Place};
use crate::report::{Finding, Goal, Table};
use crate::{Outcome, ROUNDS};

/// Commands in a second, sent whether the earlier ones are answered or not.
const RATE: u32 = 200;
const SECONDS: u32 = 5;

/// So many that nobody writes to an application that is being written to.
const APPLICATIONS: u32 = 400;

const PATIENCE: Duration = Duration::from_secs(10);

/// Milliseconds of each command.
struct Latencies {
    answered: Vec<f64>,
    visible: Vec<f64>,
}

/// One command: until its receipt, and from there until the list shows it.
async fn one(log: EventLog, views: Views, member: u32, base: u32) -> Outcome<(f64, f64)> {
    let handler = log.handler::<Application>(applications::programs()?, domain::upcasters);
    let id = applications::id(member);
    let sent = Instant::now();
    let receipt = handler
        .execute(&id, applications::save_profile(member, base), envelope())
        .await?;
    let answered = Instant::now();
    let shown = views
        .wait_for(ViewName::DocumentList, &id, receipt.last_sequence, PATIENCE)
        .await?;
    if !shown {
        return Err("a command did not become visible".into());
    }
    Ok((ms(answered - sent), ms(answered.elapsed())))
}

async fn prepare(log: &EventLog, views: &Views) -> Outcome<()> {
    let handler = log.handler::<Filling>((), Vec::new);
    let (handler, views) = (&handler, &views);
    stream::iter((0..APPLICATIONS).map(Ok))
        .try_for_each_concurrent(8, |member| async move {
            let id = applications::id(member);
            let receipt = handler
                .execute(&id, applications::events(member, 10)?, envelope())
                .await?;
            views
                .wait_for(ViewName::DocumentList, &id, receipt.last_sequence, PATIENCE)
                .await?;
            Outcome::Ok(())
        })
        .await
}

async fn load(log: &EventLog, views: &Views) -> Outcome<Latencies> {
    let revision = applications::profile_saves(&applications::events(0, 10)?)?;
    let mut ticks = interval(Duration::from_secs(1) / RATE);
    let mut sent = Vec::new();
    for number in 0..RATE * SECONDS {
        ticks.tick().await;
        let base = revision + number / APPLICATIONS;
        sent.push(tokio::spawn(one(
            log.clone(),
            views.clone(),
            number % APPLICATIONS,
            base,
        )));
    }
    let pairs: Vec<(f64, f64)> = stream::iter(sent)
        .then(|command| async move { command.await? })
        .try_collect()
        .await?;
    let (answered, visible) = pairs.into_iter().unzip();
    Ok(Latencies { answered, visible })
}

/// Sealer and runner in this process, as the service has them.
async fn round(database: Database) -> Outcome<Latencies> {
    database.migrate().await?;
    let log = EventLog::new(database);
    let cancellation = CancellationToken::new();
    let sealer = log.seal_task(cancellation.clone());
    let runner = tokio::spawn(Runner::new(log.clone()).run(cancellation.clone()));
    let views = Views::new(log.clone());
    prepare(&log, &views).await?;
    let latencies = load(&log, &views).await;
    cancellation.cancel();
    sealer.await?;
    runner.await?;
    places::close(&log).await;
    latencies
}

#[derive(Default)]
struct Figures {
    answered_p50: Series,
    answered_p99: Series,
    visible_p50: Series,
    visible_p99: Series,
    visible_greatest: Series,
}

impl Figures {
    fn push(&mut self, latencies: &Latencies) {
        let Latencies { answered, visible } = latencies;
        self.answered_p50.push(percentile(answered, 50));
        self.answered_p99.push(percentile(answered, 99));
        self.visible_p50.push(percentile(visible, 50));
        self.visible_p99.push(percentile(visible, 99));
        self.visible_greatest.push(percentile(visible, 100));
    }
}

pub async fn measure() -> Outcome<Finding> {
    let mut postgres = Figures::default();
    let mut sqlite = Figures::default();
    for _ in 0..ROUNDS {
        let place = Place::empty().await?;
        places::settle().await?;
        postgres.push(&round(Database::connect(&place.url).await?).await?);
        place.remove().await?;

        let directory = places::directory()?;
        let file = format!("sqlite://{}", directory.path().join("bench.db").display());
        sqlite.push(&round(Database::connect(&file).await?).await?);
    }
    let mut table = Table::new(&[
        "database",
        "answered, p50 ms",
        "answered, p99 ms",
        "then visible, p50 ms",
        "then visible, p99 ms",
        "then visible, longest ms",
    ]);
    let mut goals = Vec::new();
    for (name, figures) in [("PostgreSQL", &postgres), ("SQLite", &sqlite)] {
        table.row([
            name.to_owned(),
            figures.answered_p50.show(1),
            figures.answered_p99.show(1),
            figures.visible_p50.show(1),
            figures.visible_p99.show(1),
            figures.visible_greatest.show(1),
        ]);
        let p99 = figures.visible_p99.median();
        goals.push(Goal {
            what: format!("from receipt to visible in the document list, {name}"),
            ours: format!("p50 {} ms", number(figures.visible_p50.median(), 1)),
            peer: "–".to_owned(),
            measured: format!("p99 {} ms", number(p99, 1)),
            wanted: "p99 < 50 ms",
            met: p99 < 50.0,
        });
    }
    Ok(Finding {
        title: "Commit to visible",
        method: format!(
            "{RATE} プロフィール saves in a second for {SECONDS} s, sent on time whether the earlier ones are answered or not, on \
             {APPLICATIONS} applications of 10 events; sealer and runner of all three views in the process, as in the service. Measured with \
             `Views::wait_for`, by which a page waits, so its pauses (2 to 10 ms) are in the figures."
        ),
        table,
        goals,
    })
}
