//! 取込の確認待ち: rows of imports that a person looks at before they are recorded.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
};
use domain::{calendar::show_jst_minutes, member::FactChange};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::super::{
        frame::{Crumb, Frame, Notice},
        posted::Posted,
        rendered, see,
    },
    super::{frame, sentences, who},
    ADDRESS, Answer, HELD, ONLY_OF_THE_FILE, of_run,
};
use crate::{
    access::Identity,
    app::App,
    routes::imports::{HeldShown, decide_row, held_rows, sees_members},
};

/// Rows on a page.
const ROWS: i64 = 50;

#[derive(Template)]
#[template(path = "desk/imports/held.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    left_out: Option<&'static str>,
    /// How many there are; nothing where they may not be seen.
    total: Option<i64>,
    rows: Vec<Row>,
}

struct Row {
    key: Uuid,
    address: String,
    anchor: String,
    title: &'static str,
    run: String,
    line: i64,
    member: String,
    others: Vec<String>,
    doubts: String,
    /// Whether it can be decided about: it is as it was kept.
    decidable: bool,
    /// Over what is shown here: nothing else is decided about from this page.
    digest: String,
    changes: Vec<FactChange>,
    who: String,
    since: String,
    reason: String,
}

/// What has just been done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    notice: String,
}

fn row(
    HeldShown {
        row,
        digest,
        changes,
        others,
    }: HeldShown,
    typed: Option<(&str, &str)>,
) -> Row {
    let id = row.id.to_string();
    Row {
        key: Uuid::new_v4(),
        address: format!("{HELD}/{id}"),
        title: row.kind.title(),
        run: of_run(row.import),
        line: row.line,
        member: row.member.into(),
        others: others.into_iter().map(String::from).collect(),
        decidable: row.command.is_some(),
        digest,
        doubts: row.doubts,
        changes,
        who: who(&row.actor),
        since: show_jst_minutes(row.held_at),
        reason: typed
            .filter(|(of, _)| *of == id)
            .map(|(_, reason)| reason.to_owned())
            .unwrap_or_default(),
        anchor: format!("reason-{id}"),
    }
}

async fn page(
    app: &App,
    identity: &Identity,
    (notices, status): (Vec<Notice>, StatusCode),
    typed: Option<(&str, &str)>,
) -> Answer {
    let (rows, total) = held_rows(app, identity, (0, ROWS)).await?;
    let crumbs = vec![Crumb::to("取込", ADDRESS)];
    let mut frame = frame(app, identity, "取込の確認待ち", crumbs);
    frame.wrong = status.is_client_error();
    let page = Page {
        frame,
        notices,
        left_out: (!sees_members(identity)).then_some(ONLY_OF_THE_FILE),
        total,
        rows: rows.into_iter().map(|shown| row(shown, typed)).collect(),
    };
    Ok(rendered(&page, status))
}

/// The rows, the oldest first.
pub(super) async fn list(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Answer {
    let notices = match asked.notice.as_str() {
        "taken" => vec![Notice::success("行の内容を取り込みました。")],
        "left" => vec![Notice::success("この行は取り込まないこととしました。")],
        _ => Vec::new(),
    };
    page(&app, &identity, (notices, StatusCode::OK), None).await
}

/// One of them is recorded, or left for good.
pub(super) async fn decide(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Answer {
    let reason = posted.fields.text("reason");
    let take = posted.fields.says("decision", "take");
    let digest = posted.fields.text("digest");
    let decision = (id.as_str(), (take, digest.as_str()), reason.as_str());
    match decide_row(&app, &posted.identity, decision, posted.call()).await {
        Ok(()) => {
            let notice = if take { "taken" } else { "left" };
            Ok(see(&format!("{HELD}?notice={notice}")))
        }
        Err(problem) if problem.kind().status() == StatusCode::UNPROCESSABLE_ENTITY => {
            let shown = (sentences(&problem), problem.kind().status());
            page(&app, &posted.identity, shown, Some((&id, &reason))).await
        }
        Err(problem) => Err(problem),
    }
}
