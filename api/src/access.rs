//! Who may do what: sessions, demo sign-in, tokens of machine clients, permissions, 閲覧記録, and where a write may come from.

mod clients;
pub mod command_line;
pub mod demo;
mod duty;
mod grant;
mod identity;
mod log;
mod origin;
mod permission;
mod scopes;
mod session;
pub mod two_persons;

pub use clients::{ClientToken, Clients, CreateError, Secret};
pub use duty::{Duties, Duty};
pub use grant::Grant;
pub use identity::{Identity, Principal, authorize, signed_in, token};
pub use log::{NotNoted, PRINT, last_entry, note, subject};
pub use origin::same_origin;
pub use permission::{Holder, Permission};
pub use scopes::Scopes;
pub use session::{COOKIE, Sessions, Token};
