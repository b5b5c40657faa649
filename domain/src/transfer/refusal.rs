//! Why a transfer says no.

use super::Yen;

/// A refusal, with the sentence that says what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferRefusal {
    /// There is no such transfer.
    #[error("この入金は登録されていません。入金一覧を開き直してください。")]
    UnknownTransfer,
    /// There is no such line.
    #[error("この明細は登録されていません。画面を開き直してください。")]
    UnknownLine,
    /// There is no such part.
    #[error("この割り当ては取り消されています。画面を開き直して、現在の割り当てをご確認ください。")]
    UnknownPart,
    /// Something changed since the person looked.
    #[error(
        "画面を開いた後に、この入金が更新されています。新しい内容をご確認のうえ、もう一度操作してください。"
    )]
    Stale {
        /// The number of events to be seen.
        current: u64,
    },
    /// 0円
    #[error("金額は1円以上で入力してください。")]
    Nothing,
    /// More than can be written.
    #[error("合計が 999,999,999,999円を超えています。金額をご確認ください。")]
    TooMuch,
    /// The parts would be more than the transfer.
    #[error(
        "割り当てが入金額を超えます（割り当てられる残り {}）。金額を減らすか、ほかの割り当てを先に取り消してください。", .left.show()
    )]
    BeyondAmount {
        /// What is left to place.
        left: Yen,
    },
    /// More than the part has.
    #[error(
        "返金が元の金額を超えます（返金できる残り {}）。金額をご確認ください。", .left.show()
    )]
    BeyondPart {
        /// What can be paid back.
        left: Yen,
    },
    /// A part of which money was paid back.
    #[error(
        "返金の記録がある割り当ては変更できません。返金の記録を0円に訂正してから、もう一度操作してください。"
    )]
    Repaid,
    /// No correction waits.
    #[error("確認を待っている訂正はありません。画面を開き直してください。")]
    NoCorrection,
    /// 保留
    #[error("この入金は保留中です。保留を解除してから、もう一度操作してください。")]
    OnHold,
    /// 手数料差 beyond the setting.
    #[error("手数料差は{}までです。超える分は、未納のままにしてください。", .limit.show())]
    TooMuchForgone {
        /// The setting.
        limit: Yen,
    },
    /// A field of the act.
    #[error("{message}")]
    Invalid {
        /// Where, as a JSON pointer.
        pointer: &'static str,
        /// The sentence.
        message: String,
    },
}

impl TransferRefusal {
    /// The word of the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownTransfer => "unknown-transfer",
            Self::UnknownLine => "unknown-line",
            Self::UnknownPart => "unknown-part",
            Self::Stale { .. } => "stale-transfer",
            Self::Nothing => "nothing",
            Self::TooMuch => "too-much",
            Self::BeyondAmount { .. } => "beyond-amount",
            Self::BeyondPart { .. } => "beyond-part",
            Self::Repaid => "repaid",
            Self::NoCorrection => "no-correction",
            Self::OnHold => "on-hold",
            Self::TooMuchForgone { .. } => "too-much-forgone",
            Self::Invalid { .. } => "invalid",
        }
    }
}
