//! 申請完了要件 beside every page of an application: what is met, what is missing and where, and what to do next.

use askama::{Template, filters::HtmlSafe};
use domain::{
    calendar::{show_days_left, show_deadline},
    documents::DocumentKind,
    next_step::{NextStep, next_step},
    requirements::{RequirementKind, checklist},
    sentences::Sentence,
};

use super::visit::Visit;
use crate::problem::Problem;

/// The panel.
#[derive(Clone, Debug, Template)]
#[template(path = "pieces/panel.html")]
pub(super) struct Panel {
    pub deadline: String,
    pub days_left: String,
    /// What the deadline is called; none where nothing depends on it any more.
    pub deadline_name: Option<&'static str>,
    /// Units; none for 筆記試験のみ, which needs none.
    pub units: Option<Units>,
    pub lines: Vec<Line>,
    pub next: Next,
    /// Whether everything is met.
    pub complete: bool,
    /// What stands in the place of the list where there is nothing to meet.
    pub instead: &'static str,
}

impl HtmlSafe for Panel {}

/// 単位
#[derive(Clone, Copy, Debug)]
pub(super) struct Units {
    pub total: u32,
    pub required: u32,
    /// 認められた単位, where a 事務局欄 says another figure than the rules.
    pub recognised: Option<u32>,
}

impl Units {
    pub fn missing(self) -> u32 {
        self.required.saturating_sub(self.total)
    }

    /// For the meter: no more than what is needed.
    fn shown(self) -> u32 {
        self.total.min(self.required)
    }
}

/// A requirement.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub met: bool,
    /// The manual's sentence while it is not met, else what was asked for.
    pub words: String,
    /// Where to go about it.
    pub href: String,
    /// What belongs to it: the parts of the OR rule, the units that are missing.
    pub details: Vec<String>,
}

/// 次にすること
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub sentence: String,
    /// The one button; none when there is nothing to do but wait.
    pub button: Option<(String, &'static str)>,
}

/// Where to go about a requirement.
fn place(visit: &Visit<'_>, kind: RequirementKind, document: Option<DocumentKind>) -> String {
    match (kind, document) {
        (RequirementKind::CorrectionOpen, _) => visit.below("corrections"),
        (_, Some(document)) => visit.document(document),
        (RequirementKind::UnitsShort, None) => visit.document(DocumentKind::Papers),
        (RequirementKind::AttendanceMissing, None) => visit.document(DocumentKind::Conferences),
        _ => visit.top(),
    }
}

/// The button of the next step.
fn button(visit: &Visit<'_>, step: NextStep) -> Option<(String, &'static str)> {
    // Whoever looks as the member can do nothing.
    if visit.viewer.is_some() {
        return None;
    }
    match step {
        NextStep::FillIn(document) => Some((visit.document(document), "書類を編集する")),
        NextStep::CollectUnits(document) => Some((visit.document(document), "単位を追加する")),
        NextStep::Complete | NextStep::CompleteAgain => {
            Some((visit.below("completion"), "申請を完了する"))
        }
        NextStep::AddExam => Some((visit.below("exam"), "筆記試験を申し込む")),
        NextStep::ApplyAgain => Some((
            format!("/apply/{}", visit.program.id),
            "もう一度お申込みする",
        )),
        NextStep::DeliverFinalForm => Some((visit.below("print"), "申請書（本紙）を出力する")),
        NextStep::Correct => Some((visit.below("corrections"), "修正のお願いを確認する")),
        NextStep::PayExamFee
        | NextStep::PayCertificationFee
        | NextStep::Wait
        | NextStep::PeriodOver
        | NextStep::CorrectionOverdue
        | NextStep::ExamPeriodOver
        | NextStep::Nothing => None,
    }
}

impl Panel {
    /// Whether any requirement is met.
    pub fn has_met(&self) -> bool {
        self.lines.iter().any(|line| line.met)
    }

    pub fn of(visit: &Visit<'_>) -> Result<Self, Problem> {
        let state = visit.state()?;
        let documents = state.has_documents();
        let stand = visit.stand();
        let instead = stand.first_of(&[
            Sentence::PanelWithdrawn,
            Sentence::PanelLapsed,
            Sentence::PanelCompleted,
            Sentence::PanelExamOnly,
        ]);
        let list = checklist(state, visit.program);
        let assessment = &list.assessment;
        let units = Units {
            total: assessment.total,
            required: assessment.required,
            recognised: (!state.review.differing(assessment).is_empty())
                .then(|| state.recognised_units(&visit.program.rules)),
        };
        let lines: Vec<Line> = list
            .lines
            .iter()
            .filter(|_| instead.is_none())
            .map(|line| {
                let requirement = &line.requirement;
                let details = match requirement.kind {
                    RequirementKind::AttendanceMissing => vec![
                        format!("学会参加: {}回", assessment.meetings_attended),
                        format!("セミナー A: {}", attended(assessment.seminar_a)),
                        format!("セミナー B: {}", attended(assessment.seminar_b)),
                    ],
                    RequirementKind::DocumentMissing => requirement
                        .document
                        .filter(|_| !line.met)
                        .map(|kind| {
                            let state = state.documents.state(kind, &visit.program.rules);
                            vec![state.label()]
                        })
                        .unwrap_or_default(),
                    _ => Vec::new(),
                };
                Line {
                    met: line.met,
                    words: if line.met {
                        line.label.clone()
                    } else {
                        requirement.message.clone()
                    },
                    href: place(visit, requirement.kind, requirement.document),
                    details,
                }
            })
            .collect();
        let step = next_step(&visit.found.application, visit.program, visit.now);
        Ok(Self {
            deadline: show_deadline(visit.closes()),
            days_left: show_days_left(visit.now, visit.closes()),
            deadline_name: stand.deadline(),
            units: documents.then_some(units),
            complete: lines.iter().all(|line| line.met),
            lines,
            next: Next {
                sentence: step.sentence(),
                button: button(visit, step),
            },
            instead: instead.map_or("", Sentence::words),
        })
    }
}

/// 参加済み or not yet.
fn attended(seen: bool) -> &'static str {
    if seen { "参加済み" } else { "未参加" }
}
