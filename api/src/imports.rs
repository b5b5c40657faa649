//! Imports of what the society's other systems export: members, seminar attendance, payments, exam results (architecture, decision 6).
//!
//! One way for the command line, HTTP and the demonstration: bytes → rows with their lines → the net effect of the file →
//! one command per fact. A good row is never lost because of a bad one, and a bad one is reported with line and reason.
//! Whether a fact is new is decided by the member's state, never by what was imported before, so a file may be imported
//! again, or after an import that was killed half-way, and the end is the same.
//!
//! Each run leaves a record (`journal`): whose, which file by its hash, and what became of every row. What a run recorded is found
//! by the ids of its commands, so it can be taken back (`retraction`) also when it was killed before it could write its rows down.
//! Why it is like this: `docs/decisions/0011-imports.md`.

mod command_line;
mod encoding;
mod exam_results;
mod execution;
mod journal;
mod members;
mod net_effect;
mod payments;
mod pending;
mod records;
mod report;
mod retraction;
mod seminar_attendance;
mod table;

pub use command_line::run;
pub use encoding::Encoding;
pub(crate) use execution::applications_of;
pub use execution::{Carried, Origin, carry_out, import};
pub use journal::{ImportRecord, ImportState, Journal, RecordedRow};
pub use pending::{KEPT_FOR, PendingFile, PendingFiles};
pub use report::{ImportReport, Outcome, ReportedRow, RowResult};
pub use retraction::{RetractError, retract};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::{
    net_effect::{PlacedRow, net_effect},
    table::{Reader, Table},
};

/// Most bytes of a file: some hundred times what the society exports today. It is held in memory while it is imported.
pub const FILE_LIMIT: usize = 50 * 1024 * 1024;

/// Which export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 会員基本情報
    Members,
    /// 当会セミナーの出欠
    SeminarAttendance,
    /// 入金
    Payments,
    /// 筆記試験の結果
    ExamResults,
}

impl Kind {
    /// All of them, in the order in which they are imported.
    pub const ALL: [Self; 4] = [
        Self::Members,
        Self::SeminarAttendance,
        Self::Payments,
        Self::ExamResults,
    ];

    /// The word of the address and of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::SeminarAttendance => "seminar-attendance",
            Self::Payments => "payments",
            Self::ExamResults => "exam-results",
        }
    }

    /// What the file is about.
    pub fn title(self) -> &'static str {
        match self {
            Self::Members => "会員データ",
            Self::SeminarAttendance => "セミナー出欠データ",
            Self::Payments => "入金データ",
            Self::ExamResults => "試験結果データ",
        }
    }

    /// Reads the word of the address and of the command line.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == text)
    }

    /// The columns that a file has, in any order.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Members => members::COLUMNS,
            Self::SeminarAttendance => seminar_attendance::COLUMNS,
            Self::Payments => payments::COLUMNS,
            Self::ExamResults => exam_results::COLUMNS,
        }
    }

    /// Those of them that may be left out.
    pub fn optional_columns(self) -> &'static [&'static str] {
        match self {
            Self::Members | Self::SeminarAttendance | Self::Payments => &[],
            Self::ExamResults => exam_results::OPTIONAL,
        }
    }
}

/// Why a file as a whole cannot be used; nothing of it was imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Nothing in it.
    #[error("ファイルが空です。見出しの行とデータの行があるCSVファイルを指定してください。")]
    Empty,
    /// "Unicode テキスト" of a spreadsheet.
    #[error(
        "UTF-16 のファイルは取り込めません。「CSV UTF-8（コンマ区切り）」で保存し直してください。"
    )]
    Utf16,
    /// Neither UTF-8 nor CP932.
    #[error(
        "1行目（見出し）を読み取れません。UTF-8 または Shift_JIS のCSVファイルを指定してください。"
    )]
    UnknownEncoding,
    /// The header lacks columns.
    #[error("見出しに必要な列がありません: {}。別の種類のファイルでないかご確認ください。", .0.join("、"))]
    ColumnsMissing(Vec<&'static str>),
    /// The header has a column twice.
    #[error("見出しに同じ列が2つあります: {0}。1つにしてください。")]
    ColumnTwice(&'static str),
    /// More rows than fit into one import.
    #[error("データ行が{0}行を超えています。ファイルを分けて取り込んでください。")]
    TooManyRows(usize),
    /// More bytes than fit into one import.
    #[error("ファイルが大きすぎます（50MBまで）。ファイルを分けて取り込んでください。")]
    TooLarge,
}

/// A file that was read: what it says in the end, and the report begun.
struct ReadFile {
    rows: Vec<PlacedRow>,
    report: ImportReport,
}

/// Whether a file can be used, without doing anything with it.
///
/// # Errors
/// Why not.
pub fn check_file(kind: Kind, file: &[u8]) -> Result<(), Unusable> {
    read(kind, file, true).map(drop)
}

/// The pure part: from bytes to the facts of the file.
fn read(kind: Kind, file: &[u8], dry_run: bool) -> Result<ReadFile, Unusable> {
    if file.len() > FILE_LIMIT {
        return Err(Unusable::TooLarge);
    }
    let table = Table::read(file, kind.columns(), kind.optional_columns())?;
    let mut report = ImportReport::new(kind, dry_run, table.encoding, table.rows.len());
    if !table.unknown_columns.is_empty() {
        report.notices.push(format!(
            "取り込みの対象でない列がありました: {}",
            table.unknown_columns.join("、")
        ));
    }
    let mut good = Vec::new();
    for (line, row) in table.rows {
        let read = row.and_then(|row| {
            let reader = Reader::new(&row);
            let read = match kind {
                Kind::Members => members::read(reader),
                Kind::SeminarAttendance => seminar_attendance::read(reader),
                Kind::Payments => payments::read(reader),
                Kind::ExamResults => exam_results::read(reader),
            };
            read.map(|read| (row.hash, read))
        });
        match read {
            Ok((hash, row)) => good.push(PlacedRow { line, hash, row }),
            Err(message) => report.report(ReportedRow {
                line,
                outcome: Outcome::Bad,
                message,
            }),
        }
    }
    let (rows, reported) = net_effect(good);
    for row in reported {
        report.report(row);
    }
    Ok(ReadFile { rows, report })
}

#[cfg(test)]
mod tests;
