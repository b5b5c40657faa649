//! `GET /api/v1/access-log/entrances`, `POST /api/v1/accounts/{account}/end`: who came in, and ending all that an account has open.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use domain::calendar::show_jst_minutes;
use eventstore::ExecuteError;
use jiff::Timestamp;
use projections::EntranceEntry;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    Endpoint,
    history::{page_size, text},
};
use crate::{
    access::{AccessError, Permission, end_access},
    app::App,
    problem::{Kind, Problem},
    write::Write,
};

pub(super) fn endpoints() -> [Endpoint; 2] {
    [
        super::endpoint(Permission::ReadAccessLog, &[], routes!(entrances)),
        super::endpoint(
            Permission::ManageTokens,
            &[&[Kind::UnknownAccount]],
            routes!(end_account),
        ),
    ]
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// The account of staff, as it stands in the log after its role.
    account: Option<String>,
    /// `next` of the page before.
    before: Option<i64>,
    /// Entries on a page, 1 to 200; 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Who came in, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct EntrancesAnswer {
    /// The entries.
    entries: Vec<CameIn>,
    /// `before` of the next page; null on the last.
    next: Option<i64>,
}

/// Somebody of the staff came in or was ended, or a token was made, revoked or sealed.
#[derive(Debug, Serialize, ToSchema)]
struct CameIn {
    /// Number of the event in the ledger.
    global_seq: i64,
    /// `signed-in`, `access-ended`, `token-made`, `token-revoked` or `earlier-tokens-sealed`.
    event: &'static str,
    /// The account of staff that came in, was ended, or made the token; null for what is of none.
    account: Option<String>,
    /// Who did it: `secretariat:demo`, `system:command-line`.
    actor: String,
    /// In which role.
    role: String,
    /// Of a sign-in: the duties as of then.
    duties: Vec<String>,
    /// Of a sign-in: by which way (`demo`, or the key of an issuer).
    way: Option<String>,
    /// Of a token: its id.
    #[schema(value_type = Option<String>, format = Uuid)]
    token: Option<Uuid>,
    /// Of a token that was made: the name of its client.
    client: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The same in Japan.
    at_label: String,
}

impl From<EntranceEntry> for CameIn {
    fn from(entry: EntranceEntry) -> Self {
        Self {
            global_seq: entry.global_seq,
            event: entry.event.as_str(),
            account: entry.account,
            actor: entry.actor,
            role: entry.role,
            duties: entry
                .duties
                .iter()
                .flat_map(|duties| duties.split_whitespace())
                .map(str::to_owned)
                .collect(),
            way: entry.way,
            token: entry.token,
            client: entry.client,
            at: entry.at,
            at_label: show_jst_minutes(entry.at),
        }
    }
}

/// Who came in (サインインの記録)
///
/// Newest first: each sign-in of staff with its duties as of then, accounts whose access was ended, and the making and revoking of tokens.
#[utoipa::path(
    get,
    path = "/api/v1/access-log/entrances",
    params(Asked),
    responses((status = OK, description = "The entries.", body = EntrancesAnswer))
)]
async fn entrances(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Json<EntrancesAnswer>, Problem> {
    let limit = page_size(asked.limit)?;
    let account = text("account", "アカウント", asked.account.as_deref())?;
    let views = &app.service().views;
    let page = views
        .entrances(account.as_deref(), asked.before, limit)
        .await?;
    Ok(Json(EntrancesAnswer {
        entries: page.items.into_iter().map(CameIn::from).collect(),
        next: page.next,
    }))
}

/// What was ended.
#[derive(Debug, Serialize, ToSchema)]
struct EndedAnswer {
    /// How many sessions.
    sessions: u64,
    /// How many tokens that the account answered for.
    tokens: u64,
}

/// Why it was not ended: a key that stood for another request, or trouble.
pub(crate) fn failed(error: &AccessError) -> Problem {
    match error {
        AccessError::NotNoted(noted) if matches!(noted.why(), ExecuteError::KeyReused) => {
            Problem::new(Kind::IdempotencyKeyReused)
        }
        AccessError::NotNoted(noted) if matches!(noted.why(), ExecuteError::Conflict) => {
            Problem::new(Kind::Conflict)
        }
        _ => Problem::failed("ending the access of an account", error),
    }
}

/// End every session and token of an account of staff
///
/// At once, for a lost laptop: what began before opens nothing any more. Whoever is still allowed to signs in again. Repeated with the same key,
/// it ends nothing that began since.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/end",
    params(("account" = String, Path, description = "As it stands in the log after its role, percent-encoded: `staff%2F248289761001`")),
    responses((status = OK, description = "Ended.", body = EndedAnswer))
)]
async fn end_account(
    State(app): State<App>,
    Path(account): Path<String>,
    write: Write,
) -> Result<Json<EndedAnswer>, Problem> {
    let ended = end_access(app.service(), &account, write.call()).await;
    let ended = ended
        .map_err(|error| failed(&error))?
        .ok_or(Problem::new(Kind::UnknownAccount))?;
    Ok(Json(EndedAnswer {
        sessions: ended.sessions,
        tokens: ended.tokens,
    }))
}
