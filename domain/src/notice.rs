//! お知らせのメール: which mail an event calls for, and what can be said in it.
//!
//! Whether somebody is told something, when, and what is missing then, are rules and stand here; the words of a mail are the
//! secretariat's and stand in its templates.

mod placeholder;
mod reminder;
mod words;

pub use placeholder::Placeholder;
pub use reminder::{REMINDED_BEFORE, Reminder, reminder};
pub use words::{NOT_YET, Words, words};

use crate::application::ApplicationEvent;

/// An occasion to write to the member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// お申込み受付
    Applied,
    /// 追加お申込み 筆記試験
    ExamAdded,
    /// 入金確認
    PaymentConfirmed,
    /// 申請完了
    Submitted,
    /// 差し戻し（修正のお願い）
    ReturnedForCorrection,
    /// 再開
    Reopened,
    /// 期限延長
    DeadlineExtended,
    /// 書類受理
    DocumentsAccepted,
    /// 審査合格
    ReviewPassed,
    /// 審査不合格
    ReviewFailed,
    /// 筆記試験の結果
    ExamResultRecorded,
    /// 更新認定可
    CertificationApproved,
    /// 認定料の請求
    CertificationFeeRequested,
    /// 認定
    Certified,
    /// 猶予
    Deferred,
    /// 失効
    Lapsed,
    /// 処理の取消: it corrects a mail that had gone.
    DecisionUndone,
    /// 取下げ
    Withdrawn,
    /// 期限のお知らせ: no event, but a day that has come.
    Reminder,
}

impl NoticeKind {
    /// All of them, in the order of the way.
    pub const ALL: [Self; 19] = [
        Self::Applied,
        Self::ExamAdded,
        Self::PaymentConfirmed,
        Self::Reminder,
        Self::Submitted,
        Self::ReturnedForCorrection,
        Self::Reopened,
        Self::DeadlineExtended,
        Self::DocumentsAccepted,
        Self::ReviewPassed,
        Self::ReviewFailed,
        Self::ExamResultRecorded,
        Self::CertificationApproved,
        Self::CertificationFeeRequested,
        Self::Certified,
        Self::Deferred,
        Self::Lapsed,
        Self::DecisionUndone,
        Self::Withdrawn,
    ];

    /// The word in the database and in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::ExamAdded => "exam_added",
            Self::PaymentConfirmed => "payment_confirmed",
            Self::Submitted => "submitted",
            Self::ReturnedForCorrection => "returned_for_correction",
            Self::Reopened => "reopened",
            Self::DeadlineExtended => "deadline_extended",
            Self::DocumentsAccepted => "documents_accepted",
            Self::ReviewPassed => "review_passed",
            Self::ReviewFailed => "review_failed",
            Self::ExamResultRecorded => "exam_result_recorded",
            Self::CertificationApproved => "certification_approved",
            Self::CertificationFeeRequested => "certification_fee_requested",
            Self::Certified => "certified",
            Self::Deferred => "deferred",
            Self::Lapsed => "lapsed",
            Self::DecisionUndone => "decision_undone",
            Self::Withdrawn => "withdrawn",
            Self::Reminder => "reminder",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The words of the secretariat's screens.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Applied => "お申込み受付",
            Self::ExamAdded => "追加お申込み（筆記試験）",
            Self::PaymentConfirmed => "入金確認",
            Self::Submitted => "申請完了",
            Self::ReturnedForCorrection => "修正のお願い（差し戻し）",
            Self::Reopened => "再開",
            Self::DeadlineExtended => "期限延長",
            Self::DocumentsAccepted => "書類受理",
            Self::ReviewPassed => "審査合格",
            Self::ReviewFailed => "審査不合格",
            Self::ExamResultRecorded => "筆記試験の結果",
            Self::CertificationApproved => "更新認定可",
            Self::CertificationFeeRequested => "認定料の請求",
            Self::Certified => "認定",
            Self::Deferred => "猶予",
            Self::Lapsed => "失効",
            Self::DecisionUndone => "処理の取消（訂正）",
            Self::Withdrawn => "取下げ",
            Self::Reminder => "期限のお知らせ",
        }
    }

    /// The mail that an event calls for; that of [`Self::DecisionUndone`] only where one about the decision has gone. What a member types, what the secretariat notes for itself, and a 判定の取消 without 会員への説明, which the next
    /// decision tells, call for none.
    pub const fn of(event: &ApplicationEvent) -> Option<Self> {
        use ApplicationEvent as Event;
        Some(match event {
            Event::Applied { .. } => Self::Applied,
            Event::ExamAdded { .. } => Self::ExamAdded,
            Event::PaymentConfirmed { .. } => Self::PaymentConfirmed,
            Event::Submitted { .. } => Self::Submitted,
            Event::ReturnedForCorrection { .. } => Self::ReturnedForCorrection,
            Event::Reopened { .. } => Self::Reopened,
            Event::DeadlineExtended { .. } => Self::DeadlineExtended,
            Event::DocumentsAccepted { .. } => Self::DocumentsAccepted,
            Event::ReviewPassed { .. } => Self::ReviewPassed,
            Event::ReviewFailed { .. } => Self::ReviewFailed,
            Event::ExamResultRecorded { .. } => Self::ExamResultRecorded,
            Event::CertificationApproved { .. } => Self::CertificationApproved,
            Event::CertificationFeeRequested { .. } => Self::CertificationFeeRequested,
            Event::Certified { .. } => Self::Certified,
            Event::Deferred { .. } => Self::Deferred,
            Event::Lapsed { .. } => Self::Lapsed,
            Event::DecisionUndone { .. }
            | Event::ExamResultRetracted { .. }
            | Event::DecisionRevoked {
                explanation: Some(_),
                ..
            } => Self::DecisionUndone,
            Event::Withdrawn { .. } => Self::Withdrawn,
            Event::ResumeSaved { .. }
            | Event::ProfileSaved { .. }
            | Event::ResearchActivityAdded { .. }
            | Event::ResearchActivityRevised { .. }
            | Event::ResearchActivityRemoved { .. }
            | Event::ResearchYearsRecorded { .. }
            | Event::ConferenceAdded { .. }
            | Event::ConferenceRevised { .. }
            | Event::ConferenceRemoved { .. }
            | Event::PaperAdded { .. }
            | Event::PaperRevised { .. }
            | Event::PaperRemoved { .. }
            | Event::ClinicalExperienceSaved { .. }
            | Event::SeminarAttendanceImported { .. }
            | Event::SeminarAttendanceRetracted { .. }
            | Event::PaymentReversed { .. }
            | Event::ItemChecked { .. }
            | Event::UnitsAdjusted { .. }
            | Event::ProofRecorded { .. }
            | Event::NoteAdded { .. }
            | Event::LabelsSet { .. }
            | Event::CorrectionAnswered { .. }
            | Event::DecisionRevoked {
                explanation: None, ..
            } => return None,
        })
    }

    /// What its template may speak of.
    pub fn placeholders(self) -> Vec<Placeholder> {
        use Placeholder as P;
        let of_the_occasion: &[P] = match self {
            Self::Applied | Self::ExamAdded => &[P::ExamFeeRoute],
            Self::PaymentConfirmed => &[P::PaymentItem, P::Amount, P::PaidOn],
            Self::Submitted => &[P::SubmissionNumber, P::SubmittedAt],
            Self::ReturnedForCorrection => &[P::Message, P::Corrections],
            Self::ExamResultRecorded => &[P::ExamOutcome, P::Explanation],
            Self::CertificationFeeRequested => &[
                P::CertificationFee,
                P::CertificationFeeRoute,
                P::CertificationFeeDue,
                P::Explanation,
            ],
            Self::Certified => &[P::CertifiedOn, P::ExpiresOn, P::Explanation],
            Self::Deferred => &[P::DeferredUntil, P::Explanation],
            Self::DecisionUndone => &[P::UndoneDecision, P::Explanation],
            Self::Reminder => &[P::DaysLeft, P::Missing],
            Self::DeadlineExtended => &[P::DeadlineName, P::Explanation],
            Self::Reopened
            | Self::DocumentsAccepted
            | Self::ReviewPassed
            | Self::ReviewFailed
            | Self::CertificationApproved
            | Self::Lapsed => &[P::Explanation],
            Self::Withdrawn => &[P::ApplyUntil],
        };
        P::COMMON.iter().chain(of_the_occasion).copied().collect()
    }
}

#[cfg(test)]
mod tests;
