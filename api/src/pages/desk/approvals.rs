//! 承認待ち: what waits for a second person, with whom it is about, and the press that approves or refuses it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{Actor, application::ApplicationId, calendar::show_jst_minutes};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::{
        frame::{Frame, Notice},
        posted::Posted,
        rendered, see,
    },
    frame, who,
};
use crate::{
    access::{Identity, Permission, named_by},
    app::App,
    bulk::{self, BulkRun, ItemState, Rows, RunState, Starts, UNLIKE},
    problem::{Kind, Problem},
    routes::worklist::note_list,
};

/// Applicants of a run that stand in the list; all of them are on the run's page.
const NAMED: usize = 3;

/// How long a press waits for what it has begun, to say what has become of it. Real time.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// A run that waits.
pub(super) struct Waiting {
    pub href: String,
    /// What a form says of it: which run, and the digest over what is shown of it here.
    pub pressed: String,
    pub act: &'static str,
    /// What it asks for: its name and its words; empty for most.
    pub asked: (&'static str, String),
    /// Name and number of the applicants, the first ones.
    pub applicants: Vec<String>,
    /// How many more there are.
    pub more: usize,
    pub proposed_by: String,
    pub proposed_at: String,
    /// 単独: from when on it is done.
    pub alone: Option<String>,
    pub explanation: String,
    /// 会員への説明 of single applications, of the first ones of a file.
    pub explanations: Vec<String>,
    pub reason: String,
    /// Why nobody may approve it: what is shown is not what was proposed.
    pub unlike: Option<&'static str>,
    /// Whether this person may approve it.
    pub approvable: bool,
    /// Whether this person may take it back or refuse it, in which words.
    pub refusable: Option<&'static str>,
    /// Whether it was approved and waits for its start.
    pub approved: bool,
    /// Of whom it is.
    by: String,
}

impl Waiting {
    /// Whose it is, in few words: for links and buttons that say the same otherwise.
    pub fn whose(&self) -> String {
        let first = self.applicants.first().map_or("申請なし", String::as_str);
        match self.applicants.len().saturating_sub(1) + self.more {
            0 => first.to_owned(),
            others => format!("{first} ほか{others}件"),
        }
    }
}

/// The runs that wait, the oldest first, at most so many; and how many there are. Whom they show is written down before they are shown.
pub(super) async fn waiting(
    app: &App,
    identity: &Identity,
    most: usize,
) -> Result<(Vec<Waiting>, usize), Problem> {
    let runs = bulk::all_waiting(app, identity).await?;
    let number = runs.len();
    let mut shown = Vec::new();
    let mut applications = BTreeSet::new();
    for run in runs.into_iter().take(most) {
        let rows = bulk::rows(app, &run).await?;
        for item in rows.proposed().take(NAMED) {
            applications.insert(item.application.clone());
        }
        shown.push(one(app, identity, run, &rows).await?);
    }
    let members = named_by(applications.iter().map(String::as_str));
    // A list of nobody is no look at anybody.
    if !members.is_empty() {
        note_list(app, identity, members).await?;
    }
    Ok((shown, number))
}

/// The name of whose application it is; empty when there is none.
pub(super) async fn name(app: &App, application: &str) -> Result<String, Problem> {
    let Ok(id) = ApplicationId::parse(application) else {
        return Ok(String::new());
    };
    let found = app.service().application(&id).await?;
    let state = found
        .as_ref()
        .and_then(|(application, _)| application.state());
    Ok(state.map_or_else(String::new, |state| state.record.name.clone()))
}

/// Name and number of whose application it is; without 閲覧 the number, which whoever has proposed it has named.
pub(super) async fn applicant(
    app: &App,
    identity: &Identity,
    application: &str,
) -> Result<String, Problem> {
    let Ok(id) = ApplicationId::parse(application) else {
        return Ok(application.to_owned());
    };
    if !names(identity) {
        return Ok(format!("会員 {}", id.member));
    }
    let name = name(app, application).await?;
    Ok(format!("{name}（{}）", id.member))
}

async fn one(
    app: &App,
    identity: &Identity,
    run: BulkRun,
    rows: &Rows,
) -> Result<Waiting, Problem> {
    let mut applicants = Vec::new();
    for item in rows.proposed().take(NAMED) {
        applicants.push(applicant(app, identity, &item.application).await?);
    }
    let more = rows.proposed().count().saturating_sub(applicants.len());
    let mut explanations: Vec<String> = Vec::new();
    for item in rows.proposed() {
        if !item.explanation.is_empty() && !explanations.contains(&item.explanation) {
            explanations.push(item.explanation.clone());
        }
    }
    if explanations.len() > NAMED {
        let others = explanations.len() - NAMED;
        explanations.truncate(NAMED);
        explanations.push(format!("ほか{others}種類（処理の画面でご確認ください）"));
    }
    let asked = bulk::asked(app, &run, &rows.items).await?;
    let told = &rows.told;
    let by = told.proposed_by.clone().unwrap_or(run.made_by);
    let own = is_of(&by, identity.actor());
    let may = identity.holds(run.act.permission);
    let approved = told.approved_by.is_some();
    Ok(Waiting {
        pressed: format!("{}.{}", run.id, rows.digest),
        href: format!("/desk/bulk/{}", run.id),
        act: run.act.label,
        asked: (run.act.asked_for(), asked),
        explanations,
        applicants,
        more,
        proposed_by: who(&by),
        proposed_at: show_jst_minutes(told.proposed_at.unwrap_or(run.made_at)),
        alone: told.alone_from.map(show_jst_minutes),
        explanation: run.explanation,
        reason: run.reason,
        unlike: rows.is_changed.then_some(UNLIKE),
        approvable: may && !own && !approved && !rows.is_changed,
        refusable: match (own, may) {
            (true, _) => Some("取り消す"),
            (false, true) => Some("却下する"),
            (false, false) => None,
        },
        approved,
        by,
    })
}

fn is_of(label: &str, actor: &Actor) -> bool {
    label == actor.label()
}

/// What is to be said at the top.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    notice: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/approvals.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    key: Uuid,
    waiting: Vec<Waiting>,
    /// Of whom there is more than one that this person may approve: words, what the form says.
    together: Vec<(String, Vec<String>)>,
    /// What was approved just now and is not done, or not yet.
    left: Vec<Left>,
}

/// A run that was approved and is not wholly done.
struct Left {
    href: String,
    words: String,
    /// Why.
    reasons: Vec<String>,
}

/// What has become of what was approved by one press.
#[derive(Default)]
struct Outcome {
    done: usize,
    not_done: usize,
    going_on: usize,
    left: Vec<Left>,
}

impl Outcome {
    fn notice(&self) -> Notice {
        let mut sentence = format!("承認しました。{}件を実行しました。", self.done);
        if self.not_done > 0 {
            sentence = format!("{sentence}{}件は実行できませんでした。", self.not_done);
        }
        if self.going_on > 0 {
            sentence = format!("{sentence}{}件は実行中です。", self.going_on);
        }
        sentence.push_str("次の処理をご確認ください。");
        Notice::warning(sentence)
    }
}

async fn page(
    app: &App,
    identity: &Identity,
    (notices, left): (Vec<Notice>, Vec<Left>),
    status: StatusCode,
) -> Result<Response, Problem> {
    let (waiting, _) = waiting(app, identity, usize::MAX).await?;
    let mut by_account: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in waiting.iter().filter(|one| one.approvable) {
        by_account
            .entry(&one.by)
            .or_default()
            .push(one.pressed.clone());
    }
    let together = by_account
        .into_iter()
        .filter(|(_, ids)| ids.len() > 1)
        .map(|(by, ids)| {
            let words = format!("{}の{}件をまとめて承認する", who(by), ids.len());
            (words, ids)
        })
        .collect();
    let mut frame = frame(app, identity, "承認待ち", Vec::new());
    frame.wrong = status.is_client_error();
    let page = Page {
        frame,
        notices,
        key: Uuid::new_v4(),
        together,
        waiting,
        left,
    };
    Ok(rendered(&page, status))
}

/// 承認待ち
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let notices = match asked.notice.as_deref() {
        Some("approved") => vec![Notice::success("承認しました。")],
        Some("refused") => vec![Notice::success("取り消しました。実行されません。")],
        _ => Vec::new(),
    };
    page(&app, &identity, (notices, Vec::new()), StatusCode::OK).await
}

/// The runs that stood on the page and were pressed, each with the digest of what stood there: nothing that has come since.
fn chosen(posted: &Posted) -> Result<Vec<(Uuid, String)>, Problem> {
    let pressed = posted.fields.all("run");
    let runs = pressed.iter().map(|pressed| {
        let (run, digest) = pressed.split_once('.')?;
        Some((run.parse().ok()?, digest.to_owned()))
    });
    runs.collect::<Option<Vec<_>>>()
        .filter(|runs| !runs.is_empty())
        .ok_or(Problem::new(Kind::PageTampered))
}

/// What has become of runs that are done when they are approved; one that takes longer goes on by itself.
async fn outcome(app: &App, identity: &Identity, approved: &[Uuid]) -> Result<Outcome, Problem> {
    let until = tokio::time::Instant::now() + PATIENCE;
    let mut outcome = Outcome::default();
    let mut named = BTreeSet::new();
    for id in approved {
        let mut run = bulk::find(app, identity, *id).await?;
        if run.starts == Starts::Pressed {
            continue;
        }
        let waits = |run: &BulkRun| matches!(run.state, RunState::Proposed | RunState::Running);
        while waits(&run) && tokio::time::Instant::now() < until {
            tokio::time::sleep(LOOK).await;
            run = bulk::find(app, identity, *id).await?;
        }
        let rows = bulk::rows(app, &run).await?;
        let left = rows.proposed().filter(|item| item.state != ItemState::Done);
        let left: Vec<_> = left.collect();
        outcome.done += rows.proposed().count() - left.len();
        let Some(first) = left.first() else {
            continue;
        };
        let mut reasons = Vec::new();
        if waits(&run) {
            outcome.going_on += left.len();
            reasons.push("実行中です。結果は、この処理の画面でご確認ください。".to_owned());
        } else {
            outcome.not_done += left.len();
            let sentences = left.iter().map(|item| &item.sentence);
            for sentence in sentences.chain([&run.sentence]) {
                if !sentence.is_empty() && !reasons.contains(sentence) {
                    reasons.push(sentence.clone());
                }
            }
        }
        named.insert(first.application.clone());
        let mut words = format!(
            "{}　{}",
            run.act.label,
            applicant(app, identity, &first.application).await?
        );
        if left.len() > 1 {
            words = format!("{words}　ほか {}件", left.len() - 1);
        }
        outcome.left.push(Left {
            href: format!("/desk/bulk/{}", run.id),
            words,
            reasons,
        });
    }
    let members = named_by(named.iter().map(String::as_str));
    if !members.is_empty() {
        note_list(app, identity, members).await?;
    }
    Ok(outcome)
}

/// The page again: what was pressed is done, or why some of it was not.
async fn after(
    app: &App,
    posted: &Posted,
    (notice, problems): (&str, &[(Uuid, Problem)]),
    approved: &[Uuid],
) -> Result<Response, Problem> {
    let mut notices = Vec::new();
    let mut status = StatusCode::CONFLICT;
    for (run, problem) in problems {
        if !problem.kind().status().is_client_error() {
            return Err(problem.clone());
        }
        let act = bulk::find(app, &posted.identity, *run)
            .await
            .map(|run| run.act.label);
        let act = act.unwrap_or("承認待ち");
        status = problem.kind().status();
        notices.push(Notice::error(format!("{act}: {}", problem.body().detail)));
    }
    let outcome = outcome(app, &posted.identity, approved).await?;
    if notices.is_empty() && outcome.left.is_empty() {
        return Ok(see(&format!("/desk/approvals?notice={notice}")));
    }
    if notices.is_empty() {
        status = StatusCode::OK;
    }
    if !outcome.left.is_empty() {
        notices.insert(0, outcome.notice());
    } else if !approved.is_empty() {
        notices.insert(
            0,
            Notice::success(format!("{}件を承認しました。", approved.len())),
        );
    }
    page(app, &posted.identity, (notices, outcome.left), status).await
}

/// 承認, of one or of all of an account that stood on the page.
pub(super) async fn approve(State(app): State<App>, posted: Posted) -> Result<Response, Problem> {
    let (mut approved, mut problems) = (Vec::new(), Vec::new());
    for (run, seen) in chosen(&posted)? {
        let mut call = posted.call();
        // Each approval is a command of its own.
        call.command_id = Uuid::new_v5(&call.command_id, run.as_bytes());
        match bulk::approve(&app, &posted.identity, (run, Some(&seen)), call).await {
            Ok(()) => approved.push(run),
            Err(problem) => problems.push((run, problem)),
        }
    }
    after(&app, &posted, ("approved", &problems), &approved).await
}

/// 却下・取消
pub(super) async fn refuse(State(app): State<App>, posted: Posted) -> Result<Response, Problem> {
    let mut problems = Vec::new();
    for (run, _) in chosen(&posted)? {
        if let Err(problem) = bulk::cancel(&app, &posted.identity, run, posted.call()).await {
            problems.push((run, problem));
        }
    }
    after(&app, &posted, ("refused", &problems), &[]).await
}

/// Whether names are shown, and applications opened from what waits.
pub(super) fn names(identity: &Identity) -> bool {
    identity.holds(Permission::SearchApplications)
}
