//! Before お申込み期間, after it, and after 申請を完了する: no dead controls, and words that say what to do.

use domain::calendar::parse_jst_instant;

use super::form::Form;
use super::member::{self, DOCUMENTS, LISTS, Member};
use super::remarks::programs;
use super::visitor::Visitor;
use crate::databases::each_database;
use crate::service::{FIRST_TO_THIRD, FOURTH, TestService, each_service};

/// Buttons and links that change something.
const CHANGING: [&str; 10] = [
    "入力内容保存",
    "入力内容取消",
    "新規作成",
    "登録",
    "編集",
    "削除",
    "元に戻す",
    "書類編集",
    "申請を完了する",
    "この版の内容に戻す",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_period_the_page_says_when_it_begins() {
    each_database(async |database| {
        let later = programs(|name, text| {
            if name.starts_with("specialist") {
                text.replace(
                    "opens = \"2026-04-25T00:00\"",
                    "opens = \"2026-07-01T09:30\"",
                )
            } else {
                text
            }
        });
        let service = TestService::with_programs(database, later.path()).await;
        let visitor = Visitor::new(&service);
        Member::sign_in(&visitor, "9000001", FOURTH);
        let offer = visitor.open(&format!("/apply/{FOURTH}"));
        offer.assert_says(&[
            "2026年7月1日(水) 09:30 ~ 2026年7月31日(金) 24:00",
            "お申込み期間の前です。2026年7月1日(水) 09:30 からお申込みください。",
        ]);
        for scope in ["書類審査・筆記試験同時のお申込み", "書類審査のみのお申込み"]
        {
            offer.assert_says(&[scope]);
            assert!(!offer.has_control(scope), "{scope}");
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_period_what_was_typed_is_there_and_the_page_says_what_to_do() {
    each_database(async |database| {
        let at = |time: &str| parse_jst_instant(time).unwrap();
        let closed = "締め切り日時（2026年7月31日(金) 24:00）を過ぎたため、お申込みできません。ご事情のある方は事務局へお問い合わせください。";
        let service = TestService::at(database, at("2026-07-31T23:50")).await;
        let ken = Member::sign_in(&Visitor::new(&service), "9000004", FIRST_TO_THIRD);
        ken.apply("書類審査のみのお申込み");
        ken.fill_in_required_documents();
        ken.add_conference();
        ken.open("").assert_says(&["2026年7月31日(金) 24:00"]);
        service.stop().await;

        let service = TestService::at(database, at("2026-08-01T00:00")).await;
        let visitor = Visitor::new(&service);
        let ken = Member::sign_in(&visitor, "9000004", FIRST_TO_THIRD);
        let top = ken.open("");
        top.assert_says(&["申請: 期限切れ", "締め切り日時を過ぎたため", "事務局へお問い合わせください。"]);
        assert!(!top.has_control("申請を完了する"));
        assert!(!top.has_control("筆記試験"));
        let completion = ken.open("/completion");
        completion.assert_says(&["締め切り日時を過ぎたため", "事務局へお問い合わせください。"]);
        assert!(!completion.has_control("申請を完了する"));
        assert_eq!(ken.form("profile").value("プロフィール"), member::PROFILE);
        // Who has not applied.
        let naoko = Visitor::new(&service);
        Member::sign_in(&naoko, "9000008", FIRST_TO_THIRD);
        let offer = naoko.open(&format!("/apply/{FIRST_TO_THIRD}"));
        offer.assert_says(&[closed]);
        assert!(!offer.has_control("書類審査のみのお申込み"));
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_that_was_drawn_in_time_and_pressed_too_late_is_answered_in_words() {
    each_database(async |database| {
        let at = |time: &str| parse_jst_instant(time).unwrap();
        // Two nodes of which one has it earlier than the other: nobody need wait for the end of the period, or be quick before it.
        let service = TestService::at(database, at("2026-07-31T12:00")).await;
        let ken = Member::sign_in(&Visitor::new(&service), "9000004", FIRST_TO_THIRD);
        let confirmation = ken
            .visitor
            .open(&format!("/apply/{FIRST_TO_THIRD}"))
            .follow("書類審査のみのお申込み")
            .form(member::APPLY);
        let later = TestService::at(database, at("2026-08-01T00:00")).await;
        let late = confirmation.at(&later).press_expecting(409);
        late.assert_says(&["締め切り日時（2026年7月31日(金) 24:00）を過ぎたため、お申込みできません。ご事情のある方は事務局へお問い合わせください。"]);
        // 申請を完了する: with the tick or without, what the page itself says at that time.
        ken.apply("書類審査のみのお申込み");
        ken.fill_in_required_documents();
        ken.add_conference();
        let completion = ken.open("/completion").form("申請を完了する");
        for form in [completion.clone(), completion.tick("記載内容に相違ありません")] {
            let late = form.at(&later).press_expecting(409);
            assert_eq!(late.heading(), "申請完了要件");
            late.assert_says(&["締め切り日時（2026年7月31日(金) 24:00）を過ぎたため、申請を完了できません。"]);
            late.assert_silent(&["申請完了要件を満たしていないため", "チェックしてください"]);
            assert!(!late.has_control("申請を完了する"));
        }
        later.stop().await;
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_completion_nothing_can_be_edited_and_late_presses_are_answered_in_words() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        yoko.fill_in_required_documents();
        yoko.add_conference();
        yoko.add_paper("がん薬物療法の安全性");
        yoko.add_paper("削除する論文");
        yoko.document("papers")
            .row("削除する論文")
            .form("削除")
            .press();
        yoko.form("profile")
            .set("プロフィール", "二度目の文")
            .press();
        crate::service::eventually(&2, || yoko.changes("profile"));

        // What stands open in other windows.
        let mut open: Vec<Form> = vec![
            yoko.form("resume").set("学歴 出身校", "遅れた大学"),
            yoko.form("profile")
                .set("プロフィール", "遅れて入力した内容"),
            yoko.form("clinical-experience")
                .set("c) 臨床試験名（2）", "遅れた試験"),
            yoko.document("research-activities").form("登録"),
            yoko.document("papers").row("削除する論文").form("元に戻す"),
        ];
        for list in LISTS {
            let page = yoko.document(list);
            open.push(filled_in_row(
                list,
                page.follow("新規作成").form("入力内容保存"),
            ));
            open.push(page.follow("編集").form("入力内容保存"));
            open.push(page.part("table.list").form("削除"));
        }
        let history = yoko.open("/history?document=profile");
        // The newest is what there is today.
        let versions = history.links_to("/history/");
        open.push(yoko.visitor.open(&versions[1]).form("この版の内容に戻す"));
        let again = yoko.open("/completion").form("申請を完了する");

        yoko.complete().assert_says(&["申請: 書類確認中"]);
        let before = yoko.sequence();
        for form in &open {
            let page = form.press_expecting(409);
            page.assert_says(&["申請を完了しているため、申請書類は編集できません。"]);
            if form.encoded().contains("%E9%81%85%E3%82%8C") {
                page.assert_says(&["遅れ"]);
            }
            assert_eq!(yoko.sequence(), before, "{}", form.action);
        }
        // Without the tick, and with it: it is completed already.
        again
            .tick("記載内容に相違ありません")
            .press()
            .assert_says(&["申請: 書類確認中"]);
        assert_eq!(yoko.sequence(), before);

        let mut screens: Vec<String> = ["", "/documents", "/requirements", "/history"]
            .map(ToOwned::to_owned)
            .into();
        for (slug, _) in DOCUMENTS {
            screens.push(format!("/documents/{slug}"));
            screens.push(format!("/documents/{slug}?new"));
        }
        for screen in screens {
            let page = yoko.open(&screen);
            for control in CHANGING {
                assert!(!page.has_control(control), "{control} is on {page:?}");
            }
        }
        let page = yoko.document("papers");
        page.assert_says(&["がん薬物療法の安全性"])
            .assert_silent(&["削除する論文"]);
        yoko.document("resume")
            .assert_says(&["臨床医科大学", "平成１０年３月"]);
    })
    .await;
}

fn filled_in_row(list: &str, form: Form) -> Form {
    match list {
        "research-activities" => member::activity(form),
        "conferences" => member::conference(form),
        _ => member::paper(form, "遅れた論文"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_list_offers_no_new_row_and_keeps_what_a_late_window_has_typed() {
    each_database(async |database| {
        let short = programs(|_, text| {
            text.replace("row_limit = 20", "row_limit = 2")
                .replace("row_limit = 30", "row_limit = 3")
        });
        let service = TestService::with_programs(database, short.path()).await;
        let yoko = Member::yoko(&service);
        for (list, title, limit) in [
            ("research-activities", "研究活動歴", 2),
            ("conferences", "研究業績学会参加", 3),
            ("papers", "研究業績論文", 3),
        ] {
            let form = filled_in_row(list, yoko.new_row(list));
            for _ in 0..limit {
                filled_in_row(list, yoko.new_row(list)).press();
            }
            let page = yoko.document(list);
            assert!(!page.has_control("新規作成"), "{list}");
            page.assert_says(&["不要な明細を削除してから登録してください。"]);
            let before = yoko.sequence();
            let late = form.press_expecting(422);
            late.assert_says(&[&format!("{title}は{limit}件まで登録が可能です。")]);
            assert_eq!(late.form("入力内容保存").contents(), form.contents());
            assert_eq!(yoko.sequence(), before);
        }
        service.stop().await;
    })
    .await;
}
