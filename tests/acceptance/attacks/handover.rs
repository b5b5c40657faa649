//! Hand-over links of the member site.

use crate::databases::TestDatabase;
use crate::sign_in::{
    handover::{fresh, press, state_of},
    production,
};

/// The link with its signature written otherwise.
fn rewritten(link: &str, signature: impl Fn(&str) -> String) -> String {
    let (rest, signed) = link.split_once("signature=").unwrap();
    format!("{rest}signature={}", signature(signed))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spent_link_does_not_sign_in_again_however_it_is_written() {
    let database = TestDatabase::sqlite().await;
    let service = production(&database, |_| Vec::new()).await;
    let link = fresh("9000001");
    let capital = rewritten(&link, str::to_uppercase);
    let capital_in_percent = rewritten(&link, |signed| {
        let encoded = signed
            .bytes()
            .map(|byte| format!("%{:02X}", byte.to_ascii_uppercase()));
        encoded.collect()
    });
    // One whose second writing comes first is no link at all.
    let unspent = rewritten(&fresh("9000001"), str::to_uppercase);
    assert_eq!(service.nobody().get(&unspent).status, 403);
    let (person, early) = (service.nobody(), service.nobody());
    let (page, early_page) = (person.get(&link), early.get(&link));
    assert_eq!(press(&person, &page).status, 303);
    // A page that was opened before the link was used.
    assert_eq!(press(&early, &early_page).status, 403);
    early.get("/api/v1/me").refused(401, "not-signed-in");
    let in_percent = rewritten(&link, |signed| {
        let encoded = signed.bytes().map(|byte| format!("%{byte:02X}"));
        encoded.collect()
    });
    let at = |link: &str, at: &str| link.replace("&at=", at);
    for again in [
        link.clone(),
        capital,
        capital_in_percent,
        in_percent,
        at(&link, "&at=%2B"),
        at(&link, "&at=00"),
    ] {
        let answer = service.nobody().get(&again);
        assert_eq!(answer.status, 403, "{again}");
        assert!(!answer.text.contains("name=\"state\""), "{again}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_press_that_no_page_of_ours_offered_signs_nobody_in() {
    let database = TestDatabase::sqlite().await;
    let service = production(&database, |_| Vec::new()).await;
    let person = service.nobody();
    let page = person.get(&fresh("9000001"));
    let state = state_of(&page.text);
    let parts: Vec<&str> = state.split('.').collect();
    let [shown, signature, _, seal] = parts[..] else {
        panic!("{state}")
    };
    let later: i64 = shown.parse::<i64>().unwrap() + 600_000_000;
    let other = "5".repeat(64);
    for forged in [
        format!("{shown}.{signature}.9000002.{seal}"),
        format!("{later}.{signature}.9000001.{seal}"),
        format!("{shown}.{other}.9000001.{seal}"),
        format!("{shown}.{signature}.9000001.{other}"),
        format!("{shown}.{signature}.9000001."),
        format!("{shown}.{signature}.9000001"),
        other.clone(),
        String::new(),
    ] {
        let pressed = person.post("/handover").bytes(
            "application/x-www-form-urlencoded",
            format!("state={forged}").into(),
        );
        assert_eq!(pressed.send().status, 403, "{forged}");
        person.get("/api/v1/me").refused(401, "not-signed-in");
    }
    // The page of one browser, pressed in another that has a page of its own.
    let thief = service.nobody();
    assert_eq!(thief.get(&fresh("9000002")).status, 200);
    assert_eq!(press(&thief, &page).status, 403);
    // None of this has spent the link.
    assert_eq!(press(&person, &page).status, 303);
    service.stop().await;
}
