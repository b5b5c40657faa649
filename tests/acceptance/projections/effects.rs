//! Followers whose effect is commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use eventstore::RecordedEvent;
use projections::{BoxError, Effect, Error, ProjectionStatus, Runner};
use tokio::sync::Mutex;

use super::{Node, PATIENCE, applied, profile};
use crate::databases::each_database;

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
    let arrived = async {
        while *witness.handed.lock().await != numbers {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, arrived).await;
    assert!(in_time.is_ok(), "{:?}", witness.handed.lock().await);
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
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert!(survivor.handed.lock().await.is_empty(), "one at a time");
        dying.abort();
        let died = Instant::now();
        handed(&survivor, &[1]).await;
        assert!(died.elapsed() < Duration::from_secs(8));
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
        let marked = async {
            while lag()
                .await
                .is_none_or(|lag| lag.status != ProjectionStatus::Failed)
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, marked).await.unwrap();
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
