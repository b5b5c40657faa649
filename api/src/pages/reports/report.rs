//! A report, and the way to all of them.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use projections::reports::{Cell, Figure, ListName, ReportName, ReportTable};
use serde::Deserialize;

use super::{
    super::{
        field::Choice,
        frame::{Crumb, Frame},
        rendered,
    },
    chart::Drawing,
    drawing, frame,
};
use crate::{
    access::{Identity, Permission},
    app::App,
    moment::{Fields, chosen},
    problem::{Kind, Problem},
    reports::{
        asked::{Answered, AskedList, AskedReport, answer, when},
        cell::{is_figure, shown},
        files,
    },
    routes::reports::AskedFormat,
    sheets::Format,
};

#[derive(Template)]
#[template(path = "reports/index.html")]
struct Index {
    frame: Frame,
    as_of: String,
    behind: Option<i64>,
    reports: Vec<(String, &'static str, &'static str)>,
    forms: Vec<(String, &'static str, &'static str)>,
    lists: bool,
}

/// What a report answers, in a sentence for the menu.
fn about(name: ReportName) -> &'static str {
    match name {
        ReportName::Progress => "対象者から認定までの人数と、締め切りまでの日数別の完了",
        ReportName::Incomplete => "何が不足しているか、あと何日か",
        ReportName::Units => "単位の分布と、満たされていない要件",
        ReportName::Review => "状態ごとの待ち時間、差し戻しの割合と理由、担当者ごとの操作",
        ReportName::Money => "請求・入金・未照合の月別、支払方法別",
        ReportName::Members => "年齢階級・都道府県・施設区分・専門分野（5人未満は秘匿）",
        ReportName::Forecast => "今後5年度の更新対象者と、現在の単位",
    }
}

fn about_form(name: ListName) -> &'static str {
    match name {
        ListName::Committee => "書類を受理した申請と、審査の結果",
        ListName::Certified => "認定された方の認定番号と有効期限",
        ListName::NonApplicants => "対象者のうち、お申込みのない方",
        ListName::Reminders => "不足のある未完了者と、メールアドレス",
        _ => "",
    }
}

/// 集計
pub(super) async fn index(State(app): State<App>, identity: Identity) -> Result<Response, Problem> {
    let when = when(&app, None).await?;
    let page = Index {
        frame: frame(&app, &identity, "集計", Vec::new()),
        as_of: when.words(),
        behind: when.behind,
        reports: ReportName::ALL
            .map(|name| {
                (
                    format!("/reports/{}", name.as_str()),
                    name.title(),
                    about(name),
                )
            })
            .into(),
        forms: ListName::FORMS
            .map(|name| {
                (
                    format!("/report-lists/{}", name.as_str()),
                    name.title(),
                    about_form(name),
                )
            })
            .into(),
        lists: identity.holds(Permission::ReadReportLists),
    };
    Ok(rendered(&page, StatusCode::OK))
}

#[derive(Template)]
#[template(path = "reports/report.html")]
struct Page {
    frame: Frame,
    title: &'static str,
    address: String,
    /// Where it can be asked of a program.
    programs: Option<Vec<Choice>>,
    moment: Fields,
    conditions: Vec<(String, String)>,
    behind: Option<i64>,
    tables: Vec<Table>,
    files: Vec<(String, &'static str)>,
}

struct Table {
    key: &'static str,
    title: &'static str,
    note: Option<&'static str>,
    drawing: Option<Drawing>,
    columns: Vec<(String, bool)>,
    rows: Vec<Vec<Shown>>,
    /// Sums and what stands beside.
    apart: Vec<Vec<Shown>>,
}

/// A cell on the page.
struct Shown {
    text: String,
    heading: String,
    figure: bool,
    withheld: bool,
    href: Option<String>,
    /// What the link leads to, for those who hear it.
    hint: String,
}

fn table(
    report: ReportName,
    table: ReportTable,
    href: &dyn Fn(&Figure) -> Option<String>,
) -> Table {
    let drawing = drawing::chart(report, &table, href).map(|chart| chart.draw());
    let columns: Vec<(String, bool)> = table
        .columns
        .iter()
        .map(|column| (column.title.clone(), is_figure(column.kind)))
        .collect();
    let row = |row: Vec<Figure>| -> Vec<Shown> {
        let name = row.first().map_or_else(String::new, |figure| {
            shown(&figure.cell, projections::reports::Kind::Text)
        });
        row.into_iter()
            .zip(&table.columns)
            .map(|(figure, column)| Shown {
                text: shown(&figure.cell, column.kind),
                heading: column.title.clone(),
                figure: is_figure(column.kind),
                withheld: figure.cell == Cell::Withheld,
                // An empty list is not worth the way.
                href: href(&figure).filter(|_| figure.cell != Cell::Number(0)),
                hint: format!("（{name} {}の一覧）", column.title),
            })
            .collect()
    };
    let mut rows: Vec<Vec<Shown>> = table.rows.into_iter().map(row).collect();
    let apart = rows.split_off(rows.len().saturating_sub(table.apart));
    Table {
        key: table.key,
        title: table.title,
        note: table.note,
        drawing,
        columns,
        rows,
        apart,
    }
}

/// 集計時点 as it is chosen in the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AskedDay {
    day: String,
    time: String,
}

/// A report
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(name): Path<String>,
    Query(mut asked): Query<AskedReport>,
    Query(day): Query<AskedDay>,
) -> Result<Response, Problem> {
    let name = files::report_named(&name)?;
    if let Some(chosen) = chosen(&day.day, &day.time)? {
        if asked
            .as_of
            .is_some_and(|number| !domain::text::is_blank(&number))
        {
            return Err(Problem::saying(
                Kind::MalformedAddress,
                "集計時点は、日付と時刻か、台帳番号のどちらか一方で指定してください。",
            ));
        }
        asked.as_of = Some(chosen);
    }
    let Answered {
        report,
        when,
        program,
        conditions,
    } = answer(&app, name, &asked).await?;
    let number = when.as_of.number.to_string();
    let lists = identity.holds(Permission::ReadReportLists);
    // Whoever opens a list sees the lines that were counted, also when the view has gone on meanwhile.
    let href = |figure: &Figure| {
        let (list, filter) = figure.behind.as_ref().filter(|_| lists)?;
        let query = AskedList::query(filter, Some(&number));
        Some(format!("/report-lists/{}?{query}", list.as_str()))
    };
    let address = format!("/reports/{}", name.as_str());
    let same = AskedReport {
        program: program.clone(),
        as_of: Some(number.clone()),
    };
    let query = serde_urlencoded::to_string(&same).unwrap_or_default();
    let file = |format: Format| {
        (
            format!("{address}/file?{query}&format={}", format.word()),
            format.label(),
        )
    };
    let programs = name.of_a_program().then(|| {
        let chosen = program.as_deref().unwrap_or_default();
        let mut choices = vec![(String::new(), "すべて".to_owned())];
        choices.extend(app.service().programs.iter().map(|program| {
            (
                program.id.0.clone(),
                format!("{} {}", program.menu_title, program.year),
            )
        }));
        let choices = choices.into_iter().map(|(value, words)| Choice {
            chosen: value == chosen,
            value,
            words,
        });
        choices.collect()
    });
    let page = Page {
        frame: frame(
            &app,
            &identity,
            name.title(),
            vec![Crumb::to("集計", "/reports")],
        ),
        title: name.title(),
        programs,
        moment: Fields::showing(&when.asked.unwrap_or_default()),
        behind: when.behind,
        conditions,
        tables: report
            .tables
            .into_iter()
            .map(|one| table(name, one, &href))
            .collect(),
        files: Format::ALL.map(file).into(),
        address,
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// A report as a file
pub(super) async fn file(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(asked): Query<AskedReport>,
    Query(format): Query<AskedFormat>,
) -> Result<Response, Problem> {
    let (name, format) = (files::report_named(&name)?, format.sheet()?);
    let answered = answer(&app, name, &asked).await?;
    files::report(answered, format).await?.into_response()
}
