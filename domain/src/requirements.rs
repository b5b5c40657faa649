//! 申請完了要件: what is missing before 申請を完了する, each in the manual's sentence.

use serde::{Deserialize, Serialize};

use crate::{
    application::{ApplicationState, ExamTrack},
    documents::DocumentKind,
    program::{AttendanceRule, Program},
    units::UnitAssessment,
};

/// What kind of requirement is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RequirementKind {
    /// 業績単位が不足しています
    UnitsShort,
    /// 「学会に 1 回以上参加」「セミナー A B の双方に参加」のいずれも満たされていません
    AttendanceMissing,
    /// 申請書類 [...] が未登録です
    DocumentMissing,
    /// A document that may be empty has mistakes; submitting accepts only what can be read (architecture, decision 12).
    DocumentHasErrors,
    /// 受験料 has not arrived, where the rules ask for it.
    PaymentMissing,
}

/// One requirement that is not met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Requirement {
    /// Which kind.
    pub kind: RequirementKind,
    /// The document to go to, if it is about one.
    pub document: Option<DocumentKind>,
    /// The sentence.
    pub message: String,
}

/// The unmet requirements in the manual's order, and the assessment behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// What is missing; empty when the application can be completed.
    pub missing: Vec<Requirement>,
    /// Every row with what it counts.
    pub assessment: UnitAssessment,
}

/// Compares an application with the requirements of its program.
pub fn requirements(state: &ApplicationState, program: &Program) -> Requirements {
    let rules = &program.rules;
    let assessment = state.assess(rules);
    let mut missing = Vec::new();
    if assessment.total < assessment.required {
        missing.push(Requirement {
            kind: RequirementKind::UnitsShort,
            document: None,
            message: format!("業績単位が不足しています (現在 {} 単位)", assessment.total),
        });
    }
    let attended = match rules.requirements.attendance_rule {
        AttendanceRule::MeetingOrSeminarsAAndB => {
            assessment.meetings_attended > 0 || (assessment.seminar_a && assessment.seminar_b)
        }
        AttendanceRule::None => true,
    };
    if !attended {
        missing.push(Requirement {
            kind: RequirementKind::AttendanceMissing,
            document: None,
            message:
                "「学会に 1 回以上参加」「セミナー A B の双方に参加」のいずれも満たされていません"
                    .to_owned(),
        });
    }
    for kind in DocumentKind::ALL {
        let wrong = !state.documents.errors(kind, rules).is_empty();
        if rules.requirements.registered_documents.contains(&kind) {
            // A draft with field errors shows 登録中 and counts as 未登録 here.
            if wrong || !state.documents.is_complete(kind, rules) {
                missing.push(Requirement {
                    kind: RequirementKind::DocumentMissing,
                    document: Some(kind),
                    message: format!("申請書類 [{}] が未登録です", kind.title()),
                });
            }
        } else if wrong {
            missing.push(Requirement {
                kind: RequirementKind::DocumentHasErrors,
                document: Some(kind),
                message: format!(
                    "申請書類 [{}] に入力の誤りがあります。該当の行を修正または削除してください",
                    kind.title()
                ),
            });
        }
    }
    if rules.requirements.payment_required && state.exam == ExamTrack::AwaitingPayment {
        missing.push(Requirement {
            kind: RequirementKind::PaymentMissing,
            document: None,
            message: "受験料の入金が確認できていません。受験料をご納入ください".to_owned(),
        });
    }
    Requirements {
        missing,
        assessment,
    }
}
