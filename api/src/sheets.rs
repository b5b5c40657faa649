//! Tables as files: xlsx, CSV in UTF-8 and CSV in CP932, row by row, so that a long list needs no more memory than a short one.
//!
//! xlsx is the form to recommend: its cells have types, so 認定番号 0500026 keeps its zero and `=1+1` stays what somebody typed. CSV has
//! no types. Codes are quoted in it and nothing more: programs read back exactly what was written, and Excel drops the zeros when it
//! opens the file by a double click. `="0500026"` would keep them there and be wrong for everybody else, this service's own imports
//! among them; an apostrophe likewise.

mod code_page;
mod csv;
mod losses;
mod xlsx;

#[cfg(test)]
mod tests;

use std::io::Write;

use domain::{
    calendar::{show_date, show_deadline, show_jst_minutes},
    text::is_variation_selector,
};
use jiff::Timestamp;
use projections::reports::{Cell, Column, Kind};
use unicode_normalization::UnicodeNormalization as _;

pub use losses::{FIRST_LOSSES, Loss, Losses, What};

pub(crate) use csv::CsvLines;

use csv::Field;
use xlsx::Workbook;

/// Rows of one table in xlsx: what Excel has.
pub const XLSX_ROWS: u32 = 1_048_576;

/// What stands in a cell whose value may not be told.
const WITHHELD: &str = "秘匿";

/// In which form a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Excel: the form to recommend.
    Xlsx,
    /// CSV, UTF-8 with BOM.
    Csv,
    /// CSV in the `Shift_JIS` of Windows, for older systems: not every character can be written.
    CsvCp932,
}

impl Format {
    /// All of them, the recommended one first.
    pub const ALL: [Self; 3] = [Self::Xlsx, Self::Csv, Self::CsvCp932];

    /// The word in addresses and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::CsvCp932 => "csv_cp932",
        }
    }

    /// The format that a word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// The words for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Xlsx => "Excel（xlsx）",
            Self::Csv => "CSV（UTF-8）",
            Self::CsvCp932 => "CSV（Shift_JIS）",
        }
    }

    /// What a file's name ends in, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv | Self::CsvCp932 => "csv",
        }
    }

    /// The media type of an answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
            Self::CsvCp932 => "text/csv; charset=Shift_JIS",
        }
    }
}

/// A table without its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its tab in xlsx; what Excel does not allow in it is replaced. CSV does not show it: the title belongs into `preamble`.
    pub name: String,
    /// Label and value of each line above the table: 集計条件, 集計時点.
    pub preamble: Vec<(String, String)>,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The writer below, or the file in which the rows of xlsx wait.
    #[error("a table could not be written")]
    Io(#[from] std::io::Error),
    /// A row has another number of cells than its table has columns.
    #[error("a row has {found} cells where the table has {expected} columns")]
    Width {
        /// Columns of the table.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// More rows or columns than xlsx holds.
    #[error("the table is larger than xlsx allows")]
    TooLarge,
    /// The writer of xlsx.
    #[error("xlsx could not be written")]
    Xlsx(#[source] rust_xlsxwriter::XlsxError),
}

impl From<rust_xlsxwriter::XlsxError> for SheetError {
    fn from(error: rust_xlsxwriter::XlsxError) -> Self {
        match error {
            rust_xlsxwriter::XlsxError::RowColumnLimitError => Self::TooLarge,
            rust_xlsxwriter::XlsxError::IoError(error) => Self::Io(error),
            other => Self::Xlsx(other),
        }
    }
}

impl SheetError {
    /// What a person is told, with what to do.
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::TooLarge => {
                "Excelの上限（1,048,576行）を超えるため、ファイルを作成できませんでした。条件を絞り込むか、CSVを選んで、もう一度作成してください。"
            }
            Self::Io(_) | Self::Width { .. } | Self::Xlsx(_) => {
                "ファイルを作成できませんでした。しばらくしてから、もう一度作成してください。"
            }
        }
    }
}

/// Writes tables into one file: xlsx with a tab for each, CSV one after the other with an empty line between.
pub struct SheetWriter<W> {
    form: Form<W>,
    columns: usize,
}

enum Form<W> {
    Xlsx {
        workbook: Box<Workbook>,
        out: W,
    },
    Csv {
        lines: CsvLines<W>,
        kinds: Vec<Kind>,
    },
}

impl<W: Write + Send> SheetWriter<W> {
    /// Begins a file with its first table. `created` is what xlsx says of itself: the same tables of the same moment are the same bytes.
    ///
    /// # Errors
    /// [`SheetError::Io`], [`SheetError::TooLarge`], [`SheetError::Xlsx`].
    pub fn new(
        format: Format,
        out: W,
        created: Timestamp,
        first: &Sheet,
    ) -> Result<Self, SheetError> {
        let form = match format {
            Format::Xlsx => Form::Xlsx {
                workbook: Box::new(Workbook::new(created, first)?),
                out,
            },
            Format::Csv => Form::Csv {
                lines: CsvLines::utf8(out)?,
                kinds: Vec::new(),
            },
            Format::CsvCp932 => Form::Csv {
                lines: CsvLines::cp932(out),
                kinds: Vec::new(),
            },
        };
        let mut writer = Self {
            form,
            columns: first.columns.len(),
        };
        writer.head(first)?;
        Ok(writer)
    }

    /// Ends the table and begins the next.
    ///
    /// # Errors
    /// See [`SheetWriter::new`].
    pub fn next(&mut self, sheet: &Sheet) -> Result<(), SheetError> {
        match &mut self.form {
            Form::Xlsx { workbook, .. } => workbook.next(sheet)?,
            Form::Csv { lines, .. } => lines.empty()?,
        }
        self.columns = sheet.columns.len();
        self.head(sheet)
    }

    /// What stands above the rows of a CSV; xlsx has written it when it began the tab.
    fn head(&mut self, sheet: &Sheet) -> Result<(), SheetError> {
        let Form::Csv { lines, kinds } = &mut self.form else {
            return Ok(());
        };
        for (label, value) in &sheet.preamble {
            lines.line([Field::Text(label), Field::Text(value)])?;
        }
        if !sheet.preamble.is_empty() {
            lines.empty()?;
        }
        *kinds = sheet.columns.iter().map(|column| column.kind).collect();
        let titles = sheet.columns.iter().map(|column| column.title.as_str());
        lines.line(titles.map(Field::Text))?;
        Ok(())
    }

    /// One row more, with a cell for each column.
    ///
    /// # Errors
    /// [`SheetError::Width`]; see [`SheetWriter::new`].
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), SheetError> {
        if cells.len() != self.columns {
            return Err(SheetError::Width {
                expected: self.columns,
                found: cells.len(),
            });
        }
        match &mut self.form {
            Form::Xlsx { workbook, .. } => workbook.row(cells),
            Form::Csv { lines, kinds } => {
                let plain: Vec<_> = cells
                    .iter()
                    .zip(kinds.iter())
                    .map(|(cell, kind)| plain(cell, *kind))
                    .collect();
                let fields = cells.iter().zip(kinds.iter()).zip(&plain);
                lines.line(fields.map(|((cell, kind), plain)| field(cell, *kind, plain)))?;
                Ok(())
            }
        }
    }

    /// Ends the file and gives back what it was written to, with what is not in it as it was given.
    ///
    /// # Errors
    /// See [`SheetWriter::new`].
    pub fn finish(self) -> Result<(W, Losses), SheetError> {
        match self.form {
            Form::Xlsx { workbook, mut out } => {
                let losses = workbook.save(&mut out)?;
                out.flush()?;
                Ok((out, losses))
            }
            Form::Csv { lines, .. } => Ok(lines.finish()?),
        }
    }
}

/// A whole file of tables that are in memory.
///
/// # Errors
/// See [`SheetWriter::row`].
pub fn file(
    format: Format,
    created: Timestamp,
    first: (&Sheet, &[Vec<Cell>]),
    others: &[(&Sheet, &[Vec<Cell>])],
) -> Result<(Vec<u8>, Losses), SheetError> {
    let mut writer = SheetWriter::new(format, Vec::new(), created, first.0)?;
    for row in first.1 {
        writer.row(row)?;
    }
    for (sheet, rows) in others {
        writer.next(sheet)?;
        for row in *rows {
            writer.row(row)?;
        }
    }
    writer.finish()
}

/// What a cell that is no text says in CSV: numbers without commas, shares as Excel and people write them, days and instants (in
/// Japan's time) as the pages show them.
fn plain(cell: &Cell, kind: Kind) -> String {
    match cell {
        Cell::Empty | Cell::Text(_) => String::new(),
        Cell::Withheld => WITHHELD.to_owned(),
        Cell::Number(tenths) if kind == Kind::Share => share(*tenths),
        Cell::Number(number) => number.to_string(),
        Cell::Date(date) => show_date(*date),
        Cell::Instant(end) if kind == Kind::Deadline => show_deadline(*end),
        Cell::Instant(at) => show_jst_minutes(*at),
    }
}

/// Tenths of a percent in percent: `12.5%`.
fn share(tenths: i64) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    let size = tenths.unsigned_abs();
    format!("{sign}{}.{}%", size / 10, size % 10)
}

fn field<'a>(cell: &'a Cell, kind: Kind, plain: &'a str) -> Field<'a> {
    match cell {
        Cell::Text(code) if kind == Kind::Code => Field::Code(code),
        Cell::Text(text) => Field::Text(text),
        Cell::Empty | Cell::Withheld | Cell::Number(_) | Cell::Date(_) | Cell::Instant(_) => {
            Field::Plain(plain)
        }
    }
}

/// Whether a spreadsheet would take a text for a formula (OWASP, CSV injection): it begins with a control character (tab, CR, LF), or
/// with a sign that calculates, in any width and height of it (Excel in Japan reads ＝1＋1 as =1+1), with or without blanks and what
/// nobody sees before it.
fn looks_like_a_formula(text: &str) -> bool {
    let is_passed_over = |c: &char| {
        (c.is_whitespace() && !c.is_control()) || is_variation_selector(*c) || is_unseen(*c)
    };
    let Some(first) = text.chars().find(|c| !is_passed_over(c)) else {
        return false;
    };
    // NFKC leaves the minus sign proper, which is what CP932 makes of － on other systems.
    first.is_control()
        || std::iter::once(first)
            .nfkc()
            .next()
            .is_some_and(|sign| matches!(sign, '=' | '+' | '-' | '@' | '\u{2212}'))
}

/// Characters without a form of their own: the soft hyphen, marks of width 0 and of writing direction.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
    )
}
