//! 定型帳票, read by other programs.

use api::print::print_table;
use jiff::civil::date;
use projections::reports::{Cell, Column, Kind};

use super::paper::{Paper, squeezed};

const TITLE: &str = "申請の一覧";

fn columns() -> Vec<Column> {
    vec![
        Column::new("member", "会員番号", Kind::Code),
        Column::new("name", "氏名", Kind::Text),
        Column::new("units", "申請単位", Kind::Units),
        Column::new("fee", "審査料", Kind::Yen),
        Column::new("share", "充足率", Kind::Share),
        Column::new("until", "有効期限", Kind::Date),
        Column::new("note", "備考", Kind::Text),
    ]
}

fn preamble() -> Vec<(String, String)> {
    vec![
        ("集計条件".to_owned(), "2026年度、すべての状態".to_owned()),
        ("集計時点".to_owned(), "2026/06/03 18:18".to_owned()),
    ]
}

/// 0500001 and on, with names that older programs lose.
fn rows(count: i64) -> Vec<Vec<Cell>> {
    let names = ["髙橋 𠮷子", "山﨑 一郎", "葛\u{E0100}城 邉"];
    (1..=count)
        .map(|at| {
            let name = names[usize::try_from(at).unwrap() % names.len()];
            vec![
                Cell::text(format!("{:07}", 500_000 + at)),
                Cell::text(format!("{name} {at}")),
                if at % 10 == 0 { Cell::Withheld } else { Cell::Number(at) },
                Cell::Number(10_000 + at),
                Cell::Number(at),
                Cell::Date(date(2031, 3, 31)),
                if at % 4 == 0 {
                    Cell::text("「研究業績 論文」2件目の掲載誌の名前が、添付された別刷の表紙にある名前と違います。".repeat(2))
                } else {
                    Cell::Empty
                },
            ]
        })
        .collect()
}

fn printed(count: i64) -> Paper {
    Paper::new(
        &print_table(TITLE, &preamble(), &columns(), &rows(count))
            .unwrap()
            .bytes,
    )
}

#[test]
fn every_cell_is_copied_out_of_the_page_on_which_its_row_stands() {
    let paper = printed(150);
    paper.check();
    let pages: Vec<String> = paper.pages().iter().map(|page| squeezed(page)).collect();
    assert!(pages.len() > 3, "{}", pages.len());
    let mut at = 0;
    for (number, row) in (1..).zip(rows(150)) {
        let (Cell::Text(member), Cell::Text(name)) = (&row[0], &row[1]) else {
            unreachable!("codes and names are texts");
        };
        // Rows go on from page to page, and none goes back.
        while !pages[at].contains(member) {
            at += 1;
        }
        let units = if number % 10 == 0 {
            "秘匿".to_owned()
        } else {
            number.to_string()
        };
        let (whole, tenth) = (number / 10, number % 10);
        let said = format!(
            "{member}{}{units}10,{number:03}円{whole}.{tenth}%2031/03/31",
            squeezed(name)
        );
        assert!(pages[at].contains(&said), "{said} in {}", pages[at]);
        if number % 4 == 0 {
            // Its lines follow each other, as the reader of the outline has them.
            assert!(
                pages[at].contains("添付された別刷の表紙にある名前と違います。"),
                "{number}"
            );
        }
    }
    assert_eq!(at, pages.len() - 1);
}

#[test]
fn every_page_lies_and_has_the_headings_and_its_number() {
    let paper = printed(150);
    let pages = paper.pages();
    let total = pages.len();
    for (at, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("{} / {total}", at + 1)), "{page}");
        let page = squeezed(page);
        assert!(
            page.contains("会員番号氏名申請単位審査料充足率有効期限備考"),
            "{page}"
        );
        assert!(
            page.contains("日本臨床腫瘍学会") && page.contains(TITLE),
            "{page}"
        );
        assert!(page.contains("集計時点2026/06/0318:18"), "{page}");
    }
    for picture in paper.pictures() {
        assert_eq!((picture.width, picture.height), (421, 298), "A4, lying");
        assert!(picture.dark() > 100);
    }
    assert_eq!(paper.information("Title"), TITLE);
    assert_eq!(paper.information("Tagged"), "yes");
    assert_eq!(paper.fonts().len(), 1);
    assert_eq!(
        paper.fonts()[0].1,
        [true; 3],
        "embedded, a subset, with texts"
    );
    assert_eq!(
        paper.bytes,
        printed(150).bytes,
        "the same table, the same bytes"
    );
}

#[test]
fn a_list_of_ten_thousand_is_sound() {
    let paper = printed(10_000);
    paper.check();
    assert!(paper.squeezed().contains("0510000"));
}
