//! Somebody who holds the database and knows every definition: changes it and computes every hash anew.

use eventstore::hash::{self, Content, GENESIS};
use eventstore::{Database, on_database};
use uuid::Uuid;

use crate::databases::TestDatabase;
use crate::store_contract::tampering::tamper;

#[derive(sqlx::FromRow)]
struct Row {
    global_seq: i64,
    position: i64,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: String,
    command_id: Uuid,
    recorded_at_us: i64,
}

/// Runs the statements and makes the log agree with itself again: content hashes, chain, head and command rows.
pub async fn rewrite(test: &TestDatabase, statements: &[&str]) {
    tamper(test, statements).await;
    let rows: Vec<Row> = on_database!(&test.database, pool => {
        sqlx::query_as(
            "SELECT l.global_seq, e.position, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
                    CAST(e.payload AS text) AS payload, CAST(e.metadata AS text) AS metadata, e.command_id, e.recorded_at_us
               FROM ledger l JOIN events e ON e.position = l.position ORDER BY l.global_seq",
        )
        .fetch_all(pool)
        .await
    })
    .unwrap();
    let binary = |bytes: &[u8]| match test.database {
        Database::Sqlite(_) => format!("x'{}'", hex::encode(bytes)),
        Database::Postgres(_) => format!("'\\x{}'", hex::encode(bytes)),
    };
    let mut forged = vec![
        "UPDATE commands SET recorded_at_us =
            (SELECT max(e.recorded_at_us) FROM events e WHERE e.command_id = commands.command_id)"
            .to_owned(),
    ];
    let (mut chain, mut last) = (GENESIS, 0);
    for row in &rows {
        let content = Content {
            aggregate_type: &row.aggregate_type,
            aggregate_id: &row.aggregate_id,
            sequence: row.sequence,
            event_type: &row.event_type,
            event_version: &row.event_version,
            payload: &row.payload,
            metadata: &row.metadata,
            command_id: row.command_id,
            recorded_at_us: row.recorded_at_us,
        };
        let hash = content.hash();
        chain = hash::chain(&chain, row.global_seq, &hash);
        last = row.global_seq;
        forged.push(format!(
            "UPDATE events SET content_hash = {} WHERE position = {}",
            binary(&hash),
            row.position
        ));
        forged.push(format!(
            "UPDATE ledger SET chain_hash = {} WHERE global_seq = {last}",
            binary(&chain)
        ));
    }
    forged.push(format!(
        "UPDATE ledger_head SET global_seq = {last}, chain_hash = {}",
        binary(&chain)
    ));
    let forged: Vec<&str> = forged.iter().map(String::as_str).collect();
    tamper(test, &forged).await;
    let report = eventstore::verify(&test.database).await.unwrap();
    assert_eq!(
        (report.verified, report.problem),
        (last, None),
        "the log agrees with itself"
    );
}

/// Lets the events of ledger numbers be recorded at a time, as if it had been so.
pub async fn record_at(test: &TestDatabase, when: &[(i64, i64, i64)]) {
    let statements: Vec<String> = when
        .iter()
        .map(|(first, last, time)| {
            format!(
                "UPDATE events SET recorded_at_us = {time} WHERE position IN
                    (SELECT position FROM ledger WHERE global_seq BETWEEN {first} AND {last})"
            )
        })
        .collect();
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    rewrite(test, &statements).await;
}
