//! Reading all streams in the one order that everybody sees.

use cqrs_es::Aggregate;
use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use sqlx::FromRow;

use crate::database::Database;
use crate::decoding::{category, decode};
use crate::error::{Error, Stage};
use crate::hash::Digest;
use crate::log::EventLog;
use crate::metadata::{Envelope, Metadata};
use crate::on_database;

/// An event with its place in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedEvent {
    /// Its number among all events: 1, 2, 3 … without a gap, the same for every reader for ever.
    pub global_seq: i64,
    /// The type of its stream.
    pub aggregate_type: String,
    /// The id of its stream.
    pub aggregate_id: String,
    /// Its number in its stream, from 1.
    pub sequence: i64,
    /// Its name.
    pub event_type: String,
    /// The version of its shape when it was written.
    pub event_version: String,
    /// Its content as it was written; see [`RecordedEvent::decode`].
    pub payload: serde_json::Value,
    /// Who, when and why.
    pub metadata: Metadata,
    /// When the log recorded it, microseconds since 1970-01-01T00:00:00Z. Not the time of the decision.
    pub recorded_at_us: i64,
    /// The chain up to and with this event.
    pub chain_hash: Digest,
}

impl RecordedEvent {
    /// The event as today's code knows it: upcast, then decoded. Make the upcasters once for many events.
    ///
    /// # Errors
    ///
    /// [`Error::Undecodable`] when an upcaster is missing.
    pub fn decode<A: Aggregate>(
        &self,
        upcasters: &[Box<dyn EventUpcaster>],
    ) -> Result<A::Event, Error> {
        decode(
            SerializedEvent::new(
                self.aggregate_id.clone(),
                usize::try_from(self.sequence)
                    .map_err(|_| Error::Inconsistent("an event has a negative number"))?,
                self.aggregate_type.clone(),
                self.event_type.clone(),
                self.event_version.clone(),
                self.payload.clone(),
                serde_json::Value::Null,
            ),
            upcasters,
        )
    }
}

#[derive(FromRow)]
struct Row {
    global_seq: i64,
    chain_hash: Vec<u8>,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: String,
    recorded_at_us: i64,
}

impl EventLog {
    /// The events after ledger number `after_global_seq`, in order, at most `limit` of them. Fewer than `limit` means
    /// that there were no more at that moment; a connection that breaks is an error and never an end.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] when it can not be read, [`Error::Inconsistent`] when a number is missing or a row is not
    /// one that this crate wrote.
    pub async fn feed(
        &self,
        after_global_seq: i64,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, Error> {
        self.heed_new_connections().await?;
        let known = self.memory().last();
        let rows: Vec<Row> = on_database!(self.database(), pool => {
            sqlx::query_as(include_str!("sql/feed.sql"))
                .bind(after_global_seq)
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await
        })
        .map_err(Error::at(Stage::Feed))?;
        let differs =
            |row: &Row| row.global_seq == known.global_seq && row.chain_hash != known.chain_hash;
        if rows.iter().any(differs) {
            self.compare(false).await?;
        }
        rows.into_iter()
            .zip(after_global_seq.max(0) + 1..)
            .map(|(row, expected)| {
                if row.global_seq != expected {
                    return Err(Error::Inconsistent("the feed has a gap"));
                }
                row.try_into()
            })
            .collect()
    }

    /// The number of the last event in the ledger, 0 when it is empty.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] when it can not be read.
    pub async fn head(&self) -> Result<i64, Error> {
        let (head,): (i64,) = on_database!(self.database(), pool => {
            sqlx::query_as("SELECT global_seq FROM ledger_head").fetch_one(pool).await
        })
        .map_err(Error::at(Stage::Feed))?;
        Ok(head)
    }

    /// How many events wait for their ledger number. On SQLite none ever does; on PostgreSQL any transaction that is open
    /// in the cluster, be it in another database, keeps those waiting that came after it.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] when they can not be counted.
    pub async fn unsealed(&self) -> Result<i64, Error> {
        match self.database() {
            Database::Sqlite(_) => Ok(0),
            Database::Postgres(pool) => sqlx::query_scalar(
                "SELECT count(*) FROM events e, ledger_head h WHERE (e.txid, e.position) > (h.txid, h.position)",
            )
            .fetch_one(pool)
            .await
            .map_err(Error::at(Stage::Feed)),
        }
    }
}

impl TryFrom<Row> for RecordedEvent {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let payload = serde_json::from_str(&row.payload).map_err(|error| Error::Undecodable {
            aggregate_type: row.aggregate_type.clone(),
            sequence: row.sequence,
            event_type: row.event_type.clone(),
            event_version: row.event_version.clone(),
            category: category(&error),
            column: error.column(),
        })?;
        Ok(Self {
            global_seq: row.global_seq,
            aggregate_type: row.aggregate_type,
            aggregate_id: row.aggregate_id,
            sequence: row.sequence,
            event_type: row.event_type,
            event_version: row.event_version,
            payload,
            metadata: Envelope::from_column(&row.metadata)
                .ok_or(Error::Inconsistent("an event has foreign metadata"))?
                .metadata,
            recorded_at_us: row.recorded_at_us,
            chain_hash: Digest::try_from(row.chain_hash)
                .map_err(|_| Error::Inconsistent("a chain hash is no SHA-256"))?,
        })
    }
}
