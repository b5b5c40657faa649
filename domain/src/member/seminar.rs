//! 当会セミナー: attendance as the society's system sends it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    calendar::{EARLIEST_OF_THE_SOCIETY, not_happened},
    text::{code, code_key},
    units::too_many,
};

/// Two first days of one code that lie no further apart are one seminar, once described wrongly: a seminar is held once a year.
const NEAR_DAYS: i32 = 14;

/// 区分 of a seminar. 教育セミナー A and B fulfil the attendance rule together; Best of ASCO is neither (reference 1.3, A).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SeminarKind {
    /// 教育セミナー A セッション
    A,
    /// 教育セミナー B セッション
    B,
    /// Best of ASCO
    #[serde(rename = "BOA")]
    BestOfAsco,
}

impl SeminarKind {
    /// Reads the code of the export: `A`, `B`, `BOA`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "A" => Some(Self::A),
            "B" => Some(Self::B),
            "BOA" => Some(Self::BestOfAsco),
            _ => None,
        }
    }
}

/// What makes an attendance one: the code of the seminar and its first day (architecture, decision 6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeminarKey {
    /// セミナーコード
    pub code: String,
    /// 開始日
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub first_day: Date,
}

/// 出席 of one member at one seminar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeminarAttendance {
    /// Code and first day.
    #[serde(flatten)]
    pub key: SeminarKey,
    /// セミナー名
    pub name: String,
    /// 区分
    pub kind: SeminarKind,
    /// 終了日
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub last_day: Date,
    /// 単位: they stand on the event, not on its kind (reference 1.1, no. 10).
    pub units: u32,
}

impl SeminarKey {
    /// The same for a code in capitals or not, in any width, and dressed up or not.
    #[must_use]
    pub fn folded(&self) -> Self {
        Self {
            code: code(&self.code).to_uppercase(),
            first_day: self.first_day,
        }
    }

    /// Whether another key is, by every likelihood, the same seminar under another first day, or under a code that is written otherwise.
    pub fn is_near(&self, other: &Self) -> bool {
        let days = self.first_day.since(other.first_day);
        self != other
            && days.is_ok_and(|days| days.get_days().abs() <= NEAR_DAYS)
            && code_key(&self.code) == code_key(&other.code)
    }
}

impl SeminarAttendance {
    /// What of it can not be of a seminar that has been held, with the name of its field in JSON: more units than `most`, or days to come.
    pub fn impossible(&self, today: Date, most: u32) -> Vec<(&'static str, String)> {
        let first_day = not_happened("開始日", self.key.first_day, EARLIEST_OF_THE_SOCIETY, today);
        let units = too_many("単位", self.units, most);
        let found = [("first_day", first_day), ("units", units)];
        found
            .into_iter()
            .filter_map(|(field, sentence)| Some((field, sentence?)))
            .collect()
    }

    /// Whether its days are in the wrong order.
    pub fn ends_before_it_begins(&self) -> bool {
        self.last_day < self.key.first_day
    }

    /// In what another attendance under the same code describes another seminar, by the columns of the export. A code is a seminar's: two
    /// descriptions of one are a mistake in one of them.
    pub fn described_otherwise(&self, other: &Self) -> Vec<&'static str> {
        [
            ("セミナー名", self.name.trim() != other.name.trim()),
            ("区分", self.kind != other.kind),
            ("開始日", self.key.first_day != other.key.first_day),
            ("終了日", self.last_day != other.last_day),
            ("単位", self.units != other.units),
        ]
        .into_iter()
        .filter_map(|(column, differs)| differs.then_some(column))
        .collect()
    }
}

#[cfg(test)]
pub(crate) mod examples {
    use jiff::civil::date;

    use super::*;

    /// A session of 教育セミナー, with so many 単位.
    pub(crate) fn attendance(units: u32) -> SeminarAttendance {
        SeminarAttendance {
            key: SeminarKey {
                code: "ES38A".to_owned(),
                first_day: date(2022, 8, 27),
            },
            name: "第38回教育セミナーAセッション".to_owned(),
            kind: SeminarKind::A,
            last_day: date(2022, 8, 28),
            units,
        }
    }
}
