//! Rows + treatments -> [`Redacted`]: the only thing a store takes, made in one place.

use crate::data::{Audience, Name};
use arrow::array::RecordBatch;

/// Rows that one audience may see. Made only by `redact`; a store of another audience refuses them.
#[derive(Clone, Debug)]
pub struct Redacted {
    rows: RecordBatch,
    dataset: Name,
    audience: Audience,
}

impl Redacted {
    /// The rows, columns of the types of [`ColumnType::published`](crate::data::ColumnType::published), named as in the warehouse.
    pub fn rows(&self) -> &RecordBatch {
        &self.rows
    }

    /// The dataset they belong to.
    pub fn dataset(&self) -> &Name {
        &self.dataset
    }

    /// Who may see them.
    pub fn audience(&self) -> Audience {
        self.audience
    }
}
