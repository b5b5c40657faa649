//! The schema `reporting`, read as others read it (psql, by a role of its own), and reports that are read from a second database.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod replica;
mod schema;

use std::process::Command;

use jiff::Timestamp;
use projections::reports::{Cell, Moment, Question, ReportName};
use projections::{Error, Reporting};

use crate::service::TestService;

/// What psql said: its output, or the error with its code.
fn psql(url: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
        .args(["--set=ON_ERROR_STOP=1", "--set=VERBOSITY=verbose"])
        .args(arguments)
        .arg(url)
        .output()
        .unwrap_or_else(|error| panic!("psql is a client of PostgreSQL's packages: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

/// The answer to one statement, by lines.
#[track_caller]
pub fn asked(url: &str, statement: &str) -> Vec<String> {
    let answer = psql(url, &["--command", statement]);
    let answer = answer.unwrap_or_else(|error| panic!("{statement}: {error}"));
    answer.lines().map(str::to_owned).collect()
}

/// The address for another role.
fn as_role(url: &str, role: &str) -> String {
    let (before, after) = url.split_once("://postgres@").unwrap();
    format!("{before}://{role}@{after}")
}

/// The numbers of a column of a report's table, by the first column, of all programs together.
async fn figures(
    reporting: &Reporting,
    moment: Moment,
    (report, table, column): (ReportName, &str, &str),
) -> Result<Vec<(String, i64)>, Error> {
    let now = Timestamp::now() + jiff::SignedDuration::from_hours(24 * 365);
    let as_of = reporting.report_moment(moment, now).await?.unwrap();
    let question = Question {
        as_of,
        program: None,
        programs: &[],
    };
    let report = reporting.report(report, &question).await?;
    let table = report
        .tables
        .into_iter()
        .find(|of| of.key == table)
        .unwrap();
    let place = table.columns.iter().position(|of| of.key == column);
    let place = place.unwrap();
    let rows = table
        .rows
        .into_iter()
        .filter_map(|row| match (&row[0].cell, &row[place].cell) {
            (Cell::Text(name), Cell::Number(number)) => Some((name.clone(), *number)),
            _ => None,
        });
    Ok(rows.collect())
}

/// Waits until the reports know everything that has happened.
async fn all_counted(service: &TestService) -> i64 {
    let head = crate::databases::all_sealed(&service.inside.log).await;
    let runner = projections::Runner::new(service.inside.log.clone());
    runner.catch_up("reports").await.unwrap();
    head
}
