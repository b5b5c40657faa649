//! Applications to test with: the manual's 臨床 瘍子 and what she types.

use jiff::{Timestamp, civil::date};
use uuid::Uuid;

use super::{
    Act, Application, ApplicationCommand, ApplicationEvent, AskedCorrection, CheckMark,
    CheckTarget, ExamOutcome, Proof, ProofState, RowValue, Signature, SocietyCommand,
};
use crate::{
    actor::{Actor, Context, Role},
    calendar::{FiscalYear, parse_jst_instant},
    documents::{
        ClinicalExperience, Conference, DocumentKind, Paper, Profile, ResearchActivity, Resume,
        RowId, Trial,
    },
    eligibility::Scope,
    member::{
        Member, MemberRecord, Payment, PaymentItem, SeminarAttendance, SeminarKey, SeminarKind,
        record_examples::yoko,
    },
    personal::Personal,
    program::{Program, ProgramId, Programs},
    proposal::{Approval, ApprovalKind},
};

pub(crate) fn programs() -> Programs {
    Programs::embedded().unwrap()
}

pub(crate) fn fourth() -> Program {
    programs().get(&fourth_id()).unwrap().clone()
}

pub(crate) fn fourth_id() -> ProgramId {
    ProgramId("specialist-renewal-4th-2026".to_owned())
}

pub(crate) fn first_to_third_id() -> ProgramId {
    ProgramId("specialist-renewal-2026".to_owned())
}

pub(crate) fn at(text: &str) -> Timestamp {
    parse_jst_instant(text).unwrap()
}

/// In the period of both programs.
pub(crate) fn in_june() -> Context {
    context("2026-06-03T18:00")
}

pub(crate) fn context(time: &str) -> Context {
    Context {
        actor: Actor {
            role: Role::Member,
            id: "9000001".to_owned(),
        },
        at: at(time),
    }
}

/// 臨床 瘍子, fourth renewal in its regular year.
pub(crate) fn member() -> Member {
    Member {
        record: Some(yoko()),
        ..Member::default()
    }
}

/// A member whose first renewal falls in 2026, by what is changed in the record.
pub(crate) fn first_renewal(change: impl FnOnce(&mut MemberRecord)) -> Member {
    let mut record = yoko();
    if let Some(certification) = &mut record.certification {
        certification.first_certified_on = date(2022, 4, 1);
    }
    change(&mut record);
    Member {
        record: Some(record),
        ..Member::default()
    }
}

/// Certified a year later: the exam may be taken this year, the documents next year.
pub(crate) fn year_before() -> Member {
    first_renewal(|record| {
        if let Some(certification) = &mut record.certification {
            certification.first_certified_on = date(2023, 4, 1);
            certification.last_certified_on = date(2023, 4, 1);
        }
    })
}

pub(crate) fn exam_passed() -> Member {
    first_renewal(|record| record.exam_passed_year = Some(FiscalYear(2025)))
}

pub(crate) fn apply(scope: Scope) -> ApplicationCommand {
    ApplicationCommand::Apply {
        program: fourth_id(),
        scope,
        member: Box::new(member()),
    }
}

pub(crate) fn applied(scope: Scope) -> ApplicationEvent {
    ApplicationEvent::Applied {
        program: fourth_id(),
        member: yoko().number,
        scope,
        applied_at: in_june().at,
        record: Personal::new(Box::new(yoko())),
        exam_passed: None,
        attendance: vec![],
    }
}

pub(crate) fn row(number: u128) -> RowId {
    RowId(Uuid::from_u128(number))
}

pub(crate) fn resume() -> Resume {
    Resume {
        school: "臨床医科大学".to_owned(),
        graduation_year: "平成11".to_owned(),
        graduation_month: "3".to_owned(),
        basic_society: "日本内科学会".to_owned(),
        qualification: "専門医".to_owned(),
        qualification_number: "第12345号".to_owned(),
        withhold_home: false,
    }
}

pub(crate) fn profile() -> Profile {
    Profile {
        text: "がん薬物療法の\n安全な実施を心がけてきました。".to_owned(),
    }
}

pub(crate) fn activity() -> ResearchActivity {
    ResearchActivity {
        from_year: "2021".to_owned(),
        from_month: "7".to_owned(),
        to_year: "令和8".to_owned(),
        to_month: "６".to_owned(),
        content: "JSMOがんセンターにて診療に従事".to_owned(),
    }
}

pub(crate) fn conference(held_on: &str, units: &str) -> Conference {
    Conference {
        first_author: String::new(),
        place: "横浜".to_owned(),
        held_on: held_on.to_owned(),
        units: units.to_owned(),
    }
}

pub(crate) fn paper(content: &str, units: &str) -> Paper {
    Paper {
        division: "筆頭".to_owned(),
        kind: "原著（英文）".to_owned(),
        date: "2024/05/01".to_owned(),
        units: units.to_owned(),
        content: content.to_owned(),
    }
}

pub(crate) fn experience() -> ClinicalExperience {
    ClinicalExperience {
        examined: vec!["呼吸器".to_owned(), "消化管".to_owned()],
        drug_therapy: vec!["呼吸器".to_owned()],
        consultation: vec![],
        special_procedures: Some(false),
        special_procedures_detail: String::new(),
        second_opinion: Some(true),
        trials: vec![Trial {
            name: "JCOG0000".to_owned(),
            cases: "５件".to_owned(),
        }],
    }
}

pub(crate) fn seminar(
    code: &str,
    kind: SeminarKind,
    first: &str,
    last: &str,
    units: u32,
) -> SeminarAttendance {
    SeminarAttendance {
        key: SeminarKey {
            code: code.to_owned(),
            first_day: first.parse().unwrap(),
        },
        name: format!("セミナー{code}"),
        kind,
        last_day: last.parse().unwrap(),
        units,
    }
}

pub(crate) fn payment(transaction: &str, item: PaymentItem, amount_yen: u32) -> Payment {
    Payment {
        transaction: transaction.to_owned(),
        item,
        amount_yen,
        paid_on: date(2026, 6, 10),
        payer: Personal::new("リンショウ".to_owned()),
    }
}

/// Everything needed for 申請を完了する but the units.
pub(crate) fn filled_in() -> Vec<ApplicationEvent> {
    vec![
        applied(Scope::DocumentsAndExam),
        ApplicationEvent::ResumeSaved {
            resume: Personal::new(resume()),
            record: Personal::new(Box::new(yoko())),
        },
        ApplicationEvent::ProfileSaved {
            profile: Personal::new(profile()),
        },
        ApplicationEvent::ResearchActivityAdded {
            row: row(1),
            activity: Personal::new(activity()),
        },
        ApplicationEvent::ResearchYearsRecorded {
            total_years: Personal::new("25年".to_owned()),
        },
        ApplicationEvent::ClinicalExperienceSaved {
            experience: Personal::new(experience()),
        },
        ApplicationEvent::ConferenceAdded {
            row: row(2),
            conference: Personal::new(conference("2026/3/26", "5")),
        },
    ]
}

/// Filled in, with papers for the remaining units.
pub(crate) fn complete() -> Vec<ApplicationEvent> {
    let mut events = filled_in();
    for number in 0..5_u8 {
        events.push(ApplicationEvent::PaperAdded {
            row: row(100 + u128::from(number)),
            paper: Personal::new(paper(&format!("論文 その{number}"), "10")),
        });
    }
    events
}

pub(crate) fn add_conference(number: u128, value: Conference) -> ApplicationCommand {
    ApplicationCommand::AddRow {
        row: row(number),
        value: RowValue::Conference(value),
        base: None,
    }
}

/// A person of the secretariat, on 2026-08-10: after the period of both programs.
pub(crate) fn secretariat() -> Context {
    Context {
        actor: Actor {
            role: Role::Secretariat,
            id: "tanaka".to_owned(),
        },
        at: at("2026-08-10T10:00"),
    }
}

pub(crate) fn signed() -> Signature {
    Signature {
        by: "secretariat:tanaka".to_owned(),
        at: secretariat().at,
    }
}

/// An act as a person does it who has seen the application as it is.
pub(crate) fn society(state: &Application, act: Act) -> ApplicationCommand {
    let explains = state
        .state()
        .is_some_and(|state| act.needs_explanation(state));
    ApplicationCommand::Society(SocietyCommand {
        explanation: if explains {
            "委員会で決定いたしました。".to_owned()
        } else {
            String::new()
        },
        reason: if act.needs_reason() {
            "委員会の決定による".to_owned()
        } else {
            String::new()
        },
        seen: state.state().map(|state| state.review.revision),
        approved: state
            .state()
            .is_some_and(|state| act.needs_two_persons(state))
            .then_some(APPROVED),
        act,
    })
}

/// 二者承認 of some proposal.
pub(crate) const APPROVED: Approval = Approval {
    proposal: Uuid::from_u128(13),
    kind: ApprovalKind::TwoPersons,
};

pub(crate) fn folded(events: &[ApplicationEvent]) -> Application {
    let mut application = Application::default();
    for event in events {
        cqrs_es::Aggregate::apply(&mut application, event.clone());
    }
    application
}

/// What follows from one act after another.
pub(crate) fn after_acts(
    mut events: Vec<ApplicationEvent>,
    acts: impl IntoIterator<Item = Act>,
) -> Vec<ApplicationEvent> {
    for act in acts {
        let now = folded(&events);
        let label = act.label();
        let decided = super::decide(&now, society(&now, act), &secretariat(), &programs());
        events.extend(decided.unwrap_or_else(|refusal| panic!("{label}: {refusal}")));
    }
    events
}

/// 書類確認中, with the exam paid.
pub(crate) fn under_review() -> Vec<ApplicationEvent> {
    let mut events = complete();
    events.push(ApplicationEvent::PaymentConfirmed {
        payment: payment("T1", PaymentItem::ExamFee, 11_000),
    });
    let submitted = super::decide(
        &folded(&events),
        ApplicationCommand::Submit,
        &in_june(),
        &programs(),
    );
    events.extend(submitted.unwrap());
    events
}

pub(crate) fn asked(document: DocumentKind, comment: &str) -> AskedCorrection {
    AskedCorrection {
        document,
        row: None,
        field: None,
        comment: comment.to_owned(),
    }
}

/// 差し戻し of プロフィール, of one paper, and of one field of 履歴書, until the end of August.
pub(crate) fn send_back() -> Act {
    Act::Return {
        items: vec![
            asked(DocumentKind::Profile, "具体的にお書きください。"),
            AskedCorrection {
                row: Some(row(101)),
                ..asked(DocumentKind::Papers, "掲載誌名をお書きください。")
            },
            AskedCorrection {
                field: Some("qualification_number".to_owned()),
                ..asked(DocumentKind::Resume, "認定番号が写しと異なります。")
            },
        ],
        message: "お手数ですがご確認ください。".to_owned(),
        due: at("2026-08-31T17:00"),
    }
}

/// Everything that 書類受理 asks for.
pub(crate) fn checks() -> Vec<Act> {
    let documents = DocumentKind::ALL.map(|kind| Act::Check {
        target: CheckTarget::whole(kind),
        mark: CheckMark::Checked,
    });
    let proofs = Proof::ALL.map(|proof| Act::RecordProof {
        proof,
        state: ProofState::Checked,
    });
    documents.into_iter().chain(proofs).collect()
}

/// 書類受理
pub(crate) fn accepted() -> Vec<ApplicationEvent> {
    after_acts(
        under_review(),
        checks().into_iter().chain([Act::AcceptDocuments]),
    )
}

/// 更新認定可
pub(crate) fn approved() -> Vec<ApplicationEvent> {
    after_acts(
        accepted(),
        [
            Act::PassReview,
            Act::RecordExamResult(ExamOutcome::Passed),
            Act::ApproveCertification,
        ],
    )
}

/// 認定料入金確認済み
pub(crate) fn fee_paid() -> Vec<ApplicationEvent> {
    let mut events = after_acts(
        approved(),
        [Act::RequestCertificationFee {
            due: date(2027, 2, 28),
        }],
    );
    events.push(ApplicationEvent::PaymentConfirmed {
        payment: payment("T2", PaymentItem::CertificationFee, 11_000),
    });
    events
}
