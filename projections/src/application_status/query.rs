//! What pages ask, and how a row lies in the table.

use domain::eligibility::Scope;
use eventstore::{Database, on_database};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{FromRow, QueryBuilder};

use super::{COLUMNS, DocumentTrack, ExamTrack, Row};
use crate::error::{Error, Result};
use crate::views::{Page, instant};

/// Where an application stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApplicationStatus {
    /// Id of the application.
    pub application: String,
    /// Number of the last event of the application that the row knows.
    pub sequence: i64,
    /// Program applied for.
    pub program: String,
    /// 会員番号
    pub member: String,
    /// What was applied for.
    pub scope: Scope,
    /// 申請. After 取下げ it is what it was before.
    pub document_track: DocumentTrack,
    /// 筆記試験. After 取下げ it is what it was before.
    pub exam_track: ExamTrack,
    /// Fiscal year of the pass that exempts from the exam.
    pub exam_passed: Option<i64>,
    /// Number of the last 本紙, also of one before 取下げ.
    pub submission_number: Option<i64>,
    /// When it was completed.
    pub submitted_at: Option<Timestamp>,
    /// When it was applied for (the last time).
    pub applied_at: Timestamp,
    /// When it was withdrawn, unless it was applied for again.
    pub withdrawn_at: Option<Timestamp>,
    /// Time of the last event.
    pub updated_at: Timestamp,
}

/// Which applications. Nothing asks for all.
#[derive(Clone, Debug, Default)]
pub struct StatusFilter {
    /// Program.
    pub program: Option<String>,
    /// 会員番号
    pub member: Option<String>,
    /// 申請
    pub document_track: Option<DocumentTrack>,
    /// 筆記試験
    pub exam_track: Option<ExamTrack>,
    /// Withdrawn ones only (true), others only (false).
    pub withdrawn: Option<bool>,
}

/// A row of the table.
#[derive(FromRow)]
pub(super) struct Columns {
    pub application: String,
    pub sequence: i64,
    pub program: String,
    pub member: String,
    pub scope: String,
    pub document_track: String,
    pub exam_track: String,
    pub exam_passed: Option<i64>,
    pub exam_fees: String,
    pub submission_number: Option<i64>,
    pub submitted_at: Option<i64>,
    pub applied_at: i64,
    pub withdrawn_at: Option<i64>,
    pub updated_at: i64,
}

const VIEW: &str = "application_status";

fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::DocumentsAndExam => "documents_and_exam",
        Scope::DocumentsOnly => "documents_only",
        Scope::ExamOnly => "exam_only",
    }
}

impl Columns {
    pub(super) fn new(application: String, row: Row) -> Result<Self> {
        let foreign = |_| Error::ForeignRow(VIEW);
        Ok(Self {
            application,
            sequence: row.sequence,
            program: row.program,
            member: row.member,
            scope: scope_word(row.scope).to_owned(),
            document_track: row.document_track.as_str().to_owned(),
            exam_track: row.exam_track.as_str().to_owned(),
            exam_passed: row.exam_passed,
            exam_fees: serde_json::to_string(&row.exam_fees).map_err(foreign)?,
            submission_number: row.submission_number,
            submitted_at: row.submitted_at_us,
            applied_at: row.applied_at_us,
            withdrawn_at: row.withdrawn_at_us,
            updated_at: row.updated_at_us,
        })
    }

    pub(super) fn into_row(self) -> Result<Row> {
        let foreign = |_| Error::ForeignRow(VIEW);
        Ok(Row {
            sequence: self.sequence,
            program: self.program,
            member: self.member,
            scope: Scope::ALL
                .into_iter()
                .find(|scope| scope_word(*scope) == self.scope)
                .ok_or(Error::ForeignRow(VIEW))?,
            document_track: DocumentTrack::parse(&self.document_track)
                .ok_or(Error::ForeignRow(VIEW))?,
            exam_track: ExamTrack::parse(&self.exam_track).ok_or(Error::ForeignRow(VIEW))?,
            exam_passed: self.exam_passed,
            exam_fees: serde_json::from_str(&self.exam_fees).map_err(foreign)?,
            submission_number: self.submission_number,
            submitted_at_us: self.submitted_at,
            applied_at_us: self.applied_at,
            withdrawn_at_us: self.withdrawn_at,
            updated_at_us: self.updated_at,
        })
    }

    fn into_status(self) -> Result<ApplicationStatus> {
        let application = self.application.clone();
        let row = self.into_row()?;
        Ok(ApplicationStatus {
            application,
            sequence: row.sequence,
            program: row.program,
            member: row.member,
            scope: row.scope,
            document_track: row.document_track,
            exam_track: row.exam_track,
            exam_passed: row.exam_passed,
            submission_number: row.submission_number,
            submitted_at: row.submitted_at_us.map(instant).transpose()?,
            applied_at: instant(row.applied_at_us)?,
            withdrawn_at: row.withdrawn_at_us.map(instant).transpose()?,
            updated_at: instant(row.updated_at_us)?,
        })
    }
}

pub(crate) async fn status(
    database: &Database,
    application: &str,
) -> Result<Option<ApplicationStatus>> {
    let statement = format!("SELECT {COLUMNS} FROM application_status WHERE application = $1");
    let row: Option<Columns> = on_database!(database, pool => {
        sqlx::query_as(&statement).bind(application).fetch_optional(pool).await
    })
    .map_err(Error::while_("asking application_status"))?;
    row.map(Columns::into_status).transpose()
}

/// By id of the application, after the one named.
pub(crate) async fn statuses(
    database: &Database,
    filter: &StatusFilter,
    after: Option<&str>,
    limit: u32,
) -> Result<Page<ApplicationStatus, String>> {
    let mut rows: Vec<Columns> = on_database!(database, pool => {
        let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} FROM application_status WHERE application > "));
        query.push_bind(after.unwrap_or_default());
        if let Some(program) = &filter.program {
            query.push(" AND program = ").push_bind(program);
        }
        if let Some(member) = &filter.member {
            query.push(" AND member = ").push_bind(member);
        }
        if let Some(track) = filter.document_track {
            query.push(" AND document_track = ").push_bind(track.as_str());
        }
        if let Some(track) = filter.exam_track {
            query.push(" AND exam_track = ").push_bind(track.as_str());
        }
        match filter.withdrawn {
            Some(true) => { query.push(" AND withdrawn_at IS NOT NULL"); }
            Some(false) => { query.push(" AND withdrawn_at IS NULL"); }
            None => {}
        }
        query.push(" ORDER BY application LIMIT ").push_bind(i64::from(limit) + 1);
        query.build_query_as().fetch_all(pool).await
    })
    .map_err(Error::while_("asking application_status"))?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|row| row.application.clone());
    let items = rows
        .into_iter()
        .map(Columns::into_status)
        .collect::<Result<_>>()?;
    Ok(Page { items, next })
}
