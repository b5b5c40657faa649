//! 申請を完了する: 確認, and 申請完了要件 while something is missing.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use domain::{application::ApplicationCommand, documents::DocumentKind};
use uuid::Uuid;

use super::{
    document::{has_documents, unprintable_notice},
    frame::{Frame, Notice},
    panel::Panel,
    posted::Posted,
    rendered, see,
    visit::{Tab, Visit},
};
use crate::{
    access::Identity,
    app::App,
    problem::{Kind, Problem},
};

#[derive(Template)]
#[template(path = "completion.html")]
struct Confirmation {
    frame: Frame,
    panel: Panel,
    /// What is not printed as typed.
    notices: Vec<Notice>,
    documents: Vec<Tab>,
    lines: Vec<String>,
    /// The checkbox was not ticked.
    unread: bool,
    key: Uuid,
    address: String,
    top: String,
    /// Where 申請書（仮） is looked at.
    print: String,
    rows: Vec<(&'static str, usize)>,
}

#[derive(Template)]
#[template(path = "requirements.html")]
struct Requirements {
    frame: Frame,
    panel: Panel,
    notices: Vec<Notice>,
    /// What counts less than it might, and why: document, row and sentence.
    remarks: Vec<Remark>,
    completable: bool,
    address: String,
}

struct Remark {
    place: String,
    href: String,
    message: String,
}

fn requirements_page(visit: &Visit<'_>, status: StatusCode) -> Result<Response, Problem> {
    let state = visit.state()?;
    let assessment = state.assess(&visit.program.rules);
    let mut remarks = Vec::new();
    let mut numbers = std::collections::BTreeMap::new();
    for row in &assessment.rows {
        let number = numbers.entry(row.document).or_insert(0_usize);
        *number += 1;
        let sentences = state.review.sentences(row).into_iter();
        remarks.extend(sentences.map(|message| Remark {
            place: format!("{} No.{number}", row.document.title()),
            href: visit.document(row.document),
            message,
        }));
    }
    let mut frame = visit.frame("申請完了要件", []);
    frame.wrong = status.is_client_error();
    let mut notices = Vec::new();
    let closed = visit.closed();
    if status.is_client_error() && closed.is_none() {
        notices.push(Notice::error(
            "申請完了要件を満たしていないため、申請を完了できません。",
        ));
    }
    let open = closed.is_none();
    notices.extend(closed.map(Notice::warning));
    if visit.is_editable()? {
        notices.extend(unprintable(visit)?);
    }
    let page = Requirements {
        frame,
        panel: visit.panel()?,
        notices,
        remarks,
        completable: open && visit.is_editable()?,
        address: visit.below("completion"),
    };
    Ok(rendered(&page, status))
}

/// What would not be printed as typed: the paper is what the society receives, so it is said before it is too late.
fn unprintable(visit: &Visit<'_>) -> Result<Vec<Notice>, Problem> {
    let found = visit.provisional()?.unprintable();
    Ok(found.iter().map(unprintable_notice).collect())
}

fn confirmation_page(visit: &Visit<'_>, unread: bool) -> Result<Response, Problem> {
    let state = visit.state()?;
    let documents = &state.documents;
    let mut frame = visit.frame("申請の完了の確認", []);
    frame.wrong = unread;
    let page = Confirmation {
        frame,
        panel: visit.panel()?,
        notices: unprintable(visit)?,
        documents: visit.tabs(None)?,
        lines: visit.status()?.lines,
        unread,
        key: Uuid::new_v4(),
        address: visit.below("completion/send"),
        top: visit.top(),
        print: visit.below("print"),
        rows: vec![
            (
                DocumentKind::ResearchActivities.title(),
                documents.research_activities.value.rows.len(),
            ),
            (
                DocumentKind::Conferences.title(),
                documents.conferences.value.len(),
            ),
            (DocumentKind::Seminars.title(), state.attendance.len()),
            (DocumentKind::Papers.title(), documents.papers.value.len()),
        ],
    };
    let status = if unread {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    Ok(rendered(&page, status))
}

/// M5 申請完了要件
pub(super) async fn requirements(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    has_documents(&visit)?;
    requirements_page(&visit, StatusCode::OK)
}

/// M4 確認; 申請完了要件 while something is missing.
pub(super) async fn confirmation(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    has_documents(&visit)?;
    if !visit.found.application.is_open() {
        return Ok(see(&visit.top()));
    }
    if !visit.panel()?.complete || visit.closed().is_some() {
        return requirements_page(&visit, StatusCode::OK);
    }
    confirmation_page(&visit, false)
}

/// 申請を完了する
pub(super) async fn complete(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let done = format!("{}?notice=completed", visit.top());
    let completable =
        visit.state()?.is_open() && visit.panel()?.complete && visit.closed().is_none();
    // The tick is asked for only where the button would do something.
    if !posted.fields.says("agreed", "yes") && completable {
        return confirmation_page(&visit, true);
    }
    match visit
        .execute(ApplicationCommand::Submit, posted.call())
        .await
    {
        Ok(_) => Ok(see(&done)),
        Err(problem)
            if matches!(
                problem.kind(),
                Kind::RequirementsNotMet | Kind::PeriodNotOpen | Kind::CorrectionOverdue
            ) =>
        {
            let visit = Visit::to(&app, &posted.identity, &id).await?;
            requirements_page(&visit, problem.kind().status())
        }
        Err(problem) => Err(problem),
    }
}
