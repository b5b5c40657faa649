//! `GET /api/v1/applications/{id}/application.pdf`: 申請書（仮） or 申請書（本紙）

use axum::{
    extract::{Path, Query, State},
    http::{HeaderValue, Method, header},
    response::{IntoResponse as _, Response},
};
use domain::Role;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::Endpoint;
use crate::{
    access::{Identity, Permission},
    app::App,
    print::{self, Download, Printout, PrintoutError},
    problem::{Kind, Problem},
    situation::visible,
};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(
        Permission::ReadApplication,
        &[&[
            Kind::DocumentsNotApplied,
            Kind::NoSuchSubmission,
            Kind::Unavailable,
        ]],
        routes!(application_pdf),
    )
}

/// Which print.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// An earlier 本紙 by its number; without it what there is to print now: 申請書（本紙） once the application is completed,
    /// before that 申請書（仮）.
    #[param(minimum = 1)]
    pub number: Option<u32>,
}

/// The document.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes the answer, which is bytes")]
struct Pdf(Vec<u8>);

impl From<PrintoutError> for Problem {
    fn from(error: PrintoutError) -> Self {
        match error {
            PrintoutError::Refused(refusal) => refusal.into(),
            PrintoutError::NoSuchSubmission { submissions: 0 } => Self::saying(
                Kind::NoSuchSubmission,
                "申請書（本紙）はまだありません。申請を完了すると出力できます。",
            ),
            PrintoutError::NoSuchSubmission { submissions } => Self::saying(
                Kind::NoSuchSubmission,
                format!(
                    "この番号の申請書（本紙）はありません。1〜{submissions} の番号をご指定ください。"
                ),
            ),
            PrintoutError::NotInLedger => Self::saying(
                Kind::Unavailable,
                "申請書（本紙）に印字する台帳の番号がまだ付いていません。少し待ってから、もう一度お試しください。",
            ),
            PrintoutError::UnknownProgram | PrintoutError::Rules(_) => {
                tracing::error!(%error, source = eventstore::told_source(&error), "an application can not be printed");
                Self::new(Kind::Internal)
            }
            PrintoutError::Log(error) => error.into(),
        }
    }
}

/// What is to be printed of the application in an address.
///
/// # Errors
/// [`Kind::NotApplied`], also for another member's; see [`PrintoutError`].
pub(crate) async fn printout(
    app: &App,
    identity: &Identity,
    id: &str,
    wanted: &Wanted,
) -> Result<Printout, Problem> {
    let id = visible(app, identity, id).await?;
    let service = app.service();
    Ok(match wanted.number {
        Some(number) => Printout::numbered(service, &id, number).await?,
        None => Printout::latest(service, &id).await?,
    })
}

/// The document as an answer. A member's download is remembered, so that the pages can say what has changed since.
///
/// # Errors
/// As [`printout`].
pub(crate) async fn document(
    app: &App,
    identity: &Identity,
    method: &Method,
    id: &str,
    wanted: &Wanted,
) -> Result<Response, Problem> {
    let printout = printout(app, identity, id, wanted).await?;
    let content = printout.content();
    let download = Download::new(&content, &printout.sheet, app.service().clock.now());
    // Setting and drawing takes milliseconds in which other requests would wait.
    let written = tokio::task::spawn_blocking(move || print::pdf(&content)).await;
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "an application could not be printed");
        Problem::new(Kind::Internal)
    };
    let bytes = written
        .map_err(|error| failed(&error))?
        .map_err(|error| failed(&error))?;
    if identity.role() == Role::Member
        && method == Method::GET
        && let Err(error) = app.downloads().keep(&printout.id, &download).await
    {
        // A notice is lost, not the download.
        tracing::warn!(%error, "a download could not be remembered");
    }
    let name = printout.file_name().content_disposition();
    let name = HeaderValue::from_str(&name).map_err(|error| failed(&error))?;
    Ok((
        [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/pdf"),
            ),
            (header::CONTENT_DISPOSITION, name),
        ],
        bytes,
    )
        .into_response())
}

/// The printed application (申請書)
///
/// 申請書（仮） before 申請を完了する, 申請書（本紙） after it; every earlier 本紙 by its number, as it was. The name of the file is in
/// `Content-Disposition`.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/application.pdf",
    params(("id" = String, Path, description = "`<program>.<会員番号>`"), Wanted),
    responses((status = OK, description = "The document.", content_type = "application/pdf", body = Pdf))
)]
async fn application_pdf(
    State(app): State<App>,
    identity: Identity,
    method: Method,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    document(&app, &identity, &method, &id, &wanted).await
}
