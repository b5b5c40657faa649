//! The catalogue, the corpus and the generated documents agree with the code.
//!
//! `SHINSEI_WRITE_DOCS=1 cargo test -p domain catalogue` writes new corpus files and the documents anew; a corpus file that
//! exists is never written again, because events of its form stand in somebody's log.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use cqrs_es::{Aggregate, DomainEvent, persist::SerializedEvent};
use serde::de::DeserializeOwned;

use super::EVENTS;
use crate::{
    access::{
        Access, AccessEvent,
        examples::{end, listed, making, revocation, sealing, sign_in, viewing},
    },
    application::{
        Act, Application, ApplicationCommand, ApplicationEvent, ApplicationState, Certificate,
        CheckMark, CheckTarget, DecisionKind, Documents, ExamOutcome, Note, Proof, ProofState,
        RowValue, Submission, decide, examples as e,
    },
    documents::{DocumentKind, Profile},
    eligibility::Scope,
    member::{Member, MemberEvent, PaymentItem, SeminarKind, record_examples::yoko},
    personal::Personal,
    proposal::{
        ProposalEvent, ProposalState,
        examples::{cancelled, events as proposal_events},
    },
    sentences::{ExamPhase, TABLE},
    upcasters,
};

fn path(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn writing() -> bool {
    std::env::var_os("SHINSEI_WRITE_DOCS").is_some()
}

fn seminar() -> crate::member::SeminarAttendance {
    e::seminar("ES38A", SeminarKind::A, "2022-08-27", "2022-08-28", 10)
}

fn member_examples() -> Vec<MemberEvent> {
    vec![
        MemberEvent::RecordImported {
            record: Personal::new(Box::new(yoko())),
        },
        MemberEvent::AttendanceRecorded {
            attendance: seminar(),
            by_hand: false,
        },
        MemberEvent::AttendanceRetracted {
            seminar: seminar().key,
            by_hand: false,
        },
        MemberEvent::PaymentReceived {
            payment: e::payment("T202600000", PaymentItem::ExamFee, 11_000),
        },
        MemberEvent::RecordRetracted {},
        MemberEvent::PaymentRetracted {
            transaction: "T202600000".to_owned(),
        },
    ]
}

#[expect(clippy::too_many_lines, reason = "one example for each event")]
fn application_examples() -> Vec<ApplicationEvent> {
    let programs = e::programs();
    let at = e::in_june().at;
    let submission = match run(e::complete(), ApplicationCommand::Submit) {
        Ok(events) => match events.into_iter().next() {
            Some(ApplicationEvent::Submitted { submission }) => Submission {
                // The rules may change; the corpus file stays.
                rules_version: "0123456789abcdef".to_owned(),
                digest: "0".repeat(64),
                ..submission
            },
            other => panic!("{other:?}"),
        },
        Err(refusal) => panic!("{refusal}"),
    };
    let row = e::row(1);
    assert!(programs.iter().count() > 0);
    vec![
        e::applied(Scope::DocumentsAndExam),
        ApplicationEvent::ExamAdded { added_at: at },
        ApplicationEvent::ResumeSaved {
            resume: Personal::new(e::resume()),
            record: Personal::new(Box::new(yoko())),
        },
        ApplicationEvent::ProfileSaved {
            profile: Personal::new(e::profile()),
        },
        ApplicationEvent::ResearchActivityAdded {
            row,
            activity: Personal::new(e::activity()),
        },
        ApplicationEvent::ResearchActivityRevised {
            row,
            activity: Personal::new(e::activity()),
        },
        ApplicationEvent::ResearchActivityRemoved { row },
        ApplicationEvent::ResearchYearsRecorded {
            total_years: Personal::new("25年".to_owned()),
        },
        ApplicationEvent::ConferenceAdded {
            row,
            conference: Personal::new(e::conference("2026/3/26", "5")),
        },
        ApplicationEvent::ConferenceRevised {
            row,
            conference: Personal::new(e::conference("2025/3/6", "5")),
        },
        ApplicationEvent::ConferenceRemoved { row },
        ApplicationEvent::PaperAdded {
            row,
            paper: Personal::new(e::paper("題", "10")),
        },
        ApplicationEvent::PaperRevised {
            row,
            paper: Personal::new(e::paper("題名", "10")),
        },
        ApplicationEvent::PaperRemoved { row },
        ApplicationEvent::ClinicalExperienceSaved {
            experience: Personal::new(e::experience()),
        },
        ApplicationEvent::Submitted { submission },
        ApplicationEvent::Withdrawn { withdrawn_at: at },
        ApplicationEvent::SeminarAttendanceImported {
            attendance: seminar(),
        },
        ApplicationEvent::SeminarAttendanceRetracted {
            seminar: seminar().key,
        },
        ApplicationEvent::PaymentConfirmed {
            payment: e::payment("T202600000", PaymentItem::ExamFee, 11_000),
        },
        ApplicationEvent::PaymentReversed {
            transaction: "T202600000".to_owned(),
            retracted: false,
            explanation: None,
        },
        ApplicationEvent::ItemChecked {
            target: CheckTarget::row(DocumentKind::Papers, row),
            mark: CheckMark::NeedsCorrection,
            signed: e::signed(),
        },
        ApplicationEvent::UnitsAdjusted {
            target: CheckTarget::row(DocumentKind::Papers, row),
            units: Some(7),
            signed: e::signed(),
            explanation: None,
        },
        ApplicationEvent::ProofRecorded {
            proof: Proof::UnitProofs,
            state: ProofState::Received,
            signed: e::signed(),
        },
        ApplicationEvent::NoteAdded {
            note: Note {
                text: Personal::new("電話で確認済み".to_owned()),
                signed: e::signed(),
            },
        },
        ApplicationEvent::LabelsSet {
            labels: ["要相談".to_owned()].into(),
        },
        sent_back(),
        ApplicationEvent::CorrectionAnswered {
            item: 1,
            answer: Personal::new("修正しました。".to_owned()),
        },
        ApplicationEvent::Reopened {
            submission: 1,
            until: e::at("2026-08-31T17:00"),
            explanation: None,
        },
        ApplicationEvent::DeadlineExtended {
            until: e::at("2026-08-31T17:00"),
            explanation: None,
        },
        ApplicationEvent::DocumentsAccepted {
            at,
            explanation: None,
        },
        ApplicationEvent::ReviewPassed {
            at,
            explanation: None,
        },
        ApplicationEvent::ReviewFailed {
            at,
            explanation: None,
        },
        ApplicationEvent::DecisionRevoked {
            at,
            explanation: None,
        },
        ApplicationEvent::ExamResultRecorded {
            outcome: ExamOutcome::Passed,
            at,
            explanation: None,
        },
        ApplicationEvent::ExamResultRetracted { at },
        ApplicationEvent::CertificationApproved {
            at,
            explanation: None,
        },
        ApplicationEvent::CertificationFeeRequested {
            due: jiff::civil::date(2027, 2, 28),
            explanation: None,
        },
        ApplicationEvent::Certified {
            certificate: Certificate {
                certified_on: jiff::civil::date(2027, 4, 1),
                expires_on: jiff::civil::date(2032, 3, 31),
            },
            explanation: None,
        },
        ApplicationEvent::Deferred {
            until: jiff::civil::date(2027, 3, 31),
            explanation: None,
        },
        ApplicationEvent::Lapsed {
            at,
            explanation: None,
        },
        ApplicationEvent::DecisionUndone {
            event: 41,
            decision: DecisionKind::Lapsed,
            exam_result: None,
            at,
            explanation: Some(Personal::new(
                "手続きの誤りがあったため、失効を取り消しました。".to_owned(),
            )),
        },
    ]
}

fn sent_back() -> ApplicationEvent {
    let mut events = e::after_acts(e::under_review(), [e::send_back()]);
    events.swap_remove(events.len() - 1)
}

/// The names serde knows: an unknown variant is answered with the list of all, or with the only one.
fn names_in_code<E: DeserializeOwned>() -> Vec<String> {
    let Err(error) = serde_json::from_str::<E>(r#"{"no such event":{}}"#) else {
        panic!("an unknown event was read");
    };
    let message = error.to_string();
    let list = message
        .split_once(", expected ")
        .map_or("", |(_, list)| list);
    list.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_event_of_the_code_stands_in_the_catalogue_once() {
    for (stream, names) in [
        (Member::TYPE, names_in_code::<MemberEvent>()),
        (Application::TYPE, names_in_code::<ApplicationEvent>()),
        (Access::TYPE, names_in_code::<AccessEvent>()),
        (ProposalState::TYPE, names_in_code::<ProposalEvent>()),
    ] {
        let catalogue: Vec<_> = EVENTS
            .iter()
            .filter(|entry| entry.stream == stream)
            .map(|entry| entry.name.to_owned())
            .collect();
        assert_eq!(catalogue, names);
    }
}

fn check_corpus<A>(examples: Vec<A::Event>)
where
    A: Aggregate,
{
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(path(&format!("corpus/{}", A::TYPE))).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        files.insert(name, std::fs::read_to_string(&file).unwrap());
    }
    // Every released (type, version) is read through upcasters, serde and the fold.
    for (name, text) in &files {
        let (event_type, version) = name.split_once('@').unwrap();
        let mut stored = SerializedEvent::new(
            "9000001".to_owned(),
            1,
            A::TYPE.to_owned(),
            event_type.to_owned(),
            version.to_owned(),
            serde_json::from_str(text).unwrap(),
            serde_json::json!({}),
        );
        for upcaster in upcasters() {
            if upcaster.can_upcast(&stored.event_type, &stored.event_version) {
                stored = upcaster.upcast(stored);
            }
        }
        let event: A::Event = serde_json::from_value(stored.payload).unwrap();
        A::default().apply(event);
    }
    // The newest form of each event is the text of its file.
    for event in examples {
        let name = format!("{}@{}", event.event_type(), event.event_version());
        let text = format!("{}\n", serde_json::to_string_pretty(&event).unwrap());
        if writing() && !files.contains_key(&name) {
            std::fs::write(path(&format!("corpus/{}/{name}.json", A::TYPE)), &text).unwrap();
            files.insert(name.clone(), text.clone());
        }
        assert_eq!(files.get(&name), Some(&text), "corpus file of {name}");
    }
    for entry in EVENTS.iter().filter(|entry| entry.stream == A::TYPE) {
        let name = format!("{}@{}", entry.name, entry.version);
        assert!(files.contains_key(&name), "no corpus file for {name}");
    }
}

#[test]
fn every_version_of_a_member_event_can_be_read_and_the_newest_is_written_as_in_the_corpus() {
    check_corpus::<Member>(member_examples());
}

#[test]
fn every_version_of_an_application_event_can_be_read_and_the_newest_is_written_as_in_the_corpus() {
    check_corpus::<Application>(application_examples());
}

#[test]
fn every_version_of_an_access_event_can_be_read_and_the_newest_is_written_as_in_the_corpus() {
    check_corpus::<Access>(vec![
        AccessEvent::PersonalDataViewed { viewing: viewing() },
        listed(),
        AccessEvent::AccessRefused { attempt: viewing() },
        AccessEvent::StaffSignedIn { sign_in: sign_in() },
        AccessEvent::AccessEnded { end: end() },
        AccessEvent::TokenMade { making: making() },
        AccessEvent::TokenRevoked {
            revocation: revocation(),
        },
        AccessEvent::EarlierTokensSealed { sealing: sealing() },
    ]);
}

#[test]
fn every_version_of_a_proposal_event_can_be_read_and_the_newest_is_written_as_in_the_corpus() {
    check_corpus::<ProposalState>(proposal_events().into_iter().chain([cancelled()]).collect());
}

fn check_document(relative: &str, text: &str) {
    if writing() {
        std::fs::write(path(relative), text).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path(relative)).unwrap_or_default(),
        text,
        "{relative} is stale: SHINSEI_WRITE_DOCS=1 cargo test -p domain catalogue"
    );
}

#[test]
fn the_catalogue_of_events_in_the_documentation_is_up_to_date() {
    let mut text = "# Events\n\nGenerated from `domain/src/catalogue.rs`; the form of each event is kept in `domain/corpus/`.\n\
        Personal values are nodes `{\"$p\": …}`.\n\n"
        .to_owned();
    for (stream, title) in [
        ("member", "Stream `member.<会員番号>`"),
        ("application", "Stream `application.<program>.<会員番号>`"),
        ("proposal", "Stream `proposal.<id>`"),
        (
            "access",
            "Stream `access.<会員番号>`, `access.list:<id>`, `access.account:<account>`, `access.token:<id>`, `access.*`",
        ),
    ] {
        writeln!(
            text,
            "## {title}\n\n| event | version | | meaning | made by |\n|---|---|---|---|---|"
        )
        .unwrap();
        for entry in EVENTS.iter().filter(|entry| entry.stream == stream) {
            writeln!(
                text,
                "| `{}` | {} | {} | {} | {} |",
                entry.name, entry.version, entry.label, entry.meaning, entry.made_by
            )
            .unwrap();
        }
        text.push('\n');
    }
    check_document("../docs/events.md", text.trim_end().to_owned().as_str());
}

fn run(
    events: Vec<ApplicationEvent>,
    command: ApplicationCommand,
) -> Result<Vec<ApplicationEvent>, crate::application::Refusal> {
    let mut application = Application::default();
    for event in events {
        application.apply(event);
    }
    decide(&application, command, &e::in_june(), &e::programs())
}

fn states() -> Vec<(&'static str, Vec<ApplicationEvent>)> {
    let paid = ApplicationEvent::PaymentConfirmed {
        payment: e::payment("T1", PaymentItem::ExamFee, 11_000),
    };
    let submitted = run(e::complete(), ApplicationCommand::Submit).unwrap();
    let with = |mut events: Vec<ApplicationEvent>, more: Vec<ApplicationEvent>| {
        events.extend(more);
        events
    };
    vec![
        ("未申込", vec![]),
        ("申込済（書類のみ）", vec![e::applied(Scope::DocumentsOnly)]),
        ("申込済（書類・試験）", e::filled_in()),
        ("申込済、要件充足", e::complete()),
        ("筆記試験のみ", vec![e::applied(Scope::ExamOnly)]),
        (
            "筆記試験のみ、入金確認済み",
            vec![e::applied(Scope::ExamOnly), paid],
        ),
        ("書類確認中", with(e::complete(), submitted)),
        (
            "取下げ",
            with(
                e::filled_in(),
                vec![ApplicationEvent::Withdrawn {
                    withdrawn_at: e::in_june().at,
                }],
            ),
        ),
    ]
}

/// プロフィール as it was at a moment at which it had been saved.
fn restore(base: u32) -> ApplicationCommand {
    let mut earlier = Documents::default();
    earlier.profile.value = Some(Profile {
        text: "以前の内容".to_owned(),
    });
    ApplicationCommand::RestoreDocument {
        document: DocumentKind::Profile,
        earlier: Box::new(earlier),
        record: Box::new(yoko()),
        base,
    }
}

fn commands(base: u32) -> Vec<(&'static str, ApplicationCommand)> {
    vec![
        ("Apply", e::apply(Scope::DocumentsAndExam)),
        ("AddExam", ApplicationCommand::AddExam),
        (
            "SaveProfile",
            ApplicationCommand::SaveProfile {
                profile: Profile {
                    text: "改めた内容".to_owned(),
                },
                base,
            },
        ),
        (
            "AddRow",
            ApplicationCommand::AddRow {
                row: e::row(900),
                value: RowValue::Conference(e::conference("2025/3/6", "5")),
                base: None,
            },
        ),
        (
            "RemoveRow",
            ApplicationCommand::RemoveRow {
                document: DocumentKind::Conferences,
                row: e::row(2),
                base,
            },
        ),
        ("RestoreDocument", restore(base)),
        ("Submit", ApplicationCommand::Submit),
        ("Withdraw", ApplicationCommand::Withdraw),
        (
            "ImportSeminarAttendance",
            ApplicationCommand::ImportSeminarAttendance(seminar()),
        ),
        (
            "ConfirmPayment",
            ApplicationCommand::ConfirmPayment(e::payment("T9", PaymentItem::ExamFee, 11_000)),
        ),
    ]
}

type Decided = Result<Vec<ApplicationEvent>, crate::application::Refusal>;

/// Writes a table with a column for each state and a line for each thing that is asked for.
fn table(
    text: &mut String,
    title: &str,
    states: &[(&'static str, Vec<ApplicationEvent>)],
    ask: impl Fn(&[ApplicationEvent]) -> Vec<(String, Decided)>,
) {
    write!(text, "| {title} |").unwrap();
    let mut lines: Vec<String> = Vec::new();
    for (name, events) in states {
        write!(text, " {name} |").unwrap();
        for (place, (asked, decided)) in ask(events).into_iter().enumerate() {
            if lines.len() == place {
                lines.push(format!("| `{asked}` |"));
            }
            let line = &mut lines[place];
            match decided {
                Ok(events) if events.is_empty() => line.push_str(" — |"),
                Ok(events) => {
                    let names: Vec<_> = events
                        .iter()
                        .map(|event| format!("`{}`", event.name()))
                        .collect();
                    write!(line, " {} |", names.join(" ")).unwrap();
                }
                Err(refusal) => write!(line, " *{}* |", refusal.code()).unwrap(),
            }
        }
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(states.len()));
    text.push('\n');
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
}

fn states_of_the_society() -> Vec<(&'static str, Vec<ApplicationEvent>)> {
    vec![
        ("申込済", e::complete()),
        ("筆記試験のみ", vec![e::applied(Scope::ExamOnly)]),
        ("書類確認中", e::under_review()),
        (
            "差し戻し",
            e::after_acts(e::under_review(), [e::send_back()]),
        ),
        (
            "書類確認中、確認済",
            e::after_acts(e::under_review(), e::checks()),
        ),
        ("書類受理", e::accepted()),
        ("審査合格", e::after_acts(e::accepted(), [Act::PassReview])),
        (
            "審査不合格",
            e::after_acts(e::accepted(), [Act::FailReview]),
        ),
        (
            "審査・試験合格",
            e::after_acts(
                e::accepted(),
                [Act::PassReview, Act::RecordExamResult(ExamOutcome::Passed)],
            ),
        ),
        ("更新認定可", e::approved()),
        ("認定料入金確認済み", e::fee_paid()),
        ("認定", e::after_acts(e::fee_paid(), [Act::Certify])),
        (
            "猶予",
            e::after_acts(
                e::under_review(),
                [Act::Defer {
                    until: jiff::civil::date(2027, 3, 31),
                }],
            ),
        ),
        ("失効", e::after_acts(e::under_review(), [Act::Lapse])),
    ]
}

fn acts() -> Vec<Act> {
    let target = CheckTarget::row(DocumentKind::Papers, e::row(101));
    vec![
        Act::Check {
            target: target.clone(),
            mark: CheckMark::NeedsCorrection,
        },
        Act::AdjustUnits {
            target,
            units: Some(7),
            further_reason: String::new(),
        },
        Act::RecordProof {
            proof: Proof::UnitProofs,
            state: ProofState::Received,
        },
        Act::AddNote("電話で確認済み".to_owned()),
        Act::SetLabels(["要相談".to_owned()].into()),
        e::send_back(),
        Act::Reopen {
            until: e::at("2026-08-31T17:00"),
        },
        Act::ExtendDeadline {
            until: e::at("2026-09-30T17:00"),
        },
        Act::AcceptDocuments,
        Act::PassReview,
        Act::FailReview,
        Act::RevokeDecision,
        Act::RecordExamResult(ExamOutcome::Failed),
        Act::RetractExamResult {
            recorded: ExamOutcome::Passed,
            earlier: None,
        },
        Act::ApproveCertification,
        Act::RequestCertificationFee {
            due: jiff::civil::date(2027, 2, 28),
        },
        Act::Certify,
        Act::Defer {
            until: jiff::civil::date(2027, 3, 31),
        },
        Act::Lapse,
        Act::ReversePayment {
            transaction: "T1".to_owned(),
        },
        Act::Withdraw,
    ]
}

#[test]
fn the_table_of_states_and_commands_in_the_documentation_is_up_to_date() {
    let mut text = "# States and commands\n\nGenerated by asking the decider itself, in the period (2026-06-03). A cell is the event that follows, `—` where nothing\n\
        changes, or the name of the refusal in italics. All document saves answer like `SaveProfile`.\n\n\
        ```mermaid\nstateDiagram-v2\n    [*] --> 申込済: Applied\n    申込済 --> 書類確認中: Submitted\n    申込済 --> 取下げ: Withdrawn\n    書類確認中 --> 取下げ: Withdrawn\n    取下げ --> 申込済: Applied\n    申込済 --> 期限切れ: 締め切り日時（導出）\n    書類確認中 --> 差し戻し: ReturnedForCorrection\n    差し戻し --> 書類確認中: Submitted\n    書類確認中 --> 書類受理: DocumentsAccepted\n    書類受理 --> 審査合格: ReviewPassed\n    書類受理 --> 審査不合格: ReviewFailed\n    書類受理 --> 書類確認中: DecisionRevoked\n    審査合格 --> 書類確認中: DecisionRevoked\n    審査不合格 --> 書類確認中: DecisionRevoked\n    書類確認中 --> 申込済: Reopened\n    審査合格 --> 更新認定可: CertificationApproved（筆記試験も合格）\n    更新認定可 --> 認定料請求中: CertificationFeeRequested\n    認定料請求中 --> 認定料入金確認済み: PaymentConfirmed\n    認定料入金確認済み --> 認定: Certified\n    認定 --> [*]\n    認定 --> 認定料入金確認済み: DecisionUndone\n    認定料請求中 --> 更新認定可: DecisionUndone\n    更新認定可 --> 審査合格: DecisionUndone\n```\n\n猶予 and 失効 are possible at each station, and undoing them leads back to where the application stood. Only the last decision that stands is undone; a result of the exam is one too.\n\n"
        .to_owned();
    let states = states();
    table(&mut text, "command", &states, |events| {
        // The revision that the person would have seen.
        let base = u32::from(events.iter().any(|event| event.name() == "ProfileSaved"));
        commands(base)
            .into_iter()
            .map(|(name, command)| (name.to_owned(), run(events.to_vec(), command)))
            .collect()
    });
    text.push_str(
        "\n## What the society does\n\nAfter the period (2026-08-10), by somebody who has seen the application as it is.\n\n",
    );
    table(&mut text, "act", &states_of_the_society(), |events| {
        let now = e::folded(events);
        let last = now.state().and_then(ApplicationState::last_decision);
        let undo = Act::Undo {
            event: last.map_or(0, |decision| decision.event),
        };
        acts()
            .into_iter()
            .chain([undo])
            .map(|act| {
                let name = act.label().to_owned();
                let decided = decide(
                    &now,
                    e::society(&now, act),
                    &e::secretariat(),
                    &e::programs(),
                );
                (name, decided)
            })
            .collect()
    });
    text.push_str(
        "\n## What may be said\n\nEach sentence of TOP, home, panel and notices with the states in which it is true (`domain::sentences`). A page says none that its state \
        denies.\n\n| sentence | states | 筆記試験 |\n| --- | --- | --- |\n",
    );
    for row in TABLE {
        let phases: Vec<_> = row.phases.iter().map(|phase| phase.label()).collect();
        let exams: Vec<_> = row.exams.iter().map(|exam| exam.label()).collect();
        let exams = if row.exams.len() == ExamPhase::ALL.len() {
            "—".to_owned()
        } else {
            exams.join("、")
        };
        let words = row.sentence.words();
        let _ = writeln!(text, "| {words} | {} | {exams} |", phases.join("、"));
    }
    check_document("../docs/states.md", text.trim_end());
}
