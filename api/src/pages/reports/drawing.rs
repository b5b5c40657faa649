//! From a table of a report to its chart.

use projections::reports::{Cell, Chart as Drawn, Figure, Kind, ReportName, ReportTable};

use super::chart::{Bar, Chart, MOST_SERIES, Plot, Requirement, Series, Spread, Unit};
use crate::reports::cell::shown;

/// What a figure counts in a chart.
fn unit(report: ReportName, table: &ReportTable, column: usize) -> Unit {
    let people =
        matches!(report, ReportName::Members | ReportName::Forecast) || table.key == "stages";
    match table.columns.get(column).map(|column| column.kind) {
        Some(Kind::Yen) => Unit::Yen,
        Some(Kind::Days) => Unit::Days,
        Some(Kind::Units) => Unit::Units,
        Some(Kind::Share) => Unit::Share,
        _ if people => Unit::Persons,
        _ => Unit::Cases,
    }
}

/// The chart of a table, if it has one and there is something to draw.
pub(super) fn chart(
    report: ReportName,
    table: &ReportTable,
    href: &dyn Fn(&Figure) -> Option<String>,
) -> Option<Chart> {
    let rows = table
        .rows
        .split_at(table.rows.len().saturating_sub(table.apart))
        .0;
    if rows.is_empty() {
        return None;
    }
    let label = |row: &[Figure]| {
        row.first()
            .map_or_else(String::new, |figure| shown(&figure.cell, Kind::Text))
    };
    let cell = |row: &[Figure], column: usize| {
        row.get(column)
            .map_or(Cell::Empty, |figure| figure.cell.clone())
    };
    let bar = |row: &Vec<Figure>, column: usize| {
        let bar = Bar::new(label(row), &cell(row, column));
        match row.get(column).and_then(href) {
            Some(href) => bar.leading_to(href),
            None => bar,
        }
    };
    let series = |column: usize| {
        let name = table
            .columns
            .get(column)
            .map_or("", |column| column.title.as_str());
        let figures: Vec<_> = rows.iter().map(|row| (&cell(row, column)).into()).collect();
        Series::new::<super::chart::Figure>(name, figures)
    };
    let (plot, unit) = match table.chart.as_ref()? {
        Drawn::Bars(column) => (
            Plot::Bars(rows.iter().map(|row| bar(row, *column)).collect()),
            unit(report, table, *column),
        ),
        Drawn::Histogram(column, line) => (
            Plot::Histogram {
                bands: rows.iter().map(|row| bar(row, *column)).collect(),
                measure: table.columns.first()?.title.clone(),
                requirement: line.map(|band| Requirement {
                    band,
                    label: "必要な単位".to_owned(),
                }),
            },
            unit(report, table, *column),
        ),
        Drawn::Groups(columns) => (
            Plot::Months {
                months: rows.iter().map(|row| label(row)).collect(),
                series: columns.iter().map(|column| series(*column)).collect(),
                stacked: table.key == "days_left" || table.key == "due",
            },
            unit(report, table, *columns.first()?),
        ),
        Drawn::Lines(days) => (
            Plot::Lines {
                days: days.clone(),
                series: (1..table.columns.len())
                    .take(MOST_SERIES)
                    .map(series)
                    .collect(),
            },
            unit(report, table, 1),
        ),
        Drawn::Percentiles(columns) => {
            let spreads: Vec<Spread> = rows
                .iter()
                .filter(|row| cell(row, columns[0]) != Cell::Empty)
                .map(|row| Spread {
                    label: label(row),
                    figures: columns.map(|column| (&cell(row, column)).into()),
                    href: None,
                })
                .collect();
            if spreads.is_empty() {
                return None;
            }
            (Plot::Percentiles(spreads), unit(report, table, columns[0]))
        }
    };
    Some(Chart {
        id: format!("{}-{}", report.as_str(), table.key.replace('_', "-")),
        title: table.title.to_owned(),
        unit,
        plot,
    })
}
