//! Cells -> keys: one writing for equal values, whatever the width of their type.

use super::super::compare::CompareFault;
use crate::data::Name;
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::row::{RowConverter, SortField};
use std::sync::Arc;

/// The columns of `rows`, each as the widest type of its kind, so that both sides of a claim write equal values alike.
pub fn columns(rows: &RecordBatch, names: &[Name]) -> Result<Vec<ArrayRef>, CompareFault> {
    let column = |name: &Name| wide(rows.column_by_name(name.as_str()).ok_or(CompareFault::Shape)?);
    names.iter().map(column).collect()
}

/// Whole numbers as `bigint`, numerics with all 38 digits, floats as `double precision` with one zero and one NaN.
pub fn wide(cells: &ArrayRef) -> Result<ArrayRef, CompareFault> {
    let wide = wide_type(cells.data_type());
    let cells = if wide == *cells.data_type() { Arc::clone(cells) } else { cast(cells, &wide)? };
    Ok(match wide {
        DataType::Float64 => {
            let floats = cells.as_primitive::<Float64Type>();
            let one = |float: f64| if float == 0.0 { 0.0 } else { float };
            Arc::new(floats.unary::<_, Float64Type>(|float| if float.is_nan() { f64::NAN } else { one(float) }))
        }
        _ => cells,
    })
}

/// The type that keys of a column are written as; columns whose keys may meet have the same.
pub fn wide_type(narrow: &DataType) -> DataType {
    match narrow {
        DataType::Int16 | DataType::Int32 | DataType::Int64 => DataType::Int64,
        DataType::Decimal128(_, scale) => DataType::Decimal128(38, *scale),
        DataType::Float32 | DataType::Float64 => DataType::Float64,
        other => other.clone(),
    }
}

/// The key of each row. No columns make one key: that of a group that has all rows.
pub fn keys(columns: &[ArrayRef], rows: usize) -> Result<BinaryArray, CompareFault> {
    if columns.is_empty() {
        return Ok(BinaryArray::from_iter_values(std::iter::repeat_n(b"", rows)));
    }
    let fields = columns.iter().map(|cells| SortField::new(cells.data_type().clone())).collect();
    Ok(RowConverter::new(fields)?.convert_columns(columns)?.try_into_binary()?)
}

/// Whether a row has no NULL in any of the columns.
pub fn is_whole(columns: &[ArrayRef], row: usize) -> bool {
    columns.iter().all(|cells| cells.is_valid(row))
}
