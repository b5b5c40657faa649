//! Two windows, two presses, and the way back: nothing is overwritten, nothing is done twice, nothing is lost.

use super::form::Form;
use super::member::{self, Member};
use super::page::{Page, selector};
use super::words::squeezed;
use crate::service::each_service;

/// A form that is open in two windows: how it is filled in in each, and a field that tells them apart.
struct Rivals {
    document: &'static str,
    first: Form,
    second: Form,
    field: &'static str,
    label: &'static str,
    texts: [&'static str; 2],
}

fn rivals(yoko: &Member) -> Vec<Rivals> {
    let rivals = |document, form: &Form, field, label, texts: [&'static str; 2]| Rivals {
        document,
        first: form.clone().set(field, texts[0]),
        second: form.clone().set(field, texts[1]),
        field,
        label,
        texts,
    };
    let edit = |list: &str| yoko.document(list).follow("編集").form("入力内容保存");
    vec![
        rivals(
            "resume",
            &member::resume(yoko.form("resume")),
            "学歴 出身校",
            "学歴 出身校",
            ["臨床医科大学", "𠮷野医科大学"],
        ),
        rivals(
            "profile",
            &yoko.form("profile"),
            "プロフィール",
            "プロフィール",
            ["一の窓で\n入力した内容", "二の窓で\n入力した内容"],
        ),
        rivals(
            "clinical-experience",
            &member::clinical_experience(yoko.form("clinical-experience")),
            "c) 臨床試験名（1）",
            "c) 臨床試験名（1）",
            ["JCOG0001", "JCOG0002"],
        ),
        rivals(
            "research-activities",
            &edit("research-activities"),
            "内容",
            "内容",
            ["一の窓", "二の窓"],
        ),
        rivals(
            "conferences",
            &edit("conferences"),
            "開催地",
            "開催地",
            ["京都", "福岡"],
        ),
        rivals(
            "papers",
            &edit("papers"),
            "内容",
            "内容",
            ["一の論文", "二の論文"],
        ),
    ]
}

/// The form of a document, or of its only row, as it is saved.
#[track_caller]
fn saved(yoko: &Member, document: &str) -> Form {
    let page = yoko.document(document);
    let page = if member::LISTS.contains(&document) {
        page.follow("編集")
    } else {
        page
    };
    page.form("入力内容保存")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slower_of_two_windows_is_shown_both_versions_and_overwrites_nothing() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        member::activity(yoko.new_row("research-activities")).press();
        yoko.add_conference();
        yoko.add_paper("論文");
        for Rivals {
            document,
            first,
            second,
            field,
            label,
            texts,
        } in rivals(&yoko)
        {
            let [theirs, mine] = texts;
            first.press();
            let before = yoko.sequence();
            let stale = second.press_expecting(409);
            assert!(stale.title().starts_with("エラー："), "{document}");
            stale.assert_says(&["別の画面で更新されています"]);
            assert_eq!(
                yoko.sequence(),
                before,
                "{document}: something was overwritten"
            );
            assert_eq!(saved(&yoko, document).value(field), theirs);

            // Side by side: what differs, and nothing else.
            let lines = stale.all(&selector(".versions tbody tr"));
            assert_eq!(lines.len(), 1, "{document}: {stale:?}");
            let versions = stale.part(".versions");
            versions.assert_says(&["この画面の内容", "保存済みの内容", label, mine, theirs]);

            // 保存済みの内容を使う
            let kept = stale.follow("保存済みの内容を使う");
            let kept = if member::LISTS.contains(&document) {
                kept.follow("編集")
            } else {
                kept
            };
            assert_eq!(kept.form("入力内容保存").value(field), theirs);

            // 並べて見る: the form below still has what was typed, with the saved text at the field.
            let link = stale.all(&selector("a[href='#form']"));
            assert!(
                link.iter()
                    .any(|link| super::words::text(*link) == "並べて見る"),
                "{stale:?}"
            );
            let form = stale.part("#form");
            assert_eq!(form.form("入力内容保存").contents(), second.contents());
            let beside = stale.all(&selector("#form .saved"));
            assert_eq!(beside.len(), 1, "{document}");
            assert!(
                super::words::text(beside[0]).contains(&squeezed(theirs)),
                "{document}"
            );

            // この画面の内容を使う
            let taken = stale.form("この画面の内容を使う").press();
            assert_eq!(taken.errors(), []);
            assert_eq!(saved(&yoko, document).value(field), mine);
            assert_eq!(yoko.sequence(), before + 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_another_window_changed_or_removed_is_not_removed_or_brought_back_by_a_late_press()
 {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let list = yoko.add_paper("一");
        let removal = list.row("一").form("削除");
        let edit = list.row("一").follow("編集").form("入力内容保存");
        edit.clone().set("内容", "二").press();
        let before = yoko.sequence();
        let stale = removal.press_expecting(409);
        stale.assert_says(&["別の画面で更新されています"]);
        assert_eq!(yoko.sequence(), before);
        yoko.document("papers").row("二").form("削除").press();
        let before = yoko.sequence();
        // What was typed into a row that is gone can be copied from the page.
        let gone = edit
            .set("内容", "三の窓で入力した内容")
            .press_expecting(404);
        gone.assert_says(&["該当の明細が見つかりません。", "三の窓で入力した内容"]);
        assert_eq!(yoko.sequence(), before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_press_of_the_same_button_is_the_first_one_again() {
    #[track_caller]
    fn twice(yoko: &Member, form: &Form) -> Page {
        let before = yoko.sequence();
        let first = form.press();
        let second = form.press();
        assert_eq!(first.address, second.address);
        assert_eq!(yoko.sequence(), before + 1, "{}", form.action);
        second
    }
    each_service(async |service| {
        let yoko = Member::yoko(service);
        twice(&yoko, &member::resume(yoko.form("resume")));
        twice(&yoko, &member::profile(yoko.form("profile")));
        twice(
            &yoko,
            &member::clinical_experience(yoko.form("clinical-experience")),
        );
        twice(
            &yoko,
            &member::activity(yoko.new_row("research-activities")),
        );
        let years = yoko.document("research-activities").form("登録");
        twice(
            &yoko,
            &years.set("がん治療に関する研究活動・診療歴の総年数", "25"),
        );
        twice(&yoko, &member::conference(yoko.new_row("conferences")));
        let list = twice(
            &yoko,
            &member::paper(yoko.new_row("papers"), "一度だけの論文"),
        );
        list.row("一度だけの論文");
        let edit = list
            .row("一度だけの論文")
            .follow("編集")
            .form("入力内容保存");
        let list = twice(&yoko, &edit.set("内容", "一度だけの変更"));
        let list = twice(&yoko, &list.row("一度だけの変更").form("削除"));
        twice(&yoko, &list.row("一度だけの変更").form("元に戻す"));

        // The same page again with other contents, as after Back: not the first press, and too late.
        let form = yoko.form("profile");
        form.clone().set("プロフィール", "先に保存").press();
        let back = form.set("プロフィール", "戻って入力");
        back.press_expecting(409)
            .assert_says(&["先に保存", "戻って入力"]);

        let confirmation = yoko.open("").follow("申請を完了する");
        twice(
            &yoko,
            &confirmation
                .form("申請を完了する")
                .tick("記載内容に相違ありません"),
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_row_comes_back_as_the_row_that_it_was() {
    #[track_caller]
    fn id(page: &Page, text: &str) -> String {
        page.row(text).element.attr("id").unwrap().to_owned()
    }
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let added = [
            (
                "research-activities",
                member::activity(yoko.new_row("research-activities")),
                "診療に従事",
            ),
            (
                "conferences",
                member::conference(yoko.new_row("conferences")),
                "横浜",
            ),
            (
                "papers",
                member::paper(yoko.new_row("papers"), "がん薬物療法"),
                "がん薬物療法",
            ),
        ];
        for (list, form, text) in added {
            let page = form.press();
            let row = id(&page, text);
            let contents = page
                .row(text)
                .follow("編集")
                .form("入力内容保存")
                .contents();
            let removed = page.row(text).form("削除").press();
            removed
                .part("table.list")
                .assert_says(&["データが見つかりません"]);
            // Also after a while, when something else was done.
            yoko.open("");
            let back = yoko.document(list).row(text).form("元に戻す").press();
            assert_eq!(id(&back, text), row, "{list}");
            assert_eq!(
                back.row(text)
                    .follow("編集")
                    .form("入力内容保存")
                    .contents(),
                contents
            );
            assert!(!back.has_control("元に戻す"), "{list}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_version_comes_back_as_a_new_change_in_the_history() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        for text in ["初めの文", "二度目の文", "三度目の文"] {
            yoko.form("profile").set("プロフィール", text).press();
        }
        crate::service::eventually(&3, || yoko.changes("profile"));
        let history = yoko.document("profile").follow("この書類の変更履歴を見る");
        // Newest first: who, what from, what to.
        let entries = history.all(&selector("ul.changes > li"));
        for (entry, sentences) in entries.iter().zip([
            ["二度目の文", "三度目の文"],
            ["初めの文", "二度目の文"],
            ["初めの文", "プロフィール"],
        ]) {
            for sentence in sentences {
                assert!(
                    super::words::text(*entry).contains(sentence),
                    "{sentence}: {history:?}"
                );
            }
        }
        let versions = history.links_to("/history/");
        assert_eq!(versions.len(), 3);
        let version = yoko.visitor.open(&versions[1]);
        version.assert_says(&["二度目の文", "三度目の文"]);
        let before = yoko.sequence();
        let restore = version.form("この版の内容に戻す");
        let document = restore.press();
        assert_eq!(
            document.form("入力内容保存").value("プロフィール"),
            "二度目の文"
        );
        assert_eq!(yoko.sequence(), before + 1);
        crate::service::eventually(&4, || yoko.changes("profile"));
        let history = yoko.open("/history?document=profile");
        let newest = history.all(&selector("ul.changes > li"))[0];
        for sentence in ["三度目の文", "二度目の文"] {
            assert!(super::words::text(newest).contains(sentence), "{history:?}");
        }

        // Pressed again it is the same change; from a page that is not of today any more nothing is overwritten.
        restore.press();
        assert_eq!(yoko.sequence(), before + 1);
        let restore = yoko.visitor.open(&versions[2]).form("この版の内容に戻す");
        yoko.form("profile")
            .set("プロフィール", "四度目の文")
            .press();
        restore
            .press_expecting(409)
            .assert_says(&["別の画面で更新されています"]);
        assert_eq!(yoko.form("profile").value("プロフィール"), "四度目の文");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn total_years_of_an_old_window_stand_beside_the_saved_ones_and_overwrite_nothing() {
    const LABEL: &str = "がん治療に関する研究活動・診療歴の総年数";
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let form = yoko.document("research-activities").form("登録");
        form.clone().set(LABEL, "25").press();
        let before = yoko.sequence();
        let stale = form.set(LABEL, "31").press_expecting(409);
        stale.assert_says(&["別の画面で更新されています", "25"]);
        assert_eq!(stale.form("登録").value(LABEL), "31");
        assert_eq!(yoko.sequence(), before);
        assert_eq!(
            yoko.document("research-activities")
                .form("登録")
                .value(LABEL),
            "25"
        );
        stale.form("登録").press();
        assert_eq!(
            yoko.document("research-activities")
                .form("登録")
                .value(LABEL),
            "31"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_list_comes_back_with_its_rows_as_they_were() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let list = yoko.add_paper("一");
        let id = list.row("一").element.attr("id").unwrap().to_owned();
        yoko.add_paper("二");
        let list = yoko.document("papers");
        let form = list.row("一").follow("編集").form("入力内容保存");
        form.set("内容", "変わった一").set("申請単位", "7").press();
        yoko.document("papers")
            .row("変わった一")
            .form("削除")
            .press();
        crate::service::eventually(&4, || yoko.changes("papers"));
        let versions = yoko.open("/history?document=papers").links_to("/history/");
        // The oldest: one row, as it was added.
        let version = yoko.visitor.open(versions.last().unwrap());
        version.part(".versions").assert_says(&["一", "二"]);
        let list = version.form("この版の内容に戻す").press();
        let rows = list.all(&selector("table.list tbody tr"));
        assert_eq!(rows.len(), 1, "{list:?}");
        let row = list.row("一");
        assert_eq!(row.element.attr("id"), Some(id.as_str()));
        assert_eq!(
            row.follow("編集").form("入力内容保存").value("申請単位"),
            "１０"
        );
        // What went away by that can be brought back too.
        list.row("二")
            .form("元に戻す")
            .press()
            .part("table.list")
            .assert_says(&["一", "二"]);
    })
    .await;
}
