//! 取込: a file is looked at, then exactly it is imported, and what became of every row stays to be read and can be taken back.

mod check;
mod list;
mod run;

use axum::{extract::DefaultBodyLimit, response::Response};
use domain::calendar::show_jst_minutes;

use super::super::{Screen, get, post, screen, upload::UPLOAD_LIMIT};
use crate::{access::Permission, imports::ImportRecord};

/// Where they begin.
const ADDRESS: &str = "/desk/imports";

/// Rows on a page.
const ROWS: usize = 200;

/// Its pages and forms.
pub(super) fn screens() -> Vec<Screen> {
    use Permission::Import;
    let (method, upload) = post(list::upload);
    let upload = upload.layer(DefaultBodyLimit::max(UPLOAD_LIMIT));
    vec![
        screen(Import, ADDRESS, get(list::list)),
        screen(Import, "/desk/imports/{kind}", (method, upload)),
        screen(Import, "/desk/imports/pending/{import}", get(check::show)),
        screen(Import, "/desk/imports/pending/{import}", post(check::take)),
        screen(Import, "/desk/imports/runs/{import}", get(run::show)),
        screen(
            Import,
            "/desk/imports/runs/{import}/rows.csv",
            get(run::export),
        ),
        screen(
            Import,
            "/desk/imports/runs/{import}/retraction",
            post(run::retract),
        ),
    ]
}

/// Where a run is.
fn of_run(id: uuid::Uuid) -> String {
    format!("{ADDRESS}/runs/{id}")
}

/// What a run was, in a word.
fn what(record: &ImportRecord) -> &'static str {
    if record.retracts.is_some() {
        "取消"
    } else if record.dry_run {
        "確認のみ"
    } else {
        "取込"
    }
}

/// When a run began, in Japan.
fn began(record: &ImportRecord) -> String {
    show_jst_minutes(record.started_at)
}

/// What a handler of these answers.
type Answer = Result<Response, crate::problem::Problem>;
