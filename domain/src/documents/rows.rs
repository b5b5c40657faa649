//! Documents that are lists of rows (明細), each with an id of its own.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Id of a row, given when the row is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RowId(pub Uuid);

impl std::fmt::Display for RowId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// One row with its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Row<T> {
    /// The id.
    pub id: RowId,
    /// What was typed.
    pub value: T,
}

/// Rows in the order in which they were added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rows<T>(Vec<Row<T>>);

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Rows<T> {
    /// The rows.
    pub fn iter(&self) -> std::slice::Iter<'_, Row<T>> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The row with that id.
    pub fn get(&self, id: RowId) -> Option<&T> {
        self.0.iter().find(|row| row.id == id).map(|row| &row.value)
    }

    /// Puts a row in its place, or at the end when it is new.
    pub(crate) fn put(&mut self, id: RowId, value: T) {
        match self.0.iter_mut().find(|row| row.id == id) {
            Some(row) => row.value = value,
            None => self.0.push(Row { id, value }),
        }
    }

    /// Takes a row away.
    pub(crate) fn remove(&mut self, id: RowId) {
        self.0.retain(|row| row.id != id);
    }
}

impl<'a, T> IntoIterator for &'a Rows<T> {
    type Item = &'a Row<T>;
    type IntoIter = std::slice::Iter<'a, Row<T>>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
