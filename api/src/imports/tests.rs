use domain::{
    application::ExamOutcome,
    calendar::FiscalYear,
    member::{Contact, MemberCommand, MemberRecord, PaymentItem, SeminarKind},
};
use jiff::civil::date;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{net_effect::Fact, *};

const ATTENDANCE: &str = "会員番号,セミナーコード,セミナー名,区分,開始日,終了日,単位,出欠\r\n";
const PAYMENTS: &str = "取引番号,会員番号,費目,金額,入金日,振込名義カナ\r\n";

/// A member's row that is good, with other texts in some columns.
fn member_file(changes: &[(&str, &str)]) -> String {
    let good = [
        "1000001",
        "葛󠄀城　𠮷子",
        "カツラギ　ヨシコ",
        "女",
        "1978/10/18",
        "所属",
        "650-0017",
        "兵庫県神戸市中央区楠町7丁目5−2",
        "０３－1234－5678",
        "",
        "市立医療センター",
        "乳腺外科",
        "980-8574",
        "宮城県仙台市青葉区星陵町1番1号",
        "03-6809-1250",
        "03-6809-1138",
        "member@example.jp",
        "1983/04/20",
        "031260",
        "腫瘍内科",
        "1996/01/01",
        "2025",
        "0500000",
        "2006/04/01",
        "2021/04/01",
        "2026/03/31",
        "",
    ];
    let row: Vec<_> = members::COLUMNS
        .iter()
        .zip(good)
        .map(|(column, text)| {
            let change = changes.iter().find(|(name, _)| name == column);
            change.map_or(text, |(_, changed)| changed)
        })
        .collect();
    format!("{}\r\n{}\r\n", members::COLUMNS.join(","), row.join(","))
}

/// As on the day on which the demonstration begins.
fn read(kind: Kind, file: &[u8], dry_run: bool) -> Result<ReadFile, Unusable> {
    let bounds = Bounds {
        today: date(2026, 6, 3),
        most_units: 99,
    };
    super::read(kind, file, dry_run, bounds)
}

fn read_text(kind: Kind, text: &str) -> ReadFile {
    read(kind, text.as_bytes(), false).unwrap()
}

fn record(changes: &[(&str, &str)]) -> MemberRecord {
    let file = read_text(Kind::Members, &member_file(changes));
    assert_eq!(file.report.reported, []);
    match &file.rows[0].row.fact {
        Fact::Member(MemberCommand::ImportRecord(record)) => (**record).clone(),
        other => panic!("{other:?}"),
    }
}

/// Line, outcome and sentence of the only row that is reported.
fn only_report(kind: Kind, text: &str) -> (usize, Outcome, String) {
    let file = read_text(kind, text);
    assert_eq!(file.report.reported.len(), 1, "{:?}", file.report.reported);
    let row = &file.report.reported[0];
    (row.line, row.outcome, row.message.clone())
}

fn bad_member(changes: &[(&str, &str)]) -> String {
    let (line, outcome, message) = only_report(Kind::Members, &member_file(changes));
    assert_eq!((line, outcome), (2, Outcome::Bad));
    message
}

fn bad_attendance(row: &str) -> String {
    let (line, outcome, message) =
        only_report(Kind::SeminarAttendance, &format!("{ATTENDANCE}{row}\r\n"));
    assert_eq!((line, outcome), (2, Outcome::Bad));
    message
}

fn bad_payment(row: &str) -> String {
    let (line, outcome, message) = only_report(Kind::Payments, &format!("{PAYMENTS}{row}\r\n"));
    assert_eq!((line, outcome), (2, Outcome::Bad));
    message
}

fn quoted_columns() -> Vec<String> {
    let columns = members::COLUMNS.iter();
    columns.map(|column| format!("\"{column}\"")).collect()
}

fn unusable(kind: Kind, file: &[u8]) -> Unusable {
    read(kind, file, false).err().unwrap()
}

#[test]
fn a_member_is_read_with_the_name_code_point_for_code_point_and_codes_in_half_width() {
    let record = record(&[]);
    assert_eq!(record.number.as_str(), "1000001");
    assert_eq!(record.name, "葛\u{E0100}城\u{3000}𠮷子");
    assert_eq!(record.home.phone, "03-1234-5678");
    assert_eq!(record.home.address, "兵庫県神戸市中央区楠町7丁目5−2");
    assert_eq!(record.contact, Contact::Workplace);
    let certification = record.certification.unwrap();
    assert_eq!(certification.number, "0500000");
    assert_eq!(certification.valid_until, date(2026, 3, 31));
    assert_eq!(record.medical_registration.unwrap().number, "031260");
    assert_eq!(record.dues_paid_year, Some(FiscalYear(2025)));
    assert_eq!(record.exam_passed_year, None);
}

#[test]
fn a_name_keeps_even_the_spaces_at_its_ends() {
    assert_eq!(record(&[("氏名", " 髙﨑　神 ")]).name, " 髙﨑　神 ");
}

#[test]
fn a_member_without_registration_certification_or_dues_is_a_good_row() {
    let record = record(&[
        ("医籍登録日", ""),
        ("医籍登録番号", ""),
        ("専門医認定番号", ""),
        ("初回認定日", ""),
        ("直近認定日", ""),
        ("有効期限", ""),
        ("会費納入年度", ""),
        ("入会日", ""),
        ("生年月日", ""),
        ("連絡先", ""),
    ]);
    assert_eq!(record.medical_registration, None);
    assert_eq!(record.certification, None);
    assert_eq!(record.dues_paid_year, None);
    assert_eq!(record.contact, Contact::Workplace);
}

#[test]
fn a_registration_of_which_half_is_missing_is_kept_and_reported_as_incomplete() {
    for (missing, date, number) in [
        ("医籍登録番号", Some(date(1983, 4, 20)), ""),
        ("医籍登録日", None, "031260"),
    ] {
        let file = read_text(Kind::Members, &member_file(&[(missing, " ")]));
        let record = match &file.rows[0].row.fact {
            Fact::Member(MemberCommand::ImportRecord(record)) => record,
            other => panic!("{other:?}"),
        };
        assert!(!record.is_registered());
        let known = record.medical_registration.clone().unwrap();
        assert_eq!((known.date, known.number.as_str()), (date, number));
        assert!(file.rows[0].remark.contains("どちらかが空欄です"));
        assert!(file.report.notices[0].contains("どちらかが空欄の行がありました"));
    }
}

#[test]
fn what_only_dresses_a_value_up_is_taken_off_in_every_column() {
    let dressed = record(&[
        ("会員番号", "'9000002"),
        ("医籍登録番号", "第468310号"),
        ("専門医認定番号", "'0500777"),
        ("施設郵便番号", "〒060-0001"),
        ("自宅電話", "'011-222-3333"),
        ("専門分野", "NULL"),
        ("施設住所", "\\N"),
        ("施設名", "(null)"),
        ("入会日", "NULL"),
        ("会費納入年度", "2026.0"),
    ]);
    assert_eq!(dressed.number.as_str(), "9000002");
    assert_eq!(dressed.medical_registration.unwrap().number, "468310");
    assert_eq!(dressed.certification.unwrap().number, "0500777");
    assert_eq!(dressed.workplace.place.postal_code, "060-0001");
    assert_eq!(dressed.home.phone, "011-222-3333");
    assert_eq!(dressed.speciality, "");
    assert_eq!(dressed.workplace.place.address, "");
    assert_eq!(dressed.workplace.name, "");
    assert_eq!(dressed.joined_on, None);
    assert_eq!(dressed.dues_paid_year, Some(FiscalYear(2026)));
    let quoted = record(&[("専門医認定番号", "\"=\"\"0500777\"\"\"")]);
    assert_eq!(quoted.certification.unwrap().number, "0500777");
    let plain = record(&[("専門医認定番号", "=\"0500777\"")]);
    assert_eq!(plain.certification.unwrap().number, "0500777");
}

#[test]
fn a_number_that_excel_has_rounded_is_refused_by_the_name_of_its_column() {
    for column in [
        "医籍登録番号",
        "専門医認定番号",
        "自宅電話",
        "施設FAX",
        "自宅郵便番号",
    ] {
        let message = bad_member(&[(column, "8.45E+06")]);
        assert!(
            message.starts_with(&format!("{column} がExcelの指数表示")),
            "{message}"
        );
    }
    assert!(bad_payment("1.23E+15,9000001,審査料,11000,2026/06/01,ヤマダ").contains("取引番号 が"));
}

#[test]
fn days_and_units_that_can_not_be_are_refused() {
    for (column, day) in [
        ("生年月日", "2082/02/08"),
        ("生年月日", "1899/12/31"),
        ("生年月日", "2026/06/04"),
        ("医籍登録日", "2026/06/04"),
    ] {
        let message = bad_member(&[(column, day)]);
        assert!(
            message.contains("今日までの日付"),
            "{column} {day}: {message}"
        );
    }
    assert_eq!(
        record(&[("生年月日", "2026/06/03")]).birth_date,
        Some(date(2026, 6, 3))
    );
    for units in ["99999", "1000", "100"] {
        let message = bad_attendance(&format!(
            "9000001,ES1,名,A,2024/04/01,2024/04/02,{units},出席"
        ));
        assert_eq!(message, "単位 は99以下の数字で入力してください。");
    }
    for day in ["2026/06/04", "2031/03/01", "1900/01/01"] {
        let message = bad_attendance(&format!("9000001,ES1,名,A,{day},2031/03/02,10,出席"));
        assert!(message.starts_with("開始日 は"), "{message}");
    }
    let message = bad_payment("T1,9000001,審査料,11000,1900/01/01,ヤマダ");
    assert!(message.starts_with("入金日 は"), "{message}");
}

#[test]
fn what_nobody_sees_fills_no_required_column() {
    for blank in ["\u{200B}", "\u{FEFF}\u{2060}", "\u{3000}\u{A0}"] {
        assert_eq!(bad_member(&[("氏名", blank)]), "氏名 は必須入力です。");
        let message = bad_attendance(&format!(
            "9000001,{blank},名,A,2024/04/01,2024/04/02,10,出席"
        ));
        assert_eq!(message, "セミナーコード は必須入力です。");
    }
    assert!(bad_member(&[("氏名", "山田\u{FFFE}")]).contains("U+FFFE"));
    assert!(bad_member(&[("氏名", "\"山\n田\"")]).contains("改行"));
}

#[test]
fn a_seminar_code_in_other_letters_is_the_same_seminar() {
    let file = read_text(
        Kind::SeminarAttendance,
        &format!(
            "{ATTENDANCE}9000001,ZZ1,名,A,2024/04/01,2024/04/02,10,出席\r\n9000001,ｚｚ1,名,A,2024/04/01,2024/04/02,15,出席\r\n"
        ),
    );
    assert_eq!(file.rows.len(), 1);
    assert_eq!(file.report.reported[0].outcome, Outcome::Superseded);
}

#[test]
fn half_width_kana_full_width_digits_and_japanese_years_are_understood() {
    let record = record(&[
        ("会員番号", "１０００００２"),
        ("フリガナ", "ｶﾂﾗｷﾞ ﾖｼｺ"),
        ("生年月日", "昭和53年10月18日"),
        ("会費納入年度", "令和7年度"),
    ]);
    assert_eq!(record.number.as_str(), "1000002");
    assert_eq!(record.furigana, "カツラギ　ヨシコ");
    assert_eq!(record.birth_date, Some(date(1978, 10, 18)));
    assert_eq!(record.dues_paid_year, Some(FiscalYear(2025)));
}

#[test]
fn each_mistake_of_a_member_is_named_by_its_column() {
    for (column, text, expected) in [
        (
            "会員番号",
            "",
            "会員番号は半角英数字20文字以内で指定してください。",
        ),
        (
            "会員番号",
            "12 34",
            "会員番号は半角英数字20文字以内で指定してください。",
        ),
        ("氏名", "　", "氏名 は必須入力です。"),
        (
            "連絡先",
            "実家",
            "連絡先 は「自宅」「所属」のいずれかを指定してください。",
        ),
        (
            "生年月日",
            "1978/02/30",
            "生年月日 は存在しない日付です。2026/07/04 のように入力してください。",
        ),
        ("有効期限", "", "有効期限 は必須入力です。"),
        ("専門医認定番号", "", "専門医認定番号 は必須入力です。"),
        (
            "直近認定日",
            "2001/04/01",
            "直近認定日 が初回認定日より前になっています。日付をご確認ください。",
        ),
        (
            "有効期限",
            "2020/03/31",
            "有効期限 が直近認定日より前になっています。日付をご確認ください。",
        ),
        (
            "会費納入年度",
            "納入済",
            "会費納入年度 の年は 1998 または 平成10 のように入力してください。",
        ),
    ] {
        assert_eq!(bad_member(&[(column, text)]), expected, "{column}");
    }
}

#[test]
fn a_row_with_several_mistakes_is_reported_once_with_all_of_them() {
    let message = bad_member(&[("会員番号", ""), ("氏名", ""), ("入会日", "昨日")]);
    assert!(message.contains("会員番号") && message.contains("氏名") && message.contains("入会日"));
}

#[test]
fn a_report_never_quotes_what_stands_in_the_row() {
    for column in members::COLUMNS {
        let file = read_text(Kind::Members, &member_file(&[(column, "秘密\u{1}")]));
        assert_eq!(file.report.bad, 1, "{column}");
        assert!(!file.report.to_string().contains("秘密"), "{column}");
        let file = read_text(Kind::Members, &member_file(&[(column, "秘密")]));
        assert!(!file.report.to_string().contains("秘密"), "{column}");
    }
}

#[test]
fn characters_that_cannot_be_kept_are_refused_and_never_replaced() {
    assert_eq!(
        bad_member(&[("氏名", "田\u{0}中")]),
        "氏名に、表示されない特殊な文字（U+0000）が含まれています。2文字目の前後を入力し直してください。"
    );
    assert_eq!(
        bad_member(&[("氏名", "田\u{FFFD}")]),
        "氏名 に文字化け（U+FFFD）があります。正しい文字に直してから取り込んでください。"
    );
    assert_eq!(
        bad_member(&[("自宅住所", &"あ".repeat(2_001))]),
        "自宅住所 が長すぎます。2000字以内にしてください。"
    );
}

#[test]
fn bytes_of_another_encoding_cost_their_row_only() {
    let row = |number| format!("{number},E1,名,A,2024/04/01,2024/04/02,10,出席\r\n");
    let mut utf8 = format!("{ATTENDANCE}{}2", row(1)).into_bytes();
    utf8.extend(b",E1,\x91\xE6,A,2024/04/01,2024/04/02,10,\x8Fo\x90\xC8\r\n");
    utf8.extend(row(3).as_bytes());
    let file = read(Kind::SeminarAttendance, &utf8, false).unwrap();
    assert_eq!(file.rows.len(), 2);
    assert_eq!(file.report.encoding, Encoding::Utf8);
    let reported = &file.report.reported[0];
    assert_eq!((reported.line, reported.outcome), (3, Outcome::Bad));
    assert_eq!(
        reported.message,
        "セミナー名 に UTF-8 として読めない文字があります。元のシステムから出力し直してください。"
    );

    let mut cp932 = encoding_rs::SHIFT_JIS
        .encode(&format!("{ATTENDANCE}{}", row(1)))
        .0
        .into_owned();
    cp932.extend(b"2,E1,\xFF,A,2024/04/01,2024/04/02,10,\x8Fo\x90\xC8\r\n");
    let file = read(Kind::SeminarAttendance, &cp932, false).unwrap();
    assert_eq!(file.report.encoding, Encoding::Cp932);
    assert_eq!((file.rows.len(), file.report.bad), (1, 1));
}

#[test]
fn the_wave_dash_of_windows_is_kept_as_it_came() {
    let mut file = encoding_rs::SHIFT_JIS.encode(ATTENDANCE).0.into_owned();
    file.extend(b"1,E1,A\x81\x60B\x87\x40,A,2024/04/01,2024/04/02,10,\x8Fo\x90\xC8\r\n");
    let file = read(Kind::SeminarAttendance, &file, false).unwrap();
    let Fact::Member(MemberCommand::RecordAttendance(attendance)) = &file.rows[0].row.fact else {
        panic!("{:?}", file.report.reported);
    };
    assert_eq!(attendance.name, "A～B①");
}

#[test]
fn columns_stand_in_any_order_and_unknown_ones_are_ignored_with_a_notice() {
    let file = read_text(
        Kind::Payments,
        "備考,振込名義カナ,入金日,金額,費目,会員番号,取引番号,\r\nx,ｻﾄｳ,2026/6/1,\"11,000円\",受験料,1,T1,\r\n",
    );
    assert_eq!(file.report.reported, []);
    assert_eq!(
        file.report.notices,
        ["取り込みの対象でない列がありました: 備考"]
    );
    let Fact::Member(MemberCommand::ReceivePayment(payment)) = &file.rows[0].row.fact else {
        panic!();
    };
    assert_eq!(payment.item, PaymentItem::ExamFee);
    assert_eq!(payment.amount_yen, 11_000);
    assert_eq!(payment.payer.value, "サトウ");
}

#[test]
fn a_file_without_its_columns_is_refused_whole() {
    assert_eq!(
        unusable(Kind::Payments, "取引番号,会員番号,費目,金額\r\n".as_bytes()).to_string(),
        "見出しに必要な列がありません: 入金日、振込名義カナ。別の種類のファイルでないかご確認ください。"
    );
    assert_eq!(
        unusable(Kind::Members, ATTENDANCE.as_bytes()),
        Unusable::ColumnsMissing(
            members::COLUMNS
                .iter()
                .copied()
                .filter(|column| *column != "会員番号")
                .collect()
        )
    );
    let twice = format!("金額,{PAYMENTS}");
    assert_eq!(
        unusable(Kind::Payments, twice.as_bytes()),
        Unusable::ColumnTwice("金額")
    );
    for empty in ["", "\u{FEFF}", "\r\n\r\n"] {
        assert_eq!(unusable(Kind::Members, empty.as_bytes()), Unusable::Empty);
    }
    assert_eq!(
        unusable(Kind::Members, b"\"\x8A\xEF"),
        Unusable::HeaderQuotation(1)
    );
    assert_eq!(
        unusable(Kind::Members, &vec![b'a'; FILE_LIMIT + 1]),
        Unusable::TooLarge
    );
    let long = format!("{PAYMENTS}{}", "a\n".repeat(200_001));
    assert_eq!(
        unusable(Kind::Payments, long.as_bytes()),
        Unusable::TooManyRows(200_000)
    );
}

#[test]
fn quoted_headings_with_another_separator_are_named_by_it() {
    for (separator, name) in [
        ("\t", "タブ"),
        (";", "セミコロン"),
        ("|", "縦線"),
        ("，", "全角のコンマ（，）"),
    ] {
        let quoted = quoted_columns().join(separator);
        for mark in ["", "\u{FEFF}"] {
            assert_eq!(
                unusable(Kind::Members, format!("{mark}{quoted}\r\n").as_bytes()),
                Unusable::Separated(name)
            );
        }
    }
}

#[test]
fn the_header_is_found_below_titles_and_hints_and_in_any_spelling_of_its_columns() {
    let row = "1,合格\r\n";
    for above in [
        "",
        "sep=,\r\n",
        ",\r\n",
        "試験結果の一覧\r\n\r\n",
        "\u{FEFF}\u{FEFF}",
    ] {
        for header in ["会員番号,結果", "\"会員\n番号\",\"結果\u{200B}\""] {
            let file = read_text(Kind::ExamResults, &format!("{above}{header}\r\n{row}"));
            assert_eq!(
                (file.rows.len(), file.report.bad),
                (1, 0),
                "{above:?} {header:?}"
            );
            let told = above
                .starts_with('試')
                .then_some("見出しより上の行は読み取っていません: 1行目");
            assert_eq!(file.report.notices, Vec::from_iter(told));
        }
    }
}

#[test]
fn a_row_that_stands_twice_shares_nothing_with_another_member() {
    let once = member_file(&[]);
    let row = once.lines().nth(1).unwrap();
    let file = read_text(Kind::Members, &format!("{once}{row}\r\n"));
    assert_eq!(file.report.notices, Vec::<String>::new());
    let other = row.replacen("1000001", "1000002", 1);
    let file = read_text(Kind::Members, &format!("{once}{other}\r\n"));
    assert!(file.report.notices[0].contains("2行目と3行目 メールアドレス"));
}

#[test]
fn each_seminar_described_in_two_ways_is_one_place_of_the_notice() {
    let row = |member: usize, code, name| {
        format!("{member},{code},{name},A,2024/04/01,2024/04/02,10,出席\r\n")
    };
    let mut text = format!("{ATTENDANCE}{}", row(1, "AA", "甲"));
    for member in 2..27 {
        text += &row(member, "AA", "乙");
    }
    text += &(row(1, "BB", "丙") + &row(2, "BB", "丁"));
    assert_eq!(
        read_text(Kind::SeminarAttendance, &text).report.notices,
        [
            "同じセミナーコードが異なる内容で書かれています。どちらが正しいかをご確認ください: 2行目と3行目 ほか24行（セミナー名）、28行目と29行目（セミナー名）"
        ]
    );
}

#[test]
fn rows_between_two_open_quotation_marks_are_named_and_never_mixed_into_one() {
    let file = read_text(
        Kind::Payments,
        &format!(
            "{PAYMENTS}T1,1,\"受験料,1,2026/06/01,ア\r\nT2,2,受験料,1,2026/06/01,イ\r\nT3,3,受験料\",1,2026/06/01,ウ\r\nT4,4,受験料,1,2026/06/01,エ\r\n"
        ),
    );
    let lines: Vec<_> = file.rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [5]);
    assert_eq!(
        file.report.reported[0].message,
        "引用符（\"）で囲まれた欄が2行目から4行目まで続いているため、3行目から4行目は別の行として読み取っていません。引用符の閉じ忘れがないかをご確認ください。"
    );
    let (_, _, message) = only_report(
        Kind::Payments,
        &format!("{PAYMENTS}T1,1,受験料,0,2026/06/01,\"ア\r\nイ\"\r\n"),
    );
    assert!(
        message.starts_with("金額 ") && message.contains("3行目は別の行として"),
        "{message}"
    );
}

#[test]
fn a_refused_workbook_names_the_sheet_that_was_read_and_the_others() {
    use super::workbook::examples::{Written, book};
    let file = book(&[
        ("表紙", vec![vec![Written::Text("ご案内")]]),
        ("会員", vec![]),
    ]);
    let told = unusable(Kind::ExamResults, &file).to_string();
    assert!(
        told.ends_with("読み取ったのは、表示されている最初のシート「表紙」です。ほかのシートは読み取っていません（会員）。取り込むシートを先頭に移して保存し直してください。"),
        "{told}"
    );
}

#[test]
fn a_header_alone_is_a_file_without_rows() {
    let file = read_text(Kind::Members, &members::COLUMNS.join(","));
    assert_eq!((file.rows.len(), file.report.rows), (0, 0));
    assert!(file.report.is_clean());
}

#[test]
fn rows_of_commas_that_a_spreadsheet_leaves_are_no_rows() {
    let file = read_text(
        Kind::Payments,
        &format!("{PAYMENTS},,,,,\r\n\r\n , ,,,,\r\n"),
    );
    assert_eq!((file.report.rows, file.report.is_clean()), (0, true));
}

#[test]
fn a_row_with_a_field_too_many_is_bad_one_too_few_is_told_and_lines_are_those_of_the_file() {
    let file = read_text(
        Kind::Payments,
        &format!(
            "{PAYMENTS}T1,1,受験料,1,2026/06/01,\"ア\r\nイ\"\r\n\r\nT2,1,受験料,1,2026/06/01\r\nT3,1,受験料,1,2026/06/01,ア,\r\nT4,1,受験料,1,2026/06/01,\r\n"
        ),
    );
    let reported: Vec<_> = file
        .report
        .reported
        .iter()
        .map(|row| (row.line, row.message.as_str()))
        .collect();
    assert_eq!(
        reported,
        [(
            6,
            "列の数が見出しより多くなっています（見出し 6列、この行 7列）。コンマや引用符の過不足をご確認ください。"
        ),]
    );
    let lines: Vec<_> = file.rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 5, 7]);
    assert_eq!(
        file.report.notices,
        ["見出しより列の少ない行が1行ありました。足りない列は空欄として読み取りました: 5行目"]
    );
}

#[test]
fn each_mistake_of_an_attendance_is_named() {
    for (row, expected) in [
        (
            "1,E1,名,A,2024/04/01,2024/04/02,十,出席",
            "単位 は 10 のように数字で入力してください。",
        ),
        (
            "1,E1,名,A,2024/04/01,2024/04/02,,出席",
            "単位 は必須入力です。",
        ),
        (
            "1,E1,名,A,2024/04/01,2024/04/02,-5,出席",
            "単位 は 0 以上の数字で入力してください。",
        ),
        (
            "1,E1,名,A,2024/04/01,2024/04/02,1.5,出席",
            "単位 は小数を使わず、整数で入力してください。",
        ),
        (
            "1,E1,名,C,2024/04/01,2024/04/02,10,出席",
            "区分 は「A」「B」「BOA」のいずれかを指定してください。",
        ),
        (
            "1,E1,名,A,2024/04/01,2024/04/02,10,遅刻",
            "出欠 は「出席」「欠席」のいずれかを指定してください。",
        ),
        (
            "1,,名,A,2024/04/01,2024/04/02,10,出席",
            "セミナーコード は必須入力です。",
        ),
        (
            "1,E1,名,A,2024/04/03,2024/04/02,10,出席",
            "終了日 が開始日より前になっています。日付をご確認ください。",
        ),
        (
            "1,E1,名,A,4/1,2024/04/02,10,出席",
            "開始日 は 2026/07/04 のように入力してください。",
        ),
    ] {
        assert_eq!(bad_attendance(row), expected, "{row}");
    }
}

#[test]
fn each_mistake_of_a_payment_is_named() {
    for (row, expected) in [
        (
            "T1,1,受験料,-500,2026/06/01,ア",
            "金額 は 0 以上の数字で入力してください。",
        ),
        (
            "T1,1,受験料,0,2026/06/01,ア",
            "金額 は 1 以上の数字で入力してください。",
        ),
        (
            "T1,1,受験料,500,2026/06/31,ア",
            "入金日 は存在しない日付です。2026/07/04 のように入力してください。",
        ),
        (
            "T1,1,寄付,500,2026/06/30,ア",
            "費目 は「受験料」「審査料」「認定料」のいずれかを指定してください。",
        ),
        (",1,受験料,500,2026/06/30,ア", "取引番号 は必須入力です。"),
        (
            "T1,1,受験料,99999999999,2026/06/30,ア",
            "金額 の数字が大きすぎます。ご確認のうえ、入力しなおしてください。",
        ),
    ] {
        assert_eq!(bad_payment(row), expected, "{row}");
    }
}

#[test]
fn the_last_good_row_of_a_seminar_stands_and_the_earlier_ones_are_reported() {
    let file = read_text(
        Kind::SeminarAttendance,
        &format!(
            "{ATTENDANCE}\
             1,E1,名,A,2024/04/01,2024/04/02,10,出席\r\n\
             1,E1,名,A,2024/04/01,2024/04/02,10,出席\r\n\
             1,E1,名,B,2024/4/1,2024/04/02,15,出席\r\n\
             1,E1,名,B,2024/04/01,2024/04/02,十,欠席\r\n\
             2,E1,名,BOA,2024/04/01,2024/04/02,10,出席\r\n\
             1,E1,名,A,2025/04/01,2025/04/02,10,欠席\r\n"
        ),
    );
    let reported: Vec<_> = file
        .report
        .reported
        .iter()
        .map(|row| (row.line, row.outcome))
        .collect();
    assert_eq!(
        reported,
        [
            (5, Outcome::Bad),
            (2, Outcome::Superseded),
            (3, Outcome::Superseded)
        ]
    );
    assert!(file.report.reported[1].message.contains("3行目と重複"));
    assert!(file.report.reported[2].message.contains("4行目にあるため"));
    let lines: Vec<_> = file.rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [4, 6, 7]);
    assert!(matches!(
        &file.rows[0].row.fact,
        Fact::Member(MemberCommand::RecordAttendance(one)) if one.units == 15 && one.kind == SeminarKind::B
    ));
    assert!(matches!(
        &file.rows[2].row.fact,
        Fact::Member(MemberCommand::RetractAttendance(_))
    ));
}

#[test]
fn a_transaction_at_two_members_stays_with_the_first_and_is_reported_as_a_contradiction() {
    let file = read_text(
        Kind::Payments,
        &format!(
            "{PAYMENTS}\
             T1,1,受験料,11000,2026/06/01,ア\r\n\
             T1,2,受験料,11000,2026/06/01,ア\r\n\
             T1,1,受験料,22000,2026/06/01,ア\r\n"
        ),
    );
    let reported: Vec<_> = file
        .report
        .reported
        .iter()
        .map(|row| (row.line, row.outcome))
        .collect();
    assert_eq!(
        reported,
        [(3, Outcome::Conflicting), (2, Outcome::Superseded)]
    );
    assert_eq!(file.rows.len(), 1);
    assert_eq!(file.rows[0].line, 4);
}

#[test]
fn exam_results_are_read_with_and_without_the_kind_of_application() {
    let file = read_text(
        Kind::ExamResults,
        "会員番号,結果\r\n1,合格\r\n２,欠席\r\n3,保留\r\n1,不合格\r\n",
    );
    let read: Vec<_> = file
        .rows
        .iter()
        .map(|row| (row.line, &row.row.fact))
        .collect();
    assert!(matches!(
        read[..],
        [
            (
                3,
                Fact::ExamResult {
                    program: None,
                    outcome: ExamOutcome::Absent,
                    ..
                }
            ),
            (
                5,
                Fact::ExamResult {
                    program: None,
                    outcome: ExamOutcome::Failed,
                    ..
                }
            ),
        ]
    ));
    let reported: Vec<_> = file
        .report
        .reported
        .iter()
        .map(|row| (row.line, row.outcome))
        .collect();
    assert_eq!(reported, [(4, Outcome::Bad), (2, Outcome::Superseded)]);
    assert_eq!(
        file.report.reported[0].message,
        "結果 は「合格」「不合格」「欠席」のいずれかを指定してください。"
    );
    let file = read_text(
        Kind::ExamResults,
        "結果,申請の種類,会員番号\r\n合格,更新,1\r\n合格, ,2\r\n合格,別,1\r\n",
    );
    assert_eq!(file.report.reported, [], "two kinds are two facts");
    assert!(matches!(
        &file.rows[0].row.fact,
        Fact::ExamResult { program: Some(program), .. } if program == "更新"
    ));
    assert!(matches!(
        &file.rows[1].row.fact,
        Fact::ExamResult { program: None, .. }
    ));
}

#[test]
fn the_summary_counts_and_lists_by_line() {
    let file = read_text(
        Kind::Payments,
        &format!("{PAYMENTS}T1,1,受験料,-1,2026/06/01,ア\r\n"),
    );
    let summary = file.report.to_string();
    assert!(summary.starts_with("入金データの取り込み\n"), "{summary}");
    assert!(summary.contains("不備             1\n"), "{summary}");
    assert!(
        summary.ends_with("2行目 [不備] 金額 は 0 以上の数字で入力してください。\n"),
        "{summary}"
    );
}

#[test]
fn no_bytes_make_an_import_panic_and_every_row_is_accounted_for() {
    let pieces: [&[u8]; 14] = [
        b"\"",
        b",",
        b"\r\n",
        b"\n",
        b"\r",
        b"1000001",
        b"2026/06/01",
        "出席".as_bytes(),
        b"\x8Fo\x90\xC8",
        b"A",
        b"10",
        b"\0",
        b"\xFF",
        "髙󠄀".as_bytes(),
    ];
    let kinds = Kind::ALL;
    for seed in 0..6_000 {
        let mut random = StdRng::seed_from_u64(seed);
        let kind = kinds[random.random_range(0..kinds.len())];
        let mut file = Vec::new();
        if random.random_bool(0.9) {
            file.extend(kind.columns().join(",").as_bytes());
            file.extend(b"\r\n");
        }
        for _ in 0..random.random_range(0..120) {
            if random.random_bool(0.05) {
                file.push(random.random());
            } else {
                file.extend(pieces[random.random_range(0..pieces.len())]);
            }
        }
        if let Ok(read) = read(kind, &file, false) {
            let counted = read.rows.len() + read.report.reported.len();
            assert_eq!(counted, read.report.rows, "seed {seed}");
        }
    }
}

#[test]
fn a_workbook_is_read_like_its_csv() {
    use super::workbook::examples::{Written, book};
    let columns = Kind::Payments.columns();
    let header = columns.iter().map(|column| Written::Text(column)).collect();
    let row = vec![
        Written::Text("T1"),
        Written::Number(123_456.0),
        Written::Text("受験料"),
        Written::Number(11_000.0),
        Written::Day(2026, 6, 2),
    ];
    let file = book(&[("入金", vec![header, vec![], row]), ("控え", vec![])]);
    let read = read(Kind::Payments, &file, false).unwrap();
    assert_eq!(read.report.encoding, Encoding::Xlsx);
    assert_eq!(
        read.report.notices,
        ["最初のシートだけを読み取りました。取り込みの対象でないシートがありました: 控え"]
    );
    assert_eq!(read.rows[0].line, 3);
    assert_eq!(read.rows[0].row.member.as_str(), "123456");
    let Fact::Member(MemberCommand::ReceivePayment(payment)) = &read.rows[0].row.fact else {
        panic!();
    };
    assert_eq!(
        (payment.amount_yen, payment.paid_on),
        (11_000, date(2026, 6, 2))
    );
    assert_eq!(check_name(&file, Named::Csv), Err(Unusable::XlsxNamedCsv));
    assert_eq!(check_name(&file, Named::Otherwise), Ok(()));
}
