//! 変更履歴 for the secretariat: of one application and over all, with who, when, where, before, after and why.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::{ApplicationId, ApplicationState},
    calendar::show_jst_minutes,
    catalogue::EVENTS,
    documents::DocumentKind,
    proposal::ApprovalKind,
};
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
    review, who,
};
use crate::{
    access::{Identity, named_by},
    app::App,
    moment,
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
    /// 二者承認 or 単独
    approval: Option<&'static str>,
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

/// Where it was changed: document, row with its number of today, field.
fn place(entry: &HistoryEntry, state: Option<&ApplicationState>) -> String {
    match (entry.document, &entry.row) {
        (None, _) => entry.field.clone(),
        (Some(document), None) => format!("{} {}", document.title(), entry.field),
        (Some(document), Some(row)) => {
            let row = state
                .and_then(|state| Some((state, state.row_number(document, row)?)))
                .map_or_else(
                    || "削除された明細".to_owned(),
                    |(state, number)| {
                        format!("No.{number}（{}）", review::words(state, document, row))
                    },
                );
            format!("{} {row} {}", document.title(), entry.field)
        }
    }
}

/// The applications as they are, by which rows are named: only those of which a row was changed.
async fn named_rows(
    app: &App,
    entries: &[HistoryEntry],
) -> Result<BTreeMap<String, ApplicationState>, Problem> {
    let mut states = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.row.is_some()) {
        if states.contains_key(&entry.application) {
            continue;
        }
        let Ok(id) = ApplicationId::parse(&entry.application) else {
            continue;
        };
        let found = app.service().application(&id).await?;
        if let Some(state) = found.as_ref().and_then(|(found, _)| found.state()) {
            states.insert(entry.application.clone(), state.clone());
        }
    }
    Ok(states)
}

fn changes(entries: Vec<HistoryEntry>, states: &BTreeMap<String, ApplicationState>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for entry in entries {
        let field = FieldChange {
            place: place(&entry, states.get(&entry.application)),
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
            approval: entry
                .approval
                .as_deref()
                .and_then(ApprovalKind::parse)
                .map(ApprovalKind::label),
            command: entry.command_id.to_string(),
            fields: vec![field],
        });
    }
    changes
}

impl Asked {
    fn filter(&self, application: Option<String>) -> Result<HistoryFilter, Problem> {
        let given = |name: &str, label: &str, value: &str| -> Result<Option<String>, Problem> {
            let value = value.trim();
            text(name, label, Some(value))?;
            Ok((!value.is_empty()).then(|| value.to_owned()))
        };
        let document = match given("document", "書類の名前", &self.document)? {
            None => None,
            Some(slug) => Some(
                DocumentKind::from_slug(&slug)
                    .ok_or_else(|| unreadable("document", "書類の名前"))?,
            ),
        };
        Ok(HistoryFilter {
            application,
            actor: given("actor", "操作した人", &self.actor)?,
            role: None,
            document,
            event: given("event", "操作の名前", &self.event)?,
            field: given("field", "項目の名前", &self.field)?,
            internal: true,
            from: moment::from("from", Some(&self.from))?,
            // The last day belongs to the period.
            to: moment::upto("to", Some(&self.to))?,
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
    if application.is_none() {
        let members = named_by(page.items.iter().map(|entry| &*entry.application));
        note_list(app, identity, members).await?;
    }
    let states = named_rows(app, &page.items).await?;
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
        changes: changes(page.items, &states),
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
    let place = ("変更履歴（全体）", "/desk/history".to_owned(), None);
    page(&app, &identity, asked, place).await
}
