//! The application's fold, and its seat in cqrs-es.

use std::{collections::BTreeMap, sync::Arc};

use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

use super::{
    ApplicationEvent, ApplicationState, Command, DocumentTrack, Documents, ExamTrack, Refusal,
    SavedResume, decide,
};
use crate::{
    eligibility::Scope,
    member::{Payment, PaymentItem, SeminarAttendance, SeminarKey},
    program::Programs,
};

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
                let (documents, payments, submissions) = earlier.map_or_else(
                    || (Documents::default(), BTreeMap::new(), 0),
                    |state| (state.documents, state.payments, state.submissions),
                );
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
                    submissions,
                }));
            }
            ApplicationEvent::Withdrawn { .. } => {
                if let Self::Made(state) = std::mem::take(self) {
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
        let documents = &mut self.documents;
        match event {
            ApplicationEvent::Applied { .. } | ApplicationEvent::Withdrawn { .. } => {}
            ApplicationEvent::ExamAdded { .. } => self.exam = exam_applied_for(&self.payments),
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
                self.payments.insert(payment.transaction.clone(), payment);
                // A corrected transaction may have become, or ceased to be, the 受験料.
                if matches!(
                    self.exam,
                    ExamTrack::AwaitingPayment | ExamTrack::Paid { .. }
                ) {
                    self.exam = exam_applied_for(&self.payments);
                }
            }
        }
    }
}
