//! Codes as other programs write them: what is only dressed up is undressed, and a code of another form is told from one of its own.

use super::{half_width, is_ignorable, with_commas};

/// What databases and programs write where there is nothing. `Null` is a family name, and stays.
const NOTHING: [&str; 12] = [
    "NULL", "null", "(NULL)", "(null)", "<NULL>", "<null>", "[NULL]", "[null]", "\\N", "NaN",
    "nan", "None",
];

/// A value without what only says to a spreadsheet that it is text (`="0500777"`), and nothing for what a database writes in the place of
/// nothing (`NULL`, `\N`). For every column, also of free text.
pub fn unwrapped(text: &str) -> &str {
    let trimmed = text.trim();
    if NOTHING.contains(&trimmed) {
        return "";
    }
    let inside = trimmed
        .strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'));
    inside
        .filter(|inside| !inside.contains('"'))
        .unwrap_or(text)
}

/// The stored form of a code: half width, leading zeros kept, without signs that nobody sees, and without what programs and people put
/// around it: `="0500777"`, `'0500777`, `500777.0`, `468,310`, `第468310号`, `No.468310`, `〒060-0001`.
pub fn code(text: &str) -> String {
    let visible: String = unwrapped(text)
        .chars()
        .filter(|c| !is_ignorable(*c))
        .collect();
    let mut code = half_width(&visible);
    loop {
        let bare = undressed_once(&code);
        if bare == code {
            return code;
        }
        code = bare;
    }
}

fn undressed_once(code: &str) -> String {
    let text = unwrapped(code).trim();
    for (open, close) in [('"', '"'), ('\'', '\''), ('「', '」')] {
        let inside = text
            .strip_prefix(open)
            .and_then(|it| it.strip_suffix(close));
        if let Some(inside) = inside.filter(|inside| !inside.contains([open, close])) {
            return inside.to_owned();
        }
    }
    // The sign by which a spreadsheet knows a number as text, and the postal mark.
    if let Some(rest) = text.strip_prefix(['\'', '’', '〒']) {
        return rest.to_owned();
    }
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    if let Some(rest) = text.strip_suffix('号') {
        let rest = rest.strip_prefix('第').unwrap_or(rest).trim();
        if !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return rest.to_owned();
        }
    }
    for mark in ["No.", "NO.", "no.", "№", "#"] {
        if let Some(rest) = text.strip_prefix(mark).map(str::trim)
            && is_number(rest)
        {
            return rest.to_owned();
        }
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((whole, zeros)) = text.split_once('.')
        && digits(whole)
        && !zeros.is_empty()
        && zeros.bytes().all(|byte| byte == b'0')
    {
        return whole.to_owned();
    }
    let bare = text.replace(',', "");
    if let Ok(number) = bare.parse::<usize>()
        && digits(&bare)
        && bare != text
        && with_commas(number) == text
    {
        return bare;
    }
    text.to_owned()
}

/// Whether a code is a number that a spreadsheet has rounded (`8.45E+06`): what it was nobody can tell any more.
pub fn is_rounded(code: &str) -> bool {
    let Some((digits, power)) = code.split_once(['E', 'e']) else {
        return false;
    };
    let power = power.strip_prefix(['+', '-']);
    let is_power = power.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()));
    is_power
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// The same for every way of writing one code: its letters and digits, without the zeros at its front.
pub fn code_key(text: &str) -> String {
    let code = code(text);
    let significant = code.chars().filter(|c| c.is_alphanumeric());
    let key: String = significant.flat_map(char::to_uppercase).collect();
    key.trim_start_matches('0').to_owned()
}

/// What a code is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeForm {
    /// Digits alone: 医籍登録番号.
    Digits,
    /// Letters, digits and hyphens: 認定番号.
    Letters,
    /// Digits with what stands between them: 電話, FAX.
    Phone,
    /// Seven digits: 郵便番号.
    Postal,
}

/// What is written beside the digits of a telephone.
const EXTENSIONS: [&str; 6] = ["内線", "代表", "直通", "(代)", "ext.", "ext"];

impl CodeForm {
    /// What a code of this form is made of, for the person who looks at one that is not.
    pub fn label(self) -> &'static str {
        match self {
            Self::Digits => "数字だけの番号",
            Self::Letters => "半角の英数字とハイフンの番号",
            Self::Phone => "電話番号（数字・ハイフン・かっこ・＋）",
            Self::Postal => "7桁の郵便番号",
        }
    }

    /// Whether a code, undressed by [`code`], can be one of this form. Nothing is no wrong code.
    pub fn fits(self, code: &str) -> bool {
        if code.is_empty() {
            return true;
        }
        let digits = code.bytes().filter(u8::is_ascii_digit).count();
        match self {
            Self::Digits => digits == code.len(),
            Self::Letters => {
                digits > 0 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            }
            Self::Phone => {
                let mut number = code.to_owned();
                for word in EXTENSIONS {
                    number = number.replace(word, "");
                }
                digits > 0
                    && number
                        .chars()
                        .all(|c| c.is_ascii_digit() || "-()+ ".contains(c))
            }
            Self::Postal => {
                let parts = code.split_once('-');
                digits == 7
                    && (code.len() == 7
                        || parts.is_some_and(|(area, town)| area.len() == 3 && town.len() == 4))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_code_is_only_dressed_in_is_taken_off() {
        for (text, bare) in [
            ("=\"0500777\"", "0500777"),
            ("'0500777", "0500777"),
            ("\"0500777\"", "0500777"),
            ("500777.0", "500777"),
            ("500777.00", "500777"),
            ("468,310", "468310"),
            ("第468310号", "468310"),
            ("第　４６８３１０　号", "468310"),
            ("No.468310", "468310"),
            ("〒060-0001", "060-0001"),
            ("〒０６０－０００１", "060-0001"),
            ("=\"011-222-3333\"", "011-222-3333"),
            ("05\u{200B}00777\u{FEFF}", "0500777"),
            ("NULL", ""),
            ("(null)", ""),
            ("\\N", ""),
            ("=\"NULL\"", ""),
            ("T1", "T1"),
            ("Ｔ１", "T1"),
            ("TX-20260603-0001", "TX-20260603-0001"),
            ("1.5", "1.5"),
            ("12,34", "12,34"),
            ("内科 第1号棟", "内科 第1号棟"),
            ("=A1+1", "=A1+1"),
        ] {
            assert_eq!(code(text), bare, "{text}");
        }
    }

    #[test]
    fn free_text_loses_only_what_stands_for_nothing_or_for_a_text() {
        for (text, bare) in [
            ("NULL", ""),
            (" \\N ", ""),
            ("(null)", ""),
            ("=\"札幌市\"", "札幌市"),
            (" 髙﨑　神 ", " 髙﨑　神 "),
            ("Null Taro", "Null Taro"),
            ("Null", "Null"),
            ("第3号館", "第3号館"),
        ] {
            assert_eq!(unwrapped(text), bare, "{text}");
        }
    }

    #[test]
    fn a_rounded_number_is_known() {
        for (code, rounded) in [
            ("8.45E+06", true),
            ("1E+15", true),
            ("1.12e+09", true),
            ("ES38A", false),
            ("ES2024B", false),
            ("1E5", false),
            ("TX-2026E", false),
            ("", false),
        ] {
            assert_eq!(is_rounded(code), rounded, "{code}");
        }
    }

    #[test]
    fn a_code_is_the_same_however_it_is_written() {
        for same in [
            "468310",
            "0468310",
            "468310.0",
            "468,310",
            "第468310号",
            "４６８３１０",
        ] {
            assert_eq!(code_key(same), "468310", "{same}");
        }
        assert_eq!(code_key("060-0001"), code_key("〒600001"));
        assert_ne!(code_key("468310"), code_key("468311"));
    }

    #[test]
    fn a_code_of_another_form_is_told_from_one_of_its_own() {
        use CodeForm::{Digits, Letters, Phone, Postal};
        for (form, code, fits) in [
            (Digits, "468310", true),
            (Digits, "0468310", true),
            (Digits, "A468310", false),
            (Digits, "468310(再)", false),
            (Letters, "0500777", true),
            (Letters, "A-0500777", true),
            (Letters, "=A1", false),
            (Letters, "申請中", false),
            (Phone, "011-222-3333", true),
            (Phone, "+81 11 222 3333", true),
            (Phone, "(011)222-3333 内線12", true),
            (Phone, "1.12", false),
            (Phone, "なし", false),
            (Phone, "-", false),
            (Postal, "060-0001", true),
            (Postal, "0600001", true),
            (Postal, "600001", false),
            (Postal, "06-00001", false),
            (Postal, "札幌", false),
            (Postal, "", true),
        ] {
            assert_eq!(form.fits(code), fits, "{form:?} {code}");
        }
    }
}
