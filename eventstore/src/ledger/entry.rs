//! Where one event of a stream stands in the ledger.

use std::time::Duration;

use cqrs_es::Aggregate;
use tokio::time::Instant;

use crate::error::{Error, Stage};
use crate::hash::Digest;
use crate::log::EventLog;
use crate::on_database;

/// How often a reader looks who waits for a number and is not told of it.
const LOOK: Duration = Duration::from_millis(20);

/// An event's place in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Its number among all events.
    pub global_seq: i64,
    /// The chain up to and with it: who knows this can tell later whether anything before it was changed.
    pub chain_hash: Digest,
}

impl EventLog {
    /// The place of the event `sequence` of an aggregate; `None` when there is no such event, or, on PostgreSQL, when it has
    /// no number yet.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] when it can not be read, [`Error::Inconsistent`] when the row is not one that this crate wrote.
    pub async fn ledger_entry<A: Aggregate>(
        &self,
        id: &str,
        sequence: i64,
    ) -> Result<Option<LedgerEntry>, Error> {
        let row: Option<(i64, Vec<u8>)> = on_database!(self.database(), pool => {
            sqlx::query_as(include_str!("sql/entry.sql"))
                .bind(A::TYPE)
                .bind(id)
                .bind(sequence)
                .fetch_optional(pool)
                .await
        })
        .map_err(Error::at(Stage::Feed))?;
        row.map(|(global_seq, chain_hash)| {
            Ok(LedgerEntry {
                global_seq,
                chain_hash: Digest::try_from(chain_hash)
                    .map_err(|_| Error::Inconsistent("a chain hash is no SHA-256"))?,
            })
        })
        .transpose()
    }

    /// The last event of an aggregate that stood in the ledger at this number; `None` when there was none yet.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] when it can not be read.
    pub async fn sequence_at<A: Aggregate>(
        &self,
        id: &str,
        global_seq: i64,
    ) -> Result<Option<i64>, Error> {
        on_database!(self.database(), pool => {
            sqlx::query_scalar(include_str!("sql/sequence_at.sql"))
                .bind(A::TYPE)
                .bind(id)
                .bind(global_seq)
                .fetch_one(pool)
                .await
        })
        .map_err(Error::at(Stage::Feed))
    }

    /// The same for an event that is known to be there: waits for its number, at most `patience`. `None`: it gave up.
    ///
    /// # Errors
    ///
    /// As [`EventLog::ledger_entry`].
    pub async fn ledger_entry_within<A: Aggregate>(
        &self,
        id: &str,
        sequence: i64,
        patience: Duration,
    ) -> Result<Option<LedgerEntry>, Error> {
        let deadline = Instant::now() + patience;
        let mut sealed = self.sealed();
        loop {
            let found = self.ledger_entry::<A>(id, sequence).await?;
            if found.is_some() || Instant::now() >= deadline {
                return Ok(found);
            }
            // Told by the sealer of this process, else looks again: the one that works may be another's.
            let _told_or_not = tokio::time::timeout(LOOK, sealed.changed()).await;
        }
    }
}
