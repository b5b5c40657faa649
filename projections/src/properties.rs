//! What holds for any history: the views say what the aggregate's fold says, however the history is cut into batches,
//! whoever applies them, and wherever they are interrupted.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use cqrs_es::Aggregate as _;
use domain::application::{self as fold, Application, ApplicationEvent};
use domain::catalogue::EVENTS;
use domain::documents::{DocumentKind, RowId};
use domain::eligibility::Scope;
use domain::member::PaymentItem;
use proptest::prelude::*;

use crate::application_status::{ApplicationStatusView, DocumentTrack, ExamTrack};
use crate::change_history::ChangeHistoryView;
use crate::document_list::{Document, DocumentListView};
use crate::examples::{
    TestLog, activity, conference, corpus, corpus_directory, fed, one_fed, paper, profile, row,
    years,
};
use crate::feed::FedEvent;
use crate::projection::{Projection, ViewName, on_view};
use crate::rebuild::rebuild;
use crate::registry::{self, Role};
use crate::session::Session;
use crate::step::{Bounds, Step, step};
use crate::worklist::WorklistView;
use crate::{Runner, Views};

/// Something a member or the society does, with numbers for what is typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act {
    application: usize,
    what: u8,
    one: u8,
    other: u8,
}

pub(crate) fn acts(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let act = (0..3_usize, 0..24_u8, 0..3_u8, 0..3_u8);
    let act = act.prop_map(|(application, what, one, other)| Act {
        application,
        what,
        one,
        other,
    });
    proptest::collection::vec(act, 1..most)
}

/// An application as far as its next event must fit to it.
#[derive(Default)]
struct Course {
    running: bool,
    rows: [Vec<RowId>; 3],
    ever: u128,
    submissions: u32,
}

impl Course {
    fn next(&mut self, act: Act) -> ApplicationEvent {
        if !self.running {
            self.running = true;
            return applied(act);
        }
        let text = act.other.to_string();
        let list = usize::from(act.one);
        let chosen = self.rows[list].get(usize::from(act.other)).copied();
        match (act.what, chosen) {
            (0, _) => ApplicationEvent::ExamAdded {
                added_at: jiff::Timestamp::UNIX_EPOCH,
            },
            (1, _) => resume(&text),
            (2, _) => profile(&text),
            (3, _) => years(if act.one == 0 { "" } else { &text }),
            (4, _) => clinical(&text),
            (5, _) => {
                self.submissions += 1;
                submitted(self.submissions)
            }
            (6, _) => {
                self.running = false;
                corpus("Withdrawn")
            }
            (7, _) => attended(act),
            (8, _) => retracted(act),
            (9 | 10, _) => paid(act),
            (18, _) => ApplicationEvent::PaymentReversed {
                transaction: act.one.to_string(),
                retracted: act.other == 0,
                explanation: None,
            },
            // What the society does needs completed documents; the fold writes nothing that the decider would not.
            (19..=23, _) if self.submissions > 0 => {
                let acts = crate::acts::ACTS;
                let place = usize::from(act.what - 19) * 9 + usize::from(act.one) * 3;
                corpus(acts[(place + usize::from(act.other)) % acts.len()])
            }
            (11 | 12, Some(id)) => row_event(list, id, &text, false),
            (13 | 14, Some(id)) => {
                self.rows[list].retain(|kept| *kept != id);
                removed(list, id)
            }
            _ => {
                self.ever += 1;
                let id = row(self.ever);
                self.rows[list].push(id);
                row_event(list, id, &text, true)
            }
        }
    }
}

fn applied(act: Act) -> ApplicationEvent {
    let mut event = corpus("Applied");
    if let ApplicationEvent::Applied {
        scope,
        exam_passed,
        attendance,
        ..
    } = &mut event
    {
        *scope = Scope::ALL[usize::from(act.one)];
        *exam_passed = (act.other == 1).then_some(2025);
        if act.other == 2 {
            attendance.clear();
        }
    }
    event
}

fn resume(text: &str) -> ApplicationEvent {
    let mut event = corpus("ResumeSaved");
    if let ApplicationEvent::ResumeSaved { resume, record } = &mut event {
        resume.value.school = text.to_owned();
        record.value.speciality = text.to_owned();
    }
    event
}

fn clinical(text: &str) -> ApplicationEvent {
    let mut event = corpus("ClinicalExperienceSaved");
    if let ApplicationEvent::ClinicalExperienceSaved { experience } = &mut event {
        experience.value.examined = vec![text.to_owned()];
        experience
            .value
            .trials
            .truncate(text.parse().unwrap_or_default());
    }
    event
}

fn submitted(number: u32) -> ApplicationEvent {
    let mut event = corpus("Submitted");
    if let ApplicationEvent::Submitted { submission } = &mut event {
        submission.number = number;
    }
    event
}

fn attended(act: Act) -> ApplicationEvent {
    let mut event = corpus("SeminarAttendanceImported");
    if let ApplicationEvent::SeminarAttendanceImported { attendance } = &mut event {
        attendance.key.code = act.one.to_string();
        attendance.units = u32::from(act.other);
    }
    event
}

fn retracted(act: Act) -> ApplicationEvent {
    let mut event = corpus("SeminarAttendanceRetracted");
    if let ApplicationEvent::SeminarAttendanceRetracted { seminar } = &mut event {
        seminar.code = act.one.to_string();
    }
    event
}

fn paid(act: Act) -> ApplicationEvent {
    let mut event = corpus("PaymentConfirmed");
    if let ApplicationEvent::PaymentConfirmed { payment } = &mut event {
        payment.transaction = act.one.to_string();
        payment.item = [
            PaymentItem::ExamFee,
            PaymentItem::ReviewFee,
            PaymentItem::CertificationFee,
        ][usize::from(act.other)];
    }
    event
}

fn row_event(list: usize, row: RowId, text: &str, new: bool) -> ApplicationEvent {
    match (list, new) {
        (0, true) => ApplicationEvent::ResearchActivityAdded {
            row,
            activity: activity(text),
        },
        (0, false) => ApplicationEvent::ResearchActivityRevised {
            row,
            activity: activity(text),
        },
        (1, true) => ApplicationEvent::ConferenceAdded {
            row,
            conference: conference(text, text),
        },
        (1, false) => ApplicationEvent::ConferenceRevised {
            row,
            conference: conference(text, "5"),
        },
        (_, true) => ApplicationEvent::PaperAdded {
            row,
            paper: paper(text),
        },
        (_, false) => ApplicationEvent::PaperRevised {
            row,
            paper: paper(text),
        },
    }
}

fn removed(list: usize, row: RowId) -> ApplicationEvent {
    match list {
        0 => ApplicationEvent::ResearchActivityRemoved { row },
        1 => ApplicationEvent::ConferenceRemoved { row },
        _ => ApplicationEvent::PaperRemoved { row },
    }
}

/// The history of three applications, in ledger order: index of the application and event.
pub(crate) fn history(acts: &[Act]) -> Vec<(usize, ApplicationEvent)> {
    let mut courses: [Course; 3] = Default::default();
    acts.iter()
        .map(|act| (act.application, courses[act.application].next(*act)))
        .collect()
}

fn feed(history: &[(usize, ApplicationEvent)]) -> Vec<FedEvent> {
    let mut sequences = [0; 3];
    history
        .iter()
        .zip(1..)
        .map(|((application, event), global_seq)| {
            sequences[*application] += 1;
            one_fed(
                &name(*application),
                global_seq,
                sequences[*application],
                event,
            )
        })
        .collect()
}

pub(crate) fn name(application: usize) -> String {
    format!("p.{application}")
}

fn folds(history: &[(usize, ApplicationEvent)]) -> BTreeMap<String, Application> {
    let mut folds = BTreeMap::<String, Application>::new();
    for (application, event) in history {
        folds
            .entry(name(*application))
            .or_default()
            .apply(event.clone());
    }
    folds
}

/// Applies the history cut into batches of these sizes, the last one repeated as often as needed.
fn in_batches(events: &[FedEvent], sizes: &[usize]) -> Vec<Vec<FedEvent>> {
    let mut rest = events;
    let mut batches = Vec::new();
    let mut sizes = sizes.iter().copied();
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(1).clamp(1, rest.len());
        let (batch, later) = rest.split_at(size);
        batches.push(batch.to_vec());
        rest = later;
    }
    batches
}

/// Values and entries of 変更履歴 as they would lie in the tables.
type HistoryTables = (
    BTreeMap<(String, String), String>,
    Vec<crate::change_history::Entry>,
);

fn history_tables(batches: Vec<Vec<FedEvent>>) -> HistoryTables {
    let mut values = BTreeMap::new();
    let mut entries = Vec::new();
    for batch in batches {
        let saved = values.iter();
        let saved = saved.map(
            |((application, slot), saved): (&(String, String), &String)| {
                (application.clone(), slot.clone(), saved.clone())
            },
        );
        let mut rows = crate::change_history::Rows::from_saved(saved.collect()).unwrap();
        for event in batch {
            ChangeHistoryView::apply(&mut rows, ChangeHistoryView::read(event).unwrap());
        }
        let (saved, new) = rows.into_changes().unwrap();
        values.extend(
            saved
                .into_iter()
                .map(|(application, slot, saved)| ((application, slot), saved)),
        );
        entries.extend(new);
    }
    (values, entries)
}

#[test]
fn every_event_ever_released_is_understood_by_every_view() {
    let mut read = 0;
    for file in std::fs::read_dir(corpus_directory()).unwrap() {
        let file = file.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let (event_type, version) = name.split_once('@').unwrap();
        let mut event = fed(&[corpus("Withdrawn")]).remove(0);
        event.event_type = event_type.to_owned();
        event.event_version = version.to_owned();
        event.payload = Some(std::fs::read_to_string(&file).unwrap());
        for view in ViewName::OF_APPLICATIONS {
            on_view!(view, P => {
                P::read(event.clone()).unwrap();
                // It decodes also when only the payloads are there for which the view asks.
                let mut light = event.clone();
                light.payload = light.payload.filter(|_| P::PAYLOADS.contains(&event_type));
                P::read(light).unwrap();
            });
        }
        read += 1;
    }
    let known = EVENTS
        .iter()
        .filter(|entry| entry.stream == Application::TYPE);
    assert!(read >= known.count());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_document_list_says_what_the_fold_says(acts in acts(60)) {
        let history = history(&acts);
        let mut rows = HashMap::new();
        for event in feed(&history) {
            DocumentListView::apply(&mut rows, DocumentListView::read(event).unwrap());
        }
        for (name, application) in folds(&history) {
            let documents = &application.state().unwrap().documents;
            for kind in DocumentKind::ALL {
                let shown = rows[&name].documents.get(&kind).is_some_and(Document::is_registered);
                prop_assert_eq!(shown, documents.is_registered(kind), "{:?}", kind);
            }
        }
    }

    #[test]
    fn the_status_says_what_the_fold_says(acts in acts(60)) {
        let history = history(&acts);
        let mut rows = HashMap::new();
        for event in feed(&history) {
            ApplicationStatusView::apply(&mut rows, ApplicationStatusView::read(event).unwrap());
        }
        for (name, application) in folds(&history) {
            let (row, state) = (&rows[&name], application.state().unwrap());
            prop_assert_eq!(row.withdrawn_at_us.is_some(), matches!(application, Application::Withdrawn(_)));
            prop_assert_eq!(row.document_track, DocumentTrack::of(&state.documents_track));
            prop_assert_eq!(row.exam_track, ExamTrack::of(&state.exam));
            let passed = match state.exam {
                fold::ExamTrack::Exempt { passed } => Some(i64::from(passed)),
                _ => None,
            };
            if passed.is_some() {
                prop_assert_eq!(row.exam_passed, passed);
            }
            prop_assert_eq!(row.submission_number.unwrap_or_default(), i64::from(state.submissions));
        }
    }

    #[test]
    fn the_worklist_says_what_the_fold_says(acts in acts(60)) {
        let history = history(&acts);
        let mut rows = crate::folds::Folds::default();
        for event in feed(&history) {
            WorklistView::apply(&mut rows, WorklistView::read(event).unwrap());
        }
        for (name, application) in folds(&history) {
            prop_assert_eq!(&rows.folds[&name].application, &application);
            let line = crate::worklist::line(&application, None).unwrap();
            let state = application.state().unwrap();
            prop_assert_eq!(line.document_track, DocumentTrack::of(&state.documents_track));
            prop_assert_eq!(line.submission_number.unwrap_or_default(), state.submissions);
            // 筆記試験のみ has nothing to check.
            let without = line.document_track == DocumentTrack::NotApplied;
            prop_assert!(!without || line.unchecked == 0, "{} documents", line.unchecked);
            // Of what has lapsed nobody checks anything.
            prop_assert!(!state.has_lapsed() || line.unchecked == 0, "{} documents", line.unchecked);
        }
    }

    #[test]
    fn the_history_is_the_same_however_it_is_cut_into_batches(
        acts in acts(60),
        sizes in proptest::collection::vec(1..9_usize, 0..20),
    ) {
        let events = feed(&history(&acts));
        let whole = history_tables(vec![events.clone()]);
        prop_assert_eq!(history_tables(in_batches(&events, &sizes)), whole);
    }

    #[test]
    fn every_event_has_an_entry_and_every_before_is_the_after_of_the_entry_before(acts in acts(60)) {
        let events = feed(&history(&acts));
        let (_, entries) = history_tables(vec![events.clone()]);
        let mut known: HashMap<_, String> = HashMap::new();
        for event in &events {
            prop_assert!(entries.iter().any(|entry| entry.global_seq == event.global_seq));
        }
        for entry in entries {
            // An event that says again what was known has an entry of its own, under the event's label: some fields are called the same.
            if entry.before.is_empty() && entry.after.is_empty() {
                continue;
            }
            let key = (entry.application, entry.document, entry.row, entry.field);
            let before = known.insert(key, entry.after).unwrap_or_default();
            prop_assert_eq!(entry.before, before);
        }
    }
}

/// Applies batches of these sizes, repeated, until nothing is left.
async fn apply_all<P: Projection>(log: &eventstore::EventLog, sizes: &[i64]) {
    for size in sizes.iter().cycle() {
        match step::<P>(log, Role::Live, Bounds::limit(*size))
            .await
            .unwrap()
        {
            Step::Idle { .. } => return,
            Step::Applied { .. } | Step::Overtaken | Step::Leased => {}
            Step::Missing => panic!("the view was not prepared"),
        }
    }
}

proptest! {
    // Each case is a database of its own.
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_runners_of_which_one_dies_write_the_rows_of_a_rebuild(
        acts in acts(80),
        sizes in proptest::collection::vec(1..7_i64, 1..5),
        dies_after_us in 0..20_000_u64,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let test = TestLog::new().await;
            for (application, event) in history(&acts) {
                test.write(&name(application), vec![event]).await;
            }
            registry::prepare(&test.log).await.unwrap();
            for view in ViewName::ALL {
                on_view!(view, P => {
                    let (log, mine) = (test.log.clone(), sizes.clone());
                    let mortal = tokio::spawn(async move { apply_all::<P>(&log, &mine).await });
                    let (log, mine) = (test.log.clone(), sizes.clone());
                    let survivor = tokio::spawn(async move { apply_all::<P>(&log, &mine).await });
                    tokio::time::sleep(Duration::from_micros(dies_after_us)).await;
                    mortal.abort();
                    let _dead = mortal.await;
                    survivor.await.unwrap();
                });
                let report = rebuild(&test.log, view.as_str(), false, |_| ()).await.unwrap();
                assert_eq!((report.differences, report.switched), (0, true), "{report:?}");
                assert_eq!(report.compared_at, i64::try_from(acts.len()).unwrap());
                // Whether a payment is among them is chance.
                if view != ViewName::Payments {
                    let follows = view == ViewName::Reports || ViewName::OF_APPLICATIONS.contains(&view);
                    assert_eq!(report.rows > 0, follows);
                }
            }
        });
    }
}

#[tokio::test]
async fn a_batch_that_comes_again_writes_nothing() {
    let test = TestLog::new().await;
    test.write("p.1", vec![corpus("Applied"), profile("一")])
        .await;
    registry::prepare(&test.log).await.unwrap();
    let mut session = Session::read(test.log.database()).await.unwrap();
    let before = registry::find(&mut session, ViewName::ChangeHistory, Role::Live)
        .await
        .unwrap()
        .unwrap();
    session.end().await.unwrap();
    apply_all::<ChangeHistoryView>(&test.log, &[500]).await;
    let mut session = Session::write(test.log.database()).await.unwrap();
    assert!(
        !registry::advance(&mut session, &before, 2).await.unwrap(),
        "the checkpoint has moved, so the batch has been applied"
    );
    session.end().await.unwrap();
}

#[tokio::test]
async fn a_page_of_the_history_never_cuts_an_event_in_two() {
    let test = TestLog::new().await;
    test.write(
        "p.1",
        vec![corpus("Applied"), corpus("ResumeSaved"), profile("一")],
    )
    .await;
    let views = Views::new(test.log.clone());
    Runner::new(test.log.clone())
        .catch_up("change_history")
        .await
        .unwrap();
    let filter = crate::HistoryFilter::default();
    let first = views.history(&filter, None, 1).await.unwrap();
    assert_eq!(first.items.len(), 1);
    assert_eq!((first.items[0].global_seq, first.next), (3, Some(3)));
    let second = views.history(&filter, first.next, 1).await.unwrap();
    assert!(second.items.len() > 10);
    assert!(second.items.iter().all(|entry| entry.global_seq == 2));
    let third = views.history(&filter, second.next, 1).await.unwrap();
    assert_eq!((third.items[0].global_seq, third.next), (1, None));
}

#[tokio::test]
async fn the_history_is_asked_by_document_event_time_and_person() {
    let test = TestLog::new().await;
    test.write("p.1", vec![corpus("Applied"), profile("一")])
        .await;
    test.write("p.2", vec![corpus("Applied"), years("3")]).await;
    let views = Views::new(test.log.clone());
    Runner::new(test.log.clone())
        .catch_up("change_history")
        .await
        .unwrap();
    let decided_at = views
        .history(&crate::HistoryFilter::default(), None, 1)
        .await
        .unwrap()
        .items[0]
        .decided_at;
    let nothing = crate::HistoryFilter::default();
    for (filter, found) in [
        (
            crate::HistoryFilter {
                document: Some(DocumentKind::Profile),
                ..nothing.clone()
            },
            vec![2],
        ),
        (
            crate::HistoryFilter {
                event: Some("ResearchYearsRecorded".into()),
                ..nothing.clone()
            },
            vec![4],
        ),
        (
            crate::HistoryFilter {
                application: Some("p.2".into()),
                ..nothing.clone()
            },
            vec![4, 3],
        ),
        (
            crate::HistoryFilter {
                actor: Some("secretariat:demo".into()),
                ..nothing.clone()
            },
            vec![],
        ),
        (
            crate::HistoryFilter {
                from: Some(decided_at),
                ..nothing.clone()
            },
            vec![4, 3, 2, 1],
        ),
        (
            crate::HistoryFilter {
                to: Some(decided_at),
                ..nothing.clone()
            },
            vec![],
        ),
    ] {
        let page = views.history(&filter, None, 100).await.unwrap();
        let mut numbers: Vec<_> = page.items.iter().map(|entry| entry.global_seq).collect();
        numbers.dedup();
        assert_eq!(numbers, found, "{filter:?}");
    }
}

#[tokio::test]
async fn statuses_are_listed_page_by_page_and_by_what_is_asked() {
    let test = TestLog::new().await;
    for number in 1..=3 {
        test.write(&format!("p.{number}"), vec![corpus("Applied")])
            .await;
    }
    test.write("p.2", vec![corpus("Submitted")]).await;
    let views = Views::new(test.log.clone());
    Runner::new(test.log.clone())
        .catch_up("application_status")
        .await
        .unwrap();
    let all = crate::StatusFilter::default();
    let first = views.statuses(&all, None, 2).await.unwrap();
    let ids = |page: &crate::Page<crate::ApplicationStatus, String>| {
        page.items
            .iter()
            .map(|status| status.application.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&first), ["p.1", "p.2"]);
    let second = views
        .statuses(&all, first.next.as_deref(), 2)
        .await
        .unwrap();
    assert_eq!((ids(&second), second.next), (vec!["p.3".to_owned()], None));
    let completed = crate::StatusFilter {
        document_track: Some(DocumentTrack::UnderReview),
        withdrawn: Some(false),
        ..all
    };
    assert_eq!(
        ids(&views.statuses(&completed, None, 9).await.unwrap()),
        ["p.2"]
    );
}

/// Handlers and tools spawn them.
#[tokio::test]
async fn what_the_api_awaits_can_be_spawned() {
    let test = TestLog::new().await;
    let (log, views) = (test.log.clone(), Views::new(test.log.clone()));
    let all = tokio::spawn(async move {
        let runner = Runner::new(log.clone());
        runner.catch_up("document_list").await.unwrap();
        rebuild(&log, "document_list", false, |_| ()).await.unwrap();
        let filter = crate::HistoryFilter::default();
        views.history(&filter, None, 1).await.unwrap();
        views
            .statuses(&crate::StatusFilter::default(), None, 1)
            .await
            .unwrap();
        views.document_list("p.1").await.unwrap();
        views.status("p.1").await.unwrap();
        views.lag().await.unwrap();
        let cancelled = eventstore::CancellationToken::new();
        cancelled.cancel();
        runner.run(cancelled).await;
        views
            .wait_for(ViewName::DocumentList, "p.1", 1, Duration::ZERO)
            .await
            .unwrap()
    });
    assert!(!all.await.unwrap());
}
