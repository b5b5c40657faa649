//! What is asked: of which moment, about which program, and which people are behind a figure.

use domain::calendar::{AskedMoment, parse_moment};
use domain::documents::DocumentKind;
use domain::program::Program;
use domain::reporting::{AgeBand, HospitalKind, PREFECTURES, Stage};
use eventstore::{Database, on_database};
use jiff::Timestamp;

use super::sql::{Sql, one};
use crate::application_status::DocumentTrack;
use crate::error::{Error, Result};
use crate::worklist::Missing;

/// 集計時点: a place in the ledger, and the time by which days are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// Ledger number of the last event that counts.
    pub number: i64,
    /// Age and days left are those of this time.
    pub at: Timestamp,
}

/// Which moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Moment {
    /// As far as the view is.
    #[default]
    Latest,
    /// After the event of this ledger number.
    Number(i64),
    /// At the beginning of the minute in which this time lies.
    Time(Timestamp),
}

const MINUTE_US: i64 = 60_000_000;

/// The place of a moment in the ledger; none when it has not come yet, or the view is not as far.
pub(crate) async fn as_of(
    database: &Database,
    moment: Moment,
    now: Timestamp,
) -> Result<Option<AsOf>> {
    let head: i64 = on_database!(database, pool => {
        sqlx::query_scalar("SELECT checkpoint FROM projections WHERE name = 'reports' AND status = 'live'")
            .fetch_one(pool)
            .await
    })
    .map_err(Error::while_("asking how far the reports are"))?;
    match moment {
        Moment::Latest => Ok(Some(AsOf {
            number: head,
            at: now,
        })),
        Moment::Number(number) => {
            if !(0..=head).contains(&number) {
                return Ok(None);
            }
            // That of the last event which counts, and not of the next one: the time of a number is the same whatever comes after it.
            // The minute is over by then; the last one of all may not be. Before the first event there is nothing that time changes.
            let mut sql = Sql::new("SELECT COALESCE(MAX(CASE WHEN first <= ");
            sql.bind(number);
            sql.push(" THEN minute + 1 END), MIN(minute)) FROM report_minutes");
            let minute: Option<i64> = one::<(Option<i64>,)>(database, &sql).await?.0;
            let at = minute.and_then(|minute| {
                Timestamp::from_microsecond(minute.checked_mul(MINUTE_US)?).ok()
            });
            Ok(Some(AsOf {
                number,
                at: at.map_or(now, |at| at.min(now)),
            }))
        }
        Moment::Time(at) if at > now => Ok(None),
        Moment::Time(at) => {
            let minute = at.as_microsecond().div_euclid(MINUTE_US);
            let mut sql = Sql::new("SELECT MAX(number) FROM report_minutes WHERE minute < ");
            sql.bind(minute);
            let number = one::<(Option<i64>,)>(database, &sql).await?.0;
            Ok(Some(AsOf {
                number: number.unwrap_or_default(),
                at,
            }))
        }
    }
}

/// The reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReportName {
    /// 進捗
    Progress,
    /// 未完了者
    Incomplete,
    /// 単位分布
    Units,
    /// 審査処理
    Review,
    /// 収支
    Money,
    /// 会員構成
    Members,
    /// 更新見込み
    Forecast,
}

impl ReportName {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 7] = [
        Self::Progress,
        Self::Incomplete,
        Self::Units,
        Self::Review,
        Self::Money,
        Self::Members,
        Self::Forecast,
    ];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Progress => "progress",
            Self::Incomplete => "incomplete",
            Self::Units => "units",
            Self::Review => "review",
            Self::Money => "money",
            Self::Members => "members",
            Self::Forecast => "forecast",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == word)
    }

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Progress => "進捗",
            Self::Incomplete => "未完了者",
            Self::Units => "単位分布",
            Self::Review => "審査処理",
            Self::Money => "収支",
            Self::Members => "会員構成",
            Self::Forecast => "更新見込み",
        }
    }

    /// Whether it is asked of one program or of all.
    pub fn of_a_program(self) -> bool {
        !matches!(self, Self::Members | Self::Forecast)
    }
}

/// What a report is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// When.
    pub as_of: AsOf,
    /// Of this program only.
    pub program: Option<&'a str>,
    /// Every program that is known.
    pub programs: &'a [&'a Program],
}

/// The lists that are behind the figures, and 定型帳票.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListName {
    /// 申請
    Applications,
    /// 会員
    Members,
    /// 請求
    Charges,
    /// 入金（確認済）
    Received,
    /// 入金（未照合）
    Unmatched,
    /// 委員会資料: what is received and awaits a decision, or has one.
    Committee,
    /// 認定者名簿
    Certified,
    /// 未申請者一覧
    NonApplicants,
    /// 未完了者（連絡先）: whom to remind.
    Reminders,
}

impl ListName {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Applications,
        Self::Members,
        Self::Charges,
        Self::Received,
        Self::Unmatched,
        Self::Committee,
        Self::Certified,
        Self::NonApplicants,
        Self::Reminders,
    ];

    /// 定型帳票, in the order of the menu.
    pub const FORMS: [Self; 4] = [
        Self::Committee,
        Self::Certified,
        Self::NonApplicants,
        Self::Reminders,
    ];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applications => "applications",
            Self::Members => "members",
            Self::Charges => "charges",
            Self::Received => "received",
            Self::Unmatched => "unmatched",
            Self::Committee => "committee",
            Self::Certified => "certified",
            Self::NonApplicants => "non-applicants",
            Self::Reminders => "reminders",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == word)
    }

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Applications => "申請の一覧",
            Self::Members => "会員の一覧",
            Self::Charges => "請求の一覧",
            Self::Received => "入金の一覧",
            Self::Unmatched => "未照合の入金の一覧",
            Self::Committee => "委員会資料",
            Self::Certified => "認定者名簿",
            Self::NonApplicants => "未申請者一覧",
            Self::Reminders => "未完了者一覧（連絡先）",
        }
    }

    /// Whether it has a line for each application.
    pub(crate) fn of_applications(self) -> bool {
        matches!(
            self,
            Self::Applications | Self::Committee | Self::Certified | Self::Reminders
        )
    }
}

/// Which lines of a list. Nothing asks for all; what does not apply to a list is not asked of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Program.
    pub program: Option<String>,
    /// This stage or a later one.
    pub stage: Option<Stage>,
    /// 申請
    pub state: Option<DocumentTrack>,
    /// Withdrawn ones only (true), others only (false).
    pub withdrawn: Option<bool>,
    /// Open for the member: 申込済 or 差し戻し.
    pub open: bool,
    /// With documents: all but 筆記試験のみ.
    pub documents: bool,
    /// A code of [`Missing`].
    pub missing: Option<String>,
    /// Fewer 単位 than needed (true), enough (false).
    pub short: Option<bool>,
    /// So many 単位 at least.
    pub units_from: Option<i64>,
    /// Fewer 単位 than this.
    pub units_below: Option<i64>,
    /// The member's time ends after this instant.
    pub closes_after: Option<Timestamp>,
    /// The member's time ends at this instant or before.
    pub closes_upto: Option<Timestamp>,
    /// Sent back once at least.
    pub returned: bool,
    /// Sent back because of this document.
    pub returned_for: Option<DocumentKind>,
    /// Completed for the first time with so many days left at least (-1: too late).
    pub completed_days: Option<i64>,
    /// Standing there: `documents.under_review`, `exam.paid`, `certification.fee_requested`.
    pub stay: Option<String>,
    /// Touched by this account.
    pub actor: Option<String>,
    /// 正規更新年度
    pub regular_year: Option<i64>,
    /// Next renewal: so many at least.
    pub renewal_from: Option<i64>,
    /// Next renewal: so many at most.
    pub renewal_upto: Option<i64>,
    /// 都道府県; empty: not known.
    pub prefecture: Option<String>,
    /// 施設区分
    pub hospital: Option<HospitalKind>,
    /// 専門分野; empty: not known.
    pub speciality: Option<String>,
    /// 年齢階級
    pub age: Option<AgeBand>,
    /// With an application that is neither withdrawn nor certified (true), without one (false).
    pub applied: Option<bool>,
    /// `2026-06`
    pub month: Option<String>,
    /// 費目
    pub item: Option<String>,
}

impl ListFilter {
    /// As it stands in an address.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        let mut params = Vec::new();
        let mut put = |name, value: Option<String>| params.extend(value.map(|value| (name, value)));
        let yes = |is: bool| is.then(|| "yes".to_owned());
        let either = |is: Option<bool>| is.map(|is| if is { "yes" } else { "no" }.to_owned());
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        put("program", self.program.clone());
        put("stage", self.stage.map(|stage| stage.as_str().to_owned()));
        put("state", self.state.map(|state| state.as_str().to_owned()));
        put("withdrawn", either(self.withdrawn));
        put("open", yes(self.open));
        put("documents", yes(self.documents));
        put("missing", self.missing.clone());
        put("short", either(self.short));
        put("units_from", number(self.units_from));
        put("units_below", number(self.units_below));
        put("closes_after", time(self.closes_after));
        put("closes_upto", time(self.closes_upto));
        put("returned", yes(self.returned));
        put(
            "returned_for",
            self.returned_for.map(|kind| kind.slug().to_owned()),
        );
        put("completed_days", number(self.completed_days));
        put("stay", self.stay.clone());
        put("actor", self.actor.clone());
        put("regular_year", number(self.regular_year));
        put("renewal_from", number(self.renewal_from));
        put("renewal_upto", number(self.renewal_upto));
        put("prefecture", self.prefecture.clone());
        put(
            "hospital",
            self.hospital.map(|kind| kind.as_str().to_owned()),
        );
        put("speciality", self.speciality.clone());
        put("age", self.age.map(|age| age.as_str().to_owned()));
        put("applied", either(self.applied));
        put("month", self.month.clone());
        put("item", self.item.clone());
        params
    }

    /// Reads what stands in an address.
    ///
    /// # Errors
    /// The name of what has no meaning here.
    pub fn read<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let mut filter = Self::default();
        for (name, value) in params {
            let wrong = || name.to_owned();
            let yes = || (value == "yes").then_some(true).ok_or_else(wrong);
            let either = || match value {
                "yes" => Ok(Some(true)),
                "no" => Ok(Some(false)),
                _ => Err(wrong()),
            };
            let number = || value.parse::<i64>().map(Some).map_err(|_| wrong());
            // A day that is named belongs to what is before its end.
            let time = || match parse_moment(value) {
                Ok(AskedMoment::Time { ends, .. }) => Ok(Some(ends)),
                _ => Err(wrong()),
            };
            let words = || {
                let fits = value.chars().count() <= 100 && !value.chars().any(char::is_control);
                fits.then(|| Some(value.to_owned())).ok_or_else(wrong)
            };
            match name {
                "program" => filter.program = words()?,
                "stage" => filter.stage = Some(Stage::parse(value).ok_or_else(wrong)?),
                "state" => filter.state = Some(DocumentTrack::parse(value).ok_or_else(wrong)?),
                "withdrawn" => filter.withdrawn = either()?,
                "open" => filter.open = yes()?,
                "documents" => filter.documents = yes()?,
                "missing" => {
                    filter.missing = Some(Missing::read(value).ok_or_else(wrong)?.code);
                }
                "short" => filter.short = either()?,
                "units_from" => filter.units_from = number()?,
                "units_below" => filter.units_below = number()?,
                "closes_after" => filter.closes_after = time()?,
                "closes_upto" => filter.closes_upto = time()?,
                "returned" => filter.returned = yes()?,
                "returned_for" => {
                    filter.returned_for = Some(DocumentKind::from_slug(value).ok_or_else(wrong)?);
                }
                "completed_days" => filter.completed_days = number()?,
                "stay" => filter.stay = words()?,
                "actor" => filter.actor = words()?,
                "regular_year" => filter.regular_year = number()?,
                "renewal_from" => filter.renewal_from = number()?,
                "renewal_upto" => filter.renewal_upto = number()?,
                "prefecture" => {
                    let known = value.is_empty() || PREFECTURES.contains(&value);
                    filter.prefecture = Some(known.then(|| value.to_owned()).ok_or_else(wrong)?);
                }
                "hospital" => filter.hospital = Some(HospitalKind::parse(value).ok_or_else(wrong)?),
                "speciality" => filter.speciality = words()?,
                "age" => filter.age = Some(AgeBand::parse(value).ok_or_else(wrong)?),
                "applied" => filter.applied = either()?,
                "month" => filter.month = words()?,
                "item" => filter.item = words()?,
                _ => return Err(wrong()),
            }
        }
        Ok(filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_as_it_is_written() {
        let filter = ListFilter {
            program: Some("p".to_owned()),
            stage: Some(Stage::Completed),
            state: Some(DocumentTrack::Returned),
            withdrawn: Some(false),
            open: true,
            documents: true,
            missing: Some("units_short".to_owned()),
            short: Some(true),
            units_from: Some(10),
            units_below: Some(20),
            closes_after: Some(Timestamp::UNIX_EPOCH),
            closes_upto: Some(Timestamp::UNIX_EPOCH),
            returned: true,
            returned_for: Some(DocumentKind::Papers),
            completed_days: Some(-1),
            stay: Some("documents.returned".to_owned()),
            actor: Some("secretariat:demo".to_owned()),
            regular_year: Some(2027),
            renewal_from: Some(1),
            renewal_upto: Some(3),
            prefecture: Some(String::new()),
            hospital: Some(HospitalKind::Clinic),
            speciality: Some("腫瘍内科".to_owned()),
            age: Some(AgeBand::Forties),
            applied: Some(false),
            month: Some("2026-06".to_owned()),
            item: Some("exam_fee".to_owned()),
        };
        let params = filter.params();
        let read = ListFilter::read(params.iter().map(|(name, value)| (*name, value.as_str())));
        assert_eq!(read.unwrap(), filter);
        assert_eq!(ListFilter::read([]).unwrap(), ListFilter::default());
    }

    #[test]
    fn what_has_no_meaning_is_named() {
        for (name, value) in [
            ("stage", "gone"),
            ("units_from", "many"),
            ("open", "no"),
            ("prefecture", "東京"),
            ("speciality", "a\u{0}"),
            ("order", "by name; DROP"),
        ] {
            assert_eq!(ListFilter::read([(name, value)]).unwrap_err(), name);
        }
    }
}
