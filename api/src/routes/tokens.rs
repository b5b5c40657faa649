//! `GET|POST /api/v1/tokens`, `DELETE /api/v1/tokens/{token}`: what machine clients sign in with.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use domain::{Role, documents::FieldError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Endpoint;
use crate::{
    access::{AccessError, ClientToken, CreateError, Grant, Permission, Principal},
    app::App,
    problem::{Kind, Problem},
    situation::created,
    write::Write,
};

pub(super) fn endpoints() -> [Endpoint; 2] {
    let making = &[Kind::Invalid, Kind::TokenMade, Kind::TooManyTokens];
    [
        super::endpoint(
            Permission::ManageTokens,
            &[making],
            routes!(list_tokens, create_token),
        ),
        super::endpoint(
            Permission::ManageTokens,
            &[&[Kind::UnknownToken]],
            routes!(revoke_token),
        ),
    ]
}

/// What is to be given to a machine client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedToken {
    /// Name of the client: `secretariat:client:<name>` in the log. Several tokens of one client may have it.
    #[schema(
        example = "nightly-import",
        max_length = 40,
        pattern = "^[a-z][a-z0-9-]{0,39}$"
    )]
    name: String,
    /// `secretariat` or `reporter`: the role in which it acts.
    #[schema(example = "secretariat", pattern = "^(secretariat|reporter)$")]
    role: String,
    /// Names of permissions (`x-permission`): it may use these and nothing else, as far as its role has them.
    #[schema(example = json!(["import-members"]), min_items = 1, max_items = 30)]
    scopes: Vec<String>,
    /// For how many days it is good.
    #[schema(minimum = 1, maximum = 365, example = 90)]
    days: u16,
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
struct TokenAnswer {
    /// By which it is revoked.
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    /// Name of the client.
    name: String,
    /// The role in which it acts.
    role: Option<Role>,
    /// How far it goes.
    scopes: Vec<&'static str>,
    /// Whether it opens anything: neither revoked nor over, and who made it still holds what it may, and has signed in within 90 days.
    good: bool,
    /// Who made it.
    created_by: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// From when on it is good for nothing.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it was last used, to the minute; null before the first time.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    /// When it was revoked; null when it was not.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// By whom.
    revoked_by: Option<String>,
}

impl TokenAnswer {
    fn of(token: ClientToken, now: Timestamp) -> Self {
        let good = token.is_good(now);
        let (revoked_at, revoked_by) = token.revoked.unzip();
        Self {
            id: token.id,
            name: token.name,
            role: token.role,
            scopes: token.scopes.iter().map(Permission::as_str).collect(),
            good,
            created_by: token.created_by,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.seen_at,
            revoked_at,
            revoked_by,
        }
    }
}

/// A new token with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
struct NewTokenAnswer {
    /// What the client sends: `Authorization: Bearer <secret>`.
    #[schema(example = "shinsei_…")]
    secret: String,
    #[serde(flatten)]
    token: TokenAnswer,
}

/// Every token.
#[derive(Debug, Serialize, ToSchema)]
struct TokensAnswer {
    /// Those that are good first, then the newest; at most 1,000.
    tokens: Vec<TokenAnswer>,
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Made => Self::new(Kind::TokenMade),
            CreateError::IdReused => Self::new(Kind::IdempotencyKeyReused),
            CreateError::TooMany => Self::new(Kind::TooManyTokens),
            CreateError::Access(error) => failed(&error),
        }
    }
}

fn failed(error: &AccessError) -> Problem {
    Problem::failed("using the table of tokens", error)
}

fn pointing(kind: Kind, errors: Vec<FieldError>) -> Problem {
    errors
        .into_iter()
        .fold(Problem::new(kind), |problem, error| {
            problem.at(error.pointer, error.message)
        })
}

/// The tokens of machine clients
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    responses((status = OK, description = "The tokens, without their secrets.", body = TokensAnswer))
)]
async fn list_tokens(State(app): State<App>) -> Result<Json<TokensAnswer>, Problem> {
    let now = Timestamp::now();
    let tokens = app
        .clients()
        .list(now)
        .await
        .map_err(|error| failed(&error))?;
    Ok(Json(TokensAnswer {
        tokens: tokens
            .into_iter()
            .map(|token| TokenAnswer::of(token, now))
            .collect(),
    }))
}

/// Give a machine client a token
///
/// The secret is in this answer only; the request repeated is refused, as it cannot be shown again. Nobody gives what is not the own, whatever
/// the role of the token (`not-permitted`). It ends with the duties of who made it, as of that account's last sign-in, and when nobody has
/// signed in there for 90 days.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    request_body = WantedToken,
    responses((status = CREATED, description = "The token, with its secret.", body = NewTokenAnswer))
)]
async fn create_token(State(app): State<App>, write: Write) -> Result<Response, Problem> {
    let wanted: WantedToken = write.decode()?;
    let grant = Grant::read(&wanted.name, &wanted.role, &wanted.scopes, wanted.days);
    let grant = grant.map_err(|errors| pointing(Kind::Invalid, errors))?;
    let giver: &Principal = write.identity.principal();
    let own = grant.given_by(giver);
    own.map_err(|errors| pointing(Kind::NotPermitted, errors))?;
    let (now, call) = (Timestamp::now(), write.call());
    let request = (write.new_id(), &call);
    let made = app.clients().create(&grant, &giver.actor, request, now);
    let ((token, secret), by) = (made.await?, giver.actor.label());
    tracing::info!(token = %token.id, client = token.name, by, "a token was made");
    let location = format!("/api/v1/tokens/{}", token.id);
    let answer = NewTokenAnswer {
        secret: secret.as_str().to_owned(),
        token: TokenAnswer::of(token, now),
    };
    Ok(created(&location, Json(answer).into_response()))
}

/// Revoke a token
///
/// It opens nothing from this moment on. Repeated: the same answer.
#[utoipa::path(
    delete,
    path = "/api/v1/tokens/{token}",
    params(("token" = String, Path, description = "Its id")),
    responses((status = OK, description = "Revoked.", body = TokenAnswer))
)]
async fn revoke_token(
    State(app): State<App>,
    Path(token): Path<String>,
    write: Write,
) -> Result<Json<TokenAnswer>, Problem> {
    let id: Uuid = token
        .parse()
        .map_err(|_| Problem::new(Kind::UnknownToken))?;
    let (now, by) = (Timestamp::now(), write.identity.actor());
    let request = write.identity.request();
    let revoked = app.clients().revoke(id, by, now, request).await;
    let by = by.label();
    let token = revoked
        .map_err(|error| failed(&error))?
        .ok_or(Problem::new(Kind::UnknownToken))?;
    tracing::info!(token = %token.id, client = token.name, by, "a token was revoked");
    Ok(Json(TokenAnswer::of(token, now)))
}
