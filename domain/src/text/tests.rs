//! How text is counted, folded and refused.

use std::borrow::Cow;
use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

#[test]
fn what_a_person_sees_as_one_character_counts_as_one() {
    for (text, characters) in [
        ("", 0),
        ("臨床 瘍子", 5),
        ("葛\u{E0100}", 1),
        ("𠮷", 1),
        ("か\u{3099}", 1),
        ("👨\u{200D}👩\u{200D}👧\u{200D}👦", 1),
        ("🇯🇵", 1),
        ("\n", 1),
        ("\r\n", 1),
        ("一\r\n二\n三", 5),
        ("\n\n", 2),
        ("葛\u{E0100}飾区\r\n𠮷野家", 7),
    ] {
        assert_eq!(count(text), characters, "{text:?}");
    }
}

#[test]
fn the_first_control_character_is_found_with_its_place() {
    for (text, character, position) in [
        ("\u{0}", '\u{0}', 1),
        ("葛\u{E0100}飾\u{7}区\u{8}", '\u{7}', 3),
        ("一行目\n\t二\u{1B}", '\u{1B}', 7),
        ("a\u{7F}", '\u{7F}', 2),
        ("a\u{85}", '\u{85}', 2),
        ("a\rb", '\r', 2),
    ] {
        assert_eq!(
            undecodable(text),
            Some(Undecodable {
                character,
                position
            }),
            "{text:?}"
        );
    }
}

#[test]
fn tabs_line_ends_and_every_written_character_are_accepted() {
    for text in [
        "",
        "一行目\n\t二行目",
        "葛\u{E0100}𠮷髙﨑①",
        "👨\u{200D}👩\u{200D}👧",
        "〜—",
    ] {
        assert_eq!(undecodable(text), None, "{text:?}");
    }
    assert_eq!(undecodable(&normalise_newlines("一\r\n二\r三")), None);
}

#[test]
fn a_control_character_is_refused_in_words() {
    assert_eq!(
        undecodable("瘍\u{0}子").map(|found| found.message("氏名")),
        Some(
            "氏名に、表示されない特殊な文字（U+0000）が含まれています。2文字目の前後を入力し直してください。"
                .to_owned()
        )
    );
}

#[test]
fn line_ends_become_line_feeds_and_other_text_is_not_copied() {
    assert_eq!(
        normalise_newlines("一\r\n二\r三\n四\r\r\n"),
        "一\n二\n三\n四\n\n"
    );
    // As word processors leave them, and as other systems write them.
    assert_eq!(
        normalise_newlines("一\u{b}二\u{c}三\u{85}四\u{2028}五\u{2029}\u{b}\r\n六"),
        "一\n二\n三\n四\n五\n\n\n六"
    );
    assert!(matches!(
        normalise_newlines("一\n二"),
        Cow::Borrowed("一\n二")
    ));
}

#[test]
fn codes_are_stored_in_half_width() {
    for (text, stored) in [
        ("０５０００２６", "0500026"),
        ("　ＢＯＡ２０２２　", "BOA2022"),
        ("〒１０５ー００１３", "〒105-0013"),
        ("０３－1234－5678", "03-1234-5678"),
        ("03―1234‐5678", "03-1234-5678"),
        ("1−2–3—4\u{2011}5ｰ6", "1-2-3-4-5-6"),
        ("ｈａｎａｋｏ＠ｅｘａｍｐｌｅ．ｊｐ", "hanako@example.jp"),
        ("7丁目5−2", "7丁目5-2"),
        ("１２　３４", "12 34"),
        ("～！", "~!"),
    ] {
        assert_eq!(half_width(text), stored, "{text}");
    }
}

#[test]
fn a_dash_that_is_not_between_digits_stays() {
    for text in ["センター", "ー1", "1ー", "1ーー2", "Aー1", "東京−大阪"] {
        assert_eq!(half_width(text), text);
    }
}

#[test]
fn a_whole_number_is_read_with_commas_width_and_its_unit() {
    for (text, suffixes, number) in [
        ("0", &[][..], 0),
        ("１０", &[], 10),
        (" 010 ", &[], 10),
        ("11,000", &[], 11_000),
        ("１，２３４，５６７", &[], 1_234_567),
        ("4294967295", &[], u32::MAX),
        ("10単位", &["単位"], 10),
        ("１０ 単位", &["単位"], 10),
        ("10", &["単位"], 10),
        ("5件", &["件", "編"], 5),
        ("5か年", &["年", "か年"], 5),
        ("11,000円", &["円"], 11_000),
        ("30％", &["%"], 30),
    ] {
        assert_eq!(parse_number(text, suffixes), Ok(number), "{text}");
    }
}

#[test]
fn what_is_no_whole_number_is_refused_for_its_reason() {
    for (text, refusal) in [
        ("", NumberError::Empty),
        ("　", NumberError::Empty),
        ("十", NumberError::NotANumber),
        ("10くらい", NumberError::NotANumber),
        ("5件", NumberError::NotANumber),
        ("単位", NumberError::NotANumber),
        ("10単位単位", NumberError::NotANumber),
        ("+5", NumberError::NotANumber),
        ("1 0", NumberError::NotANumber),
        ("1e3", NumberError::NotANumber),
        ("0x10", NumberError::NotANumber),
        ("11,00", NumberError::NotANumber),
        ("1100,000", NumberError::NotANumber),
        (",000", NumberError::NotANumber),
        ("1.", NumberError::NotANumber),
        (".", NumberError::NotANumber),
        ("-", NumberError::NotANumber),
        ("①", NumberError::NotANumber),
        ("٣", NumberError::NotANumber),
        ("-500", NumberError::Negative),
        ("－５００", NumberError::Negative),
        ("−1.5", NumberError::Negative),
        ("1.5", NumberError::Fraction),
        ("１．５単位", NumberError::Fraction),
        ("4294967296", NumberError::TooLarge),
        ("99999999999999999999999", NumberError::TooLarge),
    ] {
        assert_eq!(parse_number(text, &["単位"]), Err(refusal), "{text}");
    }
    assert_eq!(parse_count("10単位"), Err(NumberError::NotANumber));
    assert_eq!(parse_count("１０"), Ok(10));
}

#[test]
fn every_refused_number_says_what_to_do() {
    for (refusal, sentence) in [
        (NumberError::Empty, "申請単位 は必須入力です。"),
        (
            NumberError::NotANumber,
            "申請単位 は 10 のように数字で入力してください。",
        ),
        (
            NumberError::Negative,
            "申請単位 は 0 以上の数字で入力してください。",
        ),
        (
            NumberError::Fraction,
            "申請単位 は小数を使わず、整数で入力してください。",
        ),
        (
            NumberError::TooLarge,
            "申請単位 の数字が大きすぎます。ご確認のうえ、入力しなおしてください。",
        ),
    ] {
        assert_eq!(refusal.message("申請単位"), sentence);
    }
}

#[test]
fn furigana_are_stored_in_full_width_katakana() {
    for (text, stored) in [
        ("りんしょう はなこ", "リンショウ　ハナコ"),
        ("ﾘﾝｼｮｳ ﾊﾅｺ", "リンショウ　ハナコ"),
        ("ｶﾞｷﾞﾊﾟｳﾞ", "ガギパヴ"),
        ("ｻﾄｰ･ｼﾞｮﾝ", "サトー・ジョン"),
        ("か\u{3099}は\u{309A}", "ガパ"),
        ("か゛は゜", "ガパ"),
        ("サトー", "サトー"),
        ("ゔゕゖゝゞ", "ヴヵヶヽヾ"),
        ("　リンショウ \t　ハナコ ", "リンショウ　ハナコ"),
        ("ｱﾞﾟ", "ア゛゜"),
        ("ﾞ", "゛"),
        ("臨床", "臨床"),
    ] {
        assert_eq!(katakana(text), stored, "{text}");
    }
}

#[test]
fn bank_kana_and_furigana_of_one_person_have_one_key() {
    for (bank, furigana) in [
        ("ﾘﾝｼﾖｳ ﾊﾅｺ", "リンショウ　ハナコ"),
        ("ﾘﾝｼﾖｳﾊﾅｺ", "りんしょう はなこ"),
        ("ｻﾄ-ｼﾞﾖﾝ", "サトー・ジョン"),
        ("ｼﾝｻﾞ-ﾄﾞ", "シンザード"),
        ("ｶ)ABC", "カ）ａｂｃ"),
        ("ﾂﾁﾔ", "ッチャ"),
        ("ｱｲｳｴｵﾜ", "ァィゥェォヮ"),
    ] {
        assert_eq!(kana_key(bank), kana_key(furigana), "{bank}");
    }
    assert_eq!(kana_key("ﾘﾝｼﾖｳ ﾊﾅｺ"), "リンシヨウハナコ");
    assert_ne!(kana_key("ハナコ"), kana_key("バナコ"));
}

#[test]
fn a_name_is_found_under_the_old_and_the_new_form() {
    for (stored, typed) in [
        ("髙橋　﨑子", "高橋崎子"),
        ("𠮷田", "吉田"),
        ("渡邊 靜香", "渡辺静香"),
        ("渡邉", "渡辺"),
        ("濵田", "浜田"),
        ("濱田", "浜田"),
        ("齋藤", "斎藤"),
        ("齊藤", "斉藤"),
        ("葛\u{E0100}西", "葛西"),
        ("\u{FA19}谷", "神谷"),
        ("ｽﾐｽ John", "スミスＪＯＨＮ"),
        ("か\u{3099}", "が"),
        ("奧村　恆夫", "奥村恒夫"),
        ("西川　\u{2EC6}子", "西川角子"),
        ("\u{2ED1}\u{2F95}川　\u{2ED8}子", "長谷川青子"),
        ("舘　巖", "館巌"),
        ("佐々木\u{200B} 一", "佐々木一"),
        ("佐佐木　一", "佐々木一"),
        ("野〻村", "野々村"),
        ("國廣　槇", "国広槙"),
        ("三ヶ島　ヶ", "三ケ島ケ"),
        ("\u{FEFF}山\u{AD}田\u{2060}", "山田"),
        ("嶋田　龍", "島田竜"),
        ("冨永　峯子", "富永峰子"),
        ("埜口", "野口"),
        ("薗田", "園田"),
        ("凉", "涼"),
        ("堯", "尭"),
        ("凛", "凜"),
        ("遙", "遥"),
        ("萠", "萌"),
        ("桧山", "檜山"),
        ("鷗", "鴎"),
        ("籔", "薮"),
        ("淵", "渕"),
        ("煕", "熙"),
        ("曻", "昇"),
        ("說", "説"),
        ("靏田", "鶴田"),
        ("Müller–Łukasz", "muller-łukasz"),
        ("Nguyễn Thị", "nguyen thi"),
        ("O’Brien", "O'BRIEN"),
        ("マリア・ガルシア", "マリア ガルシア"),
        ("ﾏﾘｱ･ｶﾞﾙｼｱ", "マリアガルシア"),
        ("O’Brien", "O´Brien"),
        ("O’Brien", "O`Brien"),
        ("O'Brien", "Oʼbrien"),
        ("O’Brien", "OBrien"),
        ("たなか　ゆうき", "タナカユウキ"),
        ("たなか　ゆうき", "ﾀﾅｶ ﾕｳｷ"),
        ("JSMO がんセンター", "jsmoガンセンター"),
        ("霞ケ関", "霞ヵ関"),
        ("霞ケ関", "霞が関"),
        ("霞ヶ関", "霞カ関"),
        ("三ヶ島", "三カ島"),
        ("三ヶ島", "三ゕ島"),
        ("二ッ木", "二ツ木"),
        ("二っ木", "二ﾂ木"),
        ("一ノ瀬", "一之瀬"),
        ("一の瀬", "一之瀬"),
        ("キヤノン", "キャノン"),
    ] {
        assert_eq!(name_key(stored), name_key(typed), "{stored}");
    }
    assert_eq!(name_key("髙橋　﨑子"), "高橋崎子");
}

#[test]
fn a_name_is_found_with_its_parts_in_either_order() {
    assert_eq!(name_keys("髙橋　﨑子"), ["高橋崎子", "崎子高橋"]);
    assert_eq!(
        name_keys("John  von Neumann"),
        ["johnvonneumann", "vonneumannjohn"]
    );
    assert_eq!(name_keys("高橋"), ["高橋"]);
    assert_eq!(name_keys("　高橋　"), ["高橋"]);
}

#[test]
fn names_that_people_tell_apart_keep_their_own_keys() {
    for (one, other) in [
        ("斎藤", "斉藤"),
        ("坂田", "阪田"),
        ("沢田", "澄田"),
        ("はな", "はね"),
        ("ひろし", "ひろじ"),
    ] {
        assert_ne!(name_key(one), name_key(other));
    }
}

#[test]
fn every_old_form_has_one_new_form_that_is_none_itself() {
    let new: HashSet<char> = OLD_FORMS.iter().map(|(new, _)| *new).collect();
    let old: Vec<char> = OLD_FORMS.iter().flat_map(|(_, old)| old.chars()).collect();
    assert_eq!(new.len(), OLD_FORMS.len(), "a new form stands twice");
    assert_eq!(
        old.iter().collect::<HashSet<_>>().len(),
        old.len(),
        "an old form stands twice"
    );
    for c in &old {
        assert!(!new.contains(c), "{c} is on both sides");
        // A form that NFKC folds would never reach the table.
        assert_eq!(name_key(&c.to_string()).chars().count(), 1);
        assert!(
            new.iter()
                .any(|n| name_key(&c.to_string()) == n.to_string())
        );
    }
}

/// Text near what is folded: kana with marks, digits with dashes, names with selectors.
const NEARLY: &str =
    "[0-9０-９ａ-ｚー−\\-,. 　か-ぱガｦ-ﾟ゛゜\u{3099}\u{309A}\u{E0100}髙邉\r\n\t]{0,16}";

proptest! {
    #[test]
    fn half_width_of_half_width_is_itself(any in any::<String>(), near in NEARLY) {
        for text in [any, near] {
            let once = half_width(&text);
            prop_assert_eq!(half_width(&once), once);
        }
    }

    #[test]
    fn katakana_of_katakana_is_itself(any in any::<String>(), near in NEARLY) {
        for text in [any, near] {
            let once = katakana(&text);
            prop_assert_eq!(katakana(&once), once.clone());
            prop_assert_eq!(kana_key(&once), kana_key(&text));
        }
    }

    #[test]
    fn a_line_end_between_two_texts_adds_one(one in any::<String>(), other in any::<String>()) {
        let one = normalise_newlines(&one);
        let apart = count(&one) + 1 + count(&other);
        prop_assert_eq!(count(&format!("{one}\n{other}")), apart);
        prop_assert_eq!(count(&format!("{one}\r\n{other}")), apart);
    }

    #[test]
    fn counting_does_not_depend_on_the_kind_of_line_end(lines in prop::collection::vec("[^\r\n]{0,8}", 0..5)) {
        prop_assert_eq!(count(&lines.join("\r\n")), count(&lines.join("\n")));
    }

    #[test]
    fn no_text_makes_the_others_panic(any in any::<String>(), near in NEARLY, suffix in NEARLY) {
        for text in [any, near] {
            let lines = normalise_newlines(&text);
            prop_assert!(!lines.contains('\r'));
            match undecodable(&lines) {
                Some(found) => {
                    prop_assert!(lines.contains(found.character));
                    prop_assert!((1..=count(&lines)).contains(&found.position));
                }
                None => prop_assert!(lines.chars().all(|c| !c.is_control() || c == '\n' || c == '\t')),
            }
            if let Err(refusal) = parse_number(&text, &[&suffix]) {
                prop_assert!(refusal.message("件数").starts_with("件数 "));
            }
            prop_assert!(!name_key(&text).chars().any(char::is_whitespace));
        }
    }

    #[test]
    fn every_number_is_read_back(number in any::<u32>()) {
        prop_assert_eq!(parse_count(&number.to_string()), Ok(number));
        prop_assert_eq!(parse_number(&format!("{number}件"), &["件"]), Ok(number));
    }
}

#[test]
fn a_text_of_which_nothing_is_seen_is_blank() {
    for text in [
        "",
        " ",
        "\u{3000}",
        "\n\t",
        "\u{A0}",
        "\u{200B}",
        "\u{FEFF}",
        "\u{2060}",
        "\u{AD}",
        "\u{200E}\u{202E}",
        "\u{3164}",
        "\u{FE0F}",
        "\u{E0020}",
        "\u{FFFE}",
        "\u{FDD0}",
        "\u{1FFFF}",
        "\u{2800}",
        " \u{200B}\u{3000}\u{FEFF}\n",
    ] {
        assert!(is_blank(text), "{text:?}");
    }
    for text in ["あ", "-", "0", "\u{200B}a", "〓", "葛\u{E0100}", "\u{E000}"] {
        assert!(!is_blank(text), "{text:?}");
    }
}

#[test]
fn what_is_no_character_can_not_be_stored() {
    for (text, place) in [("\u{FFFE}", 1), ("あい\u{FDD0}", 3), ("a\u{10FFFF}b", 2)] {
        assert_eq!(
            undecodable(text).map(|it| it.position),
            Some(place),
            "{text:?}"
        );
    }
    assert_eq!(undecodable("\u{FFFC}\u{E000}〓"), None);
}
