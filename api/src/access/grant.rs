//! What is to be given to a machine client, checked the same for the API and the command line.

use domain::{Role, documents::FieldError};

use super::{Permission, Principal, Scopes};

/// Most days for which a token is good. Whoever forgets one is reminded by its end.
const LONGEST_DAYS: u16 = 365;

/// Most characters of a name.
const NAME_LIMIT: usize = 40;

/// A token that may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    name: String,
    role: Role,
    scopes: Scopes,
    days: u16,
}

impl Grant {
    /// Reads what somebody wants to give: a name (`nightly-export`), a role, permissions, and for how many days.
    ///
    /// # Errors
    /// Everything that is wrong, by the names of the API's fields.
    pub fn read(
        name: &str,
        role: &str,
        scopes: &[String],
        days: u16,
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |pointer: String, message: String| {
            errors.push(FieldError { pointer, message });
        };
        if !is_name(name) {
            wrong(
                "/name".to_owned(),
                format!(
                    "名前は半角の英小文字・数字・ハイフン {NAME_LIMIT} 字以内で、英小文字から始めて入力してください。"
                ),
            );
        }
        let role = [Role::Secretariat, Role::Reporter]
            .into_iter()
            .find(|known| known.as_str() == role);
        if role.is_none() {
            wrong(
                "/role".to_owned(),
                "役割は secretariat か reporter を指定してください。".to_owned(),
            );
        }
        if scopes.is_empty() {
            wrong(
                "/scopes".to_owned(),
                "権限を1つ以上指定してください。".to_owned(),
            );
        }
        for (place, word) in scopes.iter().enumerate() {
            let pointer = format!("/scopes/{place}");
            match Permission::parse(word) {
                None => wrong(
                    pointer,
                    "この名前の権限はありません。API の説明の x-permission にある名前を指定してください。"
                        .to_owned(),
                ),
                Some(permission) if !permission.may_be_scope() => wrong(
                    pointer,
                    "この権限はトークンには付けられません。サインインして操作してください。".to_owned(),
                ),
                Some(permission) => {
                    if let Some(role) = role
                        && !held_by_some(role, permission)
                    {
                        wrong(
                            pointer,
                            "この権限は、指定された役割では使えません。役割か権限を変更してください。"
                                .to_owned(),
                        );
                    }
                }
            }
        }
        if !(1..=LONGEST_DAYS).contains(&days) {
            wrong(
                "/days".to_owned(),
                format!("有効日数は1〜{LONGEST_DAYS}の範囲で指定してください。"),
            );
        }
        match role {
            Some(role) if errors.is_empty() => Ok(Self {
                name: name.to_owned(),
                role,
                scopes: scopes
                    .iter()
                    .filter_map(|word| Permission::parse(word))
                    .collect(),
                days,
            }),
            _ => Err(errors),
        }
    }

    /// That it gives nothing which the giver does not have, whatever the role of the token: 管理 alone would otherwise be every duty, and every
    /// reader of reports, by way of a token.
    ///
    /// # Errors
    /// The permissions that are not the giver's.
    pub fn given_by(&self, giver: &Principal) -> Result<(), Vec<FieldError>> {
        let errors: Vec<_> = self
            .scopes
            .iter()
            .filter(|permission| !permission.is_held_by(giver))
            .map(|permission| FieldError {
                pointer: "/scopes".to_owned(),
                message: format!(
                    "ご自身にない権限（{}）は付けられません。その権限をもつ管理担当者に発行を依頼してください。",
                    permission.as_str()
                ),
            })
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    /// Name of the client; several tokens of one client have it, while one takes the place of the other.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The role in which it acts.
    pub fn role(&self) -> Role {
        self.role
    }

    /// How far it goes.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// For how many days.
    pub fn days(&self) -> u16 {
        self.days
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= NAME_LIMIT
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(allowed)
}

/// Whether anybody of a role can have it.
fn held_by_some(role: Role, permission: Permission) -> bool {
    let scopes = std::iter::once(permission).collect();
    permission.is_held_by(&Principal::client(role, "x", scopes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Duties, Duty};

    fn read(name: &str, role: &str, scopes: &[&str], days: u16) -> Result<Grant, Vec<String>> {
        let scopes: Vec<_> = scopes.iter().map(|&word| word.to_owned()).collect();
        Grant::read(name, role, &scopes, days)
            .map_err(|errors| errors.into_iter().map(|error| error.pointer).collect())
    }

    #[test]
    fn what_may_be_given_is_read() {
        let grant = read(
            "nightly-1",
            "secretariat",
            &["import-members", "read-history"],
            365,
        )
        .unwrap();
        assert_eq!(grant.scopes().to_string(), "read-history import-members");
        assert_eq!((grant.role(), grant.days()), (Role::Secretariat, 365));
    }

    #[test]
    fn everything_that_may_not_be_given_is_pointed_at() {
        let refused =
            |name, role, scopes: &[&str], days| read(name, role, scopes, days).unwrap_err();
        assert_eq!(
            refused("Nightly", "system", &[], 0),
            ["/name", "/role", "/scopes", "/days"]
        );
        assert_eq!(
            refused(
                "n",
                "secretariat",
                &["import-members", "everything", "manage-tokens", "apply"],
                366
            ),
            ["/scopes/1", "/scopes/2", "/scopes/3", "/days"]
        );
        assert_eq!(
            refused("n", "reporter", &["import-members"], 1),
            ["/scopes/0"]
        );
        for name in ["", "1", "-a", "a b", "a:b", "あ", &"a".repeat(41)] {
            assert_eq!(
                read(name, "reporter", &["read-programs"], 1).unwrap_err(),
                ["/name"]
            );
        }
    }

    #[test]
    fn nobody_gives_what_is_not_the_own() {
        let giver = |duties: &[Duty]| {
            Principal::of(
                Role::Secretariat,
                "kanri",
                duties.iter().copied().collect::<Duties>(),
            )
        };
        let grant = read(
            "n",
            "secretariat",
            &["confirm-payments", "import-members"],
            1,
        )
        .unwrap();
        let refused = grant.given_by(&giver(&[Duty::Administer])).unwrap_err();
        assert_eq!(refused.len(), 1);
        assert!(refused[0].message.contains("confirm-payments"));
        assert_eq!(
            grant.given_by(&giver(&[Duty::Administer, Duty::Payments])),
            Ok(())
        );
        let programs = read("n", "reporter", &["read-programs"], 1).unwrap();
        assert_eq!(programs.given_by(&giver(&[Duty::Administer])), Ok(()));
        let figures = read("n", "reporter", &["read-reports"], 1).unwrap();
        let refused = figures.given_by(&giver(&[Duty::Administer])).unwrap_err();
        assert!(refused[0].message.contains("read-reports"));
        let both = giver(&[Duty::Administer, Duty::View]);
        assert_eq!(figures.given_by(&both), Ok(()));
    }
}
