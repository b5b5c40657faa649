//! Long lists as files: written in the background, kept a day in parts, and nobody's but their owner's; read by Python's csv as they were
//! meant.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use api::exports::{Export, Exports, KEPT_FOR, Order, PART, Source, State};
use api::sheets::{Format, Sheet, file};
use eventstore::{EventLog, on_database};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use projections::BoxError;
use projections::reports::{Cell, Column, Kind};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::databases::{TestDatabase, each_database};
use crate::patience::{PATIENCE, until};

const OWNER: &str = "secretariat:demo";
const OTHER: &str = "secretariat:other";

fn exports(fresh: &TestDatabase) -> Exports {
    Exports::new(EventLog::new(fresh.database.clone()))
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
        preamble: vec![("集計条件".to_owned(), "𠮷".to_owned())],
        columns: vec![
            Column::new("member", "会員番号", Kind::Code),
            Column::new("name", "氏名", Kind::Text),
            Column::new("hash", "値", Kind::Text),
        ],
    }
}

/// Rows that deflate badly, so that the file has several parts.
fn row(number: u32) -> Vec<Cell> {
    let hash = hex::encode(Sha256::digest(number.to_be_bytes()));
    vec![
        Cell::text(format!("{number:07}")),
        Cell::text("髙﨑"),
        Cell::text(hash),
    ]
}

fn rows(chunks: u32) -> Source {
    let chunk = |chunk: u32| Ok((chunk * 1_000..(chunk + 1) * 1_000).map(row).collect());
    Source {
        sheet: sheet(),
        rows: stream::iter(0..chunks).map(chunk).boxed(),
    }
}

/// Some rows, and then nothing for ever.
fn endless() -> Source {
    let chunk: Result<Vec<_>, BoxError> = Ok((0..2_000).map(row).collect());
    let rows = stream::iter([chunk]).chain(stream::pending()).boxed();
    Source {
        sheet: sheet(),
        rows,
    }
}

async fn found(exports: &Exports, id: Uuid) -> Option<Export> {
    exports.find(id, OWNER, Timestamp::now()).await.unwrap()
}

async fn reaches(exports: &Exports, id: Uuid, reached: impl Fn(&Export) -> bool) -> Export {
    let mut seen = None;
    until("the export is so far", async || {
        let export = found(exports, id).await.unwrap();
        let so_far = reached(&export);
        seen = Some(export);
        so_far
    })
    .await;
    seen.unwrap()
}

async fn done(exports: &Exports, id: Uuid) -> Export {
    let ended = |export: &Export| !matches!(export.state, State::Waiting | State::Running);
    let export = reaches(exports, id, ended).await;
    assert_eq!(export.state, State::Done, "{export:?}");
    export
}

async fn parts(exports: &Exports, export: &Export) -> Vec<Vec<u8>> {
    exports.parts(export).try_collect().await.unwrap()
}

async fn parts_kept(fresh: &TestDatabase) -> i64 {
    on_database!(&fresh.database, pool => {
        sqlx::query_scalar("SELECT COUNT(*) FROM export_parts").fetch_one(pool).await
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_the_one_that_would_have_been_written_at_once_and_any_node_hands_it_out() {
    each_database(async |fresh| {
        let (ours, other_node) = (exports(fresh), exports(fresh));
        let now = Timestamp::now();
        for format in Format::ALL {
            let order = order(format, 40_000);
            let second = rows(1);
            let id = ours
                .begin(Uuid::new_v4(), order, rows(40), vec![second], now)
                .await
                .unwrap();
            let export = done(&other_node, id).await;
            assert_eq!((export.rows_done, export.rows_total), (41_000, 40_000));
            let handed_out = parts(&other_node, &export).await;
            assert!(handed_out.len() > 1, "the file has one part");
            let (last, whole) = handed_out.split_last().unwrap();
            assert!(whole.iter().all(|part| part.len() == PART) && last.len() <= PART);
            let bytes = handed_out.concat();
            assert_eq!(export.size, u64::try_from(bytes.len()).ok());
            let (first, second): (Vec<_>, Vec<_>) = (
                (0..40_000).map(row).collect(),
                (0..1_000).map(row).collect(),
            );
            let sheet = sheet();
            let (at_once, losses) =
                file(format, now, (&sheet, &first), &[(&sheet, &second)]).unwrap();
            assert!(bytes == at_once, "{format:?} differs");
            assert_eq!(export.losses, losses);
            // 集計条件 of both tables has a character that CP932 lacks.
            let replaced = if format == Format::CsvCp932 { 2 } else { 0 };
            assert_eq!(export.losses.count, replaced);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_owner_sees_a_job_cancels_it_and_deletes_it() {
    each_database(async |fresh| {
        let exports = exports(fresh);
        let now = Timestamp::now();
        let begun = exports.begin(
            Uuid::new_v4(),
            order(Format::Csv, 1_000),
            rows(1),
            vec![],
            now,
        );
        let id = begun.await.unwrap();
        done(&exports, id).await;
        assert_eq!(exports.find(id, OTHER, now).await.unwrap(), None);
        assert!(exports.list(OTHER, 10, now).await.unwrap().is_empty());
        assert!(!exports.remove(id, OTHER).await.unwrap());
        assert!(!exports.cancel(id, OWNER, now).await.unwrap());
        let later = now + Duration::from_secs(1);
        let begun = exports.begin(
            Uuid::new_v4(),
            order(Format::Xlsx, 2_000),
            endless(),
            vec![],
            later,
        );
        let running = begun.await.unwrap();
        let listed = exports.list(OWNER, 10, later).await.unwrap();
        let ids: Vec<_> = listed.iter().map(|export| export.id).collect();
        assert_eq!(ids, [running, id]);
        assert!(!exports.cancel(running, OTHER, later).await.unwrap());
        assert!(exports.remove(id, OWNER).await.unwrap());
        assert_eq!(found(&exports, id).await, None);
        assert_eq!(parts_kept(fresh).await, 0);
        exports.stop();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_shows_how_far_it_is_and_ends_when_it_is_cancelled() {
    each_database(async |fresh| {
        let log = EventLog::new(fresh.database.clone());
        let exports = Exports::new(log.clone());
        let chunks = stream::unfold(0, |chunk| async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let rows: Result<Vec<_>, BoxError> = Ok((0..2_000).map(row).collect());
            Some((rows, chunk + 1))
        });
        let source = Source {
            sheet: sheet(),
            rows: chunks.boxed(),
        };
        let now = Timestamp::now();
        let begun = exports.begin(
            Uuid::new_v4(),
            order(Format::Csv, 1_000_000),
            source,
            vec![],
            now,
        );
        let id = begun.await.unwrap();
        let seen = reaches(&exports, id, |export| export.rows_done > 0).await;
        assert_eq!((seen.state, seen.rows_done % 2_000), (State::Running, 0));
        let more = |export: &Export| export.rows_done > seen.rows_done;
        reaches(&exports, id, more).await;
        assert!(exports.cancel(id, OWNER, Timestamp::now()).await.unwrap());
        let cancelled = found(&exports, id).await.unwrap();
        assert_eq!((cancelled.state, cancelled.size), (State::Cancelled, None));
        // The list has no end: its task ends only because of that.
        log.tasks().close();
        let ended = tokio::time::timeout(PATIENCE, log.tasks().wait());
        ended.await.unwrap();
        assert_eq!(parts_kept(fresh).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_deleted_after_a_day() {
    each_database(async |fresh| {
        let exports = exports(fresh);
        let now = Timestamp::now();
        let begun = exports.begin(
            Uuid::new_v4(),
            order(Format::CsvCp932, 1_000),
            rows(1),
            vec![],
            now,
        );
        let export = done(&exports, begun.await.unwrap()).await;
        let last = export.expires_at - Duration::from_micros(1);
        assert_eq!(export.expires_at, export.ended_at.unwrap() + KEPT_FOR);
        exports.sweep(last).await.unwrap();
        assert!(
            exports
                .find(export.id, OWNER, last)
                .await
                .unwrap()
                .is_some()
        );
        // Before the sweep comes by, too.
        let gone = exports.find(export.id, OWNER, export.expires_at);
        assert_eq!(gone.await.unwrap(), None);
        exports.sweep(export.expires_at).await.unwrap();
        assert_eq!(parts_kept(fresh).await, 0);
        assert!(!exports.remove(export.id, OWNER).await.unwrap());
    })
    .await;
}

/// What Python's csv module makes of a file, as JSON.
fn read_by_python(bytes: &[u8], encoding: &str) -> Vec<Vec<String>> {
    const SCRIPT: &str = "import csv, io, json, sys\n\
        text = io.TextIOWrapper(sys.stdin.buffer, encoding=sys.argv[1], newline='')\n\
        json.dump(list(csv.reader(text, strict=True)), sys.stdout)";
    let mut child = Command::new("python3")
        .args(["-I", "-c", SCRIPT, encoding])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "Python could not read the file");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn python_reads_csv_as_it_was_written_but_for_the_apostrophe() {
    let texts = [
        "髙﨑𠮷葛\u{E0100}①㈱〜—",
        "0500026",
        "=1+1",
        "+81",
        "-1",
        "@x",
        "一行目\n二行目",
        "引用\",符",
    ];
    let sheet = Sheet {
        name: "一覧".to_owned(),
        preamble: Vec::new(),
        columns: vec![
            Column::new("code", "番号", Kind::Code),
            Column::new("text", "文字", Kind::Text),
            Column::new("yen", "金額", Kind::Yen),
        ],
    };
    let rows: Vec<Vec<Cell>> = texts
        .map(|text| vec![Cell::text(text), Cell::text(text), Cell::Number(-1)])
        .into();
    let expected = |names: &str| {
        let harmless = texts.map(|text| match text {
            "=1+1" | "+81" | "-1" | "@x" => format!("'{text}"),
            other => other.replace(texts[0], names),
        });
        let head = ["番号", "文字", "金額"].map(str::to_owned).to_vec();
        let rows = harmless.map(|text| vec![text.clone(), text, "-1".to_owned()]);
        [vec![head], rows.into()].concat()
    };
    let written = |format| file(format, Timestamp::UNIX_EPOCH, (&sheet, &rows), &[]).unwrap();
    let (bytes, losses) = written(Format::Csv);
    assert!(losses.is_empty());
    assert_eq!(read_by_python(&bytes, "utf-8-sig"), expected(texts[0]));
    let (bytes, losses) = written(Format::CsvCp932);
    // 𠮷 and the selector behind 葛, in both columns.
    assert_eq!(losses.count, 4);
    assert_eq!(read_by_python(&bytes, "cp932"), expected("髙﨑吉葛①㈱～―"));
}
