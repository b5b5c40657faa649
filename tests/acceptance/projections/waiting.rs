//! Reading one's own writes.

use std::time::{Duration, Instant};

use projections::{HistoryFilter, ViewName};

use super::{Node, applied, profile};
use crate::databases::each_database;
use crate::patience::PATIENCE;

#[tokio::test]
async fn the_page_after_a_command_sees_what_the_command_did() {
    each_database(async |test| {
        let node = Node::on(test).await;
        let runner = node.run();
        node.write("p.1", applied()).await;
        for text in ["一", "二", "三"] {
            let sequence = node.write("p.1", profile(text)).await;
            for view in ViewName::OF_APPLICATIONS {
                let seen = node.views.wait_for(view, "p.1", sequence, PATIENCE);
                assert!(seen.await.unwrap(), "{view}");
            }
            let list = node.views.document_list("p.1").await.unwrap().unwrap();
            assert_eq!(list.sequence, sequence);
            assert!(list.documents[1].registered);
            let history = node
                .views
                .history(&HistoryFilter::default(), None, 1)
                .await
                .unwrap();
            assert_eq!(history.items[0].after, text);
        }
        node.stop.cancel();
        runner.await.unwrap();
        node.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_page_whose_view_stands_still_is_given_up_on_in_time() {
    each_database(async |test| {
        let node = Node::on(test).await;
        let sequence = node.write("p.1", applied()).await;
        let began = Instant::now();
        let patience = Duration::from_millis(100);
        for view in ViewName::OF_APPLICATIONS {
            let seen = node.views.wait_for(view, "p.1", sequence, patience);
            assert!(!seen.await.unwrap(), "nobody runs {view}");
        }
        assert!(began.elapsed() >= patience * 3);
        assert!(began.elapsed() < PATIENCE);
        node.stop().await;
    })
    .await;
}
