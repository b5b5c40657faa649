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
    own_address,
    posted::{Fields, Posted},
    rendered, see,
};
use crate::{
    access::{Identity, KEPT_COOKIE},
    app::App,
    problem::Problem,
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
    Problem::failed("reading or forgetting a kept form", &error)
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(token) = app.entrance().token_in(&headers, KEPT_COOKIE) else {
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
    let mut frame = Frame::plain(&app, "お預かりしている入力内容");
    frame.person = Some(format!("会員番号 {}", identity.actor().id));
    frame.crumbs = vec![
        Crumb::to("専門医", "/"),
        Crumb::here("お預かりしている入力内容"),
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
        back: own_address::page_of(&kept.path),
        action: kept.path,
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// 破棄する
pub(super) async fn discard(
    State(app): State<App>,
    headers: HeaderMap,
    _posted: Posted,
) -> Result<Response, Problem> {
    if let Some(token) = app.entrance().token_in(&headers, KEPT_COOKIE) {
        app.kept_forms().forget(&token).await.map_err(failed)?;
    }
    let mut response = see("/");
    if let Ok(cookie) = HeaderValue::from_str(&app.entrance().cookie(KEPT_COOKIE, "", 0)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
