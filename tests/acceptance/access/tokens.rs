//! Machine clients: what a token opens, and what it never does.

use api::access::{Clients, Duties, Grant, Principal, Secret, operators_call};
use domain::Role;
use eventstore::on_database;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::databases::each_database;
use crate::service::{
    FOURTH, Person, TestService, each_demonstration, each_service, eventually, forms, shinsei,
};

fn wanted(name: &str, role: &str, scopes: &[&str]) -> Value {
    json!({ "name": name, "role": role, "scopes": scopes, "days": 90 })
}

/// A token made over HTTP by the demonstration's secretariat, with its id.
fn made(staff: &Person, name: &str, role: &str, scopes: &[&str]) -> (String, String) {
    let made = staff.post("/api/v1/tokens");
    let made = made.json(&wanted(name, role, scopes)).send().created();
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("secret"), text("id"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_works_with_its_token_alone_and_the_log_says_which_client_it_was() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        yoko.save("profile", &forms::profile()).ok();
        let staff = service.secretariat();
        let scopes = ["confirm-payments", "read-history"];
        let (secret, _) = made(&staff, "bank", "secretariat", &scopes);
        let bank = service.client(&secret);
        let paid = json!({ "transaction": "T-1", "item": "exam_fee", "amount_yen": 11_000, "paid_on": "2026-06-03", "reason": "通帳で確認" });
        // Without Origin and Sec-Fetch-Site, as machines ask.
        bank.post(&yoko.path("/payments")).json(&paid).send().ok();
        let by_bank = || {
            let history = bank.get(&yoko.path("/history?actor=secretariat:client:bank")).ok();
            history["entries"].as_array().unwrap().len()
        };
        eventually(&1, by_bank);
        bank.get(&yoko.path("")).refused(403, "not-permitted");
        bank.get("/api/v1/tokens").refused(403, "not-permitted");
        let another = bank.post("/api/v1/tokens");
        another.json(&wanted("more", "secretariat", &["import-members"])).send().refused(403, "not-permitted");
        // Machines have no pages.
        let page = bank.request(ureq::http::Method::GET, &format!("/applications/{}", yoko.id));
        assert_eq!(page.send().status, 403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_unknown_over_or_revoked_opens_nothing_and_says_how_to_ask() {
    each_service(async |service| {
        let staff = service.secretariat();
        let (secret, id) = made(&staff, "export", "secretariat", &["read-programs"]);
        let client = service.client(&secret);
        client.get("/api/v1/programs").ok();

        let refused = |secret: &str| {
            let answer = service.client(secret).get("/api/v1/programs");
            answer.refused(401, "invalid-token");
            assert_eq!(
                answer.header("www-authenticate"),
                Some("Bearer error=\"invalid_token\"")
            );
        };
        let mut altered = secret.clone();
        let last = altered.pop().unwrap();
        altered.push(if last == '0' { '1' } else { '0' });
        for secret in [
            altered.as_str(),
            "shinsei_",
            &secret.to_uppercase(),
            &secret[1..],
        ] {
            refused(secret);
        }
        let nobody = service.nobody().get("/api/v1/programs");
        nobody.refused(401, "not-signed-in");
        assert_eq!(nobody.header("www-authenticate"), Some("Bearer"));

        let gone = staff.delete(&format!("/api/v1/tokens/{id}")).send().ok();
        assert_eq!(
            (&gone["good"], &gone["revoked_by"]),
            (&json!(false), &json!("secretariat:demo"))
        );
        refused(&secret);
        let again = staff.delete(&format!("/api/v1/tokens/{id}")).send().ok();
        assert_eq!(again["revoked_at"], gone["revoked_at"], "revoked once");
        staff
            .delete("/api/v1/tokens/nothing")
            .send()
            .refused(404, "unknown-token");
        staff
            .delete(&format!("/api/v1/tokens/{}", Uuid::nil()))
            .send()
            .refused(404, "unknown-token");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_and_a_token_in_one_request_are_refused() {
    each_service(async |service| {
        let staff = service.secretariat();
        let (secret, _) = made(&staff, "export", "secretariat", &["read-programs"]);
        let both = staff.request(ureq::http::Method::GET, "/api/v1/programs");
        let both = both.header("authorization", &format!("Bearer {secret}"));
        both.send().refused(400, "two-identities");
        // What a proxy in front has asked for is not ours.
        let proxied = staff.request(ureq::http::Method::GET, "/api/v1/programs");
        proxied
            .header("authorization", "Basic c2hpbnNlaQ==")
            .send()
            .ok();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_shown_once_and_nobody_gives_what_is_not_the_own() {
    each_service(async |service| {
        let staff = service.secretariat();
        let ask = staff
            .post("/api/v1/tokens")
            .json(&wanted("a", "secretariat", &["import-members"]))
            .key("t-1");
        let first = ask.clone().send();
        let first = first.created();
        let secret = first["secret"].as_str().unwrap();
        ask.send().refused(409, "token-made");
        let other = staff
            .post("/api/v1/tokens")
            .json(&wanted("b", "secretariat", &["import-members"]))
            .key("t-1");
        other.send().refused(422, "idempotency-key-reused");
        let list = staff.get("/api/v1/tokens");
        assert_eq!(list.ok()["tokens"].as_array().unwrap().len(), 1);
        assert!(
            !list.text.contains(secret) && !list.text.contains("shinsei_"),
            "{}",
            list.text
        );

        let kanri = Principal::of(Role::Secretariat, "kanri", Duties::parse("administer"));
        let kanri = service.as_principal(&kanri).await;
        let answer = kanri
            .post("/api/v1/tokens")
            .json(&wanted("p", "secretariat", &["confirm-payments"]))
            .send();
        answer.refused(403, "not-permitted");
        assert_eq!(answer.pointers(), ["/scopes"]);
        made(&kanri, "p", "secretariat", &["import-members"]);
        let wrong =
            json!({ "name": "A B", "role": "member", "scopes": ["everything"], "days": 366 });
        let answer = kanri.post("/api/v1/tokens").json(&wrong).send();
        answer.refused(422, "invalid");
        assert_eq!(answer.pointers(), ["/name", "/role", "/scopes/0", "/days"]);
    })
    .await;
}

#[tokio::test]
async fn a_token_ends_at_its_time_and_its_use_is_noted_once_a_minute() {
    each_database(async |database| {
        let programs = api::service::programs(None).unwrap();
        let service = api::Service::open(&database.url, programs, api::ClockSetting::System);
        let clients = Clients::new(&service.await.unwrap());
        let grant = Grant::read("n", "reporter", &["read-programs".to_owned()], 1).unwrap();
        // As exact as the databases keep it.
        let start = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap();
        let call = operators_call();
        let request = (Uuid::new_v4(), &call);
        let (token, secret) = clients
            .create(&grant, &call.actor, request, start)
            .await
            .unwrap();
        assert_eq!(token.expires_at, start + SignedDuration::from_hours(24));

        let seen = async || clients.list(start).await.unwrap()[0].seen_at;
        assert_eq!(seen().await, None);
        let first = start + 1.seconds();
        assert!(clients.find(&secret, first).await.unwrap().is_some());
        assert_eq!(seen().await, Some(first));
        assert!(
            clients
                .find(&secret, first + 59.seconds())
                .await
                .unwrap()
                .is_some()
        );
        assert_eq!(seen().await, Some(first));
        assert!(
            clients
                .find(&secret, first + 60.seconds())
                .await
                .unwrap()
                .is_some()
        );
        assert_eq!(seen().await, Some(first + 60.seconds()));

        let end = start + SignedDuration::from_hours(24);
        assert!(
            clients
                .find(&secret, end - 1.milliseconds())
                .await
                .unwrap()
                .is_some()
        );
        assert!(clients.find(&secret, end).await.unwrap().is_none());
        let unknown = Secret::parse(&format!("shinsei_{}", "0".repeat(64))).unwrap();
        assert!(clients.find(&unknown, start).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_makes_lists_and_revokes_tokens() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let run = |arguments: &[&str]| {
            let output = shinsei(&database.url)
                .args(["token"])
                .args(arguments)
                .output()
                .unwrap();
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            (
                output.status.code(),
                text(&output.stdout),
                text(&output.stderr),
            )
        };
        let (code, said, _) = run(&[
            "create",
            "--name",
            "nightly",
            "--role",
            "secretariat",
            "--scope",
            "import-members",
            "--scope",
            "read-history",
            "--days",
            "90",
        ]);
        assert_eq!(code, Some(0), "{said}");
        let secret = said.lines().next().unwrap().to_owned();
        let client = service.client(&secret);
        client.get("/api/v1/programs").refused(403, "not-permitted");
        let import = client.post("/api/v1/imports/members?dry_run=true");
        let bytes = include_bytes!("../data/members.csv").to_vec();
        import.bytes("text/csv", bytes).send().ok();

        let (_, list, _) = run(&["list"]);
        assert!(
            list.contains(" nightly as secretariat may read-history, import-members; good until "),
            "{list}"
        );
        assert!(
            list.contains("; last used ") && list.contains("by system:command-line"),
            "{list}"
        );
        assert!(!list.contains(&secret), "{list}");
        let id = list.split(' ').next().unwrap().to_owned();
        let (code, said, _) = run(&["revoke", &id]);
        assert_eq!(code, Some(0), "{said}");
        client.get("/api/v1/history").refused(404, "not-found");
        client
            .post("/api/v1/imports/members")
            .send()
            .refused(401, "invalid-token");

        let (code, _, refused) = run(&[
            "create",
            "--name",
            "n",
            "--role",
            "reporter",
            "--scope",
            "import-members",
            "--days",
            "400",
        ]);
        assert_eq!(code, Some(2));
        assert!(
            refused.contains("/scopes/0") && refused.contains("/days"),
            "{refused}"
        );
        service.stop().await;
    })
    .await;
}

/// Rows as releases wrote them before rows were sealed: one that is good, one that was revoked.
async fn earlier_tokens(database: &eventstore::Database, secrets: [&str; 2]) {
    let now = Timestamp::now().as_microsecond();
    for (place, secret) in secrets.into_iter().enumerate() {
        let revoked = (place == 1).then_some(now);
        on_database!(database, pool => {
            sqlx::query(
                "INSERT INTO client_tokens (id, request_hash, token_hash, name, role, scopes, created_by, created_at_us,
                                            expires_at_us, revoked_at_us, revoked_by)
                 VALUES ($1, $2, $2, 'nightly', 'secretariat', 'read-programs', 'secretariat:demo', $3, $4, $5, $6)",
            )
            .bind(Uuid::from_u128(u128::try_from(place).unwrap()).to_string())
            .bind(Sha256::digest(secret.as_bytes()).to_vec())
            .bind(now - 1_000_000)
            .bind(now + 3_600_000_000)
            .bind(revoked)
            .bind(revoked.map(|_| "secretariat:demo"))
            .execute(pool)
            .await
            .map(drop)
            .unwrap();
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_before_open_nothing_until_they_are_sealed_once() {
    each_demonstration(async |database| {
        let secrets = ["1", "2"].map(|digit| format!("shinsei_{}", digit.repeat(64)));
        earlier_tokens(&database.database, [&secrets[0], &secrets[1]]).await;
        let service = TestService::on(database).await;
        let ask = |secret: &str| service.client(secret).get("/api/v1/programs");
        ask(&secrets[0]).refused(401, "invalid-token");
        let run = |arguments: &[&str]| {
            let output = shinsei(&database.url)
                .arg("seal-tokens")
                .args(arguments)
                .output()
                .unwrap();
            let text = [output.stdout, output.stderr].concat();
            (output.status.code(), String::from_utf8(text).unwrap())
        };
        let (code, said) = run(&[]);
        assert_eq!(code, Some(0), "{said}");
        assert!(
            said.contains("nightly as secretariat") && said.contains("nothing sealed yet"),
            "{said}"
        );
        ask(&secrets[0]).refused(401, "invalid-token");

        let (code, said) = run(&["--confirm"]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("2 tokens sealed"), "{said}");
        ask(&secrets[0]).ok();
        ask(&secrets[1]).refused(401, "invalid-token");
        let office = service.secretariat();
        ask(&secrets[0]).ok();
        let events = || {
            let answer = office.get("/api/v1/access-log/entrances").ok();
            let entries = answer["entries"].as_array().unwrap().clone();
            let of_tokens = entries.into_iter().filter(|entry| entry["event"] != "signed-in");
            of_tokens.map(|entry| entry["event"].clone()).collect::<Vec<_>>()
        };
        let expected = ["earlier-tokens-sealed", "token-revoked", "token-made", "token-made"];
        eventually(&expected.map(|event| json!(event)).to_vec(), events);

        // Once: who writes a row afterwards is not the release before.
        let late = format!("shinsei_{}", "3".repeat(64));
        on_database!(&database.database, pool => {
            sqlx::query("UPDATE client_tokens SET token_hash = $1, seal = $2 WHERE revoked_by IS NULL")
                .bind(Sha256::digest(late.as_bytes()).to_vec())
                .bind(Vec::<u8>::new())
                .execute(pool)
                .await
                .map(drop)
                .unwrap();
        });
        let (code, said) = run(&["--confirm"]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("were sealed at"), "{said}");
        ask(&late).refused(401, "invalid-token");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_console_somebody_may_answer_for_a_token_who_holds_what_it_may() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let kanri = Principal::of(Role::Secretariat, "kanri", Duties::parse("administer"));
        service.as_principal(&kanri).await;
        let run = |scope: &str, maker: &str| {
            let arguments = [
                "create",
                "--name",
                "n",
                "--role",
                "secretariat",
                "--days",
                "9",
                "--scope",
                scope,
                "--maker",
                maker,
            ];
            let output = shinsei(&database.url)
                .arg("token")
                .args(arguments)
                .output()
                .unwrap();
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            (output.status.code(), text)
        };
        let (code, said) = run("read-programs", "secretariat:kanri");
        assert_eq!(code, Some(0), "{said}");
        let client = service.client(said.lines().next().unwrap());
        client.get("/api/v1/programs").ok();
        let (code, said) = run("read-application", "secretariat:kanri");
        assert!(
            code == Some(2) && said.contains("read-application"),
            "{said}"
        );
        let (code, said) = run("read-programs", "secretariat:nobody");
        assert!(
            code == Some(2) && said.contains("secretariat:nobody"),
            "{said}"
        );
        // It ends with that account's access.
        let office = service.secretariat();
        office.post("/api/v1/accounts/kanri/end").send().ok();
        client.get("/api/v1/programs").refused(401, "invalid-token");
        service.stop().await;
    })
    .await;
}
