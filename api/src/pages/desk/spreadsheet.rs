//! A list for a spreadsheet.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};

use crate::{
    problem::{Kind, Problem},
    sheets::{CsvLines, Format},
};

/// CSV, UTF-8 with BOM, as spreadsheets in Japan open it; all its cells are texts.
pub(super) struct Spreadsheet(CsvLines<Vec<u8>>);

impl Spreadsheet {
    /// With the names of its columns.
    pub(super) fn new<const N: usize>(columns: [&str; N]) -> Result<Self, Problem> {
        let mut lines = CsvLines::utf8(Vec::new()).map_err(|error| unwritten(&error))?;
        lines.texts(columns).map_err(|error| unwritten(&error))?;
        Ok(Self(lines))
    }

    /// One line more.
    pub(super) fn line(&mut self, cells: &[String]) -> Result<(), Problem> {
        self.0
            .texts(cells.iter().map(String::as_str))
            .map_err(|error| unwritten(&error))
    }

    /// The file, to be saved under a name.
    pub(super) fn download(self, disposition: &'static str) -> Result<Response, Problem> {
        let (bytes, _) = self.0.finish().map_err(|error| unwritten(&error))?;
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static(Format::Csv.content_type()),
            ),
            (
                header::CONTENT_DISPOSITION,
                HeaderValue::from_static(disposition),
            ),
        ];
        Ok((headers, bytes).into_response())
    }
}

fn unwritten(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "writing a list");
    Problem::new(Kind::Internal)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn a_cell_that_a_spreadsheet_would_run_is_made_harmless() {
        let formulas = ["=1+1", "+81", "-1", "@SUM(A1)"];
        let mut sheet = Spreadsheet::new(["一", "二", "三", "四"]).unwrap();
        sheet.line(&formulas.map(str::to_owned)).unwrap();
        sheet
            .line(&["髙﨑　葛", "", "", ""].map(str::to_owned))
            .unwrap();
        let answer = sheet.download("attachment").unwrap();
        let bytes = to_bytes(answer.into_body(), 1_000).await.unwrap();
        assert_eq!(
            String::from_utf8(bytes.to_vec()).unwrap(),
            "\u{feff}一,二,三,四\r\n'=1+1,'+81,'-1,'@SUM(A1)\r\n髙﨑　葛,,,\r\n"
        );
    }
}
