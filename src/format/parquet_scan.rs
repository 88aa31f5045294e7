//! Parquet where it lies -> batches, a row group at a time and only the rows that are wanted: a file of any size in the memory
//! of a few pages.
//!
//! The caps are those of [`super::parquet_read`]; where row groups are read one by one, each has its own.

use super::parquet_read::{batch_rows, caps, metadata, of_others, open_within, rows};
use super::ranged::{From, Ranged};
use super::{FormatFault, Opened, Rows};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, Length};
use std::io::BufReader;
use std::sync::Arc;

/// Bytes read at once where only a header is wanted.
const HEADER_BYTES: usize = 4 << 10;

/// Reads the footer of a file whose rows are all wanted. Nested columns come as they are.
pub fn open(bytes: Arc<dyn Ranged>) -> Result<Opened, FormatFault> {
    let caps = caps(bytes.length());
    open_within(Chunks(bytes), caps)
}

/// A file whose footer was read.
#[derive(Clone)]
pub struct ParquetScan {
    bytes: Chunks,
    metadata: ArrowReaderMetadata,
}

impl ParquetScan {
    /// Reads the footer.
    pub fn open(bytes: Arc<dyn Ranged>) -> Result<Self, FormatFault> {
        let bytes = Chunks(bytes);
        let metadata = metadata(&bytes).ok_or_else(|| FormatFault::new("is not whole Parquet"))?;
        Ok(ParquetScan { bytes, metadata })
    }

    /// Its columns, with the Arrow type that each comes in.
    pub fn columns(&self) -> Vec<(String, arrow::datatypes::DataType)> {
        let fields = self.metadata.schema().fields().iter();
        fields.map(|field| (field.name().clone(), field.data_type().clone())).collect()
    }

    /// Rows of each row group, as the footer has them.
    pub fn groups(&self) -> Vec<u64> {
        self.metadata.metadata().row_groups().iter().map(|group| group.num_rows().unsigned_abs()).collect()
    }

    /// The rows of a row group: the columns at `places`, in that order, at most `batch_rows_max` a batch. `keep` are numbers of
    /// rows within the group, ascending: those and no others.
    pub fn rows(&self, group: usize, places: &[usize], batch_rows_max: usize, keep: Option<&[u32]>) -> Rows {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), places.iter().copied());
        let batch_rows = batch_rows(builder.metadata(), places, batch_rows_max);
        let mut builder = builder.with_projection(mask).with_batch_size(batch_rows).with_row_groups(vec![group]);
        if let Some(keep) = keep {
            let all = self.groups().get(group).copied().unwrap_or(0) as usize;
            let runs = keep.chunk_by(|one, two| one + 1 == *two);
            let ranges = runs.map(|run| run[0] as usize..run[0] as usize + run.len());
            builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(ranges, all));
        }
        match of_others(|| builder.build().ok()) {
            Some(reader) => rows(reader, places, caps(self.bytes.len())),
            None => Box::new(std::iter::once(Err(FormatFault::new("is not whole Parquet")))),
        }
    }
}

/// Ranged bytes as the reader wants them.
#[derive(Clone)]
struct Chunks(Arc<dyn Ranged>);

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.0.length()
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(BufReader::with_capacity(HEADER_BYTES, From::new(Arc::clone(&self.0), start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        // A length is only a claim: memory is taken for what is there.
        if start.checked_add(length as u64).is_none_or(|end| end > self.0.length()) {
            return Err(ParquetError::EOF("a range beyond the end".into()));
        }
        let mut bytes = vec![0; length];
        self.0.read_at(start, &mut bytes)?;
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
    use arrow::datatypes::Int64Type;
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    /// Three row groups of 400, 400 and 200 rows.
    fn file() -> Bytes {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1000));
        let names: ArrayRef = Arc::new(StringArray::from_iter_values((0..1000).map(|id| format!("unit {id}"))));
        let rows = RecordBatch::try_from_iter([("id", ids), ("name", names)]).expect("rows");
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(400)).build();
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), Some(properties)).expect("a writer");
        writer.write(&rows).expect("written");
        writer.close().expect("closed");
        file.into()
    }

    fn ids(rows: Rows) -> Vec<i64> {
        let batches: Vec<RecordBatch> = rows.collect::<Result<_, _>>().expect("rows");
        let ids = batches.iter().flat_map(|batch| {
            let place = batch.schema().index_of("id").expect("a column");
            batch.column(place).as_primitive::<Int64Type>().values().to_vec()
        });
        ids.collect()
    }

    #[test]
    fn reads_the_row_groups_and_rows_that_are_wanted() {
        let scan = ParquetScan::open(Arc::new(file())).expect("a footer");
        assert_eq!(scan.groups(), [400, 400, 200]);
        assert_eq!(ids(scan.rows(2, &[1, 0], 64, None)), (800..1000).collect::<Vec<_>>());
        assert_eq!(ids(scan.rows(1, &[0], 64, Some(&[0, 7, 8, 399]))), [400, 407, 408, 799]);
        let batch = scan.rows(0, &[1, 0], 64, None).next().expect("a batch").expect("rows");
        assert_eq!(batch.schema().field(0).name(), "name");
    }

    #[test]
    fn refuses_a_file_that_was_cut_short() {
        let whole = file();
        for cut in [0, 3, whole.len() / 2, whole.len() - 1] {
            let refused = ParquetScan::open(Arc::new(whole.slice(..cut))).err();
            assert_eq!(refused, Some(FormatFault::new("is not whole Parquet")), "{cut}");
        }
    }
}
