//! Instants in Japanese time (portal-ux section E, 締切: instants, half-open, 24:00, weekday).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

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

/// The end of a half-open period in words: `2026年7月31日(金) 24:00` for an end at midnight, which people would
/// otherwise read as a day too many (`8月1日 00:00`), else the minute itself.
pub fn show_deadline(end: Timestamp) -> String {
    let local = JST.to_datetime(end);
    let day = local.date();
    let before_midnight = (local.time() == Time::midnight())
        .then(|| day.yesterday().ok())
        .flatten();
    let (day, hour, minute) = match before_midnight {
        Some(eve) => (eve, 24, 0),
        None => (day, local.hour(), local.minute()),
    };
    format!(
        "{}年{}月{}日({}) {hour:02}:{minute:02}",
        day.year(),
        day.month(),
        day.day(),
        weekday(day)
    )
}
