//! Appending on PostgreSQL: one statement, one round trip, no global lock (`append_events` in the migrations).

use sqlx::PgPool;
use sqlx::error::DatabaseError;

use super::{Batch, Refusal, failed};
use crate::error::Error;

/// The SQLSTATE by which `append_events` says that the stream does not reach far enough.
const HOLE: &str = "EV002";

/// And that it came there on another way.
const OTHER_PAST: &str = "EV004";

/// Writes the batch. It gets its place in the ledger from the sealer.
pub(crate) async fn append(pool: &PgPool, batch: &Batch) -> Result<(), Refusal> {
    let events = &batch.events;
    let types: Vec<&str> = events.iter().map(|e| e.event_type.as_str()).collect();
    let versions: Vec<&str> = events.iter().map(|e| e.event_version.as_str()).collect();
    // Bound as texts and cast to json by the server: a JSON value bound by the driver would be written anew.
    let payloads: Vec<&str> = events.iter().map(|e| e.payload.as_str()).collect();
    let hashes: Vec<&[u8]> = events.iter().map(|e| &e.content_hash[..]).collect();
    sqlx::query(include_str!("sql/postgres_append.sql"))
        .bind(batch.envelope.metadata.command_id)
        .bind(&batch.envelope.request_hash[..])
        .bind(&batch.aggregate_type)
        .bind(&batch.aggregate_id)
        .bind(batch.first)
        .bind(types)
        .bind(versions)
        .bind(payloads)
        .bind(&batch.metadata)
        .bind(batch.recorded_at_us)
        .bind(hashes)
        .bind(batch.previous.as_ref().map(|hash| &hash[..]))
        .execute(pool)
        .await
        .map(drop)
        .map_err(refusal)
}

fn refusal(source: sqlx::Error) -> Refusal {
    let database = source.as_database_error();
    match database.and_then(DatabaseError::constraint) {
        Some("events_stream") => return Refusal::Conflict,
        Some("commands_pkey") => return Refusal::Duplicate,
        _ => {}
    }
    match database.and_then(DatabaseError::code).as_deref() {
        Some(HOLE) => Refusal::Failed(Error::Hole),
        Some(OTHER_PAST) => Refusal::Failed(Error::OtherPast),
        _ => failed(source),
    }
}
