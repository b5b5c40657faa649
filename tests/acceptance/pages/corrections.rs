//! 修正のお願い: one form for all answers, and nothing open but what was sent back.

use domain::calendar::parse_jst_instant;
use serde_json::{Value, json};
use ureq::http::Method;

use super::form::Form;
use super::member::{self, Member};
use super::visitor::Visitor;
use crate::databases::each_database;
use crate::secretariat::{Desk, completed};
use crate::service::{Applicant, FOURTH, TestService, each_service};

const CLOSED: &str = "この項目は変更できません（修正のお願いの対象外です）";

/// A completed application, and the member in front of its pages.
fn in_front_of_it(service: &TestService) -> (Applicant, Member) {
    let yoko = completed(service);
    let member = Member::sign_in(&Visitor::new(service), "9000001", FOURTH);
    (yoko, member)
}

fn send_back(service: &TestService, yoko: &Applicant, items: &Value) {
    let secretariat = service.secretariat();
    let request = json!({ "items": items, "due": "2026-08-31T17:00" });
    Desk::new(&secretariat, &yoko.id)
        .judge("/return", &request)
        .ok();
}

fn three_documents() -> Value {
    json!([
        { "document": "resume", "field": "school", "comment": "正式な名称をお書きください。" },
        { "document": "profile", "comment": "具体的にお書きください。" },
        { "document": "clinical_experience", "comment": "ご確認ください。" },
    ])
}

fn label(number: u32, place: &str) -> String {
    format!("事務局への回答（{number}. {place}）")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_saved_with_the_others_or_kept_with_the_others() {
    each_service(async |service| {
        let (yoko, member) = in_front_of_it(service);
        send_back(service, &yoko, &three_documents());
        let profile = label(2, "プロフィール");
        let experience = label(3, "業績目録");
        let first = label(1, "履歴書 学歴 出身学校名");
        let page = member.open("/corrections");
        assert_eq!(page.links_to("/corrections/answers"), Vec::<String>::new());
        let form = page
            .form("回答を保存する")
            .set(&profile, "写しのとおりです。\n確認しました。")
            .set(&experience, &"長".repeat(1_001));
        let before = member.sequence();
        let refused = form.press_expecting(422);
        refused.assert_says(&[
            "回答 は1,000字以内で入力してください。（現在 1,001字）",
            "保存されていません",
        ]);
        assert_eq!(member.sequence(), before, "one was saved without the other");
        let again = refused.form("回答を保存する");
        assert_eq!(again.contents(), form.contents(), "what was typed is there");
        let saved = again.set(&experience, "間違いありません。").press();
        saved.assert_says(&["回答を保存しました。", "3件中2件 対応済み"]);
        assert_eq!(member.sequence(), before + 2);
        let answers: Vec<_> = (0..3)
            .map(|place| yoko.get("/correction").ok()["items"][place]["answer"].clone())
            .collect();
        assert_eq!(
            answers,
            [
                json!(null),
                json!("写しのとおりです。\n確認しました。"),
                json!("間違いありません。")
            ]
        );
        // The same form again saves nothing twice.
        member.open("/corrections").form("回答を保存する").press();
        assert_eq!(member.sequence(), before + 2);
        // Two windows: what the other saved is not taken away by a form that was drawn before, and is shown before it is replaced.
        let earlier = member.open("/corrections");
        member
            .open("/corrections")
            .form("回答を保存する")
            .set(&profile, "改めました。")
            .press();
        earlier
            .form("回答を保存する")
            .set(&first, "正式な名称です。")
            .press();
        let now = member.open("/corrections").form("回答を保存する");
        assert_eq!(now.value(&profile), "改めました。");
        assert_eq!(now.value(&first), "正式な名称です。");
        let late = earlier
            .form("回答を保存する")
            .set(&profile, "やはり写しのとおりです。")
            .press_expecting(422);
        late.assert_says(&["別の画面で更新されています", "改めました。"]);
        let mended = late.form("回答を保存する");
        assert_eq!(mended.value(&profile), "やはり写しのとおりです。");
        let saved = mended.press();
        assert_eq!(
            saved.form("回答を保存する").value(&profile),
            "やはり写しのとおりです。"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_was_sent_back_can_be_edited_and_the_rest_says_why() {
    each_service(async |service| {
        let (yoko, member) = in_front_of_it(service);
        let papers = yoko.document("papers").ok();
        let row = |place: usize| papers["rows"][place]["id"].as_str().unwrap().to_owned();
        send_back(
            service,
            &yoko,
            &json!([
                { "document": "resume", "field": "school", "comment": "正式な名称をお書きください。" },
                { "document": "papers", "row": row(0), "field": "content", "comment": "掲載誌名をお書きください。" },
                { "document": "research_activities", "field": "total_years", "comment": "ご確認ください。" },
            ]),
        );
        let resume = member.document("resume");
        resume.assert_says(&["編集不可", CLOSED, "学歴 卒業年月"]);
        let form = resume.form("入力内容保存");
        let open: Vec<_> = form.contents().into_iter().map(|(path, ..)| path).collect();
        assert_eq!(open, ["学歴出身校"]);
        let saved = form.set("学歴 出身校", "浜松町大学医学部医学科").press();
        saved.assert_says(&["入力内容を保存しました。"]);
        let kept = yoko.document("resume").ok()["value"].clone();
        assert_eq!(kept["school"], "浜松町大学医学部医学科");
        assert_eq!(kept["basic_society"], crate::service::forms::resume()["basic_society"]);

        // One row is open, and only its one field; nothing can be added or removed.
        let list = member.document("papers");
        list.assert_says(&["編集不可", "修正のお願いの対象外です"]);
        assert!(!list.has_control("新規作成"));
        assert!(list.first_control_that_begins("削除").is_none());
        let opened = member.open(&format!("/documents/papers?row={}", row(0)));
        let form = opened.form("入力内容保存");
        let open: Vec<_> = form.contents().into_iter().map(|(path, ..)| path).collect();
        assert_eq!(open, ["内容"]);
        let saved = form.set("内容", "題名「一」 掲載誌 12 (3) 45-67").press();
        saved.assert_says(&["入力内容を保存しました。"]);
        let papers = yoko.document("papers").ok();
        assert_eq!(papers["rows"][0]["value"]["content"], "題名「一」 掲載誌 12 (3) 45-67");
        assert_eq!(papers["rows"][0]["value"]["date"], crate::service::forms::paper("一")["date"]);
        // The other row has no form, also for somebody who knows its address.
        let other = member.open(&format!("/documents/papers?row={}", row(1)));
        assert!(other.first_control_that_begins("入力内容保存").is_none());
        // 総年数 alone.
        let activities = member.document("research-activities");
        assert!(!activities.has_control("新規作成"));
        member.record_total_years("26").assert_says(&["入力内容を保存しました。"]);
        // What was not sent back at all shows what is saved.
        let profile = member.document("profile");
        assert!(profile.first_control_that_begins("入力内容保存").is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_save_that_touches_the_rest_keeps_what_was_sent_back_and_names_the_rest() {
    each_service(async |service| {
        let (yoko, member) = in_front_of_it(service);
        // A page that was opened while everything was open.
        send_back(service, &yoko, &json!([{ "document": "resume", "comment": "ご確認ください。" }]));
        let earlier = member::resume(member.form("resume"))
            .set("学歴 出身校", "別の大学")
            .set("基本学会 認定番号", "第77号");
        yoko.submit().refused(422, "requirements-not-met");
        yoko.save("resume", &{
            let mut value = crate::service::forms::resume();
            value["qualification_number"] = json!("第1号");
            value
        })
        .ok();
        yoko.submit().ok();
        send_back(
            service,
            &yoko,
            &json!([{ "document": "resume", "field": "qualification_number", "comment": "番号をご確認ください。" }]),
        );
        // The page is stale by its revision: nothing is overwritten, and what was typed is there.
        earlier.press_expecting(409).assert_says(&["別の画面で更新されています"]);

        // From today's revision, with the fields of somebody's own making.
        let form = member.form("resume");
        let own = format!(
            "{}&school={}&qualification_number={}&graduation_year=1990",
            form.encoded()
                .split('&')
                .filter(|pair| !pair.starts_with("closed=") && !pair.starts_with("qualification_number="))
                .collect::<Vec<_>>()
                .join("&"),
            "%E5%88%A5%E3%81%AE%E5%A4%A7%E5%AD%A6",
            "%E7%AC%AC999%E5%8F%B7",
        );
        let (page, sent_on) = member.visitor.post(&member.path("/documents/resume/save"), own);
        assert!(sent_on, "{page:?}");
        page.assert_says(&["入力内容を保存しました。", &format!("学歴 出身学校名: {CLOSED}")]);
        let kept = yoko.document("resume").ok()["value"].clone();
        assert_eq!(kept["qualification_number"], "第999号");
        assert_eq!(kept["school"], crate::service::forms::resume()["school"]);

        // The same through the API.
        let mut both = kept.clone();
        both["qualification_number"] = json!("第1000号");
        both["school"] = json!("別の大学");
        let answer = yoko.save("resume", &both).ok();
        assert_eq!(answer["value"]["qualification_number"], "第1000号");
        assert_eq!(answer["value"]["school"], kept["school"]);
        assert_eq!(
            answer["left_out"],
            json!([{ "pointer": "/school", "message": format!("学歴 出身学校名: {CLOSED}。") }])
        );
        // Nothing but the rest: refused, with its name.
        let mut rest = answer["value"].clone();
        rest["school"] = json!("別の大学");
        let refused = yoko.save("resume", &rest).refused(409, "not-returned");
        assert_eq!(refused["errors"][0]["pointer"], "/school");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_years_and_a_row_of_the_activities_are_one_save() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let years = "がん治療に関する研究活動・診療歴の総年数";
        let form = member::activity(yoko.new_row("research-activities")).set(years, "２５");
        let before = yoko.sequence();
        let saved = form.press();
        saved.assert_says(&["明細を登録しました。"]);
        saved.row("2021");
        assert_eq!(saved.form("登録").value(years), "２５");
        assert_eq!(yoko.sequence(), before + 2);
        // The row alone: 総年数 stays, also when another window has changed it meanwhile.
        let row = yoko.new_row("research-activities");
        yoko.record_total_years("26");
        member::activity(row).press().assert_says(&["2件登録済み"]);
        assert_eq!(
            yoko.document("research-activities")
                .form("登録")
                .value(years),
            "26"
        );
        // What cannot be stored keeps both.
        let before = yoko.sequence();
        let form = member::activity(yoko.new_row("research-activities"))
            .set(years, &"9".repeat(201))
            .set("内容", "新しい勤務");
        let refused = form.press_expecting(422);
        assert_eq!(yoko.sequence(), before);
        assert_eq!(refused.form("入力内容保存").contents(), form.contents());
        // Two windows that change 総年数: neither row nor years are lost, and nothing is overwritten.
        let late = member::activity(yoko.new_row("research-activities")).set(years, "28");
        yoko.record_total_years("27");
        let told = late.press_expecting(409);
        told.assert_says(&["保存済みの内容", "27年"]);
        assert_eq!(told.form("入力内容保存").contents(), late.contents());
        let saved = told.form("入力内容保存").press();
        assert_eq!(saved.form("登録").value(years), "28");
    })
    .await;
}

/// The path of a form's address.
fn sent_to(form: &Form) -> String {
    form.action().split('?').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_is_sent_elsewhere_than_its_page_and_asking_for_that_leads_to_the_page() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let resume = member::resume(yoko.form("resume")).set("学歴 出身校", "旧\u{1}字");
        let mut seen = Vec::new();
        for page in ["resume", "profile", "clinical-experience"] {
            let address = yoko.path(&format!("/documents/{page}"));
            let form = yoko.form(page);
            assert_ne!(sent_to(&form), address);
            seen.push((sent_to(&form), address));
        }
        for (page, button) in [
            ("exam", "筆記試験を申し込む"),
            ("withdrawal", "お申込みを取り下げる"),
        ] {
            let found = yoko.open(&format!("/{page}"));
            if found.first_control_that_begins(button).is_some()
                && found.heading().contains("筆記") == (page == "exam")
            {
                let form = found.form(button);
                seen.push((sent_to(&form), yoko.path(&format!("/{page}"))));
            }
        }
        assert!(seen.len() >= 4, "{seen:?}");
        for (form, page) in seen {
            assert_ne!(form, page);
            let answer = yoko.visitor.request(&Method::GET, &form, None);
            assert_eq!(answer.status, 303, "{form}");
            assert_eq!(answer.header("location"), Some(page.as_str()));
        }
        // The page of a refused form has the form's address, so its own form is sent to another one, each time.
        let once = resume.press_expecting(422);
        let twice = once.form("入力内容保存").press_expecting(422);
        let addresses = [
            resume.action(),
            once.form("入力内容保存").action(),
            twice.form("入力内容保存").action(),
        ]
        .map(ToOwned::to_owned);
        assert_ne!(addresses[0], addresses[1]);
        assert_ne!(addresses[1], addresses[2]);
        let mended = twice
            .form("入力内容保存")
            .set("学歴 出身校", "旧字")
            .press();
        assert_eq!(mended.form("入力内容保存").value("学歴 出身校"), "旧字");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_date_of_a_correction_is_called_so_where_it_is_completed_in_time_and_too_late() {
    each_database(async |database| {
        let at = |time: &str| parse_jst_instant(time).unwrap();
        let service = TestService::at(database, at("2026-07-01T12:00")).await;
        let (yoko, member) = in_front_of_it(&service);
        let items = json!([{ "document": "profile", "comment": "具体的にお書きください。" }]);
        send_back(&service, &yoko, &items);
        member
            .open("/corrections")
            .form("回答を保存する")
            .set(&label(1, "プロフィール"), "間違いありません。")
            .press();
        let page = member.open("/completion");
        page.part("dl.facts")
            .assert_says(&["修正の期限", "2026年8月31日(月) 17:00"]);
        let form = page.form("申請を完了する");
        let later = TestService::at(database, at("2026-09-01T12:00")).await;
        for form in [form.clone(), form.tick("記載内容に相違ありません")] {
            let late = form.at(&later).press_expecting(409);
            assert_eq!(late.heading(), "申請完了要件");
            late.assert_says(&[
                "修正の期限（2026年8月31日(月) 17:00）を過ぎたため、申請を完了できません。",
            ]);
            late.assert_silent(&["締め切り日時", "チェックしてください"]);
        }
        later.stop().await;
        service.stop().await;
    })
    .await;
}
