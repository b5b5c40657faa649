//! Standing columns: bands of a measure, and months.

use super::{
    Bar, Figure, Group, Requirement, Unit,
    canvas::{Anchor, Area, Canvas, Frame, SWATCH, Swatch},
    pattern::{Fill, Ink},
    rows::{fill_of_band, parted},
    scale::{Axis, count},
};

/// Least room between the words of two columns.
const APART: f64 = 6.0;
/// Height of the mark of 秘匿: the same for all, as it tells no figure.
const MARK: f64 = 16.0;

/// Where the columns are.
#[derive(Clone, Copy)]
struct Ground {
    /// Where the first begins.
    from: f64,
    /// Width of each, with the room beside its bar.
    column: f64,
    /// Where the highest ends.
    top: f64,
    /// Where they stand.
    bottom: f64,
    axis: Axis,
}

impl Ground {
    /// The axis with its numbers and pale lines, from here down; it ends at the right edge. `left`: room for the numbers.
    fn draw(canvas: &mut Canvas, left: f64, columns: usize, axis: Axis, unit: Unit) -> Self {
        let frame = canvas.frame;
        let height = if frame.is_narrow() { 170.0 } else { 230.0 };
        // Above the axis as much as the words of the highest column need.
        let top = canvas.y + frame.line + 2.0;
        let bottom = top + height;
        let ground = Self {
            from: left,
            column: (frame.width - left) / count(columns.max(1)),
            top,
            bottom,
            axis,
        };
        for tick in axis.ticks() {
            let y = ground.height(tick);
            if tick > 0 {
                canvas.guide((left, y), (frame.width, y));
            }
            let baseline = y + canvas.baseline();
            canvas.text(left - 8.0, baseline, Anchor::End, &unit.bare(tick));
        }
        canvas.y = bottom;
        ground
    }

    /// The line on which the columns stand, drawn over them.
    fn stand(self, canvas: &mut Canvas) {
        let right = canvas.frame.width;
        canvas.axis((self.from, self.bottom), (right, self.bottom));
    }

    /// Where a value ends.
    fn height(self, value: i64) -> f64 {
        self.bottom - self.axis.length(value, self.bottom - self.top)
    }

    /// Left edge of a column.
    fn left(self, at: usize) -> f64 {
        self.from + self.column * count(at)
    }

    fn middle(self, at: usize) -> f64 {
        self.left(at) + self.column / 2.0
    }

    /// A bar between two edges and two values; gives its upper edge.
    fn bar(
        self,
        canvas: &mut Canvas,
        (x, width): (f64, f64),
        figure: Figure,
        ink: Ink,
        fill: Fill,
    ) -> f64 {
        match figure {
            Figure::Known(_) => {
                let top = self
                    .height(figure.drawn().unwrap_or(0))
                    .min(self.bottom - 1.0);
                let area = Area {
                    x,
                    y: top,
                    width,
                    height: self.bottom - top,
                };
                canvas.area(area, ink, fill, "");
                top
            }
            Figure::Withheld => {
                mark(canvas, (x, width), self.bottom);
                self.bottom - MARK
            }
            Figure::Unknown => self.bottom,
        }
    }
}

/// The mark of 秘匿 on what is below it.
fn mark(canvas: &mut Canvas, (x, width): (f64, f64), bottom: f64) {
    let area = Area {
        x,
        // Above the highest there is a line of text left free.
        y: bottom - MARK,
        width,
        height: MARK,
    };
    canvas.area(area, Ink::Withheld, Fill::Withheld, "");
}

fn ticks(frame: Frame) -> i64 {
    if frame.is_narrow() { 4 } else { 5 }
}

fn axis_of_bars(frame: Frame, bars: &[Bar]) -> Axis {
    let greatest = bars.iter().filter_map(|bar| bar.figure.drawn()).max();
    Axis::new(greatest.unwrap_or(0), ticks(frame))
}

/// Room for the numbers of an axis.
fn left_of(frame: Frame, axis: Axis, unit: Unit) -> f64 {
    frame.widest(axis.ticks().map(|tick| unit.bare(tick))) + 10.0
}

/// Whether every label and every figure stands in its column without touching its neighbour.
pub(super) fn have_room(frame: Frame, bands: &[Bar], unit: Unit) -> bool {
    if bands.is_empty() {
        return false;
    }
    let labels = frame.widest(bands.iter().map(|bar| &bar.label));
    let figures = frame.widest(bands.iter().map(|bar| unit.bare_figure(bar.figure)));
    let left = left_of(frame, axis_of_bars(frame, bands), unit);
    (frame.width - left) / count(bands.len()) >= labels.max(figures) + APART
}

/// See [`super::Plot::Histogram`].
pub(super) fn histogram(
    canvas: &mut Canvas,
    bands: &[Bar],
    measure: &str,
    requirement: Option<&Requirement>,
    unit: Unit,
) {
    let frame = canvas.frame;
    let axis = axis_of_bars(frame, bands);
    let left = left_of(frame, axis, unit);
    above(canvas, unit);
    let required = requirement.map(|one| (one, canvas.y));
    if let Some(one) = requirement {
        // Its lines are set when it is known where it stands.
        let lines = canvas.wrapped(&one.label, frame.width - left).len();
        canvas.y += count(lines) * frame.line + 2.0;
    }
    let ground = Ground::draw(canvas, left, bands.len(), axis, unit);
    let below = ground.bottom + frame.line;
    for (at, bar) in bands.iter().enumerate() {
        let whole = Area {
            x: ground.left(at),
            y: ground.top - frame.line,
            width: ground.column,
            height: below + 4.0 - (ground.top - frame.line),
        };
        let begun = canvas.link(bar.href.as_ref(), whole);
        // A histogram's bars stand close to each other, as its bands do.
        let width = ground.column * 0.84;
        let x = ground.middle(at) - width / 2.0;
        let fill = fill_of_band(at, requirement);
        let top = ground.bar(canvas, (x, width), bar.figure, Ink::Series(0), fill);
        let words = unit.bare_figure(bar.figure);
        canvas.text(ground.middle(at), top - 6.0, Anchor::Middle, &words);
        let baseline = ground.bottom + 4.0 + frame.line / 2.0 + canvas.baseline();
        canvas.text(ground.middle(at), baseline, Anchor::Middle, &bar.label);
        canvas.unlink(begun);
    }
    ground.stand(canvas);
    canvas.y = below + 6.0;
    canvas.y += canvas.lines(frame.width, canvas.y, frame.width, Anchor::End, measure);
    if let Some((one, y)) = required {
        let x = ground.left(one.band.min(bands.len()));
        let width = frame.measure(&one.label).min(frame.width - left);
        let middle = x.min(frame.width - width / 2.0).max(left + width / 2.0);
        let height = canvas.lines(middle, y, frame.width - left, Anchor::Middle, &one.label);
        canvas.requirement(
            (x.min(frame.width - 1.5), y + height + 3.0),
            (x.min(frame.width - 1.5), ground.bottom),
        );
    }
}

/// What the numbers of the axis count, above it.
fn above(canvas: &mut Canvas, unit: Unit) {
    let name = unit.name();
    if !name.is_empty() {
        let y = canvas.y;
        canvas.y += canvas.lines(
            0.0,
            y,
            canvas.frame.width,
            Anchor::Start,
            &format!("（{name}）"),
        );
    }
}

/// Left of the months stand the numbers of the axis, and below those the names of the series.
fn left_of_months(frame: Frame, group: &Group<'_>, axis: Axis, unit: Unit) -> f64 {
    let names = frame.widest(group.series.iter().map(|one| &one.name)) + SWATCH + 10.0;
    left_of(frame, axis, unit).max(names.min(frame.width * 0.24))
}

/// `2026年4月` below a column: the month, and the year below it.
fn below_a_column(month: &str) -> Vec<String> {
    let (year, month) = match month.split_once('年') {
        // 2026年度 is one word: only a month stands above its year.
        Some((year, month)) if month.ends_with('月') => (format!("{year}年"), month),
        _ => return vec![month.to_owned()],
    };
    vec![month.to_owned(), year]
}

/// Whether every month, and every figure below it, stands in its column.
pub(super) fn months_have_room(frame: Frame, group: &Group<'_>, unit: Unit) -> bool {
    if group.months.is_empty() || group.series.is_empty() {
        return false;
    }
    let axis = Axis::new(group.greatest(), ticks(frame));
    let months = 0..group.months.len();
    let figures = months
        .clone()
        .flat_map(|month| group.series.iter().map(move |one| one.at(month)))
        .map(|figure| unit.bare_figure(figure));
    let totals = months
        .filter_map(|month| group.total(month))
        .map(|total| unit.bare(total));
    let widest = frame
        .widest(figures)
        .max(frame.widest(totals))
        .max(frame.widest(group.months.iter().flat_map(|month| below_a_column(month))));
    let left = left_of_months(frame, group, axis, unit);
    (frame.width - left) / count(group.months.len()) >= widest + APART
}

/// See [`super::Plot::Months`]: the columns, and below them the figures as a table, with the names and patterns of the series before
/// its rows. There is no other legend, and no figure is left to a pointer that hovers.
pub(super) fn months(canvas: &mut Canvas, group: &Group<'_>, unit: Unit) {
    let frame = canvas.frame;
    let axis = Axis::new(group.greatest(), ticks(frame));
    let left = left_of_months(frame, group, axis, unit);
    above(canvas, unit);
    let ground = Ground::draw(canvas, left, group.months.len(), axis, unit);
    for (month, label) in group.months.iter().enumerate() {
        if group.stacked {
            stack(canvas, group, month, ground, unit);
        } else {
            let share = ground.column * 0.8 / count(group.series.len());
            for (at, one) in group.series.iter().enumerate() {
                let x = ground.middle(month) - ground.column * 0.4 + share * count(at);
                let place = (x + 1.0, (share - 2.0).clamp(2.0, 34.0));
                ground.bar(
                    canvas,
                    place,
                    one.at(month),
                    Ink::Series(at),
                    Fill::of_series(at),
                );
            }
        }
        let lines = below_a_column(label);
        canvas.put_lines(
            ground.middle(month),
            ground.bottom + 4.0,
            Anchor::Middle,
            &lines,
        );
    }
    ground.stand(canvas);
    let lines = group.months.iter().map(|month| below_a_column(month).len());
    canvas.y = ground.bottom + count(lines.max().unwrap_or(1)) * frame.line + 10.0;
    for (at, one) in group.series.iter().enumerate() {
        let y = canvas.y;
        canvas.guide((0.0, y - 1.0), (frame.width, y - 1.0));
        let swatch = Swatch::Area(Ink::Series(at), Fill::of_series(at));
        let height = canvas.named_swatch(0.0, y, left - 10.0, &one.name, swatch);
        for month in 0..group.months.len() {
            let baseline = y + height / 2.0 + canvas.baseline();
            let words = unit.bare_figure(one.at(month));
            canvas.text(ground.middle(month), baseline, Anchor::Middle, &words);
        }
        canvas.y += height + 3.0;
    }
}

/// The bars of a month on each other, their sum above them where all of them are known.
fn stack(canvas: &mut Canvas, group: &Group<'_>, month: usize, ground: Ground, unit: Unit) {
    let width = (ground.column * 0.6).min(64.0);
    let x = ground.middle(month) - width / 2.0;
    let mut sum: i64 = 0;
    let mut withheld = false;
    for (at, one) in group.series.iter().enumerate() {
        let Some(value) = one.at(month).drawn() else {
            withheld |= one.at(month) == Figure::Withheld;
            continue;
        };
        let bottom = ground.height(sum);
        sum = sum.saturating_add(value);
        let top = ground.height(sum);
        let whole = bottom - top;
        if whole > 0.0 {
            let height = parted(whole);
            let area = Area {
                x,
                y: bottom - height,
                width,
                height,
            };
            canvas.area(area, Ink::Series(at), Fill::of_series(at), "");
        }
    }
    let top = ground.height(sum);
    if withheld {
        mark(canvas, (x, width), top);
    } else if let Some(total) = group.total(month) {
        canvas.text(
            ground.middle(month),
            top - 6.0,
            Anchor::Middle,
            &unit.bare(total),
        );
    }
}
