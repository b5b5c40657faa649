//! Who may do what, and what is written down about it.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod accounts;
mod matrix;
mod tokens;
mod two_persons;
mod viewings;
