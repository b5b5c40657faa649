//! The proof of one stream: its events as they were hashed, their places in the ledger, and for each the way to an anchor's root.
//!
//! It is one JSON document that can be checked without any database ([`crate::check_proof`]; `docs/verify-export.py` does the same
//! with nothing of ours). What is hashed how stands in [`crate::hash`], [`crate::merkle`] and [`Anchor`].

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use crate::append::now_us;
use crate::error::{Error, Stage};
use crate::hash::{self, Content, Digest, GENESIS, HexDigest};
use crate::ledger::anchor::{Anchor, AnchorFlaw, AnchorProblem, Extent, check_chain};
use crate::ledger::anchoring::hashes;
use crate::ledger::merkle::Tree;
use crate::log::EventLog;
use crate::on_database;

/// What the document says it is.
pub const FORMAT: &str = "eventstore/stream-proof";

/// The version of its shape.
pub const VERSION: u32 = 1;

/// The history of one stream with what proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamProof {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// Which stream.
    pub stream: StreamName,
    /// When it was made, microseconds since 1970-01-01T00:00:00Z.
    pub exported_at_us: i64,
    /// Where stream and ledger ended then.
    pub head: ProofHead,
    /// Every event of the stream, from its first.
    pub events: Vec<ProvedEvent>,
    /// Every anchor there was, from the first.
    pub anchors: Vec<Anchor>,
}

/// The name of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamName {
    /// Its type.
    pub aggregate_type: String,
    /// Its id.
    pub aggregate_id: String,
}

/// Where stream and ledger ended when a proof was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofHead {
    /// How many events the stream had.
    pub events: i64,
    /// The last number of the ledger.
    pub global_seq: i64,
    /// The chain hash of that row.
    pub hash: HexDigest,
}

/// An event as it was hashed, with its place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvedEvent {
    /// Its number in the stream, from 1.
    pub sequence: i64,
    /// Its name.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// The stored text of the payload, byte for byte.
    pub payload: String,
    /// The stored text of the metadata, byte for byte.
    pub metadata: String,
    /// The command that caused it.
    pub command_id: Uuid,
    /// When it was recorded, microseconds since 1970-01-01T00:00:00Z.
    pub recorded_at_us: i64,
    /// The hash over all of the above and the stream's name.
    pub content_hash: HexDigest,
    /// Its place in the ledger.
    pub ledger: ProvedRow,
    /// The way to the root of the anchor that covers it; `None`: not anchored yet.
    pub anchor: Option<AuditPath>,
}

/// A row of the ledger with the hash that it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvedRow {
    /// Its number.
    pub global_seq: i64,
    /// The chain hash of the row before; for the first one [`GENESIS`].
    pub previous_hash: HexDigest,
    /// Its chain hash.
    pub hash: HexDigest,
}

/// The way from a row of the ledger to the root of an anchor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditPath {
    /// The day of the anchor.
    pub day: Date,
    /// The hashes beside the way, nearest first. Which leaf of how many it is follows from the row's number and the anchor.
    pub path: Vec<HexDigest>,
}

impl ProvedEvent {
    /// What its content hash covers.
    pub fn content<'a>(&'a self, stream: &'a StreamName) -> Content<'a> {
        Content {
            aggregate_type: &stream.aggregate_type,
            aggregate_id: &stream.aggregate_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload,
            metadata: &self.metadata,
            command_id: self.command_id,
            recorded_at_us: self.recorded_at_us,
        }
    }
}

impl ProvedRow {
    /// The chain hash that follows from the row before and an event's content.
    pub fn computed_hash(&self, content: &HexDigest) -> HexDigest {
        HexDigest(hash::chain(
            &self.previous_hash.0,
            self.global_seq,
            &content.0,
        ))
    }
}

#[derive(FromRow)]
struct Row {
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: String,
    command_id: Uuid,
    recorded_at_us: i64,
    content_hash: Vec<u8>,
    global_seq: Option<i64>,
    chain_hash: Option<Vec<u8>>,
    previous_hash: Option<Vec<u8>>,
}

impl TryFrom<Row> for ProvedEvent {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let (Some(global_seq), Some(chain_hash)) = (row.global_seq, row.chain_hash) else {
            return Err(Error::Unsealed);
        };
        let previous_hash = match row.previous_hash {
            Some(previous) => digest(previous)?,
            None if global_seq == 1 => HexDigest(GENESIS),
            None => return Err(Error::Inconsistent("a number is missing from the ledger")),
        };
        Ok(Self {
            sequence: row.sequence,
            event_type: row.event_type,
            event_version: row.event_version,
            payload: row.payload,
            metadata: row.metadata,
            command_id: row.command_id,
            recorded_at_us: row.recorded_at_us,
            content_hash: digest(row.content_hash)?,
            ledger: ProvedRow {
                global_seq,
                previous_hash,
                hash: digest(chain_hash)?,
            },
            anchor: None,
        })
    }
}

fn digest(bytes: Vec<u8>) -> Result<HexDigest, Error> {
    Digest::try_from(bytes)
        .map(HexDigest)
        .map_err(|_| Error::Inconsistent("a hash is no SHA-256"))
}

impl EventLog {
    /// The proof of an aggregate's whole stream against the anchors there are; `None` when it has no event. It reads the stream and
    /// the hashes of each day on which it has an event.
    ///
    /// # Errors
    ///
    /// [`Error::Unsealed`] while the last events have no ledger number (PostgreSQL, for moments); [`Error::Anchor`] when the ledger
    /// is not the one that was anchored: what would be handed out is no proof; [`Error::Database`].
    pub async fn proof<A: Aggregate>(
        &self,
        id: &str,
        anchors: Vec<Anchor>,
    ) -> Result<Option<StreamProof>, Error> {
        check_chain(&anchors, Extent::Whole).map_err(Error::Anchor)?;
        let rows: Vec<Row> = on_database!(self.database(), pool => {
            sqlx::query_as(include_str!("sql/proof.sql"))
                .bind(A::TYPE)
                .bind(id)
                .fetch_all(pool)
                .await
        })
        .map_err(Error::at(Stage::Prove))?;
        // After the events, so that it does not lie before one of them.
        let (global_seq, hash): (i64, Vec<u8>) = on_database!(self.database(), pool => {
            sqlx::query_as("SELECT global_seq, chain_hash FROM ledger_head").fetch_one(pool).await
        })
        .map_err(Error::at(Stage::Prove))?;
        let mut events = rows
            .into_iter()
            .map(ProvedEvent::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        let Some(last) = events.last() else {
            return Ok(None);
        };
        let head = ProofHead {
            events: last.sequence,
            global_seq,
            hash: digest(hash)?,
        };
        self.add_paths(&mut events, &anchors).await?;
        Ok(Some(StreamProof {
            format: FORMAT.to_owned(),
            version: VERSION,
            stream: StreamName {
                aggregate_type: A::TYPE.to_owned(),
                aggregate_id: id.to_owned(),
            },
            exported_at_us: now_us(),
            head,
            events,
            anchors,
        }))
    }

    /// Adds to each event that is anchored its way to the root. One anchor's tree is in memory at a time.
    async fn add_paths(&self, events: &mut [ProvedEvent], anchors: &[Anchor]) -> Result<(), Error> {
        let mut by_anchor: BTreeMap<usize, Vec<&mut ProvedEvent>> = BTreeMap::new();
        for event in events {
            // Ranges rise, so the first that does not end before the event is the one that covers it, if any does.
            let number = event.ledger.global_seq;
            let place = anchors.partition_point(|anchor| anchor.last < number);
            if anchors.get(place).is_some_and(|one| one.covers(number)) {
                by_anchor.entry(place).or_default().push(event);
            }
        }
        for (place, events) in by_anchor {
            // Places come from `anchors`.
            let anchor = &anchors[place];
            let leaves = hashes(self.database(), anchor.first - 1, anchor.last).await?;
            let tree = Tree::new(leaves.iter().map(<[u8; 32]>::as_slice));
            if tree.root() != anchor.root.0 {
                return Err(Error::Anchor(AnchorProblem {
                    line: place + 1,
                    day: Some(anchor.day),
                    flaw: AnchorFlaw::Root,
                }));
            }
            for event in events {
                let leaf = u64::try_from(event.ledger.global_seq - anchor.first).ok();
                let path = leaf
                    .and_then(|leaf| tree.path(leaf))
                    .ok_or(Error::Inconsistent("a number is missing from the ledger"))?;
                event.anchor = Some(AuditPath {
                    day: anchor.day,
                    path: path.into_iter().map(HexDigest).collect(),
                });
            }
        }
        Ok(())
    }
}
