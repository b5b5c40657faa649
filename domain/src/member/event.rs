//! What happened to a member.

use serde::{Deserialize, Serialize};

use super::{MemberRecord, Payment, SeminarAttendance, SeminarKey};
use crate::personal::Personal;

/// Events of the stream `member.<会員番号>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MemberEvent {
    /// 会員基本情報 as imported.
    RecordImported {
        /// The whole record.
        record: Personal<Box<MemberRecord>>,
    },
    /// 出席, new or replacing the earlier one of the same seminar.
    AttendanceRecorded {
        /// The attendance.
        attendance: SeminarAttendance,
        /// Whether a person entered it, with a reason: no file undoes that. Events of before do not say.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_hand: bool,
    },
    /// 欠席 after an earlier 出席.
    AttendanceRetracted {
        /// Which seminar.
        seminar: SeminarKey,
        /// Whether a person took it back, with a reason.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_hand: bool,
    },
    /// 入金, new or replacing the earlier one of the same transaction.
    PaymentReceived {
        /// The payment.
        payment: Payment,
    },
    /// 取込の取消: there was no such record before the import that is taken back.
    RecordRetracted {},
    /// 取込の取消: there was no such payment.
    PaymentRetracted {
        /// 取引番号
        transaction: String,
    },
}

impl cqrs_es::DomainEvent for MemberEvent {
    fn event_type(&self) -> String {
        match self {
            Self::RecordImported { .. } => "RecordImported",
            Self::AttendanceRecorded { .. } => "AttendanceRecorded",
            Self::AttendanceRetracted { .. } => "AttendanceRetracted",
            Self::PaymentReceived { .. } => "PaymentReceived",
            Self::RecordRetracted {} => "RecordRetracted",
            Self::PaymentRetracted { .. } => "PaymentRetracted",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}
