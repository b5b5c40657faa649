//! 研究業績 論文: accepted papers, and other societies' meetings and seminars.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    FieldError, Texts, check_text, choose,
    conference::{read_date, read_units},
};
use crate::program::Rules;

/// One row of 論文. All fields are required (A, reference 6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Paper {
    /// 区分: 筆頭, 共著, 参加
    pub division: String,
    /// 種別
    pub kind: String,
    /// 日付: of acceptance (採択) for papers (reference 1.1, no. 8)
    pub date: String,
    /// 申請単位
    pub units: String,
    /// 内容
    pub content: String,
}

/// What a row without mistakes says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperFacts {
    /// 区分
    pub division: String,
    /// 種別
    pub kind: String,
    /// 日付
    pub date: Date,
    /// 申請単位
    pub units: u32,
    /// 内容
    pub content: String,
}

impl Texts for Paper {
    fn texts(&self) -> Vec<(String, &str)> {
        [
            ("/division", &self.division),
            ("/kind", &self.kind),
            ("/date", &self.date),
            ("/units", &self.units),
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

impl Paper {
    /// Reads the row.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the screen.
    pub fn read(&self, rules: &Rules) -> Result<PaperFacts, Vec<FieldError>> {
        let mut errors = Vec::new();
        let kind = rules.paper_kind(&self.kind);
        let divisions = |name: &str| {
            rules
                .units
                .kinds
                .iter()
                .any(|kind| kind.units.contains_key(name))
        };
        if !divisions(&self.division) {
            errors.push(FieldError::new("/division", choose("区分")));
        } else if let Some(kind) = kind.filter(|kind| !kind.units.contains_key(&self.division)) {
            let allowed: Vec<_> = kind
                .units
                .keys()
                .map(|name| format!("「{name}」"))
                .collect();
            errors.push(FieldError::new(
                "/division",
                format!(
                    "種別「{}」の区分は{}から選択してください。",
                    kind.name,
                    allowed.join("または")
                ),
            ));
        }
        if kind.is_none() {
            errors.push(FieldError::new("/kind", choose("種別")));
        }
        let date = read_date(&mut errors, "/date", "日付", &self.date);
        let units = read_units(&mut errors, "/units", &self.units, &rules.units);
        check_text(
            &mut errors,
            "/content",
            "内容",
            &self.content,
            Self::most("/content", rules),
        );
        match (date, units) {
            (Some(date), Some(units)) if errors.is_empty() => Ok(PaperFacts {
                division: self.division.clone(),
                kind: self.kind.clone(),
                date,
                units,
                content: self.content.trim().to_owned(),
            }),
            _ => Err(errors),
        }
    }

    /// What is wrong with it.
    pub fn errors(&self, rules: &Rules) -> Vec<FieldError> {
        self.read(rules).err().unwrap_or_default()
    }
}
