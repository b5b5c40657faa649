//! The tables of the jobs and of their files.

use eventstore::{EventLog, on_database, write_in_turn};
use jiff::Timestamp;
use uuid::Uuid;

use super::{DAY_BYTES, Export, KEPT_FOR, OPEN_OF_ONE, Order, Quota, SILENCE, State};
use crate::{
    clock::shared_time,
    sheets::{Format, Losses},
};

/// What the owner of a job reads whose process died or was stopped.
pub(super) const CUT: &str = "サーバーが停止または再起動したため、ファイルを作成できませんでした。お手数ですが、もう一度作成してください。";

/// Whether a statement, with what is bound to it, changed the one row that it is about.
macro_rules! changes_one {
    ($log:expr, $statement:expr) => {
        write_in_turn!($log, pool => {
            $statement.execute(pool).await.map(|done| done.rows_affected() == 1)
        })
    };
}

/// A row as it lies in the database: see `migrations/*/0060_exports.sql`.
type Row = (
    String,
    String,
    String,
    String,
    i64,
    i64,
    Option<i64>,
    Option<String>,
    Option<String>,
    i64,
    i64,
    Option<i64>,
    i64,
);

const COLUMNS: &str = "id, title, format, state, rows_done, rows_total, size, sentence, losses, begun_at_us, seen_at_us, ended_at_us, \
                       expires_at_us";

/// A job as it is to be seen at a time: without a sign of life for [`SILENCE`] it has failed, also before the sweep says so.
fn export(row: Row, now: Timestamp) -> Result<Export, sqlx::Error> {
    let (
        id,
        title,
        format,
        state,
        rows_done,
        rows_total,
        size,
        sentence,
        losses,
        begun_at,
        seen_at,
        ended_at,
        expires_at,
    ) = row;
    let unknown = |what: &str| sqlx::Error::Decode(format!("unknown {what} of an export").into());
    let at =
        |us| Timestamp::from_microsecond(us).map_err(|error| sqlx::Error::Decode(error.into()));
    let mut export = Export {
        id: id.parse().map_err(|_| unknown("id"))?,
        title,
        format: Format::parse(&format).ok_or_else(|| unknown("format"))?,
        state: State::parse(&state).ok_or_else(|| unknown("state"))?,
        rows_done: u64::try_from(rows_done).unwrap_or_default(),
        rows_total: u64::try_from(rows_total).unwrap_or_default(),
        size: size.map(|size| u64::try_from(size).unwrap_or_default()),
        sentence,
        losses: losses
            .map(|losses| serde_json::from_str(&losses))
            .transpose()
            .map_err(|error| sqlx::Error::Decode(error.into()))?
            .unwrap_or_default(),
        begun_at: at(begun_at)?,
        ended_at: ended_at.map(at).transpose()?,
        expires_at: at(expires_at)?,
    };
    if export.state.is_open() && seen_at < silent(now) {
        export.state = State::Failed;
        export.sentence = Some(CUT.to_owned());
        export.ended_at = Some(at(seen_at)?);
    }
    Ok(export)
}

fn silent(now: Timestamp) -> i64 {
    let silence = i64::try_from(SILENCE.as_micros()).unwrap_or(i64::MAX);
    now.as_microsecond().saturating_sub(silence)
}

fn a_day_before(now: Timestamp) -> i64 {
    let day = i64::try_from(KEPT_FOR.as_micros()).unwrap_or(i64::MAX);
    now.as_microsecond().saturating_sub(day)
}

fn expiry(from: Timestamp) -> i64 {
    from.saturating_add(KEPT_FOR)
        .unwrap_or(Timestamp::MAX)
        .as_microsecond()
}

fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The jobs.
#[derive(Clone)]
pub(super) struct Table {
    log: EventLog,
}

impl Table {
    pub(super) fn new(log: EventLog) -> Self {
        Self { log }
    }

    pub(super) fn log(&self) -> &EventLog {
        &self.log
    }

    /// The time by which all nodes tell who is silent.
    pub(super) async fn now(&self) -> Result<Timestamp, sqlx::Error> {
        shared_time(&self.log).await
    }

    pub(super) async fn begin(
        &self,
        id: Uuid,
        order: &Order,
        now: Timestamp,
    ) -> Result<bool, sqlx::Error> {
        changes_one!(
            self.log,
            sqlx::query(
                "INSERT INTO exports (id, owner, title, format, state, rows_total, begun_at_us, seen_at_us, expires_at_us)
                 SELECT $1, $2, $3, $4, 'waiting', $5, $6, $6, $7
                  WHERE (SELECT COUNT(*) FROM exports
                          WHERE owner = $2 AND state IN ('waiting', 'running') AND seen_at_us >= $8) < $9
                    AND (SELECT COALESCE(SUM(bytes), 0) FROM export_usage WHERE owner = $2 AND made_at_us > $10) < $11
                 ON CONFLICT (id) DO NOTHING",
            )
            .bind(id.to_string())
            .bind(&order.owner)
            .bind(&order.title)
            .bind(order.format.word())
            .bind(stored(order.total))
            .bind(now.as_microsecond())
            .bind(expiry(now))
            .bind(silent(now))
            .bind(i64::from(OPEN_OF_ONE))
            .bind(a_day_before(now))
            .bind(stored(DAY_BYTES))
        )
    }

    /// Why a job that did not begin did not: nothing when it is there already.
    pub(super) async fn quota(
        &self,
        id: Uuid,
        owner: &str,
        now: Timestamp,
    ) -> Result<Option<Quota>, sqlx::Error> {
        let (known, open): (i64, i64) = on_database!(self.log.database(), pool => {
            sqlx::query_as(
                "SELECT (SELECT COUNT(*) FROM exports WHERE id = $1),
                        (SELECT COUNT(*) FROM exports
                          WHERE owner = $2 AND state IN ('waiting', 'running') AND seen_at_us >= $3)",
            )
                .bind(id.to_string())
                .bind(owner)
                .bind(silent(now))
                .fetch_one(pool)
                .await
        })?;
        Ok(match (known, open) {
            (1.., _) => None,
            (_, open) if open >= i64::from(OPEN_OF_ONE) => Some(Quota::AtOnce),
            _ => Some(Quota::Day),
        })
    }

    pub(super) async fn find(
        &self,
        id: Uuid,
        owner: &str,
        now: Timestamp,
    ) -> Result<Option<Export>, sqlx::Error> {
        let statement = format!(
            "SELECT {COLUMNS} FROM exports WHERE id = $1 AND owner = $2 AND expires_at_us > $3"
        );
        let row: Option<Row> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&statement)
                .bind(id.to_string())
                .bind(owner)
                .bind(now.as_microsecond())
                .fetch_optional(pool)
                .await
        })?;
        row.map(|row| export(row, now)).transpose()
    }

    pub(super) async fn list(
        &self,
        owner: &str,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Export>, sqlx::Error> {
        let statement = format!(
            "SELECT {COLUMNS} FROM exports WHERE owner = $1 AND expires_at_us > $2 ORDER BY begun_at_us DESC, id LIMIT $3"
        );
        let rows: Vec<Row> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&statement)
                .bind(owner)
                .bind(now.as_microsecond())
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await
        })?;
        rows.into_iter().map(|row| export(row, now)).collect()
    }

    /// A part of a file that is done.
    pub(super) async fn part(&self, id: Uuid, number: i64) -> Result<Vec<u8>, sqlx::Error> {
        on_database!(self.log.database(), pool => {
            sqlx::query_scalar("SELECT bytes FROM export_parts WHERE export = $1 AND number = $2")
                .bind(id.to_string())
                .bind(number)
                .fetch_one(pool)
                .await
        })
    }

    /// A job's turn has come; false when it is not wanted any more.
    pub(super) async fn start(&self, id: Uuid, now: Timestamp) -> Result<bool, sqlx::Error> {
        changes_one!(
            self.log,
            sqlx::query("UPDATE exports SET state = 'running', seen_at_us = $1 WHERE id = $2 AND state = 'waiting'")
                .bind(now.as_microsecond())
                .bind(id.to_string())
        )
    }

    /// A sign of life; false when the job is not wanted any more.
    pub(super) async fn beat(&self, id: Uuid, now: Timestamp) -> Result<bool, sqlx::Error> {
        changes_one!(
            self.log,
            sqlx::query("UPDATE exports SET seen_at_us = $1 WHERE id = $2 AND state IN ('waiting', 'running')")
                .bind(now.as_microsecond())
                .bind(id.to_string())
        )
    }

    /// How far it is, with a sign of life; false when the job is not wanted any more.
    pub(super) async fn progress(
        &self,
        id: Uuid,
        rows: u64,
        now: Timestamp,
    ) -> Result<bool, sqlx::Error> {
        changes_one!(
            self.log,
            sqlx::query("UPDATE exports SET rows_done = $1, seen_at_us = $2 WHERE id = $3 AND state = 'running'")
                .bind(stored(rows))
                .bind(now.as_microsecond())
                .bind(id.to_string())
        )
    }

    /// Keeps a part; false when the job is not wanted any more.
    pub(super) async fn keep_part(
        &self,
        id: Uuid,
        number: i64,
        bytes: &[u8],
    ) -> Result<bool, sqlx::Error> {
        changes_one!(
            self.log,
            sqlx::query(
                "INSERT INTO export_parts (export, number, bytes)
                 SELECT $1, $2, $3 WHERE EXISTS (SELECT 1 FROM exports WHERE id = $1 AND state = 'running')",
            )
            .bind(id.to_string())
            .bind(number)
            .bind(bytes)
        )
    }

    /// The file is whole; false when the job is not wanted any more.
    pub(super) async fn done(
        &self,
        id: Uuid,
        (rows, size): (u64, u64),
        losses: &Losses,
        now: Timestamp,
    ) -> Result<bool, sqlx::Error> {
        let losses =
            serde_json::to_string(losses).map_err(|error| sqlx::Error::Encode(error.into()))?;
        // Counted first: a file that is there was counted.
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "INSERT INTO export_usage (export, owner, bytes, made_at_us)
                 SELECT id, owner, $2, $3 FROM exports WHERE id = $1 AND state = 'running' ON CONFLICT (export) DO NOTHING",
            )
                .bind(id.to_string())
                .bind(stored(size))
                .bind(now.as_microsecond())
                .execute(pool)
                .await
                .map(drop)
        })?;
        changes_one!(
            self.log,
            sqlx::query(
                "UPDATE exports SET state = 'done', rows_done = $1, size = $2, losses = $3, seen_at_us = $4, ended_at_us = $4,
                        expires_at_us = $5
                  WHERE id = $6 AND state = 'running'",
            )
            .bind(stored(rows))
            .bind(stored(size))
            .bind(&losses)
            .bind(now.as_microsecond())
            .bind(expiry(now))
            .bind(id.to_string())
        )
    }

    /// There will be no file.
    pub(super) async fn fail(
        &self,
        id: Uuid,
        sentence: &str,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "UPDATE exports SET state = 'failed', sentence = $1, ended_at_us = $2
                  WHERE id = $3 AND state IN ('waiting', 'running')",
            )
            .bind(sentence)
            .bind(now.as_microsecond())
            .bind(id.to_string())
            .execute(pool)
            .await
            .map(drop)
        })
    }

    /// Forgets the parts of a job that will not be whole.
    pub(super) async fn forget_parts(&self, id: Uuid) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM export_parts WHERE export = $1")
                .bind(id.to_string())
                .execute(pool)
                .await
                .map(drop)
        })
    }

    pub(super) async fn cancel(
        &self,
        id: Uuid,
        owner: &str,
        now: Timestamp,
    ) -> Result<bool, sqlx::Error> {
        changes_one!(
            self.log,
            sqlx::query(
                "UPDATE exports SET state = 'cancelled', ended_at_us = $1
                  WHERE id = $2 AND owner = $3 AND state IN ('waiting', 'running') AND seen_at_us >= $4",
            )
            .bind(now.as_microsecond())
            .bind(id.to_string())
            .bind(owner)
            .bind(silent(now))
        )
    }

    pub(super) async fn remove(&self, id: Uuid, owner: &str) -> Result<bool, sqlx::Error> {
        changes_one!(
            self.log,
            sqlx::query("DELETE FROM exports WHERE id = $1 AND owner = $2")
                .bind(id.to_string())
                .bind(owner)
        )
    }

    pub(super) async fn sweep(&self, now: Timestamp) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM exports WHERE expires_at_us <= $1")
                .bind(now.as_microsecond())
                .execute(pool)
                .await
                .map(drop)
        })?;
        write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM export_usage WHERE made_at_us <= $1")
                .bind(a_day_before(now))
                .execute(pool)
                .await
                .map(drop)
        })?;
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "UPDATE exports SET state = 'failed', sentence = $1, ended_at_us = seen_at_us
                  WHERE state IN ('waiting', 'running') AND seen_at_us < $2",
            )
            .bind(CUT)
            .bind(silent(now))
            .execute(pool)
            .await
            .map(drop)
        })?;
        // Also those that a cancelled job wrote at the same moment.
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "DELETE FROM export_parts WHERE export IN (SELECT id FROM exports WHERE state IN ('failed', 'cancelled'))",
            )
            .execute(pool)
            .await
            .map(drop)
        })
    }
}
