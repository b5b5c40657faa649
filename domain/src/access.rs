//! 閲覧記録: who looked at whose personal data.
//!
//! Stream `access.<会員番号>`, or `access.*` for what shows many members at once. Members looking at what is their own leave no
//! entry. The entries are events like all others, so that nobody can take one out of the chain.

use cqrs_es::{Aggregate, event_sink::EventSink};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Actor, application::ApplicationId, member::MemberNumber};

/// The same person looking at the same thing again within so long is the same looking: a screen that asks every few seconds and a
/// person who goes back and forth would otherwise bury the entry that matters.
pub const FOLDED: SignedDuration = SignedDuration::from_mins(10);

/// Whose data it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// 会員
    Member(MemberNumber),
    /// Many members at once: a list, a search.
    Everybody,
}

/// No 会員番号 has this character.
const EVERYBODY: &str = "*";

impl Whose {
    /// Id of the stream.
    pub fn id(&self) -> &str {
        match self {
            Self::Member(number) => number.as_str(),
            Self::Everybody => EVERYBODY,
        }
    }

    /// Reads the id of a stream; `None` for what is none.
    pub fn parse(id: &str) -> Option<Self> {
        if id == EVERYBODY {
            return Some(Self::Everybody);
        }
        MemberNumber::parse(id).ok().map(Self::Member)
    }
}

/// Somebody looks at something of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewing {
    /// Who.
    pub viewer: Actor,
    /// What: method and route (`GET /api/v1/applications/{id}/history`) or command (`shinsei print`). Never a query.
    pub operation: String,
    /// Of which application, if it is one.
    pub application: Option<ApplicationId>,
    /// When, by the service's clock.
    pub viewed_at: Timestamp,
}

impl Viewing {
    fn is_of_the_same(&self, other: &Self) -> bool {
        self.viewer == other.viewer
            && self.operation == other.operation
            && self.application == other.application
    }
}

/// Events of the stream `access.<会員番号>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AccessEvent {
    /// 閲覧, written before the data is handed out.
    PersonalDataViewed {
        /// Who, what and when.
        viewing: Viewing,
    },
}

impl cqrs_es::DomainEvent for AccessEvent {
    fn event_type(&self) -> String {
        match self {
            Self::PersonalDataViewed { .. } => "PersonalDataViewed",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

/// Nothing is refused: whether somebody may look is decided before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessRefusal {}

/// What of a member was looked at lately: as much as folding needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Access {
    recent: Vec<Viewing>,
}

/// The entry that a viewing makes, unless it is one with an earlier.
pub fn decide(access: &Access, viewing: Viewing) -> Vec<AccessEvent> {
    let folded = access.recent.iter().any(|earlier| {
        earlier.is_of_the_same(&viewing)
            && earlier.viewed_at <= viewing.viewed_at
            && viewing.viewed_at < earlier.viewed_at + FOLDED
    });
    if folded {
        Vec::new()
    } else {
        vec![AccessEvent::PersonalDataViewed { viewing }]
    }
}

impl Aggregate for Access {
    const TYPE: &'static str = "access";
    type Command = Viewing;
    type Event = AccessEvent;
    type Error = AccessRefusal;
    type Services = ();

    async fn handle(
        &mut self,
        viewing: Viewing,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), AccessRefusal> {
        for event in decide(self, viewing) {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: AccessEvent) {
        let AccessEvent::PersonalDataViewed { viewing } = event;
        let now = viewing.viewed_at;
        self.recent.retain(|earlier| {
            now < earlier.viewed_at + FOLDED && !earlier.is_of_the_same(&viewing)
        });
        self.recent.push(viewing);
    }
}

#[cfg(test)]
pub(crate) mod examples {
    use super::*;
    use crate::Role;

    pub(crate) fn viewing() -> Viewing {
        Viewing {
            viewer: Actor {
                role: Role::Secretariat,
                id: "demo".to_owned(),
            },
            operation: "GET /api/v1/applications/{id}/history".to_owned(),
            application: ApplicationId::parse("specialist-renewal-4th-2026.9000001").ok(),
            viewed_at: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(494_577),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    /// How many entries these viewings make.
    fn entries(viewings: &[Viewing]) -> usize {
        let mut access = Access::default();
        let mut entries = 0;
        for viewing in viewings {
            for event in decide(&access, viewing.clone()) {
                entries += 1;
                access.apply(event);
            }
        }
        entries
    }

    fn after(minutes: i64) -> Viewing {
        let first = examples::viewing();
        Viewing {
            viewed_at: first.viewed_at + minutes.minutes(),
            ..first
        }
    }

    #[test]
    fn looking_again_within_ten_minutes_is_the_same_looking() {
        assert_eq!(entries(&[after(0), after(0), after(9)]), 1);
        assert_eq!(entries(&[after(0), after(10)]), 2);
        // An hour before a screen that asks each minute: an entry for each ten minutes, not one for the hour.
        let hour: Vec<_> = (0..60).map(after).collect();
        assert_eq!(entries(&hour), 6);
    }

    #[test]
    fn another_person_another_thing_and_another_application_are_entries_of_their_own() {
        let mut somebody = after(1);
        somebody.viewer.id = "other".to_owned();
        let mut thing = after(2);
        thing.operation = "GET /api/v1/applications/{id}".to_owned();
        let mut application = after(3);
        application.application = None;
        let all = [after(0), somebody, thing, application];
        assert_eq!(entries(&all), 4);
        let twice: Vec<_> = all.iter().chain(&all[1..]).cloned().collect();
        assert_eq!(entries(&twice), 4);
    }

    #[test]
    fn a_clock_that_was_put_back_hides_nothing() {
        assert_eq!(entries(&[after(60), after(0)]), 2);
    }

    #[test]
    fn what_is_remembered_does_not_grow_with_the_years() {
        let mut access = Access::default();
        for minutes in (0..10_000).step_by(3) {
            for event in decide(&access, after(minutes)) {
                access.apply(event);
            }
        }
        assert_eq!(access.recent.len(), 1);
    }

    #[test]
    fn a_stream_is_of_a_member_or_of_everybody() {
        let member = Whose::Member(MemberNumber::parse("9000001").unwrap());
        for whose in [member, Whose::Everybody] {
            assert_eq!(Whose::parse(whose.id()), Some(whose));
        }
        assert_eq!(Whose::parse("no number"), None);
    }
}
