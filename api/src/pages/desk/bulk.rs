//! 一括処理: what would be done, on which applications and why not on others; then its progress and what became of each.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{calendar::show_jst_minutes, proposal::ALONE_AFTER};
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::{
        frame::{Crumb, Frame, Notice},
        posted::Posted,
        rendered, see,
    },
    approvals::{applicant, name, names},
    frame, who,
};
use crate::{
    access::{Identity, Permission, named_by},
    acts::NamedAct,
    app::App,
    bulk::{self, BulkItem, BulkRun, Counts, ItemState, RunState, Starts, Told, UNLIKE, Wanted},
    problem::{Kind, Problem},
    routes::worklist::note_list,
};

/// Items on the page; all of them are in the API.
const SHOWN: usize = 500;

/// Items of a run that are shown with names: each name is read from its application.
const NAMED: usize = 20;

/// What is said when an act waits.
const WAITING: &str = "承認待ちになりました。別の担当者が承認すると実行されます。承認する方に、この画面のアドレスを知らせるか、「承認待ち」の一覧をご覧いただくようお伝えください。";

/// The same where nobody else decides.
fn waiting_alone() -> String {
    format!(
        "承認待ちになりました。判定を担当する方がほかにいないため、{}時間後に実行されます。それまでは、この画面から取り消せます。",
        ALONE_AFTER.as_hours()
    )
}

/// What is to be said at the top.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    notice: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/bulk.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    address: String,
    /// What is done; of one application, for whom.
    heading: String,
    /// Over what is shown here: nothing else is begun or approved from this page.
    digest: String,
    /// What the act asks for: its name and its words.
    asked: (&'static str, String),
    explanation: String,
    reason: String,
    state: &'static str,
    made: String,
    /// 起案, 承認, 単独, 取消: who and when.
    steps: Vec<(&'static str, String)>,
    ended: String,
    /// How many, as it is true in this state.
    progress: String,
    /// How many are settled, of how many.
    settled: i64,
    total: i64,
    /// Reason and number of those that are left out.
    left_out: Vec<(String, usize)>,
    items: Vec<Line>,
    /// Whether the application of a line is opened from here.
    opens: bool,
    key: Uuid,
    running: bool,
    /// What can be pressed: words, last part of the address, class.
    buttons: Vec<(&'static str, &'static str, &'static str)>,
    /// What is said of the second person.
    two_persons: Option<String>,
    /// What is said when what is shown is not what was proposed.
    unlike: Option<&'static str>,
}

struct Line {
    href: String,
    member: String,
    name: String,
    /// 会員への説明 of this one alone.
    explanation: String,
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

/// Who did what for a run, and when.
fn steps(run: &BulkRun, told: &Told) -> Vec<(&'static str, String)> {
    let at = |who: &str, at: Option<Timestamp>| match at {
        Some(at) => format!("{}　{}", super::who(who), show_jst_minutes(at)),
        None => super::who(who),
    };
    let mut steps = Vec::new();
    if run.state.waits() && told.alone_from.is_none() {
        steps.push(("開始", run.starts.label().to_owned()));
    }
    if let Some(by) = &told.proposed_by {
        steps.push(("起案", at(by, told.proposed_at)));
    }
    if let Some(by) = &told.approved_by {
        steps.push(("承認", at(by, told.approved_at)));
    }
    if let (Some(from), None) = (told.alone_from, &told.approved_by) {
        let from = show_jst_minutes(from);
        match run.state {
            RunState::Previewed | RunState::Proposed => {
                steps.push(("単独", format!("{from} 以降、承認を待たずに実行します")));
            }
            RunState::Running | RunState::Done => {
                steps.push(("単独", format!("{from} を過ぎたため、承認を待たずに実行")));
            }
            RunState::Cancelled => {}
        }
    }
    if let Some(by) = &told.cancelled_by {
        steps.push(("却下・取消", super::who(by)));
    }
    if let Some(by) = &run.started_by {
        steps.push(("実行", super::who(by)));
    }
    steps
}

/// How many, as it is true in each state.
fn progress(run: &BulkRun, told: &Told, counts: Counts) -> String {
    let Counts {
        ready,
        excluded,
        done,
        refused,
    } = counts;
    let total = ready + done + refused;
    let so_far = format!("済み {done}件、実行できず {refused}件");
    let sentence = match run.state {
        RunState::Previewed => format!("{total}件が対象です。まだ何も実行していません"),
        RunState::Proposed if told.approved_by.is_none() => {
            format!("{total}件が対象です。まだ承認されていないため、何も実行していません")
        }
        RunState::Proposed => {
            format!("{total}件が対象です。承認されましたが、まだ何も実行していません")
        }
        RunState::Running => format!("{total}件に実行しています。{so_far}、残り {ready}件"),
        RunState::Cancelled => format!("実行しません。{so_far}、実行しなかったもの {ready}件"),
        RunState::Done => format!("実行しました。{so_far}"),
    };
    if excluded == 0 {
        format!("{sentence}。")
    } else {
        format!("{sentence}（対象外 {excluded}件）。")
    }
}

/// What is said of the second person, as long as it is still to come.
fn two_persons(run: &BulkRun, told: &Told) -> Option<String> {
    let waits = bulk::kind_of(run).waits_for_approval() && told.approved_by.is_none();
    if !waits || !run.state.waits() {
        return None;
    }
    Some(match (told.alone_from, run.starts) {
        (Some(from), _) => format!(
            "判定を担当する方がほかにいないため、承認を待たずに {} 以降に実行されます（単独）。それまでは取り消すことができ、会員には表示も送信もされません。",
            show_jst_minutes(from)
        ),
        (None, Starts::Approved) => "起案した方とは別の、判定を担当する方が承認すると実行されます。それまでは登録されず、会員には表示も送信もされません。".to_owned(),
        (None, Starts::Pressed) => "判定の一括処理には、起案した方とは別の担当者の承認が必要です。".to_owned(),
    })
}

fn line((item, name): (BulkItem, String)) -> Line {
    Line {
        name,
        explanation: item.explanation,
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
    let rows = bulk::rows(app, &run).await?;
    let asked = bulk::asked(app, &run, &rows.items).await?;
    let (counts, told) = (rows.counts(), rows.told);
    let mut items = rows.items;
    let left_out = left_out(&items);
    items.truncate(SHOWN);
    let members = named_by(items.iter().map(|item| &*item.application));
    note_list(app, identity, members).await?;
    let heading = match &items[..] {
        [only] => format!(
            "{}: {}",
            run.act.label,
            applicant(app, identity, &only.application).await?
        ),
        _ => format!("一括処理: {}", run.act.label),
    };
    let place = if items.len() == 1 {
        run.act.label
    } else {
        "一括処理"
    };
    let mut named = Vec::with_capacity(items.len());
    let with_names = items.len() <= NAMED && names(identity);
    for item in items {
        let name = if with_names {
            name(app, &item.application).await?
        } else {
            String::new()
        };
        named.push((item, name));
    }
    let may = identity.holds(run.act.permission);
    let waits = bulk::kind_of(&run).waits_for_approval();
    let approved = waits && told.approved_by.is_some();
    let own = |by: &str| by == identity.actor().label();
    let proposed_here = own(told.proposed_by.as_deref().unwrap_or(&run.made_by));
    let start = match run.state {
        _ if !may || counts.ready == 0 || rows.is_changed => None,
        RunState::Previewed if waits => Some("起案する（別の担当者の承認が必要です）"),
        RunState::Previewed => Some("実行する"),
        RunState::Proposed if approved && run.starts == Starts::Pressed => Some("実行する"),
        _ => None,
    };
    let mut buttons = Vec::new();
    buttons.extend(start.map(|words| (words, run.act.segment(), "primary")));
    let waits_here = run.state == RunState::Proposed && !approved && !proposed_here;
    if may && waits_here && !rows.is_changed {
        let words = match run.starts {
            Starts::Approved => "承認して実行する",
            Starts::Pressed => "承認する",
        };
        buttons.push((words, "approval", "primary"));
    }
    if (may || proposed_here) && (run.state.waits() || run.state == RunState::Running) {
        let words = match run.state {
            RunState::Proposed if proposed_here => "起案を取り消す",
            RunState::Proposed => "却下する",
            _ => "中止する",
        };
        buttons.push((words, "cancellation", "danger"));
    }
    let mut frame = frame(
        app,
        identity,
        place,
        vec![Crumb::to("一括処理の一覧", "/desk/bulk")],
    );
    frame.wrong = status.is_client_error();
    let screen = Page {
        frame,
        notices,
        address: format!("/desk/bulk/{}", run.id),
        heading,
        digest: rows.digest,
        // One that has ended so says it already.
        unlike: (rows.is_changed && run.state != RunState::Cancelled).then_some(UNLIKE),
        state: run.state.label(),
        made: format!("{}　{}", who(&run.made_by), show_jst_minutes(run.made_at)),
        steps: steps(&run, &told),
        progress: progress(&run, &told, counts),
        settled: counts.done + counts.refused,
        total: counts.ready + counts.done + counts.refused,
        left_out,
        items: named.into_iter().map(line).collect(),
        opens: names(identity),
        key: Uuid::new_v4(),
        running: run.state == RunState::Running,
        buttons,
        two_persons: two_persons(&run, &told),
        ended: run.sentence,
        asked: (run.act.asked_for(), asked),
        explanation: run.explanation,
        reason: run.reason,
    };
    Ok(rendered(&screen, status))
}

/// The list of runs.
pub(super) async fn list(State(app): State<App>, identity: Identity) -> Result<Response, Problem> {
    let runs = bulk::last(&app, &identity, 100).await?;
    let screen = List {
        frame: frame(&app, &identity, "一括処理の一覧", Vec::new()),
        runs: runs
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

/// From 申請一覧: those that are ticked, or all that match. Refused, the list is shown again with all that was chosen and typed.
pub(super) async fn make(State(app): State<App>, posted: Posted) -> Result<Response, Problem> {
    match prepare(&app, &posted).await {
        Ok(id) => Ok(see(&format!("/desk/bulk/{id}"))),
        Err(problem) if problem.kind().status() == StatusCode::UNPROCESSABLE_ENTITY => {
            super::list::with_refused_bulk(&app, &posted, problem).await
        }
        Err(problem) => Err(problem),
    }
}

async fn prepare(app: &App, posted: &Posted) -> Result<Uuid, Problem> {
    let act = NamedAct::find(&posted.fields.text("act"))
        .ok_or_else(|| Problem::saying(Kind::Invalid, "一括で行う処理を選択してください。"))?;
    let applications = if posted.fields.says("which", "all") {
        bulk::matching(app, &posted.identity, &posted.fields.text("query")).await?
    } else {
        posted.fields.all("pick")
    };
    let id = posted.new_id();
    let wanted = Wanted {
        id,
        act,
        until: posted.fields.text("until"),
        explanation: posted.fields.text("explanation"),
        reason: posted.fields.text("reason"),
        applications,
        request_hash: posted.call().request_hash,
    };
    bulk::preview(app, &posted.identity, wanted).await?;
    Ok(id)
}

/// A run.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(run): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let run = bulk::find(&app, &identity, run).await?;
    let notices = match asked.notice.as_deref() {
        Some("waiting") if run.state == RunState::Proposed => {
            let alone = bulk::told(&app, &run).await?.alone_from.is_some();
            let words = if alone {
                waiting_alone()
            } else {
                WAITING.to_owned()
            };
            vec![Notice::success(words)]
        }
        _ => Vec::new(),
    };
    page(&app, &identity, run, (notices, StatusCode::OK)).await
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
            let run = bulk::find(app, &posted.identity, id).await?;
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

/// The digest over what stood on the page.
fn shown(posted: &Posted) -> Result<String, Problem> {
    Some(posted.fields.text("digest"))
        .filter(|digest| !digest.is_empty())
        .ok_or(Problem::new(Kind::PageTampered))
}

async fn start(
    app: &App,
    id: Uuid,
    posted: &Posted,
    permission: Permission,
) -> Result<Response, Problem> {
    let shown = shown(posted)?;
    let seen = (id, Some(&*shown));
    let started = bulk::start(app, &posted.identity, seen, permission, posted.call()).await;
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
    let shown = shown(&posted)?;
    let seen = (run, Some(&*shown));
    let approved = bulk::approve(&app, &posted.identity, seen, posted.call()).await;
    after(&app, &posted, run, approved).await
}

/// 中止
pub(super) async fn cancel(
    State(app): State<App>,
    Path(run): Path<Uuid>,
    posted: Posted,
) -> Result<Response, Problem> {
    let cancelled = bulk::cancel(&app, &posted.identity, run, posted.call()).await;
    after(&app, &posted, run, cancelled).await
}
