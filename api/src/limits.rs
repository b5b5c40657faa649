//! How much of the service one client may take: requests by account and by address, connections, and time for a request's head.
//!
//! A hospital's staff share one address. So the address is what counts for somebody who is not signed in, and the account for
//! somebody who is: a colleague who hammers the service locks out nobody else.

mod address;
mod connections;
mod count;
mod in_flight;
mod kept_body;
mod places;
mod rate;
pub(crate) mod rest_of_body;

pub use address::client_address;
pub use connections::{ConnectionLimits, serve_connections};
pub use count::{ClientAddress, count_entrances, count_nobody, too_many};
pub use in_flight::InFlight;
pub use rate::{RateLimits, Rates};

/// Requests of one address at once in production: a person has a handful, a hospital's staff share the rest.
pub const IN_FLIGHT: usize = 256;

/// What a service allows its clients.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests a minute.
    pub rates: RateLimits,
    /// Requests of one address that are being answered at the same time; `None`: any number.
    pub in_flight: Option<usize>,
    /// How many proxies in front of the service write into `X-Forwarded-For`.
    pub trusted_proxies: usize,
    /// Connections and heads.
    pub connections: ConnectionLimits,
}

impl Limits {
    /// Requests are not counted; for the demonstration, which is on loopback alone, and for tests.
    pub fn uncounted() -> Self {
        Self {
            rates: RateLimits::NONE,
            in_flight: None,
            trusted_proxies: 0,
            connections: ConnectionLimits::default(),
        }
    }
}
