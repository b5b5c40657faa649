//! Who is asking, and the gate in front of every endpoint.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::{Actor, Role, member::MemberNumber};
use jiff::Timestamp;

use super::{Duties, Permission, with_form_token};
use crate::{
    app::App,
    limits::{ClientAddress, too_many},
    problem::{Kind, Problem},
};

/// Who somebody is that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// As the log keeps it.
    pub actor: Actor,
    /// What somebody of the secretariat is charged with.
    pub duties: Duties,
}

impl Principal {
    /// Somebody in a role.
    pub fn of(role: Role, id: impl Into<String>, duties: Duties) -> Self {
        Self {
            actor: Actor {
                role,
                id: id.into(),
            },
            duties,
        }
    }
}

/// Somebody who is signed in and has the endpoint's permission. Only [`authorize`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    principal: Principal,
}

impl Identity {
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

    #[cfg(test)]
    pub(crate) fn of(role: Role, id: &str) -> Self {
        Self {
            principal: Principal::of(role, id, Duties::all()),
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

/// The gate: a session, and a role that has the permission.
pub async fn authorize(
    State((app, permission)): State<(App, Permission)>,
    mut request: Request,
    next: Next,
) -> Response {
    match signed_in(&app, request.headers()).await {
        Err(problem) => problem.into_response(),
        Ok(None) => match address(&request).map(|address| app.rates().address(address)) {
            Some(Err(wait)) => too_many(wait),
            Some(Ok(())) | None => Problem::new(Kind::NotSignedIn).into_response(),
        },
        Ok(Some(principal)) if let Err(wait) = app.rates().account(&principal.actor.label()) => {
            too_many(wait)
        }
        Ok(Some(principal)) if !permission.is_held_by(&principal) => {
            Problem::new(Kind::NotPermitted).into_response()
        }
        Ok(Some(principal)) => {
            let secret = match app.form_secret().await {
                Ok(secret) => secret,
                Err(error) => {
                    tracing::error!(%error, "the secret of the forms can not be read");
                    return Problem::new(Kind::Internal).into_response();
                }
            };
            let actor = principal.actor.clone();
            request.extensions_mut().insert(Identity { principal });
            with_form_token(secret, &actor, request, next).await
        }
    }
}

/// Where a request comes from that says who it is and is nobody: counted, or tokens could be guessed as fast as the database reads.
/// Without any sign it was counted at the entrance.
fn address(request: &Request) -> Option<std::net::IpAddr> {
    let signed = request.headers().contains_key(header::COOKIE)
        || request.headers().contains_key(header::AUTHORIZATION);
    let address = request.extensions().get::<ClientAddress>();
    address
        .filter(|_| signed)
        .map(|ClientAddress(address)| *address)
}

/// Whose session the request's cookie names.
///
/// # Errors
/// The database, as a problem.
pub async fn signed_in(app: &App, headers: &HeaderMap) -> Result<Option<Principal>, Problem> {
    let Some(token) = app.entrance().token(headers) else {
        return Ok(None);
    };
    app.sessions()
        .find(&token, Timestamp::now())
        .await
        .map_err(|error| {
            tracing::error!(%error, "reading a session failed");
            Problem::new(Kind::Internal)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

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
