//! 閲覧記録: who looked at whose personal data, and who was refused.
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

/// Somebody looks at something of a member, or wants to do something.
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

/// What happened at the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessCommand {
    /// It is going to be shown.
    View(Viewing),
    /// It was refused, as the person's duties do not hold it.
    Refuse(Viewing),
}

/// Events of the stream `access.<会員番号>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AccessEvent {
    /// 閲覧, written before the data is handed out.
    PersonalDataViewed {
        /// Who, what and when.
        viewing: Viewing,
    },
    /// 権限のない操作: it was refused and nothing was shown or done. In `access.*`, as an address that is refused is not read.
    AccessRefused {
        /// Who, what and when.
        attempt: Viewing,
    },
}

impl cqrs_es::DomainEvent for AccessEvent {
    fn event_type(&self) -> String {
        match self {
            Self::PersonalDataViewed { .. } => "PersonalDataViewed",
            Self::AccessRefused { .. } => "AccessRefused",
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
    /// Refused: who may look a minute later makes an entry then.
    #[serde(default)]
    refused: Vec<Viewing>,
}

/// The entry that a viewing or a refusal makes, unless it is one with an earlier.
pub fn decide(access: &Access, command: AccessCommand) -> Vec<AccessEvent> {
    let is_folded = |into: &[Viewing], viewing: &Viewing| {
        into.iter().any(|earlier| {
            earlier.is_of_the_same(viewing)
                && earlier.viewed_at <= viewing.viewed_at
                && viewing.viewed_at < earlier.viewed_at + FOLDED
        })
    };
    match command {
        AccessCommand::View(viewing) if !is_folded(&access.recent, &viewing) => {
            vec![AccessEvent::PersonalDataViewed { viewing }]
        }
        AccessCommand::Refuse(attempt) if !is_folded(&access.refused, &attempt) => {
            vec![AccessEvent::AccessRefused { attempt }]
        }
        AccessCommand::View(_) | AccessCommand::Refuse(_) => Vec::new(),
    }
}

impl Aggregate for Access {
    const TYPE: &'static str = "access";
    type Command = AccessCommand;
    type Event = AccessEvent;
    type Error = AccessRefusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: AccessCommand,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), AccessRefusal> {
        for event in decide(self, command) {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: AccessEvent) {
        let (lately, viewing) = match event {
            AccessEvent::PersonalDataViewed { viewing } => (&mut self.recent, viewing),
            AccessEvent::AccessRefused { attempt } => (&mut self.refused, attempt),
        };
        let now = viewing.viewed_at;
        lately.retain(|earlier| {
            now < earlier.viewed_at + FOLDED && !earlier.is_of_the_same(&viewing)
        });
        lately.push(viewing);
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
        entries_of(viewings.iter().cloned().map(AccessCommand::View))
    }

    fn entries_of(commands: impl IntoIterator<Item = AccessCommand>) -> usize {
        let mut access = Access::default();
        let mut entries = 0;
        for command in commands {
            for event in decide(&access, command) {
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
    fn what_was_refused_is_an_entry_once_in_ten_minutes_and_hides_no_viewing() {
        let (view, refuse) = (AccessCommand::View, AccessCommand::Refuse);
        let refusals = [0, 0, 9, 10].map(|minutes| refuse(after(minutes)));
        assert_eq!(entries_of(refusals), 2);
        assert_eq!(
            entries_of([refuse(after(0)), view(after(1)), refuse(after(2))]),
            2
        );
    }

    #[test]
    fn a_clock_that_was_put_back_hides_nothing() {
        assert_eq!(entries(&[after(60), after(0)]), 2);
    }

    #[test]
    fn what_is_remembered_does_not_grow_with_the_years() {
        let mut access = Access::default();
        for minutes in (0..10_000).step_by(3) {
            for event in decide(&access, AccessCommand::View(after(minutes))) {
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
