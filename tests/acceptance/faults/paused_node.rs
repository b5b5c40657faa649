//! A node that stands still.

use std::time::{Duration, Instant};

use eventstore::Database;
use projections::ViewName;

use crate::databases::TestDatabase;
use crate::projections::{Node, applied, profile};

/// What a stopped process looks like from the server: a transaction that has drawn its number and holds every view's lease, and then
/// nothing more.
async fn stand_still_in_a_batch(node: &Node) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let Database::Postgres(pool) = node.log.database().clone() else {
        unreachable!("the test opened PostgreSQL")
    };
    let mut standing = pool.begin().await.unwrap();
    sqlx::query(
        "SELECT pg_current_xact_id()::text, count(*) FILTER (WHERE pg_try_advisory_xact_lock(1397246286, id)) FROM projections",
    )
    .execute(&mut *standing)
    .await
    .unwrap();
    standing
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stands_still_in_a_batch_is_cut_off_and_nobody_waits_for_its_view_twice() {
    let test = TestDatabase::postgres().await;
    let (stopped, node) = (Node::on(&test).await, Node::on(&test).await);
    let first = node.write("p.1", applied()).await;
    let runner = node.run();
    let view = ViewName::DocumentList;
    let patience = Duration::from_secs(20);
    assert!(
        node.views
            .wait_for(view, "p.1", first, patience)
            .await
            .unwrap()
    );

    let standing = stand_still_in_a_batch(&stopped).await;
    let began = Instant::now();
    let sequence = node.write("p.1", profile("一")).await;
    let second = Duration::from_secs(2);
    assert!(
        !node
            .views
            .wait_once(view, "p.1", sequence, second)
            .await
            .unwrap()
    );
    let once = Instant::now();
    for _ in 0..3 {
        let seen = node.views.wait_once(view, "p.1", sequence, second).await;
        if seen.unwrap() {
            break;
        }
    }
    assert!(
        once.elapsed() < second,
        "waited again for a view that is known to be behind: {:?}",
        once.elapsed()
    );
    // Its connection is ended by the server, its leases and its number go with it.
    while !node
        .views
        .wait_once(view, "p.1", sequence, second)
        .await
        .unwrap()
    {
        assert!(
            began.elapsed() < Duration::from_secs(15),
            "still held up after {:?}",
            began.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // And who asks now waits for the view as before.
    let sequence = node.write("p.1", profile("二")).await;
    assert!(
        node.views
            .wait_once(view, "p.1", sequence, patience)
            .await
            .unwrap()
    );
    drop(standing);
    node.stop.cancel();
    runner.await.unwrap();
    node.stop().await;
    stopped.stop().await;
    test.remove().await;
}
