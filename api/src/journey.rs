//! `shinsei journey`: the manual's whole example over HTTP against a running demonstration, the product's own smoke test.
//!
//! It knows nothing of the service but its addresses and the manual's sentences, and each run takes a member of its own, so
//! it may be played again on the same database.

mod client;
mod files;
mod script;
mod steps;

use std::{io::Write, process::ExitCode, time::Instant};

use self::steps::Steps;

/// Where `shinsei serve` listens when nothing is configured.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// How the journey ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum Surprise {
    /// The server cannot be reached or breaks off.
    #[error(
        "{url} に接続できません（{reason}）。`shinsei` をデモンストレーションで起動してから、もう一度お試しください。"
    )]
    Unreachable {
        /// The address.
        url: String,
        /// What the client says.
        reason: String,
    },
    /// Another answer than the manual's.
    #[error("{step}: {found}")]
    Other {
        /// In which step.
        step: &'static str,
        /// What was expected and what came.
        found: String,
    },
    /// Nobody reads the steps.
    #[error("the steps cannot be printed")]
    Output(#[from] std::io::Error),
}

/// Plays the journey and prints each step with its status and milliseconds. Blocks: not for a task of the runtime.
///
/// # Errors
/// The first surprise.
pub fn play(url: &str, out: &mut dyn Write) -> Result<(), Surprise> {
    let began = Instant::now();
    writeln!(out, "{url} で手引きの例をはじめから終わりまで操作します。")?;
    let mut steps = Steps::new(url.trim_end_matches('/'), out);
    script::play(&mut steps)?;
    let count = steps.count();
    writeln!(
        out,
        "すべての手順（{count}）が手引きのとおりでした。{} ms",
        began.elapsed().as_millis()
    )?;
    Ok(())
}

/// The same as a command: the exit code is 0 when everything was as in the manual, 1 at the first surprise.
pub fn run(url: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match play(url, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(surprise) => {
            // Nobody is left to tell when the output is closed; the exit code still says it.
            let _closed = writeln!(out, "中断しました。{surprise}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests;
