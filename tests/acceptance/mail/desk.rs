//! What the secretariat does with mails.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::smtp::SmtpServer;
use super::{Mailing, deliver};
use crate::service::{FIRST_TO_THIRD, FOURTH, Person, each_service};

fn listed(staff: &Person, query: &str) -> Vec<Value> {
    let answer = staff.get(&format!("/api/v1/mails?{query}")).ok();
    answer["mails"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_is_sent_again_with_a_reason_and_the_repetition_names_the_first() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        service.applicant("9000001", FOURTH, "documents_and_exam");
        mailing.follow().await;
        let staff = service.secretariat();
        let id = listed(&staff, "")[0]["id"].as_str().unwrap().to_owned();
        let resend = |reason: &str, key: &str| {
            staff
                .post(&format!("/api/v1/mails/{id}/resend"))
                .json(&json!({ "reason": reason }))
                .key(key)
                .send()
        };
        resend("依頼があったため", "k0").refused(409, "mail-waiting");
        let server = SmtpServer::start();
        let sender = mailing.sender_to(&server);
        deliver(&sender, Timestamp::now()).await;
        resend(" ", "k1").refused(422, "invalid");
        let again = resend("依頼があったため", "k2").created();
        assert_eq!(again["resend_of"], id);
        assert_eq!(
            resend("依頼があったため", "k2").created()["id"],
            again["id"]
        );
        resend("別の理由", "k2").refused(422, "idempotency-key-reused");
        deliver(&sender, Timestamp::now()).await;
        let taken = server.taken();
        assert_eq!(taken.len(), 2);
        assert_eq!(taken[0].body(), taken[1].body());
        assert_ne!(
            taken[0].header("Message-ID"),
            taken[1].header("Message-ID"),
            "it is to be seen"
        );
        let shown = staff
            .get(&format!("/api/v1/mails/{}", again["id"].as_str().unwrap()))
            .ok();
        assert_eq!(shown["reason"], "依頼があったため");
        assert_eq!(shown["requested_by"], "secretariat:demo");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_came_back_is_noted_once_it_had_gone() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        service.applicant("9000001", FOURTH, "documents_and_exam");
        mailing.follow().await;
        let staff = service.secretariat();
        let id = listed(&staff, "")[0]["id"].as_str().unwrap().to_owned();
        let bounce = |note: &str| {
            staff
                .post(&format!("/api/v1/mails/{id}/bounce"))
                .json(&json!({ "note": note }))
                .send()
        };
        bounce("宛先不明").refused(409, "mail-not-sent");
        let server = SmtpServer::start();
        deliver(&mailing.sender_to(&server), Timestamp::now()).await;
        bounce("").refused(422, "invalid");
        assert_eq!(bounce("宛先不明").ok()["state"], "bounced");
        assert_eq!(bounce("もう一度").ok()["state"], "bounced");
        let shown = staff.get(&format!("/api/v1/mails/{id}")).ok();
        assert_eq!(
            shown["bounce_note"], "宛先不明",
            "what was noted first stays"
        );
        assert_eq!(shown["state_label"], "不達");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_asked_by_application_state_and_kind_and_never_shows_a_text() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        yoko.person.post(&yoko.path("/withdrawal")).send().ok();
        service.applicant("9000002", FIRST_TO_THIRD, "documents_only");
        mailing.follow().await;
        let staff = service.secretariat();
        assert_eq!(listed(&staff, "").len(), 3);
        assert_eq!(listed(&staff, &format!("application={}", yoko.id)).len(), 2);
        assert_eq!(listed(&staff, "kind=withdrawn&state=waiting").len(), 1);
        assert_eq!(listed(&staff, "state=sent").len(), 0);
        assert_eq!(listed(&staff, "limit=2&page=2").len(), 1);
        assert!(listed(&staff, "application=nothing").is_empty());
        for wrong in [
            "state=gone",
            "kind=x",
            "page=0",
            "limit=0",
            "application=%00",
            "page=x",
        ] {
            staff
                .get(&format!("/api/v1/mails?{wrong}"))
                .refused(400, "malformed-address");
        }
        let list = staff.get("/api/v1/mails");
        assert!(
            !list.text.contains("瘍子") && !list.text.contains('@'),
            "{}",
            list.text
        );
        for unknown in ["x", &Uuid::new_v4().to_string()] {
            staff
                .get(&format!("/api/v1/mails/{unknown}"))
                .refused(404, "unknown-mail");
            for (act, body) in [
                ("resend", json!({ "reason": "r" })),
                ("bounce", json!({ "note": "n" })),
            ] {
                let asked = staff
                    .post(&format!("/api/v1/mails/{unknown}/{act}"))
                    .json(&body);
                asked.send().refused(404, "unknown-mail");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_a_mail_stands_in_the_access_log_of_its_member() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        service.applicant("9000001", FOURTH, "documents_and_exam");
        mailing.follow().await;
        let staff = service.secretariat();
        let id = listed(&staff, "")[0]["id"].as_str().unwrap().to_owned();
        staff.get(&format!("/api/v1/mails/{id}")).ok();
        let operations = |query: &str| -> Vec<String> {
            let log = staff.get(&format!("/api/v1/access-log?{query}")).ok();
            let entries = log["entries"].as_array().unwrap().iter();
            entries
                .map(|entry| entry["operation"].as_str().unwrap().to_owned())
                .collect()
        };
        let of_yoko = operations("member=9000001");
        assert!(
            of_yoko.contains(&"GET /api/v1/mails/{mail}".to_owned()),
            "{of_yoko:?}"
        );
        let all = operations("");
        assert!(all.contains(&"GET /api/v1/mails".to_owned()), "{all:?}");
    })
    .await;
}
