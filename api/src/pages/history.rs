//! 変更履歴: who changed what, and an earlier version restored as a new change.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::{ApplicationCommand, ApplicationState, Documents},
    calendar::show_jst_minutes,
    documents::{
        ClinicalExperience, Conference, DocumentKind, Paper, Profile, ResearchActivity, Resume,
    },
    program::Rules,
};
use projections::{HistoryEntry, HistoryFilter, ViewName};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    document::notices,
    entry::{Entry, WholeEntry},
    field::{Difference, differences},
    frame::{Crumb, Frame, Notice},
    listed::ListEntry,
    posted::Posted,
    rendered, see,
    visit::Visit,
};
use crate::{
    access::Identity,
    app::App,
    problem::{Kind, Problem},
};

/// Events on a page.
const PAGE: u32 = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// The word of a document in addresses.
    document: Option<String>,
    /// `next` of the page before.
    before: Option<i64>,
}

#[derive(Template)]
#[template(path = "history.html")]
struct List {
    frame: Frame,
    notices: Vec<Notice>,
    filters: Vec<Filter>,
    changes: Vec<Change>,
    older: Option<String>,
}

struct Filter {
    words: &'static str,
    href: String,
    current: bool,
}

/// Everything that one event changed.
struct Change {
    sequence: i64,
    label: &'static str,
    document: Option<&'static str>,
    at: String,
    who: &'static str,
    fields: Vec<FieldChange>,
    /// The version page.
    version: Option<String>,
}

struct FieldChange {
    label: String,
    before: String,
    after: String,
}

/// Who, in words: a member sees the own changes, the society's and those that come by themselves.
fn who(role: &str) -> &'static str {
    match role {
        "member" => "本人",
        "secretariat" => "事務局",
        _ => "自動集計",
    }
}

fn kind_of(slug: Option<&str>) -> Result<Option<DocumentKind>, Problem> {
    match slug {
        None | Some("") => Ok(None),
        Some(slug) => DocumentKind::from_slug(slug)
            .map(Some)
            .ok_or(Problem::new(Kind::MalformedAddress)),
    }
}

fn failed(error: &projections::Error) -> Problem {
    Problem::failed("reading the change history", error)
}

/// The field, with the number that its row has today.
fn label(state: Option<&ApplicationState>, entry: &HistoryEntry) -> String {
    let number = state
        .zip(entry.document)
        .zip(entry.row.as_deref())
        .and_then(|((state, document), row)| state.row_number(document, row));
    match number {
        Some(number) => format!("No.{number} {}", entry.field),
        None => entry.field.clone(),
    }
}

fn changes(visit: &Visit<'_>, entries: Vec<HistoryEntry>) -> Vec<Change> {
    let state = visit.found.application.state();
    let mut changes: Vec<Change> = Vec::new();
    for entry in entries {
        let field = FieldChange {
            label: label(state, &entry),
            before: entry.before,
            after: entry.after,
        };
        if let Some(change) = changes
            .last_mut()
            .filter(|change| change.sequence == entry.sequence)
        {
            change.fields.push(field);
            continue;
        }
        let restorable = entry
            .document
            .filter(|kind| *kind != DocumentKind::Seminars);
        changes.push(Change {
            sequence: entry.sequence,
            label: entry.event_label,
            document: entry.document.map(DocumentKind::title),
            at: show_jst_minutes(entry.decided_at),
            who: who(&entry.role),
            fields: vec![field],
            version: restorable.map(|kind| {
                visit.below(&format!(
                    "history/{}?document={}",
                    entry.sequence,
                    kind.slug()
                ))
            }),
        });
    }
    changes
}

/// M17 変更履歴
pub(super) async fn list(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    let document = kind_of(asked.document.as_deref())?;
    let views = &app.service().views;
    let application = visit.id().to_string();
    let filter = HistoryFilter {
        application: Some(application.clone()),
        document,
        ..HistoryFilter::default()
    };
    let page = views
        .history(&filter, asked.before, PAGE)
        .await
        .map_err(|error| failed(&error))?;
    let newest = views
        .wait_once(
            ViewName::ChangeHistory,
            &application,
            visit.found.sequence,
            Duration::ZERO,
        )
        .await
        .map_err(|error| failed(&error))?;
    let chosen = document.map_or_else(String::new, |kind| format!("document={}&", kind.slug()));
    let mut filters = vec![Filter {
        words: "すべて",
        href: visit.below("history"),
        current: document.is_none(),
    }];
    filters.extend(DocumentKind::ALL.map(|kind| Filter {
        words: kind.title(),
        href: visit.below(&format!("history?document={}", kind.slug())),
        current: document == Some(kind),
    }));
    let page = List {
        frame: visit.frame("変更履歴", []),
        notices: if newest {
            Vec::new()
        } else {
            vec![Notice::info(
                "直前の変更が反映されるまで、少し時間がかかっています。画面を開き直すと表示されます。",
            )]
        },
        filters,
        older: page
            .next
            .map(|next| visit.below(&format!("history?{chosen}before={next}"))),
        changes: changes(&visit, page.items),
    };
    Ok(rendered(&page, StatusCode::OK))
}

#[derive(Template)]
#[template(path = "version.html")]
struct Version {
    frame: Frame,
    notices: Vec<Notice>,
    document: DocumentKind,
    /// That version beside today's.
    differences: Vec<Difference>,
    action: String,
    key: Uuid,
    revision: u32,
    sequence: i64,
    editable: bool,
    saved_then: bool,
    back: String,
}

/// Two versions of a document, in the words of its screen.
pub(super) fn compared(
    kind: DocumentKind,
    then: &Documents,
    now: &Documents,
    rules: &Rules,
) -> Vec<Difference> {
    match kind {
        DocumentKind::Resume => whole::<Resume>(then, now, rules),
        DocumentKind::Profile => whole::<Profile>(then, now, rules),
        DocumentKind::ClinicalExperience => whole::<ClinicalExperience>(then, now, rules),
        DocumentKind::ResearchActivities => rows::<ResearchActivity>(then, now),
        DocumentKind::Conferences => rows::<Conference>(then, now),
        DocumentKind::Papers => rows::<Paper>(then, now),
        DocumentKind::Seminars => Vec::new(),
    }
}

fn whole<T: WholeEntry>(then: &Documents, now: &Documents, rules: &Rules) -> Vec<Difference> {
    let fields = |documents| {
        let value: T = T::saved(documents).cloned().unwrap_or_default();
        Entry::fields(&value, rules)
    };
    differences(&fields(then), &fields(now))
}

fn rows<T: ListEntry>(then: &Documents, now: &Documents) -> Vec<Difference> {
    let shown = |row: Option<&T>| row.map_or_else(String::new, |row| row.cells().join(" / "));
    let mut ids: Vec<_> = T::rows(then).iter().map(|row| row.id).collect();
    for row in T::rows(now) {
        if !ids.contains(&row.id) {
            ids.push(row.id);
        }
    }
    let mut lines: Vec<Difference> = ids
        .into_iter()
        .enumerate()
        .map(|(place, id)| Difference {
            label: format!("明細 {}", place + 1),
            left: shown(T::rows(then).get(id)),
            right: shown(T::rows(now).get(id)),
        })
        .collect();
    if let (Some(left), Some(right)) = (T::years(then), T::years(now)) {
        lines.push(Difference {
            label: domain::documents::RESEARCH_YEARS.to_owned(),
            left,
            right,
        });
    }
    lines.retain(|line| line.left != line.right);
    lines
}

/// What it held after one of its events.
async fn earlier(visit: &Visit<'_>, sequence: i64) -> Result<ApplicationState, Problem> {
    let (then, _) = visit
        .app
        .service()
        .application_at(visit.id(), sequence)
        .await?
        .filter(|(_, last)| *last == sequence)
        .ok_or(Problem::new(Kind::NotFound))?;
    then.state().cloned().ok_or(Problem::new(Kind::NotFound))
}

async fn version_page(
    visit: &Visit<'_>,
    kind: DocumentKind,
    sequence: i64,
    (notices, status): (Vec<Notice>, StatusCode),
) -> Result<Response, Problem> {
    let then = earlier(visit, sequence).await?;
    let now = &visit.state()?.documents;
    let mut frame = visit.frame("以前の版", [Crumb::to("変更履歴", visit.below("history"))]);
    frame.wrong = status.is_client_error();
    let page = Version {
        frame,
        notices,
        document: kind,
        differences: compared(kind, &then.documents, now, &visit.program.rules),
        action: format!("{}/restoration", visit.document(kind)),
        key: Uuid::new_v4(),
        revision: now.revision(kind),
        sequence,
        editable: visit.may_edit(kind)?,
        saved_then: then.documents.revision(kind) > 0,
        back: visit.below(&format!("history?document={}", kind.slug())),
    };
    Ok(rendered(&page, status))
}

/// An earlier version of a document beside today's.
pub(super) async fn version(
    State(app): State<App>,
    identity: Identity,
    Path((id, sequence)): Path<(String, i64)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    let kind = kind_of(asked.document.as_deref())?
        .filter(|kind| *kind != DocumentKind::Seminars)
        .ok_or(Problem::new(Kind::NotFound))?;
    let notices = notices(&visit, kind, (None, None)).await?;
    version_page(&visit, kind, sequence, (notices, StatusCode::OK)).await
}

/// この版の内容に戻す: a new change, whose reason says which version it came from.
pub(super) async fn restore(
    State(app): State<App>,
    Path((id, document)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let kind = kind_of(Some(&document))?.ok_or(Problem::new(Kind::NotFound))?;
    let sequence: i64 = posted
        .fields
        .text("sequence")
        .parse()
        .map_err(|_| Problem::new(Kind::PageTampered))?;
    let then = earlier(&visit, sequence).await?;
    let command = ApplicationCommand::RestoreDocument {
        document: kind,
        earlier: Box::new(then.documents),
        record: Box::new(visit.record.clone()),
        base: posted.revision()?,
    };
    let call = posted.call_because(format!("変更 {sequence} の時点の内容に戻す"));
    match visit.execute(command, call).await {
        Ok(_) => Ok(see(&format!("{}?notice=restored", visit.document(kind)))),
        Err(problem) if problem.kind() == Kind::StaleRevision => {
            let visit = Visit::to(&app, &posted.identity, &id).await?;
            let notice = Notice::error(
                "この書類は別の画面で更新されています。現在の内容との違いをもう一度ご確認ください。",
            );
            let status = problem.kind().status();
            version_page(&visit, kind, sequence, (vec![notice], status)).await
        }
        Err(problem) => Err(problem),
    }
}
