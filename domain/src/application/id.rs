//! Names of applications.

use serde::{Deserialize, Serialize};

use crate::{member::MemberNumber, program::ProgramId};

/// `<program>.<会員番号>`: one application per member and program, by construction (architecture, decision 2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApplicationId {
    /// The program.
    pub program: ProgramId,
    /// The member.
    pub member: MemberNumber,
}

/// A text that names no application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an application id")]
pub struct NotAnApplicationId;

impl ApplicationId {
    /// Reads `<program>.<会員番号>`.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, NotAnApplicationId> {
        let (program, member) = text.split_once('.').ok_or(NotAnApplicationId)?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if program.is_empty() || program.len() > 100 || !program.bytes().all(allowed) {
            return Err(NotAnApplicationId);
        }
        let number = MemberNumber::parse(member).map_err(|_| NotAnApplicationId)?;
        // An address has one spelling: full-width digits would name the same stream twice.
        if number.as_str() != member {
            return Err(NotAnApplicationId);
        }
        Ok(Self {
            program: ProgramId(program.to_owned()),
            member: number,
        })
    }
}

impl TryFrom<String> for ApplicationId {
    type Error = NotAnApplicationId;
    fn try_from(text: String) -> Result<Self, NotAnApplicationId> {
        Self::parse(&text)
    }
}

impl From<ApplicationId> for String {
    fn from(id: ApplicationId) -> Self {
        id.to_string()
    }
}

impl std::fmt::Display for ApplicationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.program, self.member)
    }
}
