//! 年月 in two boxes, as 卒業年月 asks for it.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{CalendarError, Era, YEARS, folded, take_year, written_year};
use crate::text::half_width;

/// A month of a year, written `2020-07`. What [`YearMonth::new`], the two parsers and deserialization give is a real
/// month of a year in [`YEARS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct YearMonth {
    /// 西暦.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
}

impl YearMonth {
    /// The month of a year.
    ///
    /// # Errors
    ///
    /// [`CalendarError::OutOfRange`] for a year outside [`YEARS`], [`CalendarError::NotAMonth`] for a month outside 1
    /// to 12.
    pub fn new(year: i16, month: i8) -> Result<Self, CalendarError> {
        if !YEARS.contains(&year) {
            return Err(CalendarError::OutOfRange);
        }
        if !(1..=12).contains(&month) {
            return Err(CalendarError::NotAMonth);
        }
        Ok(Self { year, month })
    }

    /// The month that a day lies in.
    pub fn of(date: Date) -> Self {
        Self {
            year: date.year(),
            month: date.month(),
        }
    }

    /// The first day of the month. Fields put together by hand that are no month of the calendar give the first day of
    /// the calendar.
    pub fn first_day(self) -> Date {
        Date::new(self.year, self.month, 1).unwrap_or(Date::MIN)
    }

    /// The last day of the month; the same remark holds.
    pub fn last_day(self) -> Date {
        self.first_day().last_of_month()
    }

    /// Months from this one to `other`; negative when `other` is earlier.
    pub fn months_until(self, other: Self) -> i32 {
        let number = |at: Self| i32::from(at.year) * 12 + i32::from(at.month);
        number(other) - number(self)
    }
}

/// 西暦 with the year of the 元号 beside it: `1998年3月（平成10年）`. A month in which a 元号 begins goes by its last day.
pub fn show_year_month(at: YearMonth) -> String {
    let western = format!("{}年{}月", at.year, at.month);
    let day = at.last_day();
    match Era::of(day) {
        Some(era) => format!("{western}（{}年）", era.year_name(day)),
        None => western,
    }
}

impl fmt::Display for YearMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl From<YearMonth> for String {
    fn from(value: YearMonth) -> Self {
        value.to_string()
    }
}

/// Reads the stored form only; what people type goes through [`parse_year_month`].
impl TryFrom<String> for YearMonth {
    type Error = CalendarError;

    fn try_from(text: String) -> Result<Self, CalendarError> {
        let digits =
            |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        match text.split_once('-') {
            Some((year, month)) if digits(year, 4) && digits(month, 2) => Self::new(
                year.parse().map_err(|_| CalendarError::NotAYear)?,
                month.parse().map_err(|_| CalendarError::NotAMonth)?,
            ),
            _ => Err(CalendarError::NotAYear),
        }
    }
}

/// Reads the year box: `2026`, `平成10`, `H10`, `令和元`, each with or without 年, half or full width.
///
/// # Errors
///
/// [`CalendarError::Empty`], [`CalendarError::AmbiguousYear`] for one or two digits without 元号,
/// [`CalendarError::NotInEra`], [`CalendarError::OutOfRange`], else [`CalendarError::NotAYear`].
pub fn parse_year(text: &str) -> Result<i16, CalendarError> {
    year_with_era(text).map(|(year, _)| year)
}

/// Reads a year box and a month box; the month with or without 月. A month in which the 元号 did not exist
/// (昭和64年2月) is refused like such a day.
///
/// # Errors
///
/// Those of [`parse_year`], then [`CalendarError::Empty`] and [`CalendarError::NotAMonth`] of the month box, then
/// [`CalendarError::NotInEra`].
pub fn parse_year_month(year_text: &str, month_text: &str) -> Result<YearMonth, CalendarError> {
    let (year, era) = year_with_era(year_text)?;
    let month = half_width(month_text);
    if month.is_empty() {
        return Err(CalendarError::Empty);
    }
    let digits = month.strip_suffix('月').unwrap_or(&month).trim_end();
    if !(matches!(digits.len(), 1 | 2) && digits.bytes().all(|b| b.is_ascii_digit())) {
        return Err(CalendarError::NotAMonth);
    }
    let number = digits.parse().map_err(|_| CalendarError::NotAMonth)?;
    let at = YearMonth::new(year, number)?;
    match era {
        Some(era) if !era.overlaps(at.first_day(), at.last_day()) => {
            Err(CalendarError::NotInEra(era))
        }
        _ => Ok(at),
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for YearMonth {}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for YearMonth {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(r"^\d{4}-(0[1-9]|1[0-2])$"))
            .examples(["2020-07"])
            .build()
            .into()
    }
}

fn year_with_era(text: &str) -> Result<(i16, Option<&'static Era>), CalendarError> {
    let entry = folded(text);
    if entry.is_empty() {
        return Err(CalendarError::Empty);
    }
    let (era, rest) = Era::at_start(&entry);
    let (digits, rest) = take_year(rest, era);
    if !matches!(rest, "" | "年") {
        return Err(CalendarError::NotAYear);
    }
    written_year(era, digits).map(|year| (year, era))
}
