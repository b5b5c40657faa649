//! Checking that nobody has rewritten the log: every hash is computed anew from the stored texts, in ledger order.

use std::fmt;

use sqlx::FromRow;
use uuid::Uuid;

use crate::database::Database;
use crate::error::{Error, Stage};
use crate::hash::{self, Content, Digest, GENESIS};
use crate::metadata::Envelope;
use crate::on_database;

/// Rows per query: the memory that a verification needs does not grow with the log.
const BATCH: i64 = 1_000;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// How many ledger rows were found sound, from the first on.
    pub verified: i64,
    /// The chain hash of the last sound row: what an anchor outside the database is compared with.
    pub chain_hash: Digest,
    /// The first thing that is wrong, `None` when the log is sound.
    pub problem: Option<Problem>,
}

/// The first thing that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The first bad number of the ledger; `None` for what has no number.
    pub global_seq: Option<i64>,
    /// What is wrong there.
    pub reason: Reason,
    /// The stream and the event's number in it, where they are known.
    pub event: Option<(String, String, i64)>,
}

/// What is wrong with a ledger number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The ledger has no row with this number.
    Gap,
    /// The ledger has a row, but its event is gone.
    MissingEvent,
    /// The event is not the one that was hashed when it was recorded.
    EventChanged,
    /// The chain does not follow from the row before and the event: rows were moved, added or removed.
    ChainBroken,
    /// The event does not follow the one before it in its stream.
    StreamOrder,
    /// The event's command row is missing or says something else.
    CommandRow,
    /// The end of the ledger is not where the head says: rows were cut off or added behind the sealer's back.
    Head,
    /// An event without a ledger row that no sealer will ever give one. After a restore: re-anchor.
    Unlisted,
    /// A command row whose events are not there.
    LoneCommand,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gap => "gap in the ledger",
            Self::MissingEvent => "event missing",
            Self::EventChanged => "event changed",
            Self::ChainBroken => "chain broken",
            Self::StreamOrder => "stream order",
            Self::CommandRow => "command row does not match",
            Self::Head => "the ledger does not end where its head says",
            Self::Unlisted => "event without a ledger row",
            Self::LoneCommand => "command without its events",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.global_seq {
            Some(number) => write!(f, "{number}: {}", self.reason)?,
            None => write!(f, "{}", self.reason)?,
        }
        if let Some((aggregate_type, aggregate_id, sequence)) = &self.event {
            write!(f, " ({aggregate_type} {aggregate_id}, event {sequence})")?;
        }
        Ok(())
    }
}

#[derive(FromRow)]
pub(super) struct Row {
    pub global_seq: i64,
    pub chain_hash: Vec<u8>,
    #[sqlx(flatten)]
    event: EventColumns,
    command_aggregate_type: Option<String>,
    command_aggregate_id: Option<String>,
    command_request_hash: Option<Vec<u8>>,
    command_first_sequence: Option<i64>,
    command_last_sequence: Option<i64>,
    command_recorded_at_us: Option<i64>,
    previous_global_seq: Option<i64>,
}

/// All `None` when the event is gone.
#[derive(FromRow)]
struct EventColumns {
    aggregate_type: Option<String>,
    aggregate_id: Option<String>,
    sequence: Option<i64>,
    event_type: Option<String>,
    event_version: Option<String>,
    payload: Option<String>,
    metadata: Option<String>,
    command_id: Option<Uuid>,
    recorded_at_us: Option<i64>,
    content_hash: Option<Vec<u8>>,
}

impl EventColumns {
    fn content(&self) -> Option<Content<'_>> {
        Some(Content {
            aggregate_type: self.aggregate_type.as_deref()?,
            aggregate_id: self.aggregate_id.as_deref()?,
            sequence: self.sequence?,
            event_type: self.event_type.as_deref()?,
            event_version: self.event_version.as_deref()?,
            payload: self.payload.as_deref()?,
            metadata: self.metadata.as_deref()?,
            command_id: self.command_id?,
            recorded_at_us: self.recorded_at_us?,
        })
    }
}

/// Checks the whole log and stops at the first thing that is wrong. It may run beside the service: what is committed
/// after its start is left for the next run. It proves that the log agrees with itself; against somebody who can
/// rewrite all of it, compare [`VerifyReport::chain_hash`] with one that was noted elsewhere.
///
/// # Errors
///
/// [`Error::Database`] when the log can not be read: a broken connection is never a clean report.
pub async fn verify(database: &Database) -> Result<VerifyReport, Error> {
    let at = Error::at(Stage::Verify);
    let (head, head_hash): (i64, Vec<u8>) = on_database!(database, pool => {
        sqlx::query_as("SELECT global_seq, chain_hash FROM ledger_head").fetch_one(pool).await
    })
    .map_err(&at)?;

    let mut report = VerifyReport {
        verified: 0,
        chain_hash: GENESIS,
        problem: None,
    };
    loop {
        let rows = rows(database, report.verified, head, BATCH).await?;
        let Some(last) = rows.last() else { break };
        let through = last.global_seq;
        for row in rows {
            match check(&row, report.verified + 1, &report.chain_hash) {
                Ok(chain_hash) => {
                    report.verified += 1;
                    report.chain_hash = chain_hash;
                }
                Err((global_seq, reason)) => {
                    report.problem = Some(Problem {
                        global_seq: Some(global_seq),
                        reason,
                        event: row
                            .event
                            .content()
                            .filter(|_| reason != Reason::Gap)
                            .map(|e| {
                                (
                                    e.aggregate_type.to_owned(),
                                    e.aggregate_id.to_owned(),
                                    e.sequence,
                                )
                            }),
                    });
                    return Ok(report);
                }
            }
        }
        debug_assert_eq!(through, report.verified);
    }
    report.problem = after_the_walk(database, &report, head, &head_hash)
        .await
        .map_err(&at)?;
    Ok(report)
}

/// What is to agree about the rows after one number up to another, in their order.
pub(super) async fn rows(
    database: &Database,
    after: i64,
    through: i64,
    limit: i64,
) -> Result<Vec<Row>, Error> {
    on_database!(database, pool => {
        sqlx::query_as(include_str!("sql/verify.sql"))
            .bind(after)
            .bind(through)
            .bind(limit)
            .fetch_all(pool)
            .await
    })
    .map_err(Error::at(Stage::Verify))
}

/// The chain hash of a sound row, or what is wrong and with which number.
pub(super) fn check(row: &Row, expected: i64, previous: &Digest) -> Result<Digest, (i64, Reason)> {
    if row.global_seq != expected {
        return Err((expected, Reason::Gap));
    }
    let wrong = |reason| (expected, reason);
    let event = row
        .event
        .content()
        .ok_or_else(|| wrong(Reason::MissingEvent))?;
    let content_hash = event.hash();
    if row.event.content_hash.as_deref() != Some(&content_hash[..]) {
        return Err(wrong(Reason::EventChanged));
    }
    let chain_hash = hash::chain(previous, expected, &content_hash);
    if row.chain_hash != chain_hash {
        return Err(wrong(Reason::ChainBroken));
    }
    let follows = match row.previous_global_seq {
        Some(before) => before < expected,
        None => event.sequence == 1,
    };
    if !follows {
        return Err(wrong(Reason::StreamOrder));
    }
    if !command_row_matches(row, &event) {
        return Err(wrong(Reason::CommandRow));
    }
    Ok(chain_hash)
}

fn command_row_matches(row: &Row, event: &Content<'_>) -> bool {
    let Some(envelope) = Envelope::from_column(event.metadata) else {
        return false;
    };
    row.command_aggregate_type.as_deref() == Some(event.aggregate_type)
        && row.command_aggregate_id.as_deref() == Some(event.aggregate_id)
        && row.command_request_hash.as_deref() == Some(&envelope.request_hash[..])
        && row.command_recorded_at_us == Some(event.recorded_at_us)
        && row
            .command_first_sequence
            .is_some_and(|first| first <= event.sequence)
        && row
            .command_last_sequence
            .is_some_and(|last| event.sequence <= last)
        && envelope.metadata.command_id == event.command_id
}

/// What the walk along the ledger can not see: its end, and what stands beside it.
async fn after_the_walk(
    database: &Database,
    report: &VerifyReport,
    head: i64,
    head_hash: &[u8],
) -> Result<Option<Problem>, sqlx::Error> {
    if report.verified != head || report.chain_hash != head_hash {
        return Ok(Some(Problem {
            global_seq: Some(head.min(report.verified + 1)),
            reason: Reason::Head,
            event: None,
        }));
    }
    beside_the_ledger(database).await
}

/// What stands beyond the end of the ledger or beside it.
pub(super) async fn beside_the_ledger(database: &Database) -> Result<Option<Problem>, sqlx::Error> {
    let beyond: Option<(i64,)> = match database {
        Database::Sqlite(pool) => sqlx::query_as(
            "SELECT l.global_seq FROM ledger l, ledger_head h WHERE l.global_seq > h.global_seq ORDER BY 1 LIMIT 1",
        )
        .fetch_optional(pool)
        .await?,
        Database::Postgres(pool) => sqlx::query_as(
            "SELECT l.global_seq FROM ledger l, ledger_head h WHERE l.global_seq > h.global_seq ORDER BY 1 LIMIT 1",
        )
        .fetch_optional(pool)
        .await?,
    };
    if let Some((global_seq,)) = beyond {
        return Ok(Some(Problem {
            global_seq: Some(global_seq),
            reason: Reason::Head,
            event: None,
        }));
    }
    let unlisted: Option<(String, String, i64)> = match database {
        Database::Sqlite(pool) => {
            sqlx::query_as(include_str!("sql/unlisted_sqlite.sql"))
                .fetch_optional(pool)
                .await?
        }
        Database::Postgres(pool) => {
            sqlx::query_as(include_str!("sql/unlisted_postgres.sql"))
                .fetch_optional(pool)
                .await?
        }
    };
    if unlisted.is_some() {
        return Ok(Some(Problem {
            global_seq: None,
            reason: Reason::Unlisted,
            event: unlisted,
        }));
    }
    let lone: Option<(String, String, i64)> = on_database!(database, pool => {
        sqlx::query_as(include_str!("sql/lone_commands.sql"))
            .fetch_optional(pool)
            .await
    })?;
    Ok(lone.map(|event| Problem {
        global_seq: None,
        reason: Reason::LoneCommand,
        event: Some(event),
    }))
}
