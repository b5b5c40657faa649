//! 収支

use std::collections::BTreeMap;

use eventstore::Database;

use super::{Chart, Figure, ReportTable, grouped};
use crate::error::Result;
use crate::reports::lists::{item_label, unmatched};
use crate::reports::question::{ListFilter, ListName, Question};
use crate::reports::sql::Sql;
use crate::reports::table::{Cell, Column, Kind};

/// Counts and sums (円).
#[derive(Clone, Copy, Default)]
struct Sums {
    billed: (i64, i64),
    /// Billed, but how much is not known (受験料).
    open: i64,
    received: (i64, i64),
    unmatched: (i64, i64),
}

type Entry = (String, String, String, i64, i64, i64);

pub(super) async fn tables(
    database: &Database,
    question: &Question<'_>,
) -> Result<Vec<ReportTable>> {
    let select = |route: &str, table: &str| {
        let mut sql = Sql::new(format!(
            "SELECT c.month, c.item, {route}, COUNT(*), CAST(COALESCE(SUM(c.amount_yen), 0) AS bigint), \
             COUNT(*) - COUNT(c.amount_yen) FROM {table} c WHERE"
        ));
        sql.at("c", question.as_of);
        sql
    };
    let mut billed = select("c.route", "report_charges");
    billed.at_program("c", question.program);
    let mut received = select("c.route", "report_confirmations");
    received.at_program("c", question.program);
    let mut waiting = select("''", "report_receipts");
    unmatched(&mut waiting, "c", question.as_of);
    let billed: Vec<Entry> = grouped(database, billed, "c.month, c.item, c.route").await?;
    let received: Vec<Entry> = grouped(database, received, "c.month, c.item, c.route").await?;
    let waiting: Vec<Entry> = grouped(database, waiting, "c.month, c.item").await?;
    let by = |key: &dyn Fn(&Entry) -> (String, String)| {
        let mut sums: BTreeMap<(String, String), Sums> = BTreeMap::new();
        for entry in &billed {
            let of = sums.entry(key(entry)).or_default();
            of.billed = (of.billed.0 + entry.3, of.billed.1 + entry.4);
            of.open += entry.5;
        }
        for entry in &received {
            let of = sums.entry(key(entry)).or_default();
            of.received = (of.received.0 + entry.3, of.received.1 + entry.4);
        }
        for entry in &waiting {
            let of = sums.entry(key(entry)).or_default();
            of.unmatched = (of.unmatched.0 + entry.3, of.unmatched.1 + entry.4);
        }
        sums
    };
    let months = by(&|entry| (entry.0.clone(), String::new()));
    let routes = by(&|entry| (entry.1.clone(), entry.2.clone()));
    Ok(vec![
        by_month(question, &months),
        by_route(question, &routes),
    ])
}

/// The figures of a row, with the lists behind them where a filter says which.
fn figures(sums: Sums, filter: &ListFilter, with_lists: bool) -> Vec<Figure> {
    let money = |list: ListName, (count, yen): (i64, i64)| {
        let count = if with_lists {
            Figure::counted(count, list, filter.clone())
        } else {
            Figure::number(count)
        };
        [count, Figure::of(Cell::Number(yen))]
    };
    let mut row = Vec::new();
    row.extend(money(ListName::Charges, sums.billed));
    row.push(Figure::number(sums.open));
    row.extend(money(ListName::Received, sums.received));
    row.extend(money(ListName::Unmatched, sums.unmatched));
    row
}

fn columns(first: Vec<Column>) -> Vec<Column> {
    let mut columns = first;
    columns.extend([
        Column::new("billed_count", "請求 件数", Kind::Count),
        Column::new("billed_yen", "請求 金額", Kind::Yen),
        Column::new("billed_open", "うち金額未定", Kind::Count),
        Column::new("received_count", "入金 件数", Kind::Count),
        Column::new("received_yen", "入金 金額", Kind::Yen),
        Column::new("unmatched_count", "未照合 件数", Kind::Count),
        Column::new("unmatched_yen", "未照合 金額", Kind::Yen),
    ]);
    columns
}

fn total(sums: &BTreeMap<(String, String), Sums>) -> Sums {
    let add = |one: (i64, i64), other: (i64, i64)| (one.0 + other.0, one.1 + other.1);
    sums.values().fold(Sums::default(), |sum, of| Sums {
        billed: add(sum.billed, of.billed),
        open: sum.open + of.open,
        received: add(sum.received, of.received),
        unmatched: add(sum.unmatched, of.unmatched),
    })
}

fn by_month(question: &Question<'_>, sums: &BTreeMap<(String, String), Sums>) -> ReportTable {
    let of_program = ListFilter {
        program: question.program.map(str::to_owned),
        ..ListFilter::default()
    };
    let mut rows: Vec<Vec<Figure>> = sums
        .iter()
        .map(|((month, _), sums)| {
            let filter = ListFilter {
                month: Some(month.clone()),
                ..of_program.clone()
            };
            let mut row = vec![Figure::text(month)];
            row.extend(figures(*sums, &filter, true));
            row
        })
        .collect();
    let mut row = vec![Figure::text("合計")];
    row.extend(figures(total(sums), &of_program, true));
    rows.push(row);
    ReportTable {
        key: "months",
        title: "月別の収支",
        note: Some(
            "請求は請求した月、入金は入金日の月で数えます。未照合は、どの申請にも確認されていない入金です（申請の種類では絞り込まれません）。",
        ),
        columns: columns(vec![Column::new("month", "月", Kind::Text)]),
        rows,
        apart: 1,
        chart: Some(Chart::Groups(&[2, 5, 7])),
    }
}

fn by_route(question: &Question<'_>, sums: &BTreeMap<(String, String), Sums>) -> ReportTable {
    let filter = ListFilter {
        program: question.program.map(str::to_owned),
        ..ListFilter::default()
    };
    let mut rows: Vec<Vec<Figure>> = sums
        .iter()
        .map(|((item, route), sums)| {
            let route = if route.is_empty() {
                "（申請未特定）"
            } else {
                route
            };
            let mut row = vec![Figure::text(item_label(item)), Figure::text(route)];
            row.extend(figures(*sums, &filter, false));
            row
        })
        .collect();
    let mut row = vec![Figure::text("合計"), Figure::text("")];
    row.extend(figures(total(sums), &filter, true));
    rows.push(row);
    ReportTable {
        key: "routes",
        title: "費目と支払方法別の収支",
        note: None,
        columns: columns(vec![
            Column::new("item", "費目", Kind::Text),
            Column::new("route", "支払方法", Kind::Text),
        ]),
        rows,
        apart: 1,
        chart: None,
    }
}
