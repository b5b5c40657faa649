//! Jobs on SQLite; `tests/acceptance/exports.rs` has those that PostgreSQL must keep too.

use std::time::Duration;

use eventstore::{Database, EventLog, on_database};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use projections::reports::{Column, Kind};

use super::*;

const OWNER: &str = "secretariat:demo";

async fn exports(directory: &tempfile::TempDir) -> Exports {
    let url = format!("sqlite:{}", directory.path().join("exports.db").display());
    let database = Database::connect(&url).await.unwrap();
    database.migrate().await.unwrap();
    Exports::new(EventLog::new(database))
}

fn order(format: Format, total: u64) -> Order {
    Order {
        owner: OWNER.to_owned(),
        title: "申請一覧".to_owned(),
        format,
        total,
    }
}

fn sheet() -> Sheet {
    Sheet {
        name: "申請一覧".to_owned(),
        preamble: Vec::new(),
        columns: vec![Column::new("member", "会員番号", Kind::Code)],
    }
}

/// Chunks of a thousand member numbers.
fn numbers(chunks: u32) -> Source {
    let chunk = |chunk: u32| {
        let numbers = chunk * 1_000..(chunk + 1) * 1_000;
        Ok(numbers
            .map(|number| vec![Cell::text(format!("{number:07}"))])
            .collect())
    };
    Source {
        sheet: sheet(),
        rows: stream::iter(0..chunks).map(chunk).boxed(),
    }
}

/// Longer than anything here takes that works.
const PATIENCE: Duration = Duration::from_mins(5);

/// A chunk, and then nothing for ever.
fn endless() -> Source {
    let chunk = Ok(vec![vec![Cell::text("0000001")]; 2_000]);
    Source {
        sheet: sheet(),
        rows: stream::once(async { chunk })
            .chain(stream::pending())
            .boxed(),
    }
}

async fn found(exports: &Exports, id: Uuid) -> Export {
    exports
        .find(id, OWNER, Timestamp::now())
        .await
        .unwrap()
        .unwrap()
}

async fn reaches(exports: &Exports, id: Uuid, reached: impl Fn(&Export) -> bool) -> Export {
    let began = std::time::Instant::now();
    loop {
        let export = found(exports, id).await;
        if reached(&export) {
            return export;
        }
        assert!(began.elapsed() < PATIENCE, "{export:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn ends(exports: &Exports, id: Uuid) -> Export {
    reaches(exports, id, |export| !export.state.is_open()).await
}

async fn count(exports: &Exports) -> i64 {
    eventstore::on_database!(exports.table.log().database(), pool => {
        sqlx::query_scalar("SELECT COUNT(*) FROM export_parts").fetch_one(pool).await
    })
    .unwrap()
}

#[tokio::test]
async fn a_job_whose_rows_can_not_be_read_fails_with_advice_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let exports = exports(&directory).await;
    let mut source = numbers(1);
    let error = stream::iter([Err(BoxError::from("the database has gone"))]);
    source.rows = source.rows.chain(error).boxed();
    let id = exports
        .begin(
            Uuid::new_v4(),
            order(Format::Csv, 1_000),
            source,
            vec![],
            Timestamp::now(),
        )
        .await
        .unwrap();
    let failed = ends(&exports, id).await;
    assert_eq!((failed.state, failed.size), (State::Failed, None));
    assert!(
        failed
            .sentence
            .clone()
            .unwrap()
            .contains("もう一度作成してください。")
    );
    let parts: Vec<_> = exports.parts(&failed).try_collect().await.unwrap();
    assert!(parts.is_empty());
    assert_eq!(count(&exports).await, 0);
}

#[tokio::test]
async fn a_row_of_the_wrong_length_fails_the_job_and_not_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let exports = exports(&directory).await;
    let mut source = numbers(1);
    let wrong: Result<_, BoxError> = Ok(vec![vec![Cell::Empty, Cell::Empty]]);
    source.rows = source.rows.chain(stream::iter([wrong])).boxed();
    let id = exports
        .begin(
            Uuid::new_v4(),
            order(Format::Xlsx, 1_001),
            source,
            vec![],
            Timestamp::now(),
        )
        .await
        .unwrap();
    assert_eq!(ends(&exports, id).await.state, State::Failed);
}

#[tokio::test]
async fn a_third_job_waits_for_its_turn_and_its_owner_sees_that() {
    let directory = tempfile::tempdir().unwrap();
    let exports = exports(&directory).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let order = order(Format::Csv, 2_000);
        let begun = exports.begin(Uuid::new_v4(), order, endless(), vec![], Timestamp::now());
        ids.push(begun.await.unwrap());
    }
    for id in &ids {
        reaches(&exports, *id, |export| export.state == State::Running).await;
    }
    let third = exports
        .begin(
            Uuid::new_v4(),
            order(Format::Csv, 1_000),
            numbers(1),
            vec![],
            Timestamp::now(),
        )
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(found(&exports, third).await.state, State::Waiting);
    exports.stop();
    for id in ids {
        let stopped = ends(&exports, id).await;
        assert_eq!(stopped.sentence.as_deref(), Some(table::CUT));
    }
}

#[tokio::test]
async fn the_end_of_the_service_does_not_wait_for_a_job() {
    let directory = tempfile::tempdir().unwrap();
    let exports = exports(&directory).await;
    let id = exports
        .begin(
            Uuid::new_v4(),
            order(Format::Csv, 2_000),
            endless(),
            vec![],
            Timestamp::now(),
        )
        .await
        .unwrap();
    reaches(&exports, id, |export| export.rows_done == 2_000).await;
    exports.stop();
    let tasks = exports.table.log().tasks();
    tasks.close();
    tokio::time::timeout(PATIENCE, tasks.wait()).await.unwrap();
    let stopped = found(&exports, id).await;
    assert_eq!((stopped.state, stopped.rows_done), (State::Failed, 2_000));
}

#[tokio::test]
async fn a_job_without_a_sign_of_life_is_shown_as_failed_and_swept() {
    let directory = tempfile::tempdir().unwrap();
    let exports = exports(&directory).await;
    // As a process leaves it that is killed: begun, and nobody works on it.
    let micros = Timestamp::now().as_microsecond();
    let (id, begun) = (Uuid::new_v4(), Timestamp::from_microsecond(micros).unwrap());
    exports
        .table
        .begin(id, &order(Format::Xlsx, 1), begun)
        .await
        .unwrap();
    exports.table.start(id, begun).await.unwrap();
    assert!(exports.table.keep_part(id, 0, b"half").await.unwrap());
    let soon = begun + SILENCE;
    let later = soon + Duration::from_secs(1);
    let at = async |now| exports.find(id, OWNER, now).await.unwrap().unwrap();
    assert_eq!(at(soon).await.state, State::Running);
    let shown = at(later).await;
    assert_eq!(shown.state, State::Failed);
    assert_eq!(shown.sentence.as_deref(), Some(table::CUT));
    assert!(!exports.cancel(id, OWNER, later).await.unwrap());
    exports.sweep(soon).await.unwrap();
    assert_eq!(count(&exports).await, 1);
    exports.sweep(later).await.unwrap();
    assert_eq!(count(&exports).await, 0);
    // Whoever was only slow learns that it has been given up.
    assert!(!exports.table.beat(id, later).await.unwrap());
    assert!(!exports.table.keep_part(id, 1, b"other half").await.unwrap());
    assert_eq!(
        at(later).await,
        Export {
            ended_at: Some(begun),
            ..shown
        }
    );
}

#[tokio::test]
async fn a_file_that_is_deleted_while_it_is_fetched_does_not_pass_for_a_whole_one() {
    let directory = tempfile::tempdir().unwrap();
    let exports = exports(&directory).await;
    let id = exports
        .begin(
            Uuid::new_v4(),
            order(Format::Csv, 200_000),
            numbers(200),
            vec![],
            Timestamp::now(),
        )
        .await
        .unwrap();
    let done = ends(&exports, id).await;
    assert_eq!(done.state, State::Done, "{done:?}");
    let mut parts = std::pin::pin!(exports.parts(&done));
    assert_eq!(parts.next().await.unwrap().unwrap().len(), PART);
    assert!(exports.remove(id, OWNER).await.unwrap());
    assert!(matches!(
        parts.next().await,
        Some(Err(sqlx::Error::RowNotFound))
    ));
}

#[test]
fn every_state_is_known_by_its_word() {
    for state in State::ALL {
        assert_eq!(State::parse(state.word()), Some(state));
    }
}

#[tokio::test]
async fn an_account_has_so_many_jobs_at_once_and_so_many_bytes_a_day_and_another_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let exports = exports(&directory).await;
    let begin = async |owner: &str, at: Timestamp, id: Uuid, rows: Source| {
        let order = Order {
            owner: owner.to_owned(),
            ..order(Format::Csv, 1_000)
        };
        exports.begin(id, order, rows, vec![], at).await
    };
    let now = Timestamp::now();
    // Jobs that wait, without anybody who works on them.
    let mut open = Vec::new();
    for _ in 0..OPEN_OF_ONE {
        let id = Uuid::new_v4();
        let order = order(Format::Csv, 1_000);
        assert!(exports.table.begin(id, &order, now).await.unwrap());
        open.push(id);
    }
    let refused = begin(OWNER, now, Uuid::new_v4(), numbers(1)).await;
    assert!(matches!(refused, Err(BeginError::Full(Quota::AtOnce))));
    // A request that comes again is the one that it was.
    let again = begin(OWNER, now, open[0], numbers(1)).await;
    assert_eq!(again.unwrap(), open[0]);
    let other = "reporter:other";
    begin(other, now, Uuid::new_v4(), numbers(1)).await.unwrap();
    for id in &open {
        assert!(exports.cancel(*id, OWNER, Timestamp::now()).await.unwrap());
    }
    let done = begin(OWNER, now, Uuid::new_v4(), numbers(1)).await.unwrap();
    let made = reaches(&exports, done, |export| export.state == State::Done).await;
    // What was made counts for a day, also when it is thrown away.
    assert!(exports.remove(done, OWNER).await.unwrap());
    on_database!(exports.table.log().database(), pool => {
        sqlx::query("UPDATE export_usage SET bytes = bytes + $1 WHERE export = $2")
            .bind(i64::try_from(DAY_BYTES - made.size.unwrap()).unwrap())
            .bind(done.to_string())
            .execute(pool)
            .await
            .map(drop)
    })
    .unwrap();
    let refused = begin(OWNER, Timestamp::now(), Uuid::new_v4(), numbers(1)).await;
    assert!(matches!(refused, Err(BeginError::Full(Quota::Day))));
    let tomorrow = Timestamp::now() + Duration::from_hours(24);
    begin(OWNER, tomorrow, Uuid::new_v4(), numbers(1))
        .await
        .unwrap();
}
