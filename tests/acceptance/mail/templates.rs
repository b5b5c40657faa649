//! The texts: edited by the secretariat, checked when they are saved, shown as they will be sent.

use domain::notice::NoticeKind;
use serde_json::json;

use super::Mailing;
use crate::service::{FOURTH, each_service};

const APPLIED: &str = "/api/v1/mail-templates/applied";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_no_mail_can_be_written_from_is_refused_with_its_place() {
    each_service(async |service| {
        let staff = service.secretariat();
        let save = |subject: &str, body: &str| {
            let text = json!({ "subject": subject, "body": body });
            staff.put(APPLIED).json(&text).revision(0).send()
        };
        for (subject, body, pointer, told) in [
            (
                "件名",
                "1行目\n{{ 不足項目 }}",
                "/body",
                "2行目: 「{{ 不足項目 }}」という差し込み項目はありません。",
            ),
            (
                "{{ 氏 }}",
                "本文",
                "/subject",
                "1行目: 「{{ 氏 }}」という差し込み項目はありません。",
            ),
            (
                "件名",
                "{{ 氏名 様",
                "/body",
                "1行目: 書き方に誤りがあります。",
            ),
            (
                "件名\n2行目",
                "本文",
                "/subject",
                "件名 は改行のない1行で入力してください。",
            ),
            ("件名", " ", "/body", "本文 を入力してください。"),
        ] {
            let refused = save(subject, body);
            let problem = refused.refused(422, "invalid");
            assert_eq!(refused.pointers(), [pointer]);
            let message = problem["errors"][0]["message"].as_str().unwrap();
            assert!(message.starts_with(told), "{message}");
        }
        assert_eq!(staff.get(APPLIED).ok()["version"], 0, "nothing was saved");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_version_stays_and_a_stale_one_is_refused_with_both() {
    each_service(async |service| {
        let staff = service.secretariat();
        let text = |body: &str| json!({ "subject": "件名", "body": body });
        let save = |body: &str, base: u32| staff.put(APPLIED).json(&text(body)).revision(base);
        let first = save("一", 0).key("k1");
        let saved = first.clone().send();
        assert_eq!(
            (saved.ok()["version"].clone(), saved.revision()),
            (json!(1), 1)
        );
        assert_eq!(
            first.send().ok()["version"],
            1,
            "the same request makes no second version"
        );
        save("別の内容", 0)
            .key("k1")
            .send()
            .refused(422, "idempotency-key-reused");
        assert_eq!(
            save("一", 1).send().ok()["version"],
            1,
            "the same text makes none either"
        );
        assert_eq!(save("二", 1).send().ok()["version"], 2);
        let stale = save("三", 1).send().refused(409, "stale-revision");
        assert_eq!(stale["current"]["document"]["body"], "二");
        assert_eq!(stale["yours"]["document"]["body"], "三");
        let now = staff.get(APPLIED).ok();
        assert_eq!(now["edited_by"], "secretariat:demo");
        assert!(now["original"]["body"].as_str().unwrap().contains("氏名"));
        staff
            .get("/api/v1/mail-templates/birthday")
            .refused(404, "unknown-mail-template");
        let all = staff.get("/api/v1/mail-templates").ok();
        assert_eq!(
            all["templates"].as_array().unwrap().len(),
            NoticeKind::ALL.len()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_preview_shows_is_what_is_then_sent() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        let staff = service.secretariat();
        let edited = json!({
            "subject": "受付 {{ 会員番号 }}",
            "body": "{{ 氏名 }} 様\n{% if 受験料の納入方法 %}\n受験料: {{ 受験料の納入方法 }}\n{% endif %}\n期限は {{ 期限 }} です。",
        });
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let preview = |body: serde_json::Value| staff.post(&format!("{APPLIED}/preview")).json(&body).send();
        let unsaved = preview(json!({ "application": yoko.id, "text": edited })).ok();
        staff.put(APPLIED).json(&edited).revision(0).send().ok();
        let saved = preview(json!({ "application": yoko.id })).ok();
        assert_eq!(unsaved, saved);
        mailing.follow().await;
        let mail = mailing.mails().await.remove(0);
        assert_eq!(saved["subject"], mail.text.subject);
        assert_eq!(saved["body"], mail.text.body);
        assert_eq!(mail.template_version, 1);
        assert_eq!(
            mail.text.body,
            "臨床 瘍子 様\n受験料: 更新試験（web）受験サイトで決済\n期限は 2026年7月31日(金) 24:00 です。\n"
        );
        // What is not decided yet is said to be so.
        let certified = staff
            .post("/api/v1/mail-templates/certified/preview")
            .json(&json!({ "application": yoko.id }))
            .send()
            .ok();
        assert!(certified["body"].as_str().unwrap().contains("認定日: （未定）"));
        preview(json!({ "application": format!("{FOURTH}.9999999") })).refused(404, "not-applied");
        let wrong = preview(json!({ "application": yoko.id, "text": { "subject": "a", "body": "{{ x }}" } }));
        wrong.refused(422, "invalid");
        let log = staff.get("/api/v1/access-log?member=9000001").ok();
        let previews = log["entries"].as_array().unwrap().iter();
        let previews = previews.filter(|entry| entry["operation"] == "POST /api/v1/mail-templates/{notice}/preview");
        assert_eq!(previews.count(), 1, "{log}");
    })
    .await;
}
