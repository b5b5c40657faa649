//! What the reports promise for any history, on SQLite and on PostgreSQL alike.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod histories;
mod naive;
mod withholding;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use domain::program::Program;
use eventstore::{Database, EventLog, on_database};
use jiff::{SignedDuration, Timestamp};
use projections::reports::{
    AsOf, Cell, Chart, List, ListFilter, ListName, Moment, Question, ReportName, ReportTable,
};
use projections::{DocumentTrack, Reporting, Runner, Views, rebuild};

use crate::databases::{TestDatabase, all_sealed, each_database};
use histories::{Book, Chance, Entry, history, write};
use naive::{Log, Rows, World};

const FIRST_TO_THIRD: &str = "specialist-renewal-2026";
const FOURTH: &str = "specialist-renewal-4th-2026";
const LAST_YEAR: &str = "specialist-renewal-2025";

/// Change them to look elsewhere; they stand in the output of a failure. Histories of others must hold too, but not each comes to all of
/// [`WANTED`].
const SEEDS: [u64; 3] = [30, 34, 45];
const EVENTS: usize = 300;
/// Enough where nothing is compared that happens seldom.
const FEWER: usize = 180;
const MEMBERS: i64 = 40;

/// A log with a history in it, and its reports.
struct Scene {
    log: EventLog,
    reporting: Reporting,
    book: Book,
    seed: u64,
    /// The ledger's last number.
    head: i64,
    /// A time after the last event.
    now: Timestamp,
}

impl Scene {
    async fn new(fresh: &TestDatabase, (seed, events): (u64, usize)) -> Self {
        Self::of(fresh, seed, |book| history(book, seed, events, MEMBERS)).await
    }

    /// The view takes the history in by parts of any length, as events come in.
    async fn of(fresh: &TestDatabase, seed: u64, history: impl Fn(&Book) -> Vec<Entry>) -> Self {
        let log = EventLog::new(fresh.database.clone());
        let book = Book::new();
        book.keep(&log).await;
        let entries = history(&book);
        let runner = Runner::new(log.clone());
        let mut chance = Chance::new(seed);
        let (mut rest, mut head) = (&entries[..], 0);
        while !rest.is_empty() {
            let length = usize::try_from(chance.below(90)).unwrap() + 1;
            let (part, later) = rest.split_at(length.min(rest.len()));
            write(&log, part).await;
            head = all_sealed(&log).await;
            runner.catch_up("reports").await.unwrap();
            rest = later;
        }
        let last = entries.last().map_or(0, |entry| entry.at_us);
        let now = Timestamp::from_microsecond(last).unwrap();
        Self {
            reporting: Reporting::of(Views::new(log.clone())),
            now: now + SignedDuration::from_hours(chance.below(500) + 1),
            log,
            book,
            seed,
            head,
        }
    }

    fn programs(&self) -> Vec<&Program> {
        self.book.programs.iter().collect()
    }

    async fn moment(&self, moment: Moment) -> AsOf {
        self.reporting
            .report_moment(moment, self.now)
            .await
            .unwrap()
            .unwrap()
    }

    /// The tables of a report, by key.
    async fn report(
        &self,
        name: ReportName,
        as_of: AsOf,
        program: Option<&str>,
    ) -> Vec<ReportTable> {
        let programs = self.programs();
        let question = Question {
            as_of,
            program,
            programs: &programs,
        };
        let report = self.reporting.report(name, &question).await.unwrap();
        assert_eq!(report.name, name);
        report.tables
    }

    async fn lines(&self, name: ListName, filter: ListFilter, as_of: AsOf) -> i64 {
        let list = List {
            name,
            filter,
            as_of,
            programs: self.programs(),
        };
        self.reporting.report_list_count(&list).await.unwrap()
    }
}

fn cells(table: &ReportTable) -> Rows {
    let rows = table.rows.iter();
    rows.map(|row| row.iter().map(|figure| figure.cell.clone()).collect())
        .collect()
}

const PROGRAMS: [Option<&str>; 5] = [
    None,
    Some(FIRST_TO_THIRD),
    Some(FOURTH),
    Some(LAST_YEAR),
    Some("gone-2020"),
];

/// The rows and the columns of the tables that have said more than nothing, by report, table and name.
type Seen = BTreeSet<(&'static str, &'static str, String)>;

/// Every table of every report of a program against what the events say.
async fn compare(
    scene: &Scene,
    log: &Log,
    (as_of, program): (AsOf, Option<&str>),
    seen: &Mutex<Seen>,
) {
    let world = World::new(log, (as_of.number, as_of.at), scene.programs());
    for name in ReportName::ALL {
        let tables = scene.report(name, as_of, program).await;
        let wanted = world.report(name, program);
        let keys: Vec<&str> = tables.iter().map(|table| table.key).collect();
        let wanted_keys: Vec<&str> = wanted.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, wanted_keys);
        for (table, (key, rows)) in tables.iter().zip(wanted) {
            let place = format!(
                "seed {}, {as_of:?}, {program:?}, {name:?} {key}",
                scene.seed
            );
            assert_eq!(cells(table), rows, "{place}");
            for row in &table.rows {
                assert_eq!(row.len(), table.columns.len(), "{place}");
            }
            if key == "completions" {
                let columns = table.columns[1..].iter();
                let headings: Vec<String> = columns.map(|column| column.title.clone()).collect();
                assert_eq!(headings, world.headings(program), "{place}");
            }
            if let Some(Chart::Histogram(_, line)) = table.chart {
                assert_eq!(line, world.line(program), "{place}");
            }
            let mut seen = seen.lock().unwrap();
            for row in rows {
                for (column, cell) in table.columns.iter().zip(&row) {
                    let (Cell::Number(1..), Cell::Text(label)) = (cell, &row[0]) else {
                        continue;
                    };
                    seen.insert((name.as_str(), key, label.clone()));
                    seen.insert((name.as_str(), key, column.title.clone()));
                }
            }
        }
    }
}

#[tokio::test]
async fn every_report_says_what_the_events_say() {
    let seen = Mutex::new(Seen::new());
    for seed in SEEDS {
        each_database(async |fresh| {
            let scene = Scene::new(fresh, (seed, EVENTS)).await;
            let log = Log::read(&fresh.database).await;
            let latest = scene.moment(Moment::Latest).await;
            assert_eq!((latest.number, latest.at), (scene.head, scene.now));
            for program in PROGRAMS {
                compare(&scene, &log, (latest, program), &seen).await;
            }
            for days in DAYS_BEFORE_THE_END {
                let end: Timestamp = "2025-07-31T15:00:00Z".parse().unwrap();
                let at = end - SignedDuration::from_hours(24 * days - 3);
                let as_of = scene.moment(Moment::Time(at)).await;
                assert_eq!((as_of.number, as_of.at), (log.number_at(at), at));
                compare(&scene, &log, (as_of, None), &seen).await;
            }
            let mut chance = Chance::new(seed);
            for program in PROGRAMS {
                let number = chance.below(scene.head);
                let as_of = scene.moment(Moment::Number(number)).await;
                let at = log.time_of(number, scene.now);
                assert_eq!((as_of.number, as_of.at), (number, at));
                compare(&scene, &log, (as_of, program), &seen).await;
            }
        })
        .await;
    }
    // A comparison of nothing with nothing would pass.
    let seen = seen.into_inner().unwrap();
    for wanted in WANTED {
        let (report, key, names) = *wanted;
        for name in names {
            assert!(
                seen.contains(&(report, key, (*name).to_owned())),
                "{report} {key}: {name} was never more than 0"
            );
        }
    }
}

/// For each row of the days that are left.
const DAYS_BEFORE_THE_END: [i64; 5] = [1, 4, 8, 15, 30];

/// What the histories must have come to somewhere.
const WANTED: &[(&str, &str, &[&str])] = &[
    (
        "progress",
        "stages",
        &[
            "対象者",
            "申込",
            "入力中",
            "完了",
            "書類確認中",
            "受理",
            "認定",
            "（うち未申込）",
        ],
    ),
    (
        "progress",
        "states",
        &[
            "筆記試験のみ",
            "申込済",
            "書類確認中",
            "差し戻し中",
            "書類受理",
            "審査合格",
            "審査不合格",
            "取下げ",
        ],
    ),
    (
        "progress",
        "completions",
        &["98日前まで", "締め切り後も含む"],
    ),
    (
        "incomplete",
        "days_left",
        &[
            "期限切れ",
            "3日以内",
            "4〜7日",
            "8〜14日",
            "15〜30日",
            "31日以上",
            "うち不足あり",
            "うち不足なし",
        ],
    ),
    (
        "incomplete",
        "missing",
        &[
            "業績単位の不足",
            "学会・セミナー参加の不足",
            "受験料の未納",
            "履歴書 の未登録",
            "研究業績 論文 の入力誤り",
            "申請書（本紙）の未着",
        ],
    ),
    (
        "units",
        "bands",
        &["0〜9単位", "50〜59単位", "100単位以上", "うち不足"],
    ),
    (
        "review",
        "waiting",
        &[
            "申込済",
            "書類確認中",
            "差し戻し中",
            "書類受理",
            "受験料の入金待ち",
            "筆記試験の結果待ち",
            "更新認定可",
            "認定料請求中",
            "認定料入金確認済み",
            "最も長い待ち",
        ],
    ),
    (
        "review",
        "returned",
        &["うち差し戻しのあった申請", "差し戻しの回数"],
    ),
    (
        "review",
        "load",
        &["確認", "差し戻し", "書類受理", "判定", "入金", "その他"],
    ),
    (
        "money",
        "months",
        &[
            "請求 件数",
            "請求 金額",
            "うち金額未定",
            "入金 金額",
            "未照合 金額",
        ],
    ),
    ("money", "routes", &["審査料", "受験料", "認定料"]),
    (
        "members",
        "ages",
        &[
            "39歳以下",
            "40代",
            "50代",
            "60代",
            "70歳以上",
            "不明",
            "割合",
        ],
    ),
    ("members", "specialities", &["その他"]),
    (
        "forecast",
        "due",
        &["更新1〜3回目", "更新4回目以降", "手続き中"],
    ),
    (
        "forecast",
        "units",
        &[
            "0単位",
            "1〜19単位",
            "20〜29単位",
            "30〜39単位",
            "50単位以上",
        ],
    ),
];

/// A number of the ledger is of one time, whatever has happened since.
#[tokio::test]
async fn each_ledger_number_has_the_time_of_the_last_event_that_it_includes() {
    each_database(async |fresh| {
        let scene = Scene::of(fresh, 5, |book| history(book, 5, 50, 8)).await;
        let log = Log::read(&fresh.database).await;
        let mut latest = Timestamp::MIN;
        for number in 0..=scene.head {
            let as_of = scene.moment(Moment::Number(number)).await;
            assert_eq!(as_of.at, log.time_of(number, scene.now), "{number}");
            assert!(as_of.at >= latest, "{number}: the time goes back");
            latest = as_of.at;
        }
        let none = scene
            .reporting
            .report_moment(Moment::Number(scene.head + 1), scene.now);
        assert_eq!(none.await.unwrap(), None);
    })
    .await;
}

/// The figure in a row that begins with these words.
fn figure(tables: &[ReportTable], key: &str, first: &str, column: usize) -> i64 {
    let table = tables.iter().find(|table| table.key == key).unwrap();
    let row = table
        .rows
        .iter()
        .find(|row| row[0].cell == Cell::text(first));
    match row.map(|row| &row[column].cell) {
        Some(Cell::Number(number)) => *number,
        other => panic!("{key} {first}: {other:?}"),
    }
}

fn totals(rows: &Rows) -> &[Cell] {
    let last = rows.last().unwrap();
    assert_eq!(last[0], Cell::text("合計"));
    &last[last.len() - 7..]
}

fn sum(rows: &[Vec<Cell>], column: usize) -> i64 {
    let numbers = rows.iter().map(|row| match row[column] {
        Cell::Number(number) => number,
        _ => 0,
    });
    numbers.sum()
}

async fn totals_agree(scene: &Scene, as_of: AsOf, program: Option<&str>) {
    let report = async |name| scene.report(name, as_of, program).await;
    let place = format!("seed {}, {as_of:?}, {program:?}", scene.seed);
    let of_program = || ListFilter {
        program: program.map(str::to_owned),
        ..ListFilter::default()
    };

    let progress = report(ReportName::Progress).await;
    let applied = figure(&progress, "stages", "申込", 1);
    let states = cells(&progress[1]);
    let withdrawn = figure(&progress, "states", "取下げ", 1);
    assert_eq!(sum(&states, 1) - withdrawn, applied, "{place}");
    let due = figure(&progress, "stages", "対象者", 1);
    let without = scene
        .lines(ListName::NonApplicants, of_program(), as_of)
        .await;
    assert_eq!(without, due - applied, "{place}");
    assert_eq!(
        without,
        figure(&progress, "stages", "（うち未申込）", 1),
        "{place}"
    );
    let certified = scene.lines(ListName::Certified, of_program(), as_of).await;
    assert_eq!(certified, figure(&progress, "stages", "認定", 1), "{place}");
    let received = ["書類受理", "審査合格", "審査不合格"];
    let received: i64 = received
        .map(|state| figure(&progress, "states", state, 1))
        .iter()
        .sum();
    let committee = scene.lines(ListName::Committee, of_program(), as_of).await;
    assert_eq!(committee, received, "{place}");

    let units = report(ReportName::Units).await;
    let exam_only = figure(&progress, "states", "筆記試験のみ", 1);
    let measured = figure(&units, "summary", "申請", 1);
    assert_eq!(measured + exam_only, applied, "{place}");
    assert_eq!(sum(&cells(&units[0]), 1), measured, "{place}");
    let short = figure(&units, "summary", "単位が不足している申請", 1);
    assert_eq!(sum(&cells(&units[0]), 2), short, "{place}");

    let incomplete = report(ReportName::Incomplete).await;
    let lacking = |table: &ReportTable| -> BTreeMap<String, i64> {
        let rows = cells(table).into_iter();
        rows.map(|row| (format!("{:?}", row[0]), sum(&[row], 1)))
            .collect()
    };
    assert_eq!(lacking(&incomplete[1]), lacking(&units[2]), "{place}");
    // By rules that nobody has kept there is no end, and so no row.
    let with_an_end = ListFilter {
        closes_upto: Some(Timestamp::MAX),
        ..of_program()
    };
    let reminders = scene.lines(ListName::Reminders, with_an_end, as_of).await;
    assert_eq!(sum(&cells(&incomplete[0]), 2), reminders, "{place}");

    let money = report(ReportName::Money).await;
    let (months, routes) = (cells(&money[0]), cells(&money[1]));
    assert_eq!(totals(&months), totals(&routes), "{place}");
    for column in 1..8 {
        assert_eq!(
            sum(&months, column),
            2 * sum(&months[months.len() - 1..], column),
            "{place}"
        );
    }

    let review = report(ReportName::Review).await;
    let completed = figure(&review, "returned", "一度でも完了した申請", 1);
    assert_eq!(completed, figure(&progress, "stages", "完了", 1), "{place}");
    for (label, state) in [
        ("申込済", DocumentTrack::Drafting),
        ("書類確認中", DocumentTrack::UnderReview),
        ("差し戻し中", DocumentTrack::Returned),
    ] {
        let waiting = figure(&review, "waiting", label, 6);
        // What has lapsed stands where it stood, and waits for nobody.
        let lapsed = ListFilter {
            state: Some(state),
            stay: Some("certification.lapsed".to_owned()),
            ..of_program()
        };
        let lapsed = scene.lines(ListName::Applications, lapsed, as_of).await;
        let there = figure(&progress, "states", label, 1);
        assert_eq!(waiting + lapsed, there, "{place}");
    }

    let members = report(ReportName::Members).await;
    let everybody = scene
        .lines(ListName::Members, ListFilter::default(), as_of)
        .await;
    let told: Vec<Cell> = members
        .iter()
        .map(|table| cells(table).last().unwrap()[1].clone())
        .collect();
    assert!(
        told.iter().all(|total| *total == told[0]),
        "{place}: {told:?}"
    );
    assert!(
        told[0] == Cell::Number(everybody) || told[0] == Cell::Withheld,
        "{place}: {told:?}"
    );
}

#[tokio::test]
async fn the_totals_of_the_reports_and_the_lists_agree() {
    each_database(async |fresh| {
        let scene = Scene::new(fresh, (SEEDS[0], FEWER)).await;
        let middle = scene.moment(Moment::Number(scene.head / 2)).await;
        for as_of in [middle, scene.moment(Moment::Latest).await] {
            for program in PROGRAMS {
                totals_agree(&scene, as_of, program).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn every_figure_counts_the_list_behind_it_where_a_member_may_apply_in_two_years() {
    each_database(async |fresh| {
        let scene = Scene::new(fresh, (SEEDS[1], FEWER)).await;
        let as_of = scene.moment(Moment::Number(scene.head * 3 / 4)).await;
        for program in PROGRAMS {
            for name in ReportName::ALL {
                for table in scene.report(name, as_of, program).await {
                    // It counts acts, and opens the applications that they were about.
                    let figures = table
                        .rows
                        .into_iter()
                        .flatten()
                        .filter(|_| table.key != "load");
                    for figure in figures {
                        let Some((list, filter)) = figure.behind else {
                            continue;
                        };
                        let lines = scene.lines(list, filter.clone(), as_of).await;
                        assert_eq!(
                            figure.cell,
                            Cell::Number(lines),
                            "{} {list:?} {filter:?}",
                            table.key
                        );
                    }
                }
            }
        }
    })
    .await;
}

/// Every table that is asked.
const TABLES: [&str; 10] = [
    "report_applications",
    "report_stays",
    "report_charges",
    "report_confirmations",
    "report_receipts",
    "report_members",
    "report_attendance",
    "report_return_items",
    "report_acts",
    "report_minutes",
];

/// Every row of every table, as text.
async fn dump(database: &Database) -> Vec<(&'static str, Vec<String>)> {
    let mut tables = Vec::new();
    for table in TABLES {
        let row = match database {
            Database::Postgres(_) => "CAST(row_to_json(t) AS text)".to_owned(),
            Database::Sqlite(pool) => {
                let columns: Vec<String> =
                    sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
                        .bind(table)
                        .fetch_all(pool)
                        .await
                        .unwrap();
                format!("json_array({})", columns.join(", "))
            }
        };
        let statement = format!("SELECT {row} FROM {table} t");
        let mut rows: Vec<String> =
            on_database!(database, pool => sqlx::query_scalar(&statement).fetch_all(pool).await)
                .unwrap();
        rows.sort_unstable();
        tables.push((table, rows));
    }
    tables
}

#[tokio::test]
async fn a_rebuild_in_one_piece_writes_the_bytes_that_the_view_wrote_part_by_part() {
    each_database(async |fresh| {
        let scene = Scene::new(fresh, (SEEDS[1], FEWER)).await;
        let before = dump(&fresh.database).await;
        for (table, rows) in &before {
            assert!(!rows.is_empty(), "{table} has no row to compare");
        }
        let report = rebuild(&scene.log, "reports", true, |_| ()).await.unwrap();
        assert_eq!(
            (report.differences, report.switched),
            (0, true),
            "{report:?}"
        );
        assert_eq!(dump(&fresh.database).await, before);
        let log = Log::read(&fresh.database).await;
        let latest = scene.moment(Moment::Latest).await;
        compare(&scene, &log, (latest, None), &Mutex::default()).await;
    })
    .await;
}
