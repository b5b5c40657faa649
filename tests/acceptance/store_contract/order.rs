use std::collections::HashMap;

use eventstore::CancellationToken;
use eventstore::{Database, EventLog};
use futures::future::join_all;

use super::counter::{Counter, CounterCommand, Desk, no_upcasters};
use super::{Node, envelope, sealed_up_to};
use crate::databases::each_database;
use crate::patience::PATIENCE;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_feed_is_dense_and_keeps_every_stream_in_its_order() {
    const WRITERS: u128 = 6;
    const COMMANDS: u128 = 8;
    each_database(async |test| {
        let nodes = [Node::on(test), Node::on(test)];
        join_all((0..WRITERS).map(async |writer| {
            let counters = &nodes[usize::from(writer % 2 == 0)].counters;
            for command in 0..COMMANDS {
                counters
                    .execute(
                        &format!("stream-{writer}"),
                        CounterCommand::AddEach(vec![1, 2]),
                        envelope(writer * COMMANDS + command + 1, 1),
                    )
                    .await
                    .unwrap();
            }
        }))
        .await;
        let total = i64::try_from(2 * WRITERS * COMMANDS).unwrap();
        sealed_up_to(&nodes[0].log, total).await;

        let mut position = 0;
        let mut streams: HashMap<String, i64> = HashMap::new();
        loop {
            // A page size that divides nothing.
            let page = nodes[1].log.feed(position, 7).await.unwrap();
            for event in &page {
                position += 1;
                assert_eq!(event.global_seq, position);
                let last = streams.entry(event.aggregate_id.clone()).or_default();
                *last += 1;
                assert_eq!(event.sequence, *last, "{}", event.aggregate_id);
            }
            if page.len() < 7 {
                break;
            }
        }
        assert_eq!(position, total);
        let report = eventstore::verify(&test.database).await.unwrap();
        assert_eq!((report.verified, report.problem), (total, None));
        assert_eq!(
            report.chain_hash,
            nodes[0].log.feed(total - 1, 1).await.unwrap()[0].chain_hash
        );
    })
    .await;
}

#[tokio::test]
async fn a_process_hears_of_its_own_events_and_of_those_of_others() {
    each_database(async |test| {
        let own = Node::on(test);
        let mut sealed = own.log.sealed();
        let stop = CancellationToken::new();
        let background = own.log.seal_task(stop.clone());

        own.counters
            .execute("a", CounterCommand::Add(1), envelope(1, 1))
            .await
            .unwrap();
        tokio::time::timeout(PATIENCE, sealed.wait_for(|head| *head == 1))
            .await
            .unwrap()
            .unwrap();

        // Another process: a pool of its own.
        let other = EventLog::new(Database::connect(&test.url).await.unwrap());
        other
            .handler::<Counter>(Desk::default(), no_upcasters)
            .execute("b", CounterCommand::Add(1), envelope(2, 1))
            .await
            .unwrap();
        tokio::time::timeout(PATIENCE, sealed.wait_for(|head| *head == 2))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(own.log.feed(1, 10).await.unwrap()[0].aggregate_id, "b");

        stop.cancel();
        tokio::time::timeout(PATIENCE, background)
            .await
            .unwrap()
            .unwrap();
    })
    .await;
}

/// What is committed when the service is told to stop is in the ledger when it has stopped.
#[tokio::test]
async fn the_background_task_seals_what_is_left_before_it_ends() {
    each_database(async |test| {
        let node = Node::on(test);
        let stop = CancellationToken::new();
        node.counters
            .execute("a", CounterCommand::Add(1), envelope(1, 1))
            .await
            .unwrap();
        stop.cancel();
        node.log.seal_task(stop).await.unwrap();
        // Unless another test's transaction held it up, which the next start makes good.
        sealed_up_to(&node.log, 1).await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_breaks_is_an_error_and_never_the_end_of_the_feed() {
    each_database(async |test| {
        let node = Node::on(test);
        node.counters
            .execute("a", CounterCommand::AddEach(vec![1; 50]), envelope(1, 1))
            .await
            .unwrap();
        sealed_up_to(&node.log, 50).await;
        assert_eq!(node.log.feed(0, 100).await.unwrap().len(), 50);
        eventstore::on_database!(&test.database, pool => pool.close().await);
        assert!(node.log.feed(0, 100).await.is_err());
        assert!(node.log.head().await.is_err());
        assert!(eventstore::verify(&test.database).await.is_err());
    })
    .await;
}
