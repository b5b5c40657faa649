//! CSV (RFC 4180): UTF-8 with BOM or CP932, lines ending in CRLF, as spreadsheets in Japan open it.
//!
//! Written here and not by the `csv` crate: codes are to be quoted and numbers are not, and its writer quotes by one rule for all fields.

use std::io::{self, Write};

use encoding_rs::SHIFT_JIS;

use super::{code_page::written, looks_like_a_formula, losses::Losses};

/// What a field is.
#[derive(Clone, Copy)]
pub(super) enum Field<'a> {
    /// Words: quoted where they must be.
    Text(&'a str),
    /// A number that names something: always quoted.
    Code(&'a str),
    /// What this service writes itself, numbers and dates: a leading minus is one.
    Plain(&'a str),
}

/// Lines of CSV, one after the other.
pub(crate) struct CsvLines<W> {
    out: W,
    cp932: bool,
    written: u64,
    losses: Losses,
    /// Reused by every line.
    line: Vec<u8>,
}

impl<W: Write> CsvLines<W> {
    /// In UTF-8: Excel takes a file without the BOM for `Shift_JIS`.
    pub(crate) fn utf8(mut out: W) -> io::Result<Self> {
        out.write_all("\u{feff}".as_bytes())?;
        Ok(Self::new(out, false))
    }

    /// In CP932.
    pub(super) fn cp932(out: W) -> Self {
        Self::new(out, true)
    }

    fn new(out: W, cp932: bool) -> Self {
        Self {
            out,
            cp932,
            written: 0,
            losses: Losses::default(),
            line: Vec::new(),
        }
    }

    /// One line more, of texts.
    pub(crate) fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
        self.line(texts.into_iter().map(Field::Text))
    }

    /// One line more.
    pub(super) fn line<'a>(
        &mut self,
        fields: impl IntoIterator<Item = Field<'a>>,
    ) -> io::Result<()> {
        self.written += 1;
        self.line.clear();
        let mut column = 0;
        for field in fields {
            if column > 0 {
                self.line.push(b',');
            }
            column += 1;
            self.field(field, column);
        }
        // A line of one empty field would be an empty line, and readers pass over those.
        if column == 1 && self.line.is_empty() {
            self.line.extend(b"\"\"");
        }
        self.line.extend(b"\r\n");
        self.out.write_all(&self.line)
    }

    /// An empty line: what follows is another table.
    pub(super) fn empty(&mut self) -> io::Result<()> {
        self.written += 1;
        self.out.write_all(b"\r\n")
    }

    fn field(&mut self, field: Field<'_>, column: u64) {
        let (Field::Text(text) | Field::Code(text) | Field::Plain(text)) = field;
        let mut bytes = if self.cp932 {
            let (line, losses) = (self.written, &mut self.losses);
            written(text, |what| losses.add(line, column, what))
        } else {
            text.as_bytes().into()
        };
        // Looked at as it will stand there: a character that CP932 drops or replaces may have hidden the sign behind it.
        let dangerous = match field {
            Field::Plain(_) => false,
            Field::Text(_) | Field::Code(_) if self.cp932 => {
                looks_like_a_formula(&SHIFT_JIS.decode_without_bom_handling(&bytes).0)
            }
            Field::Text(_) | Field::Code(_) => looks_like_a_formula(text),
        };
        if dangerous {
            bytes.to_mut().insert(0, b'\'');
        }
        let special = |byte: &u8| matches!(byte, b'"' | b',' | b'\r' | b'\n');
        if !matches!(field, Field::Code(_)) && !bytes.iter().any(special) {
            self.line.extend(bytes.iter());
            return;
        }
        self.line.push(b'"');
        for byte in bytes.iter() {
            // Byte by byte also in CP932, where the second byte of a character is 0x40 or above.
            if *byte == b'"' {
                self.line.push(b'"');
            }
            self.line.push(*byte);
        }
        self.line.push(b'"');
    }

    /// What was written to, and what is not there as it was given.
    pub(crate) fn finish(mut self) -> io::Result<(W, Losses)> {
        self.out.flush()?;
        Ok((self.out, self.losses))
    }
}
