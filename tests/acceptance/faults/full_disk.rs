//! A disk that is full, and has room again.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use api::clock::DEMONSTRATION_START;
use api::{ClockSetting, Exposure, Mode, Service};
use eventstore::Database;
use serde_json::json;
use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::service::{Applicant, FOURTH, TestService, eventually};

/// A file system of its own in memory.
struct SmallDisk {
    place: TempDir,
}

impl SmallDisk {
    fn of(size: &str) -> Self {
        Self::at(TempDir::new().unwrap(), size)
    }

    fn at(place: TempDir, size: &str) -> Self {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "shinsei"])
            .arg(place.path())
            .output()
            .unwrap();
        assert!(
            mounted.status.success(),
            "this test mounts a small tmpfs to fill it, which needs root (a container: CAP_SYS_ADMIN): {}",
            String::from_utf8_lossy(&mounted.stderr)
        );
        Self { place }
    }

    fn path(&self) -> &Path {
        self.place.path()
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut ballast = File::create(self.path().join("ballast")).unwrap();
        for size in [64 * 1024, 1] {
            let bytes = vec![0_u8; size];
            loop {
                match ballast.write_all(&bytes) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.path().join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a connection may still be closing.
        let _unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_what_is_saved_is_saved_again_within_five_seconds_of_room() {
    let disk = SmallDisk::of("48m");
    let url = format!("sqlite://{}", disk.path().join("shinsei.db").display());
    let clock = ClockSetting::Demonstration {
        earliest: DEMONSTRATION_START,
    };
    let inside = Service::open(&url, api::service::programs(None).unwrap(), clock)
        .await
        .unwrap();
    let service = TestService::around(inside, Mode::Demonstration, |_| Exposure::local()).await;
    let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
    assert_eq!(service.nobody().get("/readyz").ok()["ready"], true);
    let Database::Sqlite(pool) = service.inside.log.database() else {
        unreachable!("the test opened SQLite")
    };
    // Whatever stands in the file beside it would be written over, without any new room.
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(pool)
        .await
        .unwrap();
    disk.fill();

    let amid = Applicant::new(yoko.person.amid_trouble(), FOURTH, "9000001");
    let save = |key: &str, text: &str, revision: u32| {
        amid.person
            .put(&amid.path("/documents/profile"))
            .json(&json!({ "text": text }))
            .key(key)
            .revision(revision)
            .send()
    };
    let long = "長い文".repeat(300);
    for number in 0..4 {
        let refused = save(&format!("full-{number}"), &long, 0);
        assert!(
            refused.refused(503, "unavailable")["detail"]
                .as_str()
                .unwrap()
                .contains("入力")
        );
    }
    // What is there can still be read, and who watches is told why nothing is written.
    assert_eq!(yoko.document("profile").revision(), 0);
    let watcher = service.nobody().amid_trouble();
    eventually(&json!("disk-full"), || {
        watcher.get("/readyz").json()["reason"].clone()
    });

    disk.make_room();
    let began = Instant::now();
    let saved = loop {
        let answer = save("full-0", &long, 0);
        if answer.status != 503 {
            break answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    saved.ok();
    let sequence = saved.json()["sequence"].clone();
    loop {
        let ready = watcher.get("/readyz");
        let shown = yoko.get("").ok();
        if ready.status == 200
            && ready.json()["failed_views"] == json!([])
            && shown["revision"] != 0
        {
            let lag = service.inside.views.lag().await.unwrap();
            if lag
                .iter()
                .all(|view| view.events == 0 && view.failure.is_none())
            {
                break;
            }
        }
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "not as before: {ready:?}, {:?}",
            service.inside.views.lag().await.unwrap()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let took = began.elapsed();
    assert!(
        took < Duration::from_secs(5),
        "{took:?}, saved at {sequence}"
    );
    // Every connection that failed was left or closed: none refuses what comes after.
    for revision in 1..=10 {
        save(
            &format!("after-{revision}"),
            &format!("{revision}"),
            revision,
        )
        .ok();
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_disk_is_full_is_not_ready_until_it_has_room_and_trials_need_no_more_of_it()
{
    // Where the server's user can reach it.
    let place = TempDir::with_prefix_in("shinsei-full-", "/var/tmp").unwrap();
    open_to_all(place.path());
    let disk = SmallDisk::at(place, "256m");
    open_to_all(disk.path());
    let cluster = Cluster::start_in(disk.path().join("cluster"));
    let clock = ClockSetting::Demonstration {
        earliest: DEMONSTRATION_START,
    };
    let inside = Service::open(&cluster.url, api::service::programs(None).unwrap(), clock)
        .await
        .unwrap();
    let log = &inside.log;
    let Database::Postgres(pool) = log.database() else {
        unreachable!("the test opened PostgreSQL")
    };
    // What is written ahead has a file with room in it: without any the server ends itself, which is another fault.
    for statement in ["SELECT pg_switch_wal()", "CHECKPOINT"] {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
    log.try_writing().await.unwrap();
    let relations = async || -> i64 {
        sqlx::query_scalar("SELECT pg_database_size(current_database())")
            .fetch_one(pool)
            .await
            .unwrap()
    };
    let before = relations().await;
    for _ in 0..50 {
        log.try_writing().await.unwrap();
    }
    let grown = relations().await - before;
    // Each connection of the pool has a file of its own, and its names stand in the catalogue.
    assert!(grown < 2 * 1024 * 1024, "{grown}");

    disk.fill();
    for _ in 0..50 {
        let error = log.try_writing().await.unwrap_err();
        assert_eq!(
            eventstore::trouble(&error),
            Some(eventstore::Trouble::Full),
            "{error}"
        );
    }
    disk.make_room();
    for _ in 0..5 {
        log.try_writing().await.unwrap();
    }
    crate::databases::close(log.database()).await;
}

fn open_to_all(directory: &Path) {
    std::fs::set_permissions(directory, Permissions::from_mode(0o755)).unwrap();
}
