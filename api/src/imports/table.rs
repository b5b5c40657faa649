//! Rows with named columns, and the reading of their fields.

use std::borrow::Cow;

use domain::{
    calendar::{FiscalYear, parse_exported_date, parse_year},
    member::MemberNumber,
    text::{
        code, half_width, is_blank, is_private_use, is_rounded, katakana, normalise_newlines,
        parse_exported_number, parse_yen, undecodable, unwrapped,
    },
};
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::{
    Unusable,
    encoding::Encoding,
    foreign::{PACKED, heading_key, other_separator, what_it_is},
    records::{Malformed, Record, Records, holds_rows},
    workbook::{self, CellText},
};

/// Most rows of one file; the answer holds a line for each that is reported.
pub(super) const ROW_LIMIT: usize = 200_000;
/// Most characters of a field: far above any address, and what the log is meant to hold.
const FIELD_LIMIT: usize = 2_000;
/// Rows among which the header is looked for.
const HEAD: usize = 20;
/// Most columns of a workbook that are looked at.
const CELL_LIMIT: usize = 200;
/// What a system puts where it could not keep a character.
const LOST_CHARACTER: char = '\u{FFFD}';

/// A file as rows, each with its line.
#[derive(Debug)]
pub(super) struct Table {
    pub encoding: Encoding,
    /// Columns that are not imported.
    pub unknown_columns: Vec<String>,
    /// Sheets of the workbook that are not read.
    pub other_sheets: Vec<String>,
    /// Lines above the header with something in them.
    pub above: Vec<usize>,
    /// Lines of rows that end before the last column.
    pub short: Vec<usize>,
    pub rows: Vec<(usize, Result<Row, String>)>,
}

/// One row with its fields in the order of the columns that were asked for.
#[derive(Debug)]
pub(super) struct Row {
    columns: &'static [&'static str],
    fields: Vec<String>,
    /// Hash of the row's bytes.
    pub hash: [u8; 32],
    /// Whether it ends before the last column.
    pub short: bool,
    /// First and last line.
    lines: (usize, usize),
}

impl Row {
    /// What is to be said of a row of several lines when it is refused; nothing of any other.
    pub(super) fn across(&self) -> String {
        across(self.lines)
    }

    /// Columns with characters for private use (外字).
    pub(super) fn private_use(&self) -> Vec<&'static str> {
        let fields = self.columns.iter().zip(&self.fields);
        fields
            .filter(|(_, field)| field.chars().any(is_private_use))
            .map(|(column, _)| *column)
            .collect()
    }
}

/// A row as it stands in the file.
struct Raw<'a> {
    line: usize,
    last_line: usize,
    hash: [u8; 32],
    /// Its bytes; none of a workbook's.
    bytes: &'a [u8],
    fields: Result<Vec<RawField<'a>>, Malformed>,
}

/// A field as it stands in the file.
enum RawField<'a> {
    Bytes(Cow<'a, [u8]>),
    Cell(CellText),
}

impl RawField<'_> {
    fn is_blank(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.trim_ascii().is_empty(),
            Self::Cell(CellText::Text(text)) => is_blank(text),
            Self::Cell(CellText::Error | CellText::Uncomputed) => false,
        }
    }

    fn decode(&self, encoding: Encoding) -> Result<Cow<'_, str>, NoText> {
        match self {
            Self::Bytes(bytes) => encoding.decode(bytes).ok_or(NoText::Encoding),
            Self::Cell(CellText::Text(text)) => Ok(Cow::Borrowed(text)),
            Self::Cell(CellText::Error) => Err(NoText::CellError),
            Self::Cell(CellText::Uncomputed) => Err(NoText::Uncomputed),
        }
    }
}

impl<'a> Raw<'a> {
    fn of_record(record: Record<'a>) -> Self {
        Self {
            line: record.line,
            last_line: record.last_line,
            hash: Sha256::digest(record.raw).into(),
            bytes: record.raw,
            fields: record
                .fields
                .map(|fields| fields.into_iter().map(RawField::Bytes).collect()),
        }
    }

    fn of_sheet(row: workbook::SheetRow) -> Self {
        let mut hash = Sha256::new();
        for cell in &row.cells {
            match cell {
                CellText::Text(text) => hash.update(text),
                CellText::Error => hash.update(b"\x01"),
                CellText::Uncomputed => hash.update(b"\x02"),
            }
            // No text of a cell that is imported has it.
            hash.update(b"\x00");
        }
        Self {
            line: row.line,
            last_line: row.line,
            hash: hash.finalize().into(),
            bytes: &[],
            fields: Ok(row.cells.into_iter().map(RawField::Cell).collect()),
        }
    }

    /// Spreadsheets leave rows of commas behind.
    fn is_blank(&self) -> bool {
        let fields = self.fields.as_ref();
        fields.is_ok_and(|fields| fields.iter().all(RawField::is_blank))
    }

    /// `sep=,`, with which exports tell Excel how the columns are parted.
    fn is_hint(&self) -> bool {
        let hint = self.bytes.first_chunk::<4>();
        hint.is_some_and(|hint| hint.eq_ignore_ascii_case(b"sep="))
    }

    /// By what else than commas its columns are parted, if it is a header.
    fn other_separator(&self, encoding: Encoding, columns: &[&str]) -> Option<&'static str> {
        let by_cell = self.fields.iter().flatten().find_map(|field| {
            let text = field.decode(encoding).ok()?;
            other_separator(&text, columns)
        });
        by_cell.or_else(|| other_separator(&encoding.decode(self.bytes)?, columns))
    }

    /// Whether one of its fields holds rows of the file.
    fn holds_rows(&self, columns: usize) -> bool {
        let mut fields = self.fields.iter().flatten();
        self.last_line > self.line
            && fields
                .any(|field| matches!(field, RawField::Bytes(bytes) if holds_rows(bytes, columns)))
    }
}

/// What is to be said of a row of several lines when it is refused: which of them are no rows of their own. Most often a quotation mark has no
/// twin.
fn across((first, last): (usize, usize)) -> String {
    let unread = match last.saturating_sub(first) {
        0 => return String::new(),
        1 => format!("{last}行目"),
        _ => format!("{}行目から{last}行目", first.saturating_add(1)),
    };
    format!(
        "引用符（\"）で囲まれた欄が{first}行目から{last}行目まで続いているため、{unread}は別の行として読み取っていません。引用符の閉じ忘れがないかをご確認ください。"
    )
}

impl Table {
    /// Reads a file that must have these columns, in any order; of the optional ones, a file that lacks one has nothing in it.
    pub(super) fn read(
        file: &[u8],
        columns: &'static [&'static str],
        optional: &[&str],
    ) -> Result<Self, Unusable> {
        if let Some(what) = what_it_is(file) {
            return Err(Unusable::Foreign(what));
        }
        if file.starts_with(PACKED) {
            let sheet = workbook::read(file, (ROW_LIMIT + 1, CELL_LIMIT))?;
            let rows = sheet.rows.into_iter().map(Raw::of_sheet);
            return match Self::of_rows(Encoding::Xlsx, rows, columns, optional) {
                Ok(table) => Ok(Self {
                    other_sheets: sheet.others,
                    ..table
                }),
                Err(refusal) => Err(Unusable::Sheet {
                    refusal: Box::new(refusal),
                    read: sheet.name,
                    others: sheet.others,
                }),
            };
        }
        let (encoding, text) = Encoding::detect(file)?;
        let rows = Records::new(text).map(Raw::of_record);
        Self::of_rows(encoding, rows, columns, optional)
    }

    fn of_rows<'a>(
        encoding: Encoding,
        mut rows: impl Iterator<Item = Raw<'a>>,
        columns: &'static [&'static str],
        optional: &[&str],
    ) -> Result<Self, Unusable> {
        let mut head: Vec<_> = rows.by_ref().take(HEAD).collect();
        let (at, header) = header(encoding, &head, columns)?;
        let mut places = Vec::with_capacity(columns.len());
        let mut missing = Vec::new();
        for column in columns {
            let key = heading_key(column);
            let mut found = header
                .iter()
                .enumerate()
                .filter(|(_, heading)| heading.key == key);
            match (found.next(), found.next()) {
                (Some((place, _)), None) => places.push(Some(place)),
                (Some(_), Some(_)) => return Err(Unusable::ColumnTwice(column)),
                (None, _) if optional.contains(column) => places.push(None),
                (None, _) => missing.push(*column),
            }
        }
        if !missing.is_empty() {
            let separator = head
                .iter()
                .find_map(|row| row.other_separator(encoding, columns));
            return Err(separator.map_or(Unusable::ColumnsMissing(missing), Unusable::Separated));
        }
        let unknown_columns = header
            .iter()
            .filter(|heading| {
                let known = |column: &&str| heading_key(column) == heading.key;
                !heading.key.is_empty() && !columns.iter().any(known)
            })
            .map(|heading| heading.name.clone())
            .collect();
        let rest = head.split_off(at).into_iter().skip(1).chain(rows);
        let above = head
            .iter()
            .filter(|row| !row.is_blank() && !row.is_hint())
            .map(|row| row.line)
            .collect();
        let mut table = Self {
            encoding,
            unknown_columns,
            other_sheets: Vec::new(),
            above,
            short: Vec::new(),
            rows: Vec::new(),
        };
        for raw in rest {
            if raw.is_blank() {
                continue;
            }
            if table.rows.len() == ROW_LIMIT {
                return Err(Unusable::TooManyRows(ROW_LIMIT));
            }
            let lines = (raw.line, raw.last_line);
            // A workbook has no ends of rows; a spreadsheet that writes CSV leaves out what is empty at the end.
            let is_short = raw.fields.as_ref();
            let short = encoding != Encoding::Xlsx
                && is_short.is_ok_and(|fields| fields.len() < header.len());
            let fields = if raw.holds_rows(header.len()) {
                Err(String::new())
            } else {
                fields(encoding, &raw, header.len(), columns, &places)
            };
            if short && fields.is_ok() {
                table.short.push(raw.line);
            }
            let row = fields.map(|fields| Row {
                columns,
                fields,
                hash: raw.hash,
                short,
                lines,
            });
            let row = row.map_err(|reason| reason + &across(lines));
            table.rows.push((raw.line, row));
        }
        Ok(table)
    }
}

/// The name of a column.
struct Heading {
    /// As it is compared.
    key: String,
    /// As it is shown.
    name: String,
}

/// The place of the header and the names of the columns: the first row that has most of those that are asked for. Above it exports and
/// spreadsheets write titles, rows of commas and [`Raw::is_hint`].
fn header(
    encoding: Encoding,
    head: &[Raw<'_>],
    columns: &[&str],
) -> Result<(usize, Vec<Heading>), Unusable> {
    let keys: Vec<_> = columns.iter().map(|column| heading_key(column)).collect();
    let mut best = None;
    let mut most = 0;
    let mut unread = None;
    let rows = head.iter().enumerate();
    for (at, row) in rows.filter(|(_, row)| !row.is_blank() && !row.is_hint()) {
        match names(encoding, row) {
            Ok(names) => {
                let is_there = |key: &&String| names.iter().any(|one| one.key == **key);
                let found = keys.iter().filter(is_there).count();
                if best.is_none() || found > most {
                    best = Some((at, names));
                    most = found;
                }
            }
            // Below what can be read it is no header but one of the rows.
            Err(refusal) if best.is_none() => {
                unread.get_or_insert(refusal);
            }
            Err(_) => {}
        }
    }
    match (best, unread) {
        (Some(best), None) => Ok(best),
        (Some(best), Some(_)) if most > 0 => Ok(best),
        (_, Some(refusal)) => {
            let mut rows = head.iter();
            let separator = rows.find_map(|row| row.other_separator(encoding, columns));
            Err(separator.map_or(refusal, Unusable::Separated))
        }
        (None, None) => Err(Unusable::Empty),
    }
}

/// The names of the columns of a row, if it is the header.
fn names(encoding: Encoding, header: &Raw<'_>) -> Result<Vec<Heading>, Unusable> {
    let fields = header
        .fields
        .as_ref()
        .map_err(|_| Unusable::HeaderQuotation(header.line))?;
    fields
        .iter()
        .map(|field| {
            let name = match field.decode(encoding) {
                Err(NoText::Encoding) => return Err(Unusable::UnknownEncoding),
                // A cell that holds no text names no column.
                Err(_) => Cow::Borrowed(""),
                Ok(name) => name,
            };
            Ok(Heading {
                key: heading_key(&name),
                name: half_width(&name),
            })
        })
        .collect()
}

/// The fields at `places`, or why the row cannot be read. The sentences name columns and never what stands in them.
fn fields(
    encoding: Encoding,
    raw: &Raw<'_>,
    width: usize,
    columns: &[&str],
    places: &[Option<usize>],
) -> Result<Vec<String>, String> {
    let fields = raw.fields.as_ref();
    let fields = fields.map_err(|malformed| malformed.message().to_owned())?;
    if fields.len() > width {
        return Err(format!(
            "列の数が見出しより多くなっています（見出し {width}列、この行 {}列）。コンマや引用符の過不足をご確認ください。",
            fields.len()
        ));
    }
    columns
        .iter()
        .zip(places)
        .map(|(column, place)| {
            let field = place.and_then(|place| fields.get(place));
            field.map_or(Ok(String::new()), |field| {
                let text = field.decode(encoding).and_then(|it| text(&it));
                text.map_err(|reason| reason.message(column, encoding))
            })
        })
        .collect()
}

/// Why a field is no text that can be kept.
enum NoText {
    Encoding,
    CellError,
    Uncomputed,
    Lost,
    Control(domain::text::Undecodable),
    TooLong,
}

impl NoText {
    fn message(&self, column: &str, encoding: Encoding) -> String {
        match self {
            Self::Encoding => format!(
                "{column} に {} として読めない文字があります。元のシステムから出力し直してください。",
                encoding.label()
            ),
            Self::CellError => format!(
                "{column} がExcelのエラー値（#N/A など）になっています。値に直してから取り込んでください。"
            ),
            Self::Uncomputed => format!(
                "{column} は数式で、計算結果がファイルに保存されていません。Excelで開いて上書き保存してから取り込んでください。"
            ),
            Self::Lost => format!(
                "{column} に文字化け（U+FFFD）があります。正しい文字に直してから取り込んでください。"
            ),
            Self::Control(found) => found.message(column),
            Self::TooLong => {
                format!("{column} が長すぎます。{FIELD_LIMIT}字以内にしてください。")
            }
        }
    }
}

fn text(text: &str) -> Result<String, NoText> {
    let text = normalise_newlines(text);
    if text.contains(LOST_CHARACTER) {
        return Err(NoText::Lost);
    }
    if let Some(found) = undecodable(&text) {
        return Err(NoText::Control(found));
    }
    if text.chars().count() > FIELD_LIMIT {
        return Err(NoText::TooLong);
    }
    Ok(text.into_owned())
}

/// Reads the fields of one row and collects what is wrong, so that a row is reported once with everything.
pub(super) struct Reader<'a> {
    row: &'a Row,
    reasons: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(row: &'a Row) -> Self {
        Self {
            row,
            reasons: Vec::new(),
        }
    }

    /// Something that is wrong with the row.
    pub(super) fn refuse(&mut self, reason: impl Into<String>) {
        self.reasons.push(reason.into());
    }

    /// A value that was read, or the reasons.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, String> {
        match value {
            Some(value) if self.reasons.is_empty() => Ok(value),
            _ => Err(self.reasons.concat()),
        }
    }

    /// A field code point for code point, without what only a spreadsheet or a database says with it.
    pub(super) fn text(&self, column: &str) -> &'a str {
        let place = self.row.columns.iter().position(|name| *name == column);
        place
            .and_then(|place| self.row.fields.get(place))
            .map_or("", |field| unwrapped(field))
    }

    /// A field that must not be empty, code point for code point.
    pub(super) fn required(&mut self, column: &str) -> String {
        let text = self.text(column);
        if is_blank(text) {
            self.refuse(format!("{column} は必須入力です。"));
        }
        text.to_owned()
    }

    /// A code, number, postal code or telephone in its stored form; leading zeros stay.
    pub(super) fn code(&mut self, column: &str) -> String {
        let code = code(self.text(column));
        if is_rounded(&code) {
            self.refuse(format!(
                "{column} がExcelの指数表示（8.45E+06 など）になっています。元の番号に直してから取り込んでください。"
            ));
        }
        code
    }

    /// A code that must not be empty.
    pub(super) fn required_code(&mut self, column: &str) -> String {
        let code = self.code(column);
        if is_blank(&code) {
            self.refuse(format!("{column} は必須入力です。"));
        }
        code
    }

    /// Kana in their stored form.
    pub(super) fn kana(&self, column: &str) -> String {
        katakana(self.text(column))
    }

    pub(super) fn member(&mut self, column: &str) -> Option<MemberNumber> {
        MemberNumber::parse(&code(self.text(column)))
            .map_err(|error| self.refuse(error.to_string()))
            .ok()
    }

    pub(super) fn date(&mut self, column: &str) -> Option<Date> {
        parse_exported_date(self.text(column))
            .map_err(|error| self.refuse(error.message(column)))
            .ok()
    }

    /// A date, or nothing.
    pub(super) fn optional_date(&mut self, column: &str) -> Option<Date> {
        (!is_blank(self.text(column)))
            .then(|| self.date(column))
            .flatten()
    }

    /// A whole number from 0.
    pub(super) fn number(&mut self, column: &str, units: &[&str]) -> Option<u32> {
        parse_exported_number(self.text(column), units)
            .map_err(|error| self.refuse(error.message(column)))
            .ok()
    }

    /// An amount in yen.
    pub(super) fn yen(&mut self, column: &str) -> Option<u32> {
        parse_yen(self.text(column))
            .map_err(|error| self.refuse(error.message(column)))
            .ok()
    }

    /// 年度, or nothing.
    pub(super) fn optional_year(&mut self, column: &str) -> Option<FiscalYear> {
        let text = self.code(column);
        if text.is_empty() {
            return None;
        }
        parse_year(text.strip_suffix('度').unwrap_or(&text))
            .map_err(|error| self.refuse(error.message(column)))
            .ok()
            .map(FiscalYear)
    }

    /// One of a few words; `words` names them to the person.
    pub(super) fn word<T>(
        &mut self,
        column: &str,
        words: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let word = parse(&self.code(column));
        if word.is_none() {
            self.refuse(format!("{column} は{words}のいずれかを指定してください。"));
        }
        word
    }
}
