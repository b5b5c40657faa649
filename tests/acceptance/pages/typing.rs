//! What is typed: kept as it was typed, understood generously, and pointed out where it is wrong.

use super::form::Form;
use super::member::{self, LISTS, Member};
use super::page::Page;
use crate::service::each_service;

/// The forms that a member fills in: the five documents and lists, each empty and ready, with a name for messages.
fn every_form(yoko: &Member) -> Vec<(&'static str, Form)> {
    let whole = ["resume", "profile", "clinical-experience"];
    let mut forms: Vec<_> = whole.map(|slug| (slug, yoko.form(slug))).into();
    forms.extend(LISTS.map(|list| (list, yoko.new_row(list))));
    forms
}

/// Everything wrong that can be wrong, and what is said about it.
fn wrongly_filled_in(slug: &str, form: Form) -> (Form, Vec<&'static str>) {
    match slug {
        "resume" => (
            form.set("学歴 出身校", &"臨".repeat(101))
                .set("卒業年月 / 年", "昭和６５")
                .set("卒業年月 / 月", "１３月")
                .set("基本学会 資格種別", "認定登録医"),
            vec![
                "学歴 出身学校名 は100字以内で入力してください。（現在 101字）",
                "学歴 卒業年月 は昭和にはない日付です。",
                "基本学会認定医 学会名 の値を選択してください。",
                "基本学会 認定番号 は必須入力です。",
            ],
        ),
        "profile" => (
            form.set(
                "プロフィール",
                &format!("\n  葛\u{E0100}城\n\n{}", "𠮷".repeat(1_040)),
            ),
            vec!["プロフィール は1,040字以内で入力してください。（現在 1,047字）"],
        ),
        "clinical-experience" => (
            form.tick("3. がん診療に関するコンサルテーションの実績 / 原発不明")
                .tick("特殊な検査・治療の実績 / あり")
                .set("c) 登録症例数（2）", "数件"),
            vec![
                "診察した実績またはがん薬物療法の施行実績がある臓器・領域を1つ以上チェックしてください。",
                "特殊な検査・治療の実績 の具体的な内容 は必須入力です。",
                "セカンドオピニオンの実施 の値を選択してください。",
                "臨床試験名（2） は必須入力です。",
                "登録症例数（2） は 10 のように数字で入力してください。",
            ],
        ),
        "research-activities" => (
            form.set("期間（開始年月） / 年", "令和８年")
                .set("期間（開始年月） / 月", "　５")
                .set("期間（終了年月） / 年", "2021")
                .set("期間（終了年月） / 月", "4"),
            vec![
                "終了年月が開始年月より前になっています。開始年月と終了年月をご確認ください。",
                "内容 は必須入力です。",
            ],
        ),
        "conferences" => (
            form.set("開催日 / 年", "令和6")
                .set("開催日 / 月", "４")
                .set("開催日 / 日", "31")
                .set("申請単位数", "五"),
            vec![
                "開催地 は必須入力です。",
                "開催日 は存在しない日付です。2026/07/04 のように入力してください。",
                "申請単位数 は 10 のように数字で入力してください。",
            ],
        ),
        _ => (
            form.set("区分", "参加")
                .set("種別", "原著（英文）")
                .set("日付 / 年", "２０２６")
                .set("日付 / 月", "２")
                .set("日付 / 日", "２９")
                .set("申請単位", "100")
                .set("内容", "がん薬物療法の\n\t安全性 <b>&amp;"),
            vec![
                "種別「原著（英文）」の区分は「共著」または「筆頭」から選択してください。",
                "日付 は存在しない日付です。2026/07/04 のように入力してください。",
                "申請単位数 は99以下の数字で入力してください。",
            ],
        ),
    }
}

#[track_caller]
fn assert_points_out(page: &Page, sentences: &[&str]) {
    let said: Vec<String> = page
        .errors()
        .into_iter()
        .map(|(sentence, _)| sentence)
        .collect();
    for sentence in sentences {
        let wanted = super::words::squeezed(sentence);
        assert!(
            said.iter().any(|said| said.starts_with(&wanted)),
            "{sentence:?} is not among {said:#?}"
        );
    }
    assert_eq!(said.len(), sentences.len(), "{said:#?}");
    assert!(page.title().starts_with("エラー："));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_typed_stays_on_the_page_with_its_mistakes_and_is_stored() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        for (slug, form) in every_form(&yoko) {
            let empty = form.contents();
            let (typed, sentences) = wrongly_filled_in(slug, form);
            assert_ne!(typed.contents(), empty);
            let answer = typed.press();
            assert_points_out(&answer, &sentences);
            answer.assert_says(&["入力された内容は保存されています。"]);
            assert_eq!(
                answer.form("入力内容保存").contents(),
                typed.contents(),
                "{slug}"
            );

            // The same when somebody comes back to it another day.
            let later = yoko.document(slug);
            let later = if LISTS.contains(&slug) {
                later.assert_says(&sentences);
                later.follow("編集")
            } else {
                later
            };
            assert_points_out(&later, &sentences);
            assert_eq!(
                later.form("入力内容保存").contents(),
                typed.contents(),
                "{slug}"
            );
        }
        let years = yoko.record_total_years("二十五");
        assert_points_out(
            &years,
            &["がん治療に関する研究活動・診療歴の総年数 は 10 のように数字で入力してください。"],
        );
        assert_eq!(
            years
                .form("登録")
                .value("がん治療に関する研究活動・診療歴の総年数"),
            "二十五"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_is_sent_empty_names_every_field_that_must_be_filled_in() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        for (slug, form) in every_form(&yoko) {
            let answer = form.press();
            let sentences: &[&str] = match slug {
                "resume" => &[
                    "学歴 出身学校名 は必須入力です。",
                    "学歴 卒業年月 は必須入力です。",
                    "基本学会認定医 学会名 の値を選択してください。",
                    "基本学会 資格種別 の値を選択してください。",
                    "基本学会 認定番号 は必須入力です。",
                ],
                "profile" => &["プロフィール は必須入力です。"],
                "clinical-experience" => &[
                    "診察した実績またはがん薬物療法の施行実績がある臓器・領域を1つ以上チェックしてください。",
                    "特殊な検査・治療の実績 の値を選択してください。",
                    "セカンドオピニオンの実施 の値を選択してください。",
                ],
                "research-activities" => &["期間 は必須入力です。", "内容 は必須入力です。"],
                "conferences" => {
                    &["開催地 は必須入力です。", "開催日 は必須入力です。", "申請単位数 は必須入力です。"]
                }
                _ => &[
                    "区分 の値を選択してください。",
                    "種別 の値を選択してください。",
                    "日付 は必須入力です。",
                    "申請単位数 は必須入力です。",
                    "内容 は必須入力です。",
                ],
            };
            assert_points_out(&answer, sentences);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dates_are_understood_as_people_write_them_and_said_back() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        for (year, month) in [
            ("平成１０", "３"),
            ("H10", "3月"),
            ("１９９８年", "０３"),
            ("1998", "3"),
        ] {
            let saved = member::resume(yoko.form("resume"))
                .set("卒業年月 / 年", year)
                .set("卒業年月 / 月", month)
                .press();
            assert_eq!(saved.errors(), [], "{year} {month}");
            saved.assert_says(&["1998年3月"]);
            let form = saved.form("入力内容保存");
            assert_eq!(
                [form.value("卒業年月 / 年"), form.value("卒業年月 / 月")],
                [year, month]
            );
        }
        for (year, month, day) in [
            ("令和8", "３", "２６"),
            ("R8", "3月", "26日"),
            ("２０２６年", "０３", "26"),
            ("2026", "3", "26"),
        ] {
            let list = member::conference(yoko.new_row("conferences"))
                .set("開催日 / 年", year)
                .set("開催日 / 月", month)
                .set("開催日 / 日", day)
                .press();
            assert_eq!(list.errors(), [], "{year} {month} {day}");
            let row = list.row("横浜");
            row.assert_says(&["2026年3月26日（令和8年）"]);
            let form = row.follow("編集").form("入力内容保存");
            let boxes = ["開催日 / 年", "開催日 / 月", "開催日 / 日"].map(|path| form.value(path));
            // The label behind the box says the unit.
            assert_eq!(
                boxes,
                [(year, '年'), (month, '月'), (day, '日')]
                    .map(|(text, unit)| text.trim_end_matches(unit))
            );
            let list = yoko.document("conferences");
            list.row("横浜").form("削除").press();
        }
        // A whole date, pasted into the first box.
        for whole in ["２０２６／３／２６", "令和8年3月26日", "20260326"] {
            let form = member::conference(yoko.new_row("conferences")).set("開催日 / 年", whole);
            let list = form.set("開催日 / 月", "").set("開催日 / 日", "").press();
            assert_eq!(list.errors(), [], "{whole}");
            let row = list.row("横浜");
            row.assert_says(&["2026年3月26日（令和8年）"]);
            row.form("削除").press();
        }
        let activity = member::activity(yoko.new_row("research-activities")).press();
        activity
            .row("JSMOがんセンター")
            .assert_says(&["2021年7月", "2026年6月"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_breaks_as_word_processors_leave_them_are_line_breaks() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let typed = "一行目\u{b}二行目\u{c}三行目\u{2028}四行目\u{85}五行目";
        let saved = yoko.form("profile").set("プロフィール", typed).press();
        assert_eq!(
            saved.form("入力内容保存").value("プロフィール"),
            "一行目\n二行目\n三行目\n四行目\n五行目"
        );
        // One line stays one.
        let saved = member::resume(yoko.form("resume"))
            .set("学歴 出身校", "浜松町大学\u{b}医学部")
            .press();
        assert_eq!(
            saved.form("入力内容保存").value("学歴 出身校"),
            "浜松町大学 医学部"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_control_character_as_word_leaves_it_is_pointed_out_and_nothing_else_is_lost() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        for (slug, form) in every_form(&yoko) {
            let (form, path) = match slug {
                "resume" => (member::resume(form), "学歴 出身校"),
                "profile" => (member::profile(form), "プロフィール"),
                "clinical-experience" => (member::clinical_experience(form), "c) 臨床試験名（3）"),
                "research-activities" => (member::activity(form), "内容"),
                "conferences" => (member::conference(form), "開催地"),
                _ => (member::paper(form, ""), "内容"),
            };
            for control in ['\u{1}', '\u{1B}', '\u{7F}', '\u{9D}'] {
                let before = yoko.sequence();
                let typed = form.clone().set(path, &format!("横浜{control}市"));
                let page = typed.press_expecting(422);
                let code = u32::from(control);
                let sentence = format!("に、表示されない特殊な文字（U+{code:04X}）が含まれています。3文字目の前後を入力し直してください。");
                let errors = page.errors();
                assert!(errors.len() == 1 && errors[0].0.ends_with(&sentence), "{errors:?}");
                assert!(!errors[0].0.starts_with("入力内容"), "{errors:?}");
                assert_eq!(page.errors()[0].1, page.id_of_field(path));
                page.assert_silent(&["入力された内容は保存されています。"]);
                assert_eq!(
                    page.form("入力内容保存").contents(),
                    typed.contents(),
                    "{slug}"
                );
                assert_eq!(yoko.sequence(), before, "{slug}: something was stored");
                // What is mended on that very page is stored.
                if control == '\u{9D}' {
                    let mended = page.form("入力内容保存").set(path, "横浜市").press();
                    if LISTS.contains(&slug) {
                        mended.row("横浜市");
                    } else {
                        assert_eq!(mended.form("入力内容保存").value(path), "横浜市");
                    }
                    assert_eq!(yoko.sequence(), before + 1);
                }
            }
        }
        let before = yoko.sequence();
        let page = yoko
            .document("research-activities")
            .form("登録")
            .set("がん治療に関する研究活動・診療歴の総年数", "2\u{1B}5")
            .press_expecting(422);
        page.assert_says(&["表示されない特殊な文字（U+001B）"]);
        assert_eq!(yoko.sequence(), before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_form_may_hold_is_refused_in_words_and_up_to_there_nothing_is_lost() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let before = yoko.sequence();
        // A character of three bytes takes nine in a form.
        let page = yoko
            .form("profile")
            .set("プロフィール", &"髙".repeat(22_000))
            .press_expecting(413);
        page.assert_says(&[
            "内容が大きすぎます",
            "約2万字まで",
            "「戻る」を押すと、入力された内容のある画面に戻ります。",
            "もう一度お送りください。",
        ]);
        assert_eq!(yoko.sequence(), before);

        let long = "髙".repeat(20_000);
        let page = yoko
            .form("profile")
            .set("プロフィール", &long)
            .press_expecting(422);
        page.assert_says(&[
            "プロフィール は1,040字以内で入力する項目です。入力された内容（20,000字）は長すぎるため、保存していません。",
        ]);
        assert_eq!(page.form("入力内容保存").value("プロフィール"), long);
        assert_eq!(yoko.sequence(), before);
        let long = "髙".repeat(2_080);
        let page = yoko.form("profile").set("プロフィール", &long).press();
        assert_points_out(
            &page,
            &["プロフィール は1,040字以内で入力してください。（現在 2,080字）"],
        );
        assert_eq!(page.form("入力内容保存").value("プロフィール"), long);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn total_years_alone_in_the_form_of_a_new_row_are_saved_without_an_empty_row() {
    each_service(async |service| {
        const YEARS: &str = "がん治療に関する研究活動・診療歴の総年数";
        let yoko = Member::yoko(service);
        let saved = yoko.new_row("research-activities").set(YEARS, "30").press();
        saved.assert_says(&[
            "入力内容を保存しました。",
            "0件登録済み",
            "データが見つかりません",
        ]);
        assert_eq!(saved.form("登録").value(YEARS), "30");
        // With anything of the row, the row is saved with them.
        let both = yoko
            .new_row("research-activities")
            .set(YEARS, "31")
            .set("内容", "診療に従事")
            .press();
        both.assert_says(&["1件登録済み", "診療に従事"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_is_no_text_or_lost_a_part_on_its_way_empties_nothing() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let words = "大事な文章";
        yoko.form("profile").set("プロフィール", words).press();
        let before = yoko.sequence();
        let sent = |rest: &str, form: &str| {
            let form = yoko.visitor.own(form);
            let (page, _) = yoko.visitor.post(&yoko.path(rest), form);
            assert!((400..500).contains(&page.status), "{rest}: {page:?}");
            page
        };
        let key = "key=6d2b1a54-9c0e-4f8b-8f57-21d053c17e96&revision=1";
        let save = "/documents/profile/save";
        sent(save, &format!("{key}&text=%93%FA%96%7B%ff"))
            .assert_says(&["読み取れないため、保存していません", "もう一度"]);
        sent(save, key).assert_says(&["保存していません"]);
        sent("/documents/resume/save", &format!("{key}&school=x"));
        sent("/documents/papers/rows", &format!("{key}&content=x"));
        sent("/documents/research-activities/total-years", key);
        assert_eq!(yoko.sequence(), before);
        assert_eq!(yoko.form("profile").value("プロフィール"), words);
    })
    .await;
}
