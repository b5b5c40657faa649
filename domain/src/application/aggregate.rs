//! The application's fold, and its seat in cqrs-es.

use std::{collections::BTreeMap, sync::Arc};

use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

use jiff::Timestamp;

use super::{
    Adjustment, ApplicationEvent, ApplicationState, CertificationTrack, Check, CheckMark, Command,
    Correction, DecisionKind, DocumentTrack, Documents, ExamTrack, Explanations, ProofState,
    Refusal, Review, SavedResume, StatusView, decide, edit::Edit,
};
use crate::{
    calendar::show_deadline,
    eligibility::Scope,
    member::{Payment, PaymentItem, SeminarAttendance, SeminarKey},
    program::{Program, Programs},
};

/// All that is said of where a withdrawn application stands.
const WITHDRAWN: &str = "申請: 取下げ";

/// An application: not made, running, or withdrawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Application {
    /// 未申込
    #[default]
    NotMade,
    /// Running.
    Made(Box<ApplicationState>),
    /// 取下げ, with what had been filled in: a new 申込 in the period continues from it.
    Withdrawn(Box<ApplicationState>),
}

impl Application {
    /// What it holds, running or withdrawn.
    pub fn state(&self) -> Option<&ApplicationState> {
        match self {
            Self::NotMade => None,
            Self::Made(state) | Self::Withdrawn(state) => Some(state),
        }
    }

    /// 状態 at a moment; none before お申込み.
    pub fn status(&self, program: &Program, at: Timestamp) -> Option<StatusView> {
        match self {
            Self::NotMade => None,
            Self::Made(state) => Some(state.status(program, at)),
            Self::Withdrawn(_) => Some(StatusView {
                lines: vec![WITHDRAWN.to_owned()],
                editable: false,
                exam_can_be_added: false,
                deadline: show_deadline(self.closes(program)),
                explanations: Vec::new(),
            }),
        }
    }

    /// The tracks in the words of the secretariat, whatever the time.
    pub fn track_words(&self) -> String {
        match self {
            Self::NotMade => "未申込".to_owned(),
            Self::Made(state) => state.track_words(),
            Self::Withdrawn(_) => WITHDRAWN.to_owned(),
        }
    }

    /// The first instant at which it is too late. After 取下げ that is 締め切り日時, whatever the application was granted or asked
    /// for: another お申込み goes by it.
    pub fn closes(&self, program: &Program) -> Timestamp {
        match self {
            Self::Made(state) => state.closes(program),
            Self::NotMade | Self::Withdrawn(_) => program.period.closes,
        }
    }

    /// Whether the member may edit something and complete it.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Made(state) if state.is_open())
    }

    /// The 差し戻し that waits for the member: none after 取下げ and 失効.
    pub fn open_correction(&self) -> Option<&Correction> {
        match self {
            Self::Made(state) if !state.has_lapsed() => state.open_correction(),
            _ => None,
        }
    }

    /// [`super::Review::revision`] as it stands; 0 before there is anything.
    pub fn review_revision(&self) -> u32 {
        self.state().map_or(0, |state| state.review.revision)
    }

    fn state_mut(&mut self) -> Option<&mut ApplicationState> {
        match self {
            Self::NotMade => None,
            Self::Made(state) | Self::Withdrawn(state) => Some(state),
        }
    }
}

pub(super) fn seminar_key(seminar: &SeminarKey) -> String {
    format!("{}@{}", seminar.code, seminar.first_day)
}

/// 筆記試験 once it is applied for: paid when a 受験料 is known, also one from before 取下げ.
fn exam_applied_for(payments: &BTreeMap<String, Payment>) -> ExamTrack {
    payments
        .values()
        .find(|payment| payment.item == PaymentItem::ExamFee)
        .map_or(ExamTrack::AwaitingPayment, |payment| ExamTrack::Paid {
            transaction: payment.transaction.clone(),
        })
}

fn by_seminar(attendance: Vec<SeminarAttendance>) -> BTreeMap<String, SeminarAttendance> {
    attendance
        .into_iter()
        .map(|one| (seminar_key(&one.key), one))
        .collect()
}

/// What a new 申込 after 取下げ continues from.
#[derive(Default)]
struct Earlier {
    documents: Documents,
    payments: BTreeMap<String, Payment>,
    reversed: BTreeMap<String, Payment>,
    submissions: u32,
    deadline: Option<Timestamp>,
    review: Review,
    sequence: u64,
}

impl Aggregate for Application {
    const TYPE: &'static str = "application";
    type Command = Command;
    type Event = ApplicationEvent;
    type Error = Refusal;
    type Services = Arc<Programs>;

    async fn handle(
        &mut self,
        (command, context): Self::Command,
        programs: &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        for event in decide(self, command, &context, programs)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        match event {
            ApplicationEvent::Applied {
                program,
                member,
                scope,
                applied_at,
                record,
                exam_passed,
                attendance,
            } => {
                let earlier = match std::mem::take(self) {
                    Self::NotMade => None,
                    Self::Made(state) | Self::Withdrawn(state) => Some(state),
                };
                let mut earlier = earlier.map_or_else(Earlier::default, |state| Earlier {
                    documents: state.documents,
                    payments: state.payments,
                    reversed: state.reversed,
                    submissions: state.submissions,
                    deadline: state.deadline,
                    review: state.review,
                    sequence: state.sequence,
                });
                earlier.review.begin_again();
                let Earlier {
                    documents,
                    payments,
                    reversed,
                    submissions,
                    deadline,
                    review,
                    sequence,
                } = earlier;
                let exam = match (scope, exam_passed) {
                    (Scope::DocumentsAndExam | Scope::ExamOnly, _) => exam_applied_for(&payments),
                    (Scope::DocumentsOnly, Some(passed)) => ExamTrack::Exempt { passed },
                    (Scope::DocumentsOnly, None) => ExamTrack::NotApplied,
                };
                let documents_track = match scope {
                    Scope::ExamOnly => DocumentTrack::NotApplied,
                    Scope::DocumentsAndExam | Scope::DocumentsOnly => DocumentTrack::Drafting,
                };
                *self = Self::Made(Box::new(ApplicationState {
                    program,
                    member,
                    scope,
                    applied_at,
                    record: *record.value,
                    documents_track,
                    exam,
                    documents,
                    attendance: by_seminar(attendance),
                    payments,
                    reversed,
                    submissions,
                    deadline,
                    certification: CertificationTrack::Pending,
                    decisions: Vec::new(),
                    explanations: Explanations::default(),
                    review,
                    sequence: sequence + 1,
                }));
            }
            ApplicationEvent::Withdrawn { .. } => {
                if let Self::Made(mut state) = std::mem::take(self) {
                    state.review.revision = state.review.revision.saturating_add(1);
                    state.sequence += 1;
                    *self = Self::Withdrawn(state);
                }
            }
            event => {
                // Only Applied begins a stream; the decider writes nothing else before it.
                if let Some(state) = self.state_mut() {
                    state.apply(event);
                }
            }
        }
    }
}

impl ApplicationState {
    fn apply(&mut self, event: ApplicationEvent) {
        self.sequence += 1;
        if let Some(kind) = DecisionKind::of(&event) {
            self.note_decision(kind);
        }
        self.note_explanation(&event);
        if let Some(edit) = Edit::of(&self.documents, &event) {
            self.review.forget(&edit);
            if let (DocumentTrack::Returned(_), Some(correction)) =
                (&self.documents_track, &mut self.review.correction)
            {
                correction.note_change(&edit);
            }
        }
        if !matches!(
            event,
            ApplicationEvent::NoteAdded { .. } | ApplicationEvent::LabelsSet { .. }
        ) {
            self.review.revision = self.review.revision.saturating_add(1);
        }
        let documents = &mut self.documents;
        match event {
            ApplicationEvent::Applied { .. } | ApplicationEvent::Withdrawn { .. } => {}
            ApplicationEvent::ExamAdded { .. } => {
                self.forget_exam_results();
                self.exam = exam_applied_for(&self.payments);
            }
            ApplicationEvent::ResumeSaved { resume, record } => documents.resume.change(|saved| {
                *saved = Some(SavedResume {
                    resume: resume.value,
                    record: *record.value,
                });
            }),
            ApplicationEvent::ProfileSaved { profile } => {
                documents
                    .profile
                    .change(|saved| *saved = Some(profile.value));
            }
            ApplicationEvent::ResearchActivityAdded { row, activity }
            | ApplicationEvent::ResearchActivityRevised { row, activity } => documents
                .research_activities
                .change(|activities| activities.rows.put(row, activity.value)),
            ApplicationEvent::ResearchActivityRemoved { row } => documents
                .research_activities
                .change(|activities| activities.rows.remove(row)),
            ApplicationEvent::ResearchYearsRecorded { total_years } => documents
                .research_activities
                .change(|activities| activities.total_years = total_years.value),
            ApplicationEvent::ConferenceAdded { row, conference }
            | ApplicationEvent::ConferenceRevised { row, conference } => {
                documents
                    .conferences
                    .change(|rows| rows.put(row, conference.value));
            }
            ApplicationEvent::ConferenceRemoved { row } => {
                documents.conferences.change(|rows| rows.remove(row));
            }
            ApplicationEvent::PaperAdded { row, paper }
            | ApplicationEvent::PaperRevised { row, paper } => {
                documents.papers.change(|rows| rows.put(row, paper.value));
            }
            ApplicationEvent::PaperRemoved { row } => {
                documents.papers.change(|rows| rows.remove(row));
            }
            ApplicationEvent::ClinicalExperienceSaved { experience } => documents
                .clinical_experience
                .change(|saved| *saved = Some(experience.value)),
            ApplicationEvent::Submitted { submission } => {
                self.submissions = submission.number;
                self.documents_track = DocumentTrack::UnderReview(Box::new(submission));
            }
            ApplicationEvent::SeminarAttendanceImported { attendance } => {
                self.attendance
                    .insert(seminar_key(&attendance.key), attendance);
            }
            ApplicationEvent::SeminarAttendanceRetracted { seminar } => {
                self.attendance.remove(&seminar_key(&seminar));
            }
            ApplicationEvent::PaymentConfirmed { payment } => {
                self.reversed.remove(&payment.transaction);
                self.payments.insert(payment.transaction.clone(), payment);
                self.settle();
            }
            ApplicationEvent::PaymentReversed {
                transaction,
                retracted,
                ..
            } => {
                if let Some(payment) = self.payments.remove(&transaction)
                    && !retracted
                {
                    self.reversed.insert(transaction, payment);
                }
                self.settle();
            }
            event => self.apply_act(event),
        }
    }

    /// What the payments say about the two fees that a track waits for. A corrected transaction may have become, or ceased to
    /// be, one of them.
    pub(super) fn settle(&mut self) {
        if matches!(
            self.exam,
            ExamTrack::AwaitingPayment | ExamTrack::Paid { .. }
        ) {
            self.exam = exam_applied_for(&self.payments);
        }
        let paid = self
            .payments
            .values()
            .any(|payment| payment.item == PaymentItem::CertificationFee);
        match (&self.certification, paid) {
            (CertificationTrack::FeeRequested { .. }, true) => {
                self.certification = CertificationTrack::FeePaid;
            }
            // The request is to be made again, with a date of its own.
            (CertificationTrack::FeePaid, false) => {
                self.certification = CertificationTrack::Approved;
                self.decisions
                    .retain(|decision| decision.kind != DecisionKind::CertificationFeeRequested);
            }
            _ => {}
        }
    }

    /// What the society did, and what the member answered.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each act: cut in two, no part would be easier to read"
    )]
    fn apply_act(&mut self, event: ApplicationEvent) {
        let review = &mut self.review;
        match event {
            ApplicationEvent::ItemChecked {
                target,
                mark: CheckMark::Unchecked,
                ..
            } => {
                review.checks.remove(&target.key());
            }
            ApplicationEvent::ItemChecked {
                target,
                mark,
                signed,
            } => {
                review.checks.insert(target.key(), Check { mark, signed });
            }
            ApplicationEvent::UnitsAdjusted {
                target,
                units: None,
                ..
            } => {
                review.adjustments.remove(&target.key());
            }
            ApplicationEvent::UnitsAdjusted {
                target,
                units: Some(units),
                signed,
                ..
            } => {
                let adjustment = Adjustment { units, signed };
                review.adjustments.insert(target.key(), adjustment);
            }
            ApplicationEvent::ProofRecorded {
                proof,
                state: ProofState::Missing,
                ..
            } => {
                review.proofs.remove(&proof);
            }
            ApplicationEvent::ProofRecorded {
                proof,
                state,
                signed,
            } => {
                review.proofs.insert(proof, (state, signed));
            }
            ApplicationEvent::NoteAdded { note } => review.notes.push(note),
            ApplicationEvent::LabelsSet { labels } => review.labels = labels,
            ApplicationEvent::ReturnedForCorrection { request, signed } => {
                let submission = self.documents_track.submission();
                review.correction = Some(Correction {
                    submission: submission.map_or(self.submissions, |one| one.number),
                    request,
                    signed,
                    progress: BTreeMap::new(),
                });
                self.documents_track.advance(DocumentTrack::Returned);
            }
            ApplicationEvent::CorrectionAnswered { item, answer } => {
                if let Some(correction) = &mut review.correction {
                    let progress = correction.progress.entry(item).or_default();
                    progress.answer = (!crate::text::is_blank(&answer.value)).then_some(answer);
                }
            }
            ApplicationEvent::Reopened { until, .. } => {
                self.documents_track = DocumentTrack::Drafting;
                self.deadline = Some(until);
            }
            ApplicationEvent::DeadlineExtended { until, .. } => {
                match (&self.documents_track, &mut review.correction) {
                    (DocumentTrack::Returned(_), Some(correction)) => {
                        correction.request.due = until;
                    }
                    _ => self.deadline = Some(until),
                }
            }
            ApplicationEvent::DocumentsAccepted { .. } => {
                self.documents_track.advance(DocumentTrack::Accepted);
            }
            ApplicationEvent::ReviewPassed { .. } => {
                self.documents_track.advance(DocumentTrack::ReviewPassed);
            }
            ApplicationEvent::ReviewFailed { .. } => {
                self.documents_track.advance(DocumentTrack::ReviewFailed);
            }
            ApplicationEvent::DecisionRevoked { .. } => {
                self.documents_track.advance(DocumentTrack::UnderReview);
            }
            ApplicationEvent::ExamResultRecorded { outcome, .. } => {
                if let ExamTrack::Paid { transaction } | ExamTrack::Resulted { transaction, .. } =
                    &self.exam
                {
                    self.exam = ExamTrack::Resulted {
                        outcome,
                        transaction: transaction.clone(),
                    };
                }
            }
            ApplicationEvent::ExamResultRetracted { .. } => {
                self.forget_exam_results();
                if let ExamTrack::Resulted { .. } = &self.exam {
                    self.exam = exam_applied_for(&self.payments);
                }
            }
            ApplicationEvent::CertificationApproved { .. } => {
                self.certification = CertificationTrack::Approved;
            }
            ApplicationEvent::CertificationFeeRequested { due, .. } => {
                self.certification = CertificationTrack::FeeRequested { due };
                // A fee that came before it was asked for.
                self.settle();
            }
            ApplicationEvent::Certified { certificate, .. } => {
                self.certification = CertificationTrack::Certified(certificate);
            }
            ApplicationEvent::Deferred { until, .. } => {
                self.certification = CertificationTrack::Deferred { until };
            }
            ApplicationEvent::Lapsed { .. } => self.certification = CertificationTrack::Lapsed,
            ApplicationEvent::DecisionUndone { event, .. } => self.undo(event),
            _ => {}
        }
    }
}
