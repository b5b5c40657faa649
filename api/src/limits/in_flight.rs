//! Requests of one address that are being answered at the same time. Behind proxies, whose connections are everybody's, this is what
//! bounds one client.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::address::counted;

/// Of each address.
#[derive(Clone)]
pub struct InFlight {
    most: usize,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl InFlight {
    /// So many of one address at most; none: any number.
    pub fn new(most: Option<usize>) -> Self {
        Self {
            most: most.unwrap_or(usize::MAX),
            by_address: Arc::default(),
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// One request more, until what is given is dropped; none when there are too many.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Underway> {
        let address = counted(address);
        let mut counts = self.counts();
        let count = counts.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Underway {
            of: self.clone(),
            address,
        })
    }
}

/// A request that is being answered.
pub(super) struct Underway {
    of: InFlight,
    address: IpAddr,
}

impl Drop for Underway {
    fn drop(&mut self) {
        let mut counts = self.of.counts();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_so_many_at_once_and_another_its_own() {
        let requests = InFlight::new(Some(2));
        let hospital: IpAddr = "192.0.2.1".parse().unwrap();
        let other: IpAddr = "192.0.2.2".parse().unwrap();
        let first = requests.enter(hospital).unwrap();
        let _second = requests.enter(hospital).unwrap();
        assert!(requests.enter(hospital).is_none());
        assert!(requests.enter(other).is_some());
        drop(first);
        assert!(requests.enter(hospital).is_some());
        assert_eq!(requests.counts().len(), 1, "who has gone is forgotten");
        let any = InFlight::new(None);
        let many: Vec<_> = (0..1_000).map(|_| any.enter(hospital).unwrap()).collect();
        drop(many);
    }
}
