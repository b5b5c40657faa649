//! The application (申請): one per member and program, stream `application.<program>.<会員番号>`.

mod aggregate;
mod command;
mod decide;
mod edit;
mod event;
mod exam_result;
mod forwarding;
mod id;
mod opening;
mod placement;
mod refusal;
mod removed;
mod restore;
mod review;
mod society;
mod state;
mod undoing;
mod volume;

pub use aggregate::Application;
pub use command::{ApplicationCommand, Command, ItemAnswer};
pub use decide::decide;
pub use event::{ApplicationEvent, Submission};
pub use exam_result::{FAILED_EXAM, awaits_exam_result, exam_result_retraction};
pub use forwarding::outstanding_facts;
pub use id::{ApplicationId, NotAnApplicationId};
pub use opening::{NOT_ASKED_FOR, not_asked_for, with_closed};
pub use placement::{Placement, place, placement};
pub use refusal::Refusal;
pub use removed::{RemovedRow, removed_rows};
pub use review::{
    Adjustment, Certificate, Check, CheckMark, CheckTarget, Correction, CorrectionItem,
    CorrectionProgress, CorrectionRequest, ExamOutcome, Note, Proof, ProofState, Review, Signature,
};
pub use society::{
    Act, AskedCorrection, FURTHER_REASON, LABEL_LIMIT, LIST_LIMIT, SocietyCommand, TEXT_LIMIT,
    acceptance_obstacles, approval_obstacles, check_reason,
};
pub use state::{
    ApplicationState, CertificationTrack, DocumentTrack, Documents, ExamTrack, Explained,
    Explanations, Revised, RowValue, SavedResume, StatusView,
};
pub use undoing::{Decision, DecisionKind};
pub use volume::{DAY_BYTES, day_began, within_the_day};

#[cfg(test)]
pub(crate) mod examples;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod society_tests;
#[cfg(test)]
mod tests;
