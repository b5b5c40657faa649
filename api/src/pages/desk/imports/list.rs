//! 取込履歴, and the forms by which a file comes.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::super::{
        frame::{Frame, Notice},
        rendered, see,
        upload::Uploaded,
    },
    super::{frame, sentences, who},
    ADDRESS, Answer, began, of_run, what,
};
use crate::{
    access::Identity,
    app::App,
    imports::{Journal, Kind, PendingFile, PendingFiles, check_file},
    problem::{self, Problem},
    routes::imports::{unkept, unusable},
};

/// Runs on a page.
const RUNS: i64 = 50;

#[derive(Template)]
#[template(path = "desk/imports/list.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    key: Uuid,
    forms: Vec<Form>,
    runs: Vec<Run>,
    newer: Option<String>,
    older: Option<String>,
}

struct Form {
    word: &'static str,
    title: &'static str,
    columns: Vec<String>,
}

struct Run {
    href: String,
    began: String,
    title: &'static str,
    what: &'static str,
    who: String,
    state: &'static str,
    cut: bool,
    rows: i64,
    recorded: i64,
    unchanged: i64,
    reported: i64,
}

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    page: Option<u32>,
}

fn form(kind: Kind) -> Form {
    let optional = kind.optional_columns();
    Form {
        word: kind.word(),
        title: kind.title(),
        columns: kind
            .columns()
            .iter()
            .map(|column| {
                if optional.contains(column) {
                    format!("{column}（省略可）")
                } else {
                    (*column).to_owned()
                }
            })
            .collect(),
    }
}

async fn page(
    app: &App,
    identity: &Identity,
    number: u32,
    (notices, status): (Vec<Notice>, StatusCode),
) -> Answer {
    let journal = Journal::new(app.service().log.clone());
    let offset = i64::from(number.saturating_sub(1)).saturating_mul(RUNS);
    let mut runs = journal
        .list((offset, RUNS + 1), Timestamp::now())
        .await
        .map_err(|error| unkept(&error))?;
    let shown = usize::try_from(RUNS).unwrap_or(usize::MAX);
    let more = runs.len() > shown;
    runs.truncate(shown);
    let mut frame = frame(app, identity, "取込", Vec::new());
    frame.wrong = status.is_client_error();
    let page = Page {
        frame,
        notices,
        key: Uuid::new_v4(),
        forms: Kind::ALL.into_iter().map(form).collect(),
        runs: runs
            .into_iter()
            .map(|record| Run {
                href: of_run(record.id),
                began: began(&record),
                title: record.kind.title(),
                what: what(&record),
                who: who(&record.actor),
                state: record.state.label(),
                cut: record.state == crate::imports::ImportState::Cut,
                rows: record.rows,
                recorded: record.recorded,
                unchanged: record.unchanged,
                reported: record.reported,
            })
            .collect(),
        newer: (number > 1).then(|| format!("{ADDRESS}?page={}", number - 1)),
        older: more.then(|| format!("{ADDRESS}?page={}", number.saturating_add(1))),
    };
    Ok(rendered(&page, status))
}

/// 取込履歴
pub(super) async fn list(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Answer {
    let number = asked.page.unwrap_or(1).max(1);
    page(&app, &identity, number, (Vec::new(), StatusCode::OK)).await
}

/// A file comes: it is kept for the look at what it would do.
pub(super) async fn upload(
    State(app): State<App>,
    Path(kind): Path<String>,
    uploaded: Uploaded,
) -> Result<Response, Problem> {
    let kind = Kind::parse(&kind).ok_or(Problem::new(problem::Kind::NotFound))?;
    let Uploaded { posted, file } = uploaded;
    if let Err(error) = check_file(kind, &file) {
        let problem = unusable(&error);
        let status = problem.kind().status();
        return page(&app, &posted.identity, 1, (sentences(&problem), status)).await;
    }
    let id = posted.call().command_id;
    let pending = PendingFile {
        kind,
        file: file.to_vec(),
    };
    PendingFiles::new(app.service().log.clone())
        .keep(id, posted.identity.actor(), &pending, Timestamp::now())
        .await
        .map_err(|error| unkept(&error))?;
    Ok(see(&format!("{ADDRESS}/pending/{id}")))
}
