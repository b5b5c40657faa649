//! From the facts of a file to the log.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use cqrs_es::Aggregate as _;
use domain::{
    Actor, Context, Role,
    application::{
        Act, Application, ApplicationCommand, ApplicationId, ExamOutcome, Placement, Refusal,
        SocietyCommand, awaits_exam_result, decide as decide_application, place,
    },
    calendar::{FiscalYear, jst_date},
    member::{FactChange, Member, MemberCommand, MemberNumber, MemberRefusal, changes, decide},
    program::{Program, ProgramId},
};
use eventstore::{DatabaseKind, ExecuteError, Receipt};
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    ImportReport, Journal, Kind, Outcome, ReportedRow, Unusable,
    journal::Begun,
    net_effect::{Fact, PlacedRow},
    read,
    report::RowResult,
};
use crate::{Call, Service};

/// Rows that are written down together.
const NOTED: usize = 500;

/// However few there are, they are written down after so long: it is also the sign that the run is alive.
const NOTED_AFTER: Duration = Duration::from_secs(5);

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
    let (bytes, file_hash) = (file.len(), Sha256::digest(file).into());
    let file = read(kind, file, dry_run)?;
    let mut report = file.report;
    let mut results: Vec<RowResult> = report.reported.iter().map(of_reported).collect();
    let last_line = |rows: &[RowResult]| rows.iter().map(|row| row.line).max().unwrap_or(0);
    let begun = Begun {
        id: origin.id,
        kind,
        retracts: None,
        actor: origin.actor.label(),
        reason: String::new(),
        file_hash,
        bytes,
        rows: report.rows,
        last_line: file
            .rows
            .iter()
            .map(|row| row.line)
            .max()
            .unwrap_or(0)
            .max(last_line(&results)),
        dry_run,
    };
    let run = Run {
        journal: Journal::new(service.log.clone()),
        id: origin.id,
    };
    let import = Import {
        service,
        origin,
        dry_run,
        // What cannot be found again afterwards is not done.
        stopped: AtomicBool::new(!run.begin(&begun).await),
    };
    // A member's rows one after the other: side by side they would only wait for each other at the stream.
    let mut members: BTreeMap<MemberNumber, Vec<PlacedRow>> = BTreeMap::new();
    for row in file.rows {
        members.entry(row.row.member.clone()).or_default().push(row);
    }
    let side_by_side = match service.log.database().kind() {
        // One writer.
        DatabaseKind::Sqlite => 1,
        DatabaseKind::Postgres => 8,
    };
    let mut done = stream::iter(members)
        .map(|(number, rows)| import.member(number, rows))
        .buffer_unordered(side_by_side);
    let (mut noted, mut noted_at) = (0, Instant::now());
    while let Some(rows) = done.next().await {
        for row in rows {
            report.report(ReportedRow {
                line: row.line,
                outcome: row.outcome,
                message: row.message.clone(),
            });
            results.push(row);
        }
        if results.len() - noted >= NOTED || noted_at.elapsed() >= NOTED_AFTER {
            run.note(results.get(noted..).unwrap_or_default()).await;
            (noted, noted_at) = (results.len(), Instant::now());
        }
    }
    run.note(results.get(noted..).unwrap_or_default()).await;
    report.reported.sort_by_key(|row| (row.line, row.outcome));
    results.sort_by_key(|row| row.line);
    run.end((report.recorded, report.unchanged, report.reported.len()))
        .await;
    tracing::info!(
        import = %import.origin.id,
        title = kind.title(),
        dry_run,
        rows = report.rows,
        recorded = report.recorded,
        unchanged = report.unchanged,
        reported = report.reported.len(),
        "import ended"
    );
    Ok(Carried {
        id: import.origin.id,
        report,
        rows: results,
    })
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
        let written = self.journal.begin(begun, Timestamp::now()).await;
        self.told(written)
    }

    pub(super) async fn note(&self, rows: &[RowResult]) {
        let note = self.journal.note(self.id, rows, Timestamp::now()).await;
        self.told(note);
    }

    pub(super) async fn end(&self, counts: (usize, usize, usize)) {
        let end = self.journal.end(self.id, counts, Timestamp::now()).await;
        self.told(end);
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
pub(super) fn command_id(import: Uuid, line: usize) -> Uuid {
    Uuid::new_v5(&import, line.to_string().as_bytes())
}

/// One run.
struct Import<'a> {
    service: &'a Service,
    origin: Origin,
    dry_run: bool,
    /// The database failed: the rows that are left would only wait for it one by one.
    stopped: AtomicBool,
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
        self.came_to(Outcome::Failed, "データベースに書き込めませんでした。もう一度取り込んでください（済んだ行は重複しません）。")
    }

    fn refused_by_member(&self, refusal: &MemberRefusal) -> RowResult {
        let outcome = match refusal {
            MemberRefusal::UnknownMember => Outcome::UnknownMember,
            MemberRefusal::EndsBeforeItBegins => Outcome::Bad,
            MemberRefusal::ChangedSince | MemberRefusal::StillNeeded => Outcome::Left,
        };
        self.came_to(outcome, refusal.to_string())
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
        if self.dry_run {
            return self.would_do(&number, rows).await;
        }
        let mut done = Vec::with_capacity(rows.len());
        for row in rows {
            done.push(self.row(&number, row).await);
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
            row: good,
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
        };
        match good.fact {
            Fact::Member(command) => {
                match self.service.command_member(number, command, call).await {
                    Ok(receipt) => row.of_receipt(&receipt),
                    Err(ExecuteError::Refused(refusal)) => row.refused_by_member(&refusal),
                    // Others writing to this member say nothing about the next one.
                    Err(ExecuteError::Conflict) => row.failed(),
                    Err(error) => self.stop(&row, &error),
                }
            }
            Fact::ExamResult { program, outcome } => {
                let (id, _) = match self.application(&row, program.as_deref()).await {
                    Ok(found) => found,
                    Err(result) => return result,
                };
                let call = Call {
                    reason: Some(self.reason()),
                    ..call
                };
                let command = self.exam_result(outcome);
                match self.service.command_application(&id, command, call).await {
                    Ok(receipt) => row.of_receipt(&receipt),
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

    fn exam_result(&self, outcome: ExamOutcome) -> ApplicationCommand {
        ApplicationCommand::Society(SocietyCommand {
            act: Act::RecordExamResult(outcome),
            reason: self.reason(),
            seen: None,
        })
    }

    /// The member's application that a result is about, or what is to be said of the row.
    ///
    /// Without a kind it is the one of this year with the exam; a member with two of them cannot be decided for.
    async fn application(
        &self,
        row: &Row<'_>,
        named: Option<&str>,
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
            line, row: good, ..
        } in rows
        {
            let row = Row { number, line };
            done.push(match good.fact {
                Fact::Member(command) => copy.would_do(self.service, &row, command),
                Fact::ExamResult { program, outcome } => {
                    match self.application(&row, program.as_deref()).await {
                        Ok((_, application)) => self.would_result(&row, &application, outcome),
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

    fn would_result(
        &self,
        row: &Row<'_>,
        application: &Application,
        outcome: ExamOutcome,
    ) -> RowResult {
        let context = Context {
            actor: self.origin.actor.clone(),
            at: self.service.clock.now(),
        };
        let command = self.exam_result(outcome);
        match decide_application(application, command, &context, &self.service.programs) {
            Ok(events) if events.is_empty() => row.came_to(Outcome::Unchanged, ""),
            Ok(_) => RowResult {
                changes: vec![FactChange {
                    label: "筆記試験の結果".to_owned(),
                    before: earlier_result(application),
                    after: outcome.label().to_owned(),
                }],
                ..row.came_to(Outcome::Recorded, "")
            },
            Err(refusal) => row.refused_by_application(&refusal),
        }
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
}

impl Copy {
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
