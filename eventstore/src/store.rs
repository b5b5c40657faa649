//! The event store that `CqrsFramework` works on: the repository with the cache before it.

use std::cell::Cell;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use cqrs_es::persist::{EventUpcaster, PersistedEventRepository as _, SerializedEvent};
use cqrs_es::{Aggregate, AggregateContext, AggregateError, EventEnvelope, EventStore};

use crate::decoding::{Upcasters, decode};
use crate::error::Error;
use crate::hash::Digest;
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
    /// The content hash of the last event; none when there is none.
    hash: Option<Digest>,
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

    /// The aggregate as of now with the content hash of its last event; sequence 0 and none when its stream has no event.
    pub async fn load(&self, id: &str) -> Result<(Loaded<A>, Option<Digest>), Error> {
        let known = match self.log.cache().get::<A>(id) {
            None => None,
            Some(folded) => {
                let tail = self
                    .log
                    .stream(A::TYPE, id, folded.sequence, i64::MAX)
                    .await?;
                if tail.at == Some(folded.hash) {
                    Some((folded, tail))
                } else {
                    // The stream does not go on from what is kept: it is of another log.
                    self.log.cache().forget::<A>(id);
                    self.log.compare(true).await?;
                    None
                }
            }
        };
        let (mut aggregate, mut sequence, mut hash, tail) = if let Some((folded, tail)) = known {
            let aggregate = Arc::unwrap_or_clone(folded.aggregate);
            (aggregate, folded.sequence, Some(folded.hash), tail)
        } else {
            let stream = self.log.stream(A::TYPE, id, 0, i64::MAX).await?;
            (A::default(), 0, None, stream)
        };
        // What was read may have come by a connection to another server.
        self.log.heed_new_connections().await?;
        hash = tail.last.or(hash);
        let changed = !tail.events.is_empty();
        for event in tail.events {
            sequence += 1;
            if i64::try_from(event.sequence) != Ok(sequence) {
                return Err(Error::Inconsistent("a stream has a hole"));
            }
            aggregate.apply(decode(event, &self.upcasters)?);
        }
        if let (true, Some(hash)) = (changed, hash) {
            self.log
                .cache()
                .put(id, Arc::new(aggregate.clone()), sequence, hash);
        }
        let loaded = Loaded {
            aggregate,
            sequence,
        };
        Ok((loaded, hash))
    }
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
        let (state, hash) = self.load(aggregate_id).await.map_err(unexpected)?;
        Ok(LogContext {
            id: aggregate_id.to_owned(),
            state,
            hash,
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
        self.repository
            .extend::<A>(&serialized, context.hash)
            .await?;
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
