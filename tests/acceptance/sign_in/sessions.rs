//! The own sessions: seen and ended.

use serde_json::Value;

use crate::databases::{Content, TestDatabase};
use crate::pages::{Member, Visitor};
use crate::service::{FOURTH, TestService, each_demonstration, each_service, shinsei};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_listed_and_ended_by_their_owner_alone() {
    each_service(async |service| {
        let (here, elsewhere) = (service.member("9000001"), service.member("9000001"));
        let other = service.member("9000002");
        let list = here.get("/api/v1/sessions").ok();
        let sessions = list["sessions"].as_array().unwrap();
        assert_eq!(sessions.len(), 2);
        let current: Vec<&Value> = sessions
            .iter()
            .filter(|one| one["current"] == true)
            .collect();
        assert_eq!(current.len(), 1);
        let id = |current: bool| {
            let one = sessions
                .iter()
                .find(|one| one["current"] == current)
                .unwrap();
            one["id"].as_str().unwrap().to_owned()
        };
        // Somebody else's word ends nothing, and does not tell whether there is anything.
        let path = format!("/api/v1/sessions/{}", id(false));
        assert_eq!(other.delete(&path).send().status, 204);
        elsewhere.get("/api/v1/me").ok();
        assert_eq!(here.delete(&path).send().status, 204);
        elsewhere.get("/api/v1/me").refused(401, "not-signed-in");
        here.get("/api/v1/me").ok();
        assert_eq!(here.delete("/api/v1/sessions").send().status, 204);
        here.get("/api/v1/me").refused(401, "not-signed-in");
        other.get("/api/v1/me").ok();
        here.get("/api/v1/sessions").refused(401, "not-signed-in");
        assert_eq!(
            other.delete("/api/v1/sessions/not-an-id").send().status,
            400
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_sessions_ends_one_or_all() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let visitor = Visitor::new(&service);
    let yoko = Member::sign_in(&visitor, "9000001", FOURTH);
    let elsewhere = service.member("9000001");
    let page = yoko.visitor.open("/").follow("サインインの状況");
    page.assert_says(&["この画面", "60分間操作がないとき", "デモ"]);
    page.form("すべて終了する").press();
    elsewhere.get("/api/v1/me").refused(401, "not-signed-in");
    visitor
        .open("/")
        .assert_says(&["サインイン", "会員としてサインイン"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_secretariat_ends_an_accounts_sessions_from_the_command_line() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let (first, second) = (service.member("9000001"), service.member("9000001"));
        let output = shinsei(&database.url)
            .args(["end-sessions", "member:9000001"])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "2 sessions ended\n",
            "{output:?}"
        );
        for person in [first, second] {
            person.get("/api/v1/me").refused(401, "not-signed-in");
        }
        let output = shinsei(&database.url)
            .args(["end-sessions", "9000001"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        service.stop().await;
    })
    .await;
}
