//! A certified OpenID Connect provider in a process of its own (`tests/oidc-provider`).

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::service::Process;

/// The provider, killed when dropped.
pub struct Provider {
    child: Child,
    /// Its address.
    pub issuer: String,
}

/// Where the provider and its packages lie: beside the tests' own binaries, installed once from the lock file.
fn installed() -> &'static Path {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc-provider");
        let test = std::env::current_exe().unwrap();
        let place = test.ancestors().nth(3).unwrap().join("oidc-provider");
        std::fs::create_dir_all(&place).unwrap();
        let lock = std::fs::read(source.join("package-lock.json")).unwrap();
        let installed = std::fs::read(place.join("installed-lock.json")).ok();
        for file in ["package.json", "package-lock.json", "server.mjs"] {
            std::fs::copy(source.join(file), place.join(file)).unwrap();
        }
        if installed.as_ref() != Some(&lock) {
            let outcome = Command::new("npm")
                .args(["ci", "--no-audit", "--no-fund", "--silent"])
                .current_dir(&place)
                .status()
                .unwrap_or_else(|error| panic!("npm: {error} (apt-get install nodejs npm)"));
            assert!(
                outcome.success(),
                "the provider's packages can not be installed"
            );
            std::fs::write(place.join("installed-lock.json"), lock).unwrap();
        }
        place
    })
}

impl Provider {
    /// Starts it; people come back to an address of the service.
    pub fn start(redirect: &str) -> Self {
        Self::saying(redirect, "token")
    }

    /// The same, with the society's claims at `UserInfo` alone.
    pub fn with_user_info_alone(redirect: &str) -> Self {
        Self::saying(redirect, "userinfo")
    }

    fn saying(redirect: &str, place: &str) -> Self {
        let address = Process::free_address();
        let mut child = Command::new("node")
            .arg("server.mjs")
            .arg(address.port().to_string())
            .arg(redirect)
            .arg(place)
            .current_dir(installed())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("node: {error} (apt-get install nodejs npm)"));
        let out = child.stdout.take().unwrap();
        let mut lines = BufReader::new(out).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "ready");
        // It goes on talking, and ends when nobody listens.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            issuer: format!("http://{address}"),
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
