//! The whole service as its users have it: on a free port, on a database of each kind, spoken to over HTTP only.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a harness whose set-up fails has nothing better to do than to say where"
)]

mod applicant;
pub mod approvals;
pub mod files;
pub mod forms;
mod person;
mod process;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::access::{Beginning, COOKIE, Keys, Principal, SessionTimes, Sessions};
use api::clock::DEMONSTRATION_START;
use api::decisions::Deciding;
use api::forwarder::Forwarder;
use api::{ClockSetting, Exposure, Mode, Running, Service, serve};
use domain::program::Programs;
use eventstore::Anchors;
use jiff::Timestamp;
use projections::ViewName;
use tokio::net::TcpListener;
use tokio::task::block_in_place;

pub use applicant::{Applicant, missing};
pub use person::{Answer, Person};
pub use process::{Process, command as shinsei};

use crate::databases::{Content, TestDatabase, all_sealed, close, each_database_with};
use crate::patience::{PATIENCE, until};

/// The program of the manual's example, and that of the first three renewals.
pub const FOURTH: &str = "specialist-renewal-4th-2026";
pub const FIRST_TO_THIRD: &str = "specialist-renewal-2026";

/// Where every service of these tests has its keys, in this process and in others.
pub fn keys_directory() -> PathBuf {
    std::env::temp_dir().join("shinsei-test-keys")
}

/// Those keys.
pub fn keys() -> Keys {
    Keys::read_or_make(&keys_directory()).unwrap()
}

/// A service that runs in this process.
pub struct TestService {
    /// What the handlers use, for looking behind the scenes.
    pub inside: Service,
    running: Running,
}

/// Runs `test` against a service on each database.
pub async fn each_service(test: impl AsyncFn(&TestService)) {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        test(&service).await;
        service.stop().await;
    })
    .await;
}

/// Runs `test` on databases of each kind on which the demonstration has begun.
pub async fn each_demonstration(test: impl AsyncFn(&TestDatabase)) {
    each_database_with(Content::Demonstration, test).await;
}

/// Lets the demonstration begin on a database: once, for a template that all others are copied from.
pub async fn demonstrate(url: &str) {
    let programs = api::service::programs(None).unwrap();
    let clock = ClockSetting::Demonstration {
        earliest: DEMONSTRATION_START,
    };
    let inside = Service::open(url, programs, clock).await.unwrap();
    let service = TestService::around(inside, Mode::Demonstration, |_| Exposure::local()).await;
    let log = service.inside.log.clone();
    all_sealed(&log).await;
    let runner = projections::Runner::new(log.clone()).follow(Forwarder::new(service.inside));
    for view in ViewName::ALL {
        runner.catch_up(view.as_str()).await.unwrap();
    }
    runner.catch_up("forwarder").await.unwrap();
    service.running.stop().await.unwrap();
    close(log.database()).await;
}

impl TestService {
    /// Waits until everything is numbered, every view and the forwarder have it, and this node knows it; then the last number.
    pub async fn settled(&self) -> i64 {
        let log = &self.inside.log;
        until("all is quiet", async || {
            let lag = self.inside.views.lag().await.unwrap();
            let (unsealed, head) = (log.unsealed().await.unwrap(), log.head().await.unwrap());
            unsealed == 0
                && lag.iter().all(|view| view.events == 0)
                // Not held while something is awaited: whoever announces a number would wait for it.
                && *log.sealed().borrow() == head
        })
        .await;
        log.head().await.unwrap()
    }

    /// A service on a database, as a demonstration.
    pub async fn on(database: &TestDatabase) -> Self {
        Self::at(database, DEMONSTRATION_START).await
    }

    /// The same, with the clock at another moment.
    pub async fn at(database: &TestDatabase, earliest: Timestamp) -> Self {
        let programs = api::service::programs(None).unwrap();
        let clock = ClockSetting::Demonstration { earliest };
        Self::start(database, programs, Mode::Demonstration, clock, |_| {
            Exposure::local()
        })
        .await
    }

    /// The same, with what the operator says of 判定.
    pub async fn deciding(
        database: &TestDatabase,
        earliest: Timestamp,
        deciding: Deciding,
    ) -> Self {
        let programs = api::service::programs(None).unwrap();
        let clock = ClockSetting::Demonstration { earliest };
        let inside = Service::open(&database.url, programs, clock).await.unwrap();
        let inside = inside.with_deciding(deciding);
        Self::around(inside, Mode::Demonstration, |_| Exposure::local()).await
    }

    /// The same, meeting the world in another way.
    pub async fn exposed(database: &TestDatabase, exposure: Exposure) -> Self {
        let programs = api::service::programs(None).unwrap();
        let clock = ClockSetting::Demonstration {
            earliest: DEMONSTRATION_START,
        };
        Self::start(database, programs, Mode::Demonstration, clock, |_| exposure).await
    }

    /// The same, with programs of one's own from a directory.
    pub async fn with_programs(database: &TestDatabase, directory: &Path) -> Self {
        let programs = api::service::programs(Some(directory)).unwrap();
        let clock = ClockSetting::Demonstration {
            earliest: DEMONSTRATION_START,
        };
        Self::start(database, programs, Mode::Demonstration, clock, |_| {
            Exposure::local()
        })
        .await
    }

    /// A service as it is meant to be used.
    pub async fn in_production(database: &TestDatabase) -> Self {
        Self::in_production_exposed(database, |_| Exposure::local()).await
    }

    /// The same, meeting the world in another way, once its address is known.
    pub async fn in_production_exposed(
        database: &TestDatabase,
        exposure: impl FnOnce(SocketAddr) -> Exposure,
    ) -> Self {
        let programs = api::service::programs(None).unwrap();
        let clock = ClockSetting::System;
        Self::start(database, programs, Mode::Production, clock, exposure).await
    }

    async fn start(
        database: &TestDatabase,
        programs: Arc<Programs>,
        mode: Mode,
        clock: ClockSetting,
        exposure: impl FnOnce(SocketAddr) -> Exposure,
    ) -> Self {
        let inside = Service::open(&database.url, programs, clock).await.unwrap();
        Self::around(inside, mode, exposure).await
    }

    /// The same as a demonstration, on a node that keeps anchors.
    pub async fn with_anchors(database: &TestDatabase, anchors: &Anchors) -> Self {
        let programs = api::service::programs(None).unwrap();
        let clock = ClockSetting::Demonstration {
            earliest: DEMONSTRATION_START,
        };
        let inside = Service::open(&database.url, programs, clock).await.unwrap();
        let inside = inside.with_anchors(Some(anchors.clone()));
        Self::around(inside, Mode::Demonstration, |_| Exposure::local()).await
    }

    /// A service that is made up already.
    pub async fn around(
        inside: Service,
        mode: Mode,
        exposure: impl FnOnce(SocketAddr) -> Exposure,
    ) -> Self {
        let inside = inside.with_keys(keys());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let exposure = exposure(listener.local_addr().unwrap());
        let running = serve(inside.clone(), mode, exposure, listener)
            .await
            .unwrap();
        Self { inside, running }
    }

    /// Host and port.
    pub fn address(&self) -> std::net::SocketAddr {
        self.running.address()
    }

    /// Somebody who is not signed in.
    pub fn nobody(&self) -> Person {
        Person::nobody(&self.running.url())
    }

    /// A member who is signed in.
    pub fn member(&self, number: &str) -> Person {
        Person::member(&self.running.url(), number)
    }

    /// 事務局
    pub fn secretariat(&self) -> Person {
        Person::staff(&self.running.url(), "secretariat")
    }

    /// 集計担当
    pub fn reporter(&self) -> Person {
        Person::staff(&self.running.url(), "reporter")
    }

    /// A machine client with a token.
    pub fn client(&self, secret: &str) -> Person {
        let value = format!("Bearer {secret}");
        Person::carrying(&self.running.url(), "authorization", value)
    }

    /// Somebody as whom one cannot sign in here: a session that is begun behind the scenes.
    pub async fn as_principal(&self, principal: &Principal) -> Person {
        let sessions = Sessions::new(&self.inside, SessionTimes::default());
        let beginning = Beginning::new(principal.clone(), "demo", "");
        let token = sessions.begin(&beginning, Timestamp::now()).await.unwrap();
        let value = format!("{COOKIE}={}", token.as_str());
        Person::carrying(&self.running.url(), "cookie", value)
    }

    /// A member who is signed in and applies in a program.
    pub fn applicant(&self, number: &str, program: &str, scope: &str) -> Applicant {
        let applicant = Applicant::new(self.member(number), program, number);
        applicant.apply(scope).created();
        applicant
    }

    /// Ends it, and holds it to what must be true of its log and its views in the end.
    pub async fn stop(self) {
        self.running.stop().await.unwrap();
        assert_sound(&self.inside.log).await;
    }
}

/// The log is whole, dense and unchanged, and every view is what a fresh rebuild makes of it.
pub async fn assert_sound(log: &eventstore::EventLog) {
    let head = all_sealed(log).await;
    let report = eventstore::verify(log.database()).await.unwrap();
    assert_eq!((report.verified, report.problem), (head, None));
    let runner = projections::Runner::new(log.clone());
    for view in ViewName::ALL {
        runner.catch_up(view.as_str()).await.unwrap();
        let report = projections::rebuild(log, view.as_str(), false, |_| {})
            .await
            .unwrap();
        assert_eq!(
            (report.compared_at, report.differences, report.switched),
            (head, 0, true),
            "{}: {:?}",
            report.name,
            report.differing
        );
    }
}

/// Every byte of a text escaped, as it may stand in an address.
pub fn escaped(text: &str) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap();
    text.bytes()
        .flat_map(|byte| ['%', digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Asks again until the answer is the expected one: for what happens by itself after a while.
#[track_caller]
pub fn eventually<T: PartialEq + std::fmt::Debug>(expected: &T, mut ask: impl FnMut() -> T) {
    block_in_place(|| {
        let began = Instant::now();
        loop {
            let seen = ask();
            if seen == *expected {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "still {seen:?}, expected {expected:?}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    });
}
