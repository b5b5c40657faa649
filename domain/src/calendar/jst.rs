//! Instants in Japanese time (portal-ux section E, 締切: instants, half-open, 24:00, weekday).

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::{CalendarError, YEARS, show_date, weekday};

/// Japan Standard Time, UTC+9 all year.
pub const JST: Offset = Offset::constant(9);

/// The day in Japan at an instant.
pub fn jst_date(at: Timestamp) -> Date {
    JST.to_datetime(at).date()
}

/// `2026/06/03 18:18`, the form of 更新日時.
pub fn show_jst_minutes(at: Timestamp) -> String {
    let local = JST.to_datetime(at);
    format!(
        "{} {:02}:{:02}",
        show_date(local.date()),
        local.hour(),
        local.minute()
    )
}

/// The instant of a minute of a day in Japan, hour 0 to 23.
///
/// # Errors
///
/// [`CalendarError::NotAnInstant`] for an hour or minute that no day has, or at the very end of the calendar.
pub fn jst_instant(date: Date, hour: i8, minute: i8) -> Result<Timestamp, CalendarError> {
    let time = Time::new(hour, minute, 0, 0).map_err(|_| CalendarError::NotAnInstant)?;
    JST.to_timestamp(date.to_datetime(time))
        .map_err(|_| CalendarError::NotAnInstant)
}

/// Reads `2026-04-25T00:00` of the program files as Japanese time. An offset is refused rather than ignored.
///
/// # Errors
///
/// [`CalendarError::NotAnInstant`] for any other form, [`CalendarError::OutOfRange`] outside [`YEARS`].
pub fn parse_jst_instant(text: &str) -> Result<Timestamp, CalendarError> {
    let local =
        DateTime::strptime("%Y-%m-%dT%H:%M", text).map_err(|_| CalendarError::NotAnInstant)?;
    if !YEARS.contains(&local.year()) {
        return Err(CalendarError::OutOfRange);
    }
    jst_instant(local.date(), local.hour(), local.minute())
}

/// Days in Japan until the last one on which a half-open period that ends at `end` can still be used: 0 on that day, `None`
/// when it is over.
pub fn days_left(now: Timestamp, end: Timestamp) -> Option<i64> {
    if now >= end {
        return None;
    }
    // The last moment that still counts.
    let last = end
        .checked_sub(SignedDuration::from_nanos(1))
        .unwrap_or(end);
    let days = jst_date(last).since(jst_date(now)).ok()?.get_days();
    Some(i64::from(days))
}

/// The same in words.
pub fn show_days_left(now: Timestamp, end: Timestamp) -> String {
    match days_left(now, end) {
        None => "締め切りを過ぎています".to_owned(),
        Some(0) => "本日が締め切りです".to_owned(),
        Some(days) => format!("締め切りまであと{days}日"),
    }
}

/// The beginning of a period in words: `2026年5月1日(金) 10:00`.
pub fn show_opening(at: Timestamp) -> String {
    let local = JST.to_datetime(at);
    show_minute(local.date(), local.hour(), local.minute())
}

/// The end of a half-open period in words: `2026年7月31日(金) 24:00` for an end at midnight, which people would
/// otherwise read as a day too many (`8月1日 00:00`), else the minute itself.
pub fn show_deadline(end: Timestamp) -> String {
    let local = JST.to_datetime(end);
    let day = local.date();
    let before_midnight = (local.time() == Time::midnight())
        .then(|| day.yesterday().ok())
        .flatten();
    match before_midnight {
        Some(eve) => show_minute(eve, 24, 0),
        None => show_minute(day, local.hour(), local.minute()),
    }
}

/// A last day in the same words: `2027年2月28日(日) 24:00`.
pub fn show_last_day(day: Date) -> String {
    show_minute(day, 24, 0)
}

fn show_minute(day: Date, hour: i8, minute: i8) -> String {
    format!(
        "{}年{}月{}日({}) {hour:02}:{minute:02}",
        day.year(),
        day.month(),
        day.day(),
        weekday(day)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        parse_jst_instant(text).unwrap()
    }

    #[test]
    fn the_days_left_are_counted_to_the_last_day_that_can_be_used() {
        let end = at("2026-08-01T00:00");
        for (now, left, words) in [
            ("2026-06-03T18:00", Some(58), "締め切りまであと58日"),
            ("2026-07-30T23:59", Some(1), "締め切りまであと1日"),
            ("2026-07-31T00:00", Some(0), "本日が締め切りです"),
            ("2026-07-31T23:59", Some(0), "本日が締め切りです"),
            ("2026-08-01T00:00", None, "締め切りを過ぎています"),
        ] {
            assert_eq!(days_left(at(now), end), left, "{now}");
            assert_eq!(show_days_left(at(now), end), words, "{now}");
        }
        // An end in the middle of a day.
        let noon = at("2026-08-11T12:00");
        assert_eq!(days_left(at("2026-08-11T09:00"), noon), Some(0));
        assert_eq!(days_left(at("2026-08-10T23:00"), noon), Some(1));
    }
}
