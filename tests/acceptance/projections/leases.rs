//! Several nodes, one of which applies at a time.

use std::time::{Duration, Instant};

use eventstore::Database;
use projections::{ViewName, rebuild};

use super::{Node, applied, profile};
use crate::databases::{TestDatabase, each_database};
use crate::patience::PATIENCE;

#[tokio::test]
async fn of_three_runners_each_may_die_and_another_takes_over_within_a_second() {
    each_database(async |test| {
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(Node::on(test).await);
        }
        let writer = Node::on(test).await;
        let mut runners: Vec<_> = nodes.iter().map(Node::run).collect();
        let mut events = 0;
        for application in 0..8 {
            writer.write(&format!("p.{application}"), applied()).await;
            events += 1;
        }
        // On a busy machine any round may be slow, but not every one of a victim's: whatever waits for a lease to end is.
        let mut took_over_in_time = [false; 3];
        let began = Instant::now();
        for round in 0.. {
            let victim = round % 3;
            if round >= 12 && took_over_in_time == [true; 3] {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{took_over_in_time:?}");
            // Killed while there is work, so now and then in the middle of a batch.
            let mut sequence = 0;
            for application in 0..8 {
                let text = format!("{round}");
                sequence = writer
                    .write(&format!("p.{application}"), profile(&text))
                    .await;
                events += 1;
                if application == 4 {
                    runners[victim].abort();
                }
            }
            let died = Instant::now();
            for view in ViewName::OF_APPLICATIONS {
                let seen = writer.views.wait_for(view, "p.7", sequence, PATIENCE);
                assert!(seen.await.unwrap(), "{view}");
            }
            took_over_in_time[victim] |= died.elapsed() < Duration::from_secs(1);
            runners[victim] = nodes[victim].run();
        }
        for view in ViewName::ALL {
            let report = rebuild(&writer.log, view.as_str(), false, |_| ()).await;
            let report = report.unwrap();
            assert_eq!((report.differences, report.switched), (0, true), "{view}");
            assert_eq!(report.compared_at, events);
        }
        for runner in runners {
            runner.abort();
        }
        for node in nodes {
            node.stop().await;
        }
        writer.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_node_that_hangs_in_a_batch_holds_it_until_its_connection_is_cut() {
    let test = TestDatabase::postgres().await;
    let node = Node::on(&test).await;
    let Database::Postgres(pool) = node.log.database().clone() else {
        panic!("asked for PostgreSQL");
    };
    let sequence = node.write("p.1", applied()).await;
    // Asking makes the tables, whose ids are the keys of the leases.
    assert_eq!(node.views.document_list("p.1").await.unwrap(), None);
    let mut hung = pool.begin().await.unwrap();
    let (process, taken): (i32, i64) = sqlx::query_as(
        "SELECT pg_backend_pid(),
                (SELECT count(*) FILTER (WHERE pg_try_advisory_xact_lock(1397246286, id)) FROM projections)",
    )
    .fetch_one(&mut *hung)
    .await
    .unwrap();
    assert_eq!(usize::try_from(taken).unwrap(), ViewName::ALL.len());
    let runner = node.run();
    let brief = Duration::from_millis(300);
    let view = ViewName::DocumentList;
    let seen = node.views.wait_for(view, "p.1", sequence, brief).await;
    assert!(!seen.unwrap(), "the lease is not taken from a living node");
    sqlx::query("SELECT pg_terminate_backend($1)")
        .bind(process)
        .execute(&pool)
        .await
        .unwrap();
    let seen = node.views.wait_for(view, "p.1", sequence, PATIENCE).await;
    assert!(seen.unwrap(), "taken over");
    drop(hung);
    runner.abort();
    node.stop().await;
    test.remove().await;
}
