//! Follows the ledger and writes a mail for each event that calls for one. It may see an event more than once.

use domain::{
    application::{Application, ApplicationEvent, ApplicationId},
    notice::NoticeKind,
    program::Program,
    upcasters,
};
use eventstore::{EventLog, RecordedEvent, on_database, write_in_turn};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    NewMail, Outbox,
    composition::{Composer, CompositionError, Occasion},
};
use crate::{program_archive, service::Service};

/// Under which the ids of mails are derived (version 5).
const MAILS: Uuid = Uuid::from_u128(0x9a7d_2f0e_6c31_4b58_8e0f_4d3a_17c5_b2e4);

/// An event that was recorded longer ago is not news any more: its mail is held, for the secretariat to send or to leave.
const LATE: SignedDuration = SignedDuration::from_hours(72);

/// Writes mails for events.
pub struct Notices {
    service: Service,
    outbox: Outbox,
    composer: Composer,
    start: OnceCell<i64>,
}

/// Why the follower could not go on. It carries no fact of a member.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
    /// The outbox failed.
    #[error("the outbox can not be written")]
    Outbox(#[from] sqlx::Error),
    /// The text could not be written.
    #[error(transparent)]
    Composition(#[from] CompositionError),
}

/// Switches mail on, the first time for good: what the ledger holds then is history, and no mail about it is ever written, whatever is
/// rebuilt or read again. Returns the number of the last event of that history.
///
/// # Errors
/// The log, the database.
pub async fn begin(log: &EventLog) -> Result<i64, NoticeError> {
    let known: Option<i64> = on_database!(log.database(), pool => {
        sqlx::query_scalar("SELECT after_seq FROM mail_start").fetch_optional(pool).await
    })?;
    if let Some(known) = known {
        return Ok(known);
    }
    // Events of before that have no number yet get theirs, and are history too.
    eventstore::seal(log.database()).await?;
    let head = log.head().await?;
    write_in_turn!(log, pool => {
        sqlx::query("INSERT INTO mail_start (one, after_seq, started_at_us) VALUES (1, $1, $2) ON CONFLICT DO NOTHING")
            .bind(head)
            .bind(Timestamp::now().as_microsecond())
            .execute(pool)
            .await
            .map(drop)
    })?;
    // Another node may have been first.
    let start = on_database!(log.database(), pool => {
        sqlx::query_scalar("SELECT after_seq FROM mail_start").fetch_one(pool).await
    })?;
    Ok(start)
}

impl Notices {
    /// On a service, with its address where there is one.
    pub fn new(service: Service, link: Option<String>) -> Self {
        Self {
            outbox: Outbox::new(service.log.clone()),
            composer: Composer::new(service.clone(), link),
            service,
            start: OnceCell::new(),
        }
    }

    /// Writes the mails that these events call for. Seeing events again writes nothing.
    ///
    /// # Errors
    /// See [`NoticeError`]; the events are to be handed over again.
    pub async fn write(&self, events: &[RecordedEvent]) -> Result<(), NoticeError> {
        let start = self
            .start
            .get_or_try_init(|| begin(&self.service.log))
            .await?;
        let upcasters = upcasters();
        for recorded in events {
            if recorded.global_seq <= *start || !is_of_application(recorded) {
                continue;
            }
            let event: ApplicationEvent = recorded.decode::<Application>(&upcasters)?;
            if let Some(kind) = NoticeKind::of(&event) {
                self.write_one(kind, &event, recorded).await?;
            }
        }
        Ok(())
    }

    async fn write_one(
        &self,
        kind: NoticeKind,
        event: &ApplicationEvent,
        recorded: &RecordedEvent,
    ) -> Result<(), NoticeError> {
        let id = mail_id(recorded, kind);
        if self.outbox.has(id).await? {
            return Ok(());
        }
        let Ok(application) = ApplicationId::parse(&recorded.aggregate_id) else {
            return Ok(());
        };
        if kind == NoticeKind::DecisionUndone {
            // The mail about it was written before this event was read: the follower reads in order.
            let gone = match self.undone(&application, event, recorded.sequence).await? {
                Some(undone) => self.outbox.cancel(&application, undone).await?,
                None => false,
            };
            if !gone {
                return Ok(());
            }
        }
        let end = self.end_of_command(recorded).await?;
        let found = self.service.application_at(&application, end).await?;
        let Some(state) = found.as_ref().and_then(|(found, _)| found.state()) else {
            return Ok(());
        };
        let version = &recorded.metadata.rules_version;
        let Some(program) = self.program_of(&application, version).await? else {
            // Going on, as the mails of all other programs would wait behind it.
            tracing::error!(
                event = recorded.global_seq,
                kind = kind.as_str(),
                "no mail is written: the program is not known any more"
            );
            return Ok(());
        };
        let at = Timestamp::from_microsecond(recorded.metadata.decided_at_us)
            .unwrap_or_else(|_| self.service.clock.now());
        let occasion = Occasion {
            kind,
            state,
            event: Some(event),
            program: &program,
            at,
        };
        let (template_version, text) = self.composer.compose(&occasion).await?;
        let mail = NewMail {
            id,
            application,
            kind,
            sequence: Some(recorded.sequence),
            template_version,
            text,
            held: is_late(recorded.recorded_at_us, Timestamp::now()).then_some("late"),
            created_at: self.service.clock.now(),
            again: None,
        };
        self.outbox.put(&mail).await?;
        Ok(())
    }

    /// Number of the last event of the command that recorded this one. A mail tells what holds when the whole command is done: a fee that came before the
    /// application is confirmed beside it, and the mail about the application asked for it all the same.
    async fn end_of_command(&self, recorded: &RecordedEvent) -> Result<i64, NoticeError> {
        let command = [recorded.metadata.command_id];
        let receipts = self.service.log.receipts(&command).await?;
        let of_stream = receipts.into_iter().find(|(_, receipt)| {
            receipt.aggregate_type == recorded.aggregate_type
                && receipt.aggregate_id == recorded.aggregate_id
        });
        let last = of_stream.map(|(_, receipt)| receipt.last_sequence);
        Ok(last.unwrap_or_default().max(recorded.sequence))
    }

    /// Number of the event that this one undoes.
    async fn undone(
        &self,
        application: &ApplicationId,
        event: &ApplicationEvent,
        sequence: i64,
    ) -> Result<Option<i64>, NoticeError> {
        if let ApplicationEvent::DecisionUndone { event, .. } = event {
            return Ok(i64::try_from(*event).ok());
        }
        let events = self.service.application_events(application).await?;
        let before = events.iter().zip(1..).take_while(|(_, at)| *at < sequence);
        let of_exam = matches!(event, ApplicationEvent::ExamResultRetracted { .. });
        let judged = before.filter(|(event, _)| match event {
            ApplicationEvent::ExamResultRecorded { .. } => of_exam,
            ApplicationEvent::DocumentsAccepted { .. }
            | ApplicationEvent::ReviewPassed { .. }
            | ApplicationEvent::ReviewFailed { .. } => !of_exam,
            _ => false,
        });
        Ok(judged.last().map(|(_, at)| at))
    }

    /// The program as it is now, or as it was when the event was decided.
    async fn program_of(
        &self,
        application: &ApplicationId,
        version: &str,
    ) -> Result<Option<Program>, NoticeError> {
        if let Some(program) = self.service.programs.get(&application.program) {
            return Ok(Some(program.clone()));
        }
        match program_archive::find(&self.service.log, version).await {
            Ok(program) => Ok(program),
            Err(program_archive::ArchiveError::Database(error)) => Err(error.into()),
            Err(program_archive::ArchiveError::Unreadable { .. }) => Ok(None),
        }
    }
}

impl projections::Effect for Notices {
    const NAME: &'static str = "mail";

    async fn handle(&self, events: &[RecordedEvent]) -> Result<(), projections::BoxError> {
        Ok(self.write(events).await?)
    }
}

fn is_of_application(recorded: &RecordedEvent) -> bool {
    use cqrs_es::Aggregate as _;
    recorded.aggregate_type == Application::TYPE
}

fn is_late(recorded_at_us: i64, now: Timestamp) -> bool {
    Timestamp::from_microsecond(recorded_at_us).is_ok_and(|recorded| recorded + LATE < now)
}

/// One for each event and kind. The command stands in it: after a restore, another event may have the same number in its stream.
fn mail_id(recorded: &RecordedEvent, kind: NoticeKind) -> Uuid {
    let name = format!(
        "{}.{}.{}\n{}\n{}",
        recorded.aggregate_type,
        recorded.aggregate_id,
        recorded.sequence,
        recorded.metadata.command_id,
        kind.as_str()
    );
    Uuid::new_v5(&MAILS, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recorded_three_days_ago_is_no_news() {
        let now: Timestamp = "2026-06-10T00:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        assert!(is_late(at("2026-06-06T23:59:59Z"), now));
        assert!(!is_late(at("2026-06-07T00:00:00Z"), now));
        assert!(!is_late(at("2026-06-10T00:00:01Z"), now));
    }
}
