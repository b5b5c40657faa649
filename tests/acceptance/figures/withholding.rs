//! 秘匿: what a reader of 会員構成 can work out, who knows the rule.

use projections::reports::{Cell, Moment, ReportName, ReportTable};

use super::histories::membership;
use super::naive::{Log, World, hidden};
use super::{Scene, cells};
use crate::databases::each_database;

/// What a table says: what is told and what is not, in the order of its rows, and the total.
struct Said {
    counts: Vec<Option<i64>>,
    total: Option<i64>,
}

impl Said {
    fn new(table: &ReportTable) -> Self {
        let rows = cells(table);
        let number = |cell: &Cell| match cell {
            Cell::Number(number) => Some(*number),
            Cell::Withheld => None,
            other => panic!("{}: {other:?}", table.key),
        };
        let (total, rows) = rows.split_last().unwrap();
        for (row, figures) in rows.iter().zip(&table.rows) {
            let is_withheld = row[1] == Cell::Withheld;
            assert_eq!(
                row[2] == Cell::Withheld,
                is_withheld,
                "a share tells a count"
            );
            assert!(
                !is_withheld || figures[1].behind.is_none(),
                "a list tells a count"
            );
        }
        Self {
            counts: rows.iter().map(|row| number(&row[1])).collect(),
            total: number(&total[1]),
        }
    }

    fn untold(&self) -> Vec<usize> {
        (0..self.counts.len())
            .filter(|place| self.counts[*place].is_none())
            .collect()
    }
}

/// Whether somebody who sees what is told can believe in these counts.
fn is_believable(counts: &[i64], untold: &[usize]) -> bool {
    hidden(counts).is_some_and(|hidden| hidden.into_iter().eq(untold.iter().copied()))
}

/// Another number that could stand in a place: the true counts, with some people moved between it and the other places.
fn another(counts: &[i64], untold: &[usize], place: usize) -> Option<i64> {
    let moved = |from: &[usize], to: &[usize], people: &[i64]| {
        let mut other = counts.to_vec();
        for ((from, to), people) in from.iter().zip(to).zip(people) {
            other[*from] -= people;
            other[*to] += people;
        }
        let is_possible = other.iter().all(|count| *count >= 0) && other[place] != counts[place];
        (is_possible && is_believable(&other, untold)).then(|| other[place])
    };
    let others = || untold.iter().copied().filter(|other| *other != place);
    let pairs = || others().flat_map(|other| [(place, other), (other, place)]);
    for (from, to) in pairs() {
        for people in 1..=counts[from] {
            if let Some(found) = moved(&[from], &[to], &[people]) {
                return Some(found);
            }
            // Somebody else goes somewhere else, so that the others stay under five, or come to it.
            for (from_too, to_too) in
                pairs().chain(others().flat_map(|one| others().map(move |other| (one, other))))
            {
                for people_too in 1..=counts[from_too] {
                    let found = moved(&[from, from_too], &[to, to_too], &[people, people_too]);
                    if found.is_some() {
                        return found;
                    }
                }
            }
        }
    }
    None
}

/// One way of counting everybody: what is true beside what is told.
fn holds_back(table: &ReportTable, truth: &[i64], place: &str) {
    let said = Said::new(table);
    let untold = said.untold();
    let Some(total) = said.total else {
        assert!(
            said.counts.iter().all(Option::is_none),
            "{place}: the total is withheld, but not all that adds up to it"
        );
        return;
    };
    for count in said.counts.iter().flatten() {
        assert!(*count == 0 || *count >= 5, "{place}: {count} is told");
    }
    if untold.is_empty() {
        return;
    }
    assert!(
        untold.len() > 1,
        "{place}: one count follows from the total"
    );
    let told: i64 = said.counts.iter().flatten().sum();
    assert!(total - told >= 5, "{place}: what is left is less than five");
    for at in &untold {
        assert!(
            another(truth, &untold, *at).is_some(),
            "{place}: row {at} of {truth:?} can only be what it is"
        );
    }
}

#[tokio::test]
async fn nothing_that_is_withheld_follows_from_what_is_told() {
    // Each number of the ledger is a membership of its own, from nobody to many.
    for (seed, length, members, least) in [(11, 130, 75, 100), (12, 60, 12, 50)] {
        each_database(async |fresh| {
            let scene =
                Scene::of(fresh, seed, |book| membership(book, seed, length, members)).await;
            let log = Log::read(&fresh.database).await;
            let mut withheld = 0;
            for number in 0..=scene.head {
                let as_of = scene.moment(Moment::Number(number)).await;
                let world = World::new(&log, (as_of.number, as_of.at), scene.programs());
                let tables = scene.report(ReportName::Members, as_of, None).await;
                let rows: Vec<_> = tables
                    .iter()
                    .map(|table| (table.key, cells(table)))
                    .collect();
                assert_eq!(rows, world.report(ReportName::Members, None), "{number}");
                let totals: Vec<_> = tables.iter().map(|table| Said::new(table).total).collect();
                assert!(
                    totals.windows(2).all(|pair| pair[0] == pair[1]),
                    "{number}: {totals:?}"
                );
                for (table, truth) in tables.iter().zip(world.people()) {
                    withheld += Said::new(table).untold().len();
                    holds_back(
                        table,
                        &truth,
                        &format!("seed {seed}, number {number}, {}", table.key),
                    );
                }
            }
            assert!(
                withheld > least,
                "the memberships are too large to try the rule: {withheld}"
            );
        })
        .await;
    }
}
