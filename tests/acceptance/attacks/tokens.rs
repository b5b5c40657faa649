//! Machine clients' tokens: getting more by one than one has, and keeping one that has ended.

use api::access::{Clients, Duties, Grant, Principal, Secret, operators_call};
use api::clock::DEMONSTRATION_START;
use domain::Role;
use eventstore::{Database, on_database};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::databases::{Content, TestDatabase};
use crate::service::{Person, TestService, each_demonstration, each_service};

fn wanted(role: &str, scope: &str) -> Value {
    json!({ "name": "taken", "role": role, "scopes": [scope], "days": 365 })
}

/// A token, as whoever asks gets it: its secret and its id.
fn made(staff: &Person, role: &str, scope: &str) -> (String, String) {
    let made = staff.post("/api/v1/tokens").json(&wanted(role, scope));
    let made = made.send().created();
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("secret"), text("id"))
}

async fn signed_in(service: &TestService, duties: &str) -> Person {
    let kanri = Principal::of(Role::Secretariat, "kanri", Duties::parse(duties));
    service.as_principal(&kanri).await
}

fn opens(service: &TestService, secret: &str, what: &str) {
    service.client(secret).get(what).ok();
}

fn opens_nothing(service: &TestService, secret: &str, what: &str) {
    let answer = service.client(secret).get(what);
    answer.refused(401, "invalid-token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_administers_without_seeing_makes_no_reporters_token_to_see_with() {
    each_service(async |service| {
        let kanri = signed_in(service, "administer").await;
        for scope in ["read-reports", "read-report-lists"] {
            let asked = kanri
                .post("/api/v1/tokens")
                .json(&wanted("reporter", scope));
            asked.send().refused(403, "not-permitted");
        }
        let none = kanri.get("/api/v1/tokens").ok();
        assert_eq!(none["tokens"], json!([]));
        let log = "/api/v1/access-log?actor=secretariat:kanri&operation=POST%20/api/v1/tokens";
        let entries = kanri.get(log).ok();
        let entry = &entries["entries"][0];
        assert_eq!(entry["refused"], json!(true), "{entries}");
        // What everybody may is everybody's to give.
        made(&kanri, "reporter", "read-programs");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_ends_when_its_maker_signs_in_with_fewer_duties_and_does_not_come_back() {
    each_service(async |service| {
        let kanri = signed_in(service, "view administer").await;
        let (secret, id) = made(&kanri, "reporter", "read-reports");
        let (programs, _) = made(&kanri, "secretariat", "read-programs");
        let reports = "/api/v1/reports/progress";
        opens(service, &secret, reports);
        let fewer = signed_in(service, "administer").await;
        opens_nothing(service, &secret, reports);
        opens(service, &programs, "/api/v1/programs");
        let list = fewer.get("/api/v1/tokens").ok();
        let listed = list["tokens"].as_array().unwrap().iter();
        let listed = listed
            .filter(|token| token["id"] == json!(id))
            .collect::<Vec<_>>();
        assert_eq!(listed[0]["good"], json!(false), "{list}");
        signed_in(service, "view administer").await;
        opens_nothing(service, &secret, reports);
        // In another role nothing of it is held.
        let reporter = Principal::of(Role::Reporter, "kanri", Duties::NONE);
        let sessions =
            api::access::Sessions::new(&service.inside, api::access::SessionTimes::default());
        let beginning = api::access::Beginning::new(reporter, "staff", "");
        sessions.begin(&beginning, Timestamp::now()).await.unwrap();
        opens_nothing(service, &programs, "/api/v1/programs");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_ends_when_nobody_has_signed_in_at_its_makers_account_for_ninety_days() {
    each_demonstration(async |database| {
        let day = SignedDuration::from_hours(24);
        let service = TestService::on(database).await;
        let (secret, _) = made(&service.secretariat(), "secretariat", "read-programs");
        service.stop().await;
        for (days, good) in [(89, true), (91, false)] {
            let service = TestService::at(database, DEMONSTRATION_START + day * days).await;
            if good {
                opens(&service, &secret, "/api/v1/programs");
            } else {
                opens_nothing(&service, &secret, "/api/v1/programs");
                service.secretariat();
                opens_nothing(&service, &secret, "/api/v1/programs");
            }
            service.stop().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_whose_row_is_put_back_opens_nothing() {
    each_service(async |service| {
        let office = service.secretariat();
        let (secret, id) = made(&office, "secretariat", "read-programs");
        opens(service, &secret, "/api/v1/programs");
        on_database!(service.inside.log.database(), pool => {
            let copy = "CREATE TABLE kept_aside AS SELECT * FROM client_tokens";
            sqlx::query(copy).execute(pool).await.map(drop).unwrap();
        });
        office.delete(&format!("/api/v1/tokens/{id}")).send().ok();
        opens_nothing(service, &secret, "/api/v1/programs");
        on_database!(service.inside.log.database(), pool => {
            for statement in ["DELETE FROM client_tokens", "INSERT INTO client_tokens SELECT * FROM kept_aside"] {
                assert_eq!(sqlx::query(statement).execute(pool).await.unwrap().rows_affected(), 1);
            }
        });
        opens_nothing(service, &secret, "/api/v1/programs");
    })
    .await;
}

type Row = (
    String,
    Vec<u8>,
    Vec<u8>,
    String,
    String,
    String,
    String,
    i64,
    i64,
    Vec<u8>,
);

const COLUMNS: &str = "id, request_hash, token_hash, name, role, scopes, created_by, created_at_us, expires_at_us, seal";

async fn rows(database: &Database) -> Vec<Row> {
    on_database!(database, pool => {
        sqlx::query_as(&format!("SELECT {COLUMNS} FROM client_tokens")).fetch_all(pool).await.unwrap()
    })
}

async fn put(database: &Database, row: &Row) {
    on_database!(database, pool => {
        sqlx::query(&format!(
            "INSERT INTO client_tokens ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        ))
        .bind(&row.0).bind(&row.1).bind(&row.2).bind(&row.3).bind(&row.4)
        .bind(&row.5).bind(&row.6).bind(row.7).bind(row.8).bind(&row.9)
        .execute(pool).await.map(drop).unwrap();
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealed_row_whose_making_is_not_in_the_log_opens_nothing() {
    each_demonstration(async |database| {
        // Made by the same program with the same keys, on another log.
        let elsewhere = TestDatabase::sqlite_with(Content::Demonstration).await;
        let other = TestService::on(&elsewhere).await;
        let clients = Clients::new(&other.inside);
        let scopes = ["read-programs".to_owned()];
        let grant = Grant::read("taken", "secretariat", &scopes, 9).unwrap();
        let call = operators_call();
        let request = (Uuid::new_v4(), &call);
        let made = clients.create(&grant, &call.actor, request, Timestamp::now());
        let (_, secret): (_, Secret) = made.await.unwrap();
        opens(&other, secret.as_str(), "/api/v1/programs");
        let taken = rows(other.inside.log.database()).await;

        let service = TestService::on(database).await;
        put(service.inside.log.database(), &taken[0]).await;
        opens_nothing(&service, secret.as_str(), "/api/v1/programs");
        service.stop().await;
        other.stop().await;
    })
    .await;
}
