//! Rows that the domain would not have written.

use core::fmt::Display;

use serde::Deserialize;

/// A row contradicts the model.
#[derive(Debug, thiserror::Error)]
#[error("row {id} of {table} contradicts the model in {column}: {reason}")]
pub struct RowFault {
    /// Which table.
    pub table: &'static str,
    /// Which column.
    pub column: &'static str,
    /// Which row.
    pub id: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Where a row stands, to name it should it be wrong.
#[derive(Clone, Copy)]
pub(crate) struct Place<'row> {
    table: &'static str,
    id: &'row dyn Display,
}

impl<'row> Place<'row> {
    pub(crate) fn new(table: &'static str, id: &'row dyn Display) -> Self {
        Self { table, id }
    }

    pub(crate) fn fault(&self, column: &'static str, reason: impl Display) -> RowFault {
        RowFault {
            table: self.table,
            column,
            id: self.id.to_string(),
            reason: reason.to_string(),
        }
    }

    /// The value that a name stands for.
    pub(crate) fn known<T>(&self, column: &'static str, value: Option<T>) -> Result<T, RowFault> {
        value.ok_or_else(|| self.fault(column, "not a known value"))
    }

    /// The value, if it was valid.
    pub(crate) fn valid<T, E: Display>(
        &self,
        column: &'static str,
        value: Result<T, E>,
    ) -> Result<T, RowFault> {
        value.map_err(|error| self.fault(column, error))
    }

    /// The value of a text column that holds JSON.
    pub(crate) fn json<'text, T: Deserialize<'text>>(
        &self,
        column: &'static str,
        text: &'text str,
    ) -> Result<T, RowFault> {
        self.valid(column, serde_json::from_str(text))
    }

    /// The 32 bytes of a hash.
    pub(crate) fn hash(&self, column: &'static str, bytes: &[u8]) -> Result<[u8; 32], RowFault> {
        self.valid(column, bytes.try_into())
    }
}
