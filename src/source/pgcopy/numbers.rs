//! Cells of fixed size -> a column: values one behind the other, and which rows are NULL.

use super::nulls::Nulls;
use super::room_after;
use arrow::array::{ArrayRef, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType};
use std::sync::Arc;

/// A column of numbers, dates or moments under way.
#[derive(Debug)]
pub struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    nulls: Nulls,
    /// Rows that room was asked for at first: full batches have as many.
    rows_full: usize,
    data_type: DataType,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    /// An empty column with room for `rows`, of a type that is carried as `T`.
    pub fn with_capacity(rows: usize, data_type: DataType) -> Self {
        Numbers { values: Vec::with_capacity(rows), nulls: Nulls::default(), rows_full: rows, data_type }
    }

    /// Adds a value.
    #[inline]
    pub fn push(&mut self, value: T::Native) {
        self.values.push(value);
    }

    /// Adds NULL.
    #[inline]
    pub fn push_null(&mut self) {
        self.nulls.push(self.values.len());
        self.values.push(T::Native::default());
    }

    /// The column so far. Empty again then.
    pub fn finish(&mut self) -> ArrayRef {
        let rows = self.values.len();
        let room = room_after(rows).min(self.rows_full.max(rows));
        let values = std::mem::replace(&mut self.values, Vec::with_capacity(room));
        let column = PrimitiveArray::<T>::new(values.into(), self.nulls.finish(rows));
        Arc::new(column.with_data_type(self.data_type.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Int64Type;

    fn column(cells: &[Option<i64>], numbers: &mut Numbers<Int64Type>) -> ArrayRef {
        for cell in cells {
            match cell {
                Some(value) => numbers.push(*value),
                None => numbers.push_null(),
            }
        }
        numbers.finish()
    }

    #[test]
    fn a_column_is_empty_after_it_was_taken() {
        let mut numbers = Numbers::with_capacity(0, DataType::Int64);
        for cells in [&[Some(1), None, Some(3)][..], &[], &[None], &[Some(0), Some(5)]] {
            let built = column(cells, &mut numbers);
            assert_eq!(built.as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), cells);
        }
    }

    #[test]
    fn a_batch_that_is_a_little_larger_takes_no_room_for_twice_as_many_and_a_full_one_just_its_own() {
        let mut numbers = Numbers::with_capacity(5_000, DataType::Int64);
        let mut bytes_of = |rows: usize| column(&vec![Some(7); rows], &mut numbers).get_buffer_memory_size();
        bytes_of(1_000);
        let larger = bytes_of(1_010);
        assert!(larger < 1_010 * 8 * 5 / 4, "{larger} bytes");
        assert_eq!([bytes_of(5_000), bytes_of(5_000)][1], 5_000 * 8);
    }
}
