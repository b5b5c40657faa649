//! `/api/v1/sessions`: the own sessions

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Endpoint;
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::Problem,
    write::Write,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        super::endpoint(
            Permission::ManageOwnSessions,
            &[],
            routes!(sessions, end_sessions),
        ),
        super::endpoint(Permission::ManageOwnSessions, &[], routes!(end_session)),
    ]
}

/// The own sessions, the latest first.
#[derive(Debug, Serialize, ToSchema)]
struct SessionsAnswer {
    sessions: Vec<SessionAnswer>,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
struct SessionAnswer {
    /// What it is called.
    id: Uuid,
    /// How it began: `demo`, `handover`, or the key of an issuer.
    via: String,
    /// Kind of browser and system.
    #[schema(example = "Firefox / Windows")]
    browser: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    began_at: Timestamp,
    /// When it was used last, to the minute.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: sqlx::Error) -> Problem {
    Problem::failed("reading or ending sessions", &error)
}

/// The own sessions
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    responses((status = OK, description = "The sessions.", body = SessionsAnswer))
)]
async fn sessions(
    State(app): State<App>,
    identity: Identity,
    headers: HeaderMap,
) -> Result<Json<SessionsAnswer>, Problem> {
    let token = app.entrance().token(&headers);
    let sessions = app
        .sessions()
        .list(identity.actor(), token.as_ref(), Timestamp::now())
        .await
        .map_err(failed)?;
    let sessions = sessions.into_iter().map(|session| SessionAnswer {
        id: session.id,
        via: session.via,
        browser: session.browser,
        began_at: session.began_at,
        seen_at: session.seen_at,
        current: session.current,
    });
    Ok(Json(SessionsAnswer {
        sessions: sessions.collect(),
    }))
}

/// End all own sessions
///
/// Also the one that asks.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions",
    responses((status = NO_CONTENT, description = "They have ended."))
)]
async fn end_sessions(State(app): State<App>, write: Write) -> Result<StatusCode, Problem> {
    let actor = write.identity.actor();
    app.sessions().end_all(actor).await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of the own sessions
///
/// Nothing happens when there is none of that id.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{session}",
    params(("session" = Uuid, Path, description = "What it is called in the list.")),
    responses((status = NO_CONTENT, description = "It has ended."))
)]
async fn end_session(
    State(app): State<App>,
    Path(session): Path<Uuid>,
    write: Write,
) -> Result<StatusCode, Problem> {
    let actor = write.identity.actor();
    app.sessions()
        .end_one(actor, session)
        .await
        .map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}
