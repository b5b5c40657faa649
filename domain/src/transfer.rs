//! お金: what came in, line by line, and where each yen of it belongs.
//!
//! A *line* is what a source says: a row of the exam site's export, of the bank's, or what a clerk has entered. A *transfer*
//! (入金) is its lines, its amount their sum. A line is never changed: what a source says differently later waits for a person.
//! A transfer is *placed* in parts, and the transfer alone decides that they add up to no more than it has. Applications learn
//! of their parts and never refuse (architecture, decision 27).

mod aggregate;
mod claim;
mod command;
mod decide;
mod event;
mod line;
#[cfg(test)]
mod properties;
mod refusal;
#[cfg(test)]
mod tests;
mod yen;

pub use aggregate::{HeldLine, Part, Repayment, Transfer};
pub use claim::{Claim, ClaimStanding, FeeState, Received, claims, fee_state};
pub use command::{NewPart, TransferAct, TransferCommand};
pub use decide::{TransferSettings, decide};
pub use event::{Place, Question, TransferEvent};
pub use line::{Line, LineKey, Source, Told};
pub use refusal::TransferRefusal;
pub use yen::{NotYen, Yen};
