//! Measures the event log and its views, with stock `cqrs-es` + `postgres-es` in the same run, and writes
//! `docs/benchmarks.md`. Started by `ops/bench`, which gives it a private PostgreSQL and release builds.
//!
//! A measurement asserts that both sides did the same work, never how long it took: goals are reported as met or not met.

mod applications;
mod catch_up;
mod counter;
mod execute;
mod figures;
mod machine;
mod places;
mod report;
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

const NAMES: [&str; 5] = ["execute", "catch-up", "stream-length", "visible", "service"];

async fn measure(name: &str) -> Outcome<Finding> {
    match name {
        "execute" => execute::measure().await,
        "catch-up" => catch_up::measure().await,
        "stream-length" => stream_length::measure().await,
        "visible" => visible::measure().await,
        "service" => service::measure().await,
        _ => Err(format!("unknown measurement; there are {}", NAMES.join(", ")).into()),
    }
}

async fn run(only: Option<&str>) -> Outcome<()> {
    let machine = machine::Machine::look().await?;
    println!("{machine}");
    let mut findings = Vec::new();
    for name in NAMES
        .into_iter()
        .filter(|name| only.is_none_or(|only| only == *name))
    {
        eprintln!("== {name}");
        let finding = measure(name)
            .await
            .map_err(|error| format!("{name}: {error}"))?;
        println!("{finding}");
        findings.push(finding);
    }
    if findings.is_empty() {
        return Err(format!("there are only {}", NAMES.join(", ")).into());
    }
    println!("{}", report::goals(&findings));
    // A part would leave figures of different runs side by side.
    if only.is_none() {
        report::write(&machine.after()?, &findings)?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let only = match arguments.as_slice() {
        [set] if set == "log" => None,
        [set, name] if set == "log" => Some(name.as_str()),
        _ => {
            eprintln!("usage: bench log [{}]", NAMES.join("|"));
            return ExitCode::from(2);
        }
    };
    match run(only).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
