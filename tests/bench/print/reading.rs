//! Whether a document says what it should: read by poppler, as a reader would.

use std::path::Path;
use std::process::Command;

use api::print::Content;

use super::{application::PAGES, sides::heard};
use crate::Outcome;

/// Letters without what differs between sides: spaces and line ends, the hyphen that poppler takes for a broken word, and the boxes
/// to tick, which the face does not have.
fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| if matches!(c, '☐' | '☑') { '□' } else { c })
        .collect()
}

/// That it has all pages, and every text of the content.
pub fn check(document: &Path, content: &Content) -> Outcome<()> {
    let information = String::from_utf8(heard(Command::new("pdfinfo").arg(document))?)?;
    let pages = information
        .lines()
        .find_map(|line| line.strip_prefix("Pages:"))
        .ok_or("pdfinfo tells no pages")?;
    if pages.trim() != PAGES.to_string() {
        return Err(format!("{} has {} pages", document.display(), pages.trim()).into());
    }
    let text = heard(Command::new("pdftotext").arg("-raw").arg(document).arg("-"))?;
    let text = letters(&String::from_utf8(text)?);
    for (_, wanted) in content.texts() {
        if !text.contains(&letters(wanted)) {
            return Err(format!("{} lacks {wanted}", document.display()).into());
        }
    }
    Ok(())
}
