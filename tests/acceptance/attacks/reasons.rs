//! 内部の理由 in front of members.

use api::Call;
use api::access::{Duties, Permission, Principal};
use domain::application::{Act, ApplicationCommand, ApplicationId, SocietyCommand};
use domain::proposal::{Approval, ApprovalKind};
use domain::{Actor, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::secretariat::{Desk, completed};
use crate::service::{Applicant, Person, TestService, each_service, eventually};

/// What no member is to read: why something was done, and who did it.
const REASON: &str = "内部の目印";
const ACCOUNT: &str = "tanaka-no-account";

/// An id that nothing has.
const NOBODYS: &str = "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96";

/// Every address that the table lets a member ask: the operations of the API, and the pages.
fn addresses(service: &TestService, applicant: &Applicant, last: i64) -> Vec<String> {
    let description = service.nobody().get("/api/v1/openapi.json").ok();
    let operations = description["paths"].as_object().unwrap().iter();
    let mut routes: Vec<String> = operations
        .filter(|(_, item)| {
            let holders = item["get"]["x-holders"].as_array();
            holders.is_some_and(|holders| holders.iter().any(|holder| holder == "member"))
        })
        .map(|(path, _)| path.clone())
        .collect();
    let member = Principal::of(Role::Member, "9000001", Duties::NONE);
    let pages = api::gates().into_iter().filter(|gate| {
        gate.method.as_str() == "GET"
            && Permission::is_held_by(gate.permission, &member)
            && gate.path != "/sign-out"
    });
    routes.extend(pages.map(|gate| gate.path.to_owned()));
    let program = applicant.id.rsplit_once('.').unwrap().0;
    let papers = applicant.document("papers").ok();
    let row = papers["rows"][0]["id"]
        .as_str()
        .unwrap_or(NOBODYS)
        .to_owned();
    let mut all = Vec::new();
    for route in routes {
        let route = route
            .replace("{id}", &applicant.id)
            .replace("{program}", program)
            .replace("{row}", &row)
            .replace("{session}", NOBODYS)
            .replace("{item}", "1");
        let documents: &[&str] = if route.contains("{document}") {
            &["profile", "papers", "conferences", "seminars"]
        } else {
            &[""]
        };
        for document in documents {
            let route = route.replace("{document}", document);
            if route.contains("{sequence}") {
                for sequence in 1..=last {
                    let route = route.replace("{sequence}", &sequence.to_string());
                    all.push(format!("{route}?document=papers"));
                }
            } else {
                all.push(route);
            }
        }
    }
    all.push(applicant.path("/history?limit=200"));
    assert!(all.iter().all(|address| !address.contains('{')), "{all:?}");
    assert!(all.len() > 40, "{all:?}");
    all
}

/// Fetches all of it, and finds nothing of what is the secretariat's own.
fn nothing_of_it_is_shown(service: &TestService, applicant: &Applicant) {
    let last = applicant.get("").ok()["sequence"].as_i64().unwrap();
    let shown = |person: &Person, address: &str, secrets: &[&str]| {
        let answer = person.get(address);
        for secret in secrets {
            assert!(
                !answer.text.contains(secret),
                "{address} tells {secret}: {}",
                answer.text
            );
        }
        answer.status
    };
    let mut answered = 0;
    for address in addresses(service, applicant, last) {
        answered += usize::from(shown(&applicant.person, &address, &[REASON, ACCOUNT]) == 200);
    }
    assert!(answered > 30, "{answered} addresses answered");
    // 会員として表示 shows what the member sees; who looks is somebody else.
    let colleague = service.secretariat();
    for below in ["", "/history", "/documents/papers", "/print", "/documents"] {
        let address = format!("/desk/as-member/{}{below}", applicant.id);
        assert_eq!(shown(&colleague, &address, &[REASON, ACCOUNT]), 200);
    }
}

async fn tanaka(service: &TestService) -> Person {
    let principal = Principal::of(Role::Secretariat, ACCOUNT, Duties::all());
    service.as_principal(&principal).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_member_can_fetch_tells_a_reason_or_an_account_of_the_secretariat() {
    each_service(async |service| {
        let yoko = completed(service);
        let person = tanaka(service).await;
        let desk = Desk::new(&person, &yoko.id);
        let because = |more: Value| {
            let mut body = json!({ "reason": REASON });
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            body
        };
        let paper = yoko.document("papers").ok()["rows"][0]["id"].clone();
        let target = json!({ "document": "papers", "row": paper });
        desk.put("/review/units", &because(json!({ "target": target, "units": 30, "further_reason": REASON }))).ok();
        let payment = json!({
            "transaction": "R1", "item": "certification_fee", "amount_yen": 11_000, "paid_on": "2026-06-03", "payer": "リンショウ",
        });
        desk.post("/payments", &because(payment)).ok();
        desk.post("/payment-reversals", &because(json!({ "transaction": "R1" }))).ok();
        let items = json!([{ "document": "profile", "comment": "具体的に" }]);
        let sent_back = because(json!({ "items": items, "due": "2026-08-31T17:00" }));
        desk.judge("/return", &sent_back).ok();
        desk.post("/deadline", &because(json!({ "until": "2026-09-30T17:00" }))).ok();
        yoko.save("profile", &json!({ "text": "改めた内容" })).ok();
        yoko.submit().ok();
        desk.judge("/reopening", &because(json!({ "until": "2026-10-31T17:00" }))).ok();
        yoko.submit().ok();
        desk.check_everything();
        desk.judge("/acceptance", &because(json!({}))).ok();
        desk.judge("/review-result/revocation", &because(json!({}))).ok();
        let attendance = because(json!({
            "code": "NEW1", "name": "新セミナー", "kind": "B", "first_day": "2024/04/01", "last_day": "2024/04/02", "units": "10",
        }));
        let path = "/api/v1/members/9000001/attendance";
        person.post(path).json(&attendance).send().ok();
        let last = desk.get("").ok()["sequence"].as_i64();
        let newest = || desk.get("/history?limit=1").ok()["entries"][0]["sequence"].as_i64();
        eventually(&true, || newest() >= last);

        // The secretariat sees both, and so the marks are there to be found.
        let seen = service.secretariat().get(&yoko.path("/history?limit=200"));
        assert!(seen.text.contains(REASON) && seen.text.contains(ACCOUNT));
        nothing_of_it_is_shown(service, &yoko);
        for entry in yoko.history("") {
            let actor = entry["actor"].as_str().unwrap();
            assert!(["member:9000001", "secretariat", "system"].contains(&actor), "{actor}");
            assert_eq!(entry["reason"], Value::Null);
        }
        // Nor can an account be guessed by asking for it.
        let account = format!("actor=secretariat:{ACCOUNT}");
        assert_eq!(yoko.history(&account), Vec::<Value>::new());
        assert!(!yoko.history("actor=secretariat").is_empty());
        assert!(!yoko.history("actor=member:9000001").is_empty());
    })
    .await;
}

/// An act as it stands in the log once all who must have agreed.
pub async fn done(service: &TestService, id: &str, act: Act, explanation: &str) {
    let id = ApplicationId::parse(id).unwrap();
    let (application, _) = service.inside.application(&id).await.unwrap().unwrap();
    let command = ApplicationCommand::Society(SocietyCommand {
        approved: act
            .needs_two_persons(application.state().unwrap())
            .then(|| Approval {
                proposal: Uuid::new_v4(),
                kind: ApprovalKind::TwoPersons,
            }),
        act,
        explanation: explanation.to_owned(),
        reason: REASON.to_owned(),
        seen: application.state().map(|state| state.review.revision),
    });
    let call = Call {
        actor: Actor {
            role: Role::Secretariat,
            id: ACCOUNT.to_owned(),
        },
        command_id: Uuid::new_v4(),
        request_hash: [0; 32],
        correlation_id: Uuid::new_v4(),
        causation_id: None,
        reason: Some(REASON.to_owned()),
        counts_for: None,
    };
    service
        .inside
        .command_application(&id, command, call)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lapse_and_its_undoing_are_explained_to_the_member_and_their_reasons_are_not() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", crate::service::FOURTH, "documents_and_exam");
        yoko.fill_in_required_documents();
        let before = yoko.status();
        let told = "期限までにお申込みが完了しなかったため、失効といたしました。";
        done(service, &yoko.id, Act::Lapse, told).await;
        let answer = yoko.get("").ok();
        assert_eq!(answer["status"]["lines"][2], "認定: 失効");
        assert_eq!(
            answer["status"]["explanations"],
            json!([{ "act": "失効", "explanation": told }])
        );
        let top = yoko.person.get(&format!("/applications/{}", yoko.id));
        assert!(top.text.contains(told), "{}", top.text);
        eventually(&2, || yoko.history("event=Lapsed").len());
        let explained = &yoko.history("event=Lapsed")[1];
        assert_eq!(
            (&explained["field"], &explained["after"]),
            (&json!("会員への説明"), &json!(told))
        );
        nothing_of_it_is_shown(service, &yoko);

        let colleague = service.secretariat();
        let desk = Desk::new(&colleague, &yoko.id);
        let undoable = desk.review()["undoable"].clone();
        assert_eq!(
            (&undoable["decision"], &undoable["label"]),
            (&json!("lapsed"), &json!("失効"))
        );
        let corrected = "手続きに誤りがあったため、失効を取り消しました。";
        let event = undoable["event"].as_u64().unwrap();
        done(service, &yoko.id, Act::Undo { event }, corrected).await;
        assert_eq!(yoko.status(), before);
        assert_eq!(desk.review()["undoable"], Value::Null);
        assert_eq!(
            yoko.get("").ok()["status"]["explanations"][0]["act"],
            "失効の取消"
        );
        // What was told of the state that stands again is told again, beside why.
        let deferred = "次回までの猶予といたしました。";
        let until = jiff::civil::date(2027, 3, 31);
        done(service, &yoko.id, Act::Defer { until }, deferred).await;
        done(service, &yoko.id, Act::Lapse, told).await;
        let event = desk.review()["undoable"]["event"].as_u64().unwrap();
        done(service, &yoko.id, Act::Undo { event }, corrected).await;
        assert_eq!(
            yoko.get("").ok()["status"]["explanations"],
            json!([
                { "act": "猶予", "explanation": deferred },
                { "act": "失効の取消", "explanation": corrected },
            ])
        );
        let top = yoko.person.get(&format!("/applications/{}", yoko.id));
        assert!(
            top.text.contains(deferred) && top.text.contains(corrected) && !top.text.contains(told),
            "{}",
            top.text
        );
        // What the member could do before, works again.
        yoko.save("profile", &json!({ "text": "続きを書きました。" }))
            .ok();
        eventually(&4, || yoko.history("event=DecisionUndone").len());
        nothing_of_it_is_shown(service, &yoko);
    })
    .await;
}
