//! What an application is at a moment.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    ApplicationEvent, Certificate, CheckTarget, Correction, Decision, DecisionKind, ExamOutcome,
    Review, Submission,
};
use crate::{
    calendar::{show_date, show_deadline, show_last_day},
    documents::{
        ClinicalExperience, Conference, DocumentKind, FieldError, Paper, Profile,
        ResearchActivities, ResearchActivity, Resume, Rows, research_years,
    },
    eligibility::Scope,
    member::{MemberNumber, MemberRecord, Payment, SeminarAttendance, SeminarKind},
    program::{Program, ProgramId, Rules},
    units::{Attendance, UnitAssessment, assess, table_of_conference, table_of_paper},
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
    /// 差し戻し（修正のお願い）: what [`super::Correction`] names is open.
    Returned(Box<Submission>),
    /// 書類受理
    Accepted(Box<Submission>),
    /// 審査合格
    ReviewPassed(Box<Submission>),
    /// 審査不合格
    ReviewFailed(Box<Submission>),
}

impl DocumentTrack {
    /// The last 本紙, where the track stands on one.
    pub fn submission(&self) -> Option<&Submission> {
        match self {
            Self::NotApplied | Self::Drafting => None,
            Self::UnderReview(submission)
            | Self::Returned(submission)
            | Self::Accepted(submission)
            | Self::ReviewPassed(submission)
            | Self::ReviewFailed(submission) => Some(submission),
        }
    }

    /// Whether the documents are in the member's hands; [`ApplicationState::is_open`] says whether they may be edited.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Drafting | Self::Returned(_))
    }

    /// The same 本紙 at another station.
    pub(super) fn advance(&mut self, to: impl FnOnce(Box<Submission>) -> Self) {
        *self = match std::mem::replace(self, Self::Drafting) {
            Self::UnderReview(submission)
            | Self::Returned(submission)
            | Self::Accepted(submission)
            | Self::ReviewPassed(submission)
            | Self::ReviewFailed(submission) => to(submission),
            other => other,
        };
    }
}

/// 筆記試験
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// 合格, 不合格 or 欠席
    Resulted {
        /// Which.
        outcome: ExamOutcome,
        /// 取引番号 of the 受験料.
        transaction: String,
    },
}

/// 認定
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificationTrack {
    /// 判定待ち
    #[default]
    Pending,
    /// 更新認定可
    Approved,
    /// 認定料をご納入ください
    FeeRequested {
        /// 納入期限
        due: Date,
    },
    /// 認定料入金確認済み
    FeePaid,
    /// 認定
    Certified(Certificate),
    /// 猶予
    Deferred {
        /// Last day of the grace.
        until: Date,
    },
    /// 失効
    Lapsed,
}

impl CertificationTrack {
    /// The word of the secretariat's screens.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending => "判定待ち",
            Self::Approved => "更新認定可",
            Self::FeeRequested { .. } => "認定料請求中",
            Self::FeePaid => "認定料入金確認済み",
            Self::Certified(_) => "認定",
            Self::Deferred { .. } => "猶予",
            Self::Lapsed => "失効",
        }
    }

    /// The member's line; nothing before a decision.
    fn line(&self) -> Option<String> {
        match self {
            Self::Pending => None,
            Self::Approved => Some("認定: 更新認定可".to_owned()),
            Self::FeeRequested { due } => Some(format!(
                "認定: 認定料をご納入ください（{} まで）",
                show_last_day(*due)
            )),
            Self::FeePaid => Some("認定: 認定料入金確認済み".to_owned()),
            Self::Certified(certificate) => Some(format!(
                "認定: 認定（{} ~ {}）",
                show_date(certificate.certified_on),
                show_date(certificate.expires_on)
            )),
            Self::Deferred { until } => {
                Some(format!("認定: 猶予（{} まで）", show_last_day(*until)))
            }
            Self::Lapsed => Some("認定: 失効".to_owned()),
        }
    }
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
    /// 会員への説明: what the society says about where the application stands.
    pub explanations: Vec<Explained>,
}

/// 会員への説明 with what it explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Explained {
    /// What was done: 審査不合格, 失効, 失効の取消.
    pub act: String,
    /// What the member is told about it.
    pub explanation: String,
}

/// What explains where each track stands, where something does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanations {
    /// Of 申請.
    pub documents: Option<Explained>,
    /// Of 筆記試験.
    pub exam: Option<Explained>,
    /// Of the undoing that 筆記試験 stands on.
    pub exam_undone: Option<Explained>,
    /// Of 認定.
    pub certification: Option<Explained>,
    /// Of the undoing that 認定 stands on.
    pub certification_undone: Option<Explained>,
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
    /// 入金確認の取消: payments that an import does not confirm again, by transaction.
    pub reversed: BTreeMap<String, Payment>,
    /// How many 本紙 there have been.
    pub submissions: u32,
    /// 期限延長 of this application, if there is one.
    pub deadline: Option<Timestamp>,
    /// 認定
    pub certification: CertificationTrack,
    /// What was decided about it and stands, oldest first.
    pub decisions: Vec<Decision>,
    /// What the member was told about where the tracks stand.
    pub explanations: Explanations,
    /// Number of the last event in the application's stream.
    pub sequence: u64,
    /// What the secretariat has noted and asked for.
    pub review: Review,
}

impl ApplicationState {
    /// Whether documents are applied for: 筆記試験のみ has none, needs no units and hands in no papers.
    pub fn has_documents(&self) -> bool {
        self.documents_track != DocumentTrack::NotApplied
    }

    /// What the member is told about a track stands until the track goes on. What is told of an undoing stands beside what was told of the
    /// state that stands again.
    pub(super) fn note_explanation(&mut self, event: &ApplicationEvent) {
        use ApplicationEvent as Event;
        let told = event.explanation().map(|explanation| Explained {
            act: event.label().to_owned(),
            explanation: explanation.to_owned(),
        });
        let explanations = &mut self.explanations;
        match event {
            Event::Submitted { .. }
            | Event::ReturnedForCorrection { .. }
            | Event::Reopened { .. }
            | Event::DocumentsAccepted { .. }
            | Event::ReviewPassed { .. }
            | Event::ReviewFailed { .. }
            | Event::DecisionRevoked { .. } => explanations.documents = told,
            Event::ExamAdded { .. }
            | Event::ExamResultRecorded { .. }
            | Event::ExamResultRetracted { .. } => {
                explanations.exam = told;
                explanations.exam_undone = None;
            }
            Event::DecisionUndone {
                decision: DecisionKind::ExamResult,
                ..
            } => explanations.exam_undone = told,
            Event::CertificationApproved { .. }
            | Event::CertificationFeeRequested { .. }
            | Event::Certified { .. }
            | Event::Deferred { .. }
            | Event::Lapsed { .. } => {
                explanations.certification = told;
                explanations.certification_undone = None;
            }
            Event::DecisionUndone { .. } => explanations.certification_undone = told,
            _ => {}
        }
    }

    /// What each row counts. After 申請を完了する it is what the submission says: frozen.
    pub fn assess(&self, rules: &Rules) -> UnitAssessment {
        match &self.documents_track {
            DocumentTrack::NotApplied | DocumentTrack::Drafting | DocumentTrack::Returned(_) => {
                self.assess_now(rules)
            }
            DocumentTrack::UnderReview(submission)
            | DocumentTrack::Accepted(submission)
            | DocumentTrack::ReviewPassed(submission)
            | DocumentTrack::ReviewFailed(submission) => submission.assessment.clone(),
        }
    }

    /// What each row counts by what is known now: attendance that was corrected after 申請を完了する too (A, reference 3.2: the
    /// secretariat tallies again).
    pub fn assess_now(&self, rules: &Rules) -> UnitAssessment {
        assess(
            rules,
            &self.documents.conferences.value,
            self.seminars().into_iter().map(|(_, one)| one),
            &self.documents.papers.value,
        )
    }

    /// 当会セミナー in the order of every face, by first day and then code, each with its key: its place is its No.
    pub fn seminars(&self) -> Vec<(&str, &SeminarAttendance)> {
        let mut seminars: Vec<_> = self
            .attendance
            .iter()
            .map(|(key, one)| (key.as_str(), one))
            .collect();
        seminars.sort_by_key(|(_, one)| (one.key.first_day, one.key.code.as_str()));
        seminars
    }

    /// 認められた単位: what each row counts by what is known now, with 事務局欄 in its place. What every face of the secretariat shows.
    pub fn recognised_units(&self, rules: &Rules) -> u32 {
        self.review.recognised_units(&self.assess_now(rules))
    }

    /// What was attended by what is known now, with 事務局欄 in its place: the OR rule as every face of the secretariat sees it.
    pub fn recognised_attendance(&self, assessment: &UnitAssessment) -> Attendance {
        let mut found = Attendance::default();
        for row in &assessment.rows {
            let key = CheckTarget::row(row.document, &row.row).key();
            let office = self.review.adjustments.get(&key).map(|one| one.units);
            if !row.is_attended(office) {
                continue;
            }
            let seminar = self.attendance.get(&row.row).map(|one| one.kind);
            match (row.document, seminar) {
                (DocumentKind::Conferences, _) => found.meeting = true,
                (DocumentKind::Seminars, Some(SeminarKind::A)) => found.seminar_a = true,
                (DocumentKind::Seminars, Some(SeminarKind::B)) => found.seminar_b = true,
                _ => {}
            }
        }
        found
    }

    /// Most 単位 that 事務局欄 says of a row without a further reason: the larger of what it counts and of the table's figure for it.
    pub fn most_units(&self, target: &CheckTarget, rules: &Rules) -> u32 {
        let Some(id) = &target.row else {
            return 0;
        };
        let table = match target.document {
            DocumentKind::Conferences => self
                .documents
                .conferences
                .value
                .iter()
                .find(|row| row.id.to_string() == *id)
                .and_then(|row| table_of_conference(rules, &row.value)),
            DocumentKind::Papers => self
                .documents
                .papers
                .value
                .iter()
                .find(|row| row.id.to_string() == *id)
                .and_then(|row| table_of_paper(rules, &row.value)),
            // Its event says how many; no table of ours does.
            DocumentKind::Seminars => self.attendance.get(id).map(|one| one.units),
            _ => None,
        };
        let counted = self
            .assess_now(rules)
            .rows
            .iter()
            .find(|row| row.document == target.document && row.row == *id)
            .map_or(0, |row| row.counted);
        counted.max(table.unwrap_or(0))
    }

    /// No of a row on the pages, from 1; none when it is not there.
    pub fn row_number(&self, document: DocumentKind, row: &str) -> Option<usize> {
        let place = self.review_rows(document).iter().position(|id| id == row)?;
        Some(place + 1)
    }

    /// 状態 at a moment, while it is not withdrawn ([`super::Application::status`]). 期限切れ is derived from the time asked about (architecture, decision 15).
    pub(super) fn status(&self, program: &Program, at: Timestamp) -> StatusView {
        let closes = self.closes(program);
        let expired = at >= closes;
        let mut lines = Vec::new();
        match &self.documents_track {
            DocumentTrack::NotApplied => {}
            DocumentTrack::Drafting if expired => lines.push("申請: 期限切れ".to_owned()),
            DocumentTrack::Drafting => lines.push("申請: 申込済".to_owned()),
            DocumentTrack::UnderReview(_) => lines.push("申請: 書類確認中".to_owned()),
            DocumentTrack::Returned(_) => lines.push("申請: 修正のお願い".to_owned()),
            DocumentTrack::Accepted(_) => lines.push("申請: 書類受理".to_owned()),
            DocumentTrack::ReviewPassed(_) => lines.push("申請: 審査合格".to_owned()),
            DocumentTrack::ReviewFailed(_) => lines.push("申請: 審査不合格".to_owned()),
        }
        match &self.exam {
            ExamTrack::NotApplied => {}
            // Nothing is asked of who has lapsed.
            ExamTrack::AwaitingPayment if self.has_lapsed() => {
                lines.push("筆記試験: 申込済".to_owned());
            }
            ExamTrack::AwaitingPayment => {
                lines.push("筆記試験: 申込済 受験料をご納入ください".to_owned());
            }
            ExamTrack::Paid { .. } => lines.push("筆記試験: 申込済 入金確認済み".to_owned()),
            ExamTrack::Exempt { .. } => lines.push("筆記試験: 免除（前年度合格）".to_owned()),
            ExamTrack::Resulted { outcome, .. } => {
                lines.push(format!("筆記試験: {}", outcome.label()));
            }
        }
        lines.extend(self.certification.line());
        StatusView {
            lines,
            editable: self.is_open(),
            exam_can_be_added: self.exam == ExamTrack::NotApplied
                && !expired
                && !self.has_lapsed()
                && !self.has_failed_review(),
            deadline: show_deadline(closes),
            explanations: [
                &self.explanations.documents,
                &self.explanations.exam,
                &self.explanations.exam_undone,
                &self.explanations.certification,
                &self.explanations.certification_undone,
            ]
            .into_iter()
            .flatten()
            .cloned()
            .collect(),
        }
    }

    /// The first instant at which it is too late: 締め切り日時, 期限延長 of this application, or the date of a 差し戻し.
    pub fn closes(&self, program: &Program) -> Timestamp {
        let granted = self.deadline.map_or(program.period.closes, |until| {
            until.max(program.period.closes)
        });
        match (&self.documents_track, &self.review.correction) {
            (DocumentTrack::Returned(_), Some(correction)) => correction.request.due,
            // The 本紙 that a correction asks for comes on paper too, and until the same day.
            (DocumentTrack::UnderReview(_), Some(correction)) => {
                granted.max(correction.request.due)
            }
            _ => granted,
        }
    }

    /// The last 本紙, where the documents stand on one.
    pub fn submission(&self) -> Option<&Submission> {
        self.documents_track.submission()
    }

    /// The 本紙 that stands: none while the documents are being filled in or corrected.
    pub fn final_form(&self) -> Option<&Submission> {
        self.documents_track
            .submission()
            .filter(|_| !self.documents_track.is_open())
    }

    /// 失効: nothing of it is the member's to do any more, unless the lapse is undone.
    pub fn has_lapsed(&self) -> bool {
        self.certification == CertificationTrack::Lapsed
    }

    /// 審査不合格 stands.
    pub fn has_failed_review(&self) -> bool {
        matches!(self.documents_track, DocumentTrack::ReviewFailed(_))
    }

    /// Whether the member may edit something and complete it.
    pub fn is_open(&self) -> bool {
        self.documents_track.is_open() && !self.has_lapsed()
    }

    /// The 差し戻し that is open now.
    pub fn open_correction(&self) -> Option<&Correction> {
        match self.documents_track {
            DocumentTrack::Returned(_) => self.review.correction.as_ref(),
            _ => None,
        }
    }

    /// Every row of a document that can be looked at on its own; seminars by `<code>@<first day>`.
    pub fn review_rows(&self, document: DocumentKind) -> Vec<String> {
        fn ids<T>(rows: &Rows<T>) -> Vec<String> {
            rows.iter().map(|row| row.id.to_string()).collect()
        }
        match document {
            DocumentKind::ResearchActivities => ids(&self.documents.research_activities.value.rows),
            DocumentKind::Conferences => ids(&self.documents.conferences.value),
            DocumentKind::Papers => ids(&self.documents.papers.value),
            DocumentKind::Seminars => {
                let seminars = self.seminars().into_iter();
                seminars.map(|(key, _)| key.to_owned()).collect()
            }
            DocumentKind::Resume | DocumentKind::Profile | DocumentKind::ClinicalExperience => {
                Vec::new()
            }
        }
    }

    /// The tracks in the words of the secretariat, whatever the time.
    pub(super) fn track_words(&self) -> String {
        let documents = match &self.documents_track {
            DocumentTrack::NotApplied => "書類審査なし",
            DocumentTrack::Drafting => "申込済",
            DocumentTrack::UnderReview(_) => "書類確認中",
            DocumentTrack::Returned(_) => "差し戻し中",
            DocumentTrack::Accepted(_) => "書類受理",
            DocumentTrack::ReviewPassed(_) => "審査合格",
            DocumentTrack::ReviewFailed(_) => "審査不合格",
        };
        let exam = match &self.exam {
            ExamTrack::NotApplied => "未申込",
            ExamTrack::AwaitingPayment => "受験料未納",
            ExamTrack::Paid { .. } => "入金確認済み",
            ExamTrack::Exempt { .. } => "免除",
            ExamTrack::Resulted { outcome, .. } => outcome.label(),
        };
        format!(
            "申請: {documents}、筆記試験: {exam}、認定: {}",
            self.certification.word()
        )
    }
}
