//! The rule book of the society: what an application is, what may happen to it, and why not.
//!
//! Pure: no clock, no database, no network. Time, row ids and the member's record of today are arguments.
//! Sources of the rules are the registration manual (申請書登録の手引き) and the domain reference; every assumption
//! stands in `programs/*.toml` with its mark.

pub mod access;
pub mod actor;
pub mod application;
pub mod calendar;
pub mod catalogue;
pub mod documents;
pub mod eligibility;
pub mod journey;
pub mod member;
pub mod next_step;
pub mod notice;
pub mod personal;
pub mod program;
pub mod proposal;
pub mod reporting;
pub mod requirements;
pub mod sentences;
pub mod text;
pub mod transfer;
pub mod units;
mod upcast;

pub use actor::{Actor, Context, Role};
pub use personal::Personal;
pub use upcast::upcasters;
