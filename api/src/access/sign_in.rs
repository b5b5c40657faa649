//! Signing in and out: by an issuer, by a link of the member site.

use std::sync::Arc;

use axum::{
    Form, Router,
    extract::{Path, Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use chrono::Utc;
use domain::{Role, member::MemberNumber};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    BadLink, COOKIE, Duties, GoodLink, Issuer, IssuerError, Link, Pending, Principal, Token,
    Vouched, goes_on_to, let_in,
    pending::{BROWSER_COOKIE, PATIENCE},
    signed_in,
};
use crate::{
    app::App,
    pages,
    problem::{COME_AGAIN, Kind, Problem},
};

/// How a hand-over is called among the ways to sign in.
pub const HANDOVER: &str = "handover";

/// Their addresses.
pub fn router() -> Router<App> {
    Router::new()
        .route("/sign-in/{issuer}", get(begin).head(look))
        .route("/sign-in/{issuer}/callback", get(come_back).head(look))
        .route("/handover", get(show_link).post(use_link))
        .route("/sign-out", post(sign_out))
}

const AGAIN: &str = "サインインを確認できませんでした。お手数ですが、もう一度サインインのボタンからお試しください。続く場合は事務局へお問い合わせください。";
const CANCELLED: &str =
    "サインインが取り消されました。利用される場合は、もう一度サインインしてください。";
const UNAVAILABLE: &str = "サインイン先のサービスに接続できません。少し待ってから、もう一度お試しください。続く場合は事務局へお問い合わせください。";
const NOBODY: &str = "サインインは確認できましたが、このサービスをご利用いただける会員番号または権限が登録されていません。事務局へお問い合わせください。";
const UNKNOWN_MEMBER: &str = "サインインは確認できましたが、会員番号に該当する会員がまだ登録されていません。事務局へお問い合わせください。";
const LINK_NOT_GOOD: &str = "会員専用ページからのリンクを確認できませんでした。会員専用ページを開き直して、もう一度リンクを押してください。";
const LINK_TOO_OLD: &str = "会員専用ページからのリンクの有効期限（1分）が切れています。会員専用ページから、もう一度リンクを押してください。";
const LINK_TOO_EARLY: &str = "会員専用ページからのリンクの作成時刻が、このサービスの時計より進んでいるため、まだご利用いただけません。1分ほど待ってから、会員専用ページからもう一度リンクを押してください。続く場合は事務局へお問い合わせください。";
const PAGE_NOT_GOOD: &str = "サインインの確認画面の有効期限（10分）が切れているか、別のブラウザで開かれた画面です。会員専用ページから、もう一度リンクを押してください。";
const LINK_USED: &str = "会員専用ページからのリンクはすでに使われています。会員専用ページから、もう一度リンクを押してください。";

fn refused(app: &App, sentence: &'static str, status: StatusCode) -> Response {
    let said = pages::Said {
        notice: Some(sentence),
        from: None,
    };
    let mut page = pages::start(app, &said, status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let wait = HeaderValue::from(COME_AGAIN.as_secs());
        page.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    page
}

/// What the log is told of somebody whom we do not know.
const NO_RECORD: &str = "the member of the claim has no record here";
const USED: &str = "it is used already";

/// A hand-over that is refused: the log is told why, and nothing of whose it is.
fn link_refused(app: &App, sentence: &'static str, reason: &str) -> Response {
    tracing::warn!(reason, "a hand-over was refused");
    refused(app, sentence, StatusCode::FORBIDDEN)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: sqlx::Error) -> Problem {
    Problem::failed("writing a sign-in", &error)
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    /// Where somebody wanted to go before signing in.
    from: Option<String>,
}

fn issuer(app: &App, key: &str) -> Result<Arc<Issuer>, Problem> {
    app.entrance()
        .issuer(key)
        .cloned()
        .ok_or(Problem::new(Kind::NotFound))
}

/// Looking is safe (RFC 9110, 9.2.1): it begins no sign-in, and ends none that a person is about to end.
async fn look(State(app): State<App>, Path(key): Path<String>) -> Result<StatusCode, Problem> {
    issuer(&app, &key).map(|_| StatusCode::OK)
}

/// Sends a browser somewhere, with the cookie that binds what begins or has ended there.
fn sent(address: &str, cookies: &[String]) -> Result<Response, Problem> {
    let value = |text: &str| {
        HeaderValue::from_str(text).map_err(|error| {
            tracing::error!(%error, "an address or a cookie is no header");
            Problem::new(Kind::Internal)
        })
    };
    let mut response =
        (StatusCode::SEE_OTHER, [(header::LOCATION, value(address)?)]).into_response();
    for cookie in cookies {
        response
            .headers_mut()
            .append(header::SET_COOKIE, value(cookie)?);
    }
    Ok(response)
}

/// What binds all sign-ins of a browser to it: what it has from one that is on its way already, else a new value. And the cookie that keeps it.
fn browser(app: &App, headers: &HeaderMap) -> (Token, String) {
    let entrance = app.entrance();
    let known = entrance.token_in(headers, BROWSER_COOKIE);
    let browser = known.unwrap_or_else(Token::random);
    let cookie = entrance.cookie(BROWSER_COOKIE, browser.as_str(), PATIENCE.as_secs());
    (browser, cookie)
}

/// Whether this browser is a member's already.
async fn is_signed_in_as(
    app: &App,
    headers: &HeaderMap,
    member: &MemberNumber,
) -> Result<bool, Problem> {
    let principal = signed_in(app, headers).await?;
    Ok(principal.is_some_and(|principal| {
        principal.actor.role == Role::Member && principal.actor.id == member.as_str()
    }))
}

/// To the issuer.
async fn begin(
    State(app): State<App>,
    Path(key): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let issuer = issuer(&app, &key)?;
    let state = Token::random();
    let started = match issuer.start(&state).await {
        Ok(started) => started,
        Err(error) => {
            tracing::warn!(issuer = key, %error, "a sign-in could not begin");
            return Ok(refused(&app, UNAVAILABLE, StatusCode::SERVICE_UNAVAILABLE));
        }
    };
    let goes_to = wanted.from.as_deref().and_then(pages::local).unwrap_or("/");
    let pending = Pending {
        via: key,
        nonce: started.nonce,
        verifier: started.verifier,
        goes_to: goes_to.to_owned(),
    };
    let (browser, cookie) = browser(&app, &headers);
    app.sign_ins()
        .begin(&state, &browser, &pending, Timestamp::now())
        .await
        .map_err(failed)?;
    sent(&started.address, &[cookie])
}

#[derive(Debug, Deserialize)]
struct CameBack {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

/// The sign-in that a browser began, taken out: it cannot be ended a second time.
async fn taken(
    app: &App,
    via: &str,
    state: Option<&str>,
    headers: &HeaderMap,
) -> Result<Option<Pending>, Problem> {
    let state = state.and_then(Token::parse);
    let browser = app.entrance().token_in(headers, BROWSER_COOKIE);
    let (Some(state), Some(browser)) = (state, browser) else {
        return Ok(None);
    };
    app.sign_ins()
        .take(via, &state, &browser, Timestamp::now())
        .await
        .map_err(failed)
}

/// Back from the issuer.
async fn come_back(
    State(app): State<App>,
    Path(key): Path<String>,
    came: Result<Query<CameBack>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let issuer = issuer(&app, &key)?;
    let again = |reason: &str| {
        tracing::warn!(issuer = key, reason, "a sign-in was refused");
        refused(&app, AGAIN, StatusCode::FORBIDDEN)
    };
    let Ok(Query(came)) = came else {
        return Ok(again("an answer that can not be read"));
    };
    let Some(pending) = taken(&app, &key, came.state.as_deref(), &headers).await? else {
        // The same answer a second time, or of another tab whose sign-in was given up: nothing is changed for who is signed in.
        if signed_in(&app, &headers).await?.is_some() {
            return sent("/", &[]);
        }
        return Ok(again("no such sign-in has begun in this browser"));
    };
    let Some(code) = came.code else {
        // Issuers send the second tab back so when the first has signed in there.
        if signed_in(&app, &headers).await?.is_some() {
            return sent(&pending.goes_to, &[]);
        }
        if came.error.as_deref() == Some("access_denied") {
            return Ok(refused(&app, CANCELLED, StatusCode::FORBIDDEN));
        }
        return Ok(again("the issuer sent no code"));
    };
    let vouched = issuer
        .vouched(code, &pending.nonce, pending.verifier, Utc::now())
        .await;
    let principal = match vouched {
        Ok(Vouched::Staff(principal)) => principal,
        Ok(Vouched::Member(number)) => {
            let Some(principal) = known(&app, &number).await? else {
                let reason = NO_RECORD;
                tracing::warn!(issuer = key, reason, "a sign-in was refused");
                return Ok(refused(&app, UNKNOWN_MEMBER, StatusCode::FORBIDDEN));
            };
            principal
        }
        Ok(Vouched::Nobody(reason)) => {
            tracing::warn!(issuer = key, reason, "a sign-in was refused");
            return Ok(refused(&app, NOBODY, StatusCode::FORBIDDEN));
        }
        Err(error @ IssuerError::Unavailable(_)) => {
            tracing::warn!(issuer = key, %error, "a sign-in could not be ended");
            return Ok(refused(&app, UNAVAILABLE, StatusCode::SERVICE_UNAVAILABLE));
        }
        Err(error) => return Ok(again(&error.to_string())),
    };
    go_on(&app, &headers, principal, &key, &pending.goes_to).await
}

/// A member whose record has been imported.
async fn known(app: &App, number: &MemberNumber) -> Result<Option<Principal>, Problem> {
    let member = app.service().member(number).await?;
    Ok(member
        .and_then(|member| member.record)
        .map(|_| Principal::of(Role::Member, number.to_string(), Duties::NONE)))
}

async fn go_on(
    app: &App,
    headers: &HeaderMap,
    principal: Principal,
    via: &str,
    goes_to: &str,
) -> Result<Response, Problem> {
    let goes_to = goes_on_to(app, headers, &principal.actor, goes_to).await?;
    let session = let_in(app, headers, principal, via).await?;
    // The cookie of sign-ins on their way stays until it ends by itself: another tab of this browser may come back yet.
    let mut response = sent(goes_to, &[])?;
    response.headers_mut().append(header::SET_COOKIE, session);
    Ok(response)
}

/// Shows whose link it is, and spends nothing: mail programs and browsers look at links before people do, some more than once.
async fn show_link(
    State(app): State<App>,
    headers: HeaderMap,
    link: Result<Query<Link>, QueryRejection>,
) -> Result<Response, Problem> {
    let Some(keys) = &app.entrance().handover else {
        return Err(Problem::new(Kind::NotFound));
    };
    let Ok(Query(link)) = link else {
        return Ok(link_refused(
            &app,
            LINK_NOT_GOOD,
            "a link that can not be read",
        ));
    };
    let now = Timestamp::now();
    let checked = keys.check(&link, now);
    // A member who is signed in already goes on, also by a link that is used or too old.
    if let Ok(GoodLink { member, .. })
    | Err(BadLink::TooOld(member) | BadLink::FromTheFuture(member)) = &checked
        && is_signed_in_as(&app, &headers, member).await?
    {
        return sent("/", &[]);
    }
    let good = match checked {
        Ok(good) => good,
        Err(bad) => {
            let (sentence, reason) = match bad {
                BadLink::Unsigned => (LINK_NOT_GOOD, "it is not signed by one of our keys"),
                BadLink::TooOld(_) => (LINK_TOO_OLD, "it is too old"),
                BadLink::FromTheFuture(_) => (
                    LINK_TOO_EARLY,
                    "it was made by a clock that is ahead of ours",
                ),
            };
            return Ok(link_refused(&app, sentence, reason));
        }
    };
    let used = app.sign_ins().is_used(&good.signature).await;
    if used.map_err(failed)? {
        return Ok(link_refused(&app, LINK_USED, USED));
    }
    if known(&app, &good.member).await?.is_none() {
        return Ok(link_refused(&app, UNKNOWN_MEMBER, NO_RECORD));
    }
    let (browser, cookie) = browser(&app, &headers);
    let state = app.sign_ins().show(&good, &browser, now);
    let mut page = pages::handover(&app, good.member.as_str(), &state);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        page.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(page)
}

#[derive(Debug, Deserialize)]
struct Pressed {
    state: String,
}

/// The press on it, which spends the link.
async fn use_link(
    State(app): State<App>,
    headers: HeaderMap,
    form: Result<Form<Pressed>, FormRejection>,
) -> Result<Response, Problem> {
    if app.entrance().handover.is_none() {
        return Err(Problem::new(Kind::NotFound));
    }
    let now = Timestamp::now();
    let browser = app.entrance().token_in(&headers, BROWSER_COOKIE);
    let shown = form.ok().zip(browser).and_then(|(Form(pressed), browser)| {
        let sign_ins = app.sign_ins();
        sign_ins.shown(&pressed.state, &browser, now)
    });
    let Some(GoodLink { member, signature }) = shown else {
        let reason = "its page was shown too long ago, or to another browser";
        return Ok(link_refused(&app, PAGE_NOT_GOOD, reason));
    };
    if is_signed_in_as(&app, &headers, &member).await? {
        return sent("/", &[]);
    }
    let Some(principal) = known(&app, &member).await? else {
        return Ok(link_refused(&app, UNKNOWN_MEMBER, NO_RECORD));
    };
    let first = app.sign_ins().use_link(&signature, now).await;
    if !first.map_err(failed)? {
        return Ok(link_refused(&app, LINK_USED, USED));
    }
    go_on(&app, &headers, principal, HANDOVER, "/").await
}

/// Ends the session of this browser.
async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let entrance = app.entrance();
    if let Some(token) = entrance.token(&headers) {
        app.sessions().end(&token).await.map_err(failed)?;
    }
    sent("/", &[entrance.cookie(COOKIE, "", 0)])
}
