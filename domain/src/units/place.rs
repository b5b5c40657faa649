//! Whether what a member typed as 開催地 names the 学術集会 of that day.
//!
//! People write a place in many ways: 横浜, よこはま, Ｙｏｋｏｈａｍａ, パシフィコ横浜, 「第23回日本臨床腫瘍学会学術集会（横浜）」, オンデマンド. What is left
//! when all that is understood decides: whatever names another society, another place or nothing known is looked at by a person. It
//! counts all the same, so a form that is not understood costs nobody a unit.

use std::sync::LazyLock;

use crate::{
    program::{AnnualMeeting, Rules},
    text::{kana_key, name_key},
};

/// How the society and its meeting are called.
const OWN: &[&str] = &[
    "公益社団法人",
    "特定非営利活動法人",
    "日本臨床腫瘍学会",
    "年次学術集会",
    "学術集会",
    "本学会",
    "当学会",
    "JSMO",
    "Japanese Society of Medical Oncology",
    "Annual Meeting",
    "of",
];

/// What many leave of the society's name. Only where nothing stands before it: there are 米国臨床腫瘍学会 and アジア臨床腫瘍学会.
const OWN_IN_SHORT: &str = "臨床腫瘍学会";

/// How attendance from elsewhere is called.
const WEB: &[&str] = &[
    "Web",
    "ウェブ",
    "オンライン",
    "オンデマンド",
    "ライブ",
    "ハイブリッド",
    "バーチャル",
    "ストリーミング",
    "インターネット",
    "アーカイブ",
    "online",
    "on demand",
    "live",
    "hybrid",
    "virtual",
    "streaming",
    "zoom",
    "vod",
];

/// What says nothing about where it was.
const PLAIN: &[&str] = &[
    "学会参加",
    "開催地",
    "開催",
    "参加",
    "出席",
    "配信",
    "視聴",
    "聴講",
    "現地",
    "会場",
    "会期",
    "形式",
    "方式",
    "併用",
    "完全",
    "期間",
    "後日",
    "自宅",
    "および",
    "及び",
    "での",
    "による",
    "にて",
    "city",
    "japan",
    "onsite",
];

/// What a hall is called where its name would pass for a meeting's: beside a city it is its address, and says nothing without one.
const HALLS: &[&str] = &[
    "国際会議場",
    "国際会議センター",
    "会議場",
    "会議センター",
    "会議室",
    "カンファレンスセンター",
    "カンファレンスホール",
    "カンファレンスルーム",
    "コングレスセンター",
    "コングレスクエア",
    "international",
    "convention",
    "conference",
    "congress",
    "exhibition",
    "center",
    "centre",
    "hall",
    "hotel",
];

/// What other societies' meetings are called.
const OTHERS: &[&str] = &[
    "学会",
    "研究会",
    "協会",
    "学術大会",
    "総会",
    "年会",
    "地方会",
    "支部会",
    "講演会",
    "シンポジウム",
    "フォーラム",
    "セミナー",
    "コングレス",
    "会議",
    "大会",
    "集会",
    "勉強会",
    "カンファレンス",
    "ミーティング",
    "サミット",
    "ワークショップ",
    "スクール",
    "アスコ",
    "エスモ",
];

/// Places that have a meeting's place in their name and are another one: 東京都 has 京都.
const TRAPS: &[(&str, &str)] = &[
    ("東京都", "東京"),
    ("とうきょうと", "とうきょう"),
    ("Tokyo to", "Tokyo"),
];

struct Words {
    own: Vec<String>,
    own_in_short: String,
    web: Vec<String>,
    plain: Vec<String>,
    halls: Vec<String>,
    others: Vec<String>,
    traps: Vec<(String, String)>,
}

/// The words as they are compared, the longest first, so that no part of one is taken for another.
static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    own: longest_first(OWN),
    own_in_short: fold(OWN_IN_SHORT),
    web: longest_first(WEB),
    plain: longest_first(PLAIN),
    halls: longest_first(HALLS),
    others: longest_first(OTHERS),
    traps: TRAPS
        .iter()
        .map(|(from, to)| (fold(from), fold(to)))
        .collect(),
});

fn longest_first(words: &[&str]) -> Vec<String> {
    let mut folded: Vec<String> = words.iter().map(|word| fold(word)).collect();
    folded.sort_by_key(|word| std::cmp::Reverse(word.len()));
    folded
}

/// One form of all spellings of a word: width, kana, 旧字体, capitals, spaces, dashes and brackets make no difference.
fn fold(text: &str) -> String {
    kana_key(&name_key(text))
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// Takes words out of a text, and tells whether any was there.
fn take(text: &mut String, words: &[String]) -> bool {
    let mut found = false;
    for word in words.iter().filter(|word| !word.is_empty()) {
        if text.contains(word.as_str()) {
            found = true;
            *text = text.replace(word.as_str(), "");
        }
    }
    found
}

/// A city with its spellings; none for a meeting that was held on the web alone.
fn city(meeting: &AnnualMeeting) -> Vec<String> {
    let spellings: Vec<&str> = std::iter::once(&meeting.place)
        .chain(&meeting.spellings)
        .map(String::as_str)
        .collect();
    let mut city = longest_first(&spellings);
    city.retain(|word| !WORDS.web.contains(word));
    city
}

/// The number in 第23回; none where there is none.
fn number(text: &str) -> Option<u32> {
    let (before, _) = text.split_once('回')?;
    let (_, digits) = before.rsplit_once('第')?;
    digits.parse().ok()
}

/// Whether a place is that of a 学術集会, or attendance on the web, which every meeting has had since 2021 (A).
pub(super) fn names(rules: &Rules, meeting: &AnnualMeeting, typed: &str) -> bool {
    if typed.trim() == meeting.place {
        return true;
    }
    let words = &*WORDS;
    let mut rest = fold(typed);
    for (from, to) in &words.traps {
        rest = rest.replace(from.as_str(), to);
    }
    let number = number(&rest);
    if number.is_some_and(|number| number != meeting.number) {
        return false;
    }
    let mut is_own = take(&mut rest, &words.own) || number.is_some();
    let is_city = take(&mut rest, &city(meeting));
    if is_city {
        take(&mut rest, &words.halls);
    }
    let is_web = take(&mut rest, &words.web);
    take(&mut rest, &words.plain);
    rest.retain(|c| !c.is_ascii_digit() && !matches!(c, '第' | '回' | '年' | '月' | '日'));
    if let Some(after) = rest.strip_prefix(words.own_in_short.as_str()) {
        is_own = true;
        rest = after.to_owned();
    }
    let is_elsewhere = rules
        .annual_meetings
        .iter()
        .any(|other| city(other).iter().any(|word| rest.contains(word.as_str())))
        || words.others.iter().any(|word| rest.contains(word.as_str()))
        || rest.chars().any(|c| !is_japanese(c));
    if is_elsewhere {
        return false;
    }
    // A hall or a prefecture beside the city is its address; beside nothing known it is a place that nobody knows.
    is_city || ((is_web || is_own) && rest.is_empty())
}

/// Kana and ideographs: what is left of an address here. Letters that are left are a name from abroad.
fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}
