//! What the secretariat can not do, and what it is told.

use serde_json::json;

use super::{Desk, completed};
use crate::service::{FOURTH, each_service};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_decision_an_empty_reason_a_past_date_and_the_wrong_state_are_refused_in_words() {
    each_service(async |service| {
        let yoko = completed(service);
        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &yoko.id);
        let seen = desk.review()["revision"].clone();
        // Somebody else works on the same application.
        let colleague = service.secretariat();
        Desk::new(&colleague, &yoko.id).mark("profile", "needs_correction");
        let stale = json!({ "reason": "確認済み", "seen": seen });
        let problem = desk.post("/acceptance", &stale).refused(409, "stale-review");
        assert_eq!(
            problem["detail"],
            "画面を開いた後にこの申請が更新されています。新しい内容をご確認のうえ、もう一度操作してください。"
        );
        let marks = desk.review();
        assert_eq!(marks["documents"][1]["mark"], "needs_correction");
        assert!(marks["documents"][1]["marked_by"].is_string());

        let before = yoko.get("").ok()["sequence"].clone();
        // 会員への説明 where it goes against the member, 内部の理由 where something is taken back; nothing else needs a sentence.
        let silent = json!({ "reason": "", "explanation": " 　" });
        for (path, more, pointer) in [
            ("/certification/lapse", silent, "/explanation"),
            ("/certification/deferral", json!({ "until": "2027-03-31" }), "/explanation"),
            ("/reopening", json!({ "until": "2027-03-31T17:00", "reason": " 　" }), "/reason"),
        ] {
            let problem = desk.judge(path, &more).refused(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
        let unknown = json!({ "event": 1, "explanation": "", "reason": "誤り" });
        desk.judge("/certification/undoing", &unknown).refused(409, "nothing-to-undo");
        let items = json!([{ "document": "profile", "comment": "具体的に" }]);
        desk.judge("/return", &json!({ "items": items, "due": "2026-06-01T00:00" }))
            .refused(422, "due-in-past");
        desk.judge("/return", &json!({ "items": [], "due": "2026-08-31T17:00" }))
            .refused(422, "nothing-to-correct");
        let unknown = json!([{ "document": "papers", "row": "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96", "comment": "?" }]);
        desk.judge("/return", &json!({ "items": unknown, "due": "2026-08-31T17:00" }))
            .refused(404, "unknown-row");
        desk.judge("/return", &json!({ "items": items, "due": "あした" }))
            .refused(422, "invalid");
        let problem = desk
            .judge("/review-result", &json!({ "result": "passed" }))
            .refused(409, "wrong-state");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("申請: 書類確認中"), "{detail}");
        desk.judge("/certification/deferral", &json!({ "until": "2026-02-30", "explanation": "ご事情により" }))
            .refused(422, "invalid");
        desk.post("/payment-reversals", &json!({ "transaction": "T-none", "reason": "誤り" }))
            .refused(404, "unknown-payment");
        assert_eq!(yoko.get("").ok()["sequence"], before, "nothing was changed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_acts_on_the_application_of_somebody_who_has_not_applied() {
    each_service(async |service| {
        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &format!("{FOURTH}.9000002"));
        let body = json!({ "reason": "確認", "seen": 0 });
        for path in ["/acceptance", "/certification", "/certification/lapse"] {
            desk.post(path, &body).refused(404, "not-applied");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_under_another_name_waits_for_a_person() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let secretariat = service.secretariat();
        let header = "取引番号,会員番号,費目,金額,入金日,振込名義カナ\r\n";
        let paid = format!("{header}X1,9000001,受験料,22000,2026/06/03,ﾀﾅｶ\r\n");
        crate::service::files::import(&secretariat, "payments", &paid);
        // Something that comes later has been carried over; the payment has not.
        let seminar = "会員番号,セミナーコード,セミナー名,区分,開始日,終了日,単位,出欠\r\n9000001,ZZ1,確認用,A,2024/04/01,2024/04/01,1,出席\r\n";
        crate::service::files::import(&secretariat, "seminar-attendance", seminar);
        crate::service::eventually(&true, || yoko.document("seminars").text.contains("確認用"));
        assert_eq!(yoko.status()[1], "筆記試験: 申込済 受験料をご納入ください");
        let by_hand = json!({
            "transaction": "X1", "item": "exam_fee", "amount_yen": 22000, "paid_on": "2026-06-03", "payer": "ﾀﾅｶ",
            "reason": "勤務先からの振込と電話で確認",
        });
        let path = yoko.path("/payments");
        secretariat.post(&path).json(&by_hand).send().ok();
        assert_eq!(yoko.status()[1], "筆記試験: 申込済 入金確認済み");
        // Taken back, it stays so, whatever is imported again.
        let desk = Desk::new(&secretariat, &yoko.id);
        desk.post("/payment-reversals", &json!({ "transaction": "X1", "reason": "返金のため" })).ok();
        crate::service::files::import(&secretariat, "payments", &paid);
        assert_eq!(yoko.status()[1], "筆記試験: 申込済 受験料をご納入ください");
    })
    .await;
}
