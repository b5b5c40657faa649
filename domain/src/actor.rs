//! Who acts, and when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a person or a machine may be here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// 会員: acts on the own applications only.
    Member,
    /// 事務局
    Secretariat,
    /// 集計担当: reads projections.
    Reporter,
    /// Imports and the forwarder.
    System,
}

impl Role {
    /// The word used in metadata and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Secretariat => "secretariat",
            Self::Reporter => "reporter",
            Self::System => "system",
        }
    }
}

/// Somebody who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// In which role.
    pub role: Role,
    /// 会員番号 of a member, account of staff, name of a system part. Never a person's name.
    pub id: String,
}

impl Actor {
    /// Reads the form of [`Actor::label`]; `None` for what is none.
    pub fn of_label(label: &str) -> Option<Self> {
        let (word, id) = label.split_once(':')?;
        let role = [
            Role::Member,
            Role::Secretariat,
            Role::Reporter,
            Role::System,
        ]
        .into_iter()
        .find(|role| role.as_str() == word)?;
        (!id.is_empty()).then(|| Self {
            role,
            id: id.to_owned(),
        })
    }

    /// The form kept in the metadata of events: `member:1000001`, `secretariat:demo`, `system:import`.
    pub fn label(&self) -> String {
        format!("{}:{}", self.role.as_str(), self.id)
    }
}

/// What a decision needs to know beside the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Who asks for it.
    pub actor: Actor,
    /// When: deadlines are decided by this instant.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_read_as_it_is_written() {
        for role in [
            Role::Member,
            Role::Secretariat,
            Role::Reporter,
            Role::System,
        ] {
            let actor = Actor {
                role,
                id: "client:nightly".to_owned(),
            };
            assert_eq!(Actor::of_label(&actor.label()), Some(actor));
        }
        for none in ["", "secretariat", "secretariat:", "root:x"] {
            assert_eq!(Actor::of_label(none), None, "{none:?}");
        }
    }
}
