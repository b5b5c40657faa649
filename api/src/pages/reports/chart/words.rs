//! What a chart says, in sentences: for those who do not see it, and short enough to be heard.

use std::fmt::Write as _;

use super::{
    Bar, Chart, Figure, Group, Plot, Requirement, Series, Spread, Unit, at_most,
    lines::{day, last},
    rows::NOTHING,
};

/// So many figures are told one by one.
const TOLD: usize = 12;

/// The main figures of a chart in sentences.
pub(super) fn description(chart: &Chart) -> String {
    let unit = chart.unit;
    let told = match &chart.plot {
        Plot::Bars(bars) => bars_in_words(bars, unit),
        Plot::Histogram {
            bands,
            measure,
            requirement,
        } => histogram(bands, measure, requirement.as_ref(), unit),
        Plot::Months {
            months,
            series,
            stacked,
        } => months_in_words(&Group::new(months, series, *stacked), unit),
        Plot::Lines { days, series } => lines(days, at_most(series), unit),
        Plot::Percentiles(spreads) => percentiles(spreads, unit),
    };
    if told.is_empty() {
        NOTHING.to_owned()
    } else {
        told
    }
}

/// 「申請 120件、提出 98件、認定 秘匿です。」
fn bars_in_words(bars: &[Bar], unit: Unit) -> String {
    let figures = bars.iter().map(|bar| (bar.label.as_str(), bar.figure));
    listed(figures, unit)
}

/// Figures one by one, as far as anybody listens.
fn listed<'a>(figures: impl ExactSizeIterator<Item = (&'a str, Figure)>, unit: Unit) -> String {
    if figures.len() == 0 {
        return String::new();
    }
    let rest = and_more(figures.len());
    let told: Vec<_> = figures
        .take(TOLD)
        .map(|(label, figure)| format!("{label} {}", heard(figure, unit)))
        .collect();
    format!("{}です。{rest}", told.join("、"))
}

/// How many more there are than are told.
fn and_more(all: usize) -> String {
    match all.saturating_sub(TOLD) {
        0 => String::new(),
        rest => format!("ほかに {rest} 項目あります。"),
    }
}

/// A figure as it is said: 「—」 is not.
fn heard(figure: Figure, unit: Unit) -> String {
    match figure {
        Figure::Unknown => "不明".to_owned(),
        _ => unit.full_figure(figure),
    }
}

fn known(figure: Figure) -> Option<i64> {
    match figure {
        Figure::Known(value) => Some(value),
        Figure::Withheld | Figure::Unknown => None,
    }
}

/// The sum, where nothing is missing.
fn sum(figures: impl IntoIterator<Item = Figure>) -> Option<i64> {
    figures
        .into_iter()
        .try_fold(0_i64, |sum, figure| sum.checked_add(known(figure)?))
}

/// The first of those that nothing exceeds.
fn greatest<'a>(figures: impl Iterator<Item = (&'a str, Figure)>) -> Option<(&'a str, i64)> {
    figures
        .filter_map(|(label, figure)| Some((label, known(figure)?)))
        .reduce(|most, one| if one.1 > most.1 { one } else { most })
}

fn histogram(
    bands: &[Bar],
    measure: &str,
    requirement: Option<&Requirement>,
    unit: Unit,
) -> String {
    let mut told = String::new();
    let figures = bands.iter().map(|bar| (bar.label.as_str(), bar.figure));
    if let Some((label, value)) = greatest(figures.clone()) {
        let _infallible = write!(
            told,
            "{measure}で最も多いのは {label} の {}です。",
            unit.full(value)
        );
    }
    if let Some(requirement) = requirement {
        let (below, from) = bands.split_at(requirement.band.min(bands.len()));
        let sum = |bands: &[Bar]| sum(bands.iter().map(|bar| bar.figure));
        if let (Some(below), Some(from)) = (sum(below), sum(from)) {
            let _infallible = write!(
                told,
                "「{}」に達しているのは {}、達していないのは {}です。",
                requirement.label,
                unit.full(from),
                unit.full(below)
            );
        }
    }
    told.push_str(&listed(figures, unit));
    told
}

fn months_in_words(group: &Group<'_>, unit: Unit) -> String {
    let mut told = String::new();
    for one in group.series {
        let months = group.months.iter().enumerate();
        let figures = months.map(|(at, month)| (month.as_str(), one.at(at)));
        let total = sum(figures.clone().map(|(_, figure)| figure));
        let hidden = figures
            .clone()
            .filter(|(_, figure)| *figure == Figure::Withheld)
            .count();
        let mut parts = Vec::new();
        if let Some(total) = total {
            parts.push(format!("合計 {}", unit.full(total)));
        }
        if let Some((month, value)) = greatest(figures) {
            parts.push(format!("最も多い月は {month} の {}", unit.full(value)));
        }
        if hidden > 0 {
            parts.push(format!("秘匿の月は {hidden} か月"));
        }
        if !parts.is_empty() {
            let _infallible = write!(told, "{}は、{}です。", one.name, parts.join("、"));
        }
    }
    told
}

fn lines(days: &[i64], series: &[Series], unit: Unit) -> String {
    let mut told = String::new();
    for one in series {
        if let Some((at, value)) = last(days, one) {
            let at = days.get(at).copied().unwrap_or(0);
            let _infallible = write!(
                told,
                "{}は、{}に {}です。",
                one.name,
                day(at),
                unit.full(value)
            );
        }
        let figures = (0..days.len()).map(|at| one.at(at));
        if figures.clone().any(|figure| figure == Figure::Withheld) {
            let _infallible = write!(told, "{}には秘匿の日があります。", one.name);
        }
    }
    told
}

fn percentiles(spreads: &[Spread], unit: Unit) -> String {
    let told: Vec<_> = spreads
        .iter()
        .take(TOLD)
        .map(|spread| match spread.figures {
            [Figure::Withheld, Figure::Withheld, Figure::Withheld] => {
                format!("{}は秘匿です。", spread.label)
            }
            [Figure::Unknown, Figure::Unknown, Figure::Unknown] => {
                format!("{}は不明です。", spread.label)
            }
            figures => {
                let [half, ninety, most] = figures.map(|figure| heard(figure, unit));
                format!(
                    "{}は、半数まで {half}、90%まで {ninety}、95%まで {most}です。",
                    spread.label
                )
            }
        })
        .collect();
    format!("{}{}", told.concat(), and_more(spreads.len()))
}
