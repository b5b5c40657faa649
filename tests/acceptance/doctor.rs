//! `shinsei doctor` on databases as they are found.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use eventstore::Database;
use sqlx::Executor as _;

use crate::databases::{TestDatabase, each_database};
use crate::service::{TestService, shinsei};

fn examined(database: &TestDatabase, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = shinsei(&database.url);
    command
        .arg("doctor")
        .args(arguments)
        .env("SHINSEI_PRODUCTION", "true")
        .env("SHINSEI_TRUSTED_PROXIES", "1");
    let Output { status, stdout, .. } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap())
}

#[track_caller]
fn line<'a>(said: &'a str, subject: &str) -> &'a str {
    let line = said
        .lines()
        .find(|line| line[7..].starts_with(&format!("{subject}:")));
    line.unwrap_or_else(|| panic!("nothing about {subject} in\n{said}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_up_is_looked_at_and_what_is_unsafe_is_named() {
    each_database(async |database| {
        let (_, said) = examined(database, &[]);
        for sound in [
            "mode",
            "network",
            "rates",
            "secrets",
            "logging",
            "durability",
            "guards",
            "members",
        ] {
            assert!(line(&said, sound).starts_with("ok"), "{said}");
        }
        match &database.database {
            Database::Sqlite(_) => assert!(line(&said, "file").starts_with("UNSAFE"), "{said}"),
            Database::Postgres(_) => {
                // The tests' role is a superuser, and over loopback nothing is encrypted.
                assert!(line(&said, "role").starts_with("UNSAFE"), "{said}");
                assert!(line(&said, "connection").starts_with("LOOK"), "{said}");
                assert!(line(&said, "clock").starts_with("ok"), "{said}");
            }
        }
        let (code, said) = examined(
            database,
            &[
                "--listen",
                "0.0.0.0:8080",
                "--log",
                "sqlx=debug",
                "--rate-account",
                "0",
            ],
        );
        assert_eq!(code, Some(1));
        for doubtful in ["network", "rates", "logging"] {
            assert!(line(&said, doubtful).starts_with("LOOK"), "{said}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guards_that_somebody_removed_and_members_of_the_demonstration_are_found() {
    each_database(async |database| {
        TestService::on(database).await.stop().await;
        match &database.database {
            Database::Sqlite(pool) => {
                let names: Vec<(String,)> = sqlx::query_as(
                    "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'events'",
                )
                .fetch_all(pool)
                .await
                .unwrap();
                for (name,) in names {
                    pool.execute(format!("DROP TRIGGER {name}").as_str())
                        .await
                        .unwrap();
                }
            }
            Database::Postgres(pool) => {
                pool.execute("ALTER TABLE events DISABLE TRIGGER ALL")
                    .await
                    .unwrap();
            }
        }
        let (code, said) = examined(database, &[]);
        assert_eq!(code, Some(1));
        let guards = line(&said, "guards");
        assert!(
            guards.starts_with("UNSAFE") && guards.contains("events"),
            "{said}"
        );
        assert!(line(&said, "members").starts_with("LOOK"), "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_taken_from_a_file_and_is_told_when_it_is_on_the_command_line() {
    let database = TestDatabase::sqlite().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{}\n", database.url)).unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut command = shinsei("");
    command
        .arg("doctor")
        .env_remove("SHINSEI_DATABASE_URL")
        .env("SHINSEI_DATABASE_URL_FILE", file.path())
        .env("SHINSEI_PRODUCTION", "true");
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let secrets: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("secrets:"))
        .collect();
    assert!(
        secrets[0].starts_with("ok") && secrets[1].starts_with("UNSAFE"),
        "{said}"
    );

    let mut command = shinsei("");
    command.env_remove("SHINSEI_DATABASE_URL").args([
        "doctor",
        "--database-url",
        "mysql://u:geheim@127.0.0.1/d",
    ]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("geheim"), "{said}");
    database.remove().await;
}
