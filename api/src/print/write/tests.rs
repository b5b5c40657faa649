use std::collections::BTreeMap;

use domain::application::ApplicationState;
use lopdf::{Document, content::Content as Operations};

use super::{
    super::{
        Content,
        font::shape,
        layout::{Mark, Page},
        sample,
    },
    *,
};

fn provisional(state: &ApplicationState) -> Layout {
    Layout::new(&Content::new(
        state,
        &sample::program(),
        &sample::provisional(),
    ))
}

fn full() -> Layout {
    let (mut state, program) = (sample::full(), sample::program());
    let sheet = sample::submitted(&mut state, &program);
    Layout::new(&Content::new(&state, &program, &sheet))
}

/// A document as a reader understands it.
struct Read {
    file: Document,
}

impl Read {
    fn new(bytes: &[u8]) -> Self {
        Self {
            file: Document::load_mem(bytes).unwrap(),
        }
    }

    /// The font of a face, if there is one: its dictionary and that of its descendant.
    fn font_of(&self, face: usize) -> Option<(&Dictionary, &Dictionary)> {
        let mut fonts = self
            .file
            .objects
            .values()
            .filter_map(|object| object.as_dict().ok())
            .filter(|one| one.has(b"DescendantFonts"))
            .filter(|one| {
                let name = one.get(b"BaseFont").unwrap().as_name().unwrap();
                name[7..] == *PROGRAMS[face].1.as_bytes()
            });
        let font = fonts.next()?;
        assert!(fonts.next().is_none(), "a face is in the document once");
        let descendants = font.get(b"DescendantFonts").unwrap().as_array().unwrap();
        Some((font, descendants[0].as_dict().unwrap()))
    }

    /// That of the first face.
    fn font(&self) -> (&Dictionary, &Dictionary) {
        self.font_of(0).unwrap()
    }

    fn stream(&self, of: &Dictionary, key: &[u8]) -> Vec<u8> {
        let id = of.get(key).unwrap().as_reference().unwrap();
        let stream = self.file.get_object(id).unwrap().as_stream().unwrap();
        stream.get_plain_content().unwrap()
    }

    /// `ToUnicode` of the first face: the text of each code.
    fn texts(&self) -> BTreeMap<u16, String> {
        self.texts_of(0)
    }

    fn texts_of(&self, face: usize) -> BTreeMap<u16, String> {
        let Some((font, _)) = self.font_of(face) else {
            return BTreeMap::new();
        };
        let map = String::from_utf8(self.stream(font, b"ToUnicode")).unwrap();
        let mut texts = BTreeMap::new();
        for line in map.lines() {
            let Some((code, text)) = line
                .strip_prefix('<')
                .and_then(|rest| rest.strip_suffix('>'))
                .and_then(|rest| rest.split_once("> <"))
                // The range of codes looks the same.
                .filter(|range| *range != ("0000", "FFFF"))
            else {
                continue;
            };
            let units: Vec<u16> = hex::decode(text)
                .unwrap()
                .chunks(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect();
            let code = u16::from_str_radix(code, 16).unwrap();
            texts.insert(code, String::from_utf16(&units).unwrap());
        }
        texts
    }

    /// What is copied out of a page, text by text.
    fn copied(&self, page: u32) -> Vec<String> {
        let texts: [BTreeMap<u16, String>; FACES] = std::array::from_fn(|face| self.texts_of(face));
        let id = self.file.get_pages()[&page];
        let content = self.file.get_page_content(id);
        let (mut copied, mut face, mut kept) = (Vec::new(), 0, 0);
        for operation in Operations::decode(&content).unwrap().operations {
            match operation.operator.as_str() {
                "q" => kept = face,
                "Q" => face = kept,
                "BT" => copied.push(String::new()),
                "Tf" => {
                    let name = operation.operands[0].as_name().unwrap();
                    let known = FONTS.iter().position(|font| font.as_bytes() == name);
                    face = known.unwrap();
                }
                "Tj" => {
                    let shown = operation.operands[0].as_str().unwrap();
                    for pair in shown.chunks(2) {
                        let code = u16::from_be_bytes([pair[0], pair[1]]);
                        copied.last_mut().unwrap().push_str(&texts[face][&code]);
                    }
                }
                _ => {}
            }
        }
        copied
    }
}

fn layout_texts(page: &Page) -> Vec<String> {
    page.marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Text { text, .. } | Mark::Across { text, .. } => Some(text.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn the_same_application_gives_the_same_bytes() {
    let (first, second) = (write(&full()).unwrap(), write(&full()).unwrap());
    assert_eq!(first, second);
}

#[test]
fn another_moment_or_another_letter_gives_another_document() {
    let state = sample::small();
    let first = write(&provisional(&state)).unwrap();
    let mut later = provisional(&state);
    later.at = later.at.map(|at| at + jiff::SignedDuration::from_secs(1));
    let second = write(&later).unwrap();
    let id = |bytes: &[u8]| Read::new(bytes).file.trailer.get(b"ID").unwrap().clone();
    assert_ne!(id(&first), id(&second));
}

#[test]
fn what_is_copied_out_of_every_page_is_what_was_typed() {
    let layout = full();
    let read = Read::new(&write(&layout).unwrap());
    assert_eq!(read.file.get_pages().len(), layout.pages.len());
    for (page, number) in layout.pages.iter().zip(1..) {
        assert_eq!(read.copied(number), layout_texts(page), "page {number}");
    }
}

#[test]
fn rare_characters_are_copied_as_typed_also_when_they_share_a_glyph() {
    let typed = "髙﨑𠮷葛\u{E0100}葛⽇日⼀一神神か\u{3099}がｶﾞ☑☐🎉□〓";
    let state = sample::with(vec![sample::profile(typed)]);
    let read = Read::new(&write(&provisional(&state)).unwrap());
    let page = (1..=7)
        .find(|&page| read.copied(page).iter().any(|text| text == "プロフィール"))
        .unwrap();
    assert!(read.copied(page).iter().any(|text| text == typed));
    // 日 and ⽇ are one glyph under two codes.
    let texts = read.texts();
    let (_, descendant) = read.font();
    let map = read.stream(descendant, b"CIDToGIDMap");
    let glyph = |typed: &str| {
        let (code, _) = texts.iter().find(|(_, text)| *text == typed).unwrap();
        let at = usize::from(*code) * 2;
        u16::from_be_bytes([map[at], map[at + 1]])
    };
    assert_eq!(glyph("日"), glyph("⽇"));
    assert_eq!(glyph("🎉"), glyph("〓"));
    assert_ne!(glyph("葛\u{E0100}"), glyph("葛"));
    assert!(texts.keys().all(|code| *code != 0));
}

/// c13
#[test]
fn characters_of_other_faces_are_drawn_by_them_and_copied_as_typed() {
    let typed = "¹⁷⁷Lu CO₂ CD8⁺ IC₅₀ 10⁻³ š ž ⟶ 臨床 Nguyễn ≤ ≥ ∼";
    let state = sample::with(vec![sample::profile(typed)]);
    let bytes = write(&provisional(&state)).unwrap();
    let read = Read::new(&bytes);
    let page = (1..=7)
        .find(|&page| read.copied(page).iter().any(|text| text == "プロフィール"))
        .unwrap();
    let copied = read.copied(page);
    assert!(copied.iter().any(|text| text == typed), "{copied:?}");
    for (face, text) in [(0, "臨"), (1, "⁺"), (1, "š"), (2, "⟶"), (2, "∼")] {
        // Drawn once: each face holds what it is asked for, and no more.
        for other in 0..FACES {
            let there = read.texts_of(other).values().any(|known| known == text);
            let first = shape(text).glyphs[0].id.unwrap().place();
            assert_eq!(there, other == first, "{text} in face {other}");
        }
        assert!(
            shape(text).glyphs[0].id.unwrap().place() >= usize::from(face > 0),
            "{text}"
        );
    }
    for face in 0..FACES {
        let (_, descendant) = read.font_of(face).unwrap();
        let descriptor = descendant.get(b"FontDescriptor").unwrap();
        let descriptor = descriptor.as_reference().unwrap();
        let descriptor = read.file.get_dictionary(descriptor).unwrap();
        let program = read.stream(descriptor, b"FontFile2");
        assert!(program.len() < 60_000, "a subset: {}", program.len());
        assert!(ttf_parser::Face::parse(&program, 0).is_ok());
    }
    // A document without them does not carry them.
    let plain = sample::with(vec![sample::profile("臨床")]);
    let read = Read::new(&write(&provisional(&plain)).unwrap());
    assert!(read.font_of(2).is_none());
}

#[test]
fn the_font_is_embedded_as_a_subset_with_the_glyphs_in_use() {
    let layout = full();
    let read = Read::new(&write(&layout).unwrap());
    let (font, descendant) = read.font();
    let name = font.get(b"BaseFont").unwrap().as_name().unwrap();
    let (tag, face) = name.split_at(7);
    assert!(tag[..6].iter().all(u8::is_ascii_uppercase) && tag[6] == b'+');
    assert_eq!(face, PROGRAMS[0].1.as_bytes());
    assert_eq!(
        descendant.get(b"BaseFont").unwrap().as_name().unwrap(),
        name
    );
    let descriptor = descendant
        .get(b"FontDescriptor")
        .unwrap()
        .as_reference()
        .unwrap();
    let descriptor = read.file.get_dictionary(descriptor).unwrap();
    let figure = |key: &[u8]| descriptor.get(key).unwrap().as_i64().unwrap();
    assert_eq!(
        [figure(b"Ascent"), figure(b"Descent"), figure(b"CapHeight")],
        [880, -120, 733]
    );

    // Each code draws, in the subset, the outline that its text has in the face.
    let program = read.stream(descriptor, b"FontFile2");
    let subset = ttf_parser::Face::parse(&program, 0).unwrap();
    let whole = ttf_parser::Face::parse(PROGRAMS[0].0, 0).unwrap();
    let map = read.stream(descendant, b"CIDToGIDMap");
    for (code, text) in read.texts() {
        let at = usize::from(code) * 2;
        let drawn = ttf_parser::GlyphId(u16::from_be_bytes([map[at], map[at + 1]]));
        let meant = ttf_parser::GlyphId(shape(&text).glyphs[0].id.unwrap().id);
        assert_eq!(
            subset.glyph_bounding_box(drawn),
            whole.glyph_bounding_box(meant),
            "{text}"
        );
        assert_eq!(
            subset.glyph_hor_advance(drawn),
            whole.glyph_hor_advance(meant),
            "{text}"
        );
    }
}

#[test]
fn twelve_pages_with_all_rows_are_under_95_kilobytes() {
    let layout = full();
    assert_eq!(layout.pages.len(), 12);
    let bytes = write(&layout).unwrap();
    assert!(bytes.len() < 95 * 1024, "{}", bytes.len());
}

#[test]
fn the_document_says_its_title_author_language_and_moment() {
    let mut read = Read::new(&write(&full()).unwrap());
    let information = read
        .file
        .trailer
        .get(b"Info")
        .unwrap()
        .as_reference()
        .unwrap();
    let information = read.file.get_dictionary(information).unwrap();
    let text = |key: &[u8]| lopdf::decode_text_string(information.get(key).unwrap()).unwrap();
    assert_eq!(text(b"Title"), "専門医更新申請書（本紙）");
    assert_eq!(text(b"Author"), "臨床 瘍子");
    assert_eq!(text(b"CreationDate"), "D:20260610093000+09'00'");
    assert!(!information.has(b"GTS_PDFXVersion"));
    assert_eq!(read.file.version, "1.7");
    let catalog = read.file.catalog_mut().unwrap();
    assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), b"ja-JP");
    assert_eq!(
        catalog.get(b"PageMode").unwrap().as_name().unwrap(),
        b"UseOutlines"
    );
}

#[test]
fn bookmarks_lead_to_the_first_page_of_each_document() {
    let layout = full();
    let mut read = Read::new(&write(&layout).unwrap());
    let pages = read.file.get_pages();
    let outlines = read
        .file
        .catalog_mut()
        .unwrap()
        .get(b"Outlines")
        .unwrap()
        .as_reference()
        .unwrap();
    let mut next = read
        .file
        .get_dictionary(outlines)
        .unwrap()
        .get(b"First")
        .ok()
        .cloned();
    let mut found = Vec::new();
    while let Some(one) = next {
        let one = read
            .file
            .get_dictionary(one.as_reference().unwrap())
            .unwrap();
        let title = lopdf::decode_text_string(one.get(b"Title").unwrap()).unwrap();
        let page = one.get(b"Dest").unwrap().as_array().unwrap()[0]
            .as_reference()
            .unwrap();
        let (number, _) = pages.iter().find(|(_, id)| **id == page).unwrap();
        found.push((title, usize::try_from(*number).unwrap() - 1));
        next = one.get(b"Next").ok().cloned();
    }
    assert_eq!(found, layout.bookmarks);
}

#[test]
fn every_mark_of_the_content_is_in_the_outline_and_knows_its_part() {
    let layout = full();
    let mut read = Read::new(&write(&layout).unwrap());
    let pages = read.file.get_pages();
    let root = read
        .file
        .catalog_mut()
        .unwrap()
        .get(b"StructTreeRoot")
        .unwrap()
        .as_reference()
        .unwrap();
    let root = read.file.get_dictionary(root).unwrap();
    let numbers = root
        .get(b"ParentTree")
        .unwrap()
        .as_dict()
        .unwrap()
        .get(b"Nums")
        .unwrap()
        .as_array()
        .unwrap();
    assert_eq!(numbers.len(), 2 * layout.pages.len());
    for (pair, (number, page)) in numbers.chunks(2).zip(&pages) {
        let parents = pair[1].as_array().unwrap();
        let content = read.file.get_page_content(*page);
        let operations = Operations::decode(&content).unwrap().operations;
        let marked = operations
            .iter()
            .filter(|one| one.operator == "BDC")
            .count();
        assert_eq!(marked, parents.len(), "page {number}");
        let begun = operations
            .iter()
            .filter(|one| matches!(one.operator.as_str(), "BDC" | "BMC"))
            .count();
        let ended = operations
            .iter()
            .filter(|one| one.operator == "EMC")
            .count();
        assert_eq!(begun, ended, "page {number}");
        for (parent, mcid) in parents.iter().zip(0_i64..) {
            let part = read
                .file
                .get_dictionary(parent.as_reference().unwrap())
                .unwrap();
            let kids = match part.get(b"K").unwrap() {
                Object::Array(kids) => kids.clone(),
                one => vec![one.clone()],
            };
            let own = part.get(b"Pg").unwrap().as_reference().unwrap() == *page;
            let named = kids.iter().any(|kid| match kid {
                Object::Integer(number) => own && *number == mcid,
                Object::Dictionary(elsewhere) => {
                    elsewhere.get(b"Pg").unwrap().as_reference().unwrap() == *page
                        && elsewhere.get(b"MCID").unwrap().as_i64().unwrap() == mcid
                }
                _ => false,
            });
            assert!(named, "page {number}, mark {mcid}");
        }
    }
    // 20 + 30 + 4 + 30 + 5 rows, 5 headings, 3 totals, 22 rows of 履歴書, 総年数, 6 + 7 of the cover, 2 texts in frames.
    let rows = layout
        .parts
        .iter()
        .filter(|part| part.kind == super::super::layout::PartKind::Row)
        .count();
    assert_eq!(rows, 20 + 30 + 4 + 30 + 5 + 5 + 3 + 22 + 1 + 13 + 2);
}

#[test]
fn a_document_of_the_largest_size_is_written() {
    let words = "改行\n".repeat(166);
    let layout = provisional(&sample::filled(&words, &words));
    assert!(layout.pages.len() > 50);
    let read = Read::new(&write(&layout).unwrap());
    assert_eq!(read.file.get_pages().len(), layout.pages.len());
}
