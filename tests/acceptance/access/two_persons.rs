//! 二者承認 on both databases.

use api::Call;
use api::access::two_persons::{TwoPersonsError, approve, propose, use_up};
use api::access::{Duties, Permission, Principal};
use domain::Role;
use domain::proposal::{Proposal, ProposalKind, ProposalRefusal};
use eventstore::ExecuteError;
use uuid::Uuid;

use crate::service::each_service;

fn hantei(account: &str) -> Principal {
    Principal::of(Role::Secretariat, account, Duties::parse("view decide"))
}

fn call(principal: &Principal) -> Call {
    Call {
        actor: principal.actor.clone(),
        command_id: Uuid::new_v4(),
        request_hash: [0; 32],
        correlation_id: Uuid::new_v4(),
        causation_id: None,
        reason: Some("合格者の判定".to_owned()),
        counts_for: None,
    }
}

fn proposal() -> Proposal {
    Proposal {
        kind: ProposalKind::DecideInBulk,
        subject: "specialist-renewal-2026".to_owned(),
        digest: "0".repeat(64),
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, TwoPersonsError>, expected: ProposalRefusal) {
    match result {
        Err(TwoPersonsError::Proposal(ExecuteError::Refused(refusal))) => {
            assert_eq!(refusal, expected);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_proposes_another_approves_and_it_is_done_once_and_stands_in_the_log() {
    each_service(async |service| {
        let (service, id) = (&service.inside, Uuid::new_v4());
        let (one, other) = (hantei("hantei-1"), hantei("hantei-2"));
        propose(service, &one, id, proposal(), call(&one))
            .await
            .unwrap();
        refused(
            use_up(service, &one, id, proposal(), call(&one)).await,
            ProposalRefusal::NotApproved,
        );
        refused(
            approve(service, &one, id, proposal(), call(&one)).await,
            ProposalRefusal::SamePerson(proposal().kind),
        );
        let changed = Proposal {
            digest: "1".repeat(64),
            ..proposal()
        };
        refused(
            approve(service, &other, id, changed.clone(), call(&other)).await,
            ProposalRefusal::Changed,
        );
        approve(service, &other, id, proposal(), call(&other))
            .await
            .unwrap();
        refused(
            use_up(service, &one, id, changed, call(&one)).await,
            ProposalRefusal::Changed,
        );

        // Two who begin at the same moment: one of them does it.
        let (first, second) = (call(&one), call(&other));
        let (mine, theirs) = tokio::join!(
            use_up(service, &one, id, proposal(), first.clone()),
            use_up(service, &other, id, proposal(), second.clone()),
        );
        assert_ne!(mine.is_ok(), theirs.is_ok(), "{mine:?} {theirs:?}");
        let (winner, its_call) = if mine.is_ok() {
            (&one, first)
        } else {
            (&other, second)
        };
        let again = use_up(service, winner, id, proposal(), its_call)
            .await
            .unwrap();
        assert!(again.replayed, "a repeated call gets its first receipt");
        refused(
            use_up(service, winner, id, proposal(), call(winner)).await,
            ProposalRefusal::AlreadyUsed,
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_a_token_nor_somebody_without_the_duty_is_one_of_the_two() {
    each_service(async |service| {
        let (service, id) = (&service.inside, Uuid::new_v4());
        let one = hantei("hantei-1");
        propose(service, &one, id, proposal(), call(&one))
            .await
            .unwrap();
        let every = Permission::ALL.into_iter().collect();
        let machine = Principal::client(Role::Secretariat, "hantei-2", every);
        let refused = approve(service, &machine, id, proposal(), call(&machine)).await;
        assert!(
            matches!(refused, Err(TwoPersonsError::NotAPerson)),
            "{refused:?}"
        );
        let refused = propose(
            service,
            &machine,
            Uuid::new_v4(),
            proposal(),
            call(&machine),
        )
        .await;
        assert!(
            matches!(refused, Err(TwoPersonsError::NotAPerson)),
            "{refused:?}"
        );
        let other = Principal::of(Role::Secretariat, "kanri", Duties::parse("view administer"));
        let refused = approve(service, &other, id, proposal(), call(&other)).await;
        assert!(
            matches!(refused, Err(TwoPersonsError::NotPermitted)),
            "{refused:?}"
        );
        // Not either by calling it something else.
        let as_rules = Proposal {
            kind: ProposalKind::PublishRules,
            ..proposal()
        };
        let refused = approve(service, &other, id, as_rules, call(&other)).await;
        self::refused(refused, ProposalRefusal::Changed);
    })
    .await;
}
