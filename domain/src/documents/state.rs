//! How far a document is, in words for 申請書類一覧 and the tabs.

use super::DocumentKind;
use crate::{application::Documents, program::Rules};

/// How far a document is. The manual knows 登録中 and nothing else; the rest is ours beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentState {
    /// 未入力
    NotStarted,
    /// 登録中（あと2項目）
    Incomplete {
        /// Fields to complete or correct, at least 1.
        missing: usize,
    },
    /// 入力完了
    Complete,
    /// 確認のみ: 当会セミナー, which nobody fills in.
    ReadOnly,
}

impl DocumentState {
    /// The words.
    pub fn label(self) -> String {
        match self {
            Self::NotStarted => "未入力".to_owned(),
            Self::Incomplete { missing } => format!("登録中（あと{missing}項目）"),
            Self::Complete => "入力完了".to_owned(),
            Self::ReadOnly => "確認のみ".to_owned(),
        }
    }
}

impl Documents {
    /// How far a document is.
    pub fn state(&self, kind: DocumentKind, rules: &Rules) -> DocumentState {
        if kind == DocumentKind::Seminars {
            return DocumentState::ReadOnly;
        }
        if !self.is_registered(kind) {
            return DocumentState::NotStarted;
        }
        let wrong = self.errors(kind, rules).len();
        // 研究活動歴 with rows and without 総年数, or the other way round.
        let lacking = usize::from(!self.is_complete(kind, rules));
        match wrong + lacking {
            0 => DocumentState::Complete,
            missing => DocumentState::Incomplete { missing },
        }
    }
}
