//! The seam of `cqrs-es`: streams are read by `sqlite-es` and `postgres-es`, and written by this crate.

use cqrs_es::Aggregate;
use cqrs_es::persist::{
    PersistedEventRepository, PersistenceError, ReplayStream, SerializedEvent, SerializedSnapshot,
};
use postgres_es::PostgresEventRepository;
use serde_json::Value;
use sqlite_es::SqliteEventRepository;

use crate::append::Batch;
use crate::error::Error;
use crate::hash::Digest;
use crate::log::EventLog;
use crate::metadata::Envelope;

/// The only table that the readers are given. There is no table of snapshots.
const EVENTS: &str = "events";
const NO_SNAPSHOTS: &str = "snapshots_are_not_kept";

/// An event repository for `cqrs-es` that writes through the log. The metadata it accepts is an [`Envelope`] and nothing
/// else; [`CommandHandler`](crate::CommandHandler) is the usual way to it.
pub struct EventRepository {
    log: EventLog,
    reader: Reader,
}

enum Reader {
    Sqlite(SqliteEventRepository),
    Postgres(PostgresEventRepository),
}

impl EventRepository {
    /// A repository on this log.
    pub fn new(log: EventLog) -> Self {
        let reader = match log.database() {
            crate::Database::Sqlite(pool) => Reader::Sqlite(
                SqliteEventRepository::new(pool.clone()).with_tables(EVENTS, NO_SNAPSHOTS),
            ),
            crate::Database::Postgres(pool) => Reader::Postgres(
                PostgresEventRepository::new(pool.clone()).with_tables(EVENTS, NO_SNAPSHOTS),
            ),
        };
        Self { log, reader }
    }
}

impl EventRepository {
    /// Writes the events, if there are any, behind the event with this content hash, if it is known.
    pub(crate) async fn extend<A: Aggregate>(
        &self,
        events: &[SerializedEvent],
        previous: Option<Digest>,
    ) -> Result<(), PersistenceError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new(A::TYPE, events).map_err(refused)?;
        batch.previous = previous;
        self.log.append(&batch).await
    }
}

/// `cqrs-es` decodes metadata as a map of texts.
fn with_mapped_metadata(mut events: Vec<SerializedEvent>) -> Vec<SerializedEvent> {
    for event in &mut events {
        event.metadata = Envelope::column_to_map(&event.metadata);
    }
    events
}

fn refused(error: Error) -> PersistenceError {
    PersistenceError::UnknownError(Box::new(error))
}

impl PersistedEventRepository for EventRepository {
    async fn get_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        match &self.reader {
            Reader::Sqlite(reader) => reader.get_events::<A>(aggregate_id).await,
            Reader::Postgres(reader) => reader.get_events::<A>(aggregate_id).await,
        }
        .map(with_mapped_metadata)
    }

    async fn get_last_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
        last_sequence: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        match &self.reader {
            Reader::Sqlite(reader) => {
                reader
                    .get_last_events::<A>(aggregate_id, last_sequence)
                    .await
            }
            Reader::Postgres(reader) => {
                reader
                    .get_last_events::<A>(aggregate_id, last_sequence)
                    .await
            }
        }
        .map(with_mapped_metadata)
    }

    /// There are none.
    async fn get_snapshot<A: Aggregate>(
        &self,
        _: &str,
    ) -> Result<Option<SerializedSnapshot>, PersistenceError> {
        Ok(None)
    }

    async fn persist<A: Aggregate>(
        &self,
        events: &[SerializedEvent],
        snapshot_update: Option<(String, Value, usize)>,
    ) -> Result<(), PersistenceError> {
        if snapshot_update.is_some() {
            return Err(refused(Error::SnapshotsRefused));
        }
        self.extend::<A>(events, None).await
    }

    /// The whole stream is read before the first event is given out: the readers' own streams end as if they were
    /// complete when the connection breaks.
    async fn stream_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<ReplayStream, PersistenceError> {
        let events = self.get_events::<A>(aggregate_id).await?;
        let (mut feed, stream) = ReplayStream::new(events.len().max(1));
        for event in events {
            feed.push(Ok(event)).await?;
        }
        Ok(stream)
    }

    /// Refused: see [`Error::CrossStreamRead`] and [`EventLog::feed`].
    async fn stream_all_events<A: Aggregate>(&self) -> Result<ReplayStream, PersistenceError> {
        Err(refused(Error::CrossStreamRead))
    }
}
