//! A moment as somebody asks about it: the one reader for every question, of people and of machines.

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{CalendarError, JST, YEARS, exported::day_with_weekday, jst_instant};
use crate::text::half_width;

/// Most characters of a moment.
const LONGEST: usize = 80;

/// What stands before a number of the ledger, also on our own papers.
const LEDGER: &str = "台帳番号";

/// A moment that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedMoment {
    /// A number alone. What it counts is said where it is asked: the ledger for reports, the changes of an application for one of these.
    Number(i64),
    /// 台帳番号, called so.
    Ledger(i64),
    /// A time: an instant, or a minute or day of Japan as a whole.
    Time {
        /// Its first instant.
        begins: Timestamp,
        /// The first one after it, and `begins` for an instant.
        ends: Timestamp,
    },
}

impl AskedMoment {
    /// The last instant that belongs to it: a minute or day that is named counts as a whole, and one that runs as far as it has come. `None` for a
    /// number.
    pub fn last(self, now: Timestamp) -> Option<Timestamp> {
        let Self::Time { begins, ends } = self else {
            return None;
        };
        // What is decided at its end is after it.
        let last = ends
            .checked_sub(SignedDuration::from_micros(1))
            .unwrap_or(ends)
            .max(begins);
        let runs = begins <= now && now <= last;
        Some(if runs { now } else { last })
    }

    /// The one instant for which it stands on a clock: the beginning of a minute, the end of a day, and now for today. `None` for a number.
    pub fn point(self, now: Timestamp) -> Option<Timestamp> {
        let Self::Time { begins, ends } = self else {
            return None;
        };
        let whole_day = ends.duration_since(begins) >= SignedDuration::from_hours(24);
        let runs = begins <= now && now < ends;
        Some(match (whole_day, runs) {
            (false, _) => begins,
            (true, true) => now,
            (true, false) => ends,
        })
    }
}

/// Reads a moment in every form in which people and machines write one, in half or full width:
///
/// - `2026-06-03T18:05:30+09:00`, `20260603T090530Z` (ISO 8601; in an address `+` may have become a blank), also without seconds or zone
/// - `2026/06/03 18:05`, as every page shows it; `2026年6月3日(水) 18:05`, `2026年6月3日18時5分`, `R8.6.3 18:05`; 24:00 is the end of the day
/// - `2026/06/03`, `2026-06-03`, `20260603`, `令和8年6月3日`: the whole day
/// - `1234`: a number; `台帳番号 1234`, also with what our papers write behind it
///
/// Without a zone it is in Japan.
///
/// # Errors
///
/// [`CalendarError::Empty`]; [`CalendarError::DoesNotExist`] and the like for a day that is none; [`CalendarError::NotAMoment`] for everything else.
pub fn parse_moment(text: &str) -> Result<AskedMoment, CalendarError> {
    let entry = half_width(text);
    if entry.is_empty() {
        return Err(CalendarError::Empty);
    }
    if entry.chars().count() > LONGEST {
        return Err(CalendarError::NotAMoment);
    }
    let number = |digits: &str| digits.parse().ok().filter(|number| *number >= 0);
    if entry.bytes().all(|byte| byte.is_ascii_digit()) {
        // Eight digits that make a day are one (ISO 8601): whoever means the number of that size calls it by its name.
        if entry.len() == 8
            && let Ok(day) = day_with_weekday(&entry)
        {
            return span(day, SignedDuration::from_hours(24));
        }
        return number(&entry)
            .map(AskedMoment::Number)
            .ok_or(CalendarError::NotAMoment);
    }
    if let Some(rest) = entry.strip_prefix(LEDGER) {
        let rest = rest.trim_start_matches([' ', ':', '#']);
        let end = rest.find(|c: char| !c.is_ascii_digit());
        let (digits, behind) = rest.split_at(end.unwrap_or(rest.len()));
        let told = behind.trim();
        let plain = told.is_empty() || (told.starts_with('(') && told.ends_with(')'));
        return number(digits)
            .filter(|_| plain)
            .map(AskedMoment::Ledger)
            .ok_or(CalendarError::NotAMoment);
    }
    let mut refused = match day_with_weekday(&entry) {
        Ok(day) => return span(day, SignedDuration::from_hours(24)),
        Err(error) => error,
    };
    // Day and time, wherever the one ends and the other begins.
    for (at, _) in entry.char_indices().skip(1) {
        let (day, time) = entry.split_at(at);
        let apart = day.ends_with(['日', ')']) || time.starts_with([' ', 'T', 't']);
        let Some(time) = Some(time).filter(|_| apart).and_then(time_of_day) else {
            continue;
        };
        match day_with_weekday(day) {
            Ok(day) => return at_time(day, &time),
            Err(error) => refused = error,
        }
    }
    let iso: Result<Timestamp, _> = entry.parse().or_else(|refused| {
        // In an address a `+` may have become a blank.
        match entry.rsplit_once(' ') {
            Some((before, offset)) => format!("{before}+{offset}").parse(),
            None => Err(refused),
        }
    });
    match iso {
        Ok(at) if YEARS.contains(&JST.to_datetime(at).year()) => Ok(AskedMoment::Time {
            begins: at,
            ends: at,
        }),
        Ok(_) => Err(CalendarError::OutOfRange),
        Err(_) => Err(match refused {
            CalendarError::NotADate => CalendarError::NotAMoment,
            other => other,
        }),
    }
}

/// A time of day: hour (to 24), minute, second with its fraction if one is written, and the zone's distance from UTC in minutes if one is.
struct TimeOfDay {
    hour: i64,
    minute: i64,
    second: Option<SignedDuration>,
    offset: Option<i64>,
}

/// Reads what stands behind a day: ` 18:05`, `T18:05:30.5+09:00`, `18時5分`, ` 09:05 Z`.
fn time_of_day(text: &str) -> Option<TimeOfDay> {
    let text = text.trim().trim_start_matches(['T', 't']).trim_start();
    let (hour, rest) = digits(text)?;
    let japanese = rest.starts_with('時');
    let (minute, rest) = match rest.strip_prefix([':', '時'])? {
        rest if japanese && !rest.starts_with(|c: char| c.is_ascii_digit()) => (0, rest),
        rest => digits(rest)?,
    };
    let rest = if japanese {
        rest.strip_prefix('分').unwrap_or(rest)
    } else {
        rest
    };
    let (second, rest) = seconds(rest, japanese)?;
    let offset = match rest.trim() {
        "" => None,
        "Z" | "z" | "UTC" => Some(0),
        "JST" | "[Asia/Tokyo]" => Some(9 * 60),
        _ => Some(offset(rest)?),
    };
    let whole = second.is_none_or(|second| second.is_zero());
    let fits = (hour < 24 && minute < 60) || (hour == 24 && minute == 0 && whole);
    fits.then_some(TimeOfDay {
        hour,
        minute,
        second,
        offset,
    })
}

/// One or two digits at the start.
fn digits(text: &str) -> Option<(i64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    matches!(digits.len(), 1 | 2)
        .then(|| digits.parse().ok())
        .flatten()
        .map(|number| (number, rest))
}

/// Seconds behind the minute, if there are any, with their fraction.
fn seconds(text: &str, japanese: bool) -> Option<(Option<SignedDuration>, &str)> {
    let starts = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let rest = match text.strip_prefix(':') {
        Some(rest) => rest,
        None if japanese && starts(text) => text,
        None => return Some((None, text)),
    };
    let (second, mut rest) = digits(rest)?;
    let mut nanoseconds = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let end = fraction
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(fraction.len());
        let (digits, behind) = fraction.split_at(end);
        if digits.is_empty() || digits.len() > 9 {
            return None;
        }
        nanoseconds = format!("{digits:0<9}").parse().ok()?;
        rest = behind;
    }
    if japanese {
        rest = rest.strip_prefix('秒').unwrap_or(rest);
    }
    (second < 60).then(|| (Some(SignedDuration::new(second, nanoseconds)), rest))
}

/// `+09:00`, `-0500`, `+09`, and ` 09:00` for a `+` that has become a blank; in minutes.
fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = if let Some(rest) = text.trim_start().strip_prefix(['-', '−']) {
        (-1, rest)
    } else {
        let escaped = text
            .strip_prefix(' ')
            .filter(|rest| rest.contains(':') || matches!(rest.len(), 2 | 4));
        (1, text.trim_start().strip_prefix('+').or(escaped)?)
    };
    let rest = rest.strip_suffix("[Asia/Tokyo]").unwrap_or(rest);
    let (hours, minutes) = match rest.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if rest.len() == 2 => (rest, "00"),
        None => rest.split_at_checked(2)?,
    };
    let two = |text: &str| {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse::<i64>().ok()).flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn at_time(day: Date, time: &TimeOfDay) -> Result<AskedMoment, CalendarError> {
    let minutes = time.hour * 60 + time.minute - time.offset.map_or(0, |offset| offset - 9 * 60);
    let second = time.second.unwrap_or_default();
    let shift = SignedDuration::from_mins(minutes) + second;
    let begins = jst_instant(day, 0, 0)?
        .checked_add(shift)
        .map_err(|_| CalendarError::OutOfRange)?;
    // The end of a day is an instant; a minute that is named is meant as a whole.
    let lasts = match time.second {
        None if time.hour < 24 => SignedDuration::from_mins(1),
        _ => SignedDuration::ZERO,
    };
    let ends = begins
        .checked_add(lasts)
        .map_err(|_| CalendarError::OutOfRange)?;
    Ok(AskedMoment::Time { begins, ends })
}

/// From the beginning of a day on.
fn span(day: Date, lasts: SignedDuration) -> Result<AskedMoment, CalendarError> {
    let begins = jst_instant(day, 0, 0)?;
    let ends = begins
        .checked_add(lasts)
        .map_err(|_| CalendarError::OutOfRange)?;
    Ok(AskedMoment::Time { begins, ends })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The first instant and, of what lasts, the first after it.
    fn time(text: &str) -> (Timestamp, Timestamp) {
        match parse_moment(text) {
            Ok(AskedMoment::Time { begins, ends }) => (begins, ends),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_minute_is_read_in_every_form_in_which_it_is_written() {
        let minute = (utc("2026-06-03T09:05:00Z"), utc("2026-06-03T09:06:00Z"));
        for text in [
            "2026/06/03 18:05",
            "2026/6/3 18:05",
            "2026-06-03 18:05",
            "2026-06-03T18:05",
            "2026-06-03t18:05",
            "20260603T18:05",
            "2026.06.03 18:05",
            "2026/06/03　18：05",
            "２０２６／０６／０３　１８：０５",
            "  2026/06/03  18:05 ",
            "2026年6月3日18:05",
            "2026年6月3日 18時5分",
            "2026年6月3日18時05分",
            "2026年6月3日(水) 18:05",
            "2026年6月3日（水曜日）18時05分",
            "2026/06/03(水) 18:05",
            "R8.6.3 18:05",
            "令和8年6月3日 18:05",
            "2026-06-03T18:05+09:00",
            "2026-06-03T18:05 09:00",
            "2026-06-03T09:05Z",
            "2026-06-03 09:05 Z",
            "2026-06-03T09:05 UTC",
            "2026/06/03 18:05 JST",
            "2026-06-03T18:05+0900",
            "2026-06-03T18:05+09",
            "2026-06-03T04:05-05:00",
            "2026-06-02T23:05-10:00",
        ] {
            assert_eq!(time(text), minute, "{text}");
        }
        assert_eq!(time("2026年6月3日 18時").0, utc("2026-06-03T09:00:00Z"));
    }

    #[test]
    fn an_instant_is_that_instant() {
        for (text, at) in [
            ("2026-06-03T18:03:00+09:00", "2026-06-03T09:03:00Z"),
            ("2026-06-03T18:03:00 09:00", "2026-06-03T09:03:00Z"),
            ("2026-06-03T09:03:00Z", "2026-06-03T09:03:00Z"),
            ("2026-06-03T09:03:00z", "2026-06-03T09:03:00Z"),
            ("2026-06-03T18:03:00", "2026-06-03T09:03:00Z"),
            ("2026/06/03 18:03:00", "2026-06-03T09:03:00Z"),
            ("2026年6月3日18時3分0秒", "2026-06-03T09:03:00Z"),
            ("2026-06-03T18:03:00.25+09:00", "2026-06-03T09:03:00.25Z"),
            ("2026-06-03T18:03:00,25+09:00", "2026-06-03T09:03:00.25Z"),
            ("20260603T180300+0900", "2026-06-03T09:03:00Z"),
            ("20260603T090300Z", "2026-06-03T09:03:00Z"),
            ("20260603T180300+0900", "2026-06-03T09:03:00Z"),
            // In an address the plus may have become a blank.
            ("20260603T180300 0900", "2026-06-03T09:03:00Z"),
            ("2026-06-03T18:03:00.5 09", "2026-06-03T09:03:00.5Z"),
            (
                "2026-06-03T18:03:00+09:00[Asia/Tokyo]",
                "2026-06-03T09:03:00Z",
            ),
            ("2026年7月31日(金) 24:00", "2026-07-31T15:00:00Z"),
            ("2026/07/31 24:00", "2026-07-31T15:00:00Z"),
        ] {
            assert_eq!(time(text), (utc(at), utc(at)), "{text}");
        }
    }

    #[test]
    fn a_day_is_meant_as_a_whole() {
        let day = (utc("2026-06-02T15:00:00Z"), utc("2026-06-03T15:00:00Z"));
        for text in [
            "2026/06/03",
            "2026-06-03",
            "20260603",
            "２０２６０６０３",
            "2026年6月3日",
            "2026年6月3日(水)",
            "令和8年6月3日",
            "R8.6.3",
            "２０２６／６／３",
        ] {
            assert_eq!(time(text), day, "{text}");
        }
    }

    #[test]
    fn a_number_is_a_number_and_one_that_is_called_so_is_of_the_ledger() {
        for text in ["1234", "１２３４", " 1234 "] {
            assert_eq!(parse_moment(text), Ok(AskedMoment::Number(1234)), "{text}");
        }
        // Eight digits are a day only where there is such a day.
        for text in ["20260230", "12345678"] {
            let number = Ok(AskedMoment::Number(text.parse().unwrap()));
            assert_eq!(parse_moment(text), number, "{text}");
        }
        assert_eq!(
            parse_moment("台帳番号 20260603"),
            Ok(AskedMoment::Ledger(20_260_603))
        );
        for text in [
            "台帳番号 1234",
            "台帳番号1234",
            "台帳番号：１２３４",
            "台帳番号 1234（2026/11/27 15:04 現在）",
        ] {
            assert_eq!(parse_moment(text), Ok(AskedMoment::Ledger(1234)), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused_and_a_day_that_does_not_exist_by_its_name() {
        for text in [
            "yesterday",
            "-1",
            "99999999999999999999",
            "台帳番号",
            "台帳番号 12 34",
            "2026/06/03 18",
            "2026/06/03 25:00",
            "2026/06/03 24:01",
            "2026/06/03 18:60",
            "2026/06/03 18:05:60",
            "2026/06/18:05",
            "2026/06/031805",
            "2026/06/03 18:05 ago",
            "2026-06-03T18:05+9",
            "2026-06-03T18:05+09:60",
            "18:05",
            "2026/06/03(昨日)",
            "2026/06/03 18:05.",
            "2026-W23-3",
            "2026-06-03T18",
        ] {
            assert_eq!(parse_moment(text), Err(CalendarError::NotAMoment), "{text}");
        }
        assert_eq!(parse_moment(" "), Err(CalendarError::Empty));
        // The day or its 曜日 is a slip, and which of them nobody knows.
        for text in ["2026年6月3日(月) 18:05", "2026/06/03(木)"] {
            assert_eq!(
                parse_moment(text),
                Err(CalendarError::WrongWeekday),
                "{text}"
            );
        }
        for text in ["2026/06/31 18:05", "2026/02/30"] {
            assert_eq!(
                parse_moment(text),
                Err(CalendarError::DoesNotExist),
                "{text}"
            );
        }
        assert_eq!(
            parse_moment(&"2026/06/03 ".repeat(20)),
            Err(CalendarError::NotAMoment)
        );
    }

    #[test]
    fn what_is_named_counts_as_a_whole_and_today_as_far_as_it_has_come() {
        let until = |text: &str, now: &str| parse_moment(text).unwrap().last(utc(now));
        let point = |text: &str, now: &str| parse_moment(text).unwrap().point(utc(now));
        let later = "2026-06-05T00:00:00Z";
        for (text, last) in [
            ("2026/06/03", "2026-06-03T14:59:59.999999Z"),
            ("2026/06/03 18:05", "2026-06-03T09:05:59.999999Z"),
            ("2026/06/03 18:05:00", "2026-06-03T09:05:00Z"),
        ] {
            assert_eq!(until(text, later), Some(utc(last)), "{text}");
        }
        let noon = "2026-06-03T03:00:00Z";
        assert_eq!(until("2026/06/03", noon), Some(utc(noon)));
        let ahead = Some(utc("2026-06-04T14:59:59.999999Z"));
        assert_eq!(until("2026/06/04", noon), ahead);
        assert_eq!(until("12", noon), None);
        for (text, at) in [
            ("2026/06/03 12:00", noon),
            ("2026/06/03 12:00:00", noon),
            ("2026/06/03", noon),
            ("2026/06/02", "2026-06-02T15:00:00Z"),
            ("2026/06/04", "2026-06-04T15:00:00Z"),
        ] {
            assert_eq!(point(text, noon), Some(utc(at)), "{text}");
        }
        assert_eq!(point("12", noon), None);
    }
}
