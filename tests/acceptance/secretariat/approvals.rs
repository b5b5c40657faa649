//! 承認待ち: on the first page and on its own, with names; a day of waiting where there is nobody else; and what stands in 閲覧記録.

use api::clock::DEMONSTRATION_START;
use api::decisions::Deciding;
use jiff::SignedDuration;
use serde_json::json;

use super::{Desk, completed};
use crate::intake::pages::{Browser, all_hidden};
use crate::service::approvals::{done, of, waiting};
use crate::service::{FOURTH, TestService, each_demonstration, each_service, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_stands_on_the_first_page_with_names_and_is_approved_by_one_press() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let one = Browser::at_hand_of(service, service.secretariat());
        let page = one.page(&format!("/desk/applications/{}", yoko.id));
        assert!(
            page.contains("別の担当者が承認すると実行されます"),
            "{page}"
        );
        let seen = Desk::new(&one.person, &yoko.id).review()["revision"].to_string();
        let form = [
            ("act", "lapse"),
            ("seen", seen.as_str()),
            ("explanation", "お手続きがなかったため。"),
            ("reason", "理事会"),
        ];
        let answer = one.post(&format!("/desk/applications/{}/decision", yoko.id), &form);
        let place = answer.header("location").unwrap().to_owned();
        let run = one.page(&place);
        assert!(
            run.contains("承認待ちになりました") && run.contains("起案を取り消す"),
            "{run}"
        );
        assert!(!run.contains("承認して実行する"), "{run}");
        for address in ["/", "/desk/approvals"] {
            let page = one.page(address);
            assert!(
                page.contains("（9000001）") && page.contains("事務局 demo"),
                "{page}"
            );
        }
        let page = one.page(&format!("/desk/applications/{}", yoko.id));
        assert!(page.contains("承認を待っている処理があります"), "{page}");

        let other = Browser::at_hand_of(service, service.decider());
        let page = other.page("/desk/approvals");
        assert!(
            page.contains("承認する") && page.contains("却下する"),
            "{page}"
        );
        // Whoever was shown the name stands in the member's record, as somebody who looked at a list: of what waits the member is told nothing.
        let shown = service
            .secretariat()
            .get("/api/v1/access-log?member=9000001")
            .ok()
            .to_string();
        assert!(shown.contains("承認待ち"), "{shown}");
        let mine = yoko.person.get("/api/v1/access-log/mine").ok().to_string();
        assert!(mine.contains("申請一覧"), "{mine}");
        assert!(
            !mine.contains("承認待ち") && !mine.contains("一括処理"),
            "{mine}"
        );
        let id = waiting(&one.person)[0]["id"].as_str().unwrap().to_owned();
        let pressed = all_hidden(&page, "run").swap_remove(0);
        let own = one.post("/desk/approvals/approval", &[("run", &pressed)]);
        assert_eq!(own.status, 409, "{own:?}");
        assert!(
            own.text.contains("起案した本人は承認できません"),
            "{}",
            own.text
        );
        let pressed = other.post("/desk/approvals/approval", &[("run", &pressed)]);
        assert_eq!(
            pressed.header("location"),
            Some("/desk/approvals?notice=approved")
        );
        eventually(&true, || yoko.status().join("\n").contains("認定: 失効"));
        let run = other.page(&format!("/desk/bulk/{id}"));
        for (step, who) in [("起案", "事務局 demo"), ("承認", "事務局 decider")] {
            assert!(
                run.contains(&format!("<dt>{step}</dt><dd>{who}　2026/06/03 ")),
                "{run}"
            );
        }
        // It says what is true now, and whose it is.
        eventually(&true, || {
            let run = other.page(&format!("/desk/bulk/{id}"));
            run.contains("実行しました。済み 1件")
        });
        let run = other.page(&format!("/desk/bulk/{id}"));
        assert!(run.contains("<h1>失効: "), "{run}");
        for future in ["承認すると実行されます", "承認と同時に開始", "残り"] {
            assert!(!run.contains(future), "{future}: {run}");
        }
        // The run does not wait for the views.
        let path = format!("/desk/applications/{}/history?event=Lapsed", yoko.id);
        let tag = "<span class=\"tag\">二者承認</span>";
        eventually(&true, || other.page(&path).contains(tag));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_review_and_a_failed_exam_are_the_members_to_read_once_both_have_agreed() {
    each_service(async |service| {
        let yoko = completed(service);
        let person = service.secretariat();
        let desk = Desk::new(&person, &yoko.id);
        desk.accept();
        let before = yoko.status();
        let told = "基準に達しませんでした。";
        let exam = json!({ "outcome": "failed", "explanation": told });
        let exam = desk.post("/exam-result", &exam);
        let review = json!({ "result": "failed", "explanation": told });
        let silent = desk.judge("/review-result", &json!({ "result": "failed" }));
        assert_eq!(
            silent.refused(422, "invalid")["errors"][0]["pointer"],
            "/explanation"
        );
        assert_eq!(yoko.status(), before);
        assert_eq!(service.approved(&exam)["done"], 1);
        assert!(yoko.status()[1].contains("不合格"), "{:?}", yoko.status());
        // Each rests on what was there: the review is seen again after the exam.
        let review = desk.judge("/review-result", &review);
        assert_eq!(service.approved(&review)["done"], 1);
        assert!(
            yoko.status()[0].contains("審査不合格"),
            "{:?}",
            yoko.status()
        );
        let explanations = yoko.get("").ok()["status"]["explanations"].clone();
        assert_eq!(explanations.as_array().unwrap().len(), 2, "{explanations}");
        assert!(explanations.to_string().contains(told));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_one_person_alone_decides_it_waits_a_day_can_be_taken_back_and_is_marked() {
    each_demonstration(async |database| {
        let alone = || Deciding {
            sole: Some("demo".to_owned()),
            ..Deciding::default()
        };
        let start = DEMONSTRATION_START + SignedDuration::from_hours(1);
        let service = TestService::deciding(database, start, alone()).await;
        let first = service
            .applicant("9000001", FOURTH, "documents_and_exam")
            .id;
        let second = service
            .applicant("9000002", crate::service::FIRST_TO_THIRD, "documents_only")
            .id;
        let person = service.secretariat();
        let lapse = json!({ "explanation": "お手続きがなかったため。" });
        let kept = Desk::new(&person, &first)
            .judge("/certification/lapse", &lapse)
            .waits();
        let dropped = Desk::new(&person, &second)
            .judge("/certification/lapse", &lapse)
            .waits();
        for run in [&kept, &dropped] {
            assert!(run["alone_from"].is_string(), "{run}");
            for early in ["/approval", "/start-decisions"] {
                let refused = person.post(&of(run, early)).send();
                let refused = refused.refused(409, "proposal-refused");
                let detail = refused["detail"].as_str().unwrap();
                assert!(detail.contains("24時間が経つと自動で"), "{refused}");
            }
        }
        let page = Browser::at_hand_of(&service, person.clone()).page("/desk/approvals");
        assert!(
            page.contains("単独") && page.contains("以降に実行"),
            "{page}"
        );
        let address = format!("/desk/bulk/{}?notice=waiting", kept["id"].as_str().unwrap());
        let page = Browser::at_hand_of(&service, person.clone()).page(&address);
        assert!(page.contains("24時間後に実行されます"), "{page}");
        assert!(!page.contains("別の担当者が承認すると"), "{page}");
        assert!(!page.contains("承認と同時に開始"), "{page}");
        service
            .decider()
            .post(&of(&dropped, "/cancellation"))
            .send()
            .ok();
        service.stop().await;

        let later = |hours: i64| start + SignedDuration::from_hours(hours);
        let service = TestService::deciding(database, later(20), alone()).await;
        let person = service.secretariat();
        let state = |run| person.get(&of(run, "")).ok()["state"].clone();
        assert_eq!(
            (state(&kept), state(&dropped)),
            (json!("proposed"), json!("cancelled"))
        );
        service.stop().await;

        let service = TestService::deciding(database, later(25), alone()).await;
        let person = service.secretariat();
        assert_eq!(done(&person, &kept)["done"], 1);
        let lapsed = |id: &str| {
            let lines = Desk::new(&person, id).get("").ok()["status"]["lines"].to_string();
            lines.contains("認定: 失効")
        };
        assert_eq!((lapsed(&first), lapsed(&second)), (true, false));
        let history =
            || Desk::new(&person, &first).get("/history?event=Lapsed").ok()["entries"].clone();
        eventually(&json!("alone"), || history()[0]["approval"].clone());
        let page = Browser::at_hand_of(&service, person.clone())
            .page(&format!("/desk/applications/{first}/history?event=Lapsed"));
        assert!(page.contains("<span class=\"tag\">単独</span>"), "{page}");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_approved_and_could_not_be_done_is_told_with_its_reason() {
    each_service(async |service| {
        let yoko = completed(service);
        let person = service.secretariat();
        let desk = Desk::new(&person, &yoko.id);
        desk.accept();
        let told = "基準に達しませんでした。";
        let review = json!({ "result": "failed", "explanation": told });
        let review = desk.judge("/review-result", &review).waits();
        let lapse = json!({ "explanation": told });
        let lapse = desk.judge("/certification/lapse", &lapse).waits();
        let taken_back = desk
            .judge("/certification/lapse", &json!({ "explanation": "誤り" }))
            .waits();
        let other = Browser::at_hand_of(service, service.decider());
        let runs = all_hidden(&other.page("/desk/approvals"), "run");
        assert_eq!(runs.len(), 3);
        person.post(&of(&taken_back, "/cancellation")).send().ok();
        let runs: Vec<(&str, &str)> = runs.iter().map(|run| ("run", run.as_str())).collect();
        let pressed = other.post("/desk/approvals/approval", &runs);
        // Two about one application: the second rests on what the first has changed.
        let first = done(&person, &review);
        let second = done(&person, &lapse);
        assert_eq!((&first["done"], &second["refused"]), (&json!(1), &json!(1)));
        assert!(
            !pressed.text.contains("<p>承認しました。</p>"),
            "{}",
            pressed.text
        );
        for told in [
            "1件を実行しました。1件は実行できませんでした。",
            &format!("href=\"/desk/bulk/{}\"", lapse["id"].as_str().unwrap()),
            second["items"][0]["sentence"].as_str().unwrap(),
            "取り消されたか却下されたため、実行されません",
        ] {
            assert!(pressed.text.contains(told), "{told}: {}", pressed.text);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_review_is_taken_back_by_two_persons_as_it_was_made() {
    each_service(async |service| {
        let yoko = completed(service);
        let person = service.secretariat();
        let desk = Desk::new(&person, &yoko.id);
        desk.accept();
        let told = json!({ "explanation": "再度の確認によります。" });
        let failed = json!({ "result": "failed", "explanation": "基準に達しませんでした。" });
        service.approved(&desk.judge("/review-result", &failed));
        let back = desk.judge("/review-result/revocation", &told);
        back.waits();
        assert!(yoko.status()[0].contains("審査不合格"));
        assert_eq!(service.approved(&back)["done"], 1);
        assert!(yoko.status()[0].contains("書類確認中"));
        // What no member has read as a decision against them goes back at once.
        desk.accept();
        desk.judge("/review-result/revocation", &json!({})).ok();
    })
    .await;
}
