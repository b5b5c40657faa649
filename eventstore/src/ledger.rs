//! The dense order, the hash chain over it, and what proves it outside the database.

pub(crate) mod anchor;
pub(crate) mod anchor_file;
pub(crate) mod anchoring;
pub(crate) mod check_proof;
pub(crate) mod continuity;
pub(crate) mod entry;
pub mod merkle;
pub(crate) mod proof;
pub(crate) mod reanchor;
pub(crate) mod seal;
pub(crate) mod verification;
pub(crate) mod verify;
pub(crate) mod verify_anchors;
mod watch;
