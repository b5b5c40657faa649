//! Files of long lists: asked for, being made, and there for a day.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use domain::calendar::show_jst_minutes;
use uuid::Uuid;

use super::{
    super::{
        frame::{Crumb, Frame},
        posted::Posted,
        rendered, see,
    },
    frame,
};
use crate::{
    access::Identity,
    app::App,
    exports::{Export, State as JobState},
    problem::{Kind, Problem},
    reports::{asked::AskedList, cell::whole},
    routes::reports as jobs,
    sheets::Format,
};

/// Replaced characters on the page.
const SHOWN: usize = 50;

/// A file as the pages show it.
struct Job {
    address: String,
    title: String,
    format: &'static str,
    state: &'static str,
    running: bool,
    done: bool,
    rows_done: u64,
    rows_total: u64,
    size: Option<String>,
    sentence: Option<String>,
    begun: String,
    expires: String,
    lost: u64,
    losses: Vec<String>,
}

/// `7,340 KB`, at least 1.
fn kilobytes(bytes: u64) -> String {
    let whole = whole(i64::try_from(bytes.div_ceil(1_000)).unwrap_or(i64::MAX));
    format!("{whole} KB")
}

impl From<Export> for Job {
    fn from(export: Export) -> Self {
        Self {
            address: format!("/report-exports/{}", export.id),
            format: export.format.label(),
            state: export.state.label(),
            running: matches!(export.state, JobState::Waiting | JobState::Running),
            done: export.state == JobState::Done,
            rows_done: export.rows_done,
            rows_total: export.rows_total.max(export.rows_done),
            size: export.size.map(kilobytes),
            begun: show_jst_minutes(export.begun_at),
            expires: show_jst_minutes(export.expires_at),
            lost: export.losses.count,
            losses: export
                .losses
                .first
                .iter()
                .take(SHOWN)
                .map(|loss| {
                    format!(
                        "{}行目 {}列目: {}",
                        loss.line,
                        loss.column,
                        loss.what.sentence()
                    )
                })
                .collect(),
            title: export.title,
            sentence: export.sentence,
        }
    }
}

#[derive(Template)]
#[template(path = "reports/exports.html")]
struct All {
    frame: Frame,
    jobs: Vec<Job>,
}

/// The files that one has had made
pub(super) async fn all(State(app): State<App>, identity: Identity) -> Result<Response, Problem> {
    let jobs = jobs::all_own(&app, &identity).await?;
    let page = All {
        frame: frame(
            &app,
            &identity,
            "作成したファイル",
            vec![Crumb::to("集計", "/reports")],
        ),
        jobs: jobs.into_iter().map(Job::from).collect(),
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// ファイルの作成
pub(super) async fn begin(State(app): State<App>, posted: Posted) -> Result<Response, Problem> {
    let format = Format::parse(&posted.fields.text("format"))
        .ok_or_else(|| Problem::saying(Kind::Invalid, "ファイルの形式を選択してください。"))?;
    let asked: AskedList = serde_urlencoded::from_str(&posted.fields.text("query"))
        .map_err(|_| Problem::new(Kind::PageTampered))?;
    let id = posted.new_id();
    let list = posted.fields.text("list");
    jobs::begin(&app, &posted.identity, id, (&list, &asked, format)).await?;
    Ok(see(&format!("/report-exports/{id}")))
}

#[derive(Template)]
#[template(path = "reports/export.html")]
struct One {
    frame: Frame,
    job: Job,
    key: Uuid,
}

/// How far a file has come
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(export): Path<Uuid>,
) -> Result<Response, Problem> {
    let export = jobs::own(&app, &identity, export).await?;
    let page = One {
        frame: frame(
            &app,
            &identity,
            "ファイルの作成",
            vec![
                Crumb::to("集計", "/reports"),
                Crumb::to("作成したファイル", "/report-exports"),
            ],
        ),
        job: Job::from(export),
        key: Uuid::new_v4(),
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// The file
pub(super) async fn file(
    State(app): State<App>,
    identity: Identity,
    Path(export): Path<Uuid>,
) -> Result<Response, Problem> {
    jobs::content(&app, &identity, export).await
}

/// 削除 or 中止
pub(super) async fn remove(
    State(app): State<App>,
    Path(export): Path<Uuid>,
    posted: Posted,
) -> Result<Response, Problem> {
    jobs::remove(&app, &posted.identity, export).await?;
    Ok(see("/report-exports"))
}
