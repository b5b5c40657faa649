//! The signed link of the member site.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use ureq::http::Method;
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

pub fn press(person: &Person, page: &Answer) -> Answer {
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
        // Once more it changes nothing, and when the session has ended it signs nobody in.
        let cookie = person.cookie();
        let again = press(&person, &page);
        assert_eq!((again.status, again.header("location")), (303, Some("/")));
        assert_eq!(person.cookie(), cookie);
        person.post("/sign-out").send();
        refused(
            &person,
            &press(&person, &page),
            403,
            "もう一度リンクを押してください",
        );
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
    let first = service.nobody();
    let page = first.get(&used);
    assert_eq!(press(&first, &page).status, 303);
    asked(&used, "すでに使われています");
    for (at, sentence) in [
        (now() - 61, "有効期限（1分）が切れています"),
        // It is not over: pressing it again at once would not help.
        (now() + 3_600, "このサービスの時計より進んでいる"),
    ] {
        asked(&link("9000001", at, HANDOVER_KEY), sentence);
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
    refused(
        &other,
        &press(&other, &page),
        403,
        "別のブラウザで開かれた画面です",
    );
    let form = format!("state={}", state_of(&page.text));
    let foreign = opener
        .post("/handover")
        .header("sec-fetch-site", "cross-site")
        .bytes("application/x-www-form-urlencoded", form.into())
        .send();
    foreign.refused(403, "foreign-origin");
    service.stop().await;
}

/// c05: mail programs, proxies and browsers look at links before people do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_at_a_link_spends_nothing() {
    each_database(async |database| {
        let service = production(database, |_| Vec::new()).await;
        let address = fresh("9000001");
        let looked = |method: Method| {
            let nobody = service.nobody();
            let answer = nobody.request(method, &address).send();
            assert_eq!(answer.status, 200, "{}", answer.text);
        };
        looked(Method::HEAD);
        looked(Method::GET);
        looked(Method::HEAD);
        let person = service.nobody();
        let (first, second) = (person.get(&address), person.get(&address));
        // Two pages of one link in one browser: either signs in, the other goes on.
        for page in [&second, &first] {
            let pressed = press(&person, page);
            assert_eq!(
                (pressed.status, pressed.header("location")),
                (303, Some("/")),
                "{}",
                pressed.text
            );
        }
        assert_eq!(person.get("/api/v1/me").ok()["id"], "9000001");
        // Who is signed in already goes on, by this link and by one that is too old.
        for link in [
            address.clone(),
            link("9000001", now() - 3_600, HANDOVER_KEY),
        ] {
            let answer = person.get(&link);
            assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
        }
        // Somebody else's link shows whose it is, whoever is signed in.
        let other = person.get(&fresh("9000002"));
        assert_eq!(other.status, 200);
        assert!(
            other
                .text
                .contains("会員番号 <strong>9000002</strong> の方として")
        );
        assert_eq!(person.get("/api/v1/me").ok()["id"], "9000001");
        refused(
            &service.nobody(),
            &service.nobody().get(&address),
            403,
            "すでに使われています",
        );
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_and_sign_ins_of_two_tabs_live_side_by_side() {
    let database = TestDatabase::sqlite().await;
    let service = production(&database, |_| Vec::new()).await;
    let person = service.nobody();
    let (one, other) = (person.get(&fresh("9000001")), person.get(&fresh("9000002")));
    for (page, number) in [(&one, "9000001"), (&other, "9000002")] {
        let pressed = press(&person, page);
        assert_eq!(pressed.status, 303, "{}", pressed.text);
        assert_eq!(person.get("/api/v1/me").ok()["id"], number);
    }
    service.stop().await;
}
