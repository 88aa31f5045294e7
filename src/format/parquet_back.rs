//! Parquet bytes of ours -> batches again, so that what is counted and scanned is what was really encoded.
//!
//! Never in here: files that somebody else made; they need caps that ours do not.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

/// Rows a batch of what is read back.
const BATCH_ROWS: usize = 65_536;

/// A file of ours that does not read back: what was encoded is not Parquet of the schema it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("does not read back")]
pub struct NotReadable;

/// The rows of a file, in the order they were written.
pub struct ReadBack(ParquetRecordBatchReader);

/// Reads a file that was encoded for `schema`. The file itself says only plain Parquet types (text is STRING), so the
/// schema also says how they come back (text as `Utf8View`).
pub fn read_back(bytes: Bytes, schema: SchemaRef) -> Result<ReadBack, NotReadable> {
    let options = ArrowReaderOptions::new().with_schema(schema);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options).map_err(|_| NotReadable)?;
    builder.with_batch_size(BATCH_ROWS).build().map(ReadBack).map_err(|_| NotReadable)
}

impl Iterator for ReadBack {
    type Item = Result<RecordBatch, NotReadable>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|batch| batch.map_err(|_| NotReadable))
    }
}
