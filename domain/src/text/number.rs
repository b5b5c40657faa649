//! Whole numbers as people type them (portal-ux section E, 数字).

use super::{DASHES, half_width};

/// Why an entry is no whole number. It never carries what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Nothing was typed.
    #[error("the entry is empty")]
    Empty,
    /// No digits, or something beside them: 十, 10くらい, `1,00`.
    #[error("the entry is not a number")]
    NotANumber,
    /// Below zero.
    #[error("the number is negative")]
    Negative,
    /// With a decimal point.
    #[error("the number is not whole")]
    Fraction,
    /// More than 4,294,967,295.
    #[error("the number is too large")]
    TooLarge,
}

impl NumberError {
    /// The sentence for the person who typed, with the name of the field; it says what to do. 必須入力 is in the
    /// manual's form.
    pub fn message(self, label: &str) -> String {
        match self {
            Self::Empty => format!("{label} は必須入力です。"),
            Self::NotANumber => format!("{label} は 10 のように数字で入力してください。"),
            Self::Negative => format!("{label} は 0 以上の数字で入力してください。"),
            Self::Fraction => format!("{label} は小数を使わず、整数で入力してください。"),
            Self::TooLarge => {
                format!("{label} の数字が大きすぎます。ご確認のうえ、入力しなおしてください。")
            }
        }
    }
}

/// A whole number without unit. See [`parse_number`].
///
/// # Errors
///
/// Those of [`parse_number`].
pub fn parse_count(text: &str) -> Result<u32, NumberError> {
    parse_number(text, &[])
}

/// A whole number in half or full width, with or without commas between the thousands (`11,000`), and with at most one of
/// the given units behind it (10単位, 5件).
///
/// # Errors
///
/// [`NumberError::Empty`], [`NumberError::Negative`], [`NumberError::Fraction`], [`NumberError::TooLarge`] above
/// `u32::MAX`, and [`NumberError::NotANumber`] for everything else, 漢数字 among it.
pub fn parse_number(text: &str, suffixes: &[&str]) -> Result<u32, NumberError> {
    let entry = half_width(text);
    if entry.is_empty() {
        return Err(NumberError::Empty);
    }
    // The longest unit that fits, or 5か年 would keep its か under 年.
    let number = suffixes
        .iter()
        .filter_map(|suffix| entry.strip_suffix(half_width(suffix).as_str()))
        .min_by_key(|rest| rest.len())
        .unwrap_or(&entry)
        .trim_end();

    if let Some(digits) = whole(number) {
        return digits.parse().map_err(|_| NumberError::TooLarge);
    }
    if let Some(positive) = number
        .strip_prefix('-')
        .or_else(|| number.strip_prefix(DASHES))
        && positive.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(NumberError::Negative);
    }
    match number.split_once('.') {
        Some((whole_part, fraction))
            if whole(whole_part).is_some() && whole(fraction).is_some() =>
        {
            Err(NumberError::Fraction)
        }
        _ => Err(NumberError::NotANumber),
    }
}

/// The digits of a whole number, its commas checked and dropped.
fn whole(text: &str) -> Option<String> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if digits(text) {
        return Some(text.to_owned());
    }
    let mut groups = text.split(',');
    let first = groups.next()?;
    let grouped = digits(first) && first.len() <= 3 && groups.all(|g| g.len() == 3 && digits(g));
    grouped.then(|| text.replace(',', ""))
}
