//! 取込の取消: what a run recorded and what nobody has changed since goes back to what was there before.
//!
//! What it recorded is found by the ids of its commands. Taking back is by commands of their own, with ids derived from the run: once
//! more, it does nothing, also when the same facts have been imported again meanwhile.

use std::collections::HashMap;

use cqrs_es::Aggregate as _;
use domain::{
    application::{
        Application, ApplicationCommand, ApplicationId, SocietyCommand, exam_result_retraction,
    },
    member::{Member, MemberCommand, MemberEvent, MemberNumber, Retraction},
    upcasters,
};
use eventstore::{ExecuteError, Receipt};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    HeldRows, ImportRecord, ImportState, Journal, Kind, Outcome,
    execution::{Run, applications_of, command_id},
    journal::Begun,
    report::RowResult,
};
use crate::{
    Call, Service,
    bulk::{self, BeginError, BulkRuns},
};

/// Lines that are looked up together.
const LINES: usize = 500;

/// Why a run is not taken back.
#[derive(Debug, thiserror::Error)]
pub enum RetractError {
    /// No such run.
    #[error("取込が見つかりません。取込履歴からお選びください。")]
    Unknown,
    /// It recorded nothing by its nature.
    #[error("確認のみの取込と、取込の取消は、取り消せません。")]
    NothingRecorded,
    /// It is at work.
    #[error("この取込はまだ実行中です。終わってから、もう一度操作してください。")]
    Running,
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The log.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
}

/// Takes a run back. Safe to repeat, also after it was cut. Gives the id under which it is found in 取込履歴.
///
/// # Errors
/// See [`RetractError`]. What goes wrong with single rows is in its rows.
pub async fn retract(service: &Service, import: Uuid, call: &Call) -> Result<Uuid, RetractError> {
    let journal = Journal::new(service.log.clone());
    let record = journal.find(import, journal.now().await?).await?;
    let record = record.ok_or(RetractError::Unknown)?;
    if record.dry_run || record.retracts.is_some() {
        return Err(RetractError::NothingRecorded);
    }
    if record.state == ImportState::Running {
        return Err(RetractError::Running);
    }
    let run = Run {
        journal,
        id: Uuid::new_v5(&import, b"retraction"),
    };
    let retracting = Retracting {
        service,
        record: &record,
        call,
    };
    // What waits for an approval is not recorded after the file was taken back.
    let runs = BulkRuns::new(service.log.clone());
    for waiting in runs.waiting_of(import).await? {
        let ended = (waiting.id, "取込が取り消されたため、実行していません。");
        bulk::take_back(service, &runs, ended, call.clone())
            .await
            .map_err(|error| match error {
                BeginError::Table(error) => RetractError::Database(error),
                BeginError::Proposal(ExecuteError::Database(error)) => RetractError::Log(error),
                // Somebody approves it at this moment.
                BeginError::Proposal(_) => RetractError::Running,
            })?;
    }
    HeldRows::of(service).forget_those_of(import).await?;
    let lines: Vec<usize> = (1..=usize::try_from(record.last_line).unwrap_or(0)).collect();
    let mut recorded = Vec::new();
    for lines in lines.chunks(LINES) {
        recorded.extend(retracting.recorded(lines).await?);
    }
    run.begin(&Begun {
        id: run.id,
        kind: record.kind,
        retracts: Some(import),
        actor: call.actor.label(),
        reason: call.reason.clone().unwrap_or_default(),
        file_hash: hash_of(&record),
        bytes: 0,
        rows: recorded.len(),
        last_line: lines.len(),
        dry_run: false,
    })
    .await;
    let mut counts = (0, 0, 0);
    let mut results = Vec::new();
    for (line, receipt, done) in recorded {
        let result = retracting.line(line, &receipt, done).await?;
        match result.outcome {
            Outcome::TakenBack => counts.0 += 1,
            Outcome::Unchanged => counts.1 += 1,
            _ => counts.2 += 1,
        }
        results.push(result);
        if results.len() == LINES {
            run.note(&results).await;
            results.clear();
        }
    }
    run.note(&results).await;
    run.end(counts, false).await;
    tracing::info!(%import, taken_back = counts.0, left = counts.2, "an import was taken back");
    Ok(run.id)
}

fn hash_of(record: &ImportRecord) -> [u8; 32] {
    let hash = hex::decode(&record.file_hash).unwrap_or_default();
    <[u8; 32]>::try_from(hash).unwrap_or_default()
}

struct Retracting<'a> {
    service: &'a Service,
    record: &'a ImportRecord,
    call: &'a Call,
}

impl Retracting<'_> {
    /// The id of the command by which a line is taken back.
    fn command_id(&self, line: usize) -> Uuid {
        Uuid::new_v5(&self.record.id, format!("retraction\n{line}").as_bytes())
    }

    /// What the run recorded by these lines, and whether it was taken back already.
    async fn recorded(
        &self,
        lines: &[usize],
    ) -> Result<Vec<(usize, Receipt, bool)>, eventstore::Error> {
        let import = self.record.id;
        let ids: Vec<Uuid> = lines
            .iter()
            .map(|line| command_id(import, *line))
            .chain(lines.iter().map(|line| self.command_id(*line)))
            .collect();
        let mut receipts: HashMap<Uuid, Receipt> =
            self.service.log.receipts(&ids).await?.into_iter().collect();
        Ok(lines
            .iter()
            .filter_map(|line| {
                let receipt = receipts.remove(&command_id(import, *line))?;
                Some((
                    *line,
                    receipt,
                    receipts.contains_key(&self.command_id(*line)),
                ))
            })
            .collect())
    }

    fn call(&self, line: usize) -> Call {
        Call {
            command_id: self.command_id(line),
            // The same whoever asks for it: it is one retraction.
            request_hash: Sha256::digest(self.command_id(line)).into(),
            causation_id: Some(self.record.id),
            ..self.call.clone()
        }
    }

    async fn line(
        &self,
        line: usize,
        receipt: &Receipt,
        done: bool,
    ) -> Result<RowResult, eventstore::Error> {
        let sequence = usize::try_from(receipt.last_sequence).unwrap_or(0);
        let application = ApplicationId::parse(&receipt.aggregate_id).ok();
        let number = match &application {
            Some(id) if receipt.aggregate_type == Application::TYPE => Some(id.member.clone()),
            _ => MemberNumber::parse(&receipt.aggregate_id).ok(),
        };
        let came_to = |outcome, message: String| RowResult {
            line,
            member: number.clone(),
            outcome,
            message,
            changes: Vec::new(),
            placement: None,
        };
        if done {
            return Ok(came_to(Outcome::TakenBack, String::new()));
        }
        let answered = match (&application, &number) {
            (Some(id), _) if receipt.aggregate_type == Application::TYPE => {
                match self.record.kind {
                    Kind::ExamResults => self.exam_result(id, sequence, line).await?,
                    _ => Answered::of_another_kind(),
                }
            }
            (_, Some(number)) if receipt.aggregate_type == Member::TYPE => {
                self.fact(number, sequence, line).await?
            }
            _ => Answered::Left(String::new()),
        };
        Ok(match answered {
            Answered::TakenBack => came_to(Outcome::TakenBack, String::new()),
            Answered::AsBefore => came_to(Outcome::Unchanged, String::new()),
            Answered::Left(sentence) => came_to(Outcome::Left, sentence),
            Answered::Failed => came_to(
                Outcome::Failed,
                "ほかの操作と重なったため、取り消せませんでした。もう一度取り消してください。"
                    .to_owned(),
            ),
        })
    }

    async fn fact(
        &self,
        number: &MemberNumber,
        sequence: usize,
        line: usize,
    ) -> Result<Answered, eventstore::Error> {
        let log = &self.service.log;
        let events: Vec<MemberEvent> = log.events::<Member>(number.as_str(), upcasters).await?;
        let applied = !applications_of(self.service, number).await?.is_empty();
        let retraction = match Retraction::of(&events, sequence, applied) {
            Ok(retraction) => retraction,
            Err(refusal) => return Ok(Answered::Left(refusal.to_string())),
        };
        let kind = match &retraction {
            Retraction::Record { .. } => Kind::Members,
            Retraction::Attendance { .. } => Kind::SeminarAttendance,
            Retraction::Payment { .. } => Kind::Payments,
        };
        if kind != self.record.kind {
            return Ok(Answered::of_another_kind());
        }
        let command = MemberCommand::TakeBack(Box::new(retraction));
        let done = self
            .service
            .command_member(number, command, self.call(line))
            .await;
        answered(done)
    }

    async fn exam_result(
        &self,
        id: &ApplicationId,
        sequence: usize,
        line: usize,
    ) -> Result<Answered, eventstore::Error> {
        let events = self.service.application_events(id).await?;
        let act = match exam_result_retraction(&events, sequence) {
            Ok(act) => act,
            Err(refusal) => return Ok(Answered::Left(refusal.to_string())),
        };
        let command = ApplicationCommand::Society(SocietyCommand {
            act,
            explanation: String::new(),
            reason: self.call.reason.clone().unwrap_or_default(),
            seen: None,
            approved: None,
        });
        let done = self
            .service
            .command_application(id, command, self.call(line))
            .await;
        answered(done)
    }
}

/// What became of a line.
enum Answered {
    TakenBack,
    AsBefore,
    Left(String),
    Failed,
}

impl Answered {
    /// Whether somebody may take a run back is told by its row in 取込履歴, which whoever can write to the database can change; what would be taken
    /// back is told by the log.
    fn of_another_kind() -> Self {
        Self::Left(
            "取込履歴にある種類と、記録されている内容が一致しないため、取り消していません。システムの管理者に連絡してください。"
                .to_owned(),
        )
    }
}

fn answered<E: std::error::Error>(
    done: Result<Receipt, ExecuteError<E>>,
) -> Result<Answered, eventstore::Error> {
    match done {
        Ok(receipt) if receipt.first_sequence <= receipt.last_sequence => Ok(Answered::TakenBack),
        Ok(_) => Ok(Answered::AsBefore),
        Err(ExecuteError::Refused(refusal)) => Ok(Answered::Left(refusal.to_string())),
        Err(ExecuteError::Conflict | ExecuteError::KeyReused) => Ok(Answered::Failed),
        Err(ExecuteError::Database(error)) => Err(error),
    }
}
