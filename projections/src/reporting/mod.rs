//! 集計 for others: the schema `reporting`, which spreadsheets and BI tools read, and the handle through which the reports are asked,
//! wherever they are read from. What is promised of both: `docs/reporting.md`.

mod publish;
mod schema;

use eventstore::{Database, ReadingDatabase};
use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::lag::{self, ProjectionLag};
use crate::reports::{self, After, AsOf, List, Moment, Part, Question, Report, ReportName};
use crate::views::Views;

pub(crate) use publish::{prepare, publish, take_turn};

/// The reports and their lists. They are read from the service's own database, or from a second one (a replica), on which nothing else is
/// ever done: no migration, no tables, no command, as nothing of this type can be told to write. Cloning shares everything.
#[derive(Clone)]
pub struct Reporting {
    from: From,
}

#[derive(Clone)]
enum From {
    Own(Views),
    Replica(ReadingDatabase),
}

/// How a second database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaState {
    /// A physical replica, which follows another server.
    pub follows: bool,
    /// Whether the server refuses to write on its connections.
    pub read_only: bool,
    /// Ledger number up to which its reports are written.
    pub checkpoint: i64,
    /// The hash of the ledger at that number: by it two databases are seen to have the same log. None at 0.
    pub chain_hash: Option<[u8; 32]>,
}

impl Reporting {
    /// From the views of the service.
    pub fn of(views: Views) -> Self {
        Self {
            from: From::Own(views),
        }
    }

    /// From a second database.
    pub fn reading(database: ReadingDatabase) -> Self {
        Self {
            from: From::Replica(database),
        }
    }

    /// Whether they are read from a second database.
    pub fn is_replica(&self) -> bool {
        matches!(self.from, From::Replica(_))
    }

    async fn database(&self) -> Result<&Database> {
        match &self.from {
            From::Own(views) => views.database().await,
            // What is missing there is not made: it comes from the database that it follows.
            From::Replica(database) => Ok(database.for_reading()),
        }
    }

    /// What the second database could not do is no failure of the service's own.
    fn told<T>(&self, result: Result<T>) -> Result<T> {
        match result {
            Err(Error::Database { doing, source }) if self.is_replica() => {
                Err(Error::Replica { doing, source })
            }
            other => other,
        }
    }

    /// 集計時点: the place of a moment in the ledger; none when it has not come yet, or the reports are not as far where they are read.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], or [`Error::Replica`] from a second database.
    pub async fn report_moment(&self, moment: Moment, now: Timestamp) -> Result<Option<AsOf>> {
        self.told(reports::as_of(self.database().await?, moment, now).await)
    }

    /// A report.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], or [`Error::Replica`] from a second database; [`Error::ForeignRow`].
    pub async fn report(&self, name: ReportName, question: &Question<'_>) -> Result<Report> {
        self.told(reports::report(self.database().await?, name, question).await)
    }

    /// How many lines a list of reporting has.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], or [`Error::Replica`] from a second database.
    pub async fn report_list_count(&self, list: &List<'_>) -> Result<i64> {
        self.told(list.count(self.database().await?).await)
    }

    /// Lines of a list of reporting after a place, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], or [`Error::Replica`] from a second database; [`Error::ForeignRow`].
    pub async fn report_list(
        &self,
        list: &List<'_>,
        after: Option<&After>,
        limit: i64,
    ) -> Result<Part> {
        self.told(list.part(self.database().await?, after, limit).await)
    }

    /// How far the views and effects are behind the ledger, as the database says from which the reports are read: a replica knows of no
    /// event that has not come to it.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], or [`Error::Replica`] from a second database.
    pub async fn lag(&self) -> Result<Vec<ProjectionLag>> {
        self.told(lag::lag(self.database().await?).await)
    }

    /// How the second database is; none when there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Replica`]
    pub async fn replica(&self) -> Result<Option<ReplicaState>> {
        let From::Replica(database) = &self.from else {
            return Ok(None);
        };
        let Database::Postgres(pool) = database.for_reading() else {
            return Ok(None);
        };
        let (follows, read_only, checkpoint, chain_hash): (bool, bool, i64, Option<Vec<u8>>) =
            sqlx::query_as(
                "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', p.checkpoint, \
                        (SELECT l.chain_hash FROM ledger l WHERE l.global_seq = p.checkpoint) \
                   FROM projections p WHERE p.name = 'reports' AND p.status = 'live'",
            )
            .fetch_one(pool)
            .await
            .map_err(|source| Error::Replica {
                doing: "looking at it",
                source,
            })?;
        Ok(Some(ReplicaState {
            follows,
            read_only,
            checkpoint,
            chain_hash: chain_hash.and_then(|hash| hash.try_into().ok()),
        }))
    }
}
