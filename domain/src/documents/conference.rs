//! 研究業績 学会参加: 学術集会 of the society itself.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{FieldError, Texts, check_text, choose};
use crate::{
    calendar::parse_date,
    program::{Rules, UnitRules},
    text::parse_number,
    units::too_many,
};

/// The word that marks 筆頭 in the list; blank means attendance only (A, reference 6).
pub(crate) const FIRST_AUTHOR: &str = "筆頭";

/// One row of 学会参加.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conference {
    /// 筆頭, or blank.
    pub first_author: String,
    /// 開催地
    pub place: String,
    /// 開催日
    pub held_on: String,
    /// 申請単位数
    pub units: String,
}

/// What a row without mistakes says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConferenceFacts {
    /// Whether 筆頭 is claimed.
    pub first_author: bool,
    /// 開催地
    pub place: String,
    /// 開催日
    pub held_on: Date,
    /// 申請単位数
    pub units: u32,
}

impl Texts for Conference {
    fn texts(&self) -> Vec<(String, &str)> {
        [
            ("/first_author", &self.first_author),
            ("/place", &self.place),
            ("/held_on", &self.held_on),
            ("/units", &self.units),
        ]
        .map(|(pointer, text)| (pointer.to_owned(), text.as_str()))
        .into()
    }

    fn most(_: &str, rules: &Rules) -> usize {
        rules.limits.short_text
    }
}

impl Conference {
    /// Reads the row.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the screen.
    pub fn read(&self, rules: &Rules) -> Result<ConferenceFacts, Vec<FieldError>> {
        let mut errors = Vec::new();
        if !matches!(self.first_author.as_str(), "" | FIRST_AUTHOR) {
            errors.push(FieldError::new("/first_author", choose(FIRST_AUTHOR)));
        }
        check_text(
            &mut errors,
            "/place",
            "開催地",
            &self.place,
            Self::most("/place", rules),
        );
        let held_on = read_date(&mut errors, "/held_on", "開催日", &self.held_on);
        let units = read_units(&mut errors, "/units", &self.units, &rules.units);
        match (held_on, units) {
            (Some(held_on), Some(units)) if errors.is_empty() => Ok(ConferenceFacts {
                first_author: self.first_author == FIRST_AUTHOR,
                place: self.place.trim().to_owned(),
                held_on,
                units,
            }),
            _ => Err(errors),
        }
    }

    /// What is wrong with it.
    pub fn errors(&self, rules: &Rules) -> Vec<FieldError> {
        self.read(rules).err().unwrap_or_default()
    }
}

pub(super) fn read_date(
    errors: &mut Vec<FieldError>,
    pointer: &str,
    label: &str,
    text: &str,
) -> Option<Date> {
    parse_date(text)
        .map_err(|error| errors.push(FieldError::new(pointer, error.message(label))))
        .ok()
}

pub(super) fn read_units(
    errors: &mut Vec<FieldError>,
    pointer: &str,
    text: &str,
    rules: &UnitRules,
) -> Option<u32> {
    const LABEL: &str = "申請単位数";
    match parse_number(text, &["単位"]) {
        Ok(units) => match too_many(LABEL, units, rules.declared_limit) {
            None => Some(units),
            Some(sentence) => {
                errors.push(FieldError::new(pointer, sentence));
                None
            }
        },
        Err(error) => {
            errors.push(FieldError::new(pointer, error.message(LABEL)));
            None
        }
    }
}
