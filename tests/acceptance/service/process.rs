//! The service as a process of its own, which can be killed.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::person::Person;
use crate::patience::PATIENCE;

/// `shinsei serve`, killed when dropped.
pub struct Process {
    child: Child,
    log: NamedTempFile,
    address: SocketAddr,
}

impl Process {
    /// A free port on loopback, below those that the kernel hands out for outgoing connections, so that a service that
    /// was killed finds it free when it comes back.
    pub fn free_address() -> SocketAddr {
        let mut tries = (0..200).map(|_| rand::random_range(20_000..32_000_u16));
        let free = tries.find_map(|port| {
            let listener = TcpListener::bind(("127.0.0.1", port)).ok()?;
            listener.local_addr().ok()
        });
        free.expect("a free port on loopback")
    }

    /// Starts the demonstration on a database and waits until it answers.
    pub fn start(database_url: &str, address: SocketAddr) -> Self {
        Self::start_with(database_url, address, &[])
    }

    /// The same with more settings.
    pub fn start_with(database_url: &str, address: SocketAddr, settings: &[(&str, &str)]) -> Self {
        let mut process = Self::spawn(database_url, address, settings);
        process.wait_until_ready();
        process
    }

    /// The same, only until somebody can connect: it is still making the demonstration's members then.
    pub fn start_until_it_listens(database_url: &str, address: SocketAddr) -> Self {
        let process = Self::spawn(database_url, address, &[]);
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(
                began.elapsed() < PATIENCE,
                "the service does not listen\n{}",
                process.said()
            );
        }
        process
    }

    fn spawn(database_url: &str, address: SocketAddr, settings: &[(&str, &str)]) -> Self {
        let log = NamedTempFile::new().unwrap();
        let child = command(database_url)
            .arg("serve")
            .env("SHINSEI_LISTEN", address.to_string())
            .env("SHINSEI_DEMO", "true")
            // What is never to stand in a log is not to stand in the longest one.
            .env("SHINSEI_LOG", "debug")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.reopen().unwrap())
            .stderr(log.reopen().unwrap())
            .spawn()
            .unwrap();
        Self {
            child,
            log,
            address,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn wait_until_ready(&mut self) {
        let began = Instant::now();
        let somebody = Person::nobody(&self.url());
        loop {
            let answer = somebody
                .request(ureq::http::Method::GET, "/healthz")
                .try_send();
            if answer.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the service ended at its start: {status}\n{}", self.said());
            }
            assert!(
                began.elapsed() < PATIENCE,
                "the service does not answer\n{}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it wrote to its log.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    /// `kill -9`
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert!(!status.success(), "it ended before it was killed: {status}");
    }

    /// `SIGTERM`, and how it ended.
    pub fn terminate(mut self) -> (ExitStatus, String) {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(told.success());
        let status = self.child.wait().unwrap();
        (status, self.said())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already ended and waited for, if all went well.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// The binary, on a database.
pub fn command(database_url: &str) -> Command {
    let mut command = Command::new(crate::binary::shinsei());
    command.env("SHINSEI_DATABASE_URL", database_url);
    // Tests of PostgreSQL would share one file, and leave it in the source.
    command.env("SHINSEI_ANCHORS", "off");
    // A second process knows whom the first has let in; the key is there before any of them asks.
    super::keys();
    command.env("SHINSEI_KEYS", super::keys_directory());
    // Not into the working directory, where nobody would clear them away.
    command.env(
        "SHINSEI_MAIL_FOLDER",
        std::env::temp_dir().join("shinsei-test-mail"),
    );
    command
}
