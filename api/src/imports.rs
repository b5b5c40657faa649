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
mod foreign;
mod held;
mod journal;
mod known;
mod members;
mod net_effect;
mod payments;
mod pending;
mod records;
mod report;
mod retraction;
mod seminar_attendance;
mod table;
mod workbook;

pub use command_line::run;
pub use encoding::Encoding;
pub use execution::{Carried, Origin, carry_out, import};
pub(crate) use execution::{applications_of, command_id};
pub use foreign::Named;
pub use held::{DecideError, HeldRow, HeldRows, decide};
pub use journal::{ImportRecord, ImportState, Journal, RecordedRow};
pub(crate) use known::Known;
pub use pending::{KEPT_FOR, PendingFile, PendingFiles};
pub use report::{ImportReport, Outcome, ReportedRow, RowResult};
pub use retraction::{RetractError, retract};

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    calendar::jst_date,
    member::{MemberCommand, MemberNumber, SeminarAttendance, Upheaval},
    text::{MailAddress, NotMailable, code_key},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Service, access::Permission};

use self::{
    net_effect::{Fact, GoodRow, PlacedRow, net_effect},
    table::{Reader, Table},
};

/// What stands beside the box of the preview.
pub const CONFIRMATION: &str = "氏名・生年月日の変更を確認しました";

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

    /// What it takes to import it, and to take such an import back: payments are 入金's and judgements are 判定's, by whatever way they come.
    pub fn permission(self) -> Permission {
        match self {
            Self::Members => Permission::ImportMembers,
            Self::SeminarAttendance => Permission::ImportAttendance,
            Self::Payments => Permission::ImportPayments,
            Self::ExamResults => Permission::ImportExamResults,
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
    /// Another encoding of Japanese.
    #[error(
        "このファイルの文字コードは{0}です。UTF-8 または Shift_JIS のCSVファイルで保存し直して、もう一度指定してください。"
    )]
    OtherEncoding(&'static str),
    /// A quotation mark of the header has no twin.
    #[error(
        "{0}行目（見出し）の引用符（\"）の対応がとれていません。見出しの行を修正して、もう一度指定してください。"
    )]
    HeaderQuotation(usize),
    /// What is wrong with a workbook, of which one sheet was read.
    #[error("{refusal}読み取ったのは、表示されている最初のシート「{read}」です。{}", other_sheets(.others))]
    Sheet {
        /// Of the sheet.
        refusal: Box<Self>,
        /// Its name.
        read: String,
        /// Names of the others.
        others: Vec<String>,
    },
    /// Something else than CSV or xlsx.
    #[error(
        "このファイルは{0}です。Excelブック（xlsx）またはCSV（UTF-8 または Shift_JIS、コンマ区切り）で保存し直して、もう一度指定してください。"
    )]
    Foreign(&'static str),
    /// Not parted by commas.
    #[error(
        "このファイルは{0}区切りです。「CSV（コンマ区切り）」で保存し直すか、Excelブック（xlsx）のまま指定してください。"
    )]
    Separated(&'static str),
    /// xlsx under the name or the type of CSV.
    #[error(
        "このファイルの中身はExcelブック（xlsx）ですが、CSVの名前または種類になっています。拡張子を .xlsx にして指定するか、CSVで保存し直してください。"
    )]
    XlsxNamedCsv,
    /// xlsx that cannot be read.
    #[error(
        "Excelブック（xlsx）を読み取れません。壊れているか、途中で切れています。Excelで開いて保存し直してください。"
    )]
    Damaged,
    /// xlsx that is small only as long as it is packed.
    #[error(
        "Excelブック（xlsx）の中身が大きすぎます（展開して200MBまで）。ファイルを分けて取り込んでください。"
    )]
    Unpacked,
    /// The header lacks columns.
    #[error("見出しに必要な列がありません: {}。別の種類のファイルでないかご確認ください。", .0.join("、"))]
    ColumnsMissing(Vec<&'static str>),
    /// The header has a column twice.
    #[error("見出しに同じ列が2つあります: {0}。1つにしてください。")]
    ColumnTwice(&'static str),
    /// Names or dates of birth of many members would change, and nobody has said that it is the right file.
    #[error("{} 正しいファイルの場合は、確認した旨（「{CONFIRMATION}」、API では confirmed=true、コマンドでは --confirmed）を指定してください。", .0.sentence())]
    Unconfirmed(Upheaval),
    /// The same, said to whoever must not be told how many.
    #[error(
        "氏名や生年月日が多くの会員で変わるファイルでないかをご確認ください。正しいファイルの場合は、確認した旨（「{CONFIRMATION}」、API では confirmed=true）を指定してください。"
    )]
    UnconfirmedUnseen,
    /// Its task ended before it did.
    #[error(
        "取り込みが途中で終わりました。取込履歴をご確認のうえ、もう一度取り込んでください（済んだ行は重複しません）。"
    )]
    Unfinished,
    /// More rows than fit into one import.
    #[error("データ行が{0}行を超えています。ファイルを分けて取り込んでください。")]
    TooManyRows(usize),
    /// More bytes than fit into one import.
    #[error("ファイルが大きすぎます（50MBまで）。ファイルを分けて取り込んでください。")]
    TooLarge,
}

/// What is to be said of the sheets beside the one that was refused.
fn other_sheets(others: &[String]) -> String {
    if others.is_empty() {
        return String::new();
    }
    format!(
        "ほかのシートは読み取っていません（{}）。取り込むシートを先頭に移して保存し直してください。",
        others.join("、")
    )
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
pub fn check_file(kind: Kind, file: &[u8], named: Named) -> Result<(), Unusable> {
    check_name(file, named)?;
    read(kind, file, true, Bounds::NONE).map(drop)
}

/// Whether a file is what it is called: who sends a workbook as CSV has made a mistake somewhere.
///
/// # Errors
/// [`Unusable::XlsxNamedCsv`].
pub fn check_name(file: &[u8], named: Named) -> Result<(), Unusable> {
    if named == Named::Csv && file.starts_with(foreign::PACKED) {
        return Err(Unusable::XlsxNamedCsv);
    }
    Ok(())
}

/// Places that a notice names; the rest it counts.
const NAMED_PLACES: usize = 20;

/// 「2行目、5行目 ほか3か所」
fn places(places: &[String]) -> String {
    let named = places.get(..NAMED_PLACES.min(places.len()));
    let text = named.unwrap_or_default().join("、");
    match places.len().saturating_sub(NAMED_PLACES) {
        0 => text,
        more => format!("{text} ほか{more}か所"),
    }
}

fn lines(lines: &[usize]) -> Vec<String> {
    lines.iter().map(|line| format!("{line}行目")).collect()
}

/// What is to be said of the file as a whole before its rows are read.
fn notices(table: &Table) -> Vec<String> {
    let mut notices = Vec::new();
    if !table.other_sheets.is_empty() {
        notices.push(format!(
            "最初のシートだけを読み取りました。取り込みの対象でないシートがありました: {}",
            table.other_sheets.join("、")
        ));
    }
    if !table.above.is_empty() {
        notices.push(format!(
            "見出しより上の行は読み取っていません: {}",
            places(&lines(&table.above))
        ));
    }
    if !table.unknown_columns.is_empty() {
        notices.push(format!(
            "取り込みの対象でない列がありました: {}",
            table.unknown_columns.join("、")
        ));
    }
    if !table.short.is_empty() {
        notices.push(format!(
            "見出しより列の少ない行が{}行ありました。足りない列は空欄として読み取りました: {}",
            table.short.len(),
            places(&lines(&table.short))
        ));
    }
    let rows = table.rows.iter();
    let private: Vec<_> = rows
        .filter_map(|(line, row)| Some((line, row.as_ref().ok()?.private_use())))
        .flat_map(|(line, columns)| {
            columns
                .into_iter()
                .map(move |column| format!("{line}行目 {column}"))
        })
        .collect();
    if !private.is_empty() {
        notices.push(format!(
            "外字（このシステムでは表示・印刷できない文字）が含まれる欄がありました。元のシステムで通常の文字に直してください: {}",
            places(&private)
        ));
    }
    notices
}

/// What is to be said of a row that is read, whatever becomes of it.
fn remarks(line: usize, row: &table::Row, read: &GoodRow) -> Vec<String> {
    let mut remarks = Vec::new();
    let private = row.private_use();
    if !private.is_empty() {
        remarks.push(format!("{} に外字が含まれています。", private.join("、")));
    }
    if let Fact::Member(MemberCommand::ImportRecord(record)) = &read.fact
        && let Err(reason) = MailAddress::parse(&record.email)
        && reason != NotMailable::Missing
    {
        tracing::debug!(line, "a mail address that cannot be written to");
        remarks.push(format!(
            "{}。この会員にはメールを送信できません。",
            reason.label()
        ));
    }
    if let Fact::Member(MemberCommand::ImportRecord(record)) = &read.fact
        && record.medical_registration.is_some()
        && !record.is_registered()
    {
        remarks.push(
            "医籍登録日・医籍登録番号のどちらかが空欄です。この会員は医籍が未登録のものとして扱います。"
                .to_owned(),
        );
    }
    remarks
}

/// The rows whose members cannot be written to, and those that describe one seminar in two ways.
fn notices_of_rows(rows: &[PlacedRow]) -> Vec<String> {
    let mut notices = Vec::new();
    let mut unwritable = Vec::new();
    let mut incomplete = Vec::new();
    let mut seminars: BTreeMap<String, (usize, &SeminarAttendance)> = BTreeMap::new();
    let mut described: BTreeMap<String, Described> = BTreeMap::new();
    let mut registrations: BTreeMap<String, (usize, &MemberNumber)> = BTreeMap::new();
    let mut mails: BTreeMap<String, (usize, &MemberNumber)> = BTreeMap::new();
    let mut shared = Vec::new();
    for PlacedRow { line, row, .. } in rows {
        let here = (*line, &row.member);
        match &row.fact {
            Fact::Member(MemberCommand::ImportRecord(record)) => {
                match MailAddress::parse(&record.email) {
                    Ok(address) => {
                        let (first, whose) = *mails.entry(address.key()).or_insert(here);
                        if *whose != row.member {
                            shared.push(format!("{first}行目と{line}行目 メールアドレス"));
                        }
                    }
                    Err(NotMailable::Missing) => {}
                    Err(_) => unwritable.push(format!("{line}行目 メールアドレス")),
                }
                if let Some(registration) = &record.medical_registration {
                    let number = code_key(&registration.number);
                    if !number.is_empty() {
                        let (first, whose) = *registrations.entry(number).or_insert(here);
                        if *whose != row.member {
                            shared.push(format!("{first}行目と{line}行目 医籍登録番号"));
                        }
                    }
                    if !registration.is_complete() {
                        incomplete.push(format!("{line}行目"));
                    }
                }
            }
            Fact::Member(MemberCommand::RecordAttendance(attendance)) => {
                let code = attendance.key.folded().code;
                let (first, known) = *seminars.entry(code.clone()).or_insert((*line, attendance));
                let columns = known.described_otherwise(attendance);
                if !columns.is_empty() {
                    let place = described.entry(code);
                    let place = place.or_insert_with(|| Described::at(&[first]));
                    place.add(*line, columns);
                }
            }
            Fact::Member(_) | Fact::ExamResult { .. } => {}
        }
    }
    for (what, found) in [
        (
            "メールを送信できないメールアドレスがありました。会員情報は取り込みますが、正しいアドレスをご確認ください",
            unwritable,
        ),
        (
            "別の会員番号の行と同じ番号・アドレスがありました。どちらが正しいかをご確認ください",
            shared,
        ),
        (
            "医籍登録日・医籍登録番号のどちらかが空欄の行がありました。この会員は医籍が未登録のものとして扱います。両方をご確認ください",
            incomplete,
        ),
        (
            "同じセミナーコードが異なる内容で書かれています。どちらが正しいかをご確認ください",
            described.into_values().map(|it| it.to_string()).collect(),
        ),
    ] {
        if !found.is_empty() {
            notices.push(format!("{what}: {}", places(&found)));
        }
    }
    notices
}

/// What nothing that has happened goes beyond.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// The day in Japan, by the clock that decides.
    today: Date,
    /// Most 単位 of one seminar.
    most_units: u32,
}

impl Bounds {
    /// None: for a look at the file alone.
    const NONE: Self = Self {
        today: Date::MAX,
        most_units: u32::MAX,
    };

    fn of(service: &Service) -> Self {
        Self {
            today: jst_date(service.clock.now()),
            most_units: service.programs.most_units(),
        }
    }
}

/// Where one seminar code stands with another description: one place for each code, however many rows are of it, or the places that are named
/// would all be of the first.
#[derive(Default)]
struct Described {
    lines: Vec<usize>,
    columns: BTreeSet<&'static str>,
}

impl Described {
    fn at(lines: &[usize]) -> Self {
        Self {
            lines: lines.to_vec(),
            columns: BTreeSet::new(),
        }
    }

    fn add(&mut self, line: usize, columns: impl IntoIterator<Item = &'static str>) {
        self.lines.push(line);
        self.columns.extend(columns);
    }
}

impl std::fmt::Display for Described {
    /// 「2行目と3行目 ほか24行（セミナー名）」
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = self.lines.get(..2).unwrap_or(&self.lines);
        out.write_str(&lines(named).join("と"))?;
        match self.lines.len().saturating_sub(2) {
            0 => {}
            more => write!(out, " ほか{more}行")?,
        }
        let columns: Vec<_> = self.columns.iter().copied().collect();
        write!(out, "（{}）", columns.join("、"))
    }
}

/// The pure part: from bytes to the facts of the file.
fn read(kind: Kind, file: &[u8], dry_run: bool, bounds: Bounds) -> Result<ReadFile, Unusable> {
    if file.len() > FILE_LIMIT {
        return Err(Unusable::TooLarge);
    }
    let table = Table::read(file, kind.columns(), kind.optional_columns())?;
    let mut report = ImportReport::new(kind, dry_run, table.encoding, table.rows.len());
    report.notices = notices(&table);
    let mut good = Vec::new();
    for (line, row) in table.rows {
        let read = row.and_then(|row| {
            let reader = Reader::new(&row);
            let read = match kind {
                Kind::Members => members::read(reader, bounds.today),
                Kind::SeminarAttendance => seminar_attendance::read(reader, bounds),
                Kind::Payments => payments::read(reader),
                Kind::ExamResults => exam_results::read(reader),
            };
            let read = read.map_err(|reason| reason + &row.across());
            read.map(|read| PlacedRow {
                line,
                hash: row.hash,
                short: row.short,
                remark: remarks(line, &row, &read).concat(),
                row: read,
            })
        });
        match read {
            Ok(row) => good.push(row),
            Err(message) => report.report(ReportedRow {
                line,
                outcome: Outcome::Bad,
                message,
            }),
        }
    }
    report.notices.extend(notices_of_rows(&good));
    let (rows, reported) = net_effect(good);
    for row in reported {
        report.report(row);
    }
    Ok(ReadFile { rows, report })
}

#[cfg(test)]
mod tests;
