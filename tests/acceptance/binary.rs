//! The real `shinsei` binary, for tests that kill it or read its exit code.

#![expect(
    clippy::expect_used,
    reason = "a harness whose set-up fails has nothing better to do than to say where"
)]

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Where it is. Cargo builds the binaries of other packages only when asked to, so the first test that needs it asks: a plain
/// `cargo test` is enough, and never meets a binary older than the code.
pub fn shinsei() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // <target>/debug/deps/acceptance-…
        let test = std::env::current_exe().expect("the path of this test");
        let profile = test
            .ancestors()
            .nth(2)
            .expect("a test lies in <target>/<profile>/deps");
        let target = profile.parent().expect("a profile lies in <target>");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        // Build scripts (that of ring) ask for what cargo sets for this test, and with other values than the last time they and all
        // that needs them would be built anew.
        for (name, _) in std::env::vars_os() {
            let of_this_test = ["CARGO_PKG_", "CARGO_MANIFEST_"];
            if name
                .to_str()
                .is_some_and(|name| of_this_test.iter().any(|of| name.starts_with(of)))
            {
                build.env_remove(name);
            }
        }
        build
            // Of the whole workspace, though nothing else is built: so its dependencies are those of the tests.
            .args(["build", "--quiet", "--workspace", "--bin", "shinsei"])
            .arg("--manifest-path")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
            .arg("--target-dir")
            .arg(target);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let outcome = build.status().expect("cargo runs");
        assert!(outcome.success(), "cargo could not build shinsei");
        profile.join("shinsei")
    })
}
