//! Why a command on an application is refused, in polite Japanese that tells what to do next.

use crate::{
    documents::{DocumentKind, FieldError},
    eligibility::Reason,
    requirements::Requirement,
};

/// A refusal. Its `Display` is the sentence for the person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing has been applied for.
    #[error("お申込みが見つかりません。認定情報の画面からお申込みください。")]
    NotApplied,
    /// No program of that name.
    #[error("申請の種類が見つかりません。お申込みの一覧からお選びください。")]
    UnknownProgram,
    /// The member has applied already.
    #[error("すでにお申込み済みです。申請の画面で状況をご確認ください。")]
    AlreadyApplied,
    /// Not open to the member.
    #[error("{}", sentences(.0))]
    NotEligible(Vec<Reason>),
    /// Outside お申込み期間.
    #[error("{}", .0.message)]
    PeriodNotOpen(Reason),
    /// The exam is applied for already.
    #[error("筆記試験はすでにお申込み済みです。追加のお申込みは必要ありません。")]
    ExamAlreadyApplied,
    /// 書類審査 is not part of the application (筆記試験のみ).
    #[error(
        "筆記試験のみのお申込みのため、申請書類の入力は必要ありません。書類審査は正規更新年度にお申込みください。"
    )]
    DocumentsNotApplied,
    /// Another save came first.
    #[error(
        "この書類は別の画面で更新されています。保存済みの内容をご確認のうえ、もう一度保存してください。"
    )]
    StaleRevision {
        /// Which document.
        document: DocumentKind,
        /// Its revision now.
        current: u32,
    },
    /// No such row.
    #[error(
        "該当の明細が見つかりません。すでに削除されている場合があります。一覧を開き直してご確認ください。"
    )]
    UnknownRow,
    /// A row with that id is there already.
    #[error("この明細はすでに登録されています。一覧を開き直してご確認ください。")]
    RowExists,
    /// The list is full.
    #[error("{}は{limit}件まで登録が可能です。不要な明細を削除してから登録してください。", .document.title())]
    TooManyRows {
        /// Which document.
        document: DocumentKind,
        /// Most rows.
        limit: usize,
    },
    /// A character that cannot be kept; nothing is stored.
    #[error("{message}")]
    Undecodable {
        /// JSON pointer to the field.
        pointer: String,
        /// The sentence.
        message: String,
    },
    /// A text of more than twice the length of its field; nothing is stored.
    #[error("{message}")]
    TooLong {
        /// JSON pointer to the field.
        pointer: String,
        /// The sentence.
        message: String,
    },
    /// The member has written as much into the log today as an application takes.
    #[error(
        "1日に保存できる分量の上限に達したため、保存していません。入力された内容は控えておき、{goes_on}を過ぎてから、もう一度保存してください。申請の完了は行えます。"
    )]
    DayIsFull {
        /// When it goes on, in words.
        goes_on: String,
    },
    /// 当会セミナー is read-only, and a document without rows has none.
    #[error("この書類には明細を登録できません。当会セミナーの参加状況は自動で算入されます。")]
    NotARowDocument,
    /// The document did not exist at the moment to which it is to go back.
    #[error("その時点では、この書類はまだ登録されていません。別の時点をお選びください。")]
    NotSavedThen,
    /// After 申請を完了する.
    #[error(
        "申請を完了しているため、申請書類は編集できません。修正が必要な場合は事務局へお問い合わせください。"
    )]
    AlreadySubmitted,
    /// After 取下げ.
    #[error("お申込みは取り下げ済みです。期間内であれば、もう一度お申込みいただけます。")]
    Withdrawn,
    /// 申請完了要件 are not met.
    #[error(
        "申請完了要件を満たしていません。不備・不足を解消した上で再度申請書を確定してください。"
    )]
    RequirementsNotMet(Vec<Requirement>),
    /// A payment that belongs to nothing applied for.
    #[error("この入金に対応するお申込みがありません。費目と会員番号をご確認ください。")]
    PaymentFitsNothing,
    /// An import may not confirm a payment whose 振込名義 is not the member's: a person looks at it.
    #[error("振込名義が会員のフリガナと一致しません。内容をご確認のうえ、手動で照合してください。")]
    PayerDiffers,
    /// No such payment is confirmed.
    #[error("この取引番号の入金は確認されていません。取引番号をご確認ください。")]
    UnknownPayment,
    /// The act does not belong to the state.
    #[error(
        "「{act}」は、この申請の状態（{state}）では行えません。画面を開き直して状態をご確認ください。"
    )]
    WrongState {
        /// What was asked for.
        act: &'static str,
        /// The state, in its words.
        state: String,
    },
    /// Something changed since the person looked.
    #[error(
        "画面を開いた後にこの申請が更新されています。新しい内容をご確認のうえ、もう一度操作してください。"
    )]
    StaleReview {
        /// The number to be seen.
        current: u32,
    },
    /// One person is not enough, and no other one has approved it.
    #[error("この操作には別の担当者の承認が必要です。起案して、承認を依頼してください。")]
    NotApproved,
    /// A field of an act is wrong; nothing is stored.
    #[error("{message}")]
    Invalid {
        /// JSON pointer to the field.
        pointer: String,
        /// The sentence.
        message: String,
    },
    /// 差し戻し without an item.
    #[error("修正を依頼する項目がありません。書類または明細を選び、修正の内容を入力してください。")]
    NothingToCorrect,
    /// A date that must lie ahead.
    #[error("期限に過去の日時が指定されています。現在より後の日時を指定してください。")]
    DueInPast,
    /// 期限延長 to a time that is no later.
    #[error("いまの期限より後の日時を指定してください。")]
    NotLater,
    /// 書類受理 while something is open.
    #[error("書類を受理できません。{}。解消してから、もう一度操作してください。", .0.join("。"))]
    ChecksOpen(Vec<String>),
    /// 更新認定可 while something is missing.
    #[error("更新を認定できません。{}。", .0.join("。"))]
    NotYetCertifiable(Vec<String>),
    /// A result of an exam whose fee is not paid.
    #[error(
        "受験料の入金が確認されていないため、試験の結果を登録できません。先に入金をご確認ください。"
    )]
    ExamFeeUnpaid,
    /// What a member would do after 失効.
    #[error(
        "失効のお知らせをお送りしているため、この申請のお手続きは行えません。入力された内容は残っています。ご不明な点は事務局へお問い合わせください。"
    )]
    Lapsed,
    /// 取込の取消 of a result that is another one by now.
    #[error("取込の後に試験の結果が変更されているため、取り消していません。")]
    ExamResultChanged,
    /// 取込の取消 of a result where 不合格 would come or go.
    #[error(
        "不合格にかかわる結果は、取込の取消では戻せません。申請の画面から「筆記試験の結果の取消」を、会員への説明を付けて起案してください。"
    )]
    ExamResultTold,
    /// 認定 before 認定料.
    #[error("認定料の入金が確認されていないため、認定できません。先に入金をご確認ください。")]
    CertificationFeeUnpaid,
    /// No decision of that number stands.
    #[error(
        "取り消す処理が見つかりません。すでに取り消されている場合があります。画面を開き直して状態をご確認ください。"
    )]
    NothingToUndo,
    /// A later decision rests on it.
    #[error(
        "「{decision}」の後に「{later}」が行われているため、取り消せません。先に「{later}」を取り消してください。"
    )]
    LaterDecision {
        /// The one that was to be undone.
        decision: &'static str,
        /// The one that rests on it.
        later: &'static str,
    },
    /// An edit of nothing that a 差し戻し opens, with what it would have changed.
    #[error(
        "修正のお願いの対象外の項目は変更できないため、保存していません。修正のお願いをご確認ください。ほかにも修正が必要な場合は事務局へお問い合わせください。"
    )]
    NotReturned(Vec<FieldError>),
    /// An answer to an item that was not asked for.
    #[error("該当の修正のお願いが見つかりません。申請の画面を開き直してご確認ください。")]
    UnknownCorrection,
    /// Completing again after the date of a 差し戻し.
    #[error(
        "修正の期限（{due}）を過ぎたため、申請を完了できません。入力された内容は残っています。事務局へお問い合わせください。"
    )]
    CorrectionOverdue {
        /// The date, in words.
        due: String,
    },
    /// A payment of another amount than the fee.
    #[error("入金額が料金（{expected}円）と異なります。金額をご確認ください。")]
    AmountDiffers {
        /// The fee (円).
        expected: u32,
    },
}

fn sentences(reasons: &[Reason]) -> String {
    reasons
        .iter()
        .map(|reason| reason.message.as_str())
        .collect()
}

impl Refusal {
    /// Stable name, the last part of the problem's `type`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotApplied => "not-applied",
            Self::UnknownProgram => "unknown-program",
            Self::AlreadyApplied => "already-applied",
            Self::NotEligible(_) => "not-eligible",
            Self::PeriodNotOpen(_) => "period-not-open",
            Self::ExamAlreadyApplied => "exam-already-applied",
            Self::DocumentsNotApplied => "documents-not-applied",
            Self::StaleRevision { .. } => "stale-revision",
            Self::UnknownRow => "unknown-row",
            Self::RowExists => "row-exists",
            Self::TooManyRows { .. } => "too-many-rows",
            Self::Undecodable { .. } => "undecodable",
            Self::TooLong { .. } => "too-long",
            Self::DayIsFull { .. } => "day-is-full",
            Self::NotARowDocument => "not-a-row-document",
            Self::NotSavedThen => "not-saved-then",
            Self::AlreadySubmitted => "already-submitted",
            Self::Withdrawn => "withdrawn",
            Self::RequirementsNotMet(_) => "requirements-not-met",
            Self::PaymentFitsNothing => "payment-fits-nothing",
            Self::AmountDiffers { .. } => "amount-differs",
            Self::PayerDiffers => "payer-differs",
            Self::UnknownPayment => "unknown-payment",
            Self::WrongState { .. } => "wrong-state",
            Self::StaleReview { .. } => "stale-review",
            Self::NotApproved => "proposal-refused",
            Self::Invalid { .. } => "invalid",
            Self::NothingToCorrect => "nothing-to-correct",
            Self::DueInPast => "due-in-past",
            Self::NotLater => "not-later",
            Self::ChecksOpen(_) => "checks-open",
            Self::NotYetCertifiable(_) => "not-yet-certifiable",
            Self::ExamFeeUnpaid => "exam-fee-unpaid",
            Self::Lapsed => "lapsed",
            Self::ExamResultChanged => "exam-result-changed",
            Self::ExamResultTold => "exam-result-told",
            Self::CertificationFeeUnpaid => "certification-fee-unpaid",
            Self::NothingToUndo => "nothing-to-undo",
            Self::LaterDecision { .. } => "later-decision",
            Self::NotReturned(_) => "not-returned",
            Self::UnknownCorrection => "unknown-correction",
            Self::CorrectionOverdue { .. } => "correction-overdue",
        }
    }
}
