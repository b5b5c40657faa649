//! What holds for any history: a figure counts the lines of the list behind it, at any moment.

use domain::program::Programs;
use jiff::Timestamp;
use proptest::prelude::*;

use super::{Cell, List, Moment, Question, ReportName};
use crate::examples::TestLog;
use crate::properties::{acts, history, name};
use crate::{Reporting, Runner, Views};

#[test]
fn everything_of_members_and_applications_is_read() {
    let mut read = super::PAYLOADS.to_vec();
    let mut known: Vec<&str> = domain::catalogue::EVENTS
        .iter()
        .filter(|entry| entry.stream == "member" || entry.stream == "application")
        .map(|entry| entry.name)
        .collect();
    read.sort_unstable();
    known.sort_unstable();
    assert_eq!(read, known);
}

/// Every figure of every report against the list behind it.
async fn figures_count_their_lists(reporting: &Reporting, moment: Moment, now: Timestamp) {
    let programs = Programs::embedded().unwrap();
    let programs: Vec<_> = programs.iter().collect();
    let as_of = reporting.report_moment(moment, now).await.unwrap().unwrap();
    for program in [None, Some("specialist-renewal-2026"), Some("gone-2020")] {
        let question = Question {
            as_of,
            program,
            programs: &programs,
        };
        for name in ReportName::ALL {
            let report = reporting.report(name, &question).await.unwrap();
            for table in report.tables {
                for row in table.rows {
                    assert_eq!(row.len(), table.columns.len(), "{}", table.key);
                    for figure in row {
                        let (Cell::Number(count), Some((list, filter))) =
                            (figure.cell, figure.behind)
                        else {
                            continue;
                        };
                        if table.key == "load" {
                            continue;
                        }
                        let list = List {
                            name: list,
                            filter,
                            as_of,
                            programs: programs.clone(),
                        };
                        let lines = reporting.report_list_count(&list).await.unwrap();
                        assert_eq!(lines, count, "{} {list:?}", table.key);
                        let part = reporting.report_list(&list, None, 1000).await.unwrap();
                        assert_eq!(
                            i64::try_from(part.lines.len()).unwrap(),
                            count,
                            "{}",
                            table.key
                        );
                        for line in part.lines {
                            assert_eq!(line.cells.len(), list.columns().len());
                        }
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn every_figure_counts_the_lines_of_the_list_behind_it(acts in acts(40), at in 0..40_i64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let test = TestLog::new().await;
            let history = history(&acts);
            for (application, event) in history.clone() {
                test.write(&name(application), vec![event]).await;
            }
            Runner::new(test.log.clone()).catch_up("reports").await.unwrap();
            let reporting = Reporting::of(Views::new(test.log.clone()));
            let now = Timestamp::now();
            figures_count_their_lists(&reporting, Moment::Latest, now).await;
            let at = at.min(i64::try_from(history.len()).unwrap());
            figures_count_their_lists(&reporting, Moment::Number(at), now).await;
        });
    }
}
