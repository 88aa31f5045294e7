//! Parquet bytes of ours -> batches again, so that what is counted and scanned is what was really encoded.
//!
//! Never in here: files that somebody else made; they need caps that ours do not.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use std::sync::Arc;

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
    let mut all = read_back_in(1, bytes, schema)?;
    all.pop().ok_or(NotReadable)
}

/// The same in at most so many pieces, each of row groups that follow one another; one piece at least.
pub fn read_back_in(pieces: usize, bytes: Bytes, schema: SchemaRef) -> Result<Vec<ReadBack>, NotReadable> {
    let options = ArrowReaderOptions::new().with_schema(schema);
    let footer = ArrowReaderMetadata::load(&bytes, options).map_err(|_| NotReadable)?;
    let groups: Vec<usize> = (0..footer.metadata().num_row_groups()).collect();
    let each = groups.len().div_ceil(pieces.max(1)).max(1);
    let pieces = groups.len().div_ceil(each).max(1);
    let of = |piece: usize| {
        let groups = groups.iter().copied().skip(piece * each).take(each).collect();
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes.clone(), footer.clone());
        builder.with_row_groups(groups).with_batch_size(BATCH_ROWS).build().map(ReadBack).map_err(|_| NotReadable)
    };
    (0..pieces).map(of).collect()
}

/// What the footer of a file says under `key`; `None` where it says nothing, or is none.
pub fn said(bytes: Bytes, key: &str) -> Option<String> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).ok()?;
    let said = builder.metadata().file_metadata().key_value_metadata()?;
    said.iter().find(|entry| entry.key == key)?.value.clone()
}

/// Rows of a file of ours, and for whom the file says that they were made. There is no other way to one than out of a
/// file's bytes ([`published`]), so that rows which were never treated cannot pass for rows that were.
#[derive(Clone, Debug)]
pub struct PublishedRows {
    rows: RecordBatch,
    made: Arc<Made>,
}

/// For whom a file says that its rows were made.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    dataset: String,
    audience: String,
}

impl PublishedRows {
    /// The rows, as that audience sees them.
    pub fn rows(&self) -> &RecordBatch {
        &self.rows
    }

    /// Whether they were made for `audience`, as rows of `dataset`.
    pub fn are_for(&self, dataset: &str, audience: &str) -> bool {
        self.made.dataset == dataset && self.made.audience == audience
    }

    /// Those of the rows that `keep` says.
    pub fn kept(&self, keep: &BooleanArray) -> Result<Self, NotReadable> {
        let rows = filter_record_batch(&self.rows, keep).map_err(|_| NotReadable)?;
        Ok(PublishedRows { rows, made: Arc::clone(&self.made) })
    }
}

/// The rows of a published file, encoded for `schema`, each batch with what the file says of itself. A file that lacks one of
/// the schema's columns, or has one of another type, does not read back.
pub fn published(
    bytes: Bytes,
    schema: SchemaRef,
) -> Result<impl Iterator<Item = Result<PublishedRows, NotReadable>>, NotReadable> {
    let options = ArrowReaderOptions::new().with_schema(schema);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options).map_err(|_| NotReadable)?;
    let said = builder.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    let said = |key: &str| said.iter().find(|entry| entry.key == key).and_then(|entry| entry.value.clone());
    let (Some(dataset), Some(audience)) = (said("nightferry.dataset"), said("nightferry.audience")) else {
        return Err(NotReadable);
    };
    let made = Arc::new(Made { dataset, audience });
    let rows = builder.with_batch_size(BATCH_ROWS).build().map_err(|_| NotReadable)?;
    Ok(rows.map(move |rows| Ok(PublishedRows { rows: rows.map_err(|_| NotReadable)?, made: Arc::clone(&made) })))
}

impl Iterator for ReadBack {
    type Item = Result<RecordBatch, NotReadable>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|batch| batch.map_err(|_| NotReadable))
    }
}
