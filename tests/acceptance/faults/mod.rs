//! Faults of machines: what each of them breaks mends itself, and people are told meanwhile.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod clocks;
mod database_away;
mod failover;
mod full_disk;
mod paused_node;
mod shutdown;
