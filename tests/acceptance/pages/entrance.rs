//! Who sees which page: the sign-in that leads back, and what everybody else is told.

use ureq::http::Method;

use super::member::{self, DOCUMENTS, Member};
use super::page::Page;
use super::visitor::Visitor;
use crate::service::{FIRST_TO_THIRD, FOURTH, each_service};

/// Every address of an application that answers a GET.
fn screens(id: &str) -> Vec<String> {
    let mut screens: Vec<String> = [
        "",
        "/exam",
        "/withdrawal",
        "/completion",
        "/requirements",
        "/documents",
        "/history",
        "/history?document=profile",
        "/history/2?document=profile",
    ]
    .map(|rest| format!("/applications/{id}{rest}"))
    .into();
    screens.extend(DOCUMENTS.map(|(slug, _)| format!("/applications/{id}/documents/{slug}")));
    screens
}

/// Every address of an application that takes a form.
fn actions(id: &str, row: &str) -> Vec<String> {
    let mut actions: Vec<String> = [
        "/exam/send",
        "/withdrawal/send",
        "/completion/send",
        "/corrections/answers",
        "/documents/research-activities/total-years",
    ]
    .map(|rest| format!("/applications/{id}{rest}"))
    .into();
    for slug in ["resume", "profile", "clinical-experience"] {
        for rest in ["/save", "/preview", "/restoration"] {
            actions.push(format!("/applications/{id}/documents/{slug}{rest}"));
        }
    }
    for slug in member::LISTS {
        for rest in [
            "/preview",
            "/restoration",
            "/rows",
            &format!("/rows/{row}"),
            &format!("/rows/{row}/removal"),
            &format!("/rows/{row}/return"),
        ] {
            actions.push(format!("/applications/{id}/documents/{slug}{rest}"));
        }
    }
    actions
}

const FORM: &str = "key=6d2b1a54-9c0e-4f8b-8f57-21d053c17e96&revision=1&sequence=2&agreed=yes&text=x&total_years=1&content=x";

/// Without what differs from request to request.
fn told(page: &Page) -> String {
    format!("{page:?}")
        .replace(&page.address, "")
        .chars()
        .filter(|c| !c.is_ascii_digit())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_signed_in_is_asked_to_and_led_to_where_they_wanted_to_be() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        yoko.form("profile").set("プロフィール", "文").press();
        let mut screens = screens(&yoko.id);
        screens.push(format!("/apply/{FOURTH}"));
        screens.push(format!("/apply/{FOURTH}/confirmation?scope=documents_only"));
        for screen in &screens {
            let visitor = Visitor::new(service);
            let answer = visitor.request(&Method::GET, screen, None);
            let place = answer.header("location").unwrap_or_default().to_owned();
            assert_eq!(answer.status, 303, "{screen}");
            let from: Vec<(String, String)> =
                form_urlencoded::parse(place.strip_prefix("/?").unwrap().as_bytes())
                    .into_owned()
                    .collect();
            assert_eq!(from, [("from".to_owned(), screen.clone())]);
            let start = visitor.open(&place);
            let page = member::sign_in(&start, "9000001");
            // Some of them lead on, as they do for who was signed in all the time.
            assert_eq!(page.address, yoko.visitor.open(screen).address, "{screen}");
        }
        let row = "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96";
        let before = yoko.sequence();
        let visitor = Visitor::new(service);
        for action in actions(&yoko.id, row)
            .into_iter()
            .chain([format!("/apply/{FOURTH}")])
        {
            let (page, sent_on) = visitor.post(&action, FORM.to_owned());
            assert_eq!((page.status, sent_on), (401, false), "{action}");
            page.assert_says(&["サインイン"]);
        }
        assert_eq!(yoko.sequence(), before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_leads_nowhere_else_than_to_this_service() {
    each_service(async |service| {
        for from in [
            "https://evil.example",
            "https://evil.example/applications",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "///evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\u{1}//evil.example",
            " //evil.example",
            "javascript:alert(1)",
            "evil.example",
            "/\r\nset-cookie: a=b",
            "",
        ] {
            let visitor = Visitor::new(service);
            let query: String = form_urlencoded::Serializer::new(String::new())
                .append_pair("from", from)
                .finish();
            let start = visitor.open(&format!("/?{query}"));
            let form = start
                .form("会員としてサインイン")
                .tick_that_begins("9000001");
            let answer = visitor.request(&Method::POST, &form.action, Some(form.encoded()));
            assert_eq!(answer.status, 303, "{from:?}");
            assert_eq!(answer.header("location"), Some("/"), "{from:?}");
            // The same when it is sent past the page.
            let sent = format!("identity=member&member=9000001&{query}");
            let answer = visitor.request(&Method::POST, "/demo/sign-in", Some(sent));
            assert_eq!(
                (answer.status, answer.header("location")),
                (303, Some("/")),
                "{from:?}"
            );
        }
        let visitor = Visitor::new(service);
        let (page, _) = visitor.post("/demo/sign-in", "identity=member&member=1".to_owned());
        assert_eq!(page.status, 422);
        page.assert_says(&[
            "会員番号に該当する会員が登録されていません。会員番号をご確認ください。",
        ]);
        member::sign_in(&page, "9000001").assert_says(&["認定情報"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_application_of_another_member_is_not_there_for_reading_or_writing() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        yoko.form("profile").set("プロフィール", "秘密の文").press();
        let list = yoko.add_paper("秘密の論文");
        let row = list
            .row("秘密の論文")
            .element
            .attr("id")
            .unwrap()
            .trim_start_matches("row-")
            .to_owned();
        let before = yoko.sequence();
        let curious = Member::sign_in(&Visitor::new(service), "9000002", FIRST_TO_THIRD).visitor;
        let nobodys = yoko.id.replace("9000001", "9999999");
        for (theirs, nobodys) in screens(&yoko.id).iter().zip(screens(&nobodys)) {
            let page = curious.open_expecting(theirs, 404);
            page.assert_says(&["お申込みが見つかりません。認定情報の画面からお申込みください。"]);
            page.assert_silent(&["秘密", "臨床 瘍子"]);
            assert_eq!(
                told(&page),
                told(&curious.open_expecting(&nobodys, 404)),
                "{theirs}"
            );
        }
        for (theirs, nobodys) in actions(&yoko.id, &row)
            .into_iter()
            .zip(actions(&nobodys, &row))
        {
            if theirs.ends_with("/preview") {
                // A fragment of a page, and nothing of another's in it.
                let answer = curious.request(&Method::POST, &theirs, Some(curious.own(FORM)));
                assert_eq!(answer.status, 404, "{theirs}");
                assert!(!answer.text.contains("秘密"), "{theirs}");
                continue;
            }
            let (page, _) = curious.post(&theirs, curious.own(FORM));
            assert_eq!(page.status, 404, "{theirs}");
            let (other, _) = curious.post(&nobodys, curious.own(FORM));
            assert_eq!(told(&page), told(&other), "{theirs}");
        }
        assert_eq!(yoko.sequence(), before);
        assert_eq!(yoko.form("profile").value("プロフィール"), "秘密の文");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_is_told_that_these_are_the_members_pages() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        for button in ["事務局としてサインイン", "集計担当としてサインイン"]
        {
            let visitor = Visitor::new(service);
            let home = visitor.open("/").form(button).press();
            assert_eq!(home.address, "/");
            for screen in screens(&yoko.id) {
                let page = visitor.open_expecting(&screen, 403);
                page.assert_says(&["権限がありません"])
                    .assert_silent(&["瘍子"]);
            }
            let (page, _) = visitor.post(&yoko.path("/documents/profile/save"), FORM.to_owned());
            assert_eq!(page.status, 403);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_none_is_answered_by_a_page_that_leads_back() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        for address in [
            "/nowhere".to_owned(),
            "/apply/specialist-renewal-2099".to_owned(),
            "/applications/x".to_owned(),
            format!("/applications/{FIRST_TO_THIRD}.9000001"),
            yoko.path("/nothing"),
            yoko.path("/documents/nothing"),
            yoko.path("/documents/papers?row=6d2b1a54-9c0e-4f8b-8f57-21d053c17e96"),
            yoko.path("/history/99?document=profile"),
        ] {
            let page = yoko.visitor.open_expecting(&address, 404);
            page.follow("専門医資格 更新申請")
                .assert_says(&["認定情報"]);
        }
        for address in [
            format!("/apply/{FOURTH}/confirmation?scope=everything"),
            format!("/apply/{FOURTH}/confirmation"),
            yoko.path("/documents/papers?row=1"),
            yoko.path("/history?document=nothing"),
            yoko.path("/history?before=x"),
        ] {
            let answer = yoko.visitor.request(&Method::GET, &address, None);
            assert!(
                matches!(answer.status, 303 | 400 | 404),
                "{address}: {}",
                answer.status
            );
            if answer.status != 303 {
                yoko.visitor.open_expecting(&address, answer.status);
            }
        }
        // From another site's page nothing is written.
        let before = yoko.sequence();
        let form = yoko.form("profile").set("プロフィール", "よそから");
        let answer = yoko.visitor.foreign(&form.action, form.encoded());
        assert_eq!(answer.status, 403);
        assert_eq!(yoko.sequence(), before);
    })
    .await;
}
