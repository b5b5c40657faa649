//! Executing a command: once, whole, and answered the same each time it is repeated.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use cqrs_es::{Aggregate, AggregateError, CqrsFramework};
use rand::RngExt as _;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::database::overdue;
use crate::decoding::Upcasters;
use crate::error::{Error, Stage};
use crate::log::EventLog;
use crate::metadata::Envelope;
use crate::on_database;
use crate::store::{COMMITTED, Committed, LogStore};

/// How often a command that lost a race is decided again.
const RETRIES: u32 = 3;

/// How long a caller waits for its command. The command goes on by itself: whoever repeats it is told what became of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest pause before the first retry; it doubles with each. Chosen at random below, so that two losers part.
const PAUSE: Duration = Duration::from_millis(8);

/// Where a command's events stand in their stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The type of the stream.
    pub aggregate_type: String,
    /// The id of the stream.
    pub aggregate_id: String,
    /// The number of the command's first event. When the command changed nothing: one above `last_sequence`.
    pub first_sequence: i64,
    /// The number of the command's last event. When the command changed nothing: that of the stream's last event.
    pub last_sequence: i64,
    /// Whether the command had been executed before and this is its first receipt again.
    pub replayed: bool,
}

/// Why a command was not executed.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E: std::error::Error> {
    /// The aggregate refused it; nothing was written.
    #[error("refused: {0}")]
    Refused(E),
    /// The command's id was used before for another request; nothing was written.
    #[error("the command's id was used before for another request")]
    KeyReused,
    /// Others wrote to the same stream each time it was tried; nothing was written.
    #[error("the stream was written to by others at each attempt")]
    Conflict,
    /// The log failed. Whether something was written is unknown; repeating the command with the same id is safe.
    #[error(transparent)]
    Database(#[from] Error),
}

/// Executes the commands of one aggregate. Cloning is cheap.
pub struct CommandHandler<A>
where
    A: Aggregate + Clone + 'static,
{
    executor: Arc<Executor<A>>,
}

impl<A> Clone for CommandHandler<A>
where
    A: Aggregate + Clone + 'static,
{
    fn clone(&self) -> Self {
        Self {
            executor: Arc::clone(&self.executor),
        }
    }
}

struct Executor<A>
where
    A: Aggregate + Clone + 'static,
{
    log: EventLog,
    framework: CqrsFramework<A, LogStore<A>>,
}

impl<A> CommandHandler<A>
where
    A: Aggregate + Clone + 'static,
{
    pub(crate) fn new(log: EventLog, services: A::Services, upcasters: Upcasters) -> Self {
        let store = LogStore::new(log.clone(), upcasters);
        Self {
            executor: Arc::new(Executor {
                log,
                framework: CqrsFramework::new(store, Vec::new(), services),
            }),
        }
    }

    /// Executes the command in a task of its own, which runs to its end also when the caller goes away.
    ///
    /// The same command id with the same request hash gets the first receipt again, whatever the state has become
    /// since. A command that is refused or changes nothing leaves no trace and is decided again when repeated.
    ///
    /// # Errors
    ///
    /// See [`ExecuteError`].
    pub async fn execute(
        &self,
        id: &str,
        command: A::Command,
        envelope: Envelope,
    ) -> Result<Receipt, ExecuteError<A::Error>>
    where
        A::Command: Clone + Send + 'static,
        A::Error: Send + 'static,
    {
        let executor = Arc::clone(&self.executor);
        // Not the stream: its id holds a 会員番号. The command leads to it in the log.
        let span = tracing::info_span!(
            "command",
            aggregate_type = A::TYPE,
            command_id = %envelope.metadata.command_id,
            role = %envelope.metadata.role,
        );
        let id = id.to_owned();
        let task = async move { executor.execute(&id, command, &envelope).await };
        let task = self.executor.log.tasks().spawn(task.instrument(span));
        tokio::time::timeout(PATIENCE, task)
            .await
            .map_err(|_| ExecuteError::Database(Error::at(Stage::Append)(overdue())))?
            .map_err(|_| ExecuteError::Database(Error::Interrupted))?
    }
}

/// The row of a command that was executed before.
struct Recorded {
    receipt: Receipt,
    request_hash: Vec<u8>,
}

impl<A> Executor<A>
where
    A: Aggregate + Clone + 'static,
    A::Command: Clone + Send,
{
    async fn execute(
        &self,
        id: &str,
        command: A::Command,
        envelope: &Envelope,
    ) -> Result<Receipt, ExecuteError<A::Error>> {
        let metadata = envelope.to_map()?;
        let mut retries = 0;
        loop {
            let attempt =
                self.framework
                    .execute_with_metadata(id, command.clone(), metadata.clone());
            let (result, committed) = COMMITTED
                .scope(Cell::new(None), async {
                    let result = attempt.await;
                    (result, COMMITTED.with(Cell::get))
                })
                .await;
            // A repeated command is looked for only where it can have been one: when it wrote, its id was new.
            match result {
                Ok(()) => {
                    let Committed { first, last } =
                        committed.ok_or(Error::Inconsistent("a command ended without a commit"))?;
                    if last < first
                        && let Some(receipt) = self.replayed(envelope).await?
                    {
                        return Ok(receipt);
                    }
                    let receipt = Receipt {
                        aggregate_type: A::TYPE.to_owned(),
                        aggregate_id: id.to_owned(),
                        first_sequence: first,
                        last_sequence: last,
                        replayed: false,
                    };
                    if first <= last {
                        let command_id = envelope.metadata.command_id;
                        self.log.memory().answered(command_id, &receipt);
                    }
                    return Ok(receipt);
                }
                Err(AggregateError::UserError(refusal)) => {
                    return match self.replayed(envelope).await? {
                        Some(receipt) => Ok(receipt),
                        None => Err(ExecuteError::Refused(refusal)),
                    };
                }
                Err(AggregateError::AggregateConflict) => {}
                Err(AggregateError::UnexpectedError(source)) => match source.downcast::<Error>() {
                    Ok(error) => match *error {
                        Error::DuplicateCommand => {
                            let receipt = self.replayed(envelope).await?;
                            return receipt.ok_or(ExecuteError::Database(Error::Inconsistent(
                                "a command that is recorded has no row",
                            )));
                        }
                        // It was decided on a stream that is not there: the database was replaced below the process.
                        Error::Hole | Error::OtherPast => self.log.compare(true).await?,
                        error => return Err(error.into()),
                    },
                    Err(source) => return Err(Error::Reader(source).into()),
                },
                Err(
                    AggregateError::DatabaseConnectionError(source)
                    | AggregateError::DeserializationError(source),
                ) => return Err(Error::Reader(source).into()),
            }
            self.log.cache().forget::<A>(id);
            if retries == RETRIES {
                return Err(ExecuteError::Conflict);
            }
            let pause = rand::rng().random_range(Duration::ZERO..=PAUSE * 2_u32.pow(retries));
            retries += 1;
            tracing::debug!(retries, "lost a race, deciding again");
            tokio::time::sleep(pause).await;
        }
    }

    /// The first receipt of this command, `None` when it has not been recorded.
    async fn replayed(
        &self,
        envelope: &Envelope,
    ) -> Result<Option<Receipt>, ExecuteError<A::Error>> {
        match recorded(&self.log, envelope.metadata.command_id).await? {
            None => Ok(None),
            Some(recorded) if recorded.request_hash == envelope.request_hash => {
                Ok(Some(recorded.receipt))
            }
            Some(_) => Err(ExecuteError::KeyReused),
        }
    }
}

/// Ids in one statement: a full one is prepared once.
const IDS_PER_STATEMENT: usize = 500;

pub(crate) async fn receipts(
    log: &EventLog,
    command_ids: &[Uuid],
) -> Result<Vec<(Uuid, Receipt)>, Error> {
    let mut receipts = Vec::new();
    for ids in command_ids.chunks(IDS_PER_STATEMENT) {
        let rows: Vec<(Uuid, String, String, i64, i64)> = on_database!(log.database(), pool => {
            let mut query = sqlx::QueryBuilder::new(
                "SELECT command_id, aggregate_type, aggregate_id, first_sequence, last_sequence FROM commands WHERE command_id IN (",
            );
            let mut list = query.separated(", ");
            for id in ids {
                list.push_bind(*id);
            }
            query.push(")");
            query
                .build_query_as()
                .persistent(ids.len() == IDS_PER_STATEMENT)
                .fetch_all(pool)
                .await
        })
        .map_err(Error::at(Stage::CommandLookup))?;
        receipts.extend(rows.into_iter().map(
            |(id, aggregate_type, aggregate_id, first_sequence, last_sequence)| {
                let receipt = Receipt {
                    aggregate_type,
                    aggregate_id,
                    first_sequence,
                    last_sequence,
                    replayed: true,
                };
                (id, receipt)
            },
        ));
    }
    Ok(receipts)
}

async fn recorded(log: &EventLog, command_id: Uuid) -> Result<Option<Recorded>, Error> {
    let row: Option<(String, String, Vec<u8>, i64, i64)> = on_database!(log.database(), pool => {
        sqlx::query_as(include_str!("sql/command.sql"))
            .bind(command_id)
            .fetch_optional(pool)
            .await
    })
    .map_err(Error::at(Stage::CommandLookup))?;
    Ok(row.map(
        |(aggregate_type, aggregate_id, request_hash, first_sequence, last_sequence)| Recorded {
            receipt: Receipt {
                aggregate_type,
                aggregate_id,
                first_sequence,
                last_sequence,
                replayed: true,
            },
            request_hash,
        },
    ))
}
