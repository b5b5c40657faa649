//! `GET /api/v1/access-log`, `GET /api/v1/access-log/mine`: 閲覧記録

use std::time::Duration;

use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse as _, Response},
};
use domain::{Role, access::Whose, calendar::show_jst_minutes, member::MemberNumber};
use jiff::Timestamp;
use projections::{AccessEntry, AccessFilter, ViewName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    Endpoint,
    history::{page_size, text, unreadable},
};
use crate::{
    access::{Identity, Permission, last_entry, note, subject, subject_to_member},
    app::App,
    moment,
    problem::{Kind, Problem},
    situation::with_view_behind,
};

/// How long an answer waits until it shows the last entry, which may be that of its own question.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn endpoints() -> [Endpoint; 2] {
    [
        super::endpoint(
            Permission::ReadAccessLog,
            &[&[Kind::UnknownMember, Kind::Unavailable]],
            routes!(access_log),
        ),
        super::endpoint(
            Permission::ReadOwnAccessLog,
            &[&[Kind::UnknownMember]],
            routes!(own_access_log),
        ),
    ]
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// 会員番号 of whose data was looked at.
    member: Option<String>,
    /// Who looked, as in the entries: `secretariat:demo`.
    actor: Option<String>,
    /// Method and route, as in the entries: `GET /api/v1/applications/{id}/history`.
    operation: Option<String>,
    /// Looked at this time or later.
    from: Option<String>,
    /// Looked before this time.
    to: Option<String>,
    /// `next` of the page before.
    before: Option<i64>,
    /// Entries on a page, 1 to 200; 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// 閲覧記録, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct AccessLogAnswer {
    /// The entries.
    entries: Vec<Looked>,
    /// `before` of the next page; null on the last.
    next: Option<i64>,
}

/// Somebody looked at something of a member.
#[derive(Debug, Serialize, ToSchema)]
struct Looked {
    /// Number of the event in the ledger.
    global_seq: i64,
    /// 会員番号; null for what shows many members at once, unless the record of one is asked for.
    #[schema(value_type = Option<String>)]
    member: Option<MemberNumber>,
    /// Of a list or a file: how many members it showed. Each has the entry in the own record.
    named: i64,
    /// Who: `secretariat:demo`, `secretariat:client:nightly`, `system:print`.
    actor: String,
    /// In which role.
    role: String,
    /// Method and route, or command.
    operation: String,
    /// What that is.
    what: &'static str,
    /// The application, if it was one.
    application: Option<String>,
    /// Number of the request in the service's log.
    #[schema(value_type = String, format = Uuid)]
    request: Uuid,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The same in Japan.
    at_label: String,
    /// Whether it was refused for want of a duty (権限のない操作), and nothing shown or done.
    refused: bool,
}

impl From<AccessEntry> for Looked {
    fn from(entry: AccessEntry) -> Self {
        Self {
            global_seq: entry.global_seq,
            member: entry.member,
            named: entry.named,
            actor: entry.actor,
            role: entry.role,
            what: subject(&entry.operation),
            operation: entry.operation,
            application: entry.application.map(|id| id.to_string()),
            request: entry.request_id,
            at: entry.viewed_at,
            at_label: show_jst_minutes(entry.viewed_at),
            refused: entry.refused,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AskedPage {
    /// `next` of the page before.
    before: Option<i64>,
    /// Entries on a page, 1 to 200; 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Who looked at the own data, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct OwnAccessLogAnswer {
    /// The entries.
    entries: Vec<LookedAtOwn>,
    /// `before` of the next page; null on the last.
    next: Option<i64>,
}

/// Somebody looked at something of the member who asks. Who it was is the secretariat's to know; in which role is the member's.
#[derive(Debug, Serialize, ToSchema)]
struct LookedAtOwn {
    /// In which role: 事務局.
    who: &'static str,
    /// What.
    what: &'static str,
    /// The application, if it was one.
    application: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The same in Japan.
    at_label: String,
}

impl From<AccessEntry> for LookedAtOwn {
    fn from(entry: AccessEntry) -> Self {
        Self {
            who: role_label(&entry.role),
            what: subject_to_member(&entry.operation),
            application: entry.application.map(|id| id.to_string()),
            at: entry.viewed_at,
            at_label: show_jst_minutes(entry.viewed_at),
        }
    }
}

fn role_label(role: &str) -> &'static str {
    if role == Role::Reporter.as_str() {
        "集計担当"
    } else {
        // Whoever runs the service does so for the society.
        "事務局"
    }
}

fn failed(error: &projections::Error) -> Problem {
    Problem::failed("reading the access log", error)
}

/// A page of the log, and whether it is behind its last entry.
async fn page(
    app: &App,
    (filter, before, limit): (&AccessFilter, Option<i64>, u32),
    (whose, last): (&Whose, i64),
) -> Result<(projections::Page<AccessEntry, i64>, bool), Problem> {
    let views = &app.service().views;
    let shown = match last {
        0 => true,
        last => views
            .wait_once(ViewName::AccessLog, &whose.id(), last, PATIENCE)
            .await
            .map_err(|error| failed(&error))?,
    };
    let page = views.access_log(filter, before, limit).await;
    Ok((page.map_err(|error| failed(&error))?, !shown))
}

/// Who looked at whom (閲覧記録)
///
/// Newest first. What somebody else than the member was shown of a member, once in ten minutes for the same person and thing; a list or a
/// file each time. To ask this is an entry too.
#[utoipa::path(
    get,
    path = "/api/v1/access-log",
    params(Asked),
    responses((status = OK, description = "The entries.", body = AccessLogAnswer))
)]
async fn access_log(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let limit = page_size(asked.limit)?;
    let member = match &asked.member {
        None => None,
        Some(number) => {
            Some(MemberNumber::parse(number).map_err(|_| unreadable("member", "会員番号"))?)
        }
    };
    let filter = AccessFilter {
        member: member.clone(),
        actor: text("actor", "閲覧した人", asked.actor.as_deref())?,
        operation: text("operation", "操作の名前", asked.operation.as_deref())?,
        from: moment::from("from", asked.from.as_deref())?,
        to: moment::upto("to", asked.to.as_deref())?,
    };
    let service = app.service();
    let whose = match member {
        None => Whose::Everybody,
        Some(number) => {
            if service.member(&number).await?.is_none() {
                return Err(Problem::new(Kind::UnknownMember));
            }
            Whose::Member(number)
        }
    };
    let viewing = identity.viewing(service, None);
    let receipt = note(service, &whose, viewing, identity.request()).await?;
    let asked = (&filter, asked.before, limit);
    let (page, behind) = page(&app, asked, (&whose, receipt.last_sequence)).await?;
    let answer = AccessLogAnswer {
        entries: page.items.into_iter().map(Looked::from).collect(),
        next: page.next,
    };
    Ok(with_view_behind(Json(answer).into_response(), behind))
}

/// Who looked at my data (自分の閲覧記録)
///
/// Newest first, by role. What the member looks at is no entry.
#[utoipa::path(
    get,
    path = "/api/v1/access-log/mine",
    params(AskedPage),
    responses((status = OK, description = "The entries.", body = OwnAccessLogAnswer))
)]
async fn own_access_log(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<AskedPage>,
) -> Result<Response, Problem> {
    let limit = page_size(asked.limit)?;
    // Only members have the permission; an account that is no 会員番号 is nobody's.
    let member = identity.member().ok_or(Problem::new(Kind::UnknownMember))?;
    let whose = Whose::Member(member.clone());
    let last = last_entry(app.service(), &whose).await?;
    let filter = AccessFilter {
        member: Some(member),
        ..AccessFilter::default()
    };
    let (page, behind) = page(&app, (&filter, asked.before, limit), (&whose, last)).await?;
    let answer = OwnAccessLogAnswer {
        entries: page.items.into_iter().map(LookedAtOwn::from).collect(),
        next: page.next,
    };
    Ok(with_view_behind(Json(answer).into_response(), behind))
}
