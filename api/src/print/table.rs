//! 定型帳票: a report's table on paper, A4 lying, by the same steps as the application: what stands on the pages (here), where
//! (`layout`), and as PDF ([`super::write`](mod@super::write)).

use projections::reports::{Cell, Column};

use super::{Layout, WriteError, missing, plain_forms, write};
use crate::reports::cell::{is_figure, shown};

/// Label of the line of the preamble that the foot of every page repeats: a page that is found alone says of when it is.
const TAKEN_AT: &str = "集計時点";

/// A report as it stands on the pages: nothing but words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TableContent {
    /// Its name.
    pub title: String,
    /// 集計条件, 集計時点 …: labels and values above the table.
    pub preamble: Vec<(String, String)>,
    /// 集計時点 as the foot says it; empty when the preamble does not.
    pub taken_at: String,
    /// The columns.
    pub columns: Vec<Heading>,
    /// A text for each column.
    pub rows: Vec<Vec<String>>,
    /// What is to be known about the table, below it.
    pub remarks: Vec<String>,
    /// How many characters that is.
    lost: u64,
}

/// A column of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// Its heading.
    pub title: String,
    /// Whether its cells stand to the right.
    pub figure: bool,
    /// Whether its cells are words, which may break into lines; dates, codes and figures are kept whole.
    pub words: bool,
}

impl TableContent {
    /// A report in words. A row with fewer cells than there are columns is filled up with blanks, and what is more is left out.
    pub fn new(
        title: &str,
        preamble: &[(String, String)],
        columns: &[Column],
        rows: &[Vec<Cell>],
    ) -> Self {
        let taken_at = preamble
            .iter()
            .find(|(label, _)| label == TAKEN_AT)
            .map(|(label, value)| format!("{label} {value}"));
        let headings = columns.iter().map(|column| Heading {
            title: column.title.clone(),
            figure: is_figure(column.kind),
            words: column.kind == projections::reports::Kind::Text,
        });
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                let mut cells = row.iter();
                columns
                    .iter()
                    .map(|column| {
                        cells
                            .next()
                            .map_or_else(String::new, |cell| shown(cell, column.kind))
                    })
                    .collect()
            })
            .collect();
        let mut content = Self {
            title: title.to_owned(),
            preamble: preamble.to_vec(),
            taken_at: taken_at.unwrap_or_default(),
            columns: headings.collect(),
            rows,
            remarks: Vec::new(),
            lost: 0,
        };
        (content.remarks, content.lost) = content.unprintable();
        content
    }

    /// Every text of it, in the order of reading.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let preamble = self
            .preamble
            .iter()
            .flat_map(|(label, value)| [label.as_str(), value.as_str()]);
        std::iter::once(self.title.as_str())
            .chain(preamble)
            .chain(self.columns.iter().map(|column| column.title.as_str()))
            .chain(self.rows.iter().flatten().map(String::as_str))
    }

    /// What the face does not have, told on the paper itself: who reads it did not type it, and sees no notice.
    /// And how many characters of how many texts that is.
    fn unprintable(&self) -> (Vec<String>, u64) {
        let mut lost = 0_u64;
        let (mut lacking, mut usual): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for text in self.texts() {
            let of_text = missing(text);
            lost = lost.saturating_add(u64::try_from(of_text.len()).unwrap_or(u64::MAX));
            for (found, known) in [
                (
                    of_text.into_iter().map(String::from).collect(),
                    &mut lacking,
                ),
                (plain_forms(text), &mut usual),
            ] {
                let found: Vec<String> = found;
                for character in found {
                    if !known.contains(&character) {
                        known.push(character);
                    }
                }
            }
        }
        let told = |characters: &[String], name: &dyn Fn(&String) -> String| {
            let names: Vec<_> = characters.iter().map(name).collect();
            names.join("、")
        };
        let mut remarks = Vec::new();
        if !lacking.is_empty() {
            // Named by its code alone: drawn, it would be 〓 again.
            let names = told(&lacking, &|one| codes(one));
            remarks.push(format!(
                "※ 印刷用の書体にない文字を「〓」で示しています（{names}）。元の文字は画面またはCSVでご確認ください。"
            ));
        }
        if !usual.is_empty() {
            let names = told(&usual, &|form| format!("{form} {}", codes(form)));
            remarks.push(format!(
                "※ 次の異体字は、印刷用の書体にないため標準の字形で示しています（{names}）。"
            ));
        }
        (remarks, lost)
    }
}

/// A table on paper.
#[derive(Debug)]
pub struct PrintedTable {
    /// The PDF.
    pub bytes: Vec<u8>,
    /// Characters that the face does not have, each counted once in each cell.
    pub lost: u64,
}

/// `U+9089 U+E01EF`
fn codes(text: &str) -> String {
    let codes: Vec<_> = text
        .chars()
        .map(|c| format!("U+{:04X}", u32::from(c)))
        .collect();
    codes.join(" ")
}

/// A report's table as PDF: A4 lying, the society and the title above, 集計条件 and 集計時点 as `preamble` says them, the heading of
/// the columns on every page, 「1 / 12」 at the foot. The cells say what [`shown`] says. Rows are kept whole up to six lines.
///
/// The columns are as wide as what stands in them; where that is too much for the paper, words break into lines, and then the letters
/// become smaller, from 9 to 6 points. A character that the face does not have is 〓, and a remark below the table tells which.
/// There is no date in the document's properties but what the preamble says on paper: the same table gives the same bytes.
///
/// Time and memory grow with the rows (10,000 of ten columns: 75 MB at most, measured, and 3 MB of PDF), so the callers give it a thread of
/// its own.
///
/// # Errors
/// [`WriteError`], which stands for a fault of this program and not of what the report says.
pub fn print_table(
    title: &str,
    preamble: &[(String, String)],
    columns: &[Column],
    rows: &[Vec<Cell>],
) -> Result<PrintedTable, WriteError> {
    let content = TableContent::new(title, preamble, columns, rows);
    Ok(PrintedTable {
        bytes: write(&Layout::of_table(&content))?,
        lost: content.lost,
    })
}

#[cfg(test)]
mod tests;
