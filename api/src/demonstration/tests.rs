use domain::{
    eligibility::{Offer, Scope, eligibility},
    member::{Member, MemberNumber},
    program::ProgramId,
};

use super::*;
use crate::{ClockSetting, clock::DEMONSTRATION_START, service::programs};

async fn service(directory: &tempfile::TempDir) -> Service {
    let url = format!("sqlite://{}", directory.path().join("demo.db").display());
    let clock = ClockSetting::Demonstration {
        earliest: DEMONSTRATION_START,
    };
    Service::open(&url, programs(None).unwrap(), clock)
        .await
        .unwrap()
}

async fn demo_member(service: &Service, number: &str) -> Member {
    let number = MemberNumber::parse(number).unwrap();
    service.member(&number).await.unwrap().unwrap()
}

/// The scopes that are open to a member in one of the two programs.
fn open(service: &Service, member: &Member, program: &str) -> Vec<Scope> {
    let program = service
        .programs
        .get(&ProgramId(program.to_owned()))
        .unwrap();
    let answer = eligibility(
        member.record.as_ref().unwrap(),
        program,
        DEMONSTRATION_START,
    );
    let open = answer.offers.iter().filter(|offer| offer.is_open());
    open.map(|Offer { scope, .. }| *scope).collect()
}

#[tokio::test]
async fn an_empty_log_gets_the_members_and_another_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let service = service(&directory).await;
    assert!(seed(&service).await.unwrap());
    let head = service.log.head().await.unwrap();
    assert!(head > 30, "{head}");
    assert!(!seed(&service).await.unwrap());
    assert_eq!(service.log.head().await.unwrap(), head);
}

#[tokio::test]
async fn every_member_shows_what_its_label_says() {
    let directory = tempfile::tempdir().unwrap();
    let service = service(&directory).await;
    seed(&service).await.unwrap();
    let (first_three, fourth) = ("specialist-renewal-2026", "specialist-renewal-4th-2026");
    let both = [Scope::DocumentsAndExam, Scope::DocumentsOnly];
    for (number, program, expected) in [
        ("9000001", fourth, &both[..]),
        ("9000001", first_three, &[]),
        ("9000002", first_three, &[Scope::DocumentsOnly]),
        ("9000003", first_three, &[Scope::ExamOnly]),
        ("9000004", first_three, &both),
        ("9000005", first_three, &[]),
        ("9000006", first_three, &[]),
        ("9000007", first_three, &both),
    ] {
        let member = demo_member(&service, number).await;
        assert_eq!(
            open(&service, &member, program),
            expected,
            "{number} {program}"
        );
    }
    for identity in IDENTITIES {
        let Some(number) = identity.member else {
            continue;
        };
        let record = demo_member(&service, number).await.record.unwrap();
        assert!(
            identity.label.starts_with(&record.name),
            "{}",
            identity.label
        );
    }
}

#[tokio::test]
async fn the_first_member_is_the_manuals_with_a_seminar_on_each_side_of_the_window() {
    let directory = tempfile::tempdir().unwrap();
    let service = service(&directory).await;
    seed(&service).await.unwrap();
    let member = demo_member(&service, FIRST_MEMBER).await;
    let record = member.record.unwrap();
    assert_eq!(record.name, "臨床 瘍子");
    assert_eq!(record.certification.unwrap().number, "0500026");
    let program = ProgramId("specialist-renewal-4th-2026".to_owned());
    let window = service.programs.get(&program).unwrap().rules.window;
    let (inside, outside): (Vec<_>, Vec<_>) = member
        .attendance
        .values()
        .partition(|one| window.contains(one.key.first_day));
    let units: u32 = inside.iter().map(|one| one.units).sum();
    assert_eq!((inside.len(), units, outside.len()), (4, 45, 1));
    assert!(
        inside
            .iter()
            .any(|one| one.key.first_day == window.first_day)
    );
}

#[test]
fn the_announcement_says_the_time_and_that_others_cannot_reach_it() {
    let clock = Clock::demonstration(DEMONSTRATION_START);
    let text = announcement(&clock).to_string();
    assert!(text.contains("2026/06/03 18:00"), "{text}");
    assert!(text.contains("ループバック"), "{text}");
}
