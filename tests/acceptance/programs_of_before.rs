//! `SHINSEI_PROGRAMS` with next year's files alone: applications of this year go on by the rules that were kept.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;

use crate::intake::{ATTENDANCE, Desk};
use crate::service::{FOURTH, TestService, each_demonstration, eventually};

/// The programs that come with the binary, a year later.
fn next_year(directory: &Path) {
    let programs = api::service::programs(None).unwrap();
    for program in programs.iter() {
        let later = |text: &str| text.replace("2026", "2027");
        let (name, text) = (later(&program.id.0), later(&program.text.program));
        // The addresses of documents are of this year all the same.
        std::fs::write(directory.join(format!("{name}.toml")), text).unwrap();
        let rules = directory.join(format!("{}.toml", later(&program.text.rules_name)));
        std::fs::write(rules, &program.text.rules).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn applications_of_a_program_that_is_not_configured_any_more_go_on() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let id = yoko.id.clone();
        service.stop().await;

        let later = tempfile::tempdir().unwrap();
        next_year(later.path());
        let service = TestService::with_programs(database, later.path()).await;
        let desk = Desk::of(&service);
        let status = desk.application(&id);
        assert_eq!(status["withdrawn"], false, "{status}");
        let page = desk.person.get(&format!("/desk/applications/{id}"));
        assert_eq!(page.status, 200, "{}", page.text);
        let member = service.member("9000001");
        for path in [
            "/".to_owned(),
            format!("/applications/{id}/documents/profile"),
        ] {
            let page = member.get(&path);
            assert_eq!(page.status, 200, "{path}: {}", page.text);
        }
        // The forwarder too.
        let file = format!("{ATTENDANCE}9000001,NEW1,名,A,2024/04/01,2024/04/02,10,出席\r\n");
        desk.import("seminar-attendance", &file);
        let seminars = format!("/api/v1/applications/{id}/documents/seminars");
        eventually(&true, || {
            desk.person.get(&seminars).ok().to_string().contains("NEW1")
        });
        // Nobody applies for it any more.
        let body = serde_json::json!({ "program": FOURTH, "scope": "documents_and_exam" });
        let other = service.member("9000002");
        let refused = other.post("/api/v1/applications").json(&body).send();
        assert_eq!(refused.status, 422, "{refused:?}");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_next_years_files_knows_what_another_takes_in_after_it_has_started() {
    each_demonstration(async |database| {
        let this_year = TestService::on(database).await;
        let later = tempfile::tempdir().unwrap();
        next_year(later.path());
        let next = TestService::with_programs(database, later.path()).await;
        let yoko = this_year.applicant("9000001", FOURTH, "documents_and_exam");
        let page = next
            .secretariat()
            .get(&format!("/desk/applications/{}", yoko.id));
        assert_eq!(page.status, 200, "{}", page.text);
        let page = next
            .member("9000001")
            .get(&format!("/applications/{}/documents/profile", yoko.id));
        assert_eq!(page.status, 200, "{}", page.text);
        next.stop().await;
        this_year.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_of_before_is_not_offered_to_who_withdraws_also_in_its_period() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let id = yoko.id.clone();
        service.stop().await;

        let later = tempfile::tempdir().unwrap();
        next_year(later.path());
        let service = TestService::with_programs(database, later.path()).await;
        let member = service.member("9000001");
        let question = member.get(&format!("/applications/{id}/withdrawal"));
        assert_eq!(question.status, 200, "{}", question.text);
        assert!(
            question.text.contains("もう一度のお申込みはできません"),
            "{}",
            question.text
        );
        member
            .post(&format!("/api/v1/applications/{id}/withdrawal"))
            .send()
            .ok();
        let me = member.get("/api/v1/me").ok();
        let programs = me["programs"].as_array().unwrap();
        let own = programs
            .iter()
            .find(|one| one["program"] == FOURTH)
            .unwrap();
        for offer in own["eligibility"]["offers"].as_array().unwrap() {
            let reasons = offer["reasons"].as_array().unwrap();
            assert!(
                reasons.iter().any(|one| one["kind"] == "no_longer_offered"),
                "{offer}"
            );
        }
        for path in [
            "/".to_owned(),
            format!("/applications/{id}"),
            format!("/applications/{id}/documents/profile"),
            format!("/apply/{FOURTH}"),
        ] {
            let page = member.get(&path);
            assert_eq!(page.status, 200, "{path}: {}", page.text);
            for offered in [
                "もう一度お申込みする",
                "もう一度お申込みいただけます",
                "confirmation?scope=",
            ] {
                let offers_next_year = path == "/" && offered.starts_with("confirmation");
                assert!(
                    offers_next_year || !page.text.contains(offered),
                    "{path}: {offered}"
                );
            }
        }
        service.stop().await;
    })
    .await;
}
