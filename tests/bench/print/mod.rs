//! The printed application: how many in a second of one core, beside krilla, `ReportLab` and `WeasyPrint`; how soon the first; and
//! whether a batch grows.

mod application;
mod display;
mod html;
#[cfg(feature = "print-peers")]
mod krilla_side;
mod reading;
pub mod sides;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use api::print::pdf;
use serde::{Deserialize, Serialize};

use crate::figures::{Series, ms, number, ratio};
use crate::report::{Finding, Goal, Table};
use crate::{Outcome, ROUNDS, places};
use application::{PAGES, Submitted};
use sides::{Given, MEMBER, Side, heard};

/// Documents of the batch, and after how many of them its memory is looked at first.
const BATCH: u32 = 1_000;
const SETTLED: u32 = 100;

/// What may be added between the two (KiB). If every document left behind as much as a hundredth of itself, it would be more; what
/// the allocator keeps differently from one look to the next is less.
const GROWTH: f64 = 1_024.0;

/// Most time until the first document (ms).
const FIRST: f64 = 30.0;

/// Most bytes of a document.
const SIZE: u64 = 95 * 1_024;

/// The version that a package of the Python sides is pinned at.
fn pinned(package: &str) -> &'static str {
    let mut lines = include_str!("requirements.txt").lines();
    lines
        .find_map(|line| line.strip_prefix(package)?.strip_prefix("=="))
        .unwrap_or("?")
}

/// The processes that this program starts of itself: `None` if the arguments ask for none of them.
pub fn child(arguments: &[String]) -> Option<Outcome<()>> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["print-side", side, seconds, out] => Some(Side::parse(side).map_or_else(
            || Err("no such side".into()),
            |side| say(&sides::work(side, seconds, Path::new(out))?),
        )),
        ["print-first"] => Some(first_document()),
        ["print-batch"] => Some(batch().and_then(|memory| say(&memory))),
        _ => None,
    }
}

fn say(what: &impl Serialize) -> Outcome<()> {
    println!("{}", serde_json::to_string(what)?);
    Ok(())
}

/// This program, to be started with an argument.
pub fn ourselves(argument: &str) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(argument);
    Ok(command)
}

/// One document, to the standard output.
fn first_document() -> Outcome<()> {
    let document = pdf(&Submitted::of(MEMBER)?.content())?;
    let mut out = std::io::stdout().lock();
    out.write_all(&document)?;
    Ok(out.flush()?)
}

/// Memory of a process that prints many (KiB).
#[derive(Serialize, Deserialize)]
struct Memory {
    settled: f64,
    end: f64,
    peak: f64,
}

/// Prints another application each time.
fn batch() -> Outcome<Memory> {
    let mut settled = 0.0;
    for member in 1..=BATCH {
        let document = pdf(&Submitted::of(member)?.content())?;
        std::hint::black_box(document);
        if member == SETTLED {
            settled = sides::memory("VmRSS")?;
        }
    }
    Ok(Memory {
        settled,
        end: sides::memory("VmRSS")?,
        peak: sides::memory("VmHWM")?,
    })
}

/// What a side did in all rounds.
#[derive(Default)]
struct Figures {
    rate: Series,
    peak: Series,
    bytes: u64,
}

fn kibibytes(bytes: u64) -> String {
    number(
        f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1_024.0,
        1,
    )
}

/// How many documents, and how much memory, by each side.
pub async fn documents() -> Outcome<Finding> {
    tokio::task::spawn_blocking(measure_documents).await?
}

/// What each side did.
struct Measured(Vec<(Side, Figures)>);

impl Measured {
    fn rate(&self, wanted: Side) -> f64 {
        let found = self.0.iter().find(|(side, _)| *side == wanted);
        found.map_or(0.0, |(_, figures)| figures.rate.median())
    }

    fn bytes(&self, wanted: Side) -> u64 {
        let found = self.0.iter().find(|(side, _)| *side == wanted);
        found.map_or(0, |(_, figures)| figures.bytes)
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&[
            "side",
            "documents/s",
            "ms each",
            "peak memory, MiB",
            "KiB each",
            "ours from the content / it",
        ]);
        for (side, figures) in &self.0 {
            let median = figures.rate.median();
            table.row([
                side.name().to_owned(),
                figures.rate.show(1),
                number(1_000.0 / median, 2),
                figures.peak.show(1),
                kibibytes(figures.bytes),
                ratio(self.rate(Side::Content) / median),
            ]);
        }
        table
    }

    fn goals(&self) -> Vec<Goal> {
        let goal = |what: &str, ours: Side, peer: Side, wanted: &'static str, least: f64| {
            let measured = self.rate(ours) / self.rate(peer);
            Goal {
                what: what.to_owned(),
                ours: format!("{} documents/s", number(self.rate(ours), 1)),
                peer: format!("{} documents/s", number(self.rate(peer), 1)),
                measured: ratio(measured),
                wanted,
                met: measured >= least,
            }
        };
        vec![
            goal(
                "本紙 of 12 pages on one core, from the content, against WeasyPrint from HTML",
                Side::Content,
                Side::WeasyPrint,
                "≥ 50×",
                50.0,
            ),
            goal(
                "the same against ReportLab, as it is installed by its name, from the finished layout",
                Side::Content,
                Side::ReportLab,
                "≥ 4×",
                4.0,
            ),
            goal(
                "from the finished layout, against ReportLab with rl_accel",
                Side::Layout,
                Side::ReportLabAccelerated,
                "≥ 4×",
                4.0,
            ),
            goal(
                "the same against krilla writing the same structure",
                Side::Layout,
                Side::KrillaTagged,
                "≥ 1×",
                1.0,
            ),
            goal(
                "the same against krilla writing no structure",
                Side::Layout,
                Side::Krilla,
                "≥ 1×",
                1.0,
            ),
            Goal {
                what: "size of 本紙 of 12 pages".to_owned(),
                ours: format!("{} KiB", kibibytes(self.bytes(Side::Content))),
                peer: format!("krilla {} KiB", kibibytes(self.bytes(Side::KrillaTagged))),
                measured: format!("{} KiB", kibibytes(self.bytes(Side::Content))),
                wanted: "< 95 KiB",
                met: self.bytes(Side::Content) < SIZE,
            },
        ]
    }
}

fn measure_documents() -> Outcome<Finding> {
    let content = Submitted::of(MEMBER)?.content();
    let directory = places::directory()?;
    let given = Given::prepare(directory.path())?;
    let mut sides: Vec<(Side, Figures)> = Side::ALL.map(|side| (side, Figures::default())).into();
    for round in 0..ROUNDS {
        for (side, figures) in &mut sides {
            let work = given.let_print(*side)?;
            figures.rate.push(work.rate());
            figures.peak.push(work.peak());
            if round == 0 {
                let document = given.document(*side);
                reading::check(&document, &content)?;
                figures.bytes = std::fs::metadata(&document)?.len();
            }
        }
    }
    let measured = Measured(sides);
    Ok(Finding {
        title: "Documents",
        method: format!(
            "申請書（本紙） of {PAGES} pages with every row that the forms allow (20 研究活動歴, 30 学会参加, 30 論文, 1,040 characters of \
             プロフィール, 5 trials), on one core, each side in a process of its own for 3 s a round; seconds are processor time, so that \
             what else runs counts little. Every side has printed one document before its time begins: starting, importing and reading the \
             face are not counted, which helps Python most. krilla and ReportLab get our finished layout, as lines and texts with their \
             places, so they set nothing; WeasyPrint sets HTML of the same content with the same face, column widths and sizes, its style \
             sheet read beforehand. Ours writes the structure (headings, tables, reading order) that a screen reader needs; of the others \
             only krilla's first line does. ReportLab is {}, once as it is installed by its name and once with the C code of a package of \
             its own (rl_accel), WeasyPrint {}; krilla packs with the same zlib as ours. Of each side's document poppler must read {PAGES} \
             pages with all texts of the content. Memory: the most that the process held.",
            pinned("reportlab"),
            pinned("weasyprint"),
        ),
        table: measured.table(),
        goals: measured.goals(),
    })
}

/// How soon a process that has just been started has printed one.
pub async fn first() -> Outcome<Finding> {
    tokio::task::spawn_blocking(measure_first).await?
}

fn measure_first() -> Outcome<Finding> {
    // The program itself is read from the disk by whoever comes first.
    let expected = heard(&mut ourselves("print-first")?)?;
    let mut times = Series::default();
    for _ in 0..ROUNDS {
        let mut command = ourselves("print-first")?;
        let began = Instant::now();
        let document = heard(&mut command)?;
        times.push(ms(began.elapsed()));
        if document != expected {
            return Err("two processes print different bytes".into());
        }
    }
    let mut table = Table::new(&["what", "measured"]);
    table.row([
        "start until the first document is out, ms".to_owned(),
        times.show(1),
    ]);
    let median = times.median();
    Ok(Finding {
        title: "The first document",
        method: format!(
            "From starting a process, which makes the application of {PAGES} pages from its events, until its PDF has been read to the end and the \
             process is gone: with reading the face and looking up every glyph for the first time. Every process prints the same bytes."
        ),
        table,
        goals: vec![Goal {
            what: "first document of a fresh process".to_owned(),
            ours: format!("{} ms", number(median, 1)),
            peer: "–".to_owned(),
            measured: format!("{} ms", number(median, 1)),
            wanted: "< 30 ms",
            met: median < FIRST,
        }],
    })
}

/// Whether a process that prints many needs more and more memory.
pub async fn many() -> Outcome<Finding> {
    tokio::task::spawn_blocking(measure_many).await?
}

fn measure_many() -> Outcome<Finding> {
    let mut settled = Series::default();
    let mut growth = Series::default();
    let mut peak = Series::default();
    for _ in 0..ROUNDS {
        let said = heard(&mut ourselves("print-batch")?)?;
        let memory: Memory = serde_json::from_slice(&said)?;
        settled.push(memory.settled / 1_024.0);
        growth.push(memory.end - memory.settled);
        peak.push(memory.peak / 1_024.0);
    }
    let mut table = Table::new(&["what", "measured"]);
    table.row([
        format!("resident after {SETTLED} documents, MiB"),
        settled.show(2),
    ]);
    table.row([format!("more after {BATCH} documents, KiB"), growth.show(0)]);
    table.row(["greatest, MiB".to_owned(), peak.show(2)]);
    let median = growth.median();
    Ok(Finding {
        title: "A batch",
        method: format!(
            "One process prints {BATCH} applications of {PAGES} pages, each of another member and with other words in every row, and looks at its resident \
             memory after {SETTLED} and after all."
        ),
        table,
        goals: vec![Goal {
            what: format!("memory added from document {SETTLED} to {BATCH} of a batch"),
            ours: format!("{} KiB", number(median, 0)),
            peer: "–".to_owned(),
            measured: format!("{} KiB", number(median, 0)),
            wanted: "< 1,024 KiB",
            met: median < GROWTH,
        }],
    })
}
