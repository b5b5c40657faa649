//! Tables in which nothing is overwritten: each row holds from one ledger number to another.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{QueryBuilder, Row as _};

use crate::error::{Error, Result};
use crate::projection::ROWS_PER_STATEMENT;
use crate::session::{Session, on_session};

/// `until` of what holds still.
pub(crate) const OPEN: i64 = i64::MAX;

/// What a column of such a table holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    /// A text, empty when there is none.
    Text(String),
    /// A number, if there is one.
    Number(Option<i64>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

/// What such a table is.
#[derive(Debug)]
pub(crate) struct Versioned {
    /// Name before the `_g<generation>`.
    pub name: &'static str,
    /// The one or two columns that name what a row is about; the first is the id of the stream.
    pub key: &'static [&'static str],
    /// The columns after the key and the four of time; true: a number.
    pub values: &'static [(&'static str, bool)],
}

impl Versioned {
    fn columns(&self) -> String {
        let mut columns = self.key.to_vec();
        columns.extend(["since", "until", "since_at", "until_at"]);
        columns.extend(self.values.iter().map(|(name, _)| *name));
        columns.join(", ")
    }
}

/// A moment of the log: ledger number, and microseconds.
pub(crate) type At = (i64, i64);

/// The id of the stream, and what of it (empty where the key has one part).
pub(crate) type Key = (String, String);

/// What holds, from when.
#[derive(Clone, Debug, PartialEq)]
struct Holding {
    since: At,
    values: Vec<Value>,
}

/// The rows of such a table that a batch touches.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    open: BTreeMap<Key, Holding>,
    /// Keys whose open row is not in the database yet.
    new: BTreeSet<Key>,
    over: Vec<(Key, Holding, At)>,
}

impl Versions {
    /// From this moment something else holds, or nothing.
    pub(crate) fn set(&mut self, key: Key, at: At, values: Option<Vec<Value>>) {
        let same = match (self.open.get(&key), &values) {
            (Some(open), Some(values)) => open.values == *values,
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        let open = self.open.remove(&key);
        // What one event says twice holds by its last word.
        if let Some(open) = open.filter(|open| open.since.0 < at.0) {
            self.over.push((key.clone(), open, at));
        }
        self.new.remove(&key);
        if let Some(values) = values {
            self.new.insert(key.clone());
            self.open.insert(key, Holding { since: at, values });
        }
    }

    /// What holds.
    pub(crate) fn get(&self, key: &Key) -> Option<&[Value]> {
        self.open.get(key).map(|open| open.values.as_slice())
    }

    /// Everything that holds of a stream.
    pub(crate) fn of<'a>(&'a self, stream: &'a str) -> impl Iterator<Item = &'a [Value]> {
        let first = (stream.to_owned(), String::new());
        self.open
            .range(first..)
            .take_while(move |((of, _), _)| of == stream)
            .map(|(_, open)| open.values.as_slice())
    }

    /// Reads what holds of these streams.
    pub(crate) async fn load(
        &mut self,
        session: &mut Session,
        table: &Versioned,
        generation: i64,
        streams: &[&str],
    ) -> Result<()> {
        let columns = table.columns();
        let parts = table.key.len();
        for streams in streams.chunks(ROWS_PER_STATEMENT) {
            let full = streams.len() == ROWS_PER_STATEMENT;
            on_session!(&mut *session, connection => {
                let mut query = QueryBuilder::new(format!(
                    "SELECT {columns} FROM {}_g{generation} WHERE until = {OPEN} AND {} IN (",
                    table.name, table.key[0]
                ));
                let mut list = query.separated(", ");
                for stream in streams {
                    list.push_bind(*stream);
                }
                query.push(")");
                let rows = query.build().persistent(full).fetch_all(connection).await;
                let rows = rows.map_err(Error::while_("reading rows of reports"))?;
                for row in rows {
                    let read = |error| Error::while_("reading a row of reports")(error);
                    let second = if parts > 1 { row.try_get(1).map_err(read)? } else { String::new() };
                    let key = (row.try_get(0).map_err(read)?, second);
                    let since = (row.try_get(parts).map_err(read)?, row.try_get(parts + 2).map_err(read)?);
                    let mut values = Vec::with_capacity(table.values.len());
                    for (place, (_, number)) in table.values.iter().enumerate() {
                        let place = parts + 4 + place;
                        values.push(if *number {
                            Value::Number(row.try_get(place).map_err(read)?)
                        } else {
                            Value::Text(row.try_get(place).map_err(read)?)
                        });
                    }
                    self.open.insert(key, Holding { since, values });
                }
            });
        }
        Ok(())
    }

    /// Writes what is new and what is over.
    pub(crate) async fn save(
        self,
        session: &mut Session,
        table: &Versioned,
        generation: i64,
    ) -> Result<()> {
        let Self { open, new, over } = self;
        let over = over
            .into_iter()
            .map(|(key, holding, until)| (key, holding, Some(until)));
        let open = open
            .into_iter()
            .filter(|(key, _)| new.contains(key))
            .map(|(key, holding)| (key, holding, None));
        let rows: Vec<Vec<Value>> = over
            .chain(open)
            .map(|(key, holding, until)| {
                let mut row = vec![key.0.into()];
                if table.key.len() > 1 {
                    row.push(key.1.into());
                }
                row.extend([
                    Value::from(holding.since.0),
                    until.map_or(OPEN, |until| until.0).into(),
                    holding.since.1.into(),
                    until.map(|until| until.1).into(),
                ]);
                row.extend(holding.values);
                row
            })
            .collect();
        let into = format!("{}_g{generation} ({})", table.name, table.columns());
        let conflict = format!(
            " ON CONFLICT ({}, since) DO UPDATE SET until = excluded.until, until_at = excluded.until_at",
            table.key.join(", ")
        );
        insert(session, &into, &rows, &conflict).await
    }
}

/// Writes rows into a table (with its generation and columns), and what is to be done where one is there.
pub(crate) async fn insert(
    session: &mut Session,
    into: &str,
    rows: &[Vec<Value>],
    conflict: &str,
) -> Result<()> {
    for rows in rows.chunks(ROWS_PER_STATEMENT) {
        let full = rows.len() == ROWS_PER_STATEMENT;
        on_session!(&mut *session, connection => {
            let mut query = QueryBuilder::new(format!("INSERT INTO {into} "));
            query.push_values(rows, |mut columns, row| {
                for value in row {
                    match value {
                        Value::Text(text) => columns.push_bind(text.as_str()),
                        Value::Number(number) => columns.push_bind(*number),
                    };
                }
            });
            query.push(conflict);
            query.build().persistent(full).execute(connection).await.map(drop)
        })
        .map_err(Error::while_("writing rows of reports"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        ("p.1".to_owned(), String::new())
    }

    fn value(number: i64) -> Vec<Value> {
        vec![number.into()]
    }

    #[test]
    fn what_does_not_change_makes_no_row() {
        let mut versions = Versions::default();
        versions.set(key(), (1, 10), Some(value(7)));
        versions.set(key(), (2, 20), Some(value(7)));
        versions.set(key(), (3, 30), Some(value(8)));
        assert_eq!(versions.over.len(), 1);
        let (_, holding, until) = &versions.over[0];
        assert_eq!((holding.since, *until), ((1, 10), (3, 30)));
        assert_eq!(versions.get(&key()), Some(&[Value::from(8)][..]));
    }

    #[test]
    fn what_ends_is_over_and_may_begin_again() {
        let mut versions = Versions::default();
        versions.set(key(), (1, 10), None);
        versions.set(key(), (2, 20), Some(value(7)));
        versions.set(key(), (3, 30), None);
        assert_eq!(versions.get(&key()), None);
        assert!(versions.new.is_empty());
        versions.set(key(), (4, 40), Some(value(7)));
        assert_eq!(versions.over.len(), 1);
        assert_eq!(versions.of("p.1").count(), 1);
        assert_eq!(versions.of("p.10").count(), 0);
    }
}
