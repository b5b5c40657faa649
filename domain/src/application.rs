//! The application (申請): one per member and program, stream `application.<program>.<会員番号>`.

mod aggregate;
mod command;
mod decide;
mod edit;
mod event;
mod exam_result;
mod forwarding;
mod id;
mod placement;
mod refusal;
mod removed;
mod restore;
mod review;
mod society;
mod state;

pub use aggregate::Application;
pub use command::{ApplicationCommand, Command};
pub use decide::decide;
pub use event::{ApplicationEvent, Submission};
pub use exam_result::{awaits_exam_result, exam_result_retraction};
pub use forwarding::outstanding_facts;
pub use id::{ApplicationId, NotAnApplicationId};
pub use placement::{Placement, place, placement};
pub use refusal::Refusal;
pub use removed::{RemovedRow, removed_rows};
pub use review::{
    Adjustment, Certificate, Check, CheckMark, CheckTarget, Correction, CorrectionItem,
    CorrectionProgress, CorrectionRequest, ExamOutcome, Note, Proof, ProofState, Review, Signature,
};
pub use society::{
    Act, AskedCorrection, LABEL_LIMIT, LIST_LIMIT, SocietyCommand, TEXT_LIMIT,
    acceptance_obstacles, approval_obstacles,
};
pub use state::{
    ApplicationState, CertificationTrack, DocumentTrack, Documents, ExamTrack, Revised, RowValue,
    SavedResume, StatusView,
};

#[cfg(test)]
pub(crate) mod examples;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod society_tests;
#[cfg(test)]
mod tests;
