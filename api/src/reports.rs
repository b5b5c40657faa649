//! 集計 as it is handed out: what every form of a report, a page, a sheet or a print, says in the same way.

pub(crate) mod asked;
pub mod cell;
pub(crate) mod files;
pub(crate) mod words;
