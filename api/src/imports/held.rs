//! 確認待ち: rows that wait for a person, and what the person decided.
//!
//! What such a row says is kept with it until then, as the file is not, and sealed: what is recorded is what the file said. Afterwards a hash of it is, so that the same row in another file is
//! known again and what a person decided is not undone by it.

use domain::member::{
    Doubt, FactChange, MemberCommand, MemberNumber, MemberRecord, MemberRefusal, Payment,
    SeminarAttendance,
};
use eventstore::{EventLog, ExecuteError, on_database, write_in_turn};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::Kind;
use crate::{
    Call, Service,
    access::{Columns as SealedColumns, Keys, Purpose},
};

/// What is said of a row that is not as it was kept.
pub(crate) const ALTERED: &str = "この行は、保留した後に書き換えられたおそれがあるため、内容を表示せず、取り込みもしません。システムの管理者に知らせたうえで、もとのファイルをもう一度取り込んでください。";

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
    /// What it says; nothing of a row that is not as it was kept.
    pub command: Option<MemberCommand>,
    /// Why it waits.
    pub doubts: String,
    /// Who imported it.
    pub actor: String,
    /// Since when.
    pub held_at: Timestamp,
    /// SHA-256 (hexadecimal) over all of it.
    digest: String,
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
    /// It is not as it was kept.
    #[error("{ALTERED}")]
    Altered,
    /// Something else was shown.
    #[error(
        "画面に表示された後に、会員の登録内容または保留している行が変わっています。この行は処理していません。画面を開き直し、表示された内容をもう一度ご確認ください。"
    )]
    ShownOtherwise,
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

impl HeldRow {
    /// SHA-256 (hexadecimal) over what is shown of it: the row, and what it would change of the member as the member is. A newer row that was taken
    /// meanwhile makes it another.
    pub(crate) fn shown(&self, changes: &[FactChange]) -> String {
        let changes = serde_json::to_vec(changes).unwrap_or_default();
        let mut hash = Sha256::new();
        hash.update(&self.digest);
        hash.update(changes);
        hex::encode(hash.finalize())
    }

    /// What it would change of the member as the member is.
    pub(crate) async fn would_change(
        &self,
        service: &Service,
    ) -> Result<Vec<FactChange>, eventstore::Error> {
        let Some(command) = self.command.clone() else {
            return Ok(Vec::new());
        };
        let member = service.member(&self.member).await?.unwrap_or_default();
        let events = domain::member::decide(&member, command).unwrap_or_default();
        let of = |event| domain::member::changes(&member, event);
        Ok(events.iter().flat_map(of).collect())
    }
}

/// The table of rows that wait.
#[derive(Clone)]
pub struct HeldRows {
    log: EventLog,
    keys: Keys,
}

#[derive(sqlx::FromRow)]
struct Columns {
    id: String,
    import: String,
    line: i64,
    kind: String,
    member: String,
    digest: Vec<u8>,
    row_hash: Vec<u8>,
    fact: String,
    doubts: String,
    actor: String,
    held_at_us: i64,
    seal: Vec<u8>,
}

const COLUMNS: &str = "id, import, line, kind, member, digest, row_hash, fact, doubts, actor, held_at_us, seal FROM held_rows WHERE state = 'waiting' AND fact IS NOT NULL";

impl Columns {
    /// What is sealed: everything that is shown and recorded, and by which it is known again.
    fn sealed(&self) -> SealedColumns {
        SealedColumns::of(Purpose::HeldRow)
            .text(&self.id)
            .text(&self.import)
            .number(self.line)
            .text(&self.kind)
            .text(&self.member)
            .bytes(&self.digest)
            .bytes(&self.row_hash)
            .text(&self.fact)
            .text(&self.doubts)
            .text(&self.actor)
            .number(self.held_at_us)
    }

    /// Nothing for what cannot even be named.
    fn read(self, keys: &Keys) -> Option<HeldRow> {
        let sealed = self.sealed();
        let fact: Option<HeldFact> = if keys.knows(&sealed, &self.seal) {
            serde_json::from_str(&self.fact).ok()
        } else {
            tracing::error!("a row that waits is not as it was kept: it is not imported");
            None
        };
        Some(HeldRow {
            digest: sealed.digest(),
            id: self.id.parse().ok()?,
            import: self.import.parse().ok()?,
            line: self.line,
            kind: Kind::parse(&self.kind)?,
            member: MemberNumber::parse(&self.member).ok()?,
            doubts: if fact.is_some() {
                self.doubts
            } else {
                ALTERED.to_owned()
            },
            command: fact.map(HeldFact::command),
            actor: self.actor,
            held_at: Timestamp::from_microsecond(self.held_at_us).ok()?,
            row_hash: self.row_hash.try_into().ok()?,
        })
    }
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
    pub fn of(service: &Service) -> Self {
        Self {
            log: service.log.clone(),
            keys: service.keys.clone(),
        }
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
        let mut columns = Columns {
            id: row.id.to_string(),
            import: row.import.to_string(),
            line: i64::try_from(row.line).unwrap_or(i64::MAX),
            kind: row.kind.word().to_owned(),
            member: row.member.as_str().to_owned(),
            digest,
            row_hash: row.row_hash.to_vec(),
            fact,
            doubts: sentences(doubts),
            actor: row.actor.clone(),
            held_at_us: now.as_microsecond(),
            seal: Vec::new(),
        };
        columns.seal = self.keys.seal(&columns.sealed());
        self.forget_altered(&columns).await?;
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "INSERT INTO held_rows (id, import, line, kind, member, digest, row_hash, fact, doubts, actor, held_at_us, seal, state)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'waiting') ON CONFLICT DO NOTHING",
            )
                .bind(&columns.id)
                .bind(&columns.import)
                .bind(columns.line)
                .bind(&columns.kind)
                .bind(&columns.member)
                .bind(&columns.digest)
                .bind(&columns.row_hash)
                .bind(&columns.fact)
                .bind(&columns.doubts)
                .bind(&columns.actor)
                .bind(columns.held_at_us)
                .bind(&columns.seal)
                .execute(pool)
                .await
                .map(drop)
        })
    }

    /// Makes room for a row where one waits in its place that is not as it was kept.
    async fn forget_altered(&self, row: &Columns) -> Result<(), sqlx::Error> {
        let there: Vec<Columns> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&format!("SELECT {COLUMNS} AND (digest = $1 OR id = $2)"))
                .bind(&row.digest)
                .bind(&row.id)
                .fetch_all(pool)
                .await
        })?;
        for other in there {
            if self.keys.knows(&other.sealed(), &other.seal) {
                continue;
            }
            write_in_turn!(self.log, pool => {
                sqlx::query("DELETE FROM held_rows WHERE id = $1 AND seal = $2 AND state = 'waiting'")
                    .bind(&other.id)
                    .bind(&other.seal)
                    .execute(pool)
                    .await
                    .map(drop)
            })?;
        }
        Ok(())
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
        Ok(rows
            .into_iter()
            .filter_map(|row| row.read(&self.keys))
            .collect())
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
        Ok(row.and_then(|row| row.read(&self.keys)))
    }

    /// The import is taken back: its rows wait for nobody. They are not left, as the same row may come again in the right file.
    pub(super) async fn forget_those_of(&self, import: Uuid) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM held_rows WHERE import = $1 AND state = 'waiting'")
                .bind(import.to_string())
                .execute(pool)
                .await
                .map(drop)
        })
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

/// Records what a row says, or leaves it for good, if it is what was shown. The command is that of the row's line, so that taking the file back finds it too.
///
/// # Errors
/// See [`DecideError`]; the row waits on then.
pub async fn decide(
    service: &Service,
    row: &HeldRow,
    (take, shown): (bool, &str),
    call: Call,
) -> Result<(), DecideError> {
    let command = row.command.clone().ok_or(DecideError::Altered)?;
    let changes = row.would_change(service).await.map_err(DecideError::Log)?;
    if row.shown(&changes) != shown {
        tracing::warn!(row = %row.id, "what was shown of a row that waits is not what it would change: it is not imported");
        return Err(DecideError::ShownOtherwise);
    }
    let (by, reason) = (call.actor.label(), call.reason.clone().unwrap_or_default());
    if take {
        let call = Call {
            command_id: row.id,
            request_hash: row.row_hash,
            ..call
        };
        let done = service.command_member(&row.member, command, call).await;
        done.map(drop).map_err(|error| match error {
            ExecuteError::Refused(refusal) => DecideError::Refused(refusal),
            ExecuteError::Conflict => DecideError::Conflict,
            ExecuteError::KeyReused => DecideError::Unknown,
            ExecuteError::Database(error) => DecideError::Log(error),
        })?;
    }
    let rows = HeldRows::of(service);
    let now = Timestamp::now();
    rows.decided(row.id, take, (&by, &reason), now).await?;
    Ok(())
}
