//! Signing in as people do in production: by OpenID Connect with a certified provider, and with one that cheats; by the member
//! site's link; and what becomes of sessions.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

pub(crate) mod handover;
mod provider;
mod sessions;
pub(crate) mod stub;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use api::Exposure;
use api::access::{Entrance, HandoverKeys, Issuer, OidcSettings, PublicAddress};
use serde_json::{Value, json};

use crate::databases::{Content, TestDatabase, each_database};
use crate::service::{Answer, Person, Process, TestService};
use provider::Provider;
use stub::{Forged, Signed, Stub};
use ureq::http::Method;

/// The key of the issuer in addresses and in the log.
pub(crate) const ISSUER: &str = "society";

/// What somebody is told whose sign-in could not be made sure of.
const AGAIN: &str = "もう一度サインインのボタンからお試しください。";

/// What the member site signs with.
const HANDOVER_KEY: &str = "0123456789abcdef0123456789abcdef";

pub(crate) fn issuer(address: &str, service: SocketAddr) -> Arc<Issuer> {
    issuer_with(address, service, "")
}

/// The same with more lines in its settings.
fn issuer_with(address: &str, service: SocketAddr, more: &str) -> Arc<Issuer> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "a-secret-of-the-tests-alone\n").unwrap();
    std::fs::write(file.path(), described(address, secret.path(), more)).unwrap();
    let mut settings = OidcSettings::read(file.path()).unwrap();
    let public = PublicAddress::parse(&format!("http://{service}")).unwrap();
    let settings = settings.issuers.remove(ISSUER).unwrap();
    Arc::new(Issuer::new(ISSUER, settings, &public).unwrap())
}

/// The file of issuers.
fn described(address: &str, secret: &Path, more: &str) -> String {
    let roles = if more.contains("roles_claim") {
        ""
    } else {
        "roles_claim = \"roles\""
    };
    format!(
        r#"
        [issuers.{ISSUER}]
        label = "会員専用ページのID"
        issuer = "{address}"
        client_id = "shinsei"
        client_secret_file = "{}"
        scopes = ["society"]
        member_claim = "member_number"
        {roles}
        {more}
        [issuers.{ISSUER}.roles]
        shinsei-office = ["secretariat:view", "secretariat:payments"]
        shinsei-chief = ["secretariat:administer"]
        shinsei-statistics = ["reporter"]
        "#,
        secret.display()
    )
}

fn exposure(service: SocketAddr, issuers: Vec<Arc<Issuer>>) -> Exposure {
    Exposure {
        entrance: Entrance {
            address: Some(PublicAddress::parse(&format!("http://{service}")).unwrap()),
            issuers,
            handover: Some(HandoverKeys::parse(HANDOVER_KEY).unwrap()),
            ..Entrance::default()
        },
        ..Exposure::local()
    }
}

/// The service in production, with the members of the demonstration, and somebody who vouches for them.
pub(crate) async fn production(
    database: &TestDatabase,
    vouching: impl FnOnce(SocketAddr) -> Vec<Arc<Issuer>>,
) -> TestService {
    // Its members come by the demonstration's start.
    TestService::on(database).await.stop().await;
    TestService::in_production_exposed(database, |address| exposure(address, vouching(address)))
        .await
}

/// Goes to the issuer, as somebody, and comes back to the address where the service would be entered.
#[track_caller]
fn come_back(person: &Person, from: &str, account: &str) -> String {
    let gone = person.get(&format!("/sign-in/{ISSUER}{from}"));
    assert_eq!(gone.status, 303, "{}", gone.text);
    let mut place = gone.header("location").unwrap().to_owned();
    let issuer: String = place.split('/').take(3).collect::<Vec<_>>().join("/");
    for _ in 0..4 {
        if place.contains("/sign-in/") {
            let path = place.splitn(4, '/').nth(3).unwrap();
            return format!("/{path}");
        }
        place = person.sent_on_by(&place, account);
        if place.starts_with('/') {
            place = format!("{issuer}{place}");
        }
    }
    panic!("the issuer sends on and on");
}

#[track_caller]
fn sign_in(service: &TestService, account: &str) -> Person {
    let person = service.nobody();
    let back = person.get(&come_back(&person, "", account));
    assert_eq!(
        (back.status, back.header("location")),
        (303, Some("/")),
        "{}",
        back.text
    );
    person
}

/// The answer is a page that says this, and nobody is signed in.
#[track_caller]
fn refused(person: &Person, answer: &Answer, status: u16, sentence: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert!(answer.text.contains(sentence), "{}", answer.text);
    person.get("/api/v1/me").refused(401, "not-signed-in");
}

/// The service in production with the certified provider.
async fn with_provider(database: &TestDatabase) -> (TestService, Provider) {
    let mut provider = None;
    let service = production(database, |address| {
        let started = Provider::start(&format!("http://{address}/sign-in/{ISSUER}/callback"));
        let issuer = issuer(&started.issuer, address);
        provider = Some(started);
        vec![issuer]
    })
    .await;
    (service, provider.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_and_staff_sign_in_with_a_certified_provider_on_both_databases() {
    each_database(async |database| {
        let (service, provider) = with_provider(database).await;
        let start = service.nobody().get("/");
        assert!(
            start.text.contains("会員専用ページのIDでサインイン") && !start.text.contains("/demo/")
        );

        let me = sign_in(&service, "yoko").get("/api/v1/me").ok();
        assert_eq!(
            (&me["role"], &me["id"]),
            (&json!("member"), &json!("9000001"))
        );

        let clerk = sign_in(&service, "clerk");
        let me = clerk.get("/api/v1/me").ok();
        assert_eq!(
            (&me["role"], &me["id"]),
            (&json!("secretariat"), &json!("society/clerk"))
        );
        // Payments and 閲覧 are the clerk's, 管理 is not.
        clerk
            .get("/api/v1/audit/verify")
            .refused(403, "not-permitted");
        let path = "/api/v1/applications/specialist-renewal-4th-2026.9000001";
        clerk.get(path).refused(404, "not-applied");
        sign_in(&service, "chief").get("/api/v1/audit/verify").ok();

        let reporter = sign_in(&service, "reporter");
        assert_eq!(reporter.get("/api/v1/me").ok()["role"], "reporter");
        reporter.get(path).refused(403, "not-permitted");
        drop(provider);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_nobody_here_is_told_what_to_do_and_not_let_in() {
    let database = TestDatabase::sqlite().await;
    let (service, provider) = with_provider(&database).await;
    for (account, sentence) in [
        (
            "nobody",
            "会員番号または権限が登録されていません。事務局へお問い合わせください。",
        ),
        (
            "stranger",
            "会員番号に該当する会員がまだ登録されていません。",
        ),
        ("refusing", "サインインが取り消されました。"),
    ] {
        let person = service.nobody();
        let back = person.get(&come_back(&person, "", account));
        refused(&person, &back, 403, sentence);
    }
    service
        .nobody()
        .get("/sign-in/unknown")
        .refused(404, "not-found");
    drop(provider);
    // The provider is gone: signing in waits, the service does not.
    let person = service.nobody();
    let gone = person.get("/sign-in/society");
    assert!(matches!(gone.status, 303 | 503));
    assert_eq!(person.get("/readyz").status, 200);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_is_used_once_by_the_browser_that_began_it_and_leads_nowhere_else() {
    let database = TestDatabase::sqlite().await;
    let (service, provider) = with_provider(&database).await;
    // Somebody else's browser with the address that a victim was sent back to, and the other way round.
    let (victim, thief) = (service.nobody(), service.nobody());
    let stolen = come_back(&victim, "", "yoko");
    refused(&thief, &thief.get(&stolen), 403, AGAIN);
    // Looking ends no sign-in (RFC 9110, 9.2.1).
    let looked = victim.request(Method::HEAD, &stolen).send();
    assert_eq!((looked.status, looked.header("set-cookie")), (200, None));
    assert_eq!(victim.get(&stolen).status, 303);
    // Once.
    let other = service.nobody();
    let replayed = other.get(&stolen);
    refused(&other, &replayed, 403, AGAIN);
    // Who is signed in already goes on: the same answer twice changes nothing.
    let cookie = victim.cookie();
    let again = victim.get(&stolen);
    assert_eq!((again.status, again.header("location")), (303, Some("/")));
    assert_eq!(victim.cookie(), cookie);
    assert_eq!(victim.get("/api/v1/me").ok()["id"], "9000001");

    // A code of one sign-in in another, a state that nobody gave out, and none at all.
    let person = service.nobody();
    let first = come_back(&person, "", "yoko");
    let second = come_back(&person, "", "clerk");
    let part = |address: &str, name: &str| {
        let query = address.split('?').nth(1).unwrap().to_owned();
        let found = query
            .split('&')
            .find_map(|pair| pair.strip_prefix(&format!("{name}=")).map(str::to_owned));
        found.unwrap()
    };
    let mixed = format!(
        "/sign-in/{ISSUER}/callback?code={}&state={}",
        part(&first, "code"),
        part(&second, "state")
    );
    // The provider holds the code to the proof of the other sign-in.
    refused(&person, &person.get(&mixed), 403, AGAIN);
    for address in [
        format!("/sign-in/{ISSUER}/callback?code=x&state={}", "0".repeat(64)),
        format!("/sign-in/{ISSUER}/callback?code=x"),
        format!("/sign-in/{ISSUER}/callback"),
        format!("/sign-in/{ISSUER}/callback?code=%FF"),
    ] {
        let person = service.nobody();
        refused(&person, &person.get(&address), 403, AGAIN);
    }

    // Afterwards one is where one wanted to be, and at no other site.
    let person = service.nobody();
    let back = person.get(&come_back(&person, "?from=%2Fsessions", "yoko"));
    assert_eq!(back.header("location"), Some("/sessions"));
    for foreign in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
    ] {
        let person = service.nobody();
        let back = person.get(&come_back(&person, &format!("?from={foreign}"), "yoko"));
        assert_eq!(back.header("location"), Some("/"));
    }
    drop(provider);
    service.stop().await;
}

/// c06: tabs of one browser.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_that_began_in_several_tabs_all_end() {
    each_database(async |database| {
        let (service, provider) = with_provider(database).await;
        let person = service.nobody();
        let tabs: Vec<String> = ["?from=%2Fsessions", "", "?from=%2Fhistory"]
            .into_iter()
            .map(|from| come_back(&person, from, "yoko"))
            .collect();
        // The first, the last, and the one between them.
        for (tab, place) in [(0, "/sessions"), (2, "/history"), (1, "/")] {
            let back = person.get(&tabs[tab]);
            assert_eq!(
                (back.status, back.header("location")),
                (303, Some(place)),
                "{}",
                back.text
            );
            assert_eq!(person.get("/api/v1/me").ok()["id"], "9000001");
        }
        for tab in &tabs {
            let back = person.get(tab);
            assert_eq!((back.status, back.header("location")), (303, Some("/")));
        }
        // A tab that the issuer sends back without a code, as it has signed in the other already.
        let other = come_back(&person, "?from=%2Fsessions", "refusing");
        let back = person.get(&other);
        assert_eq!(
            (back.status, back.header("location")),
            (303, Some("/sessions"))
        );
        // Signed out, what was used is used.
        person.post("/sign-out").send();
        refused(&person, &person.get(&tabs[0]), 403, AGAIN);
        drop(provider);
        service.stop().await;
    })
    .await;
}

/// c07: an issuer that says who somebody is at `UserInfo` alone, with roles in a claim of a claim and numbers in lists.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_are_found_at_user_info_in_claims_of_claims_and_in_lists() {
    let database = TestDatabase::sqlite().await;
    let mut provider = None;
    let service = production(&database, |address| {
        let redirect = format!("http://{address}/sign-in/{ISSUER}/callback");
        let started = Provider::with_user_info_alone(&redirect);
        let more = "roles_claim = \"realm_access.roles\"";
        let issuer = issuer_with(&started.issuer, address, more);
        provider = Some(started);
        vec![issuer]
    })
    .await;
    for (account, role, id) in [
        ("yoko", "member", "9000001"),
        ("listed", "member", "9000001"),
        ("nested", "secretariat", "society/nested"),
    ] {
        let me = sign_in(&service, account).get("/api/v1/me").ok();
        assert_eq!((&me["role"], &me["id"]), (&json!(role), &json!(id)));
    }
    for account in ["nobody", "several", "clerk"] {
        let person = service.nobody();
        let back = person.get(&come_back(&person, "", account));
        refused(
            &person,
            &back,
            403,
            "会員番号または権限が登録されていません",
        );
    }
    drop(provider);
    service.stop().await;
}

/// c07: a refusal is a line in the log, which names the claim and nothing of its value.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_tells_the_log_which_claim_was_missing_and_never_what_it_said() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let address = Process::free_address();
    let provider = Provider::start(&format!("http://{address}/sign-in/{ISSUER}/callback"));
    let (file, secret) = (
        tempfile::NamedTempFile::new().unwrap(),
        tempfile::NamedTempFile::new().unwrap(),
    );
    std::fs::write(secret.path(), "a-secret-of-the-tests-alone\n").unwrap();
    let text = described(&provider.issuer, secret.path(), "");
    std::fs::write(file.path(), text).unwrap();
    let settings = [
        ("SHINSEI_DEMO", "false"),
        ("SHINSEI_PRODUCTION", "true"),
        ("SHINSEI_OIDC", file.path().to_str().unwrap()),
        ("SHINSEI_PUBLIC_URL", &format!("http://{address}")),
    ];
    let process = Process::start_with(&database.url, address, &settings);
    for (account, sentence) in [
        ("nobody", "会員番号または権限が登録されていません"),
        ("several", "会員番号または権限が登録されていません"),
        ("stranger", "会員がまだ登録されていません"),
    ] {
        let person = Person::nobody(&process.url());
        let back = person.get(&come_back(&person, "", account));
        refused(&person, &back, 403, sentence);
    }
    let (_, said) = process.terminate();
    for line in [
        "claim roles is missing; claim member_number is missing",
        "claim member_number holds several member numbers",
        "the member of the claim has no record here",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    for personal in ["9000001", "9000002", "1234567"] {
        assert!(!said.contains(personal), "{personal}: {said}");
    }
}

/// c07: OpenID Connect Core 3.1.3.7 and 5.3.2.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn further_audiences_are_trusted_by_name_and_user_info_is_of_the_same_person() {
    let database = TestDatabase::sqlite().await;
    let stub = Stub::start().await;
    stub.say(200, json!({ "sub": "u1", "roles": ["shinsei-office"] }));
    let more = "trusted_audiences = [\"account\"]";
    let service = production(&database, |address| {
        vec![issuer_with(stub.issuer(), address, more)]
    })
    .await;
    for claims in [
        json!({ "aud": ["shinsei", "account"], "azp": "shinsei" }),
        json!({ "aud": ["account", "shinsei"], "azp": "shinsei" }),
        json!({ "aud": ["shinsei"] }),
        json!({ "aud": ["shinsei"], "azp": "shinsei" }),
    ] {
        let (person, answer) = forged(&service, &stub, claims.clone(), Signed::Well);
        assert_eq!(answer.status, 303, "{claims}");
        assert_eq!(person.get("/api/v1/me").ok()["role"], "secretariat");
    }
    for claims in [
        json!({ "aud": ["shinsei", "account"] }),
        json!({ "aud": ["shinsei", "account"], "azp": "account" }),
        json!({ "aud": ["account"], "azp": "shinsei" }),
        json!({ "aud": ["shinsei", "account", "another"], "azp": "shinsei" }),
        json!({ "aud": [], "azp": "shinsei" }),
    ] {
        let what = claims.to_string();
        let (person, answer) = forged(&service, &stub, claims, Signed::Well);
        assert_eq!(answer.status, 403, "{what}");
        refused(&person, &answer, 403, AGAIN);
    }
    // What is signed stands above what is only said.
    stub.say(200, json!({ "sub": "u1", "member_number": "9000002" }));
    let (person, _) = forged(&service, &stub, json!({}), Signed::Well);
    assert_eq!(person.get("/api/v1/me").ok()["id"], "9000001");
    // Of somebody else, or of nobody.
    for said in [
        json!({ "sub": "u2", "roles": ["shinsei-chief"] }),
        json!({ "sub": "", "roles": ["shinsei-chief"] }),
    ] {
        stub.say(200, said);
        let (person, answer) = forged(&service, &stub, json!({}), Signed::Well);
        refused(&person, &answer, 403, AGAIN);
    }
    // Without an answer, what the token says is known all the same; who is nobody by it is asked to come again.
    for (status, said) in [
        (503, json!({})),
        (200, json!("no claims")),
        (200, json!({ "roles": ["shinsei-chief"] })),
    ] {
        stub.say(status, said);
        let (person, answer) = forged(&service, &stub, json!({}), Signed::Well);
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert_eq!(person.get("/api/v1/me").ok()["role"], "member");
        let unknown = json!({ "member_number": "nobody's" });
        let (person, answer) = forged(&service, &stub, unknown, Signed::Well);
        refused(&person, &answer, 503, "接続できません");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_somebody_planted_is_worth_nothing_after_signing_in() {
    let database = TestDatabase::sqlite().await;
    let (service, provider) = with_provider(&database).await;
    let person = service.nobody();
    // A browser with the clerk's session signs in as somebody else: another token, and the first is ended.
    assert_eq!(person.get(&come_back(&person, "", "clerk")).status, 303);
    let before = person.cookie();
    assert_eq!(person.get(&come_back(&person, "", "yoko")).status, 303);
    assert_ne!(person.cookie(), before);
    let planted = service
        .nobody()
        .request(ureq::http::Method::GET, "/api/v1/me")
        .header("cookie", &before)
        .send();
    planted.refused(401, "not-signed-in");
    drop(provider);
    service.stop().await;
}

/// What a stub's token does to a sign-in.
#[track_caller]
fn forged(service: &TestService, stub: &Stub, claims: Value, signed: Signed) -> (Person, Answer) {
    // An answer that asks to come again is looked at, and not asked for once more: the sign-in is used.
    let person = service.nobody().amid_trouble();
    let gone = person.get(&format!("/sign-in/{ISSUER}"));
    let place = gone.header("location").unwrap();
    let part = |name: &str| {
        let found = place
            .split(['?', '&'])
            .find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        found.unwrap().to_owned()
    };
    assert_eq!(part("code_challenge_method"), "S256");
    stub.forge(&part("nonce"), Forged { claims, signed });
    let back = format!("/sign-in/{ISSUER}/callback?code=c&state={}", part("state"));
    let answer = person.get(&back);
    (person, answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_not_as_it_must_be_lets_nobody_in() {
    let database = TestDatabase::sqlite().await;
    let stub = Stub::start().await;
    let service = production(&database, |address| vec![issuer(stub.issuer(), address)]).await;
    let now = jiff::Timestamp::now().as_second();

    let (person, good) = forged(&service, &stub, json!({}), Signed::Well);
    assert_eq!(good.status, 303, "{}", good.text);
    assert_eq!(person.get("/api/v1/me").ok()["id"], "9000001");
    // Clocks that differ by less than a minute are no reason to keep somebody out.
    for claims in [
        json!({ "exp": now - 30 }),
        json!({ "iat": now + 30 }),
        json!({ "azp": "shinsei" }),
    ] {
        let (_, answer) = forged(&service, &stub, claims, Signed::Well);
        assert_eq!(answer.status, 303);
    }

    let bad = [
        (json!({}), Signed::ByAnother),
        (json!({}), Signed::NotAtAll),
        (json!({}), Signed::WithTheSecret),
        (json!({ "aud": "another-client" }), Signed::Well),
        (
            json!({ "aud": ["shinsei", "another-client"] }),
            Signed::Well,
        ),
        // Made for another client of the same issuer, whoever else is named as its audience.
        (json!({ "azp": "another-client" }), Signed::Well),
        (
            json!({ "aud": ["shinsei"], "azp": "another-client" }),
            Signed::Well,
        ),
        (json!({ "iss": "http://127.0.0.1:1" }), Signed::Well),
        (json!({ "nonce": "another" }), Signed::Well),
        (json!({ "nonce": null }), Signed::Well),
        (json!({ "exp": now - 90 }), Signed::Well),
        (json!({ "iat": now + 90 }), Signed::Well),
        (json!({ "iat": now - 3_600 }), Signed::Well),
        (json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }), Signed::Well),
        (json!({ "sub": null }), Signed::Well),
    ];
    for (claims, signed) in bad {
        let what = claims.to_string();
        let (person, answer) = forged(&service, &stub, claims, signed);
        assert_eq!(answer.status, 403, "{what}");
        refused(
            &person,
            &answer,
            403,
            "もう一度サインインのボタンからお試しください。",
        );
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_not_the_services_is_not_answered() {
    let database = TestDatabase::sqlite().await;
    let service = production(&database, |_| Vec::new()).await;
    let asked = |host: &str, path: &str| {
        let nobody = service.nobody();
        let request = nobody.request(ureq::http::Method::GET, path);
        request.header("host", host).send()
    };
    asked("evil.example", "/api/v1/me").refused(421, "unknown-host");
    asked("evil.example", "/").refused(421, "unknown-host");
    asked(&service.address().to_string(), "/api/v1/me").refused(401, "not-signed-in");
    assert_eq!(asked("evil.example", "/readyz").status, 200);
    // Without a public address the demonstration is this machine's alone.
    service.stop().await;
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let demonstration = TestService::on(&database).await;
    let nobody = demonstration.nobody();
    let asked = nobody.request(ureq::http::Method::GET, "/api/v1/me");
    asked
        .header("host", "evil.example")
        .send()
        .refused(421, "unknown-host");
    demonstration.stop().await;
}

/// Behind TLS, as a proxy in front passes it on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_tls_cookies_are_of_this_host_alone_and_browsers_are_told_to_stay() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    TestService::on(&database).await.stop().await;
    let service = TestService::in_production_exposed(&database, |_| Exposure {
        entrance: Entrance {
            address: Some(PublicAddress::parse("https://shinsei.example.jp").unwrap()),
            handover: Some(HandoverKeys::parse(HANDOVER_KEY).unwrap()),
            ..Entrance::default()
        },
        ..Exposure::local()
    })
    .await;
    let answer = service
        .nobody()
        .request(ureq::http::Method::GET, &handover::fresh("9000001"))
        .header("host", "shinsei.example.jp")
        .send();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.header("strict-transport-security").unwrap();
    assert!(told.starts_with("max-age=31536000"));
    let cookie = answer.header("set-cookie").unwrap();
    for wanted in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(cookie.contains(wanted), "{cookie}");
    }
    let state = handover::state_of(&answer.text);
    let browser = cookie.split(';').next().unwrap();
    let pressed = service
        .nobody()
        .post("/handover")
        .header("host", "shinsei.example.jp")
        .header("cookie", browser)
        .bytes(
            "application/x-www-form-urlencoded",
            format!("state={state}").into(),
        )
        .send();
    assert_eq!(pressed.status, 303, "{}", pressed.text);
    let cookies: Vec<&str> = pressed
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|one| one.to_str().unwrap())
        .collect();
    assert!(
        cookies
            .iter()
            .any(|one| one.starts_with("__Host-shinsei_session=") && one.contains("; Secure")),
        "{cookies:?}"
    );
    service.stop().await;
}
