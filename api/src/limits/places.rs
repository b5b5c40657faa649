//! Who has which connections. A connection on which nothing is asked costs its holder nothing, and there are only so many: when they run
//! out, whoever has most of them loses the oldest that is idle, and nobody else anything.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use eventstore::CancellationToken;

use super::address::counted;

/// The last of all places are for peers who have few: a probe gets through where others have taken the rest.
const RESERVE: usize = 64;

/// So many are few.
const FEW: usize = 8;

/// All connections of the service.
pub(super) struct Places {
    most: usize,
    most_of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    /// By age.
    by_number: BTreeMap<u64, Holder>,
    by_peer: HashMap<IpAddr, usize>,
}

struct Holder {
    peer: IpAddr,
    answering: Arc<AtomicUsize>,
    leave: CancellationToken,
}

impl Places {
    pub(super) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_of_one,
            taken: Mutex::default(),
        })
    }

    /// Nothing in it is ever half done.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection of a peer, also in that of an idle one, which is told to leave. None when nobody can.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let peer = counted(peer);
        let mut taken = self.taken();
        let own = taken.by_peer.get(&peer).copied().unwrap_or_default();
        let all = taken.by_number.len();
        // Of a small number of places, none is kept back.
        let reserved = if self.most > 4 * RESERVE { RESERVE } else { 0 };
        let leaves = if own >= self.most_of_one || (own >= FEW && all + reserved >= self.most) {
            Some(taken.oldest_idle_of(peer)?)
        } else if all >= self.most {
            Some(taken.oldest_idle_of_the_greatest()?)
        } else {
            None
        };
        if let Some(number) = leaves {
            taken.release(number);
        }
        let number = taken.next;
        taken.next += 1;
        let (answering, leave) = (Arc::<AtomicUsize>::default(), CancellationToken::new());
        *taken.by_peer.entry(peer).or_default() += 1;
        taken.by_number.insert(
            number,
            Holder {
                peer,
                answering: Arc::clone(&answering),
                leave: leave.clone(),
            },
        );
        drop(taken);
        Some(Place {
            places: Arc::clone(self),
            number,
            answering,
            leave,
        })
    }
}

impl Taken {
    fn oldest_idle_of(&self, peer: IpAddr) -> Option<u64> {
        let mut own = self
            .by_number
            .iter()
            .filter(|(_, holder)| holder.peer == peer);
        own.find_map(|(number, holder)| holder.is_idle().then_some(*number))
    }

    fn oldest_idle_of_the_greatest(&self) -> Option<u64> {
        let mut idle: HashMap<IpAddr, (usize, u64)> = HashMap::new();
        for (number, holder) in &self.by_number {
            if holder.is_idle() {
                let (count, _) = idle.entry(holder.peer).or_insert((0, *number));
                *count += 1;
            }
        }
        idle.into_values()
            .max_by_key(|(count, oldest)| (*count, std::cmp::Reverse(*oldest)))
            .map(|(_, oldest)| oldest)
    }

    /// The place is free from now on; its holder is told, if it is still there.
    fn release(&mut self, number: u64) {
        let Some(holder) = self.by_number.remove(&number) else {
            return;
        };
        holder.leave.cancel();
        if let Some(count) = self.by_peer.get_mut(&holder.peer) {
            *count -= 1;
            if *count == 0 {
                self.by_peer.remove(&holder.peer);
            }
        }
    }
}

impl Holder {
    fn is_idle(&self) -> bool {
        self.answering.load(Ordering::Relaxed) == 0
    }
}

/// A place of a connection, free again when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    answering: Arc<AtomicUsize>,
    leave: CancellationToken,
}

impl Place {
    /// Until somebody else needs it.
    pub(super) fn needed(&self) -> CancellationToken {
        self.leave.clone()
    }

    /// What counts the requests that are being answered on it.
    pub(super) fn answering(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.answering)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().release(self.number);
    }
}

/// A request that is being answered, until the last of its answer has gone.
pub(super) struct Answering(Arc<AtomicUsize>);

impl Answering {
    pub(super) fn new(count: Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn idle_connections_of_one_make_room_for_everybody_and_nobody_elses_do() {
        let places = Places::new(8, 6);
        let other = places.take(address(2)).unwrap();
        let idle: Vec<_> = (0..7).map(|_| places.take(address(1)).unwrap()).collect();
        // The seventh took the place of the first.
        assert!(idle[0].needed().is_cancelled());
        assert!(!idle[1].needed().is_cancelled());
        drop(idle);
        let many: Vec<_> = (0..6).map(|_| places.take(address(1)).unwrap()).collect();
        let _last = places.take(address(3)).unwrap();
        let more = places.take(address(4)).unwrap();
        assert!(many[0].needed().is_cancelled());
        assert!(!other.needed().is_cancelled() && !more.needed().is_cancelled());
    }

    #[test]
    fn a_connection_that_is_being_answered_is_left_alone() {
        let places = Places::new(4, 2);
        let busy: Vec<_> = (0..2).map(|_| places.take(address(1)).unwrap()).collect();
        let answering: Vec<_> = busy
            .iter()
            .map(|place| Answering::new(place.answering()))
            .collect();
        assert!(places.take(address(1)).is_none(), "two of one at most");
        let _second = places.take(address(2)).unwrap();
        let third = places.take(address(3)).unwrap();
        let _in_its_place = places.take(address(4)).unwrap();
        assert!(busy.iter().all(|place| !place.needed().is_cancelled()));
        drop(answering);
        assert!(places.take(address(1)).is_some());
        assert!(busy[0].needed().is_cancelled());
        drop(third);
    }

    #[test]
    fn the_last_places_are_for_those_who_have_few() {
        let places = Places::new(512, 512);
        let mut kept = Vec::new();
        while let Some(place) = places.take(address(1)) {
            kept.push((Answering::new(place.answering()), place));
        }
        assert_eq!(kept.len(), 512 - RESERVE);
        let probe = places.take(address(2));
        assert!(probe.is_some());
        drop((kept, probe));
        assert!(places.taken().by_number.is_empty() && places.taken().by_peer.is_empty());
    }
}
