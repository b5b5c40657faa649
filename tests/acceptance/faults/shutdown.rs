//! The service ends in an orderly way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use tokio::task::block_in_place;
use ureq::http::Method;

use crate::cluster::Cluster;
use crate::databases::TestDatabase;
use crate::service::{Person, Process};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_asks_whether_the_service_is_ready_loses_no_request_when_it_stops() {
    let database = TestDatabase::sqlite().await;
    block_in_place(|| {
        let settings = [("SHINSEI_STOP_DELAY", "2")];
        let address = Process::free_address();
        let process = Process::start_with(&database.url, address, &settings);
        let url = process.url();
        let (told, left) = (AtomicBool::new(false), AtomicBool::new(false));
        let status = scope(|scope| {
            // As proxies do: it looks every now and then, and takes a node out that says that it is not ready.
            scope.spawn(|| {
                let watcher = Person::nobody(&url).amid_trouble();
                loop {
                    let ready = watcher.get("/readyz");
                    // A machine that is too busy to try in time is no end.
                    if ready.json()["reason"] == "stopping" {
                        assert!(told.load(Ordering::SeqCst), "{ready:?}");
                        left.store(true, Ordering::SeqCst);
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(200));
                }
            });
            // Over connections that stay open as long as they may, and over new ones.
            for fresh in [false, true] {
                let (url, left) = (&url, &left);
                scope.spawn(move || {
                    let mut person = Person::nobody(url);
                    let mut answered = 0;
                    while !left.load(Ordering::SeqCst) {
                        if fresh {
                            person = Person::nobody(url);
                        }
                        let answer = person.request(Method::GET, "/").try_send();
                        let answer = answer.unwrap_or_else(|error| panic!("{answered}: {error}"));
                        assert_eq!(answer.status, 200);
                        answered += 1;
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    assert!(answered > 0);
                });
            }
            std::thread::sleep(Duration::from_millis(500));
            told.store(true, Ordering::SeqCst);
            process.terminate()
        });
        assert!(left.into_inner());
        assert_eq!(status.0.code(), Some(0), "{}", status.1);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_whose_database_is_away_stops_as_it_is_told() {
    block_in_place(|| {
        let cluster = Cluster::start();
        let process = Process::start(&cluster.url, Process::free_address());
        cluster.crash();
        // Until somebody has noticed.
        let watcher = Person::nobody(&process.url()).amid_trouble();
        let began = Instant::now();
        while watcher.get("/readyz").status != 503 {
            assert!(began.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(50));
        }
        let began = Instant::now();
        let (status, said) = process.terminate();
        assert_eq!(status.code(), Some(0), "{said}");
        assert!(began.elapsed() < Duration::from_mins(1));
    });
}
