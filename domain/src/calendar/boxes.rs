//! A date in three boxes: one text is stored, as it was typed, and the page shows 年, 月 and 日 apart.

use super::{Era, folded, month_and_day, parse_date, take_year};
use crate::text::half_width;

/// The text that is stored for what stands in three boxes. Only the first filled in: it is taken as it is, because people
/// paste `2026/7/4` into it. Else the boxes are joined by `/`, without a 年, 月 or 日 that was typed behind the number in its
/// box. Spaces at the ends of a box are nothing that was typed; no other character is lost.
pub fn date_from_boxes(year: &str, month: &str, day: &str) -> String {
    let [year, month, day] = [year, month, day].map(str::trim);
    if month.is_empty() && day.is_empty() {
        return year.to_owned();
    }
    [(year, '年'), (month, '月'), (day, '日')]
        .map(|(text, unit)| without_unit(text, unit))
        .join("/")
}

/// The first empty one of three boxes, when something stands in another.
pub(super) fn missing(entry: &str) -> Option<&'static str> {
    let boxes: Vec<&str> = entry.split('/').map(str::trim).collect();
    if boxes.len() != 3 || boxes.iter().all(|text| text.is_empty()) {
        return None;
    }
    let empty = boxes.iter().position(|text| text.is_empty())?;
    ["年", "月", "日"].get(empty).copied()
}

/// A number without the unit behind it. A unit behind anything else is no unit, but a word that the person typed.
fn without_unit(text: &str, unit: char) -> &str {
    let behind_a_number =
        |number: &&str| half_width(number).ends_with(|c: char| c.is_ascii_digit() || c == '元');
    text.strip_suffix(unit)
        .map(str::trim_end)
        .filter(behind_a_number)
        .unwrap_or(text)
}

/// What stands in the three boxes for a stored text. A 元号 stays as it was typed; what cannot be taken apart stands in the
/// first box, whole.
pub fn date_boxes(text: &str) -> [String; 3] {
    let parts: Vec<&str> = text.split('/').collect();
    if let [year, month, day] = parts[..]
        && !(month.is_empty() && day.is_empty())
    {
        return [year, month, day].map(str::to_owned);
    }
    taken_apart(text).unwrap_or_else(|| [text.to_owned(), String::new(), String::new()])
}

/// Of a text that is a date in another form.
fn taken_apart(text: &str) -> Option<[String; 3]> {
    let date = parse_date(text).ok()?;
    let entry = folded(text);
    let (era, rest) = Era::at_start(&entry);
    if era.is_none() {
        let parts = [
            date.year().to_string(),
            date.month().to_string(),
            date.day().to_string(),
        ];
        return Some(parts);
    }
    let (_, after_year) = take_year(rest, era);
    let (month, day) = month_and_day(after_year)?;
    let year = entry.strip_suffix(after_year)?;
    Some([year.to_owned(), month.to_owned(), day.to_owned()])
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::CalendarError;

    fn boxes(text: &str) -> [String; 3] {
        date_boxes(text)
    }

    #[test]
    fn three_boxes_make_one_date_in_western_and_japanese_years() {
        for (year, month, day) in [
            ("2025", "3", "6"),
            ("令和7", "3", "6"),
            ("R7", "3", "6"),
            ("２０２５", "３", "６"),
            ("2025年", "3月", "6日"),
            (" 2025 ", " 3 ", " 6 "),
        ] {
            let text = date_from_boxes(year, month, day);
            assert_eq!(parse_date(&text), Ok(date(2025, 3, 6)), "{text}");
        }
    }

    #[test]
    fn a_box_that_was_left_empty_is_named() {
        for (boxes, part) in [
            (["2026", "7", ""], "日"),
            (["2026", "", "4"], "月"),
            (["", "7", "4"], "年"),
            (["令和8", "7", ""], "日"),
            (["2026", "7月", "　"], "日"),
        ] {
            let [year, month, day] = boxes;
            let read = parse_date(&date_from_boxes(year, month, day));
            assert_eq!(read, Err(CalendarError::Missing(part)), "{boxes:?}");
            assert_eq!(
                CalendarError::Missing(part).message("開催日"),
                format!("開催日の「{part}」を入力してください。")
            );
        }
        assert_eq!(
            parse_date(&date_from_boxes("", "", "")),
            Err(CalendarError::Empty)
        );
    }

    #[test]
    fn a_whole_date_pasted_into_the_first_box_is_understood_and_taken_apart() {
        for text in ["2025/3/6", "2025年3月6日", "20250306", "2025-03-06"] {
            assert_eq!(date_from_boxes(text, "", ""), text);
            assert_eq!(boxes(text)[0], "2025", "{text}");
        }
        assert_eq!(boxes("令和7年3月6日"), ["令和7", "3", "6"]);
        assert_eq!(boxes("R7.3.6"), ["R7", "3", "6"]);
    }

    #[test]
    fn nothing_typed_is_nothing_stored_and_half_a_date_stays_in_its_boxes() {
        assert_eq!(date_from_boxes("", "", ""), "");
        assert_eq!(
            parse_date(&date_from_boxes("", "", "")),
            Err(CalendarError::Empty)
        );
        assert_eq!(boxes(&date_from_boxes("2025", "", "6")), ["2025", "", "6"]);
        assert_eq!(
            boxes(&date_from_boxes("2025", "13", "")),
            ["2025", "13", ""]
        );
        assert_eq!(boxes("きのう"), ["きのう", "", ""]);
    }

    #[test]
    fn boxes_with_nothing_but_spaces_are_empty() {
        assert_eq!(date_from_boxes("　", " ", "\t"), "");
        assert_eq!(date_from_boxes("2025/3/6", " ", "　"), "2025/3/6");
        assert_eq!(
            boxes(&date_from_boxes(" 2025 年", "　", "")),
            ["2025 年", "", ""]
        );
    }

    #[test]
    fn a_unit_without_a_number_is_what_was_typed() {
        assert_eq!(
            boxes(&date_from_boxes("2025", "月", "")),
            ["2025", "月", ""]
        );
        assert_eq!(
            boxes(&date_from_boxes("令和元年", "7月月", "末日")),
            ["令和元", "7月月", "末日"]
        );
    }

    proptest! {
        #[test]
        fn no_character_typed_into_boxes_is_lost_but_a_unit_behind_its_number(
            typed in prop::array::uniform3("[0-9０-９元三末令和R年月日 　.-]{0,6}")
        ) {
            let [year, month, day] = &typed;
            let shown = boxes(&date_from_boxes(year, month, day));
            if month.trim().is_empty() && day.trim().is_empty() && parse_date(year).is_ok() {
                prop_assert_eq!(parse_date(&shown.join("/")), parse_date(year));
            } else {
                for ((shown, typed), unit) in shown.iter().zip(&typed).zip(['年', '月', '日']) {
                    let typed = typed.trim();
                    let number = typed.strip_suffix(unit).map(str::trim_end);
                    prop_assert!(shown == typed || Some(shown.as_str()) == number, "{} {}", shown, typed);
                }
            }
        }

        #[test]
        fn what_was_typed_into_boxes_stands_in_them_again(
            year in "[^/年月日\\s]{0,6}", month in "[^/年月日\\s]{1,3}", day in "[^/年月日\\s]{0,3}"
        ) {
            prop_assert_eq!(boxes(&date_from_boxes(&year, &month, &day)), [year, month, day]);
        }

        #[test]
        fn no_character_of_a_stored_text_without_a_date_is_lost(text in any::<String>()) {
            if parse_date(&text).is_err() {
                let [year, month, day] = boxes(&text);
                let again = if month.is_empty() && day.is_empty() {
                    year
                } else {
                    [year, month, day].join("/")
                };
                prop_assert_eq!(again, text);
            }
        }

        #[test]
        fn taking_a_date_apart_and_putting_it_together_is_the_same_date(days in 0_i32..80_000) {
            let day = date(1900, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            for text in [crate::calendar::show_date(day), crate::calendar::wareki(day)] {
                let [y, m, d] = boxes(&text);
                prop_assert_eq!(parse_date(&date_from_boxes(&y, &m, &d)), Ok(day), "{}", text);
            }
        }
    }
}
