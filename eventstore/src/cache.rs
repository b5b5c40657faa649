//! Decoded aggregates, so that a long stream is not read again for every command.
//!
//! An entry is the fold of stored events up to a sequence and nothing else: a state that a command handler has touched
//! never enters. Whoever uses an entry reads the events after its sequence first, so an entry is never too old to be
//! right, also when other nodes write; and with them the hash of its own last event, so it is never of another log either.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::hash::Digest;

/// How many aggregates are kept: those of the people who are working now.
const CAPACITY: usize = 256;

#[derive(Default)]
pub(crate) struct Cache {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_stream: HashMap<(TypeId, String), Entry>,
    clock: u64,
}

struct Entry {
    folded: Arc<dyn Any + Send + Sync>,
    sequence: i64,
    hash: Digest,
    used: u64,
}

/// An aggregate as folded from its events up to `sequence`.
pub(crate) struct Folded<A> {
    pub aggregate: Arc<A>,
    pub sequence: i64,
    /// The content hash of that event.
    pub hash: Digest,
}

impl Cache {
    /// A panic elsewhere can not leave an entry half written, so a poisoned lock is as good as a sound one.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get<A: Send + Sync + 'static>(&self, id: &str) -> Option<Folded<A>> {
        let mut entries = self.lock();
        entries.clock += 1;
        let used = entries.clock;
        let entry = entries
            .by_stream
            .get_mut(&(TypeId::of::<A>(), id.to_owned()))?;
        entry.used = used;
        Some(Folded {
            aggregate: Arc::clone(&entry.folded).downcast().ok()?,
            sequence: entry.sequence,
            hash: entry.hash,
        })
    }

    /// Keeps the aggregate unless a later state of it is kept already; the least recently used one makes room.
    pub fn put<A: Send + Sync + 'static>(
        &self,
        id: &str,
        aggregate: Arc<A>,
        sequence: i64,
        hash: Digest,
    ) {
        let key = (TypeId::of::<A>(), id.to_owned());
        let mut entries = self.lock();
        entries.clock += 1;
        let used = entries.clock;
        match entries.by_stream.get(&key) {
            Some(kept) if kept.sequence >= sequence => return,
            None if entries.by_stream.len() >= CAPACITY => {
                let oldest = entries
                    .by_stream
                    .iter()
                    .min_by_key(|(_, entry)| entry.used)
                    .map(|(key, _)| key.clone());
                if let Some(oldest) = oldest {
                    entries.by_stream.remove(&oldest);
                }
            }
            Some(_) | None => {}
        }
        entries.by_stream.insert(
            key,
            Entry {
                folded: aggregate,
                sequence,
                hash,
                used,
            },
        );
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.lock().by_stream.clear();
    }

    /// Forgets the aggregate, so that its whole stream is read next time.
    pub fn forget<A: 'static>(&self, id: &str) {
        self.lock()
            .by_stream
            .remove(&(TypeId::of::<A>(), id.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_state_never_replaces_a_later_one() {
        let cache = Cache::default();
        cache.put("a", Arc::new(5_u8), 5, [0; 32]);
        cache.put("a", Arc::new(4_u8), 4, [0; 32]);
        let kept = cache.get::<u8>("a").unwrap();
        assert_eq!((*kept.aggregate, kept.sequence), (5, 5));
    }

    #[test]
    fn two_types_with_the_same_id_do_not_meet() {
        let cache = Cache::default();
        cache.put("a", Arc::new(5_u8), 5, [0; 32]);
        assert!(cache.get::<u16>("a").is_none());
        cache.forget::<u16>("a");
        assert!(cache.get::<u8>("a").is_some());
        cache.forget::<u8>("a");
        assert!(cache.get::<u8>("a").is_none());
    }

    #[test]
    fn it_never_grows_beyond_its_bound_and_keeps_what_is_used() {
        let cache = Cache::default();
        cache.put("kept", Arc::new(0_usize), 1, [0; 32]);
        for n in 0..3 * CAPACITY {
            cache.put(&n.to_string(), Arc::new(n), 1, [0; 32]);
            assert!(cache.get::<usize>("kept").is_some());
        }
        assert_eq!(cache.lock().by_stream.len(), CAPACITY);
    }
}
