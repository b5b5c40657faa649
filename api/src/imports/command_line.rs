//! `shinsei import`.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::Path,
    process::ExitCode,
};

use super::{FILE_LIMIT, Kind, Origin, Unusable, import};
use crate::Service;

/// Every row was taken.
const CLEAN: u8 = 0;
/// Some rows are reported; the others were taken.
const SOME_REPORTED: u8 = 1;
/// Nothing was imported.
const UNUSABLE: u8 = 2;

/// Imports a file and prints the summary. The exit code is 0 when every row was taken, 1 when some are reported, 2 when the
/// file cannot be used.
pub async fn run(service: &Service, kind: Kind, file: &Path, dry_run: bool) -> ExitCode {
    let (summary, code) = match bytes(file) {
        Err(error) => (
            format!("{}を開けません: {error}\n", file.display()),
            UNUSABLE,
        ),
        Ok(bytes) => match import(service, kind, &bytes, dry_run, Origin::system()).await {
            Ok(report) if report.is_clean() => (report.to_string(), CLEAN),
            Ok(report) => (report.to_string(), SOME_REPORTED),
            Err(unusable) => (said(kind, &unusable), UNUSABLE),
        },
    };
    // Nobody is left to tell when the output is closed; the exit code still says it.
    let _closed = std::io::stdout().lock().write_all(summary.as_bytes());
    ExitCode::from(code)
}

fn said(kind: Kind, unusable: &Unusable) -> String {
    format!("{}を取り込めませんでした。{unusable}\n", kind.title())
}

/// One byte more than is allowed tells that there are too many.
fn bytes(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(FILE_LIMIT).unwrap_or(u64::MAX);
    File::open(file)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
