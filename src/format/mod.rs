//! Bytes <-> batches: the only parquet.
//!
//! ```text
//! compression.rs   gzip, zstd, LZ4, Snappy, plain -> bytes, with a cap
//! lz4.rs           whether LZ4 is whole
//! snappy.rs        the two frames of Snappy
//! csv.rs           comma separated text -> columns of text
//! copy_text.rs     PostgreSQL's COPY text -> columns of text
//! pg_toc.rs        the contents of pg_dump's folder -> tables, their columns and files
//! jsonl.rs         a JSON object a line -> columns of text
//! parquet_read.rs  other people's Parquet -> columns as they are
//! parquet_scan.rs the same where it lies, the row groups and rows that are wanted
//! ranged.rs        bytes of which any range can be read
//! jsonl_blocks.rs  a JSON object a line, a block of lines at a time
//! parquet_write.rs batches -> Parquet, a row group at a time
//! parquet_alike.rs whether two files hold the same rows
//! parquet_join.rs  files of one table -> one file, by their encoded columns
//! parquet_plain.rs one small batch -> Parquet of the plainest kind
//! parquet_records.rs records of a topic -> Parquet, and what such a file says of itself
//! parquet_footer.rs what a file says of itself
//! parquet_back.rs  our own Parquet -> batches, to prove what was written
//! pieces.rs        bytes put aside, of which any range can be read
//! unpack.rs        the same as compression, a slice at a time
//! spill.rs         batches put aside and read again
//! ascending.rs     keys in their order put aside by their steps
//! buckets.rs       keys put aside by buckets
//! bounds.rs        counts of NULL, smallest and largest values, from a file's footer
//! ```
//!
//! Never in here: where the bytes come from or go to, what may be in them, and a value in an error.

pub mod ascending;
pub mod bounds;
pub mod buckets;
pub mod compression;
pub mod copy_text;
pub mod csv;
pub mod jsonl;
pub mod jsonl_blocks;
mod lz4;
pub mod parquet_alike;
pub mod parquet_back;
pub mod parquet_footer;
pub mod parquet_join;
pub mod parquet_plain;
pub mod parquet_read;
pub mod parquet_records;
pub mod parquet_scan;
pub mod parquet_write;
pub mod pg_toc;
pub mod pieces;
pub mod ranged;
mod snappy;
pub mod spill;
pub mod unpack;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewBuilder, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use std::sync::Arc;

/// Decoded bytes of one object, at most: beyond it an input is taken for a bomb.
pub const DECODED_BYTES_MAX: u64 = 4 << 30;

/// Why bytes are not in their format. No value in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct FormatFault {
    /// What is wrong: `ends inside a line`.
    pub fault: String,
    /// The row from 0, where known.
    pub row: Option<u64>,
}

impl FormatFault {
    /// A fault of the whole.
    pub fn new(fault: impl Into<String>) -> Self {
        FormatFault { fault: fault.into(), row: None }
    }

    /// A fault at a row.
    pub fn at(row: u64, fault: impl Into<String>) -> Self {
        FormatFault { fault: fault.into(), row: Some(row) }
    }

    /// The same in a text of which this is the part behind its first `rows` rows.
    pub fn behind(self, rows: u64) -> Self {
        FormatFault { row: self.row.map(|row| row + rows), ..self }
    }
}

/// Rows of an input, in order.
pub type Rows = Box<dyn Iterator<Item = Result<RecordBatch, FormatFault>> + Send>;

/// An input whose columns are known and whose rows are yet to be read.
pub struct Opened {
    /// Columns, and the Arrow type each comes in.
    pub columns: Vec<(String, DataType)>,
    read: Box<dyn FnOnce(Vec<usize>, usize) -> Rows + Send>,
}

impl Opened {
    /// An input of those columns; `read` gives the rows of the columns at the places asked for, in batches of so many.
    pub fn new(
        columns: Vec<(String, DataType)>,
        read: impl FnOnce(Vec<usize>, usize) -> Rows + Send + 'static,
    ) -> Self {
        Opened { columns, read: Box::new(read) }
    }

    /// The rows of the columns at `places`, at most `batch_rows_max` a batch.
    pub fn rows(self, places: Vec<usize>, batch_rows_max: usize) -> Rows {
        (self.read)(places, batch_rows_max)
    }
}

/// The batch with a column of NULLs for each place that is none.
pub fn with_absent(batch: &RecordBatch, places: &[Option<usize>]) -> RecordBatch {
    let mut there = batch.schema_ref().fields().iter().zip(batch.columns());
    let columns: Vec<(FieldRef, ArrayRef)> = places
        .iter()
        .map(|place| match place.and_then(|_| there.next()) {
            Some((field, cells)) => (Arc::clone(field), Arc::clone(cells)),
            None => (Arc::new(Field::new("", DataType::Null, true)), new_null_array(&DataType::Null, batch.num_rows())),
        })
        .collect();
    let (fields, cells): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let with_all = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), cells, &options);
    // Every column has the batch's length.
    with_all.unwrap_or_else(|_| batch.clone())
}

/// Cells of text -> a batch of the columns `names` at `places`; `None` without rows.
fn text_batch(
    names: &[String],
    places: &[usize],
    cells: Vec<StringViewBuilder>,
    rows: usize,
) -> Result<Option<RecordBatch>, &'static str> {
    if rows == 0 {
        return Ok(None);
    }
    let fields: Vec<_> = places.iter().map(|place| Field::new(&names[*place], DataType::Utf8View, true)).collect();
    let columns = cells.into_iter().map(|mut column| -> ArrayRef { Arc::new(column.finish()) }).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options);
    batch.map(Some).map_err(|_| "has columns of other lengths")
}

/// Every cell of an input of text, read two rows at a time.
#[cfg(test)]
fn text_cells(opened: Opened, places: Vec<usize>) -> Result<Vec<Vec<Option<String>>>, FormatFault> {
    use arrow::array::AsArray;
    let mut rows = Vec::new();
    for batch in opened.rows(places, 2) {
        let batch = batch?;
        let cell = |column: &ArrayRef, row| column.as_string_view().iter().nth(row).flatten().map(str::to_owned);
        rows.extend((0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| cell(column, row)).collect()));
    }
    Ok(rows)
}
