//! 申請書（仮） and 申請書（本紙）: the printed application; and 定型帳票, the tables of reports ([`print_table`]).
//!
//! Three steps, each of which can be looked at alone: [`content`] says what stands on the pages, [`layout`] where it stands in
//! millimetres, and [`write`](mod@write) draws it as PDF. Text becomes glyphs in one place (`font`), so that what is measured is
//! what is drawn, and what cannot be drawn is known before. The same content gives the same bytes.

pub mod batch;
pub mod content;
pub mod downloads;
pub mod file_name;
mod font;
pub mod layout;
pub mod printout;
#[cfg(test)]
mod sample;
mod table;
pub mod write;

pub use batch::{Batch, BatchError, BatchReport, print_all};
pub use content::{Block, Content, Section, Sheet, Unprintable};
pub use downloads::{Download, Downloads};
pub use file_name::FileName;
pub use font::{missing, plain_forms};
pub use layout::Layout;
pub use printout::{Completion, Printout, PrintoutError, completions};
pub use table::{PrintedTable, print_table};
pub use write::{WriteError, write};

/// The application as PDF.
///
/// # Errors
/// [`WriteError`], which stands for a fault of this program and not of what was typed.
pub fn pdf(content: &Content) -> Result<Vec<u8>, WriteError> {
    write(&Layout::new(content))
}
