//! メール: what members are written, kept as it was sent.
//!
//! A follower of the ledger ([`Notices`]) writes a row of the outbox for each event that calls for a mail; a daily job ([`Reminders`])
//! does so for deadlines; the [`Sender`] carries what is due to the mail server and writes down what became of it. None of them knows
//! which events call for what: that is `domain::notice`. Routes and pages ask [`desk`].
//!
//! Why it is built like this: `docs/decisions/0010-mail.md`.

mod composition;
pub(crate) mod desk;
mod letter;
mod notices;
mod outbox;
mod post;
mod reminders;
mod sender;
mod settings;
mod template;
mod templates;

pub use letter::Letterhead;
pub use notices::{NoticeError, Notices, begin};
pub use outbox::{Mail, MailFilter, MailState, NewMail, Outbox};
pub use post::{NotSent, Post, try_folder};
pub use reminders::{ReminderError, Reminders};
pub use sender::{CLAIM, Delivered, DeliveryError, Sender, pause_after};
pub use settings::{MailSettings, MailSettingsError};
pub use template::{Text, check, render};
pub use templates::{Current, Edit, Templates};

use crate::app::App;

/// What is due is looked for this often.
const TICK: std::time::Duration = std::time::Duration::from_secs(2);

/// Sends and reminds until it is cancelled.
pub(crate) async fn run(
    app: App,
    settings: MailSettings,
    cancellation: eventstore::CancellationToken,
) {
    let service = app.service().clone();
    let reminders = Reminders::new(service.clone(), app.link());
    let sender = Sender::new(service, settings);
    let mut resting = TICK;
    while cancellation
        .run_until_cancelled(tokio::time::sleep(resting))
        .await
        .is_some()
    {
        if let Err(error) = reminders.write_those_of_today().await {
            tracing::error!(%error, "the reminders of the day could not be written");
        }
        resting = match sender.deliver_what_is_due(&cancellation).await {
            Ok(delivered) if delivered.unreachable => sender::REST,
            Ok(_) => TICK,
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read or written");
                TICK
            }
        };
    }
}
