//! Cells of fixed size -> a column: values one behind the other, and which rows are NULL.

use super::nulls::Nulls;
use arrow::array::{ArrayRef, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType};
use std::sync::Arc;

/// A column of numbers, dates or moments under way.
#[derive(Debug)]
pub struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    nulls: Nulls,
    data_type: DataType,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    /// An empty column with room for `rows`, of a type that is carried as `T`.
    pub fn with_capacity(rows: usize, data_type: DataType) -> Self {
        Numbers { values: Vec::with_capacity(rows), nulls: Nulls::default(), data_type }
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

    /// The column so far. Empty again then, with room for as many.
    pub fn finish(&mut self) -> ArrayRef {
        let rows = self.values.len();
        let values = std::mem::replace(&mut self.values, Vec::with_capacity(rows));
        let column = PrimitiveArray::<T>::new(values.into(), self.nulls.finish(rows));
        Arc::new(column.with_data_type(self.data_type.clone()))
    }
}
