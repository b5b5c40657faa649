//! Who may do what: sessions, demo sign-in, permissions, and where a write may come from.

pub mod demo;
mod duty;
mod identity;
mod origin;
mod permission;
mod session;

pub use duty::{Duties, Duty};
pub use identity::{Identity, Principal, authorize, signed_in, token};
pub use origin::same_origin;
pub use permission::{Holder, Permission};
pub use session::{COOKIE, Sessions, Token};
