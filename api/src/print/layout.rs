//! Where everything stands: pages of marks, in millimetres from the upper left corner of A4. Pure, and without any PDF.
//!
//! One engine sets everything in frames ([`grid`]): rows of cells that break over pages, with the heading repeated. Text is set
//! by the em box of its ideographs (0.88 em above the baseline, 0.12 em below), not by the face's line height of 1.448 em.

mod grid;
mod structure;
mod table;
pub(crate) mod wrap;

use std::fmt;

use jiff::Timestamp;

use self::{
    grid::{Cell, Grid, Row, Style},
    structure::Outline,
    wrap::wrap,
};
use super::{
    content::{
        Block, Column, ColumnKind, Content, Cover, Group, INCOMPLETE, Labelled, RUNNING_TITLE,
        SOCIETY, Section, TITLE, Table,
    },
    font::shape,
};

pub use structure::{Part, PartId, PartKind};

/// Width of A4 (mm).
pub const PAGE_WIDTH: f32 = 210.0;
/// Height of A4 (mm).
pub const PAGE_HEIGHT: f32 = 297.0;

/// The paper, as it lies before the reader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paper {
    /// From left to right (mm).
    pub width: f32,
    /// From top to bottom (mm).
    pub height: f32,
}

impl Paper {
    /// A4, upright: the application.
    pub const UPRIGHT: Self = Self {
        width: PAGE_WIDTH,
        height: PAGE_HEIGHT,
    };
    /// A4, lying: 定型帳票.
    pub const LYING: Self = Self {
        width: PAGE_HEIGHT,
        height: PAGE_WIDTH,
    };
}

/// Left edge of everything (mm); 20 mm leave room for two holes.
const LEFT: f32 = 20.0;
/// Right edge of everything (mm).
const RIGHT: f32 = PAGE_WIDTH - LEFT;
/// Upper edge of the body (mm).
const TOP: f32 = 31.0;
/// Lower edge of the body (mm).
const BOTTOM: f32 = 274.0;

/// A frame's outer rules (mm).
const FRAME: f32 = 0.3;
/// Rules inside a frame (mm).
const HAIRLINE: f32 = 0.12;

/// Tables: 9.5 points, so that 内容 of a 論文 has 20 characters in a line.
const TABLE: Style = Style {
    size: 9.5,
    pitch: 4.9,
    pad_x: 1.5,
    // 30 rows of one line, their heading, their total and a remark go on one page.
    pad_y: 1.2,
};
/// 履歴書 and other labels with values.
const PARTICULARS: Style = Style {
    size: 10.0,
    pitch: 5.2,
    pad_x: 2.0,
    pad_y: 1.7,
};
/// プロフィール and other text of the member: 44 characters in a line.
const PROSE: Style = Style {
    size: 10.5,
    pitch: 6.4,
    pad_x: 3.0,
    pad_y: 3.0,
};
/// The applicant on the cover.
const APPLICANT: Style = Style {
    size: 11.0,
    pitch: 5.8,
    pad_x: 2.5,
    pad_y: 2.1,
};
/// What identifies a print, on the cover.
const RECORD: Style = Style {
    size: 8.0,
    pitch: 4.0,
    pad_x: 2.0,
    pad_y: 0.8,
};

/// Points to millimetres.
fn mm(points: f32) -> f32 {
    points * 25.4 / 72.0
}

/// A printed application, ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Title of the document.
    pub title: String,
    /// Its author.
    pub author: String,
    /// The moment it speaks of; none where the pages alone tell it.
    pub at: Option<Timestamp>,
    /// What all pages are printed on.
    pub paper: Paper,
    /// The pages.
    pub pages: Vec<Page>,
    /// Title and page (from 0) of the cover and of each section.
    pub bookmarks: Vec<(String, usize)>,
    /// What the marks are parts of, for readers that do not see the page: the first is the document itself.
    pub parts: Vec<Part>,
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// In the order in which they are read and drawn.
    pub marks: Vec<Mark>,
}

/// Colour of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Black.
    Black,
    /// Red: 申請未完了.
    Red,
}

/// Something on a page. Places are millimetres from the upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// One line of text.
    Text {
        /// Where it begins.
        x: f32,
        /// Its baseline.
        y: f32,
        /// Size in points.
        size: f32,
        /// The text.
        text: String,
        /// Its colour.
        ink: Ink,
        /// What it is part of; None for what only surrounds the content (heads, feet, repeated headings).
        part: Option<PartId>,
    },
    /// A straight line.
    Rule {
        /// One end.
        from: (f32, f32),
        /// The other.
        to: (f32, f32),
        /// Thickness.
        weight: f32,
    },
    /// The light ground of headings and labels.
    Ground {
        /// Left edge.
        x: f32,
        /// Upper edge.
        y: f32,
        /// Width.
        width: f32,
        /// Height.
        height: f32,
    },
    /// The tick in a ☑, which the face does not have.
    Tick {
        /// Left edge of the box's em.
        x: f32,
        /// Its baseline.
        y: f32,
        /// Size in points.
        size: f32,
    },
    /// Pale text across the page, rising by 4 in 5 ([`SLANT`]).
    Across {
        /// Where it begins.
        x: f32,
        /// Its baseline there.
        y: f32,
        /// Size in points.
        size: f32,
        /// The text.
        text: String,
    },
}

/// Cosine and sine of the slope of text across the page: 3, 4 and 5 are exact, and close to the diagonal of A4.
pub const SLANT: (f32, f32) = (0.6, 0.8);

impl Layout {
    /// Sets the content on pages.
    pub fn new(content: &Content) -> Self {
        let mut flow = Flow::default();
        flow.turn();
        let mut bookmarks = vec![("表紙".to_owned(), 0)];
        set_cover(&mut flow, &content.cover);
        let covers = flow.pages.len();
        for section in &content.sections {
            flow.turn();
            let first = flow.pages.len() - 1;
            bookmarks.push((section.document.title().to_owned(), first));
            let heading = set_section(&mut flow, section);
            for (at, page) in flow.pages.iter_mut().skip(first).enumerate() {
                let heading = (at == 0).then_some(heading);
                page.set_head(section.document.title(), heading, content.provisional);
            }
        }
        let total = flow.pages.len();
        for (at, page) in flow.pages.iter_mut().enumerate() {
            set_foot(page, &content.foot, at + 1, total);
            if content.provisional && at >= covers {
                page.marks.push(across());
            }
        }
        Self {
            title: content.title.clone(),
            author: content.author.clone(),
            at: Some(content.at),
            paper: Paper::UPRIGHT,
            pages: flow.pages,
            bookmarks,
            parts: flow.outline.into_parts(),
        }
    }
}

/// The part of a page that is set (mm).
#[derive(Clone, Copy)]
struct Area {
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
}

impl Default for Area {
    fn default() -> Self {
        Self {
            left: LEFT,
            right: RIGHT,
            top: TOP,
            bottom: BOTTOM,
        }
    }
}

/// Pages while they are set.
#[derive(Default)]
struct Flow {
    area: Area,
    pages: Vec<Page>,
    /// Upper edge of what comes next.
    y: f32,
    outline: Outline,
}

impl Flow {
    /// Begins a page.
    fn turn(&mut self) {
        self.pages.push(Page::default());
        self.y = self.area.top;
    }

    /// Begins a page unless so much room (mm) is left.
    fn keep(&mut self, height: f32) {
        if self.y + height > self.area.bottom && self.y > self.area.top {
            self.turn();
        }
    }

    fn push(&mut self, mark: Mark) {
        if self.pages.is_empty() {
            self.turn();
        }
        if let Some(page) = self.pages.last_mut() {
            page.marks.push(mark);
        }
    }

    fn rule(&mut self, from: (f32, f32), to: (f32, f32), weight: f32) {
        self.push(Mark::Rule { from, to, weight });
    }

    /// A line of text with the ticks of its ☑.
    fn text(&mut self, x: f32, y: f32, size: f32, text: &str, part: Option<PartId>) {
        if text.is_empty() {
            return;
        }
        self.push(Mark::Text {
            x,
            y,
            size,
            text: text.to_owned(),
            ink: Ink::Black,
            part,
        });
        for (at, _) in text.match_indices('☑') {
            let x = x + shape(&text[..at]).em() * mm(size);
            self.push(Mark::Tick { x, y, size });
        }
    }

    /// Lines across the whole width, below each other, each `pitch` (mm) high.
    fn lines(&mut self, words: &str, size: f32, pitch: f32, kind: PartKind) {
        let part = self.outline.open(kind);
        let Area { left, right, .. } = self.area;
        for line in wrap(words, (right - left) / mm(size)) {
            self.keep(pitch);
            self.text(
                left,
                self.y + baseline(size, pitch),
                size,
                line.text,
                Some(part),
            );
            self.y += pitch;
        }
        self.outline.close();
    }

    fn centred(&mut self, y: f32, size: f32, words: &str, kind: PartKind) {
        let x = (PAGE_WIDTH - shape(words).em() * mm(size)) / 2.0;
        let part = self.outline.open(kind);
        self.text(x, y, size, words, Some(part));
        self.outline.close();
    }
}

/// From the upper edge of a line to its baseline: the em box stands in the middle of the pitch.
fn baseline(size: f32, pitch: f32) -> f32 {
    (pitch - mm(size)) / 2.0 + 0.88 * mm(size)
}

fn set_cover(flow: &mut Flow, cover: &Cover) {
    flow.outline.open(PartKind::Section);
    flow.centred(44.0, 15.0, SOCIETY, PartKind::Paragraph);
    flow.rule((LEFT + 30.0, 51.5), (RIGHT - 30.0, 51.5), FRAME);
    flow.centred(64.0, 25.0, TITLE, PartKind::Heading);
    flow.rule((LEFT + 30.0, 70.5), (RIGHT - 30.0, 70.5), FRAME);

    let list = LEFT + 30.0;
    flow.y = 84.0;
    let part = flow.outline.open(PartKind::Paragraph);
    flow.text(list, flow.y, 11.0, "提出書類リスト", Some(part));
    flow.outline.close();
    flow.y += 4.0;
    for line in &cover.list {
        let part = flow.outline.open(PartKind::Paragraph);
        flow.text(
            list + 4.0,
            flow.y + baseline(10.5, 6.3),
            10.5,
            &format!("・{line}"),
            Some(part),
        );
        flow.outline.close();
        flow.y += 6.3;
    }

    flow.y = 150.0;
    let applicant = labelled_rows(&cover.applicant, LEFT + 15.0, 72.0, RIGHT - 15.0, APPLICANT);
    flow.grid(&applicant);

    flow.y += 10.0;
    flow.keep(20.0);
    let part = flow.outline.open(PartKind::Paragraph);
    flow.text(LEFT + 15.0, flow.y, 10.5, cover.kind, Some(part));
    let after = LEFT + 15.0 + (shape(cover.kind).em() + 0.8) * mm(10.5);
    flow.text(after, flow.y, 8.5, cover.remark, Some(part));
    flow.outline.close();
    flow.y += 2.5;
    let record = labelled_rows(&cover.record, LEFT + 15.0, 62.0, RIGHT - 15.0, RECORD);
    flow.grid(&record);
    flow.outline.close();
}

/// Labels left of `middle`, values right of it.
fn labelled_rows(
    labelled: &[Labelled],
    left: f32,
    middle: f32,
    right: f32,
    style: Style,
) -> Grid<'_> {
    let rows = labelled.iter().map(|one| Row {
        cells: vec![
            Cell::label(&one.label, left, middle),
            Cell::text(&one.value, middle, right),
        ],
        rule_from: left,
        again: None,
        total: false,
    });
    Grid {
        left,
        right,
        style,
        heading: None,
        below: 0.0,
        rows: rows.collect(),
    }
}

/// Sets a section from the top of a page; gives the part that its heading is.
fn set_section(flow: &mut Flow, section: &Section) -> PartId {
    flow.outline.open(PartKind::Section);
    let heading = flow.outline.leaf(PartKind::Heading);
    let mut next = section.blocks.iter().skip(1);
    for block in &section.blocks {
        // A remark says something about the table above it.
        let remarked = matches!(next.next(), Some(Block::Remark(_)));
        match block {
            Block::Question(words) => {
                if flow.y > TOP {
                    flow.y += 5.5;
                }
                // Together with at least the first line of its answer.
                flow.keep(22.0);
                flow.lines(words, 10.5, 6.0, PartKind::Paragraph);
                flow.y += 1.0;
            }
            Block::Remark(words) => {
                flow.y += if flow.y > TOP { 2.5 } else { 0.0 };
                flow.lines(words, 9.5, 5.0, PartKind::Paragraph);
                flow.y += 2.5;
            }
            Block::Prose(words) => {
                flow.grid(&prose(words));
                flow.y += 4.0;
            }
            Block::Particulars(groups) => {
                flow.grid(&particulars(groups));
                flow.y += 4.0;
            }
            Block::Choices { choices, columns } => set_choices(flow, choices, *columns),
            Block::Table(table) => {
                let mut grid = rows_under_headings(table);
                grid.below = if remarked { 9.0 } else { 0.0 };
                flow.grid(&grid);
                flow.y += 1.0;
            }
        }
    }
    flow.outline.close();
    heading
}

fn prose(words: &str) -> Grid<'_> {
    Grid {
        left: LEFT,
        right: RIGHT,
        style: PROSE,
        heading: None,
        below: 0.0,
        rows: vec![Row {
            cells: vec![Cell::text(words, LEFT, RIGHT)],
            rule_from: LEFT,
            again: None,
            total: false,
        }],
    }
}

fn particulars(groups: &[Group]) -> Grid<'_> {
    let (label, value) = (LEFT + 32.0, LEFT + 58.0);
    let rows = groups.iter().flat_map(|group| {
        group.values.iter().enumerate().map(move |(at, one)| {
            let value = Cell::text(&one.value, value, RIGHT);
            if one.label.is_empty() {
                return Row {
                    cells: vec![Cell::label(&group.label, LEFT, value.left), value],
                    rule_from: LEFT,
                    again: None,
                    total: false,
                };
            }
            let first = if at == 0 { group.label.as_str() } else { "" };
            Row {
                cells: vec![
                    Cell::label(first, LEFT, label),
                    Cell::label(&one.label, label, value.left),
                    value,
                ],
                rule_from: if at == 0 { LEFT } else { label },
                again: Some(group.label.clone()),
                total: false,
            }
        })
    });
    Grid {
        left: LEFT,
        right: RIGHT,
        style: PARTICULARS,
        heading: None,
        below: 0.0,
        rows: rows.collect(),
    }
}

/// Width of a column (mm); 0 for the one that takes the rest.
fn column_width(kind: ColumnKind) -> f32 {
    match kind {
        ColumnKind::Number => 9.5,
        ColumnKind::Choice | ColumnKind::Units => 12.0,
        ColumnKind::Office => 19.5,
        ColumnKind::Day => 22.0,
        ColumnKind::Kind | ColumnKind::Figure => 24.0,
        ColumnKind::Period => 46.0,
        ColumnKind::Text => 0.0,
    }
}

/// Left and right edge of each column.
fn column_edges(columns: &[Column]) -> Vec<(f32, f32)> {
    let fixed: f32 = columns.iter().map(|one| column_width(one.kind)).sum();
    let mut left = LEFT;
    columns
        .iter()
        .map(|one| {
            let width = match column_width(one.kind) {
                0.0 => RIGHT - LEFT - fixed,
                width => width,
            };
            let edges = (left, left + width);
            left += width;
            edges
        })
        .collect()
}

fn rows_under_headings(table: &Table) -> Grid<'_> {
    let edges = column_edges(&table.columns);
    let figure = |kind| {
        matches!(
            kind,
            ColumnKind::Number | ColumnKind::Units | ColumnKind::Figure
        )
    };
    let heading = table.columns.iter().zip(&edges).map(|(column, edges)| {
        let cell = Cell::label(column.heading, edges.0, edges.1);
        match column.kind {
            ColumnKind::Text => cell,
            _ => cell.centred(),
        }
    });
    let mut rows: Vec<Row<'_>> = table
        .rows
        .iter()
        .map(|texts| Row {
            cells: texts
                .iter()
                .zip(&table.columns)
                .zip(&edges)
                .map(|((text, column), edges)| {
                    let cell = Cell::text(text, edges.0, edges.1);
                    if figure(column.kind) {
                        cell.flush_right()
                    } else {
                        cell
                    }
                })
                .collect(),
            rule_from: LEFT,
            again: texts.first().map(|number| format!("({number})")),
            total: false,
        })
        .collect();
    if let Some(total) = &table.total {
        let units = table
            .columns
            .iter()
            .position(|column| column.kind == ColumnKind::Units);
        if let Some((at, &(left, right))) = units.and_then(|at| Some((at, edges.get(at)?))) {
            let mut cells = vec![
                Cell::label(&total.label, LEFT, left).flush_right(),
                Cell::text(&total.value, left, right).flush_right(),
            ];
            let rest = edges.iter().skip(at + 1);
            cells.extend(rest.map(|&(left, right)| Cell::text("", left, right)));
            rows.push(Row {
                cells,
                rule_from: LEFT,
                again: None,
                total: true,
            });
        }
    }
    Grid {
        left: LEFT,
        right: RIGHT,
        style: TABLE,
        heading: Some(Row {
            cells: heading.collect(),
            rule_from: LEFT,
            again: None,
            total: false,
        }),
        below: 0.0,
        rows,
    }
}

fn set_choices(flow: &mut Flow, choices: &[(String, bool)], columns: usize) {
    const SIZE: f32 = 10.0;
    const PITCH: f32 = 6.6;
    let columns = columns.max(1);
    let width = (RIGHT - LEFT) / grid::number(columns);
    let mut at = 0;
    for (label, ticked) in choices {
        let words = format!("{} {label}", if *ticked { '☑' } else { '☐' });
        // Longer than its place: it takes the places beside it, and lines below it if those are not enough.
        let needed = (1..columns)
            .find(|&places| shape(&words).em() * mm(SIZE) <= width * grid::number(places) - 2.0)
            .unwrap_or(columns);
        if at + needed > columns {
            at = 0;
            flow.y += PITCH;
        }
        let x = LEFT + 2.0 + width * grid::number(at);
        let part = flow.outline.open(PartKind::Paragraph);
        let lines = wrap(&words, (width * grid::number(needed) - 2.0) / mm(SIZE));
        let last = lines.len() - 1;
        for (row, line) in lines.into_iter().enumerate() {
            flow.keep(PITCH);
            flow.text(
                x,
                flow.y + baseline(SIZE, PITCH),
                SIZE,
                line.text,
                Some(part),
            );
            if row < last {
                flow.y += PITCH;
            }
        }
        flow.outline.close();
        at += needed;
    }
    flow.y += PITCH + 1.0;
}

impl Page {
    /// The head of a page: the section left, the form right, 申請未完了 between. It is read before what is below it.
    fn set_head(&mut self, title: &str, heading: Option<PartId>, provisional: bool) {
        const Y: f32 = 21.5;
        let text = |x: f32, size: f32, text: String, ink: Ink, part| Mark::Text {
            x,
            y: Y,
            size,
            text,
            ink,
            part,
        };
        let words = match heading {
            Some(_) => title.to_owned(),
            None => format!("{title}（つづき）"),
        };
        let mut head = vec![text(LEFT, 13.0, words, Ink::Black, heading)];
        if provisional {
            let width = shape(INCOMPLETE).em() * mm(12.0);
            let x = (PAGE_WIDTH - width) / 2.0;
            head.push(text(x, 12.0, INCOMPLETE.to_owned(), Ink::Red, None));
        }
        let x = RIGHT - shape(RUNNING_TITLE).em() * mm(10.0);
        head.push(text(x, 10.0, RUNNING_TITLE.to_owned(), Ink::Black, None));
        head.push(Mark::Rule {
            from: (LEFT, 25.0),
            to: (RIGHT, 25.0),
            weight: FRAME,
        });
        self.marks.splice(0..0, head);
    }
}

fn set_foot(page: &mut Page, lines: &[String; 2], number: usize, total: usize) {
    page.marks.push(Mark::Rule {
        from: (LEFT, 280.0),
        to: (RIGHT, 280.0),
        weight: HAIRLINE,
    });
    let count = format!("{number} / {total}");
    let count_width = shape(&count).em() * mm(9.0);
    let mut foot = |x: f32, y: f32, size: f32, text: &str| {
        page.marks.push(Mark::Text {
            x,
            y,
            size,
            text: text.to_owned(),
            ink: Ink::Black,
            part: None,
        });
    };
    for (line, y) in lines.iter().zip([284.2, 288.0]) {
        // A long program name makes the letters smaller, never the line longer.
        let room = RIGHT - LEFT - count_width - 4.0;
        let size = (room / shape(line).em().max(1.0) / mm(1.0)).min(7.0);
        foot(LEFT, y, size, line);
    }
    foot(RIGHT - count_width, 286.2, 9.0, &count);
}

/// 申請未完了 through the middle of the page.
fn across() -> Mark {
    const SIZE: f32 = 128.0;
    let (cos, sin) = SLANT;
    let half = shape(INCOMPLETE).em() * mm(SIZE) / 2.0;
    // From the middle back by half the text, and down by what lies below the middle of its em box.
    let down = 0.38 * mm(SIZE);
    Mark::Across {
        x: PAGE_WIDTH / 2.0 - cos * half + sin * down,
        y: PAGE_HEIGHT / 2.0 + sin * half + cos * down,
        size: SIZE,
        text: INCOMPLETE.to_owned(),
    }
}

/// One line for each mark: the form that tests compare.
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, page) in self.pages.iter().enumerate() {
            writeln!(f, "page {}", number + 1)?;
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
                        let kind = part.map_or("-", |part| self.part_name(part));
                        writeln!(f, "  text {x:.2} {y:.2} {size:.1} {ink:?} {kind} {text}")
                    }
                    Mark::Rule { from, to, weight } => writeln!(
                        f,
                        "  rule {:.2} {:.2} {:.2} {:.2} {weight:.2}",
                        from.0, from.1, to.0, to.1
                    ),
                    Mark::Ground {
                        x,
                        y,
                        width,
                        height,
                    } => writeln!(f, "  ground {x:.2} {y:.2} {width:.2} {height:.2}"),
                    Mark::Tick { x, y, size } => writeln!(f, "  tick {x:.2} {y:.2} {size:.1}"),
                    Mark::Across { x, y, size, text } => {
                        writeln!(f, "  across {x:.2} {y:.2} {size:.1} {text}")
                    }
                }?;
            }
        }
        Ok(())
    }
}

impl Layout {
    fn part_name(&self, id: PartId) -> &'static str {
        self.parts.get(id.0).map_or("-", |part| part.kind.tag())
    }
}

#[cfg(test)]
mod tests;
