//! What was decided about the exam and about the certification, and the way back from it.

use serde::{Deserialize, Serialize};

use super::{
    ApplicationEvent, ApplicationState, CertificationTrack, ExamOutcome, ExamTrack, Explained,
    Refusal,
};

/// A decision that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DecisionKind {
    /// 筆記試験の結果
    ExamResult,
    /// 更新認定可
    CertificationApproved,
    /// 認定料の請求
    CertificationFeeRequested,
    /// 認定
    Certified,
    /// 猶予
    Deferred,
    /// 失効
    Lapsed,
}

impl DecisionKind {
    /// All of them, in the order of the way.
    pub const ALL: [Self; 6] = [
        Self::ExamResult,
        Self::CertificationApproved,
        Self::CertificationFeeRequested,
        Self::Certified,
        Self::Deferred,
        Self::Lapsed,
    ];

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ExamResult => "筆記試験の結果",
            Self::CertificationApproved => "更新認定可",
            Self::CertificationFeeRequested => "認定料の請求",
            Self::Certified => "認定",
            Self::Deferred => "猶予",
            Self::Lapsed => "失効",
        }
    }

    /// What undoing it is called.
    pub const fn undone(self) -> &'static str {
        match self {
            Self::ExamResult => "筆記試験の結果の取消",
            Self::CertificationApproved => "更新認定可の取消",
            Self::CertificationFeeRequested => "認定料の請求の取消",
            Self::Certified => "認定の取消",
            Self::Deferred => "猶予の取消",
            Self::Lapsed => "失効の取消",
        }
    }

    /// Whether undoing it is explained to the member: where another decision was wished for, and where a result is gone that has been read.
    pub const fn is_explained_when_undone(self) -> bool {
        matches!(self, Self::ExamResult | Self::Deferred | Self::Lapsed)
    }

    /// The decision that an event is.
    pub const fn of(event: &ApplicationEvent) -> Option<Self> {
        Some(match event {
            ApplicationEvent::ExamResultRecorded { .. } => Self::ExamResult,
            ApplicationEvent::CertificationApproved { .. } => Self::CertificationApproved,
            ApplicationEvent::CertificationFeeRequested { .. } => Self::CertificationFeeRequested,
            ApplicationEvent::Certified { .. } => Self::Certified,
            ApplicationEvent::Deferred { .. } => Self::Deferred,
            ApplicationEvent::Lapsed { .. } => Self::Lapsed,
            _ => return None,
        })
    }
}

/// A decision that stands, with what was before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Number of its event in the stream.
    pub event: u64,
    /// Which one.
    pub kind: DecisionKind,
    /// Where the certification stood before: undoing leads back there.
    pub before: CertificationTrack,
    /// Where the exam stood before, of a result.
    pub exam_before: Option<ExamTrack>,
    /// What the member was told about where that track stood.
    pub told_before: Option<Explained>,
}

impl Decision {
    /// 筆記試験の結果 that stands again when this one is undone.
    pub fn earlier_result(&self) -> Option<ExamOutcome> {
        match &self.exam_before {
            Some(ExamTrack::Resulted { outcome, .. }) => Some(*outcome),
            _ => None,
        }
    }
}

impl ApplicationState {
    /// The decision of that event, if it stands.
    pub fn decision(&self, event: u64) -> Option<&Decision> {
        self.decisions
            .iter()
            .find(|decision| decision.event == event)
    }

    /// The decision of that event, if nothing rests on it. Each decision rests on those before it: the certification is one way.
    ///
    /// # Errors
    /// [`Refusal::NothingToUndo`], [`Refusal::LaterDecision`].
    pub fn undoable(&self, event: u64) -> Result<&Decision, Refusal> {
        let decision = self.decision(event).ok_or(Refusal::NothingToUndo)?;
        match self.decisions.last() {
            Some(last) if last.event != event => Err(Refusal::LaterDecision {
                decision: decision.kind.label(),
                later: last.kind.label(),
            }),
            _ => Ok(decision),
        }
    }

    /// The decision that may be undone now.
    pub fn last_decision(&self) -> Option<&Decision> {
        self.decisions.last()
    }

    /// Takes note of a decision before it changes anything.
    pub(super) fn note_decision(&mut self, kind: DecisionKind) {
        let of_exam = kind == DecisionKind::ExamResult;
        if of_exam
            && !matches!(
                self.exam,
                ExamTrack::Paid { .. } | ExamTrack::Resulted { .. }
            )
        {
            return;
        }
        self.decisions.push(Decision {
            event: self.sequence,
            kind,
            before: self.certification.clone(),
            exam_before: of_exam.then(|| self.exam.clone()),
            told_before: if of_exam {
                self.explanations.exam.clone()
            } else {
                self.explanations.certification.clone()
            },
        });
    }

    /// No result of the exam stands any more, so none can be undone.
    pub(super) fn forget_exam_results(&mut self) {
        self.decisions
            .retain(|decision| decision.kind != DecisionKind::ExamResult);
    }

    /// Goes back to before the decision of that event.
    pub(super) fn undo(&mut self, event: u64) {
        let place = self
            .decisions
            .iter()
            .position(|decision| decision.event == event);
        let Some(place) = place else { return };
        let undone = self.decisions.drain(place..).next();
        if let Some(undone) = undone {
            self.certification = undone.before;
            if let Some(exam) = undone.exam_before {
                self.exam = exam;
                self.explanations.exam = undone.told_before;
            } else {
                self.explanations.certification = undone.told_before;
            }
            // Money that came or was taken back since is as it is.
            self.settle();
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        application::{Act, ApplicationCommand, DocumentTrack, ExamTrack, decide, examples::*},
        documents::Profile,
        member::PaymentItem,
    };

    type Tracks = (DocumentTrack, ExamTrack, CertificationTrack);

    fn state(events: &[ApplicationEvent]) -> ApplicationState {
        folded(events).state().unwrap().clone()
    }

    fn tracks(events: &[ApplicationEvent]) -> Tracks {
        let state = state(events);
        (state.documents_track, state.exam, state.certification)
    }

    fn undo(events: &[ApplicationEvent], event: usize) -> Result<Vec<ApplicationEvent>, Refusal> {
        let now = folded(events);
        let event = event as u64;
        decide(
            &now,
            society(&now, Act::Undo { event }),
            &secretariat(),
            &programs(),
        )
    }

    fn deferral() -> Act {
        Act::Defer {
            until: date(2027, 3, 31),
        }
    }

    fn request() -> Act {
        Act::RequestCertificationFee {
            due: date(2027, 2, 28),
        }
    }

    #[test]
    fn a_decision_is_undone_by_the_number_of_its_event_and_says_which_it_was() {
        let before = after_acts(accepted(), [Act::PassReview]);
        let lapsed = after_acts(before.clone(), [Act::Lapse]);
        let follows = undo(&lapsed, lapsed.len()).unwrap();
        assert!(matches!(
            &follows[..],
            [ApplicationEvent::DecisionUndone { event, decision: DecisionKind::Lapsed, .. }]
                if *event == lapsed.len() as u64
        ));
        let undone = [lapsed.clone(), follows].concat();
        assert_eq!(tracks(&undone), tracks(&before));
        assert_eq!(undo(&undone, lapsed.len()), Err(Refusal::NothingToUndo));
        for nothing in [0, 1, before.len(), lapsed.len() + 7] {
            assert_eq!(
                undo(&lapsed, nothing),
                Err(Refusal::NothingToUndo),
                "{nothing}"
            );
        }
    }

    #[test]
    fn what_a_later_decision_rests_on_is_undone_after_it() {
        let approved = approved();
        let certified = after_acts(fee_paid(), [Act::Certify]);
        for rested_on in [approved.len(), approved.len() + 1] {
            assert!(matches!(
                undo(&certified, rested_on),
                Err(Refusal::LaterDecision {
                    later: "認定", ..
                })
            ));
        }
        let requested = after_acts(approved.clone(), [request()]);
        let refused = undo(&requested, approved.len()).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("先に「認定料の請求」を取り消してください")
        );
        // One after the other, from the last to the first.
        let mut events = certified;
        let mut words = Vec::new();
        while let Some(last) = state(&events).last_decision().cloned() {
            let event = last.event;
            events = after_acts(events, [Act::Undo { event }]);
            words.push(state(&events).certification.word());
        }
        // The last one is the result of the exam, on which all of it rested.
        assert_eq!(
            words,
            ["認定料入金確認済み", "更新認定可", "判定待ち", "判定待ち"]
        );
        assert_eq!(state(&events).payments.len(), 2, "money stays");
    }

    /// What the member is told, in order.
    fn told(events: &[ApplicationEvent]) -> Vec<String> {
        let status = state(events).status(&fourth(), in_june().at);
        status
            .explanations
            .into_iter()
            .map(|told| told.act)
            .collect()
    }

    #[test]
    fn what_was_told_of_the_state_that_stands_again_stands_again_beside_the_undoing() {
        let deferred = after_acts(approved(), [deferral()]);
        let before = told(&deferred);
        assert_eq!(before, ["猶予"]);
        let lapsed = after_acts(deferred.clone(), [Act::Lapse]);
        assert_eq!(told(&lapsed), ["失効"]);
        let undone = [lapsed.clone(), undo(&lapsed, lapsed.len()).unwrap()].concat();
        assert_eq!(told(&undone), ["猶予", "失効の取消"]);
        assert_eq!(
            state(&undone).explanations.certification,
            state(&deferred).explanations.certification
        );
        // A second time around, the first undoing is no part of what stands again.
        let again = after_acts(undone.clone(), [Act::Lapse]);
        assert_eq!(told(&again), ["失効"]);
        let again = [again.clone(), undo(&again, again.len()).unwrap()].concat();
        assert_eq!(told(&again), ["猶予", "失効の取消"]);
        let none = [again.clone(), undo(&again, deferred.len()).unwrap()].concat();
        assert_eq!(told(&none), ["猶予の取消"]);

        // The exam alike.
        let first = after_acts(accepted(), [Act::RecordExamResult(ExamOutcome::Failed)]);
        let second = after_acts(first.clone(), [Act::RecordExamResult(ExamOutcome::Absent)]);
        let back = [second.clone(), undo(&second, second.len()).unwrap()].concat();
        assert_eq!(
            told(&back),
            [told(&first), vec!["筆記試験の結果の取消".to_owned()]].concat()
        );
        assert_eq!(told(&first).len(), 1);
    }

    #[test]
    fn a_result_of_the_exam_is_undone_to_the_one_before_with_a_word_to_the_member() {
        let (passed, failed) = (ExamOutcome::Passed, ExamOutcome::Failed);
        let first = after_acts(accepted(), [Act::RecordExamResult(passed)]);
        let second = after_acts(first.clone(), [Act::RecordExamResult(failed)]);
        let act = Act::Undo {
            event: second.len() as u64,
        };
        assert!(act.needs_explanation(&state(&second)) && act.needs_two_persons(&state(&second)));
        let back = [second.clone(), undo(&second, second.len()).unwrap()].concat();
        assert_eq!(tracks(&back), tracks(&first));
        assert!(state(&back).explanations.exam_undone.is_some());
        // Then the one before is the last one.
        let none = [back.clone(), undo(&back, first.len()).unwrap()].concat();
        assert_eq!(tracks(&none), tracks(&accepted()));
        assert_eq!(state(&none).last_decision(), None);
        // What was approved rests on it.
        let approved = approved();
        let result = state(&approved).decisions[0].clone();
        assert_eq!(result.kind, DecisionKind::ExamResult);
        let refused = undo(&approved, usize::try_from(result.event).unwrap());
        assert!(matches!(refused, Err(Refusal::LaterDecision { .. })));
    }

    #[test]
    fn money_stays_and_a_fee_that_is_asked_for_again_is_paid_already() {
        let paid = fee_paid();
        let request_event = paid.len() as u64 - 1;
        let undone = after_acts(
            paid,
            [Act::Undo {
                event: request_event,
            }],
        );
        assert_eq!(state(&undone).certification, CertificationTrack::Approved);
        let again = after_acts(undone, [request()]);
        assert_eq!(state(&again).certification, CertificationTrack::FeePaid);
        // Taken back while the decision stood, it does not come back with the undoing.
        let mut deferred = after_acts(fee_paid(), [deferral()]);
        let deferral_event = deferred.len() as u64;
        deferred = after_acts(
            deferred,
            [
                Act::ReversePayment {
                    transaction: "T2".to_owned(),
                },
                Act::Undo {
                    event: deferral_event,
                },
            ],
        );
        assert_eq!(state(&deferred).certification, CertificationTrack::Approved);
        assert_eq!(
            state(&deferred).last_decision().map(|last| last.kind),
            Some(DecisionKind::CertificationApproved)
        );
    }

    #[test]
    fn a_lapsed_member_whose_lapse_is_undone_goes_on_where_it_was() {
        let lapsed = after_acts(complete(), [Act::Lapse]);
        let undone = after_acts(
            lapsed.clone(),
            [Act::Undo {
                event: lapsed.len() as u64,
            }],
        );
        let now = folded(&undone);
        let save = ApplicationCommand::SaveProfile {
            profile: Profile {
                text: "続き".to_owned(),
            },
            base: state(&undone).documents.profile.revision,
        };
        for command in [save, ApplicationCommand::Submit] {
            let follows = decide(&now, command, &in_june(), &programs());
            assert!(matches!(follows, Ok(events) if events.len() == 1));
        }
        assert_eq!(
            crate::next_step::next_step(&now, &fourth(), in_june().at),
            crate::next_step::next_step(&folded(&complete()), &fourth(), in_june().at)
        );
    }

    #[test]
    fn a_new_application_after_withdrawing_has_nothing_of_the_earlier_one_to_undo() {
        let mut events = after_acts(complete(), [Act::Lapse]);
        let lapse = events.len();
        events.push(ApplicationEvent::Withdrawn {
            withdrawn_at: in_june().at,
        });
        events.push(complete().swap_remove(0));
        assert_eq!(state(&events).sequence, events.len() as u64);
        assert_eq!(undo(&events, lapse), Err(Refusal::NothingToUndo));
    }

    proptest! {
        #[test]
        fn an_act_and_its_undoing_leave_the_tracks_as_they_were(
            from in prop::sample::select(vec![
                complete(), under_review(), accepted(), approved(), after_acts(approved(), [request()]), fee_paid(),
                after_acts(under_review(), [send_back()]), after_acts(accepted(), [Act::FailReview]),
            ]),
            acts in prop::collection::vec(prop::sample::select(vec![
                Act::ApproveCertification, request(), Act::Certify, deferral(), Act::Lapse,
                Act::Defer { until: date(2028, 3, 31) },
            ]), 1..5),
            paying in prop::option::of(0_usize..5),
        ) {
            let mut events = from;
            let mut before = Vec::new();
            for (place, act) in acts.into_iter().enumerate() {
                if paying == Some(place) {
                    let payment = payment("T7", PaymentItem::CertificationFee, 11_000);
                    let command = ApplicationCommand::ConfirmPayment(payment);
                    if let Ok(follows) = decide(&folded(&events), command, &secretariat(), &programs()) {
                        events.extend(follows);
                        // Where money moved the track, what was before it is not what comes back.
                        before.clear();
                    }
                }
                let now = folded(&events);
                let seen = tracks(&events);
                let Ok(follows) = decide(&now, society(&now, act), &secretariat(), &programs()) else { continue };
                if !follows.is_empty() {
                    events.extend(follows);
                    before.push((events.len(), seen));
                }
            }
            while let Some((event, tracks_before)) = before.pop() {
                let follows = undo(&events, event);
                prop_assert!(follows.is_ok(), "{follows:?}");
                events.extend(follows.unwrap());
                prop_assert_eq!(tracks(&events), tracks_before);
            }
        }
    }
}
