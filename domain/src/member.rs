//! The member (会員) as the society knows it: record, seminar attendance, payments.
//!
//! Stream `member.<会員番号>`. What is known here is copied into an application when it is made; later facts are forwarded.

mod aggregate;
mod command;
mod decide;
mod difference;
mod doubt;
mod event;
mod payment;
mod record;
mod refusal;
mod retraction;
mod seminar;
mod upheaval;

pub use aggregate::Member;
pub use command::MemberCommand;
pub use decide::decide;
pub use difference::{FactChange, changes, empties};
pub use doubt::{Doubt, Neighbours, doubts, is_new, without_leading_zeros};
pub use event::MemberEvent;
pub use payment::{Payment, PaymentItem, impossible_payment_day};
#[cfg(test)]
pub(crate) use record::examples as record_examples;
pub use record::{
    Certification, Contact, FieldDifference, MedicalRegistration, MemberNumber, MemberRecord,
    Place, Workplace,
};
pub use refusal::MemberRefusal;
pub use retraction::Retraction;
pub use seminar::{SeminarAttendance, SeminarKey, SeminarKind};
pub use upheaval::{Upheaval, changes_identity};
