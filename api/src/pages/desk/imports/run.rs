//! One run: what became of every row, and the way back.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
};
use domain::calendar::show_jst_minutes;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::super::{
        frame::{Crumb, Frame, Notice},
        posted::Posted,
        rendered, see,
    },
    super::{frame, sentences, spreadsheet::Spreadsheet, who},
    ADDRESS, Answer, ONLY_OF_THE_FILE, ROWS, began, of_run, what,
};
use crate::{
    access::Identity,
    app::App,
    imports::{ImportRecord, ImportState, Journal, Outcome},
    routes::{
        imports::{found_run, note_rows, outcomes_for, rows_told, sees_members, take_back, unkept},
        worklist::note_list,
    },
};

/// Rows that an export reads at a time.
const EXPORT_PART: i64 = 2_000;

#[derive(Template)]
#[template(path = "desk/imports/run.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    key: Uuid,
    address: String,
    heading: String,
    facts: Vec<(&'static str, String)>,
    cut: bool,
    running: bool,
    /// Where the run is that this one takes back, or the one that took it back.
    other: Option<(String, &'static str)>,
    /// Whether it can be taken back.
    retractable: bool,
    reason: String,
    left_out: Option<&'static str>,
    outcomes: Vec<(&'static str, &'static str, bool)>,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    line: i64,
    member: String,
    outcome: &'static str,
    message: String,
}

/// Which rows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    outcome: String,
    after: Option<u32>,
}

fn facts(record: &ImportRecord, sees_members: bool) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("状態", record.state.label().to_owned()),
        ("開始", began(record)),
        (
            "終了",
            record.ended_at.map(show_jst_minutes).unwrap_or_default(),
        ),
        ("操作した人", who(&record.actor)),
    ];
    let rows = rows_told(sees_members, record);
    facts.extend(rows.map(|rows| ("データ行", rows.to_string())));
    let words = if record.retracts.is_some() {
        ["取消", "取消の必要なし", "取り消していない行"]
    } else {
        ["新規・変更", "変更なし", "取り込んでいない行"]
    };
    if sees_members {
        let counts = [record.recorded, record.unchanged, record.reported];
        facts.extend(words.into_iter().zip(counts.map(|count| count.to_string())));
    }
    if record.retracts.is_some() {
        facts.push(("理由", record.reason.clone()));
    }
    facts.push(("ファイルの SHA-256", record.file_hash.clone()));
    facts
}

async fn page(
    app: &App,
    identity: &Identity,
    record: ImportRecord,
    asked: &Asked,
    (notices, status, reason): (Vec<Notice>, StatusCode, String),
) -> Answer {
    let sees_members = sees_members(identity);
    let journal = Journal::new(app.service().log.clone());
    let failed = |error: sqlx::Error| unkept(&error);
    let outcome = Outcome::parse(&asked.outcome);
    let limit = i64::try_from(ROWS).unwrap_or(i64::MAX);
    let part = (asked.after.map_or(0, i64::from), limit + 1);
    let mut rows = journal
        .rows(record.id, &outcomes_for(identity, outcome), part)
        .await
        .map_err(failed)?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    note_rows(app, identity, &rows).await?;
    let retraction = Uuid::new_v5(&record.id, b"retraction");
    let other = match record.retracts {
        Some(id) => Some((of_run(id), "取り消した取込")),
        None => async { journal.find(retraction, journal.now().await?).await }
            .await
            .map_err(failed)?
            .map(|_| (of_run(retraction), "この取込の取消")),
    };
    let address = of_run(record.id);
    let chosen = outcome.map_or("", Outcome::as_str);
    let heading = format!("{}の{}", record.kind.title(), what(&record));
    let mut frame = frame(app, identity, &heading, vec![Crumb::to("取込", ADDRESS)]);
    frame.wrong = status.is_client_error();
    let page = Page {
        frame,
        notices,
        key: Uuid::new_v4(),
        facts: facts(&record, sees_members),
        left_out: (!sees_members).then_some(ONLY_OF_THE_FILE),
        cut: record.state == ImportState::Cut,
        running: record.state == ImportState::Running,
        retractable: !record.dry_run
            && record.retracts.is_none()
            && record.state != ImportState::Running,
        other,
        reason,
        outcomes: std::iter::once(("", "すべて", chosen.is_empty()))
            .chain(
                outcomes_for(identity, None)
                    .into_iter()
                    .map(|one| (one.as_str(), one.label(), one.as_str() == chosen)),
            )
            .collect(),
        next: rows
            .last()
            .filter(|_| more)
            .map(|row| format!("{address}?outcome={chosen}&after={}", row.line)),
        rows: rows
            .into_iter()
            .map(|row| Row {
                line: row.line,
                member: row
                    .member
                    .filter(|_| sees_members)
                    .map(String::from)
                    .unwrap_or_default(),
                outcome: row.outcome.label(),
                message: row.message,
            })
            .collect(),
        address,
        heading,
    };
    Ok(rendered(&page, status))
}

/// What became of every row.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(import): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let record = found_run(&app, &identity, &import).await?;
    let nothing = (Vec::new(), StatusCode::OK, String::new());
    page(&app, &identity, record, &asked, nothing).await
}

/// All rows as CSV, UTF-8 with BOM.
pub(super) async fn export(
    State(app): State<App>,
    identity: Identity,
    Path(import): Path<String>,
) -> Answer {
    let record = found_run(&app, &identity, &import).await?;
    let (outcomes, sees_members) = (outcomes_for(&identity, None), sees_members(&identity));
    let mut members = BTreeSet::new();
    let mut sheet = Spreadsheet::new(["行", "会員番号", "結果", "説明"])?;
    let journal = Journal::new(app.service().log.clone());
    let mut after = 0;
    loop {
        let rows = journal
            .rows(record.id, &outcomes, (after, EXPORT_PART))
            .await
            .map_err(|error| unkept(&error))?;
        let Some(last) = rows.last() else {
            break;
        };
        after = last.line;
        for row in rows {
            let member = row.member.filter(|_| sees_members);
            members.extend(member.clone());
            let cells = [
                row.line.to_string(),
                member.map(String::from).unwrap_or_default(),
                row.outcome.label().to_owned(),
                row.message,
            ];
            sheet.line(&cells)?;
        }
    }
    if sees_members {
        note_list(&app, &identity, members).await?;
    }
    sheet.download("attachment; filename=\"import-rows.csv\"")
}

/// 取込の取消
pub(super) async fn retract(
    State(app): State<App>,
    Path(import): Path<String>,
    posted: Posted,
) -> Answer {
    let record = found_run(&app, &posted.identity, &import).await?;
    let reason = posted.fields.text("reason");
    match take_back(&app, record.id, reason.clone(), posted.call()).await {
        Ok(id) => Ok(see(&of_run(id))),
        Err(problem) if problem.kind().status().is_client_error() => {
            let shown = (sentences(&problem), problem.kind().status(), reason);
            page(&app, &posted.identity, record, &Asked::default(), shown).await
        }
        Err(problem) => Err(problem),
    }
}
