//! Attacks: what each of them tries fails.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod floods;
mod forged_rows;
mod handover;
mod imports;
mod proposals;
pub mod reasons;
mod requests;
mod tampering;
mod tokens;
