//! Any files in any order, and any acts on them: no yen is lost or counted twice, and what is replayed equals what was live.

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::Aggregate as _;
use jiff::civil::date;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    application::ApplicationId,
    member::{MemberNumber, PaymentItem},
    personal::Personal,
};

/// A row of a file: 取引番号 and what it says.
type FileRow = (u8, Line);

fn row() -> impl Strategy<Value = FileRow> {
    (
        0..4_u8,
        prop::option::weighted(0.8, 0..3_u8),
        prop::option::weighted(0.8, prop::sample::select(PaymentItem::ALL.to_vec())),
        prop::sample::select(vec![1_u32, 10_670, 11_000, 22_000]),
        1..3_i8,
    )
        .prop_map(|(number, member, fee, amount, day)| {
            let member = member.map(|member| {
                Personal::new(MemberNumber::parse(&format!("900000{member}")).unwrap())
            });
            let line = Line {
                key: LineKey { member, fee },
                amount: Yen::from(amount),
                paid_on: date(2026, 6, day),
                payer: Personal::new("サトウ".to_owned()),
            };
            (number, line)
        })
}

fn told(rows: &[FileRow]) -> BTreeMap<u8, Transfer> {
    let mut transfers: BTreeMap<u8, Transfer> = BTreeMap::new();
    for (place, (number, line)) in (1..).zip(rows) {
        let transfer = transfers.entry(*number).or_default();
        let told = Told {
            source: Source::ExamSite,
            number: Some(number.to_string()),
            line: line.clone(),
            id: Uuid::from_u128(place),
        };
        let command = TransferCommand::Tell(Box::new(told));
        for event in decide(transfer, command, TransferSettings::default()).unwrap() {
            transfer.apply(event);
        }
    }
    transfers
}

/// Everything that was said of each line, whatever of it counts.
fn said(transfer: &Transfer) -> BTreeMap<LineKey, BTreeSet<String>> {
    let text = |line: &Line| serde_json::to_string(line).unwrap();
    let all = transfer.lines.values().map(|held| {
        let sayings = std::iter::once(&held.said)
            .chain(&held.corrections)
            .chain(&held.left);
        (held.said.key.clone(), sayings.map(text).collect())
    });
    all.collect()
}

/// What a person or an import may do, by numbers that mean whatever is there.
#[derive(Clone, Debug)]
enum Step {
    Tell(Line),
    TakeLineBack(usize),
    PlaceByImport(usize),
    Place(Vec<(u32, u8)>),
    Replace(usize, Vec<(u32, u8)>),
    TakeBack(usize),
    Repay(Option<usize>, u32, u8),
    TakeCorrection(usize),
    LeaveCorrection(usize),
    Hold,
    Release,
    Settle(u8),
}

fn parts() -> impl Strategy<Value = Vec<(u32, u8)>> {
    prop::collection::vec(
        (
            prop::sample::select(vec![0, 1, 330, 5_000, 10_670, 11_000]),
            any::<u8>(),
        ),
        1..4,
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => row().prop_map(|(_, line)| Step::Tell(line)),
        1 => any::<usize>().prop_map(Step::TakeLineBack),
        2 => any::<usize>().prop_map(Step::PlaceByImport),
        3 => parts().prop_map(Step::Place),
        2 => (any::<usize>(), parts()).prop_map(|(part, by)| Step::Replace(part, by)),
        1 => any::<usize>().prop_map(Step::TakeBack),
        2 => (prop::option::of(any::<usize>()), prop::sample::select(vec![0, 1, 5_000, 11_000]), 0..3_u8)
            .prop_map(|(part, amount, id)| Step::Repay(part, amount, id)),
        1 => any::<usize>().prop_map(Step::TakeCorrection),
        1 => any::<usize>().prop_map(Step::LeaveCorrection),
        1 => Just(Step::Hold),
        2 => Just(Step::Release),
        1 => any::<u8>().prop_map(Step::Settle),
    ]
}

fn nth<T: Copy>(mut all: impl ExactSizeIterator<Item = T>, number: usize) -> Option<T> {
    let place = number.checked_rem(all.len())?;
    all.nth(place)
}

fn new_parts(parts: &[(u32, u8)], ids: &mut u128) -> Vec<NewPart> {
    let one = |(amount, kind): &(u32, u8)| {
        *ids += 1;
        let application = ApplicationId::parse("specialist-renewal-2026.9000001").unwrap();
        NewPart {
            id: Uuid::from_u128(*ids),
            place: match kind % 4 {
                0 => Place::NotOurs,
                1 => Place::PaidOut {
                    transfer: Uuid::from_u128(7),
                },
                _ => Place::Fee {
                    application: Personal::new(application),
                    fee: PaymentItem::ALL[usize::from(kind % 3)],
                },
            },
            amount: Yen::from(*amount),
            forgone: Yen::from(u32::from(*kind) * 4),
        }
    };
    parts.iter().map(one).collect()
}

fn command(transfer: &Transfer, step: Step, ids: &mut u128) -> Option<TransferCommand> {
    let line = |number| nth(transfer.lines.keys().copied(), number);
    let part = |number| nth(transfer.parts.keys().copied(), number);
    let act = match step {
        Step::Tell(said) => {
            *ids += 1;
            return Some(TransferCommand::Tell(Box::new(Told {
                source: Source::Bank {
                    account: "main".to_owned(),
                },
                number: None,
                line: said,
                id: Uuid::from_u128(*ids),
            })));
        }
        Step::TakeLineBack(number) => {
            return Some(TransferCommand::TakeLineBack {
                line: line(number)?,
            });
        }
        Step::PlaceByImport(number) => {
            let line = line(number)?;
            let mut part = new_parts(&[(0, 2)], ids).pop()?;
            part.amount = transfer.lines[&line].said.amount;
            part.forgone = Yen::ZERO;
            return Some(TransferCommand::PlaceByImport { line, part });
        }
        Step::Place(parts) => TransferAct::Place(new_parts(&parts, ids)),
        Step::Replace(number, by) => TransferAct::Replace {
            part: part(number)?,
            by: new_parts(&by, ids),
        },
        Step::TakeBack(number) => TransferAct::TakeBack {
            part: part(number)?,
        },
        Step::Repay(number, amount, id) => TransferAct::Repay {
            repayment: Uuid::from_u128(1_000_000 + u128::from(id)),
            part: number.and_then(part),
            amount: Yen::from(amount),
            on: date(2026, 7, 1),
            account: "1234".to_owned(),
        },
        Step::TakeCorrection(number) => TransferAct::TakeCorrection {
            line: line(number)?,
            number: 0,
        },
        Step::LeaveCorrection(number) => TransferAct::LeaveCorrection {
            line: line(number)?,
            number: 0,
        },
        Step::Hold => TransferAct::Hold,
        Step::Release => TransferAct::Release,
        Step::Settle(number) => TransferAct::Settle {
            question: [
                Question::AnotherFee,
                Question::AnotherMember,
                Question::TakenBackLeft,
            ][usize::from(number % 3)],
        },
    };
    Some(TransferCommand::Act {
        act,
        reason: "確認".to_owned(),
        seen: transfer.revision,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_order_and_the_cuts_of_files_change_neither_lines_nor_what_was_said_of_them(
        (rows, shuffled) in prop::collection::vec(row(), 1..24)
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        cut in any::<prop::sample::Index>(),
    ) {
        // The second time a file was cut in the middle and came again as a whole.
        let mut again = shuffled[..cut.index(shuffled.len())].to_vec();
        again.extend(shuffled);
        let (one, other) = (told(&rows), told(&again));
        prop_assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        for (number, transfer) in &one {
            let same = &other[number];
            prop_assert_eq!(said(transfer), said(same));
            if !transfer.has_correction() {
                prop_assert_eq!(transfer.amount(), same.amount());
                // No more and no less than the rows say, each once.
                let rows: BTreeSet<String> = rows
                    .iter()
                    .filter(|(of, _)| of == number)
                    .map(|(_, line)| serde_json::to_string(line).unwrap())
                    .collect();
                let sum: u64 = rows
                    .iter()
                    .map(|row| serde_json::from_str::<Line>(row).unwrap().amount.get())
                    .sum();
                prop_assert_eq!(transfer.amount().get(), sum);
            }
        }
    }

    #[test]
    fn whatever_is_done_every_yen_is_somewhere_once_and_a_replay_is_the_same(
        steps in prop::collection::vec(step(), 1..50),
    ) {
        let mut live = Transfer::default();
        let mut log: Vec<TransferEvent> = Vec::new();
        let mut ids = 100;
        for step in steps {
            let Some(command) = command(&live, step, &mut ids) else { continue };
            match decide(&live, command, TransferSettings::default()) {
                Ok(events) => for event in events {
                    live.apply(event.clone());
                    log.push(event);
                },
                Err(refusal) => {
                    prop_assert!(refusal.to_string().ends_with('。'), "{}", refusal);
                    prop_assert!(!refusal.code().is_empty());
                }
            }
            let used = live.placed().plus(live.repaid_unplaced()).unwrap();
            prop_assert!(used <= live.amount(), "{live:?}");
            prop_assert_eq!(used.plus(live.left()).unwrap(), live.amount());
            for (id, part) in &live.parts {
                prop_assert!(live.repaid_of(*id) <= part.amount);
                prop_assert!(part.forgone <= TransferSettings::default().forgone_limit);
                prop_assert!(part.from_line.is_none_or(|line| !live.lines[&line].taken_back));
            }
            // Money that went back is of a part that is there, or of none.
            for repayment in live.repayments.values().filter(|one| !one.amount.is_zero()) {
                prop_assert!(repayment.part.is_none_or(|part| live.parts.contains_key(&part)));
            }
        }
        let mut replayed = Transfer::default();
        for event in &log {
            let kept = serde_json::to_string(event).unwrap();
            replayed.apply(serde_json::from_str(&kept).unwrap());
        }
        prop_assert_eq!(replayed, live);
    }
}

/// The rows that are drawn are those that files go wrong with: each kind in at least one of twenty files.
#[test]
fn the_files_that_are_drawn_hold_equal_rows_splits_and_corrections() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let files = prop::collection::vec(row(), 1..24);
    let (mut equal, mut split, mut corrected) = (0, 0, 0);
    for _ in 0..400 {
        let rows = files.new_tree(&mut runner).unwrap().current();
        let distinct: BTreeSet<String> = rows
            .iter()
            .map(|(number, line)| format!("{number} {}", serde_json::to_string(line).unwrap()))
            .collect();
        let transfers = told(&rows);
        equal += u32::from(distinct.len() < rows.len());
        split += u32::from(transfers.values().any(|one| one.lines.len() > 1));
        corrected += u32::from(transfers.values().any(Transfer::has_correction));
    }
    for count in [equal, split, corrected] {
        assert!(count >= 20, "{equal} {split} {corrected}");
    }
}
