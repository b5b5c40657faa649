//! A form that comes after its session has ended, and forms that are not the account's own.

use eventstore::on_database;
use ureq::http::Method;

use super::member::{self, Member};
use super::visitor::Visitor;
use crate::databases::{Content, TestDatabase};
use crate::service::{FOURTH, TestService, each_service};

/// Every session ends, as it does when nobody has used it for an hour.
async fn let_sessions_end(service: &TestService) {
    on_database!(service.inside.log.database(), pool => {
        sqlx::query("UPDATE sessions SET seen_at_us = seen_at_us - 3600000001")
            .execute(pool)
            .await
            .map(drop)
    })
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_after_the_session_had_ended_is_saved_after_signing_in_again_at_a_press() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let typed = "一行目\n二行目 <b>&\"'";
        let form = yoko.form("profile").set("プロフィール", typed);
        let before = yoko.sequence();
        let_sessions_end(service).await;
        let told = form.press_expecting(401);
        told.assert_says(&["二行目", "30分間お預かりしています", "サインインして続ける"]);
        let start = told.follow("サインインして続ける");
        let kept = member::sign_in(&start, "9000001");
        assert_eq!(kept.address, "/kept");
        kept.assert_says(&[
            "保存されていない入力内容をお預かりしています",
            "二行目 <b>&",
        ]);
        assert_eq!(yoko.sequence(), before, "nothing is done without a press");
        let saved = kept.form("この内容を保存する").press();
        assert_eq!(
            saved.address,
            format!("{}?notice=saved", yoko.path("/documents/profile"))
        );
        assert_eq!(yoko.form("profile").value("プロフィール"), typed);
        // It is done: nothing is left to be sent a second time.
        assert_eq!(yoko.visitor.open("/kept").address, "/");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_too_late_is_shown_to_nobody_else_and_may_be_thrown_away() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let yoko = Member::yoko(&service);
    let form = yoko
        .form("profile")
        .set("プロフィール", "ほかの人に見せない文");
    let_sessions_end(&service).await;
    let told = form.press_expecting(401);
    // The next one at the same computer.
    let start = told.follow("サインインして続ける");
    let other = member::sign_in(&start, "9000002");
    assert_eq!(other.address, "/");
    other.assert_silent(&["ほかの人に見せない文"]);
    yoko.visitor
        .open("/kept")
        .assert_silent(&["ほかの人に見せない文"]);
    // And the first again, by whatever way: it is the first thing to be seen.
    yoko.visitor.open("/").form("サインアウト").press();
    let kept = member::sign_in(&yoko.visitor.open("/"), "9000001");
    assert_eq!(kept.address, "/kept");
    kept.assert_says(&["ほかの人に見せない文"]);
    kept.form("破棄する").press();
    assert_eq!(yoko.visitor.open("/kept").address, "/");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_without_the_accounts_token_is_not_taken() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let form = yoko.form("profile").set("プロフィール", "だれの文");
        let before = yoko.sequence();
        let encoded = form.encoded();
        let (without, _) = encoded.split_once("csrf=").unwrap();
        let of_another = {
            let visitor = Visitor::new(service);
            let other = Member::sign_in(&visitor, "9000002", FOURTH);
            other.visitor.own(without.trim_end_matches('&'))
        };
        for forged in [
            without.trim_end_matches('&').to_owned(),
            format!("{without}csrf="),
            format!("{without}csrf={}", "0".repeat(64)),
            of_another,
        ] {
            let answer = yoko
                .visitor
                .request(&Method::POST, &form.action, Some(forged));
            assert_eq!(answer.status, 403, "{}", answer.text);
            assert!(
                answer
                    .text
                    .contains("画面を開き直してから、もう一度操作してください。")
            );
        }
        assert_eq!(yoko.sequence(), before);
        // Signing in again does not make a page that is open worthless.
        yoko.visitor.open("/").form("サインアウト").press();
        member::sign_in(&yoko.visitor.open("/"), "9000001");
        form.press();
        assert_eq!(yoko.form("profile").value("プロフィール"), "だれの文");
    })
    .await;
}
