//! Why a command on a member is refused.

/// A refusal, in words for the person who imports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberRefusal {
    /// No record of that number has been imported.
    #[error(
        "会員番号に該当する会員が登録されていません。会員データを取り込んでから、もう一度取り込んでください。"
    )]
    UnknownMember,
    /// Days that no seminar can have.
    #[error("終了日 が開始日より前になっています。日付をご確認ください。")]
    EndsBeforeItBegins,
    /// A file says otherwise than the person who corrected it.
    #[error(
        "担当者が手で登録または取り消した出欠のため、ファイルの内容では変更していません。変更が必要な場合は、会員のセミナーの出欠の画面で修正してください。"
    )]
    CorrectedByHand,
    /// 取込の取消: what the import recorded is not what stands there.
    #[error("取込の後に変更されているため、取り消していません。")]
    ChangedSince,
    /// 取込の取消 of the first record of a member about whom something else is known.
    #[error("この会員には出欠・入金またはお申込みがあるため、会員データを取り消していません。")]
    StillNeeded,
}
