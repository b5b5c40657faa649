//! A date in three boxes: one text is stored, as it was typed, and the page shows 年, 月 and 日 apart.

use super::{Era, folded, month_and_day, parse_date, take_year};

/// The text that is stored for what stands in three boxes. Only the first filled in: it is taken as it is, because people
/// paste `2026/7/4` into it. Else the boxes are joined by `/`, without a 年, 月 or 日 that was typed into its box.
pub fn date_from_boxes(year: &str, month: &str, day: &str) -> String {
    if month.is_empty() && day.is_empty() {
        return year.to_owned();
    }
    let plain = |text: &str, unit: char| {
        let text = text.trim();
        text.strip_suffix(unit).unwrap_or(text).trim().to_owned()
    };
    format!(
        "{}/{}/{}",
        plain(year, '年'),
        plain(month, '月'),
        plain(day, '日')
    )
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

    proptest! {
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
