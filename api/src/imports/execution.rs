//! From the facts of a file to the log.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use cqrs_es::Aggregate as _;
use domain::{
    Actor, Context, Role,
    application::{
        Act, Application, ApplicationCommand, ApplicationEvent, ApplicationId, ExamOutcome,
        FAILED_EXAM, Placement, Refusal, SocietyCommand, awaits_exam_result,
        decide as decide_application, place,
    },
    calendar::{FiscalYear, jst_date},
    member::{
        Doubt, FactChange, Member, MemberCommand, MemberNumber, MemberRefusal, Upheaval, changes,
        changes_identity, decide, doubts, empties, is_new,
    },
    program::{Program, ProgramId},
};
use eventstore::{DatabaseKind, ExecuteError, Receipt};
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    Bounds, HeldRows, ImportReport, Journal, Kind, Outcome, ReadFile, ReportedRow, Unusable,
    held::{Waiting, sentences},
    journal::Begun,
    known::Known,
    net_effect::{Fact, PlacedRow},
    read,
    report::RowResult,
};
use crate::{
    Call, Service,
    acts::NamedAct,
    bulk::{self, BulkItem, BulkRun, BulkRuns, ItemState, ProposeError, RunState, Starts},
    decisions,
};

/// Rows that are written down together.
const NOTED: usize = 500;

/// However few there are, they are written down after so long: it is also the sign that the run is alive.
const NOTED_AFTER: Duration = Duration::from_secs(5);

/// What is said of a row that the database did not take.
const FAILED: &str =
    "データベースに書き込めませんでした。もう一度取り込んでください（済んだ行は重複しません）。";

/// Who imports, and under which id.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The actor of every event.
    pub actor: Actor,
    /// The command of a row is derived from it and the row's line. It must be new for each file: whether a row changes
    /// anything is for the member's state to say, and a corrected file must not be answered with the receipts of the one
    /// before.
    pub id: Uuid,
    /// What belongs together in the log.
    pub correlation_id: Uuid,
    /// As in [`Call::counts_for`].
    pub counts_for: Option<String>,
    /// Whether somebody has said that names and dates of birth of many members may change.
    pub confirmed: bool,
    /// Whether whoever imports may be told what is known of members.
    pub sees_members: bool,
    /// Whether what needs a second person may be proposed: not by a token, which is nobody who could answer for it.
    pub proposes: bool,
}

impl Origin {
    /// A run that nobody is signed in for: the command line, the demonstration.
    pub fn system() -> Self {
        let id = Uuid::new_v4();
        Self {
            actor: Actor {
                role: Role::System,
                id: "import".to_owned(),
            },
            id,
            correlation_id: id,
            counts_for: None,
            confirmed: false,
            sees_members: true,
            proposes: true,
        }
    }
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Under which it is found in 取込履歴.
    pub id: Uuid,
    /// The counts, and the rows that were not taken.
    pub report: ImportReport,
    /// Every row, by line.
    pub rows: Vec<RowResult>,
    /// Lines of the rows of which nothing was known: 新規, of those that were recorded.
    pub new: BTreeSet<usize>,
}

/// As [`carry_out`], without the single rows.
///
/// # Errors
/// As there.
pub async fn import(
    service: &Service,
    kind: Kind,
    file: &[u8],
    dry_run: bool,
    origin: Origin,
) -> Result<ImportReport, Unusable> {
    let carried = carry_out(service, kind, file, dry_run, origin).await?;
    Ok(carried.report)
}

/// Imports a file, or with `dry_run` tells what it would do against the state of this moment and writes no event.
///
/// May run beside a running server and beside another import of the same file.
///
/// # Errors
/// A file that cannot be used at all. What goes wrong with single rows is in the report.
pub async fn carry_out(
    service: &Service,
    kind: Kind,
    file: &[u8],
    dry_run: bool,
    origin: Origin,
) -> Result<Carried, Unusable> {
    let hash = (file.len(), Sha256::digest(file).into());
    let file = read_apart(kind, file, (dry_run, Bounds::of(service))).await?;
    let mut report = file.report;
    report.upheaval = upheaval(service, kind, &file.rows).await;
    if !dry_run && !origin.confirmed {
        must_be_confirmed(&report, origin.sees_members)?;
    }
    let known = compared(service, (kind, origin.id), &file.rows, &mut report).await;
    let mut results: Vec<RowResult> = report.reported.iter().map(of_reported).collect();
    let begun = begun(&report, &origin, hash, (&file.rows, &results));
    let run = Run {
        journal: Journal::new(service.log.clone()),
        id: origin.id,
    };
    let left = match kind {
        Kind::ExamResults if dry_run => left(service, &origin).await,
        _ => 0,
    };
    let import = Import {
        service,
        origin,
        dry_run,
        left: AtomicU32::new(left),
        waiting: Mutex::default(),
        new: Mutex::default(),
        kind,
        held: HeldRows::of(service),
        // What cannot be found again afterwards is not done.
        stopped: AtomicBool::new(known.is_none() || !run.begin(&begun).await),
        known: known.unwrap_or_default(),
    };
    let _many = (!dry_run).then(|| service.log.write_many());
    let side_by_side = match service.log.database().kind() {
        // One writer.
        DatabaseKind::Sqlite => 1,
        DatabaseKind::Postgres => 8,
    };
    let mut done = stream::iter(by_member(file.rows))
        .map(|(number, rows)| import.member(number, rows))
        .buffer_unordered(side_by_side);
    let (mut noted, mut noted_at) = (0, Instant::now());
    let mut waiting = Vec::new();
    while let Some(rows) = done.next().await {
        for row in rows {
            if row.outcome == Outcome::Waiting {
                waiting.push(row);
            } else {
                report.report(reported(&row));
                results.push(row);
            }
        }
        if results.len() - noted >= NOTED || noted_at.elapsed() >= NOTED_AFTER {
            run.note(results.get(noted..).unwrap_or_default()).await;
            (noted, noted_at) = (results.len(), Instant::now());
        }
    }
    drop(done);
    // Only now is it certain that they wait: a file that was cut before is imported again.
    for row in import.propose(waiting).await {
        report.report(reported(&row));
        results.push(row);
    }
    run.note(results.get(noted..).unwrap_or_default()).await;
    let new = import.recorded_anew(&results);
    report.new = new.len();
    report.reported.sort_by_key(|row| (row.line, row.outcome));
    results.sort_by_key(|row| row.line);
    let counts = (report.recorded, report.unchanged, report.reported.len());
    let cut = import.stopped.load(Ordering::Relaxed);
    run.end(counts, cut).await;
    tracing::info!(
        import = %import.origin.id,
        title = kind.title(),
        dry_run,
        cut,
        rows = report.rows,
        recorded = report.recorded,
        unchanged = report.unchanged,
        waiting = report.waiting,
        reported = report.reported.len(),
        "import ended"
    );
    Ok(Carried {
        id: import.origin.id,
        report,
        rows: results,
        new,
    })
}

/// Reading fifty megabytes takes seconds: meanwhile everybody else is answered.
async fn read_apart(
    kind: Kind,
    file: &[u8],
    (dry_run, bounds): (bool, Bounds),
) -> Result<ReadFile, Unusable> {
    let file = file.to_vec();
    let read = tokio::task::spawn_blocking(move || read(kind, &file, dry_run, bounds));
    // It can only have panicked, on bytes that nobody has thought of.
    read.await.unwrap_or(Err(Unusable::Damaged))
}

/// A member's rows one after the other: side by side they would only wait for each other at the stream.
fn by_member(rows: Vec<PlacedRow>) -> BTreeMap<MemberNumber, Vec<PlacedRow>> {
    let mut members: BTreeMap<MemberNumber, Vec<PlacedRow>> = BTreeMap::new();
    for row in rows {
        members.entry(row.row.member.clone()).or_default().push(row);
    }
    members
}

fn begun(
    report: &ImportReport,
    origin: &Origin,
    (bytes, file_hash): (usize, [u8; 32]),
    (rows, reported): (&[PlacedRow], &[RowResult]),
) -> Begun {
    let lines = rows.iter().map(|row| row.line);
    let last_line = lines.chain(reported.iter().map(|row| row.line)).max();
    Begun {
        id: origin.id,
        kind: report.kind,
        retracts: None,
        actor: origin.actor.label(),
        reason: String::new(),
        file_hash,
        bytes,
        rows: report.rows,
        last_line: last_line.unwrap_or(0),
        dry_run: report.dry_run,
    }
}

/// What is recorded, and what is to be said of the file beside it. What cannot be compared is not imported: a slip would be recorded without a
/// word.
async fn compared(
    service: &Service,
    (kind, import): (Kind, Uuid),
    rows: &[PlacedRow],
    report: &mut ImportReport,
) -> Option<Known> {
    match Known::load(service, kind, rows).await {
        Ok(known) => {
            report.comparisons.extend(known.described_otherwise(rows));
            Some(known)
        }
        Err(error) => {
            tracing::error!(%import, %error, "what is recorded could not be read");
            None
        }
    }
}

/// How many members of a file would be somebody else. That it could not be read is found by the rows themselves.
async fn upheaval(service: &Service, kind: Kind, rows: &[PlacedRow]) -> Upheaval {
    let mut upheaval = Upheaval {
        members: 0,
        rows: rows.len(),
    };
    if kind != Kind::Members || !Upheaval::could_be(rows.len()) {
        return upheaval;
    }
    for row in rows {
        let Fact::Member(MemberCommand::ImportRecord(record)) = &row.row.fact else {
            continue;
        };
        let member = service.member(&row.row.member).await.ok().flatten();
        let known = member.and_then(|member| member.record);
        upheaval.members +=
            usize::from(known.is_some_and(|known| changes_identity(&known, record)));
    }
    upheaval
}

fn must_be_confirmed(report: &ImportReport, sees_members: bool) -> Result<(), Unusable> {
    match (report.needs_confirmation(sees_members), sees_members) {
        (false, _) => Ok(()),
        (true, true) => Err(Unusable::Unconfirmed(report.upheaval)),
        (true, false) => Err(Unusable::UnconfirmedUnseen),
    }
}

/// How many results an account may still record alone. That it could not be counted makes a look less exact, and nothing else.
async fn left(service: &Service, origin: &Origin) -> u32 {
    let account = decisions::account(&origin.actor, origin.counts_for.as_deref());
    let (now, limit) = (service.clock.now(), service.deciding.a_day);
    decisions::left(&service.log, &account, now, limit)
        .await
        .unwrap_or_else(|error| {
            tracing::warn!(%error, "decisions could not be counted");
            0
        })
}

fn reported(row: &RowResult) -> ReportedRow {
    ReportedRow {
        line: row.line,
        outcome: row.outcome,
        message: row.message.clone(),
    }
}

fn of_reported(row: &ReportedRow) -> RowResult {
    RowResult {
        line: row.line,
        member: None,
        outcome: row.outcome,
        message: row.message.clone(),
        changes: Vec::new(),
        placement: None,
    }
}

/// A run in 取込履歴. That it cannot be written down stops nothing that has begun: the log itself knows what was recorded.
pub(super) struct Run {
    pub journal: Journal,
    pub id: Uuid,
}

impl Run {
    /// Whether it could be written down that it begins.
    pub(super) async fn begin(&self, begun: &Begun) -> bool {
        let written = async { self.journal.begin(begun, self.journal.now().await?).await };
        self.told(written.await)
    }

    pub(super) async fn note(&self, rows: &[RowResult]) {
        let note = async {
            let now = self.journal.now().await?;
            self.journal.note(self.id, rows, now).await
        };
        self.told(note.await);
    }

    pub(super) async fn end(&self, counts: (usize, usize, usize), cut: bool) {
        let end = async {
            let now = self.journal.now().await?;
            self.journal.end(self.id, counts, cut, now).await
        };
        self.told(end.await);
    }

    fn told(&self, written: Result<(), sqlx::Error>) -> bool {
        written
            .inspect_err(|error| {
                tracing::error!(import = %self.id, %error, "a run could not be written down");
            })
            .is_ok()
    }
}

/// The id of the command of a line.
pub(crate) fn command_id(import: Uuid, line: usize) -> Uuid {
    Uuid::new_v5(&import, line.to_string().as_bytes())
}

/// One run.
struct Import<'a> {
    service: &'a Service,
    origin: Origin,
    dry_run: bool,
    /// The database failed: the rows that are left would only wait for it one by one.
    stopped: AtomicBool,
    /// Of a look: how many results would still be recorded without a second person.
    left: AtomicU32,
    /// Results that are to be proposed, at the end; of a look those that would be.
    waiting: Mutex<Vec<(ExamOutcome, BulkItem)>>,
    /// Lines of rows of which nothing was known.
    new: Mutex<BTreeSet<usize>>,
    kind: Kind,
    /// What other members have.
    known: Known,
    /// Rows that wait for a person.
    held: HeldRows,
}

/// A row on its way, with whose it is.
struct Row<'a> {
    number: &'a MemberNumber,
    line: usize,
}

impl Row<'_> {
    fn came_to(&self, outcome: Outcome, message: impl Into<String>) -> RowResult {
        RowResult {
            line: self.line,
            member: Some(self.number.clone()),
            outcome,
            message: message.into(),
            changes: Vec::new(),
            placement: None,
        }
    }

    fn failed(&self) -> RowResult {
        self.came_to(Outcome::Failed, FAILED)
    }

    fn refused_by_member(&self, refusal: &MemberRefusal) -> RowResult {
        let outcome = match refusal {
            MemberRefusal::UnknownMember => Outcome::UnknownMember,
            MemberRefusal::EndsBeforeItBegins => Outcome::Bad,
            MemberRefusal::CorrectedByHand => Outcome::Kept,
            MemberRefusal::ChangedSince | MemberRefusal::StillNeeded => Outcome::Left,
        };
        self.came_to(outcome, refusal.to_string())
    }

    /// What a result is that is not recorded before a second person, or a day, has passed.
    fn waits(&self) -> RowResult {
        self.came_to(
            Outcome::Waiting,
            "別の担当者の承認を待っています。承認されるまで、この結果は登録されず、会員にも表示されません。",
        )
    }

    fn refused_by_application(&self, refusal: &Refusal) -> RowResult {
        self.came_to(Outcome::Refused, refusal.to_string())
    }
}

fn changed_something(receipt: &Receipt) -> bool {
    receipt.first_sequence <= receipt.last_sequence
}

impl Import<'_> {
    async fn member(&self, number: MemberNumber, rows: Vec<PlacedRow>) -> Vec<RowResult> {
        let remarks: BTreeMap<usize, String> = rows
            .iter()
            .filter(|row| !row.remark.is_empty())
            .map(|row| (row.line, row.remark.clone()))
            .collect();
        let mut done = self.done(&number, rows).await;
        for row in &mut done {
            if matches!(row.outcome, Outcome::UnknownMember | Outcome::NoApplication)
                && self.known.may_have_lost_zeros(&number)
            {
                row.message.push_str(
                    "先頭の0が落ちた会員番号の可能性があります。会員番号をご確認ください。",
                );
            }
            if let Some(remark) = remarks.get(&row.line) {
                row.message.push_str(remark);
            }
        }
        done
    }

    /// Of what nothing was known before, and is recorded now.
    fn recorded_anew(&self, rows: &[RowResult]) -> BTreeSet<usize> {
        let new = self.new.lock().map(|new| new.clone()).unwrap_or_default();
        let recorded = rows.iter().filter(|row| row.outcome == Outcome::Recorded);
        recorded
            .map(|row| row.line)
            .filter(|line| new.contains(line))
            .collect()
    }

    fn note_new(&self, line: usize, is_new: bool) {
        if is_new && let Ok(mut new) = self.new.lock() {
            new.insert(line);
        }
    }

    /// What becomes of a row that a person must look at; nothing for any other.
    async fn hold(
        &self,
        row: &Row<'_>,
        (member, command): (&Member, &MemberCommand),
        (row_hash, short): ([u8; 32], bool),
    ) -> Option<RowResult> {
        let neighbours = self.known.neighbours(row.number, command);
        let mut doubts = doubts(member, command, &neighbours);
        if short && empties(member, command) {
            doubts.push(Doubt::CutShort);
        }
        if doubts.is_empty() {
            return None;
        }
        // What changes nothing or is refused needs nobody.
        match decide(member, command.clone()) {
            Ok(events) if !events.is_empty() => {}
            _ => return None,
        }
        match self.held.is_left(row.number, command).await {
            Ok(false) => {}
            Ok(true) => {
                return Some(row.came_to(
                    Outcome::Kept,
                    "担当者が確認し、取り込まないとした行のため、取り込んでいません。",
                ));
            }
            Err(error) => return Some(self.stop(row, &error)),
        }
        if !self.dry_run {
            let waiting = Waiting {
                id: command_id(self.origin.id, row.line),
                import: self.origin.id,
                line: row.line,
                kind: self.kind,
                member: row.number,
                row_hash,
                actor: self.origin.actor.label(),
            };
            let now = Timestamp::now();
            if let Err(error) = self.held.keep(&waiting, command, &doubts, now).await {
                return Some(self.stop(row, &error));
            }
        }
        let said = sentences(&doubts);
        Some(row.came_to(
            Outcome::Held,
            format!(
                "{said}担当者が「取込の確認待ち」で取り込むかどうかを決めるまで、取り込みません。"
            ),
        ))
    }

    async fn done(&self, number: &MemberNumber, rows: Vec<PlacedRow>) -> Vec<RowResult> {
        if self.dry_run {
            return self.would_do(number, rows).await;
        }
        let mut done = Vec::with_capacity(rows.len());
        for row in rows {
            done.push(self.row(number, row).await);
        }
        done
    }

    /// The database failed at this row.
    fn stop(&self, row: &Row<'_>, error: &(dyn std::error::Error + Send + Sync)) -> RowResult {
        tracing::error!(import = %self.origin.id, line = row.line, %error, "a row could not be done");
        self.stopped.store(true, Ordering::Relaxed);
        row.failed()
    }

    async fn row(
        &self,
        number: &MemberNumber,
        PlacedRow {
            line,
            hash,
            short,
            row: good,
            ..
        }: PlacedRow,
    ) -> RowResult {
        let row = Row { number, line };
        if self.stopped.load(Ordering::Relaxed) {
            return row.failed();
        }
        let call = Call {
            actor: self.origin.actor.clone(),
            command_id: command_id(self.origin.id, line),
            request_hash: hash,
            correlation_id: self.origin.correlation_id,
            causation_id: None,
            reason: None,
            counts_for: self.origin.counts_for.clone(),
        };
        match good.fact {
            Fact::Member(command) => {
                let member = match self.service.member(number).await {
                    Ok(member) => member.unwrap_or_default(),
                    Err(error) => return self.stop(&row, &error),
                };
                self.note_new(line, is_new(&member, &command));
                let held = self.hold(&row, (&member, &command), (hash, short)).await;
                if let Some(held) = held {
                    return held;
                }
                match self.service.command_member(number, command, call).await {
                    Ok(receipt) => row.of_receipt(&receipt),
                    Err(ExecuteError::Refused(refusal)) => row.refused_by_member(&refusal),
                    // Others writing to this member say nothing about the next one.
                    Err(ExecuteError::Conflict) => row.failed(),
                    Err(error) => self.stop(&row, &error),
                }
            }
            Fact::ExamResult {
                program,
                outcome,
                explanation,
            } => {
                let found = self.application(&row, program.as_deref(), &[]).await;
                let (id, application) = match found {
                    Ok(found) => found,
                    Err(result) => return result,
                };
                let call = Call {
                    reason: Some(self.reason()),
                    ..call
                };
                let command = self.exam_result(outcome, explanation);
                self.note_new(line, earlier_result(&application).is_empty());
                let society = ApplicationCommand::Society(command.clone());
                match self.service.command_application(&id, society, call).await {
                    Ok(receipt) => row.of_receipt(&receipt),
                    Err(ExecuteError::Refused(Refusal::NotApproved)) => {
                        self.wait(&row, (&id, &application), command, outcome)
                    }
                    // The same file once more: the line's command was done when it was approved.
                    Err(ExecuteError::KeyReused) => row.came_to(Outcome::Recorded, ""),
                    Err(ExecuteError::Refused(refusal)) => row.refused_by_application(&refusal),
                    Err(ExecuteError::Conflict) => row.failed(),
                    Err(error) => self.stop(&row, &error),
                }
            }
        }
    }

    fn reason(&self) -> String {
        format!("取込 {}", self.origin.id)
    }

    fn exam_result(&self, outcome: ExamOutcome, explanation: String) -> SocietyCommand {
        let explanation = match outcome {
            ExamOutcome::Failed if explanation.is_empty() => FAILED_EXAM.to_owned(),
            _ => explanation,
        };
        SocietyCommand {
            act: Act::RecordExamResult(outcome),
            explanation,
            reason: self.reason(),
            seen: None,
            approved: None,
        }
    }

    /// What the result would do once it is approved: what is refused even then does not wait.
    fn approved(
        &self,
        application: &Application,
        command: SocietyCommand,
    ) -> Result<Vec<ApplicationEvent>, Refusal> {
        let context = Context {
            actor: self.origin.actor.clone(),
            at: self.service.clock.now(),
        };
        let command = command.once_approved(self.origin.id, application.review_revision());
        let command = ApplicationCommand::Society(command);
        decide_application(application, command, &context, &self.service.programs)
    }

    /// Keeps a result to be proposed with the others of the file.
    fn wait(
        &self,
        row: &Row<'_>,
        (id, application): (&ApplicationId, &Application),
        command: SocietyCommand,
        outcome: ExamOutcome,
    ) -> RowResult {
        let explanation = command.explanation.clone();
        match self.approved(application, command) {
            Ok(events) if events.is_empty() => return row.came_to(Outcome::Unchanged, ""),
            Ok(_) => {}
            Err(refusal) => return row.refused_by_application(&refusal),
        }
        if !self.origin.proposes {
            return row.came_to(
                Outcome::Refused,
                "この結果の登録には別の担当者の承認が必要なため、トークンでは登録できません。サインインして取り込んでください。",
            );
        }
        let item = BulkItem {
            application: id.to_string(),
            seen: application.review_revision(),
            state: ItemState::Ready,
            sentence: String::new(),
            explanation,
            line: i64::try_from(row.line).unwrap_or(i64::MAX),
        };
        let Ok(mut waiting) = self.waiting.lock() else {
            return row.failed();
        };
        if waiting
            .iter()
            .any(|(_, known)| known.application == item.application)
        {
            // Only what is known of the application tells that both rows are about it, so this is no `Superseded`, which the file alone tells.
            return row.came_to(
                Outcome::Refused,
                "同じ申請の結果が前の行にあり、承認を待っています。",
            );
        }
        waiting.push((outcome, item));
        row.waits()
    }

    /// Proposes what waits: the results of one kind in one run, as long as one has room. A file that is imported once more under the same id
    /// proposes the same runs.
    async fn propose(&self, mut rows: Vec<RowResult>) -> Vec<RowResult> {
        if self.dry_run {
            return rows;
        }
        let waiting = self
            .waiting
            .lock()
            .map(|mut list| std::mem::take(&mut *list));
        let mut waiting = waiting.unwrap_or_default();
        waiting.sort_by_key(|(_, item)| item.line);
        for outcome in [
            ExamOutcome::Failed,
            ExamOutcome::Absent,
            ExamOutcome::Passed,
        ] {
            let items: Vec<BulkItem> = waiting
                .iter()
                .filter(|(known, _)| *known == outcome)
                .map(|(_, item)| item.clone())
                .collect();
            for (number, items) in items.chunks(bulk::LIMIT).enumerate() {
                if let Err(error) = self.propose_run(outcome, number, items).await {
                    tracing::error!(import = %self.origin.id, %error, "results could not be proposed");
                    for row in &mut rows {
                        let line = i64::try_from(row.line).unwrap_or(i64::MAX);
                        if items.iter().any(|item| item.line == line) {
                            row.outcome = Outcome::Failed;
                            FAILED.clone_into(&mut row.message);
                        }
                    }
                }
            }
        }
        rows
    }

    async fn propose_run(
        &self,
        outcome: ExamOutcome,
        number: usize,
        items: &[BulkItem],
    ) -> Result<(), ProposeError> {
        let Some((act, until)) = NamedAct::of(&Act::RecordExamResult(outcome)) else {
            return Ok(());
        };
        let id = Uuid::new_v5(
            &self.origin.id,
            format!("{}\n{number}", act.name).as_bytes(),
        );
        let run = BulkRun {
            id,
            act,
            until,
            explanation: String::new(),
            reason: self.reason(),
            state: RunState::Previewed,
            made_by: self.origin.actor.label(),
            started_by: None,
            made_at: self.service.clock.now(),
            starts: Starts::Approved,
            import: Some(self.origin.id),
            sentence: String::new(),
            request_hash: String::new(),
        };
        let call = Call::once(self.origin.actor.clone(), id, self.origin.correlation_id);
        let runs = BulkRuns::new(self.service.log.clone());
        let by = &self.origin.actor;
        bulk::propose(self.service, &runs, run, items, by, call).await?;
        Ok(())
    }

    /// The member's application that a result is about, or what is to be said of the row.
    ///
    /// Without a kind it is the one of this year with the exam; a member with two of them cannot be decided for. What a look has changed
    /// already (`judged`) stands in the place of what is recorded.
    async fn application(
        &self,
        row: &Row<'_>,
        named: Option<&str>,
        judged: &[(ApplicationId, Application)],
    ) -> Result<(ApplicationId, Application), RowResult> {
        let programs: Vec<&Program> = if let Some(name) = named {
            let is_it = |program: &&Program| {
                [&program.id.0, &program.menu_title, &program.title]
                    .into_iter()
                    .any(|known| known == name)
            };
            self.service.programs.iter().filter(is_it).collect()
        } else {
            let year = FiscalYear::of(jst_date(self.service.clock.now()));
            let of_this_year = |program: &&Program| program.year == year;
            self.service.programs.iter().filter(of_this_year).collect()
        };
        if programs.is_empty() && named.is_some() {
            return Err(row.came_to(
                Outcome::Bad,
                "申請の種類 に該当するものがありません。申請の種類をご確認ください。",
            ));
        }
        let mut found = Vec::new();
        for program in programs {
            let id = ApplicationId {
                program: program.id.clone(),
                member: row.number.clone(),
            };
            if let Some(known) = judged.iter().find(|(known, _)| *known == id) {
                found.push(known.clone());
                continue;
            }
            match self.service.application(&id).await {
                Ok(Some((application, _))) => found.push((id, application)),
                Ok(None) => {}
                Err(error) => return Err(self.stop(row, &error)),
            }
        }
        let with_exam = found
            .iter()
            .filter(|(_, application)| awaits_exam_result(application))
            .count();
        // Of several without the exam any gives the sentence why there can be no result.
        let place = match (with_exam, named) {
            (0, _) => 0,
            (1, _) | (_, Some(_)) => found
                .iter()
                .position(|(_, application)| awaits_exam_result(application))
                .unwrap_or(0),
            _ => {
                return Err(row.came_to(
                    Outcome::Refused,
                    "この会員には筆記試験のお申込みが複数あります。申請の種類 の列で指定してください。",
                ));
            }
        };
        if found.len() <= place {
            return Err(row.came_to(
                Outcome::NoApplication,
                "この会員のお申込みが見つかりません。会員番号と申請の種類をご確認ください。",
            ));
        }
        Ok(found.swap_remove(place))
    }

    /// The same decisions on a copy of the member.
    async fn would_do(&self, number: &MemberNumber, rows: Vec<PlacedRow>) -> Vec<RowResult> {
        let copy = if self.stopped.load(Ordering::Relaxed) {
            None
        } else {
            self.copy(number, &rows).await
        };
        let Some(mut copy) = copy else {
            let failed = |row: &PlacedRow| {
                Row {
                    number,
                    line: row.line,
                }
                .failed()
            };
            return rows.iter().map(failed).collect();
        };
        let mut done = Vec::with_capacity(rows.len());
        for PlacedRow {
            line,
            row: good,
            hash,
            short,
            ..
        } in rows
        {
            let row = Row { number, line };
            done.push(match good.fact {
                Fact::Member(command) => {
                    self.note_new(line, is_new(&copy.member, &command));
                    let known = (&copy.member, &command);
                    let held = self.hold(&row, known, (hash, short)).await;
                    match held {
                        Some(held) => RowResult {
                            changes: copy.would_change(command),
                            ..held
                        },
                        None => copy.would_do(self.service, &row, command),
                    }
                }
                Fact::ExamResult {
                    program,
                    outcome,
                    explanation,
                } => {
                    let judged = &mut copy.judged;
                    match self.application(&row, program.as_deref(), judged).await {
                        Ok(found) => self.would_result(&row, found, judged, (outcome, explanation)),
                        Err(result) => result,
                    }
                }
            });
        }
        done
    }

    async fn copy(&self, number: &MemberNumber, rows: &[PlacedRow]) -> Option<Copy> {
        let failed = |error: eventstore::Error| {
            tracing::error!(import = %self.origin.id, %error, "a member could not be read");
            self.stopped.store(true, Ordering::Relaxed);
        };
        let member = self.service.member(number).await.map_err(failed).ok()?;
        let mut copy = Copy {
            member: member.unwrap_or_default(),
            applications: Vec::new(),
            judged: Vec::new(),
        };
        let pays = |row: &PlacedRow| {
            matches!(row.row.fact, Fact::Member(MemberCommand::ReceivePayment(_)))
        };
        if rows.iter().any(pays) {
            copy.applications = applications_of(self.service, number)
                .await
                .map_err(failed)
                .ok()?;
        }
        Some(copy)
    }

    /// As [`Self::row`] does it, on a copy of the application.
    fn would_result(
        &self,
        row: &Row<'_>,
        (id, mut application): (ApplicationId, Application),
        judged: &mut Vec<(ApplicationId, Application)>,
        (outcome, explanation): (ExamOutcome, String),
    ) -> RowResult {
        let command = self.exam_result(outcome, explanation);
        let events = match self.approved(&application, command.clone()) {
            Ok(events) if events.is_empty() => return row.came_to(Outcome::Unchanged, ""),
            Ok(events) => events,
            Err(refusal) => return row.refused_by_application(&refusal),
        };
        let before = earlier_result(&application);
        self.note_new(row.line, before.is_empty());
        let change = FactChange {
            label: "筆記試験の結果".to_owned(),
            before,
            after: outcome.label().to_owned(),
        };
        let one_is_enough = application
            .state()
            .is_none_or(|state| !command.act.needs_two_persons(state));
        let result = if one_is_enough && self.has_left() {
            for event in events {
                application.apply(event);
            }
            judged.retain(|(known, _)| *known != id);
            judged.push((id, application));
            row.came_to(Outcome::Recorded, "")
        } else {
            self.wait(row, (&id, &application), command, outcome)
        };
        let changes = match result.outcome {
            Outcome::Recorded | Outcome::Waiting => vec![change],
            _ => Vec::new(),
        };
        RowResult { changes, ..result }
    }

    /// Whether one more result would be recorded without a second person.
    fn has_left(&self) -> bool {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    }
}

fn earlier_result(application: &Application) -> String {
    match application.state().map(|state| &state.exam) {
        Some(domain::application::ExamTrack::Resulted { outcome, .. }) => {
            outcome.label().to_owned()
        }
        _ => String::new(),
    }
}

/// A member's applications in the programs of this start.
pub(crate) async fn applications_of(
    service: &Service,
    number: &MemberNumber,
) -> Result<Vec<(ProgramId, Application)>, eventstore::Error> {
    let mut applications = Vec::new();
    for program in service.programs.iter() {
        let id = ApplicationId {
            program: program.id.clone(),
            member: number.clone(),
        };
        if let Some((application, _)) = service.application(&id).await? {
            applications.push((id.program, application));
        }
    }
    Ok(applications)
}

impl Row<'_> {
    fn of_receipt(&self, receipt: &Receipt) -> RowResult {
        let outcome = if changed_something(receipt) {
            Outcome::Recorded
        } else {
            Outcome::Unchanged
        };
        self.came_to(outcome, "")
    }
}

/// A member and the applications as they are, to be changed as the import would change them.
struct Copy {
    member: Member,
    applications: Vec<(ProgramId, Application)>,
    /// With the results that the rows before would have recorded.
    judged: Vec<(ApplicationId, Application)>,
}

impl Copy {
    /// What a command would change, which is not done.
    fn would_change(&self, command: MemberCommand) -> Vec<FactChange> {
        let events = decide(&self.member, command).unwrap_or_default();
        let of = |event| changes(&self.member, event);
        events.iter().flat_map(of).collect()
    }

    fn would_do(&mut self, service: &Service, row: &Row<'_>, command: MemberCommand) -> RowResult {
        let payment = match &command {
            MemberCommand::ReceivePayment(payment) => Some(payment.clone()),
            _ => None,
        };
        let decided = decide(&self.member, command);
        let mut result = match decided {
            Ok(events) => {
                let mut result = row.came_to(
                    if events.is_empty() {
                        Outcome::Unchanged
                    } else {
                        Outcome::Recorded
                    },
                    "",
                );
                for event in events {
                    result.changes.extend(changes(&self.member, &event));
                    self.member.apply(event);
                }
                result
            }
            Err(refusal) => {
                return RowResult {
                    placement: payment.map(|_| Placement::FitsNothing),
                    ..row.refused_by_member(&refusal)
                };
            }
        };
        if let Some(payment) = payment {
            let now = service.clock.now();
            let (placement, _) = place(&mut self.applications, &payment, &service.programs, now);
            result.message = placement.sentence().unwrap_or_default();
            result.placement = Some(placement);
        }
        result
    }
}
