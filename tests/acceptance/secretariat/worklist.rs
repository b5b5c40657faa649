//! 申請一覧: found again however it is typed.

use serde_json::{Value, json};

use super::{Desk, completed};
use crate::service::{FIRST_TO_THIRD, FOURTH, Person, each_service, eventually};

fn listed(person: &Person, query: &str) -> Vec<String> {
    let page = person.get(&format!("/api/v1/applications?{query}")).ok();
    page["applications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["member"].as_str().unwrap().to_owned())
        .collect()
}

#[track_caller]
fn finds(person: &Person, query: &str, members: &[&str]) {
    let expected: Vec<String> = members.iter().map(|&one| one.to_owned()).collect();
    eventually(&expected, || listed(person, query));
}

/// A hexadecimal digit.
fn digit(value: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(value)])
}

/// As it stands in an address.
fn encoded(text: &str) -> String {
    text.bytes()
        .flat_map(|byte| ['%', digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn applications_are_found_by_number_name_kana_state_and_what_is_missing() {
    each_service(async |service| {
        let _ = completed(service);
        let _ = service.applicant("9000002", FIRST_TO_THIRD, "documents_only");
        let _ = service.applicant("9000007", FIRST_TO_THIRD, "documents_and_exam");
        let secretariat = service.secretariat();
        let by_member = "sort=member&order=asc";
        finds(&secretariat, by_member, &["9000001", "9000002", "9000007"]);
        for (typed, found) in [
            ("9000007", "9000007"),
            ("９０００００７", "9000007"),
            ("高崎", "9000007"),
            ("髙﨑", "9000007"),
            ("高崎葛", "9000007"),
            ("タカサキ", "9000007"),
            ("たかさき", "9000007"),
            ("ﾀｶｻｷ", "9000007"),
            ("臨床瘍子", "9000001"),
            ("臨床　瘍子", "9000001"),
            ("りんしょう", "9000001"),
        ] {
            finds(&secretariat, &format!("q={}", encoded(typed)), &[found]);
        }
        for nothing in ["%", "_", "'", "9999999", "臨床%子"] {
            finds(&secretariat, &format!("q={}", encoded(nothing)), &[]);
        }
        finds(&secretariat, "documents=under_review", &["9000001"]);
        finds(&secretariat, "exam=exempt", &["9000002"]);
        finds(&secretariat, &format!("program={FOURTH}"), &["9000001"]);
        finds(&secretariat, "missing=proof:unit_proofs", &["9000001"]);
        let profile = format!("missing=document_missing:profile&{by_member}");
        finds(&secretariat, &profile, &["9000002", "9000007"]);
        let soon = format!("closes_before=2026-09-01T00:00:00Z&{by_member}");
        finds(&secretariat, &soon, &["9000002", "9000007"]);
        finds(&secretariat, "closes_before=2026-06-01T00:00:00Z", &[]);

        let desk = Desk::new(&secretariat, &format!("{FOURTH}.9000001"));
        desk.put("/review/labels", &json!({ "labels": ["要相談", "100%"] }))
            .ok();
        finds(
            &secretariat,
            &format!("label={}", encoded("要相談")),
            &["9000001"],
        );
        finds(
            &secretariat,
            &format!("label={}", encoded("100%")),
            &["9000001"],
        );
        finds(&secretariat, &format!("label={}", encoded("100")), &[]);

        // Pages do not overlap and say how many there are.
        let page = |number: u32| {
            let page = secretariat
                .get(&format!(
                    "/api/v1/applications?limit=2&page={number}&{by_member}"
                ))
                .ok();
            assert_eq!(page["total"], 3);
            page["applications"].as_array().unwrap().len()
        };
        assert_eq!((page(1), page(2), page(3)), (2, 1, 0));
        desk.post(
            "/withdrawal-by-secretariat",
            &json!({ "reason": "会員からの申し出" }),
        )
        .ok();
        finds(&secretariat, by_member, &["9000002", "9000007"]);
        finds(&secretariat, "withdrawn=yes", &["9000001"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_at_the_list_is_written_down_and_a_question_that_can_not_be_read_is_refused() {
    each_service(async |service| {
        let _ = service.applicant("9000001", FOURTH, "documents_only");
        let secretariat = service.secretariat();
        secretariat.get("/api/v1/applications").ok();
        eventually(&true, || {
            let log = secretariat.get("/api/v1/access-log").ok();
            let entries = log["entries"].as_array().unwrap();
            entries
                .iter()
                .any(|entry: &Value| entry["operation"] == "GET /api/v1/applications")
        });
        for wrong in [
            "documents=gone",
            "sort=name",
            "page=0",
            "limit=1000",
            "missing=all",
            "q=%00",
        ] {
            secretariat
                .get(&format!("/api/v1/applications?{wrong}"))
                .refused(400, "malformed-address");
        }
        service
            .member("9000001")
            .get("/api/v1/applications")
            .refused(403, "not-permitted");
        service
            .reporter()
            .get("/api/v1/applications")
            .refused(403, "not-permitted");
    })
    .await;
}
