//! What is around every page: its title, the way back, the panel and the assets.

use std::collections::BTreeMap;

use ureq::http::Method;

use super::form::Form;
use super::member::{self, DOCUMENTS, LISTS, Member};
use super::page::selector;
use super::visitor::Visitor;
use super::words;
use crate::service::{FOURTH, each_service};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_has_a_title_of_its_own_that_tells_the_place() {
    each_service(async |service| {
        let visitor = Visitor::new(service);
        visitor.open("/");
        let yoko = Member::sign_in(&visitor, "9000001", FOURTH);
        visitor
            .open(&format!("/apply/{FOURTH}"))
            .follow("書類審査・筆記試験同時のお申込み");
        yoko.apply("書類審査・筆記試験同時のお申込み");
        yoko.see_every_screen();
        let program = "専門医資格【更新】認定申請（更新4回目以降）";
        for (slug, title) in DOCUMENTS {
            let page = yoko.document(slug);
            assert_eq!(page.title(), format!("{title} | {program} | 申請"));
            assert_eq!(page.heading(), title);
            // 専門医 > program > 申請書類一覧 > here
            let crumbs = page.all(&selector("nav.breadcrumb li"));
            let crumbs: Vec<String> = crumbs.into_iter().map(words::text).collect();
            assert_eq!(
                crumbs,
                ["専門医", program, "申請書類一覧", title].map(words::squeezed)
            );
            assert_eq!(page.follow("申請書類一覧").address, yoko.path("/documents"));
            // The tabs say in words where one is.
            let current = page.all(&selector("nav.tabs a[aria-current=page] .title"));
            assert_eq!(
                current.into_iter().map(words::text).collect::<Vec<_>>(),
                [words::squeezed(title)]
            );
        }
        // No two screens have the same title.
        let mut titles: BTreeMap<String, String> = BTreeMap::new();
        for seen in visitor.take_seen() {
            let screen = seen
                .address
                .split('?')
                .next()
                .unwrap_or_default()
                .to_owned();
            assert!(seen.title.ends_with(" | 申請"), "{screen}: {}", seen.title);
            // Signed in or not, it is the first page; 申請完了要件 stands in for 確認 while something is missing.
            if screen != "/" && !screen.ends_with("/completion") {
                let known = titles
                    .entry(seen.title.clone())
                    .or_insert_with(|| screen.clone());
                assert_eq!(*known, screen, "{} is the title of both", seen.title);
            }
        }
        assert!(titles.len() >= 14, "{titles:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn assets_are_kept_for_ever_under_a_name_that_changes_with_them() {
    each_service(async |service| {
        let visitor = Visitor::new(service);
        let page = visitor.open("/");
        let assets = page.all(&selector(
            "link[rel=stylesheet][href], script[src], link[rel=icon][href]",
        ));
        assert_eq!(assets.len(), 3);
        for asset in assets {
            let address = asset.attr("href").or(asset.attr("src")).unwrap();
            let answer = visitor.request(&Method::GET, address, None);
            assert_eq!(answer.status, 200);
            assert_eq!(
                answer.header("cache-control"),
                Some("public, max-age=31536000, immutable"),
                "{address}"
            );
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            let kind = answer.header("content-type").unwrap();
            assert!(
                ["text/css", "text/javascript", "image/svg+xml"]
                    .iter()
                    .any(|known| kind.starts_with(known))
            );
            // Nothing from elsewhere.
            assert!(
                !answer.text.contains("@import") && !answer.text.contains("url(http"),
                "{address}"
            );
            let parts: Vec<&str> = address.split('/').collect();
            let ["", "assets", hash, name] = parts[..] else {
                panic!("{address}");
            };
            let older = format!("/assets/{}/{name}", hash.chars().rev().collect::<String>());
            let older = visitor.request(&Method::GET, &older, None);
            let kept = older.status == 200
                && older
                    .header("cache-control")
                    .is_some_and(|it| it.contains("immutable"));
            assert!(!kept, "today's {name} is kept under another name");
        }
        visitor.open_expecting("/assets/x/nothing.css", 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_preview_is_the_panel_as_it_will_be_and_stores_nothing() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let fill_in = |slug: &str, form: Form| match slug {
            "resume" => member::resume(form),
            "profile" => member::profile(form),
            "clinical-experience" => member::clinical_experience(form),
            "research-activities" => member::activity(form),
            "conferences" => member::conference(form),
            _ => member::paper(form, "論文"),
        };
        for (slug, _) in DOCUMENTS.iter().filter(|(slug, _)| *slug != "seminars") {
            let page = yoko.document(slug);
            let page = if LISTS.contains(slug) {
                page.follow("新規作成")
            } else {
                page
            };
            let address = page
                .one("form[data-preview]")
                .attr("data-preview")
                .unwrap()
                .to_owned();
            let form = fill_in(slug, page.form("入力内容保存"));
            let before = yoko.sequence();
            let preview = yoko
                .visitor
                .request(&Method::POST, &address, Some(form.encoded()));
            assert_eq!(preview.status, 200, "{slug}");
            assert_eq!(
                preview.header("content-type"),
                Some("text/html; charset=utf-8")
            );
            assert_eq!(yoko.sequence(), before, "{slug}: something was stored");
            let fragment = scraper::Html::parse_fragment(&preview.text);
            let would_be = words::text(fragment.root_element());
            let now = page.part("#requirements").text();
            let saved = form.press().part("#requirements").text();
            assert_eq!(would_be, saved, "{slug}");
            assert_ne!(now, saved, "{slug}");
        }
    })
    .await;
}
