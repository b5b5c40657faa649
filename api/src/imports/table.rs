//! Rows with named columns, and the reading of their fields.

use std::borrow::Cow;

use domain::{
    calendar::{FiscalYear, parse_date, parse_year},
    member::MemberNumber,
    text::{half_width, katakana, normalise_newlines, parse_number, undecodable},
};
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::{
    Unusable,
    encoding::Encoding,
    records::{Record, Records},
};

/// Most rows of one file; the answer holds a line for each that is reported.
const ROW_LIMIT: usize = 200_000;
/// Most characters of a field: far above any address, and what the log is meant to hold.
const FIELD_LIMIT: usize = 2_000;
/// What a system puts where it could not keep a character.
const LOST_CHARACTER: char = '\u{FFFD}';

/// A file as rows, each with its line.
#[derive(Debug)]
pub(super) struct Table {
    pub encoding: Encoding,
    /// Columns that are not imported.
    pub unknown_columns: Vec<String>,
    pub rows: Vec<(usize, Result<Row, String>)>,
}

/// One row with its fields in the order of the columns that were asked for.
#[derive(Debug)]
pub(super) struct Row {
    columns: &'static [&'static str],
    fields: Vec<String>,
    /// Hash of the row's bytes.
    pub hash: [u8; 32],
}

impl Table {
    /// Reads a file that must have these columns, in any order; of the optional ones, a file that lacks one has nothing in it.
    pub(super) fn read(
        file: &[u8],
        columns: &'static [&'static str],
        optional: &[&str],
    ) -> Result<Self, Unusable> {
        let (encoding, text) = Encoding::detect(file)?;
        let mut records = Records::new(text);
        let header = records.next().ok_or(Unusable::Empty)?;
        let header = names(encoding, &header)?;
        let mut places = Vec::with_capacity(columns.len());
        let mut missing = Vec::new();
        for column in columns {
            let mut found = header
                .iter()
                .enumerate()
                .filter(|(_, name)| *name == column);
            match (found.next(), found.next()) {
                (Some((place, _)), None) => places.push(Some(place)),
                (Some(_), Some(_)) => return Err(Unusable::ColumnTwice(column)),
                (None, _) if optional.contains(column) => places.push(None),
                (None, _) => missing.push(*column),
            }
        }
        if !missing.is_empty() {
            return Err(Unusable::ColumnsMissing(missing));
        }
        let unknown_columns = header
            .iter()
            .filter(|name| !name.is_empty() && !columns.contains(&name.as_str()))
            .cloned()
            .collect();
        let mut rows = Vec::new();
        for record in records {
            if is_blank(&record) {
                continue;
            }
            if rows.len() == ROW_LIMIT {
                return Err(Unusable::TooManyRows(ROW_LIMIT));
            }
            let fields = fields(encoding, &record, header.len(), columns, &places);
            let row = fields.map(|fields| Row {
                columns,
                fields,
                hash: Sha256::digest(record.raw).into(),
            });
            rows.push((record.line, row));
        }
        Ok(Self {
            encoding,
            unknown_columns,
            rows,
        })
    }
}

/// The names of the columns; full-width letters (自宅ＦＡＸ) are understood.
fn names(encoding: Encoding, header: &Record<'_>) -> Result<Vec<String>, Unusable> {
    let fields = header
        .fields
        .as_ref()
        .map_err(|_| Unusable::UnknownEncoding)?;
    fields
        .iter()
        .map(|field| {
            let name = encoding.decode(field).ok_or(Unusable::UnknownEncoding)?;
            Ok(half_width(&name))
        })
        .collect()
}

/// Spreadsheets leave rows of commas behind.
fn is_blank(record: &Record<'_>) -> bool {
    record
        .fields
        .as_ref()
        .is_ok_and(|fields| fields.iter().all(|field| field.trim_ascii().is_empty()))
}

/// The fields at `places`, or why the row cannot be read. The sentences name columns and never what stands in them.
fn fields(
    encoding: Encoding,
    record: &Record<'_>,
    width: usize,
    columns: &[&str],
    places: &[Option<usize>],
) -> Result<Vec<String>, String> {
    let fields = record
        .fields
        .as_ref()
        .map_err(|malformed| malformed.message().to_owned())?;
    if fields.len() != width {
        return Err(format!(
            "列の数が見出しと異なります（見出し {width}列、この行 {}列）。コンマの過不足をご確認ください。",
            fields.len()
        ));
    }
    columns
        .iter()
        .zip(places)
        .map(|(column, place)| {
            let bytes = place
                .and_then(|place| fields.get(place))
                .map(Cow::as_ref)
                .unwrap_or_default();
            text(encoding, bytes).map_err(|reason| reason.message(column, encoding))
        })
        .collect()
}

/// Why a field is no text that can be kept.
enum NoText {
    Encoding,
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

fn text(encoding: Encoding, bytes: &[u8]) -> Result<String, NoText> {
    let text = encoding.decode(bytes).ok_or(NoText::Encoding)?;
    let text = normalise_newlines(&text);
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

    /// A field code point for code point.
    pub(super) fn text(&self, column: &str) -> &'a str {
        let place = self.row.columns.iter().position(|name| *name == column);
        place
            .and_then(|place| self.row.fields.get(place))
            .map_or("", String::as_str)
    }

    /// A field that must not be empty, code point for code point.
    pub(super) fn required(&mut self, column: &str) -> String {
        let text = self.text(column);
        if text.trim().is_empty() {
            self.refuse(format!("{column} は必須入力です。"));
        }
        text.to_owned()
    }

    /// A code, number, postal code, telephone or mail address in its stored form; leading zeros stay.
    pub(super) fn code(&self, column: &str) -> String {
        half_width(self.text(column))
    }

    /// A code that must not be empty.
    pub(super) fn required_code(&mut self, column: &str) -> String {
        self.required(column);
        self.code(column)
    }

    /// Kana in their stored form.
    pub(super) fn kana(&self, column: &str) -> String {
        katakana(self.text(column))
    }

    pub(super) fn member(&mut self, column: &str) -> Option<MemberNumber> {
        MemberNumber::parse(self.text(column))
            .map_err(|error| self.refuse(error.to_string()))
            .ok()
    }

    pub(super) fn date(&mut self, column: &str) -> Option<Date> {
        parse_date(self.text(column))
            .map_err(|error| self.refuse(error.message(column)))
            .ok()
    }

    /// A date, or nothing.
    pub(super) fn optional_date(&mut self, column: &str) -> Option<Date> {
        (!self.text(column).trim().is_empty())
            .then(|| self.date(column))
            .flatten()
    }

    /// A whole number from 0.
    pub(super) fn number(&mut self, column: &str, units: &[&str]) -> Option<u32> {
        parse_number(self.text(column), units)
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
