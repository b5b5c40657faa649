use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    super::{content::NOT_ACCEPTED, sample},
    *,
};
use crate::print::Sheet;

fn provisional(state: &domain::application::ApplicationState) -> Layout {
    Layout::new(&Content::new(
        state,
        &sample::program(),
        &sample::provisional(),
    ))
}

fn submitted(mut state: domain::application::ApplicationState) -> Layout {
    let program = sample::program();
    let sheet = sample::submitted(&mut state, &program);
    Layout::new(&Content::new(&state, &program, &sheet))
}

/// Text, place and part of each text on a page.
fn texts(page: &Page) -> impl Iterator<Item = (&str, (f32, f32, f32), Option<PartId>)> {
    page.marks.iter().filter_map(|mark| match mark {
        Mark::Text {
            x,
            y,
            size,
            text,
            part,
            ..
        } => Some((text.as_str(), (*x, *y, *size), *part)),
        _ => None,
    })
}

fn says(page: &Page, words: &str) -> bool {
    texts(page).any(|(text, _, _)| text.contains(words))
}

/// The text of each part, its lines joined.
fn by_part(layout: &Layout) -> BTreeMap<PartId, String> {
    let mut joined: BTreeMap<PartId, String> = BTreeMap::new();
    for page in &layout.pages {
        for (text, _, part) in texts(page) {
            if let Some(part) = part {
                joined.entry(part).or_default().push_str(text);
            }
        }
    }
    joined
}

fn title_of(page: &Page) -> &str {
    texts(page).next().map_or("", |(text, _, _)| text)
}

/// What holds for every print, whatever was typed.
fn check(layout: &Layout, provisional: bool) {
    let total = layout.pages.len();
    for (at, page) in layout.pages.iter().enumerate() {
        assert!(says(page, &format!("{} / {total}", at + 1)), "page {at}");
        let across = page
            .marks
            .iter()
            .filter(|mark| matches!(mark, Mark::Across { text, .. } if text == INCOMPLETE))
            .count();
        assert_eq!(across, usize::from(provisional && at > 0), "page {at}");
        let red = page
            .marks
            .iter()
            .filter(
                |mark| matches!(mark, Mark::Text { ink: Ink::Red, text, .. } if text == INCOMPLETE),
            )
            .count();
        assert_eq!(red, usize::from(provisional && at > 0), "page {at}");
        if at > 0 {
            assert!(says(page, RUNNING_TITLE));
        }

        // Everything stands inside the margins and on nothing else.
        let mut boxes: Vec<(f32, f32, f32, f32, &str)> = Vec::new();
        for (text, (x, y, size), _) in texts(page) {
            let em = mm(size);
            let width = shape(text.trim_end()).em() * em;
            let shown = (x, y - 0.88 * em, x + width, y + 0.12 * em, text);
            assert!(
                shown.0 >= LEFT - 0.01 && shown.2 <= RIGHT + 0.01,
                "{text} {shown:?}"
            );
            assert!(shown.1 > 10.0 && shown.3 < PAGE_HEIGHT - 5.0, "{text}");
            if !text.trim().is_empty() {
                boxes.push(shown);
            }
        }
        for (place, a) in boxes.iter().enumerate() {
            for b in &boxes[place + 1..] {
                let apart = a.2 <= b.0 + 0.01
                    || b.2 <= a.0 + 0.01
                    || a.3 <= b.1 + 0.01
                    || b.3 <= a.1 + 0.01;
                assert!(apart, "{a:?} stands on {b:?}");
            }
        }
        for mark in &page.marks {
            if let Mark::Rule { from, to, .. } = mark {
                for (x, y) in [from, to] {
                    assert!(
                        (LEFT - 0.01..=RIGHT + 0.01).contains(x) && *y < PAGE_HEIGHT,
                        "{mark:?}"
                    );
                }
            }
        }

        // A page with values of a table says what their columns are; the total stands below a row.
        let kinds = |kind| {
            texts(page)
                .filter(|(_, _, part)| part.is_some_and(|part| layout.parts[part.0].kind == kind))
                .count()
        };
        if title_of(page).starts_with("研究業績") && kinds(PartKind::Cell) > 0 {
            assert!(texts(page).any(|(text, _, _)| text == "No"), "page {at}");
        }
        if says(page, "申請単位合計") && texts(page).any(|(text, _, _)| text == "No") {
            assert!(kinds(PartKind::Cell) > 1, "page {at}");
        }
    }
}

/// Every cell of the content is printed whole: its lines, joined, are what was typed.
fn check_whole(content: &Content, layout: &Layout) {
    let mut printed: Vec<String> = by_part(layout).into_values().collect();
    printed.sort();
    for (place, text) in content.texts() {
        let joined: String = text.split(['\n', '\u{2028}', '\u{2029}']).collect();
        if joined.is_empty() || place.is_none() {
            continue;
        }
        // Ticks stand before their labels.
        let found = printed.binary_search(&joined).is_ok()
            || printed.binary_search(&format!("☑ {joined}")).is_ok()
            || printed.binary_search(&format!("☐ {joined}")).is_ok();
        assert!(found, "{place:?}: {joined}");
    }
}

fn golden(name: &str, known: &str, layout: &Layout) {
    let actual = layout.to_string();
    if std::env::var_os("SHINSEI_GOLDEN").is_some() {
        let path = format!(
            "{}/src/print/layout/golden/{name}.txt",
            env!("CARGO_MANIFEST_DIR")
        );
        std::fs::write(path, &actual).unwrap();
        return;
    }
    for (number, (known, actual)) in known.lines().zip(actual.lines()).enumerate() {
        assert_eq!(
            known,
            actual,
            "{name}.txt, line {}; SHINSEI_GOLDEN=1 writes it anew",
            number + 1
        );
    }
    assert_eq!(known.lines().count(), actual.lines().count(), "{name}.txt");
}

#[test]
fn the_provisional_form_stands_where_it_stood() {
    golden(
        "provisional",
        include_str!("golden/provisional.txt"),
        &provisional(&sample::small()),
    );
}

#[test]
fn the_final_form_stands_where_it_stood() {
    golden(
        "final",
        include_str!("golden/final.txt"),
        &submitted(sample::small()),
    );
}

#[test]
fn every_document_has_its_pages_in_the_order_of_the_manual() {
    let titles = |layout: &Layout| -> Vec<String> {
        layout
            .bookmarks
            .iter()
            .map(|(title, _)| title.clone())
            .collect()
    };
    assert_eq!(
        titles(&provisional(&sample::small())),
        [
            "表紙",
            "履歴書",
            "プロフィール",
            "研究活動歴",
            "研究業績 学会参加",
            "研究業績 論文",
            "業績目録"
        ]
    );
    let layout = submitted(sample::small());
    assert_eq!(
        titles(&layout),
        [
            "表紙",
            "履歴書",
            "プロフィール",
            "研究活動歴",
            "研究業績 学会参加",
            "研究業績 当会セミナー",
            "研究業績 論文",
            "業績目録"
        ]
    );
    for (title, page) in layout.bookmarks.iter().skip(1) {
        assert_eq!(title_of(&layout.pages[*page]), title);
    }
}

#[test]
fn the_cover_says_what_the_manual_shows() {
    let layout = provisional(&sample::small());
    let cover = &layout.pages[0];
    for words in [
        "日本臨床腫瘍学会",
        "専門医【更新】申請書",
        "提出書類リスト",
        "・[添付] 研究業績取得単位を証明するもの(写)",
        "受験番号",
        "会員番号",
        "9000001",
        "申請者氏名",
        "臨床 瘍子",
        "所属施設",
        "専門医認定番号",
        "0500026",
        "E-mail",
        "yoko@example.jp",
        "申請書（仮）",
        NOT_ACCEPTED,
    ] {
        assert!(says(cover, words), "{words}");
    }
    assert!(!says(cover, INCOMPLETE));
    assert!(!says(cover, "・業績目録"));
}

#[test]
fn every_page_of_the_final_form_names_its_place_in_the_ledger() {
    let layout = submitted(sample::small());
    for page in &layout.pages {
        assert!(says(page, "台帳 1204　照合番号 a3c1f5e7092b4d6f　規則の版"));
        assert!(says(
            page,
            "申請書（本紙）第1号　申請番号 specialist-renewal-4th-2026.9000001"
        ));
        assert!(!says(page, NOT_ACCEPTED));
    }
    let cover = &layout.pages[0];
    assert!(says(
        cover,
        "a3c1f5e7092b4d6f8a3c1f5e7092b4d6f8a3c1f5e7092b4d6f8a3c1f5e7092b4"
    ));
    assert!(says(
        cover,
        "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
    ));
}

#[test]
fn an_application_filled_to_the_limits_is_printed_whole() {
    let words: String =
        "上限まで入力した内容（長い英単語Pneumonoultramicroscopicsilicovolcanoconiosisを含む）。"
            .chars()
            .cycle()
            .take(500)
            .collect();
    let state = sample::filled(&words, &words);
    let content = Content::new(&state, &sample::program(), &sample::provisional());
    let layout = Layout::new(&content);
    check(&layout, true);
    check_whole(&content, &layout);
    // 30 rows of 論文 at 26 lines or so, nine to a page and a half.
    assert!(
        (20..40).contains(&layout.pages.len()),
        "{}",
        layout.pages.len()
    );
    let continued = layout
        .pages
        .iter()
        .filter(|page| says(page, "研究業績 論文（つづき）"))
        .count();
    assert!(continued > 5);
    assert!(
        layout
            .pages
            .iter()
            .any(|page| texts(page).any(|(text, _, _)| text == "(3)"))
    );
}

#[test]
fn rows_of_nothing_but_line_breaks_go_on_over_pages() {
    let words = "改\n".repeat(250);
    let layout = provisional(&sample::filled(&words, &words));
    check(&layout, true);
}

#[test]
fn an_application_with_all_rows_is_of_twelve_pages() {
    let layout = submitted(sample::full());
    check(&layout, false);
    assert_eq!(layout.pages.len(), 12);
}

#[test]
fn the_profile_keeps_1040_characters_and_its_line_breaks() {
    let text = sample::long_profile();
    assert_eq!(domain::text::count(&text), 1040);
    let layout = provisional(&sample::filled("内容", "内容"));
    let page = layout
        .pages
        .iter()
        .find(|page| title_of(page) == "プロフィール")
        .unwrap();
    let lines: Vec<_> = texts(page)
        .filter(|(_, (_, _, size), _)| (*size - PROSE.size).abs() < 0.01)
        .map(|(text, _, _)| text)
        .collect();
    assert_eq!(lines.concat(), text.replace('\n', ""));
    let begun = lines.iter().filter(|line| line.starts_with('　')).count();
    assert_eq!(begun, text.split('\n').count());
}

#[test]
fn documents_without_entries_say_so() {
    let layout = provisional(&sample::blank());
    check(&layout, true);
    for words in [
        "履歴書はまだ登録されていません。",
        "プロフィールはまだ登録されていません。",
        "研究活動歴はまだ登録されていません。",
        "登録された学会参加はありません。",
        "登録された論文はありません。",
        "業績目録はまだ登録されていません。",
    ] {
        assert!(layout.pages.iter().any(|page| says(page, words)), "{words}");
    }
    let layout = submitted(sample::blank());
    assert!(
        layout
            .pages
            .iter()
            .any(|page| says(page, "参加が記録されている当会セミナーはありません。"))
    );
}

#[test]
fn figures_stand_flush_right_under_each_other() {
    let layout = provisional(&sample::filled("内容", "内容"));
    let page = layout
        .pages
        .iter()
        .find(|page| title_of(page) == "研究業績 学会参加")
        .unwrap();
    let right: Vec<f32> = texts(page)
        .filter(|(text, (x, _, size), part)| {
            part.is_some()
                && *x > 150.0
                && (*size - TABLE.size).abs() < 0.01
                && text.parse::<u32>().is_ok()
        })
        .map(|(text, (x, _, size), _)| x + shape(text).em() * mm(size))
        .collect();
    // 30 rows and their total, 150.
    assert_eq!(right.len(), 31);
    assert!(
        right.iter().all(|edge| (edge - right[0]).abs() < 0.01),
        "{right:?}"
    );
}

#[test]
fn a_ticked_box_has_its_tick_and_an_empty_one_has_none() {
    let layout = provisional(&sample::filled("内容", "内容"));
    let page = layout.pages.last().unwrap();
    let ticked = texts(page)
        .filter(|(text, _, _)| text.starts_with('☑'))
        .count();
    let ticks = page
        .marks
        .iter()
        .filter(|mark| matches!(mark, Mark::Tick { .. }))
        .count();
    // 5 + 2 + 2 organs, あり and なし.
    assert_eq!((ticked, ticks), (11, 11));
    assert_eq!(
        texts(page)
            .filter(|(text, _, _)| text.starts_with('☐'))
            .count(),
        45 - 9 + 2
    );
}

#[test]
fn long_names_do_not_leave_the_cover() {
    let mut state = sample::small();
    let saved = state.documents.resume.value.as_mut().unwrap();
    saved.record.workplace.name = "独立行政法人国立病院機構".repeat(30);
    saved.record.email = format!("{}@example.jp", "a".repeat(200));
    saved.record.workplace.place.address = "東京都港区".repeat(300);
    saved.record.name = "寿限無".repeat(40);
    let content = Content::new(
        &state,
        &sample::program(),
        &Sheet::Provisional {
            generated_at: sample::provisional().at(),
        },
    );
    let layout = Layout::new(&content);
    for page in &layout.pages {
        for (text, (x, y, size), _) in texts(page) {
            assert!(
                x + shape(text.trim_end()).em() * mm(size) <= RIGHT + 0.01 && y < 292.0,
                "{text}"
            );
        }
    }
    check_whole(&content, &layout);
}

fn typed(limit: usize) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[ぁ-ん一-三]{1,20}".prop_map(String::from),
        3 => "[A-Za-z0-9./-]{1,40}".prop_map(String::from),
        2 => prop::sample::select(vec!["。", "、", "「", "」", "（", "）", " ", "　", "\n", "っー", "𠮷", "葛\u{E0100}", "か\u{3099}", "🎉", "☑", "ｶﾞ"])
            .prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..30).prop_map(move |pieces| {
        let text: String = pieces.concat().chars().take(limit).collect();
        // Grounds for comparison: an entry of blanks only is no entry.
        if text.trim().is_empty() {
            "空".to_owned()
        } else {
            text
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_typed_is_printed_whole_and_in_its_place(
        profile in typed(1040),
        activities in prop::collection::vec(typed(500), 0..20),
        places in prop::collection::vec(typed(100), 0..30),
        papers in prop::collection::vec(typed(500), 0..30),
    ) {
        let mut events = vec![sample::resume(), sample::profile(&profile), sample::experience(3)];
        events.extend((0_u128..).zip(&activities).map(|(at, text)| sample::activity(at, text)));
        events.extend((0_u128..).zip(&places).map(|(at, text)| sample::conference(at, text, "2025/3/6", "5")));
        events.extend((0_u128..).zip(&papers).map(|(at, text)| sample::paper(at, text)));
        let state = sample::with(events);
        let content = Content::new(&state, &sample::program(), &sample::provisional());
        let layout = Layout::new(&content);
        check(&layout, true);
        check_whole(&content, &layout);
        prop_assert_eq!(layout, Layout::new(&content));
    }
}
