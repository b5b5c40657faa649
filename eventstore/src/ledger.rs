//! The dense order and the hash chain over it.

pub(crate) mod entry;
pub mod merkle;
pub(crate) mod reanchor;
pub(crate) mod seal;
pub(crate) mod verify;
mod watch;
