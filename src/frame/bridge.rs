//! Arrow <-> Polars by the Arrow C Data Interface: both sides keep the same buffers, nothing is copied.
//!
//! Text is `Utf8View` on both sides. Both libraries declare the two structures of the interface for themselves (`#[repr(C)]`, as the specification has
//! them), so one is the other under another name. This is the only file with more `unsafe` than one call.

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, make_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, Time64MicrosecondType, Time64NanosecondType, TimeUnit};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use polars::prelude::{Column, CompatLevel, DataFrame, PlSmallStr, Series};
use polars_arrow::ffi::{ArrowArray, ArrowSchema};
use std::sync::Arc;

/// A column that cannot cross: its type is not shared by both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a column of this type cannot cross between Arrow and Polars")]
pub struct CannotCross;

/// Batches of one schema -> a frame, a chunk a batch.
pub fn frame(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<DataFrame, CannotCross> {
    let height = batches.iter().map(RecordBatch::num_rows).sum();
    let column = |(place, field): (usize, &Arc<Field>)| {
        let chunks: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(place)).collect();
        series(field, &chunks).map(Column::from)
    };
    let columns = schema.fields().iter().enumerate().map(column).collect::<Result<Vec<_>, _>>()?;
    DataFrame::new(height, columns).map_err(|_| CannotCross)
}

/// A frame -> one batch.
pub fn batch(mut frame: DataFrame) -> Result<RecordBatch, CannotCross> {
    frame.rechunk_mut();
    let mut fields = Vec::with_capacity(frame.width());
    let mut columns = Vec::with_capacity(frame.width());
    for column in frame.columns() {
        let values = array(column.as_materialized_series())?;
        fields.push(Field::new(column.name().as_str(), values.data_type().clone(), true));
        columns.push(values);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(frame.height()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(|_| CannotCross)
}

#[expect(unsafe_code, reason = "the C Data Interface is two C structures; their meaning is a promise, not a type")]
fn series(field: &Field, chunks: &[&ArrayRef]) -> Result<Series, CannotCross> {
    let schema = FFI_ArrowSchema::try_from(field).map_err(|_| CannotCross)?;
    // SAFETY: both are the `ArrowSchema` of the C Data Interface: same fields, same order, `repr(C)`. Ownership moves; the
    // release callback is called once, by the new owner.
    let schema: ArrowSchema = unsafe { std::mem::transmute(schema) };
    // SAFETY: `schema` was exported by arrow-rs a line above, so it is a valid structure.
    let polars_field = unsafe { polars_arrow::ffi::import_field_from_c(&schema) }.map_err(|_| CannotCross)?;
    let mut imported = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let exported = FFI_ArrowArray::new(&chunk.to_data());
        // SAFETY: as for the schema: the same `repr(C)` structure, ownership moves.
        let exported: ArrowArray = unsafe { std::mem::transmute(exported) };
        // SAFETY: `exported` comes from arrow-rs and is of the type that `field` describes.
        let array = unsafe { polars_arrow::ffi::import_array_from_c(exported, polars_field.dtype.clone()) };
        imported.push(array.map_err(|_| CannotCross)?);
    }
    if imported.is_empty() {
        imported.push(polars_arrow::array::new_empty_array(polars_field.dtype.clone()));
    }
    Series::try_from((PlSmallStr::from_str(field.name()), imported)).map_err(|_| CannotCross)
}

#[expect(unsafe_code, reason = "the C Data Interface is two C structures; their meaning is a promise, not a type")]
fn array(series: &Series) -> Result<ArrayRef, CannotCross> {
    let array = series.to_arrow(0, CompatLevel::newest());
    let field = polars_arrow::datatypes::Field::new(series.name().clone(), array.dtype().clone(), true);
    let schema = polars_arrow::ffi::export_field_to_c(&field);
    let exported = polars_arrow::ffi::export_array_to_c(array);
    // SAFETY: both are the structures of the C Data Interface, `repr(C)`; ownership moves, and the release callbacks are
    // called once, by the new owners.
    let (schema, exported) = unsafe {
        (
            std::mem::transmute::<ArrowSchema, FFI_ArrowSchema>(schema),
            std::mem::transmute::<ArrowArray, FFI_ArrowArray>(exported),
        )
    };
    let field = Field::try_from(&schema).map_err(|_| CannotCross)?;
    // SAFETY: array and type were exported together by Polars.
    let data = unsafe { from_ffi_and_data_type(exported, field.data_type().clone()) }.map_err(|_| CannotCross)?;
    Ok(in_micros(make_array(data)))
}

/// Polars counts a time of day in nanoseconds; ours are whole microseconds, there and back.
fn in_micros(values: ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::Time64(TimeUnit::Nanosecond) => {
            let nanos = values.as_primitive::<Time64NanosecondType>();
            Arc::new(nanos.unary::<_, Time64MicrosecondType>(|nanos| nanos / 1_000))
        }
        _ => values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ColumnType;
    use crate::data::cell::CellBuilder;

    #[test]
    fn carries_every_type_there_and_back_unchanged() {
        let cells = [
            ("smallint", "1"),
            ("integer", "-2"),
            ("bigint", "9007199254740993"),
            ("numeric(38,6)", "1.250000"),
            ("numeric(14,2)", "-1.25"),
            ("real", "1.5"),
            ("double precision", "NaN"),
            ("boolean", "t"),
            ("text", "a text that is longer than twelve bytes"),
            ("date", "2026-11-22"),
            ("time", "23:59:59.000001"),
            ("timestamp", "2026-11-22 00:00:00.000001"),
            ("timestamptz", "2026-11-22 00:00:00.000001Z"),
            ("bytea", "\\x00ff"),
            ("uuid", "0199b6c27d3a7c11a1b2c3d4e5f60718"),
        ];
        let columns = cells.iter().enumerate().map(|(place, (column_type, cell))| {
            let mut built = CellBuilder::new(ColumnType::parse(column_type).expect("a type"), 3);
            built.push_text(cell).expect("a cell");
            built.push_null();
            built.push_text(cell).expect("a cell");
            (format!("c{place}"), built.finish(), true)
        });
        let rows = RecordBatch::try_from_iter_with_nullable(columns).expect("rows");
        let back = batch(frame(&rows.schema(), &[rows.clone(), rows.slice(1, 2)]).expect("a frame")).expect("a batch");
        assert_eq!(back.num_rows(), 5);
        let expected = arrow::compute::concat_batches(&rows.schema(), [&rows, &rows.slice(1, 2)]).expect("one batch");
        for (place, (column_type, _)) in cells.iter().enumerate() {
            assert_eq!(back.column(place).data_type(), expected.column(place).data_type(), "{column_type}");
            if *column_type != "double precision" {
                assert_eq!(back.column(place), expected.column(place), "{column_type}");
            }
        }
    }

    #[test]
    fn carries_no_rows_and_no_batches() {
        let mut built = CellBuilder::new(ColumnType::Text, 0);
        let rows = RecordBatch::try_from_iter_with_nullable([("a", built.finish(), true)]).expect("rows");
        assert_eq!(batch(frame(&rows.schema(), &[]).expect("a frame")).expect("a batch").num_rows(), 0);
        assert_eq!(batch(frame(&rows.schema(), &[rows]).expect("a frame")).expect("a batch").num_columns(), 1);
    }
}
