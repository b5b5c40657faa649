//! The one handler core behind every face: commands in, receipts out, and the state of today.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Instant};

use domain::{
    Actor, Context, Role,
    access::{Access, AccessCommand, AccessRefusal, Whose},
    application::{
        Act, Application, ApplicationCommand, ApplicationEvent, ApplicationId, Refusal, day_began,
        within_the_day,
    },
    member::{Member, MemberCommand, MemberNumber, MemberRefusal},
    program::{ProgramError, Programs},
    proposal::{ApprovalKind, ProposalCommand, ProposalRefusal, ProposalState},
    upcasters,
};
use eventstore::{
    Anchors, CommandHandler, Database, Envelope, EventLog, ExecuteError, Loaded, Metadata, Pace,
    ReadingDatabase, Receipt,
};
use jiff::Timestamp;
use projections::{Reporting, Views};
use uuid::Uuid;

use crate::{
    access::Keys,
    clock::{Clock, ClockSetting},
    decisions::{self, Deciding, Place},
    program_archive::{self, ArchiveError},
    telemetry::command_ended,
};

/// Everything a command or a question needs. Cloning shares it.
#[derive(Clone)]
pub struct Service {
    /// The event log.
    pub log: EventLog,
    /// Commands on members' streams.
    pub members: CommandHandler<Member>,
    /// Commands on applications.
    pub applications: CommandHandler<Application>,
    /// Commands on what needs two persons.
    pub proposals: CommandHandler<ProposalState>,
    /// Entries of the access log.
    pub accesses: CommandHandler<Access>,
    /// The programs of this start, and those of before that applications name.
    pub programs: Arc<Programs>,
    /// What time it is for the rules.
    pub clock: Clock,
    /// What pages and lists are drawn from.
    pub views: Views,
    /// What reports and their lists are drawn from: the views, or a second database that is only read.
    pub reporting: Reporting,
    /// Where the log's anchors are kept; `None` on a node that keeps none.
    pub anchors: Option<Anchors>,
    /// How fast the running service verifies its log.
    pub verification: Pace,
    /// By which rows that let somebody in are known as ours.
    pub keys: Keys,
    /// What the operator says of 判定.
    pub deciding: Deciding,
}

/// Who asks for a command, and by which idempotency key.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who.
    pub actor: Actor,
    /// The same id again gets the first receipt again.
    pub command_id: Uuid,
    /// Hash over the request, by which a repeated id is told from a re-used one.
    pub request_hash: [u8; 32],
    /// What belongs together across commands: a request, an import.
    pub correlation_id: Uuid,
    /// The command or event that caused this one, if it was not a person.
    pub causation_id: Option<Uuid>,
    /// Why, where a reason is asked for.
    pub reason: Option<String>,
    /// Role and account for which its decisions count, where it is not the actor's own: a token decides in the number of who made it.
    pub counts_for: Option<String>,
}

impl Call {
    /// One that no request has made: its id alone says what is done once.
    pub fn once(actor: Actor, command_id: Uuid, correlation_id: Uuid) -> Self {
        Self {
            actor,
            command_id,
            request_hash: [0; 32],
            correlation_id,
            causation_id: None,
            reason: None,
            counts_for: None,
        }
    }
}

/// Why a service could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
    /// The programs.
    #[error(transparent)]
    Programs(#[from] ProgramError),
    /// The programs of before.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What is in the directory of programs.
    #[error("SHINSEI_PROGRAMS: the programs in {directory} can not be used")]
    ProgramsOf {
        /// As configured.
        directory: String,
        /// Why.
        #[source]
        source: ProgramError,
    },
    /// The directory of programs can not be read.
    #[error("SHINSEI_PROGRAMS: the programs in {directory} can not be read")]
    ProgramFiles {
        /// As configured.
        directory: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

/// Reads the programs from the TOML files of a directory, or the ones that come with the binary.
///
/// # Errors
/// A directory or file that can not be read, or a program that can not be used, with the reason.
pub fn programs(directory: Option<&Path>) -> Result<Arc<Programs>, OpenError> {
    let Some(directory) = directory else {
        return Ok(Arc::new(Programs::embedded()?));
    };
    let failed = |source| OpenError::ProgramFiles {
        directory: directory.display().to_string(),
        source,
    };
    let mut texts = BTreeMap::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            texts.insert(
                name.to_owned(),
                std::fs::read_to_string(&path).map_err(failed)?,
            );
        }
    }
    let files: Vec<(&str, &str)> = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    Programs::from_files(&files)
        .map(Arc::new)
        .map_err(|source| OpenError::ProgramsOf {
            directory: directory.display().to_string(),
            source,
        })
}

impl Service {
    /// Connects and migrates. Starts no background work: see [`crate::serve`].
    ///
    /// # Errors
    /// A database that can not be opened, migrated or read.
    pub async fn open(
        database_url: &str,
        programs: Arc<Programs>,
        clock: ClockSetting,
    ) -> Result<Self, OpenError> {
        let database = Database::connect(database_url).await?;
        database.migrate().await?;
        let log = EventLog::new(database);
        let earlier = program_archive::earlier(&log, &programs).await?;
        let programs = if earlier.is_empty() {
            programs
        } else {
            Arc::new(programs.with_earlier(earlier))
        };
        let clock = match clock {
            ClockSetting::System => Clock::system(),
            ClockSetting::Demonstration { earliest } => {
                let last = last_decision(&log).await?;
                Clock::demonstration(last.map_or(earliest, |last| last.max(earliest)))
            }
        };
        let views = Views::new(log.clone());
        Ok(Self {
            members: log.handler((), upcasters),
            applications: log.handler(Arc::clone(&programs), upcasters),
            proposals: log.handler((), upcasters),
            accesses: log.handler((), upcasters),
            reporting: Reporting::of(views.clone()),
            views,
            log,
            programs,
            clock,
            anchors: None,
            verification: Pace::default(),
            keys: Keys::random(),
            deciding: Deciding::default(),
        })
    }

    /// The same, with the reports read from a second database, if there is one. Whether it can be reached is told by
    /// [`reporting::look`](crate::reporting::look), and does not matter to anything else.
    #[must_use]
    pub fn with_reporting(self, database: Option<ReadingDatabase>) -> Self {
        match database {
            Some(database) => Self {
                reporting: Reporting::reading(database),
                ..self
            },
            None => self,
        }
    }

    /// The same, with a place for the log's anchors: without one, none are made or looked at.
    #[must_use]
    pub fn with_anchors(self, anchors: Option<Anchors>) -> Self {
        Self { anchors, ..self }
    }

    /// The same, verifying its log at another pace.
    #[must_use]
    pub fn with_verification(self, verification: Pace) -> Self {
        Self {
            verification,
            ..self
        }
    }

    /// The same with the keys of this node. Without them it has one of its own, and knows nobody whom another process let in.
    #[must_use]
    pub fn with_keys(self, keys: Keys) -> Self {
        Self { keys, ..self }
    }

    /// The same, with what the operator says of 判定.
    #[must_use]
    pub fn with_deciding(self, deciding: Deciding) -> Self {
        Self { deciding, ..self }
    }

    /// Executes a command on a member's stream, in a task of its own that a caller who goes away does not cut.
    ///
    /// # Errors
    /// See [`ExecuteError`]. The same command id with the same request hash is safe to repeat after any of them.
    pub async fn command_member(
        &self,
        number: &MemberNumber,
        command: MemberCommand,
        call: Call,
    ) -> Result<Receipt, ExecuteError<MemberRefusal>> {
        let call_id = call.command_id;
        let version = self.programs.version().to_owned();
        let envelope = envelope(call, version, self.clock.now(), None);
        let (name, command_id, began) = (member_command_name(&command), call_id, Instant::now());
        let result = self
            .members
            .execute(number.as_str(), command, envelope)
            .await;
        command_ended("member", name, command_id, began.elapsed(), &result);
        result
    }

    /// Executes a command on an application, decided by the time of this moment.
    ///
    /// # Errors
    /// See [`ExecuteError`]. The same command id with the same request hash is safe to repeat after any of them.
    pub async fn command_application(
        &self,
        id: &ApplicationId,
        command: ApplicationCommand,
        call: Call,
    ) -> Result<Receipt, ExecuteError<Refusal>> {
        let at = self.clock.now();
        let context = Context {
            actor: call.actor.clone(),
            at,
        };
        let rules = self.programs.get(&id.program);
        let version = rules.map_or_else(
            || self.programs.version(),
            |program| program.version.as_str(),
        );
        let (name, command_id, began) = (
            application_command_name(&command),
            call.command_id,
            Instant::now(),
        );
        let approved = match &command {
            ApplicationCommand::Society(command) => command.approved,
            _ => None,
        };
        let allowed = match self.within_the_day(id, &command, &call, at).await {
            Ok(()) => self.place(&command, &call, at).await,
            Err(refused) => Err(refused),
        };
        let result = match allowed {
            Ok(place) => {
                let approval = approved.map(|approved| approved.kind);
                let envelope = envelope(call, version.to_owned(), at, approval);
                let done = self
                    .applications
                    .execute(&id.to_string(), (command, context), envelope)
                    .await;
                self.after(place, &done).await;
                done
            }
            Err(refused) => Err(refused),
        };
        command_ended("application", name, command_id, began.elapsed(), &result);
        result
    }

    /// A place for a decision that nobody else has approved. Without one it is refused as one that needs a second person. A command that
    /// was executed before is answered again, and needs none.
    async fn place(
        &self,
        command: &ApplicationCommand,
        call: &Call,
        at: Timestamp,
    ) -> Result<Option<Place>, ExecuteError<Refusal>> {
        let ApplicationCommand::Society(command) = command else {
            return Ok(None);
        };
        // What one person must not do alone is refused by the decider, and its place given back.
        if !command.act.decides() || command.approved.is_some() {
            return Ok(None);
        }
        let account = decisions::account(&call.actor, call.counts_for.as_deref());
        let limit = self.deciding.a_day;
        let place = decisions::take(&self.log, &account, call.command_id, at, limit).await;
        let place = place.map_err(|source| eventstore::Error::Database {
            stage: eventstore::Stage::Append,
            source,
        })?;
        let repeated = async { self.log.receipts(&[call.command_id]).await };
        if place.is_none() && repeated.await?.is_empty() {
            return Err(ExecuteError::Refused(Refusal::NotApproved));
        }
        Ok(place)
    }

    /// What was refused, changed nothing or was done by an earlier attempt takes no place; what the log did not answer for may have been done.
    async fn after(&self, place: Option<Place>, done: &Result<Receipt, ExecuteError<Refusal>>) {
        let is_done = match done {
            Ok(receipt) => !receipt.replayed && receipt.first_sequence <= receipt.last_sequence,
            Err(ExecuteError::Database(_)) => true,
            Err(_) => false,
        };
        if let Some(place) = place
            && !is_done
            && let Err(error) = decisions::give_back(&self.log, place).await
        {
            tracing::warn!(%error, "a refused decision stays counted");
        }
    }

    /// Whether a member has not written too much into an application today. A command that was executed before is answered again.
    async fn within_the_day(
        &self,
        id: &ApplicationId,
        command: &ApplicationCommand,
        call: &Call,
        at: Timestamp,
    ) -> Result<(), ExecuteError<Refusal>> {
        if call.actor.role != Role::Member {
            return Ok(());
        }
        let since = day_began(at).as_microsecond();
        let role = call.actor.role.as_str();
        let written = self
            .log
            .written_since::<Application>(&id.to_string(), since, role)
            .await?;
        match within_the_day(command, written, at) {
            Err(refusal) if self.log.receipts(&[call.command_id]).await?.is_empty() => {
                Err(ExecuteError::Refused(refusal))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Executes a command on a proposal, decided by the time of this moment; see [`crate::access::two_persons`].
    ///
    /// # Errors
    /// See [`ExecuteError`]. The same command id with the same request hash is safe to repeat after any of them.
    pub(crate) async fn command_proposal(
        &self,
        id: Uuid,
        command: ProposalCommand,
        call: Call,
    ) -> Result<Receipt, ExecuteError<ProposalRefusal>> {
        let at = self.clock.now();
        let context = Context {
            actor: call.actor.clone(),
            at,
        };
        let name = match command {
            ProposalCommand::Propose(_) | ProposalCommand::ProposeAlone(_) => "propose",
            ProposalCommand::Approve(_) => "approve",
            ProposalCommand::Cancel => "cancel",
            ProposalCommand::Use(_) => "use",
        };
        let (command_id, began) = (call.command_id, Instant::now());
        let envelope = envelope(call, self.programs.version().to_owned(), at, None);
        let result = self
            .proposals
            .execute(&id.to_string(), (command, context), envelope)
            .await;
        command_ended("proposal", name, command_id, began.elapsed(), &result);
        result
    }

    /// A proposal as far as it has come.
    ///
    /// # Errors
    /// The log can not be read.
    pub(crate) async fn proposal(&self, id: Uuid) -> Result<ProposalState, eventstore::Error> {
        let loaded = self
            .log
            .load::<ProposalState>(&id.to_string(), upcasters)
            .await?;
        Ok(loaded.map(|loaded| loaded.aggregate).unwrap_or_default())
    }

    /// Writes an entry of the access log; see [`crate::access::note`].
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub(crate) async fn note_access(
        &self,
        whose: &Whose,
        command: AccessCommand,
        call: Call,
    ) -> Result<Receipt, ExecuteError<AccessRefusal>> {
        let (command_id, began) = (call.command_id, Instant::now());
        let name = match &command {
            AccessCommand::View(_) => "note_viewing",
            AccessCommand::List { .. } => "note_list",
            AccessCommand::Refuse(_) => "note_refusal",
            AccessCommand::SignIn(_) => "sign_in",
            AccessCommand::EndAccess(_) => "end_access",
            AccessCommand::MakeToken(_) => "make_token",
            AccessCommand::RevokeToken(_) => "revoke_token",
            AccessCommand::SealEarlierTokens(_) => "seal_earlier_tokens",
        };
        let at = command.at();
        let envelope = envelope(call, self.programs.version().to_owned(), at, None);
        let result = self.accesses.execute(&whose.id(), command, envelope).await;
        command_ended("access", name, command_id, began.elapsed(), &result);
        result
    }

    /// What the society knows of a member; `None` when nothing has been imported.
    ///
    /// # Errors
    /// The log can not be read.
    pub async fn member(&self, number: &MemberNumber) -> Result<Option<Member>, eventstore::Error> {
        let loaded = self.log.load::<Member>(number.as_str(), upcasters).await?;
        Ok(loaded.map(|loaded| loaded.aggregate))
    }

    /// An application as of now with the number of its last event; `None` when nothing was applied for.
    ///
    /// # Errors
    /// The log can not be read.
    pub async fn application(
        &self,
        id: &ApplicationId,
    ) -> Result<Option<(Application, i64)>, eventstore::Error> {
        let loaded = self
            .log
            .load::<Application>(&id.to_string(), upcasters)
            .await?;
        Ok(loaded.map(
            |Loaded {
                 aggregate,
                 sequence,
             }| (aggregate, sequence),
        ))
    }

    /// Every event of an application, oldest first.
    ///
    /// # Errors
    /// The log can not be read.
    pub async fn application_events(
        &self,
        id: &ApplicationId,
    ) -> Result<Vec<ApplicationEvent>, eventstore::Error> {
        self.log
            .events::<Application>(&id.to_string(), upcasters)
            .await
    }

    /// An application after its event `sequence`, or after its last one if it has fewer.
    ///
    /// # Errors
    /// The log can not be read.
    pub async fn application_at(
        &self,
        id: &ApplicationId,
        sequence: i64,
    ) -> Result<Option<(Application, i64)>, eventstore::Error> {
        let loaded = self
            .log
            .load_at::<Application>(&id.to_string(), sequence, upcasters)
            .await?;
        Ok(loaded.map(
            |Loaded {
                 aggregate,
                 sequence,
             }| (aggregate, sequence),
        ))
    }
}

fn envelope(
    call: Call,
    rules_version: String,
    at: Timestamp,
    approval: Option<ApprovalKind>,
) -> Envelope {
    Envelope {
        metadata: Metadata {
            actor: call.actor.label(),
            role: call.actor.role.as_str().to_owned(),
            command_id: call.command_id,
            correlation_id: call.correlation_id,
            causation_id: call.causation_id,
            reason: call.reason,
            approval: approval.map(|kind| kind.as_str().to_owned()),
            rules_version,
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            decided_at_us: at.as_microsecond(),
        },
        request_hash: call.request_hash,
    }
}

/// Its name in logs and figures.
fn member_command_name(command: &MemberCommand) -> &'static str {
    match command {
        MemberCommand::ImportRecord(_) => "import_record",
        MemberCommand::RecordAttendance(_) => "record_attendance",
        MemberCommand::RetractAttendance(_) => "retract_attendance",
        MemberCommand::EnterAttendance(_) => "enter_attendance",
        MemberCommand::RemoveAttendance(_) => "remove_attendance",
        MemberCommand::ReceivePayment(_) => "receive_payment",
        MemberCommand::TakeBack(_) => "take_back",
    }
}

/// Its name in logs and figures.
fn application_command_name(command: &ApplicationCommand) -> &'static str {
    match command {
        ApplicationCommand::Apply { .. } => "apply",
        ApplicationCommand::AddExam => "add_exam",
        ApplicationCommand::SaveResume { .. } => "save_resume",
        ApplicationCommand::SaveProfile { .. } => "save_profile",
        ApplicationCommand::SaveClinicalExperience { .. } => "save_clinical_experience",
        ApplicationCommand::AddRow { .. } => "add_row",
        ApplicationCommand::ReviseRow { .. } => "revise_row",
        ApplicationCommand::RemoveRow { .. } => "remove_row",
        ApplicationCommand::RecordResearchYears { .. } => "record_research_years",
        ApplicationCommand::SaveResearchActivities { .. } => "save_research_activities",
        ApplicationCommand::RestoreDocument { .. } => "restore_document",
        ApplicationCommand::Submit => "submit",
        ApplicationCommand::Withdraw => "withdraw",
        ApplicationCommand::ImportSeminarAttendance(_) => "import_seminar_attendance",
        ApplicationCommand::RetractSeminarAttendance(_) => "retract_seminar_attendance",
        ApplicationCommand::ConfirmPayment(_) => "confirm_payment",
        ApplicationCommand::RetractPayment(_) => "retract_payment",
        ApplicationCommand::AnswerCorrection { .. } => "answer_correction",
        ApplicationCommand::Society(command) => match command.act {
            Act::Check { .. } => "check",
            Act::AdjustUnits { .. } => "adjust_units",
            Act::RecordProof { .. } => "record_proof",
            Act::AddNote(_) => "add_note",
            Act::SetLabels(_) => "set_labels",
            Act::Return { .. } => "return",
            Act::Reopen { .. } => "reopen",
            Act::ExtendDeadline { .. } => "extend_deadline",
            Act::AcceptDocuments => "accept_documents",
            Act::PassReview => "pass_review",
            Act::FailReview => "fail_review",
            Act::RevokeDecision => "revoke_decision",
            Act::RecordExamResult(_) => "record_exam_result",
            Act::RetractExamResult { .. } => "retract_exam_result",
            Act::ApproveCertification => "approve_certification",
            Act::RequestCertificationFee { .. } => "request_certification_fee",
            Act::Certify => "certify",
            Act::Defer { .. } => "defer",
            Act::Lapse => "lapse",
            Act::ReversePayment { .. } => "reverse_payment",
            Act::Withdraw => "withdraw_by_secretariat",
            Act::Undo { .. } => "undo",
        },
    }
}

/// The time by which the last event was decided.
async fn last_decision(log: &EventLog) -> Result<Option<Timestamp>, eventstore::Error> {
    // PostgreSQL: events of a process that was killed before it sealed them count too.
    eventstore::seal(log.database()).await?;
    let head = log.head().await?;
    let last = log.feed((head - 1).max(0), 1).await?;
    Ok(last
        .first()
        .and_then(|event| Timestamp::from_microsecond(event.metadata.decided_at_us).ok()))
}
