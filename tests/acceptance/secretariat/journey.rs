//! The whole way: import, completed, returned twice, accepted, passed, paid, certified; and the history of it, line by line.

use serde_json::{Value, json};

use super::{Desk, completed};
use crate::service::{Applicant, each_service, eventually, files};

/// Everything that is told of the society's acts and the answers to them, oldest first: label of the event, field, after.
fn told(history: &[Value]) -> Vec<(String, String, String)> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let mut history: Vec<&Value> = history.iter().collect();
    // The fields of one event keep their order.
    history.sort_by_key(|entry| entry["global_seq"].as_i64());
    history
        .into_iter()
        .map(|entry| {
            (
                text(entry, "event_label"),
                text(entry, "field"),
                text(entry, "after"),
            )
        })
        .collect()
}

fn answer(applicant: &Applicant, item: u32, text: &str) {
    let path = applicant.path(&format!("/correction/items/{item}/answer"));
    let answer = applicant.person.put(&path).json(&json!({ "answer": text }));
    answer.send().ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one journey, station by station")]
async fn from_completing_to_certification_with_two_corrections_on_the_way() {
    each_service(async |service| {
        let yoko = completed(service);
        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &yoko.id);
        assert_eq!(yoko.status(), ["申請: 書類確認中", "筆記試験: 申込済 入金確認済み"]);

        // 差し戻し of プロフィール and of one paper; nothing else is open.
        let papers = yoko.document("papers").ok();
        let paper = papers["rows"][0]["id"].as_str().unwrap().to_owned();
        desk.mark("resume", "checked");
        let sent = desk.judge(
            "/return",
            &json!({
                "items": [
                    { "document": "profile", "comment": "具体的にお書きください。" },
                    { "document": "papers", "row": paper, "field": "content", "comment": "掲載誌名をお書きください。" },
                ],
                "message": "お手数ですがご確認ください。",
                "due": "2026-08-31T17:00",
            }),
        );
        assert!(sent.ok()["correction"]["open"].as_bool().unwrap());
        assert_eq!(yoko.status()[0], "申請: 修正のお願い");
        let correction = yoko.get("/correction").ok();
        assert_eq!(correction["items"][1]["field_label"], "内容");
        yoko.add("conferences", &crate::service::forms::conference())
            .refused(409, "not-returned");
        yoko.submit().refused(422, "requirements-not-met");
        yoko.save("profile", &json!({ "text": "がん薬物療法の実施体制を整えてきました。" }))
            .ok();
        answer(&yoko, 2, "掲載誌は写しに記載のとおりです。");
        assert_eq!(yoko.submit().ok()["submission"]["number"], 2);

        // Once more, with the member's record of what was asked and answered still there for the secretariat.
        let again = desk.review();
        assert_eq!(again["correction"]["open"], false);
        assert_eq!(again["correction"]["items"][0]["changed"], true);
        assert_eq!(
            again["correction"]["items"][1]["answer"],
            "掲載誌は写しに記載のとおりです。"
        );
        desk.judge(
            "/return",
            &json!({
                "items": [{ "document": "papers", "comment": "掲載誌名が必要です。" }],
                "due": "2026-09-15T17:00",
            }),
        )
        .ok();
        answer(&yoko, 1, "追記しました。");
        assert_eq!(yoko.submit().ok()["submission"]["number"], 3);

        // 書類受理 only when everything is checked.
        let problem = desk.judge("/acceptance", &json!({}));
        let problem = problem.refused(409, "checks-open");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("「プロフィール」が未確認です"), "{detail}");
        desk.accept();
        assert_eq!(yoko.status()[0], "申請: 書類受理");

        // 審査, 筆記試験, 認定.
        desk.judge("/review-result", &json!({ "result": "passed" })).ok();
        desk.judge("/certification/approval", &json!({}))
            .refused(409, "not-yet-certifiable");
        let result = json!({ "outcome": "passed", "reason": "2026年度 更新試験" });
        desk.post("/exam-result", &result).ok();
        desk.judge("/certification/approval", &json!({})).ok();
        desk.judge("/certification", &json!({}))
            .refused(409, "certification-fee-unpaid");
        let fee = json!({ "due": "2027-02-28", "reason": "更新認定のため" });
        desk.post("/certification/fee-request", &fee).ok();
        assert_eq!(
            yoko.status()[2],
            "認定: 認定料をご納入ください（2027年2月28日(日) 24:00 まで）"
        );
        let header = "取引番号,会員番号,費目,金額,入金日,振込名義カナ\r\n";
        let paid = format!("{header}C1,9000001,認定料,11000,2026/06/03,ﾘﾝｼﾖｳ\r\n");
        files::import(&secretariat, "payments", &paid);
        eventually(&"認定: 認定料入金確認済み".to_owned(), || {
            yoko.status()[2].clone()
        });
        desk.judge("/certification", &json!({})).ok();
        assert_eq!(
            yoko.status(),
            [
                "申請: 審査合格",
                "筆記試験: 合格",
                "認定: 認定（2027/04/01 ~ 2032/03/31）"
            ]
        );

        // The history, line by line, of everything from the first completion on.
        let certified = || desk.get("/history?event=Certified").ok()["entries"].as_array().unwrap().len();
        eventually(&1, certified);
        let all = desk.get("/history?limit=200").ok();
        let all = all["entries"].as_array().unwrap().clone();
        let acts: Vec<Value> = all
            .into_iter()
            .filter(|entry| {
                let event = entry["event"].as_str().unwrap();
                !event.ends_with("Saved") && !event.ends_with("Added") && event != "ResearchYearsRecorded" && event != "Applied"
            })
            .collect();
        for act in &acts {
            let (event, actor) = (act["event"].as_str().unwrap(), act["actor"].as_str().unwrap());
            let of_member = matches!(event, "Submitted" | "CorrectionAnswered");
            assert_eq!(actor.starts_with("member:"), of_member, "{event} by {actor}");
            let of_system = event == "PaymentConfirmed";
            assert_eq!(actor.starts_with("system:"), of_system, "{event} by {actor}");
        }
        let because = acts.iter().find(|act| act["event"] == "ReviewPassed").unwrap();
        assert_eq!(because["reason"], "委員会の決定による");
        let told = told(&acts);
        let expected = [
            ("入金確認", "入金", "受験料 22000円 2026/06/03 リンシヨウ"),
            ("申請の完了", "申請の完了", "本紙 第1号（"),
            ("確認", "確認", "確認済"),
            ("差し戻し", "書類審査", "差し戻し"),
            ("差し戻し", "修正の期限", "2026年8月31日(月) 17:00"),
            ("差し戻し", "修正のお願い", "お手数ですがご確認ください。"),
            ("差し戻し", "修正のお願い 1", "具体的にお書きください。"),
            ("差し戻し", "修正のお願い 2（内容）", "掲載誌名をお書きください。"),
            ("修正のお願いへの回答", "修正のお願い 2 への回答", "掲載誌は写しに記載のとおりです。"),
            ("申請の完了", "申請の完了", "本紙 第2号（"),
            ("差し戻し", "修正の期限", "2026年9月15日(火) 17:00"),
            ("差し戻し", "修正のお願い 1", "掲載誌名が必要です。"),
            ("修正のお願いへの回答", "修正のお願い 1 への回答", "追記しました。"),
            ("申請の完了", "申請の完了", "本紙 第3号（"),
        ];
        let mut place = 0;
        for (label, field, after) in expected {
            let found = told[place..].iter().position(|(l, f, a)| l == label && f == field && a.starts_with(after));
            let found = found.unwrap_or_else(|| panic!("{label} {field} {after} after line {place} of {told:#?}"));
            place += found + 1;
        }
        let rest: Vec<_> = told[place..]
            .iter()
            .filter(|(label, ..)| label != "確認" && label != "提出書類の記録")
            .map(|(label, _, after)| (label.as_str(), after.as_str()))
            .collect();
        assert_eq!(
            rest,
            [
                ("書類受理", "書類受理"),
                ("審査合格", "審査合格"),
                ("筆記試験の結果", "合格"),
                ("更新認定可", "更新認定可"),
                ("認定料の請求", "認定料の請求（2027年2月28日(日) 24:00 まで）"),
                ("入金確認", "認定料 11000円 2026/06/03 リンシヨウ"),
                ("認定", "認定（2027/04/01 ~ 2032/03/31）"),
            ]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_secretariat_keeps_for_itself_is_nowhere_to_be_seen_for_the_member() {
    each_service(async |service| {
        let yoko = completed(service);
        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &yoko.id);
        desk.post(
            "/review/notes",
            &json!({ "note": "電話で厳しい口調の問い合わせ" }),
        )
        .ok();
        desk.put("/review/labels", &json!({ "labels": ["要注意人物"] }))
            .ok();
        desk.mark("profile", "needs_correction");
        let seen = || {
            desk.get("/history?event=NoteAdded").ok()["entries"]
                .as_array()
                .unwrap()
                .len()
        };
        eventually(&1, seen);
        assert_eq!(yoko.history("event=NoteAdded"), Vec::<Value>::new());
        for rest in [
            "",
            "/documents",
            "/requirements",
            "/history?limit=200",
            "/correction",
            "/documents/profile",
        ] {
            let text = yoko.get(rest).text;
            for secret in [
                "厳しい口調",
                "要注意人物",
                "要修正",
                "ItemChecked",
                "NoteAdded",
                "LabelsSet",
            ] {
                assert!(!text.contains(secret), "{rest} tells {secret}");
            }
        }
        yoko.get("/review").refused(403, "not-permitted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_at_every_moment_is_the_fold_of_the_events_until_then() {
    use cqrs_es::Aggregate as _;
    use domain::application::{Application, ApplicationId};

    each_service(async |service| {
        let yoko = completed(service);
        let secretariat = service.secretariat();
        let desk = Desk::new(&secretariat, &yoko.id);
        let items = json!([{ "document": "profile", "comment": "具体的に" }]);
        desk.judge(
            "/return",
            &json!({ "items": items, "due": "2026-08-31T17:00" }),
        )
        .ok();
        yoko.save("profile", &json!({ "text": "改めた内容" })).ok();
        yoko.submit().ok();
        desk.accept();
        yoko.person.post(&yoko.path("/withdrawal")).send().ok();

        let id = ApplicationId::parse(&yoko.id).unwrap();
        let events = service.inside.application_events(&id).await.unwrap();
        assert!(events.len() > 25, "{} events", events.len());
        let mut fold = Application::default();
        for (event, number) in events.into_iter().zip(1..) {
            fold.apply(event);
            let state = fold.state().unwrap();
            let shown = desk.get(&format!("?as_of={number}")).ok();
            assert_eq!(shown["sequence"], number);
            let at = shown["as_of"].as_str().unwrap().parse().unwrap();
            let program = service.inside.programs.get(&state.program).unwrap();
            let lines = fold.status(program, at).unwrap().lines;
            assert_eq!(
                shown["status"]["lines"],
                json!(lines),
                "after event {number}"
            );
            assert_eq!(
                shown["submission"]["number"],
                json!(state.final_form().map(|form| form.number)),
                "after event {number}"
            );
            let path = format!("/desk/applications/{}/moment?sequence={number}", yoko.id);
            let page = secretariat.get(&path);
            assert_eq!(page.status, 200, "{path}");
            for line in &lines {
                assert!(
                    page.text.contains(line.as_str()),
                    "{path} says nothing of {line}"
                );
            }
        }
        // The same by the number in the ledger, and what was before the application says so.
        let last = desk.get("/history?limit=1").ok()["entries"][0].clone();
        let by_ledger = format!(
            "/desk/applications/{}/moment?ledger={}",
            yoko.id, last["global_seq"]
        );
        assert_eq!(secretariat.get(&by_ledger).status, 200);
        let before = format!("/desk/applications/{}/moment?ledger=1", yoko.id);
        assert_eq!(secretariat.get(&before).status, 404);
    })
    .await;
}
