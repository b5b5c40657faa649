//! Who prints: each in a process of its own that does nothing else.

use std::ffi::OsStr;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use api::print::{Layout, pdf, write};
use serde::{Deserialize, Serialize};

#[cfg(feature = "print-peers")]
use super::krilla_side::Krilla;
use super::{application::Submitted, display, html};
use crate::Outcome;

/// Of each side in each round.
const TIME: Duration = Duration::from_secs(3);

/// One who prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Ours, from the application.
    Application,
    /// Ours, from the content.
    Content,
    /// Ours, from the finished layout.
    Layout,
    /// krilla, from the finished layout.
    KrillaTagged,
    /// The same without structure.
    Krilla,
    /// `ReportLab`, from the finished layout.
    ReportLab,
    /// The same with its optional C code.
    ReportLabAccelerated,
    /// `WeasyPrint`, from HTML.
    WeasyPrint,
}

impl Side {
    /// All, in the order of their turns.
    pub const ALL: [Self; 8] = [
        Self::Application,
        Self::Content,
        Self::Layout,
        Self::KrillaTagged,
        Self::Krilla,
        Self::ReportLab,
        Self::ReportLabAccelerated,
        Self::WeasyPrint,
    ];

    /// What it is called in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Application => "ours: application → content → layout → PDF",
            Self::Content => "ours: content → layout → PDF",
            Self::Layout => "ours: layout → PDF",
            Self::KrillaTagged => "krilla: layout → PDF, with structure",
            Self::Krilla => "krilla: layout → PDF, without structure",
            Self::ReportLab => "ReportLab: layout → PDF, without structure",
            Self::ReportLabAccelerated => "ReportLab with rl_accel: the same",
            Self::WeasyPrint => "WeasyPrint: HTML → PDF, without structure",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Content => "content",
            Self::Layout => "layout",
            Self::KrillaTagged => "krilla-tagged",
            Self::Krilla => "krilla",
            Self::ReportLab => "reportlab",
            Self::ReportLabAccelerated => "reportlab-accelerated",
            Self::WeasyPrint => "weasyprint",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|side| side.word() == word)
    }
}

/// What a side did in its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Work {
    documents: u32,
    /// Processor time.
    seconds: f64,
    peak_kib: f64,
}

impl Work {
    /// Documents in a second of one core.
    pub fn rate(&self) -> f64 {
        f64::from(self.documents) / self.seconds
    }

    /// Greatest memory of the process (MiB).
    pub fn peak(&self) -> f64 {
        self.peak_kib / 1_024.0
    }
}

/// What the sides that are not Rust are given.
pub struct Given {
    directory: PathBuf,
    python: PathBuf,
}

/// A file of this repository.
fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

impl Given {
    /// Puts it into a directory.
    pub fn prepare(directory: &Path) -> Outcome<Self> {
        let python = std::env::var_os("SHINSEI_BENCH_PYTHON")
            .ok_or("SHINSEI_BENCH_PYTHON is not set; start this by ops/bench")?;
        let content = Submitted::of(MEMBER)?.content();
        let list = display::list(&Layout::new(&content));
        fs::write(directory.join("layout.json"), serde_json::to_vec(&list)?)?;
        fs::write(directory.join("content.html"), html::document(&content))?;
        let face = format!("file://{}", fs::canonicalize(source(FACE))?.display());
        fs::write(
            directory.join("style.css"),
            html::STYLE.replace("{face}", &face),
        )?;
        Ok(Self {
            directory: directory.to_owned(),
            python: python.into(),
        })
    }

    /// Where a side leaves one of its documents.
    pub fn document(&self, side: Side) -> PathBuf {
        self.directory.join(side.word()).with_extension("pdf")
    }

    /// Lets a side print for a while.
    pub fn let_print(&self, side: Side) -> Outcome<Work> {
        let time = TIME.as_secs().to_string();
        let python = |script: &str| {
            let mut command = Command::new(&self.python);
            command.arg(source(script));
            command
        };
        let mut command = match side {
            Side::ReportLab | Side::ReportLabAccelerated => {
                let mut command = python("bench/print/reportlab_side.py");
                command.arg(if side == Side::ReportLab {
                    "pure"
                } else {
                    "accelerated"
                });
                command.args([self.directory.join("layout.json"), source(FACE)]);
                command
            }
            Side::WeasyPrint => {
                let mut command = python("bench/print/weasyprint_side.py");
                command.args(["content.html", "style.css"].map(|file| self.directory.join(file)));
                command
            }
            ours => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["print-side", ours.word()]);
                command
            }
        };
        let said = heard(command.arg(time).arg(self.document(side)))?;
        Ok(serde_json::from_slice(&said)?)
    }
}

const FACE: &str = "../api/assets/fonts/NotoSansJP-Regular.ttf";

/// Whose application everybody prints.
pub const MEMBER: u32 = 1;

/// What a process says until it ends, which it must do well.
pub fn heard(command: &mut Command) -> Outcome<Vec<u8>> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        let program = Path::new(command.get_program());
        let program = program.file_name().map(OsStr::to_string_lossy);
        return Err(format!("{}: {}", program.unwrap_or_default(), output.status).into());
    }
    Ok(output.stdout)
}

/// A Rust side, in its own process: prints for so many seconds, leaves one document in a file, and says what it did.
pub fn work(side: Side, seconds: &str, out: &Path) -> Outcome<Work> {
    let time = Duration::from_secs(seconds.parse()?);
    let submitted = Submitted::of(MEMBER)?;
    match side {
        Side::Application => again(time, out, || Ok(pdf(&submitted.content())?)),
        Side::Content => {
            let content = submitted.content();
            again(time, out, || Ok(pdf(&content)?))
        }
        Side::Layout => {
            let layout = Layout::new(&submitted.content());
            again(time, out, || Ok(write(&layout)?))
        }
        #[cfg(feature = "print-peers")]
        Side::KrillaTagged | Side::Krilla => {
            let layout = Layout::new(&submitted.content());
            let krilla = Krilla::new(side == Side::KrillaTagged)?;
            again(time, out, || krilla.write(&layout))
        }
        _ => Err(format!(
            "{} is not built in (feature print-peers); start this by ops/bench",
            side.word()
        )
        .into()),
    }
}

fn again(time: Duration, out: &Path, print: impl Fn() -> Outcome<Vec<u8>>) -> Outcome<Work> {
    // Every side has printed one before its time begins.
    fs::write(out, print()?)?;
    let (began, processor) = (Instant::now(), processor_time()?);
    let mut documents = 0;
    while began.elapsed() < time {
        black_box(print()?);
        documents += 1;
    }
    Ok(Work {
        documents,
        seconds: processor_time()? - processor,
        peak_kib: memory("VmHWM")?,
    })
}

/// What this thread has had of a core (s). There is no other here.
fn processor_time() -> Outcome<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split_whitespace().next().ok_or("no time")?;
    Ok(nanoseconds.parse::<f64>()? / 1e9)
}

/// A figure of the kernel's about this process (KiB).
pub fn memory(name: &str) -> Outcome<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .and_then(|value| value.split_whitespace().next())
        .ok_or_else(|| format!("no {name}"))?;
    Ok(kib.parse()?)
}
