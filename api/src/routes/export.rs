//! `GET /api/v1/audit/export`: one application's history as a file that proves itself.

use axum::{
    extract::{Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::Endpoint;
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::{Kind, Problem},
    proof::{ExportError, export},
    situation::visible,
};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(
        Permission::ExportHistory,
        &[&[Kind::NotApplied, Kind::Unavailable]],
        routes!(export_history),
    )
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// `<program>.<会員番号>`
    application: String,
}

/// The document `eventstore/stream-proof`, version 1 (docs/decisions/0009-anchors.md).
#[derive(ToSchema)]
#[schema(value_type = Object)]
#[expect(dead_code, reason = "describes the answer, which is written elsewhere")]
struct HistoryProof(Vec<u8>);

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        let sentence = match error {
            ExportError::NotApplied => return Self::new(Kind::NotApplied),
            ExportError::Log(eventstore::Error::Unsealed) => {
                "台帳の番号がまだ付いていないイベントがあります。少し待ってから、もう一度お試しください。"
            }
            ExportError::Log(eventstore::Error::Anchor(problem)) => {
                tracing::error!(%problem, "the ledger and its anchors do not agree: nothing is exported");
                "台帳とアンカーの記録が一致しないため、証明付きの書き出しができません。システムの管理者へお知らせください。"
            }
            ExportError::Log(error) => return error.into(),
            ExportError::Unwritable(error) => {
                tracing::error!(line = error.line(), "a proof could not be written as JSON");
                return Self::new(Kind::Internal);
            }
        };
        Self::saying(Kind::Unavailable, sentence)
    }
}

/// One application's history with proof
///
/// Every event of the application as it was hashed, its row of the ledger, its way to the Merkle root of an anchor, and the anchors: to be
/// checked by `shinsei verify-export` or `docs/verify-export.py` without any database. Events after the last anchor have `anchor: null`.
/// Personal data: to ask for it is an entry of 閲覧記録.
#[utoipa::path(
    get,
    path = "/api/v1/audit/export",
    params(Asked),
    responses((status = OK, description = "The file.", body = HistoryProof))
)]
async fn export_history(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let id = visible(&app, &identity, &asked.application).await?;
    let exported = export(app.service(), &id).await?;
    let disposition = format!("attachment; filename=\"{}\"", exported.file_name);
    let disposition = HeaderValue::from_str(&disposition).map_err(|error| {
        tracing::error!(%error, "the name of a file fits no header");
        Problem::new(Kind::Internal)
    })?;
    Ok((
        [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            ),
            (header::CONTENT_DISPOSITION, disposition),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ],
        exported.bytes,
    )
        .into_response())
}
