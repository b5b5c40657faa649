//! 審査処理

use std::collections::BTreeSet;

use domain::documents::DocumentKind;
use domain::reporting::{percentile_place, share};
use eventstore::Database;

use super::progress::count;
use super::{Chart, Figure, ReportTable, applications, grouped};
use crate::application_status::{DocumentTrack, ExamTrack};
use crate::error::Result;
use crate::reports::question::{ListFilter, ListName, Question};
use crate::reports::sql::{Sql, all, one};
use crate::reports::table::{Column, Kind};
use crate::worklist::CertificationTrack;

const DAY_US: i64 = 86_400_000_000;

/// The states in which something waits, in the order of the way: track, word, label, and for whom.
fn states() -> [(&'static str, &'static str, &'static str, &'static str); 9] {
    let documents = |track: DocumentTrack, who| ("documents", track.as_str(), track.label(), who);
    let certification =
        |track: CertificationTrack, who| ("certification", track.as_str(), track.label(), who);
    [
        documents(DocumentTrack::Drafting, "会員"),
        documents(DocumentTrack::UnderReview, "事務局"),
        documents(DocumentTrack::Returned, "会員"),
        documents(DocumentTrack::Accepted, "委員会"),
        (
            "exam",
            ExamTrack::AwaitingPayment.as_str(),
            "受験料の入金待ち",
            "会員",
        ),
        (
            "exam",
            ExamTrack::Paid.as_str(),
            "筆記試験の結果待ち",
            "事務局",
        ),
        certification(CertificationTrack::Approved, "事務局"),
        certification(CertificationTrack::FeeRequested, "会員"),
        certification(CertificationTrack::FeePaid, "事務局"),
    ]
}

/// What is done to an application, in groups for the table.
const GROUPS: [(&str, &str, &[&str]); 5] = [
    (
        "checks",
        "確認",
        &["ItemChecked", "UnitsAdjusted", "ProofRecorded"],
    ),
    ("returns", "差し戻し", &["ReturnedForCorrection"]),
    ("accepted", "書類受理", &["DocumentsAccepted"]),
    (
        "decisions",
        "判定",
        &[
            "ReviewPassed",
            "ReviewFailed",
            "DecisionRevoked",
            "ExamResultRecorded",
            "ExamResultRetracted",
            "CertificationApproved",
            "Certified",
            "Deferred",
            "Lapsed",
            "DecisionUndone",
        ],
    ),
    (
        "payments",
        "入金",
        &[
            "PaymentConfirmed",
            "PaymentReversed",
            "CertificationFeeRequested",
        ],
    ),
];

/// Whole days of so many microseconds. The clocks of two nodes differ a little: what ends before it begins took no time.
fn days(us: i64) -> i64 {
    us.div_euclid(DAY_US).max(0)
}

pub(super) async fn tables(
    database: &Database,
    question: &Question<'_>,
) -> Result<Vec<ReportTable>> {
    Ok(vec![
        waiting(database, question).await?,
        returned(database, question).await?,
        reasons(database, question).await?,
        load(database, question).await?,
    ])
}

async fn waiting(database: &Database, question: &Question<'_>) -> Result<ReportTable> {
    let mut rows = Vec::new();
    let over = |track: &str, state: &str, select: &str| {
        let mut sql = Sql::new(format!("SELECT {select} FROM report_stays s WHERE 1 = 1"));
        sql.and("s.track =", track).and("s.state =", state);
        sql.at_program("s", question.program);
        sql.and("s.until <=", question.as_of.number);
        sql
    };
    let mut open =
        Sql::new("SELECT s.track, s.state, COUNT(*), MIN(s.since_at) FROM report_stays s WHERE");
    open.at("s", question.as_of);
    open.at_program("s", question.program);
    let open: Vec<(String, String, i64, i64)> = grouped(database, open, "s.track, s.state").await?;
    for (track, state, label, who) in states() {
        let finished = one::<(i64,)>(database, &over(track, state, "COUNT(*)"))
            .await?
            .0;
        let mut row = vec![
            Figure::text(label),
            Figure::text(who),
            Figure::number(finished),
        ];
        for percent in [50, 90, 95] {
            let days = match percentile_place(count(finished)?, percent) {
                None => None,
                Some(place) => {
                    let mut sql = over(track, state, "s.until_at - s.since_at");
                    sql.push(" ORDER BY s.until_at - s.since_at LIMIT 1 OFFSET ");
                    sql.bind(i64::try_from(place).unwrap_or(i64::MAX));
                    let took: Vec<(i64,)> = all(database, &sql).await?;
                    took.first().map(|(took,)| days(*took))
                }
            };
            row.push(Figure::maybe(days));
        }
        let waiting = open
            .iter()
            .find(|(of, word, _, _)| of == track && word == state);
        let filter = ListFilter {
            stay: Some(format!("{track}.{state}")),
            ..question.filter()
        };
        row.push(Figure::counted(
            waiting.map_or(0, |(_, _, count, _)| *count),
            ListName::Applications,
            filter,
        ));
        row.push(Figure::maybe(waiting.map(|(_, _, _, since)| {
            days(question.as_of.at.as_microsecond() - since)
        })));
        rows.push(row);
    }
    Ok(ReportTable {
        key: "waiting",
        title: "状態ごとの待ち時間",
        note: Some(
            "日数は24時間ごとに切り捨てます。百分位は、終わったもののうちその割合が超えない最小の日数です。",
        ),
        columns: vec![
            Column::new("state", "状態", Kind::Text),
            Column::new("who", "待つ相手", Kind::Text),
            Column::new("finished", "終わった件数", Kind::Count),
            Column::new("p50", "中央値", Kind::Days),
            Column::new("p90", "90パーセンタイル", Kind::Days),
            Column::new("p95", "95パーセンタイル", Kind::Days),
            Column::new("waiting", "現在の件数", Kind::Count),
            Column::new("longest", "最も長い待ち", Kind::Days),
        ],
        rows,
        apart: 0,
        chart: Some(Chart::Percentiles([3, 4, 5])),
    })
}

async fn returned(database: &Database, question: &Question<'_>) -> Result<ReportTable> {
    let mut sql = applications("a.returned, COUNT(*)", question);
    sql.and(
        "a.stage >=",
        i64::from(domain::reporting::Stage::Completed.place()),
    );
    let counts: Vec<(i64, i64)> = grouped(database, sql, "a.returned").await?;
    let completed: i64 = counts.iter().map(|(_, count)| count).sum();
    let sent_back: i64 = counts
        .iter()
        .filter(|(returned, _)| *returned > 0)
        .map(|(_, count)| count)
        .sum();
    let times: i64 = counts
        .iter()
        .map(|(returned, count)| returned * count)
        .sum();
    let completed_once = ListFilter {
        stage: Some(domain::reporting::Stage::Completed),
        ..question.filter()
    };
    let sent_back_once = ListFilter {
        returned: true,
        ..completed_once.clone()
    };
    Ok(ReportTable {
        key: "returned",
        title: "差し戻しの割合",
        note: None,
        columns: vec![
            Column::new("figure", "項目", Kind::Text),
            Column::new("number", "件数", Kind::Count),
            Column::new("share", "割合", Kind::Share),
        ],
        rows: vec![
            vec![
                Figure::text("一度でも完了した申請"),
                Figure::counted(completed, ListName::Applications, completed_once),
                Figure::maybe(None),
            ],
            vec![
                Figure::text("うち差し戻しのあった申請"),
                Figure::counted(sent_back, ListName::Applications, sent_back_once),
                Figure::maybe(share(count(sent_back)?, count(completed)?)),
            ],
            vec![
                Figure::text("差し戻しの回数"),
                Figure::number(times),
                Figure::maybe(None),
            ],
        ],
        apart: 0,
        chart: None,
    })
}

async fn reasons(database: &Database, question: &Question<'_>) -> Result<ReportTable> {
    let mut sql = Sql::new(
        "SELECT r.document, COUNT(*), COUNT(DISTINCT r.application) FROM report_return_items r WHERE 1 = 1",
    );
    sql.at_program("r", question.program);
    sql.and("r.number <=", question.as_of.number);
    let counts: Vec<(String, i64, i64)> = grouped(database, sql, "r.document").await?;
    let rows = DocumentKind::ALL
        .into_iter()
        .map(|kind| {
            let found = counts.iter().find(|(slug, _, _)| slug == kind.slug());
            let (items, of) = found.map_or((0, 0), |(_, items, of)| (*items, *of));
            let filter = ListFilter {
                program: question.program.map(str::to_owned),
                returned_for: Some(kind),
                ..ListFilter::default()
            };
            vec![
                Figure::text(kind.title()),
                Figure::number(items),
                Figure::counted(of, ListName::Applications, filter),
            ]
        })
        .collect();
    Ok(ReportTable {
        key: "reasons",
        title: "差し戻しの理由（書類別）",
        note: Some("修正のお願いの項目を書類ごとに数えます。取下げになった申請も含みます。"),
        columns: vec![
            Column::new("document", "書類", Kind::Text),
            Column::new("items", "項目", Kind::Count),
            Column::new("applications", "申請", Kind::Count),
        ],
        rows,
        apart: 0,
        chart: Some(Chart::Bars(1)),
    })
}

async fn load(database: &Database, question: &Question<'_>) -> Result<ReportTable> {
    let mut sql = Sql::new("SELECT t.actor, t.act, COUNT(*) FROM report_acts t WHERE 1 = 1");
    sql.at_program("t", question.program);
    sql.and("t.number <=", question.as_of.number);
    let counts: Vec<(String, String, i64)> = grouped(database, sql, "t.actor, t.act").await?;
    // Not in the order of the database, which depends on its locale.
    let actors: BTreeSet<&str> = counts.iter().map(|(actor, _, _)| actor.as_str()).collect();
    let mut columns = vec![
        Column::new("actor", "担当者", Kind::Text),
        Column::new("all", "操作", Kind::Count),
    ];
    columns.extend(
        GROUPS
            .iter()
            .map(|(key, title, _)| Column::new(key, *title, Kind::Count)),
    );
    columns.push(Column::new("others", "その他", Kind::Count));
    let rows = actors
        .into_iter()
        .map(|actor| {
            let own = counts.iter().filter(|(of, _, _)| of == actor);
            let all: i64 = own.clone().map(|(_, _, count)| count).sum();
            let filter = ListFilter {
                program: question.program.map(str::to_owned),
                actor: Some(actor.to_owned()),
                ..ListFilter::default()
            };
            let mut others = Figure::counted(all, ListName::Applications, filter);
            let mut row = vec![Figure::text(actor), others.clone()];
            let mut rest = all;
            for (_, _, acts) in GROUPS {
                let of = own
                    .clone()
                    .filter(|(_, act, _)| acts.contains(&act.as_str()));
                let count: i64 = of.map(|(_, _, count)| count).sum();
                rest -= count;
                row.push(Figure::number(count));
            }
            others = Figure::number(rest);
            row.push(others);
            row
        })
        .collect();
    Ok(ReportTable {
        key: "load",
        title: "担当者ごとの操作",
        note: Some("事務局の操作を数えます。件数から、その担当者が操作した申請の一覧を開けます。"),
        columns,
        rows,
        apart: 0,
        chart: None,
    })
}
