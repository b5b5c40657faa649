//! 取込の確認: what exactly this file would do at this moment, and the button that does it.

use std::{collections::BTreeSet, time::Duration};

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
    ADDRESS, Answer, ONLY_OF_THE_FILE, ROWS, of_run,
};
use crate::{
    access::Identity,
    app::App,
    imports::{
        Carried, ImportReport, Origin, Outcome, PendingFile, PendingFiles, RowResult, Unusable,
        carry_out,
    },
    problem::{self, Problem},
    routes::imports::{found_run, note_file, sees_members, unkept, unusable},
};

/// How long an answer waits for the end of an import; a longer one goes on, and its page says how far it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is said when it is another file than was looked at.
const CHANGED: &str =
    "確認後にファイルが変わっています。お手数ですが、もう一度ファイルを選んでください。";

#[derive(Template)]
#[template(path = "desk/imports/check.html")]
struct Page {
    frame: Frame,
    key: Uuid,
    address: String,
    /// Over the file that is shown: no other one is imported from this page.
    digest: String,
    title: &'static str,
    encoding: &'static str,
    counts: Vec<(&'static str, usize)>,
    notices: Vec<String>,
    /// What a person must have seen before it is imported.
    alarm: Option<String>,
    /// Said when the box beside it was not ticked.
    unticked: bool,
    left_out: Option<&'static str>,
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
    /// Of the file of which the page before was.
    digest: Option<String>,
}

/// The counts of a report, with their words: all of them, or those that follow from the file alone.
fn counts(report: &ImportReport, sees_members: bool) -> Vec<(&'static str, usize)> {
    if !sees_members {
        return vec![
            ("データ行", report.rows),
            ("照合する行", report.accepted()),
            ("重複・置換", report.superseded),
            ("不備", report.bad),
            ("矛盾", report.conflicting),
            ("失敗", report.failed),
        ];
    }
    vec![
        ("データ行", report.rows),
        ("新規", report.new),
        ("変更", report.recorded.saturating_sub(report.new)),
        ("同じ", report.unchanged),
        ("重複・置換", report.superseded),
        ("不備", report.bad),
        ("不一致", report.unknown_member),
        ("矛盾", report.conflicting),
        ("申込なし", report.no_application),
        ("登録不可", report.refused),
        ("確認待ち", report.held),
        ("手修正あり", report.kept),
        ("承認待ち", report.waiting),
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

/// The word of a row: what is recorded is new or another than before.
fn word(row: &RowResult, new: &BTreeSet<usize>) -> &'static str {
    match row.outcome {
        Outcome::Recorded if new.contains(&row.line) => "新規",
        Outcome::Recorded => "変更",
        Outcome::Unchanged => "同じ",
        other => other.label(),
    }
}

/// What must be confirmed before the file is imported. Without 閲覧 it follows from the file alone: how many change would tell of them.
fn alarm(report: &ImportReport, sees_members: bool) -> Option<String> {
    report.needs_confirmation(sees_members).then(|| {
        if sees_members {
            report.upheaval.sentence()
        } else {
            "氏名や生年月日が多くの会員で変わるファイルでないかをご確認ください。".to_owned()
        }
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
    let file = found.ok_or_else(gone)?;
    // A duty may have been taken away since.
    if identity.holds(file.kind.permission()) {
        Ok((id, file))
    } else {
        Err(Problem::new(problem::Kind::NotPermitted))
    }
}

async fn carried(
    app: &App,
    identity: &Identity,
    PendingFile { kind, file }: PendingFile,
    (id, dry_run, confirmed): (Uuid, bool, bool),
) -> Result<Carried, Unusable> {
    let origin = Origin {
        actor: identity.actor().clone(),
        id,
        correlation_id: identity.request(),
        counts_for: identity.principal().maker.clone(),
        confirmed,
        sees_members: sees_members(identity),
        proposes: identity.principal().scopes.is_none(),
    };
    let service = app.service().clone();
    let tasks = service.log.tasks().clone();
    let done = tasks.spawn(async move { carry_out(&service, kind, &file, dry_run, origin).await });
    done.await.unwrap_or(Err(Unusable::Unfinished))
}

/// Under which a look at a file is found in 取込履歴: another run than its import.
fn looked_at(id: Uuid) -> Uuid {
    Uuid::new_v5(&id, b"dry run")
}

/// Whether it is the file that was looked at: its row may have been changed in between.
fn as_looked_at(file: &PendingFile, looked_at: &str) -> Result<(), Problem> {
    if file.digest() == looked_at {
        return Ok(());
    }
    tracing::error!("a file is not the one that was looked at: it is not imported");
    Err(Problem::saying(problem::Kind::WrongState, CHANGED))
}

/// What the file would do.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(import): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    page(&app, &identity, &import, (&asked, StatusCode::OK)).await
}

async fn page(
    app: &App,
    identity: &Identity,
    import: &str,
    (asked, status): (&Asked, StatusCode),
) -> Answer {
    let (id, file) = pending(app, identity, import).await?;
    let (kind, digest) = (file.kind, file.digest());
    if let Some(looked_at) = &asked.digest {
        as_looked_at(&file, looked_at)?;
    }
    let looked = carried(app, identity, file, (looked_at(id), true, false)).await;
    let Carried {
        report,
        mut rows,
        new,
        ..
    } = looked.map_err(|error| unusable(&error))?;
    note_file(app, identity, &rows).await?;
    let sees_members = sees_members(identity);
    rows.retain(|row| sees_members || row.outcome.is_of_the_file_alone());
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
            outcome: word(&row, &new),
            line: row.line,
            member: row
                .member
                .filter(|_| sees_members)
                .map(String::from)
                .unwrap_or_default(),
            message: row.message,
            changes: row.changes,
        })
        .collect();
    let end = offset.saturating_add(shown.len());
    let page = Page {
        frame: frame(
            app,
            identity,
            "取込の確認",
            vec![Crumb::to("取込", ADDRESS)],
        ),
        key: Uuid::new_v4(),
        title: kind.title(),
        encoding: report.encoding.label(),
        counts: counts(&report, sees_members),
        alarm: alarm(&report, sees_members),
        unticked: status != StatusCode::OK,
        notices: if sees_members {
            [report.notices, report.comparisons].concat()
        } else {
            report.notices
        },
        left_out: (!sees_members).then_some(ONLY_OF_THE_FILE),
        placements,
        range: (offset.saturating_add(1), end, total),
        previous: (number > 1).then(|| format!("{address}?page={}&digest={digest}", number - 1)),
        next: (end < total).then(|| format!("{address}?page={}&digest={digest}", number + 1)),
        rows: shown,
        address,
        digest,
    };
    Ok(rendered(&page, status))
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
        Err(problem) => match found_run(&app, &posted.identity, &import).await {
            Ok(record) => return Ok(see(&of_run(record.id))),
            Err(_) => return Err(problem),
        },
    };
    as_looked_at(&file, &posted.fields.text("digest"))?;
    let identity = posted.identity.clone();
    let confirmed = posted.fields.says("confirmed", "yes");
    let working = tokio::spawn({
        let app = app.clone();
        async move {
            let done = match carried(&app, &identity, file, (id, false, confirmed)).await {
                Ok(done) => done,
                Err(Unusable::Unconfirmed(_) | Unusable::UnconfirmedUnseen) => return Ok(false),
                Err(error) => return Err(unusable(&error)),
            };
            note_file(&app, &identity, &done.rows).await?;
            // Only now: an import that was cut can be begun again from the same page.
            PendingFiles::new(app.service().log.clone())
                .forget(id)
                .await
                .map_err(|error| unkept(&error))?;
            Ok(true)
        }
    });
    match tokio::time::timeout(PATIENCE, working).await {
        Ok(Ok(Err(problem))) => Err(problem),
        Ok(Err(_)) => Err(Problem::new(problem::Kind::Internal)),
        Ok(Ok(Ok(false))) => {
            let shown = (&Asked::default(), StatusCode::UNPROCESSABLE_ENTITY);
            page(&app, &posted.identity, &import, shown).await
        }
        Ok(Ok(Ok(true))) | Err(_) => Ok(see(&of_run(id))),
    }
}
