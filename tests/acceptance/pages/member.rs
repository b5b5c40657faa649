//! A member who goes from page to page, and what is typed into them, in the forms in which people type it.

use ureq::http::Method;

use super::form::Form;
use super::page::{Page, selector};
use super::visitor::Visitor;
use crate::service::{FOURTH, TestService};

/// The documents that are lists of rows.
pub const LISTS: [&str; 3] = ["research-activities", "conferences", "papers"];

/// The seven documents in the order of 申請書類一覧.
pub const DOCUMENTS: [(&str, &str); 7] = [
    ("resume", "履歴書"),
    ("profile", "プロフィール"),
    ("research-activities", "研究活動歴"),
    ("conferences", "研究業績 学会参加"),
    ("seminars", "研究業績 当会セミナー"),
    ("papers", "研究業績 論文"),
    ("clinical-experience", "業績目録"),
];

/// Somebody who is signed in, and a program.
#[derive(Clone)]
pub struct Member {
    pub visitor: Visitor,
    program: &'static str,
    /// `<program>.<会員番号>`
    pub id: String,
}

/// The button of 処理確認画面.
pub const APPLY: &str = "この内容で申し込む";

/// What is called what in the lists of the start page.
pub fn menu_title(program: &str) -> &'static str {
    if program == FOURTH {
        "専門医資格[更新]認定申請 (更新4回目以降)"
    } else {
        "専門医資格[更新]認定申請"
    }
}

impl Member {
    /// Signs in on the start page.
    #[track_caller]
    pub fn sign_in(visitor: &Visitor, number: &str, program: &'static str) -> Self {
        let start = visitor.open("/");
        let home = sign_in(&start, number);
        assert_eq!(home.address, "/");
        home.assert_says(&["認定情報", "お申込み", &format!("会員番号 {number}")]);
        Self {
            visitor: visitor.clone(),
            program,
            id: format!("{program}.{number}"),
        }
    }

    /// Somebody with an application for documents and exam in the manual's program.
    #[track_caller]
    pub fn yoko(service: &TestService) -> Self {
        let member = Self::sign_in(&Visitor::new(service), "9000001", FOURTH);
        member.apply("書類審査・筆記試験同時のお申込み");
        member
    }

    /// Below 申請TOP.
    pub fn path(&self, rest: &str) -> String {
        format!("/applications/{}{rest}", self.id)
    }

    #[track_caller]
    pub fn open(&self, rest: &str) -> Page {
        self.visitor.open(&self.path(rest))
    }

    #[track_caller]
    pub fn document(&self, slug: &str) -> Page {
        self.open(&format!("/documents/{slug}"))
    }

    /// お申込み, from the start page to 申請TOP.
    #[track_caller]
    pub fn apply(&self, scope: &str) -> Page {
        let home = self.visitor.open("/");
        self.choose(&home.program_row(self.program).follow("申込/詳細"), scope)
    }

    /// The same from the page of the program.
    #[track_caller]
    pub fn choose(&self, offer: &Page, scope: &str) -> Page {
        assert_eq!(offer.address, format!("/apply/{}", self.program));
        let confirmation = offer.follow(scope);
        confirmation.assert_says(&[scope]);
        let top = confirmation.form(APPLY).press();
        assert_eq!(top.address, format!("{}?notice=applied", self.path("")));
        top
    }

    /// 追加お申込み
    #[track_caller]
    pub fn add_exam(&self) -> Page {
        let confirmation = self.open("").follow("筆記試験");
        confirmation.assert_says(&["追加お申込み", "筆記試験"]);
        let top = confirmation.form("筆記試験を申し込む").press();
        assert_eq!(top.address, format!("{}?notice=exam-added", self.path("")));
        top
    }

    /// 取下げ
    #[track_caller]
    pub fn withdraw(&self) -> Page {
        let confirmation = self.open("").follow("お申込みを取り下げる");
        let top = confirmation.form("お申込みを取り下げる").press();
        assert_eq!(top.address, format!("{}?notice=withdrawn", self.path("")));
        top
    }

    /// A form of a document that is saved whole.
    #[track_caller]
    pub fn form(&self, slug: &str) -> Form {
        self.document(slug).form("入力内容保存")
    }

    /// The empty form of a list.
    #[track_caller]
    pub fn new_row(&self, list: &str) -> Form {
        self.document(list).follow("新規作成").form("入力内容保存")
    }

    /// The four documents that must be registered, each without a mistake.
    #[track_caller]
    pub fn fill_in_required_documents(&self) {
        for saved in [
            resume(self.form("resume")).press(),
            profile(self.form("profile")).press(),
            activity(self.new_row("research-activities")).press(),
            self.record_total_years("２５年"),
            clinical_experience(self.form("clinical-experience")).press(),
        ] {
            assert_eq!(saved.errors(), []);
        }
    }

    #[track_caller]
    pub fn record_total_years(&self, typed: &str) -> Page {
        self.document("research-activities")
            .form("登録")
            .set("がん治療に関する研究活動・診療歴の総年数", typed)
            .press()
    }

    #[track_caller]
    pub fn add_conference(&self) -> Page {
        conference(self.new_row("conferences")).press()
    }

    #[track_caller]
    pub fn add_paper(&self, content: &str) -> Page {
        paper(self.new_row("papers"), content).press()
    }

    /// 申請を完了する, from 申請TOP over the confirmation.
    #[track_caller]
    pub fn complete(&self) -> Page {
        let confirmation = self.open("").follow("申請を完了する");
        confirmation.assert_says(&[
            "申請を完了すると申請書が確定され編集ができなくなります。",
            "申請を完了してよろしいですか？",
        ]);
        let top = confirmation
            .form("申請を完了する")
            .tick("記載内容に相違ありません")
            .press();
        assert_eq!(top.address, format!("{}?notice=completed", self.path("")));
        top
    }

    #[track_caller]
    pub fn remove_every_row(&self, list: &str) {
        loop {
            let page = self.document(list);
            let Some(button) = page.first_control_that_begins("削除") else {
                return;
            };
            Form::of(&page, button).press();
        }
    }

    /// Events of the application: what was done, counted by the API.
    pub fn sequence(&self) -> u64 {
        let answer = self.visitor.request(
            &Method::GET,
            &format!("/api/v1/applications/{}", self.id),
            None,
        );
        answer.ok()["sequence"].as_u64().unwrap()
    }

    /// Every screen of an application with documents, as it is now.
    #[track_caller]
    pub fn see_every_screen(&self) {
        self.visitor.open("/");
        for rest in [
            "",
            "/requirements",
            "/completion",
            "/documents",
            "/history",
            "/withdrawal",
            "/print",
        ] {
            self.open(rest);
        }
        for (slug, _) in DOCUMENTS {
            let page = self.document(slug);
            self.open(&format!("/history?document={slug}"));
            if LISTS.contains(&slug) && page.has_control("新規作成") {
                page.follow("新規作成");
            }
            if let Some(edit) = page.first_control_that_begins("編集") {
                self.visitor
                    .open(&page.resolve(edit.attr("href").unwrap_or_default()));
            }
        }
        let top = self.open("");
        if top.has_control("筆記試験") {
            top.follow("筆記試験");
        }
    }

    /// Changes that 変更履歴 tells of a document.
    pub fn changes(&self, document: &str) -> usize {
        let history = self.open(&format!("/history?document={document}"));
        history.all(&selector("ul.changes > li")).len()
    }
}

/// Signs in on the start page's form and arrives where one wanted to be.
#[track_caller]
pub fn sign_in(start: &Page, number: &str) -> Page {
    start
        .form("会員としてサインイン")
        .tick_that_begins(number)
        .press()
}

/// 履歴書, with 和暦 and full-width digits.
#[track_caller]
pub fn resume(form: Form) -> Form {
    form.set("学歴 出身校", "臨床医科大学")
        .set("卒業年月 / 年", "平成１０")
        .set("卒業年月 / 月", "３")
        .set("基本学会認定医・専門医 学会名", "日本内科学会")
        .set("基本学会 資格種別", "専門医")
        .set("基本学会 認定番号", "第１２３４５号")
}

/// プロフィール, with characters outside the basic plane and one with a variation selector.
pub const PROFILE: &str = "葛\u{E0100}城病院で𠮷野・髙﨑両先生の指導を受け、\nがん薬物療法の安全な実施を心がけてきました。";

#[track_caller]
pub fn profile(form: Form) -> Form {
    form.set("プロフィール", PROFILE)
}

/// 研究活動歴
#[track_caller]
pub fn activity(form: Form) -> Form {
    form.set("期間（開始年月） / 年", "2021")
        .set("期間（開始年月） / 月", "7")
        .set("期間（終了年月） / 年", "令和8")
        .set("期間（終了年月） / 月", "６")
        .set("内容", "JSMOがんセンターにて診療に従事")
}

/// 学会参加: the meeting of 2026 in 横浜, of five units.
#[track_caller]
pub fn conference(form: Form) -> Form {
    form.set("開催地", "横浜")
        .set("開催日 / 年", "令和8")
        .set("開催日 / 月", "３")
        .set("開催日 / 日", "２６")
        .set("申請単位数", "５")
}

/// 論文 of ten units.
#[track_caller]
pub fn paper(form: Form, content: &str) -> Form {
    form.set("区分", "筆頭")
        .set("種別", "原著（英文）")
        .set("日付 / 年", "２０２４")
        .set("日付 / 月", "０５")
        .set("日付 / 日", "０１")
        .set("申請単位", "１０")
        .set("内容", content)
}

/// 業績目録
#[track_caller]
pub fn clinical_experience(form: Form) -> Form {
    form.tick("1. 主治医あるいは担当医として / 呼吸器")
        .tick("1. 主治医あるいは担当医として / 消化管")
        .tick("2. がん薬物療法の施行実績 / 呼吸器")
        .tick("特殊な検査・治療の実績 / あり")
        .set("特殊な検査・治療の実績 の具体的な内容", "気管支鏡下生検")
        .tick("セカンドオピニオンの実施 / なし")
        .set("c) 臨床試験名（1）", "JCOG0000")
        .set("c) 登録症例数（1）", "５")
}
