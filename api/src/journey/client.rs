//! One person's browser, as far as HTTP goes: cookies, and no redirect followed.

use std::time::Duration;

use serde_json::Value;
use ureq::{
    Agent,
    http::{Request, header},
};

/// Longer than any answer may take; the service itself gives up earlier.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most bytes of an answer.
const ANSWER_LIMIT: u64 = 20 * 1024 * 1024;

/// What is sent.
pub(super) enum Sent {
    /// Nothing: a GET.
    Nothing,
    /// A form.
    Form(String),
    /// JSON, with the revision it was drawn from.
    Json(Value, Option<u64>),
    /// A file.
    Csv(Vec<u8>),
    /// A POST without content.
    Order,
}

impl Sent {
    fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::Nothing | Self::Order => None,
            Self::Form(_) => Some("application/x-www-form-urlencoded"),
            Self::Json(..) => Some("application/json"),
            Self::Csv(_) => Some("text/csv"),
        }
    }
}

/// What came back.
pub(super) struct Answer {
    pub status: u16,
    /// Null when it is no JSON.
    pub body: Value,
}

/// Somebody with cookies of their own.
pub(super) struct Person {
    agent: Agent,
    base: String,
}

impl Person {
    pub(super) fn new(base: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // The demonstration is on this computer; a proxy of the environment would ask for it elsewhere.
            .proxy(None)
            .timeout_global(Some(PATIENCE));
        Self {
            agent: config.build().new_agent(),
            base: base.to_owned(),
        }
    }

    /// Sends a request. `key` is the Idempotency-Key of a write to the API.
    pub(super) fn ask(
        &self,
        method: &str,
        path: &str,
        sent: Sent,
        key: &str,
    ) -> Result<Answer, ureq::Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if let Some(content) = sent.content_type() {
            request = request.header(header::CONTENT_TYPE, content);
        }
        if let Sent::Json(..) | Sent::Csv(_) | Sent::Order = sent {
            request = request.header("idempotency-key", key);
        }
        if let Sent::Json(_, Some(revision)) = &sent {
            request = request.header(header::IF_MATCH, format!("\"{revision}\""));
        }
        let response = match sent {
            Sent::Nothing => self.agent.run(request.body(())?)?,
            Sent::Form(form) => self.agent.run(request.body(form.into_bytes())?)?,
            Sent::Json(value, _) => self
                .agent
                .run(request.body(value.to_string().into_bytes())?)?,
            Sent::Csv(file) => self.agent.run(request.body(file)?)?,
            Sent::Order => self.agent.run(request.body(Vec::new())?)?,
        };
        let (parts, mut body) = response.into_parts();
        let bytes = body.with_config().limit(ANSWER_LIMIT).read_to_vec()?;
        Ok(Answer {
            status: parts.status.as_u16(),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        })
    }
}
