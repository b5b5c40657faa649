use eventstore::{Database, Error, Reason};
use sqlx::Executor as _;

use super::counter::CounterCommand;
use super::{Node, envelope, sealed_up_to};
use crate::databases::TestDatabase;

/// What a dump restored into a fresh cluster looks like: rows whose transaction numbers the cluster has not reached yet.
const RESTORED: &str = "
    SET session_replication_role = replica;
    UPDATE events SET txid = (txid::text::bigint + 1000000000)::text::xid8;
    UPDATE ledger_head SET txid = (txid::text::bigint + 1000000000)::text::xid8;
    SET session_replication_role = origin;";

/// 1. 20 events are sealed, 10 are not. 2. Dump and restore elsewhere. 3. Nothing is sealed silently in a wrong order, and
///    the database says what it needs. 4. Re-anchored, it goes on where it was.
#[tokio::test]
async fn after_a_restore_the_order_goes_on_where_it_was_once_it_is_re_anchored() {
    let test = TestDatabase::postgres().await;
    let Database::Postgres(pool) = &test.database else {
        unreachable!("a PostgreSQL database")
    };
    let node = Node::on(&test);
    let add = async |command| {
        node.counters
            .execute(
                "a",
                CounterCommand::AddEach(vec![1; 10]),
                envelope(command, 1),
            )
            .await
            .unwrap();
    };
    add(1).await;
    add(2).await;
    sealed_up_to(&node.log, 20).await;
    add(3).await;
    let order_before = node.log.feed(0, 100).await.unwrap();
    pool.execute(RESTORED).await.unwrap();

    assert!(matches!(
        eventstore::seal(&test.database).await,
        Err(Error::NeedsReanchor)
    ));
    assert_eq!(
        test.database.durability_problems().await.unwrap(),
        [Error::NeedsReanchor.to_string()]
    );
    let problem = eventstore::verify(&test.database)
        .await
        .unwrap()
        .problem
        .unwrap();
    assert_eq!(problem.reason, Reason::Unlisted);
    assert_eq!(problem.event, Some(("counter".into(), "a".into(), 21)));
    // Somebody wrote before re-anchoring; the event is numbered below the old ones and must still come after them.
    add(4).await;

    assert_eq!(eventstore::reanchor(&test.database).await.unwrap(), 20);
    add(5).await;
    sealed_up_to(&node.log, 50).await;
    let feed = node.log.feed(0, 100).await.unwrap();
    assert_eq!(feed[..20], order_before);
    for (event, sequence) in feed.iter().zip(1..) {
        assert_eq!(event.sequence, sequence);
    }
    let report = eventstore::verify(&test.database).await.unwrap();
    assert_eq!((report.verified, report.problem), (50, None));
    assert_eq!(
        test.database.durability_problems().await.unwrap(),
        Vec::<String>::new()
    );
    test.remove().await;
}

#[tokio::test]
async fn re_anchoring_a_sound_database_changes_nothing() {
    crate::databases::each_database(async |test| {
        let node = Node::on(test);
        let add = async |command| {
            node.counters
                .execute("a", CounterCommand::Add(1), envelope(command, 1))
                .await
                .unwrap();
        };
        add(1).await;
        sealed_up_to(&node.log, 1).await;
        assert_eq!(eventstore::reanchor(&test.database).await.unwrap(), 0);
        add(2).await;
        sealed_up_to(&node.log, 2).await;
        assert_eq!(
            eventstore::verify(&test.database).await.unwrap().problem,
            None
        );
    })
    .await;
}
