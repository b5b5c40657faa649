//! The events of an application that are acts of the society, and the member's answers to them: no document, no 申込.

/// Their names.
pub(crate) const ACTS: [&str; 22] = [
    "PaymentReversed",
    "ItemChecked",
    "UnitsAdjusted",
    "ProofRecorded",
    "NoteAdded",
    "LabelsSet",
    "ReturnedForCorrection",
    "CorrectionAnswered",
    "Reopened",
    "DeadlineExtended",
    "DocumentsAccepted",
    "ReviewPassed",
    "ReviewFailed",
    "DecisionRevoked",
    "ExamResultRecorded",
    "ExamResultRetracted",
    "CertificationApproved",
    "CertificationFeeRequested",
    "Certified",
    "Deferred",
    "Lapsed",
    "DecisionUndone",
];

#[cfg(test)]
mod tests {
    use domain::catalogue::EVENTS;

    use super::*;

    #[test]
    fn every_act_is_an_event_of_the_catalogue() {
        for name in ACTS {
            let known = EVENTS
                .iter()
                .any(|entry| entry.stream == "application" && entry.name == name);
            assert!(known, "{name}");
        }
    }
}
