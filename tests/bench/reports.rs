//! A long list as a file: 100,000 rows of 20 columns, how long and in how much memory.

use std::fs::File;
use std::io::BufWriter;
use std::time::Instant;

use api::sheets::{Format, Sheet, SheetWriter};
use jiff::{Timestamp, ToSpan as _};
use projections::reports::{Cell, Column, Kind};
use serde::{Deserialize, Serialize};

use crate::figures::{Series, number};
use crate::print::{ourselves, sides};
use crate::report::{Finding, Goal, Table};
use crate::{Outcome, ROUNDS, places};

const ROWS: u32 = 100_000;

/// The kinds of a row's cells, as a long list of the secretariat has them.
const KINDS: [Kind; 20] = [
    Kind::Code,
    Kind::Code,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Count,
    Kind::Units,
    Kind::Units,
    Kind::Days,
    Kind::Yen,
    Kind::Yen,
    Kind::Share,
    Kind::Date,
    Kind::Instant,
    Kind::Instant,
];

/// Most seconds, and most memory (MiB).
const SECONDS: f64 = 60.0;
const MEMORY: f64 = 300.0;

/// What a process that wrote one file says of itself.
#[derive(Serialize, Deserialize)]
struct Written {
    seconds: f64,
    peak: f64,
    bytes: u32,
}

/// The process that this program starts of itself: `None` if the arguments do not ask for it.
pub fn child(arguments: &[String]) -> Option<Outcome<()>> {
    match arguments {
        [name, word] if name == "reports-export" => Some(write(word)),
        _ => None,
    }
}

fn cell(kind: Kind, row: u32, column: u32, began: Timestamp) -> Outcome<Cell> {
    let at = began.checked_add(i64::from(row).minutes())?;
    Ok(match kind {
        Kind::Code => Cell::text(format!("{row:07}")),
        // Some repeat, as names of programs do, and some do not, as names of people.
        Kind::Text if column.is_multiple_of(2) => Cell::text("日本専門医機構 更新申請"),
        Kind::Text => Cell::text(format!("臨床　瘍子{row}")),
        Kind::Count | Kind::Units | Kind::Yen | Kind::Days | Kind::Share => {
            Cell::Number(i64::from(row * 7 % 10_000))
        }
        Kind::Date => Cell::Date(domain::calendar::jst_date(at)),
        Kind::Instant | Kind::Deadline => Cell::Instant(at),
    })
}

fn write(word: &str) -> Outcome<()> {
    let format = Format::parse(word).ok_or("no such format")?;
    let sheet = Sheet {
        name: "申請一覧".to_owned(),
        preamble: vec![("集計条件".to_owned(), "すべて".to_owned())],
        columns: KINDS
            .iter()
            .map(|kind| Column::new("column", "見出し", *kind))
            .collect(),
    };
    let began: Timestamp = "2026-04-01T00:00:00Z".parse()?;
    let directory = places::directory()?;
    let path = directory.path().join("list");
    let started = Instant::now();
    let file = BufWriter::new(File::create(&path)?);
    let mut writer = SheetWriter::new(format, file, began, &sheet)?;
    let mut cells = Vec::with_capacity(KINDS.len());
    for row in 0..ROWS {
        cells.clear();
        for (column, kind) in (0..).zip(KINDS) {
            cells.push(cell(kind, row, column, began)?);
        }
        writer.row(&cells)?;
    }
    let (_file, losses) = writer.finish()?;
    let seconds = started.elapsed().as_secs_f64();
    if !losses.is_empty() {
        return Err("something of the list is not in the file".into());
    }
    let written = Written {
        seconds,
        peak: sides::memory("VmHWM")? / 1_024.0,
        bytes: std::fs::metadata(&path)?.len().try_into()?,
    };
    println!("{}", serde_json::to_string(&written)?);
    Ok(())
}

/// How long, and in how much memory.
pub async fn measure() -> Outcome<Finding> {
    tokio::task::spawn_blocking(measure_export).await?
}

fn measure_export() -> Outcome<Finding> {
    let mut table = Table::new(&["format", "s", "peak memory, MiB", "file, MiB"]);
    let mut goals = Vec::new();
    for format in Format::ALL {
        let (mut seconds, mut peak, mut bytes) = (Series::default(), Series::default(), 0);
        for _ in 0..ROUNDS {
            let said = sides::heard(ourselves("reports-export")?.arg(format.word()))?;
            let written: Written = serde_json::from_slice(&said)?;
            seconds.push(written.seconds);
            peak.push(written.peak);
            bytes = written.bytes;
        }
        table.row([
            format.label().to_owned(),
            seconds.show(2),
            peak.show(1),
            number(f64::from(bytes) / 1_048_576.0, 1),
        ]);
        let goal =
            |what: &str, series: &Series, unit: &str, wanted: &'static str, most: f64| Goal {
                what: format!("{}, 100,000 rows × 20 columns: {what}", format.label()),
                ours: format!("{} {unit}", number(series.median(), 1)),
                peer: "–".to_owned(),
                measured: format!("{} {unit}", number(series.median(), 1)),
                wanted,
                met: series.median() < most,
            };
        goals.push(goal("time", &seconds, "s", "< 60 s", SECONDS));
        goals.push(goal("memory", &peak, "MiB", "< 300 MiB", MEMORY));
    }
    Ok(Finding {
        title: "A long list as a file",
        method: "One process writes one file of 100,000 rows × 20 columns (2 codes, 8 texts, 7 numbers, 3 days and instants) to the disk, the \
                 rows made one by one as they are written; reading them from a database and keeping the file in it are not counted. Memory: \
                 the most that the process held."
            .to_owned(),
        table,
        goals,
    })
}
