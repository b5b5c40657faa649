//! `…/documents/profile`: プロフィール

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use domain::{
    application::{ApplicationCommand, ApplicationState, Revised},
    documents::{DocumentKind, Profile},
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
        super::endpoint(Permission::ReadApplication, &[], routes!(read_profile)),
        super::endpoint(
            Permission::EditDocuments,
            &[EDITS, &[Kind::PreconditionRequired]],
            routes!(save_profile),
        ),
    ]
}

impl Whole for Profile {
    const KIND: DocumentKind = DocumentKind::Profile;

    fn of(state: &ApplicationState) -> &Revised<Option<Self>> {
        &state.documents.profile
    }
}

/// Read プロフィール
///
/// As it was typed, with what is wrong with it.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/documents/profile",
    params(("id" = String, Path, description = "`<program>.<会員番号>`"), AsOf),
    responses((
        status = OK, description = "プロフィール", body = WholeDocument<Profile>,
        headers(("ETag" = String, description = "The revision, for If-Match."))
    ))
)]
async fn read_profile(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<AsOf>,
) -> Result<Response, Problem> {
    let (found, _) = asked.found(&app, &identity, &id).await?;
    whole::read::<Profile>(&app, &found)
}

/// Save プロフィール (入力内容保存)
///
/// A draft is stored also when it is wrong; `errors` says what is. A save that changes nothing makes no new revision.
#[utoipa::path(
    put,
    path = "/api/v1/applications/{id}/documents/profile",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = Profile,
    responses((
        status = OK, description = "Saved.", body = WholeDocument<Profile>,
        headers(("ETag" = String, description = "The revision, for If-Match."))
    ))
)]
async fn save_profile(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let id = visible(&app, &write.identity, &id).await?;
    let base = write.base()?;
    let profile: Profile = write.decode()?;
    let sent = json!(profile);
    let command = ApplicationCommand::SaveProfile {
        profile: profile.clone(),
        base,
    };
    let done = saving::save(&app, &id, command, write.call(), (Some(base), sent)).await?;
    whole::saved(&app, &done, &profile)
}
