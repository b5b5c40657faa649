//! The race that every reader of a log must lose or win: writers that commit in another order than they wrote.

use std::collections::HashSet;
use std::time::Duration;

use eventstore::CancellationToken;
use eventstore::hash::Content;
use eventstore::{Database, EventLog};
use futures::future::join_all;
use sqlx::PgPool;

use super::envelope;
use crate::databases::TestDatabase;
use crate::patience::PATIENCE;

const WRITERS: u64 = 8;
/// Least number of events: with fewer the feed would have little to skip.
const LEAST: i64 = 2_000;

/// Appends one event to a stream of its own, and one time in sixteen sits on the open transaction for a while.
async fn write(pool: &PgPool, number: u64) {
    let envelope = envelope(u128::from(number), 1);
    let mut metadata = serde_json::to_value(&envelope.metadata).unwrap();
    metadata["request_hash"] = hex::encode(envelope.request_hash).into();
    let metadata = metadata.to_string();
    let stream = format!("stream-{number}");
    let content = Content {
        aggregate_type: "counter",
        aggregate_id: &stream,
        sequence: 1,
        event_type: "Added",
        event_version: "1.0",
        payload: r#"{"Added":{"by":1}}"#,
        metadata: &metadata,
        command_id: envelope.metadata.command_id,
        recorded_at_us: 0,
    };
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("SELECT append_events($1, $2, $3, $4, 1, ARRAY[$5], ARRAY[$6], ARRAY[$7], $8, 0, ARRAY[$9])")
        .bind(content.command_id)
        .bind(&envelope.request_hash[..])
        .bind(content.aggregate_type)
        .bind(content.aggregate_id)
        .bind(content.event_type)
        .bind(content.event_version)
        .bind(content.payload)
        .bind(content.metadata)
        .bind(&content.hash()[..])
        .execute(&mut *tx)
        .await
        .unwrap();
    if rand::random_ratio(1, 16) {
        tokio::time::sleep(Duration::from_micros(rand::random_range(0..20_000))).await;
    }
    tx.commit().await.unwrap();
}

/// The reader that everybody writes first: what is beyond the highest number that it has seen. Says when it has skipped something:
/// otherwise the race was too tame to prove anything.
async fn read_naively(
    pool: &PgPool,
    stop: &CancellationToken,
    skipped: &CancellationToken,
) -> HashSet<String> {
    let mut seen = HashSet::new();
    let mut checkpoint = 0;
    loop {
        let last_pass = stop.is_cancelled();
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT position, aggregate_id FROM events WHERE position > $1 ORDER BY position LIMIT 500",
        )
        .bind(checkpoint)
        .fetch_all(pool)
        .await
        .unwrap();
        let idle = rows.is_empty();
        for (position, stream) in rows {
            checkpoint = position;
            seen.insert(stream);
        }
        if last_pass && idle {
            return seen;
        }
        let (passed,): (i64,) = sqlx::query_as("SELECT count(*) FROM events WHERE position <= $1")
            .bind(checkpoint)
            .fetch_one(pool)
            .await
            .unwrap();
        if usize::try_from(passed).unwrap() > seen.len() {
            skipped.cancel();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The feed, followed as a projection does: woken by the sealer, from its checkpoint on.
async fn read_the_feed(
    log: &EventLog,
    stop: &CancellationToken,
    total: &dyn Fn() -> i64,
) -> HashSet<String> {
    let mut seen = HashSet::new();
    let mut checkpoint = 0;
    let mut sealed = log.sealed();
    loop {
        let page = log.feed(checkpoint, 500).await.unwrap();
        for event in &page {
            assert_eq!(event.global_seq, checkpoint + 1);
            checkpoint = event.global_seq;
            assert!(seen.insert(event.aggregate_id.clone()), "delivered twice");
        }
        if stop.is_cancelled() && checkpoint >= total() {
            return seen;
        }
        if page.is_empty() {
            let _ = tokio::time::timeout(Duration::from_millis(50), sealed.changed()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_feed_skips_nothing_where_the_naive_reader_does() {
    let test = TestDatabase::postgres().await;
    let Database::Postgres(pool) = &test.database else {
        unreachable!("a PostgreSQL database")
    };
    let log = EventLog::new(test.database.clone());
    let sealing = CancellationToken::new();
    log.seal_task(sealing.clone());
    let stop = CancellationToken::new();
    let skipped = CancellationToken::new();
    let written = std::sync::atomic::AtomicI64::new(0);
    let relaxed = std::sync::atomic::Ordering::Relaxed;

    let writers = async {
        join_all((0..WRITERS).map(async |writer| {
            let mut number = writer + 1;
            while !skipped.is_cancelled() || written.load(relaxed) < LEAST {
                write(pool, number).await;
                written.fetch_add(1, relaxed);
                number += WRITERS;
            }
        }))
        .await;
        stop.cancel();
    };
    let total = || written.load(relaxed);
    let race = async {
        futures::join!(
            writers,
            read_naively(pool, &stop, &skipped),
            read_the_feed(&log, &stop, &total),
        )
    };
    let ((), naive, feed) = tokio::time::timeout(PATIENCE, race)
        .await
        .expect("the naive reader skips something, and the feed reaches every event");
    let committed = usize::try_from(total()).unwrap();
    assert_eq!(feed.len(), committed, "the feed skips nothing");
    assert!(
        naive.len() < committed,
        "the naive reader skipped nothing of {committed}"
    );
    let report = eventstore::verify(&test.database).await.unwrap();
    assert_eq!((report.verified, report.problem), (total(), None));
    println!(
        "{committed} committed; never seen by the naive reader: {}",
        committed - naive.len()
    );

    sealing.cancel();
    log.tasks().close();
    log.tasks().wait().await;
    test.remove().await;
}
