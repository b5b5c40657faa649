//! 取込: a file is looked at, then exactly it is imported, and what became of every row stays to be read and can be taken back.

mod check;
mod held;
mod list;
mod run;

use axum::{
    extract::{DefaultBodyLimit, State},
    response::Response,
};
use domain::calendar::show_jst_minutes;

use super::super::{
    Screen, get, post, screen,
    upload::{UPLOAD_LIMIT, Uploaded},
};
use crate::{
    access::Permission,
    app::App,
    imports::{ImportRecord, Kind},
};

/// Where they begin.
const ADDRESS: &str = "/desk/imports";

/// Where the rows are that wait for a person.
pub(super) const HELD: &str = "/desk/imports/held";

/// Rows on a page.
const ROWS: usize = 200;

/// Its pages and forms.
pub(super) fn screens() -> Vec<Screen> {
    use Permission::SeeImports;
    let mut screens = vec![
        screen(SeeImports, ADDRESS, get(list::list)),
        screen(
            SeeImports,
            "/desk/imports/pending/{import}",
            get(check::show),
        ),
        screen(
            SeeImports,
            "/desk/imports/pending/{import}/send",
            post(check::take),
        ),
        screen(SeeImports, HELD, get(held::list)),
        screen(SeeImports, "/desk/imports/held/{row}", post(held::decide)),
        screen(SeeImports, "/desk/imports/runs/{import}", get(run::show)),
        screen(
            SeeImports,
            "/desk/imports/runs/{import}/rows.csv",
            get(run::export),
        ),
        screen(
            SeeImports,
            "/desk/imports/runs/{import}/retraction",
            post(run::retract),
        ),
    ];
    screens.extend(Kind::ALL.map(|kind| {
        let (method, upload) =
            post(move |app: State<App>, uploaded: Uploaded| list::upload(kind, app, uploaded));
        let upload = upload.layer(DefaultBodyLimit::max(UPLOAD_LIMIT));
        screen(kind.permission(), form_of(kind), (method, upload))
    }));
    screens
}

/// Where a file of a kind is sent.
fn form_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Members => "/desk/imports/members",
        Kind::SeminarAttendance => "/desk/imports/seminar-attendance",
        Kind::Payments => "/desk/imports/payments",
        Kind::ExamResults => "/desk/imports/exam-results",
    }
}

/// Said where what is known of the members is left out.
const ONLY_OF_THE_FILE: &str = "会員の登録内容と照合した結果（新規・変更、変更なしなど）は、閲覧の担当を兼ねる方にだけ表示されます。必要な場合は、その方へ確認を依頼してください。";

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
