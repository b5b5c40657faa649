//! 明細: what a source says of a transfer.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Yen;
use crate::{
    member::{MemberNumber, PaymentItem},
    personal::Personal,
};

/// Where a transfer was told from (取込元).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The exam site's export (受験サイト), which knows member and fee.
    ExamSite,
    /// A statement of one of the society's accounts.
    Bank {
        /// The account's key in the settings.
        account: String,
    },
    /// What a clerk has entered: cash, a postal transfer slip.
    ByHand,
}

impl Source {
    /// The word of the screens.
    pub fn label(&self) -> &'static str {
        match self {
            Self::ExamSite => "受験サイト",
            Self::Bank { .. } => "銀行口座",
            Self::ByHand => "手入力",
        }
    }
}

/// What makes a line one within its transfer: two fees, or two members, under one 取引番号 are two lines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LineKey {
    /// 会員番号, where the source says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Personal<MemberNumber>>,
    /// 費目, where the source says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<PaymentItem>,
}

/// A line as it was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which of the transfer's.
    #[serde(flatten)]
    pub key: LineKey,
    /// 円, more than 0.
    pub amount: Yen,
    /// 入金日 (a bank's 勘定日)
    pub paid_on: Date,
    /// 振込名義カナ, as the source has it.
    pub payer: Personal<String>,
}

/// One row of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who says it.
    pub source: Source,
    /// 取引番号, where the source numbers its transfers.
    pub number: Option<String>,
    /// What it says.
    pub line: Line,
    /// The id that the line gets if it is a new one: drawn by the caller, as `domain` draws none.
    pub id: Uuid,
}
