//! Two texts beside each other, character by character as a person counts them.

use similar::{ChangeTag, TextDiff};
use unicode_segmentation::UnicodeSegmentation as _;

/// Texts longer than this are shown whole, before and after: finding the differences of long texts that have nothing in common
/// takes long, and nobody could read them.
const LIMIT: usize = 3_000;

/// A piece of the text after, or of what is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Same(String),
    Gone(String),
    New(String),
}

/// The pieces in their order; none when the texts are better read one after the other.
pub(super) fn pieces(before: &str, after: &str) -> Option<Vec<Piece>> {
    if before.is_empty() || after.is_empty() || before.len() + after.len() > 2 * 3 * LIMIT {
        return None;
    }
    let split =
        |text: &'_ str| -> Vec<String> { text.graphemes(true).map(str::to_owned).collect() };
    let (old, new) = (split(before), split(after));
    let old: Vec<&str> = old.iter().map(String::as_str).collect();
    let new: Vec<&str> = new.iter().map(String::as_str).collect();
    let diff = TextDiff::from_slices(&old, &new);
    // What has next to nothing in common is two texts, not one that was changed.
    if diff.ratio() < 0.3 {
        return None;
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for change in diff.iter_all_changes() {
        let text = change.value();
        match (pieces.last_mut(), change.tag()) {
            (Some(Piece::Same(last)), ChangeTag::Equal)
            | (Some(Piece::Gone(last)), ChangeTag::Delete)
            | (Some(Piece::New(last)), ChangeTag::Insert) => last.push_str(text),
            (_, ChangeTag::Equal) => pieces.push(Piece::Same(text.to_owned())),
            (_, ChangeTag::Delete) => pieces.push(Piece::Gone(text.to_owned())),
            (_, ChangeTag::Insert) => pieces.push(Piece::New(text.to_owned())),
        }
    }
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_in_a_sentence_is_one_piece_and_a_variant_is_never_cut_from_its_character() {
        let pieces = pieces("葛\u{E0100}城病院に勤務", "葛城病院にて勤務").unwrap();
        assert_eq!(
            pieces,
            [
                Piece::Gone("葛\u{E0100}".to_owned()),
                Piece::New("葛".to_owned()),
                Piece::Same("城病院に".to_owned()),
                Piece::New("て".to_owned()),
                Piece::Same("勤務".to_owned()),
            ]
        );
    }

    #[test]
    fn texts_that_have_nothing_in_common_and_very_long_ones_are_not_mixed() {
        assert_eq!(pieces("あいうえお", "12345"), None);
        assert_eq!(pieces("", "新しい"), None);
        assert_eq!(pieces(&"字".repeat(9_000), &"字".repeat(9_001)), None);
    }
}
