//! `GET /api/v1/programs`: the programs (申請の種類).

use axum::{Json, extract::State};
use domain::{
    documents::DocumentKind,
    program::{Fees, Links, Period, Program, ProgramId},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::Endpoint;
use crate::{access::Permission, app::App};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(Permission::ReadPrograms, &[], routes!(programs))
}

/// The programs.
#[derive(Debug, Serialize, ToSchema)]
struct ProgramsAnswer {
    /// In the order of their keys.
    programs: Vec<ProgramAnswer>,
}

/// One kind of application in one year.
#[derive(Debug, Serialize, ToSchema)]
struct ProgramAnswer {
    /// Key in addresses.
    #[schema(value_type = String, example = "specialist-renewal-4th-2026")]
    id: ProgramId,
    /// Title of the screens.
    title: String,
    /// Name in the list of お申込み.
    menu_title: String,
    /// Fiscal year in which one applies.
    year: i16,
    /// Whether anybody applies for it: not when it is here only for the applications that were made in it.
    offered: bool,
    /// お申込み期間, half-open.
    period: Period,
    /// The same in words.
    period_label: String,
    /// First renewal it is for.
    first_renewal: u16,
    /// Last renewal it is for; none: and later.
    last_renewal: Option<u16>,
    /// 審査料, 認定料, 受験料
    fees: Fees,
    /// Addresses for the member.
    links: Links,
    /// What the forms offer to choose from, and how much fits.
    choices: Choices,
    /// Version of the rules: it is in every event that they decided.
    rules_version: String,
}

/// What the forms offer to choose from, and how much fits.
#[derive(Debug, Serialize, ToSchema)]
struct Choices {
    /// 臓器・領域 of 業績目録.
    organs: Vec<String>,
    /// 基本学会 with their 資格種別.
    basic_societies: Vec<Society>,
    /// 種別 of 論文 with the 区分 that each allows and their 単位.
    paper_kinds: Vec<PaperKind>,
    /// Most characters of プロフィール.
    profile_characters: usize,
    /// Most rows of each list.
    row_limits: Vec<RowLimit>,
    /// 単位 needed.
    units_required: u32,
}

/// 基本学会
#[derive(Debug, Serialize, ToSchema)]
struct Society {
    /// 学会名
    name: String,
    /// 資格種別
    qualifications: Vec<String>,
    /// A word of help.
    note: Option<String>,
}

/// 種別 of 論文
#[derive(Debug, Serialize, ToSchema)]
struct PaperKind {
    /// The word.
    name: String,
    /// 区分 with its 単位.
    units: std::collections::BTreeMap<String, u32>,
}

/// Most rows of a document.
#[derive(Debug, Serialize, ToSchema)]
struct RowLimit {
    /// Which document.
    document: DocumentKind,
    /// Most rows.
    rows: usize,
}

impl From<&Program> for ProgramAnswer {
    fn from(program: &Program) -> Self {
        let rules = &program.rules;
        let limit = |document, rows| RowLimit { document, rows };
        Self {
            id: program.id.clone(),
            title: program.title.clone(),
            menu_title: program.menu_title.clone(),
            year: program.year.0,
            offered: program.offered,
            period: program.period,
            period_label: program.period.show(),
            first_renewal: program.renewals.first,
            last_renewal: program.renewals.last,
            fees: program.fees.clone(),
            links: program.links.clone(),
            choices: Choices {
                organs: rules.clinical_experience.organs.clone(),
                basic_societies: rules
                    .basic_societies
                    .iter()
                    .map(|society| Society {
                        name: society.name.clone(),
                        qualifications: society.qualifications.clone(),
                        note: society.note.clone(),
                    })
                    .collect(),
                paper_kinds: rules
                    .units
                    .kinds
                    .iter()
                    .map(|kind| PaperKind {
                        name: kind.name.clone(),
                        units: kind.units.clone(),
                    })
                    .collect(),
                profile_characters: rules.profile.character_limit,
                row_limits: vec![
                    limit(
                        DocumentKind::ResearchActivities,
                        rules.research_activities.row_limit,
                    ),
                    limit(DocumentKind::Conferences, rules.conferences.row_limit),
                    limit(DocumentKind::Papers, rules.papers.row_limit),
                ],
                units_required: rules.requirements.total_units,
            },
            rules_version: program.version.clone(),
        }
    }
}

/// List the programs
///
/// Period, fees, links, and everything that the forms offer to choose from.
#[utoipa::path(
    get,
    path = "/api/v1/programs",
    responses((status = OK, description = "All programs.", body = ProgramsAnswer))
)]
async fn programs(State(app): State<App>) -> Json<ProgramsAnswer> {
    Json(ProgramsAnswer {
        programs: app
            .service()
            .programs
            .iter()
            .map(ProgramAnswer::from)
            .collect(),
    })
}
