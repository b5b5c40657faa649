//! 取込履歴, and the forms by which a file comes.

use askama::Template;
use axum::{
    extract::{Query, State},
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
    ADDRESS, Answer, ONLY_OF_THE_FILE, began, form_of, of_run, what,
};
use crate::{
    access::Identity,
    app::App,
    imports::{Journal, Kind, PendingFile, PendingFiles, check_file},
    problem::Problem,
    routes::imports::{kinds_of, rows_told, sees_members, unkept, unusable},
};

/// Runs on a page.
const RUNS: i64 = 50;

#[derive(Template)]
#[template(path = "desk/imports/list.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    left_out: Option<&'static str>,
    key: Uuid,
    forms: Vec<Form>,
    runs: Vec<Run>,
    newer: Option<String>,
    older: Option<String>,
}

struct Form {
    address: &'static str,
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
    rows: String,
    recorded: String,
    unchanged: String,
    reported: String,
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
        address: form_of(kind),
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
    let kinds = kinds_of(identity);
    let sees_members = sees_members(identity);
    let told =
        |count: Option<i64>| count.map_or_else(|| "－".to_owned(), |count| count.to_string());
    let known = |count: i64| told(Some(count).filter(|_| sees_members));
    let journal = Journal::new(app.service().log.clone());
    let offset = i64::from(number.saturating_sub(1)).saturating_mul(RUNS);
    let runs = async {
        let now = journal.now().await?;
        journal.list(&kinds, (offset, RUNS + 1), now).await
    };
    let mut runs = runs.await.map_err(|error| unkept(&error))?;
    let shown = usize::try_from(RUNS).unwrap_or(usize::MAX);
    let more = runs.len() > shown;
    runs.truncate(shown);
    let mut frame = frame(app, identity, "取込", Vec::new());
    frame.wrong = status.is_client_error();
    let page = Page {
        frame,
        notices,
        left_out: (!sees_members).then_some(ONLY_OF_THE_FILE),
        key: Uuid::new_v4(),
        forms: kinds.into_iter().map(form).collect(),
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
                rows: told(rows_told(sees_members, &record)),
                recorded: known(record.recorded),
                unchanged: known(record.unchanged),
                reported: known(record.reported),
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
    kind: Kind,
    State(app): State<App>,
    uploaded: Uploaded,
) -> Result<Response, Problem> {
    let Uploaded {
        posted,
        file,
        named,
    } = uploaded;
    if let Err(error) = check_file(kind, &file, named) {
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
