//! 会員として表示: the member's pages for the secretariat, read only, with both identities in the access log.

use serde_json::Value;

use crate::service::{FOURTH, each_service, eventually};

const PAGES: [&str; 13] = [
    "",
    "/requirements",
    "/print",
    "/documents",
    "/documents/resume",
    "/documents/profile",
    "/documents/clinical-experience",
    "/documents/research-activities",
    "/documents/conferences",
    "/documents/papers",
    "/documents/seminars",
    "/history",
    "/history/2?document=resume",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_says_who_looks_offers_no_form_and_is_written_down_with_both() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        yoko.fill_in_required_documents();
        let secretariat = service.secretariat();
        let before = yoko.get("").ok()["sequence"].clone();
        for page in PAGES {
            let path = format!("/desk/as-member/{}{page}", yoko.id);
            let answer = secretariat.get(&path);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            assert!(
                answer.text.contains("会員として表示しています（閲覧のみ）"),
                "{path}"
            );
            let forms: Vec<_> = answer.text.match_indices("<form").collect();
            let harmless = answer.text.matches("action=\"/sign-out\"").count();
            assert_eq!(forms.len(), harmless, "{path} has a form");
            // Every way on leads to such a page again, or out of it.
            assert!(!answer.text.contains("href=\"/applications/"), "{path}");
            let answer = secretariat
                .post(&path)
                .bytes("application/x-www-form-urlencoded", Vec::new())
                .send();
            assert_eq!(answer.status, 405, "{path}");
        }
        assert_eq!(yoko.get("").ok()["sequence"], before);
        // The member sees that somebody of the secretariat looked, the secretariat who it was and at what.
        eventually(&true, || {
            let log = secretariat.get("/api/v1/access-log?member=9000001").ok();
            let entries = log["entries"].as_array().unwrap();
            entries.iter().any(|entry: &Value| {
                entry["operation"] == "GET /desk/as-member/{id}"
                    && entry["actor"] == "secretariat:demo"
            })
        });
        let pdf = secretariat.get(&format!("/desk/as-member/{}/application.pdf", yoko.id));
        assert_eq!(pdf.status, 200);
        for nobody in [service.member("9000001"), service.reporter()] {
            nobody
                .get(&format!("/desk/as-member/{}", yoko.id))
                .refused(403, "not-permitted");
        }
    })
    .await;
}
