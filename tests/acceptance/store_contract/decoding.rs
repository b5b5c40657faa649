use cqrs_es::persist::{
    PersistedEventRepository as _, SemanticVersionEventUpcaster, SerializedEvent,
};
use eventstore::{Error, EventRepository, EventUpcaster, ExecuteError, on_database};
use serde_json::json;

use super::counter::{Counter, CounterCommand, CounterEvent, Desk, no_upcasters};
use super::{Node, envelope, sealed_up_to};
use crate::databases::each_database;

/// Texts that a careless layer would change: composed and decomposed kana, a variation selector, a supplementary
/// character, quotes and control characters, things that look like numbers or escapes.
const TEXT: &str =
    "が か\u{3099} 葛\u{E0100} 𠮷野家 \"\\\" / \u{0}\u{1f}\t\r\n \u{2028} 1e5 0.10 \\u0041";

#[tokio::test]
async fn the_text_that_is_stored_is_the_text_that_was_serialized() {
    each_database(async |test| {
        let node = Node::on(test);
        node.counters
            .execute("a", CounterCommand::Note(TEXT.into()), envelope(1, 1))
            .await
            .unwrap();
        let (stored,): (String,) = on_database!(&test.database, pool => {
            sqlx::query_as("SELECT CAST(payload AS text) FROM events").fetch_one(pool).await
        })
        .unwrap();
        assert_eq!(stored, json!({"Noted": {"text": TEXT}}).to_string());
        // Read by another process, which has nothing cached.
        let counter = Node::on(test)
            .log
            .load::<Counter>("a", no_upcasters)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(counter.aggregate.notes, [TEXT]);
        sealed_up_to(&node.log, 1).await;
        assert_eq!(
            eventstore::verify(&test.database).await.unwrap().problem,
            None
        );
    })
    .await;
}

#[tokio::test]
async fn the_feed_gives_back_the_metadata_as_it_was_handed_in() {
    each_database(async |test| {
        let node = Node::on(test);
        let mut sent = envelope(1, 1);
        sent.metadata.reason = Some("証憑不備のため".into());
        sent.metadata.causation_id = Some(uuid::Uuid::from_u128(77));
        node.counters
            .execute("a", CounterCommand::Add(1), sent.clone())
            .await
            .unwrap();
        sealed_up_to(&node.log, 1).await;
        let feed = node.log.feed(0, 10).await.unwrap();
        assert_eq!(feed[0].metadata, sent.metadata);
        assert_eq!(feed[0].payload, json!({"Added": {"by": 1}}));
        assert_eq!(
            feed[0].decode::<Counter>(&[]).unwrap(),
            CounterEvent::Added { by: 1 }
        );
        assert!(feed[0].recorded_at_us > sent.metadata.decided_at_us);
    })
    .await;
}

#[tokio::test]
async fn an_aggregate_can_be_seen_as_it_was_after_any_of_its_events() {
    each_database(async |test| {
        let node = Node::on(test);
        node.counters
            .execute(
                "a",
                CounterCommand::AddEach(vec![1, 10, 100]),
                envelope(1, 1),
            )
            .await
            .unwrap();
        for (upto, seen) in [
            (0, None),
            (1, Some((1, 1))),
            (2, Some((11, 2))),
            (3, Some((111, 3))),
            (9, Some((111, 3))),
        ] {
            let loaded = node
                .log
                .load_at::<Counter>("a", upto, no_upcasters)
                .await
                .unwrap()
                .map(|counter| (counter.aggregate.total, counter.sequence));
            assert_eq!(loaded, seen, "after event {upto}");
        }
        assert_eq!(
            node.log.load::<Counter>("b", no_upcasters).await.unwrap(),
            None
        );
    })
    .await;
}

/// The shape of `Added` before 1.0.
fn upcasters() -> Vec<Box<dyn EventUpcaster>> {
    vec![Box::new(SemanticVersionEventUpcaster::new(
        "Added",
        "1.0",
        Box::new(|payload| json!({"Added": {"by": payload["amount"]}})),
    ))]
}

#[tokio::test]
async fn an_event_of_an_old_version_is_lifted_wherever_it_is_read() {
    each_database(async |test| {
        let log = Node::on(test).log;
        let mut metadata = serde_json::to_value(envelope(1, 1).metadata).unwrap();
        metadata["request_hash"] = hex::encode([1; 32]).into();
        let old = SerializedEvent::new(
            "a".into(),
            1,
            "counter".into(),
            "Added".into(),
            "0.9".into(),
            json!({"amount": 5}),
            json!({ "envelope": metadata.to_string() }),
        );
        EventRepository::new(log.clone())
            .persist::<Counter>(&[old], None)
            .await
            .unwrap();

        // Without the upcaster it is an error that names the event, not a silent loss.
        let unlifted = log.load::<Counter>("a", no_upcasters).await.unwrap_err();
        assert!(
            matches!(unlifted, Error::Undecodable { sequence: 1, .. }),
            "{unlifted}"
        );
        let counters = log.handler::<Counter>(Desk::default(), no_upcasters);
        let unlifted = counters
            .execute("a", CounterCommand::Add(1), envelope(2, 1))
            .await;
        assert!(
            matches!(
                unlifted,
                Err(ExecuteError::Database(Error::Undecodable { .. }))
            ),
            "{unlifted:?}"
        );

        let counters = log.handler::<Counter>(Desk::default(), upcasters);
        counters
            .execute("a", CounterCommand::Add(1), envelope(2, 1))
            .await
            .unwrap();
        let loaded = log.load::<Counter>("a", upcasters).await.unwrap().unwrap();
        assert_eq!((loaded.aggregate.total, loaded.sequence), (6, 2));
        let before = log
            .load_at::<Counter>("a", 1, upcasters)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(before.aggregate.total, 5);
        sealed_up_to(&log, 2).await;
        let feed = log.feed(0, 1).await.unwrap();
        assert_eq!(
            feed[0].payload,
            json!({"amount": 5}),
            "history is shown as it was written"
        );
        assert_eq!(
            feed[0].decode::<Counter>(&upcasters()).unwrap(),
            CounterEvent::Added { by: 5 }
        );
    })
    .await;
}
