use std::time::Duration;

use cqrs_es::persist::{PersistedEventRepository as _, PersistenceError, SerializedEvent};
use eventstore::{Database, Envelope, Error, EventRepository, ExecuteError};
use futures::future::join_all;
use serde_json::json;

use super::counter::{Counter, CounterCommand, Desk, Refused, no_upcasters};
use super::tampering::tamper;
use super::{Node, count, envelope};
use crate::databases::each_database;

/// An event as `cqrs-es` hands it to the repository.
fn event(sequence: usize, metadata: serde_json::Value) -> SerializedEvent {
    SerializedEvent::new(
        "a".into(),
        sequence,
        "counter".into(),
        "Added".into(),
        "1.0".into(),
        json!({"Added": {"by": 1}}),
        metadata,
    )
}

/// The metadata of the framework's map, as the handler makes it.
fn map(envelope: &Envelope) -> serde_json::Value {
    let mut column = serde_json::to_value(&envelope.metadata).unwrap();
    column["request_hash"] = hex::encode(envelope.request_hash).into();
    json!({ "envelope": column.to_string() })
}

fn told(error: PersistenceError) -> Error {
    match error {
        PersistenceError::UnknownError(error) => *error.downcast().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_append_on_a_stale_sequence_is_a_conflict() {
    each_database(async |test| {
        let repository = EventRepository::new(Node::on(test).log);
        let append = async |command, sequence| {
            repository
                .persist::<Counter>(&[event(sequence, map(&envelope(command, 1)))], None)
                .await
        };
        append(1, 1).await.unwrap();
        append(2, 2).await.unwrap();
        for stale in [1, 2] {
            let outcome = append(3, stale).await;
            assert!(
                matches!(outcome, Err(PersistenceError::OptimisticLockError)),
                "{outcome:?}"
            );
        }
        assert_eq!(count(&test.database, "commands").await, 2);
    })
    .await;
}

#[tokio::test]
async fn an_append_that_would_leave_a_hole_is_refused() {
    each_database(async |test| {
        let repository = EventRepository::new(Node::on(test).log);
        let append =
            async |events: &[SerializedEvent]| repository.persist::<Counter>(events, None).await;
        let metadata = map(&envelope(1, 1));
        let hole = append(&[event(2, metadata.clone())]).await.unwrap_err();
        assert!(matches!(told(hole), Error::Hole));
        let inner = append(&[event(1, metadata.clone()), event(3, metadata)])
            .await
            .unwrap_err();
        assert!(matches!(told(inner), Error::NotConsecutive));
        assert_eq!(count(&test.database, "events").await, 0);
        assert_eq!(count(&test.database, "commands").await, 0);
    })
    .await;
}

#[tokio::test]
async fn an_append_without_typed_metadata_is_refused() {
    each_database(async |test| {
        let repository = EventRepository::new(Node::on(test).log);
        for metadata in [
            json!({}),
            json!({"actor": "somebody"}),
            json!({"envelope": "{}"}),
        ] {
            let refused = repository
                .persist::<Counter>(&[event(1, metadata)], None)
                .await
                .unwrap_err();
            assert!(matches!(told(refused), Error::EnvelopeMissing));
        }
    })
    .await;
}

#[tokio::test]
async fn what_cqrs_es_can_not_do_safely_is_refused() {
    each_database(async |test| {
        let repository = EventRepository::new(Node::on(test).log);
        let Err(all) = repository.stream_all_events::<Counter>().await else {
            panic!("a stream across streams")
        };
        assert!(matches!(told(all), Error::CrossStreamRead));
        let snapshot = repository
            .persist::<Counter>(
                &[event(1, map(&envelope(1, 1)))],
                Some(("a".into(), json!({}), 1)),
            )
            .await
            .unwrap_err();
        assert!(matches!(told(snapshot), Error::SnapshotsRefused));
        assert_eq!(count(&test.database, "events").await, 0);
    })
    .await;
}

/// 1. A begins to decide on an empty stream. 2. B, in another process, writes. 3. A goes on, loses, and must decide on
///    what B wrote.
#[tokio::test]
async fn a_command_that_lost_a_race_is_decided_again_on_the_new_state() {
    each_database(async |test| {
        let desk = Desk::default();
        let a = Node::with(test, desk.clone());
        let b = Node::on(test);
        let opening = a
            .counters
            .execute("a", CounterCommand::OpenAfterLeave, envelope(1, 1));
        let meanwhile = async {
            desk.arrival().await;
            b.counters
                .execute("a", CounterCommand::Add(7), envelope(2, 1))
                .await
                .unwrap();
            desk.give_leave(2);
        };
        let (outcome, ()) = futures::join!(opening, meanwhile);
        assert!(
            matches!(outcome, Err(ExecuteError::Refused(Refused))),
            "{outcome:?}"
        );
        desk.arrival().await;
        assert_eq!(count(&test.database, "events").await, 1);
    })
    .await;
}

/// 1. A begins to decide on a stream of two events. 2. Below it the second becomes another one, as after a failover in which others have
///    written. 3. A goes on: its event would be the third, and must not come behind what it has not seen.
#[tokio::test]
async fn a_command_is_not_appended_behind_another_past_than_it_was_decided_on() {
    each_database(async |test| {
        let desk = Desk::default();
        let a = Node::with(test, desk.clone());
        a.counters
            .execute("a", CounterCommand::AddEach(vec![1, -1]), envelope(1, 1))
            .await
            .unwrap();
        let opening = a
            .counters
            .execute("a", CounterCommand::OpenAfterLeave, envelope(2, 1));
        let meanwhile = async {
            desk.arrival().await;
            let other = match test.database {
                Database::Sqlite(_) => "x'00'",
                Database::Postgres(_) => "'\\x00'",
            };
            let forged = format!(
                "UPDATE events SET payload = '{{\"Added\":{{\"by\":5}}}}', content_hash = {} WHERE sequence = 2",
                other.replace("00", &"00".repeat(32))
            );
            tamper(test, &[&forged]).await;
            desk.give_leave(2);
        };
        let (outcome, ()) = futures::join!(opening, meanwhile);
        assert!(
            matches!(outcome, Err(ExecuteError::Refused(Refused))),
            "{outcome:?}"
        );
        assert_eq!(count(&test.database, "events").await, 2);
    })
    .await;
}

/// Each time A has decided, B writes again: after the third retry A is told so.
#[tokio::test]
async fn a_command_that_loses_every_race_is_a_conflict_and_writes_nothing() {
    each_database(async |test| {
        let desk = Desk::default();
        let a = Node::with(test, desk.clone());
        let b = Node::on(test);
        let opening = a
            .counters
            .execute("a", CounterCommand::OpenAfterLeave, envelope(1, 1));
        let meanwhile = async {
            for round in 0..4 {
                desk.arrival().await;
                // Up and down, so that A always finds the total at zero and wants to write.
                let numbers = CounterCommand::AddEach(vec![1, -1]);
                b.counters
                    .execute("a", numbers, envelope(10 + round, 1))
                    .await
                    .unwrap();
                desk.give_leave(1);
            }
        };
        let (outcome, ()) = futures::join!(opening, meanwhile);
        assert!(
            matches!(outcome, Err(ExecuteError::Conflict)),
            "{outcome:?}"
        );
        assert_eq!(count(&test.database, "commands").await, 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_commands_on_one_stream_from_two_processes_none_is_lost_and_none_counts_twice() {
    const CALLERS: u128 = 8;
    const COMMANDS: u128 = 10;
    each_database(async |test| {
        let nodes = [Node::on(test), Node::on(test)];
        join_all((0..CALLERS).map(async |caller| {
            for command in 0..COMMANDS {
                let counters = &nodes[usize::from(caller % 2 == 0)].counters;
                let key = envelope(caller * COMMANDS + command + 1, 1);
                loop {
                    match counters
                        .execute("a", CounterCommand::Add(1), key.clone())
                        .await
                    {
                        Ok(receipt) => break assert!(!receipt.replayed),
                        Err(ExecuteError::Conflict) => {
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                }
            }
        }))
        .await;
        let wanted = i64::try_from(CALLERS * COMMANDS).unwrap();
        for node in nodes {
            let counter = node
                .log
                .load::<Counter>("a", no_upcasters)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                (counter.aggregate.total, counter.sequence),
                (wanted, wanted)
            );
        }
    })
    .await;
}
