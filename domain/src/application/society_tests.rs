//! What the society does: given what happened, when somebody of the secretariat acts, then this follows.

use super::{examples::*, *};
use crate::{
    actor::{Actor, Context, Role},
    documents::{DocumentKind, Profile},
    eligibility::Scope,
    member::{Member, PaymentItem},
    personal::Personal,
    requirements::{RequirementKind, requirements},
};

type Decided = Result<Vec<ApplicationEvent>, Refusal>;

fn act(events: &[ApplicationEvent], act: Act) -> Decided {
    let now = folded(events);
    decide(&now, society(&now, act), &secretariat(), &programs())
}

fn by_member(events: &[ApplicationEvent], command: ApplicationCommand, time: &str) -> Decided {
    decide(&folded(events), command, &context(time), &programs())
}

fn returned() -> Vec<ApplicationEvent> {
    after_acts(under_review(), [send_back()])
}

fn state_of(events: &[ApplicationEvent]) -> ApplicationState {
    folded(events).state().unwrap().clone()
}

fn names(events: &[ApplicationEvent]) -> Vec<&'static str> {
    events.iter().map(ApplicationEvent::name).collect()
}

fn profile_command(events: &[ApplicationEvent], text: &str) -> ApplicationCommand {
    ApplicationCommand::SaveProfile {
        profile: Profile {
            text: text.to_owned(),
        },
        base: state_of(events).documents.revision(DocumentKind::Profile),
    }
}

fn revise_paper(events: &[ApplicationEvent], number: u128, content: &str) -> ApplicationCommand {
    ApplicationCommand::ReviseRow {
        row: row(number),
        value: RowValue::Paper(paper(content, "10")),
        base: state_of(events).documents.revision(DocumentKind::Papers),
    }
}

fn save_resume(
    events: &[ApplicationEvent],
    change: impl FnOnce(&mut crate::documents::Resume),
) -> ApplicationCommand {
    let mut typed = resume();
    change(&mut typed);
    ApplicationCommand::SaveResume {
        resume: typed,
        record: Box::new(crate::member::record_examples::yoko()),
        base: state_of(events).documents.revision(DocumentKind::Resume),
    }
}

// ── 差し戻し ──────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn only_what_was_sent_back_is_open_for_editing_and_the_rest_is_refused() {
    let events = returned();
    let now = "2026-08-20T09:00";
    assert!(by_member(&events, profile_command(&events, "改めた内容"), now).is_ok());
    assert!(by_member(&events, revise_paper(&events, 101, "掲載誌 12 (3)"), now).is_ok());
    assert_eq!(
        by_member(&events, revise_paper(&events, 102, "掲載誌"), now),
        Err(Refusal::NotReturned)
    );
    let number = save_resume(&events, |typed| {
        typed.qualification_number = "第999号".to_owned();
    });
    assert!(by_member(&events, number, now).is_ok());
    let school = save_resume(&events, |typed| typed.school = "別の大学".to_owned());
    assert_eq!(by_member(&events, school, now), Err(Refusal::NotReturned));
    let both = save_resume(&events, |typed| {
        typed.qualification_number = "第999号".to_owned();
        typed.school = "別の大学".to_owned();
    });
    assert_eq!(by_member(&events, both, now), Err(Refusal::NotReturned));
    let added = ApplicationCommand::AddRow {
        row: row(900),
        value: RowValue::Paper(paper("新しい論文", "10")),
        base: None,
    };
    assert_eq!(by_member(&events, added, now), Err(Refusal::NotReturned));
}

#[test]
fn a_document_that_was_sent_back_as_a_whole_takes_new_rows() {
    let events = after_acts(
        under_review(),
        [Act::Return {
            items: vec![asked(DocumentKind::Papers, "不足分を追加してください。")],
            message: String::new(),
            due: at("2026-08-31T17:00"),
        }],
    );
    let added = ApplicationCommand::AddRow {
        row: row(900),
        value: RowValue::Paper(paper("新しい論文", "10")),
        base: None,
    };
    assert!(by_member(&events, added, "2026-08-20T09:00").is_ok());
}

#[test]
fn completing_again_asks_for_every_item_to_be_answered_or_changed_and_makes_the_next_final_form() {
    let mut events = returned();
    let now = "2026-08-20T09:00";
    let missing = |events: &[ApplicationEvent]| {
        let found = requirements(&state_of(events), &fourth());
        let open = found.missing.iter();
        open.filter(|one| one.kind == RequirementKind::CorrectionOpen)
            .count()
    };
    assert_eq!(missing(&events), 3);
    assert!(matches!(
        by_member(&events, ApplicationCommand::Submit, now),
        Err(Refusal::RequirementsNotMet(missing)) if missing.len() == 3
    ));
    events.extend(by_member(&events, profile_command(&events, "改めた内容"), now).unwrap());
    events.extend(by_member(&events, revise_paper(&events, 101, "掲載誌 12 (3)"), now).unwrap());
    assert_eq!(missing(&events), 1);
    let answer = ApplicationCommand::AnswerCorrection {
        item: 3,
        answer: "写しのとおりです。".to_owned(),
    };
    events.extend(by_member(&events, answer.clone(), now).unwrap());
    assert_eq!(by_member(&events, answer, now), Ok(vec![]));
    let submitted = by_member(&events, ApplicationCommand::Submit, now).unwrap();
    events.extend(submitted);
    let state = state_of(&events);
    assert_eq!(state.submission().unwrap().number, 2);
    assert!(matches!(
        state.documents_track,
        DocumentTrack::UnderReview(_)
    ));
    // The secretariat still sees what was asked for and what was answered.
    let correction = state.review.correction.unwrap();
    assert_eq!(correction.submission, 1);
    assert!(correction.progress_of(1).changed && correction.progress_of(3).answer.is_some());
}

#[test]
fn the_date_of_a_correction_may_lie_after_the_period_and_when_it_is_past_completing_is_refused() {
    let events = returned();
    assert!(at("2026-08-20T09:00") > fourth().period.closes);
    assert!(matches!(
        by_member(&events, ApplicationCommand::Submit, "2026-08-31T17:00"),
        Err(Refusal::CorrectionOverdue { due }) if due.contains("8月31日")
    ));
    // What is typed afterwards is kept all the same.
    assert!(
        by_member(
            &events,
            profile_command(&events, "遅れて"),
            "2026-09-01T09:00"
        )
        .is_ok()
    );
    let longer = after_acts(
        events,
        [Act::ExtendDeadline {
            until: at("2026-09-30T17:00"),
        }],
    );
    assert!(matches!(
        by_member(&longer, ApplicationCommand::Submit, "2026-09-10T09:00"),
        Err(Refusal::RequirementsNotMet(_))
    ));
}

#[test]
fn a_correction_without_items_in_the_past_or_about_nothing_is_refused() {
    let events = under_review();
    let send = |items: Vec<AskedCorrection>, due: &str| {
        act(
            &events,
            Act::Return {
                items,
                message: String::new(),
                due: at(due),
            },
        )
    };
    let item = asked(DocumentKind::Profile, "具体的に");
    assert_eq!(
        send(vec![], "2026-08-31T17:00"),
        Err(Refusal::NothingToCorrect)
    );
    assert_eq!(
        send(vec![item.clone()], "2026-08-09T17:00"),
        Err(Refusal::DueInPast)
    );
    let unknown = AskedCorrection {
        row: Some(row(77)),
        ..asked(DocumentKind::Papers, "x")
    };
    assert_eq!(
        send(vec![unknown], "2026-08-31T17:00"),
        Err(Refusal::UnknownRow)
    );
    for wrong in [
        AskedCorrection {
            field: Some("content".to_owned()),
            ..item.clone()
        },
        AskedCorrection {
            comment: "　".to_owned(),
            ..item
        },
    ] {
        assert!(matches!(
            send(vec![wrong], "2026-08-31T17:00"),
            Err(Refusal::Invalid { pointer, .. }) if pointer.starts_with("/items/0/")
        ));
    }
}

#[test]
fn what_the_member_changes_is_unchecked_again_and_loses_its_adjusted_units() {
    let paper_target = CheckTarget::row(DocumentKind::Papers, row(101));
    let events = after_acts(
        under_review(),
        [
            Act::Check {
                target: CheckTarget::whole(DocumentKind::Profile),
                mark: CheckMark::Checked,
            },
            Act::Check {
                target: CheckTarget::whole(DocumentKind::Resume),
                mark: CheckMark::Checked,
            },
            Act::Check {
                target: paper_target.clone(),
                mark: CheckMark::NeedsCorrection,
            },
            Act::AdjustUnits {
                target: paper_target.clone(),
                units: Some(3),
            },
            send_back(),
        ],
    );
    let now = "2026-08-20T09:00";
    let mut events = events;
    events.extend(by_member(&events, revise_paper(&events, 101, "掲載誌"), now).unwrap());
    events.extend(by_member(&events, profile_command(&events, "改めた"), now).unwrap());
    let review = state_of(&events).review;
    assert_eq!(review.mark(&paper_target), CheckMark::Unchecked);
    assert_eq!(
        review.mark(&CheckTarget::whole(DocumentKind::Profile)),
        CheckMark::Unchecked
    );
    assert_eq!(
        review.mark(&CheckTarget::whole(DocumentKind::Resume)),
        CheckMark::Checked
    );
    assert!(review.adjustments.is_empty());
}

// ── 確認と受理 ────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn documents_are_accepted_only_when_everything_is_checked_and_the_refusal_says_what_is_open() {
    let Err(Refusal::ChecksOpen(open)) = act(&under_review(), Act::AcceptDocuments) else {
        panic!("accepted unseen");
    };
    assert_eq!(open.len(), 10, "seven documents and three papers: {open:?}");
    let checked = after_acts(under_review(), checks());
    assert_eq!(
        names(&act(&checked, Act::AcceptDocuments).unwrap()),
        ["DocumentsAccepted"]
    );
    let target = CheckTarget::row(DocumentKind::Papers, row(101));
    let short = after_acts(
        checked.clone(),
        [Act::AdjustUnits {
            target,
            units: Some(0),
        }],
    );
    assert!(matches!(
        act(&short, Act::AcceptDocuments),
        Err(Refusal::ChecksOpen(open)) if open == ["認められる単位が不足しています（現在 45 単位、必要 50 単位）"]
    ));
}

#[test]
fn a_decision_by_somebody_who_has_not_seen_the_last_change_is_refused() {
    let checked = after_acts(under_review(), checks());
    let seen = folded(&checked);
    let accept = society(&seen, Act::AcceptDocuments);
    let changed = after_acts(
        checked,
        [Act::Check {
            target: CheckTarget::whole(DocumentKind::Profile),
            mark: CheckMark::NeedsCorrection,
        }],
    );
    let current = state_of(&changed).review.revision;
    assert_eq!(
        decide(&folded(&changed), accept, &secretariat(), &programs()),
        Err(Refusal::StaleReview { current })
    );
    // A note changes nothing that a decision rests on.
    let noted = after_acts(changed, [Act::AddNote("電話あり".to_owned())]);
    assert_eq!(state_of(&noted).review.revision, current);
}

#[test]
fn an_act_without_its_reason_is_refused_and_a_mark_needs_none() {
    let now = folded(&under_review());
    let ask = |act: Act, reason: &str| {
        let command = ApplicationCommand::Society(SocietyCommand {
            act,
            reason: reason.to_owned(),
            seen: now.state().map(|state| state.review.revision),
        });
        decide(&now, command, &secretariat(), &programs())
    };
    assert!(matches!(
        ask(Act::Lapse, " 　"),
        Err(Refusal::Invalid { pointer, message }) if pointer == "/reason" && message.contains("理由")
    ));
    assert!(ask(Act::Lapse, "申請がなかったため").is_ok());
    let mark = Act::Check {
        target: CheckTarget::whole(DocumentKind::Profile),
        mark: CheckMark::Checked,
    };
    assert!(ask(mark, "").is_ok());
}

#[test]
fn an_act_in_the_wrong_state_says_the_state_in_words() {
    let Err(refusal) = act(&complete(), Act::PassReview) else {
        panic!("passed before it was submitted");
    };
    assert_eq!(
        refusal.to_string(),
        "「審査合格」は、この申請の状態（申請: 申込済、筆記試験: 受験料未納、認定: 判定待ち）では行えません。画面を開き直して状態をご確認ください。"
    );
}

#[test]
fn reopening_makes_everything_open_until_its_date_and_the_next_completion_is_numbered() {
    let mut events = after_acts(
        accepted(),
        [Act::Reopen {
            until: at("2026-08-31T17:00"),
        }],
    );
    let now = "2026-08-20T09:00";
    events.extend(by_member(&events, revise_paper(&events, 102, "差し替え"), now).unwrap());
    events.extend(by_member(&events, ApplicationCommand::Submit, now).unwrap());
    assert_eq!(state_of(&events).submission().unwrap().number, 2);
    let late = after_acts(
        accepted(),
        [Act::Reopen {
            until: at("2026-08-31T17:00"),
        }],
    );
    assert!(matches!(
        by_member(&late, ApplicationCommand::Submit, "2026-08-31T17:00"),
        Err(Refusal::PeriodNotOpen(_))
    ));
}

#[test]
fn an_extended_deadline_lets_this_application_be_completed_and_no_other() {
    let late = "2026-08-15T12:00";
    assert!(matches!(
        by_member(&complete(), ApplicationCommand::Submit, late),
        Err(Refusal::PeriodNotOpen(_))
    ));
    let extended = after_acts(
        complete(),
        [Act::ExtendDeadline {
            until: at("2026-08-31T17:00"),
        }],
    );
    assert!(by_member(&extended, ApplicationCommand::Submit, late).is_ok());
    assert_eq!(
        act(
            &extended,
            Act::ExtendDeadline {
                until: at("2026-08-20T17:00")
            }
        ),
        Err(Refusal::NotLater)
    );
}

// ── 判定と認定 ────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn the_whole_way_leads_to_certification_on_the_first_of_april_for_five_years() {
    let events = after_acts(fee_paid(), [Act::Certify]);
    let CertificationTrack::Certified(certificate) = state_of(&events).certification else {
        panic!("not certified");
    };
    assert_eq!(certificate.certified_on.to_string(), "2027-04-01");
    assert_eq!(certificate.expires_on.to_string(), "2032-03-31");
    let status = state_of(&events).status(&fourth(), secretariat().at);
    assert_eq!(
        status.lines,
        [
            "申請: 審査合格",
            "筆記試験: 合格",
            "認定: 認定（2027/04/01 ~ 2032/03/31）"
        ]
    );
}

#[test]
fn the_renewal_is_approved_only_when_documents_and_exam_are_both_passed() {
    let passed = after_acts(accepted(), [Act::PassReview]);
    assert!(matches!(
        act(&passed, Act::ApproveCertification),
        Err(Refusal::NotYetCertifiable(missing)) if missing == ["筆記試験が合格になっていません"]
    ));
    let failed = after_acts(
        accepted(),
        [Act::RecordExamResult(ExamOutcome::Failed), Act::PassReview],
    );
    assert!(act(&failed, Act::ApproveCertification).is_err());
}

#[test]
fn a_fee_that_is_not_paid_keeps_exam_result_and_certification_back() {
    let unpaid: Vec<_> = under_review()
        .into_iter()
        .filter(|event| event.name() != "PaymentConfirmed")
        .collect();
    assert_eq!(
        act(&unpaid, Act::RecordExamResult(ExamOutcome::Passed)),
        Err(Refusal::ExamFeeUnpaid)
    );
    assert_eq!(
        act(&approved(), Act::Certify),
        Err(Refusal::CertificationFeeUnpaid)
    );
}

#[test]
fn a_fee_taken_back_is_not_confirmed_again_by_an_import_but_by_a_person() {
    let mut events = fee_paid();
    let reversed = act(
        &events,
        Act::ReversePayment {
            transaction: "T2".to_owned(),
        },
    )
    .unwrap();
    events.extend(reversed);
    assert_eq!(
        state_of(&events).certification,
        CertificationTrack::Approved
    );
    let payment = payment("T2", PaymentItem::CertificationFee, 11_000);
    let mut known = Member::default();
    known
        .payments
        .insert(payment.transaction.clone(), payment.clone());
    let facts = outstanding_facts(&known, &folded(&events));
    assert!(
        !facts
            .iter()
            .any(|fact| matches!(fact, ApplicationCommand::ConfirmPayment(_)))
    );
    let by = |role| Context {
        actor: Actor {
            role,
            id: "x".to_owned(),
        },
        at: secretariat().at,
    };
    let confirm = |role| {
        let command = ApplicationCommand::ConfirmPayment(payment.clone());
        decide(&folded(&events), command, &by(role), &programs())
    };
    assert_eq!(confirm(Role::System), Err(Refusal::PaymentFitsNothing));
    assert_eq!(
        names(&confirm(Role::Secretariat).unwrap()),
        ["PaymentConfirmed"]
    );
}

#[test]
fn an_import_confirms_a_payment_only_under_the_members_own_name() {
    let events = complete();
    let confirm = |payer: &str, role| {
        let mut paid = payment("T1", PaymentItem::ExamFee, 11_000);
        paid.payer = Personal::new(payer.to_owned());
        let context = Context {
            actor: Actor {
                role,
                id: "x".to_owned(),
            },
            at: in_june().at,
        };
        let command = ApplicationCommand::ConfirmPayment(paid);
        decide(&folded(&events), command, &context, &programs())
    };
    for payer in ["リンショウ", "ﾘﾝｼﾖｳ", "リンショウ　ハナコ", "ﾘﾝｼｮｳ ﾊﾅｺ"]
    {
        assert!(confirm(payer, Role::System).is_ok(), "{payer}");
    }
    for payer in ["", "ハナコ", "タナカ", "リンショウカイ"] {
        assert_eq!(
            confirm(payer, Role::System),
            Err(Refusal::PayerDiffers),
            "{payer}"
        );
        assert!(confirm(payer, Role::Secretariat).is_ok(), "{payer}");
    }
}

#[test]
fn an_exam_result_can_be_corrected_until_the_renewal_is_approved() {
    let events = after_acts(
        accepted(),
        [
            Act::RecordExamResult(ExamOutcome::Failed),
            Act::RecordExamResult(ExamOutcome::Passed),
        ],
    );
    assert!(matches!(
        state_of(&events).exam,
        ExamTrack::Resulted {
            outcome: ExamOutcome::Passed,
            ..
        }
    ));
    assert!(matches!(
        act(&approved(), Act::RecordExamResult(ExamOutcome::Failed)),
        Err(Refusal::WrongState { .. })
    ));
}

#[test]
fn an_imported_exam_result_goes_back_to_what_was_there_unless_it_changed_or_was_built_upon() {
    let retract = |recorded, earlier| Act::RetractExamResult { recorded, earlier };
    let (passed, failed) = (ExamOutcome::Passed, ExamOutcome::Failed);
    let events = after_acts(accepted(), [Act::RecordExamResult(passed)]);
    let back = after_acts(events.clone(), [retract(passed, None)]);
    assert_eq!(state_of(&back).exam, state_of(&accepted()).exam);
    assert_eq!(act(&back, retract(passed, None)), Ok(vec![]));
    let corrected = after_acts(events, [Act::RecordExamResult(failed)]);
    assert_eq!(
        act(&corrected, retract(passed, None)),
        Err(Refusal::ExamResultChanged)
    );
    let back = after_acts(corrected, [retract(failed, Some(passed))]);
    assert!(matches!(
        state_of(&back).exam,
        ExamTrack::Resulted {
            outcome: ExamOutcome::Passed,
            ..
        }
    ));
    assert!(matches!(
        act(&approved(), retract(passed, None)),
        Err(Refusal::WrongState { .. })
    ));
}

#[test]
fn a_payment_whose_import_was_taken_back_is_given_back_and_counts_when_it_comes_again() {
    let imported = payment("T9", PaymentItem::ReviewFee, 11_000);
    let mut events = accepted();
    events.push(ApplicationEvent::PaymentConfirmed {
        payment: imported.clone(),
    });
    let application = folded(&events);
    let command = ApplicationCommand::RetractPayment(imported.clone());
    let follows = decide(&application, command.clone(), &secretariat(), &programs()).unwrap();
    assert_eq!(
        follows,
        [ApplicationEvent::PaymentReversed {
            transaction: "T9".to_owned(),
            retracted: true,
        }]
    );
    events.extend(follows);
    let application = folded(&events);
    let again = decide(&application, command, &secretariat(), &programs());
    assert_eq!(again, Ok(vec![]));
    assert!(application.state().unwrap().reversed.is_empty());
}

#[test]
fn a_decision_taken_back_leads_to_the_check_again_until_the_renewal_is_approved() {
    let events = after_acts(accepted(), [Act::FailReview, Act::RevokeDecision]);
    assert!(matches!(
        state_of(&events).documents_track,
        DocumentTrack::UnderReview(_)
    ));
    assert!(matches!(
        act(&approved(), Act::RevokeDecision),
        Err(Refusal::WrongState { .. })
    ));
}

#[test]
fn what_is_so_already_changes_nothing_when_it_is_said_again() {
    for (events, again) in [
        (accepted(), Act::AcceptDocuments),
        (after_acts(accepted(), [Act::PassReview]), Act::PassReview),
        (approved(), Act::ApproveCertification),
        (after_acts(fee_paid(), [Act::Certify]), Act::Certify),
    ] {
        assert_eq!(act(&events, again), Ok(vec![]));
    }
}

#[test]
fn labels_notes_and_marks_are_never_part_of_what_the_member_submits() {
    let before = state_of(&under_review());
    let after = state_of(&after_acts(
        under_review(),
        [
            Act::AddNote("要注意".to_owned()),
            Act::SetLabels(["要相談".to_owned()].into()),
        ],
    ));
    assert_eq!(before.documents, after.documents);
    assert_eq!(before.submission(), after.submission());
    assert_eq!(after.review.notes.len(), 1);
}

#[test]
fn an_application_for_the_exam_alone_knows_no_documents_to_check() {
    let events = vec![applied(Scope::ExamOnly)];
    for nothing in [
        Act::AcceptDocuments,
        send_back(),
        Act::Reopen {
            until: at("2026-09-01T00:00"),
        },
    ] {
        assert!(matches!(
            act(&events, nothing),
            Err(Refusal::WrongState { .. })
        ));
    }
}
