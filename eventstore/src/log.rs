//! The log itself: what is shared between the handlers, the readers and the sealer of one process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cqrs_es::Aggregate;
use cqrs_es::persist::{PersistenceError, SerializedEvent};
use tokio::sync::{Mutex, MutexGuard, Notify, watch};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::append::{self, Batch};
use crate::cache::Cache;
use crate::database::{Database, overdue};
use crate::decoding::{Upcasters, decode};
use crate::error::{Error, Stage, told_source};
use crate::handler::{CommandHandler, Receipt};
use crate::hash::Digest;
use crate::ledger::continuity::Memory;
use crate::on_database;
use crate::store::LogStore;

/// The event log on one database. Cloning shares everything.
#[derive(Clone)]
pub struct EventLog {
    inner: Arc<Inner>,
}

/// How long somebody waits for the turn to write before being told to come again.
const TURN: Duration = Duration::from_secs(8);

/// Bytes of a trial: with the rows of a long document, their indexes and the ledger, a command needs about as much.
const TRIAL: usize = 64 * 1024;

/// How long a write beside the log may take: longer than the database itself waits for a lock.
const LONGEST: Duration = Duration::from_secs(10);

struct Inner {
    database: Database,
    /// The same, for writes.
    writing: Database,
    cache: Cache,
    memory: Memory,
    tasks: TaskTracker,
    /// SQLite polls for its write lock with growing pauses; within a process a queue is fairer and faster.
    turn: Mutex<()>,
    /// The last ledger number that this process knows of.
    head: watch::Sender<i64>,
    /// Wakes the sealer of this process after an append.
    appended: Notify,
    /// How many of this process write many events one after the other.
    many: AtomicUsize,
}

/// While it is held, somebody writes many events one after the other.
#[must_use]
pub struct ManyWrites {
    log: EventLog,
}

impl Drop for ManyWrites {
    fn drop(&mut self) {
        self.log.inner.many.fetch_sub(1, Ordering::Relaxed);
    }
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
                writing: database.for_writing(),
                database,
                cache: Cache::default(),
                memory: Memory::default(),
                tasks: TaskTracker::new(),
                turn: Mutex::new(()),
                head: watch::Sender::new(0),
                appended: Notify::new(),
                many: AtomicUsize::new(0),
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
        let (loaded, _) = LogStore::<A>::new(self.clone(), upcasters).load(id).await?;
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
        for event in self.stream(A::TYPE, id, 0, upto_sequence).await?.events {
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
            .events
            .into_iter()
            .map(|event| decode(event, &upcasters))
            .collect()
    }

    /// The events of these types of every aggregate of a kind, each with whose it is: by id, and oldest first. For questions across streams
    /// that must not be behind; a question that is asked often has a view.
    ///
    /// # Errors
    ///
    /// As [`EventLog::load`].
    pub async fn events_of<A>(
        &self,
        event_types: &[&str],
        upcasters: Upcasters,
    ) -> Result<Vec<(String, A::Event)>, Error>
    where
        A: Aggregate,
    {
        let rows: Vec<(String, i64, String, String, String)> = on_database!(self.database(), pool => {
            let mut query = sqlx::QueryBuilder::new(
                "SELECT aggregate_id, sequence, event_type, event_version, CAST(payload AS text) FROM events WHERE aggregate_type = ",
            );
            query.push_bind(A::TYPE).push(" AND event_type IN (");
            let mut types = query.separated(", ");
            for event_type in event_types {
                types.push_bind(*event_type);
            }
            types.push_unseparated(") ORDER BY aggregate_id, sequence");
            query.build_query_as().fetch_all(pool).await
        })
        .map_err(Error::at(Stage::Load))?;
        let upcasters = upcasters();
        rows.into_iter()
            .map(|(id, sequence, event_type, event_version, payload)| {
                let read = read_event(
                    A::TYPE,
                    (&id, sequence),
                    (event_type, event_version),
                    &payload,
                )?;
                Ok((id, decode(read, &upcasters)?))
            })
            .collect()
    }

    /// The ids of every aggregate of a kind that has a stream.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn ids_of<A: Aggregate>(&self) -> Result<Vec<String>, Error> {
        on_database!(self.database(), pool => {
            sqlx::query_scalar("SELECT DISTINCT aggregate_id FROM events WHERE aggregate_type = $1")
                .bind(A::TYPE)
                .fetch_all(pool)
                .await
        })
        .map_err(Error::at(Stage::Load))
    }

    /// The receipts of those of these commands that changed something.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn receipts(&self, command_ids: &[Uuid]) -> Result<Vec<(Uuid, Receipt)>, Error> {
        crate::handler::receipts(self, command_ids).await
    }

    /// How many bytes of events somebody in a role has written into a stream since a time, in microseconds, at which the events were
    /// decided.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn written_since<A: Aggregate>(
        &self,
        id: &str,
        since_us: i64,
        role: &str,
    ) -> Result<u64, Error> {
        let bytes: i64 = on_database!(self.database(), pool => {
            sqlx::query_scalar(include_str!("sql/written_since.sql"))
                .bind(A::TYPE)
                .bind(id)
                .bind(since_us)
                .bind(role)
                .fetch_one(pool)
                .await
        })
        .map_err(Error::at(Stage::Load))?;
        Ok(u64::try_from(bytes).unwrap_or_default())
    }

    /// Follows the last ledger number that this process knows of. It rises with own commits and, while the seal task
    /// runs, with those of other processes; a reader that polls the feed as well loses nothing when it does not.
    pub fn sealed(&self) -> watch::Receiver<i64> {
        self.inner.head.subscribe()
    }

    /// The database below, by the connections that write in passing.
    pub fn writing(&self) -> &Database {
        &self.inner.writing
    }

    /// The turn to write, on SQLite: while it is held, no command of this process writes. Other writers of this process
    /// that take it too do not run into the busy timeout. On PostgreSQL nobody needs it.
    ///
    /// # Errors
    ///
    /// It is not to be had in time.
    pub async fn write_turn(&self) -> Result<Option<MutexGuard<'_, ()>>, sqlx::Error> {
        match self.database() {
            Database::Sqlite(_) => tokio::time::timeout(TURN, self.inner.turn.lock())
                .await
                .map(Some)
                .map_err(|_| overdue()),
            Database::Postgres(_) => Ok(None),
        }
    }

    /// A write beside the log, waited for as long as people are to wait. Whether one that is overdue was done is not known.
    ///
    /// # Errors
    ///
    /// The write's own, or that it is overdue.
    pub async fn in_time<T>(
        &self,
        write: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        tokio::time::timeout(LONGEST, write)
            .await
            .unwrap_or_else(|_| Err(overdue()))
    }

    /// Microseconds since 1970 by the clock of the database: see [`Database::clock`].
    ///
    /// # Errors
    ///
    /// The database.
    pub async fn database_time(&self) -> Result<i64, sqlx::Error> {
        let question = format!("SELECT {}", self.database().clock());
        on_database!(self.database(), pool => sqlx::query_scalar(&question).fetch_one(pool).await)
    }

    /// Tells the followers of the log that many events come one after the other. On SQLite there is one writer: followers that write after each
    /// event would let each event wait for all of them, and together they take no less time.
    pub fn write_many(&self) -> ManyWrites {
        self.inner.many.fetch_add(1, Ordering::Relaxed);
        ManyWrites { log: self.clone() }
    }

    /// Whether a follower had better wait for more events before it writes.
    pub fn has_many_coming(&self) -> bool {
        matches!(self.database(), Database::Sqlite(_))
            && self.inner.many.load(Ordering::Relaxed) > 0
    }

    /// Does what the log promises its users, on rows that mean nothing: takes the turn, writes about as much as a command does where it needs
    /// new room on the disk, and commits. On SQLite it looks whether the ledger can go on, too; on PostgreSQL the sealer gives every event
    /// its row.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::OutsideLedger`]: then commands fail too.
    pub async fn try_writing(&self) -> Result<(), Error> {
        let trial = async {
            match self.writing() {
                Database::Sqlite(pool) => {
                    // It does not write what is there already.
                    let filling = rand::random::<[u8; 8]>().repeat(TRIAL / 8);
                    sqlx::query("UPDATE write_trial SET filling = $1 WHERE id = 1")
                        .bind(&filling)
                        .execute(pool)
                        .await?;
                    sqlx::query_scalar(include_str!("sql/sqlite_goes_on.sql"))
                        .fetch_one(pool)
                        .await
                }
                Database::Postgres(pool) => sqlx::raw_sql(include_str!("sql/postgres_trial.sql"))
                    .execute(pool)
                    .await
                    .map(|_| true),
            }
        };
        let turn = self.write_turn().await.map_err(Error::at(Stage::Trial))?;
        let goes_on = self.in_time(trial).await.map_err(Error::at(Stage::Trial))?;
        drop(turn);
        if goes_on {
            Ok(())
        } else {
            Err(Error::OutsideLedger)
        }
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.inner.cache
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.inner.memory
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

    /// Tells them where another log than before ends, which may be earlier.
    pub(crate) fn announce_anew(&self, global_seq: i64) {
        self.inner.head.send_replace(global_seq);
    }

    pub(crate) async fn append(&self, batch: &Batch) -> Result<(), PersistenceError> {
        match self.writing() {
            Database::Sqlite(pool) => {
                let turn = self.write_turn().await;
                let turn = turn.map_err(append::failed)?;
                let asked = self.memory().last();
                let found = append::sqlite::append(pool, batch, asked.global_seq).await?;
                drop(turn);
                // The events are there, whatever becomes of the look.
                if let Err(error) = self.seen(asked, found).await {
                    tracing::warn!(%error, source = told_source(&error), "looking whether the log goes on");
                }
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

    /// The events of a stream with `after < sequence <= upto`, without their metadata, and what the event `after` is. The readers of
    /// `sqlite-es` and `postgres-es` write the number into the statement, which makes a new statement to prepare of every length.
    pub(crate) async fn stream(
        &self,
        aggregate_type: &str,
        aggregate_id: &str,
        after: i64,
        upto: i64,
    ) -> Result<Tail, Error> {
        let rows: Vec<(i64, String, String, String, Vec<u8>)> =
            on_database!(self.database(), pool => {
                sqlx::query_as(include_str!("sql/stream_after.sql"))
                    .bind(aggregate_type)
                    .bind(aggregate_id)
                    .bind(after)
                    .bind(upto)
                    .fetch_all(pool)
                    .await
            })
            .map_err(Error::at(Stage::Load))?;
        let mut tail = Tail::default();
        for (sequence, event_type, event_version, payload, hash) in rows {
            let hash = Digest::try_from(hash)
                .map_err(|_| Error::Inconsistent("a content hash is no SHA-256"))?;
            if sequence == after {
                tail.at = Some(hash);
                continue;
            }
            tail.last = Some(hash);
            tail.events.push(read_event(
                aggregate_type,
                (aggregate_id, sequence),
                (event_type, event_version),
                &payload,
            )?);
        }
        Ok(tail)
    }
}

/// An event as its row has it, without its metadata.
fn read_event(
    aggregate_type: &str,
    (aggregate_id, sequence): (&str, i64),
    (event_type, event_version): (String, String),
    payload: &str,
) -> Result<SerializedEvent, Error> {
    let payload = serde_json::from_str(payload).map_err(|error| Error::Undecodable {
        aggregate_type: aggregate_type.to_owned(),
        sequence,
        event_type: event_type.clone(),
        event_version: event_version.clone(),
        category: crate::decoding::category(&error),
        column: error.column(),
    })?;
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
}

/// A stream from an event on.
#[derive(Default)]
pub(crate) struct Tail {
    /// The content hash of that event; none when it is not there.
    pub at: Option<Digest>,
    /// Those after it.
    pub events: Vec<SerializedEvent>,
    /// The content hash of the last of these.
    pub last: Option<Digest>,
}
