//! How much of the service one client may take: requests by account and by address, connections, and time for a request's head.
//!
//! A hospital's staff share one address. So the address is what counts for somebody who is not signed in, and the account for
//! somebody who is: a colleague who hammers the service locks out nobody else.

mod address;
mod connections;
mod rate;

pub use address::client_address;
pub use connections::{ConnectionLimits, serve_connections};
pub use rate::{RateLimits, Rates};
