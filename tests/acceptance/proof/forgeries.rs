//! Every forgery of an exported history, held against two programs that know nothing of each other.

use std::path::Path;

use eventstore::Anchors;
use serde_json::{Value, json};

use super::exports::anchored_application;
use super::{checked_by_python, checked_by_shinsei, write};
use crate::databases::each_database;

/// What somebody does to the document, and what both programs say of it.
struct Forgery {
    what: &'static str,
    forge: fn(&mut Value),
    /// In the words of `shinsei verify-export`.
    japanese: &'static str,
    /// In those of `verify-export.py`.
    english: &'static str,
}

fn events(document: &mut Value) -> &mut Vec<Value> {
    document["events"].as_array_mut().unwrap()
}

/// Replaces something in a text field of event 2.
fn replace(document: &mut Value, field: &str, old: &str, new: &str) {
    let text = document["events"][1][field].as_str().unwrap();
    let changed = text.replacen(old, new, 1);
    assert_ne!(text, changed, "there is something to replace");
    document["events"][1][field] = changed.into();
}

const FORGERIES: [Forgery; 14] = [
    Forgery {
        what: "a changed payload",
        forge: |document| replace(document, "payload", ":\"", ":\"改"),
        japanese: "2 番のイベントの内容、操作した人、日時などが、記録されたときから変わっています。",
        english: "WRONG event 2: changed",
    },
    Forgery {
        what: "a payload of the same meaning in another text",
        forge: |document| replace(document, "payload", ":", ": "),
        japanese: "2 番のイベントの内容",
        english: "WRONG event 2: changed",
    },
    Forgery {
        what: "another actor",
        forge: |document| replace(document, "metadata", "member:9000001", "member:9000002"),
        japanese: "2 番のイベントの内容、操作した人",
        english: "WRONG event 2: changed",
    },
    Forgery {
        what: "another time of the decision",
        forge: |document| {
            replace(
                document,
                "metadata",
                "\"decided_at_us\":1",
                "\"decided_at_us\":2",
            );
        },
        japanese: "2 番のイベントの内容、操作した人、日時",
        english: "WRONG event 2: changed",
    },
    Forgery {
        what: "another time of recording",
        forge: |document| document["events"][1]["recorded_at_us"] = json!(1),
        japanese: "2 番のイベントの内容",
        english: "WRONG event 2: changed",
    },
    Forgery {
        what: "a dropped last event",
        forge: |document| drop(events(document).pop()),
        japanese: "書き出しの時点の件数は",
        english: "are said to be there",
    },
    Forgery {
        what: "a dropped event of the middle",
        forge: |document| drop(events(document).remove(1)),
        japanese: "2 番のイベントがあるべきところに 3 番のイベントがあります。",
        english: "WRONG event 3: stands where event 2 should",
    },
    Forgery {
        what: "a dropped first event",
        forge: |document| drop(events(document).remove(0)),
        japanese: "1 番のイベントがあるべきところに 2 番のイベントがあります。",
        english: "WRONG event 2: stands where event 1 should",
    },
    Forgery {
        what: "two swapped events",
        forge: |document| events(document).swap(0, 1),
        japanese: "1 番のイベントの台帳の番号が、順序どおりではありません。",
        english: "WRONG event 1: ledger number out of order",
    },
    Forgery {
        what: "the payloads of two events swapped",
        forge: |document| {
            let first = document["events"][0]["payload"].take();
            document["events"][0]["payload"] = document["events"][1]["payload"].take();
            document["events"][1]["payload"] = first;
        },
        japanese: "1 番のイベントの内容",
        english: "WRONG event 1: changed",
    },
    Forgery {
        what: "a changed root",
        forge: |document| {
            let anchors = document["anchors"].as_array_mut().unwrap();
            anchors[0]["root"] = json!("00".repeat(32));
        },
        japanese: "のアンカーが書き換えられています。",
        english: "in the export: changed",
    },
    Forgery {
        what: "a changed path",
        forge: |document| {
            let path = document["events"][0]["anchor"]["path"]
                .as_array_mut()
                .unwrap();
            path[0] = json!("00".repeat(32));
        },
        japanese: "1 番のイベントは、",
        english: "WRONG event 1: not in the anchor of",
    },
    Forgery {
        what: "an event that is said not to be anchored",
        forge: |document| document["events"][0]["anchor"] = Value::Null,
        japanese: "1 番のイベントはアンカーの範囲にありますが",
        english: "WRONG event 1: its path is missing",
    },
    Forgery {
        what: "another application's name",
        forge: |document| {
            document["stream"]["aggregate_id"] = json!("specialist-renewal-4th-2026.9000002");
        },
        japanese: "1 番のイベントの内容",
        english: "WRONG event 1: changed",
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_forgery_is_found_and_named_by_both_programs() {
    each_database(async |test| {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path().join("anchors"));
        let (service, id) = anchored_application(test, &anchors).await;
        let asked = format!("/api/v1/audit/export?application={id}");
        let document = service.secretariat().get(&asked).ok();
        let file = directory.path().join("export.json");
        for forgery in FORGERIES {
            let mut forged = document.clone();
            (forgery.forge)(&mut forged);
            write(&file, &forged);
            let what = forgery.what;
            let shinsei = checked_by_shinsei(&file, None);
            assert_eq!(shinsei.code, Some(1), "{what}: {shinsei:?}");
            assert!(
                shinsei.words.contains("問題が見つかりました"),
                "{what}: {shinsei:?}"
            );
            assert!(
                shinsei.words.contains(forgery.japanese),
                "{what}: {shinsei:?}"
            );
            let python = checked_by_python(&file, None);
            assert_eq!(python.code, Some(1), "{what}: {python:?}");
            assert!(python.words.contains(forgery.english), "{what}: {python:?}");
        }
        made_up_whole(&document, &anchors.path(), directory.path());
        service.stop().await;
    })
    .await;
}

/// Without its anchors a document proves itself only; held against anchors from elsewhere it does not pass.
fn made_up_whole(document: &Value, anchors: &Path, directory: &Path) {
    let file = directory.join("made-up.json");
    let mut stripped = document.clone();
    stripped["anchors"] = json!([]);
    for event in events(&mut stripped) {
        event["anchor"] = Value::Null;
    }
    write(&file, &stripped);
    assert_eq!(checked_by_shinsei(&file, None).code, Some(0));
    assert_eq!(checked_by_python(&file, None).code, Some(0));
    let shinsei = checked_by_shinsei(&file, Some(anchors));
    assert_eq!(shinsei.code, Some(1), "{shinsei:?}");
    assert!(shinsei.words.contains("照合できません。"), "{shinsei:?}");
    let python = checked_by_python(&file, Some(anchors));
    assert_eq!(python.code, Some(1), "{python:?}");
    assert!(
        python.words.contains("no anchor could be compared"),
        "{python:?}"
    );

    // The anchors of another log, each sound in itself.
    let copy = directory.join("another.jsonl");
    let line = std::fs::read_to_string(anchors).unwrap();
    let another: Vec<Value> = line
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut another: Vec<eventstore::Anchor> =
        serde_json::from_value(Value::Array(another)).unwrap();
    another.truncate(1);
    another[0].root = eventstore::hash::HexDigest([7; 32]);
    another[0].hash = another[0].computed_hash();
    let line = serde_json::to_string(&another[0]).unwrap() + "\n";
    std::fs::write(&copy, line).unwrap();
    write(&file, document);
    let shinsei = checked_by_shinsei(&file, Some(&copy));
    assert_eq!(shinsei.code, Some(1), "{shinsei:?}");
    assert!(
        shinsei.words.contains("別に保管されたものと一致しません。"),
        "{shinsei:?}"
    );
    let python = checked_by_python(&file, Some(&copy));
    assert_eq!(python.code, Some(1), "{python:?}");
    assert!(
        python.words.contains("differs from the one kept elsewhere"),
        "{python:?}"
    );

    for broken in [
        "",
        "{}",
        "[]",
        "{\"format\":\"eventstore/stream-proof\"",
        "\u{0}",
    ] {
        std::fs::write(&file, broken).unwrap();
        let shinsei = checked_by_shinsei(&file, None);
        assert_eq!(shinsei.code, Some(1), "{broken}: {shinsei:?}");
        assert!(shinsei.words.contains("読み取れません。"), "{shinsei:?}");
        assert_eq!(checked_by_python(&file, None).code, Some(1), "{broken}");
    }
}
