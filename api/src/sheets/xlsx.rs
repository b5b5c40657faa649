//! xlsx, by `rust_xlsxwriter`: the rows wait in an unnamed file of the system's temporary directory until the whole is packed.
//!
//! Each cell is what its column is. A text is a string of the file, never a formula; one that looks like a formula carries the mark by
//! which Excel keeps it one when somebody edits it, and codes have the format of texts for the same reason.

use std::io::Write;

use domain::{calendar::JST, text::normalise_newlines};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};
use projections::reports::{Cell, Column, Kind};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, Workbook as Book, Worksheet, XlsxError,
};
use unicode_segmentation::UnicodeSegmentation as _;

use super::{
    Sheet, SheetError, WITHHELD, XLSX_ROWS, looks_like_a_formula,
    losses::{Losses, What},
    plain,
};

/// Characters of a cell (UTF-16): what Excel has.
const CELL: usize = 32_767;
/// Characters of a tab's name (UTF-16): what Excel has.
const TAB: usize = 31;

/// Widths of columns, in digits: enough for a heading and its arrow, and not so wide that the next column is off the screen.
const NARROWEST: usize = 8;
const WIDEST: usize = 60;

/// Beyond it a number of Excel (15 digits) is not the one that was given.
const LARGEST: u64 = 999_999_999_999_999;

/// A workbook that is being written.
pub(super) struct Workbook {
    book: Book,
    tab: Tab,
    finished: Vec<String>,
    formats: Formats,
    losses: Losses,
}

/// The tab that is being written.
struct Tab {
    name: String,
    sheet: Worksheet,
    kinds: Vec<Kind>,
    widths: Vec<usize>,
    head: u32,
    next: u32,
}

struct Formats {
    label: Format,
    heading: Format,
    code: Format,
    number: Format,
    share: Format,
    date: Format,
    instant: Format,
    /// Of texts: by whether they have several lines, and whether they look like a formula.
    text: [[Format; 2]; 2],
}

impl Formats {
    fn new() -> Self {
        let text = |lines: bool, formula: bool| {
            let format = if lines {
                Format::new().set_text_wrap()
            } else {
                Format::new()
            };
            if formula {
                format.set_quote_prefix()
            } else {
                format
            }
        };
        Self {
            label: Format::new().set_bold(),
            heading: Format::new().set_bold().set_text_wrap(),
            // Excel's own: 49 is @ (text), 3 is #,##0.
            code: Format::new().set_num_format_index(49),
            number: Format::new().set_num_format_index(3),
            share: Format::new().set_num_format("0.0%"),
            date: Format::new().set_num_format("yyyy/mm/dd"),
            instant: Format::new().set_num_format("yyyy/mm/dd hh:mm"),
            text: [false, true].map(|lines| [false, true].map(|formula| text(lines, formula))),
        }
    }

    fn of_text(&self, text: &str) -> &Format {
        let [one_line, several] = &self.text;
        let [words, formula] = if text.contains('\n') {
            several
        } else {
            one_line
        };
        if looks_like_a_formula(text) {
            formula
        } else {
            words
        }
    }
}

impl Workbook {
    /// With its first tab. It says of itself when it was made, and not by whom.
    pub(super) fn new(created: Timestamp, first: &Sheet) -> Result<Self, SheetError> {
        let mut book = Book::new();
        let mut properties = DocProperties::new();
        // Without it the library would ask the clock, and the same question would give other bytes each time. To the minute, as 集計時点 is written
        // everywhere: of a minute that is not over, it would be another second each time.
        let minute = created.as_second().div_euclid(60) * 60;
        let minute = Timestamp::from_second(minute).unwrap_or(created);
        let utc = jiff::tz::Offset::UTC.to_datetime(minute);
        properties = properties.set_creation_datetime(&excel_time(utc)?);
        book.set_properties(&properties);
        let formats = Formats::new();
        let mut losses = Losses::default();
        let tab = Tab::new(&mut book, first, &[], &formats, &mut losses)?;
        Ok(Self {
            book,
            tab,
            finished: Vec::new(),
            formats,
            losses,
        })
    }

    /// Ends the tab and begins the next.
    pub(super) fn next(&mut self, sheet: &Sheet) -> Result<(), SheetError> {
        self.finished.push(self.tab.name.clone());
        let (formats, losses) = (&self.formats, &mut self.losses);
        let next = Tab::new(&mut self.book, sheet, &self.finished, formats, losses)?;
        let ended = std::mem::replace(&mut self.tab, next);
        self.book.push_worksheet(ended.end()?);
        Ok(())
    }

    /// One row more.
    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<(), SheetError> {
        self.tab.row(cells, &self.formats, &mut self.losses)
    }

    /// Packs it.
    pub(super) fn save(mut self, out: &mut (impl Write + Send)) -> Result<Losses, SheetError> {
        self.book.push_worksheet(self.tab.end()?);
        self.book.save_to_writer(out)?;
        Ok(self.losses)
    }
}

impl Tab {
    fn new(
        book: &mut Book,
        sheet: &Sheet,
        taken: &[String],
        formats: &Formats,
        losses: &mut Losses,
    ) -> Result<Self, SheetError> {
        let name = tab_name(&sheet.name, taken);
        let mut worksheet = book.new_worksheet_with_constant_memory()?;
        worksheet.set_name(&name)?;
        let mut tab = Self {
            name,
            sheet: worksheet,
            kinds: sheet.columns.iter().map(|column| column.kind).collect(),
            widths: sheet.columns.iter().map(least_width).collect(),
            head: 0,
            next: 0,
        };
        for (label, value) in &sheet.preamble {
            tab.text(0, label, &formats.label, losses)?;
            tab.text(1, value, formats.of_text(value), losses)?;
            tab.advance()?;
        }
        if !sheet.preamble.is_empty() {
            tab.advance()?;
        }
        tab.head = tab.next;
        for (column, one) in (0..).zip(&sheet.columns) {
            tab.text(column, &one.title, &formats.heading, losses)?;
        }
        tab.advance()?;
        tab.sheet.set_freeze_panes(tab.next, 0)?;
        Ok(tab)
    }

    fn advance(&mut self) -> Result<(), SheetError> {
        if self.next >= XLSX_ROWS {
            return Err(SheetError::TooLarge);
        }
        self.next += 1;
        Ok(())
    }

    fn row(
        &mut self,
        cells: &[Cell],
        formats: &Formats,
        losses: &mut Losses,
    ) -> Result<(), SheetError> {
        for (column, cell) in (0..).zip(cells) {
            self.cell(column, cell, formats, losses)?;
        }
        self.advance()
    }

    fn cell(
        &mut self,
        column: u16,
        cell: &Cell,
        formats: &Formats,
        losses: &mut Losses,
    ) -> Result<(), SheetError> {
        let kind = self
            .kinds
            .get(usize::from(column))
            .copied()
            .unwrap_or(Kind::Text);
        match cell {
            Cell::Empty => {}
            Cell::Withheld => self.text(column, WITHHELD, formats.of_text(WITHHELD), losses)?,
            Cell::Text(text) => {
                let text = normalise_newlines(text);
                self.widen(column, &text);
                let format = if kind == Kind::Code {
                    &formats.code
                } else {
                    formats.of_text(&text)
                };
                self.text(column, &text, format, losses)?;
            }
            Cell::Number(number) => match (exact(*number), kind) {
                (Some(tenths), Kind::Share) => {
                    self.sheet.write_number_with_format(
                        self.next,
                        column,
                        tenths / 1_000.0,
                        &formats.share,
                    )?;
                }
                (Some(number), _) => {
                    self.sheet.write_number_with_format(
                        self.next,
                        column,
                        number,
                        &formats.number,
                    )?;
                }
                (None, _) => self.in_words(column, cell, kind, formats, losses)?,
            },
            Cell::Date(date) => match excel_date(*date) {
                Ok(day) => {
                    self.sheet.write_datetime_with_format(
                        self.next,
                        column,
                        &day,
                        &formats.date,
                    )?;
                }
                Err(_) => self.in_words(column, cell, kind, formats, losses)?,
            },
            Cell::Instant(_) if kind == Kind::Deadline => {
                self.in_words(column, cell, kind, formats, losses)?;
            }
            Cell::Instant(at) => match excel_time(JST.to_datetime(*at)) {
                Ok(time) => {
                    self.sheet.write_datetime_with_format(
                        self.next,
                        column,
                        &time,
                        &formats.instant,
                    )?;
                }
                Err(_) => self.in_words(column, cell, kind, formats, losses)?,
            },
        }
        Ok(())
    }

    /// What Excel has no value for (a day before 1900, a number of 16 digits) is said in words, as CSV says it.
    fn in_words(
        &mut self,
        column: u16,
        cell: &Cell,
        kind: Kind,
        formats: &Formats,
        losses: &mut Losses,
    ) -> Result<(), SheetError> {
        let words = plain(cell, kind);
        self.widen(column, &words);
        self.text(column, &words, formats.of_text(&words), losses)
    }

    fn text(
        &mut self,
        column: u16,
        text: &str,
        format: &Format,
        losses: &mut Losses,
    ) -> Result<(), SheetError> {
        if text.is_empty() {
            return Ok(());
        }
        let kept = cut(text, CELL);
        if kept.len() < text.len() {
            let length = u64::try_from(kept.encode_utf16().count()).unwrap_or(u64::MAX);
            let line = u64::from(self.next) + 1;
            losses.add(line, u64::from(column) + 1, What::Cut { kept: length });
        }
        self.sheet
            .write_string_with_format(self.next, column, kept, format)?;
        Ok(())
    }

    fn widen(&mut self, column: u16, text: &str) {
        if let Some(width) = self.widths.get_mut(usize::from(column))
            && *width < WIDEST
        {
            *width = (*width).max(text.lines().map(shown_width).max().unwrap_or(0) + 1);
        }
    }

    fn end(mut self) -> Result<Worksheet, SheetError> {
        for (column, width) in (0..).zip(&self.widths) {
            let width = u32::try_from((*width).clamp(NARROWEST, WIDEST)).unwrap_or_default();
            self.sheet.set_column_width(column, width)?;
        }
        if let Ok(last) = u16::try_from(self.kinds.len())
            && let Some(last) = last.checked_sub(1)
        {
            self.sheet.autofilter(self.head, 0, self.next - 1, last)?;
        }
        Ok(self.sheet)
    }
}

/// Room for the heading with the arrow of its filter, and for what a column of the kind holds.
fn least_width(column: &Column) -> usize {
    let cells = match column.kind {
        Kind::Text | Kind::Code => NARROWEST,
        Kind::Count | Kind::Units | Kind::Days | Kind::Share => 9,
        Kind::Yen | Kind::Date => 12,
        Kind::Instant => 17,
        Kind::Deadline => 25,
    };
    cells.max(shown_width(&column.title) + 3)
}

/// In digits: kana and kanji are two, and what stands below U+0100 or is half-width katakana is one.
fn shown_width(text: &str) -> usize {
    text.chars()
        .map(|c| {
            if c < '\u{100}' || matches!(c, '｡'..='ﾟ') {
                1
            } else {
                2
            }
        })
        .sum()
}

/// As much of a text as so many characters of UTF-16 hold, without cutting what a person sees as one.
fn cut(text: &str, most: usize) -> &str {
    // No character is fewer bytes than characters of UTF-16.
    if text.len() <= most {
        return text;
    }
    let mut length = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        length += grapheme.encode_utf16().count();
        if length > most {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// A name that Excel allows and no other tab has: its letters are compared without case, and 履歴 in English is its own.
fn tab_name(wanted: &str, taken: &[String]) -> String {
    let allowed: String = wanted
        .chars()
        .map(|c| match c {
            '[' => '［',
            ']' => '］',
            ':' => '：',
            '*' => '＊',
            '?' => '？',
            '/' => '／',
            '\\' => '＼',
            '\'' => '’',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    let allowed = match allowed.trim() {
        "" => "表",
        name => name,
    };
    let is_taken = |name: &str| {
        name.eq_ignore_ascii_case("history")
            || taken
                .iter()
                .any(|other| other.to_lowercase() == name.to_lowercase())
    };
    let first = cut(allowed, TAB).to_owned();
    let numbered = (2..).map(|number: u32| {
        let end = format!("（{number}）");
        let room = TAB.saturating_sub(end.encode_utf16().count());
        format!("{}{end}", cut(allowed, room))
    });
    std::iter::once(first)
        .chain(numbered)
        .find(|name| !is_taken(name))
        .unwrap_or_default()
}

/// The number as Excel keeps it, if it is the same one.
#[expect(clippy::cast_precision_loss, reason = "15 digits are exact in 53 bits")]
fn exact(number: i64) -> Option<f64> {
    (number.unsigned_abs() <= LARGEST).then_some(number as f64)
}

/// A day; an error before 1900.
fn excel_date(date: Date) -> Result<ExcelDateTime, XlsxError> {
    // The library takes the day before, as Excel's zero, which Excel shows as 1900/01/00.
    if date.year() < 1900 {
        return Err(XlsxError::DateTimeRangeError(
            "a day before 1900".to_owned(),
        ));
    }
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let year = u16::try_from(date.year()).unwrap_or_default();
    ExcelDateTime::from_ymd(year, part(date.month()), part(date.day()))
}

/// A time of a day to the second; an error before 1900.
fn excel_time(time: DateTime) -> Result<ExcelDateTime, XlsxError> {
    let hour = u16::try_from(time.hour()).unwrap_or_default();
    let minute = u8::try_from(time.minute()).unwrap_or_default();
    excel_date(time.date())?.and_hms(hour, minute, time.second())
}
