//! What the society does about an application: it checks, sends back, accepts, decides and certifies. Every act needs the right
//! state, and says in a sentence why it is refused in another one.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};

use super::{
    ApplicationEvent, ApplicationState, CertificationTrack, CheckMark, CheckTarget, CorrectionItem,
    CorrectionRequest, DocumentTrack, ExamOutcome, ExamTrack, Note, Proof, ProofState, Refusal,
    Signature, review::Certificate,
};
use crate::{
    actor::Context,
    calendar::{FiscalYear, jst_date},
    documents::{DocumentKind, RowId},
    member::{Payment, PaymentItem},
    personal::Personal,
    program::Program,
    text::{count, undecodable},
};

type Decision = Result<Vec<ApplicationEvent>, Refusal>;

/// Most characters of a reason, a note, a comment or an answer.
pub const TEXT_LIMIT: usize = 1_000;

/// Most characters of a label.
pub const LABEL_LIMIT: usize = 40;

/// Most labels, and most items of one 差し戻し.
pub const LIST_LIMIT: usize = 100;

/// An act with why it is done, and what was seen when it was decided upon.
#[derive(Clone, Debug)]
pub struct SocietyCommand {
    /// What.
    pub act: Act,
    /// Why; goes into the event's metadata. Required where [`Act::needs_reason`].
    pub reason: String,
    /// [`super::Review::revision`] as it was seen. Required where [`Act::judges`].
    pub seen: Option<u32>,
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
        }
    }

    /// Whether somebody will ask later why it was done.
    pub fn needs_reason(&self) -> bool {
        !matches!(
            self,
            Self::Check { .. } | Self::RecordProof { .. } | Self::AddNote(_) | Self::SetLabels(_)
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
    let SocietyCommand { act, reason, seen } = command;
    check_text("/reason", "理由", &reason, act.needs_reason())?;
    // Something that is so already stays so, also when it is said again by somebody whose page is older.
    if is_so_already(state, &act) {
        return Ok(vec![]);
    }
    if act.judges() && seen != Some(state.review.revision) {
        return Err(Refusal::StaleReview {
            current: state.review.revision,
        });
    }
    let signed = Signature {
        by: context.actor.label(),
        at: context.at,
    };
    let label = act.label();
    let wrong_state = || Refusal::WrongState {
        act: label,
        state: state.track_words(),
    };
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
        Act::AdjustUnits { target, units } => {
            under_review(state).ok_or_else(wrong_state)?;
            known(state, &target)?;
            let carries_units = matches!(
                target.document,
                DocumentKind::Conferences | DocumentKind::Seminars | DocumentKind::Papers
            );
            if target.row.is_none() || !carries_units {
                return Err(Refusal::UnknownRow);
            }
            ApplicationEvent::UnitsAdjusted {
                target,
                units,
                signed,
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
            in_future(due, context.at)?;
            let request = request(state, items, message, due)?;
            ApplicationEvent::ReturnedForCorrection { request, signed }
        }
        Act::Reopen { until } => {
            let submission = state.submission().ok_or_else(wrong_state)?;
            if matches!(state.documents_track, DocumentTrack::Returned(_)) || decided(state) {
                return Err(wrong_state());
            }
            in_future(until, context.at)?;
            ApplicationEvent::Reopened {
                submission: submission.number,
                until,
            }
        }
        Act::ExtendDeadline { until } => {
            if !matches!(
                state.documents_track,
                DocumentTrack::Drafting | DocumentTrack::Returned(_)
            ) {
                return Err(wrong_state());
            }
            in_future(until, context.at)?;
            if until <= state.closes(program) {
                return Err(Refusal::NotLater);
            }
            ApplicationEvent::DeadlineExtended { until }
        }
        Act::AcceptDocuments => {
            under_review(state).ok_or_else(wrong_state)?;
            let open = acceptance_obstacles(state, program);
            if !open.is_empty() {
                return Err(Refusal::ChecksOpen(open));
            }
            ApplicationEvent::DocumentsAccepted { at: context.at }
        }
        Act::PassReview | Act::FailReview => {
            if !matches!(state.documents_track, DocumentTrack::Accepted(_)) {
                return Err(wrong_state());
            }
            if matches!(act, Act::PassReview) {
                ApplicationEvent::ReviewPassed { at: context.at }
            } else {
                ApplicationEvent::ReviewFailed { at: context.at }
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
            ApplicationEvent::DecisionRevoked { at: context.at }
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
            match earlier {
                Some(outcome) => ApplicationEvent::ExamResultRecorded {
                    outcome,
                    at: context.at,
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
            ApplicationEvent::CertificationApproved { at: context.at }
        }
        Act::RequestCertificationFee { due } => {
            if state.certification != CertificationTrack::Approved {
                return Err(wrong_state());
            }
            if due <= jst_date(context.at) {
                return Err(Refusal::DueInPast);
            }
            ApplicationEvent::CertificationFeeRequested { due }
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
            ApplicationEvent::Deferred { until }
        }
        Act::Lapse => {
            if matches!(state.certification, CertificationTrack::Certified(_)) {
                return Err(wrong_state());
            }
            ApplicationEvent::Lapsed { at: context.at }
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
    };
    Ok(vec![event])
}

/// Said again, it changes nothing.
fn is_so_already(state: &ApplicationState, act: &Act) -> bool {
    match act {
        Act::Check { target, mark } => state.review.mark(target) == *mark,
        Act::AdjustUnits { target, units } => {
            let now = state.review.adjustments.get(&target.key());
            now.map(|adjustment| adjustment.units) == *units
        }
        Act::RecordProof { proof, state: at } => state.review.proof(*proof) == *at,
        Act::SetLabels(labels) => state.review.labels == *labels,
        Act::ExtendDeadline { until } => match &state.documents_track {
            DocumentTrack::Returned(_) => state
                .review
                .correction
                .as_ref()
                .is_some_and(|correction| correction.request.due == *until),
            _ => state.deadline == Some(*until),
        },
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
        | Act::RevokeDecision
        | Act::Withdraw => false,
    }
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

fn in_future(due: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if due > now {
        Ok(())
    } else {
        Err(Refusal::DueInPast)
    }
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
    let recognised = review.recognised_units(&assessment);
    if recognised < assessment.required {
        open.push(format!(
            "認められる単位が不足しています（現在 {recognised} 単位、必要 {} 単位）",
            assessment.required
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
        if count(label) > LABEL_LIMIT {
            return Err(invalid(
                "/labels",
                format!("ラベル は{LABEL_LIMIT}字以内で入力してください。"),
            ));
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
    if required && text.trim().is_empty() {
        return Err(invalid(pointer, format!("{label} を入力してください。")));
    }
    if count(text) > TEXT_LIMIT {
        return Err(invalid(
            pointer,
            format!("{label} は{TEXT_LIMIT}字以内で入力してください。"),
        ));
    }
    Ok(())
}
