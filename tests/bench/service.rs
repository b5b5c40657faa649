//! The service itself: how much memory it takes while nobody asks, and how soon it answers after a start.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::figures::{Series, ms, number};
use crate::report::{Finding, Goal, Table};
use crate::{Outcome, ROUNDS, places};

/// How long it is left alone before its memory is looked at.
const IDLE: Duration = Duration::from_secs(5);

const PATIENCE: Duration = Duration::from_secs(30);

/// The address that says "ready", and the one that a person opens.
const ADDRESSES: [&str; 2] = ["/readyz", "/"];

/// `shinsei serve` on a file; killed when dropped.
pub struct Service {
    child: Child,
    port: u16,
    started: Instant,
}

impl Service {
    fn start(binary: &Path, directory: &Path) -> Outcome<Self> {
        Self::start_on(binary, directory, &directory.join("shinsei.db"))
    }

    /// On a file that lies elsewhere. What it says of itself, one JSON object a line, is in the file `log` of the directory.
    pub fn start_on(binary: &Path, directory: &Path, database: &Path) -> Outcome<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = File::create(directory.join("log"))?;
        let mut command = Command::new(binary);
        command
            .arg("serve")
            .env(
                "SHINSEI_DATABASE_URL",
                format!("sqlite://{}", database.display()),
            )
            .env("SHINSEI_MAIL_FOLDER", directory.join("mail"))
            .env("SHINSEI_LISTEN", format!("127.0.0.1:{port}"))
            .env("SHINSEI_LOG_FORMAT", "json")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let started = Instant::now();
        Ok(Self {
            child: command.spawn()?,
            port,
            started,
        })
    }

    /// Time from the start until the address is answered with 200.
    pub fn answers(&mut self, address: &str) -> Outcome<Duration> {
        loop {
            if self
                .get(address)
                .unwrap_or_default()
                .starts_with(b"HTTP/1.1 200")
            {
                return Ok(self.started.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the service ended: {status}").into());
            }
            if self.started.elapsed() > PATIENCE {
                return Err(format!("the service does not answer {address}").into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    fn get(&self, address: &str) -> std::io::Result<Vec<u8>> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        connection.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(
            connection,
            "GET {address} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
            self.port
        )?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer)?;
        Ok(answer)
    }

    /// A figure of the kernel's about the process, in MiB.
    fn memory(&self, name: &str) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .and_then(|value| value.split_whitespace().next())
            .ok_or_else(|| format!("no {name}"))?
            .parse()?;
        Ok(kib / 1_024.0)
    }

    /// Ends it as an operator would, and waits. How it ends is not judged here: a test does that.
    pub fn stop(mut self) -> Outcome<()> {
        Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Already ended and waited for, if all went well.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

#[derive(Default)]
struct Figures {
    starts: [Series; ADDRESSES.len()],
    resident: Series,
    greatest: Series,
    first_start: f64,
}

fn rounds(binary: &Path) -> Outcome<Figures> {
    let mut figures = Figures::default();
    let directory = places::directory()?;
    // The first start makes the database and the members of the demonstration.
    let mut first = Service::start(binary, directory.path())?;
    figures.first_start = ms(first.answers("/readyz")?);
    first.stop()?;
    for _ in 0..ROUNDS {
        for (series, address) in figures.starts.iter_mut().zip(ADDRESSES) {
            let mut service = Service::start(binary, directory.path())?;
            series.push(ms(service.answers(address)?));
            if address == "/readyz" {
                std::thread::sleep(IDLE);
                figures.resident.push(service.memory("VmRSS")?);
                figures.greatest.push(service.memory("VmHWM")?);
            }
            service.stop()?;
        }
    }
    Ok(figures)
}

pub async fn measure() -> Outcome<Finding> {
    let binary = PathBuf::from(
        std::env::var_os("SHINSEI_BINARY")
            .ok_or("SHINSEI_BINARY is not set; start this by ops/bench")?,
    );
    let figures = tokio::task::spawn_blocking(move || rounds(&binary)).await??;
    let mut table = Table::new(&["what", "measured"]);
    for (address, series) in ADDRESSES.iter().zip(&figures.starts) {
        table.row([
            format!("start until `{address}` answers 200, existing data, ms"),
            series.show(0),
        ]);
    }
    table.row([
        "first start (makes database, members and views), once, ms".to_owned(),
        number(figures.first_start, 0),
    ]);
    table.row([
        "resident memory at rest, MiB".to_owned(),
        figures.resident.show(1),
    ]);
    table.row([
        "most resident memory until then, MiB".to_owned(),
        figures.greatest.show(1),
    ]);
    let resident = figures.resident.median();
    let mut goals = vec![Goal {
        what: "memory of `shinsei serve` at rest".to_owned(),
        ours: format!("{} MiB", number(resident, 1)),
        peer: "–".to_owned(),
        measured: format!("{} MB", number(resident * 1.048_576, 1)),
        wanted: "< 64 MB",
        met: resident * 1.048_576 < 64.0,
    }];
    for (address, series) in ADDRESSES.iter().zip(&figures.starts) {
        let start = series.median();
        goals.push(Goal {
            what: format!("start until `{address}` answers, existing data"),
            ours: format!("{} ms", number(start, 0)),
            peer: "–".to_owned(),
            measured: format!("{} ms", number(start, 0)),
            wanted: "< 300 ms",
            met: start < 300.0,
        });
    }
    Ok(Finding {
        title: "The service",
        method: format!(
            "`shinsei serve` on an SQLite file with the members of the demonstration. Start: from the process being started until the \
             address is answered with 200, asked again every millisecond. Memory: what the kernel counts as resident {} s \
             after it was ready, nobody asking.",
            IDLE.as_secs()
        ),
        table,
        goals,
    })
}
