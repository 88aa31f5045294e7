//! Records of a topic -> Parquet, and what such a file says of itself.
//!
//! ```text
//! offset        INT64, delta-encoded       timestamp  milliseconds, UTC, delta-encoded
//! key value     BYTE_ARRAY, NULL where the record has none
//! headers       of each its name and its bytes
//! leader_epoch  INT32, delta-encoded, NULL where the broker told none
//! ```
//!
//! Nothing is said of keys and values in the footer: no statistics, no page index. What is said of the whole are texts by name.
//! Never in here: what a value says, and where the file lies.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, ParquetMetaDataReader};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Columns of numbers that grow by little.
const DELTAS: [&str; 3] = ["offset", "timestamp", "leader_epoch"];
/// Bytes behind a footer: its length and the magic word.
const TRAILER_BYTES: usize = 8;

/// A file of one row group, to which records are added piece by piece: packed as they come, so that a piece may go once it is
/// added. The same pieces give the same bytes.
pub struct RecordsFile {
    writer: ArrowWriter<Vec<u8>>,
}

impl RecordsFile {
    /// Empty, of these columns; `None` where a type of them has no place in Parquet.
    pub fn begin(schema: &SchemaRef) -> Option<Self> {
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).ok()?))
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true)
            .set_max_row_group_row_count(Some(usize::MAX));
        for column in DELTAS {
            properties = properties.set_column_encoding(ColumnPath::from(column), Encoding::DELTA_BINARY_PACKED);
        }
        // Without Arrow's own description of the types: the reader has Parquet's.
        let options = ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(schema), options).ok()?;
        Some(RecordsFile { writer })
    }

    /// Adds records; `None` where they have other columns.
    pub fn add(&mut self, records: &RecordBatch) -> Option<()> {
        self.writer.write(records).ok()
    }

    /// The whole file, which says `said` of itself.
    pub fn end(mut self, said: &BTreeMap<&'static str, String>) -> Option<Bytes> {
        for (key, value) in said {
            self.writer.append_key_value_metadata(KeyValue::new((*key).to_owned(), value.clone()));
        }
        self.writer.into_inner().ok().map(Bytes::from)
    }
}

/// What the end of a file has to be for [`said`]: bytes from its end; `None` when it does not end as Parquet does.
pub fn footer_bytes(end: &[u8]) -> Option<usize> {
    let trailer = end.get(end.len().checked_sub(TRAILER_BYTES)?..)?;
    let (length, magic) = trailer.split_at(4);
    let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
    (magic == b"PAR1").then(|| length.checked_add(TRAILER_BYTES))?
}

/// What a file says of itself, from its end; `None` where that is no footer, or is not there whole.
pub fn said(end: &[u8]) -> Option<BTreeMap<String, String>> {
    let from = end.len().checked_sub(footer_bytes(end)?)?;
    let footer = end.get(from..end.len() - TRAILER_BYTES)?;
    let metadata = ParquetMetaDataReader::decode_metadata(footer).ok()?;
    let said = metadata.file_metadata().key_value_metadata().into_iter().flatten();
    Some(said.filter_map(|entry| Some((entry.key.clone(), entry.value.clone()?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, BinaryViewArray, Int64Array};

    #[test]
    fn says_of_itself_what_it_was_told_and_nothing_where_it_is_torn() {
        let offsets: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 900]));
        let values: ArrayRef = Arc::new(BinaryViewArray::from(vec![Some(b"a".as_slice()), None, Some(b"")]));
        let records = RecordBatch::try_from_iter([("offset", offsets), ("value", values)]).expect("records");
        let mut file = RecordsFile::begin(&records.schema()).expect("begun");
        file.add(&records).expect("added");
        let file = file.end(&BTreeMap::from([("next", "901".to_owned())])).expect("a file");
        assert_eq!(said(&file).expect("a footer").get("next").map(String::as_str), Some("901"));
        let whole = footer_bytes(&file).expect("a footer");
        assert!(whole < file.len() && said(&file[file.len() - whole..]).is_some());
        assert!(said(&file[file.len() - whole + 1..]).is_none());
        for torn in [&file[..file.len() - 1], b"PAR1".as_slice(), b"", b"\xff\xff\xff\xffPAR1"] {
            assert!(said(torn).is_none());
        }
    }
}
