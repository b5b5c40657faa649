//! The reports: what is counted. Each figure knows the list behind it.

mod composition;
mod money;
mod progress;
mod review;
mod units;

use eventstore::Database;

use super::question::{ListFilter, ListName, Question, ReportName};
use super::sql::{Sql, all};
use super::table::{Cell, Column};
use crate::error::Result;

/// How a table is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chart {
    /// A bar for each row: the first column names it, this one (from 0) is its length.
    Bars(usize),
    /// Upright bars that touch: as [`Chart::Bars`], with a line before the row of this number (from 0).
    Histogram(usize, Option<usize>),
    /// For each row a bar of each of these columns.
    Groups(&'static [usize]),
    /// A line for each column after the first, over these days before the deadline, a row each.
    Lines(Vec<i64>),
    /// For each row how long half of all, nine of ten, and nineteen of twenty take: these columns.
    Percentiles([usize; 3]),
}

/// A figure with what is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The figure.
    pub cell: Cell,
    /// The list whose lines it counts.
    pub behind: Option<(ListName, ListFilter)>,
}

impl Figure {
    fn text(text: impl Into<String>) -> Self {
        Self::of(Cell::Text(text.into()))
    }

    fn number(number: i64) -> Self {
        Self::of(Cell::Number(number))
    }

    fn maybe(number: Option<i64>) -> Self {
        Self::of(number.map_or(Cell::Empty, Cell::Number))
    }

    fn of(cell: Cell) -> Self {
        Self { cell, behind: None }
    }

    /// A count, and the lines that were counted.
    fn counted(count: i64, list: ListName, filter: ListFilter) -> Self {
        Self {
            cell: Cell::Number(count),
            behind: Some((list, filter)),
        }
    }
}

/// A table of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTable {
    /// Its name in JSON and in file names.
    pub key: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What its figures mean, in words.
    pub note: Option<&'static str>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Vec<Figure>>,
    /// So many rows at the end sum up or stand beside the others: they are set apart, and not drawn.
    pub apart: usize,
    /// How it is drawn.
    pub chart: Option<Chart>,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which.
    pub name: ReportName,
    /// Its tables.
    pub tables: Vec<ReportTable>,
}

/// Answers a report.
pub(crate) async fn report(
    database: &Database,
    name: ReportName,
    question: &Question<'_>,
) -> Result<Report> {
    let tables = match name {
        ReportName::Progress => progress::tables(database, question).await?,
        ReportName::Incomplete => units::incomplete(database, question).await?,
        ReportName::Units => units::distribution(database, question).await?,
        ReportName::Review => review::tables(database, question).await?,
        ReportName::Money => money::tables(database, question).await?,
        ReportName::Members => composition::members(database, question).await?,
        ReportName::Forecast => composition::forecast(database, question).await?,
    };
    Ok(Report { name, tables })
}

impl Question<'_> {
    /// The lines of the question's program.
    fn filter(&self) -> ListFilter {
        ListFilter {
            program: self.program.map(str::to_owned),
            withdrawn: Some(false),
            ..ListFilter::default()
        }
    }
}

/// `FROM report_applications a WHERE …`: of the question's moment and program, without what is withdrawn.
fn applications(select: &str, question: &Question<'_>) -> Sql {
    let mut sql = Sql::new(format!("SELECT {select} FROM report_applications a WHERE"));
    sql.at("a", question.as_of);
    sql.at_program("a", question.program);
    sql.push(" AND a.withdrawn = 0");
    sql
}

/// How many applications there are of each of these words.
async fn grouped<T: super::sql::Row>(
    database: &Database,
    mut sql: Sql,
    by: &str,
) -> Result<Vec<T>> {
    sql.push(format!(" GROUP BY {by} ORDER BY {by}"));
    all(database, &sql).await
}
