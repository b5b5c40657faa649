//! `/api/v1/reports`, `/api/v1/report-lists`, `/api/v1/report-exports`: 集計

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::calendar::show_jst_minutes;
use jiff::Timestamp;
use projections::reports::{After, Cell, Column};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    Endpoint,
    history::{page_size, unreadable},
    worklist::{note_list, unread},
};
use crate::{
    access::{Identity, Permission},
    app::App,
    exports::{BeginError, DIRECT_ROWS, Export},
    problem::{Kind, Problem},
    reports::{
        asked::{AskedList, AskedReport, When, answer, listing, views},
        cell::shown,
        files,
    },
    sheets::Format,
    situation::created,
    write::Write,
};

/// Jobs in the list.
const LIST: u32 = 50;

/// What reads the database that reports are read from may say.
const REPLICA: &[Kind] = &[Kind::ReportsUnavailable];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let endpoint = super::endpoint;
    let figures = Permission::ReadReports;
    let people = Permission::ReadReportLists;
    vec![
        endpoint(figures, &[&[Kind::NotFound], REPLICA], routes!(report)),
        endpoint(figures, &[&[Kind::NotFound], REPLICA], routes!(report_file)),
        endpoint(
            people,
            &[&[Kind::NotFound, Kind::Unavailable], REPLICA],
            routes!(report_list),
        ),
        endpoint(
            people,
            &[&[Kind::NotFound, Kind::Unavailable], REPLICA],
            routes!(report_list_file),
        ),
        endpoint(
            people,
            &[&[Kind::Invalid, Kind::Unavailable], REPLICA],
            routes!(begin_report_export),
        ),
        endpoint(people, &[], routes!(report_exports)),
        endpoint(people, &[&[Kind::NotFound]], routes!(report_export)),
        endpoint(people, &[&[Kind::NotFound]], routes!(report_export_file)),
        endpoint(people, &[&[Kind::NotFound]], routes!(remove_report_export)),
    ]
}

/// 集計時点
#[derive(Debug, Serialize, ToSchema)]
struct AsOfAnswer {
    /// Ledger number of the last event that counts.
    number: i64,
    /// Days are counted by this time.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// In words.
    label: String,
    /// Events that are recorded, but not counted yet; null when an earlier moment was asked for.
    behind: Option<i64>,
}

impl From<&When> for AsOfAnswer {
    fn from(when: &When) -> Self {
        Self {
            number: when.as_of.number,
            at: when.as_of.at,
            label: when.words(),
            behind: when.behind,
        }
    }
}

/// A line of 集計条件.
#[derive(Debug, Serialize, ToSchema)]
struct Condition {
    /// What.
    label: String,
    /// Which.
    value: String,
}

fn conditions(pairs: Vec<(String, String)>) -> Vec<Condition> {
    let pairs = pairs.into_iter();
    pairs
        .map(|(label, value)| Condition { label, value })
        .collect()
}

/// A column.
#[derive(Debug, Serialize, ToSchema)]
struct ColumnAnswer {
    /// Its name.
    key: &'static str,
    /// Its heading.
    title: String,
    /// `text`, `code`, `count`, `units` (単位), `yen`, `days`, `share` (tenths of a percent), `date`, `instant`.
    kind: &'static str,
}

impl From<Column> for ColumnAnswer {
    fn from(column: Column) -> Self {
        Self {
            key: column.key,
            kind: files::kind_word(column.kind),
            title: column.title,
        }
    }
}

/// What a cell holds: a text or a number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum CellValue {
    /// Words, a code, a day or an instant.
    Text(String),
    /// A figure.
    Number(i64),
}

fn value(cell: &Cell) -> Option<CellValue> {
    match cell {
        Cell::Empty | Cell::Withheld => None,
        Cell::Text(text) => Some(CellValue::Text(text.clone())),
        Cell::Number(number) => Some(CellValue::Number(*number)),
        Cell::Date(date) => Some(CellValue::Text(date.to_string())),
        Cell::Instant(at) => Some(CellValue::Text(at.to_string())),
    }
}

/// A cell of a report.
#[derive(Debug, Serialize, ToSchema)]
struct FigureAnswer {
    /// The value; null when there is none, or it is withheld.
    value: Option<CellValue>,
    /// As people read it.
    label: String,
    /// 秘匿
    withheld: bool,
    /// The list whose lines it counts.
    list: Option<String>,
}

/// A table of a report.
#[derive(Debug, Serialize, ToSchema)]
struct TableAnswer {
    /// Its name.
    key: &'static str,
    /// Its title.
    title: &'static str,
    /// What its figures mean.
    note: Option<&'static str>,
    /// Its columns.
    columns: Vec<ColumnAnswer>,
    /// Its rows, a cell for each column.
    rows: Vec<Vec<FigureAnswer>>,
}

/// A report.
#[derive(Debug, Serialize, ToSchema)]
struct ReportAnswer {
    /// Which.
    report: &'static str,
    /// Its title.
    title: &'static str,
    /// Of this program only.
    program: Option<String>,
    /// 集計条件
    conditions: Vec<Condition>,
    /// 集計時点
    as_of: AsOfAnswer,
    /// Its tables.
    tables: Vec<TableAnswer>,
}

/// Read a report (集計)
///
/// All figures are of one ledger number; without `as_of` of the last one that the projection has taken in.
#[utoipa::path(
    get,
    path = "/api/v1/reports/{report}",
    params(
        ("report" = String, Path, description = "`progress`, `incomplete`, `units`, `review`, `money`, `members`, `forecast`."),
        AskedReport
    ),
    responses((status = OK, description = "The report.", body = ReportAnswer))
)]
async fn report(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(asked): Query<AskedReport>,
) -> Result<Json<ReportAnswer>, Problem> {
    let answered = answer(&app, files::report_named(&name)?, &asked).await?;
    let as_of = Some(answered.when.as_of.number.to_string());
    let tables = answered.report.tables.into_iter().map(|table| {
        let kinds: Vec<_> = table.columns.iter().map(|column| column.kind).collect();
        let rows = table.rows.into_iter().map(|row| {
            let figures = row.into_iter().zip(&kinds);
            figures
                .map(|(figure, kind)| FigureAnswer {
                    value: value(&figure.cell),
                    label: shown(&figure.cell, *kind),
                    withheld: figure.cell == Cell::Withheld,
                    list: figure.behind.map(|(list, filter)| {
                        let query = AskedList::query(&filter, as_of.as_deref());
                        format!("/api/v1/report-lists/{}?{query}", list.as_str())
                    }),
                })
                .collect()
        });
        TableAnswer {
            key: table.key,
            title: table.title,
            note: table.note,
            rows: rows.collect(),
            columns: table.columns.into_iter().map(ColumnAnswer::from).collect(),
        }
    });
    Ok(Json(ReportAnswer {
        report: answered.report.name.as_str(),
        title: answered.report.name.title(),
        program: answered.program,
        as_of: AsOfAnswer::from(&answered.when),
        tables: tables.collect(),
        conditions: conditions(answered.conditions),
    }))
}

/// In which form.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct AskedFormat {
    /// `xlsx`, `csv` (UTF-8 with BOM), `csv_cp932`; a list also `pdf`.
    #[param(required = true)]
    pub format: String,
}

impl AskedFormat {
    /// Reads it.
    ///
    /// # Errors
    /// [`Kind::MalformedAddress`]
    pub(crate) fn sheet(&self) -> Result<Format, Problem> {
        Format::parse(&self.format).ok_or_else(|| unreadable("format", "ファイルの形式"))
    }

    /// Reads it; none: PDF.
    ///
    /// # Errors
    /// [`Kind::MalformedAddress`]
    pub(crate) fn any(&self) -> Result<Option<Format>, Problem> {
        if self.format == files::PDF {
            Ok(None)
        } else {
            self.sheet().map(Some)
        }
    }
}

/// The file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes the answer, which is bytes")]
struct Bytes(Vec<u8>);

/// Read a report as a file
///
/// `Shinsei-Replaced-Characters` says how many characters the encoding does not have.
#[utoipa::path(
    get,
    path = "/api/v1/reports/{report}/file",
    params(("report" = String, Path, description = "Which."), AskedReport, AskedFormat),
    responses((
        status = OK,
        description = "The file.",
        content(
            (Bytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (Bytes = "text/csv")
        )
    ))
)]
async fn report_file(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(asked): Query<AskedReport>,
    Query(format): Query<AskedFormat>,
) -> Result<Response, Problem> {
    let (name, format) = (files::report_named(&name)?, format.sheet()?);
    let answered = answer(&app, name, &asked).await?;
    files::report(answered, format).await?.into_response()
}

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct AskedPart {
    /// `next` of the part before.
    pub after: Option<String>,
    /// Lines, 1 to 200; 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

impl AskedPart {
    /// Where it begins.
    pub(crate) fn place(&self) -> Option<After> {
        let after = self.after.as_deref().filter(|after| !after.is_empty())?;
        let (first, second) = after.split_once('~').unwrap_or((after, ""));
        Some(After(first.to_owned(), second.to_owned()))
    }

    /// Where the next one begins, as it stands in an address.
    pub(crate) fn word(after: &After) -> String {
        if after.1.is_empty() {
            after.0.clone()
        } else {
            format!("{}~{}", after.0, after.1)
        }
    }
}

/// A line of a list.
#[derive(Debug, Serialize, ToSchema)]
struct LineAnswer {
    /// The application that it is about.
    application: Option<String>,
    /// A value for each column.
    cells: Vec<Option<CellValue>>,
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
struct ListAnswer {
    /// Which list.
    list: &'static str,
    /// Its title.
    title: &'static str,
    /// Lines in all.
    total: i64,
    /// 集計条件
    conditions: Vec<Condition>,
    /// 集計時点
    as_of: AsOfAnswer,
    /// Its columns.
    columns: Vec<ColumnAnswer>,
    /// Its lines.
    lines: Vec<LineAnswer>,
    /// `after` of the next part; null on the last.
    next: Option<String>,
}

/// Read a list behind a figure, or a form (定型帳票)
///
/// That it was read is written into 閲覧記録 of each member whom it shows.
#[utoipa::path(
    get,
    path = "/api/v1/report-lists/{list}",
    params(
        (
            "list" = String,
            Path,
            description = "`applications`, `members`, `charges`, `received`, `unmatched`, `committee` (委員会資料), `certified` (認定者名簿), \
                           `non-applicants` (未申請者一覧), `reminders` (未完了者の連絡先)."
        ),
        AskedList,
        AskedPart
    ),
    responses((status = OK, description = "A part of the list.", body = ListAnswer))
)]
async fn report_list(
    State(app): State<App>,
    identity: Identity,
    Path(name): Path<String>,
    Query(asked): Query<AskedList>,
    Query(part): Query<AskedPart>,
) -> Result<Json<ListAnswer>, Problem> {
    let limit = page_size(part.limit)?;
    let listing = listing(&app, files::list_named(&name)?, &asked).await?;
    let found = views(&app)
        .report_list(&listing.list, part.place().as_ref(), i64::from(limit))
        .await
        .map_err(unread)?;
    note_list(&app, &identity, files::shown(&found.lines)).await?;
    let lines = found.lines.iter().map(|line| LineAnswer {
        application: line.application.clone(),
        cells: line.cells.iter().map(value).collect(),
    });
    let columns = listing.list.columns().into_iter();
    Ok(Json(ListAnswer {
        list: listing.list.name.as_str(),
        title: listing.list.name.title(),
        total: listing.total,
        as_of: AsOfAnswer::from(&listing.when),
        lines: lines.collect(),
        columns: columns.map(ColumnAnswer::from).collect(),
        next: found.next.as_ref().map(AskedPart::word),
        conditions: conditions(listing.conditions),
    }))
}

/// A list in the answer, where it is not too long for that.
///
/// # Errors
/// [`Kind::MalformedAddress`] for a longer one; the view.
pub(crate) async fn short_file(
    app: &App,
    identity: &Identity,
    (name, asked, format): (&str, &AskedList, &AskedFormat),
) -> Result<Response, Problem> {
    let format = format.any()?;
    let listing = listing(app, files::list_named(name)?, asked).await?;
    let total = u64::try_from(listing.total).unwrap_or_default();
    let most = format.map_or(files::PRINTED, |_| DIRECT_ROWS);
    if total > most {
        return Err(Problem::saying(
            Kind::MalformedAddress,
            match format {
                None => format!(
                    "PDFにできるのは{most}件までです（{total}件あります）。条件を絞り込むか、Excelの形式をお使いください。"
                ),
                Some(_) => format!(
                    "{most}件を超える一覧（{total}件）は、その場では作成できません。「ファイルの作成」から依頼してください。"
                ),
            },
        ));
    }
    let file = files::list(app, identity, &listing, format).await?;
    file.into_response()
}

/// Read a short list as a file
///
/// Up to 5,000 lines (PDF: 10,000); longer ones are made as a job.
#[utoipa::path(
    get,
    path = "/api/v1/report-lists/{list}/file",
    params(("list" = String, Path, description = "Which."), AskedList, AskedFormat),
    responses((
        status = OK,
        description = "The file.",
        content(
            (Bytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (Bytes = "text/csv"),
            (Bytes = "application/pdf")
        )
    ))
)]
async fn report_list_file(
    State(app): State<App>,
    identity: Identity,
    Path(name): Path<String>,
    Query(asked): Query<AskedList>,
    Query(format): Query<AskedFormat>,
) -> Result<Response, Problem> {
    short_file(&app, &identity, (&name, &asked, &format)).await
}

/// A file to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewExport {
    /// Which list.
    #[schema(example = "applications")]
    list: String,
    /// Which lines, as an address of `GET /api/v1/report-lists/{list}` has it: `program=…&stage=completed`.
    #[serde(default)]
    #[schema(max_length = 500)]
    conditions: String,
    /// `xlsx`, `csv`, `csv_cp932`.
    #[schema(example = "xlsx")]
    format: String,
}

/// A file that is being made, or is there for 24 hours.
#[derive(Debug, Serialize, ToSchema)]
struct ExportAnswer {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    /// What it is.
    title: String,
    /// In which form.
    format: &'static str,
    /// `waiting`, `running`, `done`, `failed`, `cancelled`.
    state: &'static str,
    /// Its word.
    state_label: &'static str,
    /// Lines that are written.
    rows_done: u64,
    /// Lines that there will be.
    rows_total: u64,
    /// Bytes, once it is done.
    size: Option<u64>,
    /// Why there is no file, and what to do.
    sentence: Option<String>,
    /// Characters that could not be written as they are.
    replaced_characters: u64,
    /// The first thousand of them, where and with what.
    #[schema(value_type = Vec<Object>)]
    replaced: serde_json::Value,
    /// When it is deleted.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The same in Japan.
    expires_label: String,
}

impl From<Export> for ExportAnswer {
    fn from(export: Export) -> Self {
        Self {
            id: export.id,
            title: export.title,
            format: export.format.word(),
            state: export.state.word(),
            state_label: export.state.label(),
            rows_done: export.rows_done,
            rows_total: export.rows_total,
            size: export.size,
            sentence: export.sentence,
            replaced_characters: export.losses.count,
            replaced: serde_json::to_value(&export.losses.first).unwrap_or_default(),
            expires_at: export.expires_at,
            expires_label: show_jst_minutes(export.expires_at),
        }
    }
}

/// The files of somebody.
#[derive(Debug, Serialize, ToSchema)]
struct ExportsAnswer {
    /// The newest first.
    exports: Vec<ExportAnswer>,
}

pub(crate) fn failed(error: &sqlx::Error) -> Problem {
    Problem::failed("reading or writing a file of a list", error)
}

/// Begins to write a list into a file; there is none when it can not be written down whom it shows.
///
/// # Errors
/// [`Kind::MalformedAddress`] for a list or lines that are none; [`Kind::TooManyRequests`] when the account has had as many files as it may
/// have.
pub(crate) async fn begin(
    app: &App,
    identity: &Identity,
    id: Uuid,
    (list, asked, format): (&str, &AskedList, Format),
) -> Result<(), Problem> {
    let listing = listing(app, files::list_named(list)?, asked).await?;
    let (order, source) = files::order(app, identity, &listing, (id, format));
    let now = time_of_files(app).await?;
    let begun = app.exports().begin(id, order, source, Vec::new(), now);
    match begun.await {
        Ok(_) => Ok(()),
        Err(BeginError::Full(quota)) => {
            Err(Problem::saying(Kind::TooManyRequests, quota.sentence()))
        }
        Err(BeginError::Database(error)) => Err(failed(&error)),
    }
}

async fn time_of_files(app: &App) -> Result<Timestamp, Problem> {
    app.exports().now().await.map_err(|error| failed(&error))
}

/// A file of somebody.
///
/// # Errors
/// [`Kind::NotFound`], also for another person's.
pub(crate) async fn own(app: &App, identity: &Identity, id: Uuid) -> Result<Export, Problem> {
    let now = time_of_files(app).await?;
    let owner = identity.actor().label();
    let found = app.exports().find(id, &owner, now).await;
    found.map_err(|error| failed(&error))?.ok_or_else(|| {
        Problem::saying(
            Kind::NotFound,
            "このファイルは見つかりません。作成から24時間が過ぎて削除された場合があります。もう一度作成してください。",
        )
    })
}

/// The content of a file.
///
/// # Errors
/// [`Kind::NotFound`], also while it is not done.
pub(crate) async fn content(app: &App, identity: &Identity, id: Uuid) -> Result<Response, Problem> {
    let export = own(app, identity, id).await?;
    let Some(size) = export.size else {
        return Err(Problem::saying(
            Kind::NotFound,
            "ファイルはまだできていません。完成してから、もう一度お試しください。",
        ));
    };
    let disposition = files::job_disposition(export.id, export.format);
    let disposition =
        HeaderValue::from_str(&disposition).map_err(|_| Problem::new(Kind::Internal))?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(export.format.content_type()),
        ),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_LENGTH, HeaderValue::from(size)),
    ];
    let parts = app.exports().parts(&export);
    Ok((headers, Body::from_stream(parts)).into_response())
}

/// Deletes a file, or stops one that is being written.
///
/// # Errors
/// [`Kind::NotFound`]
pub(crate) async fn remove(app: &App, identity: &Identity, id: Uuid) -> Result<(), Problem> {
    let owner = identity.actor().label();
    let removed = app.exports().remove(id, &owner).await;
    if removed.map_err(|error| failed(&error))? {
        Ok(())
    } else {
        Err(Problem::new(Kind::NotFound))
    }
}

/// The files of somebody, newest first.
///
/// # Errors
/// The database.
pub(crate) async fn all_own(app: &App, identity: &Identity) -> Result<Vec<Export>, Problem> {
    let now = time_of_files(app).await?;
    let owner = identity.actor().label();
    let found = app.exports().list(&owner, LIST, now).await;
    found.map_err(|error| failed(&error))
}

/// Make a file of a list of any length
#[utoipa::path(
    post,
    path = "/api/v1/report-exports",
    request_body = NewExport,
    responses((status = CREATED, description = "It is being made.", body = ExportAnswer))
)]
async fn begin_report_export(State(app): State<App>, write: Write) -> Result<Response, Problem> {
    let new: NewExport = write.decode()?;
    let wrong = |at: &str, message: &str| Problem::new(Kind::Invalid).at(at, message);
    let format = Format::parse(&new.format).ok_or_else(|| {
        wrong(
            "/format",
            "ファイルの形式 は xlsx、csv、csv_cp932 のいずれかを指定してください。",
        )
    })?;
    let asked: AskedList = serde_urlencoded::from_str(&new.conditions)
        .map_err(|_| wrong("/conditions", "絞り込みの条件を読み取れません。"))?;
    let id = write.new_id();
    begin(&app, &write.identity, id, (&new.list, &asked, format))
        .await
        .map_err(|problem| match problem.kind() {
            Kind::NotFound => wrong("/list", "この名前の一覧はありません。"),
            Kind::MalformedAddress => wrong("/conditions", &problem.body().detail),
            _ => problem,
        })?;
    let export = own(&app, &write.identity, id).await?;
    let location = format!("/api/v1/report-exports/{id}");
    Ok(created(
        &location,
        Json(ExportAnswer::from(export)).into_response(),
    ))
}

/// The files that one has had made
#[utoipa::path(
    get,
    path = "/api/v1/report-exports",
    responses((status = OK, description = "The files.", body = ExportsAnswer))
)]
async fn report_exports(
    State(app): State<App>,
    identity: Identity,
) -> Result<Json<ExportsAnswer>, Problem> {
    let exports = all_own(&app, &identity).await?;
    Ok(Json(ExportsAnswer {
        exports: exports.into_iter().map(ExportAnswer::from).collect(),
    }))
}

/// How far a file has come
#[utoipa::path(
    get,
    path = "/api/v1/report-exports/{export}",
    params(("export" = String, Path, format = Uuid, description = "Its id.")),
    responses((status = OK, description = "The file.", body = ExportAnswer))
)]
async fn report_export(
    State(app): State<App>,
    identity: Identity,
    Path(export): Path<Uuid>,
) -> Result<Json<ExportAnswer>, Problem> {
    let export = own(&app, &identity, export).await?;
    Ok(Json(ExportAnswer::from(export)))
}

/// Read a file that is done
#[utoipa::path(
    get,
    path = "/api/v1/report-exports/{export}/file",
    params(("export" = String, Path, format = Uuid, description = "Its id.")),
    responses((
        status = OK,
        description = "The file.",
        content(
            (Bytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (Bytes = "text/csv")
        )
    ))
)]
async fn report_export_file(
    State(app): State<App>,
    identity: Identity,
    Path(export): Path<Uuid>,
) -> Result<Response, Problem> {
    content(&app, &identity, export).await
}

/// Delete a file, or stop making it
#[utoipa::path(
    delete,
    path = "/api/v1/report-exports/{export}",
    params(("export" = String, Path, format = Uuid, description = "Its id.")),
    responses((status = NO_CONTENT, description = "Deleted."))
)]
async fn remove_report_export(
    State(app): State<App>,
    Path(export): Path<Uuid>,
    write: Write,
) -> Result<Response, Problem> {
    remove(&app, &write.identity, export).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
