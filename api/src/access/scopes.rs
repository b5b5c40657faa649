//! How far a token goes.

use std::{collections::BTreeSet, fmt};

use super::Permission;

/// The permissions that a token may use, as far as its role has them. There is one table: a scope is the name of a permission.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes {
    permissions: BTreeSet<Permission>,
}

/// The word of tokens from when one permission imported every kind of file.
const EVERY_IMPORT: &str = "import";

/// What such a token keeps: 管理 was enough for it, and is not for payments and exam results.
const KEPT_OF_EVERY_IMPORT: [Permission; 3] = [
    Permission::SeeImports,
    Permission::ImportMembers,
    Permission::ImportAttendance,
];

impl Scopes {
    /// Whether a permission is among them. To search applications once was to see all runs too: a token for it goes on seeing them.
    pub fn include(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
            || (permission == Permission::SeeRuns
                && self.permissions.contains(&Permission::SearchApplications))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.permissions.is_empty()
    }

    /// One by one, in the order of [`Permission::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Permission> {
        self.permissions.iter().copied()
    }

    /// The words of [`Scopes::to_string`]; words that are none of ours give nothing.
    pub fn parse(words: &str) -> Self {
        words
            .split_whitespace()
            .flat_map(|word| match word {
                EVERY_IMPORT => KEPT_OF_EVERY_IMPORT.to_vec(),
                _ => Permission::parse(word).into_iter().collect(),
            })
            .collect()
    }
}

/// What can be no scope is left out.
impl FromIterator<Permission> for Scopes {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self {
            permissions: permissions
                .into_iter()
                .filter(|permission| permission.may_be_scope())
                .collect(),
        }
    }
}

/// The words with blanks between them, as the database keeps them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Permission::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        let scopes: Scopes = [Permission::ImportMembers, Permission::ReadApplication]
            .into_iter()
            .collect();
        assert_eq!(scopes.to_string(), "read-application import-members");
        assert_eq!(Scopes::parse(&scopes.to_string()), scopes);
        assert!(Scopes::parse("everything IMPORT").is_empty());
    }

    #[test]
    fn a_token_from_when_one_word_was_every_import_keeps_members_and_attendance_and_nothing_else() {
        let scopes = Scopes::parse("read-history import");
        assert_eq!(
            scopes.to_string(),
            "read-history see-imports import-members import-attendance"
        );
    }

    #[test]
    fn a_token_that_searches_applications_goes_on_seeing_runs_and_nothing_else_goes_with_it() {
        let scopes = Scopes::parse("search-applications");
        assert!(scopes.include(Permission::SeeRuns));
        assert!(!scopes.include(Permission::Decide));
        assert!(!Scopes::parse("decide").include(Permission::SeeRuns));
    }

    #[test]
    fn no_token_can_make_tokens() {
        let scopes: Scopes = Permission::ALL.into_iter().collect();
        assert!(!scopes.include(Permission::ManageTokens));
        assert!(!Scopes::parse("manage-tokens").include(Permission::ManageTokens));
    }
}
