//! The running service: router, background work, and an orderly end.

use std::{
    net::SocketAddr,
    sync::OnceLock,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};
use eventstore::CancellationToken;
use jiff::Timestamp;
use projections::Runner;
use tokio::{net::TcpListener, task::JoinHandle};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    access::{PublicAddress, demo, known_host, same_origin, sign_in},
    app::{App, Exposure},
    bulk,
    config::{Mode, NotLoopback, check_listen},
    demonstration,
    forwarder::Forwarder,
    imports::PendingFiles,
    limits::{self, count_entrances, rest_of_body::heard_out},
    mail::{self, NoticeError, Notices},
    operations, pages,
    problem::{Kind, Problem, as_problem},
    program_archive, proof, reporting, routes,
    service::Service,
    telemetry::{figures, observe},
    write::BODY_LIMIT,
};

/// How long the end waits for requests that are being answered.
const DRAIN: Duration = Duration::from_secs(10);

/// How long the end waits for what does not end by itself. All of it together is less than the systemd unit allows.
const LAST_TASKS: Duration = Duration::from_secs(15);

/// How often what is kept for a while is deleted, whether or not anybody asks for anything.
const SWEEP: Duration = Duration::from_mins(1);

/// How often the recorder tidies up what nobody has fetched.
const UPKEEP: Duration = Duration::from_secs(10);

/// Says on every answer that this is the demonstration, and what time it believes it is.
const DEMONSTRATION: HeaderName = HeaderName::from_static("shinsei-demonstration");

/// Why the service could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The demonstration where others could reach it.
    #[error(transparent)]
    NotLoopback(#[from] NotLoopback),
    /// Production on a database that would lose acknowledged events.
    #[error("the database is not durable, and production needs it to be: {}", .0.join("; "))]
    NotDurable(Vec<String>),
    /// The log.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
    /// The demonstration's members.
    #[error(transparent)]
    Seed(#[from] demonstration::SeedError),
    /// The versions of the programs.
    #[error("the versions of the programs could not be kept")]
    Programs(#[from] sqlx::Error),
    /// The beginning of mail.
    #[error("mail could not be switched on")]
    Mail(#[from] NoticeError),
    /// The network.
    #[error("listening failed")]
    Listen(#[source] std::io::Error),
    /// The task of the server panicked.
    #[error("the server ended early")]
    Ended,
}

/// Everything that answers, without any background work.
pub fn router(app: App) -> Router {
    let mut router = Router::new()
        .merge(pages::router(&app))
        .merge(operations::router())
        .merge(routes::router(&app))
        .merge(sign_in::router())
        .route("/api/v1/openapi.json", get(description))
        .merge(SwaggerUi::new("/api/v1/reference").config(Config::from("/api/v1/openapi.json")));
    if app.is_demonstration() {
        router = router.merge(demo::router());
    }
    router
        .fallback(pages::nothing_here)
        .layer(CatchPanicLayer::custom(answer_to_panic))
        .layer(middleware::from_fn_with_state(app.clone(), same_origin))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(app.clone(), known_host))
        .layer(middleware::from_fn_with_state(app.clone(), count_entrances))
        .layer(middleware::map_response(as_problem_of_the_api))
        .layer(middleware::from_fn_with_state(app.clone(), pages::as_page))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            with_common_headers,
        ))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn(heard_out))
        .layer(middleware::from_fn(observe))
        .with_state(app)
}

/// What the panic said may quote what somebody typed. Its place is in the log.
fn answer_to_panic(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::new(Kind::Internal).into_response()
}

async fn as_problem_of_the_api(response: Response) -> Response {
    as_problem(response)
}

/// Made once: it is the same for the life of the process.
async fn description() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| routes::description().to_json().unwrap_or_default());
    if text.is_empty() {
        return Problem::new(Kind::Internal).into_response();
    }
    ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()
}

/// Headers of every answer. Nothing is to be kept by a cache unless it says so: almost every answer is about a person.
async fn with_common_headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let reference = request.uri().path().starts_with("/api/v1/reference");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(if reference {
        // The reference page comes from this binary; its script draws with styles of its own.
        HeaderValue::from_static(
            "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        )
    } else {
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")
    });
    if app
        .entrance()
        .address
        .as_ref()
        .is_some_and(PublicAddress::is_secure)
    {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    if app.readiness().stopping().is_cancelled() {
        // The next request is for somebody else.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if app.is_demonstration()
        && let Ok(now) = HeaderValue::from_str(&app.service().clock.now().to_string())
    {
        headers.insert(DEMONSTRATION, now);
    }
    response
}

/// A service that answers.
pub struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the start page, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it in an orderly way: no new requests, those that are being answered and every command that was accepted
    /// are finished first.
    ///
    /// # Errors
    /// What went wrong while it ran or ended.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.stop.cancel();
        self.ended().await
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// What went wrong while it ran or ended.
    pub async fn ended(self) -> Result<(), ServeError> {
        self.ended.await.map_err(|_| ServeError::Ended)?
    }

    /// What ends it when it is cancelled, for a signal handler.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }
}

/// Starts the service on a listener, as it meets the world: in the demonstration with its members, with the sealer, the views, the forwarder and the mail.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve(
    service: Service,
    mode: Mode,
    exposure: Exposure,
    listener: TcpListener,
) -> Result<Running, ServeError> {
    let address = listener.local_addr().map_err(ServeError::Listen)?;
    check_listen(mode, address)?;
    let problems = service.log.database().durability_problems().await?;
    match mode {
        Mode::Production if !problems.is_empty() => return Err(ServeError::NotDurable(problems)),
        Mode::Production => {}
        Mode::Demonstration => {
            for problem in problems {
                tracing::warn!(problem, "not durable; production would refuse to start");
            }
            demonstration::seed(&service).await?;
        }
    }
    program_archive::keep(&service.log, &service.programs).await?;
    figures();
    // Not waited for: it may take seconds to see that nobody answers.
    let looking = service.clone();
    service
        .log
        .tasks()
        .spawn(async move { reporting::tell(&looking).await });
    let background = CancellationToken::new();
    let log = service.log.clone();
    log.seal_task(background.clone());
    if let Some(anchors) = service.anchors.clone() {
        let anchoring = proof::keep_anchoring(log.clone(), anchors, background.clone());
        log.tasks().spawn(anchoring);
    }
    let verifying =
        proof::keep_verifying(service.clone(), service.verification, background.clone());
    log.tasks().spawn(verifying);
    let connections = exposure.limits.connections;
    let settings = exposure.mail.clone();
    let app = App::new(service.clone(), mode, exposure);
    let stop = app.readiness().stopping().clone();
    // Whoever asks first is answered by this, also on a machine that is too busy for another trial in time.
    let _ready_or_not = app.readiness().look(app.service()).await;
    let mut runner = Runner::new(log.clone()).follow(Forwarder::new(service.clone()));
    if let Some(settings) = settings {
        // Before anything is followed: what the log holds now is history.
        mail::begin(&log).await?;
        runner = runner.follow(Notices::new(service, app.link()));
        log.tasks()
            .spawn(mail::run(app.clone(), settings, background.clone()));
    }
    log.tasks().spawn(runner.run(background.clone()));
    log.tasks().spawn(upkeep(app.clone(), background.clone()));
    log.tasks().spawn(bulk::work(
        app.service().clone(),
        app.bulk_runs().clone(),
        background.clone(),
    ));
    let server = limits::serve_connections(listener, router(app), connections, stop.clone());
    let stopping = stop.clone();
    let ended = tokio::spawn(async move {
        let mut server = tokio::spawn(server);
        let answered = tokio::select! {
            // It ends by itself only when the network fails.
            answered = &mut server => answered,
            () = drained(&stopping, connections.stop_delay) => {
                server.abort();
                server.await
            }
        };
        // Commands whose callers have gone away are finished too.
        log.tasks().close();
        background.cancel();
        if tokio::time::timeout(LAST_TASKS, log.tasks().wait())
            .await
            .is_err()
        {
            tracing::warn!(
                "commands and background work were cut off: their database does not answer"
            );
        }
        // What they appended after the sealer had looked for the last time. Another node does it, or the next start.
        match tokio::time::timeout(LAST_TASKS, eventstore::seal(log.database())).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last events have no number yet"),
            Err(_) => {
                tracing::warn!("the last events have no number yet: the database does not answer");
            }
        }
        match answered {
            Ok(answered) => answered.map_err(ServeError::Listen),
            Err(aborted) if aborted.is_cancelled() => {
                tracing::warn!("requests were cut off: they took longer than the end waits");
                Ok(())
            }
            Err(_) => Err(ServeError::Ended),
        }
    });
    Ok(Running {
        address,
        stop,
        ended,
    })
}

/// Until the time for an orderly end is over.
async fn drained(stop: &CancellationToken, delay: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(delay + DRAIN).await;
}

/// Deletes what has been kept long enough. Every node does: deleting twice is deleting.
async fn sweep(app: &App) {
    let now = Timestamp::now();
    let pending = PendingFiles::new(app.service().log.clone());
    let exports = async { app.exports().sweep(app.exports().now().await?).await };
    for (what, swept) in [
        (
            "files that were looked at",
            pending.forget_expired(now).await,
        ),
        ("forms", app.kept_forms().forget_expired(now).await),
        ("searches", app.searches().forget_expired(now).await),
        ("sign-ins", app.sign_ins().forget_expired(now).await),
        ("exports", exports.await),
    ] {
        if let Err(error) = swept {
            tracing::warn!(%error, what, "what has expired could not be deleted");
        }
    }
}

/// Without it, figures that nobody fetches and clients that have gone would pile up.
async fn upkeep(app: App, cancellation: CancellationToken) {
    sweep(&app).await;
    let mut swept = Instant::now();
    while cancellation
        .run_until_cancelled(tokio::time::sleep(UPKEEP))
        .await
        .is_some()
    {
        figures().run_upkeep();
        app.rates().tidy();
        if swept.elapsed() >= SWEEP {
            swept = Instant::now();
            sweep(&app).await;
        }
    }
    // The end waits for all tasks of the log, and a long list would keep it for minutes.
    app.exports().stop();
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{Method, StatusCode},
    };
    use domain::Role;
    use jiff::Timestamp;
    use tower::ServiceExt as _;

    use super::*;
    use crate::{
        ClockSetting,
        access::{Beginning, COOKIE, Duties, Permission, Principal},
        clock::DEMONSTRATION_START,
        service,
    };

    async fn app(directory: &tempfile::TempDir, mode: Mode) -> App {
        let url = format!("sqlite:{}", directory.path().join("api.db").display());
        let clock = ClockSetting::Demonstration {
            earliest: DEMONSTRATION_START,
        };
        let service = Service::open(&url, service::programs(None).unwrap(), clock)
            .await
            .unwrap();
        App::new(service, mode, Exposure::local())
    }

    fn principal(role: Role) -> Principal {
        Principal::of(role, "9000001", Duties::all())
    }

    async fn cookie(app: &App, role: Role) -> String {
        let token = app
            .sessions()
            .begin(
                &Beginning::new(principal(role), "demo", ""),
                Timestamp::now(),
            )
            .await
            .unwrap();
        format!("{COOKIE}={}", token.as_str())
    }

    fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request {
        let request = Request::builder()
            .method(method.to_ascii_uppercase().as_str())
            .uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        request.body(Body::empty()).unwrap()
    }

    /// Method, address and permission of every operation that the description knows.
    fn operations() -> Vec<(String, String, Permission)> {
        let description = serde_json::to_value(routes::description()).unwrap();
        let mut operations = Vec::new();
        for (path, methods) in description["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let name = operation["x-permission"].as_str().unwrap();
                let permission = Permission::ALL
                    .into_iter()
                    .find(|permission| permission.as_str() == name)
                    .unwrap();
                let address = path
                    .replace("{id}", "specialist-renewal-4th-2026.9000001")
                    .replace("{row}", "8b6b3e6c-d454-5b30-87a0-af0c5a5f899b")
                    .replace("{token}", "8b6b3e6c-d454-5b30-87a0-af0c5a5f899b")
                    .replace("{mail}", "8b6b3e6c-d454-5b30-87a0-af0c5a5f899b")
                    .replace("{notice}", "applied");
                operations.push((method.clone(), address, permission));
            }
        }
        operations
    }

    #[tokio::test]
    async fn every_operation_is_closed_to_who_is_not_signed_in() {
        let directory = tempfile::tempdir().unwrap();
        let router = router(app(&directory, Mode::Demonstration).await);
        for (method, path, _) in operations() {
            let answer = router
                .clone()
                .oneshot(request(&method, &path, &[]))
                .await
                .unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(
                answer.headers()[header::CONTENT_TYPE],
                "application/problem+json"
            );
        }
    }

    #[tokio::test]
    async fn every_operation_is_closed_to_roles_without_its_permission_and_open_to_the_others() {
        let directory = tempfile::tempdir().unwrap();
        let app = app(&directory, Mode::Demonstration).await;
        let router = router(app.clone());
        for role in [Role::Member, Role::Secretariat, Role::Reporter] {
            let cookie = cookie(&app, role).await;
            for (method, path, permission) in operations() {
                let asked = request(&method, &path, &[("cookie", &cookie)]);
                let answer = router.clone().oneshot(asked).await.unwrap();
                let refused = answer.status() == StatusCode::FORBIDDEN;
                assert_eq!(
                    refused,
                    !permission.is_held_by(&principal(role)),
                    "{role:?} {method} {path}: {}",
                    answer.status()
                );
            }
        }
    }

    #[tokio::test]
    async fn a_write_from_another_site_is_refused_before_anything_else() {
        let directory = tempfile::tempdir().unwrap();
        let app = app(&directory, Mode::Demonstration).await;
        let cookie = cookie(&app, Role::Member).await;
        let asked = request(
            "POST",
            "/api/v1/applications/specialist-renewal-4th-2026.9000001/withdrawal",
            &[
                ("cookie", &cookie),
                ("sec-fetch-site", "cross-site"),
                ("idempotency-key", "1"),
            ],
        );
        let answer = router(app).oneshot(asked).await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    }

    #[tokio::test]
    async fn production_has_no_demo_sign_in() {
        let directory = tempfile::tempdir().unwrap();
        let router = router(app(&directory, Mode::Production).await);
        let answer = router
            .oneshot(request("POST", "/demo/sign-in", &[("host", "127.0.0.1")]))
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert!(!answer.headers().contains_key(DEMONSTRATION));
    }

    #[tokio::test]
    async fn no_answer_may_be_framed_guessed_or_kept() {
        let directory = tempfile::tempdir().unwrap();
        let router = router(app(&directory, Mode::Demonstration).await);
        for path in [
            "/",
            "/healthz",
            "/readyz",
            "/api/v1/me",
            "/api/v1/reference/",
            "/nowhere",
        ] {
            let answer = router
                .clone()
                .oneshot(request("GET", path, &[]))
                .await
                .unwrap();
            let headers = answer.headers();
            assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY", "{path}");
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{path}");
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(
                policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
        }
    }

    #[tokio::test]
    async fn people_get_a_page_where_there_is_nothing_and_machines_a_problem() {
        let directory = tempfile::tempdir().unwrap();
        let router = router(app(&directory, Mode::Demonstration).await);
        for (path, accept, content_type) in [
            ("/nowhere", "text/html,*/*", "text/html; charset=utf-8"),
            ("/nowhere", "*/*", "application/problem+json"),
            (
                "/api/v1/nowhere",
                "text/html,*/*",
                "application/problem+json",
            ),
        ] {
            let asked = request("GET", path, &[("accept", accept)]);
            let answer = router.clone().oneshot(asked).await.unwrap();
            assert_eq!(answer.status(), StatusCode::NOT_FOUND);
            assert_eq!(
                answer.headers()[header::CONTENT_TYPE],
                content_type,
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn a_panic_is_answered_without_a_word_about_it() {
        let broken: Router = Router::new()
            .route("/", get(|| async { panicking("秘密") }))
            .layer(CatchPanicLayer::custom(answer_to_panic));
        let answer = broken
            .oneshot(
                Request::builder()
                    .method(Method::GET)
                    .uri("/")
                    .body(Body::empty())
                    .unwrap(),
            )
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(answer.into_body(), 10_000)
            .await
            .unwrap();
        assert!(!String::from_utf8(body.to_vec()).unwrap().contains("秘密"));
    }

    fn panicking(message: &str) {
        assert!(message.is_empty(), "{message}");
    }

    #[tokio::test]
    async fn the_demonstration_is_not_served_where_others_can_reach_it() {
        let directory = tempfile::tempdir().unwrap();
        let service = app(&directory, Mode::Demonstration).await.service().clone();
        let open = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let refused = serve(service, Mode::Demonstration, Exposure::local(), open).await;
        assert!(matches!(refused, Err(ServeError::NotLoopback(_))));
    }

    #[tokio::test]
    async fn what_was_accepted_is_finished_before_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let service = app(&directory, Mode::Demonstration).await.service().clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = serve(
            service.clone(),
            Mode::Demonstration,
            Exposure::local(),
            listener,
        )
        .await
        .unwrap();
        let work = service.log.tasks().spawn(async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            "done"
        });
        running.stop().await.unwrap();
        assert!(work.is_finished(), "the end waited for it");
        assert_eq!(work.await.unwrap(), "done");
        assert!(
            service.log.head().await.unwrap() > 0,
            "the demonstration's members are there"
        );
    }
}
