//! 取込履歴: what was imported by whom, and what became of every row. Real time, never the demonstration's.
//!
//! The file itself is not kept: it is full of personal data, and the society has it. Its hash says later which it was.

use domain::member::MemberNumber;
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::{SignedDuration, Timestamp};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{Kind, Outcome, report::RowResult};
use crate::clock::shared_time;

/// Rows in one statement.
const ROWS_PER_STATEMENT: usize = 500;

/// A run that has not been heard of for so long was cut: its process is gone.
const CUT_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportState {
    /// At work.
    Running,
    /// To the end.
    Done,
    /// 中断: its process ended in the middle, or the database took no more. The file can be imported again.
    Cut,
}

impl ImportState {
    /// The word of the screens.
    pub fn label(self) -> &'static str {
        match self {
            Self::Running => "実行中",
            Self::Done => "完了",
            Self::Cut => "中断",
        }
    }

    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cut => "cut",
        }
    }
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRecord {
    /// Under which its commands have their ids.
    pub id: Uuid,
    /// Which file.
    pub kind: Kind,
    /// For 取込の取消: of which run.
    pub retracts: Option<Uuid>,
    /// Who: `secretariat:demo`.
    pub actor: String,
    /// Why, for 取込の取消.
    pub reason: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// SHA-256 of the file, in hexadecimal.
    pub file_hash: String,
    /// Its length.
    pub bytes: i64,
    /// Rows of data.
    pub rows: i64,
    /// Line of the last row.
    pub last_line: i64,
    /// Rows that were recorded, or taken back.
    pub recorded: i64,
    /// Rows that were known already.
    pub unchanged: i64,
    /// Rows with something to say.
    pub reported: i64,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// How far it came.
    pub state: ImportState,
}

/// A row as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRow {
    /// Line in the file.
    pub line: i64,
    /// 会員番号, if it could be read.
    pub member: Option<MemberNumber>,
    /// What became of it.
    pub outcome: Outcome,
    /// The sentence.
    pub message: String,
}

/// What is known of a run when it begins.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    pub id: Uuid,
    pub kind: Kind,
    pub retracts: Option<Uuid>,
    pub actor: String,
    pub reason: String,
    pub file_hash: [u8; 32],
    pub bytes: usize,
    pub rows: usize,
    pub last_line: usize,
    pub dry_run: bool,
}

#[derive(sqlx::FromRow)]
struct Columns {
    id: String,
    kind: String,
    retracts: Option<String>,
    actor: String,
    reason: String,
    started_at_us: i64,
    seen_at_us: i64,
    ended_at_us: Option<i64>,
    cut: i64,
    file_hash: Vec<u8>,
    bytes: i64,
    data_rows: i64,
    last_line: i64,
    recorded: i64,
    unchanged: i64,
    reported: i64,
    dry_run: i64,
}

const COLUMNS: &str = "id, kind, retracts, actor, reason, started_at_us, seen_at_us, ended_at_us, cut, file_hash, bytes, data_rows, last_line, recorded, unchanged, reported, dry_run";

impl Columns {
    fn read(self, now: Timestamp) -> Result<ImportRecord, sqlx::Error> {
        let time = |us| Timestamp::from_microsecond(us).map_err(foreign);
        let ended_at = self.ended_at_us.map(time).transpose()?;
        let seen_at = time(self.seen_at_us)?;
        Ok(ImportRecord {
            id: self.id.parse().map_err(foreign)?,
            kind: Kind::parse(&self.kind).ok_or(sqlx::Error::RowNotFound)?,
            retracts: self
                .retracts
                .map(|id| id.parse().map_err(foreign))
                .transpose()?,
            actor: self.actor,
            reason: self.reason,
            started_at: time(self.started_at_us)?,
            state: match ended_at {
                Some(_) if self.cut != 0 => ImportState::Cut,
                Some(_) => ImportState::Done,
                None if now.duration_since(seen_at) > CUT_AFTER => ImportState::Cut,
                None => ImportState::Running,
            },
            ended_at,
            file_hash: hex::encode(self.file_hash),
            bytes: self.bytes,
            rows: self.data_rows,
            last_line: self.last_line,
            recorded: self.recorded,
            unchanged: self.unchanged,
            reported: self.reported,
            dry_run: self.dry_run != 0,
        })
    }
}

/// A row that this program did not write.
fn foreign(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The tables of runs and of their rows.
#[derive(Clone)]
pub struct Journal {
    log: EventLog,
}

impl Journal {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self { log }
    }

    /// The time by which all nodes tell which run was cut: the database's.
    ///
    /// # Errors
    /// The database.
    pub async fn now(&self) -> Result<Timestamp, sqlx::Error> {
        shared_time(&self.log).await
    }

    /// A run begins, or is begun once more under the same id.
    pub(super) async fn begin(&self, begun: &Begun, now: Timestamp) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "INSERT INTO imports (id, kind, retracts, actor, reason, started_at_us, seen_at_us, file_hash, bytes, data_rows, last_line,
                                      recorded, unchanged, reported, dry_run)
                 VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, 0, 0, 0, $11)
                 ON CONFLICT (id) DO UPDATE SET seen_at_us = excluded.seen_at_us, ended_at_us = NULL, cut = 0",
            )
                .bind(begun.id.to_string())
                .bind(begun.kind.word())
                .bind(begun.retracts.map(|id| id.to_string()))
                .bind(&begun.actor)
                .bind(&begun.reason)
                .bind(now.as_microsecond())
                .bind(&begun.file_hash[..])
                .bind(whole(begun.bytes))
                .bind(whole(begun.rows))
                .bind(whole(begun.last_line))
                .bind(i64::from(begun.dry_run))
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// Writes rows down, and that the run is at work.
    pub(super) async fn note(
        &self,
        import: Uuid,
        rows: &[RowResult],
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let id = import.to_string();
        for rows in rows.chunks(ROWS_PER_STATEMENT) {
            let full = rows.len() == ROWS_PER_STATEMENT;
            write_in_turn!(self.log, pool => {
                let mut query = QueryBuilder::new(
                    "INSERT INTO import_rows (import, line, member, outcome, message) ",
                );
                query.push_values(rows, |mut columns, row| {
                    columns
                        .push_bind(&id)
                        .push_bind(whole(row.line))
                        .push_bind(row.member.as_ref().map(MemberNumber::as_str))
                        .push_bind(row.outcome.as_str())
                        .push_bind(&row.message);
                });
                query.push(
                    " ON CONFLICT (import, line) DO UPDATE SET member = excluded.member, outcome = excluded.outcome, message = excluded.message",
                );
                query.build().persistent(full).execute(pool).await.map(drop)
            })?;
        }
        write_in_turn!(self.log, pool => {
            sqlx::query("UPDATE imports SET seen_at_us = $1 WHERE id = $2")
                .bind(now.as_microsecond())
                .bind(&id)
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// A run came to its end, or `cut` says that the database took no more before it.
    pub(super) async fn end(
        &self,
        import: Uuid,
        (recorded, unchanged, reported): (usize, usize, usize),
        cut: bool,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "UPDATE imports SET recorded = $1, unchanged = $2, reported = $3, ended_at_us = $4, seen_at_us = $4, cut = $5 WHERE id = $6",
            )
                .bind(whole(recorded))
                .bind(whole(unchanged))
                .bind(whole(reported))
                .bind(now.as_microsecond())
                .bind(i64::from(cut))
                .bind(import.to_string())
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// A run.
    ///
    /// # Errors
    /// The database.
    pub async fn find(
        &self,
        import: Uuid,
        now: Timestamp,
    ) -> Result<Option<ImportRecord>, sqlx::Error> {
        let row: Option<Columns> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&format!("SELECT {COLUMNS} FROM imports WHERE id = $1"))
                .bind(import.to_string())
                .fetch_optional(pool)
                .await
        })?;
        row.map(|row| row.read(now)).transpose()
    }

    /// The runs of these kinds, newest first, from that place.
    ///
    /// # Errors
    /// The database.
    pub async fn list(
        &self,
        kinds: &[Kind],
        (offset, limit): (i64, i64),
        now: Timestamp,
    ) -> Result<Vec<ImportRecord>, sqlx::Error> {
        if kinds.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<Columns> = on_database!(self.log.database(), pool => {
            let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} FROM imports WHERE kind IN ("));
            let mut words = query.separated(", ");
            for kind in kinds {
                words.push_bind(kind.word());
            }
            words.push_unseparated(") ORDER BY started_at_us DESC, id LIMIT ");
            query.push_bind(limit).push(" OFFSET ").push_bind(offset);
            query.build_query_as().fetch_all(pool).await
        })?;
        rows.into_iter().map(|row| row.read(now)).collect()
    }

    /// The rows of a run with one of these outcomes by line, at most `limit` after that line.
    ///
    /// # Errors
    /// The database.
    pub async fn rows(
        &self,
        import: Uuid,
        outcomes: &[Outcome],
        (after, limit): (i64, i64),
    ) -> Result<Vec<RecordedRow>, sqlx::Error> {
        type Row = (i64, Option<String>, String, String);
        if outcomes.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<Row> = on_database!(self.log.database(), pool => {
            let mut query = QueryBuilder::new(
                "SELECT line, member, outcome, message FROM import_rows WHERE import = ",
            );
            query.push_bind(import.to_string());
            query.push(" AND line > ").push_bind(after).push(" AND outcome IN (");
            let mut words = query.separated(", ");
            for outcome in outcomes {
                words.push_bind(outcome.as_str());
            }
            words.push_unseparated(") ORDER BY line LIMIT ");
            query.push_bind(limit);
            query.build_query_as().fetch_all(pool).await
        })?;
        rows.into_iter()
            .map(|(line, member, outcome, message)| {
                Ok(RecordedRow {
                    line,
                    member: member
                        .map(|number| MemberNumber::parse(&number).map_err(foreign))
                        .transpose()?,
                    outcome: Outcome::parse(&outcome).ok_or(sqlx::Error::RowNotFound)?,
                    message,
                })
            })
            .collect()
    }
}
