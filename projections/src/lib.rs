//! Views of the event log, and the runner that keeps them.
//!
//! A view follows the log in its dense order. One batch is one transaction: the rows it changes and the ledger number up
//! to which they are true, so every event counts exactly once wherever a process dies. Whoever holds a view's lease
//! applies; the lease ends with the transaction, also when its holder dies. An event that can not be applied stops its
//! view, visibly, and no other; it is never skipped.
//!
//! Each view is a folder: `apply.rs` is pure (rows in, event in, rows out), `query.rs` asks, `schema.sql` makes the tables
//! of one generation, so that a rebuild ([`rebuild()`]) stands beside the live view until it is compared and switched.
//!
//! Why it is built like this: `docs/decisions/0002-projections.md`.

mod access_log;
mod acts;
mod application_status;
mod change_history;
mod document_list;
mod effect;
mod error;
mod feed;
mod folds;
mod lag;
mod payments;
mod projection;
mod rebuild;
mod registry;
mod reporting;
pub mod reports;
mod runner;
mod session;
mod step;
mod views;
mod worklist;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod properties;

pub use access_log::{AccessEntry, AccessFilter, Entrance, EntranceEntry};
pub use application_status::{ApplicationStatus, DocumentTrack, ExamTrack, StatusFilter};
pub use change_history::{HistoryEntry, HistoryFilter};
pub use document_list::{DocumentLine, DocumentList, document_of};
pub use effect::Effect;
pub use error::{BoxError, Error, Result, Unreadable};
pub use lag::{Failure, ProjectionLag, ProjectionStatus};
pub use payments::{UnmatchedPage, UnmatchedPayment};
pub use projection::ViewName;
pub use rebuild::{DifferingRow, Progress, RebuildReport, rebuild};
pub use reporting::{ReplicaState, Reporting};
pub use runner::Runner;
pub use views::{Page, Views};
pub use worklist::{
    CertificationTrack, Missing, Order, WorklistCounts, WorklistEntry, WorklistFilter,
    WorklistPage, WorklistSort,
};
