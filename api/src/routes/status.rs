//! `GET /api/v1/applications/{id}`: where an application stands, now or at a moment.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use cqrs_es::persist::PersistedEventRepository as _;
use domain::{
    Role,
    application::{Application, ApplicationId, StatusView, Submission},
    calendar::{AskedMoment, parse_moment},
    eligibility::Scope,
    member::{MemberNumber, PaymentItem},
    program::ProgramId,
};
use eventstore::{EventRepository, Metadata};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{RefOr, path::Operation},
};
use utoipa_axum::routes;

use super::Endpoint;
use crate::{
    access::{Identity, Permission},
    app::App,
    moment::{AS_OF, malformed_or_number},
    problem::{Kind, Problem},
    situation::{Found, found, program, visible},
};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(
        Permission::ReadApplication,
        &[],
        routes!(application_status),
    )
}

/// Where an application stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApplicationAnswer {
    /// `<program>.<会員番号>`
    #[schema(example = "specialist-renewal-4th-2026.9000001")]
    pub id: String,
    /// Program applied for.
    #[schema(value_type = String)]
    pub program: ProgramId,
    /// Its title.
    pub program_title: String,
    /// 会員番号
    #[schema(value_type = String)]
    pub member: MemberNumber,
    /// What was applied for first.
    pub scope: Scope,
    /// Its words.
    pub scope_label: &'static str,
    /// Whether it is withdrawn (取下げ); applying again in the period continues from it.
    pub withdrawn: bool,
    /// When it was applied for (the last time).
    #[schema(value_type = String, format = DateTime)]
    pub applied_at: Timestamp,
    /// 状態 in the manual's lines, and what may be done.
    pub status: StatusView,
    /// 本紙, after 申請を完了する.
    pub submission: Option<SubmissionAnswer>,
    /// 入金確認済み
    pub payments: Vec<PaymentAnswer>,
    /// Number of the last event that this shows.
    #[schema(minimum = 1)]
    pub sequence: i64,
    /// The moment for which this is said.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
}

/// 本紙: one completion.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubmissionAnswer {
    /// 本紙 number, from 1.
    pub number: u32,
    /// When 申請を完了する was decided.
    #[schema(value_type = String, format = DateTime)]
    pub submitted_at: Timestamp,
    /// 単位 that counted.
    pub units: u32,
    /// Version of the rules they were assessed by.
    pub rules_version: String,
    /// SHA-256 (hexadecimal) of the documents as submitted.
    pub digest: String,
}

/// A payment that has been confirmed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PaymentAnswer {
    /// 取引番号
    pub transaction: String,
    /// 費目
    pub item: PaymentItem,
    /// Its word.
    pub item_label: &'static str,
    /// 円
    pub amount_yen: u32,
    /// 入金日
    #[schema(value_type = String, format = Date)]
    pub paid_on: Date,
}

impl From<&Submission> for SubmissionAnswer {
    fn from(submission: &Submission) -> Self {
        Self {
            number: submission.number,
            submitted_at: submission.submitted_at,
            units: submission.assessment.total,
            rules_version: submission.rules_version.clone(),
            digest: submission.digest.clone(),
        }
    }
}

/// The answer about an application at a moment.
pub(super) fn answer(
    app: &App,
    found: &Found,
    at: Timestamp,
) -> Result<ApplicationAnswer, Problem> {
    let state = found.state()?;
    let program = program(app, state)?;
    let withdrawn = matches!(found.application, Application::Withdrawn(_));
    let status = found
        .application
        .status(program, at)
        .ok_or(Problem::new(Kind::NotApplied))?;
    let submission = state.final_form().map(SubmissionAnswer::from);
    let payments = state.payments.values().map(|payment| PaymentAnswer {
        transaction: payment.transaction.clone(),
        item: payment.item,
        item_label: payment.item.label(),
        amount_yen: payment.amount_yen,
        paid_on: payment.paid_on,
    });
    Ok(ApplicationAnswer {
        id: found.id.to_string(),
        program: state.program.clone(),
        program_title: program.title.clone(),
        member: state.member.clone(),
        scope: state.scope,
        scope_label: state.scope.label(),
        withdrawn,
        applied_at: state.applied_at,
        status,
        submission,
        payments: payments.collect(),
        sequence: found.sequence,
        as_of: at,
    })
}

/// Of which moment an application is asked about.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AsOf {
    /// The secretariat only: as it was at a time (`2026-06-03T18:30:00+09:00`, `2026/06/03 18:30`, `2026/06/03`), after an event (its number in the
    /// application) or after a number of the ledger (`台帳番号 1234`).
    #[param(example = "2026-06-03T18:30:00+09:00")]
    as_of: Option<String>,
}

impl AsOf {
    /// What is asked, when something is.
    fn asked(&self) -> Option<&str> {
        let asked = self.as_of.as_deref().map(str::trim);
        asked.filter(|asked| !asked.is_empty())
    }

    /// Whether it is asked about another moment than now.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked().is_some()
    }

    /// The application in an address as it was at the moment, and the time to say 状態 for.
    ///
    /// # Errors
    /// [`Kind::NotApplied`]; [`Kind::NotPermitted`] for others than the secretariat; [`Kind::MalformedAddress`] for what is no moment.
    pub(crate) async fn found(
        &self,
        app: &App,
        identity: &Identity,
        id: &str,
    ) -> Result<(Found, Timestamp), Problem> {
        let Some(asked) = self.asked() else {
            let found = found(app, identity, id).await?;
            return Ok((found, app.service().clock.now()));
        };
        let id = visible(app, identity, id).await?;
        if identity.role() != Role::Secretariat {
            return Err(Problem::new(Kind::NotPermitted));
        }
        let moment = Moment::asked(app, &id, asked).await?;
        let (sequence, at) = moment.in_history_of(app, &id).await?;
        let (application, sequence) = app
            .service()
            .application_at(&id, sequence)
            .await?
            .ok_or(Problem::new(Kind::NotApplied))?;
        let found = Found {
            id,
            application,
            sequence,
        };
        Ok((found, at))
    }
}

/// Whether an operation knows of moments: by its description, from which nobody forgets a parameter.
pub(super) fn knows_moments(operation: &Operation) -> bool {
    let parameters = operation.parameters.iter().flatten();
    parameters
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter.name.as_str()),
            RefOr::Ref(_) => None,
        })
        .any(|name| name == AS_OF)
}

/// Where an application stands
///
/// 状態 in the manual's words. 期限切れ follows from the time asked about.
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}",
    params(("id" = String, Path, description = "`<program>.<会員番号>`"), AsOf),
    responses((status = OK, description = "The application.", body = ApplicationAnswer))
)]
async fn application_status(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<AsOf>,
) -> Result<Json<ApplicationAnswer>, Problem> {
    let (found, at) = asked.found(&app, &identity, &id).await?;
    answer(&app, &found, at).map(Json)
}

/// A moment in the history of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// At a time.
    At(Timestamp),
    /// After an event, by its number in the application.
    After(i64),
}

impl Moment {
    /// Reads a moment of an application.
    ///
    /// # Errors
    /// [`Kind::MalformedAddress`] for what is none; [`Kind::NotFound`] for a number of the ledger before the application.
    pub(crate) async fn asked(app: &App, id: &ApplicationId, text: &str) -> Result<Self, Problem> {
        let asked = parse_moment(text).ok();
        match asked {
            Some(AskedMoment::Number(sequence)) if sequence > 0 => Ok(Self::After(sequence)),
            Some(AskedMoment::Ledger(number)) => Self::after_ledger(app, id, number).await,
            Some(time) if let Some(last) = time.last(app.service().clock.now()) => {
                if last > app.service().clock.now() {
                    return Err(still_to_come());
                }
                Ok(Self::At(last))
            }
            _ => Err(malformed_or_number("時点", "変更の番号")),
        }
    }

    /// After the last event of an application by a number of the ledger.
    ///
    /// # Errors
    /// [`Kind::NotFound`] when there was none.
    pub(crate) async fn after_ledger(
        app: &App,
        id: &ApplicationId,
        number: i64,
    ) -> Result<Self, Problem> {
        let log = &app.service().log;
        if number > log.head().await? {
            return Err(still_to_come());
        }
        let sequence = log
            .sequence_at::<Application>(&id.to_string(), number)
            .await?;
        sequence
            .map(Self::After)
            .ok_or_else(|| before_it_began(Kind::NotFound))
    }

    /// The number of the last event by then, and the time to say 状態 for.
    ///
    /// # Errors
    /// [`Kind::NotApplied`] when there was none; [`Kind::MalformedAddress`] for an event that is still to come.
    pub(crate) async fn in_history_of(
        self,
        app: &App,
        id: &ApplicationId,
    ) -> Result<(i64, Timestamp), Problem> {
        let decided = decision_times(app, id).await?;
        let (sequence, at) = match self {
            Self::At(at) => {
                let us = at.as_microsecond();
                let before = decided.iter().take_while(|decided| **decided <= us).count();
                (before, at)
            }
            Self::After(sequence) => {
                let sequence = usize::try_from(sequence).unwrap_or(usize::MAX);
                if sequence > decided.len() {
                    return Err(still_to_come());
                }
                let us = sequence.checked_sub(1).and_then(|place| decided.get(place));
                let at = us.and_then(|us| Timestamp::from_microsecond(*us).ok());
                (sequence, at.unwrap_or_else(|| app.service().clock.now()))
            }
        };
        if sequence == 0 {
            return Err(before_it_began(Kind::NotApplied));
        }
        Ok((i64::try_from(sequence).unwrap_or(i64::MAX), at))
    }
}

/// There is an application, and there was none then: nobody is told to apply.
fn before_it_began(kind: Kind) -> Problem {
    Problem::saying(
        kind,
        "この時点では、まだお申込みがありません。お申込みより後の時点を指定してください。",
    )
}

/// Of what has not happened nothing is known, and today is no answer for it.
fn still_to_come() -> Problem {
    Problem::saying(
        Kind::MalformedAddress,
        "この時点は、まだ来ていません。過去の日時か、これまでの変更の番号を指定してください。",
    )
}

/// When each event of an application was decided, in microseconds.
pub(super) async fn decision_times(app: &App, id: &ApplicationId) -> Result<Vec<i64>, Problem> {
    /// The metadata lies in the map that cqrs-es carries, as one text.
    #[derive(Deserialize)]
    struct Carried {
        envelope: String,
    }
    let events = EventRepository::new(app.service().log.clone())
        .get_events::<Application>(&id.to_string())
        .await
        .map_err(eventstore::Error::from)?;
    events
        .into_iter()
        .map(|event| {
            let carried: Carried = serde_json::from_value(event.metadata).ok()?;
            let metadata: Metadata = serde_json::from_str(&carried.envelope).ok()?;
            Some(metadata.decided_at_us)
        })
        .collect::<Option<_>>()
        .ok_or_else(|| {
            tracing::error!("the metadata of an application can not be read");
            Problem::new(Kind::Internal)
        })
}
