//! How series differ without their colour.

use std::fmt::Write as _;

/// One of the colours of the style sheet (`.chart-1` …), which sets `color`: shapes and patterns take it as `currentColor`, and are
/// black where there is no style sheet, as on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ink {
    /// Of the series at a place.
    Series(usize),
    /// Of 秘匿.
    Withheld,
}

impl Ink {
    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Withheld => "chart-withheld",
            Self::Series(place) => match place % super::MOST_SERIES {
                0 => "chart-1",
                1 => "chart-2",
                2 => "chart-3",
                _ => "chart-4",
            },
        }
    }
}

/// What an area is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fill {
    /// All of it.
    Solid,
    /// Rising lines.
    Hatched,
    /// Dots.
    Dotted,
    /// Lines both ways.
    Crossed,
    /// 秘匿: falling thin lines; its border is dashed.
    Withheld,
}

impl Fill {
    /// Of the series at a place.
    pub fn of_series(place: usize) -> Self {
        match place % super::MOST_SERIES {
            0 => Self::Solid,
            1 => Self::Hatched,
            2 => Self::Dotted,
            _ => Self::Crossed,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Solid => "solid",
            Self::Hatched => "hatched",
            Self::Dotted => "dotted",
            Self::Crossed => "crossed",
            Self::Withheld => "withheld",
        }
    }

    /// The value of `fill`, in a drawing of such an id.
    pub fn reference(self, ink: Ink, id: &str) -> String {
        match self {
            Self::Solid => "currentColor".to_owned(),
            _ => format!("url(#{id}-{}-{})", ink.class(), self.name()),
        }
    }

    /// The definition that [`Fill::reference`] refers to.
    pub fn define(self, ink: Ink, id: &str, markup: &mut String) {
        // Side of the tile, and what is on it. The tiles are seamless: lines go on beyond their corners.
        let (side, tile) = match self {
            Self::Solid => return,
            Self::Hatched => (
                7,
                "<path d=\"M-1.75 1.75l3.5-3.5M0 7l7-7M5.25 8.75l3.5-3.5\" stroke=\"currentColor\" stroke-width=\"2.6\"/>",
            ),
            Self::Dotted => (
                6,
                "<circle cx=\"1.5\" cy=\"1.5\" r=\"1.3\" fill=\"currentColor\"/><circle cx=\"4.5\" cy=\"4.5\" r=\"1.3\" fill=\"currentColor\"/>",
            ),
            Self::Crossed => (
                7,
                "<path d=\"M0 3.5h7M3.5 0v7\" stroke=\"currentColor\" stroke-width=\"1.6\"/>",
            ),
            Self::Withheld => (
                6,
                "<path d=\"M-1.5 4.5l3 3M0 0l6 6M4.5-1.5l3 3\" stroke=\"currentColor\" stroke-width=\"1\"/>",
            ),
        };
        let _infallible = write!(
            markup,
            "<pattern id=\"{id}-{ink}-{name}\" class=\"{ink}\" width=\"{side}\" height=\"{side}\" patternUnits=\"userSpaceOnUse\">{tile}</pattern>",
            ink = ink.class(),
            name = self.name(),
        );
    }
}

/// How the line of the series at a place is dashed; empty for one that is not.
pub(super) fn dash(place: usize) -> &'static str {
    match place % super::MOST_SERIES {
        0 => "",
        1 => "9 4",
        2 => "2 4",
        _ => "12 4 2 4",
    }
}
