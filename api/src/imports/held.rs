//! 確認待ち: rows that wait for a person, and what the person decided.
//!
//! What such a row says is kept with it until then, as the file is not; afterwards a hash of it is, so that the same row in another file is
//! known again and what a person decided is not undone by it.

use domain::member::{
    Doubt, MemberCommand, MemberNumber, MemberRecord, MemberRefusal, Payment, SeminarAttendance,
};
use eventstore::{EventLog, ExecuteError, on_database, write_in_turn};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::Kind;
use crate::{Call, Service};

/// What a row says that may have to wait.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum HeldFact {
    Record(Box<MemberRecord>),
    Attendance(SeminarAttendance),
    Payment(Payment),
}

impl HeldFact {
    fn of(command: &MemberCommand) -> Option<Self> {
        match command {
            MemberCommand::ImportRecord(record) => Some(Self::Record(record.clone())),
            MemberCommand::RecordAttendance(one) => Some(Self::Attendance(one.clone())),
            MemberCommand::ReceivePayment(payment) => Some(Self::Payment(payment.clone())),
            _ => None,
        }
    }

    fn command(self) -> MemberCommand {
        match self {
            Self::Record(record) => MemberCommand::ImportRecord(record),
            Self::Attendance(one) => MemberCommand::RecordAttendance(one),
            Self::Payment(payment) => MemberCommand::ReceivePayment(payment),
        }
    }
}

/// A row that waits.
#[derive(Clone, Debug)]
pub struct HeldRow {
    /// Under which it is decided.
    pub id: Uuid,
    /// Of which run.
    pub import: Uuid,
    /// Of which line.
    pub line: i64,
    /// Which file.
    pub kind: Kind,
    /// Whose it is.
    pub member: MemberNumber,
    /// What it says.
    pub command: MemberCommand,
    /// Why it waits.
    pub doubts: String,
    /// Who imported it.
    pub actor: String,
    /// Since when.
    pub held_at: Timestamp,
    row_hash: [u8; 32],
}

/// What is to be kept of a row that waits.
pub(super) struct Waiting<'a> {
    pub id: Uuid,
    pub import: Uuid,
    pub line: usize,
    pub kind: Kind,
    pub member: &'a MemberNumber,
    pub row_hash: [u8; 32],
    pub actor: String,
}

/// Why a row could not be decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// It is not there, or decided already.
    #[error(
        "確認待ちの行が見つかりません。すでに処理されている可能性があります。一覧を開き直してご確認ください。"
    )]
    Unknown,
    /// The member does not take it any more.
    #[error("{0}")]
    Refused(MemberRefusal),
    /// Others write to the member.
    #[error("ほかの処理と重なりました。もう一度お試しください。")]
    Conflict,
    /// The table.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The log.
    #[error(transparent)]
    Log(eventstore::Error),
}

/// The table of rows that wait.
#[derive(Clone)]
pub struct HeldRows {
    log: EventLog,
}

#[derive(sqlx::FromRow)]
struct Columns {
    id: String,
    import: String,
    line: i64,
    kind: String,
    member: String,
    row_hash: Vec<u8>,
    fact: String,
    doubts: String,
    actor: String,
    held_at_us: i64,
}

const COLUMNS: &str = "id, import, line, kind, member, row_hash, fact, doubts, actor, held_at_us FROM held_rows WHERE state = 'waiting' AND fact IS NOT NULL";

impl Columns {
    fn read(self) -> Result<HeldRow, sqlx::Error> {
        let fact: HeldFact = serde_json::from_str(&self.fact).map_err(foreign)?;
        Ok(HeldRow {
            id: self.id.parse().map_err(foreign)?,
            import: self.import.parse().map_err(foreign)?,
            line: self.line,
            kind: Kind::parse(&self.kind).ok_or(sqlx::Error::RowNotFound)?,
            member: MemberNumber::parse(&self.member).map_err(foreign)?,
            command: fact.command(),
            doubts: self.doubts,
            actor: self.actor,
            held_at: Timestamp::from_microsecond(self.held_at_us).map_err(foreign)?,
            row_hash: self
                .row_hash
                .try_into()
                .map_err(|_| sqlx::Error::RowNotFound)?,
        })
    }
}

/// A row that this program did not write.
fn foreign(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

/// What a row says of a member, as text and as the hash by which it is known again.
fn told(member: &MemberNumber, command: &MemberCommand) -> Option<(String, Vec<u8>)> {
    let fact = serde_json::to_string(&HeldFact::of(command)?).ok()?;
    let mut hash = Sha256::new();
    hash.update(member.as_str());
    // No 会員番号 has a line feed.
    hash.update("\n");
    hash.update(&fact);
    Some((fact, hash.finalize().to_vec()))
}

/// The sentences of what makes a row wait.
pub(super) fn sentences(doubts: &[Doubt]) -> String {
    doubts.iter().map(|doubt| doubt.sentence()).collect()
}

impl HeldRows {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self { log }
    }

    /// Keeps a row for a person; one that says the same and waits already is that row.
    pub(super) async fn keep(
        &self,
        row: &Waiting<'_>,
        command: &MemberCommand,
        doubts: &[Doubt],
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let Some((fact, digest)) = told(row.member, command) else {
            return Ok(());
        };
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "INSERT INTO held_rows (id, import, line, kind, member, digest, row_hash, fact, doubts, actor, held_at_us, state)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'waiting') ON CONFLICT DO NOTHING",
            )
                .bind(row.id.to_string())
                .bind(row.import.to_string())
                .bind(i64::try_from(row.line).unwrap_or(i64::MAX))
                .bind(row.kind.word())
                .bind(row.member.as_str())
                .bind(&digest)
                .bind(&row.row_hash[..])
                .bind(&fact)
                .bind(sentences(doubts))
                .bind(&row.actor)
                .bind(now.as_microsecond())
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// Whether a person has looked at a row that says just this, and decided against it.
    pub(super) async fn is_left(
        &self,
        member: &MemberNumber,
        command: &MemberCommand,
    ) -> Result<bool, sqlx::Error> {
        let Some((_, digest)) = told(member, command) else {
            return Ok(false);
        };
        let state: Option<String> = on_database!(self.log.database(), pool => {
            sqlx::query_scalar(
                "SELECT state FROM held_rows WHERE digest = $1 AND state <> 'waiting' ORDER BY decided_at_us DESC LIMIT 1",
            )
                .bind(&digest)
                .fetch_optional(pool)
                .await
        })?;
        Ok(state.as_deref() == Some("left"))
    }

    /// Those of files of these kinds, the oldest first, from that place.
    ///
    /// # Errors
    /// The database.
    pub async fn waiting(
        &self,
        kinds: &[Kind],
        (offset, limit): (i64, i64),
    ) -> Result<Vec<HeldRow>, sqlx::Error> {
        if kinds.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<Columns> = on_database!(self.log.database(), pool => {
            let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} AND kind IN ("));
            let mut words = query.separated(", ");
            for kind in kinds {
                words.push_bind(kind.word());
            }
            words.push_unseparated(") ORDER BY held_at_us, line, id LIMIT ");
            query.push_bind(limit).push(" OFFSET ").push_bind(offset);
            query.build_query_as().fetch_all(pool).await
        })?;
        rows.into_iter().map(Columns::read).collect()
    }

    /// How many wait, of files of these kinds.
    ///
    /// # Errors
    /// The database.
    pub async fn count(&self, kinds: &[Kind]) -> Result<i64, sqlx::Error> {
        if kinds.is_empty() {
            return Ok(0);
        }
        on_database!(self.log.database(), pool => {
            let mut query =
                QueryBuilder::new("SELECT COUNT(*) FROM held_rows WHERE state = 'waiting' AND kind IN (");
            let mut words = query.separated(", ");
            for kind in kinds {
                words.push_bind(kind.word());
            }
            words.push_unseparated(")");
            query.build_query_scalar().fetch_one(pool).await
        })
    }

    /// One that waits.
    ///
    /// # Errors
    /// The database.
    pub async fn find(&self, id: Uuid) -> Result<Option<HeldRow>, sqlx::Error> {
        let row: Option<Columns> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&format!("SELECT {COLUMNS} AND id = $1"))
                .bind(id.to_string())
                .fetch_optional(pool)
                .await
        })?;
        row.map(Columns::read).transpose()
    }

    /// Decided: what it said is not needed any more.
    async fn decided(
        &self,
        id: Uuid,
        taken: bool,
        (by, reason): (&str, &str),
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "UPDATE held_rows SET state = $1, fact = NULL, decided_by = $2, reason = $3, decided_at_us = $4
                  WHERE id = $5 AND state = 'waiting'",
            )
                .bind(if taken { "taken" } else { "left" })
                .bind(by)
                .bind(reason)
                .bind(now.as_microsecond())
                .bind(id.to_string())
                .execute(pool)
                .await
                .map(drop)
        })
    }
}

/// Records what a row says, or leaves it for good. The command is that of the row's line, so that taking the file back finds it too.
///
/// # Errors
/// See [`DecideError`]; the row waits on then.
pub async fn decide(
    service: &Service,
    row: &HeldRow,
    take: bool,
    call: Call,
) -> Result<(), DecideError> {
    let (by, reason) = (call.actor.label(), call.reason.clone().unwrap_or_default());
    if take {
        let call = Call {
            command_id: row.id,
            request_hash: row.row_hash,
            ..call
        };
        let done = service
            .command_member(&row.member, row.command.clone(), call)
            .await;
        done.map(drop).map_err(|error| match error {
            ExecuteError::Refused(refusal) => DecideError::Refused(refusal),
            ExecuteError::Conflict => DecideError::Conflict,
            ExecuteError::KeyReused => DecideError::Unknown,
            ExecuteError::Database(error) => DecideError::Log(error),
        })?;
    }
    let rows = HeldRows::new(service.log.clone());
    let now = Timestamp::now();
    rows.decided(row.id, take, (&by, &reason), now).await?;
    Ok(())
}
