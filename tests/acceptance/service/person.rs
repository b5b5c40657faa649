//! Somebody with a browser of their own: one cookie jar, one session.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::block_in_place;
use ureq::Agent;
use ureq::http::{HeaderMap, Method, Request as HttpRequest, Response};
use uuid::Uuid;

use crate::patience::PATIENCE;

/// A user agent that keeps its cookies.
#[derive(Clone)]
pub struct Person {
    agent: Agent,
    url: String,
    /// What is sent with every request beside the cookies.
    standing: Option<(&'static str, String)>,
    /// The machine below the service is broken now: 503 with `Retry-After` is an answer too.
    trouble: bool,
}

impl Person {
    /// Not signed in.
    pub fn nobody(url: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        Self {
            agent,
            url: url.to_owned(),
            standing: None,
            trouble: false,
        }
    }

    /// Somebody who says with every request who it is: by a token or a session that did not come from signing in.
    pub fn carrying(url: &str, name: &'static str, value: String) -> Self {
        Self {
            standing: Some((name, value)),
            ..Self::nobody(url)
        }
    }

    /// The same person while the machine below the service is broken.
    pub fn amid_trouble(&self) -> Self {
        Self {
            trouble: true,
            ..self.clone()
        }
    }

    /// A member of the society.
    pub fn member(url: &str, number: &str) -> Self {
        Self::signed_in(url, &format!("identity=member&member={number}"))
    }

    /// Somebody of the society's staff.
    pub fn staff(url: &str, role: &str) -> Self {
        Self::signed_in(url, &format!("identity={role}"))
    }

    /// The same at another node of the service.
    pub fn at(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..self.clone()
        }
    }

    fn signed_in(url: &str, form: &str) -> Self {
        let person = Self::nobody(url);
        let answer = person
            .post("/demo/sign-in")
            .bytes("application/x-www-form-urlencoded", form.into())
            .send();
        assert_eq!(answer.status, 303, "{}", answer.text);
        person
    }

    /// Follows an address of another site, as a browser does, and gives where that sends on to. The cookies of both lie in
    /// one jar.
    #[track_caller]
    pub fn sent_on_by(&self, address: &str, account: &str) -> String {
        let request = HttpRequest::builder()
            .method(Method::GET)
            .uri(address)
            .header("x-account", account)
            .body(())
            .unwrap();
        let response = block_in_place(|| self.agent.run(request)).unwrap();
        let location = response.headers().get("location");
        let location = location.and_then(|value| value.to_str().ok());
        location
            .unwrap_or_else(|| panic!("{address}: {}", response.status()))
            .to_owned()
    }

    /// The session's cookie as a header carries it.
    pub fn cookie(&self) -> String {
        let jar = self.agent.cookie_jar_lock();
        let cookie = jar.get("127.0.0.1", "/", api::access::COOKIE);
        let cookie = cookie.expect("somebody who is signed in");
        format!("{}={}", cookie.name(), cookie.value())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send()
    }

    pub fn post(&self, path: &str) -> Request<'_> {
        self.request(Method::POST, path)
    }

    pub fn put(&self, path: &str) -> Request<'_> {
        self.request(Method::PUT, path)
    }

    pub fn delete(&self, path: &str) -> Request<'_> {
        self.request(Method::DELETE, path)
    }

    pub fn request(&self, method: Method, path: &str) -> Request<'_> {
        let key = (method != Method::GET).then(|| Uuid::new_v4().to_string());
        Request {
            person: self,
            method,
            path: path.to_owned(),
            content_type: None,
            body: Vec::new(),
            key,
            revision: None,
            headers: self.standing.iter().cloned().collect(),
        }
    }
}

/// A request in the making. A write has a key of its own unless it is given one.
#[derive(Clone)]
pub struct Request<'a> {
    person: &'a Person,
    method: Method,
    path: String,
    content_type: Option<String>,
    body: Vec<u8>,
    key: Option<String>,
    revision: Option<u32>,
    headers: Vec<(&'static str, String)>,
}

impl Request<'_> {
    pub fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string().into_bytes())
    }

    pub fn bytes(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.content_type = Some(content_type.to_owned());
        self.body = body;
        self
    }

    /// `If-Match`
    pub fn revision(mut self, revision: u32) -> Self {
        self.revision = Some(revision);
        self
    }

    /// `Idempotency-Key`
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub fn without_key(mut self) -> Self {
        self.key = None;
        self
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// A service on a machine with too much else to do says 503 and `Retry-After`: then it is asked again as any client would, with the same key.
    /// Only amid trouble is that answer what the test is about.
    #[track_caller]
    pub fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        let began = Instant::now();
        loop {
            let answer = self
                .clone()
                .exchange()
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            if self.person.trouble || !answer.tells_to_come_again() {
                return answer;
            }
            assert!(began.elapsed() < PATIENCE, "still {answer:?}");
            block_in_place(|| std::thread::sleep(Duration::from_millis(200)));
        }
    }

    /// For a service that may be gone. An answer that was not received whole is none.
    #[track_caller]
    pub fn try_send(self) -> Result<Answer, ureq::Error> {
        let trouble = self.person.trouble;
        let answer = self.exchange()?;
        assert!(trouble || !answer.tells_to_come_again(), "{answer:?}");
        Ok(answer)
    }

    fn exchange(self) -> Result<Answer, ureq::Error> {
        let address = format!("{}{}", self.person.url, self.path);
        let mut request = HttpRequest::builder().method(&self.method).uri(address);
        if let Some(content_type) = &self.content_type {
            request = request.header("content-type", content_type);
        }
        if let Some(key) = &self.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(revision) = self.revision {
            request = request.header("if-match", format!("\"{revision}\""));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let agent = &self.person.agent;
        block_in_place(|| {
            let mut response = if matches!(self.method, Method::GET | Method::DELETE) {
                agent.run(request.body(()).unwrap())?
            } else {
                agent.run(request.body(self.body).unwrap())?
            };
            let bytes = response.body_mut().read_to_vec()?;
            Ok(Answer::of(
                &response,
                format!("{} {}", self.method, self.path),
                bytes,
            ))
        })
    }
}

/// What the service answered. That it is never its fault (but for 503 with `Retry-After`), and that a refusal is a problem document, holds for every
/// answer of every test.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// What came, where it is text.
    pub text: String,
    /// What came.
    pub bytes: Vec<u8>,
    /// Method and path that it answers.
    to: String,
}

impl Answer {
    #[track_caller]
    fn of<T>(response: &Response<T>, to: String, bytes: Vec<u8>) -> Self {
        let answer = Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
            to,
        };
        assert!(
            answer.status < 500 || answer.tells_to_come_again(),
            "{answer:?}"
        );
        if answer.status >= 400 && !answer.is_page() {
            answer.assert_problem_document();
        }
        answer
    }

    /// The service can not do it now and says when to ask again.
    fn tells_to_come_again(&self) -> bool {
        self.status == 503 && self.header("retry-after").is_some()
    }

    fn is_page(&self) -> bool {
        self.header("content-type")
            .is_some_and(|value| value.starts_with("text/html"))
    }

    #[track_caller]
    fn assert_problem_document(&self) {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let body = self.json();
        assert_eq!(body["status"], self.status, "{self:?}");
        let kind = body["type"].as_str().unwrap();
        assert!(kind.starts_with("/problems/"), "{self:?}");
        let sentence = |text: &Value| text.as_str().is_some_and(|text| !text.trim().is_empty());
        assert!(sentence(&body["title"]), "{self:?}");
        // A sentence for a Japanese reader, not an error text of a library.
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.ends_with('。') || detail.ends_with('）'), "{detail}");
        for error in body["errors"].as_array().into_iter().flatten() {
            assert!(sentence(&error["message"]), "{self:?}");
            let pointer = error["pointer"].as_str().unwrap();
            assert!(pointer.is_empty() || pointer.starts_with('/'), "{self:?}");
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{}: {error}: {self:?}", self.to))
    }

    /// The revision in the `ETag`.
    #[track_caller]
    pub fn revision(&self) -> u32 {
        let etag = self.header("etag").map(|etag| etag.trim_matches('"'));
        etag.and_then(|etag| etag.parse().ok())
            .unwrap_or_else(|| panic!("no revision: {self:?}"))
    }

    /// The body of an answer that is as it should be.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// The body of an answer that says where the new thing is.
    #[track_caller]
    pub fn created(&self) -> Value {
        assert_eq!(self.status, 201, "{self:?}");
        assert!(self.header("location").is_some(), "{self:?}");
        self.json()
    }

    /// The run in which something waits for a second person.
    #[track_caller]
    pub fn waits(&self) -> Value {
        assert_eq!(self.status, 202, "{self:?}");
        assert!(self.header("location").is_some(), "{self:?}");
        self.json()
    }

    /// The problem document of a refusal.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.problem().as_deref()),
            (status, Some(code)),
            "{self:?}"
        );
        self.json()
    }

    /// The code of a problem; none when the answer is no refusal.
    pub fn problem(&self) -> Option<String> {
        let body: Value = (self.status >= 400).then(|| self.json())?;
        let code = body["type"].as_str()?.strip_prefix("/problems/")?;
        Some(code.to_owned())
    }

    /// The pointers of the errors that it names, in an answer to a save or in a problem.
    #[track_caller]
    pub fn pointers(&self) -> Vec<String> {
        pointers(&self.json()["errors"])
    }
}

fn pointers(errors: &Value) -> Vec<String> {
    let errors = errors.as_array().into_iter().flatten();
    errors
        .map(|error| error["pointer"].as_str().unwrap().to_owned())
        .collect()
}
