//! What a report says: titled tables of typed cells. Pages, JSON, CSV, xlsx and PDF all write the same ones.

use jiff::{Timestamp, civil::Date};

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// A number that names something (会員番号, 認定番号): text everywhere, leading zeros kept.
    Code,
    /// 件 or 人
    Count,
    /// 単位
    Units,
    /// 円
    Yen,
    /// Whole days.
    Days,
    /// Tenths of a percent: 125 is 12.5 %.
    Share,
    /// A day.
    Date,
    /// An instant, shown in Japan's time.
    Instant,
    /// The first instant at which it is too late, shown in the words of every deadline: a spreadsheet would show the day after.
    Deadline,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in JSON: ASCII, `snake_case`.
    pub key: &'static str,
    /// Its heading.
    pub title: String,
    /// What its cells are.
    pub kind: Kind,
}

impl Column {
    /// A column.
    pub fn new(key: &'static str, title: impl Into<String>, kind: Kind) -> Self {
        Self {
            key,
            title: title.into(),
            kind,
        }
    }
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing is known, or nothing applies.
    Empty,
    /// 秘匿: fewer than may be told, or to be worked out from what is.
    Withheld,
    /// [`Kind::Text`], [`Kind::Code`]
    Text(String),
    /// [`Kind::Count`], [`Kind::Units`], [`Kind::Yen`], [`Kind::Days`], [`Kind::Share`]
    Number(i64),
    /// [`Kind::Date`]
    Date(Date),
    /// [`Kind::Instant`], [`Kind::Deadline`]
    Instant(Timestamp),
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}
