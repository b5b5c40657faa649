//! Charts, drawn on the server as SVG: no script, no `style` (the policy of the pages forbids both), the same data give the same text.
//!
//! **Two drawings.** Every chart is drawn twice, for a narrow and for a wide place, and the style sheet shows the one that fits its
//! container ([`Frame`]). One drawing that is scaled from 1,000 px down to 375 px has letters of 6 px; refused. The one that is not
//! shown is `display: none`, so nobody hears a chart twice.
//!
//! **Not by colour alone.** Series differ by pattern or dash too, and text and axes are in the colour of the text around the chart,
//! so that dark and forced colours need nothing of their own. Every figure is written in full: a bar is read, not guessed.
//!
//! **What is not known is never 0.** [`Figure::Withheld`] is a hatched mark with the word 秘匿, [`Figure::Unknown`] is 「—」 and no
//! shape, and 0 is a thin line at the axis with its 0. Below zero there is no figure in these charts; it is told and not drawn.
//!
//! **Heard.** `role="img"` with a title, and a description that tells the main figures in sentences. With links inside it is
//! `role="group"`: whatever is in an image is not there for those who hear the page, links that take the focus included.

mod canvas;
mod columns;
mod lines;
mod pattern;
mod rows;
mod scale;
mod words;

use std::fmt;

use askama::filters::HtmlSafe;
use projections::reports::Cell;

use self::canvas::{Canvas, Frame};
pub(super) use self::scale::Unit;

/// Most series of a chart: there are so many patterns, and more lines than these are read by nobody.
pub(super) const MOST_SERIES: usize = 4;

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chart {
    /// Its name in the page, unlike that of every other chart there: ASCII letters, digits and `-`. It begins every id of the drawing.
    pub id: String,
    /// What it shows, as a heading: 「申請の進みかた」. The page shows it; the drawing only says it.
    pub title: String,
    /// What its figures count.
    pub unit: Unit,
    /// What is drawn.
    pub plot: Plot,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plot {
    /// Horizontal bars, the label left of each and its figure right: 申請の段階, 不備の多い項目.
    Bars(Vec<Bar>),
    /// How many there are in each band of a measure: standing columns, or lying bars where the labels have no room below them.
    Histogram {
        /// From the lowest on.
        bands: Vec<Bar>,
        /// What the bands measure: 「申請単位」.
        measure: String,
        /// 要件
        requirement: Option<Requirement>,
    },
    /// A group of bars for each month.
    Months {
        /// `2026年4月`, oldest first.
        months: Vec<String>,
        /// 請求, 入金, 未照合: a figure for each month, at most [`MOST_SERIES`].
        series: Vec<Series>,
        /// Whether the figures of a month add up to something, and stand on each other.
        stacked: bool,
    },
    /// How something grew up to the deadline.
    Lines {
        /// Days before the deadline, falling: 90, 89, … 0; negative after it.
        days: Vec<i64>,
        /// One for each program, a figure for each of the days, at most [`MOST_SERIES`].
        series: Vec<Series>,
    },
    /// How long something takes: half of all within p50, nine of ten within p90.
    Percentiles(Vec<Spread>),
}

/// A bar with its label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    /// What it counts.
    pub label: String,
    /// How many.
    pub figure: Figure,
    /// Where those are listed that it counts: an address of this service (`/desk/…`, `?state=…`). Anything else is no link.
    pub href: Option<String>,
}

impl Bar {
    /// A bar without a link.
    pub fn new(label: impl Into<String>, figure: impl Into<Figure>) -> Self {
        Self {
            label: label.into(),
            figure: figure.into(),
            href: None,
        }
    }

    /// The same with a link.
    #[must_use]
    pub fn leading_to(mut self, href: impl Into<String>) -> Self {
        self.href = Some(href.into());
        self
    }
}

/// The line of a requirement in a histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    /// Place of the first band that meets it; the line stands before it.
    pub band: usize,
    /// 「必要 50単位」
    pub label: String,
}

/// Figures that belong together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    /// Its name.
    pub name: String,
    /// One for each month or day; what is lacking at the end is not known.
    pub figures: Vec<Figure>,
}

impl Series {
    /// A series.
    pub fn new<F: Into<Figure>>(
        name: impl Into<String>,
        figures: impl IntoIterator<Item = F>,
    ) -> Self {
        Self {
            name: name.into(),
            figures: figures.into_iter().map(Into::into).collect(),
        }
    }

    fn at(&self, place: usize) -> Figure {
        self.figures.get(place).copied().unwrap_or(Figure::Unknown)
    }
}

/// How long something takes, for one state.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spread {
    /// The state.
    pub label: String,
    /// p50, p90, p95.
    pub figures: [Figure; 3],
    /// See [`Bar::href`].
    pub href: Option<String>,
}

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// Known, in the chart's unit.
    Known(i64),
    /// 秘匿
    Withheld,
    /// Nothing is known, or nothing applies.
    Unknown,
}

impl Figure {
    /// What can be drawn.
    fn drawn(self) -> Option<i64> {
        match self {
            Self::Known(value) => Some(value.max(0)),
            Self::Withheld | Self::Unknown => None,
        }
    }
}

impl From<i64> for Figure {
    fn from(value: i64) -> Self {
        Self::Known(value)
    }
}

/// `None` is 秘匿.
impl From<Option<i64>> for Figure {
    fn from(value: Option<i64>) -> Self {
        value.map_or(Self::Withheld, Self::Known)
    }
}

/// As in a report's table. What is no number there is none here.
impl From<&Cell> for Figure {
    fn from(cell: &Cell) -> Self {
        match cell {
            Cell::Number(value) => Self::Known(*value),
            Cell::Withheld => Self::Withheld,
            Cell::Empty | Cell::Text(_) | Cell::Date(_) | Cell::Instant(_) => Self::Unknown,
        }
    }
}

/// A chart as markup, everything in it escaped: `{{ chart }}` in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Drawing(String);

impl fmt::Display for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Drawing {}

impl Chart {
    /// Draws it, narrow and wide.
    pub fn draw(&self) -> Drawing {
        let description = words::description(self);
        let mut markup = String::from("<div class=\"chart\">");
        for frame in [Frame::NARROW, Frame::WIDE] {
            let mut canvas = Canvas::new(frame, &self.id);
            match &self.plot {
                Plot::Bars(bars) => rows::bars(&mut canvas, bars, self.unit),
                Plot::Histogram {
                    bands,
                    measure,
                    requirement,
                } => {
                    let requirement = requirement.as_ref();
                    if columns::have_room(frame, bands, self.unit) {
                        columns::histogram(&mut canvas, bands, measure, requirement, self.unit);
                    } else {
                        rows::histogram(&mut canvas, bands, measure, requirement, self.unit);
                    }
                }
                Plot::Months {
                    months,
                    series,
                    stacked,
                } => {
                    let group = Group::new(months, series, *stacked);
                    if columns::months_have_room(frame, &group, self.unit) {
                        columns::months(&mut canvas, &group, self.unit);
                    } else {
                        rows::months(&mut canvas, &group, self.unit);
                    }
                }
                Plot::Lines { days, series } => {
                    lines::lines(&mut canvas, days, at_most(series), self.unit);
                }
                Plot::Percentiles(spreads) => rows::percentiles(&mut canvas, spreads, self.unit),
            }
            let left_out = self.left_out();
            if left_out > 0 {
                canvas.note(&format!("ほか {left_out} 件は表でご確認ください。"));
            }
            markup.push_str(&canvas.finish(&self.title, &description, self.has_links()));
        }
        markup.push_str("</div>");
        Drawing(markup)
    }

    /// Series beyond [`MOST_SERIES`].
    fn left_out(&self) -> usize {
        match &self.plot {
            Plot::Months { series, .. } | Plot::Lines { series, .. } => {
                series.len().saturating_sub(MOST_SERIES)
            }
            Plot::Bars(_) | Plot::Histogram { .. } | Plot::Percentiles(_) => 0,
        }
    }

    fn has_links(&self) -> bool {
        let leads = |href: &Option<String>| href.as_deref().and_then(canvas::own_address).is_some();
        match &self.plot {
            Plot::Bars(bars) | Plot::Histogram { bands: bars, .. } => {
                bars.iter().any(|bar| leads(&bar.href))
            }
            Plot::Percentiles(spreads) => spreads.iter().any(|spread| leads(&spread.href)),
            Plot::Months { .. } | Plot::Lines { .. } => false,
        }
    }
}

fn at_most(series: &[Series]) -> &[Series] {
    series.get(..MOST_SERIES).unwrap_or(series)
}

/// Months with the series that are drawn of them.
struct Group<'a> {
    months: &'a [String],
    series: &'a [Series],
    stacked: bool,
}

impl<'a> Group<'a> {
    fn new(months: &'a [String], series: &'a [Series], stacked: bool) -> Self {
        Self {
            months,
            series: at_most(series),
            stacked,
        }
    }

    /// The greatest height: of a bar, or of all bars of a month.
    fn greatest(&self) -> i64 {
        (0..self.months.len())
            .map(|month| {
                let drawn = self.series.iter().filter_map(|one| one.at(month).drawn());
                if self.stacked {
                    drawn.fold(0, i64::saturating_add)
                } else {
                    drawn.max().unwrap_or(0)
                }
            })
            .max()
            .unwrap_or(0)
    }

    /// What the bars of a month add up to, where all are known.
    fn total(&self, month: usize) -> Option<i64> {
        self.series
            .iter()
            .try_fold(0_i64, |sum, one| match one.at(month) {
                Figure::Known(value) => sum.checked_add(value),
                Figure::Withheld | Figure::Unknown => None,
            })
    }
}

#[cfg(test)]
mod tests;
