//! 申請完了要件 as they would be with what is being typed. The same decision as the command's, applied to a copy: nothing is
//! stored, and there is no second rule engine.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use cqrs_es::Aggregate as _;
use domain::{
    Context,
    application::{ApplicationCommand, decide, with_closed},
    documents::RowId,
};

use super::{
    entry::WholeEntry, listed::ListEntry, panel::Panel, posted::Posted, rendered,
    rows::save_command, visit::Visit,
};
use crate::{app::App, problem::Problem};

/// A document that is being filled in.
pub(super) async fn of_document<T: WholeEntry>(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let base = visit.state()?.documents.revision(T::KIND);
    let saved = T::saved(&visit.state()?.documents);
    let typed = T::posted(&posted.fields, &visit.program.rules);
    let typed = with_closed(saved, typed, &posted.fields.all("closed"));
    let command = typed.command(base, visit.record.clone());
    with(visit, command, &posted)
}

/// A row that is being filled in.
pub(super) async fn of_row<T: ListEntry>(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let base = visit.state()?.documents.revision(T::KIND);
    let value = T::posted(&posted.fields, &visit.program.rules);
    let row = match posted.fields.text("row").parse() {
        Ok(row) => (RowId(row), false),
        Err(_) => (RowId(posted.new_id()), true),
    };
    let value = match T::rows(&visit.state()?.documents).get(row.0) {
        saved @ Some(_) => with_closed(saved, value, &posted.fields.all("closed")),
        None => value,
    };
    let command = save_command(&posted.fields, row, value, base);
    with(visit, command, &posted)
}

fn with(
    mut visit: Visit<'_>,
    command: ApplicationCommand,
    posted: &Posted,
) -> Result<Response, Problem> {
    let context = Context {
        actor: posted.identity.actor().clone(),
        at: visit.now,
    };
    let programs = &visit.app.service().programs;
    let events = decide(&visit.found.application, command, &context, programs)?;
    for event in events {
        visit.found.application.apply(event);
    }
    let panel: Panel = visit.panel()?;
    Ok(rendered(&panel, StatusCode::OK))
}
