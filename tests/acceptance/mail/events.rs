//! Which events are told, and that each is told once.

use api::Exposure;
use eventstore::on_database;
use serde_json::json;

use super::smtp::SmtpServer;
use super::{Mailing, settings, to};
use crate::databases::each_database;
use crate::service::{FOURTH, TestService, each_service};

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
