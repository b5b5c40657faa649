//! `GET /api/v1/applications`: 申請一覧

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Query, State},
};
use domain::{calendar::show_jst_minutes, member::MemberNumber, text::too_long};
use jiff::Timestamp;
use projections::{
    CertificationTrack, DocumentTrack, ExamTrack, Missing, Order, WorklistEntry, WorklistFilter,
    WorklistPage, WorklistSort,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    Endpoint,
    history::{page_size, unreadable},
};
use crate::{
    access::{Identity, Permission, named, note_listed},
    app::App,
    moment,
    problem::{Kind, Problem},
};

/// Most characters of what is searched for.
const TEXT_LIMIT: usize = 100;

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(
        Permission::SearchApplications,
        &[&[Kind::Unavailable, Kind::NotFound]],
        routes!(applications),
    )
}

/// What is asked for; the same words in the address of the page.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct Asked {
    /// A search by name, kept by `POST /api/v1/searches`; the other conditions are then its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = Uuid)]
    pub search: Option<Uuid>,
    /// 会員番号, 氏名 or フリガナ. In no address: see `search`.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[param(ignore)]
    pub q: String,
    /// Program.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub program: String,
    /// 申請: `drafting`, `under_review`, `returned`, `accepted`, `review_passed`, `review_failed`, `not_applied`. The first four wait for
    /// somebody, and leave out what has lapsed unless `certification` is given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub documents: String,
    /// 筆記試験: `not_applied`, `awaiting_payment`, `paid`, `exempt`, `passed`, `failed`, `absent`. The second and third wait for somebody, and
    /// leave out what has lapsed unless `certification` is given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub exam: String,
    /// 認定: `pending`, `approved`, `fee_requested`, `fee_paid`, `certified`, `deferred`, `lapsed`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub certification: String,
    /// A code of what is missing: `units_short`, `document_missing:profile` …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub missing: String,
    /// 内部ラベル. In no address: see `search`.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[param(ignore)]
    pub label: String,
    /// `yes`: withdrawn ones only; `all`: those too. Left out: the others only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub withdrawn: String,
    /// Waiting for the member until before this time.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub closes_before: String,
    /// Waiting for the member until this time or later.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub closes_from: String,
    /// `updated_at`, `submitted_at`, `closes_at`, `member`, `furigana`, `units`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sort: String,
    /// `asc` or `desc`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub order: String,
    /// Number of the page, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1)]
    pub page: Option<u32>,
    /// Lines on a page, 1 to 200; 50 when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// What a question means.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub filter: WorklistFilter,
    pub sort: WorklistSort,
    pub order: Order,
    /// From 1.
    pub page: u32,
    pub limit: u32,
}

impl Question {
    /// The lines before the page, and those on it.
    pub fn part(&self) -> (i64, i64) {
        let limit = i64::from(self.limit);
        (i64::from(self.page - 1).saturating_mul(limit), limit)
    }
}

/// A tab and a line break are blanks: 姓 and 名 come from two cells of a table. The other control characters stand in no text that could be found.
fn unreadable_character(c: char) -> bool {
    c.is_control() && !c.is_whitespace()
}

/// What the field of the search is called, on the page and where it is refused.
pub(crate) const SEARCHED: &str = "会員番号・氏名・フリガナなど";

fn given<'a>(label: &str, value: &'a str) -> Result<Option<&'a str>, Problem> {
    let value = value.trim();
    if let Some(sentence) = too_long(label, value, TEXT_LIMIT) {
        return Err(Problem::saying(Kind::MalformedAddress, sentence));
    }
    if value.contains(unreadable_character) {
        return Err(Problem::saying(
            Kind::MalformedAddress,
            format!(
                "{label} に、検索に使えない文字（制御文字）が含まれています。その文字を削除して、もう一度検索してください。"
            ),
        ));
    }
    Ok(Some(value).filter(|value| !value.is_empty()))
}

impl Asked {
    /// What an address asks for: with the search that it names.
    ///
    /// # Errors
    /// [`Kind::MalformedAddress`] for a name in the address itself; [`Kind::NotFound`] for a search that is not the person's, or is over.
    pub async fn of_address(self, app: &App, identity: &Identity) -> Result<Self, Problem> {
        if !self.q.is_empty() || !self.label.is_empty() {
            return Err(Problem::saying(
                Kind::MalformedAddress,
                "氏名などの検索語は、アドレスには指定できません。画面の検索欄から検索してください。",
            ));
        }
        let Some(id) = self.search else {
            return Ok(self);
        };
        let kept = app.searches().find(identity.actor(), id).await;
        let kept = kept.map_err(|error| super::searches::failed(&error))?;
        let over = || {
            Problem::saying(
                Kind::NotFound,
                "この検索は見つかりません。時間が経って消えている場合があります。もう一度検索してください。",
            )
        };
        let kept: Self = serde_json::from_str(&kept.ok_or_else(over)?).map_err(|_| over())?;
        let own = |own: String, kept: String| if own.is_empty() { kept } else { own };
        Ok(Self {
            sort: own(self.sort, kept.sort),
            order: own(self.order, kept.order),
            page: self.page,
            limit: self.limit.or(kept.limit),
            search: Some(id),
            q: kept.q,
            label: kept.label,
            program: kept.program,
            documents: kept.documents,
            exam: kept.exam,
            certification: kept.certification,
            missing: kept.missing,
            withdrawn: kept.withdrawn,
            closes_before: kept.closes_before,
            closes_from: kept.closes_from,
        })
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`Kind::MalformedAddress`]
    pub fn read(&self) -> Result<Question, Problem> {
        /// A word of a track, if one is given.
        fn track<T>(
            (name, label): (&str, &str),
            value: &str,
            parse: impl Fn(&str) -> Option<T>,
        ) -> Result<Option<T>, Problem> {
            match given(label, value)? {
                None => Ok(None),
                Some(word) => Ok(Some(parse(word).ok_or_else(|| unreadable(name, label))?)),
            }
        }
        let owned = |value: Option<&str>| value.map(str::to_owned);
        let filter = WorklistFilter {
            text: owned(given(SEARCHED, &self.q)?),
            program: owned(given("申請の種類", &self.program)?),
            document_track: track(
                ("documents", "申請の状態"),
                &self.documents,
                DocumentTrack::parse,
            )?,
            exam_track: track(("exam", "筆記試験の状態"), &self.exam, ExamTrack::parse)?,
            certification: track(
                ("certification", "認定の状態"),
                &self.certification,
                CertificationTrack::parse,
            )?,
            missing: track(
                ("missing", "不足している項目"),
                &self.missing,
                Missing::read,
            )?
            .map(|missing| missing.code),
            label: owned(given("ラベル", &self.label)?),
            withdrawn: match given("取下げ", &self.withdrawn)? {
                None => Some(false),
                Some("yes") => Some(true),
                Some("all") => None,
                Some(_) => return Err(unreadable("withdrawn", "取下げ")),
            },
            closes_before: moment::from("closes_before", given("日時", &self.closes_before)?)?,
            closes_from: moment::from("closes_from", given("日時", &self.closes_from)?)?,
            applications: None,
        };
        let page = self.page.unwrap_or(1);
        if page == 0 {
            return Err(unreadable("page", "ページ番号"));
        }
        Ok(Question {
            filter,
            sort: track(("sort", "並び順"), &self.sort, WorklistSort::parse)?.unwrap_or_default(),
            order: match given("並び順", &self.order)? {
                None | Some("desc") => Order::Descending,
                Some("asc") => Order::Ascending,
                Some(_) => return Err(unreadable("order", "並び順")),
            },
            page,
            limit: page_size(self.limit)?,
        })
    }
}

/// A page of 申請一覧.
#[derive(Debug, Serialize, ToSchema)]
struct ApplicationsAnswer {
    /// How many match in all.
    total: i64,
    /// Number of this page.
    page: u32,
    /// Its lines.
    applications: Vec<Line>,
}

/// A line of 申請一覧.
#[derive(Debug, Serialize, ToSchema)]
struct Line {
    /// `<program>.<会員番号>`
    id: String,
    /// Program applied for.
    program: String,
    /// 会員番号
    member: String,
    /// 氏名
    name: String,
    /// フリガナ
    furigana: String,
    /// 所属施設
    workplace: String,
    /// 申請
    documents: &'static str,
    /// Its word.
    documents_label: &'static str,
    /// 筆記試験
    exam: &'static str,
    /// Its word.
    exam_label: &'static str,
    /// 認定
    certification: &'static str,
    /// Its word.
    certification_label: &'static str,
    /// 取下げ
    withdrawn: bool,
    /// 認められた単位: after 事務局欄; 0 for 筆記試験のみ, of which no unit is asked.
    units: i64,
    /// 単位 needed.
    required: i64,
    /// What is missing on the member's side; until it is decided, whether 認められた単位 or 学会・セミナー参加 are too few.
    missing: Vec<MissingAnswer>,
    /// Documents that are not 確認済, of seven.
    unchecked: i64,
    /// 内部ラベル
    labels: Vec<String>,
    /// Number of the last 本紙.
    submission: Option<i64>,
    /// When it was completed (the last time).
    #[schema(value_type = Option<String>, format = DateTime)]
    submitted_at: Option<Timestamp>,
    /// The first instant at which it is too late for the member; null when nothing waits for the member.
    #[schema(value_type = Option<String>, format = DateTime)]
    closes_at: Option<Timestamp>,
    /// Time of the last event.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// The same in Japan.
    updated_label: String,
}

/// One thing that is missing.
#[derive(Debug, Serialize, ToSchema)]
struct MissingAnswer {
    /// The code.
    code: String,
    /// The words.
    label: String,
}

impl From<WorklistEntry> for Line {
    fn from(entry: WorklistEntry) -> Self {
        Self {
            id: entry.application,
            program: entry.program,
            member: entry.member,
            name: entry.name,
            furigana: entry.furigana,
            workplace: entry.workplace,
            documents: entry.document_track.as_str(),
            documents_label: entry.document_track.label(),
            exam: entry.exam_track.as_str(),
            exam_label: entry.exam_track.label(),
            certification: entry.certification.as_str(),
            certification_label: entry.certification.label(),
            withdrawn: entry.withdrawn,
            units: entry.units,
            required: entry.required,
            missing: entry
                .missing
                .into_iter()
                .map(|missing| MissingAnswer {
                    code: missing.code,
                    label: missing.label,
                })
                .collect(),
            unchecked: entry.unchecked,
            labels: entry.labels,
            submission: entry.submission_number,
            submitted_at: entry.submitted_at,
            closes_at: entry.closes_at,
            updated_label: show_jst_minutes(entry.updated_at),
            updated_at: entry.updated_at,
        }
    }
}

/// Writes down that somebody looks at a list, and whom it shows (閲覧記録).
///
/// # Errors
/// [`Kind::Unavailable`]; then nothing may be shown.
pub(crate) async fn note_list(
    app: &App,
    identity: &Identity,
    members: BTreeSet<MemberNumber>,
) -> Result<(), Problem> {
    note_listed(app.service(), identity, Uuid::new_v4(), members).await?;
    Ok(())
}

/// The part of the list that is asked for; whom it shows is written down before it is.
///
/// # Errors
/// [`Kind::MalformedAddress`]; [`Kind::Unavailable`], see [`note_list`]; the view.
pub(crate) async fn listed(
    app: &App,
    identity: &Identity,
    asked: &Asked,
) -> Result<(Question, WorklistPage), Problem> {
    let question = asked.read()?;
    let page = app
        .service()
        .views
        .worklist(
            &question.filter,
            (question.sort, question.order),
            question.part(),
        )
        .await
        .map_err(unread)?;
    let members = named(page.entries.iter().map(|entry| &*entry.member));
    note_list(app, identity, members).await?;
    Ok((question, page))
}

/// Search and list the applications (申請一覧)
#[utoipa::path(
    get,
    path = "/api/v1/applications",
    params(Asked),
    responses((status = OK, description = "The applications.", body = ApplicationsAnswer))
)]
async fn applications(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Json<ApplicationsAnswer>, Problem> {
    let asked = asked.of_address(&app, &identity).await?;
    let (question, page) = listed(&app, &identity, &asked).await?;
    Ok(Json(ApplicationsAnswer {
        total: page.total,
        page: question.page,
        applications: page.entries.into_iter().map(Line::from).collect(),
    }))
}

/// A view that cannot be read is told to those who run the service.
pub(crate) fn unread(error: projections::Error) -> Problem {
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_or_refused_by_the_name_of_what_is_wrong() {
        let question = Asked {
            q: " 髙橋 ".to_owned(),
            documents: "under_review".to_owned(),
            missing: "proof:unit_proofs".to_owned(),
            page: Some(3),
            ..Asked::default()
        };
        let read = question.read().unwrap();
        assert_eq!(read.filter.text.as_deref(), Some("髙橋"));
        assert_eq!(read.filter.withdrawn, Some(false));
        assert_eq!(read.part(), (100, 50));
        for (name, wrong) in [
            (
                "documents",
                Asked {
                    documents: "gone".to_owned(),
                    ..Asked::default()
                },
            ),
            (
                "missing",
                Asked {
                    missing: "everything".to_owned(),
                    ..Asked::default()
                },
            ),
            (
                "sort",
                Asked {
                    sort: "name; DROP".to_owned(),
                    ..Asked::default()
                },
            ),
            (
                "会員番号・氏名・フリガナなど",
                Asked {
                    q: "a\u{0}".to_owned(),
                    ..Asked::default()
                },
            ),
            (
                "page",
                Asked {
                    page: Some(0),
                    ..Asked::default()
                },
            ),
            (
                "closes_before",
                Asked {
                    closes_before: "tomorrow".to_owned(),
                    ..Asked::default()
                },
            ),
        ] {
            let problem = wrong.read().unwrap_err();
            assert_eq!(problem.kind(), Kind::MalformedAddress);
            assert!(
                problem.body().detail.contains(name),
                "{}",
                problem.body().detail
            );
        }
    }
}
