//! The log itself: what is shared between the handlers, the readers and the sealer of one process.

use std::sync::Arc;

use cqrs_es::Aggregate;
use cqrs_es::persist::{PersistenceError, SerializedEvent};
use tokio::sync::{Mutex, MutexGuard, Notify, watch};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::append::{self, Batch};
use crate::cache::Cache;
use crate::database::Database;
use crate::decoding::{Upcasters, decode};
use crate::error::{Error, Stage};
use crate::handler::{CommandHandler, Receipt};
use crate::on_database;
use crate::store::LogStore;

/// The event log on one database. Cloning shares everything.
#[derive(Clone)]
pub struct EventLog {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    cache: Cache,
    tasks: TaskTracker,
    /// SQLite polls for its write lock with growing pauses; within a process a queue is fairer and faster.
    writing: Mutex<()>,
    /// The last ledger number that this process knows of.
    head: watch::Sender<i64>,
    /// Wakes the sealer of this process after an append.
    appended: Notify,
}

/// An aggregate as its stream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded<A> {
    /// The state.
    pub aggregate: A,
    /// The number of the last event that it includes.
    pub sequence: i64,
}

impl EventLog {
    /// A log on a migrated database.
    pub fn new(database: Database) -> Self {
        Self {
            inner: Arc::new(Inner {
                database,
                cache: Cache::default(),
                tasks: TaskTracker::new(),
                writing: Mutex::new(()),
                head: watch::Sender::new(0),
                appended: Notify::new(),
            }),
        }
    }

    /// The database below.
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    /// The commands and background tasks that are running. At shutdown: `close()` it, cancel the seal task, `wait()`.
    pub fn tasks(&self) -> &TaskTracker {
        &self.inner.tasks
    }

    /// The handler of an aggregate's commands.
    pub fn handler<A>(&self, services: A::Services, upcasters: Upcasters) -> CommandHandler<A>
    where
        A: Aggregate + Clone + 'static,
    {
        CommandHandler::new(self.clone(), services, upcasters)
    }

    /// The aggregate as of now, `None` when its stream has no event.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] or [`Error::Reader`] when the stream can not be read, [`Error::Undecodable`] when an event
    /// of it can not be understood.
    pub async fn load<A>(&self, id: &str, upcasters: Upcasters) -> Result<Option<Loaded<A>>, Error>
    where
        A: Aggregate + Clone + 'static,
    {
        let loaded = LogStore::<A>::new(self.clone(), upcasters).load(id).await?;
        Ok((loaded.sequence > 0).then_some(loaded))
    }

    /// The aggregate as it was after its event `upto_sequence`, or after its last one if it has fewer; `None` when it
    /// had none yet.
    ///
    /// # Errors
    ///
    /// As [`EventLog::load`].
    pub async fn load_at<A>(
        &self,
        id: &str,
        upto_sequence: i64,
        upcasters: Upcasters,
    ) -> Result<Option<Loaded<A>>, Error>
    where
        A: Aggregate,
    {
        let upcasters = upcasters();
        let mut loaded = Loaded {
            aggregate: A::default(),
            sequence: 0,
        };
        for event in self.stream(A::TYPE, id, 0, upto_sequence).await? {
            loaded.sequence += 1;
            loaded.aggregate.apply(decode(event, &upcasters)?);
        }
        Ok((loaded.sequence > 0).then_some(loaded))
    }

    /// Every event of an aggregate, oldest first: for what a state does not remember, such as what was removed from it.
    ///
    /// # Errors
    ///
    /// As [`EventLog::load`].
    pub async fn events<A>(&self, id: &str, upcasters: Upcasters) -> Result<Vec<A::Event>, Error>
    where
        A: Aggregate,
    {
        let upcasters = upcasters();
        self.stream(A::TYPE, id, 0, i64::MAX)
            .await?
            .into_iter()
            .map(|event| decode(event, &upcasters))
            .collect()
    }

    /// The receipts of those of these commands that changed something.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn receipts(&self, command_ids: &[Uuid]) -> Result<Vec<(Uuid, Receipt)>, Error> {
        crate::handler::receipts(self, command_ids).await
    }

    /// Follows the last ledger number that this process knows of. It rises with own commits and, while the seal task
    /// runs, with those of other processes; a reader that polls the feed as well loses nothing when it does not.
    pub fn sealed(&self) -> watch::Receiver<i64> {
        self.inner.head.subscribe()
    }

    /// The turn to write, on SQLite: while it is held, no command of this process writes. Other writers of this process
    /// that take it too do not run into the busy timeout. On PostgreSQL nobody needs it.
    pub async fn write_turn(&self) -> Option<MutexGuard<'_, ()>> {
        match self.database() {
            Database::Sqlite(_) => Some(self.inner.writing.lock().await),
            Database::Postgres(_) => None,
        }
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.inner.cache
    }

    pub(crate) fn appended(&self) -> &Notify {
        &self.inner.appended
    }

    /// Tells the followers of [`EventLog::sealed`]; the number never falls.
    pub(crate) fn announce(&self, global_seq: i64) {
        self.inner.head.send_if_modified(|known| {
            let higher = global_seq > *known;
            if higher {
                *known = global_seq;
            }
            higher
        });
    }

    pub(crate) async fn append(&self, batch: &Batch) -> Result<(), PersistenceError> {
        match self.database() {
            Database::Sqlite(pool) => {
                let turn = self.inner.writing.lock().await;
                let head = append::sqlite::append(pool, batch).await?;
                drop(turn);
                self.announce(head);
            }
            Database::Postgres(pool) => {
                append::postgres::append(pool, batch).await?;
                self.inner.appended.notify_one();
            }
        }
        tracing::debug!(
            events = batch.events.len(),
            first_event_type = batch.events.first().map(|event| event.event_type.as_str()),
            last_sequence = batch.last(),
            "appended"
        );
        Ok(())
    }

    /// The events of a stream with `after < sequence <= upto`, without their metadata. The readers of `sqlite-es` and
    /// `postgres-es` write the number into the statement, which makes a new statement to prepare of every length.
    pub(crate) async fn stream(
        &self,
        aggregate_type: &str,
        aggregate_id: &str,
        after: i64,
        upto: i64,
    ) -> Result<Vec<SerializedEvent>, Error> {
        let rows: Vec<(i64, String, String, String)> = on_database!(self.database(), pool => {
            sqlx::query_as(include_str!("sql/stream_after.sql"))
                .bind(aggregate_type)
                .bind(aggregate_id)
                .bind(after)
                .bind(upto)
                .fetch_all(pool)
                .await
        })
        .map_err(Error::at(Stage::Load))?;
        rows.into_iter()
            .map(|(sequence, event_type, event_version, payload)| {
                let undecodable = |error: &serde_json::Error| Error::Undecodable {
                    aggregate_type: aggregate_type.to_owned(),
                    sequence,
                    event_type: event_type.clone(),
                    event_version: event_version.clone(),
                    category: crate::decoding::category(error),
                    column: error.column(),
                };
                let payload =
                    serde_json::from_str(&payload).map_err(|error| undecodable(&error))?;
                Ok(SerializedEvent::new(
                    aggregate_id.to_owned(),
                    usize::try_from(sequence)
                        .map_err(|_| Error::Inconsistent("an event has a negative number"))?,
                    aggregate_type.to_owned(),
                    event_type,
                    event_version,
                    payload,
                    serde_json::Value::Null,
                ))
            })
            .collect()
    }
}
