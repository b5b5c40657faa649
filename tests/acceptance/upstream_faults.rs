//! Why the durable path goes around parts of cqrs-es 0.5 and postgres-es 0.5: five faults, each reproduced on the real
//! crates. A test here asserts that its fault still exists, so an upgrade that mends one fails it and tells us that the
//! detour (docs/decisions/0001-event-log.md) may be shortened.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cqrs_es::persist::{
    GenericQuery, PersistedEventRepository as _, PersistedEventStore, PersistenceError,
    SerializedEvent,
};
use cqrs_es::{Aggregate as _, AggregateError, CqrsFramework, EventEnvelope, Query, View};
use eventstore::Database;
use futures::future::join_all;
use postgres_es::{PostgresEventRepository, PostgresViewRepository};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{Executor as _, PgPool};

use crate::databases::TestDatabase;
use crate::store_contract::counter::{Counter, CounterCommand, CounterEvent, Desk};

/// The tables of postgres-es' own migration, under names that are free.
const TABLES: &str = "
    CREATE TABLE stock_events (
        aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint CHECK (sequence >= 0) NOT NULL,
        event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, sequence));
    CREATE TABLE stock_snapshots (
        aggregate_type text NOT NULL, aggregate_id text NOT NULL, last_sequence bigint CHECK (last_sequence >= 0) NOT NULL,
        current_snapshot bigint CHECK (current_snapshot >= 0) NOT NULL, payload json NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, last_sequence));
    CREATE TABLE stock_view (view_id text PRIMARY KEY, version bigint CHECK (version >= 0) NOT NULL, payload json NOT NULL);";

type Stock = CqrsFramework<Counter, PersistedEventStore<PostgresEventRepository, Counter>>;

/// A view that counts events.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Seen {
    events: usize,
}

impl View<Counter> for Seen {
    fn update(&mut self, _: &EventEnvelope<Counter>) {
        self.events += 1;
    }
}

struct Upstream {
    test: TestDatabase,
    pool: PgPool,
}

impl Upstream {
    async fn new() -> Self {
        let test = TestDatabase::postgres().await;
        let Database::Postgres(pool) = &test.database else {
            unreachable!("a PostgreSQL database")
        };
        let pool = pool.clone();
        pool.execute(TABLES).await.unwrap();
        Self { test, pool }
    }

    fn repository(&self) -> PostgresEventRepository {
        PostgresEventRepository::new(self.pool.clone())
            .with_tables("stock_events", "stock_snapshots")
    }

    fn views(&self) -> Arc<PostgresViewRepository<Seen, Counter>> {
        Arc::new(PostgresViewRepository::new("stock_view", self.pool.clone()))
    }

    fn with_view(&self, lost: Arc<AtomicUsize>) -> Stock {
        let mut query = GenericQuery::<_, Seen, Counter>::new(self.views());
        query.use_error_handler(Box::new(move |_| {
            lost.fetch_add(1, Ordering::Relaxed);
        }));
        let queries: Vec<Box<dyn Query<Counter>>> = vec![Box::new(query)];
        CqrsFramework::new(
            PersistedEventStore::new_event_store(self.repository()),
            queries,
            Desk::default(),
        )
    }

    async fn number(&self, sql: &str) -> i64 {
        let (number,): (i64,) = sqlx::query_as(sql).fetch_one(&self.pool).await.unwrap();
        number
    }
}

/// `EventSink::write` has applied the event to the loaded aggregate when `commit` applies it once more for the snapshot.
#[tokio::test]
async fn fault_1_both_snapshot_modes_apply_every_event_twice() {
    let upstream = Upstream::new().await;
    let aggregates = PersistedEventStore::<_, Counter>::new_aggregate_store(upstream.repository());
    let framework = CqrsFramework::new(aggregates, vec![], Desk::default());
    for _ in 0..3 {
        framework
            .execute("state", CounterCommand::Add(1))
            .await
            .unwrap();
    }
    let snapshots = PersistedEventStore::<_, Counter>::new_snapshot_store(upstream.repository(), 2);
    let framework = CqrsFramework::new(snapshots, vec![], Desk::default());
    for _ in 0..4 {
        framework
            .execute("snapshot", CounterCommand::Add(1))
            .await
            .unwrap();
    }
    let total = async |id: &str| {
        let sql = format!(
            "SELECT (payload->>'total')::bigint FROM stock_snapshots WHERE aggregate_id = '{id}'"
        );
        upstream.number(&sql).await
    };
    assert_eq!(total("state").await, 6, "three times 1 is 3");
    assert!(total("snapshot").await > 4, "four times 1 is 4");
    upstream.test.remove().await;
}

/// The transaction is committed before the number of updated rows is looked at.
#[tokio::test]
async fn fault_2_an_optimistic_lock_error_is_returned_for_events_that_are_committed() {
    let upstream = Upstream::new().await;
    let event = SerializedEvent::new(
        "a".into(),
        1,
        Counter::TYPE.into(),
        "Added".into(),
        "1.0".into(),
        serde_json::to_value(CounterEvent::Added { by: 1 }).unwrap(),
        json!({}),
    );
    // The snapshot numbered 1, which 2 would replace, is not there.
    let outcome = upstream
        .repository()
        .persist::<Counter>(&[event], Some(("a".into(), json!({}), 2)))
        .await;
    assert!(
        matches!(outcome, Err(PersistenceError::OptimisticLockError)),
        "{outcome:?}"
    );
    assert_eq!(
        upstream.number("SELECT count(*) FROM stock_events").await,
        1
    );
    upstream.test.remove().await;
}

/// 1. A command commits its event. 2. While the view is being written, the client hangs up. 3. The view never learns.
#[tokio::test]
async fn fault_3_a_client_that_hangs_up_loses_the_update_of_the_view() {
    let upstream = Upstream::new().await;
    let framework = upstream.with_view(Arc::default());
    let mut holding = upstream.pool.begin().await.unwrap();
    holding
        .execute("LOCK TABLE stock_view IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let committed = async {
        while upstream.number("SELECT count(*) FROM stock_events").await == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        outcome = framework.execute("a", CounterCommand::Add(1)) => panic!("the view was locked: {outcome:?}"),
        () = committed => {}
    }
    holding.rollback().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(
        upstream.number("SELECT count(*) FROM stock_events").await,
        1
    );
    assert_eq!(upstream.number("SELECT count(*) FROM stock_view").await, 0);
    upstream.test.remove().await;
}

/// Two dispatches race for one row of the view; the loser is dropped and only the error handler hears of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_4_concurrent_commands_lose_updates_of_the_view() {
    const TASKS: usize = 8;
    const COMMANDS: usize = 30;
    let upstream = Upstream::new().await;
    let lost = Arc::new(AtomicUsize::new(0));
    let framework = Arc::new(upstream.with_view(Arc::clone(&lost)));
    join_all((0..TASKS).map(|_| {
        let framework = Arc::clone(&framework);
        tokio::spawn(async move {
            for _ in 0..COMMANDS {
                while let Err(error) = framework.execute("a", CounterCommand::Add(1)).await {
                    assert!(
                        matches!(error, AggregateError::AggregateConflict),
                        "{error:?}"
                    );
                }
            }
        })
    }))
    .await
    .into_iter()
    .for_each(Result::unwrap);
    let events = upstream.number("SELECT count(*) FROM stock_events").await;
    assert_eq!(usize::try_from(events).unwrap(), TASKS * COMMANDS);
    let seen = upstream
        .number("SELECT (payload->>'events')::bigint FROM stock_view")
        .await;
    assert!(seen < events, "the view saw all {events}");
    let lost = i64::try_from(lost.load(Ordering::Relaxed)).unwrap();
    assert_eq!(seen + lost, events);
    upstream.test.remove().await;
}

/// The task that reads panics on the broken connection, and the reader of its channel sees the end of the stream.
/// (The panic's message in the output of this test belongs to it.)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_5_a_connection_that_breaks_ends_a_replay_as_if_it_were_complete() {
    const EVENTS: usize = 50_000;
    let upstream = Upstream::new().await;
    let insert = format!(
        "INSERT INTO stock_events
         SELECT 'counter', 'stream-' || n, 1, 'Added', '1.0', '{{\"Added\":{{\"by\":1}}}}', '{{}}' FROM generate_series(1, {EVENTS}) n"
    );
    upstream.pool.execute(insert.as_str()).await.unwrap();
    let mut stream = upstream
        .repository()
        .stream_all_events::<Counter>()
        .await
        .unwrap();
    let mut read = 0;
    while let Some(event) = stream.next::<Counter>(&[]).await {
        event.expect("no error is ever surfaced");
        read += 1;
        if read == 500 {
            let cut = upstream
                .number(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%FROM stock_events%'",
                )
                .await;
            assert_eq!(cut, 1);
        }
    }
    assert!((500..EVENTS).contains(&read), "{read} of {EVENTS}");
    upstream.test.remove().await;
}
