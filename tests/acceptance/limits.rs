//! What one client may take of the service.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::num::NonZeroU32;

use api::Exposure;
use api::limits::{Limits, RateLimits};
use serde_json::json;

use crate::databases::{Content, TestDatabase};
use crate::patience::PATIENCE;
use crate::service::{Answer, FOURTH, TestService, forms};

fn counted(account: u32, address: u32, trusted_proxies: usize) -> Exposure {
    let limits = Limits {
        rates: RateLimits {
            account: NonZeroU32::new(account),
            address: NonZeroU32::new(address),
        },
        trusted_proxies,
        ..Limits::uncounted()
    };
    Exposure {
        limits,
        ..Exposure::local()
    }
}

/// Asks until it is refused, however slowly that goes: how often it was answered before, and the refusal.
fn asked_until_refused(ask: impl Fn() -> Answer) -> (usize, Answer) {
    let mut answered = 0;
    loop {
        let answer = ask();
        if answer.status == 429 {
            return (answered, answer);
        }
        answered += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_asks_too_much_is_asked_to_wait_and_its_colleagues_are_not() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::exposed(&database, counted(20, 0, 0)).await;
    let yoko = service.applicant("9000001", FOURTH, "documents_only");
    let colleague = service.member("9000002");
    let refused = asked_until_refused(|| yoko.get("")).1;
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    let said = refused.refused(429, "too-many-requests");
    let detail = said["detail"].as_str().unwrap();
    assert!(detail.contains("もう一度お試しください。"), "{detail}");
    colleague.get("/api/v1/me").ok();
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_are_counted_as_the_trusted_proxies_saw_them() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::exposed(&database, counted(0, 10, 1)).await;
    let nobody = service.nobody();
    let ask = |from: &str| {
        let page = nobody.request(ureq::http::Method::GET, "/");
        page.header("x-forwarded-for", from).send()
    };
    let (answered, _) = asked_until_refused(|| ask("198.51.100.9"));
    assert!(answered >= 10, "{answered}");
    // Another client of the same proxy is another client, and what a client writes itself moves it nowhere.
    assert_eq!(ask("198.51.100.10").status, 200);
    // A moment later the refused one may ask once more; somebody new could do so ten times.
    let (answered, _) = asked_until_refused(|| ask("203.0.113.1, 198.51.100.9"));
    assert!(answered < 10, "{answered}");
    // Probes and files are for everybody.
    assert_eq!(nobody.get("/readyz").status, 200);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessed_tokens_are_counted_by_address() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::exposed(&database, counted(0, 5, 1)).await;
    let nobody = service.nobody();
    let guess = || {
        let answer = nobody
            .request(ureq::http::Method::GET, "/api/v1/me")
            .header("x-forwarded-for", "198.51.100.9")
            .header("cookie", &format!("shinsei_session={}", "0".repeat(64)))
            .send();
        assert!(matches!(answer.status, 401 | 429), "{answer:?}");
        answer
    };
    let (answered, _) = asked_until_refused(guess);
    assert!(answered >= 5, "{answered}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_refused_has_lost_nothing() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    // One more every six seconds: in between there is time to be refused.
    let service = TestService::exposed(&database, counted(10, 0, 0)).await;
    let yoko = service.applicant("9000001", FOURTH, "documents_only");
    yoko.save("profile", &forms::profile()).ok();
    asked_until_refused(|| yoko.get(""));
    let refused = yoko.save_at("profile", &json!({ "text": "待たされた文" }), 1);
    refused.refused(429, "too-many-requests");
    let secretariat = service.secretariat();
    let saved = secretariat.get(&yoko.path("/documents/profile")).ok();
    assert_eq!(saved["revision"], 1);
    service.stop().await;
}

/// Speaks to the service as no client library would.
fn raw(service: &TestService, request: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(service.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = [0; 4096];
    let read = stream.read(&mut said).unwrap_or(0);
    (stream, String::from_utf8_lossy(&said[..read]).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_no_browser_sends_are_refused_by_the_server_itself() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    tokio::task::block_in_place(|| {
        let long = "a".repeat(64 * 1024);
        let (_, said) = raw(
            &service,
            &format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {long}\r\n\r\n"),
        );
        assert!(said.starts_with("HTTP/1.1 431"), "{said}");
        let many = "x-a: b\r\n".repeat(200);
        let (_, said) = raw(
            &service,
            &format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
        );
        assert!(said.starts_with("HTTP/1.1 431"), "{said}");
        for nonsense in [
            "GET / HTTP/9.9\r\n\r\n",
            "\u{0}\u{1}\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\nzz\r\n",
        ] {
            let (_, said) = raw(&service, nonsense);
            assert!(!said.starts_with("HTTP/1.1 5"), "{nonsense:?}: {said}");
        }
    });
    assert_eq!(service.nobody().get("/readyz").status, 200);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let yoko = service.applicant("9000001", FOURTH, "documents_only");
    let before = yoko.get("").ok()["sequence"].clone();
    let head = format!(
        "PUT {} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nidempotency-key: slow\r\nif-match: \"0\"\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{{\"text\":",
        yoko.path("/documents/profile"),
        service.address(),
        yoko.person.cookie()
    );
    let said = tokio::task::block_in_place(|| {
        let mut stream = TcpStream::connect(service.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut said = [0; 4096];
        let read = stream.read(&mut said).unwrap();
        String::from_utf8_lossy(&said[..read]).into_owned()
    });
    assert!(
        said.starts_with("HTTP/1.1 400") && said.contains("body-cut-off"),
        "{said}"
    );
    assert_eq!(yoko.get("").ok()["sequence"], before);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_address_leads_to_a_file_of_the_machine() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let secretariat = service.secretariat();
    for address in [
        "/assets/..%2F..%2F/etc%2Fpasswd",
        "/assets/0/..%2F..%2F..%2Fetc%2Fpasswd",
        "/api/v1/reference/..%2F..%2Fetc%2Fpasswd",
        "/api/v1/imports/..%2F..%2Fetc%2Fpasswd",
        "/applications/..%2F..%2Fetc%2Fpasswd",
        "/api/v1/applications/..%2F..%2Fetc%2Fpasswd/application.pdf",
    ] {
        let answer = secretariat.get(address);
        assert!(
            matches!(answer.status, 303 | 400 | 403 | 404 | 405),
            "{address}: {}",
            answer.status
        );
        assert!(!answer.text.contains("root:"), "{address}");
    }
    // Of what a file is called only the ending of an upload's name is looked at, and nothing is opened by it.
    let named = secretariat
        .post("/api/v1/imports/members?filename=..%2F..%2Fetc%2Fpasswd")
        .bytes("text/csv", b"x".to_vec())
        .send();
    assert!(matches!(named.status, 400 | 422), "{}", named.status);
    service.stop().await;
}
