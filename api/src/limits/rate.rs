//! Requests a minute, by account and by address.

use std::{hash::Hash, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    state::keyed::HashMapStateStore,
};

use super::address::counted;

/// How many requests a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Of one account; `None`: any number.
    pub account: Option<NonZeroU32>,
    /// Of one address, by clients that are not signed in; `None`: any number.
    pub address: Option<NonZeroU32>,
}

impl RateLimits {
    /// No limit: tests and measurements ask as much as they can.
    pub const NONE: Self = Self {
        account: None,
        address: None,
    };

    /// Ten a second of one account, twice as many of one address: a person who types quickly asks once a second, and a
    /// seminar room of a hundred that opens the start page at once goes through in seconds.
    pub const PRODUCTION: Self = Self {
        account: NonZeroU32::new(600),
        address: NonZeroU32::new(1_200),
    };
}

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock>;

/// What has been asked lately. Cloning shares it.
#[derive(Clone)]
pub struct Rates {
    accounts: Option<Arc<Limiter<String>>>,
    addresses: Option<Arc<Limiter<IpAddr>>>,
}

/// A minute's requests may come at once, and after that as many as the minute gives back.
fn limiter<K: Hash + Eq + Clone>(a_minute: Option<NonZeroU32>) -> Option<Arc<Limiter<K>>> {
    a_minute.map(|count| Arc::new(RateLimiter::hashmap(Quota::per_minute(count))))
}

fn ask<K: Hash + Eq + Clone>(limiter: Option<&Limiter<K>>, key: &K) -> Result<(), Duration> {
    let Some(limiter) = limiter else {
        return Ok(());
    };
    limiter
        .check_key(key)
        .map_err(|refused| refused.wait_time_from(DefaultClock::default().now()))
}

impl Rates {
    /// Nothing has been asked yet.
    pub fn new(limits: RateLimits) -> Self {
        Self {
            accounts: limiter(limits.account),
            addresses: limiter(limits.address),
        }
    }

    /// A request of an account.
    ///
    /// # Errors
    /// How long to wait before the next, when there were too many.
    pub fn account(&self, account: &str) -> Result<(), Duration> {
        ask(self.accounts.as_deref(), &account.to_owned())
    }

    /// A request from an address by somebody who is not signed in.
    ///
    /// # Errors
    /// How long to wait before the next, when there were too many.
    pub fn address(&self, address: IpAddr) -> Result<(), Duration> {
        ask(self.addresses.as_deref(), &counted(address))
    }

    /// Forgets who has not asked for so long that nothing is counted any more.
    pub fn tidy(&self) {
        if let Some(accounts) = &self.accounts {
            accounts.retain_recent();
        }
        if let Some(addresses) = &self.addresses {
            addresses.retain_recent();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(account: u32, address: u32) -> Rates {
        Rates::new(RateLimits {
            account: NonZeroU32::new(account),
            address: NonZeroU32::new(address),
        })
    }

    #[test]
    fn a_minutes_requests_may_come_at_once_and_the_next_is_told_how_long_to_wait() {
        let rates = rates(3, 0);
        for _ in 0..3 {
            assert_eq!(rates.account("member:1"), Ok(()));
        }
        let wait = rates.account("member:1").unwrap_err();
        assert!(
            wait > Duration::from_secs(15) && wait <= Duration::from_secs(20),
            "{wait:?}"
        );
    }

    #[test]
    fn one_account_does_not_lock_out_another_at_the_same_address() {
        let rates = rates(1, 1);
        let hospital: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(rates.account("member:1"), Ok(()));
        assert!(rates.account("member:1").is_err());
        assert_eq!(rates.account("member:2"), Ok(()));
        assert_eq!(rates.address(hospital), Ok(()));
        assert!(rates.address(hospital).is_err());
        // Who is signed in is counted by account alone.
        assert_eq!(rates.account("member:3"), Ok(()));
        assert_eq!(rates.address("192.0.2.2".parse().unwrap()), Ok(()));
    }

    #[test]
    fn nothing_is_counted_without_limits() {
        let rates = Rates::new(RateLimits::NONE);
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        assert!((0..10_000).all(|_| rates.account("x").is_ok() && rates.address(address).is_ok()));
        rates.tidy();
    }

    #[test]
    fn tidying_forgets_nobody_who_has_asked_too_much() {
        let rates = rates(1, 1);
        assert_eq!(rates.account("member:1"), Ok(()));
        rates.tidy();
        assert!(rates.account("member:1").is_err());
    }
}
