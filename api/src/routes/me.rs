//! `GET /api/v1/me`: who am I, my certification, what I may apply for and why not, what I have applied for.

use axum::{Json, extract::State};
use domain::{
    Role,
    application::{ApplicationId, StatusView},
    calendar::show_jst_minutes,
    eligibility::{Eligibility, eligibility},
    member::{Certification, MemberNumber, MemberRecord},
    program::{Period, ProgramId},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Endpoint, status::answer};
use crate::{
    access::{Identity, Permission},
    app::App,
    demonstration::announcement,
    problem::Problem,
    situation::Found,
};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(Permission::SeeOwnSituation, &[], routes!(me))
}

/// Who is signed in, and what is open to them.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// In which role.
    role: Role,
    /// 会員番号 of a member, account of staff.
    id: String,
    /// The member's own data; none for staff.
    member: Option<OwnRecord>,
    /// What may be applied for in each program and why not; empty for staff.
    programs: Vec<OwnProgram>,
    /// The time that decides.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    /// The same in Japan.
    now_label: String,
    /// What is to be said of the demonstration; none in production.
    demonstration: Option<Vec<String>>,
}

/// What the society knows of the member.
#[derive(Debug, Serialize, ToSchema)]
struct OwnRecord {
    /// 会員番号
    #[schema(value_type = String)]
    number: MemberNumber,
    /// 氏名
    name: String,
    /// フリガナ
    furigana: String,
    /// 認定情報
    certification: Option<Certification>,
    /// 筆記試験合格年度
    exam_passed_year: Option<i16>,
    /// 会費納入年度
    dues_paid_year: Option<i16>,
}

/// A program, and the member in it.
#[derive(Debug, Serialize, ToSchema)]
struct OwnProgram {
    /// Key of the program.
    #[schema(value_type = String)]
    program: ProgramId,
    /// Its title.
    title: String,
    /// Name in the list of お申込み.
    menu_title: String,
    /// お申込み期間
    period: Period,
    /// The same in words.
    period_label: String,
    /// What is open, and why not.
    eligibility: Eligibility,
    /// What has been applied for.
    application: Option<OwnApplication>,
}

/// The member's application.
#[derive(Debug, Serialize, ToSchema)]
struct OwnApplication {
    /// `<program>.<会員番号>`
    id: String,
    /// Whether it is withdrawn.
    withdrawn: bool,
    /// 状態
    status: StatusView,
}

/// Who am I
///
/// The person signed in; for a member the certification, what may be applied for and why not, and what has been.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    responses((status = OK, description = "Who is signed in.", body = Me))
)]
async fn me(State(app): State<App>, identity: Identity) -> Result<Json<Me>, Problem> {
    let service = app.service();
    let now = service.clock.now();
    let record = match identity.member() {
        Some(number) => service
            .member(&number)
            .await?
            .and_then(|member| member.record),
        None => None,
    };
    let programs = match &record {
        Some(record) => own_programs(&app, record, now).await?,
        None => Vec::new(),
    };
    Ok(Json(Me {
        role: identity.role(),
        id: identity.actor().id.clone(),
        member: record.map(|record| OwnRecord {
            number: record.number,
            name: record.name,
            furigana: record.furigana,
            certification: record.certification,
            exam_passed_year: record.exam_passed_year.map(|year| year.0),
            dues_paid_year: record.dues_paid_year.map(|year| year.0),
        }),
        programs,
        now,
        now_label: show_jst_minutes(now),
        demonstration: app
            .is_demonstration()
            .then(|| announcement(&service.clock).sentences.to_vec()),
    }))
}

async fn own_programs(
    app: &App,
    record: &MemberRecord,
    now: Timestamp,
) -> Result<Vec<OwnProgram>, Problem> {
    let mut own = Vec::new();
    for program in app.service().programs.iter() {
        let id = ApplicationId {
            program: program.id.clone(),
            member: record.number.clone(),
        };
        let application = match app.service().application(&id).await? {
            // A program of before is for those who have applied for it.
            None if !program.offered => continue,
            None => None,
            Some((application, sequence)) => {
                let answer = answer(
                    app,
                    &Found {
                        id,
                        application,
                        sequence,
                    },
                    now,
                )?;
                Some(OwnApplication {
                    id: answer.id,
                    withdrawn: answer.withdrawn,
                    status: answer.status,
                })
            }
        };
        own.push(OwnProgram {
            program: program.id.clone(),
            title: program.title.clone(),
            menu_title: program.menu_title.clone(),
            period: program.period,
            period_label: program.period.show(),
            eligibility: eligibility(record, program, now),
            application,
        });
    }
    Ok(own)
}
