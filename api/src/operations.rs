//! For those who run the service: is it alive, is it ready, and its figures.

use axum::{
    Json, Router,
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

/// The database answers, and has the tables of the log and of the views.
async fn ready(State(app): State<App>) -> Response {
    let service = app.service();
    let head = service.log.head().await;
    let views = service.views.lag().await;
    match (head, views) {
        (Ok(head), Ok(views)) => {
            let failed: Vec<_> = views
                .iter()
                .filter(|view| view.failure.is_some())
                .map(|view| &view.name)
                .collect();
            let database = match service.log.database().kind() {
                DatabaseKind::Sqlite => "sqlite",
                DatabaseKind::Postgres => "postgres",
            };
            // A view that stands still is for an alert: taking the service away would help nobody.
            Json(json!({ "ready": true, "database": database, "events": head, "failed_views": failed })).into_response()
        }
        (head, views) => {
            tracing::error!(head = ?head.err().map(|error| error.to_string()), views = ?views.err().map(|error| error.to_string()), "not ready");
            Problem::new(Kind::Unavailable).into_response()
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
