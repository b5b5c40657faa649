//! What was found, as a table for the terminal and for `docs/benchmarks.md`.

use std::fmt::{self, Write as _};
use std::path::PathBuf;

use crate::Outcome;
use crate::machine::Machine;

/// A measurement's figures.
pub struct Finding {
    /// What was measured.
    pub title: &'static str,
    /// How: what a reader must know to trust or doubt the figures.
    pub method: String,
    /// The figures.
    pub table: Table,
    /// Against the goals.
    pub goals: Vec<Goal>,
}

/// A goal with what was measured for it.
pub struct Goal {
    /// Of what.
    pub what: String,
    /// Our figure.
    pub ours: String,
    /// The other side's figure.
    pub peer: String,
    /// What the goal is about, measured.
    pub measured: String,
    /// What it should be.
    pub wanted: &'static str,
    /// Whether it is.
    pub met: bool,
}

/// A table.
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: &[&str]) -> Self {
        Self {
            head: head.iter().map(|&cell| cell.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    pub fn row<const CELLS: usize>(&mut self, cells: [String; CELLS]) {
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    /// Markdown whose columns also stand below each other in a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            std::iter::once(&self.head)
                .chain(&self.rows)
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let line = |f: &mut fmt::Formatter<'_>, cells: &[String]| {
            for (cell, width) in cells.iter().zip(&widths) {
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")
        };
        line(f, &self.head)?;
        let rules: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
        line(f, &rules)?;
        self.rows.iter().try_for_each(|row| line(f, row))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n\n{}\n\n{}", self.title, self.method, self.table)
    }
}

/// All goals in one table, followed by a sentence for each that is not met.
pub fn goals(findings: &[Finding]) -> String {
    let mut table = Table::new(&["", "ours", "other side", "measured", "goal", "met"]);
    let mut missed = String::new();
    for goal in findings.iter().flat_map(|finding| &finding.goals) {
        table.row([
            goal.what.clone(),
            goal.ours.clone(),
            goal.peer.clone(),
            goal.measured.clone(),
            goal.wanted.to_owned(),
            if goal.met { "yes" } else { "**no**" }.to_owned(),
        ]);
        if !goal.met {
            let _infallible = writeln!(
                missed,
                "\n**Not met:** {}: {} where {} is the goal.",
                goal.what, goal.measured, goal.wanted
            );
        }
    }
    format!("{table}{missed}")
}

/// Puts the figures between the two marks that the document has for the set; what people wrote around them stays.
pub fn write(set: &str, machine: &Machine, findings: &[Finding]) -> Outcome<()> {
    let [begin, end] =
        ["begin", "end"].map(|word| format!("<!-- written by ops/bench {set}: {word} -->\n"));
    let document = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.md");
    let text = std::fs::read_to_string(&document)?;
    let (head, rest) = text
        .split_once(&begin)
        .ok_or_else(|| format!("docs/benchmarks.md has no line {}", begin.trim()))?;
    let (_, tail) = rest
        .split_once(&end)
        .ok_or_else(|| format!("docs/benchmarks.md has no line {}", end.trim()))?;
    let mut figures = format!(
        "\n{machine}\n\n## Goals\n\n{}\n## Figures\n\n",
        goals(findings)
    );
    for finding in findings {
        let _infallible = write!(figures, "{finding}");
    }
    std::fs::write(&document, format!("{head}{begin}{figures}{end}{tail}"))?;
    Ok(())
}
