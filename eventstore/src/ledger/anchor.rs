//! An anchor: what the ledger was at the end of a day, in one line that is kept outside the database.
//!
//! ```text
//! hash = SHA-256( "eventstore/anchor/1" ‖ str(day) ‖ i64(first) ‖ i64(last) ‖ i64(count)
//!                 ‖ root ‖ ledger_hash ‖ previous )
//! ```
//!
//! `str` and `i64` are those of [`crate::hash`]. `root` is the Merkle tree hash ([`crate::merkle`]) over the ledger's chain
//! hashes `first` to `last`, 32 bytes each; `previous` is the hash of the anchor before, for the first one
//! [`GENESIS`](crate::hash::GENESIS).
//!
//! **Which rows a day's anchor covers.** Days are those of Japan (UTC+9). `first` follows the `last` of the day before; `last` is
//! the highest ledger number whose event was recorded before the day's end, at least `first - 1`. So an event that was recorded
//! late in the evening and numbered behind one of the next morning pulls that one into its own day, no number is ever in two
//! anchors or in none, and a clock that once ran ahead keeps nothing out of the later days. Every day from that of ledger number 1
//! on has its anchor: a day without events has `count` 0 and the root of nothing, and says that there were none. Days that were
//! missed are made up for one by one and come out the same.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::hash::{self, GENESIS, HexDigest};

const DOMAIN: &[u8] = b"eventstore/anchor/1";

/// Japan's, all year round. A fixed offset, so that no table of time zones decides where a day ends.
const JAPAN: Offset = Offset::constant(9);

/// The ledger at the end of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The day in Japan: `2026-06-03`.
    pub day: Date,
    /// The first ledger number that it covers: one above the `last` of the day before.
    pub first: i64,
    /// The last one; `first - 1` when there was none on this day.
    pub last: i64,
    /// How many these are.
    pub count: i64,
    /// Merkle tree hash over the chain hashes of these rows.
    pub root: HexDigest,
    /// The chain hash of row `last`; before any row [`GENESIS`].
    pub ledger_hash: HexDigest,
    /// The hash of the anchor before.
    pub previous: HexDigest,
    /// The hash over all of it.
    pub hash: HexDigest,
}

/// What is wrong with an anchor, or with the ledger that it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorFlaw {
    /// The line is no anchor.
    Unreadable,
    /// Its own hash is not the hash of what it says.
    Hash,
    /// It does not name the hash of the anchor before: one was changed, removed or added.
    Chain,
    /// Its day is not the one after that of the anchor before.
    Day,
    /// Its numbers do not follow those of the anchor before.
    Range,
    /// The ledger ends before the number up to which it was anchored.
    Short,
    /// The ledger's rows have another Merkle root than those that were anchored.
    Root,
    /// The ledger's last row has another hash than the one that was anchored.
    LedgerHash,
}

/// The first anchor that something is wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnchorProblem {
    /// Its line, from 1.
    pub line: usize,
    /// Its day, where it could be read.
    pub day: Option<Date>,
    /// What it is.
    pub flaw: AnchorFlaw,
}

impl fmt::Display for AnchorFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "the line is no anchor",
            Self::Hash => "the anchor was changed",
            Self::Chain => "the anchor does not follow from the one before",
            Self::Day => "the anchor's day does not follow the day before",
            Self::Range => "the anchor's numbers do not follow those before",
            Self::Short => "the ledger ends before what was anchored",
            Self::Root | Self::LedgerHash => "the ledger is not the one that was anchored",
        })
    }
}

impl fmt::Display for AnchorProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.day {
            Some(day) => write!(f, "anchor of {day}: {}", self.flaw),
            None => write!(f, "anchor in line {}: {}", self.line, self.flaw),
        }
    }
}

impl Anchor {
    /// The anchor of a day after another one (`None`: the first), over the rows up to `last` with their root and last hash.
    pub(crate) fn after(
        previous: Option<&Self>,
        day: Date,
        last: i64,
        root: hash::Digest,
        ledger_hash: hash::Digest,
    ) -> Self {
        let first = previous.map_or(0, |anchor| anchor.last) + 1;
        let mut anchor = Self {
            day,
            first,
            last,
            count: last - first + 1,
            root: HexDigest(root),
            ledger_hash: HexDigest(ledger_hash),
            previous: previous.map_or(HexDigest(GENESIS), |anchor| anchor.hash),
            hash: HexDigest(GENESIS),
        };
        anchor.hash = anchor.computed_hash();
        anchor
    }

    /// The hash over what it says, as the module describes it.
    pub fn computed_hash(&self) -> HexDigest {
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN);
        hash::text(&mut hasher, &self.day.to_string());
        for number in [self.first, self.last, self.count] {
            hasher.update(number.to_be_bytes());
        }
        for digest in [self.root, self.ledger_hash, self.previous] {
            hasher.update(digest.0);
        }
        HexDigest(hasher.finalize().into())
    }

    /// Whether the row `global_seq` is among those that it covers.
    pub fn covers(&self, global_seq: i64) -> bool {
        (self.first..=self.last).contains(&global_seq)
    }

    /// What is wrong with it alone.
    fn flaw(&self) -> Option<AnchorFlaw> {
        let numbers = self.first >= 1
            && self.count >= 0
            && self.first.checked_add(self.count) == self.last.checked_add(1);
        if self.hash != self.computed_hash() {
            Some(AnchorFlaw::Hash)
        } else if !numbers {
            Some(AnchorFlaw::Range)
        } else {
            None
        }
    }

    /// What keeps it from following another one.
    fn flaw_after(&self, previous: Option<&Self>) -> Option<AnchorFlaw> {
        let Some(previous) = previous else {
            return match self.first {
                1 if self.previous == HexDigest(GENESIS) => None,
                1 => Some(AnchorFlaw::Chain),
                _ => Some(AnchorFlaw::Range),
            };
        };
        if self.previous != previous.hash {
            Some(AnchorFlaw::Chain)
        } else if previous.day.tomorrow().ok() != Some(self.day) {
            Some(AnchorFlaw::Day)
        } else if previous.last.checked_add(1) != Some(self.first) {
            Some(AnchorFlaw::Range)
        } else {
            None
        }
    }
}

/// Which part of the anchors is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// From the first one on.
    Whole,
    /// From any one on: a copy that was begun later, or the line of a single day.
    Part,
}

/// Whether each anchor is what it says and follows from the one before.
pub(crate) fn check_chain(anchors: &[Anchor], extent: Extent) -> Result<(), AnchorProblem> {
    let mut previous = None;
    for (line, anchor) in (1..).zip(anchors) {
        let flaw = anchor.flaw().or_else(|| match (previous, extent) {
            (None, Extent::Part) => None,
            (previous, _) => anchor.flaw_after(previous),
        });
        if let Some(flaw) = flaw {
            return Err(AnchorProblem {
                line,
                day: Some(anchor.day),
                flaw,
            });
        }
        previous = Some(anchor);
    }
    Ok(())
}

/// The day in Japan of a time in microseconds since 1970-01-01T00:00:00Z. Times that no calendar has are of its first or last day.
pub fn day_of(time_us: i64) -> Date {
    let time = Timestamp::from_microsecond(time_us).unwrap_or(if time_us < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    });
    JAPAN.to_datetime(time).date()
}

/// The first moment after a day in Japan, in microseconds since 1970-01-01T00:00:00Z.
pub(crate) fn end_of(day: Date) -> i64 {
    let end = day
        .tomorrow()
        .and_then(|tomorrow| JAPAN.to_timestamp(tomorrow.at(0, 0, 0, 0)));
    // The last day of the calendar does not end.
    end.map_or(i64::MAX, Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn three() -> Vec<Anchor> {
        let first = Anchor::after(None, date(2026, 6, 3), 5, [1; 32], [2; 32]);
        let empty = Anchor::after(Some(&first), date(2026, 6, 4), 5, [3; 32], [2; 32]);
        let third = Anchor::after(Some(&empty), date(2026, 6, 5), 9, [4; 32], [5; 32]);
        vec![first, empty, third]
    }

    /// The first flaw, with the place of its anchor.
    fn flaw(anchors: &[Anchor]) -> Option<(usize, AnchorFlaw)> {
        let problem = check_chain(anchors, Extent::Whole).err()?;
        Some((problem.line, problem.flaw))
    }

    #[test]
    fn the_hash_is_the_documented_one_byte_for_byte() {
        let anchor = &three()[0];
        let mut bytes = b"eventstore/anchor/1".to_vec();
        bytes.extend(b"\0\0\0\0\0\0\0\x0a2026-06-03");
        for number in [1_u8, 5, 5] {
            bytes.extend([0, 0, 0, 0, 0, 0, 0, number]);
        }
        bytes.extend([1; 32]);
        bytes.extend([2; 32]);
        bytes.extend(GENESIS);
        let expected: hash::Digest = Sha256::digest(&bytes).into();
        assert_eq!(anchor.hash, HexDigest(expected));
    }

    #[test]
    fn a_line_reads_back_as_the_anchor_that_was_written() {
        for anchor in three() {
            let line = serde_json::to_string(&anchor).unwrap();
            assert!(line.starts_with(r#"{"day":"2026-06-0"#), "{line}");
            assert_eq!(serde_json::from_str::<Anchor>(&line).unwrap(), anchor);
        }
    }

    #[test]
    fn anchors_that_follow_each_other_have_no_flaw() {
        assert_eq!(flaw(&three()), None);
        assert_eq!(flaw(&[]), None);
        assert!(check_chain(&three()[1..], Extent::Part).is_ok());
    }

    #[test]
    fn every_field_that_is_changed_is_found() {
        let changes: [fn(&mut Anchor); 7] = [
            |anchor| anchor.day = date(2026, 6, 9),
            |anchor| anchor.first = 7,
            |anchor| anchor.last = 8,
            |anchor| anchor.count = 0,
            |anchor| anchor.root = HexDigest([9; 32]),
            |anchor| anchor.ledger_hash = HexDigest([9; 32]),
            |anchor| anchor.previous = HexDigest([9; 32]),
        ];
        for change in changes {
            let mut anchors = three();
            change(&mut anchors[2]);
            assert_eq!(flaw(&anchors), Some((3, AnchorFlaw::Hash)));
        }
    }

    #[test]
    fn a_change_that_was_hashed_anew_is_found_at_the_next_anchor() {
        let mut anchors = three();
        anchors[0].root = HexDigest([9; 32]);
        anchors[0].hash = anchors[0].computed_hash();
        assert_eq!(flaw(&anchors), Some((2, AnchorFlaw::Chain)));
    }

    #[test]
    fn an_anchor_that_is_taken_out_or_put_twice_is_found() {
        let [first, empty, third] = <[Anchor; 3]>::try_from(three()).unwrap();
        let taken = [first.clone(), third.clone()];
        assert_eq!(flaw(&taken), Some((2, AnchorFlaw::Chain)));
        let beheaded = [empty.clone(), third.clone()];
        assert_eq!(flaw(&beheaded), Some((1, AnchorFlaw::Range)));
        let twice = [first.clone(), empty.clone(), empty];
        assert_eq!(flaw(&twice), Some((3, AnchorFlaw::Chain)));
        let skipped = Anchor::after(Some(&first), date(2026, 6, 5), 9, [4; 32], [5; 32]);
        assert_eq!(flaw(&[first, skipped]), Some((2, AnchorFlaw::Day)));
    }

    #[test]
    fn numbers_that_cannot_be_are_found() {
        let impossible: [fn(&mut Anchor); 3] = [
            |anchor| anchor.count = -1,
            |anchor| (anchor.first, anchor.last, anchor.count) = (i64::MAX, i64::MAX, 1),
            |anchor| (anchor.first, anchor.last, anchor.count) = (0, i64::MIN, i64::MAX),
        ];
        for make in impossible {
            let mut anchors = three();
            make(&mut anchors[0]);
            anchors[0].hash = anchors[0].computed_hash();
            assert_eq!(flaw(&anchors[..1]), Some((1, AnchorFlaw::Range)));
        }
    }

    #[test]
    fn a_day_is_one_of_japan_and_ends_where_the_next_begins() {
        let midnight = "2026-06-04T00:00:00+09:00".parse::<Timestamp>().unwrap();
        let end = midnight.as_microsecond();
        assert_eq!(end_of(date(2026, 6, 3)), end);
        assert_eq!(day_of(end - 1), date(2026, 6, 3));
        assert_eq!(day_of(end), date(2026, 6, 4));
        assert_eq!(day_of(i64::MAX), Date::MAX);
        assert_eq!(day_of(i64::MIN).year(), -9999);
        assert_eq!(end_of(Date::MAX), i64::MAX);
    }
}
