//! The secretariat's lists with 100,000 applications: 申請一覧 by everything that it is searched and sorted by, and 変更履歴.

use std::time::Instant;

use domain::Personal;
use domain::application::{Application, ApplicationEvent};
use domain::documents::DocumentKind;
use domain::member::MemberRecord;
use eventstore::{Database, EventLog, write_in_turn};
use futures::stream::{self, TryStreamExt as _};
use projections::{
    DocumentTrack, HistoryFilter, Order, Runner, ViewName, Views, WorklistFilter, WorklistSort,
};

use crate::applications::{self, Filling};
use crate::counter::envelope;
use crate::figures::{ms, number, percentile};
use crate::report::{Finding, Goal, Table};
use crate::{Outcome, places};

pub const APPLICATIONS: u32 = 100_000;

/// Events of each: 申込, 履歴書, プロフィール, and for every other one more.
const EVENTS: usize = 3;

/// How often each question is asked.
const TIMES: usize = 40;

/// The goal (ms).
const GOAL: f64 = 200.0;

const FAMILIES: [(&str, &str); 10] = [
    ("髙橋", "タカハシ"),
    ("高橋", "タカハシ"),
    ("佐藤", "サトウ"),
    ("齊藤", "サイトウ"),
    ("渡邉", "ワタナベ"),
    ("𠮷田", "ヨシダ"),
    ("鈴木", "スズキ"),
    ("田中", "タナカ"),
    ("五十嵐", "イガラシ"),
    ("葛\u{E0100}城", "カツラギ"),
];
const GIVEN: [(&str, &str); 7] = [
    ("一郎", "イチロウ"),
    ("花子", "ハナコ"),
    ("美咲", "ミサキ"),
    ("健", "ケン"),
    ("曻", "ノボル"),
    ("靜香", "シズカ"),
    ("マリア", "マリア"),
];

pub fn named(record: &mut MemberRecord, member: u32) {
    let place = usize::try_from(member).unwrap_or_default();
    let (family, family_kana) = FAMILIES[place % FAMILIES.len()];
    let (given, given_kana) = GIVEN[place / 3 % GIVEN.len()];
    record.name = format!("{family}　{given}");
    record.furigana = format!("{family_kana}　{given_kana}");
}

fn events(member: u32) -> Outcome<Vec<ApplicationEvent>> {
    let length = EVENTS + usize::try_from(member % 2)?;
    let mut events = applications::events(member, length)?;
    for event in &mut events {
        match event {
            ApplicationEvent::Applied { record, .. } => named(&mut record.value, member),
            ApplicationEvent::ResumeSaved { record, .. } => {
                let mut own: MemberRecord = *record.value.clone();
                named(&mut own, member);
                *record = Personal::new(Box::new(own));
            }
            _ => {}
        }
    }
    Ok(events)
}

/// The rules that the events name, as a start of the service keeps them: without them no line says what is missing.
pub async fn keep_rules(log: &EventLog) -> Outcome<()> {
    let programs = applications::programs()?;
    let program = programs
        .get(&domain::program::ProgramId(
            applications::PROGRAM.to_owned(),
        ))
        .ok_or("no such program")?;
    write_in_turn!(log, pool => {
        sqlx::query("INSERT INTO program_versions VALUES ($1, $2, $3, $4, $5, 0)")
            .bind(envelope().metadata.rules_version)
            .bind(&program.id.0)
            .bind(&program.text.program)
            .bind(&program.text.rules_name)
            .bind(&program.text.rules)
            .execute(pool)
            .await
            .map(drop)
    })?;
    Ok(())
}

async fn fill(log: &EventLog) -> Outcome<f64> {
    keep_rules(log).await?;
    let handler = log.handler::<Filling>((), Vec::new);
    let handler = &handler;
    stream::iter((0..APPLICATIONS).map(Ok))
        .try_for_each_concurrent(8, |member| async move {
            let id = applications::id(member);
            handler.execute(&id, events(member)?, envelope()).await?;
            Outcome::Ok(())
        })
        .await?;
    eventstore::seal(log.database()).await?;
    let runner = Runner::new(log.clone());
    Views::new(log.clone()).lag().await?;
    let began = Instant::now();
    for view in [ViewName::Worklist, ViewName::ChangeHistory] {
        runner.catch_up(view.as_str()).await?;
    }
    Ok(began.elapsed().as_secs_f64())
}

/// What is asked of 申請一覧.
fn questions() -> Vec<(&'static str, WorklistFilter, WorklistSort, i64)> {
    let text = |text: &str| WorklistFilter {
        text: Some(text.to_owned()),
        ..WorklistFilter::default()
    };
    let all = WorklistFilter::default;
    vec![
        ("first page", all(), WorklistSort::UpdatedAt, 0),
        ("last page", all(), WorklistSort::UpdatedAt, 99_950),
        (
            "by フリガナ, in the middle",
            all(),
            WorklistSort::Furigana,
            50_000,
        ),
        ("by 期限", all(), WorklistSort::ClosesAt, 0),
        ("会員番号", text("1099999"), WorklistSort::UpdatedAt, 0),
        (
            "氏名 高橋 (20,000 found)",
            text("高橋"),
            WorklistSort::UpdatedAt,
            0,
        ),
        (
            "氏名 that nobody has",
            text("鳳凰院"),
            WorklistSort::UpdatedAt,
            0,
        ),
        ("フリガナ ｶﾂﾗｷﾞ", text("ｶﾂﾗｷﾞ"), WorklistSort::Furigana, 0),
        (
            "申込済, プロフィール missing",
            WorklistFilter {
                document_track: Some(DocumentTrack::Drafting),
                missing: Some("document_missing:clinical-experience".to_owned()),
                withdrawn: Some(false),
                ..all()
            },
            WorklistSort::Units,
            0,
        ),
    ]
}

async fn ask(name: &str, log: &EventLog, table: &mut Table) -> Outcome<Vec<f64>> {
    let views = Views::new(log.clone());
    let mut slowest = Vec::new();
    for (what, filter, sort, offset) in questions() {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..TIMES {
            let began = Instant::now();
            let page = views
                .worklist(&filter, (sort, Order::Descending), (offset, 50))
                .await?;
            times.push(ms(began.elapsed()));
            found = page.total;
        }
        push(name, &format!("申請一覧: {what}"), found, &times, table);
        slowest.push(percentile(&times, 95));
    }
    let histories = [
        (
            "first page",
            HistoryFilter {
                internal: true,
                ..HistoryFilter::default()
            },
        ),
        (
            "プロフィール",
            HistoryFilter {
                document: Some(DocumentKind::Profile),
                ..HistoryFilter::default()
            },
        ),
        (
            "of one application",
            HistoryFilter {
                application: Some(applications::id(77_777)),
                ..HistoryFilter::default()
            },
        ),
        (
            "by an event that never happened",
            HistoryFilter {
                event: Some("Certified".to_owned()),
                ..HistoryFilter::default()
            },
        ),
    ];
    for (what, filter) in histories {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..TIMES {
            let began = Instant::now();
            let page = views.history(&filter, None, 50).await?;
            times.push(ms(began.elapsed()));
            found = i64::try_from(page.items.len())?;
        }
        push(name, &format!("変更履歴: {what}"), found, &times, table);
        slowest.push(percentile(&times, 95));
    }
    Ok(slowest)
}

pub fn push(database: &str, what: &str, found: i64, times: &[f64], table: &mut Table) {
    table.row([
        database.to_owned(),
        what.to_owned(),
        found.to_string(),
        number(percentile(times, 50), 1),
        number(percentile(times, 95), 1),
    ]);
}

/// Both databases.
pub async fn measure() -> Outcome<Finding> {
    let mut table = Table::new(&["database", "question", "found", "p50 ms", "p95 ms"]);
    let mut goals = Vec::new();
    let directory = places::directory()?;
    let file = format!("sqlite://{}/desk.db", directory.path().display());
    let place = places::Place::empty().await?;
    for (name, url) in [("SQLite", file), ("PostgreSQL", place.hasty().url.clone())] {
        eprintln!("filling {name}");
        let database = Database::connect(&url).await?;
        database.migrate().await?;
        let log = EventLog::new(database);
        let seconds = fill(&log).await?;
        let loaded = log
            .load::<Application>(&applications::id(77_777), Vec::new)
            .await?;
        if loaded.is_none() {
            return Err("an application is missing".into());
        }
        if let Database::Postgres(pool) = log.database() {
            places::analyze(pool).await?;
        }
        let slowest = ask(name, &log, &mut table).await?;
        let slowest = slowest.into_iter().fold(0.0, f64::max);
        goals.push(Goal {
            what: format!("{name}: slowest list"),
            ours: format!("{} ms", number(slowest, 1)),
            peer: "—".to_owned(),
            measured: format!(
                "p95; both views caught up with {} applications in {} s",
                number(f64::from(APPLICATIONS), 0),
                number(seconds, 0)
            ),
            wanted: "under 200 ms",
            met: slowest < GOAL,
        });
        places::close(&log).await;
    }
    place.remove().await?;
    Ok(Finding {
        title: "The secretariat's lists with 100,000 applications",
        method: format!(
            "{} applications of {EVENTS} or {} events through the log and its views; each question {TIMES} times, one after the other, page and \
             total together, without HTTP.",
            number(f64::from(APPLICATIONS), 0),
            EVENTS + 1
        ),
        table,
        goals,
    })
}
