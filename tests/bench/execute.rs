//! What a command costs until it is answered, by writers and events.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eventstore::{CancellationToken, CommandHandler, EventLog};
use futures::future::{BoxFuture, try_join_all};
use postgres_es::{PostgresCqrs, postgres_cqrs};

use crate::counter::{Counter, Note, envelope, metadata_map};
use crate::figures::{Series, ms, number, percentile, ratio};
use crate::places::{self, Place};
use crate::report::{Finding, Goal, Table};
use crate::{Outcome, ROUNDS, stock};

/// How commands come.
struct Shape {
    writers: u32,
    events: u32,
    /// Commands of each writer in a round.
    commands: u32,
}

/// The first has the goal.
const SHAPES: [Shape; 3] = [
    Shape {
        writers: 8,
        events: 1,
        commands: 1_500,
    },
    Shape {
        writers: 1,
        events: 1,
        commands: 2_000,
    },
    Shape {
        writers: 8,
        events: 10,
        commands: 400,
    },
];

/// What executes commands.
#[derive(Clone)]
enum Side {
    Stock {
        framework: Arc<PostgresCqrs<Counter>>,
        metadata: bool,
    },
    Ours(CommandHandler<Counter>),
}

impl Side {
    fn execute(&self, id: String, notes: u32) -> BoxFuture<'_, Outcome<()>> {
        Box::pin(async move {
            let command = Note { notes };
            match self {
                Self::Stock {
                    framework,
                    metadata: false,
                } => framework.execute(&id, command).await?,
                Self::Stock {
                    framework,
                    metadata: true,
                } => {
                    framework
                        .execute_with_metadata(&id, command, metadata_map())
                        .await?;
                }
                Self::Ours(handler) => {
                    handler.execute(&id, command, envelope()).await?;
                }
            }
            Ok(())
        })
    }
}

/// The figures of one side in one shape.
#[derive(Default)]
struct Figures {
    per_second: Series,
    p50_ms: Series,
    p99_ms: Series,
}

/// One round: each writer sends its next command when the last is answered, each to a new stream.
async fn round(side: &Side, shape: &Shape, prefix: &str, figures: &mut Figures) -> Outcome<()> {
    places::settle().await?;
    let began = Instant::now();
    let writers = (0..shape.writers).map(|writer| {
        let (side, prefix) = (side.clone(), format!("{prefix}-{writer}"));
        let (commands, events) = (shape.commands, shape.events);
        let writing = tokio::spawn(async move {
            let mut latencies = Vec::new();
            for number in 0..commands {
                let sent = Instant::now();
                side.execute(format!("{prefix}-{number}"), events).await?;
                latencies.push(ms(sent.elapsed()));
            }
            Outcome::Ok(latencies)
        });
        async move { writing.await? }
    });
    let latencies = try_join_all(writers).await?.concat();
    let commands = f64::from(shape.writers * shape.commands);
    figures
        .per_second
        .push(commands / began.elapsed().as_secs_f64());
    figures.p50_ms.push(percentile(&latencies, 50));
    figures.p99_ms.push(percentile(&latencies, 99));
    Ok(())
}

/// The sides on their databases.
struct Ring {
    sides: [(&'static str, Side); 3],
    log: EventLog,
    /// Events that our log must hold.
    written: i64,
    /// Milliseconds that the sealer needed after the last answer of a round of the first shape.
    behind: Series,
}

impl Ring {
    /// All rounds of a shape, in which the sides take turns in being first.
    async fn measure(&mut self, place: usize, shape: &Shape) -> Outcome<[Figures; 3]> {
        let mut figures: [Figures; 3] = std::array::from_fn(|_| Figures::default());
        // Opens the connections and is not counted.
        let first = Shape {
            commands: shape.commands / 10,
            ..*shape
        };
        for which in 0..self.sides.len() {
            self.turn(
                which,
                &first,
                &format!("{place}-0"),
                &mut Figures::default(),
            )
            .await?;
        }
        for number in 1..=ROUNDS {
            for turn in 0..self.sides.len() {
                let which = (number + turn) % self.sides.len();
                let prefix = format!("{place}-{number}");
                let behind = self
                    .turn(which, shape, &prefix, &mut figures[which])
                    .await?;
                if let (0, Some(behind)) = (place, behind) {
                    self.behind.push(ms(behind));
                }
            }
        }
        Ok(figures)
    }

    /// One round of one side; for ours also how long the sealer needed afterwards.
    async fn turn(
        &mut self,
        which: usize,
        shape: &Shape,
        prefix: &str,
        figures: &mut Figures,
    ) -> Outcome<Option<Duration>> {
        let (_, side) = &self.sides[which];
        round(side, shape, prefix, figures).await?;
        if let Side::Stock { .. } = side {
            return Ok(None);
        }
        self.written += i64::from(shape.writers * shape.commands * shape.events);
        Ok(Some(sealed(&self.log, self.written).await?))
    }
}

/// Waits until every event has its number.
async fn sealed(log: &EventLog, events: i64) -> Outcome<Duration> {
    let began = Instant::now();
    while log.head().await? < events {
        if began.elapsed() > Duration::from_mins(1) {
            return Err("the sealer does not come to the end".into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(began.elapsed())
}

pub async fn measure() -> Outcome<Finding> {
    let theirs = Place::empty().await?;
    stock::prepare(&theirs).await?;
    let place = Place::empty().await?;
    let log = place.log().await?;
    let cancellation = CancellationToken::new();
    let sealer = log.seal_task(cancellation.clone());
    let stock = |pool, metadata| Side::Stock {
        framework: Arc::new(postgres_cqrs(pool, vec![], ())),
        metadata,
    };
    let mut ring = Ring {
        sides: [
            (
                "stock, its documented pool, no metadata",
                stock(stock::documented_pool(&theirs).await, false),
            ),
            (
                "stock, our pool, our metadata",
                stock(theirs.pool().await?, true),
            ),
            ("ours", Side::Ours(log.handler((), Vec::new))),
        ],
        log: log.clone(),
        written: 0,
        behind: Series::default(),
    };
    let mut table = Table::new(&[
        "writers",
        "events",
        "side",
        "commands/s",
        "p50 ms",
        "p99 ms",
        "ours / it",
    ]);
    let mut goals = Vec::new();
    for (place, shape) in SHAPES.iter().enumerate() {
        let figures = ring.measure(place, shape).await?;
        let ours = figures[2].per_second.median();
        for ((side, _), figures) in ring.sides.iter().zip(&figures) {
            table.row([
                shape.writers.to_string(),
                shape.events.to_string(),
                (*side).to_owned(),
                figures.per_second.show(0),
                figures.p50_ms.show(2),
                figures.p99_ms.show(2),
                ratio(ours / figures.per_second.median()),
            ]);
        }
        if place == 0 {
            goals.extend(
                ring.sides[..2]
                    .iter()
                    .zip(&figures)
                    .map(|((side, _), theirs)| goal(side, ours, theirs.per_second.median())),
            );
        }
    }
    cancellation.cancel();
    sealer.await?;
    places::close(&log).await;
    place.remove().await?;
    theirs.remove().await?;
    Ok(Finding {
        title: "`execute`",
        method: format!(
            "PostgreSQL. The same aggregate, one event of about 300 bytes (or ten) per command, a new stream for every \
             command, so that our cache of decoded aggregates does not help. Ours does what the service does: own task, \
             metadata, command row (idempotency), content hash, place in the order, and the sealer chains and numbers the events \
             meanwhile; after the last answer of a round of the first shape it was done in {} ms. Stock has none of these. \
             Its second line runs it on our pool (no ping before each use) and lets it store the same metadata.",
            ring.behind.show(0)
        ),
        table,
        goals,
    })
}

fn goal(side: &str, ours: f64, theirs: f64) -> Goal {
    Goal {
        what: format!("`execute`, 8 writers, 1 event, against {side}"),
        ours: format!("{} commands/s", number(ours, 0)),
        peer: format!("{} commands/s", number(theirs, 0)),
        measured: ratio(ours / theirs),
        wanted: "≥ 0.9×",
        met: ours >= 0.9 * theirs,
    }
}
