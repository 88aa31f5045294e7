//! The near bank: where rows come from.
//!
//! ```text
//! open.rs      a source of the plan -> dyn Source
//! postgres/    the only sqlx: one REPEATABLE READ transaction for the job, COPY out
//! pgcopy/      binary COPY -> Arrow
//! file.rs      extracts that somebody else made: Parquet, CSV, JSON lines
//! topic.rs     dumps of Kafka topics -> change events
//! ```
//!
//! Never in here: what happens to the rows afterwards, and any store that we write to.

mod file;
mod open;
mod pgcopy;
mod postgres;
mod topic;

pub use file::Files;
pub use open::{Reached, open};
pub use postgres::{Login, PostgresSource};
pub use topic::{Topic, unpack};

use crate::data::{Extract, Name, Origin, RowFault};
use arrow::array::RecordBatch;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

/// One consistent view of a source, opened once for a job.
///
/// Promise: every extract of one `Source` shows the same moment ([`Source::origin`]); asking for the same extract
/// twice gives the same rows. Nothing is ever written to a source.
pub trait Source: Send {
    /// The moment this view shows.
    fn origin(&self) -> &Origin;

    /// Starts an extract.
    ///
    /// Fails before the first row when the source's columns are not those of the schema ([`SourceError::Drift`]).
    /// An extract must be read to its end before the next is begun: a database that is left in the middle of one gives
    /// [`SourceError::Away`] from then on.
    fn extract<'a>(&'a mut self, extract: &'a Extract) -> BoxFuture<'a, Result<Extraction<'a>, SourceError>>;
}

/// An extract under way.
pub struct Extraction<'a> {
    /// Columns that the source has, the schema does not, and `on_new_column = "withhold"` leaves out.
    pub withheld: Vec<String>,
    /// Rows in the source's order, at most `batch_rows_max` a batch. Ends with `None` only when every row has arrived: a
    /// connection that dies ends in an error, never in a short extract.
    pub batches: BoxStream<'a, Result<RawBatch, SourceError>>,
}

/// Rows as a source gave them.
#[derive(Clone, Debug)]
pub struct RawBatch {
    /// The columns of [`Extract::columns`], in that order, each of its declared Arrow type, of another writer's type for
    /// the same values, or text that is yet to be read (`data::conform` takes all three).
    pub rows: RecordBatch,
    /// Cells that could not be decoded and are NULL in `rows`: row in the batch, place of the column, what is wrong.
    pub faults: Vec<(usize, usize, RowFault)>,
}

/// Why a source did not give what was asked. Names, places and codes; never a value.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The source cannot be reached, or went away (exit 70).
    #[error("source `{from}` went away while {during}{}", code.as_deref().map(|c| format!(" (SQLSTATE {c})")).unwrap_or_default())]
    Away {
        /// Source of the environment.
        from: Name,
        /// What was being done: `connecting`, `reading settlements.invoice`.
        during: String,
        /// SQLSTATE or HTTP status.
        code: Option<String>,
    },
    /// It refused us: password, role, certificate (exit 12), or TLS (13).
    #[error("source `{from}` refused {what}{}", code.as_deref().map(|c| format!(" (SQLSTATE {c})")).unwrap_or_default())]
    Refused {
        /// Source of the environment.
        from: Name,
        /// What it refused, such as `the login of user nightferry_ro`.
        what: String,
        /// SQLSTATE.
        code: Option<String>,
        /// Whether it was TLS that failed.
        tls: bool,
    },
    /// The table, file or column asked for is not there (exit 14).
    #[error("{what} is not there{}", hint.as_deref().map(|h| format!("; {h}")).unwrap_or_default())]
    NotThere {
        /// `table settlements.invoice`, `fixtures/x/settlements.invoice.*`.
        what: String,
        /// What is there instead, by name.
        hint: Option<String>,
    },
    /// The source's columns are not those of the schema (exit 20).
    #[error("{table}: {drift}")]
    Drift {
        /// Table or file.
        table: String,
        /// What differs, columns and types by name.
        drift: String,
    },
    /// The author's SQL was refused by the source (exit 10).
    #[error("the SQL of {what} was refused (SQLSTATE {code})")]
    Sql {
        /// Query file or `where` of a dataset.
        what: String,
        /// SQLSTATE, or the engine's name where it has none.
        code: String,
    },
    /// Input that is torn or not in its format (exit 22).
    #[error("{object} is damaged: {fault}{}", row.map(|r| format!(" at row {r}")).unwrap_or_default())]
    Corrupt {
        /// Object or table.
        object: String,
        /// What is wrong, without the value: `ends inside a row group`, `COPY sent 7 of 9 rows`.
        fault: String,
        /// Ordinal from 0, where known.
        row: Option<u64>,
    },
}
