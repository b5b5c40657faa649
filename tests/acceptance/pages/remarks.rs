//! Why a row counts nothing, or less than was declared, stands in the row.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::member::{LISTS, Member};
use super::visitor::Visitor;
use super::words::squeezed;
use crate::service::{Applicant, FOURTH, TestService, each_demonstration, forms};

/// Rows for every kind of remark that there is without a cap by the table.
fn fill_in(yoko: &Applicant) {
    let conference = |held_on: &str, units: &str| {
        let mut row = forms::conference();
        row["held_on"] = json!(held_on);
        row["units"] = json!(units);
        yoko.add("conferences", &row).created();
    };
    conference("2026/03/26", "5");
    conference("2026/03/27", "5");
    conference("2021/02/18", "5");
    conference("2024/08/01", "5");
    conference("2025/03/06", "8");
    conference("", "5");
    let paper = |division: &str, kind: &str, date: &str, units: &str, content: &str| {
        let row = json!({ "division": division, "kind": kind, "date": date, "units": units, "content": content });
        yoko.add("papers", &row).created();
    };
    paper("筆頭", "原著（英文）", "2024/05/01", "10", "一");
    paper("筆頭", "原著（英文）", "2024/05/01", "10", "一");
    paper("筆頭", "原著（英文）", "2021/08/31", "10", "二");
    paper("共著", "症例報告", "2024/05/01", "9", "三");
    for number in 1..=6 {
        paper(
            "参加",
            "学会",
            &format!("2025/06/{number:02}"),
            "3",
            "日本内科学会",
        );
    }
}

/// Holds each row of the pages to what the rules say of it, and returns the kinds of remarks that were there.
fn look_at(service: &TestService) -> BTreeSet<String> {
    let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
    fill_in(&yoko);
    let visitor = Visitor::new(service);
    let member = Member::sign_in(&visitor, "9000001", FOURTH);
    let assessed = yoko.get("/requirements").ok()["assessment"]["rows"].clone();
    let seminars = yoko.get("/documents/seminars").ok()["seminars"].clone();
    let mut kinds = BTreeSet::new();
    let mut rows = 0;
    for row in assessed.as_array().unwrap() {
        let document = row["document"].as_str().unwrap().replace('_', "-");
        let page = member.document(&document);
        let id = row["row"].as_str().unwrap();
        let element = if LISTS.contains(&document.as_str()) {
            page.part(&format!("[id='row-{id}']"))
        } else {
            let code = id.split('@').next().unwrap();
            let seminar = seminars
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["code"] == code);
            page.row(seminar.unwrap()["name"].as_str().unwrap())
        };
        let counted = row["counted"].as_u64().unwrap();
        let cell = element
            .element
            .select(&super::page::selector("td[data-label=算入単位]"))
            .next()
            .unwrap();
        assert!(
            super::words::text(cell).starts_with(&counted.to_string()),
            "{id}: {page:?}"
        );
        for remark in row["remarks"].as_array().unwrap() {
            element.assert_says(&[remark["message"].as_str().unwrap()]);
            kinds.insert(remark["kind"].as_str().unwrap().to_owned());
        }
        if counted == 0 {
            element.assert_says(&["算入 0 単位"]);
        }
        assert_eq!(
            super::words::text(element.element).contains(&squeezed("理由")),
            counted == 0,
            "{id}: {page:?}"
        );
        rows += 1;
    }
    assert_eq!(rows, 6 + 10 + 5);
    kinds
}

/// The programs that come with the binary, changed.
pub fn programs(change: impl Fn(&str, String) -> String) -> TempDir {
    let directory = TempDir::new().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/programs");
    for entry in std::fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let changed = change(name, text);
        std::fs::write(directory.path().join(name), changed).unwrap();
    }
    directory
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_row_counts_nothing_or_less_stands_in_the_row() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let mut kinds = look_at(&service);
        service.stop().await;
        assert!(!kinds.contains("capped_by_table"));

        let capped =
            programs(|_, text| text.replace("cap_by_table = false", "cap_by_table = true"));
        let service = TestService::with_programs(database, capped.path()).await;
        let member = Member::sign_in(&Visitor::new(&service), "9000001", FOURTH);
        let table = member.document("papers");
        table
            .row("症例報告")
            .assert_says(&["単位表では1単位のため、1単位のみ算入されます。"]);
        kinds.insert("capped_by_table".to_owned());
        service.stop().await;

        let all = [
            "has_errors",
            "outside_window",
            "other_society",
            "duplicate",
            "cap",
            "capped_by_table",
            "differs_from_table",
            "needs_recognition",
            "place_differs",
        ];
        assert_eq!(kinds, all.map(ToOwned::to_owned).into());
    })
    .await;
}
