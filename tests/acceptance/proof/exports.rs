//! One application's history as a file, over HTTP and from the command line.

use std::os::unix::fs::PermissionsExt as _;

use eventstore::{Anchors, Error, anchor_ended_days};
use jiff::Timestamp;
use serde_json::Value;

use super::rewriting::rewrite;
use super::{checked_by_python, checked_by_shinsei, said, write};
use crate::databases::{TestDatabase, all_sealed, each_database};
use crate::service::{FOURTH, TestService, each_demonstration, forms, shinsei};

/// A service with an application of three events that are anchored, as tomorrow will have it, and of one that is not.
pub async fn anchored_application(test: &TestDatabase, anchors: &Anchors) -> (TestService, String) {
    let service = TestService::with_anchors(test, anchors).await;
    let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
    yoko.save("resume", &forms::resume()).ok();
    yoko.save("profile", &forms::profile()).ok();
    all_sealed(&service.inside.log).await;
    let tomorrow = Timestamp::now().as_microsecond() + 86_400_000_000 + 1_200_000_000;
    let made = anchor_ended_days(&test.database, anchors, tomorrow).await;
    assert!(!made.unwrap().made.is_empty());
    let mut profile = forms::profile();
    profile["text"] = "最後の変更".into();
    yoko.save("profile", &profile).ok();
    all_sealed(&service.inside.log).await;
    (service, yoko.id)
}

fn asked(id: &str) -> String {
    format!("/api/v1/audit/export?application={id}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_is_exported_and_checked_without_the_database_by_two_programs() {
    each_database(async |test| {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path().join("anchors"));
        let (service, id) = anchored_application(test, &anchors).await;
        let staff = service.secretariat();
        let answer = staff.get(&asked(&id));
        let document = answer.ok();
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let name = format!("attachment; filename=\"history_{id}.json\"");
        assert_eq!(answer.header("content-disposition"), Some(name.as_str()));

        let events = document["events"].as_array().unwrap();
        assert_eq!(document["stream"]["aggregate_id"], id.as_str());
        assert_eq!(document["head"]["events"], events.len());
        let unanchored: Vec<_> = events
            .iter()
            .map(|event| event["anchor"].is_null())
            .collect();
        let (last, before) = unanchored.split_last().unwrap();
        assert!(*last && before.iter().all(|one| !one), "{unanchored:?}");
        assert!(!answer.text.contains("9000002"), "nothing of others");
        let log = staff.get("/api/v1/access-log?member=9000001").ok();
        let told = log["entries"].as_array().unwrap().iter().any(|entry| {
            entry["operation"] == "GET /api/v1/audit/export"
                && entry["application"] == id.as_str()
                && entry["what"] == "変更履歴の書き出し"
        });
        assert!(told, "{log}");

        let file = directory.path().join("export.json");
        std::fs::write(&file, &answer.bytes).unwrap();
        let copy = directory.path().join("copy.jsonl");
        // As it is pasted out of a mail: without the end of the last line.
        let lines = std::fs::read_to_string(anchors.path()).unwrap();
        std::fs::write(&copy, lines.trim_end()).unwrap();
        let alone = checked_by_shinsei(&file, None);
        assert_eq!(alone.code, Some(0), "{alone:?}");
        assert!(
            alone.words.contains("1 件はまだアンカーに含まれていない"),
            "{alone:?}"
        );
        assert!(
            alone
                .words
                .contains("全体が作り直されていないことは確認できません"),
            "{alone:?}"
        );
        let compared = checked_by_shinsei(&file, Some(&copy));
        assert_eq!(compared.code, Some(0), "{compared:?}");
        assert!(
            compared.words.contains("別に保管されたアンカー"),
            "{compared:?}"
        );
        assert!(
            !compared.words.contains("全体が作り直されて"),
            "{compared:?}"
        );
        for words in [&alone.words, &compared.words] {
            assert!(
                words.contains("末尾のイベントが件数の記載とともに"),
                "{words}"
            );
            assert!(!words.contains("最後の変更"), "no personal data: {words}");
        }
        for copy in [None, Some(copy.as_path())] {
            let python = checked_by_python(&file, copy);
            assert_eq!(python.code, Some(0), "{python:?}");
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_may_is_given_a_history_and_what_is_not_there_is_told_as_elsewhere() {
    each_database(async |test| {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path().join("anchors"));
        let (service, id) = anchored_application(test, &anchors).await;
        service
            .nobody()
            .get(&asked(&id))
            .refused(401, "not-signed-in");
        service
            .reporter()
            .get(&asked(&id))
            .refused(403, "not-permitted");
        // Accounts of staff, reasons and remarks are in it: members have the change history.
        service
            .member("9000001")
            .get(&asked(&id))
            .refused(403, "not-permitted");
        let staff = service.secretariat();
        staff
            .get(&asked(&id.replace("9000001", "9000003")))
            .refused(404, "not-applied");
        for nonsense in [
            "",
            "x",
            "%00",
            "%FF",
            "..%2F..%2Fetc",
            "%E7%94%B3%E8%AB%8B.1",
        ] {
            staff.get(&asked(nonsense)).refused(404, "not-applied");
        }
        staff
            .get("/api/v1/audit/export")
            .refused(400, "malformed-address");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_writes_the_same_history_once_and_for_its_owner_only() {
    each_database(async |test| {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path().join("anchors"));
        let (service, id) = anchored_application(test, &anchors).await;
        let file = directory.path().join("export.json");
        let export = |id: &str| {
            let mut command = shinsei(&test.url);
            command.env("SHINSEI_ANCHORS", directory.path().join("anchors"));
            command.args(["export-history", "--application", id, "--out"]);
            said(command.arg(&file))
        };
        let written = export(&id);
        assert_eq!(written.code, Some(0), "{written:?}");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let over_http = service.secretariat().get(&asked(&id)).ok();
        let mine: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for part in ["format", "version", "stream", "events", "anchors"] {
            assert_eq!(mine[part], over_http[part], "{part}");
        }
        assert_eq!(
            checked_by_shinsei(&file, Some(&anchors.path())).code,
            Some(0)
        );
        let again = export(&id);
        assert_eq!(
            again.code,
            Some(2),
            "what is there is not written over: {again:?}"
        );
        assert_eq!(export(&id.replace("9000001", "9999999")).code, Some(2));
        assert_eq!(export("nonsense").code, Some(2));
        let log = service
            .secretariat()
            .get("/api/v1/access-log?member=9000001&actor=system:export");
        let entries = log.ok()["entries"].as_array().unwrap().len();
        assert_eq!(entries, 1, "{log:?}");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_is_not_the_anchored_one_is_not_exported() {
    each_database(async |test| {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path().join("anchors"));
        let (service, id) = anchored_application(test, &anchors).await;
        let inside = service.inside.clone();
        service.stop().await;
        let forged = "UPDATE events SET recorded_at_us = recorded_at_us - 1 WHERE aggregate_type = 'application' AND sequence = 1";
        rewrite(test, &[forged]).await;
        let id = domain::application::ApplicationId::parse(&id).unwrap();
        let refused = api::proof::export(&inside, &id).await;
        assert!(
            matches!(refused, Err(api::proof::ExportError::Log(Error::Anchor(_)))),
            "{refused:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_first_anchor_a_history_is_exported_and_says_that_it_is_not_anchored() {
    each_demonstration(async |test| {
        let service = TestService::on(test).await;
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let document = service.secretariat().get(&asked(&yoko.id)).ok();
        assert_eq!(document["anchors"], serde_json::json!([]));
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("export.json");
        write(&file, &document);
        let checked = checked_by_shinsei(&file, None);
        assert_eq!(checked.code, Some(0), "{checked:?}");
        assert!(
            checked.words.contains("まだアンカーに含まれていない"),
            "{checked:?}"
        );
        assert_eq!(checked_by_python(&file, None).code, Some(0));
        service.stop().await;
    })
    .await;
}
