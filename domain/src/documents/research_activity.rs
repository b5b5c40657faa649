//! 研究活動歴: rows of a period and what was done in it, and 総年数.

use serde::{Deserialize, Serialize};

use super::{FieldError, Rows, Texts, box_at_fault, check_text};
use crate::{
    calendar::{YearMonth, parse_year_month},
    program::Rules,
    text::parse_number,
};

/// One row of 研究活動歴.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResearchActivity {
    /// 期間: year of the first month.
    pub from_year: String,
    /// 期間: first month.
    pub from_month: String,
    /// 期間: year of the last month.
    pub to_year: String,
    /// 期間: last month.
    pub to_month: String,
    /// 内容
    pub content: String,
}

impl Texts for ResearchActivity {
    fn texts(&self) -> Vec<(String, &str)> {
        [
            ("/from_year", &self.from_year),
            ("/from_month", &self.from_month),
            ("/to_year", &self.to_year),
            ("/to_month", &self.to_month),
            ("/content", &self.content),
        ]
        .map(|(pointer, text)| (pointer.to_owned(), text.as_str()))
        .into()
    }

    fn most(pointer: &str, rules: &Rules) -> usize {
        match pointer {
            "/content" => rules.limits.long_text,
            _ => rules.limits.short_text,
        }
    }
}

impl ResearchActivity {
    /// What is wrong with it.
    pub fn errors(&self, rules: &Rules) -> Vec<FieldError> {
        const LABEL: &str = "期間";
        let mut errors = Vec::new();
        let mut read = |year: &str, month: &str, pointers: [&str; 2]| -> Option<YearMonth> {
            parse_year_month(year, month)
                .map_err(|error| {
                    let pointer = box_at_fault(&error, year, pointers);
                    errors.push(FieldError::new(pointer, error.message(LABEL)));
                })
                .ok()
        };
        let from = read(
            &self.from_year,
            &self.from_month,
            ["/from_year", "/from_month"],
        );
        let to = read(&self.to_year, &self.to_month, ["/to_year", "/to_month"]);
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            errors.push(FieldError::new(
                "/to_year",
                "終了年月が開始年月より前になっています。開始年月と終了年月をご確認ください。",
            ));
        }
        check_text(
            &mut errors,
            "/content",
            "内容",
            &self.content,
            Self::most("/content", rules),
        );
        errors
    }
}

/// 研究活動歴 as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ResearchActivities {
    /// The rows.
    pub rows: Rows<ResearchActivity>,
    /// がん治療に関する研究活動・診療歴の総年数, as typed.
    pub total_years: String,
}

/// The manual's words for 総年数.
pub const RESEARCH_YEARS: &str = "がん治療に関する研究活動・診療歴の総年数";

/// 総年数 as a number of years.
///
/// # Errors
/// The sentence for what was typed.
pub fn research_years(text: &str) -> Result<u32, FieldError> {
    const POINTER: &str = "/total_years";
    let years = parse_number(text, &["年"])
        .map_err(|error| FieldError::new(POINTER, error.message(RESEARCH_YEARS)))?;
    // A person's working life; a typing slip such as 155 is pointed out.
    if years > 80 {
        return Err(FieldError::new(
            POINTER,
            format!("{RESEARCH_YEARS} は80年以下で入力してください。"),
        ));
    }
    Ok(years)
}

/// Months of which 研究活動歴 tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first.
    pub from: YearMonth,
    /// The last.
    pub to: YearMonth,
}

impl Gap {
    /// What is said of it: a notice, never an error (M: 過去 5 年間の活動歴は遺漏なく入力してください).
    pub fn sentence(&self) -> String {
        let month = |at: YearMonth| format!("{}年{}月", at.year, at.month);
        if self.from == self.to {
            format!("{}の記載がありません。", month(self.from))
        } else {
            format!(
                "{}～{}の記載がありません。",
                month(self.from),
                month(self.to)
            )
        }
    }
}

/// The months from the first that 研究活動歴 is about until `until` that no readable row covers, in order.
pub fn uncovered(rows: &Rows<ResearchActivity>, rules: &Rules, until: YearMonth) -> Vec<Gap> {
    let mut told: Vec<(YearMonth, YearMonth)> = rows
        .iter()
        .filter_map(|row| {
            let row = &row.value;
            let from = parse_year_month(&row.from_year, &row.from_month).ok()?;
            let to = parse_year_month(&row.to_year, &row.to_month).ok()?;
            (from <= to).then_some((from, to))
        })
        .collect();
    told.sort();
    let mut gaps = Vec::new();
    let mut next = rules.activities_since();
    for (from, to) in told {
        if from > next
            && let Some(before) = month_before(from)
            && next <= until
        {
            let to = before.min(until);
            gaps.push(Gap { from: next, to });
        }
        if to >= next {
            next = month_after(to);
        }
    }
    if next <= until {
        gaps.push(Gap {
            from: next,
            to: until,
        });
    }
    gaps
}

fn month_after(month: YearMonth) -> YearMonth {
    if month.month == 12 {
        YearMonth {
            year: month.year.saturating_add(1),
            month: 1,
        }
    } else {
        YearMonth {
            year: month.year,
            month: month.month + 1,
        }
    }
}

fn month_before(month: YearMonth) -> Option<YearMonth> {
    if month.month > 1 {
        YearMonth::new(month.year, month.month - 1).ok()
    } else {
        YearMonth::new(month.year.checked_sub(1)?, 12).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{documents::RowId, program::Programs};

    fn rows(periods: &[(&str, &str, &str, &str)]) -> Rows<ResearchActivity> {
        let mut rows = Rows::default();
        for (place, (from_year, from_month, to_year, to_month)) in periods.iter().enumerate() {
            let value = ResearchActivity {
                from_year: (*from_year).to_owned(),
                from_month: (*from_month).to_owned(),
                to_year: (*to_year).to_owned(),
                to_month: (*to_month).to_owned(),
                content: "診療".to_owned(),
            };
            rows.put(RowId(Uuid::from_u128(place as u128)), value);
        }
        rows
    }

    fn gaps(periods: &[(&str, &str, &str, &str)]) -> Vec<String> {
        let programs = Programs::embedded().unwrap();
        let rules = &programs.iter().next().unwrap().rules;
        assert_eq!(
            rules.activities_since(),
            YearMonth {
                year: 2021,
                month: 7
            }
        );
        let until = YearMonth {
            year: 2026,
            month: 6,
        };
        uncovered(&rows(periods), rules, until)
            .iter()
            .map(Gap::sentence)
            .collect()
    }

    #[test]
    fn months_without_a_word_are_named() {
        assert_eq!(gaps(&[("2019", "4", "2026", "6")]), [""; 0]);
        assert_eq!(
            gaps(&[("2021", "7", "2023", "3"), ("2023", "10", "2026", "5")]),
            [
                "2023年4月～2023年9月の記載がありません。",
                "2026年6月の記載がありません。"
            ]
        );
        assert_eq!(
            gaps(&[("令和3", "8", "令和8", "12")]),
            ["2021年7月の記載がありません。"]
        );
    }

    #[test]
    fn rows_may_overlap_and_stand_in_any_order_and_unreadable_ones_tell_nothing() {
        assert_eq!(
            gaps(&[
                ("2024", "1", "2026", "6"),
                ("2021", "4", "2024", "6"),
                ("x", "1", "2020", "1")
            ]),
            [""; 0]
        );
        assert_eq!(
            gaps(&[("2026", "6", "2021", "7")]),
            ["2021年7月～2026年6月の記載がありません。"]
        );
    }

    proptest! {
        #[test]
        fn every_month_is_either_told_or_in_a_gap(periods in prop::collection::vec((0_i32..72, 0_i32..24), 0..6)) {
            let programs = Programs::embedded().unwrap();
            let rules = &programs.iter().next().unwrap().rules;
            let month = |number: i32| YearMonth {
                year: i16::try_from(2021 + number / 12).unwrap(),
                month: i8::try_from(number % 12 + 1).unwrap(),
            };
            let mut all = Rows::default();
            for (place, (from, length)) in periods.iter().enumerate() {
                let (from, to) = (month(*from), month(from + length));
                let value = ResearchActivity {
                    from_year: from.year.to_string(), from_month: from.month.to_string(),
                    to_year: to.year.to_string(), to_month: to.month.to_string(), content: String::new(),
                };
                all.put(RowId(Uuid::from_u128(place as u128)), value);
            }
            let until = month(65);
            let gaps = uncovered(&all, rules, until);
            for at in (6..=65).map(month) {
                let told = periods.iter().any(|(from, length)| month(*from) <= at && at <= month(from + length));
                let in_gap = gaps.iter().filter(|gap| gap.from <= at && at <= gap.to).count();
                prop_assert_eq!(in_gap, usize::from(!told), "{:?}", at);
            }
        }
    }
}
