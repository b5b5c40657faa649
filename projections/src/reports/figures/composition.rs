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

/// 会員構成
pub(super) async fn members(
    database: &Database,
    question: &Question<'_>,
) -> Result<Vec<ReportTable>> {
    let on = jst_date(question.as_of.at);
    let births: Vec<(String, i64)> = grouped(
        database,
        people("m.birth_date, COUNT(*)", question),
        "m.birth_date",
    )
    .await?;
    let mut ages: BTreeMap<AgeBand, i64> = BTreeMap::new();
    for (birth, count) in births {
        *ages
            .entry(AgeBand::of(birth.parse::<Date>().ok(), on))
            .or_default() += count;
    }
    let prefectures: Vec<(String, i64)> = grouped(
        database,
        people("m.prefecture, COUNT(*)", question),
        "m.prefecture",
    )
    .await?;
    let hospitals: Vec<(String, i64)> = grouped(
        database,
        people("m.hospital, COUNT(*)", question),
        "m.hospital",
    )
    .await?;
    let specialities: Vec<(String, i64)> = grouped(
        database,
        people("m.speciality, COUNT(*)", question),
        "m.speciality",
    )
    .await?;
    let number = |counts: &[(String, i64)], word: &str| {
        counts
            .iter()
            .find(|(of, _)| of == word)
            .map_or(0, |(_, count)| *count)
    };
    let ages = AgeBand::ALL.into_iter().map(|band| {
        let filter = ListFilter {
            age: Some(band),
            ..ListFilter::default()
        };
        let count = ages.get(&band).copied().unwrap_or_default();
        (band.label().to_owned(), count, filter)
    });
    let prefectures = PREFECTURES.into_iter().chain([""]).map(|prefecture| {
        let label = if prefecture.is_empty() {
            "不明"
        } else {
            prefecture
        };
        let filter = ListFilter {
            prefecture: Some(prefecture.to_owned()),
            ..ListFilter::default()
        };
        (label.to_owned(), number(&prefectures, prefecture), filter)
    });
    let hospitals = HospitalKind::ALL.into_iter().map(|kind| {
        let filter = ListFilter {
            hospital: Some(kind),
            ..ListFilter::default()
        };
        (
            kind.label().to_owned(),
            number(&hospitals, kind.as_str()),
            filter,
        )
    });
    let specialities = specialities.iter().map(|(speciality, count)| {
        let label = if speciality.is_empty() {
            "不明"
        } else {
            speciality
        };
        let filter = ListFilter {
            speciality: Some(speciality.clone()),
            ..ListFilter::default()
        };
        (label.to_owned(), *count, filter)
    });
    Ok(vec![
        composition("ages", "年齢階級", ages.collect(), false)?,
        composition(
            "prefectures",
            "都道府県（所属施設）",
            prefectures.filter(|(_, count, _)| *count > 0).collect(),
            false,
        )?,
        composition("hospitals", "施設区分", hospitals.collect(), false)?,
        composition("specialities", "専門分野", specialities.collect(), true)?,
    ])
}

/// One way of counting all members. What the rule withholds is not told, and has no list behind it. 専門分野 is free text, which may
/// itself tell who it is: those that are withheld are one row.
fn composition(
    key: &'static str,
    title: &'static str,
    counts: Vec<(String, i64, ListFilter)>,
    free_text: bool,
) -> Result<ReportTable> {
    let numbers: Vec<u64> = counts
        .iter()
        .map(|(_, number, _)| count(*number))
        .collect::<Result<_>>()?;
    let total: u64 = numbers.iter().sum();
    let untold = withheld(&numbers);
    let all = i64::try_from(total).unwrap_or(i64::MAX);
    let mut rows = Vec::new();
    let mut gathered = 0;
    for (place, (label, number, filter)) in counts.into_iter().enumerate() {
        let is_untold = untold
            .as_ref()
            .is_none_or(|untold| untold.get(place).copied().unwrap_or(true));
        if is_untold && free_text {
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
    if gathered > 0 && untold.is_some() {
        rows.push(vec![
            Figure::text("その他"),
            Figure::number(gathered),
            Figure::maybe(share(count(gathered)?, total)),
        ]);
    }
    rows.push(vec![
        Figure::text("合計"),
        match &untold {
            Some(_) => Figure::counted(all, ListName::Members, ListFilter::default()),
            None => Figure::of(Cell::Withheld),
        },
        Figure::of(Cell::Empty),
    ]);
    Ok(ReportTable {
        key,
        title,
        note: Some("5人未満の区分は秘匿し、引き算で分かる場合は他の区分も秘匿します。"),
        columns: vec![
            Column::new("category", title, Kind::Text),
            Column::new("count", "人数", Kind::Count),
            Column::new("share", "割合", Kind::Share),
        ],
        rows,
        apart: 1,
        chart: Some(Chart::Bars(1)),
    })
}

/// 更新見込み
pub(super) async fn forecast(
    database: &Database,
    question: &Question<'_>,
) -> Result<Vec<ReportTable>> {
    let this_year = FiscalYear::of(jst_date(question.as_of.at)).0;
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
        .and("m.regular_year >=", i64::from(this_year))
        .and("m.regular_year <", i64::from(this_year + YEARS));
    let counts: Vec<(i64, i64, i64, i64, i64)> = grouped(database, sql, "1, 2, 3, 4").await?;
    let years = (0..YEARS).map(|later| i64::from(this_year + later));
    let mut due = Vec::new();
    let mut bands = Vec::new();
    for year in years {
        let of = || counts.iter().filter(|(of, _, _, _, _)| *of == year);
        let sum = |which: &dyn Fn(&(i64, i64, i64, i64, i64)) -> bool| -> i64 {
            of().filter(|row| which(row)).map(|row| row.4).sum()
        };
        let filter = ListFilter {
            regular_year: Some(year),
            ..ListFilter::default()
        };
        let list =
            |number: i64, change: ListFilter| Figure::counted(number, ListName::Members, change);
        due.push(vec![
            Figure::text(format!("{year}年度")),
            list(sum(&|_| true), filter.clone()),
            list(
                sum(&|row| row.1 <= 3),
                ListFilter {
                    renewal_upto: Some(3),
                    ..filter.clone()
                },
            ),
            list(
                sum(&|row| row.1 >= 4),
                ListFilter {
                    renewal_from: Some(4),
                    ..filter.clone()
                },
            ),
            list(
                sum(&|row| row.2 != 0),
                ListFilter {
                    applied: Some(true),
                    ..filter
                },
            ),
        ]);
        let mut row = vec![Figure::text(format!("{year}年度"))];
        for (first, after) in UNITS {
            row.push(Figure::number(sum(&|row| {
                row.3 >= first && after.is_none_or(|after| row.3 < after)
            })));
        }
        bands.push(row);
    }
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
    Ok(vec![
        ReportTable {
            key: "due",
            title: "今後5年度の更新対象者",
            note: Some(
                "直近認定日から数えた正規更新年度で数えます。手続き中は、取下げも認定もされていない申請のある方です。",
            ),
            columns: vec![
                Column::new("year", "正規更新年度", Kind::Text),
                Column::new("due", "対象者", Kind::Count),
                Column::new("first_to_third", "更新1〜3回目", Kind::Count),
                Column::new("fourth_on", "更新4回目以降", Kind::Count),
                Column::new("applied", "手続き中", Kind::Count),
            ],
            rows: due,
            apart: 0,
            chart: Some(Chart::Groups(&[2, 3])),
        },
        ReportTable {
            key: "units",
            title: "更新対象者の現在の単位",
            note: Some(
                "手続き中の方は申請の単位、それ以外の方は直近認定日以後の当会セミナーの単位です。",
            ),
            columns,
            rows: bands,
            apart: 0,
            chart: None,
        },
    ])
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
