//! Counting requests where they come in.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{client_address, kept_body::keeping};
use crate::{
    app::App,
    problem::{Kind, Problem},
};

/// The address that a request comes from; absent where no connection is known (a router that is asked directly).
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub IpAddr);

/// Notes the client's address, and counts by it what comes without any sign of who it is, and everything at the entrances, where a
/// sign means nothing yet. What comes with one is counted by the gate, which knows the account behind it. Of all that is not free,
/// only so much of one address is answered at the same time.
pub async fn count_entrances(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let Some(peer) = peer.map(|ConnectInfo(peer)| peer.ip()) else {
        return next.run(request).await;
    };
    let address = client_address(peer, request.headers(), app.limits().trusted_proxies);
    request.extensions_mut().insert(ClientAddress(address));
    let path = request.uri().path();
    if is_free(path) {
        return next.run(request).await;
    }
    let counted = is_entrance(path) || !is_signed(request.headers());
    if counted && let Err(wait) = app.rates().address(address) {
        return too_many(wait);
    }
    let Some(underway) = app.in_flight().enter(address) else {
        return too_many(Duration::from_secs(1));
    };
    let answer = next.run(request).await;
    answer.map(|body| keeping(body, underway))
}

/// Counts by its address what says who it is and is nobody: or tokens could be guessed, and bodies sent, as fast as the database reads.
/// What comes without any sign was counted at the entrance.
///
/// # Errors
/// How long to wait, when there was too much.
pub fn count_nobody(app: &App, request: &Request) -> Result<(), Duration> {
    match request.extensions().get::<ClientAddress>() {
        Some(ClientAddress(address)) if is_signed(request.headers()) => {
            app.rates().address(*address)
        }
        Some(_) | None => Ok(()),
    }
}

/// For probes, and for files that are the same for everybody.
fn is_free(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics") || path.starts_with("/assets/")
}

fn is_entrance(path: &str) -> bool {
    path == "/"
        || ["/sign-in", "/sign-out", "/demo/", "/handover"]
            .iter()
            .any(|start| path.starts_with(start))
}

/// Whether a request says who it is, truly or not.
fn is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key(header::COOKIE) || headers.contains_key(header::AUTHORIZATION)
}

/// The answer to a request too many.
pub fn too_many(wait: Duration) -> Response {
    let seconds = wait.as_secs().saturating_add(1);
    let problem = Problem::saying(
        Kind::TooManyRequests,
        format!(
            "短い時間に操作が集中したため、いったん受け付けを止めています。{seconds}秒ほど待ってから、もう一度お試しください。保存済みの内容はそのまま残っています。"
        ),
    );
    metrics::counter!("shinsei_requests_refused_total").increment(1);
    let mut response = problem.into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entrances_and_unsigned_requests_are_counted_and_probes_are_not() {
        for path in ["/healthz", "/readyz", "/metrics", "/assets/0/app.css"] {
            assert!(is_free(path), "{path}");
        }
        for path in [
            "/",
            "/sign-in/umin",
            "/sign-out",
            "/demo/sign-in",
            "/handover",
        ] {
            assert!(is_entrance(path) && !is_free(path), "{path}");
        }
        assert!(!is_entrance("/applications/p.1"));
        assert!(!is_signed(&HeaderMap::new()));
    }

    #[test]
    fn who_asked_too_much_is_told_how_long_to_wait() {
        let response = too_many(Duration::from_millis(1_200));
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }
}
