//! What an event says.

use domain::access::AccessEvent;

use crate::error::Unreadable;
use crate::feed::FedEvent;

/// Somebody looked at something, or was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub global_seq: i64,
    /// Id of the stream: 会員番号, or the word for everybody.
    pub member: String,
    pub sequence: i64,
    pub actor: String,
    pub role: String,
    pub operation: String,
    pub application: Option<String>,
    pub request_id: String,
    pub viewed_at_us: i64,
    pub refused: bool,
}

impl Row {
    pub(super) fn read(event: &FedEvent) -> Result<Self, Unreadable> {
        let (viewing, refused) = match event.decode()? {
            AccessEvent::PersonalDataViewed { viewing } => (viewing, false),
            AccessEvent::AccessRefused { attempt } => (attempt, true),
        };
        let metadata = event.metadata()?;
        Ok(Self {
            global_seq: event.global_seq,
            member: event.id.clone(),
            sequence: event.sequence,
            actor: viewing.viewer.label(),
            role: viewing.viewer.role.as_str().to_owned(),
            operation: viewing.operation,
            application: viewing.application.map(|id| id.to_string()),
            request_id: metadata.correlation_id.to_string(),
            viewed_at_us: viewing.viewed_at.as_microsecond(),
            refused,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::metadata;

    fn event(name: &str) -> FedEvent {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../domain/corpus/access/PersonalDataViewed@1.0.json"
        );
        FedEvent {
            global_seq: 7,
            stream: "access",
            id: "9000001".to_owned(),
            sequence: 2,
            event_type: name.to_owned(),
            event_version: "1.0".to_owned(),
            payload: Some(std::fs::read_to_string(file).unwrap()),
            metadata: serde_json::to_string(&metadata(7)).unwrap(),
        }
    }

    #[test]
    fn an_entry_says_who_looked_at_whom_where_and_when() {
        let row = Row::read(&event("PersonalDataViewed")).unwrap();
        assert_eq!((row.global_seq, row.sequence), (7, 2));
        assert_eq!(row.member, "9000001");
        assert_eq!(
            (&*row.actor, &*row.role),
            ("secretariat:demo", "secretariat")
        );
        assert_eq!(row.operation, "GET /api/v1/applications/{id}/history");
        assert_eq!(
            row.application.as_deref(),
            Some("specialist-renewal-4th-2026.9000001")
        );
        assert_eq!(row.viewed_at_us, crate::examples::START_US);
    }

    #[test]
    fn an_event_that_the_program_does_not_know_is_refused_by_name() {
        let refused = Row::read(&event("Overheard")).unwrap_err();
        assert!(refused.to_string().contains("Overheard"), "{refused}");
    }
}
