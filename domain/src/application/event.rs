//! What happened to an application: past tense, one fact each.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    Certificate, CheckMark, CheckTarget, CorrectionRequest, DecisionKind, ExamOutcome, Note, Proof,
    ProofState, Signature,
};
use crate::{
    catalogue::EVENTS,
    documents::{ClinicalExperience, Conference, Paper, Profile, ResearchActivity, Resume, RowId},
    eligibility::Scope,
    member::{MemberNumber, MemberRecord, Payment, SeminarAttendance, SeminarKey},
    personal::Personal,
    program::ProgramId,
    units::UnitAssessment,
};

/// 本紙: one completion of the application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// 本紙 number, from 1.
    pub number: u32,
    /// When 申請を完了する was decided.
    pub submitted_at: Timestamp,
    /// The units as they were assessed then.
    pub assessment: UnitAssessment,
    /// Version of the program rules they were assessed by.
    pub rules_version: String,
    /// SHA-256 (hexadecimal) of the documents as submitted.
    pub digest: String,
}

/// Events of an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ApplicationEvent {
    /// 申込: with everything the society knows at that moment.
    Applied {
        /// Program applied for.
        program: ProgramId,
        /// 会員番号
        member: MemberNumber,
        /// What is applied for.
        scope: Scope,
        /// When.
        applied_at: Timestamp,
        /// The record of that day.
        record: Personal<Box<MemberRecord>>,
        /// Fiscal year of a pass that counts, if the exam was passed before.
        exam_passed: Option<i16>,
        /// Attendance known.
        attendance: Vec<SeminarAttendance>,
    },
    /// 追加お申込み 筆記試験
    ExamAdded {
        /// When.
        added_at: Timestamp,
    },
    /// 履歴書 saved, with the record it was saved with.
    ResumeSaved {
        /// What was typed.
        resume: Personal<Resume>,
        /// The member's record at that moment.
        record: Personal<Box<MemberRecord>>,
    },
    /// プロフィール saved.
    ProfileSaved {
        /// What was typed.
        profile: Personal<Profile>,
    },
    /// 研究活動歴: a row added.
    ResearchActivityAdded {
        /// Its id.
        row: RowId,
        /// What was typed.
        activity: Personal<ResearchActivity>,
    },
    /// 研究活動歴: a row revised.
    ResearchActivityRevised {
        /// Its id.
        row: RowId,
        /// What was typed.
        activity: Personal<ResearchActivity>,
    },
    /// 研究活動歴: a row removed.
    ResearchActivityRemoved {
        /// Its id.
        row: RowId,
    },
    /// がん治療に関する研究活動・診療歴の総年数 recorded.
    ResearchYearsRecorded {
        /// As typed.
        total_years: Personal<String>,
    },
    /// 学会参加: a row added.
    ConferenceAdded {
        /// Its id.
        row: RowId,
        /// What was typed.
        conference: Personal<Conference>,
    },
    /// 学会参加: a row revised.
    ConferenceRevised {
        /// Its id.
        row: RowId,
        /// What was typed.
        conference: Personal<Conference>,
    },
    /// 学会参加: a row removed.
    ConferenceRemoved {
        /// Its id.
        row: RowId,
    },
    /// 論文: a row added.
    PaperAdded {
        /// Its id.
        row: RowId,
        /// What was typed.
        paper: Personal<Paper>,
    },
    /// 論文: a row revised.
    PaperRevised {
        /// Its id.
        row: RowId,
        /// What was typed.
        paper: Personal<Paper>,
    },
    /// 論文: a row removed.
    PaperRemoved {
        /// Its id.
        row: RowId,
    },
    /// 業績目録 saved.
    ClinicalExperienceSaved {
        /// What was typed.
        experience: Personal<ClinicalExperience>,
    },
    /// 申請を完了する
    Submitted {
        /// The completion.
        submission: Submission,
    },
    /// 取下げ
    Withdrawn {
        /// When.
        withdrawn_at: Timestamp,
    },
    /// 当会セミナー: attendance, new or replacing the earlier one of the same seminar.
    SeminarAttendanceImported {
        /// The attendance.
        attendance: SeminarAttendance,
    },
    /// 当会セミナー: attendance taken back.
    SeminarAttendanceRetracted {
        /// Which seminar.
        seminar: SeminarKey,
    },
    /// 入金確認, new or replacing the earlier one of the same transaction.
    PaymentConfirmed {
        /// The payment.
        payment: Payment,
    },
    /// 入金確認の取消
    PaymentReversed {
        /// Whether its import was taken back: then it was never there, and the same payment counts when it is imported again.
        /// A person's reversal stands against imports.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        retracted: bool,
        /// 取引番号
        transaction: String,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 確認: a mark on a document or a row.
    ItemChecked {
        /// On what.
        target: CheckTarget,
        /// Which.
        mark: CheckMark,
        /// By whom and when.
        signed: Signature,
    },
    /// 事務局欄: units of a row; none takes the earlier figure back.
    UnitsAdjusted {
        /// The row.
        target: CheckTarget,
        /// 単位
        units: Option<u32>,
        /// By whom and when.
        signed: Signature,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 提出書類: where a paper is.
    ProofRecorded {
        /// Which.
        proof: Proof,
        /// Where.
        state: ProofState,
        /// By whom and when.
        signed: Signature,
    },
    /// 内部メモ
    NoteAdded {
        /// What it says, by whom and when.
        note: Note,
    },
    /// 内部ラベル: all that there are from now on.
    LabelsSet {
        /// The labels.
        labels: BTreeSet<String>,
    },
    /// 差し戻し
    ReturnedForCorrection {
        /// What is asked for.
        request: CorrectionRequest,
        /// By whom and when.
        signed: Signature,
    },
    /// 修正のお願いへの回答
    CorrectionAnswered {
        /// Number of the item.
        item: u32,
        /// What the member says.
        answer: Personal<String>,
    },
    /// 再開: everything is open for editing again.
    Reopened {
        /// Number of the 本紙 that is opened again.
        submission: u32,
        /// Until when.
        until: Timestamp,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 期限延長
    DeadlineExtended {
        /// Until when.
        until: Timestamp,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 書類受理
    DocumentsAccepted {
        /// When.
        at: Timestamp,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 審査合格
    ReviewPassed {
        /// When.
        at: Timestamp,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 審査不合格
    ReviewFailed {
        /// When.
        at: Timestamp,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 判定の取消: back to 書類確認中.
    DecisionRevoked {
        /// When.
        at: Timestamp,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 筆記試験の結果
    ExamResultRecorded {
        /// 合格, 不合格 or 欠席.
        outcome: ExamOutcome,
        /// When.
        at: Timestamp,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 筆記試験の結果の取消: there was none before the import that is taken back.
    ExamResultRetracted {
        /// When.
        at: Timestamp,
    },
    /// 更新認定可
    CertificationApproved {
        /// When.
        at: Timestamp,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 認定料の請求
    CertificationFeeRequested {
        /// 納入期限
        due: Date,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 認定
    Certified {
        /// From when to when.
        certificate: Certificate,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 猶予
    Deferred {
        /// Last day of the grace.
        until: Date,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 失効
    Lapsed {
        /// When.
        at: Timestamp,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
    /// 処理の取消: a result of the exam or a decision about the certification is undone, and what was before it stands again. Money stays as it is.
    DecisionUndone {
        /// Number of the decision's event in this stream.
        event: u64,
        /// Which decision.
        decision: DecisionKind,
        /// 筆記試験の結果 that stands again, where one was undone that had replaced another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exam_result: Option<ExamOutcome>,
        /// When.
        at: Timestamp,
        /// 会員への説明, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Personal<String>>,
    },
}

impl ApplicationEvent {
    /// Name of the event in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "Applied",
            Self::ExamAdded { .. } => "ExamAdded",
            Self::ResumeSaved { .. } => "ResumeSaved",
            Self::ProfileSaved { .. } => "ProfileSaved",
            Self::ResearchActivityAdded { .. } => "ResearchActivityAdded",
            Self::ResearchActivityRevised { .. } => "ResearchActivityRevised",
            Self::ResearchActivityRemoved { .. } => "ResearchActivityRemoved",
            Self::ResearchYearsRecorded { .. } => "ResearchYearsRecorded",
            Self::ConferenceAdded { .. } => "ConferenceAdded",
            Self::ConferenceRevised { .. } => "ConferenceRevised",
            Self::ConferenceRemoved { .. } => "ConferenceRemoved",
            Self::PaperAdded { .. } => "PaperAdded",
            Self::PaperRevised { .. } => "PaperRevised",
            Self::PaperRemoved { .. } => "PaperRemoved",
            Self::ClinicalExperienceSaved { .. } => "ClinicalExperienceSaved",
            Self::Submitted { .. } => "Submitted",
            Self::Withdrawn { .. } => "Withdrawn",
            Self::SeminarAttendanceImported { .. } => "SeminarAttendanceImported",
            Self::SeminarAttendanceRetracted { .. } => "SeminarAttendanceRetracted",
            Self::PaymentConfirmed { .. } => "PaymentConfirmed",
            Self::PaymentReversed { .. } => "PaymentReversed",
            Self::ItemChecked { .. } => "ItemChecked",
            Self::UnitsAdjusted { .. } => "UnitsAdjusted",
            Self::ProofRecorded { .. } => "ProofRecorded",
            Self::NoteAdded { .. } => "NoteAdded",
            Self::LabelsSet { .. } => "LabelsSet",
            Self::ReturnedForCorrection { .. } => "ReturnedForCorrection",
            Self::CorrectionAnswered { .. } => "CorrectionAnswered",
            Self::Reopened { .. } => "Reopened",
            Self::DeadlineExtended { .. } => "DeadlineExtended",
            Self::DocumentsAccepted { .. } => "DocumentsAccepted",
            Self::ReviewPassed { .. } => "ReviewPassed",
            Self::ReviewFailed { .. } => "ReviewFailed",
            Self::DecisionRevoked { .. } => "DecisionRevoked",
            Self::ExamResultRecorded { .. } => "ExamResultRecorded",
            Self::ExamResultRetracted { .. } => "ExamResultRetracted",
            Self::CertificationApproved { .. } => "CertificationApproved",
            Self::CertificationFeeRequested { .. } => "CertificationFeeRequested",
            Self::Certified { .. } => "Certified",
            Self::Deferred { .. } => "Deferred",
            Self::Lapsed { .. } => "Lapsed",
            Self::DecisionUndone { .. } => "DecisionUndone",
        }
    }

    /// What people call it.
    pub fn label(&self) -> &'static str {
        if let Self::DecisionUndone { decision, .. } = self {
            return decision.undone();
        }
        let name = self.name();
        EVENTS
            .iter()
            .find(|entry| entry.stream == "application" && entry.name == name)
            .map_or(name, |entry| entry.label)
    }

    /// 会員への説明, where one was given. 差し戻し has none: its message and its items are what the member is told.
    pub fn explanation(&self) -> Option<&str> {
        let explanation = match self {
            Self::PaymentReversed { explanation, .. }
            | Self::UnitsAdjusted { explanation, .. }
            | Self::Reopened { explanation, .. }
            | Self::DeadlineExtended { explanation, .. }
            | Self::DocumentsAccepted { explanation, .. }
            | Self::ReviewPassed { explanation, .. }
            | Self::ReviewFailed { explanation, .. }
            | Self::DecisionRevoked { explanation, .. }
            | Self::ExamResultRecorded { explanation, .. }
            | Self::CertificationApproved { explanation, .. }
            | Self::CertificationFeeRequested { explanation, .. }
            | Self::Certified { explanation, .. }
            | Self::Deferred { explanation, .. }
            | Self::Lapsed { explanation, .. }
            | Self::DecisionUndone { explanation, .. } => explanation.as_ref(),
            _ => None,
        };
        explanation.map(|text| text.value.as_str())
    }
}

impl cqrs_es::DomainEvent for ApplicationEvent {
    fn event_type(&self) -> String {
        self.name().to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}
