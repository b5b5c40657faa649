//! Lines that grow up to the deadline.

use super::{
    Figure, Series, Unit,
    canvas::{Anchor, Area, Canvas, Swatch},
    pattern::{Fill, Ink},
    rows::NOTHING,
    scale::{Axis, count, real},
};
use crate::reports::cell::WITHHELD;

/// So many days at most have a mark each; of more the lines would be strings of pearls.
const MARKED: usize = 16;

/// Where the lines are.
struct Ground {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    axis: Axis,
    /// Days before the deadline at the left and right edge.
    days: (i64, i64),
}

impl Ground {
    fn x(&self, day: i64) -> f64 {
        let (first, last) = self.days;
        let whole = real(first) - real(last);
        if whole <= 0.0 {
            return f64::midpoint(self.left, self.right);
        }
        self.left + (real(first) - real(day)) / whole * (self.right - self.left)
    }

    fn y(&self, value: i64) -> f64 {
        self.bottom - self.axis.length(value, self.bottom - self.top)
    }
}

/// 「30日前」, 「締切日」, 「1日後」
pub(super) fn day(days: i64) -> String {
    match days {
        0 => "締切日".to_owned(),
        1.. => format!("{}日前", Unit::Days.bare(days)),
        _ => format!("{}日後", Unit::Days.bare(days.saturating_neg())),
    }
}

/// See [`super::Plot::Lines`].
pub(super) fn lines(canvas: &mut Canvas, days: &[i64], series: &[Series], unit: Unit) {
    let range = days.iter().copied().max().zip(days.iter().copied().min());
    let (Some(range), false) = (range, series.is_empty()) else {
        canvas.note(NOTHING);
        return;
    };
    let frame = canvas.frame;
    let entries: Vec<_> = series
        .iter()
        .enumerate()
        .map(|(at, one)| (one.name.as_str(), Swatch::Line(at)))
        .collect();
    canvas.legend(&entries);
    let greatest = (0..days.len())
        .flat_map(|at| series.iter().filter_map(move |one| one.at(at).drawn()))
        .max()
        .unwrap_or(0);
    let axis = Axis::new(greatest, if frame.is_narrow() { 4 } else { 5 });
    let lasts: Vec<_> = series.iter().map(|one| last(days, one)).collect();
    let ends = lasts.iter().flatten().map(|(_, value)| unit.full(*value));
    let numbers = axis.ticks().map(|tick| unit.bare(tick));
    let left = frame.widest(numbers) + 10.0;
    let right = frame.width - frame.widest(ends) - 12.0;
    let name = unit.name();
    if !name.is_empty() {
        let y = canvas.y;
        canvas.lines(0.0, y, frame.width, Anchor::Start, &format!("（{name}）"));
        canvas.y += frame.line;
    }
    // Above the plot stand the words of what is hatched.
    let top = canvas.y + frame.line + 2.0;
    let ground = Ground {
        left,
        right: right.max(left + 40.0),
        top,
        bottom: top + if frame.is_narrow() { 200.0 } else { 270.0 },
        axis,
        days: range,
    };
    scales(canvas, &ground, unit);
    withheld(canvas, &ground, days, series);
    for (at, one) in series.iter().enumerate() {
        draw(canvas, &ground, days, (at, one));
    }
    if !frame.is_narrow() {
        tips(canvas, &ground, days, series, unit);
    }
    end_figures(canvas, &ground, &lasts, unit);
    canvas.y = ground.bottom + frame.line + 6.0;
    let told = "締切日までの日数";
    canvas.y += canvas.lines(ground.right, canvas.y, frame.width, Anchor::End, told);
}

/// Where a series ends: place of its last figure, and the figure.
pub(super) fn last(days: &[i64], series: &Series) -> Option<(usize, i64)> {
    (0..days.len()).rev().find_map(|at| match series.at(at) {
        Figure::Known(value) => Some((at, value)),
        Figure::Withheld | Figure::Unknown => None,
    })
}

/// The axes with their numbers and pale lines.
fn scales(canvas: &mut Canvas, ground: &Ground, unit: Unit) {
    let frame = canvas.frame;
    for tick in ground.axis.ticks() {
        let y = ground.y(tick);
        if tick > 0 {
            canvas.guide((ground.left, y), (ground.right, y));
        }
        let baseline = y + canvas.baseline();
        canvas.text(ground.left - 8.0, baseline, Anchor::End, &unit.bare(tick));
    }
    canvas.axis((ground.left, ground.bottom), (ground.right, ground.bottom));
    let (first, end) = ground.days;
    let whole = first.saturating_sub(end).max(1);
    let step = Axis::new(whole, if frame.is_narrow() { 3 } else { 8 }).step;
    // Round days between the edges, nearest to the deadline first: that one is always told.
    let lowest = end.div_euclid(step).saturating_mul(step);
    let mut taken: Vec<(f64, f64)> = Vec::new();
    let rounds = (0..=whole / step + 1)
        .filter_map(|at| at.checked_mul(step)?.checked_add(lowest))
        .filter(|day| (end..=first).contains(day));
    for round in rounds {
        let x = ground.x(round);
        let words = day(round);
        let half = frame.measure(&words) / 2.0;
        let place = x.max(half).min(frame.width - half);
        let free = taken
            .iter()
            .all(|(from, to)| place + half < *from || place - half > *to);
        canvas.axis((x, ground.bottom), (x, ground.bottom + 5.0));
        if free {
            let y = ground.bottom + 6.0 + frame.line / 2.0 + canvas.baseline();
            canvas.text(place, y, Anchor::Middle, &words);
            taken.push((place - half - 6.0, place + half + 6.0));
        }
    }
}

/// The days of which some series is not told: hatched from top to bottom, as no height would be true.
fn withheld(canvas: &mut Canvas, ground: &Ground, days: &[i64], series: &[Series]) {
    let hidden = |at: usize| series.iter().any(|one| one.at(at) == Figure::Withheld);
    let mut at = 0;
    let mut free = f64::NEG_INFINITY;
    while at < days.len() {
        if !hidden(at) {
            at += 1;
            continue;
        }
        let first = at;
        while at < days.len() && hidden(at) {
            at += 1;
        }
        let (Some(from), Some(to)) = (days.get(first), days.get(at - 1)) else {
            continue;
        };
        let (a, b) = (ground.x(*from), ground.x(*to));
        let (a, b) = (a.min(b), a.max(b));
        let x = (a - 4.0).max(ground.left);
        let right = (b + 4.0).min(ground.right);
        let area = Area {
            x,
            y: ground.top,
            width: (right - x).max(1.0),
            height: ground.bottom - ground.top,
        };
        let names: Vec<_> = series
            .iter()
            .filter(|one| (first..at).any(|place| one.at(place) == Figure::Withheld))
            .map(|one| one.name.as_str())
            .collect();
        canvas.area(
            area,
            Ink::Withheld,
            Fill::Withheld,
            &format!("{}: {WITHHELD}", names.join("、")),
        );
        let half = canvas.frame.measure(WITHHELD) / 2.0;
        let middle = f64::midpoint(x, right)
            .min(ground.right - half)
            .max(ground.left + half);
        // Beside one that says so already, the hatching says it.
        if middle - half >= free {
            canvas.text(middle, ground.top - 5.0, Anchor::Middle, WITHHELD);
            free = middle + half + 4.0;
        }
    }
}

/// A series, broken wherever a day is not known.
fn draw(canvas: &mut Canvas, ground: &Ground, days: &[i64], (place, series): (usize, &Series)) {
    let points = days.iter().enumerate().map(|(at, day)| {
        let value = series.at(at).drawn()?;
        Some((ground.x(*day), ground.y(value)))
    });
    let points: Vec<_> = points.collect();
    let mut drawn = 0;
    for run in points.split(Option::is_none) {
        let run: Vec<_> = run.iter().copied().flatten().collect();
        drawn += run.len();
        match run.as_slice() {
            [] => {}
            // A day alone between two that are not known is no line.
            [alone] => canvas.marker(place, *alone),
            run => canvas.line(place, run),
        }
    }
    if drawn <= MARKED {
        for point in points.iter().flatten() {
            canvas.marker(place, *point);
        }
    } else if let Some(end) = points.iter().rev().flatten().next() {
        canvas.marker(place, *end);
    }
}

/// Every figure for whoever points at it; on a phone nothing points, and the table has them.
fn tips(canvas: &mut Canvas, ground: &Ground, days: &[i64], series: &[Series], unit: Unit) {
    for one in series {
        for (at, before) in days.iter().enumerate() {
            let figure = one.at(at);
            if let Some(value) = figure.drawn() {
                let words = format!("{} {} {}", one.name, day(*before), unit.full_figure(figure));
                canvas.tip((ground.x(*before), ground.y(value)), &words);
            }
        }
    }
}

/// The last figure of each line beside its end, moved apart where lines end close to each other.
fn end_figures(canvas: &mut Canvas, ground: &Ground, lasts: &[Option<(usize, i64)>], unit: Unit) {
    let mut ends: Vec<(f64, String)> = lasts
        .iter()
        .flatten()
        .map(|(_, value)| (ground.y((*value).max(0)), unit.full(*value)))
        .collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let apart = canvas.frame.font * 1.15;
    let most = count(ends.len().saturating_sub(1)) * apart;
    let mut free = f64::NEG_INFINITY;
    // From the top down, but never so far that those below leave the plot.
    for (at, (y, words)) in ends.iter().enumerate() {
        let lowest = ground.bottom - (most - count(at) * apart);
        let place = y.min(lowest).max(free);
        free = place + apart;
        canvas.text(
            ground.right + 10.0,
            place + canvas.baseline(),
            Anchor::Start,
            words,
        );
    }
}
