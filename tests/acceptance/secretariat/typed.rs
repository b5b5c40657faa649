//! What the secretariat types stays when it is refused, with why: nothing is cut, and nothing has to be typed a second time.

use serde_json::json;

use super::{Desk, completed};
use crate::intake::pages::Browser;
use crate::service::each_service;

/// Sends a form that is refused, and finds in the answer what was typed and why.
fn kept(desk: &Browser, path: &str, fields: &[(&str, &str)], told: &[&str]) {
    let answer = desk.post(path, fields);
    assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
    for words in told {
        assert!(
            answer.text.contains(words),
            "{path} says nothing of {words}: {}",
            answer.text
        );
    }
}

/// c17 and its kind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_long_or_lacks_something_is_refused_with_the_text_kept_and_its_length_said() {
    each_service(async |service| {
        let yoko = completed(service);
        let desk = Browser::of(service);
        let seen = Desk::new(&service.secretariat(), &yoko.id).review()["revision"].to_string();
        let of = |rest: &str| format!("/desk/applications/{}{rest}", yoko.id);
        let long = "長い文です。".repeat(200);
        let sentence =
            |label: &str| format!("{label} は1,000字以内で入力してください。（現在 1,200字）");
        let kept = |path: &str, fields: &[(&str, &str)], told: &[&str]| {
            kept(&desk, path, fields, told);
        };
        kept(
            &of("/check"),
            &[("act", "note"), ("note", &long)],
            &[&long, &sentence("メモ")],
        );
        let label = "札".repeat(41);
        kept(
            &of("/check"),
            &[("act", "labels"), ("labels", &label)],
            &[
                &format!("value=\"{label}\""),
                "ラベル は40字以内で入力してください。（現在 41字）",
            ],
        );
        // A time and its reason, when the other is wrong.
        kept(
            &of("/check"),
            &[
                ("act", "reopen"),
                ("until", "2026-09-30T17:00"),
                ("reason", &long),
            ],
            &[&long, "value=\"2026-09-30T17:00\"", &sentence("内部の理由")],
        );
        // The form is on the page no more, and the text is.
        kept(
            &of("/check"),
            &[
                ("act", "extend"),
                ("until", "2026-09-30T17:00"),
                ("reason", "会員の申し出"),
            ],
            &[
                "会員の申し出",
                "2026-09-30T17:00",
                "入力された内容（保存されていません）",
            ],
        );
        kept(
            &of("/payments"),
            &[
                ("act", "reverse"),
                ("transaction", "T-9000001"),
                ("reason", &long),
            ],
            &[&format!("value=\"{long}\""), &sentence("内部の理由")],
        );
        // 差し戻し
        kept(
            &of("/return/send"),
            &[
                ("seen", &seen),
                ("step", "preview"),
                ("message", &long),
                ("until", "2026-08-31T17:00"),
                ("comment:profile::", "具体的に"),
            ],
            &[&long, "value=\"具体的に\"", "1,000字以内"],
        );
        assert_eq!(
            Desk::new(&service.secretariat(), &yoko.id).review()["notes"],
            json!([])
        );
    })
    .await;
}

/// c18 and its kind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_name_of_a_search_is_a_form_of_its_own_and_is_kept_when_it_is_refused() {
    each_service(async |service| {
        completed(service);
        let desk = Browser::of(service);
        let page = desk.page("/desk/applications?documents=under_review");
        let form = page
            .split("<form")
            .find(|form| form.contains("id=\"name\""))
            .unwrap();
        let form = form.split("</form>").next().unwrap();
        assert_eq!(
            form.matches("<button").count(),
            1,
            "Enter presses the first button of a form: {form}"
        );
        assert!(form.contains("保存する"));
        assert!(
            form.contains("name=\"documents\" value=\"under_review\""),
            "{form}"
        );
        let name = "長い名前".repeat(11);
        let answer = desk.post(
            "/desk/searches",
            &[
                ("step", "save"),
                ("documents", "under_review"),
                ("name", &name),
            ],
        );
        assert_eq!(answer.status, 422);
        assert!(
            answer.text.contains(&format!("value=\"{name}\"")),
            "{}",
            answer.text
        );
        assert!(
            answer
                .text
                .contains("検索の名前 は40字以内で入力してください。（現在 44字）")
        );
        let answer = desk.post(
            "/desk/searches",
            &[
                ("step", "save"),
                ("documents", "under_review"),
                ("name", "朝の一覧"),
            ],
        );
        let saved = desk.page(answer.header("location").unwrap());
        assert!(
            saved.contains("朝の一覧") && saved.contains("申請: 書類確認中"),
            "{saved}"
        );
    })
    .await;
}

/// c22 and its kind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_that_is_saved_as_it_is_stays_as_it_is() {
    each_service(async |service| {
        let desk = Browser::of(service);
        let address = "/desk/mail-templates/applied";
        let body = "\n\n{{ 氏名 }} 様\n\n  字下げした行\n\n";
        let version = |page: &str| {
            let of = page.split("name=\"revision\" value=\"").nth(1).unwrap();
            of.split('"').next().unwrap().to_owned()
        };
        let first = version(&desk.page(address));
        let save = |revision: &str, body: &str| {
            let fields = [
                ("step", "save"),
                ("revision", revision),
                ("subject", "お申込み"),
                ("body", body),
            ];
            let answer = desk.post(&format!("{address}/save"), &fields);
            assert_eq!(answer.status, 303, "{answer:?}");
        };
        save(&first, body);
        // As a browser reads and sends it: the first line break behind the tag is none of the text, line ends are CRLF.
        for _ in 0..3 {
            let page = desk.page(address);
            let area = page.split("name=\"body\"").nth(1).unwrap();
            let inside = area
                .split_once('>')
                .unwrap()
                .1
                .split("</textarea>")
                .next()
                .unwrap();
            let shown = inside
                .strip_prefix('\n')
                .unwrap_or(inside)
                .replace("&#123;", "{")
                .replace("&#125;", "}");
            assert_eq!(shown, body);
            let before = version(&page);
            save(&before, &shown.replace('\n', "\r\n"));
            assert_eq!(
                version(&desk.page(address)),
                before,
                "a version that changes nothing"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_picked_and_chosen_for_many_stays_when_it_is_refused() {
    each_service(async |service| {
        let yoko = completed(service);
        let desk = Browser::of(service);
        // 一括処理: the list that it was sent from, with what was picked, chosen and typed, and a way back to it.
        let ticked = format!("value=\"{}\" checked", yoko.id);
        for (act, until, chosen, why) in [
            (
                "",
                "2026-09-01T10:00",
                "",
                "一括で行う処理を選択してください。",
            ),
            (
                "extend",
                "9月の頭",
                "value=\"extend\" selected",
                "新しい期限",
            ),
        ] {
            kept(
                &desk,
                "/desk/bulk",
                &[
                    ("query", "documents=under_review"),
                    ("which", "picked"),
                    ("pick", &yoko.id),
                    ("act", act),
                    ("until", until),
                    ("reason", "委員会の決定による"),
                    ("explanation", "お知らせの文"),
                ],
                &[
                    why,
                    &ticked,
                    chosen,
                    &format!("value=\"{until}\""),
                    "value=\"委員会の決定による\"",
                    "value=\"お知らせの文\"",
                    "href=\"/desk/applications?documents=under_review\">申請一覧</a>",
                ],
            );
        }
        kept(
            &desk,
            "/desk/bulk",
            &[
                ("which", "all"),
                ("act", "extend"),
                ("until", ""),
                ("reason", "委員会の決定による"),
            ],
            &[
                "value=\"all\" selected",
                "value=\"extend\" selected",
                "value=\"委員会の決定による\"",
            ],
        );
    })
    .await;
}
