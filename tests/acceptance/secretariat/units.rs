//! 事務局欄 and 要確認: one figure on every face of the secretariat, and what a refused form keeps.

use scraper::{Html, Selector};
use serde_json::{Value, json};

use super::{Desk, completed};
use crate::intake::pages::Browser;
use crate::pages::{Member, Visitor};
use crate::service::{
    Applicant, FIRST_TO_THIRD, FOURTH, Person, each_service, eventually, files, forms,
};

const FURTHER: &str = "単位表を超えて認める理由";

/// Id of the first row of a document.
fn first_row(applicant: &Applicant, document: &str) -> String {
    let rows = applicant.document(document).ok();
    rows["rows"][0]["id"].as_str().unwrap().to_owned()
}

/// Adjusts the first paper.
fn adjust(desk: &Desk<'_>, applicant: &Applicant, units: i64) {
    let target = json!({ "document": "papers", "row": first_row(applicant, "papers") });
    let body = json!({ "target": target, "units": units, "reason": "写しは共著のため" });
    desk.put("/review/units", &body).ok();
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

/// The line of 臨床 瘍子 in the CSV of 申請一覧, by its headings.
fn csv_line(person: &Person, heading: &str) -> String {
    let answer = person.get("/desk/applications.csv");
    let mut lines = answer.text.trim_start_matches('\u{feff}').lines();
    let headings = lines.next().unwrap().split(',');
    let place = headings.map(|cell| cell.trim_matches('"'));
    let place = place.into_iter().position(|cell| cell == heading).unwrap();
    let line = lines.find(|line| line.contains("9000001")).unwrap();
    let cell = line.split(',').nth(place).unwrap();
    cell.trim_matches('"').to_owned()
}

/// What stands in the parts of a page that a selector names, without blanks.
fn parts(page: &str, what: &str) -> Vec<String> {
    let (page, what) = (Html::parse_document(page), Selector::parse(what).unwrap());
    let texts = page.select(&what).map(|part| {
        let text: String = part.text().collect();
        text.split_whitespace().collect()
    });
    texts.collect()
}

/// What a field of a form holds.
fn held(page: &str, field: &str) -> String {
    let page = Html::parse_document(page);
    let named = Selector::parse(&format!("#{field}")).unwrap();
    let fields: Vec<_> = page
        .select(&named)
        .map(|one| one.attr("value").unwrap())
        .collect();
    let [value] = fields[..] else {
        panic!("{} fields", fields.len());
    };
    value.to_owned()
}

#[track_caller]
fn assert_told(page: &str, what: &str, sentences: &[&str]) {
    let told = parts(page, what).concat();
    for sentence in sentences {
        let sentence: String = sentence.split_whitespace().collect();
        assert!(told.contains(&sentence), "{sentence} is missing in {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_face_of_the_secretariat_tells_the_same_units_after_an_adjustment() {
    each_service(async |service| {
        let yoko = completed(service);
        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &yoko.id);
        let by_rules = number(&yoko.get("/requirements").ok()["assessment"]["total"]);
        let required = number(&desk.review()["required_units"]);
        adjust(&desk, &yoko, 0);
        let recognised = by_rules - 10;

        assert_eq!(desk.review()["recognised_units"], recognised);
        let listed = || {
            let page = secretariat.get("/api/v1/applications").ok();
            page["applications"][0].clone()
        };
        eventually(&json!(recognised), || listed()["units"].clone());
        let is_short = recognised < required;
        let missing = listed()["missing"].to_string();
        assert_eq!(missing.contains("units_short"), is_short, "{missing}");
        assert_eq!(
            csv_line(&secretariat, "認められた単位"),
            recognised.to_string()
        );

        let browser = Browser::of(service);
        let address = format!("/desk/applications/{}", yoko.id);
        let told = format!("認められた単位 {recognised} / 必要 {required}");
        assert_told(&browser.page(&address), "main", &[&told]);
        assert_told(
            &browser.page("/desk/applications"),
            "td[data-label=認められた単位]",
            &[&format!("{recognised} / {required}")],
        );
        // 当会セミナー stands there, and a 事務局欄 of 0 is told and not left empty.
        let moment = browser.page(&format!("{address}/moment"));
        assert_told(&moment, "main", &[&told, "当会セミナー"]);
        assert_eq!(parts(&moment, "#papers td[data-label=事務局欄]"), ["0", ""]);

        // 単位分布 and 委員会資料.
        let reporter = service.reporter();
        let band = format!("{}〜{}単位", recognised / 10 * 10, recognised / 10 * 10 + 9);
        eventually(&json!(1), || {
            let report = reporter.get("/api/v1/reports/units").ok();
            let rows = report["tables"][0]["rows"].as_array().unwrap().clone();
            let row = rows.iter().find(|row| row[0]["value"] == band.as_str());
            row.unwrap()[1]["value"].clone()
        });
        let list = reporter.get("/api/v1/report-lists/applications").ok();
        let columns = list["columns"].as_array().unwrap();
        let place = columns
            .iter()
            .position(|column| column["title"] == "認められた単位");
        let place = place.unwrap_or_else(|| panic!("{list}"));
        assert_eq!(list["lines"][0]["cells"][place], recognised, "{list}");

        // The member's pages and 本紙 follow the rules, and name what differs.
        let requirements = yoko.get("/requirements").ok();
        assert_eq!(requirements["assessment"]["total"], by_rules);
        assert_eq!(requirements["recognised_units"], recognised);
        let member = Member::sign_in(&Visitor::new(service), "9000001", FOURTH);
        let adjusted = format!("認められた単位 {recognised} 単位");
        member
            .open("")
            .assert_says(&[&format!("{by_rules} 単位"), &adjusted]);
        member.document("papers").assert_says(&["事務局欄: 0 単位"]);
        member
            .open("/print")
            .assert_says(&[&format!("{adjusted}（規則による算入 {by_rules} 単位）")]);
        member.open("/history").assert_says(&["No.1 事務局欄"]);
        assert_told(
            &browser.page(&format!("{address}/history")),
            "main",
            &["研究業績 論文 No.1（筆頭 原著（英文）", "写しは共著のため"],
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adjustment_has_limits_and_both_reasons_stand_in_the_log() {
    each_service(async |service| {
        let yoko = completed(service);
        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &yoko.id);
        let target = json!({ "document": "papers", "row": first_row(&yoko, "papers") });
        let row = || {
            let documents = desk.review()["documents"].clone();
            let documents = documents.as_array().unwrap();
            let papers = documents.iter().find(|one| one["document"] == "papers");
            papers.unwrap()["rows"][0].clone()
        };
        assert_eq!(row()["most_units"], 10);
        for (units, further, pointer) in [
            (11, "", "/further_reason"),
            (100, "委員会の決定による", "/units"),
            (99_999, "委員会の決定による", "/units"),
        ] {
            let body = json!({
                "target": target, "units": units, "reason": "証明書による", "further_reason": further,
            });
            let problem = desk.put("/review/units", &body).refused(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{units}");
        }
        assert_eq!(row()["adjusted"], Value::Null);
        let body = json!({
            "target": target, "units": 12, "reason": "証明書による", "further_reason": "委員会の決定による",
        });
        desk.put("/review/units", &body).ok();
        assert_eq!(row()["adjusted"], 12);
        eventually(&json!("証明書による\n単位表を超えて認める理由: 委員会の決定による"), || {
            let history = desk.get("/history?event=UnitsAdjusted").ok();
            history["entries"][0]["reason"].clone()
        });
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_adjustment_keeps_what_was_typed_in_the_rows_open_form_with_the_error_beside_it()
{
    each_service(async |service| {
        let yoko = completed(service);
        let browser = Browser::of(service);
        let address = format!("/desk/applications/{}", yoko.id);
        let rows = yoko.document("papers").ok();
        let row = rows["rows"][1]["id"].as_str().unwrap().to_owned();
        let send = |units: &str, reason: &str, further: &str| {
            let fields = [
                ("act", "units"),
                ("document", "papers"),
                ("row", row.as_str()),
                ("place", "row-papers-2"),
                ("units", units),
                ("reason", reason),
                ("further_reason", further),
            ];
            browser.post(&format!("{address}/check"), &fields)
        };
        // Without 内部の理由 the figure stays; above the table both stay; what is no number stays as well.
        for (units, reason, further, field, sentence) in [
            ("３", "", "", "reason", "内部の理由 を入力してください。"),
            ("12", "証明書により確認", "", "further", FURTHER),
            (
                "99999",
                "証明書により確認",
                "委員会の決定",
                "units",
                "99以下の数字",
            ),
            (
                "たくさん",
                "証明書により確認",
                "委員会の決定",
                "units",
                "単位",
            ),
        ] {
            let refused = send(units, reason, further);
            assert_eq!(refused.status, 422, "{units}");
            let page = &refused.text;
            for (name, value) in [("units", units), ("reason", reason), ("further", further)] {
                assert_eq!(held(page, &format!("{name}-papers-2")), value);
            }
            // The error stands beside its field, in the one form that is open.
            assert_told(page, &format!("#{field}-papers-2-error"), &[sentence]);
            assert_eq!(parts(page, "td details[open] .error").len(), 1, "{units}");
            assert_eq!(parts(page, "td details[open]").len(), 1, "{units}");
            assert_eq!(
                parts(page, "#row-papers-2 [aria-invalid=true]").len(),
                1,
                "{units}"
            );
        }
        let done = send("３", "写しは共著のため", "");
        assert_eq!(done.status, 303);
        let place = done.header("location").unwrap();
        assert!(place.ends_with("#row-papers-2"), "{place}");
        let office = "#row-papers-2 td[data-label=事務局欄]";
        assert_eq!(parts(&browser.page(&address), office), ["3"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_with_another_place_is_marked_on_both_sides_and_keeps_documents_from_being_accepted()
{
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        files::payment(&service.secretariat(), "T-place", "9000001");
        yoko.fill_in_required_documents();
        let mut abroad = forms::conference();
        abroad["place"] = json!("ＡＳＣＯ－ＧＩ，　San Francisco");
        yoko.add("conferences", &abroad).created();
        let mut beside = forms::conference();
        beside["held_on"] = json!("2025/03/05");
        beside["place"] = json!("神戸");
        yoko.add("conferences", &beside).created();
        for paper in ["一", "二"] {
            yoko.add("papers", &forms::paper(paper)).created();
        }
        let member = Member::sign_in(&Visitor::new(service), "9000001", FOURTH);
        let page = member.document("conferences");
        page.row("San Francisco")
            .assert_says(&["5", "要確認", "横浜"]);
        page.row("神戸")
            .assert_says(&["第22回学術集会（神戸 2025/03/06 ～ 2025/03/08）"]);
        yoko.submit().ok();

        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &yoko.id);
        let rows = |desk: &Desk<'_>| desk.review()["documents"][3]["rows"].clone();
        assert_eq!(rows(&desk)[0]["to_confirm"], true);
        assert_eq!(rows(&desk)[0]["counted"], 5);
        let browser = Browser::of(service);
        let address = format!("/desk/applications/{}", yoko.id);
        let tags = || parts(&browser.page(&address), "#row-conferences-1 .tag");
        assert_eq!(tags(), ["未確認", "要確認"]);
        desk.check_everything();
        let problem = desk.judge("/acceptance", &json!({}));
        let problem = problem.refused(409, "checks-open");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains("「研究業績 学会参加」の No.1 の開催地が要確認です"),
            "{detail}"
        );
        let target = json!({ "document": "conferences", "row": rows(&desk)[0]["row"] });
        desk.put(
            "/review/checks",
            &json!({ "target": target, "mark": "checked" }),
        )
        .ok();
        assert_eq!(rows(&desk)[0]["to_confirm"], false);
        assert_eq!(tags(), ["確認済"]);
        // Nobody is going to look at it any more, on either side.
        let settled = "開催地は事務局で確認しました。単位に算入されます。";
        member
            .document("conferences")
            .row("San Francisco")
            .assert_says(&[settled]);
        let page = browser.page(&address);
        assert_told(&page, "main", &[settled]);
        assert!(!page.contains("要確認: "), "{page}");
        desk.judge("/acceptance", &json!({})).ok();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attendance_that_the_secretariat_does_not_recognise_is_missing_on_every_face_of_it() {
    each_service(async |service| {
        let yoko = completed(service);
        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &yoko.id);
        desk.check_everything();
        let documents = desk.review()["documents"].clone();
        for (place, document) in [(3, "conferences"), (4, "seminars")] {
            for row in documents[place]["rows"].as_array().unwrap() {
                let target = json!({ "document": document, "row": row["row"] });
                let body = json!({ "target": target, "units": 0, "reason": "他学会のため" });
                desk.put("/review/units", &body).ok();
            }
        }
        let sentence = "認められた学会・セミナー参加が不足しています（「学会に 1 回以上参加」「セミナー A B の双方に参加」のいずれも満たされていません）";
        let problem = desk.judge("/acceptance", &json!({}));
        let problem = problem.refused(409, "checks-open");
        assert!(problem["detail"].as_str().unwrap().contains(sentence));
        let browser = Browser::of(service);
        let address = format!("/desk/applications/{}", yoko.id);
        assert_told(&browser.page(&address), "aside.panel", &[sentence]);
        let is_listed = || csv_line(&secretariat, "不足").contains("学会・セミナー参加の不足");
        eventually(&true, is_listed);
        let found = "/api/v1/applications?missing=attendance_missing";
        assert_eq!(secretariat.get(found).ok()["total"], 1);
        // 委員会資料 has a column for it.
        let list = service.reporter().get("/api/v1/report-lists/committee").ok();
        let columns = list["columns"].as_array().unwrap();
        assert!(columns.iter().any(|column| column["title"] == "不足"), "{list}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_lapsed_waits_for_nobody_and_an_exam_alone_has_no_units() {
    each_service(async |service| {
        let yoko = completed(service);
        let misaki = Applicant::new(service.member("9000003"), FIRST_TO_THIRD, "9000003");
        misaki.apply("exam_only").created();
        let secretariat = service.secretariat();
        let total = |asked: &str| {
            let found = secretariat
                .get(&format!("/api/v1/applications?{asked}"))
                .ok();
            found["total"].clone()
        };
        let waiting = || {
            let report = service.reporter().get("/api/v1/reports/review").ok();
            let rows = report["tables"][0]["rows"].as_array().unwrap().clone();
            let of = |label: &str| {
                let row = rows.iter().find(|row| row[0]["value"] == label);
                row.unwrap()[6]["value"].clone()
            };
            [of("書類確認中"), of("筆記試験の結果待ち")]
        };
        let asked = [
            "documents=under_review",
            "exam=paid",
            "certification=lapsed",
        ];
        let counts = || asked.map(total);
        // Both wait for a result of the exam.
        eventually(&[json!(1), json!(2), json!(0)], counts);
        eventually(&[json!(1), json!(2)], waiting);
        let desk = Desk::new(&secretariat, &yoko.id);
        let told = json!({ "explanation": "お手続きがなかったため、失効といたしました。" });
        service.approved(&desk.judge("/certification/lapse", &told));
        eventually(&[json!(0), json!(1), json!(1)], counts);
        eventually(&[json!(0), json!(1)], waiting);
        assert_eq!(csv_line(&secretariat, "未確認の書類"), "0");

        let browser = Browser::of(service);
        let first = browser.page("/");
        assert_told(&first, "main", &["書類確認中 0 件", "失効 1 件"]);
        let filtered = browser.page("/desk/applications?documents=under_review");
        assert_told(&filtered, "main", &["失効を除く"]);

        // 筆記試験のみ: nobody asks for units.
        let list = browser.page("/desk/applications");
        let units = parts(&list, "td[data-label=認められた単位]");
        assert_eq!(units.iter().filter(|units| units.is_empty()).count(), 1);
        let csv = secretariat.get("/desk/applications.csv").text;
        let line = csv.lines().find(|line| line.contains("9000003")).unwrap();
        let cells: Vec<&str> = line.split(',').map(|cell| cell.trim_matches('"')).collect();
        assert_eq!(cells[10..12], ["", ""], "{line}");
        let application = format!("/desk/applications/{FIRST_TO_THIRD}.9000003");
        for page in [application.clone(), format!("{application}/moment")] {
            let main = parts(&browser.page(&page), "main, aside").concat();
            assert!(!main.contains("認められた単位"), "{page}: {main}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_spells_a_deadline_as_every_page_does() {
    each_service(async |service| {
        service.applicant("9000001", FOURTH, "documents_and_exam");
        let deadline = "2026年7月31日(金) 24:00";
        let secretariat = service.secretariat();
        let closes = || match secretariat.get("/api/v1/applications").ok()["total"].as_i64() {
            Some(1) => csv_line(&secretariat, "期限"),
            _ => String::new(),
        };
        eventually(&deadline.to_owned(), closes);
        let reporter = service.reporter();
        let file = || {
            let file = reporter.get("/api/v1/report-lists/reminders/file?format=csv");
            file.text.contains(deadline)
        };
        eventually(&true, file);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_shows_each_applications_own_labels_and_no_documents_to_check_without_documents() {
    each_service(async |service| {
        let yoko = completed(service);
        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &yoko.id);
        desk.put(
            "/review/labels",
            &json!({ "labels": ["要相談", "証明書待ち"] }),
        )
        .ok();
        let browser = Browser::of(service);
        let labels = || {
            let list = browser.page("/desk/applications");
            parts(&list, "td[data-label=ラベル] .tag")
        };
        let set = ["要相談", "証明書待ち"].map(str::to_owned);
        let sorted = || {
            let mut labels = labels();
            labels.sort();
            labels
        };
        let mut set: Vec<String> = set.into();
        set.sort();
        eventually(&set, sorted);
        // 会員番号 is not broken into two lines, also where it stands first.
        let members = browser.page("/report-lists/members");
        let numbers = parts(&members, "tbody th");
        assert!(!numbers.is_empty());
        assert_eq!(parts(&members, "tbody th.whole"), numbers);
        // 筆記試験のみ has no documents that anybody could check.
        let misaki = Applicant::new(service.member("9000003"), FIRST_TO_THIRD, "9000003");
        misaki.apply("exam_only").created();
        let unchecked = || {
            let page = secretariat
                .get("/api/v1/applications?exam=paid&sort=member&order=desc")
                .ok();
            page["applications"][0]["unchecked"].clone()
        };
        eventually(&json!(0), unchecked);
        let list = browser.page("/desk/applications");
        assert_told(&list, "main", &["9000003"]);
        assert_eq!(list.matches("未確認の書類").count(), 1, "that of 9000001");
        // Nothing in the menu leads to JSON but the API's own page.
        let menu = browser.page("/");
        assert!(menu.contains("/desk/applications") && !menu.contains("/api/v1/programs"));
    })
    .await;
}
