//! 一括処理: what would be done, on which applications and why not on others; then its progress and what became of each.

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
        frame::{Crumb, Frame, Notice},
        posted::Posted,
        rendered, see,
    },
    frame, who,
};
use crate::{
    access::{Identity, Permission},
    acts::NamedAct,
    app::App,
    bulk::{self, BulkItem, BulkRun, ItemState, LIMIT, RunState, Wanted, failed},
    problem::{Kind, Problem},
    routes::worklist::note_list,
};

/// Items on the page; all of them are in the API.
const SHOWN: i64 = 500;

#[derive(Template)]
#[template(path = "desk/bulk.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    address: String,
    label: &'static str,
    until: String,
    reason: String,
    state: &'static str,
    made: String,
    started: Option<String>,
    ready: i64,
    excluded: i64,
    done: i64,
    refused: i64,
    total: i64,
    /// Reason and number of those that are left out.
    left_out: Vec<(String, usize)>,
    items: Vec<Line>,
    key: Uuid,
    running: bool,
    /// What can be pressed: words, last part of the address, class.
    buttons: Vec<(&'static str, &'static str, &'static str)>,
    two_persons: bool,
}

struct Line {
    href: String,
    member: String,
    state: &'static str,
    sentence: String,
}

#[derive(Template)]
#[template(path = "desk/bulk_list.html")]
struct List {
    frame: Frame,
    runs: Vec<RunLine>,
}

struct RunLine {
    href: String,
    label: &'static str,
    state: &'static str,
    made: String,
    who: String,
    reason: String,
}

fn line(item: BulkItem) -> Line {
    Line {
        href: super::of(&item.application),
        member: item
            .application
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_owned(),
        state: item.state.label(),
        sentence: item.sentence,
    }
}

/// The reasons of those that are left out, with how many each.
fn left_out(items: &[BulkItem]) -> Vec<(String, usize)> {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for item in items
        .iter()
        .filter(|item| item.state == ItemState::Excluded)
    {
        match reasons
            .iter_mut()
            .find(|(known, _)| *known == item.sentence)
        {
            Some((_, number)) => *number += 1,
            None => reasons.push((item.sentence.clone(), 1)),
        }
    }
    reasons
}

async fn page(
    app: &App,
    identity: &Identity,
    run: BulkRun,
    (notices, status): (Vec<Notice>, StatusCode),
) -> Result<Response, Problem> {
    let runs = app.bulk_runs();
    let counts = runs.counts(run.id).await.map_err(|error| failed(&error))?;
    let limit = i64::try_from(LIMIT).unwrap_or(i64::MAX);
    let mut items = runs
        .items(run.id, None, limit)
        .await
        .map_err(|error| failed(&error))?;
    let left_out = left_out(&items);
    items.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    let may = identity.holds(run.act.permission);
    let two_persons = bulk::needs_two_persons(&run);
    let approved = two_persons && bulk::is_approved(app, &run).await?;
    let start = match run.state {
        _ if !may || counts.ready == 0 => None,
        RunState::Previewed if two_persons => Some("起案する（別の担当者の承認が必要です）"),
        RunState::Previewed => Some("実行する"),
        RunState::Proposed if approved => Some("実行する"),
        _ => None,
    };
    let mut buttons = Vec::new();
    buttons.extend(start.map(|words| (words, run.act.segment(), "primary")));
    if may
        && run.state == RunState::Proposed
        && !approved
        && run.made_by != identity.actor().label()
    {
        buttons.push(("承認する", "approval", "primary"));
    }
    if may
        && matches!(
            run.state,
            RunState::Previewed | RunState::Proposed | RunState::Running
        )
    {
        buttons.push(("中止する", "cancellation", "danger"));
    }
    let mut frame = frame(
        app,
        identity,
        "一括処理",
        vec![Crumb::to("一括処理の一覧", "/desk/bulk")],
    );
    frame.wrong = status.is_client_error();
    let screen = Page {
        frame,
        notices,
        address: format!("/desk/bulk/{}", run.id),
        label: run.act.label,
        state: run.state.label(),
        made: format!("{}　{}", who(&run.made_by), show_jst_minutes(run.made_at)),
        started: run.started_by.as_deref().map(who),
        ready: counts.ready,
        excluded: counts.excluded,
        done: counts.done,
        refused: counts.refused,
        total: counts.ready + counts.done + counts.refused,
        left_out,
        items: items.into_iter().map(line).collect(),
        key: Uuid::new_v4(),
        running: run.state == RunState::Running,
        buttons,
        two_persons,
        until: run.until.replace('T', " "),
        reason: run.reason,
    };
    Ok(rendered(&screen, status))
}

/// The list of runs.
pub(super) async fn list(State(app): State<App>, identity: Identity) -> Result<Response, Problem> {
    let runs = app.bulk_runs().list(100).await;
    let screen = List {
        frame: frame(&app, &identity, "一括処理の一覧", Vec::new()),
        runs: runs
            .map_err(|error| failed(&error))?
            .into_iter()
            .map(|run| RunLine {
                href: format!("/desk/bulk/{}", run.id),
                label: run.act.label,
                state: run.state.label(),
                made: show_jst_minutes(run.made_at),
                who: who(&run.made_by),
                reason: run.reason,
            })
            .collect(),
    };
    Ok(rendered(&screen, StatusCode::OK))
}

/// From 申請一覧: those that are ticked, or all that match.
pub(super) async fn make(State(app): State<App>, posted: Posted) -> Result<Response, Problem> {
    let act = NamedAct::find(&posted.fields.text("act"))
        .ok_or_else(|| Problem::saying(Kind::Invalid, "一括で行う処理を選択してください。"))?;
    note_list(&app, &posted.identity).await?;
    let applications = if posted.fields.says("which", "all") {
        bulk::matching(&app, &posted.identity, &posted.fields.text("query")).await?
    } else {
        posted.fields.all("pick")
    };
    let id = posted.new_id();
    let wanted = Wanted {
        id,
        act,
        until: posted.fields.text("until"),
        reason: posted.fields.text("reason"),
        applications,
    };
    bulk::preview(&app, &posted.identity, wanted).await?;
    Ok(see(&format!("/desk/bulk/{id}")))
}

/// A run.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(run): Path<Uuid>,
) -> Result<Response, Problem> {
    note_list(&app, &identity).await?;
    let run = bulk::find(&app, run).await?;
    page(&app, &identity, run, (Vec::new(), StatusCode::OK)).await
}

/// The page again: as it is then, or with why nothing was done.
async fn after(
    app: &App,
    posted: &Posted,
    id: Uuid,
    done: Result<(), Problem>,
) -> Result<Response, Problem> {
    match done {
        Ok(()) => Ok(see(&format!("/desk/bulk/{id}"))),
        Err(problem) if matches!(problem.kind(), Kind::ProposalRefused | Kind::WrongState) => {
            let run = bulk::find(app, id).await?;
            let notices = vec![Notice::error(problem.body().detail.clone())];
            page(
                app,
                &posted.identity,
                run,
                (notices, problem.kind().status()),
            )
            .await
        }
        Err(problem) => Err(problem),
    }
}

async fn start(
    app: &App,
    id: Uuid,
    posted: &Posted,
    permission: Permission,
) -> Result<Response, Problem> {
    let started = bulk::start(app, &posted.identity, (id, permission), posted.call()).await;
    after(app, posted, id, started).await
}

/// 確認
pub(super) async fn start_checks(
    State(app): State<App>,
    Path(run): Path<Uuid>,
    posted: Posted,
) -> Result<Response, Problem> {
    start(&app, run, &posted, Permission::CheckDocuments).await
}

/// 判定
pub(super) async fn start_decisions(
    State(app): State<App>,
    Path(run): Path<Uuid>,
    posted: Posted,
) -> Result<Response, Problem> {
    start(&app, run, &posted, Permission::Decide).await
}

/// 入金
pub(super) async fn start_payments(
    State(app): State<App>,
    Path(run): Path<Uuid>,
    posted: Posted,
) -> Result<Response, Problem> {
    start(&app, run, &posted, Permission::ConfirmPayments).await
}

/// 承認
pub(super) async fn approve(
    State(app): State<App>,
    Path(run): Path<Uuid>,
    posted: Posted,
) -> Result<Response, Problem> {
    let approved = bulk::approve(&app, &posted.identity, run, posted.call()).await;
    after(&app, &posted, run, approved).await
}

/// 中止
pub(super) async fn cancel(
    State(app): State<App>,
    Path(run): Path<Uuid>,
    posted: Posted,
) -> Result<Response, Problem> {
    let cancelled = bulk::cancel(&app, &posted.identity, run).await;
    after(&app, &posted, run, cancelled).await
}
