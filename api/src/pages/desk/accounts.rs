//! サインインの記録: who of the staff came in, and ending all that an account has open.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use domain::calendar::show_jst_minutes;
use projections::{Entrance, EntranceEntry};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::{
        frame::{Frame, Notice},
        posted::Posted,
        rendered, see,
    },
    frame, who,
};
use crate::{
    access::{Duties, Duty, Identity, Permission, end_access},
    app::App,
    problem::{Kind, Problem},
};

/// Entries on a page.
const PAGE: u32 = 50;

/// Most accounts.
const ACCOUNTS: u32 = 200;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    before: Option<i64>,
    notice: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/accounts.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    accounts: Vec<Line>,
    entries: Vec<Line>,
    /// Whether accounts may be ended.
    may_end: bool,
    key: Uuid,
    next: Option<i64>,
}

struct Line {
    account: String,
    who: String,
    what: &'static str,
    more: String,
    at: String,
}

impl From<EntranceEntry> for Line {
    fn from(entry: EntranceEntry) -> Self {
        let more = match entry.event {
            Entrance::SignedIn => {
                let duties = Duties::parse(entry.duties.as_deref().unwrap_or_default());
                let duties: Vec<_> = duties.iter().map(Duty::label).collect();
                duties.join("・")
            }
            Entrance::AccessEnded => entry.account.clone().unwrap_or_default(),
            Entrance::TokenMade => entry.client.unwrap_or_default(),
            Entrance::TokenRevoked => entry.token.map(|id| id.to_string()).unwrap_or_default(),
            Entrance::EarlierTokensSealed => String::new(),
        };
        Self {
            account: entry.account.unwrap_or_default(),
            who: who(&entry.actor),
            what: words(entry.event),
            more,
            at: show_jst_minutes(entry.at),
        }
    }
}

fn words(event: Entrance) -> &'static str {
    match event {
        Entrance::SignedIn => "サインイン",
        Entrance::AccessEnded => "アカウントの利用終了",
        Entrance::TokenMade => "トークンの発行",
        Entrance::TokenRevoked => "トークンの取消し",
        Entrance::EarlierTokensSealed => "以前のトークンの封印",
    }
}

/// The accounts and the record.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let views = &app.service().views;
    let accounts = views.accounts(ACCOUNTS).await?;
    let record = views.entrances(None, asked.before, PAGE).await?;
    let page = Page {
        frame: frame(&app, &identity, "サインインの記録", Vec::new()),
        notices: (asked.notice.as_deref() == Some("ended"))
            .then(|| Notice::success("このアカウントのサインインとトークンをすべて終了しました。"))
            .into_iter()
            .collect(),
        accounts: accounts.into_iter().map(Line::from).collect(),
        entries: record.items.into_iter().map(Line::from).collect(),
        may_end: identity.holds(Permission::ManageTokens),
        key: Uuid::new_v4(),
        next: record.next,
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// すべて終了する
pub(super) async fn end(State(app): State<App>, posted: Posted) -> Result<Response, Problem> {
    let account = posted.fields.text("account");
    let ended = end_access(app.service(), &account, posted.call()).await;
    ended
        .map_err(|error| crate::routes::accounts::failed(&error))?
        .ok_or(Problem::new(Kind::UnknownAccount))?;
    // Who has ended the own ones arrives at the start page.
    Ok(see("/desk/accounts?notice=ended"))
}
