//! One command's events into the log: what is written is fixed here, byte for byte, for both databases.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::time::{SystemTime, UNIX_EPOCH};

use cqrs_es::persist::{PersistenceError, SerializedEvent};

use crate::error::{Error, Stage};
use crate::hash::{Content, Digest};
use crate::metadata::Envelope;

/// The consecutive events of one stream that one command makes.
pub(crate) struct Batch {
    pub aggregate_type: String,
    pub aggregate_id: String,
    /// The number of the first event in its stream.
    pub first: i64,
    pub envelope: Envelope,
    /// The exact text of the metadata column.
    pub metadata: String,
    pub recorded_at_us: i64,
    /// The content hash of the event before the first, where it is known to whoever decided.
    pub previous: Option<Digest>,
    /// Never empty.
    pub events: Vec<BatchEvent>,
}

pub(crate) struct BatchEvent {
    pub event_type: String,
    pub event_version: String,
    /// Serialized once: this text is hashed and this text is stored.
    pub payload: String,
    pub content_hash: Digest,
}

/// Why nothing was written.
pub(crate) enum Refusal {
    /// The stream has an event with the first number already.
    Conflict,
    /// The command's id has a row already.
    Duplicate,
    /// Anything else.
    Failed(Error),
}

/// The database failed.
pub(crate) fn failed(source: sqlx::Error) -> Refusal {
    Refusal::Failed(Error::at(Stage::Append)(source))
}

impl From<Refusal> for PersistenceError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Conflict => Self::OptimisticLockError,
            Refusal::Duplicate => Self::UnknownError(Box::new(Error::DuplicateCommand)),
            Refusal::Failed(error) => Self::UnknownError(Box::new(error)),
        }
    }
}

impl Batch {
    /// Serializes and hashes the events, which must not be empty.
    pub fn new(aggregate_type: &str, events: &[SerializedEvent]) -> Result<Self, Error> {
        let head = events.first().ok_or(Error::NotConsecutive)?;
        let (envelope, metadata) =
            Envelope::from_map(&head.metadata).ok_or(Error::EnvelopeMissing)?;
        let first = i64::try_from(head.sequence).map_err(|_| Error::NotConsecutive)?;
        let recorded_at_us = now_us();
        let events = events
            .iter()
            .zip(first..)
            .map(|(event, sequence)| {
                let consecutive = i64::try_from(event.sequence) == Ok(sequence)
                    && event.aggregate_id == head.aggregate_id
                    && event.metadata == head.metadata;
                if !consecutive {
                    return Err(Error::NotConsecutive);
                }
                let payload = event.payload.to_string();
                let content_hash = Content {
                    aggregate_type,
                    aggregate_id: &head.aggregate_id,
                    sequence,
                    event_type: &event.event_type,
                    event_version: &event.event_version,
                    payload: &payload,
                    metadata: &metadata,
                    command_id: envelope.metadata.command_id,
                    recorded_at_us,
                }
                .hash();
                Ok(BatchEvent {
                    event_type: event.event_type.clone(),
                    event_version: event.event_version.clone(),
                    payload,
                    content_hash,
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        Ok(Self {
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id: head.aggregate_id.clone(),
            first,
            envelope,
            metadata,
            recorded_at_us,
            previous: None,
            events,
        })
    }

    /// The number of the last event in its stream.
    pub fn last(&self) -> i64 {
        // A batch that fits into memory has far fewer than 2^63 events.
        self.first + i64::try_from(self.events.len()).unwrap_or(i64::MAX) - 1
    }
}

/// Now, in microseconds since 1970. A clock before 1970 counts as 1970.
pub(crate) fn now_us() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|elapsed| i64::try_from(elapsed.as_micros()).ok())
        .unwrap_or(0)
}
