//! The event store that `CqrsFramework` works on: the repository with the cache before it.

use std::cell::Cell;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use cqrs_es::persist::{
    EventUpcaster, PersistedEventRepository as _, PersistenceError, SerializedEvent,
};
use cqrs_es::{Aggregate, AggregateContext, AggregateError, EventEnvelope, EventStore};

use crate::decoding::{Upcasters, decode};
use crate::error::Error;
use crate::log::{EventLog, Loaded};
use crate::repository::EventRepository;

/// What a commit did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Committed {
    /// The number of the first event, one above `last` when there was none.
    pub first: i64,
    /// The number of the stream's last event.
    pub last: i64,
}

tokio::task_local! {
    /// How the receipt comes back: `CqrsFramework::execute_with_metadata` returns nothing.
    pub(crate) static COMMITTED: Cell<Option<Committed>>;
}

pub(crate) struct LogStore<A> {
    log: EventLog,
    repository: EventRepository,
    upcasters: Vec<Box<dyn EventUpcaster>>,
    aggregate: PhantomData<fn() -> A>,
}

/// The state that a command is decided on. The handler changes it; the cache never sees it again.
pub(crate) struct LogContext<A> {
    id: String,
    state: Loaded<A>,
}

impl<A: Aggregate> AggregateContext<A> for LogContext<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.state.aggregate
    }
}

impl<A> LogStore<A>
where
    A: Aggregate + Clone + 'static,
{
    pub fn new(log: EventLog, upcasters: Upcasters) -> Self {
        Self {
            repository: EventRepository::new(log.clone()),
            log,
            upcasters: upcasters(),
            aggregate: PhantomData,
        }
    }

    /// The aggregate as of now; sequence 0 when its stream has no event.
    pub async fn load(&self, id: &str) -> Result<Loaded<A>, Error> {
        let cached = self.log.cache().get::<A>(id);
        let (mut aggregate, mut sequence, events) = match cached {
            None => {
                let events = self.repository.get_events::<A>(id).await.map_err(reader)?;
                (A::default(), 0, events)
            }
            Some(folded) => {
                let events = self
                    .log
                    .stream(A::TYPE, id, folded.sequence, i64::MAX)
                    .await?;
                let aggregate = Arc::unwrap_or_clone(folded.aggregate);
                (aggregate, folded.sequence, events)
            }
        };
        let changed = !events.is_empty();
        for event in events {
            sequence += 1;
            if i64::try_from(event.sequence) != Ok(sequence) {
                return Err(Error::Inconsistent("a stream has a hole"));
            }
            aggregate.apply(decode(event, &self.upcasters)?);
        }
        if changed {
            self.log
                .cache()
                .put(id, Arc::new(aggregate.clone()), sequence);
        }
        Ok(Loaded {
            aggregate,
            sequence,
        })
    }
}

fn reader(error: PersistenceError) -> Error {
    Error::Reader(match error {
        PersistenceError::ConnectionError(source)
        | PersistenceError::DeserializationError(source)
        | PersistenceError::UnknownError(source) => source,
        PersistenceError::OptimisticLockError => Box::new(error),
    })
}

fn unexpected<E: std::error::Error>(error: Error) -> AggregateError<E> {
    AggregateError::UnexpectedError(Box::new(error))
}

impl<A> EventStore<A> for LogStore<A>
where
    A: Aggregate + Clone + 'static,
{
    type AC = LogContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        self.repository
            .get_events::<A>(aggregate_id)
            .await?
            .into_iter()
            .map(|event| {
                let sequence = event.sequence;
                let metadata = serde_json::from_value(event.metadata.clone())?;
                Ok(EventEnvelope {
                    aggregate_id: aggregate_id.to_owned(),
                    sequence,
                    payload: decode(event, &self.upcasters).map_err(unexpected)?,
                    metadata,
                })
            })
            .collect()
    }

    async fn load_aggregate(
        &self,
        aggregate_id: &str,
    ) -> Result<LogContext<A>, AggregateError<A::Error>> {
        Ok(LogContext {
            id: aggregate_id.to_owned(),
            state: self.load(aggregate_id).await.map_err(unexpected)?,
        })
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: LogContext<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let before = context.state.sequence;
        let sequences = usize::try_from(before)
            .map_err(|_| unexpected(Error::Inconsistent("an event has a negative number")))?
            + 1..;
        let envelopes: Vec<EventEnvelope<A>> = events
            .into_iter()
            .zip(sequences)
            .map(|(payload, sequence)| EventEnvelope {
                aggregate_id: context.id.clone(),
                sequence,
                payload,
                metadata: metadata.clone(),
            })
            .collect();
        let serialized = envelopes
            .iter()
            .map(SerializedEvent::try_from)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| {
                unexpected(Error::Unserializable {
                    aggregate_type: A::TYPE,
                })
            })?;
        self.repository.persist::<A>(&serialized, None).await?;
        let committed = Committed {
            first: before + 1,
            // A Vec has at most isize::MAX elements.
            last: before.saturating_add_unsigned(envelopes.len() as u64),
        };
        // Nobody asks when the store is used by a framework other than the handler's.
        COMMITTED
            .try_with(|slot| slot.set(Some(committed)))
            .unwrap_or_default();
        Ok(envelopes)
    }
}
