//! Asking issuers. They are asked by the service itself, so an address of theirs must lead nowhere else: no redirect is followed.

use std::{pin::Pin, time::Duration};

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use ureq::Agent;

/// An issuer that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most bytes of an answer: keys and tokens are far smaller.
const LARGEST: u64 = 1024 * 1024;

/// What goes wrong with an issuer's answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// It cannot be reached, or answers what is no HTTP.
    #[error("the issuer can not be asked")]
    Unreachable(#[source] ureq::Error),
    /// The task of the request ended early.
    #[error("the request was cut off")]
    CutOff,
}

/// The client: of the workspace's own, with its blocking calls off the threads that serve.
#[derive(Clone)]
pub struct Http(Agent);

impl Http {
    pub fn new() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .http_status_as_error(false)
            .build();
        Self(config.into())
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let agent = self.0.clone();
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || {
                let response = agent.run(request)?;
                let (head, mut body) = response.into_parts();
                let bytes = body.with_config().limit(LARGEST).read_to_vec()?;
                Ok(HttpResponse::from_parts(head, bytes))
            });
            let asked = asked.await.map_err(|_| HttpError::CutOff)?;
            asked.map_err(HttpError::Unreachable)
        })
    }
}
