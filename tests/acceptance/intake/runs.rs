//! 取込履歴: a dry run, a repetition, a run that was cut, and what cannot be imported.

use eventstore::DatabaseKind;
use serde_json::json;

use super::{ATTENDANCE, Desk, PAYMENTS, events, text};
use crate::service::each_service;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_tells_what_changes_from_what_to_what_and_writes_nothing() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let row = |units| format!("9000001,NEW1,新セミナー,A,2024/04/01,2024/04/02,{units},出席\r\n");
        let before = events(service).await;
        let look = desk.look("seminar-attendance", &format!("{ATTENDANCE}{}", row(10)));
        assert_eq!(look["recorded"], 1);
        let change = &look["changes"][0]["changes"];
        assert_eq!(
            change.as_array().unwrap().last().unwrap(),
            &json!({ "label": "単位", "before": "", "after": "10" })
        );
        assert_eq!(events(service).await, before);

        desk.import("seminar-attendance", &format!("{ATTENDANCE}{}", row(10)));
        let before = events(service).await;
        let look = desk.look("seminar-attendance", &format!("{ATTENDANCE}{}", row(15)));
        assert_eq!(
            look["changes"][0]["changes"],
            json!([{ "label": "単位", "before": "10", "after": "15" }])
        );
        let look = desk.look("seminar-attendance", &format!("{ATTENDANCE}{}", row(10)));
        assert_eq!((&look["recorded"], &look["unchanged"]), (&json!(0), &json!(1)));
        assert_eq!(look["changes"], json!([]));
        assert_eq!(events(service).await, before);

        // A record, by label.
        let members = include_str!("../../../api/src/demonstration/members.csv");
        let moved = members.replace("JSMO がんセンター", "中央総合病院");
        let look = desk.look("members", &moved);
        let changed: Vec<_> = look["changes"].as_array().unwrap().iter().collect();
        assert!(!changed.is_empty());
        assert!(changed.iter().all(|row| row["changes"]
            == json!([{ "label": "施設名", "before": "JSMO がんセンター", "after": "中央総合病院" }])));
        assert_eq!(events(service).await, before);
        // It is in 取込履歴 all the same, as what it was.
        let run = desk.run(&look["id"]);
        assert_eq!((&run["dry_run"], &run["state"]), (&json!(true), &json!("done")));
        desk.take_back(&look["id"]).refused(409, "wrong-state");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_asked_for_in_unknown_words_is_not_done() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let file = format!("{ATTENDANCE}9000001,NEW1,名,A,2024/04/01,2024/04/02,10,出席\r\n");
        let before = events(service).await;
        for asked in ["dry-run=true", "dryrun=true", "dry_run=true&check=1"] {
            desk.send(&format!("seminar-attendance?{asked}"), &file)
                .refused(400, "malformed-address");
        }
        assert_eq!(events(service).await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_import_is_listed_with_what_became_of_each_row_and_once_more_it_changes_nothing() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let file = format!(
            "{ATTENDANCE}9000001,NEW1,名,A,2024/04/01,2024/04/02,10,出席\r\n\
             9000001,NEW2,名,A,2024/04/01,2024/04/02,十,出席\r\n\
             9999999,NEW1,名,A,2024/04/01,2024/04/02,10,出席\r\n"
        );
        let first = desk.import("seminar-attendance", &file);
        let rows = desk.rows(&first["id"]);
        let outcomes: Vec<_> = rows.iter().map(|row| (row.0, row.1.as_str())).collect();
        assert_eq!(
            outcomes,
            [(2, "recorded"), (3, "bad"), (4, "unknown_member")]
        );
        let run = desk.run(&first["id"]);
        assert_eq!(run["actor"], "secretariat:demo");
        assert_eq!(
            (&run["rows"], &run["recorded"], &run["reported"]),
            (&json!(3), &json!(1), &json!(2))
        );
        assert_eq!(run["bytes"], file.len());
        assert_eq!(text(&run["file_hash"]).len(), 64);
        assert_eq!(run["state"], "done");

        let before = events(service).await;
        let again = desk.import("seminar-attendance", &file);
        assert_eq!(
            (&again["recorded"], &again["unchanged"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(events(service).await, before);
        assert_ne!(again["id"], first["id"]);
        assert_eq!(desk.run(&again["id"])["file_hash"], run["file_hash"]);

        let listed = desk.person.get("/api/v1/imports?limit=200").ok();
        let ids: Vec<_> = listed["imports"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| &run["id"])
            .collect();
        assert_eq!(ids[..2], [&again["id"], &first["id"]], "newest first");
        // What the demonstration began with is there too.
        assert_eq!(ids.len(), 5);
        let only = format!(
            "/api/v1/imports/runs/{}/rows?outcome=bad",
            text(&first["id"])
        );
        assert_eq!(
            desk.person.get(&only).ok()["rows"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        let wrong = format!(
            "/api/v1/imports/runs/{}/rows?outcome=good",
            text(&first["id"])
        );
        desk.person.get(&wrong).refused(400, "malformed-address");
        desk.person
            .get("/api/v1/imports/runs/none")
            .refused(404, "not-found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_cut_is_seen_and_may_be_repeated_and_taken_back() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let file = format!(
            "{ATTENDANCE}9000001,NEW1,名,A,2024/04/01,2024/04/02,10,出席\r\n\
             9000002,NEW1,名,A,2024/04/01,2024/04/02,10,出席\r\n"
        );
        let run = desk.import("seminar-attendance", &file);
        // As a process leaves it that was killed before it could write a row down.
        let (id, long_ago) = (text(&run["id"]), 1_000_000_i64);
        eventstore::on_database!(service.inside.log.database(), pool => {
            sqlx::query("UPDATE imports SET ended_at_us = NULL, seen_at_us = $1 WHERE id = $2")
                .bind(long_ago)
                .bind(&id)
                .execute(pool)
                .await
                .unwrap();
            sqlx::query("DELETE FROM import_rows WHERE import = $1")
                .bind(&id)
                .execute(pool)
                .await
                .unwrap();
        });
        assert_eq!(desk.run(&run["id"])["state"], "cut");
        let before = events(service).await;
        let again = desk.import("seminar-attendance", &file);
        assert_eq!(
            (&again["recorded"], &again["unchanged"]),
            (&json!(0), &json!(2))
        );
        assert_eq!(events(service).await, before);
        // The log knows what it recorded, although nobody wrote it down.
        let lines: Vec<_> = desk.taken_back(&run["id"]);
        let lines: Vec<_> = lines.iter().map(|row| (row.0, row.1.as_str())).collect();
        assert_eq!(lines, [(2, "taken_back"), (3, "taken_back")]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_the_database_cut_is_not_said_to_be_complete() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let file = format!(
            "{ATTENDANCE}9000001,CUT1,名,A,2024/04/01,2024/04/02,10,出席\r\n\
             9000002,CUT1,名,A,2024/04/01,2024/04/02,10,出席\r\n\
             9000003,CUT1,名,A,2024/04/01,2024/04/02,10,出席\r\n"
        );
        let database = service.inside.log.database();
        let (make, end) = match database.kind() {
            DatabaseKind::Sqlite => (
                "CREATE TRIGGER no_room BEFORE INSERT ON events WHEN NEW.aggregate_id = '9000002'
                 BEGIN SELECT RAISE(ABORT, 'no room'); END",
                "DROP TRIGGER no_room",
            ),
            DatabaseKind::Postgres => (
                "ALTER TABLE events ADD CONSTRAINT no_room CHECK (aggregate_id <> '9000002') NOT VALID",
                "ALTER TABLE events DROP CONSTRAINT no_room",
            ),
        };
        eventstore::on_database!(database, pool => { sqlx::query(make).execute(pool).await.unwrap(); });
        let run = desk.import("seminar-attendance", &file);
        eventstore::on_database!(database, pool => { sqlx::query(end).execute(pool).await.unwrap(); });
        assert_eq!(desk.run(&run["id"])["state"], "cut");
        let page = desk.person.get(&format!("/desk/imports/runs/{}", text(&run["id"])));
        let page = page.text;
        assert!(page.contains("この処理は途中で中断しました。もう一度行ってください。"), "{page}");
        // Once there is room, the same file does what was left.
        let again = desk.import("seminar-attendance", &file);
        assert_eq!(desk.run(&again["id"])["state"], "done");
        assert_eq!(
            again["recorded"].as_i64().unwrap() + run["recorded"].as_i64().unwrap(),
            3
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_imported_is_said_in_a_sentence_and_leaves_nothing() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let before = events(service).await;
        let said = |kind, file: &str| {
            let answer = desk.send(kind, file);
            assert_eq!(answer.status, 422, "{answer:?}");
            text(&answer.json()["detail"])
        };
        assert!(said("payments", ATTENDANCE).starts_with("見出しに必要な列がありません"));
        assert!(said("exam-results", PAYMENTS).contains("結果"));
        assert!(said("payments", "").starts_with("ファイルが空です"));
        // Half-written: the row in which it breaks off is told, the others are good.
        let cut = format!("{ATTENDANCE}9000001,NEW1,\"名,A,2024");
        let report = desk.look("seminar-attendance", &cut);
        assert_eq!(report["bad"], 1);
        let listed = desk.person.get("/api/v1/imports").ok();
        assert_eq!(
            listed["imports"].as_array().unwrap().len(),
            4,
            "the demonstration's and a look"
        );
        assert_eq!(events(service).await, before);
    })
    .await;
}
