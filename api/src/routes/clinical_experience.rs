//! `…/documents/clinical-experience`: 業績目録

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use domain::{
    application::{ApplicationCommand, ApplicationState, Revised},
    documents::{ClinicalExperience, DocumentKind},
};
use serde_json::json;
use utoipa_axum::routes;

use super::{
    EDITS, Endpoint,
    status::AsOf,
    whole::{self, Whole, WholeDocument},
};
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::{Kind, Problem},
    saving,
    situation::visible,
    write::Write,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        super::endpoint(
            Permission::ReadApplication,
            &[],
            routes!(read_clinical_experience),
        ),
        super::endpoint(
            Permission::EditDocuments,
            &[EDITS, &[Kind::PreconditionRequired]],
            routes!(save_clinical_experience),
        ),
    ]
}

impl Whole for ClinicalExperience {
    const KIND: DocumentKind = DocumentKind::ClinicalExperience;

    fn of(state: &ApplicationState) -> &Revised<Option<Self>> {
        &state.documents.clinical_experience
    }
}

/// Read 業績目録
///
/// As it was typed, with what is wrong with it.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/documents/clinical-experience",
    params(("id" = String, Path, description = "`<program>.<会員番号>`"), AsOf),
    responses((
        status = OK, description = "業績目録", body = WholeDocument<ClinicalExperience>,
        headers(("ETag" = String, description = "The revision, for If-Match."))
    ))
)]
async fn read_clinical_experience(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<AsOf>,
) -> Result<Response, Problem> {
    let (found, _) = asked.found(&app, &identity, &id).await?;
    whole::read::<ClinicalExperience>(&app, &found)
}

/// Save 業績目録 (入力内容保存)
///
/// A draft is stored also when it is wrong; `errors` says what is. A save that changes nothing makes no new revision.
#[utoipa::path(
    put,
    path = "/api/v1/applications/{id}/documents/clinical-experience",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = ClinicalExperience,
    responses((
        status = OK, description = "Saved.", body = WholeDocument<ClinicalExperience>,
        headers(("ETag" = String, description = "The revision, for If-Match."))
    ))
)]
async fn save_clinical_experience(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let id = visible(&app, &write.identity, &id).await?;
    let base = write.base()?;
    let experience: ClinicalExperience = write.decode()?;
    let sent = json!(experience);
    let command = ApplicationCommand::SaveClinicalExperience {
        experience: experience.clone(),
        base,
    };
    let done = saving::save(&app, &id, command, write.call(), (Some(base), sent)).await?;
    whole::saved(&app, &done, &experience)
}
