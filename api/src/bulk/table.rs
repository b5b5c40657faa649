//! The runs in the database.

use std::{sync::Arc, time::Duration};

use eventstore::{EventLog, on_database, write_in_turn};
use jiff::Timestamp;
use sqlx::QueryBuilder;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::acts::NamedAct;

/// A node that does not come back within this time has died; another one goes on.
const LEASE: Duration = Duration::from_secs(30);

/// Items written in one statement.
const ITEMS_PER_STATEMENT: usize = 500;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident: $word:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// The word in the database and in answers.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The word for people.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// How far a run has come.
    RunState {
        /// Nothing is done.
        Previewed: "previewed", "確認待ち";
        /// It waits for a second person.
        Proposed: "proposed", "承認待ち";
        /// It is being done.
        Running: "running", "実行中";
        /// 中止
        Cancelled: "cancelled", "中止";
        /// Nothing is left.
        Done: "done", "完了";
    }
}

impl RunState {
    /// Whether nothing of it is done yet: it waits for its start, or for a second person.
    pub fn waits(self) -> bool {
        matches!(self, Self::Previewed | Self::Proposed)
    }
}

words! {
    /// When a run begins.
    Starts {
        /// When somebody starts it.
        Pressed: "pressed", "実行の操作で開始";
        /// When a second person has approved it, or a day has passed without one (単独).
        Approved: "approved", "承認と同時に開始";
    }
}

words! {
    /// How far an item has come.
    ItemState {
        /// To be done.
        Ready: "ready", "対象";
        /// Left out by the preview.
        Excluded: "excluded", "対象外";
        /// Done.
        Done: "done", "済み";
        /// Refused when it was to be done.
        Refused: "refused", "実行できず";
    }
}

/// A run.
#[derive(Clone)]
pub(crate) struct BulkRun {
    pub id: Uuid,
    pub act: &'static NamedAct,
    /// What the act asks for, as typed.
    pub until: String,
    /// 会員への説明
    pub explanation: String,
    /// 内部の理由
    pub reason: String,
    pub state: RunState,
    /// Role and account.
    pub made_by: String,
    /// Who began it, for people to read; whose acts they are stands in the log.
    pub started_by: Option<String>,
    pub made_at: Timestamp,
    /// When it begins.
    pub starts: Starts,
    /// The file whose rows they are.
    pub import: Option<Uuid>,
    /// Why it was ended before its time.
    pub sentence: String,
    /// SHA-256 (hexadecimal) over the request that made it; empty of what no single request has made.
    pub request_hash: String,
}

impl BulkRun {
    /// Whether it was made by another request than one with this hash: its Idempotency-Key is used for something else now.
    pub fn is_of_another_request(&self, request_hash: &str) -> bool {
        !self.request_hash.is_empty() && self.request_hash != request_hash
    }

    /// The id of the command by which an item is done: repeated after a crash it is the same one. That of a row of a file is the one by
    /// which the row would have been done at once, so that the file can be taken back.
    pub fn command_id(&self, item: &BulkItem) -> Uuid {
        match (self.import, usize::try_from(item.line)) {
            (Some(import), Ok(line)) => crate::imports::command_id(import, line),
            _ => Uuid::new_v5(&self.id, item.application.as_bytes()),
        }
    }
}

/// An application of a run.
#[derive(Clone, Debug)]
pub(crate) struct BulkItem {
    pub application: String,
    /// Revision of its review that the preview saw.
    pub seen: u32,
    pub state: ItemState,
    /// Why not.
    pub sentence: String,
    /// 会員への説明 of this one alone; empty: that of the run.
    pub explanation: String,
    /// Line of the file; 0 of what comes from none.
    pub line: i64,
}

type ItemRow = (String, i64, String, String, String, i64);

fn item((application, seen, state, sentence, explanation, line): ItemRow) -> Option<BulkItem> {
    Some(BulkItem {
        application,
        seen: u32::try_from(seen).ok()?,
        state: ItemState::parse(&state)?,
        sentence,
        explanation,
        line,
    })
}

/// How many items stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub ready: i64,
    pub excluded: i64,
    pub done: i64,
    pub refused: i64,
}

/// The table of runs.
#[derive(Clone)]
pub(crate) struct BulkRuns {
    log: EventLog,
    waker: Arc<Notify>,
}

type RunRow = (
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    i64,
    String,
    String,
    String,
    String,
);

const COLUMNS: &str = "id, act, until, explanation, reason, state, made_by, started_by, made_at_us, starts, import, sentence, request_hash";

fn run(
    (
        id,
        act,
        until,
        explanation,
        reason,
        state,
        made_by,
        started_by,
        made_at,
        starts,
        import,
        sentence,
        request_hash,
    ): RunRow,
) -> Option<BulkRun> {
    Some(BulkRun {
        id: id.parse().ok()?,
        act: NamedAct::find(&act)?,
        until,
        explanation,
        reason,
        state: RunState::parse(&state)?,
        made_by,
        started_by,
        made_at: Timestamp::from_microsecond(made_at).ok()?,
        starts: Starts::parse(&starts)?,
        import: import.parse().ok(),
        sentence,
        request_hash,
    })
}

impl BulkRuns {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self {
            log,
            waker: Arc::new(Notify::new()),
        }
    }

    /// Tells the worker of this process that there is something to do.
    pub fn wake(&self) {
        self.waker.notify_one();
    }

    /// Waits until it is told, or for a while: another node's run may have been left behind.
    pub async fn woken(&self, patience: Duration) {
        let _told_or_not = tokio::time::timeout(patience, self.waker.notified()).await;
    }

    /// Writes a run with its items, all or nothing; the same id again changes nothing. False when the one that is there is of another request.
    pub async fn make(&self, run: &BulkRun, items: &[BulkItem]) -> Result<bool, sqlx::Error> {
        let made: bool = write_in_turn!(self.log, pool => {
            async {
                let mut transaction = pool.begin().await?;
                let made = sqlx::query(
                    "INSERT INTO bulk_runs (id, act, until, explanation, reason, state, digest, made_by, made_at_us, starts, import, request_hash)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING",
                )
                .bind(run.id.to_string())
                .bind(run.act.name)
                .bind(&run.until)
                .bind(&run.explanation)
                .bind(&run.reason)
                .bind(run.state.as_str())
                // For nodes of the version before, which go by it; here it is made of the rows each time it is asked for.
                .bind(super::digest(run, items))
                .bind(&run.made_by)
                .bind(run.made_at.as_microsecond())
                .bind(run.starts.as_str())
                .bind(run.import.map(|id| id.to_string()).unwrap_or_default())
                .bind(&run.request_hash)
                .execute(&mut *transaction)
                .await?;
                if made.rows_affected() == 0 {
                    transaction.rollback().await?;
                    return Ok(false);
                }
                for items in items.chunks(ITEMS_PER_STATEMENT) {
                    let mut query = QueryBuilder::new(
                        "INSERT INTO bulk_items (run, application, seen, state, sentence, explanation, line) ",
                    );
                    query.push_values(items, |mut columns, item| {
                        columns
                            .push_bind(run.id.to_string())
                            .push_bind(&item.application)
                            .push_bind(i64::from(item.seen))
                            .push_bind(item.state.as_str())
                            .push_bind(&item.sentence)
                            .push_bind(&item.explanation)
                            .push_bind(item.line);
                    });
                    query.build().execute(&mut *transaction).await?;
                }
                transaction.commit().await?;
                Ok(true)
            }
            .await
        })?;
        if made {
            return Ok(true);
        }
        let known = self.find(run.id).await?;
        Ok(known.is_none_or(|known| !known.is_of_another_request(&run.request_hash)))
    }

    /// A run.
    pub async fn find(&self, id: Uuid) -> Result<Option<BulkRun>, sqlx::Error> {
        let statement = format!("SELECT {COLUMNS} FROM bulk_runs WHERE id = $1");
        let found: Option<RunRow> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&statement).bind(id.to_string()).fetch_optional(pool).await
        })?;
        Ok(found.and_then(run))
    }

    /// The last runs, newest first; those that an account has proposed by hand, if one is named.
    pub async fn list(&self, own: Option<&str>, limit: i64) -> Result<Vec<BulkRun>, sqlx::Error> {
        let found: Vec<RunRow> = on_database!(self.log.database(), pool => {
            let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} FROM bulk_runs"));
            if let Some(own) = own {
                query.push(" WHERE import = '' AND starts = ").push_bind(Starts::Approved.as_str());
                query.push(" AND made_by = ").push_bind(own);
            }
            query.push(" ORDER BY made_at_us DESC, id LIMIT ").push_bind(limit);
            query.build_query_as().fetch_all(pool).await
        })?;
        Ok(found.into_iter().filter_map(run).collect())
    }

    /// How many items stand where.
    pub async fn counts(&self, id: Uuid) -> Result<Counts, sqlx::Error> {
        let rows: Vec<(String, i64)> = on_database!(self.log.database(), pool => {
            sqlx::query_as("SELECT state, COUNT(*) FROM bulk_items WHERE run = $1 GROUP BY state")
                .bind(id.to_string())
                .fetch_all(pool)
                .await
        })?;
        let of = |state: ItemState| {
            rows.iter()
                .find(|(word, _)| word == state.as_str())
                .map_or(0, |(_, count)| *count)
        };
        Ok(Counts {
            ready: of(ItemState::Ready),
            excluded: of(ItemState::Excluded),
            done: of(ItemState::Done),
            refused: of(ItemState::Refused),
        })
    }

    /// Items of a run, in the order of the applications; those in one state, if it is named.
    pub async fn items(
        &self,
        id: Uuid,
        state: Option<ItemState>,
        limit: i64,
    ) -> Result<Vec<BulkItem>, sqlx::Error> {
        let rows: Vec<ItemRow> = on_database!(self.log.database(), pool => {
            let mut query = QueryBuilder::new(
                "SELECT application, seen, state, sentence, explanation, line FROM bulk_items WHERE run = ",
            );
            query.push_bind(id.to_string());
            if let Some(state) = state {
                query.push(" AND state = ").push_bind(state.as_str());
            }
            query.push(" ORDER BY application LIMIT ").push_bind(limit);
            query.build_query_as().fetch_all(pool).await
        })?;
        Ok(rows.into_iter().filter_map(item).collect())
    }

    /// The runs that wait for a second person, oldest first.
    pub async fn waiting(&self) -> Result<Vec<BulkRun>, sqlx::Error> {
        let statement = format!(
            "SELECT {COLUMNS} FROM bulk_runs WHERE state = 'proposed' ORDER BY made_at_us, id"
        );
        let found: Vec<RunRow> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&statement).fetch_all(pool).await
        })?;
        Ok(found.into_iter().filter_map(run).collect())
    }

    /// The runs in which an application waits for a second person, oldest first.
    pub async fn waiting_for(&self, application: &str) -> Result<Vec<BulkRun>, sqlx::Error> {
        let statement = format!(
            "SELECT {COLUMNS} FROM bulk_runs WHERE state = 'proposed' AND id IN
             (SELECT run FROM bulk_items WHERE application = $1 AND state = 'ready') ORDER BY made_at_us, id"
        );
        let found: Vec<RunRow> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&statement).bind(application).fetch_all(pool).await
        })?;
        Ok(found.into_iter().filter_map(run).collect())
    }

    /// The runs of the rows of a file that wait.
    pub async fn waiting_of(&self, import: Uuid) -> Result<Vec<BulkRun>, sqlx::Error> {
        let statement = format!(
            "SELECT {COLUMNS} FROM bulk_runs WHERE import = $1 AND state IN ('previewed', 'proposed')"
        );
        let found: Vec<RunRow> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&statement).bind(import.to_string()).fetch_all(pool).await
        })?;
        Ok(found.into_iter().filter_map(run).collect())
    }

    /// Ends a run before its time, and says why.
    pub async fn end(&self, id: Uuid, sentence: &str) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "UPDATE bulk_runs SET state = 'cancelled', sentence = $1
                  WHERE id = $2 AND state IN ('previewed', 'proposed', 'running')",
            )
            .bind(sentence)
            .bind(id.to_string())
            .execute(pool)
            .await
            .map(drop)
        })
    }

    /// Moves a run from one state to another; false when it was not there any more.
    pub async fn advance(
        &self,
        id: Uuid,
        from: RunState,
        to: RunState,
        started_by: Option<&str>,
    ) -> Result<bool, sqlx::Error> {
        let moved: u64 = write_in_turn!(self.log, pool => {
            sqlx::query(
                "UPDATE bulk_runs SET state = $1, started_by = COALESCE($2, started_by) WHERE id = $3 AND state = $4",
            )
            .bind(to.as_str())
            .bind(started_by)
            .bind(id.to_string())
            .bind(from.as_str())
            .execute(pool)
            .await
            .map(|done| done.rows_affected())
        })?;
        Ok(moved == 1)
    }

    /// Writes down what became of an item, whatever its row said before.
    pub async fn settle(
        &self,
        id: Uuid,
        application: &str,
        state: ItemState,
        sentence: &str,
    ) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "UPDATE bulk_items SET state = $1, sentence = $2 WHERE run = $3 AND application = $4 AND state <> 'excluded'",
            )
            .bind(state.as_str())
            .bind(sentence)
            .bind(id.to_string())
            .bind(application)
            .execute(pool)
            .await
            .map(drop)
        })
    }

    /// Takes a run that is to be done and on which nobody works.
    pub async fn lease(&self, now: Timestamp) -> Result<Option<Uuid>, sqlx::Error> {
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let taken: Option<String> = write_in_turn!(self.log, pool => {
            sqlx::query_scalar(
                "UPDATE bulk_runs SET leased_until_us = $1
                  WHERE id = (SELECT id FROM bulk_runs WHERE state = 'running' AND leased_until_us < $2
                               ORDER BY made_at_us LIMIT 1)
                    AND leased_until_us < $2
              RETURNING id",
            )
            .bind(until.as_microsecond())
            .bind(now.as_microsecond())
            .fetch_optional(pool)
            .await
        })?;
        Ok(taken.and_then(|id| id.parse().ok()))
    }

    /// Keeps a run that is being worked on; false when it is not to be done any more.
    pub async fn keep(&self, id: Uuid, now: Timestamp) -> Result<bool, sqlx::Error> {
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let kept: u64 = write_in_turn!(self.log, pool => {
            sqlx::query("UPDATE bulk_runs SET leased_until_us = $1 WHERE id = $2 AND state = 'running'")
                .bind(until.as_microsecond())
                .bind(id.to_string())
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(kept == 1)
    }
}
