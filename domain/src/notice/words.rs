//! The values of the placeholders, for an application at an event.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{NoticeKind, Placeholder, reminder::missing};
use crate::{
    application::{
        ApplicationEvent, ApplicationId, ApplicationState, CertificationTrack, CorrectionItem,
        CorrectionRequest, DecisionKind, ExamTrack,
    },
    calendar::{days_left, long_date, show_deadline, show_jst_minutes, show_last_day},
    member::MemberRecord,
    program::Program,
    sentences::Phase,
    transfer::Yen,
};

/// Word of the template → value.
pub type Words = BTreeMap<&'static str, String>;

/// What stands for a value that there is not yet: only a preview meets it.
pub const NOT_YET: &str = "（未定）";

/// What a mail of a kind says about an application: the state after `event` (none for a reminder), the record of today, and the
/// moment at which it is written. The value of every placeholder of the kind is there.
pub fn words(
    kind: NoticeKind,
    state: &ApplicationState,
    event: Option<&ApplicationEvent>,
    (program, record): (&Program, &MemberRecord),
    at: Timestamp,
) -> Words {
    let assessment = state.assess(&program.rules);
    let placeholders = kind.placeholders();
    placeholders
        .into_iter()
        .map(|placeholder| {
            let value = match placeholder {
                Placeholder::Name => record.name.clone(),
                Placeholder::Member => state.member.to_string(),
                Placeholder::Program => program.title.clone(),
                Placeholder::Year => program.year.to_string(),
                Placeholder::Application => ApplicationId {
                    program: state.program.clone(),
                    member: state.member.clone(),
                }
                .to_string(),
                Placeholder::Scope => state.scope.label().to_owned(),
                Placeholder::Deadline => show_deadline(state.closes(program)),
                Placeholder::Units => assessment.total.to_string(),
                Placeholder::RequiredUnits => assessment.required.to_string(),
                // The address of the service is no rule of the field: whoever writes the mail puts it there.
                Placeholder::Link => String::new(),
                of_the_occasion => of_occasion(of_the_occasion, state, event, program, at)
                    .unwrap_or_else(|| NOT_YET.to_owned()),
            };
            (placeholder.name(), value)
        })
        .collect()
}

fn of_occasion(
    placeholder: Placeholder,
    state: &ApplicationState,
    event: Option<&ApplicationEvent>,
    program: &Program,
    at: Timestamp,
) -> Option<String> {
    let payment = match event {
        Some(ApplicationEvent::PaymentConfirmed { payment }) => Some(payment),
        _ => None,
    };
    let request = match event {
        Some(ApplicationEvent::ReturnedForCorrection { request, .. }) => Some(request),
        _ => state
            .review
            .correction
            .as_ref()
            .map(|correction| &correction.request),
    };
    let certificate = match &state.certification {
        CertificationTrack::Certified(certificate) => Some(certificate),
        _ => None,
    };
    match placeholder {
        Placeholder::ExamFeeRoute => Some(match state.exam {
            ExamTrack::AwaitingPayment => program.fees.exam.route.clone(),
            _ => String::new(),
        }),
        Placeholder::PaymentItem => payment.map(|payment| payment.item.label().to_owned()),
        Placeholder::Amount => payment.map(|payment| yen(payment.amount_yen)),
        Placeholder::PaidOn => payment.map(|payment| long_date(payment.paid_on)),
        Placeholder::SubmissionNumber => state
            .submission()
            .map(|submission| submission.number.to_string()),
        Placeholder::SubmittedAt => state
            .submission()
            .map(|submission| show_jst_minutes(submission.submitted_at)),
        Placeholder::Message => request.map(|request| request.message.value.trim().to_owned()),
        Placeholder::Corrections => request.map(|request| corrections(state, request)),
        Placeholder::Explanation => Some(
            event
                .and_then(ApplicationEvent::explanation)
                .map_or_else(String::new, |text| text.trim().to_owned()),
        ),
        Placeholder::UndoneDecision => match event {
            Some(ApplicationEvent::DecisionUndone { decision, .. }) => {
                Some(decision.label().to_owned())
            }
            Some(ApplicationEvent::ExamResultRetracted { .. }) => {
                Some(DecisionKind::ExamResult.label().to_owned())
            }
            Some(ApplicationEvent::DecisionRevoked { .. }) => Some("書類審査の判定".to_owned()),
            _ => None,
        },
        Placeholder::ExamOutcome => match &state.exam {
            ExamTrack::Resulted { outcome, .. } => Some(outcome.label().to_owned()),
            _ => None,
        },
        Placeholder::CertificationFee => program.fees.certification.amount_yen.map(yen),
        Placeholder::CertificationFeeRoute => Some(program.fees.certification.route.clone()),
        Placeholder::CertificationFeeDue => match &state.certification {
            CertificationTrack::FeeRequested { due } => Some(show_last_day(*due)),
            _ => None,
        },
        Placeholder::CertifiedOn => {
            certificate.map(|certificate| long_date(certificate.certified_on))
        }
        Placeholder::ExpiresOn => certificate.map(|certificate| long_date(certificate.expires_on)),
        Placeholder::DeferredUntil => match &state.certification {
            CertificationTrack::Deferred { until } => Some(show_last_day(*until)),
            _ => None,
        },
        Placeholder::ApplyUntil => Some(if program.takes_applications(at) {
            show_deadline(program.period.closes)
        } else {
            String::new()
        }),
        Placeholder::DeadlineName => {
            let phase = Phase::of_made(state, at >= state.closes(program));
            Some(phase.deadline().unwrap_or("申請期限").to_owned())
        }
        Placeholder::DaysLeft => days_left(at, state.closes(program)).map(|days| match days {
            0 => "本日".to_owned(),
            days => format!("あと{days}日"),
        }),
        Placeholder::Missing => {
            let missing = missing(state, program);
            (!missing.is_empty()).then(|| {
                let lines: Vec<_> = missing.iter().map(|one| format!("・{one}")).collect();
                lines.join("\n")
            })
        }
        Placeholder::Name
        | Placeholder::Member
        | Placeholder::Program
        | Placeholder::Year
        | Placeholder::Application
        | Placeholder::Scope
        | Placeholder::Deadline
        | Placeholder::Units
        | Placeholder::RequiredUnits
        | Placeholder::Link => None,
    }
}

fn yen(amount: u32) -> String {
    Yen::from(amount).show()
}

fn corrections(state: &ApplicationState, request: &CorrectionRequest) -> String {
    let items: Vec<_> = request
        .items
        .iter()
        .map(|item| {
            let comment = item.comment.value.trim().replace('\n', "\n   ");
            format!("{}. {}\n   {comment}", item.number, place(state, item))
        })
        .collect();
    items.join("\n")
}

/// 「研究業績 論文」 2件目 掲載誌
fn place(state: &ApplicationState, item: &CorrectionItem) -> String {
    let mut place = format!("「{}」", item.document.title());
    if let Some(row) = item.row {
        let rows = state.review_rows(item.document);
        // A row that is gone by now has no number any more.
        if let Some(number) = rows.iter().position(|known| *known == row.to_string()) {
            place = format!("{place} {}件目", number + 1);
        }
    }
    if let Some(field) = item
        .field
        .as_deref()
        .and_then(|field| item.document.field(field))
    {
        place.push(' ');
        place.push_str(field.label);
    }
    place
}
