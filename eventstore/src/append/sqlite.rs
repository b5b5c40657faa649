//! Appending on SQLite. It has one writer at a time, so the ledger row is written in the same transaction.

use sqlx::{Sqlite, SqlitePool, Transaction};

use super::{Batch, Refusal, failed};
use crate::error::Error;
use crate::hash::{self, Digest};
use crate::ledger::continuity::Found;
use crate::ledger::entry::LedgerEntry;

/// The state that an append finds.
type State = (bool, i64, Option<Vec<u8>>, i64, Vec<u8>, Option<Vec<u8>>);

/// Writes the batch and returns the last row of the ledger, beside the ledger's row of the number `asked`.
pub(crate) async fn append(pool: &SqlitePool, batch: &Batch, asked: i64) -> Result<Found, Refusal> {
    // IMMEDIATE: a transaction that reads first and writes later fails at once, whatever the busy timeout, when
    // another one wrote in between.
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    // Checked by looking: a unique violation in SQLite does not say which constraint it was.
    let (repeated, last_sequence, previous, global_seq, chain_hash, remembered): State =
        sqlx::query_as(include_str!("sql/sqlite_state.sql"))
            .bind(batch.envelope.metadata.command_id)
            .bind(&batch.aggregate_type)
            .bind(&batch.aggregate_id)
            .bind(batch.first)
            .bind(asked)
            .fetch_one(&mut *tx)
            .await
            .map_err(failed)?;
    if repeated {
        return Err(Refusal::Duplicate);
    }
    if last_sequence + 1 < batch.first {
        return Err(Refusal::Failed(Error::Hole));
    }
    if let (Some(known), Some(previous)) = (&batch.previous, &previous)
        && known[..] != previous[..]
    {
        return Err(Refusal::Failed(Error::OtherPast));
    }
    if last_sequence >= batch.first {
        return Err(Refusal::Conflict);
    }
    let chain_hash = Digest::try_from(chain_hash).map_err(|_| {
        Refusal::Failed(Error::Inconsistent("the head of the ledger is no SHA-256"))
    })?;
    let head = write(&mut tx, batch, global_seq, chain_hash)
        .await
        .map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(Found { head, remembered })
}

async fn write(
    tx: &mut Transaction<'_, Sqlite>,
    batch: &Batch,
    mut global_seq: i64,
    mut chain_hash: Digest,
) -> Result<LedgerEntry, sqlx::Error> {
    let command_id = batch.envelope.metadata.command_id;
    sqlx::query(include_str!("sql/sqlite_command.sql"))
        .bind(command_id)
        .bind(&batch.aggregate_type)
        .bind(&batch.aggregate_id)
        .bind(&batch.envelope.request_hash[..])
        .bind(batch.first)
        .bind(batch.last())
        .bind(batch.recorded_at_us)
        .execute(&mut **tx)
        .await?;
    for (event, sequence) in batch.events.iter().zip(batch.first..) {
        global_seq += 1;
        chain_hash = hash::chain(&chain_hash, global_seq, &event.content_hash);
        sqlx::query(include_str!("sql/sqlite_event.sql"))
            .bind(global_seq)
            .bind(&batch.aggregate_type)
            .bind(&batch.aggregate_id)
            .bind(sequence)
            .bind(&event.event_type)
            .bind(&event.event_version)
            .bind(&event.payload)
            .bind(&batch.metadata)
            .bind(command_id)
            .bind(batch.recorded_at_us)
            .bind(&event.content_hash[..])
            .execute(&mut **tx)
            .await?;
        sqlx::query(include_str!("sql/sqlite_ledger.sql"))
            .bind(global_seq)
            .bind(&chain_hash[..])
            .execute(&mut **tx)
            .await?;
    }
    sqlx::query(include_str!("sql/sqlite_head.sql"))
        .bind(global_seq)
        .bind(&chain_hash[..])
        .execute(&mut **tx)
        .await?;
    Ok(LedgerEntry {
        global_seq,
        chain_hash,
    })
}
