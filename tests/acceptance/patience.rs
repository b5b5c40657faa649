//! How a test waits: for what is to happen, never for a time in which it should have happened.

use std::time::{Duration, Instant};

/// Longer than anything here takes that works, on a machine that has much else to do as well. It costs nothing: it passes only where
/// something is wrong.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// Looks again until it is so.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "never seen: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The same on a thread that may block.
#[track_caller]
pub fn until_blocking(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "never seen: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
