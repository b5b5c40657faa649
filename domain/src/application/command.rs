//! What may be asked of an application.

use super::{Documents, RowValue, SocietyCommand};
use crate::{
    actor::Context,
    documents::{ClinicalExperience, DocumentKind, Profile, ResearchActivity, Resume, RowId},
    eligibility::Scope,
    member::{Member, MemberRecord, Payment, SeminarAttendance, SeminarKey},
    program::ProgramId,
};

/// A command with who asks and when (architecture, decision 1).
pub type Command = (ApplicationCommand, Context);

/// What the member says about one item of a 差し戻し.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemAnswer {
    /// Number of the item.
    pub item: u32,
    /// What the member says; empty takes an earlier answer back.
    pub answer: String,
    /// The answer that the member saw, if told: another one that came in between is not overwritten.
    pub seen: Option<String>,
}

/// Commands. `base` is the revision of the document that the person saw.
#[derive(Clone, Debug)]
pub enum ApplicationCommand {
    /// 申込
    Apply {
        /// The program.
        program: ProgramId,
        /// What for.
        scope: Scope,
        /// What the society knows of the member today.
        member: Box<Member>,
    },
    /// 追加お申込み 筆記試験
    AddExam,
    /// 履歴書: 入力内容保存
    SaveResume {
        /// What was typed.
        resume: Resume,
        /// Today's record.
        record: Box<MemberRecord>,
        /// Revision seen.
        base: u32,
    },
    /// プロフィール: 入力内容保存
    SaveProfile {
        /// What was typed.
        profile: Profile,
        /// Revision seen.
        base: u32,
    },
    /// 業績目録: 入力内容保存
    SaveClinicalExperience {
        /// What was typed.
        experience: ClinicalExperience,
        /// Revision seen.
        base: u32,
    },
    /// 新規作成 and 入力内容保存 of a row. A new row overwrites nothing, so the revision may be left out.
    AddRow {
        /// Id of the new row.
        row: RowId,
        /// What was typed.
        value: RowValue,
        /// Revision seen, if told.
        base: Option<u32>,
    },
    /// 編集 and 入力内容保存 of a row.
    ReviseRow {
        /// Which row.
        row: RowId,
        /// What was typed.
        value: RowValue,
        /// Revision seen.
        base: u32,
    },
    /// A row taken away.
    RemoveRow {
        /// Its document.
        document: DocumentKind,
        /// Which row.
        row: RowId,
        /// Revision seen.
        base: u32,
    },
    /// 総年数: 登録
    RecordResearchYears {
        /// As typed.
        total_years: String,
        /// Revision of 研究活動歴 seen.
        base: u32,
    },
    /// 以前の版の内容に戻す: one document becomes what it was, as a new change.
    RestoreDocument {
        /// Which document.
        document: DocumentKind,
        /// The documents of that moment.
        earlier: Box<Documents>,
        /// Today's record, which belongs to 履歴書.
        record: Box<MemberRecord>,
        /// Revision seen.
        base: u32,
    },
    /// 申請を完了する
    Submit,
    /// 取下げ
    Withdraw,
    /// Attendance that became known after 申込.
    ImportSeminarAttendance(SeminarAttendance),
    /// Attendance taken back after 申込.
    RetractSeminarAttendance(SeminarKey),
    /// 入金確認
    ConfirmPayment(Payment),
    /// A payment whose import was taken back after it had been confirmed here.
    RetractPayment(Payment),
    /// 研究活動歴: 総年数 and a 明細 in one save. Both are saved, or neither is.
    SaveResearchActivities {
        /// 総年数 as typed; none when it was left as it was.
        total_years: Option<String>,
        /// Which row.
        row: RowId,
        /// What was typed into it.
        activity: ResearchActivity,
        /// 新規作成
        new: bool,
        /// Revision seen.
        base: u32,
    },
    /// 修正のお願いへの回答: the member's answers to items of a 差し戻し. All are saved, or none is.
    AnswerCorrection {
        /// The answers.
        answers: Vec<ItemAnswer>,
    },
    /// What the society does.
    Society(SocietyCommand),
}
