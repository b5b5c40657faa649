//! What happened to a transfer.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Line, Source, Yen};
use crate::{application::ApplicationId, member::PaymentItem, personal::Personal};

/// Where a part of a transfer belongs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A fee of an application, or of one that is still to be made: program and member name both.
    Fee {
        /// `<program>.<会員番号>`
        application: Personal<ApplicationId>,
        /// 費目
        fee: PaymentItem,
    },
    /// 対象外: money that is none of ours (年会費, a seminar); the reason stands with the act.
    NotOurs,
    /// The lump that the exam site pays out holds another transfer, which is so counted once.
    PaidOut {
        /// The exam site's transfer.
        transfer: Uuid,
    },
}

/// Why a person should look (要確認).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// A later file gave the number to another member too, and something was placed by then.
    AnotherMember,
    /// A later file names another 費目 for the same amount, day and payer.
    AnotherFee,
    /// A line was taken back (取込の取消, a bank's 取消), and what a person did with it was left.
    TakenBackLeft,
    /// Placed beyond its amount in the log of before.
    BeyondAmount,
}

impl Question {
    /// The sentence of the screens.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::AnotherMember => {
                "割り当てた後に、同じ取引番号で別の会員の明細が届いています。割り当てをご確認ください。"
            }
            Self::AnotherFee => {
                "同じ取引番号・金額・入金日で、費目だけが異なる明細が届いています。どちらが正しいかをご確認ください。"
            }
            Self::TakenBackLeft => {
                "割り当て・返金の後に、元の明細が取り消されています。割り当て・返金をご確認ください。"
            }
            Self::BeyondAmount => {
                "以前の記録では、入金額を超えて割り当てられています。割り当てをご確認ください。"
            }
        }
    }
}

/// Events of the stream `transfer.<random id>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TransferEvent {
    /// A source told of it for the first time.
    TransferRecorded {
        /// Who.
        source: Source,
        /// 取引番号, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<Personal<String>>,
    },
    /// A line, new or again after it was taken back.
    LineReceived {
        /// Its id.
        line: Uuid,
        /// As it was said.
        said: Line,
    },
    /// The source says a line otherwise: that waits for a person, the earlier stands.
    CorrectionHeld {
        /// Which line.
        line: Uuid,
        /// As it is said now.
        said: Line,
    },
    /// A person takes the correction.
    CorrectionTaken {
        /// Which line.
        line: Uuid,
        /// As it counts from now on.
        said: Line,
    },
    /// A person leaves the line as it was.
    CorrectionLeft {
        /// Which line.
        line: Uuid,
        /// What was not taken.
        said: Line,
    },
    /// 取込の取消 or the bank's 取消: there was no such line.
    LineTakenBack {
        /// Which.
        line: Uuid,
    },
    /// 割り当て
    PartPlaced {
        /// Its id.
        part: Uuid,
        /// Where it belongs.
        place: Place,
        /// 円, more than 0.
        amount: Yen,
        /// 手数料差: what the bank kept of it and the society forgoes; it counts as if it had come.
        #[serde(default)]
        forgone: Yen,
        /// The line that it was placed from by itself; none where a person placed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_line: Option<Uuid>,
    },
    /// 割り当ての取消
    PartTakenBack {
        /// Which.
        part: Uuid,
    },
    /// 返金, or its correction: the last word of an id stands.
    Repaid {
        /// Its id.
        repayment: Uuid,
        /// The part whose money it was; none for what was placed nowhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        part: Option<Uuid>,
        /// 円
        amount: Yen,
        /// 返金日
        on: Date,
        /// The last digits of the account it went to.
        account: Personal<String>,
    },
    /// 保留: nothing of it is placed by itself, and the work list has it under 保留.
    Held {},
    /// 保留の解除
    Released {},
    /// 要確認
    Questioned {
        /// Why.
        question: Question,
    },
    /// A person has looked.
    QuestionSettled {
        /// Which.
        question: Question,
    },
}

impl cqrs_es::DomainEvent for TransferEvent {
    fn event_type(&self) -> String {
        match self {
            Self::TransferRecorded { .. } => "TransferRecorded",
            Self::LineReceived { .. } => "LineReceived",
            Self::CorrectionHeld { .. } => "CorrectionHeld",
            Self::CorrectionTaken { .. } => "CorrectionTaken",
            Self::CorrectionLeft { .. } => "CorrectionLeft",
            Self::LineTakenBack { .. } => "LineTakenBack",
            Self::PartPlaced { .. } => "PartPlaced",
            Self::PartTakenBack { .. } => "PartTakenBack",
            Self::Repaid { .. } => "Repaid",
            Self::Held {} => "Held",
            Self::Released {} => "Released",
            Self::Questioned { .. } => "Questioned",
            Self::QuestionSettled { .. } => "QuestionSettled",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}
