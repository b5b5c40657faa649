//! Forged requests, cookies and cells of tables.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::process::Command;

use api::Exposure;
use api::access::{
    Beginning, COOKIE, Duties, Entrance, KEPT_COOKIE, Principal, PublicAddress, SessionTimes,
    Sessions,
};
use domain::Role;
use eventstore::on_database;
use jiff::Timestamp;
use serde_json::json;
use ureq::http::Method;

use crate::databases::TestDatabase;
use crate::service::{Answer, Applicant, FOURTH, Person, Process, TestService, forms};

const HOST: &str = "shinsei.example.jp";

/// The service behind a proxy that brings TLS, with the members of the demonstration.
async fn behind_tls(database: &TestDatabase) -> TestService {
    TestService::on(database).await.stop().await;
    TestService::in_production_exposed(database, |_| Exposure {
        entrance: Entrance {
            address: Some(PublicAddress::parse(&format!("https://{HOST}")).unwrap()),
            ..Entrance::default()
        },
        ..Exposure::local()
    })
    .await
}

async fn session(service: &TestService) -> String {
    let yoko = Principal::of(Role::Member, "9000001", Duties::NONE);
    let sessions = Sessions::new(&service.inside, SessionTimes::default());
    let beginning = Beginning::new(yoko, "test", "");
    let token = sessions.begin(&beginning, Timestamp::now()).await.unwrap();
    format!("__Host-{COOKIE}={}", token.as_str())
}

fn set_cookies(answer: &Answer) -> Vec<String> {
    let cookies = answer.headers.get_all("set-cookie");
    cookies
        .iter()
        .map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_tls_nothing_that_plain_http_sends_or_plants_is_believed() {
    let database = TestDatabase::sqlite().await;
    let service = behind_tls(&database).await;
    let session = session(&service).await;
    let nobody = service.nobody();

    // A page of http://, which anybody on the way can write, is another site.
    let apply = |origin: &str| {
        nobody
            .post("/api/v1/applications")
            .header("host", HOST)
            .header("cookie", &session)
            .header("origin", origin)
            .json(&json!({ "program": FOURTH, "scope": "documents_only" }))
            .send()
    };
    for origin in [
        "http://shinsei.example.jp",
        "http://shinsei.example.jp:443",
        "https://shinsei.example.jp:8443",
    ] {
        apply(origin).refused(403, "foreign-origin");
    }
    // Refused by the rules, as the period is over: the same page of ours gets so far.
    assert_ne!(apply("https://shinsei.example.jp").status, 403);

    // The cookie of a form that came too late is of this host alone, as all others, and is looked for under no other name.
    on_database!(service.inside.log.database(), pool => {
        sqlx::query("UPDATE sessions SET seen_at_us = seen_at_us - 3600000001").execute(pool).await.map(drop)
    })
    .unwrap();
    let late = nobody
        .post(&format!(
            "/applications/{FOURTH}.9000001/documents/profile/save"
        ))
        .header("host", HOST)
        .header("cookie", &session)
        .bytes(
            "application/x-www-form-urlencoded",
            "text=too+late&revision=0".into(),
        )
        .send();
    assert_eq!(late.status, 401, "{}", late.text);
    let cookies = set_cookies(&late);
    let [kept] = cookies.as_slice() else {
        panic!("{cookies:?}")
    };
    assert!(
        kept.starts_with(&format!("__Host-{KEPT_COOKIE}=")) && kept.contains("; Secure"),
        "{kept}"
    );
    let kept = kept.split(';').next().unwrap();
    let again = self::session(&service).await;
    let look = |cookie: &str| {
        // Without a jar of its own, in which the other cookie would lie.
        let browser = service.nobody();
        browser
            .request(Method::GET, "/kept")
            .header("host", HOST)
            .header("cookie", &format!("{again}; {cookie}"))
            .send()
    };
    assert!(look(kept).text.contains("too late"));
    let planted = kept.strip_prefix("__Host-").unwrap();
    assert_eq!(look(planted).header("location"), Some("/"));

    // Signing out takes away the cookie that there is.
    let out = nobody
        .post("/sign-out")
        .header("host", HOST)
        .header("cookie", &again)
        .send();
    let cookies = set_cookies(&out);
    assert!(
        cookies
            .iter()
            .all(|cookie| cookie.starts_with(&format!("__Host-{COOKIE}=;"))),
        "{cookies:?}"
    );
    service.stop().await;
}

/// Whether a text stands in a log by itself, and not within an id that happens to hold its digits.
fn stands_in(said: &str, text: &str) -> bool {
    said.match_indices(text).any(|(at, _)| {
        let before = said[..at].chars().next_back();
        let after = said[at + text.len()..].chars().next();
        ![before, after]
            .iter()
            .any(|c| c.is_some_and(char::is_alphanumeric))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_log_of_a_members_and_the_secretariats_journey_tells_nobodys_number_or_name() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("log.db").display());
    let mails = directory.path().join("mails");
    let settings = [("SHINSEI_MAIL_FOLDER", mails.to_str().unwrap())];
    let process = Process::start_with(&url, Process::free_address(), &settings);
    let base = process.url();

    // The manual's example from the import of a member to the confirmed payment.
    let played = tokio::task::block_in_place(|| {
        Command::new(crate::binary::shinsei())
            .args(["journey", &base])
            .output()
            .unwrap()
    });
    let printed = String::from_utf8(played.stdout).unwrap();
    assert!(played.status.success(), "{printed}");

    let yoko = Applicant::new(Person::member(&base, "9000001"), FOURTH, "9000001");
    yoko.apply("documents_and_exam").created();
    yoko.fill_in_required_documents();
    yoko.save_at("profile", &forms::profile(), 0)
        .refused(409, "stale-revision");
    yoko.person.get(&format!("/applications/{}", yoko.id));
    yoko.person
        .get(&format!("/applications/{}/application.pdf", yoko.id));
    let office = Person::staff(&base, "secretariat");
    for address in [
        "/".to_owned(),
        format!("/desk/applications/{}", yoko.id),
        format!("/desk/applications/{}/history", yoko.id),
        yoko.path("/history"),
        yoko.path("/review"),
        yoko.path("?as_of=2026-06-03T18:30:00%2B09:00"),
        "/api/v1/applications?q=9000001".to_owned(),
        "/api/v1/access-log?member=9000001".to_owned(),
        "/api/v1/mails".to_owned(),
    ] {
        office.get(&address);
    }
    let rows = "会員番号,氏名\r\n9000002,臨床 次郎\r\n";
    office
        .post("/api/v1/imports/members")
        .bytes("text/csv", rows.into())
        .send();
    office
        .post("/api/v1/imports/payments?file=9000001.csv")
        .bytes("text/csv", "取引番号,会員番号\r\nT-1,9000001\r\n".into())
        .send();
    Person::staff(&base, "reporter").get("/api/v1/reports/progress");

    let (status, said) = process.terminate();
    assert!(status.success());
    assert!(said.contains("save_profile"), "the log is there: {said}");
    let numbers: Vec<String> = (1..=60).map(|place| format!("90000{place:02}")).collect();
    for number in &numbers {
        assert!(
            !stands_in(&said, number),
            "{number}: {}",
            around(&said, number)
        );
    }
    let journeys = said.match_indices("91").filter(|(at, _)| {
        let digits: Vec<char> = said[*at..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let alone = !said[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '.');
        digits.len() == 8 && alone
    });
    assert_eq!(journeys.count(), 0, "the number of the journey's member");
    for told in [
        "specialist-renewal-4th-2026.",
        "member:9",
        "access.9",
        "臨床",
        "瘍子",
        "次郎",
        "リンショウ",
        "@example",
    ] {
        assert!(!said.contains(told), "{told}: {}", around(&said, told));
    }
}

/// The lines around the first place of a text.
fn around(said: &str, text: &str) -> String {
    let lines: Vec<&str> = said.lines().filter(|line| line.contains(text)).collect();
    lines.into_iter().take(3).collect::<Vec<_>>().join("\n")
}
