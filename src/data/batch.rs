//! A piece of an extract: rows in the schema's columns and types, and the rows that would not fit them.

use super::Name;
use arrow::array::RecordBatch;
use std::collections::BTreeMap;

/// Rows of one dataset, conformed: columns in the order of the extract's `columns`, of the types of
/// [`ColumnType::arrow`](super::ColumnType::arrow), before any treatment.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The good rows.
    pub rows: RecordBatch,
    /// The rows that were set aside, by their ordinal in the extract.
    pub bad: Vec<BadRow>,
    /// The bad rows' cells as they came, every column as text, same columns; in the order of `bad`.
    pub bad_rows: RecordBatch,
    /// Cells of the good rows that are NULL because the declared type cannot hold them and the schema says so
    /// ([`Beyond::Null`](super::Beyond::Null)), by column.
    pub nulled: BTreeMap<Name, u64>,
}

/// Why a row was set aside. Names and numbers only, never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its place in the extract, from 0.
    pub ordinal: u64,
    /// The first column at fault.
    pub column: Name,
    /// What is wrong with it.
    pub fault: RowFault,
}

/// What is wrong with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// NULL in a column that is not `nullable`.
    #[error("NULL where the schema has none")]
    Null,
    /// Not a value of the declared type.
    #[error("not a value of the declared type")]
    Type,
    /// A value the declared precision, scale or length cannot hold without loss.
    #[error("a value beyond what the declared type holds without loss")]
    Range,
    /// Larger than any cell may be, whatever its type and its [`Beyond`](super::Beyond).
    #[error("larger than a cell may be (`cell_max`)")]
    Large,
}
