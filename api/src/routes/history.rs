//! `GET /api/v1/applications/{id}/history`: 変更履歴

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
};
use domain::{calendar::show_jst_minutes, documents::DocumentKind};
use jiff::Timestamp;
use projections::{HistoryEntry, HistoryFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::Endpoint;
use crate::{
    access::{Identity, Permission},
    app::App,
    moment,
    problem::{Kind, Problem},
    situation::{found, with_view_behind},
};

/// Events on a page when nothing is said.
const PAGE: u32 = 50;

/// Most events on a page.
const LARGEST_PAGE: u32 = 200;

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(Permission::ReadHistory, &[], routes!(history))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Who, as in the entries: `member:9000001`, `secretariat`.
    actor: Option<String>,
    /// Document, by the word in addresses: `profile`.
    document: Option<String>,
    /// Name of the event: `ProfileSaved`.
    event: Option<String>,
    /// Label of the field: `開催日`.
    field: Option<String>,
    /// Decided at this time or later: `2026-06-03T18:05:00+09:00`, `2026/06/03 18:05`, `2026/06/03`.
    from: Option<String>,
    /// Decided before this time; a day or minute that is named belongs to it.
    to: Option<String>,
    /// `next` of the page before.
    before: Option<i64>,
    /// Events on a page, 1 to 200; 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// 変更履歴, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct HistoryAnswer {
    /// One for each field that changed.
    entries: Vec<Change>,
    /// `before` of the next page; null on the last.
    next: Option<i64>,
}

/// One field that changed, or one thing that happened.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    /// Number of the event in the ledger.
    global_seq: i64,
    /// Number of the event in the application.
    sequence: i64,
    /// Name of the event.
    event: String,
    /// What people call it.
    event_label: &'static str,
    /// The document, if it concerns one.
    document: Option<DocumentKind>,
    /// 文書名
    document_title: Option<&'static str>,
    /// The row; for 当会セミナー code and first day, for a payment 取引番号.
    row: Option<String>,
    /// Label of the field.
    field: String,
    /// Value before; empty when there was none.
    before: String,
    /// Value after; empty when there is none.
    after: String,
    /// Who: `member:9000001`. To a member nobody else has an account: `secretariat`, `system`.
    actor: String,
    /// In which role.
    role: String,
    /// 内部の理由, where one was given; null to a member.
    reason: Option<String>,
    /// In whose place it was done where one person is not enough: `two_persons` (二者承認) or `alone` (単独); null to a member.
    approval: Option<String>,
    /// The command.
    #[schema(value_type = String, format = Uuid)]
    command_id: Uuid,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The same in Japan.
    at_label: String,
}

impl Change {
    /// An entry as somebody may see it. Who of the secretariat did something, and why, is the secretariat's to know.
    fn shown_to(identity: &Identity, entry: HistoryEntry) -> Self {
        let to_member = identity.member().is_some();
        let own = entry.actor == identity.actor().label();
        Self {
            global_seq: entry.global_seq,
            sequence: entry.sequence,
            event: entry.event,
            event_label: entry.event_label,
            document: entry.document,
            document_title: entry.document.map(DocumentKind::title),
            row: entry.row,
            field: entry.field,
            before: entry.before,
            after: entry.after,
            actor: if to_member && !own {
                entry.role.clone()
            } else {
                entry.actor
            },
            role: entry.role,
            reason: entry.reason.filter(|_| !to_member),
            approval: entry.approval.filter(|_| !to_member),
            command_id: entry.command_id,
            at: entry.decided_at,
            at_label: show_jst_minutes(entry.decided_at),
        }
    }
}

impl Asked {
    fn filter(&self, application: String, identity: &Identity) -> Result<HistoryFilter, Problem> {
        let document = match &self.document {
            None => None,
            Some(slug) => Some(
                DocumentKind::from_slug(slug)
                    .ok_or_else(|| unreadable("document", "書類の名前"))?,
            ),
        };
        let actor = text("actor", "操作した人", self.actor.as_deref())?;
        // To a member the account of somebody else is no actor, so none is found by it.
        let by_account = identity.member().is_none()
            || actor.as_deref() == Some(identity.actor().label().as_str());
        let (actor, role) = if by_account {
            (actor, None)
        } else {
            (None, actor)
        };
        Ok(HistoryFilter {
            application: Some(application),
            actor,
            role,
            document,
            event: text("event", "操作の名前", self.event.as_deref())?,
            field: text("field", "項目の名前", self.field.as_deref())?,
            internal: identity.member().is_none(),
            from: moment::from("from", self.from.as_deref())?,
            to: moment::upto("to", self.to.as_deref())?,
        })
    }
}

/// NUL is no text to PostgreSQL, and no actor, event or operation has a control character.
pub(crate) fn text(name: &str, label: &str, text: Option<&str>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.chars().any(char::is_control) => Err(unreadable(name, label)),
        text => Ok(text.map(str::to_owned)),
    }
}

/// How much is to stand on a page.
pub(super) fn page_size(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(PAGE);
    if (1..=LARGEST_PAGE).contains(&limit) {
        Ok(limit)
    } else {
        Err(unreadable("limit", "件数（1〜200）"))
    }
}

pub(crate) fn unreadable(name: &str, label: &str) -> Problem {
    Problem::saying(
        Kind::MalformedAddress,
        format!("検索条件 {name} の{label}を読み取れません。検索条件をご確認ください。"),
    )
}

/// Who changed what (変更履歴)
///
/// Newest first: who, when, what, from what, to what. A member sees the own application's.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/history",
    params(("id" = String, Path, description = "`<program>.<会員番号>`"), Asked),
    responses((status = OK, description = "The changes.", body = HistoryAnswer))
)]
async fn history(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let found = found(&app, &identity, &id).await?;
    let limit = page_size(asked.limit)?;
    let views = &app.service().views;
    let application = found.id.to_string();
    let failed = |error: projections::Error| Problem::failed("reading the change history", &error);
    let filter = asked.filter(application.clone(), &identity)?;
    let page = views
        .history(&filter, asked.before, limit)
        .await
        .map_err(failed)?;
    let newest = views
        .wait_once(
            projections::ViewName::ChangeHistory,
            &application,
            found.sequence,
            std::time::Duration::ZERO,
        )
        .await
        .map_err(failed)?;
    let answer = HistoryAnswer {
        entries: page
            .items
            .into_iter()
            .map(|entry| Change::shown_to(&identity, entry))
            .collect(),
        next: page.next,
    };
    Ok(with_view_behind(Json(answer).into_response(), !newest))
}
