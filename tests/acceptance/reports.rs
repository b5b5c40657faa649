//! 集計 over HTTP: figures, the lists behind them, earlier moments, files.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};
use serde_json::{Value, json};

use crate::secretariat::{Desk, completed};
use crate::service::{FIRST_TO_THIRD, FOURTH, Person, TestService, each_service, eventually};

const REPORTS: [&str; 7] = [
    "progress",
    "incomplete",
    "units",
    "review",
    "money",
    "members",
    "forecast",
];

/// A report that has taken everything in.
fn report(person: &Person, name: &str) -> Value {
    eventually(&json!(0), || {
        person.get(&format!("/api/v1/reports/{name}")).ok()["as_of"]["behind"].clone()
    });
    person.get(&format!("/api/v1/reports/{name}")).ok()
}

fn table<'a>(report: &'a Value, key: &str) -> &'a Vec<Value> {
    let tables = report["tables"].as_array().unwrap();
    let table = tables.iter().find(|table| table["key"] == key).unwrap();
    table["rows"].as_array().unwrap()
}

/// The figure in a row, by the row's name.
fn figure(report: &Value, key: &str, row: &str, column: usize) -> Value {
    let rows = table(report, key);
    let found = rows.iter().find(|cells| cells[0]["value"] == row);
    found.unwrap_or_else(|| panic!("{row}"))[column]["value"].clone()
}

/// What is read, cell by cell: the lists of 未完了者 name the instant by which days are counted.
fn labels(report: &Value) -> Vec<&Value> {
    let tables = report["tables"].as_array().unwrap().iter();
    let rows = tables.flat_map(|table| table["rows"].as_array().unwrap());
    rows.flat_map(|row| row.as_array().unwrap())
        .map(|cell| &cell["label"])
        .collect()
}

/// Three applicants: one completed, two filling in.
fn applicants(service: &TestService) {
    let _ = completed(service);
    let _ = service.applicant("9000002", FIRST_TO_THIRD, "documents_only");
    let _ = service.applicant("9000007", FIRST_TO_THIRD, "documents_and_exam");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_figure_leads_to_a_list_of_as_many_lines_and_the_reports_agree() {
    each_service(async |service| {
        applicants(service);
        let reporter = service.reporter();
        let mut followed = 0;
        for name in REPORTS {
            let report = report(&reporter, name);
            for table in report["tables"].as_array().unwrap() {
                for cell in table["rows"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .flat_map(|row| row.as_array().unwrap())
                {
                    let Some(list) = cell["list"].as_str() else {
                        continue;
                    };
                    if table["key"] == "load" {
                        continue;
                    }
                    let listed = reporter.get(list).ok();
                    assert_eq!(listed["total"], cell["value"], "{list}");
                    let lines = listed["lines"].as_array().unwrap().len();
                    assert_eq!(json!(lines), cell["value"], "{list}");
                    followed += 1;
                }
            }
        }
        assert!(followed > 80, "{followed} lists");
        // Signing in is an event, and the addresses of the lists name the last one that is counted.
        let secretariat = service.secretariat();
        let progress = report(&reporter, "progress");
        let units = report(&reporter, "units");
        assert_eq!(figure(&progress, "stages", "申込", 1), 3);
        assert_eq!(figure(&progress, "stages", "完了", 1), 1);
        assert_eq!(figure(&units, "summary", "申請", 1), 3);
        let of = format!("progress?program={FOURTH}");
        let fourth = reporter.get(&format!("/api/v1/reports/{of}")).ok();
        assert_eq!(figure(&fourth, "stages", "申込", 1), 1);
        // Who asks does not matter, the moment does: asked of the same number, because what the service does in
        // the background may append between two questions, and each list's address names the number.
        let number = &units["as_of"]["number"];
        let same_moment = format!("/api/v1/reports/units?as_of={number}");
        assert_eq!(
            secretariat.get(&same_moment).ok()["tables"],
            reporter.get(&same_moment).ok()["tables"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_moment_says_what_it_said_then() {
    each_service(async |service| {
        applicants(service);
        let reporter = service.reporter();
        let before: Vec<Value> = REPORTS.map(|name| report(&reporter, name)).into();
        let number = before[0]["as_of"]["number"].as_i64().unwrap();
        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &format!("{FOURTH}.9000001"));
        desk.accept();
        let now = report(&reporter, "progress");
        assert_eq!(figure(&now, "stages", "受理", 1), 1);
        let load = report(&reporter, "review");
        assert_eq!(table(&load, "load")[0][0]["value"], "secretariat:demo");
        for (name, before) in REPORTS.iter().zip(before) {
            let then = reporter
                .get(&format!("/api/v1/reports/{name}?as_of={number}"))
                .ok();
            assert_eq!(then["as_of"]["number"], number);
            // Days are counted by the minute of the ledger number, and not by now: what moves with the clock alone is not compared.
            if *name != "review" {
                assert_eq!(labels(&then), labels(&before), "{name}");
            }
        }
        let nothing = reporter.get("/api/v1/reports/progress?as_of=0").ok();
        assert_eq!(figure(&nothing, "stages", "対象者", 1), 0);
        let long_ago = "/api/v1/reports/progress?as_of=2020-01-01T00:00";
        assert_eq!(reporter.get(long_ago).ok()["as_of"]["number"], 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_hold_the_names_as_they_are_and_numbers_with_their_zeros() {
    each_service(async |service| {
        applicants(service);
        let reporter = service.reporter();
        let _ = report(&reporter, "progress");
        let list = "/api/v1/report-lists/applications/file?format=";
        let xlsx = reporter.get(&format!("{list}xlsx"));
        assert_eq!(xlsx.status, 200);
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx.bytes.clone())).unwrap();
        let range = book.worksheet_range_at(0).unwrap().unwrap();
        let texts: Vec<String> = range
            .cells()
            .filter_map(|(_, _, cell)| match cell {
                Data::String(text) => Some(text.clone()),
                _ => None,
            })
            .collect();
        for expected in ["髙﨑　葛\u{E0100}𠮷", "9000007", "臨床 瘍子"] {
            assert!(
                texts.iter().any(|text| text == expected),
                "{expected}: {texts:?}"
            );
        }
        let csv = reporter.get(&format!("{list}csv"));
        assert!(csv.bytes.starts_with("\u{feff}".as_bytes()));
        assert!(csv.text.contains("髙﨑　葛\u{E0100}𠮷"));
        let cp932 = reporter.get(&format!("{list}csv_cp932"));
        let (text, _, wrong) = encoding_rs::SHIFT_JIS.decode(&cp932.bytes);
        assert!(
            !wrong && text.contains("髙﨑　葛吉") && !text.contains("&#"),
            "{text}"
        );
        assert_eq!(cp932.header("shinsei-replaced-characters"), Some("2"));
        let pdf = reporter.get("/api/v1/report-lists/non-applicants/file?format=pdf");
        assert!(pdf.bytes.starts_with(b"%PDF-"));
        assert_eq!(pdf.header("content-type"), Some("application/pdf"));
        let disposition = pdf.header("content-disposition").unwrap();
        assert!(
            disposition.contains("filename=\"non-applicants_2026"),
            "{disposition}"
        );
        for name in REPORTS {
            let file = reporter.get(&format!("/api/v1/reports/{name}/file?format=xlsx"));
            let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file.bytes)).unwrap();
            assert!(!book.sheet_names().is_empty());
            let first = book.worksheet_range_at(0).unwrap().unwrap();
            assert!(first.get_size().0 > 3, "{name}");
        }
        // The same question of the same moment is the same bytes.
        let number = reporter.get("/api/v1/reports/units").ok()["as_of"]["number"].clone();
        let again = || {
            reporter
                .get(&format!(
                    "/api/v1/reports/units/file?format=xlsx&as_of={number}"
                ))
                .bytes
        };
        // The minute of the last event may end between two of them, and not twice.
        let three = [again(), again(), again()];
        assert!(three[0] == three[1] || three[1] == three[2]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_made_in_the_background_and_its_owner_alone_may_have_it() {
    each_service(async |service| {
        applicants(service);
        let (reporter, secretariat) = (service.reporter(), service.secretariat());
        let _ = report(&reporter, "progress");
        let wanted = json!({ "list": "applications", "conditions": "open=yes", "format": "csv" });
        let post = || {
            reporter
                .post("/api/v1/report-exports")
                .json(&wanted)
                .key("once")
                .send()
        };
        let (first, again) = (post().created(), post().created());
        assert_eq!(
            first["id"], again["id"],
            "the same request is the same file"
        );
        let address = format!("/api/v1/report-exports/{}", first["id"].as_str().unwrap());
        eventually(&json!("done"), || {
            reporter.get(&address).ok()["state"].clone()
        });
        let done = reporter.get(&address).ok();
        assert_eq!(
            (&done["rows_done"], &done["rows_total"]),
            (&json!(2), &json!(2))
        );
        let file = reporter.get(&format!("{address}/file"));
        assert!(file.text.contains("9000002") && !file.text.contains("9000001"));
        assert_eq!(json!(file.bytes.len()), done["size"]);
        secretariat.get(&address).refused(404, "not-found");
        secretariat
            .get(&format!("{address}/file"))
            .refused(404, "not-found");
        assert_eq!(
            reporter.get("/api/v1/report-exports").ok()["exports"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert_eq!(reporter.delete(&address).send().status, 204);
        reporter.get(&address).refused(404, "not-found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_people_is_written_down_and_reading_figures_is_not() {
    each_service(async |service| {
        let reporter = service.reporter();
        let secretariat = service.secretariat();
        reporter.get("/api/v1/reports/members").ok();
        reporter.get("/api/v1/report-lists/members").ok();
        let log = "/api/v1/access-log?actor=reporter:demo";
        eventually(&1, || {
            secretariat.get(log).ok()["entries"]
                .as_array()
                .unwrap()
                .len()
        });
        let entry = &secretariat.get(log).ok()["entries"][0];
        assert_eq!(entry["operation"], "GET /api/v1/report-lists/{list}");
        assert_eq!(entry["what"], "集計の一覧");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_is_refused_with_what_to_do() {
    each_service(async |service| {
        let reporter = service.reporter();
        for address in [
            "/api/v1/reports/progress?as_of=yesterday",
            "/api/v1/reports/progress?as_of=99999999",
            "/api/v1/reports/progress?as_of=99999999999999999999",
            "/api/v1/reports/progress?as_of=2099-01-01T00:00",
            "/api/v1/report-lists/applications?stage=gone",
            "/api/v1/report-lists/applications?units_from=many",
            "/api/v1/report-lists/applications?limit=0",
            "/api/v1/report-lists/members/file?format=docx",
            "/api/v1/reports/progress/file?format=pdf",
        ] {
            let problem = reporter.get(address).refused(400, "malformed-address");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.ends_with("ください。"), "{address}: {detail}");
        }
        reporter
            .get("/api/v1/reports/everything")
            .refused(404, "not-found");
        reporter
            .get("/api/v1/report-lists/everything")
            .refused(404, "not-found");
        for wrong in [
            json!({ "list": "everything", "format": "csv" }),
            json!({ "list": "members", "format": "docx" }),
            json!({ "list": "members", "format": "csv", "conditions": "age=old" }),
        ] {
            reporter
                .post("/api/v1/report-exports")
                .json(&wrong)
                .send()
                .refused(422, "invalid");
        }
        service
            .member("9000001")
            .get("/api/v1/reports/progress")
            .refused(403, "not-permitted");
    })
    .await;
}

/// c15: a moment is read however it is written, and the pages offer fields for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moment_is_read_however_it_is_written() {
    each_service(async |service| {
        let _ = service.applicant("9000001", FOURTH, "documents_and_exam");
        service.settled().await;
        let reporter = service.reporter();
        let asked = |moment: &str| {
            let query = format!("as_of={}", crate::service::escaped(moment));
            reporter.get(&format!("/api/v1/reports/progress?{query}"))
        };
        let minute = asked("2026-06-03T18:00").ok()["as_of"].clone();
        assert_eq!(minute["at"], "2026-06-03T09:00:00Z");
        for same in [
            "2026-06-03T18:00:00+09:00",
            "2026-06-03T18:00:00 09:00",
            "2026-06-03T09:00:00Z",
            "2026-06-03T18:00+09:00",
            "2026/06/03 18:00",
            "2026/6/3 18:00",
            "２０２６／０６／０３　１８：００",
            "2026年6月3日(水) 18:00",
            "令和8年6月3日 18時",
        ] {
            assert_eq!(asked(same).ok()["as_of"], minute, "{same}");
        }
        let day = asked("2026/06/02").ok()["as_of"].clone();
        assert_eq!(day["at"], "2026-06-02T15:00:00Z", "the end of the day");
        // Today as far as it has come.
        assert!(asked("2026/06/03").ok()["as_of"]["number"].as_i64() > Some(0));
        let latest = reporter.get("/api/v1/reports/progress").ok();
        let number = latest["as_of"]["number"].to_string();
        for ledger in [
            number.clone(),
            format!("台帳番号 {number}（2026/06/03 18:00 現在）"),
        ] {
            assert_eq!(asked(&ledger).ok()["as_of"]["number"].to_string(), number);
        }
        for wrong in ["yesterday", "2026/06/03 25:00", "2026/02/30 10:00", "-1"] {
            let problem = asked(wrong).refused(400, "malformed-address");
            let detail = problem["detail"].as_str().unwrap();
            assert!(
                detail.starts_with("集計時点の形式が正しくありません。"),
                "{detail}"
            );
        }
        // The same from the page, by its fields.
        let page = reporter.get("/reports/progress?day=2026-06-03&time=18%3A00&as_of=");
        assert_eq!(page.status, 200, "{}", page.text);
        for field in [
            "type=\"date\" value=\"2026-06-03\"",
            "type=\"time\" value=\"18:00\"",
            "2026/06/03 18:00 現在",
        ] {
            assert!(page.text.contains(field), "{field}: {}", page.text);
        }
        let page = reporter.get("/reports/progress?as_of=2026%2F06%2F03+18%3A05x");
        assert_eq!(page.status, 400);
        assert!(page.text.contains("集計時点の形式が正しくありません"));
        assert!(!page.text.contains("アドレスを読み取れません"));
        let both = reporter.get(&format!(
            "/reports/progress?day=2026-06-03&time=&as_of={number}"
        ));
        assert_eq!(both.status, 400);
        assert!(both.text.contains("どちらか一方"));
    })
    .await;
}
