//! The signed link of the member site.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use super::{HANDOVER_KEY, production, refused};
use crate::databases::{TestDatabase, each_database};
use crate::service::{Answer, Person};

/// A link as the member site makes it, written anew from its description.
fn link(member: &str, at: i64, key: &str) -> String {
    let nonce = Uuid::new_v4().simple().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(format!("shinsei-handover-1\n{member}\n{at}\n{nonce}").as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    format!("/handover?member={member}&at={at}&nonce={nonce}&signature={signature}")
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// One of this moment.
pub fn fresh(member: &str) -> String {
    link(member, now(), HANDOVER_KEY)
}

/// The state in the form of the page.
pub fn state_of(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"state\" value=\"").unwrap();
    rest.split('"').next().unwrap()
}

fn press(person: &Person, page: &Answer) -> Answer {
    let form = format!("state={}", state_of(&page.text));
    person
        .post("/handover")
        .bytes("application/x-www-form-urlencoded", form.into())
        .send()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_shows_whose_it_is_and_signs_in_at_a_press() {
    each_database(async |database| {
        let service = production(database, |_| Vec::new()).await;
        let person = service.nobody();
        let page = person.get(&fresh("9000001"));
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(
            page.text
                .contains("会員番号 <strong>9000001</strong> の方として")
        );
        person.get("/api/v1/me").refused(401, "not-signed-in");
        let pressed = press(&person, &page);
        assert_eq!(
            (pressed.status, pressed.header("location")),
            (303, Some("/")),
            "{}",
            pressed.text
        );
        assert_eq!(person.get("/api/v1/me").ok()["id"], "9000001");
        // The press is used up too.
        assert_eq!(press(&person, &page).status, 403);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_good_once_for_a_minute_and_only_as_it_was_signed() {
    let database = TestDatabase::sqlite().await;
    let service = production(&database, |_| Vec::new()).await;
    let asked = |address: &str, sentence: &str| {
        let person = service.nobody();
        refused(&person, &person.get(address), 403, sentence);
    };
    let used = fresh("9000001");
    assert_eq!(service.nobody().get(&used).status, 200);
    asked(&used, "すでに使われています");
    for at in [now() - 61, now() + 30] {
        asked(
            &link("9000001", at, HANDOVER_KEY),
            "有効期限（1分）が切れています",
        );
    }
    asked(
        &link("9000001", now(), "another key of more than 32 characters"),
        "確認できませんでした",
    );
    asked(
        &fresh("9000001").replace("9000001", "9000002"),
        "確認できませんでした",
    );
    asked("/handover", "確認できませんでした");
    asked(
        "/handover?member=9000001&at=x&nonce=y&signature=z",
        "確認できませんでした",
    );
    asked(&fresh("1234567"), "まだ登録されていません");

    // Another browser cannot press for the one that opened it, nor another site for the browser.
    let (opener, other) = (service.nobody(), service.nobody());
    let page = opener.get(&fresh("9000001"));
    refused(&other, &press(&other, &page), 403, "すでに使われています");
    let form = format!("state={}", state_of(&page.text));
    let foreign = opener
        .post("/handover")
        .header("sec-fetch-site", "cross-site")
        .bytes("application/x-www-form-urlencoded", form.into())
        .send();
    foreign.refused(403, "foreign-origin");
    service.stop().await;
}
