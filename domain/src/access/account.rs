//! Who of the staff came in with which duties, and accounts whose access was ended at once.
//!
//! Stream `access.account:<account>`, the account as actors name it, without its role: who comes back in another role is the same person.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::AWAY;
use crate::{Actor, Role};

/// The way of the demonstration, whose staff is one account in every role.
pub const DEMONSTRATION: &str = "demo";

/// Somebody of the staff signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// Who, in which role.
    pub account: Actor,
    /// The duties of the secretariat as of this moment.
    pub duties: Vec<String>,
    /// By which way: `demo`, or the key of an issuer.
    pub way: String,
    /// When, by the service's clock.
    pub signed_in_at: Timestamp,
}

/// Every session and token of an account is ended: a lost laptop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndOfAccess {
    /// By whom.
    pub by: Actor,
    /// When, by the service's clock.
    pub ended_at: Timestamp,
}

/// The last sign-in in a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Standing {
    sign_in: SignIn,
    /// Number of the event since which the account has been in this role.
    since: i64,
    /// The same for each of its duties.
    held: BTreeMap<String, i64>,
}

/// What is known of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The last sign-in; those in other roles beside it only in the demonstration.
    #[serde(default)]
    standing: Vec<Standing>,
    /// How many events the stream has: the number of the last.
    #[serde(default)]
    events: i64,
    /// Number of the event that ended everything before it.
    #[serde(default)]
    ended: i64,
}

impl Account {
    /// Whether anything is known of it.
    pub fn is_known(&self) -> bool {
        self.events > 0
    }

    /// Number of the last event.
    pub fn last_event(&self) -> i64 {
        self.events
    }

    /// The last sign-in, if it was in this role.
    pub fn last_sign_in(&self, role: Role) -> Option<&SignIn> {
        self.standing_in(role).map(|standing| &standing.sign_in)
    }

    /// The last sign-in in this role with those duties that have been held at every sign-in since this event of the stream. Nothing when the
    /// role was not. What was lost once, or left alone for [`AWAY`], has ended and does not come back.
    pub fn held_since(&self, event: i64, role: Role) -> Option<SignIn> {
        let standing = self.standing_in(role)?;
        let held = |duty: &String| standing.held.get(duty).is_some_and(|since| *since <= event);
        (standing.since <= event).then(|| SignIn {
            duties: standing
                .sign_in
                .duties
                .iter()
                .filter(|duty| held(duty))
                .cloned()
                .collect(),
            ..standing.sign_in.clone()
        })
    }

    fn standing_in(&self, role: Role) -> Option<&Standing> {
        self.standing
            .iter()
            .find(|standing| standing.sign_in.account.role == role)
    }

    /// When somebody last signed in there, in whatever role.
    pub fn last_signed_in_at(&self) -> Option<Timestamp> {
        self.standing
            .iter()
            .map(|standing| standing.sign_in.signed_in_at)
            .max()
    }

    /// Whether what began with this event of the stream goes on: there is such an event, and the access was not ended since.
    pub fn goes_on_since(&self, event: i64) -> bool {
        self.ended < event && event <= self.events
    }

    /// Whether the access was ended after the stream had come to this event.
    pub fn was_ended_after(&self, event: i64) -> bool {
        self.ended > event
    }

    pub(super) fn signed_in(&mut self, sign_in: SignIn) {
        self.events += 1;
        let now = self.events;
        let (role, way) = (sign_in.account.role, sign_in.way.clone());
        let earlier = self
            .standing_in(role)
            .filter(|earlier| sign_in.signed_in_at < earlier.sign_in.signed_in_at + AWAY);
        let since = earlier.map_or(now, |earlier| earlier.since);
        let held = |duty: &String| {
            let since = earlier.and_then(|earlier| earlier.held.get(duty));
            (duty.clone(), since.copied().unwrap_or(now))
        };
        let held = sign_in.duties.iter().map(held).collect();
        self.standing
            .retain(|other| way == DEMONSTRATION && other.sign_in.account.role != role);
        self.standing.push(Standing {
            sign_in,
            since,
            held,
        });
    }

    pub(super) fn access_ended(&mut self) {
        self.events += 1;
        self.ended = self.events;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::examples::sign_in;

    fn in_role(role: Role, way: &str) -> SignIn {
        let mut sign_in = sign_in();
        sign_in.account.role = role;
        way.clone_into(&mut sign_in.way);
        sign_in
    }

    #[test]
    fn the_last_sign_in_says_what_an_account_is() {
        let mut account = Account::default();
        assert!(!account.is_known());
        account.signed_in(in_role(Role::Secretariat, "staff"));
        assert!(account.last_sign_in(Role::Secretariat).is_some());
        account.signed_in(in_role(Role::Reporter, "staff"));
        assert_eq!(account.last_sign_in(Role::Secretariat), None);
        assert!(account.last_sign_in(Role::Reporter).is_some());
        assert_eq!(account.last_event(), 2);
    }

    #[test]
    fn the_account_of_the_demonstration_is_in_every_role() {
        let mut account = Account::default();
        account.signed_in(in_role(Role::Secretariat, DEMONSTRATION));
        account.signed_in(in_role(Role::Reporter, DEMONSTRATION));
        assert!(account.last_sign_in(Role::Secretariat).is_some());
        assert!(account.last_sign_in(Role::Reporter).is_some());
    }

    #[test]
    fn what_was_lost_once_is_not_held_since_then() {
        let with = |duties: &[&str]| SignIn {
            duties: duties.iter().map(|&duty| duty.to_owned()).collect(),
            ..sign_in()
        };
        let mut account = Account::default();
        for duties in [
            &["view", "administer"][..],
            &["view"],
            &["view", "administer"],
        ] {
            account.signed_in(with(duties));
        }
        let held = |event| {
            account
                .held_since(event, Role::Secretariat)
                .map(|one| one.duties)
        };
        assert_eq!(held(1), Some(vec!["view".to_owned()]));
        assert_eq!(held(3).map(|duties| duties.len()), Some(2));
        account.signed_in(in_role(Role::Reporter, "staff"));
        account.signed_in(with(&["view"]));
        let held = |event| {
            account
                .held_since(event, Role::Secretariat)
                .map(|one| one.duties)
        };
        assert_eq!(held(3), None, "another role was between");
        assert_eq!(held(5), Some(vec!["view".to_owned()]));
        let mut back = with(&["view"]);
        back.signed_in_at += AWAY;
        account.signed_in(back);
        assert_eq!(
            account.held_since(5, Role::Secretariat),
            None,
            "away too long"
        );
    }

    #[test]
    fn what_began_before_the_access_was_ended_does_not_go_on() {
        let mut account = Account::default();
        account.signed_in(sign_in());
        assert!(account.goes_on_since(1));
        account.access_ended();
        assert!(!account.goes_on_since(1));
        account.signed_in(sign_in());
        assert!(!account.goes_on_since(1));
        assert!(account.goes_on_since(3));
        assert!(!account.goes_on_since(4), "there is no such event");
        assert!(account.was_ended_after(1) && !account.was_ended_after(2));
    }
}
