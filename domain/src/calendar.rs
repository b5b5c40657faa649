//! Days, months and instants as Japanese forms write and read them (portal-ux section E, 日付 and 締切).
//!
//! A date is accepted in every form people type, stored in one, and shown with 西暦 first. There is no clock here and
//! no time zone database: Japan has had no daylight saving since 1951, so [`JST`] is a fixed offset.

mod boxes;
mod era;
mod exported;
mod fiscal_year;
mod jst;
mod moment;
mod year_month;

pub use boxes::{date_boxes, date_from_boxes};
pub use era::{ERAS, Era};
pub use exported::parse_exported_date;
pub use fiscal_year::FiscalYear;
pub use jst::{
    JST, days_left, jst_date, jst_instant, parse_jst_instant, show_days_left, show_deadline,
    show_jst_minutes, show_last_day, show_opening,
};
pub use moment::{AskedMoment, parse_moment};
pub use year_month::{YearMonth, parse_year, parse_year_month, show_year_month};

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use jiff::{
    Timestamp,
    civil::{Date, Weekday, date},
};

use crate::text::half_width;

/// The years that an application can mean: from 明治元年 on, and far enough that a slip of a digit shows.
pub const YEARS: RangeInclusive<i16> = 1868..=2200;

/// Why an entry is no date, year, month or instant. It never carries what was typed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Nothing was typed.
    #[error("the entry is empty")]
    Empty,
    /// One of the boxes of a date is empty: 年, 月 or 日.
    #[error("a part of the date is missing")]
    Missing(&'static str),
    /// Not in any accepted form.
    #[error("the entry is not a date")]
    NotADate,
    /// One or two digits for the year and no 元号: `8.7.4` may be 2008 or 令和8.
    #[error("the year of the date is ambiguous")]
    Ambiguous,
    /// A day that the calendar does not have: 2026/06/31.
    #[error("the date does not exist")]
    DoesNotExist,
    /// A day, month or year outside the 元号 that it is written with: 平成31年5月1日.
    #[error("the date is not in the era it is written with")]
    NotInEra(&'static Era),
    /// A year outside [`YEARS`].
    #[error("the year is out of range")]
    OutOfRange,
    /// The year box holds no year.
    #[error("the entry is not a year")]
    NotAYear,
    /// The year box holds one or two digits and no 元号.
    #[error("the year is ambiguous")]
    AmbiguousYear,
    /// The month box holds nothing from 1 to 12.
    #[error("the entry is not a month")]
    NotAMonth,
    /// The number by which Excel counts days, of a column that was not shown as dates when it was saved.
    #[error("the entry is the number that Excel keeps of a day")]
    ExcelSerial,
    /// The 曜日 beside it is that of another day.
    #[error("the weekday is not that of the date")]
    WrongWeekday,
    /// Not a minute of Japanese time in the form of the program files.
    #[error("the entry is not a minute of Japanese time")]
    NotAnInstant,
    /// No moment that somebody could ask about.
    #[error("the entry is no moment")]
    NotAMoment,
}

impl CalendarError {
    /// The sentence for the person who typed, with the name of the field; it says what to do (portal-ux section E,
    /// Tone). 必須入力 is in the manual's form.
    pub fn message(&self, label: &str) -> String {
        match self {
            Self::Empty => format!("{label} は必須入力です。"),
            Self::Missing(part) => format!("{label}の「{part}」を入力してください。"),
            Self::NotADate => format!("{label} は 2026/07/04 のように入力してください。"),
            Self::Ambiguous => format!(
                "{label} の年は西暦4桁で、2026/07/04 のように入力してください。和暦は R8.7.4 のように元号を付けてください。"
            ),
            Self::DoesNotExist => {
                format!("{label} は存在しない日付です。2026/07/04 のように入力してください。")
            }
            Self::NotInEra(era) => {
                let name = era.name;
                let first = show_date(era.first_day);
                let mut sentence = format!(
                    "{label} は{name}にはない日付です。{name}で入力できるのは {first} から"
                );
                if let Some(last) = era.last_day() {
                    let _infallible = write!(sentence, " {} まで", show_date(last));
                }
                sentence.push_str("です。元号をご確認いただくか、西暦で入力してください。");
                sentence
            }
            Self::OutOfRange => format!(
                "{label} は {}年から {}年までの間で入力してください。",
                YEARS.start(),
                YEARS.end()
            ),
            Self::NotAYear => {
                format!("{label} の年は 1998 または 平成10 のように入力してください。")
            }
            Self::AmbiguousYear => format!(
                "{label} の年は西暦4桁で、1998 のように入力してください。和暦は 平成10 のように元号を付けてください。"
            ),
            Self::NotAMonth => format!("{label} の月は 1 から 12 までの数字で入力してください。"),
            Self::ExcelSerial => format!(
                "{label} が日付ではなくExcelのシリアル値（日数を表す数値）になっています。Excelでこの列の表示形式を「日付」にしてから保存し直してください。"
            ),
            Self::WrongWeekday => {
                format!("{label} の曜日が日付と一致しません。日付と曜日をご確認ください。")
            }
            Self::NotAnInstant => {
                format!("{label} は 2026-04-25T00:00 のように入力してください。")
            }
            Self::NotAMoment => format!("{label} は 2026/06/03 18:05 のように入力してください。"),
        }
    }
}

/// Reads a date in any of the forms of portal-ux section E: `2026/7/4`, `2026-07-04`, `2026.7.4`, `20260704`,
/// `2026年7月4日`, `R8.7.4`, `令和8年7月4日`, `平成元年5月1日`; full-width characters, any dash between the numbers,
/// spaces beside a separator and the square 元号 (㋿) as well.
///
/// # Errors
///
/// [`CalendarError::Empty`], [`CalendarError::Missing`] for boxes of which some are empty, [`CalendarError::Ambiguous`] for a short year without 元号,
/// [`CalendarError::DoesNotExist`], [`CalendarError::NotInEra`], [`CalendarError::OutOfRange`] outside [`YEARS`], and
/// [`CalendarError::NotADate`] for everything else.
pub fn parse_date(text: &str) -> Result<Date, CalendarError> {
    let entry = folded(text);
    if entry.is_empty() {
        return Err(CalendarError::Empty);
    }
    if let Some(part) = boxes::missing(&entry) {
        return Err(CalendarError::Missing(part));
    }
    let (era, rest) = Era::at_start(&entry);
    let (year, rest) = take_year(rest, era);
    if era.is_none() && rest.is_empty() {
        return match (year.get(..4), year.get(4..6), year.get(6..)) {
            (Some(y), Some(m), Some(d)) if d.len() == 2 => written_date(None, y, m, d),
            (Some(_), Some(_), Some("")) => Err(CalendarError::Ambiguous),
            _ => Err(CalendarError::NotADate),
        };
    }
    let (month, day) = month_and_day(rest).ok_or(CalendarError::NotADate)?;
    written_date(era, year, month, day)
}

/// Before it nobody lives today who applies: 生年月日 and 医籍登録日.
pub const EARLIEST_OF_A_PERSON: Date = date(1900, 1, 1);

/// Before it the society has held no seminar and taken no fee.
pub const EARLIEST_OF_THE_SOCIETY: Date = date(1990, 1, 1);

/// The sentence for a day that something which has happened can not have had: before the earliest one, or still to come.
pub fn not_happened(label: &str, day: Date, earliest: Date, today: Date) -> Option<String> {
    (day < earliest || today < day).then(|| {
        format!(
            "{label} は {} から今日までの日付を入力してください。",
            show_date(earliest)
        )
    })
}

/// Reads the moment at which a deadline ends, in every form of [`parse_moment`]; a day alone ends it.
///
/// # Errors
///
/// Those of [`parse_moment`]; [`CalendarError::NotAMoment`] for a number.
pub fn parse_deadline(text: &str) -> Result<Timestamp, CalendarError> {
    let point = parse_moment(text)?.point(Timestamp::MIN);
    point.ok_or(CalendarError::NotAMoment)
}

/// The form in which dates are shown and typed back: `2026/06/03`.
pub fn show_date(date: Date) -> String {
    format!("{:04}/{:02}/{:02}", date.year(), date.month(), date.day())
}

/// 和暦: `平成11年5月10日`, with 元年 for the first year. Before 明治6年 Japan counted days by the moon, so such a date
/// is shown in 西暦 only.
pub fn wareki(date: Date) -> String {
    let year = Era::of(date).map_or_else(|| date.year().to_string(), |era| era.year_name(date));
    format!("{year}年{}月{}日", date.month(), date.day())
}

/// 西暦 with the year of the 元号 beside it, as certificates want it: `1999年5月10日（平成11年）`.
pub fn long_date(date: Date) -> String {
    let western = format!("{}年{}月{}日", date.year(), date.month(), date.day());
    match Era::of(date) {
        Some(era) => format!("{western}（{}年）", era.year_name(date)),
        None => western,
    }
}

/// 曜日, one character.
pub fn weekday(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "月",
        Weekday::Tuesday => "火",
        Weekday::Wednesday => "水",
        Weekday::Thursday => "木",
        Weekday::Friday => "金",
        Weekday::Saturday => "土",
        Weekday::Sunday => "日",
    }
}

/// One form for what can be typed: half width, dashes between digits as `-`, no space beside a sign, and the look-alikes
/// of 日 and 月 that copying out of a PDF produces (CJK radicals) as the characters themselves.
fn folded(text: &str) -> String {
    let entry = half_width(text);
    let mut without_spaces = String::with_capacity(entry.len());
    let mut rest = entry.chars().peekable();
    let mut previous_is_digit = false;
    while let Some(c) = rest.next() {
        // Only the last space between two numbers stays, so that they do not run together.
        let between_digits = previous_is_digit && rest.peek().is_some_and(char::is_ascii_digit);
        if c.is_whitespace() && !between_digits {
            continue;
        }
        previous_is_digit = c.is_ascii_digit();
        without_spaces.push(match c {
            '⽇' | '⽈' => '日',
            '⽉' => '月',
            other => other,
        });
    }
    half_width(&without_spaces)
}

/// The digits at the start, or 元 after a 元号 (as the digit 1).
fn take_year<'a>(text: &'a str, era: Option<&Era>) -> (&'a str, &'a str) {
    if era.is_some()
        && let Some(rest) = text.strip_prefix('元')
    {
        return ("1", rest);
    }
    take_digits(text)
}

fn take_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// Month and day after the year, between the same separators.
fn month_and_day(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let (between, last) = match first {
        '年' => ('月', "日"),
        '/' | '-' | '.' => (first, ""),
        _ => return None,
    };
    let (month, rest) = take_digits(text.strip_prefix(first)?);
    let (day, rest) = take_digits(rest.strip_prefix(between)?);
    let short = |number: &str| matches!(number.len(), 1 | 2);
    (rest == last && short(month) && short(day)).then_some((month, day))
}

fn written_date(
    era: Option<&'static Era>,
    year: &str,
    month: &str,
    day: &str,
) -> Result<Date, CalendarError> {
    let year = match written_year(era, year) {
        Err(CalendarError::NotAYear) => Err(CalendarError::NotADate),
        Err(CalendarError::AmbiguousYear) => Err(CalendarError::Ambiguous),
        other => other,
    }?;
    let month = month.parse().map_err(|_| CalendarError::NotADate)?;
    let day = day.parse().map_err(|_| CalendarError::NotADate)?;
    let date = Date::new(year, month, day).map_err(|_| CalendarError::DoesNotExist)?;
    match era {
        Some(era) if !era.overlaps(date, date) => Err(CalendarError::NotInEra(era)),
        _ => Ok(date),
    }
}

/// The 西暦 year of digits that stand alone or after a 元号. The era is checked to the year only.
fn written_year(era: Option<&'static Era>, digits: &str) -> Result<i16, CalendarError> {
    let year = match (era, digits.len()) {
        (None, 4) => digits.parse().map_err(|_| CalendarError::NotAYear)?,
        (None, 1 | 2) => return Err(CalendarError::AmbiguousYear),
        // Three digits: 令和182年 is 2200.
        (Some(era), 1..=3) => {
            let number: i16 = digits.parse().map_err(|_| CalendarError::NotAYear)?;
            era.western_year(number)
                .ok_or(CalendarError::NotInEra(era))?
        }
        _ => return Err(CalendarError::NotAYear),
    };
    if YEARS.contains(&year) {
        Ok(year)
    } else {
        Err(CalendarError::OutOfRange)
    }
}

#[cfg(test)]
mod tests;
