//! Decisions about a member. Each is by state, so that a repeated import changes nothing (architecture, decision 6).

use super::{Member, MemberCommand, MemberEvent, MemberRefusal, retraction};
use crate::personal::Personal;

/// What a command does to a member as it is.
///
/// # Errors
/// [`MemberRefusal::UnknownMember`] for facts about a number without a record; what a retraction is refused for.
pub fn decide(member: &Member, command: MemberCommand) -> Result<Vec<MemberEvent>, MemberRefusal> {
    if let MemberCommand::TakeBack(retraction) = command {
        let event = retraction::decide(member, *retraction)?;
        return Ok(event.into_iter().collect());
    }
    if member.record.is_none() && !matches!(command, MemberCommand::ImportRecord(_)) {
        return Err(MemberRefusal::UnknownMember);
    }
    let event = match command {
        MemberCommand::ImportRecord(record) => (member.record.as_ref() != Some(&*record))
            .then_some(MemberEvent::RecordImported {
                record: Personal::new(record),
            }),
        MemberCommand::RecordAttendance(attendance) if attendance.ends_before_it_begins() => {
            return Err(MemberRefusal::EndsBeforeItBegins);
        }
        MemberCommand::RecordAttendance(attendance) => (member.attendance.get(&attendance.key)
            != Some(&attendance))
        .then_some(MemberEvent::AttendanceRecorded { attendance }),
        MemberCommand::RetractAttendance(seminar) => member
            .attendance
            .contains_key(&seminar)
            .then_some(MemberEvent::AttendanceRetracted { seminar }),
        MemberCommand::ReceivePayment(payment) => (member.payments.get(&payment.transaction)
            != Some(&payment))
        .then_some(MemberEvent::PaymentReceived { payment }),
        MemberCommand::TakeBack(_) => None,
    };
    Ok(event.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use jiff::civil::date;

    use super::*;
    use crate::{
        member::{Payment, PaymentItem, record::examples::yoko, seminar::examples::attendance},
        personal::Personal,
    };

    fn imported() -> MemberEvent {
        MemberEvent::RecordImported {
            record: Personal::new(Box::new(yoko())),
        }
    }

    fn recorded(units: u32) -> MemberEvent {
        MemberEvent::AttendanceRecorded {
            attendance: attendance(units),
        }
    }

    fn given(events: Vec<MemberEvent>) -> cqrs_es::test::AggregateTestExecutor<Member> {
        TestFramework::<Member>::with(()).given(events)
    }

    #[test]
    fn attendance_of_an_unknown_member_is_refused() {
        given(vec![])
            .when(MemberCommand::RecordAttendance(attendance(10)))
            .then_expect_error(MemberRefusal::UnknownMember);
    }

    #[test]
    fn the_same_record_twice_is_imported_once() {
        given(vec![imported()])
            .when(MemberCommand::ImportRecord(Box::new(yoko())))
            .then_expect_events(vec![]);
    }

    #[test]
    fn a_corrected_attendance_replaces_the_earlier_one_and_a_repeated_one_does_nothing() {
        given(vec![imported(), recorded(10)])
            .when(MemberCommand::RecordAttendance(attendance(15)))
            .then_expect_events(vec![recorded(15)]);
        given(vec![imported(), recorded(10)])
            .when(MemberCommand::RecordAttendance(attendance(10)))
            .then_expect_events(vec![]);
    }

    #[test]
    fn absence_retracts_an_earlier_attendance_and_is_nothing_without_one() {
        let retracted = MemberEvent::AttendanceRetracted {
            seminar: attendance(10).key,
        };
        given(vec![imported(), recorded(10)])
            .when(MemberCommand::RetractAttendance(attendance(10).key))
            .then_expect_events(vec![retracted.clone()]);
        given(vec![imported(), recorded(10), retracted])
            .when(MemberCommand::RetractAttendance(attendance(10).key))
            .then_expect_events(vec![]);
    }

    #[test]
    fn a_repeated_transaction_is_one_payment() {
        let payment = Payment {
            transaction: "T1".to_owned(),
            item: PaymentItem::ExamFee,
            amount_yen: 11_000,
            paid_on: date(2026, 6, 3),
            payer: Personal::new("リンショウ".to_owned()),
        };
        given(vec![
            imported(),
            MemberEvent::PaymentReceived {
                payment: payment.clone(),
            },
        ])
        .when(MemberCommand::ReceivePayment(payment))
        .then_expect_events(vec![]);
    }
}
