//! Tokens of machine clients: that one was made and by whom, that it was revoked, and when it ends by itself.
//!
//! Stream `access.token:<id>`. No secret and no hash of one is in it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Account, SignIn};
use crate::{Actor, Role};

/// A token ends when nobody has signed in at the account of its maker for so long: nobody looks after it any more.
pub const AWAY: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A token is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Making {
    /// Which.
    pub token: Uuid,
    /// Name of the client.
    pub client: String,
    /// The role in which it acts.
    pub role: Role,
    /// Names of the permissions that it may use.
    pub scopes: Vec<String>,
    /// From when on it is good for nothing, in real time.
    pub expires_at: Timestamp,
    /// Who answers for it: an account of the secretariat, or `system` where whoever runs the service made it.
    pub maker: Actor,
    /// Number of the last event of the maker's account then; 0 when there was none.
    pub as_of: i64,
    /// When it was made, by the service's clock; of a token from before there were such events, when it was sealed.
    pub made_at: Timestamp,
    /// Whether it was made before there were such events.
    #[serde(default)]
    pub earlier: bool,
}

/// A token is revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Which.
    pub token: Uuid,
    /// By whom.
    pub by: Actor,
    /// When, by the service's clock.
    pub revoked_at: Timestamp,
}

/// The tokens of before there were such events have been sealed: no other will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealing {
    /// By whom.
    pub by: Actor,
    /// How many there were.
    pub tokens: u64,
    /// When, by the service's clock.
    pub sealed_at: Timestamp,
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenEnd {
    /// The log does not know that it was made.
    NotMade,
    /// It was revoked.
    Revoked,
    /// All access of its maker was ended.
    MakerEnded,
    /// Its maker does not hold any more what it may.
    MakersDuties,
    /// Nobody has signed in at its maker's account for [`AWAY`].
    MakerAway,
}

/// A token as the log knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub(super) making: Option<Making>,
    pub(super) revocation: Option<Revocation>,
}

impl Token {
    /// Its making.
    pub fn making(&self) -> Option<&Making> {
        self.making.as_ref()
    }

    /// Its revocation.
    pub fn revocation(&self) -> Option<&Revocation> {
        self.revocation.as_ref()
    }

    /// Why it opens nothing, if so. `maker` is the account of its maker as it is now, and `holds` says whether somebody with these duties
    /// holds everything that the token may: those that the maker has had at every sign-in since. That it is over is not asked here.
    pub fn end(
        &self,
        maker: &Account,
        now: Timestamp,
        holds: impl FnOnce(&SignIn) -> bool,
    ) -> Option<TokenEnd> {
        let Some(making) = &self.making else {
            return Some(TokenEnd::NotMade);
        };
        if self.revocation.is_some() {
            return Some(TokenEnd::Revoked);
        }
        // Whoever runs the service has no account and no duties; that one's tokens end at their time.
        if making.maker.role == Role::System {
            return None;
        }
        if maker.was_ended_after(making.as_of) {
            return Some(TokenEnd::MakerEnded);
        }
        let signed_in = maker.last_signed_in_at();
        // Of a token from before there were such events, the first sign-in that is known says what its maker held.
        let as_of = if making.earlier {
            making.as_of.max(1)
        } else {
            making.as_of
        };
        let held = match maker.held_since(as_of, making.maker.role) {
            Some(sign_in) => holds(&sign_in),
            None => making.earlier && signed_in.is_none(),
        };
        if !held {
            return Some(TokenEnd::MakersDuties);
        }
        let last = signed_in.map_or(making.made_at, |at| at.max(making.made_at));
        (now >= last + AWAY).then_some(TokenEnd::MakerAway)
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;
    use crate::access::examples::{making, sign_in};

    fn made(making: Making) -> Token {
        Token {
            making: Some(making),
            revocation: None,
        }
    }

    fn signed_in() -> Account {
        let mut account = Account::default();
        account.signed_in(sign_in());
        account
    }

    #[test]
    fn a_token_counts_while_the_log_has_its_making_and_no_revocation() {
        let now = making().made_at;
        let end = |token: &Token| token.end(&signed_in(), now, |_| true);
        assert_eq!(end(&Token::default()), Some(TokenEnd::NotMade));
        let mut token = made(making());
        assert_eq!(end(&token), None);
        token.revocation = Some(crate::access::examples::revocation());
        assert_eq!(end(&token), Some(TokenEnd::Revoked));
    }

    #[test]
    fn a_token_ends_with_the_duties_and_the_access_of_its_maker() {
        let (now, token) = (making().made_at, made(making()));
        let end = |account: &Account, holds: bool| token.end(account, now, |_| holds);
        let mut account = signed_in();
        assert_eq!(end(&account, false), Some(TokenEnd::MakersDuties));
        let mut other = sign_in();
        other.account.role = Role::Reporter;
        account.signed_in(other);
        assert_eq!(
            end(&account, true),
            Some(TokenEnd::MakersDuties),
            "another role"
        );
        let mut account = signed_in();
        account.access_ended();
        assert_eq!(end(&account, true), Some(TokenEnd::MakerEnded));
        assert_eq!(
            end(&Account::default(), true),
            Some(TokenEnd::MakersDuties),
            "nobody ever signed in"
        );
    }

    #[test]
    fn a_token_ends_when_nobody_has_signed_in_for_ninety_days() {
        let token = made(making());
        let last = sign_in().signed_in_at.max(making().made_at);
        let end = |now| token.end(&signed_in(), now, |_| true);
        assert_eq!(end(last + AWAY - 1.seconds()), None);
        assert_eq!(end(last + AWAY), Some(TokenEnd::MakerAway));
    }

    #[test]
    fn the_operators_token_has_no_account_to_end_with_and_one_of_before_waits_for_a_sign_in() {
        let mut operators = making();
        operators.maker.role = Role::System;
        let much_later = operators.made_at + AWAY + AWAY;
        let nobody = Account::default();
        assert_eq!(made(operators).end(&nobody, much_later, |_| false), None);
        let earlier = Making {
            earlier: true,
            as_of: 0,
            ..making()
        };
        let (at, token) = (earlier.made_at, made(earlier));
        assert_eq!(token.end(&nobody, at, |_| false), None);
        assert_eq!(
            token.end(&nobody, at + AWAY, |_| false),
            Some(TokenEnd::MakerAway)
        );
        assert_eq!(
            token.end(&signed_in(), at, |_| false),
            Some(TokenEnd::MakersDuties)
        );
    }
}
