use std::time::Duration;

use super::counter::{Counter, CounterCommand, Desk, no_upcasters};
use super::{Node, count, envelope};
use crate::databases::each_database;

/// 1. The command is being decided. 2. The caller hangs up. 3. The command goes on and is written.
#[tokio::test]
async fn a_command_whose_caller_goes_away_is_completed_once() {
    each_database(async |test| {
        let desk = Desk::default();
        let node = Node::with(test, desk.clone());
        let caller = node
            .counters
            .execute("a", CounterCommand::OpenAfterLeave, envelope(1, 1));
        tokio::select! {
            outcome = caller => panic!("decided without leave: {outcome:?}"),
            () = desk.arrival() => {}
        }
        assert_eq!(count(&test.database, "events").await, 0);
        desk.give_leave(1);
        node.log.tasks().close();
        node.log.tasks().wait().await;
        assert_eq!(count(&test.database, "events").await, 1);
        let repeated = node
            .counters
            .execute("a", CounterCommand::Open, envelope(1, 1))
            .await
            .unwrap();
        assert!(repeated.replayed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_go_away_at_any_moment_lose_and_double_nothing() {
    const COMMANDS: u128 = 40;
    each_database(async |test| {
        let node = Node::on(test);
        for command in 1..=COMMANDS {
            let patience = Duration::from_micros(rand::random_range(0..3_000));
            let key = envelope(command, 1);
            let hung_up = tokio::time::timeout(
                patience,
                node.counters
                    .execute("a", CounterCommand::Add(1), key.clone()),
            )
            .await;
            // The impatient caller asks again, as a browser does.
            if hung_up.is_err() {
                node.counters
                    .execute("a", CounterCommand::Add(1), key)
                    .await
                    .unwrap();
            }
        }
        node.log.tasks().close();
        node.log.tasks().wait().await;
        let counter = node
            .log
            .load::<Counter>("a", no_upcasters)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(counter.aggregate.total, i64::try_from(COMMANDS).unwrap());
        assert_eq!(
            count(&test.database, "commands").await,
            i64::try_from(COMMANDS).unwrap()
        );
    })
    .await;
}
