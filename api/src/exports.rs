//! Long lists as files, made in the background.
//!
//! A list of a hundred thousand rows takes longer than a request may, so it is a job: somebody asks for it, sees how far it is, and
//! fetches the file within a day. The rows come in chunks, wait in an unnamed file of the system's temporary directory and go from there
//! into the database in parts of at most 1 MiB: memory does not grow with the list, and any node can hand the file out.
//!
//! Unlike 一括処理 a job is not taken up again when its process dies: what it reads is a question that only that process knew, and asking
//! for it again costs one click. It is shown as failed, with that advice, when it has given no sign of life for [`SILENCE`]. Times are real
//! time, as nothing here is about the society's calendar.
//!
//! A list of fewer than [`DIRECT_ROWS`] needs no job: [`crate::sheets::file`].

mod table;
mod work;

#[cfg(test)]
mod tests;

use std::{pin::Pin, sync::Arc, time::Duration};

use eventstore::{CancellationToken, EventLog};
use futures::Stream;
use jiff::Timestamp;
use projections::{BoxError, reports::Cell};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::sheets::{Format, Losses, Sheet};
use table::Table;

/// Fewer rows are written at once, in the answer.
pub const DIRECT_ROWS: u64 = 5_000;

/// A file is kept so long after it is done.
pub const KEPT_FOR: Duration = Duration::from_hours(24);

/// A job that has given no sign of life for so long has died with its process.
pub const SILENCE: Duration = Duration::from_mins(1);

/// Most bytes of a part.
pub const PART: usize = 1_048_576;

/// Jobs of one account that wait or are written at the same time.
pub const OPEN_OF_ONE: u32 = 5;

/// Bytes of files that are made for one account in 24 hours: ten times all lists of a society of ten thousand. The file that passes it is
/// the last.
pub const DAY_BYTES: u64 = 1024 * 1024 * 1024;

/// So many jobs of a process are written at the same time; others wait. Two, so that a short list does not wait for a long one.
const AT_ONCE: usize = 2;

/// Rows of a table in chunks of a few thousand at most: a chunk is what is in memory.
pub type Rows = Pin<Box<dyn Stream<Item = Result<Vec<Vec<Cell>>, BoxError>> + Send>>;

/// A table with where its rows come from.
pub struct Source {
    /// The table.
    pub sheet: Sheet,
    /// Its rows.
    pub rows: Rows,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Role and account ([`domain::Actor::label`]): nobody else sees it.
    pub owner: String,
    /// What it is a list of, for the page that shows the job. Never a person's name.
    pub title: String,
    /// In which form.
    pub format: Format,
    /// Rows that there will be, for the progress. They may turn out to be more or fewer.
    pub total: u64,
}

/// Why no more is made for an account now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// [`OPEN_OF_ONE`]
    AtOnce,
    /// [`DAY_BYTES`]
    Day,
}

impl Quota {
    /// What a person is told, with what to do.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::AtOnce => {
                "作成中のファイルが5件あります。いずれかの作成が終わるか、不要なものを中止してから、もう一度作成してください。"
            }
            Self::Day => {
                "直近24時間に作成したファイルの合計が上限（1GB）に達しています。作成済みのファイルをお使いになるか、時間をおいてから、もう一度作成してください。"
            }
        }
    }
}

/// Why no job has begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The account has had what it may have.
    #[error("the account's quota of exports is used up: {0:?}")]
    Full(Quota),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Other jobs are before it.
    Waiting,
    /// It is being written.
    Running,
    /// The file can be fetched.
    Done,
    /// There will be no file.
    Failed,
    /// 中止
    Cancelled,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word in the database and in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The words for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting => "順番待ち",
            Self::Running => "作成中",
            Self::Done => "完了",
            Self::Failed => "作成できず",
            Self::Cancelled => "中止",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

/// A job as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Which.
    pub id: Uuid,
    /// See [`Order::title`].
    pub title: String,
    /// In which form.
    pub format: Format,
    /// How far it has come.
    pub state: State,
    /// Rows that are written.
    pub rows_done: u64,
    /// See [`Order::total`].
    pub rows_total: u64,
    /// Bytes of the file, once it is done.
    pub size: Option<u64>,
    /// Why there is no file, and what to do.
    pub sentence: Option<String>,
    /// What is not in the file as it was given.
    pub losses: Losses,
    /// When it was asked for.
    pub begun_at: Timestamp,
    /// When it was done, failed or was cancelled.
    pub ended_at: Option<Timestamp>,
    /// When it is deleted.
    pub expires_at: Timestamp,
}

/// The jobs of a database, and those that this process works on. Cloning shares them.
#[derive(Clone)]
pub struct Exports {
    table: Table,
    turns: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Exports {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self {
            table: Table::new(log),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            stop: CancellationToken::new(),
        }
    }

    /// The time by which jobs are begun, kept and given up: the database's, on every node.
    ///
    /// # Errors
    /// The database.
    pub async fn now(&self) -> Result<Timestamp, sqlx::Error> {
        self.table.now().await
    }

    /// Begins a job and returns; the file is written in the background, its tables in the order given. An id that is there already is a
    /// request that came again: nothing new begins.
    ///
    /// # Errors
    /// See [`BeginError`].
    pub async fn begin(
        &self,
        id: Uuid,
        order: Order,
        first: Source,
        others: Vec<Source>,
        now: Timestamp,
    ) -> Result<Uuid, BeginError> {
        if !self.table.begin(id, &order, now).await? {
            return match self.table.quota(id, &order.owner, now).await? {
                None => Ok(id),
                Some(quota) => Err(BeginError::Full(quota)),
            };
        }
        let job = work::Job {
            id,
            format: order.format,
            created: now,
            first,
            others,
        };
        let running = work::run(
            self.table.clone(),
            Arc::clone(&self.turns),
            self.stop.clone(),
            job,
        );
        self.table.log().tasks().spawn(running);
        Ok(id)
    }

    /// A job, for its owner; nothing for anybody else, and nothing once it has expired.
    ///
    /// # Errors
    /// The database.
    pub async fn find(
        &self,
        id: Uuid,
        owner: &str,
        now: Timestamp,
    ) -> Result<Option<Export>, sqlx::Error> {
        self.table.find(id, owner, now).await
    }

    /// The jobs of an owner, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn list(
        &self,
        owner: &str,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Export>, sqlx::Error> {
        self.table.list(owner, limit, now).await
    }

    /// The file of a job that its owner has found, in parts of at most [`PART`] bytes, together [`Export::size`]; nothing for one that is
    /// not done. It ends in [`sqlx::Error::RowNotFound`] when the file is deleted meanwhile, so that no half of one passes for a whole.
    pub fn parts(
        &self,
        export: &Export,
    ) -> impl Stream<Item = Result<Vec<u8>, sqlx::Error>> + Send + use<> {
        let left = export.size.unwrap_or_default();
        let from = (self.table.clone(), export.id, 0, left);
        futures::stream::try_unfold(from, async |(table, id, number, left)| {
            if left == 0 {
                return Ok(None);
            }
            let bytes = table.part(id, number).await?;
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let left = left.saturating_sub(length);
            Ok(Some((bytes, (table, id, number + 1, left))))
        })
    }

    /// 中止: false when there is no such job of the owner, or it has ended.
    ///
    /// # Errors
    /// The database.
    pub async fn cancel(&self, id: Uuid, owner: &str, now: Timestamp) -> Result<bool, sqlx::Error> {
        self.table.cancel(id, owner, now).await
    }

    /// Deletes a job with its file, also one that is being written: false when there is none of the owner.
    ///
    /// # Errors
    /// The database.
    pub async fn remove(&self, id: Uuid, owner: &str) -> Result<bool, sqlx::Error> {
        self.table.remove(id, owner).await
    }

    /// Deletes what has expired, and says of jobs whose process died that they have failed.
    ///
    /// # Errors
    /// The database.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), sqlx::Error> {
        self.table.sweep(now).await
    }

    /// The process ends: its jobs fail now, with the advice to ask again, and are not waited for.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}
