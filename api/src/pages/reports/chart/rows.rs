//! Lying bars: everything that has long labels or little room.

use super::{
    Bar, Figure, Group, Requirement, Spread, Unit,
    canvas::{Anchor, Area, Canvas, Swatch},
    pattern::{Fill, Ink},
    scale::{Axis, count},
};

/// What a chart without anything in it says.
pub(super) const NOTHING: &str = "表示するデータがありません。";

/// Height of a bar.
const BAR: f64 = 24.0;
/// Between rows; a row with it is a target that a finger meets.
const GAP: f64 = 14.0;
/// Beside a bar.
const BESIDE: f64 = 8.0;
/// Width of the mark of 秘匿: the same for all, as it tells no figure.
const MARK: f64 = 30.0;

/// Where the bars are.
#[derive(Clone, Copy)]
struct Ground {
    /// Width of the labels left of the bars; 0 where they stand above them.
    labels: f64,
    /// Where bars begin.
    from: f64,
    /// Where the longest ends.
    to: f64,
}

impl Ground {
    /// Room for the labels left of the bars, if a third of the width is enough for it, and right of them for the figures.
    fn new(canvas: &Canvas, labels: f64, figures: f64) -> Self {
        let frame = canvas.frame;
        let most = frame.width * 0.34;
        let to = frame.width - figures - BESIDE;
        let beside = labels.min(most);
        if (frame.is_narrow() && labels > most) || to - beside < frame.width * 0.3 {
            return Self {
                labels: 0.0,
                from: 1.0,
                to,
            };
        }
        Self {
            labels: beside,
            from: beside + 12.0,
            to,
        }
    }

    fn above(self) -> bool {
        self.labels <= 0.0
    }

    fn length(self) -> f64 {
        self.to - self.from
    }

    /// Height of a row of which all but the label is so high.
    fn row(self, canvas: &Canvas, label: &str, content: f64) -> f64 {
        let lines = canvas.balanced(label, self.label_width(canvas)).len();
        let label = count(lines) * canvas.frame.line;
        if self.above() {
            label + content
        } else {
            label.max(content)
        }
    }

    fn label_width(self, canvas: &Canvas) -> f64 {
        if self.above() {
            canvas.frame.width
        } else {
            self.labels
        }
    }

    /// Writes the label of a row that is so high; gives the upper edge of what is beside or below it.
    fn label(self, canvas: &mut Canvas, label: &str, y: f64, height: f64, content: f64) -> f64 {
        let width = self.label_width(canvas);
        if self.above() {
            let lines = canvas.balanced(label, width);
            return y + canvas.put_lines(0.0, y, Anchor::Start, &lines);
        }
        let lines = canvas.balanced(label, width);
        let top = y + (height - count(lines.len()) * canvas.frame.line) / 2.0;
        canvas.put_lines(self.labels, top, Anchor::End, &lines);
        y + (height - content) / 2.0
    }

    /// A bar with its figure right of it.
    fn bar(self, canvas: &mut Canvas, y: f64, height: f64, axis: Axis, one: &OneBar<'_>) {
        let drawn = one.figure.drawn();
        let width = match (one.figure, drawn) {
            (Figure::Withheld, _) => MARK,
            (_, Some(value)) => axis.length(value, self.length()),
            (_, None) => 0.0,
        };
        let area = Area {
            x: self.from,
            y,
            width,
            height,
        };
        put(canvas, area, one);
        let baseline = y + height / 2.0 + canvas.baseline();
        canvas.text(
            self.from + width + BESIDE,
            baseline,
            Anchor::Start,
            one.words,
        );
    }
}

/// A bar as it is drawn.
struct OneBar<'a> {
    figure: Figure,
    ink: Ink,
    fill: Fill,
    words: &'a str,
}

/// The shape of a figure: a bar, a line for 0, a mark for 秘匿, nothing for what is not known.
fn put(canvas: &mut Canvas, area: Area, one: &OneBar<'_>) {
    match one.figure {
        Figure::Withheld => canvas.area(area, Ink::Withheld, Fill::Withheld, ""),
        Figure::Known(_) => {
            let width = area.width.max(1.0);
            canvas.area(Area { width, ..area }, one.ink, one.fill, "");
        }
        Figure::Unknown => {}
    }
}

/// See [`super::Plot::Bars`].
pub(super) fn bars(canvas: &mut Canvas, bars: &[Bar], unit: Unit) {
    labelled(canvas, bars, None, unit);
}

/// See [`super::Plot::Histogram`], where its labels have no room below columns.
pub(super) fn histogram(
    canvas: &mut Canvas,
    bands: &[Bar],
    measure: &str,
    requirement: Option<&Requirement>,
    unit: Unit,
) {
    canvas.y += canvas.lines(0.0, canvas.y, canvas.frame.width, Anchor::Start, measure) + 4.0;
    labelled(canvas, bands, requirement, unit);
}

fn labelled(canvas: &mut Canvas, bars: &[Bar], requirement: Option<&Requirement>, unit: Unit) {
    if bars.is_empty() {
        canvas.note(NOTHING);
        return;
    }
    let figures: Vec<String> = bars
        .iter()
        .map(|bar| unit.full_figure(bar.figure))
        .collect();
    let frame = canvas.frame;
    let labels = frame.widest(bars.iter().map(|bar| &bar.label));
    // Beside the mark of 秘匿 there is more room than beside the longest bar.
    let ground = Ground::new(canvas, labels, frame.widest(&figures));
    let greatest = bars.iter().filter_map(|bar| bar.figure.drawn()).max();
    // Each figure is written: the longest bar is the axis.
    let axis = Axis {
        step: greatest.unwrap_or(0).max(1),
        end: greatest.unwrap_or(0).max(1),
    };
    let mut top = canvas.y;
    for (at, (bar, words)) in bars.iter().zip(&figures).enumerate() {
        if let Some(requirement) = requirement.filter(|one| one.band == at) {
            axis_beside(canvas, ground, top);
            required(canvas, requirement);
            top = canvas.y;
        }
        let height = ground.row(canvas, &bar.label, BAR) + GAP;
        let whole = Area {
            x: 0.0,
            y: canvas.y,
            width: frame.width,
            height,
        };
        let begun = canvas.link(bar.href.as_ref(), whole);
        let y = ground.label(canvas, &bar.label, canvas.y + GAP / 2.0, height - GAP, BAR);
        let one = OneBar {
            figure: bar.figure,
            ink: Ink::Series(0),
            fill: fill_of_band(at, requirement),
            words,
        };
        ground.bar(canvas, y, BAR, axis, &one);
        canvas.unlink(begun);
        canvas.y += height;
    }
    axis_beside(canvas, ground, top);
    if let Some(requirement) = requirement.filter(|one| one.band >= bars.len()) {
        required(canvas, requirement);
    }
}

/// Whoever is below the requirement is hatched.
pub(super) fn fill_of_band(at: usize, requirement: Option<&Requirement>) -> Fill {
    match requirement {
        Some(requirement) if at < requirement.band => Fill::Hatched,
        _ => Fill::Solid,
    }
}

/// The line at which the bars begin, from an upper edge down to here.
fn axis_beside(canvas: &mut Canvas, ground: Ground, top: f64) {
    if !ground.above() && canvas.y > top {
        let (x, y) = (ground.from - 0.5, canvas.y);
        canvas.axis((x, top), (x, y));
    }
}

/// The line of a requirement between two rows, its words above it.
fn required(canvas: &mut Canvas, requirement: &Requirement) {
    let width = canvas.frame.width;
    canvas.y += 2.0;
    canvas.y += canvas.lines(width, canvas.y, width, Anchor::End, &requirement.label) + 3.0;
    canvas.requirement((0.0, canvas.y), (width, canvas.y));
    canvas.y += 5.0;
}

/// See [`super::Plot::Months`], where the figures have no room below columns.
pub(super) fn months(canvas: &mut Canvas, group: &Group<'_>, unit: Unit) {
    /// Height of one of several bars.
    const ONE: f64 = 19.0;
    if group.months.is_empty() || group.series.is_empty() {
        canvas.note(NOTHING);
        return;
    }
    let names: Vec<_> = group
        .series
        .iter()
        .enumerate()
        .map(|(at, one)| {
            let swatch = Swatch::Area(Ink::Series(at), Fill::of_series(at));
            (one.name.as_str(), swatch)
        })
        .collect();
    canvas.legend(&names);
    let frame = canvas.frame;
    let figures: Vec<Vec<String>> = (0..group.months.len())
        .map(|month| {
            let figures = group.series.iter().map(|one| one.at(month));
            figures.map(|figure| unit.full_figure(figure)).collect()
        })
        .collect();
    let beside = if group.stacked {
        let totals = (0..group.months.len()).filter_map(|month| group.total(month));
        frame.widest(totals.map(|total| unit.full(total)))
    } else {
        frame.widest(figures.iter().flatten())
    };
    let ground = Ground::new(canvas, frame.widest(group.months), beside);
    let greatest = group.greatest().max(1);
    let axis = Axis {
        step: greatest,
        end: greatest,
    };
    for (month, (label, figures)) in group.months.iter().zip(&figures).enumerate() {
        let told: Vec<String> = if group.stacked {
            let parts = group.series.iter().zip(figures);
            let parts: Vec<_> = parts
                .map(|(one, words)| format!("{} {words}", one.name))
                .collect();
            canvas.side_by_side(&parts, frame.width - ground.from)
        } else {
            Vec::new()
        };
        let content = if group.stacked {
            BAR + count(told.len()) * frame.line
        } else {
            ONE * count(group.series.len())
        };
        let height = ground.row(canvas, label, content);
        let y = canvas.y + GAP / 2.0;
        let mut y = ground.label(canvas, label, y, height, content);
        if group.stacked {
            let end = stack(canvas, group, month, ground, axis, y);
            if let Some(total) = group.total(month) {
                let baseline = y + BAR / 2.0 + canvas.baseline();
                canvas.text(end + BESIDE, baseline, Anchor::Start, &unit.full(total));
            }
            canvas.put_lines(ground.from, y + BAR, Anchor::Start, &told);
        } else {
            for (at, (one, words)) in group.series.iter().zip(figures).enumerate() {
                let bar = OneBar {
                    figure: one.at(month),
                    ink: Ink::Series(at),
                    fill: Fill::of_series(at),
                    words,
                };
                ground.bar(canvas, y, ONE - 3.0, axis, &bar);
                y += ONE;
            }
        }
        canvas.y += height + GAP;
        if month + 1 < group.months.len() {
            let y = canvas.y;
            canvas.guide((0.0, y), (frame.width, y));
        }
    }
}

/// What is drawn of a length beside another one: a gap between two patterns, so that neither runs into the other, but never so
/// much that nothing is left of something.
pub(super) fn parted(length: f64) -> f64 {
    (length - 1.5).max(length.min(1.0))
}

/// The bars of a month after each other. Gives where they end.
fn stack(
    canvas: &mut Canvas,
    group: &Group<'_>,
    month: usize,
    ground: Ground,
    axis: Axis,
    y: f64,
) -> f64 {
    let mut sum: i64 = 0;
    let mut withheld = false;
    for (at, one) in group.series.iter().enumerate() {
        let Some(value) = one.at(month).drawn() else {
            withheld |= one.at(month) == Figure::Withheld;
            continue;
        };
        let begin = axis.length(sum, ground.length());
        sum = sum.saturating_add(value);
        let end = axis.length(sum, ground.length());
        let area = Area {
            x: ground.from + begin,
            y,
            width: parted(end - begin),
            height: BAR,
        };
        if value > 0 {
            canvas.area(area, Ink::Series(at), Fill::of_series(at), "");
        }
    }
    let mut end = ground.from + axis.length(sum, ground.length());
    if withheld {
        let area = Area {
            x: end.min(ground.to - MARK),
            y,
            width: MARK,
            height: BAR,
        };
        canvas.area(area, Ink::Withheld, Fill::Withheld, "");
        end = area.x + MARK;
    }
    end
}

/// Up to each of the three figures of a spread.
const SPREAD: [Fill; 3] = [Fill::Solid, Fill::Hatched, Fill::Dotted];
/// Their short names.
const PLACES: [&str; 3] = ["p50", "p90", "p95"];
/// What they are called in the legend.
const PERCENTILES: [&str; 3] = ["半数（p50）", "90%（p90）", "95%（p95）"];

/// See [`super::Plot::Percentiles`].
pub(super) fn percentiles(canvas: &mut Canvas, spreads: &[Spread], unit: Unit) {
    if spreads.is_empty() {
        canvas.note(NOTHING);
        return;
    }
    let frame = canvas.frame;
    let swatches = SPREAD.map(|fill| Swatch::Area(Ink::Series(0), fill));
    let entries: Vec<_> = PERCENTILES.into_iter().zip(swatches).collect();
    canvas.legend(&entries);

    // Three columns of figures right of the bars; on a phone they stand below them.
    let words = |spread: &Spread| spread.figures.map(|figure| unit.full_figure(figure));
    let told: Vec<[String; 3]> = spreads.iter().map(words).collect();
    let column = frame
        .widest(told.iter().flatten())
        .max(frame.measure("p50"))
        + 16.0;
    let figures = if frame.is_narrow() {
        // The last tick of the axis stands half beyond its end.
        12.0
    } else {
        column * 3.0
    };
    let labels = frame.widest(spreads.iter().map(|spread| &spread.label));
    let ground = Ground::new(canvas, labels, figures);
    let greatest = spreads
        .iter()
        .flat_map(|spread| spread.figures)
        .filter_map(Figure::drawn)
        .max()
        .unwrap_or(0);
    let ticks = if frame.is_narrow() { 4 } else { 6 };
    let axis = Axis::new(greatest, ticks);
    if !frame.is_narrow() {
        for (at, name) in PLACES.into_iter().enumerate() {
            let x = frame.width - column * count(2 - at);
            let y = canvas.y + frame.line / 2.0 + canvas.baseline();
            canvas.text(x, y, Anchor::End, name);
        }
        canvas.y += frame.line;
    }

    let below: Vec<Vec<String>> = told
        .iter()
        .map(|told| {
            let places = PLACES.into_iter().zip(told);
            let words: Vec<_> = places
                .map(|(place, words)| format!("{place} {words}"))
                .filter(|_| frame.is_narrow())
                .collect();
            canvas.side_by_side(&words, frame.width - ground.from)
        })
        .collect();
    let content = |below: &Vec<String>| BAR + count(below.len()) * frame.line;
    let top = canvas.y;
    let heights: Vec<f64> = spreads
        .iter()
        .zip(&below)
        .map(|(spread, below)| ground.row(canvas, &spread.label, content(below)) + GAP)
        .collect();
    let bottom = top + heights.iter().sum::<f64>();
    // On a phone they would go through the figures.
    for tick in axis.ticks().skip(1).filter(|_| !frame.is_narrow()) {
        let x = ground.from + axis.length(tick, ground.length());
        canvas.guide((x, top), (x, bottom));
    }
    for (((spread, told), below), height) in spreads.iter().zip(&told).zip(&below).zip(heights) {
        let content = content(below);
        let whole = Area {
            x: 0.0,
            y: canvas.y,
            width: frame.width,
            height,
        };
        let begun = canvas.link(spread.href.as_ref(), whole);
        let y = canvas.y + GAP / 2.0;
        let y = ground.label(canvas, &spread.label, y, height - GAP, content);
        spread_out(canvas, ground, axis, spread, y);
        if frame.is_narrow() {
            canvas.put_lines(ground.from, y + BAR, Anchor::Start, below);
        } else {
            let baseline = y + BAR / 2.0 + canvas.baseline();
            for (at, words) in told.iter().enumerate() {
                let x = frame.width - column * count(2 - at);
                canvas.text(x, baseline, Anchor::End, words);
            }
        }
        canvas.unlink(begun);
        canvas.y += height;
    }
    let left = ground.from - 0.5;
    canvas.axis((left, top), (left, bottom));
    canvas.axis((left, bottom), (ground.to, bottom));
    lying_ticks(canvas, axis, ground, unit);
}

/// The bar of a spread, from 0 to its last figure that is known.
fn spread_out(canvas: &mut Canvas, ground: Ground, axis: Axis, spread: &Spread, y: f64) {
    let mut sum = 0.0_f64;
    for (figure, fill) in spread.figures.into_iter().zip(SPREAD) {
        let Some(value) = figure.drawn() else {
            if figure == Figure::Withheld {
                let area = Area {
                    x: (ground.from + sum).min(ground.to - MARK),
                    y,
                    width: MARK,
                    height: BAR,
                };
                canvas.area(area, Ink::Withheld, Fill::Withheld, "");
            }
            // What lies beyond something that is not told has no beginning.
            break;
        };
        let end = axis.length(value, ground.length()).max(sum);
        let area = Area {
            x: ground.from + sum,
            y,
            width: (end - sum).max(1.0),
            height: BAR,
        };
        canvas.area(area, Ink::Series(0), fill, "");
        sum = end;
    }
}

/// The numbers below an axis, as many as have room.
fn lying_ticks(canvas: &mut Canvas, axis: Axis, ground: Ground, unit: Unit) {
    let frame = canvas.frame;
    let y = canvas.y + 2.0 + frame.line / 2.0 + canvas.baseline();
    let mut free = f64::NEG_INFINITY;
    for tick in axis.ticks() {
        let words = unit.full(tick);
        let width = frame.measure(&words);
        let x = ground.from + axis.length(tick, ground.length());
        let x = x.min(frame.width - width / 2.0).max(width / 2.0);
        if x - width / 2.0 >= free {
            canvas.text(x, y, Anchor::Middle, &words);
            free = x + width / 2.0 + BESIDE;
        }
    }
    canvas.y += frame.line + 4.0;
}
