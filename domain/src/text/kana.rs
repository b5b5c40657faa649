//! フリガナ and the kana of bank files (portal-ux section E, フリガナ).

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::compose;

use super::{DASHES, half_width_char};

/// The stored form of フリガナ: hiragana and half-width kana as full-width katakana (ｶﾞ is one character, ガ), every run
/// of spaces as one full-width space, none at the ends. 長音 and small kana stay; so does whatever is no kana.
pub fn katakana(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    for c in text.trim().chars() {
        let c = full_width_kana(c);
        match c {
            '\u{3099}' | '゛' => voice(&mut out, '\u{3099}', '゛'),
            '\u{309A}' | '゜' => voice(&mut out, '\u{309A}', '゜'),
            c if c.is_whitespace() => {
                if out.last() != Some(&'\u{3000}') {
                    out.push('\u{3000}');
                }
            }
            c => out.push(c),
        }
    }
    out.into_iter().collect()
}

/// A key for comparing names written in kana. Bank files send ﾘﾝｼﾖｳ for リンショウ: small kana are enlarged, and spaces,
/// dashes, 長音 and ・ dropped; letters in half-width capitals.
pub fn kana_key(text: &str) -> String {
    katakana(text)
        .chars()
        .map(half_width_char)
        .filter(|c| !(c.is_whitespace() || matches!(c, '-' | '・') || DASHES.contains(c)))
        .map(|c| large_katakana(c).to_ascii_uppercase())
        .collect()
}

/// Kana as the full-width katakana of full size; everything else as it is.
pub(super) fn large_katakana(c: char) -> char {
    match full_width_kana(c) {
        'ァ' => 'ア',
        'ィ' => 'イ',
        'ゥ' => 'ウ',
        'ェ' => 'エ',
        'ォ' => 'オ',
        'ッ' => 'ツ',
        'ャ' => 'ヤ',
        'ュ' => 'ユ',
        'ョ' => 'ヨ',
        'ヮ' => 'ワ',
        'ヵ' => 'カ',
        'ヶ' => 'ケ',
        other => other,
    }
}

/// Joins a dakuten or handakuten with the kana before it; where there is none that takes it, the mark stands alone.
fn voice(out: &mut Vec<char>, combining: char, alone: char) {
    match out.last_mut() {
        Some(last) => match compose(*last, combining) {
            Some(voiced) => *last = voiced,
            None => out.push(alone),
        },
        None => out.push(alone),
    }
}

fn full_width_kana(c: char) -> char {
    match c {
        // ｡ to ﾟ: each has exactly one full-width form, the two marks a combining one.
        '｡'..='ﾟ' => std::iter::once(c).nfkc().next().unwrap_or(c),
        // ぁ to ゖ, ゝ, ゞ: katakana stand in the same order, 0x60 above.
        'ぁ'..='ゖ' | 'ゝ' | 'ゞ' => char::from_u32(u32::from(c) + 0x60).unwrap_or(c),
        other => other,
    }
}
