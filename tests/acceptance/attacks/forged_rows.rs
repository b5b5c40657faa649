//! Whoever can write the database and nothing else: rows that would let somebody in.

use api::access::{
    Beginning, COOKIE, Duties, KEPT_COOKIE, Principal, SessionTimes, Sessions, Token,
};
use domain::Role;
use eventstore::on_database;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::databases::TestDatabase;
use crate::service::{Person, TestService, each_service};
use crate::sign_in::{ISSUER, issuer, production, stub::Stub};

/// What stands in the database of a secret.
fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Changes or adds one row as the owner of the database; `$1` are these bytes, `$2` is the time.
async fn sql(service: &TestService, statement: &str, bytes: &[u8]) {
    let now = Timestamp::now().as_microsecond();
    let changed = on_database!(service.inside.log.database(), pool => {
        sqlx::query(statement).bind(bytes).bind(now).execute(pool).await.unwrap().rows_affected()
    });
    assert_eq!(changed, 1, "{statement}");
}

fn clerk() -> Principal {
    Principal::of(Role::Secretariat, "clerk", Duties::all())
}

/// A session of somebody, by its token.
async fn session(service: &TestService, principal: &Principal) -> Token {
    let sessions = Sessions::new(&service.inside, SessionTimes::default());
    let beginning = Beginning::new(principal.clone(), "staff", "");
    sessions.begin(&beginning, Timestamp::now()).await.unwrap()
}

fn browser(service: &TestService, token: &Token) -> Person {
    let url = format!("http://{}", service.address());
    Person::carrying(&url, "cookie", format!("{COOKIE}={}", token.as_str()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_was_written_into_the_database_lets_nobody_in() {
    each_service(async |service| {
        // The account is there, and has signed in once.
        let real = session(service, &clerk()).await;
        browser(service, &real).get("/api/v1/me").ok();
        for (place, seal) in ["$1", "(SELECT seal FROM sessions WHERE actor_id = 'clerk' LIMIT 1)"]
            .into_iter()
            .enumerate()
        {
            let token = Token::random();
            let statement = format!(
                "INSERT INTO sessions (token_hash, id, role, actor_id, duties, via, browser, created_at_us, seen_at_us, sign_in, seal)
                 VALUES ($1, 'forged-{place}', 'secretariat', 'clerk', 'view check payments decide administer', 'staff', '', $2, $2, 1, {seal})"
            );
            sql(service, &statement, &hash(token.as_str())).await;
            let forger = browser(service, &token);
            forger.get("/api/v1/me").refused(401, "not-signed-in");
            forger.get("/api/v1/applications").refused(401, "not-signed-in");
        }
        let metrics = service.nobody().get("/metrics");
        assert!(metrics.text.contains("shinsei_unsealed_rows_total"), "it is counted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_was_changed_in_the_database_is_none_any_more() {
    each_service(async |service| {
        let member = Principal::of(Role::Member, "9000001", Duties::NONE);
        let viewer = Principal::of(Role::Secretariat, "viewer", Duties::parse("view"));
        for (of, change) in [
            (&member, "actor_id = '9000002'"),
            (
                &member,
                "role = 'secretariat', actor_id = 'clerk', duties = 'view administer'",
            ),
            (&viewer, "duties = 'view decide administer'"),
            (&viewer, "actor_id = 'clerk'"),
            (&viewer, "sign_in = sign_in + 1"),
            (&viewer, "created_at_us = created_at_us + 3600000000"),
            (&viewer, "via = 'demo'"),
        ] {
            let token = session(service, of).await;
            let browser = browser(service, &token);
            browser.get("/api/v1/me").ok();
            let statement =
                format!("UPDATE sessions SET {change} WHERE token_hash = $1 AND $2 > 0");
            sql(service, &statement, &hash(token.as_str())).await;
            let refused = browser.get("/api/v1/me");
            refused.refused(401, "not-signed-in");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seal_of_one_row_is_none_of_another() {
    each_service(async |service| {
        let member = Principal::of(Role::Member, "9000001", Duties::NONE);
        let own = session(service, &member).await;
        let other = session(service, &clerk()).await;
        let statement = "UPDATE sessions SET seal = (SELECT seal FROM sessions WHERE actor_id = 'clerk'),
                role = 'secretariat', actor_id = 'clerk', duties = (SELECT duties FROM sessions WHERE actor_id = 'clerk'), sign_in = 1
              WHERE token_hash = $1 AND $2 > 0";
        sql(service, statement, &hash(own.as_str())).await;
        browser(service, &own).get("/api/v1/me").refused(401, "not-signed-in");
        browser(service, &other).get("/api/v1/me").ok();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_put_back_after_the_access_was_ended_lets_nobody_in() {
    each_service(async |service| {
        let token = session(service, &clerk()).await;
        let thief = browser(service, &token);
        thief.get("/api/v1/me").ok();
        let copy = "CREATE TABLE kept_aside AS SELECT * FROM sessions WHERE actor_id = 'clerk'";
        on_database!(service.inside.log.database(), pool => {
            sqlx::query(copy).execute(pool).await.map(drop).unwrap();
        });
        let office = service.secretariat();
        office.post("/api/v1/accounts/clerk/end").send().ok();
        thief.get("/api/v1/me").refused(401, "not-signed-in");
        let back = "INSERT INTO sessions SELECT * FROM kept_aside";
        on_database!(service.inside.log.database(), pool => {
            assert_eq!(sqlx::query(back).execute(pool).await.unwrap().rows_affected(), 1);
        });
        thief.get("/api/v1/me").refused(401, "not-signed-in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_written_or_changed_in_the_database_opens_nothing() {
    each_service(async |service| {
        let office = service.secretariat();
        let wanted = json!({ "name": "export", "role": "secretariat", "scopes": ["read-programs"], "days": 9 });
        let made = office.post("/api/v1/tokens").json(&wanted).send().created();
        let secret = made["secret"].as_str().unwrap();
        service.client(secret).get("/api/v1/programs").ok();
        let forged = format!("shinsei_{}", "5".repeat(64));
        // A row like the real one, with its seal.
        let statement = "INSERT INTO client_tokens
                (id, request_hash, token_hash, name, role, scopes, created_by, created_at_us, expires_at_us, seal)
             SELECT '6d2b1a54-9c0e-4f8b-8f57-21d053c17e96', request_hash, $1, name, role, scopes, created_by, created_at_us, expires_at_us, seal
               FROM client_tokens WHERE $2 > 0";
        sql(service, statement, &hash(&forged)).await;
        service.client(&forged).get("/api/v1/programs").refused(401, "invalid-token");
        let list = office.get("/api/v1/tokens").ok();
        assert_eq!(list["tokens"].as_array().unwrap().len(), 1, "the forged one is not there");

        let further = "UPDATE client_tokens SET scopes = 'read-programs read-application' WHERE token_hash = $1 AND $2 > 0";
        sql(service, further, &hash(secret)).await;
        service.client(secret).get("/api/v1/programs").refused(401, "invalid-token");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_on_its_way_that_was_written_into_the_database_lets_nobody_in() {
    let database = TestDatabase::sqlite().await;
    let stub = Stub::start().await;
    let service = production(&database, |address| vec![issuer(stub.issuer(), address)]).await;
    let (state, cookie) = (Token::random(), Token::random());
    let row = format!(
        "INSERT INTO sign_ins (state_hash, browser_hash, via, nonce, verifier, member, goes_to, begun_at_us, seal)
         VALUES ($1, x'{}', '{ISSUER}', 'n', 'v', '', '/', $2, x'{}')",
        hex::encode(hash(cookie.as_str())),
        "00".repeat(32)
    );
    sql(&service, &row, &hash(state.as_str())).await;
    let forger = Person::carrying(
        &format!("http://{}", service.address()),
        "cookie",
        format!("shinsei_sign_in={}", cookie.as_str()),
    );
    let back = format!("/sign-in/{ISSUER}/callback?code=c&state={}", state.as_str());
    let back = forger.get(&back);
    assert_eq!(back.status, 403, "{}", back.text);
    let left: i64 = on_database!(service.inside.log.database(), pool => {
        sqlx::query_scalar("SELECT COUNT(*) FROM sign_ins").fetch_one(pool).await.unwrap()
    });
    assert_eq!(left, 0, "it was found, and refused");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_form_that_was_written_into_the_database_is_not_offered_for_sending() {
    let database = TestDatabase::sqlite_with(crate::databases::Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let member = Principal::of(Role::Member, "9000001", Duties::NONE);
    let (session, kept) = (session(&service, &member).await, Token::random());
    let row = "INSERT INTO kept_forms (token_hash, role, actor_id, path, body, kept_at_us)
               VALUES ($1, 'member', '9000001', '/apply/specialist-renewal-4th-2026', x'73636f70653d657861', $2)";
    sql(&service, row, &hash(kept.as_str())).await;
    let cookies = format!(
        "{COOKIE}={}; {KEPT_COOKIE}={}",
        session.as_str(),
        kept.as_str()
    );
    let url = format!("http://{}", service.address());
    let shown = Person::carrying(&url, "cookie", cookies).get("/kept");
    assert_eq!((shown.status, shown.header("location")), (303, Some("/")));
    service.stop().await;
}
