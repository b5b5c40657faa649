//! Problem documents (RFC 9457): every answer that is not what was asked for, in polite Japanese that says what to do.

mod framework;
mod kind;

pub use framework::as_problem;
pub use kind::Kind;

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    application::Refusal, documents::FieldError, eligibility::Reason, requirements::Requirement,
};
use eventstore::ExecuteError;
use serde::Serialize;
use utoipa::ToSchema;

/// After how long it is worth asking again while the service cannot answer: about as long as it takes to be well again.
pub(crate) const COME_AGAIN: Duration = Duration::from_secs(5);

/// What stands in a problem document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Body {
    /// Which problem: `/problems/<code>`, stable.
    #[serde(rename = "type")]
    #[schema(example = "/problems/stale-revision")]
    pub type_uri: String,
    /// The same for every problem of the type.
    pub title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What is wrong and what to do, for the person.
    pub detail: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// `requirements-not-met`: what is missing before 申請を完了する.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub missing: Vec<Requirement>,
    /// `not-eligible`, `period-not-open`: why not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub reasons: Vec<Reason>,
    /// `stale-revision`: the document as it is saved now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub current: Option<Version>,
    /// `stale-revision`: what was sent, and the revision it was drawn from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub yours: Option<Version>,
    /// The request's number in the service's log, to be told to those who run it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub instance: Option<String>,
}

/// One of the two versions of a document that was changed elsewhere meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Version {
    /// Its revision.
    pub revision: u32,
    /// The document or row; null when it is (or is to be) empty.
    #[schema(value_type = Option<Object>)]
    pub document: serde_json::Value,
}

/// A problem on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    kind: Kind,
    body: Box<Body>,
    /// Label and text of what was typed into a form that cannot be shown any more: only its page shows it.
    kept: Vec<(String, String)>,
    /// Where its page leads back to, when that is not where the person came from.
    back: Option<String>,
    /// The form that can be sent again as it was.
    again: Option<Box<SentForm>>,
}

/// A form as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SentForm {
    /// Where to.
    pub(crate) action: String,
    /// Name and value of each field, the unseen ones among them.
    pub(crate) fields: Vec<(String, String)>,
}

impl Problem {
    /// A problem with the sentence of its kind.
    pub fn new(kind: Kind) -> Self {
        Self::saying(kind, kind.sentence())
    }

    /// A problem with a sentence of its own.
    pub fn saying(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            body: Box::new(Body {
                type_uri: format!("/problems/{}", kind.code()),
                title: kind.title().to_owned(),
                status: kind.status().as_u16(),
                detail: detail.into(),
                errors: Vec::new(),
                missing: Vec::new(),
                reasons: Vec::new(),
                current: None,
                yours: None,
                instance: None,
            }),
            kept: Vec::new(),
            back: None,
            again: None,
        }
    }

    /// Something of ours has failed while doing this, which is told to those who run the service. Trouble of the database passes, and
    /// nobody is at fault who asks: they are told to come again.
    pub(crate) fn failed(doing: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        let source = eventstore::told_source(error);
        if let Some(trouble) = eventstore::trouble(error) {
            let trouble = trouble.as_str();
            tracing::warn!(%error, source, doing, trouble, "the database is in trouble");
            return Self::new(Kind::Unavailable);
        }
        tracing::error!(%error, source, doing, "failed");
        Self::new(Kind::Internal)
    }

    /// The same with a pointer to a field.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        self.body.errors.push(FieldError {
            pointer: pointer.into(),
            message: message.into(),
        });
        self
    }

    /// The same with both versions of a document.
    #[must_use]
    pub fn with_versions(mut self, current: Version, yours: Version) -> Self {
        self.body.current = Some(current);
        self.body.yours = Some(yours);
        self
    }

    /// The same with what was typed, so that the person can copy it from the page.
    #[must_use]
    pub(crate) fn keeping(mut self, kept: Vec<(String, String)>) -> Self {
        self.kept = kept;
        self
    }

    /// The same with the address to which its page leads back: where the person came from is gone.
    #[must_use]
    pub(crate) fn leading_to(mut self, address: String) -> Self {
        self.back = Some(address);
        self
    }

    /// Where its page leads back to.
    pub(crate) fn back(&self) -> Option<&str> {
        self.back.as_deref()
    }

    /// The same with the form, to be sent again from its page at a press.
    #[must_use]
    pub(crate) fn offering(mut self, form: SentForm) -> Self {
        self.again = Some(Box::new(form));
        self
    }

    /// The form that its page offers to send again.
    pub(crate) fn again(&self) -> Option<&SentForm> {
        self.again.as_deref()
    }

    /// What was typed.
    pub(crate) fn kept(&self) -> &[(String, String)] {
        &self.kept
    }

    /// Which problem it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What will be answered.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The same with the number under which the log has it.
    #[must_use]
    pub fn of_request(mut self, request: uuid::Uuid) -> Self {
        self.body.instance = Some(format!("urn:uuid:{request}"));
        self
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let mut problem = Self::saying(Kind::of(&refusal), refusal.to_string());
        match refusal {
            Refusal::NotEligible(reasons) => problem.body.reasons = reasons,
            Refusal::PeriodNotOpen(reason) => problem.body.reasons = vec![reason],
            Refusal::RequirementsNotMet(missing) => problem.body.missing = missing,
            Refusal::Undecodable { pointer, message }
            | Refusal::TooLong { pointer, message }
            | Refusal::Invalid { pointer, message } => {
                problem = problem.at(pointer, message);
            }
            Refusal::NotReturned(closed) => problem.body.errors = closed,
            Refusal::AmountDiffers { .. } => {
                let sentence = refusal.to_string();
                problem = problem.at("/amount_yen", sentence);
            }
            Refusal::NotApplied
            | Refusal::UnknownProgram
            | Refusal::AlreadyApplied
            | Refusal::ExamAlreadyApplied
            | Refusal::DocumentsNotApplied
            | Refusal::StaleRevision { .. }
            | Refusal::DayIsFull { .. }
            | Refusal::UnknownRow
            | Refusal::RowExists
            | Refusal::TooManyRows { .. }
            | Refusal::NotARowDocument
            | Refusal::NotSavedThen
            | Refusal::AlreadySubmitted
            | Refusal::Withdrawn
            | Refusal::PaymentFitsNothing
            | Refusal::PayerDiffers
            | Refusal::UnknownPayment
            | Refusal::Lapsed
            | Refusal::ExamResultChanged
            | Refusal::ExamResultTold
            | Refusal::WrongState { .. }
            | Refusal::StaleReview { .. }
            | Refusal::NotApproved
            | Refusal::NothingToCorrect
            | Refusal::DueInPast
            | Refusal::NotLater
            | Refusal::ChecksOpen(_)
            | Refusal::NotYetCertifiable(_)
            | Refusal::ExamFeeUnpaid
            | Refusal::CertificationFeeUnpaid
            | Refusal::NothingToUndo
            | Refusal::LaterDecision { .. }
            | Refusal::UnknownCorrection
            | Refusal::CorrectionOverdue { .. } => {}
        }
        problem
    }
}

/// Errors of the log are told to those who run the service, not to those who use it: see [`Problem::failed`].
impl From<eventstore::Error> for Problem {
    fn from(error: eventstore::Error) -> Self {
        Self::failed("using the event log", &error)
    }
}

/// Errors of the views too. Only what a second database could not do is another matter: it concerns the reports alone, and passes.
impl From<projections::Error> for Problem {
    fn from(error: projections::Error) -> Self {
        if matches!(error, projections::Error::Replica { .. }) {
            let why = crate::reporting::unreachable(&error);
            tracing::warn!(why, "reports could not be read");
            return Self::new(Kind::ReportsUnavailable);
        }
        Self::failed("reading a view", &error)
    }
}

impl<E: std::error::Error + Into<Self>> From<ExecuteError<E>> for Problem {
    fn from(error: ExecuteError<E>) -> Self {
        match error {
            ExecuteError::Refused(refusal) => refusal.into(),
            ExecuteError::KeyReused => Self::new(Kind::IdempotencyKeyReused),
            ExecuteError::Conflict => Self::new(Kind::Conflict),
            ExecuteError::Database(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.kind.status(), Json(&*self.body)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.kind.status() == StatusCode::SERVICE_UNAVAILABLE {
            let wait = HeaderValue::from(COME_AGAIN.as_secs());
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        // For people it becomes a page on its way out.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use domain::{documents::DocumentKind, requirements::RequirementKind};

    use super::*;

    #[test]
    fn a_refusal_keeps_its_code_and_its_sentence() {
        let refusal = Refusal::TooManyRows {
            document: DocumentKind::Papers,
            limit: 30,
        };
        let problem = Problem::from(refusal.clone());
        assert_eq!(
            problem.body().type_uri,
            format!("/problems/{}", refusal.code())
        );
        assert_eq!(problem.body().detail, refusal.to_string());
        assert_eq!(problem.kind().status(), StatusCode::UNPROCESSABLE_ENTITY);
    }

    #[test]
    fn unmet_requirements_are_listed() {
        let missing = vec![Requirement {
            kind: RequirementKind::UnitsShort,
            document: None,
            message: "業績単位が不足しています (現在 3 単位)".to_owned(),
        }];
        let problem = Problem::from(Refusal::RequirementsNotMet(missing.clone()));
        assert_eq!(problem.body().missing, missing);
    }

    #[test]
    fn trouble_of_the_database_is_no_failure_of_ours_and_says_when_to_come_again() {
        let full = eventstore::Error::Database {
            stage: eventstore::Stage::Append,
            source: sqlx::Error::PoolTimedOut,
        };
        let problem = Problem::from(full);
        assert_eq!(problem.kind(), Kind::Unavailable);
        let response = problem.into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "5");
        let ours = Problem::from(eventstore::Error::NotConsecutive);
        assert_eq!(ours.kind(), Kind::Internal);
    }

    #[test]
    fn reports_that_their_own_database_can_not_answer_are_unavailable_and_no_failure_of_ours() {
        let failed = |source| projections::Error::Replica {
            doing: "asking the reports",
            source,
        };
        let problem = Problem::from(failed(sqlx::Error::PoolTimedOut));
        assert_eq!(problem.kind(), Kind::ReportsUnavailable);
        assert_eq!(problem.kind().status(), StatusCode::SERVICE_UNAVAILABLE);
        let problem = Problem::from(projections::Error::UnknownName);
        assert_eq!(problem.kind(), Kind::Internal);
    }

    #[tokio::test]
    async fn a_problem_is_answered_as_problem_json_with_its_status() {
        let response = Problem::new(Kind::NotSignedIn).into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let body = axum::body::to_bytes(response.into_body(), 10_000)
            .await
            .unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["type"], "/problems/not-signed-in");
        assert_eq!(body["status"], 401);
        assert!(
            body.get("errors").is_none(),
            "nothing is told that is not there"
        );
    }
}
