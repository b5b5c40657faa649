//! The style sheet, the module and the icon: embedded, named by their content, kept by browsers for ever.

use std::sync::LazyLock;

use axum::{
    Router,
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use sha2::{Digest as _, Sha256};

use crate::{
    app::App,
    problem::{Kind, Problem},
};

const STYLE: &str = include_str!("../../assets/app.css");
const SCRIPT: &str = include_str!("../../assets/app.js");
const ICON: &str = include_str!("../../assets/icon.svg");

/// Where the assets are.
#[derive(Debug)]
pub(super) struct Addresses {
    hash: String,
    pub style: String,
    pub script: String,
    pub icon: String,
}

pub(super) static ADDRESSES: LazyLock<Addresses> = LazyLock::new(|| {
    let digest = Sha256::digest([STYLE, SCRIPT, ICON].concat());
    let hash: String = hex::encode(digest).chars().take(16).collect();
    let address = |name: &str| format!("/assets/{hash}/{name}");
    Addresses {
        style: address("app.css"),
        script: address("app.js"),
        icon: address("icon.svg"),
        hash,
    }
});

pub(super) fn router() -> Router<App> {
    Router::new().route("/assets/{hash}/{name}", get(asset))
}

async fn asset(Path((hash, name)): Path<(String, String)>) -> Response {
    let (content_type, text) = match name.as_str() {
        "app.css" => ("text/css; charset=utf-8", STYLE),
        "app.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return Problem::new(Kind::NotFound).into_response(),
    };
    // A page of an older program may still ask by the older name: it gets today's, but must not keep it under that name.
    let keeping = if hash == ADDRESSES.hash {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    (
        [
            (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
            (header::CACHE_CONTROL, HeaderValue::from_static(keeping)),
        ],
        text,
    )
        .into_response()
}
