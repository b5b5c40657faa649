//! `kill -9` and `SIGTERM` of the service under load, over HTTP: what it answered is there, once and whole.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::Duration;

use eventstore::{Database, EventLog};
use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::databases::{TestDatabase, each_database};
use crate::patience::until_blocking;
use crate::service::{
    Answer, Applicant, FIRST_TO_THIRD, FOURTH, Person, Process, assert_sound, shinsei,
};

/// Who writes, each to the own application.
const WRITERS: [(&str, &str); 4] = [
    ("9000001", FOURTH),
    ("9000002", FIRST_TO_THIRD),
    ("9000004", FIRST_TO_THIRD),
    ("9000008", FIRST_TO_THIRD),
];

/// A write as it can be sent again: to the same address with the same key, text and revision.
#[derive(Clone, Debug)]
struct Sent {
    key: String,
    text: String,
    revision: u32,
}

/// What a writer knows when the service is gone.
#[derive(Default)]
struct Written {
    /// What was answered, with the answer.
    acknowledged: Vec<(Sent, Value)>,
    /// What was not: it may have been done or not.
    open: Option<Sent>,
}

fn save(applicant: &Applicant, sent: &Sent) -> Result<Answer, ureq::Error> {
    applicant
        .person
        .put(&applicant.path("/documents/profile"))
        .json(&json!({ "text": sent.text }))
        .revision(sent.revision)
        .key(&sent.key)
        .try_send()
}

/// Saves プロフィール again and again until the service is gone.
fn write(applicant: &Applicant, round: u32, ending: &AtomicBool, begun: &AtomicBool) -> Written {
    let mut written = Written::default();
    let mut revision = applicant.document("profile").revision();
    for step in 0_u32.. {
        let sent = Sent {
            key: format!("{round}-{step}"),
            text: format!("{round}-{step} 葛\u{E0100}城"),
            revision,
        };
        match save(applicant, &sent) {
            Ok(answer) => {
                let body = answer.ok();
                revision = answer.revision();
                written.acknowledged.push((sent, body));
                begun.store(true, Ordering::SeqCst);
            }
            Err(error) => {
                assert!(ending.load(Ordering::SeqCst), "before the end: {error}");
                written.open = Some(sent);
                return written;
            }
        }
    }
    unreachable!("the service ends before the numbers do")
}

/// Lets everybody write, ends the service at a random moment, and says what each of them knows.
fn under_load(applicants: &[Applicant], round: u32, end: impl FnOnce() + Send) -> Vec<Written> {
    let ending = AtomicBool::new(false);
    let begun: Vec<_> = applicants.iter().map(|_| AtomicBool::new(false)).collect();
    scope(|scope| {
        let writers: Vec<_> = applicants
            .iter()
            .zip(&begun)
            .map(|(applicant, begun)| scope.spawn(|| write(applicant, round, &ending, begun)))
            .collect();
        until_blocking("everybody has been answered", || {
            begun.iter().all(|begun| begun.load(Ordering::SeqCst))
        });
        let moment = Duration::from_millis(rand::random_range(0..800));
        std::thread::sleep(moment);
        ending.store(true, Ordering::SeqCst);
        end();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect()
    })
}

fn applicants(process: &Process) -> Vec<Applicant> {
    WRITERS
        .into_iter()
        .map(|(number, program)| {
            let person = Person::member(&process.url(), number);
            let applicant = Applicant::new(person, program, number);
            applicant.apply("documents_only").created();
            applicant
        })
        .collect()
}

/// The texts of プロフィール that the log holds of an application, in their order.
async fn texts_in_the_log(database: &Database) -> BTreeMap<String, Vec<String>> {
    let log = EventLog::new(database.clone());
    eventstore::seal(database).await.unwrap();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = log.feed(after, 500).await.unwrap();
        for event in &page {
            assert_eq!(event.global_seq, after + 1);
            after = event.global_seq;
            if event.event_type == "ProfileSaved" {
                let text = &event.payload["ProfileSaved"]["profile"]["$p"]["text"];
                let texts = texts.entry(event.aggregate_id.clone()).or_default();
                texts.push(text.as_str().unwrap().to_owned());
            }
        }
        if page.is_empty() {
            return texts;
        }
    }
}

/// The whole log is sound for the library and for the command, and every view is what a rebuild makes of it.
async fn assert_sound_from_outside(database: &TestDatabase) {
    assert_sound(&EventLog::new(database.database.clone())).await;
    let output = block_in_place(|| shinsei(&database.url).arg("verify").output().unwrap());
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("events are sound"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_service_answered_before_kill_9_is_there_exactly_once() {
    const ROUNDS: u32 = 2;
    each_database(async |database| {
        let address = Process::free_address();
        let mut process = block_in_place(|| Process::start(&database.url, address));
        let applicants = block_in_place(|| applicants(&process));
        let mut done: Vec<Vec<String>> = vec![Vec::new(); applicants.len()];
        for round in 1..=ROUNDS {
            let written = block_in_place(|| under_load(&applicants, round, || process.kill()));
            let answered: usize = written.iter().map(|writer| writer.acknowledged.len()).sum();
            assert!(answered > 0, "nothing was answered");
            assert!(
                written.iter().any(|writer| writer.open.is_some()),
                "the end hit nothing"
            );

            // Whoever was signed in still is. Every key is sent again, also those that were answered.
            process = block_in_place(|| Process::start(&database.url, address));
            for ((applicant, writer), done) in applicants.iter().zip(&written).zip(&mut done) {
                for (sent, before) in &writer.acknowledged {
                    assert_eq!(&save(applicant, sent).unwrap().ok(), before, "{sent:?}");
                    done.push(sent.text.clone());
                }
                if let Some(sent) = &writer.open {
                    save(applicant, sent).unwrap().ok();
                    done.push(sent.text.clone());
                }
                let shown = applicant.document("profile").ok();
                assert_eq!(
                    Some(shown["value"]["text"].as_str().unwrap()),
                    done.last().map(String::as_str)
                );
            }
            println!("round {round}: {answered} answered");
        }
        block_in_place(|| process.kill());
        let texts = texts_in_the_log(&database.database).await;
        for (applicant, done) in applicants.iter().zip(&done) {
            assert_eq!(
                &texts[&applicant.id], done,
                "each once, in the order of the answers"
            );
        }
        assert_sound_from_outside(database).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_as_soon_as_somebody_can_connect_is_an_orderly_stop() {
    each_database(async |database| {
        let (status, said) = block_in_place(|| {
            Process::start_until_it_listens(&database.url, Process::free_address()).terminate()
        });
        assert_eq!(status.code(), Some(0), "{status}\n{said}");
        assert!(said.contains("stopped"), "{said}");
        assert_sound_from_outside(database).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_loses_nothing_that_was_answered_and_ends_well() {
    each_database(async |database| {
        let process = block_in_place(|| Process::start(&database.url, Process::free_address()));
        let applicants = block_in_place(|| applicants(&process));
        let mut ended = None;
        let written =
            block_in_place(|| under_load(&applicants, 1, || ended = Some(process.terminate())));
        let (status, said) = ended.unwrap();
        assert_eq!(status.code(), Some(0), "{said}");
        assert!(said.contains("stopped"), "{said}");
        // Never a name, a text or an address of a member in the log of the service.
        for personal in ["臨床", "葛", "城", "@example.jp"] {
            assert!(!said.contains(personal), "{personal} in\n{said}");
        }

        let texts = texts_in_the_log(&database.database).await;
        for (applicant, writer) in applicants.iter().zip(&written) {
            let acknowledged: Vec<_> = writer
                .acknowledged
                .iter()
                .map(|(sent, _)| &sent.text)
                .collect();
            let mut stored: Vec<_> = texts[&applicant.id].iter().collect();
            // The last one may have been done for a client that did not hear of it.
            if stored.len() > acknowledged.len() {
                assert_eq!(stored.pop(), writer.open.as_ref().map(|sent| &sent.text));
            }
            assert_eq!(stored, acknowledged);
            assert!(!acknowledged.is_empty());
        }
        assert_sound_from_outside(database).await;
    })
    .await;
}
