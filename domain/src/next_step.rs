//! 次にすること: one action at each moment.
//!
//! The order is the one of the work. While documents are open: the documents of the manual's list that a requirement names
//! (without them nothing can be completed), then the units and 学会参加 or セミナー A B, then 受験料 where the rules ask for it
//! before completing, then 申請を完了する. Only when nothing is left to do for the documents: 筆記試験, then 受験料, then waiting.

use jiff::Timestamp;

use crate::{
    application::{Application, DocumentTrack, ExamTrack},
    documents::DocumentKind,
    program::Program,
    requirements::{Requirement, RequirementKind, requirements},
};

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// A document to complete.
    FillIn(DocumentKind),
    /// 単位を追加する, in this document.
    CollectUnits(DocumentKind),
    /// 申請を完了する
    Complete,
    /// 追加お申込み 筆記試験
    AddExam,
    /// 受験料をご納入ください
    PayExamFee,
    /// The society's turn.
    Wait,
    /// 締め切り日時 is past, and the application is not complete.
    PeriodOver,
    /// 取下げ: もう一度お申込みいただけます, while the period lasts.
    ApplyAgain,
}

impl NextStep {
    /// The sentence.
    pub fn sentence(self) -> String {
        match self {
            Self::FillIn(document) => format!("「{}」を入力してください。", document.title()),
            Self::CollectUnits(document) => {
                format!("業績単位が足りません。「{}」などで単位を追加してください。", document.title())
            }
            Self::Complete => "要件を満たしています。内容を確認して、申請を完了してください。".to_owned(),
            Self::AddExam => "筆記試験をお申込みください。合格されている方は事務局へお問い合わせください。".to_owned(),
            Self::PayExamFee => "受験料をご納入ください。入金の確認には数日かかることがあります。".to_owned(),
            Self::Wait => "お手続きは済んでいます。事務局からの連絡をお待ちください。".to_owned(),
            Self::PeriodOver => {
                "締め切り日時を過ぎたため、申請を完了できません。入力された内容は残っています。ご事情のある方は事務局へお問い合わせください。".to_owned()
            }
            Self::ApplyAgain => {
                "お申込みは取り下げられています。期間内であれば、もう一度お申込みいただけます。".to_owned()
            }
        }
    }
}

/// What to do next about an application that has been made.
pub fn next_step(application: &Application, program: &Program, at: Timestamp) -> NextStep {
    let over = at >= program.period.closes;
    let state = match application {
        Application::Made(state) => state,
        Application::NotMade | Application::Withdrawn(_) if over => return NextStep::PeriodOver,
        Application::NotMade | Application::Withdrawn(_) => return NextStep::ApplyAgain,
    };
    if state.documents_track == DocumentTrack::Drafting {
        if over {
            return NextStep::PeriodOver;
        }
        return first_of(&requirements(state, program).missing);
    }
    match state.exam {
        ExamTrack::NotApplied if !over => NextStep::AddExam,
        ExamTrack::AwaitingPayment => NextStep::PayExamFee,
        ExamTrack::NotApplied | ExamTrack::Paid { .. } | ExamTrack::Exempt { .. } => NextStep::Wait,
    }
}

/// Documents first, then units, then money.
fn first_of(missing: &[Requirement]) -> NextStep {
    if let Some(document) = missing.iter().find_map(|one| one.document) {
        return NextStep::FillIn(document);
    }
    let lacks = |kind| missing.iter().any(|one| one.kind == kind);
    if lacks(RequirementKind::AttendanceMissing) {
        NextStep::CollectUnits(DocumentKind::Conferences)
    } else if lacks(RequirementKind::UnitsShort) {
        NextStep::CollectUnits(DocumentKind::Papers)
    } else if lacks(RequirementKind::PaymentMissing) {
        NextStep::PayExamFee
    } else {
        NextStep::Complete
    }
}
