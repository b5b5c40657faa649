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

/// A whole number of an export: as [`parse_number`], and with a fraction of nothing but zeros (`10.00`), as tables keep them.
///
/// # Errors
///
/// Those of [`parse_number`].
pub fn parse_exported_number(text: &str, suffixes: &[&str]) -> Result<u32, NumberError> {
    let entry = half_width(text);
    let number = suffixes
        .iter()
        .filter_map(|suffix| entry.strip_suffix(half_width(suffix).as_str()))
        .min_by_key(|rest| rest.len())
        .unwrap_or(&entry);
    parse_number(without_zeros(number.trim_end()), &[])
}

/// An amount in yen of an export: `11000`, `11,000円`, `¥11,000`, `￥11000-`, `\11,000`, `JPY 11000.00`.
///
/// # Errors
///
/// Those of [`parse_number`]; [`NumberError::Negative`] also for what bookkeeping writes as `▲11,000` or `(11,000)`.
pub fn parse_yen(text: &str) -> Result<u32, NumberError> {
    let entry = half_width(text).replace('￥', "¥");
    if entry.starts_with(['▲', '△']) || (entry.starts_with('(') && entry.ends_with(')')) {
        return Err(NumberError::Negative);
    }
    let (sign, unsigned) = entry
        .strip_prefix('-')
        .or_else(|| entry.strip_prefix(DASHES))
        .map_or(("", entry.as_str()), |rest| ("-", rest));
    // The yen sign stands in the place of the backslash in the character sets of Japan.
    let amount = unsigned
        .strip_prefix(['¥', '\\'])
        .or_else(|| unsigned.strip_prefix("JPY"))
        .unwrap_or(unsigned)
        .trim_start();
    let mut amount = amount;
    for unit in ["也", "円", "JPY", "yen"] {
        amount = without_end(amount, unit).unwrap_or(amount).trim_end();
    }
    // 11,000- is how an amount is closed so that nothing can be added.
    let closed = amount
        .strip_suffix('-')
        .or_else(|| amount.strip_suffix(DASHES))
        .unwrap_or(amount);
    let number = closed.strip_suffix('.').unwrap_or(closed);
    // 11.000 is eleven thousand to who parts thousands by a point; no currency keeps three places of yen.
    if number
        .split_once('.')
        .is_some_and(|(_, fraction)| fraction.len() > 2)
    {
        return Err(NumberError::Fraction);
    }
    parse_number(&format!("{sign}{}", without_zeros(number)), &[])
}

/// The text without a word at its end, in capitals or not.
fn without_end<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(word.len())?)?;
    end.eq_ignore_ascii_case(word).then_some(rest)
}

/// A number without a fraction that says nothing.
fn without_zeros(number: &str) -> &str {
    match number.split_once('.') {
        Some((whole, fraction))
            if whole.ends_with(|c: char| c.is_ascii_digit())
                && !fraction.is_empty()
                && fraction.bytes().all(|byte| byte == b'0') =>
        {
            whole
        }
        _ => number,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_understood_with_its_currency() {
        for text in [
            "11000",
            "11,000",
            "11,000円",
            "¥11,000",
            "￥11000",
            "￥１１，０００",
            "\\11,000",
            "11000.00",
            "¥11,000-",
            "¥11,000.-",
            "JPY 11,000",
            "11000 JPY",
            "11,000円也",
            " ¥ 11,000 ",
            "11,000.0円",
        ] {
            assert_eq!(parse_yen(text), Ok(11_000), "{text}");
        }
        for (text, error) in [
            ("-11,000", NumberError::Negative),
            ("-¥11,000", NumberError::Negative),
            ("¥-11,000", NumberError::Negative),
            ("▲11,000", NumberError::Negative),
            ("(11,000)", NumberError::Negative),
            ("11000.50", NumberError::Fraction),
            ("11.000", NumberError::Fraction),
            ("¥11.000", NumberError::Fraction),
            ("11000.0000", NumberError::Fraction),
            ("$11,000", NumberError::NotANumber),
            ("1,1000", NumberError::NotANumber),
            ("円", NumberError::Empty),
            ("", NumberError::Empty),
        ] {
            assert_eq!(parse_yen(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_fraction_of_zeros_says_nothing() {
        assert_eq!(parse_exported_number("10.0", &["単位"]), Ok(10));
        assert_eq!(parse_exported_number("10.00単位", &["単位"]), Ok(10));
        assert_eq!(
            parse_exported_number("10.5", &["単位"]),
            Err(NumberError::Fraction)
        );
        assert!(parse_exported_number("10.", &[]).is_err());
    }
}
