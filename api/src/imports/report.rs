//! What an import did, for the person who started it.

use std::fmt;

use domain::{
    application::Placement,
    member::{FactChange, MemberNumber},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Encoding, Kind};

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Cannot be read.
    Bad,
    /// A later row of the file is about the same fact.
    Superseded,
    /// The transaction stands at another member in the same file.
    Conflicting,
    /// No record of that 会員番号.
    UnknownMember,
    /// Could be read, but not be recorded.
    Failed,
    /// The member has no application that it could be about.
    NoApplication,
    /// The application does not allow it.
    Refused,
    /// New or changed.
    Recorded,
    /// Known already.
    Unchanged,
    /// 取込の取消: as it was before.
    TakenBack,
    /// 取込の取消: left as it is.
    Left,
}

impl Outcome {
    /// The word of the summary.
    pub fn label(self) -> &'static str {
        match self {
            Self::Bad => "不備",
            Self::Superseded => "重複・置換",
            Self::Conflicting => "矛盾",
            Self::UnknownMember => "不一致",
            Self::Failed => "失敗",
            Self::NoApplication => "申込なし",
            Self::Refused => "登録不可",
            Self::Recorded => "新規・変更",
            Self::Unchanged => "変更なし",
            Self::TakenBack => "取消",
            Self::Left => "対象外",
        }
    }

    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Bad,
        Self::Superseded,
        Self::Conflicting,
        Self::UnknownMember,
        Self::Failed,
        Self::NoApplication,
        Self::Refused,
        Self::Recorded,
        Self::Unchanged,
        Self::TakenBack,
        Self::Left,
    ];

    /// The word of the database and of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Superseded => "superseded",
            Self::Conflicting => "conflicting",
            Self::UnknownMember => "unknown_member",
            Self::Failed => "failed",
            Self::NoApplication => "no_application",
            Self::Refused => "refused",
            Self::Recorded => "recorded",
            Self::Unchanged => "unchanged",
            Self::TakenBack => "taken_back",
            Self::Left => "left",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
    }
}

/// A row that was not recorded as it stands, or not for its own sake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReportedRow {
    /// Its first line in the file, from 1; the header is a line too.
    pub line: usize,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, in polite Japanese. Names columns, never what stands in them.
    pub message: String,
}

/// What became of a row, whatever it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowResult {
    /// Its first line in the file.
    pub line: usize,
    /// Whose it is, if that can be read.
    pub member: Option<MemberNumber>,
    /// What became of it.
    pub outcome: Outcome,
    /// A sentence where there is something to say. Names columns, never what stands in them: it is kept.
    pub message: String,
    /// A dry run only: what changes from what to what. Shown, never kept.
    pub changes: Vec<FactChange>,
    /// A dry run of payments only: where it belongs.
    pub placement: Option<Placement>,
}

/// What an import did. Every row of data is in exactly one of the nine counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportReport {
    /// Which file.
    pub kind: Kind,
    /// Whether nothing was written and the counts say what would have been.
    pub dry_run: bool,
    /// As detected.
    pub encoding: Encoding,
    /// Rows of data.
    pub rows: usize,
    /// 新規・変更
    pub recorded: usize,
    /// 変更なし: known already.
    pub unchanged: usize,
    /// 重複・置換: a later row stands for them.
    pub superseded: usize,
    /// 不備
    pub bad: usize,
    /// 不一致
    pub unknown_member: usize,
    /// 矛盾
    pub conflicting: usize,
    /// 失敗
    pub failed: usize,
    /// 申込なし
    pub no_application: usize,
    /// 登録不可
    pub refused: usize,
    /// About the file as a whole.
    pub notices: Vec<String>,
    /// The rows with a reason, by line.
    pub reported: Vec<ReportedRow>,
}

impl ImportReport {
    pub(super) fn new(kind: Kind, dry_run: bool, encoding: Encoding, rows: usize) -> Self {
        Self {
            kind,
            dry_run,
            encoding,
            rows,
            recorded: 0,
            unchanged: 0,
            superseded: 0,
            bad: 0,
            unknown_member: 0,
            conflicting: 0,
            failed: 0,
            no_application: 0,
            refused: 0,
            notices: Vec::new(),
            reported: Vec::new(),
        }
    }

    pub(super) fn report(&mut self, row: ReportedRow) {
        let count = match row.outcome {
            Outcome::Bad => &mut self.bad,
            Outcome::Superseded => &mut self.superseded,
            Outcome::Conflicting => &mut self.conflicting,
            Outcome::UnknownMember => &mut self.unknown_member,
            Outcome::Failed => &mut self.failed,
            Outcome::NoApplication => &mut self.no_application,
            Outcome::Refused | Outcome::Left => &mut self.refused,
            Outcome::Recorded | Outcome::TakenBack => {
                self.recorded += 1;
                return;
            }
            Outcome::Unchanged => {
                self.unchanged += 1;
                return;
            }
        };
        *count += 1;
        self.reported.push(row);
    }

    /// Whether every row was taken for its own sake: the exit code 0 of the command line.
    pub fn is_clean(&self) -> bool {
        self.reported.is_empty()
    }
}

/// The summary of the command line.
impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = self.kind.title();
        if self.dry_run {
            writeln!(f, "{title}の取り込みの確認（何も書き込んでいません）")?;
        } else {
            writeln!(f, "{title}の取り込み")?;
        }
        writeln!(f, "  文字コード  {}", self.encoding.label())?;
        writeln!(f, "  データ行    {:>6}", self.rows)?;
        for (label, count) in [
            ("新規・変更", self.recorded),
            ("変更なし  ", self.unchanged),
            ("重複・置換", self.superseded),
            ("不備      ", self.bad),
            ("不一致    ", self.unknown_member),
            ("矛盾      ", self.conflicting),
            ("失敗      ", self.failed),
            ("申込なし  ", self.no_application),
            ("登録不可  ", self.refused),
        ] {
            writeln!(f, "  {label}  {count:>6}")?;
        }
        for notice in &self.notices {
            writeln!(f, "お知らせ: {notice}")?;
        }
        for row in &self.reported {
            writeln!(
                f,
                "{}行目 [{}] {}",
                row.line,
                row.outcome.label(),
                row.message
            )?;
        }
        Ok(())
    }
}
