//! The schema as a reader has it.

use std::collections::BTreeMap;

use eventstore::Database;
use projections::Views;
use projections::reports::{Moment, ReportName};
use serde_json::json;

use super::{all_counted, as_role, asked, figures, psql};
use crate::databases::{Content, TestDatabase, administer, server_url};
use crate::secretariat::{Desk, completed};
use crate::service::{FOURTH, TestService, files};

const MEMBERS: &str = include_str!("../../../api/src/demonstration/members.csv");
const PAYMENTS: &str = include_str!("../../../api/src/demonstration/payments.csv");

/// A role that `ops/reporting-role.sql` makes, removed at the end. Roles are the whole server's.
struct Reader {
    name: String,
}

impl Reader {
    fn of(database: &TestDatabase, name: &str) -> Self {
        let name = format!("shinsei_test_{}_{name}", std::process::id());
        let reader = Self { name };
        reader.made(&database.url).unwrap();
        reader
    }

    fn made(&self, url: &str) -> Result<String, String> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../ops/reporting-role.sql");
        psql(
            url,
            &[&format!("--set=role={}", self.name), "--file", script],
        )
    }

    fn url(&self, database: &TestDatabase) -> String {
        as_role(&database.url, &self.name)
    }

    async fn remove(self, database: TestDatabase) {
        database.remove().await;
        administer(&format!("DROP ROLE {}", self.name)).await;
    }
}

/// Name and type of each column by view, as the page says.
fn documented() -> BTreeMap<String, Vec<(String, String)>> {
    let mut views: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut view = None;
    for line in include_str!("../../../docs/reporting.md").lines() {
        if let Some(name) = line.strip_prefix("### `reporting.") {
            view = Some(name.trim_end_matches('`').to_owned());
        } else if let (Some(view), Some(cells)) = (&view, line.strip_prefix("| `")) {
            let (column, rest) = cells.split_once("` | ").unwrap();
            let kind = rest.split(" |").next().unwrap();
            let column = (column.to_owned(), kind.to_owned());
            views.entry(view.clone()).or_default().push(column);
        }
    }
    views
}

/// The rows of every view, as a reader is given them.
fn dumped(reader: &str) -> BTreeMap<String, Vec<String>> {
    documented()
        .into_keys()
        .map(|view| {
            let copy = format!("COPY (SELECT * FROM reporting.{view}) TO STDOUT");
            let mut rows = asked(reader, &copy);
            rows.sort();
            (view, rows)
        })
        .collect()
}

/// An application that has been sent back, one that is withdrawn, one that has just begun, and payments of all kinds.
async fn with_history(database: &TestDatabase) -> TestService {
    let service = TestService::on(database).await;
    let yoko = completed(&service);
    let secretariat = service.secretariat();
    let desk = Desk::new(&secretariat, &yoko.id);
    let items = json!([{ "document": "profile", "comment": "具体的にお書きください。" }]);
    let items = json!({ "items": items, "due": "2026-08-31T17:00" });
    desk.judge("/return", &items).ok();
    let ken = service.applicant("9000004", "specialist-renewal-2026", "documents_only");
    ken.fill_in_required_documents();
    let second = service.applicant("9000002", "specialist-renewal-2026", "documents_only");
    let path = second.path("/withdrawal");
    second.person.post(&path).send().ok();
    files::payment(&secretariat, "T-LOST", "9000006");
    all_counted(&service).await;
    service
}

#[test]
fn every_view_is_documented() {
    assert_eq!(documented().len(), 13);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_every_view_and_nobody_in_them() {
    let database = TestDatabase::postgres().await;
    let service = with_history(&database).await;
    let role = Reader::of(&database, "people");
    role.made(&database.url).unwrap();
    let reader = role.url(&database);

    let mut made: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for line in asked(
        &reader,
        "SELECT table_name || '|' || column_name || '|' || CASE data_type WHEN 'timestamp with time zone' THEN 'timestamptz' ELSE data_type END \
           FROM information_schema.columns WHERE table_schema = 'reporting' ORDER BY table_name, ordinal_position",
    ) {
        let cells: Vec<&str> = line.split('|').collect();
        let column = (cells[1].to_owned(), cells[2].to_owned());
        made.entry(cells[0].to_owned()).or_default().push(column);
    }
    assert_eq!(made, documented());

    let dump = dumped(&reader);
    for (view, rows) in &dump {
        assert!(!rows.is_empty(), "{view} is empty");
        // Labels are words of the screens, as which a speciality may well occur; and nobody is in them.
        if view == "labels" {
            continue;
        }
        for cell in rows.iter().flat_map(|row| row.split('\t')) {
            // In so many digits there may be any number.
            let of_hash = cell.len() == 25
                && cell.starts_with(['a', 'm'])
                && cell[1..].chars().all(|digit| digit.is_ascii_hexdigit());
            if of_hash {
                continue;
            }
            for (place, secret) in MEMBERS.lines().skip(1).flat_map(|member| {
                let cells = member.split(',').enumerate();
                // 会員番号, names, addresses, telephones, 施設, mail, 医籍登録番号, 専門分野, 専門医認定番号.
                cells.filter(|(place, _)| {
                    [0, 1, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 22].contains(place)
                })
            }) {
                assert!(
                    secret.is_empty() || !cell.contains(secret),
                    "{view} shows column {place} of a member"
                );
            }
            for member in MEMBERS.lines().skip(1) {
                let born = member.split(',').nth(4).unwrap();
                assert!(cell != born && cell != born.replace('/', "-"), "{view}");
            }
            let transactions = PAYMENTS.lines().skip(1);
            let transactions = transactions.map(|payment| payment.split(',').next().unwrap());
            for word in transactions.chain([
                "T-9000001",
                "T-LOST",
                "secretariat:",
                "demo",
                "具体的に",
                "リンシヨウ",
            ]) {
                assert!(!cell.contains(word), "{view} shows {word}");
            }
        }
    }
    // The same application has the same pseudonym everywhere, and another one has another.
    let told = asked(
        &reader,
        "SELECT count(DISTINCT a.application), count(DISTINCT a.member), count(DISTINCT h.application), count(DISTINCT c.member) \
           FROM reporting.applications a JOIN reporting.application_history h USING (application) \
           LEFT JOIN reporting.charges c USING (application)",
    );
    assert_eq!(told, ["3|3|3|3"]);
    service.stop().await;
    role.remove(database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_reads_nothing_else_and_writes_nothing() {
    let database = TestDatabase::postgres().await;
    let service = with_history(&database).await;
    let role = Reader::of(&database, "walls");
    let reader = role.url(&database);
    let refused = |statement: &str, code: &str| {
        let told = psql(&reader, &["--command", statement]).unwrap_err();
        assert!(told.contains(&format!("{code}:")), "{statement}: {told}");
    };
    // Whatever else there is in the database.
    let tables = asked(
        &database.url,
        "SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'S', 'p')",
    );
    assert!(tables.len() > 40, "{tables:?}");
    for known in [
        "events",
        "ledger",
        "reporting_key",
        "report_members",
        "view_report_members_g1",
        "sessions",
    ] {
        assert!(tables.iter().any(|table| table == known), "no {known}");
    }
    for table in &tables {
        // The one sequence there is, of an identity column, is no table either.
        refused(&format!("SELECT * FROM public.{table}"), "42501");
    }
    refused("CREATE TABLE reporting.mine (n integer)", "25006");
    // The setting is a guard against accidents, and privileges are the wall.
    let anyway = |statement: &str| {
        psql(
            &reader,
            &[
                "--command",
                "SET default_transaction_read_only = off",
                "--command",
                statement,
            ],
        )
    };
    for statement in [
        "CREATE TABLE reporting.mine (n integer)",
        "CREATE TABLE public.mine (n integer)",
        "CREATE FUNCTION reporting.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "UPDATE reporting.as_of SET number = 0",
        "DELETE FROM reporting.charges",
        "DELETE FROM public.events",
        "CREATE SCHEMA mine",
    ] {
        let told = anyway(statement).unwrap_err();
        assert!(
            told.contains("42501:") || told.contains("55000:"),
            "{statement}: {told}"
        );
    }
    // A function of the reader's own is given no row that the view leaves out: the earlier states of applications.
    // It is the barrier that keeps them from it, and not an index, which a reader may switch off: without the barrier it is given them.
    let spied = || {
        let answers = anyway(
            "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off; \
             CREATE FUNCTION pg_temp.spy(bigint) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 \
               AS $$ BEGIN PERFORM set_config('spy.seen', (current_setting('spy.seen')::int + 1)::text, false); RETURN true; END $$; \
             SELECT set_config('spy.seen', '0', false); \
             SELECT count(*) FROM reporting.applications WHERE pg_temp.spy(returned); \
             SELECT current_setting('spy.seen')",
        );
        let answers = answers.unwrap();
        let numbers = answers
            .lines()
            .skip(1)
            .map(|line| line.parse::<i64>().unwrap());
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(spied(), [3, 3]);
    let barrier = |what: &str| {
        asked(
            &database.url,
            &format!("ALTER VIEW reporting.applications {what}"),
        )
    };
    barrier("RESET (security_barrier)");
    assert!(spied()[1] > 3, "{:?}", spied());
    barrier("SET (security_barrier = true)");
    let settings = asked(
        &reader,
        "SELECT current_setting('default_transaction_read_only'), current_setting('statement_timeout'), current_setting('TimeZone')",
    );
    assert_eq!(settings, ["on|1min|Asia/Tokyo"]);

    // The script is for readers: whoever is more is not made one.
    let owner = Reader {
        name: "postgres".to_owned(),
    };
    let told = owner.made(&database.url).unwrap_err();
    assert!(told.contains("more than a reader"), "{told}");
    service.stop().await;
    role.remove(database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_are_those_of_the_reports_now_and_of_earlier_moments() {
    let database = TestDatabase::postgres().await;
    let service = with_history(&database).await;
    let role = Reader::of(&database, "figures");
    let reader = role.url(&database);
    let reporting = &service.inside.reporting;
    let head = service.inside.log.head().await.unwrap();
    assert_eq!(
        asked(&reader, "SELECT number, \"at\" IS NOT NULL FROM as_of"),
        [format!("{head}|t")]
    );
    for (figure, statement) in [
        (
            (ReportName::Progress, "states", "count"),
            "SELECT l.label, count(a.application) FROM labels l LEFT JOIN applications a ON a.documents = l.code AND NOT a.withdrawn \
              WHERE l.kind = 'documents' AND l.code <> 'not_applied' GROUP BY l.label, l.place ORDER BY l.place",
        ),
        (
            (ReportName::Review, "reasons", "items"),
            "SELECT l.label, count(r.item) FROM labels l LEFT JOIN returns r ON r.document = l.code WHERE l.kind = 'document' \
              GROUP BY l.label, l.place ORDER BY l.place",
        ),
        (
            (ReportName::Money, "months", "billed_yen"),
            "SELECT month, sum(amount_yen) FROM charges GROUP BY month ORDER BY month",
        ),
        (
            (ReportName::Money, "months", "received_yen"),
            "SELECT month, sum(amount_yen) FROM payments GROUP BY month ORDER BY month",
        ),
        (
            (ReportName::Money, "months", "unmatched_yen"),
            "SELECT month, sum(amount_yen) FROM unmatched GROUP BY month ORDER BY month",
        ),
        (
            (ReportName::Review, "waiting", "waiting"),
            "SELECT state_label, count(*) FROM stays WHERE current GROUP BY track, state_label ORDER BY 1",
        ),
        (
            (ReportName::Forecast, "due", "due"),
            "SELECT regular_year || '年度', count(*) FROM members GROUP BY regular_year ORDER BY 1",
        ),
    ] {
        let figures = figures(reporting, Moment::Latest, figure).await.unwrap();
        let told = asked(&reader, statement);
        assert!(!told.is_empty(), "{statement}");
        let mut found = 0;
        for line in told {
            let (label, number) = line.split_once('|').unwrap();
            let figure = figures.iter().find(|(name, _)| name == label);
            // Each of the two has rows that the other does not have: totals, and states and years that the page leaves out.
            if let Some((_, figure)) = figure {
                assert_eq!(number, figure.to_string(), "{label}: {statement}");
                found += 1;
            }
        }
        assert!(found > 0, "{statement}");
    }
    for number in [head, head / 2, 20, 0] {
        let stages = (ReportName::Progress, "stages", "count");
        let moment = Moment::Number(number);
        for (label, figure) in figures(reporting, moment, stages).await.unwrap() {
            let counted = asked(
                &reader,
                &format!(
                    "SELECT count(h.application) FROM labels l LEFT JOIN application_history h ON h.stage_place > l.place \
                        AND NOT h.withdrawn AND h.since <= {number} AND (h.until > {number} OR h.until IS NULL) \
                      WHERE l.kind = 'stage' AND l.label = '{label}' GROUP BY l.code"
                ),
            );
            // 対象者 are counted among members.
            if !counted.is_empty() {
                assert_eq!(counted, [figure.to_string()], "{label} at {number}");
            }
        }
    }
    service.stop().await;
    role.remove(database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_changes_nothing_for_readers_and_what_was_changed_is_made_again() {
    let database = TestDatabase::postgres().await;
    let service = with_history(&database).await;
    let log = service.inside.log.clone();
    let role = Reader::of(&database, "rebuild");
    let reader = role.url(&database);
    asked(
        &database.url,
        "CREATE SCHEMA analyst; CREATE VIEW analyst.counted AS SELECT count(*) FROM reporting.applications",
    );
    let before = dumped(&reader);
    for _ in 0..2 {
        let report = projections::rebuild(&log, "reports", false, |_| ()).await;
        assert!(report.unwrap().switched);
        assert_eq!(dumped(&reader), before);
        assert_eq!(asked(&database.url, "TABLE analyst.counted"), ["3"]);
    }
    // As another version of the service would have left it: other columns, and a view less.
    asked(
        &database.url,
        "DROP VIEW reporting.charges, reporting.as_of; CREATE VIEW reporting.as_of AS SELECT 'x' AS other; \
         COMMENT ON SCHEMA reporting IS 'earlier'",
    );
    let starting = (0..4).map(|_| {
        let views = Views::new(log.clone());
        async move { views.lag().await }
    });
    futures::future::try_join_all(starting).await.unwrap();
    assert_eq!(dumped(&reader), before);
    // And as another version of the tables would: whatever is built on them is made anew in the transaction of the switch.
    asked(
        &database.url,
        "DROP VIEW report_applications CASCADE; CREATE VIEW report_applications AS SELECT 1 AS other",
    );
    let report = projections::rebuild(&log, "reports", false, |_| ()).await;
    assert!(report.unwrap().switched);
    assert_eq!(dumped(&reader), before);
    service.stop().await;
    role.remove(database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_may_not_make_a_schema_runs_without_it_and_fills_one_that_it_is_given() {
    let role = format!("shinsei_test_{}_service", std::process::id());
    let name = role.clone();
    administer(&format!("CREATE ROLE {role} LOGIN")).await;
    administer(&format!("CREATE DATABASE {name}")).await;
    let admin = server_url(&name);
    asked(&admin, &format!("GRANT CREATE ON SCHEMA public TO {role}"));
    let database = Database::connect(&as_role(&admin, &role)).await.unwrap();
    database.migrate().await.unwrap();
    let log = eventstore::EventLog::new(database.clone());
    let runner = projections::Runner::new(log.clone());
    runner.catch_up("reports").await.unwrap();
    let report = projections::rebuild(&log, "reports", false, |_| ()).await;
    assert!(report.unwrap().switched);
    let there = "SELECT to_regclass('reporting.as_of') IS NOT NULL";
    assert_eq!(asked(&admin, there), ["f"]);
    asked(
        &admin,
        &format!("CREATE SCHEMA reporting AUTHORIZATION {role}"),
    );
    runner.catch_up("reports").await.unwrap();
    assert_eq!(asked(&admin, "SELECT number FROM reporting.as_of"), ["0"]);
    let Database::Postgres(pool) = &database else {
        unreachable!("the test opened PostgreSQL")
    };
    pool.close().await;
    administer(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
    administer(&format!("DROP ROLE {role}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_has_no_such_schema_and_goes_without() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    service.applicant("9000001", FOURTH, "documents_and_exam");
    all_counted(&service).await;
    assert!(!service.inside.reporting.is_replica());
    let stages = (ReportName::Progress, "stages", "count");
    let figures = figures(&service.inside.reporting, Moment::Latest, stages).await;
    assert!(figures.unwrap().contains(&("申込".to_owned(), 1)));
    service.stop().await;
    database.remove().await;
}
