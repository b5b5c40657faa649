//! Any sequence of commands: never a panic, refused where it must be, and what is replayed equals what was live.

use cqrs_es::Aggregate;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{examples::*, *};
use crate::{
    actor::{Actor, Context, Role},
    documents::{
        ClinicalExperience, Conference, DocumentKind, Paper, Profile, ResearchActivity, Resume,
        Trial,
    },
    eligibility::Scope,
    member::{Member, PaymentItem, SeminarKind, record_examples::yoko},
};

/// Texts as people and machines type them.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "", "5", "１０", "十", "-3", "2026/3/26", "令和8年3月26日", "2026/02/31", "横浜", "筆頭", "原著（英文）", "学会", "参加",
            "日本内科学会", "専門医", "呼吸器", "2021", "7", "25年", "髙﨑𠮷葛\u{E0100}", "99999999999", "a\nb", "a\u{0}b",
        ])
        .prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn member_of_the_society() -> impl Strategy<Value = Member> {
    prop_oneof![
        Just(member()),
        Just(year_before()),
        Just(exam_passed()),
        Just(first_renewal(|_| {})),
        Just(first_renewal(|record| record.medical_registration = None)),
        Just(Member::default()),
    ]
}

fn scope() -> impl Strategy<Value = Scope> {
    prop::sample::select(Scope::ALL.to_vec())
}

fn document() -> impl Strategy<Value = DocumentKind> {
    prop::sample::select(DocumentKind::ALL.to_vec())
}

fn row_value() -> impl Strategy<Value = RowValue> {
    prop_oneof![
        (text(), text(), text(), text()).prop_map(|(first_author, place, held_on, units)| {
            RowValue::Conference(Conference {
                first_author,
                place,
                held_on,
                units,
            })
        }),
        Just(RowValue::Conference(conference("2026/3/26", "5"))),
        (text(), text(), text(), text(), text()).prop_map(
            |(division, kind, date, units, content)| {
                RowValue::Paper(Paper {
                    division,
                    kind,
                    date,
                    units,
                    content,
                })
            }
        ),
        text().prop_map(|content| RowValue::Paper(paper(&content, "10"))),
        (text(), text(), text(), text(), text()).prop_map(
            |(from_year, from_month, to_year, to_month, content)| {
                RowValue::ResearchActivity(ResearchActivity {
                    from_year,
                    from_month,
                    to_year,
                    to_month,
                    content,
                })
            }
        ),
        Just(RowValue::ResearchActivity(activity())),
    ]
}

/// The documents of some moment, also of one that never was.
fn documents() -> impl Strategy<Value = Documents> {
    let rows = prop::collection::vec((0_u128..6, row_value()), 0..8);
    (
        prop::option::of(text()),
        prop::option::of(Just(resume())),
        prop::option::of(Just(experience())),
        text(),
        rows,
    )
        .prop_map(|(profile, resume, experience, total_years, rows)| {
            let mut documents = Documents::default();
            documents.profile.value = profile.map(|text| Profile { text });
            documents.resume.value = resume.map(|resume| SavedResume {
                resume,
                record: yoko(),
            });
            documents.clinical_experience.value = experience;
            documents.research_activities.value.total_years = total_years;
            for (number, value) in rows {
                match value {
                    RowValue::ResearchActivity(value) => {
                        let activities = &mut documents.research_activities.value;
                        activities.rows.put(row(number), value);
                    }
                    RowValue::Conference(value) => {
                        documents.conferences.value.put(row(number), value);
                    }
                    RowValue::Paper(value) => documents.papers.value.put(row(number), value),
                }
            }
            documents
        })
}

fn command() -> impl Strategy<Value = ApplicationCommand> {
    let program = prop_oneof![
        Just(fourth_id()),
        Just(first_to_third_id()),
        Just(crate::program::ProgramId("unknown".to_owned()))
    ];
    let base = 0_u32..6;
    let number = 0_u128..6;
    prop_oneof![
        2 => (program, scope(), member_of_the_society()).prop_map(|(program, scope, member)| ApplicationCommand::Apply {
            program,
            scope,
            member: Box::new(member),
        }),
        2 => scope().prop_map(apply),
        1 => Just(ApplicationCommand::AddExam),
        2 => (prop_oneof![Just(resume()), text().prop_map(|school| Resume { school, ..Resume::default() })], base.clone())
            .prop_map(|(resume, base)| ApplicationCommand::SaveResume { resume, record: Box::new(yoko()), base }),
        2 => (text(), base.clone())
            .prop_map(|(text, base)| ApplicationCommand::SaveProfile { profile: Profile { text }, base }),
        2 => (prop_oneof![
                Just(experience()),
                (text(), text(), text()).prop_map(|(organ, name, cases)| ClinicalExperience {
                    examined: vec![organ],
                    trials: vec![Trial { name, cases }],
                    ..ClinicalExperience::default()
                }),
            ], base.clone())
            .prop_map(|(experience, base)| ApplicationCommand::SaveClinicalExperience { experience, base }),
        6 => (number.clone(), row_value(), prop::option::of(base.clone()))
            .prop_map(|(number, value, base)| ApplicationCommand::AddRow { row: row(number), value, base }),
        3 => (number.clone(), row_value(), base.clone())
            .prop_map(|(number, value, base)| ApplicationCommand::ReviseRow { row: row(number), value, base }),
        2 => (document(), number, base.clone())
            .prop_map(|(document, number, base)| ApplicationCommand::RemoveRow { document, row: row(number), base }),
        2 => (document(), documents(), base.clone())
            .prop_map(|(document, earlier, base)| ApplicationCommand::RestoreDocument {
                document, earlier: Box::new(earlier), record: Box::new(yoko()), base,
            }),
        2 => (text(), base)
            .prop_map(|(total_years, base)| ApplicationCommand::RecordResearchYears { total_years, base }),
        2 => Just(ApplicationCommand::Submit),
        1 => Just(ApplicationCommand::Withdraw),
        2 => (prop::sample::select(vec!["A1", "B1", "C1"]), prop::sample::select(vec![SeminarKind::A, SeminarKind::B, SeminarKind::BestOfAsco]), any::<u32>())
            .prop_map(|(code, kind, units)| ApplicationCommand::ImportSeminarAttendance(
                seminar(code, kind, "2024-04-01", "2024-04-02", units)
            )),
        1 => prop::sample::select(vec!["A1", "B1", "C1"]).prop_map(|code| ApplicationCommand::RetractSeminarAttendance(
            seminar(code, SeminarKind::A, "2024-04-01", "2024-04-02", 0).key
        )),
        1 => (prop::sample::select(vec!["T1", "T2"]), prop::sample::select(vec![PaymentItem::ExamFee, PaymentItem::ReviewFee, PaymentItem::CertificationFee]), prop::sample::select(vec![0_u32, 11_000, 22_000]))
            .prop_map(|(transaction, item, amount)| ApplicationCommand::ConfirmPayment(payment(transaction, item, amount))),
    ]
}

/// What the society may do, with and without having seen the application as it is.
fn act() -> impl Strategy<Value = Act> {
    let rows = (document(), prop::option::of(0_u128..6))
        .prop_map(|(document, number)| CheckTarget {
            document,
            row: number.map(|number| row(number).to_string()),
        })
        .boxed();
    let later = (1_i64..60).prop_map(|days| in_june().at + SignedDuration::from_hours(days * 24));
    let item = (
        document(),
        prop::option::of(0_u128..6),
        prop::option::of(prop::sample::select(vec![
            "text", "content", "units", "nothing",
        ])),
        text(),
    )
        .prop_map(|(document, number, field, comment)| AskedCorrection {
            document,
            row: number.map(row),
            field: field.map(str::to_owned),
            comment,
        });
    prop_oneof![
        3 => (rows.clone(), prop::sample::select(CheckMark::ALL.to_vec())).prop_map(|(target, mark)| Act::Check { target, mark }),
        2 => (rows, prop::option::of(0_u32..120), text()).prop_map(|(target, units, further_reason)| Act::AdjustUnits { target, units, further_reason }),
        2 => (prop::sample::select(Proof::ALL.to_vec()), prop::sample::select(ProofState::ALL.to_vec()))
            .prop_map(|(proof, state)| Act::RecordProof { proof, state }),
        1 => text().prop_map(Act::AddNote),
        1 => prop::collection::btree_set(text(), 0..3).prop_map(Act::SetLabels),
        3 => (prop::collection::vec(item, 0..3), text(), later.clone())
            .prop_map(|(items, message, due)| Act::Return { items, message, due }),
        2 => Just(send_back()),
        1 => later.clone().prop_map(|until| Act::Reopen { until }),
        1 => later.prop_map(|until| Act::ExtendDeadline { until }),
        2 => Just(Act::AcceptDocuments),
        1 => Just(Act::PassReview),
        1 => Just(Act::FailReview),
        1 => Just(Act::RevokeDecision),
        2 => prop::sample::select(ExamOutcome::ALL.to_vec()).prop_map(Act::RecordExamResult),
        1 => (prop::sample::select(ExamOutcome::ALL.to_vec()), prop::option::of(prop::sample::select(ExamOutcome::ALL.to_vec())))
            .prop_map(|(recorded, earlier)| Act::RetractExamResult { recorded, earlier }),
        1 => Just(Act::ApproveCertification),
        1 => Just(Act::RequestCertificationFee { due: jiff::civil::date(2027, 2, 28) }),
        1 => Just(Act::Certify),
        1 => Just(Act::Defer { until: jiff::civil::date(2027, 3, 31) }),
        1 => Just(Act::Lapse),
        2 => (1_u64..60).prop_map(|event| Act::Undo { event }),
        1 => prop::sample::select(vec!["T1", "T2"]).prop_map(|transaction| Act::ReversePayment { transaction: transaction.to_owned() }),
        1 => Just(Act::Withdraw),
    ]
}

/// One step of a long life: something of the member or of an import, or an act of the society.
#[derive(Clone, Debug)]
enum Step {
    Asked(ApplicationCommand),
    Done(Act, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => command().prop_map(Step::Asked),
        2 => (act(), prop::bool::weighted(0.9)).prop_map(|(act, seen)| Step::Done(act, seen)),
    ]
}

/// Mostly in the period, now and then after it.
fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        9 => Just(in_june().at),
        1 => (-100_i64..100).prop_map(|days| in_june().at + SignedDuration::from_hours(days * 24)),
    ]
}

fn is_edit(command: &ApplicationCommand) -> bool {
    matches!(
        command,
        ApplicationCommand::SaveResume { .. }
            | ApplicationCommand::SaveProfile { .. }
            | ApplicationCommand::SaveClinicalExperience { .. }
            | ApplicationCommand::AddRow { .. }
            | ApplicationCommand::ReviseRow { .. }
            | ApplicationCommand::RemoveRow { .. }
            | ApplicationCommand::RecordResearchYears { .. }
            | ApplicationCommand::SaveResearchActivities { .. }
            | ApplicationCommand::RestoreDocument { .. }
    )
}

fn replayed(events: &[ApplicationEvent]) -> Application {
    let mut application = Application::default();
    for event in events {
        // Through the text that the log keeps.
        let kept = serde_json::to_string(event).unwrap();
        application.apply(serde_json::from_str(&kept).unwrap());
    }
    application
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_commands_keeps_the_rules_and_replays_to_the_live_state(
        steps in prop::collection::vec((command(), time()), 1..40)
    ) {
        let programs = programs();
        let mut live = Application::default();
        let mut log: Vec<ApplicationEvent> = Vec::new();
        let mut submissions = 0;
        for (command, at) in steps {
            let context = Context { actor: Actor { role: Role::Member, id: "9000001".to_owned() }, at };
            let edit = is_edit(&command);
            let submitting = matches!(command, ApplicationCommand::Submit);
            let before = live.clone();
            match decide(&live, command, &context, &programs) {
                Ok(events) => {
                    for event in events {
                        live.apply(event.clone());
                        submissions += u32::from(event.name() == "Submitted");
                        log.push(event);
                    }
                }
                Err(refusal) => {
                    prop_assert!(!refusal.to_string().is_empty());
                    prop_assert!(!refusal.code().is_empty());
                    prop_assert_eq!(&before, &live);
                    continue;
                }
            }
            // What was accepted was allowed.
            if let Application::Made(state) = &before {
                if edit {
                    prop_assert_eq!(&state.documents_track, &DocumentTrack::Drafting);
                }
                let program = programs.get(&state.program).unwrap();
                if submitting && state.documents_track == DocumentTrack::Drafting {
                    prop_assert!(program.period.contains(at));
                    prop_assert!(crate::requirements::requirements(state, program).missing.is_empty());
                }
                prop_assert!(state.documents.conferences.value.len() <= 30);
                let assessment = state.assess(&program.rules);
                let counted: u64 = assessment.rows.iter().map(|row| u64::from(row.counted)).sum();
                prop_assert_eq!(u64::from(assessment.total), counted.min(u64::from(u32::MAX)));
                let _ = state.status(program, at);
            } else if edit || submitting {
                prop_assert!(false, "an edit was accepted without an application");
            }
        }
        prop_assert_eq!(replayed(&log), live);
        prop_assert!(submissions <= 1 + u32::try_from(log.iter().filter(|event| event.name() == "Applied").count()).unwrap());
    }

    #[test]
    fn any_sequence_of_acts_and_edits_from_any_state_keeps_the_rules_and_replays_to_the_live_state(
        from in prop::sample::select(vec![complete(), under_review(), accepted(), approved(), fee_paid(), after_acts(under_review(), [send_back()])]),
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let programs = programs();
        let mut live = folded(&from);
        let mut log = from;
        for step in steps {
            let (command, context) = match step {
                Step::Asked(command) => (command, in_june()),
                Step::Done(act, true) => (society(&live, act), Context { at: in_june().at, ..secretariat() }),
                Step::Done(act, false) => (
                    ApplicationCommand::Society(SocietyCommand { act, explanation: String::new(), reason: "確認".to_owned(), seen: Some(0), approved: None }),
                    Context { at: in_june().at, ..secretariat() },
                ),
            };
            let before = live.clone();
            let edit = is_edit(&command);
            let judged = matches!(&command, ApplicationCommand::Society(command) if command.act.judges() && command.seen == Some(0));
            let Ok(events) = decide(&live, command, &context, &programs) else { continue };
            prop_assert!(!judged || events.is_empty(), "a decision by somebody who saw nothing");
            for event in events {
                live.apply(event.clone());
                log.push(event);
            }
            let (Application::Made(before), Some(after)) = (&before, live.state()) else { continue };
            if edit && before.documents != after.documents {
                prop_assert!(before.is_open());
            }
            // After 差し戻し only what was asked for has changed.
            if let Some(correction) = before.open_correction() {
                for kind in DocumentKind::ALL {
                    if before.documents.revision(kind) != after.documents.revision(kind) {
                        prop_assert!(correction.request.items.iter().any(|item| item.document == kind));
                    }
                }
            }
            if let CertificationTrack::Certified(_) = after.certification {
                let passed = approval_obstacles(after);
                prop_assert_eq!(passed, Vec::<String>::new());
            }
        }
        prop_assert_eq!(replayed(&log), live);
    }

    #[test]
    fn a_document_restored_to_any_earlier_moment_is_what_it_was_then(
        commands in prop::collection::vec(command(), 4..30), then in 0_usize..30, kind in document()
    ) {
        let programs = programs();
        let mut live = Application::default();
        let mut moments = Vec::new();
        for command in std::iter::once(apply(Scope::DocumentsAndExam)).chain(commands) {
            if let Ok(events) = decide(&live, command, &in_june(), &programs) {
                for event in events {
                    live.apply(event);
                    moments.push(live.clone());
                }
            }
        }
        let earlier = moments[then % moments.len()].state().map(|state| state.documents.clone());
        if let (Application::Made(state), Some(earlier)) = (&live, earlier) {
            let restore = ApplicationCommand::RestoreDocument {
                document: kind,
                earlier: Box::new(earlier.clone()),
                record: Box::new(yoko()),
                base: state.documents.revision(kind),
            };
            let drafting = state.documents_track == DocumentTrack::Drafting;
            match decide(&live, restore, &in_june(), &programs) {
                Err(Refusal::NotARowDocument) => prop_assert_eq!(kind, DocumentKind::Seminars),
                Err(Refusal::NotSavedThen) => prop_assert!(!earlier.is_registered(kind)),
                Err(_) => prop_assert!(!drafting),
                Ok(events) => {
                    let mut restored = live.clone();
                    for event in events {
                        restored.apply(event);
                    }
                    let documents = &restored.state().unwrap().documents;
                    let resume = |documents: &Documents| documents.resume.value.clone().map(|saved| saved.resume);
                    match kind {
                        DocumentKind::Resume => prop_assert_eq!(resume(documents), resume(&earlier)),
                        DocumentKind::Profile => prop_assert_eq!(&documents.profile.value, &earlier.profile.value),
                        DocumentKind::ResearchActivities => prop_assert_eq!(&documents.research_activities.value, &earlier.research_activities.value),
                        DocumentKind::Conferences => prop_assert_eq!(&documents.conferences.value, &earlier.conferences.value),
                        DocumentKind::Papers => prop_assert_eq!(&documents.papers.value, &earlier.papers.value),
                        DocumentKind::ClinicalExperience => prop_assert_eq!(&documents.clinical_experience.value, &earlier.clinical_experience.value),
                        DocumentKind::Seminars => prop_assert!(false, "read-only"),
                    }
                }
            }
        }
    }

    #[test]
    fn a_command_decided_again_after_it_changed_something_changes_nothing_or_is_refused(
        commands in prop::collection::vec(command(), 1..25)
    ) {
        let programs = programs();
        let mut live = Application::default();
        for command in commands {
            if let Ok(events) = decide(&live, command.clone(), &in_june(), &programs) {
                for event in events {
                    live.apply(event);
                }
                if let Ok(again) = decide(&live, command, &in_june(), &programs) {
                    prop_assert_eq!(again, vec![]);
                }
            }
        }
    }
}
