//! 入金: payments as the exam site sends them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    calendar::{EARLIEST_OF_THE_SOCIETY, not_happened},
    personal::Personal,
};

/// 費目
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PaymentItem {
    /// 受験料
    ExamFee,
    /// 審査料
    ReviewFee,
    /// 認定料
    CertificationFee,
}

impl PaymentItem {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ReviewFee, Self::ExamFee, Self::CertificationFee];

    /// Reads the word of the export.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "受験料" => Some(Self::ExamFee),
            "審査料" => Some(Self::ReviewFee),
            "認定料" => Some(Self::CertificationFee),
            _ => None,
        }
    }

    /// The word of the export.
    pub fn label(self) -> &'static str {
        match self {
            Self::ExamFee => "受験料",
            Self::ReviewFee => "審査料",
            Self::CertificationFee => "認定料",
        }
    }
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// 取引番号: what makes the payment one.
    pub transaction: String,
    /// 費目
    pub item: PaymentItem,
    /// 円, more than 0.
    pub amount_yen: u32,
    /// 入金日
    pub paid_on: Date,
    /// 振込名義カナ
    pub payer: Personal<String>,
}

/// The sentence for an 入金日 that no payment can have which has come.
pub fn impossible_payment_day(paid_on: Date, today: Date) -> Option<String> {
    not_happened("入金日", paid_on, EARLIEST_OF_THE_SOCIETY, today)
}
