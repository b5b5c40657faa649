//! The member's pages, as somebody uses them whose browser runs no script: follow a link by its words, fill in a form by
//! its labels, press a button.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod bounds;
mod checks;
mod conflicts;
mod corrections;
mod entrance;
mod form;
mod frame;
mod journeys;
mod kept;
mod manual;
mod member;
mod page;
mod remarks;
mod sentences;
mod typing;
mod visitor;
mod words;

pub use member::Member;
pub use visitor::Visitor;
