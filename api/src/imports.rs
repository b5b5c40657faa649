//! Imports of what the society's other systems export: members, seminar attendance, payments (architecture, decision 6).
//!
//! One way for the command line, HTTP and the demonstration: bytes → rows with their lines → the net effect of the file →
//! one command per fact. A good row is never lost because of a bad one, and a bad one is reported with line and reason.
//! Whether a fact is new is decided by the member's state, never by what was imported before, so a file may be imported
//! again, or after an import that was killed half-way, and the end is the same.

mod command_line;
mod encoding;
mod execution;
mod members;
mod net_effect;
mod payments;
mod records;
mod report;
mod seminar_attendance;
mod table;

pub use command_line::run;
pub use encoding::Encoding;
pub use execution::{Origin, import};
pub use report::{ImportReport, Outcome, ReportedRow};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::{
    net_effect::{PlacedRow, net_effect},
    table::{Reader, Table},
};

/// Most bytes of a file: some forty times what the society exports today.
pub const FILE_LIMIT: usize = 20 * 1024 * 1024;

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
}

impl Kind {
    /// What the file is about.
    pub fn title(self) -> &'static str {
        match self {
            Self::Members => "会員データ",
            Self::SeminarAttendance => "セミナー出欠データ",
            Self::Payments => "入金データ",
        }
    }

    /// Reads the word of the address and of the command line.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "members" => Some(Self::Members),
            "seminar-attendance" => Some(Self::SeminarAttendance),
            "payments" => Some(Self::Payments),
            _ => None,
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Members => members::COLUMNS,
            Self::SeminarAttendance => seminar_attendance::COLUMNS,
            Self::Payments => payments::COLUMNS,
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
    #[error("ファイルが大きすぎます（20MBまで）。ファイルを分けて取り込んでください。")]
    TooLarge,
}

/// A file that was read: what it says in the end, and the report begun.
struct ReadFile {
    rows: Vec<PlacedRow>,
    report: ImportReport,
}

/// The pure part: from bytes to the facts of the file.
fn read(kind: Kind, file: &[u8], dry_run: bool) -> Result<ReadFile, Unusable> {
    if file.len() > FILE_LIMIT {
        return Err(Unusable::TooLarge);
    }
    let table = Table::read(file, kind.columns())?;
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
