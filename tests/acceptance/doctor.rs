//! `shinsei doctor` on databases as they are found.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use eventstore::Database;
use sqlx::Executor as _;

use crate::databases::{TestDatabase, each_database};
use crate::service::{TestService, each_demonstration, shinsei};

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
            "deciding",
            "logging",
            "durability",
            "guards",
            "members",
            "keys",
        ] {
            assert!(line(&said, sound).starts_with("ok"), "{said}");
        }
        match &database.database {
            // Whatever its mode was before: who opens it makes it the owner's own.
            Database::Sqlite(_) => assert!(line(&said, "file").starts_with("ok"), "{said}"),
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
async fn who_decides_alone_is_said() {
    let database = TestDatabase::sqlite().await;
    let (_, said) = examined(&database, &["--sole-decider", "tanaka"]);
    let told = line(&said, "deciding");
    assert!(told.starts_with("LOOK"), "{said}");
    assert!(
        told.contains("tanaka decides alone (SHINSEI_SOLE_DECIDER)"),
        "{said}"
    );
    let (_, said) = examined(&database, &["--sole-decider", "secretariat:tanaka"]);
    assert_eq!(line(&said, "deciding"), told);
}

#[test]
fn a_sole_decider_that_names_no_account_of_the_secretariat_is_refused_at_the_start() {
    for nobody in ["reporter:tanaka", "client:nightly", "田中"] {
        let (code, said) = started(&[("SHINSEI_SOLE_DECIDER", nobody)]);
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains("names no account of the secretariat"),
            "{said}"
        );
    }
}

/// What a start says with these settings, and how it ends: a path that is no database, so that nothing serves.
fn started(settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = shinsei("sqlite:/nowhere/at/all.db")
        .arg("doctor")
        .env_remove("SHINSEI_ANCHORS")
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said)
}

/// The settings are understood: what is refused is the database.
fn understood(settings: &[(&str, &str)]) {
    let (code, said) = started(settings);
    assert_eq!(code, Some(2), "{settings:?}: {said}");
    assert!(
        said.starts_with("shinsei: ") && !said.contains("SHINSEI_"),
        "{settings:?}: {said}"
    );
}

/// c16: off is off in every word for it, empty is absent, and what means nothing is named with what would.
#[test]
fn settings_are_on_or_off_by_the_same_words_and_empty_ones_are_absent() {
    for off in ["false", "0", "no", "off", "FALSE", "Off", "", " "] {
        understood(&[("SHINSEI_DEMO", off), ("SHINSEI_PRODUCTION", "true")]);
        understood(&[("SHINSEI_DEMO", "yes"), ("SHINSEI_PRODUCTION", off)]);
        understood(&[("SHINSEI_DEMO", off), ("SHINSEI_PRODUCTION", off)]);
    }
    // As a file of settings lists them that has no values yet.
    let every = [
        "SHINSEI_DATABASE_URL_FILE",
        "SHINSEI_REPORTING_DATABASE_URL",
        "SHINSEI_REPORTING_DATABASE_URL_FILE",
        "SHINSEI_PUBLIC_URL",
        "SHINSEI_OIDC",
        "SHINSEI_HANDOVER_KEY_FILE",
        "SHINSEI_SESSION_IDLE_MINUTES",
        "SHINSEI_SESSION_HOURS",
        "SHINSEI_LISTEN",
        "SHINSEI_TRUSTED_PROXIES",
        "SHINSEI_STOP_DELAY",
        "SHINSEI_RATE_ACCOUNT",
        "SHINSEI_RATE_ADDRESS",
        "SHINSEI_SMTP_URL",
        "SHINSEI_SMTP_URL_FILE",
        "SHINSEI_MAIL_FROM",
        "SHINSEI_MAIL_FOLDER",
        "SHINSEI_DECISIONS_A_DAY",
        "SHINSEI_SOLE_DECIDER",
        "SHINSEI_PROGRAMS",
        "SHINSEI_ANCHORS",
        "SHINSEI_KEYS",
        "SHINSEI_LOG",
        "SHINSEI_LOG_FORMAT",
        "SHINSEI_PRODUCTION",
        "SHINSEI_DEMO",
    ];
    understood(&every.map(|setting| (setting, "")));
    for setting in every {
        understood(&[(setting, "")]);
    }

    for (setting, value, allowed) in [
        (
            "SHINSEI_DEMO",
            "maybe",
            "true, 1, yes, on and false, 0, no, off",
        ),
        (
            "SHINSEI_PRODUCTION",
            "ja",
            "true, 1, yes, on and false, 0, no, off",
        ),
        ("SHINSEI_STOP_DELAY", "90", "0..=30"),
        ("SHINSEI_SESSION_HOURS", "zwölf", "1..=168"),
        ("SHINSEI_SESSION_IDLE_MINUTES", "0", "1..=1440"),
        ("SHINSEI_DECISIONS_A_DAY", "0", "1..=1000000"),
        ("SHINSEI_TRUSTED_PROXIES", "999999999999", "0..=16"),
        ("SHINSEI_RATE_ADDRESS", "-1", "0..=1000000"),
        ("SHINSEI_LOG_FORMAT", "xml", "json"),
        (
            "SHINSEI_LOG",
            "verbose",
            "error, warn, info, debug, trace, off",
        ),
        ("SHINSEI_LISTEN", "8080", "socket address"),
        ("SHINSEI_LISTEN", "localhost:8080", "127.0.0.1:8080"),
        (
            "SHINSEI_ANCHORS",
            "オフ",
            "true, 1, yes, on and false, 0, no, off",
        ),
        ("SHINSEI_SOLE_DECIDER", "staff/", "issuer/subject"),
    ] {
        let (code, said) = started(&[(setting, value)]);
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains(setting) && said.contains(value) && said.contains(allowed),
            "{setting}: {said}"
        );
    }
    let (code, said) = started(&[("SHINSEI_DEMO", "on"), ("SHINSEI_PRODUCTION", "1")]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("SHINSEI_DEMO and SHINSEI_PRODUCTION"),
        "{said}"
    );
}

#[test]
fn blanks_around_a_value_are_taken_off_and_a_wrong_flag_is_named_and_no_variable() {
    // Nobody sees the blanks at the end of a line of a file of settings.
    understood(&[
        ("SHINSEI_SESSION_HOURS", " 12 "),
        ("SHINSEI_SESSION_IDLE_MINUTES", "30\t"),
        ("SHINSEI_STOP_DELAY", " 5"),
        ("SHINSEI_RATE_ACCOUNT", " 600 "),
        ("SHINSEI_LISTEN", " 127.0.0.1:8080 "),
        ("SHINSEI_LOG", " info , sqlx=warn "),
        ("SHINSEI_LOG_FORMAT", " json "),
    ]);
    // A flag that is wrong is no fault of the variable in whose place it stands.
    let output = shinsei("sqlite:/nowhere/at/all.db")
        .args(["doctor", "--listen", "x"])
        .env("SHINSEI_LISTEN", "127.0.0.1:8080")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("--listen") && !said.contains("SHINSEI_LISTEN:"),
        "{said}"
    );
}

/// Whether a start with these settings is refused in words that hold this and no password, before a database is made.
#[track_caller]
fn refused_at_the_start(settings: &[(&str, &str)], named: &str) {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("x.db");
    let output = shinsei(&format!("sqlite:{}", database.display()))
        .arg("serve")
        .env("SHINSEI_LISTEN", "127.0.0.1:0")
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{settings:?}: {said}");
    assert!(said.contains(named), "{settings:?}: {said}");
    assert!(!said.contains("geheim"), "{settings:?}: {said}");
    assert!(!database.exists(), "{settings:?}");
}

const PUBLIC: (&str, &str) = ("SHINSEI_PUBLIC_URL", "https://shinsei.example.jp");

/// c16: what can mean nothing is refused before anything is opened, by the name of its variable and with no password.
#[test]
fn what_can_mean_nothing_is_refused_at_the_start_by_its_name() {
    let smtp = |url: &'static str| vec![("SHINSEI_SMTP_URL", url)];
    let from = ("SHINSEI_MAIL_FROM", "shinsei@example.jp");
    for (settings, named) in [
        (
            vec![("SHINSEI_DATABASE_URL", "mysql://u:geheim@h/d")],
            "SHINSEI_DATABASE_URL",
        ),
        (
            vec![("SHINSEI_DATABASE_URL", "s.db")],
            "SHINSEI_DATABASE_URL",
        ),
        (
            vec![("SHINSEI_PUBLIC_URL", "https://u:geheim@shinsei.example.jp")],
            "SHINSEI_PUBLIC_URL",
        ),
        (
            vec![("SHINSEI_PUBLIC_URL", "https://shinsei.example.jp:99999")],
            "SHINSEI_PUBLIC_URL",
        ),
        (
            vec![("SHINSEI_PUBLIC_URL", "https://shinsei.example.jp:")],
            "SHINSEI_PUBLIC_URL",
        ),
        (
            smtp("smtps://u:geheim@mail.example.jp:0"),
            "SHINSEI_SMTP_URL: the mail server",
        ),
        (smtp("http://x"), "SHINSEI_SMTP_URL: the mail server"),
        (
            smtp("smtps://u:geheim@mail.example.jp"),
            "SHINSEI_MAIL_FROM",
        ),
        (
            vec![
                ("SHINSEI_SMTP_URL", "smtp://u:geheim@mail.example.jp"),
                from,
            ],
            "in the clear",
        ),
        (vec![("SHINSEI_MAIL_FROM", "事務局")], "SHINSEI_MAIL_FROM"),
        (
            vec![("SHINSEI_MAIL_FOLDER", "/etc/passwd")],
            "SHINSEI_MAIL_FOLDER",
        ),
        (
            vec![("SHINSEI_MAIL_FOLDER", "/proc/x")],
            "SHINSEI_MAIL_FOLDER",
        ),
        (vec![("SHINSEI_ANCHORS", "/proc/x")], "SHINSEI_ANCHORS"),
        (vec![("SHINSEI_SOLE_DECIDER", "no")], "SHINSEI_SOLE_DECIDER"),
        (
            vec![PUBLIC, ("SHINSEI_SOLE_DECIDER", "staff")],
            "SHINSEI_SOLE_DECIDER",
        ),
    ] {
        refused_at_the_start(&settings, named);
    }
}

#[test]
fn a_file_of_settings_that_means_nothing_is_refused_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = directory.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let issuer = "[issuers.staff]\nlabel = \"L\"\nissuer = \"https://id.example.jp\"\nclient_id = \"s\"\nroles_claim = \"r\"\n";
    let roles = "[issuers.staff.roles]\nx = [\"secretariat:decide\"]\n";
    let staff = file("staff.toml", &format!("{issuer}{roles}"));
    let no_roles = file("no-roles.toml", issuer);
    let no_issuer = file("no-issuer.toml", "[issuers]\n");
    let comment = file("keys", "# comment of the member site key here\n");
    let nothing = directory.path().join("nothing");
    std::fs::create_dir(&nothing).unwrap();
    let nothing = nothing.display().to_string();
    for (settings, named) in [
        (
            vec![
                PUBLIC,
                ("SHINSEI_OIDC", &staff),
                ("SHINSEI_SOLE_DECIDER", "stuff/x"),
            ],
            "staff/…",
        ),
        (
            vec![PUBLIC, ("SHINSEI_OIDC", &no_roles)],
            "roles_claim needs a table roles",
        ),
        (
            vec![PUBLIC, ("SHINSEI_OIDC", &no_issuer)],
            "it names no issuer",
        ),
        (
            vec![("SHINSEI_HANDOVER_KEY_FILE", &comment)],
            "SHINSEI_HANDOVER_KEY_FILE",
        ),
        (
            vec![("SHINSEI_PROGRAMS", &nothing)],
            "there is no file of a program",
        ),
    ] {
        refused_at_the_start(&settings, named);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guards_that_somebody_removed_and_members_of_the_demonstration_are_found() {
    each_demonstration(async |database| {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_key_production_does_not_start_and_says_what_to_do() {
    each_database(async |database| {
        let nowhere = tempfile::tempdir().unwrap();
        let keys = nowhere.path().join("keys");
        let run = |arguments: &[&str]| {
            let mut command = shinsei(&database.url);
            command.args(arguments).env("SHINSEI_KEYS", &keys);
            command.env("SHINSEI_PRODUCTION", "true");
            let output = command.output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            (output.status.code(), String::from_utf8(said).unwrap())
        };
        for arguments in [&["serve"][..], &["token", "list"]] {
            let (code, said) = run(arguments);
            assert_eq!(code, Some(2), "{said}");
            assert!(
                said.contains("SHINSEI_KEYS") && said.contains("shinsei new-key"),
                "{said}"
            );
        }
        let (_, said) = run(&["doctor"]);
        assert!(line(&said, "keys").starts_with("UNSAFE"), "{said}");
        let (code, said) = run(&["new-key"]);
        assert!(code == Some(0) && said.contains("0001.key"), "{said}");
        let (code, said) = run(&["token", "list"]);
        assert_eq!(code, Some(0), "{said}");
        let (_, said) = run(&["doctor"]);
        assert!(line(&said, "keys").starts_with("ok"), "{said}");
    })
    .await;
}
