//! For which name a request asks. A page elsewhere whose name resolves to this machine would be of the same origin as nothing
//! here, and links that are made from a foreign name would lead away: so a name that is not ours is not answered.

use axum::{
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::names_loopback;
use crate::{
    app::App,
    problem::{Kind, Problem},
};

/// Refuses requests for names that are not the service's. In the demonstration these are the names of this machine; without a
/// public address production answers to any, and `shinsei doctor` says so. Probes come by any name.
pub async fn known_host(State(app): State<App>, request: Request, next: Next) -> Response {
    let probe = matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics");
    let host = request
        .headers()
        .get(header::HOST)
        .map(|host| host.to_str().unwrap_or_default());
    let known = match (host, &app.entrance().address) {
        // HTTP/1.1 asks for one; a router that is asked directly has none.
        (None, _) => true,
        (Some(host), Some(address)) => address.is_named_by(host),
        (Some(host), None) => !app.is_demonstration() || names_loopback(host),
    };
    if probe || known {
        next.run(request).await
    } else {
        Problem::new(Kind::UnknownHost).into_response()
    }
}
