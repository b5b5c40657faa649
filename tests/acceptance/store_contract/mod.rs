//! What the event log promises, on SQLite and on PostgreSQL alike.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

mod append_only;
mod cancellation;
mod conflicts;
pub mod counter;
mod decoding;
mod idempotency;
mod order;
mod restore;
mod skip_race;
pub mod tampering;

use eventstore::{CommandHandler, Database, Envelope, EventLog, Metadata, on_database};
use uuid::Uuid;

use crate::databases::TestDatabase;
use crate::patience::until;
use counter::{Counter, Desk, no_upcasters};

/// One process's view of a database: a log of its own, with a cache of its own.
pub struct Node {
    pub log: EventLog,
    pub counters: CommandHandler<Counter>,
}

impl Node {
    pub fn on(test: &TestDatabase) -> Self {
        Self::with(test, Desk::default())
    }

    fn with(test: &TestDatabase, desk: Desk) -> Self {
        let log = EventLog::new(test.database.clone());
        let counters = log.handler(desk, no_upcasters);
        Self { log, counters }
    }
}

/// An envelope whose command id and request are told apart by numbers.
pub fn envelope(command: u128, request: u8) -> Envelope {
    Envelope {
        metadata: Metadata {
            actor: "member:1001".into(),
            role: "member".into(),
            command_id: Uuid::from_u128(command),
            correlation_id: Uuid::from_u128(command + (1 << 64)),
            causation_id: None,
            reason: None,
            approval: None,
            rules_version: "rules-1".into(),
            software_version: "test".into(),
            decided_at_us: 1_780_000_000_000_000,
        },
        request_hash: [request; 32],
    }
}

pub async fn count(database: &Database, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    let (rows,): (i64,) =
        on_database!(database, pool => sqlx::query_as(&sql).fetch_one(pool).await).unwrap();
    rows
}

async fn execute_sql(database: &Database, sql: &str) -> Result<u64, sqlx::Error> {
    on_database!(database, pool => {
        sqlx::query(sql).execute(pool).await.map(|done| done.rows_affected())
    })
}

/// Waits until the ledger ends at `global_seq`. On PostgreSQL it may take a moment: a transaction that is open in any
/// database of the cluster, so in any other test, holds the sealer up.
pub async fn sealed_up_to(log: &EventLog, global_seq: i64) {
    until(&format!("the ledger ends at {global_seq}"), async || {
        eventstore::seal(log.database()).await.unwrap();
        let head = log.head().await.unwrap();
        assert!(
            head <= global_seq,
            "the ledger ends at {head}, beyond {global_seq}"
        );
        head == global_seq
    })
    .await;
}
