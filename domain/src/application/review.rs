//! What the secretariat works with while it checks an application: marks, adjusted units, paper proofs, notes, and what it asks
//! the member to correct.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{ItemAnswer, Refusal, edit::Edit, society::check_text};
use crate::{
    documents::{DocumentKind, RowId},
    personal::Personal,
    units::{AssessedRow, RemarkKind, UnitAssessment},
};

/// Who did something and when, where the state has to show it (architecture, decision 1: `apply` sees no metadata).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Signature {
    /// `secretariat:<account>`, never a name.
    pub by: String,
    /// When it was decided.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
}

/// 確認の状態 of one item. What has no mark is 未確認.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CheckMark {
    /// 未確認: the mark is taken away.
    Unchecked,
    /// 確認済
    Checked,
    /// 要修正
    NeedsCorrection,
}

impl CheckMark {
    /// All of them, in the order of the screen.
    pub const ALL: [Self; 3] = [Self::Unchecked, Self::Checked, Self::NeedsCorrection];

    /// The word for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unchecked => "未確認",
            Self::Checked => "確認済",
            Self::NeedsCorrection => "要修正",
        }
    }
}

/// A document, or a row of it: an entry of a list, or a seminar by `<code>@<first day>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckTarget {
    /// Which document.
    pub document: DocumentKind,
    /// Which row; none for the document as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
}

impl CheckTarget {
    /// A document as a whole.
    pub fn whole(document: DocumentKind) -> Self {
        Self {
            document,
            row: None,
        }
    }

    /// A row of a document.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "ids and names are given as they come"
    )]
    pub fn row(document: DocumentKind, row: impl ToString) -> Self {
        Self {
            document,
            row: Some(row.to_string()),
        }
    }

    /// The key in maps and forms: `papers` or `papers/<row>`.
    pub fn key(&self) -> String {
        match &self.row {
            None => self.document.slug().to_owned(),
            Some(row) => format!("{}/{row}", self.document.slug()),
        }
    }
}

/// A mark with whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// 確認済 or 要修正.
    pub mark: CheckMark,
    /// By whom and when.
    pub signed: Signature,
}

/// 事務局欄: units that the secretariat counts in the place of those that the rules give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// 単位 that count.
    pub units: u32,
    /// By whom and when. The reason is in the event's metadata.
    pub signed: Signature,
}

/// Papers that come by mail (reference section 5: 提出書類リスト).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Proof {
    /// 申請書（本紙）
    FinalForm,
    /// 研究業績取得単位を証明するもの(写)
    UnitProofs,
    /// 基本学会認定証・専門医認定書(写)
    Certificates,
}

impl Proof {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::FinalForm, Self::UnitProofs, Self::Certificates];

    /// The words of 提出書類リスト.
    pub fn label(self) -> &'static str {
        match self {
            Self::FinalForm => "申請書（本紙）",
            Self::UnitProofs => "研究業績取得単位を証明するもの(写)",
            Self::Certificates => "基本学会認定証・専門医認定書(写)",
        }
    }
}

/// Where a paper is (A, reference 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProofState {
    /// 未着
    Missing,
    /// 受領
    Received,
    /// 確認済
    Checked,
    /// 不備
    Defective,
}

impl ProofState {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Missing,
        Self::Received,
        Self::Checked,
        Self::Defective,
    ];

    /// The word for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Missing => "未着",
            Self::Received => "受領",
            Self::Checked => "確認済",
            Self::Defective => "不備",
        }
    }
}

/// 内部メモ: never shown to the member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it says.
    pub text: Personal<String>,
    /// By whom and when.
    pub signed: Signature,
}

/// One thing that the member is asked to correct.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionItem {
    /// Its number in the request, from 1.
    pub number: u32,
    /// Which document.
    pub document: DocumentKind,
    /// Which row of it; none for the document as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<RowId>,
    /// Which field, by its name in JSON (`school`); none for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is to be corrected, in words for the member.
    pub comment: Personal<String>,
}

impl CorrectionItem {
    /// Whether it opens this edit.
    fn opens(&self, edit: &Edit, field: Option<&str>) -> bool {
        self.document == edit.document
            && (self.row.is_none() || self.row == edit.row)
            && match (&self.field, field) {
                // A new row of the same id is the one that was removed.
                (None, _) => true,
                (Some(open), Some(field)) => self.row == edit.row && open == field,
                (Some(_), None) => false,
            }
    }

    /// What it is about, without the field: 「研究業績 論文」 3行目.
    pub fn target(&self) -> CheckTarget {
        CheckTarget {
            document: self.document,
            row: self.row.map(|row| row.to_string()),
        }
    }
}

/// 差し戻し（修正のお願い）
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionRequest {
    /// What is to be corrected; only this is open for editing.
    pub items: Vec<CorrectionItem>,
    /// Words before the list.
    pub message: Personal<String>,
    /// Until when the member completes again; may lie after 締め切り日時 of the program.
    pub due: Timestamp,
}

/// What the member has done about an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionProgress {
    /// Whether what the item names was changed since.
    pub changed: bool,
    /// What the member answered.
    pub answer: Option<Personal<String>>,
}

impl CorrectionProgress {
    /// Whether the member has dealt with it.
    pub fn is_done(&self) -> bool {
        self.changed || self.answer.is_some()
    }
}

/// A request with what the member has done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// What was asked for.
    pub request: CorrectionRequest,
    /// Number of the 本紙 that was sent back.
    pub submission: u32,
    /// By whom and when.
    pub signed: Signature,
    /// By number of the item.
    pub progress: BTreeMap<u32, CorrectionProgress>,
}

impl Correction {
    /// What the member has done about an item.
    pub fn progress_of(&self, number: u32) -> CorrectionProgress {
        self.progress.get(&number).cloned().unwrap_or_default()
    }

    /// Whether the whole edit lies in what the request opens.
    pub(crate) fn opens(&self, edit: &Edit) -> bool {
        let open = |field: Option<&str>| {
            self.request
                .items
                .iter()
                .any(|item| item.opens(edit, field))
        };
        match &edit.fields {
            None => open(None),
            Some(fields) => fields.iter().all(|field| open(Some(field))),
        }
    }

    /// What is wrong with answers, by the number of the item: what the person reads, item by item.
    pub fn wrong_answers(&self, answers: &[ItemAnswer]) -> Vec<(u32, Refusal)> {
        answers
            .iter()
            .filter_map(|one| Some((one.item, self.wrong_answer(one).err()?)))
            .collect()
    }

    fn wrong_answer(&self, one: &ItemAnswer) -> Result<(), Refusal> {
        let mut items = self.request.items.iter();
        if !items.any(|item| item.number == one.item) {
            return Err(Refusal::UnknownCorrection);
        }
        check_text("/answer", "回答", &one.answer, false)?;
        let known = self.answer_of(one.item);
        let overtaken = one.seen.as_ref().is_some_and(|seen| *seen != known);
        if overtaken && known != one.answer {
            return Err(Refusal::Invalid {
                pointer: "/answer".to_owned(),
                message: "この回答は別の画面で更新されています。保存済みの回答をご確認のうえ、もう一度保存してください。"
                    .to_owned(),
            });
        }
        Ok(())
    }

    /// The answer to an item as it is saved; empty when there is none.
    pub fn answer_of(&self, number: u32) -> String {
        let answer = self.progress_of(number).answer;
        answer.map_or_else(String::new, |answer| answer.value)
    }

    pub(crate) fn note_change(&mut self, edit: &Edit) {
        for item in &self.request.items {
            let touched = match &edit.fields {
                // A row that is gone is an answer to what was said about its fields.
                None => {
                    item.document == edit.document && (item.row.is_none() || item.row == edit.row)
                }
                Some(fields) => fields.iter().any(|field| item.opens(edit, Some(field))),
            };
            if touched {
                self.progress.entry(item.number).or_default().changed = true;
            }
        }
    }
}

/// 筆記試験の結果
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ExamOutcome {
    /// 合格
    Passed,
    /// 不合格
    Failed,
    /// 欠席
    Absent,
}

impl ExamOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Passed, Self::Failed, Self::Absent];

    /// The word of the export and of the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Passed => "合格",
            Self::Failed => "不合格",
            Self::Absent => "欠席",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.label() == text)
    }
}

/// 認定
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// 認定日: 4/1 after the year of the application (M).
    pub certified_on: Date,
    /// 有効期限: 3/31 five years later (M).
    pub expires_on: Date,
}

/// Everything of the check that stays when the documents go back and forth.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Counts everything that happened but notes and labels: a decision names the number that was seen.
    pub revision: u32,
    /// Marks, by [`CheckTarget::key`].
    pub checks: BTreeMap<String, Check>,
    /// 事務局欄, by [`CheckTarget::key`] of the row.
    pub adjustments: BTreeMap<String, Adjustment>,
    /// Papers that are not 未着.
    pub proofs: BTreeMap<Proof, (ProofState, Signature)>,
    /// 内部メモ, oldest first.
    pub notes: Vec<Note>,
    /// 内部ラベル
    pub labels: BTreeSet<String>,
    /// The last 差し戻し, also after the member has completed again.
    pub correction: Option<Correction>,
}

impl Review {
    /// The mark of an item.
    pub fn mark(&self, target: &CheckTarget) -> CheckMark {
        self.checks
            .get(&target.key())
            .map_or(CheckMark::Unchecked, |check| check.mark)
    }

    /// Where a paper is.
    pub fn proof(&self, proof: Proof) -> ProofState {
        self.proofs
            .get(&proof)
            .map_or(ProofState::Missing, |(state, _)| *state)
    }

    /// Whether every paper has come and none is wrong, so that none is to be handed in.
    pub fn has_all_papers(&self) -> bool {
        Proof::ALL.into_iter().all(|proof| {
            matches!(
                self.proof(proof),
                ProofState::Received | ProofState::Checked
            )
        })
    }

    /// A new 申込 after 取下げ: what is to be checked comes anew; notes, labels and papers stay.
    pub(crate) fn begin_again(&mut self) {
        self.revision = self.revision.saturating_add(1);
        self.checks.clear();
        self.adjustments.clear();
        self.correction = None;
    }

    /// What was changed has to be looked at again: its marks and its adjusted units are those of another content.
    pub(crate) fn forget(&mut self, edit: &Edit) {
        self.checks.remove(&CheckTarget::whole(edit.document).key());
        if let Some(row) = edit.row {
            let key = CheckTarget::row(edit.document, row).key();
            self.checks.remove(&key);
            self.adjustments.remove(&key);
        }
    }

    /// 単位 that the secretariat recognises: those that count by the rules, with 事務局欄 in their place. Caps are not applied
    /// to adjusted figures again: the secretariat's is the last word (A).
    pub fn recognised_units(&self, assessment: &UnitAssessment) -> u32 {
        assessment.rows.iter().fold(0, |sum: u32, row| {
            let key = CheckTarget::row(row.document, &row.row).key();
            let units = self
                .adjustments
                .get(&key)
                .map_or(row.counted, |adjustment| adjustment.units);
            sum.saturating_add(units)
        })
    }

    /// 事務局欄 of a row, where it says another figure than the rules.
    pub fn office(&self, target: &CheckTarget, assessed: Option<&AssessedRow>) -> Option<u32> {
        let units = self.adjustments.get(&target.key())?.units;
        (assessed.map(|row| row.counted) != Some(units)).then_some(units)
    }

    /// The rows whose 事務局欄 says another figure than the rules, each with that figure.
    pub fn differing<'a>(&self, assessment: &'a UnitAssessment) -> Vec<(&'a AssessedRow, u32)> {
        assessment
            .rows
            .iter()
            .filter_map(|row| {
                let target = CheckTarget::row(row.document, &row.row);
                Some((row, self.office(&target, Some(row))?))
            })
            .collect()
    }

    /// What is said of a row: its remarks, and in the place of 要確認 what is so once it has been looked at. An assessment is kept as it was
    /// submitted, so what happened since is not in it.
    pub fn sentences(&self, row: &AssessedRow) -> Vec<String> {
        let target = CheckTarget::row(row.document, &row.row);
        let office = self.adjustments.get(&target.key());
        let is_checked = self.mark(&target) == CheckMark::Checked;
        row.remarks
            .iter()
            .map(|remark| match office {
                _ if remark.kind != RemarkKind::PlaceDiffers => remark.message.clone(),
                Some(office) => format!(
                    "開催地は事務局で確認しました。単位は、事務局欄の{}単位です。",
                    office.units
                ),
                None if is_checked => {
                    "開催地は事務局で確認しました。単位に算入されます。".to_owned()
                }
                None => remark.message.clone(),
            })
            .collect()
    }

    /// 要確認: the rows that count although nobody can tell from them that they may. 書類受理 waits until each is 確認済 or has a 事務局欄.
    pub fn to_confirm<'a>(&self, assessment: &'a UnitAssessment) -> Vec<&'a AssessedRow> {
        assessment
            .rows
            .iter()
            .filter(|row| {
                let is_asked = row
                    .remarks
                    .iter()
                    .any(|remark| remark.kind == RemarkKind::PlaceDiffers);
                let target = CheckTarget::row(row.document, &row.row);
                is_asked
                    && self.mark(&target) != CheckMark::Checked
                    && !self.adjustments.contains_key(&target.key())
            })
            .collect()
    }
}
