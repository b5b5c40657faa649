//! After a restore into another PostgreSQL cluster, whose transaction numbers begin elsewhere.

use crate::database::Database;
use crate::error::{Error, Stage};
use crate::ledger::seal::{self, Head, Unsealed};

const BATCH: i64 = 1_000;

/// Seals the events that the dump held but the ledger did not yet, and moves the sealer's mark to the transaction
/// numbers of this cluster. Returns how many events it sealed. To be run once after each restore, before the service
/// starts; running it on a sound database changes nothing of its order. SQLite needs none: always 0.
///
/// # Errors
///
/// [`Error::Database`] when it fails; nothing is changed then.
pub async fn reanchor(database: &Database) -> Result<i64, Error> {
    let Database::Postgres(pool) = database else {
        return Ok(0);
    };
    let at = Error::at(Stage::Reanchor);
    let mut tx = pool.begin().await.map_err(&at)?;
    // Appends wait, reads go on.
    sqlx::query("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await
        .map_err(&at)?;
    let (before, chain_hash, here): (i64, Vec<u8>, String) = sqlx::query_as(
        "SELECT global_seq, chain_hash, pg_current_xact_id()::text FROM ledger_head FOR UPDATE",
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(&at)?;
    let mut head = Head {
        global_seq: before,
        chain_hash: seal::head_hash(chain_hash)?,
    };
    let mut after = 0;
    loop {
        let rows: Vec<(String, i64, Vec<u8>)> = sqlx::query_as(include_str!("sql/restored.sql"))
            .bind(after)
            .bind(BATCH)
            .fetch_all(&mut *tx)
            .await
            .map_err(&at)?;
        let rows: Vec<Unsealed> = rows
            .into_iter()
            .map(|(txid, position, content_hash)| Unsealed {
                txid,
                position,
                content_hash,
            })
            .collect();
        // The mark: this transaction. Every append from now on has a higher number.
        seal::extend(&mut tx, &mut head, &rows, (&here, 0)).await?;
        match rows.last() {
            Some(last) => after = last.position,
            None => break,
        }
    }
    tx.commit().await.map_err(&at)?;
    Ok(head.global_seq - before)
}
