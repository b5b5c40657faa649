//! What a form sends, and how its command gets its identity.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, FromRequest, OriginalUri, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::text::normalise_newlines;
use jiff::Timestamp;
use uuid::Uuid;

use super::{entry, own_address};
use crate::{
    access::{Expected, Identity, KEPT_COOKIE, KEPT_FOR, KeptForm, Token, signed_in},
    app::App,
    limits::{count_nobody, too_many},
    problem::{Kind, Problem, SentForm},
    service::Call,
    telemetry::RequestId,
    write,
};

/// Most bytes of a form. A character of three bytes takes nine in a form: what fits through the API fits here.
pub(super) const FORM_LIMIT: usize = 3 * write::BODY_LIMIT;

/// What is said of a form that is larger. Nothing of it was read, so it is where it was typed.
const TOO_LARGE: &str = "送信された内容が大きすぎるため、保存していません。一度に送信できるのは、画面全体で約2万字までです。ブラウザーの「戻る」を押すと、入力された内容のある画面に戻ります。内容を分けるか短くして、もう一度お送りください。";

/// What is said of bytes that are no UTF-8.
const NO_UTF_8: &str = "送信された文字を読み取れないため、保存していません（文字コードがUTF-8ではありません）。ブラウザーの「戻る」で入力画面に戻り、画面を再読み込みしてから、もう一度入力してお送りください。";

/// A form that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The limit as a layer.
pub(super) fn form_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(FORM_LIMIT)
}

/// The fields of a form, in their order. Line ends are LF.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The same fields, read in another way.
    pub fn of(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// Everything, in its order.
    pub fn iter(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }

    /// Reads an encoded form.
    pub fn decode(body: &[u8]) -> Result<Self, Problem> {
        // The reader of forms puts U+FFFD in the place of what is no text.
        if !is_utf_8(body) {
            return Err(Problem::saying(Kind::Undecodable, NO_UTF_8));
        }
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_bytes(body).map_err(|_| Problem::new(Kind::Undecodable))?;
        Ok(Self(
            pairs
                .into_iter()
                .map(|(name, value)| {
                    let value = normalise_newlines(&value).into_owned();
                    (name, value)
                })
                .collect(),
        ))
    }

    /// What stands in a field; nothing when the form has none of that name.
    pub fn text(&self, name: &str) -> String {
        self.find(name).unwrap_or_default().to_owned()
    }

    /// Whether the form has a field of that name, be it empty. What a browser shows it sends; what is not there was lost on the way.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The same as [`Fields::text`] of a field that the form always has.
    ///
    /// # Errors
    /// [`Kind::PageTampered`] when it is not there: nothing is to be emptied by it.
    pub fn sent(&self, name: &str) -> Result<String, Problem> {
        let found = self.find(name).map(str::to_owned);
        found.ok_or(Problem::new(Kind::PageTampered))
    }

    /// What stands in a field of one line: a line break that was pasted into it is a space.
    pub fn line(&self, name: &str) -> String {
        self.text(name).replace('\n', " ")
    }

    /// Everything that was ticked under a name.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// Whether a field says exactly this.
    pub fn says(&self, name: &str, value: &str) -> bool {
        self.find(name) == Some(value)
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Whether the bytes that an encoded form means are UTF-8, all together: between two fields stands an ASCII character.
fn is_utf_8(body: &[u8]) -> bool {
    let digit = |at: usize| {
        let digit = body.get(at).copied().map(char::from);
        digit.and_then(|digit| digit.to_digit(16))
    };
    let mut bytes = Vec::with_capacity(body.len());
    let mut at = 0;
    while let Some(byte) = body.get(at) {
        let escaped = digit(at + 1).zip(digit(at + 2));
        match escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(meant) if *byte == b'%' => {
                bytes.push(meant);
                at += 3;
            }
            _ => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// A form that somebody has sent who may send it.
#[derive(Clone, Debug)]
pub(super) struct Posted {
    pub identity: Identity,
    pub fields: Fields,
    call: Call,
}

impl Posted {
    /// A form that was read in another way: what its command is derived from.
    pub(super) fn of(identity: Identity, fields: Fields, call: Call) -> Self {
        Self {
            identity,
            fields,
            call,
        }
    }

    /// The command's identity.
    pub fn call(&self) -> Call {
        self.call.clone()
    }

    /// The command's identity with its reason.
    pub fn call_because(&self, reason: String) -> Call {
        Call {
            reason: Some(reason),
            ..self.call.clone()
        }
    }

    /// Revision of the document from which the form was drawn.
    pub fn revision(&self) -> Result<u32, Problem> {
        self.fields
            .text("revision")
            .parse()
            .map_err(|_| Problem::new(Kind::PageTampered))
    }

    /// Id of what the form adds: the same again when it is sent twice.
    pub fn new_id(&self) -> Uuid {
        write::new_id(&self.call)
    }
}

/// The body of a form, and its fields.
async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<(Bytes, Fields), Problem> {
    if !is_form(request.headers()) {
        return Err(Problem::new(Kind::PageTampered));
    }
    let body = received(request, state).await?;
    let fields = Fields::decode(&body)?;
    Ok((body, fields))
}

/// The whole body.
async fn received<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let reading = Bytes::from_request(request, state);
    match tokio::time::timeout(PATIENCE, reading).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(Problem::saying(Kind::TooLarge, TOO_LARGE))
        }
        Ok(Err(_)) | Err(_) => Err(Problem::new(Kind::BodyCutOff)),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}

/// Whether a form brings a file.
fn is_upload(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("multipart/form-data"))
}

/// In front of the gates: a form that comes after the session has ended is refused as everything is, but what was typed into
/// it stands on the page that says so.
pub(super) async fn keep_what_was_typed(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    // A file is not kept: it stands on the disk of who sends it.
    if request.method() != Method::POST || is_upload(request.headers()) {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    let who = signed_in(&app, request.headers()).await;
    if !matches!(who, Ok(None)) {
        let kept = app.entrance().token_in(request.headers(), KEPT_COOKIE);
        let response = passed_on(&app, who.err(), request, next).await;
        if let Some(token) = kept
            && response.status() == StatusCode::SEE_OTHER
            && let Err(error) = app.kept_forms().sent(&token, &path).await
        {
            // It is shown once more and ends by itself.
            tracing::warn!(%error, "a kept form could not be forgotten");
        }
        return response;
    }
    // Before anything of the body is read.
    if let Err(wait) = count_nobody(&app, &request) {
        return too_many(wait);
    }
    let token = app.entrance().token(request.headers());
    match read(request, &()).await {
        Ok((body, fields)) => {
            let typed = entry::typed(&app, &path, &fields);
            let cookie = if typed.is_empty() {
                None
            } else {
                kept(&app, token, path, &body).await
            };
            let mut problem = Problem::new(Kind::NotSignedIn).keeping(typed);
            if cookie.is_some() {
                problem = problem.leading_to(super::kept::ADDRESS.to_owned());
            }
            let mut response = problem.into_response();
            if let Some(cookie) = cookie {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(problem) => problem.into_response(),
    }
}

/// The answer to a form. While the database is in trouble, the form is on the page that says so, to be sent again as it was: the same
/// press again is the same command.
async fn passed_on(app: &App, refused: Option<Problem>, request: Request, next: Next) -> Response {
    if !is_form(request.headers()) {
        return next.run(request).await;
    }
    let action = own_address::anew(request.uri());
    let path = request.uri().path().to_owned();
    let (head, body) = request.into_parts();
    let body = match received(Request::from_parts(head.clone(), body), &()).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    let response = match refused {
        Some(problem) if problem.kind() == Kind::Unavailable => problem.into_response(),
        _ => {
            let request = Request::from_parts(head, Body::from(body.clone()));
            next.run(request).await
        }
    };
    let problem = response.extensions().get::<Problem>();
    match (problem, Fields::decode(&body)) {
        (Some(problem), Ok(fields)) if problem.kind() == Kind::Unavailable => {
            let typed = match problem.kept() {
                [] => entry::typed(app, &path, &fields),
                kept => kept.to_vec(),
            };
            let form = SentForm {
                action,
                fields: fields.0,
            };
            let problem = problem.clone().keeping(typed).offering(form);
            problem.into_response()
        }
        // The page of the problem takes the place of the form: what was typed is on it.
        (Some(problem), Ok(fields)) if problem.kept().is_empty() => {
            let problem = problem.clone().keeping(entry::typed(app, &path, &fields));
            let mut response = response;
            response.extensions_mut().insert(problem);
            response
        }
        _ => response,
    }
}

/// Keeps a form for the account whose session has ended, if that is known; gives the cookie by which it is found again.
async fn kept(app: &App, token: Option<Token>, path: String, body: &Bytes) -> Option<HeaderValue> {
    let failed = |error: sqlx::Error| tracing::error!(%error, "a form could not be kept");
    let owner = app.sessions().owner(&token?).await.map_err(failed).ok()??;
    let form = KeptForm {
        path,
        body: body.to_vec(),
    };
    let token = app
        .kept_forms()
        .keep(&owner, &form, Timestamp::now())
        .await
        .map_err(failed)
        .ok()?;
    let cookie = app
        .entrance()
        .cookie(KEPT_COOKIE, token.as_str(), KEPT_FOR.as_secs());
    HeaderValue::from_str(&cookie).ok()
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let identity: Identity = parts
            .extensions
            .get()
            .cloned()
            .ok_or(Problem::new(Kind::NotSignedIn))?;
        let path = parts
            .extensions
            .get::<OriginalUri>()
            .map_or_else(|| parts.uri.path().to_owned(), |uri| uri.path().to_owned());
        let correlation_id = parts
            .extensions
            .get()
            .map_or_else(Uuid::new_v4, |RequestId(id)| *id);
        let expected: Expected = parts
            .extensions
            .get()
            .cloned()
            .ok_or(Problem::new(Kind::NotSignedIn))?;
        let (body, fields) = read(Request::from_parts(parts, body), state).await?;
        expected.check(&fields.text("csrf"))?;
        // A second press of the same button sends the same form: one command. The same page with other contents, after Back,
        // is another command, and the revision tells whether it comes too late.
        let key = fields.text("key");
        let call = write::form_call(&identity, &path, &key, &body, correlation_id);
        Ok(Self {
            identity,
            fields,
            call,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_it_was_typed_with_one_kind_of_line_end() {
        let fields = Fields::decode(
            b"text=%E4%B8%80%0D%0A%E4%BA%8C&examined=%E4%B9%B3%E6%88%BF&examined=%E7%9A%AE%E8%86%9A",
        )
        .unwrap();
        assert_eq!(fields.text("text"), "一\n二");
        assert_eq!(fields.all("examined"), ["乳房", "皮膚"]);
        assert_eq!(fields.text("nothing"), "");
        assert!(fields.says("text", "一\n二"));
    }

    #[test]
    fn what_is_no_utf_8_is_no_text() {
        for body in [
            b"text=%93%FA%96%7B%ff".as_slice(),
            b"text=\x93\xFA&a=b",
            b"text=%E4%B8&a=%80",
        ] {
            assert_eq!(Fields::decode(body).unwrap_err().kind(), Kind::Undecodable);
        }
        for body in [b"text=100%&a=%zz".as_slice(), b"", "text=日".as_bytes()] {
            assert!(Fields::decode(body).is_ok());
        }
    }
}
