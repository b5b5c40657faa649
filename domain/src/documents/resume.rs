//! 履歴書: what the member types; the rest is the member's record, kept with each save.

use serde::{Deserialize, Serialize};

use super::{FieldError, Texts, box_at_fault, check_text, choose};
use crate::{
    calendar::parse_year_month,
    member::{Contact, MemberRecord},
    program::Rules,
};

/// The input fields of 履歴書.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resume {
    /// 学歴 出身校
    pub school: String,
    /// 学歴 卒業年月, the year: 1998, 平成10, H10.
    pub graduation_year: String,
    /// 学歴 卒業年月, the month.
    pub graduation_month: String,
    /// 基本学会 学会名
    pub basic_society: String,
    /// 基本学会 資格種別
    pub qualification: String,
    /// 基本学会 認定番号
    pub qualification_number: String,
    /// 個人情報の公開を希望しません: hides 自宅; not selectable when 連絡先 is 自宅.
    pub withhold_home: bool,
}

impl Texts for Resume {
    fn texts(&self) -> Vec<(String, &str)> {
        [
            ("/school", &self.school),
            ("/graduation_year", &self.graduation_year),
            ("/graduation_month", &self.graduation_month),
            ("/basic_society", &self.basic_society),
            ("/qualification", &self.qualification),
            ("/qualification_number", &self.qualification_number),
        ]
        .map(|(pointer, text)| (pointer.to_owned(), text.as_str()))
        .into()
    }

    fn most(_: &str, rules: &Rules) -> usize {
        rules.limits.short_text
    }
}

impl Resume {
    /// Whether 個人情報の公開を希望しません may be chosen. M: ただし、連絡先が「自宅」の方は選択できません
    pub fn may_withhold_home(record: &MemberRecord) -> bool {
        record.contact != Contact::Home
    }

    /// What is wrong with it, in the order of the screen. `record` is the record it is saved with.
    pub fn errors(&self, rules: &Rules, record: &MemberRecord) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.withhold_home && !Self::may_withhold_home(record) {
            errors.push(FieldError::new(
                "/withhold_home",
                "連絡先が「自宅」の方は「個人情報の公開を希望しません」を選択できません。チェックを外してください。",
            ));
        }
        check_text(
            &mut errors,
            "/school",
            "学歴 出身学校名",
            &self.school,
            Self::most("/school", rules),
        );
        self.check_graduation(&mut errors);
        self.check_basic_society(&mut errors, rules);
        check_text(
            &mut errors,
            "/qualification_number",
            "基本学会 認定番号",
            &self.qualification_number,
            Self::most("/qualification_number", rules),
        );
        errors
    }

    fn check_graduation(&self, errors: &mut Vec<FieldError>) {
        const LABEL: &str = "学歴 卒業年月";
        if let Err(error) = parse_year_month(&self.graduation_year, &self.graduation_month) {
            let pointers = ["/graduation_year", "/graduation_month"];
            let pointer = box_at_fault(&error, &self.graduation_year, pointers);
            errors.push(FieldError::new(pointer, error.message(LABEL)));
        }
    }

    fn check_basic_society(&self, errors: &mut Vec<FieldError>, rules: &Rules) {
        let society = rules
            .basic_societies
            .iter()
            .find(|society| society.name == self.basic_society);
        if society.is_none() {
            errors.push(FieldError::new(
                "/basic_society",
                choose("基本学会認定医 学会名"),
            ));
        }
        // Without a society of the list, any word of any society is a choice: one mistake is reported once.
        let allowed = |society: &crate::program::BasicSociety| {
            society.qualifications.contains(&self.qualification)
        };
        let chosen = society.map_or_else(|| rules.basic_societies.iter().any(allowed), allowed);
        if !chosen {
            let message = match society {
                Some(society) if !self.qualification.is_empty() => society.choice(),
                _ => choose("基本学会 資格種別"),
            };
            errors.push(FieldError::new("/qualification", message));
        }
    }
}
