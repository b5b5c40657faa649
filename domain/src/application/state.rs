//! What an application is at a moment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Submission;
use crate::{
    calendar::show_deadline,
    documents::{
        ClinicalExperience, Conference, DocumentKind, FieldError, Paper, Profile,
        ResearchActivities, ResearchActivity, Resume, Rows, Texts, research_years,
    },
    eligibility::Scope,
    member::{MemberNumber, MemberRecord, Payment, SeminarAttendance},
    program::{Program, ProgramId, Rules},
    units::{UnitAssessment, assess},
};

/// A document with the number of its saves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Revised<T> {
    /// 0 before the first save.
    pub revision: u32,
    /// What was saved last.
    pub value: T,
}

impl<T> Revised<T> {
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut T)) {
        self.revision = self.revision.saturating_add(1);
        change(&mut self.value);
    }
}

/// 履歴書 with the record it was saved with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedResume {
    /// What was typed.
    pub resume: Resume,
    /// The member's record at that moment.
    pub record: MemberRecord,
}

/// A row of one of the three lists.
#[derive(Clone, Debug, PartialEq)]
pub enum RowValue {
    /// 研究活動歴
    ResearchActivity(ResearchActivity),
    /// 学会参加
    Conference(Conference),
    /// 論文
    Paper(Paper),
}

impl RowValue {
    /// The document it belongs to.
    pub fn document(&self) -> DocumentKind {
        match self {
            Self::ResearchActivity(_) => DocumentKind::ResearchActivities,
            Self::Conference(_) => DocumentKind::Conferences,
            Self::Paper(_) => DocumentKind::Papers,
        }
    }

    /// What is wrong with it.
    pub fn errors(&self, rules: &Rules) -> Vec<FieldError> {
        match self {
            Self::ResearchActivity(value) => value.errors(rules),
            Self::Conference(value) => value.errors(rules),
            Self::Paper(value) => value.errors(rules),
        }
    }
}

impl Texts for RowValue {
    fn texts(&self) -> Vec<(String, &str)> {
        match self {
            Self::ResearchActivity(value) => value.texts(),
            Self::Conference(value) => value.texts(),
            Self::Paper(value) => value.texts(),
        }
    }
}

/// The six documents a member fills in (the seventh, 当会セミナー, is the attendance).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Documents {
    /// 履歴書
    pub resume: Revised<Option<SavedResume>>,
    /// プロフィール
    pub profile: Revised<Option<Profile>>,
    /// 研究活動歴
    pub research_activities: Revised<ResearchActivities>,
    /// 学会参加
    pub conferences: Revised<Rows<Conference>>,
    /// 論文
    pub papers: Revised<Rows<Paper>>,
    /// 業績目録
    pub clinical_experience: Revised<Option<ClinicalExperience>>,
}

impl Documents {
    /// Revision of a document; 当会セミナー has none and is always 0.
    pub fn revision(&self, kind: DocumentKind) -> u32 {
        match kind {
            DocumentKind::Resume => self.resume.revision,
            DocumentKind::Profile => self.profile.revision,
            DocumentKind::ResearchActivities => self.research_activities.revision,
            DocumentKind::Conferences => self.conferences.revision,
            DocumentKind::Seminars => 0,
            DocumentKind::Papers => self.papers.revision,
            DocumentKind::ClinicalExperience => self.clinical_experience.revision,
        }
    }

    /// Whether something is saved: 【登録中】 in 申請書類一覧.
    pub fn is_registered(&self, kind: DocumentKind) -> bool {
        match kind {
            DocumentKind::Resume => self.resume.value.is_some(),
            DocumentKind::Profile => self.profile.value.is_some(),
            DocumentKind::ResearchActivities => {
                let activities = &self.research_activities.value;
                !activities.rows.is_empty() || !activities.total_years.is_empty()
            }
            DocumentKind::Conferences => !self.conferences.value.is_empty(),
            DocumentKind::Seminars => false,
            DocumentKind::Papers => !self.papers.value.is_empty(),
            DocumentKind::ClinicalExperience => self.clinical_experience.value.is_some(),
        }
    }

    /// Whether a required document holds all it must hold, mistakes apart.
    pub fn is_complete(&self, kind: DocumentKind, rules: &Rules) -> bool {
        match kind {
            // 1件でも入力されていれば申請書を確定できます; 総年数 by a setting of the program.
            DocumentKind::ResearchActivities => {
                let activities = &self.research_activities.value;
                !activities.rows.is_empty()
                    && (!rules.research_activities.total_years_required
                        || !activities.total_years.is_empty())
            }
            _ => self.is_registered(kind),
        }
    }

    /// What is wrong with what is saved in a document; rows have pointers `/rows/<id>/<field>`.
    pub fn errors(&self, kind: DocumentKind, rules: &Rules) -> Vec<FieldError> {
        match kind {
            DocumentKind::Resume => {
                let saved = self.resume.value.as_ref();
                saved.map_or_else(Vec::new, |saved| saved.resume.errors(rules, &saved.record))
            }
            DocumentKind::Profile => {
                let saved = self.profile.value.as_ref();
                saved.map_or_else(Vec::new, |profile| profile.errors(rules))
            }
            DocumentKind::ResearchActivities => {
                let activities = &self.research_activities.value;
                let mut errors = row_errors(&activities.rows, |row| row.errors(rules));
                if !activities.total_years.is_empty() {
                    errors.extend(research_years(&activities.total_years).err());
                }
                errors
            }
            DocumentKind::Conferences => {
                row_errors(&self.conferences.value, |row| row.errors(rules))
            }
            DocumentKind::Seminars => Vec::new(),
            DocumentKind::Papers => row_errors(&self.papers.value, |row| row.errors(rules)),
            DocumentKind::ClinicalExperience => {
                let saved = self.clinical_experience.value.as_ref();
                saved.map_or_else(Vec::new, |experience| experience.errors(rules))
            }
        }
    }
}

fn row_errors<T>(rows: &Rows<T>, errors: impl Fn(&T) -> Vec<FieldError>) -> Vec<FieldError> {
    rows.iter()
        .flat_map(|row| {
            errors(&row.value).into_iter().map(|error| FieldError {
                pointer: format!("/rows/{}{}", row.id, error.pointer),
                message: error.message,
            })
        })
        .collect()
}

/// 申請 (書類審査)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentTrack {
    /// 筆記試験のみ: no documents.
    NotApplied,
    /// 申込済: the documents are being filled in.
    Drafting,
    /// 書類確認中: completed.
    UnderReview(Box<Submission>),
}

/// 筆記試験
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExamTrack {
    /// 未申込
    NotApplied,
    /// 申込済 受験料をご納入ください
    AwaitingPayment,
    /// 申込済 入金確認済み
    Paid {
        /// 取引番号
        transaction: String,
    },
    /// 免除（前年度合格）
    Exempt {
        /// Fiscal year of the pass.
        passed: i16,
    },
}

/// What the member sees as 状態, at the time asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusView {
    /// The manual's lines, e.g. `申請: 申込済`, `筆記試験: 申込済 受験料をご納入ください`.
    pub lines: Vec<String>,
    /// Whether the documents may be edited.
    pub editable: bool,
    /// Whether 追加お申込み 筆記試験 is offered.
    pub exam_can_be_added: bool,
    /// When the period ends, in words.
    pub deadline: String,
}

/// An application that has been made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApplicationState {
    /// Program applied for.
    pub program: ProgramId,
    /// 会員番号
    pub member: MemberNumber,
    /// What was applied for first.
    pub scope: Scope,
    /// When.
    pub applied_at: Timestamp,
    /// The record as it was then.
    pub record: MemberRecord,
    /// 申請
    pub documents_track: DocumentTrack,
    /// 筆記試験
    pub exam: ExamTrack,
    /// The documents.
    pub documents: Documents,
    /// 当会セミナー, by code and first day.
    pub attendance: BTreeMap<String, SeminarAttendance>,
    /// 入金, by transaction.
    pub payments: BTreeMap<String, Payment>,
    /// How many 本紙 there have been.
    pub submissions: u32,
}

impl ApplicationState {
    /// What each row counts. After 申請を完了する it is what the submission says: frozen.
    pub fn assess(&self, rules: &Rules) -> UnitAssessment {
        if let DocumentTrack::UnderReview(submission) = &self.documents_track {
            return submission.assessment.clone();
        }
        let mut attendance: Vec<_> = self.attendance.values().collect();
        attendance
            .sort_by(|a, b| (a.key.first_day, &a.key.code).cmp(&(b.key.first_day, &b.key.code)));
        assess(
            rules,
            &self.documents.conferences.value,
            attendance.into_iter(),
            &self.documents.papers.value,
        )
    }

    /// 状態 at a moment. 期限切れ is derived from the time asked about (architecture, decision 15).
    pub fn status(&self, program: &Program, at: Timestamp) -> StatusView {
        let expired = at >= program.period.closes;
        let mut lines = Vec::new();
        match &self.documents_track {
            DocumentTrack::NotApplied => {}
            DocumentTrack::Drafting if expired => lines.push("申請: 期限切れ".to_owned()),
            DocumentTrack::Drafting => lines.push("申請: 申込済".to_owned()),
            DocumentTrack::UnderReview(_) => lines.push("申請: 書類確認中".to_owned()),
        }
        match &self.exam {
            ExamTrack::NotApplied => {}
            ExamTrack::AwaitingPayment => {
                lines.push("筆記試験: 申込済 受験料をご納入ください".to_owned());
            }
            ExamTrack::Paid { .. } => lines.push("筆記試験: 申込済 入金確認済み".to_owned()),
            ExamTrack::Exempt { .. } => lines.push("筆記試験: 免除（前年度合格）".to_owned()),
        }
        StatusView {
            lines,
            editable: self.documents_track == DocumentTrack::Drafting,
            exam_can_be_added: self.exam == ExamTrack::NotApplied && !expired,
            deadline: show_deadline(program.period.closes),
        }
    }
}
