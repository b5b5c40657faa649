//! 学会参加: the place, the day beside, and rows about one meeting in any order.

use proptest::prelude::*;

use super::*;
use crate::application::examples::{fourth, row};

fn rules() -> Rules {
    fourth().rules
}

fn conference(first_author: &str, place: &str, held_on: &str, units: &str) -> Conference {
    Conference {
        first_author: first_author.to_owned(),
        place: place.to_owned(),
        held_on: held_on.to_owned(),
        units: units.to_owned(),
    }
}

fn paper(division: &str, kind: &str, date: &str, units: &str, content: &str) -> Paper {
    Paper {
        division: division.to_owned(),
        kind: kind.to_owned(),
        date: date.to_owned(),
        units: units.to_owned(),
        content: content.to_owned(),
    }
}

fn listed<T: Clone>(values: &[(u128, T)]) -> Rows<T> {
    let mut rows = Rows::default();
    for (number, value) in values {
        rows.put(row(*number), value.clone());
    }
    rows
}

fn assessed(conferences: &[(u128, Conference)], papers: &[(u128, Paper)]) -> UnitAssessment {
    assess(
        &rules(),
        &listed(conferences),
        std::iter::empty(),
        &listed(papers),
    )
}

/// What the only row is told.
fn only(value: Conference) -> (u32, Vec<RemarkKind>, String) {
    let found = assessed(&[(1, value)], &[]);
    let row = &found.rows[0];
    (
        row.counted,
        row.remarks.iter().map(|remark| remark.kind).collect(),
        row.remarks
            .iter()
            .map(|remark| remark.message.as_str())
            .collect(),
    )
}

#[test]
fn a_place_that_is_the_meetings_in_any_spelling_is_not_asked_about() {
    for place in [
        "横浜",
        "　横浜　",
        "横浜市",
        "神奈川県横浜市",
        "横濱",
        "よこはま",
        "ヨコハマ",
        "ﾖｺﾊﾏ",
        "Yokohama",
        "ＹＯＫＯＨＡＭＡ",
        "yokohama, Japan",
        "パシフィコ横浜",
        "パシフィコ横浜（現地参加）",
        "PACIFICO Yokohama",
        "横浜（現地）＋オンデマンド",
        "第23回日本臨床腫瘍学会学術集会（横浜）",
        "第２３回学術集会　横浜",
        "JSMO2026 横浜",
        "日本臨床腫瘍学会学術集会",
        "第23回",
        "Yokohama International Convention Center",
        "Web",
        "WEB",
        "ｗｅｂ",
        "Ｗｅｂ開催",
        "ウェブ参加",
        "オンライン",
        "オンデマンド",
        "ｵﾝﾃﾞﾏﾝﾄﾞ",
        "オン・デマンド配信",
        "On-Demand",
        "第23回臨床腫瘍学会 横浜",
        "臨床腫瘍学会（横浜）",
        "横浜市国際会議場",
        "LIVE配信",
        "ハイブリッド開催",
        "現地・Web併用",
        "オンデマンド視聴（自宅）",
        "2026年3月26日 横浜",
    ] {
        let value = conference("", place, "2026/3/26", "5");
        assert_eq!(only(value), (5, vec![], String::new()), "{place}");
    }
}

#[test]
fn another_place_on_the_day_of_a_meeting_counts_and_is_marked() {
    for place in [
        "ASCO-GI, San Francisco",
        "ESMO Asia シンガポール",
        "シカゴ",
        "Chicago",
        "神戸",
        "東京",
        "大阪国際会議場",
        "日本癌学会（横浜）",
        "米国臨床腫瘍学会 横浜",
        "アジア臨床腫瘍学会（横浜）",
        "世界肺癌会議 横浜",
        "アスコ横浜",
        "がんサミット　パシフィコ横浜",
        "第81回日本癌学会学術総会 横浜",
        "第22回日本臨床腫瘍学会学術集会",
        "日本癌治療学会学術集会 オンデマンド",
        "ASCO オンデマンド",
        "ASCO Web",
        "International Conference (Web)",
        "Yokohama, ASCO Breakthrough",
        "第23回日本がん看護学会 横浜",
        "神戸（Web）",
        "横浜・神戸",
        "부산",
        "？",
    ] {
        let value = conference("", place, "2026/3/26", "5");
        let (counted, kinds, message) = only(value);
        assert_eq!(
            (counted, kinds),
            (5, vec![RemarkKind::PlaceDiffers]),
            "{place}"
        );
        assert!(
            message.starts_with("要確認: ") && message.contains("横浜"),
            "{message}"
        );
    }
}

#[test]
fn tokyo_is_not_kyoto() {
    for (place, is_there) in [
        ("京都", true),
        ("国立京都国際会館", true),
        ("京都府京都市", true),
        ("Kyoto", true),
        ("東京都", false),
        ("東京都港区", false),
        ("トウキョウト", false),
        ("Tokyo-to", false),
    ] {
        let (counted, kinds, _) = only(conference("", place, "2022/2/17", "5"));
        assert_eq!((counted, kinds.is_empty()), (5, is_there), "{place}");
    }
}

#[test]
fn a_day_beside_a_meeting_is_told_which_meeting_is_near() {
    for day in ["2026/3/25", "2026/3/29", "2026/4/4", "2026/3/19"] {
        let (counted, kinds, message) = only(conference("", "横浜", day, "5"));
        assert_eq!((counted, kinds), (0, vec![RemarkKind::OtherSociety]));
        assert!(
            message.contains("第23回学術集会（横浜 2026/03/26 ～ 2026/03/28）"),
            "{day}: {message}"
        );
    }
    for day in ["2026/3/18", "2026/4/5", "2024/7/1"] {
        let (_, kinds, message) = only(conference("", "横浜", day, "5"));
        assert_eq!(kinds, [RemarkKind::OtherSociety]);
        assert!(!message.contains("近い日程"), "{day}: {message}");
    }
}

#[test]
fn attendance_and_first_author_of_one_meeting_count_the_greater_whichever_was_typed_first() {
    let attended = (1, conference("", "横浜", "2026/3/26", "5"));
    let spoke = (2, conference("筆頭", "横浜", "2026/3/27", "10"));
    for rows in [[attended.clone(), spoke.clone()], [spoke, attended]] {
        let found = assessed(&rows, &[]);
        assert_eq!((found.total, found.meetings_attended), (10, 1));
        for row in &found.rows {
            let expected = if row.declared == Some(10) { 10 } else { 0 };
            assert_eq!(row.counted, expected, "{row:?}");
        }
    }
}

#[test]
fn one_paper_in_two_rows_counts_the_greater_whichever_was_typed_first() {
    let shared = (1, paper("共著", "原著（英文）", "2024/05/01", "2", "題"));
    let first = (2, paper("筆頭", "原著（英文）", "2024/05/01", "10", "題"));
    for rows in [[shared.clone(), first.clone()], [first, shared]] {
        assert_eq!(assessed(&[], &rows).total, 10);
    }
}

fn any_conference() -> impl Strategy<Value = Conference> {
    (
        prop::sample::select(vec!["", "筆頭"]),
        prop::sample::select(vec!["横浜", "神戸", "Web", "ASCO-GI, San Francisco"]),
        prop::sample::select(vec![
            "2026/3/26",
            "2026/3/27",
            "2026/3/29",
            "2025/3/6",
            "2024/2/22",
            "2021/2/18",
            "いつか",
        ]),
        prop::sample::select(vec!["0", "3", "5", "10", "12", "多数"]),
    )
        .prop_map(|(first_author, place, held_on, units)| {
            conference(first_author, place, held_on, units)
        })
}

fn any_paper() -> impl Strategy<Value = Paper> {
    (
        prop::sample::select(vec!["筆頭", "共著", "参加"]),
        prop::sample::select(vec!["原著（英文）", "学会", "その他"]),
        prop::sample::select(vec!["2024/05/01", "2025/01/07", "2019/05/01"]),
        prop::sample::select(vec!["1", "2", "3", "10"]),
        prop::sample::select(vec!["一", "二"]),
    )
        .prop_map(|(division, kind, date, units, content)| {
            paper(division, kind, date, units, content)
        })
}

proptest! {
    #[test]
    fn the_order_of_rows_never_matters(
        (conferences, shuffled) in prop::collection::vec(any_conference(), 0..8)
            .prop_map(|rows| (1_u128..).zip(rows).collect::<Vec<_>>())
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        (papers, reordered) in prop::collection::vec(any_paper(), 0..8)
            .prop_map(|rows| (100_u128..).zip(rows).collect::<Vec<_>>())
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        is_capped in any::<bool>(),
        once in any::<bool>(),
    ) {
        let mut rules = rules();
        rules.units.cap_by_table = is_capped;
        rules.units.once_per_meeting = once;
        let assessed = |conferences: &[(u128, Conference)], papers: &[(u128, Paper)]| {
            assess(&rules, &listed(conferences), std::iter::empty(), &listed(papers))
        };
        let one = assessed(&conferences, &papers);
        let other = assessed(&shuffled, &reordered);
        let sums = |found: &UnitAssessment| {
            (found.total, found.meetings, found.papers, found.other_societies, found.meetings_attended)
        };
        prop_assert_eq!(sums(&one), sums(&other));
        // Row by row as well, where no cap is reached in the middle of a row.
        for row in one.rows.iter().filter(|row| row.document == DocumentKind::Conferences) {
            prop_assert!(other.rows.contains(row), "{:?}", row);
        }
        // By hand: the greatest of each meeting, once.
        if once && !is_capped {
            let mut best = std::collections::BTreeMap::new();
            for (_, value) in &conferences {
                let meeting = match value.held_on.as_str() {
                    "2026/3/26" | "2026/3/27" => 23,
                    "2025/3/6" => 22,
                    "2024/2/22" => 21,
                    _ => continue,
                };
                if let Ok(units) = value.units.parse::<u32>() {
                    let most = best.entry(meeting).or_insert(0);
                    *most = units.max(*most);
                }
            }
            prop_assert_eq!(one.meetings.counted, best.values().sum::<u32>());
        }
    }
}
