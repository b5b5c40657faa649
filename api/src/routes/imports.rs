//! 取込: files of the society's other systems, what became of each, and the way back.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, StatusCode, header},
};
use domain::{
    application::{Placement, check_reason},
    member::{FactChange, MemberNumber},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{
    router::{UtoipaMethodRouter, UtoipaMethodRouterExt as _},
    routes,
};
use uuid::Uuid;

use super::{Endpoint, endpoint, history::page_size, history::unreadable, worklist::note_list};
use crate::{
    Call,
    access::{Identity, Permission},
    app::App,
    imports::{
        Carried, DecideError, Encoding, FILE_LIMIT, HeldRow, HeldRows, ImportRecord, ImportReport,
        Journal, Kind, Known, Named, Origin, Outcome, RecordedRow, ReportedRow, RetractError,
        RowResult, Unusable, carry_out, check_name, decide, retract,
    },
    problem::{self, Problem},
    write::Write,
};

/// The endpoints of imports.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let file = |kind: Kind, routes: UtoipaMethodRouter<App>| {
        let routes = routes.map(|methods| methods.layer(DefaultBodyLimit::max(FILE_LIMIT)));
        endpoint(
            kind.permission(),
            &[&[problem::Kind::Invalid, problem::Kind::Unavailable]],
            routes,
        )
    };
    let see = Permission::SeeImports;
    let (invalid, missing) = (problem::Kind::Invalid, problem::Kind::NotFound);
    let unavailable = problem::Kind::Unavailable;
    vec![
        file(Kind::Members, routes!(import_members)),
        file(Kind::SeminarAttendance, routes!(import_seminar_attendance)),
        file(Kind::Payments, routes!(import_payments)),
        file(Kind::ExamResults, routes!(import_exam_results)),
        endpoint(see, &[], routes!(list_imports)),
        endpoint(see, &[&[unavailable]], routes!(list_held)),
        endpoint(
            see,
            &[&[missing, invalid, unavailable, problem::Kind::WrongState]],
            routes!(decide_held),
        ),
        endpoint(see, &[&[missing]], routes!(one_import)),
        endpoint(see, &[&[missing, unavailable]], routes!(rows_of_import)),
        endpoint(
            see,
            &[&[missing, invalid, problem::Kind::WrongState]],
            routes!(retract_import),
        ),
    ]
}

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Write no event and tell what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Of members: that names and dates of birth of many members (at least ten, and 5 % of the rows) are meant to change. Without it such a
    /// file is refused.
    #[serde(default)]
    confirmed: bool,
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
struct ImportAnswer {
    /// Under which it is found in 取込履歴.
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    #[serde(flatten)]
    report: ImportReportAnswer,
    /// Of a dry run: what each row would change, by line; empty for rows that would change nothing, and without 閲覧.
    changes: Vec<RowChanges>,
}

/// The counts of a file, and its rows with a reason. Without 閲覧 (`read-application`) what follows from the file alone, and null for the rest:
/// it would say of a row that was made up what is known of the member.
#[derive(Debug, Serialize, ToSchema)]
struct ImportReportAnswer {
    /// Which file.
    kind: Kind,
    /// Whether nothing was written and the counts say what would have been.
    dry_run: bool,
    /// As detected.
    encoding: Encoding,
    /// Rows of data.
    rows: usize,
    /// Rows in which nothing is wrong in itself, whatever became of them.
    accepted: usize,
    /// 新規・変更
    recorded: Option<usize>,
    /// 新規: those of them of which nothing was known; null without 閲覧.
    new: Option<usize>,
    /// 変更: the others of them; null without 閲覧.
    changed: Option<usize>,
    /// 同じ: known already.
    unchanged: Option<usize>,
    /// 重複・置換: a later row stands for them.
    superseded: usize,
    /// 不備
    bad: usize,
    /// 不一致
    unknown_member: Option<usize>,
    /// 矛盾
    conflicting: usize,
    /// 失敗
    failed: usize,
    /// 申込なし
    no_application: Option<usize>,
    /// 登録不可
    refused: Option<usize>,
    /// 確認待ち: recorded when a person has looked at them (`GET /api/v1/imports/held`).
    held: Option<usize>,
    /// 手修正あり: what a person said stands.
    kept: Option<usize>,
    /// 承認待ち: recorded when a second person has approved them (`GET /api/v1/bulk-runs`).
    waiting: Option<usize>,
    /// Of how many members 氏名 or 生年月日 changes; null without 閲覧.
    identity_changes: Option<usize>,
    /// Whether it is refused without `confirmed`: without 閲覧, as it follows from the file alone.
    needs_confirmation: bool,
    /// About the file as a whole.
    notices: Vec<String>,
    /// The rows with a reason, by line.
    reported: Vec<ReportedRow>,
}

impl ImportReportAnswer {
    fn to(sees_members: bool, report: ImportReport) -> Self {
        let known = |count: usize| sees_members.then_some(count);
        let mut reported = report.reported.clone();
        reported.retain(|row| sees_members || row.outcome.is_of_the_file_alone());
        Self {
            accepted: report.accepted(),
            kind: report.kind,
            dry_run: report.dry_run,
            encoding: report.encoding,
            rows: report.rows,
            recorded: known(report.recorded),
            new: known(report.new),
            changed: known(report.recorded.saturating_sub(report.new)),
            unchanged: known(report.unchanged),
            superseded: report.superseded,
            bad: report.bad,
            unknown_member: known(report.unknown_member),
            conflicting: report.conflicting,
            failed: report.failed,
            no_application: known(report.no_application),
            refused: known(report.refused),
            held: known(report.held),
            kept: known(report.kept),
            waiting: known(report.waiting),
            identity_changes: known(report.upheaval.members),
            needs_confirmation: report.needs_confirmation(sees_members),
            notices: {
                let mut notices = report.notices;
                if sees_members {
                    notices.extend(report.comparisons);
                }
                notices
            },
            reported,
        }
    }
}

/// Whether somebody who imports may see what is known of the members of the file, and what became of a row by it.
pub(crate) fn sees_members(identity: &Identity) -> bool {
    identity.holds(Permission::ReadApplication)
}

/// How many rows a run had, where that tells nothing but of its file: a retraction has those that were recorded.
pub(crate) fn rows_told(sees_members: bool, record: &ImportRecord) -> Option<i64> {
    (sees_members || record.retracts.is_none()).then_some(record.rows)
}

/// Of the outcomes that are asked for (all, when none is named) those whose rows somebody may see.
pub(crate) fn outcomes_for(identity: &Identity, asked: Option<Outcome>) -> Vec<Outcome> {
    let sees_members = sees_members(identity);
    Outcome::ALL
        .into_iter()
        .filter(|outcome| asked.is_none_or(|asked| asked == *outcome))
        .filter(|outcome| sees_members || outcome.is_of_the_file_alone())
        .collect()
}

/// Writes down of whom a file tells something to somebody who may see it; of whom nothing is known, nothing is told.
///
/// # Errors
/// [`problem::Kind::Unavailable`]; then nothing may be shown.
pub(crate) async fn note_file(
    app: &App,
    identity: &Identity,
    rows: &[RowResult],
) -> Result<(), Problem> {
    if !sees_members(identity) {
        return Ok(());
    }
    let known = rows
        .iter()
        .filter(|row| row.outcome != Outcome::UnknownMember);
    let members = known.filter_map(|row| row.member.clone()).collect();
    note_list(app, identity, members).await
}

/// The same for rows of 取込履歴.
///
/// # Errors
/// As there.
pub(crate) async fn note_rows(
    app: &App,
    identity: &Identity,
    rows: &[RecordedRow],
) -> Result<(), Problem> {
    if !sees_members(identity) {
        return Ok(());
    }
    let members = rows.iter().filter_map(|row| row.member.clone()).collect();
    note_list(app, identity, members).await
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

/// An endpoint for each kind of file, so that each names the one permission that it needs.
macro_rules! import_of {
    ($name:ident, $path:tt, $kind:expr, $summary:tt, $example:tt) => {
        #[doc = $summary]
        ///
        /// CSV in UTF-8 or CP932 as `text/csv`, or xlsx (its first sheet); either as `application/octet-stream`, at most 50 MiB. Every good row is imported once however often
        /// the file is sent; the others are in `reported` with line and reason. The same key with another file is another import. A dry
        /// run tells in `changes` what would change from what to what, to who has 閲覧 (`read-application`) and stands in 閲覧記録 of
        /// each member for it; to others only what follows from the file alone is told.
        #[utoipa::path(
            post,
            path = $path,
            params(Options),
            request_body(content(
                (String = "text/csv", example = $example),
                (String = "application/octet-stream"),
                (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            )),
            responses((status = OK, description = "What was done with every row.", body = ImportAnswer))
        )]
        async fn $name(
            State(app): State<App>,
            Query(options): Query<Options>,
            headers: HeaderMap,
            write: Write,
        ) -> Result<Json<ImportAnswer>, Problem> {
            import_file(&app, $kind, &options, &headers, &write).await
        }
    };
}

import_of!(
    import_members,
    "/api/v1/imports/members",
    Kind::Members,
    "Import 会員基本情報",
    "会員番号,氏名,フリガナ,性別,生年月日,連絡先,自宅郵便番号,自宅住所,自宅電話,自宅FAX,施設名,部署名,施設郵便番号,施設住所,施設電話,施設FAX,メールアドレス,医籍登録日,医籍登録番号,専門分野,入会日,会費納入年度,専門医認定番号,初回認定日,直近認定日,有効期限,筆記試験合格年度\r\n"
);
import_of!(
    import_seminar_attendance,
    "/api/v1/imports/seminar-attendance",
    Kind::SeminarAttendance,
    "Import 当会セミナーの出欠",
    "会員番号,セミナーコード,セミナー名,区分,開始日,終了日,単位,出欠\r\n9000001,S1,教育セミナー,A,2024/04/01,2024/04/02,10,出席\r\n"
);
import_of!(
    import_payments,
    "/api/v1/imports/payments",
    Kind::Payments,
    "Import 入金",
    "取引番号,会員番号,費目,金額,入金日,振込名義カナ\r\nT1,9000001,受験料,11000,2026/06/03,リンシヨウ\r\n"
);
import_of!(
    import_exam_results,
    "/api/v1/imports/exam-results",
    Kind::ExamResults,
    "Import 筆記試験の結果",
    "会員番号,結果\r\n9000001,合格\r\n"
);

async fn import_file(
    app: &App,
    kind: Kind,
    options: &Options,
    headers: &HeaderMap,
    write: &Write,
) -> Result<Json<ImportAnswer>, Problem> {
    let named = named(headers).ok_or_else(|| Problem::new(problem::Kind::UnsupportedMediaType))?;
    check_name(write.bytes(), named).map_err(|error| unusable(&error))?;
    let dry_run = options.dry_run;
    let call = write.call();
    let file = write.bytes().clone();
    let mut id = Uuid::new_v5(&call.command_id, &Sha256::digest(&file));
    if dry_run {
        // The same request without it is another run.
        id = Uuid::new_v5(&id, b"dry run");
    }
    let origin = Origin {
        // The person who sent the file, so that the history names somebody who can be asked.
        actor: call.actor,
        id,
        correlation_id: call.correlation_id,
        counts_for: call.counts_for,
        confirmed: options.confirmed,
        sees_members: sees_members(&write.identity),
        proposes: write.identity.principal().scopes.is_none(),
    };
    let service = app.service().clone();
    // In a task of its own: a client that hangs up does not leave half a file behind.
    let tasks = service.log.tasks().clone();
    let done = tasks.spawn(async move { carry_out(&service, kind, &file, dry_run, origin).await });
    let carried = done
        .await
        .map_err(|_| Problem::new(problem::Kind::Internal))?
        .map_err(|error| unusable(&error))?;
    let Carried {
        id, report, rows, ..
    } = carried;
    // An import is done when this fails, and asked for again it answers the same.
    note_file(app, &write.identity, &rows).await?;
    let sees_members = sees_members(&write.identity);
    let told = |row: &RowResult| !row.changes.is_empty() || row.placement.is_some();
    let rows = rows.into_iter().filter(told);
    Ok(Json(ImportAnswer {
        id,
        report: ImportReportAnswer::to(sees_members, report),
        changes: if dry_run && sees_members {
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
        Unusable::Unfinished => problem::Kind::Internal,
        _ => problem::Kind::Invalid,
    };
    Problem::saying(kind, error.to_string())
}

/// The database beside the log failed.
pub(crate) fn unkept(error: &sqlx::Error) -> Problem {
    Problem::failed("using the record of imports", error)
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
    /// Rows of data. Of a retraction those that the run had recorded; null without 閲覧.
    rows: Option<i64>,
    /// New or changed, or taken back; null without 閲覧.
    recorded: Option<i64>,
    /// Known already; null without 閲覧.
    unchanged: Option<i64>,
    /// With a reason; null without 閲覧.
    reported: Option<i64>,
}

impl ImportRunAnswer {
    fn to(sees_members: bool, record: ImportRecord) -> Self {
        let known = |count: i64| sees_members.then_some(count);
        let rows = rows_told(sees_members, &record);
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
            rows,
            recorded: known(record.recorded),
            unchanged: known(record.unchanged),
            reported: known(record.reported),
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

/// Those that somebody may import, and so sees the runs of.
pub(crate) fn kinds_of(identity: &Identity) -> Vec<Kind> {
    Kind::ALL
        .into_iter()
        .filter(|kind| identity.holds(kind.permission()))
        .collect()
}

/// List the imports (取込履歴)
///
/// Of those kinds that one may import.
#[utoipa::path(
    get,
    path = "/api/v1/imports",
    params(PartAsked),
    responses((status = OK, description = "The runs, newest first.", body = ImportRunsAnswer))
)]
async fn list_imports(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<PartAsked>,
) -> Result<Json<ImportRunsAnswer>, Problem> {
    let limit = i64::from(page_size(asked.limit)?);
    let page = asked.page.unwrap_or(1);
    if page == 0 {
        return Err(unreadable("page", "ページ番号"));
    }
    let offset = i64::from(page - 1).saturating_mul(limit);
    let journal = Journal::new(app.service().log.clone());
    let imports = async {
        let now = journal.now().await?;
        journal
            .list(&kinds_of(&identity), (offset, limit), now)
            .await
    };
    let imports = imports.await.map_err(|error| unkept(&error))?;
    let sees_members = sees_members(&identity);
    Ok(Json(ImportRunsAnswer {
        imports: imports
            .into_iter()
            .map(|record| ImportRunAnswer::to(sees_members, record))
            .collect(),
    }))
}

/// The run in an address. The address does not name the kind of the file, so that one may see it is asked here.
///
/// # Errors
/// [`problem::Kind::NotFound`]; [`problem::Kind::NotPermitted`] for a kind that one may not import.
pub(crate) async fn found_run(
    app: &App,
    identity: &Identity,
    import: &str,
) -> Result<ImportRecord, Problem> {
    let unknown = || Problem::saying(problem::Kind::NotFound, RetractError::Unknown.to_string());
    let id: Uuid = import.parse().map_err(|_| unknown())?;
    let journal = Journal::new(app.service().log.clone());
    let found = async { journal.find(id, journal.now().await?).await };
    let found = found.await.map_err(|error| unkept(&error))?;
    let record = found.ok_or_else(unknown)?;
    if identity.holds(record.kind.permission()) {
        Ok(record)
    } else {
        Err(Problem::new(problem::Kind::NotPermitted))
    }
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
    identity: Identity,
    Path(import): Path<String>,
) -> Result<Json<ImportRunAnswer>, Problem> {
    let record = found_run(&app, &identity, &import).await?;
    Ok(Json(ImportRunAnswer::to(sees_members(&identity), record)))
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
    /// 会員番号, if it could be read; null without 閲覧.
    member: Option<String>,
    /// What became of it.
    outcome: Outcome,
    /// Its word.
    outcome_label: &'static str,
    /// Why.
    message: String,
}

impl RowAnswer {
    fn to(sees_members: bool, row: RecordedRow) -> Self {
        Self {
            line: row.line,
            member: row.member.filter(|_| sees_members).map(String::from),
            outcome: row.outcome,
            outcome_label: row.outcome.label(),
            message: row.message,
        }
    }
}

/// Rows of an import
///
/// Without 閲覧 those that say only something of the file. Whom they show is written into 閲覧記録.
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
    let record = found_run(&app, &identity, &import).await?;
    let journal = Journal::new(app.service().log.clone());
    let part = (asked.after.map_or(0, i64::from), limit + 1);
    let mut rows = journal
        .rows(record.id, &outcomes_for(&identity, outcome), part)
        .await
        .map_err(|error| unkept(&error))?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    note_rows(&app, &identity, &rows).await?;
    let sees_members = sees_members(&identity);
    Ok(Json(RowsAnswer {
        next: rows.last().filter(|_| more).map(|row| row.line),
        rows: rows
            .into_iter()
            .map(|row| RowAnswer::to(sees_members, row))
            .collect(),
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
    let record = found_run(&app, &write.identity, &import).await?;
    let id = take_back(&app, record.id, reason, write.call()).await?;
    let run = found_run(&app, &write.identity, &id.to_string()).await?;
    Ok(Json(ImportRunAnswer::to(
        sees_members(&write.identity),
        run,
    )))
}

/// Takes a run back for a reason; gives the id of the retraction.
pub(crate) async fn take_back(
    app: &App,
    import: Uuid,
    reason: String,
    call: Call,
) -> Result<Uuid, Problem> {
    check_reason(&reason, true)?;
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

/// A row that waits for a person.
#[derive(Debug, Serialize, ToSchema)]
struct HeldAnswer {
    /// Under which it is decided.
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    /// Of which run.
    #[schema(value_type = String, format = Uuid)]
    import: Uuid,
    /// Line in the file.
    line: i64,
    /// Which file.
    kind: Kind,
    /// 会員番号
    member: String,
    /// Why it waits; of a row that is `changed` why nothing can be decided about it.
    doubts: String,
    /// Whether it is not as it was kept: then nothing of it is told or recorded.
    changed: bool,
    /// SHA-256 (hexadecimal) over what the row says and would change: whoever decides about it sends it along.
    digest: String,
    /// What it would change.
    changes: Vec<FactChange>,
    /// Other members who have the same number but for zeros at its front, the same 医籍登録番号 or the same mail address.
    others: Vec<String>,
    /// Who imported it.
    actor: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    held_at: Timestamp,
}

/// 確認待ち, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
struct HeldRowsAnswer {
    /// The rows.
    rows: Vec<HeldAnswer>,
    /// How many there are in all; null without 閲覧.
    total: Option<i64>,
}

/// A row that waits, with what a person needs to decide about it.
pub(crate) struct HeldShown {
    pub row: HeldRow,
    /// Over what is shown: whoever decides names it.
    pub digest: String,
    pub changes: Vec<FactChange>,
    pub others: Vec<MemberNumber>,
}

/// Rows that wait, of the files that somebody may import: nothing without 閲覧. Whom they show is written down before.
///
/// # Errors
/// [`problem::Kind::Unavailable`]; the database.
pub(crate) async fn held_rows(
    app: &App,
    identity: &Identity,
    part: (i64, i64),
) -> Result<(Vec<HeldShown>, Option<i64>), Problem> {
    if !sees_members(identity) {
        return Ok((Vec::new(), None));
    }
    let service = app.service();
    let held = HeldRows::of(service);
    let kinds = kinds_of(identity);
    let found = async { Ok((held.waiting(&kinds, part).await?, held.count(&kinds).await?)) };
    let (rows, total) = found.await.map_err(|error: sqlx::Error| unkept(&error))?;
    let known = if rows.is_empty() {
        Known::default()
    } else {
        Known::members(service).await?
    };
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        let changes = row.would_change(service).await?;
        let digest = row.shown(&changes);
        let Some(command) = row.command.clone() else {
            shown.push(HeldShown {
                row,
                digest,
                changes,
                others: Vec::new(),
            });
            continue;
        };
        let neighbours = known.neighbours(&row.member, &command);
        let others: BTreeSet<_> = [
            neighbours.by_number,
            neighbours.by_registration,
            neighbours.by_mail,
        ]
        .into_iter()
        .flatten()
        .collect();
        shown.push(HeldShown {
            row,
            digest,
            changes,
            others: others.into_iter().collect(),
        });
    }
    let members = shown
        .iter()
        .flat_map(|one| one.others.iter().chain([&one.row.member]).cloned())
        .collect();
    note_list(app, identity, members).await?;
    Ok((shown, Some(total)))
}

/// Decides about a row that waits, if it is what was shown.
///
/// # Errors
/// [`problem::Kind::NotFound`], also without 閲覧, [`problem::Kind::NotPermitted`], [`problem::Kind::Invalid`] without a reason,
/// [`problem::Kind::WrongState`], also for a row that is not as it was kept or shown.
pub(crate) async fn decide_row(
    app: &App,
    identity: &Identity,
    (row, take, reason): (&str, (bool, &str), &str),
    call: Call,
) -> Result<(), Problem> {
    let unknown = || Problem::saying(problem::Kind::NotFound, DecideError::Unknown.to_string());
    // Its id follows from run and line: that it waits would say of a made-up row that it met a member.
    if !sees_members(identity) {
        return Err(unknown());
    }
    let id: Uuid = row.parse().map_err(|_| unknown())?;
    let held = HeldRows::of(app.service());
    let found = held.find(id).await.map_err(|error| unkept(&error))?;
    let row = found.ok_or_else(unknown)?;
    if !identity.holds(row.kind.permission()) {
        return Err(Problem::new(problem::Kind::NotPermitted));
    }
    check_reason(reason, true)?;
    let call = Call {
        reason: Some(reason.to_owned()),
        ..call
    };
    let service = app.service().clone();
    let tasks = service.log.tasks().clone();
    let (take, shown) = (take.0, take.1.to_owned());
    let done = tasks.spawn(async move { decide(&service, &row, (take, &shown), call).await });
    let done = done
        .await
        .map_err(|_| Problem::new(problem::Kind::Internal))?;
    done.map_err(|error| match error {
        DecideError::Unknown => unknown(),
        DecideError::Refused(_) | DecideError::Altered | DecideError::ShownOtherwise => {
            Problem::saying(problem::Kind::WrongState, error.to_string())
        }
        DecideError::Conflict => Problem::new(problem::Kind::Conflict),
        DecideError::Database(error) => unkept(&error),
        DecideError::Log(error) => error.into(),
    })
}

/// List the rows that wait for a person (取込の確認待ち)
///
/// Rows that are more likely a slip than news: a code that lost the zeros at its front, a 医籍登録番号 or mail address that is another
/// member's. Nothing without 閲覧. Whom they show is written into 閲覧記録.
#[utoipa::path(
    get,
    path = "/api/v1/imports/held",
    params(PartAsked),
    responses((status = OK, description = "The rows, the oldest first.", body = HeldRowsAnswer))
)]
async fn list_held(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<PartAsked>,
) -> Result<Json<HeldRowsAnswer>, Problem> {
    let limit = i64::from(page_size(asked.limit)?);
    let page = asked.page.unwrap_or(1);
    if page == 0 {
        return Err(unreadable("page", "ページ番号"));
    }
    let offset = i64::from(page - 1).saturating_mul(limit);
    let (rows, total) = held_rows(&app, &identity, (offset, limit)).await?;
    Ok(Json(HeldRowsAnswer {
        total,
        rows: rows
            .into_iter()
            .map(|shown| HeldAnswer {
                id: shown.row.id,
                import: shown.row.import,
                line: shown.row.line,
                kind: shown.row.kind,
                member: shown.row.member.into(),
                changed: shown.row.command.is_none(),
                digest: shown.digest,
                doubts: shown.row.doubts,
                changes: shown.changes,
                others: shown.others.into_iter().map(String::from).collect(),
                actor: shown.row.actor,
                held_at: shown.row.held_at,
            })
            .collect(),
    }))
}

/// What is decided about a row that waits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HeldDecision {
    /// Whether it is recorded; otherwise it is left, also when the same row comes again.
    take: bool,
    /// Why; kept with the event.
    #[schema(max_length = 1000, example = "会員名簿と照合済み")]
    reason: String,
    /// `digest` of the row as it was answered: nothing else is decided about.
    #[schema(max_length = 64)]
    digest: String,
}

/// Decide about a row that waits
#[utoipa::path(
    post,
    path = "/api/v1/imports/held/{row}",
    params(("row" = String, Path, description = "Its id.")),
    request_body = HeldDecision,
    responses((status = NO_CONTENT, description = "Decided."))
)]
async fn decide_held(
    State(app): State<App>,
    Path(row): Path<String>,
    write: Write,
) -> Result<StatusCode, Problem> {
    let HeldDecision {
        take,
        reason,
        digest,
    } = write.decode()?;
    let decision = (row.as_str(), (take, digest.as_str()), reason.as_str());
    decide_row(&app, &write.identity, decision, write.call()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What xlsx is called on the web.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// As what a file is sent: spreadsheets and browsers send CSV as `text/csv`; whoever does not know sends bytes.
fn named(headers: &HeaderMap) -> Option<Named> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let value = value.split(';').next()?.trim();
    let is = |known: &str| value.eq_ignore_ascii_case(known);
    if is("text/csv") {
        Some(Named::Csv)
    } else {
        (is("application/octet-stream") || is(XLSX)).then_some(Named::Otherwise)
    }
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
