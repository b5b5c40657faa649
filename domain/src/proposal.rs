//! 二者承認: what one person proposes, another approves, and is then done once.
//!
//! Stream `proposal.<id>`. What exactly is to be done stands in it as a digest: approved is what was seen, and nothing else. Bulk decisions
//! and the publishing of a program's rules are to be done so; the mechanism knows of them only their names.

use cqrs_es::{Aggregate, event_sink::EventSink};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Actor, Context};

/// For how long a proposal may be approved and done: a week of work and the weekend. What is older was decided upon other facts.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What needs two persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalKind {
    /// 判定 of many applications at once.
    DecideInBulk,
    /// Publishing the rules of a program.
    PublishRules,
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
    },
    /// 承認 by another account.
    Approved {
        /// By whom.
        approved_by: Actor,
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
    /// 承認 of what was seen.
    Approve(Proposal),
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
        "起案した本人は承認できません。判定または管理を担当する別の方に承認を依頼してください。"
    )]
    SamePerson,
    /// What is to be done is not what was proposed.
    #[error("起案のあとに内容が変わっています。現在の内容で起案し直してください。")]
    Changed,
    /// Its time is over.
    #[error("起案の有効期限が切れています。もう一度起案してください。")]
    Expired,
    /// Nobody has approved it.
    #[error("まだ承認されていません。別の担当者の承認後に実施してください。")]
    NotApproved,
    /// Somebody has.
    #[error("すでに承認されています。")]
    AlreadyApproved,
    /// It has been done.
    #[error("この起案はすでに実施されています。もう一度行うには、新しく起案してください。")]
    AlreadyUsed,
}

/// A proposal as far as it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
        /// By whom it was approved.
        approved_by: Option<Actor>,
        /// Whether it was done.
        used: bool,
    },
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
    let (seen, approving) = match (state, command) {
        (ProposalState::None, ProposalCommand::Propose(proposal)) => {
            return Ok(ProposalEvent::Proposed {
                proposal,
                proposed_by: context.actor.clone(),
                expires_at: context.at + GOOD_FOR,
            });
        }
        (ProposalState::Made { .. }, ProposalCommand::Propose(_)) => {
            return Err(ProposalRefusal::AlreadyProposed);
        }
        (_, ProposalCommand::Approve(seen)) => (seen, true),
        (_, ProposalCommand::Use(seen)) => (seen, false),
    };
    let ProposalState::Made {
        proposal,
        proposed_by,
        expires_at,
        approved_by,
        used,
    } = state
    else {
        return Err(ProposalRefusal::Unknown);
    };
    if *used {
        return Err(ProposalRefusal::AlreadyUsed);
    }
    if seen != *proposal {
        return Err(ProposalRefusal::Changed);
    }
    if context.at >= *expires_at {
        return Err(ProposalRefusal::Expired);
    }
    match (approving, approved_by) {
        (true, Some(_)) => Err(ProposalRefusal::AlreadyApproved),
        // By the account alone: in another role it is the same person.
        (true, None) if proposed_by.id == context.actor.id => Err(ProposalRefusal::SamePerson),
        (true, None) => Ok(ProposalEvent::Approved {
            approved_by: context.actor.clone(),
        }),
        (false, None) => Err(ProposalRefusal::NotApproved),
        (false, Some(_)) => Ok(ProposalEvent::Used {
            used_by: context.actor.clone(),
        }),
    }
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
                },
                state,
            ) => {
                *state = Self::Made {
                    proposal,
                    proposed_by,
                    expires_at,
                    approved_by: None,
                    used: false,
                };
            }
            (ProposalEvent::Approved { approved_by: by }, Self::Made { approved_by, .. }) => {
                *approved_by = Some(by);
            }
            (ProposalEvent::Used { .. }, Self::Made { used, .. }) => *used = true,
            // The decider proposes first.
            (ProposalEvent::Approved { .. } | ProposalEvent::Used { .. }, Self::None) => {}
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
            },
            ProposalEvent::Approved {
                approved_by: account("hantei-2"),
            },
            ProposalEvent::Used {
                used_by: account("hantei-1"),
            },
        ]
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
    fn nobody_approves_the_own_proposal_in_whatever_role() {
        let refused = decide(&after(1), approve(), &by("hantei-1"));
        assert_eq!(refused, Err(ProposalRefusal::SamePerson));
        let mut in_another_role = by("hantei-1");
        in_another_role.actor.role = Role::Reporter;
        let refused = decide(&after(1), approve(), &in_another_role);
        assert_eq!(refused, Err(ProposalRefusal::SamePerson));
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
