//! Decisions about a member. Each is by state, so that a repeated import changes nothing (architecture, decision 6).

use super::{Member, MemberCommand, MemberEvent, MemberRefusal, SeminarKey, retraction};
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
    // What is wrong with the fact itself, whoever it is about, is said first: the answer then tells nothing of the member.
    if let MemberCommand::RecordAttendance(attendance) | MemberCommand::EnterAttendance(attendance) =
        &command
        && attendance.ends_before_it_begins()
    {
        return Err(MemberRefusal::EndsBeforeItBegins);
    }
    if member.record.is_none() && !matches!(command, MemberCommand::ImportRecord(_)) {
        return Err(MemberRefusal::UnknownMember);
    }
    let event = match command.as_known(member) {
        MemberCommand::ImportRecord(record) => (member.record.as_ref() != Some(&*record))
            .then_some(MemberEvent::RecordImported {
                record: Personal::new(record),
            }),
        MemberCommand::RecordAttendance(attendance) => {
            let changes = member.attendance.get(&attendance.key) != Some(&attendance);
            by_file(member, &attendance.key, changes)?;
            changes.then_some(MemberEvent::AttendanceRecorded {
                attendance,
                by_hand: false,
            })
        }
        MemberCommand::RetractAttendance(seminar) => {
            let changes = member.attendance.contains_key(&seminar);
            by_file(member, &seminar, changes)?;
            changes.then_some(MemberEvent::AttendanceRetracted {
                seminar,
                by_hand: false,
            })
        }
        // Also when it is as a file has said: from now on a person says so.
        MemberCommand::EnterAttendance(attendance) => (member.attendance.get(&attendance.key)
            != Some(&attendance)
            || !member.by_hand.contains(&attendance.key))
        .then_some(MemberEvent::AttendanceRecorded {
            attendance,
            by_hand: true,
        }),
        MemberCommand::RemoveAttendance(seminar) => member
            .attendance
            .contains_key(&seminar)
            .then_some(MemberEvent::AttendanceRetracted {
                seminar,
                by_hand: true,
            }),
        MemberCommand::ReceivePayment(payment) => (member.payments.get(&payment.transaction)
            != Some(&payment))
        .then_some(MemberEvent::PaymentReceived { payment }),
        MemberCommand::TakeBack(_) => None,
    };
    Ok(event.into_iter().collect())
}

/// A file changes nothing of which a person has spoken, nor by naming another day, or the code in another way, of what is not known so.
fn by_file(member: &Member, seminar: &SeminarKey, changes: bool) -> Result<(), MemberRefusal> {
    let is_near = || {
        let mut by_hand = member.by_hand.iter();
        !member.attendance.contains_key(seminar) && by_hand.any(|known| known.is_near(seminar))
    };
    if changes && (member.by_hand.contains(seminar) || is_near()) {
        return Err(MemberRefusal::CorrectedByHand);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use jiff::civil::date;

    use super::*;
    use crate::{
        member::{
            Payment, PaymentItem, SeminarAttendance, record::examples::yoko,
            seminar::examples::attendance,
        },
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
            by_hand: false,
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
    fn a_fact_that_cannot_be_is_refused_alike_for_every_number() {
        let mut wrong = attendance(10);
        wrong.last_day = date(2000, 1, 1);
        for known in [vec![], vec![imported()]] {
            given(known)
                .when(MemberCommand::RecordAttendance(wrong.clone()))
                .then_expect_error(MemberRefusal::EndsBeforeItBegins);
        }
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
            by_hand: false,
        };
        given(vec![imported(), recorded(10)])
            .when(MemberCommand::RetractAttendance(attendance(10).key))
            .then_expect_events(vec![retracted.clone()]);
        given(vec![imported(), recorded(10), retracted])
            .when(MemberCommand::RetractAttendance(attendance(10).key))
            .then_expect_events(vec![]);
    }

    #[test]
    fn what_a_person_entered_or_took_back_stands_against_the_same_file_again() {
        let entered = MemberEvent::AttendanceRecorded {
            attendance: attendance(5),
            by_hand: true,
        };
        let removed = MemberEvent::AttendanceRetracted {
            seminar: attendance(10).key,
            by_hand: true,
        };
        given(vec![imported(), recorded(10)])
            .when(MemberCommand::EnterAttendance(attendance(5)))
            .then_expect_events(vec![entered.clone()]);
        given(vec![imported(), recorded(10)])
            .when(MemberCommand::RemoveAttendance(attendance(10).key))
            .then_expect_events(vec![removed.clone()]);
        for corrected in [entered.clone(), removed] {
            given(vec![imported(), recorded(10), corrected])
                .when(MemberCommand::RecordAttendance(attendance(10)))
                .then_expect_error(MemberRefusal::CorrectedByHand);
        }
        given(vec![imported(), entered.clone()])
            .when(MemberCommand::RetractAttendance(attendance(5).key))
            .then_expect_error(MemberRefusal::CorrectedByHand);
        // A file that says the same says nothing.
        given(vec![imported(), entered.clone()])
            .when(MemberCommand::RecordAttendance(attendance(5)))
            .then_expect_events(vec![]);
        // What was imported is made sure of by hand.
        given(vec![imported(), recorded(5)])
            .when(MemberCommand::EnterAttendance(attendance(5)))
            .then_expect_events(vec![entered]);
    }

    /// The same seminar under another day or with its code in other letters.
    fn spelled(code: &str, day: i8) -> SeminarAttendance {
        let mut one = attendance(10);
        one.key.code = code.to_owned();
        one.key.first_day = date(2022, 8, day);
        one
    }

    #[test]
    fn a_seminar_code_in_other_letters_names_the_seminar_that_is_known() {
        for code in ["es38a", "ＥＳ38Ａ", "=\"ES38A\"", "Es38a"] {
            given(vec![imported(), recorded(10)])
                .when(MemberCommand::RecordAttendance(spelled(code, 27)))
                .then_expect_events(vec![]);
            given(vec![imported(), recorded(10)])
                .when(MemberCommand::RemoveAttendance(spelled(code, 27).key))
                .then_expect_events(vec![MemberEvent::AttendanceRetracted {
                    seminar: attendance(10).key,
                    by_hand: true,
                }]);
        }
    }

    #[test]
    fn a_correction_by_hand_is_not_undone_by_another_spelling_or_day_of_the_same_seminar() {
        let entered = MemberEvent::AttendanceRecorded {
            attendance: attendance(10),
            by_hand: true,
        };
        let removed = MemberEvent::AttendanceRetracted {
            seminar: attendance(10).key,
            by_hand: true,
        };
        for (code, day) in [("ES38A", 28), ("es38a", 27), ("es38a", 20), ("ES-38A", 26)] {
            given(vec![imported(), recorded(10), removed.clone()])
                .when(MemberCommand::RecordAttendance(spelled(code, day)))
                .then_expect_error(MemberRefusal::CorrectedByHand);
            let mut otherwise = spelled(code, day);
            otherwise.units = 15;
            given(vec![imported(), entered.clone()])
                .when(MemberCommand::RecordAttendance(otherwise))
                .then_expect_error(MemberRefusal::CorrectedByHand);
        }
        // Another seminar is another one, and so is next year's.
        for (code, day) in [("ES38B", 27), ("ES39A", 27), ("ES38A", 1)] {
            let other = spelled(code, day);
            given(vec![imported(), removed.clone()])
                .when(MemberCommand::RecordAttendance(other.clone()))
                .then_expect_events(vec![MemberEvent::AttendanceRecorded {
                    attendance: other,
                    by_hand: false,
                }]);
        }
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
