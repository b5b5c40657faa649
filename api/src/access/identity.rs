//! Who is asking, and the gate in front of every endpoint.

use std::time::Duration;

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::{Actor, Role, member::MemberNumber};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Duties, Permission, Scopes, Secret, log, with_form_token};
use crate::{
    app::App,
    limits::{count_nobody, too_many},
    problem::{Kind, Problem},
    telemetry::RequestId,
};

/// Who somebody is that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// As the log keeps it.
    pub actor: Actor,
    /// What somebody of the secretariat is charged with.
    pub duties: Duties,
    /// How far a machine client's token goes; `None` for people.
    pub scopes: Option<Scopes>,
    /// Role and account of who made the token of a machine client, and answers for it; `None` for people.
    pub maker: Option<String>,
}

/// How long a request waits until the database says who makes it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the accounts of machine clients begin with. No sign-in may give a person such an account.
const CLIENT: &str = "client:";

impl Principal {
    /// Somebody in a role.
    pub fn of(role: Role, id: impl Into<String>, duties: Duties) -> Self {
        Self {
            actor: Actor {
                role,
                id: id.into(),
            },
            duties,
            scopes: None,
            maker: None,
        }
    }

    /// A machine client: `secretariat:client:<name>` in the log. Its duties are those that its scopes need, no more.
    pub fn client(role: Role, name: &str, scopes: Scopes) -> Self {
        let duties = match role {
            Role::Secretariat => scopes.iter().flat_map(Permission::duties).collect(),
            Role::Member | Role::Reporter | Role::System => Duties::NONE,
        };
        Self {
            scopes: Some(scopes),
            ..Self::of(role, format!("{CLIENT}{name}"), duties)
        }
    }

    /// The same, with the role and account of who made its token.
    #[must_use]
    pub fn made_by(self, maker: impl Into<String>) -> Self {
        Self {
            maker: Some(maker.into()),
            ..self
        }
    }
}

/// Somebody who is signed in and has the endpoint's permission. [`authorize`] makes one, and the first page, which needs none, asks one for
/// what it may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    principal: Principal,
    /// Method and route of what is asked, never the address itself: it is kept in the access log.
    operation: String,
    /// Number of the request.
    request: Uuid,
}

impl Identity {
    /// Whether the table gives somebody this permission.
    pub fn holds(&self, permission: Permission) -> bool {
        permission.is_held_by(&self.principal)
    }

    /// Who it is, and how far it goes.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Method and route: `GET /api/v1/applications/{id}/history`.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// Number of the request in the service's log.
    pub fn request(&self) -> Uuid {
        self.request
    }

    /// As the log keeps it.
    pub fn actor(&self) -> &Actor {
        &self.principal.actor
    }

    /// What somebody of the secretariat is charged with.
    pub fn duties(&self) -> Duties {
        self.principal.duties
    }

    /// In which role.
    pub fn role(&self) -> Role {
        self.principal.actor.role
    }

    /// 会員番号 of a member; `None` for staff.
    pub fn member(&self) -> Option<MemberNumber> {
        match self.role() {
            Role::Member => MemberNumber::parse(&self.principal.actor.id).ok(),
            Role::Secretariat | Role::Reporter | Role::System => None,
        }
    }

    /// Whether somebody may see what belongs to a member.
    pub fn may_see(&self, member: &MemberNumber) -> bool {
        match self.role() {
            Role::Member => self.principal.actor.id == member.as_str(),
            Role::Secretariat => true,
            Role::Reporter | Role::System => false,
        }
    }

    /// Somebody on the first page after signing in.
    pub(crate) fn on_first_page(principal: Principal) -> Self {
        Self {
            principal,
            operation: "GET /".to_owned(),
            request: Uuid::new_v4(),
        }
    }

    #[cfg(test)]
    pub(crate) fn of(role: Role, id: &str) -> Self {
        Self {
            principal: Principal::of(role, id, Duties::all()),
            operation: String::new(),
            request: Uuid::nil(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Absent only where no gate stands in front of the handler.
        parts
            .extensions
            .get()
            .cloned()
            .ok_or(Problem::new(Kind::NotSignedIn))
    }
}

/// The gate: a session or a token, and a role that has the permission.
pub async fn authorize(
    State((app, permission)): State<(App, Permission)>,
    mut request: Request,
    next: Next,
) -> Response {
    match signed_in(&app, request.headers()).await {
        Err(problem) => problem.into_response(),
        Ok(None) => match count_nobody(&app, &request) {
            Err(wait) => too_many(wait),
            Ok(()) => unauthenticated(request.headers()),
        },
        Ok(Some(principal)) if let Err(wait) = app.rates().account(&principal.actor.label()) => {
            too_many(wait)
        }
        Ok(Some(principal)) => {
            let permitted = permission.is_held_by(&principal);
            let identity = Identity {
                principal,
                operation: operation(&request),
                request: request
                    .extensions()
                    .get()
                    .map_or_else(Uuid::new_v4, |RequestId(id)| *id),
            };
            if !permitted {
                log::note_refusal(app.service(), &identity).await;
                return Problem::new(Kind::NotPermitted).into_response();
            }
            let secret = match app.form_secret().await {
                Ok(secret) => secret,
                Err(error) => {
                    return Problem::failed("reading the secret of the forms", &error)
                        .into_response();
                }
            };
            request.extensions_mut().insert(identity.clone());
            let answer = with_form_token(secret, identity.actor(), request, next).await;
            // What is done at an address can ask for more than the address does.
            let problem = answer.extensions().get::<Problem>();
            if problem.is_some_and(|problem| problem.kind() == Kind::NotPermitted) {
                log::note_refusal(app.service(), &identity).await;
            }
            answer
        }
    }
}

/// What is asked, without what was typed.
fn operation(request: &Request) -> String {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("an address without a route", MatchedPath::as_str);
    format!("{} {route}", request.method())
}

/// Who asks: whose token it is, else whose session. Somebody who brings both could be acting for either: refused.
///
/// # Errors
/// [`Kind::TwoIdentities`]; the database, as a problem.
pub async fn signed_in(app: &App, headers: &HeaderMap) -> Result<Option<Principal>, Problem> {
    // Everything begins here: while the database is silent, nobody waits for it longer than this.
    let found = tokio::time::timeout(PATIENCE, asking(app, headers)).await;
    found.unwrap_or_else(|_| {
        tracing::warn!("the database does not say in time who is signed in");
        Err(Problem::new(Kind::Unavailable))
    })
}

async fn asking(app: &App, headers: &HeaderMap) -> Result<Option<Principal>, Problem> {
    let Some(secret) = bearer(headers) else {
        return of_session(app, headers).await;
    };
    if app.entrance().token(headers).is_some() {
        return Err(Problem::new(Kind::TwoIdentities));
    }
    let Some(secret) = Secret::parse(secret) else {
        return Ok(None);
    };
    let found = app.clients().find(&secret, Timestamp::now()).await;
    found.map_err(|error| Problem::failed("reading a token", &error))
}

/// Nobody is asking: told so, and how to say who one is (RFC 9110, 15.5.2; RFC 6750, 3).
fn unauthenticated(headers: &HeaderMap) -> Response {
    let (kind, challenge) = match bearer(headers) {
        Some(_) => (Kind::InvalidToken, "Bearer error=\"invalid_token\""),
        None => (Kind::NotSignedIn, "Bearer"),
    };
    let mut response = Problem::new(kind).into_response();
    response.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static(challenge),
    );
    response
}

/// What follows `Authorization: Bearer`. Other schemes are none of ours: a proxy may have its own.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::AUTHORIZATION)
        .iter()
        .find_map(|value| {
            let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
            scheme
                .eq_ignore_ascii_case("bearer")
                .then_some(secret.trim())
        })
}

/// Whose session the request's cookie names.
async fn of_session(app: &App, headers: &HeaderMap) -> Result<Option<Principal>, Problem> {
    let Some(token) = app.entrance().token(headers) else {
        return Ok(None);
    };
    app.sessions()
        .find(&token, Timestamp::now())
        .await
        .map_err(|error| Problem::failed("reading a session", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_a_client_is_what_follows_bearer() {
        let said = |value: &'static str| {
            let headers =
                HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(said("Bearer shinsei_1").as_deref(), Some("shinsei_1"));
        assert_eq!(said("bearer  shinsei_1 ").as_deref(), Some("shinsei_1"));
        assert_eq!(said("Basic c2hpbnNlaQ=="), None);
        assert_eq!(said("Bearer"), None);
    }

    #[test]
    fn a_machine_client_is_known_as_one_by_its_account_and_has_no_duty_that_it_does_not_need() {
        let scopes = [Permission::ImportMembers, Permission::ReadPrograms];
        let client = Principal::client(Role::Secretariat, "nightly", scopes.into_iter().collect());
        assert_eq!(client.actor.label(), "secretariat:client:nightly");
        assert_eq!(client.duties.to_string(), "administer");
        let client = Principal::client(Role::Reporter, "figures", scopes.into_iter().collect());
        assert!(client.duties.is_empty());
    }

    #[test]
    fn a_member_sees_the_own_things_only() {
        let one = MemberNumber::parse("9000001").unwrap();
        let other = MemberNumber::parse("9000002").unwrap();
        let member = Identity::of(Role::Member, "9000001");
        assert!(member.may_see(&one));
        assert!(!member.may_see(&other));
        assert!(Identity::of(Role::Secretariat, "demo").may_see(&other));
        assert!(!Identity::of(Role::Reporter, "demo").may_see(&other));
    }
}
