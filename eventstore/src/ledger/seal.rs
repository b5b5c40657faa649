//! The sealer of PostgreSQL: gives each committed event its number, in an order that no reader can overtake.
//!
//! Appends run side by side and commit in any order, so a number drawn while appending would let a reader pass an event
//! that commits later. Instead every event carries its transaction's number, and the sealer takes only those below the
//! oldest transaction that is still open. Any node may seal; the row lock on the head is the lease and ends with the
//! transaction, also when its holder dies.

use sqlx::{PgPool, Postgres, Transaction};

use crate::database::Database;
use crate::error::{Error, Stage};
use crate::hash::{self, Digest};
use crate::ledger::continuity::Found;
use crate::ledger::entry::LedgerEntry;

/// How many events one transaction seals. Above about a thousand the planner may choose a bad plan after a bulk load.
const BATCH: i64 = 1_000;

/// The end of the ledger while it is being extended.
pub(super) struct Head {
    pub global_seq: i64,
    pub chain_hash: Digest,
}

/// An event that waits for its number.
pub(super) struct Unsealed {
    pub txid: String,
    pub position: i64,
    pub content_hash: Vec<u8>,
}

/// What is read with the lease: `sql/lease.sql`.
type Lease = (i64, Vec<u8>, String, i64, bool, String, Option<Vec<u8>>);

/// What one pass did.
pub(super) enum Pass {
    /// It sealed so many events, and this is the ledger; `more` when there may be others.
    Sealed {
        events: i64,
        found: Found,
        more: bool,
    },
    /// Somebody else has the lease.
    Leased,
}

/// Seals what can be sealed and returns how many events it were: 0 when there are none or another node is at it, and
/// always 0 on SQLite, which seals in the append. The service does this by itself; this is for tools.
///
/// # Errors
///
/// [`Error::NeedsReanchor`] on a ledger restored from another cluster; [`Error::Database`].
pub async fn seal(database: &Database) -> Result<i64, Error> {
    let Database::Postgres(pool) = database else {
        return Ok(0);
    };
    let mut total = 0;
    while let Pass::Sealed { events, more, .. } = pass(pool, 0).await? {
        total += events;
        if !more {
            break;
        }
    }
    Ok(total)
}

/// One transaction of the sealer, which tells the ledger's row of the number `asked` as well.
pub(super) async fn pass(pool: &PgPool, asked: i64) -> Result<Pass, Error> {
    let at = Error::at(Stage::Seal);
    let mut tx = pool.begin().await.map_err(&at)?;
    let lease: Option<Lease> = sqlx::query_as(include_str!("sql/lease.sql"))
        .bind(asked)
        .fetch_optional(&mut *tx)
        .await
        .map_err(&at)?;
    let Some((global_seq, chain_hash, txid, position, foreign_mark, _, remembered)) = lease else {
        return Ok(Pass::Leased);
    };
    if foreign_mark {
        return Err(Error::NeedsReanchor);
    }
    let rows: Vec<(String, i64, Vec<u8>)> = sqlx::query_as(include_str!("sql/unsealed.sql"))
        .bind(txid)
        .bind(position)
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
    let Some(mark) = rows.last() else {
        return Ok(Pass::Sealed {
            events: 0,
            found: Found::new(global_seq, chain_hash, remembered)?,
            more: false,
        });
    };
    let mut head = Head {
        global_seq,
        chain_hash: head_hash(chain_hash)?,
    };
    extend(&mut tx, &mut head, &rows, (&mark.txid, mark.position)).await?;
    tx.commit().await.map_err(&at)?;
    let events = head.global_seq - global_seq;
    Ok(Pass::Sealed {
        events,
        found: Found {
            head: LedgerEntry {
                global_seq: head.global_seq,
                chain_hash: head.chain_hash,
            },
            remembered,
        },
        more: events == BATCH,
    })
}

pub(super) fn head_hash(bytes: Vec<u8>) -> Result<Digest, Error> {
    Digest::try_from(bytes).map_err(|_| Error::Inconsistent("the head of the ledger is no SHA-256"))
}

/// Writes the rows behind the head, and moves the head and the mark.
pub(super) async fn extend(
    tx: &mut Transaction<'_, Postgres>,
    head: &mut Head,
    rows: &[Unsealed],
    (mark_txid, mark_position): (&str, i64),
) -> Result<(), Error> {
    let mut numbers = Vec::with_capacity(rows.len());
    let mut positions = Vec::with_capacity(rows.len());
    let mut hashes = Vec::with_capacity(rows.len());
    for row in rows {
        let content = Digest::try_from(row.content_hash.as_slice())
            .map_err(|_| Error::Inconsistent("a content hash is no SHA-256"))?;
        head.global_seq += 1;
        head.chain_hash = hash::chain(&head.chain_hash, head.global_seq, &content);
        numbers.push(head.global_seq);
        positions.push(row.position);
        hashes.push(head.chain_hash.to_vec());
    }
    sqlx::query(include_str!("sql/seal.sql"))
        .bind(numbers)
        .bind(positions)
        .bind(hashes)
        .bind(head.global_seq)
        .bind(&head.chain_hash[..])
        .bind(mark_txid)
        .bind(mark_position)
        .execute(&mut **tx)
        .await
        .map(drop)
        .map_err(Error::at(Stage::Seal))
}
