//! What an import did, for the person who started it.

use std::fmt;

use domain::{
    application::Placement,
    member::{FactChange, MemberNumber, Upheaval},
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
    /// 確認待ち: a person looks at it before it is recorded.
    Held,
    /// A person has said otherwise, and that stands.
    Kept,
    /// It needs a second person, who has not approved it yet.
    Waiting,
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
            Self::Held => "確認待ち",
            Self::Kept => "手修正あり",
            Self::Waiting => "承認待ち",
            Self::Recorded => "新規・変更",
            Self::Unchanged => "変更なし",
            Self::TakenBack => "取消",
            Self::Left => "対象外",
        }
    }

    /// Whether it follows from the file alone. Every other tells what is known of a member, or that nothing is: of a row that somebody has made
    /// up it would say whether it was guessed right.
    pub const fn is_of_the_file_alone(self) -> bool {
        match self {
            Self::Bad | Self::Superseded | Self::Conflicting | Self::Failed => true,
            Self::UnknownMember
            | Self::NoApplication
            | Self::Refused
            | Self::Held
            | Self::Kept
            | Self::Waiting
            | Self::Recorded
            | Self::Unchanged
            | Self::TakenBack
            | Self::Left => false,
        }
    }

    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Bad,
        Self::Superseded,
        Self::Conflicting,
        Self::UnknownMember,
        Self::Failed,
        Self::NoApplication,
        Self::Refused,
        Self::Held,
        Self::Kept,
        Self::Waiting,
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
            Self::Held => "held",
            Self::Kept => "kept",
            Self::Waiting => "waiting",
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

/// What an import did. Every row of data is in exactly one of the twelve counts; `new` is a part of `recorded`.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// 新規: those of them of which nothing was known.
    pub new: usize,
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
    /// 確認待ち: recorded when a person has looked at them.
    pub held: usize,
    /// 手修正あり: what a person said stands.
    pub kept: usize,
    /// 承認待ち: recorded when a second person has approved them.
    pub waiting: usize,
    /// About the file as a whole, and following from it alone.
    pub notices: Vec<String>,
    /// About the file beside what is recorded.
    pub comparisons: Vec<String>,
    /// Of members: how many are somebody else by name or date of birth.
    pub upheaval: Upheaval,
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
            new: 0,
            unchanged: 0,
            superseded: 0,
            bad: 0,
            unknown_member: 0,
            conflicting: 0,
            failed: 0,
            no_application: 0,
            refused: 0,
            held: 0,
            kept: 0,
            waiting: 0,
            notices: Vec::new(),
            comparisons: Vec::new(),
            upheaval: Upheaval::default(),
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
            Outcome::Held => &mut self.held,
            Outcome::Kept => &mut self.kept,
            Outcome::Waiting => &mut self.waiting,
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

    /// Rows in which nothing is wrong in itself, whatever became of them.
    pub fn accepted(&self) -> usize {
        let not = self.superseded + self.bad + self.conflicting + self.failed;
        self.rows.saturating_sub(not)
    }

    /// Whether somebody must say that the file is the right one. To whoever must not be told of members it follows from the file alone.
    pub fn needs_confirmation(&self, sees_members: bool) -> bool {
        if sees_members {
            self.upheaval.must_be_confirmed()
        } else {
            self.kind == Kind::Members && Upheaval::could_be(self.upheaval.rows)
        }
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
            ("新規      ", self.new),
            ("変更      ", self.recorded.saturating_sub(self.new)),
            ("同じ      ", self.unchanged),
            ("重複・置換", self.superseded),
            ("不備      ", self.bad),
            ("不一致    ", self.unknown_member),
            ("矛盾      ", self.conflicting),
            ("失敗      ", self.failed),
            ("申込なし  ", self.no_application),
            ("登録不可  ", self.refused),
            ("確認待ち  ", self.held),
            ("手修正あり", self.kept),
            ("承認待ち  ", self.waiting),
        ] {
            writeln!(f, "  {label}  {count:>6}")?;
        }
        for notice in self.notices.iter().chain(&self.comparisons) {
            writeln!(f, "お知らせ: {notice}")?;
        }
        if self.needs_confirmation(true) {
            writeln!(f, "ご確認ください: {}", self.upheaval.sentence())?;
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
