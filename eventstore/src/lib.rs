//! The append-only, totally ordered, hash-chained event log on SQLite and PostgreSQL, behind `cqrs-es` 0.5.
//!
//! The crate knows no word of what the events mean. What it promises, on both databases:
//!
//! - **One transaction** holds a command's events, its idempotency row and its place in the order. Nothing else is
//!   written by a command, and a command that changes nothing writes nothing.
//! - **A dense order** ([`RecordedEvent::global_seq`]: 1, 2, 3 …) that no reader can overtake. PostgreSQL appends
//!   without a global lock and one sealer gives out the numbers afterwards; SQLite, having one writer, seals in the append.
//! - **A hash chain** over that order ([`hash`]), so that [`verify`] names the first number at which somebody changed,
//!   removed, added or moved something behind the database's back.
//! - **Anchors outside the database** ([`Anchor`]), one a day, so that [`verify_anchors`] finds also who rewrote all of it.
//! - **A log that is another one than before** (a failover, a restore) is noticed by a process that goes on with it
//!   ([`EventLog::breaks`]), and nothing is decided on what is gone.
//! - **A repeated command** (same id, same request) gets its first [`Receipt`] again; a caller that goes away does
//!   not cut a command in half; a lost race is decided again.
//!
//! Why it is built like this: `docs/decisions/0001-event-log.md`.

mod append;
mod cache;
mod database;
mod decoding;
mod error;
mod examine;
mod feed;
mod handler;
pub mod hash;
mod ledger;
mod log;
mod metadata;
mod private_file;
mod repository;
mod store;

pub use cqrs_es::persist::EventUpcaster;
pub use database::{Database, DatabaseKind, ReadingDatabase};
pub use decoding::Upcasters;
pub use error::{Error, Stage, Trouble, told_source, trouble};
pub use examine::Setup;
pub use feed::RecordedEvent;
pub use handler::{CommandHandler, ExecuteError, Receipt};
pub use ledger::anchor::{Anchor, AnchorFlaw, AnchorProblem, day_of};
pub use ledger::anchor_file::{Anchors, read_anchors};
pub use ledger::anchoring::{GRACE, Made, anchor_ended_days};
pub use ledger::check_proof::{Compared, ProofProblem, ProofReport, check_proof};
pub use ledger::continuity::{Answered, Break};
pub use ledger::entry::LedgerEntry;
pub use ledger::merkle;
pub use ledger::proof::{AuditPath, ProofHead, ProvedEvent, ProvedRow, StreamName, StreamProof};
pub use ledger::reanchor::reanchor;
pub use ledger::seal::seal;
pub use ledger::verification::{Finding, Pace, Slice, Step, Verification, Verifier};
pub use ledger::verify::{Problem, Reason, VerifyReport, verify};
pub use ledger::verify_anchors::{AnchorReport, verify_anchors};
pub use log::{EventLog, Loaded, ManyWrites};
pub use metadata::{Envelope, Metadata};
pub use private_file::open_private;
pub use repository::EventRepository;
pub use tokio_util::sync::CancellationToken;
pub use tokio_util::task::TaskTracker;
