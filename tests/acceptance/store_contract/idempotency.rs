use eventstore::{ExecuteError, Receipt};
use futures::future::join_all;

use super::counter::{Counter, CounterCommand, Refused, no_upcasters};
use super::{Node, count, envelope};
use crate::databases::each_database;

#[tokio::test]
async fn a_repeated_command_id_returns_the_first_receipt() {
    each_database(async |test| {
        let node = Node::on(test);
        let add = CounterCommand::AddEach(vec![1, 2]);
        let first = node
            .counters
            .execute("a", add.clone(), envelope(1, 1))
            .await
            .unwrap();
        assert_eq!(
            first,
            Receipt {
                aggregate_type: "counter".into(),
                aggregate_id: "a".into(),
                first_sequence: 1,
                last_sequence: 2,
                replayed: false,
            }
        );
        node.counters
            .execute("a", CounterCommand::Add(5), envelope(2, 2))
            .await
            .unwrap();
        // Also from another process, whose cache knows nothing.
        for node in [&node, &Node::on(test)] {
            let again = node
                .counters
                .execute("a", add.clone(), envelope(1, 1))
                .await
                .unwrap();
            assert_eq!(
                again,
                Receipt {
                    replayed: true,
                    ..first.clone()
                }
            );
        }
        let counter = node
            .log
            .load::<Counter>("a", no_upcasters)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((counter.aggregate.total, counter.sequence), (8, 3));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_callers_with_the_same_command_id_write_once() {
    each_database(async |test| {
        // Two processes, eight callers each.
        let nodes = [Node::on(test), Node::on(test)];
        let receipts = join_all((0..16).map(|caller| {
            nodes[caller % 2]
                .counters
                .execute("a", CounterCommand::Add(1), envelope(1, 1))
        }))
        .await;
        let receipts: Vec<Receipt> = receipts.into_iter().map(Result::unwrap).collect();
        assert_eq!(
            receipts.iter().filter(|receipt| !receipt.replayed).count(),
            1
        );
        for receipt in &receipts {
            assert_eq!((receipt.first_sequence, receipt.last_sequence), (1, 1));
        }
        assert_eq!(count(&test.database, "events").await, 1);
        assert_eq!(count(&test.database, "commands").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_command_id_used_for_another_request_is_refused() {
    each_database(async |test| {
        let node = Node::on(test);
        let execute = async |id: &str, command, request| {
            node.counters
                .execute(id, command, envelope(1, request))
                .await
        };
        execute("a", CounterCommand::Add(1), 1).await.unwrap();
        // Whatever the other request would have come to, and wherever.
        for (id, command) in [
            ("a", CounterCommand::Add(2)),
            ("a", CounterCommand::DoNothing),
            ("a", CounterCommand::Refuse),
            ("b", CounterCommand::Add(1)),
        ] {
            let outcome = execute(id, command, 2).await;
            assert!(
                matches!(outcome, Err(ExecuteError::KeyReused)),
                "{outcome:?}"
            );
        }
        assert_eq!(count(&test.database, "events").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_repeated_command_gets_its_first_receipt_also_when_it_would_be_refused_by_now() {
    each_database(async |test| {
        let node = Node::on(test);
        let open = || {
            node.counters
                .execute("a", CounterCommand::Open, envelope(1, 1))
        };
        open().await.unwrap();
        let again = open().await.unwrap();
        assert!(again.replayed);
        let other = node
            .counters
            .execute("a", CounterCommand::Open, envelope(2, 1))
            .await;
        assert!(
            matches!(other, Err(ExecuteError::Refused(Refused))),
            "{other:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_command_that_changes_nothing_leaves_no_row_and_is_decided_again() {
    each_database(async |test| {
        let node = Node::on(test);
        let receipt = node
            .counters
            .execute("a", CounterCommand::DoNothing, envelope(1, 1))
            .await
            .unwrap();
        assert_eq!((receipt.first_sequence, receipt.last_sequence), (1, 0));
        node.counters
            .execute("a", CounterCommand::Add(1), envelope(2, 1))
            .await
            .unwrap();
        let receipt = node
            .counters
            .execute("a", CounterCommand::DoNothing, envelope(1, 1))
            .await
            .unwrap();
        assert_eq!(
            (
                receipt.first_sequence,
                receipt.last_sequence,
                receipt.replayed
            ),
            (2, 1, false)
        );
        assert_eq!(count(&test.database, "commands").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_refused_command_leaves_no_row_and_its_id_stays_free() {
    each_database(async |test| {
        let node = Node::on(test);
        let refused = node
            .counters
            .execute("a", CounterCommand::Refuse, envelope(1, 1))
            .await;
        assert!(
            matches!(refused, Err(ExecuteError::Refused(Refused))),
            "{refused:?}"
        );
        assert_eq!(count(&test.database, "events").await, 0);
        assert_eq!(count(&test.database, "commands").await, 0);
        // The person mends the request and sends it with the same key.
        let mended = node
            .counters
            .execute("a", CounterCommand::Add(1), envelope(1, 2))
            .await
            .unwrap();
        assert!(!mended.replayed);
    })
    .await;
}
