//! `GET /api/v1/applications/{id}/requirements`: 申請完了要件

use axum::{
    Json,
    extract::{Path, Query, State},
};
use domain::{documents::DocumentKind, requirements::Requirement, units::UnitAssessment};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Endpoint, status::AsOf};
use crate::{
    access::{Identity, Permission},
    app::App,
    print::{Content, Sheet, Unprintable},
    problem::Problem,
    situation::{program, standing},
};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(
        Permission::ReadApplication,
        &[],
        routes!(completion_requirements),
    )
}

/// 申請完了要件
#[derive(Debug, Serialize, ToSchema)]
struct RequirementsAnswer {
    /// Whether 申請を完了する would be accepted now.
    completable: bool,
    /// What is missing, in the manual's sentences and order.
    missing: Vec<Requirement>,
    /// Every row with what it counts, and why not when it does not.
    assessment: UnitAssessment,
    /// 認められた単位: what the rules count today, with 事務局欄 in its place.
    recognised_units: u32,
    /// What would not be printed as typed. It does not keep from completing, but the paper is what the society receives.
    unprintable: Vec<UnprintableAnswer>,
}

/// A character that is not printed as typed.
#[derive(Debug, Serialize, ToSchema)]
struct UnprintableAnswer {
    /// Where it stands; null: the cover.
    document: Option<DocumentKind>,
    /// 文書名, or 表紙.
    place: &'static str,
    /// The character, with its variation selector if it is about that.
    character: String,
    /// Its code points.
    #[schema(example = "U+9089 U+E01EF")]
    code_points: String,
    /// Printed as 〓; otherwise in its usual form.
    replaced: bool,
    /// What to do about it.
    message: String,
}

impl From<Unprintable> for UnprintableAnswer {
    fn from(one: Unprintable) -> Self {
        Self {
            document: one.document,
            place: one.place(),
            code_points: one.codes(),
            replaced: one.replaced,
            message: one.message(),
            character: one.character,
        }
    }
}

/// What is missing before 申請を完了する
///
/// With the unit assessment behind it: for every row what it counts and why not.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/requirements",
    params(("id" = String, Path, description = "`<program>.<会員番号>`"), AsOf),
    responses((status = OK, description = "申請完了要件", body = RequirementsAnswer))
)]
async fn completion_requirements(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<AsOf>,
) -> Result<Json<RequirementsAnswer>, Problem> {
    let (found, now) = asked.found(&app, &identity, &id).await?;
    let state = found.state()?;
    let program = program(&app, state)?;
    let standing = standing(state, program);
    let open = program.period.opens <= now && now < state.closes(program);
    let drafting = found.application.is_open();
    let unprintable = if drafting {
        let sheet = Sheet::Provisional { generated_at: now };
        Content::new(state, program, &sheet).unprintable()
    } else {
        Vec::new()
    };
    Ok(Json(RequirementsAnswer {
        unprintable: unprintable.into_iter().map(From::from).collect(),
        completable: drafting && open && standing.missing.is_empty(),
        missing: standing.missing,
        assessment: standing.assessment,
        recognised_units: state.recognised_units(&program.rules),
    }))
}
