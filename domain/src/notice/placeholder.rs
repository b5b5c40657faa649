//! What a template may speak of.

/// A word in a template that stands for a value: `{{ 氏名 }}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placeholder {
    /// 氏名
    Name,
    /// 会員番号
    Member,
    /// 申請の種類
    Program,
    /// 年度
    Year,
    /// 申請番号
    Application,
    /// お申込みの内容
    Scope,
    /// 期限
    Deadline,
    /// 単位
    Units,
    /// 必要単位
    RequiredUnits,
    /// リンク: the address of the service, empty where none is set.
    Link,
    /// 受験料の納入方法; empty while nothing is to be paid.
    ExamFeeRoute,
    /// 費目
    PaymentItem,
    /// 金額
    Amount,
    /// 入金日
    PaidOn,
    /// 本紙番号
    SubmissionNumber,
    /// 完了日時
    SubmittedAt,
    /// お知らせ: the secretariat's words before the list.
    Message,
    /// 修正のお願い: the list.
    Corrections,
    /// 会員への説明: what the secretariat says about its decision; empty where it says nothing.
    Explanation,
    /// 取り消した処理: the decision that is undone.
    UndoneDecision,
    /// 試験結果
    ExamOutcome,
    /// 認定料
    CertificationFee,
    /// 認定料の納入方法
    CertificationFeeRoute,
    /// 納入期限
    CertificationFeeDue,
    /// 認定日
    CertifiedOn,
    /// 有効期限
    ExpiresOn,
    /// 猶予期限
    DeferredUntil,
    /// 再申込の期限
    ApplyUntil,
    /// 期限の名称
    DeadlineName,
    /// 残り日数
    DaysLeft,
    /// 不足項目
    Missing,
}

impl Placeholder {
    /// Those of every mail.
    pub(super) const COMMON: &'static [Self] = &[
        Self::Name,
        Self::Member,
        Self::Program,
        Self::Year,
        Self::Application,
        Self::Scope,
        Self::Deadline,
        Self::Units,
        Self::RequiredUnits,
        Self::Link,
    ];

    /// The word between the braces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "氏名",
            Self::Member => "会員番号",
            Self::Program => "申請の種類",
            Self::Year => "年度",
            Self::Application => "申請番号",
            Self::Scope => "お申込みの内容",
            Self::Deadline => "期限",
            Self::Units => "単位",
            Self::RequiredUnits => "必要単位",
            Self::Link => "リンク",
            Self::ExamFeeRoute => "受験料の納入方法",
            Self::PaymentItem => "費目",
            Self::Amount => "金額",
            Self::PaidOn => "入金日",
            Self::SubmissionNumber => "本紙番号",
            Self::SubmittedAt => "完了日時",
            Self::Message => "お知らせ",
            Self::Corrections => "修正のお願い",
            Self::Explanation => "会員への説明",
            Self::UndoneDecision => "取り消した処理",
            Self::ExamOutcome => "試験結果",
            Self::CertificationFee => "認定料",
            Self::CertificationFeeRoute => "認定料の納入方法",
            Self::CertificationFeeDue => "納入期限",
            Self::CertifiedOn => "認定日",
            Self::ExpiresOn => "有効期限",
            Self::DeferredUntil => "猶予期限",
            Self::ApplyUntil => "再申込の期限",
            Self::DeadlineName => "期限の名称",
            Self::DaysLeft => "残り日数",
            Self::Missing => "不足項目",
        }
    }

    /// What it stands for, for those who write templates.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Name => "会員の氏名",
            Self::Member => "会員番号",
            Self::Program => "申請の種類の名称",
            Self::Year => "申請の年度",
            Self::Application => "申請番号",
            Self::Scope => "お申込みの内容（書類審査、筆記試験）",
            Self::Deadline => "この申請の期限（延長や修正の期限を含みます）",
            Self::Units => "現在の業績単位",
            Self::RequiredUnits => "必要な業績単位",
            Self::Link => "このサービスのアドレス（設定がない場合は空です）",
            Self::ExamFeeRoute => "受験料の納入方法（納入が必要でない場合は空です）",
            Self::PaymentItem => "確認された入金の費目",
            Self::Amount => "確認された入金の金額",
            Self::PaidOn => "入金日",
            Self::SubmissionNumber => "申請書（本紙）の番号",
            Self::SubmittedAt => "申請を完了した日時",
            Self::Message => "修正のお願いに添えるお知らせ（空の場合があります）",
            Self::Corrections => "修正をお願いする項目の一覧",
            Self::Explanation => "事務局が入力した「会員への説明」（空の場合があります）",
            Self::UndoneDecision => {
                "取り消した処理の名称（書類審査の判定、更新認定可、認定料の請求、認定、猶予、失効）"
            }
            Self::ExamOutcome => "筆記試験の結果",
            Self::CertificationFee => "認定料の金額",
            Self::CertificationFeeRoute => "認定料の納入方法",
            Self::CertificationFeeDue => "認定料の納入期限",
            Self::CertifiedOn => "認定日",
            Self::ExpiresOn => "認定の有効期限",
            Self::DeferredUntil => "猶予の期限",
            Self::ApplyUntil => "もう一度お申込みいただける期限（受付が終わっている場合は空です）",
            Self::DeadlineName => "期限の名称（申請期限、修正の期限）",
            Self::DaysLeft => "期限までの日数",
            Self::Missing => "不足している項目の一覧",
        }
    }
}
