//! What may be asked of a member's stream.

use super::{Member, MemberRecord, Payment, Retraction, SeminarAttendance, SeminarKey};

/// Commands of imports, and of who mends them.
#[derive(Clone, Debug)]
pub enum MemberCommand {
    /// The record of today.
    ImportRecord(Box<MemberRecord>),
    /// 出席
    RecordAttendance(SeminarAttendance),
    /// 欠席
    RetractAttendance(SeminarKey),
    /// 出席 as a person enters it: it stands against every later file.
    EnterAttendance(SeminarAttendance),
    /// What a person takes back: likewise.
    RemoveAttendance(SeminarKey),
    /// 入金
    ReceivePayment(Payment),
    /// 取込の取消 of one fact.
    TakeBack(Box<Retraction>),
}

impl MemberCommand {
    /// The same about a seminar as it is known of the member: a code in other letters is no other seminar.
    #[must_use]
    pub fn as_known(self, member: &Member) -> Self {
        let of = |attendance: SeminarAttendance| SeminarAttendance {
            key: member.known_key(&attendance.key),
            ..attendance
        };
        match self {
            Self::RecordAttendance(attendance) => Self::RecordAttendance(of(attendance)),
            Self::EnterAttendance(attendance) => Self::EnterAttendance(of(attendance)),
            Self::RetractAttendance(seminar) => Self::RetractAttendance(member.known_key(&seminar)),
            Self::RemoveAttendance(seminar) => Self::RemoveAttendance(member.known_key(&seminar)),
            other => other,
        }
    }
}
