//! Who, when and why: required on every event, built by one type and never a loose map.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Error;

/// What is recorded about the decision behind each event. The time at which the database recorded it is separate
/// ([`RecordedEvent::recorded_at_us`](crate::RecordedEvent::recorded_at_us)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Who decided: an identity of the service, never a name.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// The idempotency key of the command.
    pub command_id: Uuid,
    /// What belongs together across commands (a request, an import).
    pub correlation_id: Uuid,
    /// The command or event that caused this command, if it was not a person.
    pub causation_id: Option<Uuid>,
    /// Why, where a reason is asked for.
    pub reason: Option<String>,
    /// In whose place it was done where one person is not enough, in a word of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// The version of the rules that were applied.
    pub rules_version: String,
    /// The version of the software that decided.
    pub software_version: String,
    /// The time of the decision, microseconds since 1970-01-01T00:00:00Z.
    pub decided_at_us: i64,
}

/// A command's metadata with the hash of its request, by which a repeated id is told from a re-used one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What is stored with every event of the command.
    pub metadata: Metadata,
    /// A hash over the request as it came in; the caller chooses what counts as the same request.
    pub request_hash: [u8; 32],
}

/// What the metadata column holds: the typed metadata and the request hash, so that the chain covers the latter too.
#[derive(Serialize, Deserialize)]
struct Column {
    #[serde(flatten)]
    metadata: Metadata,
    request_hash: String,
}

/// The only key in the map that `cqrs-es` carries from `execute_with_metadata` to `persist`.
const KEY: &str = "envelope";

impl Envelope {
    /// The text of the metadata column.
    pub(crate) fn to_column(&self) -> Result<String, Error> {
        serde_json::to_string(&Column {
            metadata: self.metadata.clone(),
            request_hash: hex::encode(self.request_hash),
        })
        .map_err(|_| Error::UnserializableMetadata)
    }

    /// Reads the metadata column back; `None` when it is not one of ours.
    pub(crate) fn from_column(text: &str) -> Option<Self> {
        let column: Column = serde_json::from_str(text).ok()?;
        let mut request_hash = [0; 32];
        hex::decode_to_slice(column.request_hash, &mut request_hash).ok()?;
        Some(Self {
            metadata: column.metadata,
            request_hash,
        })
    }

    /// The envelope as the map that `cqrs-es` passes through.
    pub(crate) fn to_map(&self) -> Result<HashMap<String, String>, Error> {
        Ok(HashMap::from([(KEY.to_owned(), self.to_column()?)]))
    }

    /// The envelope out of the metadata of a serialized event, with the text to store.
    pub(crate) fn from_map(map: &serde_json::Value) -> Option<(Self, String)> {
        let text = map.get(KEY)?.as_str()?;
        Some((Self::from_column(text)?, text.to_owned()))
    }

    /// The map that `cqrs-es` expects on reading, from a stored column.
    pub(crate) fn column_to_map(column: &serde_json::Value) -> serde_json::Value {
        serde_json::json!({ KEY: column.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Envelope {
        Envelope {
            metadata: Metadata {
                actor: "member:1".into(),
                role: "member".into(),
                command_id: Uuid::from_u128(1),
                correlation_id: Uuid::from_u128(2),
                causation_id: None,
                reason: Some("訂正".into()),
                approval: None,
                rules_version: "r".into(),
                software_version: "s".into(),
                decided_at_us: 1_780_000_000_000_000,
            },
            request_hash: [7; 32],
        }
    }

    #[test]
    fn the_column_reads_back_as_the_envelope_that_was_written() {
        let text = envelope().to_column().unwrap();
        assert_eq!(Envelope::from_column(&text).unwrap(), envelope());
    }

    #[test]
    fn a_column_from_before_there_were_approvals_reads_back_and_is_written_as_it_was() {
        let text = envelope().to_column().unwrap();
        assert!(!text.contains("approval"), "{text}");
        let mut approved = envelope();
        approved.metadata.approval = Some("two_persons".into());
        let column = approved.to_column().unwrap();
        assert_eq!(Envelope::from_column(&column).unwrap(), approved);
    }

    #[test]
    fn the_map_of_cqrs_es_carries_the_exact_text_of_the_column() {
        let map = serde_json::to_value(envelope().to_map().unwrap()).unwrap();
        let (read, text) = Envelope::from_map(&map).unwrap();
        assert_eq!(read, envelope());
        assert_eq!(text, envelope().to_column().unwrap());
    }

    #[test]
    fn a_loose_map_is_not_an_envelope() {
        assert!(Envelope::from_map(&serde_json::json!({"actor": "somebody"})).is_none());
        assert!(Envelope::from_map(&serde_json::json!({"envelope": "{}"})).is_none());
    }
}
