//! The same display list by krilla, with its structure or without.

use std::num::NonZeroU16;

use api::print::Layout;
use api::print::layout::{Ink, Mark, PAGE_HEIGHT, PAGE_WIDTH, Page, PartId, PartKind, SLANT};
use krilla::color::{luma, rgb};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect, Transform};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, Paint, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, TableHeaderScope, Tag, TagGroup,
    TagTree,
};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};

use crate::Outcome;

/// The face that ours draws with.
static PROGRAM: &[u8] = include_bytes!("../../../api/assets/fonts/NotoSansJP-Regular.ttf");

/// The face, read once, with what is looked up for every character: as ours, characters of the basic plane in a table.
pub struct Krilla {
    font: Font,
    /// Glyph and advance (em) by character.
    glyphs: Vec<Option<(u32, f32)>>,
    /// Whether it writes the structure.
    tagged: bool,
}

impl Krilla {
    pub fn new(tagged: bool) -> Outcome<Self> {
        let face = ttf_parser::Face::parse(PROGRAM, 0)?;
        let em = f32::from(face.units_per_em());
        let glyphs = (0..0x1_0000_u32)
            .map(|number| {
                let glyph = face.glyph_index(char::from_u32(number)?)?;
                let advance = face.glyph_hor_advance(glyph)?;
                Some((u32::from(glyph.0), f32::from(advance) / em))
            })
            .collect();
        Ok(Self {
            font: Font::new(PROGRAM.into(), 0).ok_or("krilla cannot read the face")?,
            glyphs,
            tagged,
        })
    }

    /// The layout as PDF.
    pub fn write(&self, layout: &Layout) -> Outcome<Vec<u8>> {
        let mut document = Document::new_with(SerializeSettings {
            enable_tagging: self.tagged,
            // Ours writes none.
            xmp_metadata: false,
            ..SerializeSettings::default()
        });
        // The marks of each part, last one first.
        let mut marked: Vec<Vec<Node>> = vec![Vec::new(); layout.parts.len()];
        for page in &layout.pages {
            let size = PageSettings::from_wh(points(PAGE_WIDTH), points(PAGE_HEIGHT))
                .ok_or("krilla refuses the size of the page")?;
            let mut drawn = document.start_page_with(size);
            let mut drawing = Drawing {
                krilla: self,
                surface: drawn.surface(),
                open: None,
                marked: &mut marked,
            };
            drawing.draw(page)?;
            drop(drawing);
            drawn.finish();
        }
        let mut outline = Outline::new();
        for (title, page) in &layout.bookmarks {
            let top = XyzDestination::new(*page, Point::from_xy(0.0, 0.0));
            outline.push_child(OutlineNode::new(title.clone(), top));
        }
        document.set_outline(outline);
        document.set_metadata(
            Metadata::new()
                .title(layout.title.clone())
                .authors(vec![layout.author.clone()])
                .creator("Shinsei".to_owned())
                .language("ja-JP".to_owned())
                .creation_date(DateTime::new(2026)),
        );
        if self.tagged {
            document.set_tag_tree(structure(layout, marked)?);
        }
        document
            .finish()
            .map_err(|error| format!("krilla: {error:?}").into())
    }

    /// The glyphs of a text. What is printed here has no variants and no marks to combine.
    fn shape(&self, text: &str) -> Vec<KrillaGlyph> {
        text.char_indices()
            .filter_map(|(start, typed)| {
                let drawn = match typed {
                    '☐' | '☑' => '□',
                    other => other,
                };
                let place = usize::try_from(u32::from(drawn)).ok()?;
                let (glyph, x_advance) = (*self.glyphs.get(place)?)?;
                Some(KrillaGlyph {
                    glyph_id: GlyphId::new(glyph),
                    text_range: start..start + typed.len_utf8(),
                    x_advance,
                    x_offset: 0.0,
                    y_offset: 0.0,
                    y_advance: 0.0,
                    location: None,
                })
            })
            .collect()
    }
}

fn points(millimetres: f32) -> f32 {
    millimetres * 72.0 / 25.4
}

fn point((x, y): (f32, f32)) -> Point {
    Point::from_xy(points(x), points(y))
}

fn filled(paint: impl Into<Paint>, opacity: NormalizedF32) -> Fill {
    Fill {
        paint: paint.into(),
        opacity,
        ..Fill::default()
    }
}

fn ink(ink: Ink) -> Fill {
    match ink {
        Ink::Black => filled(luma::Color::black(), NormalizedF32::ONE),
        Ink::Red => filled(rgb::Color::new(199, 0, 0), NormalizedF32::ONE),
    }
}

/// What marks belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Surroundings,
    Part(PartId),
}

/// A page while it is drawn.
struct Drawing<'a> {
    krilla: &'a Krilla,
    surface: Surface<'a>,
    /// What the marks that are being drawn belong to.
    open: Option<Open>,
    marked: &'a mut Vec<Vec<Node>>,
}

impl Drawing<'_> {
    fn draw(&mut self, page: &Page) -> Outcome<()> {
        for mark in &page.marks {
            match mark {
                Mark::Text {
                    x,
                    y,
                    size,
                    text,
                    ink: colour,
                    part,
                } => {
                    self.belong(*part);
                    self.surface.set_fill(Some(ink(*colour)));
                    self.text(point((*x, *y)), *size, text);
                }
                Mark::Rule { from, to, weight } => {
                    self.belong(None);
                    self.line(points(*weight), &[*from, *to])?;
                }
                Mark::Ground {
                    x,
                    y,
                    width,
                    height,
                } => {
                    self.belong(None);
                    self.surface
                        .set_fill(Some(filled(luma::Color::new(240), NormalizedF32::ONE)));
                    self.surface.set_stroke(None);
                    let place =
                        Rect::from_xywh(points(*x), points(*y), points(*width), points(*height));
                    let mut path = PathBuilder::new();
                    path.push_rect(place.ok_or("krilla refuses a rectangle")?);
                    self.surface
                        .draw_path(&path.finish().ok_or("krilla refuses a path")?);
                }
                Mark::Tick { x, y, size } => {
                    self.belong(None);
                    let em = size * 25.4 / 72.0;
                    let at = |right: f32, up: f32| (x + right * em, y - up * em);
                    self.line(
                        points(0.1 * em),
                        &[at(0.22, 0.42), at(0.43, 0.17), at(0.86, 0.78)],
                    )?;
                }
                Mark::Across { x, y, size, text } => {
                    self.belong(None);
                    let (cos, sin) = SLANT;
                    let at = point((*x, *y));
                    self.surface
                        .push_transform(&Transform::from_row(cos, -sin, sin, cos, at.x, at.y));
                    let opacity = NormalizedF32::new(0.16).ok_or("not between 0 and 1")?;
                    self.surface
                        .set_fill(Some(filled(rgb::Color::new(199, 0, 0), opacity)));
                    self.text(Point::from_xy(0.0, 0.0), *size, text);
                    self.surface.pop();
                }
            }
        }
        self.close();
        Ok(())
    }

    fn text(&mut self, at: Point, size: f32, text: &str) {
        let glyphs = self.krilla.shape(text);
        self.surface.set_stroke(None);
        self.surface
            .draw_glyphs(at, &glyphs, self.krilla.font.clone(), text, size, false);
    }

    fn line(&mut self, width: f32, places: &[(f32, f32)]) -> Outcome<()> {
        self.surface.set_fill(None);
        self.surface.set_stroke(Some(Stroke {
            width,
            line_cap: LineCap::Square,
            ..Stroke::default()
        }));
        let mut path = PathBuilder::new();
        for (number, place) in places.iter().enumerate() {
            let Point { x, y } = point(*place);
            if number == 0 {
                path.move_to(x, y);
            } else {
                path.line_to(x, y);
            }
        }
        self.surface
            .draw_path(&path.finish().ok_or("krilla refuses a path")?);
        Ok(())
    }

    /// Opens what the next mark belongs to, unless it is open: as ours does.
    fn belong(&mut self, part: Option<PartId>) {
        let next = part.map_or(Open::Surroundings, Open::Part);
        if !self.krilla.tagged || self.open == Some(next) {
            return;
        }
        self.close();
        self.open = Some(next);
        let Some(part) = part else {
            self.surface
                .start_tagged(ContentTag::Artifact(Artifact::with_kind(
                    ArtifactType::Other,
                )));
            return;
        };
        let mark: Identifier = self
            .surface
            .start_tagged(ContentTag::Span(SpanTag::empty()));
        if let Some(of) = self.marked.get_mut(part.0) {
            of.insert(0, Node::Leaf(mark));
        }
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.surface.end_tagged();
        }
    }
}

fn group(kind: PartKind, children: Vec<Node>) -> TagGroup {
    match kind {
        // krilla writes the document itself.
        PartKind::Document | PartKind::Section => TagGroup::with_children(Tag::Section, children),
        PartKind::Heading => TagGroup::with_children(Tag::Hn(NonZeroU16::MIN, None), children),
        PartKind::Paragraph => TagGroup::with_children(Tag::P, children),
        PartKind::Table => TagGroup::with_children(Tag::Table, children),
        PartKind::Row => TagGroup::with_children(Tag::TR, children),
        PartKind::ColumnHeading => {
            TagGroup::with_children(Tag::TH(TableHeaderScope::Column), children)
        }
        PartKind::RowHeading => TagGroup::with_children(Tag::TH(TableHeaderScope::Row), children),
        PartKind::Cell => TagGroup::with_children(Tag::TD, children),
    }
}

/// The parts with their marks. A part comes after the one that it is a part of, so each is whole when its turn comes from the
/// end; until then its children stand from last to first.
fn structure(layout: &Layout, marked: Vec<Vec<Node>>) -> Outcome<TagTree> {
    let mut children = marked;
    while children.len() > 1 {
        let mut own = children.pop().ok_or("no part")?;
        own.reverse();
        let part = layout.parts.get(children.len()).ok_or("no part")?;
        children
            .get_mut(part.parent.0)
            .ok_or("a part comes before what it is a part of")?
            .push(Node::Group(group(part.kind, own)));
    }
    let mut tree = TagTree::new();
    for child in children.pop().into_iter().flatten().rev() {
        tree.push(child);
    }
    Ok(tree)
}
