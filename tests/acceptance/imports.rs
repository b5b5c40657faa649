//! Imports of the society's files as they are (`data/`, byte for byte), on both databases.
//!
//! What the files say is counted a second time here by code that shares nothing with the product's: it cuts lines and commas
//! and knows the calendar by heart.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use api::forwarder::Forwarder;
use api::imports::{Encoding, ImportReport, Kind, Origin, Outcome, import};
use api::service::programs;
use api::{Call, ClockSetting, Service};
use domain::application::{
    Application, ApplicationCommand, ApplicationId, ApplicationState, ExamTrack,
};
use domain::eligibility::Scope;
use domain::member::{Member, MemberNumber};
use domain::program::ProgramId;
use domain::{Actor, Role};
use eventstore::{Database, on_database};
use rand::RngExt as _;
use tokio::process::Command;

use crate::databases::{TestDatabase, all_sealed, each_database};

const MEMBERS: &[u8] = include_bytes!("data/members.csv");
const ATTENDANCE: &[u8] = include_bytes!("data/seminar-attendance.csv");
const PAYMENTS: &[u8] = include_bytes!("data/payments.csv");

const FILES: [(Kind, &[u8]); 3] = [
    (Kind::Members, MEMBERS),
    (Kind::SeminarAttendance, ATTENDANCE),
    (Kind::Payments, PAYMENTS),
];

/// The day on which the members of the files apply.
const JUNE: ClockSetting = ClockSetting::Demonstration {
    earliest: api::clock::DEMONSTRATION_START,
};

async fn service(database: &TestDatabase) -> Service {
    Service::open(&database.url, programs(None).unwrap(), JUNE)
        .await
        .unwrap()
}

async fn take(service: &Service, kind: Kind, file: &[u8]) -> ImportReport {
    import(service, kind, file, false, Origin::system())
        .await
        .unwrap()
}

async fn take_all(service: &Service) -> Vec<ImportReport> {
    let mut reports = Vec::new();
    for (kind, file) in FILES {
        reports.push(take(service, kind, file).await);
    }
    reports
}

/// Events in the log, sealed or not.
async fn events(service: &Service) -> i64 {
    on_database!(service.log.database(), pool => {
        sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(pool).await
    })
    .unwrap()
}

async fn member(service: &Service, number: &str) -> Option<Member> {
    let number = MemberNumber::parse(number).unwrap();
    service.member(&number).await.unwrap()
}

/// What the files say, counted by hand.
mod by_hand {
    use super::*;

    /// Lines of fields: the files have no quotation marks.
    fn lines(bytes: &[u8], encoding: &'static encoding_rs::Encoding) -> Vec<(usize, Vec<String>)> {
        let (text, _, lost) = encoding.decode(bytes);
        assert!(!lost && !text.contains('"'));
        text.split("\r\n")
            .enumerate()
            .skip(1)
            .filter(|(_, line)| !line.is_empty())
            .map(|(at, line)| (at + 1, line.split(',').map(str::to_owned).collect()))
            .collect()
    }

    /// Year, month and day, if there is such a day.
    fn day(text: &str) -> Option<(u32, u32, u32)> {
        let mut parts = text.split('/').map(|part| part.parse::<u32>().unwrap());
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = [
            31,
            28 + u32::from(leap),
            31,
            30,
            31,
            30,
            31,
            31,
            30,
            31,
            30,
            31,
        ];
        (day >= 1 && day <= days[month as usize - 1]).then_some((year, month, day))
    }

    /// 会員番号, with 氏名, 認定番号 and whether 医籍 is registered.
    pub(super) fn members() -> BTreeMap<String, (String, String, bool)> {
        lines(MEMBERS, encoding_rs::UTF_8)
            .into_iter()
            .map(|(_, field)| {
                let registered = !field[17].is_empty() && !field[18].is_empty();
                (
                    field[0].clone(),
                    (field[1].clone(), field[22].clone(), registered),
                )
            })
            .collect()
    }

    /// What is left of a file in the end, and what is reported by line.
    pub(super) struct Said {
        /// Sum of units and number of seminars, or sum of yen and number of payments, by member.
        pub totals: BTreeMap<String, (u32, usize)>,
        /// Facts that the file leaves.
        pub facts: usize,
        pub bad: BTreeSet<usize>,
        pub unknown: BTreeSet<usize>,
        pub superseded: BTreeSet<usize>,
    }

    fn said(
        rows: BTreeMap<(String, String), (usize, String, Option<u32>)>,
        mut said: Said,
    ) -> Said {
        let known = members();
        for (line, member, amount) in rows.into_values() {
            if !known.contains_key(&member) {
                said.unknown.insert(line);
                continue;
            }
            said.facts += usize::from(amount.is_some());
            let total = said.totals.entry(member).or_default();
            if let Some(amount) = amount {
                *total = (total.0 + amount, total.1 + 1);
            }
        }
        said
    }

    fn nothing() -> Said {
        Said {
            totals: BTreeMap::new(),
            facts: 0,
            bad: BTreeSet::new(),
            unknown: BTreeSet::new(),
            superseded: BTreeSet::new(),
        }
    }

    pub(super) fn attendance() -> Said {
        let mut out = nothing();
        let mut rows = BTreeMap::new();
        for (line, field) in lines(ATTENDANCE, encoding_rs::SHIFT_JIS) {
            let (Ok(units), Some(first)) = (field[6].parse::<u32>(), day(&field[4])) else {
                out.bad.insert(line);
                continue;
            };
            let key = (field[0].clone(), format!("{} {first:?}", field[1]));
            let units = (field[7] == "出席").then_some(units);
            if let Some((earlier, ..)) = rows.insert(key, (line, field[0].clone(), units)) {
                out.superseded.insert(earlier);
            }
        }
        said(rows, out)
    }

    pub(super) fn payments() -> Said {
        let mut out = nothing();
        let mut rows = BTreeMap::new();
        for (line, field) in lines(PAYMENTS, encoding_rs::SHIFT_JIS) {
            let (Ok(yen @ 1..), Some(_)) = (field[3].parse::<u32>(), day(&field[4])) else {
                out.bad.insert(line);
                continue;
            };
            let key = (field[0].clone(), String::new());
            if let Some((earlier, other, _)) = rows.insert(key, (line, field[1].clone(), Some(yen)))
            {
                assert_eq!(other, field[1], "one transaction at two members");
                out.superseded.insert(earlier);
            }
        }
        said(rows, out)
    }
}

fn lines(report: &ImportReport, outcome: Outcome) -> BTreeSet<usize> {
    let rows = report.reported.iter().filter(|row| row.outcome == outcome);
    rows.map(|row| row.line).collect()
}

/// Every total of every member as it was counted by hand.
async fn assert_as_counted(service: &Service) {
    let (attendance, payments) = (by_hand::attendance(), by_hand::payments());
    for (number, (name, certification, registered)) in by_hand::members() {
        let member = member(service, &number).await.unwrap();
        let record = member.record.unwrap();
        assert_eq!(record.name, name, "{number}");
        assert_eq!(
            record.certification.as_ref().unwrap().number,
            certification,
            "{number}"
        );
        assert_eq!(record.is_registered(), registered, "{number}");
        let units = member.attendance.values().map(|one| one.units).sum();
        let seen = (units, member.attendance.len());
        assert_eq!(
            seen,
            attendance.totals.get(&number).copied().unwrap_or_default(),
            "{number}"
        );
        let yen = member.payments.values().map(|one| one.amount_yen).sum();
        let seen = (yen, member.payments.len());
        assert_eq!(
            seen,
            payments.totals.get(&number).copied().unwrap_or_default(),
            "{number}"
        );
    }
}

#[tokio::test]
async fn the_societys_files_end_in_the_totals_that_a_count_by_hand_gives() {
    each_database(async |database| {
        let service = service(database).await;
        let reports = take_all(&service).await;
        assert_as_counted(&service).await;

        assert_eq!(reports[0].recorded, by_hand::members().len());
        assert!(reports[0].is_clean(), "{}", reports[0]);
        assert_eq!(reports[0].encoding, Encoding::Utf8);
        for (report, counted) in [
            (&reports[1], by_hand::attendance()),
            (&reports[2], by_hand::payments()),
        ] {
            assert_eq!(report.encoding, Encoding::Cp932);
            assert_eq!(lines(report, Outcome::Bad), counted.bad);
            assert_eq!(lines(report, Outcome::UnknownMember), counted.unknown);
            assert_eq!(lines(report, Outcome::Superseded), counted.superseded);
            assert_eq!((report.failed, report.conflicting), (0, 0));
            assert_eq!(report.recorded, counted.facts);
            // The files hold every kind of dirt that is promised to be reported.
            assert!(!counted.bad.is_empty() && !counted.superseded.is_empty());
        }
        assert!(!by_hand::attendance().unknown.is_empty());
        let all = [
            by_hand::members().len(),
            by_hand::attendance().facts,
            by_hand::payments().facts,
        ];
        assert_eq!(
            events(&service).await,
            i64::try_from(all.iter().sum::<usize>()).unwrap()
        );
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_says_what_the_import_will_do_and_writes_nothing() {
    each_database(async |database| {
        let service = service(database).await;
        for (kind, file) in FILES {
            let before = events(&service).await;
            let foretold = import(&service, kind, file, true, Origin::system())
                .await
                .unwrap();
            assert_eq!(events(&service).await, before);
            let mut done = take(&service, kind, file).await;
            done.dry_run = true;
            assert_eq!(foretold, done);
        }
    })
    .await;
}

#[tokio::test]
async fn importing_the_files_again_writes_nothing() {
    each_database(async |database| {
        let service = service(database).await;
        take_all(&service).await;
        let before = events(&service).await;
        for report in take_all(&service).await {
            assert_eq!((report.recorded, report.failed), (0, 0), "{report}");
        }
        assert_eq!(events(&service).await, before);
    })
    .await;
}

/// `shinsei import`, as a process of its own.
fn importing(database: &TestDatabase, kind: &str, file: &PathBuf) -> Command {
    let mut command = Command::new(crate::binary::shinsei());
    // What waits for a person is sealed: without the keys nothing is imported.
    crate::service::keys();
    command
        .env("SHINSEI_KEYS", crate::service::keys_directory())
        .args(["import", kind])
        .arg(file)
        .env("SHINSEI_DATABASE_URL", &database.url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("acceptance/data")
        .join(name)
}

#[tokio::test]
async fn an_import_killed_at_a_random_row_and_repeated_ends_as_one_that_was_not() {
    // Once for each kind of database, and again where it had ended by itself before it was killed.
    let killed_in_time = RefCell::new(BTreeSet::new());
    while killed_in_time.borrow().len() < 2 {
        each_database(async |database| {
            if kill_and_repeat(database).await {
                let is_postgres = matches!(database.database, Database::Postgres(_));
                killed_in_time.borrow_mut().insert(is_postgres);
            }
        })
        .await;
    }
}

/// Whether the import was killed in the middle.
async fn kill_and_repeat(database: &TestDatabase) -> bool {
    let service = service(database).await;
    take(&service, Kind::Members, MEMBERS).await;
    let before = events(&service).await;
    let whole = i64::try_from(by_hand::attendance().facts).unwrap();
    let rows = rand::rng().random_range(1..whole / 2);

    let attendance = file("seminar-attendance.csv");
    let mut process = importing(database, "seminar-attendance", &attendance)
        .spawn()
        .unwrap();
    while events(&service).await < before + rows {
        if let Some(ended) = process.try_wait().unwrap() {
            // All rows are there, or it has failed.
            assert_eq!(ended.code(), Some(1), "{ended:?}");
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    process.kill().await.unwrap();
    let written = events(&service).await - before;
    if written == whole {
        return false;
    }

    let again = importing(database, "seminar-attendance", &attendance)
        .output()
        .await
        .unwrap();
    let summary = String::from_utf8(again.stdout).unwrap();
    assert_eq!(again.status.code(), Some(1), "{summary}");
    assert!(
        summary.contains("[不一致]") && summary.contains("[不備]"),
        "{summary}"
    );
    take(&service, Kind::Payments, PAYMENTS).await;
    assert_as_counted(&service).await;
    let payments = i64::try_from(by_hand::payments().facts).unwrap();
    assert_eq!(
        events(&service).await,
        before + whole + payments,
        "each row once, killed after {rows} rows with {written} written"
    );
    true
}

#[tokio::test]
async fn two_processes_may_import_the_same_file_at_the_same_time() {
    each_database(async |database| {
        let service = service(database).await;
        take(&service, Kind::Members, MEMBERS).await;
        let attendance = file("seminar-attendance.csv");
        let other = importing(database, "seminar-attendance", &attendance)
            .spawn()
            .unwrap();
        let (report, other) = tokio::join!(
            take(&service, Kind::SeminarAttendance, ATTENDANCE),
            other.wait_with_output()
        );
        assert_eq!(report.failed, 0, "{report}");
        let other = other.unwrap();
        let summary = String::from_utf8(other.stdout).unwrap();
        assert_eq!(other.status.code(), Some(1), "{summary}");
        assert!(!summary.contains("[失敗]"), "{summary}");
        take(&service, Kind::Payments, PAYMENTS).await;
        assert_as_counted(&service).await;
        let facts =
            by_hand::members().len() + by_hand::attendance().facts + by_hand::payments().facts;
        assert_eq!(events(&service).await, i64::try_from(facts).unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_exit_code_tells_clean_from_reported_from_unusable() {
    each_database(async |database| {
        // Opened first, so that the processes find a migrated database as beside a running server.
        let _server = service(database).await;
        for (kind, name, code, said) in [
            ("members", "members.csv", 0, "新規           300"),
            ("payments", "payments.csv", 1, "行目 [不備] 金額 は"),
            ("payments", "members.csv", 2, "見出しに必要な列がありません"),
            ("members", "no-such-file.csv", 2, "no-such-file.csv"),
        ] {
            let output = importing(database, kind, &file(name))
                .output()
                .await
                .unwrap();
            let summary = String::from_utf8(output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(code), "{kind} {name}: {summary}");
            assert!(summary.contains(said), "{kind} {name}: {summary}");
        }
    })
    .await;
}

/// A member of the files who may apply for documents and exam in the program of the first three renewals, with attendance
/// and a payment of 受験料 in them.
const APPLICANT: &str = "1000673";
const PROGRAM: &str = "specialist-renewal-2026";

async fn apply(service: &Service) {
    let actor = Actor {
        role: Role::Member,
        id: APPLICANT.to_owned(),
    };
    let call = Call {
        actor,
        command_id: uuid::Uuid::new_v4(),
        request_hash: [0; 32],
        correlation_id: uuid::Uuid::new_v4(),
        causation_id: None,
        reason: None,
        counts_for: None,
    };
    let apply = ApplicationCommand::Apply {
        program: ProgramId(PROGRAM.to_owned()),
        scope: Scope::DocumentsAndExam,
        member: Box::new(member(service, APPLICANT).await.unwrap()),
    };
    service
        .command_application(&application_id(), apply, call)
        .await
        .unwrap();
}

fn application_id() -> ApplicationId {
    ApplicationId::parse(&format!("{PROGRAM}.{APPLICANT}")).unwrap()
}

async fn application(service: &Service) -> ApplicationState {
    match service
        .application(&application_id())
        .await
        .unwrap()
        .unwrap()
        .0
    {
        Application::Made(state) => *state,
        other => panic!("{other:?}"),
    }
}

/// What the server's forwarder does, over the whole log.
async fn forward(service: &Service) {
    let head = all_sealed(&service.log).await;
    let log = service
        .log
        .feed(0, u32::try_from(head).unwrap())
        .await
        .unwrap();
    Forwarder::new(service.clone()).forward(&log).await.unwrap();
}

fn assert_complete(state: &ApplicationState) {
    let expected = (
        by_hand::attendance().totals[APPLICANT],
        by_hand::payments().totals[APPLICANT],
    );
    let units = state.attendance.values().map(|one| one.units).sum();
    let yen = state.payments.values().map(|one| one.amount_yen).sum();
    let seen = ((units, state.attendance.len()), (yen, state.payments.len()));
    assert_eq!(seen, expected);
    assert!(
        matches!(state.exam, ExamTrack::Paid { .. }),
        "{:?}",
        state.exam
    );
}

#[tokio::test]
async fn what_is_known_before_the_application_stands_in_it_from_the_first_moment() {
    each_database(async |database| {
        let service = service(database).await;
        take_all(&service).await;
        apply(&service).await;
        assert_complete(&application(&service).await);
    })
    .await;
}

#[tokio::test]
async fn what_becomes_known_later_reaches_the_application() {
    each_database(async |database| {
        let service = service(database).await;
        take(&service, Kind::Members, MEMBERS).await;
        apply(&service).await;
        assert!(application(&service).await.attendance.is_empty());
        take(&service, Kind::SeminarAttendance, ATTENDANCE).await;
        take(&service, Kind::Payments, PAYMENTS).await;
        forward(&service).await;
        assert_complete(&application(&service).await);
    })
    .await;
}

#[tokio::test]
async fn a_corrected_row_replaces_and_an_absence_retracts_also_in_the_application() {
    const HEADER: &str = "会員番号,セミナーコード,セミナー名,区分,開始日,終了日,単位,出欠\r\n";
    each_database(async |database| {
        let service = service(database).await;
        take(&service, Kind::Members, MEMBERS).await;
        apply(&service).await;
        for (row, expected) in [
            ("ES40A,第40回,A,2024/04/01,2024/09/30,10,出席", &[10][..]),
            ("ES40A,第40回,A,2024/04/01,2024/09/30,15,出席", &[15]),
            ("ES40A,第40回,A,2024/04/01,2024/09/30,15,欠席", &[]),
            ("ES40A,第40回,A,2024/04/01,2024/09/30,5,出席", &[5]),
        ] {
            let file = format!("{HEADER}{APPLICANT},{row}\r\n");
            let report = take(&service, Kind::SeminarAttendance, file.as_bytes()).await;
            assert_eq!((report.recorded, report.is_clean()), (1, true), "{report}");
            forward(&service).await;
            let known = member(&service, APPLICANT).await.unwrap();
            let forwarded = application(&service).await;
            for attendance in [
                &known.attendance.values().collect::<Vec<_>>(),
                &forwarded.attendance.values().collect::<Vec<_>>(),
            ] {
                let units: Vec<_> = attendance.iter().map(|one| one.units).collect();
                assert_eq!(units, expected, "{row}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_row_of_an_unknown_member_is_reported_with_its_line_and_the_others_are_taken() {
    const ROW: &str = "E1,名,A,2024/04/01,2024/04/02,10,出席";
    each_database(async |database| {
        let service = service(database).await;
        take(&service, Kind::Members, MEMBERS).await;
        let file = format!(
            "会員番号,セミナーコード,セミナー名,区分,開始日,終了日,単位,出欠\n{APPLICANT},{ROW}\n8888888,{ROW}\n1000155,{ROW}\n"
        );
        let report = take(&service, Kind::SeminarAttendance, file.as_bytes()).await;
        assert_eq!((report.recorded, report.unknown_member), (2, 1));
        assert_eq!(report.reported[0].line, 3);
        assert!(report.reported[0].message.contains("会員が登録されていません"));
        assert!(member(&service, "8888888").await.is_none());
    })
    .await;
}
