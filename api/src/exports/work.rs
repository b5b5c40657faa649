//! Writing a job's file.

use std::{
    fs::File,
    io::{BufWriter, Seek as _},
    sync::Arc,
    time::Duration,
};

use eventstore::CancellationToken;
use futures::StreamExt as _;
use jiff::Timestamp;
use projections::{BoxError, reports::Cell};
use tokio::{
    io::AsyncReadExt as _,
    sync::{Semaphore, mpsc},
    task::JoinError,
};
use uuid::Uuid;

use super::{
    PART, Source,
    table::{CUT, Table},
};
use crate::sheets::{Format, Losses, Sheet, SheetError, SheetWriter};

/// How often a job gives a sign of life, whatever it waits for: several times within [`super::SILENCE`].
const BEAT: Duration = Duration::from_secs(10);

/// Rows between two progresses.
const STRIDE: u64 = 2_000;

/// Chunks that wait for the writer: it has the next one while the database looks for the one after.
const AHEAD: usize = 2;

/// What is to be written.
pub(super) struct Job {
    pub(super) id: Uuid,
    pub(super) format: Format,
    pub(super) created: Timestamp,
    pub(super) first: Source,
    pub(super) others: Vec<Source>,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    /// It was cancelled or deleted, or another node took it for dead.
    #[error("the export is not wanted any more")]
    Unwanted,
    #[error("the service ends")]
    Stopped,
    #[error("the rows of an export could not be read")]
    Source(#[source] BoxError),
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// The library of xlsx panics when the disk of its waiting rows is full.
    #[error("the writer of an export panicked")]
    Panicked(#[from] JoinError),
    #[error("the table of exports failed")]
    Table(#[from] sqlx::Error),
}

impl WorkError {
    fn sentence(&self) -> &'static str {
        match self {
            Self::Stopped => CUT,
            Self::Source(_) => {
                "一覧を読み出せなかったため、ファイルを作成できませんでした。しばらくしてから、もう一度作成してください。"
            }
            Self::Sheet(error) => error.sentence(),
            Self::Unwanted | Self::Panicked(_) | Self::Table(_) => {
                "ファイルを作成できませんでした。しばらくしてから、もう一度作成してください。"
            }
        }
    }
}

/// What goes to the thread that writes.
enum Piece {
    Table(Sheet),
    Rows(Vec<Vec<Cell>>),
    End,
}

/// Does a job, and writes down what became of it.
pub(super) async fn run(table: Table, turns: Arc<Semaphore>, stop: CancellationToken, job: Job) {
    let id = job.id;
    // Side by side and not one within the other: a sign of life that waits for its turn to write must not keep the work from ending its own.
    let outcome = tokio::select! {
        outcome = work(&table, &turns, job) => outcome,
        () = signs_of_life(&table, id) => Err(WorkError::Unwanted),
        () = stop.cancelled() => Err(WorkError::Stopped),
    };
    let Err(error) = outcome else { return };
    if !matches!(error, WorkError::Unwanted | WorkError::Stopped) {
        tracing::error!(error = &error as &dyn std::error::Error, export = %id, "an export could not be written");
    }
    // In vain without the database, and then the silence says the same.
    let told = async {
        table.fail(id, error.sentence(), table.now().await?).await?;
        table.forget_parts(id).await
    };
    if let Err(error) = told.await {
        tracing::warn!(%error, export = %id, "the end of an export could not be written down");
    }
}

/// Gives signs of life until the job is not wanted any more.
async fn signs_of_life(table: &Table, id: Uuid) {
    loop {
        tokio::time::sleep(BEAT).await;
        let beaten = async { table.beat(id, table.now().await?).await };
        match beaten.await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, export = %id, "no sign of life of an export"),
        }
    }
}

async fn work(table: &Table, turns: &Semaphore, job: Job) -> Result<(), WorkError> {
    // Nobody closes it.
    let _turn = turns.acquire().await.map_err(|_| WorkError::Stopped)?;
    wanted(table.start(job.id, table.now().await?).await?)?;
    let id = job.id;
    let (pieces, received) = mpsc::channel(AHEAD);
    let (format, created, sheet) = (job.format, job.created, job.first.sheet.clone());
    let writer = tokio::task::spawn_blocking(move || write(format, created, &sheet, received));
    let rows = feed(table, job, pieces).await?;
    let Some((file, losses)) = writer.await?? else {
        return Err(WorkError::Unwanted);
    };
    let size = store(table, id, file).await?;
    wanted(
        table
            .done(id, (rows, size), &losses, table.now().await?)
            .await?,
    )
}

fn wanted(wanted: bool) -> Result<(), WorkError> {
    if wanted {
        Ok(())
    } else {
        Err(WorkError::Unwanted)
    }
}

/// Hands the rows to the writer and counts them. A writer that has gone has an error, which is asked for afterwards.
async fn feed(table: &Table, job: Job, pieces: mpsc::Sender<Piece>) -> Result<u64, WorkError> {
    let (mut rows, mut told) = (0, 0);
    for (number, mut source) in std::iter::once(job.first).chain(job.others).enumerate() {
        if number > 0 && pieces.send(Piece::Table(source.sheet)).await.is_err() {
            return Ok(rows);
        }
        while let Some(chunk) = source.rows.next().await {
            let chunk = chunk.map_err(WorkError::Source)?;
            rows += u64::try_from(chunk.len()).unwrap_or_default();
            if pieces.send(Piece::Rows(chunk)).await.is_err() {
                return Ok(rows);
            }
            if rows - told >= STRIDE {
                told = rows;
                wanted(table.progress(job.id, rows, table.now().await?).await?)?;
            }
        }
    }
    let _writer_has_gone = pieces.send(Piece::End).await;
    Ok(rows)
}

/// Writes what comes into an unnamed file, on a thread of its own. Nothing when it stops coming before its end: the job was given up.
fn write(
    format: Format,
    created: Timestamp,
    first: &Sheet,
    mut pieces: mpsc::Receiver<Piece>,
) -> Result<Option<(File, Losses)>, SheetError> {
    let file = BufWriter::new(tempfile::tempfile()?);
    let mut writer = SheetWriter::new(format, file, created, first)?;
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Table(sheet) => writer.next(&sheet)?,
            Piece::Rows(rows) => rows.iter().try_for_each(|row| writer.row(row))?,
            Piece::End => {
                let (file, losses) = writer.finish()?;
                let mut file = file
                    .into_inner()
                    .map_err(std::io::IntoInnerError::into_error)?;
                file.rewind()?;
                return Ok(Some((file, losses)));
            }
        }
    }
    Ok(None)
}

/// Brings the file into the database, and tells its length.
async fn store(table: &Table, id: Uuid, file: File) -> Result<u64, WorkError> {
    let mut file = tokio::fs::File::from_std(file);
    let most = u64::try_from(PART).unwrap_or(u64::MAX);
    let (mut part, mut size) = (Vec::with_capacity(PART), 0);
    for number in 0.. {
        part.clear();
        let read = (&mut file).take(most).read_to_end(&mut part).await;
        if read.map_err(SheetError::Io)? == 0 {
            break;
        }
        wanted(table.keep_part(id, number, &part).await?)?;
        size += u64::try_from(part.len()).unwrap_or(u64::MAX);
    }
    Ok(size)
}
