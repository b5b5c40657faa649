//! 閲覧記録: whoever is shown something of a member stands in it, before it is shown.

use serde_json::{Value, json};
use sqlx::Executor as _;
use tempfile::TempDir;
use tokio::task::block_in_place;

use crate::service::{
    FIRST_TO_THIRD, FOURTH, TestService, each_demonstration, each_service, forms, shinsei,
};
use api::access::{Duties, Principal};
use domain::Role;
use eventstore::Database;

/// Who, what and whom of each entry, newest first.
fn told(answer: &Value) -> Vec<(String, String, String)> {
    let entries = answer["entries"].as_array().unwrap().iter();
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    entries
        .map(|entry| {
            (
                text(entry, "actor"),
                text(entry, "operation"),
                text(entry, "member"),
            )
        })
        .collect()
}

fn of(actor: &str, operation: &str, member: &str) -> (String, String, String) {
    (actor.to_owned(), operation.to_owned(), member.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_secretariat_is_shown_of_a_member_is_an_entry_and_what_the_member_sees_is_none() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        yoko.save("profile", &forms::profile()).ok();
        let page = yoko.person.request(ureq::http::Method::GET, &format!("/applications/{}", yoko.id));
        assert_eq!(page.send().status, 200);
        let staff = service.secretariat();
        let of_yoko = |query: &str| staff.get(&format!("/api/v1/access-log?member=9000001{query}"));
        assert_eq!(told(&of_yoko("").ok()), [of("secretariat:demo", "GET /api/v1/access-log", "9000001")]);

        let mut expected = vec![of("secretariat:demo", "GET /api/v1/access-log", "9000001")];
        for below in [
            "", "/documents", "/documents/profile", "/documents/resume", "/documents/papers/rows",
            "/documents/seminars", "/requirements", "/submissions", "/history", "/application.pdf",
        ] {
            let answer = staff.get(&yoko.path(below));
            assert_eq!(answer.status, 200, "{answer:?}");
            expected.insert(0, of("secretariat:demo", &format!("GET /api/v1/applications/{{id}}{below}"), "9000001"));
        }
        assert_eq!(told(&of_yoko("").ok()), expected);
        // By what was asked, never by what was typed.
        staff.get(&yoko.path("?as_of=1")).ok();
        staff.get(&yoko.path("/history?actor=secret")).ok();
        let log = of_yoko("");
        assert_eq!(told(&log.ok()), expected, "the same again within ten minutes");
        assert!(!log.text.contains("secret\""), "{}", log.text);
        let entry = &log.ok()["entries"][0];
        assert_eq!(entry["what"], "申請書の印刷");
        assert_eq!(entry["application"], yoko.id.as_str());

        let paid = json!({ "transaction": "T-1", "item": "exam_fee", "amount_yen": 11_000, "paid_on": "2026-06-03", "reason": "通帳で確認" });
        staff.post(&yoko.path("/payments")).json(&paid).send().ok();
        let by_operation = of_yoko("&operation=POST%20/api/v1/applications/%7Bid%7D/payments").ok();
        assert_eq!(told(&by_operation).len(), 1);
        // What is refused was not shown.
        staff.get(&yoko.path("").replace("9000001", "9000003")).refused(404, "not-applied");
        let nothing = staff.get("/api/v1/access-log?member=9000003").ok();
        assert_eq!(told(&nothing), [of("secretariat:demo", "GET /api/v1/access-log", "9000003")]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_searched_by_person_by_viewer_and_by_period_page_by_page() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let ichiro = service.applicant("9000002", FIRST_TO_THIRD, "documents_only");
        let viewer = Principal::of(Role::Secretariat, "etsuran", Duties::parse("view"));
        let viewer = service.as_principal(&viewer).await;
        for one in [&yoko, &ichiro] {
            viewer.get(&one.path("")).ok();
            viewer.get(&one.path("/documents")).ok();
        }
        viewer
            .get("/api/v1/access-log")
            .refused(403, "not-permitted");
        let staff = service.secretariat();
        let all = staff.get("/api/v1/access-log").ok();
        assert_eq!(told(&all).len(), 6);
        assert_eq!(
            told(&all)[0],
            of("secretariat:demo", "GET /api/v1/access-log", ""),
            "of everybody"
        );

        let theirs = staff
            .get("/api/v1/access-log?actor=secretariat:etsuran")
            .ok();
        assert_eq!(told(&theirs), told(&all)[1..]);
        let first = staff
            .get("/api/v1/access-log?actor=secretariat:etsuran&limit=3")
            .ok();
        let rest = format!(
            "/api/v1/access-log?actor=secretariat:etsuran&limit=3&before={}",
            first["next"]
        );
        let rest = staff.get(&rest).ok();
        assert_eq!([told(&first), told(&rest)].concat(), told(&theirs));
        assert_eq!(rest["next"], Value::Null);
        let at = theirs["entries"][1]["at"].as_str().unwrap();
        let before = staff
            .get(&format!(
                "/api/v1/access-log?actor=secretariat:etsuran&to={at}"
            ))
            .ok();
        let after = staff
            .get(&format!(
                "/api/v1/access-log?actor=secretariat:etsuran&from={at}"
            ))
            .ok();
        assert_eq!((told(&before).len(), told(&after).len()), (3, 2));

        for query in [
            "member=a%20b",
            "limit=0",
            "limit=201",
            "from=yesterday",
            "actor=%00",
        ] {
            let refused = staff.get(&format!("/api/v1/access-log?{query}"));
            refused.refused(400, "malformed-address");
        }
        staff
            .get("/api/v1/access-log?member=1234567")
            .refused(404, "unknown-member");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_for_want_of_a_duty_is_an_entry_that_says_so() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let viewer = Principal::of(Role::Secretariat, "etsuran", Duties::parse("view"));
        let viewer = service.as_principal(&viewer).await;
        viewer.get(&yoko.path("")).ok();
        for _ in 0..2 {
            let paid = json!({ "transaction": "T-1", "item": "exam_fee", "amount_yen": 11_000, "paid_on": "2026-06-03", "reason": "通帳で確認" });
            let answer = viewer.post(&yoko.path("/payments")).json(&paid).send();
            answer.refused(403, "not-permitted");
        }
        let page = yoko.person.request(ureq::http::Method::GET, "/desk/applications");
        assert_eq!(page.send().status, 403);

        let staff = service.secretariat();
        let log = staff.get("/api/v1/access-log").ok();
        let refused: Vec<_> = log["entries"].as_array().unwrap().iter().map(|entry| entry["refused"] == true).collect();
        assert_eq!(refused, [false, true, true, false]);
        let expected = [
            of("secretariat:demo", "GET /api/v1/access-log", ""),
            of("member:9000001", "GET /desk/applications", ""),
            of("secretariat:etsuran", "POST /api/v1/applications/{id}/payments", ""),
            of("secretariat:etsuran", "GET /api/v1/applications/{id}", "9000001"),
        ];
        assert_eq!(told(&log), expected);
        // Nobody has looked at anything of the member, who is told of one viewing.
        let own = yoko.person.get("/api/v1/access-log/mine").ok();
        assert_eq!(own["entries"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_is_told_who_looked_by_role_and_nothing_of_others() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let ichiro = service.applicant("9000002", FIRST_TO_THIRD, "documents_only");
        let staff = service.secretariat();
        staff.get(&yoko.path("/history")).ok();
        staff.get(&ichiro.path("/documents")).ok();
        let mine = yoko.person.get("/api/v1/access-log/mine");
        let entries = mine.ok()["entries"].clone();
        assert_eq!(entries.as_array().unwrap().len(), 1);
        assert_eq!(
            (&entries[0]["who"], &entries[0]["what"]),
            (&json!("事務局"), &json!("変更履歴"))
        );
        assert!(!mine.text.contains("demo"), "{}", mine.text);
        staff
            .get("/api/v1/access-log/mine")
            .refused(403, "not-permitted");
        yoko.person
            .get("/api/v1/access-log")
            .refused(403, "not-permitted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_shown_that_cannot_be_written_down_and_members_go_on_working() {
    /// Status and text, also of an answer that says that the service cannot.
    fn get(service: &TestService, path: &str, cookie: &str) -> (u16, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let address = format!("http://{}{path}", service.address());
        block_in_place(|| {
            let mut answer = agent.get(address).header("cookie", cookie).call().unwrap();
            (
                answer.status().as_u16(),
                answer.body_mut().read_to_string().unwrap(),
            )
        })
    }
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        yoko.save("profile", &forms::profile()).ok();
        let staff = service.secretariat().cookie();
        let refuse_entries = match service.inside.log.database() {
            Database::Sqlite(_) => {
                "CREATE TRIGGER no_entries BEFORE INSERT ON events WHEN NEW.aggregate_type = 'access'
                 BEGIN SELECT RAISE(ABORT, 'no'); END"
            }
            Database::Postgres(_) => "ALTER TABLE events ADD CONSTRAINT no_entries CHECK (aggregate_type <> 'access') NOT VALID",
        };
        let allow = match service.inside.log.database() {
            Database::Sqlite(_) => "DROP TRIGGER no_entries",
            Database::Postgres(_) => "ALTER TABLE events DROP CONSTRAINT no_entries",
        };
        let change = async |statement: &str| match service.inside.log.database() {
            Database::Sqlite(pool) => drop(pool.execute(statement).await.unwrap()),
            Database::Postgres(pool) => drop(pool.execute(statement).await.unwrap()),
        };
        change(refuse_entries).await;
        for below in ["", "/documents/profile", "/application.pdf", "/history"] {
            let (status, text) = get(service, &yoko.path(below), &staff);
            assert_eq!(status, 503, "{below}: {text}");
            assert!(text.contains("閲覧記録を残せない") && !text.contains(&yoko.id), "{text}");
        }
        for list in [
            "/api/v1/access-log",
            "/api/v1/applications",
            "/desk/applications.csv",
            "/api/v1/report-lists/applications",
            "/api/v1/report-lists/members/file?format=csv",
        ] {
            let (status, text) = get(service, list, &staff);
            assert_eq!(status, 503, "{list}: {text}");
            assert!(!text.contains("9000001"), "{text}");
        }
        // Nobody of the staff comes in without an entry either; members do.
        let sign_in = |identity: &str| {
            let door = service.nobody().amid_trouble();
            let pressed = door.post("/demo/sign-in");
            let form = format!("identity={identity}");
            pressed.bytes("application/x-www-form-urlencoded", form.into()).send()
        };
        for identity in ["secretariat", "reporter"] {
            let refused = sign_in(identity);
            assert_eq!((refused.status, refused.header("set-cookie")), (503, None), "{}", refused.text);
            assert!(refused.text.contains("サインインの記録を残せない"), "{}", refused.text);
        }
        assert_eq!(sign_in("member").status, 303);
        yoko.document("profile").ok();
        yoko.person.get("/api/v1/access-log/mine").ok();
        change(allow).await;
        assert_eq!(get(service, &yoko.path(""), &staff).0, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_looks_at_one_member_at_once_are_all_written_down() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let staff = service.secretariat();
        let below = [
            "",
            "/documents",
            "/documents/profile",
            "/documents/resume",
            "/documents/papers/rows",
            "/documents/conferences/rows",
            "/documents/research-activities/rows",
            "/documents/clinical-experience",
            "/documents/seminars",
            "/requirements",
            "/submissions",
            "/history",
        ];
        block_in_place(|| {
            std::thread::scope(|scope| {
                for below in below {
                    let (staff, path) = (&staff, yoko.path(below));
                    scope.spawn(move || staff.get(&path).ok());
                }
            });
        });
        let log = staff.get("/api/v1/access-log?member=9000001").ok();
        assert_eq!(told(&log).len(), below.len() + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_prints_a_program_by_the_command_line_stands_in_the_log_for_each_member() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        yoko.save("profile", &forms::profile()).ok();
        let out = TempDir::new().unwrap();
        let mut print = shinsei(&database.url);
        print
            .args(["print", "--program", FOURTH, "--out"])
            .arg(out.path());
        let print = print.env("SHINSEI_DEMO", "true").output().unwrap();
        assert_eq!(print.status.code(), Some(0), "{print:?}");
        let staff = service.secretariat();
        let of_yoko = || {
            told(
                &staff
                    .get("/api/v1/access-log?member=9000001&actor=system:print")
                    .ok(),
            )
        };
        crate::service::eventually(
            &vec![of("system:print", "shinsei print", "9000001")],
            of_yoko,
        );
        let mine = yoko.person.get("/api/v1/access-log/mine").ok();
        let entries = mine["entries"].as_array().unwrap();
        assert!(
            entries
                .iter()
                .any(|entry| entry["what"] == "申請書の印刷" && entry["who"] == "事務局"),
            "{mine}"
        );
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_and_a_file_stand_in_the_record_of_each_member_whom_they_show() {
    /// What stands in the member's own record.
    fn what(own: &Value) -> Vec<String> {
        let entries = own["entries"].as_array().unwrap().iter();
        entries
            .map(|entry| entry["what"].as_str().unwrap().to_owned())
            .collect()
    }
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        service.applicant("9000002", FIRST_TO_THIRD, "documents_only");
        let (staff, reporter) = (service.secretariat(), service.reporter());
        // Every view has both; nothing is asked for it that would be written down.
        crate::service::eventually(&0_i64, || {
            let lags = tokio::runtime::Handle::current().block_on(service.inside.views.lag());
            lags.unwrap().iter().map(|lag| lag.events).sum()
        });
        staff.get("/api/v1/applications?limit=1&sort=furigana&order=asc").ok();
        staff.get("/api/v1/applications?limit=1&sort=furigana&order=asc&page=2").ok();
        for page in ["/desk/applications.csv", "/desk/history", "/desk/bulk"] {
            assert_eq!(staff.get(page).status, 200, "{page}");
        }
        reporter.get("/api/v1/report-lists/applications").ok();
        let file = reporter.get("/api/v1/report-lists/applications/file?format=csv");
        assert_eq!(file.status, 200);
        let order = json!({ "list": "applications", "conditions": "", "format": "csv" });
        let job = reporter.post("/api/v1/report-exports").json(&order).send();
        let job = format!("/api/v1/report-exports/{}", job.created()["id"].as_str().unwrap());
        crate::service::eventually(&json!("done"), || reporter.get(&job).ok()["state"].clone());
        let attended = "会員番号,セミナーコード,セミナー名,区分,開始日,終了日,単位,出欠\r\n\
                        9000001,N1,名,A,2024/04/01,2024/04/02,10,出席\r\n\
                        9000002,N1,名,A,2024/04/01,2024/04/02,10,出席\r\n\
                        7654321,N1,名,A,2024/04/01,2024/04/02,10,出席\r\n";
        let look = staff.post("/api/v1/imports/seminar-attendance?dry_run=true");
        look.bytes("text/csv", attended.into()).send().ok();

        let expected = [
            "取込", "集計の一覧", "集計の一覧", "集計の一覧", "変更履歴（全体）", "申請一覧", "申請一覧",
        ]
        .map(str::to_owned)
        .to_vec();
        for member in [&yoko.person, &service.member("9000002")] {
            crate::service::eventually(&expected, || {
                what(&member.get("/api/v1/access-log/mine").ok())
            });
        }
        let own = yoko.person.get("/api/v1/access-log/mine");
        let roles: Vec<_> = own.ok()["entries"].as_array().unwrap().iter().map(|entry| entry["who"].clone()).collect();
        assert_eq!(roles[..3], [json!("事務局"), json!("集計担当"), json!("集計担当")]);
        assert!(!own.text.contains("9000002") && !own.text.contains("demo"), "{}", own.text);
        // Whom no list showed has nothing, and who is no member has no record.
        let others = service.member("9000003").get("/api/v1/access-log/mine").ok();
        assert_eq!(what(&others), Vec::<String>::new());

        // The auditor finds it at each of them, and once in the log as a whole.
        let query = "operation=POST%20/api/v1/imports/seminar-attendance";
        for member in ["9000001", "9000002"] {
            let log = staff.get(&format!("/api/v1/access-log?member={member}&{query}")).ok();
            assert_eq!(told(&log), [of("secretariat:demo", "POST /api/v1/imports/seminar-attendance", member)]);
        }
        let log = staff.get(&format!("/api/v1/access-log?{query}")).ok();
        assert_eq!(told(&log), [of("secretariat:demo", "POST /api/v1/imports/seminar-attendance", "")]);
        assert_eq!(log["entries"][0]["named"], 2);
        // No stream is called by a member's number, and a rebuild finds the same.
        let streams: Vec<String> = eventstore::on_database!(service.inside.log.database(), pool => {
            sqlx::query_scalar("SELECT aggregate_id FROM events WHERE event_type = 'PersonalDataListed'")
                .fetch_all(pool)
                .await
        })
        .unwrap();
        assert!(streams.len() >= 8);
        assert!(streams.iter().all(|id| id.starts_with("list:")), "{streams:?}");
    })
    .await;
}
