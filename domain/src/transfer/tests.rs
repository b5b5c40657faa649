//! Lines, parts and states of fees: given what was said and placed, when somebody says or does something, then this follows.

use cqrs_es::Aggregate as _;
use jiff::civil::{Date, date};
use uuid::Uuid;

use super::*;
use crate::{
    application::{Act, Application, ApplicationEvent, ApplicationId, examples as e},
    eligibility::Scope,
    member::{MemberNumber, PaymentItem},
    personal::Personal,
};

const JUNE: Date = date(2026, 6, 2);

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn member(number: &str) -> MemberNumber {
    MemberNumber::parse(number).unwrap()
}

fn line(number: &str, fee: PaymentItem, amount: u32) -> Line {
    Line {
        key: LineKey {
            member: Some(Personal::new(member(number))),
            fee: Some(fee),
        },
        amount: Yen::from(amount),
        paid_on: JUNE,
        payer: Personal::new("サトウ ケン".to_owned()),
    }
}

fn tell(number: u128, line: Line) -> TransferCommand {
    TransferCommand::Tell(Box::new(Told {
        source: Source::ExamSite,
        number: Some("BASKET1".to_owned()),
        line,
        id: id(number),
    }))
}

fn fee_of(number: &str, fee: PaymentItem) -> Place {
    Place::Fee {
        application: Personal::new(
            ApplicationId::parse(&format!("specialist-renewal-4th-2026.{number}")).unwrap(),
        ),
        fee,
    }
}

fn part(number: u128, place: Place, amount: u32) -> NewPart {
    NewPart {
        id: id(number),
        place,
        amount: Yen::from(amount),
        forgone: Yen::ZERO,
    }
}

fn decided(
    transfer: &Transfer,
    command: TransferCommand,
) -> Result<Vec<TransferEvent>, TransferRefusal> {
    decide(transfer, command, TransferSettings::default())
}

/// Carries a command out, which is to be taken.
fn done(transfer: &mut Transfer, command: TransferCommand) -> Vec<TransferEvent> {
    let events = decided(transfer, command).unwrap();
    for event in &events {
        transfer.apply(event.clone());
    }
    events
}

fn told(lines: impl IntoIterator<Item = Line>) -> Transfer {
    let mut transfer = Transfer::default();
    for (number, line) in (1..).zip(lines) {
        done(&mut transfer, tell(number, line));
    }
    transfer
}

/// What somebody does who has seen the transfer as it is.
fn act(transfer: &Transfer, act: TransferAct) -> TransferCommand {
    TransferCommand::Act {
        act,
        reason: "通帳で確認".to_owned(),
        seen: transfer.revision,
    }
}

fn acted(transfer: &mut Transfer, what: TransferAct) -> Vec<TransferEvent> {
    let command = act(transfer, what);
    done(transfer, command)
}

fn refused(transfer: &Transfer, what: TransferAct) -> TransferRefusal {
    decided(transfer, act(transfer, what)).unwrap_err()
}

#[test]
fn two_fees_under_one_number_are_two_lines_in_any_order_and_any_cut() {
    let review = line("9000004", PaymentItem::ReviewFee, 11_000);
    let exam = line("9000004", PaymentItem::ExamFee, 22_000);
    for lines in [
        vec![review.clone(), exam.clone()],
        vec![exam.clone(), review.clone()],
        vec![review.clone(), exam.clone(), review, exam],
    ] {
        let transfer = told(lines);
        assert_eq!(transfer.lines.len(), 2);
        assert_eq!(transfer.amount(), Yen::from(33_000));
        assert!(!transfer.needs_a_person());
    }
}

#[test]
fn the_same_row_under_another_fee_is_a_line_that_a_person_looks_at() {
    let transfer = told([
        line("9000008", PaymentItem::ReviewFee, 11_000),
        line("9000008", PaymentItem::CertificationFee, 11_000),
    ]);
    assert_eq!(transfer.amount(), Yen::from(22_000));
    assert_eq!(
        transfer.questions.iter().collect::<Vec<_>>(),
        [&Question::AnotherFee]
    );
}

#[test]
fn one_transfer_for_three_members_is_placed_once_by_a_person_and_adds_up() {
    let members = ["9000001", "9000002", "9000004"];
    let mut transfer = told(members.map(|member| line(member, PaymentItem::ReviewFee, 11_000)));
    assert_eq!(transfer.left(), Yen::from(33_000));
    let of =
        |number: u128, member: &str| part(number, fee_of(member, PaymentItem::ReviewFee), 11_000);
    // The import places none of them by itself.
    let by_import = TransferCommand::PlaceByImport {
        line: id(1),
        part: of(10, members[0]),
    };
    assert_eq!(decided(&transfer, by_import), Ok(vec![]));
    let four = [10, 11, 12, 13].map(|number| of(number, members[0]));
    assert_eq!(
        refused(&transfer, TransferAct::Place(four.to_vec())),
        TransferRefusal::BeyondAmount {
            left: Yen::from(33_000)
        }
    );
    let parts = (10..).zip(members).map(|(number, one)| of(number, one));
    acted(&mut transfer, TransferAct::Place(parts.collect()));
    assert_eq!(transfer.left(), Yen::ZERO);
    assert_eq!(
        refused(&transfer, TransferAct::Place(vec![of(14, members[0])])),
        TransferRefusal::BeyondAmount { left: Yen::ZERO }
    );
}

#[test]
fn a_further_member_under_a_number_of_which_something_is_placed_is_asked_about() {
    let mut transfer = told([line("9000001", PaymentItem::ReviewFee, 11_000)]);
    let placed = TransferCommand::PlaceByImport {
        line: id(1),
        part: part(10, fee_of("9000001", PaymentItem::ReviewFee), 11_000),
    };
    done(&mut transfer, placed);
    let further = tell(2, line("9000002", PaymentItem::ReviewFee, 11_000));
    done(&mut transfer, further);
    assert!(transfer.questions.contains(&Question::AnotherMember));
    // What was placed stays.
    assert_eq!(transfer.placed(), Yen::from(11_000));
    let question = Question::AnotherMember;
    acted(&mut transfer, TransferAct::Settle { question });
    assert!(!transfer.needs_a_person());
}

#[test]
fn what_a_source_says_otherwise_waits_and_the_earlier_stands() {
    let earlier = line("9000001", PaymentItem::ReviewFee, 11_000);
    let later = line("9000001", PaymentItem::ReviewFee, 10_670);
    let mut transfer = told([earlier.clone(), later.clone(), later.clone()]);
    assert_eq!(transfer.amount(), Yen::from(11_000));
    assert!(transfer.has_correction());
    let (line, number) = (id(1), 0);
    let mut left = transfer.clone();
    acted(&mut left, TransferAct::LeaveCorrection { line, number });
    assert_eq!(decided(&left, tell(2, later.clone())), Ok(vec![]));
    acted(&mut transfer, TransferAct::TakeCorrection { line, number });
    assert_eq!(transfer.amount(), Yen::from(10_670));
    // The file of before, once more, is no news.
    assert_eq!(decided(&transfer, tell(2, earlier)), Ok(vec![]));
    assert_eq!(
        refused(&transfer, TransferAct::TakeCorrection { line, number }),
        TransferRefusal::NoCorrection
    );
}

#[test]
fn a_line_goes_with_what_the_import_placed_and_stays_with_what_a_person_did() {
    let place = fee_of("9000001", PaymentItem::ReviewFee);
    let said = line("9000001", PaymentItem::ReviewFee, 11_000);
    let back = || TransferCommand::TakeLineBack { line: id(1) };
    let mut imported = told([said.clone()]);
    let placed = TransferCommand::PlaceByImport {
        line: id(1),
        part: part(10, place.clone(), 11_000),
    };
    done(&mut imported, placed);
    done(&mut imported, back());
    assert_eq!(
        (imported.amount(), imported.placed()),
        (Yen::ZERO, Yen::ZERO)
    );
    assert_eq!(decided(&imported, back()), Ok(vec![]));
    // Imported again, it is there again under the same id.
    done(&mut imported, tell(2, said.clone()));
    assert_eq!(
        imported.counting().map(|(id, _)| *id).collect::<Vec<_>>(),
        [id(1)]
    );

    let mut by_person = told([said]);
    acted(
        &mut by_person,
        TransferAct::Place(vec![part(10, place, 11_000)]),
    );
    done(&mut by_person, back());
    assert!(by_person.questions.contains(&Question::TakenBackLeft));
    assert_eq!(by_person.placed(), Yen::from(11_000));
    assert_eq!(decided(&by_person, back()), Ok(vec![]));
}

#[test]
fn what_a_person_took_back_is_not_placed_by_itself_again() {
    let mut transfer = told([line("9000001", PaymentItem::ReviewFee, 11_000)]);
    let by_import = |number| TransferCommand::PlaceByImport {
        line: id(1),
        part: part(number, fee_of("9000001", PaymentItem::ReviewFee), 11_000),
    };
    done(&mut transfer, by_import(10));
    acted(&mut transfer, TransferAct::TakeBack { part: id(10) });
    assert_eq!(decided(&transfer, by_import(11)), Ok(vec![]));
}

#[test]
fn money_goes_back_up_to_what_came_and_a_repayment_is_corrected_and_not_undone() {
    let mut transfer = told([line("9000001", PaymentItem::ReviewFee, 11_000)]);
    let place = fee_of("9000001", PaymentItem::ReviewFee);
    acted(
        &mut transfer,
        TransferAct::Place(vec![part(10, place, 8_000)]),
    );
    let repay = |part, amount: u32| TransferAct::Repay {
        repayment: id(20),
        part,
        amount: Yen::from(amount),
        on: JUNE,
        account: "4567".to_owned(),
    };
    assert_eq!(
        refused(&transfer, repay(None, 3_001)),
        TransferRefusal::BeyondPart {
            left: Yen::from(3_000)
        }
    );
    assert_eq!(
        refused(&transfer, repay(Some(id(10)), 8_001)),
        TransferRefusal::BeyondPart {
            left: Yen::from(8_000)
        }
    );
    assert_eq!(
        refused(&transfer, repay(Some(id(10)), 0)),
        TransferRefusal::Nothing
    );
    acted(&mut transfer, repay(Some(id(10)), 8_000));
    assert_eq!(
        refused(&transfer, TransferAct::TakeBack { part: id(10) }),
        TransferRefusal::Repaid
    );
    acted(&mut transfer, repay(Some(id(10)), 500));
    assert_eq!(transfer.repaid_of(id(10)), Yen::from(500));
    assert_eq!(
        refused(&transfer, repay(None, 500)),
        TransferRefusal::UnknownPart
    );
    acted(&mut transfer, repay(Some(id(10)), 0));
    acted(&mut transfer, TransferAct::TakeBack { part: id(10) });
    assert_eq!(transfer.left(), Yen::from(11_000));
}

#[test]
fn a_part_is_split_and_moved_as_one_act() {
    let mut transfer = told([line("9000001", PaymentItem::ReviewFee, 11_000)]);
    let place = |member| fee_of(member, PaymentItem::ReviewFee);
    acted(
        &mut transfer,
        TransferAct::Place(vec![part(10, place("9000001"), 11_000)]),
    );
    let by = vec![
        part(11, place("9000002"), 6_000),
        part(12, Place::NotOurs, 5_000),
    ];
    let split = TransferAct::Replace { part: id(10), by };
    assert_eq!(acted(&mut transfer, split).len(), 3);
    assert_eq!(transfer.left(), Yen::ZERO);
    let by = vec![part(13, place("9000002"), 6_001)];
    assert_eq!(
        refused(&transfer, TransferAct::Replace { part: id(11), by }),
        TransferRefusal::BeyondAmount {
            left: Yen::from(6_000)
        }
    );
    assert_eq!(
        refused(&transfer, TransferAct::TakeBack { part: id(10) }),
        TransferRefusal::UnknownPart
    );
}

#[test]
fn what_a_bank_kept_is_forgone_up_to_the_setting() {
    let mut transfer = told([line("9000001", PaymentItem::ReviewFee, 10_670)]);
    let forgoing = |forgone: u32| NewPart {
        forgone: Yen::from(forgone),
        ..part(10, fee_of("9000001", PaymentItem::ReviewFee), 10_670)
    };
    assert_eq!(
        refused(&transfer, TransferAct::Place(vec![forgoing(881)])),
        TransferRefusal::TooMuchForgone {
            limit: Yen::from(880)
        }
    );
    acted(&mut transfer, TransferAct::Place(vec![forgoing(330)]));
    assert_eq!(transfer.parts[&id(10)].counts(), Yen::from(11_000));
}

#[test]
fn an_act_needs_a_reason_a_transfer_and_eyes_that_have_seen_it_as_it_is() {
    let transfer = told([line("9000001", PaymentItem::ReviewFee, 11_000)]);
    let hold = |reason: &str, seen| TransferCommand::Act {
        act: TransferAct::Hold,
        reason: reason.to_owned(),
        seen,
    };
    let answer = decided(&transfer, hold(" ", transfer.revision));
    assert!(
        matches!(
            answer,
            Err(TransferRefusal::Invalid {
                pointer: "/reason",
                ..
            })
        ),
        "{answer:?}"
    );
    assert_eq!(
        decided(&transfer, hold("確認中", 1)),
        Err(TransferRefusal::Stale { current: 2 })
    );
    assert_eq!(
        decided(&Transfer::default(), hold("確認中", 0)),
        Err(TransferRefusal::UnknownTransfer)
    );
    let mut kept = transfer;
    acted(&mut kept, TransferAct::Hold);
    let place = fee_of("9000001", PaymentItem::ReviewFee);
    let placing = TransferAct::Place(vec![part(10, place, 1)]);
    assert_eq!(refused(&kept, placing), TransferRefusal::OnHold);
    assert_eq!(acted(&mut kept, TransferAct::Hold), []);
}

#[test]
fn nothing_and_more_than_can_be_written_are_refused() {
    let nothing = tell(1, line("9000001", PaymentItem::ReviewFee, 0));
    assert_eq!(
        decided(&Transfer::default(), nothing),
        Err(TransferRefusal::Nothing)
    );
    let mut most = line("9000001", PaymentItem::ReviewFee, 1);
    most.amount = Yen::MAX;
    let transfer = told([most]);
    let more = tell(2, line("9000001", PaymentItem::ExamFee, 1));
    assert_eq!(decided(&transfer, more), Err(TransferRefusal::TooMuch));
}

// ── 請求 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

fn standing_of(application: &Application, fee: PaymentItem) -> ClaimStanding {
    let programs = e::programs();
    let program = programs.get(&e::first_to_third_id()).unwrap();
    let all = claims(application, program);
    all.into_iter().find(|(one, _)| *one == fee).unwrap().1
}

fn of(events: &[ApplicationEvent]) -> Application {
    e::folded(events)
}

fn received(amounts: &[u32]) -> Vec<Received> {
    amounts
        .iter()
        .map(|amount| Received {
            counted: Yen::from(*amount),
            repaid: Yen::ZERO,
        })
        .collect()
}

#[test]
fn a_fee_is_owed_from_when_its_track_asks_for_it_until_the_application_ends() {
    use PaymentItem::{CertificationFee, ExamFee, ReviewFee};
    let is = |standing: &ClaimStanding| match standing {
        ClaimStanding::Never => "never",
        ClaimStanding::NotYet => "not yet",
        ClaimStanding::Open(_) => "open",
        ClaimStanding::Ended(_) => "ended",
        ClaimStanding::Waived(_) => "waived",
    };
    let applied = vec![e::applied(Scope::DocumentsAndExam)];
    let lapsed = e::after_acts(applied.clone(), [Act::Lapse]);
    let mut withdrawn = applied.clone();
    withdrawn.push(ApplicationEvent::Withdrawn {
        withdrawn_at: e::in_june().at,
    });
    for (events, expected) in [
        (vec![], ["not yet", "not yet", "not yet"]),
        (
            vec![e::applied(Scope::DocumentsOnly)],
            ["open", "not yet", "not yet"],
        ),
        (
            vec![e::applied(Scope::ExamOnly)],
            ["never", "open", "not yet"],
        ),
        (applied, ["open", "open", "not yet"]),
        (withdrawn, ["ended", "ended", "never"]),
        (lapsed, ["ended", "ended", "never"]),
        (e::fee_paid(), ["open", "open", "open"]),
    ] {
        let application = of(&events);
        let found =
            [ReviewFee, ExamFee, CertificationFee].map(|fee| is(&standing_of(&application, fee)));
        assert_eq!(found, expected, "{events:?}");
    }
    // 0円 is no claim.
    let fourth = claims(&of(&[e::applied(Scope::DocumentsAndExam)]), &e::fourth());
    assert_eq!(fourth[0], (ReviewFee, ClaimStanding::Never));
}

#[test]
fn from_a_claim_and_what_came_follows_one_state() {
    use FeeState as S;
    let claim = |amount: Option<u32>| Claim {
        fee: PaymentItem::ReviewFee,
        amount: amount.map(Yen::from),
        due: None,
        route: "お振込み".to_owned(),
    };
    let open = ClaimStanding::Open(claim(Some(11_000)));
    let unknown = ClaimStanding::Open(claim(None));
    let ended = ClaimStanding::Ended(claim(Some(11_000)));
    let waived = ClaimStanding::Waived(claim(Some(11_000)));
    for (standing, amounts, state) in [
        (&open, &[][..], S::Unpaid),
        (&open, &[5_000], S::PartlyPaid),
        (&open, &[5_000, 6_000], S::Paid),
        (&open, &[11_000], S::Paid),
        (&open, &[11_000, 11_000], S::PaidTooMuch),
        (&unknown, &[], S::Unpaid),
        (&unknown, &[22_000], S::Paid),
        (&unknown, &[22_000, 22_000], S::PaidTwice),
        (&ended, &[], S::NotOwed),
        (&ended, &[11_000], S::ToRepay),
        (&waived, &[], S::Waived),
        (&waived, &[11_000], S::PaidTooMuch),
        (&ClaimStanding::NotYet, &[], S::NotYetClaimed),
        (&ClaimStanding::NotYet, &[11_000], S::PaidEarly),
        (&ClaimStanding::Never, &[], S::NotOwed),
        (&ClaimStanding::Never, &[11_000], S::ToRepay),
    ] {
        assert_eq!(
            fee_state(standing, &received(amounts)),
            state,
            "{standing:?} {amounts:?}"
        );
    }
    // What went back counts no more.
    let back = |repaid: u32| {
        vec![Received {
            counted: Yen::from(11_000),
            repaid: Yen::from(repaid),
        }]
    };
    assert_eq!(fee_state(&open, &back(1_000)), S::PartlyPaid);
    assert_eq!(fee_state(&open, &back(11_000)), S::Unpaid);
    assert_eq!(fee_state(&ended, &back(11_000)), S::Repaid);
    let paid: Vec<_> = S::ALL
        .into_iter()
        .filter(|state| state.counts_as_paid())
        .collect();
    assert_eq!(paid, [S::Paid, S::PaidTooMuch, S::Waived]);
}
