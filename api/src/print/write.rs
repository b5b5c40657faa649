//! The pages as PDF: glyphs of an embedded subset, with the text that each stands for.
//!
//! printpdf makes the document: pages, font, bookmarks. What is drawn on the pages is written here ([`drawing`]), as it writes
//! each glyph as an object of its own, which took most of the time. What it leaves out is put right on the document it hands over: it embeds
//! whole fonts, keeps one text per glyph, numbers documents by a counter of the process, and knows neither language nor structure
//! (docs/decisions/0006-print.md). Nothing is taken from a clock or a counter, so the same pages give the same bytes.

mod drawing;
mod pack;
mod structure;

use std::collections::{BTreeMap, HashMap};

use domain::calendar::JST;
use jiff::Timestamp;
use lopdf::{Dictionary, Object, ObjectId, Stream, StringFormat, dictionary};
use printpdf::{
    Codepoint, ExtendedGraphicsState, ExtendedGraphicsStateId, FontId, FontMetrics, Mm, Op,
    ParsedFont, PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfSaveOptions, Pt, TextItem,
};
use sha2::{Digest as _, Sha256};
use subsetter::GlyphRemapper;

use self::drawing::Drawing;
use super::{
    font::{FACES, GlyphOf, PROGRAMS, font},
    layout::Layout,
};

/// Names of the fonts in the documents' resources, one for each face.
const FONTS: [&str; FACES] = ["Text", "Letters", "Signs"];
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
    let mut characters: [Characters<'_>; FACES] = std::array::from_fn(Characters::of);
    let mut drawings = Vec::with_capacity(layout.pages.len());
    for page in &layout.pages {
        drawings.push(Drawing::of(page, layout.paper.height, &mut characters)?);
    }

    let mut document = PdfDocument::new("");
    for characters in characters.iter().filter(|one| one.are_drawn()) {
        document
            .resources
            .fonts
            .map
            .insert(characters.font_id(), PdfFont::new(characters.subset()?));
    }
    document.resources.extgstates.map.insert(
        ExtendedGraphicsStateId(PALE.to_owned()),
        ExtendedGraphicsState::default().with_current_fill_alpha(0.16),
    );
    for (title, page) in &layout.bookmarks {
        document.add_bookmark(title, page + 1);
    }
    document.with_pages(
        (0..layout.pages.len())
            .map(|at| {
                // The library embeds what it sees used; it need not be where.
                let ops = if at == 0 {
                    let drawn = characters.iter().filter(|one| one.are_drawn());
                    drawn.flat_map(Characters::shown).collect()
                } else {
                    Vec::new()
                };
                PdfPage::new(Mm(layout.paper.width), Mm(layout.paper.height), ops)
            })
            .collect(),
    );
    let mut warnings = Vec::new();
    let mut file = document.to_lopdf_document(&PdfSaveOptions::default(), &mut warnings);
    // It reports and goes on; here a document is right or there is none.
    if let Some(warning) = warnings.first() {
        return Err(WriteError::Library(warning.msg.clone()));
    }

    let (contents, marked): (Vec<_>, Vec<_>) = drawings
        .into_iter()
        .map(|drawing| (drawing.operators, drawing.marked))
        .unzip();
    fill_pages(&mut file, contents)?;
    for characters in characters.iter().filter(|one| one.are_drawn()) {
        describe_font(&mut file, characters);
    }
    let outline = structure::add(&mut file, layout, &marked)?;
    describe_document(&mut file, layout, (outline.first, 0))?;
    identify(&mut file);
    Ok(pack::pack(file, &outline)?)
}

/// The characters of a document in one of the faces, each with a code of its own.
///
/// A code stands for a glyph *and* its text: 日 and the radical ⽇ are one glyph, and so are a character and a variant of it
/// that looks the same. With the glyph's number as the code, one of them would be copied as the other.
#[derive(Default)]
struct Characters<'a> {
    /// Which face.
    face: usize,
    codes: HashMap<(u16, &'a str), u16>,
    /// The first code of each glyph, 0 for none: nearly always the right one, and found without hashing.
    first: Vec<u16>,
    /// Glyph and text of each code, from code 1 on.
    drawn: Vec<(u16, &'a str)>,
}

impl<'a> Characters<'a> {
    fn of(face: usize) -> Self {
        Self {
            face,
            ..Self::default()
        }
    }

    /// Whether the document has any; the first face is in every document.
    fn are_drawn(&self) -> bool {
        self.face == 0 || !self.drawn.is_empty()
    }

    fn font_id(&self) -> FontId {
        FontId(FONTS[self.face].to_owned())
    }

    fn code(&mut self, glyph: u16, text: &'a str) -> Result<u16, WriteError> {
        let place = usize::from(glyph);
        if self.first.len() <= place {
            self.first.resize(place + 1, 0);
        }
        let first = self.first[place];
        let known = usize::from(first).checked_sub(1);
        if known.is_some_and(|known| self.drawn[known].1 == text) {
            return Ok(first);
        }
        if let Some(code) = self.codes.get(&(glyph, text)) {
            return Ok(*code);
        }
        let code =
            u16::try_from(self.drawn.len() + 1).map_err(|_| WriteError::TooManyCharacters)?;
        self.drawn.push((glyph, text));
        if first == 0 {
            self.first[place] = code;
        }
        self.codes.insert((glyph, text), code);
        Ok(code)
    }

    fn glyphs(&self) -> impl Iterator<Item = u16> {
        self.drawn.iter().map(|(glyph, _)| *glyph)
    }

    /// All of them once, for the library to see which they are.
    fn shown(&self) -> Vec<Op> {
        let codes = (1..).zip(&self.drawn);
        let codes =
            codes.map(|(code, (_, text))| Codepoint::with_cid(code, 0.0, (*text).to_owned()));
        vec![
            Op::StartTextSection,
            Op::SetFont {
                font: PdfFontHandle::External(self.font_id()),
                size: Pt(1.0),
            },
            Op::ShowText {
                items: vec![TextItem::GlyphIds(codes.collect())],
            },
            Op::EndTextSection,
        ]
    }

    fn remapper(&self) -> GlyphRemapper {
        let mut sorted: Vec<u16> = self.glyphs().collect();
        sorted.sort_unstable();
        GlyphRemapper::new_from_glyphs_sorted(&sorted)
    }

    /// The face with the glyphs in use only, under a name that says so (ISO 32000-1, 9.6.4).
    fn subset(&self) -> Result<ParsedFont, WriteError> {
        let (whole, name) = PROGRAMS[self.face];
        let program = subsetter::subset(whole, 0, &self.remapper())
            .map_err(|error| WriteError::Subset(error.to_string()))?;
        let tag: String = Sha256::digest(&program)
            .iter()
            .take(6)
            .map(|byte| char::from(b'A' + byte % 26))
            .collect();
        let face = font();
        let widths = (1..)
            .zip(self.glyphs())
            .map(|(code, id)| {
                let glyph = GlyphOf {
                    face: u8::try_from(self.face).unwrap_or(0),
                    id,
                };
                (code, face.advance(glyph))
            })
            .collect();
        let [ascent, descent, _] = face.heights(self.face);
        let mut font = ParsedFont::with_glyph_data(
            program,
            0,
            Some(format!("{tag}+{name}")),
            BTreeMap::new(),
            widths,
            face.units_per_em,
            FontMetrics { ascent, descent },
        );
        let metrics = &mut font.pdf_font_metrics;
        [metrics.x_min, metrics.y_min, metrics.x_max, metrics.y_max] = face.bounds(self.face);
        metrics.us_weight_class = 400;
        Ok(font)
    }

    /// Which glyph of the subset each code draws, two bytes each, code 0 first.
    fn glyph_map(&self) -> Vec<u8> {
        let remapper = self.remapper();
        let mut map = vec![0, 0];
        for glyph in self.glyphs() {
            map.extend(remapper.get(glyph).unwrap_or(0).to_be_bytes());
        }
        map
    }
}

/// Puts what is drawn where the library put what it saw.
fn fill_pages(file: &mut lopdf::Document, contents: Vec<Vec<u8>>) -> Result<(), WriteError> {
    let pages: Vec<ObjectId> = file.page_iter().collect();
    for (page, operators) in pages.into_iter().zip(contents) {
        let stream = file
            .get_dictionary(page)?
            .get(b"Contents")?
            .as_reference()?;
        file.get_object_mut(stream)?
            .as_stream_mut()?
            .set_content(operators);
    }
    Ok(())
}

/// Puts right what the library says of a font.
fn describe_font(file: &mut lopdf::Document, characters: &Characters<'_>) {
    let map = file.add_object(Stream::new(Dictionary::new(), characters.glyph_map()));
    let [_, _, capitals] = font().heights(characters.face);
    let (_, face) = PROGRAMS[characters.face];
    // A subset's name is a tag, a sign and the name of the face.
    let is_named = |dictionary: &Dictionary, key: &[u8]| {
        let name = dictionary.get(key).and_then(Object::as_name);
        name.is_ok_and(|name| name.get(7..) == Some(face.as_bytes()))
    };
    for object in file.objects.values_mut() {
        let Ok(dictionary) = object.as_dict_mut() else {
            continue;
        };
        if dictionary.has_type(b"FontDescriptor") && is_named(dictionary, b"FontName") {
            dictionary.set("CapHeight", i64::from(capitals));
        }
        if !is_named(dictionary, b"BaseFont") {
            continue;
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
    let mut about = dictionary! {
        "Title" => utf16(&layout.title),
        "Author" => utf16(&layout.author),
        "Creator" => utf16("Shinsei"),
        "Producer" => utf16("printpdf"),
    };
    if let Some(at) = layout.at {
        let at = pdf_date(at);
        about.set("CreationDate", Object::string_literal(at.clone()));
        about.set("ModDate", Object::string_literal(at));
    }
    let information = file.add_object(about);
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
            Object::Dictionary(one) if one.has(b"Producer") => {
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
