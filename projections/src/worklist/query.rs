//! What the secretariat asks: search, sort, count, select.

use std::sync::LazyLock;

use domain::documents::DocumentKind;
use domain::text::{half_width, kana_key, name_key};
use eventstore::{Database, on_database};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::query_builder::Separated;
use sqlx::{Encode, FromRow, QueryBuilder, Type};

use super::COLUMNS;
use super::apply::{CertificationTrack, Line};
use crate::application_status::{DocumentTrack, ExamTrack};
use crate::error::{Error, Result};
use crate::views::instant;

const VIEW: &str = "worklist";

/// A line of 申請一覧.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorklistEntry {
    /// Id of the application.
    pub application: String,
    /// Number of the last event of the application that the line knows.
    pub sequence: i64,
    /// Program applied for.
    pub program: String,
    /// 会員番号
    pub member: String,
    /// 氏名, as of the last 履歴書 (before it: of 申込).
    pub name: String,
    /// フリガナ
    pub furigana: String,
    /// 所属施設
    pub workplace: String,
    /// 申請
    pub document_track: DocumentTrack,
    /// 筆記試験
    pub exam_track: ExamTrack,
    /// 認定
    pub certification: CertificationTrack,
    /// 取下げ
    pub withdrawn: bool,
    /// 認められた単位: after 事務局欄.
    pub units: i64,
    /// 単位 needed.
    pub required: i64,
    /// What is missing on the member's side; until it is decided, whether 認められた単位 or 学会・セミナー参加 are too few.
    pub missing: Vec<Missing>,
    /// Documents that are not 確認済, of seven.
    pub unchecked: i64,
    /// 内部ラベル
    pub labels: Vec<String>,
    /// Number of the last 本紙.
    pub submission_number: Option<i64>,
    /// When it was completed (the last time).
    pub submitted_at: Option<Timestamp>,
    /// The first instant at which it is too late for the member; none when nothing waits for the member.
    pub closes_at: Option<Timestamp>,
    /// When it was applied for (the last time).
    pub applied_at: Timestamp,
    /// Time of the last event.
    pub updated_at: Timestamp,
}

/// One thing that is missing: `units_short`, `attendance_missing`, `document_missing:<document>`, `document_has_errors:<document>`,
/// `correction_open:<document>`, `exam_fee`, `certification_fee`, `proof:<paper>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The code.
    pub code: String,
    /// The words.
    pub label: String,
}

/// Every code that there is. Its place is its bit in the column: who changes the order raises the view's version.
static CODES: LazyLock<Vec<Missing>> = LazyLock::new(Missing::all);

impl Missing {
    /// Every code that there is, in the order of a select.
    pub fn codes() -> &'static [Self] {
        &CODES
    }

    fn all() -> Vec<Self> {
        let mut codes: Vec<String> = [
            "units_short",
            "attendance_missing",
            "exam_fee",
            "certification_fee",
        ]
        .map(str::to_owned)
        .into();
        for document in DocumentKind::ALL {
            for kind in ["document_missing", "document_has_errors", "correction_open"] {
                codes.push(format!("{kind}:{}", document.slug()));
            }
        }
        codes.extend(
            [
                "proof:final_form",
                "proof:unit_proofs",
                "proof:certificates",
            ]
            .map(str::to_owned),
        );
        codes
            .into_iter()
            .filter_map(|code| Self::read(&code))
            .collect()
    }

    /// The bits of these codes; one that is unknown has none.
    pub(crate) fn bits<'a>(codes: impl IntoIterator<Item = &'a str>) -> i64 {
        codes.into_iter().fold(0, |bits, code| {
            let place = CODES.iter().position(|known| known.code == code);
            place.map_or(bits, |place| bits | 1 << place)
        })
    }

    /// What these bits stand for, in the order of [`Missing::codes`].
    pub(crate) fn of_bits(bits: i64) -> Vec<Self> {
        let given = CODES.iter().enumerate();
        given
            .filter(|(place, _)| bits & 1 << place != 0)
            .map(|(_, code)| code.clone())
            .collect()
    }

    /// Reads a code.
    pub fn read(code: &str) -> Option<Self> {
        let (kind, of) = code
            .split_once(':')
            .map_or((code, None), |(kind, of)| (kind, Some(of)));
        let document = of
            .and_then(DocumentKind::from_slug)
            .map(DocumentKind::title);
        let label = match (kind, of, document) {
            ("units_short", None, _) => "業績単位の不足".to_owned(),
            ("attendance_missing", None, _) => "学会・セミナー参加の不足".to_owned(),
            ("exam_fee", None, _) => "受験料の未納".to_owned(),
            ("certification_fee", None, _) => "認定料の未納".to_owned(),
            ("document_missing", _, Some(title)) => format!("{title} の未登録"),
            ("document_has_errors", _, Some(title)) => format!("{title} の入力誤り"),
            ("correction_open", _, Some(title)) => format!("{title} の修正待ち"),
            ("proof", Some("final_form"), _) => "申請書（本紙）の未着".to_owned(),
            ("proof", Some("unit_proofs"), _) => "業績証明の未着".to_owned(),
            ("proof", Some("certificates"), _) => "認定証写しの未着".to_owned(),
            _ => return None,
        };
        Some(Self {
            code: code.to_owned(),
            label,
        })
    }
}

/// Which applications. Nothing asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorklistFilter {
    /// 会員番号, 認定番号, id, 氏名 or フリガナ (姓 and 名 in either order), メールアドレス or 施設: 新旧字体, spaces, kana and their width do not matter.
    /// Of several words each must be there.
    pub text: Option<String>,
    /// Program.
    pub program: Option<String>,
    /// 申請
    pub document_track: Option<DocumentTrack>,
    /// 筆記試験
    pub exam_track: Option<ExamTrack>,
    /// 認定
    pub certification: Option<CertificationTrack>,
    /// A code of [`Missing`].
    pub missing: Option<String>,
    /// 内部ラベル
    pub label: Option<String>,
    /// Withdrawn ones only (true), others only (false).
    pub withdrawn: Option<bool>,
    /// Waiting for the member, whose time ends before this moment.
    pub closes_before: Option<Timestamp>,
    /// Waiting for the member, whose time ends at this moment or later.
    pub closes_from: Option<Timestamp>,
    /// Those of this list only: what somebody has ticked.
    pub applications: Option<Vec<String>>,
}

impl WorklistFilter {
    /// Whether it asks for what waits for somebody. What has lapsed waits for nobody, and is found where 認定 is asked for.
    pub fn without_lapsed(&self) -> bool {
        let waits = self.document_track.is_some_and(DocumentTrack::waits)
            || self.exam_track.is_some_and(ExamTrack::waits);
        waits && self.certification.is_none()
    }
}

/// By what a list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorklistSort {
    /// 更新日時
    #[default]
    UpdatedAt,
    /// 完了日時
    SubmittedAt,
    /// 期限
    ClosesAt,
    /// 会員番号
    Member,
    /// フリガナ
    Furigana,
    /// 単位
    Units,
}

impl WorklistSort {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::UpdatedAt,
        Self::SubmittedAt,
        Self::ClosesAt,
        Self::Member,
        Self::Furigana,
        Self::Units,
    ];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UpdatedAt => "updated_at",
            Self::SubmittedAt => "submitted_at",
            Self::ClosesAt => "closes_at",
            Self::Member => "member",
            Self::Furigana => "furigana",
            Self::Units => "units",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == text)
    }

    /// The words of the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::UpdatedAt => "更新日時",
            Self::SubmittedAt => "完了日時",
            Self::ClosesAt => "期限",
            Self::Member => "会員番号",
            Self::Furigana => "フリガナ",
            Self::Units => "認められた単位",
        }
    }

    /// What is empty comes last, on both databases and in both directions.
    fn clause(self, order: Order) -> String {
        let (column, direction) = match self {
            Self::Furigana => ("furigana_key", order.sql()),
            other => (other.as_str(), order.sql()),
        };
        match self {
            Self::SubmittedAt | Self::ClosesAt => {
                format!(
                    "CASE WHEN {column} IS NULL THEN 1 ELSE 0 END, {column} {direction}, application {direction}"
                )
            }
            // Both ways the same: an index is read from either end, but not in two directions at once.
            _ => format!("{column} {direction}, application {direction}"),
        }
    }
}

/// Which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// 昇順
    Ascending,
    /// 降順
    #[default]
    Descending,
}

impl Order {
    fn sql(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}

/// A page of 申請一覧.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorklistPage {
    /// Its lines.
    pub entries: Vec<WorklistEntry>,
    /// How many match in all.
    pub total: i64,
}

/// How many applications stand where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WorklistCounts {
    /// 申請, those that are not withdrawn; where something waits for somebody, those that have not lapsed.
    pub documents: Vec<(DocumentTrack, i64)>,
    /// 失効, those that are not withdrawn.
    pub lapsed: i64,
    /// Withdrawn ones.
    pub withdrawn: i64,
    /// Sent back, and the date is past.
    pub overdue: i64,
}

/// A row of the table.
#[derive(FromRow)]
pub(super) struct Columns {
    application: String,
    sequence: i64,
    program: String,
    member: String,
    name: String,
    furigana: String,
    search_key: String,
    furigana_key: String,
    workplace: String,
    document_track: String,
    exam_track: String,
    certification: String,
    withdrawn: i64,
    units: i64,
    required: i64,
    missing: i64,
    unchecked: i64,
    labels: String,
    submission_number: Option<i64>,
    submitted_at: Option<i64>,
    closes_at: Option<i64>,
    applied_at: i64,
    updated_at: i64,
}

impl Columns {
    pub(super) fn new(
        application: String,
        sequence: i64,
        updated_at: i64,
        line: Line,
    ) -> Result<Self> {
        Ok(Self {
            application,
            sequence,
            program: line.program,
            member: line.member,
            name: line.name,
            furigana: line.furigana,
            search_key: line.search_key,
            furigana_key: line.furigana_key,
            workplace: line.workplace,
            document_track: line.document_track.as_str().to_owned(),
            exam_track: line.exam_track.as_str().to_owned(),
            certification: line.certification.as_str().to_owned(),
            withdrawn: i64::from(line.withdrawn),
            units: i64::from(line.units),
            required: i64::from(line.required),
            missing: Missing::bits(line.missing.iter().map(String::as_str)),
            unchecked: i64::try_from(line.unchecked).map_err(|_| Error::ForeignRow(VIEW))?,
            labels: serde_json::to_string(&line.labels).map_err(|_| Error::ForeignRow(VIEW))?,
            submission_number: line.submission_number.map(i64::from),
            submitted_at: line.submitted_at_us,
            closes_at: line.closes_at_us,
            applied_at: line.applied_at_us,
            updated_at,
        })
    }

    /// In the order of [`COLUMNS`].
    pub(super) fn bind<'a, DB: sqlx::Database>(
        &'a self,
        columns: &mut Separated<'_, 'a, DB, &'static str>,
    ) where
        &'a str: Encode<'a, DB> + Type<DB>,
        i64: Encode<'a, DB> + Type<DB>,
        Option<i64>: Encode<'a, DB> + Type<DB>,
    {
        columns
            .push_bind(self.application.as_str())
            .push_bind(self.sequence)
            .push_bind(self.program.as_str())
            .push_bind(self.member.as_str())
            .push_bind(self.name.as_str())
            .push_bind(self.furigana.as_str())
            .push_bind(self.search_key.as_str())
            .push_bind(self.furigana_key.as_str())
            .push_bind(self.workplace.as_str())
            .push_bind(self.document_track.as_str())
            .push_bind(self.exam_track.as_str())
            .push_bind(self.certification.as_str())
            .push_bind(self.withdrawn)
            .push_bind(self.units)
            .push_bind(self.required)
            .push_bind(self.missing)
            .push_bind(self.unchecked)
            .push_bind(self.labels.as_str())
            .push_bind(self.submission_number)
            .push_bind(self.submitted_at)
            .push_bind(self.closes_at)
            .push_bind(self.applied_at)
            .push_bind(self.updated_at);
    }

    fn into_entry(self) -> Result<WorklistEntry> {
        let foreign = Error::ForeignRow(VIEW);
        Ok(WorklistEntry {
            application: self.application,
            sequence: self.sequence,
            program: self.program,
            member: self.member,
            name: self.name,
            furigana: self.furigana,
            workplace: self.workplace,
            document_track: DocumentTrack::parse(&self.document_track).ok_or(foreign)?,
            exam_track: ExamTrack::parse(&self.exam_track).ok_or(Error::ForeignRow(VIEW))?,
            certification: CertificationTrack::parse(&self.certification)
                .ok_or(Error::ForeignRow(VIEW))?,
            withdrawn: self.withdrawn != 0,
            units: self.units,
            required: self.required,
            missing: Missing::of_bits(self.missing),
            unchecked: self.unchecked,
            labels: serde_json::from_str(&self.labels).map_err(|_| Error::ForeignRow(VIEW))?,
            submission_number: self.submission_number,
            submitted_at: self.submitted_at.map(instant).transpose()?,
            closes_at: self.closes_at.map(instant).transpose()?,
            applied_at: instant(self.applied_at)?,
            updated_at: instant(self.updated_at)?,
        })
    }
}

/// The text of a search in a LIKE pattern: what has a meaning there stands for itself.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// An address as a link of a page is copied: `mailto:` belongs to the link.
fn without_scheme(word: &str) -> &str {
    const SCHEME: &str = "mailto:";
    match word.split_at_checked(SCHEME.len()) {
        Some((scheme, address)) if scheme.eq_ignore_ascii_case(SCHEME) => address,
        _ => word,
    }
}

/// The condition of a filter, the same for every question.
macro_rules! push_conditions {
    ($query:expr, $filter:expr) => {
        $query.push(" WHERE 1 = 1");
        if let Some(text) = $filter
            .text
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            // Each word must be there, in whatever order they stand.
            for word in half_width(text).split_whitespace() {
                let word = without_scheme(word);
                let keys = [name_key(word), kana_key(word)];
                let keys: Vec<&String> = keys.iter().filter(|key| !key.is_empty()).collect();
                for (place, key) in keys.iter().enumerate() {
                    $query
                        .push(if place == 0 {
                            " AND (search_key LIKE "
                        } else {
                            " OR search_key LIKE "
                        })
                        .push_bind(pattern(key))
                        .push(" ESCAPE '\\'");
                }
                if !keys.is_empty() {
                    $query.push(")");
                }
            }
        }
        if let Some(program) = &$filter.program {
            $query.push(" AND program = ").push_bind(program.clone());
        }
        if let Some(track) = $filter.document_track {
            $query
                .push(" AND document_track = ")
                .push_bind(track.as_str());
        }
        if let Some(track) = $filter.exam_track {
            $query.push(" AND exam_track = ").push_bind(track.as_str());
        }
        if let Some(track) = $filter.certification {
            $query
                .push(" AND certification = ")
                .push_bind(track.as_str());
        }
        if $filter.without_lapsed() {
            $query.push(" AND certification <> 'lapsed'");
        }
        if let Some(code) = &$filter.missing {
            $query
                .push(" AND (missing & ")
                .push_bind(Missing::bits([code.as_str()]))
                .push(") <> 0");
        }
        if let Some(label) = &$filter.label {
            // As it stands in the JSON of the column.
            let quoted = serde_json::to_string(label).unwrap_or_default();
            $query
                .push(" AND labels LIKE ")
                .push_bind(pattern(&quoted))
                .push(" ESCAPE '\\'");
        }
        if let Some(withdrawn) = $filter.withdrawn {
            $query
                .push(" AND withdrawn = ")
                .push_bind(i64::from(withdrawn));
        }
        if let Some(before) = $filter.closes_before {
            $query
                .push(" AND closes_at < ")
                .push_bind(before.as_microsecond());
        }
        if let Some(from) = $filter.closes_from {
            $query
                .push(" AND closes_at >= ")
                .push_bind(from.as_microsecond());
        }
        if let Some(applications) = &$filter.applications {
            $query.push(" AND application IN (");
            let mut list = $query.separated(", ");
            for application in applications {
                list.push_bind(application.clone());
            }
            if applications.is_empty() {
                list.push("NULL");
            }
            $query.push(")");
        }
    };
}

/// A page of the matching lines, and how many there are.
pub(crate) async fn worklist(
    database: &Database,
    filter: &WorklistFilter,
    (sort, order): (WorklistSort, Order),
    (offset, limit): (i64, i64),
) -> Result<WorklistPage> {
    let asking = Error::while_("asking worklist");
    let total: i64 = on_database!(database, pool => {
        let mut query = QueryBuilder::new("SELECT COUNT(*) FROM worklist");
        push_conditions!(query, filter);
        query.build_query_scalar().fetch_one(pool).await
    })
    .map_err(&asking)?;
    if offset >= total {
        return Ok(WorklistPage {
            entries: Vec::new(),
            total,
        });
    }
    let rows: Vec<Columns> = on_database!(database, pool => {
        // Which lines, out of an index where one tells; only then what stands on them. Sorting the lines themselves moves all of
        // them for the fifty that are shown: half a second for 100,000 on SQLite.
        let sorted = sort.clause(order);
        let mut query = QueryBuilder::new(format!(
            "SELECT {COLUMNS} FROM worklist WHERE application IN (SELECT application FROM worklist"
        ));
        push_conditions!(query, filter);
        query.push(format!(" ORDER BY {sorted} LIMIT ")).push_bind(limit);
        query.push(" OFFSET ").push_bind(offset);
        query.push(format!(") ORDER BY {sorted}"));
        query.build_query_as().fetch_all(pool).await
    })
    .map_err(&asking)?;
    Ok(WorklistPage {
        entries: rows
            .into_iter()
            .map(Columns::into_entry)
            .collect::<Result<_>>()?,
        total,
    })
}

/// The ids of the matching applications, at most so many, in the order of their ids.
pub(crate) async fn selection(
    database: &Database,
    filter: &WorklistFilter,
    limit: i64,
) -> Result<Vec<String>> {
    on_database!(database, pool => {
        let mut query = QueryBuilder::new("SELECT application FROM worklist");
        push_conditions!(query, filter);
        query.push(" ORDER BY application LIMIT ").push_bind(limit);
        query.build_query_scalar().fetch_all(pool).await
    })
    .map_err(Error::while_("asking worklist"))
}

/// How many stand where, at a moment.
pub(crate) async fn counts(database: &Database, now: Timestamp) -> Result<WorklistCounts> {
    let asking = Error::while_("counting worklist");
    let rows: Vec<(String, String, i64, i64)> = on_database!(database, pool => {
        sqlx::query_as(
            "SELECT document_track, certification, withdrawn, COUNT(*) FROM worklist GROUP BY document_track, certification, withdrawn",
        )
        .fetch_all(pool)
        .await
    })
    .map_err(&asking)?;
    let overdue: i64 = on_database!(database, pool => {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM worklist WHERE document_track = 'returned' AND withdrawn = 0 AND closes_at <= $1",
        )
        .bind(now.as_microsecond())
        .fetch_one(pool)
        .await
    })
    .map_err(&asking)?;
    let mut counts = WorklistCounts {
        overdue,
        ..WorklistCounts::default()
    };
    for track in DocumentTrack::ALL {
        let there = rows.iter().filter(|(word, ..)| word == track.as_str());
        let mut standing = 0;
        for (_, certification, withdrawn, count) in there {
            let has_lapsed = certification == CertificationTrack::Lapsed.as_str();
            if *withdrawn != 0 {
                counts.withdrawn += count;
                continue;
            }
            counts.lapsed += if has_lapsed { *count } else { 0 };
            standing += if has_lapsed && track.waits() {
                0
            } else {
                *count
            };
        }
        counts.documents.push((track, standing));
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_searched_without_what_a_link_puts_before_it() {
        for (typed, searched) in [
            ("mailto:m@example.jp", "m@example.jp"),
            ("MailTo:m@example.jp", "m@example.jp"),
            ("m@example.jp", "m@example.jp"),
            ("mail", "mail"),
            ("検索する語句", "検索する語句"),
        ] {
            assert_eq!(without_scheme(typed), searched);
        }
    }
}
