//! Sign-in of the demonstration: real sessions, only without a password, and on loopback only.

use std::net::SocketAddr;

use axum::{
    Extension, Form, Router,
    extract::{ConnectInfo, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use domain::{Role, member::MemberNumber};
use jiff::Timestamp;
use serde::Deserialize;

use super::{COOKIE, Duties, Principal, Sessions, token};
use crate::{
    app::App,
    demonstration::FIRST_MEMBER,
    pages,
    problem::{Kind, Problem},
};

/// The two addresses; only the demonstration has them.
pub fn router() -> Router<App> {
    Router::new()
        .route("/demo/sign-in", post(sign_in))
        .route("/demo/sign-out", post(sign_out))
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
        DemoIdentity::Secretariat => demo_account(Role::Secretariat),
        DemoIdentity::Reporter => demo_account(Role::Reporter),
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
    let token = app
        .sessions()
        .begin(&principal, Timestamp::now())
        .await
        .map_err(failed)?;
    // A page of the service itself sends one on, so a repeated sign-in does not leave sessions behind.
    if let Some(earlier) = super::token(&headers) {
        app.sessions().end(&earlier).await.map_err(failed)?;
    }
    tracing::info!(role = principal.actor.role.as_str(), "demo sign-in");
    let from = form.from.as_deref().and_then(pages::local);
    Ok(to(
        from.unwrap_or("/"),
        &cookie(token.as_str(), Sessions::max_age_seconds()),
    ))
}

async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(token) = token(&headers) {
        app.sessions().end(&token).await.map_err(failed)?;
    }
    Ok(to("/", &cookie("", 0)))
}

const NOT_LOCAL: &str =
    "デモのサインインは、このサービスが動いているコンピューター自身からのみご利用いただけます。";
const CHOOSE: &str = "サインインする役割を選択してください。";
const UNKNOWN_MEMBER: &str =
    "会員番号に該当する会員が登録されていません。会員番号をご確認ください。";

/// The demonstration's secretariat is one person with every duty.
fn demo_account(role: Role) -> Principal {
    let duties = match role {
        Role::Secretariat => Duties::all(),
        Role::Member | Role::Reporter | Role::System => Duties::NONE,
    };
    Principal::of(role, "demo", duties)
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

fn names_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn cookie(value: &str, max_age_seconds: u64) -> String {
    format!("{COOKIE}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={max_age_seconds}")
}

fn said(sentence: &'static str) -> pages::Said<'static> {
    pages::Said {
        notice: Some(sentence),
        from: None,
    }
}

/// Sends on to an address of this service.
fn to(address: &str, cookie: &str) -> Response {
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, address), (header::SET_COOKIE, cookie)],
    )
        .into_response()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: sqlx::Error) -> Problem {
    tracing::error!(%error, "writing a session failed");
    Problem::new(Kind::Internal)
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

    #[test]
    fn the_cookie_is_not_for_scripts_and_other_sites() {
        assert_eq!(
            cookie("x", 43_200),
            "shinsei_session=x; HttpOnly; SameSite=Lax; Path=/; Max-Age=43200"
        );
    }
}
