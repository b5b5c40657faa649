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
    application::{ApplicationCommand, decide},
    documents::RowId,
};

use super::{
    entry::WholeEntry, listed::ListEntry, panel::Panel, posted::Posted, rendered, visit::Visit,
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
    let command =
        T::posted(&posted.fields, &visit.program.rules).command(base, visit.record.clone());
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
    let value = T::posted(&posted.fields, &visit.program.rules).into_value();
    let command = match posted.fields.text("row").parse() {
        Ok(row) => ApplicationCommand::ReviseRow {
            row: RowId(row),
            value,
            base,
        },
        Err(_) => ApplicationCommand::AddRow {
            row: RowId(posted.new_id()),
            value,
            base: None,
        },
    };
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
