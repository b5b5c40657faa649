//! 会員構成 and 更新見込み

use std::collections::BTreeMap;

use domain::calendar::{FiscalYear, jst_date};
use domain::reporting::{AgeBand, HospitalKind, PREFECTURES, share, withheld};
use eventstore::Database;
use jiff::civil::Date;

use super::progress::count;
use super::{Chart, Figure, ReportTable, grouped};
use crate::error::Result;
use crate::reports::question::{ListFilter, ListName, Question};
use crate::reports::sql::Sql;
use crate::reports::table::{Cell, Column, Kind};

/// Years of 更新見込み, the running one included.
const YEARS: i16 = 5;

fn people(select: &str, question: &Question<'_>) -> Sql {
    let mut sql = Sql::new(format!("SELECT {select} FROM report_members m WHERE"));
    sql.at("m", question.as_of);
    sql
}

/// How many members have each word in this column.
async fn words(
    database: &Database,
    question: &Question<'_>,
    column: &str,
) -> Result<Vec<(String, i64)>> {
    let sql = people(&format!("{column}, COUNT(*)"), question);
    grouped(database, sql, column).await
}

fn number(words: &[(String, i64)], word: &str) -> i64 {
    words
        .iter()
        .find(|(of, _)| of == word)
        .map_or(0, |(_, count)| *count)
}

/// What has no name of its own.
fn label(word: &str) -> String {
    if word.is_empty() { "不明" } else { word }.to_owned()
}

type Counts = Vec<(String, i64, ListFilter)>;

fn ages(births: &[(String, i64)], on: Date) -> Counts {
    let mut ages: BTreeMap<AgeBand, i64> = BTreeMap::new();
    for (birth, count) in births {
        let band = AgeBand::of(birth.parse::<Date>().ok(), on);
        *ages.entry(band).or_default() += count;
    }
    AgeBand::ALL
        .into_iter()
        .map(|band| {
            let filter = ListFilter {
                age: Some(band),
                ..ListFilter::default()
            };
            let count = ages.get(&band).copied().unwrap_or_default();
            (band.label().to_owned(), count, filter)
        })
        .collect()
}

/// Those where somebody works.
fn prefectures(words: &[(String, i64)]) -> Counts {
    PREFECTURES
        .into_iter()
        .chain([""])
        .map(|prefecture| {
            let filter = ListFilter {
                prefecture: Some(prefecture.to_owned()),
                ..ListFilter::default()
            };
            (label(prefecture), number(words, prefecture), filter)
        })
        .filter(|(_, count, _)| *count > 0)
        .collect()
}

fn hospitals(words: &[(String, i64)]) -> Counts {
    HospitalKind::ALL
        .into_iter()
        .map(|kind| {
            let filter = ListFilter {
                hospital: Some(kind),
                ..ListFilter::default()
            };
            let count = number(words, kind.as_str());
            (kind.label().to_owned(), count, filter)
        })
        .collect()
}

fn specialities(mut words: Vec<(String, i64)>) -> Counts {
    // A database orders texts by its own locale, and the place decides which of them are withheld.
    words.sort_unstable();
    words
        .into_iter()
        .map(|(speciality, count)| {
            let label = label(&speciality);
            let filter = ListFilter {
                speciality: Some(speciality),
                ..ListFilter::default()
            };
            (label, count, filter)
        })
        .collect()
}

/// 会員構成
pub(super) async fn members(
    database: &Database,
    question: &Question<'_>,
) -> Result<Vec<ReportTable>> {
    let births = words(database, question, "m.birth_date").await?;
    let ways = [
        Way {
            key: "ages",
            title: "年齢階級",
            counts: ages(&births, jst_date(question.as_of.at)),
            is_free_text: false,
        },
        Way {
            key: "prefectures",
            title: "都道府県（所属施設）",
            counts: prefectures(&words(database, question, "m.prefecture").await?),
            is_free_text: false,
        },
        Way {
            key: "hospitals",
            title: "施設区分",
            counts: hospitals(&words(database, question, "m.hospital").await?),
            is_free_text: false,
        },
        Way {
            key: "specialities",
            title: "専門分野",
            counts: specialities(words(database, question, "m.speciality").await?),
            is_free_text: true,
        },
    ];
    // All ways count the same members: a total that one may not tell is told by none, nor anything that adds up to it.
    let mut is_total_told = true;
    for way in &ways {
        is_total_told &= way.is_free_text || withheld(&way.numbers()?).is_some();
    }
    ways.into_iter()
        .map(|way| way.table(is_total_told))
        .collect()
}

/// One way of counting all members.
struct Way {
    key: &'static str,
    title: &'static str,
    counts: Counts,
    /// 専門分野 is free text, which may itself tell who it is: those that are withheld are one row.
    is_free_text: bool,
}

impl Way {
    fn numbers(&self) -> Result<Vec<u64>> {
        let counts = self.counts.iter();
        counts.map(|(_, number, _)| count(*number)).collect()
    }

    /// What the rule withholds is not told, and has no list behind it.
    fn table(self, is_total_told: bool) -> Result<ReportTable> {
        let numbers = self.numbers()?;
        let total: u64 = numbers.iter().sum();
        // Nothing is left to hide behind: of free text nothing is told but how many there are in all.
        let untold = withheld(&numbers)
            .filter(|_| is_total_told)
            .unwrap_or_else(|| vec![true; numbers.len()]);
        let mut rows = Vec::new();
        let mut gathered = 0;
        for ((label, number, filter), is_untold) in self.counts.into_iter().zip(untold) {
            if is_untold && self.is_free_text {
                gathered += number;
            } else if is_untold {
                let withheld = || Figure::of(Cell::Withheld);
                rows.push(vec![Figure::text(label), withheld(), withheld()]);
            } else {
                rows.push(vec![
                    Figure::text(label),
                    Figure::counted(number, ListName::Members, filter),
                    Figure::maybe(share(count(number)?, total)),
                ]);
            }
        }
        if gathered > 0 && is_total_told {
            rows.push(vec![
                Figure::text("その他"),
                Figure::number(gathered),
                Figure::maybe(share(count(gathered)?, total)),
            ]);
        }
        let all = if is_total_told {
            let all = i64::try_from(total).unwrap_or(i64::MAX);
            Figure::counted(all, ListName::Members, ListFilter::default())
        } else {
            Figure::of(Cell::Withheld)
        };
        rows.push(vec![Figure::text("合計"), all, Figure::of(Cell::Empty)]);
        Ok(ReportTable {
            key: self.key,
            title: self.title,
            note: Some("5人未満の区分は秘匿し、引き算で分かる場合は他の区分も秘匿します。"),
            columns: vec![
                Column::new("category", self.title, Kind::Text),
                Column::new("count", "人数", Kind::Count),
                Column::new("share", "割合", Kind::Share),
            ],
            rows,
            apart: 1,
            chart: Some(Chart::Bars(1)),
        })
    }
}

/// 更新見込み
pub(super) async fn forecast(
    database: &Database,
    question: &Question<'_>,
) -> Result<Vec<ReportTable>> {
    let this_year = FiscalYear::of(jst_date(question.as_of.at)).0;
    // Whose year of grace it is has not renewed and still may.
    let grace = question
        .programs
        .iter()
        .map(|program| program.rules.eligibility.grace_years)
        .max()
        .unwrap_or(0);
    let first = this_year.saturating_sub(grace);
    let mut sql = Sql::new(
        "SELECT m.regular_year, m.renewal, CAST(CASE WHEN a.units IS NULL THEN 0 ELSE 1 END AS bigint) AS applied, \
                COALESCE(a.units, m.seminar_units) AS units, COUNT(*) \
           FROM report_members m LEFT JOIN \
                (SELECT a.member, MAX(a.units) AS units FROM report_applications a WHERE",
    );
    sql.at("a", question.as_of)
        .push(" AND a.withdrawn = 0")
        .and(
            "a.stage <",
            i64::from(domain::reporting::Stage::Certified.place()),
        )
        .push(" GROUP BY a.member) a ON a.member = m.member WHERE");
    sql.at("m", question.as_of)
        .and("m.regular_year >=", i64::from(first))
        .and("m.regular_year <", i64::from(this_year + YEARS));
    let counts: Vec<Coming> = grouped(database, sql, "1, 2, 3, 4").await?;
    let years: Vec<Year> = (first..this_year + YEARS)
        .map(|year| Year {
            year: i64::from(year),
            label: if year < this_year {
                format!("{year}年度（猶予）")
            } else {
                format!("{year}年度")
            },
        })
        .collect();
    Ok(vec![due(&years, &counts), current_units(&years, &counts)])
}

/// 正規更新年度 with its words.
struct Year {
    year: i64,
    label: String,
}

/// 正規更新年度, renewal, whether an application is under way, 単位, and how many members.
type Coming = (i64, i64, i64, i64, i64);

fn sum(counts: &[Coming], year: i64, which: impl Fn(&Coming) -> bool) -> i64 {
    let those = counts.iter().filter(|row| row.0 == year && which(row));
    those.map(|row| row.4).sum()
}

fn due(years: &[Year], counts: &[Coming]) -> ReportTable {
    let rows = years.iter().map(|Year { year, label }| {
        let filter = ListFilter {
            regular_year: Some(*year),
            ..ListFilter::default()
        };
        let list =
            |number: i64, filter: ListFilter| Figure::counted(number, ListName::Members, filter);
        vec![
            Figure::text(label.as_str()),
            list(sum(counts, *year, |_| true), filter.clone()),
            list(
                sum(counts, *year, |row| row.1 <= 3),
                ListFilter {
                    renewal_upto: Some(3),
                    ..filter.clone()
                },
            ),
            list(
                sum(counts, *year, |row| row.1 >= 4),
                ListFilter {
                    renewal_from: Some(4),
                    ..filter.clone()
                },
            ),
            list(
                sum(counts, *year, |row| row.2 != 0),
                ListFilter {
                    applied: Some(true),
                    ..filter
                },
            ),
        ]
    });
    ReportTable {
        key: "due",
        title: "今後5年度と猶予年度の更新対象者",
        note: Some(
            "直近認定日から数えた正規更新年度で数えます。（猶予）は、正規更新年度に更新されていない、猶予年度の方です。手続き中は、取下げも認定もされていない申請のある方です。",
        ),
        columns: vec![
            Column::new("year", "正規更新年度", Kind::Text),
            Column::new("due", "対象者", Kind::Count),
            Column::new("first_to_third", "更新1〜3回目", Kind::Count),
            Column::new("fourth_on", "更新4回目以降", Kind::Count),
            Column::new("applied", "手続き中", Kind::Count),
        ],
        rows: rows.collect(),
        apart: 0,
        chart: Some(Chart::Groups(&[2, 3])),
    }
}

fn current_units(years: &[Year], counts: &[Coming]) -> ReportTable {
    let rows = years.iter().map(|Year { year, label }| {
        let mut row = vec![Figure::text(label.as_str())];
        row.extend(UNITS.map(|(first, after)| {
            Figure::number(sum(counts, *year, |row| {
                row.3 >= first && after.is_none_or(|after| row.3 < after)
            }))
        }));
        row
    });
    let mut columns = vec![Column::new("year", "正規更新年度", Kind::Text)];
    let keys = ["none", "to_19", "to_29", "to_39", "to_49", "from_50"];
    for (key, (first, after)) in keys.into_iter().zip(UNITS) {
        columns.push(Column::new(
            key,
            match after {
                Some(1) => "0単位".to_owned(),
                Some(after) => format!("{first}〜{}単位", after - 1),
                None => format!("{first}単位以上"),
            },
            Kind::Count,
        ));
    }
    ReportTable {
        key: "units",
        title: "更新対象者の現在の単位",
        note: Some(
            "手続き中の方は申請の認められた単位、それ以外の方は直近認定日以後の当会セミナーの単位です。",
        ),
        columns,
        rows: rows.collect(),
        apart: 0,
        chart: None,
    }
}

/// 単位 in the forecast: from, and below.
const UNITS: [(i64, Option<i64>); 6] = [
    (0, Some(1)),
    (1, Some(20)),
    (20, Some(30)),
    (30, Some(40)),
    (40, Some(50)),
    (50, None),
];
