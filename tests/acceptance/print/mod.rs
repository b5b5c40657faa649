//! 申請書（仮） and 申請書（本紙）, asked for over HTTP and read by other programs.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod batch;
mod paper;
mod report;
mod rules_of_then;
mod screen;

use domain::application::Application;
use serde_json::{Value, json};

use crate::databases::{Content, TestDatabase};
use crate::service::{Applicant, FIRST_TO_THIRD, FOURTH, TestService, each_service, forms};
use paper::{Paper, squeezed};

/// 臨床 瘍子 with every document filled in and enough units.
fn filled_in(service: &TestService) -> Applicant {
    let yoko = service.applicant("9000001", FOURTH, "documents_only");
    fill_in(&yoko);
    yoko
}

fn fill_in(applicant: &Applicant) {
    applicant.fill_in_required_documents();
    applicant.add("conferences", &forms::conference()).created();
    applicant
        .add(
            "papers",
            &forms::paper("Weekly paclitaxel, J Clin Oncol 2024"),
        )
        .created();
}

#[track_caller]
fn pdf(applicant: &Applicant, query: &str) -> Paper {
    let answer = applicant.get(&format!("/application.pdf{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/pdf"));
    Paper::new(&answer.bytes)
}

#[track_caller]
fn submissions(applicant: &Applicant) -> Vec<Value> {
    let list = applicant.get("/submissions").ok();
    list["submissions"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_provisional_form_says_on_every_page_but_the_cover_that_it_is_not_complete() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let yoko = filled_in(&service);
    let paper = pdf(&yoko, "");
    paper.check();
    let pages = paper.pages();
    let total = pages.len();
    // 表紙 and six documents; 当会セミナー is for the final form.
    assert_eq!(total, 7);
    let titles = [
        "日本臨床腫瘍学会",
        "履歴書",
        "プロフィール",
        "研究活動歴",
        "研究業績 学会参加",
        "研究業績 論文",
        "業績目録",
    ];
    for (at, (page, title)) in pages.iter().zip(titles).enumerate() {
        assert!(page.starts_with(title), "{page}");
        assert!(page.contains(&format!("{} / {total}", at + 1)), "{page}");
        assert!(page.contains("申請番号 specialist-renewal-4th-2026.9000001"));
        assert!(page.contains("規則の版"));
        if at > 0 {
            assert!(page.contains("申請未完了") && page.contains("専門医 更新 申請書"));
        }
    }
    assert!(!squeezed(&pages[0]).contains("申請未完了"));
    assert!(pages[0].contains("※この申請書では受理されません。"));
    for (at, picture) in paper.pictures().iter().enumerate() {
        assert_eq!((picture.width, picture.height), (298, 421), "A4");
        assert!(picture.dark() > 100, "page {at} is empty");
        if at == 0 {
            assert_eq!(picture.red(), 0, "the cover carries no mark");
        } else {
            assert!(picture.red() > 2_000, "page {at}: {}", picture.red());
        }
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_typed_is_copied_out_of_the_print_as_it_was_typed() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let yoko = filled_in(&service);
    let typed = "葛\u{E0100}城と葛城、𠮷野・髙﨑・濵邉、日と⽇、神と\u{FA19}、㈱①Ⅲ〜−、ｶﾞﾊﾟ、か\u{3099}\n　字下げ。100% A/B-C_d ¹⁷⁷Lu CO₂ CD8⁺ 10⁻³ Šž A⟶B";
    yoko.save("profile", &json!({ "text": typed })).ok();
    let long = "https://example.org/".to_owned() + &"very-long-address/".repeat(12);
    yoko.add("papers", &forms::paper(&long)).created();
    let paper = pdf(&yoko, "");
    let said = paper.squeezed();
    assert!(said.contains(&squeezed(typed)), "{said}");
    // It goes over lines of its cell, and over nothing else.
    let address: String = long.chars().take(60).collect();
    let page = paper
        .pages()
        .into_iter()
        .find(|page| page.starts_with("研究業績 論文"));
    assert!(squeezed(&page.unwrap()).contains(&address));
    let fonts = paper.fonts();
    let mut fonts: Vec<_> = fonts
        .iter()
        .map(|(name, answers)| (name.split('+').nth(1).unwrap(), *answers))
        .collect();
    fonts.sort_unstable();
    let faces = [
        "NotoSans-Regular",
        "NotoSansJP-Regular",
        "NotoSansMath-Regular",
    ];
    assert_eq!(
        fonts,
        faces.map(|name| (name, [true; 3])),
        "embedded, a subset, with the text of each glyph"
    );
    assert_eq!(paper.information("Title"), "専門医更新申請書（仮）");
    assert_eq!(paper.information("Author"), "臨床 瘍子");
    assert_eq!(paper.information("Tagged"), "yes");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_final_form_is_proved_by_its_place_in_the_ledger() {
    each_service(async |service| {
        let yoko = filled_in(service);
        assert_eq!(submissions(&yoko), Vec::<Value>::new());
        yoko.submit().ok();
        let answer = yoko.get("/application.pdf");
        assert_eq!(
            answer.header("content-disposition").unwrap(),
            "attachment; filename=\"specialist-renewal_0500026_20260603.pdf\"; \
             filename*=UTF-8''%E5%B0%82%E9%96%80%E5%8C%BB%E6%9B%B4%E6%96%B0%E7%94%B3%E8%AB%8B%E6%9B%B8_0500026_20260603.pdf"
        );
        let paper = Paper::new(&answer.bytes);
        paper.check();
        let cover = squeezed(&paper.pages()[0]);
        assert!(!paper.squeezed().contains("申請未完了"));
        assert_eq!(paper.pictures().iter().map(paper::Picture::red).sum::<usize>(), 0);
        assert!(paper.pages().iter().any(|page| page.starts_with("研究業績 当会セミナー")));

        let [submission] = &submissions(&yoko)[..] else {
            panic!("one submission");
        };
        assert_eq!(submission["number"], 1);
        for name in ["digest", "ledger_hash", "rules_version"] {
            let proof = submission[name].as_str().unwrap();
            assert!(cover.contains(proof), "{name} {proof} is not on {cover}");
        }
        assert!(cover.contains("本紙の番号第1号"));
        let number = submission["ledger_number"].as_i64().unwrap();
        assert!(cover.contains(&format!("台帳の番号{number}")));
        // What the paper says is what the log holds.
        let log = &service.inside.log;
        let event = log.feed(number - 1, 1).await.unwrap().remove(0);
        assert_eq!(event.event_type, "Submitted");
        assert_eq!(event.aggregate_id, yoko.id);
        assert_eq!(
            submission["ledger_hash"].as_str().unwrap(),
            hex::encode(event.chain_hash)
        );
        let entry = log
            .ledger_entry::<Application>(&yoko.id, event.sequence)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((entry.global_seq, entry.chain_hash), (number, event.chain_hash));
        assert_eq!(log.ledger_entry::<Application>(&yoko.id, 999).await.unwrap(), None);

        // The secretariat prints the same paper.
        let path = yoko.path("/application.pdf?number=1");
        assert_eq!(service.secretariat().get(&path).bytes, answer.bytes);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_earlier_final_form_is_printed_again_byte_for_byte() {
    each_service(async |service| {
        let yoko = filled_in(service);
        yoko.submit().ok();
        let first = pdf(&yoko, "");
        let at = submissions(&yoko)[0]["submitted_at"].clone();

        // 取下げ, お申込み again, another profile, and the second 本紙.
        yoko.person.post(&yoko.path("/withdrawal")).send().ok();
        yoko.apply("documents_only").created();
        assert!(pdf(&yoko, "").squeezed().contains("申請未完了"));
        assert_eq!(pdf(&yoko, "?number=1").bytes, first.bytes);
        let profile = json!({ "text": "書き直したプロフィールです。" });
        yoko.save("profile", &profile).ok();
        yoko.submit().ok();

        let second = pdf(&yoko, "");
        assert!(second.squeezed().contains("書き直したプロフィールです。"));
        assert!(squeezed(&second.pages()[0]).contains("本紙の番号第2号"));
        assert!(!first.squeezed().contains("書き直したプロフィールです。"));
        assert_eq!(pdf(&yoko, "?number=1").bytes, first.bytes);
        assert_eq!(pdf(&yoko, "?number=2").bytes, second.bytes);
        let numbers: Vec<Value> = submissions(&yoko)
            .iter()
            .map(|one| one["number"].clone())
            .collect();
        assert_eq!(numbers, [json!(1), json!(2)]);
        assert_eq!(submissions(&yoko)[0]["submitted_at"], at);
        yoko.get("/application.pdf?number=3")
            .refused(404, "no-such-submission");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_printed_is_refused_with_a_sentence() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
    let path = yoko.path("/application.pdf");
    let said = yoko
        .get("/application.pdf?number=1")
        .refused(404, "no-such-submission");
    assert_eq!(
        said["detail"],
        "申請書（本紙）はまだありません。申請を完了すると出力できます。"
    );
    for number in ["0", "4294967295"] {
        let query = format!("/application.pdf?number={number}");
        yoko.get(&query).refused(404, "no-such-submission");
    }
    for number in ["-1", "4294967296", "one", ""] {
        let query = format!("/application.pdf?number={number}");
        yoko.get(&query).refused(400, "malformed-address");
    }
    service
        .member("9000002")
        .get(&path)
        .refused(404, "not-applied");
    service.reporter().get(&path).refused(403, "not-permitted");
    service.nobody().get(&path).refused(401, "not-signed-in");
    let exam = service.applicant("9000003", FIRST_TO_THIRD, "exam_only");
    exam.get("/application.pdf")
        .refused(409, "documents-not-applied");
    assert_eq!(submissions(&exam), Vec::<Value>::new());
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_without_a_glyph_is_told_before_submitting_and_printed_as_geta() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let yoko = filled_in(&service);
    assert_eq!(yoko.get("/requirements").ok()["unprintable"], json!([]));
    yoko.save("profile", &json!({ "text": "感謝🎉です。渡邉\u{E01EF}" }))
        .ok();
    let requirements = yoko.get("/requirements").ok();
    assert_eq!(
        requirements["unprintable"],
        json!([
            {
                "document": "profile",
                "place": "プロフィール",
                "character": "🎉",
                "code_points": "U+1F389",
                "replaced": true,
                "message": "プロフィール の「🎉」（U+1F389）は印刷できない文字のため、申請書では「〓」になります。別の文字に置き換えてください。",
            },
            {
                "document": "profile",
                "place": "プロフィール",
                "character": "邉\u{E01EF}",
                "code_points": "U+9089 U+E01EF",
                "replaced": false,
                "message": "プロフィール の「邉\u{E01EF}」（U+9089 U+E01EF）は、申請書では標準の字形で印刷されます。字形の違いが必要な場合は事務局にお知らせください。",
            }
        ])
    );
    assert_eq!(requirements["completable"], true, "it is told, not refused");
    // Drawn as 〓, copied as typed.
    assert!(pdf(&yoko, "").squeezed().contains("感謝🎉です。"));
    service.stop().await;
}
