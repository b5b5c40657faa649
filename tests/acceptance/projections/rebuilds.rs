//! A rebuild beside the live view.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use projections::{HistoryFilter, ProjectionStatus, Runner, ViewName, rebuild};

use super::{Node, applied, profile, tamper};
use crate::databases::each_database;
use crate::patience::{PATIENCE, until};

#[tokio::test]
async fn a_view_is_rebuilt_while_events_arrive_and_no_reader_sees_it_go_back() {
    each_database(async |test| {
        let node = Node::on(test).await;
        let runner = node.run();
        node.write("p.1", applied()).await;
        for number in 0..300 {
            node.write("p.1", profile(&number.to_string())).await;
        }
        node.sealed(301).await;
        let done = AtomicBool::new(false);
        let written = AtomicI64::new(0);
        let writing = async {
            let mut number = 0;
            while !done.load(Ordering::Relaxed) {
                let last = node.write("p.1", profile(&format!("n{number}"))).await;
                written.store(last, Ordering::Relaxed);
                number += 1;
            }
        };
        let reading = async {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) {
                if let Some(list) = node.views.document_list("p.1").await.unwrap() {
                    assert!(list.sequence >= seen, "the view went back");
                    seen = list.sequence;
                }
                tokio::task::yield_now().await;
            }
        };
        let rebuilding = async {
            let mut reports = Vec::new();
            for view in ViewName::ALL {
                for _ in 0..2 {
                    let before = written.load(Ordering::Relaxed);
                    until("events go on arriving", async || {
                        written.load(Ordering::Relaxed) > before
                    })
                    .await;
                    let report = rebuild(&node.log, view.as_str(), false, |_| ()).await;
                    reports.push(report.unwrap());
                }
            }
            done.store(true, Ordering::Relaxed);
            reports
        };
        let ((), (), reports) = tokio::join!(writing, reading, rebuilding);
        let last = written.load(Ordering::Relaxed);
        for report in reports {
            assert_eq!(
                (report.differences, report.switched),
                (0, true),
                "{report:?}"
            );
            assert!(report.compared_at > 300);
            assert_eq!(report.new_generation, report.old_generation + 1);
        }
        for view in ViewName::OF_APPLICATIONS {
            let seen = node.views.wait_for(view, "p.1", last, PATIENCE);
            assert!(seen.await.unwrap(), "{view} goes on after the switch");
        }
        for lag in node.views.lag().await.unwrap() {
            assert_eq!((lag.generation, lag.status), (3, ProjectionStatus::Live));
        }
        runner.abort();
        node.stop().await;
    })
    .await;
}

#[tokio::test]
async fn rows_that_differ_are_named_and_keep_the_live_view_unless_accepted() {
    each_database(async |test| {
        let node = Node::on(test).await;
        for application in ["p.1", "p.2", "p.3"] {
            node.write(application, applied()).await;
        }
        node.sealed(3).await;
        let runner = Runner::new(node.log.clone());
        runner.catch_up("document_list").await.unwrap();
        let database = node.log.database();
        tamper(
            database,
            "UPDATE view_document_list_g1 SET sequence = 7 WHERE application = 'p.1'",
        )
        .await;
        tamper(
            database,
            "DELETE FROM view_document_list_g1 WHERE application = 'p.3'",
        )
        .await;

        let report = rebuild(&node.log, "document_list", false, |_| ())
            .await
            .unwrap();
        let keys: Vec<_> = report
            .differing
            .iter()
            .map(|row| row.key.as_str())
            .collect();
        assert_eq!((report.differences, report.switched), (2, false));
        assert_eq!(keys, ["p.1", "p.3"]);
        let kept = node.views.document_list("p.1").await.unwrap().unwrap();
        assert_eq!(kept.sequence, 7);
        assert!(
            !node
                .views
                .lag()
                .await
                .unwrap()
                .iter()
                .any(|lag| lag.status == ProjectionStatus::Rebuilding)
        );

        let report = rebuild(&node.log, "document_list", true, |_| ())
            .await
            .unwrap();
        assert_eq!((report.differences, report.switched), (2, true));
        let mended = node.views.document_list("p.1").await.unwrap().unwrap();
        assert_eq!(mended.sequence, 1);
        assert!(node.views.document_list("p.3").await.unwrap().is_some());
        node.stop().await;
    })
    .await;
}

#[tokio::test]
async fn rows_of_another_version_of_the_code_are_not_continued_but_rebuilt() {
    each_database(async |test| {
        let node = Node::on(test).await;
        node.write("p.1", applied()).await;
        node.sealed(1).await;
        let runner = Runner::new(node.log.clone());
        runner.catch_up("document_list").await.unwrap();
        tamper(
            node.log.database(),
            "UPDATE projections SET version = 0 WHERE name = 'document_list'",
        )
        .await;
        assert!(runner.catch_up("document_list").await.is_err());
        let report = rebuild(&node.log, "document_list", false, |_| ())
            .await
            .unwrap();
        assert!(report.other_version && !report.switched);
        let report = rebuild(&node.log, "document_list", true, |_| ())
            .await
            .unwrap();
        assert!(report.other_version && report.switched);
        runner.catch_up("document_list").await.unwrap();
        node.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_interrupted_rebuild_leaves_the_live_view_and_the_next_begins_afresh() {
    each_database(async |test| {
        let node = Node::on(test).await;
        node.write("p.1", applied()).await;
        for number in 0..20 {
            node.write("p.1", profile(&number.to_string())).await;
        }
        node.sealed(21).await;
        let runner = Runner::new(node.log.clone());
        runner.catch_up("change_history").await.unwrap();
        let log = node.log.clone();
        let (began, first_batch) = tokio::sync::oneshot::channel();
        let began = std::sync::Mutex::new(Some(began));
        let interrupted = tokio::spawn(async move {
            let progress = |_| {
                if let Some(began) = began.lock().unwrap().take() {
                    began.send(()).unwrap();
                }
            };
            rebuild(&log, "change_history", false, progress)
                .await
                .map(drop)
        });
        first_batch.await.unwrap();
        interrupted.abort();
        let _ended = interrupted.await;
        let page = node
            .views
            .history(&HistoryFilter::default(), None, 1)
            .await
            .unwrap();
        assert_eq!(page.items[0].global_seq, 21);
        let report = rebuild(&node.log, "change_history", false, |_| ())
            .await
            .unwrap();
        assert_eq!((report.differences, report.switched), (0, true));
        node.stop().await;
    })
    .await;
}
