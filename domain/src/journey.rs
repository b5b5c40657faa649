//! 手続きの流れ: the whole way of an application, and how far it has come.

use crate::{
    application::{Application, DocumentTrack, ExamTrack},
    program::Program,
    requirements::requirements,
};

/// A station of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Station {
    /// 申込
    Applied,
    /// 書類入力
    Documents,
    /// 確認・確定
    Completion,
    /// 書類確認
    Check,
    /// 受験料の納入 (筆記試験のみ)
    ExamFee,
    /// 筆記試験 (筆記試験のみ)
    Exam,
    /// 審査
    Review,
    /// 認定
    Certification,
}

/// Whether a station is behind, here, or ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StationState {
    /// 済み
    Done,
    /// いまここ
    Current,
    /// これから
    Open,
}

impl StationState {
    /// The word in markup.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Current => "current",
            Self::Open => "open",
        }
    }

    /// The words for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Done => "済み",
            Self::Current => "いまここ",
            Self::Open => "これから",
        }
    }
}

/// A station and whether it has been reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JourneyStep {
    /// Which.
    pub station: Station,
    /// Whether it is behind.
    pub state: StationState,
}

impl JourneyStep {
    /// The words.
    pub fn label(&self) -> &'static str {
        match self.station {
            Station::Applied => "申込",
            Station::Documents => "書類入力",
            Station::Completion => "確認・確定",
            Station::Check => "書類確認",
            Station::ExamFee => "受験料の納入",
            Station::Exam => "筆記試験",
            Station::Review => "審査",
            Station::Certification => "認定",
        }
    }
}

/// The stations of an application in their order. Exactly one is the current one; of a withdrawn application it is the first. A
/// lapsed one is on no way any more and has none.
pub fn journey(application: &Application, program: &Program) -> Vec<JourneyStep> {
    use Station::{Applied, Certification, Check, Completion, Documents, Exam, ExamFee, Review};
    const WITH_DOCUMENTS: &[Station] =
        &[Applied, Documents, Completion, Check, Review, Certification];
    const EXAM_ONLY: &[Station] = &[Applied, ExamFee, Exam];
    let (stations, here) = match application {
        Application::Withdrawn(state) if !state.has_documents() => (EXAM_ONLY, Applied),
        Application::NotMade | Application::Withdrawn(_) => (WITH_DOCUMENTS, Applied),
        Application::Made(state) if state.has_lapsed() => return Vec::new(),
        Application::Made(state) => match &state.documents_track {
            DocumentTrack::NotApplied => match state.exam {
                ExamTrack::Paid { .. } | ExamTrack::Resulted { .. } => (EXAM_ONLY, Exam),
                _ => (EXAM_ONLY, ExamFee),
            },
            DocumentTrack::Drafting if requirements(state, program).missing.is_empty() => {
                (WITH_DOCUMENTS, Completion)
            }
            DocumentTrack::Drafting => (WITH_DOCUMENTS, Documents),
            DocumentTrack::UnderReview(_) | DocumentTrack::Returned(_) => (WITH_DOCUMENTS, Check),
            DocumentTrack::Accepted(_) | DocumentTrack::ReviewFailed(_) => (WITH_DOCUMENTS, Review),
            DocumentTrack::ReviewPassed(_) => (WITH_DOCUMENTS, Certification),
        },
    };
    let mut passed = false;
    stations
        .iter()
        .map(|station| {
            let state = if *station == here {
                passed = true;
                StationState::Current
            } else if passed {
                StationState::Open
            } else {
                StationState::Done
            };
            JourneyStep {
                station: *station,
                state,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate as _;

    use super::*;
    use crate::{
        application::{ApplicationCommand, ApplicationEvent, decide, examples as e},
        eligibility::Scope,
        member::PaymentItem,
    };

    fn of(events: impl IntoIterator<Item = ApplicationEvent>) -> Application {
        let mut application = Application::default();
        for event in events {
            application.apply(event);
        }
        application
    }

    fn here(events: impl IntoIterator<Item = ApplicationEvent>) -> (&'static str, usize) {
        let steps = journey(&of(events), &e::fourth());
        let current: Vec<_> = steps
            .iter()
            .filter(|step| step.state == StationState::Current)
            .collect();
        assert_eq!(current.len(), 1);
        (current[0].label(), steps.len())
    }

    #[test]
    fn the_way_is_at_one_station_at_every_moment() {
        assert_eq!(here([]), ("申込", 6));
        assert_eq!(here([e::applied(Scope::DocumentsAndExam)]), ("書類入力", 6));
        assert_eq!(here(e::complete()), ("確認・確定", 6));
        let mut submitted = e::complete();
        let application = of(submitted.clone());
        let completion = decide(
            &application,
            ApplicationCommand::Submit,
            &e::in_june(),
            &e::programs(),
        );
        submitted.extend(completion.unwrap());
        assert_eq!(here(submitted), ("書類確認", 6));
    }

    #[test]
    fn the_exam_alone_has_a_way_of_its_own() {
        let exam = e::applied(Scope::ExamOnly);
        assert_eq!(here([exam.clone()]), ("受験料の納入", 3));
        let paid = ApplicationEvent::PaymentConfirmed {
            payment: e::payment("T1", PaymentItem::ExamFee, 11_000),
        };
        assert_eq!(here([exam, paid]), ("筆記試験", 3));
    }

    #[test]
    fn after_withdrawing_the_way_begins_again() {
        let withdrawn = ApplicationEvent::Withdrawn {
            withdrawn_at: e::in_june().at,
        };
        for (scope, stations) in [(Scope::DocumentsAndExam, 6), (Scope::ExamOnly, 3)] {
            let events = [e::applied(scope), withdrawn.clone()];
            assert_eq!(here(events), ("申込", stations));
        }
    }

    #[test]
    fn what_is_before_the_current_station_is_done_and_what_is_after_it_is_open() {
        let steps = journey(&of(e::complete()), &e::fourth());
        let words: Vec<_> = steps.iter().map(|step| step.state.word()).collect();
        assert_eq!(words, ["done", "done", "current", "open", "open", "open"]);
    }
}
