//! Anchors outside the database, and histories that are checked without it.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod anchors;
mod exports;
mod forgeries;
pub mod rewriting;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::service::shinsei;

/// The microseconds of a time in Japan: `2026-06-03T18:00`.
pub fn japan(time: &str) -> i64 {
    let time: jiff::Timestamp = format!("{time}:00+09:00").parse().unwrap();
    time.as_microsecond()
}

/// Exit code and words of a checker.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    words: String,
}

fn said(command: &mut Command) -> Said {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let words = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    Said {
        code: status.code(),
        words,
    }
}

/// `shinsei verify-export`, on a machine without the database.
fn checked_by_shinsei(file: &Path, anchors: Option<&Path>) -> Said {
    let mut command = shinsei("postgres://nobody@127.0.0.1:1/nothing");
    command.arg("verify-export").arg(file);
    if let Some(anchors) = anchors {
        command.arg("--anchors").arg(anchors);
    }
    said(&mut command)
}

/// `docs/verify-export.py`, which has nothing of ours.
fn checked_by_python(file: &Path, anchors: Option<&Path>) -> Said {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/verify-export.py");
    let mut command = Command::new("python3");
    command.arg("-I").arg(script).arg(file).args(anchors);
    said(&mut command)
}

fn write(file: &Path, document: &Value) {
    std::fs::write(file, serde_json::to_vec(document).unwrap()).unwrap();
}
