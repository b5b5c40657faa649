//! From the log to what is printed: which state, by which rules, proved by which place in the ledger.

use std::time::Duration;

use domain::{
    application::{
        Application, ApplicationEvent, ApplicationId, ApplicationState, DocumentTrack, Refusal,
        Submission,
    },
    program::Program,
};
use eventstore::LedgerEntry;

use super::{Content, FileName, Sheet};
use crate::{
    program_archive::{self, ArchiveError},
    service::Service,
};

/// How long a print waits for the ledger number of a submission: on PostgreSQL the sealer gives it moments later.
const PATIENCE: Duration = Duration::from_secs(2);

/// An application that is to be printed.
#[derive(Clone, Debug)]
pub struct Printout {
    /// Which application.
    pub id: ApplicationId,
    /// Number of the last event that it shows.
    pub sequence: i64,
    /// As it is, or as it was right after the submission.
    pub state: ApplicationState,
    /// The program with the rules of that moment.
    pub program: Program,
    /// 申請書（仮） or 申請書（本紙）.
    pub sheet: Sheet,
    /// The application of today, where this is the 本紙 that stands: its 事務局欄 is named on the cover.
    pub today: Option<Box<ApplicationState>>,
}

/// A completion with its place: one 本紙.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// Number of its event in the application.
    pub sequence: i64,
    /// What was submitted.
    pub submission: Submission,
}

/// Why nothing can be printed.
#[derive(Debug, thiserror::Error)]
pub enum PrintoutError {
    /// Nothing was applied for, or there are no documents (筆記試験のみ).
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no 本紙 with that number.
    #[error("there is no 本紙 with that number")]
    NoSuchSubmission {
        /// How many there are.
        submissions: usize,
    },
    /// The submission has no ledger number yet, which it needs as a proof.
    #[error("the submission has no ledger number yet")]
    NotInLedger,
    /// The program is not among those that are configured.
    #[error("the program is not configured")]
    UnknownProgram,
    /// The rules of then.
    #[error(transparent)]
    Rules(#[from] ArchiveError),
    /// The log.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
}

/// Every 本紙 of an application, oldest first, from its events.
pub fn completions(events: &[ApplicationEvent]) -> Vec<Completion> {
    (1..)
        .zip(events)
        .filter_map(|(sequence, event)| match event {
            ApplicationEvent::Submitted { submission } => Some(Completion {
                sequence,
                submission: submission.clone(),
            }),
            _ => None,
        })
        .collect()
}

impl Printout {
    /// What would be printed now: 申請書（本紙） once the application is completed, before that 申請書（仮）.
    ///
    /// # Errors
    /// See [`PrintoutError`].
    pub async fn latest(service: &Service, id: &ApplicationId) -> Result<Self, PrintoutError> {
        let found = service.application(id).await?;
        let (application, sequence) = found.ok_or(Refusal::NotApplied)?;
        let state = match application {
            Application::Made(state) | Application::Withdrawn(state) => *state,
            Application::NotMade => return Err(Refusal::NotApplied.into()),
        };
        match &state.documents_track {
            DocumentTrack::NotApplied => Err(Refusal::DocumentsNotApplied.into()),
            DocumentTrack::UnderReview(submission)
            | DocumentTrack::Accepted(submission)
            | DocumentTrack::ReviewPassed(submission)
            | DocumentTrack::ReviewFailed(submission) => {
                let number = submission.number;
                Self::numbered(service, id, number).await
            }
            DocumentTrack::Drafting | DocumentTrack::Returned(_) => {
                let program = service.programs.get(&state.program);
                Ok(Self {
                    id: id.clone(),
                    sequence,
                    program: program.ok_or(PrintoutError::UnknownProgram)?.clone(),
                    state,
                    sheet: Sheet::Provisional {
                        generated_at: service.clock.now(),
                    },
                    today: None,
                })
            }
        }
    }

    /// A 本紙 by its number, as it was submitted, whatever has happened since.
    ///
    /// # Errors
    /// See [`PrintoutError`].
    pub async fn numbered(
        service: &Service,
        id: &ApplicationId,
        number: u32,
    ) -> Result<Self, PrintoutError> {
        let events = service.application_events(id).await?;
        if events.is_empty() {
            return Err(Refusal::NotApplied.into());
        }
        let completions = completions(&events);
        let submissions = completions.len();
        let completion = completions
            .into_iter()
            .find(|one| one.submission.number == number)
            .ok_or(PrintoutError::NoSuchSubmission { submissions })?;
        let Completion {
            sequence,
            submission,
        } = completion;
        let then = service.application_at(id, sequence).await?;
        let Some((Application::Made(state), _)) = then else {
            return Err(eventstore::Error::Inconsistent(
                "a completion is no event of a running application",
            )
            .into());
        };
        let LedgerEntry {
            global_seq,
            chain_hash,
        } = service
            .log
            .ledger_entry_within::<Application>(&id.to_string(), sequence, PATIENCE)
            .await?
            .ok_or(PrintoutError::NotInLedger)?;
        let today = match service.application(id).await? {
            Some((Application::Made(state), _)) => {
                Some(state).filter(|state| state.final_form() == Some(&submission))
            }
            _ => None,
        };
        Ok(Self {
            id: id.clone(),
            sequence,
            today,
            program: rules_of_then(service, &state, &submission.rules_version).await?,
            state: *state,
            sheet: Sheet::Final {
                submission: Box::new(submission),
                ledger_number: global_seq,
                ledger_hash: hex::encode(chain_hash),
            },
        })
    }

    /// What stands on the pages.
    pub fn content(&self) -> Content {
        let content = Content::new(&self.state, &self.program, &self.sheet);
        match (&self.sheet, &self.today) {
            (Sheet::Final { submission, .. }, Some(today)) => {
                content.naming_adjustments(submission, today, &self.program.rules)
            }
            _ => content,
        }
    }

    /// Name of the file.
    pub fn file_name(&self) -> FileName {
        FileName::new(&self.state, &self.sheet)
    }
}

/// The program as it was at a version.
async fn rules_of_then(
    service: &Service,
    state: &ApplicationState,
    version: &str,
) -> Result<Program, PrintoutError> {
    let now = service
        .programs
        .get(&state.program)
        .ok_or(PrintoutError::UnknownProgram)?;
    if now.version == version {
        return Ok(now.clone());
    }
    let kept = program_archive::find(&service.log, version).await?;
    Ok(kept.unwrap_or_else(|| {
        // Only a submission of before versions were kept: what is printed by the rules (the order of the organs) may differ.
        tracing::warn!(
            version,
            "the rules of a submission were never kept; printing by those of today"
        );
        now.clone()
    }))
}
