//! 集計: what the figures of reporting mean. How many there are is counted by the projections; what counts as what stands here.

mod composition;
mod withholding;

use serde::{Deserialize, Serialize};

use crate::{
    application::{ApplicationState, CertificationTrack, DocumentTrack},
    documents::DocumentKind,
    eligibility::{regular_year, renewal_number},
    member::Certification,
    program::Program,
};

pub use composition::{AgeBand, HospitalKind, PREFECTURES, prefecture};
pub use withholding::{FEWEST, withheld};

/// 進捗: how far an application has come. Each stage includes those after it, so that a funnel never widens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 対象者: may apply in this program (see [`is_due`]), or has.
    Due,
    /// 申込, not withdrawn.
    Applied,
    /// 入力中: something has been filled in.
    Filling,
    /// 完了: 申請を完了する, once at least.
    Completed,
    /// 書類確認中, or past it. What was sent back or opened again is not, until it is completed anew.
    UnderReview,
    /// 書類受理, or past it: 審査不合格 too.
    Accepted,
    /// 認定
    Certified,
}

impl Stage {
    /// All of them, in the order of the funnel.
    pub const ALL: [Self; 7] = [
        Self::Due,
        Self::Applied,
        Self::Filling,
        Self::Completed,
        Self::UnderReview,
        Self::Accepted,
        Self::Certified,
    ];

    /// That of an application which is not withdrawn.
    pub fn of(state: &ApplicationState) -> Self {
        if matches!(state.certification, CertificationTrack::Certified(_)) {
            return Self::Certified;
        }
        match state.documents_track {
            DocumentTrack::Accepted(_)
            | DocumentTrack::ReviewPassed(_)
            | DocumentTrack::ReviewFailed(_) => Self::Accepted,
            DocumentTrack::UnderReview(_) => Self::UnderReview,
            _ if state.submissions > 0 => Self::Completed,
            _ if DocumentKind::ALL
                .into_iter()
                .any(|kind| state.documents.is_registered(kind)) =>
            {
                Self::Filling
            }
            _ => Self::Applied,
        }
    }

    /// Its place in the funnel, from 0.
    pub fn place(self) -> u8 {
        self as u8
    }

    /// The word in addresses and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Applied => "applied",
            Self::Filling => "filling",
            Self::Completed => "completed",
            Self::UnderReview => "under_review",
            Self::Accepted => "accepted",
            Self::Certified => "certified",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == word)
    }

    /// The word of the report.
    pub fn label(self) -> &'static str {
        match self {
            Self::Due => "対象者",
            Self::Applied => "申込",
            Self::Filling => "入力中",
            Self::Completed => "完了",
            Self::UnderReview => "書類確認中",
            Self::Accepted => "受理",
            Self::Certified => "認定",
        }
    }
}

/// 対象者 of a program: a specialist whose 正規更新年度 or 猶予年度 it is, and whose renewal it is for. Whether 年会費 is paid does not
/// matter here: who has not paid is to be reminded of it.
pub fn is_due(certification: &Certification, program: &Program) -> bool {
    let regular = regular_year(certification).0;
    let last = regular.saturating_add(program.rules.eligibility.grace_years);
    (regular..=last).contains(&program.year.0)
        && program.renewals.contain(renewal_number(certification))
}

/// 単位分布: ten 単位 a band, from 100 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitBand(u8);

impl UnitBand {
    /// 単位 in a band.
    pub const WIDTH: u32 = 10;

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=10).map(Self)
    }

    /// That of so many 単位.
    pub fn of(units: u32) -> Self {
        Self(u8::try_from(units / Self::WIDTH).map_or(10, |band| band.min(10)))
    }

    /// Its place, from 0.
    pub fn place(self) -> u8 {
        self.0
    }

    /// Its first 単位, and the first after it; none after the last band.
    pub fn bounds(self) -> (u32, Option<u32>) {
        let first = u32::from(self.0) * Self::WIDTH;
        (first, (self.0 < 10).then_some(first + Self::WIDTH))
    }

    /// In words: `40〜49単位`.
    pub fn label(self) -> String {
        match self.bounds() {
            (first, Some(after)) => format!("{first}〜{}単位", after - 1),
            (first, None) => format!("{first}単位以上"),
        }
    }
}

/// The place (from 0) of a percentile among so many values in order, by the nearest rank: the smallest value that so many percent do not
/// exceed. None without values.
pub fn percentile_place(values: u64, percent: u8) -> Option<u64> {
    let rank = (values * u64::from(percent.min(100))).div_ceil(100);
    values
        .checked_sub(1)
        .map(|last| rank.saturating_sub(1).min(last))
}

/// A share in tenths of a percent, rounded half up; none of nothing.
pub fn share(part: u64, of: u64) -> Option<i64> {
    let scaled = u128::from(part) * 2000 + u128::from(of);
    let share = scaled.checked_div(u128::from(of) * 2)?;
    i64::try_from(share).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{member::record_examples::yoko, program::Programs};

    #[test]
    fn bands_have_no_gap_and_the_last_one_no_end() {
        for units in [0, 9, 10, 49, 50, 99, 100, 4_000_000_000] {
            let (first, after) = UnitBand::of(units).bounds();
            assert!(first <= units && after.is_none_or(|after| units < after));
        }
        assert_eq!(UnitBand::of(45).label(), "40〜49単位");
        assert_eq!(UnitBand::of(250).label(), "100単位以上");
    }

    #[test]
    fn a_percentile_is_a_value_that_occurs() {
        assert_eq!(percentile_place(0, 50), None);
        assert_eq!(percentile_place(1, 50), Some(0));
        assert_eq!(percentile_place(4, 50), Some(1));
        assert_eq!(percentile_place(10, 90), Some(8));
        assert_eq!(percentile_place(11, 90), Some(9));
        assert_eq!(percentile_place(3, 100), Some(2));
        assert_eq!(percentile_place(3, 0), Some(0));
    }

    #[test]
    fn a_share_is_rounded_half_up_and_none_of_nothing() {
        assert_eq!(share(1, 3), Some(333));
        assert_eq!(share(2, 3), Some(667));
        assert_eq!(share(1, 2000), Some(1));
        assert_eq!(share(0, 5), Some(0));
        assert_eq!(share(0, 0), None);
    }

    #[test]
    fn a_specialist_is_due_in_the_regular_year_and_the_year_of_grace_of_one_program() {
        let programs = Programs::embedded().unwrap();
        let mut certification = yoko().certification.unwrap();
        let due = |certification: &Certification| {
            let mut due: Vec<_> = programs
                .iter()
                .filter(|program| is_due(certification, program))
                .map(|program| program.id.to_string())
                .collect();
            due.sort();
            due
        };
        assert_eq!(due(&certification), ["specialist-renewal-4th-2026"]);
        certification.first_certified_on = jiff::civil::date(2017, 4, 1);
        assert_eq!(due(&certification), ["specialist-renewal-2026"]);
        certification.last_certified_on = jiff::civil::date(2021, 4, 1);
        assert_eq!(due(&certification), ["specialist-renewal-2026"], "grace");
        for other in [2020, 2023] {
            certification.last_certified_on = jiff::civil::date(other, 4, 1);
            assert!(due(&certification).is_empty(), "{other}");
        }
    }
}
