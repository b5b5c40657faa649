//! No page says of an application what is not true where it stands: each state of the way, each page, each sentence of the table.

use std::collections::BTreeSet;

use domain::application::{Act, Application, ApplicationId, ExamOutcome};
use domain::sentences::{Phase, Sentence, Stand};
use jiff::civil::date;

use super::words::squeezed;
use crate::attacks::reasons::done;
use crate::secretariat::{Desk, completed};
use crate::service::{Applicant, FOURTH, TestService, each_service, eventually, files, forms};

const TOLD: &str = "お手続きについてのご説明です。";

/// Reads every page of an application and finds no sentence that its state denies.
async fn nothing_untrue_is_said(service: &TestService, yoko: &Applicant) -> Phase {
    let id = ApplicationId::parse(&yoko.id).unwrap();
    let (application, _) = service.inside.application(&id).await.unwrap().unwrap();
    let program = service.inside.programs.get(&id.program).unwrap();
    let stand = Stand::of(&application, program, service.inside.clock.now());
    let top = format!("/applications/{id}");
    let mut pages = vec![
        "/".to_owned(),
        format!("{top}/requirements"),
        format!("{top}/print"),
    ];
    // An address that was kept says what it said then, unless it is not true any more.
    pages.extend(
        [
            "",
            "?notice=applied",
            "?notice=exam-added",
            "?notice=completed",
            "?notice=withdrawn",
        ]
        .map(|notice| format!("{top}{notice}")),
    );
    pages.extend(
        [
            "",
            "/resume",
            "/profile",
            "/research-activities",
            "/conferences",
            "/papers",
        ]
        .map(|document| format!("{top}/documents{document}")),
    );
    for page in pages {
        let answer = yoko.person.get(&page);
        let text = squeezed(&answer.text);
        for sentence in Sentence::ALL {
            let said = text.contains(&squeezed(sentence.words()));
            assert!(
                !said || stand.allows(sentence),
                "{stand:?}: {page} says {sentence:?}"
            );
        }
        assert!(
            stand.phase != Phase::Lapsed || !text.contains("ご納入ください"),
            "{page} asks who has lapsed for money"
        );
        let editable = answer.text.contains(">入力内容保存</button>");
        let may_be_edited = matches!(&application, Application::Made(state) if state.is_open());
        assert!(
            !editable || may_be_edited,
            "{stand:?}: {page} can be edited"
        );
    }
    // The question is asked where the answer is taken.
    let question = yoko.person.get(&format!("{top}/withdrawal")).text;
    let offered = yoko.person.get(&top).text.contains("お申込みを取り下げる");
    assert_eq!(
        question.contains("取り下げてよろしいですか"),
        offered,
        "{stand:?}"
    );
    stand.phase
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lapse_during_a_correction_leaves_nothing_to_correct_and_no_way_to_go() {
    each_service(async |service| {
        let yoko = completed(service);
        let colleague = service.secretariat();
        let desk = Desk::new(&colleague, &yoko.id);
        let items = serde_json::json!([{ "document": "profile", "comment": "具体的に" }]);
        let asked = serde_json::json!({ "items": items, "due": "2026-08-31T17:00" });
        desk.judge("/return", &asked).ok();
        done(service, &yoko.id, Act::Lapse, TOLD).await;
        assert_eq!(nothing_untrue_is_said(service, &yoko).await, Phase::Lapsed);
        let top = format!("/applications/{}", yoko.id);
        let page = yoko.person.get(&top).text;
        assert!(!page.contains("修正のお願いを確認する"), "{page}");
        assert!(!page.contains("いまここ"), "{page}");
        let page = yoko.person.get(&format!("{top}/corrections")).text;
        assert!(!page.contains("回答を保存する"), "{page}");
        // And none can be begun.
        desk.judge("/return", &asked).refused(409, "wrong-state");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_withdrawal_the_limit_is_that_of_another_application_and_no_correction_waits() {
    each_service(async |service| {
        let yoko = completed(service);
        let colleague = service.secretariat();
        let items = serde_json::json!([{ "document": "profile", "comment": "具体的に" }]);
        Desk::new(&colleague, &yoko.id)
            .judge(
                "/return",
                &serde_json::json!({ "items": items, "due": "2026-06-20T17:00" }),
            )
            .ok();
        yoko.person.post(&yoko.path("/withdrawal")).send().ok();
        assert_eq!(
            nothing_untrue_is_said(service, &yoko).await,
            Phase::Withdrawn
        );
        let top = yoko.person.get(&format!("/applications/{}", yoko.id)).text;
        assert!(!top.contains("6月20日"), "{top}");
        assert!(!top.contains("修正のお願いを確認する"), "{top}");
        let answer = yoko.person.get(&yoko.path("")).ok();
        assert_eq!(answer["status"]["deadline"], "2026年7月31日(金) 24:00");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_says_what_is_not_true_where_the_application_stands() {
    each_service(async |service| {
        let mut seen = BTreeSet::new();
        let exam = service.applicant("9000007", crate::service::FIRST_TO_THIRD, "documents_only");
        seen.insert(nothing_untrue_is_said(service, &exam).await);
        done(service, &exam.id, Act::Lapse, TOLD).await;
        seen.insert(nothing_untrue_is_said(service, &exam).await);
        // Who has lapsed can edit nothing, complete nothing and take nothing back.
        exam.save("profile", &forms::profile())
            .refused(409, "lapsed");
        for rest in ["/submission", "/withdrawal", "/exam"] {
            exam.person
                .post(&exam.path(rest))
                .send()
                .refused(409, "lapsed");
        }

        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        seen.insert(nothing_untrue_is_said(service, &yoko).await);
        // A print of before, so that what is said of it is looked at in every state that follows.
        assert_eq!(
            yoko.person
                .get(&format!("/applications/{}/application.pdf", yoko.id))
                .status,
            200
        );
        files::payment(&service.secretariat(), "T-9000001", "9000001");
        eventually(&true, || {
            yoko.status()
                .iter()
                .any(|line| line.contains("入金確認済み"))
        });
        yoko.fill_in_required_documents();
        yoko.add("conferences", &forms::conference()).created();
        for paper in ["一", "二"] {
            yoko.add("papers", &forms::paper(paper)).created();
        }
        seen.insert(nothing_untrue_is_said(service, &yoko).await);
        yoko.submit().ok();
        seen.insert(nothing_untrue_is_said(service, &yoko).await);
        let colleague = service.secretariat();
        let desk = Desk::new(&colleague, &yoko.id);
        let items = serde_json::json!([{ "document": "profile", "comment": "具体的に" }]);
        desk.judge(
            "/return",
            &serde_json::json!({ "items": items, "due": "2026-08-31T17:00" }),
        )
        .ok();
        seen.insert(nothing_untrue_is_said(service, &yoko).await);
        yoko.save("profile", &serde_json::json!({ "text": "改めた内容" }))
            .ok();
        yoko.submit().ok();
        desk.check_everything();
        for (act, told) in [
            (Act::AcceptDocuments, ""),
            (Act::RecordExamResult(ExamOutcome::Passed), ""),
            (Act::PassReview, ""),
            (Act::ApproveCertification, ""),
            (
                Act::RequestCertificationFee {
                    due: date(2027, 2, 28),
                },
                "",
            ),
        ] {
            done(service, &yoko.id, act, told).await;
            seen.insert(nothing_untrue_is_said(service, &yoko).await);
        }
        let ways = [
            Phase::Drafting,
            Phase::Lapsed,
            Phase::UnderReview,
            Phase::Returned,
            Phase::Accepted,
            Phase::ReviewPassed,
            Phase::Approved,
            Phase::FeeRequested,
        ];
        assert_eq!(seen, BTreeSet::from(ways));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_withdrawing_a_completed_application_nothing_is_asked_for_but_to_apply_again() {
    each_service(async |service| {
        let yoko = completed(service);
        let pdf = format!("/applications/{}/application.pdf", yoko.id);
        assert_eq!(yoko.person.get(&pdf).status, 200);
        yoko.person.post(&yoko.path("/withdrawal")).send().ok();
        assert_eq!(
            nothing_untrue_is_said(service, &yoko).await,
            Phase::Withdrawn
        );
        let top = yoko
            .person
            .get(&format!("/applications/{}?notice=withdrawn", yoko.id))
            .text;
        assert!(top.contains(Sentence::Withdrawn.words()) && top.contains("もう一度お申込みする"));
        assert!(!top.contains("ご提出ください"), "{top}");
        // Applied for again, the 本紙 of before is good for nothing.
        yoko.apply("documents_and_exam").created();
        assert_eq!(
            nothing_untrue_is_said(service, &yoko).await,
            Phase::DraftingAgain
        );
        let top = yoko
            .person
            .get(&format!("/applications/{}?notice=applied", yoko.id))
            .text;
        assert!(top.contains(Sentence::EarlierFormVoid.words()), "{top}");
        // 受験料 came with the earlier one.
        assert!(top.contains(Sentence::AppliedFillIn.words()), "{top}");
    })
    .await;
}
