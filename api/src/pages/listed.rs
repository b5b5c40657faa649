//! Rows of the three lists as 登録済データ一覧 shows them.

use domain::{
    application::{Documents, RowValue},
    calendar::{long_date, parse_date, parse_year_month, show_year_month},
    documents::{Conference, Paper, ResearchActivity},
};

use super::entry::Entry;
use crate::routes::ListedRow;

/// A row that a form fills in and a list shows.
pub(super) trait ListEntry: Entry + ListedRow {
    /// What the columns are called: the manual's, then ours.
    const COLUMNS: &'static [&'static str];
    /// What stands in each column.
    fn cells(&self) -> Vec<String>;
    /// Of a value that may be another list's.
    fn from_value(value: &RowValue) -> Option<Self>;
    /// 総年数 as typed, where the list has one.
    fn years(documents: &Documents) -> Option<String> {
        <Self as ListedRow>::total_years(documents)
    }
}

/// A date in words, as typed while it cannot be read.
fn day(typed: &str) -> String {
    parse_date(typed).map_or_else(|_| typed.to_owned(), long_date)
}

fn month(year: &str, month: &str) -> String {
    match parse_year_month(year, month) {
        Ok(read) => show_year_month(read),
        Err(_) if year.is_empty() && month.is_empty() => String::new(),
        Err(_) => format!(
            "{}年{}月",
            year.trim_end_matches('年'),
            month.trim_end_matches('月')
        ),
    }
}

impl ListEntry for ResearchActivity {
    const COLUMNS: &'static [&'static str] = &["期間", "内容"];

    fn cells(&self) -> Vec<String> {
        let from = month(&self.from_year, &self.from_month);
        let to = month(&self.to_year, &self.to_month);
        vec![format!("{from} ～ {to}"), self.content.clone()]
    }

    fn from_value(value: &RowValue) -> Option<Self> {
        match value {
            RowValue::ResearchActivity(value) => Some(value.clone()),
            RowValue::Conference(_) | RowValue::Paper(_) => None,
        }
    }
}

impl ListEntry for Conference {
    const COLUMNS: &'static [&'static str] = &["筆頭", "開催地", "開催日", "申請単位数"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.first_author.clone(),
            self.place.clone(),
            day(&self.held_on),
            self.units.clone(),
        ]
    }

    fn from_value(value: &RowValue) -> Option<Self> {
        match value {
            RowValue::Conference(value) => Some(value.clone()),
            RowValue::ResearchActivity(_) | RowValue::Paper(_) => None,
        }
    }
}

impl ListEntry for Paper {
    const COLUMNS: &'static [&'static str] = &["区分", "種別", "日付", "申請単位", "内容"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.division.clone(),
            self.kind.clone(),
            day(&self.date),
            self.units.clone(),
            self.content.clone(),
        ]
    }

    fn from_value(value: &RowValue) -> Option<Self> {
        match value {
            RowValue::Paper(value) => Some(value.clone()),
            RowValue::ResearchActivity(_) | RowValue::Conference(_) => None,
        }
    }
}
