//! What the society does: given what happened, when somebody of the secretariat acts, then this follows.

use jiff::civil::date;

use super::{examples::*, *};
use crate::{
    actor::{Actor, Context, Role},
    documents::{DocumentKind, Profile},
    eligibility::Scope,
    member::{Member, PaymentItem, SeminarKind},
    personal::Personal,
    proposal::Approval,
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
    let closed = |command: ApplicationCommand| match by_member(&events, command, now) {
        Err(Refusal::NotReturned(closed)) => closed
            .into_iter()
            .map(|error| (error.pointer, error.message))
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let named = |pointer: &str, label: &str| {
        let sentence = format!("{label}: この項目は変更できません（修正のお願いの対象外です）。");
        vec![(pointer.to_owned(), sentence)]
    };
    assert_eq!(
        closed(revise_paper(&events, 102, "掲載誌")),
        named("/content", "内容")
    );
    let number = save_resume(&events, |typed| {
        typed.qualification_number = "第999号".to_owned();
    });
    assert!(by_member(&events, number, now).is_ok());
    let school = save_resume(&events, |typed| typed.school = "別の大学".to_owned());
    assert_eq!(closed(school), named("/school", "学歴 出身学校名"));
    let added = ApplicationCommand::AddRow {
        row: row(900),
        value: RowValue::Paper(paper("新しい論文", "10")),
        base: None,
    };
    assert_eq!(closed(added), named("", "研究業績 論文 明細の追加"));
    let removed = ApplicationCommand::RemoveRow {
        document: DocumentKind::Papers,
        row: row(102),
        base: state_of(&events).documents.revision(DocumentKind::Papers),
    };
    assert_eq!(closed(removed), named("", "研究業績 論文 明細の削除"));
}

#[test]
fn a_save_that_touches_what_was_not_sent_back_keeps_what_was_and_names_the_rest() {
    let events = returned();
    let both = save_resume(&events, |typed| {
        typed.qualification_number = "第999号".to_owned();
        typed.school = "別の大学".to_owned();
        typed.withhold_home = !typed.withhold_home;
    });
    let ApplicationCommand::SaveResume { resume: sent, .. } = both.clone() else {
        panic!("a save")
    };
    let mut after = events.clone();
    after.extend(by_member(&events, both, "2026-08-20T09:00").unwrap());
    let state = state_of(&after);
    let saved = state.documents.resume.value.as_ref().unwrap();
    let mut expected = resume();
    expected.qualification_number = "第999号".to_owned();
    assert_eq!(saved.resume, expected);
    let left: Vec<_> = state
        .left_out(DocumentKind::Resume, None, (&sent, Some(&saved.resume)))
        .into_iter()
        .map(|error| error.pointer)
        .collect();
    assert_eq!(left, ["/school", "/withhold_home"]);
    // The item of that field is dealt with, the others are not.
    let done: Vec<_> = (1..=3)
        .map(|number| state.open_correction().unwrap().progress_of(number).changed)
        .collect();
    assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
}

#[test]
fn a_row_that_was_sent_back_may_be_removed_and_brought_back_while_no_other_may_be_added() {
    let mut events = after_acts(
        under_review(),
        [Act::Return {
            items: vec![AskedCorrection {
                row: Some(row(101)),
                ..asked(DocumentKind::Papers, "ご確認ください。")
            }],
            message: String::new(),
            due: at("2026-08-31T17:00"),
        }],
    );
    let now = "2026-08-20T09:00";
    let state = state_of(&events);
    assert!(state.opens_row(DocumentKind::Papers, row(101)));
    assert!(state.opens_removal(DocumentKind::Papers, row(101)));
    assert!(!state.opens_row(DocumentKind::Papers, row(102)));
    assert!(!state.opens_removal(DocumentKind::Papers, row(102)));
    assert!(!state.opens_new_row(DocumentKind::Papers));
    assert!(!state.opens_document(DocumentKind::Conferences));
    let removed = ApplicationCommand::RemoveRow {
        document: DocumentKind::Papers,
        row: row(101),
        base: state.documents.revision(DocumentKind::Papers),
    };
    events.extend(by_member(&events, removed, now).unwrap());
    let back = |number| ApplicationCommand::AddRow {
        row: row(number),
        value: RowValue::Paper(paper("掲載誌 12 (3)", "10")),
        base: None,
    };
    assert!(matches!(
        by_member(&events, back(900), now),
        Err(Refusal::NotReturned(_))
    ));
    assert_eq!(
        by_member(&events, back(101), now).map(|events| events.len()),
        Ok(1)
    );
}

#[test]
fn answers_are_saved_together_or_refused_together() {
    let mut events = returned();
    let now = "2026-08-20T09:00";
    let answers = |texts: [&str; 3]| ApplicationCommand::AnswerCorrection {
        answers: (1..)
            .zip(texts)
            .map(|(item, answer)| ItemAnswer {
                item,
                answer: answer.to_owned(),
                seen: None,
            })
            .collect(),
    };
    let long = "長".repeat(1_001);
    assert!(matches!(
        by_member(&events, answers(["一", &long, "三"]), now),
        Err(Refusal::Invalid { message, .. }) if message == "回答 は1,000字以内で入力してください。（現在 1,001字）"
    ));
    events.extend(by_member(&events, answers(["一", "", "三"]), now).unwrap());
    let said = |events: &[ApplicationEvent]| {
        let state = state_of(events);
        let correction = state.open_correction().unwrap();
        [1, 2, 3].map(|number| correction.answer_of(number))
    };
    assert_eq!(said(&events), ["一", "", "三"]);
    // Another window said something in between: it is not overwritten by somebody who has not seen it.
    let unseen = |seen: &str| ApplicationCommand::AnswerCorrection {
        answers: vec![ItemAnswer {
            item: 1,
            answer: "壱".to_owned(),
            seen: Some(seen.to_owned()),
        }],
    };
    assert!(matches!(
        by_member(&events, unseen(""), now),
        Err(Refusal::Invalid { .. })
    ));
    events.extend(by_member(&events, unseen("一"), now).unwrap());
    assert_eq!(said(&events), ["壱", "", "三"]);
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
        answers: vec![ItemAnswer {
            item: 3,
            answer: "写しのとおりです。".to_owned(),
            seen: None,
        }],
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
                further_reason: String::new(),
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
fn an_adjustment_is_a_figure_that_the_row_may_have_and_more_needs_a_further_reason() {
    let paper = CheckTarget::row(DocumentKind::Papers, row(101));
    let adjusted = |units: u32, further_reason: &str| {
        let adjustment = Act::AdjustUnits {
            target: paper.clone(),
            units: Some(units),
            further_reason: further_reason.to_owned(),
        };
        act(&under_review(), adjustment).map(|events| names(&events).len())
    };
    let state = state_of(&under_review());
    let rules = fourth().rules;
    let most = state.most_units(&paper, &rules);
    let counted = state.assess_now(&rules).rows;
    let counted = counted
        .iter()
        .find(|one| one.row == row(101).to_string())
        .unwrap()
        .counted;
    assert_eq!(
        most,
        counted.max(10),
        "the table says 10 of 原著（英文） 筆頭"
    );
    for units in [0, 1, most - 1, most] {
        assert!(matches!(adjusted(units, ""), Ok(0 | 1)), "{units}");
    }
    for (units, further_reason, pointer) in [
        (most + 1, "", "/further_reason"),
        (most + 1, " \u{3000}\n", "/further_reason"),
        (99, "", "/further_reason"),
        (100, "委員会の決定による", "/units"),
        (99_999, "委員会の決定による", "/units"),
        (u32::MAX, "", "/units"),
        (most, &"長".repeat(TEXT_LIMIT + 1), "/further_reason"),
    ] {
        assert!(
            matches!(adjusted(units, further_reason), Err(Refusal::Invalid { pointer: at, .. }) if at == pointer),
            "{units} {further_reason}"
        );
    }
    assert_eq!(adjusted(most + 1, "委員会の決定による"), Ok(1));
    assert_eq!(adjusted(99, "委員会の決定による"), Ok(1));
}

#[test]
fn the_log_keeps_both_reasons_of_an_adjustment_above_the_table() {
    let recorded = |reason: &str, further_reason: &str| {
        SocietyCommand {
            act: Act::AdjustUnits {
                target: CheckTarget::row(DocumentKind::Papers, row(101)),
                units: Some(20),
                further_reason: further_reason.to_owned(),
            },
            explanation: String::new(),
            reason: reason.to_owned(),
            seen: None,
            approved: None,
        }
        .recorded_reason()
    };
    assert_eq!(recorded("", " "), None);
    assert_eq!(
        recorded("証明書により確認", "").unwrap(),
        "証明書により確認"
    );
    assert_eq!(
        recorded("証明書により確認", "委員会の決定").unwrap(),
        "証明書により確認\n単位表を超えて認める理由: 委員会の決定"
    );
}

/// Completed with one row of 学会参加 whose place is not that of the meeting.
fn with_another_place() -> Vec<ApplicationEvent> {
    let mut events = complete();
    let place = crate::documents::Conference {
        place: "ASCO-GI, San Francisco".to_owned(),
        ..conference("2026/3/26", "5")
    };
    let known = state_of(&events).documents.conferences.value;
    let id = known.iter().next().map_or(row(900), |known| known.id);
    let conference = Personal::new(place);
    events.push(if known.is_empty() {
        ApplicationEvent::ConferenceAdded {
            row: id,
            conference,
        }
    } else {
        ApplicationEvent::ConferenceRevised {
            row: id,
            conference,
        }
    });
    let submitted = decide(
        &folded(&events),
        ApplicationCommand::Submit,
        &in_june(),
        &programs(),
    );
    events.extend(submitted.unwrap());
    events
}

#[test]
fn documents_are_not_accepted_until_a_row_with_another_place_is_checked_or_adjusted() {
    let events = after_acts(with_another_place(), checks());
    let state = state_of(&events);
    let assessment = state.assess_now(&fourth().rules);
    let waiting = state.review.to_confirm(&assessment);
    assert_eq!(waiting.len(), 1);
    let target = CheckTarget::row(DocumentKind::Conferences, &waiting[0].row);
    assert_eq!(waiting[0].counted, 5);
    let Err(Refusal::ChecksOpen(open)) = act(&events, Act::AcceptDocuments) else {
        panic!("accepted with a row that nobody looked at");
    };
    assert_eq!(
        open,
        [
            "「研究業績 学会参加」の No.1 の開催地が要確認です（明細を確認済にするか、事務局欄に単位を入力してください）"
        ]
    );
    for settled in [
        Act::Check {
            target: target.clone(),
            mark: CheckMark::Checked,
        },
        Act::AdjustUnits {
            target: target.clone(),
            units: Some(4),
            further_reason: String::new(),
        },
    ] {
        let settled = after_acts(events.clone(), [settled]);
        assert_eq!(
            names(&act(&settled, Act::AcceptDocuments).unwrap()),
            ["DocumentsAccepted"]
        );
    }
    let wrong = after_acts(
        events,
        [Act::Check {
            target,
            mark: CheckMark::NeedsCorrection,
        }],
    );
    assert!(matches!(
        act(&wrong, Act::AcceptDocuments),
        Err(Refusal::ChecksOpen(open)) if open.len() == 2
    ));
}

#[test]
fn a_row_with_another_place_says_what_is_so_once_it_has_been_looked_at() {
    let events = with_another_place();
    let said = |events: &[ApplicationEvent]| {
        let state = state_of(events);
        // What was submitted stays as it was; what is said of it does not.
        let assessment = state.assess(&fourth().rules);
        let row = &assessment.rows[0];
        state.review.sentences(row).concat()
    };
    assert!(said(&events).starts_with("要確認: "), "{}", said(&events));
    let id = state_of(&events).assess(&fourth().rules).rows[0]
        .row
        .clone();
    let target = CheckTarget::row(DocumentKind::Conferences, id);
    let checked = Act::Check {
        target: target.clone(),
        mark: CheckMark::Checked,
    };
    assert_eq!(
        said(&after_acts(events.clone(), [checked])),
        "開催地は事務局で確認しました。単位に算入されます。"
    );
    let adjusted = Act::AdjustUnits {
        target,
        units: Some(0),
        further_reason: String::new(),
    };
    assert_eq!(
        said(&after_acts(events, [adjusted])),
        "開催地は事務局で確認しました。単位は、事務局欄の0単位です。"
    );
}

/// 事務局欄 of a row.
fn office(target: &CheckTarget, units: u32) -> Act {
    Act::AdjustUnits {
        target: target.clone(),
        units: Some(units),
        further_reason: String::new(),
    }
}

/// Completed, with two sessions of 教育セミナー in whose codes the order of their days is not to be seen.
fn with_seminars() -> Vec<ApplicationEvent> {
    let mut events = under_review();
    for attendance in [
        seminar("AB", SeminarKind::B, "2025-08-24", "2025-08-24", 5),
        seminar("ZA", SeminarKind::A, "2025-08-23", "2025-08-23", 5),
    ] {
        events.push(ApplicationEvent::SeminarAttendanceImported { attendance });
    }
    events
}

#[test]
fn a_row_whose_office_figure_is_0_is_no_attendance_and_documents_wait_for_another() {
    let meeting = CheckTarget::row(DocumentKind::Conferences, row(2));
    let session = CheckTarget::row(DocumentKind::Seminars, "ZA@2025-08-23");
    let missing = "認められた学会・セミナー参加が不足しています（「学会に 1 回以上参加」「セミナー A B の双方に参加」のいずれも満たされていません）";
    let open = |events: &[ApplicationEvent]| match act(events, Act::AcceptDocuments) {
        Ok(_) => Vec::new(),
        Err(Refusal::ChecksOpen(open)) => open,
        Err(other) => panic!("{other:?}"),
    };
    let checked = after_acts(under_review(), checks());
    assert_eq!(open(&checked), Vec::<String>::new());
    let other_society = after_acts(checked, [office(&meeting, 0)]);
    assert_eq!(open(&other_society), [missing]);
    // Any other figure is attendance.
    let recognised = after_acts(other_society, [office(&meeting, 1)]);
    assert_eq!(open(&recognised), Vec::<String>::new());

    // A and B serve as well, as long as neither is 0.
    let seminars = after_acts(
        with_seminars(),
        checks().into_iter().chain([office(&meeting, 0)]),
    );
    assert_eq!(open(&seminars), Vec::<String>::new());
    assert_eq!(
        open(&after_acts(seminars, [office(&session, 0)])),
        [missing]
    );
}

#[test]
fn a_seminar_has_one_number_on_every_face_by_its_first_day() {
    let state = state_of(&with_seminars());
    let rows = state.review_rows(DocumentKind::Seminars);
    assert_eq!(rows, ["ZA@2025-08-23", "AB@2025-08-24"]);
    let assessment = state.assess_now(&fourth().rules);
    let printed = assessment.rows.iter();
    let printed = printed.filter(|row| row.document == DocumentKind::Seminars);
    assert!(printed.map(|row| &row.row).eq(&rows));
    assert_eq!(
        state.row_number(DocumentKind::Seminars, "ZA@2025-08-23"),
        Some(1)
    );
}

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
            further_reason: String::new(),
        }],
    );
    assert!(matches!(
        act(&short, Act::AcceptDocuments),
        Err(Refusal::ChecksOpen(open)) if open == ["認められた単位が不足しています（現在 45 単位、必要 50 単位）"]
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

/// What is answered when an act comes with these two sentences.
fn saying(
    events: &[ApplicationEvent],
    act: Act,
    explanation: &str,
    reason: &str,
) -> Result<Vec<ApplicationEvent>, Refusal> {
    let now = folded(events);
    let command = ApplicationCommand::Society(SocietyCommand {
        approved: now
            .state()
            .is_some_and(|state| act.needs_two_persons(state))
            .then_some(APPROVED),
        act,
        explanation: explanation.to_owned(),
        reason: reason.to_owned(),
        seen: now.state().map(|state| state.review.revision),
    });
    decide(&now, command, &secretariat(), &programs())
}

#[test]
fn what_is_taken_back_or_done_against_the_rule_needs_its_reason_and_routine_needs_none() {
    let target = CheckTarget::row(DocumentKind::Papers, row(101));
    for (events, act) in [
        (
            under_review(),
            Act::AdjustUnits {
                target: target.clone(),
                units: Some(7),
                further_reason: String::new(),
            },
        ),
        (
            under_review(),
            Act::Reopen {
                until: at("2026-09-01T00:00"),
            },
        ),
        (
            complete(),
            Act::ExtendDeadline {
                until: at("2026-09-30T17:00"),
            },
        ),
        (accepted(), Act::RevokeDecision),
        (
            under_review(),
            Act::ReversePayment {
                transaction: "T1".to_owned(),
            },
        ),
        (
            approved(),
            Act::Undo {
                event: approved().len() as u64,
            },
        ),
    ] {
        assert!(act.needs_reason(), "{}", act.label());
        assert!(
            matches!(
                saying(&events, act.clone(), "", " 　"),
                Err(Refusal::Invalid { pointer, message })
                    if pointer == "/reason" && message.contains("内部の理由")
            ),
            "{}",
            act.label()
        );
        let label = act.label();
        assert!(saying(&events, act, "", "委員会の決定").is_ok(), "{label}");
    }
    let checked = after_acts(under_review(), checks());
    for (events, act) in [
        (checked, Act::AcceptDocuments),
        (accepted(), Act::PassReview),
        (fee_paid(), Act::Certify),
        (under_review(), send_back()),
        (under_review(), Act::Withdraw),
        (
            under_review(),
            Act::Check {
                target: CheckTarget::whole(DocumentKind::Profile),
                mark: CheckMark::Checked,
            },
        ),
    ] {
        let label = act.label();
        assert!(saying(&events, act, "", "").is_ok(), "{label}");
    }
}

#[test]
fn what_goes_against_the_member_is_explained_and_the_explanation_is_part_of_the_event() {
    let until = date(2027, 3, 31);
    let failed = after_acts(accepted(), [Act::FailReview]);
    let lapsed = after_acts(under_review(), [Act::Lapse]);
    let deferred = after_acts(under_review(), [Act::Defer { until }]);
    let last = |events: &[ApplicationEvent]| Act::Undo {
        event: events.len() as u64,
    };
    for (events, act) in [
        (accepted(), Act::FailReview),
        (accepted(), Act::RecordExamResult(ExamOutcome::Failed)),
        (under_review(), Act::Defer { until }),
        (under_review(), Act::Lapse),
        (failed.clone(), Act::RevokeDecision),
        (lapsed.clone(), last(&lapsed)),
        (deferred.clone(), last(&deferred)),
    ] {
        let label = act.label();
        assert!(
            matches!(
                saying(&events, act.clone(), "", "委員会の決定"),
                Err(Refusal::Invalid { pointer, message })
                    if pointer == "/explanation" && message.contains("会員への説明")
            ),
            "{label}"
        );
        let follows = saying(&events, act, "ご説明いたします。", "委員会の決定").unwrap();
        assert_eq!(
            follows[0].explanation(),
            Some("ご説明いたします。"),
            "{label}"
        );
        let kept = serde_json::to_string(&follows[0]).unwrap();
        assert!(kept.contains(r#""explanation":{"$p":"#), "{label}");
        assert!(!kept.contains("委員会の決定"), "{label}");
    }
    // Where there is nothing for the member to read, none is taken in silence.
    assert!(matches!(
        saying(&under_review(), Act::AddNote("電話".to_owned()), "説明", ""),
        Err(Refusal::Invalid { pointer, .. }) if pointer == "/explanation"
    ));
    assert!(saying(&under_review(), send_back(), "説明", "").is_err());
}

#[test]
fn an_event_from_before_there_were_explanations_is_read_as_one_without() {
    let old = r#"{"Lapsed":{"at":"2026-08-10T01:00:00Z"}}"#;
    let event: ApplicationEvent = serde_json::from_str(old).unwrap();
    assert_eq!(event.explanation(), None);
    assert_eq!(serde_json::to_string(&event).unwrap(), old);
}

#[test]
fn the_member_reads_the_explanation_where_the_application_stands_until_it_goes_on() {
    let told = |events: &[ApplicationEvent]| -> Vec<(String, String)> {
        let status = state_of(events).status(&fourth(), secretariat().at);
        let told = status.explanations.into_iter();
        told.map(|told| (told.act, told.explanation)).collect()
    };
    let explanation = || "委員会で決定いたしました。".to_owned();
    let mut events = after_acts(accepted(), [Act::FailReview]);
    assert_eq!(told(&events), [("審査不合格".to_owned(), explanation())]);
    events = after_acts(events, [Act::Lapse]);
    assert_eq!(told(&events).len(), 2);
    let event = events.len() as u64;
    events = after_acts(events, [Act::Undo { event }, Act::RevokeDecision]);
    assert_eq!(
        told(&events),
        [
            ("判定の取消".to_owned(), explanation()),
            ("失効の取消".to_owned(), explanation())
        ]
    );
    events = after_acts(events, checks().into_iter().chain([Act::AcceptDocuments]));
    assert_eq!(told(&events).len(), 1);
}

/// What is answered when nobody has approved, or when what was approved rests on another revision.
fn approved_by(
    events: &[ApplicationEvent],
    act: Act,
    approved: Option<Approval>,
    behind: u32,
) -> Result<Vec<ApplicationEvent>, Refusal> {
    let now = folded(events);
    let ApplicationCommand::Society(command) = society(&now, act) else {
        panic!("an act of the society is one");
    };
    let command = SocietyCommand {
        approved,
        seen: command.seen.map(|seen| seen - behind),
        ..command
    };
    decide(
        &now,
        ApplicationCommand::Society(command),
        &secretariat(),
        &programs(),
    )
}

#[test]
fn two_persons_are_needed_where_the_member_cannot_unread_it_and_for_undoing() {
    let passed = after_acts(accepted(), [Act::RecordExamResult(ExamOutcome::Passed)]);
    let undo = Act::Undo {
        event: approved().len() as u64,
    };
    let undo_result = Act::Undo {
        event: passed.len() as u64,
    };
    for (events, act) in [
        (accepted(), Act::FailReview),
        (
            after_acts(accepted(), [Act::FailReview]),
            Act::RevokeDecision,
        ),
        (accepted(), Act::RecordExamResult(ExamOutcome::Failed)),
        (passed.clone(), undo_result),
        (passed, Act::RecordExamResult(ExamOutcome::Absent)),
        (accepted(), Act::Lapse),
        (approved(), undo),
    ] {
        let label = act.label();
        let now = folded(&events);
        assert!(act.needs_two_persons(now.state().unwrap()), "{label}");
        assert!(act.decides());
        let alone = approved_by(&events, act.clone(), None, 0);
        assert_eq!(alone, Err(Refusal::NotApproved), "{label}");
        let stale = approved_by(&events, act.clone(), Some(APPROVED), 1);
        assert!(
            matches!(stale, Err(Refusal::StaleReview { .. })),
            "{label}: {stale:?}"
        );
        assert!(
            approved_by(&events, act, Some(APPROVED), 0).is_ok(),
            "{label}"
        );
    }
    for act in [
        Act::PassReview,
        Act::RecordExamResult(ExamOutcome::Passed),
        Act::RetractExamResult {
            recorded: ExamOutcome::Passed,
            earlier: None,
        },
        Act::Certify,
        Act::RevokeDecision,
    ] {
        let now = folded(&accepted());
        assert!(
            !act.needs_two_persons(now.state().unwrap()),
            "{}",
            act.label()
        );
    }
}

#[test]
fn what_cannot_be_done_anyway_is_refused_for_that_and_not_for_want_of_a_second_person() {
    let nothing = approved_by(&accepted(), Act::Undo { event: 1 }, None, 0);
    assert!(
        matches!(nothing, Err(Refusal::NothingToUndo)),
        "{nothing:?}"
    );
    let too_early = approved_by(&complete(), Act::FailReview, None, 0);
    assert!(
        matches!(too_early, Err(Refusal::WrongState { .. })),
        "{too_early:?}"
    );
    let lapsed = after_acts(under_review(), [Act::Lapse]);
    assert_eq!(approved_by(&lapsed, Act::Lapse, None, 0), Ok(vec![]));
}

#[test]
fn while_a_lapse_stands_nothing_is_asked_of_the_member_or_decided_until_it_is_undone() {
    let lapsed = after_acts(under_review(), [Act::Lapse]);
    let check = checks().swap_remove(0);
    for refused in [check, send_back(), Act::AcceptDocuments, Act::Withdraw] {
        let label = refused.label();
        let answer = act(&lapsed, refused);
        assert!(
            matches!(answer, Err(Refusal::WrongState { .. })),
            "{label}: {answer:?}"
        );
    }
    for possible in [
        Act::AddNote("電話".to_owned()),
        Act::Undo {
            event: lapsed.len() as u64,
        },
    ] {
        let label = possible.label();
        assert!(act(&lapsed, possible).is_ok(), "{label}");
    }
}

#[test]
fn the_form_that_a_correction_asks_for_comes_by_the_day_of_the_correction() {
    let mut events = returned();
    let now = "2026-08-20T09:00";
    events.extend(by_member(&events, profile_command(&events, "改めた内容"), now).unwrap());
    events.extend(by_member(&events, revise_paper(&events, 101, "掲載誌 12 (3)"), now).unwrap());
    let number = save_resume(&events, |typed| {
        typed.qualification_number = "第999号".to_owned();
    });
    events.extend(by_member(&events, number, now).unwrap());
    let due = state_of(&events).closes(&fourth());
    events.extend(by_member(&events, ApplicationCommand::Submit, now).unwrap());
    assert!(due > fourth().period.closes);
    assert_eq!(folded(&events).closes(&fourth()), due);
}

#[test]
fn after_a_withdrawal_the_correction_waits_for_nobody_and_the_period_counts() {
    let mut events = returned();
    events.push(ApplicationEvent::Withdrawn {
        withdrawn_at: at("2026-08-20T09:00"),
    });
    let withdrawn = folded(&events);
    assert_eq!(withdrawn.closes(&fourth()), fourth().period.closes);
    assert!(withdrawn.open_correction().is_none());
    let status = withdrawn.status(&fourth(), in_june().at).unwrap();
    assert_eq!(status.lines, ["申請: 取下げ"]);
    assert!(!status.editable && !status.exam_can_be_added);
    let lapsed = folded(&after_acts(returned(), [Act::Lapse]));
    assert!(lapsed.open_correction().is_none());
}

#[test]
fn nobody_who_has_lapsed_is_asked_for_a_fee() {
    let lapsed = after_acts(vec![applied(Scope::DocumentsAndExam)], [Act::Lapse]);
    let status = folded(&lapsed).status(&fourth(), in_june().at).unwrap();
    assert_eq!(
        status.lines,
        ["申請: 申込済", "筆記試験: 申込済", "認定: 失効"]
    );
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

#[test]
fn the_same_deadline_again_is_no_later_one() {
    let until = at("2026-08-31T17:00");
    let extended = after_acts(complete(), [Act::ExtendDeadline { until }]);
    assert_eq!(
        act(&extended, Act::ExtendDeadline { until }),
        Err(Refusal::NotLater)
    );
}

#[test]
fn no_deadline_is_set_beyond_the_year_in_which_the_period_closes() {
    let last = at("2027-04-01T00:00");
    let refused = |outcome: Result<Vec<ApplicationEvent>, Refusal>, at: &str| match outcome {
        Err(Refusal::Invalid { pointer, message }) => {
            assert_eq!(pointer, at);
            assert!(message.contains("2027年3月31日(水) 24:00"), "{message}");
        }
        other => panic!("{other:?}"),
    };
    assert!(act(&complete(), Act::ExtendDeadline { until: last }).is_ok());
    for beyond in ["2027-04-01T00:01", "2027-08-31T17:00", "2126-08-31T24:00"] {
        let Ok(until) = crate::calendar::parse_deadline(beyond) else {
            panic!("{beyond}");
        };
        refused(act(&complete(), Act::ExtendDeadline { until }), "/until");
        refused(act(&under_review(), Act::Reopen { until }), "/until");
        let Act::Return { items, message, .. } = send_back() else {
            panic!("a 差し戻し");
        };
        let due = until;
        let beyond = Act::Return {
            items,
            message,
            due,
        };
        refused(act(&under_review(), beyond), "/due");
    }
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
    let absent = ExamOutcome::Absent;
    let corrected = after_acts(events.clone(), [Act::RecordExamResult(absent)]);
    assert_eq!(
        act(&corrected, retract(passed, None)),
        Err(Refusal::ExamResultChanged)
    );
    let back = after_acts(corrected, [retract(absent, Some(passed))]);
    assert!(matches!(
        state_of(&back).exam,
        ExamTrack::Resulted {
            outcome: ExamOutcome::Passed,
            ..
        }
    ));
    // 不合格 comes and goes by two persons and with a word, and so by no file.
    let lost = after_acts(events, [Act::RecordExamResult(failed)]);
    for (events, back) in [
        (lost.clone(), retract(failed, Some(passed))),
        (
            after_acts(lost, [Act::RecordExamResult(passed)]),
            retract(passed, Some(failed)),
        ),
    ] {
        assert_eq!(act(&events, back), Err(Refusal::ExamResultTold));
    }
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
            explanation: None,
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

#[test]
fn a_reason_or_a_required_field_that_nobody_sees_is_empty() {
    for unseen in [
        "\u{200B}",
        "\u{FEFF}\u{2060}",
        "\u{3000}\u{A0}\n",
        "\u{2800}",
    ] {
        assert!(super::check_reason(unseen, true).is_err(), "{unseen:?}");
        let mut errors = Vec::new();
        crate::documents::check_text(&mut errors, "/text", "プロフィール", unseen, 100);
        assert_eq!(errors.len(), 1, "{unseen:?}");
        assert_eq!(errors[0].message, "プロフィール は必須入力です。");
    }
}
