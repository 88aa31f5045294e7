//! Parquet bytes of ours -> batches again, so that what is counted and scanned is what was really encoded.
//!
//! Never in here: files that somebody else made; they need caps that ours do not.

use crate::data::packed_texts;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, FieldRef, Fields, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Encoding;
use parquet::file::metadata::ParquetMetaData;
use std::ops::Range;
use std::sync::Arc;

/// Rows a batch of what is read back, at most.
const BATCH_ROWS: usize = 65_536;

/// A file of ours that does not read back: what was encoded is not Parquet of the schema it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("does not read back")]
pub struct NotReadable;

/// The rows of a file, in the order they were written. No batch holds rows of two row groups, since each group has dictionaries of its own.
pub struct ReadBack {
    bytes: Bytes,
    footer: ArrowReaderMetadata,
    groups: Range<usize>,
    reader: Option<ParquetRecordBatchReader>,
}

/// Reads a file that was encoded for `schema`. The file itself says only plain Parquet types (text is STRING), so the
/// schema also says how they come back (text as `Utf8View`).
pub fn read_back(bytes: Bytes, schema: SchemaRef) -> Result<ReadBack, NotReadable> {
    let mut all = read_back_in(1, bytes, schema, |_| false)?;
    all.pop().ok_or(NotReadable)
}

/// The same in at most so many pieces, each of row groups that follow one another; one piece at least.
///
/// A column of texts that `may_be_packed` comes back as [`packed_texts`] where dictionaries pack all of it: as a rule with every batch the texts
/// that differ in its row group, and which of them each row has.
pub fn read_back_in(
    pieces: usize,
    bytes: Bytes,
    schema: SchemaRef,
    may_be_packed: impl Fn(&str) -> bool,
) -> Result<Vec<ReadBack>, NotReadable> {
    let footer = ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new()).map_err(|_| NotReadable)?;
    let metadata = Arc::clone(footer.metadata());
    let as_packed = |(place, field): (usize, &FieldRef)| -> FieldRef {
        let is_text = *field.data_type() == DataType::Utf8View;
        match is_text && may_be_packed(field.name()) && is_packed(&metadata, place, field.name()) {
            true => Arc::new(field.as_ref().clone().with_data_type(packed_texts())),
            false => Arc::clone(field),
        }
    };
    let fields: Fields = schema.fields().iter().enumerate().map(as_packed).collect();
    let options =
        ArrowReaderOptions::new().with_schema(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())));
    let footer = ArrowReaderMetadata::try_new(Arc::clone(&metadata), options).map_err(|_| NotReadable)?;
    let groups = metadata.num_row_groups();
    let each = groups.div_ceil(pieces.max(1)).max(1);
    let pieces = (0..groups.max(1)).step_by(each).map(|start| start..groups.min(start + each));
    let of = |groups| ReadBack { bytes: bytes.clone(), footer: footer.clone(), groups, reader: None };
    Ok(pieces.map(of).collect())
}

/// Whether dictionaries pack a column in every row group, and no page of it stands without. Behind a column of columns no
/// place fits, and none counts as packed.
fn is_packed(metadata: &ParquetMetaData, place: usize, name: &str) -> bool {
    metadata.row_groups().iter().all(|group| {
        let chunk = group.columns().get(place).filter(|chunk| chunk.column_path().parts() == [name]);
        chunk.and_then(|chunk| chunk.page_encoding_stats_mask()).is_some_and(|of| of.is_only(Encoding::RLE_DICTIONARY))
    })
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
        loop {
            if let Some(batch) = self.reader.as_mut().and_then(Iterator::next) {
                return Some(self.or_end(batch.map_err(|_| NotReadable)));
            }
            let group = self.groups.next()?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), self.footer.clone());
            match builder.with_row_groups(vec![group]).with_batch_size(BATCH_ROWS).build() {
                Ok(reader) => self.reader = Some(reader),
                Err(_) => return Some(self.or_end(Err(NotReadable))),
            }
        }
    }
}

impl ReadBack {
    /// Nothing comes behind a fault.
    fn or_end(&mut self, batch: Result<RecordBatch, NotReadable>) -> Result<RecordBatch, NotReadable> {
        if batch.is_err() {
            (self.groups, self.reader) = (0..0, None);
        }
        batch
    }
}
