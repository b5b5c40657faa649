//! A list for a spreadsheet.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};

use crate::problem::{Kind, Problem};

/// CSV, UTF-8 with BOM, as spreadsheets in Japan open it.
pub(super) struct Spreadsheet(csv::Writer<Vec<u8>>);

impl Spreadsheet {
    /// With the names of its columns.
    pub(super) fn new<const N: usize>(columns: [&str; N]) -> Result<Self, Problem> {
        let mut sheet = Self(
            csv::WriterBuilder::new()
                .terminator(csv::Terminator::CRLF)
                .from_writer("\u{feff}".as_bytes().to_vec()),
        );
        sheet.line(&columns.map(str::to_owned))?;
        Ok(sheet)
    }

    /// One line more.
    pub(super) fn line(&mut self, cells: &[String]) -> Result<(), Problem> {
        self.0
            .write_record(cells.iter().map(|cell| harmless(cell)))
            .map_err(|error| unwritten(&error))
    }

    /// The file, to be saved under a name.
    pub(super) fn download(self, disposition: &'static str) -> Result<Response, Problem> {
        let bytes = self.0.into_inner().map_err(|error| unwritten(&error))?;
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/csv; charset=utf-8"),
            ),
            (
                header::CONTENT_DISPOSITION,
                HeaderValue::from_static(disposition),
            ),
        ];
        Ok((headers, bytes).into_response())
    }
}

/// What a spreadsheet would take for a formula is text: an apostrophe in front of it (OWASP, CSV injection).
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn unwritten(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "writing a list");
    Problem::new(Kind::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_made_harmless() {
        for formula in ["=1+1", "+81", "-1", "@SUM(A1)"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        assert_eq!(harmless("髙﨑　葛"), "髙﨑　葛");
    }
}
