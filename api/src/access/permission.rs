//! The permission table: the one place that says which role may do what.

use domain::Role;
use serde::Serialize;

/// What an endpoint needs. Each endpoint names exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// To ask who one is and what one may apply for.
    SeeOwnSituation,
    /// To read the programs.
    ReadPrograms,
    /// To open the member's pages; only the own application is found there.
    UseMemberPages,
    /// To apply (申込), add the exam, complete (申請を完了する) and withdraw (取下げ); a member's own application only.
    Apply,
    /// To read an application with its documents; a member the own one only.
    ReadApplication,
    /// To fill in documents of the own application.
    EditDocuments,
    /// To read who changed what; a member of the own application only.
    ReadHistory,
    /// 入金確認 by hand.
    ConfirmPayments,
    /// To import the society's files.
    Import,
    /// To check that nobody has rewritten the log.
    VerifyLog,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::SeeOwnSituation,
        Self::ReadPrograms,
        Self::UseMemberPages,
        Self::Apply,
        Self::ReadApplication,
        Self::EditDocuments,
        Self::ReadHistory,
        Self::ConfirmPayments,
        Self::Import,
        Self::VerifyLog,
    ];

    /// The word in the API's description (`x-permission`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SeeOwnSituation => "see-own-situation",
            Self::ReadPrograms => "read-programs",
            Self::UseMemberPages => "use-member-pages",
            Self::Apply => "apply",
            Self::ReadApplication => "read-application",
            Self::EditDocuments => "edit-documents",
            Self::ReadHistory => "read-history",
            Self::ConfirmPayments => "confirm-payments",
            Self::Import => "import",
            Self::VerifyLog => "verify-log",
        }
    }

    /// The roles that have it.
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::SeeOwnSituation | Self::ReadPrograms => {
                &[Role::Member, Role::Secretariat, Role::Reporter]
            }
            Self::ReadApplication | Self::ReadHistory => &[Role::Member, Role::Secretariat],
            Self::UseMemberPages | Self::Apply | Self::EditDocuments => &[Role::Member],
            Self::ConfirmPayments | Self::Import | Self::VerifyLog => &[Role::Secretariat],
        }
    }

    /// Whether a role has it.
    pub fn is_held_by(self, role: Role) -> bool {
        self.roles().contains(&role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_as_it_was_agreed() {
        let row = |role: Role| -> Vec<&str> {
            Permission::ALL
                .into_iter()
                .filter(|permission| permission.is_held_by(role))
                .map(Permission::as_str)
                .collect()
        };
        assert_eq!(
            row(Role::Member),
            [
                "see-own-situation",
                "read-programs",
                "use-member-pages",
                "apply",
                "read-application",
                "edit-documents",
                "read-history"
            ]
        );
        assert_eq!(
            row(Role::Secretariat),
            [
                "see-own-situation",
                "read-programs",
                "read-application",
                "read-history",
                "confirm-payments",
                "import",
                "verify-log"
            ]
        );
        assert_eq!(row(Role::Reporter), ["see-own-situation", "read-programs"]);
        assert!(
            row(Role::System).is_empty(),
            "nobody signs in as a part of the system"
        );
    }
}
