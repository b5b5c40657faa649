//! What the service tells about itself: logs and figures. Never a personal field: no names, no texts, no addresses, and no 会員番号,
//! so no id of an application or a stream either. The command's id leads to them in the log of events.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use eventstore::{ExecuteError, Receipt};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::Instrument as _;
use tracing_subscriber::{
    EnvFilter, filter::LevelFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};
use uuid::Uuid;

/// Number of a request: in its log lines, in the events it made (correlation), and in its `X-Request-Id`.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub Uuid);

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What does not say what is logged.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "SHINSEI_LOG: {0:?} says nothing of what is logged. Allowed are a level (error, warn, info, debug, trace, off) and module=level, with commas \
     between them: info,sqlx=warn"
)]
pub struct NoFilter(String);

/// A filter of levels and of levels of modules. `EnvFilter` takes a word alone that is no level for a module, and then nothing else is
/// logged any more: here it is refused.
fn log_filter(text: &str) -> Result<EnvFilter, NoFilter> {
    let directives: Vec<&str> = text.split(',').map(str::trim).collect();
    let module = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-');
        !name.is_empty() && name.chars().all(plain)
    };
    // An empty word would be read as error.
    let is_level = |word: &str| !word.is_empty() && word.parse::<LevelFilter>().is_ok();
    let wrong = directives.iter().find(|one| match one.split_once('=') {
        Some((name, level)) => !module(name) || !is_level(level),
        None => !is_level(one),
    });
    if let Some(wrong) = wrong {
        return Err(NoFilter((*wrong).to_owned()));
    }
    EnvFilter::builder()
        .parse(directives.join(","))
        .map_err(|_| NoFilter(text.to_owned()))
}

/// Starts logging to standard error. A second call changes nothing.
///
/// # Errors
/// A filter that cannot be read.
pub fn init_logging(filter: &str, format: LogFormat) -> Result<(), NoFilter> {
    let filter = log_filter(filter)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Text => registry
            .with(lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())))
            .try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    if started.is_ok() {
        // The message of a panic may quote what somebody typed; its place does not.
        std::panic::set_hook(Box::new(|panic| {
            let place = panic
                .location()
                .map(ToString::to_string)
                .unwrap_or_default();
            tracing::error!("panicked at {place}");
        }));
    }
    Ok(())
}

/// What is logged when nothing is configured.
pub const DEFAULT_FILTER: &str = "info,sqlx=warn";

/// The figures of this process.
pub fn figures() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let recorder = builder
            .set_buckets(&[
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
            ])
            .unwrap_or_else(|_| PrometheusBuilder::new())
            .build_recorder();
        let handle = recorder.handle();
        // Fails only when another recorder is there already; then that one has the figures.
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed");
        }
        handle
    })
}

/// One span, one log line and the figures of each request. The address itself is not told: its route is.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let id = Uuid::new_v4();
    request.extensions_mut().insert(RequestId(id));
    let method = method_label(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", request = %id, method, route);
    let began = Instant::now();
    async move {
        let mut response = next.run(request).await;
        let took = began.elapsed();
        let status = response.status().as_u16();
        tracing::info!(status, ms = milliseconds(took), "answered");
        let status = status.to_string();
        metrics::counter!("shinsei_http_requests_total", "method" => method, "route" => route.clone(), "status" => status)
            .increment(1);
        metrics::histogram!("shinsei_http_request_seconds", "route" => route).record(took.as_secs_f64());
        if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert("x-request-id", id);
        }
        response
    }
    .instrument(span)
    .await
}

/// Methods that somebody makes up are one.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

/// Milliseconds with three places.
fn milliseconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// Notes how a command ended: once in the log, and in the figures. Its id, and not that of its stream, which holds a 会員番号.
pub(crate) fn command_ended<E: std::error::Error>(
    aggregate: &'static str,
    command: &'static str,
    command_id: Uuid,
    took: Duration,
    result: &Result<Receipt, ExecuteError<E>>,
) {
    let outcome = match result {
        Ok(receipt) if receipt.replayed => "replayed",
        Ok(receipt) if receipt.last_sequence < receipt.first_sequence => "unchanged",
        Ok(_) => "executed",
        Err(ExecuteError::Refused(_)) => "refused",
        Err(ExecuteError::KeyReused) => "key_reused",
        Err(ExecuteError::Conflict) => "conflict",
        Err(ExecuteError::Database(_)) => "failed",
    };
    let stream = result.as_ref().ok();
    tracing::info!(
        aggregate,
        command,
        %command_id,
        outcome,
        first_sequence = stream.map(|receipt| receipt.first_sequence),
        last_sequence = stream.map(|receipt| receipt.last_sequence),
        ms = milliseconds(took),
        "command"
    );
    metrics::counter!("shinsei_commands_total", "aggregate" => aggregate, "command" => command, "outcome" => outcome)
        .increment(1);
    metrics::histogram!("shinsei_command_seconds", "aggregate" => aggregate)
        .record(took.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_somebody_makes_up_makes_no_new_figure() {
        assert_eq!(method_label(&Method::PUT), "PUT");
        assert_eq!(
            method_label(&Method::from_bytes(b"FOO").unwrap_or_default()),
            "other"
        );
    }

    #[test]
    fn a_word_that_is_no_level_switches_no_log_off() {
        for filter in [
            DEFAULT_FILTER,
            "warn",
            " Info , sqlx=warn ",
            "api=debug,sqlx=warn",
            "off",
            "tower_http::trace=debug,error",
        ] {
            assert!(log_filter(filter).is_ok(), "{filter}");
        }
        for (filter, named) in [
            ("verbose", "verbose"),
            ("infos,sqlx=warn", "infos"),
            ("info;sqlx=warn", "info;sqlx=warn"),
            ("info sqlx=warn", "info sqlx=warn"),
            ("foo=loud", "foo=loud"),
            ("sqlx", "sqlx"),
            ("info,", ""),
            ("=info", "=info"),
            ("情報", "情報"),
        ] {
            let refused = log_filter(filter).map(drop);
            assert_eq!(refused, Err(NoFilter(named.to_owned())), "{filter}");
        }
    }

    #[test]
    fn milliseconds_have_three_places() {
        assert!((milliseconds(Duration::from_nanos(1_234_567)) - 1.235).abs() < 1e-9);
    }
}
