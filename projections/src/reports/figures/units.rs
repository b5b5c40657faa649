//! 未完了者 and 単位分布

use std::collections::BTreeMap;

use domain::reporting::{UnitBand, percentile_place, share};
use eventstore::Database;

use super::progress::count;
use super::{Chart, Figure, ReportTable, applications, grouped};
use crate::error::Result;
use crate::reports::lists::{OPEN_FOR_MEMBER, closing_bounds};
use crate::reports::question::{ListFilter, ListName, Question};
use crate::reports::table::{Column, Kind};
use crate::views::instant;
use crate::worklist::Missing;

/// Days left, both included; the first: none left.
const DAYS: [(Option<(i64, i64)>, &str); 6] = [
    (None, "期限切れ"),
    (Some((0, 3)), "3日以内"),
    (Some((4, 7)), "4〜7日"),
    (Some((8, 14)), "8〜14日"),
    (Some((15, 30)), "15〜30日"),
    (Some((31, 36_500)), "31日以上"),
];

/// How many open applications lack each thing.
async fn lacking(database: &Database, question: &Question<'_>) -> Result<Vec<(Missing, i64)>> {
    let mut sql = applications("a.missing, COUNT(*)", question);
    sql.push(OPEN_FOR_MEMBER).push(" AND a.missing <> 0");
    let counts: Vec<(i64, i64)> = grouped(database, sql, "a.missing").await?;
    Ok(Missing::codes()
        .iter()
        .map(|missing| {
            let bit = Missing::bits([missing.code.as_str()]);
            let lacking = counts.iter().filter(|(bits, _)| bits & bit != 0);
            (missing.clone(), lacking.map(|(_, count)| count).sum())
        })
        .collect())
}

fn lacking_table(question: &Question<'_>, lacking: Vec<(Missing, i64)>) -> ReportTable {
    let rows = lacking
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(missing, count)| {
            let filter = ListFilter {
                open: true,
                missing: Some(missing.code),
                ..question.filter()
            };
            vec![
                Figure::text(missing.label),
                Figure::counted(count, ListName::Applications, filter),
            ]
        })
        .collect();
    ReportTable {
        key: "missing",
        title: "不足している項目",
        note: Some(
            "入力できる状態（申込済、修正のお願い）の申請について数えます。一つの申請に複数の不足があれば、それぞれに数えます。",
        ),
        columns: vec![
            Column::new("missing", "項目", Kind::Text),
            Column::new("count", "件数", Kind::Count),
        ],
        rows,
        apart: 0,
        chart: Some(Chart::Bars(1)),
    }
}

/// 未完了者
pub(super) async fn incomplete(
    database: &Database,
    question: &Question<'_>,
) -> Result<Vec<ReportTable>> {
    // PostgreSQL takes what is written for an int of four bytes.
    const LACKS: &str = "CAST(CASE WHEN a.missing <> 0 THEN 1 ELSE 0 END AS bigint)";
    let mut sql = applications(&format!("a.closes_at, {LACKS}, COUNT(*)"), question);
    sql.push(OPEN_FOR_MEMBER)
        .push(" AND a.closes_at IS NOT NULL");
    let counts: Vec<(i64, i64, i64)> =
        grouped(database, sql, &format!("a.closes_at, {LACKS}")).await?;
    let at = question.as_of.at;
    let mut rows = Vec::new();
    for (days, label) in DAYS {
        let bounds = match days {
            None => Some((None, Some(at))),
            Some(days) => closing_bounds(at, days).map(|(after, upto)| (Some(after), Some(upto))),
        };
        let Some((closes_after, closes_upto)) = bounds else {
            continue;
        };
        let mut sums = [0; 2];
        for (closes_at, lacks, count) in &counts {
            let closes_at = instant(*closes_at)?;
            if closes_after.is_none_or(|after| closes_at > after)
                && closes_upto.is_none_or(|upto| closes_at <= upto)
            {
                sums[usize::from(*lacks != 0)] += count;
            }
        }
        let filter = ListFilter {
            open: true,
            closes_after,
            closes_upto,
            ..question.filter()
        };
        let [ready, lacking] = sums;
        rows.push(vec![
            Figure::text(label),
            Figure::counted(ready + lacking, ListName::Applications, filter.clone()),
            Figure::counted(
                lacking,
                ListName::Reminders,
                ListFilter {
                    withdrawn: None,
                    open: false,
                    ..filter
                },
            ),
            Figure::number(ready),
        ]);
    }
    let days = ReportTable {
        key: "days_left",
        title: "残り日数別の未完了者",
        note: Some(
            "不足のある方の人数から、連絡先の一覧を開けます。不足のない方は、申請を完了するだけの状態です。",
        ),
        columns: vec![
            Column::new("days", "残り日数", Kind::Text),
            Column::new("count", "未完了", Kind::Count),
            Column::new("lacking", "うち不足あり", Kind::Count),
            Column::new("ready", "うち不足なし", Kind::Count),
        ],
        rows,
        apart: 0,
        chart: Some(Chart::Groups(&[2, 3])),
    };
    let lacking = lacking(database, question).await?;
    Ok(vec![days, lacking_table(question, lacking)])
}

/// 単位分布
pub(super) async fn distribution(
    database: &Database,
    question: &Question<'_>,
) -> Result<Vec<ReportTable>> {
    let mut sql = applications("a.units, a.required, COUNT(*)", question);
    sql.push(" AND a.document_track <> 'not_applied'");
    let counts: Vec<(i64, i64, i64)> = grouped(database, sql, "a.units, a.required").await?;
    let mut lacking = lacking(database, question).await?;
    // What fails most comes first.
    lacking.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Ok(vec![
        bands(question, &counts),
        summary(question, &counts)?,
        ReportTable {
            title: "満たされていない要件",
            ..lacking_table(question, lacking)
        },
    ])
}

fn bands(question: &Question<'_>, counts: &[(i64, i64, i64)]) -> ReportTable {
    let mut sums: BTreeMap<UnitBand, (i64, i64)> = BTreeMap::new();
    for (units, required, count) in counts {
        let band = UnitBand::of(u32::try_from(*units).unwrap_or_default());
        let (all, short) = sums.entry(band).or_default();
        *all += count;
        *short += if units < required { *count } else { 0 };
    }
    let rows = UnitBand::all()
        .map(|band| {
            let (first, after) = band.bounds();
            let (count, short) = sums.get(&band).copied().unwrap_or_default();
            let filter = ListFilter {
                documents: true,
                units_from: Some(i64::from(first)),
                units_below: after.map(i64::from),
                ..question.filter()
            };
            vec![
                Figure::text(band.label()),
                Figure::counted(count, ListName::Applications, filter.clone()),
                Figure::counted(
                    short,
                    ListName::Applications,
                    ListFilter {
                        short: Some(true),
                        ..filter
                    },
                ),
            ]
        })
        .collect();
    // The line stands before the first band with somebody who has enough; where programs ask for different sums, there is none.
    let required: Vec<i64> = counts.iter().map(|(_, required, _)| *required).collect();
    let same = required.windows(2).all(|pair| pair[0] == pair[1]);
    let line = required
        .first()
        .filter(|required| same && **required > 0)
        .and_then(|required| u32::try_from(*required).ok())
        .map(|required| usize::from(UnitBand::of(required).place()));
    ReportTable {
        key: "bands",
        title: "単位の分布",
        note: Some(
            "筆記試験のみの申込と取下げは含みません。事務局欄で調整された単位は、調整後の単位（認められた単位）で数えます。",
        ),
        columns: vec![
            Column::new("band", "認められた単位", Kind::Text),
            Column::new("count", "件数", Kind::Count),
            Column::new("short", "うち不足", Kind::Count),
        ],
        rows,
        apart: 0,
        chart: Some(Chart::Histogram(1, line)),
    }
}

fn summary(question: &Question<'_>, counts: &[(i64, i64, i64)]) -> Result<ReportTable> {
    let total: i64 = counts.iter().map(|(_, _, count)| count).sum();
    let short: i64 = counts
        .iter()
        .filter(|(units, required, _)| units < required)
        .map(|(_, _, count)| count)
        .sum();
    let percentile = |percent: u8| -> Result<Option<i64>> {
        let Some(mut place) = percentile_place(count(total)?, percent) else {
            return Ok(None);
        };
        // In the order of the units, as they were asked for.
        for (units, _, many) in counts {
            let many = count(*many)?;
            if place < many {
                return Ok(Some(*units));
            }
            place -= many;
        }
        Ok(None)
    };
    let documents = ListFilter {
        documents: true,
        ..question.filter()
    };
    let of = |is_short: bool| ListFilter {
        short: Some(is_short),
        ..documents.clone()
    };
    let row = |label: &str, number: Figure, part: Option<i64>| {
        vec![Figure::text(label), number, Figure::maybe(part)]
    };
    let part = |number: i64| -> Result<Option<i64>> { Ok(share(count(number)?, count(total)?)) };
    Ok(ReportTable {
        key: "summary",
        title: "まとめ",
        note: Some("百分位は、その割合の申請が超えない最小の単位です。"),
        columns: vec![
            Column::new("figure", "項目", Kind::Text),
            Column::new("number", "値", Kind::Count),
            Column::new("share", "割合", Kind::Share),
        ],
        rows: vec![
            row(
                "申請",
                Figure::counted(total, ListName::Applications, documents.clone()),
                part(total)?,
            ),
            row(
                "単位が足りている申請",
                Figure::counted(total - short, ListName::Applications, of(false)),
                part(total - short)?,
            ),
            row(
                "単位が不足している申請",
                Figure::counted(short, ListName::Applications, of(true)),
                part(short)?,
            ),
            row(
                "単位の25パーセンタイル",
                Figure::maybe(percentile(25)?),
                None,
            ),
            row("単位の中央値", Figure::maybe(percentile(50)?), None),
            row(
                "単位の75パーセンタイル",
                Figure::maybe(percentile(75)?),
                None,
            ),
        ],
        apart: 0,
        chart: None,
    })
}
