//! 筆記試験の結果 from a file.

use serde_json::json;

use super::{Desk, PAYMENTS, events, exam_fee};
use crate::service::approvals::{of, waiting};
use crate::service::{FOURTH, TestService, each_service, eventually, files};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_reach_the_application_of_this_year_and_each_other_row_is_told_why_not() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let fee = format!("{PAYMENTS}{}", exam_fee("T1", "9000001", "ﾘﾝｼﾖｳ"));
        desk.import("payments", &fee);
        eventually(&true, || desk.status(&yoko.id).contains("入金確認済み"));

        let file =
            "会員番号,結果\r\n9000001,合格\r\n9000004,合格\r\n9999999,欠席\r\n9000001x,保留\r\n";
        let before = events(service).await;
        let look = desk.look("exam-results", file);
        assert_eq!(
            look["changes"][0]["changes"],
            json!([{ "label": "筆記試験の結果", "before": "", "after": "合格" }])
        );
        assert_eq!(events(service).await, before);
        // She had none: that is 新規 and not 変更.
        assert_eq!((&look["new"], &look["changed"]), (&json!(1), &json!(0)));

        let done = desk.import("exam-results", file);
        let rows = desk.rows(&done["id"]);
        let outcomes: Vec<_> = rows.iter().map(|row| (row.0, row.1.as_str())).collect();
        assert_eq!(
            outcomes,
            [
                (2, "recorded"),
                (3, "no_application"),
                (4, "no_application"),
                (5, "bad")
            ]
        );
        eventually(&true, || desk.status(&yoko.id).contains("合格"));
        // The file does not wait for the views of each application.
        let recorded = || yoko.history("event=ExamResultRecorded").len();
        eventually(&1, recorded);
        let history = desk
            .person
            .get(&yoko.path("/history?event=ExamResultRecorded"))
            .ok();
        assert_eq!(history["entries"][0]["actor"], "secretariat:demo");
        assert_eq!(
            history["entries"][0]["reason"],
            format!("取込 {}", done["id"].as_str().unwrap())
        );
        assert_eq!(
            yoko.history("event=ExamResultRecorded")[0]["reason"],
            json!(null)
        );

        let again = desk.import("exam-results", file);
        assert_eq!(
            (&again["recorded"], &again["unchanged"]),
            (&json!(0), &json!(1))
        );
        let named = "会員番号,申請の種類,結果\r\n9000001,無い,不合格\r\n";
        let report = desk.import("exam-results", named);
        assert_eq!(report["bad"], 1);
        let named = format!("会員番号,申請の種類,結果\r\n9000001,{FOURTH},不合格\r\n");
        let look = desk.look("exam-results", &named);
        assert_eq!(
            look["changes"][0]["changes"],
            json!([{ "label": "筆記試験の結果", "before": "合格", "after": "不合格" }])
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_before_the_fee_is_refused_in_the_words_of_the_domain() {
    each_service(async |service| {
        let desk = Desk::of(service);
        service.applicant("9000001", FOURTH, "documents_and_exam");
        let done = desk.import("exam-results", "会員番号,結果\r\n9000001,合格\r\n");
        assert_eq!(done["refused"], 1);
        let rows = desk.rows(&done["id"]);
        assert_eq!(rows[0].1, "refused");
        assert!(
            rows[0].2.starts_with("受験料の入金が確認されていない"),
            "{rows:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_imported_result_is_taken_back_unless_it_was_changed_since() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let fee = format!("{PAYMENTS}{}", exam_fee("T1", "9000001", "ﾘﾝｼﾖｳ"));
        desk.import("payments", &fee);
        eventually(&true, || desk.status(&yoko.id).contains("入金確認済み"));
        let passed = desk.import("exam-results", "会員番号,結果\r\n9000001,合格\r\n");
        let failed = desk.import("exam-results", "会員番号,結果\r\n9000001,不合格\r\n");
        assert_eq!(desk.rows(&failed["id"])[0].1, "waiting");
        service.approve_all();

        let rows = desk.taken_back(&passed["id"]);
        assert_eq!(rows[0].1, "left");
        assert!(rows[0].2.contains("変更されている"), "{rows:?}");
        assert!(desk.status(&yoko.id).contains("不合格"));
        // 不合格 came by two persons and with a word to the member, and goes so: by no file.
        let rows = desk.taken_back(&failed["id"]);
        assert_eq!(rows[0].1, "left");
        assert!(rows[0].2.contains("会員への説明を付けて"), "{rows:?}");
        assert!(desk.status(&yoko.id).contains("不合格"));
        let colleague = service.secretariat();
        let review = crate::secretariat::Desk::new(&colleague, &yoko.id);
        let undoable = review.review()["undoable"].clone();
        assert_eq!(
            (&undoable["decision"], &undoable["label"]),
            (&json!("exam_result"), &json!("筆記試験の結果"))
        );
        let undo = |explanation: &str| json!({ "event": undoable["event"], "explanation": explanation, "reason": "別の会員の結果だった" });
        let silent = review.judge("/certification/undoing", &undo("")).refused(422, "invalid");
        assert!(silent.to_string().contains("会員への説明"), "{silent}");
        let told = "別の方の結果を登録していたため、取り消しました。";
        let proposed = review.judge("/certification/undoing", &undo(told));
        assert_eq!(proposed.status, 202, "{}", proposed.text);
        assert!(desk.status(&yoko.id).contains("不合格"), "one is not enough");
        service.approve_all();
        let status = desk.status(&yoko.id);
        assert!(
            status.contains("合格") && !status.contains("不合格"),
            "{status}"
        );
        let answer = yoko.get("").ok();
        assert_eq!(
            answer["status"]["explanations"],
            json!([{ "act": "筆記試験の結果の取消", "explanation": told }])
        );
        // Another result in the place of one takes two persons, and a word to the member.
        let alone = desk.import("exam-results", "会員番号,結果\r\n9000001,欠席\r\n");
        let refused = &desk.rows(&alone["id"])[0];
        assert!(
            refused.1 == "refused" && refused.2.contains("会員への説明"),
            "{refused:?}"
        );
        let file = "会員番号,結果,会員への説明\r\n9000001,欠席,集計に誤りがありました。\r\n";
        let alone = desk.import("exam-results", file);
        assert_eq!(desk.rows(&alone["id"])[0].1, "waiting");
        service.approve_all();
        assert!(desk.status(&yoko.id).contains("欠席"));
        assert_eq!(desk.taken_back(&alone["id"])[0].1, "taken_back");
        assert_eq!(
            desk.taken_back(&alone["id"])[0].1,
            "taken_back",
            "once more"
        );
        assert!(!desk.status(&yoko.id).contains("欠席"));
    })
    .await;
}

/// 受験料 of these members is paid, and their applications wait for a result.
fn with_exam(service: &TestService, desk: &Desk, numbers: &[&str]) -> Vec<String> {
    let mut fees = PAYMENTS.to_owned();
    for number in numbers {
        fees.push_str(&exam_fee(&format!("T-{number}"), number, "ﾘﾝｼﾖｳ"));
    }
    let applicants: Vec<_> = numbers
        .iter()
        .map(|number| service.applicant(number, FOURTH, "documents_and_exam").id)
        .collect();
    desk.import("payments", &fees);
    for id in &applicants {
        eventually(&true, || desk.status(id).contains("入金確認済み"));
    }
    applicants
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_exam_of_a_file_waits_for_a_second_person_and_does_not_go_with_its_file() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let numbers = ["9300001".to_owned(), "9300002".to_owned()];
        files::members_like_yoko(&desk.person, &numbers);
        let ids = with_exam(service, &desk, &["9300001", "9300002"]);
        let file = "会員番号,結果,会員への説明\r\n9300001,合格,\r\n9300002,不合格,基準点に達しませんでした。\r\n";
        let look = desk.look("exam-results", file);
        assert_eq!((&look["recorded"], &look["waiting"]), (&json!(1), &json!(1)));
        assert_eq!(waiting(&desk.person), Vec::<serde_json::Value>::new());
        let once = || {
            let import = desk.person.post("/api/v1/imports/exam-results").key("once");
            import.bytes("text/csv", file.into()).send().ok()
        };
        let done = once();
        assert_eq!((&done["recorded"], &done["waiting"]), (&json!(1), &json!(1)));
        let rows = desk.rows(&done["id"]);
        assert_eq!((rows[0].1.as_str(), rows[1].1.as_str()), ("recorded", "waiting"));
        assert!(desk.status(&ids[0]).contains("合格"));
        assert!(!desk.status(&ids[1]).contains("合格"), "nothing of it before the second person");
        let runs = service.approve_all();
        assert_eq!((runs.len(), &runs[0]["done"]), (1, &json!(1)));
        assert!(desk.status(&ids[1]).contains("不合格"));
        assert_eq!(
            desk.application(&ids[1])["status"]["explanations"][0]["explanation"],
            "基準点に達しませんでした。"
        );
        // The same request again, now that all of it is done.
        let again = once();
        assert_eq!((&again["id"], &again["recorded"], &again["failed"]), (&done["id"], &json!(2), &json!(0)));
        let back = desk.taken_back(&done["id"]);
        assert_eq!((back[0].1.as_str(), back[1].1.as_str()), ("taken_back", "left"));
        assert!(desk.status(&ids[1]).contains("不合格"), "{back:?}");

        // What still waits when its file is taken back is never done.
        let failed = desk.import("exam-results", "会員番号,結果\r\n9300001,不合格\r\n");
        let run = waiting(&desk.person)[0].clone();
        desk.take_back(&failed["id"]).ok();
        service
            .decider()
            .post(&of(&run, "/approval"))
            .send()
            .refused(409, "wrong-state");
        assert!(!desk.status(&ids[0]).contains("不合格"));
    })
    .await;
}
