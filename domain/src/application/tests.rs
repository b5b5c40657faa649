//! Given what happened, when something is asked, then this follows.

use std::sync::Arc;

use cqrs_es::{
    Aggregate,
    test::{AggregateResultValidator, AggregateTestExecutor, TestFramework},
};

use super::{examples::*, *};
use crate::{
    actor::Context,
    documents::{ClinicalExperience, DocumentKind, FieldError, Profile, Resume, Trial},
    eligibility::{ReasonKind, Scope, eligibility},
    member::{Contact, Member, PaymentItem, SeminarKind, record_examples::yoko},
    personal::Personal,
    requirements::requirements,
    units::RemarkKind,
};

fn given(events: Vec<ApplicationEvent>) -> AggregateTestExecutor<Application> {
    TestFramework::<Application>::with(Arc::new(programs())).given(events)
}

fn ask(
    events: Vec<ApplicationEvent>,
    command: ApplicationCommand,
    context: Context,
) -> AggregateResultValidator<Application> {
    given(events).when((command, context))
}

fn state(events: Vec<ApplicationEvent>) -> ApplicationState {
    let mut application = Application::default();
    for event in events {
        application.apply(event);
    }
    application.state().unwrap().clone()
}

fn asked(
    events: Vec<ApplicationEvent>,
    command: ApplicationCommand,
) -> Result<Vec<ApplicationEvent>, Refusal> {
    let mut application = Application::default();
    for event in events {
        application.apply(event);
    }
    decide(&application, command, &in_june(), &programs())
}

fn with(mut events: Vec<ApplicationEvent>, more: Vec<ApplicationEvent>) -> Vec<ApplicationEvent> {
    events.extend(more);
    events
}

fn messages(events: Vec<ApplicationEvent>) -> Vec<String> {
    requirements(&state(events), &fourth())
        .missing
        .into_iter()
        .map(|requirement| requirement.message)
        .collect()
}

fn scopes_open(member: &Member, program: &crate::program::ProgramId) -> Vec<Scope> {
    let programs = programs();
    eligibility(
        member.record.as_ref().unwrap(),
        programs.get(program).unwrap(),
        in_june().at,
    )
    .offers
    .into_iter()
    .filter(crate::eligibility::Offer::is_open)
    .map(|offer| offer.scope)
    .collect()
}

fn reasons(
    member: &Member,
    program: &crate::program::ProgramId,
    scope: Scope,
    time: &str,
) -> Vec<ReasonKind> {
    let programs = programs();
    eligibility(
        member.record.as_ref().unwrap(),
        programs.get(program).unwrap(),
        at(time),
    )
    .offers
    .into_iter()
    .filter(|offer| offer.scope == scope)
    .flat_map(|offer| offer.reasons)
    .map(|reason| reason.kind)
    .collect()
}

// ── who may apply for what ──────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn the_fourth_renewal_in_its_regular_year_may_apply_for_documents_with_or_without_the_exam() {
    assert_eq!(
        scopes_open(&member(), &fourth_id()),
        [Scope::DocumentsAndExam, Scope::DocumentsOnly]
    );
}

#[test]
fn the_fourth_renewal_is_sent_to_its_own_program() {
    assert_eq!(
        reasons(
            &member(),
            &first_to_third_id(),
            Scope::DocumentsAndExam,
            "2026-06-03T18:00"
        ),
        [ReasonKind::OtherProgram]
    );
}

#[test]
fn in_the_year_before_the_regular_one_only_the_exam_is_open() {
    assert_eq!(
        scopes_open(&year_before(), &first_to_third_id()),
        [Scope::ExamOnly]
    );
}

#[test]
fn who_has_passed_the_exam_applies_for_the_documents_only() {
    assert_eq!(
        scopes_open(&exam_passed(), &first_to_third_id()),
        [Scope::DocumentsOnly]
    );
}

#[test]
fn a_pass_of_an_earlier_renewal_does_not_count() {
    let member =
        first_renewal(|record| record.exam_passed_year = Some(crate::calendar::FiscalYear(2020)));
    assert_eq!(
        scopes_open(&member, &first_to_third_id()),
        [Scope::DocumentsAndExam, Scope::DocumentsOnly]
    );
}

#[test]
fn no_offer_is_named_as_the_other_way_that_is_closed_itself() {
    let told = |member: &Member, time: &str| -> Vec<String> {
        let programs = programs();
        eligibility(
            member.record.as_ref().unwrap(),
            programs.get(&first_to_third_id()).unwrap(),
            at(time),
        )
        .offers
        .into_iter()
        .flat_map(|offer| offer.reasons)
        .map(|reason| reason.message)
        .filter(|message| message.contains("をご利用ください"))
        .collect()
    };
    let plain = first_renewal(|_| ());
    let passed =
        first_renewal(|record| record.exam_passed_year = Some(crate::calendar::FiscalYear(2025)));
    for member in [&plain, &passed] {
        assert_eq!(told(member, "2026-06-10T12:00").len(), 1);
        assert_eq!(told(member, "2026-08-01T00:00"), [""; 0]);
        let mut unpaid = member.clone();
        if let Some(record) = &mut unpaid.record {
            record.dues_paid_year = None;
        }
        assert_eq!(told(&unpaid, "2026-06-10T12:00"), [""; 0]);
    }
}

#[test]
fn the_year_after_the_regular_one_is_the_year_of_grace_and_the_next_is_too_late() {
    let certified = |year: i16| {
        first_renewal(|record| {
            if let Some(certification) = &mut record.certification {
                certification.first_certified_on = jiff::civil::date(year, 4, 1);
                certification.last_certified_on = jiff::civil::date(year, 4, 1);
            }
        })
    };
    let programs = programs();
    let program = programs.get(&first_to_third_id()).unwrap();
    let grace = certified(2021);
    assert!(eligibility(grace.record.as_ref().unwrap(), program, in_june().at).grace);
    assert_eq!(
        scopes_open(&grace, &first_to_third_id()),
        [Scope::DocumentsAndExam, Scope::DocumentsOnly]
    );
    assert_eq!(
        reasons(
            &certified(2020),
            &first_to_third_id(),
            Scope::DocumentsOnly,
            "2026-06-03T18:00"
        ),
        [ReasonKind::TooLate]
    );
}

#[test]
fn missing_registration_unpaid_dues_and_no_certification_are_each_named() {
    let nobody = first_renewal(|record| {
        record.medical_registration = None;
        record.dues_paid_year = Some(crate::calendar::FiscalYear(2025));
        record.certification = None;
    });
    assert_eq!(
        reasons(
            &nobody,
            &first_to_third_id(),
            Scope::DocumentsOnly,
            "2026-06-03T18:00"
        ),
        [
            ReasonKind::MedicalRegistrationMissing,
            ReasonKind::DuesUnpaid,
            ReasonKind::NotCertified
        ]
    );
}

#[test]
fn the_renewal_number_of_the_manuals_example_is_four() {
    let certification = yoko().certification.unwrap();
    assert_eq!(crate::eligibility::renewal_number(&certification), 4);
    assert_eq!(
        crate::eligibility::regular_year(&certification),
        crate::calendar::FiscalYear(2026)
    );
}

#[test]
fn the_period_is_open_at_its_first_instant_and_closed_at_its_last() {
    let scope = Scope::DocumentsAndExam;
    let kinds = |time| reasons(&member(), &fourth_id(), scope, time);
    assert_eq!(kinds("2026-04-24T23:59"), [ReasonKind::PeriodNotOpen]);
    assert_eq!(kinds("2026-04-25T00:00"), []);
    assert_eq!(kinds("2026-07-31T23:59"), []);
    assert_eq!(kinds("2026-08-01T00:00"), [ReasonKind::PeriodClosed]);
}

// ── 申込 ────────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn applying_records_what_the_society_knows() {
    ask(vec![], apply(Scope::DocumentsAndExam), in_june())
        .then_expect_events(vec![applied(Scope::DocumentsAndExam)]);
}

#[test]
fn applying_twice_is_refused() {
    ask(
        vec![applied(Scope::DocumentsAndExam)],
        apply(Scope::DocumentsOnly),
        in_june(),
    )
    .then_expect_error(Refusal::AlreadyApplied);
}

#[test]
fn applying_after_the_period_is_refused_with_the_deadline_in_words() {
    ask(
        vec![],
        apply(Scope::DocumentsAndExam),
        context("2026-08-01T00:00"),
    )
    .then_expect_error_message(
        "締め切り日時（2026年7月31日(金) 24:00）を過ぎたため、お申込みできません。ご事情のある方は事務局へお問い合わせください。",
    );
}

#[test]
fn completing_after_the_period_says_that_and_not_that_nobody_can_apply() {
    ask(
        complete(),
        ApplicationCommand::Submit,
        context("2026-08-01T00:00"),
    )
    .then_expect_error_message(
        "締め切り日時（2026年7月31日(金) 24:00）を過ぎたため、申請を完了できません。入力された内容は残っています。ご事情のある方は事務局へお問い合わせください。",
    );
}

#[test]
fn a_choice_that_depends_on_another_says_what_is_allowed_for_what_was_chosen() {
    let rules = &fourth().rules;
    let said = |society: &str, qualification: &str| {
        let resume = crate::documents::Resume {
            basic_society: society.to_owned(),
            qualification: qualification.to_owned(),
            ..resume()
        };
        let errors = resume.errors(rules, &yoko());
        errors
            .into_iter()
            .map(|error| error.message)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        said("日本外科学会", "認定医"),
        [
            "基本学会 資格種別 は、「日本外科学会」では「専門医」または「認定登録医」から選択してください。"
        ]
    );
    assert_eq!(
        said("日本内科学会", "認定登録医"),
        [
            "基本学会 資格種別 は、「日本内科学会」では「認定医」または「専門医」から選択してください。"
        ]
    );
    assert_eq!(
        said("日本外科学会", ""),
        ["基本学会 資格種別 の値を選択してください。"]
    );
    assert_eq!(said("日本外科学会", "認定登録医"), Vec::<String>::new());
}

#[test]
fn a_payment_known_before_the_application_appears_the_moment_it_is_made() {
    let mut member = member();
    let fee = payment("T1", PaymentItem::ExamFee, 11_000);
    member.payments.insert(fee.transaction.clone(), fee.clone());
    let command = ApplicationCommand::Apply {
        program: fourth_id(),
        scope: Scope::DocumentsAndExam,
        member: Box::new(member),
    };
    ask(vec![], command, in_june()).then_expect_events(vec![
        applied(Scope::DocumentsAndExam),
        ApplicationEvent::PaymentConfirmed { payment: fee },
    ]);
}

#[test]
fn a_payment_that_fits_nothing_stays_with_the_member_when_applying() {
    let mut member = member();
    let fee = payment("T1", PaymentItem::ExamFee, 11_000);
    member.payments.insert(fee.transaction.clone(), fee);
    let command = ApplicationCommand::Apply {
        program: fourth_id(),
        scope: Scope::DocumentsOnly,
        member: Box::new(member),
    };
    ask(vec![], command, in_june()).then_expect_events(vec![applied(Scope::DocumentsOnly)]);
}

#[test]
fn the_exam_can_be_added_once_to_an_application_for_documents() {
    let added = ApplicationEvent::ExamAdded {
        added_at: in_june().at,
    };
    ask(
        vec![applied(Scope::DocumentsOnly)],
        ApplicationCommand::AddExam,
        in_june(),
    )
    .then_expect_events(vec![added.clone()]);
    ask(
        vec![applied(Scope::DocumentsOnly), added],
        ApplicationCommand::AddExam,
        in_june(),
    )
    .then_expect_error(Refusal::ExamAlreadyApplied);
}

#[test]
fn who_has_passed_the_exam_cannot_add_it() {
    let events = asked(
        vec![],
        ApplicationCommand::Apply {
            program: first_to_third_id(),
            scope: Scope::DocumentsOnly,
            member: Box::new(exam_passed()),
        },
    )
    .unwrap();
    let refused = asked(events, ApplicationCommand::AddExam).unwrap_err();
    assert!(
        refused.to_string().contains("筆記試験の申込は不要です"),
        "{refused}"
    );
}

#[test]
fn a_withdrawn_application_refuses_edits_and_continues_after_a_new_one() {
    let withdrawn = with(
        filled_in(),
        vec![ApplicationEvent::Withdrawn {
            withdrawn_at: in_june().at,
        }],
    );
    ask(
        withdrawn.clone(),
        add_conference(9, conference("2025/3/6", "5")),
        in_june(),
    )
    .then_expect_error(Refusal::Withdrawn);
    ask(withdrawn.clone(), ApplicationCommand::Withdraw, in_june()).then_expect_events(vec![]);
    let again = with(withdrawn, vec![applied(Scope::DocumentsOnly)]);
    assert!(state(again).documents.is_registered(DocumentKind::Profile));
}

#[test]
fn a_fee_paid_before_withdrawing_counts_after_applying_again_and_the_next_submission_is_the_second()
{
    let submitted = asked(complete(), ApplicationCommand::Submit).unwrap();
    let events = with(
        with(complete(), submitted),
        vec![
            ApplicationEvent::PaymentConfirmed {
                payment: payment("T1", PaymentItem::ExamFee, 11_000),
            },
            ApplicationEvent::Withdrawn {
                withdrawn_at: in_june().at,
            },
            applied(Scope::DocumentsOnly),
            ApplicationEvent::ExamAdded {
                added_at: in_june().at,
            },
        ],
    );
    assert!(matches!(state(events.clone()).exam, ExamTrack::Paid { .. }));
    let again = asked(events, ApplicationCommand::Submit).unwrap();
    assert!(
        matches!(again.as_slice(), [ApplicationEvent::Submitted { submission }] if submission.number == 2)
    );
}

#[test]
fn a_transaction_corrected_to_another_item_no_longer_pays_the_exam() {
    let mut corrected = payment("T1", PaymentItem::ExamFee, 11_000);
    let events = vec![
        applied(Scope::DocumentsAndExam),
        ApplicationEvent::PaymentConfirmed {
            payment: corrected.clone(),
        },
    ];
    corrected.item = PaymentItem::CertificationFee;
    let confirmed = asked(
        events.clone(),
        ApplicationCommand::ConfirmPayment(corrected),
    )
    .unwrap();
    assert_eq!(
        state(with(events, confirmed)).exam,
        ExamTrack::AwaitingPayment
    );
}

#[test]
fn an_application_for_the_exam_only_has_no_documents_to_fill_in() {
    ask(
        vec![applied(Scope::ExamOnly)],
        ApplicationCommand::Submit,
        in_june(),
    )
    .then_expect_error(Refusal::DocumentsNotApplied);
}

// ── 状態 ────────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn the_status_lines_are_those_of_the_manual_at_every_step() {
    let program = fourth();
    let lines = |events: Vec<ApplicationEvent>| state(events).status(&program, in_june().at).lines;
    let paid = ApplicationEvent::PaymentConfirmed {
        payment: payment("T1", PaymentItem::ExamFee, 11_000),
    };
    assert_eq!(lines(vec![applied(Scope::DocumentsOnly)]), ["申請: 申込済"]);
    assert_eq!(
        lines(vec![applied(Scope::DocumentsAndExam)]),
        ["申請: 申込済", "筆記試験: 申込済 受験料をご納入ください"]
    );
    assert_eq!(
        lines(vec![applied(Scope::ExamOnly)]),
        ["筆記試験: 申込済 受験料をご納入ください"]
    );
    assert_eq!(
        lines(vec![applied(Scope::DocumentsAndExam), paid.clone()]),
        ["申請: 申込済", "筆記試験: 申込済 入金確認済み"]
    );
    let submitted = asked(complete(), ApplicationCommand::Submit).unwrap();
    assert_eq!(
        lines(with(with(complete(), submitted), vec![paid])),
        ["申請: 書類確認中", "筆記試験: 申込済 入金確認済み"]
    );
}

#[test]
fn an_unfinished_application_is_past_its_deadline_from_the_first_instant_after_the_period() {
    let state = state(filled_in());
    assert_eq!(
        state.status(&fourth(), at("2026-08-01T00:00")).lines[0],
        "申請: 期限切れ"
    );
    assert_eq!(
        state.status(&fourth(), at("2026-07-31T23:59")).lines[0],
        "申請: 申込済"
    );
}

// ── drafts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_draft_with_mistakes_is_kept_as_typed() {
    let typed = Profile {
        text: "あ".repeat(1_041),
    };
    ask(
        vec![applied(Scope::DocumentsOnly)],
        ApplicationCommand::SaveProfile {
            profile: typed.clone(),
            base: 0,
        },
        in_june(),
    )
    .then_expect_events(vec![ApplicationEvent::ProfileSaved {
        profile: Personal::new(typed.clone()),
    }]);
    assert_eq!(
        typed.errors(&fourth().rules),
        [FieldError {
            pointer: "/text".to_owned(),
            message: "プロフィール は1,040字以内で入力してください。（現在 1,041字）".to_owned(),
        }]
    );
}

#[test]
fn a_save_that_changes_nothing_makes_no_event() {
    ask(
        filled_in(),
        ApplicationCommand::SaveProfile {
            profile: profile(),
            base: 1,
        },
        in_june(),
    )
    .then_expect_events(vec![]);
}

#[test]
fn the_same_resume_is_saved_again_when_the_members_record_has_changed() {
    let mut record = yoko();
    record.workplace.name = "中央総合病院".to_owned();
    let command = ApplicationCommand::SaveResume {
        resume: resume(),
        record: Box::new(record.clone()),
        base: 1,
    };
    ask(filled_in(), command, in_june()).then_expect_events(vec![ApplicationEvent::ResumeSaved {
        resume: Personal::new(resume()),
        record: Personal::new(Box::new(record)),
    }]);
}

#[test]
fn a_save_from_a_stale_revision_is_refused_with_the_current_one() {
    ask(
        filled_in(),
        ApplicationCommand::SaveProfile {
            profile: Profile::default(),
            base: 0,
        },
        in_june(),
    )
    .then_expect_error(Refusal::StaleRevision {
        document: DocumentKind::Profile,
        current: 1,
    });
}

#[test]
fn a_control_character_is_refused_with_a_pointer_and_line_feed_and_tab_are_not() {
    let save = |text: &str| ApplicationCommand::SaveProfile {
        profile: Profile {
            text: text.to_owned(),
        },
        base: 0,
    };
    let refused = asked(vec![applied(Scope::DocumentsOnly)], save("a\u{0}b")).unwrap_err();
    assert!(matches!(&refused, Refusal::Undecodable { pointer, .. } if pointer == "/text"));
    assert!(asked(vec![applied(Scope::DocumentsOnly)], save("a\tb\nc")).is_ok());
}

#[test]
fn the_thirty_first_conference_is_refused_with_the_manuals_limit() {
    let mut events = vec![applied(Scope::DocumentsOnly)];
    for number in 0..30 {
        events.push(ApplicationEvent::ConferenceAdded {
            row: row(number),
            conference: Personal::new(conference("2026/3/26", "5")),
        });
    }
    ask(
        events,
        add_conference(99, conference("2026/3/26", "5")),
        in_june(),
    )
    .then_expect_error_message(
        "研究業績 学会参加は30件まで登録が可能です。不要な明細を削除してから登録してください。",
    );
}

#[test]
fn an_unknown_row_can_be_neither_revised_nor_removed() {
    let revise = ApplicationCommand::ReviseRow {
        row: row(77),
        value: RowValue::Conference(conference("2026/3/26", "5")),
        base: 1,
    };
    let remove = ApplicationCommand::RemoveRow {
        document: DocumentKind::Conferences,
        row: row(77),
        base: 1,
    };
    ask(filled_in(), revise, in_june()).then_expect_error(Refusal::UnknownRow);
    ask(filled_in(), remove, in_june()).then_expect_error(Refusal::UnknownRow);
}

#[test]
fn after_submission_nothing_can_be_edited() {
    let submitted = asked(complete(), ApplicationCommand::Submit).unwrap();
    let events = with(complete(), submitted);
    for command in [
        add_conference(9, conference("2025/3/6", "5")),
        ApplicationCommand::RemoveRow {
            document: DocumentKind::Conferences,
            row: row(2),
            base: 1,
        },
        ApplicationCommand::SaveProfile {
            profile: Profile::default(),
            base: 1,
        },
        ApplicationCommand::RecordResearchYears {
            total_years: "1".to_owned(),
            base: 2,
        },
        ApplicationCommand::SaveClinicalExperience {
            experience: ClinicalExperience::default(),
            base: 1,
        },
        ApplicationCommand::SaveResume {
            resume: Resume::default(),
            record: Box::new(yoko()),
            base: 1,
        },
    ] {
        ask(events.clone(), command, in_june()).then_expect_error(Refusal::AlreadySubmitted);
    }
}

#[test]
fn typing_of_the_last_minute_is_kept_after_the_deadline_but_cannot_be_completed() {
    let late = context("2026-08-01T00:00");
    assert_eq!(
        ask(
            complete(),
            ApplicationCommand::SaveProfile {
                profile: Profile {
                    text: "遅れて".to_owned()
                },
                base: 1
            },
            late.clone(),
        )
        .inspect_result()
        .unwrap()
        .len(),
        1
    );
    let refused = ask(complete(), ApplicationCommand::Submit, late)
        .inspect_result()
        .unwrap_err();
    assert_eq!(refused.code(), "period-not-open");
}

// ── 以前の版の内容に戻す ────────────────────────────────────────────────────────────────────────────────────────────

fn restore(document: DocumentKind, earlier: &[ApplicationEvent], base: u32) -> ApplicationCommand {
    ApplicationCommand::RestoreDocument {
        document,
        earlier: Box::new(state(earlier.to_vec()).documents),
        record: Box::new(yoko()),
        base,
    }
}

fn conference_added(number: u128, day: &str) -> ApplicationEvent {
    ApplicationEvent::ConferenceAdded {
        row: row(number),
        conference: Personal::new(conference(day, "5")),
    }
}

fn conference_removed(number: u128) -> ApplicationEvent {
    ApplicationEvent::ConferenceRemoved { row: row(number) }
}

#[test]
fn a_removed_row_is_brought_back_under_its_own_id() {
    let events = with(filled_in(), vec![conference_removed(2)]);
    ask(
        events,
        add_conference(2, conference("2026/3/26", "5")),
        in_june(),
    )
    .then_expect_events(vec![conference_added(2, "2026/3/26")]);
}

#[test]
fn an_earlier_profile_is_restored_as_one_new_save_and_the_profile_of_today_as_none() {
    let revised = with(
        filled_in(),
        vec![ApplicationEvent::ProfileSaved {
            profile: Personal::new(Profile::default()),
        }],
    );
    ask(
        revised.clone(),
        restore(DocumentKind::Profile, &filled_in(), 2),
        in_june(),
    )
    .then_expect_events(vec![ApplicationEvent::ProfileSaved {
        profile: Personal::new(profile()),
    }]);
    ask(
        revised.clone(),
        restore(DocumentKind::Profile, &revised, 2),
        in_june(),
    )
    .then_expect_events(vec![]);
}

#[test]
fn an_earlier_resume_is_restored_with_the_record_of_today() {
    let mut former = yoko();
    former.workplace.name = "中央総合病院".to_owned();
    let earlier = vec![
        applied(Scope::DocumentsOnly),
        ApplicationEvent::ResumeSaved {
            resume: Personal::new(resume()),
            record: Personal::new(Box::new(former)),
        },
    ];
    let emptied = ApplicationEvent::ResumeSaved {
        resume: Personal::new(Resume::default()),
        record: Personal::new(Box::new(yoko())),
    };
    ask(
        with(earlier.clone(), vec![emptied]),
        restore(DocumentKind::Resume, &earlier, 2),
        in_june(),
    )
    .then_expect_events(vec![ApplicationEvent::ResumeSaved {
        resume: Personal::new(resume()),
        record: Personal::new(Box::new(yoko())),
    }]);
}

#[test]
fn a_restored_list_has_the_rows_of_then_in_the_order_of_then() {
    let earlier = vec![
        applied(Scope::DocumentsOnly),
        conference_added(1, "2026/3/26"),
        conference_added(2, "2025/3/6"),
        conference_added(3, "2024/2/22"),
    ];
    let later = with(
        earlier.clone(),
        vec![
            ApplicationEvent::ConferenceRevised {
                row: row(1),
                conference: Personal::new(conference("2026/3/27", "10")),
            },
            conference_removed(2),
            conference_added(4, "2023/3/16"),
        ],
    );
    let events = asked(
        later.clone(),
        restore(DocumentKind::Conferences, &earlier, 6),
    )
    .unwrap();
    let names: Vec<_> = events.iter().map(ApplicationEvent::name).collect();
    assert_eq!(
        names,
        [
            "ConferenceRemoved",
            "ConferenceRemoved",
            "ConferenceRevised",
            "ConferenceAdded",
            "ConferenceAdded"
        ]
    );
    assert_eq!(
        state(with(later, events)).documents.conferences.value,
        state(earlier).documents.conferences.value
    );
}

#[test]
fn the_total_years_are_restored_with_the_rows_and_alone() {
    let earlier = filled_in();
    let later = with(
        earlier.clone(),
        vec![ApplicationEvent::ResearchYearsRecorded {
            total_years: Personal::new("3年".to_owned()),
        }],
    );
    ask(
        later,
        restore(DocumentKind::ResearchActivities, &earlier, 3),
        in_june(),
    )
    .then_expect_events(vec![ApplicationEvent::ResearchYearsRecorded {
        total_years: Personal::new("25年".to_owned()),
    }]);
}

#[test]
fn a_list_restored_to_before_its_first_row_is_empty() {
    ask(
        filled_in(),
        restore(
            DocumentKind::Conferences,
            &[applied(Scope::DocumentsOnly)],
            1,
        ),
        in_june(),
    )
    .then_expect_events(vec![conference_removed(2)]);
}

#[test]
fn a_document_that_was_not_saved_yet_cannot_be_restored_to_that_moment() {
    for (document, base) in [
        (DocumentKind::Resume, 1),
        (DocumentKind::Profile, 1),
        (DocumentKind::ClinicalExperience, 1),
    ] {
        ask(
            filled_in(),
            restore(document, &[applied(Scope::DocumentsOnly)], base),
            in_june(),
        )
        .then_expect_error(Refusal::NotSavedThen);
    }
}

#[test]
fn restoring_is_refused_from_a_stale_revision_for_the_seminars_and_after_submission() {
    ask(
        filled_in(),
        restore(DocumentKind::Profile, &filled_in(), 0),
        in_june(),
    )
    .then_expect_error(Refusal::StaleRevision {
        document: DocumentKind::Profile,
        current: 1,
    });
    for base in [0, 1] {
        ask(
            filled_in(),
            restore(DocumentKind::Seminars, &filled_in(), base),
            in_june(),
        )
        .then_expect_error(Refusal::NotARowDocument);
    }
    let submitted = asked(complete(), ApplicationCommand::Submit).unwrap();
    ask(
        with(complete(), submitted),
        restore(DocumentKind::Profile, &filled_in(), 1),
        in_june(),
    )
    .then_expect_error(Refusal::AlreadySubmitted);
}

#[test]
fn more_rows_than_the_rules_of_today_allow_are_not_restored() {
    let mut earlier = vec![applied(Scope::DocumentsOnly)];
    earlier.extend((0..31).map(|number| conference_added(number, "2026/3/26")));
    ask(
        filled_in(),
        restore(DocumentKind::Conferences, &earlier, 1),
        in_june(),
    )
    .then_expect_error(Refusal::TooManyRows {
        document: DocumentKind::Conferences,
        limit: 30,
    });
}

// ── the seven documents ─────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn an_empty_resume_is_answered_with_the_five_sentences_of_the_manual() {
    let sentences: Vec<_> = Resume::default()
        .errors(&fourth().rules, &yoko())
        .into_iter()
        .map(|error| error.message)
        .collect();
    assert_eq!(
        sentences,
        [
            "学歴 出身学校名 は必須入力です。",
            "学歴 卒業年月 は必須入力です。",
            "基本学会認定医 学会名 の値を選択してください。",
            "基本学会 資格種別 の値を選択してください。",
            "基本学会 認定番号 は必須入力です。",
        ]
    );
}

#[test]
fn non_disclosure_cannot_be_chosen_when_the_contact_is_the_home() {
    let mut record = yoko();
    record.contact = Contact::Home;
    let resume = Resume {
        withhold_home: true,
        ..resume()
    };
    assert_eq!(
        resume.errors(&fourth().rules, &record)[0].pointer,
        "/withhold_home"
    );
    assert_eq!(resume.errors(&fourth().rules, &yoko()), []);
}

#[test]
fn surgeons_are_accepted_as_specialists_or_registered_physicians_only() {
    let errors = |qualification: &str| {
        Resume {
            basic_society: "日本外科学会".to_owned(),
            qualification: qualification.to_owned(),
            ..resume()
        }
        .errors(&fourth().rules, &yoko())
        .len()
    };
    assert_eq!(errors("認定登録医"), 0);
    assert_eq!(errors("専門医"), 0);
    assert_eq!(errors("認定医"), 1);
}

#[test]
fn a_profile_of_exactly_1040_characters_with_variation_selectors_and_line_breaks_is_accepted() {
    let text = format!("{}\n𠮷", "葛\u{E0100}".repeat(1_038));
    assert_eq!(Profile { text }.errors(&fourth().rules), []);
}

#[test]
fn an_activity_that_ends_before_it_begins_is_pointed_out() {
    let mut value = activity();
    value.to_year = "2020".to_owned();
    assert_eq!(value.errors(&fourth().rules)[0].pointer, "/to_year");
}

#[test]
fn dates_that_do_not_exist_and_units_that_are_no_numbers_are_pointed_out_together() {
    let errors = conference("2026/06/31", "十").errors(&fourth().rules);
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/held_on", "/units"]);
}

#[test]
fn japanese_dates_and_full_width_digits_are_understood() {
    assert_eq!(
        conference("令和８年３月２６日", "５単位").errors(&fourth().rules),
        []
    );
}

#[test]
fn attending_is_no_division_of_an_original_paper() {
    let mut value = paper("題", "10");
    value.division = "参加".to_owned();
    let errors = value.errors(&fourth().rules);
    assert_eq!(
        errors[0].message,
        "種別「原著（英文）」の区分は「共著」または「筆頭」から選択してください。"
    );
}

#[test]
fn clinical_experience_asks_for_an_organ_both_answers_and_readable_trials() {
    let empty: Vec<_> = ClinicalExperience::default()
        .errors(&fourth().rules)
        .into_iter()
        .map(|error| error.pointer)
        .collect();
    assert_eq!(
        empty,
        ["/examined", "/special_procedures", "/second_opinion"]
    );
    let mut filled = experience();
    assert_eq!(filled.errors(&fourth().rules), []);
    filled.special_procedures = Some(true);
    filled.trials = vec![
        Trial {
            name: "試".repeat(81),
            cases: "0".to_owned(),
        },
        Trial::default(),
        Trial {
            name: String::new(),
            cases: "三".to_owned(),
        },
    ];
    filled.consultation = vec!["呼吸器".to_owned(), "心臓".to_owned(), "呼吸器".to_owned()];
    let pointers: Vec<_> = filled
        .errors(&fourth().rules)
        .into_iter()
        .map(|error| error.pointer)
        .collect();
    assert_eq!(
        pointers,
        [
            "/consultation/1",
            "/consultation/2",
            "/special_procedures_detail",
            "/trials/0/name",
            "/trials/2/name",
            "/trials/2/cases"
        ]
    );
}

// ── units and 申請完了要件 ──────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_new_application_lacks_everything_in_the_order_of_the_manual() {
    let attended = vec![
        applied(Scope::DocumentsOnly),
        ApplicationEvent::SeminarAttendanceImported {
            attendance: seminar("ES38A", SeminarKind::A, "2022-08-27", "2022-08-28", 10),
        },
    ];
    assert_eq!(
        messages(attended),
        [
            "業績単位が不足しています (現在 10 単位)",
            "「学会に 1 回以上参加」「セミナー A B の双方に参加」のいずれも満たされていません",
            "申請書類 [履歴書] が未登録です",
            "申請書類 [プロフィール] が未登録です",
            "申請書類 [研究活動歴] が未登録です",
            "申請書類 [業績目録] が未登録です",
        ]
    );
}

#[test]
fn submitting_without_enough_units_is_refused_with_the_current_total() {
    let refused = asked(filled_in(), ApplicationCommand::Submit).unwrap_err();
    let Refusal::RequirementsNotMet(missing) = refused else {
        panic!("{refused}");
    };
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].message, "業績単位が不足しています (現在 5 単位)");
}

#[test]
fn seminars_a_and_b_together_stand_in_for_a_meeting_and_best_of_asco_does_not() {
    let attended = |kinds: &[SeminarKind]| {
        let mut events = vec![applied(Scope::DocumentsOnly)];
        for (number, kind) in kinds.iter().enumerate() {
            events.push(ApplicationEvent::SeminarAttendanceImported {
                attendance: seminar(&format!("S{number}"), *kind, "2024-04-01", "2024-04-02", 10),
            });
        }
        !messages(events)
            .iter()
            .any(|message| message.contains("いずれも"))
    };
    assert!(attended(&[SeminarKind::A, SeminarKind::B]));
    assert!(!attended(&[SeminarKind::A, SeminarKind::A]));
    assert!(!attended(&[SeminarKind::A, SeminarKind::BestOfAsco]));
    assert!(!attended(&[SeminarKind::B]));
}

#[test]
fn a_seminar_counts_by_its_first_day_on_both_sides_of_the_window() {
    let events = vec![
        applied(Scope::DocumentsOnly),
        ApplicationEvent::SeminarAttendanceImported {
            attendance: seminar("ES36B", SeminarKind::B, "2021-08-31", "2021-09-01", 10),
        },
        ApplicationEvent::SeminarAttendanceImported {
            attendance: seminar("EDGE", SeminarKind::A, "2021-09-01", "2021-09-01", 7),
        },
        ApplicationEvent::SeminarAttendanceImported {
            attendance: seminar("LAST", SeminarKind::A, "2026-08-31", "2026-09-30", 5),
        },
    ];
    let assessment = state(events).assess(&fourth().rules);
    assert_eq!(assessment.total, 12);
    assert!(!assessment.seminar_b);
    assert_eq!(
        assessment.rows[0].remarks[0].kind,
        RemarkKind::OutsideWindow
    );
}

fn remarks_of(rows: Vec<crate::documents::Conference>) -> Vec<(u32, Vec<RemarkKind>)> {
    let mut events = vec![applied(Scope::DocumentsOnly)];
    for (number, value) in rows.into_iter().enumerate() {
        events.push(ApplicationEvent::ConferenceAdded {
            row: row(number as u128),
            conference: Personal::new(value),
        });
    }
    state(events)
        .assess(&fourth().rules)
        .rows
        .into_iter()
        .map(|row| {
            (
                row.counted,
                row.remarks.into_iter().map(|remark| remark.kind).collect(),
            )
        })
        .collect()
}

#[test]
fn every_conference_row_says_why_it_does_not_count() {
    assert_eq!(
        remarks_of(vec![
            conference("2026/3/26", "5"),
            conference("2026/3/27", "5"),
            conference("2021/2/18", "5"),
            conference("2024/7/1", "5"),
            conference("2024/2/23", "8"),
            conference("", "5"),
        ]),
        [
            (5, vec![]),
            (0, vec![RemarkKind::Duplicate]),
            (0, vec![RemarkKind::OutsideWindow]),
            (0, vec![RemarkKind::OtherSociety]),
            (
                8,
                // The 21st was held in 名古屋, and the row says 横浜.
                vec![RemarkKind::DiffersFromTable, RemarkKind::PlaceDiffers]
            ),
            (0, vec![RemarkKind::HasErrors]),
        ]
    );
}

#[test]
fn other_societies_count_up_to_their_cap_and_the_last_row_in_part() {
    let mut events = vec![applied(Scope::DocumentsOnly)];
    for number in 0..6_u8 {
        let mut value = paper(&format!("他学会 {number}"), "3");
        value.kind = "学会".to_owned();
        value.division = "参加".to_owned();
        if number == 5 {
            value.units = "5".to_owned();
        }
        if number == 4 {
            value.units = "2".to_owned();
        }
        events.push(ApplicationEvent::PaperAdded {
            row: row(u128::from(number)),
            paper: Personal::new(value),
        });
    }
    let assessment = state(events).assess(&fourth().rules);
    assert_eq!(assessment.other_societies.before_cap, 19);
    assert_eq!(assessment.other_societies.counted, 15);
    assert_eq!(assessment.total, 15);
    assert_eq!(assessment.rows[5].counted, 1);
    assert!(
        assessment.rows[5]
            .remarks
            .iter()
            .any(|remark| remark.kind == RemarkKind::Cap)
    );
}

#[test]
fn a_required_document_with_mistakes_does_not_count_and_its_first_mistake_is_said() {
    let events = with(
        complete(),
        vec![ApplicationEvent::ProfileSaved {
            profile: Personal::new(Profile {
                text: "あ".repeat(2_000),
            }),
        }],
    );
    assert_eq!(
        messages(events),
        [
            "申請書類 [プロフィール] は登録中です。プロフィール は1,040字以内で入力してください。（現在 2,000字）"
        ]
    );
}

#[test]
fn a_list_that_may_be_empty_may_not_be_wrong() {
    let events = with(
        complete(),
        vec![ApplicationEvent::ConferenceAdded {
            row: row(55),
            conference: Personal::new(conference("いつか", "5")),
        }],
    );
    assert_eq!(
        messages(events),
        [
            "申請書類 [研究業績 学会参加] に入力の誤りがあります。該当の行を修正または削除してください"
        ]
    );
}

#[test]
fn research_activities_without_the_total_years_are_not_registered() {
    let events: Vec<_> = complete()
        .into_iter()
        .filter(|event| event.name() != "ResearchYearsRecorded")
        .collect();
    assert_eq!(
        messages(events),
        ["申請書類 [研究活動歴] は登録中です。総年数 が未登録です。"]
    );
}

// ── 申請を完了する ──────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn submitting_records_number_units_rules_and_digest_and_submitting_twice_is_one_submission() {
    let events = asked(complete(), ApplicationCommand::Submit).unwrap();
    let [ApplicationEvent::Submitted { submission }] = events.as_slice() else {
        panic!("one submission expected");
    };
    assert_eq!(submission.number, 1);
    assert_eq!(submission.assessment.total, 55);
    assert_eq!(submission.rules_version, fourth().version);
    assert_eq!(submission.digest.len(), 64);
    ask(
        with(complete(), events.clone()),
        ApplicationCommand::Submit,
        in_june(),
    )
    .then_expect_events(vec![]);
}

#[test]
fn attendance_that_arrives_after_submission_is_kept_and_does_not_change_what_was_submitted() {
    let submitted = asked(complete(), ApplicationCommand::Submit).unwrap();
    let late = ApplicationEvent::SeminarAttendanceImported {
        attendance: seminar("LATE", SeminarKind::A, "2025-04-01", "2025-04-02", 10),
    };
    let state = state(with(with(complete(), submitted), vec![late]));
    assert_eq!(state.assess(&fourth().rules).total, 55);
    assert_eq!(state.attendance.len(), 1);
}

// ── facts of the society ────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_payment_is_confirmed_once_corrected_by_its_transaction_and_refused_without_an_exam() {
    let fee = payment("T1", PaymentItem::ExamFee, 11_000);
    let confirmed = ApplicationEvent::PaymentConfirmed {
        payment: fee.clone(),
    };
    let exam = vec![applied(Scope::ExamOnly)];
    ask(
        exam.clone(),
        ApplicationCommand::ConfirmPayment(fee.clone()),
        in_june(),
    )
    .then_expect_events(vec![confirmed.clone()]);
    let paid = with(exam, vec![confirmed]);
    ask(
        paid.clone(),
        ApplicationCommand::ConfirmPayment(fee.clone()),
        in_june(),
    )
    .then_expect_events(vec![]);
    let second = payment("T2", PaymentItem::ExamFee, 11_000);
    ask(paid, ApplicationCommand::ConfirmPayment(second), in_june())
        .then_expect_error(Refusal::PaymentFitsNothing);
    ask(
        vec![applied(Scope::DocumentsOnly)],
        ApplicationCommand::ConfirmPayment(fee),
        in_june(),
    )
    .then_expect_error(Refusal::PaymentFitsNothing);
}

#[test]
fn a_certification_fee_of_another_amount_is_not_confirmed() {
    ask(
        vec![applied(Scope::DocumentsOnly)],
        ApplicationCommand::ConfirmPayment(payment("T1", PaymentItem::CertificationFee, 22_000)),
        in_june(),
    )
    .then_expect_error(Refusal::AmountDiffers { expected: 11_000 });
}

#[test]
fn outstanding_facts_are_what_the_member_has_and_the_application_has_not_and_the_reverse() {
    let mut member = member();
    let kept = seminar("KEPT", SeminarKind::A, "2024-04-01", "2024-04-02", 10);
    let new = seminar("NEW", SeminarKind::B, "2024-05-01", "2024-05-02", 10);
    let gone = seminar("GONE", SeminarKind::B, "2023-05-01", "2023-05-02", 10);
    for attendance in [&kept, &new] {
        member
            .attendance
            .insert(attendance.key.clone(), attendance.clone());
    }
    let mut application = Application::default();
    application.apply(applied(Scope::ExamOnly));
    for attendance in [&kept, &gone] {
        application.apply(ApplicationEvent::SeminarAttendanceImported {
            attendance: attendance.clone(),
        });
    }
    let fee = payment("T1", PaymentItem::ExamFee, 11_000);
    member.payments.insert(fee.transaction.clone(), fee);
    for command in outstanding_facts(&member, &application) {
        for event in decide(&application.clone(), command, &in_june(), &programs()).unwrap() {
            application.apply(event);
        }
    }
    let state = application.state().unwrap();
    let codes: Vec<_> = state
        .attendance
        .values()
        .map(|one| one.key.code.as_str())
        .collect();
    assert_eq!(codes, ["KEPT", "NEW"]);
    assert!(matches!(state.exam, ExamTrack::Paid { .. }));
    assert!(outstanding_facts(&member, &application).is_empty());
}
