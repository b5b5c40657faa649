//! `kill -9` of PostgreSQL under load: what was acknowledged is there, once and whole.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use api::clock::DEMONSTRATION_START;
use api::forwarder::Forwarder;
use api::{Call, ClockSetting, Service};
use domain::application::{ApplicationCommand, ApplicationId};
use domain::calendar::FiscalYear;
use domain::documents::Profile;
use domain::eligibility::Scope;
use domain::member::{
    Certification, Contact, MedicalRegistration, Member, MemberCommand, MemberNumber, MemberRecord,
    Payment, PaymentItem, Place, Workplace,
};
use domain::program::ProgramId;
use domain::{Actor, Personal, Role};
use eventstore::{CancellationToken, Database, ExecuteError, Receipt};
use futures::future::join_all;
use jiff::civil::date;
use projections::Runner;
use uuid::Uuid;

use crate::cluster::Cluster;
use crate::patience::until;
use crate::service::{FOURTH, assert_sound};

const ROUNDS: u32 = 3;
const WRITERS: u64 = 6;
/// Members' streams that all writers write to.
const SHARED: u64 = 20;
/// How many commands are acknowledged in a round, at least, before the server dies.
const LOAD: u64 = 100;
/// Payments that are known at each 申込, so that its command has several events to lose.
const PAYMENTS: u32 = 4;

/// A command as it can be repeated.
#[derive(Clone)]
enum Asked {
    Member(MemberNumber, MemberCommand),
    Application(ApplicationId, ApplicationCommand),
}

/// What writers are told of the server.
#[derive(Default)]
struct Server {
    /// From now on a command may fail.
    dying: AtomicBool,
    /// It has come back.
    back: AtomicBool,
    /// Commands that it has acknowledged.
    acknowledged: AtomicU64,
}

/// What a writer knows in the end.
#[derive(Default)]
struct Written {
    acknowledged: Vec<(Uuid, Receipt)>,
    /// The command that was under way when the server died: it may be there or not, but nothing between.
    open: Option<(Uuid, Asked)>,
}

fn call(id: Uuid) -> Call {
    Call {
        actor: Actor {
            role: Role::System,
            id: "crash".to_owned(),
        },
        command_id: id,
        request_hash: [7; 32],
        correlation_id: id,
        causation_id: None,
        reason: None,
        counts_for: None,
    }
}

/// The receipt; `None` when others were always faster, or the command is not to be had any more.
async fn ask(
    service: &Service,
    id: Uuid,
    asked: Asked,
) -> Result<Option<Receipt>, eventstore::Error> {
    let refused = match asked {
        Asked::Member(number, command) => {
            match service.command_member(&number, command, call(id)).await {
                Ok(receipt) => return Ok(Some(receipt)),
                Err(ExecuteError::Database(error)) => return Err(error),
                Err(ExecuteError::Conflict) => return Ok(None),
                Err(other) => other.to_string(),
            }
        }
        Asked::Application(application, command) => {
            match service
                .command_application(&application, command, call(id))
                .await
            {
                Ok(receipt) => return Ok(Some(receipt)),
                Err(ExecuteError::Database(error)) => return Err(error),
                Err(ExecuteError::Conflict) => return Ok(None),
                Err(other) => other.to_string(),
            }
        }
    };
    panic!("{refused}")
}

/// Asks until there is an answer: a connection that was open before the crash may fail once more.
async fn ask_again(service: &Service, id: Uuid, asked: &Asked) -> Option<Receipt> {
    let mut answer = None;
    until("an answer from a server that is up again", async || {
        answer = ask(service, id, asked.clone()).await.ok();
        answer.is_some()
    })
    .await;
    answer.flatten()
}

fn number(text: &str) -> MemberNumber {
    MemberNumber::parse(text).unwrap()
}

/// A record that differs from every other by its フリガナ.
fn record(member: MemberNumber, furigana: String) -> MemberRecord {
    MemberRecord {
        number: member,
        name: "臨床 瘍子".to_owned(),
        furigana,
        gender: "女".to_owned(),
        birth_date: None,
        contact: Contact::Workplace,
        home: Place::default(),
        workplace: Workplace::default(),
        email: String::new(),
        medical_registration: Some(MedicalRegistration {
            date: Some(date(1999, 5, 10)),
            number: "999999".to_owned(),
        }),
        speciality: String::new(),
        joined_on: None,
        dues_paid_year: Some(FiscalYear(2026)),
        certification: Some(Certification {
            number: "0500026".to_owned(),
            first_certified_on: date(2007, 4, 1),
            last_certified_on: date(2022, 4, 1),
            valid_until: date(2027, 3, 31),
        }),
        exam_passed_year: None,
    }
}

/// 申込 of somebody with payments: one command, several events.
fn apply(id: &ApplicationId) -> ApplicationCommand {
    let payments = (0..PAYMENTS).map(|place| {
        let payment = Payment {
            transaction: format!("T{place}"),
            item: PaymentItem::CertificationFee,
            amount_yen: 11_000,
            paid_on: date(2026, 6, 1),
            payer: Personal::new("リンショウ".to_owned()),
        };
        (payment.transaction.clone(), payment)
    });
    ApplicationCommand::Apply {
        program: id.program.clone(),
        scope: Scope::DocumentsAndExam,
        member: Box::new(Member {
            record: Some(record(id.member.clone(), "リンショウ　ハナコ".to_owned())),
            payments: payments.collect(),
            ..Member::default()
        }),
    }
}

/// Writes until the server is gone: new applications, saves to one of them, and records that all writers fight for.
async fn write(service: &Service, round: u32, writer: u64, server: &Server) -> Written {
    let mut written = Written::default();
    let mut application = None;
    for step in 0_u64.. {
        let asked = match (step % 3, &application) {
            (1, Some((id, revision))) => {
                let profile = Profile {
                    text: format!("{round} {writer} {step}"),
                };
                let base = *revision;
                Asked::Application(
                    ApplicationId::clone(id),
                    ApplicationCommand::SaveProfile { profile, base },
                )
            }
            (2, _) => {
                let shared = number(&format!("{}", 7_000_000 + rand::random_range(0..SHARED)));
                let record = record(shared.clone(), format!("{round} {writer} {step}"));
                Asked::Member(shared, MemberCommand::ImportRecord(Box::new(record)))
            }
            _ => {
                let id = ApplicationId {
                    program: ProgramId(FOURTH.to_owned()),
                    member: number(&format!("{round}-{writer}-{step}")),
                };
                let command = apply(&id);
                application = Some((id.clone(), 0));
                Asked::Application(id, command)
            }
        };
        let id = Uuid::new_v4();
        match ask(service, id, asked.clone()).await {
            Ok(Some(receipt)) => {
                written.acknowledged.push((id, receipt));
                server.acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            Ok(None) => {}
            Err(error) => {
                assert!(
                    server.dying.load(Ordering::SeqCst),
                    "before the crash: {error}"
                );
                written.open = Some((id, asked));
                return written;
            }
        }
        // Who had to wait for a connection has ridden the crash out.
        if server.back.load(Ordering::SeqCst) {
            return written;
        }
    }
    unreachable!("the server dies before the numbers end")
}

async fn open(url: &str) -> Service {
    let clock = ClockSetting::Demonstration {
        earliest: DEMONSTRATION_START,
    };
    Service::open(url, api::service::programs(None).unwrap(), clock)
        .await
        .unwrap()
}

/// What the table of commands says, and where their events really are.
async fn commands_and_events(database: &Database) -> BTreeMap<Uuid, (Receipt, Vec<i64>)> {
    let Database::Postgres(pool) = database else {
        unreachable!("the test opened PostgreSQL")
    };
    let commands: Vec<(Uuid, String, String, i64, i64)> = sqlx::query_as(
        "SELECT command_id, aggregate_type, aggregate_id, first_sequence, last_sequence FROM commands",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut found: BTreeMap<_, _> = commands
        .into_iter()
        .map(
            |(id, aggregate_type, aggregate_id, first_sequence, last_sequence)| {
                let receipt = Receipt {
                    aggregate_type,
                    aggregate_id,
                    first_sequence,
                    last_sequence,
                    replayed: false,
                };
                (id, (receipt, Vec::new()))
            },
        )
        .collect();
    let events: Vec<(Uuid, String, String, i64)> = sqlx::query_as(
        "SELECT command_id, aggregate_type, aggregate_id, sequence FROM events ORDER BY aggregate_type, aggregate_id, sequence",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    for (command, aggregate_type, aggregate_id, sequence) in events {
        let (receipt, sequences) = found
            .get_mut(&command)
            .expect("an event without its command");
        assert_eq!(
            (&receipt.aggregate_type, &receipt.aggregate_id),
            (&aggregate_type, &aggregate_id)
        );
        sequences.push(sequence);
    }
    found
}

/// The feed from its beginning: dense, and every event of the table once.
async fn assert_feed_is_dense(service: &Service, events: usize) {
    let mut after = 0;
    loop {
        let page = service.log.feed(after, 1_000).await.unwrap();
        for event in &page {
            assert_eq!(event.global_seq, after + 1);
            after = event.global_seq;
        }
        if page.is_empty() {
            break;
        }
    }
    assert_eq!(usize::try_from(after).unwrap(), events);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_postgresql_acknowledged_before_kill_9_is_there_exactly_once() {
    let cluster = Arc::new(tokio::task::block_in_place(Cluster::start));
    let mut acknowledged: BTreeMap<Uuid, Receipt> = BTreeMap::new();
    for round in 1..=ROUNDS {
        let service = open(&cluster.url).await;
        let stop = CancellationToken::new();
        service.log.seal_task(stop.clone());
        let runner = Runner::new(service.log.clone()).follow(Forwarder::new(service.clone()));
        service.log.tasks().spawn(runner.run(stop.clone()));

        let server = Server::default();
        let writers = join_all((0..WRITERS).map(|writer| write(&service, round, writer, &server)));
        let killer = async {
            until("the server is under load", async || {
                server.acknowledged.load(Ordering::SeqCst) >= LOAD
            })
            .await;
            // Not at the end of a command, but anywhere.
            let moment = Duration::from_millis(rand::random_range(0..500));
            tokio::time::sleep(moment).await;
            server.dying.store(true, Ordering::SeqCst);
            // On a thread of its own: the writers go on meanwhile.
            let cluster = Arc::clone(&cluster);
            tokio::task::spawn_blocking(move || {
                cluster.crash();
                cluster.restart();
            })
            .await
            .unwrap();
            server.back.store(true, Ordering::SeqCst);
        };
        let (written, ()) = tokio::join!(writers, killer);

        // Its own process has lived on. What was under way is asked again, twice, and is done once.
        let mut repeated = 0;
        for writer in written {
            acknowledged.extend(writer.acknowledged);
            let Some((id, asked)) = writer.open else {
                continue;
            };
            let first = ask_again(&service, id, &asked).await;
            let again = ask_again(&service, id, &asked).await;
            if let (Some(first), Some(again)) = (first, again) {
                repeated += 1;
                assert!(again.replayed);
                assert_eq!(
                    (first.first_sequence, first.last_sequence),
                    (again.first_sequence, again.last_sequence)
                );
                acknowledged.insert(id, first);
            }
        }
        assert!(repeated > 0, "the crash has hit nothing");
        stop.cancel();
        service.log.tasks().close();
        service.log.tasks().wait().await;
        drop(service);

        let service = open(&cluster.url).await;
        assert_sound(&service.log).await;
        let found = commands_and_events(service.log.database()).await;
        for (id, (receipt, sequences)) in &found {
            let expected: Vec<_> = (receipt.first_sequence..=receipt.last_sequence).collect();
            assert_eq!(sequences, &expected, "half a command: {id}");
        }
        for (id, receipt) in &acknowledged {
            let (recorded, _) = found.get(id).expect("an acknowledged command is gone");
            let recorded = (
                &recorded.aggregate_id,
                recorded.first_sequence,
                recorded.last_sequence,
            );
            assert_eq!(
                recorded,
                (
                    &receipt.aggregate_id,
                    receipt.first_sequence,
                    receipt.last_sequence
                )
            );
        }
        let events = found.values().map(|(_, sequences)| sequences.len()).sum();
        assert_feed_is_dense(&service, events).await;
        let several = found
            .values()
            .filter(|(_, sequences)| sequences.len() > 1)
            .count();
        assert!(several > 0, "no command had more than one event");
        println!(
            "round {round}: {} acknowledged, {events} events",
            acknowledged.len()
        );
        let Database::Postgres(pool) = service.log.database() else {
            unreachable!("the test opened PostgreSQL")
        };
        pool.close().await;
    }
}
