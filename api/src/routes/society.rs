//! What the society does about an application: one file for each station of the way.

mod certification;
mod check;
mod correction;
mod decision;
mod review;

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use domain::{
    application::{Act, SocietyCommand},
    calendar::parse_deadline,
};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Endpoint, bulk_runs};
use crate::{
    app::App,
    bulk::{self, Acted},
    problem::{Kind, Problem},
    situation::{visible, with_view_behind},
    write::Write,
};

pub(crate) use review::{CorrectionAnswer, ReviewAnswer};

/// All of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = review::endpoints();
    all.extend(check::endpoints());
    all.extend(correction::endpoints());
    all.extend(decision::endpoints());
    all.extend(certification::endpoints());
    all
}

/// What every act may be refused for.
const ACTS: &[Kind] = &[Kind::Withdrawn, Kind::WrongState, Kind::Invalid];

/// What a judgement may be refused for besides.
const JUDGEMENTS: &[Kind] = &[Kind::StaleReview];

/// What 判定 may be refused for besides: it may have to wait for a second person.
const DECISIONS: &[Kind] = &[Kind::ProposalRefused, Kind::Unavailable];

/// An act that needs nothing but the two sentences and what was seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Judgement {
    /// 会員への説明: shown and mailed to the member. Required for 失効, and for 判定の取消 of 審査不合格.
    #[serde(default)]
    #[schema(max_length = 1000)]
    explanation: String,
    /// 内部の理由: kept with the event, never shown to the member. Required for 判定の取消.
    #[serde(default)]
    #[schema(max_length = 1000, example = "委員会の決定による")]
    reason: String,
    /// `revision` of the review that the decision rests on: refused when something has changed since.
    #[schema(minimum = 0)]
    seen: u32,
}

/// The two sentences about an act.
#[derive(Debug, Default)]
struct Sentences {
    /// 会員への説明
    explanation: String,
    /// 内部の理由
    reason: String,
}

/// Does it, and answers with the review as it is then; what waits for a second person is answered with its run.
async fn act(
    app: &App,
    id: &str,
    write: &Write,
    act: Act,
    Sentences {
        explanation,
        reason,
    }: Sentences,
    seen: Option<u32>,
) -> Result<Response, Problem> {
    let id = visible(app, &write.identity, id).await?;
    let command = SocietyCommand {
        act,
        explanation,
        reason,
        seen,
        approved: None,
    };
    let told = command.recorded_reason();
    let acted = bulk::act(app, &write.identity, &id, command, write.call_because(told)).await?;
    match acted {
        Acted::Done(done) => {
            let body = ReviewAnswer::of(app, &done.found)?;
            Ok(with_view_behind(Json(body).into_response(), done.behind))
        }
        Acted::Waits(run) => bulk_runs::waits(app, &write.identity, run).await,
    }
}

/// A [`Judgement`] of the body.
async fn judged(app: &App, id: &str, write: &Write, judgement: Act) -> Result<Response, Problem> {
    let Judgement {
        explanation,
        reason,
        seen,
    } = write.decode()?;
    let sentences = Sentences {
        explanation,
        reason,
    };
    act(app, id, write, judgement, sentences, Some(seen)).await
}

fn instant(pointer: &str, label: &str, text: &str) -> Result<Timestamp, Problem> {
    parse_deadline(text)
        .map_err(|error| Problem::new(Kind::Invalid).at(pointer, error.message(label)))
}
