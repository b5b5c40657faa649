//! 取込の確認: what exactly this file would do at this moment, and the button that does it.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
};
use domain::member::FactChange;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::super::{
        frame::{Crumb, Frame},
        posted::Posted,
        rendered, see,
    },
    super::frame,
    ADDRESS, Answer, ROWS, of_run,
};
use crate::{
    access::Identity,
    app::App,
    imports::{
        Carried, ImportReport, Kind, Origin, Outcome, PendingFile, PendingFiles, RowResult,
        carry_out,
    },
    problem::{self, Problem},
    routes::{
        imports::{unkept, unusable},
        worklist::note_list,
    },
};

/// How long an answer waits for the end of an import; a longer one goes on, and its page says how far it is.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Template)]
#[template(path = "desk/imports/check.html")]
struct Page {
    frame: Frame,
    key: Uuid,
    address: String,
    title: &'static str,
    encoding: &'static str,
    counts: Vec<(&'static str, usize)>,
    notices: Vec<String>,
    /// 一致, 名義相違 …, of payments.
    placements: Vec<(&'static str, usize)>,
    rows: Vec<Row>,
    range: (usize, usize, usize),
    previous: Option<String>,
    next: Option<String>,
}

struct Row {
    line: usize,
    member: String,
    outcome: &'static str,
    placement: Option<&'static str>,
    message: String,
    changes: Vec<FactChange>,
}

/// Which page of the rows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    page: Option<usize>,
}

/// The counts of a report, with their words.
pub(super) fn counts(report: &ImportReport) -> Vec<(&'static str, usize)> {
    vec![
        ("データ行", report.rows),
        ("新規・変更", report.recorded),
        ("変更なし", report.unchanged),
        ("重複・置換", report.superseded),
        ("不備", report.bad),
        ("不一致", report.unknown_member),
        ("矛盾", report.conflicting),
        ("申込なし", report.no_application),
        ("登録不可", report.refused),
        ("失敗", report.failed),
    ]
}

/// The class of a payment: one that is known already is no second one, wherever it belongs.
fn placed(row: &RowResult) -> Option<&'static str> {
    let placement = row.placement?;
    Some(if row.outcome == Outcome::Unchanged {
        "重複（取込済み）"
    } else {
        placement.label()
    })
}

/// The file in an address, for whose it is.
async fn pending(
    app: &App,
    identity: &Identity,
    import: &str,
) -> Result<(Uuid, PendingFile), Problem> {
    let gone = || {
        Problem::saying(
            problem::Kind::NotFound,
            "確認中のファイルが見つかりません。30分を過ぎたか、すでに取り込まれています。ファイルをもう一度お選びください。",
        )
    };
    let id: Uuid = import.parse().map_err(|_| gone())?;
    let found = PendingFiles::new(app.service().log.clone())
        .find(id, identity.actor(), Timestamp::now())
        .await
        .map_err(|error| unkept(&error))?;
    Ok((id, found.ok_or_else(gone)?))
}

async fn carried(
    app: &App,
    identity: &Identity,
    PendingFile { kind, file }: PendingFile,
    (id, dry_run): (Uuid, bool),
) -> Result<Carried, Problem> {
    let origin = Origin {
        actor: identity.actor().clone(),
        id,
        correlation_id: identity.request(),
    };
    let service = app.service().clone();
    let tasks = service.log.tasks().clone();
    let done = tasks.spawn(async move { carry_out(&service, kind, &file, dry_run, origin).await });
    done.await
        .map_err(|_| Problem::new(problem::Kind::Internal))?
        .map_err(|error| unusable(&error))
}

/// Under which a look at a file is found in 取込履歴: another run than its import.
fn looked_at(id: Uuid) -> Uuid {
    Uuid::new_v5(&id, b"dry run")
}

/// What the file would do.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(import): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let (id, file) = pending(&app, &identity, &import).await?;
    note_list(&app, &identity).await?;
    let kind: Kind = file.kind;
    let Carried { report, rows, .. } =
        carried(&app, &identity, file, (looked_at(id), true)).await?;
    let address = format!("{ADDRESS}/pending/{id}");
    let mut placements: Vec<(&'static str, usize)> = Vec::new();
    for label in rows.iter().filter_map(placed) {
        match placements.iter_mut().find(|(known, _)| *known == label) {
            Some((_, number)) => *number += 1,
            None => placements.push((label, 1)),
        }
    }
    let total = rows.len();
    let number = asked.page.unwrap_or(1).max(1);
    let offset = (number - 1).saturating_mul(ROWS);
    let shown: Vec<Row> = rows
        .into_iter()
        .skip(offset)
        .take(ROWS)
        .map(|row| Row {
            placement: placed(&row),
            line: row.line,
            member: row.member.map(String::from).unwrap_or_default(),
            outcome: row.outcome.label(),
            message: row.message,
            changes: row.changes,
        })
        .collect();
    let end = offset.saturating_add(shown.len());
    let page = Page {
        frame: frame(
            &app,
            &identity,
            "取込の確認",
            vec![Crumb::to("取込", ADDRESS)],
        ),
        key: Uuid::new_v4(),
        title: kind.title(),
        encoding: report.encoding.label(),
        counts: counts(&report),
        notices: report.notices,
        placements,
        range: (offset.saturating_add(1), end, total),
        previous: (number > 1).then(|| format!("{address}?page={}", number - 1)),
        next: (end < total).then(|| format!("{address}?page={}", number + 1)),
        rows: shown,
        address,
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// Exactly that file is imported. Its id is that of the run, so a second press imports nothing twice.
pub(super) async fn take(
    State(app): State<App>,
    Path(import): Path<String>,
    posted: Posted,
) -> Answer {
    let (id, file) = match pending(&app, &posted.identity, &import).await {
        Ok(found) => found,
        // Pressed twice: the first press has done it.
        Err(problem) => match crate::routes::imports::found_run(&app, &import).await {
            Ok(record) => return Ok(see(&of_run(record.id))),
            Err(_) => return Err(problem),
        },
    };
    let identity = posted.identity.clone();
    let working = tokio::spawn({
        let app = app.clone();
        async move {
            carried(&app, &identity, file, (id, false)).await?;
            // Only now: an import that was cut can be begun again from the same page.
            PendingFiles::new(app.service().log.clone())
                .forget(id)
                .await
                .map_err(|error| unkept(&error))
        }
    });
    match tokio::time::timeout(PATIENCE, working).await {
        Ok(Ok(Err(problem))) => Err(problem),
        Ok(Err(_)) => Err(Problem::new(problem::Kind::Internal)),
        Ok(Ok(Ok(()))) | Err(_) => Ok(see(&of_run(id))),
    }
}
