//! What each event of a batch tells of its cells: one column, two bits a cell. A column of truth values for each of the data's
//! own would be as much work again to put into buckets, aside and together as most of those are.
//!
//! Never in here: why an event does not tell a cell (`cell`).

use arrow::array::{ArrayRef, FixedSizeBinaryArray};
use arrow::buffer::Buffer;
use arrow::datatypes::DataType;
use std::sync::Arc;

/// Cells of a byte.
const CELLS: usize = 4;

/// What an event tells of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tells {
    /// The value that stands in the cell.
    Value = 0,
    /// That it is what it was: an update that did not touch it.
    Kept = 1,
    /// Nothing: it may be another by now.
    Nothing = 2,
}

/// Bytes of an event that has so many cells: of few cells the next power of two, for which Arrow has shorter ways.
fn row_bytes(cells: usize) -> usize {
    let bytes = cells.div_ceil(CELLS).max(1);
    if bytes <= 16 { bytes.next_power_of_two() } else { bytes }
}

/// The type of the column where events have so many cells.
pub fn arrow(cells: usize) -> DataType {
    DataType::FixedSizeBinary(i32::try_from(row_bytes(cells)).unwrap_or(i32::MAX))
}

/// The column on its way.
pub struct TellsBuilder {
    cells: usize,
    bytes: Vec<u8>,
}

impl TellsBuilder {
    /// Of events of so many cells.
    pub fn new(cells: usize) -> Self {
        TellsBuilder { cells, bytes: Vec::new() }
    }

    /// Begins an event, whose cells tell their values unless something else is put.
    pub fn begin(&mut self) {
        self.bytes.resize(self.bytes.len() + row_bytes(self.cells), 0);
    }

    /// What the last event tells of the cell at `place`, once.
    pub fn put(&mut self, place: usize, tells: Tells) {
        let row = self.bytes.len() - row_bytes(self.cells);
        self.bytes[row + place / CELLS] |= (tells as u8) << (place % CELLS * 2);
    }

    /// The column, and room for the next; none only if there is no event of that many cells.
    pub fn finish(&mut self) -> Option<ArrayRef> {
        let bytes = Buffer::from_vec(std::mem::take(&mut self.bytes));
        let DataType::FixedSizeBinary(size) = arrow(self.cells) else { return None };
        Some(Arc::new(FixedSizeBinaryArray::try_new(size, bytes, None).ok()?))
    }
}

/// The column, to be read.
#[derive(Clone, Copy, Debug)]
pub struct TellsColumn<'a> {
    bytes: &'a [u8],
    size: usize,
}

impl<'a> TellsColumn<'a> {
    /// Of a batch's column.
    pub fn of(column: &'a FixedSizeBinaryArray) -> Self {
        TellsColumn { bytes: column.value_data(), size: column.value_size() }
    }

    /// What the event at `row` tells of its cell at `place`.
    pub fn get(&self, row: usize, place: usize) -> Tells {
        match self.bytes[row * self.size + place / CELLS] >> (place % CELLS * 2) & 3 {
            0 => Tells::Value,
            1 => Tells::Kept,
            _ => Tells::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray, UInt32Array};
    use arrow::compute::take;

    #[test]
    fn gives_back_of_every_cell_what_was_put_whatever_their_number() {
        let all = [Tells::Value, Tells::Kept, Tells::Nothing];
        let of = |row: usize, place: usize| all[(row * 7 + place * 5 + place / 3) % 3];
        for cells in [1, 4, 5, 8, 9, 64, 65, 300] {
            let mut telling = TellsBuilder::new(cells);
            for batch in [0..50, 50..51] {
                for row in batch.clone() {
                    telling.begin();
                    (0..cells).for_each(|place| telling.put(place, of(row, place)));
                }
                let column = telling.finish().expect("a column");
                assert_eq!(column.data_type(), &arrow(cells));
                let rows = UInt32Array::from_iter_values((0..batch.len() as u32).rev());
                let turned = take(&column.slice(0, batch.len()), &rows, None).expect("rows");
                let later = turned.slice(batch.len() / 2, batch.len() - batch.len() / 2);
                let told = TellsColumn::of(later.as_fixed_size_binary());
                for (at, row) in batch.clone().rev().skip(batch.len() / 2).enumerate() {
                    (0..cells).for_each(|place| assert_eq!(told.get(at, place), of(row, place), "{row} {place}"));
                }
            }
        }
    }
}
