//! A database that is another one than before, behind the same address: a replica that was promoted while it lagged, or an older backup.

use api::clock::DEMONSTRATION_START;
use api::{ClockSetting, Exposure, Mode, Service};
use eventstore::CancellationToken;
use serde_json::{Value, json};

use super::database_away::Proxy;
use crate::cluster::Cluster;
use crate::databases::each_database;
use crate::patience::{until, until_blocking};
use crate::reporting::asked;
use crate::service::{Applicant, FOURTH, Person, TestService, eventually, forms, shinsei};
use crate::store_contract::counter::{Counter, CounterCommand, no_upcasters};
use crate::store_contract::tampering::tamper;
use crate::store_contract::{Node, envelope};

async fn service_on(url: &str) -> TestService {
    let clock = ClockSetting::Demonstration {
        earliest: DEMONSTRATION_START,
    };
    let programs = api::service::programs(None).unwrap();
    let inside = Service::open(url, programs, clock).await.unwrap();
    TestService::around(inside, Mode::Demonstration, |_| Exposure::local()).await
}

/// Host and port in an address of a database.
fn server_of(url: &str) -> String {
    let (_, rest) = url.split_once('@').unwrap();
    rest.split_once('/').unwrap().0.to_owned()
}

/// What a save, and a change and a removal of a row, are answered.
fn refusals(applicant: &Applicant, person: &Person, row: &str) -> [(u16, Option<String>); 3] {
    let document = applicant.path("/documents/profile");
    let row = applicant.path(&format!("/documents/conferences/rows/{row}"));
    [
        person
            .put(&document)
            .json(&json!({ "text": "続き" }))
            .revision(2)
            .send(),
        person
            .put(&row)
            .json(&forms::conference())
            .revision(1)
            .send(),
        person.delete(&row).revision(1).send(),
    ]
    .map(|answer| (answer.status, answer.problem()))
}

fn doctor(url: &str) -> String {
    let output = shinsei(url).arg("doctor").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find(|line| line.contains("continuity:"));
    line.unwrap_or_else(|| panic!("{said}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_asynchronous_failover_a_node_decides_on_what_there_is_and_says_what_is_gone() {
    let primary = tokio::task::block_in_place(Cluster::start);
    let proxy = Proxy::to(server_of(&primary.url));
    let url = primary
        .url
        .replace(&server_of(&primary.url), &proxy.address.to_string());
    let service = service_on(&url).await;
    let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
    yoko.save_at("profile", &json!({ "text": "残る" }), 0).ok();
    let kept = service.settled().await;

    // A replica that has all of this, and receives nothing more.
    let replica = tokio::task::block_in_place(|| Cluster::following(&primary));
    let flushed = asked(&primary.url, "SELECT pg_current_wal_flush_lsn()").concat();
    let reached = format!("SELECT pg_last_wal_replay_lsn() >= '{flushed}'");
    until_blocking("the replica has it", || {
        asked(&replica.url, &reached) == ["t"]
    });
    asked(&replica.url, "ALTER SYSTEM SET primary_conninfo = ''");
    asked(&replica.url, "SELECT pg_reload_conf()");
    until_blocking("the replica receives nothing", || {
        asked(&replica.url, "SELECT count(*) FROM pg_stat_wal_receiver") == ["0"]
    });

    let saved = yoko.save_at("profile", &json!({ "text": "失われる" }), 1);
    assert_eq!((saved.status, saved.revision()), (200, 2));
    let rows: Vec<Value> = (0..2)
        .map(|_| yoko.add("conferences", &forms::conference()).created())
        .collect();
    let row = rows[0]["row"].as_str().unwrap();
    let last = service.settled().await;
    assert!(last >= kept + 3);

    tokio::task::block_in_place(|| primary.crash());
    asked(&replica.url, "SELECT pg_promote()");
    proxy.leads_to(server_of(&replica.url));
    let watcher = service.nobody();
    // Without a restart, and with the session of before.
    eventually(&200, || watcher.amid_trouble().get("/readyz").status);
    let fresh = service_on(&replica.url).await;
    let hers = fresh.member("9000001");
    let other = Applicant::new(hers.clone(), FOURTH, "9000001");
    let refused = refusals(&yoko, &yoko.person, row);
    assert_eq!(refused, refusals(&other, &hers, row));
    // The rows never were, so no revision of theirs fits.
    assert_eq!(refused.map(|(status, _)| status), [409; 3]);
    for document in ["profile", "conferences"] {
        let answers = [&yoko, &other].map(|one| one.document(document).ok());
        assert_eq!(answers[0], answers[1], "{document}");
    }
    assert_eq!(yoko.document("profile").ok()["value"]["text"], "残る");

    // Told at once to those who watch, and to those who ask later.
    let gone = last - kept;
    eventually(&json!("log-replaced"), || {
        watcher.get("/readyz").ok()["reason"].clone()
    });
    let ready = watcher.get("/readyz").ok();
    assert_eq!(ready["ready"], json!(true), "it can serve: {ready}");
    let told = &ready["log_breaks"][0];
    assert_eq!(told["last_seen"], json!(last), "{ready}");
    assert_eq!(told["common"], json!(kept), "{ready}");
    assert_eq!(told["gone"], json!(gone), "{ready}");
    let commands = told["commands"].as_array().unwrap();
    assert_eq!(commands.len(), 3, "{ready}");
    eventually(&true, || {
        let figures = watcher.get("/metrics").text;
        figures.contains(&format!("shinsei_log_numbers_gone {gone}"))
            && figures.contains("shinsei_log_commands_gone 3")
    });
    let said = doctor(&replica.url);
    assert!(said.starts_with("UNSAFE"), "{said}");
    assert!(
        said.contains(&format!(" {gone} numbers are gone")),
        "{said}"
    );
    assert!(!said.contains("9000001"), "{said}");
    let listed = shinsei(&replica.url).arg("lost-commands").output().unwrap();
    assert_eq!(listed.status.code(), Some(1));
    let listed = String::from_utf8(listed.stdout).unwrap();
    for command in commands {
        assert!(said.contains(command.as_str().unwrap()), "{said}");
        let line = listed
            .lines()
            .find(|line| line.contains(command.as_str().unwrap()));
        assert!(line.unwrap().contains(&yoko.id), "{listed}");
    }
    let settled = shinsei(&replica.url)
        .args(["lost-commands", "--settled"])
        .status()
        .unwrap();
    assert!(settled.success());
    assert!(doctor(&replica.url).starts_with("ok"));
    eventually(&Value::Null, || {
        watcher.get("/readyz").ok()["reason"].clone()
    });

    // And it goes on from what there is.
    let again = yoko.save_at("profile", &json!({ "text": "もう一度" }), 1);
    assert_eq!((again.status, again.revision()), (200, 2));
    assert_eq!(other.document("profile").ok()["value"]["text"], "もう一度");
    service.stop().await;
    fresh.stop().await;
}

/// What an older backup has that is put in place under a running process, as SQLite's `.restore` does: twelve events become four.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_log_under_a_running_process_is_noticed_and_nothing_is_decided_on_what_it_lacks() {
    each_database(async |test| {
        let node = Node::on(test);
        let stop = CancellationToken::new();
        let sealing = node.log.seal_task(stop.clone());
        let mut ids = Vec::new();
        for command in 1..=6_u128 {
            let key = envelope(command, 1);
            ids.push(key.metadata.command_id);
            node.counters
                .execute("a", CounterCommand::AddEach(vec![1, 1]), key)
                .await
                .unwrap();
            let number = 2 * i64::try_from(command).unwrap();
            until("this node knows the number", async || {
                *node.log.sealed().borrow() == number
            })
            .await;
        }
        let delete = [
            "UPDATE ledger_head SET global_seq = 4, chain_hash = (SELECT chain_hash FROM ledger WHERE global_seq = 4)",
            "DELETE FROM commands WHERE first_sequence > 4",
            "DELETE FROM ledger WHERE global_seq > 4",
            "DELETE FROM events WHERE sequence > 4",
        ];
        tamper(test, &delete).await;
        // Decided on four events, whether or not the process has looked meanwhile.
        let receipt = node
            .counters
            .execute("a", CounterCommand::Add(1), envelope(7, 1))
            .await
            .unwrap();
        assert_eq!((receipt.first_sequence, receipt.last_sequence), (5, 5));
        let loaded = node.log.load::<Counter>("a", no_upcasters).await.unwrap();
        assert_eq!(loaded.unwrap().aggregate.total, 5);
        until("it is written down", async || {
            !node.log.open_breaks().await.unwrap().is_empty()
        })
        .await;
        let breaks = node.log.open_breaks().await.unwrap();
        assert_eq!(breaks.len(), 1, "{breaks:?}");
        assert_eq!(node.log.breaks(), 1);
        assert_eq!((breaks[0].last_seen, breaks[0].common), (12, 4));
        let commands: Vec<_> = breaks[0].commands.iter().map(|one| one.command_id).collect();
        assert_eq!(commands, ids[2..]);
        // Whoever waits for numbers waits for those of this log.
        until("the new number", async || {
            *node.log.sealed().borrow() == 5
        })
        .await;
        stop.cancel();
        sealing.await.unwrap();
    })
    .await;
}
