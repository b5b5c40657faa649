//! What is asked of reporting in an address: the same of pages, JSON and files.

use domain::{
    calendar::{AskedMoment, parse_moment},
    program::Program,
    text::count,
};
use jiff::Timestamp;
use projections::{
    Reporting, ViewName,
    reports::{AsOf, List, ListFilter, ListName, Moment, Question, Report, ReportName},
};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::words;
use crate::{
    app::App,
    moment::malformed_or_number,
    problem::{Kind, Problem},
    routes::{
        history::{text, unreadable},
        worklist::unread,
    },
};

/// Most characters of a program's id in an address.
const PROGRAM_LIMIT: usize = 100;

/// What a report is asked about.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedReport {
    /// Of this program only; of all when nothing is said. 会員構成 and 更新見込み are not asked of a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// 集計時点: a ledger number, or a time (`2026/08/31 17:00` in Japan, `2026/08/31` for its end, or ISO 8601 with a zone); the latest when nothing
    /// is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
}

/// Which lines of a list. What does not apply to a list is not asked of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedList {
    /// 集計時点, as of a report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Program; of members: who may apply in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<String>,
    /// `applied`, `filling`, `completed`, `under_review`, `accepted`, `certified`: this stage or a later one.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    /// 申請: `drafting`, `under_review` …
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// Withdrawn ones only (`yes`), others only (`no`).
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<String>,
    /// `yes`: open for the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<String>,
    /// `yes`: with documents, so not 筆記試験のみ.
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<String>,
    /// What is missing: `units_short`, `document_missing:profile` …
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
    /// Fewer 単位 than needed (`yes`), enough (`no`).
    #[serde(skip_serializing_if = "Option::is_none")]
    short: Option<String>,
    /// So many 単位 at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    units_from: Option<String>,
    /// Fewer 単位 than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    units_below: Option<String>,
    /// The member's time ends after this.
    #[serde(skip_serializing_if = "Option::is_none")]
    closes_after: Option<String>,
    /// The member's time ends at this or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    closes_upto: Option<String>,
    /// `yes`: sent back once at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    returned: Option<String>,
    /// Sent back because of this document: `papers` …
    #[serde(skip_serializing_if = "Option::is_none")]
    returned_for: Option<String>,
    /// Completed for the first time with so many days left at least; -1: at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_days: Option<String>,
    /// Standing there: `documents.under_review`, `exam.paid`, `certification.fee_requested` …
    #[serde(skip_serializing_if = "Option::is_none")]
    stay: Option<String>,
    /// Touched by this account: `secretariat:demo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// 正規更新年度
    #[serde(skip_serializing_if = "Option::is_none")]
    regular_year: Option<String>,
    /// The next renewal is this one or a later one.
    #[serde(skip_serializing_if = "Option::is_none")]
    renewal_from: Option<String>,
    /// The next renewal is this one or an earlier one.
    #[serde(skip_serializing_if = "Option::is_none")]
    renewal_upto: Option<String>,
    /// 都道府県; empty: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    prefecture: Option<String>,
    /// 施設区分: `university`, `cancer_center`, `public`, `clinic`, `other`, `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    hospital: Option<String>,
    /// 専門分野; empty: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    speciality: Option<String>,
    /// 年齢階級: `upto-39`, `40`, `50`, `60`, `from-70`, `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<String>,
    /// With an application that is under way (`yes`), without (`no`).
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<String>,
    /// `2026-06`
    #[serde(skip_serializing_if = "Option::is_none")]
    month: Option<String>,
    /// 費目: `review_fee`, `exam_fee`, `certification_fee`.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<String>,
}

impl AskedList {
    /// The filter.
    ///
    /// # Errors
    /// [`Kind::MalformedAddress`]
    fn filter(&self) -> Result<ListFilter, Problem> {
        let query = serde_urlencoded::to_string(self).unwrap_or_default();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&query).unwrap_or_default();
        let given = pairs.iter().filter(|(name, value)| {
            // An empty box of a form asks for nothing; of these two, nothing is an answer.
            name != "as_of" && (!value.is_empty() || name == "prefecture" || name == "speciality")
        });
        ListFilter::read(given.map(|(name, value)| (name.as_str(), value.as_str())))
            .map_err(|name| unreadable(&name, "絞り込みの条件"))
    }

    /// An address that asks for these lines at that moment.
    pub(crate) fn query(filter: &ListFilter, as_of: Option<&str>) -> String {
        let params = filter
            .params()
            .into_iter()
            .chain(as_of.map(|as_of| ("as_of", as_of.to_owned())));
        serde_urlencoded::to_string(params.collect::<Vec<_>>()).unwrap_or_default()
    }
}

/// The views that reporting reads: those of a read replica, where one is configured.
pub(crate) fn views(app: &App) -> &Reporting {
    &app.service().reporting
}

/// Every program that the service knows.
fn programs(app: &App) -> Vec<&Program> {
    app.service().programs.iter().collect()
}

/// A moment, with how it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct When {
    /// The place in the ledger.
    pub as_of: AsOf,
    /// As it stands in addresses; none: the latest.
    pub asked: Option<String>,
    /// Events that are recorded, but not counted yet; none where an earlier moment was asked for.
    pub behind: Option<i64>,
}

impl When {
    /// In words: `台帳番号 1234（2026/11/27 15:04 現在）`.
    pub(crate) fn words(&self) -> String {
        format!(
            "台帳番号 {}（{} 現在）",
            self.as_of.number,
            domain::calendar::show_jst_minutes(self.as_of.at)
        )
    }
}

/// Reads 集計時点.
///
/// # Errors
/// [`Kind::MalformedAddress`] for what is no moment, or has not come yet; the view.
pub(crate) async fn when(app: &App, asked: Option<&str>) -> Result<When, Problem> {
    let asked = asked.map(str::trim).filter(|asked| !asked.is_empty());
    let now: Timestamp = app.service().clock.now();
    let malformed = || malformed_or_number("集計時点", "台帳番号");
    let moment = match asked.map(parse_moment) {
        None => Moment::Latest,
        Some(Ok(AskedMoment::Number(number) | AskedMoment::Ledger(number))) => {
            Moment::Number(number)
        }
        // Of a day that has not ended, all that has happened.
        Some(Ok(time)) => match time.point(now).ok_or_else(malformed)? {
            at if at == now => Moment::Latest,
            at => Moment::Time(at),
        },
        Some(Err(_)) => return Err(malformed()),
    };
    let as_of = views(app)
        .report_moment(moment, now)
        .await
        .map_err(unread)?
        .ok_or_else(|| {
            Problem::saying(
                Kind::MalformedAddress,
                "この集計時点は、まだ来ていないか、集計が追いついていません。過去の日時か台帳番号を指定してください。",
            )
        })?;
    let behind = match asked {
        Some(_) => None,
        None => views(app)
            .lag()
            .await
            .map_err(unread)?
            .into_iter()
            .find(|view| view.name == ViewName::Reports.as_str())
            .map(|view| view.events),
    };
    Ok(When {
        as_of,
        asked: asked.map(str::to_owned),
        behind,
    })
}

/// A report with what it was asked about.
pub(crate) struct Answered {
    /// What it says.
    pub report: Report,
    /// When.
    pub when: When,
    /// Of this program only.
    pub program: Option<String>,
    /// 集計条件 and 集計時点, as they are printed.
    pub conditions: Vec<(String, String)>,
}

/// Answers a report.
///
/// # Errors
/// See [`when`].
pub(crate) async fn answer(
    app: &App,
    name: ReportName,
    asked: &AskedReport,
) -> Result<Answered, Problem> {
    let program = asked
        .program
        .as_deref()
        .map(str::trim)
        .filter(|program| !program.is_empty() && name.of_a_program());
    text("program", "申請の種類", program)?;
    if program.is_some_and(|program| count(program) > PROGRAM_LIMIT) {
        return Err(unreadable("program", "申請の種類"));
    }
    let when = when(app, asked.as_of.as_deref()).await?;
    let programs = programs(app);
    let question = Question {
        as_of: when.as_of,
        program,
        programs: &programs,
    };
    let report = views(app).report(name, &question).await.map_err(unread)?;
    let mut conditions = vec![("集計".to_owned(), name.title().to_owned())];
    if name.of_a_program() {
        conditions.push((
            "集計条件".to_owned(),
            format!("申請の種類: {}", words::program(&programs, program)),
        ));
    } else {
        conditions.push((
            "集計条件".to_owned(),
            "会員基本情報のあるすべての会員".to_owned(),
        ));
    }
    conditions.push(("集計時点".to_owned(), when.words()));
    Ok(Answered {
        report,
        program: program.map(str::to_owned),
        conditions,
        when,
    })
}

/// A list with what it was asked about.
pub(crate) struct Listing<'a> {
    /// Which lines.
    pub list: List<'a>,
    /// When.
    pub when: When,
    /// How many lines there are.
    pub total: i64,
    /// 集計条件 and 集計時点, as they are printed.
    pub conditions: Vec<(String, String)>,
}

/// Reads which lines of a list are asked for, and counts them.
///
/// # Errors
/// [`Kind::MalformedAddress`]; the view.
pub(crate) async fn listing<'a>(
    app: &'a App,
    name: ListName,
    asked: &AskedList,
) -> Result<Listing<'a>, Problem> {
    let filter = asked.filter()?;
    let when = when(app, asked.as_of.as_deref()).await?;
    let programs = programs(app);
    let told = words::filter(&programs, &filter);
    let list = List {
        name,
        filter,
        as_of: when.as_of,
        programs,
    };
    let total = views(app).report_list_count(&list).await.map_err(unread)?;
    let conditions = vec![
        ("一覧".to_owned(), name.title().to_owned()),
        (
            "集計条件".to_owned(),
            if told.is_empty() {
                "すべて".to_owned()
            } else {
                told.join("、")
            },
        ),
        ("集計時点".to_owned(), when.words()),
    ];
    Ok(Listing {
        list,
        when,
        total,
        conditions,
    })
}
