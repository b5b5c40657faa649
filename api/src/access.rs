//! Who may do what: sessions, demo sign-in, permissions, and where a write may come from.

pub mod demo;
mod identity;
mod origin;
mod permission;
mod session;

pub use identity::{Identity, authorize, signed_in, token};
pub use origin::same_origin;
pub use permission::Permission;
pub use session::{COOKIE, Sessions, Token};
