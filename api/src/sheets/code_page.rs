//! Texts in CP932, the `Shift_JIS` of Windows (portal-ux section E, CP932 writer).
//!
//! `encoding_rs` writes what it does not have as `&#12316;`, as forms of the web do. In a file that is damage, so everything is replaced
//! here before it gets there, and every replacement that a reader could notice is reported.

use std::borrow::Cow;

use domain::text::{is_ignorable, new_form};
use encoding_rs::SHIFT_JIS;
use unicode_normalization::{
    UnicodeNormalization as _,
    char::{canonical_combining_class, compose},
};

use super::losses::What;

/// 下駄: what printers put where they have no type.
const GETA: char = '〓';

/// The character by which CP932 writes the same sign, for those that people and other systems type in its place.
fn twin(character: char) -> char {
    match character {
        // 〜 of a Mac, ～ of Windows.
        '\u{301C}' => '\u{FF5E}',
        // – and —, which have one place in CP932: ―.
        '\u{2013}' | '\u{2014}' => '\u{2015}',
        // The hyphen that does not break.
        '\u{2011}' => '\u{2010}',
        // ‖
        '\u{2016}' => '\u{2225}',
        // ¢ £ ¬
        '\u{00A2}' => '\u{FFE0}',
        '\u{00A3}' => '\u{FFE1}',
        '\u{00AC}' => '\u{FFE2}',
        // ¥ and ‾ would be written as the bytes of \ and ~.
        '\u{00A5}' => '\u{FFE5}',
        '\u{203E}' => '\u{FFE3}',
        // The micro sign, for which Japanese keyboards type the Greek letter.
        '\u{00B5}' => '\u{03BC}',
        // The space of Word that does not break.
        '\u{00A0}' => ' ',
        other => other,
    }
}

fn has(character: char) -> bool {
    let mut buffer = [0; 4];
    let (_, _, lost) = SHIFT_JIS.encode(character.encode_utf8(&mut buffer));
    !lost
}

/// What stands in the place of a character that CP932 does not have: its 新字体, that of the character of which it is a compatibility
/// form, or 〓. Not what NFKC makes of it: ² is not 2.
fn substitute(character: char) -> char {
    let canonical = std::iter::once(character).nfc().next();
    [character, canonical.unwrap_or(character)]
        .into_iter()
        .map(new_form)
        .find(|form| has(*form))
        .unwrap_or(GETA)
}

/// A text in the characters of CP932; what is lost is told in order.
fn in_its_characters(text: &str, mut lost: impl FnMut(What)) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().map(twin).peekable();
    while let Some(mut character) = rest.next() {
        // か with a mark of its own is が, in another spelling.
        while let Some(joined) = rest
            .peek()
            .filter(|mark| canonical_combining_class(**mark) != 0)
            .and_then(|mark| compose(character, *mark))
        {
            character = joined;
            rest.next();
        }
        if is_ignorable(character) {
            lost(What::character(character, ""));
        } else if has(character) {
            out.push(character);
        } else {
            let instead = substitute(character);
            lost(What::character(character, instead.encode_utf8(&mut [0; 4])));
            out.push(instead);
        }
    }
    out
}

/// The bytes of a text; what is lost is told in order.
pub(super) fn written(text: &str, lost: impl FnMut(What)) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        return text.as_bytes().into();
    }
    let (bytes, _, unmappable) = SHIFT_JIS.encode(text);
    // Those two are mapped, and wrongly.
    if !unmappable && !text.contains(['\u{00A5}', '\u{203E}']) {
        return bytes;
    }
    let text = in_its_characters(text, lost);
    SHIFT_JIS.encode(&text).0.into_owned().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a text is read back as, and what was lost: character and what stands for it.
    fn read_back(text: &str) -> (String, Vec<(char, String)>) {
        let mut losses = Vec::new();
        let bytes = written(text, |what| losses.push(what)).into_owned();
        let (read, broken) = SHIFT_JIS.decode_without_bom_handling(&bytes);
        assert!(!broken, "{text:?} was written as nonsense");
        let losses = losses.into_iter().filter_map(|what| match what {
            What::Character {
                character, instead, ..
            } => Some((character, instead)),
            What::Cut { .. } => None,
        });
        (read.into_owned(), losses.collect())
    }

    #[test]
    fn a_sign_that_cp932_has_under_another_number_is_written_so_and_is_no_loss() {
        for (given, read) in [
            ("10〜20", "10～20"),
            ("a\u{2014}b\u{2013}c", "a―b―c"),
            ("\u{2011}", "\u{2010}"),
            ("\u{2016}", "∥"),
            ("¢£¬", "￠￡￢"),
            ("¥1,000", "￥1,000"),
            ("\u{203E}", "￣"),
            ("5\u{B5}g", "5μg"),
            ("a\u{A0}b", "a b"),
            // The encoder's own.
            ("\u{2212}1", "－1"),
            ("か\u{3099}は\u{309A}", "がぱ"),
        ] {
            assert_eq!(read_back(given), (read.to_owned(), vec![]), "{given:?}");
        }
    }

    #[test]
    fn the_characters_of_windows_are_written_as_they_are() {
        for text in ["髙﨑①㈱", "臨床　瘍子", "ｻﾄｳ", "神福德", "\\~"] {
            assert_eq!(read_back(text), (text.to_owned(), vec![]));
        }
    }

    #[test]
    fn a_character_that_cp932_lacks_is_its_new_form_or_a_geta_and_is_reported() {
        for (given, read, losses) in [
            ("𠮷野", "吉野", vec![('𠮷', "吉")]),
            ("葛\u{E0100}飾", "葛飾", vec![('\u{E0100}', "")]),
            // Nobody sees it, so nothing is seen in its place.
            ("太郎\u{200B}", "太郎", vec![('\u{200B}', "")]),
            // Radicals, as copying out of a PDF gives them.
            ("⻑⾕川", "長谷川", vec![('⻑', "長"), ('⾕', "谷")]),
            ("⾼", "高", vec![('⾼', "高")]),
            // A compatibility form that Windows does not have.
            ("\u{F92C}", "郎", vec![('\u{F92C}', "郎")]),
            ("é", "〓", vec![('é', "〓")]),
            ("e\u{301}", "〓", vec![('é', "〓")]),
            ("10²", "10〓", vec![('²', "〓")]),
            ("👩", "〓", vec![('👩', "〓")]),
            ("\u{E000}", "〓", vec![('\u{E000}', "〓")]),
        ] {
            let (text, lost) = read_back(given);
            let lost: Vec<_> = lost.iter().map(|(c, s)| (*c, s.as_str())).collect();
            assert_eq!((text.as_str(), lost), (read, losses), "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_written_as_a_reference_and_only_what_is_reported_changes(
            text in prop::collection::vec(prop_oneof![
                any::<char>(), prop::sample::select("髙﨑𠮷葛①㈱〜—é¥‾邉\u{E0100}\u{3099}か".chars().collect::<Vec<_>>())
            ], 0..20)
        ) {
            let text: String = text.into_iter().filter(|c| *c != '&').collect();
            let (read, lost) = read_back(&text);
            prop_assert!(!read.contains("&#"));
            if lost.is_empty() {
                let same = |text: &str| text.chars().map(twin).map(|c| if c == '\u{2212}' { '\u{FF0D}' } else { c }).collect::<String>().nfc().collect::<String>();
                prop_assert_eq!(same(&read), same(&text));
            }
        }
    }
}
