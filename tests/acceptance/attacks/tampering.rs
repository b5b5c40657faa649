//! Somebody with every right on the database changes the log under a running service, which is to notice it by itself.

use std::collections::HashSet;
use std::time::Duration;

use api::clock::DEMONSTRATION_START;
use api::{ClockSetting, Exposure, Mode, Service};
use eventstore::{
    Anchors, Database, EventLog, Finding, Pace, Slice, Step, Verifier, anchor_ended_days,
    on_database,
};

use serde_json::json;

use crate::databases::{Content, TestDatabase, each_database};
use crate::patience::{until, until_blocking};
use crate::proof::japan;
use crate::proof::rewriting::{record_at, rewrite};
use crate::service::{
    Applicant, FOURTH, Person, Process, TestService, each_demonstration, eventually, shinsei,
};
use crate::store_contract::tampering::{tamper, written};

/// So that a test need not wait for the next slice.
const WITHOUT_REST: Pace = Pace {
    slice: 5,
    rest: Duration::from_millis(20),
};

fn altered(global_seq: i64) -> Finding {
    Finding {
        global_seq: Some(global_seq),
        what: "event changed".to_owned(),
    }
}

/// A payload with the same meaning and another text, of the event of a ledger number.
async fn alter(database: &TestDatabase, global_seq: i64) {
    let text = match database.database {
        Database::Sqlite(_) => "payload || ' '",
        Database::Postgres(_) => "(payload::text || ' ')::json",
    };
    let statement = format!(
        "UPDATE events SET payload = {text} WHERE position = (SELECT position FROM ledger WHERE global_seq = {global_seq})"
    );
    tamper(database, &[&statement]).await;
}

/// Back to what it was.
async fn mend(database: &TestDatabase, global_seq: i64) {
    let text = match database.database {
        Database::Sqlite(_) => "rtrim(payload)",
        Database::Postgres(_) => "rtrim(payload::text)::json",
    };
    let statement = format!(
        "UPDATE events SET payload = {text} WHERE position = (SELECT position FROM ledger WHERE global_seq = {global_seq})"
    );
    tamper(database, &[&statement]).await;
}

/// The lines of `shinsei doctor` about the verification.
fn doctor(url: &str) -> String {
    let output = shinsei(url).arg("doctor").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find(|line| line.contains("verification:"));
    line.unwrap_or_else(|| panic!("{said}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_1_altered_under_a_running_service_is_noticed_by_it() {
    each_demonstration(async |database| {
        let clock = ClockSetting::Demonstration {
            earliest: DEMONSTRATION_START,
        };
        let programs = api::service::programs(None).unwrap();
        let inside = Service::open(&database.url, programs, clock).await.unwrap();
        let inside = inside.with_verification(WITHOUT_REST);
        let service = TestService::around(inside, Mode::Demonstration, |_| Exposure::local()).await;
        let log = &service.inside.log;
        until("a pass over the whole log", async || {
            log.verification().await.unwrap().passes > 0
        })
        .await;
        assert_eq!(log.verification().await.unwrap().found, None);
        assert!(doctor(&database.url).starts_with("ok"));

        alter(database, 1).await;
        until("the finding", async || {
            log.verification().await.unwrap().found == Some(altered(1))
        })
        .await;
        // Other services of this test process have the same figures.
        eventually(&true, || {
            let figures = service.nobody().get("/metrics").text;
            figures.contains("shinsei_verification_failed 1")
        });
        let said = doctor(&database.url);
        assert!(said.starts_with("UNSAFE"), "{said}");
        assert!(said.contains("event changed at 1 "), "{said}");

        // It stays told until the whole log is found sound again.
        mend(database, 1).await;
        until("nothing is found any more", async || {
            log.verification().await.unwrap().found.is_none()
        })
        .await;
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_at_its_own_pace_says_in_one_line_what_was_altered_and_not_whose_it_is() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let process = Process::start(&database.url, Process::free_address());
    until_blocking("a pass over the whole log", || {
        process.said().contains("the whole log was verified")
    });
    alter(&database, 1).await;
    let told = "the log is not what was recorded";
    until_blocking("the finding", || process.said().contains(told));
    let figures = Person::nobody(&process.url()).get("/metrics").text;
    assert!(
        figures.contains("shinsei_verification_failed 1"),
        "{figures}"
    );
    assert!(
        figures.contains("shinsei_verified_events_total"),
        "{figures}"
    );
    let (_, said) = process.terminate();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains(told)).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("ERROR"), "{lines:?}");
    assert!(lines[0].contains("global_seq=1 "), "{lines:?}");
    assert!(!lines[0].contains("90000"), "{lines:?}");
}

/// A copy of the first event as the next one of its stream, without a row of the ledger.
async fn slip_in(database: &TestDatabase) {
    let Database::Sqlite(pool) = &database.database else {
        unreachable!("the test opened SQLite")
    };
    sqlx::query(
        "INSERT INTO events (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                             command_id, recorded_at_us, content_hash)
         SELECT (SELECT max(position) + 1 FROM events), aggregate_type, aggregate_id,
                (SELECT max(sequence) + 1 FROM events WHERE aggregate_type = first.aggregate_type AND aggregate_id = first.aggregate_id),
                event_type, event_version, payload, metadata, command_id, recorded_at_us, content_hash
           FROM events first WHERE position = 1",
    )
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_beside_the_ledger_stops_writes_as_trouble_and_readiness_says_why() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
    yoko.save("profile", &json!({ "text": "略歴" })).ok();
    assert_eq!(service.nobody().get("/readyz").ok()["ready"], true);
    service.settled().await;
    slip_in(&database).await;

    let amid = Applicant::new(yoko.person.amid_trouble(), FOURTH, "9000001");
    let save = amid.person.put(&amid.path("/documents/profile"));
    let refused = save
        .json(&json!({ "text": "続き" }))
        .key("beside")
        .revision(1)
        .send();
    refused.refused(503, "unavailable");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    let watcher = service.nobody().amid_trouble();
    eventually(&json!("ledger-blocked"), || {
        watcher.get("/readyz").json()["reason"].clone()
    });
    // Taken out again, the log is as it was: nothing of what was refused is in it.
    let last = "DELETE FROM events WHERE position = (SELECT max(position) FROM events)";
    tamper(&database, &[last]).await;
    eventually(&json!(true), || {
        watcher.get("/readyz").json()["ready"].clone()
    });
    service.stop().await;
    database.remove().await;
}

/// Steps until a slice was verified.
async fn next(verifier: &mut Verifier) -> Slice {
    loop {
        match verifier.step().await.unwrap() {
            Step::Verified(slice, _) => return slice,
            Step::Waiting(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn next_of_the_pass(verifier: &mut Verifier) -> Slice {
    loop {
        let slice = next(verifier).await;
        if !slice.recent {
            return slice;
        }
    }
}

async fn execute(database: &TestDatabase, statement: &str) {
    on_database!(&database.database, pool => {
        sqlx::query(statement).execute(pool).await.map(drop)
    })
    .unwrap();
}

#[tokio::test]
async fn a_verification_that_was_killed_in_a_slice_goes_on_where_it_was() {
    each_database(async |test| {
        written(test).await;
        let log = EventLog::new(test.database.clone());
        let mut killed = Verifier::new(log.clone(), None, WITHOUT_REST);
        let first = next_of_the_pass(&mut killed).await;
        assert_eq!((first.after, first.through), (0, 5));
        drop(killed);
        // It had begun with the next one.
        let now = test.database.clock();
        let statement = format!(
            "UPDATE log_verification SET holder = 'killed', leased_until_us = {now} + 1000000"
        );
        execute(test, &statement).await;

        let mut other = Verifier::new(log.clone(), None, WITHOUT_REST);
        let slice = next_of_the_pass(&mut other).await;
        assert_eq!((slice.after, slice.through), (5, 10));
        let slice = next_of_the_pass(&mut other).await;
        assert_eq!((slice.after, slice.through, slice.complete), (10, 12, true));
        assert_eq!(log.verification().await.unwrap().passes, 1);
        // And begins again.
        assert_eq!(next_of_the_pass(&mut other).await.after, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_on_one_database_verify_each_slice_of_a_pass_once() {
    let test = TestDatabase::postgres().await;
    written(&test).await;
    let pace = Pace {
        slice: 1,
        rest: Duration::from_millis(2),
    };
    let node = async || {
        let log = EventLog::new(test.database.clone());
        let mut verifier = Verifier::new(log.clone(), None, pace);
        let mut slices = Vec::new();
        while log.verification().await.unwrap().passes < 4 {
            if let Step::Verified(slice, rest) = verifier.step().await.unwrap() {
                slices.push(slice);
                tokio::time::sleep(rest).await;
            } else {
                tokio::time::sleep(pace.rest).await;
            }
        }
        slices
    };
    let (one, other) = futures::join!(node(), node());
    let slices: Vec<(i64, i64)> = one
        .iter()
        .chain(&other)
        .filter(|slice| !slice.recent)
        .map(|slice| (slice.pass, slice.after))
        .collect();
    let distinct: HashSet<_> = slices.iter().copied().collect();
    assert_eq!(slices.len(), distinct.len(), "{slices:?}");
    for pass in 0..4 {
        for after in 0..12 {
            assert!(distinct.contains(&(pass, after)), "{pass} {after}");
        }
    }
    test.remove().await;
}

#[tokio::test]
async fn a_forged_row_of_the_progress_hides_nothing_for_long() {
    each_database(async |test| {
        written(test).await;
        alter(test, 1).await;
        let log = EventLog::new(test.database.clone());
        // All is verified, somebody is at it for a hundred years, and nothing is due before.
        let century = 3_155_760_000_000_000_i64;
        let now = test.database.clock();
        let statement = format!(
            "UPDATE log_verification SET verified = 12, passes = 999, completed_at_us = {now}, holder = 'forged',
                    leased_until_us = {now} + {century}, next_at_us = {now} + {century}"
        );
        execute(test, &statement).await;
        let mut verifier = Verifier::new(log.clone(), None, WITHOUT_REST);
        let mut found = Vec::new();
        // What is recent, the end of the pass that is claimed, and the first slice of the next.
        for _ in 0..3 {
            found.extend(next(&mut verifier).await.new);
        }
        assert_eq!(found, [altered(1)]);
        // The row says that nothing was found: the process knows better.
        execute(test, "UPDATE log_verification SET failed_seq = NULL, failure = NULL").await;
        next(&mut verifier).await;
        assert!(verifier.has_found());
    })
    .await;
}

#[tokio::test]
async fn yesterday_is_verified_first_and_from_the_anchor_whatever_the_database_says() {
    each_database(async |test| {
        written(test).await;
        let when = [
            (1, 4, japan("2025-06-03T10:00")),
            (5, 8, japan("2025-06-04T10:00")),
            (9, 12, japan("2025-06-05T10:00")),
        ];
        record_at(test, &when).await;
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path());
        anchor_ended_days(&test.database, &anchors, japan("2025-06-06T01:00"))
            .await
            .unwrap();
        let log = EventLog::new(test.database.clone());
        let mut verifier = Verifier::new(log.clone(), Some(anchors.clone()), Pace::default());
        let slice = next(&mut verifier).await;
        assert!(slice.recent);
        assert_eq!((slice.after, slice.through, slice.new), (8, 12, vec![]));

        // Changed and chained anew: only what lies outside the database differs.
        rewrite(
            test,
            &["UPDATE events SET payload = '{\"Added\":{\"by\":999}}'
                WHERE position = (SELECT position FROM ledger WHERE global_seq = 10)"],
        )
        .await;
        execute(test, "UPDATE log_verification SET verified = 12").await;
        let mut verifier = Verifier::new(log.clone(), Some(anchors), Pace::default());
        let slice = next(&mut verifier).await;
        assert!(slice.recent);
        let expected = Finding {
            global_seq: Some(12),
            what: "anchor of 2025-06-05: the ledger is not the one that was anchored".to_owned(),
        };
        assert_eq!(slice.new, [expected]);
    })
    .await;
}
