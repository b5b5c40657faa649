//! The four ways to apply, page by page from sign-in to 書類確認中, in the manual's words.

use super::form::Form;
use super::member::{self, DOCUMENTS, Member};
use super::page::Page;
use super::visitor::Visitor;
use super::words::{squeezed, text};
use crate::service::{FIRST_TO_THIRD, FOURTH, TestService, each_service, eventually, files};

const ATTENDANCE_MISSING: &str =
    "「学会に 1 回以上参加」「セミナー A B の双方に参加」のいずれも満たされていません";

const NOTHING_REGISTERED: [&str; 4] = [
    "申請書類 [履歴書] が未登録です",
    "申請書類 [プロフィール] が未登録です",
    "申請書類 [研究活動歴] が未登録です",
    "申請書類 [業績目録] が未登録です",
];

/// The lines of 状態.
fn status(page: &Page) -> Vec<String> {
    let lines = super::page::selector(".status-line");
    page.all(&lines).into_iter().map(text).collect()
}

#[track_caller]
fn assert_status(page: &Page, lines: &[&str]) {
    let lines: Vec<String> = lines.iter().map(|line| squeezed(line)).collect();
    assert_eq!(status(page), lines);
}

/// What 申請完了要件 says is missing, at the end of the way to 申請を完了する. Each of the lines leads to where it is mended.
#[track_caller]
fn assert_missing(member: &Member, sentences: &[&str]) {
    let refused = member.open("").follow("申請を完了する");
    assert_eq!(refused.heading(), "申請完了要件");
    refused.assert_says(&[
        "入力必須項目の入力不足、単位不足等があると申請を完了できません。",
        "不備・不足を解消した上で再度申請書を確定してください。",
    ]);
    refused.assert_says(sentences);
    let all = [
        &["業績単位が不足しています", ATTENDANCE_MISSING][..],
        &NOTHING_REGISTERED,
    ]
    .concat();
    let silent: Vec<&str> = all
        .into_iter()
        .filter(|sentence| !sentences.iter().any(|said| said.starts_with(sentence)))
        .collect();
    refused.assert_silent(&silent);
    // No button that would only be refused.
    let buttons = super::page::selector("main form");
    assert!(refused.all(&buttons).is_empty(), "{refused:?}");
    // The panel of a document's screen says the same.
    let panel = member.document("profile");
    panel.part("#requirements").assert_says(sentences);
}

/// 文書名 with 状態 and 更新日時 as 申請書類一覧 shows them.
#[track_caller]
fn assert_listed(member: &Member, registered: &[&str]) {
    let list = member.open("/documents");
    for (slug, title) in DOCUMENTS {
        let row = list.row(title);
        let is = registered.contains(&slug);
        assert_eq!(row.says("登録中"), is, "{title}: {list:?}");
        assert_eq!(row.says("2026/06/03 18:0"), is, "{title}: {list:?}");
    }
}

/// 申請を完了する, after which the last page shows what the manual's shows.
#[track_caller]
fn complete(member: &Member, lines: &[&str]) {
    let top = member.complete();
    assert_status(&top, lines);
    assert_status(&member.open(""), lines);
    assert!(!member.open("").has_control("申請を完了する"));
}

/// 受験料, as the exam site reports it a while later.
#[track_caller]
fn pay(service: &TestService, member: &Member, number: &str, lines: &[&str]) {
    files::payment(&service.secretariat(), "T202690001", number);
    let lines: Vec<String> = lines.iter().map(|line| squeezed(line)).collect();
    eventually(&lines, || status(&member.open("")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_and_exam_together_page_by_page() {
    each_service(async |service| {
        let visitor = Visitor::new(service);
        let yoko = Member::sign_in(&visitor, "9000001", FOURTH);
        let home = visitor.open("/");
        home.assert_says(&["0500026 (専門医)", "2007年4月1日", "2027年3月31日", "2026年", "臨床 瘍子（会員番号 9000001）"]);
        // The other program says that it is the wrong one, and why.
        let other = visitor.open(&format!("/apply/{FIRST_TO_THIRD}"));
        other.assert_says(&["今回は更新4回目のため、このお申込みの対象ではありません。「更新4回目以降」のほうをお申込みください。"]);
        assert!(!other.has_control("書類審査・筆記試験同時のお申込み"));

        let top = yoko.apply("書類審査・筆記試験同時のお申込み");
        assert_status(&top, &["申請: 申込済", "筆記試験: 申込済 受験料をご納入ください"]);
        assert_listed(&yoko, &[]);
        let units = "業績単位が不足しています (現在 45 単位)";
        assert_missing(&yoko, &[&[units, ATTENDANCE_MISSING][..], &NOTHING_REGISTERED].concat());

        yoko.fill_in_required_documents();
        let filled_in = ["resume", "profile", "research-activities", "clinical-experience"];
        assert_listed(&yoko, &filled_in);
        assert_missing(&yoko, &[units, ATTENDANCE_MISSING]);
        // The meeting is picked from the list: place, day and units are filled in.
        let meeting = yoko.document("conferences").follow("第23回学術集会（横浜 2026/03/26～2026/03/28）");
        let form = meeting.form("入力内容保存");
        assert_eq!([form.value("開催地"), form.value("申請単位数")], ["横浜", "5"]);
        let list = form.press();
        list.row("横浜").assert_says(&["2026年3月26日（令和8年）"]);
        list.part("#requirements").assert_says(&["50 単位 / 必要 50 単位"]);

        pay(service, &yoko, "9000001", &["申請: 申込済", "筆記試験: 申込済 入金確認済み"]);
        complete(&yoko, &["申請: 書類確認中", "筆記試験: 申込済 入金確認済み"]);
        assert_listed(&yoko, &[&filled_in[..], &["conferences"]].concat());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_only_after_a_passed_exam_page_by_page() {
    each_service(async |service| {
        let visitor = Visitor::new(service);
        let ichiro = Member::sign_in(&visitor, "9000002", FIRST_TO_THIRD);
        let offer = visitor.open(&format!("/apply/{FIRST_TO_THIRD}"));
        offer.assert_says(&[
            "筆記試験に合格されているため、筆記試験の申込は不要です。",
            "「書類審査のみのお申込み」をご利用ください。",
        ]);
        assert!(!offer.has_control("書類審査・筆記試験同時のお申込み"));
        assert!(!offer.has_control("筆記試験のみのお申込み"));
        let top = ichiro.apply("書類審査のみのお申込み");
        let exempt = "筆記試験: 免除（前年度合格）";
        assert_status(&top, &["申請: 申込済", exempt]);
        assert!(!top.has_control("筆記試験"), "追加お申込み is offered to who passed");

        ichiro.fill_in_required_documents();
        let units = "業績単位が不足しています (現在 45 単位)";
        assert_missing(&ichiro, &[units]);
        let wrong = ichiro.add_paper("");
        assert_eq!(wrong.errors()[0].0, squeezed("内容 は必須入力です。"));
        assert_missing(
            &ichiro,
            &[
                units,
                "申請書類 [研究業績 論文] に入力の誤りがあります。該当の行を修正または削除してください",
            ],
        );
        let edit = ichiro.document("papers").follow("編集");
        let list = edit.form("入力内容保存").set("内容", "がん薬物療法の安全性").press();
        assert_eq!(list.errors(), []);
        complete(&ichiro, &["申請: 書類確認中", exempt]);
        ichiro.open("").assert_says(&["55 単位"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_first_and_the_exam_added_later_page_by_page() {
    each_service(async |service| {
        let secretariat = service.secretariat();
        // What is left is one seminar of ten units: the manual's 現在 10 単位.
        files::absences(&secretariat, "9000004", &files::ALL_BUT_ONE_OF_9000004);
        let ken = Member::sign_in(&Visitor::new(service), "9000004", FIRST_TO_THIRD);
        let top = ken.apply("書類審査のみのお申込み");
        assert_status(&top, &["申請: 申込済"]);
        top.assert_says(&["追加お申込み"]);
        // The manual's 申請書エラーメッセージの例, sentence by sentence.
        let units = "業績単位が不足しています (現在 10 単位)";
        assert_missing(
            &ken,
            &[&[units, ATTENDANCE_MISSING][..], &NOTHING_REGISTERED].concat(),
        );

        ken.add_exam();
        let paid = ["申請: 申込済", "筆記試験: 申込済 入金確認済み"].map(squeezed);
        eventually(&paid.to_vec(), || status(&ken.open("")));
        assert!(!ken.open("").has_control("筆記試験"));

        ken.fill_in_required_documents();
        for number in 1..=3 {
            ken.add_paper(&format!("論文 その{number}"));
        }
        assert_missing(
            &ken,
            &[
                "業績単位が不足しています (現在 40 単位)",
                ATTENDANCE_MISSING,
            ],
        );
        let speaker = |form: Form| {
            form.set("筆頭", "筆頭（筆頭演者として発表）")
                .set("申請単位数", "10")
        };
        let list = speaker(member::conference(ken.new_row("conferences"))).press();
        assert_eq!(list.errors(), []);
        complete(&ken, &["申請: 書類確認中", "筆記試験: 申込済 入金確認済み"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exam_only_in_the_year_before_page_by_page() {
    each_service(async |service| {
        let visitor = Visitor::new(service);
        let misaki = Member::sign_in(&visitor, "9000003", FIRST_TO_THIRD);
        let offer = visitor.open(&format!("/apply/{FIRST_TO_THIRD}"));
        offer.assert_says(&["書類審査は正規更新年度（2027年度）にお申込みください。"]);
        assert!(!offer.has_control("書類審査のみのお申込み"));
        let top = misaki.apply("筆記試験のみのお申込み");
        // 受験料 had arrived before, so it stands there from the first moment.
        assert_status(&top, &["筆記試験: 申込済 入金確認済み"]);
        for control in ["編集", "申請を完了する", "筆記試験"] {
            assert!(!top.has_control(control), "{control}");
        }
        // Nothing to fill in: who opens a document all the same is told why.
        for rest in [
            "/documents/profile",
            "/documents/papers",
            "/documents/seminars",
        ] {
            let page = visitor.open_expecting(&misaki.path(rest), 409);
            page.assert_says(&["筆記試験のみのお申込みのため、申請書類の入力は必要ありません。"]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_apply_sees_why_and_what_to_do() {
    each_service(async |service| {
        for (number, sentences) in [
            (
                "9000005",
                [
                    "医籍登録日・医籍登録番号が登録されていません。",
                    "会員専用ページより、医籍登録日・医籍登録番号をご登録ください。",
                ],
            ),
            (
                "9000006",
                [
                    "2026年度までの年会費が納入されていません。",
                    "年会費をご納入ください。",
                ],
            ),
        ] {
            let visitor = Visitor::new(service);
            Member::sign_in(&visitor, number, FIRST_TO_THIRD);
            let offer = visitor.open(&format!("/apply/{FIRST_TO_THIRD}"));
            offer.assert_says(&sentences);
            for scope in [
                "書類審査・筆記試験同時のお申込み",
                "書類審査のみのお申込み",
                "筆記試験のみのお申込み",
            ] {
                assert!(!offer.has_control(scope), "{number}: {scope}");
                offer.assert_says(&[scope]);
            }
        }
        // In the regular year the exam alone is not offered, and a page that says so is answered if one tries.
        let ken = Member::sign_in(&Visitor::new(service), "9000004", FIRST_TO_THIRD);
        let offer = ken.visitor.open(&format!("/apply/{FIRST_TO_THIRD}"));
        offer.assert_says(&["「書類審査・筆記試験同時のお申込み」をご利用ください。"]);
        let form = offer.follow("書類審査のみのお申込み").form(member::APPLY);
        let tried = form.encoded().replace("documents_only", "exam_only");
        let (page, _) = ken.visitor.post(&form.action, tried);
        assert_eq!(page.status, 409);
        page.assert_says(&["「書類審査・筆記試験同時のお申込み」をご利用ください。"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_year_of_grace_each_offer_says_that_it_is_for_that_year() {
    each_service(async |service| {
        let visitor = Visitor::new(service);
        Member::sign_in(&visitor, "9000008", FIRST_TO_THIRD);
        let offer = visitor.open(&format!("/apply/{FIRST_TO_THIRD}"));
        offer.assert_says(&[
            "猶予年度（筆記試験を同時に受験）の方",
            "猶予年度で、前年度までに筆記試験に合格された方。",
        ]);
        offer.assert_silent(&[
            "正規更新年度（筆記試験を同時に受験）の方",
            "正規更新年度で、前年までに",
        ]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_tick_nothing_is_completed() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        let incomplete = yoko.open("/completion");
        assert_eq!(incomplete.heading(), "申請完了要件");
        yoko.fill_in_required_documents();
        yoko.add_conference();
        let confirmation = yoko.open("").follow("申請を完了する");
        confirmation.assert_says(&["50 単位", "確認"]);
        let before = yoko.sequence();
        let form = confirmation.form("申請を完了する");
        let page = form.press_expecting(422);
        assert_eq!(page.errors().len(), 1);
        assert_eq!(yoko.sequence(), before);
        page.assert_says(&["申請を完了してよろしいですか？"]);
        // 編集画面に戻る
        assert!(
            page.follow("編集画面に戻る")
                .address
                .starts_with(&yoko.path(""))
        );
        // Something went missing between the page and the press.
        let list = yoko.document("conferences");
        list.row("横浜").form("削除").press();
        let refused = form.tick("記載内容に相違ありません").press_expecting(422);
        assert_eq!(refused.heading(), "申請完了要件");
        refused.assert_says(&["業績単位が不足しています (現在 45 単位)"]);
        yoko.document("conferences")
            .row("横浜")
            .form("元に戻す")
            .press();
        let confirmation = yoko.open("/completion");
        confirmation
            .form("申請を完了する")
            .tick("記載内容に相違ありません")
            .press();
        assert_status(
            &yoko.open(""),
            &[
                "申請: 書類確認中",
                "筆記試験: 申込済 受験料をご納入ください",
            ],
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawn_application_can_be_made_again_and_goes_on_where_it_was_left() {
    each_service(async |service| {
        let yoko = Member::yoko(service);
        yoko.form("profile")
            .set("プロフィール", "取下げの前の文")
            .press();
        let form = yoko.form("profile").set("プロフィール", "取下げの後の文");
        let top = yoko.withdraw();
        assert_status(&top, &["申請: 取下げ"]);
        top.assert_says(&["もう一度お申込み"]);
        form.press_expecting(409)
            .assert_says(&["お申込みは取り下げ済みです。", "取下げの後の文"]);
        let top = yoko.choose(
            &top.follow("もう一度お申込みする"),
            "書類審査のみのお申込み",
        );
        assert_status(&top, &["申請: 申込済"]);
        assert_eq!(yoko.form("profile").value("プロフィール"), "取下げの前の文");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_record_of_the_member_is_told_of_until_the_resume_is_saved_again() {
    each_service(async |service| {
        let home = Member::sign_in(&Visitor::new(service), "9000007", FIRST_TO_THIRD);
        home.apply("書類審査・筆記試験同時のお申込み");
        // The box can not be ticked; a client may send it all the same.
        let form = member::resume(home.form("resume"));
        let ticked = format!("{}&withhold_home=on", form.encoded());
        let (saved, _) = home.visitor.post_from(
            Some(&home.path("/documents/resume")),
            form.action(),
            ticked,
        );
        let sentence = "連絡先が「自宅」の方は「個人情報の公開を希望しません」を選択できません。チェックを外してください。";
        assert_eq!(saved.errors()[0].0, squeezed(sentence));
        assert!(saved.form("入力内容保存").is_ticked("個人情報の公開を希望しません"));
        saved.assert_says(&["髙﨑　葛\u{E0100}𠮷", "編集不可"]);
        files::member_moved(&service.secretariat(), "9000007");
        let resume = home.document("resume");
        resume.assert_says(&["会員基本情報が変更されました", "施設名", "JSMO がんセンター", "中央総合病院"]);
        let form = resume.form("入力内容保存").untick("個人情報の公開を希望しません");
        let again = form.press();
        assert_eq!(again.errors(), []);
        again.assert_silent(&["会員基本情報が変更されました"]).assert_says(&["中央総合病院"]);
    })
    .await;
}
