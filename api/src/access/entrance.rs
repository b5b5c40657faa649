//! Where the service is entered: its public address, its cookies, and the ways to sign in.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;

use domain::Actor;

use super::{
    AccessError, Beginning, COOKIE, HandoverKeys, Issuer, KEPT_COOKIE, Principal, SessionTimes,
    Token,
};
use crate::{
    app::App,
    pages,
    problem::{Kind, Problem},
};

/// What the name of every cookie begins with behind TLS: browsers take one with this beginning only from this host, over TLS, for all
/// paths. Without it, plain http or a neighbour's host could plant one.
const OF_THIS_HOST: &str = "__Host-";

/// The address under which people reach the service: scheme and host, with a port where it is not the usual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicAddress {
    text: String,
    authority: String,
    secure: bool,
}

/// An address that people cannot be sent to.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "SHINSEI_PUBLIC_URL is no public address: it begins with https:// (or http:// on this machine alone), names a host, with a port from 1 to 65535 where it \
     is not the usual one, and ends there, without a name or password and without a path: https://shinsei.example.jp"
)]
pub struct NoPublicAddress;

impl PublicAddress {
    /// Reads `https://shinsei.example.jp`.
    ///
    /// # Errors
    /// Another scheme, a path, a name in front of the host, no port behind a colon, or plain http to another machine than this.
    pub fn parse(text: &str) -> Result<Self, NoPublicAddress> {
        let (scheme, authority) = text
            .trim()
            .trim_end_matches('/')
            .split_once("://")
            .ok_or(NoPublicAddress)?;
        let scheme = scheme.to_ascii_lowercase();
        let secure = match scheme.as_str() {
            "https" => true,
            "http" if names_loopback(authority) => false,
            _ => return Err(NoPublicAddress),
        };
        if !is_host(authority) {
            return Err(NoPublicAddress);
        }
        let authority = authority.to_ascii_lowercase();
        Ok(Self {
            text: format!("{scheme}://{authority}"),
            authority,
            secure,
        })
    }

    /// Without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is reached over TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether an `Origin` header names it: scheme, host and port.
    pub fn is_origin(&self, origin: &str) -> bool {
        let scheme = if self.secure { "https" } else { "http" };
        origin.split_once("://").is_some_and(|(named, host)| {
            named.eq_ignore_ascii_case(scheme) && self.is_named_by(host)
        })
    }

    /// Whether a `Host` header names it.
    pub fn is_named_by(&self, host: &str) -> bool {
        let usual = if self.secure { ":443" } else { ":80" };
        let host = host.to_ascii_lowercase();
        host == self.authority || host.strip_suffix(usual) == Some(self.authority.as_str())
    }
}

/// Whether it is a name or an address, with a port or without.
fn is_host(authority: &str) -> bool {
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (authority, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    let is_label = |label: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty() && label.chars().all(plain)
    };
    let inside = name.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let is_name = match inside {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name.split('.').all(is_label),
    };
    is_name && port.is_none_or(is_port)
}

/// Whether a host, with a port or without, is this machine.
pub fn names_loopback(host: &str) -> bool {
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

/// How people come in.
#[derive(Debug, Clone, Default)]
pub struct Entrance {
    /// Where they find the service; `None` in the demonstration.
    pub address: Option<PublicAddress>,
    /// How long they stay.
    pub times: SessionTimes,
    /// Who vouches for them.
    pub issuers: Vec<Arc<Issuer>>,
    /// What the member site signs its links with.
    pub handover: Option<HandoverKeys>,
}

impl Entrance {
    fn is_secure(&self) -> bool {
        self.address.as_ref().is_some_and(PublicAddress::is_secure)
    }

    /// A cookie that scripts and other sites do not get. Every cookie is made here.
    pub fn cookie(&self, name: &str, value: &str, max_age_seconds: u64) -> String {
        let (host, secure) = if self.is_secure() {
            (OF_THIS_HOST, "; Secure")
        } else {
            ("", "")
        };
        format!(
            "{host}{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={max_age_seconds}{secure}"
        )
    }

    /// The token in a cookie of this name that was made by [`Entrance::cookie`].
    pub fn token_in(&self, headers: &HeaderMap, name: &str) -> Option<Token> {
        let host = if self.is_secure() { OF_THIS_HOST } else { "" };
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|cookies| cookies.to_str().ok())
            .flat_map(cookie::Cookie::split_parse)
            .filter_map(Result::ok)
            .find(|cookie| cookie.name().strip_prefix(host) == Some(name))
            .and_then(|cookie| Token::parse(cookie.value()))
    }

    /// The session token among the request's cookies.
    pub fn token(&self, headers: &HeaderMap) -> Option<Token> {
        self.token_in(headers, COOKIE)
    }

    /// The issuer of a name.
    pub fn issuer(&self, key: &str) -> Option<&Arc<Issuer>> {
        self.issuers.iter().find(|issuer| issuer.key() == key)
    }
}

/// Where a browser goes on to after signing in: to the form that was kept for this account when its session had ended, wherever it signed in
/// since. Somebody who came back by the member site's link was never shown what he had typed.
///
/// # Errors
/// The database, as a problem.
pub async fn goes_on_to<'a>(
    app: &App,
    headers: &HeaderMap,
    actor: &Actor,
    wanted: &'a str,
) -> Result<&'a str, Problem> {
    let Some(token) = app.entrance().token_in(headers, KEPT_COOKIE) else {
        return Ok(wanted);
    };
    let kept = app.kept_forms().find(&token, actor, Timestamp::now()).await;
    let kept = kept.map_err(|error| not_let_in(&error.into()))?;
    Ok(if kept.is_some() { pages::KEPT } else { wanted })
}

/// Begins a session for somebody who has been let in, with a token that nobody has seen before, and ends the one that the
/// browser had: a token that was put into it by somebody else is worth nothing after signing in.
///
/// # Errors
/// The database, as a problem.
pub async fn let_in(
    app: &App,
    headers: &HeaderMap,
    principal: Principal,
    via: &str,
) -> Result<HeaderValue, Problem> {
    let role = principal.actor.role;
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let beginning = Beginning::new(principal, via, agent);
    let failed = |error: AccessError| not_let_in(&error);
    let sessions = app.sessions();
    let token = sessions
        .begin(&beginning, Timestamp::now())
        .await
        .map_err(failed)?;
    let entrance = app.entrance();
    if let Some(earlier) = entrance.token(headers) {
        let ended = sessions.end(&earlier).await;
        ended.map_err(|error| failed(error.into()))?;
    }
    tracing::info!(role = role.as_str(), via, "signed in");
    let cookie = entrance.cookie(COOKIE, token.as_str(), sessions.max_age_seconds());
    HeaderValue::from_str(&cookie).map_err(|error| {
        tracing::error!(%error, "a cookie is no header");
        Problem::new(Kind::Internal)
    })
}

/// Nobody comes in without an entry in the log.
fn not_let_in(error: &AccessError) -> Problem {
    let problem = Problem::failed("writing a session", error);
    if !matches!(error, AccessError::NotNoted(_)) {
        return problem;
    }
    Problem::saying(
        Kind::Unavailable,
        "サインインの記録を残せないため、サインインできません。少し待ってから、もう一度お試しください。",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entrance(address: Option<&str>) -> Entrance {
        Entrance {
            address: address.map(|text| PublicAddress::parse(text).unwrap()),
            ..Entrance::default()
        }
    }

    #[test]
    fn a_public_address_is_https_or_this_machine() {
        for (text, kept) in [
            ("https://shinsei.example.jp", "https://shinsei.example.jp"),
            (
                "https://Shinsei.Example.jp:8443/",
                "https://shinsei.example.jp:8443",
            ),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            (" HTTPS://Shinsei.Example.JP ", "https://shinsei.example.jp"),
        ] {
            assert_eq!(PublicAddress::parse(text).unwrap().as_str(), kept);
        }
        for text in [
            "",
            "shinsei.example.jp",
            "http://shinsei.example.jp",
            "https://",
            "https://a/b",
            "https://user@a",
            "https://a?b",
            "ftp://a",
            "https://a:",
            "https://a:0",
            "https://a:99999",
            "https://a:https",
            "https://a..b",
            "https://.",
            "https://[a]",
            "https://[::1",
        ] {
            assert!(PublicAddress::parse(text).is_err(), "{text}");
        }
        let told = NoPublicAddress.to_string();
        assert!(told.starts_with("SHINSEI_PUBLIC_URL"), "{told}");
    }

    #[test]
    fn a_host_names_the_address_with_or_without_the_usual_port() {
        let address = PublicAddress::parse("https://shinsei.example.jp").unwrap();
        for host in [
            "shinsei.example.jp",
            "SHINSEI.example.jp",
            "shinsei.example.jp:443",
        ] {
            assert!(address.is_named_by(host), "{host}");
        }
        for host in [
            "evil.example",
            "shinsei.example.jp:8080",
            "shinsei.example.jp.evil.example",
            "",
        ] {
            assert!(!address.is_named_by(host), "{host}");
        }
    }

    #[test]
    fn the_cookie_is_not_for_scripts_and_other_sites_and_of_this_host_behind_tls() {
        let plain = entrance(None);
        assert_eq!(
            plain.cookie(COOKIE, "x", 43_200),
            "shinsei_session=x; HttpOnly; SameSite=Lax; Path=/; Max-Age=43200"
        );
        let secure = entrance(Some("https://shinsei.example.jp"));
        assert_eq!(
            secure.cookie("any", "x", 60),
            "__Host-any=x; HttpOnly; SameSite=Lax; Path=/; Max-Age=60; Secure"
        );
    }

    #[test]
    fn the_token_is_found_among_other_cookies_and_by_its_name_only() {
        let mut headers = HeaderMap::new();
        let ours = "0123456789abcdef".repeat(4);
        headers.append(header::COOKIE, "theme=dark; other=1".parse().unwrap());
        headers.append(
            header::COOKIE,
            format!("a=b; {COOKIE}={ours}").parse().unwrap(),
        );
        assert_eq!(entrance(None).token(&headers).unwrap().as_str(), ours);
        // Plain http could have planted it.
        let secure = entrance(Some("https://shinsei.example.jp"));
        assert!(secure.token(&headers).is_none());
    }
}
