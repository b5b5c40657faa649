//! The pages as PDF: glyphs of an embedded subset, with the text that each stands for.
//!
//! printpdf draws; what it leaves out is put right here on the document it hands over: it embeds whole fonts, keeps one text
//! per glyph, numbers documents by a counter of the process, and knows neither language nor structure
//! (docs/decisions/0006-print.md). Nothing is taken from a clock or a counter, so the same pages give the same bytes.

mod pack;
mod structure;

use std::collections::{BTreeMap, HashMap};

use domain::calendar::JST;
use jiff::Timestamp;
use lopdf::{Dictionary, Object, ObjectId, Stream, StringFormat, dictionary};
use printpdf::{
    Codepoint, Color, DictItem, ExtendedGraphicsState, ExtendedGraphicsStateId, FontId,
    FontMetrics, Greyscale, Line, LineCapStyle, LinePoint, Mm, Op, PaintMode, ParsedFont,
    PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfSaveOptions, Point, Pt, Rect, Rgb, TextItem,
    TextMatrix,
};
use sha2::{Digest as _, Sha256};
use subsetter::GlyphRemapper;

use self::structure::Marked;
use super::{
    font::{NAME, PROGRAM, font, shape},
    layout::{Ink, Layout, Mark, PAGE_HEIGHT, PAGE_WIDTH, Page, PartId, SLANT},
};

/// Name of the font in the documents' resources.
const FONT: &str = "Text";
/// Name of the state in which 申請未完了 lets through what is below it.
const PALE: &str = "Pale";

/// Why pages could not be written. None of these comes from what was typed within the limits of the forms.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// More than 65,535 different characters.
    #[error("too many different characters")]
    TooManyCharacters,
    /// The font could not be reduced to the glyphs in use.
    #[error("the font could not be subset: {0}")]
    Subset(String),
    /// The library refused something.
    #[error("the PDF library reported: {0}")]
    Library(String),
    /// The document could not be put together.
    #[error("the document could not be put together: {0}")]
    Document(#[from] lopdf::Error),
    /// The bytes could not be written.
    #[error("the document could not be written: {0}")]
    Save(#[from] std::io::Error),
}

/// Writes the pages as PDF 1.7.
///
/// # Errors
/// [`WriteError`]
pub fn write(layout: &Layout) -> Result<Vec<u8>, WriteError> {
    let mut characters = Characters::default();
    let mut marked = Vec::new();
    let mut pages = Vec::with_capacity(layout.pages.len());
    for page in &layout.pages {
        let mut drawn = Drawing::new(&mut characters);
        drawn.draw(page)?;
        marked.push(drawn.marked);
        pages.push(PdfPage::new(Mm(PAGE_WIDTH), Mm(PAGE_HEIGHT), drawn.ops));
    }

    let mut document = PdfDocument::new("");
    document
        .resources
        .fonts
        .map
        .insert(FontId(FONT.to_owned()), PdfFont::new(characters.subset()?));
    document.resources.extgstates.map.insert(
        ExtendedGraphicsStateId(PALE.to_owned()),
        ExtendedGraphicsState::default().with_current_fill_alpha(0.16),
    );
    for (title, page) in &layout.bookmarks {
        document.add_bookmark(title, page + 1);
    }
    document.with_pages(pages);
    let mut warnings = Vec::new();
    let mut file = document.to_lopdf_document(&PdfSaveOptions::default(), &mut warnings);
    // It reports and goes on; here a document is right or there is none.
    if let Some(warning) = warnings.first() {
        return Err(WriteError::Library(warning.msg.clone()));
    }

    describe_font(&mut file, &characters);
    let roots = structure::add(&mut file, layout, &marked)?;
    describe_document(&mut file, layout, roots)?;
    for page in file.page_iter().collect::<Vec<_>>() {
        join_strings(&mut file, page)?;
    }
    pack::compress(&mut file)?;
    identify(&mut file);
    Ok(pack::pack(&file)?)
}

/// The characters of a document, each with a code of its own.
///
/// A code stands for a glyph *and* its text: 日 and the radical ⽇ are one glyph, and so are a character and a variant of it
/// that looks the same. With the glyph's number as the code, one of them would be copied as the other.
#[derive(Default)]
struct Characters<'a> {
    codes: HashMap<(u16, &'a str), u16>,
    /// Glyph of each code, from code 1 on.
    glyphs: Vec<u16>,
}

impl<'a> Characters<'a> {
    fn code(&mut self, glyph: u16, text: &'a str) -> Result<u16, WriteError> {
        if let Some(code) = self.codes.get(&(glyph, text)) {
            return Ok(*code);
        }
        let code =
            u16::try_from(self.glyphs.len() + 1).map_err(|_| WriteError::TooManyCharacters)?;
        self.glyphs.push(glyph);
        self.codes.insert((glyph, text), code);
        Ok(code)
    }

    fn codes_and_glyphs(&self) -> impl Iterator<Item = (u16, u16)> {
        (1..).zip(self.glyphs.iter().copied())
    }

    fn remapper(&self) -> GlyphRemapper {
        let mut sorted = self.glyphs.clone();
        sorted.sort_unstable();
        GlyphRemapper::new_from_glyphs_sorted(&sorted)
    }

    /// The face with the glyphs in use only, under a name that says so (ISO 32000-1, 9.6.4).
    fn subset(&self) -> Result<ParsedFont, WriteError> {
        let program = subsetter::subset(PROGRAM, 0, &self.remapper())
            .map_err(|error| WriteError::Subset(error.to_string()))?;
        let tag: String = Sha256::digest(&program)
            .iter()
            .take(6)
            .map(|byte| char::from(b'A' + byte % 26))
            .collect();
        let face = font();
        let widths = self
            .codes_and_glyphs()
            .map(|(code, glyph)| (code, face.advance(glyph)))
            .collect();
        let [ascent, descent, _] = face.heights();
        let mut font = ParsedFont::with_glyph_data(
            program,
            0,
            Some(format!("{tag}+{NAME}")),
            BTreeMap::new(),
            widths,
            face.units_per_em,
            FontMetrics { ascent, descent },
        );
        let metrics = &mut font.pdf_font_metrics;
        [metrics.x_min, metrics.y_min, metrics.x_max, metrics.y_max] = face.bounds();
        metrics.us_weight_class = 400;
        Ok(font)
    }

    /// Which glyph of the subset each code draws, two bytes each, code 0 first.
    fn glyph_map(&self) -> Vec<u8> {
        let remapper = self.remapper();
        let mut map = vec![0, 0];
        for glyph in &self.glyphs {
            map.extend(remapper.get(*glyph).unwrap_or(0).to_be_bytes());
        }
        map
    }
}

/// Points to the hundredth, which is finer than any printer and half as long as all digits of a float.
fn hundredths(points: f32) -> Pt {
    Pt((points * 100.0).round() / 100.0)
}

/// Millimetres from the upper left corner to points from the lower left one.
fn point(x: f32, y: f32) -> Point {
    Point {
        x: hundredths(x * 72.0 / 25.4),
        y: hundredths((PAGE_HEIGHT - y) * 72.0 / 25.4),
    }
}

fn length(millimetres: f32) -> Pt {
    hundredths(millimetres * 72.0 / 25.4)
}

fn grey(white: f32) -> Color {
    Color::Greyscale(Greyscale {
        percent: white,
        icc_profile: None,
    })
}

fn colour(ink: Ink) -> Color {
    match ink {
        Ink::Black => grey(0.0),
        Ink::Red => Color::Rgb(Rgb {
            r: 0.78,
            g: 0.0,
            b: 0.0,
            icc_profile: None,
        }),
    }
}

/// What the marks that are being drawn belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Nothing is being drawn.
    Nothing,
    /// What surrounds the content.
    Surroundings,
    /// A part of the content.
    Part(PartId),
}

/// A page while it is drawn.
struct Drawing<'c, 'a> {
    characters: &'c mut Characters<'a>,
    ops: Vec<Op>,
    /// What is open: a part of the content, or what surrounds it.
    open: Open,
    marked: Vec<Marked>,
    size: f32,
    fill: Option<Color>,
    weight: f32,
}

impl<'c, 'a> Drawing<'c, 'a> {
    fn new(characters: &'c mut Characters<'a>) -> Self {
        Self {
            characters,
            ops: Vec::new(),
            open: Open::Nothing,
            marked: Vec::new(),
            size: 0.0,
            fill: None,
            weight: 0.0,
        }
    }

    fn draw(&mut self, page: &'a Page) -> Result<(), WriteError> {
        // Rules end square, so that the corners of frames are closed.
        self.ops.push(Op::SetLineCapStyle {
            cap: LineCapStyle::ProjectingSquare,
        });
        for mark in &page.marks {
            match mark {
                Mark::Text {
                    x,
                    y,
                    size,
                    text,
                    ink,
                    part,
                } => {
                    self.belong(*part);
                    self.fill(colour(*ink));
                    self.ops.push(Op::StartTextSection);
                    self.size(*size);
                    self.ops.push(Op::SetTextCursor { pos: point(*x, *y) });
                    self.show(text)?;
                    self.ops.push(Op::EndTextSection);
                }
                Mark::Rule { from, to, weight } => {
                    self.belong(None);
                    self.weight(*weight);
                    self.line(&[*from, *to]);
                }
                Mark::Ground {
                    x,
                    y,
                    width,
                    height,
                } => {
                    self.belong(None);
                    self.fill(grey(0.94));
                    let corner = point(*x, y + height);
                    self.ops.push(Op::DrawRectangle {
                        rectangle: Rect {
                            x: corner.x,
                            y: corner.y,
                            width: length(*width),
                            height: length(*height),
                            mode: Some(PaintMode::Fill),
                            winding_order: None,
                        },
                    });
                }
                Mark::Tick { x, y, size } => {
                    self.belong(None);
                    let em = size * 25.4 / 72.0;
                    self.weight(0.1 * em);
                    let at = |right: f32, up: f32| (x + right * em, y - up * em);
                    self.line(&[at(0.22, 0.42), at(0.43, 0.17), at(0.86, 0.78)]);
                }
                Mark::Across { x, y, size, text } => {
                    self.belong(None);
                    self.across(*x, *y, *size, text)?;
                }
            }
        }
        self.close();
        Ok(())
    }

    fn across(&mut self, x: f32, y: f32, size: f32, text: &'a str) -> Result<(), WriteError> {
        let (cos, sin) = SLANT;
        let at = point(x, y);
        self.ops.extend([
            Op::SaveGraphicsState,
            Op::LoadGraphicsState {
                gs: ExtendedGraphicsStateId(PALE.to_owned()),
            },
            Op::SetFillColor {
                col: colour(Ink::Red),
            },
            Op::StartTextSection,
            Op::SetFont {
                font: PdfFontHandle::External(FontId(FONT.to_owned())),
                size: Pt(size),
            },
            Op::SetTextMatrix {
                matrix: TextMatrix::Raw([cos, sin, -sin, cos, at.x.0, at.y.0]),
            },
        ]);
        self.show(text)?;
        self.ops
            .extend([Op::EndTextSection, Op::RestoreGraphicsState]);
        // The library does not know that Q takes the font back.
        self.size = 0.0;
        Ok(())
    }

    fn show(&mut self, text: &'a str) -> Result<(), WriteError> {
        let mut glyphs = Vec::new();
        for glyph in shape(text).glyphs {
            let Some(id) = glyph.id else { continue };
            let typed = match &text[glyph.start..glyph.end] {
                // Control characters have no place in the text of a page.
                "\t" => " ",
                typed => typed,
            };
            let code = self.characters.code(id, typed)?;
            glyphs.push(Codepoint::with_cid(code, 0.0, typed.to_owned()));
        }
        self.ops.push(Op::ShowText {
            items: vec![TextItem::GlyphIds(glyphs)],
        });
        Ok(())
    }

    /// Opens what the next mark belongs to, unless it is open.
    fn belong(&mut self, part: Option<PartId>) {
        let next = part.map_or(Open::Surroundings, Open::Part);
        if self.open == next {
            return;
        }
        self.close();
        self.open = next;
        let Some(part) = part else {
            self.ops.push(Op::BeginMarkedContent {
                tag: "Artifact".to_owned(),
            });
            return;
        };
        let number = i64::try_from(self.marked.len()).unwrap_or(i64::MAX);
        self.marked.push(Marked { part });
        self.ops.push(Op::BeginMarkedContentWithProperties {
            // The kind is in the outline; a name is required here as well.
            tag: "Span".to_owned(),
            properties: DictItem::Dict {
                map: BTreeMap::from([("MCID".to_owned(), DictItem::Int(number))]),
            },
        });
    }

    fn close(&mut self) {
        if self.open != Open::Nothing {
            self.open = Open::Nothing;
            self.ops.push(Op::EndMarkedContent);
        }
    }

    fn size(&mut self, size: f32) {
        if self.size.to_bits() != size.to_bits() {
            self.size = size;
            self.ops.push(Op::SetFont {
                font: PdfFontHandle::External(FontId(FONT.to_owned())),
                size: hundredths(size),
            });
        }
    }

    fn fill(&mut self, col: Color) {
        if self.fill.as_ref() != Some(&col) {
            self.fill = Some(col.clone());
            self.ops.push(Op::SetFillColor { col });
        }
    }

    fn weight(&mut self, weight: f32) {
        if self.weight.to_bits() != weight.to_bits() {
            self.weight = weight;
            self.ops
                .push(Op::SetOutlineThickness { pt: length(weight) });
        }
    }

    fn line(&mut self, points: &[(f32, f32)]) {
        self.ops.push(Op::DrawLine {
            line: Line {
                points: points
                    .iter()
                    .map(|&(x, y)| LinePoint {
                        p: point(x, y),
                        bezier: false,
                    })
                    .collect(),
                is_closed: false,
            },
        });
    }
}

/// Makes one string of each line of a page. The library writes every glyph as a string of its own (`<0001><0002>`), which
/// makes pages half as large again and slower to draw.
fn join_strings(file: &mut lopdf::Document, page: ObjectId) -> Result<(), WriteError> {
    let contents = file
        .get_dictionary(page)?
        .get(b"Contents")?
        .as_reference()?;
    let stream = file.get_object_mut(contents)?.as_stream_mut()?;
    let mut joined = Vec::with_capacity(stream.content.len());
    for &byte in &stream.content {
        // `><` stands between two such strings and nowhere else: dictionaries end with `>>` before a word.
        if byte == b'<' && joined.last() == Some(&b'>') {
            joined.pop();
        } else {
            joined.push(byte);
        }
    }
    stream.set_content(joined);
    Ok(())
}

/// Puts right what the library says of the font.
fn describe_font(file: &mut lopdf::Document, characters: &Characters<'_>) {
    let map = file.add_object(Stream::new(Dictionary::new(), characters.glyph_map()));
    let [_, _, capitals] = font().heights();
    for object in file.objects.values_mut() {
        let Ok(dictionary) = object.as_dict_mut() else {
            continue;
        };
        if dictionary.has_type(b"FontDescriptor") {
            dictionary.set("CapHeight", i64::from(capitals));
        }
        if let Ok([Object::Dictionary(descendant)]) = dictionary
            .get_mut(b"DescendantFonts")
            .and_then(Object::as_array_mut)
            .map(Vec::as_mut_slice)
        {
            descendant.set("CIDToGIDMap", map);
        }
    }
}

/// Title, author, dates, language, and how a reader opens the document.
fn describe_document(
    file: &mut lopdf::Document,
    layout: &Layout,
    roots: ObjectId,
) -> Result<(), WriteError> {
    let at = pdf_date(layout.at);
    let information = file.add_object(dictionary! {
        "Title" => utf16(&layout.title),
        "Author" => utf16(&layout.author),
        "Creator" => utf16("Shinsei"),
        "Producer" => utf16("printpdf"),
        "CreationDate" => Object::string_literal(at.clone()),
        "ModDate" => Object::string_literal(at),
    });
    if let Some(old) = file.trailer.get(b"Info").ok().cloned() {
        file.objects.remove(&old.as_reference()?);
    }
    file.trailer.set("Info", information);
    let catalog = file.catalog_mut()?;
    catalog.set("Lang", Object::string_literal("ja-JP"));
    catalog.set("PageMode", Object::Name(b"UseOutlines".to_vec()));
    catalog.set("PageLayout", Object::Name(b"SinglePage".to_vec()));
    catalog.set(
        "ViewerPreferences",
        dictionary! { "DisplayDocTitle" => true },
    );
    catalog.set("MarkInfo", dictionary! { "Marked" => true });
    catalog.set("StructTreeRoot", roots);
    Ok(())
}

/// Text outside pages: UTF-16 with its mark.
fn utf16(text: &str) -> Object {
    let mut bytes = vec![0xFE, 0xFF];
    bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    Object::String(bytes, StringFormat::Hexadecimal)
}

/// `D:20260603180000+09'00'`
fn pdf_date(at: Timestamp) -> String {
    let local = JST.to_datetime(at);
    format!(
        "D:{:04}{:02}{:02}{:02}{:02}{:02}+09'00'",
        local.year(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second()
    )
}

/// Names the document by its contents: the library takes a counter of the process.
fn identify(file: &mut lopdf::Document) {
    let mut contents = Sha256::new();
    for object in file.objects.values() {
        match object {
            Object::Stream(stream) => contents.update(&stream.content),
            Object::Dictionary(one) if one.has(b"CreationDate") => {
                for (_, value) in one {
                    if let Object::String(text, _) = value {
                        contents.update(text);
                    }
                }
            }
            _ => {}
        }
    }
    let name = contents.finalize()[..16].to_vec();
    let name = Object::String(name, StringFormat::Hexadecimal);
    file.trailer.set("ID", vec![name.clone(), name]);
}

#[cfg(test)]
mod tests;
