//! A ledger made by hand: three days, two streams taking turns, one event after the last anchor or none.

use jiff::civil::date;
use uuid::Uuid;

use super::*;
use crate::hash::{Content, Digest, chain};
use crate::ledger::merkle::Tree;
use crate::ledger::proof::{ProofHead, ProvedRow, StreamName};

const METADATA: &str = r#"{"actor":"member:1","decided_at_us":1780000000000000}"#;

fn content<'a>(stream: &'a str, sequence: i64, payload: &'a str) -> Content<'a> {
    Content {
        aggregate_type: "counter",
        aggregate_id: stream,
        sequence,
        event_type: "Added",
        event_version: "1.0",
        payload,
        metadata: METADATA,
        command_id: Uuid::from_u128(7),
        recorded_at_us: 1_780_000_000_000_000 + sequence,
    }
}

/// The proof of stream `a`, which has every second of `rows` events; the days end at the numbers of `days`.
fn proof(rows: i64, days: &[i64]) -> StreamProof {
    let mut chain_hashes: Vec<Digest> = vec![GENESIS];
    let mut events = Vec::new();
    for global_seq in 1..=rows {
        let stream = if global_seq % 2 == 1 { "a" } else { "b" };
        let sequence = (global_seq + 1) / 2;
        let payload = format!("{{\"by\":{global_seq}}}");
        let content = content(stream, sequence, &payload);
        let previous = *chain_hashes.last().unwrap();
        let hash = chain(&previous, global_seq, &content.hash());
        chain_hashes.push(hash);
        if stream == "a" {
            events.push(ProvedEvent {
                sequence,
                event_type: content.event_type.to_owned(),
                event_version: content.event_version.to_owned(),
                metadata: METADATA.to_owned(),
                command_id: content.command_id,
                recorded_at_us: content.recorded_at_us,
                content_hash: HexDigest(content.hash()),
                payload: payload.clone(),
                ledger: ProvedRow {
                    global_seq,
                    previous_hash: HexDigest(previous),
                    hash: HexDigest(hash),
                },
                anchor: None,
            });
        }
    }
    let mut anchors: Vec<Anchor> = Vec::new();
    let mut day = date(2026, 6, 3);
    for &last in days {
        let before = anchors.last().map_or(0, |anchor| anchor.last);
        let range = usize::try_from(before + 1).unwrap()..=usize::try_from(last).unwrap();
        let tree = Tree::new(chain_hashes[range].iter().map(<[u8; 32]>::as_slice));
        let end = chain_hashes[usize::try_from(last).unwrap()];
        let anchor = Anchor::after(anchors.last(), day, last, tree.root(), end);
        for event in &mut events {
            let number = event.ledger.global_seq;
            if anchor.covers(number) {
                let leaf = u64::try_from(number - anchor.first).unwrap();
                let path = tree.path(leaf).unwrap();
                let path = path.into_iter().map(HexDigest).collect();
                event.anchor = Some(AuditPath { day, path });
            }
        }
        anchors.push(anchor);
        day = day.tomorrow().unwrap();
    }
    StreamProof {
        format: FORMAT.to_owned(),
        version: VERSION,
        stream: StreamName {
            aggregate_type: "counter".to_owned(),
            aggregate_id: "a".to_owned(),
        },
        exported_at_us: 0,
        head: ProofHead {
            events: i64::try_from(events.len()).unwrap(),
            global_seq: rows,
            hash: HexDigest(*chain_hashes.last().unwrap()),
        },
        events,
        anchors,
    }
}

/// Ten rows, five of them of the stream; the second day is empty.
fn anchored() -> StreamProof {
    proof(10, &[3, 3, 10])
}

fn problems(proof: &StreamProof) -> Vec<ProofProblem> {
    check_proof(proof, None).problems
}

#[test]
fn a_sound_proof_has_no_problem_and_says_how_far_it_reaches() {
    let proof = anchored();
    let report = check_proof(&proof, Some(&proof.anchors));
    assert_eq!(report.problems, []);
    assert_eq!((report.events, report.anchored), (5, 5));
    let compared = report.compared.unwrap();
    assert_eq!((compared.same, compared.events), (3, 5));
    assert_eq!(compared.through, Some(date(2026, 6, 5)));
}

#[test]
fn events_after_the_last_anchor_are_sound_but_not_anchored() {
    let proof = proof(10, &[3, 3, 7]);
    let report = check_proof(&proof, Some(&proof.anchors));
    assert_eq!(report.problems, []);
    assert_eq!((report.events, report.anchored), (5, 4));
    assert_eq!(report.compared.unwrap().events, 4);
    let unanchored = super::tests::proof(10, &[]);
    let report = check_proof(&unanchored, None);
    assert_eq!((report.problems, report.anchored), (vec![], 0));
}

/// Every character of the document, one after another, is put in the place of another one.
#[test]
fn any_character_that_is_changed_makes_another_document_or_none() {
    let proof = anchored();
    let elsewhere = &proof.anchors;
    let text = serde_json::to_string(&proof).unwrap();
    let mut read = 0;
    for place in 0..text.len() {
        for other in *b"01af9\"" {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = other;
            let Ok(mut changed) = serde_json::from_slice::<StreamProof>(&bytes) else {
                continue;
            };
            // What the document only claims, and a check can not know: when it was made, and where the ledger ended.
            changed.exported_at_us = proof.exported_at_us;
            if changed.head.global_seq > proof.head.global_seq {
                changed.head = proof.head;
            }
            if changed == proof {
                continue;
            }
            read += 1;
            let report = check_proof(&changed, Some(elsewhere));
            assert_ne!(report.problems, [], "{place}: {}", &text[..place]);
        }
    }
    assert!(read > 5_000, "{read} changed documents could be read");
}

#[test]
fn a_payload_that_was_hashed_anew_is_found_one_step_further_each_time() {
    let mut forged = anchored();
    let stream = forged.stream.clone();
    forged.events[2].payload = r#"{"by":999}"#.to_owned();
    assert_eq!(problems(&forged), [ProofProblem::Content(3)]);
    let event = &mut forged.events[2];
    event.content_hash = HexDigest(event.content(&stream).hash());
    assert_eq!(problems(&forged), [ProofProblem::LedgerHash(3)]);
    let event = &mut forged.events[2];
    event.ledger.hash = event.ledger.computed_hash(&event.content_hash);
    let day = date(2026, 6, 5);
    assert_eq!(
        problems(&forged),
        [ProofProblem::AuditPath { sequence: 3, day }]
    );
}

/// Somebody who makes everything up, roots and all, is found by the anchors that were kept elsewhere and by nothing else.
#[test]
fn a_document_that_was_made_up_whole_is_found_by_anchors_from_elsewhere_only() {
    let true_one = anchored();
    let made_up = proof(8, &[3, 3, 8]);
    assert_eq!(problems(&made_up), []);
    assert_eq!(
        check_proof(&made_up, Some(&true_one.anchors)).problems[0],
        ProofProblem::Differs(date(2026, 6, 5))
    );
    let stripped = proof(10, &[]);
    let found = check_proof(&stripped, Some(&true_one.anchors)).problems;
    assert!(found.contains(&ProofProblem::NothingCompared), "{found:?}");
    assert!(found.contains(&ProofProblem::NotCovered(1)), "{found:?}");
}

#[test]
fn the_line_of_a_single_day_vouches_for_all_days_before() {
    let proof = anchored();
    let report = check_proof(&proof, Some(&proof.anchors[2..]));
    assert_eq!(report.problems, []);
    assert_eq!(report.compared.unwrap().events, 5);
    let report = check_proof(&proof, Some(&proof.anchors[..1]));
    assert_eq!(report.problems, []);
    assert_eq!(report.compared.unwrap().events, 2);
}

#[test]
fn anchors_that_came_after_the_document_do_not_contradict_it() {
    let older = proof(10, &[3, 3]);
    let newer = anchored();
    let found = check_proof(&older, Some(&newer.anchors)).problems;
    assert_eq!(
        found,
        [3, 4, 5].map(ProofProblem::NotCovered),
        "they could be proved by now"
    );
}

#[test]
fn events_that_are_taken_out_put_twice_or_swapped_are_found() {
    let mut shortened = anchored();
    shortened.events.pop();
    let (stated, found) = (5, 4);
    assert_eq!(
        problems(&shortened),
        [ProofProblem::Count { stated, found }]
    );

    let mut holed = anchored();
    holed.events.remove(1);
    let (expected, found) = (2, 3);
    assert_eq!(
        problems(&holed)[0],
        ProofProblem::Sequence { expected, found }
    );

    let mut swapped = anchored();
    swapped.events.swap(1, 2);
    let found = problems(&swapped);
    assert!(found.contains(&ProofProblem::LedgerOrder(2)), "{found:?}");

    let mut emptied = anchored();
    emptied.events.clear();
    assert_eq!(problems(&emptied)[0], ProofProblem::Empty);
}

#[test]
fn a_foreign_form_is_not_looked_at_further() {
    for change in [
        |proof: &mut StreamProof| "another".clone_into(&mut proof.format),
        |proof: &mut StreamProof| proof.version = 2,
    ] {
        let mut foreign = anchored();
        change(&mut foreign);
        assert_eq!(problems(&foreign), [ProofProblem::Format]);
    }
}

#[test]
fn numbers_that_cannot_be_are_found_and_never_overflow() {
    for number in [i64::MIN, -1, 0, i64::MAX] {
        let mut strange = anchored();
        strange.events[1].ledger.global_seq = number;
        strange.anchors[0].first = number;
        strange.anchors[1].last = number;
        strange.head.global_seq = number;
        assert_ne!(problems(&strange), [], "{number}");
        let mut strange = anchored();
        strange.anchors[1].count = number;
        strange.events[0].sequence = number;
        strange.head.events = number;
        assert_ne!(problems(&strange), [], "{number}");
    }
}
