//! 申請TOP: where an application stands, and what to do next.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::{ApplicationCommand, Explained},
    calendar::show_jst_minutes,
    journey::{JourneyStep, journey},
    sentences::{Phase, Sentence, Stand},
};

use super::{
    document::Asked,
    exam::fee,
    frame::{Frame, Notice},
    panel::Panel,
    rendered,
    visit::Visit,
};
use crate::{access::Identity, app::App, problem::Problem};

#[derive(Template)]
#[template(path = "top.html")]
struct Page {
    frame: Frame,
    panel: Panel,
    notices: Vec<Notice>,
    title: String,
    period: String,
    lines: Vec<String>,
    /// 会員への説明
    explanations: Vec<Explained>,
    steps: Vec<JourneyStep>,
    editable: bool,
    /// Where 申請を完了する is, while it may be.
    completion: Option<String>,
    /// Whether there are documents at all.
    documents: bool,
    /// Whether 追加お申込み is offered.
    add_exam: bool,
    /// 受験料, when it is to be paid.
    exam_fee: Option<String>,
    /// Where a withdrawn application is made again.
    again: Option<String>,
    guide: String,
    /// Where the printed application is, on the screen and as PDF.
    print: Option<(String, String)>,
    /// 修正のお願い, and whether it waits for the member.
    correction: Option<(String, bool)>,
    /// お申込みを取り下げる, for the member alone.
    withdrawal: Option<String>,
    /// What the screen is for, while something can be done on it.
    introduction: Option<&'static str>,
    /// 申請を完了する, explained.
    completion_hint: Option<&'static str>,
    /// When 本紙 can be had.
    print_hints: Vec<&'static str>,
    /// これからのこと
    to_come: Vec<&'static str>,
    /// How strong the button of the PDF is: 本紙 that is to be handed in comes first.
    pdf_button: &'static str,
    /// Our number, time and units of the completion.
    submission: Option<Submission>,
    address: String,
}

struct Submission {
    number: u32,
    at: String,
    units: u32,
    /// 認められた単位, where a 事務局欄 says another figure than the rules.
    recognised: Option<u32>,
    /// The first characters of the digest, for the telephone.
    digest: String,
}

/// What has just been done, in words that are true where the application stands by now.
fn said(notice: Option<&str>, stand: Stand) -> Option<Notice> {
    let (make, sentences): (fn(&'static str) -> Notice, &[Sentence]) = match notice? {
        "applied" => (
            Notice::success,
            &[
                Sentence::AppliedFillInAndPay,
                Sentence::AppliedFillIn,
                Sentence::AppliedPay,
                Sentence::AppliedPaid,
            ],
        ),
        "exam-added" => (
            Notice::success,
            &[Sentence::ExamAddedPay, Sentence::ExamAddedPaid],
        ),
        "completed" => (Notice::success, &[Sentence::Completed]),
        "withdrawn" => (
            Notice::info,
            &[Sentence::Withdrawn, Sentence::WithdrawnLate],
        ),
        _ => return None,
    };
    stand
        .first_of(sentences)
        .map(|sentence| make(sentence.words()))
}

/// The first of some sentences that is true here, in words.
fn said_here(stand: Stand, sentences: &[Sentence]) -> Option<&'static str> {
    stand.first_of(sentences).map(Sentence::words)
}

/// All of some sentences that are true here.
fn all_said_here(stand: Stand, sentences: &[Sentence]) -> Vec<&'static str> {
    sentences
        .iter()
        .filter_map(|sentence| said_here(stand, &[*sentence]))
        .collect()
}

/// 申請TOP's screen.
pub(super) async fn top(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    let state = visit.state()?;
    let withdrawn = visit.is_withdrawn();
    let stand = visit.stand();
    let status = visit.status()?;
    let documents = state.has_documents();
    let submission = state.final_form().map(|submission| Submission {
        number: submission.number,
        at: show_jst_minutes(submission.submitted_at),
        units: submission.assessment.total,
        recognised: (!state.review.differing(&submission.assessment).is_empty())
            .then(|| state.recognised_units(&visit.program.rules)),
        digest: submission.digest.chars().take(12).collect(),
    });
    let mut frame = visit.frame("申請", []);
    // 専門医 > program: the place itself.
    frame.crumbs.pop();
    if let Some(last) = frame.crumbs.last_mut() {
        last.href = None;
    }
    let page = Page {
        frame,
        panel: visit.panel()?,
        notices: said(asked.notice.as_deref(), stand)
            .into_iter()
            .chain(visit.stale_print().await?)
            .collect(),
        title: visit.program.title.clone(),
        period: visit.program.period.show(),
        lines: status.lines,
        explanations: status.explanations,
        steps: journey(&visit.found.application, visit.program),
        editable: visit.is_editable()?,
        completion: (visit.is_editable()? && visit.closed().is_none())
            .then(|| visit.below("completion")),
        documents,
        add_exam: documents && !withdrawn && visit.viewer.is_none() && status.exam_can_be_added,
        exam_fee: stand
            .allows(Sentence::ExamFeeRoute)
            .then(|| fee("受験料", &visit.program.fees.exam)),
        withdrawal: (visit.viewer.is_none() && visit.would_do(ApplicationCommand::Withdraw))
            .then(|| visit.below("withdrawal")),
        again: (stand.phase == Phase::Withdrawn && visit.viewer.is_none())
            .then(|| format!("/apply/{}", visit.program.id)),
        guide: visit.program.links.guide.clone(),
        correction: state.review.correction.as_ref().map(|_| {
            (
                visit.below("corrections"),
                visit.found.application.open_correction().is_some(),
            )
        }),
        introduction: said_here(stand, &[Sentence::EditIntroduction]),
        completion_hint: said_here(stand, &[Sentence::CompletionHint]),
        print_hints: all_said_here(
            stand,
            &[
                Sentence::ProvisionalFormHint,
                Sentence::FinalFormToCome,
                Sentence::FinalFormReady,
            ],
        ),
        to_come: all_said_here(
            stand,
            &[
                Sentence::PapersToHandIn,
                Sentence::OfficeChecks,
                Sentence::CompleteInTime,
                Sentence::HandInInTime,
            ],
        ),
        pdf_button: if stand.allows(Sentence::PapersToHandIn) {
            "primary"
        } else {
            "secondary"
        },
        print: documents.then(|| (visit.below("print"), visit.below("application.pdf"))),
        submission,
        address: visit.top(),
    };
    Ok(rendered(&page, StatusCode::OK))
}
