//! The clock that decisions are made by: the system's, or in the demonstration one that is shifted into お申込み期間.

use std::time::Instant;

use eventstore::EventLog;
use jiff::{SignedDuration, Timestamp, Unit};

/// Where the demonstration begins: 2026-06-03 18:00 Japan time, in the middle of お申込み期間 of the programs of 2026.
pub const DEMONSTRATION_START: Timestamp = Timestamp::constant(1_780_477_200, 0);

/// Tells what time it is for the rules. Cloning keeps the same clock.
///
/// Sessions do not use it: a shifted clock must not make a sign-in longer or shorter.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    demonstration: Option<Shifted>,
}

/// A clock that began at another instant than the real one and ticks at the same pace.
#[derive(Clone, Copy, Debug)]
struct Shifted {
    start: Timestamp,
    since: Instant,
}

/// The time by the clock of the database. Who holds what until when goes by it, on every node: their own clocks differ.
///
/// # Errors
/// The database.
pub(crate) async fn shared_time(log: &EventLog) -> Result<Timestamp, sqlx::Error> {
    let us = log.database_time().await?;
    Timestamp::from_microsecond(us).map_err(|error| sqlx::Error::Decode(error.into()))
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self {
            demonstration: None,
        }
    }

    /// A clock that stands at `start` now and ticks on.
    pub fn demonstration(start: Timestamp) -> Self {
        Self {
            demonstration: Some(Shifted {
                start,
                since: Instant::now(),
            }),
        }
    }

    /// The time, in whole microseconds: what the log records is what was decided by.
    pub fn now(&self) -> Timestamp {
        let now = self.demonstration.map_or_else(Timestamp::now, |shifted| {
            let passed =
                SignedDuration::try_from(shifted.since.elapsed()).unwrap_or(SignedDuration::MAX);
            shifted
                .start
                .saturating_add(passed)
                .unwrap_or(Timestamp::MAX)
        });
        // Rounding fails only beyond the last representable microsecond; such an instant is kept as it is.
        now.round(Unit::Microsecond).unwrap_or(now)
    }

    /// Whether the clock is shifted, that is, whether this is the demonstration.
    pub fn is_shifted(&self) -> bool {
        self.demonstration.is_some()
    }
}

/// Which clock a service is opened with. The demonstration's can only be set when the log has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockSetting {
    /// The system's.
    System,
    /// The demonstration's: from `earliest`, or from the last event if that is later, so that time never runs
    /// backwards between two starts.
    Demonstration {
        /// Not before this instant.
        earliest: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demonstration_begins_on_a_wednesday_evening_in_the_period() {
        assert_eq!(
            DEMONSTRATION_START,
            "2026-06-03T18:00:00+09:00".parse().unwrap()
        );
    }

    #[test]
    fn a_shifted_clock_ticks_on_from_its_start() {
        let clock = Clock::demonstration(DEMONSTRATION_START);
        let first = clock.now();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let second = clock.now();
        assert!(first >= DEMONSTRATION_START);
        assert!(second > first);
        assert!(second < DEMONSTRATION_START + SignedDuration::from_mins(1));
        assert!(clock.is_shifted());
    }

    #[test]
    fn the_time_has_no_part_of_a_microsecond() {
        let clock = Clock::system();
        assert_eq!(clock.now().subsec_nanosecond() % 1_000, 0);
        assert!(!clock.is_shifted());
    }
}
