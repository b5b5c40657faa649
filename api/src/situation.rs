//! Finding the application that an address names, for somebody who may see it.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::{
    access::Whose,
    application::{Application, ApplicationId, ApplicationState},
    member::MemberRecord,
    program::Program,
    requirements::{Requirement, requirements},
    units::UnitAssessment,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::{Identity, note},
    app::App,
    problem::{Kind, Problem},
    write::etag,
};

/// Says that the views do not show the write yet, although the answer does.
pub(crate) const VIEW_BEHIND: HeaderName = HeaderName::from_static("shinsei-view-behind");

/// An application as it is at a moment.
pub(crate) struct Found {
    pub id: ApplicationId,
    pub application: Application,
    /// Number of its last event.
    pub sequence: i64,
}

impl Found {
    /// What it holds.
    ///
    /// # Errors
    /// [`Kind::NotApplied`] when nothing was applied for.
    pub fn state(&self) -> Result<&ApplicationState, Problem> {
        self.application
            .state()
            .ok_or(Problem::new(Kind::NotApplied))
    }
}

/// The name in an address, if the person may see what has it. What belongs to another member is not there.
///
/// Every way to an application leads through here: somebody who is not the member is written down (閲覧記録) before anything is shown.
///
/// # Errors
/// [`Kind::NotApplied`]; [`Kind::Unavailable`] when it cannot be written down.
pub(crate) async fn visible(
    app: &App,
    identity: &Identity,
    id: &str,
) -> Result<ApplicationId, Problem> {
    let id = ApplicationId::parse(id)
        .ok()
        .filter(|id| identity.may_see(&id.member))
        .ok_or(Problem::new(Kind::NotApplied))?;
    if identity.member().as_ref() == Some(&id.member) {
        return Ok(id);
    }
    let service = app.service();
    // Of what is not there nobody is shown anything.
    if service.application(&id).await?.is_none() {
        return Err(Problem::new(Kind::NotApplied));
    }
    let whose = Whose::Member(id.member.clone());
    let viewing = identity.viewing(service, Some(id.clone()));
    note(service, &whose, viewing, identity.request()).await?;
    Ok(id)
}

/// The application in an address as it is now.
pub(crate) async fn found(app: &App, identity: &Identity, id: &str) -> Result<Found, Problem> {
    let id = visible(app, identity, id).await?;
    let (application, sequence) = app
        .service()
        .application(&id)
        .await?
        .ok_or(Problem::new(Kind::NotApplied))?;
    Ok(Found {
        id,
        application,
        sequence,
    })
}

/// The rules that an application is under.
pub(crate) fn program<'a>(app: &'a App, state: &ApplicationState) -> Result<&'a Program, Problem> {
    app.service().programs.get(&state.program).ok_or_else(|| {
        tracing::error!(program = %state.program, "applications exist for a program that is not configured");
        Problem::new(Kind::Internal)
    })
}

/// The record of today, or that of 申込 when the society has none any more.
pub(crate) async fn record_of_today(
    app: &App,
    state: &ApplicationState,
) -> Result<MemberRecord, Problem> {
    let member = app.service().member(&state.member).await?;
    Ok(member
        .and_then(|member| member.record)
        .unwrap_or_else(|| state.record.clone()))
}

/// 単位
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Units {
    /// 現在 N 単位: what counts.
    pub total: u32,
    /// What is needed.
    pub required: u32,
}

/// What counts and what is missing before 申請を完了する.
pub(crate) struct Standing {
    pub units: Units,
    pub missing: Vec<Requirement>,
    pub assessment: UnitAssessment,
}

pub(crate) fn standing(state: &ApplicationState, program: &Program) -> Standing {
    let found = requirements(state, program);
    // 筆記試験のみ has nothing to complete, and what is completed misses nothing.
    let missing = if state.is_open() {
        found.missing
    } else {
        Vec::new()
    };
    Standing {
        units: Units {
            total: found.assessment.total,
            required: found.assessment.required,
        },
        missing,
        assessment: found.assessment,
    }
}

/// An answer about a document, with its revision as `ETag`.
pub(crate) fn of_revision(revision: u32, body: &impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(etag) = HeaderValue::from_str(&etag(revision)) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// The same, saying so when the views do not show it yet.
pub(crate) fn with_view_behind(mut response: Response, behind: bool) -> Response {
    if behind {
        response
            .headers_mut()
            .insert(VIEW_BEHIND, HeaderValue::from_static("true"));
    }
    response
}

/// Something was made: where it is.
pub(crate) fn created(location: &str, response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    head.status = StatusCode::CREATED;
    if let Ok(location) = HeaderValue::from_str(location) {
        head.headers.insert(header::LOCATION, location);
    }
    Response::from_parts(head, body)
}
