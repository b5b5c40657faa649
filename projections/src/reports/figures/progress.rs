//! 進捗

use domain::calendar::days_left;
use domain::reporting::{Stage, share};
use eventstore::Database;

use super::{Chart, Figure, ReportTable, applications, grouped};
use crate::application_status::DocumentTrack;
use crate::error::{Error, Result};
use crate::reports::lists::{List, title};
use crate::reports::question::{ListFilter, ListName, Question};
use crate::reports::sql::Sql;
use crate::reports::table::{Cell, Column, Kind};

/// Days before 締め切り日時 at which completions are counted, beside today; -1: all, those after it too.
const MARKS: [i64; 15] = [98, 84, 70, 56, 42, 28, 21, 14, 7, 5, 3, 2, 1, 0, -1];

/// Programs drawn beside each other.
const COMPARED: usize = 4;

pub(super) async fn tables(
    database: &Database,
    question: &Question<'_>,
) -> Result<Vec<ReportTable>> {
    Ok(vec![
        funnel(database, question).await?,
        states(database, question).await?,
        completions(database, question).await?,
    ])
}

/// Who may apply in a program of the question, and has not (or has withdrawn). A person is one, also in 猶予年度, in which the programs of
/// two years wait: it is the list that is counted, and not each program for itself.
async fn waiting(database: &Database, question: &Question<'_>) -> Result<i64> {
    let list = List {
        name: ListName::NonApplicants,
        filter: ListFilter {
            program: question.program.map(str::to_owned),
            ..ListFilter::default()
        },
        as_of: question.as_of,
        programs: question.programs.to_vec(),
    };
    list.count(database).await
}

async fn funnel(database: &Database, question: &Question<'_>) -> Result<ReportTable> {
    let sql = applications("a.stage, COUNT(*)", question);
    let stages: Vec<(i64, i64)> = grouped(database, sql, "a.stage").await?;
    let reached = |stage: Stage| -> i64 {
        let place = i64::from(stage.place());
        let later = stages.iter().filter(|(stage, _)| *stage >= place);
        later.map(|(_, count)| count).sum()
    };
    let waiting = waiting(database, question).await?;
    let due = waiting + reached(Stage::Applied);
    let part = |of: i64| -> Result<Figure> { Ok(Figure::maybe(share(count(of)?, count(due)?))) };
    let mut rows = Vec::new();
    for stage in Stage::ALL {
        let number = if stage == Stage::Due {
            due
        } else {
            reached(stage)
        };
        let figure = if stage == Stage::Due {
            Figure::number(number)
        } else {
            let filter = ListFilter {
                stage: Some(stage),
                ..question.filter()
            };
            Figure::counted(number, ListName::Applications, filter)
        };
        rows.push(vec![Figure::text(stage.label()), figure, part(number)?]);
    }
    let filter = ListFilter {
        program: question.program.map(str::to_owned),
        ..ListFilter::default()
    };
    rows.push(vec![
        Figure::text("（うち未申込）"),
        Figure::counted(waiting, ListName::NonApplicants, filter),
        part(waiting)?,
    ]);
    Ok(ReportTable {
        key: "stages",
        title: "進捗",
        note: Some(
            "各段階の人数は、その先の段階に進んだ方を含みます。対象者は、申込のある方と、正規更新年度または猶予年度で申込のない方です。取下げは含みません。",
        ),
        columns: vec![
            Column::new("stage", "段階", Kind::Text),
            Column::new("count", "人数", Kind::Count),
            Column::new("share", "対象者に占める割合", Kind::Share),
        ],
        rows,
        apart: 1,
        chart: Some(Chart::Bars(1)),
    })
}

async fn states(database: &Database, question: &Question<'_>) -> Result<ReportTable> {
    let mut sql =
        Sql::new("SELECT a.document_track, a.withdrawn, COUNT(*) FROM report_applications a WHERE");
    sql.at("a", question.as_of);
    sql.at_program("a", question.program);
    let counts: Vec<(String, i64, i64)> =
        grouped(database, sql, "a.document_track, a.withdrawn").await?;
    let mut rows = Vec::new();
    for track in DocumentTrack::ALL {
        let count = counts
            .iter()
            .filter(|(word, withdrawn, _)| word == track.as_str() && *withdrawn == 0)
            .map(|(_, _, count)| count)
            .sum();
        let filter = ListFilter {
            state: Some(track),
            ..question.filter()
        };
        let label = match track {
            DocumentTrack::NotApplied => "筆記試験のみ",
            other => other.label(),
        };
        rows.push(vec![
            Figure::text(label),
            Figure::counted(count, ListName::Applications, filter),
        ]);
    }
    let withdrawn = counts
        .iter()
        .filter(|(_, withdrawn, _)| *withdrawn != 0)
        .map(|(_, _, count)| count)
        .sum();
    let filter = ListFilter {
        withdrawn: Some(true),
        ..question.filter()
    };
    rows.push(vec![
        Figure::text("取下げ"),
        Figure::counted(withdrawn, ListName::Applications, filter),
    ]);
    Ok(ReportTable {
        key: "states",
        title: "現在の状態",
        note: None,
        columns: vec![
            Column::new("state", "申請の状態", Kind::Text),
            Column::new("count", "件数", Kind::Count),
        ],
        rows,
        apart: 0,
        chart: None,
    })
}

/// Of the question's program beside those before it: all there are, newest first, or those that are not newer.
async fn completions(database: &Database, question: &Question<'_>) -> Result<ReportTable> {
    let mut sql =
        Sql::new("SELECT a.program, a.completed_days, COUNT(*) FROM report_applications a WHERE");
    sql.at("a", question.as_of)
        .push(" AND a.withdrawn = 0 AND a.completed_days IS NOT NULL");
    let counts: Vec<(String, i64, i64)> =
        grouped(database, sql, "a.program, a.completed_days").await?;
    let mut programs: Vec<&str> = counts
        .iter()
        .map(|(program, _, _)| program.as_str())
        .chain(question.program)
        .collect();
    programs.sort_unstable();
    programs.dedup();
    // The year is the end of the id.
    programs.sort_by_key(|id| std::cmp::Reverse(year(id)));
    if let Some(wanted) = question.program {
        programs.retain(|id| {
            *id == wanted || (series(id) == series(wanted) && year(id) < year(wanted))
        });
    }
    programs.truncate(COMPARED);
    let keys = ["first", "second", "third", "fourth"];
    let mut columns = vec![Column::new("days", "締め切りまでの日数", Kind::Text)];
    for (key, id) in keys.into_iter().zip(&programs) {
        let name = match (title(question.programs, id), year(id)) {
            (title, Some(year)) => format!("{title} {year}年度"),
            (title, None) => title.to_owned(),
        };
        columns.push(Column::new(key, name, Kind::Count));
    }
    // Where the programs stand today: the lines end there, and nothing is told of days that have not come.
    let today: Vec<Option<i64>> = programs
        .iter()
        .map(|id| {
            let known = question.programs.iter().find(|known| known.id.0 == **id);
            known.and_then(|known| days_left(question.as_of.at, known.period.closes))
        })
        .collect();
    let mut marks: Vec<i64> = MARKS
        .into_iter()
        .chain(today.iter().flatten().copied())
        .collect();
    marks.sort_unstable_by(|one, other| other.cmp(one));
    marks.dedup();
    let mut rows = Vec::new();
    for mark in marks.iter().copied() {
        let mut row = vec![Figure::text(match mark {
            -1 => "締め切り後も含む".to_owned(),
            0 => "締め切り当日まで".to_owned(),
            days => format!("{days}日前まで"),
        })];
        for (id, left) in programs.iter().zip(&today) {
            if left.is_some_and(|left| mark < left) {
                row.push(Figure::of(Cell::Empty));
                continue;
            }
            let count = counts
                .iter()
                .filter(|(program, days, _)| program == id && *days >= mark)
                .map(|(_, _, count)| count)
                .sum();
            let filter = ListFilter {
                program: Some((*id).to_owned()),
                withdrawn: Some(false),
                completed_days: Some(mark),
                ..ListFilter::default()
            };
            row.push(Figure::counted(count, ListName::Applications, filter));
        }
        rows.push(row);
    }
    Ok(ReportTable {
        key: "completions",
        title: "締め切りまでの日数別の完了（累計）",
        note: Some(
            "申請を初めて完了した日を、その申請の種類の締め切り日時までの日数で数えます。まだ来ていない日は空欄です。",
        ),
        columns,
        rows,
        apart: 0,
        chart: (!programs.is_empty()).then_some(Chart::Lines(marks)),
    })
}

/// `specialist-renewal-2026`: 2026
fn year(id: &str) -> Option<i16> {
    id.rsplit_once('-').and_then(|(_, year)| year.parse().ok())
}

/// `specialist-renewal-2026`: `specialist-renewal`
fn series(id: &str) -> &str {
    id.rsplit_once('-').map_or(id, |(series, _)| series)
}

/// What is counted must be countable.
pub(super) fn count(number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|_| Error::ForeignRow("reports"))
}
