//! Measures the event log and its views, with stock `cqrs-es` + `postgres-es` in the same run, the member's pages, with bare axum in
//! the same run, the printed application, with krilla, `ReportLab` and `WeasyPrint` in the same run, and long lists as files, and writes
//! `docs/benchmarks.md`. Started by `ops/bench`, which gives it release builds and whatever else the set needs.
//!
//! A measurement asserts that both sides did the same work, never how long it took: goals are reported as met or not met.

mod applications;
mod catch_up;
mod counter;
mod desk;
mod execute;
mod figures;
mod machine;
mod pages;
mod places;
mod print;
mod report;
mod reporting;
mod reports;
mod service;
mod stock;
mod stream_length;
mod visible;

use std::process::ExitCode;

use report::Finding;

/// A measurement that can not be made ends the run; the words say which step it was.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Rounds of each measurement. Within a round the sides take turns.
const ROUNDS: usize = 5;

/// What belongs together in a run and in `docs/benchmarks.md`.
struct Set {
    name: &'static str,
    measurements: &'static [&'static str],
    /// Whether a private PostgreSQL is part of it.
    postgres: bool,
    /// The libraries whose versions matter.
    crates: &'static [&'static str],
}

const LOG_CRATES: &[&str] = &["cqrs-es", "postgres-es", "sqlx", "tokio", "libsqlite3-sys"];

const SETS: [Set; 5] = [
    Set {
        name: "log",
        measurements: &["execute", "catch-up", "stream-length", "visible", "service"],
        postgres: true,
        crates: LOG_CRATES,
    },
    Set {
        name: "pages",
        measurements: &["member"],
        postgres: true,
        crates: LOG_CRATES,
    },
    Set {
        name: "desk",
        measurements: &["lists", "reports"],
        postgres: true,
        crates: LOG_CRATES,
    },
    Set {
        name: "print",
        measurements: &["documents", "first", "batch"],
        postgres: false,
        crates: &[
            "printpdf",
            "lopdf",
            "subsetter",
            "flate2",
            "zlib-rs",
            "krilla",
        ],
    },
    Set {
        name: "reports",
        measurements: &["export"],
        postgres: false,
        crates: &["rust_xlsxwriter", "zip", "zlib-rs"],
    },
];

async fn measure(name: &str) -> Outcome<Finding> {
    match name {
        "execute" => execute::measure().await,
        "catch-up" => catch_up::measure().await,
        "stream-length" => stream_length::measure().await,
        "visible" => visible::measure().await,
        "service" => service::measure().await,
        "member" => pages::measure().await,
        "lists" => desk::measure().await,
        "reports" => reporting::measure().await,
        "documents" => print::documents().await,
        "first" => print::first().await,
        "batch" => print::many().await,
        "export" => reports::measure().await,
        _ => Err("unknown measurement".into()),
    }
}

async fn run(set: &Set, only: Option<&str>) -> Outcome<()> {
    let machine = machine::Machine::look(set).await?;
    println!("{machine}");
    let mut findings = Vec::new();
    for name in set
        .measurements
        .iter()
        .filter(|name| only.is_none_or(|only| only == **name))
    {
        eprintln!("== {name}");
        let finding = measure(name)
            .await
            .map_err(|error| format!("{name}: {error}"))?;
        println!("{finding}");
        findings.push(finding);
    }
    if findings.is_empty() {
        return Err(format!("there are only {}", set.measurements.join(", ")).into());
    }
    println!("{}", report::goals(&findings));
    // A part would leave figures of different runs side by side.
    if only.is_none() {
        report::write(set.name, &machine.after()?, &findings)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Without the runtime, whose threads and memory are none of its work.
    if let Some(outcome) = print::child(&arguments).or_else(|| reports::child(&arguments)) {
        return ended(outcome);
    }
    with_runtime(&arguments)
}

#[tokio::main]
async fn with_runtime(arguments: &[String]) -> ExitCode {
    if let [bare, directory] = arguments
        && bare == "bare"
    {
        // The other side of the pages, in a process of its own.
        return ended(pages::serve_bare(directory.as_ref()).await);
    }
    let chosen = arguments
        .split_first()
        .filter(|(_, only)| only.len() < 2)
        .and_then(|(name, only)| Some((SETS.iter().find(|set| set.name == *name)?, only.first())));
    let Some((set, only)) = chosen else {
        for set in SETS {
            eprintln!("usage: bench {} [{}]", set.name, set.measurements.join("|"));
        }
        return ExitCode::from(2);
    };
    ended(run(set, only.map(String::as_str)).await)
}

fn ended(outcome: Outcome<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
