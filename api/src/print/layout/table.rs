//! 定型帳票 on lying pages: the columns as wide as what stands in them.

use super::{
    super::{
        content::SOCIETY,
        font::shape,
        table::{Heading, TableContent},
    },
    Area, FRAME, Flow, HAIRLINE, Ink, Layout, Mark, Page, Paper, PartKind, baseline,
    grid::{Cell, Grid, Row, Style, number},
    mm,
    wrap::wrap,
};

/// What is set of a lying page (mm). Below the head, above the foot.
const AREA: Area = Area {
    left: 15.0,
    right: 282.0,
    top: 19.0,
    bottom: 193.0,
};

/// How the cells are set, from what is read best to what is still read.
const STYLES: [Style; 4] = [
    style(9.0, 1.4),
    style(8.0, 1.2),
    style(7.0, 0.9),
    style(6.0, 0.7),
];

const fn style(size: f32, pad_x: f32) -> Style {
    Style {
        size,
        pitch: size * 0.5,
        pad_x,
        pad_y: size * 0.11,
    }
}

/// Words are not set narrower than this (em), as long as a smaller letter avoids it.
const NARROW: f32 = 8.0;
/// Nor does a long remark ask for more than this (em).
const BROAD: f32 = 40.0;
/// A heading may break, but not below so many characters in a line (em).
const NARROW_HEADING: f32 = 4.0;
/// A table that needs less than the paper is at most so much wider than it needs: a figure is still found beside its name.
const LOOSE: f32 = 1.6;

/// What a table without rows says.
const NO_ROWS: &str = "該当するデータはありません。";

impl Layout {
    /// Sets a report on lying pages.
    pub(in super::super) fn of_table(content: &TableContent) -> Self {
        let mut flow = Flow {
            area: AREA,
            ..Flow::default()
        };
        flow.turn();
        flow.outline.open(PartKind::Section);
        set_title(&mut flow, content);
        let (style, edges) = columns(&content.columns, &content.rows);
        flow.grid(&table(content, style, &edges));
        flow.y += 2.5;
        for remark in &content.remarks {
            flow.lines(remark, 8.0, 4.4, PartKind::Paragraph);
        }
        flow.outline.close();

        let total = flow.pages.len();
        for (at, page) in flow.pages.iter_mut().enumerate() {
            if at > 0 {
                set_head(page, &content.title);
            }
            set_foot(page, content, at + 1, total);
        }
        Self {
            title: content.title.clone(),
            author: SOCIETY.to_owned(),
            at: None,
            paper: Paper::LYING,
            pages: flow.pages,
            bookmarks: vec![(content.title.clone(), 0)],
            parts: flow.outline.into_parts(),
        }
    }
}

/// The society, the title and the preamble, at the top of the first page.
fn set_title(flow: &mut Flow, content: &TableContent) {
    const SIZE: f32 = 16.0;
    const PITCH: f32 = 7.5;
    const PREAMBLE: f32 = 9.0;
    const LINE: f32 = 5.0;
    let Area { left, right, .. } = flow.area;
    let society = flow.outline.open(PartKind::Paragraph);
    flow.text(left, 16.0, 10.0, SOCIETY, Some(society));
    flow.outline.close();
    flow.y = 18.5;
    flow.lines(&content.title, SIZE, PITCH, PartKind::Heading);
    flow.y += 1.0;
    flow.rule((left, flow.y), (right, flow.y), FRAME);
    flow.y += 1.5;
    let labels = content
        .preamble
        .iter()
        .map(|(label, _)| shape(label).em())
        .fold(0.0, f32::max)
        // A label that takes the room of the values stands in their way.
        .min(16.0);
    let from = left + (labels + 1.5) * mm(PREAMBLE);
    for (label, value) in &content.preamble {
        let part = flow.outline.open(PartKind::Paragraph);
        let labels = wrap(label, labels.max(1.0));
        let values = wrap(value, (right - from) / mm(PREAMBLE));
        for at in 0..labels.len().max(values.len()) {
            flow.keep(LINE);
            let y = flow.y + baseline(PREAMBLE, LINE);
            if let Some(line) = labels.get(at) {
                flow.text(left, y, PREAMBLE, line.text, Some(part));
            }
            if let Some(line) = values.get(at) {
                flow.text(from, y, PREAMBLE, line.text, Some(part));
            }
            flow.y += LINE;
        }
        flow.outline.close();
    }
    flow.y += 2.5;
}

/// What a column asks for (em, without the room beside its text).
#[derive(Clone, Copy)]
struct Wish {
    /// That nothing breaks.
    natural: f32,
    /// That nothing breaks which must not.
    least: f32,
}

/// How wide each column would be.
fn wishes(headings: &[Heading], rows: &[Vec<String>]) -> Vec<Wish> {
    let broadest = |text: &str| {
        let lines = wrap(text, f32::INFINITY);
        lines.iter().map(|line| line.em).fold(0.0, f32::max)
    };
    headings
        .iter()
        .enumerate()
        .map(|(at, heading)| {
            let cells = rows
                .iter()
                .filter_map(|row| row.get(at))
                .map(|text| broadest(text))
                .fold(1.0, f32::max);
            let title = broadest(&heading.title);
            let whole = if heading.words {
                cells.min(NARROW)
            } else {
                cells
            };
            Wish {
                natural: cells
                    .max(title)
                    .min(if heading.words { BROAD } else { f32::INFINITY }),
                least: whole.max(title.min(NARROW_HEADING)),
            }
        })
        .collect()
}

/// Left and right edge of each column (mm), and how its text is set.
fn columns(headings: &[Heading], rows: &[Vec<String>]) -> (Style, Vec<(f32, f32)>) {
    let wishes = wishes(headings, rows);
    let of = |one: fn(&Wish) -> f32| wishes.iter().map(one).sum::<f32>();
    let (natural, least) = (of(|wish| wish.natural), of(|wish| wish.least));
    let paper = AREA.right - AREA.left;
    let room = |style: &Style| (paper - 2.0 * style.pad_x * number(wishes.len())) / mm(style.size);
    let [.., smallest] = STYLES;
    let style = STYLES
        .into_iter()
        .find(|style| least <= room(style))
        .unwrap_or(smallest);
    let room = room(&style).max(1.0);
    let widths: Vec<f32> = if natural <= room {
        let loose = (room / natural.max(1.0)).min(LOOSE);
        wishes.iter().map(|wish| wish.natural * loose).collect()
    } else if least <= room {
        shared(&wishes, room - least)
    } else {
        // More columns than a page has room for: everything breaks rather than leaves the paper.
        let share = room / least;
        wishes.iter().map(|wish| wish.least * share).collect()
    };
    let mut left = AREA.left;
    let edges = widths.into_iter().map(|width| {
        // The rest in the last place of a width would break what fits exactly.
        let right = (left + (width + 0.01) * mm(style.size) + 2.0 * style.pad_x).min(AREA.right);
        let edges = (left, right);
        left = right;
        edges
    });
    (style, edges.collect())
}

/// The least of every column, and what is left over, an equal part for each until it has all that it wishes: who lacks two characters
/// has them before a long remark takes the rest.
fn shared(wishes: &[Wish], mut rest: f32) -> Vec<f32> {
    let mut widths: Vec<f32> = wishes.iter().map(|wish| wish.least).collect();
    let lacking = |at: &usize| {
        wishes
            .get(*at)
            .map_or(0.0, |wish| wish.natural - wish.least)
    };
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by(|a, b| lacking(a).total_cmp(&lacking(b)));
    let mut left = order.len();
    for at in order {
        let more = lacking(&at).min(rest / number(left.max(1))).max(0.0);
        if let Some(width) = widths.get_mut(at) {
            *width += more;
        }
        rest -= more;
        left -= 1;
    }
    widths
}

/// The rows under their headings.
fn table<'a>(content: &'a TableContent, style: Style, edges: &[(f32, f32)]) -> Grid<'a> {
    let right = edges.last().map_or(AREA.right, |(_, right)| *right);
    let row = |cells| Row {
        cells,
        rule_from: AREA.left,
        again: None,
        total: false,
    };
    let headings = content.columns.iter().zip(edges).map(|(column, edges)| {
        let cell = Cell::label(&column.title, edges.0, edges.1);
        if column.figure {
            cell.flush_right()
        } else {
            cell
        }
    });
    let mut rows: Vec<Row<'a>> = content
        .rows
        .iter()
        .map(|texts| {
            let columns = content.columns.iter().zip(edges);
            let cells = texts.iter().zip(columns).map(|(text, (column, edges))| {
                let cell = Cell::text(text, edges.0, edges.1);
                if column.figure {
                    cell.flush_right()
                } else {
                    cell
                }
            });
            row(cells.collect())
        })
        .collect();
    let right = if rows.is_empty() {
        rows.push(row(vec![Cell::text(NO_ROWS, AREA.left, AREA.right)]));
        AREA.right
    } else {
        right
    };
    Grid {
        left: AREA.left,
        right,
        style,
        heading: (!content.columns.is_empty()).then(|| row(headings.collect())),
        below: 0.0,
        rows,
    }
}

/// What surrounds the content, and is not read with it.
fn surrounding(x: f32, y: f32, size: f32, text: String) -> Mark {
    Mark::Text {
        x,
        y,
        size,
        text,
        ink: Ink::Black,
        part: None,
    }
}

/// Text that is never longer than its line: the letters become smaller.
fn fitting(text: &str, room: f32, size: f32) -> f32 {
    (room / shape(text).em().max(1.0) / mm(1.0)).min(size)
}

/// The head of every page but the first.
fn set_head(page: &mut Page, title: &str) {
    const Y: f32 = 13.5;
    let society = AREA.right - shape(SOCIETY).em() * mm(8.0);
    let title = format!("{title}（つづき）");
    let size = fitting(&title, society - AREA.left - 6.0, 9.0);
    let head = [
        surrounding(AREA.left, Y, size, title),
        surrounding(society, Y, 8.0, SOCIETY.to_owned()),
        Mark::Rule {
            from: (AREA.left, 15.5),
            to: (AREA.right, 15.5),
            weight: HAIRLINE,
        },
    ];
    page.marks.splice(0..0, head);
}

fn set_foot(page: &mut Page, content: &TableContent, number: usize, total: usize) {
    const Y: f32 = 201.0;
    page.marks.push(Mark::Rule {
        from: (AREA.left, 196.5),
        to: (AREA.right, 196.5),
        weight: HAIRLINE,
    });
    let count = format!("{number} / {total}");
    let at = AREA.right - shape(&count).em() * mm(9.0);
    if !content.taken_at.is_empty() {
        let size = fitting(&content.taken_at, at - AREA.left - 4.0, 8.0);
        let taken_at = content.taken_at.clone();
        page.marks.push(surrounding(AREA.left, Y, size, taken_at));
    }
    page.marks.push(surrounding(at, Y, 9.0, count));
}
