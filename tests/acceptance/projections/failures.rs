//! A view that can not go on stands still and says so; the others go on.

use projections::{Error, ProjectionLag, ProjectionStatus, Runner, ViewName};

use super::{Node, Scribe, Tomorrow, applied, envelope, profile, tamper};
use crate::databases::each_database;
use crate::patience::{PATIENCE, until};

async fn lag(node: &Node, view: ViewName) -> ProjectionLag {
    let lags = node.views.lag().await.unwrap();
    lags.into_iter()
        .find(|lag| lag.name == view.as_str())
        .unwrap()
}

#[tokio::test]
async fn a_view_that_fails_stands_still_alone_and_a_restart_after_the_repair_heals_it() {
    each_database(async |test| {
        let node = Node::on(test).await;
        node.write("p.1", applied()).await;
        node.sealed(1).await;
        let runner = Runner::new(node.log.clone());
        for view in ViewName::ALL {
            runner.catch_up(view.as_str()).await.unwrap();
        }
        let (table, aside) = ("view_document_list_g1", "set_aside");
        tamper(node.log.database(), "DROP VIEW document_list").await;
        tamper(
            node.log.database(),
            &format!("ALTER TABLE {table} RENAME TO {aside}"),
        )
        .await;
        let running = node.run();
        let sequence = node.write("p.1", profile("秘密")).await;
        for view in [ViewName::ApplicationStatus, ViewName::ChangeHistory] {
            let seen = node.views.wait_for(view, "p.1", sequence, PATIENCE);
            assert!(seen.await.unwrap(), "{view} goes on");
        }
        until("the view is marked as failed", async || {
            lag(&node, ViewName::DocumentList).await.status == ProjectionStatus::Failed
        })
        .await;
        let stands = lag(&node, ViewName::DocumentList).await;
        let failure = stands.failure.unwrap();
        assert_eq!((stands.checkpoint, stands.head, stands.events), (1, 2, 1));
        assert!(stands.seconds > 0.0);
        assert_eq!(failure.at, 2);
        assert!(!failure.reason.contains("秘密"), "{}", failure.reason);
        running.abort();

        tamper(
            node.log.database(),
            &format!("ALTER TABLE {aside} RENAME TO {table}"),
        )
        .await;
        tamper(
            node.log.database(),
            &format!("CREATE VIEW document_list AS SELECT * FROM {table}"),
        )
        .await;
        Runner::new(node.log.clone())
            .catch_up("document_list")
            .await
            .unwrap();
        let healed = lag(&node, ViewName::DocumentList).await;
        assert_eq!(healed.status, ProjectionStatus::Live);
        assert_eq!((healed.checkpoint, healed.events), (2, 0));
        assert!(healed.failure.is_none());
        node.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_event_of_a_newer_program_is_not_skipped_and_what_comes_before_it_is_applied() {
    each_database(async |test| {
        let node = Node::on(test).await;
        node.write("p.1", applied()).await;
        node.write("p.1", profile("一")).await;
        let tomorrow = node.log.handler::<Scribe<Tomorrow>>((), Vec::new);
        let praised = Tomorrow::PaperPraised {
            by: "秘密".into()
        };
        // A stream of its own: this aggregate can not read the events of the other.
        tomorrow
            .execute("p.2", vec![praised], envelope())
            .await
            .unwrap();
        node.write("p.1", profile("二")).await;
        node.sealed(4).await;
        for view in ViewName::OF_APPLICATIONS {
            let stopped = Runner::new(node.log.clone()).catch_up(view.as_str()).await;
            let Err(Error::Failed { at, reason, .. }) = stopped else {
                panic!("{view}: {stopped:?}");
            };
            assert_eq!(at, 3);
            assert!(reason.contains("PaperPraised"), "{reason}");
            assert!(!reason.contains("秘密"), "{reason}");
            let stands = lag(&node, view).await;
            assert_eq!(
                (stands.status, stands.checkpoint, stands.head),
                (ProjectionStatus::Failed, 2, 4)
            );
        }
        let list = node.views.document_list("p.1").await.unwrap().unwrap();
        assert_eq!(list.sequence, 2);
        node.stop().await;
    })
    .await;
}
