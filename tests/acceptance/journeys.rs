//! The four ways to apply, over HTTP from sign-in to 書類確認中, in the manual's words.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use domain::calendar::parse_jst_instant;
use serde_json::{Value, json};

use crate::databases::each_database;
use crate::service::{
    Applicant, FIRST_TO_THIRD, FOURTH, Person, TestService, each_service, eventually, files, forms,
    missing,
};

/// 文書名 in the order of the manual's list, with the word in addresses.
const DOCUMENTS: [(&str, &str); 7] = [
    ("resume", "履歴書"),
    ("profile", "プロフィール"),
    ("research-activities", "研究活動歴"),
    ("conferences", "研究業績 学会参加"),
    ("seminars", "研究業績 当会セミナー"),
    ("papers", "研究業績 論文"),
    ("clinical-experience", "業績目録"),
];

/// What `me` says about a scope of a program: nothing when it is open.
fn reasons(person: &Person, program: &str, scope: &str) -> Vec<String> {
    let me = person.get("/api/v1/me").ok();
    let offers = me["programs"].as_array().unwrap();
    let program = offers.iter().find(|one| one["program"] == program).unwrap();
    let offers = program["eligibility"]["offers"].as_array().unwrap();
    let offer = offers.iter().find(|one| one["scope"] == scope).unwrap();
    let reasons = offer["reasons"].as_array().unwrap();
    reasons
        .iter()
        .map(|reason| reason["kind"].as_str().unwrap().to_owned())
        .collect()
}

/// 申請書類一覧: 文書名, 状態, and whether there is a 更新日時 of the demonstration's evening.
fn document_list(applicant: &Applicant) -> Vec<(String, String, bool)> {
    let list = applicant.get("/documents").ok();
    let lines = list["documents"].as_array().unwrap();
    lines
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            let updated = line["updated_at_label"].as_str();
            if let Some(updated) = updated {
                assert!(updated.starts_with("2026/06/03 18:0"), "{updated}");
                assert!(line["updated_at"].is_string());
            }
            (text("title"), text("state"), updated.is_some())
        })
        .collect()
}

/// The list with 登録中 at these documents.
fn registered(slugs: &[&str]) -> Vec<(String, String, bool)> {
    DOCUMENTS
        .map(|(slug, title)| {
            let registered = slugs.contains(&slug);
            let state = if registered { "登録中" } else { "" };
            (title.to_owned(), state.to_owned(), registered)
        })
        .into()
}

const FILLED_IN: [&str; 4] = [
    "resume",
    "profile",
    "research-activities",
    "clinical-experience",
];

const NOTHING_REGISTERED: [&str; 4] = [
    "申請書類 [履歴書] が未登録です",
    "申請書類 [プロフィール] が未登録です",
    "申請書類 [研究活動歴] が未登録です",
    "申請書類 [業績目録] が未登録です",
];

const ATTENDANCE_MISSING: &str =
    "「学会に 1 回以上参加」「セミナー A B の双方に参加」のいずれも満たされていません";

const NOT_COMPLETABLE: &str =
    "申請完了要件を満たしていません。不備・不足を解消した上で再度申請書を確定してください。";

#[track_caller]
fn assert_refused_because(applicant: &Applicant, sentences: &[&str]) {
    let problem = applicant.submit().refused(422, "requirements-not-met");
    assert_eq!(problem["detail"], NOT_COMPLETABLE);
    assert_eq!(missing(&problem), sentences);
    assert_eq!(applicant.missing(), sentences);
}

/// 申請を完了する, twice: one completion, after which every edit is refused.
#[track_caller]
fn complete(applicant: &Applicant) {
    let ready = applicant.get("/requirements").ok();
    assert_eq!(
        (&ready["completable"], &ready["missing"]),
        (&json!(true), &json!([])),
        "{ready}"
    );
    let first = applicant.submit().ok();
    let second = applicant.submit().ok();
    assert_eq!(first["submission"]["number"], 1);
    assert_eq!(first["submission"], second["submission"]);
    assert_eq!(first["sequence"], second["sequence"]);
    assert_eq!(first["submission"]["units"], ready["assessment"]["total"]);
    eventually(&1, || applicant.history("event=Submitted").len());
    assert_nothing_can_be_edited(applicant, "already-submitted");
}

#[track_caller]
fn assert_nothing_can_be_edited(applicant: &Applicant, code: &str) {
    let before = applicant.get("").ok()["sequence"].clone();
    for (slug, value) in [
        ("resume", forms::resume()),
        ("profile", forms::profile()),
        ("clinical-experience", forms::clinical_experience()),
    ] {
        applicant.save(slug, &value).refused(409, code);
    }
    for (slug, row) in [
        ("research-activities", forms::research_activity()),
        ("conferences", forms::conference()),
        ("papers", forms::paper("遅れた論文")),
    ] {
        applicant.add(slug, &row).refused(409, code);
        let rows = applicant.document(slug).ok()["rows"].clone();
        for saved in rows.as_array().unwrap() {
            let id = saved["id"].as_str().unwrap();
            let address = applicant.path(&format!("/documents/{slug}/rows/{id}"));
            let revision = applicant.document(slug).revision();
            let revised = applicant.person.put(&address).json(&row).revision(revision);
            revised.send().refused(409, code);
            let removed = applicant.person.delete(&address).revision(revision);
            removed.send().refused(409, code);
        }
        assert_eq!(applicant.document(slug).ok()["rows"], rows);
    }
    applicant.total_years("30").refused(409, code);
    assert_eq!(applicant.get("").ok()["sequence"], before);
}

#[track_caller]
fn assert_log_is_sound(secretariat: &Person) {
    let report = secretariat.get("/api/v1/audit/verify").ok();
    assert_eq!(
        (&report["sound"], &report["problem"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_and_exam_together_the_manuals_own_example() {
    each_service(async |service| {
        let yoko = Applicant::new(service.member("9000001"), FOURTH, "9000001");
        let secretariat = service.secretariat();

        // 認定情報 and お申込み
        let me = yoko.person.get("/api/v1/me").ok();
        assert_eq!(me["member"]["name"], "臨床 瘍子");
        assert_eq!(me["member"]["certification"]["number"], "0500026");
        assert!(reasons(&yoko.person, FOURTH, "documents_and_exam").is_empty());
        assert_eq!(
            reasons(&yoko.person, FIRST_TO_THIRD, "documents_and_exam"),
            ["other_program"]
        );
        yoko.get("").refused(404, "not-applied");
        let made = yoko.apply("documents_and_exam").created();
        assert_eq!(made["id"], yoko.id);
        yoko.apply("documents_and_exam")
            .refused(409, "already-applied");
        let applied = ["申請: 申込済", "筆記試験: 申込済 受験料をご納入ください"];
        assert_eq!(yoko.status(), applied);
        eventually(&registered(&[]), || document_list(&yoko));

        // Seminars of the society, without anything typed: 45 units, A outside the five years.
        let mut expected = vec![
            "業績単位が不足しています (現在 45 単位)",
            ATTENDANCE_MISSING,
        ];
        expected.extend(NOTHING_REGISTERED);
        assert_refused_because(&yoko, &expected);

        // 履歴書, saved empty: the manual's five sentences, and nothing lost.
        let empty = yoko.save("resume", &json!({ "school": "　" }));
        let errors = empty.ok()["errors"].clone();
        let sentences: Vec<_> = errors
            .as_array()
            .unwrap()
            .iter()
            .map(|error| &error["message"])
            .collect();
        assert_eq!(
            sentences,
            [
                "学歴 出身学校名 は必須入力です。",
                "学歴 卒業年月 は必須入力です。",
                "基本学会認定医 学会名 の値を選択してください。",
                "基本学会 資格種別 の値を選択してください。",
                "基本学会 認定番号 は必須入力です。",
            ]
        );
        assert_eq!(yoko.document("resume").ok()["value"]["school"], "　");
        eventually(&registered(&["resume"]), || document_list(&yoko));
        // A draft with mistakes is not registered, and says what is left.
        let mut begun = expected.clone();
        begun[2] = "申請書類 [履歴書] は登録中です。学歴 出身学校名 は必須入力です。（ほか4項目）";
        assert_refused_because(&yoko, &begun);

        yoko.fill_in_required_documents();
        eventually(&registered(&FILLED_IN), || document_list(&yoko));
        assert_refused_because(&yoko, &expected[..2]);
        let meeting = yoko.add("conferences", &forms::conference()).created();
        assert_eq!(
            (&meeting["errors"], &meeting["assessment"]["counted"]),
            (&json!([]), &json!(5))
        );
        assert_eq!(meeting["units"], json!({ "total": 50, "required": 50 }));
        assert_eq!(yoko.missing(), Vec::<String>::new());

        // 受験料, as the exam site reports it.
        files::payment(&secretariat, "T202690001", "9000001");
        let paid = [
            "申請: 申込済".to_owned(),
            "筆記試験: 申込済 入金確認済み".to_owned(),
        ];
        eventually(&paid.to_vec(), || yoko.status());

        complete(&yoko);
        assert_eq!(
            yoko.status(),
            ["申請: 書類確認中", "筆記試験: 申込済 入金確認済み"]
        );
        let mut shown = FILLED_IN.to_vec();
        shown.push("conferences");
        eventually(&registered(&shown), || document_list(&yoko));

        // Attendance that becomes known now changes nothing that was completed.
        files::absences(
            &secretariat,
            "9000001",
            &["BOA2025,Best of ASCO 2025 in Japan,BOA,2025/07/05,2025/07/06,10"],
        );
        eventually(&1, || {
            yoko.history("event=SeminarAttendanceRetracted").len()
        });
        assert_eq!(yoko.get("").ok()["submission"]["units"], 50);
        assert_log_is_sound(&secretariat);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_only_by_somebody_who_passed_the_exam_the_year_before() {
    each_service(async |service| {
        let ichiro = service.member("9000002");
        assert_eq!(reasons(&ichiro, FIRST_TO_THIRD, "documents_and_exam"), ["exam_passed"]);
        assert_eq!(reasons(&ichiro, FIRST_TO_THIRD, "exam_only"), ["exam_passed"]);
        let ichiro = Applicant::new(ichiro, FIRST_TO_THIRD, "9000002");
        ichiro.apply("documents_and_exam").refused(409, "not-eligible");
        ichiro.apply("documents_only").created();
        let exempt = "筆記試験: 免除（前年度合格）";
        assert_eq!(ichiro.status(), ["申請: 申込済", exempt]);
        ichiro.person.post(&ichiro.path("/exam")).send().refused(409, "not-eligible");

        // Seminars A and B are both there, so only units are short, by a row of 論文.
        ichiro.fill_in_required_documents();
        assert_refused_because(&ichiro, &["業績単位が不足しています (現在 45 単位)"]);
        let wrong = ichiro.add("papers", &forms::paper("")).created();
        assert_eq!(wrong["errors"][0]["message"], "内容 は必須入力です。");
        assert_refused_because(
            &ichiro,
            &[
                "業績単位が不足しています (現在 45 単位)",
                "申請書類 [研究業績 論文] に入力の誤りがあります。該当の行を修正または削除してください",
            ],
        );
        let row = wrong["row"].as_str().unwrap();
        let address = ichiro.path(&format!("/documents/papers/rows/{row}"));
        let mended = ichiro.person.put(&address).json(&forms::paper("がん薬物療法の安全性"));
        let mended = mended.revision(ichiro.document("papers").revision()).send().ok();
        assert_eq!((&mended["errors"], &mended["assessment"]["counted"]), (&json!([]), &json!(10)));

        complete(&ichiro);
        assert_eq!(ichiro.status(), ["申請: 書類確認中", exempt]);
        assert_eq!(ichiro.get("").ok()["submission"]["units"], 55);
        assert_log_is_sound(&service.secretariat());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_first_and_the_exam_added_later() {
    each_service(async |service| {
        let secretariat = service.secretariat();
        // What is left is one seminar of ten units: the manual's 現在 10 単位.
        files::absences(&secretariat, "9000004", &files::ALL_BUT_ONE_OF_9000004);
        let ken = service.applicant("9000004", FIRST_TO_THIRD, "documents_only");
        // The manual's picture: 状態 申請: 申込済, and 追加お申込み 筆記試験 offered.
        assert_eq!(ken.status(), ["申請: 申込済"]);
        assert_eq!(ken.get("").ok()["status"]["exam_can_be_added"], true);

        // The manual's 申請書エラーメッセージの例, sentence by sentence.
        let mut example = vec![
            "業績単位が不足しています (現在 10 単位)",
            ATTENDANCE_MISSING,
        ];
        example.extend(NOTHING_REGISTERED);
        assert_refused_because(&ken, &example);

        // 受験料 was paid before there was anything to pay for; it is found as soon as the exam is added.
        ken.person.post(&ken.path("/exam")).send().ok();
        let paid = [
            "申請: 申込済".to_owned(),
            "筆記試験: 申込済 入金確認済み".to_owned(),
        ];
        eventually(&paid.to_vec(), || ken.status());
        assert_eq!(ken.get("").ok()["status"]["exam_can_be_added"], false);
        ken.person
            .post(&ken.path("/exam"))
            .send()
            .refused(409, "exam-already-applied");

        ken.fill_in_required_documents();
        for number in 1..=3 {
            ken.add("papers", &forms::paper(&format!("論文 その{number}")))
                .created();
        }
        assert_refused_because(
            &ken,
            &[
                "業績単位が不足しています (現在 40 単位)",
                ATTENDANCE_MISSING,
            ],
        );
        let mut speaker = forms::conference();
        speaker["first_author"] = json!("筆頭");
        speaker["units"] = json!("10");
        ken.add("conferences", &speaker).created();

        complete(&ken);
        assert_eq!(
            ken.status(),
            ["申請: 書類確認中", "筆記試験: 申込済 入金確認済み"]
        );
        assert_log_is_sound(&secretariat);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exam_only_in_the_year_before() {
    each_service(async |service| {
        let misaki = service.member("9000003");
        assert_eq!(
            reasons(&misaki, FIRST_TO_THIRD, "documents_only"),
            ["too_early"]
        );
        let misaki = Applicant::new(misaki, FIRST_TO_THIRD, "9000003");
        misaki
            .apply("documents_and_exam")
            .refused(409, "not-eligible");
        let made = misaki.apply("exam_only").created();
        // 受験料 had arrived before, so it stands there from the first moment.
        assert_eq!(
            made["status"]["lines"],
            json!(["筆記試験: 申込済 入金確認済み"])
        );
        assert_eq!(misaki.status(), ["筆記試験: 申込済 入金確認済み"]);
        assert_eq!(misaki.get("").ok()["status"]["editable"], false);

        assert_nothing_can_be_edited(&misaki, "documents-not-applied");
        misaki.submit().refused(409, "documents-not-applied");
        let requirements = misaki.get("/requirements").ok();
        assert_eq!(
            (&requirements["completable"], &requirements["missing"]),
            (&json!(false), &json!([]))
        );
        eventually(&registered(&[]), || document_list(&misaki));
        assert_log_is_sound(&service.secretariat());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_apply_is_told_why_in_words() {
    each_service(async |service| {
        for (number, scope, kind, sentence) in [
            (
                "9000005",
                "documents_and_exam",
                "medical_registration_missing",
                "医籍登録日・医籍登録番号が登録されていません。",
            ),
            (
                "9000006",
                "documents_and_exam",
                "dues_unpaid",
                "2026年度までの年会費が納入されていません。",
            ),
            (
                "9000004",
                "exam_only",
                "exam_with_documents",
                "「書類審査・筆記試験同時のお申込み」をご利用ください。",
            ),
        ] {
            let applicant = Applicant::new(service.member(number), FIRST_TO_THIRD, number);
            assert_eq!(reasons(&applicant.person, FIRST_TO_THIRD, scope), [kind]);
            let problem = applicant.apply(scope).refused(409, "not-eligible");
            assert_eq!(problem["reasons"][0]["kind"], kind);
            assert!(
                problem["detail"].as_str().unwrap().contains(sentence),
                "{problem}"
            );
            applicant.get("").refused(404, "not-applied");
        }
        // 猶予年度
        let naoko = Applicant::new(service.member("9000008"), FIRST_TO_THIRD, "9000008");
        naoko.apply("documents_and_exam").created();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seminars_count_by_their_first_day_and_say_why_they_do_not() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let seminars = yoko.get("/documents/seminars").ok();
        let shown: Vec<_> = seminars["seminars"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let remark = one["remarks"].get(0).map(|remark| remark["kind"].clone());
                (
                    one["code"].as_str().unwrap(),
                    one["counted"].as_u64().unwrap(),
                    remark,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                // 2021/08/28, four days before the five years begin.
                ("ES36A", 0, Some(json!("outside_window"))),
                ("ES36B", 10, None),
                ("BOA2023", 10, None),
                ("BOA2024", 15, None),
                ("BOA2025", 10, None),
            ]
        );
        assert_eq!(
            seminars["units"],
            json!({ "before_cap": 45, "counted": 45 })
        );
        assert_eq!(seminars["a_and_b"], false);

        // A later one reaches it by itself, a corrected one replaces it, an absence takes it back.
        let secretariat = service.secretariat();
        let header = "会員番号,セミナーコード,セミナー名,区分,開始日,終了日,単位,出欠\r\n";
        let total = || yoko.get("/documents/seminars").ok()["units"]["counted"].clone();
        for (row, expected) in [
            (
                "ES40A,第40回教育セミナーAセッション,A,2024/04/01,2024/09/30,10,出席",
                55,
            ),
            (
                "ES40A,第40回教育セミナーAセッション,A,2024/04/01,2024/09/30,5,出席",
                50,
            ),
            (
                "ES40A,第40回教育セミナーAセッション,A,2024/04/01,2024/09/30,5,欠席",
                45,
            ),
        ] {
            files::import(
                &secretariat,
                "seminar-attendance",
                &format!("{header}9000001,{row}\r\n"),
            );
            eventually(&json!(expected), total);
        }
        // 当会セミナー has no save: it is read-only.
        let answer = yoko
            .person
            .put(&yoko.path("/documents/seminars"))
            .json(&json!({}))
            .send();
        answer.refused(405, "method-not-allowed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_tells_who_changed_what_when_from_what_to_what() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        yoko.save("profile", &json!({ "text": "初めの文" })).ok();
        yoko.save("profile", &json!({ "text": "葛\u{E0100}城の文" }))
            .ok();
        // What changes nothing is no change.
        yoko.save("profile", &json!({ "text": "葛\u{E0100}城の文" }))
            .ok();
        let row = yoko.add("papers", &forms::paper("論文")).created()["row"].clone();
        let address = yoko.path(&format!("/documents/papers/rows/{}", row.as_str().unwrap()));
        let revision = yoko.document("papers").revision();
        yoko.person.delete(&address).revision(revision).send().ok();

        let secretariat = service.secretariat();
        let payment = json!({
            "transaction": "T1", "item": "exam_fee", "amount_yen": 22_000, "paid_on": "R8.6.3",
            "payer": "ﾘﾝｼﾖｳ", "reason": "窓口で領収書を確認",
        });
        let paid = secretariat
            .post(&yoko.path("/payments"))
            .json(&payment)
            .send()
            .ok();
        assert_eq!(paid["status"]["lines"][1], "筆記試験: 申込済 入金確認済み");

        let told = |query: &str| -> Vec<Value> {
            let entries = yoko.history(query).into_iter().map(|entry| {
                assert!(
                    entry["at_label"]
                        .as_str()
                        .unwrap()
                        .starts_with("2026/06/03 18:0"),
                    "{entry}"
                );
                json!([
                    entry["actor"],
                    entry["event"],
                    entry["field"],
                    entry["before"],
                    entry["after"]
                ])
            });
            entries.collect()
        };
        let member = "member:9000001";
        // The last event: what the view shows from here on is whole.
        eventually(&false, || yoko.history("event=PaymentConfirmed").is_empty());
        assert_eq!(
            told("document=profile"),
            [
                json!([
                    member,
                    "ProfileSaved",
                    "プロフィール",
                    "初めの文",
                    "葛\u{E0100}城の文"
                ]),
                json!([member, "ProfileSaved", "プロフィール", "", "初めの文"]),
            ]
        );
        let content =
            |entry: &Value| (entry[2] == "内容").then(|| (entry[3].clone(), entry[4].clone()));
        let papers: Vec<_> = told("document=papers").iter().filter_map(content).collect();
        assert_eq!(
            papers,
            [(json!("論文"), json!("")), (json!(""), json!("論文"))]
        );
        let paid = yoko.history("event=PaymentConfirmed");
        // Who of the secretariat it was, and why, is the secretariat's to know.
        assert_eq!(
            (&paid[0]["actor"], &paid[0]["role"], &paid[0]["reason"]),
            (&json!("secretariat"), &json!("secretariat"), &Value::Null)
        );
        assert_eq!(told("actor=secretariat").len(), paid.len());
        assert_eq!(told("actor=secretariat:demo").len(), 0);

        // The secretariat sees the same with both, and what the application was at any moment.
        let seen = secretariat.get(&yoko.path("/history?limit=200")).ok();
        let mut towards_member = seen.clone();
        for entry in towards_member["entries"].as_array_mut().unwrap() {
            if entry["role"] != "member" {
                entry["actor"] = entry["role"].clone();
            }
            entry["reason"] = Value::Null;
        }
        assert_eq!(towards_member, yoko.get("/history?limit=200").ok());
        let by_hand = secretariat
            .get(&yoko.path("/history?actor=secretariat:demo"))
            .ok();
        assert_eq!(by_hand["entries"].as_array().unwrap().len(), paid.len());
        assert_eq!(by_hand["entries"][0]["reason"], "窓口で領収書を確認");
        let then = secretariat.get(&yoko.path("?as_of=1")).ok();
        assert_eq!(
            then["status"]["lines"][1],
            "筆記試験: 申込済 受験料をご納入ください"
        );
        yoko.get("?as_of=1").refused(403, "not-permitted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_record_of_the_member_is_reported_until_the_resume_is_saved_again() {
    each_service(async |service| {
        let home = service.applicant("9000007", FIRST_TO_THIRD, "documents_and_exam");
        // 連絡先が「自宅」の方は選択できません
        let saved = home.save("resume", &forms::resume());
        assert_eq!(saved.pointers(), ["/withhold_home"]);
        assert_eq!(saved.ok()["record"]["name"], "髙﨑　葛\u{E0100}𠮷");
        assert_eq!(saved.ok()["differences"], json!([]));

        files::member_moved(&service.secretariat(), "9000007");
        let resume = home.document("resume").ok();
        let labels: Vec<_> = resume["differences"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["label"])
            .collect();
        assert_eq!(labels, ["連絡先", "施設名"]);
        assert_eq!(resume["differences"][1]["current"], "中央総合病院");
        let again = home.save("resume", &forms::resume());
        assert_eq!(again.pointers(), Vec::<String>::new());
        let again = again.ok();
        assert_eq!(
            (&again["differences"], &again["revision"]),
            (&json!([]), &json!(2))
        );
        assert_eq!(again["record"]["name"], "髙﨑　葛\u{E0100}𠮷");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_period_is_half_open_and_what_was_typed_outlives_it() {
    each_database(async |database| {
        let at = |time: &str| parse_jst_instant(time).unwrap();
        // The first program opens on 1 May at 10:00, the other one on 25 April.
        let service = TestService::at(database, at("2026-05-01T09:59")).await;
        let ken = Applicant::new(service.member("9000004"), FIRST_TO_THIRD, "9000004");
        let early = ken.apply("documents_only").refused(409, "period-not-open");
        let detail = "お申込み期間の前です。2026年5月1日(金) 10:00 からお申込みください。";
        assert_eq!(early["detail"], detail);
        service.applicant("9000001", FOURTH, "documents_only");
        service.stop().await;

        let service = TestService::at(database, at("2026-05-01T10:00")).await;
        let ken = service.applicant("9000004", FIRST_TO_THIRD, "documents_only");
        ken.fill_in_required_documents();
        assert_eq!(ken.missing(), Vec::<String>::new());
        service.stop().await;

        // 2026/08/01 00:00 itself is too late.
        let service = TestService::at(database, at("2026-08-01T00:00")).await;
        let ken = Applicant::new(service.member("9000004"), FIRST_TO_THIRD, "9000004");
        assert_eq!(ken.status(), ["申請: 期限切れ"]);
        let requirements = ken.get("/requirements").ok();
        assert_eq!(
            (&requirements["completable"], &requirements["missing"]),
            (&json!(false), &json!([]))
        );
        let late = ken.submit().refused(409, "period-not-open");
        let detail = "締め切り日時（2026年7月31日(金) 24:00）を過ぎたため、申請を完了できません。入力された内容は残っています。ご事情のある方は事務局へお問い合わせください。";
        assert_eq!(late["detail"], detail);
        let exam = ken.person.post(&ken.path("/exam")).send();
        exam.refused(409, "period-not-open");
        ken.save("profile", &json!({ "text": "締め切りの後の推敲" })).ok();
        assert_eq!(reasons(&ken.person, FIRST_TO_THIRD, "documents_only"), ["period_closed"]);
        let naoko = Applicant::new(service.member("9000008"), FIRST_TO_THIRD, "9000008");
        naoko.apply("documents_only").refused(409, "period-not-open");
        // 期限切れ belongs to the time that is asked about.
        let then = service.secretariat().get(&ken.path("?as_of=2026-07-31T23:59:59%2B09:00"));
        assert_eq!(then.ok()["status"]["lines"], json!(["申請: 申込済"]));
        service.stop().await;

        // Time never runs backwards, whatever the start is set to.
        let service = TestService::on(database).await;
        let yoko = Applicant::new(service.member("9000001"), FOURTH, "9000001");
        assert_eq!(yoko.status(), ["申請: 期限切れ"]);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_withdraws_may_apply_again_and_goes_on_where_it_was_left() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        yoko.save("profile", &forms::profile()).ok();
        let withdraw = || yoko.person.post(&yoko.path("/withdrawal")).send().ok();
        assert_eq!(withdraw()["withdrawn"], true);
        assert_eq!(
            withdraw()["sequence"],
            3,
            "withdrawing twice is one withdrawal"
        );
        assert_eq!(yoko.status(), ["申請: 取下げ"]);
        assert_nothing_can_be_edited(&yoko, "withdrawn");
        yoko.submit().refused(409, "withdrawn");
        yoko.apply("documents_only").created();
        assert_eq!(yoko.status(), ["申請: 申込済"]);
        assert_eq!(yoko.document("profile").ok()["value"], forms::profile());
        yoko.save("profile", &json!({ "text": "二度目" })).ok();
    })
    .await;
}

/// Everything that is said of an application can be said of an earlier moment, or says that it cannot.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_of_a_moment_is_answered_of_that_moment_or_refused() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        yoko.save("profile", &json!({ "text": "一つ目" })).ok();
        yoko.add("papers", &forms::paper("最初の論文")).created();
        let sequence = yoko.get("").ok()["sequence"].clone();
        let saved = yoko.get("/documents").ok();
        yoko.save("profile", &json!({ "text": "二つ目" })).ok();
        yoko.save("clinical-experience", &json!({})).ok();
        yoko.add("papers", &forms::paper("次の論文")).created();

        let staff = service.secretariat();
        let then = |below: &str| {
            let answer = staff.get(&yoko.path(&format!("{below}?as_of={sequence}")));
            answer.ok()
        };
        let now = |below: &str| staff.get(&yoko.path(below)).ok();
        assert_eq!(then("/documents/profile")["value"]["text"], "一つ目");
        assert_eq!(then("/documents/profile")["revision"], 1);
        assert_eq!(now("/documents/profile")["value"]["text"], "二つ目");
        assert_eq!(then("/documents/clinical-experience")["value"], Value::Null);
        let rows = |answer: &Value| answer["rows"].as_array().unwrap().len();
        assert_eq!(rows(&then("/documents/papers/rows")), 1);
        assert_eq!(rows(&now("/documents/papers/rows")), 2);
        for list in ["conferences", "research-activities"] {
            assert_eq!(rows(&then(&format!("/documents/{list}/rows"))), 0);
        }
        assert_eq!(then("/documents/resume")["value"], Value::Null);
        let _ = then("/documents/seminars");
        let (before, after) = (then("/requirements"), now("/requirements"));
        let counted = |answer: &Value| answer["assessment"]["rows"].as_array().unwrap().len();
        assert_eq!(counted(&before) + 1, counted(&after));
        assert_eq!(
            then("/documents"),
            saved,
            "the list as it was, with its times"
        );
        // By a time and by a number of the ledger too.
        let history = staff.get(&yoko.path("/history?limit=200")).ok();
        let mut entries = history["entries"].as_array().unwrap().iter();
        let entry = entries.find(|entry| entry["sequence"] == sequence).unwrap();
        let at = entry["at"].as_str().unwrap();
        let ledger = format!("台帳番号 {}", entry["global_seq"]);
        for moment in [at, &ledger] {
            let query = format!("as_of={}", crate::service::escaped(moment));
            let answer = staff
                .get(&yoko.path(&format!("/documents/profile?{query}")))
                .ok();
            assert_eq!(answer["value"]["text"], "一つ目", "{moment}");
        }
        yoko.get(&format!("/documents/profile?as_of={sequence}"))
            .refused(403, "not-permitted");
        // What knows of today only says so.
        for below in ["/history", "/submissions", "/application.pdf"] {
            let answer = staff.get(&yoko.path(&format!("{below}?as_of={sequence}")));
            let problem = answer.refused(400, "malformed-address");
            assert!(
                problem["detail"].as_str().unwrap().contains("as_of"),
                "{below}"
            );
        }
        let list = staff.get("/api/v1/applications?as_of=1");
        list.refused(400, "malformed-address");
        // A moment of the page, in the product's own form and by its fields.
        let page = |query: &str| {
            let path = format!("/desk/applications/{}/moment?{query}", yoko.id);
            let answer = staff.get(&path);
            assert_eq!(answer.status, 200, "{}", answer.text);
            answer.text
        };
        assert!(page(&format!("sequence={sequence}")).contains("最初の論文"));
        let today = page("day=2026-06-03&time=");
        assert!(today.contains("次の論文") && today.contains("value=\"2026-06-03\""));
        assert!(page("at=2026%2F06%2F03").contains("次の論文"));
        assert!(page("as_of=20260603").contains("次の論文"));
        assert!(page(&format!("as_of={sequence}")).contains("最初の論文"));
        // One that is refused leaves the form with what was typed, and nobody is told to apply.
        for (query, status, sentence) in [
            ("day=2020-01-01&time=00%3A00", 404, BEFORE_IT_BEGAN),
            ("as_of=2020%2F01%2F01", 404, BEFORE_IT_BEGAN),
            ("ledger=1", 404, BEFORE_IT_BEGAN),
            ("day=2027-01-01&time=00%3A00", 400, "まだ来ていません"),
            ("time=00%3A00", 400, "日付も指定してください"),
            ("with=0&day=2026-06-03", 400, "番号を読み取れません"),
        ] {
            let path = format!("/desk/applications/{}/moment?{query}", yoko.id);
            let answer = staff.get(&path);
            assert_eq!(answer.status, status, "{query}");
            assert!(answer.text.contains(sentence), "{query}");
            for typed in ["2020-01-01", "2027-01-01", "2026-06-03", "00%3A00"] {
                let value = format!("value=\"{}\"", typed.replace("%3A", ":"));
                let stays = answer.text.contains(&value);
                assert!(stays || !query.contains(typed), "{query}: {typed}");
            }
        }
        let refusal = staff.get(&yoko.path("?as_of=2020-01-01T00:00"));
        let problem = refusal.refused(404, "not-applied");
        assert_eq!(problem["detail"], BEFORE_IT_BEGAN);
    })
    .await;
}

const BEFORE_IT_BEGAN: &str =
    "この時点では、まだお申込みがありません。お申込みより後の時点を指定してください。";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_and_no_file_answers_with_today_when_it_is_asked_about_a_moment() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let staff = service.secretariat();
        let knows_moments = [
            "/desk/applications/{id}/moment",
            "/reports/{report}",
            "/reports/{report}/file",
            "/report-lists/{list}",
            "/report-lists/{list}/file",
        ];
        let mut asked = vec!["/".to_owned()];
        for gate in api::gates() {
            if !knows_moments.contains(&gate.path) {
                let path = gate.path.replace("{id}", &yoko.id);
                asked.push(path.replace(['{', '}'], ""));
            }
        }
        for path in asked {
            let person = if path.starts_with("/desk/") || path.starts_with("/report") {
                &staff
            } else {
                &yoko.person
            };
            let answer = person.get(&format!("{path}?as_of=2025/01/01"));
            assert_eq!(answer.status, 400, "{path}");
            assert!(
                answer.text.contains("時点（as_of）を指定できません"),
                "{path}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_version_is_restored_over_the_api_as_from_the_page() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        yoko.save("profile", &json!({ "text": "一つ目" })).ok();
        let sequence = yoko.get("").ok()["sequence"].clone();
        yoko.save("profile", &json!({ "text": "二つ目" })).ok();
        let restore = |document: &str, revision: u32, sequence: &Value| {
            let path = yoko.path(&format!("/documents/{document}/restoration"));
            let request = yoko
                .person
                .post(&path)
                .json(&json!({ "sequence": sequence }));
            request.revision(revision).send()
        };
        restore("profile", 1, &sequence).refused(409, "stale-revision");
        restore("profile", 2, &json!(99)).refused(404, "not-found");
        restore("seminars", 0, &sequence).refused(404, "not-found");
        restore("nothing", 0, &sequence).refused(404, "not-found");
        restore("profile", 2, &json!("x")).refused(422, "undecodable");
        let restored = restore("profile", 2, &sequence);
        assert_eq!(restored.ok()["revision"], 3);
        assert_eq!(restored.revision(), 3);
        assert_eq!(yoko.document("profile").ok()["value"]["text"], "一つ目");
        let staff = service.secretariat();
        let history = staff.get(&yoko.path("/history?document=profile")).ok();
        let reason = format!("変更 {sequence} の時点の内容に戻す");
        assert_eq!(history["entries"][0]["reason"], reason.as_str());
        let path = yoko.path("/documents/profile/restoration");
        let asked = staff.post(&path).json(&json!({ "sequence": sequence }));
        asked.revision(3).send().refused(403, "not-permitted");
    })
    .await;
}
