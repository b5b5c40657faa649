use jiff::civil::date;
use projections::reports::Kind;

use super::{
    super::layout::{Mark, Page, Paper, PartKind},
    *,
};

fn columns() -> Vec<Column> {
    vec![
        Column::new("member", "会員番号", Kind::Code),
        Column::new("name", "氏名", Kind::Text),
        Column::new("place", "所属施設", Kind::Text),
        Column::new("units", "申請単位", Kind::Units),
        Column::new("fee", "審査料", Kind::Yen),
        Column::new("share", "充足率", Kind::Share),
        Column::new("days", "経過日数", Kind::Days),
        Column::new("submitted", "完了日時", Kind::Instant),
        Column::new("until", "有効期限", Kind::Date),
        Column::new("remark", "差し戻しの理由", Kind::Text),
    ]
}

fn preamble() -> Vec<(String, String)> {
    [
        (
            "集計条件",
            "第4回 専門医更新（2026年度）、申請を完了した人すべて",
        ),
        ("集計時点", "2026/06/03 18:18（台帳 1,234 番まで）"),
    ]
    .map(|(label, value)| (label.to_owned(), value.to_owned()))
    .to_vec()
}

fn row(at: i64) -> Vec<Cell> {
    let names = ["髙橋 𠮷子", "山﨑 一郎", "臨床 瘍子", "渡邉 葛\u{E0100}"];
    let pick = usize::try_from(at).unwrap_or(0);
    vec![
        Cell::text(format!("{:07}", 9_000_000 + at)),
        Cell::text(format!("{} {at}", names[pick % names.len()])),
        Cell::text(["国立がん研究センター東病院", "浜松町病院 腫瘍内科"][pick % 2]),
        if at % 7 == 3 {
            Cell::Withheld
        } else {
            Cell::Number(at % 130)
        },
        Cell::Number(30_000 + at),
        Cell::Number(at % 1_000),
        Cell::Number(at),
        Cell::Instant("2026-06-03T09:18:00Z".parse().unwrap()),
        Cell::Date(date(2031, 3, 31)),
        if at % 5 == 0 {
            Cell::text("「研究業績 論文」2件目の掲載誌の名前が、添付された別刷と違うため。")
        } else {
            Cell::Empty
        },
    ]
}

fn rows(count: i64) -> Vec<Vec<Cell>> {
    (0..count).map(row).collect()
}

fn layout(title: &str, columns: &[Column], rows: &[Vec<Cell>]) -> Layout {
    Layout::of_table(&TableContent::new(title, &preamble(), columns, rows))
}

fn texts(page: &Page) -> Vec<(&str, f32, f32, f32, bool)> {
    let text = |mark| match mark {
        &Mark::Text {
            x,
            y,
            size,
            ref text,
            part,
            ..
        } => Some((text.as_str(), x, y, size, part.is_some())),
        _ => None,
    };
    page.marks.iter().filter_map(text).collect()
}

fn words(page: &Page) -> String {
    texts(page).iter().map(|one| one.0).collect()
}

#[test]
fn the_same_table_gives_the_same_bytes_and_another_one_others() {
    let print = |count| {
        print_table("申請一覧", &preamble(), &columns(), &rows(count))
            .unwrap()
            .bytes
    };
    assert_eq!(print(40), print(40));
    assert_ne!(print(40), print(41));
    let other = print_table("申請状況", &preamble(), &columns(), &rows(40))
        .unwrap()
        .bytes;
    assert_ne!(print(40), other);
}

#[test]
fn the_heading_of_the_columns_and_the_number_of_the_page_stand_on_every_page() {
    let layout = layout("申請一覧", &columns(), &rows(120));
    assert_eq!(layout.paper, Paper::LYING);
    let total = layout.pages.len();
    assert!(total > 3, "{total}");
    for (at, page) in layout.pages.iter().enumerate() {
        let said = words(page);
        for column in columns() {
            assert!(
                said.contains(&column.title),
                "{} on page {at}",
                column.title
            );
        }
        assert!(said.ends_with(&format!("{} / {total}", at + 1)), "{said}");
        assert!(said.contains("日本臨床腫瘍学会"), "{said}");
        assert!(said.contains("集計時点 2026/06/03 18:18"), "{said}");
        assert_eq!(said.contains("申請一覧（つづき）"), at > 0);
        assert_eq!(said.contains("集計条件"), at == 0);
    }
}

#[test]
fn every_cell_is_set_whole_and_in_order() {
    let (columns, rows) = (columns(), rows(60));
    let layout = layout("申請一覧", &columns, &rows);
    let said: String = layout
        .pages
        .iter()
        .flat_map(texts)
        // Heads, feet and repeated headings are read once.
        .filter(|one| one.4)
        .map(|one| one.0)
        .collect();
    let cells: String = rows
        .iter()
        .map(|row| {
            let row = row.iter().zip(&columns);
            row.map(|(cell, column)| shown(cell, column.kind))
                .collect::<String>()
        })
        .collect();
    assert!(said.contains(&cells), "{said}\n\n{cells}");
}

#[test]
fn nothing_stands_beyond_the_margins_however_many_columns_there_are() {
    let many: Vec<_> = (0..20)
        .map(|_| Column::new("amount", "審査料（円）", Kind::Yen))
        .collect();
    let amounts = vec![vec![Cell::Number(1_234_567_890); 20]; 30];
    let long = vec![
        Cell::text("学会".repeat(900)),
        Cell::text("a".repeat(3_000)),
    ];
    let two = [
        Column::new("a", "一", Kind::Text),
        Column::new("b", "二".repeat(200), Kind::Code),
    ];
    for layout in [
        layout("広い表", &many, &amounts),
        layout(&"長い題".repeat(60), &two, &[long]),
        layout("普通の表", &columns(), &rows(50)),
        layout("空の表", &columns(), &[]),
        layout("列のない表", &[], &[]),
    ] {
        for page in &layout.pages {
            for (text, x, y, size, _) in texts(page) {
                let width = super::super::font::shape(text.trim_end()).em() * size * 25.4 / 72.0;
                assert!(x >= 14.9 && x + width <= 282.2, "{text} {x} {width}");
                assert!((8.0..=203.0).contains(&y), "{text} {y}");
            }
        }
    }
}

#[test]
fn figures_stand_below_each_other_at_the_right_of_their_column() {
    let columns = [
        Column::new("state", "状態", Kind::Text),
        Column::new("count", "件数", Kind::Count),
    ];
    let rows = [3, 1_234, 99].map(|count| vec![Cell::text("審査中"), Cell::Number(count)]);
    let layout = layout("件数", &columns, &rows);
    let ends: Vec<f32> = texts(&layout.pages[0])
        .iter()
        .filter(|one| ["件数", "3", "1,234", "99"].contains(&one.0) && one.4)
        .map(|&(text, x, _, size, _)| x + super::super::font::shape(text).em() * size * 25.4 / 72.0)
        .filter(|end| *end > 20.0)
        .collect();
    // The title is the same word as the heading, and stands at the left.
    let figures = &ends[1..];
    assert_eq!(figures.len(), 4, "{ends:?}");
    assert!(
        figures.iter().all(|end| (end - figures[0]).abs() < 0.05),
        "{ends:?}"
    );
}

#[test]
fn a_figure_a_code_and_a_date_are_never_broken_while_the_paper_has_room() {
    let layout = layout("申請一覧", &columns(), &rows(200));
    let all: Vec<String> = layout
        .pages
        .iter()
        .flat_map(texts)
        .map(|one| one.0.to_owned())
        .collect();
    for text in [
        "9000199",
        "30,199円",
        "19.9%",
        "2031/03/31",
        "2026/06/03 18:18",
        "秘匿",
    ] {
        assert!(all.iter().any(|one| one == text), "{text}");
    }
}

#[test]
fn a_character_that_cannot_be_printed_is_told_below_the_table() {
    let columns = [Column::new("name", "氏名", Kind::Text)];
    let rows = [
        vec![Cell::text("臨床🎉瘍子🎉")],
        vec![Cell::text("田\u{E01EF}中")],
    ];
    let layout = layout("氏名", &columns, &rows);
    let said = words(&layout.pages[0]);
    assert_eq!(print_table("氏名", &[], &columns, &rows).unwrap().lost, 1);
    assert!(said.contains("「〓」で示しています（U+1F389）"), "{said}");
    assert!(said.contains("田\u{E01EF} U+7530 U+E01EF"), "{said}");
    let clean = super::tests::layout("氏名", &columns, &rows[..0]);
    assert!(!words(&clean.pages[0]).contains('※'));
}

#[test]
fn a_table_without_rows_says_so_under_its_headings() {
    let said = words(&layout("申請一覧", &columns(), &[]).pages[0]);
    assert!(
        said.contains("差し戻しの理由該当するデータはありません。"),
        "{said}"
    );
}

#[test]
fn a_row_that_is_too_short_is_filled_up_and_what_is_too_much_is_left_out() {
    let columns = [
        Column::new("a", "甲", Kind::Text),
        Column::new("b", "乙", Kind::Count),
    ];
    let short = vec![Cell::text("一")];
    let long = vec![Cell::text("二"), Cell::Number(2), Cell::Number(7_777)];
    let content = TableContent::new("表", &[], &columns, &[short, long]);
    assert_eq!(content.rows, [["一", ""], ["二", "2"]]);
}

#[test]
fn it_is_a_table_with_headings_for_those_who_hear_it() {
    let layout = layout("申請一覧", &columns(), &rows(40));
    let count = |kind| layout.parts.iter().filter(|part| part.kind == kind).count();
    assert_eq!(count(PartKind::Table), 1);
    assert_eq!(count(PartKind::Heading), 1);
    assert_eq!(count(PartKind::Row), 41);
    assert_eq!(count(PartKind::ColumnHeading), 10);
    assert_eq!(count(PartKind::Cell), 400);
    assert_eq!(layout.bookmarks, [("申請一覧".to_owned(), 0)]);
}

#[test]
fn a_table_with_more_parts_than_one_container_holds_is_read_as_a_whole() {
    // Each cell is an object: 3,000 rows of ten are more than the 20,000 of a container.
    let bytes = print_table("申請一覧", &preamble(), &columns(), &rows(3_000))
        .unwrap()
        .bytes;
    let file = lopdf::Document::load_mem(&bytes).unwrap();
    let cells = file
        .objects
        .values()
        .filter_map(|object| object.as_dict().ok())
        .filter(|one| {
            one.get(b"S")
                .and_then(|kind| kind.as_name())
                .is_ok_and(|kind| kind == b"TD")
        })
        .count();
    assert_eq!(cells, 30_000);
}
