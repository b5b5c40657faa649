//! Accounts of staff: who came in, and ending all that one has open.

use api::access::{Duties, Principal};
use domain::Role;
use serde_json::{Value, json};

use crate::service::{Person, TestService, each_demonstration, each_service, eventually, shinsei};

async fn clerk(service: &TestService) -> Person {
    let clerk = Principal::of(
        Role::Secretariat,
        "staff/24",
        Duties::parse("view administer"),
    );
    service.as_principal(&clerk).await
}

fn token(staff: &Person) -> String {
    let wanted =
        json!({ "name": "n", "role": "secretariat", "scopes": ["read-programs"], "days": 9 });
    let made = staff.post("/api/v1/tokens").json(&wanted).send().created();
    made["secret"].as_str().unwrap().to_owned()
}

/// What happened, newest first, as the auditor reads it.
fn told(office: &Person, account: &str) -> Vec<String> {
    let answer = office.get(&format!(
        "/api/v1/access-log/entrances?account={}",
        account.replace('/', "%2F")
    ));
    let answer = answer.ok();
    let entries = answer["entries"].as_array().unwrap().iter();
    let told = |entry: &Value| {
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let duties = entry["duties"].as_array().unwrap().iter();
        let duties: Vec<_> = duties.filter_map(Value::as_str).collect();
        format!("{} {} {}", text("event"), text("actor"), duties.join("+"))
    };
    entries.map(told).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sign_in_of_staff_stands_in_the_log_and_no_members() {
    each_service(async |service| {
        clerk(service).await;
        service.member("9000001");
        service.reporter();
        let office = service.secretariat();
        let signed_in = "signed-in secretariat:staff/24 view+administer".to_owned();
        eventually(&vec![signed_in], || told(&office, "staff/24"));
        eventually(
            &vec![
                "signed-in secretariat:demo view+check+payments+decide+administer".to_owned(),
                "signed-in reporter:demo ".to_owned(),
            ],
            || told(&office, "demo"),
        );
        assert_eq!(told(&office, "9000001"), Vec::<String>::new());
        let page = office.get("/desk/accounts");
        assert_eq!(page.status, 200);
        for words in ["事務局 staff/24", "閲覧・管理", "集計担当 demo"] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let reader = Principal::of(Role::Secretariat, "reader", Duties::parse("view"));
        let reader = service.as_principal(&reader).await;
        let asked = reader.get("/api/v1/access-log/entrances");
        asked.refused(403, "not-permitted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_sessions_and_tokens_of_an_account_are_ended_at_once() {
    each_service(async |service| {
        let (laptop, desk) = (clerk(service).await, clerk(service).await);
        let client = service.client(&token(&laptop));
        client.get("/api/v1/programs").ok();
        let office = service.secretariat();
        let end = office.post("/api/v1/accounts/staff%2F24/end").key("k-1");
        let ended = end.clone().send().ok();
        assert_eq!(ended, json!({ "sessions": 2, "tokens": 1 }));
        for gone in [&laptop, &desk] {
            gone.get("/api/v1/me").refused(401, "not-signed-in");
        }
        client.get("/api/v1/programs").refused(401, "invalid-token");

        // Who may comes in again, and the same request once more ends nothing new.
        let again = clerk(service).await;
        let client = service.client(&token(&again));
        end.send().ok();
        again.get("/api/v1/me").ok();
        client.get("/api/v1/programs").ok();
        let by = "access-ended secretariat:demo ".to_owned();
        eventually(&true, || told(&office, "staff/24").contains(&by));
        for nobody in ["nobody", "9000001", "%00", "client:n"] {
            let asked = office.post(&format!("/api/v1/accounts/{nobody}/end"));
            asked.send().refused(404, "unknown-account");
        }
        let reader = Principal::of(Role::Secretariat, "reader", Duties::parse("view"));
        let reader = service.as_principal(&reader).await;
        let asked = reader.post("/api/v1/accounts/staff%2F24/end").send();
        asked.refused(403, "not-permitted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_ended_by_the_page_and_at_the_console() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let laptop = clerk(&service).await;
        let office = service.secretariat();
        let page = || office.get("/desk/accounts").text;
        eventually(&true, || page().contains("value=\"staff/24\""));
        let page = page();
        let hidden = |name: &str| {
            let (_, rest) = page
                .split_once(&format!("name=\"{name}\" value=\""))
                .unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let form = format!(
            "key={}&csrf={}&account=staff%2F24",
            hidden("key"),
            hidden("csrf")
        );
        let pressed = office
            .post("/desk/accounts/end")
            .bytes("application/x-www-form-urlencoded", form.into())
            .send();
        assert_eq!(
            (pressed.status, pressed.header("location")),
            (303, Some("/desk/accounts?notice=ended")),
            "{}",
            pressed.text
        );
        laptop.get("/api/v1/me").refused(401, "not-signed-in");

        let laptop = clerk(&service).await;
        let client = service.client(&token(&laptop));
        let run = |account: &str| {
            let command = shinsei(&database.url)
                .args(["end-access", account])
                .output();
            let output = command.unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            (output.status.code(), said)
        };
        let ended = "1 sessions and 1 tokens ended\n".to_owned();
        assert_eq!(run("secretariat:staff/24"), (Some(0), ended));
        assert_eq!(run("secretariat:nobody").0, Some(2));
        laptop.get("/api/v1/me").refused(401, "not-signed-in");
        client.get("/api/v1/programs").refused(401, "invalid-token");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_sign_in_at_one_account_at_once_all_come_in_and_each_is_an_entry() {
    each_service(async |service| {
        let url = format!("http://{}", service.address());
        tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                for _ in 0..12 {
                    scope.spawn(|| {
                        let clerk = Person::staff(&url, "secretariat");
                        clerk.get("/api/v1/me").ok();
                    });
                }
            });
        });
        let office = service.secretariat();
        eventually(&13, || told(&office, "demo").len());
    })
    .await;
}
