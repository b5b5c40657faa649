//! 一括処理: previewed, done once each, cut and gone on with, and 判定 only by two persons.

use api::access::{Duties, Principal};
use domain::Role;
use serde_json::{Value, json};

use super::{Desk, completed_by};
use crate::service::{
    FIRST_TO_THIRD, FOURTH, Person, TestService, each_demonstration, each_service, eventually,
    files,
};

fn preview(person: &Person, act: &str, until: &str, applications: &[String]) -> Value {
    let body = json!({ "act": act, "until": until, "reason": "理事会の決定による", "applications": applications });
    person
        .post("/api/v1/bulk-runs")
        .json(&body)
        .send()
        .created()
}

fn of(run: &Value, rest: &str) -> String {
    format!("/api/v1/bulk-runs/{}{rest}", run["id"].as_str().unwrap())
}

fn state(person: &Person, run: &Value) -> Value {
    person.get(&of(run, "")).ok()
}

#[track_caller]
fn done(person: &Person, run: &Value) -> Value {
    eventually(&json!("done"), || state(person, run)["state"].clone());
    state(person, run)
}

async fn another(service: &TestService, account: &str) -> Person {
    service
        .as_principal(&Principal::of(Role::Secretariat, account, Duties::all()))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_does_nothing_and_says_why_others_are_left_out_and_a_run_does_each_once() {
    each_service(async |service| {
        let first = service.applicant("9000004", FIRST_TO_THIRD, "documents_only");
        let second = service.applicant("9000007", FIRST_TO_THIRD, "documents_and_exam");
        let submitted = completed_by(service, "9000001");
        let secretariat = service.secretariat();
        let ids = [
            first.id.clone(),
            second.id.clone(),
            submitted.id.clone(),
            format!("{FOURTH}.9000002"),
            "no application".to_owned(),
        ];
        let before = first.get("").ok()["sequence"].clone();
        let run = preview(&secretariat, "extend", "2026-08-31T17:00", &ids);
        assert_eq!((&run["ready"], &run["excluded"]), (&json!(2), &json!(3)));
        let items = run["items"].as_array().unwrap();
        let sentence = |id: &str| {
            let item = items.iter().find(|item| item["application"] == id).unwrap();
            item["sentence"].as_str().unwrap().to_owned()
        };
        assert!(
            sentence(&submitted.id).contains("書類確認中"),
            "{}",
            sentence(&submitted.id)
        );
        assert_eq!(sentence("no application"), "お申込みが見つかりません。");
        assert_eq!(
            first.get("").ok()["sequence"],
            before,
            "a preview does nothing"
        );

        secretariat.post(&of(&run, "/start-checks")).send().ok();
        let after = done(&secretariat, &run);
        assert_eq!((&after["done"], &after["refused"]), (&json!(2), &json!(0)));
        for applicant in [&first, &second] {
            let deadline = applicant.get("").ok()["status"]["deadline"].clone();
            assert_eq!(deadline, "2026年8月31日(月) 17:00");
            eventually(&1, || applicant.history("event=DeadlineExtended").len());
            // The reason of the run is each event's, for the secretariat alone.
            assert_eq!(applicant.history("event=DeadlineExtended")[0]["reason"], Value::Null);
            let path = format!("/api/v1/applications/{}/history?event=DeadlineExtended", applicant.id);
            assert_eq!(secretariat.get(&path).ok()["entries"][0]["reason"], "理事会の決定による");
        }
        let all = json!({ "act": "extend", "until": "2026-09-30T17:00", "reason": "決定", "matching": format!("program={FIRST_TO_THIRD}") });
        let all = secretariat.post("/api/v1/bulk-runs").json(&all).send().created();
        assert_eq!((&all["ready"], &all["excluded"]), (&json!(2), &json!(0)));
        // Started again, it is done already; made again, it leaves everything out.
        secretariat
            .post(&of(&run, "/start-checks"))
            .send()
            .refused(409, "wrong-state");
        let again = preview(&secretariat, "extend", "2026-08-31T17:00", &ids[..2]);
        assert_eq!(
            (&again["ready"], &again["excluded"]),
            (&json!(0), &json!(2))
        );
        // The deadline of each is that one by now.
        assert_eq!(
            again["items"][0]["sentence"],
            "いまの期限より後の日時を指定してください。"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_in_bulk_are_proposed_by_one_approved_by_another_and_done_once() {
    each_service(async |service| {
        let yoko = completed_by(service, "9000001");
        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &yoko.id);
        desk.accept();
        let run = preview(&secretariat, "pass", "", std::slice::from_ref(&yoko.id));
        assert_eq!(run["two_persons"], true);
        secretariat
            .post(&of(&run, "/approval"))
            .send()
            .refused(409, "proposal-refused");
        let proposed = secretariat.post(&of(&run, "/start-decisions")).send().ok();
        assert_eq!(proposed["state"], "proposed");
        secretariat
            .post(&of(&run, "/start-decisions"))
            .send()
            .refused(409, "proposal-refused");
        let own = secretariat
            .post(&of(&run, "/approval"))
            .send()
            .refused(409, "proposal-refused");
        assert!(
            own["detail"]
                .as_str()
                .unwrap()
                .contains("起案した本人は承認できません")
        );
        let colleague = another(service, "colleague").await;
        assert_eq!(
            colleague.post(&of(&run, "/approval")).send().ok()["approved"],
            true
        );
        secretariat.post(&of(&run, "/start-decisions")).send().ok();
        assert_eq!(done(&secretariat, &run)["done"], 1);
        assert_eq!(yoko.status()[0], "申請: 審査合格");
        // Another permission's address starts nothing.
        let other = preview(&secretariat, "approve", "", std::slice::from_ref(&yoko.id));
        secretariat
            .post(&of(&other, "/start-checks"))
            .send()
            .refused(403, "not-permitted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changed_since_the_preview_is_refused_for_that_application_and_done_for_the_others() {
    each_service(async |service| {
        let yoko = completed_by(service, "9000001");
        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &yoko.id);
        desk.check_everything();
        let run = preview(&secretariat, "accept", "", std::slice::from_ref(&yoko.id));
        assert_eq!(run["ready"], 1);
        desk.mark("profile", "needs_correction");
        secretariat.post(&of(&run, "/start-checks")).send().ok();
        let after = done(&secretariat, &run);
        assert_eq!((&after["done"], &after["refused"]), (&json!(0), &json!(1)));
        let sentence = after["items"][0]["sentence"].as_str().unwrap();
        assert!(sentence.contains("更新されています"), "{sentence}");
        assert_eq!(yoko.status()[0], "申請: 書類確認中");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_cut_goes_on_after_a_start_and_does_nothing_twice() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let numbers: Vec<String> = (0..30).map(|number| format!("92{number:05}")).collect();
        files::members_like_yoko(&service.secretariat(), &numbers);
        let ids: Vec<String> = numbers
            .iter()
            .map(|number| service.applicant(number, FOURTH, "documents_only").id)
            .collect();
        let secretariat = service.secretariat();
        let run = preview(&secretariat, "extend", "2026-08-31T17:00", &ids);
        secretariat.post(&of(&run, "/start-checks")).send().ok();
        // The service ends in the middle of it, or before it has begun; another one goes on.
        service.stop().await;
        // A lease that was left behind ends by itself; the test does not wait for that.
        eventstore::on_database!(&database.database, pool => {
            sqlx::query("UPDATE bulk_runs SET leased_until_us = 0").execute(pool).await.map(drop)
        })
        .unwrap();
        let service = TestService::on(database).await;
        let secretariat = service.secretariat();
        let after = done(&secretariat, &run);
        assert_eq!(
            (&after["done"], &after["refused"]),
            (&json!(30), &json!(0)),
            "{after}"
        );
        for id in &ids {
            let path = format!("/api/v1/applications/{id}/history?event=DeadlineExtended");
            eventually(&1, || {
                secretariat.get(&path).ok()["entries"]
                    .as_array()
                    .unwrap()
                    .len()
            });
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_cancelled_begins_nothing_more_and_wrong_ones_are_not_made() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_only");
        let secretariat = service.secretariat();
        let run = preview(&secretariat, "extend", "2026-08-31T17:00", std::slice::from_ref(&yoko.id));
        assert_eq!(secretariat.post(&of(&run, "/cancellation")).send().ok()["state"], "cancelled");
        secretariat.post(&of(&run, "/start-checks")).send().refused(409, "wrong-state");
        assert_eq!(yoko.history("event=DeadlineExtended"), Vec::<Value>::new());
        let make = |body: Value| secretariat.post("/api/v1/bulk-runs").json(&body).send();
        let good = json!({ "act": "extend", "until": "2026-08-31T17:00", "reason": "決定", "applications": [yoko.id] });
        for (pointer, field, wrong) in [
            ("/act", "act", json!("withdraw")),
            ("/act", "act", json!("everything")),
            ("/until", "until", json!("")),
            ("/reason", "reason", json!(" ")),
            ("/applications", "applications", json!([])),
            ("/applications", "applications", json!((0..2_500).map(|number| number.to_string()).collect::<Vec<_>>())),
        ] {
            let mut body = good.clone();
            body[field] = wrong;
            let problem = make(body).refused(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
        // Routine needs no sentence, and what goes against members needs one for them.
        let accepting = json!({ "act": "accept", "applications": [yoko.id] });
        make(accepting).created();
        let lapsing = json!({ "act": "lapse", "reason": "決定", "applications": [yoko.id] });
        let problem = make(lapsing.clone()).refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/explanation");
        let mut explained = lapsing;
        explained["explanation"] = json!("お申込みがなかったため、失効といたしました。");
        let run = make(explained).created();
        assert_eq!((&run["ready"], &run["explanation"]), (&json!(1), &json!("お申込みがなかったため、失効といたしました。")));
        secretariat.get("/api/v1/bulk-runs/6d2b1a54-9c0e-4f8b-8f57-21d053c17e96").refused(404, "not-found");
    })
    .await;
}
