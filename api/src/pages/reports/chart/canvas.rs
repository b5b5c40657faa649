//! A drawing while it is made: shapes and texts in the order in which they are seen and read.

use std::{collections::BTreeSet, fmt::Write as _};

use crate::print::layout::wrap::wrap;

use super::{
    pattern::{Fill, Ink, dash},
    scale::count,
};

/// For what place a drawing is made. Its units are pixels where the place is as wide as it; it becomes up to half larger or a
/// fifth smaller before the other is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    /// Part of ids and classes.
    name: &'static str,
    /// From edge to edge.
    pub width: f64,
    /// Size of text.
    pub font: f64,
    /// From line to line.
    pub line: f64,
}

impl Frame {
    /// A phone of 375 px without the margins of the page.
    pub const NARROW: Self = Self {
        name: "narrow",
        width: 343.0,
        font: 15.0,
        line: 22.0,
    };
    /// A window.
    pub const WIDE: Self = Self {
        name: "wide",
        width: 920.0,
        font: 16.0,
        line: 24.0,
    };

    /// Whether it is the narrow one.
    pub fn is_narrow(self) -> bool {
        self == Self::NARROW
    }

    /// Width of the longest line of a text. The face of the page is not known here; it is measured by that of the prints, of which the
    /// usual ones differ little, and somewhat added.
    pub fn measure(self, text: &str) -> f64 {
        let lines = wrap(text, f32::INFINITY);
        let widest = lines.iter().map(|line| line.em).fold(0.0, f32::max);
        f64::from(widest) * self.font * SPARE
    }

    /// The widest of some texts.
    pub fn widest<T: AsRef<str>>(self, texts: impl IntoIterator<Item = T>) -> f64 {
        texts
            .into_iter()
            .map(|text| self.measure(text.as_ref()))
            .fold(0.0, f64::max)
    }
}

/// For faces that are broader than the one that is measured.
const SPARE: f64 = 1.08;

/// Where a text stands from its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// It begins there.
    Start,
    /// It has its middle there.
    Middle,
    /// It ends there.
    End,
}

impl Anchor {
    fn attribute(self) -> &'static str {
        match self {
            Self::Start => "",
            Self::Middle => " text-anchor=\"middle\"",
            Self::End => " text-anchor=\"end\"",
        }
    }
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// What stands for a series in a legend.
#[derive(Clone, Copy, Debug)]
pub(super) enum Swatch {
    /// A filled area.
    Area(Ink, Fill),
    /// The line of the series at a place.
    Line(usize),
}

/// Width of a swatch with the room after it.
pub(super) const SWATCH: f64 = 34.0;

/// A drawing while it is made.
pub(super) struct Canvas {
    pub frame: Frame,
    id: String,
    body: String,
    used: BTreeSet<(Ink, Fill)>,
    /// Lower edge of what is drawn.
    pub y: f64,
}

impl Canvas {
    /// An empty drawing for a place, of a chart of such an id.
    pub fn new(frame: Frame, id: &str) -> Self {
        let id: String = id
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect();
        Self {
            frame,
            id: format!("chart-{id}-{}", frame.name),
            body: String::new(),
            used: BTreeSet::new(),
            y: 0.0,
        }
    }

    /// A line of text from its baseline.
    pub fn text(&mut self, x: f64, y: f64, anchor: Anchor, text: &str) {
        let _infallible = write!(
            self.body,
            "<text x=\"{}\" y=\"{}\"{}>{}</text>",
            Length(x),
            Length(y),
            anchor.attribute(),
            escaped(text.trim_end())
        );
    }

    /// A text in lines from its upper edge, broken where it is wider than `width`. Gives its height.
    pub fn lines(&mut self, x: f64, y: f64, width: f64, anchor: Anchor, text: &str) -> f64 {
        let lines = self.wrapped(text, width);
        self.put_lines(x, y, anchor, &lines)
    }

    /// The lines of a text.
    pub fn wrapped(&self, text: &str, width: f64) -> Vec<String> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a measure of some tens, whose last places matter to nobody"
        )]
        let em = (width / self.frame.font / SPARE) as f32;
        // A text that was measured for this width goes into it, whatever is lost in the last places.
        let lines = wrap(text, em + 0.02);
        lines.iter().map(|line| line.text.to_owned()).collect()
    }

    /// The lines of a label: as many as in [`Canvas::wrapped`], but of about the same length, so that no last character stands alone.
    pub fn balanced(&self, text: &str, width: f64) -> Vec<String> {
        let mut lines = self.wrapped(text, width);
        let mut narrower = width;
        while lines.len() > 1 {
            narrower -= self.frame.font / 2.0;
            let next = self.wrapped(text, narrower);
            if narrower < width / 2.0 || next.len() > lines.len() {
                break;
            }
            lines = next;
        }
        lines
    }

    /// Words side by side in lines, none of them parted unless it is longer than a line.
    pub fn side_by_side(&self, words: &[String], width: f64) -> Vec<String> {
        const BETWEEN: &str = "　";
        let mut lines: Vec<String> = Vec::new();
        for one in words {
            let one = self.wrapped(one, width).into_iter();
            for (at, piece) in one.enumerate() {
                let joined = lines.last().map(|line| format!("{line}{BETWEEN}{piece}"));
                match (joined, lines.last_mut()) {
                    (Some(joined), Some(line))
                        if at == 0 && self.frame.measure(&joined) <= width =>
                    {
                        *line = joined;
                    }
                    _ => lines.push(piece),
                }
            }
        }
        lines
    }

    /// Lines below each other, from an upper edge. Gives their height.
    pub fn put_lines(&mut self, x: f64, y: f64, anchor: Anchor, lines: &[String]) -> f64 {
        for (at, line) in lines.iter().enumerate() {
            let y = y + count(at) * self.frame.line + self.frame.line * 0.5 + self.baseline();
            self.text(x, y, anchor, line);
        }
        count(lines.len()) * self.frame.line
    }

    /// From the middle of a line down to its baseline.
    pub fn baseline(&self) -> f64 {
        self.frame.font * 0.36
    }

    /// A filled area, its border inside.
    pub fn area(&mut self, area: Area, ink: Ink, fill: Fill, tip: &str) {
        const BORDER: f64 = 1.5;
        self.used.insert((ink, fill));
        let dash = if fill == Fill::Withheld {
            " stroke-dasharray=\"4 2\""
        } else {
            ""
        };
        // What is thinner than its border is a line of its own thickness.
        let border = BORDER.min(area.width).min(area.height);
        let _infallible = write!(
            self.body,
            "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" stroke=\"currentColor\" stroke-width=\"{}\"{dash}",
            ink.class(),
            Length(area.x + border / 2.0),
            Length(area.y + border / 2.0),
            Length(area.width - border),
            Length(area.height - border),
            fill.reference(ink, &self.id),
            Length(border),
        );
        if tip.is_empty() {
            self.body.push_str("/>");
        } else {
            let _infallible = write!(self.body, "><title>{}</title></rect>", escaped(tip));
        }
    }

    /// A straight line of an axis.
    pub fn axis(&mut self, from: (f64, f64), to: (f64, f64)) {
        let _infallible = write!(
            self.body,
            "<path d=\"{}\" stroke=\"currentColor\"/>",
            path(&[from, to])
        );
    }

    /// A pale line that leads the eye to a tick.
    pub fn guide(&mut self, from: (f64, f64), to: (f64, f64)) {
        let _infallible = write!(
            self.body,
            "<path d=\"{}\" stroke=\"currentColor\" stroke-opacity=\"0.22\"/>",
            path(&[from, to])
        );
    }

    /// The dashed line of a requirement.
    pub fn requirement(&mut self, from: (f64, f64), to: (f64, f64)) {
        let _infallible = write!(
            self.body,
            "<path class=\"chart-requirement\" d=\"{}\" stroke=\"currentColor\" stroke-width=\"2.5\" stroke-dasharray=\"7 4\"/>",
            path(&[from, to])
        );
    }

    /// The line of the series at a place.
    pub fn line(&mut self, place: usize, points: &[(f64, f64)]) {
        let _infallible = write!(
            self.body,
            "<path class=\"{}\" d=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.5\" stroke-linejoin=\"round\"{}/>",
            Ink::Series(place).class(),
            path(points),
            dashes(place)
        );
    }

    /// The mark of the series at a place: each has a shape of its own.
    pub fn marker(&mut self, place: usize, (x, y): (f64, f64)) {
        let class = Ink::Series(place).class();
        let d = match place % super::MOST_SERIES {
            0 => format!(
                "M{} {}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
                Length(x - 4.5),
                Length(y)
            ),
            1 => format!("M{} {}h8v8h-8z", Length(x - 4.0), Length(y - 4.0)),
            2 => format!("M{} {}l5.2 9h-10.4z", Length(x), Length(y - 5.5)),
            _ => format!(
                "M{} {}l5.5 5.5l-5.5 5.5l-5.5-5.5z",
                Length(x),
                Length(y - 5.5)
            ),
        };
        let _infallible = write!(
            self.body,
            "<path class=\"{class}\" d=\"{d}\" fill=\"currentColor\"/>"
        );
    }

    /// A place that tells its words to whoever points at it.
    pub fn tip(&mut self, (x, y): (f64, f64), words: &str) {
        let _infallible = write!(
            self.body,
            "<circle cx=\"{}\" cy=\"{}\" r=\"6\" fill=\"none\" pointer-events=\"all\"><title>{}</title></circle>",
            Length(x),
            Length(y),
            escaped(words)
        );
    }

    /// Begins a link, whose whole area can be pressed; none for what is no address of this service. [`Canvas::unlink`] ends it.
    pub fn link(&mut self, href: Option<&String>, area: Area) -> bool {
        let Some(href) = href.and_then(|href| own_address(href)) else {
            return false;
        };
        let _infallible = write!(
            self.body,
            "<a href=\"{}\"><rect class=\"chart-target\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\" fill=\"none\" pointer-events=\"all\"/>",
            escaped(href),
            Length(area.x),
            Length(area.y),
            Length(area.width),
            Length(area.height)
        );
        true
    }

    /// Ends a link that was begun.
    pub fn unlink(&mut self, begun: bool) {
        if begun {
            self.body.push_str("</a>");
        }
    }

    /// What the series are, side by side as far as there is room.
    pub fn legend(&mut self, entries: &[(&str, Swatch)]) {
        const GAP: f64 = 20.0;
        let mut x = 0.0;
        let width = self.frame.width;
        for (name, swatch) in entries {
            let needed = SWATCH + self.frame.measure(name);
            if x > 0.0 && x + needed > width {
                x = 0.0;
                self.y += self.frame.line;
            }
            let height = self.named_swatch(x, self.y, width - x, name, *swatch);
            x += needed + GAP;
            // A name longer than the drawing has lines of its own.
            if height > self.frame.line {
                self.y += height - self.frame.line;
                x = width;
            }
        }
        if !entries.is_empty() {
            self.y += self.frame.line + 8.0;
        }
    }

    /// A swatch with its name in lines. Gives their height.
    pub fn named_swatch(&mut self, x: f64, y: f64, width: f64, name: &str, swatch: Swatch) -> f64 {
        let middle = y + self.frame.line / 2.0;
        match swatch {
            Swatch::Area(ink, fill) => {
                let area = Area {
                    x,
                    y: middle - 8.0,
                    width: 26.0,
                    height: 16.0,
                };
                self.area(area, ink, fill, "");
            }
            Swatch::Line(place) => {
                self.line(place, &[(x, middle), (x + 27.0, middle)]);
                self.marker(place, (x + 13.5, middle));
            }
        }
        self.lines(
            x + SWATCH,
            y,
            (width - SWATCH).max(self.frame.font),
            Anchor::Start,
            name,
        )
    }

    /// A sentence below everything.
    pub fn note(&mut self, words: &str) {
        self.y += 6.0;
        self.y += self.lines(0.0, self.y, self.frame.width, Anchor::Start, words);
    }

    /// The drawing.
    pub fn finish(self, title: &str, description: &str, links: bool) -> String {
        let id = &self.id;
        let mut patterns = String::new();
        for (ink, fill) in &self.used {
            fill.define(*ink, id, &mut patterns);
        }
        if !patterns.is_empty() {
            patterns = format!("<defs>{patterns}</defs>");
        }
        let (width, height) = (Length(self.frame.width), Length((self.y + 4.0).ceil()));
        format!(
            "<svg class=\"chart-{name}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"{role}\" aria-labelledby=\"{id}-title {id}-desc\" font-size=\"{font}\" fill=\"currentColor\"><title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{description}</desc>{patterns}{body}</svg>",
            name = self.frame.name,
            role = if links { "group" } else { "img" },
            font = Length(self.frame.font),
            title = escaped(title),
            description = escaped(description),
            body = self.body,
        )
    }
}

fn dashes(place: usize) -> String {
    match dash(place) {
        "" => String::new(),
        dash => format!(" stroke-dasharray=\"{dash}\""),
    }
}

/// Lines from point to point.
fn path(points: &[(f64, f64)]) -> String {
    let mut d = String::new();
    for (at, &(x, y)) in points.iter().enumerate() {
        let letter = if at == 0 { 'M' } else { 'L' };
        let _infallible = write!(d, "{letter}{} {}", Length(x), Length(y));
    }
    d
}

/// A link leads nowhere but into this service.
pub(super) fn own_address(href: &str) -> Option<&str> {
    let below = href.starts_with('/') && !href.starts_with("//") && !href.starts_with("/\\");
    let here = href.starts_with(['?', '#']);
    let plain = !href.chars().any(|c| c.is_control() || c.is_whitespace());
    ((below || here) && plain).then_some(href)
}

/// A length in tenths, which no screen tells from more.
struct Length(f64);

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (self.0 * 10.0).round() / 10.0;
        // There is no -0.
        let tenths = if tenths == 0.0 { 0.0 } else { tenths };
        write!(f, "{tenths}")
    }
}

/// Text as XML and HTML both read it. Characters that XML does not have are U+FFFD; line ends are blanks.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => escaped.push(' '),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
    }
    escaped
}
