//! Rows of cells in a frame, over as many pages as they need.

use super::{
    FRAME, Flow, HAIRLINE, Mark, PartId, PartKind, baseline, mm,
    wrap::{Line, wrap},
};

/// Rows of at most so many lines are not parted.
const WHOLE: usize = 6;
/// Fewest lines of a row on either side of a page's end.
const FEWEST: usize = 2;

/// How text stands in cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Size in points.
    pub size: f32,
    /// From line to line (mm).
    pub pitch: f32,
    /// Beside the text (mm).
    pub pad_x: f32,
    /// Above and below the text (mm).
    pub pad_y: f32,
}

impl Style {
    fn height(&self, lines: usize) -> f32 {
        number(lines) * self.pitch + 2.0 * self.pad_y
    }

    /// Most lines that go into a height (mm).
    fn fitting(&self, height: f32) -> usize {
        let mut lines = 0;
        while self.height(lines + 1) <= height {
            lines += 1;
        }
        lines
    }
}

/// A count as a measure; pages hold far fewer lines than would not fit.
pub(super) fn number(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

/// Whether two edges are one: they are sums of the same widths, perhaps in another order.
fn same(a: f32, b: f32) -> bool {
    (a - b).abs() < 0.01
}

/// Where text stands in its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Centre,
    Right,
}

/// A cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'a> {
    text: &'a str,
    pub left: f32,
    right: f32,
    align: Align,
    /// Whether it names what others hold; set on a ground.
    label: bool,
}

impl<'a> Cell<'a> {
    pub fn text(text: &'a str, left: f32, right: f32) -> Self {
        Self {
            text,
            left,
            right,
            align: Align::Left,
            label: false,
        }
    }

    pub fn label(text: &'a str, left: f32, right: f32) -> Self {
        Self {
            label: true,
            ..Self::text(text, left, right)
        }
    }

    pub fn centred(self) -> Self {
        Self {
            align: Align::Centre,
            ..self
        }
    }

    pub fn flush_right(self) -> Self {
        Self {
            align: Align::Right,
            ..self
        }
    }

    fn lines<'t>(&self, text: &'t str, style: &Style) -> Vec<Line<'t>> {
        wrap(
            text,
            (self.right - self.left - 2.0 * style.pad_x) / mm(style.size),
        )
    }

    /// Where a line of it begins.
    fn x(&self, line: &Line<'_>, style: &Style) -> f32 {
        let rest = self.right - self.left - 2.0 * style.pad_x - line.em * mm(style.size);
        self.left
            + style.pad_x
            + match self.align {
                Align::Left => 0.0,
                Align::Centre => rest / 2.0,
                Align::Right => rest,
            }
    }
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    /// From left to right.
    pub cells: Vec<Cell<'a>>,
    /// Where the rule above it begins: not under a label that goes on.
    pub rule_from: f32,
    /// What the first cell says again where the row, or the group it belongs to, goes on after a page's end.
    pub again: Option<String>,
    /// Whether it sums up the rows before it: never alone on a page.
    pub total: bool,
}

/// Rows in a frame.
#[derive(Clone, Debug)]
pub(super) struct Grid<'a> {
    pub left: f32,
    pub right: f32,
    pub style: Style,
    /// Repeated on every page.
    pub heading: Option<Row<'a>>,
    /// Room that the last row keeps below it (mm), for what belongs to the frame.
    pub below: f32,
    pub rows: Vec<Row<'a>>,
}

/// A row with its lines, while it is set.
struct Measured<'r, 'a> {
    row: &'r Row<'a>,
    /// Of each cell.
    lines: Vec<Vec<Line<'a>>>,
    /// Of the longest cell.
    count: usize,
    /// What each cell is, for readers that do not see the page.
    parts: Vec<PartId>,
}

/// The part of a frame on one page.
struct Piece {
    top: f32,
    /// Rules between cells that go on: where they are, and where they begin.
    verticals: Vec<(f32, f32)>,
    /// Rules that are complete, drawn over all grounds at the end.
    rules: Vec<Mark>,
    /// Rows on it, the heading not counted.
    rows: usize,
}

impl Flow {
    /// Sets a frame from here on.
    pub(super) fn grid(&mut self, grid: &Grid<'_>) {
        if grid.rows.is_empty() {
            return;
        }
        let style = &grid.style;
        self.outline.open(PartKind::Table);
        let heading = grid
            .heading
            .as_ref()
            .map(|row| self.measure(row, style, true));
        let rows: Vec<_> = grid
            .rows
            .iter()
            .map(|row| self.measure(row, style, false))
            .collect();
        self.outline.close();

        let heading_height = heading.as_ref().map_or(0.0, |row| style.height(row.count));
        let first = rows.first().map_or(0, |row| row.count.min(WHOLE));
        self.keep(heading_height + style.height(first));
        let mut piece = self.begin(grid, heading.as_ref(), true);
        for (at, row) in rows.iter().enumerate() {
            // The total stays with the last row, and what is below with the total.
            let tail = match rows.get(at + 1) {
                None => grid.below,
                Some(next) if next.row.total => style.height(next.count) + grid.below,
                Some(_) => 0.0,
            };
            let mut done = 0;
            loop {
                let left = row.count - done;
                let room = self.area.bottom - self.y;
                if style.height(left) + tail <= room {
                    self.set(grid, row, done, left, &mut piece);
                    break;
                }
                let mut fits = style.fitting(room).min(left);
                if left > WHOLE {
                    fits = fits.min(left - FEWEST);
                }
                let parted = left > WHOLE && fits >= FEWEST;
                // On a page of its own, anything that fits is progress.
                if parted || (piece.rows == 0 && fits > 0) {
                    self.set(grid, row, done, fits, &mut piece);
                    done += fits;
                    if done == row.count {
                        break;
                    }
                }
                self.end(grid, piece);
                self.turn();
                piece = self.begin(grid, heading.as_ref(), false);
            }
        }
        self.end(grid, piece);
    }

    fn measure<'r, 'a>(
        &mut self,
        row: &'r Row<'a>,
        style: &Style,
        heading: bool,
    ) -> Measured<'r, 'a> {
        let lines: Vec<_> = row
            .cells
            .iter()
            .map(|cell| cell.lines(cell.text, style))
            .collect();
        self.outline.open(PartKind::Row);
        let parts = row.cells.iter().map(|cell| {
            self.outline.leaf(match (cell.label, heading) {
                (true, true) => PartKind::ColumnHeading,
                (true, false) => PartKind::RowHeading,
                (false, _) => PartKind::Cell,
            })
        });
        let parts = parts.collect();
        self.outline.close();
        Measured {
            row,
            count: lines.iter().map(Vec::len).max().unwrap_or(1),
            lines,
            parts,
        }
    }

    /// Begins a frame on this page, with the heading.
    fn begin(&mut self, grid: &Grid<'_>, heading: Option<&Measured<'_, '_>>, first: bool) -> Piece {
        let mut piece = Piece {
            top: self.y,
            verticals: Vec::new(),
            rules: Vec::new(),
            rows: 0,
        };
        if let Some(heading) = heading {
            self.lines_of(grid, heading, 0, heading.count, first, &mut piece);
        }
        piece
    }

    /// Sets some lines of a row.
    fn set(
        &mut self,
        grid: &Grid<'_>,
        row: &Measured<'_, '_>,
        from: usize,
        count: usize,
        piece: &mut Piece,
    ) {
        let goes_on = from > 0
            || (piece.rows == 0
                && row
                    .row
                    .cells
                    .first()
                    .is_some_and(|cell| cell.text.is_empty()));
        let y = self.y;
        self.lines_of(grid, row, from, count, true, piece);
        if let (true, Some(again), Some(cell)) = (goes_on, &row.row.again, row.row.cells.first()) {
            let style = &grid.style;
            for (line, at) in cell.lines(again, style).iter().take(count).zip(0_usize..) {
                let baseline =
                    y + style.pad_y + number(at) * style.pitch + baseline(style.size, style.pitch);
                self.text(cell.x(line, style), baseline, style.size, line.text, None);
            }
        }
        piece.rows += 1;
    }

    fn lines_of(
        &mut self,
        grid: &Grid<'_>,
        row: &Measured<'_, '_>,
        from: usize,
        count: usize,
        first: bool,
        piece: &mut Piece,
    ) {
        let style = &grid.style;
        let (top, height) = (self.y, style.height(count));
        for cell in row.row.cells.iter().filter(|cell| cell.label) {
            self.push(Mark::Ground {
                x: cell.left,
                y: top,
                width: cell.right - cell.left,
                height,
            });
        }
        if top > piece.top {
            let weight = if row.row.total { FRAME } else { HAIRLINE };
            // What goes on from the page before has its rule at the top of the frame.
            piece.rule((row.row.rule_from, top), (grid.right, top), weight);
        }
        piece.columns(row.row, top);
        for ((cell, lines), part) in row.row.cells.iter().zip(&row.lines).zip(&row.parts) {
            for (line, at) in lines.iter().skip(from).take(count).zip(0_usize..) {
                let baseline = top
                    + style.pad_y
                    + number(at) * style.pitch
                    + baseline(style.size, style.pitch);
                // A repeated heading surrounds the content; it is read once.
                let part = first.then_some(*part);
                self.text(cell.x(line, style), baseline, style.size, line.text, part);
            }
        }
        self.y += height;
    }

    /// Closes the frame on this page.
    fn end(&mut self, grid: &Grid<'_>, mut piece: Piece) {
        let (top, bottom) = (piece.top, self.y);
        for (x, begun) in std::mem::take(&mut piece.verticals) {
            piece.rule((x, begun), (x, bottom), HAIRLINE);
        }
        for y in [top, bottom] {
            piece.rule((grid.left, y), (grid.right, y), FRAME);
        }
        for x in [grid.left, grid.right] {
            piece.rule((x, top), (x, bottom), FRAME);
        }
        for rule in piece.rules {
            self.push(rule);
        }
    }
}

impl Piece {
    fn rule(&mut self, from: (f32, f32), to: (f32, f32), weight: f32) {
        self.rules.push(Mark::Rule { from, to, weight });
    }

    /// Ends the rules between cells that do not go on in a row, and begins those that are new.
    fn columns(&mut self, row: &Row<'_>, top: f32) {
        let inner: Vec<f32> = row.cells.iter().skip(1).map(|cell| cell.left).collect();
        let (go_on, end): (Vec<_>, Vec<_>) = self
            .verticals
            .drain(..)
            .partition(|(x, _)| inner.iter().any(|known| same(*x, *known)));
        for (x, begun) in end {
            self.rule((x, begun), (x, top), HAIRLINE);
        }
        self.verticals = go_on;
        for x in inner {
            if !self.verticals.iter().any(|(known, _)| same(x, *known)) {
                self.verticals.push((x, top));
            }
        }
    }
}
