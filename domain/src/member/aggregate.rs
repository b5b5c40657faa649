//! The member's state, and its seat in cqrs-es.

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

use super::{
    MemberCommand, MemberEvent, MemberRecord, MemberRefusal, Payment, SeminarAttendance,
    SeminarKey, decide,
};

/// What the society knows of a member.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The record of today; None before the first import.
    pub record: Option<MemberRecord>,
    /// Attendance by seminar.
    #[serde(with = "as_list")]
    pub attendance: BTreeMap<SeminarKey, SeminarAttendance>,
    /// Seminars of which a person has said whether the member was there: files do not change them.
    #[serde(default)]
    pub by_hand: BTreeSet<SeminarKey>,
    /// Payments by transaction.
    pub payments: BTreeMap<String, Payment>,
    /// Payments whose import was taken back, as they were: an application that has one of them gives it back.
    #[serde(default)]
    pub retracted_payments: BTreeMap<String, Payment>,
}

/// JSON objects have texts as keys; a map with another key is written as the list of its values.
mod as_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{SeminarAttendance, SeminarKey};

    pub(super) fn serialize<S: Serializer>(
        map: &BTreeMap<SeminarKey, SeminarAttendance>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        map.values().collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<SeminarKey, SeminarAttendance>, D::Error> {
        let list = Vec::<SeminarAttendance>::deserialize(deserializer)?;
        Ok(list.into_iter().map(|one| (one.key.clone(), one)).collect())
    }
}

impl Member {
    /// The key under which a seminar is known here, in whatever way its code is written now; its own where it is not.
    pub(super) fn known_key(&self, seminar: &SeminarKey) -> SeminarKey {
        let known = || self.attendance.keys().chain(&self.by_hand);
        let folded = seminar.folded();
        let is_known = known().any(|known| known == seminar);
        let spelled = known().find(|known| !is_known && known.folded() == folded);
        spelled.unwrap_or(seminar).clone()
    }

    /// The last word about a seminar says whose it is.
    fn said_by_hand(&mut self, seminar: &SeminarKey, by_hand: bool) {
        if by_hand {
            self.by_hand.insert(seminar.clone());
        } else {
            self.by_hand.remove(seminar);
        }
    }
}

impl Aggregate for Member {
    const TYPE: &'static str = "member";
    type Command = MemberCommand;
    type Event = MemberEvent;
    type Error = MemberRefusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        for event in decide(self, command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        match event {
            MemberEvent::RecordImported { record } => self.record = Some(*record.value),
            MemberEvent::AttendanceRecorded {
                attendance,
                by_hand,
            } => {
                self.said_by_hand(&attendance.key, by_hand);
                self.attendance.insert(attendance.key.clone(), attendance);
            }
            MemberEvent::AttendanceRetracted { seminar, by_hand } => {
                self.said_by_hand(&seminar, by_hand);
                self.attendance.remove(&seminar);
            }
            MemberEvent::PaymentReceived { payment } => {
                self.retracted_payments.remove(&payment.transaction);
                self.payments.insert(payment.transaction.clone(), payment);
            }
            MemberEvent::RecordRetracted {} => self.record = None,
            MemberEvent::PaymentRetracted { transaction } => {
                if let Some(payment) = self.payments.remove(&transaction) {
                    self.retracted_payments.insert(transaction, payment);
                }
            }
        }
    }
}
