//! Checking a stream's proof with nothing but the document, and at best with anchors that were kept elsewhere.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;

use crate::hash::{GENESIS, HexDigest};
use crate::ledger::anchor::{Anchor, AnchorProblem, Extent, check_chain};
use crate::ledger::merkle::root_by_path;
use crate::ledger::proof::{AuditPath, FORMAT, ProvedEvent, StreamProof, VERSION};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofReport {
    /// How many events the document has.
    pub events: usize,
    /// How many of them have a way to the root of an anchor.
    pub anchored: usize,
    /// The comparison with anchors from elsewhere, if there were any.
    pub compared: Option<Compared>,
    /// Everything that is wrong, in the order of the document; empty when it is sound.
    pub problems: Vec<ProofProblem>,
}

/// How far anchors that were kept elsewhere agree with those of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// How many anchors are in both and the same. An anchor follows the ones before by hash, so those are vouched for as well.
    pub same: usize,
    /// The last day that is vouched for; `None` when none is.
    pub through: Option<Date>,
    /// How many events lie in anchors up to that day.
    pub events: usize,
}

/// Something that is wrong with a proof. Numbers are those of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofProblem {
    /// It is no document of this form and version.
    Format,
    /// It has no event.
    Empty,
    /// Another event stands where this number should.
    Sequence {
        /// The number that should be there.
        expected: i64,
        /// The one that is.
        found: i64,
    },
    /// The document has another number of events than it says the stream had.
    Count {
        /// What it says.
        stated: i64,
        /// What it has.
        found: usize,
    },
    /// Something of the event is not as it was hashed: payload, metadata (who, when, why), name, time or command.
    Content(i64),
    /// The ledger's hash does not follow from the hash before and the event.
    LedgerHash(i64),
    /// Its ledger number does not come after that of the event before, or lies beyond the ledger's end.
    LedgerOrder(i64),
    /// The hash before, or its own, is not the one that stands elsewhere in the document for the same row.
    LedgerLink(i64),
    /// The end of the ledger that the document names lies before an anchor of it, or has another hash.
    Head,
    /// The way to the anchor's root does not lead there.
    AuditPath {
        /// The event.
        sequence: i64,
        /// The anchor.
        day: Date,
    },
    /// An anchor of the document covers the event, but the way there is missing.
    PathMissing(i64),
    /// An anchor of the document is not sound.
    Anchor(AnchorProblem),
    /// An anchor from elsewhere is not sound.
    Elsewhere(AnchorProblem),
    /// The anchor of this day is another one elsewhere, or missing in the document.
    Differs(Date),
    /// No day is both in the document and elsewhere, so nothing was compared.
    NothingCompared,
    /// The anchors from elsewhere cover the event, but the document has no way there: it may be older than they are.
    NotCovered(i64),
}

impl fmt::Display for ProofProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format => f.write_str("not a proof of this form"),
            Self::Empty => f.write_str("no event"),
            Self::Sequence { expected, found } => {
                write!(f, "event {found} stands where event {expected} should")
            }
            Self::Count { stated, found } => write!(f, "{found} events instead of {stated}"),
            Self::Content(sequence) => write!(f, "event {sequence} was changed"),
            Self::LedgerHash(sequence) => {
                write!(f, "the ledger's hash of event {sequence} does not follow")
            }
            Self::LedgerOrder(sequence) => {
                write!(f, "the ledger number of event {sequence} is out of order")
            }
            Self::LedgerLink(sequence) => {
                write!(
                    f,
                    "the ledger row of event {sequence} does not fit its neighbours"
                )
            }
            Self::Head => f.write_str("the ledger's end does not fit the anchors"),
            Self::AuditPath { sequence, day } => {
                write!(f, "event {sequence} is not in the anchor of {day}")
            }
            Self::PathMissing(sequence) => write!(f, "event {sequence} lacks its audit path"),
            Self::Anchor(problem) => problem.fmt(f),
            Self::Elsewhere(problem) => write!(f, "kept elsewhere: {problem}"),
            Self::Differs(day) => {
                write!(f, "the anchor of {day} differs from the one kept elsewhere")
            }
            Self::NothingCompared => f.write_str("no anchor could be compared"),
            Self::NotCovered(sequence) => {
                write!(
                    f,
                    "event {sequence} is not proved by the anchors kept elsewhere"
                )
            }
        }
    }
}

/// Checks a proof: every content hash, the numbers of the stream without a gap from 1, each ledger hash from the one before, each
/// way to a root, the chain of the anchors, and, where anchors from elsewhere are given, that these are the same.
///
/// What no document can show by itself: that the stream had no further events. The count in it is only as good as whoever wrote
/// it. Without anchors from elsewhere everything could have been made up from beginning to end.
pub fn check_proof(proof: &StreamProof, elsewhere: Option<&[Anchor]>) -> ProofReport {
    let mut report = ProofReport {
        events: proof.events.len(),
        anchored: 0,
        compared: None,
        problems: Vec::new(),
    };
    if proof.format != FORMAT || proof.version != VERSION {
        // Whatever it is, what follows would be about something else.
        report.problems.push(ProofProblem::Format);
        return report;
    }
    let found = &mut report.problems;
    if proof.events.is_empty() {
        found.push(ProofProblem::Empty);
    }
    check_sequence(proof, found);
    check_ledger(proof, found);
    if let Err(problem) = check_chain(&proof.anchors, Extent::Whole) {
        found.push(ProofProblem::Anchor(problem));
    }
    for event in &proof.events {
        match (&event.anchor, covering(&proof.anchors, event)) {
            (Some(audit), anchor) => match anchor.filter(|one| leads_to(audit, event, one)) {
                Some(_) => report.anchored += 1,
                None => found.push(ProofProblem::AuditPath {
                    sequence: event.sequence,
                    day: audit.day,
                }),
            },
            (None, Some(_)) => found.push(ProofProblem::PathMissing(event.sequence)),
            (None, None) => {}
        }
    }
    report.compared = elsewhere.map(|elsewhere| compare(proof, elsewhere, found));
    report
}

fn check_sequence(proof: &StreamProof, found: &mut Vec<ProofProblem>) {
    for (expected, event) in (1..).zip(&proof.events) {
        if event.sequence != expected {
            found.push(ProofProblem::Sequence {
                expected,
                found: event.sequence,
            });
            // Behind a hole every number is another one than expected: the first says it.
            break;
        }
    }
    if i64::try_from(proof.events.len()) != Ok(proof.head.events) {
        found.push(ProofProblem::Count {
            stated: proof.head.events,
            found: proof.events.len(),
        });
    }
}

fn check_ledger(proof: &StreamProof, found: &mut Vec<ProofProblem>) {
    // Every row of which the document says a hash, whoever says it: all must say the same.
    let mut known = BTreeMap::from([(0, HexDigest(GENESIS))]);
    let anchored = proof.anchors.iter();
    known.extend(anchored.map(|anchor| (anchor.last, anchor.ledger_hash)));
    let head = proof.head;
    if known
        .range(head.global_seq.saturating_add(1)..)
        .next()
        .is_some()
        || *known.entry(head.global_seq).or_insert(head.hash) != head.hash
    {
        found.push(ProofProblem::Head);
    }
    let mut before = 0;
    for event in &proof.events {
        let (sequence, row) = (event.sequence, &event.ledger);
        if event.content_hash != HexDigest(event.content(&proof.stream).hash()) {
            found.push(ProofProblem::Content(sequence));
        }
        if row.hash != row.computed_hash(&event.content_hash) {
            found.push(ProofProblem::LedgerHash(sequence));
        }
        if row.global_seq <= before || row.global_seq > proof.head.global_seq {
            found.push(ProofProblem::LedgerOrder(sequence));
        }
        let place = row.global_seq.saturating_sub(1);
        let fits = [(place, row.previous_hash), (row.global_seq, row.hash)]
            .into_iter()
            .all(|(number, hash)| *known.entry(number).or_insert(hash) == hash);
        if !fits {
            found.push(ProofProblem::LedgerLink(sequence));
        }
        before = row.global_seq;
    }
}

/// The anchor that covers an event. Anchors that are not sound may be in any order, so none is passed over.
fn covering<'a>(anchors: &'a [Anchor], event: &ProvedEvent) -> Option<&'a Anchor> {
    let number = event.ledger.global_seq;
    let place = anchors.partition_point(|anchor| anchor.last < number);
    anchors
        .get(place)
        .filter(|anchor| anchor.covers(number))
        .or_else(|| anchors.iter().find(|anchor| anchor.covers(number)))
}

fn leads_to(audit: &AuditPath, event: &ProvedEvent, anchor: &Anchor) -> bool {
    let path: Vec<_> = audit.path.iter().map(|hash| hash.0).collect();
    // Both are at least 0: the anchor covers the event.
    let leaf = event.ledger.global_seq.checked_sub(anchor.first);
    let (Some(Ok(leaf)), Ok(count)) = (leaf.map(u64::try_from), u64::try_from(anchor.count)) else {
        return false;
    };
    audit.day == anchor.day
        && root_by_path(&event.ledger.hash.0, leaf, count, &path) == Some(anchor.root.0)
}

fn compare(proof: &StreamProof, elsewhere: &[Anchor], found: &mut Vec<ProofProblem>) -> Compared {
    if let Err(problem) = check_chain(elsewhere, Extent::Part) {
        found.push(ProofProblem::Elsewhere(problem));
    }
    let ours: BTreeMap<Date, &Anchor> = proof.anchors.iter().map(|one| (one.day, one)).collect();
    let last_of_ours = ours.keys().next_back().copied();
    let mut compared = Compared {
        same: 0,
        through: None,
        events: 0,
    };
    for anchor in elsewhere {
        match ours.get(&anchor.day) {
            Some(one) if **one == *anchor => {
                compared.same += 1;
                compared.through = compared.through.max(Some(anchor.day));
            }
            // Made after the document.
            None if last_of_ours < Some(anchor.day) => {}
            _ => found.push(ProofProblem::Differs(anchor.day)),
        }
    }
    if compared.same == 0 {
        found.push(ProofProblem::NothingCompared);
    }
    let covered = elsewhere.iter().map(|anchor| anchor.last).max();
    for event in &proof.events {
        let vouched = event
            .anchor
            .as_ref()
            .is_some_and(|audit| Some(audit.day) <= compared.through);
        if vouched {
            compared.events += 1;
        } else if Some(event.ledger.global_seq) <= covered {
            found.push(ProofProblem::NotCovered(event.sequence));
        }
    }
    compared
}

#[cfg(test)]
mod tests;
