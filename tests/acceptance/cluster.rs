//! A PostgreSQL server of one test's own, to be crashed, stopped and followed.

#![expect(
    clippy::unwrap_used,
    reason = "a harness whose set-up fails has nothing better to do than to say where"
)]

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// A server, with what `ops/postgres` does to one; removed when dropped.
pub struct Cluster {
    directory: PathBuf,
    /// Its administrator's address.
    pub url: String,
}

impl Cluster {
    /// A fresh one.
    pub fn start() -> Self {
        Self::made(&["start"])
    }

    /// A physical replica of a server.
    pub fn following(primary: &Self) -> Self {
        Self::made(&["follow", &primary.url])
    }

    fn made(how: &[&str]) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = format!("/var/tmp/shinsei-cluster-{}-{number}", std::process::id());
        Self::made_in(directory.into(), how)
    }

    /// A fresh one in a directory that the server's user can reach.
    pub fn start_in(directory: PathBuf) -> Self {
        Self::made_in(directory, &["start"])
    }

    fn made_in(directory: PathBuf, how: &[&str]) -> Self {
        let mut cluster = Self {
            directory,
            url: String::new(),
        };
        cluster.url = cluster.control(how);
        cluster
    }

    fn control(&self, what: &[&str]) -> String {
        let control = std::env::var("SHINSEI_TEST_POSTGRES_CONTROL").unwrap_or_else(|_| {
            panic!(
                "SHINSEI_TEST_POSTGRES_CONTROL is not set: this test needs a PostgreSQL server of its own. Run it by `ops/test`, \
                 or by `ops/postgres run -- cargo test`."
            )
        });
        let output = Command::new(control)
            .arg("--dir")
            .arg(&self.directory)
            .args(what)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{what:?}: {told}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// As a power cut would.
    pub fn crash(&self) {
        self.control(&["crash"]);
    }

    /// In an orderly way.
    pub fn stop(&self) {
        self.control(&["stop"]);
    }

    /// At the same address.
    pub fn restart(&self) {
        assert_eq!(self.control(&["start"]), self.url);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.control(&["remove"]);
    }
}
