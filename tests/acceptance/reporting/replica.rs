//! Reports from a second database.

use api::clock::DEMONSTRATION_START;
use api::problem::{Kind, Problem};
use api::reporting::{Found, look};
use api::{ClockSetting, Service, demonstration};
use domain::member::{MemberCommand, MemberNumber, Payment, PaymentItem};
use domain::{Actor, Personal, Role};
use eventstore::{Database, ReadingDatabase};
use jiff::civil::date;
use projections::reports::{Moment, ReportName};
use projections::{Error, Runner};
use uuid::Uuid;

use super::{all_counted, asked, figures};
use crate::cluster::Cluster;
use crate::databases::{TestDatabase, all_sealed};
use crate::patience::{until, until_blocking};
use crate::service::{FOURTH, Process, TestService, shinsei};

const UNMATCHED: (ReportName, &str, &str) = (ReportName::Money, "months", "unmatched_count");

async fn open(url: &str, reporting: &str) -> Service {
    let clock = ClockSetting::Demonstration {
        earliest: DEMONSTRATION_START,
    };
    let programs = api::service::programs(None).unwrap();
    let service = Service::open(url, programs, clock).await.unwrap();
    service.with_reporting(Some(ReadingDatabase::at(reporting).unwrap()))
}

/// A payment that no application has.
async fn pays(service: &Service, transaction: &str) -> i64 {
    let payment = Payment {
        transaction: transaction.to_owned(),
        item: PaymentItem::ExamFee,
        amount_yen: 22_000,
        paid_on: date(2026, 6, 3),
        payer: Personal::new("リンシヨウ".to_owned()),
    };
    let call = api::Call {
        actor: Actor {
            role: Role::System,
            id: "test".into(),
        },
        command_id: Uuid::new_v4(),
        request_hash: [0; 32],
        correlation_id: Uuid::new_v4(),
        causation_id: None,
        reason: None,
        counts_for: None,
    };
    let member = MemberNumber::parse("9000006").unwrap();
    service
        .command_member(&member, MemberCommand::ReceivePayment(payment), call)
        .await
        .unwrap();
    let head = all_sealed(&service.log).await;
    let runner = Runner::new(service.log.clone());
    runner.catch_up("reports").await.unwrap();
    head
}

/// Where the reports are, wherever they are read.
async fn number(service: &Service) -> Result<i64, Error> {
    let now = service.clock.now();
    let moment = service.reporting.report_moment(Moment::Latest, now).await?;
    Ok(moment.unwrap().number)
}

async fn reaches(service: &Service, expected: i64) {
    until(&format!("the reports are at {expected}"), async || {
        number(service).await.is_ok_and(|seen| seen == expected)
    })
    .await;
}

async fn total(service: &Service) -> i64 {
    let rows = figures(&service.reporting, Moment::Latest, UNMATCHED).await;
    rows.unwrap().last().unwrap().1
}

/// The code of the server's refusal to write over the second database.
async fn refusal(database: &ReadingDatabase, statement: &str) -> String {
    let Database::Postgres(pool) = database.for_reading() else {
        unreachable!("a second database is a server's")
    };
    let error = sqlx::query(statement).execute(pool).await.unwrap_err();
    error
        .as_database_error()
        .unwrap()
        .code()
        .unwrap()
        .into_owned()
}

const WRITES: [&str; 3] = [
    "UPDATE projections SET checkpoint = 0",
    "INSERT INTO effects (name, checkpoint) VALUES ('x', 0)",
    "CREATE TABLE mine (n integer)",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_come_from_a_replica_as_far_as_it_is_and_nothing_is_written_there() {
    let primary = tokio::task::block_in_place(Cluster::start);
    let first = open(&primary.url, &primary.url).await;
    demonstration::seed(&first).await.unwrap();
    pays(&first, "R1").await;
    let replica = tokio::task::block_in_place(|| Cluster::following(&primary));
    let service = open(&primary.url, &replica.url).await;
    let head = pays(&service, "R2").await;
    reaches(&service, head).await;
    let both = total(&service).await;
    assert_eq!(both, total(&first).await);
    let found = look(&service).await.unwrap();
    let sound = Found::Sound {
        follows: true,
        behind: 0,
    };
    assert_eq!(found, Some(sound));

    // It stands still, and so do the reports; what does not come from it goes on.
    asked(&replica.url, "SELECT pg_wal_replay_pause()");
    let paused = "SELECT pg_get_wal_replay_pause_state()";
    until_blocking("the replica stands still", || {
        asked(&replica.url, paused) == ["paused"]
    });
    let later = pays(&service, "R3").await;
    assert!(later > head);
    assert_eq!(number(&service).await.unwrap(), head);
    assert_eq!(total(&service).await, both);
    assert_eq!(total(&first).await, both + 1);
    let lag = service.reporting.lag().await.unwrap();
    let reports = lag.iter().find(|view| view.name == "reports").unwrap();
    assert_eq!((reports.checkpoint, reports.head), (head, head));
    let found = look(&service).await.unwrap();
    assert!(matches!(found, Some(Found::Sound { behind, .. }) if behind == later - head));
    asked(&replica.url, "SELECT pg_wal_replay_resume()");
    reaches(&service, later).await;
    assert_eq!(total(&service).await, both + 1);

    let reading = ReadingDatabase::at(&replica.url).unwrap();
    for statement in WRITES {
        assert_eq!(refusal(&reading, statement).await, "25006", "{statement}");
    }

    // Gone: the reports say so, and nothing else notices. Back: they are there again.
    tokio::task::block_in_place(|| replica.stop());
    let error = number(&service).await.unwrap_err();
    assert!(matches!(error, Error::Replica { .. }), "{error}");
    let problem = Problem::from(error);
    assert_eq!(problem.kind(), Kind::ReportsUnavailable);
    assert!(problem.body().detail.contains("集計用のデータベース"));
    let last = pays(&service, "R4").await;
    assert!(matches!(
        look(&service).await.unwrap(),
        Some(Found::Unreachable(_))
    ));
    tokio::task::block_in_place(|| replica.restart());
    reaches(&service, last).await;
    assert_eq!(total(&service).await, both + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_address_of_the_same_database_serves_too_and_another_log_is_seen() {
    let database = TestDatabase::postgres().await;
    let running = TestService::on(&database).await;
    running.applicant("9000001", FOURTH, "documents_and_exam");
    all_counted(&running).await;
    let service = open(&database.url, &database.url).await;
    assert_eq!(
        number(&service).await.unwrap(),
        service.log.head().await.unwrap()
    );
    let reading = ReadingDatabase::at(&database.url).unwrap();
    for statement in WRITES {
        assert_eq!(refusal(&reading, statement).await, "25006", "{statement}");
    }
    let found = look(&service).await.unwrap();
    let sound = Found::Sound {
        follows: false,
        behind: 0,
    };
    assert_eq!(found, Some(sound));

    let other = TestDatabase::postgres().await;
    let others = TestService::on(&other).await;
    others.applicant("9000001", FOURTH, "documents_and_exam");
    all_counted(&others).await;
    let service = open(&database.url, &other.url).await;
    assert_eq!(look(&service).await.unwrap(), Some(Found::OtherLog));

    // Nothing is made where reports are read: a database without our tables stays without.
    let admin = std::env::var("SHINSEI_TEST_POSTGRES_URL").unwrap();
    let service = open(&database.url, &admin).await;
    assert!(matches!(
        number(&service).await.unwrap_err(),
        Error::Replica { .. }
    ));
    let ours = "SELECT to_regclass('projections') IS NULL AND to_regnamespace('reporting') IS NULL";
    assert_eq!(asked(&admin, ours), ["t"]);
    running.stop().await;
    others.stop().await;
    database.remove().await;
    other.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_database_that_is_not_there_takes_nothing_down_and_is_told() {
    let database = TestDatabase::postgres().await;
    let nobody = "postgres://nobody:geheim@127.0.0.1:1/nothing";
    let setting = ("SHINSEI_REPORTING_DATABASE_URL", nobody);
    let process = Process::start_with(&database.url, Process::free_address(), &[setting]);
    until_blocking("it says that reports answer 503", || {
        process.said().contains("reports answer 503")
    });
    let (status, said) = process.terminate();
    assert!(status.success(), "{said}");
    assert!(!said.contains("geheim"));

    let mut doctor = shinsei(&database.url);
    doctor.arg("doctor").env(setting.0, setting.1);
    let said = String::from_utf8(doctor.output().unwrap().stdout).unwrap();
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("reporting:"))
        .collect();
    assert!(lines[0].starts_with("ok"), "{said}");
    assert!(lines[1].starts_with("LOOK"), "{said}");
    assert!(!said.contains("geheim"));
    database.remove().await;
}
