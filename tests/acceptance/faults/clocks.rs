//! Nodes whose clocks differ.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use api::mail::{NewMail, Outbox, Text, begin};
use domain::application::ApplicationId;
use domain::notice::NoticeKind;
use eventstore::EventLog;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::task::block_in_place;
use uuid::Uuid;

use crate::databases::TestDatabase;
use crate::mail::smtp::{Manner, SmtpServer};
use crate::service::{FOURTH, Process};

/// What is laid before the C library so that a process believes it is ten minutes later.
const AHEAD: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");
    int told = real(clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec += 600;
    return told;
}
"#;

fn library_that_is_ahead(directory: &Path) -> String {
    let (source, library) = (directory.join("ahead.c"), directory.join("ahead.so"));
    std::fs::write(&source, AHEAD).unwrap();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .output()
        .unwrap();
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    library.display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_one_node_is_sending_is_not_sent_by_another_whose_clock_is_ten_minutes_ahead() {
    let database = TestDatabase::postgres().await;
    let log = EventLog::new(database.database.clone());
    begin(&log).await.unwrap();
    let server = SmtpServer::start();
    server.will(&[Manner::TakesInSilence]);
    let smtp = server.url();
    let settings = [
        ("SHINSEI_SMTP_URL", smtp.as_str()),
        ("SHINSEI_MAIL_FROM", "事務局 <shinsei@example.jp>"),
    ];
    let first =
        block_in_place(|| Process::start_with(&database.url, Process::free_address(), &settings));
    let mail = NewMail {
        id: Uuid::new_v4(),
        application: ApplicationId::parse(&format!("{FOURTH}.9000001")).unwrap(),
        kind: NoticeKind::Applied,
        sequence: Some(1),
        template_version: 0,
        text: Text {
            subject: "お知らせ".to_owned(),
            body: "一度だけ".to_owned(),
        },
        held: None,
        created_at: Timestamp::now(),
        again: None,
    };
    assert!(Outbox::new(log).put(&mail).await.unwrap());
    // The first node has said everything and waits for the server's word.
    assert_eq!(server.taken_at_last(1).len(), 1);

    let directory = TempDir::new().unwrap();
    let ahead = library_that_is_ahead(directory.path());
    let mut settings = settings.to_vec();
    settings.push(("LD_PRELOAD", &ahead));
    let second =
        block_in_place(|| Process::start_with(&database.url, Process::free_address(), &settings));
    // It looks every two seconds.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(server.taken().len(), 1, "sent twice");
    first.kill();
    second.kill();
    database.remove().await;
}
