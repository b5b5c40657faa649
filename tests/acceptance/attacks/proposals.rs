//! Against 二者承認: doing alone what needs two, many decisions one by one, and rows that are changed below the service.

use std::num::NonZeroU32;

use api::access::{Clients, Duties, Grant, Principal, operators_call};
use api::clock::DEMONSTRATION_START;
use api::decisions::Deciding;
use domain::Role;
use eventstore::Database;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::databases::{Content, TestDatabase};
use crate::intake::pages::{Browser, all_hidden};
use crate::mail::Mailing;
use crate::secretariat::{Desk, completed};
use crate::service::approvals::{approve, done, of, waiting};
use crate::service::{
    Answer, Applicant, FOURTH, Person, TestService, each_demonstration, each_service, eventually,
    files,
};

const TOLD: &str = "期限までにお手続きがなかったため、失効といたしました。";

fn lapse() -> Value {
    json!({ "explanation": TOLD })
}

/// Somebody with the run of the database.
async fn by_sql(service: &TestService, statement: &str) {
    by_sql_at(service.inside.log.database(), statement).await;
}

async fn by_sql_at(database: &Database, statement: &str) {
    let changed: u64 = eventstore::on_database!(database, pool => {
        sqlx::query(statement).execute(pool).await.map(|done| done.rows_affected())
    })
    .unwrap();
    assert!(changed > 0, "{statement}");
}

/// Members as 臨床 瘍子, each with an application.
fn applicants(service: &TestService, count: usize) -> Vec<Applicant> {
    let numbers: Vec<String> = (0..count).map(|number| format!("94{number:05}")).collect();
    files::members_like_yoko(&service.secretariat(), &numbers);
    numbers
        .iter()
        .map(|number| service.applicant(number, FOURTH, "documents_only"))
        .collect()
}

fn lapsed(applicant: &Applicant) -> bool {
    applicant.status().join("\n").contains("認定: 失効")
}

fn preview(person: &Person, act: &str, explanation: &str, ids: &[&str]) -> Value {
    let body = json!({
        "act": act, "until": match act { "extend" => "2026-08-31T17:00", "defer" => "2027-02-28", _ => "" },
        "explanation": explanation, "reason": "理事会の決定による", "applications": ids,
    });
    let made = person.post("/api/v1/bulk-runs").json(&body).send();
    made.created()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_person_is_shown_all_that_is_approved_wherever_it_is() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let person = service.secretariat();
        let desk = Desk::new(&person, &yoko.id);
        let decider = service.decider();
        let other = Browser::at_hand_of(service, decider.clone());
        let shown = |run: &Value, words: &str| {
            let address = format!("/desk/bulk/{}", run["id"].as_str().unwrap());
            for path in ["/desk/approvals", &address] {
                let page = other.page(path);
                assert!(page.contains(words), "{path}: {words}: {page}");
            }
        };
        // Until when.
        let run = preview(&person, "defer", TOLD, &[&yoko.id]);
        assert_eq!(run["state"], "previewed", "{run}");
        person.post(&of(&run, "/start-decisions")).send().ok();
        shown(&run, "2027年2月28日");
        let label = decider.get(&of(&run, "")).ok()["until_label"].clone();
        assert!(label.as_str().unwrap().contains("2027年2月28日"), "{label}");
        person.post(&of(&run, "/cancellation")).send().ok();
        // Which decision is undone.
        service.approved(&desk.judge("/certification/lapse", &lapse()));
        let event = desk.review()["undoable"]["event"].clone();
        let undoing = json!({ "event": event, "explanation": TOLD, "reason": "誤り" });
        let run = desk.judge("/certification/undoing", &undoing).waits();
        let words = format!("失効（変更履歴の記録 {event}）");
        assert_eq!(run["until_label"], words.as_str());
        shown(&run, &words);
        service.approve_all();
        // What the file tells each.
        files::payment(&person, "T1", "9000001");
        eventually(&true, || yoko.status().join("\n").contains("入金確認済み"));
        let file = "会員番号,結果,会員への説明\r\n9000001,不合格,基準点に達しませんでした。\r\n";
        let import = person.post("/api/v1/imports/exam-results");
        import.bytes("text/csv", file.into()).send().ok();
        let run = decider.get(&of(&waiting(&decider)[0], "")).ok();
        assert_eq!(run["items"][0]["explanation"], "基準点に達しませんでした。");
        shown(&run, "基準点に達しませんでした。");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_decides_without_viewing_sees_and_takes_back_the_own_proposals_and_nothing_else() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        files::payment(&service.secretariat(), "T1", "9000001");
        eventually(&true, || yoko.status().join("\n").contains("入金確認済み"));
        let hantei = Principal::of(Role::Secretariat, "hantei", Duties::parse("decide"));
        let hantei = service.as_principal(&hantei).await;
        let failed = json!({ "outcome": "failed", "explanation": TOLD });
        let own = Desk::new(&hantei, &yoko.id).post("/exam-result", &failed);
        let own_run = own.waits();
        // What waits of others, and of a file of the own.
        let desk = service.secretariat();
        let others = Desk::new(&desk, &yoko.id)
            .judge("/certification/lapse", &lapse())
            .waits();
        let file = "会員番号,結果\r\n9000001,不合格\r\n"
            .to_owned()
            .into_bytes();
        let import = hantei
            .post("/api/v1/imports/exam-results")
            .bytes("text/csv", file)
            .send()
            .ok();
        let of_file = waiting(&desk)
            .into_iter()
            .find(|run| run["made_by"] == "secretariat:hantei" && run["id"] != own_run["id"]);
        let of_file = of_file.unwrap();

        assert_eq!(
            waiting(&hantei),
            [hantei.get("/api/v1/bulk-runs").ok()["runs"][0].clone()]
        );
        let place = own.header("location").unwrap();
        let seen = hantei.get(place).ok();
        assert_eq!(
            (
                &seen["id"],
                &seen["items"][0]["application"],
                &seen["explanation"]
            ),
            (&own_run["id"], &json!(yoko.id), &json!(TOLD))
        );
        for run in [&others, &of_file] {
            hantei.get(&of(run, "")).refused(404, "not-found");
            for step in ["/approval", "/cancellation", "/start-decisions"] {
                hantei.post(&of(run, step)).send().refused(404, "not-found");
            }
            let page = hantei.get(&format!("/desk/bulk/{}", run["id"].as_str().unwrap()));
            assert_eq!(page.status, 404);
        }
        // The same on the pages, without a name.
        let browser = Browser::at_hand_of(service, hantei.clone());
        let address = format!("/desk/bulk/{}", own_run["id"].as_str().unwrap());
        for path in ["/", "/desk/approvals", "/desk/bulk", &address] {
            let page = browser.page(path);
            assert!(
                page.contains("不合格") && !page.contains("瘍子"),
                "{path}: {page}"
            );
            assert!(
                !page.contains("認定: 失効") && !page.contains(">失効"),
                "{path}: {page}"
            );
        }
        let listed = browser.page("/desk/approvals");
        assert_eq!(all_hidden(&listed, "run").len(), 1, "{listed}");
        assert!(listed.contains("会員 9000001"), "{listed}");
        let refused = browser.post(
            "/desk/approvals/refusal",
            &[("run", &format!("{}.x", others["id"].as_str().unwrap()))],
        );
        assert_eq!(refused.status, 404);
        let pressed = browser.post(&format!("{address}/cancellation"), &[]);
        assert_eq!(pressed.status, 303, "{pressed:?}");
        assert_eq!(hantei.get(place).ok()["state"], "cancelled");
        // And by the API; what waits of the file goes with the file.
        let again = Desk::new(&hantei, &yoko.id)
            .post("/exam-result", &failed)
            .waits();
        let cancelled = hantei.post(&of(&again, "/cancellation")).send().ok();
        assert_eq!(cancelled["state"], "cancelled");
        let path = format!(
            "/api/v1/imports/runs/{}/retraction",
            import["id"].as_str().unwrap()
        );
        let why = json!({ "reason": "別のファイルのため" });
        hantei.post(&path).json(&why).send().ok();
        let left: Vec<_> = waiting(&desk).iter().map(|run| run["id"].clone()).collect();
        assert_eq!(left, [others["id"].clone()]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_person_must_not_do_alone_is_seen_nowhere_before_another_has_approved() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        mailing.follow().await;
        let (status, mails) = (yoko.status(), mailing.mails().await.len());
        let sequence = yoko.get("").ok()["sequence"].clone();
        let person = service.secretariat();
        let desk = Desk::new(&person, &yoko.id);
        let answer = desk.judge("/certification/lapse", &lapse());
        let run = answer.waits();
        assert_eq!((&run["proposed_by"], &run["approved"]), (&json!("secretariat:demo"), &json!(false)));
        // Nothing of it: no event, no line, no mail, nothing on a page of the member.
        let nothing = async || {
            mailing.follow().await;
            assert_eq!(yoko.get("").ok()["sequence"], sequence);
            assert_eq!((yoko.status(), mailing.mails().await.len()), (status.clone(), mails));
            let top = yoko.person.get(&format!("/applications/{}", yoko.id));
            assert!(!top.text.contains("失効"), "{}", top.text);
        };
        nothing().await;
        // Not by the same person, whatever the way; not by somebody without 判定; not by a token.
        let own = person.post(&of(&run, "/approval")).send().refused(409, "proposal-refused");
        assert!(own["detail"].as_str().unwrap().contains("起案した本人"), "{own}");
        person.post(&of(&run, "/start-decisions")).send().refused(409, "proposal-refused");
        for duties in ["view check payments administer", ""] {
            let other = Principal::of(Role::Secretariat, "other", Duties::parse(duties));
            let other = service.as_principal(&other).await;
            other.post(&of(&run, "/approval")).send().refused(403, "not-permitted");
            other.post(&of(&run, "/cancellation")).send().refused(403, "not-permitted");
        }
        let token = json!({ "name": "robot", "role": "secretariat", "scopes": ["decide"], "days": 1 });
        let token = person.post("/api/v1/tokens").json(&token).send().created();
        let robot = service.client(token["secret"].as_str().unwrap());
        robot.post(&of(&run, "/approval")).send().refused(403, "not-permitted");
        let seen = desk.review()["revision"].clone();
        let body = json!({ "explanation": TOLD, "seen": seen });
        let refused = Desk::new(&robot, &yoko.id).post("/certification/lapse", &body);
        let refused = refused.refused(403, "not-permitted");
        assert!(refused["detail"].as_str().unwrap().contains("トークン"), "{refused}");
        nothing().await;
        assert_eq!(service.approved(&answer)["done"], 1);
        assert!(lapsed(&yoko), "{:?}", yoko.status());
        mailing.follow().await;
        assert_eq!(mailing.mails().await.len(), mails + 1);

        // The log says by whom it was, and that there were two; the member is told neither.
        let path = yoko.path("/history?event=Lapsed");
        eventually(&2, || person.get(&path).ok()["entries"].as_array().unwrap().len());
        let entry = &person.get(&path).ok()["entries"][0];
        assert_eq!((&entry["actor"], &entry["approval"]), (&json!("secretariat:demo"), &json!("two_persons")));
        assert_eq!(yoko.history("event=Lapsed")[0]["approval"], Value::Null);

        // Undoing it takes two as well, and a reason.
        let event = desk.review()["undoable"]["event"].clone();
        let undo = |reason: &str| json!({ "event": event, "explanation": "誤りでした。", "reason": reason });
        let unreasoned = desk.judge("/certification/undoing", &undo("")).refused(422, "invalid");
        assert_eq!(unreasoned["errors"][0]["pointer"], "/reason");
        let undoing = desk.judge("/certification/undoing", &undo("入力の誤り"));
        undoing.waits();
        assert!(lapsed(&yoko));
        assert_eq!(service.approved(&undoing)["done"], 1);
        assert_eq!(yoko.status(), status);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_of_what_has_changed_since_does_nothing_and_the_run_says_so() {
    each_service(async |service| {
        let yoko = completed(service);
        let person = service.secretariat();
        let desk = Desk::new(&person, &yoko.id);
        desk.accept();
        let failing = json!({ "result": "failed", "explanation": "基準に達しませんでした。" });
        let answer = desk.judge("/review-result", &failing);
        // The same request again is the same run; it is proposed once.
        assert_eq!(waiting(&person).len(), 1);
        let body = json!({ "proof": "final_form", "state": "defective" });
        desk.put("/review/proofs", &body).ok();
        let run = service.approved(&answer);
        assert_eq!((&run["done"], &run["refused"]), (&json!(0), &json!(1)));
        let sentence = run["items"][0]["sentence"].as_str().unwrap();
        assert!(sentence.contains("更新されています"), "{sentence}");
        assert_eq!(yoko.status()[0], "申請: 書類受理");
        // What was refused or taken back cannot be approved any more.
        let again = desk.judge("/review-result", &failing).waits();
        let decider = service.decider();
        decider.post(&of(&again, "/cancellation")).send().ok();
        decider
            .post(&of(&again, "/approval"))
            .send()
            .refused(409, "wrong-state");
        by_sql(
            service,
            "UPDATE bulk_runs SET state = 'proposed' WHERE state = 'cancelled'",
        )
        .await;
        let refused = decider
            .post(&of(&again, "/approval"))
            .send()
            .refused(409, "proposal-refused");
        assert!(
            refused["detail"]
                .as_str()
                .unwrap()
                .contains("取り消されています"),
            "{refused}"
        );
        assert_eq!(yoko.status()[0], "申請: 書類受理");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_were_changed_after_the_approval_do_nothing_and_the_run_says_so() {
    each_service(async |service| {
        let [approved, other] = &applicants(service, 2)[..] else {
            panic!("two");
        };
        let (person, decider) = (service.secretariat(), service.decider());
        for change in [
            format!("UPDATE bulk_items SET application = '{}' WHERE run = '$'", other.id),
            "UPDATE bulk_items SET seen = seen + 1 WHERE run = '$'".to_owned(),
            format!("INSERT INTO bulk_items (run, application, seen, state, sentence) VALUES ('$', '{}', 1, 'ready', '')", other.id),
            "UPDATE bulk_items SET explanation = '別の説明' WHERE run = '$'".to_owned(),
            "UPDATE bulk_runs SET act = 'lapse' WHERE id = '$'".to_owned(),
            "UPDATE bulk_runs SET until = '2040-03-31' WHERE id = '$'".to_owned(),
            "UPDATE bulk_runs SET explanation = '別の説明' WHERE id = '$'".to_owned(),
            "UPDATE bulk_runs SET reason = '別の理由' WHERE id = '$'".to_owned(),
            "UPDATE bulk_runs SET starts = 'approved' WHERE id = '$'".to_owned(),
        ] {
            let body = json!({
                "act": "defer", "until": "2027-03-31", "explanation": "ご事情によります。", "reason": "決定",
                "applications": [approved.id],
            });
            let run = person.post("/api/v1/bulk-runs").json(&body).send().created();
            person.post(&of(&run, "/start-decisions")).send().ok();
            approve(&decider, &run);
            by_sql(service, &change.replace('$', run["id"].as_str().unwrap())).await;
            let refused = person.post(&of(&run, "/start-decisions")).send();
            refused.refused(409, "proposal-refused");
            let run = person.get(&of(&run, "")).ok();
            assert_eq!((&run["state"], &run["done"]), (&json!("cancelled"), &json!(0)), "{change}");
            let sentence = run["sentence"].as_str().unwrap();
            assert!(sentence.contains("書き換えられている"), "{change}: {run}");
        }
        for applicant in [approved, other] {
            let status = applicant.status().join("\n");
            assert!(!status.contains("猶予") && !status.contains("失効"), "{status}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_says_that_it_was_started_or_by_somebody_else_is_not_believed() {
    each_service(async |service| {
        let [one, other] = &applicants(service, 2)[..] else {
            panic!("two");
        };
        let (person, decider) = (service.secretariat(), service.decider());
        // Started by nobody but the row.
        let run = preview(&person, "lapse", TOLD, &[&one.id]);
        person.post(&of(&run, "/start-decisions")).send().ok();
        let id = run["id"].as_str().unwrap();
        by_sql(service, &format!("UPDATE bulk_runs SET state = 'running', started_by = 'secretariat:tanaka' WHERE id = '{id}'")).await;
        // Any other run wakes the worker.
        let routine = preview(&person, "extend", "", &[&other.id]);
        person.post(&of(&routine, "/start-checks")).send().ok();
        done(&person, &routine);
        eventually(&json!("cancelled"), || person.get(&of(&run, "")).ok()["state"].clone());
        assert!(!lapsed(one), "{:?}", one.status());
        // Whose acts they are stands in the log.
        let run = preview(&person, "lapse", TOLD, &[&one.id]);
        person.post(&of(&run, "/start-decisions")).send().ok();
        approve(&decider, &run);
        let id = run["id"].as_str().unwrap();
        by_sql(service, &format!("UPDATE bulk_runs SET made_by = 'secretariat:tanaka', started_by = 'secretariat:tanaka' WHERE id = '{id}'")).await;
        decider.post(&of(&run, "/start-decisions")).send().ok();
        done(&person, &run);
        let path = one.path("/history?event=Lapsed");
        eventually(&json!("secretariat:demo"), || person.get(&path).ok()["entries"][0]["actor"].clone());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_taken_up_again_is_held_against_the_log_first() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let ids: Vec<String> = applicants(&service, 3).into_iter().map(|one| one.id).collect();
        let person = service.secretariat();
        let routine = preview(&person, "extend", "", &[&ids[0], &ids[1]]);
        person.post(&of(&routine, "/start-checks")).send().ok();
        done(&person, &routine);
        let decided = preview(&person, "lapse", TOLD, &[&ids[0], &ids[1]]);
        person.post(&of(&decided, "/start-decisions")).send().ok();
        approve(&service.decider(), &decided);
        person.post(&of(&decided, "/start-decisions")).send().ok();
        done(&person, &decided);
        service.stop().await;
        // As if the process had been killed in the middle of both, and another application put in the place of the one that was left.
        for statement in [
            "UPDATE bulk_runs SET state = 'running', leased_until_us = 0".to_owned(),
            format!("UPDATE bulk_items SET state = 'ready', application = '{}' WHERE application = '{}'", ids[2], ids[1]),
        ] {
            by_sql_at(&database.database, &statement).await;
        }
        let service = TestService::on(database).await;
        let person = service.secretariat();
        for run in [&routine, &decided] {
            eventually(&json!("cancelled"), || person.get(&of(run, "")).ok()["state"].clone());
        }
        let third = Desk::new(&person, &ids[2]);
        assert!(!third.get("").ok()["status"]["lines"].to_string().contains("失効"));
        let extended = third.get("/history?event=DeadlineExtended").ok();
        assert_eq!(extended["entries"], json!([]));
        service.stop().await;
        // The rows as they were: it goes on, does nothing twice, and does what a row only says that was done.
        for statement in [
            format!("UPDATE bulk_items SET application = '{}' WHERE application = '{}'", ids[1], ids[2]),
            "UPDATE bulk_runs SET state = 'running', leased_until_us = 0, sentence = ''".to_owned(),
        ] {
            by_sql_at(&database.database, &statement).await;
        }
        let service = TestService::on(database).await;
        let person = service.secretariat();
        for run in [&routine, &decided] {
            assert_eq!(done(&person, run)["done"], 2);
        }
        for id in &ids[..2] {
            let lapsed = Desk::new(&person, id).get("/history?event=Lapsed").ok();
            assert_eq!(lapsed["entries"].as_array().unwrap().len(), 2, "once: what, and the explanation");
        }
        service.stop().await;
    })
    .await;
}

/// So many acts of 判定 of one account in a day.
fn a_day(count: u32) -> Deciding {
    Deciding {
        a_day: NonZeroU32::new(count).unwrap(),
        ..Deciding::default()
    }
}

/// Defers by whoever asks, until a day, under a key; what the application looks like is read by `person`, as a token cannot.
fn defer(person: &Person, asking: &Person, id: &str, (until, key): (&str, &str)) -> Answer {
    let seen = Desk::new(person, id).review()["revision"].clone();
    let body = json!({ "until": until, "explanation": "ご事情によります。", "seen": seen });
    let path = format!("/api/v1/applications/{id}/certification/deferral");
    asking.post(&path).key(key).json(&body).send()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_decide_in_the_number_of_who_made_them_however_many_there_are() {
    each_demonstration(async |database| {
        let start = DEMONSTRATION_START + SignedDuration::from_hours(1);
        let service = TestService::deciding(database, start, a_day(2)).await;
        let ids: Vec<String> = applicants(&service, 6)
            .into_iter()
            .map(|one| one.id)
            .collect();
        let person = service.secretariat();
        let token = |name: &str| {
            let body =
                json!({ "name": name, "role": "secretariat", "scopes": ["decide"], "days": 1 });
            let made = person.post("/api/v1/tokens").json(&body).send().created();
            service.client(made["secret"].as_str().unwrap())
        };
        let until = |key: &'static str| ("2027-03-31", key);
        defer(&person, &person, &ids[0], until("1")).ok();
        defer(&person, &token("one"), &ids[1], until("2")).ok();
        // Neither another token, nor another one of that name, nor the maker has anything left.
        for name in ["one", "two"] {
            let refused = defer(&person, &token(name), &ids[2], until("3"));
            refused.refused(403, "not-permitted");
        }
        defer(&person, &person, &ids[2], until("3")).waits();
        // Those of the console count together, and not for anybody who signs in.
        let clients = Clients::new(&service.inside);
        let mut robots = Vec::new();
        for name in ["three", "four"] {
            let grant = Grant::read(name, "secretariat", &["decide".to_owned()], 1).unwrap();
            let call = operators_call();
            let request = (Uuid::new_v4(), &call);
            let made = clients.create(&grant, &call.actor, request, Timestamp::now());
            robots.push(service.client(made.await.unwrap().1.as_str()));
        }
        defer(&person, &robots[0], &ids[3], until("4")).ok();
        defer(&person, &robots[1], &ids[4], until("5")).ok();
        for robot in &robots {
            defer(&person, robot, &ids[5], until("6")).refused(403, "not-permitted");
        }
        defer(&person, &service.decider(), &ids[5], until("6")).ok();
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_at_once_under_one_key_of_which_some_are_refused_free_no_place() {
    each_demonstration(async |database| {
        let start = DEMONSTRATION_START + SignedDuration::from_hours(1);
        let service = TestService::deciding(database, start, a_day(2)).await;
        let ids: Vec<String> = applicants(&service, 8)
            .into_iter()
            .map(|one| one.id)
            .collect();
        let person = service.secretariat();
        let days = ["2020-03-31", "2020-03-31", "2027-03-31", "2020-03-30"];
        tokio::task::block_in_place(|| {
            for id in &ids {
                std::thread::scope(|scope| {
                    for day in days {
                        let person = &person;
                        scope.spawn(move || defer(person, person, id, (day, "one")));
                    }
                });
            }
        });
        let deferred = |id: &&String| {
            let status = Desk::new(&person, id).get("").ok();
            status["status"]["lines"].to_string().contains("猶予")
        };
        assert_eq!(ids.iter().filter(deferred).count(), 2);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_under_which_something_waits_is_refused_for_anything_else() {
    each_service(async |service| {
        let [one, other] = &applicants(service, 2)[..] else {
            panic!("two");
        };
        let person = service.secretariat();
        let seen = Desk::new(&person, &one.id).review()["revision"].clone();
        let lapse = |explanation: &str| {
            let path = one.path("/certification/lapse");
            let body = json!({ "explanation": explanation, "reason": "決定", "seen": seen });
            person.post(&path).key("one").json(&body).send()
        };
        let first = lapse(TOLD).waits();
        assert_eq!(lapse(TOLD).waits()["id"], first["id"]);
        lapse("別の説明です。").refused(422, "idempotency-key-reused");
        // What was taken back is the answer of then, and is not proposed again.
        person.post(&of(&first, "/cancellation")).send().ok();
        let again = lapse(TOLD).waits();
        assert_eq!((&again["id"], &again["state"]), (&first["id"], &json!("cancelled")));
        lapse("別の説明です。").refused(422, "idempotency-key-reused");
        assert!(!lapsed(one), "{:?}", one.status());

        let preview = |act: &str, ids: &[&str]| {
            let until = if act == "extend" { "2026-08-31T17:00" } else { "" };
            let body = json!({
                "act": act, "until": until, "explanation": "", "reason": "決定", "applications": ids,
            });
            person.post("/api/v1/bulk-runs").key("two").json(&body).send()
        };
        let first = preview("extend", &[&one.id]).created();
        assert_eq!(preview("extend", &[&one.id]).created()["id"], first["id"]);
        for (act, ids) in [
            ("extend", &[one.id.as_str(), other.id.as_str()][..]),
            ("approve", &[one.id.as_str()]),
        ] {
            preview(act, ids).refused(422, "idempotency-key-reused");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_says_that_it_was_refused_is_tried_as_all_that_was_approved() {
    each_service(async |service| {
        let [one, other] = &applicants(service, 2)[..] else {
            panic!("two");
        };
        let (person, decider) = (service.secretariat(), service.decider());
        let run = preview(&person, "lapse", TOLD, &[&one.id, &other.id]);
        person.post(&of(&run, "/start-decisions")).send().ok();
        approve(&decider, &run);
        let statement = format!(
            "UPDATE bulk_items SET state = 'refused', sentence = '会員の希望により対象外としました。' WHERE application = '{}'",
            other.id
        );
        by_sql(service, &statement).await;
        person.post(&of(&run, "/start-decisions")).send().ok();
        let run = done(&person, &run);
        assert_eq!((&run["done"], &run["refused"]), (&json!(2), &json!(0)));
        assert!(!run.to_string().contains("希望"), "{run}");
        assert!(lapsed(one) && lapsed(other));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_the_only_decider_any_more_waits_for_a_second_person_after_all() {
    each_demonstration(async |database| {
        let alone = Deciding {
            sole: Some("demo".to_owned()),
            ..Deciding::default()
        };
        let start = DEMONSTRATION_START + SignedDuration::from_hours(1);
        let service = TestService::deciding(database, start, alone).await;
        let ids: Vec<String> = applicants(&service, 3)
            .into_iter()
            .map(|one| one.id)
            .collect();
        let person = service.secretariat();
        let single = Desk::new(&person, &ids[0]).judge("/certification/lapse", &lapse());
        let single = single.waits();
        let many = preview(&person, "lapse", TOLD, &[&ids[1]]);
        person.post(&of(&many, "/start-decisions")).send().ok();
        service.stop().await;

        // A second one has come, and the operator does not name the first one any more.
        let later = start + SignedDuration::from_hours(25);
        let service = TestService::deciding(database, later, Deciding::default()).await;
        let person = service.secretariat();
        // Whatever else is done, the runs that are due have been looked through before it.
        let routine = preview(&person, "extend", "", &[&ids[2]]);
        person.post(&of(&routine, "/start-checks")).send().ok();
        done(&person, &routine);
        let pressed = person.post(&of(&many, "/start-decisions")).send();
        pressed.refused(409, "proposal-refused");
        for run in [&single, &many] {
            let run = person.get(&of(run, "")).ok();
            assert_eq!(
                (&run["state"], &run["alone_from"]),
                (&json!("proposed"), &Value::Null)
            );
            approve(&service.decider(), &run);
        }
        person.post(&of(&many, "/start-decisions")).send().ok();
        for run in [&single, &many] {
            assert_eq!(done(&person, run)["done"], 1);
        }
        service.stop().await;
    })
    .await;
}

/// Defers each application by a request of its own, all at once; gives how many were done and how many wait.
fn all_at_once(people: &[Person], ids: &[String]) -> (usize, usize) {
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asking: Vec<_> = ids
            .iter()
            .zip(people.iter().cycle())
            .map(|(id, person)| {
                scope.spawn(move || {
                    let body =
                        json!({ "until": "2027-03-31", "explanation": "ご事情によります。" });
                    let answer = Desk::new(person, id).judge("/certification/deferral", &body);
                    answer.status
                })
            })
            .collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let number = |status: u16| statuses.iter().filter(|known| **known == status).count();
    assert_eq!(number(200) + number(202), ids.len(), "{statuses:?}");
    (number(200), number(202))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_decisions_one_by_one_those_beyond_the_limit_wait_however_many_come_at_once() {
    for postgres in [false, true] {
        let database = if postgres {
            TestDatabase::postgres_with(Content::Demonstration).await
        } else {
            TestDatabase::sqlite_with(Content::Demonstration).await
        };
        let service = TestService::on(&database).await;
        // A second node, where there can be one.
        let second = if postgres {
            Some(TestService::on(&database).await)
        } else {
            None
        };
        let ids: Vec<String> = applicants(&service, 25)
            .into_iter()
            .map(|one| one.id)
            .collect();
        let person = service.secretariat();
        // What is refused does not count.
        for id in &ids[..3] {
            let silent = json!({ "until": "2027-03-31" });
            Desk::new(&person, id)
                .judge("/certification/deferral", &silent)
                .refused(422, "invalid");
        }
        let mut people = vec![person.clone()];
        people.extend(
            second
                .iter()
                .map(|node| person.at(&format!("http://{}", node.address()))),
        );
        let counted = tokio::task::block_in_place(|| all_at_once(&people, &ids));
        assert_eq!(counted, (20, 5), "postgres: {postgres}");
        let runs = waiting(&person);
        assert_eq!(runs.len(), 5);
        // One after the other neither; what was done already is done when it is said again.
        let deferred = |id: &String| {
            let status = Desk::new(&person, id).get("").ok();
            status["status"]["lines"].to_string().contains("猶予")
        };
        let (done_ids, left): (Vec<_>, Vec<_>) = ids.iter().cloned().partition(deferred);
        assert_eq!((done_ids.len(), left.len()), (20, 5));
        let again = json!({ "until": "2027-03-31", "explanation": "ご事情によります。" });
        Desk::new(&person, &done_ids[0])
            .judge("/certification/deferral", &again)
            .ok();
        // Somebody else has a count of the own, and approves all of it in one press.
        let decider = crate::intake::pages::Browser::at_hand_of(&service, service.decider());
        let page = decider.page("/desk/approvals");
        assert!(
            page.contains("事務局 demoの5件をまとめて承認する"),
            "{page}"
        );
        let pressed = all_hidden(&page, "run");
        assert_eq!(pressed.len(), runs.len());
        let runs: Vec<(&str, &str)> = pressed.iter().map(|run| ("run", run.as_str())).collect();
        let pressed = decider.post("/desk/approvals/approval", &runs);
        assert_eq!(pressed.status, 303, "{pressed:?}");
        for id in &left {
            eventually(&true, || deferred(id));
        }
        assert_eq!(waiting(&person), Vec::<Value>::new());
        if let Some(second) = second {
            second.stop().await;
        }
        service.stop().await;
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_of_a_file_are_decisions_too_and_those_beyond_the_limit_wait() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let numbers: Vec<String> = (0..23).map(|number| format!("95{number:05}")).collect();
    let person = service.secretariat();
    files::members_like_yoko(&person, &numbers);
    let mut fees = crate::intake::PAYMENTS.to_owned();
    let mut results = "会員番号,結果\r\n".to_owned();
    let mut ids = Vec::new();
    for number in &numbers {
        ids.push(service.applicant(number, FOURTH, "documents_and_exam").id);
        fees.push_str(&crate::intake::exam_fee(
            &format!("T{number}"),
            number,
            "ﾘﾝｼﾖｳ",
        ));
        results.extend([number.as_str(), ",合格\r\n"]);
    }
    let desk = crate::intake::Desk::of(&service);
    desk.import("payments", &fees);
    for id in &ids {
        eventually(&true, || desk.status(id).contains("入金確認済み"));
    }
    let look = desk.look("exam-results", &results);
    assert_eq!(
        (&look["recorded"], &look["waiting"]),
        (&json!(20), &json!(3))
    );
    let imported = desk.import("exam-results", &results);
    assert_eq!(
        (&imported["recorded"], &imported["waiting"]),
        (&json!(20), &json!(3))
    );
    // And then nothing is left for a single one.
    let deferral = json!({ "until": "2027-03-31", "explanation": "ご事情によります。" });
    Desk::new(&person, &ids[0])
        .judge("/certification/deferral", &deferral)
        .waits();
    assert_eq!(service.approve_all().len(), 2);
    let passed = ids
        .iter()
        .filter(|id| desk.status(id).contains("合格"))
        .count();
    assert_eq!(passed, 23);
    service.stop().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_was_taken_is_free_again_after_a_day_and_not_before_whatever_is_restarted() {
    each_demonstration(async |database| {
        let two = || Deciding {
            a_day: NonZeroU32::new(2).unwrap(),
            ..Deciding::default()
        };
        let start = DEMONSTRATION_START + SignedDuration::from_hours(1);
        let service = TestService::deciding(database, start, two()).await;
        let ids: Vec<String> = applicants(&service, 5)
            .into_iter()
            .map(|one| one.id)
            .collect();
        let defer = |service: &TestService, id: &str| {
            let body = json!({ "until": "2027-03-31", "explanation": "ご事情によります。" });
            let person = service.secretariat();
            let answer = Desk::new(&person, id).judge("/certification/deferral", &body);
            answer.status
        };
        assert_eq!(defer(&service, &ids[0]), 200);
        assert_eq!(defer(&service, &ids[1]), 200);
        assert_eq!(defer(&service, &ids[2]), 202);
        service.stop().await;
        let later = start + SignedDuration::from_hours(23);
        let service = TestService::deciding(database, later, two()).await;
        assert_eq!(defer(&service, &ids[3]), 202);
        service.stop().await;
        let later = start + SignedDuration::from_hours(25);
        let service = TestService::deciding(database, later, two()).await;
        assert_eq!(defer(&service, &ids[4]), 200);
        service.stop().await;
    })
    .await;
}

/// What somebody with the run of the database makes of one's proposal ($), and how it is put back.
fn forgeries(one: &str, other: &str) -> Vec<(String, String)> {
    vec![
        (
            "UPDATE bulk_runs SET act = 'certify' WHERE id = '$'".to_owned(),
            "UPDATE bulk_runs SET act = 'lapse' WHERE id = '$'".to_owned(),
        ),
        (
            "UPDATE bulk_runs SET explanation = '別の説明' WHERE id = '$'".to_owned(),
            format!("UPDATE bulk_runs SET explanation = '{TOLD}' WHERE id = '$'"),
        ),
        (
            "UPDATE bulk_runs SET reason = '別の理由' WHERE id = '$'".to_owned(),
            "UPDATE bulk_runs SET reason = '委員会の決定による' WHERE id = '$'".to_owned(),
        ),
        (
            format!("UPDATE bulk_items SET application = '{other}' WHERE run = '$'"),
            format!("UPDATE bulk_items SET application = '{one}' WHERE run = '$'"),
        ),
        (
            "UPDATE bulk_items SET state = 'excluded' WHERE run = '$'".to_owned(),
            "UPDATE bulk_items SET state = 'ready' WHERE run = '$'".to_owned(),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_approves_is_never_shown_something_else_than_what_is_approved() {
    each_service(async |service| {
        let [one, other] = &applicants(service, 2)[..] else {
            panic!("two");
        };
        let (person, decider) = (service.secretariat(), service.decider());
        let browser = Browser::at_hand_of(service, service.decider());
        let run = Desk::new(&person, &one.id)
            .judge("/certification/lapse", &lapse())
            .waits();
        let id = run["id"].as_str().unwrap();
        let address = format!("/desk/bulk/{id}");
        let unlike = "起案された内容と一致していません";
        let honest = person.get(&of(&run, "")).ok()["digest"].clone();
        assert_eq!((&run["digest"], &run["changed"]), (&honest, &json!(false)));
        for (forged, back) in forgeries(&one.id, &other.id) {
            by_sql(service, &forged.replace('$', id)).await;
            for place in ["/", "/desk/approvals", &address] {
                let page = browser.page(place);
                assert!(page.contains(unlike), "{forged}: {page}");
                assert!(
                    !page.contains(">承認する<") && !page.contains("承認して実行する"),
                    "{forged}: {page}"
                );
            }
            let shown = decider.get(&of(&run, "")).ok();
            assert_eq!(shown["changed"], true, "{forged}: {shown}");
            assert!(
                shown["sentence"].as_str().unwrap().contains(unlike),
                "{forged}: {shown}"
            );
            let all = decider.get("/api/v1/bulk-runs").ok();
            let listed = all["runs"]
                .as_array()
                .unwrap()
                .iter()
                .find(|listed| listed["id"] == id);
            assert_eq!(listed.unwrap()["changed"], true, "{forged}");
            let seen = all_hidden(&browser.page("/desk/approvals"), "run").swap_remove(0);
            let digest = shown["digest"].as_str().unwrap();
            assert_eq!(seen, format!("{id}.{digest}"), "{forged}");
            // Put back, the rows are those that were proposed; what was seen was not.
            by_sql(service, &back.replace('$', id)).await;
            for (path, field) in [
                ("/desk/approvals/approval".to_owned(), ("run", &*seen)),
                (format!("{address}/approval"), ("digest", digest)),
            ] {
                let pressed = browser.post(&path, &[field]);
                assert_eq!(pressed.status, 409, "{forged}");
                assert!(
                    pressed.text.contains("画面に表示されていた内容が"),
                    "{}",
                    pressed.text
                );
            }
            let approval = decider
                .post(&of(&run, "/approval"))
                .json(&json!({ "digest": digest }));
            approval.send().refused(409, "proposal-refused");
        }
        // One that its row hides is shown all the same.
        by_sql(
            service,
            &format!("UPDATE bulk_items SET state = 'done' WHERE run = '{id}'"),
        )
        .await;
        assert!(browser.page("/desk/approvals").contains("（9400000）"));
        by_sql(
            service,
            &format!("UPDATE bulk_items SET state = 'ready' WHERE run = '{id}'"),
        )
        .await;
        // A page approves nothing of which it does not say what it has shown.
        for (path, fields) in [
            ("/desk/approvals/approval".to_owned(), &[("run", id)][..]),
            (format!("{address}/approval"), &[]),
        ] {
            assert_eq!(browser.post(&path, fields).status, 400);
        }
        assert!(!lapsed(one), "{:?}", one.status());
        let body = json!({ "digest": honest });
        decider.post(&of(&run, "/approval")).json(&body).send().ok();
        assert_eq!(done(&decider, &run)["done"], 1);
        assert!(lapsed(one) && !lapsed(other), "{:?}", one.status());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_begins_many_begins_what_the_page_has_shown() {
    each_service(async |service| {
        let [one, other] = &applicants(service, 2)[..] else {
            panic!("two");
        };
        let person = service.secretariat();
        let browser = Browser::at_hand_of(service, service.secretariat());
        let run = preview(&person, "lapse", TOLD, &[&one.id]);
        let id = run["id"].as_str().unwrap();
        let address = format!("/desk/bulk/{id}");
        let seen = all_hidden(&browser.page(&address), "digest").swap_remove(0);
        by_sql(
            service,
            &format!(
                "UPDATE bulk_items SET application = '{}' WHERE run = '{id}'",
                other.id
            ),
        )
        .await;
        let press = format!("{address}/decision");
        assert_eq!(browser.post(&press, &[("digest", &seen)]).status, 409);
        assert_eq!(person.get(&of(&run, "")).ok()["state"], "previewed");
        by_sql(
            service,
            &format!(
                "UPDATE bulk_items SET application = '{}' WHERE run = '{id}'",
                one.id
            ),
        )
        .await;
        assert_eq!(browser.post(&press, &[("digest", &seen)]).status, 303);
        assert_eq!(person.get(&of(&run, "")).ok()["state"], "proposed");
    })
    .await;
}
