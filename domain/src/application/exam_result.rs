//! 筆記試験の結果 of an import: to whom it belongs, and its way back.

use super::{Act, Application, ApplicationEvent, ExamTrack, Refusal};

/// 会員への説明 of an imported 不合格 that has none of its own: the export of the exam site says no more than the result.
pub const FAILED_EXAM: &str = "筆記試験の成績が合格基準に達しなかったため、不合格といたしました。";

/// Whether an application is one that a result of the exam is about.
pub fn awaits_exam_result(application: &Application) -> bool {
    let Application::Made(state) = application else {
        return false;
    };
    match state.exam {
        ExamTrack::AwaitingPayment | ExamTrack::Paid { .. } | ExamTrack::Resulted { .. } => true,
        ExamTrack::NotApplied | ExamTrack::Exempt { .. } => false,
    }
}

/// The act by which the result in the event of that number (from 1) is taken back, out of all events of its application.
///
/// # Errors
/// [`Refusal::ExamResultChanged`] when another result was recorded since; also for an event that is no result.
pub fn exam_result_retraction(
    events: &[ApplicationEvent],
    sequence: usize,
) -> Result<Act, Refusal> {
    let place = sequence.checked_sub(1).ok_or(Refusal::ExamResultChanged)?;
    let (before, from) = events
        .split_at_checked(place)
        .ok_or(Refusal::ExamResultChanged)?;
    let Some((ApplicationEvent::ExamResultRecorded { outcome, .. }, later)) = from.split_first()
    else {
        return Err(Refusal::ExamResultChanged);
    };
    let of_the_result = |event: &ApplicationEvent| {
        matches!(
            event,
            ApplicationEvent::ExamResultRecorded { .. }
                | ApplicationEvent::ExamResultRetracted { .. }
                | ApplicationEvent::Applied { .. }
        )
    };
    if later.iter().any(of_the_result) {
        return Err(Refusal::ExamResultChanged);
    }
    let mut application = Application::default();
    for event in before {
        cqrs_es::Aggregate::apply(&mut application, event.clone());
    }
    let earlier = match application.state().map(|state| &state.exam) {
        Some(ExamTrack::Resulted { outcome, .. }) => Some(*outcome),
        _ => None,
    };
    Ok(Act::RetractExamResult {
        recorded: *outcome,
        earlier,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::{ExamOutcome, examples::*};

    #[test]
    fn the_way_back_of_a_result_leads_to_the_one_before_or_to_none() {
        let mut events = after_acts(accepted(), [Act::RecordExamResult(ExamOutcome::Failed)]);
        let first = events.len();
        assert!(matches!(
            exam_result_retraction(&events, first),
            Ok(Act::RetractExamResult {
                recorded: ExamOutcome::Failed,
                earlier: None
            })
        ));
        events = after_acts(events, [Act::RecordExamResult(ExamOutcome::Passed)]);
        assert!(matches!(
            exam_result_retraction(&events, events.len()),
            Ok(Act::RetractExamResult {
                recorded: ExamOutcome::Passed,
                earlier: Some(ExamOutcome::Failed)
            })
        ));
        for place in [0, 1, first, events.len() + 1] {
            assert!(
                matches!(
                    exam_result_retraction(&events, place),
                    Err(Refusal::ExamResultChanged)
                ),
                "{place}"
            );
        }
    }

    #[test]
    fn a_result_is_about_an_application_with_the_exam() {
        assert!(awaits_exam_result(&folded(&accepted())));
        assert!(!awaits_exam_result(&Application::default()));
    }
}
