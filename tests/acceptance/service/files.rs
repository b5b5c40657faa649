//! What the society's other systems send, as the secretariat imports it.

use serde_json::{Value, json};

use super::Person;

/// A file of a kind in the encoding of those systems.
#[track_caller]
pub fn import(secretariat: &Person, kind: &str, file: &str) -> Value {
    let (cp932, _, lost) = encoding_rs::SHIFT_JIS.encode(file);
    assert!(!lost);
    let report = secretariat
        .post(&format!("/api/v1/imports/{kind}"))
        .bytes("text/csv", cp932.into_owned())
        .send()
        .ok();
    assert_eq!(report["reported"], json!([]), "{report}");
    report
}

/// 受験料
#[track_caller]
pub fn payment(secretariat: &Person, transaction: &str, member: &str) {
    let header = "取引番号,会員番号,費目,金額,入金日,振込名義カナ\r\n";
    let row = format!("{transaction},{member},受験料,22000,2026/06/03,ﾘﾝｼﾖｳ\r\n");
    let report = import(secretariat, "payments", &format!("{header}{row}"));
    assert_eq!(report["recorded"], 1, "{report}");
}

/// 欠席 at seminars that were recorded as attended.
#[track_caller]
pub fn absences(secretariat: &Person, member: &str, seminars: &[&str]) {
    let header = "会員番号,セミナーコード,セミナー名,区分,開始日,終了日,単位,出欠\r\n".to_owned();
    let file = seminars.iter().fold(header, |file, seminar| {
        file + member + "," + seminar + ",欠席\r\n"
    });
    let report = import(secretariat, "seminar-attendance", &file);
    assert_eq!(report["recorded"], seminars.len(), "{report}");
}

/// The seminars of 佐藤 健 of the demonstration but for one of ten units: the manual's 現在 10 単位.
pub const ALL_BUT_ONE_OF_9000004: [&str; 4] = [
    "BOA2024,Best of ASCO 2024 in Japan,BOA,2024/07/06,2024/07/07,15",
    "BOA2023,Best of ASCO 2023 in Japan,BOA,2023/07/08,2023/07/09,10",
    "ES40A,第40回教育セミナーAセッション,A,2024/04/01,2024/09/30,10",
    "ES2024B,2024年度教育セミナーBセッション,B,2024/01/01,2024/12/31,10",
];

/// A member of the demonstration at another hospital, with 連絡先 there.
#[track_caller]
pub fn member_moved(secretariat: &Person, member: &str) {
    let members = include_str!("../../../api/src/demonstration/members.csv");
    let header = members.lines().next().unwrap();
    let row = members
        .lines()
        .find(|line| line.starts_with(member))
        .unwrap();
    let moved = row
        .replace("JSMO がんセンター", "中央総合病院")
        .replace("自宅,150", "所属,150");
    let report = secretariat
        .post("/api/v1/imports/members")
        .bytes("text/csv", format!("{header}\r\n{moved}\r\n").into_bytes())
        .send()
        .ok();
    assert_eq!(report["recorded"], 1, "{report}");
}

/// New members with the record and the seminars of 臨床 瘍子, each with a 医籍登録番号 and an address of the own.
#[track_caller]
pub fn members_like_yoko(secretariat: &Person, numbers: &[String]) {
    members_like(secretariat, "9000001", numbers);
}

/// The same like any member of the demonstration.
#[track_caller]
pub fn members_like(secretariat: &Person, like: &str, numbers: &[String]) {
    for (kind, file) in [
        (
            "members",
            include_str!("../../../api/src/demonstration/members.csv"),
        ),
        (
            "seminar-attendance",
            include_str!("../../../api/src/demonstration/seminar-attendance.csv"),
        ),
    ] {
        let mut lines = file.lines();
        let header = lines.next().unwrap();
        let registration = header
            .split(',')
            .position(|column| column == "医籍登録番号");
        let mut copies = vec![header.to_owned()];
        for line in lines.filter(|line| line.split(',').next() == Some(like)) {
            let of = |number: &String| {
                let mut cells: Vec<String> = line
                    .split(',')
                    .map(|cell| cell.replace(like, number))
                    .collect();
                // Nobody else's, where there is one at all.
                if let Some(place) = registration
                    && !cells[place].is_empty()
                {
                    cells[place].clone_from(number);
                }
                cells.join(",")
            };
            copies.extend(numbers.iter().map(of));
        }
        assert!(copies.len() > numbers.len(), "{kind}");
        let report = secretariat
            .post(&format!("/api/v1/imports/{kind}"))
            .bytes("text/csv", copies.join("\r\n").into_bytes())
            .send()
            .ok();
        assert_eq!(report["reported"], json!([]), "{report}");
    }
}
