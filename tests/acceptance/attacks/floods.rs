//! Whoever sends much.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::time::Duration;

use api::Exposure;
use api::limits::{ConnectionLimits, Limits, RateLimits};
use eventstore::on_database;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::task::block_in_place;
use ureq::http::Method;

use crate::databases::TestDatabase;
use crate::service::{FIRST_TO_THIRD, FOURTH, TestService, each_service, eventually, forms};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_of_anybody_are_neither_believed_nor_keep_anybody_waiting() {
    let database = TestDatabase::postgres().await;
    let service = TestService::on(&database).await;
    let yoko = service.applicant("9000001", FOURTH, "documents_only");
    // Any role that may connect can send on any channel, whatever it likes and as much as it likes.
    let mut anybody = PgConnection::connect(&database.url).await.unwrap();
    for forged in ["9223372036854775807", "1000000", "-1", "x"] {
        sqlx::query("SELECT pg_notify('ledger_sealed', $1)")
            .bind(forged)
            .execute(&mut anybody)
            .await
            .unwrap();
    }
    let flood = "DO $$ BEGIN FOR i IN 1..20000 LOOP PERFORM pg_notify('ledger_sealed', (1000000 + i)::text); END LOOP; END $$";
    anybody.execute(flood).await.unwrap();
    for _ in 0..3 {
        yoko.save("profile", &forms::profile()).ok();
        yoko.save("profile", &json!({ "text": "別の文" })).ok();
        anybody.execute(flood).await.unwrap();
    }
    let head = service.inside.log.head().await.unwrap();
    let known = *service.inside.log.sealed().borrow();
    assert!(
        known <= head,
        "the node believes in {known} of {head} events"
    );
    anybody.close().await.unwrap();
    service.stop().await;
    database.remove().await;
}

/// What comes first of the answer to a request whose body does not come.
fn first_of(mut stream: &TcpStream) -> String {
    stream
        .set_read_timeout(Some(Duration::from_mins(2)))
        .unwrap();
    let mut said = [0; 4096];
    let read = stream.read(&mut said).unwrap_or(0);
    String::from_utf8_lossy(&said[..read]).into_owned()
}

/// A request that says it has a body and sends none of it.
fn without_its_body(service: &TestService, line: &str, headers: &[(&str, &str)]) -> TcpStream {
    let mut stream = TcpStream::connect(service.address()).unwrap();
    let mut head = format!(
        "{line} HTTP/1.1\r\nhost: {}\r\ncontent-length: 60000\r\n",
        service.address()
    );
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    stream.write_all((head + "\r\n").as_bytes()).unwrap();
    stream
}

const PLACES: usize = 60;
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_takes_neither_all_connections_nor_all_attention_nor_sends_what_nobody_asked_for()
 {
    let database = TestDatabase::sqlite().await;
    let limits = Limits {
        rates: RateLimits {
            account: None,
            address: NonZeroU32::new(40),
        },
        in_flight: Some(AT_ONCE),
        trusted_proxies: 1,
        connections: ConnectionLimits {
            connections: PLACES,
            of_one_peer: PLACES,
            ..ConnectionLimits::default()
        },
    };
    let exposure = Exposure {
        limits,
        ..Exposure::local()
    };
    let service = TestService::exposed(&database, exposure).await;
    let yoko = service.applicant("9000001", FOURTH, "documents_only");
    let nobody = service.nobody();

    // Connections on which nothing is asked, as many as there are.
    let idle: Vec<TcpStream> = (0..PLACES + 20)
        .map(|_| TcpStream::connect(service.address()).unwrap())
        .collect();
    assert_eq!(service.nobody().get("/healthz").status, 200);
    assert_eq!(
        service.secretariat().get("/api/v1/applications").status,
        200
    );
    yoko.get("").ok();
    drop(idle);

    // Requests of one that are never finished, behind a proxy whose connections are everybody's.
    let cookie = yoko.person.cookie();
    let line = format!("PUT {}", yoko.path("/documents/profile"));
    let unfinished: Vec<TcpStream> = (0..AT_ONCE)
        .map(|place| {
            let key = place.to_string();
            without_its_body(
                &service,
                &line,
                &[
                    ("cookie", cookie.as_str()),
                    ("content-type", "application/json"),
                    ("if-match", "\"0\""),
                    ("idempotency-key", key.as_str()),
                    ("x-forwarded-for", "198.51.100.9"),
                ],
            )
        })
        .collect();
    let asks = |from: &str, path: &str| {
        // Of somebody who is signed in nothing is counted by address but what is being answered.
        let request = nobody.request(Method::GET, path).header("cookie", &cookie);
        request.header("x-forwarded-for", from).send().status
    };
    eventually(&429, || asks("198.51.100.9", "/nowhere"));
    assert_eq!(asks("198.51.100.10", "/nowhere"), 404);
    assert_eq!(asks("198.51.100.9", "/healthz"), 200);
    drop(unfinished);

    // Somebody with a cookie that is nobody's, whose forms nobody reads.
    let from = "203.0.113.5";
    let guessed = format!("shinsei_session={}", "0".repeat(64));
    while nobody
        .request(Method::GET, "/api/v1/me")
        .header("x-forwarded-for", from)
        .header("cookie", &guessed)
        .send()
        .status
        != 429
    {}
    let form = format!("POST /applications/{}/documents/profile/save", yoko.id);
    let said = block_in_place(|| {
        let stream = without_its_body(
            &service,
            &form,
            &[
                ("cookie", guessed.as_str()),
                ("content-type", "application/x-www-form-urlencoded"),
                ("x-forwarded-for", from),
            ],
        );
        first_of(&stream)
    });
    assert!(said.starts_with("HTTP/1.1 429"), "{said}");
    service.stop().await;
}

/// 業績目録 as long as a body may be, which no field of it forbids.
fn long(word: &str) -> Value {
    let mut form = forms::clinical_experience();
    form["examined"] = json!(vec![word.repeat(190); 100]);
    form
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_takes_so_much_of_its_member_a_day_and_says_when_it_goes_on() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_only");
        let other = service.applicant("9000002", FIRST_TO_THIRD, "documents_only");
        let path = yoko.path("/documents/clinical-experience");
        let save = |place: u32, key: &str| {
            let word = if place.is_multiple_of(2) {
                "専"
            } else {
                "門"
            };
            let request = yoko.person.put(&path).json(&long(word));
            request.revision(place).key(key).send()
        };
        let mut saved = 0;
        let refused = loop {
            let answer = save(saved, &format!("save-{saved}"));
            if answer.status != 200 {
                break answer;
            }
            saved += 1;
            assert!(saved < 60, "there is no end");
        };
        let problem = refused.refused(429, "day-is-full");
        assert!((30..=40).contains(&saved), "{saved}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains(" 24:00を過ぎてから、もう一度保存してください。"),
            "{detail}"
        );
        // What was saved before is answered again; what completes is not held up; nobody else is.
        assert_eq!(save(saved - 1, &format!("save-{}", saved - 1)).status, 200);
        yoko.submit().refused(422, "requirements-not-met");
        other.save("profile", &forms::profile()).ok();
        let desk = service.secretariat();
        let note = json!({ "note": "分量について会員に連絡済み" });
        let noted = desk.post(&yoko.path("/review/notes")).json(&note).send();
        assert!(noted.status < 300, "{}", noted.text);
        let typed = yoko.save("profile", &forms::profile());
        typed.refused(429, "day-is-full");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_for_a_while_is_deleted_in_time_although_nobody_asks() {
    let database = TestDatabase::sqlite().await;
    let old = jiff::Timestamp::now().as_microsecond() - 25 * 3_600 * 1_000_000;
    on_database!(&database.database, pool => {
        for insert in [
            "INSERT INTO kept_forms (token_hash, role, actor_id, path, body, kept_at_us) VALUES (zeroblob(32), 'member', '9000001', '/', x'61', $1)",
            "INSERT INTO searches (id, owner, name, question, made_at_us) VALUES ('s', 'secretariat:demo', NULL, '{}', $1)",
            "INSERT INTO searches (id, owner, name, question, made_at_us) VALUES ('named', 'secretariat:demo', '保存', '{}', $1)",
            "INSERT INTO exports (id, owner, title, format, state, rows_total, begun_at_us, seen_at_us, expires_at_us) VALUES ('e', 'secretariat:demo', '一覧', 'csv', 'done', 1, $1, $1, $1)",
            "INSERT INTO export_parts (export, number, bytes) SELECT 'e', 0, x'61' WHERE $1 > 0",
        ] {
            sqlx::query(insert).bind(old).execute(pool).await.unwrap();
        }
    });
    let service = TestService::on(&database).await;
    let left = || {
        let count = "SELECT (SELECT COUNT(*) FROM kept_forms) + (SELECT COUNT(*) FROM searches WHERE name IS NULL)
                          + (SELECT COUNT(*) FROM exports) + (SELECT COUNT(*) FROM export_parts)";
        tokio::runtime::Handle::current().block_on(async {
            on_database!(service.inside.log.database(), pool => {
                sqlx::query_scalar::<_, i64>(count).fetch_one(pool).await.unwrap()
            })
        })
    };
    eventually(&0, left);
    let named: i64 = on_database!(service.inside.log.database(), pool => {
        sqlx::query_scalar("SELECT COUNT(*) FROM searches").fetch_one(pool).await.unwrap()
    });
    assert_eq!(named, 1, "保存した検索 stays");
    service.stop().await;
}
