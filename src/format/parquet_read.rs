//! Other people's Parquet -> columns as they are.
//!
//! A small file may decode to terabytes (a dictionary page and a run length); a footer's sizes are only claims. So text and
//! bytes are read as views, which hold a repeated value once; what a batch and a file would come to is counted as the
//! values' own lengths, and a file that comes to far more than its size ends the read. Wide rows come in batches of fewer: so
//! many are read at once as the footer lets expect, and what comes to more all the same is cut.

use super::{DECODED_BYTES_MAX, FormatFault, Opened, Rows};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, FieldRef, Schema};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::ChunkReader;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Decoded bytes of one batch, unless one row has more.
const BATCH_BYTES: u64 = 16 << 20;

/// Decoded bytes of what is read at once, at most: one row, or more of them than the footer lets expect.
const READ_BYTES_MAX: u64 = 256 << 20;

/// Signs of a column's name that are told, at most.
const NAME_SIGNS_MAX: usize = 100;

/// What a file may decode to, as a multiple of its size, where that is more than [`DECODED_BYTES_MAX`].
const DECODED_RATIO_MAX: u64 = 200;

/// Reads the footer. Nested columns come as they are; whoever wants them says so by place.
pub fn open(bytes: Bytes) -> Result<Opened, FormatFault> {
    let caps = caps(bytes.len() as u64);
    open_within(bytes, caps)
}

/// How much may be decoded.
#[derive(Clone, Copy)]
pub(super) struct Caps {
    read_bytes_max: u64,
    file_bytes_max: u64,
}

/// What a file of so many bytes may decode to.
pub(super) fn caps(bytes: u64) -> Caps {
    let file_bytes_max = DECODED_BYTES_MAX.max(bytes.saturating_mul(DECODED_RATIO_MAX));
    Caps { read_bytes_max: READ_BYTES_MAX, file_bytes_max }
}

/// Reads the footer of what may lie anywhere.
pub(super) fn open_within(bytes: impl ChunkReader + 'static, caps: Caps) -> Result<Opened, FormatFault> {
    let metadata = metadata(&bytes).ok_or_else(|| FormatFault::new("is not whole Parquet"))?;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata);
    let columns = builder.schema().fields().iter().map(|field| (field.name().clone(), field.data_type().clone()));
    Ok(Opened::new(columns.collect(), move |places, batch_rows_max| -> Rows {
        let mask = ProjectionMask::roots(builder.parquet_schema(), places.iter().copied());
        let batch_rows = batch_rows(builder.metadata(), &places, batch_rows_max);
        match of_others(|| builder.with_projection(mask).with_batch_size(batch_rows).build().ok()) {
            Some(reader) => rows(reader, &places, caps),
            None => Box::new(std::iter::once(Err(FormatFault::new("is not whole Parquet")))),
        }
    }))
}

/// How many rows are read at once, of `rows_max` at most: so many as come to [`BATCH_BYTES`] by what the footer says of the columns at
/// `places`, and one at least.
pub(super) fn batch_rows(metadata: &ParquetMetaData, places: &[usize], rows_max: usize) -> usize {
    let schema = metadata.file_metadata().schema_descr();
    let row_bytes = |group: &RowGroupMetaData| {
        let wanted =
            group.columns().iter().enumerate().filter(|(leaf, _)| places.contains(&schema.get_column_root_idx(*leaf)));
        let bytes: u64 = wanted.map(|(_, chunk)| u64::try_from(chunk.uncompressed_size()).unwrap_or(0)).sum();
        bytes / u64::try_from(group.num_rows()).unwrap_or(0).max(1)
    };
    let widest = metadata.row_groups().iter().map(row_bytes).max().unwrap_or(0);
    usize::try_from(BATCH_BYTES / widest.max(1)).unwrap_or(usize::MAX).max(1).min(rows_max)
}

/// The rows that `reader` gives, the columns at `places` in that order.
pub(super) fn rows(reader: ParquetRecordBatchReader, places: &[usize], caps: Caps) -> Rows {
    // A mask keeps the file's order; what was asked for may have another.
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    let order = places.iter().map(|place| sorted.partition_point(|other| other < place)).collect();
    Box::new(ParquetRows { reader: Some(reader), order, cut: Vec::new(), row: 0, bytes: 0, caps })
}

thread_local! {
    static READS_OTHERS: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread reads somebody's Parquet: a panic of Arrow's own over it then is an answer, not a bug of ours to tell.
pub fn reads_others() -> bool {
    READS_OTHERS.get()
}

/// Reads what somebody else wrote. A schema in a footer may be damaged where the rest is not, pages may be of another kind than the footer
/// says; and Arrow panics over some of it. What it read with is not to be used again then.
pub(super) fn of_others<T>(read: impl FnOnce() -> Option<T>) -> Option<T> {
    READS_OTHERS.set(true);
    let found = catch_unwind(AssertUnwindSafe(read));
    READS_OTHERS.set(false);
    found.ok().flatten()
}

/// The footer, with views in place of the strings and bytes that it names.
pub(super) fn metadata<R: ChunkReader>(bytes: &R) -> Option<ArrowReaderMetadata> {
    of_others(|| {
        let found = ArrowReaderMetadata::load(bytes, ArrowReaderOptions::new()).ok()?;
        are_chunks_within(found.metadata(), bytes.len()).then_some(())?;
        let fields: Vec<FieldRef> = found.schema().fields().iter().map(as_view).collect();
        let schema = Schema::new_with_metadata(fields, found.schema().metadata().clone());
        let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
        ArrowReaderMetadata::try_new(Arc::clone(found.metadata()), options).ok()
    })
}

/// Whether every column chunk lies within the file: the reader asserts that no place or length is less than nothing, and asks for as many
/// bytes as the footer says.
fn are_chunks_within(metadata: &ParquetMetaData, file_bytes: u64) -> bool {
    let mut chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
    chunks.all(|chunk| {
        let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
        let (start, bytes) = (u64::try_from(start), u64::try_from(chunk.compressed_size()));
        let end = start.ok().zip(bytes.ok()).and_then(|(start, bytes)| start.checked_add(bytes));
        end.is_some_and(|end| end <= file_bytes)
    })
}

fn as_view(field: &FieldRef) -> FieldRef {
    let plain = match field.data_type() {
        DataType::Dictionary(_, values) => values.as_ref(),
        other => other,
    };
    let view = match plain {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        other => other.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(view))
}

struct ParquetRows {
    /// None once it failed: what follows damage is not to be trusted.
    reader: Option<ParquetRecordBatchReader>,
    order: Vec<usize>,
    /// What is left of a batch that was too large, the last rows first.
    cut: Vec<RecordBatch>,
    row: u64,
    bytes: u64,
    caps: Caps,
}

impl Iterator for ParquetRows {
    type Item = Result<RecordBatch, FormatFault>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut()?;
        let batch = match self.cut.pop() {
            Some(batch) => Ok(batch),
            None => {
                let batch = of_others(|| Some(reader.next().map(Result::ok))).unwrap_or(Some(None))?;
                let batch = batch.ok_or_else(|| FormatFault::at(self.row, "holds a damaged page"));
                batch.and_then(|batch| self.counted(batch))
            }
        };
        let batch = batch.and_then(|batch| self.cut(batch));
        if batch.is_err() {
            self.reader = None;
        }
        Some(batch)
    }
}

impl ParquetRows {
    /// A batch as it was read, unless it or the file comes to too much.
    fn counted(&mut self, batch: RecordBatch) -> Result<RecordBatch, FormatFault> {
        let read = bytes(&batch);
        self.bytes += read;
        match (read > self.caps.read_bytes_max, self.bytes > self.caps.file_bytes_max) {
            (true, _) if batch.num_rows() == 1 => {
                let wide = batch.columns().iter().zip(batch.schema_ref().fields());
                let widest = wide.max_by_key(|(cells, _)| value_bytes(cells.as_ref()));
                let name = widest.map_or("", |(_, field)| field.name());
                let name: String = name.escape_debug().take(NAME_SIGNS_MAX).collect();
                let fault = format!("holds {} MiB in one row, most of them in `{name}`", read >> 20);
                Err(FormatFault::at(self.row, fault))
            }
            (true, _) | (_, true) => Err(FormatFault::at(self.row, "decodes to more than its cap")),
            (false, false) => Ok(batch),
        }
    }

    /// The first rows of a batch, so many as are not too large, and puts the others aside; columns in the order asked for.
    fn cut(&mut self, mut batch: RecordBatch) -> Result<RecordBatch, FormatFault> {
        let mut all = bytes(&batch);
        while all > BATCH_BYTES && batch.num_rows() > 1 {
            let (first, behind) = (batch.num_rows() / 2, batch.num_rows() - batch.num_rows() / 2);
            let (half, rest) = (batch.slice(0, first), batch.slice(first, behind));
            // What is held once for all of them gets no less by a cut.
            if bytes(&half) + bytes(&rest) > all + all / 2 {
                break;
            }
            self.cut.push(rest);
            (all, batch) = (bytes(&half), half);
        }
        self.row += batch.num_rows() as u64;
        batch.project(&self.order).map_err(|_| FormatFault::at(self.row, "lacks a column"))
    }
}

/// What the rows come to when each value is written out.
fn bytes(batch: &RecordBatch) -> u64 {
    batch.columns().iter().map(|cells| value_bytes(cells.as_ref())).sum()
}

/// What the values come to when each is written out.
fn value_bytes(cells: &dyn Array) -> u64 {
    match cells.data_type() {
        DataType::Utf8View => cells.as_string_view().lengths().map(u64::from).sum(),
        DataType::BinaryView => cells.as_binary_view().lengths().map(u64::from).sum(),
        DataType::List(_) => {
            let list = cells.as_list::<i32>();
            let (first, last) = (list.value_offsets()[0] as usize, list.value_offsets()[list.len()] as usize);
            value_bytes(list.values().slice(first, last - first).as_ref())
        }
        DataType::Struct(_) => cells.as_struct().columns().iter().map(|cells| value_bytes(cells.as_ref())).sum(),
        _ => cells.to_data().get_slice_memory_size().map_or(u64::MAX, |bytes| bytes as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, DictionaryArray, Int32Array, Int64Array, StringArray};
    use arrow::datatypes::{Int32Type, Int64Type};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use proptest::prelude::*;

    fn file() -> Vec<u8> {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1000));
        let names: ArrayRef = Arc::new(StringArray::from_iter_values((0..1000).map(|id| format!("unit {id}"))));
        let rows = RecordBatch::try_from_iter([("id", ids), ("name", names)]).expect("rows");
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), None).expect("a writer");
        writer.write(&rows).expect("written");
        writer.close().expect("closed");
        file
    }

    #[test]
    fn reads_columns_in_the_order_asked_for() {
        let opened = open(file().into()).expect("a footer");
        let batches: Vec<_> = opened.rows(vec![1, 0], 300).collect::<Result<_, _>>().expect("rows");
        assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [300, 300, 300, 100]);
        assert_eq!(batches[1].schema().field(0).name(), "name");
        assert_eq!(batches[1].column(1).as_primitive::<Int64Type>().value(0), 300);
    }

    #[test]
    fn refuses_a_truncated_file_wherever_it_is_cut() {
        let whole = file();
        for cut in [0, 3, 100, whole.len() / 2, whole.len() - 1] {
            let torn = Bytes::copy_from_slice(&whole[..cut]);
            assert_eq!(open(torn).err(), Some(FormatFault::new("is not whole Parquet")), "{cut}");
        }
    }

    #[test]
    fn a_footer_of_which_any_byte_is_another_is_refused_or_read_and_nothing_panics() {
        let whole = file();
        let footer_bytes = u32::from_le_bytes(whole[whole.len() - 8..][..4].try_into().expect("four bytes")) as usize;
        let (mut refused, mut read) = (0, 0);
        for place in whole.len() - 8 - footer_bytes..whole.len() {
            for other in [0x01, 0x02, 0x40, 0x80, 0xff] {
                let mut lying = whole.clone();
                lying[place] ^= other;
                let rows = open(lying.into()).map(|opened| {
                    let places = (0..opened.columns.len()).collect();
                    opened.rows(places, 1000).try_for_each(|batch| batch.map(drop))
                });
                *if matches!(rows, Ok(Ok(()))) { &mut read } else { &mut refused } += 1;
            }
        }
        assert!(refused > 500 && read > 100, "{refused} refused, {read} read");
    }

    #[test]
    fn tells_a_damaged_page() {
        let mut damaged = file();
        damaged[4..60].fill(0xff);
        let outcome =
            open(damaged.into()).and_then(|opened| opened.rows(vec![0, 1], 100).collect::<Result<Vec<_>, _>>());
        assert!(outcome.is_err());
    }

    /// `rows` times one text of `length` bytes, stored once.
    fn repeated(length: usize, rows: usize) -> Vec<u8> {
        let keys = Int32Array::from(vec![0; rows]);
        let values = Arc::new(StringArray::from(vec!["x".repeat(length)]));
        let texts: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::try_new(keys, values).expect("a dictionary"));
        let rows = RecordBatch::try_from_iter([("text", texts)]).expect("rows");
        let properties = WriterProperties::builder().set_dictionary_page_size_limit(length * 2).build();
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), Some(properties)).expect("a writer");
        writer.write(&rows).expect("written");
        writer.close().expect("closed");
        file
    }

    #[test]
    fn reads_a_dictionary_of_texts_as_texts() {
        let batches: Vec<_> = open(repeated(20, 10).into())
            .expect("a footer")
            .rows(vec![0], 100)
            .collect::<Result<_, _>>()
            .expect("rows");
        assert_eq!(batches[0].column(0).as_string_view().value(9), "x".repeat(20));
    }

    #[test]
    fn stops_at_a_bomb_before_it_is_written_out() {
        // 16 MiB of text in a few kilobytes.
        let bomb = Bytes::from(repeated(16 << 10, 1024));
        assert!(bomb.len() < 64 << 10, "{}", bomb.len());
        let caps = Caps { read_bytes_max: 2 << 20, file_bytes_max: 8 << 20 };
        let read = |rows| open_within(bomb.clone(), caps).expect("a footer").rows(vec![0], rows);
        let fault = |row| Some(Err(FormatFault::at(row, "decodes to more than its cap")));
        let mut large_batches = read(1024);
        assert_eq!((large_batches.next(), large_batches.next()), (fault(0), None));
        assert_eq!(read(64).find(Result::is_err), fault(512), "small batches come to too much together");
    }

    #[test]
    fn wide_rows_come_in_smaller_batches_whether_they_are_packed_or_not() {
        // 40 MiB each: of texts that are all different, as the footer says, and of one that a dictionary holds once.
        let different: ArrayRef =
            Arc::new(StringArray::from_iter_values((0..640).map(|row| format!("{row:03}").repeat(22_000))));
        let rows = RecordBatch::try_from_iter([("text", different)]).expect("rows");
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), None).expect("a writer");
        writer.write(&rows).expect("written");
        writer.close().expect("closed");
        for file in [file, repeated(64 << 10, 640)] {
            let batches: Vec<RecordBatch> =
                open(file.into()).expect("a footer").rows(vec![0], 65_536).collect::<Result<_, _>>().expect("rows");
            assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 640);
            assert!(batches.len() >= 3 && batches.iter().all(|batch| bytes(batch) <= BATCH_BYTES), "{}", batches.len());
        }
    }

    #[test]
    fn a_row_that_is_too_large_is_told_by_its_number_and_column() {
        let caps = Caps { read_bytes_max: 16 << 20, file_bytes_max: 8 << 30 };
        let file = Bytes::from(repeated(17 << 20, 1));
        let told = open_within(file, caps).expect("a footer").rows(vec![0], 100).next();
        assert_eq!(told, Some(Err(FormatFault::at(0, "holds 17 MiB in one row, most of them in `text`"))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn takes_any_damage_without_panic(at in any::<prop::sample::Index>(), to: u8, cut in any::<prop::sample::Index>(), cuts: bool) {
            let mut damaged = file();
            let place = at.index(damaged.len());
            damaged[place] = to;
            if cuts {
                let length = cut.index(damaged.len());
                damaged.truncate(length);
            }
            if let Ok(opened) = open(damaged.into()) {
                let places = (0..opened.columns.len()).collect();
                let _ = opened.rows(places, 300).collect::<Vec<_>>();
            }
        }
    }
}
