//! 申請完了要件: what is missing before 申請を完了する, each in the manual's sentence.

use serde::{Deserialize, Serialize};

use crate::{
    application::{ApplicationState, ExamTrack},
    documents::{DocumentKind, DocumentState},
    program::{AttendanceRule, Program, Rules},
    units::UnitAssessment,
};

/// What is said while the OR rule is not met.
pub(crate) const ATTENDANCE_MISSING: &str =
    "「学会に 1 回以上参加」「セミナー A B の双方に参加」のいずれも満たされていません";

/// What kind of requirement is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RequirementKind {
    /// 業績単位が不足しています
    UnitsShort,
    /// 「学会に 1 回以上参加」「セミナー A B の双方に参加」のいずれも満たされていません
    AttendanceMissing,
    /// 申請書類 [...] が未登録です, or 登録中 with what is left
    DocumentMissing,
    /// A document that may be empty has mistakes; submitting accepts only what can be read (architecture, decision 12).
    DocumentHasErrors,
    /// 受験料 has not arrived, where the rules ask for it.
    PaymentMissing,
    /// 修正のお願い: an item is neither answered nor changed.
    CorrectionOpen,
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

/// One requirement of the program, met or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Whether it is met.
    pub met: bool,
    /// What is asked for, in a few words: what stands beside 済.
    pub label: String,
    /// The requirement with the sentence that is said while it is not met.
    pub requirement: Requirement,
}

/// Every requirement in the manual's order, and the assessment behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checklist {
    /// What is asked for, met or not.
    pub lines: Vec<Checked>,
    /// Every row with what it counts.
    pub assessment: UnitAssessment,
}

/// The unmet requirements in the manual's order, and the assessment behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// What is missing; empty when the application can be completed.
    pub missing: Vec<Requirement>,
    /// Every row with what it counts.
    pub assessment: UnitAssessment,
}

/// What is missing of an application in its program.
pub fn requirements(state: &ApplicationState, program: &Program) -> Requirements {
    let Checklist { lines, assessment } = checklist(state, program);
    Requirements {
        missing: lines
            .into_iter()
            .filter(|line| !line.met)
            .map(|line| line.requirement)
            .collect(),
        assessment,
    }
}

/// What keeps a document from being registered: nothing is there yet, or what is.
fn unfinished(state: &ApplicationState, kind: DocumentKind, rules: &Rules) -> String {
    let title = kind.title();
    let DocumentState::Incomplete { missing } = state.documents.state(kind, rules) else {
        return format!("申請書類 [{title}] が未登録です");
    };
    let errors = state.documents.errors(kind, rules);
    let first = errors.first().map_or_else(
        || {
            // The only document of two parts.
            let part = if state.documents.research_activities.value.rows.is_empty() {
                "明細"
            } else {
                "総年数"
            };
            format!("{part} が未登録です。")
        },
        |error| error.message.clone(),
    );
    let others = match missing {
        0 | 1 => String::new(),
        missing => format!("（ほか{}項目）", missing - 1),
    };
    format!("申請書類 [{title}] は登録中です。{first}{others}")
}

/// Compares an application with each requirement of its program.
pub fn checklist(state: &ApplicationState, program: &Program) -> Checklist {
    let rules = &program.rules;
    let assessment = state.assess(rules);
    let mut lines = vec![Checked {
        met: assessment.total >= assessment.required,
        label: format!("業績単位（{} 単位以上）", assessment.required),
        requirement: Requirement {
            kind: RequirementKind::UnitsShort,
            document: None,
            message: format!("業績単位が不足しています (現在 {} 単位)", assessment.total),
        },
    }];
    match rules.requirements.attendance_rule {
        AttendanceRule::MeetingOrSeminarsAAndB => lines.push(Checked {
            met: assessment
                .attendance()
                .meets(rules.requirements.attendance_rule),
            label: "「学会に 1 回以上参加」または「セミナー A B の双方に参加」".to_owned(),
            requirement: Requirement {
                kind: RequirementKind::AttendanceMissing,
                document: None,
                message: ATTENDANCE_MISSING.to_owned(),
            },
        }),
        AttendanceRule::None => {}
    }
    for kind in DocumentKind::ALL {
        let wrong = !state.documents.errors(kind, rules).is_empty();
        if rules.requirements.registered_documents.contains(&kind) {
            lines.push(Checked {
                // A draft with field errors shows 登録中 and does not count as registered.
                met: !wrong && state.documents.is_complete(kind, rules),
                label: format!("申請書類 [{}]", kind.title()),
                requirement: Requirement {
                    kind: RequirementKind::DocumentMissing,
                    document: Some(kind),
                    message: unfinished(state, kind, rules),
                },
            });
        } else if wrong {
            lines.push(Checked {
                met: false,
                label: format!("申請書類 [{}]", kind.title()),
                requirement: Requirement {
                    kind: RequirementKind::DocumentHasErrors,
                    document: Some(kind),
                    message: format!(
                        "申請書類 [{}] に入力の誤りがあります。該当の行を修正または削除してください",
                        kind.title()
                    ),
                },
            });
        }
    }
    if rules.requirements.payment_required {
        lines.push(Checked {
            met: state.exam != ExamTrack::AwaitingPayment,
            label: "受験料のご納入".to_owned(),
            requirement: Requirement {
                kind: RequirementKind::PaymentMissing,
                document: None,
                message: "受験料の入金が確認できていません。受験料をご納入ください".to_owned(),
            },
        });
    }
    if let Some(correction) = state.open_correction() {
        lines.extend(correction.request.items.iter().map(|item| {
            let label = format!("修正のお願い {} [{}]", item.number, item.document.title());
            Checked {
                met: correction.progress_of(item.number).is_done(),
                requirement: Requirement {
                    kind: RequirementKind::CorrectionOpen,
                    document: Some(item.document),
                    message: format!(
                        "{label} が未対応です。該当の内容を修正するか、回答を入力してください"
                    ),
                },
                label,
            }
        }));
    }
    Checklist { lines, assessment }
}
