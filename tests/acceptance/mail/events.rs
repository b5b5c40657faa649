//! Which events are told, and that each is told once.

use api::mail::{Mail, MailState};
use api::{Call, Exposure};
use domain::application::{Act, ApplicationCommand, ApplicationId, SocietyCommand};
use domain::proposal::{Approval, ApprovalKind};
use domain::{Actor, Role};
use eventstore::on_database;
use serde_json::json;
use uuid::Uuid;

use super::smtp::SmtpServer;
use super::{Mailing, settings, to};
use crate::databases::each_database;
use crate::intake::{Desk, PAYMENTS, exam_fee};
use crate::service::{FOURTH, TestService, each_service, eventually};

/// The follower forgets how far it was: everything comes again.
async fn forget_how_far(service: &TestService) {
    on_database!(service.inside.log.database(), pool => {
        sqlx::query("UPDATE effects SET checkpoint = 0 WHERE name = 'mail'").execute(pool).await.map(drop)
    })
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_told_once_however_often_the_follower_sees_it() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        yoko.person.post(&yoko.path("/withdrawal")).send().ok();
        yoko.apply("documents_only").created();
        mailing.follow().await;
        let first = mailing.mails().await;
        assert_eq!(mailing.kinds().await, ["applied", "applied", "withdrawn"]);
        forget_how_far(service).await;
        mailing.follow().await;
        assert_eq!(mailing.mails().await, first);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_decided_before_mail_was_switched_on_is_never_told() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let mailing = Mailing::on(service).await;
        mailing.follow().await;
        assert!(mailing.mails().await.is_empty());
        yoko.person.post(&yoko.path("/withdrawal")).send().ok();
        // Read from the beginning again, and switched on again by another start: history stays history.
        forget_how_far(service).await;
        let mailing = Mailing::on(service).await;
        mailing.follow().await;
        assert_eq!(mailing.kinds().await, ["withdrawn"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_or_noted_is_not_told_and_a_payment_is() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let mailing = Mailing::on(service).await;
        yoko.fill_in_required_documents();
        let staff = service.secretariat();
        staff
            .post(&yoko.path("/payments"))
            .json(&json!({
                "transaction": "TX-1", "item": "exam_fee", "amount_yen": 11000, "paid_on": "2026-06-03",
                "payer": "リンショウ", "reason": "通帳で確認",
            }))
            .send()
            .ok();
        mailing.follow().await;
        let mails = mailing.mails().await;
        assert_eq!(mailing.kinds().await, ["payment_confirmed"]);
        let text = &mails[0].text;
        assert!(text.subject.ends_with("ご入金を確認しました（受験料）"), "{}", text.subject);
        for told in ["臨床 瘍子 様", "金額: 11,000円", "入金日: 2026年6月3日", "画面: https://shinsei.example.jp"] {
            assert!(text.body.contains(told), "{told}: {}", text.body);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_paid_before_applying_is_not_told_how_to_pay() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        let desk = Desk::of(service);
        let paid = desk.import(
            "payments",
            &format!("{PAYMENTS}{}", exam_fee("T1", "9000001", "ﾘﾝｼﾖｳ")),
        );
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        // The payment was another member's after all, and she applies once more.
        assert_eq!(desk.taken_back(&paid["id"])[0].1, "taken_back");
        eventually(&1, || yoko.history("event=PaymentReversed").len());
        yoko.person.post(&yoko.path("/withdrawal")).send().ok();
        yoko.apply("documents_and_exam").created();
        mailing.follow().await;
        let applied =
            |mail: &Mail| (mail.kind.as_str() == "applied").then(|| mail.text.body.clone());
        let told: Vec<_> = mailing.mails().await.iter().filter_map(applied).collect();
        let asks_to_pay: Vec<_> = told
            .iter()
            .map(|text| text.contains("受験料の納入方法"))
            .collect();
        assert_eq!(asks_to_pay, [false, true], "{told:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_service_writes_to_the_member_and_shows_the_secretariat_what_it_wrote() {
    each_database(async |database| {
        let server = SmtpServer::start();
        let exposure = Exposure {
            mail: Some(settings(to(&server))),
            ..Exposure::local()
        };
        let service = TestService::exposed(database, exposure).await;
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let taken = server.taken_at_last(1);
        let staff = service.secretariat();
        let line = {
            let mut line = json!(null);
            crate::service::eventually(&json!("sent"), || {
                let listed = staff
                    .get(&format!(
                        "/api/v1/mails?application={}&kind=applied",
                        yoko.id
                    ))
                    .ok();
                line = listed["mails"][0].clone();
                line["state"].clone()
            });
            line
        };
        let mail = staff
            .get(&format!("/api/v1/mails/{}", line["id"].as_str().unwrap()))
            .ok();
        assert_eq!(taken[0].subject(), mail["subject"]);
        assert_eq!(taken[0].body(), mail["body"]);
        assert_eq!(mail["recipient"], "member9000001@example.jp");
        assert_eq!(mail["via"], "smtp");
        assert!(
            taken[0].recipient.contains("<member9000001@example.jp>"),
            "{}",
            taken[0].recipient
        );
        let own = yoko.person.get("/api/v1/access-log/mine").ok();
        assert_eq!(own["entries"][0]["what"], "お知らせのメール", "{own}");
        service.stop().await;
        assert_eq!(server.taken().len(), 1);
    })
    .await;
}

/// An act of the secretariat, as it stands in the log.
async fn act(service: &TestService, id: &str, act: Act, explanation: &str) {
    let id = ApplicationId::parse(id).unwrap();
    let (application, _) = service.inside.application(&id).await.unwrap().unwrap();
    let command = ApplicationCommand::Society(SocietyCommand {
        approved: act
            .needs_two_persons(application.state().unwrap())
            .then(|| Approval {
                proposal: Uuid::new_v4(),
                kind: ApprovalKind::TwoPersons,
            }),
        act,
        explanation: explanation.to_owned(),
        reason: "内部の目印".to_owned(),
        seen: application.state().map(|state| state.review.revision),
    });
    let call = Call {
        actor: Actor {
            role: Role::Secretariat,
            id: "tanaka".to_owned(),
        },
        command_id: Uuid::new_v4(),
        request_hash: [0; 32],
        correlation_id: Uuid::new_v4(),
        causation_id: None,
        reason: Some("内部の目印".to_owned()),
        counts_for: None,
    };
    let done = service.inside.command_application(&id, command, call).await;
    done.unwrap();
}

/// Undoes the last decision.
async fn undo(service: &TestService, id: &str, explanation: &str) {
    let application = ApplicationId::parse(id).unwrap();
    let (found, _) = service
        .inside
        .application(&application)
        .await
        .unwrap()
        .unwrap();
    let event = found.state().unwrap().last_decision().unwrap().event;
    act(service, id, Act::Undo { event }, explanation).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_of_an_undone_decision_is_dropped_before_it_goes_and_corrected_after_it_went() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let told = "期限までにお手続きがなかったため。";
        act(service, &yoko.id, Act::Lapse, told).await;
        mailing.follow().await;
        let state = |mails: &[Mail], kind: &str| -> Vec<MailState> {
            let of_kind = mails.iter().filter(|mail| mail.kind.as_str() == kind);
            of_kind.map(|mail| mail.state).collect()
        };
        let mails = mailing.mails().await;
        let lapsed = mails
            .iter()
            .find(|mail| mail.kind.as_str() == "lapsed")
            .unwrap();
        assert!(lapsed.text.body.contains(told), "{}", lapsed.text.body);
        // Undone before it has gone: nobody is told anything.
        undo(service, &yoko.id, "誤りでした。").await;
        mailing.follow().await;
        let server = SmtpServer::start();
        super::deliver(&mailing.sender_to(&server), jiff::Timestamp::now()).await;
        assert_eq!(server.taken().len(), 1, "the mail of 申込 alone");
        let mails = mailing.mails().await;
        assert_eq!(state(&mails, "lapsed"), [MailState::Cancelled]);
        assert_eq!(state(&mails, "decision_undone"), []);
        let desk = service.secretariat();
        let id = mails
            .iter()
            .find(|mail| mail.kind.as_str() == "lapsed")
            .unwrap()
            .id;
        desk.post(&format!("/api/v1/mails/{id}/resend"))
            .json(&json!({ "reason": "もう一度" }))
            .send()
            .refused(409, "wrong-state");

        // Undone after it went: a correction follows, with the explanation.
        act(service, &yoko.id, Act::Lapse, told).await;
        mailing.follow().await;
        super::deliver(&mailing.sender_to(&server), jiff::Timestamp::now()).await;
        let corrected = "事務局の手続きに誤りがあったため、失効を取り消しました。";
        undo(service, &yoko.id, corrected).await;
        mailing.follow().await;
        super::deliver(&mailing.sender_to(&server), jiff::Timestamp::now()).await;
        let taken = server.taken();
        assert_eq!(taken.len(), 3);
        let correction = &taken[2];
        assert!(
            correction.subject().contains("お知らせの訂正"),
            "{}",
            correction.subject()
        );
        assert!(
            correction.body().contains("「失効」は、取り消しました"),
            "{}",
            correction.body()
        );
        assert!(correction.body().contains(corrected));
        for mail in &taken {
            assert!(!mail.body().contains("内部の目印") && !mail.body().contains("tanaka"));
        }
        // Seen again, it is written no second time.
        let before = mailing.mails().await;
        forget_how_far(service).await;
        mailing.follow().await;
        assert_eq!(mailing.mails().await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_whose_import_is_taken_back_is_corrected_where_it_was_told() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        let server = SmtpServer::start();
        let desk = Desk::of(service);
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        desk.import(
            "payments",
            &format!("{PAYMENTS}{}", exam_fee("T1", "9000001", "ﾘﾝｼﾖｳ")),
        );
        eventually(&true, || desk.status(&yoko.id).contains("入金確認済み"));
        let of_result = || async {
            mailing.follow().await;
            super::deliver(&mailing.sender_to(&server), jiff::Timestamp::now()).await;
            let taken = server.taken().into_iter().map(|mail| mail.subject());
            taken
                .filter(|subject| subject.contains("筆記試験") || subject.contains("訂正"))
                .count()
        };
        let result = "会員番号,結果\r\n9000001,合格\r\n";
        // Taken back before its mail has gone, nobody is told of either.
        let unread = desk.import("exam-results", result);
        assert_eq!(desk.taken_back(&unread["id"])[0].1, "taken_back");
        assert_eq!(of_result().await, 0);
        let read = desk.import("exam-results", &format!("{result}\r\n"));
        assert_eq!(of_result().await, 1);
        assert_eq!(desk.taken_back(&read["id"])[0].1, "taken_back");
        assert_eq!(of_result().await, 2);
        let correction = server.taken().pop().unwrap();
        assert!(
            correction
                .body()
                .contains("「筆記試験の結果」は、取り消しました"),
            "{}",
            correction.body()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edited_text_without_a_place_for_the_explanation_tells_it_all_the_same() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        let staff = service.secretariat();
        let edited = json!({ "subject": "失効のお知らせ", "body": "失効となりました。" });
        staff
            .put("/api/v1/mail-templates/lapsed")
            .json(&edited)
            .revision(0)
            .send()
            .ok();
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        act(service, &yoko.id, Act::Lapse, "お手続きがなかったため。").await;
        mailing.follow().await;
        let mails = mailing.mails().await;
        let lapsed = mails
            .iter()
            .find(|mail| mail.kind.as_str() == "lapsed")
            .unwrap();
        assert_eq!(lapsed.text.subject, "失効のお知らせ");
        assert!(
            lapsed.text.body.contains("お手続きがなかったため。"),
            "{}",
            lapsed.text.body
        );
    })
    .await;
}
