//! The differing rows themselves, for whoever asked for them: in the order of the left side, then those that only the right
//! side has.
//!
//! Never in here: rows in a report. They are values of the data; where they go is the asker's choice.

use super::second::numbers;
use super::{Aligned, DiffFault, Position};
use crate::data::beside;
use crate::format::spill::{Aside, Spill};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray, UInt32Array, UInt64Array};
use arrow::compute::{concat_batches, sort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use std::sync::Arc;

/// Ranges of row numbers, each of which is put in order by itself.
const RANGES: u64 = 64;
/// Rows handed on at once.
const BATCH_ROWS: usize = 8_192;

/// Takes batches of differing rows.
pub type Sink<'a> = dyn FnMut(RecordBatch) -> Result<(), DiffFault> + 'a;

/// Differing rows, so far.
pub struct RowsOut<'a> {
    schema: SchemaRef,
    ranges: Vec<Spill>,
    rows: [u64; 2],
    position: &'a dyn Fn(usize, u32) -> Position,
}

impl<'a> RowsOut<'a> {
    /// For sides of so many rows. `position` says where a row of a side stands.
    pub fn new(
        columns: &[Aligned],
        rows: [u64; 2],
        aside: &Aside,
        position: &'a dyn Fn(usize, u32) -> Position,
    ) -> Self {
        let mut fields: Vec<Field> =
            columns.iter().map(|column| Field::new(&column.name, column.data_type.clone(), true)).collect();
        let taken = |name: &str| columns.iter().any(|column| column.name == name);
        let more = [
            ("side", DataType::Utf8View),
            ("differs", DataType::Utf8View),
            ("file", DataType::Utf8View),
            ("row", DataType::Int64),
            ("order", DataType::UInt64),
        ];
        fields.extend(more.map(|(name, data_type)| Field::new(beside(name, taken), data_type, true)));
        let ranges = (0..=RANGES).map(|_| Spill::new(aside)).collect();
        RowsOut { schema: Arc::new(Schema::new(fields)), ranges, rows, position }
    }

    /// Rows that one side alone has: `missing` from the right side, or `extra` there.
    pub fn alone(&mut self, side: usize, rows: &RecordBatch) -> Result<(), DiffFault> {
        let orders = numbers(rows).into_iter().map(|row| self.order(side, row)).collect();
        self.put(side, rows, ["missing", "extra"][side], &|_| String::new(), orders)
    }

    /// Pairs of rows that differ in the columns that `differs` says.
    pub fn changed(&mut self, sides: [&RecordBatch; 2], differs: &dyn Fn(usize) -> String) -> Result<(), DiffFault> {
        let orders: Vec<u64> = numbers(sides[0]).into_iter().map(|row| self.order(0, row)).collect();
        self.put(0, sides[0], "left", differs, orders.clone())?;
        self.put(1, sides[1], "right", differs, orders.into_iter().map(|order| order + 1).collect())
    }

    /// Two places for each left row, since a pair has two.
    fn order(&self, side: usize, row: u32) -> u64 {
        if side == 0 { u64::from(row) * 2 } else { (self.rows[0] + u64::from(row)) * 2 }
    }

    fn put(
        &mut self,
        side: usize,
        rows: &RecordBatch,
        word: &str,
        differs: &dyn Fn(usize) -> String,
        orders: Vec<u64>,
    ) -> Result<(), DiffFault> {
        let fault = |_| DiffFault::Shape;
        let at: Vec<Position> = numbers(rows).into_iter().map(|row| (self.position)(side, row)).collect();
        let mut columns = rows.columns()[..self.schema.fields().len() - 5].to_vec();
        columns.push(Arc::new(StringViewArray::from_iter_values(at.iter().map(|_| word))));
        columns.push(Arc::new(StringViewArray::from_iter_values((0..at.len()).map(differs))));
        columns.push(Arc::new(StringViewArray::from_iter_values(at.iter().map(|at| at.file.as_str()))));
        columns.push(Arc::new(Int64Array::from_iter_values(at.iter().map(|at| at.row as i64))));
        columns.push(Arc::new(UInt64Array::from(orders.clone())));
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(fault)?;
        let all = (self.rows[0] + self.rows[1]).max(1) * 2;
        let range = |order: u64| (u128::from(order) * u128::from(RANGES) / u128::from(all)) as usize;
        let mut places = vec![Vec::new(); self.ranges.len()];
        orders.iter().enumerate().for_each(|(row, order)| places[range(*order)].push(row as u32));
        for (range, places) in self.ranges.iter_mut().zip(places).filter(|(_, places)| !places.is_empty()) {
            range.push(take_record_batch(&batch, &UInt32Array::from(places)).map_err(fault)?)?;
        }
        Ok(())
    }

    /// Hands all rows on, in order; gives how many.
    pub fn finish(self, sink: &mut Sink<'_>) -> Result<u64, DiffFault> {
        let fault = |_| DiffFault::Shape;
        let shown: Vec<usize> = (0..self.schema.fields().len() - 1).collect();
        let mut count = 0;
        for range in self.ranges {
            let rows = concat_batches(&self.schema, &range.batches()?).map_err(fault)?;
            drop(range);
            let order: &ArrayRef = rows.column(rows.num_columns() - 1);
            debug_assert!(order.as_primitive::<UInt64Type>().null_count() == 0);
            let order = sort_to_indices(order, None, None).map_err(fault)?;
            let rows = take_record_batch(&rows, &order).and_then(|rows| rows.project(&shown)).map_err(fault)?;
            count += rows.num_rows() as u64;
            for from in (0..rows.num_rows()).step_by(BATCH_ROWS) {
                sink(rows.slice(from, BATCH_ROWS.min(rows.num_rows() - from)))?;
            }
        }
        Ok(count)
    }
}
