//! セミナーの出欠 by hand.

use serde_json::{Value, json};

use super::Desk;
use crate::service::{FOURTH, each_service, eventually};

fn typed() -> Value {
    json!({
        "code": "NEW1", "name": "新セミナー", "kind": "Ａ", "first_day": "2024/4/1", "last_day": "2024-04-02",
        "units": "１０単位", "reason": "受講証明書により確認",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attendance_is_recorded_and_taken_back_by_hand_with_a_reason() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let path = "/api/v1/members/9000001/attendance";
        desk.person.post(path).json(&typed()).send().ok();
        let seen = || {
            yoko.get("/documents/seminars")
                .ok()
                .to_string()
                .contains("NEW1")
        };
        eventually(&true, seen);
        let back = json!({ "code": "NEW1", "first_day": "2024-04-01", "reason": "代理受講のため" });
        let retractions = "/api/v1/members/9000001/attendance-retractions";
        let answer = desk.person.post(retractions).json(&back).send().ok();
        assert!(!answer.to_string().contains("NEW1"));
        eventually(&false, seen);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_is_pointed_at_and_an_unknown_member_is_not_there() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let path = "/api/v1/members/9000001/attendance";
        for (field, value, pointer) in [
            ("code", "", "/code"),
            ("name", " ", "/name"),
            ("kind", "C", "/kind"),
            ("first_day", "2024-02-30", "/first_day"),
            ("last_day", "2024-03-31", "/last_day"),
            ("units", "多数", "/units"),
            ("reason", "", "/reason"),
            ("code", "\u{200B}", "/code"),
            ("name", "\u{FEFF}", "/name"),
            ("reason", "\u{2060}", "/reason"),
            ("first_day", "2030/01/01", "/first_day"),
            ("first_day", "1900/01/01", "/first_day"),
            ("units", "100", "/units"),
            ("units", "99999", "/units"),
        ] {
            let mut body = typed();
            body[field] = json!(value);
            if value.starts_with("2030") {
                body["last_day"] = json!("2030/01/02");
            }
            let answer = desk.person.post(path).json(&body).send();
            answer.refused(422, "invalid");
            assert_eq!(answer.pointers(), [pointer], "{field}");
        }
        desk.person
            .post("/api/v1/members/9999999/attendance")
            .json(&typed())
            .send()
            .refused(404, "unknown-member");
    })
    .await;
}
