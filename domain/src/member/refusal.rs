//! Why a command on a member is refused.

/// A refusal, in words for the person who imports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberRefusal {
    /// No record of that number has been imported.
    #[error(
        "会員番号に該当する会員が登録されていません。会員データを取り込んでから、もう一度取り込んでください。"
    )]
    UnknownMember,
}
