//! What is asked of a source: which rows, which columns, in batches of which size.

use super::{Filter, Name, Schema, Since, Within};
use std::fmt;
use std::sync::Arc;

/// One dataset's extract, fully decided.
#[derive(Clone, Debug)]
pub struct Extract {
    /// The dataset, for messages.
    pub dataset: Name,
    /// Which rows.
    pub rows: Rows,
    /// The period that the rows must be of; `None` is all of them.
    pub within: Option<Within>,
    /// The moment since which the rows must have changed; `None` is all of them.
    pub since: Option<Since>,
    /// All columns the source may have, classified.
    pub schema: Arc<Schema>,
    /// The columns to select, in schema order: those some store, comparison or check needs.
    pub columns: Vec<Name>,
    /// Rows in a batch, at most.
    pub batch_rows_max: usize,
}

impl Extract {
    /// What PostgreSQL's rows must meet beside the author's own condition; `quoted` gives a column's name at the source.
    pub fn conditions(&self, quoted: &dyn Fn(&Name) -> String) -> Vec<String> {
        let within = self.within.iter().map(|within| within.condition(&quoted(&within.by)));
        within.chain(self.since.iter().map(|since| since.condition(&quoted(&since.by)))).collect()
    }
}

/// Which rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// A table, or the part of it for which `filter` (a condition in SQL, written by the job's author, with typed values
    /// for its parameters) holds.
    Table {
        /// The table.
        table: TableName,
        /// `where` of the job.
        filter: Option<Filter>,
    },
    /// What a query file gives.
    Query {
        /// The file, for messages.
        file: String,
        /// Its text.
        sql: String,
    },
}

/// A table with its PostgreSQL schema, names as they are at the source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// PostgreSQL schema.
    pub schema: String,
    /// Table.
    pub table: String,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}
