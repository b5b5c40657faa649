//! Proof: anchors of the log outside the database, and one application's history in a file that is checked without it.

mod anchoring;
pub mod command_line;
mod export;
mod findings;
mod verifying;

pub(crate) use anchoring::keep_anchoring;
pub use anchoring::{anchors_of, compare_with_anchors};
pub use export::{ExportError, Exported, export};
pub use findings::Findings;
pub(crate) use verifying::keep_verifying;
