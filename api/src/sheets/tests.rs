//! What was written is what is read, by readers of others.

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};
use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const NAMES: &str = "髙﨑𠮷葛\u{E0100}①㈱〜—";

fn created() -> Timestamp {
    "2026-06-03T09:18:00Z".parse().unwrap()
}

fn sheet(kinds: &[Kind]) -> Sheet {
    Sheet {
        name: "一覧".to_owned(),
        preamble: Vec::new(),
        columns: kinds
            .iter()
            .zip(1..)
            .map(|(kind, number)| Column::new("column", format!("列{number}"), *kind))
            .collect(),
    }
}

fn texts(texts: &[&str]) -> Vec<Cell> {
    texts.iter().map(|text| Cell::text(*text)).collect()
}

fn read_xlsx(bytes: Vec<u8>) -> Xlsx<Cursor<Vec<u8>>> {
    Xlsx::new(Cursor::new(bytes)).unwrap()
}

/// The cells of a tab from A1 on.
fn cells(bytes: Vec<u8>, tab: &str) -> Vec<Vec<Data>> {
    let range = read_xlsx(bytes).worksheet_range(tab).unwrap();
    let (height, width) = range.end().unwrap();
    (0..=height)
        .map(|row| {
            (0..=width)
                .map(|column| range.get_value((row, column)).cloned().unwrap_or_default())
                .collect()
        })
        .collect()
}

fn read_csv(bytes: &[u8]) -> Vec<Vec<String>> {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap();
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

/// The text of one file inside an xlsx.
fn part(bytes: &[u8], name: &str) -> String {
    use std::io::Read as _;
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

const DANGEROUS: [&str; 8] = [
    NAMES,
    "0500026",
    "=1+1",
    "+81",
    "-1",
    "@x",
    "一行目\n二行目",
    " 葛 ",
];

#[test]
fn a_workbook_of_the_same_minute_is_the_same() {
    let sheet = sheet(&[Kind::Text]);
    let rows = [texts(&["臨床 瘍子"])];
    let at = |second: i64| {
        let created = created() + jiff::SignedDuration::from_secs(second);
        file(Format::Xlsx, created, (&sheet, &rows), &[]).unwrap().0
    };
    assert_eq!(at(0), at(59));
    assert_ne!(at(0), at(60));
}

#[test]
fn xlsx_gives_back_every_text_and_code_as_a_text() {
    for kind in [Kind::Text, Kind::Code] {
        let sheet = sheet(&[kind; 8]);
        let rows = [texts(&DANGEROUS)];
        let (bytes, losses) = file(Format::Xlsx, created(), (&sheet, &rows), &[]).unwrap();
        assert!(losses.is_empty());
        let read = cells(bytes.clone(), "一覧");
        assert_eq!(read[1], DANGEROUS.map(|text| Data::String(text.to_owned())));
        assert!(!part(&bytes, "xl/worksheets/sheet1.xml").contains("<f>"));
    }
}

#[test]
fn a_text_of_xlsx_that_looks_like_an_escape_or_has_line_ends_of_windows_is_read_as_it_was_meant() {
    let sheet = sheet(&[Kind::Text; 2]);
    let rows = [texts(&["_x0041_<&>", "一\r\n二\r三"])];
    let (bytes, _) = file(Format::Xlsx, created(), (&sheet, &rows), &[]).unwrap();
    let xml = part(&bytes, "xl/worksheets/sheet1.xml");
    assert!(xml.contains("_x005F_x0041_&lt;&amp;&gt;"), "{xml}");
    assert!(xml.contains("一\n二\n三"), "{xml}");
}

#[test]
fn csv_gives_back_every_text_but_for_the_apostrophe_before_what_a_spreadsheet_would_run() {
    let sheet = sheet(&[Kind::Text; 8]);
    let rows = [texts(&DANGEROUS)];
    let (bytes, losses) = file(Format::Csv, created(), (&sheet, &rows), &[]).unwrap();
    assert!(losses.is_empty());
    assert_eq!(
        read_csv(&bytes)[1],
        [
            NAMES,
            "0500026",
            "'=1+1",
            "'+81",
            "'-1",
            "'@x",
            "一行目\n二行目",
            " 葛 "
        ]
    );
}

#[test]
fn a_text_that_begins_as_a_formula_in_any_width_or_behind_blanks_is_made_harmless_in_every_form() {
    let dangerous = [
        "＝HYPERLINK(\"https://evil.example\")　太郎",
        "＋81",
        "－1",
        "＠SUM",
        "\n=1+1",
        " =1+1 山",
        "\u{3000}＝1",
        "\u{A0}\u{2003}=1",
        "\u{200B}=1",
        "\u{FEFF}＋1",
        " \t1",
        "﹦1",
        "﹢1",
        "﹣1",
        "﹫a",
        "⁼1",
        "₊1",
        "−1",
    ];
    let harmless = [
        "山田　太郎",
        "",
        "\u{3000}",
        " 葛 ",
        "ー",
        "―",
        "a=1",
        "～1",
        "℀",
        "'=1",
    ];
    for text in dangerous {
        assert!(looks_like_a_formula(text), "{text:?}");
    }
    for text in harmless {
        assert!(!looks_like_a_formula(text), "{text:?}");
    }
    let sheet = sheet(&[Kind::Text]);
    for text in &dangerous[..7] {
        let rows = [texts(&[text])];
        let in_form = |format| file(format, created(), (&sheet, &rows), &[]).unwrap().0;
        assert_eq!(read_csv(&in_form(Format::Csv))[1], [format!("'{text}")]);
        let cp932 = in_form(Format::CsvCp932);
        let (cp932, _) = encoding_rs::SHIFT_JIS.decode_without_bom_handling(&cp932);
        let cell = cp932.split_once("\r\n").unwrap().1;
        assert!(cell.trim_start_matches('"').starts_with('\''), "{cell}");
        let xlsx = in_form(Format::Xlsx);
        let styles = part(&xlsx, "xl/styles.xml");
        assert!(styles.contains("quotePrefix=\"1\""), "{text:?}");
        let cells = part(&xlsx, "xl/worksheets/sheet1.xml");
        assert!(!cells.contains("<f>"), "{cells}");
    }
}

#[test]
fn csv_quotes_codes_and_leaves_numbers_as_they_are() {
    let sheet = sheet(&[
        Kind::Code,
        Kind::Text,
        Kind::Yen,
        Kind::Share,
        Kind::Share,
        Kind::Date,
        Kind::Instant,
        Kind::Count,
        Kind::Units,
    ]);
    let rows = [vec![
        Cell::text("0500026"),
        Cell::text("臨床,\"瘍子\""),
        Cell::Number(-11_000),
        Cell::Number(125),
        Cell::Number(-5),
        Cell::Date(date(2026, 6, 3)),
        Cell::Instant(created()),
        Cell::Withheld,
        Cell::Empty,
    ]];
    let (bytes, _) = file(Format::Csv, created(), (&sheet, &rows), &[]).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(
        text,
        "\u{feff}列1,列2,列3,列4,列5,列6,列7,列8,列9\r\n\
         \"0500026\",\"臨床,\"\"瘍子\"\"\",-11000,12.5%,-0.5%,2026/06/03,2026/06/03 18:18,秘匿,\r\n"
    );
}

#[test]
fn xlsx_has_numbers_shares_days_and_instants_with_their_formats() {
    let sheet = sheet(&[
        Kind::Yen,
        Kind::Share,
        Kind::Date,
        Kind::Instant,
        Kind::Count,
        Kind::Units,
        Kind::Yen,
        Kind::Date,
    ]);
    let rows = [vec![
        Cell::Number(-11_000),
        Cell::Number(125),
        Cell::Date(date(2026, 6, 3)),
        Cell::Instant(created()),
        Cell::Withheld,
        Cell::Empty,
        Cell::Number(9_007_199_254_740_993),
        Cell::Date(date(1899, 12, 31)),
    ]];
    let (bytes, _) = file(Format::Xlsx, created(), (&sheet, &rows), &[]).unwrap();
    let read = cells(bytes.clone(), "一覧");
    assert_eq!(read[1][0], Data::Float(-11_000.0));
    assert_eq!(read[1][1], Data::Float(0.125));
    let Data::DateTime(day) = &read[1][2] else {
        panic!("{:?}", read[1][2])
    };
    assert_eq!(day.to_ymd_hms_milli(), (2026, 6, 3, 0, 0, 0, 0));
    let Data::DateTime(instant) = &read[1][3] else {
        panic!("{:?}", read[1][3])
    };
    assert_eq!(instant.to_ymd_hms_milli(), (2026, 6, 3, 18, 18, 0, 0));
    assert_eq!(read[1][4], Data::String("秘匿".to_owned()));
    assert_eq!(read[1][5], Data::Empty);
    assert_eq!(read[1][6], Data::String("9007199254740993".to_owned()));
    assert_eq!(read[1][7], Data::String("1899/12/31".to_owned()));
    let styles = part(&bytes, "xl/styles.xml");
    for format in ["0.0%", "yyyy/mm/dd", "yyyy/mm/dd hh:mm"] {
        assert!(
            styles.contains(&format!("formatCode=\"{format}\"")),
            "{styles}"
        );
    }
    // #,##0 is number 3 of Excel's own.
    assert!(styles.contains("numFmtId=\"3\""), "{styles}");
}

#[test]
fn the_heading_row_of_xlsx_is_bold_frozen_and_filtered_below_the_lines_above_it() {
    let mut sheet = sheet(&[Kind::Text, Kind::Count]);
    sheet.preamble = vec![
        ("集計条件".to_owned(), "2026年度".to_owned()),
        ("集計時点".to_owned(), "2026/06/03 18:18".to_owned()),
    ];
    let rows = [vec![Cell::text("東京"), Cell::Number(3)]];
    let (bytes, _) = file(Format::Xlsx, created(), (&sheet, &rows), &[]).unwrap();
    let xml = part(&bytes, "xl/worksheets/sheet1.xml");
    assert!(
        xml.contains("ySplit=\"4\"") && xml.contains("state=\"frozen\""),
        "{xml}"
    );
    assert!(xml.contains("<autoFilter ref=\"A4:B5\"/>"), "{xml}");
    assert!(xml.contains("<cols>"), "{xml}");
    let heading = part(&bytes, "xl/styles.xml");
    assert!(heading.contains("<b/>"), "{heading}");
    let read = cells(bytes, "一覧");
    assert_eq!(read[0][1], Data::String("2026年度".to_owned()));
    assert_eq!(read[2], [Data::Empty, Data::Empty]);
    assert_eq!(read[3][0], Data::String("列1".to_owned()));
    assert_eq!(read[4][1], Data::Float(3.0));
}

#[test]
fn a_file_of_several_tables_has_a_tab_or_a_part_of_the_csv_for_each() {
    let first = sheet(&[Kind::Text]);
    let mut second = sheet(&[Kind::Count]);
    second.preamble = vec![("集計条件".to_owned(), "すべて".to_owned())];
    let (one, two) = ([texts(&["東京"])], [vec![Cell::Number(1)]]);
    let tables: [(&Sheet, &[Vec<Cell>]); 1] = [(&second, &two)];
    let (bytes, _) = file(Format::Csv, created(), (&first, &one), &tables).unwrap();
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "\u{feff}列1\r\n東京\r\n\r\n集計条件,すべて\r\n\r\n列1\r\n1\r\n"
    );
    let (bytes, _) = file(Format::Xlsx, created(), (&first, &one), &tables).unwrap();
    assert_eq!(
        read_xlsx(bytes.clone()).sheet_names(),
        ["一覧", "一覧（2）"]
    );
    assert_eq!(
        cells(bytes, "一覧（2）")[3],
        [Data::Float(1.0), Data::Empty]
    );
}

#[test]
fn a_name_that_excel_does_not_allow_is_changed_and_the_file_is_written() {
    let long = "あ".repeat(40);
    for (wanted, tab) in [
        ("会員/申請:[4期]", "会員／申請：［4期］"),
        ("", "表"),
        ("'葛'", "’葛’"),
        ("History", "History（2）"),
        (&long, &long[..31 * 3]),
    ] {
        let mut sheet = sheet(&[Kind::Text]);
        sheet.name = wanted.to_owned();
        let (bytes, _) = file(Format::Xlsx, created(), (&sheet, &[]), &[]).unwrap();
        assert_eq!(read_xlsx(bytes).sheet_names(), [tab]);
    }
}

#[test]
fn the_same_tables_of_the_same_moment_are_the_same_bytes_and_name_nobody() {
    let sheet = sheet(&[Kind::Text, Kind::Yen, Kind::Instant]);
    let rows = [vec![
        Cell::text(NAMES),
        Cell::Number(1),
        Cell::Instant(created()),
    ]];
    for format in Format::ALL {
        let bytes = || file(format, created(), (&sheet, &rows), &[]).unwrap().0;
        assert_eq!(bytes(), bytes());
    }
    let (bytes, _) = file(Format::Xlsx, created(), (&sheet, &rows), &[]).unwrap();
    let properties = part(&bytes, "docProps/core.xml");
    assert!(properties.contains("2026-06-03T09:18:00Z"), "{properties}");
    assert!(
        properties.contains("<dc:creator></dc:creator>"),
        "{properties}"
    );
}

#[test]
fn a_text_that_is_longer_than_a_cell_of_excel_is_cut_and_reported_and_whole_in_csv() {
    let long = "𠮷".repeat(20_000);
    let sheet = sheet(&[Kind::Text, Kind::Text]);
    let rows = [texts(&["短い", &long])];
    let (bytes, losses) = file(Format::Xlsx, created(), (&sheet, &rows), &[]).unwrap();
    let what = What::Cut { kept: 32_766 };
    assert_eq!(
        losses.first,
        [Loss {
            line: 2,
            column: 2,
            what
        }]
    );
    let Data::String(kept) = &cells(bytes, "一覧")[1][1] else {
        panic!()
    };
    assert_eq!(*kept, "𠮷".repeat(16_383));
    let (bytes, losses) = file(Format::Csv, created(), (&sheet, &rows), &[]).unwrap();
    assert!(losses.is_empty());
    assert_eq!(read_csv(&bytes)[1][1], long);
}

#[test]
fn a_row_of_another_length_than_its_table_is_refused() {
    let sheet = sheet(&[Kind::Text, Kind::Text]);
    for format in Format::ALL {
        let refused = file(format, created(), (&sheet, &[texts(&["一"])]), &[]).unwrap_err();
        assert!(matches!(
            refused,
            SheetError::Width {
                expected: 2,
                found: 1
            }
        ));
    }
}

#[test]
fn cp932_reports_each_loss_with_its_place_and_what_stands_there() {
    let mut sheet = sheet(&[Kind::Text, Kind::Text]);
    sheet.preamble = vec![("条件".to_owned(), "𠮷".to_owned())];
    let rows = [
        texts(&["一行目\n二行目", "髙﨑"]),
        texts(&["葛\u{E0100}", "a—é〜"]),
    ];
    let (bytes, losses) = file(Format::CsvCp932, created(), (&sheet, &rows), &[]).unwrap();
    let (text, broken) = encoding_rs::SHIFT_JIS.decode_without_bom_handling(&bytes);
    assert!(!broken && !text.contains("&#"), "{text}");
    assert_eq!(
        text,
        "条件,吉\r\n\r\n列1,列2\r\n\"一行目\n二行目\",髙﨑\r\n葛,a―〓～\r\n"
    );
    let places: Vec<_> = losses
        .first
        .iter()
        .map(|loss| (loss.line, loss.column, loss.what.clone()))
        .collect();
    assert_eq!(losses.count, 3);
    assert_eq!(
        places,
        [
            (1, 2, What::character('𠮷', "吉")),
            (5, 1, What::character('\u{E0100}', "")),
            (5, 2, What::character('é', "〓")),
        ]
    );
    let json = serde_json::to_value(&losses).unwrap();
    assert_eq!(
        json["first"][0],
        serde_json::json!({ "line": 1, "column": 2, "what": "character", "character": "𠮷", "code": "U+20BB7", "instead": "吉" })
    );
    assert_eq!(serde_json::from_value::<Losses>(json).unwrap(), losses);
    assert_eq!(
        losses.first[0].what.sentence(),
        "「𠮷」（U+20BB7）はShift_JISで表せないため、「吉」に置き換えられています。"
    );
}

#[test]
fn a_formula_behind_a_character_that_cp932_drops_or_replaces_is_made_harmless() {
    let sheet = sheet(&[Kind::Text; 3]);
    let rows = [texts(&["\u{FE0F}=1+1", "\u{FE0F}+81", "é=1"])];
    let (bytes, _) = file(Format::CsvCp932, created(), (&sheet, &rows), &[]).unwrap();
    let (text, _) = encoding_rs::SHIFT_JIS.decode_without_bom_handling(&bytes);
    assert_eq!(text, "列1,列2,列3\r\n'=1+1,'+81,〓=1\r\n");
}

#[test]
fn of_many_losses_all_are_counted_and_the_first_thousand_named() {
    let sheet = sheet(&[Kind::Text]);
    let rows = vec![texts(&["𠮷"]); 1_500];
    let (_, losses) = file(Format::CsvCp932, created(), (&sheet, &rows), &[]).unwrap();
    assert_eq!((losses.count, losses.first.len()), (1_500, FIRST_LOSSES));
}

#[test]
fn every_format_is_known_by_its_word() {
    for format in Format::ALL {
        assert_eq!(Format::parse(format.word()), Some(format));
    }
    assert_eq!(Format::parse("pdf"), None);
}

proptest! {
    #[test]
    fn any_table_of_texts_reads_back_equal_from_csv_but_for_the_apostrophe(
        (width, values) in (1_usize..5).prop_flat_map(|width| {
            let text = prop::string::string_regex("[=+@\t\r\n\", '髙𠮷葛\u{E0100}0-9a-z-]{0,8}").unwrap();
            (Just(width), prop::collection::vec(prop::collection::vec(text, width), 0..8))
        }),
        code in any::<bool>(),
    ) {
        let kind = if code { Kind::Code } else { Kind::Text };
        let sheet = sheet(&vec![kind; width]);
        let rows: Vec<Vec<Cell>> = values
            .iter()
            .map(|row| row.iter().map(|text| Cell::text(text.clone())).collect())
            .collect();
        let (bytes, _) = file(Format::Csv, created(), (&sheet, &rows), &[]).unwrap();
        let expected: Vec<Vec<String>> = values
            .iter()
            .map(|row| row.iter().map(|text| {
                let seen = text.trim_start_matches([' ', '\u{E0100}']);
                if seen.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text.clone() }
            }).collect())
            .collect();
        prop_assert_eq!(&read_csv(&bytes)[1..], &expected[..]);
    }
}
