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
                "期間 の終わりが始まりより前になっています。始まりと終わりの年月をご確認ください。",
            ));
        }
        check_text(
            &mut errors,
            "/content",
            "内容",
            &self.content,
            rules.limits.long_text,
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
