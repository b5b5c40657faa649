//! 筆記試験の結果 from a file.

use serde_json::json;

use super::{Desk, PAYMENTS, events, exam_fee};
use crate::service::{FOURTH, each_service, eventually};

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
        let history = yoko.history("event=ExamResultRecorded");
        assert_eq!(history[0]["actor"], "secretariat:demo");
        assert_eq!(
            history[0]["reason"],
            format!("取込 {}", done["id"].as_str().unwrap())
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

        let rows = desk.taken_back(&passed["id"]);
        assert_eq!(rows[0].1, "left");
        assert!(rows[0].2.contains("変更されている"), "{rows:?}");
        assert!(desk.status(&yoko.id).contains("不合格"));
        assert_eq!(desk.taken_back(&failed["id"])[0].1, "taken_back");
        let status = desk.status(&yoko.id);
        assert!(
            status.contains("合格") && !status.contains("不合格"),
            "{status}"
        );
        let alone = desk.import("exam-results", "会員番号,結果\r\n9000001,欠席\r\n");
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
