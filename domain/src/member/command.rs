//! What may be asked of a member's stream.

use super::{MemberRecord, Payment, Retraction, SeminarAttendance, SeminarKey};

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
