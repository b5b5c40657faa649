//! 期限のお知らせ, with the clock of the test.

use api::mail::Reminders;
use jiff::Timestamp;

use super::Mailing;
use crate::service::{FIRST_TO_THIRD, FOURTH, TestService, each_service, forms};

fn at(text: &str) -> Timestamp {
    format!("{text}+09:00").parse().unwrap()
}

/// As another node, or after a restart.
fn job(service: &TestService) -> Reminders {
    Reminders::new(service.inside.clone(), None)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_misses_something_is_reminded_once_for_each_threshold() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        yoko.save("profile", &forms::profile()).ok();
        mailing.list_is_new().await;
        let mut written = Vec::new();
        for moment in [
            "2026-06-20T09:00", // too early
            "2026-07-17T08:59", // nobody is to be woken
            "2026-07-17T09:00", // 14 days
            "2026-07-17T18:00", // done
            "2026-07-18T09:00", // 13 days: 14 is told already
            "2026-07-24T09:00", // 7
            "2026-07-28T09:00", // 3
            "2026-07-30T09:00", // 1
            "2026-07-31T09:00", // the last day
            "2026-08-01T09:00", // over
        ] {
            written.push(job(service).write_at(at(moment)).await.unwrap());
        }
        let expected = [
            Some(0),
            None,
            Some(1),
            None,
            Some(0),
            Some(1),
            Some(1),
            Some(1),
            Some(0),
            Some(0),
        ];
        assert_eq!(written, expected);
        let mails = mailing.mails().await;
        assert_eq!(mails.len(), 4);
        let first = &mails[0].text;
        assert!(
            first.subject.ends_with("期限のお知らせ（あと14日）"),
            "{}",
            first.subject
        );
        assert!(
            first
                .body
                .contains("期限: 2026年7月31日(金) 24:00（あと14日）"),
            "{}",
            first.body
        );
        for missing in yoko.missing() {
            assert!(
                first.body.contains(&format!("・{missing}")),
                "{missing}: {}",
                first.body
            );
        }
        assert!(!first.body.contains("プロフィール"), "{}", first.body);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_reminded_of_what_is_completed_withdrawn_or_the_exam_alone() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        let yoko = service.applicant("9000001", FOURTH, "documents_only");
        yoko.fill_in_required_documents();
        yoko.add("conferences", &forms::conference()).created();
        for number in 0..5 {
            yoko.add("papers", &forms::paper(&format!("論文{number}")))
                .created();
        }
        mailing.list_is_new().await;
        let seven_days = at("2026-07-24T09:00");
        assert_eq!(job(service).write_at(seven_days).await.unwrap(), Some(1));
        let mail = mailing.mails().await.remove(0);
        let only = "・「申請を完了する」の操作がお済みではありません\n";
        assert!(mail.text.body.contains(only), "{}", mail.text.body);
        yoko.submit().ok();
        let other = service.applicant("9000002", FIRST_TO_THIRD, "documents_only");
        other.person.post(&other.path("/withdrawal")).send().ok();
        mailing.list_is_new().await;
        let three_days = at("2026-07-28T09:00");
        assert_eq!(job(service).write_at(three_days).await.unwrap(), Some(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_remind_on_the_same_day_and_write_each_reminder_once() {
    each_service(async |service| {
        let mailing = Mailing::on(service).await;
        service.applicant("9000001", FOURTH, "documents_and_exam");
        mailing.list_is_new().await;
        let (one, other) = (job(service), job(service));
        let day = at("2026-07-24T09:00");
        let (first, second) = tokio::join!(one.write_at(day), other.write_at(day));
        let written = first.unwrap().unwrap_or(0) + second.unwrap().unwrap_or(0);
        assert_eq!(written, 1);
        assert_eq!(mailing.kinds().await, ["reminder"]);
    })
    .await;
}
