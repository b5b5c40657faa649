//! Text as people type and count it (portal-ux section E): accept generously, store one form, never change a name.
//!
//! Codes, digits, dates, phone numbers, mail addresses and postal codes go through [`half_width`]; フリガナ through
//! [`katakana`]; names and free text are stored code point for code point, and only [`name_key`] folds them, for search.

mod kana;
mod name;
mod number;

pub use kana::{kana_key, katakana};
pub use name::{OLD_FORMS, is_variation_selector, name_key, new_form};
pub use number::{NumberError, parse_count, parse_number};

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

/// A character that cannot be stored: it has no form on paper, and not every database takes NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("control character U+{:04X} at position {position}", u32::from(*.character))]
pub struct Undecodable {
    /// The control character.
    pub character: char,
    /// Its place, from 1, counted as [`count`] counts.
    pub position: usize,
}

impl Undecodable {
    /// The sentence for the person who typed, with the name of the field.
    pub fn message(&self, label: &str) -> String {
        format!(
            "{label} の{}文字目に使用できない文字（U+{:04X}）が含まれています。この文字を削除してください。",
            self.position,
            u32::from(self.character)
        )
    }
}

/// The first control character (U+0000 to U+001F, DEL, C1) other than tab and line feed. A carriage return counts as
/// one: [`normalise_newlines`] comes first.
pub fn undecodable(text: &str) -> Option<Undecodable> {
    let (offset, character) = text
        .char_indices()
        .find(|(_, c)| c.is_control() && !matches!(c, '\t' | '\n'))?;
    let before = text.get(..offset).map_or(0, count);
    Some(Undecodable {
        character,
        position: before + 1,
    })
}

/// CRLF, which every browser form sends, and lone CR as LF.
pub fn normalise_newlines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
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
