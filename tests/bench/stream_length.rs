//! What the length of a stream adds to a command.

use std::time::Instant;

use domain::application::Application;
use eventstore::{CancellationToken, CommandHandler, EventLog};
use postgres_es::{PostgresCqrs, postgres_cqrs};

use crate::applications::{self, Filling};
use crate::counter::{envelope, metadata_map};
use crate::figures::{Series, ms, number, percentile, ratio};
use crate::places::{self, Place};
use crate::report::{Finding, Goal, Table};
use crate::{Outcome, ROUNDS, stock};

const LENGTHS: [usize; 2] = [10, 500];

/// Streams of each length on each side. Ours fit into our cache, as the applications of the people who are working now do.
const STREAMS: u32 = 40;

/// Events in one command when filling.
const CHUNK: usize = 50;

const SIDES: [&str; 3] = [
    "stock, our pool",
    "ours, in use",
    "ours, first command after a start",
];

/// What executes the same command.
enum Side<'a> {
    Stock(&'a PostgresCqrs<Application>),
    Ours(CommandHandler<Application>),
}

impl Side<'_> {
    /// Milliseconds of one プロフィール: 入力内容保存.
    async fn save(&self, member: u32, base: u32) -> Outcome<f64> {
        let id = applications::id(member);
        let command = applications::save_profile(member, base);
        let began = Instant::now();
        match self {
            Self::Stock(framework) => {
                framework
                    .execute_with_metadata(&id, command, metadata_map())
                    .await?;
            }
            Self::Ours(handler) => {
                handler.execute(&id, command, envelope()).await?;
            }
        }
        Ok(ms(began.elapsed()))
    }
}

/// The first member of the streams of a side and length.
fn first_member(side: usize, length: usize) -> Outcome<u32> {
    Ok(u32::try_from(side * LENGTHS.len() + length)? * STREAMS)
}

/// Makes the streams of every side; each side has its own, of the same events.
async fn fill(stock: &PostgresCqrs<Filling>, ours: &CommandHandler<Filling>) -> Outcome<()> {
    for side in 0..SIDES.len() {
        for (which, length) in LENGTHS.into_iter().enumerate() {
            let first = first_member(side, which)?;
            for member in first..first + STREAMS {
                let id = applications::id(member);
                for events in applications::events(member, length)?.chunks(CHUNK) {
                    if side == 0 {
                        stock
                            .execute_with_metadata(&id, events.to_vec(), metadata_map())
                            .await?;
                    } else {
                        ours.execute(&id, events.to_vec(), envelope()).await?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Median milliseconds over the streams, for each side and length. `number` commands have been executed on each before.
async fn round(sides: &[Side<'_>; 3], number: u32) -> Outcome<[[f64; 2]; 3]> {
    places::settle().await?;
    let mut latencies: [[Vec<f64>; 2]; 3] = Default::default();
    for place in 0..STREAMS {
        for (which, length) in LENGTHS.into_iter().enumerate() {
            let base = applications::profile_saves(&applications::events(0, length)?)? + number;
            for (of_side, side) in sides.iter().enumerate() {
                let member = first_member(of_side, which)? + place;
                latencies[of_side][which].push(side.save(member, base).await?);
            }
        }
    }
    Ok(latencies.map(|of_side| of_side.map(|values| percentile(&values, 50))))
}

pub async fn measure() -> Outcome<Finding> {
    let theirs = Place::empty().await?;
    stock::prepare(&theirs).await?;
    let pool = theirs.pool().await?;
    let place = Place::empty().await?;
    let log = place.log().await?;
    fill(
        &postgres_cqrs(pool.clone(), vec![], ()),
        &log.handler((), Vec::new),
    )
    .await?;
    places::analyze(&pool).await?;
    let cancellation = CancellationToken::new();
    let sealer = log.seal_task(cancellation.clone());

    let programs = applications::programs()?;
    let stock = postgres_cqrs(pool.clone(), vec![], programs.clone());
    let in_use = log.handler::<Application>(programs.clone(), domain::upcasters);
    let mut figures: [[Series; 2]; 3] = Default::default();
    // Round 0 fills the cache of the log that is in use, and is not counted.
    for number in 0..=ROUNDS {
        // A log that has just been opened remembers nothing.
        let opened = EventLog::new(log.database().clone());
        let sides = [
            Side::Stock(&stock),
            Side::Ours(in_use.clone()),
            Side::Ours(opened.handler(programs.clone(), domain::upcasters)),
        ];
        let medians = round(&sides, u32::try_from(number)?).await?;
        if number > 0 {
            for (series, medians) in figures.iter_mut().zip(medians) {
                for (series, median) in series.iter_mut().zip(medians) {
                    series.push(median);
                }
            }
        }
    }
    cancellation.cancel();
    sealer.await?;
    pool.close().await;
    places::close(&log).await;
    place.remove().await?;
    theirs.remove().await?;

    let mut table = Table::new(&["side", "10 events, ms", "500 events, ms", "500 / 10"]);
    for (name, [short, long]) in SIDES.iter().zip(&figures) {
        table.row([
            (*name).to_owned(),
            short.show(2),
            long.show(2),
            ratio(long.median() / short.median()),
        ]);
    }
    let [few, many] = figures[1].each_ref().map(Series::median);
    let [stock_short, stock_long] = figures[0].each_ref().map(Series::median);
    Ok(Finding {
        title: "Length of a stream",
        method: format!(
            "PostgreSQL. プロフィール: 入力内容保存 of an application whose stream has 10 or 500 events (the long ones hold all the rows \
             that the program allows, revised many times), one command at a time, {STREAMS} streams of each length, the median of them \
             in each round. \"In use\": somebody has worked on the application in this process before; \"after a start\": nobody has, \
             so the whole stream is read and decoded once."
        ),
        table,
        goals: vec![Goal {
            what: "a command on a stream of 500 events, against one of 10".to_owned(),
            ours: format!("{} ms / {} ms", number(many, 2), number(few, 2)),
            peer: format!(
                "stock {} ms / {} ms = {}",
                number(stock_long, 2),
                number(stock_short, 2),
                ratio(stock_long / stock_short)
            ),
            measured: ratio(many / few),
            wanted: "< 1.3×",
            met: many < 1.3 * few,
        }],
    })
}
