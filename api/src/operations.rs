//! For those who run the service: is it alive, is it ready, and its figures.

mod readiness;

pub use readiness::Readiness;

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use eventstore::DatabaseKind;
use serde_json::json;

use crate::{
    app::App,
    problem::{Kind, Problem},
    telemetry::figures,
};

/// Their addresses.
pub fn router() -> Router<App> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// The process answers.
async fn alive() -> &'static str {
    "ok\n"
}

/// Whether the service can do what it promises: its database answers, has the tables of the log and of the views, and commits a write.
async fn ready(State(app): State<App>) -> Response {
    match app.readiness().look(app.service()).await {
        Ok(found) => {
            let database = match app.service().log.database().kind() {
                DatabaseKind::Sqlite => "sqlite",
                DatabaseKind::Postgres => "postgres",
            };
            let mut told = json!({ "ready": true, "database": database, "events": found.events, "failed_views": found.failed_views });
            // Neither is a reason to take the service away: a view that stands still is for an alert, and after a failover the answers are
            // those of the log that there is.
            if !found.breaks.is_empty() {
                told["reason"] = json!("log-replaced");
                told["log_breaks"] = json!(found.breaks);
            }
            Json(told).into_response()
        }
        Err(reason) => {
            let problem = Problem::new(Kind::Unavailable);
            let told = serde_json::to_value(problem.body()).ok();
            let mut told = told
                .and_then(|told| told.as_object().cloned())
                .unwrap_or_default();
            told.insert("ready".to_owned(), json!(false));
            told.insert("reason".to_owned(), json!(reason));
            // The same problem, and why: not to be drawn anew on its way out.
            let (mut head, _) = problem.into_response().into_parts();
            head.extensions.remove::<Problem>();
            Response::from_parts(head, Body::from(json!(told).to_string()))
        }
    }
}

/// Figures in the format of Prometheus. What lies in the database is looked up when somebody asks.
async fn metrics(State(app): State<App>) -> Response {
    match app.service().views.lag().await {
        Err(error) => tracing::error!(%error, "asking for the lag of the views"),
        Ok(views) => {
            for view in views {
                let name = view.name;
                metrics::gauge!("shinsei_projection_lag_events", "projection" => name.clone())
                    .set(count(view.events));
                metrics::gauge!("shinsei_projection_lag_seconds", "projection" => name.clone())
                    .set(view.seconds);
                metrics::gauge!("shinsei_projection_failed", "projection" => name)
                    .set(if view.failure.is_some() { 1.0 } else { 0.0 });
                metrics::gauge!("shinsei_ledger_head").set(count(view.head));
            }
        }
    }
    match app.service().log.unsealed().await {
        Err(error) => tracing::error!(%error, "counting the events that are not sealed"),
        Ok(events) => metrics::gauge!("shinsei_unsealed_events").set(count(events)),
    }
    match app.service().log.open_breaks().await {
        Err(error) => tracing::error!(%error, "counting what is gone of the log"),
        Ok(breaks) => {
            let gone = breaks.iter().map(eventstore::Break::gone).sum();
            let commands = breaks.iter().map(|one| one.commands.len()).sum::<usize>();
            metrics::gauge!("shinsei_log_numbers_gone").set(count(gone));
            metrics::gauge!("shinsei_log_commands_gone")
                .set(count(i64::try_from(commands).unwrap_or(i64::MAX)));
            metrics::gauge!("shinsei_log_breaks")
                .set(count(i64::try_from(breaks.len()).unwrap_or(i64::MAX)));
        }
    }
    match app.outbox().open().await {
        Err(error) => tracing::error!(%error, "counting the mails that have not gone"),
        Ok(open) => {
            for (state, mails) in open {
                metrics::gauge!("shinsei_outbox_mails", "state" => state.as_str())
                    .set(count(mails));
            }
        }
    }
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        figures().render(),
    )
        .into_response()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for people; exact up to 2^53"
)]
fn count(number: i64) -> f64 {
    number as f64
}
