//! A list behind a figure, or 定型帳票.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use projections::reports::Kind;
use uuid::Uuid;

use super::{
    super::{
        frame::{Crumb, Frame},
        rendered,
    },
    frame,
};
use crate::{
    access::{Identity, Permission},
    app::App,
    exports::DIRECT_ROWS,
    problem::Problem,
    reports::{
        asked::{AskedList, listing, views},
        cell::{is_figure, shown},
        files,
    },
    routes::{
        reports::{AskedFormat, AskedPart, short_file},
        worklist::{note_list, unread},
    },
    sheets::Format,
};

/// Lines on a page.
const PAGE: i64 = 100;

#[derive(Template)]
#[template(path = "reports/list.html")]
struct Page {
    frame: Frame,
    title: &'static str,
    conditions: Vec<(String, String)>,
    total: i64,
    columns: Vec<(String, bool)>,
    lines: Vec<Line>,
    first: Option<String>,
    next: Option<String>,
    /// Files that are made in the answer.
    files: Vec<(String, &'static str)>,
    /// Where the list is too long for that: forms to have one made.
    formats: Vec<(&'static str, &'static str)>,
    list: &'static str,
    query: String,
    key: Uuid,
}

struct Line {
    cells: Vec<Cell>,
}

struct Cell {
    text: String,
    heading: String,
    figure: bool,
    /// A number that is not broken into lines; the id of an application is too long for that.
    whole: bool,
    href: Option<String>,
}

/// A list
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(name): Path<String>,
    Query(asked): Query<AskedList>,
    Query(part): Query<AskedPart>,
) -> Result<Response, Problem> {
    let listing = listing(&app, files::list_named(&name)?, &asked).await?;
    let place = part.place();
    let found = views(&app)
        .report_list(&listing.list, place.as_ref(), PAGE)
        .await
        .map_err(unread)?;
    note_list(&app, &identity, files::shown(&found.lines)).await?;
    let columns = listing.list.columns();
    // The next page is of the same moment as this one.
    let number = listing.when.as_of.number.to_string();
    let query = AskedList::query(&listing.list.filter, Some(&number));
    let name = listing.list.name;
    let address = format!("/report-lists/{}", name.as_str());
    let applications = identity.holds(Permission::SearchApplications);
    let lines = found.lines.into_iter().map(|line| {
        let href = line
            .application
            .filter(|_| applications)
            .map(|id| format!("/desk/applications/{id}"));
        let cells = line.cells.iter().zip(&columns).enumerate();
        Line {
            cells: cells
                .map(|(place, (cell, column))| Cell {
                    text: shown(cell, column.kind),
                    heading: column.title.clone(),
                    figure: is_figure(column.kind),
                    whole: column.kind == Kind::Code && column.key != "application",
                    href: href.clone().filter(|_| place == 0),
                })
                .collect(),
        }
    });
    let total = u64::try_from(listing.total).unwrap_or_default();
    let file = |word: &str| format!("{address}/file?{query}&format={word}");
    let mut short: Vec<(String, &'static str)> = Vec::new();
    if total <= DIRECT_ROWS {
        short.extend(Format::ALL.map(|format| (file(format.word()), format.label())));
    }
    if total <= files::PRINTED {
        short.push((file(files::PDF), "PDF"));
    }
    let page = Page {
        frame: frame(
            &app,
            &identity,
            name.title(),
            vec![Crumb::to("集計", "/reports")],
        ),
        title: name.title(),
        total: listing.total,
        lines: lines.collect(),
        columns: columns
            .iter()
            .map(|column| (column.title.clone(), is_figure(column.kind)))
            .collect(),
        first: place.map(|_| format!("{address}?{query}")),
        next: found.next.map(|after| {
            let after = [("after", AskedPart::word(&after))];
            let after = serde_urlencoded::to_string(after).unwrap_or_default();
            format!("{address}?{query}&{after}")
        }),
        formats: if total > DIRECT_ROWS {
            Format::ALL
                .map(|format| (format.word(), format.label()))
                .into()
        } else {
            Vec::new()
        },
        files: short,
        conditions: listing.conditions,
        list: name.as_str(),
        query,
        key: Uuid::new_v4(),
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// A short list as a file
pub(super) async fn file(
    State(app): State<App>,
    identity: Identity,
    Path(name): Path<String>,
    Query(asked): Query<AskedList>,
    Query(format): Query<AskedFormat>,
) -> Result<Response, Problem> {
    short_file(&app, &identity, (&name, &asked, &format)).await
}
