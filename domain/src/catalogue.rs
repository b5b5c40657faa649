//! The event catalogue: every event, what it means, which command makes it. `docs/events.md` is written from it.

/// One event of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventEntry {
    /// Aggregate type of its stream.
    pub stream: &'static str,
    /// Name in the log.
    pub name: &'static str,
    /// Newest version.
    pub version: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What makes it.
    pub made_by: &'static str,
}

const fn member(
    name: &'static str,
    label: &'static str,
    meaning: &'static str,
    made_by: &'static str,
) -> EventEntry {
    EventEntry {
        stream: "member",
        name,
        version: "1.0",
        label,
        meaning,
        made_by,
    }
}

const fn application(
    name: &'static str,
    label: &'static str,
    meaning: &'static str,
    made_by: &'static str,
) -> EventEntry {
    EventEntry {
        stream: "application",
        name,
        version: "1.0",
        label,
        meaning,
        made_by,
    }
}

const fn access(
    name: &'static str,
    label: &'static str,
    meaning: &'static str,
    made_by: &'static str,
) -> EventEntry {
    EventEntry {
        stream: "access",
        name,
        version: "1.0",
        label,
        meaning,
        made_by,
    }
}

const fn proposal(
    name: &'static str,
    label: &'static str,
    meaning: &'static str,
    made_by: &'static str,
) -> EventEntry {
    EventEntry {
        stream: "proposal",
        name,
        version: "1.0",
        label,
        meaning,
        made_by,
    }
}

/// Events of an application that are the secretariat's own work: a member sees none of them, neither in 変更履歴 nor anywhere else.
pub const INTERNAL_EVENTS: [&str; 3] = ["ItemChecked", "NoteAdded", "LabelsSet"];

/// Every event ever released, in the order of the streams.
pub const EVENTS: [EventEntry; 60] = [
    member(
        "RecordImported",
        "会員基本情報の取込",
        "The member's record as the society sends it.",
        "import of members, its retraction",
    ),
    member(
        "AttendanceRecorded",
        "セミナー出席の取込",
        "Attendance at a seminar, new or replacing the earlier one of the same seminar.",
        "import of seminar attendance, its retraction, the secretariat by hand",
    ),
    member(
        "AttendanceRetracted",
        "セミナー出席の取消",
        "欠席 after an earlier 出席.",
        "import of seminar attendance, its retraction, the secretariat by hand",
    ),
    member(
        "PaymentReceived",
        "入金の取込",
        "A payment, new or replacing the earlier one of the same transaction.",
        "import of payments, its retraction",
    ),
    member(
        "RecordRetracted",
        "会員基本情報の取込の取消",
        "The import of a member's first record is taken back.",
        "retraction of an import",
    ),
    member(
        "PaymentRetracted",
        "入金の取込の取消",
        "The import of a payment is taken back; an application that had confirmed it gives it back.",
        "retraction of an import",
    ),
    application(
        "Applied",
        "申込",
        "The application is made, with the record and attendance known that day.",
        "Apply",
    ),
    application(
        "ExamAdded",
        "筆記試験の追加お申込み",
        "The exam is added to an application for documents.",
        "AddExam",
    ),
    application(
        "ResumeSaved",
        "履歴書の保存",
        "履歴書 as typed, with the member's record at that moment.",
        "SaveResume, RestoreDocument",
    ),
    application(
        "ProfileSaved",
        "プロフィールの保存",
        "プロフィール as typed.",
        "SaveProfile, RestoreDocument",
    ),
    application(
        "ResearchActivityAdded",
        "研究活動歴の明細の追加",
        "A row of 研究活動歴.",
        "AddRow, RestoreDocument",
    ),
    application(
        "ResearchActivityRevised",
        "研究活動歴の明細の変更",
        "A row of 研究活動歴 typed anew.",
        "ReviseRow, RestoreDocument",
    ),
    application(
        "ResearchActivityRemoved",
        "研究活動歴の明細の削除",
        "A row of 研究活動歴 taken away.",
        "RemoveRow, RestoreDocument",
    ),
    application(
        "ResearchYearsRecorded",
        "研究活動・診療歴の総年数の登録",
        "総年数 as typed.",
        "RecordResearchYears, SaveResearchActivities, RestoreDocument",
    ),
    application(
        "ConferenceAdded",
        "学会参加の明細の追加",
        "A row of 研究業績 学会参加.",
        "AddRow, RestoreDocument",
    ),
    application(
        "ConferenceRevised",
        "学会参加の明細の変更",
        "A row of 研究業績 学会参加 typed anew.",
        "ReviseRow, RestoreDocument",
    ),
    application(
        "ConferenceRemoved",
        "学会参加の明細の削除",
        "A row of 研究業績 学会参加 taken away.",
        "RemoveRow, RestoreDocument",
    ),
    application(
        "PaperAdded",
        "論文の明細の追加",
        "A row of 研究業績 論文.",
        "AddRow, RestoreDocument",
    ),
    application(
        "PaperRevised",
        "論文の明細の変更",
        "A row of 研究業績 論文 typed anew.",
        "ReviseRow, RestoreDocument",
    ),
    application(
        "PaperRemoved",
        "論文の明細の削除",
        "A row of 研究業績 論文 taken away.",
        "RemoveRow, RestoreDocument",
    ),
    application(
        "ClinicalExperienceSaved",
        "業績目録の保存",
        "業績目録 as typed.",
        "SaveClinicalExperience, RestoreDocument",
    ),
    application(
        "Submitted",
        "申請の完了",
        "申請を完了する: number of the 本紙, unit assessment, version of the rules, digest of the documents.",
        "Submit",
    ),
    application(
        "Withdrawn",
        "取下げ",
        "The application is taken back.",
        "Withdraw",
    ),
    application(
        "SeminarAttendanceImported",
        "当会セミナー参加の反映",
        "Attendance that became known after 申込.",
        "ImportSeminarAttendance (forwarder)",
    ),
    application(
        "SeminarAttendanceRetracted",
        "当会セミナー参加の取消",
        "Attendance taken back after 申込.",
        "RetractSeminarAttendance (forwarder)",
    ),
    application(
        "PaymentConfirmed",
        "入金確認",
        "A payment that belongs to the application.",
        "ConfirmPayment (forwarder, secretariat), Apply",
    ),
    application(
        "PaymentReversed",
        "入金確認の取消",
        "A confirmed payment is taken back; an import does not confirm it again. `retracted`: its import was taken back, and the same payment counts when it is imported again.",
        "ReversePayment, RetractPayment (forwarder)",
    ),
    application(
        "ItemChecked",
        "確認",
        "A mark (未確認, 確認済, 要修正) on a document or a row. Internal.",
        "Check",
    ),
    application(
        "UnitsAdjusted",
        "単位の調整（事務局欄）",
        "Units of a row that the secretariat counts in the place of the rules; none takes them back.",
        "AdjustUnits",
    ),
    application(
        "ProofRecorded",
        "提出書類の記録",
        "Where a paper that comes by mail is: 未着, 受領, 確認済, 不備.",
        "RecordProof",
    ),
    application(
        "NoteAdded",
        "内部メモ",
        "A note of the secretariat. Internal.",
        "AddNote",
    ),
    application(
        "LabelsSet",
        "内部ラベル",
        "The labels of the application from now on. Internal.",
        "SetLabels",
    ),
    application(
        "ReturnedForCorrection",
        "差し戻し",
        "Items to be corrected, with comments and a date; only they are open.",
        "Return",
    ),
    application(
        "CorrectionAnswered",
        "修正のお願いへの回答",
        "The member answers one item.",
        "AnswerCorrection",
    ),
    application(
        "Reopened",
        "申請の再開",
        "A completed application is open for editing again.",
        "Reopen",
    ),
    application(
        "DeadlineExtended",
        "期限延長",
        "The application may be completed until a later time.",
        "ExtendDeadline",
    ),
    application(
        "DocumentsAccepted",
        "書類受理",
        "Documents and papers are in order.",
        "AcceptDocuments",
    ),
    application(
        "ReviewPassed",
        "審査合格",
        "The committee has passed the documents.",
        "PassReview",
    ),
    application(
        "ReviewFailed",
        "審査不合格",
        "The committee has not passed the documents.",
        "FailReview",
    ),
    application(
        "DecisionRevoked",
        "判定の取消",
        "書類受理 or the committee's result is taken back: 書類確認中 again.",
        "RevokeDecision",
    ),
    application(
        "ExamResultRecorded",
        "筆記試験の結果",
        "合格, 不合格 or 欠席.",
        "RecordExamResult, import of exam results",
    ),
    application(
        "ExamResultRetracted",
        "筆記試験の結果の取消",
        "The import of a result is taken back: there is none, as before.",
        "retraction of an import of exam results",
    ),
    application(
        "CertificationApproved",
        "更新認定可",
        "Both are passed: the renewal is approved.",
        "ApproveCertification",
    ),
    application(
        "CertificationFeeRequested",
        "認定料の請求",
        "認定料 is to be paid by a day.",
        "RequestCertificationFee",
    ),
    application(
        "Certified",
        "認定",
        "The certification is renewed, from when to when.",
        "Certify",
    ),
    application(
        "Deferred",
        "猶予",
        "The renewal is put off to a day.",
        "Defer",
    ),
    application("Lapsed", "失効", "The certification has ended.", "Lapse"),
    application(
        "DecisionUndone",
        "処理の取消",
        "A result of the exam or a decision about the certification (更新認定可, 認定料の請求, 認定, 猶予, 失効) is undone by the number of its event: what was before it stands again, and money stays as it is.",
        "Undo",
    ),
    EventEntry {
        stream: "access",
        name: "PersonalDataViewed",
        version: "1.0",
        label: "個人情報の閲覧",
        meaning: "Somebody else than the member was shown something of the member; once in ten minutes for the same person and thing.",
        made_by: "every read by the secretariat, a client or `shinsei print`",
    },
    EventEntry {
        stream: "access",
        name: "PersonalDataListed",
        version: "1.0",
        label: "個人情報の一覧の閲覧",
        meaning: "Somebody else than these members was shown a list or a file, or a part of one, that shows something of each of them; it stands in the 閲覧記録 of each. At most 5,000 in one event.",
        made_by: "every list and file for the secretariat, a reporter or a client",
    },
    EventEntry {
        stream: "access",
        name: "AccessRefused",
        version: "1.0",
        label: "権限のない操作",
        meaning: "Somebody who is signed in asked for what the own duties do not hold; nothing was shown or done. Once in ten minutes for the same person and thing, in `access.*`.",
        made_by: "every request that is answered `not-permitted`",
    },
    access(
        "StaffSignedIn",
        "職員のサインイン",
        "Somebody of the staff was let in: in which role, with which duties as of then, by which way. In `access.account:<account>`, before the session is given out.",
        "every sign-in of the secretariat and of reporters",
    ),
    access(
        "AccessEnded",
        "アカウントの利用終了",
        "Every session and token that began at this account before is good for nothing any more. Signing in again is possible: the issuer says who may.",
        "`POST /api/v1/accounts/{account}/end`, its page, `shinsei end-access`",
    ),
    access(
        "TokenMade",
        "トークンの発行",
        "A machine client's token: its role, scopes and end, and who answers for it. Without this event a token opens nothing. In `access.token:<id>`.",
        "`POST /api/v1/tokens`, `shinsei token create`; for tokens of before, `shinsei seal-tokens`",
    ),
    access(
        "TokenRevoked",
        "トークンの取消し",
        "The token opens nothing any more.",
        "`DELETE /api/v1/tokens/{token}`, `shinsei token revoke`, the end of its maker's access",
    ),
    access(
        "EarlierTokensSealed",
        "以前のトークンの封印",
        "The tokens that were made before there were events of them have theirs now; no other token without will get one. Once, in `access.*`.",
        "`shinsei seal-tokens`",
    ),
    proposal(
        "Proposed",
        "起案",
        "Something is proposed before it is done: what exactly (digest), by whom, until when; 単独: from when on without a second person (`alone_from`).",
        "Propose",
    ),
    proposal(
        "Approved",
        "承認",
        "Another account has approved exactly that.",
        "Approve",
    ),
    proposal(
        "Cancelled",
        "却下・取消",
        "It is not done: another account said no, or whoever proposed it took it back.",
        "Cancel",
    ),
    proposal(
        "Used",
        "実施",
        "It is being done, and cannot be done again.",
        "Use",
    ),
];

#[cfg(test)]
mod tests;
