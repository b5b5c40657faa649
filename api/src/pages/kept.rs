//! What was typed before the session ended, and came after it: nothing is done with it before somebody presses again.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;

use super::{
    entry,
    frame::{Crumb, Frame},
    posted::{Fields, Posted},
    rendered, see,
};
use crate::{
    access::{Identity, KEPT_COOKIE, Token, entrance::cookie_value},
    app::App,
    problem::{Kind, Problem},
};

/// Where it is.
pub(super) const ADDRESS: &str = "/kept";

#[derive(Template)]
#[template(path = "kept.html")]
struct Page {
    frame: Frame,
    /// Label and text.
    typed: Vec<(String, String)>,
    /// The form as it was, without its token: it may be another session's.
    fields: Vec<(String, String)>,
    action: String,
    key: String,
    /// The page that it was typed on.
    back: String,
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: sqlx::Error) -> Problem {
    tracing::error!(%error, "a kept form can not be read or forgotten");
    Problem::new(Kind::Internal)
}

fn token(headers: &HeaderMap) -> Option<Token> {
    cookie_value(headers, KEPT_COOKIE).and_then(|value| Token::parse(&value))
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(token) = token(&headers) else {
        return Ok(see("/"));
    };
    let kept = app
        .kept_forms()
        .find(&token, identity.actor(), Timestamp::now())
        .await
        .map_err(failed)?;
    let Some(kept) = kept else {
        return Ok(see("/"));
    };
    let fields = Fields::decode(&kept.body)?;
    let typed = entry::typed(&app, &kept.path, &fields);
    // A row's own address takes forms only.
    let back = kept.path.split("/rows").next().unwrap_or("/").to_owned();
    let mut frame = Frame::plain(&app, "サインインの前に入力された内容");
    frame.person = Some(format!("会員番号 {}", identity.actor().id));
    frame.crumbs = vec![
        Crumb::to("専門医", "/"),
        Crumb::here("サインインの前に入力された内容"),
    ];
    let page = Page {
        frame,
        typed,
        key: fields.text("key"),
        fields: fields
            .iter()
            .filter(|(name, _)| name != "csrf" && name != "key")
            .cloned()
            .collect(),
        action: kept.path,
        back: back.trim_end_matches("/total-years").to_owned(),
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// 破棄する
pub(super) async fn discard(
    State(app): State<App>,
    headers: HeaderMap,
    _posted: Posted,
) -> Result<Response, Problem> {
    if let Some(token) = token(&headers) {
        app.kept_forms().forget(&token).await.map_err(failed)?;
    }
    let mut response = see("/");
    if let Ok(cookie) = HeaderValue::from_str(&app.entrance().cookie(KEPT_COOKIE, "", 0)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
