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
    /// 入金
    ReceivePayment(Payment),
    /// 取込の取消 of one fact.
    TakeBack(Box<Retraction>),
}
