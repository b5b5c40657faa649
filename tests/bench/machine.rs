//! On what it was measured.

use std::fmt;
use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::process::Command;
use std::time::Instant;

use sqlx::{Connection as _, PgConnection};

use crate::figures::{ms, number, percentile};
use crate::{Outcome, Set, places};

/// The machine, the versions, and how quiet it was.
pub struct Machine {
    facts: Vec<(&'static str, String)>,
}

impl Machine {
    /// Looks around before the first measurement.
    pub async fn look(set: &Set) -> Outcome<Self> {
        let cpu = field("/proc/cpuinfo", "model name")?;
        let cores = std::thread::available_parallelism()?;
        let memory: f64 = field("/proc/meminfo", "MemTotal")?
            .split_whitespace()
            .next()
            .ok_or("no MemTotal")?
            .parse()?;
        let (sharers, postgres) = if set.postgres {
            let version = postgres_version().await?;
            (
                " for everything (service, other side and PostgreSQL)",
                format!("PostgreSQL {version} with its default `fsync` and `synchronous_commit`, "),
            )
        } else {
            ("", String::new())
        };
        let crates: Vec<String> = set
            .crates
            .iter()
            .map(|name| format!("{name} {}", locked_version(name)))
            .collect();
        let crates = crates.join(", ");
        let facts = vec![
            (
                "Date",
                jiff::Timestamp::now()
                    .strftime("%Y-%m-%d %H:%M UTC")
                    .to_string(),
            ),
            (
                "Machine",
                format!(
                    "{cpu}, {cores} cores{sharers}, {:.0} GiB, Linux {}",
                    memory / 1_048_576.0,
                    said("uname", &["-r"])?
                ),
            ),
            (
                "Versions",
                format!(
                    "source {}, {}, {postgres}{crates}",
                    said("git", &["describe", "--always", "--dirty"])?,
                    said("rustc", &["--version"])?,
                ),
            ),
            ("Build", "release".to_owned()),
            ("Before", circumstances()?),
        ];
        Ok(Self { facts })
    }

    /// With the circumstances at the end; the load is then mostly that of the run itself.
    pub fn after(mut self) -> Outcome<Self> {
        self.facts.push(("After", circumstances()?));
        Ok(self)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts
            .iter()
            .try_for_each(|(name, fact)| writeln!(f, "- {name}: {fact}"))
    }
}

async fn postgres_version() -> Outcome<String> {
    let mut connection = PgConnection::connect(&places::administrator()?).await?;
    let (version,): (String,) = sqlx::query_as("SHOW server_version")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(version)
}

/// What varies from run to run: load of the last 1, 5 and 15 minutes, and what every commit waits for.
fn circumstances() -> Outcome<String> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    let load: Vec<&str> = text.split_whitespace().take(3).collect();
    let flushes = flushes()?;
    Ok(format!(
        "load {}; writing 8 KiB through to the disk takes {} ms (p99 {} ms)",
        load.join(" "),
        number(percentile(&flushes, 50), 2),
        number(percentile(&flushes, 99), 2)
    ))
}

/// Milliseconds of some hundred flushes.
fn flushes() -> Outcome<Vec<f64>> {
    const BLOCK: [u8; 8_192] = [7; 8_192];
    let directory = places::directory()?;
    let mut file = File::create(directory.path().join("flush"))?;
    (0..500)
        .map(|_| {
            let began = Instant::now();
            file.rewind()?;
            file.write_all(&BLOCK)?;
            file.sync_data()?;
            Ok(ms(began.elapsed()))
        })
        .collect()
}

fn field(file: &str, name: &str) -> Outcome<String> {
    let text = std::fs::read_to_string(file)?;
    let value = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().to_owned());
    Ok(value.ok_or_else(|| format!("{file} has no {name}"))?)
}

fn said(program: &str, arguments: &[&str]) -> Outcome<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// What the lock file says; what runs was built from it.
fn locked_version(name: &str) -> &'static str {
    let mut lines = include_str!("../../Cargo.lock").lines();
    let wanted = format!("name = \"{name}\"");
    lines
        .find(|line| **line == wanted)
        .and_then(|_| lines.next())
        .and_then(|line| line.strip_prefix("version = "))
        .map_or("?", |version| version.trim_matches('"'))
}
