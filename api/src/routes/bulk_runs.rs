//! `/api/v1/bulk-runs`: 一括処理

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use domain::calendar::show_jst_minutes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{Endpoint, worklist::note_list};
use crate::{
    access::{Identity, Permission, named_by},
    acts::NamedAct,
    app::App,
    bulk::{self, RunState, Starts, Wanted, failed},
    problem::{Kind, Problem},
    situation::created,
    write::Write,
};

/// Runs in the list.
const LIST: i64 = 100;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let endpoint = super::endpoint;
    let start: &[Kind] = &[
        Kind::NotFound,
        Kind::WrongState,
        Kind::ProposalRefused,
        Kind::Unavailable,
    ];
    vec![
        endpoint(
            Permission::SearchApplications,
            &[&[Kind::Invalid, Kind::Unavailable]],
            routes!(preview_bulk_run),
        ),
        endpoint(Permission::SeeRuns, &[], routes!(bulk_runs)),
        endpoint(
            Permission::SeeRuns,
            &[&[Kind::NotFound, Kind::Unavailable]],
            routes!(bulk_run),
        ),
        endpoint(Permission::CheckDocuments, &[start], routes!(start_checks)),
        endpoint(Permission::Decide, &[start], routes!(start_decisions)),
        endpoint(
            Permission::ConfirmPayments,
            &[start],
            routes!(start_payments),
        ),
        endpoint(Permission::Decide, &[start], routes!(approve_bulk_run)),
        endpoint(
            Permission::SeeRuns,
            &[&[Kind::NotFound, Kind::Unavailable]],
            routes!(cancel_bulk_run),
        ),
    ]
}

/// What is to be done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRun {
    /// `accept`, `extend`, `pass`, `fail`, `approve`, `request-fee`, `certify`, `defer`, `lapse`.
    #[schema(example = "extend")]
    act: String,
    /// What the act asks for: `2026-08-31T17:00`, `2027-02-28`; empty for the others.
    #[serde(default)]
    until: String,
    /// 会員への説明: shown and mailed to each member; required where the act needs one.
    #[serde(default)]
    #[schema(max_length = 1000)]
    explanation: String,
    /// 内部の理由: kept with every event, never shown to a member; required where the act needs one.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
    /// On which applications, at most 2,000 (and as many as fit into a body).
    #[serde(default)]
    #[schema(max_items = 2000)]
    applications: Vec<String>,
    /// In their place: all that match, as an address of `GET /api/v1/applications` has it (`search=…`, `documents=drafting`).
    #[serde(default)]
    #[schema(max_length = 500)]
    matching: Option<String>,
}

/// A run.
#[derive(Debug, Serialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own in the answer"
)]
pub(crate) struct RunAnswer {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    /// Which act.
    act: &'static str,
    /// Its words.
    act_label: &'static str,
    /// `previewed`, `proposed`, `running`, `cancelled`, `done`.
    state: &'static str,
    /// Its word.
    state_label: &'static str,
    /// 会員への説明
    explanation: String,
    /// 内部の理由
    reason: String,
    /// What the act asks for.
    until: String,
    /// The same in words; of an undoing the decision that it undoes. In the list of those that wait only.
    until_label: Option<String>,
    /// By whom it was made.
    made_by: String,
    /// By whom it was started.
    started_by: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    made_at: Timestamp,
    /// The same in Japan.
    made_label: String,
    /// Whether a second person must approve it.
    two_persons: bool,
    /// By whom it was proposed.
    proposed_by: Option<String>,
    /// Whether a second person has approved it.
    approved: bool,
    /// By whom.
    approved_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    approved_at: Option<Timestamp>,
    /// 単独: from when on it is done without a second person, where one person alone holds 判定.
    #[schema(value_type = Option<String>, format = DateTime)]
    alone_from: Option<Timestamp>,
    /// Whether it begins by itself when it is approved.
    begins_when_approved: bool,
    /// Why it was ended before its time; empty when somebody did. What is wrong, when it is `changed`.
    sentence: String,
    /// SHA-256 (hexadecimal) over exactly what is to be done as it is answered here; whoever approves it sends it along. In the list of those
    /// that wait only.
    digest: Option<String>,
    /// Whether what is answered here is not what was proposed: then nothing of it is done.
    changed: bool,
    /// To be done.
    ready: i64,
    /// Left out.
    excluded: i64,
    /// Done.
    done: i64,
    /// Refused when it was to be done.
    refused: i64,
    /// The items; in the list of runs there are none.
    items: Vec<ItemAnswer>,
}

/// What was seen of a run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SeenRun {
    /// `digest` of the run as it was answered: nothing else is approved.
    #[schema(max_length = 64)]
    digest: String,
}

/// An application of a run.
#[derive(Debug, Serialize, ToSchema)]
struct ItemAnswer {
    /// `<program>.<会員番号>`
    application: String,
    /// `ready`, `excluded`, `done`, `refused`.
    state: &'static str,
    /// Why not.
    sentence: String,
    /// 会員への説明 of this one, where a file has one; empty: that of the run.
    explanation: String,
}

/// The last runs, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct RunsAnswer {
    runs: Vec<RunAnswer>,
}

async fn answer(app: &App, run: bulk::BulkRun, with_items: bool) -> Result<RunAnswer, Problem> {
    // What is counted, shown and held against the log is one reading; of runs that are over the list has the numbers alone.
    let rows = if with_items || run.state == RunState::Proposed {
        Some(bulk::rows(app, &run).await?)
    } else {
        None
    };
    let counts = if let Some(rows) = &rows {
        rows.counts()
    } else {
        let counts = app.bulk_runs().counts(run.id).await;
        counts.map_err(|error| failed(&error))?
    };
    let until_label = match &rows {
        Some(rows) => Some(bulk::asked(app, &run, &rows.items).await?),
        None => None,
    };
    let (mut items, digest, changed, told) = match rows {
        Some(rows) => (rows.items, Some(rows.digest), rows.is_changed, rows.told),
        None => (Vec::new(), None, false, bulk::told(app, &run).await?),
    };
    if !with_items {
        items.clear();
    }
    let two_persons = bulk::kind_of(&run).waits_for_approval();
    Ok(RunAnswer {
        approved: two_persons && told.approved_by.is_some(),
        proposed_by: told.proposed_by,
        approved_by: told.approved_by,
        approved_at: told.approved_at,
        alone_from: told.alone_from,
        begins_when_approved: run.starts == Starts::Approved,
        sentence: if changed && run.sentence.is_empty() {
            bulk::UNLIKE.to_owned()
        } else {
            run.sentence
        },
        digest,
        changed,
        two_persons,
        id: run.id,
        act: run.act.name,
        act_label: run.act.label,
        state: run.state.as_str(),
        state_label: run.state.label(),
        explanation: run.explanation,
        reason: run.reason,
        until: run.until,
        until_label,
        made_by: run.made_by,
        started_by: run.started_by,
        made_label: show_jst_minutes(run.made_at),
        made_at: run.made_at,
        ready: counts.ready,
        excluded: counts.excluded,
        done: counts.done,
        refused: counts.refused,
        items: items
            .into_iter()
            .map(|item| ItemAnswer {
                application: item.application,
                state: item.state.as_str(),
                sentence: item.sentence,
                explanation: item.explanation,
            })
            .collect(),
    })
}

/// A run with its items, for who may see it; whom they show is written down first.
async fn shown(app: &App, identity: &Identity, id: Uuid) -> Result<Json<RunAnswer>, Problem> {
    let run = bulk::find(app, identity, id).await?;
    let run = answer(app, run, true).await?;
    let members = named_by(run.items.iter().map(|item| &*item.application));
    note_list(app, identity, members).await?;
    Ok(Json(run))
}

/// What waits for a second person: 202, where its run is, and the run.
///
/// # Errors
/// The database.
pub(super) async fn waits(app: &App, identity: &Identity, id: Uuid) -> Result<Response, Problem> {
    let body = shown(app, identity, id).await?;
    let mut response = created(&format!("/api/v1/bulk-runs/{id}"), body.into_response());
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// Preview an act on many applications (一括処理)
///
/// Nothing is done yet: it answers on which applications it would be done, and why not on the others.
#[utoipa::path(
    post,
    path = "/api/v1/bulk-runs",
    request_body = NewRun,
    responses((status = CREATED, description = "The preview.", body = RunAnswer))
)]
async fn preview_bulk_run(State(app): State<App>, write: Write) -> Result<Response, Problem> {
    let new: NewRun = write.decode()?;
    let act = NamedAct::find(&new.act)
        .ok_or_else(|| Problem::new(Kind::Invalid).at("/act", "この名前の処理はありません。"))?;
    let id = write.new_id();
    let applications = match &new.matching {
        None => new.applications,
        Some(conditions) => bulk::matching(&app, &write.identity, conditions).await?,
    };
    let wanted = Wanted {
        id,
        act,
        until: new.until,
        explanation: new.explanation,
        reason: new.reason,
        applications,
        request_hash: write.call().request_hash,
    };
    bulk::preview(&app, &write.identity, wanted).await?;
    let body = shown(&app, &write.identity, id).await?;
    Ok(created(
        &format!("/api/v1/bulk-runs/{id}"),
        body.into_response(),
    ))
}

/// The last runs
///
/// Without 閲覧 those that one has proposed by hand.
#[utoipa::path(
    get,
    path = "/api/v1/bulk-runs",
    responses((status = OK, description = "The runs.", body = RunsAnswer))
)]
async fn bulk_runs(
    State(app): State<App>,
    identity: Identity,
) -> Result<Json<RunsAnswer>, Problem> {
    let found = bulk::last(&app, &identity, LIST).await;
    let mut runs = Vec::new();
    for run in found? {
        runs.push(answer(&app, run, false).await?);
    }
    Ok(Json(RunsAnswer { runs }))
}

/// How far a run has come
#[utoipa::path(
    get,
    path = "/api/v1/bulk-runs/{run}",
    params(("run" = String, Path, format = Uuid, description = "Its id.")),
    responses((status = OK, description = "The run.", body = RunAnswer))
)]
async fn bulk_run(
    State(app): State<App>,
    identity: Identity,
    Path(run): Path<Uuid>,
) -> Result<Json<RunAnswer>, Problem> {
    shown(&app, &identity, run).await
}

async fn start(
    app: &App,
    run: Uuid,
    write: &Write,
    permission: Permission,
) -> Result<Json<RunAnswer>, Problem> {
    bulk::start(app, &write.identity, (run, None), permission, write.call()).await?;
    shown(app, &write.identity, run).await
}

/// Start a run of 確認
#[utoipa::path(
    post,
    path = "/api/v1/bulk-runs/{run}/start-checks",
    params(("run" = String, Path, format = Uuid, description = "Its id.")),
    responses((status = OK, description = "Started.", body = RunAnswer))
)]
async fn start_checks(
    State(app): State<App>,
    Path(run): Path<Uuid>,
    write: Write,
) -> Result<Json<RunAnswer>, Problem> {
    start(&app, run, &write, Permission::CheckDocuments).await
}

/// Propose a run of 判定, and start it when a second person has approved it
#[utoipa::path(
    post,
    path = "/api/v1/bulk-runs/{run}/start-decisions",
    params(("run" = String, Path, format = Uuid, description = "Its id.")),
    responses((status = OK, description = "Proposed or started.", body = RunAnswer))
)]
async fn start_decisions(
    State(app): State<App>,
    Path(run): Path<Uuid>,
    write: Write,
) -> Result<Json<RunAnswer>, Problem> {
    start(&app, run, &write, Permission::Decide).await
}

/// Start a run of 入金
#[utoipa::path(
    post,
    path = "/api/v1/bulk-runs/{run}/start-payments",
    params(("run" = String, Path, format = Uuid, description = "Its id.")),
    responses((status = OK, description = "Started.", body = RunAnswer))
)]
async fn start_payments(
    State(app): State<App>,
    Path(run): Path<Uuid>,
    write: Write,
) -> Result<Json<RunAnswer>, Problem> {
    start(&app, run, &write, Permission::ConfirmPayments).await
}

/// Approve a run of 判定 that somebody else has proposed (二者承認)
///
/// With the `digest` of the run as it was answered, nothing is approved but what was seen.
#[utoipa::path(
    post,
    path = "/api/v1/bulk-runs/{run}/approval",
    params(("run" = String, Path, format = Uuid, description = "Its id.")),
    request_body = Option<SeenRun>,
    responses((status = OK, description = "Approved.", body = RunAnswer))
)]
async fn approve_bulk_run(
    State(app): State<App>,
    Path(run): Path<Uuid>,
    write: Write,
) -> Result<Json<RunAnswer>, Problem> {
    let seen: Option<SeenRun> = if write.bytes().is_empty() {
        None
    } else {
        write.decode()?
    };
    let seen = seen.as_ref().map(|seen| seen.digest.as_str());
    bulk::approve(&app, &write.identity, (run, seen), write.call()).await?;
    shown(&app, &write.identity, run).await
}

/// Cancel a run (中止)
///
/// What is done stays done; nothing more is begun.
#[utoipa::path(
    post,
    path = "/api/v1/bulk-runs/{run}/cancellation",
    params(("run" = String, Path, format = Uuid, description = "Its id.")),
    responses((status = OK, description = "Cancelled.", body = RunAnswer))
)]
async fn cancel_bulk_run(
    State(app): State<App>,
    Path(run): Path<Uuid>,
    write: Write,
) -> Result<Json<RunAnswer>, Problem> {
    bulk::cancel(&app, &write.identity, run, write.call()).await?;
    shown(&app, &write.identity, run).await
}
