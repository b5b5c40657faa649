//! One line a day, outside the database.

use std::path::Path;

use api::access::{Duties, Principal};
use domain::Role;
use eventstore::{
    Anchor, AnchorFlaw, Anchors, Database, Error, GRACE, anchor_ended_days, day_of, verify_anchors,
};
use jiff::Timestamp;

use super::rewriting::{record_at, rewrite};
use super::{japan, said};
use crate::databases::{Content, TestDatabase, all_sealed, each_database};
use crate::patience::until_blocking;
use crate::service::{Person, Process, TestService, shinsei};
use crate::store_contract::counter::CounterCommand;
use crate::store_contract::tampering::written;
use crate::store_contract::{Node, envelope};

/// Twelve events: four on the evening of the 3rd, four on the 4th, none on the 5th, four on the 6th.
async fn four_days(test: &TestDatabase) {
    written(test).await;
    let when = [
        (1, 4, japan("2025-06-03T23:59")),
        (5, 8, japan("2025-06-04T00:00")),
        (9, 12, japan("2025-06-06T12:00")),
    ];
    record_at(test, &when).await;
}

fn kept(anchors: &[Anchor]) -> Vec<(String, i64, i64, i64)> {
    anchors
        .iter()
        .map(|anchor| {
            let day = anchor.day.to_string();
            (day, anchor.first, anchor.last, anchor.count)
        })
        .collect()
}

fn of(day: &str, first: i64, last: i64, count: i64) -> (String, i64, i64, i64) {
    (day.to_owned(), first, last, count)
}

fn grace() -> i64 {
    i64::try_from(GRACE.as_micros()).unwrap()
}

/// The days of [`four_days`], all of them.
async fn anchored(test: &TestDatabase, anchors: &Anchors) {
    four_days(test).await;
    anchor_ended_days(&test.database, anchors, japan("2025-06-08T00:00"))
        .await
        .unwrap();
    let there = anchors.read().await.unwrap();
    let report = verify_anchors(&test.database, &there).await.unwrap();
    assert_eq!((report.agreed, report.problem), (4, None));
}

#[tokio::test]
async fn each_day_that_has_ended_has_an_anchor_also_one_without_events() {
    each_database(async |test| {
        four_days(test).await;
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path().join("anchors"));
        let at = async |now_us| {
            let made = anchor_ended_days(&test.database, &anchors, now_us).await;
            kept(&made.unwrap().made)
        };
        let end_of_the_3rd = japan("2025-06-04T00:00") + grace();
        assert_eq!(at(end_of_the_3rd - 1).await, []);
        assert!(!anchors.path().exists(), "nothing to write yet");
        assert_eq!(at(end_of_the_3rd).await, [of("2025-06-03", 1, 4, 4)]);
        assert_eq!(at(end_of_the_3rd).await, [], "once");
        // The service was away for days.
        let missed = [
            of("2025-06-04", 5, 8, 4),
            of("2025-06-05", 9, 8, 0),
            of("2025-06-06", 9, 12, 4),
        ];
        assert_eq!(at(japan("2025-06-07T09:00")).await, missed);
        let all = anchors.read().await.unwrap();
        assert_eq!(all.len(), 4);
        assert_eq!(all[2].ledger_hash, all[1].ledger_hash, "nothing happened");
        // Another node that makes them all at once comes to the same.
        let other = Anchors::within(directory.path().join("other"));
        anchor_ended_days(&test.database, &other, japan("2025-06-07T23:00"))
            .await
            .unwrap();
        let lines = |anchors: &Anchors| std::fs::read_to_string(anchors.path()).unwrap();
        assert_eq!(lines(&other), lines(&anchors));
    })
    .await;
}

#[tokio::test]
async fn an_empty_log_has_no_anchors() {
    each_database(async |test| {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path());
        let made = anchor_ended_days(&test.database, &anchors, japan("2025-06-07T00:00"));
        let made = made.await.unwrap();
        assert_eq!((made.made, made.last), (vec![], None));
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_ran_ahead_keeps_no_event_out_and_none_is_in_two_days() {
    each_database(async |test| {
        written(test).await;
        let when = [
            (1, 2, japan("2025-06-03T10:00")),
            // A clock of another century, and one that is behind.
            (3, 4, japan("2125-06-03T10:00")),
            (5, 6, japan("2025-06-03T23:59")),
            (7, 8, japan("2025-06-04T00:01")),
            (9, 10, japan("2025-06-03T23:58")),
            (11, 12, japan("2025-06-04T10:00")),
        ];
        record_at(test, &when).await;
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path());
        let made = anchor_ended_days(&test.database, &anchors, japan("2025-06-05T12:00"));
        let made = made.await.unwrap().made;
        let expected = [of("2025-06-03", 1, 10, 10), of("2025-06-04", 11, 12, 2)];
        assert_eq!(kept(&made), expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_anchor_at_the_same_time_write_each_day_once() {
    each_database(async |test| {
        four_days(test).await;
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path().join("anchors"));
        let now = japan("2025-06-08T00:00");
        let made = (0..6).map(|_| anchor_ended_days(&test.database, &anchors, now));
        let made = futures::future::try_join_all(made).await.unwrap();
        let new: usize = made.iter().map(|made| made.made.len()).sum();
        assert_eq!(new, 4);
        assert_eq!(anchors.read().await.unwrap().len(), 4);
    })
    .await;
}

#[tokio::test]
async fn a_day_waits_for_its_last_event_to_have_a_number() {
    let test = TestDatabase::postgres().await;
    written(&test).await;
    let node = Node::on(&test);
    let (command, envelope) = (CounterCommand::Add(7), envelope(77, 1));
    node.counters
        .execute("late", command, envelope)
        .await
        .unwrap();
    assert_eq!(node.log.unsealed().await.unwrap(), 1);
    let directory = tempfile::tempdir().unwrap();
    let anchors = Anchors::within(directory.path());
    let today = Timestamp::now().as_microsecond();
    let in_three_days = today + 3 * 86_400_000_000;
    let made = anchor_ended_days(&test.database, &anchors, in_three_days);
    let last = made.await.unwrap().last;
    assert!(last.is_none_or(|last| last.day < day_of(today)));
    assert_eq!(all_sealed(&node.log).await, 13);
    let made = anchor_ended_days(&test.database, &anchors, in_three_days);
    assert_eq!(made.await.unwrap().last.unwrap().last, 13);
    test.remove().await;
}

/// The day of the first anchor that differs after the log was rewritten so that it agrees with itself.
async fn first_that_differs(statements: &[&str], expected: (&str, AnchorFlaw)) {
    each_database(async |test| {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path());
        anchored(test, &anchors).await;
        rewrite(test, statements).await;
        let there = anchors.read().await.unwrap();
        let report = verify_anchors(&test.database, &there).await.unwrap();
        let problem = report.problem.unwrap();
        let day = problem.day.unwrap().to_string();
        assert_eq!((day.as_str(), problem.flaw), expected);
        assert_eq!(report.agreed, problem.line - 1, "those before agree");
        // And what was rewritten is not vouched for by a new one.
        let later = anchor_ended_days(&test.database, &anchors, japan("2025-06-20T00:00"));
        assert!(matches!(later.await, Err(Error::Anchor(_))));
        assert_eq!(anchors.read().await.unwrap(), there);
    })
    .await;
}

#[tokio::test]
async fn a_payload_that_was_changed_and_chained_anew_is_found_by_the_anchor_of_its_day() {
    first_that_differs(
        &["UPDATE events SET payload = '{\"Added\":{\"by\":999}}'
            WHERE position = (SELECT position FROM ledger WHERE global_seq = 6)"],
        ("2025-06-04", AnchorFlaw::Root),
    )
    .await;
}

#[tokio::test]
async fn a_last_event_that_was_cut_off_clean_is_found_by_the_last_anchor() {
    first_that_differs(
        &[
            "DELETE FROM commands WHERE aggregate_id = 'c' AND first_sequence = 3",
            "DELETE FROM ledger WHERE global_seq >= 11",
            "DELETE FROM events WHERE aggregate_id = 'c' AND sequence >= 3",
        ],
        ("2025-06-06", AnchorFlaw::Short),
    )
    .await;
}

#[tokio::test]
async fn anchors_that_were_changed_or_taken_out_are_named() {
    each_database(async |test| {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path());
        anchored(test, &anchors).await;
        let text = std::fs::read_to_string(anchors.path()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let without_the_second = [lines[0], lines[2], lines[3], ""].join("\n");
        let changed = text.replace("\"last\":8,\"count\":4", "\"last\":7,\"count\":3");
        for (told, expected) in [
            (without_the_second, (1, "2025-06-05", AnchorFlaw::Chain)),
            (changed, (1, "2025-06-04", AnchorFlaw::Hash)),
        ] {
            std::fs::write(anchors.path(), told).unwrap();
            let there = anchors.read().await.unwrap();
            let report = verify_anchors(&test.database, &there).await.unwrap();
            let problem = report.problem.unwrap();
            let day = problem.day.unwrap().to_string();
            assert_eq!((report.agreed, day.as_str(), problem.flaw), expected);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_anchors_and_finds_what_the_chain_alone_does_not() {
    each_database(async |test| {
        let directory = tempfile::tempdir().unwrap();
        let tool = |name: &str| {
            let mut command = shinsei(&test.url);
            let anchors = directory.path().join("anchors");
            said(command.arg(name).env("SHINSEI_ANCHORS", anchors))
        };
        let nothing = tool("anchor");
        assert_eq!(nothing.code, Some(0), "{nothing:?}");
        assert!(nothing.words.contains("nothing to anchor"), "{nothing:?}");
        four_days(test).await;
        let made = tool("anchor");
        assert_eq!(made.code, Some(0), "{made:?}");
        assert!(made.words.contains("2025-06-05: 0 events up to 8;"), "{made:?}");
        let again = tool("anchor");
        assert!(again.words.starts_with("0 new; anchored through "), "{again:?}");
        let sound = tool("verify");
        assert_eq!(sound.code, Some(0), "{sound:?}");
        assert!(sound.words.contains("12 events are sound"), "{sound:?}");
        assert!(sound.words.contains(" anchors agree through "), "{sound:?}");

        let forged = "UPDATE events SET payload = '{\"Added\":{\"by\":999}}'
            WHERE position = (SELECT position FROM ledger WHERE global_seq = 6)";
        rewrite(test, &[forged]).await;
        let found = tool("verify");
        assert_eq!(found.code, Some(1), "{found:?}");
        assert!(found.words.contains("12 events are sound"), "{found:?}");
        let named = "BAD anchor of 2025-06-04: the ledger is not the one that was anchored; 1 anchors before it agree through 2025-06-03";
        assert!(found.words.contains(named), "{found:?}");
        let refused = tool("anchor");
        assert_eq!(refused.code, Some(2), "{refused:?}");
        let mut off = shinsei(&test.url);
        let off = said(off.arg("anchor"));
        assert_eq!(off.code, Some(2), "{off:?}");
        assert!(off.words.contains("keeps no anchors"), "{off:?}");
    })
    .await;
}

/// The figures of a service once it has anchored or tried to: of a process of its own, as all services of this one have the same figures.
fn figures_of_a_process(test: &TestDatabase, directory: &Path) -> String {
    let anchors = directory.join("anchors");
    let settings = [("SHINSEI_ANCHORS", anchors.to_str().unwrap())];
    tokio::task::block_in_place(|| {
        let process = Process::start_with(&test.url, Process::free_address(), &settings);
        let watcher = Person::nobody(&process.url());
        let mut figures = String::new();
        until_blocking("it has anchored, or tried to", || {
            figures = watcher.get("/metrics").text;
            figures.contains("shinsei_anchoring_failed ")
        });
        figures
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_service_anchors_by_itself_lists_its_anchors_and_compares_them() {
    each_database(async |test| {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path().join("anchors"));
        // A log of other days, before the demonstration's members come to it.
        four_days(test).await;
        let service = TestService::with_anchors(test, &anchors).await;
        let of = |role, account| Principal::of(role, account, Duties::all());
        let staff = service.as_principal(&of(Role::Secretariat, "staff")).await;
        let member = service.as_principal(&of(Role::Member, "9000001")).await;
        let listed = || staff.get("/api/v1/audit/anchors").ok()["anchors"].clone();
        crate::service::eventually(&true, || {
            listed().as_array().is_some_and(|all| all.len() >= 4)
        });
        let (kept, listed) = (anchors.read().await.unwrap(), listed());
        assert_eq!(serde_json::to_value(&kept).unwrap(), listed);
        assert_eq!(listed[1]["day"], "2025-06-04");
        let report = staff.get("/api/v1/audit/verify").ok();
        assert_eq!(report["sound"], true, "{report}");
        assert_eq!(report["anchors"]["agreed"], kept.len());
        assert_eq!(report["anchors"]["problem"], serde_json::Value::Null);
        member
            .get("/api/v1/audit/anchors")
            .refused(403, "not-permitted");
        service.stop().await;
        assert!(
            figures_of_a_process(test, directory.path()).contains("shinsei_anchoring_failed 0")
        );

        let forged = "UPDATE events SET payload = '{\"Added\":{\"by\":999}}'
            WHERE position = (SELECT position FROM ledger WHERE global_seq = 6)";
        rewrite(test, &[forged]).await;
        let service = TestService::with_anchors(test, &anchors).await;
        let staff = service.as_principal(&of(Role::Secretariat, "staff")).await;
        let report = staff.get("/api/v1/audit/verify").ok();
        assert_eq!(report["sound"], false, "{report}");
        assert_eq!(
            report["problem"],
            serde_json::Value::Null,
            "the chain is sound"
        );
        let said = report["anchors"]["problem"].as_str().unwrap();
        assert!(said.starts_with("anchor of 2025-06-04: "), "{said}");
        service.stop().await;
        // A service has noticed it by itself when it started.
        assert!(
            figures_of_a_process(test, directory.path()).contains("shinsei_anchoring_failed 1")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_anchors_the_verification_says_that_there_are_none() {
    let test = TestDatabase::sqlite_with(Content::Demonstration).await;
    assert!(matches!(test.database, Database::Sqlite(_)));
    let service = TestService::on(&test).await;
    let staff = service.secretariat();
    let report = staff.get("/api/v1/audit/verify").ok();
    assert_eq!(report["sound"], true);
    assert_eq!(report["anchors"], serde_json::Value::Null);
    let listed = staff.get("/api/v1/audit/anchors").ok();
    assert_eq!(listed["anchors"], serde_json::json!([]));
    service.stop().await;
}
