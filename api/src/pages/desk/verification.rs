//! 記録の検証: the chain and its anchors, verified at a press.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;

use super::{
    super::{frame::Frame, rendered},
    frame,
};
use crate::{
    access::Identity,
    app::App,
    problem::Problem,
    routes::verify::{Verification, verification},
};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// Whether it was pressed: verifying reads the whole log.
    run: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/verification.html")]
struct Page {
    frame: Frame,
    found: Option<Verification>,
}

/// 記録の検証
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let found = match asked.run {
        None => None,
        Some(_) => Some(verification(&app).await?),
    };
    let page = Page {
        frame: frame(&app, &identity, "記録の検証", Vec::new()),
        found,
    };
    Ok(rendered(&page, StatusCode::OK))
}
