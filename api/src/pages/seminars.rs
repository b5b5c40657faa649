//! 研究業績 当会セミナー: read-only, as the society has recorded it.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::CheckTarget, calendar::show_date, documents::DocumentKind, member::SeminarKind,
    units::CategoryTotal,
};

use super::{
    document::has_documents,
    frame::Frame,
    panel::Panel,
    rendered,
    visit::{Tab, Visit},
};
use crate::{access::Identity, app::App, problem::Problem};

#[derive(Template)]
#[template(path = "seminars.html")]
struct Page {
    frame: Frame,
    panel: Panel,
    tabs: Vec<Tab>,
    /// 起算日
    start: String,
    window: (String, String),
    seminars: Vec<Line>,
    total: CategoryTotal,
    a: bool,
    b: bool,
}

struct Line {
    name: String,
    /// 区分
    session: &'static str,
    held: String,
    units: u32,
    counted: u32,
    /// 事務局欄, where it says another figure.
    office: Option<u32>,
    remarks: Vec<String>,
}

/// 当会セミナー's screen.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    has_documents(&visit)?;
    let state = visit.state()?;
    let rules = &visit.program.rules;
    let assessment = state.assess(rules);
    let seminars = assessment
        .rows
        .iter()
        .filter(|row| row.document == DocumentKind::Seminars)
        .filter_map(|row| {
            let one = state.attendance.get(&row.row)?;
            let (first, last) = (show_date(one.key.first_day), show_date(one.last_day));
            Some(Line {
                name: one.name.clone(),
                session: match one.kind {
                    SeminarKind::A => "A",
                    SeminarKind::B => "B",
                    SeminarKind::BestOfAsco => "Best of ASCO",
                },
                held: if first == last {
                    first
                } else {
                    format!("{first}~{last}")
                },
                units: one.units,
                counted: row.counted,
                office: state.review.office(
                    &CheckTarget::row(DocumentKind::Seminars, &row.row),
                    Some(row),
                ),
                remarks: row
                    .remarks
                    .iter()
                    .map(|remark| remark.message.clone())
                    .collect(),
            })
        })
        .collect();
    let page = Page {
        frame: visit.document_frame(DocumentKind::Seminars),
        panel: visit.panel()?,
        tabs: visit.tabs(Some(DocumentKind::Seminars))?,
        start: rules
            .window
            .last_day
            .tomorrow()
            .map_or_else(|_| show_date(rules.window.last_day), show_date),
        window: (
            show_date(rules.window.first_day),
            show_date(rules.window.last_day),
        ),
        seminars,
        total: assessment.seminars,
        a: assessment.seminar_a,
        b: assessment.seminar_b,
    };
    Ok(rendered(&page, StatusCode::OK))
}
