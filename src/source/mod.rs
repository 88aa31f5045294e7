//! The near bank: where rows come from.
//!
//! ```text
//! open.rs      a source of the plan -> dyn Source
//! postgres/    the only sqlx: one snapshot for the job, read by several sessions, COPY out
//! pgcopy/      binary COPY -> Arrow
//! file/        extracts that somebody else made: files, RDS snapshot exports, pg_dump's folders
//! topic.rs     dumps of Kafka topics -> change events
//! objects.rs   the asking of a store for its objects, and for their bytes
//! fault.rs     why a source did not give what was asked
//! ```
//!
//! Never in here: what happens to the rows afterwards, and any store that we write to.

mod fault;
mod file;
mod objects;
mod open;
mod pgcopy;
mod postgres;
mod topic;

pub use fault::{Answer, SourceError, SqlRefusal};
pub use file::{Files, Layout};
pub use open::{Reached, open};
pub use postgres::{
    ClientCertificate, Fit, FoundKey, FoundReference, FoundTable, Login, PostgresSource, Powers, ReadableColumn,
    Survey, Wanted, described, remedy, survey,
};
pub use topic::{Poured, Topic};

use crate::data::{Extract, Origin, RowFault};
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

    /// Tells which extracts will be asked for, and that no other will, in that order: a source may begin to read the next
    /// while one is still read, and lets its moment go when the last is read.
    fn tell_what_comes(&mut self, extracts: &[&Extract]) {
        let _ = extracts;
    }

    /// Starts an extract.
    ///
    /// Fails before the first row when the source's columns are not those of the schema ([`SourceError::Drift`]).
    /// An extract must be read to its end before the next is begun: a database that is left in the middle of one gives
    /// [`SourceError::Away`] from then on.
    fn extract<'a>(&'a mut self, extract: &'a Extract) -> BoxFuture<'a, Result<Extraction<'a>, SourceError>>;

    /// Whether that extract could start: its columns and the author's SQL, held against what is there. Reads no row.
    fn look<'a>(&'a mut self, extract: &'a Extract) -> BoxFuture<'a, Result<(), SourceError>>;

    /// Gives up its moment for another, after [`SourceError::Away`]: whatever was read before must be read again. `false`
    /// where there is no other moment to take.
    fn take_another_moment(&mut self) -> BoxFuture<'_, Result<bool, SourceError>> {
        Box::pin(std::future::ready(Ok(false)))
    }
}

/// An extract under way.
pub struct Extraction<'a> {
    /// Columns that the source has, the schema does not, and `on_new_column = "withhold"` leaves out.
    pub withheld: Vec<String>,
    /// How many rows are expected, where somebody knows about: for people who wait.
    pub rows_expected: Option<u64>,
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
