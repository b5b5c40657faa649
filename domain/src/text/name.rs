//! The search key of names (portal-ux section E, 氏名 and IVS).

use unicode_normalization::UnicodeNormalization as _;

/// 新字体 and the forms that are searched as the same: the 旧字体 in brackets of the 常用漢字表 and the paired ones of the
/// 人名用漢字別表 that occur in names, and the handwritten forms that people type for them (髙, 﨑, 𠮷, 邉, 濵 …).
///
/// Compatibility ideographs (神, 福, 朗 …) are not here: NFKC folds them. Left out on purpose, as people tell them apart
/// as names of their own: 竜 and 龍, 富 and 冨, 島 and 嶋, 峰 and 峯; and 斉 and 斎 are two characters, not one.
pub const OLD_FORMS: [(char, &str); 66] = [
    ('高', "髙"),
    ('崎', "﨑"),
    ('吉', "𠮷"),
    ('辺', "邊邉"),
    ('浜', "濱濵"),
    ('斎', "齋"),
    ('斉', "齊"),
    ('沢', "澤"),
    ('広', "廣"),
    ('徳', "德"),
    ('静', "靜"),
    ('恵', "惠"),
    ('国', "國"),
    ('桜', "櫻"),
    ('栄', "榮"),
    ('円', "圓"),
    ('応', "應"),
    ('横', "橫"),
    ('亜', "亞"),
    ('緑', "綠"),
    ('黄', "黃"),
    ('学', "學"),
    ('楽', "樂"),
    ('関', "關"),
    ('気', "氣"),
    ('亀', "龜"),
    ('暁', "曉"),
    ('薫', "薰"),
    ('経', "經"),
    ('渓', "溪"),
    ('県', "縣"),
    ('剣', "劍"),
    ('顕', "顯"),
    ('厳', "嚴"),
    ('黒', "黑"),
    ('実', "實"),
    ('寿', "壽"),
    ('渋', "澁"),
    ('条', "條"),
    ('穂', "穗"),
    ('真', "眞"),
    ('慎', "愼"),
    ('瀬', "瀨"),
    ('清', "淸"),
    ('青', "靑"),
    ('浅', "淺"),
    ('壮', "壯"),
    ('荘', "莊"),
    ('蔵', "藏"),
    ('増', "增"),
    ('曽', "曾"),
    ('滝', "瀧"),
    ('鉄', "鐵"),
    ('伝', "傳"),
    ('稲', "稻"),
    ('豊', "豐"),
    ('万', "萬"),
    ('満', "滿"),
    ('弥', "彌"),
    ('与', "與"),
    ('来', "來"),
    ('頼', "賴"),
    ('礼', "禮"),
    ('郎', "郞"),
    ('柳', "栁"),
    ('桑', "桒"),
];

/// A key under which a name is found however its characters were typed: NFKC, [`OLD_FORMS`], no variation selectors, no
/// spaces, small ASCII letters. It is for search beside the stored name and never takes its place.
pub fn name_key(text: &str) -> String {
    text.chars()
        .filter(|c| !is_variation_selector(*c))
        .nfkc()
        .filter(|c| !c.is_whitespace())
        .map(|c| new_form(c).to_ascii_lowercase())
        .collect()
}

/// Whether a character only chooses the form of the one before it (葛󠄀 is 葛 and U+E0100). Many systems can not hold it.
pub fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// The 新字体 of a character by [`OLD_FORMS`] (𠮷 → 吉), or the character itself.
pub fn new_form(c: char) -> char {
    OLD_FORMS
        .iter()
        .find(|(_, old)| old.contains(c))
        .map_or(c, |(new, _)| *new)
}
