//! What a Parquet file says of itself in its footer: how many rows it has, and which columns.
//!
//! Never in here: rows.

use super::parquet_read;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A file's footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footer {
    /// Rows.
    pub rows: u64,
    /// Its columns in order: name and type.
    pub columns: Vec<(String, String)>,
}

/// The footer of a whole file; `None` when it is not Parquet.
pub fn footer(bytes: &Bytes) -> Option<Footer> {
    let builder = parquet_read::of_others(|| ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).ok())?;
    let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).ok()?;
    let columns = builder.schema().fields().iter().map(|field| (field.name().clone(), field.data_type().to_string()));
    Some(Footer { rows, columns: columns.collect() })
}
