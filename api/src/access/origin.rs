//! Where a write may come from (CSRF): the service's own pages, or a client that is no browser.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::PublicAddress;
use crate::{
    app::App,
    problem::{Kind, Problem},
};

/// Refuses writes that a page of another site has started.
pub async fn same_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    let address = app.entrance().address.as_ref();
    if request.method().is_safe() || is_own(request.headers(), address) {
        next.run(request).await
    } else {
        Problem::new(Kind::ForeignOrigin).into_response()
    }
}

/// By `Sec-Fetch-Site` and `Origin`, whichever the browser sends. A client that sends neither is no browser, so nobody's cookies
/// are in it against their will.
fn is_own(headers: &HeaderMap, address: Option<&PublicAddress>) -> bool {
    let site = headers
        .get("sec-fetch-site")
        .map(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    if site == Some(false) {
        return false;
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    origins.all(|origin| match origin.to_str() {
        // A browser that hides the origin of a page still says whether the page is ours.
        Ok("null") => site == Some(true),
        Ok(origin) => names_us(origin, headers, address),
        Err(_) => false,
    })
}

/// Whether an origin is where people reach the service: scheme, host and port. A page of plain http, which anybody on the way can
/// write, is none of a service behind TLS. Without a public address only the name by which it was asked is known.
fn names_us(origin: &str, headers: &HeaderMap, address: Option<&PublicAddress>) -> bool {
    if let Some(address) = address {
        return address.is_origin(origin);
    }
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    matches!((authority, host), (Some(authority), Some(host)) if authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_at(address: Option<&str>, headers: &[(&'static str, &str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let address = address.map(|address| PublicAddress::parse(address).unwrap());
        is_own(&headers, address.as_ref())
    }

    fn own(headers: &[(&'static str, &str)]) -> bool {
        own_at(None, headers)
    }

    #[test]
    fn own_pages_and_clients_that_are_no_browser_may_write() {
        assert!(own(&[("host", "127.0.0.1:8080")]));
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(own(&[("sec-fetch-site", "none")]));
        assert!(own(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "null")
        ]));
        assert!(own(&[
            ("host", "127.0.0.1:8080"),
            ("origin", "http://127.0.0.1:8080")
        ]));
    }

    #[test]
    fn other_sites_may_not() {
        assert!(!own(&[("sec-fetch-site", "cross-site")]));
        assert!(!own(&[("sec-fetch-site", "same-site")]));
        assert!(!own(&[
            ("host", "127.0.0.1:8080"),
            ("origin", "http://127.0.0.1:9090")
        ]));
        assert!(!own(&[("host", "127.0.0.1:8080"), ("origin", "null")]));
        assert!(!own(&[("origin", "http://127.0.0.1:8080")]));
        assert!(!own(&[
            ("host", "127.0.0.1:8080"),
            ("origin", "http://127.0.0.1:8080"),
            ("origin", "https://evil.example")
        ]));
    }

    #[test]
    fn an_origin_is_its_scheme_and_port_too_where_the_address_is_known() {
        let at = |origin| {
            let headers = [("host", "shinsei.example.jp"), ("origin", origin)];
            own_at(Some("https://shinsei.example.jp"), &headers)
        };
        assert!(at("https://shinsei.example.jp"));
        assert!(at("https://shinsei.example.jp:443"));
        for origin in [
            "http://shinsei.example.jp",
            "http://shinsei.example.jp:443",
            "https://shinsei.example.jp:8443",
            "https://shinsei.example.jp.evil.example",
            "shinsei.example.jp",
            "null",
        ] {
            assert!(!at(origin), "{origin}");
        }
        let both = [
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://shinsei.example.jp"),
        ];
        assert!(!own_at(Some("https://shinsei.example.jp"), &both));
    }
}
