//! 次にすること: one action at each moment.
//!
//! The order is the one of the work. While documents are open: the documents of the manual's list that a requirement names
//! (without them nothing can be completed), then the units and 学会参加 or セミナー A B, then 受験料 where the rules ask for it
//! before completing, then 申請を完了する. Only when nothing is left to fill in: 筆記試験, then 受験料, then 申請書（本紙） with the proofs,
//! then waiting.

use jiff::Timestamp;

use crate::{
    application::{
        Application, ApplicationState, CertificationTrack, DocumentTrack, ExamTrack, Refusal,
    },
    documents::DocumentKind,
    program::Program,
    requirements::{Requirement, RequirementKind, requirements},
};

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// A document to complete.
    FillIn(DocumentKind),
    /// 単位を追加する, in this document.
    CollectUnits(DocumentKind),
    /// 申請を完了する
    Complete,
    /// 追加お申込み 筆記試験
    AddExam,
    /// 受験料をご納入ください
    PayExamFee,
    /// 修正のお願い: what the secretariat asked for.
    Correct,
    /// 修正のお願い is dealt with: 申請を完了する again.
    CompleteAgain,
    /// 認定料をご納入ください
    PayCertificationFee,
    /// 筆記試験 can not be added any more, and nothing is certified without it.
    ExamPeriodOver,
    /// 修正の期限 is past.
    CorrectionOverdue,
    /// Nothing is left: 認定, 審査不合格, 失効 …
    Nothing,
    /// 申請書（本紙）を出力し、証明する書類とともに提出する, while the period lasts and until the society has noted that all has come.
    DeliverFinalForm,
    /// The society's turn.
    Wait,
    /// 締め切り日時 is past, and the application is not complete.
    PeriodOver,
    /// 取下げ: もう一度お申込みいただけます, while the period lasts.
    ApplyAgain,
}

impl NextStep {
    /// The sentence.
    pub fn sentence(self) -> String {
        match self {
            Self::FillIn(document) => format!("「{}」を入力してください。", document.title()),
            Self::CollectUnits(document) => {
                format!("業績単位が足りません。「{}」などで単位を追加してください。", document.title())
            }
            Self::Complete => "要件を満たしています。内容を確認して、申請を完了してください。".to_owned(),
            Self::AddExam => "筆記試験をお申込みください。合格されている方は事務局へお問い合わせください。".to_owned(),
            Self::PayExamFee => "受験料をご納入ください。入金の確認には数日かかることがあります。".to_owned(),
            Self::DeliverFinalForm => {
                "申請書（本紙）を出力し、研究業績を証明する書類（写）とともに、申請期限までに提出してください。".to_owned()
            }
            Self::Correct => {
                "事務局から修正のお願いがあります。内容をご確認のうえ、修正または回答してください。".to_owned()
            }
            Self::CompleteAgain => {
                "修正のお願いへの対応が済んでいます。内容を確認して、もう一度申請を完了してください。".to_owned()
            }
            Self::PayCertificationFee => {
                "認定料をご納入ください。入金の確認には数日かかることがあります。".to_owned()
            }
            Self::ExamPeriodOver => {
                "筆記試験のお申込みがないまま、お申込み期間を過ぎています。今後のお手続きについては、事務局へお問い合わせください。".to_owned()
            }
            Self::CorrectionOverdue => {
                "修正の期限を過ぎたため、申請を完了できません。入力された内容は残っています。事務局へお問い合わせください。".to_owned()
            }
            Self::Nothing => {
                "この申請のお手続きは終わっています。ご不明な点は事務局へお問い合わせください。".to_owned()
            }
            Self::Wait => "お手続きは済んでいます。事務局からの連絡をお待ちください。".to_owned(),
            Self::PeriodOver => {
                "締め切り日時を過ぎたため、申請を完了できません。入力された内容は残っています。ご事情のある方は事務局へお問い合わせください。".to_owned()
            }
            Self::ApplyAgain => Refusal::Withdrawn.to_string(),
        }
    }
}

/// What to do next about an application that has been made.
pub fn next_step(application: &Application, program: &Program, at: Timestamp) -> NextStep {
    let Application::Made(state) = application else {
        // お申込み goes by the program, whatever the earlier one was granted.
        return if program.takes_applications(at) {
            NextStep::ApplyAgain
        } else if at >= program.period.closes {
            NextStep::PeriodOver
        } else {
            NextStep::Nothing
        };
    };
    let over = at >= state.closes(program);
    if state.documents_track == DocumentTrack::Drafting && !state.has_lapsed() {
        if over {
            return NextStep::PeriodOver;
        }
        return first_of(&requirements(state, program).missing);
    }
    match &state.certification {
        CertificationTrack::Certified(_) | CertificationTrack::Lapsed => return NextStep::Nothing,
        CertificationTrack::FeeRequested { .. } => return NextStep::PayCertificationFee,
        CertificationTrack::Pending
        | CertificationTrack::Approved
        | CertificationTrack::FeePaid
        | CertificationTrack::Deferred { .. } => {}
    }
    match &state.documents_track {
        DocumentTrack::Returned(_) if over => return NextStep::CorrectionOverdue,
        DocumentTrack::Returned(_) => {
            return match first_of(&requirements(state, program).missing) {
                NextStep::Complete => NextStep::CompleteAgain,
                _ => NextStep::Correct,
            };
        }
        // Who has applied for the exam may still sit it: a pass counts for another year.
        DocumentTrack::ReviewFailed(_) if state.exam == ExamTrack::AwaitingPayment => {
            return NextStep::PayExamFee;
        }
        DocumentTrack::ReviewFailed(_) => return NextStep::Nothing,
        _ => {}
    }
    match state.exam {
        ExamTrack::NotApplied if !over => NextStep::AddExam,
        ExamTrack::NotApplied if is_being_reviewed(state) => NextStep::ExamPeriodOver,
        ExamTrack::AwaitingPayment => NextStep::PayExamFee,
        ExamTrack::NotApplied
        | ExamTrack::Paid { .. }
        | ExamTrack::Exempt { .. }
        | ExamTrack::Resulted { .. } => match state.documents_track {
            DocumentTrack::UnderReview(_) if !over && !state.review.has_all_papers() => {
                NextStep::DeliverFinalForm
            }
            _ => NextStep::Wait,
        },
    }
}

/// Whether the society has documents on which nothing final is decided.
fn is_being_reviewed(state: &ApplicationState) -> bool {
    matches!(
        state.documents_track,
        DocumentTrack::UnderReview(_) | DocumentTrack::Accepted(_) | DocumentTrack::ReviewPassed(_)
    ) && state.certification == CertificationTrack::Pending
}

/// Documents first, then units, then money.
fn first_of(missing: &[Requirement]) -> NextStep {
    if let Some(document) = missing.iter().find_map(|one| one.document) {
        return NextStep::FillIn(document);
    }
    let lacks = |kind| missing.iter().any(|one| one.kind == kind);
    if lacks(RequirementKind::AttendanceMissing) {
        NextStep::CollectUnits(DocumentKind::Conferences)
    } else if lacks(RequirementKind::UnitsShort) {
        NextStep::CollectUnits(DocumentKind::Papers)
    } else if lacks(RequirementKind::PaymentMissing) {
        NextStep::PayExamFee
    } else {
        NextStep::Complete
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate as _;

    use super::*;
    use crate::{
        application::{
            Act, ApplicationCommand, ApplicationEvent, Proof, ProofState, decide, examples as e,
        },
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

    fn after(mut application: Application, command: ApplicationCommand) -> Application {
        for event in decide(&application, command, &e::in_june(), &e::programs()).unwrap() {
            application.apply(event);
        }
        application
    }

    fn next(application: &Application) -> NextStep {
        next_step(application, &e::fourth(), e::in_june().at)
    }

    #[test]
    fn the_documents_come_in_the_manuals_order_before_units_and_completion() {
        let applied = of([e::applied(Scope::DocumentsAndExam)]);
        assert_eq!(next(&applied), NextStep::FillIn(DocumentKind::Resume));
        let saved = after(
            applied,
            ApplicationCommand::SaveResume {
                resume: e::resume(),
                record: Box::new(crate::member::record_examples::yoko()),
                base: 0,
            },
        );
        assert_eq!(next(&saved), NextStep::FillIn(DocumentKind::Profile));
        assert_eq!(next(&of(e::complete())), NextStep::Complete);
    }

    #[test]
    fn units_are_collected_at_a_meeting_until_attendance_is_met_and_in_papers_after_that() {
        let with_a_meeting = e::filled_in();
        let without = with_a_meeting
            .iter()
            .filter(|event| event.name() != "ConferenceAdded")
            .cloned();
        assert_eq!(
            next(&of(without)),
            NextStep::CollectUnits(DocumentKind::Conferences)
        );
        assert_eq!(
            next(&of(with_a_meeting)),
            NextStep::CollectUnits(DocumentKind::Papers)
        );
    }

    #[test]
    fn a_list_that_may_be_empty_is_mended_before_units_are_collected() {
        let mut events = e::filled_in();
        events.push(ApplicationEvent::PaperAdded {
            row: e::row(7),
            paper: crate::personal::Personal::new(e::paper("", "10")),
        });
        assert_eq!(next(&of(events)), NextStep::FillIn(DocumentKind::Papers));
    }

    #[test]
    fn after_the_period_nothing_is_left_of_completed_documents_but_waiting() {
        let submitted = of(e::under_review());
        let closes = e::fourth().period.closes;
        assert_eq!(next_step(&submitted, &e::fourth(), closes), NextStep::Wait);
    }

    #[test]
    fn documents_without_the_exam_wait_for_nothing_once_it_can_not_be_added() {
        let mut events = e::complete();
        events[0] = e::applied(Scope::DocumentsOnly);
        let submitted = after(of(events), ApplicationCommand::Submit);
        let closes = e::fourth().period.closes;
        assert_eq!(
            next_step(&submitted, &e::fourth(), closes),
            NextStep::ExamPeriodOver
        );
    }

    #[test]
    fn papers_that_have_all_come_are_not_asked_for_again() {
        let recorded = |state| {
            let acts = Proof::ALL.map(|proof| Act::RecordProof { proof, state });
            of(e::after_acts(e::under_review(), acts))
        };
        assert_eq!(
            next(&recorded(ProofState::Received)),
            NextStep::Wait,
            "all received"
        );
        assert_eq!(
            next(&recorded(ProofState::Defective)),
            NextStep::DeliverFinalForm
        );
    }

    #[test]
    fn after_a_failed_review_the_exam_that_was_applied_for_is_paid_and_none_is_added() {
        let failed = |scope| {
            let mut events = e::complete();
            events[0] = e::applied(scope);
            let submitted = after(of(events.clone()), ApplicationCommand::Submit);
            assert!(submitted.state().is_some());
            events.push(ApplicationEvent::Submitted {
                submission: submitted.state().unwrap().submission().unwrap().clone(),
            });
            let acts = e::checks()
                .into_iter()
                .chain([Act::AcceptDocuments, Act::FailReview]);
            of(e::after_acts(events, acts))
        };
        assert_eq!(next(&failed(Scope::DocumentsAndExam)), NextStep::PayExamFee);
        let without = failed(Scope::DocumentsOnly);
        assert_eq!(next(&without), NextStep::Nothing);
        let status = without.status(&e::fourth(), e::in_june().at).unwrap();
        assert!(!status.exam_can_be_added);
        for refused in [ApplicationCommand::AddExam, ApplicationCommand::Withdraw] {
            let answer = decide(&without, refused, &e::in_june(), &e::programs());
            assert!(
                matches!(answer, Err(Refusal::WrongState { .. })),
                "{answer:?}"
            );
        }
    }

    #[test]
    fn after_completing_it_is_the_fee_then_the_paper_and_after_the_period_the_societys_turn() {
        let submitted = after(of(e::complete()), ApplicationCommand::Submit);
        assert_eq!(next(&submitted), NextStep::PayExamFee);
        let payment = e::payment("T1", PaymentItem::ExamFee, 11_000);
        let paid = after(submitted, ApplicationCommand::ConfirmPayment(payment));
        assert_eq!(next(&paid), NextStep::DeliverFinalForm);
        let closes = e::fourth().period.closes;
        assert_eq!(next_step(&paid, &e::fourth(), closes), NextStep::Wait);
    }

    #[test]
    fn the_exam_alone_asks_for_its_fee_and_never_for_documents() {
        let exam = of([e::applied(Scope::ExamOnly)]);
        assert_eq!(next(&exam), NextStep::PayExamFee);
    }

    #[test]
    fn after_the_period_and_after_withdrawing_it_says_what_is_left_to_do() {
        let applied = of([e::applied(Scope::DocumentsOnly)]);
        let closes = e::fourth().period.closes;
        assert_eq!(
            next_step(&applied, &e::fourth(), closes),
            NextStep::PeriodOver
        );
        let withdrawn = after(applied, ApplicationCommand::Withdraw);
        assert_eq!(next(&withdrawn), NextStep::ApplyAgain);
        assert_eq!(
            next_step(&withdrawn, &e::fourth(), closes),
            NextStep::PeriodOver
        );
        let of_before = Program {
            offered: false,
            ..e::fourth()
        };
        let step = next_step(&withdrawn, &of_before, e::in_june().at);
        assert_eq!(step, NextStep::Nothing, "nobody applies for it again");
    }

    #[test]
    fn documents_alone_are_followed_by_the_exam() {
        let mut events = e::complete();
        events[0] = e::applied(Scope::DocumentsOnly);
        let submitted = after(of(events), ApplicationCommand::Submit);
        assert_eq!(next(&submitted), NextStep::AddExam);
    }

    #[test]
    fn every_step_is_said_in_a_polite_sentence() {
        for step in [
            NextStep::FillIn(DocumentKind::Resume),
            NextStep::CollectUnits(DocumentKind::Papers),
            NextStep::Complete,
            NextStep::AddExam,
            NextStep::PayExamFee,
            NextStep::DeliverFinalForm,
            NextStep::Correct,
            NextStep::CompleteAgain,
            NextStep::PayCertificationFee,
            NextStep::CorrectionOverdue,
            NextStep::Nothing,
            NextStep::Wait,
            NextStep::PeriodOver,
            NextStep::ApplyAgain,
        ] {
            let sentence = step.sentence();
            assert!(
                sentence.ends_with("ください。") || sentence.ends_with("ます。"),
                "{sentence}"
            );
        }
    }
}
