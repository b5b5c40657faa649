//! Reports and lists as files.

use std::collections::BTreeSet;

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use domain::{calendar::jst_date, member::MemberNumber};
use futures::stream;
use jiff::Timestamp;
use projections::reports::{
    AsOf, Cell, Kind as CellKind, Line, List, ListFilter, ListName, ReportName,
};
use uuid::Uuid;

use super::asked::{Answered, Listing, views};
use crate::{
    access::{Identity, named, note_listed},
    app::App,
    exports::{Order, Rows, Source},
    print::{FileName, print_table},
    problem::{Kind, Problem},
    routes::worklist::{note_list, unread},
    sheets::{self, Format, Losses, Sheet},
};

/// Lines that are read from a list at a time: what is in memory of one that is being written.
const CHUNK: i64 = 1_000;

/// Lines of a list at most that are printed: more are for a spreadsheet.
pub(crate) const PRINTED: u64 = 10_000;

/// The word for PDF in addresses, beside those of [`Format`].
pub(crate) const PDF: &str = "pdf";

/// A file in the answer.
pub(crate) struct File {
    /// Its content.
    pub bytes: Vec<u8>,
    /// What is not in it as it was given.
    pub losses: Losses,
    name: String,
    content_type: &'static str,
}

/// `進捗_20261127_1234.xlsx`, by day and ledger number, in both scripts; never with a name of a person.
fn disposition(title: &str, word: &str, as_of: AsOf, extension: &str) -> String {
    let day = jst_date(as_of.at).strftime("%Y%m%d");
    let end = format!("{day}_{}.{extension}", as_of.number);
    let name = FileName {
        japanese: format!("{title}_{end}"),
        ascii: format!("{word}_{end}"),
    };
    name.content_disposition()
}

fn failed(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "a file of a report could not be written");
    Problem::new(Kind::Internal)
}

/// How many characters could not be written as they are, for those who do not look into the file.
const LOSSES: header::HeaderName = header::HeaderName::from_static("shinsei-replaced-characters");

impl File {
    /// As an answer.
    pub(crate) fn into_response(self) -> Result<Response, Problem> {
        let name = HeaderValue::from_str(&self.name).map_err(|error| failed(&error))?;
        Ok((
            [
                (
                    header::CONTENT_TYPE,
                    HeaderValue::from_static(self.content_type),
                ),
                (header::CONTENT_DISPOSITION, name),
                (LOSSES, HeaderValue::from(self.losses.count)),
            ],
            self.bytes,
        )
            .into_response())
    }
}

/// A report as a file: a tab for each of its tables.
///
/// # Errors
/// [`Kind::Internal`]
pub(crate) async fn report(answered: Answered, format: Format) -> Result<File, Problem> {
    let name = answered.report.name;
    let as_of = answered.when.as_of;
    let preamble = answered.conditions;
    let tables: Vec<(Sheet, Vec<Vec<Cell>>)> = answered
        .report
        .tables
        .into_iter()
        .map(|table| {
            let mut preamble = preamble.clone();
            preamble.push(("表".to_owned(), table.title.to_owned()));
            preamble.extend(table.note.map(|note| ("説明".to_owned(), note.to_owned())));
            let sheet = Sheet {
                name: table.title.to_owned(),
                preamble,
                columns: table.columns,
            };
            let rows = table.rows.into_iter();
            let rows = rows.map(|row| row.into_iter().map(|figure| figure.cell).collect());
            (sheet, rows.collect())
        })
        .collect();
    let (bytes, losses) = write(tables, format, as_of.at).await?;
    Ok(File {
        bytes,
        losses,
        name: disposition(name.title(), name.as_str(), as_of, format.extension()),
        content_type: format.content_type(),
    })
}

/// Writing takes a moment in which other requests would wait.
async fn write(
    tables: Vec<(Sheet, Vec<Vec<Cell>>)>,
    format: Format,
    created: Timestamp,
) -> Result<(Vec<u8>, Losses), Problem> {
    let written = tokio::task::spawn_blocking(move || {
        let mut tables = tables.iter().map(|(sheet, rows)| (sheet, rows.as_slice()));
        let first = tables.next()?;
        Some(sheets::file(
            format,
            created,
            first,
            &tables.collect::<Vec<_>>(),
        ))
    });
    let written = written.await.map_err(|error| failed(&error))?;
    written
        .ok_or_else(|| failed(&"no table"))?
        .map_err(|error| failed(&error))
}

/// All lines of a list, as long as there are no more than may be written in an answer, and whom they show.
async fn lines(
    app: &App,
    list: &List<'_>,
) -> Result<(Vec<Vec<Cell>>, BTreeSet<MemberNumber>), Problem> {
    let (mut lines, mut members) = (Vec::new(), BTreeSet::new());
    let mut after = None;
    loop {
        let part = views(app)
            .report_list(list, after.as_ref(), CHUNK)
            .await
            .map_err(unread)?;
        members.extend(shown(&part.lines));
        lines.extend(part.lines.into_iter().map(|line| line.cells));
        after = part.next;
        if after.is_none() {
            return Ok((lines, members));
        }
    }
}

/// Whom these lines show.
pub(crate) fn shown(lines: &[Line]) -> BTreeSet<MemberNumber> {
    named(lines.iter().map(|line| &*line.member))
}

/// A short list as a file; whom it shows is written down first.
///
/// # Errors
/// The view; [`Kind::Unavailable`] when it cannot be written down; [`Kind::Internal`].
pub(crate) async fn list(
    app: &App,
    identity: &Identity,
    listing: &Listing<'_>,
    format: Option<Format>,
) -> Result<File, Problem> {
    let (name, as_of) = (listing.list.name, listing.when.as_of);
    let (rows, members) = lines(app, &listing.list).await?;
    note_list(app, identity, members).await?;
    let columns = listing.list.columns();
    let named = |extension| disposition(name.title(), name.as_str(), as_of, extension);
    let Some(format) = format else {
        let conditions = listing.conditions.clone();
        let printed = tokio::task::spawn_blocking(move || {
            print_table(name.title(), &conditions, &columns, &rows)
        });
        let printed = printed.await.map_err(|error| failed(&error))?;
        let printed = printed.map_err(|error| failed(&error))?;
        return Ok(File {
            bytes: printed.bytes,
            losses: Losses {
                count: printed.lost,
                ..Losses::default()
            },
            name: named(PDF),
            content_type: "application/pdf",
        });
    };
    let sheet = Sheet {
        name: name.title().to_owned(),
        preamble: listing.conditions.clone(),
        columns,
    };
    let (bytes, losses) = write(vec![(sheet, rows)], format, as_of.at).await?;
    Ok(File {
        bytes,
        losses,
        name: named(format.extension()),
        content_type: format.content_type(),
    })
}

/// The header of a file that a job has written.
pub(crate) fn job_disposition(id: uuid::Uuid, format: Format) -> String {
    format!("attachment; filename=\"{id}.{}\"", format.extension())
}

/// A list of whatever length as a job: its lines come part by part, and whom a part shows is written down before it goes into the file.
pub(crate) fn order(
    app: &App,
    identity: &Identity,
    listing: &Listing<'_>,
    (id, format): (Uuid, Format),
) -> (Order, Source) {
    let order = Order {
        owner: identity.actor().label(),
        title: format!("{}（{}）", listing.list.name.title(), listing.when.words()),
        format,
        total: u64::try_from(listing.total).unwrap_or_default(),
    };
    let sheet = Sheet {
        name: listing.list.name.title().to_owned(),
        preamble: listing.conditions.clone(),
        columns: listing.list.columns(),
    };
    let from = Reading {
        app: app.clone(),
        identity: identity.clone(),
        file: id,
        name: listing.list.name,
        filter: listing.list.filter.clone(),
        as_of: listing.when.as_of,
        after: None,
        over: false,
    };
    let rows: Rows = Box::pin(stream::try_unfold(from, Reading::next));
    (order, Source { sheet, rows })
}

/// How far a list has been read.
struct Reading {
    app: App,
    /// For whom.
    identity: Identity,
    /// The job's id.
    file: Uuid,
    name: ListName,
    filter: ListFilter,
    as_of: AsOf,
    after: Option<projections::reports::After>,
    over: bool,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(Vec<Vec<Cell>>, Self)>, projections::BoxError> {
        if self.over {
            return Ok(None);
        }
        let app = self.app.clone();
        let list = List {
            name: self.name,
            filter: self.filter.clone(),
            as_of: self.as_of,
            programs: app.service().programs.iter().collect(),
        };
        let part = views(&app)
            .report_list(&list, self.after.as_ref(), CHUNK)
            .await?;
        note_listed(app.service(), &self.identity, self.file, shown(&part.lines)).await?;
        self.over = part.next.is_none();
        self.after = part.next;
        let lines = part.lines.into_iter().map(|line| line.cells).collect();
        Ok(Some((lines, self)))
    }
}

/// What a column is, as JSON says it.
pub(crate) fn kind_word(kind: CellKind) -> &'static str {
    match kind {
        CellKind::Text => "text",
        CellKind::Code => "code",
        CellKind::Count => "count",
        CellKind::Units => "units",
        CellKind::Yen => "yen",
        CellKind::Days => "days",
        CellKind::Share => "share",
        CellKind::Date => "date",
        CellKind::Instant | CellKind::Deadline => "instant",
    }
}

/// Which report is named in an address.
///
/// # Errors
/// [`Kind::NotFound`]
pub(crate) fn report_named(word: &str) -> Result<ReportName, Problem> {
    ReportName::parse(word).ok_or_else(|| Problem::new(Kind::NotFound))
}

/// Which list is named in an address.
///
/// # Errors
/// [`Kind::NotFound`]
pub(crate) fn list_named(word: &str) -> Result<ListName, Problem> {
    ListName::parse(word).ok_or_else(|| Problem::new(Kind::NotFound))
}
