use eventstore::Database;
use sqlx::Executor as _;

use super::counter::CounterCommand;
use super::{Node, count, envelope, execute_sql, sealed_up_to};
use crate::databases::each_database;

#[tokio::test]
async fn nothing_that_is_written_can_be_changed_or_removed() {
    each_database(async |test| {
        let node = Node::on(test);
        node.counters
            .execute("a", CounterCommand::AddEach(vec![1, 2]), envelope(1, 1))
            .await
            .unwrap();
        sealed_up_to(&node.log, 2).await;
        let mut statements = vec![
            "UPDATE events SET payload = '{}'",
            "UPDATE events SET aggregate_id = 'b' WHERE sequence = 2",
            "DELETE FROM events",
            "DELETE FROM events WHERE sequence = 2",
            "UPDATE commands SET last_sequence = 7",
            "DELETE FROM commands",
            "UPDATE ledger SET global_seq = global_seq + 10",
            "DELETE FROM ledger",
            "DELETE FROM ledger_head",
        ];
        statements.extend(match &test.database {
            Database::Sqlite(_) => REPLACING,
            Database::Postgres(_) => TRUNCATING,
        });
        for sql in statements {
            let refused = execute_sql(&test.database, sql)
                .await
                .unwrap_err()
                .to_string();
            assert!(refused.contains("refused"), "{sql}: {refused}");
        }
        for (table, rows) in [
            ("events", 2),
            ("commands", 1),
            ("ledger", 2),
            ("ledger_head", 1),
        ] {
            assert_eq!(count(&test.database, table).await, rows, "{table}");
        }
        let report = eventstore::verify(&test.database).await.unwrap();
        assert_eq!((report.verified, report.problem), (2, None));
    })
    .await;
}

/// INSERT OR REPLACE removes what is in its way without firing a delete trigger.
const REPLACING: &[&str] = &[
    "INSERT OR REPLACE INTO events SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
            '{}', metadata, command_id, recorded_at_us, content_hash FROM events WHERE sequence = 1",
    "REPLACE INTO events SELECT 99, aggregate_type, aggregate_id, sequence, event_type, event_version, '{}', metadata,
            command_id, recorded_at_us, content_hash FROM events WHERE sequence = 2",
    "INSERT OR REPLACE INTO commands SELECT command_id, aggregate_type, 'b', request_hash, first_sequence, last_sequence,
            recorded_at_us FROM commands",
    "INSERT OR REPLACE INTO ledger SELECT global_seq, position, zeroblob(32) FROM ledger",
    "INSERT OR REPLACE INTO ledger SELECT 99, position, chain_hash FROM ledger WHERE global_seq = 1",
    "INSERT OR REPLACE INTO ledger_head SELECT 1, 0, chain_hash FROM ledger_head",
    // Nor does it open a hole.
    "INSERT INTO events SELECT 99, aggregate_type, aggregate_id, 4, event_type, event_version, payload, metadata,
            command_id, recorded_at_us, content_hash FROM events WHERE sequence = 1",
];

const TRUNCATING: &[&str] = &[
    "TRUNCATE events CASCADE",
    "TRUNCATE commands",
    "TRUNCATE ledger",
    "TRUNCATE ledger_head",
    "INSERT INTO commands SELECT * FROM commands ON CONFLICT (command_id) DO UPDATE SET last_sequence = 9",
];

/// Otherwise the transaction could have its number from before an event that it follows in the stream.
#[tokio::test]
async fn an_append_that_is_not_the_first_write_of_its_transaction_is_refused() {
    let test = crate::databases::TestDatabase::postgres().await;
    let Database::Postgres(pool) = &test.database else {
        unreachable!("a PostgreSQL database")
    };
    let append = "SELECT append_events('00000000-0000-0000-0000-000000000001', sha256('r'), 'counter', 'a', 1,
                         ARRAY['Added'], ARRAY['1.0'], ARRAY['{}'], '{}', 0, ARRAY[sha256('c')])";
    let mut tx = pool.begin().await.unwrap();
    tx.execute("CREATE TABLE written_before (n int)")
        .await
        .unwrap();
    let refused = tx.execute(append).await.unwrap_err().to_string();
    assert!(
        refused.contains("first write of its transaction"),
        "{refused}"
    );
    tx.rollback().await.unwrap();
    pool.execute(append).await.unwrap();
    test.remove().await;
}
