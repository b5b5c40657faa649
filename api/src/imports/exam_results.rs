//! `exam-results.csv`: 筆記試験の結果 from the exam site.

use domain::application::ExamOutcome;

use super::{
    net_effect::{Fact, GoodRow, Key},
    table::Reader,
};

/// The columns of the export.
pub(super) const COLUMNS: &[&str] = &["会員番号", "申請の種類", "結果", "会員への説明"];

/// A file without 申請の種類 is about this year's application; one without 会員への説明 says of a result no more than the result.
pub(super) const OPTIONAL: &[&str] = &["申請の種類", "会員への説明"];

/// Reads one result.
pub(super) fn read(mut row: Reader<'_>) -> Result<GoodRow, String> {
    let member = row.member("会員番号");
    let program = row.code("申請の種類");
    let program = (!program.is_empty()).then_some(program);
    let outcome = row.word("結果", "「合格」「不合格」「欠席」", ExamOutcome::parse);
    let explanation = row.text("会員への説明").trim().to_owned();
    let read = member.zip(outcome).map(|(member, outcome)| GoodRow {
        key: Key::ExamResult(member.clone(), program.clone()),
        member,
        fact: Fact::ExamResult {
            program,
            outcome,
            explanation,
        },
    });
    row.finish(read)
}
