//! `shinsei import`.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::Path,
    process::ExitCode,
};

use super::{FILE_LIMIT, ImportReport, Kind, Named, Origin, Unusable, check_name, import};
use crate::Service;

/// Every row was taken.
const CLEAN: u8 = 0;
/// Some rows are reported; the others were taken.
const SOME_REPORTED: u8 = 1;
/// Nothing was imported.
const UNUSABLE: u8 = 2;

/// Imports a file and prints the summary. The exit code is 0 when every row was taken, 1 when some are reported, 2 when the
/// file cannot be used. `confirmed`: names and dates of birth of many members are meant to change.
pub async fn run(
    service: &Service,
    kind: Kind,
    file: &Path,
    (dry_run, confirmed): (bool, bool),
) -> ExitCode {
    let (summary, code) = match bytes(file) {
        Err(error) => (
            format!("{}を開けません: {error}\n", file.display()),
            UNUSABLE,
        ),
        Ok(bytes) => match taken(service, kind, (file, &bytes), (dry_run, confirmed)).await {
            Ok(report) if report.is_clean() => (report.to_string(), CLEAN),
            Ok(report) => (report.to_string(), SOME_REPORTED),
            Err(unusable) => (said(kind, &unusable), UNUSABLE),
        },
    };
    // Nobody is left to tell when the output is closed; the exit code still says it.
    let _closed = std::io::stdout().lock().write_all(summary.as_bytes());
    ExitCode::from(code)
}

async fn taken(
    service: &Service,
    kind: Kind,
    (path, file): (&Path, &[u8]),
    (dry_run, confirmed): (bool, bool),
) -> Result<ImportReport, Unusable> {
    let name = path.file_name().unwrap_or_default();
    check_name(file, Named::by_file(&name.to_string_lossy()))?;
    let origin = Origin {
        confirmed,
        ..Origin::system()
    };
    import(service, kind, file, dry_run, origin).await
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
