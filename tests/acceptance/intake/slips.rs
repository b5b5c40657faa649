//! Files as spreadsheets and other systems leave them: what is understood, what waits for a person, and what a person corrected.

use serde_json::{Value, json};

use super::pages::{Browser, hidden, place};
use super::{ATTENDANCE, Desk, PAYMENTS, events, text};
use crate::service::{TestService, each_service, eventually};

const MEMBERS: &str = include_str!("../../../api/src/demonstration/members.csv");

/// The header and the row of a member of the demonstration, with other texts in some columns.
fn row(member: &str, changes: &[(&str, &str)]) -> Vec<String> {
    let mut lines = MEMBERS.lines();
    let columns: Vec<_> = lines
        .next()
        .unwrap()
        .trim_start_matches('\u{FEFF}')
        .split(',')
        .collect();
    let line = lines.find(|line| line.starts_with(member)).unwrap();
    let mut fields: Vec<_> = line.split(',').map(str::to_owned).collect();
    for (column, text) in changes {
        let place = columns.iter().position(|name| name == column).unwrap();
        (*text).clone_into(&mut fields[place]);
    }
    fields
}

pub fn file(rows: &[Vec<String>]) -> String {
    let header = MEMBERS
        .trim_start_matches('\u{FEFF}')
        .lines()
        .next()
        .unwrap()
        .to_owned();
    let lines = rows.iter().map(|row| row.join(","));
    std::iter::once(header)
        .chain(lines)
        .fold(String::new(), |file, line| file + &line + "\r\n")
}

/// A new member like 臨床 瘍子, with a number, a 医籍登録番号 and an address of the own.
pub fn newcomer(number: &str, changes: &[(&str, &str)]) -> Vec<String> {
    let mail = format!("new{number}@example.jp");
    let mut all = vec![
        ("会員番号", number),
        ("医籍登録番号", number),
        ("メールアドレス", mail.as_str()),
    ];
    all.extend(changes);
    row("9000001", &all)
}

pub fn held(desk: &Desk) -> Vec<Value> {
    let answer = desk.person.get("/api/v1/imports/held").ok();
    answer["rows"].as_array().unwrap().clone()
}

fn decide(desk: &Desk, row: &Value, take: bool) {
    let path = format!("/api/v1/imports/held/{}", text(&row["id"]));
    let body = json!({ "take": take, "reason": "会員名簿と照合済み", "digest": row["digest"] });
    let answer = desk.person.post(&path).json(&body).send();
    assert_eq!(answer.status, 204, "{answer:?}");
}

fn counts(report: &Value) -> [i64; 4] {
    ["recorded", "unchanged", "bad", "held"].map(|count| report[count].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c08_rows_without_their_empty_last_fields_are_read_and_told() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let mut rows: Vec<_> = (0..17)
            .map(|n| newcomer(&format!("91000{n:02}"), &[]))
            .collect();
        for row in rows.iter_mut().take(16) {
            row.pop();
        }
        rows[3].truncate(22);
        rows[16].push("多".to_owned());
        let report = desk.look("members", &file(&rows));
        assert_eq!(counts(&report), [16, 0, 1, 0], "{report}");
        let notice = text(&report["notices"][0]);
        assert!(
            notice.contains("16行ありました") && notice.contains("2行目"),
            "{notice}"
        );
        assert!(text(&report["reported"][0]["message"]).contains("列の数が見出しより多く"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_cut_short_waits_where_it_would_empty_what_is_known() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let whole = newcomer("9100050", &[("筆記試験合格年度", "")]);
        desk.import("members", &file(std::slice::from_ref(&whole)));
        let mut cut = whole.clone();
        cut.truncate(17);
        let cut = file(&[cut]);
        for report in [desk.look("members", &cut), desk.import("members", &cut)] {
            assert_eq!(counts(&report), [0, 0, 0, 1], "{report}");
            let said = text(&report["reported"][0]["message"]);
            assert!(said.contains("登録されている内容が消えます"), "{said}");
        }
        let mut last_empty = whole;
        last_empty.pop();
        let report = desk.import("members", &file(&[last_empty]));
        assert_eq!(counts(&report), [0, 1, 0, 0], "{report}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c09_dates_and_amounts_are_understood_as_exports_write_them() {
    each_service(async |service| {
        let desk = Desk::of(service);
        for (date, bad) in [
            ("1974/05/03 0:00:00", 0),
            ("1974-05-03T00:00:00", 0),
            ("1974年5月3日（金）", 0),
            ("27152", 1),
        ] {
            let report = desk.look("members", &file(&[row("9000001", &[("生年月日", date)])]));
            assert_eq!(report["bad"], bad, "{date}: {report}");
            assert_eq!(report["unchanged"], 1 - bad, "{date}: {report}");
            if bad == 1 {
                assert!(text(&report["reported"][0]["message"]).contains("シリアル値"));
            }
        }
        for (number, amount) in ["¥22,000", "￥22000", "22000.00", "２２，０００円"]
            .iter()
            .enumerate()
        {
            let file =
                format!("{PAYMENTS}A{number},9000001,受験料,\"{amount}\",2026/6/2 10:23,ﾘﾝｼﾖｳ\r\n");
            assert_eq!(desk.look("payments", &file)["recorded"], 1, "{amount}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c10_what_is_more_likely_a_slip_than_news_waits_for_a_person() {
    each_service(async |service| {
        let desk = Desk::of(service);
        desk.import(
            "members",
            &file(&[newcomer("0123456", &[("専門医認定番号", "0500026")])]),
        );
        let before = events(service).await;
        for (changes, number) in [
            (vec![("専門医認定番号", "500026")], "0123456"),
            (
                vec![("専門医認定番号", "0500026"), ("医籍登録番号", "0999999")],
                "0123456",
            ),
            (
                vec![
                    ("専門医認定番号", "0500026"),
                    ("メールアドレス", "MEMBER9000003@example.jp"),
                ],
                "0123456",
            ),
            (vec![], "123456"),
        ] {
            let slip = file(&[newcomer(number, &changes)]);
            let look = desk.look("members", &slip);
            assert_eq!(counts(&look), [0, 0, 0, 1], "{changes:?}: {look}");
            let report = desk.import("members", &slip);
            assert_eq!(counts(&report), [0, 0, 0, 1], "{changes:?}: {report}");
            assert!(text(&report["reported"][0]["message"]).contains("確認待ち"));
            // Once more, it is the same row that waits.
            desk.import("members", &slip);
        }
        assert_eq!(events(service).await, before, "nothing was recorded");
        let waiting = held(&desk);
        assert_eq!(waiting.len(), 4, "{waiting:?}");
        assert_eq!(waiting[1]["others"], json!(["9000001"]));
        assert_eq!(waiting[3]["others"], json!(["0123456"]));
        let home = desk.person.get("/").text;
        assert!(home.contains("取込の確認待ち"), "{home}");

        // One is right after all, and can be taken back with its file.
        decide(&desk, &waiting[2], true);
        assert_eq!(events(service).await, before + 1);
        let told = desk.taken_back(&waiting[2]["import"]);
        assert_eq!(told.len(), 1, "{told:?}");
        // The others are not, and stay so when the file comes again.
        for row in [&waiting[0], &waiting[1], &waiting[3]] {
            decide(&desk, row, false);
        }
        assert!(held(&desk).is_empty());
        let again = desk.import("members", &file(&[newcomer("123456", &[])]));
        assert_eq!(
            (&again["kept"], &again["held"]),
            (&json!(1), &json!(0)),
            "{again}"
        );
        let reason = json!({ "take": true, "reason": "もう一度", "digest": waiting[0]["digest"] });
        let path = format!("/api/v1/imports/held/{}", text(&waiting[0]["id"]));
        desk.person
            .post(&path)
            .json(&reason)
            .send()
            .refused(404, "not-found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_a_file_that_is_taken_back_wait_for_nobody() {
    each_service(async |service| {
        let desk = Desk::of(service);
        desk.import("members", &file(&[newcomer("0000777", &[])]));
        let wrong = file(&[newcomer("8490001", &[]), newcomer("777", &[])]);
        let run = desk.import("members", &wrong);
        let waiting = held(&desk);
        assert_eq!(waiting.len(), 1);
        desk.taken_back(&run["id"]);
        assert!(held(&desk).is_empty());
        let path = format!("/api/v1/imports/held/{}", text(&waiting[0]["id"]));
        let body = json!({ "take": true, "reason": "照合済み", "digest": waiting[0]["digest"] });
        desk.person
            .post(&path)
            .json(&body)
            .send()
            .refused(404, "not-found");
        // In the right file it waits again.
        desk.import("members", &file(&[newcomer("777", &[])]));
        assert_eq!(held(&desk).len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_waits_is_not_taken_over_what_came_after_it_was_shown() {
    each_service(async |service| {
        let desk = Desk::of(service);
        desk.import(
            "members",
            &file(&[newcomer("0123456", &[("専門医認定番号", "0500026")])]),
        );
        let slip = |place: &str| {
            let changes = [("専門医認定番号", "500026"), ("施設名", place)];
            file(&[newcomer("0123456", &changes)])
        };
        desk.import("members", &slip("六月の病院"));
        desk.import("members", &slip("八月の病院"));
        let shown = held(&desk);
        let (june, august) = (&shown[0], &shown[1]);
        decide(&desk, august, true);
        let path = format!("/api/v1/imports/held/{}", text(&june["id"]));
        let body = json!({ "take": true, "reason": "照合済み", "digest": june["digest"] });
        let refused = desk.person.post(&path).json(&body).send();
        refused.refused(409, "wrong-state");
        let now = held(&desk);
        let changes = now[0]["changes"].to_string();
        assert!(changes.contains("八月の病院"), "{changes}");
        decide(&desk, &now[0], false);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c10_a_code_is_undressed_and_what_is_none_waits_by_the_name_of_its_column() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let known = [
            ("専門医認定番号", "0500777"),
            ("医籍登録番号", "8450001"),
            ("自宅電話", "011-222-3333"),
            ("専門分野", ""),
        ];
        desk.import("members", &file(&[newcomer("9450001", &known)]));
        let with = |changes: &[(&str, &str)]| {
            let all: Vec<_> = known.iter().chain(changes).copied().collect();
            desk.look("members", &file(&[newcomer("9450001", &all)]))
        };
        let dressed = [
            ("専門医認定番号", "=\"0500777\""),
            ("医籍登録番号", "第8450001号"),
            ("自宅電話", "'011-222-3333"),
            ("専門分野", "NULL"),
        ];
        assert_eq!(counts(&with(&dressed)), [0, 1, 0, 0]);
        for (column, other, of_another) in [
            ("医籍登録番号", "999999.0", "別の会員のもの"),
            ("医籍登録番号", "第999999号", "別の会員のもの"),
            ("専門医認定番号", "500777.0", "先頭の0"),
            ("自宅電話", "112223333", "先頭の0"),
            (
                "施設郵便番号",
                "1050013番",
                "施設郵便番号 が、7桁の郵便番号",
            ),
            ("医籍登録番号", "A-12", "医籍登録番号 が、数字だけの番号"),
            ("医籍登録日", "", "どちらかが空欄"),
        ] {
            let look = with(&[(column, other)]);
            assert_eq!(counts(&look), [0, 0, 0, 1], "{column} {other}: {look}");
            let message = text(&look["reported"][0]["message"]);
            assert!(message.contains(of_another), "{column} {other}: {message}");
        }
        let rounded = with(&[("医籍登録番号", "8.45E+06")]);
        assert_eq!(counts(&rounded), [0, 0, 1, 0], "{rounded}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c10_a_row_is_decided_on_its_page_with_a_reason() {
    each_service(async |service| {
        let (desk, browser) = (Desk::of(service), Browser::of(service));
        desk.import("members", &file(&[newcomer("0000777", &[])]));
        desk.import("members", &file(&[newcomer("777", &[])]));
        let page = browser.page("/desk/imports/held");
        assert!(
            page.contains("会員 777") && page.contains("0000777"),
            "{page}"
        );
        let path = format!("/desk/imports/held/{}", text(&held(&desk)[0]["id"]));
        let digest = hidden(&page, "digest");
        let press = |reason: &str| {
            let fields = [
                ("decision", "take"),
                ("reason", reason),
                ("digest", &digest),
            ];
            browser.post(&path, &fields)
        };
        let refused = press("");
        assert_eq!(refused.status, 422, "{refused:?}");
        let done = press("別の方と確認済み");
        assert!(browser.page(&place(&done)).contains("取り込みました"));
        assert!(held(&desk).is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c04_addresses_that_cannot_be_written_to_are_told_and_counted() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let rows: Vec<_> = [
            ("9400001", "taro.@docomo.ne.jp"),
            ("9400003", "山田太郎 <hanako@example.jp>"),
            ("9400007", "jiro@example.jp\u{200B}"),
            ("9400009", "a@example.jp；b@example.jp"),
            ("9400011", "suzuki 21@example.jp"),
        ]
        .iter()
        .map(|(number, mail)| newcomer(number, &[("メールアドレス", *mail)]))
        .collect();
        let report = desk.import("members", &file(&rows));
        assert_eq!(counts(&report), [5, 0, 0, 0], "{report}");
        let notices = report["notices"].to_string();
        assert!(
            notices.contains("5行目 メールアドレス") && !notices.contains("4行目"),
            "{notices}"
        );
        let told = desk.rows(&report["id"]);
        assert!(told[3].2.contains("2つ以上"), "{told:?}");
        assert!(told[4].2.contains("使用できません"), "{told:?}");
        let count = || {
            let home = desk.person.get("/").text;
            let line = home
                .split("メールを送信できない会員")
                .nth(1)
                .unwrap()
                .to_owned();
            line.contains(">2 件")
        };
        eventually(&true, count);
        let list = desk.person.get("/desk/unmailable-members").text;
        assert!(
            list.contains("9400009") && !list.contains("9400001"),
            "{list}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c11_private_use_characters_are_told_with_line_and_column() {
    let database = crate::databases::TestDatabase::sqlite().await;
    let service = TestService::on(&database).await;
    let desk = Desk::of(&service);
    let text_of = file(&[newcomer(
        "9700003",
        &[("氏名", "？田　太郎"), ("施設名", "？田病院")],
    )]);
    let (cp932, _, _) = encoding_rs::SHIFT_JIS.encode(&text_of);
    // The first character of the private area of CP932.
    let question = encoding_rs::SHIFT_JIS.encode("？").0.into_owned();
    let mut bytes = cp932.into_owned();
    while let Some(at) = bytes.windows(2).position(|two| two == question) {
        bytes.splice(at..at + 2, [0xF0, 0x40]);
    }
    let answer = desk
        .person
        .post("/api/v1/imports/members")
        .bytes("text/csv", bytes)
        .send()
        .ok();
    assert_eq!(answer["recorded"], 1, "{answer}");
    let notices = answer["notices"].to_string();
    assert!(
        notices.contains("2行目 氏名") && notices.contains("2行目 施設名"),
        "{notices}"
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_entered_or_took_back_is_not_undone_by_the_same_file() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let attended = |code: &str, units: u32| {
            format!("9000001,{code},名,A,2024/04/01,2024/04/02,{units},出席\r\n")
        };
        let both = format!("{ATTENDANCE}{}{}", attended("N1", 10), attended("N2", 10));
        desk.import("seminar-attendance", &both);
        let back = json!({ "code": "N1", "first_day": "2024-04-01", "reason": "代理受講のため" });
        let path = "/api/v1/members/9000001/attendance-retractions";
        desk.person.post(path).json(&back).send().ok();
        let entered = json!({
            "code": "N2", "name": "名", "kind": "A", "first_day": "2024-04-01", "last_day": "2024-04-02", "units": "5",
            "reason": "受講証明書により確認",
        });
        let path = "/api/v1/members/9000001/attendance";
        desk.person.post(path).json(&entered).send().ok();
        let before = events(service).await;
        let absent = format!("{ATTENDANCE}9000001,N2,名,A,2024/04/01,2024/04/02,5,欠席\r\n");
        for (file, kept) in [(&both, 2), (&absent, 1)] {
            let report = desk.import("seminar-attendance", file);
            assert_eq!((&report["kept"], &report["recorded"]), (&json!(kept), &json!(0)), "{report}");
            assert!(text(&report["reported"][0]["message"]).contains("手で登録または取り消した"));
        }
        // Nor by a file that writes the code in other letters, or names another day.
        for (code, day) in [("n1", 1), ("Ｎ1", 2), ("n2", 1), ("N2", 3)] {
            let row = format!("9000001,{code},名,A,2024/04/0{day},2024/04/04,10,出席\r\n");
            let report = desk.import("seminar-attendance", &format!("{ATTENDANCE}{row}"));
            assert_eq!((&report["kept"], &report["recorded"]), (&json!(1), &json!(0)), "{report}");
        }
        assert_eq!(events(service).await, before);
        let known = desk.person.get(path).ok().to_string();
        assert!(!known.contains("N1") && known.contains("\"units\":5"), "{known}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_seminar_in_two_descriptions_is_told_within_the_file_and_beside_what_is_recorded() {
    each_service(async |service| {
        let desk = Desk::of(service);
        let row = |member: &str, units: u32| {
            format!("{member},N1,名,A,2024/04/01,2024/04/02,{units},出席\r\n")
        };
        let file = format!("{ATTENDANCE}{}{}", row("9000001", 10), row("9000002", 15));
        let report = desk.import("seminar-attendance", &file);
        assert_eq!(report["recorded"], 2, "{report}");
        let notices = report["notices"].to_string();
        assert!(notices.contains("2行目と3行目（単位）"), "{notices}");
        let look = desk.look(
            "seminar-attendance",
            &format!("{ATTENDANCE}{}", row("9000003", 20)),
        );
        let notices = look["notices"].to_string();
        assert!(
            notices.contains("登録済みの出席と異なる") && notices.contains("2行目（単位）"),
            "{notices}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_makes_other_persons_of_many_members_asks_for_a_word_first() {
    each_service(async |service| {
        let (desk, browser) = (Desk::of(service), Browser::of(service));
        let numbers: Vec<_> = (0..12).map(|n| format!("95000{n:02}")).collect();
        let right: Vec<_> = numbers.iter().map(|number| newcomer(number, &[])).collect();
        let report = desk.import("members", &file(&right));
        assert_eq!(
            (&report["new"], &report["changed"]),
            (&json!(12), &json!(0)),
            "{report}"
        );
        let slipped: Vec<_> = numbers
            .iter()
            .enumerate()
            .map(|(n, number)| {
                let name = format!("別人{n}");
                let changes = [("氏名", name.as_str())];
                newcomer(number, changes.get(..usize::from(n < 10)).unwrap())
            })
            .collect();
        let slipped = file(&slipped);
        let before = events(service).await;
        let look = desk.look("members", &slipped);
        assert_eq!(
            (&look["new"], &look["changed"], &look["unchanged"]),
            (&json!(0), &json!(10), &json!(2)),
            "{look}"
        );
        let refused = desk.send("members", &slipped);
        refused.refused(422, "invalid");
        assert!(
            refused
                .text
                .contains("10人の氏名または生年月日が変わります"),
            "{}",
            refused.text
        );
        let check = place(&browser.upload("members", slipped.as_bytes()));
        let page = browser.page(&check);
        assert!(
            page.contains("10人の氏名または生年月日") && page.contains(">変更<"),
            "{page}"
        );
        let digest = hidden(&page, "digest");
        let again = browser.post(&format!("{check}/send"), &[("digest", digest.as_str())]);
        assert_eq!(again.status, 422, "{again:?}");
        assert_eq!(
            events(service).await,
            before,
            "nothing was recorded without it"
        );
        let run = place(&browser.post(
            &format!("{check}/send"),
            &[("digest", digest.as_str()), ("confirmed", "yes")],
        ));
        assert!(browser.page(&run).contains("完了"));
        assert_eq!(events(service).await, before + 10);
        let back = desk.send("members?confirmed=true", &file(&right)).ok();
        assert_eq!(back["changed"], 10, "{back}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_named_by_what_it_is() {
    let database = crate::databases::TestDatabase::sqlite().await;
    let service = TestService::on(&database).await;
    let desk = Desk::of(&service);
    let tabs = file(&[newcomer("9600001", &[])]).replace(',', "\t");
    let semicolons = file(&[newcomer("9600001", &[])]).replace(',', ";");
    for (bytes, named) in [
        (tabs.into_bytes(), "タブ区切り"),
        (semicolons.into_bytes(), "セミコロン区切り"),
        (b"<html><table></table></html>".to_vec(), "HTML"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest".to_vec(), ".xls"),
        (b"PK\x03\x04rest".to_vec(), "xlsx"),
    ] {
        let answer = desk
            .person
            .post("/api/v1/imports/members")
            .bytes("text/csv", bytes)
            .send();
        assert_eq!(answer.status, 422, "{named}: {answer:?}");
        assert!(answer.text.contains(named), "{named}: {}", answer.text);
    }
    service.stop().await;
}
