//! 円

use serde::{Deserialize, Serialize};

use crate::text::with_commas;

/// An amount in 円, at most [`Yen::MAX`]: the twelve digits of 全銀 files, which no bank's row exceeds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u64", into = "u64")]
pub struct Yen(u64);

/// A figure that is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("金額は 999,999,999,999円までです。")]
pub struct NotYen;

impl Yen {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// 999,999,999,999円
    pub const MAX: Self = Self(999_999_999_999);

    /// An amount.
    ///
    /// # Errors
    /// [`NotYen`] above [`Yen::MAX`].
    pub fn new(figure: u64) -> Result<Self, NotYen> {
        (figure <= Self::MAX.0)
            .then_some(Self(figure))
            .ok_or(NotYen)
    }

    /// The figure.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Both together.
    ///
    /// # Errors
    /// [`NotYen`] above [`Yen::MAX`].
    pub fn plus(self, other: Self) -> Result<Self, NotYen> {
        self.0
            .checked_add(other.0)
            .ok_or(NotYen)
            .and_then(Self::new)
    }

    /// What is left of it; None where the other is more.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// In words: `33,000円`.
    pub fn show(self) -> String {
        // It fits wherever a word has 64 bits; elsewhere the largest figures stand without commas.
        let figure = usize::try_from(self.0).map_or_else(|_| self.0.to_string(), with_commas);
        format!("{figure}円")
    }
}

impl TryFrom<u64> for Yen {
    type Error = NotYen;
    fn try_from(figure: u64) -> Result<Self, NotYen> {
        Self::new(figure)
    }
}

impl From<Yen> for u64 {
    fn from(yen: Yen) -> Self {
        yen.0
    }
}

impl From<u32> for Yen {
    fn from(figure: u32) -> Self {
        Self(u64::from(figure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_go_up_to_the_twelve_digits_of_a_bank_file_and_no_further() {
        assert_eq!(Yen::new(999_999_999_999), Ok(Yen::MAX));
        assert_eq!(Yen::new(1_000_000_000_000), Err(NotYen));
        assert_eq!(Yen::MAX.plus(Yen::from(1)), Err(NotYen));
        assert_eq!(Yen::from(3).minus(Yen::from(4)), None);
        assert!(serde_json::from_str::<Yen>("1000000000000").is_err());
        assert!(serde_json::from_str::<Yen>("-1").is_err());
    }

    #[test]
    fn they_are_shown_in_groups_of_three() {
        for (figure, shown) in [
            (0, "0円"),
            (999, "999円"),
            (11_000, "11,000円"),
            (999_999_999_999, "999,999,999,999円"),
        ] {
            assert_eq!(Yen(figure).show(), shown);
        }
    }
}
