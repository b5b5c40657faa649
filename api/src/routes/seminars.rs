//! `GET /api/v1/applications/{id}/documents/seminars`: 研究業績 当会セミナー, read-only.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use domain::{
    documents::DocumentKind,
    member::SeminarAttendance,
    units::{CategoryTotal, Remark},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Endpoint, status::AsOf};
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::Problem,
    situation::program,
};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(Permission::ReadApplication, &[], routes!(seminars))
}

/// 当会セミナー
#[derive(Debug, Serialize, ToSchema)]
struct SeminarsAnswer {
    /// By first day.
    seminars: Vec<Seminar>,
    /// 単位 of the category.
    units: CategoryTotal,
    /// Whether A and B were both attended in the five years.
    a_and_b: bool,
}

/// A seminar that was attended.
#[derive(Debug, Serialize, ToSchema)]
struct Seminar {
    /// The attendance.
    #[serde(flatten)]
    attendance: SeminarAttendance,
    /// 単位 that count.
    counted: u32,
    /// Why not, or what to look at.
    remarks: Vec<Remark>,
}

/// Seminars attended (当会セミナー)
///
/// As the society has recorded them, with what each counts. Nobody types them in.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/documents/seminars",
    params(("id" = String, Path, description = "`<program>.<会員番号>`"), AsOf),
    responses((status = OK, description = "The seminars.", body = SeminarsAnswer))
)]
async fn seminars(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<AsOf>,
) -> Result<Json<SeminarsAnswer>, Problem> {
    let (found, _) = asked.found(&app, &identity, &id).await?;
    let state = found.state()?;
    let assessment = state.assess(&program(&app, state)?.rules);
    let seminars = state
        .seminars()
        .into_iter()
        .map(|(key, attendance)| {
            let assessed = assessment
                .rows
                .iter()
                .find(|row| row.document == DocumentKind::Seminars && row.row == key);
            Seminar {
                attendance: attendance.clone(),
                counted: assessed.map_or(0, |row| row.counted),
                remarks: assessed.map_or_else(Vec::new, |row| row.remarks.clone()),
            }
        })
        .collect();
    Ok(Json(SeminarsAnswer {
        seminars,
        units: assessment.seminars,
        a_and_b: assessment.seminar_a && assessment.seminar_b,
    }))
}
