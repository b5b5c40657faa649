//! 期限のお知らせ: once a day, by one node.

use std::sync::Mutex;

use domain::{
    application::ApplicationId,
    calendar::{jst_date, jst_instant},
    notice::{NoticeKind, REMINDED_BEFORE, Reminder, reminder},
};
use eventstore::write_in_turn;
use jiff::{SignedDuration, Timestamp, civil::Date};
use projections::WorklistFilter;
use uuid::Uuid;

use super::{
    NewMail, Outbox,
    composition::{Composer, CompositionError, Occasion},
};
use crate::{clock::shared_time, service::Service};

/// Under which the ids of reminders are derived (version 5).
const REMINDERS: Uuid = Uuid::from_u128(0x51b8_07c9_e2d4_4f06_a3f1_68b0_9d2e_74ac);

/// Not before this hour in Japan: nobody is to be woken.
const HOUR: i8 = 9;

/// How long another node waits for one that died in the middle. Two at once would do no harm: ids are derived.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// More applications than a society has members.
const MOST: i64 = 1_000_000;

/// Writes the reminders of a day.
pub struct Reminders {
    service: Service,
    outbox: Outbox,
    composer: Composer,
    holder: String,
    /// The last day that is known to be done.
    done: Mutex<Option<Date>>,
}

/// Why the reminders could not be written. It carries no fact of a member.
#[derive(Debug, thiserror::Error)]
pub enum ReminderError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
    /// 申請一覧 could not be asked.
    #[error(transparent)]
    View(#[from] projections::Error),
    /// The outbox failed.
    #[error("the outbox can not be written")]
    Outbox(#[from] sqlx::Error),
    /// A text could not be written.
    #[error(transparent)]
    Composition(#[from] CompositionError),
}

impl Reminders {
    /// On a service, with its address where there is one.
    pub fn new(service: Service, link: Option<String>) -> Self {
        Self {
            outbox: Outbox::new(service.log.clone()),
            composer: Composer::new(service.clone(), link),
            service,
            holder: Uuid::new_v4().to_string(),
            done: Mutex::new(None),
        }
    }

    /// Writes those of today, by the service's clock.
    ///
    /// # Errors
    /// See [`ReminderError`].
    pub async fn write_those_of_today(&self) -> Result<Option<usize>, ReminderError> {
        self.write_at(self.service.clock.now()).await
    }

    /// Writes those that are due at a moment, and says how many were new; nothing before nine o'clock, and nothing on a day that is done or
    /// that another node has taken.
    ///
    /// # Errors
    /// See [`ReminderError`]; it is safe to repeat.
    pub async fn write_at(&self, now: Timestamp) -> Result<Option<usize>, ReminderError> {
        let today = jst_date(now);
        let known = self.done.lock().is_ok_and(|done| *done == Some(today));
        let early = jst_instant(today, HOUR, 0).is_ok_and(|begins| now < begins);
        if known || early || !self.take(today).await? {
            return Ok(None);
        }
        let longest = REMINDED_BEFORE.into_iter().max().unwrap_or_default();
        // A day more on each side: the domain counts, this only leaves out what cannot be meant.
        let horizon = now + SignedDuration::from_hours(24 * (longest + 1));
        let filter = WorklistFilter {
            withdrawn: Some(false),
            closes_from: Some(now),
            closes_before: Some(horizon),
            ..WorklistFilter::default()
        };
        let mut written = 0;
        for id in self.service.views.selection(&filter, MOST).await? {
            if let Ok(id) = ApplicationId::parse(&id)
                && self.write_one(&id, now).await?
            {
                written += 1;
            }
        }
        self.finish(today).await?;
        if written > 0 {
            tracing::info!(written, "reminders were written");
        }
        Ok(Some(written))
    }

    async fn write_one(&self, id: &ApplicationId, now: Timestamp) -> Result<bool, ReminderError> {
        let Some((application, _)) = self.service.application(id).await? else {
            return Ok(false);
        };
        // A program that is not configured any more has no deadline that anybody could keep.
        let Some(program) = self.service.programs.get(&id.program) else {
            return Ok(false);
        };
        let (Some(due), Some(state)) = (reminder(&application, program, now), application.state())
        else {
            return Ok(false);
        };
        let mail_id = mail_id(id, &due);
        if self.outbox.has(mail_id).await? {
            return Ok(false);
        }
        let occasion = Occasion {
            kind: NoticeKind::Reminder,
            state,
            event: None,
            program,
            at: now,
        };
        let (template_version, text) = self.composer.compose(&occasion).await?;
        let mail = NewMail {
            id: mail_id,
            application: id.clone(),
            kind: NoticeKind::Reminder,
            sequence: None,
            template_version,
            text,
            held: None,
            created_at: now,
            again: None,
        };
        Ok(self.outbox.put(&mail).await?)
    }

    /// Takes a day; false when it is done, or another node is at it.
    async fn take(&self, day: Date) -> Result<bool, sqlx::Error> {
        let now = shared_time(&self.service.log).await?;
        let taken: u64 = write_in_turn!(self.service.log, pool => {
            sqlx::query(
                "INSERT INTO mail_days (day, holder, leased_until_us) VALUES ($1, $2, $3)
                 ON CONFLICT (day) DO UPDATE SET holder = excluded.holder, leased_until_us = excluded.leased_until_us
                  WHERE mail_days.done_at_us IS NULL AND (mail_days.holder = $2 OR mail_days.leased_until_us < $4)",
            )
                .bind(day.to_string())
                .bind(&self.holder)
                .bind((now + LEASE).as_microsecond())
                .bind(now.as_microsecond())
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        if taken == 0 {
            self.remember_if_done(day).await?;
        }
        Ok(taken == 1)
    }

    async fn remember_if_done(&self, day: Date) -> Result<(), sqlx::Error> {
        let done: Option<Option<i64>> = eventstore::on_database!(self.service.log.database(), pool => {
            sqlx::query_scalar("SELECT done_at_us FROM mail_days WHERE day = $1")
                .bind(day.to_string())
                .fetch_optional(pool)
                .await
        })?;
        if done.flatten().is_some() {
            self.remember(day);
        }
        Ok(())
    }

    async fn finish(&self, day: Date) -> Result<(), sqlx::Error> {
        write_in_turn!(self.service.log, pool => {
            sqlx::query("UPDATE mail_days SET done_at_us = $2 WHERE day = $1")
                .bind(day.to_string())
                .bind(Timestamp::now().as_microsecond())
                .execute(pool)
                .await
                .map(drop)
        })?;
        self.remember(day);
        Ok(())
    }

    fn remember(&self, day: Date) {
        // Forgotten, it is only looked up once more.
        if let Ok(mut done) = self.done.lock() {
            *done = Some(day);
        }
    }
}

/// One for each application, deadline and threshold: an extended deadline is reminded of anew.
fn mail_id(id: &ApplicationId, due: &Reminder) -> Uuid {
    let name = format!("{id}\n{}\n{}", due.closes.as_microsecond(), due.before);
    Uuid::new_v5(&REMINDERS, name.as_bytes())
}
