//! The faces, and the only place where text becomes glyphs: layout measures by them and the writer draws by them.
//!
//! Noto Sans JP Regular carries all but what oncologists write beside Japanese: ¹⁷⁷Lu, CD8⁺, IC₅₀ and names like Šimůnek come from Noto Sans, and the arrows
//! and signs that neither has from Noto Sans Math, character by character. All are unmodified, beside their licences in `assets/fonts/`. What none of
//! them can draw is found here, before anything is drawn, because no PDF library tells: it draws an empty box and loses the character.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use ttf_parser::{Face, GlyphId};
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// How many faces there are.
pub(super) const FACES: usize = 3;

/// The font programs, in the order in which they are asked for a character, with the names of their faces in documents. Their place in the binary is
/// their installation: no step beyond building.
pub(super) static PROGRAMS: [(&[u8], &str); FACES] = [
    (
        include_bytes!("../../assets/fonts/NotoSansJP-Regular.ttf"),
        "NotoSansJP-Regular",
    ),
    (
        include_bytes!("../../assets/fonts/NotoSans-Regular.ttf"),
        "NotoSans-Regular",
    ),
    (
        include_bytes!("../../assets/fonts/NotoSansMath-Regular.ttf"),
        "NotoSansMath-Regular",
    ),
];

/// What stands for a character without a glyph (下駄記号), as in a proof that waits for its type.
const GETA: char = '〓';

/// The faces with what is asked of them for every character.
pub(super) struct Font {
    faces: [Face<'static>; FACES],
    /// Glyph units in an em, the same in each.
    pub units_per_em: u16,
}

/// The faces, read on first use (about 0.1 ms each: tables are looked up where they lie).
pub(super) fn font() -> &'static Font {
    static FONT: OnceLock<Font> = OnceLock::new();
    FONT.get_or_init(|| {
        let faces = PROGRAMS.map(|(program, _)| {
            #[expect(
                clippy::expect_used,
                reason = "the programs are part of the binary, and a test holds their SHA-256"
            )]
            Face::parse(program, 0).expect("the embedded face can be read")
        });
        Font {
            units_per_em: faces[0].units_per_em(),
            faces,
        }
    })
}

/// A glyph of one of the faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct GlyphOf {
    /// Which face: its place in [`PROGRAMS`].
    pub face: u8,
    /// The glyph's number there.
    pub id: u16,
}

impl GlyphOf {
    /// The face as a place.
    pub fn place(self) -> usize {
        usize::from(self.face)
    }
}

/// What has been looked up, for the characters of the basic plane: 0 is unknown, [`ABSENT`] has no glyph, and anything else is
/// the glyph and one, with the face above its 16 bits. Looking up again is fifty times as slow, and a table made beforehand would delay the first document.
static KNOWN: [AtomicU32; 0x1_0000] = [const { AtomicU32::new(0) }; 0x1_0000];

/// No glyph has so high a number.
const ABSENT: u32 = u32::MAX;

impl Font {
    fn glyph(&self, c: char) -> Option<GlyphOf> {
        let known = usize::try_from(u32::from(c))
            .ok()
            .and_then(|place| KNOWN.get(place));
        let Some(known) = known else {
            return self.look_up(c);
        };
        match known.load(Ordering::Relaxed) {
            0 => {
                let found = self.look_up(c);
                let entry = found.map_or(ABSENT, |glyph| {
                    (u32::from(glyph.face) << 16) + u32::from(glyph.id) + 1
                });
                known.store(entry, Ordering::Relaxed);
                found
            }
            ABSENT => None,
            entry => {
                let [_, face, high, low] = (entry - 1).to_be_bytes();
                let id = u16::from_be_bytes([high, low]);
                Some(GlyphOf { face, id })
            }
        }
    }

    /// The glyph of the first face that has one.
    fn look_up(&self, c: char) -> Option<GlyphOf> {
        (0..).zip(&self.faces).find_map(|(face, of)| {
            let id = of.glyph_index(c)?.0;
            Some(GlyphOf { face, id })
        })
    }

    /// The glyph of a character in the form that a variation selector asks for: only the Japanese face has any.
    fn variant(&self, base: char, selector: char) -> Option<GlyphOf> {
        let id = self.faces[0].glyph_variation_index(base, selector)?.0;
        Some(GlyphOf { face: 0, id })
    }

    /// Advance of a glyph in its units.
    pub fn advance(&self, glyph: GlyphOf) -> u16 {
        let face = self.faces.get(glyph.place());
        face.and_then(|face| face.glyph_hor_advance(GlyphId(glyph.id)))
            .unwrap_or(0)
    }

    /// The box that holds every glyph of a face: left, bottom, right, top in glyph units.
    pub fn bounds(&self, face: usize) -> [i16; 4] {
        let all = self.faces[face].global_bounding_box();
        [all.x_min, all.y_min, all.x_max, all.y_max]
    }

    /// Ascender, descender and height of capitals of a face in glyph units, as its designers give them for typesetting.
    pub fn heights(&self, face: usize) -> [i16; 3] {
        let face = &self.faces[face];
        [
            face.typographic_ascender().unwrap_or(face.ascender()),
            face.typographic_descender().unwrap_or(face.descender()),
            face.capital_height().unwrap_or(face.ascender()),
        ]
    }
}

/// A glyph with the text it stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Glyph {
    /// Which; None for characters that take no room (zero-width spaces, direction marks).
    pub id: Option<GlyphOf>,
    /// Where its text begins, in bytes.
    pub start: usize,
    /// Where its text ends.
    pub end: usize,
    /// Advance in em.
    pub em: f32,
    /// Whether it belongs to the character before it: no line breaks there.
    pub joined: bool,
}

/// What the faces cannot draw as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// Drawn as 〓: one character for each place, in order.
    pub missing: Vec<char>,
    /// Drawn in its usual form, because the variant that was typed is in no face.
    pub plain: Vec<String>,
}

/// Text as glyphs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shaped {
    /// In the order of the text; every byte of it belongs to exactly one.
    pub glyphs: Vec<Glyph>,
    /// What could not be drawn as typed.
    pub faults: Faults,
}

impl Shaped {
    /// Width in em.
    pub fn em(&self) -> f32 {
        self.glyphs.iter().map(|glyph| glyph.em).sum()
    }
}

/// Characters that select a form of the one before them.
fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Characters that say something about their neighbours and have no form of their own.
fn is_invisible(c: char) -> bool {
    is_variation_selector(c)
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// The character whose glyph is drawn for `c`. Boxes to tick are not in the faces: the empty box is drawn as the square of
/// the same size, and [`super::layout`] puts the tick on it. A tab is a blank of one em.
fn drawn(c: char) -> char {
    match c {
        '☐' | '☑' => '□',
        '\t' => '\u{3000}',
        '\u{00A0}' => ' ',
        other => other,
    }
}

/// Characters that are nothing but themselves: neither they nor their neighbours of this kind join with anything.
fn is_plain(c: char) -> bool {
    matches!(c,
        ' '..='~' | '\u{3000}'..='\u{3029}' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | '\u{4E00}'..='\u{9FFF}' | '！'..='～')
}

/// The first character of a text as a person counts them. Between two plain ones no table need be asked.
fn first_cluster(text: &str) -> Option<&str> {
    let mut rest = text.chars();
    let first = rest.next()?;
    if is_plain(first) && rest.next().is_none_or(is_plain) {
        return text.get(..first.len_utf8());
    }
    text.graphemes(true).next()
}

/// Text as glyphs: a base character with its variation selector, or a letter with its marks, is one glyph.
pub(super) fn shape(text: &str) -> Shaped {
    let font = font();
    let mut glyphs = Vec::with_capacity(text.len() / 3);
    let mut faults = Faults::default();
    let mut at = 0;
    while let Some(cluster) = text.get(at..).and_then(first_cluster) {
        let (start, end) = (at, at + cluster.len());
        at = end;
        let mut push = |id: Option<GlyphOf>, start, end, joined| {
            glyphs.push(Glyph {
                id,
                start,
                end,
                em: id.map_or(0.0, |id| {
                    f32::from(font.advance(id)) / f32::from(font.units_per_em)
                }),
                joined,
            });
        };
        let mut rest = cluster.chars();
        let (Some(base), second, third) = (rest.next(), rest.next(), rest.next()) else {
            continue;
        };
        if second.is_none() {
            if is_invisible(base) || base.is_control() && base != '\t' {
                push(None, start, end, true);
            } else if let Some(id) = font.glyph(drawn(base)) {
                push(Some(id), start, end, false);
            } else {
                faults.missing.push(base);
                push(font.glyph(GETA), start, end, false);
            }
            continue;
        }
        if let (Some(selector), None) = (second, third)
            && is_variation_selector(selector)
            && let Some(usual) = font.glyph(drawn(base))
        {
            let variant = font.variant(base, selector);
            // U+FE0E and U+FE0F choose between text and picture; there are no pictures here.
            if variant.is_none() && !matches!(selector, '\u{FE0E}' | '\u{FE0F}') {
                faults.plain.push(cluster.to_owned());
            }
            push(Some(variant.unwrap_or(usual)), start, end, false);
            continue;
        }
        // Half-width kana carry their ゛ and ゜ as spacing characters, which Unicode counts to the cluster.
        if cluster.chars().skip(1).all(|c| matches!(c, 'ﾞ' | 'ﾟ'))
            && cluster.chars().all(|c| font.glyph(c).is_some())
        {
            for (offset, c) in cluster.char_indices() {
                let at = start + offset;
                push(font.glyph(c), at, at + c.len_utf8(), offset > 0);
            }
            continue;
        }
        // か with U+3099, e with U+0301: drawn composed, copied as typed. What is invisible in between is left out.
        let mut composed = cluster.chars().filter(|&c| !is_invisible(c)).nfc();
        if let (Some(one), None) = (composed.next(), composed.next())
            && let Some(id) = font.glyph(drawn(one))
        {
            push(Some(id), start, end, false);
            continue;
        }
        let lacking = cluster
            .chars()
            .find(|&c| !is_invisible(c) && font.glyph(drawn(c)).is_none());
        // Each has a glyph, but not together: the mark is what is too much.
        faults.missing.push(lacking.or(second).unwrap_or(base));
        push(font.glyph(GETA), start, end, false);
    }
    Shaped { glyphs, faults }
}

/// The characters of a text that cannot be printed, each once, in order. They are drawn as 〓.
pub fn missing(text: &str) -> Vec<char> {
    let mut missing: Vec<char> = Vec::new();
    for c in shape(text).faults.missing {
        if !missing.contains(&c) {
            missing.push(c);
        }
    }
    missing
}

/// The characters with a variation selector whose variant the face does not have, each once, in order. They are drawn in
/// their usual form.
pub fn plain_forms(text: &str) -> Vec<String> {
    let mut plain: Vec<String> = Vec::new();
    for form in shape(text).faults.plain {
        if !plain.contains(&form) {
            plain.push(form);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::strategy::Strategy as _;
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn ids(text: &str) -> Vec<Option<GlyphOf>> {
        shape(text).glyphs.iter().map(|glyph| glyph.id).collect()
    }

    #[test]
    fn the_faces_are_those_that_were_published() {
        let published = [
            "d930d5d52d15231c283089760f84584272ad5e37e14607ba0d19c798e7a9caec",
            "fe8c022f48d8dd29f17b744d16f9346f4357e16f7d4f7be58b000ae7c291b614",
            "b4a1dfdbfa13b4755e5eac20cb25c1d17ed5a745ceb89639595e8cf45a2b1e07",
        ];
        for ((program, name), published) in PROGRAMS.into_iter().zip(published) {
            assert_eq!(hex::encode(Sha256::digest(program)), published, "{name}");
        }
        for face in &font().faces {
            assert_eq!(face.units_per_em(), 1000);
        }
    }

    /// c13: what oncologists write daily, and others of its kind.
    #[test]
    fn what_stands_beside_japanese_is_drawn_by_another_face() {
        for text in [
            "¹⁷⁷Lu CO₂ CD8⁺ IC₅₀ 10⁻³ š ž",
            "⁹⁹ᵐTc ⁶⁸Ga-DOTATATE ¹⁸F-FDG Ca²⁺ SO₄²⁻ t₁⸝₂ Hₒ xₐ",
            "αβγδεζηθικλμνξοπρστυφχψω ΑΒΓΔΘΛΞΠΣΦΨΩ ϑϕϵ",
            "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿß ŠšŽžŁłŐőŰűČčĆćĐđŘřŞşĞğİıĄąĘęŃń ƒơưǎ",
            "Nguyễn Thị Hồng Đặng Trần Văn Ứng Phượng",
            "Дмитрий Шостакович",
            "≤ ≥ ± × ÷ ‰ ≠ ≈ ∼ ≡ ∝ ∞ ∅ ∈ ∉ ⊂ ∪ ∩ ∑ ∏ √ ∂ ∫ ∇ ≪ ≫ ≦ ≧ − ∙",
            "← ↑ → ↓ ↔ ↗ ↘ ⇌ ⇒ ⇔ ⟶ ↦",
            "Ⅰ Ⅱ Ⅲ Ⅳ Ⅻ ⅰ ⅹ ① ⑳ ㉑ ㊿ ⓐ Ⓐ ⑴",
            "½ ⅓ ⅔ ⅛ ℃ Å Ω µ ™ ® № ℓ ′ ″ ‴ … – — ‐ · •",
        ] {
            assert_eq!(missing(text), Vec::<char>::new(), "{text}");
        }
        let faces = |text: &str| -> Vec<u8> {
            let glyphs = shape(text).glyphs.into_iter();
            glyphs.filter_map(|glyph| Some(glyph.id?.face)).collect()
        };
        // What the first face has comes from it.
        assert_eq!(faces("がCO₂⟶š"), [0, 0, 0, 1, 2, 1]);
        let width = shape("₂").em();
        assert!((0.2..0.6).contains(&width), "{width}");
    }

    #[test]
    fn the_characters_of_names_are_drawn_as_typed() {
        for text in [
            "髙",
            "﨑",
            "𠮷",
            "葛",
            "葛\u{E0100}",
            "辻\u{E0100}",
            "神\u{FE00}",
            "⽇",
            "日",
            "神",
            "福",
            "濵邉",
            "㈱①Ⅲ",
            "ｶﾞ",
            "μ",
            "~〜～−",
        ] {
            let shaped = shape(text);
            assert_eq!(shaped.faults, Faults::default(), "{text}");
            assert!(
                shaped.glyphs.iter().all(|glyph| glyph.id.is_some()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_variation_selector_chooses_another_glyph_and_is_one_with_its_base() {
        let (plain, variant) = (ids("葛"), ids("葛\u{E0100}"));
        assert_eq!((plain.len(), variant.len()), (1, 1));
        assert_ne!(plain, variant);
        let glyph = shape("葛\u{E0100}").glyphs[0];
        assert_eq!((glyph.start, glyph.end), (0, "葛\u{E0100}".len()));
    }

    #[test]
    fn a_variant_that_is_not_in_the_face_is_drawn_in_its_usual_form_and_told() {
        let text = "田\u{E01EF}中田\u{E01EF}";
        assert_eq!(ids(text), ids("田中田"));
        assert_eq!(plain_forms(text), ["田\u{E01EF}"]);
        assert_eq!(plain_forms("葛\u{E0100}→\u{FE0E}"), Vec::<String>::new());
        assert!(missing("田\u{E01EF}").is_empty());
    }

    #[test]
    fn kana_with_combining_marks_are_drawn_composed() {
        assert_eq!(ids("か\u{3099}"), ids("が"));
        assert_eq!(ids("ハ\u{309A}"), ids("パ"));
        assert_eq!(ids("e\u{301}"), ids("é"));
    }

    #[test]
    fn half_width_kana_keep_their_marks_beside_them() {
        let shaped = shape("ｶﾞﾊﾟ");
        let joined: Vec<_> = shaped.glyphs.iter().map(|glyph| glyph.joined).collect();
        assert_eq!(joined, [false, true, false, true]);
    }

    #[test]
    fn what_no_glyph_draws_is_geta_and_told_once() {
        let text = "🎉と👨\u{200D}👩\u{200D}👧と🎉とกำ";
        assert_eq!(missing(text), ['🎉', '👨', 'ก']);
        let geta = ids("〓")[0];
        let drawn = ids(text);
        assert_eq!(drawn.iter().filter(|id| **id == geta).count(), 4);
        assert_eq!(missing("x\u{304}"), ['\u{304}']);
        assert!(missing("臨床 瘍子\t〓").is_empty());
    }

    #[test]
    fn what_has_no_form_takes_no_room_and_is_not_missed() {
        let shaped = shape("a\u{200B}b\u{FEFF}c\u{2060}\u{200E}");
        assert!((shaped.em() - shape("abc").em()).abs() < 1e-6);
        assert_eq!(shaped.faults, Faults::default());
    }

    #[test]
    fn every_byte_of_the_text_belongs_to_one_glyph() {
        let text = "葛\u{E0100}か\u{3099}ｶﾞ🎉👨\u{200D}👩\r\na\u{200B}\t𠮷x\u{304}";
        let mut at = 0;
        for glyph in shape(text).glyphs {
            assert_eq!(glyph.start, at);
            at = glyph.end;
        }
        assert_eq!(at, text.len());
    }

    proptest::proptest! {
        #[test]
        fn the_short_way_to_a_character_is_the_long_way(
            pieces in proptest::collection::vec(proptest::prop_oneof![
                "[ -~]{1,3}", "[ぁ-ん]{1,2}", "[一-龥]{1,2}", "[\u{3000}-\u{3040}]", "[！-～]",
                "[\u{3099}\u{309A}\u{FE00}\u{200D}\u{300}\u{E0100}\u{FF9E}\r\n]", proptest::arbitrary::any::<char>().prop_map(String::from),
            ], 0..20),
        ) {
            let text = pieces.concat();
            let mut rest = text.as_str();
            let mut short = Vec::new();
            while let Some(cluster) = first_cluster(rest) {
                short.push(cluster);
                rest = &rest[cluster.len()..];
            }
            let long: Vec<_> = text.graphemes(true).collect();
            proptest::prop_assert_eq!(short, long);
        }
    }

    #[test]
    fn figures_are_of_one_width_so_that_columns_align() {
        let widths: Vec<_> = ids("0123456789")
            .into_iter()
            .map(|id| font().advance(id.unwrap()))
            .collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{widths:?}");
    }
}
