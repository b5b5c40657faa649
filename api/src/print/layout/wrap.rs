//! Lines: where Japanese text may break (禁則), and where it must.

use super::super::font::{Glyph, shape};

/// Characters that never begin a line (行頭禁則): closing brackets, commas and full stops, small kana, iteration marks, 長音,
/// and what belongs to the figure before it.
const NOT_AT_START: &str = "、。，．・：；？！‼⁇⁈⁉゛゜´｀¨ヽヾゝゞ〃々〻ー）］｝〕〉》」』】〙〗〟｠’”»‐゠–〜～\
ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ\
｡､･ｰｧｨｩｪｫｬｭｮｯﾞﾟ｣,.:;?!)]}>%％‰℃°′″℉㏄㎎㎏㎝㎞㎡〞‥…";

/// Characters that never end a line (行末禁則): opening brackets, and what belongs to the figure after it.
const NOT_AT_END: &str = "（［｛〔〈《「『【〘〖〝｟‘“«｢([{<￥＄￡#＃№〒";

/// Characters of which two in a row are one sign (分離禁止): dashes and dots.
const INSEPARABLE: &str = "―—…‥";

/// Marks after which an address or a long word is cut, when it must be.
const CUT_AFTER: &str = "/-_.@?&=,:;#+~";

/// How willingly a line ends at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Break {
    /// Between the parts of one character.
    Never,
    /// Against 禁則: only where nothing else is left (a cell narrower than a run of small kana).
    Forced,
    /// In the middle of a word that is longer than a line.
    Word,
    /// The same, after a mark.
    Mark,
    /// Where the reader expects it.
    Free,
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Line<'a> {
    /// Its text, with the blanks at its end; without the line feed of the member.
    pub text: &'a str,
    /// Its width in em, without the blanks at its end.
    pub em: f32,
}

/// Whether a blank may hang over the end of a line.
fn is_blank(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(
            c,
            ' ' | '\u{3000}' | '\t' | '\u{2002}'..='\u{200A}' | '\u{200B}'
        )
    })
}

/// Whether a character is part of a word that stays together: letters and figures of the West, and the marks inside
/// addresses and numbers. Ideographs and kana are words of their own; so are full-width letters.
fn is_western(c: char) -> bool {
    matches!(c, '!'..='~' | '\u{A1}'..='\u{2AF}' | '\u{370}'..='\u{52F}' | '\u{1E00}'..='\u{1FFF}' | '\u{2010}'..='\u{2013}' | '’' | '\u{2044}')
}

fn is(set: &str, c: char) -> bool {
    // Most characters are ideographs, and none of those is in a set.
    !matches!(c, '\u{4E00}'..='\u{9FFF}') && set.contains(c)
}

/// How willingly a line ends between two neighbours.
fn between(before: &str, after: &Glyph, after_text: &str) -> Break {
    if after.joined {
        return Break::Never;
    }
    let last = before.chars().next().unwrap_or(' ');
    let next = after_text.chars().next().unwrap_or(' ');
    if last == '\u{200B}' {
        return Break::Free;
    }
    // No-break spaces and word joiners hold on to both sides.
    if [last, next]
        .iter()
        .any(|c| matches!(c, '\u{A0}' | '\u{202F}' | '\u{2060}' | '\u{FEFF}'))
    {
        return Break::Forced;
    }
    // Blanks stay at the end of the line before.
    if is_blank(after_text) {
        return Break::Forced;
    }
    if is(NOT_AT_START, next)
        || is(NOT_AT_END, last)
        || (last == next && INSEPARABLE.contains(last))
    {
        return Break::Forced;
    }
    if is_western(last) && is_western(next) {
        return if CUT_AFTER.contains(last) {
            Break::Mark
        } else {
            Break::Word
        };
    }
    Break::Free
}

/// The lines of a text at a measure of `max_em`: the member's own line breaks, then 禁則 within each. An empty text is one
/// empty line. Every line but an empty one of the member's holds at least one character, however narrow the measure is.
pub(crate) fn wrap(text: &str, max_em: f32) -> Vec<Line<'_>> {
    // U+2028 and U+2029 are what some word processors leave for a line's end.
    text.split(['\n', '\u{2028}', '\u{2029}'])
        .flat_map(|paragraph| wrap_paragraph(paragraph, max_em))
        .collect()
}

fn wrap_paragraph(text: &str, max_em: f32) -> Vec<Line<'_>> {
    let glyphs = shape(text).glyphs;
    let piece = |at: usize| &text[glyphs[at].start..glyphs[at].end];
    let mut lines = Vec::new();
    let mut first = 0;
    while first < glyphs.len() {
        let end = line_end(&glyphs, &piece, first, max_em);
        lines.push(line(text, &glyphs, &piece, first, end));
        first = end;
    }
    if lines.is_empty() {
        lines.push(Line { text, em: 0.0 });
    }
    lines
}

/// Sums of thousandths of an em leave a rest in the last place, which must not push a character that fits exactly.
const TOLERANCE: f32 = 1e-3;

/// Where a line that begins at `first` ends: the last of the most welcome places up to which it fits.
fn line_end<'a>(
    glyphs: &[Glyph],
    piece: &impl Fn(usize) -> &'a str,
    first: usize,
    max_em: f32,
) -> usize {
    let mut width = 0.0;
    let mut best: Option<(Break, usize)> = None;
    for at in first..glyphs.len() {
        if at > first {
            let place = between(piece(at - 1), &glyphs[at], piece(at));
            // Later is better among equals, and a welcome place is better than a later one.
            if place > Break::Never && best.is_none_or(|(found, _)| place >= found) {
                best = Some((place, at));
            }
        }
        if is_blank(piece(at)) && at > first {
            // It hangs over the end if it must.
            width += glyphs[at].em;
            continue;
        }
        width += glyphs[at].em;
        if width > max_em + TOLERANCE && at > first {
            return match best {
                Some((_, place)) => place,
                // One character of several glyphs, wider than the line: it goes on to its own end.
                None => (at + 1..glyphs.len())
                    .find(|&next| !glyphs[next].joined)
                    .unwrap_or(glyphs.len()),
            };
        }
    }
    glyphs.len()
}

fn line<'a>(
    text: &'a str,
    glyphs: &[Glyph],
    piece: &impl Fn(usize) -> &'a str,
    first: usize,
    end: usize,
) -> Line<'a> {
    let mut visible = end;
    while visible > first && is_blank(piece(visible - 1)) {
        visible -= 1;
    }
    Line {
        text: &text[glyphs[first].start..glyphs[end - 1].end],
        em: glyphs[first..visible].iter().map(|glyph| glyph.em).sum(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str, em: f32) -> Vec<&str> {
        wrap(text, em).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn commas_full_stops_and_small_kana_do_not_begin_a_line() {
        assert_eq!(
            lines("治療を行った。研究を、した", 5.0),
            ["治療を行っ", "た。研究", "を、した"]
        );
        assert_eq!(lines("がん薬物療法、研究", 6.0), ["がん薬物療", "法、研究"]);
        assert_eq!(lines("ファースト", 3.0), ["ファー", "スト"]);
    }

    #[test]
    fn opening_brackets_do_not_end_a_line() {
        assert_eq!(lines("第一回（札幌）", 4.0), ["第一回", "（札幌）"]);
        assert_eq!(lines("彼は「はい」と", 3.0), ["彼は", "「は", "い」と"]);
    }

    #[test]
    fn dashes_in_pairs_are_not_parted() {
        assert_eq!(lines("あいう――えお", 4.0), ["あいう", "――えお"]);
    }

    #[test]
    fn words_and_numbers_stay_whole_and_blanks_hang() {
        assert_eq!(
            lines("Journal of Clinical Oncology", 8.0),
            ["Journal of ", "Clinical ", "Oncology"]
        );
        assert_eq!(
            lines("東京都港区浜松町 2-1-15", 8.0),
            ["東京都港区浜松町 ", "2-1-15"]
        );
    }

    #[test]
    fn a_word_longer_than_the_line_is_cut_after_a_mark_if_it_has_one() {
        assert_eq!(
            lines("https://example.jp/abcdef/ghi", 7.0),
            ["https://", "example.jp/", "abcdef/ghi"]
        );
        let cut = lines("Pneumonoultramicroscopicsilicovolcanoconiosis", 6.0);
        assert!(cut.len() > 2);
        assert!(cut.iter().all(|line| shape(line).em() <= 6.0));
    }

    #[test]
    fn the_members_line_breaks_are_kept_and_so_are_empty_lines() {
        assert_eq!(lines("一\n\n　二\n", 10.0), ["一", "", "　二", ""]);
        assert_eq!(lines("", 10.0), [""]);
        assert_eq!(lines("一\u{2028}二", 10.0), ["一", "二"]);
    }

    #[test]
    fn a_character_is_never_parted() {
        assert_eq!(lines("葛\u{E0100}葛\u{E0100}", 1.0), ["葛\u{E0100}"; 2]);
        assert_eq!(lines("ｶﾞｷﾞ", 1.0), ["ｶﾞ", "ｷﾞ"]);
        assert_eq!(lines("ｶﾞｷﾞ", 0.1), ["ｶﾞ", "ｷﾞ"]);
    }

    #[test]
    fn a_no_break_space_does_not_break() {
        assert_eq!(lines("Dr.\u{A0}A B", 3.0), ["Dr.\u{A0}A ", "B"]);
    }

    /// What people type, with the characters that break badly more often than people type them.
    fn typed() -> impl Strategy<Value = String> {
        let kind = prop_oneof![
            6 => prop::char::range('ぁ', 'ん').prop_map(String::from),
            6 => prop::char::range('一', '三').prop_map(String::from),
            4 => prop::sample::select(NOT_AT_START.chars().collect::<Vec<_>>()).prop_map(String::from),
            4 => prop::sample::select(NOT_AT_END.chars().collect::<Vec<_>>()).prop_map(String::from),
            4 => "[A-Za-z0-9]{1,12}".prop_map(String::from),
            2 => prop::sample::select(vec![" ", "　", "\t", "\n", "\u{200B}", "\u{A0}", "――", "……"]).prop_map(String::from),
            2 => prop::sample::select(vec!["葛\u{E0100}", "𠮷", "か\u{3099}", "ｶﾞ", "🎉", "☑", "👨\u{200D}👩"]).prop_map(String::from),
            1 => any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(kind, 0..80).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn lines_joined_are_the_text(text in typed(), em in 0.0_f32..45.0) {
            let joined: String = text
                .split(['\n', '\u{2028}', '\u{2029}'])
                .map(|paragraph| wrap(paragraph, em).into_iter().map(|line| line.text).collect::<String>())
                .collect::<Vec<_>>()
                .join("\n");
            prop_assert_eq!(joined, text.replace(['\u{2028}', '\u{2029}'], "\n"));
        }

        #[test]
        fn no_line_is_wider_than_the_measure_unless_it_is_one_character(text in typed(), em in 0.0_f32..45.0) {
            for line in wrap(&text, em) {
                let glyphs = shape(line.text).glyphs;
                let characters = glyphs
                    .iter()
                    .filter(|glyph| !glyph.joined && !is_blank(&line.text[glyph.start..glyph.end]))
                    .count();
                prop_assert!(line.em <= em + TOLERANCE || characters <= 1, "{line:?}");
            }
        }

        #[test]
        fn a_line_breaks_against_the_rules_only_where_no_other_place_was_left(text in typed(), em in 0.0_f32..45.0) {
            for paragraph in text.split(['\n', '\u{2028}', '\u{2029}']) {
                let lines = wrap(paragraph, em);
                for pair in lines.windows(2) {
                    let whole = format!("{}{}", pair[0].text, pair[1].text);
                    let glyphs = shape(&whole).glyphs;
                    let piece = |at: usize| &whole[glyphs[at].start..glyphs[at].end];
                    let Some(cut) = glyphs.iter().position(|glyph| glyph.start == pair[0].text.len()) else {
                        continue;
                    };
                    let chosen = between(piece(cut - 1), &glyphs[cut], piece(cut));
                    for (at, glyph) in glyphs.iter().enumerate().take(cut).skip(1) {
                        prop_assert!(between(piece(at - 1), glyph, piece(at)) <= chosen, "{pair:?} at {at}");
                    }
                }
            }
        }

        #[test]
        fn a_line_is_filled_as_far_as_its_break_allows(text in "[一-三]{1,60}", em in 1.0_f32..20.0) {
            let lines = wrap(&text, em);
            let full = (em + TOLERANCE).floor();
            prop_assert!(lines[..lines.len() - 1].iter().all(|line| (line.em - full).abs() < TOLERANCE));
        }
    }
}
