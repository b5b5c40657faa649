//! 閲覧記録: who looked at whose personal data, and who was refused; and who came in: sign-ins of staff, and tokens of machine clients.
//!
//! Stream `access.<会員番号>`; `access.list:<id>` for a list or a file, whose entry names its members, and stands in the record of each;
//! `access.*` for what names nobody; `access.account:<account>` and `access.token:<id>`. Members looking at what is their own leave no
//! entry. The entries are events like all others, so that nobody can take one out of the chain.

mod account;
mod token;

use std::borrow::Cow;
use std::collections::BTreeSet;

use cqrs_es::{Aggregate, event_sink::EventSink};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use account::{Account, DEMONSTRATION, EndOfAccess, SignIn};
pub use token::{AWAY, Making, Revocation, Sealing, Token, TokenEnd};

use crate::{Actor, Personal, application::ApplicationId, member::MemberNumber};

/// The same person looking at the same thing again within so long is the same looking: a screen that asks every few seconds and a
/// person who goes back and forth would otherwise bury the entry that matters.
pub const FOLDED: SignedDuration = SignedDuration::from_mins(10);

/// Most members that one event names: some 50 KB. A longer list or file is as many events as it takes, in the same stream.
pub const NAMED: usize = 5_000;

/// Whose data it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// 会員
    Member(MemberNumber),
    /// Of all together: 閲覧記録 itself, and what was refused.
    Everybody,
    /// Those whom a list or a file shows: each looking is a stream of its own, so that lists wait for nobody, and no 会員番号 is in its id.
    List(Uuid),
    /// Of an account of staff: its sign-ins.
    Account(String),
    /// Of a machine client's token.
    Token(Uuid),
}

/// No 会員番号 has this character.
const EVERYBODY: &str = "*";
const LIST: &str = "list:";
const ACCOUNT: &str = "account:";
const TOKEN: &str = "token:";

impl Whose {
    /// Id of the stream.
    pub fn id(&self) -> Cow<'_, str> {
        match self {
            Self::Member(number) => number.as_str().into(),
            Self::Everybody => EVERYBODY.into(),
            Self::List(id) => format!("{LIST}{id}").into(),
            Self::Account(account) => format!("{ACCOUNT}{account}").into(),
            Self::Token(id) => format!("{TOKEN}{id}").into(),
        }
    }

    /// Reads the id of a stream; `None` for what is none.
    pub fn parse(id: &str) -> Option<Self> {
        if id == EVERYBODY {
            return Some(Self::Everybody);
        }
        if let Some(list) = id.strip_prefix(LIST) {
            return list.parse().ok().map(Self::List);
        }
        if let Some(account) = id.strip_prefix(ACCOUNT) {
            return Some(Self::Account(account.to_owned()));
        }
        if let Some(token) = id.strip_prefix(TOKEN) {
            return token.parse().ok().map(Self::Token);
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
    /// A list or a file, or a part of one, is going to be shown.
    List {
        /// Who, what and when.
        viewing: Viewing,
        /// Of whom it shows anything; nobody when nothing was found.
        members: BTreeSet<MemberNumber>,
    },
    /// It was refused, as the person's duties do not hold it.
    Refuse(Viewing),
    /// Somebody of the staff is going to be let in.
    SignIn(SignIn),
    /// Every session and token of the account ends.
    EndAccess(EndOfAccess),
    /// A token is going to be given out.
    MakeToken(Making),
    /// A token ends at once.
    RevokeToken(Revocation),
    /// The tokens of before there were events of them have been sealed.
    SealEarlierTokens(Sealing),
}

impl AccessCommand {
    /// Who does it.
    pub fn actor(&self) -> &Actor {
        match self {
            Self::View(viewing) | Self::List { viewing, .. } | Self::Refuse(viewing) => {
                &viewing.viewer
            }
            Self::SignIn(sign_in) => &sign_in.account,
            Self::EndAccess(end) => &end.by,
            Self::MakeToken(making) => &making.maker,
            Self::RevokeToken(revocation) => &revocation.by,
            Self::SealEarlierTokens(sealing) => &sealing.by,
        }
    }

    /// When, by the service's clock.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::View(viewing) | Self::List { viewing, .. } | Self::Refuse(viewing) => {
                viewing.viewed_at
            }
            Self::SignIn(sign_in) => sign_in.signed_in_at,
            Self::EndAccess(end) => end.ended_at,
            Self::MakeToken(making) => making.made_at,
            Self::RevokeToken(revocation) => revocation.revoked_at,
            Self::SealEarlierTokens(sealing) => sealing.sealed_at,
        }
    }
}

/// Events of the streams `access.…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AccessEvent {
    /// 閲覧, written before the data is handed out.
    PersonalDataViewed {
        /// Who, what and when.
        viewing: Viewing,
    },
    /// 一覧の閲覧: the same for many members at once.
    PersonalDataListed {
        /// Who, what and when.
        viewing: Viewing,
        /// Whom it showed, at most [`NAMED`].
        members: Personal<Vec<MemberNumber>>,
    },
    /// 権限のない操作: it was refused and nothing was shown or done. In `access.*`, as an address that is refused is not read.
    AccessRefused {
        /// Who, what and when.
        attempt: Viewing,
    },
    /// 職員のサインイン, written before the session is given out.
    StaffSignedIn {
        /// Who, with which duties, how and when.
        sign_in: SignIn,
    },
    /// アカウントの利用停止: what began before it opens nothing any more, sessions and tokens alike.
    AccessEnded {
        /// By whom and when.
        end: EndOfAccess,
    },
    /// トークンの発行, written before the secret is given out.
    TokenMade {
        /// Which, by whom and when.
        making: Making,
    },
    /// トークンの取消し
    TokenRevoked {
        /// Which, by whom and when.
        revocation: Revocation,
    },
    /// 以前のトークンの封印: those of before there were events of tokens. Once, in `access.*`.
    EarlierTokensSealed {
        /// By whom and when.
        sealing: Sealing,
    },
}

impl cqrs_es::DomainEvent for AccessEvent {
    fn event_type(&self) -> String {
        match self {
            Self::PersonalDataViewed { .. } => "PersonalDataViewed",
            Self::PersonalDataListed { .. } => "PersonalDataListed",
            Self::AccessRefused { .. } => "AccessRefused",
            Self::StaffSignedIn { .. } => "StaffSignedIn",
            Self::AccessEnded { .. } => "AccessEnded",
            Self::TokenMade { .. } => "TokenMade",
            Self::TokenRevoked { .. } => "TokenRevoked",
            Self::EarlierTokensSealed { .. } => "EarlierTokensSealed",
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

/// What of a member was looked at lately, as much as folding needs; of an account and of a token, what lets in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Access {
    recent: Vec<Viewing>,
    /// Refused: who may look a minute later makes an entry then.
    #[serde(default)]
    refused: Vec<Viewing>,
    /// Of the stream of an account.
    #[serde(default)]
    account: Account,
    /// Of the stream of a token.
    #[serde(default)]
    token: Token,
    #[serde(default)]
    earlier_tokens: Option<Sealing>,
}

impl Access {
    /// What is known of the account whose stream it is.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What is known of the token whose stream it is.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// When and by whom the tokens of before there were events of them were sealed; of the stream of everybody.
    pub fn earlier_tokens(&self) -> Option<&Sealing> {
        self.earlier_tokens.as_ref()
    }
}

/// The entry that a viewing or a refusal makes, unless it is one with an earlier; and what is made, ended or sealed, once.
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
        // Never folded: the next page of a list shows others.
        AccessCommand::List { viewing, members } => listed(&viewing, members),
        // Never folded either: each is a session of its own.
        AccessCommand::SignIn(sign_in) => vec![AccessEvent::StaffSignedIn { sign_in }],
        AccessCommand::EndAccess(end) => vec![AccessEvent::AccessEnded { end }],
        AccessCommand::MakeToken(making) if access.token.making.is_none() => {
            vec![AccessEvent::TokenMade { making }]
        }
        AccessCommand::RevokeToken(revocation)
            if access.token.making.is_some() && access.token.revocation.is_none() =>
        {
            vec![AccessEvent::TokenRevoked { revocation }]
        }
        AccessCommand::SealEarlierTokens(sealing) if access.earlier_tokens.is_none() => {
            vec![AccessEvent::EarlierTokensSealed { sealing }]
        }
        AccessCommand::View(_)
        | AccessCommand::Refuse(_)
        | AccessCommand::MakeToken(_)
        | AccessCommand::RevokeToken(_)
        | AccessCommand::SealEarlierTokens(_) => Vec::new(),
    }
}

fn listed(viewing: &Viewing, members: BTreeSet<MemberNumber>) -> Vec<AccessEvent> {
    let entry = |members: &[MemberNumber]| AccessEvent::PersonalDataListed {
        viewing: viewing.clone(),
        members: Personal::new(members.to_vec()),
    };
    let members: Vec<_> = members.into_iter().collect();
    if members.is_empty() {
        return vec![entry(&[])];
    }
    members.chunks(NAMED).map(entry).collect()
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
            AccessEvent::PersonalDataListed { .. } => return,
            AccessEvent::StaffSignedIn { sign_in } => return self.account.signed_in(sign_in),
            AccessEvent::AccessEnded { .. } => return self.account.access_ended(),
            AccessEvent::TokenMade { making } => {
                self.token.making = Some(making);
                return;
            }
            AccessEvent::TokenRevoked { revocation } => {
                self.token.revocation = Some(revocation);
                return;
            }
            AccessEvent::EarlierTokensSealed { sealing } => {
                self.earlier_tokens = Some(sealing);
                return;
            }
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

    pub(crate) fn listed() -> AccessEvent {
        let viewing = Viewing {
            operation: "GET /api/v1/applications".to_owned(),
            application: None,
            ..viewing()
        };
        let members = ["9000001", "9000002"].map(|number| MemberNumber::parse(number).unwrap());
        AccessEvent::PersonalDataListed {
            viewing,
            members: Personal::new(members.to_vec()),
        }
    }

    fn at() -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(494_577)
    }

    fn clerk() -> Actor {
        Actor {
            role: Role::Secretariat,
            id: "staff/248289761001".to_owned(),
        }
    }

    pub(crate) fn sign_in() -> SignIn {
        SignIn {
            account: clerk(),
            duties: ["view", "administer"].map(str::to_owned).to_vec(),
            way: "staff".to_owned(),
            signed_in_at: at(),
        }
    }

    pub(crate) fn end() -> EndOfAccess {
        EndOfAccess {
            by: clerk(),
            ended_at: at(),
        }
    }

    pub(crate) fn making() -> Making {
        Making {
            token: Uuid::from_u128(1),
            client: "nightly-import".to_owned(),
            role: Role::Secretariat,
            scopes: vec!["import-members".to_owned()],
            expires_at: at() + SignedDuration::from_hours(24 * 90),
            maker: clerk(),
            as_of: 1,
            made_at: at(),
            earlier: false,
        }
    }

    pub(crate) fn revocation() -> Revocation {
        Revocation {
            token: Uuid::from_u128(1),
            by: clerk(),
            revoked_at: at(),
        }
    }

    pub(crate) fn sealing() -> Sealing {
        Sealing {
            by: Actor {
                role: Role::System,
                id: "command-line".to_owned(),
            },
            tokens: 3,
            sealed_at: at(),
        }
    }

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
    fn a_token_is_made_once_and_revoked_once_and_only_what_was_made() {
        let make = || AccessCommand::MakeToken(examples::making());
        let revoke = || AccessCommand::RevokeToken(examples::revocation());
        assert_eq!(entries_of([revoke()]), 0);
        assert_eq!(entries_of([make(), make(), revoke(), revoke(), make()]), 2);
        let seal = || AccessCommand::SealEarlierTokens(examples::sealing());
        assert_eq!(entries_of([seal(), seal()]), 1);
        let sign_in = || AccessCommand::SignIn(examples::sign_in());
        assert_eq!(entries_of([sign_in(), sign_in()]), 2, "each is an entry");
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
    fn a_stream_is_of_a_member_of_everybody_or_of_a_list() {
        let member = Whose::Member(MemberNumber::parse("9000001").unwrap());
        let id = Uuid::from_u128(1);
        let account = Whose::Account("staff/248289761001".to_owned());
        let list = Whose::List(id);
        for whose in [member, Whose::Everybody, list, account, Whose::Token(id)] {
            assert_eq!(Whose::parse(&whose.id()), Some(whose));
        }
        for none in ["no number", "list:1", "token:1"] {
            assert_eq!(Whose::parse(none), None);
        }
    }

    #[test]
    fn a_list_names_its_members_each_time_and_a_long_one_in_parts() {
        let list = |members: usize| {
            let members = (0..members).map(|n| MemberNumber::parse(&format!("{n:07}")).unwrap());
            AccessCommand::List {
                viewing: after(0),
                members: members.collect(),
            }
        };
        assert_eq!(entries_of([list(50), list(50)]), 2);
        assert_eq!(entries_of([list(0)]), 1, "nobody was found");
        let named: Vec<_> = decide(&Access::default(), list(NAMED + 1))
            .into_iter()
            .map(|event| match event {
                AccessEvent::PersonalDataListed { members, .. } => members.value.len(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(named, [NAMED, 1]);
        // It hides nothing of one member, and is remembered by nobody.
        let view = AccessCommand::View(after(1));
        assert_eq!(entries_of([list(1), view, list(1)]), 3);
    }
}
