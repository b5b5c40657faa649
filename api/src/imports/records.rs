//! The rows of a CSV file (RFC 4180), cut on bytes.
//!
//! The csv crate reads on leniently through a quotation mark without its twin and swallows the good rows behind it, so that
//! nobody can say which were lost. Here such a row is given up at the end of its line and the next line is a row again.

use std::borrow::Cow;

/// Most lines of one row: an address in quotation marks has a few. It bounds how far an open quotation mark is followed.
const ROW_LINES: usize = 20;
/// Most bytes of one row.
const ROW_BYTES: usize = 64 * 1024;

/// The fields of a row without their quotation marks.
pub(super) type Fields<'a> = Vec<Cow<'a, [u8]>>;

/// One row, or what is left of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// Its first line in the file, from 1.
    pub line: usize,
    /// Its last: a field in quotation marks may have several.
    pub last_line: usize,
    /// Its bytes as they stand in the file, the line end apart.
    pub raw: &'a [u8],
    /// Its fields without quotation marks.
    pub fields: Result<Fields<'a>, Malformed>,
}

/// Why a row cannot be cut into fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// A quotation mark has no twin, or text follows the second.
    Quotation,
    /// More than [`ROW_BYTES`].
    TooLong,
}

impl Malformed {
    /// The sentence for the person who imports.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Quotation => "引用符（\"）の対応がとれていません。この行を修正してください。",
            Self::TooLong => "1行が長すぎます。引用符（\"）や改行をご確認ください。",
        }
    }
}

/// Whether a field of several lines holds as many commas as part a row of so many columns: then it holds rows. Of two quotation marks
/// without their twins, in the same column, comes a row with the right number of fields, the beginning of one and the end of another.
pub(super) fn holds_rows(field: &[u8], columns: usize) -> bool {
    let commas = field.split(|byte| *byte == b',').count() - 1;
    field.iter().any(|byte| is_line_end(*byte)) && commas >= columns.saturating_sub(1).max(3)
}

/// Cuts a file into rows. Lines with nothing in them are none.
pub(super) struct Records<'a> {
    rest: &'a [u8],
    line: usize,
}

impl<'a> Records<'a> {
    pub(super) fn new(file: &'a [u8]) -> Self {
        Self {
            rest: file,
            line: 1,
        }
    }

    /// Goes over one line end, if one is next.
    fn end_line(&mut self) -> bool {
        let ([b'\r', b'\n', rest @ ..] | [b'\r' | b'\n', rest @ ..]) = self.rest else {
            return false;
        };
        self.rest = rest;
        self.line += 1;
        true
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        while self.end_line() {}
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let (length, fields) = match cut(self.rest) {
            Ok((length, fields)) => (length, Ok(fields)),
            Err(malformed) => (plain(self.rest, is_line_end).len(), Err(malformed)),
        };
        let (raw, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.line += line_ends(raw);
        let last_line = self.line;
        self.end_line();
        Some(Record {
            line,
            last_line,
            raw,
            fields,
        })
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// The bytes up to the first that `ends`, or all.
fn plain(bytes: &[u8], ends: impl Fn(u8) -> bool) -> &[u8] {
    let length = bytes.iter().position(|byte| ends(*byte));
    length.map_or(bytes, |length| bytes.split_at(length).0)
}

/// CR and LF together are one.
fn line_ends(bytes: &[u8]) -> usize {
    let before = std::iter::once(&0).chain(bytes);
    bytes
        .iter()
        .zip(before)
        .filter(|(byte, before)| **byte == b'\r' || (**byte == b'\n' && **before != b'\r'))
        .count()
}

/// Length and fields of the first row.
fn cut(bytes: &[u8]) -> Result<(usize, Fields<'_>), Malformed> {
    let mut fields = Vec::new();
    let mut rest = bytes;
    let mut lines = 1;
    loop {
        let field = if let [b'"', behind @ ..] = rest {
            let (field, behind) = quoted(behind)?;
            rest = behind;
            lines += line_ends(&field);
            field
        } else {
            // A quotation mark inside a field that does not begin with one is a character like any other.
            let field = plain(rest, |byte| byte == b',' || is_line_end(byte));
            rest = rest.split_at(field.len()).1;
            Cow::Borrowed(field)
        };
        fields.push(field);
        if lines > ROW_LINES {
            return Err(Malformed::Quotation);
        }
        if bytes.len() - rest.len() > ROW_BYTES {
            return Err(Malformed::TooLong);
        }
        match rest {
            [b',', behind @ ..] => rest = behind,
            [] | [b'\r' | b'\n', ..] => return Ok((bytes.len() - rest.len(), fields)),
            _ => return Err(Malformed::Quotation),
        }
    }
}

/// A field behind its first quotation mark, and what stands behind its last.
fn quoted(bytes: &[u8]) -> Result<(Cow<'_, [u8]>, &[u8]), Malformed> {
    let mut field: Cow<'_, [u8]> = Cow::Borrowed(&[]);
    let mut rest = bytes;
    loop {
        let part = plain(rest, |byte| byte == b'"');
        let [b'"', behind @ ..] = rest.split_at(part.len()).1 else {
            return Err(Malformed::Quotation);
        };
        rest = behind;
        if field.is_empty() {
            field = Cow::Borrowed(part);
        } else {
            field.to_mut().extend_from_slice(part);
        }
        let [b'"', behind @ ..] = rest else {
            return Ok((field, rest));
        };
        field.to_mut().push(b'"');
        rest = behind;
        if bytes.len() - rest.len() > ROW_BYTES {
            return Err(Malformed::TooLong);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

    use super::*;

    /// Line and fields of each row, `Err` for those that cannot be cut.
    fn rows(file: &str) -> Vec<(usize, Result<Vec<String>, Malformed>)> {
        Records::new(file.as_bytes())
            .map(|record| {
                let text = |field: &Cow<'_, [u8]>| String::from_utf8(field.to_vec()).unwrap();
                let fields = record
                    .fields
                    .map(|fields| fields.iter().map(text).collect());
                (record.line, fields)
            })
            .collect()
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "to stand beside rows that are not good"
    )]
    fn good(fields: &[&str]) -> Result<Vec<String>, Malformed> {
        Ok(fields.iter().map(|field| (*field).to_owned()).collect())
    }

    #[test]
    fn line_ends_of_every_system_are_understood_and_counted() {
        for end in ["\r\n", "\n", "\r"] {
            let file = ["a,b", "", "c,", ",d"].join(end);
            assert_eq!(
                rows(&file),
                [
                    (1, good(&["a", "b"])),
                    (3, good(&["c", ""])),
                    (4, good(&["", "d"]))
                ],
                "{end:?}"
            );
        }
    }

    #[test]
    fn a_quoted_field_may_hold_commas_quotation_marks_and_lines() {
        assert_eq!(
            rows("a,\"b,\"\"b\"\"\r\nb\",c\r\nd"),
            [(1, good(&["a", "b,\"b\"\r\nb", "c"])), (3, good(&["d"]))]
        );
        assert_eq!(rows("\"\",\"\"\"\""), [(1, good(&["", "\""]))]);
    }

    #[test]
    fn a_quotation_mark_in_the_middle_of_a_field_is_a_character() {
        assert_eq!(rows("a 5\" b,c"), [(1, good(&["a 5\" b", "c"]))]);
    }

    #[test]
    fn a_quotation_mark_without_its_twin_costs_its_own_line_only() {
        assert_eq!(
            rows("a,\"b\nc,d\ne,f"),
            [
                (1, Err(Malformed::Quotation)),
                (2, good(&["c", "d"])),
                (3, good(&["e", "f"]))
            ]
        );
        // Two of them look like one field across two rows.
        assert_eq!(
            rows("a,\"b,1\nc,\"d,2\ne,f,3"),
            [
                (1, Err(Malformed::Quotation)),
                (2, Err(Malformed::Quotation)),
                (3, good(&["e", "f", "3"]))
            ]
        );
        assert_eq!(
            rows(&format!("\"{}\"\nlast", "\n".repeat(ROW_LINES))),
            [
                (1, Err(Malformed::Quotation)),
                (ROW_LINES + 1, Err(Malformed::Quotation)),
                (ROW_LINES + 2, good(&["last"]))
            ]
        );
    }

    #[test]
    fn a_row_without_end_is_too_long_and_the_next_is_read() {
        let file = format!("{}\nb", "a".repeat(ROW_BYTES + 1));
        assert_eq!(
            rows(&file),
            [(1, Err(Malformed::TooLong)), (2, good(&["b"]))]
        );
    }

    /// Nanoseconds for which this thread has had a processor: what others do on the machine does not count.
    fn worked() -> u64 {
        let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        told.split_whitespace().next().unwrap().parse().unwrap()
    }

    #[test]
    fn open_quotation_marks_on_every_line_take_time_by_the_line_not_by_its_square() {
        // Each line closes the quotation of the one before and opens one of its own.
        let file = "a\",\"\n".repeat(200_000);
        let began = worked();
        assert_eq!(Records::new(file.as_bytes()).count(), 200_000);
        let took = worked() - began;
        assert!(took < 20_000_000_000, "{took} ns");
    }

    #[test]
    fn what_the_csv_crate_writes_is_read_back() {
        for seed in 0..2_000 {
            let mut random = StdRng::seed_from_u64(seed);
            let written: Vec<Vec<String>> = (0..random.random_range(1..8))
                .map(|_| {
                    (0..random.random_range(2..5))
                        .map(|_| {
                            let length = random.random_range(0..6);
                            (0..length)
                                .map(|_| {
                                    ['a', ',', '"', '\n', ' ', '髙'][random.random_range(0..6)]
                                })
                                .collect()
                        })
                        .collect()
                })
                .collect();
            let mut writer = csv::WriterBuilder::new()
                .flexible(true)
                .from_writer(Vec::new());
            for row in &written {
                writer.write_record(row).unwrap();
            }
            let file = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let read: Vec<_> = rows(&file)
                .into_iter()
                .map(|(_, fields)| fields.unwrap())
                .collect();
            assert_eq!(read, written, "seed {seed}");
        }
    }

    #[test]
    fn every_byte_of_any_file_belongs_to_one_row_or_line_end() {
        for seed in 0..5_000 {
            let mut random = StdRng::seed_from_u64(seed);
            let file: Vec<u8> = (0..random.random_range(0..200))
                .map(|_| match random.random_range(0..6) {
                    0 => b'"',
                    1 => b',',
                    2 => b'\n',
                    3 => b'\r',
                    _ => random.random(),
                })
                .collect();
            let mut kept = 0;
            let mut before = 0;
            for record in Records::new(&file) {
                kept += record.raw.len();
                assert!(record.line > before, "seed {seed}");
                before = record.line;
            }
            let ends = file.iter().filter(|byte| is_line_end(**byte)).count();
            assert!(
                kept <= file.len() && kept + ends >= file.len(),
                "seed {seed}"
            );
        }
    }
}
