//! 二者承認: what one person proposes, another approves, and is then done once.
//!
//! Stream `proposal.<id>`. What exactly is to be done stands in it as a digest: approved is what was seen, and nothing else. Decisions that
//! one person must not make alone, 一括処理 and the publishing of a program's rules are done so; the mechanism knows of them only their names.
//! Where one person alone holds 判定, a day of waiting stands in the place of the second one (単独), in which it can be taken back.

use cqrs_es::{Aggregate, event_sink::EventSink};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Actor, Context};

/// For how long a proposal may be approved and done: a week of work and the weekend. What is older was decided upon other facts.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long a proposal of the only person with 判定 waits (単独): time for everybody else to see it and say no.
pub const ALONE_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What is proposed before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalKind {
    /// 判定 of one application, or of those in a file, that waits for a second person and is done when that one has approved.
    Decide,
    /// 判定 of many applications at once, done when somebody starts it after the approval.
    DecideInBulk,
    /// Another act on many applications at once. One person is enough; it stands in the log what that person began.
    ActInBulk,
    /// Publishing the rules of a program.
    PublishRules,
}

impl ProposalKind {
    /// 担当 of whoever proposes and approves it, in words.
    const fn duty(self) -> &'static str {
        match self {
            Self::Decide | Self::DecideInBulk => "判定",
            Self::ActInBulk => "確認",
            Self::PublishRules => "管理",
        }
    }

    /// Whether it is done only after a second person, or a day of waiting.
    pub const fn waits_for_approval(self) -> bool {
        match self {
            Self::Decide | Self::DecideInBulk | Self::PublishRules => true,
            Self::ActInBulk => false,
        }
    }
}

/// In whose place it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalKind {
    /// 二者承認: another account has approved it.
    TwoPersons,
    /// 単独: nobody else holds 判定, and a day has passed in which it was not taken back.
    Alone,
}

impl ApprovalKind {
    /// The word in the metadata of events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TwoPersons => "two_persons",
            Self::Alone => "alone",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::TwoPersons, Self::Alone]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::TwoPersons => "二者承認",
            Self::Alone => "単独",
        }
    }
}

/// By which an act is done that one person must not do alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Stream of the proposal.
    pub proposal: Uuid,
    /// How it was approved.
    pub kind: ApprovalKind,
}

/// What is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What kind of thing.
    pub kind: ProposalKind,
    /// What it is about, for the one who approves: a program, a list. Never a name.
    pub subject: String,
    /// SHA-256 (hexadecimal) over exactly what is to be done.
    pub digest: String,
}

/// Events of the stream `proposal.<id>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ProposalEvent {
    /// 起案. Why it is proposed is the reason of the command.
    Proposed {
        /// What.
        proposal: Proposal,
        /// By whom.
        proposed_by: Actor,
        /// From when on it is good for nothing.
        expires_at: Timestamp,
        /// 単独: from when on it may be done without a second person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alone_from: Option<Timestamp>,
    },
    /// 承認 by another account.
    Approved {
        /// By whom.
        approved_by: Actor,
        /// When; the events of before do not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved_at: Option<Timestamp>,
    },
    /// 却下, or taken back by whoever proposed it.
    Cancelled {
        /// By whom.
        cancelled_by: Actor,
    },
    /// 実施: it is being done, and cannot be done again.
    Used {
        /// By whom.
        used_by: Actor,
    },
}

impl cqrs_es::DomainEvent for ProposalEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Proposed { .. } => "Proposed",
            Self::Approved { .. } => "Approved",
            Self::Cancelled { .. } => "Cancelled",
            Self::Used { .. } => "Used",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

/// What may be asked of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProposalCommand {
    /// 起案
    Propose(Proposal),
    /// 起案 by the only person who holds 判定: done after a day, if nobody takes it back.
    ProposeAlone(Proposal),
    /// 承認 of what was seen.
    Approve(Proposal),
    /// 却下・取消
    Cancel,
    /// 実施 of what is to be done now.
    Use(Proposal),
}

/// Why it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposalRefusal {
    /// No such proposal.
    #[error("起案が見つかりません。起案の一覧でご確認ください。")]
    Unknown,
    /// Its id stands for another one.
    #[error("この起案はすでに登録されています。起案の一覧でご確認ください。")]
    AlreadyProposed,
    /// By the account that proposed it.
    #[error(
        "起案した本人は承認できません。{}を担当する別の方に承認を依頼してください。",
        .0.duty()
    )]
    SamePerson(ProposalKind),
    /// What is to be done is not what was proposed.
    #[error("起案のあとに内容が変わっています。現在の内容で起案し直してください。")]
    Changed,
    /// Its time is over.
    #[error("起案の有効期限が切れています。もう一度起案してください。")]
    Expired,
    /// Nobody has approved it.
    #[error("まだ承認されていません。別の担当者の承認後に実施してください。")]
    NotApproved,
    /// 単独: the day in which it can be taken back is not over.
    #[error(
        "起案から24時間が経つまでは実行できません。24時間が経つと自動で実行され、それまでは取り消せます。"
    )]
    TooEarly,
    /// Somebody has.
    #[error("すでに承認されています。")]
    AlreadyApproved,
    /// It has been done.
    #[error("この起案はすでに実施されています。もう一度行うには、新しく起案してください。")]
    AlreadyUsed,
    /// It was taken back.
    #[error("この起案は取り消されています。必要な場合は、もう一度起案してください。")]
    Cancelled,
}

/// A proposal as far as it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "an empty one is there for a moment only, before its first event"
)]
pub enum ProposalState {
    /// Nothing.
    #[default]
    None,
    /// 起案 and what has become of it.
    Made {
        /// What.
        proposal: Proposal,
        /// By whom.
        proposed_by: Actor,
        /// From when on it is good for nothing.
        expires_at: Timestamp,
        /// 単独: from when on it may be done without a second person.
        alone_from: Option<Timestamp>,
        /// By whom it was approved.
        approved_by: Option<Actor>,
        /// When.
        approved_at: Option<Timestamp>,
        /// By whom it was taken back.
        cancelled_by: Option<Actor>,
        /// Whether it was done.
        used: bool,
    },
}

impl ProposalState {
    /// By which it may be done at this time, or was done; none as long as it waits, and where one person is enough.
    pub fn approval(&self, at: Timestamp) -> Option<ApprovalKind> {
        match self {
            Self::Made {
                approved_by: Some(_),
                ..
            } => Some(ApprovalKind::TwoPersons),
            Self::Made {
                alone_from: Some(from),
                ..
            } if *from <= at => Some(ApprovalKind::Alone),
            Self::Made { .. } | Self::None => None,
        }
    }
}

/// What is asked of a proposal that is there.
enum Asked {
    Approve(Proposal),
    Cancel,
    Use(Proposal),
}

fn propose(
    state: &ProposalState,
    proposal: Proposal,
    alone_from: Option<Timestamp>,
    context: &Context,
) -> Result<ProposalEvent, ProposalRefusal> {
    match state {
        ProposalState::None => Ok(ProposalEvent::Proposed {
            proposal,
            proposed_by: context.actor.clone(),
            expires_at: context.at + GOOD_FOR,
            alone_from,
        }),
        ProposalState::Made { .. } => Err(ProposalRefusal::AlreadyProposed),
    }
}

/// What a command does to a proposal as it is.
///
/// # Errors
/// See [`ProposalRefusal`].
pub fn decide(
    state: &ProposalState,
    command: ProposalCommand,
    context: &Context,
) -> Result<ProposalEvent, ProposalRefusal> {
    let asked = match command {
        ProposalCommand::Propose(proposal) => return propose(state, proposal, None, context),
        ProposalCommand::ProposeAlone(proposal) => {
            return propose(state, proposal, Some(context.at + ALONE_AFTER), context);
        }
        ProposalCommand::Approve(seen) => Asked::Approve(seen),
        ProposalCommand::Use(seen) => Asked::Use(seen),
        ProposalCommand::Cancel => Asked::Cancel,
    };
    let ProposalState::Made {
        proposal,
        proposed_by,
        expires_at,
        alone_from,
        approved_by,
        cancelled_by,
        used,
        ..
    } = state
    else {
        return Err(ProposalRefusal::Unknown);
    };
    if *used {
        return Err(ProposalRefusal::AlreadyUsed);
    }
    if cancelled_by.is_some() {
        return Err(ProposalRefusal::Cancelled);
    }
    let (Asked::Approve(seen) | Asked::Use(seen)) = &asked else {
        return Ok(ProposalEvent::Cancelled {
            cancelled_by: context.actor.clone(),
        });
    };
    if seen != proposal {
        return Err(ProposalRefusal::Changed);
    }
    if context.at >= *expires_at {
        return Err(ProposalRefusal::Expired);
    }
    if matches!(asked, Asked::Approve(_)) {
        if approved_by.is_some() {
            return Err(ProposalRefusal::AlreadyApproved);
        }
        // By the account alone: in another role it is the same person.
        if proposed_by.id == context.actor.id {
            // Who has nobody to ask is not told to ask somebody.
            return Err(match alone_from {
                Some(_) => ProposalRefusal::TooEarly,
                None => ProposalRefusal::SamePerson(proposal.kind),
            });
        }
        return Ok(ProposalEvent::Approved {
            approved_by: context.actor.clone(),
            approved_at: Some(context.at),
        });
    }
    if proposal.kind.waits_for_approval() && state.approval(context.at).is_none() {
        return Err(match alone_from {
            Some(_) => ProposalRefusal::TooEarly,
            None => ProposalRefusal::NotApproved,
        });
    }
    Ok(ProposalEvent::Used {
        used_by: context.actor.clone(),
    })
}

impl Aggregate for ProposalState {
    const TYPE: &'static str = "proposal";
    type Command = (ProposalCommand, Context);
    type Event = ProposalEvent;
    type Error = ProposalRefusal;
    type Services = ();

    async fn handle(
        &mut self,
        (command, context): Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), ProposalRefusal> {
        let event = decide(self, command, &context)?;
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: ProposalEvent) {
        match (event, self) {
            (
                ProposalEvent::Proposed {
                    proposal,
                    proposed_by,
                    expires_at,
                    alone_from,
                },
                state,
            ) => {
                *state = Self::Made {
                    proposal,
                    proposed_by,
                    expires_at,
                    alone_from,
                    approved_by: None,
                    approved_at: None,
                    cancelled_by: None,
                    used: false,
                };
            }
            (
                ProposalEvent::Approved {
                    approved_by: by,
                    approved_at: at,
                },
                Self::Made {
                    approved_by,
                    approved_at,
                    ..
                },
            ) => {
                (*approved_by, *approved_at) = (Some(by), at);
            }
            (ProposalEvent::Cancelled { cancelled_by: by }, Self::Made { cancelled_by, .. }) => {
                *cancelled_by = Some(by);
            }
            (ProposalEvent::Used { .. }, Self::Made { used, .. }) => *used = true,
            // The decider proposes first.
            (
                ProposalEvent::Approved { .. }
                | ProposalEvent::Cancelled { .. }
                | ProposalEvent::Used { .. },
                Self::None,
            ) => {}
        }
    }
}

#[cfg(test)]
pub(crate) mod examples {
    use super::*;
    use crate::Role;

    pub(crate) fn account(id: &str) -> Actor {
        Actor {
            role: Role::Secretariat,
            id: id.to_owned(),
        }
    }

    pub(crate) fn at() -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(494_577)
    }

    pub(crate) fn proposal() -> Proposal {
        Proposal {
            kind: ProposalKind::DecideInBulk,
            subject: "specialist-renewal-2026".to_owned(),
            digest: "0".repeat(64),
        }
    }

    pub(crate) fn events() -> Vec<ProposalEvent> {
        vec![
            ProposalEvent::Proposed {
                proposal: proposal(),
                proposed_by: account("hantei-1"),
                expires_at: at() + GOOD_FOR,
                alone_from: None,
            },
            ProposalEvent::Approved {
                approved_by: account("hantei-2"),
                approved_at: Some(at()),
            },
            ProposalEvent::Used {
                used_by: account("hantei-1"),
            },
        ]
    }

    /// The other end.
    pub(crate) fn cancelled() -> ProposalEvent {
        ProposalEvent::Cancelled {
            cancelled_by: account("hantei-2"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;
    use examples::{account, at, events, proposal};

    fn after(steps: usize) -> ProposalState {
        let mut state = ProposalState::default();
        for event in events().into_iter().take(steps) {
            state.apply(event);
        }
        state
    }

    fn by(id: &str) -> Context {
        Context {
            actor: account(id),
            at: at(),
        }
    }

    fn approve() -> ProposalCommand {
        ProposalCommand::Approve(proposal())
    }

    fn use_up() -> ProposalCommand {
        ProposalCommand::Use(proposal())
    }

    #[test]
    fn one_proposes_another_approves_and_it_is_done_once() {
        let propose = ProposalCommand::Propose(proposal());
        let steps = [
            decide(&after(0), propose.clone(), &by("hantei-1")),
            decide(&after(1), approve(), &by("hantei-2")),
            decide(&after(2), use_up(), &by("hantei-1")),
        ];
        assert_eq!(
            steps.into_iter().collect::<Result<Vec<_>, _>>(),
            Ok(events())
        );
        for command in [use_up(), approve()] {
            let again = decide(&after(3), command, &by("hantei-2"));
            assert_eq!(again, Err(ProposalRefusal::AlreadyUsed));
        }
        let again = decide(&after(1), propose, &by("hantei-2"));
        assert_eq!(again, Err(ProposalRefusal::AlreadyProposed));
        let again = decide(&after(2), approve(), &by("hantei-3"));
        assert_eq!(again, Err(ProposalRefusal::AlreadyApproved));
    }

    #[test]
    fn who_is_alone_waits_a_day_in_which_it_can_be_taken_back_and_it_is_done_as_alone() {
        let asked = ProposalCommand::ProposeAlone(proposal());
        let mut state = ProposalState::default();
        state.apply(decide(&state, asked, &by("hantei-1")).unwrap());
        let after = |span| Context {
            at: at() + span,
            ..by("hantei-1")
        };
        let just_before = after(ALONE_AFTER - SignedDuration::from_micros(1));
        let too_early = decide(&state, use_up(), &just_before);
        assert_eq!(too_early, Err(ProposalRefusal::TooEarly));
        let own = decide(&state, approve(), &just_before);
        assert_eq!(
            own,
            Err(ProposalRefusal::TooEarly),
            "there is nobody to ask"
        );
        assert!(decide(&state, use_up(), &after(ALONE_AFTER)).is_ok());
        assert_eq!(state.approval(at()), None);
        let done = state.approval(at() + ALONE_AFTER);
        assert_eq!(done, Some(ApprovalKind::Alone));
        // Somebody else may still be the second person, or say no.
        let mut seconded = state.clone();
        seconded.apply(decide(&state, approve(), &by("hantei-2")).unwrap());
        assert_eq!(seconded.approval(at()), Some(ApprovalKind::TwoPersons));
        state.apply(decide(&state, ProposalCommand::Cancel, &by("hantei-2")).unwrap());
        for command in [use_up(), approve(), ProposalCommand::Cancel] {
            let over = decide(&state, command, &after(ALONE_AFTER));
            assert_eq!(over, Err(ProposalRefusal::Cancelled));
        }
    }

    #[test]
    fn where_one_person_is_enough_it_is_done_without_another_and_once() {
        let routine = Proposal {
            kind: ProposalKind::ActInBulk,
            ..proposal()
        };
        let mut state = ProposalState::default();
        for command in [
            ProposalCommand::Propose(routine.clone()),
            ProposalCommand::Use(routine.clone()),
        ] {
            state.apply(decide(&state, command, &by("kakunin")).unwrap());
        }
        assert_eq!(state.approval(at()), None, "and it approves nothing");
        let again = decide(&state, ProposalCommand::Use(routine), &by("kakunin"));
        assert_eq!(again, Err(ProposalRefusal::AlreadyUsed));
        let over = decide(&state, ProposalCommand::Cancel, &by("kakunin"));
        assert_eq!(over, Err(ProposalRefusal::AlreadyUsed));
    }

    #[test]
    fn a_proposal_from_before_there_were_times_of_approval_is_read() {
        let old = r#"{"Approved":{"approved_by":{"role":"secretariat","id":"hantei-2"}}}"#;
        let event: ProposalEvent = serde_json::from_str(old).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), old);
    }

    #[test]
    fn nobody_approves_the_own_proposal_in_whatever_role() {
        let refused = decide(&after(1), approve(), &by("hantei-1"));
        let same = ProposalRefusal::SamePerson(ProposalKind::DecideInBulk);
        assert_eq!(refused, Err(same));
        assert!(
            same.to_string().contains("。判定を担当する別の方"),
            "{same}"
        );
        let mut in_another_role = by("hantei-1");
        in_another_role.actor.role = Role::Reporter;
        let refused = decide(&after(1), approve(), &in_another_role);
        assert_eq!(refused, Err(same));
    }

    #[test]
    fn what_has_changed_is_over_or_was_never_approved_is_not_done() {
        let other = Proposal {
            digest: "1".repeat(64),
            ..proposal()
        };
        let of_another_kind = Proposal {
            kind: ProposalKind::PublishRules,
            ..proposal()
        };
        for (steps, command, refusal) in [
            (0, approve(), ProposalRefusal::Unknown),
            (0, use_up(), ProposalRefusal::Unknown),
            (1, use_up(), ProposalRefusal::NotApproved),
            (
                1,
                ProposalCommand::Approve(other.clone()),
                ProposalRefusal::Changed,
            ),
            (2, ProposalCommand::Use(other), ProposalRefusal::Changed),
            (
                1,
                ProposalCommand::Approve(of_another_kind.clone()),
                ProposalRefusal::Changed,
            ),
            (
                2,
                ProposalCommand::Use(of_another_kind),
                ProposalRefusal::Changed,
            ),
        ] {
            let refused = decide(&after(steps), command, &by("hantei-2"));
            assert_eq!(refused, Err(refusal));
        }
        let at_time = |span| Context {
            at: at() + span,
            ..by("hantei-2")
        };
        let last = GOOD_FOR - SignedDuration::from_micros(1);
        for (steps, command) in [(1, approve()), (2, use_up())] {
            assert!(decide(&after(steps), command.clone(), &at_time(last)).is_ok());
            let refused = decide(&after(steps), command, &at_time(GOOD_FOR));
            assert_eq!(refused, Err(ProposalRefusal::Expired));
        }
    }
}
