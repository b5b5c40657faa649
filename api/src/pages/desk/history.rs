//! 変更履歴 for the secretariat: of one application and over all, with who, when, where, before, after and why.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    calendar::{parse_date, show_jst_minutes},
    catalogue::EVENTS,
    documents::DocumentKind,
};
use jiff::{Timestamp, ToSpan as _, civil::Date};
use projections::{HistoryEntry, HistoryFilter};
use serde::{Deserialize, Serialize};

use super::{
    super::{
        frame::{Crumb, Frame},
        rendered,
    },
    diff::{Piece, pieces},
    frame,
    list::Choice,
    who,
};
use crate::{
    access::Identity,
    app::App,
    problem::Problem,
    routes::{
        history::{text, unreadable},
        worklist::{note_list, unread},
    },
    situation::visible,
};

/// Events on a page.
const PAGE: u32 = 50;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Asked {
    #[serde(skip_serializing_if = "String::is_empty")]
    actor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    document: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    event: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<i64>,
}

#[derive(Template)]
#[template(path = "desk/history.html")]
struct Page {
    frame: Frame,
    title: &'static str,
    address: String,
    asked: Asked,
    documents: Vec<Choice>,
    events: Vec<Choice>,
    changes: Vec<Change>,
    older: Option<String>,
    newest: Option<String>,
}

/// Everything that one event changed.
struct Change {
    global_seq: i64,
    application: String,
    application_href: String,
    member: String,
    label: &'static str,
    at: String,
    who: String,
    reason: Option<String>,
    command: String,
    moment: String,
    fields: Vec<FieldChange>,
}

struct FieldChange {
    place: String,
    before: String,
    after: String,
    pieces: Option<Vec<Piece>>,
}

fn place(entry: &HistoryEntry) -> String {
    match entry.document {
        None => entry.field.clone(),
        Some(document) => format!("{} {}", document.title(), entry.field),
    }
}

fn changes(entries: Vec<HistoryEntry>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for entry in entries {
        let field = FieldChange {
            place: place(&entry),
            pieces: pieces(&entry.before, &entry.after),
            before: entry.before,
            after: entry.after,
        };
        if let Some(change) = changes
            .last_mut()
            .filter(|change| change.global_seq == entry.global_seq)
        {
            change.fields.push(field);
            continue;
        }
        let href = super::of(&entry.application);
        changes.push(Change {
            global_seq: entry.global_seq,
            moment: format!("{href}/moment?sequence={}", entry.sequence),
            member: entry
                .application
                .rsplit('.')
                .next()
                .unwrap_or_default()
                .to_owned(),
            application_href: href,
            application: entry.application,
            label: entry.event_label,
            at: show_jst_minutes(entry.decided_at),
            who: who(&entry.actor),
            reason: entry.reason,
            command: entry.command_id.to_string(),
            fields: vec![field],
        });
    }
    changes
}

/// The beginning of a day in Japan.
fn begins(day: Date) -> Option<Timestamp> {
    domain::calendar::jst_instant(day, 0, 0).ok()
}

impl Asked {
    fn filter(&self, application: Option<String>) -> Result<HistoryFilter, Problem> {
        let given = |name: &str, label: &str, value: &str| -> Result<Option<String>, Problem> {
            let value = value.trim();
            text(name, label, Some(value))?;
            Ok((!value.is_empty()).then(|| value.to_owned()))
        };
        let day = |name: &str, value: &str| -> Result<Option<Date>, Problem> {
            match given(name, "日付", value)? {
                None => Ok(None),
                Some(value) => parse_date(&value)
                    .map(Some)
                    .map_err(|_| unreadable(name, "日付")),
            }
        };
        let document = match given("document", "書類の名前", &self.document)? {
            None => None,
            Some(slug) => Some(
                DocumentKind::from_slug(&slug)
                    .ok_or_else(|| unreadable("document", "書類の名前"))?,
            ),
        };
        let to = day("to", &self.to)?;
        Ok(HistoryFilter {
            application,
            actor: given("actor", "操作した人", &self.actor)?,
            document,
            event: given("event", "操作の名前", &self.event)?,
            field: given("field", "項目の名前", &self.field)?,
            internal: true,
            from: day("from", &self.from)?.and_then(begins),
            // The last day belongs to the period.
            to: to.and_then(|day| begins(day.saturating_add(1.day()))),
        })
    }
}

async fn page(
    app: &App,
    identity: &Identity,
    asked: Asked,
    (title, address, application): (&'static str, String, Option<String>),
) -> Result<Response, Problem> {
    let filter = asked.filter(application.clone())?;
    let page = app
        .service()
        .views
        .history(&filter, asked.before, PAGE)
        .await
        .map_err(unread)?;
    let turned = |before: Option<i64>| {
        let asked = Asked {
            before,
            ..asked.clone()
        };
        let query = serde_urlencoded::to_string(asked).unwrap_or_default();
        format!("{address}?{query}")
    };
    let mut between = vec![Crumb::to("申請一覧", "/desk/applications")];
    if let Some(application) = &application {
        between.push(Crumb::to("確認画面", super::of(application)));
    }
    let any = |label: &str, chosen: bool| Choice {
        value: String::new(),
        label: label.to_owned(),
        chosen,
    };
    let mut documents = vec![any("すべて", asked.document.is_empty())];
    documents.extend(DocumentKind::ALL.map(|kind| Choice {
        value: kind.slug().to_owned(),
        label: kind.title().to_owned(),
        chosen: kind.slug() == asked.document,
    }));
    let mut events = vec![any("すべて", asked.event.is_empty())];
    events.extend(
        EVENTS
            .iter()
            .filter(|event| event.stream == "application")
            .map(|event| Choice {
                value: event.name.to_owned(),
                label: event.label.to_owned(),
                chosen: event.name == asked.event,
            }),
    );
    let screen = Page {
        frame: frame(app, identity, title, between),
        title,
        older: page.next.map(|next| turned(Some(next))),
        newest: asked.before.map(|_| turned(None)),
        changes: changes(page.items),
        documents,
        events,
        asked,
        address,
    };
    Ok(rendered(&screen, StatusCode::OK))
}

/// 変更履歴 of one application.
pub(super) async fn of_one(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let id = visible(&app, &identity, &id).await?;
    let address = format!("{}/history", super::of(&id));
    page(
        &app,
        &identity,
        asked,
        ("変更履歴", address, Some(id.to_string())),
    )
    .await
}

/// 変更履歴 over all applications.
pub(super) async fn of_all(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    note_list(&app, &identity).await?;
    let place = ("変更履歴（全体）", "/desk/history".to_owned(), None);
    page(&app, &identity, asked, place).await
}
