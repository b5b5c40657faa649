//! What a file says in the end: one row per fact, so that importing it again, or after a half-done import, ends the same.

use std::collections::{HashMap, hash_map::Entry};

use domain::{
    application::ExamOutcome,
    member::{MemberCommand, MemberNumber, SeminarKey},
};

use super::report::{Outcome, ReportedRow};

/// What makes two rows be about the same fact.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A member's record.
    Record(MemberNumber),
    /// A member at a seminar.
    Attendance(MemberNumber, SeminarKey),
    /// 取引番号
    Transaction(String),
    /// A member's result in a kind of application, as the file names it.
    ExamResult(MemberNumber, Option<String>),
}

/// What a row says.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    /// Something of the member.
    Member(MemberCommand),
    /// 筆記試験の結果, of the member's application.
    ExamResult {
        /// 申請の種類 as the file names it; none: that of this year.
        program: Option<String>,
        outcome: ExamOutcome,
        /// 会員への説明; empty where the file has none.
        explanation: String,
    },
}

/// A row that can be read.
#[derive(Clone, Debug)]
pub(super) struct GoodRow {
    pub key: Key,
    pub member: MemberNumber,
    pub fact: Fact,
}

/// A good row with its place.
#[derive(Clone, Debug)]
pub(super) struct PlacedRow {
    pub line: usize,
    /// Hash of its bytes in the file.
    pub hash: [u8; 32],
    /// Whether it ends before the last column.
    pub short: bool,
    /// What is to be said of it whatever becomes of it; empty for most.
    pub remark: String,
    pub row: GoodRow,
}

/// Keeps the last good row of each fact, in the order of the file, and reports the others.
///
/// A transaction that stands at two members stays with the first: which of them paid is for a person to decide. Only rows
/// of the same file are compared, as the log is asked by stream and not by transaction.
pub(super) fn net_effect(
    rows: impl IntoIterator<Item = PlacedRow>,
) -> (Vec<PlacedRow>, Vec<ReportedRow>) {
    let mut kept: Vec<Option<PlacedRow>> = Vec::new();
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut reported = Vec::new();
    for row in rows {
        let next = kept.len();
        match places.entry(row.row.key.clone()) {
            Entry::Vacant(place) => {
                place.insert(next);
            }
            Entry::Occupied(mut place) => {
                let Some(earlier) = kept.get_mut(*place.get()).and_then(Option::take) else {
                    continue;
                };
                if earlier.row.member != row.row.member {
                    reported.push(ReportedRow {
                        line: row.line,
                        outcome: Outcome::Conflicting,
                        message: format!(
                            "同じ取引番号が別の会員番号で{}行目にあるため、取り込みませんでした。どちらの会員の入金かをご確認ください。",
                            earlier.line
                        ),
                    });
                    if let Some(slot) = kept.get_mut(*place.get()) {
                        *slot = Some(earlier);
                    }
                    continue;
                }
                reported.push(ReportedRow {
                    line: earlier.line,
                    outcome: Outcome::Superseded,
                    message: if earlier.hash == row.hash {
                        format!(
                            "{}行目と重複しています（同じ内容のため、一度だけ取り込みます）。",
                            row.line
                        )
                    } else {
                        format!(
                            "同じ対象の行が{}行目にあるため、そちらの内容を取り込みます。",
                            row.line
                        )
                    },
                });
                place.insert(next);
            }
        }
        kept.push(Some(row));
    }
    (kept.into_iter().flatten().collect(), reported)
}
