use std::collections::BTreeSet;

use jiff::{Timestamp, civil::date};

use super::*;
use crate::{
    application::{
        Act, Application, ApplicationCommand, ApplicationState, ExamOutcome, ItemAnswer, decide,
        examples as e,
    },
    eligibility::Scope,
    member::{PaymentItem, record_examples::yoko},
};

fn state(events: &[ApplicationEvent]) -> ApplicationState {
    e::folded(events).state().unwrap().clone()
}

/// What a mail about the last of these events says.
fn said(events: &[ApplicationEvent]) -> (NoticeKind, Words) {
    let last = events.last().unwrap();
    let kind = NoticeKind::of(last).unwrap();
    let (program, record) = (e::fourth(), yoko());
    let words = words(
        kind,
        &state(events),
        Some(last),
        (&program, &record),
        e::in_june().at,
    );
    (kind, words)
}

fn reminded(events: &[ApplicationEvent], at: &str) -> Option<Reminder> {
    reminder(&e::folded(events), &e::fourth(), e::at(at))
}

#[test]
fn kinds_and_placeholders_are_read_as_they_are_written() {
    for kind in NoticeKind::ALL {
        assert_eq!(NoticeKind::parse(kind.as_str()), Some(kind));
        let names: Vec<_> = kind.placeholders().iter().map(|one| one.name()).collect();
        let different: BTreeSet<_> = names.iter().collect();
        assert_eq!(names.len(), different.len(), "{kind:?}");
    }
    assert_eq!(NoticeKind::parse("Applied"), None);
}

#[test]
fn what_the_society_and_the_member_decide_is_told_and_what_is_typed_or_noted_is_not() {
    let kinds = |events: &[ApplicationEvent]| -> Vec<_> {
        events.iter().filter_map(NoticeKind::of).collect()
    };
    assert_eq!(
        kinds(&e::approved()),
        [
            NoticeKind::Applied,
            NoticeKind::PaymentConfirmed,
            NoticeKind::Submitted,
            NoticeKind::DocumentsAccepted,
            NoticeKind::ReviewPassed,
            NoticeKind::ExamResultRecorded,
            NoticeKind::CertificationApproved,
        ]
    );
}

#[test]
fn every_placeholder_of_a_mail_has_a_value_at_its_event() {
    let returned = e::after_acts(e::under_review(), [e::send_back()]);
    let certified = e::after_acts(e::fee_paid(), [Act::Certify]);
    let mut requested = e::fee_paid();
    requested.pop();
    let deferred = e::after_acts(
        e::under_review(),
        [Act::Defer {
            until: date(2027, 3, 31),
        }],
    );
    let result = e::after_acts(e::accepted(), [Act::RecordExamResult(ExamOutcome::Absent)]);
    let mut paid = e::complete();
    paid.push(ApplicationEvent::PaymentConfirmed {
        payment: e::payment("T1", PaymentItem::ExamFee, 11_000),
    });
    for events in [
        vec![e::applied(Scope::DocumentsAndExam)],
        paid,
        e::under_review(),
        returned,
        result,
        requested,
        certified,
        deferred,
    ] {
        let (kind, words) = said(&events);
        let named: BTreeSet<_> = kind.placeholders().iter().map(|one| one.name()).collect();
        assert_eq!(words.keys().copied().collect::<BTreeSet<_>>(), named);
        let lacking: Vec<_> = words
            .iter()
            .filter(|(_, value)| *value == NOT_YET)
            .collect();
        assert!(lacking.is_empty(), "{kind:?}: {lacking:?}");
    }
}

#[test]
fn a_receipt_says_who_applied_for_what_until_when_and_how_the_exam_is_paid() {
    let (_, words) = said(&[e::applied(Scope::DocumentsAndExam)]);
    assert_eq!(words["氏名"], "臨床 瘍子");
    assert_eq!(words["会員番号"], "9000001");
    assert_eq!(words["申請番号"], "specialist-renewal-4th-2026.9000001");
    assert_eq!(words["期限"], "2026年7月31日(金) 24:00");
    assert_eq!(words["単位"], "0");
    assert_eq!(words["必要単位"], "50");
    assert_eq!(words["受験料の納入方法"], "更新試験（web）受験サイトで決済");
    let (_, documents_only) = said(&[e::applied(Scope::DocumentsOnly)]);
    assert_eq!(documents_only["受験料の納入方法"], "");
}

#[test]
fn a_correction_is_told_item_by_item_with_its_own_deadline() {
    let (kind, words) = said(&e::after_acts(e::under_review(), [e::send_back()]));
    assert_eq!(kind, NoticeKind::ReturnedForCorrection);
    assert_eq!(words["期限"], "2026年8月31日(月) 17:00");
    assert_eq!(words["お知らせ"], "お手数ですがご確認ください。");
    assert_eq!(
        words["修正のお願い"],
        "1. 「プロフィール」\n   具体的にお書きください。\n\
         2. 「研究業績 論文」 2件目\n   掲載誌名をお書きください。\n\
         3. 「履歴書」 基本学会 認定番号\n   認定番号が写しと異なります。"
    );
}

#[test]
fn a_preview_says_openly_what_is_not_decided_yet() {
    let (program, record) = (e::fourth(), yoko());
    let applied = state(&[e::applied(Scope::DocumentsOnly)]);
    let at = e::in_june().at;
    for kind in NoticeKind::ALL {
        let words = words(kind, &applied, None, (&program, &record), at);
        assert_eq!(words.len(), kind.placeholders().len());
    }
    let certified = words(
        NoticeKind::Certified,
        &applied,
        None,
        (&program, &record),
        at,
    );
    assert_eq!(certified["認定日"], NOT_YET);
}

#[test]
fn reminders_come_thirty_fourteen_seven_three_and_one_days_before_the_end() {
    let events = e::filled_in();
    // The period ends with 7/31.
    for (day, before) in [
        ("2026-06-30T09:00", None),
        ("2026-07-01T09:00", Some((30, 30))),
        // Made up for: the job did not run the day before.
        ("2026-07-02T09:00", Some((30, 29))),
        ("2026-07-03T09:00", None),
        ("2026-07-17T09:00", Some((14, 14))),
        ("2026-07-20T09:00", None),
        ("2026-07-24T23:59", Some((7, 7))),
        ("2026-07-28T09:00", Some((3, 3))),
        ("2026-07-29T09:00", Some((3, 2))),
        ("2026-07-30T09:00", Some((1, 1))),
        ("2026-07-31T23:59", Some((1, 0))),
        ("2026-08-01T00:00", None),
    ] {
        let found = reminded(&events, day).map(|due| (due.before, due.days_left));
        assert_eq!(found, before, "{day}");
    }
}

#[test]
fn a_reminder_lists_what_is_missing_and_at_last_the_completing_itself() {
    let at = "2026-07-24T09:00";
    let due = reminded(&e::filled_in(), at).unwrap();
    assert_eq!(due.missing, ["業績単位が不足しています (現在 5 単位)"]);
    let complete = reminded(&e::complete(), at).unwrap();
    assert_eq!(
        complete.missing,
        ["「申請を完了する」の操作がお済みではありません"]
    );
    let (program, record) = (e::fourth(), yoko());
    let words = words(
        NoticeKind::Reminder,
        &state(&e::filled_in()),
        None,
        (&program, &record),
        e::at(at),
    );
    assert_eq!(words["残り日数"], "あと7日");
    assert_eq!(
        words["不足項目"],
        "・業績単位が不足しています (現在 5 単位)"
    );
}

#[test]
fn nobody_is_reminded_of_what_is_completed_withdrawn_or_the_exam_alone() {
    let at = "2026-07-24T09:00";
    assert_eq!(reminded(&e::under_review(), at), None);
    assert_eq!(reminded(&[e::applied(Scope::ExamOnly)], at), None);
    let mut withdrawn = e::filled_in();
    withdrawn.push(ApplicationEvent::Withdrawn {
        withdrawn_at: e::in_june().at,
    });
    assert_eq!(reminded(&withdrawn, at), None);
    assert_eq!(
        reminder(&Application::NotMade, &e::fourth(), e::at(at)),
        None
    );
}

#[test]
fn a_correction_is_reminded_of_before_its_own_deadline_and_names_what_is_open() {
    let mut events = e::after_acts(e::under_review(), [e::send_back()]);
    let answer = ApplicationCommand::AnswerCorrection {
        answers: vec![ItemAnswer {
            item: 1,
            answer: "書き直しました。".to_owned(),
            seen: None,
        }],
    };
    let answered = decide(
        &e::folded(&events),
        answer,
        &e::context("2026-08-12T09:00"),
        &e::programs(),
    );
    events.extend(answered.unwrap());
    assert_eq!(reminded(&events, "2026-07-24T09:00"), None);
    let due = reminded(&events, "2026-08-24T09:00").unwrap();
    assert_eq!((due.before, due.closes), (7, e::at("2026-08-31T17:00")));
    assert_eq!(due.missing.len(), 2, "{:?}", due.missing);
    assert!(
        due.missing
            .iter()
            .all(|one| one.starts_with("修正のお願い"))
    );
}

#[test]
fn an_extension_moves_the_reminders_with_it() {
    let mut events = e::filled_in();
    let until: Timestamp = e::at("2026-08-21T17:00");
    events.push(ApplicationEvent::DeadlineExtended {
        until,
        explanation: None,
    });
    assert_eq!(reminded(&events, "2026-07-24T09:00"), None);
    let due = reminded(&events, "2026-08-14T09:00").unwrap();
    assert_eq!((due.before, due.closes), (7, until));
}
