//! 取込の取消: one fact of an import goes back to what was known before it, if nothing has been said about it since.

use super::{
    Member, MemberEvent, MemberRecord, MemberRefusal, Payment, SeminarAttendance, SeminarKey,
};
use crate::personal::Personal;

/// What an import recorded of a member, and what was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retraction {
    /// 会員基本情報
    Record {
        /// As it was recorded.
        recorded: Box<MemberRecord>,
        /// As it was before; none for a new member.
        earlier: Option<Box<MemberRecord>>,
        /// Whether the member has applied for something: the record is then needed.
        applied: bool,
    },
    /// 出席 or 欠席
    Attendance {
        /// Which seminar.
        seminar: SeminarKey,
        /// As it was recorded; none for 欠席.
        recorded: Option<SeminarAttendance>,
        /// As it was before.
        earlier: Option<SeminarAttendance>,
    },
    /// 入金
    Payment {
        /// As it was recorded.
        recorded: Payment,
        /// As it was before.
        earlier: Option<Payment>,
    },
}

/// What an event of a member is about.
#[derive(PartialEq, Eq)]
enum About<'a> {
    Record,
    Seminar(&'a SeminarKey),
    Transaction(&'a str),
}

fn about(event: &MemberEvent) -> About<'_> {
    match event {
        MemberEvent::RecordImported { .. } | MemberEvent::RecordRetracted {} => About::Record,
        MemberEvent::AttendanceRecorded { attendance, .. } => About::Seminar(&attendance.key),
        MemberEvent::AttendanceRetracted { seminar, .. } => About::Seminar(seminar),
        MemberEvent::PaymentReceived { payment } => About::Transaction(&payment.transaction),
        MemberEvent::PaymentRetracted { transaction } => About::Transaction(transaction),
    }
}

impl Retraction {
    /// How the event of that number (from 1) is taken back, out of all events of its member. `applied`: whether the member has applied
    /// for something.
    ///
    /// That the same value stands there is not enough: it may have been recorded once more since, by somebody who meant it.
    ///
    /// # Errors
    /// [`MemberRefusal::ChangedSince`]; also for an event that is none of an import.
    pub fn of(
        events: &[MemberEvent],
        sequence: usize,
        applied: bool,
    ) -> Result<Self, MemberRefusal> {
        let place = sequence.checked_sub(1).ok_or(MemberRefusal::ChangedSince)?;
        let (before, from) = events
            .split_at_checked(place)
            .ok_or(MemberRefusal::ChangedSince)?;
        let (event, later) = from.split_first().ok_or(MemberRefusal::ChangedSince)?;
        if later.iter().any(|later| about(later) == about(event)) {
            return Err(MemberRefusal::ChangedSince);
        }
        let mut member = Member::default();
        for event in before {
            cqrs_es::Aggregate::apply(&mut member, event.clone());
        }
        Ok(match event.clone() {
            MemberEvent::RecordImported { record } => Self::Record {
                recorded: record.value,
                earlier: member.record.map(Box::new),
                applied,
            },
            MemberEvent::AttendanceRecorded { attendance, .. } => Self::Attendance {
                seminar: attendance.key.clone(),
                earlier: member.attendance.remove(&attendance.key),
                recorded: Some(attendance),
            },
            MemberEvent::AttendanceRetracted { seminar, .. } => Self::Attendance {
                earlier: member.attendance.remove(&seminar),
                seminar,
                recorded: None,
            },
            MemberEvent::PaymentReceived { payment } => Self::Payment {
                earlier: member.payments.remove(&payment.transaction),
                recorded: payment,
            },
            MemberEvent::RecordRetracted {} | MemberEvent::PaymentRetracted { .. } => {
                return Err(MemberRefusal::ChangedSince);
            }
        })
    }
}

/// What taking back does to a member as it is; nothing when it is as it was before already.
pub(super) fn decide(
    member: &Member,
    retraction: Retraction,
) -> Result<Option<MemberEvent>, MemberRefusal> {
    match retraction {
        Retraction::Record {
            recorded,
            earlier,
            applied,
        } => {
            if member.record.as_ref() == earlier.as_deref() {
                return Ok(None);
            }
            if member.record.as_ref() != Some(&*recorded) {
                return Err(MemberRefusal::ChangedSince);
            }
            match earlier {
                Some(record) => Ok(Some(MemberEvent::RecordImported {
                    record: Personal::new(record),
                })),
                None if applied || !member.attendance.is_empty() || !member.payments.is_empty() => {
                    Err(MemberRefusal::StillNeeded)
                }
                None => Ok(Some(MemberEvent::RecordRetracted {})),
            }
        }
        Retraction::Attendance {
            seminar,
            recorded,
            earlier,
        } => {
            let now = member.attendance.get(&seminar);
            if now == earlier.as_ref() {
                return Ok(None);
            }
            if now != recorded.as_ref() {
                return Err(MemberRefusal::ChangedSince);
            }
            Ok(Some(match earlier {
                Some(attendance) => MemberEvent::AttendanceRecorded {
                    attendance,
                    by_hand: false,
                },
                None => MemberEvent::AttendanceRetracted {
                    seminar,
                    by_hand: false,
                },
            }))
        }
        Retraction::Payment { recorded, earlier } => {
            let now = member.payments.get(&recorded.transaction);
            if now == earlier.as_ref() {
                return Ok(None);
            }
            if now != Some(&recorded) {
                return Err(MemberRefusal::ChangedSince);
            }
            Ok(Some(match earlier {
                Some(payment) => MemberEvent::PaymentReceived { payment },
                None => MemberEvent::PaymentRetracted {
                    transaction: recorded.transaction,
                },
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::member::{
        MemberCommand, PaymentItem, decide as decided, record_examples::yoko,
        seminar::examples::attendance,
    };

    fn imported(record: MemberRecord) -> MemberEvent {
        MemberEvent::RecordImported {
            record: Personal::new(Box::new(record)),
        }
    }

    fn moved() -> MemberRecord {
        let mut record = yoko();
        record.workplace.name = "中央総合病院".to_owned();
        record
    }

    fn attended(units: u32) -> MemberEvent {
        MemberEvent::AttendanceRecorded {
            attendance: attendance(units),
            by_hand: false,
        }
    }

    fn paid(amount_yen: u32) -> MemberEvent {
        MemberEvent::PaymentReceived {
            payment: Payment {
                transaction: "T1".to_owned(),
                item: PaymentItem::ExamFee,
                amount_yen,
                paid_on: date(2026, 6, 3),
                payer: Personal::new("リンショウ".to_owned()),
            },
        }
    }

    /// Takes the event of that number back, and gives what follows.
    fn taken_back(
        events: &[MemberEvent],
        sequence: usize,
        applied: bool,
    ) -> Result<Vec<MemberEvent>, MemberRefusal> {
        let retraction = Retraction::of(events, sequence, applied)?;
        let mut member = Member::default();
        for event in events {
            cqrs_es::Aggregate::apply(&mut member, event.clone());
        }
        let command = MemberCommand::TakeBack(Box::new(retraction));
        let events = decided(&member, command.clone())?;
        for event in events.clone() {
            cqrs_es::Aggregate::apply(&mut member, event);
        }
        assert_eq!(
            decided(&member, command),
            Ok(vec![]),
            "taken back once more, nothing changes"
        );
        Ok(events)
    }

    #[test]
    fn a_record_goes_back_to_the_earlier_one_and_a_first_one_is_gone() {
        let events = [imported(yoko()), imported(moved())];
        assert_eq!(taken_back(&events, 2, true), Ok(vec![imported(yoko())]));
        let events = [imported(yoko())];
        assert_eq!(
            taken_back(&events, 1, false),
            Ok(vec![MemberEvent::RecordRetracted {}])
        );
    }

    #[test]
    fn a_first_record_stays_while_something_rests_on_it() {
        for (events, applied) in [
            (vec![imported(yoko())], true),
            (vec![imported(yoko()), attended(10)], false),
            (vec![imported(yoko()), paid(11_000)], false),
        ] {
            assert_eq!(
                taken_back(&events, 1, applied),
                Err(MemberRefusal::StillNeeded)
            );
        }
    }

    #[test]
    fn attendance_and_payments_go_back_to_what_was_there_before() {
        let begun = imported(yoko());
        let MemberEvent::AttendanceRecorded { attendance, .. } = attended(10) else {
            panic!();
        };
        let absent = MemberEvent::AttendanceRetracted {
            seminar: attendance.key,
            by_hand: false,
        };
        for (events, follows) in [
            (vec![begun.clone(), attended(10)], absent.clone()),
            (
                vec![begun.clone(), attended(10), attended(15)],
                attended(10),
            ),
            (vec![begun.clone(), attended(10), absent], attended(10)),
            (
                vec![begun.clone(), paid(1)],
                MemberEvent::PaymentRetracted {
                    transaction: "T1".to_owned(),
                },
            ),
            (vec![begun, paid(1), paid(2)], paid(1)),
        ] {
            assert_eq!(
                taken_back(&events, events.len(), true),
                Ok(vec![follows]),
                "{events:?}"
            );
        }
    }

    #[test]
    fn what_was_said_again_since_is_left_even_if_it_is_the_same() {
        let events = [imported(yoko()), attended(10), attended(15), attended(10)];
        assert_eq!(
            taken_back(&events, 2, true),
            Err(MemberRefusal::ChangedSince)
        );
        let events = [imported(yoko()), imported(moved()), imported(yoko())];
        assert_eq!(
            taken_back(&events, 1, false),
            Err(MemberRefusal::ChangedSince)
        );
        for nowhere in [0, 4, usize::MAX] {
            assert!(Retraction::of(&events, nowhere, false).is_err());
        }
    }
}
