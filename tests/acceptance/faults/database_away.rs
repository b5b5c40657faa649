//! A database that is locked, slow or away.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use api::clock::DEMONSTRATION_START;
use api::{ClockSetting, Exposure, Mode, Service};
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::cluster::Cluster;
use crate::databases::TestDatabase;
use crate::pages::{Member, Visitor};
use crate::service::{Answer, FOURTH, Person, TestService, eventually};

/// What a line does with what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Passes,
    /// Takes everything and passes nothing on.
    Silent,
    /// Closes what is open and whatever is opened.
    Cut,
}

/// A line to a server that can be cut, and lead to another one.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    server: Arc<Mutex<String>>,
    line: Arc<(Mutex<Line>, Condvar)>,
}

impl Proxy {
    pub(super) fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            server: Arc::new(Mutex::new(server)),
            line: Arc::new((Mutex::new(Line::Passes), Condvar::new())),
        };
        let (line, server) = (Arc::clone(&proxy.line), Arc::clone(&proxy.server));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = server.lock().unwrap().clone();
                let Ok(server) = TcpStream::connect(server) else {
                    continue;
                };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let line = Arc::clone(&line);
                    std::thread::spawn(move || pass(from, to, &line));
                }
            }
        });
        proxy
    }

    /// Where connections lead that are made from now on.
    pub(super) fn leads_to(&self, server: String) {
        *self.server.lock().unwrap() = server;
    }

    fn becomes(&self, line: Line) {
        *self.line.0.lock().unwrap() = line;
        self.line.1.notify_all();
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, line: &(Mutex<Line>, Condvar)) {
    from.set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => 0,
            Err(_) => break,
        };
        let now = line.0.lock().unwrap();
        let now = line
            .1
            .wait_while(now, |now| read > 0 && *now == Line::Silent);
        if *now.unwrap() == Line::Cut || to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _closed = from.shutdown(std::net::Shutdown::Both);
    let _closed = to.shutdown(std::net::Shutdown::Both);
}

fn save(person: &Person, id: &str, key: &str, text: &str, revision: u32) -> Answer {
    person
        .put(&format!("/api/v1/applications/{id}/documents/profile"))
        .json(&json!({ "text": text }))
        .key(key)
        .revision(revision)
        .send()
}

/// A person is told to come again, before giving up by oneself, with the advice to keep what was typed.
#[track_caller]
fn assert_told_to_come_again(ask: impl FnOnce() -> Answer) {
    let began = Instant::now();
    let answer = ask();
    let problem = answer.refused(503, "unavailable");
    assert!(problem["detail"].as_str().unwrap().contains("入力"));
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgresql_is_silent_away_or_waits_for_a_dead_standby_people_are_told_to_come_again()
{
    let cluster = tokio::task::block_in_place(Cluster::start);
    let (credentials, rest) = cluster.url.split_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let proxy = Proxy::to(server.to_owned());
    let url = format!("{credentials}@{}/{name}", proxy.address);
    let clock = ClockSetting::Demonstration {
        earliest: DEMONSTRATION_START,
    };
    let inside = Service::open(&url, api::service::programs(None).unwrap(), clock)
        .await
        .unwrap();
    let service = TestService::around(inside, Mode::Demonstration, |_| Exposure::local()).await;
    let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
    let visitor = Visitor::with(service.nobody().amid_trouble(), service.address());
    let member = Member::sign_in(&visitor, "9000001", FOURTH);
    let (person, watcher) = (yoko.person.amid_trouble(), service.nobody().amid_trouble());
    let mut revision = 0;
    for (line, text) in [(Line::Silent, "黙る"), (Line::Cut, "切れる")] {
        let form = member.form("profile").set("プロフィール", text);
        proxy.becomes(line);
        assert_told_to_come_again(|| save(&person, &yoko.id, text, text, revision));
        let page = form.press_expecting(503);
        page.assert_says(&[text, "もう一度送信"]);
        // A trial that hangs is no answer: what succeeded a moment ago counts for a few seconds more.
        eventually(&503, || {
            let began = Instant::now();
            let ready = watcher.get("/readyz");
            let taken = began.elapsed();
            assert!(taken < Duration::from_secs(2), "{taken:?}");
            ready.status
        });
        proxy.becomes(Line::Passes);
        eventually(&200, || watcher.get("/readyz").status);
        // The same press again saves what was typed, once.
        eventually(&200, || {
            visitor
                .request(&ureq::http::Method::GET, "/sessions", None)
                .status
        });
        page.form("もう一度送信する").press();
        revision += 1;
        let document = yoko.document("profile");
        assert_eq!(
            (&document.ok()["value"]["text"], document.revision()),
            (&json!(text), revision)
        );
    }

    // A standby that commits wait for, and that is not there.
    let mut admin = PgConnection::connect(&cluster.url).await.unwrap();
    admin
        .execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        .await
        .unwrap();
    admin.execute("SELECT pg_reload_conf()").await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..2 {
        assert_told_to_come_again(|| save(&person, &yoko.id, "standby", "待つ", revision));
    }
    assert_eq!(yoko.get("").ok()["id"], json!(yoko.id), "reading goes on");
    eventually(&503, || watcher.get("/readyz").status);
    admin
        .execute("ALTER SYSTEM RESET synchronous_standby_names")
        .await
        .unwrap();
    admin.execute("SELECT pg_reload_conf()").await.unwrap();
    eventually(&200, || watcher.get("/readyz").status);
    eventually(&200, || {
        save(&person, &yoko.id, "standby", "待つ", revision).status
    });
    assert_eq!(
        yoko.document("profile").revision(),
        revision + 1,
        "done once"
    );
    admin.close().await.unwrap();
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_process_has_locked_the_file_people_are_told_to_come_again() {
    let database = TestDatabase::sqlite().await;
    let service = TestService::on(&database).await;
    let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
    let person = yoko.person.amid_trouble();
    let visitor = Visitor::with(service.nobody().amid_trouble(), service.address());
    let member = Member::sign_in(&visitor, "9000001", FOURTH);
    let form = member.form("profile").set("プロフィール", "待つ画面");
    let mut other = SqliteConnection::connect(&database.url).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    assert_told_to_come_again(|| save(&person, &yoko.id, "locked", "待つ", 0));
    // On a page, what was typed is kept and sent again at a press.
    let page = form.press_expecting(503);
    page.assert_says(&["待つ画面", "もう一度送信"]);
    let stranger = service.nobody().amid_trouble();
    let entering = stranger.post("/demo/sign-in").bytes(
        "application/x-www-form-urlencoded",
        b"identity=secretariat".to_vec(),
    );
    let entering = entering.send();
    assert_eq!(entering.status, 503, "{}", entering.text);
    assert!(entering.header("retry-after").is_some());
    let watcher = service.nobody().amid_trouble();
    let began = Instant::now();
    let ready = watcher.get("/readyz");
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(ready.status, 503, "{ready:?}");
    assert_eq!(yoko.document("profile").revision(), 0, "reading goes on");
    other.execute("ROLLBACK").await.unwrap();
    eventually(&200, || save(&person, &yoko.id, "locked", "待つ", 0).status);
    assert_eq!(yoko.document("profile").revision(), 1, "done once");
    eventually(&200, || watcher.get("/readyz").status);
    // Saved meanwhile from elsewhere: both versions are shown, and nothing that was typed is lost.
    let both = page.form("もう一度送信する").press_expecting(409);
    both.assert_says(&["待つ画面", "待つ"]);
    other.close().await.unwrap();
    service.stop().await;
}
