//! 申請TOP: where an application stands, and what to do next.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::{DocumentTrack, ExamTrack},
    calendar::show_jst_minutes,
    journey::{JourneyStep, journey},
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
    /// Our number, time and units of the completion.
    submission: Option<Submission>,
    address: String,
}

struct Submission {
    number: u32,
    at: String,
    units: u32,
    /// The first characters of the digest, for the telephone.
    digest: String,
}

/// What has just been done, in words.
fn said(notice: Option<&str>) -> Option<Notice> {
    Some(match notice? {
        "applied" => Notice::success(
            "お申込みを受け付けました。続けて、申請書類の入力と受験料のご納入をお済ませください。",
        ),
        "exam-added" => {
            Notice::success("筆記試験のお申込みを受け付けました。受験料をご納入ください。")
        }
        "completed" => Notice::success(
            "申請を完了しました。申請内容は確定されています。事務局で書類を確認します。",
        ),
        "withdrawn" => Notice::info(
            "お申込みを取り下げました。入力された内容は残っています。期間内であれば、もう一度お申込みいただけます。",
        ),
        _ => return None,
    })
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
    let status = state.status(visit.program, visit.now);
    let documents = state.documents_track != DocumentTrack::NotApplied;
    let submission = state.final_form().map(|submission| Submission {
        number: submission.number,
        at: show_jst_minutes(submission.submitted_at),
        units: submission.assessment.total,
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
        notices: said(asked.notice.as_deref())
            .into_iter()
            .chain(visit.stale_print().await?)
            .collect(),
        title: visit.program.title.clone(),
        period: visit.program.period.show(),
        lines: if withdrawn {
            vec!["申請: 取下げ".to_owned()]
        } else {
            status.lines
        },
        steps: journey(&visit.found.application, visit.program),
        editable: visit.is_editable()?,
        completion: (visit.is_editable()? && visit.closed().is_none())
            .then(|| visit.below("completion")),
        documents,
        add_exam: documents && !withdrawn && visit.viewer.is_none() && status.exam_can_be_added,
        exam_fee: (!withdrawn && state.exam == ExamTrack::AwaitingPayment)
            .then(|| fee("受験料", &visit.program.fees.exam)),
        withdrawal: (!withdrawn && visit.viewer.is_none()).then(|| visit.below("withdrawal")),
        again: (withdrawn && visit.viewer.is_none())
            .then(|| format!("/apply/{}", visit.program.id)),
        guide: visit.program.links.guide.clone(),
        correction: state.review.correction.as_ref().map(|_| {
            (
                visit.below("corrections"),
                state.open_correction().is_some(),
            )
        }),
        print: documents.then(|| (visit.below("print"), visit.below("application.pdf"))),
        submission,
        address: visit.top(),
    };
    Ok(rendered(&page, StatusCode::OK))
}
