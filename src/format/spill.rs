//! Batches put aside in order and read again: in memory while there is room, else in scratch space.
//!
//! Written as Arrow's IPC stream, so that every type comes back as it was.

use crate::data::scratch::{Piece, SEAL_BYTES, Scratch, ScratchFault};
use arrow::array::{Array, ArrayRef, AsArray, MutableArrayData, RecordBatch, RecordBatchOptions, make_array};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Scratch space and the memory that may be used instead, shared by everything a run puts aside.
#[derive(Clone)]
pub struct Aside {
    scratch: Arc<dyn Scratch>,
    room: Arc<AtomicU64>,
}

impl Aside {
    /// Puts aside in memory up to `memory_bytes_max`, then in `scratch`.
    pub fn new(scratch: Arc<dyn Scratch>, memory_bytes_max: u64) -> Self {
        Aside { scratch, room: Arc::new(AtomicU64::new(memory_bytes_max)) }
    }

    /// The same scratch space, and memory of its own up to `memory_bytes_max`.
    #[must_use]
    pub fn within(&self, memory_bytes_max: u64) -> Self {
        Aside::new(Arc::clone(&self.scratch), memory_bytes_max)
    }

    pub(super) fn take(&self, bytes: u64) -> bool {
        self.room.try_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(bytes)).is_ok()
    }

    pub(super) fn give_back(&self, bytes: u64) {
        self.room.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn scratch(&self) -> &dyn Scratch {
        self.scratch.as_ref()
    }
}

/// What a batch's description takes, about.
const HEAD_BYTES: usize = 8 << 10;

/// Batches of one schema, put aside.
pub struct Spill {
    aside: Aside,
    kept: Vec<Kept>,
    rows: u64,
}

enum Kept {
    Here(RecordBatch, u64),
    There(Piece),
}

impl Spill {
    /// Nothing yet.
    pub fn new(aside: &Aside) -> Self {
        Spill { aside: aside.clone(), kept: Vec::new(), rows: 0 }
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Puts a batch aside.
    pub fn push(&mut self, batch: RecordBatch) -> Result<(), ScratchFault> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows() as u64;
        let bytes = batch.get_array_memory_size() as u64;
        let kept = if self.aside.take(bytes) {
            Kept::Here(batch, bytes)
        } else {
            Kept::There(self.aside.scratch.put(packed(&batch)?)?)
        };
        self.kept.push(kept);
        Ok(())
    }

    /// The batch at `place`, of those that had rows.
    pub fn at(&self, place: usize) -> Option<Result<RecordBatch, ScratchFault>> {
        self.kept.get(place).map(|kept| self.read(kept))
    }

    fn read(&self, kept: &Kept) -> Result<RecordBatch, ScratchFault> {
        match kept {
            Kept::Here(batch, _) => Ok(batch.clone()),
            Kept::There(piece) => unpacked(self.aside.scratch.get(*piece)?),
        }
    }

    /// Every batch, in order, one at a time.
    pub fn iter(&self) -> impl Iterator<Item = Result<RecordBatch, ScratchFault>> {
        self.kept.iter().map(|kept| self.read(kept))
    }

    /// Every batch, in order, one at a time, with these of its columns alone; what is read again takes no memory for the others.
    pub fn iter_of(&self, columns: &[usize]) -> impl Iterator<Item = Result<RecordBatch, ScratchFault>> {
        let fault = |_| ScratchFault("read again");
        self.kept.iter().map(move |kept| {
            let batch = self.read(kept)?.project(columns).map_err(fault)?;
            match kept {
                Kept::Here(..) => Ok(batch),
                Kept::There(_) => own(&batch).map_err(fault),
            }
        })
    }

    /// Every batch, in order.
    pub fn batches(&self) -> Result<Vec<RecordBatch>, ScratchFault> {
        self.iter().collect()
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        let freed = self.kept.iter().map(|kept| if let Kept::Here(_, bytes) = kept { *bytes } else { 0 }).sum();
        self.aside.give_back(freed);
    }
}

/// The batch with texts and bytes that hold no more than its own rows: rows that were taken out of a larger one share all of its
/// texts, and would be put aside with them.
pub fn compact(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let compacted = |cells: &ArrayRef| -> ArrayRef {
        match cells.data_type() {
            DataType::Utf8View => Arc::new(cells.as_string_view().gc()),
            DataType::BinaryView => Arc::new(cells.as_binary_view().gc()),
            _ => Arc::clone(cells),
        }
    };
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let cells = batch.columns().iter().map(compacted).collect();
    RecordBatch::try_new_with_options(batch.schema(), cells, &options)
}

/// The batch with memory of its own: what was read from a stream shares that of the whole batch there.
fn own(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let copied = |cells: &ArrayRef| -> Result<ArrayRef, ArrowError> {
        let data = cells.to_data();
        let mut copy = MutableArrayData::new(vec![&data], false, data.len());
        copy.try_extend(0, 0, data.len())?;
        Ok(make_array(copy.freeze()))
    };
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let cells = batch.columns().iter().map(copied).collect::<Result<_, _>>()?;
    compact(&RecordBatch::try_new_with_options(batch.schema(), cells, &options)?)
}

fn packed(batch: &RecordBatch) -> Result<Vec<u8>, ScratchFault> {
    let fault = |_| ScratchFault("packed");
    let room = batch.get_array_memory_size() + HEAD_BYTES + SEAL_BYTES;
    let mut writer = StreamWriter::try_new(Vec::with_capacity(room), &batch.schema()).map_err(fault)?;
    writer.write(batch).map_err(fault)?;
    writer.into_inner().map_err(fault)
}

fn unpacked(bytes: Vec<u8>) -> Result<RecordBatch, ScratchFault> {
    let fault = ScratchFault("read again");
    let mut reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(|_| fault)?;
    reader.next().and_then(Result::ok).ok_or(fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ColumnType;
    use crate::data::cell::CellBuilder;
    use crate::data::scratch::MemoryScratch;

    fn batch(cells: &[&str]) -> RecordBatch {
        let mut text = CellBuilder::new(ColumnType::Text, cells.len());
        let mut money = CellBuilder::new(ColumnType::Numeric { precision: 14, scale: 2 }, cells.len());
        for cell in cells {
            text.push_text(cell).expect("a cell");
            money.push_null();
        }
        RecordBatch::try_from_iter_with_nullable([("text", text.finish(), true), ("money", money.finish(), true)])
            .expect("rows")
    }

    #[test]
    fn gives_the_batches_back_in_order_wherever_they_were() {
        let scratch = Arc::new(MemoryScratch::default());
        let batches = [batch(&["a", "a longer text than twelve bytes"]), batch(&["b"]), batch(&["c", "d", "e"])];
        let aside = Aside::new(scratch.clone(), batches[0].get_array_memory_size() as u64);
        let mut spill = Spill::new(&aside);
        batches.iter().for_each(|batch| spill.push(batch.clone()).expect("room"));
        assert_eq!(scratch.pieces(), 2);
        assert_eq!(spill.batches().expect("batches"), batches);
        assert_eq!(spill.rows(), 6);
    }

    #[test]
    fn some_columns_are_had_again_for_the_memory_of_those_alone() {
        let texts: Vec<String> =
            (0..20_000).map(|number| format!("a text that is longer than a view {number}")).collect();
        let whole = batch(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        for memory in [0, u64::MAX] {
            let mut spill = Spill::new(&Aside::new(Arc::new(MemoryScratch::default()), memory));
            spill.push(whole.clone()).expect("room");
            let again: Vec<_> = spill.iter_of(&[1]).collect::<Result<_, _>>().expect("batches");
            assert_eq!(again, [whole.project(&[1]).expect("a column")]);
            let bytes = again[0].get_array_memory_size();
            assert!(bytes < 20_000 * 20, "{bytes} bytes of cells that take sixteen each");
        }
    }

    #[test]
    fn rows_of_a_larger_batch_take_their_own_room_alone() {
        let texts: Vec<String> =
            (0..20_000).map(|number| format!("a text that is longer than a view {number}")).collect();
        let large = batch(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let some = large.slice(10, 2);
        let own = compact(&some).expect("a batch");
        assert_eq!(own, some);
        let bytes = |rows: &RecordBatch| rows.column(0).get_array_memory_size();
        assert!(bytes(&own) * 20 < bytes(&some), "{} of {}", bytes(&own), bytes(&some));
    }

    #[test]
    fn gives_memory_back_when_it_goes() {
        let aside = Aside::new(Arc::new(MemoryScratch::default()), 1 << 20);
        let before = aside.room.load(Ordering::Relaxed);
        let mut spill = Spill::new(&aside);
        spill.push(batch(&["a"])).expect("room");
        assert!(aside.room.load(Ordering::Relaxed) < before);
        drop(spill);
        assert_eq!(aside.room.load(Ordering::Relaxed), before);
    }
}
