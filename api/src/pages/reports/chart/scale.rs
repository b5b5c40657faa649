//! Figures as lengths and as words.

use crate::reports::cell::{EMPTY, WITHHELD, share, whole};

use super::Figure;

/// What figures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Unit {
    /// 件
    Cases,
    /// 人
    Persons,
    /// 単位
    Units,
    /// 円
    Yen,
    /// 日
    Days,
    /// Tenths of a percent.
    Share,
}

impl Unit {
    /// Its name; a share carries its own.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cases => "件",
            Self::Persons => "人",
            Self::Units => "単位",
            Self::Yen => "円",
            Self::Days => "日",
            Self::Share => "",
        }
    }

    /// A number without its unit, for where that is said once: `1,234`, `12.5%`.
    pub fn bare(self, value: i64) -> String {
        match self {
            Self::Share => share(value),
            _ => whole(value),
        }
    }

    /// A number with its unit: `1,234件`.
    pub fn full(self, value: i64) -> String {
        format!("{}{}", self.bare(value), self.name())
    }

    /// A figure without its unit.
    pub fn bare_figure(self, figure: Figure) -> String {
        match figure {
            Figure::Known(value) => self.bare(value),
            Figure::Withheld => WITHHELD.to_owned(),
            Figure::Unknown => EMPTY.to_owned(),
        }
    }

    /// A figure with its unit.
    pub fn full_figure(self, figure: Figure) -> String {
        match figure {
            Figure::Known(value) => self.full(value),
            Figure::Withheld | Figure::Unknown => self.bare_figure(figure),
        }
    }
}

/// An axis from 0 on: at least as long as its greatest figure, in steps of 1, 2 or 5 times a power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    /// From tick to tick.
    pub step: i64,
    /// The last tick.
    pub end: i64,
}

impl Axis {
    /// An axis for figures up to `greatest` with at most `ticks` steps (at least one).
    pub fn new(greatest: i64, ticks: i64) -> Self {
        let (greatest, ticks) = (greatest.max(1), ticks.max(1));
        let mut power: i64 = 1;
        loop {
            for factor in [1, 2, 5] {
                let Some(step) = power.checked_mul(factor) else {
                    return Self::whole(greatest);
                };
                let steps = greatest / step + i64::from(greatest % step != 0);
                if steps <= ticks {
                    return steps
                        .checked_mul(step)
                        .map_or_else(|| Self::whole(greatest), |end| Self { step, end });
                }
            }
            let Some(next) = power.checked_mul(10) else {
                return Self::whole(greatest);
            };
            power = next;
        }
    }

    /// Where no round step can be said in the machine's word, the axis has one.
    fn whole(greatest: i64) -> Self {
        Self {
            step: greatest,
            end: greatest,
        }
    }

    /// 0, then every step.
    pub fn ticks(self) -> impl Iterator<Item = i64> {
        (0..=self.end / self.step).map(move |at| at * self.step)
    }

    /// How far along an axis of such a length a value lies.
    pub fn length(self, value: i64, whole: f64) -> f64 {
        real(value) / real(self.end) * whole
    }
}

/// A number as a measure.
#[expect(
    clippy::cast_precision_loss,
    reason = "a length on a screen has four digits, and a number of which 52 bits matter is written beside it"
)]
pub(super) fn real(value: i64) -> f64 {
    value as f64
}

/// A count as a measure.
pub(super) fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_are_one_two_or_five() {
        for (greatest, ticks, step, end) in [
            (0, 5, 1, 1),
            (1, 5, 1, 1),
            (5, 5, 1, 5),
            (6, 5, 2, 6),
            (11, 5, 5, 15),
            (34, 5, 10, 40),
            (120, 5, 50, 150),
            (1_234, 4, 500, 1_500),
            (4_010_000, 5, 1_000_000, 5_000_000),
        ] {
            assert_eq!(Axis::new(greatest, ticks), Axis { step, end }, "{greatest}");
        }
        assert_eq!(
            Axis::new(34, 5).ticks().collect::<Vec<_>>(),
            [0, 10, 20, 30, 40]
        );
    }

    #[test]
    fn figures_are_told_with_thousands_and_in_their_unit() {
        assert_eq!(Unit::Cases.full(1_234), "1,234件");
        assert_eq!(Unit::Yen.full(11_000), "11,000円");
        assert_eq!(Unit::Days.full(12), "12日");
        assert_eq!(Unit::Units.bare(50), "50");
        assert_eq!(Unit::Share.full(125), "12.5%");
        assert_eq!(Unit::Yen.full_figure(Figure::Withheld), "秘匿");
        assert_eq!(Unit::Yen.bare_figure(Figure::Unknown), "—");
    }

    proptest! {
        #[test]
        fn an_axis_holds_its_figures_in_few_round_steps(greatest in 0_i64..=i64::MAX, ticks in 1_i64..12) {
            let axis = Axis::new(greatest, ticks);
            prop_assert!(axis.end >= greatest && axis.step > 0);
            prop_assert!(axis.ticks().count() <= usize::try_from(ticks).unwrap() + 1);
            prop_assert_eq!(axis.ticks().last(), Some(axis.end));
            let digits = axis.step.to_string();
            let round = matches!(digits.trim_end_matches('0'), "1" | "2" | "5");
            prop_assert!(round || axis.end > i64::MAX / 2 , "{axis:?}");
        }
    }
}
