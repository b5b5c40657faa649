//! What the society does about an application: it checks, sends back, accepts, decides and certifies. Every act needs the right
//! state, and says in a sentence why it is refused in another one.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use super::{
    ApplicationEvent, ApplicationState, CertificationTrack, CheckMark, CheckTarget, CorrectionItem,
    CorrectionRequest, DocumentTrack, ExamOutcome, ExamTrack, Note, Proof, ProofState, Refusal,
    Signature, review::Certificate,
};
use crate::{
    actor::Context,
    calendar::{FiscalYear, jst_date, show_deadline},
    documents::{DocumentKind, RowId},
    member::{Payment, PaymentItem},
    personal::Personal,
    program::Program,
    proposal::{Approval, ApprovalKind},
    requirements::ATTENDANCE_MISSING,
    text::{is_blank, too_long, undecodable},
    units::too_many,
};

type Decision = Result<Vec<ApplicationEvent>, Refusal>;

/// Most characters of a reason, a note, a comment or an answer.
pub const TEXT_LIMIT: usize = 1_000;

/// Most characters of a label.
pub const LABEL_LIMIT: usize = 40;

/// Most labels, and most items of one 差し戻し.
pub const LIST_LIMIT: usize = 100;

/// What the second reason of an adjustment above the table is called.
pub const FURTHER_REASON: &str = "単位表を超えて認める理由";

/// An act with why it is done, and what was seen when it was decided upon.
#[derive(Clone, Debug)]
pub struct SocietyCommand {
    /// What.
    pub act: Act,
    /// 会員への説明: shown and mailed to the member, part of the event. Required where [`Act::needs_explanation`].
    pub explanation: String,
    /// 内部の理由: goes into the event's metadata, and the member never sees it. Required where [`Act::needs_reason`].
    pub reason: String,
    /// [`super::Review::revision`] as it was seen. Required where [`Act::judges`], and where it was approved: approved is what stood then.
    pub seen: Option<u32>,
    /// 二者承認, or 単独. Required where [`Act::needs_two_persons`].
    pub approved: Option<Approval>,
}

impl SocietyCommand {
    /// 内部の理由 as the log keeps it: the reason, and the further one where there is one.
    pub fn recorded_reason(&self) -> Option<String> {
        let further = match &self.act {
            Act::AdjustUnits { further_reason, .. } => further_reason.trim(),
            _ => "",
        };
        let reason = self.reason.trim();
        match (reason.is_empty(), further.is_empty()) {
            (true, true) => None,
            (false, true) => Some(self.reason.clone()),
            (true, false) => Some(format!("{FURTHER_REASON}: {further}")),
            (false, false) => Some(format!("{reason}\n{FURTHER_REASON}: {further}")),
        }
    }

    /// The same once this proposal about what was seen is approved: to ask whether it could be done then.
    #[must_use]
    pub fn once_approved(self, proposal: Uuid, seen: u32) -> Self {
        Self {
            seen: Some(seen),
            approved: Some(Approval {
                proposal,
                kind: ApprovalKind::TwoPersons,
            }),
            ..self
        }
    }
}

/// One thing that is asked to be corrected, as the secretariat writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedCorrection {
    /// Which document.
    pub document: DocumentKind,
    /// Which row of it.
    pub row: Option<RowId>,
    /// Which field, by its name in JSON.
    pub field: Option<String>,
    /// What is to be corrected.
    pub comment: String,
}

/// What the society does.
#[derive(Clone, Debug)]
pub enum Act {
    /// 確認: a mark on a document or a row.
    Check {
        /// On what.
        target: CheckTarget,
        /// Which.
        mark: CheckMark,
    },
    /// 事務局欄: units of a row; none takes the earlier figure back.
    AdjustUnits {
        /// The row.
        target: CheckTarget,
        /// 単位
        units: Option<u32>,
        /// Why more than the rules and the table give, beside 内部の理由. Required above [`ApplicationState::most_units`].
        further_reason: String,
    },
    /// 書類の到着: where a paper is.
    RecordProof {
        /// Which.
        proof: Proof,
        /// Where.
        state: ProofState,
    },
    /// 内部メモ
    AddNote(String),
    /// 内部ラベル: all that there are from now on.
    SetLabels(BTreeSet<String>),
    /// 差し戻し
    Return {
        /// What is to be corrected.
        items: Vec<AskedCorrection>,
        /// Words before the list.
        message: String,
        /// Until when.
        due: Timestamp,
    },
    /// 再開: everything is open for editing again, until then.
    Reopen {
        /// Until when.
        until: Timestamp,
    },
    /// 期限延長
    ExtendDeadline {
        /// Until when.
        until: Timestamp,
    },
    /// 書類受理
    AcceptDocuments,
    /// 審査合格
    PassReview,
    /// 審査不合格
    FailReview,
    /// 判定の取消: back to 書類確認中.
    RevokeDecision,
    /// 筆記試験の結果
    RecordExamResult(ExamOutcome),
    /// 取込の取消 of a result: what was there before, if it is still as it was recorded.
    RetractExamResult {
        /// What was recorded.
        recorded: ExamOutcome,
        /// What was there before, if anything was.
        earlier: Option<ExamOutcome>,
    },
    /// 更新認定可
    ApproveCertification,
    /// 認定料の請求
    RequestCertificationFee {
        /// 納入期限
        due: Date,
    },
    /// 認定
    Certify,
    /// 猶予
    Defer {
        /// Last day of the grace.
        until: Date,
    },
    /// 失効
    Lapse,
    /// 入金確認の取消
    ReversePayment {
        /// 取引番号
        transaction: String,
    },
    /// 取下げ by the secretariat, at the member's wish.
    Withdraw,
    /// 処理の取消: a decision about the certification is undone, as long as no later one rests on it.
    Undo {
        /// Number of the decision's event in the application's stream.
        event: u64,
    },
}

impl Act {
    /// What people call it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Check { .. } => "確認",
            Self::AdjustUnits { .. } => "単位の調整（事務局欄）",
            Self::RecordProof { .. } => "提出書類の記録",
            Self::AddNote(_) => "内部メモ",
            Self::SetLabels(_) => "内部ラベル",
            Self::Return { .. } => "差し戻し",
            Self::Reopen { .. } => "再開",
            Self::ExtendDeadline { .. } => "期限延長",
            Self::AcceptDocuments => "書類受理",
            Self::PassReview => "審査合格",
            Self::FailReview => "審査不合格",
            Self::RevokeDecision => "判定の取消",
            Self::RecordExamResult(_) => "筆記試験の結果",
            Self::RetractExamResult { .. } => "筆記試験の結果の取消",
            Self::ApproveCertification => "更新認定可",
            Self::RequestCertificationFee { .. } => "認定料の請求",
            Self::Certify => "認定",
            Self::Defer { .. } => "猶予",
            Self::Lapse => "失効",
            Self::ReversePayment { .. } => "入金確認の取消",
            Self::Withdraw => "取下げ",
            Self::Undo { .. } => "処理の取消",
        }
    }

    /// Whether 内部の理由 is required: where something is done against the rule, or taken back. Everywhere else it may be given.
    pub fn needs_reason(&self) -> bool {
        matches!(
            self,
            Self::AdjustUnits { .. }
                | Self::Reopen { .. }
                | Self::ExtendDeadline { .. }
                | Self::RevokeDecision
                | Self::RetractExamResult { .. }
                | Self::ReversePayment { .. }
                | Self::Undo { .. }
        )
    }

    /// Whether 会員への説明 can be given: the member's page changes, and the event says why.
    ///
    /// 差し戻し explains itself, by its message and its items; a result whose import is taken back has none: the
    /// mail that corrects an earlier one says what it takes back.
    pub fn takes_explanation(&self) -> bool {
        !matches!(
            self,
            Self::Check { .. }
                | Self::RecordProof { .. }
                | Self::AddNote(_)
                | Self::SetLabels(_)
                | Self::Return { .. }
                | Self::RetractExamResult { .. }
                | Self::Withdraw
        )
    }

    /// Whether 会員への説明 is required in this application: where a decision goes against the member, and where such a one is undone.
    pub fn needs_explanation(&self, state: &ApplicationState) -> bool {
        match self {
            Self::FailReview | Self::Defer { .. } | Self::Lapse => true,
            // Also another result in the place of the one that the member has read.
            Self::RecordExamResult(outcome) => {
                *outcome == ExamOutcome::Failed || replaces_a_result(state, *outcome)
            }
            Self::RevokeDecision => matches!(state.documents_track, DocumentTrack::ReviewFailed(_)),
            Self::Undo { event } => state
                .decision(*event)
                .is_some_and(|decision| decision.kind.is_explained_when_undone()),
            _ => false,
        }
    }

    /// Whether one person is not enough in this application (二者承認): what cannot be made good once the member has read it, and what undoes
    /// it. Another result of the exam in the place of one does: 欠席 over 合格 is what 不合格 is.
    pub fn needs_two_persons(&self, state: &ApplicationState) -> bool {
        match self {
            Self::FailReview | Self::Lapse | Self::Undo { .. } => true,
            Self::RevokeDecision => matches!(state.documents_track, DocumentTrack::ReviewFailed(_)),
            Self::RecordExamResult(outcome) => {
                *outcome == ExamOutcome::Failed || replaces_a_result(state, *outcome)
            }
            _ => false,
        }
    }

    /// Whether it is 判定: what one account decides alone in a day is limited. 取込の取消 is none: it brings back what was.
    pub fn decides(&self) -> bool {
        matches!(
            self,
            Self::PassReview
                | Self::FailReview
                | Self::RevokeDecision
                | Self::RecordExamResult(_)
                | Self::ApproveCertification
                | Self::Certify
                | Self::Defer { .. }
                | Self::Lapse
                | Self::Undo { .. }
        )
    }

    /// Whether it rests on all that stands in the application, so that it is refused when something changed since it was seen.
    pub fn judges(&self) -> bool {
        matches!(
            self,
            Self::Return { .. }
                | Self::Reopen { .. }
                | Self::AcceptDocuments
                | Self::PassReview
                | Self::FailReview
                | Self::RevokeDecision
                | Self::ApproveCertification
                | Self::Certify
                | Self::Lapse
                | Self::Defer { .. }
                | Self::Undo { .. }
        )
    }
}

/// What an act does to an application as it is.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each act: cut in two, no part would be easier to read"
)]
pub(super) fn decide(
    state: &ApplicationState,
    command: SocietyCommand,
    program: &Program,
    context: &Context,
) -> Decision {
    let SocietyCommand {
        act,
        explanation,
        reason,
        seen,
        approved,
    } = command;
    check_reason(&reason, act.needs_reason())?;
    let explanation = explained(state, &act, explanation)?;
    // Something that is so already stays so, also when it is said again by somebody whose page is older.
    if is_so_already(state, &act) {
        return Ok(vec![]);
    }
    if (act.judges() || approved.is_some()) && seen != Some(state.review.revision) {
        return Err(Refusal::StaleReview {
            current: state.review.revision,
        });
    }
    let signed = Signature {
        by: context.actor.label(),
        at: context.at,
    };
    let label = act.label();
    let one_is_enough = approved.is_some() || !act.needs_two_persons(state);
    let wrong_state = || Refusal::WrongState {
        act: label,
        state: state.track_words(),
    };
    if state.has_lapsed() && !is_possible_after_lapse(&act) {
        return Err(wrong_state());
    }
    let event = match act {
        Act::Check { target, mark } => {
            under_review(state).ok_or_else(wrong_state)?;
            known(state, &target)?;
            ApplicationEvent::ItemChecked {
                target,
                mark,
                signed,
            }
        }
        Act::AdjustUnits {
            target,
            units,
            further_reason,
        } => {
            under_review(state).ok_or_else(wrong_state)?;
            known(state, &target)?;
            let carries_units = matches!(
                target.document,
                DocumentKind::Conferences | DocumentKind::Seminars | DocumentKind::Papers
            );
            if target.row.is_none() || !carries_units {
                return Err(Refusal::UnknownRow);
            }
            if let Some(units) = units {
                check_units(state, &target, units, &further_reason, program)?;
            }
            ApplicationEvent::UnitsAdjusted {
                target,
                units,
                signed,
                explanation,
            }
        }
        Act::RecordProof { proof, state: at } => {
            if state.submission().is_none() {
                return Err(wrong_state());
            }
            ApplicationEvent::ProofRecorded {
                proof,
                state: at,
                signed,
            }
        }
        Act::AddNote(text) => {
            check_text("/note", "メモ", &text, true)?;
            ApplicationEvent::NoteAdded {
                note: Note {
                    text: Personal::new(text),
                    signed,
                },
            }
        }
        Act::SetLabels(labels) => {
            check_labels(&labels)?;
            ApplicationEvent::LabelsSet { labels }
        }
        Act::Return {
            items,
            message,
            due,
        } => {
            under_review(state).ok_or_else(wrong_state)?;
            grantable(("/due", "修正の期限"), due, context.at, program)?;
            let request = request(state, items, message, due)?;
            ApplicationEvent::ReturnedForCorrection { request, signed }
        }
        Act::Reopen { until } => {
            let submission = state.submission().ok_or_else(wrong_state)?;
            if matches!(state.documents_track, DocumentTrack::Returned(_)) || decided(state) {
                return Err(wrong_state());
            }
            grantable(("/until", "入力の期限"), until, context.at, program)?;
            ApplicationEvent::Reopened {
                submission: submission.number,
                until,
                explanation,
            }
        }
        Act::ExtendDeadline { until } => {
            if !matches!(
                state.documents_track,
                DocumentTrack::Drafting | DocumentTrack::Returned(_)
            ) {
                return Err(wrong_state());
            }
            grantable(("/until", "新しい期限"), until, context.at, program)?;
            if until <= state.closes(program) {
                return Err(Refusal::NotLater);
            }
            ApplicationEvent::DeadlineExtended { until, explanation }
        }
        Act::AcceptDocuments => {
            under_review(state).ok_or_else(wrong_state)?;
            let open = acceptance_obstacles(state, program);
            if !open.is_empty() {
                return Err(Refusal::ChecksOpen(open));
            }
            ApplicationEvent::DocumentsAccepted {
                at: context.at,
                explanation,
            }
        }
        Act::PassReview | Act::FailReview => {
            if !matches!(state.documents_track, DocumentTrack::Accepted(_)) {
                return Err(wrong_state());
            }
            if matches!(act, Act::PassReview) {
                ApplicationEvent::ReviewPassed {
                    at: context.at,
                    explanation,
                }
            } else {
                ApplicationEvent::ReviewFailed {
                    at: context.at,
                    explanation,
                }
            }
        }
        Act::RevokeDecision => {
            let decided_documents = matches!(
                state.documents_track,
                DocumentTrack::Accepted(_)
                    | DocumentTrack::ReviewPassed(_)
                    | DocumentTrack::ReviewFailed(_)
            );
            if !decided_documents || decided(state) {
                return Err(wrong_state());
            }
            ApplicationEvent::DecisionRevoked {
                at: context.at,
                explanation,
            }
        }
        Act::RecordExamResult(outcome) => {
            if decided(state) {
                return Err(wrong_state());
            }
            match state.exam {
                ExamTrack::Paid { .. } | ExamTrack::Resulted { .. } => {}
                ExamTrack::AwaitingPayment => return Err(Refusal::ExamFeeUnpaid),
                ExamTrack::NotApplied | ExamTrack::Exempt { .. } => return Err(wrong_state()),
            }
            ApplicationEvent::ExamResultRecorded {
                outcome,
                at: context.at,
                explanation,
            }
        }
        Act::RetractExamResult { recorded, earlier } => {
            let ExamTrack::Resulted { outcome, .. } = &state.exam else {
                return Err(Refusal::ExamResultChanged);
            };
            if *outcome != recorded {
                return Err(Refusal::ExamResultChanged);
            }
            // What was decided rests on it.
            if decided(state) {
                return Err(wrong_state());
            }
            // What takes two persons and a word to the member does not come or go with a file.
            if [Some(recorded), earlier].contains(&Some(ExamOutcome::Failed)) {
                return Err(Refusal::ExamResultTold);
            }
            match earlier {
                Some(outcome) => ApplicationEvent::ExamResultRecorded {
                    outcome,
                    at: context.at,
                    explanation,
                },
                None => ApplicationEvent::ExamResultRetracted { at: context.at },
            }
        }
        Act::ApproveCertification => {
            if state.certification != CertificationTrack::Pending {
                return Err(wrong_state());
            }
            let missing = approval_obstacles(state);
            if !missing.is_empty() {
                return Err(Refusal::NotYetCertifiable(missing));
            }
            ApplicationEvent::CertificationApproved {
                at: context.at,
                explanation,
            }
        }
        Act::RequestCertificationFee { due } => {
            if state.certification != CertificationTrack::Approved {
                return Err(wrong_state());
            }
            if due <= jst_date(context.at) {
                return Err(Refusal::DueInPast);
            }
            ApplicationEvent::CertificationFeeRequested { due, explanation }
        }
        Act::Certify => {
            let free = program.fees.certification.amount_yen == Some(0);
            match state.certification {
                CertificationTrack::FeePaid => {}
                CertificationTrack::Approved if free => {}
                CertificationTrack::Approved | CertificationTrack::FeeRequested { .. } => {
                    return Err(Refusal::CertificationFeeUnpaid);
                }
                _ => return Err(wrong_state()),
            }
            ApplicationEvent::Certified {
                certificate: certificate(program.year),
                explanation,
            }
        }
        Act::Defer { until } => {
            if matches!(
                state.certification,
                CertificationTrack::Certified(_) | CertificationTrack::Lapsed
            ) {
                return Err(wrong_state());
            }
            if until <= jst_date(context.at) {
                return Err(Refusal::DueInPast);
            }
            ApplicationEvent::Deferred { until, explanation }
        }
        Act::Lapse => {
            if matches!(state.certification, CertificationTrack::Certified(_)) {
                return Err(wrong_state());
            }
            ApplicationEvent::Lapsed {
                at: context.at,
                explanation,
            }
        }
        Act::ReversePayment { transaction } => {
            let payment = state
                .payments
                .get(&transaction)
                .ok_or(Refusal::UnknownPayment)?;
            reversible(state, payment)?;
            ApplicationEvent::PaymentReversed {
                transaction,
                retracted: false,
                explanation,
            }
        }
        Act::Withdraw => {
            if matches!(state.certification, CertificationTrack::Certified(_)) {
                return Err(wrong_state());
            }
            ApplicationEvent::Withdrawn {
                withdrawn_at: context.at,
            }
        }
        Act::Undo { event } => {
            let undone = state.undoable(event)?;
            ApplicationEvent::DecisionUndone {
                event,
                decision: undone.kind,
                exam_result: undone.earlier_result(),
                at: context.at,
                explanation,
            }
        }
    };
    // The last question: what is proposed then can be done as far as can be told today.
    if !one_is_enough {
        return Err(Refusal::NotApproved);
    }
    Ok(vec![event])
}

/// Said again, it changes nothing.
fn is_so_already(state: &ApplicationState, act: &Act) -> bool {
    match act {
        Act::Check { target, mark } => state.review.mark(target) == *mark,
        Act::AdjustUnits { target, units, .. } => {
            let now = state.review.adjustments.get(&target.key());
            now.map(|adjustment| adjustment.units) == *units
        }
        Act::RecordProof { proof, state: at } => state.review.proof(*proof) == *at,
        Act::SetLabels(labels) => state.review.labels == *labels,
        Act::AcceptDocuments => matches!(state.documents_track, DocumentTrack::Accepted(_)),
        Act::PassReview => matches!(state.documents_track, DocumentTrack::ReviewPassed(_)),
        Act::FailReview => matches!(state.documents_track, DocumentTrack::ReviewFailed(_)),
        Act::RecordExamResult(outcome) => {
            matches!(&state.exam, ExamTrack::Resulted { outcome: known, .. } if known == outcome)
        }
        Act::RetractExamResult { recorded, earlier } => match &state.exam {
            ExamTrack::Resulted { outcome, .. } => {
                recorded != outcome && *earlier == Some(*outcome)
            }
            ExamTrack::Paid { .. } | ExamTrack::AwaitingPayment => earlier.is_none(),
            ExamTrack::NotApplied | ExamTrack::Exempt { .. } => false,
        },
        Act::ApproveCertification => state.certification == CertificationTrack::Approved,
        Act::RequestCertificationFee { due } => {
            state.certification == CertificationTrack::FeeRequested { due: *due }
        }
        Act::Certify => matches!(state.certification, CertificationTrack::Certified(_)),
        Act::Defer { until } => {
            state.certification == CertificationTrack::Deferred { until: *until }
        }
        Act::Lapse => state.certification == CertificationTrack::Lapsed,
        Act::ReversePayment { transaction } => state.reversed.contains_key(transaction),
        Act::AddNote(_)
        | Act::Return { .. }
        | Act::Reopen { .. }
        // The same deadline again moves nothing, and is told so: it is no later one.
        | Act::ExtendDeadline { .. }
        | Act::RevokeDecision
        | Act::Withdraw
        | Act::Undo { .. } => false,
    }
}

/// What the society can still do where 失効 stands: what it keeps for itself, money and results that are taken back,
/// and the undoing. A 差し戻し would ask a member for what it cannot do, and after a 取下げ it could apply anew.
fn is_possible_after_lapse(act: &Act) -> bool {
    matches!(
        act,
        Act::RecordProof { .. }
            | Act::AddNote(_)
            | Act::SetLabels(_)
            | Act::ReversePayment { .. }
            | Act::RetractExamResult { .. }
            | Act::Undo { .. }
    )
}

fn under_review(state: &ApplicationState) -> Option<()> {
    matches!(state.documents_track, DocumentTrack::UnderReview(_)).then_some(())
}

/// A certification stands on its fee: that is not taken back any more.
pub(super) fn reversible(state: &ApplicationState, payment: &Payment) -> Result<(), Refusal> {
    if matches!(state.certification, CertificationTrack::Certified(_))
        && payment.item == PaymentItem::CertificationFee
    {
        return Err(Refusal::WrongState {
            act: "入金確認の取消",
            state: state.track_words(),
        });
    }
    Ok(())
}

/// Whether certification has gone further than 判定待ち.
fn decided(state: &ApplicationState) -> bool {
    state.certification != CertificationTrack::Pending
}

/// 認定日 4/1 after the year of the application, 有効期限 3/31 five years later (M; formula of reference 3.1).
fn certificate(year: FiscalYear) -> Certificate {
    Certificate {
        certified_on: FiscalYear(year.0.saturating_add(1)).first_day(),
        expires_on: FiscalYear(year.0.saturating_add(5)).last_day(),
    }
}

/// A document, or a row that is there.
fn known(state: &ApplicationState, target: &CheckTarget) -> Result<(), Refusal> {
    let Some(row) = &target.row else {
        return Ok(());
    };
    let there = state
        .review_rows(target.document)
        .iter()
        .any(|known| known == row);
    if there {
        Ok(())
    } else {
        Err(Refusal::UnknownRow)
    }
}

/// 事務局欄 is a figure that a row may have: what the rules or the table give, more with a reason of its own, and never more than anybody
/// may declare.
fn check_units(
    state: &ApplicationState,
    target: &CheckTarget,
    units: u32,
    further_reason: &str,
    program: &Program,
) -> Result<(), Refusal> {
    if let Some(sentence) = too_many("認める単位", units, program.rules.units.declared_limit) {
        return Err(invalid("/units", sentence));
    }
    let most = state.most_units(target, &program.rules);
    let is_above = units > most;
    if is_above && is_blank(further_reason) {
        return Err(invalid(
            "/further_reason",
            format!(
                "この明細は、規則による算入と単位表では{most}単位までです。{units}単位を認める場合は、「{FURTHER_REASON}」も入力してください。"
            ),
        ));
    }
    check_text("/further_reason", FURTHER_REASON, further_reason, is_above)
}

/// A date until which the member has time is still to come, and no further than [`Program::latest_deadline`].
fn grantable(
    (pointer, label): (&str, &str),
    due: Timestamp,
    now: Timestamp,
    program: &Program,
) -> Result<(), Refusal> {
    if due <= now {
        return Err(Refusal::DueInPast);
    }
    let latest = program.latest_deadline(now);
    if due > latest {
        return Err(invalid(
            pointer,
            format!(
                "{label} は {} までの日時を入力してください。年をご確認ください。",
                show_deadline(latest)
            ),
        ));
    }
    Ok(())
}

/// What keeps the documents from being accepted, in words.
pub fn acceptance_obstacles(state: &ApplicationState, program: &Program) -> Vec<String> {
    let review = &state.review;
    let mut open = Vec::new();
    for kind in DocumentKind::ALL {
        match review.mark(&CheckTarget::whole(kind)) {
            CheckMark::Checked => {}
            mark => open.push(format!("「{}」が{}です", kind.title(), mark.label())),
        }
        for row in state.review_rows(kind) {
            if review.mark(&CheckTarget::row(kind, &row)) == CheckMark::NeedsCorrection {
                open.push(format!("「{}」に要修正の明細があります", kind.title()));
                break;
            }
        }
    }
    for proof in Proof::ALL {
        match review.proof(proof) {
            ProofState::Checked => {}
            at => open.push(format!("「{}」が{}です", proof.label(), at.label())),
        }
    }
    let assessment = state.assess_now(&program.rules);
    for row in review.to_confirm(&assessment) {
        let number = state
            .row_number(row.document, &row.row)
            .map_or_else(String::new, |number| number.to_string());
        open.push(format!(
            "「{}」の No.{number} の開催地が要確認です（明細を確認済にするか、事務局欄に単位を入力してください）",
            row.document.title()
        ));
    }
    let recognised = review.recognised_units(&assessment);
    if recognised < assessment.required {
        open.push(format!(
            "認められた単位が不足しています（現在 {recognised} 単位、必要 {} 単位）",
            assessment.required
        ));
    }
    if !state
        .recognised_attendance(&assessment)
        .meets(program.rules.requirements.attendance_rule)
    {
        open.push(format!(
            "認められた学会・セミナー参加が不足しています（{ATTENDANCE_MISSING}）"
        ));
    }
    open
}

/// What keeps the renewal from being approved, in words. Both must be passed (J, reference 3.1).
pub fn approval_obstacles(state: &ApplicationState) -> Vec<String> {
    let mut missing = Vec::new();
    if !matches!(state.documents_track, DocumentTrack::ReviewPassed(_)) {
        missing.push("書類審査が合格になっていません".to_owned());
    }
    let passed = matches!(
        state.exam,
        ExamTrack::Exempt { .. }
            | ExamTrack::Resulted {
                outcome: ExamOutcome::Passed,
                ..
            }
    );
    if !passed {
        missing.push("筆記試験が合格になっていません".to_owned());
    }
    missing
}

fn request(
    state: &ApplicationState,
    items: Vec<AskedCorrection>,
    message: String,
    due: Timestamp,
) -> Result<CorrectionRequest, Refusal> {
    check_text("/message", "お知らせ", &message, false)?;
    if items.is_empty() {
        return Err(Refusal::NothingToCorrect);
    }
    if items.len() > LIST_LIMIT {
        return Err(invalid(
            "/items",
            format!("修正の依頼は{LIST_LIMIT}件までです。分けてお送りください。"),
        ));
    }
    let mut numbered = Vec::new();
    for (number, item) in (1_u32..).zip(items) {
        let pointer = format!("/items/{}", number - 1);
        check_text(
            &format!("{pointer}/comment"),
            "修正の内容",
            &item.comment,
            true,
        )?;
        if let Some(row) = item.row {
            known(state, &CheckTarget::row(item.document, row))?;
        }
        if let Some(field) = &item.field {
            let fits = item
                .document
                .field(field)
                .is_some_and(|field| field.of_row == item.row.is_some());
            if !fits {
                return Err(invalid(
                    &format!("{pointer}/field"),
                    "この書類にこの項目はありません。項目をお選びください。".to_owned(),
                ));
            }
        }
        numbered.push(CorrectionItem {
            number,
            document: item.document,
            row: item.row,
            field: item.field,
            comment: Personal::new(item.comment),
        });
    }
    Ok(CorrectionRequest {
        items: numbered,
        message: Personal::new(message),
        due,
    })
}

fn check_labels(labels: &BTreeSet<String>) -> Result<(), Refusal> {
    if labels.len() > LIST_LIMIT {
        return Err(invalid(
            "/labels",
            format!("ラベルは{LIST_LIMIT}個までです。"),
        ));
    }
    for label in labels {
        check_text("/labels", "ラベル", label, true)?;
        if let Some(message) = too_long("ラベル", label, LABEL_LIMIT) {
            return Err(invalid("/labels", message));
        }
    }
    Ok(())
}

fn invalid(pointer: &str, message: String) -> Refusal {
    Refusal::Invalid {
        pointer: pointer.to_owned(),
        message,
    }
}

/// Whether another result of the exam stands in this application.
fn replaces_a_result(state: &ApplicationState, outcome: ExamOutcome) -> bool {
    matches!(&state.exam, ExamTrack::Resulted { outcome: stands, .. } if *stands != outcome)
}

/// 内部の理由, wherever it is given: required or not, it is text that people can read.
///
/// # Errors
/// [`Refusal::Invalid`] at `/reason`.
pub fn check_reason(reason: &str, required: bool) -> Result<(), Refusal> {
    check_text("/reason", "内部の理由", reason, required)
}

/// 会員への説明 as the event keeps it.
fn explained(
    state: &ApplicationState,
    act: &Act,
    explanation: String,
) -> Result<Option<Personal<String>>, Refusal> {
    check_text(
        "/explanation",
        "会員への説明",
        &explanation,
        act.needs_explanation(state),
    )?;
    if is_blank(&explanation) {
        return Ok(None);
    }
    if !act.takes_explanation() {
        return Err(invalid(
            "/explanation",
            format!(
                "「{}」には会員への説明を付けられません。空欄にして、もう一度操作してください。",
                act.label()
            ),
        ));
    }
    Ok(Some(Personal::new(explanation)))
}

/// Text of the secretariat, or an answer to it: not empty where it is needed, not longer than people read.
pub(super) fn check_text(
    pointer: &str,
    label: &str,
    text: &str,
    required: bool,
) -> Result<(), Refusal> {
    if let Some(found) = undecodable(text) {
        return Err(Refusal::Undecodable {
            pointer: pointer.to_owned(),
            message: found.message(label),
        });
    }
    if required && is_blank(text) {
        return Err(invalid(pointer, format!("{label} を入力してください。")));
    }
    match too_long(label, text, TEXT_LIMIT) {
        Some(message) => Err(invalid(pointer, message)),
        None => Ok(()),
    }
}
