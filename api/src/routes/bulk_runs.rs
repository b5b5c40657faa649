//! `/api/v1/bulk-runs`: 一括処理

use axum::{
    Json,
    extract::{Path, State},
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
    access::{Identity, Permission},
    acts::NamedAct,
    app::App,
    bulk::{self, LIMIT, Wanted, failed},
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
        endpoint(Permission::SearchApplications, &[], routes!(bulk_runs)),
        endpoint(
            Permission::SearchApplications,
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
            Permission::SearchApplications,
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
    /// Why; kept with every event.
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
struct RunAnswer {
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
    /// Why.
    reason: String,
    /// What the act asks for.
    until: String,
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
    /// Whether one has.
    approved: bool,
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

/// An application of a run.
#[derive(Debug, Serialize, ToSchema)]
struct ItemAnswer {
    /// `<program>.<会員番号>`
    application: String,
    /// `ready`, `excluded`, `done`, `refused`.
    state: &'static str,
    /// Why not.
    sentence: String,
}

/// The last runs, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct RunsAnswer {
    runs: Vec<RunAnswer>,
}

async fn answer(app: &App, run: bulk::BulkRun, with_items: bool) -> Result<RunAnswer, Problem> {
    let runs = app.bulk_runs();
    let counts = runs.counts(run.id).await.map_err(|error| failed(&error))?;
    let items = if with_items {
        let limit = i64::try_from(LIMIT).unwrap_or(i64::MAX);
        let items = runs.items(run.id, None, limit).await;
        items.map_err(|error| failed(&error))?
    } else {
        Vec::new()
    };
    let two_persons = bulk::needs_two_persons(&run);
    Ok(RunAnswer {
        approved: two_persons && bulk::is_approved(app, &run).await?,
        two_persons,
        id: run.id,
        act: run.act.name,
        act_label: run.act.label,
        state: run.state.as_str(),
        state_label: run.state.label(),
        reason: run.reason,
        until: run.until,
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
            })
            .collect(),
    })
}

async fn shown(app: &App, id: Uuid) -> Result<Json<RunAnswer>, Problem> {
    let run = bulk::find(app, id).await?;
    answer(app, run, true).await.map(Json)
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
    note_list(&app, &write.identity).await?;
    let id = write.new_id();
    let applications = match &new.matching {
        None => new.applications,
        Some(conditions) => bulk::matching(&app, &write.identity, conditions).await?,
    };
    let wanted = Wanted {
        id,
        act,
        until: new.until,
        reason: new.reason,
        applications,
    };
    bulk::preview(&app, &write.identity, wanted).await?;
    let body = shown(&app, id).await?;
    Ok(created(
        &format!("/api/v1/bulk-runs/{id}"),
        body.into_response(),
    ))
}

/// The last runs
#[utoipa::path(
    get,
    path = "/api/v1/bulk-runs",
    responses((status = OK, description = "The runs.", body = RunsAnswer))
)]
async fn bulk_runs(State(app): State<App>) -> Result<Json<RunsAnswer>, Problem> {
    let found = app.bulk_runs().list(LIST).await;
    let mut runs = Vec::new();
    for run in found.map_err(|error| failed(&error))? {
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
    note_list(&app, &identity).await?;
    shown(&app, run).await
}

async fn start(
    app: &App,
    run: Uuid,
    write: &Write,
    permission: Permission,
) -> Result<Json<RunAnswer>, Problem> {
    bulk::start(app, &write.identity, (run, permission), write.call()).await?;
    shown(app, run).await
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
#[utoipa::path(
    post,
    path = "/api/v1/bulk-runs/{run}/approval",
    params(("run" = String, Path, format = Uuid, description = "Its id.")),
    responses((status = OK, description = "Approved.", body = RunAnswer))
)]
async fn approve_bulk_run(
    State(app): State<App>,
    Path(run): Path<Uuid>,
    write: Write,
) -> Result<Json<RunAnswer>, Problem> {
    bulk::approve(&app, &write.identity, run, write.call()).await?;
    shown(&app, run).await
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
    bulk::cancel(&app, &write.identity, run).await?;
    shown(&app, run).await
}
