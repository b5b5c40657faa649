//! What a member of the secretariat is charged with.

use std::fmt;

use serde::Serialize;

/// A duty of the secretariat. They are given one by one: who confirms payments need not decide, and who decides need not be
/// able to give duties to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// 閲覧: to see applications and their history.
    View,
    /// 確認: to check documents and return them.
    Check,
    /// 入金: to confirm payments.
    Payments,
    /// 判定: to decide about applications.
    Decide,
    /// 管理: imports, accounts and access, proof of the log.
    Administer,
}

impl Duty {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::View,
        Self::Check,
        Self::Payments,
        Self::Decide,
        Self::Administer,
    ];

    /// The word in settings, claims and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Check => "check",
            Self::Payments => "payments",
            Self::Decide => "decide",
            Self::Administer => "administer",
        }
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::View => "閲覧",
            Self::Check => "確認",
            Self::Payments => "入金",
            Self::Decide => "判定",
            Self::Administer => "管理",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|duty| duty.as_str() == word)
    }
}

/// The duties of somebody; none for members and reporters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Duties {
    bits: u8,
}

impl Duties {
    /// None.
    pub const NONE: Self = Self { bits: 0 };

    /// Every duty.
    pub fn all() -> Self {
        Duty::ALL.into_iter().collect()
    }

    /// Whether a duty is among them.
    pub const fn include(self, duty: Duty) -> bool {
        self.bits & Self::bit(duty) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// One by one, in the order of [`Duty::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Duty> {
        Duty::ALL
            .into_iter()
            .filter(move |duty| self.include(*duty))
    }

    /// The words of [`Duties::to_string`]; words that are none of ours give nothing.
    pub fn parse(words: &str) -> Self {
        words.split_whitespace().filter_map(Duty::parse).collect()
    }

    const fn bit(duty: Duty) -> u8 {
        1 << duty as u8
    }
}

impl FromIterator<Duty> for Duties {
    fn from_iter<I: IntoIterator<Item = Duty>>(duties: I) -> Self {
        let bits = duties
            .into_iter()
            .fold(0, |bits, duty| bits | Self::bit(duty));
        Self { bits }
    }
}

/// The words with blanks between them, as the database keeps them.
impl fmt::Display for Duties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Duty::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duties_are_read_as_they_are_written() {
        for duties in [
            Duties::NONE,
            Duties::all(),
            [Duty::Decide, Duty::View].into_iter().collect(),
        ] {
            assert_eq!(Duties::parse(&duties.to_string()), duties);
        }
        assert_eq!(
            Duties::all().to_string(),
            "view check payments decide administer"
        );
    }

    #[test]
    fn what_is_no_duty_gives_none() {
        assert!(Duties::parse("admin root VIEW").is_empty());
        let duties = Duties::parse("payments superuser");
        assert!(duties.include(Duty::Payments));
        assert_eq!(duties.iter().count(), 1);
    }
}
