//! How mails go: once, or honestly not.

use std::collections::BTreeSet;

use api::mail::{CLAIM, MailState, NewMail, Post, Text};
use domain::application::ApplicationId;
use domain::notice::NoticeKind;
use eventstore::CancellationToken;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::smtp::{Manner, SmtpServer, decoded};
use super::{Mailing, deliver, folder};
use crate::patience::until;
use crate::service::{FOURTH, each_service};

fn now() -> Timestamp {
    Timestamp::now()
}

/// So many mails to 臨床 瘍子.
async fn put(mailing: &Mailing<'_>, count: u32) {
    for number in 0..count {
        let mail = NewMail {
            id: Uuid::new_v4(),
            application: ApplicationId::parse(&format!("{FOURTH}.9000001")).unwrap(),
            kind: NoticeKind::Applied,
            sequence: Some(1),
            template_version: 0,
            text: Text {
                subject: format!("{number}通目のお知らせ"),
                body: "葛\u{E0100}城 𠮷野 髙﨑 様\n.\n.点で始まる行\n".to_owned(),
            },
            held: None,
            created_at: now(),
            again: None,
        };
        assert!(mailing.outbox.put(&mail).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_japanese_mail_arrives_as_it_was_written() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        put(&mailing, 1).await;
        let server = SmtpServer::start();
        let delivered = deliver(&mailing.sender_to(&server), now()).await;
        assert_eq!((delivered.sent, delivered.put_off), (1, 0));
        let (mail, taken) = (&mailing.mails().await[0], &server.taken()[0]);
        assert_eq!(taken.subject(), "0通目のお知らせ");
        assert_eq!(taken.body(), mail.text.body);
        assert_eq!(
            taken.header("Message-ID"),
            format!("<{}@example.jp>", mail.id)
        );
        assert_eq!(taken.header("Auto-Submitted"), "auto-generated");
        assert_eq!(
            decoded(&taken.header("From")),
            "日本臨床学会 事務局 <shinsei@example.jp>"
        );
        assert!(taken.text.is_ascii());
        assert_eq!(mail.state, MailState::Sent);
        assert_eq!(mail.recipient.as_deref(), Some("member9000001@example.jp"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_whose_sender_died_is_nobodys_until_its_claim_is_over() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        put(&mailing, 1).await;
        let began = now();
        let claimed = mailing
            .outbox
            .claim("somebody who dies", (began, began + CLAIM))
            .await;
        assert!(claimed.unwrap().is_some());
        let (_directory, folder) = folder();
        let sender = mailing.sender(Post::Folder(folder.clone()));
        assert_eq!(deliver(&sender, began).await.sent, 0);
        assert_eq!(
            deliver(&sender, began + CLAIM + SignedDuration::from_secs(1))
                .await
                .sent,
            1
        );
        assert_eq!(deliver(&sender, began + CLAIM * 3).await.sent, 0);
        let files = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, 1);
        let mail = &mailing.mails().await[0];
        assert_eq!((mail.state, mail.attempts), (MailState::Sent, 2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_that_dies_before_the_servers_answer_sends_the_same_message_again() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        put(&mailing, 1).await;
        let server = SmtpServer::start();
        server.will(&[Manner::TakesInSilence]);
        let (began, sender) = (now(), mailing.sender_to(&server));
        let stop = CancellationToken::new();
        tokio::select! {
            ended = sender.deliver(began, &stop) => panic!("it waits for the answer: {ended:?}"),
            () = until("the mail is taken", async || server.taken().len() == 1) => {}
        }
        assert_eq!(mailing.mails().await[0].state, MailState::Waiting);
        deliver(
            &mailing.sender_to(&server),
            began + CLAIM + SignedDuration::from_secs(1),
        )
        .await;
        let ids: BTreeSet<_> = server
            .taken()
            .iter()
            .map(|taken| taken.header("Message-ID"))
            .collect();
        assert_eq!(
            (server.taken().len(), ids.len()),
            (2, 1),
            "told twice, and known as one"
        );
        assert_eq!(mailing.mails().await[0].state, MailState::Sent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_senders_share_an_outbox_and_send_each_mail_once() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        put(&mailing, 20).await;
        let server = SmtpServer::start();
        let (one, other) = (mailing.sender_to(&server), mailing.sender_to(&server));
        let at = now();
        let mut sent = 0;
        while sent < 20 {
            let (first, second) = tokio::join!(deliver(&one, at), deliver(&other, at));
            assert!(first.sent + second.sent > 0, "{sent} were sent");
            sent += first.sent + second.sent;
        }
        let ids: BTreeSet<_> = server
            .taken()
            .iter()
            .map(|taken| taken.header("Message-ID"))
            .collect();
        assert_eq!((server.taken().len(), ids.len()), (20, 20));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_not_now_is_asked_again_later_and_later() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        put(&mailing, 1).await;
        let server = SmtpServer::start();
        server.will(&[
            Manner::Refuses("451 4.7.1 <member9000001@example.jp> greylisted"),
            Manner::Refuses("452 4.2.2 later"),
        ]);
        let (began, sender) = (now(), mailing.sender_to(&server));
        let after = |seconds| began + SignedDuration::from_secs(seconds);
        assert_eq!(deliver(&sender, began).await.put_off, 1);
        let mail = mailing.mails().await.remove(0);
        assert_eq!(
            (mail.state, mail.error.as_deref()),
            (MailState::Waiting, Some("smtp-451"))
        );
        assert_eq!(mail.recipient, None);
        assert_eq!(
            deliver(&sender, after(30)).await,
            api::mail::Delivered::default()
        );
        // The first pause is a minute from the attempt, for which a busy machine may have taken half of one.
        assert_eq!(deliver(&sender, after(90)).await.put_off, 1);
        assert_eq!(
            deliver(&sender, after(200)).await.sent,
            0,
            "the second pause is twice as long"
        );
        assert_eq!(deliver(&sender, after(240)).await.sent, 1);
        let mail = mailing.mails().await.remove(0);
        assert_eq!(
            (mail.state, mail.attempts, mail.error),
            (MailState::Sent, 3, None)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_never_is_not_asked_again_and_one_that_is_away_is() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        put(&mailing, 3).await;
        let server = SmtpServer::start();
        server.will(&[
            Manner::Refuses("550 5.1.1 no such user"),
            Manner::Refuses("535 5.7.8 not let in"),
        ]);
        let (began, sender) = (now(), mailing.sender_to(&server));
        let delivered = deliver(&sender, began).await;
        assert_eq!(
            (delivered.given_up, delivered.put_off, delivered.sent),
            (1, 1, 0)
        );
        assert!(
            delivered.unreachable,
            "whom the server does not let in need not try the rest"
        );
        let nobody = Post::smtp("smtp://127.0.0.1:1", &super::from()).unwrap();
        let away = deliver(
            &mailing.sender(nobody),
            began + SignedDuration::from_secs(1),
        )
        .await;
        assert_eq!((away.put_off, away.unreachable), (1, true));
        let later = deliver(&sender, began + SignedDuration::from_mins(3)).await;
        assert_eq!(later.sent, 2);
        let mut errors: Vec<_> = mailing
            .mails()
            .await
            .into_iter()
            .map(|mail| mail.error)
            .collect();
        errors.sort();
        assert_eq!(errors, [None, None, Some("smtp-550".to_owned())]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_without_an_address_is_held_until_there_is_one() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        put(&mailing, 1).await;
        let staff = service.secretariat();
        let import = |email: &str| {
            let file = include_str!("../../../api/src/demonstration/members.csv");
            let (head, rest) = file.split_once('\n').unwrap();
            let line = rest
                .lines()
                .next()
                .unwrap()
                .replace("member9000001@example.jp", email);
            let imported = staff
                .post("/api/v1/imports/members")
                .bytes("text/csv", format!("{head}\n{line}\n").into_bytes())
                .send();
            assert_eq!(imported.status, 200, "{imported:?}");
        };
        import("なし");
        let server = SmtpServer::start();
        let sender = mailing.sender_to(&server);
        assert_eq!(deliver(&sender, now()).await.given_up, 1);
        let mail = mailing.mails().await.remove(0);
        assert_eq!(
            (mail.state, mail.error.as_deref()),
            (MailState::Held, Some("no-address"))
        );
        import("yoko@new.example.jp");
        let again = staff
            .post(&format!("/api/v1/mails/{}/resend", mail.id))
            .json(&json!({ "reason": "アドレスが登録されたため" }))
            .send();
        again.created();
        assert_eq!(deliver(&sender, now()).await.sent, 1);
        assert!(
            server.taken()[0]
                .recipient
                .contains("<yoko@new.example.jp>")
        );
    })
    .await;
}
