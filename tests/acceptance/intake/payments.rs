//! 入金の照合: each class of payment, and the person who places one.

use serde_json::json;

use super::{Desk, PAYMENTS, events, exam_fee};
use crate::service::{FOURTH, each_service, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_tells_of_each_payment_where_it_belongs() {
    each_service(async |service| {
        let desk = Desk::of(service);
        service.applicant("9000001", FOURTH, "documents_and_exam");
        let file = format!(
            "{PAYMENTS}{}{}{}T4,9000001,認定料,1,2026/06/03,ﾘﾝｼﾖｳ\r\n{}",
            exam_fee("T1", "9000001", "ﾔﾏﾀﾞ"),
            exam_fee("T2", "9000001", "ﾘﾝｼﾖｳ"),
            exam_fee("T3", "9000001", "ﾘﾝｼﾖｳ"),
            exam_fee("T5", "9000004", "ｻﾄｳ"),
        );
        let before = events(service).await;
        let look = desk.look("payments", &file);
        let placed: Vec<_> = look["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["placement_label"].as_str().unwrap())
            .collect();
        // The second fee for one exam finds it paid.
        assert_eq!(placed, ["名義相違", "一致", "未照合", "金額相違", "未照合"]);
        let sentences: Vec<_> = look["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["message"].as_str().unwrap())
            .collect();
        assert!(sentences[0].contains("手動で照合"), "{sentences:?}");
        assert!(sentences[3].contains("11000円"), "{sentences:?}");
        assert_eq!(events(service).await, before);

        desk.import("payments", &file);
        let expected = [
            ("T1", "fits_nothing"),
            ("T3", "fits_nothing"),
            ("T4", "amount_differs"),
            ("T5", "fits_nothing"),
        ]
        .map(|(transaction, placement)| (transaction.to_owned(), placement.to_owned()));
        eventually(&expected.to_vec(), || desk.unmatched());
        let look = desk.look("payments", &file);
        assert_eq!(
            (&look["recorded"], &look["unchanged"]),
            (&json!(0), &json!(5))
        );
        assert_eq!(look["changes"][1]["placement"], "confirmed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_places_a_payment_with_a_reason_and_takes_it_back() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        // Under the wrong number, but by its name and fee it can only be hers.
        let file = format!("{PAYMENTS}{}", exam_fee("T1", "9000004", "ﾘﾝｼﾖｳ ﾊﾅｺ"));
        desk.import("payments", &file);
        let unmatched = |placement: &str| vec![("T1".to_owned(), placement.to_owned())];
        eventually(&unmatched("fits_nothing"), || desk.unmatched());
        let candidates = "/api/v1/payments/candidates?member=9000004&transaction=T1";
        let found = desk.person.get(candidates).ok();
        assert_eq!(found["candidates"].as_array().unwrap().len(), 1, "{found}");
        assert_eq!(found["candidates"][0]["application"], yoko.id);
        assert_eq!(found["candidates"][0]["by_number"], false);

        let body = json!({
            "transaction": "T1", "item": "exam_fee", "amount_yen": 22000, "paid_on": "2026-06-03",
            "payer": "リンシヨウ　ハナコ", "reason": "本人に電話で確認",
        });
        let path = format!("/api/v1/applications/{}", yoko.id);
        desk.person
            .post(&format!("{path}/payments"))
            .json(&body)
            .send()
            .ok();
        eventually(&vec![], || desk.unmatched());
        let found = desk.person.get(candidates).ok();
        assert_eq!(found["payment"]["placement"], "confirmed");
        assert_eq!(found["payment"]["application"], yoko.id);
        let undo = json!({ "transaction": "T1", "reason": "別の会員の入金" });
        desk.person
            .post(&format!("{path}/payment-reversals"))
            .json(&undo)
            .send()
            .ok();
        eventually(&unmatched("fits_nothing"), || desk.unmatched());
        desk.person
            .get("/api/v1/payments/candidates?member=9000004&transaction=T2")
            .refused(404, "unknown-payment");
    })
    .await;
}
