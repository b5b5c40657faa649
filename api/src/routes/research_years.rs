//! `PUT …/documents/research-activities/total-years`: がん治療に関する研究活動・診療歴の総年数

use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{
    application::ApplicationCommand,
    documents::{FieldError, research_years},
    requirements::Requirement,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{EDITS, Endpoint};
use crate::{
    access::Permission,
    app::App,
    problem::{Kind, Problem},
    saving,
    situation::{Units, of_revision, program, standing, visible, with_view_behind},
    write::Write,
};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(
        Permission::EditDocuments,
        &[EDITS, &[Kind::PreconditionRequired]],
        routes!(record_research_years),
    )
}

/// 総年数
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TotalYears {
    /// As typed.
    #[schema(example = "25")]
    total_years: String,
}

/// 総年数 as it is saved, and what follows from it.
#[derive(Debug, Serialize, ToSchema)]
struct TotalYearsAnswer {
    /// Revision of 研究活動歴, for `If-Match` of the next change.
    revision: u32,
    /// What is saved.
    value: TotalYears,
    /// What is wrong with it, with a pointer into `value`.
    errors: Vec<FieldError>,
    /// 単位 of the application.
    units: Units,
    /// What is missing before 申請を完了する.
    missing: Vec<Requirement>,
}

/// Save 総年数 of 研究活動歴 (登録)
///
/// The revision is that of 研究活動歴.
#[utoipa::path(
    put,
    path = "/api/v1/applications/{id}/documents/research-activities/total-years",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = TotalYears,
    responses((
        status = OK, description = "Saved.", body = TotalYearsAnswer,
        headers(("ETag" = String, description = "The revision, for If-Match."))
    ))
)]
async fn record_research_years(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let id = visible(&app, &write.identity, &id).await?;
    let base = write.base()?;
    let typed: TotalYears = write.decode()?;
    let sent = json!(typed);
    let command = ApplicationCommand::RecordResearchYears {
        total_years: typed.total_years,
        base,
    };
    let done = saving::save(&app, &id, command, write.call(), (Some(base), sent)).await?;
    let state = done.found.state()?;
    let standing = standing(state, program(&app, state)?);
    let saved = &state.documents.research_activities;
    let total_years = saved.value.total_years.clone();
    let answer = TotalYearsAnswer {
        revision: saved.revision,
        errors: if total_years.is_empty() {
            Vec::new()
        } else {
            research_years(&total_years).err().into_iter().collect()
        },
        value: TotalYears { total_years },
        units: standing.units,
        missing: standing.missing,
    };
    Ok(with_view_behind(
        of_revision(answer.revision, &answer),
        done.behind,
    ))
}
