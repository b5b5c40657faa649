//! How much an application takes in a day: the log keeps everything for ever, so nobody may fill it.

use jiff::{SignedDuration, Timestamp};

use super::{ApplicationCommand, Refusal};
use crate::calendar::{jst_date, jst_instant, show_deadline};

/// Bytes of events that a member writes into one application in a day of Japan: forty times what the longest application of the manual
/// holds. The command that passes it is the day's last.
pub const DAY_BYTES: u64 = 2 * 1024 * 1024;

/// Since when a day's events count.
pub fn day_began(at: Timestamp) -> Timestamp {
    jst_instant(jst_date(at), 0, 0).unwrap_or(at)
}

/// Whether the member may write more today. 申請を完了する and 取下げ are always possible: they can not be repeated without others.
///
/// # Errors
/// [`Refusal::DayIsFull`]
pub fn within_the_day(
    command: &ApplicationCommand,
    written: u64,
    at: Timestamp,
) -> Result<(), Refusal> {
    let always = matches!(
        command,
        ApplicationCommand::Submit | ApplicationCommand::Withdraw
    );
    if always || written < DAY_BYTES {
        return Ok(());
    }
    let tomorrow = day_began(at)
        .saturating_add(SignedDuration::from_hours(24))
        .unwrap_or(Timestamp::MAX);
    Err(Refusal::DayIsFull {
        goes_on: show_deadline(tomorrow),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::Profile;

    #[test]
    fn a_full_day_takes_no_more_documents_but_what_completes_and_says_when_it_goes_on() {
        let at: Timestamp = "2026-06-03T23:59:00+09:00".parse().unwrap();
        let save = ApplicationCommand::SaveProfile {
            profile: Profile::default(),
            base: 0,
        };
        assert_eq!(within_the_day(&save, DAY_BYTES - 1, at), Ok(()));
        let refused = within_the_day(&save, DAY_BYTES, at).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("2026年6月3日(水) 24:00を過ぎてから"),
            "{refused}"
        );
        for always in [ApplicationCommand::Submit, ApplicationCommand::Withdraw] {
            assert_eq!(within_the_day(&always, u64::MAX, at), Ok(()));
        }
        let midnight: Timestamp = "2026-06-03T00:00:00+09:00".parse().unwrap();
        assert_eq!(day_began(at), midnight);
        assert_eq!(day_began(midnight), midnight);
    }
}
