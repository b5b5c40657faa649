//! What events do to the rows. The tracks follow the aggregate's fold; a property holds them together.

use std::collections::{BTreeSet, HashMap};

use domain::application::{self, DecisionKind, ExamOutcome};
use domain::eligibility::Scope;
use domain::member::{MemberNumber, PaymentItem};
use domain::program::ProgramId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Unreadable;
use crate::feed::FedEvent;

/// 申請 (書類審査)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentTrack {
    /// 未申込: 筆記試験のみ
    #[default]
    NotApplied,
    /// 申込済
    Drafting,
    /// 書類確認中
    UnderReview,
    /// 差し戻し
    Returned,
    /// 書類受理
    Accepted,
    /// 審査合格
    ReviewPassed,
    /// 審査不合格
    ReviewFailed,
}

/// 筆記試験
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExamTrack {
    /// 未申込
    #[default]
    NotApplied,
    /// 申込済 受験料をご納入ください
    AwaitingPayment,
    /// 申込済 入金確認済み
    Paid,
    /// 免除（前年度合格）
    Exempt,
    /// 合格
    Passed,
    /// 不合格
    Failed,
    /// 欠席
    Absent,
}

impl DocumentTrack {
    /// All of them, in the order of the way.
    pub const ALL: [Self; 7] = [
        Self::NotApplied,
        Self::Drafting,
        Self::UnderReview,
        Self::Returned,
        Self::Accepted,
        Self::ReviewPassed,
        Self::ReviewFailed,
    ];

    /// Whether somebody is to go on with the documents: the member, the secretariat or the committee.
    pub fn waits(self) -> bool {
        match self {
            Self::Drafting | Self::UnderReview | Self::Returned | Self::Accepted => true,
            Self::NotApplied | Self::ReviewPassed | Self::ReviewFailed => false,
        }
    }

    /// That of an application.
    pub fn of(track: &application::DocumentTrack) -> Self {
        match track {
            application::DocumentTrack::NotApplied => Self::NotApplied,
            application::DocumentTrack::Drafting => Self::Drafting,
            application::DocumentTrack::UnderReview(_) => Self::UnderReview,
            application::DocumentTrack::Returned(_) => Self::Returned,
            application::DocumentTrack::Accepted(_) => Self::Accepted,
            application::DocumentTrack::ReviewPassed(_) => Self::ReviewPassed,
            application::DocumentTrack::ReviewFailed(_) => Self::ReviewFailed,
        }
    }

    /// The word of the secretariat's screens.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotApplied => "書類審査なし",
            Self::Drafting => "申込済",
            Self::UnderReview => "書類確認中",
            Self::Returned => "差し戻し中",
            Self::Accepted => "書類受理",
            Self::ReviewPassed => "審査合格",
            Self::ReviewFailed => "審査不合格",
        }
    }

    /// The word in the database and in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplied => "not_applied",
            Self::Drafting => "drafting",
            Self::UnderReview => "under_review",
            Self::Returned => "returned",
            Self::Accepted => "accepted",
            Self::ReviewPassed => "review_passed",
            Self::ReviewFailed => "review_failed",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|track| track.as_str() == text)
    }
}

impl ExamTrack {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NotApplied,
        Self::AwaitingPayment,
        Self::Paid,
        Self::Exempt,
        Self::Passed,
        Self::Failed,
        Self::Absent,
    ];

    /// Whether a payment or a result is waited for.
    pub fn waits(self) -> bool {
        match self {
            Self::AwaitingPayment | Self::Paid => true,
            Self::NotApplied | Self::Exempt | Self::Passed | Self::Failed | Self::Absent => false,
        }
    }

    /// That of an application.
    pub fn of(track: &application::ExamTrack) -> Self {
        match track {
            application::ExamTrack::NotApplied => Self::NotApplied,
            application::ExamTrack::AwaitingPayment => Self::AwaitingPayment,
            application::ExamTrack::Paid { .. } => Self::Paid,
            application::ExamTrack::Exempt { .. } => Self::Exempt,
            application::ExamTrack::Resulted { outcome, .. } => Self::resulted(*outcome),
        }
    }

    fn resulted(outcome: ExamOutcome) -> Self {
        match outcome {
            ExamOutcome::Passed => Self::Passed,
            ExamOutcome::Failed => Self::Failed,
            ExamOutcome::Absent => Self::Absent,
        }
    }

    /// The word of the secretariat's screens.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotApplied => "未申込",
            Self::AwaitingPayment => "受験料未納",
            Self::Paid => "入金確認済み",
            Self::Exempt => "免除",
            Self::Passed => "合格",
            Self::Failed => "不合格",
            Self::Absent => "欠席",
        }
    }

    /// The word in the database and in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplied => "not_applied",
            Self::AwaitingPayment => "awaiting_payment",
            Self::Paid => "paid",
            Self::Exempt => "exempt",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Absent => "absent",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|track| track.as_str() == text)
    }
}

/// An application's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub sequence: i64,
    pub program: String,
    pub member: String,
    pub scope: Scope,
    pub document_track: DocumentTrack,
    pub exam_track: ExamTrack,
    /// Fiscal year of the pass that exempts.
    pub exam_passed: Option<i64>,
    /// Transactions that are, after all corrections, a 受験料.
    pub exam_fees: BTreeSet<String>,
    pub submission_number: Option<i64>,
    pub submitted_at_us: Option<i64>,
    pub applied_at_us: i64,
    pub withdrawn_at_us: Option<i64>,
    pub updated_at_us: i64,
}

/// What an event says to this view.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub application: String,
    sequence: i64,
    at_us: i64,
    change: Change,
}

#[derive(Clone, Debug)]
enum Change {
    Applied {
        program: String,
        member: String,
        scope: Scope,
        applied_at_us: i64,
        exam_passed: Option<i16>,
    },
    ExamAdded,
    Submitted {
        number: u32,
        submitted_at_us: i64,
    },
    Withdrawn,
    Payment {
        transaction: String,
        item: PaymentItem,
    },
    PaymentReversed {
        transaction: String,
    },
    /// The documents go on from, or back to, somewhere.
    Documents(DocumentTrack),
    ExamResult(ExamOutcome),
    ExamResultRetracted,
    /// Its number and its time are all that shows.
    Nothing,
}

/// As much of the events as this view reads.
#[derive(Deserialize)]
enum Excerpt {
    Applied {
        program: ProgramId,
        member: MemberNumber,
        scope: Scope,
        applied_at: Timestamp,
        exam_passed: Option<i16>,
    },
    Submitted {
        submission: SubmissionExcerpt,
    },
    PaymentConfirmed {
        payment: PaymentExcerpt,
    },
    PaymentReversed {
        transaction: String,
    },
    ExamResultRecorded {
        outcome: ExamOutcome,
    },
    DecisionUndone {
        decision: DecisionKind,
        exam_result: Option<ExamOutcome>,
    },
}

#[derive(Deserialize)]
struct SubmissionExcerpt {
    number: u32,
    submitted_at: Timestamp,
}

#[derive(Deserialize)]
struct PaymentExcerpt {
    transaction: String,
    item: PaymentItem,
}

impl Fact {
    pub(super) fn read(event: FedEvent) -> Result<Self, Unreadable> {
        let change = match event.event_type.as_str() {
            "Applied" | "Submitted" | "PaymentConfirmed" | "PaymentReversed"
            | "ExamResultRecorded" | "DecisionUndone" => match event.decode()? {
                Excerpt::Applied {
                    program,
                    member,
                    scope,
                    applied_at,
                    exam_passed,
                } => Change::Applied {
                    program: program.0,
                    member: member.into(),
                    scope,
                    applied_at_us: applied_at.as_microsecond(),
                    exam_passed,
                },
                Excerpt::Submitted { submission } => Change::Submitted {
                    number: submission.number,
                    submitted_at_us: submission.submitted_at.as_microsecond(),
                },
                Excerpt::PaymentConfirmed { payment } => Change::Payment {
                    transaction: payment.transaction,
                    item: payment.item,
                },
                Excerpt::PaymentReversed { transaction } => Change::PaymentReversed { transaction },
                Excerpt::ExamResultRecorded { outcome } => Change::ExamResult(outcome),
                Excerpt::DecisionUndone {
                    decision: DecisionKind::ExamResult,
                    exam_result,
                } => exam_result.map_or(Change::ExamResultRetracted, Change::ExamResult),
                Excerpt::DecisionUndone { .. } => Change::Nothing,
            },
            "ReturnedForCorrection" => Change::Documents(DocumentTrack::Returned),
            "Reopened" => Change::Documents(DocumentTrack::Drafting),
            "DocumentsAccepted" => Change::Documents(DocumentTrack::Accepted),
            "ReviewPassed" => Change::Documents(DocumentTrack::ReviewPassed),
            "ReviewFailed" => Change::Documents(DocumentTrack::ReviewFailed),
            "DecisionRevoked" => Change::Documents(DocumentTrack::UnderReview),
            "ExamResultRetracted" => Change::ExamResultRetracted,
            name if crate::acts::ACTS.contains(&name) => Change::Nothing,
            "ExamAdded" => Change::ExamAdded,
            "Withdrawn" => Change::Withdrawn,
            "SeminarAttendanceImported" | "SeminarAttendanceRetracted" => Change::Nothing,
            name if crate::document_list::document_of(name).is_some() => Change::Nothing,
            _ => return Err(event.unknown()),
        };
        Ok(Self {
            sequence: event.sequence,
            at_us: event.decided_at_us()?,
            application: event.id,
            change,
        })
    }
}

pub(super) fn apply(rows: &mut HashMap<String, Row>, fact: Fact) {
    if let Change::Applied {
        program,
        member,
        scope,
        applied_at_us,
        exam_passed,
    } = fact.change
    {
        let earlier = rows.remove(&fact.application);
        let (exam_fees, submission_number, submitted_at_us) = earlier
            .map_or_else(Default::default, |row| {
                (row.exam_fees, row.submission_number, row.submitted_at_us)
            });
        let mut row = Row {
            sequence: fact.sequence,
            program,
            member,
            scope,
            document_track: match scope {
                Scope::ExamOnly => DocumentTrack::NotApplied,
                Scope::DocumentsAndExam | Scope::DocumentsOnly => DocumentTrack::Drafting,
            },
            exam_track: ExamTrack::NotApplied,
            exam_passed: None,
            exam_fees,
            submission_number,
            submitted_at_us,
            applied_at_us,
            withdrawn_at_us: None,
            updated_at_us: fact.at_us,
        };
        match (scope, exam_passed) {
            (Scope::DocumentsAndExam | Scope::ExamOnly, _) => row.ask_for_exam(),
            (Scope::DocumentsOnly, Some(passed)) => {
                row.exam_track = ExamTrack::Exempt;
                row.exam_passed = Some(i64::from(passed));
            }
            (Scope::DocumentsOnly, None) => {}
        }
        rows.insert(fact.application, row);
        return;
    }
    // Only Applied begins a stream; the decider writes nothing else before it.
    let Some(row) = rows.get_mut(&fact.application) else {
        return;
    };
    row.sequence = fact.sequence;
    row.updated_at_us = fact.at_us;
    match fact.change {
        Change::Applied { .. } | Change::Nothing => {}
        Change::ExamAdded => row.ask_for_exam(),
        Change::Submitted {
            number,
            submitted_at_us,
        } => {
            row.document_track = DocumentTrack::UnderReview;
            row.submission_number = Some(i64::from(number));
            row.submitted_at_us = Some(submitted_at_us);
        }
        Change::Documents(DocumentTrack::Drafting) => row.document_track = DocumentTrack::Drafting,
        // As in the fold: only what has been completed goes on.
        Change::Documents(track) => {
            if !matches!(
                row.document_track,
                DocumentTrack::NotApplied | DocumentTrack::Drafting
            ) {
                row.document_track = track;
            }
        }
        Change::ExamResult(outcome) => {
            if !matches!(
                row.exam_track,
                ExamTrack::NotApplied | ExamTrack::AwaitingPayment | ExamTrack::Exempt
            ) {
                row.exam_track = ExamTrack::resulted(outcome);
            }
        }
        Change::ExamResultRetracted => {
            if !matches!(
                row.exam_track,
                ExamTrack::NotApplied | ExamTrack::AwaitingPayment | ExamTrack::Exempt
            ) {
                row.ask_for_exam();
            }
        }
        Change::PaymentReversed { transaction } => {
            row.exam_fees.remove(&transaction);
            row.settle();
        }
        Change::Withdrawn => row.withdrawn_at_us = Some(fact.at_us),
        Change::Payment { transaction, item } => {
            // A corrected transaction may have become, or ceased to be, the 受験料.
            if item == PaymentItem::ExamFee {
                row.exam_fees.insert(transaction);
            } else {
                row.exam_fees.remove(&transaction);
            }
            row.settle();
        }
    }
}

impl Row {
    fn settle(&mut self) {
        if matches!(
            self.exam_track,
            ExamTrack::AwaitingPayment | ExamTrack::Paid
        ) {
            self.ask_for_exam();
        }
    }

    fn ask_for_exam(&mut self) {
        self.exam_track = if self.exam_fees.is_empty() {
            ExamTrack::AwaitingPayment
        } else {
            ExamTrack::Paid
        };
    }
}

#[cfg(test)]
mod tests {
    use domain::application::ApplicationEvent;

    use super::*;
    use crate::examples::{corpus, fed};

    fn row_after(events: &[ApplicationEvent]) -> Row {
        let mut rows = HashMap::new();
        for event in fed(events) {
            apply(&mut rows, Fact::read(event).unwrap());
        }
        rows.remove("p.1").unwrap()
    }

    fn applied_for(wanted: Scope) -> ApplicationEvent {
        let mut event = corpus("Applied");
        if let ApplicationEvent::Applied {
            scope, exam_passed, ..
        } = &mut event
        {
            *scope = wanted;
            *exam_passed = None;
        }
        event
    }

    fn paid(item: PaymentItem) -> ApplicationEvent {
        let mut event = corpus("PaymentConfirmed");
        if let ApplicationEvent::PaymentConfirmed { payment } = &mut event {
            payment.item = item;
        }
        event
    }

    #[test]
    fn a_confirmed_exam_fee_is_seen_until_a_correction_makes_it_another_fee() {
        let applied = applied_for(Scope::DocumentsAndExam);
        let row = row_after(std::slice::from_ref(&applied));
        assert_eq!(row.exam_track, ExamTrack::AwaitingPayment);
        let row = row_after(&[applied.clone(), paid(PaymentItem::ExamFee)]);
        assert_eq!(row.exam_track, ExamTrack::Paid);
        let row = row_after(&[
            applied,
            paid(PaymentItem::ExamFee),
            paid(PaymentItem::ReviewFee),
        ]);
        assert_eq!(row.exam_track, ExamTrack::AwaitingPayment);
    }

    #[test]
    fn a_new_application_after_withdrawal_keeps_the_number_of_the_last_completion() {
        let row = row_after(&[
            applied_for(Scope::DocumentsOnly),
            corpus("Submitted"),
            corpus("Withdrawn"),
        ]);
        assert!(row.withdrawn_at_us.is_some());
        assert_eq!(row.document_track, DocumentTrack::UnderReview);
        let row = row_after(&[
            applied_for(Scope::DocumentsOnly),
            corpus("Submitted"),
            corpus("Withdrawn"),
            applied_for(Scope::DocumentsOnly),
        ]);
        assert_eq!(row.withdrawn_at_us, None);
        assert_eq!(row.document_track, DocumentTrack::Drafting);
        assert_eq!(row.submission_number, Some(1));
    }

    #[test]
    fn a_payload_that_can_not_be_decoded_is_refused_without_quoting_it() {
        let mut event = fed(&[corpus("Applied")]).remove(0);
        event.payload = Some(r#"{"Applied":{"program":["秘密"]}}"#.into());
        let refused = Fact::read(event).unwrap_err();
        assert_eq!(refused.reason, "its payload can not be decoded");
        assert!(!format!("{refused} {refused:?}").contains("秘密"));
    }

    #[test]
    fn an_event_written_by_a_newer_program_is_refused() {
        let mut event = fed(&[corpus("Applied")]).remove(0);
        event.event_version = "9.0".into();
        assert!(Fact::read(event).is_err());
    }
}
