//! A bucket's change events -> the latest state of each key.
//!
//! Not the latest event wins, but the latest cell: PostgreSQL leaves a long value that an update did not touch out of the
//! log, so an event may not touch a cell. The last told value is carried; where none was ever told, or what the event says of it
//! cannot be read, the cell is UNKNOWN. Order
//! is the partition's; an event that was delivered twice says the same twice.

use crate::changes::Op;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{SchemaRef, UInt8Type, UInt32Type, UInt64Type};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows};
use std::collections::HashMap;

/// Latest states: the columns, for each a mask of the cells that are known, and the keys.
pub struct Latest {
    /// The columns' cells, a row a key.
    pub columns: Vec<ArrayRef>,
    /// For each column, which cells the stream tells.
    pub known: Vec<BooleanArray>,
    /// The keys, in the writing of the converter that was given.
    pub keys: Vec<Vec<u8>>,
    /// The partition that each key is in.
    pub partitions: Vec<u32>,
    /// The position of the last event of each key.
    pub positions: Vec<u64>,
    /// Keys that were there and were deleted -> partition and position of the event that did it.
    pub deleted: HashMap<Vec<u8>, (u32, u64)>,
}

/// Marks a cell that no event told.
const UNKNOWN: u32 = u32::MAX;

/// Folds the events. `width` columns come first in each batch, then as many masks, then op, partition and position;
/// `key` are the places of the key's columns.
pub fn latest(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    width: usize,
    key: &[usize],
    converter: &RowConverter,
) -> Result<Latest, ArrowError> {
    let events = concat_batches(schema, batches)?;
    let keys = converter.convert_columns(&key.iter().map(|place| events.column(*place).clone()).collect::<Vec<_>>())?;
    let ops = events.column(2 * width).as_primitive::<UInt8Type>();
    let partitions = events.column(2 * width + 1).as_primitive::<UInt32Type>();
    let positions = events.column(2 * width + 2).as_primitive::<UInt64Type>();
    let told: Vec<&BooleanArray> = (width..2 * width).map(|place| events.column(place).as_boolean()).collect();
    let mut order: Vec<u32> = (0..events.num_rows() as u32).collect();
    order.sort_unstable_by_key(|event| {
        let event = *event as usize;
        (partitions.value(event), positions.value(event))
    });
    let states = fold(&order, &keys, ops, partitions, &told);
    let mut live: Vec<(&[u8], &State)> =
        states.iter().filter(|(_, state)| state.is_there).map(|(key, state)| (*key, state)).collect();
    live.sort_unstable_by_key(|(key, _)| *key);
    let place = |state: &State| (state.partition, positions.value(state.last as usize));
    let deleted = states.iter().filter(|(_, state)| !state.is_there);
    let deleted = deleted.map(|(key, state)| (key.to_vec(), place(state))).collect();
    let mut columns = Vec::with_capacity(width);
    let mut known = Vec::with_capacity(width);
    for place in 0..width {
        let from: UInt32Array =
            live.iter().map(|(_, state)| Some(state.cells[place]).filter(|event| *event != UNKNOWN)).collect();
        columns.push(take(events.column(place), &from, None)?);
        known.push(BooleanArray::from_iter(live.iter().map(|(_, state)| Some(state.cells[place] != UNKNOWN))));
    }
    let (partitions, positions) = live.iter().map(|(_, state)| place(state)).unzip();
    let keys = live.into_iter().map(|(key, _)| key.to_vec()).collect();
    Ok(Latest { columns, known, keys, partitions, positions, deleted })
}

/// A row that is there, or was: for each column the event that last told it.
struct State {
    cells: Vec<u32>,
    partition: u32,
    /// The event that last touched it.
    last: u32,
    is_there: bool,
}

/// Key -> its state.
fn fold<'a>(
    order: &[u32],
    keys: &'a Rows,
    ops: &arrow::array::UInt8Array,
    partitions: &UInt32Array,
    told: &[&BooleanArray],
) -> HashMap<&'a [u8], State> {
    let mut states: HashMap<&[u8], State> = HashMap::new();
    for event in order {
        let row = *event as usize;
        let partition = partitions.value(row);
        if ops.value(row) == Op::Truncate as u8 {
            for state in states.values_mut().filter(|state| state.is_there && state.partition == partition) {
                (state.is_there, state.last) = (false, *event);
            }
            continue;
        }
        let absent = || State { cells: vec![UNKNOWN; told.len()], partition, last: *event, is_there: false };
        let state = states.entry(keys.row(row).data()).or_insert_with(absent);
        if ops.value(row) == Op::Delete as u8 {
            // Of several that tell the same the first one did it.
            if state.is_there {
                (state.is_there, state.partition, state.last) = (false, partition, *event);
            }
            continue;
        }
        (state.partition, state.last) = (partition, *event);
        if !state.is_there {
            // After a delete nothing is carried over: the new row knows only what its own events tell.
            state.is_there = true;
            state.cells.fill(UNKNOWN);
        }
        for (cell, told) in state.cells.iter_mut().zip(told) {
            if told.is_null(row) {
                // It may be another by now: what was told before is not carried over.
                *cell = UNKNOWN;
            } else if told.value(row) {
                *cell = *event;
            }
        }
    }
    states
}
