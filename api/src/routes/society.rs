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
    application::{Act, ApplicationCommand, SocietyCommand},
    calendar::parse_instant,
};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Endpoint;
use crate::{
    app::App,
    problem::{Kind, Problem},
    saving::execute,
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

/// An act that needs nothing but its reason and what was seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Judgement {
    /// Why; kept with the event.
    #[schema(max_length = 1000, example = "委員会の決定による")]
    reason: String,
    /// `revision` of the review that the decision rests on: refused when something has changed since.
    #[schema(minimum = 0)]
    seen: u32,
}

/// Does it, and answers with the review as it is then.
async fn act(
    app: &App,
    id: &str,
    write: &Write,
    act: Act,
    reason: String,
    seen: Option<u32>,
) -> Result<Response, Problem> {
    let id = visible(app, &write.identity, id).await?;
    let told = Some(reason.clone()).filter(|reason| !reason.trim().is_empty());
    let command = ApplicationCommand::Society(SocietyCommand { act, reason, seen });
    let done = execute(app, &id, command, write.call_because(told)).await?;
    let body = ReviewAnswer::of(app, &done.found)?;
    Ok(with_view_behind(Json(body).into_response(), done.behind))
}

fn instant(pointer: &str, label: &str, text: &str) -> Result<Timestamp, Problem> {
    parse_instant(text).map_err(|_| {
        Problem::new(Kind::Invalid).at(
            pointer,
            format!("{label} は 2026-08-31T17:00 のように入力してください。"),
        )
    })
}
