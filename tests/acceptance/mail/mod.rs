//! メール: written once for each event, sent by a real server's rules, kept as it was sent.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod desk;
mod events;
mod log;
mod reminders;
mod sending;
pub mod smtp;
mod templates;

use std::path::PathBuf;

use api::mail::{
    Delivered, Letterhead, Mail, MailFilter, MailSettings, Notices, Outbox, Post, Sender, begin,
};
use eventstore::CancellationToken;
use jiff::Timestamp;
use projections::{Runner, ViewName};
use tempfile::TempDir;

use self::smtp::SmtpServer;
use crate::databases::all_sealed;
use crate::service::TestService;

/// The mail of a service whose follower and sender go step by step, as the test says.
pub struct Mailing<'a> {
    service: &'a TestService,
    outbox: Outbox,
}

impl<'a> Mailing<'a> {
    /// Mail is switched on now.
    pub async fn on(service: &'a TestService) -> Self {
        begin(&service.inside.log).await.unwrap();
        Self {
            service,
            outbox: Outbox::new(service.inside.log.clone()),
        }
    }

    /// The follower sees everything that it has not seen.
    pub async fn follow(&self) {
        all_sealed(&self.service.inside.log).await;
        let link = Some("https://shinsei.example.jp".to_owned());
        Runner::new(self.service.inside.log.clone())
            .follow(Notices::new(self.service.inside.clone(), link))
            .catch_up("mail")
            .await
            .unwrap();
    }

    /// 申請一覧 is as new as the log.
    async fn list_is_new(&self) {
        all_sealed(&self.service.inside.log).await;
        Runner::new(self.service.inside.log.clone())
            .catch_up(ViewName::Worklist.as_str())
            .await
            .unwrap();
    }

    /// Every mail, oldest first.
    pub async fn mails(&self) -> Vec<Mail> {
        let all = MailFilter::default();
        let (mut mails, total) = self.outbox.list(&all, (0, 1_000)).await.unwrap();
        assert_eq!(i64::try_from(mails.len()).unwrap(), total);
        mails.reverse();
        mails
    }

    /// Their kinds, in the order of the words.
    async fn kinds(&self) -> Vec<&'static str> {
        let mut kinds: Vec<_> = self
            .mails()
            .await
            .iter()
            .map(|mail| mail.kind.as_str())
            .collect();
        kinds.sort_unstable();
        kinds
    }

    fn sender(&self, post: Post) -> Sender {
        Sender::new(self.service.inside.clone(), settings(post))
    }

    /// A sender that speaks to a server.
    fn sender_to(&self, server: &SmtpServer) -> Sender {
        self.sender(to(server))
    }
}

fn from() -> Letterhead {
    Letterhead::parse("日本臨床学会 事務局 <shinsei@example.jp>").unwrap()
}

fn settings(post: Post) -> MailSettings {
    MailSettings { from: from(), post }
}

fn to(server: &SmtpServer) -> Post {
    Post::smtp(&server.url(), &from()).unwrap()
}

/// A folder of the test's own.
fn folder() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let folder = directory.path().join("mail");
    (directory, folder)
}

async fn deliver(sender: &Sender, at: Timestamp) -> Delivered {
    sender.deliver(at, &CancellationToken::new()).await.unwrap()
}
