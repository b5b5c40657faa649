//! What is asked of a transfer.

use jiff::civil::Date;
use uuid::Uuid;

use super::{Place, Question, Told, Yen};

/// A part that a person wants to place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPart {
    /// The id that it gets.
    pub id: Uuid,
    /// Where it belongs.
    pub place: Place,
    /// 円, more than 0.
    pub amount: Yen,
    /// 手数料差
    pub forgone: Yen,
}

/// A request to a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferCommand {
    /// A row of a source. The same row again changes nothing.
    Tell(Box<Told>),
    /// 取込の取消 or the bank's 取消 of a line.
    TakeLineBack {
        /// Which.
        line: Uuid,
    },
    /// A lone full match, placed by the import: the caller has asked `claims` and the payer.
    PlaceByImport {
        /// Which line.
        line: Uuid,
        /// What it is placed as; its amount is the line's.
        part: NewPart,
    },
    /// What a person does; each with 内部の理由.
    Act {
        /// What.
        act: TransferAct,
        /// 内部の理由
        reason: String,
        /// The number of events that the person has seen of it.
        seen: u64,
    },
}

/// What a person does with a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferAct {
    /// 割り当て: one part or several, all or none.
    Place(Vec<NewPart>),
    /// 割り当ての変更: the parts given take the place of one (move, split).
    Replace {
        /// The part that goes.
        part: Uuid,
        /// What comes.
        by: Vec<NewPart>,
    },
    /// 割り当ての取消
    TakeBack {
        /// Which part.
        part: Uuid,
    },
    /// 返金, or the correction of one under its id.
    Repay {
        /// Its id.
        repayment: Uuid,
        /// The part whose money it is.
        part: Option<Uuid>,
        /// 円
        amount: Yen,
        /// 返金日
        on: Date,
        /// The last digits of the account.
        account: String,
    },
    /// 訂正の採用
    TakeCorrection {
        /// Of which line.
        line: Uuid,
        /// Which of those that wait, from 0: what the person has seen is told by `seen`.
        number: usize,
    },
    /// 訂正を採用しない
    LeaveCorrection {
        /// Of which line.
        line: Uuid,
        /// Which of those that wait, from 0: what the person has seen is told by `seen`.
        number: usize,
    },
    /// 保留
    Hold,
    /// 保留の解除
    Release,
    /// 確認済
    Settle {
        /// Which question.
        question: Question,
    },
}

impl TransferAct {
    /// What it is called.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Place(_) => "割り当て",
            Self::Replace { .. } => "割り当ての変更",
            Self::TakeBack { .. } => "割り当ての取消",
            Self::Repay { .. } => "返金",
            Self::TakeCorrection { .. } => "訂正の採用",
            Self::LeaveCorrection { .. } => "訂正の不採用",
            Self::Hold => "保留",
            Self::Release => "保留の解除",
            Self::Settle { .. } => "確認済",
        }
    }
}
