//! Followers whose effect is commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eventstore::{Database, RecordedEvent};
use projections::{BoxError, Effect, Error, ProjectionStatus, Runner};
use tokio::sync::Mutex;

use super::{Node, applied, profile};
use crate::databases::each_database;
use crate::patience::until;

/// Remembers the numbers that it was handed, and does as told.
#[derive(Clone, Default)]
struct Witness {
    handed: Arc<Mutex<Vec<i64>>>,
    hangs: Arc<AtomicBool>,
    fails: Arc<AtomicBool>,
}

impl Effect for Witness {
    const NAME: &'static str = "witness";

    async fn handle(&self, events: &[RecordedEvent]) -> Result<(), BoxError> {
        let numbers = events.iter().map(|event| event.global_seq);
        self.handed.lock().await.extend(numbers);
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.fails.load(Ordering::Relaxed) {
            return Err("the post office is closed".into());
        }
        Ok(())
    }
}

async fn handed(witness: &Witness, numbers: &[i64]) {
    until(&format!("{numbers:?} are handed over"), async || {
        *witness.handed.lock().await == numbers
    })
    .await;
}

/// When the lease of the witness ends, and what time it is, in microseconds by the clock of the database.
async fn lease(node: &Node) -> (i64, i64) {
    match node.log.database() {
        Database::Sqlite(pool) => {
            let asked = "SELECT leased_until_us, CAST(unixepoch('subsec') * 1000000 AS INTEGER) FROM effects";
            sqlx::query_as(asked).fetch_one(pool).await
        }
        Database::Postgres(pool) => {
            let asked = "SELECT leased_until_us, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) FROM effects";
            sqlx::query_as(asked).fetch_one(pool).await
        }
    }
    .unwrap()
}

#[tokio::test]
async fn a_batch_whose_holder_died_comes_again_to_one_of_the_others() {
    each_database(async |test| {
        let (first, second) = (Node::on(test).await, Node::on(test).await);
        let (mortal, survivor) = (Witness::default(), Witness::default());
        mortal.hangs.store(true, Ordering::Relaxed);
        first.write("p.1", applied()).await;
        first.sealed(1).await;
        let dying = Runner::new(first.log.clone()).follow(mortal.clone());
        let dying = tokio::spawn(dying.run(first.stop.clone()));
        handed(&mortal, &[1]).await;
        let other = Runner::new(second.log.clone()).follow(survivor.clone());
        let other = tokio::spawn(other.run(second.stop.clone()));
        // The lease is prolonged while it works, however long that takes.
        let (first_ends, _) = lease(&first).await;
        until("the first lease would have ended", async || {
            lease(&first).await.1 > first_ends
        })
        .await;
        assert!(survivor.handed.lock().await.is_empty(), "one at a time");
        dying.abort();
        let (ends, now) = lease(&first).await;
        assert!((1..=5_000_000).contains(&(ends - now)), "{ends} at {now}");
        handed(&survivor, &[1]).await;
        first.write("p.1", profile("一")).await;
        handed(&survivor, &[1, 2]).await;
        second.stop.cancel();
        other.await.unwrap();
        first.stop().await;
        second.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_effect_that_fails_is_shown_with_its_reason_and_gets_the_batch_again() {
    each_database(async |test| {
        let node = Node::on(test).await;
        node.write("p.1", applied()).await;
        node.sealed(1).await;
        let witness = Witness::default();
        witness.fails.store(true, Ordering::Relaxed);
        let runner = Runner::new(node.log.clone()).follow(witness.clone());
        // Once more than it takes to be marked would wait for half a minute.
        let failing = tokio::spawn(async move { runner.catch_up("witness").await });
        let lag = async || {
            let lags = node.views.lag().await.unwrap();
            lags.into_iter().find(|lag| lag.name == "witness")
        };
        until("the effect is marked as failed", async || {
            lag()
                .await
                .is_some_and(|lag| lag.status == ProjectionStatus::Failed)
        })
        .await;
        failing.abort();
        let failed = lag().await.unwrap();
        let failure = failed.failure.unwrap();
        assert_eq!((failed.checkpoint, failure.at), (0, 1));
        assert_eq!(
            failure.reason,
            "the effect failed: the post office is closed"
        );

        witness.fails.store(false, Ordering::Relaxed);
        let runner = Runner::new(node.log.clone()).follow(witness.clone());
        runner.catch_up("witness").await.unwrap();
        let healed = lag().await.unwrap();
        assert_eq!(
            (healed.status, healed.checkpoint),
            (ProjectionStatus::Live, 1)
        );
        assert!(witness.handed.lock().await.len() > 1, "at least once");
        let unknown = runner.catch_up("nobody").await;
        assert!(matches!(unknown, Err(Error::UnknownName)));
        node.stop().await;
    })
    .await;
}
