//! What an event says.

use domain::Role;
use domain::access::{AccessEvent, Viewing};
use domain::member::MemberNumber;

use super::entrances::{CameIn, Entrance};
use crate::error::Unreadable;
use crate::feed::FedEvent;

/// Somebody looked at something, or was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub global_seq: i64,
    /// Id of the stream: 会員番号, the word for everybody, or a list.
    pub member: String,
    pub sequence: i64,
    pub actor: String,
    pub role: String,
    pub operation: String,
    pub application: Option<String>,
    pub request_id: String,
    pub viewed_at_us: i64,
    pub refused: bool,
    /// Of a list: whom it showed.
    pub named: Vec<String>,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// An entry of 閲覧記録.
    Looked(Box<Row>),
    /// Somebody came in.
    CameIn(Box<CameIn>),
}

impl Fact {
    pub(super) fn read(event: &FedEvent) -> Result<Self, Unreadable> {
        let came_in = match event.decode()? {
            AccessEvent::PersonalDataViewed { viewing } => {
                return Row::read(event, viewing, (false, Vec::new()));
            }
            AccessEvent::PersonalDataListed { viewing, members } => {
                return Row::read(event, viewing, (false, members.value));
            }
            AccessEvent::AccessRefused { attempt } => {
                return Row::read(event, attempt, (true, Vec::new()));
            }
            AccessEvent::StaffSignedIn { sign_in } => {
                let (actor, at) = (sign_in.account, sign_in.signed_in_at);
                CameIn {
                    duties: Some(sign_in.duties.join(" ")),
                    way: Some(sign_in.way),
                    ..CameIn::of(event, Entrance::SignedIn, actor, at)?
                }
            }
            AccessEvent::AccessEnded { end } => {
                CameIn::of(event, Entrance::AccessEnded, end.by, end.ended_at)?
            }
            AccessEvent::TokenMade { making } => CameIn {
                account: (making.maker.role != Role::System).then(|| making.maker.id.clone()),
                token: Some(making.token),
                client: Some(making.client),
                ..CameIn::of(event, Entrance::TokenMade, making.maker, making.made_at)?
            },
            AccessEvent::TokenRevoked { revocation } => {
                let (actor, at) = (revocation.by, revocation.revoked_at);
                CameIn {
                    token: Some(revocation.token),
                    ..CameIn::of(event, Entrance::TokenRevoked, actor, at)?
                }
            }
            AccessEvent::EarlierTokensSealed { sealing } => {
                let (actor, at) = (sealing.by, sealing.sealed_at);
                CameIn::of(event, Entrance::EarlierTokensSealed, actor, at)?
            }
        };
        Ok(Self::CameIn(Box::new(came_in)))
    }
}

impl Row {
    fn read(
        event: &FedEvent,
        viewing: Viewing,
        (refused, named): (bool, Vec<MemberNumber>),
    ) -> Result<Fact, Unreadable> {
        let metadata = event.metadata()?;
        Ok(Fact::Looked(Box::new(Self {
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
            named: named.into_iter().map(String::from).collect(),
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::metadata;

    fn looked(name: &str) -> Row {
        match Fact::read(&event_of(name, name)).unwrap() {
            Fact::Looked(row) => *row,
            other @ Fact::CameIn(_) => panic!("{other:?}"),
        }
    }

    fn came_in(name: &str, stream: &str) -> CameIn {
        let event = FedEvent {
            id: stream.to_owned(),
            ..event_of(name, name)
        };
        match Fact::read(&event).unwrap() {
            Fact::CameIn(row) => *row,
            other @ Fact::Looked(_) => panic!("{other:?}"),
        }
    }

    /// The example of one event under the name of another.
    fn event_of(example: &str, name: &str) -> FedEvent {
        let file = format!(
            "{}/../domain/corpus/access/{example}@1.0.json",
            env!("CARGO_MANIFEST_DIR")
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
        let row = looked("PersonalDataViewed");
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
    fn a_list_says_whom_it_showed() {
        let row = looked("PersonalDataListed");
        assert_eq!(row.operation, "GET /api/v1/applications");
        assert_eq!(row.named, ["9000001", "9000002"]);
    }

    #[test]
    fn a_sign_in_says_who_came_in_with_which_duties() {
        let account = "account:staff/248289761001";
        let row = came_in("StaffSignedIn", account);
        assert_eq!(row.event, Entrance::SignedIn);
        assert_eq!(row.account.as_deref(), Some("staff/248289761001"));
        assert_eq!(row.duties.as_deref(), Some("view administer"));
        assert_eq!(row.way.as_deref(), Some("staff"));
        let row = came_in("AccessEnded", account);
        assert_eq!(row.account.as_deref(), Some("staff/248289761001"));
    }

    #[test]
    fn a_token_says_who_answers_for_it() {
        let id = uuid::Uuid::from_u128(1);
        let row = came_in("TokenMade", &format!("token:{id}"));
        assert_eq!(row.account.as_deref(), Some("staff/248289761001"));
        assert_eq!((row.token, row.event), (Some(id), Entrance::TokenMade));
        let row = came_in("TokenRevoked", &format!("token:{id}"));
        assert_eq!((row.token, row.account), (Some(id), None));
        let row = came_in("EarlierTokensSealed", "*");
        assert_eq!(row.actor.label(), "system:command-line");
    }

    #[test]
    fn an_event_that_the_program_does_not_know_is_refused_by_name() {
        let refused = Fact::read(&event_of("PersonalDataViewed", "Overheard")).unwrap_err();
        assert!(refused.to_string().contains("Overheard"), "{refused}");
    }
}
