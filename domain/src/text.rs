//! Text as people type and count it (portal-ux section E): accept generously, store one form, never change a name.
//!
//! Digits, dates and mail addresses go through [`half_width`]; codes, phone numbers and postal codes through [`code`]; フリガナ through
//! [`katakana`]; names and free text are stored code point for code point, and only [`name_key`] folds them, for search.

mod code;
mod kana;
mod mail;
mod name;
mod number;

pub use code::{CodeForm, code, code_key, is_rounded, unwrapped};
pub use kana::{kana_key, katakana};
pub use mail::{MailAddress, NotMailable, undressed};
pub use name::{OLD_FORMS, is_ignorable, is_variation_selector, name_key, name_keys, new_form};
pub use number::{NumberError, parse_count, parse_exported_number, parse_number, parse_yen};

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;

/// The dashes that stand for `-` between digits: 長音 (full and half width), ―, ‐, its non-breaking twin, −, –, —. A
/// Japanese keyboard makes the first of them, and NFKC leaves it (portal-ux section E, measured with 105ー0013).
/// The full-width － is ASCII folded and needs no place here.
const DASHES: [char; 8] = ['ー', 'ｰ', '―', '‐', '\u{2011}', '−', '–', '—'];

/// Characters as a person counts them: extended grapheme clusters, so that 葛󠄀 (with a variation selector), 𠮷, a kana
/// with combining dakuten and a family emoji are one each. A line end counts as one, also when it is CR and LF.
pub fn count(text: &str) -> usize {
    text.graphemes(true).count()
}

/// Code points in a character, as a person counts them, that a script, a variation selector or a family of emoji may need.
const CODE_POINTS: usize = 8;

/// Whether a text has more characters than that, as a person counts them. Marks without end on one letter are not one character more
/// to a person, but they are a longer text.
pub fn is_longer(text: &str, limit: usize) -> bool {
    // Bytes are the most that either can be.
    text.len() > limit
        && (count(text) > limit || text.chars().count() > limit.saturating_mul(CODE_POINTS))
}

/// Whether a character shows nowhere and turns what is around it (Unicode, UAX 9): embeddings, overrides, isolates and marks.
pub fn is_directional(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// The name of such a character, to be shown in its place: `［U+202E］`.
pub fn directional(c: char) -> Option<String> {
    is_directional(c).then(|| format!("［U+{:04X}］", u32::from(c)))
}

/// A text with every such character shown by its name.
pub fn show_directional(text: &str) -> Cow<'_, str> {
    if !text.contains(is_directional) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match directional(c) {
            Some(name) => shown.push_str(&name),
            None => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// The sentence for a text with more characters than its field takes, with the name of the field and how many they are; none when it
/// fits.
pub fn too_long(label: &str, text: &str, limit: usize) -> Option<String> {
    is_longer(text, limit).then(|| exceeding(label, count(text), limit))
}

/// The sentence for a text of that many characters.
pub(crate) fn exceeding(label: &str, length: usize, limit: usize) -> String {
    format!(
        "{label} は{}字以内で入力してください。（現在 {}字）",
        with_commas(limit),
        with_commas(length)
    )
}

/// 1040 → `1,040`
pub fn with_commas(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A character that cannot be stored: it has no form on paper, and not every database takes NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("control character U+{:04X} at position {position}", u32::from(*.character))]
pub struct Undecodable {
    /// The control character, or what is no character.
    pub character: char,
    /// Its place, from 1, counted as [`count`] counts.
    pub position: usize,
}

impl Undecodable {
    /// The sentence for the person who typed, with the name of the field. The character shows nowhere, so its neighbourhood is named.
    pub fn message(&self, label: &str) -> String {
        format!(
            "{label}に、表示されない特殊な文字（U+{:04X}）が含まれています。{}文字目の前後を入力し直してください。",
            u32::from(self.character),
            self.position,
        )
    }
}

/// Whether nothing is seen of a character: white space, control and format characters, fillers, and code points that are no characters.
pub fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || is_ignorable(c)
        || is_noncharacter(c)
        // Interlinear annotation, the place of an object, the blank pattern of Braille, and what joins hieroglyphs.
        || matches!(c, '\u{FFF9}'..='\u{FFFC}' | '\u{2800}' | '\u{13430}'..='\u{13440}')
}

/// Whether nothing is seen of a text. Every field that must be filled in is asked by this.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_unseen)
}

/// Whether a code point is no character, and never will be (Unicode, section 23.7).
fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{FDD0}'..='\u{FDEF}') || u32::from(c) & 0xFFFE == 0xFFFE
}

/// The first control character (U+0000 to U+001F, DEL, C1) other than tab and line feed, or code point that is no character. A carriage return counts as
/// one: [`normalise_newlines`] comes first.
pub fn undecodable(text: &str) -> Option<Undecodable> {
    let (offset, character) = text
        .char_indices()
        .find(|(_, c)| is_noncharacter(*c) || c.is_control() && !matches!(c, '\t' | '\n'))?;
    let before = text.get(..offset).map_or(0, count);
    Some(Undecodable {
        character,
        position: before + 1,
    })
}

/// Whether a character means only what one system says it does (外字, private use): it has no form on any other.
pub fn is_private_use(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{FFFFD}' | '\u{100000}'..='\u{10FFFD}')
}

/// Other characters that break a line: U+000B and U+000C, which word processors put into what is copied from them, NEL, and the
/// separators of lines and paragraphs (Unicode, UAX 14: BK and NL).
const LINE_BREAKS: [char; 5] = ['\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// CRLF, which every browser form sends, lone CR, and every other line break as LF.
pub fn normalise_newlines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') || text.contains(LINE_BREAKS) {
        Cow::Owned(
            text.replace("\r\n", "\n")
                .replace('\r', "\n")
                .replace(LINE_BREAKS, "\n"),
        )
    } else {
        Cow::Borrowed(text)
    }
}

/// The stored form of codes, digits, dates, phone numbers, mail addresses and postal codes: full-width ASCII and the
/// ideographic space as half width, any dash between two digits as `-`, no space at the ends. Never for names.
pub fn half_width(text: &str) -> String {
    let folded: Vec<char> = text.trim().chars().map(half_width_char).collect();
    folded
        .iter()
        .enumerate()
        .map(|(at, &c)| {
            let digit = |place: Option<usize>| {
                place
                    .and_then(|place| folded.get(place))
                    .is_some_and(char::is_ascii_digit)
            };
            if DASHES.contains(&c) && digit(at.checked_sub(1)) && digit(at.checked_add(1)) {
                '-'
            } else {
                c
            }
        })
        .collect()
}

/// One character of full-width ASCII, or the ideographic space, as half width; others as they are.
fn half_width_char(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        // The full-width forms stand in the order of ASCII, 0xFEE0 above it.
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        other => other,
    }
}

#[cfg(test)]
mod tests;
