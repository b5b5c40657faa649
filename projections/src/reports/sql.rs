//! Statements that both databases understand, with their parameters.

use std::fmt::Write as _;

use eventstore::{Database, on_database};
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::question::AsOf;
use super::versions::Value;
use crate::error::{Error, Result};

/// A statement as far as it is written.
#[derive(Clone, Debug)]
pub(super) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            values: Vec::new(),
        }
    }

    /// Words of our own code, never a value.
    pub(super) fn push(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.text.push_str(text.as_ref());
        self
    }

    /// A value.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        // Writing into a text does not fail.
        let _infallible = write!(self.text, "${}", self.values.len());
        self
    }

    /// A condition on a column.
    pub(super) fn and(&mut self, condition: &str, value: impl Into<Value>) -> &mut Self {
        self.push(" AND ").push(condition).push(" ").bind(value)
    }

    /// What held at that moment, of the table with this alias.
    pub(super) fn at(&mut self, alias: &str, as_of: AsOf) -> &mut Self {
        self.push(format!(" {alias}.until > ")).bind(as_of.number);
        self.push(format!(" AND {alias}.since <= "))
            .bind(as_of.number)
    }

    pub(super) fn at_program(&mut self, alias: &str, program: Option<&str>) -> &mut Self {
        if let Some(program) = program {
            self.and(&format!("{alias}.program ="), program);
        }
        self
    }
}

/// A row of either database.
pub(super) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

/// All rows.
pub(super) async fn all<T: Row>(database: &Database, sql: &Sql) -> Result<Vec<T>> {
    on_database!(database, pool => {
        let mut query = sqlx::query_as::<_, T>(&sql.text);
        for value in &sql.values {
            query = match value {
                Value::Text(text) => query.bind(text.as_str()),
                Value::Number(number) => query.bind(*number),
            };
        }
        query.fetch_all(pool).await
    })
    .map_err(Error::while_("asking the reports"))
}

/// The row of a statement that always has one.
pub(super) async fn one<T: Row>(database: &Database, sql: &Sql) -> Result<T> {
    let rows = all(database, sql).await?;
    rows.into_iter().next().ok_or(Error::ForeignRow("reports"))
}
