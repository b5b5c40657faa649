//! Cells in words. Pages and prints ask here, so that what is read on the screen is what stands on the paper.

use domain::{
    calendar::{show_date, show_deadline, show_jst_minutes},
    documents::with_commas,
};
use projections::reports::{Cell, Kind};

/// 秘匿: what stands where a figure is kept back.
pub const WITHHELD: &str = "秘匿";
/// What stands where nothing is known or nothing applies. Not a blank, which would look forgotten, and never 0.
pub const EMPTY: &str = "—";

/// A cell as people read it: `1,234`, `12,000円`, `12.5%`, `2026/06/03`, `2026/06/03 18:18` in Japan's time, 「秘匿」, 「—」.
///
/// 円 and % stand with the figure as everywhere on the pages; 件, 単位 and 日 are said by the heading of the column, as a column
/// of a hundred 件 is harder to read than one of figures. Figures keep a half-width `-`.
pub fn shown(cell: &Cell, kind: Kind) -> String {
    match (cell, kind) {
        (Cell::Empty, _) => EMPTY.to_owned(),
        (Cell::Withheld, _) => WITHHELD.to_owned(),
        (Cell::Text(text), _) => text.clone(),
        (Cell::Number(yen), Kind::Yen) => format!("{}円", whole(*yen)),
        (Cell::Number(tenths), Kind::Share) => share(*tenths),
        // A number that names something has no thousands.
        (Cell::Number(number), Kind::Code | Kind::Text) => number.to_string(),
        (Cell::Number(number), _) => whole(*number),
        (Cell::Date(date), _) => show_date(*date),
        (Cell::Instant(end), Kind::Deadline) => show_deadline(*end),
        (Cell::Instant(at), _) => show_jst_minutes(*at),
    }
}

/// Whether cells of a kind are figures, which stand to the right of their column so that their places are below each other.
pub fn is_figure(kind: Kind) -> bool {
    match kind {
        Kind::Count | Kind::Units | Kind::Yen | Kind::Days | Kind::Share => true,
        Kind::Text | Kind::Code | Kind::Date | Kind::Instant | Kind::Deadline => false,
    }
}

/// -1234567 → `-1,234,567`
pub fn whole(number: i64) -> String {
    let digits = number.unsigned_abs();
    // Where no amount fits into the machine's word, none is shown with commas.
    let digits = usize::try_from(digits).map_or_else(|_| digits.to_string(), with_commas);
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{digits}")
}

/// Tenths of a percent: 125 → `12.5%`. The tenth is always there, so that a column of shares has its points below each other.
pub fn share(tenths: i64) -> String {
    let (percent, tenth) = (tenths / 10, (tenths % 10).unsigned_abs());
    // What is above -1 % has lost its sign.
    let sign = if tenths < 0 && percent == 0 { "-" } else { "" };
    format!("{sign}{}.{tenth}%", whole(percent))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn figures_have_thousands_and_their_unit_where_the_pages_have_it() {
        for (number, kind, words) in [
            (1_234, Kind::Count, "1,234"),
            (0, Kind::Count, "0"),
            (50, Kind::Units, "50"),
            (30_000, Kind::Yen, "30,000円"),
            (-11_000, Kind::Yen, "-11,000円"),
            (1_000, Kind::Days, "1,000"),
            (125, Kind::Share, "12.5%"),
            (1_000, Kind::Share, "100.0%"),
            (5, Kind::Share, "0.5%"),
            (-5, Kind::Share, "-0.5%"),
            (-1_005, Kind::Share, "-100.5%"),
            (500_026, Kind::Code, "500026"),
            (i64::MIN, Kind::Count, "-9,223,372,036,854,775,808"),
        ] {
            assert_eq!(shown(&Cell::Number(number), kind), words);
        }
    }

    #[test]
    fn texts_and_codes_are_as_they_were_written() {
        assert_eq!(shown(&Cell::text("0500026"), Kind::Code), "0500026");
        assert_eq!(shown(&Cell::text("髙﨑 𠮷"), Kind::Text), "髙﨑 𠮷");
        assert_eq!(shown(&Cell::text(""), Kind::Text), "");
    }

    #[test]
    fn days_and_instants_are_those_of_japan() {
        assert_eq!(
            shown(&Cell::Date(date(2026, 6, 3)), Kind::Date),
            "2026/06/03"
        );
        let evening = "2026-06-03T15:30:00Z".parse().unwrap();
        assert_eq!(
            shown(&Cell::Instant(evening), Kind::Instant),
            "2026/06/04 00:30"
        );
        let midnight = "2026-07-31T15:00:00Z".parse().unwrap();
        assert_eq!(
            shown(&Cell::Instant(midnight), Kind::Deadline),
            "2026年7月31日(金) 24:00"
        );
    }

    #[test]
    fn what_is_kept_back_and_what_is_not_known_are_told_apart_and_are_not_zero() {
        for kind in [Kind::Text, Kind::Count, Kind::Yen, Kind::Share, Kind::Date] {
            assert_eq!(shown(&Cell::Withheld, kind), "秘匿");
            assert_eq!(shown(&Cell::Empty, kind), "—");
        }
    }
}
