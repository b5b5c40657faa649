//! An issuer that does what no good issuer does: its tokens are what a test wants them to be.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Keys of the tests alone (`openssl genpkey -algorithm ed25519`).
const OURS: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIBfUNwrdfWaMNtcppln/Emrj6176N1mQ1qmquY9UG7R3
-----END PRIVATE KEY-----";
const FOREIGN: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEICCHfJF/5eknbko6Ru9aatnpwQKsWBMIl5kGY52jYcKb
-----END PRIVATE KEY-----";

/// What its next token is like.
#[derive(Clone)]
pub struct Forged {
    /// Claims in place of the good ones.
    pub claims: Value,
    /// By which key, with which algorithm in the head.
    pub signed: Signed,
}

/// What it says at `UserInfo`: status and claims.
pub type Said = (u16, Value);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    Well,
    /// By a key that it does not publish, under the name of the one that it does.
    ByAnother,
    /// `alg: none`
    NotAtAll,
    /// HMAC with the client's secret, which everybody has who has stolen it.
    WithTheSecret,
}

struct Inner {
    issuer: String,
    next: Mutex<Forged>,
    nonce: Mutex<String>,
    user_info: Mutex<Option<Said>>,
}

/// The issuer.
#[derive(Clone)]
pub struct Stub {
    inner: Arc<Inner>,
}

fn key(pem: &str) -> CoreEdDsaPrivateSigningKey {
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(pem, Some(JsonWebKeyId::new("k1".to_owned())))
        .unwrap()
}

fn encoded(bytes: &[u8]) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

impl Stub {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let stub = Self {
            inner: Arc::new(Inner {
                issuer: format!("http://{address}"),
                next: Mutex::new(Forged {
                    claims: json!({}),
                    signed: Signed::Well,
                }),
                nonce: Mutex::default(),
                user_info: Mutex::default(),
            }),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(description))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .route("/me", get(user_info))
            .with_state(stub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stub
    }

    /// Says this at `UserInfo` from now on; before, it has no such endpoint.
    pub fn say(&self, status: u16, claims: Value) {
        *self.inner.user_info.lock().unwrap() = Some((status, claims));
    }

    pub fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    /// What the next token is like, and the nonce that a good one repeats.
    pub fn forge(&self, nonce: &str, forged: Forged) {
        *self.inner.next.lock().unwrap() = forged;
        nonce.clone_into(&mut self.inner.nonce.lock().unwrap());
    }
}

async fn description(State(stub): State<Stub>) -> Json<Value> {
    let issuer = stub.issuer();
    let mut description = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
    });
    if stub.inner.user_info.lock().unwrap().is_some() {
        description["userinfo_endpoint"] = json!(format!("{issuer}/me"));
    }
    Json(description)
}

async fn user_info(State(stub): State<Stub>, headers: HeaderMap) -> (StatusCode, Json<Value>) {
    assert_eq!(headers["authorization"], "Bearer a");
    let (status, claims) = stub.inner.user_info.lock().unwrap().clone().unwrap();
    (StatusCode::from_u16(status).unwrap(), Json(claims))
}

async fn keys() -> Json<Value> {
    let public = key(OURS).as_verification_key();
    Json(json!({ "keys": [public] }))
}

async fn token(State(stub): State<Stub>) -> Json<Value> {
    let forged = stub.inner.next.lock().unwrap().clone();
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "iss": stub.issuer(),
        "sub": "u1",
        "aud": "shinsei",
        "iat": now,
        "exp": now + 300,
        "nonce": *stub.inner.nonce.lock().unwrap(),
        "member_number": "9000001",
    });
    for (name, value) in forged.claims.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let algorithm = match forged.signed {
        Signed::Well | Signed::ByAnother => "EdDSA",
        Signed::NotAtAll => "none",
        Signed::WithTheSecret => "HS256",
    };
    let head = json!({ "alg": algorithm, "kid": "k1", "typ": "JWT" });
    let body = format!(
        "{}.{}",
        encoded(head.to_string().as_bytes()),
        encoded(claims.to_string().as_bytes())
    );
    let sign = |pem| {
        let signature = key(pem).sign(&CoreJwsSigningAlgorithm::EdDsa, body.as_bytes());
        encoded(&signature.unwrap())
    };
    let signature = match forged.signed {
        Signed::Well => sign(OURS),
        Signed::ByAnother => sign(FOREIGN),
        Signed::NotAtAll => String::new(),
        Signed::WithTheSecret => {
            let key = openidconnect::core::CoreHmacKey::new("a-secret-of-the-tests-alone");
            encoded(
                &key.sign(&CoreJwsSigningAlgorithm::HmacSha256, body.as_bytes())
                    .unwrap(),
            )
        }
    };
    Json(json!({
        "access_token": "a",
        "token_type": "Bearer",
        "id_token": format!("{body}.{signature}"),
    }))
}
