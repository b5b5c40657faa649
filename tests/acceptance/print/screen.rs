//! The printed application on the screen, and what the pages say about the one that the member has.

use super::{fill_in, pdf, squeezed};
use crate::databases::{Content, TestDatabase};
use crate::pages::{Member, Visitor};
use crate::service::{Applicant, FIRST_TO_THIRD, FOURTH, TestService};

/// 臨床 瘍子 at a browser, with her application filled in.
fn yoko(service: &TestService) -> (Member, Applicant) {
    let member = Member::sign_in(&Visitor::new(service), "9000001", FOURTH);
    member.apply("書類審査のみのお申込み");
    let applicant = Applicant::new(service.member("9000001"), FOURTH, "9000001");
    fill_in(&applicant);
    (member, applicant)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_screen_says_what_the_paper_says() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let (member, applicant) = yoko(&service);
    let said_by_both = |paper: &str, screen: &str| {
        // Every line of the paper stands on the screen, but for what belongs to pages and to ticks.
        for line in paper.lines().map(squeezed) {
            let line = line.replace(['☑', '☐'], "");
            let of_a_page = line.contains("/8") || line.contains("/7") || line.starts_with("台帳");
            if !of_a_page && !line.starts_with("申請書（") && !line.starts_with("出力日時")
            {
                assert!(screen.contains(&line), "{line} is not on the screen");
            }
        }
    };
    let page = member.open("/print");
    page.assert_says(&[
        "申請書（仮）",
        "※この申請書では受理されません。",
        "申請未完了",
    ]);
    let screen = squeezed(&page.whole().text())
        .replace(['☑', '☐'], "")
        .replace("（該当）", "");
    let paper = pdf(&applicant, "");
    for at in [2, 3] {
        said_by_both(&paper.pages()[at], &screen);
    }

    member.complete();
    let page = member.open("/print");
    page.assert_says(&["申請書（本紙）", "第1号", "台帳の照合番号"]);
    assert!(!page.says("申請未完了"));
    let screen = squeezed(&page.whole().text());
    let proof = &super::submissions(&applicant)[0]["ledger_hash"];
    assert!(screen.contains(proof.as_str().unwrap()));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_is_out_of_date_is_told_by_document() {
    const STALE: &str = "前回のダウンロード";
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let (member, applicant) = yoko(&service);
    let top = || member.open("");
    let never = service.applicant("9000004", FIRST_TO_THIRD, "documents_only");
    let page = never.person.get(&format!("/applications/{}", never.id));
    assert!(page.text.contains("PDFダウンロード") && !page.text.contains(STALE));

    pdf(&applicant, "");
    assert!(!top().says(STALE), "nothing has changed");
    let profile = serde_json::json!({ "text": "そのあとに書き直しました。" });
    applicant.save("profile", &profile).ok();
    for page in [top(), member.open("/documents"), member.open("/print")] {
        page.assert_says(&[STALE, "「プロフィール」が変わっています。"]);
    }
    // The secretariat's look at it is not the member's download.
    let path = applicant.path("/application.pdf");
    assert_eq!(service.secretariat().get(&path).status, 200);
    assert!(top().says(STALE));
    pdf(&applicant, "");
    assert!(!top().says(STALE));

    applicant.submit().ok();
    top().assert_says(&[
        "提出できる申請書ではありません",
        "申請書（本紙）第1号をダウンロード",
    ]);
    pdf(&applicant, "");
    assert!(!top().says("提出できる申請書ではありません"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pdf_is_downloaded_from_the_pages_and_refused_as_a_page() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let (member, applicant) = yoko(&service);
    let top = member.open("");
    let control = top.first_control_that_begins("PDFダウンロード").unwrap();
    let address = control.attr("href").unwrap().to_owned();
    assert_eq!(address, member.path("/application.pdf"));
    let answer = member
        .visitor
        .request(&ureq::http::Method::GET, &address, None);
    assert_eq!(answer.header("content-type"), Some("application/pdf"));
    let other = Visitor::new(&service);
    Member::sign_in(&other, "9000002", FOURTH);
    other.open_expecting(&address, 404);
    let refused = member
        .visitor
        .open_expecting(&format!("{address}?number=1"), 404);
    refused.assert_says(&["申請書（本紙）はまだありません。"]);
    member
        .visitor
        .open_expecting(&member.path("/print?number=1"), 404);
    applicant.submit().ok();
    member
        .open("/print?number=1")
        .assert_says(&["申請書（本紙）"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_without_a_glyph_is_told_where_it_was_typed_and_before_completing() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let (member, applicant) = yoko(&service);
    applicant
        .save("profile", &serde_json::json!({ "text": "感謝🎉です。" }))
        .ok();
    let sentence =
        "プロフィール の「🎉」（U+1F389）は印刷できない文字のため、申請書では「〓」になります。";
    for rest in [
        "/documents/profile",
        "/completion",
        "/requirements",
        "/print",
    ] {
        member.open(rest).assert_says(&[sentence]);
    }
    assert!(!member.open("/documents/resume").says(sentence));
    service.stop().await;
}
