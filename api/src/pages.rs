//! Pages: the start page, and what is said when there is none. They are whole without JavaScript.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use domain::{Actor, Role, calendar::show_jst_minutes};

use crate::{
    access::signed_in,
    app::App,
    demonstration::{FIRST_MEMBER, IDENTITIES, announcement},
    problem::{Kind, Problem},
};

/// What a page may load: its own style sheet.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// The pages.
pub fn router() -> Router<App> {
    Router::new()
        .route("/", get(start_page))
        .route("/style.css", get(style))
}

async fn start_page(State(app): State<App>, headers: HeaderMap) -> Response {
    match signed_in(&app, &headers).await {
        Ok(who) => start(&app, who.as_ref(), None, StatusCode::OK),
        Err(problem) => wrong(&problem),
    }
}

async fn style() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "public, max-age=3600"),
        ],
        include_str!("../templates/style.css"),
    )
}

#[derive(Template)]
#[template(path = "start.html")]
struct Start<'a> {
    version: &'static str,
    announcement: Vec<String>,
    demonstration: bool,
    notice: Option<&'a str>,
    who: Option<String>,
    addresses: Vec<(String, &'static str)>,
    first_member: &'static str,
    members: Vec<(&'static str, &'static str)>,
    programs: Vec<(String, String)>,
    now: String,
}

/// The start page, with a notice when something went wrong.
pub fn start(app: &App, who: Option<&Actor>, notice: Option<&str>, status: StatusCode) -> Response {
    let clock = &app.service().clock;
    let demonstration = app.is_demonstration();
    let page = Start {
        version: env!("CARGO_PKG_VERSION"),
        announcement: if demonstration {
            announcement(clock).sentences.to_vec()
        } else {
            Vec::new()
        },
        demonstration,
        notice,
        who: who.map(shown),
        addresses: who.map_or_else(Vec::new, |who| addresses(app, who)),
        first_member: FIRST_MEMBER,
        members: IDENTITIES
            .iter()
            .filter_map(|identity| Some((identity.member?, identity.label)))
            .collect(),
        programs: app
            .service()
            .programs
            .iter()
            .map(|program| (program.menu_title.clone(), program.period.show()))
            .collect(),
        now: show_jst_minutes(clock.now()),
    };
    rendered(&page, status)
}

fn shown(actor: &Actor) -> String {
    match actor.role {
        Role::Member => format!("会員 {}", actor.id),
        Role::Secretariat => "事務局".to_owned(),
        Role::Reporter => "集計担当".to_owned(),
        Role::System => "システム".to_owned(),
    }
}

fn addresses(app: &App, who: &Actor) -> Vec<(String, &'static str)> {
    match who.role {
        Role::Member => app
            .service()
            .programs
            .iter()
            .map(|program| {
                (
                    format!("/api/v1/applications/{}.{}", program.id, who.id),
                    "お申込みの状態（お申込み後）",
                )
            })
            .collect(),
        Role::Secretariat => vec![(
            "/api/v1/audit/verify".to_owned(),
            "記録が書き換えられていないかの確認",
        )],
        Role::Reporter | Role::System => Vec::new(),
    }
}

#[derive(Template)]
#[template(path = "wrong.html")]
struct Wrong<'a> {
    version: &'static str,
    title: &'a str,
    detail: &'a str,
}

/// A problem as a page, for people.
pub fn wrong(problem: &Problem) -> Response {
    let body = problem.body();
    let page = Wrong {
        version: env!("CARGO_PKG_VERSION"),
        title: &body.title,
        detail: &body.detail,
    };
    rendered(&page, problem.kind().status())
}

/// Nothing at this address: for the API and machines as a problem document, for people as a page.
pub async fn nothing_here(uri: axum::http::Uri, headers: HeaderMap) -> Response {
    let problem = Problem::new(Kind::NotFound);
    let asks_for_page = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    if asks_for_page && !uri.path().starts_with("/api/") {
        wrong(&problem)
    } else {
        problem.into_response()
    }
}

fn rendered(page: &impl Template, status: StatusCode) -> Response {
    match page.render() {
        Ok(html) => (
            status,
            [
                (
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("text/html; charset=utf-8"),
                ),
                (header::CONTENT_SECURITY_POLICY, POLICY),
            ],
            html,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be drawn");
            Problem::new(Kind::Internal).into_response()
        }
    }
}
