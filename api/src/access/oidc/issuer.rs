//! One issuer: its description and keys, the way to it, and what it says of somebody who comes back.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AuthorizationCode, Client, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields,
    IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    Scope, StandardErrorResponse, StandardTokenResponse, SubjectIdentifier, TokenResponse as _,
    UserInfoError,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{IssuerSettings, SettingsError, Vouched, http::Http};
use crate::access::{PublicAddress, Token};

/// Description and keys of an issuer are asked for again after so long.
const FRESH: Duration = Duration::from_hours(1);

/// Keys that do not fit are asked for again at once, but not for every token that somebody makes up.
const BREATH: Duration = Duration::from_secs(30);

/// By how much the clocks of issuer and service may differ.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// A token that was made longer ago than a sign-in takes is none of this sign-in.
const OLDEST: TimeDelta = TimeDelta::minutes(15);

/// Signatures that are believed: of keys that only the issuer has. Neither `none`, nor one by the client's secret.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Everything that a token says beside what the protocol names.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct EveryClaim(Map<String, Value>);

impl AdditionalClaims for EveryClaim {}

type Fields = IdTokenFields<
    EveryClaim,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type OurClient = Client<
    EveryClaim,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why somebody could not be let in by an issuer. Nothing that the issuer says of a person is in it.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// It does not answer, or not as an issuer does.
    #[error("the issuer does not answer as one: {0}")]
    Unavailable(String),
    /// It does not take the code.
    #[error("the issuer refused the code")]
    CodeRefused,
    /// Its token is none, or none for us, or none of this sign-in.
    #[error("the issuer's token is not good: {0}")]
    BadToken(&'static str),
}

/// A sign-in on its way to the issuer.
pub struct Started {
    /// Where the browser goes.
    pub address: String,
    /// What the token must repeat.
    pub nonce: String,
    /// What the code is exchanged with.
    pub verifier: String,
}

/// An issuer.
pub struct Issuer {
    key: String,
    settings: IssuerSettings,
    secret: Option<ClientSecret>,
    address: IssuerUrl,
    redirect: RedirectUrl,
    http: Http,
    known: RwLock<Option<Known>>,
}

/// What an issuer says of itself.
struct Known {
    metadata: Arc<CoreProviderMetadata>,
    since: Instant,
}

/// By its key; its secret is shown to nobody.
impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Issuer").field(&self.key).finish()
    }
}

impl Issuer {
    /// An issuer that sends people back to this service. It is not asked for anything yet: one that is down keeps no service
    /// from starting.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn new(
        key: &str,
        settings: IssuerSettings,
        address: &PublicAddress,
    ) -> Result<Self, SettingsError> {
        let inconsistent = |reason: String| SettingsError::Inconsistent {
            key: key.to_owned(),
            reason,
        };
        let from = IssuerUrl::new(settings.issuer.clone())
            .map_err(|error| inconsistent(error.to_string()))?;
        let redirect = RedirectUrl::new(format!("{}/sign-in/{key}/callback", address.as_str()))
            .map_err(|error| inconsistent(error.to_string()))?;
        Ok(Self {
            secret: settings.client_secret(key)?.map(ClientSecret::new),
            key: key.to_owned(),
            settings,
            address: from,
            redirect,
            http: Http::new(),
            known: RwLock::new(None),
        })
    }

    /// As it stands in addresses and in the log.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What its button says.
    pub fn label(&self) -> &str {
        &self.settings.label
    }

    /// Its description and keys, from it or as they were a while ago.
    ///
    /// # Errors
    /// [`IssuerError::Unavailable`]
    pub async fn metadata(
        &self,
        older_is_good: Duration,
    ) -> Result<Arc<CoreProviderMetadata>, IssuerError> {
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known
                .as_ref()
                .filter(|known| known.since.elapsed() < older_is_good)
            {
                return Ok(Arc::clone(&known.metadata));
            }
        }
        let metadata = CoreProviderMetadata::discover_async(self.address.clone(), &self.http)
            .await
            .map_err(|error| IssuerError::Unavailable(chain(&error)))?;
        let metadata = Arc::new(metadata);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Known {
            metadata: Arc::clone(&metadata),
            since: Instant::now(),
        });
        Ok(metadata)
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> OurClient {
        Client::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            self.secret.clone(),
        )
        .set_redirect_uri(self.redirect.clone())
    }

    /// Sends somebody to the issuer, with what is checked when they come back.
    ///
    /// # Errors
    /// [`IssuerError::Unavailable`]
    pub async fn start(&self, state: &Token) -> Result<Started, IssuerError> {
        let metadata = self.metadata(FRESH).await?;
        let client = self.client(&metadata);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = state.as_str().to_owned();
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                Nonce::new_random,
            )
            .set_pkce_challenge(challenge);
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (address, _, nonce) = request.url();
        Ok(Started {
            address: address.to_string(),
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
        })
    }

    /// Exchanges the code that somebody came back with, and says whom the issuer vouches for.
    ///
    /// # Errors
    /// See [`IssuerError`].
    pub async fn vouched(
        &self,
        code: String,
        nonce: &str,
        verifier: String,
        now: DateTime<Utc>,
    ) -> Result<Vouched, IssuerError> {
        let metadata = self.metadata(FRESH).await?;
        let client = self.client(&metadata);
        let exchange = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| IssuerError::Unavailable("it has no token endpoint".to_owned()))?;
        let answer = exchange
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&self.http)
            .await
            .map_err(|error| match error {
                openidconnect::RequestTokenError::ServerResponse(_) => IssuerError::CodeRefused,
                openidconnect::RequestTokenError::Request(error) => {
                    IssuerError::Unavailable(chain(&error))
                }
                _ => IssuerError::BadToken("the answer is no token"),
            })?;
        let token = answer
            .id_token()
            .ok_or(IssuerError::BadToken("there is no ID token"))?;
        let nonce = Nonce::new(nonce.to_owned());
        let trusted = &self.settings.trusted_audiences;
        let said = match said(&client, &answer, token, &nonce, now, trusted) {
            // Perhaps it has new keys.
            Err(Unsound::Key) => {
                let metadata = self.metadata(BREATH).await?;
                said(
                    &self.client(&metadata),
                    &answer,
                    token,
                    &nonce,
                    now,
                    trusted,
                )
            }
            said => said,
        };
        let (subject, mut claims) = said.map_err(|unsound| match unsound {
            Unsound::Key => IssuerError::BadToken("none of the issuer's keys has signed it"),
            Unsound::Token(reason) => IssuerError::BadToken(reason),
        })?;
        let mut unanswered = None;
        if !self.settings.are_complete(&claims) {
            match self.user_info(&client, &answer, &subject).await {
                // What is signed stands above what is only said.
                Ok(told) => self.settings.complete(&mut claims, told),
                Err(error @ IssuerError::BadToken(_)) => return Err(error),
                Err(error) => {
                    tracing::warn!(issuer = self.key, %error, "what a token does not say could not be asked");
                    unanswered = Some(error);
                }
            }
        }
        let vouched = self.settings.vouched(&self.key, subject.as_str(), &claims);
        match (vouched, unanswered) {
            // They may be somebody: that is not known now.
            (Vouched::Nobody(_), Some(error)) => Err(error),
            (vouched, _) => Ok(vouched),
        }
    }

    /// What the issuer says of somebody beside the token (OpenID Connect Core, 5.3); nothing when it has no endpoint for that. An answer about
    /// somebody else is refused (5.3.2).
    async fn user_info(
        &self,
        client: &OurClient,
        answer: &StandardTokenResponse<Fields, CoreTokenType>,
        subject: &SubjectIdentifier,
    ) -> Result<Map<String, Value>, IssuerError> {
        let token = answer.access_token().clone();
        let Ok(request) = client.user_info(token, Some(subject.clone())) else {
            return Ok(Map::new());
        };
        let told: openidconnect::UserInfoClaims<EveryClaim, CoreGenderClaim> = request
            .request_async(&self.http)
            .await
            .map_err(|error| match error {
                UserInfoError::ClaimsVerification(_) => IssuerError::BadToken(
                    "what UserInfo says is of somebody else, or not signed as it must be",
                ),
                UserInfoError::Request(error) => IssuerError::Unavailable(chain(&error)),
                UserInfoError::Response(status, _, _) => {
                    IssuerError::Unavailable(format!("UserInfo answers {status}"))
                }
                // What the parser says may hold a part of the answer.
                _ => IssuerError::Unavailable("UserInfo answers something else".to_owned()),
            })?;
        Ok(all(&told))
    }
}

/// Claims of the protocol and all others, by their names.
fn all(claims: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(claims) {
        Ok(Value::Object(claims)) => claims,
        _ => Map::new(),
    }
}

/// What a token says, when it is as it must be: subject and all other claims.
fn said(
    client: &OurClient,
    answer: &StandardTokenResponse<Fields, CoreTokenType>,
    token: &openidconnect::IdToken<
        EveryClaim,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    nonce: &Nonce,
    now: DateTime<Utc>,
    trusted: &[String],
) -> Result<(SubjectIdentifier, Map<String, Value>), Unsound> {
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS)
        .set_other_audience_verifier_fn(|other| trusted.contains(&**other))
        .set_time_fn(move || now - SKEW)
        .set_issue_time_verifier_fn(move |issued| {
            if issued > now + SKEW {
                Err("issued in the future".to_owned())
            } else if issued < now - OLDEST {
                Err("issued long ago".to_owned())
            } else {
                Ok(())
            }
        });
    let claims = token.claims(&verifier, nonce).map_err(Unsound::of)?;
    // The library leaves it to its users: a token that was made for another client of the issuer may name us as its audience. One with several
    // audiences must say for whom it was made (3.1.3.7).
    match claims.authorized_party() {
        Some(party) if party != client.client_id() => {
            return Err(Unsound::Token("it was made for another client"));
        }
        None if claims.audiences().len() > 1 => {
            return Err(Unsound::Token(
                "it has several audiences and does not say for which it was made (azp)",
            ));
        }
        _ => {}
    }
    if let Some(expected) = claims.access_token_hash() {
        let unsound = |_| Unsound::Token("its access token can not be checked");
        let algorithm = token
            .signing_alg()
            .map_err(|_| Unsound::Token("its algorithm is unknown"))?;
        let key = token
            .signing_key(&verifier)
            .map_err(|_| Unsound::Token("its key is unknown"))?;
        let actual = AccessTokenHash::from_token(answer.access_token(), algorithm, key)
            .map_err(|error: openidconnect::SigningError| unsound(error))?;
        if actual != *expected {
            return Err(Unsound::Token("the access token is another's"));
        }
    }
    Ok((claims.subject().clone(), all(claims)))
}

/// An error with what is behind it: none of it comes from a person.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        told = format!("{told}: {inner}");
        source = inner.source();
    }
    told
}

/// What is wrong with a token, in words without anything of it.
enum Unsound {
    /// Signed by a key that is not among those that we know.
    Key,
    Token(&'static str),
}

impl Unsound {
    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    fn of(error: openidconnect::ClaimsVerificationError) -> Self {
        use openidconnect::{ClaimsVerificationError as Error, SignatureVerificationError};
        match error {
            Error::SignatureVerification(SignatureVerificationError::NoMatchingKey) => Self::Key,
            Error::SignatureVerification(_) => Self::Token("its signature is not good"),
            Error::Expired(_) => Self::Token("it has expired"),
            Error::InvalidAudience(_) => Self::Token("it is for another audience"),
            Error::InvalidIssuer(_) => Self::Token("it is of another issuer"),
            Error::InvalidNonce(_) => Self::Token("it is of another sign-in"),
            _ => Self::Token("something in it is not as it must be"),
        }
    }
}
