//! The one table of problems: code, status, title and the sentence.

use axum::http::StatusCode;
use domain::application::Refusal;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $status:ident, $code:literal, $title:literal, $sentence:expr;)*) => {
        /// Every problem that the API can answer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Stable name, the last part of `type`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Status of the answer.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// Title, the same for every problem of the kind.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What is said when there is nothing more exact to say.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

kinds! {
    /// The address cannot be read: percent encoding or a query parameter.
    MalformedAddress: BAD_REQUEST, "malformed-address", "アドレスか検索条件の形式が正しくありません",
        "アドレスまたは検索条件の形式が正しくありません。アドレスをご確認ください。";
    /// The body is not JSON.
    MalformedJson: BAD_REQUEST, "malformed-json", "JSON を読み取れません",
        "送信された内容を JSON として読み取れません。内容をご確認のうえ、もう一度お送りください。";
    /// A write without `Idempotency-Key`, or with one that is none.
    IdempotencyKeyRequired: BAD_REQUEST, "idempotency-key-required", "Idempotency-Key が必要です",
        "Idempotency-Key ヘッダーに半角英数字・記号1〜200文字の値を指定してください。同じ操作をやり直すときは同じ値をお使いください。";
    /// A form that our pages do not send: no revision in it, or another encoding.
    PageTampered: BAD_REQUEST, "page-tampered", "画面の情報を読み取れません",
        "画面の情報を読み取れないため、保存していません。画面を開き直してから、もう一度操作してください。";
    /// A session and a token in one request.
    TwoIdentities: BAD_REQUEST, "two-identities", "サインインとトークンが両方あります",
        "サインインの Cookie と Authorization ヘッダーのトークンが両方送信されました。どちらか一方だけをお送りください。";
    /// `If-Match` that is no revision.
    MalformedIfMatch: BAD_REQUEST, "malformed-if-match", "If-Match を読み取れません",
        "If-Match ヘッダーには、画面の表示に使った版の番号を \"3\" のように引用符つきで指定してください。";
    /// The body did not arrive in time or was cut off.
    BodyCutOff: BAD_REQUEST, "body-cut-off", "送信が途中で切れました",
        "送信された内容を最後まで受け取れませんでした。通信状態をご確認のうえ、もう一度お送りください。";
    /// A form that a page of this account did not send.
    ForeignForm: FORBIDDEN, "foreign-form", "この画面からは操作できません",
        "この画面は、いまサインインしている方のために開かれたものではないため、受け付けませんでした。画面を開き直してから、もう一度操作してください。";
    /// No session.
    NotSignedIn: UNAUTHORIZED, "not-signed-in", "サインインが必要です",
        "サインインしていないか、有効期限が切れています。サインインしてから、もう一度お試しください。";
    /// A token that is none, is over or was revoked.
    InvalidToken: UNAUTHORIZED, "invalid-token", "トークンが無効です",
        "トークンが正しくないか、有効期限が切れているか、失効しています。トークンをご確認のうえ、事務局の管理担当者に再発行を依頼してください。";
    /// The role may not do this.
    NotPermitted: FORBIDDEN, "not-permitted", "権限がありません",
        "この操作を行う権限がありません。別の権限でサインインするか、事務局へお問い合わせください。";
    /// A write that another site started.
    ForeignOrigin: FORBIDDEN, "foreign-origin", "別のサイトからの操作です",
        "別のサイトから送信されたため、受け付けませんでした。このサイトの画面から操作してください。";
    /// Nothing at that address.
    NotFound: NOT_FOUND, "not-found", "見つかりません",
        "お探しのものが見つかりません。アドレスをご確認ください。";
    /// Nothing applied for, or not by this member: the answer is the same.
    NotApplied: NOT_FOUND, "not-applied", "お申込みが見つかりません",
        "お申込みが見つかりません。認定情報の画面からお申込みください。";
    /// No such row.
    UnknownRow: NOT_FOUND, "unknown-row", "明細が見つかりません",
        "該当の明細が見つかりません。すでに削除されている場合があります。一覧を開き直してご確認ください。";
    /// A document without rows.
    NotARowDocument: NOT_FOUND, "not-a-row-document", "明細のない書類です",
        "この書類には明細を登録できません。";
    /// No 本紙 of that number.
    NoSuchSubmission: NOT_FOUND, "no-such-submission", "申請書（本紙）が見つかりません",
        "この番号の申請書（本紙）はありません。番号をご確認ください。";
    /// No such payment is confirmed.
    UnknownPayment: NOT_FOUND, "unknown-payment", "入金が見つかりません",
        "この取引番号の入金は確認されていません。取引番号をご確認ください。";
    /// An answer to what was not asked.
    UnknownCorrection: NOT_FOUND, "unknown-correction", "修正のお願いが見つかりません",
        "該当の修正のお願いが見つかりません。申請の画面を開き直してご確認ください。";
    /// Nothing with that 会員番号.
    UnknownMember: NOT_FOUND, "unknown-member", "会員が見つかりません",
        "会員番号に該当する会員が登録されていません。";
    /// No token of that id.
    UnknownToken: NOT_FOUND, "unknown-token", "トークンが見つかりません",
        "該当のトークンが見つかりません。トークンの一覧でご確認ください。";
    /// Nobody of the staff has ever come in by that account.
    UnknownAccount: NOT_FOUND, "unknown-account", "アカウントが見つかりません",
        "該当のアカウントが見つかりません。サインインの記録でご確認ください。";
    /// No mail of that id.
    UnknownMail: NOT_FOUND, "unknown-mail", "メールが見つかりません",
        "該当のメールが見つかりません。メールの一覧でご確認ください。";
    /// No mail of that kind is ever sent.
    UnknownMailTemplate: NOT_FOUND, "unknown-mail-template", "メールの文面が見つかりません",
        "該当の種類のメールはありません。文面の一覧でご確認ください。";
    /// The address does not know this method.
    MethodNotAllowed: METHOD_NOT_ALLOWED, "method-not-allowed", "この操作はできません",
        "このアドレスではこの操作を行えません。行える操作は Allow ヘッダーをご確認ください。";
    /// The same stream was written to each time it was tried.
    Conflict: CONFLICT, "conflict", "操作が重なりました",
        "ほかの操作と重なったため、保存できませんでした。少し待ってから、もう一度お試しください。";
    /// Another save came first.
    StaleRevision: CONFLICT, "stale-revision", "別の画面で更新されています",
        "この書類は別の画面で更新されています。保存済みの内容をご確認のうえ、もう一度保存してください。";
    /// Applied for already.
    AlreadyApplied: CONFLICT, "already-applied", "お申込み済みです",
        "すでにお申込み済みです。";
    /// Not open to the member.
    NotEligible: CONFLICT, "not-eligible", "お申込みの対象ではありません",
        "お申込みの条件を満たしていません。";
    /// Outside お申込み期間.
    PeriodNotOpen: CONFLICT, "period-not-open", "お申込み期間ではありません",
        "お申込み期間ではありません。";
    /// The exam is applied for already.
    ExamAlreadyApplied: CONFLICT, "exam-already-applied", "筆記試験はお申込み済みです",
        "筆記試験はすでにお申込み済みです。";
    /// 筆記試験のみ.
    DocumentsNotApplied: CONFLICT, "documents-not-applied", "書類審査のお申込みがありません",
        "筆記試験のみのお申込みのため、申請書類の入力は必要ありません。";
    /// A row with that id is there.
    RowExists: CONFLICT, "row-exists", "登録済みの明細です",
        "この明細はすでに登録されています。";
    /// The document did not exist at the moment to which it is to go back.
    NotSavedThen: CONFLICT, "not-saved-then", "その時点では登録されていません",
        "その時点では、この書類はまだ登録されていません。別の時点をお選びください。";
    /// The secret of a token is shown once.
    TokenMade: CONFLICT, "token-made", "トークンは発行済みです",
        "このトークンはすでに発行されています。秘密の値は一度しか表示できません。控えていない場合は、失効させてから新しく発行してください。";
    /// As many as people look through.
    TooManyTokens: CONFLICT, "too-many-tokens", "トークンの上限です",
        "有効なトークンが上限に達しています。使っていないトークンを失効させてから発行してください。";
    /// After 申請を完了する.
    AlreadySubmitted: CONFLICT, "already-submitted", "申請を完了しています",
        "申請を完了しているため、申請書類は編集できません。";
    /// After 取下げ.
    Withdrawn: CONFLICT, "withdrawn", "取り下げ済みです",
        "お申込みは取り下げ済みです。";
    /// A payment that belongs to nothing.
    PaymentFitsNothing: CONFLICT, "payment-fits-nothing", "対応するお申込みがありません",
        "この入金に対応するお申込みがありません。";
    /// 二者承認 refuses.
    ProposalRefused: CONFLICT, "proposal-refused", "承認の手続きが済んでいません",
        "この操作には別の担当者の承認が必要です。起案の状態をご確認ください。";
    /// 振込名義 is not the member's.
    PayerDiffers: CONFLICT, "payer-differs", "振込名義が一致しません",
        "振込名義が会員のフリガナと一致しません。内容をご確認のうえ、手動で照合してください。";
    /// The act does not belong to the state.
    WrongState: CONFLICT, "wrong-state", "この状態では行えません",
        "この申請の状態では行えない操作です。画面を開き直して状態をご確認ください。";
    /// Something changed since the person looked.
    StaleReview: CONFLICT, "stale-review", "申請が更新されています",
        "画面を開いた後にこの申請が更新されています。新しい内容をご確認のうえ、もう一度操作してください。";
    /// 書類受理 while something is open.
    ChecksOpen: CONFLICT, "checks-open", "書類を受理できません",
        "確認の済んでいない項目があります。解消してから、もう一度操作してください。";
    /// 更新認定可 while something is missing.
    NotYetCertifiable: CONFLICT, "not-yet-certifiable", "更新を認定できません",
        "書類審査と筆記試験の両方の合格が必要です。";
    /// A result of an exam whose fee is not paid.
    ExamFeeUnpaid: CONFLICT, "exam-fee-unpaid", "受験料が納入されていません",
        "受験料の入金が確認されていません。先に入金をご確認ください。";
    /// No decision of that number stands.
    NothingToUndo: CONFLICT, "nothing-to-undo", "取り消す処理が見つかりません",
        "取り消す処理が見つかりません。すでに取り消されている場合があります。画面を開き直して状態をご確認ください。";
    /// A later decision rests on it.
    LaterDecision: CONFLICT, "later-decision", "後の処理があります",
        "後の処理が行われているため、取り消せません。先に後の処理を取り消してください。";
    /// What a member would do after 失効.
    Lapsed: CONFLICT, "lapsed", "この申請のお手続きは行えません",
        "失効のお知らせをお送りしているため、この申請のお手続きは行えません。ご不明な点は事務局へお問い合わせください。";
    /// 取込の取消 of a result that is another one by now.
    ExamResultChanged: CONFLICT, "exam-result-changed", "試験の結果が変更されています",
        "取込の後に試験の結果が変更されているため、取り消していません。";
    /// 取込の取消 of a result where 不合格 would come or go.
    ExamResultTold: CONFLICT, "exam-result-told", "取込の取消では戻せません",
        "不合格にかかわる結果は、取込の取消では戻せません。申請の画面から取り消してください。";
    /// 認定 before 認定料.
    CertificationFeeUnpaid: CONFLICT, "certification-fee-unpaid", "認定料が納入されていません",
        "認定料の入金が確認されていません。先に入金をご確認ください。";
    /// An edit outside what a 差し戻し opens.
    NotReturned: CONFLICT, "not-returned", "この項目は変更できません（修正のお願いの対象外です）",
        "事務局が修正をお願いした項目のほかは編集できません。";
    /// Completing again after the date of a 差し戻し.
    CorrectionOverdue: CONFLICT, "correction-overdue", "修正の期限を過ぎています",
        "修正の期限を過ぎたため、申請を完了できません。事務局へお問い合わせください。";
    /// Sent again before it was sent.
    MailWaiting: CONFLICT, "mail-waiting", "まだ送信を待っています",
        "このメールはまだ送信を待っているため、再送できません。送信の結果をご確認のうえ、必要な場合に再送してください。";
    /// What has not gone cannot come back.
    MailNotSent: CONFLICT, "mail-not-sent", "送信されていません",
        "このメールは送信されていないため、不達として記録できません。";
    /// Over the limit.
    TooLarge: PAYLOAD_TOO_LARGE, "too-large", "内容が大きすぎます",
        "送信された内容が大きすぎます。内容を分けるか短くして、もう一度お送りください。";
    /// Not JSON by its Content-Type.
    UnsupportedMediaType: UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "形式に対応していません",
        "Content-Type が対応していない形式です。API の説明（/api/v1/reference）にある形式でお送りください。";
    /// Wrong type, unknown field or a character that cannot be kept; nothing is stored.
    Undecodable: UNPROCESSABLE_ENTITY, "undecodable", "内容を読み取れません",
        "送信された内容に読み取れない項目があります。該当の項目をご確認ください。何も保存されていません。";
    /// No program of that name.
    UnknownProgram: UNPROCESSABLE_ENTITY, "unknown-program", "申請の種類が見つかりません",
        "申請の種類が見つかりません。お申込みの一覧からお選びください。";
    /// The same key with another request.
    IdempotencyKeyReused: UNPROCESSABLE_ENTITY, "idempotency-key-reused", "Idempotency-Key が再利用されています",
        "この Idempotency-Key は別の内容の操作に使われています。新しい値を指定してください。";
    /// The list is full.
    TooManyRows: UNPROCESSABLE_ENTITY, "too-many-rows", "明細の上限です",
        "これ以上登録できません。不要な明細を削除してから登録してください。";
    /// 申請完了要件.
    RequirementsNotMet: UNPROCESSABLE_ENTITY, "requirements-not-met", "申請完了要件を満たしていません",
        "申請完了要件を満たしていません。";
    /// Another amount than the fee.
    AmountDiffers: UNPROCESSABLE_ENTITY, "amount-differs", "入金額が異なります",
        "入金額が料金と異なります。金額をご確認ください。";
    /// 差し戻し without an item.
    NothingToCorrect: UNPROCESSABLE_ENTITY, "nothing-to-correct", "修正を依頼する項目がありません",
        "書類または明細を選び、修正の内容を入力してください。";
    /// A date that must lie ahead.
    DueInPast: UNPROCESSABLE_ENTITY, "due-in-past", "期限が過去の日時です",
        "期限に過去の日時が指定されています。現在より後の日時を指定してください。";
    /// 期限延長 to a time that is no later.
    NotLater: UNPROCESSABLE_ENTITY, "not-later", "いまの期限より後ではありません",
        "いまの期限より後の日時を指定してください。";
    /// A text of more than twice the length of its field.
    TooLong: UNPROCESSABLE_ENTITY, "too-long", "入力内容が長すぎます",
        "入力内容が長すぎるため、保存していません。該当の項目を短くしてから、もう一度保存してください。";
    /// As much as an application takes of its member in a day.
    DayIsFull: TOO_MANY_REQUESTS, "day-is-full", "1日に保存できる分量の上限です",
        "1日に保存できる分量の上限に達したため、保存していません。入力された内容は控えておき、明日になってから、もう一度保存してください。";
    /// A field of something that is no draft is wrong.
    Invalid: UNPROCESSABLE_ENTITY, "invalid", "入力内容に誤りがあります",
        "入力内容に誤りがあります。該当の項目をご確認ください。何も保存されていません。";
    /// A document is saved without saying which revision was seen.
    PreconditionRequired: PRECONDITION_REQUIRED, "precondition-required", "If-Match が必要です",
        "画面の表示に使った版の番号を If-Match ヘッダーに指定してください。番号は ETag ヘッダーと revision にあります。";
    /// A name that is not ours.
    UnknownHost: MISDIRECTED_REQUEST, "unknown-host", "このアドレスではご利用いただけません",
        "このサービスの正しいアドレスではありません。事務局からご案内したアドレスでお開きください。";
    /// More requests than a client may make.
    TooManyRequests: TOO_MANY_REQUESTS, "too-many-requests", "操作が集中しています",
        "短い時間に操作が集中したため、いったん受け付けを止めています。少し待ってから、もう一度お試しください。";
    /// Our fault.
    Internal: INTERNAL_SERVER_ERROR, "internal", "処理できませんでした",
        "処理中に問題が発生しました。入力内容はそのままで、少し待ってからもう一度お試しください。続く場合は事務局へお問い合わせください。";
    /// The second database, from which reports are read, does not answer.
    ReportsUnavailable: SERVICE_UNAVAILABLE, "reports-unavailable", "集計をただいまご利用いただけません",
        "集計用のデータベースに接続できないため、集計と一覧を表示できません。申請の受付や確認など、集計のほかの操作は通常どおりご利用いただけます。少し待ってから、もう一度お試しください。続く場合はシステムの管理者へお知らせください。";
    /// Not now: the database is in trouble.
    Unavailable: SERVICE_UNAVAILABLE, "unavailable", "ただいまご利用いただけません",
        "ただいま一時的にご利用いただけません。入力内容はそのままで、少し待ってから、もう一度お試しください。続く場合は事務局へお問い合わせください。";
}

impl Kind {
    /// The kind of a refusal.
    pub fn of(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::NotApplied => Self::NotApplied,
            Refusal::UnknownProgram => Self::UnknownProgram,
            Refusal::AlreadyApplied => Self::AlreadyApplied,
            Refusal::NotEligible(_) => Self::NotEligible,
            Refusal::PeriodNotOpen(_) => Self::PeriodNotOpen,
            Refusal::ExamAlreadyApplied => Self::ExamAlreadyApplied,
            Refusal::DocumentsNotApplied => Self::DocumentsNotApplied,
            Refusal::StaleRevision { .. } => Self::StaleRevision,
            Refusal::UnknownRow => Self::UnknownRow,
            Refusal::TooLong { .. } => Self::TooLong,
            Refusal::DayIsFull { .. } => Self::DayIsFull,
            Refusal::RowExists => Self::RowExists,
            Refusal::TooManyRows { .. } => Self::TooManyRows,
            Refusal::Undecodable { .. } => Self::Undecodable,
            Refusal::NotARowDocument => Self::NotARowDocument,
            Refusal::NotSavedThen => Self::NotSavedThen,
            Refusal::AlreadySubmitted => Self::AlreadySubmitted,
            Refusal::Withdrawn => Self::Withdrawn,
            Refusal::RequirementsNotMet(_) => Self::RequirementsNotMet,
            Refusal::PaymentFitsNothing => Self::PaymentFitsNothing,
            Refusal::AmountDiffers { .. } => Self::AmountDiffers,
            Refusal::PayerDiffers => Self::PayerDiffers,
            Refusal::UnknownPayment => Self::UnknownPayment,
            Refusal::WrongState { .. } => Self::WrongState,
            Refusal::StaleReview { .. } => Self::StaleReview,
            Refusal::NotApproved => Self::ProposalRefused,
            Refusal::Invalid { .. } => Self::Invalid,
            Refusal::NothingToCorrect => Self::NothingToCorrect,
            Refusal::DueInPast => Self::DueInPast,
            Refusal::NotLater => Self::NotLater,
            Refusal::ChecksOpen(_) => Self::ChecksOpen,
            Refusal::NotYetCertifiable(_) => Self::NotYetCertifiable,
            Refusal::ExamFeeUnpaid => Self::ExamFeeUnpaid,
            Refusal::Lapsed => Self::Lapsed,
            Refusal::ExamResultChanged => Self::ExamResultChanged,
            Refusal::ExamResultTold => Self::ExamResultTold,
            Refusal::CertificationFeeUnpaid => Self::CertificationFeeUnpaid,
            Refusal::NothingToUndo => Self::NothingToUndo,
            Refusal::LaterDecision { .. } => Self::LaterDecision,
            Refusal::NotReturned(_) => Self::NotReturned,
            Refusal::UnknownCorrection => Self::UnknownCorrection,
            Refusal::CorrectionOverdue { .. } => Self::CorrectionOverdue,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use domain::documents::DocumentKind;

    use super::*;

    #[test]
    fn no_two_problems_share_a_code() {
        let codes: HashSet<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
    }

    #[test]
    fn the_code_of_a_refusal_is_the_code_of_its_problem() {
        for refusal in [
            Refusal::NotApplied,
            Refusal::UnknownProgram,
            Refusal::AlreadyApplied,
            Refusal::NotEligible(vec![]),
            Refusal::ExamAlreadyApplied,
            Refusal::DocumentsNotApplied,
            Refusal::StaleRevision {
                document: DocumentKind::Profile,
                current: 1,
            },
            Refusal::UnknownRow,
            Refusal::RowExists,
            Refusal::TooManyRows {
                document: DocumentKind::Papers,
                limit: 30,
            },
            Refusal::Undecodable {
                pointer: "/text".to_owned(),
                message: String::new(),
            },
            Refusal::TooLong {
                pointer: "/text".to_owned(),
                message: String::new(),
            },
            Refusal::DayIsFull {
                goes_on: String::new(),
            },
            Refusal::NotARowDocument,
            Refusal::AlreadySubmitted,
            Refusal::Withdrawn,
            Refusal::RequirementsNotMet(vec![]),
            Refusal::PaymentFitsNothing,
            Refusal::AmountDiffers { expected: 1 },
            Refusal::PayerDiffers,
            Refusal::UnknownPayment,
            Refusal::WrongState {
                act: "",
                state: String::new(),
            },
            Refusal::StaleReview { current: 1 },
            Refusal::NotApproved,
            Refusal::Invalid {
                pointer: String::new(),
                message: String::new(),
            },
            Refusal::NothingToCorrect,
            Refusal::DueInPast,
            Refusal::NotLater,
            Refusal::ChecksOpen(vec![]),
            Refusal::NotYetCertifiable(vec![]),
            Refusal::ExamFeeUnpaid,
            Refusal::Lapsed,
            Refusal::ExamResultChanged,
            Refusal::ExamResultTold,
            Refusal::CertificationFeeUnpaid,
            Refusal::NothingToUndo,
            Refusal::LaterDecision {
                decision: "",
                later: "",
            },
            Refusal::NotReturned(vec![]),
            Refusal::UnknownCorrection,
            Refusal::CorrectionOverdue { due: String::new() },
        ] {
            assert_eq!(Kind::of(&refusal).code(), refusal.code());
        }
    }
}
