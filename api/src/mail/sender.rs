//! Carries what is due to where it goes.
//!
//! A mail is claimed before anything is said to a server, so two nodes never send the same one at the same time. SMTP cannot be exactly
//! once: who dies between the server's "250" and the note in the outbox cannot know, and the mail goes once more when the claim is over. It
//! goes under the same Message-ID, by which mail systems show it once.

use std::time::{Duration, Instant};

use eventstore::CancellationToken;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    Mail, MailSettings, MailState, NotSent, Outbox,
    letter::{address_of, letter},
    outbox::Outcome,
};
use crate::{clock::shared_time, service::Service};

/// How long a mail is taken: longer than any conversation with a server lasts.
pub const CLAIM: SignedDuration = SignedDuration::from_mins(5);

/// Most mails before other work of the task is looked at.
const BATCH: usize = 100;

/// Pause after the server could not be reached, for the whole outbox: the next mail would not fare better.
pub(super) const REST: Duration = Duration::from_secs(30);

/// The longest pause between two attempts of a mail.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(4);

/// The longest pause while the server is away: when it is back, nobody is to wait for hours.
const PAUSE_WHILE_AWAY: SignedDuration = SignedDuration::from_mins(5);

/// A server that says "not now" for so long, and was asked so often, will not say otherwise. Both, as a service that stood still for days
/// has not asked.
const PATIENCE: SignedDuration = SignedDuration::from_hours(96);
const LEAST_ATTEMPTS: u32 = 10;

/// How long the end of the service waits for a conversation.
const GRACE: Duration = Duration::from_secs(10);

/// Sends mails.
pub struct Sender {
    service: Service,
    outbox: Outbox,
    settings: MailSettings,
    holder: String,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// How many went.
    pub sent: usize,
    /// How many are tried again.
    pub put_off: usize,
    /// How many nobody tries again by itself.
    pub given_up: usize,
    /// Whether the server could not be reached, so that the rest was left for later.
    pub unreachable: bool,
}

/// Why the outbox could not be worked off. It carries no fact of a member.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The member's address could not be read.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
    /// The outbox failed.
    #[error("the outbox can not be read or written")]
    Outbox(#[from] sqlx::Error),
}

/// The pause after so many attempts: one minute, doubled each time, up to four hours.
pub fn pause_after(attempts: u32) -> SignedDuration {
    let minutes = 1_i64 << attempts.saturating_sub(1).min(8);
    SignedDuration::from_mins(minutes).min(LONGEST_PAUSE)
}

impl Sender {
    /// On a service.
    pub fn new(service: Service, settings: MailSettings) -> Self {
        Self {
            outbox: Outbox::new(service.log.clone()),
            service,
            settings,
            holder: Uuid::new_v4().to_string(),
        }
    }

    /// Sends what is due, until it is told to stop. What is due, and who has claimed it until when, goes by the clock of the database:
    /// two nodes whose own clocks are minutes apart would send the same mail.
    ///
    /// # Errors
    /// See [`DeliveryError`].
    pub async fn deliver_what_is_due(
        &self,
        stop: &CancellationToken,
    ) -> Result<Delivered, DeliveryError> {
        let now = shared_time(&self.service.log).await?;
        self.deliver(now, stop).await
    }

    /// Sends what is due at a moment of the database's clock, until it is told to stop.
    ///
    /// # Errors
    /// See [`DeliveryError`]. A mail that was claimed then is tried again when the claim is over.
    pub async fn deliver(
        &self,
        now: Timestamp,
        stop: &CancellationToken,
    ) -> Result<Delivered, DeliveryError> {
        let began = Instant::now();
        let mut delivered = Delivered::default();
        for _ in 0..BATCH {
            if stop.is_cancelled() {
                break;
            }
            let passed = SignedDuration::try_from(began.elapsed()).unwrap_or(CLAIM);
            let now = now + passed;
            let Some(mail) = self.outbox.claim(&self.holder, (now, now + CLAIM)).await? else {
                break;
            };
            let attempt = self.attempt(&mail, now);
            let outcome = tokio::select! {
                outcome = attempt => outcome?,
                // Nothing is noted: whether it went is not known, and the claim ends by itself.
                () = out_of_grace(stop) => break,
            };
            match &outcome {
                (Outcome::Sent { .. }, _) => delivered.sent += 1,
                (Outcome::PutOff { .. }, unreachable) => {
                    delivered.put_off += 1;
                    delivered.unreachable = *unreachable;
                }
                (Outcome::GivenUp { .. }, _) => delivered.given_up += 1,
            }
            self.note(&mail, &outcome.0).await?;
            if delivered.unreachable {
                break;
            }
        }
        Ok(delivered)
    }

    /// One attempt: what became of it, and whether it was the way that failed and not the mail.
    async fn attempt(
        &self,
        mail: &Mail,
        now: Timestamp,
    ) -> Result<(Outcome, bool), eventstore::Error> {
        let given_up = |state, error: String| (Outcome::GivenUp { state, error }, false);
        let member = self.service.member(&mail.application.member).await?;
        let record = member.and_then(|member| member.record);
        let Some(address) = record.and_then(|record| address_of(&record.email)) else {
            return Ok(given_up(MailState::Held, "no-address".to_owned()));
        };
        let Ok(letter) = letter(mail.id, &mail.text, &self.settings.from, &address) else {
            return Ok(given_up(MailState::Failed, "unwritable".to_owned()));
        };
        let refused = match self.settings.post.send(mail.id, letter).await {
            Ok(()) => {
                let sent = Outcome::Sent {
                    recipient: address.to_string(),
                    via: self.settings.post.as_str(),
                    at: self.service.clock.now(),
                };
                return Ok((sent, false));
            }
            Err(refused) => refused,
        };
        let error = refused.to_string();
        let put_off = |pause| Outcome::PutOff {
            error: refused.to_string(),
            until: now + pause,
        };
        let pause = pause_after(mail.attempts);
        let waited = self.service.clock.now().duration_since(mail.created_at);
        let in_vain = mail.attempts >= LEAST_ATTEMPTS && waited > PATIENCE;
        Ok(match refused {
            NotSent::Refused(_) => given_up(MailState::Failed, error),
            NotSent::Deferred(_) if in_vain => given_up(MailState::Failed, error),
            NotSent::Deferred(_) => (put_off(pause), false),
            // However long the server is away: its absence says nothing about the mail.
            NotSent::Unreachable(_) | NotSent::Folder => {
                (put_off(pause.min(PAUSE_WHILE_AWAY)), true)
            }
        })
    }

    async fn note(&self, mail: &Mail, outcome: &Outcome) -> Result<(), sqlx::Error> {
        let (word, error) = match outcome {
            Outcome::Sent { .. } => ("sent", None),
            Outcome::PutOff { error, .. } => ("put_off", Some(error)),
            Outcome::GivenUp { state, error } => (state.as_str(), Some(error)),
        };
        metrics::counter!("shinsei_mails_total", "outcome" => word).increment(1);
        if let Some(error) = error {
            tracing::warn!(mail = %mail.id, attempts = mail.attempts, outcome = word, error, "a mail did not go");
        }
        if !self.outbox.note(mail.id, &self.holder, outcome).await? {
            tracing::warn!(mail = %mail.id, outcome = word, "a mail was taken by another node meanwhile");
        }
        Ok(())
    }
}

async fn out_of_grace(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_a_minute_up_to_four_hours() {
        let minutes: Vec<_> = (1..=11).map(|n| pause_after(n).as_mins()).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240]);
        assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
    }
}
