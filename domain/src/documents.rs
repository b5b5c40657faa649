//! The seven documents (申請書類): values as typed, read only when they are assessed.
//!
//! Fields are text, because a draft is kept even when it is wrong (architecture, decision 12); `errors` says what is wrong
//! with it in the manual's sentences, with a JSON pointer to the field.

mod clinical_experience;
mod conference;
mod fields;
mod paper;
mod profile;
mod research_activity;
mod resume;
mod rows;
mod state;

pub use clinical_experience::{ClinicalExperience, Trial};
pub use conference::{Conference, ConferenceFacts};
pub use fields::FieldName;
pub use paper::{Paper, PaperFacts};
pub use profile::Profile;
pub use research_activity::{
    Gap, RESEARCH_YEARS, ResearchActivities, ResearchActivity, research_years, uncovered,
};
pub use resume::Resume;
pub use rows::{Row, RowId, Rows};
pub use state::DocumentState;

use serde::{Deserialize, Serialize};

use crate::{
    calendar::CalendarError,
    program::Rules,
    text::{Undecodable, count, exceeding, is_blank, is_longer, undecodable},
};

pub use crate::text::with_commas;

/// Which document (文書名).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DocumentKind {
    /// 履歴書
    Resume,
    /// プロフィール
    Profile,
    /// 研究活動歴
    ResearchActivities,
    /// 研究業績 学会参加
    Conferences,
    /// 研究業績 当会セミナー
    Seminars,
    /// 研究業績 論文
    Papers,
    /// 業績目録
    ClinicalExperience,
}

impl DocumentKind {
    /// All seven in the order of 申請書類一覧.
    pub const ALL: [Self; 7] = [
        Self::Resume,
        Self::Profile,
        Self::ResearchActivities,
        Self::Conferences,
        Self::Seminars,
        Self::Papers,
        Self::ClinicalExperience,
    ];

    /// 文書名 of the manual.
    pub fn title(self) -> &'static str {
        match self {
            Self::Resume => "履歴書",
            Self::Profile => "プロフィール",
            Self::ResearchActivities => "研究活動歴",
            Self::Conferences => "研究業績 学会参加",
            Self::Seminars => "研究業績 当会セミナー",
            Self::Papers => "研究業績 論文",
            Self::ClinicalExperience => "業績目録",
        }
    }

    /// The document that an address names.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    /// The word used in addresses.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::Profile => "profile",
            Self::ResearchActivities => "research-activities",
            Self::Conferences => "conferences",
            Self::Seminars => "seminars",
            Self::Papers => "papers",
            Self::ClinicalExperience => "clinical-experience",
        }
    }
}

/// What is wrong with one field, in words for the member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// JSON pointer into the document or row.
    pub pointer: String,
    /// The sentence.
    pub message: String,
}

impl FieldError {
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.into(),
        }
    }
}

/// Every text that a document or row holds, so that what cannot be decoded is refused before it becomes an event.
pub trait Texts {
    /// JSON pointer and text of each field.
    fn texts(&self) -> Vec<(String, &str)>;

    /// Most characters of a field, as a person counts them: what is longer is kept and pointed out, up to [`KEPT_FACTOR`] times.
    fn most(pointer: &str, rules: &Rules) -> usize
    where
        Self: Sized;

    /// The first field that is too long to be kept, with what may be kept of it. A draft with mistakes is kept; a text of many times
    /// what can ever be right is none, and would lie in the log for ever.
    fn unkept(&self, rules: &Rules) -> Option<(String, TooLong)>
    where
        Self: Sized,
    {
        self.texts().into_iter().find_map(|(pointer, text)| {
            let limit = Self::most(&pointer, rules);
            is_longer(text, limit.saturating_mul(KEPT_FACTOR)).then(|| {
                let length = count(text);
                (pointer, TooLong { limit, length })
            })
        })
    }

    /// The first field that holds a character that cannot be kept.
    fn undecodable(&self) -> Option<(String, Undecodable)> {
        self.texts()
            .into_iter()
            .find_map(|(pointer, text)| undecodable(text).map(|found| (pointer, found)))
    }
}

/// How many times the length that a field may have is kept of a draft.
pub const KEPT_FACTOR: usize = 2;

/// A text that is too long to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Most characters of the field.
    pub limit: usize,
    /// Characters of the text.
    pub length: usize,
}

impl TooLong {
    /// The sentence for the person who typed, with the name of the field.
    pub fn message(self, label: &str) -> String {
        format!(
            "{label} は{}字以内で入力する項目です。入力された内容（{}字）は長すぎるため、保存していません。短くしてから、もう一度保存してください。",
            with_commas(self.limit),
            with_commas(self.length)
        )
    }
}

/// The manual's sentence for an empty field.
pub(crate) fn required(label: &str) -> String {
    format!("{label} は必須入力です。")
}

/// The manual's sentence for a list in which nothing, or nothing that exists, is chosen.
pub(crate) fn choose(label: &str) -> String {
    format!("{label} の値を選択してください。")
}

/// Which of the two boxes of 年月 an error is about. `year` is what stands in the first.
pub(crate) fn box_at_fault<'a>(
    error: &CalendarError,
    year: &str,
    [year_box, month_box]: [&'a str; 2],
) -> &'a str {
    match error {
        CalendarError::NotAMonth => month_box,
        CalendarError::Empty if !is_blank(year) => month_box,
        _ => year_box,
    }
}

/// Required text of at most `limit` characters as a person counts them.
pub(crate) fn check_text(
    errors: &mut Vec<FieldError>,
    pointer: &str,
    label: &str,
    text: &str,
    limit: usize,
) {
    if is_blank(text) {
        errors.push(FieldError::new(pointer, required(label)));
    } else {
        check_length(errors, pointer, label, text, limit);
    }
}

/// Text of at most `limit` characters; what is longer is kept and pointed out.
pub(crate) fn check_length(
    errors: &mut Vec<FieldError>,
    pointer: &str,
    label: &str,
    text: &str,
    limit: usize,
) {
    let length = count(text);
    if length > limit {
        errors.push(FieldError::new(pointer, exceeding(label, length, limit)));
    }
}
