//! The permission table: the one place that says which role may do what.

use domain::Role;
use serde::Serialize;

use super::{Duty, Principal};

/// What an endpoint needs. Each endpoint names exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// To ask who one is and what one may apply for.
    SeeOwnSituation,
    /// To see and end the own sessions.
    ManageOwnSessions,
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
    /// To search and list applications, and to see how far each has been checked.
    SearchApplications,
    /// To check documents: marks, units, papers, notes; 差し戻し, 再開, 期限延長, 書類受理 and 取下げ at the member's wish.
    CheckDocuments,
    /// To open 一括処理 and what waits for a second person: all of it with 閲覧, else what one has proposed by hand.
    SeeRuns,
    /// To record what was decided: 審査, 筆記試験, 認定, 猶予, 失効.
    Decide,
    /// To take an application's whole stream away as a file that proves itself: with every account, reason and remark in it.
    ExportHistory,
    /// 入金確認 by hand, its reversal, and 認定料の請求.
    ConfirmPayments,
    /// To read what members were written.
    ReadMails,
    /// To edit the texts of mails, to send one again, and to note that one came back.
    ManageMails,
    /// To open 取込: the runs of those kinds that one may import.
    SeeImports,
    /// To import 会員基本情報, and to take such an import back.
    ImportMembers,
    /// The same for 当会セミナーの出欠.
    ImportAttendance,
    /// The same for 入金: it confirms payments.
    ImportPayments,
    /// The same for 筆記試験の結果: they are judgements.
    ImportExamResults,
    /// To check that nobody has rewritten the log.
    VerifyLog,
    /// To give machine clients their tokens and to take them away, and to end all sessions and tokens of an account.
    ManageTokens,
    /// To ask who looked at whose personal data (閲覧記録), and who came in.
    ReadAccessLog,
    /// To ask who looked at one's own.
    ReadOwnAccessLog,
    /// To read reports (集計): figures, no people.
    ReadReports,
    /// To read the people behind the figures, and 定型帳票.
    ReadReportLists,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 27] = [
        Self::SeeOwnSituation,
        Self::ManageOwnSessions,
        Self::ReadPrograms,
        Self::UseMemberPages,
        Self::Apply,
        Self::ReadApplication,
        Self::EditDocuments,
        Self::ReadHistory,
        Self::SearchApplications,
        Self::CheckDocuments,
        Self::SeeRuns,
        Self::Decide,
        Self::ExportHistory,
        Self::ConfirmPayments,
        Self::ReadMails,
        Self::ManageMails,
        Self::SeeImports,
        Self::ImportMembers,
        Self::ImportAttendance,
        Self::ImportPayments,
        Self::ImportExamResults,
        Self::VerifyLog,
        Self::ManageTokens,
        Self::ReadAccessLog,
        Self::ReadOwnAccessLog,
        Self::ReadReports,
        Self::ReadReportLists,
    ];

    /// The word in the API's description (`x-permission`) and in the scopes of tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SeeOwnSituation => "see-own-situation",
            Self::ManageOwnSessions => "manage-own-sessions",
            Self::ReadPrograms => "read-programs",
            Self::UseMemberPages => "use-member-pages",
            Self::Apply => "apply",
            Self::ReadApplication => "read-application",
            Self::EditDocuments => "edit-documents",
            Self::ReadHistory => "read-history",
            Self::SearchApplications => "search-applications",
            Self::CheckDocuments => "check-documents",
            Self::SeeRuns => "see-runs",
            Self::Decide => "decide",
            Self::ExportHistory => "export-history",
            Self::ConfirmPayments => "confirm-payments",
            Self::ReadMails => "read-mails",
            Self::ManageMails => "manage-mails",
            Self::SeeImports => "see-imports",
            Self::ImportMembers => "import-members",
            Self::ImportAttendance => "import-attendance",
            Self::ImportPayments => "import-payments",
            Self::ImportExamResults => "import-exam-results",
            Self::VerifyLog => "verify-log",
            Self::ManageTokens => "manage-tokens",
            Self::ReadAccessLog => "read-access-log",
            Self::ReadOwnAccessLog => "read-own-access-log",
            Self::ReadReports => "read-reports",
            Self::ReadReportLists => "read-report-lists",
        }
    }

    /// Who has it: the table.
    pub const fn holders(self) -> &'static [Holder] {
        use Holder::{Member, Reporter, Secretariat};
        match self {
            Self::SeeOwnSituation | Self::ManageOwnSessions | Self::ReadPrograms => {
                &[Member, Secretariat(None), Reporter]
            }
            Self::ReadApplication | Self::ReadHistory => &[Member, Secretariat(Some(Duty::View))],
            Self::UseMemberPages | Self::Apply | Self::EditDocuments | Self::ReadOwnAccessLog => {
                &[Member]
            }
            Self::SearchApplications | Self::ReadMails | Self::ExportHistory => {
                &[Secretariat(Some(Duty::View))]
            }
            Self::ReadReports | Self::ReadReportLists => &[Secretariat(Some(Duty::View)), Reporter],
            Self::CheckDocuments => &[Secretariat(Some(Duty::Check))],
            Self::SeeRuns => &[
                Secretariat(Some(Duty::View)),
                Secretariat(Some(Duty::Decide)),
            ],
            Self::Decide | Self::ImportExamResults => &[Secretariat(Some(Duty::Decide))],
            Self::ConfirmPayments | Self::ImportPayments => &[Secretariat(Some(Duty::Payments))],
            Self::SeeImports => &[
                Secretariat(Some(Duty::Payments)),
                Secretariat(Some(Duty::Decide)),
                Secretariat(Some(Duty::Administer)),
            ],
            Self::ManageMails
            | Self::ImportMembers
            | Self::ImportAttendance
            | Self::VerifyLog
            | Self::ManageTokens
            | Self::ReadAccessLog => &[Secretariat(Some(Duty::Administer))],
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.as_str() == word)
    }

    /// The duties that give it.
    pub fn duties(self) -> impl Iterator<Item = Duty> {
        self.holders().iter().filter_map(|holder| match holder {
            Holder::Secretariat(duty) => *duty,
            Holder::Member | Holder::Reporter => None,
        })
    }

    /// Whether a token can have it. Whoever finds a token could otherwise make others that outlive it.
    pub const fn may_be_scope(self) -> bool {
        !matches!(self, Self::ManageTokens)
    }

    /// Whether somebody has it: by role and duty, and a machine client only as far as its token goes.
    pub fn is_held_by(self, principal: &Principal) -> bool {
        principal
            .scopes
            .as_ref()
            .is_none_or(|scopes| scopes.include(self))
            && self.is_held_in_role(principal)
    }

    fn is_held_in_role(self, principal: &Principal) -> bool {
        self.holders().iter().any(|holder| match holder {
            Holder::Member => principal.actor.role == Role::Member,
            Holder::Secretariat(duty) => {
                principal.actor.role == Role::Secretariat
                    && duty.is_none_or(|duty| principal.duties.include(duty))
            }
            Holder::Reporter => principal.actor.role == Role::Reporter,
        })
    }
}

/// Somebody to whom the table gives a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Every member, for what is the member's own.
    Member,
    /// The secretariat: everybody of it, or those with the duty.
    Secretariat(Option<Duty>),
    /// Every reporter.
    Reporter,
}

impl Holder {
    /// The word in the API's description (`x-holders`): `member`, `secretariat:payments`.
    pub fn word(self) -> String {
        match self {
            Self::Member => "member".to_owned(),
            Self::Secretariat(None) => "secretariat".to_owned(),
            Self::Secretariat(Some(duty)) => format!("secretariat:{}", duty.as_str()),
            Self::Reporter => "reporter".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Duties;

    fn row(role: Role, duties: Duties) -> Vec<&'static str> {
        let principal = Principal::of(role, "x", duties);
        Permission::ALL
            .into_iter()
            .filter(|permission| permission.is_held_by(&principal))
            .map(Permission::as_str)
            .collect()
    }

    #[test]
    fn the_table_is_as_it_was_agreed() {
        assert_eq!(
            row(Role::Member, Duties::NONE),
            [
                "see-own-situation",
                "manage-own-sessions",
                "read-programs",
                "use-member-pages",
                "apply",
                "read-application",
                "edit-documents",
                "read-history",
                "read-own-access-log"
            ]
        );
        let duty = |duty: Duty| row(Role::Secretariat, [duty].into_iter().collect());
        let everybody = ["see-own-situation", "manage-own-sessions", "read-programs"];
        assert_eq!(row(Role::Secretariat, Duties::NONE), everybody);
        assert_eq!(
            duty(Duty::View),
            [
                "see-own-situation",
                "manage-own-sessions",
                "read-programs",
                "read-application",
                "read-history",
                "search-applications",
                "see-runs",
                "export-history",
                "read-mails",
                "read-reports",
                "read-report-lists"
            ]
        );
        assert_eq!(
            duty(Duty::Check),
            [&everybody[..], &["check-documents"]].concat()
        );
        assert_eq!(
            duty(Duty::Payments),
            [
                "see-own-situation",
                "manage-own-sessions",
                "read-programs",
                "confirm-payments",
                "see-imports",
                "import-payments"
            ]
        );
        assert_eq!(
            duty(Duty::Decide),
            [
                &everybody[..],
                &["see-runs", "decide", "see-imports", "import-exam-results"]
            ]
            .concat()
        );
        assert_eq!(
            duty(Duty::Administer),
            [
                "see-own-situation",
                "manage-own-sessions",
                "read-programs",
                "manage-mails",
                "see-imports",
                "import-members",
                "import-attendance",
                "verify-log",
                "manage-tokens",
                "read-access-log"
            ]
        );
        assert_eq!(
            row(Role::Reporter, Duties::NONE),
            [&everybody[..], &["read-reports", "read-report-lists"]].concat()
        );
        assert!(
            row(Role::System, Duties::all()).is_empty(),
            "nobody signs in as a part of the system"
        );
    }

    #[test]
    fn a_permission_is_read_as_it_is_written() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(permission));
        }
        for word in ["", "Decide", "decide ", "import", "everything"] {
            assert_eq!(Permission::parse(word), None, "{word:?}");
        }
    }

    #[test]
    fn a_machine_client_has_what_its_scopes_and_its_role_both_allow() {
        let scopes = |words: &[Permission]| words.iter().copied().collect();
        let reader = Principal::client(
            Role::Secretariat,
            "export",
            scopes(&[Permission::ReadApplication]),
        );
        let held = |client: &Principal| {
            Permission::ALL
                .into_iter()
                .filter(|permission| permission.is_held_by(client))
                .collect::<Vec<_>>()
        };
        assert_eq!(held(&reader), [Permission::ReadApplication]);
        let overreaching = Principal::client(
            Role::Reporter,
            "export",
            scopes(&[
                Permission::ReadPrograms,
                Permission::ImportMembers,
                Permission::Apply,
            ]),
        );
        assert_eq!(held(&overreaching), [Permission::ReadPrograms]);
    }

    #[test]
    fn duties_are_the_secretariats_only() {
        assert_eq!(
            row(Role::Member, Duties::all()),
            row(Role::Member, Duties::NONE)
        );
        assert_eq!(
            row(Role::Reporter, Duties::all()),
            row(Role::Reporter, Duties::NONE)
        );
    }
}
