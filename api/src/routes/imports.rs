//! `POST /api/v1/imports/{kind}`: a file of the society's other systems.

use axum::{
    Json,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, header},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;
use utoipa_axum::{router::UtoipaMethodRouterExt as _, routes};
use uuid::Uuid;

use super::{Endpoint, endpoint};
use crate::{
    access::Permission,
    app::App,
    imports::{FILE_LIMIT, ImportReport, Kind, Origin, import},
    problem::{self, Problem},
    write::Write,
};

/// The endpoints of imports.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let routes =
        routes!(import_file).map(|methods| methods.layer(DefaultBodyLimit::max(FILE_LIMIT)));
    vec![endpoint(
        Permission::Import,
        &[&[problem::Kind::NotFound, problem::Kind::Invalid]],
        routes,
    )]
}

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Options {
    /// Write nothing and tell what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// Import a CSV file
///
/// UTF-8 or CP932, as `text/csv` or `application/octet-stream`, at most 20 MiB. Every good row is imported once however often
/// the file is sent; the others are in `reported` with line and reason. The same key with another file is another import.
#[utoipa::path(
    post,
    path = "/api/v1/imports/{kind}",
    params(("kind" = Kind, Path, description = "Which file."), Options),
    request_body(content(
        (String = "text/csv", example = "取引番号,会員番号,費目,金額,入金日,振込名義カナ\r\nT1,9000001,受験料,11000,2026/06/03,リンシヨウ\r\n"),
        (String = "application/octet-stream"),
    )),
    responses((status = OK, description = "What was done with every row.", body = ImportReport))
)]
async fn import_file(
    State(app): State<App>,
    Path(kind): Path<String>,
    Query(options): Query<Options>,
    headers: HeaderMap,
    write: Write,
) -> Result<Json<ImportReport>, Problem> {
    let kind = Kind::parse(&kind).ok_or(Problem::new(problem::Kind::NotFound))?;
    if !is_csv(&headers) {
        return Err(Problem::new(problem::Kind::UnsupportedMediaType));
    }
    let call = write.call();
    let file = write.bytes().clone();
    let origin = Origin {
        // The person who sent the file, so that the history names somebody who can be asked.
        actor: call.actor,
        id: Uuid::new_v5(&call.command_id, &Sha256::digest(&file)),
        correlation_id: call.correlation_id,
    };
    let service = app.service().clone();
    // In a task of its own: a client that hangs up does not leave half a file behind.
    let tasks = service.log.tasks().clone();
    let done =
        tasks.spawn(async move { import(&service, kind, &file, options.dry_run, origin).await });
    match done.await {
        Ok(Ok(report)) => Ok(Json(report)),
        Ok(Err(unusable)) => Err(Problem::saying(
            problem::Kind::Invalid,
            unusable.to_string(),
        )),
        Err(_) => Err(Problem::new(problem::Kind::Internal)),
    }
}

/// Spreadsheets and browsers send CSV as `text/csv`; whoever does not know sends bytes.
fn is_csv(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| {
            let value = value.trim();
            value.eq_ignore_ascii_case("text/csv")
                || value.eq_ignore_ascii_case("application/octet-stream")
        })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;
    use tokio::net::TcpListener;
    use ureq::{Agent, http::Response};

    use super::*;
    use crate::{
        ClockSetting, Mode, Service, app::Exposure, clock::DEMONSTRATION_START, serve,
        service::programs,
    };

    /// Sends files to a demonstration's server as its secretariat.
    async fn send(files: Vec<(&'static str, &'static str, Vec<u8>)>) -> Vec<(u16, Value)> {
        let directory = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}", directory.path().join("demo.db").display());
        let clock = ClockSetting::Demonstration {
            earliest: DEMONSTRATION_START,
        };
        let service = Service::open(&database, programs(None).unwrap(), clock)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = serve(service, Mode::Demonstration, Exposure::local(), listener)
            .await
            .unwrap();
        let url = running.url();
        let answers = tokio::task::spawn_blocking(move || {
            let agent = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .proxy(None)
                .timeout_global(Some(Duration::from_mins(1)))
                .build()
                .new_agent();
            agent
                .post(format!("{url}/demo/sign-in"))
                .send_form([("identity", "secretariat")])
                .unwrap();
            files
                .into_iter()
                .enumerate()
                .map(|(number, (kind, content, file))| {
                    let answer = agent
                        .post(format!("{url}/api/v1/imports/{kind}"))
                        .header("content-type", content)
                        .header("idempotency-key", format!("file-{number}"))
                        .send(file)
                        .unwrap();
                    let (parts, mut body) = Response::into_parts(answer);
                    let body = body.with_config().limit(u64::MAX).read_to_vec().unwrap();
                    (
                        parts.status.as_u16(),
                        serde_json::from_slice(&body).unwrap(),
                    )
                })
                .collect()
        })
        .await
        .unwrap();
        running.stop().await.unwrap();
        answers
    }

    const PAYMENTS: &str = "取引番号,会員番号,費目,金額,入金日,振込名義カナ\n";

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_may_be_larger_than_a_document_but_not_than_the_limit() {
        let rows = 20_000;
        let large = format!("{PAYMENTS}{}", "T,1,受験料,0,2026/06/01,ア\n".repeat(rows));
        assert!(large.len() > 500_000);
        let too_large = vec![b'a'; FILE_LIMIT + 1];
        let answers = send(vec![
            ("payments", "text/csv; charset=utf-8", large.into_bytes()),
            ("payments", "text/csv", too_large),
        ])
        .await;
        assert_eq!(answers[0].0, 200);
        assert_eq!(answers[0].1["bad"], rows);
        assert_eq!(answers[1].0, 413);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_no_import_is_a_problem_with_a_sentence() {
        let answers = send(vec![
            (
                "payments",
                "application/octet-stream",
                b"a,b\n1,2\n".to_vec(),
            ),
            ("payments", "application/json", b"{}".to_vec()),
            ("results", "text/csv", PAYMENTS.into()),
            ("members?dry_run=perhaps", "text/csv", PAYMENTS.into()),
        ])
        .await;
        let statuses: Vec<_> = answers.iter().map(|(status, _)| *status).collect();
        assert_eq!(statuses, [422, 415, 404, 400]);
        let detail = answers[0].1["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("見出しに必要な列がありません: 取引番号、"),
            "{detail}"
        );
        for (status, body) in answers {
            let kind = body["type"].as_str().unwrap();
            assert!(kind.starts_with("/problems/"), "{status}: {body}");
        }
    }
}
