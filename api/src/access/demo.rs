//! Sign-in of the demonstration: real sessions, only without a password, and on loopback only.

use std::net::SocketAddr;

use axum::{
    Extension, Form, Router,
    extract::{ConnectInfo, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use domain::{Role, member::MemberNumber};
use serde::Deserialize;

use super::{Duties, Duty, Principal, entrance::names_loopback, goes_on_to, let_in};
use crate::{app::App, demonstration::FIRST_MEMBER, pages, problem::Problem};

/// The accounts of its secretariat: one with every duty, and one who sees and decides.
pub const SECRETARIAT: [&str; 2] = ["demo", "decider"];

/// Its address; only the demonstration has it.
pub fn router() -> Router<App> {
    Router::new().route("/demo/sign-in", post(sign_in))
}

#[derive(Debug, Deserialize)]
struct SignIn {
    identity: DemoIdentity,
    member: Option<String>,
    /// Where somebody wanted to go before signing in.
    from: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DemoIdentity {
    Member,
    Secretariat,
    Decider,
    Reporter,
}

async fn sign_in(
    State(app): State<App>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    form: Result<Form<SignIn>, FormRejection>,
) -> Result<Response, Problem> {
    if !is_local(peer.map(|Extension(ConnectInfo(peer))| peer), &headers) {
        return Ok(pages::start(&app, &said(NOT_LOCAL), StatusCode::FORBIDDEN));
    }
    let Ok(Form(form)) = form else {
        return Ok(pages::start(
            &app,
            &said(CHOOSE),
            StatusCode::UNPROCESSABLE_ENTITY,
        ));
    };
    let principal = match form.identity {
        DemoIdentity::Secretariat => {
            Principal::of(Role::Secretariat, SECRETARIAT[0], Duties::all())
        }
        DemoIdentity::Decider => decider(),
        DemoIdentity::Reporter => Principal::of(Role::Reporter, "demo", Duties::NONE),
        DemoIdentity::Member => {
            let typed = form.member.filter(|number| !number.trim().is_empty());
            match imported_member(&app, typed.as_deref().unwrap_or(FIRST_MEMBER)).await? {
                Some(number) => Principal::of(Role::Member, number.to_string(), Duties::NONE),
                None => {
                    return Ok(pages::start(
                        &app,
                        &said(UNKNOWN_MEMBER),
                        StatusCode::UNPROCESSABLE_ENTITY,
                    ));
                }
            }
        }
    };
    let from = form.from.as_deref().and_then(pages::local);
    let goes_to = goes_on_to(&app, &headers, &principal.actor, from.unwrap_or("/")).await?;
    let session = let_in(&app, &headers, principal, "demo").await?;
    Ok((
        StatusCode::SEE_OTHER,
        [
            (
                header::LOCATION,
                HeaderValue::from_str(goes_to).unwrap_or(HeaderValue::from_static("/")),
            ),
            (header::SET_COOKIE, session),
        ],
    )
        .into_response())
}

const NOT_LOCAL: &str =
    "デモのサインインは、このサービスが動いているコンピューター自身からのみご利用いただけます。";
const CHOOSE: &str = "サインインする役割を選択してください。";
const UNKNOWN_MEMBER: &str =
    "会員番号に該当する会員が登録されていません。会員番号をご確認ください。";

/// The demonstration's secretariat are two persons: one with every duty, and one who sees and decides, so that the one can propose what
/// the other approves.
fn decider() -> Principal {
    let duties = [Duty::View, Duty::Decide].into_iter().collect();
    Principal::of(Role::Secretariat, SECRETARIAT[1], duties)
}

async fn imported_member(app: &App, typed: &str) -> Result<Option<MemberNumber>, Problem> {
    let Ok(number) = MemberNumber::parse(typed) else {
        return Ok(None);
    };
    let member = app.service().member(&number).await?;
    Ok(member.and_then(|member| member.record).map(|_| number))
}

/// From this computer, by the peer's address and by the name it asked for: a page elsewhere that had its own name
/// resolve to 127.0.0.1 would ask for that name, and a proxy in front of us would say for whom it asks.
fn is_local(peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && !forwarded.iter().any(|name| headers.contains_key(*name))
        && headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .is_some_and(names_loopback)
}

fn said(sentence: &'static str) -> pages::Said<'static> {
    pages::Said {
        notice: Some(sentence),
        from: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(peer: &str, headers: &[(&'static str, &str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        is_local(Some(peer.parse().unwrap()), &headers)
    }

    #[test]
    fn the_same_computer_may_sign_in() {
        assert!(local("127.0.0.1:50000", &[("host", "127.0.0.1:8080")]));
        assert!(local("127.0.0.1:50000", &[("host", "localhost:8080")]));
        assert!(local("[::1]:50000", &[("host", "[::1]:8080")]));
        assert!(local("[::ffff:127.0.0.1]:50000", &[("host", "localhost")]));
    }

    #[test]
    fn others_may_not_however_they_come() {
        assert!(!local("192.0.2.7:50000", &[("host", "127.0.0.1:8080")]));
        assert!(!local(
            "127.0.0.1:50000",
            &[("host", "rebound.example:8080")]
        ));
        assert!(!local(
            "127.0.0.1:50000",
            &[("host", "127.0.0.1"), ("x-forwarded-for", "192.0.2.7")]
        ));
        assert!(!local("127.0.0.1:50000", &[]));
        assert!(!is_local(None, &HeaderMap::new()));
    }
}
