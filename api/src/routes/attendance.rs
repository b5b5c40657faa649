//! 当会セミナーの出欠 of a member, corrected by the secretariat.

use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    access::Whose,
    application::TEXT_LIMIT,
    calendar::{jst_date, parse_date},
    documents::FieldError,
    member::{
        Member, MemberCommand, MemberNumber, MemberRefusal, SeminarAttendance, SeminarKey,
        SeminarKind,
    },
    text::{code, half_width, is_blank, parse_number, too_long, undecodable},
};
use eventstore::ExecuteError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::Endpoint;
use crate::{
    Call, Service,
    access::{Identity, Permission, note},
    app::App,
    problem::{Kind, Problem},
    write::Write,
};

/// Most characters of a code and of a name.
const NAME_LIMIT: usize = 200;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let check = Permission::CheckDocuments;
    let problems: &[Kind] = &[Kind::UnknownMember, Kind::Unavailable];
    vec![
        super::endpoint(check, &[problems], routes!(member_attendance)),
        super::endpoint(
            check,
            &[problems, &[Kind::Invalid]],
            routes!(record_attendance),
        ),
        super::endpoint(
            check,
            &[problems, &[Kind::Invalid]],
            routes!(retract_attendance),
        ),
    ]
}

/// What the society knows of a member's attendance.
#[derive(Debug, Serialize, ToSchema)]
struct AttendanceAnswer {
    /// 会員番号
    member: String,
    /// The seminars, by code and first day.
    attendance: Vec<SeminarAttendance>,
}

impl AttendanceAnswer {
    fn of(number: &MemberNumber, member: Member) -> Self {
        Self {
            member: number.to_string(),
            attendance: member.attendance.into_values().collect(),
        }
    }
}

/// The member in an address; whoever asks is written down.
pub(crate) async fn known(
    app: &App,
    identity: &Identity,
    number: &str,
) -> Result<(MemberNumber, Member), Problem> {
    let unknown = || Problem::new(Kind::UnknownMember);
    let number = MemberNumber::parse(number).map_err(|_| unknown())?;
    let member = app.service().member(&number).await?;
    let member = member
        .filter(|member| member.record.is_some())
        .ok_or_else(unknown)?;
    let viewing = identity.viewing(app.service(), None);
    let whose = Whose::Member(number.clone());
    note(app.service(), &whose, viewing, identity.request()).await?;
    Ok((number, member))
}

/// An attendance as somebody types it.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypedAttendance {
    /// セミナーコード
    #[schema(example = "ES38A", max_length = 200)]
    pub code: String,
    /// セミナー名
    #[schema(max_length = 200)]
    pub name: String,
    /// 区分: `A`, `B` or `BOA`.
    #[schema(example = "A")]
    pub kind: String,
    /// 開始日
    #[schema(example = "2024-04-01")]
    pub first_day: String,
    /// 終了日
    #[schema(example = "2024-04-02")]
    pub last_day: String,
    /// 単位, as typed.
    #[schema(example = "10")]
    pub units: String,
    /// Why; kept with the event.
    #[schema(max_length = 1000, example = "受講証明書により確認")]
    pub reason: String,
}

/// An attendance that is taken back.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypedRetraction {
    /// セミナーコード
    #[schema(example = "ES38A", max_length = 200)]
    pub code: String,
    /// 開始日
    #[schema(example = "2024-04-01")]
    pub first_day: String,
    /// Why; kept with the event.
    #[schema(max_length = 1000, example = "代理受講のため")]
    pub reason: String,
}

/// Collects what is wrong.
#[derive(Default)]
struct Errors(Vec<FieldError>);

impl Errors {
    fn wrong(&mut self, pointer: &str, message: impl Into<String>) {
        self.0.push(FieldError {
            pointer: pointer.to_owned(),
            message: message.into(),
        });
    }

    fn text(&mut self, (pointer, label): (&str, &str), text: &str, limit: usize) {
        if let Some(found) = undecodable(text) {
            self.wrong(pointer, found.message(label));
        } else if is_blank(text) {
            self.wrong(pointer, format!("{label} は必須入力です。"));
        } else if let Some(sentence) = too_long(label, text, limit) {
            self.wrong(pointer, sentence);
        }
    }

    fn day(&mut self, (pointer, label): (&str, &str), text: &str) -> Option<jiff::civil::Date> {
        parse_date(text)
            .map_err(|error| self.wrong(pointer, error.message(label)))
            .ok()
    }

    fn or<T>(self, read: Option<T>) -> Result<T, Problem> {
        match read {
            Some(read) if self.0.is_empty() => Ok(read),
            _ => Err(self
                .0
                .into_iter()
                .fold(Problem::new(Kind::Invalid), |problem, error| {
                    problem.at(error.pointer, error.message)
                })),
        }
    }
}

impl TypedAttendance {
    fn read(&self, service: &Service) -> Result<SeminarAttendance, Problem> {
        let mut errors = Errors::default();
        errors.text(("/code", "セミナーコード"), &self.code, NAME_LIMIT);
        errors.text(("/name", "セミナー名"), &self.name, NAME_LIMIT);
        errors.text(("/reason", "理由"), &self.reason, TEXT_LIMIT);
        let kind = SeminarKind::parse(&half_width(&self.kind));
        if kind.is_none() {
            errors.wrong(
                "/kind",
                "区分 は「A」「B」「BOA」のいずれかを指定してください。",
            );
        }
        let first_day = errors.day(("/first_day", "開始日"), &self.first_day);
        let last_day = errors.day(("/last_day", "終了日"), &self.last_day);
        let units = parse_number(&self.units, &["単位"])
            .map_err(|error| errors.wrong("/units", error.message("単位")))
            .ok();
        let read = (|| {
            Some(SeminarAttendance {
                key: SeminarKey {
                    code: code(&self.code),
                    first_day: first_day?,
                },
                name: self.name.trim().to_owned(),
                kind: kind?,
                last_day: last_day?,
                units: units?,
            })
        })();
        if let Some(read) = &read {
            let (today, most) = (jst_date(service.clock.now()), service.programs.most_units());
            for (field, sentence) in read.impossible(today, most) {
                errors.wrong(&format!("/{field}"), sentence);
            }
        }
        errors.or(read)
    }
}

impl TypedRetraction {
    fn read(&self) -> Result<SeminarKey, Problem> {
        let mut errors = Errors::default();
        errors.text(("/code", "セミナーコード"), &self.code, NAME_LIMIT);
        errors.text(("/reason", "理由"), &self.reason, TEXT_LIMIT);
        let first_day = errors.day(("/first_day", "開始日"), &self.first_day);
        let read = first_day.map(|first_day| SeminarKey {
            code: half_width(&self.code),
            first_day,
        });
        errors.or(read)
    }
}

/// The refusals of a member as problems.
fn refused(error: ExecuteError<MemberRefusal>) -> Problem {
    match error {
        ExecuteError::Refused(refusal) => match refusal {
            MemberRefusal::UnknownMember => Problem::new(Kind::UnknownMember),
            MemberRefusal::EndsBeforeItBegins => {
                Problem::new(Kind::Invalid).at("/last_day", refusal.to_string())
            }
            MemberRefusal::ChangedSince
            | MemberRefusal::StillNeeded
            | MemberRefusal::CorrectedByHand => {
                Problem::saying(Kind::WrongState, refusal.to_string())
            }
        },
        ExecuteError::Conflict => Problem::new(Kind::Conflict),
        ExecuteError::KeyReused => Problem::new(Kind::IdempotencyKeyReused),
        ExecuteError::Database(error) => error.into(),
    }
}

/// Records an attendance, new or in the place of the earlier one.
pub(crate) async fn record(
    app: &App,
    number: &MemberNumber,
    typed: &TypedAttendance,
    call: Call,
) -> Result<(), Problem> {
    let command = MemberCommand::EnterAttendance(typed.read(app.service())?);
    let call = Call {
        reason: Some(typed.reason.clone()),
        ..call
    };
    let done = app.service().command_member(number, command, call).await;
    done.map(drop).map_err(refused)
}

/// Takes an attendance back.
pub(crate) async fn retract(
    app: &App,
    number: &MemberNumber,
    typed: &TypedRetraction,
    call: Call,
) -> Result<(), Problem> {
    let command = MemberCommand::RemoveAttendance(typed.read()?);
    let call = Call {
        reason: Some(typed.reason.clone()),
        ..call
    };
    let done = app.service().command_member(number, command, call).await;
    done.map(drop).map_err(refused)
}

/// A member's attendance at the society's seminars
#[utoipa::path(
    get,
    path = "/api/v1/members/{member}/attendance",
    params(("member" = String, Path, description = "会員番号")),
    responses((status = OK, description = "The seminars.", body = AttendanceAnswer))
)]
async fn member_attendance(
    State(app): State<App>,
    identity: Identity,
    Path(number): Path<String>,
) -> Result<Json<AttendanceAnswer>, Problem> {
    let (number, member) = known(&app, &identity, &number).await?;
    Ok(Json(AttendanceAnswer::of(&number, member)))
}

/// Record an attendance by hand
///
/// New, or in the place of the one with the same code and first day. The member's applications have it a moment later, and no file changes
/// it after that: an import tells so and leaves it.
#[utoipa::path(
    post,
    path = "/api/v1/members/{member}/attendance",
    params(("member" = String, Path, description = "会員番号")),
    request_body = TypedAttendance,
    responses((status = OK, description = "Recorded.", body = AttendanceAnswer))
)]
async fn record_attendance(
    State(app): State<App>,
    Path(number): Path<String>,
    write: Write,
) -> Result<Json<AttendanceAnswer>, Problem> {
    let typed: TypedAttendance = write.decode()?;
    let (number, _) = known(&app, &write.identity, &number).await?;
    record(&app, &number, &typed, write.call()).await?;
    let member = app.service().member(&number).await?.unwrap_or_default();
    Ok(Json(AttendanceAnswer::of(&number, member)))
}

/// Take an attendance back by hand
///
/// It stays taken back when the same file is imported again: the import tells so.
#[utoipa::path(
    post,
    path = "/api/v1/members/{member}/attendance-retractions",
    params(("member" = String, Path, description = "会員番号")),
    request_body = TypedRetraction,
    responses((status = OK, description = "Taken back.", body = AttendanceAnswer))
)]
async fn retract_attendance(
    State(app): State<App>,
    Path(number): Path<String>,
    write: Write,
) -> Result<Json<AttendanceAnswer>, Problem> {
    let typed: TypedRetraction = write.decode()?;
    let (number, _) = known(&app, &write.identity, &number).await?;
    retract(&app, &number, &typed, write.call()).await?;
    let member = app.service().member(&number).await?.unwrap_or_default();
    Ok(Json(AttendanceAnswer::of(&number, member)))
}
