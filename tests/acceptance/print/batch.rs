//! `shinsei print` beside a running service.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Output, Stdio};

use tempfile::TempDir;

use super::{Paper, fill_in, pdf};
use crate::databases::{Content, TestDatabase};
use crate::patience::until_blocking;
use crate::service::{Applicant, FOURTH, TestService, each_demonstration, files, shinsei};

fn print(database: &TestDatabase, out: &Path, more: &[&str]) -> std::process::Command {
    let mut command = shinsei(&database.url);
    command
        .args(["print", "--program", FOURTH, "--out"])
        .arg(out)
        .args(more)
        .env("SHINSEI_DEMO", "true");
    command
}

#[track_caller]
fn said(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Name and content of each file, hidden ones too.
fn files_in(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|file| {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            (name, std::fs::read(file.path()).unwrap())
        })
        .collect()
}

/// Members like 臨床 瘍子, each with an application that is filled in.
fn applicants(service: &TestService, count: usize) -> Vec<Applicant> {
    let numbers: Vec<String> = (0..count).map(|at| (8_000_001 + at).to_string()).collect();
    files::members_like_yoko(&service.secretariat(), &numbers);
    numbers
        .iter()
        .map(|number| {
            let applicant = service.applicant(number, FOURTH, "documents_only");
            fill_in(&applicant);
            applicant
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_prints_what_a_download_is_and_nothing_twice() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let all = applicants(&service, 4);
        all[0].submit().ok();
        all[1].submit().ok();
        all[2].person.post(&all[2].path("/withdrawal")).send().ok();
        let directory = TempDir::new().unwrap();
        let out = directory.path().join("printed");

        let first = print(database, &out, &["--final-only"]).output().unwrap();
        assert_eq!(
            said(&first),
            "申請書 2 件を書き出しました（書き出し済み 0 件、対象外 2 件、失敗 0 件）。\n"
        );
        let first = print(database, &out, &[]).output().unwrap();
        assert_eq!(
            said(&first),
            "申請書 1 件を書き出しました（書き出し済み 2 件、対象外 1 件、失敗 0 件）。\n"
        );
        let printed = files_in(&out);
        let name = "8000001_本紙1_専門医更新申請書_0500026_20260603.pdf";
        assert_eq!(printed.len(), 3, "{:?}", printed.keys());
        assert_eq!(printed[name], pdf(&all[0], "").bytes);
        let provisional = printed.keys().find(|name| name.starts_with("8000004_仮"));
        let provisional = Paper::of(&out.join(provisional.unwrap()));
        assert!(provisional.squeezed().contains("申請未完了"));

        // A draft that has changed takes the place of the one before; what has not is left alone.
        let profile = serde_json::json!({ "text": "書き直しました。" });
        all[3].save("profile", &profile).ok();
        let again = print(database, &out, &[]).output().unwrap();
        assert!(said(&again).starts_with("申請書 1 件を書き出しました（書き出し済み 2 件"));
        let changed = files_in(&out);
        assert_eq!(changed.len(), 3);
        assert_eq!(changed[name], printed[name]);
        assert_eq!(
            changed
                .keys()
                .filter(|name| !printed.contains_key(*name))
                .count(),
            1
        );
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_killed_goes_on_where_it_was() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let all = applicants(&service, 12);
    for applicant in &all {
        applicant.submit().ok();
    }
    let directory = TempDir::new().unwrap();
    let out = directory.path().join("printed");
    let mut child = print(&database, &out, &[])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    kill_after_the_first_file(&mut child, &out);
    let whole = |name: &&String| !name.starts_with('.');
    let before = files_in(&out);
    for name in before.keys().filter(whole) {
        Paper::of(&out.join(name)).check();
    }
    let output = print(&database, &out, &[]).output().unwrap();
    assert!(said(&output).contains("失敗 0 件"), "{output:?}");
    let after = files_in(&out);
    assert_eq!(after.keys().filter(whole).count(), all.len());
    assert_eq!(
        after.len(),
        all.len(),
        "nothing unfinished is left: {:?}",
        after.keys()
    );
    for (name, bytes) in before.iter().filter(|(name, _)| whole(name)) {
        assert_eq!(after[name], *bytes, "{name} was made again");
    }
    service.stop().await;
}

fn kill_after_the_first_file(child: &mut Child, out: &Path) {
    until_blocking("something is printed", || {
        std::fs::read_dir(out).is_ok_and(|mut files| files.next().is_some())
    });
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_cannot_begin_says_why_and_writes_nothing() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let directory = TempDir::new().unwrap();
    let mut unknown = shinsei(&database.url);
    unknown
        .args(["print", "--program", "nothing-2026", "--out"])
        .arg(directory.path());
    let unknown = unknown.output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("there is no program nothing-2026"));
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let blocked = print(&database, &file, &[]).output().unwrap();
    assert_eq!(blocked.status.code(), Some(2), "{blocked:?}");
    service.stop().await;
}
