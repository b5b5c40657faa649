//! What the service promises for every request: who may ask, what a repetition does, and what happens to those who save
//! late or hang up.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use eventstore::Database;
use serde_json::{Value, json};
use sqlx::Executor as _;
use ureq::http::Method;

use crate::databases::each_database;
use crate::patience::until;
use crate::service::{
    Applicant, FOURTH, TestService, each_demonstration, each_service, eventually, forms,
};

const ROLES: [&str; 3] = ["member", "secretariat", "reporter"];

fn yoko(service: &TestService) -> Applicant {
    service.applicant("9000001", FOURTH, "documents_and_exam")
}

/// The address of an operation of the description, of the one application that there is.
fn filled_in(path: &str, id: &str) -> String {
    path.replace("{id}", id)
        .replace("{row}", "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96")
        .replace("{token}", "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96")
        .replace("{kind}", "members")
        .replace("{item}", "1")
        .replace("{search}", "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96")
        .replace("{run}", "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_is_for_the_roles_that_it_names_and_nobody_else() {
    each_service(async |service| {
        let yoko = yoko(service);
        let people = [
            service.member("9000001"),
            service.secretariat(),
            service.reporter(),
        ];
        let nobody = service.nobody();
        let description = nobody.get("/api/v1/openapi.json").ok();
        let mut operations = 0;
        for (path, item) in description["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                operations += 1;
                let method: Method = method.to_uppercase().parse().unwrap();
                let address = filled_in(path, &yoko.id);
                let ask = |person: &crate::service::Person| {
                    person
                        .request(method.clone(), &address)
                        .json(&json!({}))
                        .send()
                };
                let what = format!("{method} {path}");
                ask(&nobody).refused(401, "not-signed-in");
                let holders = holders(operation);
                assert!(!holders.is_empty(), "{what}");
                for (role, person) in ROLES.iter().zip(&people) {
                    if path == "/api/v1/sessions" && method == Method::DELETE {
                        // Everybody's, and the end of what is asked here.
                        assert!(holders.contains(role), "{role}");
                        continue;
                    }
                    let answer = ask(person);
                    if holders.contains(role) {
                        assert!(!matches!(answer.status, 401 | 403), "{role} {answer:?}");
                    } else {
                        answer.refused(403, "not-permitted");
                    }
                }
            }
        }
        assert!(operations > 25, "{operations} operations");
        // A header is no session.
        let claimed = nobody.get("/api/v1/me?member=9000001&identity=secretariat");
        claimed.refused(401, "not-signed-in");
    })
    .await;
}

/// The roles that may use an operation; the demonstration's secretariat has every duty.
fn holders(operation: &serde_json::Value) -> Vec<&str> {
    let holders = operation["x-holders"].as_array().unwrap();
    holders
        .iter()
        .map(|holder| holder.as_str().unwrap().split(':').next().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_application_of_another_member_is_not_there() {
    each_service(async |service| {
        let yoko = yoko(service);
        yoko.save("profile", &forms::profile()).ok();
        let row = yoko.add("papers", &forms::paper("論文")).created()["row"].clone();
        let curious = Applicant::new(service.member("9000002"), FOURTH, "9000001");
        let description = curious.person.get("/api/v1/openapi.json").ok();
        for (path, item) in description["paths"].as_object().unwrap() {
            if !path.contains("{id}") {
                continue;
            }
            for (method, operation) in item.as_object().unwrap() {
                if !holders(operation).contains(&"member") {
                    continue;
                }
                let method: Method = method.to_uppercase().parse().unwrap();
                let address = filled_in(path, &yoko.id).replace(
                    "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96",
                    row.as_str().unwrap(),
                );
                let asked = || {
                    curious
                        .person
                        .request(method.clone(), &address)
                        .json(&json!({}))
                };
                let theirs = asked().revision(1).send().refused(404, "not-applied");
                // Not to be told from one that nobody has made.
                let nobodys = address.replace("9000001", "9999999");
                let nobodys = curious
                    .person
                    .request(method.clone(), &nobodys)
                    .json(&json!({}));
                assert_eq!(nobodys.revision(1).send().json(), theirs, "{method} {path}");
            }
        }
        assert_eq!(yoko.document("profile").ok()["value"], forms::profile());
        assert_eq!(
            yoko.document("papers").ok()["rows"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert_eq!(yoko.get("").ok()["sequence"], 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_write_is_answered_as_the_first_time_and_done_once() {
    /// The answer without the moment for which it speaks.
    fn said(mut body: Value) -> Value {
        body.as_object_mut().unwrap().remove("as_of");
        body
    }
    each_service(async |service| {
        let yoko = Applicant::new(service.member("9000001"), FOURTH, "9000001");
        let apply = yoko
            .person
            .post("/api/v1/applications")
            .json(&json!({ "program": FOURTH, "scope": "documents_and_exam" }))
            .key("apply");
        let made = said(apply.clone().send().created());
        assert_eq!(said(apply.send().created()), made);

        let address = yoko.path("/documents/profile");
        let save = |text: &str, revision, key: &str| {
            let request = yoko.person.put(&address).json(&json!({ "text": text }));
            request.revision(revision).key(key).send()
        };
        let first = save("一", 0, "k1").ok();
        let second = save("二", 1, "k2").ok();
        assert_eq!(
            (&first["revision"], &second["revision"]),
            (&json!(1), &json!(2))
        );
        assert_eq!(
            save("一", 0, "k1").ok(),
            first,
            "also when others came after it"
        );
        assert_eq!(save("二", 1, "k2").ok(), second);
        assert_eq!(yoko.document("profile").ok()["value"]["text"], "二");
        save("三", 0, "k1").refused(422, "idempotency-key-reused");
        save("一", 2, "k1").refused(422, "idempotency-key-reused");
        assert_eq!(yoko.document("profile").revision(), 2);
        eventually(&2, || yoko.history("document=profile").len());

        let add = yoko.person.post(&yoko.path("/documents/papers/rows"));
        let add = add.json(&forms::paper("論文")).key("k1");
        let row = add.clone().send().created();
        let again = add.clone().send();
        assert_eq!(again.created(), row);
        assert_eq!(again.header("location").unwrap(), {
            let id = row["row"].as_str().unwrap();
            yoko.path(&format!("/documents/papers/rows/{id}"))
        });
        assert_eq!(
            yoko.document("papers").ok()["rows"]
                .as_array()
                .unwrap()
                .len(),
            1
        );

        // The same key of somebody else is another one.
        let ichiro = service.applicant("9000002", crate::service::FIRST_TO_THIRD, "documents_only");
        let other = ichiro
            .person
            .put(&ichiro.path("/documents/profile"))
            .json(&json!({ "text": "他" }));
        assert_eq!(other.revision(0).key("k1").send().ok()["revision"], 1);

        // A refusal is not remembered: the same request is decided again when there is something else to decide.
        let later = yoko
            .person
            .put(&address)
            .json(&json!({ "text": "先" }))
            .revision(3)
            .key("early");
        later.clone().send().refused(409, "stale-revision");
        save("三", 2, "k3").ok();
        assert_eq!(later.send().ok()["revision"], 4);

        let without = yoko
            .person
            .put(&address)
            .json(&json!({ "text": "四" }))
            .revision(4);
        without
            .clone()
            .without_key()
            .send()
            .refused(400, "idempotency-key-required");
        without
            .key("二")
            .send()
            .refused(400, "idempotency-key-required");
        let unseen = yoko.person.put(&address).json(&json!({ "text": "四" }));
        unseen.send().refused(428, "precondition-required");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_write_sent_many_times_at_once_is_done_once() {
    each_service(async |service| {
        let yoko = yoko(service);
        let address = yoko.path("/documents/papers/rows");
        let answers: Vec<_> = tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                let senders: Vec<_> = (0..8)
                    .map(|_| {
                        let request = yoko
                            .person
                            .post(&address)
                            .json(&forms::paper("論文"))
                            .key("once");
                        scope.spawn(move || request.send().created())
                    })
                    .collect();
                senders
                    .into_iter()
                    .map(|sender| sender.join().unwrap())
                    .collect()
            })
        });
        assert!(
            answers.iter().all(|answer| *answer == answers[0]),
            "{answers:?}"
        );
        assert_eq!(
            yoko.document("papers").ok()["rows"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert_eq!(yoko.get("").ok()["sequence"], 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_save_from_an_old_screen_is_refused_with_both_versions() {
    each_service(async |service| {
        let yoko = yoko(service);
        let stale = |answer: crate::service::Answer, current: Value, yours: Value| {
            let problem = answer.refused(409, "stale-revision");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("別の画面で更新されています"), "{detail}");
            assert_eq!(problem["current"], current);
            assert_eq!(problem["yours"], yours);
        };
        for (slug, first, second) in [
            (
                "profile",
                json!({ "text": "一の窓" }),
                json!({ "text": "二の窓" }),
            ),
            ("resume", forms::resume(), {
                let mut other = forms::resume();
                other["school"] = json!("𠮷野医科大学");
                other
            }),
            ("clinical-experience", forms::clinical_experience(), {
                let mut other = forms::clinical_experience();
                other["examined"] = json!([]);
                other
            }),
        ] {
            let address = yoko.path(&format!("/documents/{slug}"));
            let save = |value: &Value| yoko.person.put(&address).json(value).revision(0).send();
            save(&first).ok();
            let current = json!({ "revision": 1, "document": first });
            stale(
                save(&second),
                current,
                json!({ "revision": 0, "document": second }),
            );
            assert_eq!(yoko.document(slug).ok()["value"], first, "never merged");
        }
        for (slug, first, second) in [
            ("papers", forms::paper("一"), forms::paper("二")),
            ("conferences", forms::conference(), {
                let mut other = forms::conference();
                other["place"] = json!("京都");
                other
            }),
        ] {
            let row = yoko.add(slug, &first).created()["row"].clone();
            let id = row.as_str().unwrap();
            let address = yoko.path(&format!("/documents/{slug}/rows/{id}"));
            yoko.add(slug, &second).created();
            let rows = yoko.document(slug).ok()["rows"].clone();
            let current = json!({ "revision": 2, "document": { "rows": rows } });
            let revised = yoko.person.put(&address).json(&second).revision(1).send();
            stale(
                revised,
                current.clone(),
                json!({ "revision": 1, "document": second }),
            );
            let removed = yoko.person.delete(&address).revision(1).send();
            stale(removed, current, json!({ "revision": 1, "document": null }));
            assert_eq!(yoko.document(slug).ok()["rows"], rows);
            // Adding overwrites nothing, but who names a revision is held to it.
            let added = yoko
                .person
                .post(&yoko.path(&format!("/documents/{slug}/rows")));
            added
                .json(&first)
                .revision(1)
                .send()
                .refused(409, "stale-revision");
        }
    })
    .await;
}

/// Writes a request to the service without waiting for anything.
fn send_raw(
    service: &TestService,
    applicant: &Applicant,
    key: &str,
    body: &str,
    announced: usize,
) -> TcpStream {
    let address = service.address();
    let mut connection = TcpStream::connect(address).unwrap();
    write!(
        connection,
        "PUT {} HTTP/1.1\r\nHost: {address}\r\nCookie: {}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: {key}\r\nIf-Match: \"0\"\r\nContent-Length: {announced}\r\n\r\n{body}",
        applicant.path("/documents/profile"),
        applicant.person.cookie(),
    )
    .unwrap();
    connection.flush().unwrap();
    connection
}

/// Nobody can write a command while `meanwhile` runs; reading goes on.
async fn while_nobody_can_write(database: &Database, meanwhile: impl Future<Output = ()>) {
    match database {
        Database::Sqlite(pool) => {
            let mut connection = pool.acquire().await.unwrap();
            connection.execute("BEGIN IMMEDIATE").await.unwrap();
            meanwhile.await;
            connection.execute("ROLLBACK").await.unwrap();
        }
        Database::Postgres(pool) => {
            let mut connection = pool.acquire().await.unwrap();
            connection
                .execute("BEGIN; LOCK TABLE commands IN EXCLUSIVE MODE")
                .await
                .unwrap();
            meanwhile.await;
            connection.execute("ROLLBACK").await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hangs_up_in_the_middle_of_a_command_has_it_done_once() {
    const LONG_ENOUGH: Duration = Duration::from_millis(300);
    each_service(async |service| {
        let yoko = yoko(service);
        let body = json!({ "text": "電話が切れる前に" });
        let text = body.to_string();
        while_nobody_can_write(service.inside.log.database(), async {
            let commands = service.inside.log.tasks().len();
            let connection = send_raw(service, &yoko, "hung-up", &text, text.len());
            until("the command waits for its turn to write", async || {
                service.inside.log.tasks().len() > commands
            })
            .await;
            connection.shutdown(Shutdown::Both).unwrap();
            drop(connection);
            // By now the server knows that nobody waits for the answer; if not, it learns it later.
            tokio::time::sleep(LONG_ENOUGH).await;
            assert_eq!(yoko.document("profile").revision(), 0);
        })
        .await;
        eventually(&body.clone(), || {
            yoko.document("profile").ok()["value"].clone()
        });
        let retry = yoko
            .person
            .put(&yoko.path("/documents/profile"))
            .json(&body);
        let receipt = retry.revision(0).key("hung-up").send().ok();
        assert_eq!(receipt["revision"], 1);
        eventually(&1, || yoko.history("document=profile").len());
        assert_eq!(yoko.get("").ok()["sequence"], 2);

        // Who hangs up before the end of the request has asked for nothing.
        let connection = send_raw(service, &yoko, "cut-off", &text, text.len() + 1);
        tokio::time::sleep(LONG_ENOUGH).await;
        drop(connection);
        tokio::time::sleep(LONG_ENOUGH).await;
        assert_eq!(yoko.get("").ok()["sequence"], 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_service_that_is_told_to_stop_answers_what_it_has_accepted() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let yoko = yoko(&service);
        let log = service.inside.log.clone();
        let request = Applicant::new(yoko.person.clone(), FOURTH, "9000001");
        let mut saving = None;
        let mut stopping = None;
        while_nobody_can_write(log.database(), async {
            let commands = log.tasks().len();
            saving = Some(tokio::task::spawn_blocking(move || {
                request.save("profile", &forms::profile())
            }));
            until("the command waits for its turn to write", async || {
                log.tasks().len() > commands
            })
            .await;
            stopping = Some(tokio::spawn(service.stop()));
            until("no new request is accepted", async || {
                let late = yoko.person.request(Method::GET, "/healthz");
                late.try_send().is_err()
            })
            .await;
            assert!(!stopping.as_ref().unwrap().is_finished());
        })
        .await;
        assert_eq!(
            saving.unwrap().await.unwrap().ok()["value"],
            forms::profile()
        );
        stopping.unwrap().await.unwrap();

        let service = TestService::on(database).await;
        assert_eq!(
            service.member("9000001").get(&yoko.path("")).ok()["sequence"],
            2
        );
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_on_one_database_are_one_service() {
    each_demonstration(async |database| {
        let nodes = [
            TestService::on(database).await,
            TestService::on(database).await,
        ];
        let windows = nodes
            .each_ref()
            .map(|node| Applicant::new(node.member("9000001"), FOURTH, "9000001"));
        windows[0].apply("documents_and_exam").created();
        let address = windows[0].path("/documents/profile");
        for (revision, place) in (0..20).zip([0, 1, 1, 0].into_iter().cycle()) {
            let [here, there] = if place == 0 { [0, 1] } else { [1, 0] };
            let text = json!({ "text": format!("{revision}") });
            let save = |node: usize, text: &Value| {
                let request = windows[node].person.put(&address).json(text);
                request
                    .revision(revision)
                    .key(&format!("key-{revision}"))
                    .send()
            };
            let saved = save(here, &text).ok();
            assert_eq!(saved["revision"], revision + 1);
            // What one node has saved the other knows at once: value, key and list.
            assert_eq!(windows[there].document("profile").ok()["value"], text);
            assert_eq!(save(there, &text).ok(), saved);
            let list = windows[there].get("/documents").ok();
            assert_eq!(list["documents"][1]["state"], "登録中");
            let stale = windows[there]
                .person
                .put(&address)
                .json(&json!({ "text": "古い窓" }));
            stale
                .revision(revision)
                .send()
                .refused(409, "stale-revision");
        }
        eventually(&20, || windows[1].history("document=profile").len());
        for node in nodes {
            node.stop().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_has_no_demo_sign_in_no_demo_members_and_the_real_time() {
    each_database(async |database| {
        let service = TestService::in_production(database).await;
        let nobody = service.nobody();
        let sign_in = nobody.post("/demo/sign-in");
        let sign_in = sign_in.bytes(
            "application/x-www-form-urlencoded",
            b"identity=secretariat".into(),
        );
        sign_in.send().refused(404, "not-found");
        nobody.get("/api/v1/me").refused(401, "not-signed-in");
        let start = nobody.get("/");
        assert!(
            !start.text.contains("デモンストレーション"),
            "{}",
            start.text
        );
        assert_eq!(start.header("shinsei-demonstration"), None);
        assert!(!service.inside.clock.is_shifted());
        assert_eq!(nobody.get("/readyz").ok()["events"], 0);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_says_what_it_is_how_it_is_and_what_time_it_believes_it_is() {
    each_service(async |service| {
        let nobody = service.nobody();
        let start = nobody.get("/");
        assert_eq!(start.status, 200);
        for said in ["デモンストレーション", "2026/06/03 18:0", "ループバック", "臨床 瘍子", "/api/v1/reference"] {
            assert!(start.text.contains(said), "{said} is missing");
        }
        let reference = nobody.get("/api/v1/reference/");
        assert_eq!(reference.status, 200);
        assert!(!reference.text.contains("https://"), "the reference page loads something from elsewhere");
        assert_eq!(nobody.get("/healthz").text, "ok\n");
        assert_eq!(nobody.get("/readyz").ok()["ready"], true);
        // A follower tells of itself as soon as it has begun.
        eventually(&Vec::new(), || {
            let metrics = nobody.get("/metrics").text;
            let mut followers = vec![
                "document_list",
                "application_status",
                "change_history",
                "forwarder",
            ];
            followers.retain(|name| {
                let figure = format!("shinsei_projection_lag_events{{projection=\"{name}\"}}");
                !metrics.contains(&figure)
            });
            followers
        });
        nobody.get("/api/v1/nothing").refused(404, "not-found");

        // A session ends when it is ended, wherever its cookie lives on.
        let member = service.member("9000001");
        let copy = member.cookie();
        assert_eq!(member.get("/api/v1/me").ok()["id"], "9000001");
        assert_eq!(member.post("/sign-out").send().status, 303);
        member.get("/api/v1/me").refused(401, "not-signed-in");
        let mut connection = TcpStream::connect(service.address()).unwrap();
        write!(
            connection,
            "GET /api/v1/me HTTP/1.1\r\nHost: {}\r\nCookie: {copy}\r\nConnection: close\r\n\r\n",
            service.address()
        )
        .unwrap();
        let answer = tokio::task::block_in_place(|| std::io::read_to_string(connection).unwrap());
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");

        // Nobody signs in who was never imported, and nobody under another name of this computer.
        let unknown = nobody.post("/demo/sign-in");
        let unknown = unknown.bytes("application/x-www-form-urlencoded", b"identity=member&member=1".into());
        assert_eq!(unknown.send().status, 422);
        let form = "identity=secretariat";
        let mut connection = TcpStream::connect(service.address()).unwrap();
        write!(
            connection,
            "POST /demo/sign-in HTTP/1.1\r\nHost: rebound.example\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{form}",
            form.len()
        )
        .unwrap();
        let answer = tokio::task::block_in_place(|| std::io::read_to_string(connection).unwrap());
        assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
        assert!(!answer.contains("set-cookie"), "{answer}");
    })
    .await;
}
