//! Facts that became known after 申込 and have not reached the application yet.

use super::{Application, ApplicationCommand, aggregate::seminar_key};
use crate::member::Member;

/// The commands that bring an application up to what the society knows of its member. Whether a payment fits is decided by
/// the application; one that does not stays with the member and comes again with the next change.
pub fn outstanding_facts(member: &Member, application: &Application) -> Vec<ApplicationCommand> {
    let Application::Made(state) = application else {
        return Vec::new();
    };
    let mut commands = Vec::new();
    for attendance in member.attendance.values() {
        if state.attendance.get(&seminar_key(&attendance.key)) != Some(attendance) {
            commands.push(ApplicationCommand::ImportSeminarAttendance(
                attendance.clone(),
            ));
        }
    }
    for attendance in state.attendance.values() {
        if !member.attendance.contains_key(&attendance.key) {
            commands.push(ApplicationCommand::RetractSeminarAttendance(
                attendance.key.clone(),
            ));
        }
    }
    for payment in member.retracted_payments.values() {
        if state.payments.get(&payment.transaction) == Some(payment) {
            commands.push(ApplicationCommand::RetractPayment(payment.clone()));
        }
    }
    for payment in member.payments.values() {
        // What a person took back comes again only when it is another payment than the one that was taken back.
        if state.payments.get(&payment.transaction) != Some(payment)
            && state.reversed.get(&payment.transaction) != Some(payment)
        {
            commands.push(ApplicationCommand::ConfirmPayment(payment.clone()));
        }
    }
    commands
}
