//! 取込: files of the society's other systems, what became of each, and the way back.

use axum::{
    Json,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, header},
};
use domain::{
    application::{Placement, TEXT_LIMIT},
    member::FactChange,
    text::count,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::UtoipaMethodRouterExt as _, routes};
use uuid::Uuid;

use super::{Endpoint, endpoint, history::page_size, history::unreadable, worklist::note_list};
use crate::{
    Call,
    access::{Identity, Permission},
    app::App,
    imports::{
        Carried, FILE_LIMIT, ImportRecord, ImportReport, Journal, Kind, Origin, Outcome,
        RecordedRow, RetractError, RowResult, Unusable, carry_out, retract,
    },
    problem::{self, Problem},
    write::Write,
};

/// The endpoints of imports.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let import = Permission::Import;
    let file = routes!(import_file).map(|methods| methods.layer(DefaultBodyLimit::max(FILE_LIMIT)));
    let (invalid, missing) = (problem::Kind::Invalid, problem::Kind::NotFound);
    let unavailable = problem::Kind::Unavailable;
    vec![
        endpoint(import, &[&[missing, invalid, unavailable]], file),
        endpoint(import, &[], routes!(list_imports)),
        endpoint(import, &[&[missing]], routes!(one_import)),
        endpoint(import, &[&[missing, unavailable]], routes!(rows_of_import)),
        endpoint(
            import,
            &[&[missing, invalid, problem::Kind::WrongState]],
            routes!(retract_import),
        ),
    ]
}

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Options {
    /// Write no event and tell what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
struct ImportAnswer {
    /// Under which it is found in 取込履歴.
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    #[serde(flatten)]
    report: ImportReport,
    /// Of a dry run: what each row would change, by line; empty for rows that would change nothing.
    changes: Vec<RowChanges>,
}

/// What a row would change.
#[derive(Debug, Serialize, ToSchema)]
struct RowChanges {
    /// Line in the file.
    line: usize,
    /// 会員番号
    member: Option<String>,
    /// What would become of it.
    outcome: Outcome,
    /// Of a payment: `matches`, `confirmed`, `payer_differs`, `amount_differs`, `taken_back`, `fits_nothing`.
    placement: Option<&'static str>,
    /// Its word.
    placement_label: Option<&'static str>,
    /// What is to be said of it.
    message: String,
    /// The fields that change.
    changes: Vec<FactChange>,
}

impl From<RowResult> for RowChanges {
    fn from(row: RowResult) -> Self {
        Self {
            line: row.line,
            member: row.member.map(String::from),
            outcome: row.outcome,
            placement: row.placement.map(Placement::word),
            placement_label: row.placement.map(Placement::label),
            message: row.message,
            changes: row.changes,
        }
    }
}

/// Import a CSV file
///
/// UTF-8 or CP932, as `text/csv` or `application/octet-stream`, at most 50 MiB. Every good row is imported once however often
/// the file is sent; the others are in `reported` with line and reason. The same key with another file is another import. A dry run
/// tells in `changes` what would change from what to what.
#[utoipa::path(
    post,
    path = "/api/v1/imports/{kind}",
    params(("kind" = Kind, Path, description = "Which file."), Options),
    request_body(content(
        (String = "text/csv", example = "取引番号,会員番号,費目,金額,入金日,振込名義カナ\r\nT1,9000001,受験料,11000,2026/06/03,リンシヨウ\r\n"),
        (String = "application/octet-stream"),
    )),
    responses((status = OK, description = "What was done with every row.", body = ImportAnswer))
)]
async fn import_file(
    State(app): State<App>,
    Path(kind): Path<String>,
    Query(options): Query<Options>,
    headers: HeaderMap,
    write: Write,
) -> Result<Json<ImportAnswer>, Problem> {
    let kind = Kind::parse(&kind).ok_or(Problem::new(problem::Kind::NotFound))?;
    if !is_csv(&headers) {
        return Err(Problem::new(problem::Kind::UnsupportedMediaType));
    }
    if options.dry_run {
        // It tells what is known of the members.
        note_list(&app, &write.identity).await?;
    }
    let call = write.call();
    let file = write.bytes().clone();
    let mut id = Uuid::new_v5(&call.command_id, &Sha256::digest(&file));
    if options.dry_run {
        // The same request without it is another run.
        id = Uuid::new_v5(&id, b"dry run");
    }
    let origin = Origin {
        // The person who sent the file, so that the history names somebody who can be asked.
        actor: call.actor,
        id,
        correlation_id: call.correlation_id,
    };
    let service = app.service().clone();
    // In a task of its own: a client that hangs up does not leave half a file behind.
    let tasks = service.log.tasks().clone();
    let done =
        tasks.spawn(async move { carry_out(&service, kind, &file, options.dry_run, origin).await });
    let carried = done
        .await
        .map_err(|_| Problem::new(problem::Kind::Internal))?
        .map_err(|error| unusable(&error))?;
    let Carried { id, report, rows } = carried;
    let told = |row: &RowResult| !row.changes.is_empty() || row.placement.is_some();
    let rows = rows.into_iter().filter(told);
    Ok(Json(ImportAnswer {
        id,
        report,
        changes: if options.dry_run {
            rows.map(RowChanges::from).collect()
        } else {
            Vec::new()
        },
    }))
}

/// A file of which nothing can be used, as a problem.
pub(crate) fn unusable(error: &Unusable) -> Problem {
    let kind = match error {
        Unusable::TooLarge => problem::Kind::TooLarge,
        _ => problem::Kind::Invalid,
    };
    Problem::saying(kind, error.to_string())
}

/// The database beside the log failed.
pub(crate) fn unkept(error: &sqlx::Error) -> Problem {
    tracing::error!(%error, "reading or writing the record of imports");
    Problem::new(problem::Kind::Internal)
}

/// A run of an import or of a retraction.
#[derive(Debug, Serialize, ToSchema)]
struct ImportRunAnswer {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    /// Which file.
    kind: Kind,
    /// What that is about.
    title: &'static str,
    /// For a retraction: of which run.
    #[schema(value_type = Option<String>, format = Uuid)]
    retracts: Option<Uuid>,
    /// Who: `secretariat:demo`.
    actor: String,
    /// Why, for a retraction.
    reason: String,
    /// `running`, `done` or `cut`: its process ended in the middle, and the file can be imported again.
    state: &'static str,
    /// Its word.
    state_label: &'static str,
    /// Whether nothing was written.
    dry_run: bool,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// SHA-256 of the file. The file itself is not kept.
    file_hash: String,
    /// Its length.
    bytes: i64,
    /// Rows of data.
    rows: i64,
    /// New or changed, or taken back.
    recorded: i64,
    /// Known already.
    unchanged: i64,
    /// With a reason.
    reported: i64,
}

impl From<ImportRecord> for ImportRunAnswer {
    fn from(record: ImportRecord) -> Self {
        Self {
            id: record.id,
            kind: record.kind,
            title: record.kind.title(),
            retracts: record.retracts,
            actor: record.actor,
            reason: record.reason,
            state: record.state.as_str(),
            state_label: record.state.label(),
            dry_run: record.dry_run,
            started_at: record.started_at,
            ended_at: record.ended_at,
            file_hash: record.file_hash,
            bytes: record.bytes,
            rows: record.rows,
            recorded: record.recorded,
            unchanged: record.unchanged,
            reported: record.reported,
        }
    }
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct PartAsked {
    /// Number of the page, from 1.
    #[param(minimum = 1)]
    page: Option<u32>,
    /// Lines on a page, 1 to 200; 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// 取込履歴, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct ImportRunsAnswer {
    /// The runs.
    imports: Vec<ImportRunAnswer>,
}

/// List the imports (取込履歴)
#[utoipa::path(
    get,
    path = "/api/v1/imports",
    params(PartAsked),
    responses((status = OK, description = "The runs, newest first.", body = ImportRunsAnswer))
)]
async fn list_imports(
    State(app): State<App>,
    Query(asked): Query<PartAsked>,
) -> Result<Json<ImportRunsAnswer>, Problem> {
    let limit = i64::from(page_size(asked.limit)?);
    let page = asked.page.unwrap_or(1);
    if page == 0 {
        return Err(unreadable("page", "ページ番号"));
    }
    let offset = i64::from(page - 1).saturating_mul(limit);
    let journal = Journal::new(app.service().log.clone());
    let imports = journal
        .list((offset, limit), Timestamp::now())
        .await
        .map_err(|error| unkept(&error))?;
    Ok(Json(ImportRunsAnswer {
        imports: imports.into_iter().map(ImportRunAnswer::from).collect(),
    }))
}

/// The run in an address.
pub(crate) async fn found_run(app: &App, import: &str) -> Result<ImportRecord, Problem> {
    let unknown = || Problem::saying(problem::Kind::NotFound, RetractError::Unknown.to_string());
    let id: Uuid = import.parse().map_err(|_| unknown())?;
    let journal = Journal::new(app.service().log.clone());
    let found = journal
        .find(id, Timestamp::now())
        .await
        .map_err(|error| unkept(&error))?;
    found.ok_or_else(unknown)
}

/// One import
#[utoipa::path(
    get,
    path = "/api/v1/imports/runs/{import}",
    params(("import" = String, Path, description = "Its id.")),
    responses((status = OK, description = "The run.", body = ImportRunAnswer))
)]
async fn one_import(
    State(app): State<App>,
    Path(import): Path<String>,
) -> Result<Json<ImportRunAnswer>, Problem> {
    Ok(Json(found_run(&app, &import).await?.into()))
}

/// Which rows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct RowsAsked {
    /// Only those of which this became.
    #[param(value_type = Option<Outcome>)]
    outcome: Option<String>,
    /// `next` of the page before.
    #[param(minimum = 0)]
    after: Option<u32>,
    /// Rows on a page, 1 to 200; 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Rows of a run, by line.
#[derive(Debug, Serialize, ToSchema)]
struct RowsAnswer {
    /// The rows.
    rows: Vec<RowAnswer>,
    /// `after` of the next page; null on the last.
    next: Option<i64>,
}

/// What became of a row.
#[derive(Debug, Serialize, ToSchema)]
struct RowAnswer {
    /// Line in the file.
    line: i64,
    /// 会員番号, if it could be read.
    member: Option<String>,
    /// What became of it.
    outcome: Outcome,
    /// Its word.
    outcome_label: &'static str,
    /// Why.
    message: String,
}

impl From<RecordedRow> for RowAnswer {
    fn from(row: RecordedRow) -> Self {
        Self {
            line: row.line,
            member: row.member.map(String::from),
            outcome: row.outcome,
            outcome_label: row.outcome.label(),
            message: row.message,
        }
    }
}

/// Rows of an import
#[utoipa::path(
    get,
    path = "/api/v1/imports/runs/{import}/rows",
    params(("import" = String, Path, description = "Its id."), RowsAsked),
    responses((status = OK, description = "What became of each row.", body = RowsAnswer))
)]
async fn rows_of_import(
    State(app): State<App>,
    identity: Identity,
    Path(import): Path<String>,
    Query(asked): Query<RowsAsked>,
) -> Result<Json<RowsAnswer>, Problem> {
    let outcome = match &asked.outcome {
        None => None,
        Some(word) => {
            Some(Outcome::parse(word).ok_or_else(|| unreadable("outcome", "結果の種類"))?)
        }
    };
    let limit = i64::from(page_size(asked.limit)?);
    let record = found_run(&app, &import).await?;
    note_list(&app, &identity).await?;
    let journal = Journal::new(app.service().log.clone());
    let part = (asked.after.map_or(0, i64::from), limit + 1);
    let mut rows = journal
        .rows(record.id, outcome, part)
        .await
        .map_err(|error| unkept(&error))?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    Ok(Json(RowsAnswer {
        next: rows.last().filter(|_| more).map(|row| row.line),
        rows: rows.into_iter().map(RowAnswer::from).collect(),
    }))
}

/// Why an import is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetractionAsked {
    /// Why; kept with the events.
    #[schema(max_length = 1000, example = "別の年度のファイルを取り込んだため")]
    reason: String,
}

/// Take an import back (取込の取消)
///
/// Every fact that it recorded and that is as it recorded it goes back to what was there before; what has changed since is left and told
/// in its rows. Safe to repeat.
#[utoipa::path(
    post,
    path = "/api/v1/imports/runs/{import}/retraction",
    params(("import" = String, Path, description = "Its id.")),
    request_body = RetractionAsked,
    responses((status = OK, description = "The retraction, a run of its own.", body = ImportRunAnswer))
)]
async fn retract_import(
    State(app): State<App>,
    Path(import): Path<String>,
    write: Write,
) -> Result<Json<ImportRunAnswer>, Problem> {
    let RetractionAsked { reason } = write.decode()?;
    let record = found_run(&app, &import).await?;
    let id = take_back(&app, record.id, reason, write.call()).await?;
    Ok(Json(found_run(&app, &id.to_string()).await?.into()))
}

/// Takes a run back for a reason; gives the id of the retraction.
pub(crate) async fn take_back(
    app: &App,
    import: Uuid,
    reason: String,
    call: Call,
) -> Result<Uuid, Problem> {
    let invalid = |message: String| Problem::new(problem::Kind::Invalid).at("/reason", message);
    if reason.trim().is_empty() {
        return Err(invalid("理由 を入力してください。".to_owned()));
    }
    if let Some(found) = domain::text::undecodable(&reason) {
        return Err(invalid(found.message("理由")));
    }
    if count(&reason) > TEXT_LIMIT {
        return Err(invalid(format!(
            "理由 は{TEXT_LIMIT}字以内で入力してください。"
        )));
    }
    let call = Call {
        reason: Some(reason),
        ..call
    };
    let service = app.service().clone();
    let tasks = service.log.tasks().clone();
    let done = tasks.spawn(async move { retract(&service, import, &call).await });
    let done = done
        .await
        .map_err(|_| Problem::new(problem::Kind::Internal))?;
    done.map_err(|error| match error {
        RetractError::Unknown => Problem::saying(problem::Kind::NotFound, error.to_string()),
        RetractError::NothingRecorded | RetractError::Running => {
            Problem::saying(problem::Kind::WrongState, error.to_string())
        }
        RetractError::Database(error) => unkept(&error),
        RetractError::Log(error) => error.into(),
    })
}

/// Spreadsheets and browsers send CSV as `text/csv`; whoever does not know sends bytes.
fn is_csv(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| {
            let value = value.trim();
            value.eq_ignore_ascii_case("text/csv")
                || value.eq_ignore_ascii_case("application/octet-stream")
        })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;
    use tokio::net::TcpListener;
    use ureq::{Agent, http::Response};

    use super::*;
    use crate::{
        ClockSetting, Mode, Service, app::Exposure, clock::DEMONSTRATION_START, serve,
        service::programs,
    };

    /// Sends files to a demonstration's server as its secretariat.
    async fn send(files: Vec<(&'static str, &'static str, Vec<u8>)>) -> Vec<(u16, Value)> {
        let directory = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}", directory.path().join("demo.db").display());
        let clock = ClockSetting::Demonstration {
            earliest: DEMONSTRATION_START,
        };
        let service = Service::open(&database, programs(None).unwrap(), clock)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = serve(service, Mode::Demonstration, Exposure::local(), listener)
            .await
            .unwrap();
        let url = running.url();
        let answers = tokio::task::spawn_blocking(move || {
            let agent = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .proxy(None)
                .timeout_global(Some(Duration::from_mins(1)))
                .build()
                .new_agent();
            agent
                .post(format!("{url}/demo/sign-in"))
                .send_form([("identity", "secretariat")])
                .unwrap();
            files
                .into_iter()
                .enumerate()
                .map(|(number, (kind, content, file))| {
                    let answer = agent
                        .post(format!("{url}/api/v1/imports/{kind}"))
                        .header("content-type", content)
                        .header("idempotency-key", format!("file-{number}"))
                        .send(file)
                        .unwrap();
                    let (parts, mut body) = Response::into_parts(answer);
                    let body = body.with_config().limit(u64::MAX).read_to_vec().unwrap();
                    (
                        parts.status.as_u16(),
                        serde_json::from_slice(&body).unwrap(),
                    )
                })
                .collect()
        })
        .await
        .unwrap();
        running.stop().await.unwrap();
        answers
    }

    const PAYMENTS: &str = "取引番号,会員番号,費目,金額,入金日,振込名義カナ\n";

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_may_be_larger_than_a_document_but_not_than_the_limit() {
        let rows = 20_000;
        let large = format!("{PAYMENTS}{}", "T,1,受験料,0,2026/06/01,ア\n".repeat(rows));
        assert!(large.len() > 500_000);
        let too_large = vec![b'a'; FILE_LIMIT + 1];
        let answers = send(vec![
            ("payments", "text/csv; charset=utf-8", large.into_bytes()),
            ("payments", "text/csv", too_large),
        ])
        .await;
        assert_eq!(answers[0].0, 200);
        assert_eq!(answers[0].1["bad"], rows);
        assert_eq!(answers[1].0, 413);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_no_import_is_a_problem_with_a_sentence() {
        let answers = send(vec![
            (
                "payments",
                "application/octet-stream",
                b"a,b\n1,2\n".to_vec(),
            ),
            ("payments", "application/json", b"{}".to_vec()),
            ("results", "text/csv", PAYMENTS.into()),
            ("members?dry_run=perhaps", "text/csv", PAYMENTS.into()),
        ])
        .await;
        let statuses: Vec<_> = answers.iter().map(|(status, _)| *status).collect();
        assert_eq!(statuses, [422, 415, 404, 400]);
        let detail = answers[0].1["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("見出しに必要な列がありません: 取引番号、"),
            "{detail}"
        );
        for (status, body) in answers {
            let kind = body["type"].as_str().unwrap();
            assert!(kind.starts_with("/problems/"), "{status}: {body}");
        }
    }
}
