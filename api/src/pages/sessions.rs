//! サインインの状況: the own sessions, and ending them.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{Role, calendar::show_jst_minutes};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    document::Asked,
    frame::{Crumb, Frame, Notice},
    posted::Posted,
    rendered, see,
};
use crate::{
    access::{Identity, sign_in::HANDOVER},
    app::App,
    problem::{Kind, Problem},
};

#[derive(Template)]
#[template(path = "sessions.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    sessions: Vec<Line>,
    key: Uuid,
    /// Minutes.
    idle: u64,
    hours: u64,
}

struct Line {
    id: Uuid,
    browser: String,
    via: String,
    began_at: String,
    seen_at: String,
    current: bool,
}

/// The way somebody came in, in words.
fn via_words(app: &App, via: &str) -> String {
    match via {
        "demo" => "デモ".to_owned(),
        HANDOVER => "会員専用ページ".to_owned(),
        key => app
            .entrance()
            .issuer(key)
            .map_or_else(|| key.to_owned(), |issuer| issuer.label().to_owned()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: sqlx::Error) -> Problem {
    Problem::failed("reading or ending sessions", &error)
}

/// The list.
pub(super) async fn list(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = app.entrance().token(&headers);
    let sessions = app
        .sessions()
        .list(identity.actor(), token.as_ref(), Timestamp::now())
        .await
        .map_err(failed)?;
    let mut frame = Frame::plain(&app, "サインインの状況");
    frame.person = Some(match identity.role() {
        Role::Member => format!("会員番号 {}", identity.actor().id),
        Role::Secretariat => "事務局".to_owned(),
        Role::Reporter | Role::System => "集計担当".to_owned(),
    });
    frame.crumbs = vec![Crumb::to("専門医", "/"), Crumb::here("サインインの状況")];
    let times = app.entrance().times;
    let page = Page {
        frame,
        notices: (asked.notice.as_deref() == Some("ended"))
            .then(|| Notice::success("サインインを終了しました。"))
            .into_iter()
            .collect(),
        sessions: sessions
            .into_iter()
            .map(|session| Line {
                id: session.id,
                via: via_words(&app, &session.via),
                browser: session.browser,
                began_at: show_jst_minutes(session.began_at),
                seen_at: show_jst_minutes(session.seen_at),
                current: session.current,
            })
            .collect(),
        key: Uuid::new_v4(),
        idle: times.idle.as_secs() / 60,
        hours: times.absolute.as_secs() / 3_600,
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// 終了する, one or all of them.
pub(super) async fn end(State(app): State<App>, posted: Posted) -> Result<Response, Problem> {
    let actor = posted.identity.actor();
    match posted.fields.text("session").as_str() {
        "all" => {
            app.sessions().end_all(actor).await.map_err(failed)?;
        }
        id => {
            let id = Uuid::parse_str(id).map_err(|_| Problem::new(Kind::PageTampered))?;
            app.sessions().end_one(actor, id).await.map_err(failed)?;
        }
    }
    // Who has ended the own one arrives at the start page.
    Ok(see("/sessions?notice=ended"))
}
