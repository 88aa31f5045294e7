//! One small batch -> Parquet of the plainest kind, for files that other people's programs read as part of a protocol.
//!
//! Nothing is said of its values in the footer: no statistics, no page index, no bloom filter; only what its writer says. Never in here: what readers of
//! tables get (`parquet_write`).

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

/// `batch` as a file of one row group, Snappy, whose footer says `said` (key, value); `None` where a type of it has no place in
/// Parquet. The same batch gives the same bytes.
pub fn encode(batch: &RecordBatch, said: &[(&str, String)]) -> Option<Vec<u8>> {
    let said = said.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone())).collect();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_key_value_metadata(Some(said))
        .build();
    // Without Arrow's own description of the types: the reader has Parquet's.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).ok()?;
    writer.write(batch).ok()?;
    writer.into_inner().ok()
}
