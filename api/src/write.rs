//! Writes: what every POST, PUT and DELETE brings along, and how its command gets its identity.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, OriginalUri, Request},
    http::{HeaderMap, StatusCode, header},
};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    access::Identity,
    body,
    problem::{Kind, Problem},
    service::Call,
    telemetry::RequestId,
};

/// Most bytes of a JSON body: twenty times the longest document.
pub const BODY_LIMIT: usize = 64 * 1024;

/// Header that makes a write repeatable.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Most characters of the key.
const KEY_LIMIT: usize = 200;

/// A body that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Under which the ids of commands are derived (version 5).
const COMMANDS: Uuid = Uuid::from_u128(0x6d2b_1a54_9c0e_4f8b_8f57_21d0_53c1_7e96);

/// A write with everything that is the same for all of them. The gate has been passed.
#[derive(Debug)]
pub struct Write {
    /// Who asks.
    pub identity: Identity,
    call: Call,
    if_match: Option<u32>,
    is_json: bool,
    body: Bytes,
}

impl Write {
    /// The body as a value.
    ///
    /// # Errors
    /// See [`body::decode`]; [`Kind::UnsupportedMediaType`] when it is not said to be JSON.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if !self.is_json {
            return Err(Problem::new(Kind::UnsupportedMediaType));
        }
        body::decode(&self.body)
    }

    /// The body as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// Revision of the document that the person saw.
    ///
    /// # Errors
    /// [`Kind::PreconditionRequired`] when it was not told.
    pub fn base(&self) -> Result<u32, Problem> {
        self.if_match
            .ok_or(Problem::new(Kind::PreconditionRequired))
    }

    /// Revision of the document that the person saw, if it was told.
    pub fn base_if_told(&self) -> Option<u32> {
        self.if_match
    }

    /// The command's identity.
    pub fn call(&self) -> Call {
        self.call.clone()
    }

    /// The command's identity with the reason of an act of the society.
    pub fn call_because(&self, reason: Option<String>) -> Call {
        Call {
            reason,
            ..self.call.clone()
        }
    }

    /// Id of what this write adds: the same again when the write is repeated.
    pub fn new_id(&self) -> Uuid {
        new_id(&self.call)
    }
}

impl<S: Send + Sync> FromRequest<S> for Write {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let identity: Identity = parts
            .extensions
            .get()
            .cloned()
            .ok_or(Problem::new(Kind::NotSignedIn))?;
        let key = idempotency_key(&parts.headers)?.to_owned();
        let if_match = if_match(&parts.headers)?;
        let path = parts
            .extensions
            .get::<OriginalUri>()
            .map_or_else(|| parts.uri.path().to_owned(), |uri| uri.path().to_owned());
        let method = parts.method.clone();
        let is_json = is_json(&parts.headers);
        let correlation_id = parts
            .extensions
            .get()
            .map_or_else(Uuid::new_v4, |RequestId(id)| *id);

        let reading = Bytes::from_request(Request::from_parts(parts, body), state);
        let body = match tokio::time::timeout(PATIENCE, reading).await {
            Ok(Ok(body)) => body,
            Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(Problem::new(Kind::TooLarge));
            }
            Ok(Err(_)) | Err(_) => return Err(Problem::new(Kind::BodyCutOff)),
        };
        let call = Call {
            command_id: command_id(&identity.actor().label(), method.as_str(), &path, &key),
            request_hash: request_hash(method.as_str(), &path, &body, if_match),
            actor: identity.actor().clone(),
            correlation_id,
            causation_id: None,
            reason: None,
            counts_for: identity.principal().maker.clone(),
        };
        Ok(Self {
            identity,
            call,
            if_match,
            is_json,
            body,
        })
    }
}

/// Id of what a command adds: the same again when it is repeated.
pub(crate) fn new_id(call: &Call) -> Uuid {
    Uuid::new_v5(&call.command_id, b"row")
}

/// The identity of a form's command: the key that was drawn with the page, together with what was sent.
pub(crate) fn form_call(
    identity: &Identity,
    path: &str,
    key: &str,
    body: &[u8],
    correlation_id: Uuid,
) -> Call {
    let hash = request_hash("POST", path, body, None);
    let key = format!("{}-{}", hex::encode(key), hex::encode(hash));
    Call {
        command_id: command_id(&identity.actor().label(), "POST", path, &key),
        request_hash: hash,
        actor: identity.actor().clone(),
        correlation_id,
        causation_id: None,
        reason: None,
        counts_for: identity.principal().maker.clone(),
    }
}

fn command_id(actor: &str, method: &str, path: &str, key: &str) -> Uuid {
    // None of the parts can hold a line feed.
    Uuid::new_v5(
        &COMMANDS,
        format!("{actor}\n{method}\n{path}\n{key}").as_bytes(),
    )
}

fn request_hash(method: &str, path: &str, body: &[u8], if_match: Option<u32>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [method.as_bytes(), path.as_bytes(), body] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.update(if_match.map_or_else(|| "none".to_owned(), |revision| revision.to_string()));
    hash.finalize().into()
}

fn idempotency_key(headers: &HeaderMap) -> Result<&str, Problem> {
    headers
        .get(IDEMPOTENCY_KEY)
        .and_then(|key| key.to_str().ok())
        .filter(|key| {
            (1..=KEY_LIMIT).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .ok_or(Problem::new(Kind::IdempotencyKeyRequired))
}

/// `"3"`, also `W/"3"`: proxies that compress weaken the `ETag` they pass on, and the revision stays the same.
fn if_match(headers: &HeaderMap) -> Result<Option<u32>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let revision = value.to_str().ok().and_then(|text| {
        let text = text.trim();
        let quoted = text.strip_prefix("W/").unwrap_or(text);
        let digits = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten()
    });
    revision
        .map(Some)
        .ok_or(Problem::new(Kind::MalformedIfMatch))
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            let essence = value.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/json")
        })
}

/// The revision as an `ETag`.
pub fn etag(revision: u32) -> String {
    format!("\"{revision}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn the_key_is_one_to_two_hundred_visible_characters() {
        assert_eq!(
            idempotency_key(&headers(IDEMPOTENCY_KEY, "a-1~!")).unwrap(),
            "a-1~!"
        );
        assert!(idempotency_key(&headers(IDEMPOTENCY_KEY, &"k".repeat(200))).is_ok());
        for key in ["", "a b", "\t", "é", &"k".repeat(201)] {
            let problem = idempotency_key(&headers(IDEMPOTENCY_KEY, key)).unwrap_err();
            assert_eq!(problem.kind(), Kind::IdempotencyKeyRequired, "{key:?}");
        }
        assert!(idempotency_key(&HeaderMap::new()).is_err());
    }

    #[test]
    fn if_match_names_a_revision() {
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), None);
        assert_eq!(if_match(&headers("if-match", "\"3\"")).unwrap(), Some(3));
        assert_eq!(if_match(&headers("if-match", "W/\"0\"")).unwrap(), Some(0));
        for value in [
            "3",
            "*",
            "\"\"",
            "\"-1\"",
            "\"+1\"",
            "\"99999999999\"",
            "\"1\", \"2\"",
            "\"",
        ] {
            let problem = if_match(&headers("if-match", value)).unwrap_err();
            assert_eq!(problem.kind(), Kind::MalformedIfMatch, "{value}");
        }
    }

    #[test]
    fn the_same_write_has_the_same_id_and_another_one_has_not() {
        let id = command_id("member:1", "PUT", "/a", "k");
        assert_eq!(id, command_id("member:1", "PUT", "/a", "k"));
        for other in [
            command_id("member:2", "PUT", "/a", "k"),
            command_id("member:1", "POST", "/a", "k"),
            command_id("member:1", "PUT", "/b", "k"),
            command_id("member:1", "PUT", "/a", "l"),
        ] {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn the_hash_covers_body_and_revision() {
        let hash = request_hash("PUT", "/a", b"x", Some(1));
        assert_eq!(hash, request_hash("PUT", "/a", b"x", Some(1)));
        assert_ne!(hash, request_hash("PUT", "/a", b"y", Some(1)));
        assert_ne!(hash, request_hash("PUT", "/a", b"x", Some(2)));
        assert_ne!(hash, request_hash("PUT", "/a", b"x", None));
        assert_ne!(
            hash,
            request_hash("PUT", "/ax", b"", Some(1)),
            "parts do not run into each other"
        );
    }

    #[test]
    fn json_is_what_says_it_is() {
        assert!(is_json(&headers("content-type", "application/json")));
        assert!(is_json(&headers(
            "content-type",
            "application/json; charset=utf-8"
        )));
        assert!(!is_json(&headers("content-type", "text/plain")));
        assert!(!is_json(&HeaderMap::new()));
    }
}
