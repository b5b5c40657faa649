//! Somebody with every right on the database rewrites it; `verify` names the first bad number.

use eventstore::hash::{self, Content};
use eventstore::{Database, Problem, Reason, on_database};
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::counter::CounterCommand;
use super::{Node, envelope, sealed_up_to};
use crate::databases::{TestDatabase, each_database};

/// Twelve events: commands 1 to 6, two events each, on the streams a, b, c, a, b, c. With one command after another the
/// order of the ledger is the order of the commands, so number n is event ((n - 1) % 2) of command (n + 1) / 2.
pub async fn written(test: &TestDatabase) {
    let node = Node::on(test);
    for command in 1..=6 {
        let stream = ["a", "b", "c"][(command - 1) % 3];
        let number = i64::try_from(command).unwrap();
        node.counters
            .execute(
                stream,
                CounterCommand::AddEach(vec![number, 10 * number]),
                envelope(u128::try_from(command).unwrap(), 1),
            )
            .await
            .unwrap();
    }
    sealed_up_to(&node.log, 12).await;
    let report = eventstore::verify(&test.database).await.unwrap();
    assert_eq!((report.verified, report.problem), (12, None));
}

/// Runs the statements on a connection of its own with every trigger and foreign key out of the way.
pub async fn tamper(test: &TestDatabase, statements: &[&str]) {
    match &test.database {
        Database::Sqlite(pool) => {
            let options = (*pool.connect_options()).clone().foreign_keys(false);
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            let triggers: Vec<(String,)> =
                sqlx::query_as("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
                    .fetch_all(&mut connection)
                    .await
                    .unwrap();
            for (trigger,) in triggers {
                let drop = format!("DROP TRIGGER {trigger}");
                connection.execute(drop.as_str()).await.unwrap();
            }
            for statement in statements {
                connection.execute(*statement).await.unwrap();
            }
            connection.close().await.unwrap();
        }
        Database::Postgres(_) => {
            let mut connection = PgConnection::connect(&test.url).await.unwrap();
            connection
                .execute("SET session_replication_role = replica")
                .await
                .unwrap();
            for statement in statements {
                connection.execute(*statement).await.unwrap();
            }
            connection.close().await.unwrap();
        }
    }
}

async fn first_problem(test: &TestDatabase) -> Problem {
    let report = eventstore::verify(&test.database).await.unwrap();
    let problem = report.problem.expect("the tampering is found");
    if let Some(number) = problem.global_seq {
        assert_eq!(report.verified, number - 1, "what comes before is sound");
    }
    problem
}

async fn found(statements: &[&str], global_seq: i64, reason: Reason) {
    each_database(async |test| {
        written(test).await;
        tamper(test, statements).await;
        let problem = first_problem(test).await;
        assert_eq!(
            (problem.global_seq, problem.reason),
            (Some(global_seq), reason)
        );
    })
    .await;
}

#[tokio::test]
async fn a_changed_payload_is_found_at_its_number() {
    found(
        &["UPDATE events SET payload = '{\"Added\":{\"by\":999}}' WHERE aggregate_id = 'b' AND sequence = 2"],
        4,
        Reason::EventChanged,
    )
    .await;
}

#[tokio::test]
async fn a_payload_with_the_same_meaning_and_another_text_is_found() {
    found(
        &["UPDATE events SET payload = '{\"Added\": {\"by\":2}}' WHERE aggregate_id = 'b' AND sequence = 1"],
        3,
        Reason::EventChanged,
    )
    .await;
}

#[tokio::test]
async fn another_actor_in_the_metadata_is_found() {
    each_database(async |test| {
        written(test).await;
        tamper(
            test,
            &[match test.database {
                Database::Sqlite(_) => {
                    "UPDATE events SET metadata = replace(metadata, 'member:1001', 'member:2002') WHERE aggregate_id = 'c'"
                }
                Database::Postgres(_) => {
                    "UPDATE events SET metadata = replace(metadata::text, 'member:1001', 'member:2002')::json WHERE aggregate_id = 'c'"
                }
            }],
        )
        .await;
        let problem = first_problem(test).await;
        assert_eq!((problem.global_seq, problem.reason), (Some(5), Reason::EventChanged));
        assert_eq!(problem.event, Some(("counter".into(), "c".into(), 1)));
        assert_eq!(problem.to_string(), "5: event changed (counter c, event 1)");
    })
    .await;
}

#[tokio::test]
async fn a_changed_time_is_found() {
    found(
        &["UPDATE events SET recorded_at_us = recorded_at_us - 1 WHERE aggregate_id = 'a' AND sequence >= 3"],
        7,
        Reason::EventChanged,
    )
    .await;
}

#[tokio::test]
async fn two_events_that_changed_their_contents_are_found_at_the_first() {
    found(
        &["UPDATE events SET payload = (SELECT o.payload FROM events o
              WHERE o.aggregate_id = events.aggregate_id AND o.sequence = 3 - events.sequence)
           WHERE aggregate_id = 'b' AND sequence IN (1, 2)"],
        3,
        Reason::EventChanged,
    )
    .await;
}

#[tokio::test]
async fn a_deleted_event_is_found_at_its_number() {
    found(
        &["DELETE FROM events WHERE aggregate_id = 'c' AND sequence = 2"],
        6,
        Reason::MissingEvent,
    )
    .await;
}

#[tokio::test]
async fn an_event_deleted_with_everything_that_names_it_is_found_as_a_gap() {
    found(
        &[
            "DELETE FROM ledger WHERE position IN (SELECT position FROM events WHERE aggregate_id = 'a' AND sequence >= 3)",
            "DELETE FROM commands WHERE aggregate_id = 'a' AND first_sequence = 3",
            "DELETE FROM events WHERE aggregate_id = 'a' AND sequence >= 3",
        ],
        7,
        Reason::Gap,
    )
    .await;
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_found() {
    found(
        &[
            "DELETE FROM ledger WHERE global_seq = 12",
            "DELETE FROM commands WHERE aggregate_id = 'c' AND first_sequence = 3",
            "DELETE FROM events WHERE aggregate_id = 'c' AND sequence = 4",
        ],
        11,
        // The command row went with the event and is missed at its other event.
        Reason::CommandRow,
    )
    .await;
    found(
        &[
            "DELETE FROM ledger WHERE global_seq >= 11",
            "DELETE FROM commands WHERE aggregate_id = 'c' AND first_sequence = 3",
            "DELETE FROM events WHERE aggregate_id = 'c' AND sequence >= 3",
        ],
        11,
        Reason::Head,
    )
    .await;
}

#[tokio::test]
async fn two_events_that_changed_places_are_found_at_the_first() {
    found(
        &[
            "UPDATE ledger SET position = -position WHERE global_seq IN (4, 9)",
            "UPDATE ledger SET position = (SELECT -o.position FROM ledger o WHERE o.global_seq = 13 - ledger.global_seq)
              WHERE global_seq = 4",
            "UPDATE ledger SET position = (SELECT e.position FROM events e WHERE e.aggregate_id = 'b' AND e.sequence = 2)
              WHERE global_seq = 9",
        ],
        4,
        Reason::ChainBroken,
    )
    .await;
}

#[tokio::test]
async fn a_changed_chain_hash_is_found() {
    found(
        &["UPDATE ledger SET chain_hash = (SELECT o.chain_hash FROM ledger o WHERE o.global_seq = 1) WHERE global_seq = 8"],
        8,
        Reason::ChainBroken,
    )
    .await;
}

#[tokio::test]
async fn a_changed_or_missing_command_row_is_found_at_its_first_event() {
    for statement in [
        "UPDATE commands SET request_hash = (SELECT content_hash FROM events LIMIT 1) WHERE aggregate_id = 'b' AND first_sequence = 3",
        "UPDATE commands SET aggregate_id = 'c' WHERE aggregate_id = 'b' AND first_sequence = 3",
        "UPDATE commands SET recorded_at_us = recorded_at_us + 1 WHERE aggregate_id = 'b' AND first_sequence = 3",
        "DELETE FROM commands WHERE aggregate_id = 'b' AND first_sequence = 3",
    ] {
        found(&[statement], 9, Reason::CommandRow).await;
    }
}

#[tokio::test]
async fn a_command_row_without_events_is_found() {
    each_database(async |test| {
        written(test).await;
        let id = match test.database {
            Database::Sqlite(_) => "zeroblob(16)",
            Database::Postgres(_) => "gen_random_uuid()",
        };
        let insert = format!("INSERT INTO commands SELECT {id}, aggregate_type, 'd', request_hash, 1, 1, 0 FROM commands LIMIT 1");
        tamper(test, &[&insert]).await;
        let problem = first_problem(test).await;
        assert_eq!((problem.global_seq, problem.reason), (None, Reason::LoneCommand));
        assert_eq!(problem.event, Some(("counter".into(), "d".into(), 1)));
    })
    .await;
}

#[tokio::test]
async fn an_event_that_was_slipped_in_without_a_number_is_found() {
    each_database(async |test| {
        written(test).await;
        tamper(
            test,
            &[match test.database {
                Database::Sqlite(_) => {
                    "INSERT INTO events SELECT 99, aggregate_type, 'd', sequence, event_type, event_version, payload,
                            metadata, command_id, recorded_at_us, content_hash FROM events WHERE position = 1"
                }
                // With a transaction number from before the mark, where the sealer never looks again.
                Database::Postgres(_) => {
                    "INSERT INTO events (txid, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                                         metadata, command_id, recorded_at_us, content_hash)
                     SELECT '3', aggregate_type, 'd', sequence, event_type, event_version, payload, metadata, command_id,
                            recorded_at_us, content_hash FROM events WHERE aggregate_id = 'a' AND sequence = 1"
                }
            }],
        )
        .await;
        let problem = first_problem(test).await;
        assert_eq!((problem.global_seq, problem.reason), (None, Reason::Unlisted));
        assert_eq!(problem.event, Some(("counter".into(), "d".into(), 1)));
    })
    .await;
}

/// The forger knows the hashes and extends the chain correctly, but no command ever asked for the event.
#[tokio::test]
async fn an_event_that_was_forged_with_correct_hashes_is_found() {
    each_database(async |test| {
        written(test).await;
        let (metadata, previous): (String, Vec<u8>) = on_database!(&test.database, pool => {
            sqlx::query_as(
                "SELECT CAST(e.metadata AS text), h.chain_hash FROM ledger_head h, events e WHERE e.aggregate_id = 'a' AND e.sequence = 1",
            )
            .fetch_one(pool)
            .await
        })
        .unwrap();
        let content = Content {
            aggregate_type: "counter",
            aggregate_id: "a",
            sequence: 5,
            event_type: "Added",
            event_version: "1.0",
            payload: r#"{"Added":{"by":1000}}"#,
            metadata: &metadata,
            command_id: uuid::Uuid::from_u128(1),
            recorded_at_us: 0,
        };
        let chain = hash::chain(&previous.try_into().unwrap(), 13, &content.hash());
        let binary = |bytes: &[u8]| match test.database {
            Database::Sqlite(_) => format!("x'{}'", hex::encode(bytes)),
            Database::Postgres(_) => format!("'\\x{}'", hex::encode(bytes)),
        };
        let command = match test.database {
            Database::Sqlite(_) => binary(content.command_id.as_bytes()),
            Database::Postgres(_) => format!("'{}'", content.command_id),
        };
        let (position_column, position) = match test.database {
            Database::Sqlite(_) => ("position,", "13,"),
            Database::Postgres(_) => ("", ""),
        };
        let event = format!(
            "INSERT INTO events ({position_column} aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                                 metadata, command_id, recorded_at_us, content_hash)
             VALUES ({position} 'counter', 'a', 5, 'Added', '1.0', '{}', '{metadata}', {command}, 0, {})",
            content.payload,
            binary(&content.hash()),
        );
        let ledger = format!(
            "INSERT INTO ledger (global_seq, position, chain_hash)
             SELECT 13, position, {} FROM events WHERE aggregate_id = 'a' AND sequence = 5",
            binary(&chain),
        );
        let head = format!("UPDATE ledger_head SET global_seq = 13, chain_hash = {}", binary(&chain));
        tamper(test, &[&event, &ledger, &head]).await;
        let problem = first_problem(test).await;
        assert_eq!((problem.global_seq, problem.reason), (Some(13), Reason::CommandRow));
    })
    .await;
}
