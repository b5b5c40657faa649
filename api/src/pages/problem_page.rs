//! Problems as pages: in the product's look and language, saying what to do next.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{frame::Frame, rendered, see, start};
use crate::{
    app::App,
    problem::{Kind, Problem, SentForm},
    telemetry::RequestId,
};

#[derive(Template)]
#[template(path = "wrong.html")]
struct Page<'a> {
    frame: Frame,
    title: &'a str,
    detail: &'a str,
    messages: Vec<&'a str>,
    /// What was typed and is not stored.
    kept: &'a [(String, String)],
    /// Number under which the log has it.
    number: Option<String>,
    back: Option<String>,
    /// Whether what was typed is kept and found again after signing in.
    returns: bool,
    /// The form that can be sent again as it was.
    again: Option<&'a SentForm>,
}

/// Answers people with a page where the API answers with a problem document, and sends those who are not signed in to the
/// sign-in, from where they come back.
pub async fn as_page(State(app): State<App>, request: Request, next: Next) -> Response {
    let wants_page = wants_page(&request);
    let is_get = request.method() == Method::GET;
    let address = request
        .uri()
        .path_and_query()
        .map_or("/", |address| address.as_str())
        .to_owned();
    let number = request.extensions().get::<RequestId>().map(|id| id.0);
    let referer = local_referer(request.headers());
    let response = next.run(request).await;
    if !wants_page {
        return response;
    }
    let Some(problem) = response.extensions().get::<Problem>().cloned() else {
        return response;
    };
    if problem.kind() == Kind::NotSignedIn {
        let from = start::escaped(&address);
        return if is_get {
            see(&format!("/?from={from}"))
        } else {
            // What was typed is kept, and found again there.
            let returns = problem.back().is_some();
            let back = problem.back().map(str::to_owned).or(referer);
            let back = back.unwrap_or_else(|| "/".to_owned());
            let page = page(
                &app,
                &problem,
                None,
                Some(format!("/?from={}", start::escaped(&back))),
                returns,
            );
            with_headers_of(&response, page)
        };
    }
    let number = problem
        .kind()
        .status()
        .is_server_error()
        .then(|| number.map(|id| id.to_string()))
        .flatten();
    let back = problem.back().map(str::to_owned).or(referer);
    let page = page(&app, &problem, number, back, false);
    with_headers_of(&response, page)
}

fn page(
    app: &App,
    problem: &Problem,
    number: Option<String>,
    back: Option<String>,
    returns: bool,
) -> Response {
    let body = problem.body();
    let mut frame = Frame::plain(app, &body.title);
    frame.wrong = true;
    let mut messages: Vec<&str> = Vec::new();
    let all = body
        .errors
        .iter()
        .map(|error| error.message.as_str())
        .chain(body.missing.iter().map(|one| one.message.as_str()))
        .chain(body.reasons.iter().map(|one| one.message.as_str()));
    for message in all {
        if message != body.detail && !messages.contains(&message) {
            messages.push(message);
        }
    }
    let page = Page {
        frame,
        title: &body.title,
        detail: &body.detail,
        messages,
        kept: problem.kept(),
        number,
        back,
        returns,
        again: problem.again(),
    };
    rendered(&page, problem.kind().status())
}

/// What the refused answer said beside its body: Allow, Set-Cookie.
fn with_headers_of(refused: &Response, page: Response) -> Response {
    let (mut head, body) = page.into_parts();
    for name in [header::ALLOW, header::SET_COOKIE, header::RETRY_AFTER] {
        for value in refused.headers().get_all(&name) {
            head.headers.append(name.clone(), value.clone());
        }
    }
    Response::from_parts(head, body)
}

/// A person with a browser, at an address that is not the API's.
fn wants_page(request: &Request) -> bool {
    let path = request.uri().path();
    let accepts = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    accepts && !path.starts_with("/api/")
}

/// The page that a form was on, when it was one of ours.
fn local_referer(headers: &HeaderMap) -> Option<String> {
    let referer = headers.get(header::REFERER)?.to_str().ok()?;
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let (_, rest) = referer.split_once("://")?;
    let path = rest.strip_prefix(host)?;
    start::local(path).map(str::to_owned)
}

/// Nothing at this address.
pub async fn nothing_here() -> Response {
    Problem::new(Kind::NotFound).into_response()
}
