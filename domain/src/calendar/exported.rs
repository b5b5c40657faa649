//! Days as other systems export them: with a time of the day, a 曜日, or as the number that Excel keeps of them.

use jiff::{
    civil::{Date, Time},
    tz::Offset,
};

use super::{CalendarError, JST, parse_date, weekday};
use crate::text::half_width;

/// Reads a day of an export: every form of [`parse_date`], also with a time of the day behind it (`2026/6/2 10:23`,
/// `1982-02-08T00:00:00`, `午後3:05`, `20260602102300`) and with its 曜日 (`2026年6月2日(火)`). The time is dropped; with an offset (`Z`,
/// `+00:00`) it is the day in Japan.
///
/// # Errors
///
/// Those of [`parse_date`]; [`CalendarError::ExcelSerial`] for the number by which Excel counts days, which nobody can tell from a slip of
/// the keyboard; [`CalendarError::WrongWeekday`] when the 曜日 is another day's.
pub fn parse_exported_date(text: &str) -> Result<Date, CalendarError> {
    let entry = half_width(text);
    if is_excel_serial(&entry) {
        return Err(CalendarError::ExcelSerial);
    }
    if let Some((day, clock)) = run_together(&entry) {
        clock_of(clock).ok_or(CalendarError::NotADate)?;
        return parse_date(day);
    }
    let (day, clock) = match time_of_day(&entry) {
        Some((day, clock)) => (day, Some(clock.ok_or(CalendarError::NotADate)?)),
        None => (entry.as_str(), None),
    };
    let date = day_with_weekday(day)?;
    match clock {
        Some((clock, Some(offset))) => offset
            .to_timestamp(date.to_datetime(clock))
            .map(|at| JST.to_datetime(at).date())
            .map_err(|_| CalendarError::OutOfRange),
        _ => Ok(date),
    }
}

/// Five digits, with or without the fraction that is the time: days since 1899-12-30.
fn is_excel_serial(entry: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (days, fraction) = entry.split_once('.').unwrap_or((entry, "0"));
    days.len() == 5 && digits(days) && !fraction.is_empty() && digits(fraction)
}

/// Day and time of twelve or fourteen digits.
fn run_together(entry: &str) -> Option<(&str, &str)> {
    let digits = entry.bytes().all(|byte| byte.is_ascii_digit());
    (digits && matches!(entry.len(), 12 | 14)).then(|| entry.split_at(8))
}

fn clock_of(digits: &str) -> Option<Time> {
    let part = |from: usize| {
        digits
            .get(from..from + 2)
            .map_or(Some(0), |part| part.parse::<i8>().ok())
    };
    Time::new(part(0)?, part(2)?, part(4)?, 0).ok()
}

/// A time, and the offset that it is written with.
type Clock = (Time, Option<Offset>);

/// The day before a time of the day, and the time, if what stands there is one. `None` where there is none.
fn time_of_day(entry: &str) -> Option<(&str, Option<Clock>)> {
    let colon = entry.find([':', '時'])?;
    let before = entry.get(..colon)?;
    let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
    let start = colon.checked_sub(digits)?;
    let (day, clock) = entry.split_at_checked(start)?;
    let (day, half) = half_of_the_day(day.trim_end());
    let day = match day.strip_suffix(['T', 't']) {
        Some(before) if before.ends_with(|c: char| c.is_ascii_digit()) => before,
        _ => day,
    };
    let clock = matches!(digits, 1 | 2)
        .then(|| read_clock(clock, half))
        .flatten();
    Some((day.trim_end(), clock))
}

/// 午前 or 午後 at the end of a text; whether it is 午後.
fn half_of_the_day(text: &str) -> (&str, Option<bool>) {
    for (word, afternoon) in [("午前", false), ("午後", true), ("AM", false), ("PM", true)] {
        let cut = text.len().checked_sub(word.len());
        if let Some((rest, end)) = cut.and_then(|cut| text.split_at_checked(cut))
            && end.eq_ignore_ascii_case(word)
        {
            return (rest.trim_end(), Some(afternoon));
        }
    }
    (text, None)
}

/// Takes one or two digits from the front.
fn take_number<'a>(text: &mut &'a str) -> Option<i8> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest): (&'a str, &'a str) = text.split_at_checked(length)?;
    *text = rest;
    matches!(length, 1 | 2)
        .then(|| digits.parse().ok())
        .flatten()
}

/// `10:23`, `10:23:45.678`, `10時23分`, with AM or PM behind it and an offset.
fn read_clock(text: &str, half: Option<bool>) -> Option<Clock> {
    let mut rest = text;
    let mut hour = take_number(&mut rest)?;
    rest = rest.strip_prefix([':', '時'])?;
    let minute = if rest.is_empty() {
        0
    } else {
        take_number(&mut rest)?
    };
    let mut second = 0;
    if let Some(behind) = rest.strip_prefix([':', '分'])
        && behind.starts_with(|c: char| c.is_ascii_digit())
    {
        rest = behind;
        second = take_number(&mut rest)?;
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        }
        rest = rest.strip_prefix('秒').unwrap_or(rest);
    } else {
        rest = rest.strip_prefix('分').unwrap_or(rest);
    }
    let (rest, offset) = offset_of(rest.trim());
    let (rest, behind) = half_of_the_day(rest);
    if let Some(afternoon) = half.or(behind) {
        if !(0..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if afternoon { 12 } else { 0 };
    }
    if !rest.trim().is_empty() {
        return None;
    }
    Some((Time::new(hour, minute, second.min(59), 0).ok()?, offset))
}

/// `Z` or `+09:00` at the end of a text.
fn offset_of(text: &str) -> (&str, Option<Offset>) {
    if let Some(rest) = text.strip_suffix(['Z', 'z']) {
        return (rest, Some(Offset::UTC));
    }
    let read = || {
        let at = text.rfind(['+', '-'])?;
        let (rest, offset) = text.split_at_checked(at)?;
        let sign = if offset.starts_with('-') { -1 } else { 1 };
        let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
        let hours: i32 = digits.get(..2)?.parse().ok()?;
        let minutes: i32 = match digits.get(2..) {
            Some("") => 0,
            Some(minutes) if minutes.len() == 2 => minutes.parse().ok()?,
            _ => return None,
        };
        let offset = Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()?;
        Some((rest, Some(offset)))
    };
    read().unwrap_or((text, None))
}

/// 曜日 in the ways in which it is written; the last is one character of its own.
const WEEKDAYS: [(&str, &str, char); 7] = [
    ("月", "Mon", '㈪'),
    ("火", "Tue", '㈫'),
    ("水", "Wed", '㈬'),
    ("木", "Thu", '㈭'),
    ("金", "Fri", '㈮'),
    ("土", "Sat", '㈯'),
    ("日", "Sun", '㈰'),
];

/// A day with or without its 曜日, which is to be that of the day.
pub(super) fn day_with_weekday(text: &str) -> Result<Date, CalendarError> {
    let text = text.trim_end();
    let (day, written) = without_weekday(text.strip_suffix("(祝)").unwrap_or(text));
    let date = parse_date(day)?;
    if written.is_some_and(|written| written != weekday(date)) {
        return Err(CalendarError::WrongWeekday);
    }
    Ok(date)
}

/// The day without a 曜日 behind it, and the 曜日: `(火)`, `(火・祝)`, `火曜日`, ` 火`, `㈫`, `(Tue)`.
fn without_weekday(day: &str) -> (&str, Option<&'static str>) {
    let day = day.trim_end();
    for (word, english, sign) in WEEKDAYS {
        if let Some(rest) = day.strip_suffix(sign) {
            return (rest.trim_end(), Some(word));
        }
        let bare = day
            .strip_suffix("曜日")
            .or_else(|| day.strip_suffix('曜'))
            .and_then(|rest| rest.strip_suffix(word));
        let apart = day
            .strip_suffix(word)
            .filter(|rest| rest.ends_with(char::is_whitespace));
        if let Some(rest) = bare.or(apart) {
            return (rest.trim_end(), Some(word));
        }
        if let Some((rest, inside)) = day.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
            let inside = inside.trim();
            let is_english = inside
                .get(..3)
                .is_some_and(|start| start.eq_ignore_ascii_case(english));
            if inside.starts_with(word) || is_english {
                return (rest.trim_end(), Some(word));
            }
        }
    }
    (day, None)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_is_understood_with_what_exports_put_behind_it() {
        for text in [
            "2026/06/02",
            "2026/06/02 0:00:00",
            "2026/6/2 0:00",
            "2026-06-02T00:00:00",
            "2026-06-02T00:00:00.000",
            "2026-06-02 23:59:59",
            "2026/6/2 10:23",
            "２０２６／０６／０２　１０：２３",
            "2026/06/02(火)",
            "2026/06/02（火）",
            "2026/06/02（火・祝）",
            "2026年6月2日(火)",
            "2026年6月2日火曜日",
            "2026年6月2日 火曜",
            "2026/06/02 火",
            "2026/06/02㈫",
            "2026/06/02 (Tue)",
            "2026/06/02(火) 10:23",
            "令和8年6月2日（火）10時23分",
            "R8.6.2 0:00:00",
            "2026/6/2 午後3:05",
            "2026/6/2 3:05:00 PM",
            "20260602",
            "20260602000000",
            "202606021023",
            "2026-06-02T00:00:00+09:00",
            "2026-06-01T15:00:00Z",
            "2026-06-02T00:00:00Z",
        ] {
            assert_eq!(parse_exported_date(text), Ok(date(2026, 6, 2)), "{text}");
        }
    }

    #[test]
    fn the_number_of_excel_is_refused_by_its_name() {
        for text in ["29990", "46175.432", "４６１７５", " 46175 "] {
            assert_eq!(
                parse_exported_date(text),
                Err(CalendarError::ExcelSerial),
                "{text}"
            );
        }
        let sentence = CalendarError::ExcelSerial.message("生年月日");
        assert!(sentence.contains("シリアル値"), "{sentence}");
    }

    #[test]
    fn what_is_no_day_stays_refused() {
        for (text, error) in [
            ("2026/06/02(月)", CalendarError::WrongWeekday),
            ("2026/06/31 0:00:00", CalendarError::DoesNotExist),
            ("26/06/02 0:00", CalendarError::Ambiguous),
            ("2026/06/02 25:00", CalendarError::NotADate),
            ("2026/06/02 10:61", CalendarError::NotADate),
            ("2026/06/02 10:23 まで", CalendarError::NotADate),
            ("10:23", CalendarError::Empty),
            ("20260602250000", CalendarError::NotADate),
            ("", CalendarError::Empty),
            ("2026/06/02(大安)", CalendarError::NotADate),
            ("123456", CalendarError::Ambiguous),
        ] {
            assert_eq!(parse_exported_date(text), Err(error), "{text}");
        }
    }

    #[test]
    fn any_text_is_answered() {
        for text in [
            "T", "時", ":", "()", "(", "火", "Z", "+", "午後", "2026T10:", "é:", "1é:00",
        ] {
            assert!(parse_exported_date(text).is_err(), "{text}");
        }
    }
}
