//! `shinsei print`: every application of a program into a directory, for the secretariat's archive or for the printer.
//!
//! It may be cut at any moment and started again: a file is written beside its place and moved there when it is whole, and what
//! is there already is not made again. That is safe because the name says what is in it: a 本紙 by its number never changes, and
//! 申請書（仮） carries the number of the last event that it shows.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fmt,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use domain::{
    Actor, Role,
    access::{Viewing, Whose},
    application::ApplicationId,
    program::ProgramId,
};
use futures::{StreamExt as _, stream};
use projections::{DocumentTrack, StatusFilter};
use uuid::Uuid;

use super::{FileName, Printout, PrintoutError, WriteError, pdf};
use crate::{
    Service,
    access::{NotNoted, PRINT, note},
};

/// Applications that are asked for at once.
const PAGE: u32 = 500;

/// What is written until it is whole.
const UNFINISHED: &str = ".part";

/// What is to be printed.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Which program.
    pub program: ProgramId,
    /// Where the files go; made when it is missing.
    pub directory: PathBuf,
    /// 申請書（本紙） only: what is not completed is left out.
    pub final_only: bool,
}

/// What came of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchReport {
    /// Files that were made.
    pub written: usize,
    /// Files that were there already.
    pub there: usize,
    /// Applications that have nothing to print: 取下げ, 筆記試験のみ, or, where only 本紙 is wanted, not completed.
    pub left_out: usize,
    /// Characters that are drawn as 〓, by application: place and code point.
    pub unprintable: Vec<(ApplicationId, String)>,
    /// Applications that could not be printed, and why.
    pub failed: Vec<(ApplicationId, String)>,
}

/// Why a batch could not begin.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// No such program.
    #[error("there is no program {0}")]
    UnknownProgram(ProgramId),
    /// The directory.
    #[error("the directory can not be used")]
    Directory(#[source] io::Error),
    /// The list of applications.
    #[error("the list of applications can not be read")]
    List(#[from] projections::Error),
}

/// Why one application could not be printed.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Printout(#[from] PrintoutError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("the file can not be written: {0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    AccessLog(#[from] NotNoted),
    #[error("drawing it panicked")]
    Panicked,
}

/// What came of one application.
enum Outcome {
    Written(Vec<String>),
    There,
}

/// Prints every application of a program. `progress` is told how many of how many are done.
///
/// # Errors
/// See [`BatchError`]; an application that cannot be printed is no error but in the report.
pub async fn print_all(
    service: &Service,
    batch: &Batch,
    mut progress: impl FnMut(usize, usize),
) -> Result<BatchReport, BatchError> {
    if service.programs.get(&batch.program).is_none() {
        return Err(BatchError::UnknownProgram(batch.program.clone()));
    }
    let mut report = BatchReport::default();
    let wanted = wanted(service, batch, &mut report).await?;
    let there = prepare(&batch.directory).map_err(BatchError::Directory)?;
    let total = wanted.len();
    progress(0, total);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let (there, directory) = (&there, &batch.directory);
    let mut running = stream::iter(wanted)
        .map(|wanted| async move {
            let outcome = print_one(service, &wanted, directory, there).await;
            (wanted.id, outcome)
        })
        .buffer_unordered(workers);
    let mut done = 0;
    while let Some((id, outcome)) = running.next().await {
        match outcome {
            Ok(Outcome::There) => report.there += 1,
            Ok(Outcome::Written(unprintable)) => {
                report.written += 1;
                let found = unprintable.into_iter().map(|what| (id.clone(), what));
                report.unprintable.extend(found);
            }
            Err(fault) => report.failed.push((id, fault.to_string())),
        }
        done += 1;
        progress(done, total);
    }
    report.failed.sort_by_cached_key(|(id, _)| id.to_string());
    report
        .unprintable
        .sort_by_cached_key(|(id, _)| id.to_string());
    Ok(report)
}

/// An application that is to be printed.
struct Wanted {
    id: ApplicationId,
    /// What the name of its file begins with: it says what is in it.
    prefix: String,
}

/// The applications that have something to print, by 会員番号.
async fn wanted(
    service: &Service,
    batch: &Batch,
    report: &mut BatchReport,
) -> Result<Vec<Wanted>, projections::Error> {
    let filter = StatusFilter {
        program: Some(batch.program.to_string()),
        ..StatusFilter::default()
    };
    let mut wanted = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = service
            .views
            .statuses(&filter, after.as_deref(), PAGE)
            .await?;
        for status in page.items {
            let id = ApplicationId::parse(&status.application).ok();
            let prefix = match status.document_track {
                _ if status.withdrawn_at.is_some() => None,
                DocumentTrack::NotApplied => None,
                DocumentTrack::Drafting | DocumentTrack::Returned if batch.final_only => None,
                DocumentTrack::Drafting | DocumentTrack::Returned => {
                    Some(provisional_prefix(&status.member, status.sequence))
                }
                DocumentTrack::UnderReview
                | DocumentTrack::Accepted
                | DocumentTrack::ReviewPassed
                | DocumentTrack::ReviewFailed => {
                    let number = status.submission_number.unwrap_or_default();
                    Some(final_prefix(&status.member, number))
                }
            };
            match (id, prefix) {
                (Some(id), Some(prefix)) => wanted.push(Wanted { id, prefix }),
                _ => report.left_out += 1,
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(wanted);
        }
    }
}

/// The names of the files that are there. The directory is for its owner only: what goes into it is personal.
fn prepare(directory: &Path) -> io::Result<BTreeSet<String>> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        if let Ok(name) = entry?.file_name().into_string() {
            names.insert(name);
        }
    }
    Ok(names)
}

/// The files whose names begin so.
fn beginning<'a>(names: &'a BTreeSet<String>, prefix: &'a str) -> impl Iterator<Item = &'a String> {
    names
        .range(prefix.to_owned()..)
        .take_while(move |name| name.starts_with(prefix))
        .filter(|name| Path::new(name).extension() == Some(OsStr::new("pdf")))
}

async fn print_one(
    service: &Service,
    wanted: &Wanted,
    directory: &Path,
    there: &BTreeSet<String>,
) -> Result<Outcome, Fault> {
    if beginning(there, &wanted.prefix).next().is_some() {
        return Ok(Outcome::There);
    }
    // As it is now: it may have gone on since the list was read.
    let printout = Printout::latest(service, &wanted.id).await?;
    note_printing(service, &wanted.id).await?;
    let name = name(&printout);
    let member = printout.state.member.as_str().to_owned();
    let directory = directory.to_owned();
    let drawn = tokio::task::spawn_blocking(move || {
        let content = printout.content();
        let bytes = pdf(&content)?;
        write(&directory, &name, &bytes)?;
        let found = content.unprintable();
        let replaced = found.iter().filter(|one| one.replaced);
        let unprintable = replaced.map(|one| format!("{} {}", one.place(), one.codes()));
        Ok::<_, Fault>((directory, unprintable.collect()))
    });
    let (directory, unprintable) = drawn.await.map_err(|_| Fault::Panicked)??;
    // What this one takes the place of.
    for old in beginning(there, &format!("{member}_仮")) {
        fs::remove_file(directory.join(old))?;
    }
    Ok(Outcome::Written(unprintable))
}

/// 閲覧記録: whoever runs this sees what is printed.
async fn note_printing(service: &Service, id: &ApplicationId) -> Result<(), NotNoted> {
    let viewing = Viewing {
        viewer: Actor {
            role: Role::System,
            id: "print".to_owned(),
        },
        operation: PRINT.to_owned(),
        application: Some(id.clone()),
        viewed_at: service.clock.now(),
    };
    let whose = Whose::Member(id.member.clone());
    note(service, &whose, viewing, Uuid::new_v4())
        .await
        .map(drop)
}

/// `9000001_本紙1_専門医更新申請書_0500026_20260610.pdf`
fn name(printout: &Printout) -> String {
    let FileName { japanese, .. } = printout.file_name();
    let member = &printout.state.member;
    let prefix = match printout.sheet.number() {
        Some(number) => final_prefix(member.as_str(), number),
        None => provisional_prefix(member.as_str(), printout.sequence),
    };
    format!("{prefix}{japanese}")
}

fn final_prefix(member: &str, number: impl fmt::Display) -> String {
    format!("{member}_本紙{number}_")
}

fn provisional_prefix(member: &str, sequence: i64) -> String {
    format!("{member}_仮{sequence}_")
}

/// Writes a file beside its place, makes sure that it lies on the disk, and moves it there.
fn write(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = directory.join(format!(".{name}{UNFINISHED}"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, directory.join(name))
}

impl fmt::Display for BatchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, what) in &self.unprintable {
            writeln!(f, "{id}: 印刷できない文字が「〓」になっています（{what}）")?;
        }
        for (id, why) in &self.failed {
            writeln!(f, "{id}: 印刷できませんでした: {why}")?;
        }
        writeln!(
            f,
            "申請書 {} 件を書き出しました（書き出し済み {} 件、対象外 {} 件、失敗 {} 件）。",
            self.written,
            self.there,
            self.left_out,
            self.failed.len()
        )
    }
}
