//! The one definition of what is hashed, for both databases and for a verifier that has only an export.
//!
//! ```text
//! content = SHA-256( "eventstore/content/1"
//!                    ‖ str(aggregate_type) ‖ str(aggregate_id) ‖ i64(sequence)
//!                    ‖ str(event_type) ‖ str(event_version)
//!                    ‖ str(payload) ‖ str(metadata)
//!                    ‖ command_id (16 bytes) ‖ i64(recorded_at_us) )
//! chain   = SHA-256( previous chain ‖ i64(global_seq) ‖ content )
//! str(s)  = length of s in bytes as 8 bytes, most significant first, then s in UTF-8
//! i64(n)  = 8 bytes, two's complement, most significant first
//! ```
//!
//! `payload` and `metadata` are the stored texts byte for byte, not their meaning. Each text carries its length, so
//! no two different events have the same encoding. The first chain hash follows [`GENESIS`].

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// A digest as it stands in a text: 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HexDigest(pub Digest);

impl fmt::Display for HexDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for HexDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for HexDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HexDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut digest = [0; 32];
        match hex::decode_to_slice(&text, &mut digest) {
            // One way to write it: whoever compares texts and whoever compares digests come to the same.
            Ok(()) if !text.contains(|c: char| c.is_ascii_uppercase()) => Ok(Self(digest)),
            _ => Err(de::Error::custom("no SHA-256 in hexadecimal digits")),
        }
    }
}

const CONTENT_DOMAIN: &[u8] = b"eventstore/content/1";

/// What the first ledger row is chained to: SHA-256 of `eventstore/genesis/1`. The migrations write the same bytes.
pub const GENESIS: Digest = [
    0xc9, 0x81, 0x2d, 0x3f, 0x3b, 0xdc, 0x93, 0xae, 0x71, 0x47, 0x9f, 0xef, 0x5a, 0xa0, 0x40, 0x2d,
    0x8d, 0xfb, 0x8e, 0x7d, 0x87, 0xda, 0xa6, 0x06, 0x6b, 0x74, 0x72, 0x84, 0x9e, 0xce, 0x11, 0xc3,
];

/// Everything of an event that its hash covers.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// The type of the stream.
    pub aggregate_type: &'a str,
    /// The id of the stream.
    pub aggregate_id: &'a str,
    /// The event's number in its stream, from 1.
    pub sequence: i64,
    /// The name of the event.
    pub event_type: &'a str,
    /// The version of the event's shape.
    pub event_version: &'a str,
    /// The stored text of the payload.
    pub payload: &'a str,
    /// The stored text of the metadata.
    pub metadata: &'a str,
    /// The command that caused the event.
    pub command_id: Uuid,
    /// When it was recorded, microseconds since 1970-01-01T00:00:00Z.
    pub recorded_at_us: i64,
}

impl Content<'_> {
    /// The content hash, as the module describes it.
    pub fn hash(&self) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(CONTENT_DOMAIN);
        text(&mut hasher, self.aggregate_type);
        text(&mut hasher, self.aggregate_id);
        hasher.update(self.sequence.to_be_bytes());
        text(&mut hasher, self.event_type);
        text(&mut hasher, self.event_version);
        text(&mut hasher, self.payload);
        text(&mut hasher, self.metadata);
        hasher.update(self.command_id.as_bytes());
        hasher.update(self.recorded_at_us.to_be_bytes());
        hasher.finalize().into()
    }
}

/// The chain hash of the ledger row `global_seq`, whose event has `content`, after the row with `previous`.
pub fn chain(previous: &Digest, global_seq: i64, content: &Digest) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(global_seq.to_be_bytes());
    hasher.update(content);
    hasher.finalize().into()
}

/// A text with its length before it, as the module describes it.
pub(crate) fn text(hasher: &mut Sha256, text: &str) {
    // A usize never exceeds 64 bits on any platform that Rust supports.
    hasher.update((text.len() as u64).to_be_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: Content<'_> = Content {
        aggregate_type: "counter",
        aggregate_id: "a",
        sequence: 1,
        event_type: "Added",
        event_version: "1.0",
        payload: r#"{"by":1}"#,
        metadata: "{}",
        command_id: Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10),
        recorded_at_us: 1_780_000_000_000_000,
    };

    #[test]
    fn genesis_is_the_hash_of_its_name() {
        assert_eq!(
            GENESIS,
            Digest::from(Sha256::digest(b"eventstore/genesis/1"))
        );
    }

    #[test]
    fn both_migrations_begin_at_genesis() {
        for sql in [
            include_str!("../../migrations/sqlite/0002_ledger.sql"),
            include_str!("../../migrations/postgres/0002_ledger.sql"),
        ] {
            assert!(sql.contains(&hex::encode(GENESIS)));
        }
    }

    #[test]
    fn the_encoding_is_the_documented_one_byte_for_byte() {
        // Built by hand from the description, so that a change of the code can not change both sides.
        let mut bytes = b"eventstore/content/1".to_vec();
        bytes.extend(b"\0\0\0\0\0\0\0\x07counter");
        bytes.extend(b"\0\0\0\0\0\0\0\x01a");
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        bytes.extend(b"\0\0\0\0\0\0\0\x05Added");
        bytes.extend(b"\0\0\0\0\0\0\0\x031.0");
        bytes.extend(b"\0\0\0\0\0\0\0\x08{\"by\":1}");
        bytes.extend(b"\0\0\0\0\0\0\0\x02{}");
        bytes.extend(1..=16_u8);
        bytes.extend(1_780_000_000_000_000_i64.to_be_bytes());
        assert_eq!(EVENT.hash(), Digest::from(Sha256::digest(&bytes)));
    }

    #[test]
    fn the_hash_never_changes_between_releases() {
        assert_eq!(
            hex::encode(EVENT.hash()),
            "acc61efe685e2d171f2e2ac1fb3e2d3c0c137ed15962a8971bd2bb1c529d7d48"
        );
        assert_eq!(
            hex::encode(chain(&GENESIS, 1, &EVENT.hash())),
            "e8399729b8d5c88820cd19e78e079b0cb6526c6c6120af00ab6e6f586a4d7742"
        );
    }

    #[test]
    fn a_digest_is_read_as_it_is_written_and_in_no_other_way() {
        let written = serde_json::to_string(&HexDigest(GENESIS)).unwrap();
        assert_eq!(written, format!("\"{}\"", hex::encode(GENESIS)));
        assert_eq!(
            serde_json::from_str::<HexDigest>(&written).unwrap(),
            HexDigest(GENESIS)
        );
        for other in [
            written.to_uppercase(),
            written.replace("c9812d", "c9812"),
            "\"\"".to_owned(),
            "null".to_owned(),
        ] {
            assert!(
                serde_json::from_str::<HexDigest>(&other).is_err(),
                "{other}"
            );
        }
    }

    #[test]
    fn moving_a_letter_across_a_field_border_changes_the_hash() {
        let moved = Content {
            aggregate_type: "counte",
            aggregate_id: "ra",
            ..EVENT
        };
        assert_ne!(moved.hash(), EVENT.hash());
    }

    #[test]
    fn every_field_is_covered() {
        let changed = [
            Content {
                aggregate_type: "x",
                ..EVENT
            },
            Content {
                aggregate_id: "x",
                ..EVENT
            },
            Content {
                sequence: 2,
                ..EVENT
            },
            Content {
                event_type: "x",
                ..EVENT
            },
            Content {
                event_version: "x",
                ..EVENT
            },
            Content {
                payload: r#"{"by": 1}"#,
                ..EVENT
            },
            Content {
                metadata: "[]",
                ..EVENT
            },
            Content {
                command_id: Uuid::nil(),
                ..EVENT
            },
            Content {
                recorded_at_us: 0,
                ..EVENT
            },
        ];
        for content in changed {
            assert_ne!(content.hash(), EVENT.hash(), "{content:?}");
        }
    }

    #[test]
    fn the_same_event_at_another_place_has_another_chain_hash() {
        let content = EVENT.hash();
        assert_ne!(chain(&GENESIS, 1, &content), chain(&GENESIS, 2, &content));
        assert_ne!(chain(&GENESIS, 1, &content), chain(&content, 1, &content));
    }
}
