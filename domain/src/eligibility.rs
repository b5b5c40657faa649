//! Who may apply for what, and why not, in words.
//!
//! Formulas (D, reference 3.1): the regular year (正規更新年度) is the fiscal year of the last certification + 4, the exam is
//! open in it and the year before, 猶予年度 is the year after, and the n-th renewal is counted from the first certification.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    calendar::{FiscalYear, show_deadline, show_opening},
    member::{Certification, MemberRecord},
    program::Program,
};

/// What is applied for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Scope {
    /// 書類審査・筆記試験同時のお申込み
    DocumentsAndExam,
    /// 書類審査のみ: the exam was passed before, or is added later (追加お申込み).
    DocumentsOnly,
    /// 筆記試験のみのお申込み
    ExamOnly,
}

impl Scope {
    /// All, in the order of the buttons.
    pub const ALL: [Self; 3] = [Self::DocumentsAndExam, Self::DocumentsOnly, Self::ExamOnly];

    /// The words on the button.
    pub fn label(self) -> &'static str {
        match self {
            Self::DocumentsAndExam => "書類審査・筆記試験同時のお申込み",
            Self::DocumentsOnly => "書類審査のみのお申込み",
            Self::ExamOnly => "筆記試験のみのお申込み",
        }
    }
}

/// Why something is not open to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ReasonKind {
    /// お申込み期間 has not begun.
    PeriodNotOpen,
    /// 締め切り日時 is past.
    PeriodClosed,
    /// The program is here for the applications that were made in it, and takes no others.
    NoLongerOffered,
    /// 医籍登録日・医籍登録番号 are not registered.
    MedicalRegistrationMissing,
    /// 会費 of the year is not paid.
    DuesUnpaid,
    /// Not a certified specialist.
    NotCertified,
    /// The other program is the right one.
    OtherProgram,
    /// The regular year is still to come.
    TooEarly,
    /// The regular year and 猶予年度 are past.
    TooLate,
    /// The exam is passed already.
    ExamPassed,
    /// In the regular year the exam is applied for together with the documents, or added.
    ExamWithDocuments,
}

/// A reason with its sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reason {
    /// Which.
    pub kind: ReasonKind,
    /// The sentence.
    pub message: String,
}

/// Whether one scope is open to a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Offer {
    /// What.
    pub scope: Scope,
    /// The words on its button.
    pub label: &'static str,
    /// Why not; empty when it is open.
    pub reasons: Vec<Reason>,
}

impl Offer {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// What a program says to a member at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Eligibility {
    /// Which renewal (回目) the next one is; None without certification.
    pub renewal: Option<u16>,
    /// 正規更新年度; None without certification.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i16>))]
    pub regular_year: Option<FiscalYear>,
    /// Whether this is the member's 猶予年度.
    pub grace: bool,
    /// One answer for each scope.
    pub offers: Vec<Offer>,
}

/// 正規更新年度
pub fn regular_year(certification: &Certification) -> FiscalYear {
    FiscalYear(
        FiscalYear::of(certification.last_certified_on)
            .0
            .saturating_add(4),
    )
}

/// Which renewal comes next, counted from the first certification's application.
pub fn renewal_number(certification: &Certification) -> u16 {
    let first_application = FiscalYear::of(certification.first_certified_on)
        .0
        .saturating_sub(1);
    let years = regular_year(certification)
        .0
        .saturating_sub(first_application);
    u16::try_from(years / 5).unwrap_or(0).max(1)
}

/// Whether a pass of the exam counts for this certification: the year before the regular year, the regular year, or its 猶予年度.
pub fn exam_passed(record: &MemberRecord, program: &Program) -> Option<FiscalYear> {
    let regular = regular_year(record.certification.as_ref()?).0;
    let grace = program.rules.eligibility.grace_years;
    record.exam_passed_year.filter(|passed| {
        (regular.saturating_sub(1)..=regular.saturating_add(grace)).contains(&passed.0)
    })
}

/// Answers what a member may apply for in a program at a moment.
pub fn eligibility(record: &MemberRecord, program: &Program, at: Timestamp) -> Eligibility {
    let general = general_reasons(record, program, at);
    let certification = record.certification.as_ref();
    let regular = certification.map(regular_year);
    let grace_years = program.rules.eligibility.grace_years;
    let grace = regular.is_some_and(|regular| {
        program.year > regular && program.year.0 <= regular.0.saturating_add(grace_years)
    });
    let offers = Scope::ALL
        .into_iter()
        .map(|scope| {
            let mut reasons = general.clone();
            // The year is a matter of the right program only.
            if let Some(regular) = regular
                && !general
                    .iter()
                    .any(|reason| reason.kind == ReasonKind::OtherProgram)
            {
                reasons.extend(year_reason(
                    scope,
                    regular,
                    record,
                    program,
                    general.is_empty(),
                ));
            }
            Offer {
                scope,
                label: scope.label(),
                reasons,
            }
        })
        .collect();
    Eligibility {
        renewal: certification.map(renewal_number),
        regular_year: regular,
        grace,
        offers,
    }
}

fn reason(kind: ReasonKind, message: impl Into<String>) -> Reason {
    Reason {
        kind,
        message: message.into(),
    }
}

/// Why nobody can apply in a program at a moment, whoever it is.
pub fn application_reason(program: &Program, at: Timestamp) -> Option<Reason> {
    if !program.offered {
        return Some(reason(
            ReasonKind::NoLongerOffered,
            "この申請の種類のお申込みの受付は終わっています。お申込みの一覧にある種類をご確認いただくか、事務局へお問い合わせください。",
        ));
    }
    period_reason(program, program.period.closes, at)
}

/// Whether applications are accepted at a moment; the refusal tells when. `closes` is the end of the program's period, or a later
/// one that was granted to one application.
pub fn period_reason(program: &Program, closes: Timestamp, at: Timestamp) -> Option<Reason> {
    let period = program.period;
    if at < period.opens {
        Some(reason(
            ReasonKind::PeriodNotOpen,
            format!(
                "お申込み期間の前です。{} からお申込みください。",
                show_opening(period.opens)
            ),
        ))
    } else if at >= closes {
        Some(reason(
            ReasonKind::PeriodClosed,
            format!(
                "締め切り日時（{}）を過ぎたため、お申込みできません。ご事情のある方は事務局へお問い合わせください。",
                show_deadline(closes)
            ),
        ))
    } else {
        None
    }
}

/// Whether an application that was made can be completed at a moment; the refusal tells what is left to do.
pub fn completion_reason(program: &Program, closes: Timestamp, at: Timestamp) -> Option<Reason> {
    let mut found = period_reason(program, closes, at)?;
    if found.kind == ReasonKind::PeriodClosed {
        found.message = format!(
            "締め切り日時（{}）を過ぎたため、申請を完了できません。入力された内容は残っています。ご事情のある方は事務局へお問い合わせください。",
            show_deadline(closes)
        );
    }
    Some(found)
}

fn general_reasons(record: &MemberRecord, program: &Program, at: Timestamp) -> Vec<Reason> {
    let rules = program.rules.eligibility;
    let mut reasons: Vec<Reason> = application_reason(program, at).into_iter().collect();
    if rules.medical_registration_required && !record.is_registered() {
        // M: 登録されていない方は申請書の入力に進めません。
        reasons.push(reason(
            ReasonKind::MedicalRegistrationMissing,
            "医籍登録日・医籍登録番号が登録されていません。会員専用ページより、医籍登録日・医籍登録番号をご登録ください。",
        ));
    }
    if rules.dues_required && record.dues_paid_year.is_none_or(|paid| paid < program.year) {
        reasons.push(reason(
            ReasonKind::DuesUnpaid,
            format!(
                "{}までの年会費が納入されていません。年会費をご納入ください。",
                program.year
            ),
        ));
    }
    match &record.certification {
        None => reasons.push(reason(
            ReasonKind::NotCertified,
            "専門医の認定情報がありません。更新のお申込みは専門医の方が対象です。お心当たりのない方は事務局へお問い合わせください。",
        )),
        Some(certification) => {
            let number = renewal_number(certification);
            if !program.renewals.contain(number) {
                reasons.push(reason(
                    ReasonKind::OtherProgram,
                    format!(
                        "今回は更新{number}回目のため、このお申込みの対象ではありません。「{}」のほうをお申込みください。",
                        if number < program.renewals.first {
                            "更新1回目から3回目"
                        } else {
                            "更新4回目以降"
                        }
                    ),
                ));
            }
        }
    }
    reasons
}

fn year_reason(
    scope: Scope,
    regular: FiscalYear,
    record: &MemberRecord,
    program: &Program,
    // Whether nothing else stands in the way: another offer is named only when it is open itself.
    otherwise_open: bool,
) -> Option<Reason> {
    let year = program.year;
    let passed = exam_passed(record, program);
    if year.0
        > regular
            .0
            .saturating_add(program.rules.eligibility.grace_years)
    {
        return Some(reason(
            ReasonKind::TooLate,
            format!(
                "正規更新年度（{regular}）と猶予年度を過ぎているため、お申込みできません。事務局へお問い合わせください。"
            ),
        ));
    }
    let before = year < regular;
    match scope {
        Scope::ExamOnly if year.0 < regular.0.saturating_sub(1) => Some(reason(
            ReasonKind::TooEarly,
            format!(
                "筆記試験は{}と{regular}にお申込みいただけます。",
                FiscalYear(regular.0.saturating_sub(1))
            ),
        )),
        Scope::DocumentsAndExam | Scope::DocumentsOnly if before => Some(reason(
            ReasonKind::TooEarly,
            format!("書類審査は正規更新年度（{regular}）にお申込みください。"),
        )),
        Scope::ExamOnly | Scope::DocumentsAndExam if passed.is_some() => Some(reason(
            ReasonKind::ExamPassed,
            match scope {
                Scope::DocumentsAndExam if otherwise_open => {
                    "筆記試験に合格されているため、筆記試験の申込は不要です。「書類審査のみのお申込み」をご利用ください。"
                }
                _ => "筆記試験に合格されているため、筆記試験の申込は不要です。",
            },
        )),
        // M scopes 筆記試験のみ to 正規更新の前年度; one member has one application in a program, and this one could not be completed.
        Scope::ExamOnly if !before && otherwise_open => Some(reason(
            ReasonKind::ExamWithDocuments,
            "今年度は「書類審査・筆記試験同時のお申込み」をご利用ください。「書類審査のみのお申込み」のあとで筆記試験を追加することもできます。",
        )),
        _ => None,
    }
}
