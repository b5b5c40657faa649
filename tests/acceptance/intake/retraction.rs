//! 取込の取消: what nobody has changed goes back, what somebody has is left and told.

use serde_json::{Value, json};

use super::{ATTENDANCE, Desk, PAYMENTS, events, exam_fee, text};
use crate::service::{FOURTH, each_service, eventually};

fn attended(member: &str, seminar: &str, units: u32) -> String {
    format!("{member},{seminar},名,A,2024/04/01,2024/04/02,{units},出席\r\n")
}

/// Code and units of what the society knows.
fn known(desk: &Desk, member: &str) -> Vec<(String, Value)> {
    let path = format!("/api/v1/members/{member}/attendance");
    let answer = desk.person.get(&path).ok();
    let list = answer["attendance"].as_array().unwrap();
    list.iter()
        .map(|one| (text(&one["code"]), one["units"].clone()))
        .filter(|(code, _)| code.starts_with("NEW"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attendance_goes_back_to_what_was_there_and_so_do_the_applications() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        desk.import(
            "seminar-attendance",
            &format!("{ATTENDANCE}{}", attended("9000001", "NEW1", 10)),
        );
        let second = format!(
            "{ATTENDANCE}{}{}{}",
            attended("9000001", "NEW1", 15),
            attended("9000001", "NEW2", 5),
            attended("9000002", "NEW2", 5)
        );
        let second = desk.import("seminar-attendance", &second);
        // Somebody meant it once more.
        desk.import(
            "seminar-attendance",
            &format!("{ATTENDANCE}{}", attended("9000002", "NEW2", 7)),
        );
        desk.import(
            "seminar-attendance",
            &format!("{ATTENDANCE}{}", attended("9000002", "NEW2", 5)),
        );

        let rows = desk.taken_back(&second["id"]);
        let outcomes: Vec<_> = rows.iter().map(|row| (row.0, row.1.as_str())).collect();
        assert_eq!(
            outcomes,
            [(2, "taken_back"), (3, "taken_back"), (4, "left")]
        );
        assert_eq!(
            rows[2].2,
            "取込の後に変更されているため、取り消していません。"
        );
        assert_eq!(known(&desk, "9000001"), [("NEW1".to_owned(), json!(10))]);
        assert_eq!(known(&desk, "9000002"), [("NEW2".to_owned(), json!(5))]);
        let seminars = || {
            let answer = yoko.get("/documents/seminars").ok().to_string();
            (answer.contains("NEW1"), answer.contains("NEW2"))
        };
        eventually(&(true, false), seminars);

        // Once more it does nothing, also when the same facts have come again since.
        let before = events(service).await;
        assert_eq!(desk.taken_back(&second["id"]).len(), 3);
        assert_eq!(events(service).await, before);
        desk.import(
            "seminar-attendance",
            &format!("{ATTENDANCE}{}", attended("9000001", "NEW2", 5)),
        );
        let before = events(service).await;
        desk.taken_back(&second["id"]);
        assert_eq!(known(&desk, "9000001").len(), 2);
        assert!(
            events(service).await - before <= 1,
            "only the forwarder may have written"
        );
        let run = desk.run(&json!(uuid_of_retraction(&second["id"])));
        assert_eq!(run["reason"], "別のファイルを取り込んだため");
        assert_eq!((&run["recorded"], &run["reported"]), (&json!(2), &json!(1)));
    })
    .await;
}

fn uuid_of_retraction(import: &Value) -> String {
    let import = text(import).parse().unwrap();
    uuid::Uuid::new_v5(&import, b"retraction").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_is_given_back_by_its_application_and_counts_when_it_comes_again() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let fee = format!("{PAYMENTS}{}", exam_fee("T1", "9000001", "ﾘﾝｼﾖｳ"));
        let paid = desk.import("payments", &fee);
        eventually(&true, || desk.status(&yoko.id).contains("入金確認済み"));
        assert_eq!(desk.taken_back(&paid["id"])[0].1, "taken_back");
        eventually(&false, || desk.status(&yoko.id).contains("入金確認済み"));
        eventually(&1, || yoko.history("event=PaymentReversed").len());
        let history = yoko.history("event=PaymentReversed");
        assert_eq!(history[0]["actor"], "system");
        assert_eq!(desk.unmatched(), [], "it never came");
        desk.import("payments", &fee);
        eventually(&true, || desk.status(&yoko.id).contains("入金確認済み"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_row_says_another_kind_than_the_log_is_not_taken_back() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let fee = format!("{PAYMENTS}{}", exam_fee("T1", "9000001", "ﾘﾝｼﾖｳ"));
        let paid = desk.import("payments", &fee);
        // As somebody would who may take back attendance only, and has the database.
        let id = text(&paid["id"]);
        eventstore::on_database!(service.inside.log.database(), pool => {
            sqlx::query("UPDATE imports SET kind = 'seminar-attendance' WHERE id = $1")
                .bind(&id)
                .execute(pool)
                .await
                .unwrap();
        });
        let before = events(service).await;
        let rows = desk.taken_back(&paid["id"]);
        assert_eq!(rows[0].1, "left");
        assert!(rows[0].2.contains("一致しないため"), "{rows:?}");
        assert_eq!(events(service).await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_goes_back_to_the_earlier_one_and_a_new_member_goes_unless_something_rests_on_it()
{
    each_service(async |service| {
        let desk = Desk::of(service);
        let members = include_str!("../../../api/src/demonstration/members.csv");
        let header = members.lines().next().unwrap();
        let yoko = members
            .lines()
            .find(|line| line.starts_with("9000001,"))
            .unwrap();
        let of = |number: &str| {
            yoko.replacen("9000001", number, 1)
                .replace("member9000001@", &format!("member{number}@"))
                .replace(",999999,", &format!(",{number},"))
        };
        let file = format!(
            "{header}\r\n{}\r\n{}\r\n{}\r\n",
            yoko.replace("JSMO がんセンター", "中央総合病院"),
            of("9100001"),
            of("9100002"),
        );
        let done = desk.import("members", &file);
        assert_eq!(done["recorded"], 3, "{done}");
        desk.import(
            "seminar-attendance",
            &format!("{ATTENDANCE}{}", attended("9100002", "NEW1", 5)),
        );
        let rows = desk.taken_back(&done["id"]);
        let outcomes: Vec<_> = rows.iter().map(|row| row.1.as_str()).collect();
        assert_eq!(outcomes, ["taken_back", "taken_back", "left"]);
        assert!(rows[2].2.contains("出欠・入金またはお申込み"), "{rows:?}");
        // As it was: the same file as at first would change nothing.
        let look = desk.look("members", members);
        assert_eq!(look["recorded"], 0, "{look}");
        desk.person
            .get("/api/v1/members/9100001/attendance")
            .refused(404, "unknown-member");
        assert_eq!(known(&desk, "9100002").len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_reason_or_a_run_nothing_is_taken_back() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let done = desk.import(
            "seminar-attendance",
            &format!("{ATTENDANCE}{}", attended("9000001", "NEW1", 10)),
        );
        let path = format!("/api/v1/imports/runs/{}/retraction", text(&done["id"]));
        let without = desk
            .person
            .post(&path)
            .json(&json!({ "reason": " " }))
            .send();
        without.refused(422, "invalid");
        assert_eq!(without.pointers(), ["/reason"]);
        desk.take_back(&json!("6d2b1a54-9c0e-4f8b-8f57-21d053c17e96"))
            .refused(404, "not-found");
        let retraction = desk.take_back(&done["id"]).ok();
        desk.take_back(&retraction["id"])
            .refused(409, "wrong-state");
    })
    .await;
}
