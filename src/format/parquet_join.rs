//! Files of one table -> one file, by their encoded column chunks: nothing is decoded, and nothing is encoded anew.
//!
//! ```text
//! Joined::begin(first file) -> append(file) .. -> finish()     each gives the bytes that come next; nothing else is kept
//! ```
//!
//! A file is in memory while it is appended, and no longer. What the files' footers say of their values is said of them still, and no
//! more: chunks without statistics stay without. The same files in the same order give the same bytes.
//!
//! Never in here: whether the files are what was written; a flipped bit can end a decoder of Parquet with a panic.

use bytes::Bytes;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result as ParquetResult;
use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::TypePtr;
use std::io::Write;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

/// Keys of a footer that are the same for every file of a table.
const SAID: [&str; 2] = ["nightferry.dataset", "nightferry.audience"];

/// Why files could not be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinFault {
    /// A file is not Parquet.
    #[error("a file of it is no Parquet")]
    Unreadable,
    /// The files are not of one table.
    #[error("its files have other columns than each other")]
    Columns,
    /// The writer refused.
    #[error("its files do not join")]
    Writer,
}

/// A file under way, of which those before it are gone already.
pub struct Joined {
    writer: SerializedFileWriter<Written>,
    written: Written,
    root: TypePtr,
    rows: u64,
}

/// What was written and not taken yet.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn take(&self) -> Bytes {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Joined {
    /// A file of the columns that `first` has.
    pub fn begin(first: &Bytes) -> Result<Self, JoinFault> {
        let of = read(first)?;
        let root = of.file_metadata().schema_descr().root_schema_ptr();
        let said = of.file_metadata().key_value_metadata().cloned().unwrap_or_default();
        let said: Vec<KeyValue> = said.into_iter().filter(|entry| SAID.contains(&entry.key.as_str())).collect();
        let properties = WriterProperties::builder().set_key_value_metadata(Some(said)).build();
        let written = Written::default();
        let writer = SerializedFileWriter::new(written.clone(), root.clone(), Arc::new(properties));
        Ok(Joined { writer: writer.map_err(|_| JoinFault::Writer)?, written, root, rows: 0 })
    }

    /// Puts the row groups of `file` behind those that are there. Gives the bytes that come next.
    pub fn append(&mut self, file: &Bytes) -> Result<Bytes, JoinFault> {
        let of = read(file)?;
        if of.file_metadata().schema_descr().root_schema_ptr() != self.root {
            return Err(JoinFault::Columns);
        }
        self.groups(file, &of).map_err(|_| JoinFault::Writer)?;
        self.rows += u64::try_from(of.file_metadata().num_rows()).unwrap_or(0);
        Ok(self.written.take())
    }

    fn groups(&mut self, file: &Bytes, of: &ParquetMetaData) -> ParquetResult<()> {
        for (place, group) in of.row_groups().iter().enumerate() {
            let mut into = self.writer.next_row_group()?;
            for (column, chunk) in group.columns().iter().enumerate() {
                let close = ColumnCloseResult {
                    bytes_written: u64::try_from(chunk.compressed_size()).unwrap_or(0),
                    rows_written: u64::try_from(group.num_rows()).unwrap_or(0),
                    metadata: chunk.clone(),
                    bloom_filter: None,
                    column_index: of.column_index().and_then(|of| of.get(place)?.get(column)).cloned(),
                    offset_index: of.offset_index().and_then(|of| of.get(place)?.get(column)).cloned(),
                };
                into.append_column(file, close)?;
            }
            into.close()?;
        }
        self.writer.flush()?;
        Ok(())
    }

    /// Ends the file. Gives its last bytes, and its rows.
    pub fn finish(self) -> Result<(Bytes, u64), JoinFault> {
        let Joined { mut writer, written, rows, .. } = self;
        writer.finish().map_err(|_| JoinFault::Writer)?;
        writer.flush().map_err(|_| JoinFault::Writer)?;
        Ok((written.take(), rows))
    }
}

fn read(file: &Bytes) -> Result<ParquetMetaData, JoinFault> {
    let read = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional).parse_and_finish(file);
    read.map_err(|_| JoinFault::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::parquet_back::{read_back, said};
    use crate::format::parquet_write::{File, Recipe};
    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
    use arrow::compute::concat_batches;
    use parquet::basic::Compression;

    fn rows(from: i64, many: i64) -> RecordBatch {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + many));
        let texts = (from..from + many).map(|id| (id % 7 > 0).then(|| format!("unit {}", id % 90)));
        let texts: ArrayRef = Arc::new(texts.collect::<StringViewArray>());
        // Nothing that packs.
        let noise = (from..from + many).map(|id| (id.wrapping_mul(0x5851_f42d_4c95_7f2d) >> 13).wrapping_pow(3));
        let noise: ArrayRef = Arc::new(Int64Array::from_iter_values(noise));
        RecordBatch::try_from_iter_with_nullable([("id", ids, false), ("unit", texts, true), ("noise", noise, false)])
            .expect("rows")
    }

    /// A file of two row groups.
    fn file(recipe: &Recipe, from: i64, many: i64) -> Bytes {
        let mut file = File::new(recipe, 1 << 16).expect("a file");
        for half in 0..2 {
            let rows = rows(from + half * many / 2, many / 2);
            file.append(recipe.encode(&[&rows]).expect("encoded")).expect("appended");
        }
        file.finish().expect("finished").bytes
    }

    fn recipe() -> Recipe {
        let metadata = [("nightferry.dataset", "unit"), ("nightferry.run", "0199"), ("nightferry.audience", "public")];
        Recipe::choose(&rows(0, 4_000), &metadata, |name| name == "id").expect("a recipe")
    }

    #[test]
    fn joins_encoded_columns_and_holds_no_more_than_the_file_in_hand() {
        let recipe = recipe();
        let files: Vec<Bytes> = (0..20).map(|nth| file(&recipe, nth * 4_000, 4_000)).collect();
        let mut joined = Joined::begin(&files[0]).expect("begun");
        let (mut all, largest) = (Vec::new(), files.iter().map(Bytes::len).max().expect("files"));
        for file in &files {
            let next = joined.append(file).expect("appended");
            assert!(next.len() <= largest, "{} bytes of a file of {largest}", next.len());
            assert!(joined.written.0.lock().expect("its lock").is_empty(), "nothing is kept");
            all.extend_from_slice(&next);
        }
        let (last, many) = joined.finish().expect("finished");
        all.extend_from_slice(&last);
        assert_eq!(many, 80_000);
        let all = Bytes::from(all);
        let schema = rows(0, 1).schema();
        let read: Vec<RecordBatch> =
            read_back(all.clone(), schema.clone()).expect("it").collect::<Result<_, _>>().expect("rows");
        let wanted = rows(0, 80_000);
        assert_eq!(concat_batches(&schema, &read).expect("one"), wanted);
        assert_eq!(said(all.clone(), "nightferry.audience").as_deref(), Some("public"));
        assert_eq!(said(all.clone(), "nightferry.run"), None, "it may be of several runs");
        let of = read_footer(&all);
        assert_eq!(of.num_row_groups(), 40);
        for group in of.row_groups() {
            assert!(group.column(0).statistics().is_some() && group.column(1).statistics().is_none(), "as it was");
            let is_packed = |column: usize| group.column(column).compression() != Compression::UNCOMPRESSED;
            assert!(is_packed(1) && !is_packed(2), "as it was");
        }
        let again = |files: &[Bytes]| {
            let mut joined = Joined::begin(&files[0]).expect("begun");
            let mut all: Vec<u8> = files.iter().flat_map(|file| joined.append(file).expect("appended")).collect();
            all.extend_from_slice(&joined.finish().expect("finished").0);
            all
        };
        assert_eq!(again(&files), all, "the same files give the same bytes");
    }

    fn read_footer(all: &Bytes) -> ParquetMetaData {
        read(all).expect("a footer")
    }

    #[test]
    fn refuses_what_is_no_parquet_and_what_has_other_columns() {
        let file = file(&recipe(), 0, 100);
        assert_eq!(Joined::begin(&Bytes::from_static(b"no parquet")).err(), Some(JoinFault::Unreadable));
        let other: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let other = RecordBatch::try_from_iter_with_nullable([("id", other, true)]).expect("rows");
        let recipe = Recipe::choose(&other, &[], |_| false).expect("a recipe");
        let mut of = File::new(&recipe, 1 << 10).expect("a file");
        of.append(recipe.encode(&[&other]).expect("encoded")).expect("appended");
        let mut joined = Joined::begin(&file).expect("begun");
        assert_eq!(joined.append(&of.finish().expect("finished").bytes).err(), Some(JoinFault::Columns));
    }
}
