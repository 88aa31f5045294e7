//! A bucket's change events -> the latest state of each key.
//!
//! Not the latest event wins, but the latest cell: PostgreSQL leaves a long value that an update did not touch out of the
//! log, so an event may not touch a cell. The last told value is carried; where none was ever told, or what the event says of it
//! cannot be read, the cell is UNKNOWN. Order is the partition's; what came again is told from what came anew by its place in the
//! database's log (`order`).

use super::order::{Order, Turn};
use crate::changes::{About, LogFacts, Op, Tells, TellsColumn};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt8Array, UInt32Array, UInt64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{SchemaRef, UInt8Type, UInt32Type, UInt64Type};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// Latest states: the columns, for each a mask of the cells that are known, and the keys.
#[derive(Default)]
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
    /// Of each key, whether the stream settles what the extract should show.
    pub settled: Vec<Settled>,
    /// Events that came again behind newer ones of their key.
    pub replayed: u64,
    /// Rows that a snapshot read before a change of theirs that stands before them.
    pub stale: u64,
}

/// Whether the stream settles what the extract should show of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It does.
    Yes,
    /// Its last event came so near to the extract's moment that nobody can tell on which side.
    InFlight,
    /// Its last event stands before others in the database's log, and none of them before it in the topic.
    OutOfOrder,
    /// All that the stream tells of it is that it was there after the extract, when a snapshot read it.
    ReadLater,
}

/// Marks a cell that no event told.
const UNKNOWN: u32 = u32::MAX;

/// What is known of the whole stream before its events are folded.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a> {
    /// Of the database's log.
    pub log: &'a LogFacts,
    /// Where in it the table was last emptied, where that tells which rows of all partitions were there before.
    pub emptied_at: Option<u64>,
}

/// Events in columns.
struct Events<'a> {
    ops: &'a UInt8Array,
    partitions: &'a UInt32Array,
    positions: &'a UInt64Array,
    about: &'a UInt8Array,
    lsn: &'a UInt64Array,
    tells: TellsColumn<'a>,
}

/// Folds the events. `width` columns come first in each batch, then what is told of them, op, partition, position, what else is
/// known and the place in the log; `key` are the places of the key's columns.
pub fn latest(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    key: &[usize],
    converter: &RowConverter,
    whole: Whole<'_>,
) -> Result<Latest, ArrowError> {
    let width = schema.fields().len() - 6;
    let batch = concat_batches(schema, batches)?;
    let keys = converter.convert_columns(&key.iter().map(|place| batch.column(*place).clone()).collect::<Vec<_>>())?;
    let events = Events {
        tells: TellsColumn::of(batch.column(width).as_fixed_size_binary()),
        ops: batch.column(width + 1).as_primitive::<UInt8Type>(),
        partitions: batch.column(width + 2).as_primitive::<UInt32Type>(),
        positions: batch.column(width + 3).as_primitive::<UInt64Type>(),
        about: batch.column(width + 4).as_primitive::<UInt8Type>(),
        lsn: batch.column(width + 5).as_primitive::<UInt64Type>(),
    };
    let mut order: Vec<u32> = (0..batch.num_rows() as u32).collect();
    order.sort_unstable_by_key(|event| {
        let event = *event as usize;
        (events.partitions.value(event), events.positions.value(event))
    });
    let mut latest = Latest::default();
    let mut cells = Vec::new();
    let states = fold(&order, &keys, &events, width, whole, &mut cells, &mut latest);
    let is_told = |state: &State| state.row.is_some() || state.settled != Settled::Yes;
    let mut told: Vec<(&[u8], &State)> =
        states.iter().filter(|(_, state)| is_told(state)).map(|(key, state)| (*key, state)).collect();
    told.sort_unstable_by_key(|(key, _)| *key);
    let cell = |state: &State, place: usize| state.row.map_or(UNKNOWN, |row| cells[row * width + place]);
    for place in 0..width {
        let from: Vec<u32> = told.iter().map(|(_, state)| cell(state, place)).collect();
        let known = BooleanBuffer::collect_bool(from.len(), |at| from[at] != UNKNOWN);
        // What stands in a cell that is not known is passed over.
        let known_of = NullBuffer::new(known.clone());
        let from = UInt32Array::new(from.into(), (known_of.null_count() > 0).then_some(known_of));
        latest.columns.push(take(batch.column(place), &from, None)?);
        latest.known.push(BooleanArray::new(known, None));
    }
    let place = |state: &State| (state.partition, events.positions.value(state.last as usize));
    let deleted = states.iter().filter(|(_, state)| !is_told(state));
    latest.deleted = deleted.map(|(key, state)| (key.to_vec(), place(state))).collect();
    (latest.partitions, latest.positions) = told.iter().map(|(_, state)| place(state)).unzip();
    latest.settled = told.iter().map(|(_, state)| state.settled).collect();
    latest.keys = told.into_iter().map(|(key, _)| key.to_vec()).collect();
    Ok(latest)
}

/// What is known of a key.
struct State {
    /// Which of the rows of cells is its own; `None` once the row is gone.
    row: Option<usize>,
    partition: u32,
    /// The event that last touched it.
    last: u32,
    settled: Settled,
    order: Order,
}

/// Into `cells` go rows: for each column the event that last told it.
fn fold<'a>(
    order: &[u32],
    keys: &'a Rows,
    events: &Events<'_>,
    width: usize,
    whole: Whole<'_>,
    cells: &mut Vec<u32>,
    latest: &mut Latest,
) -> HashMap<&'a [u8], State, RandomState> {
    let mut states: HashMap<&[u8], State, RandomState> = HashMap::default();
    for event in order {
        let row = *event as usize;
        let (op, partition) = (events.ops.value(row), events.partitions.value(row));
        let lsn = events.lsn.is_valid(row).then(|| events.lsn.value(row));
        if op == Op::Truncate as u8 {
            // Across partitions its place in the log orders it, and every other event has looked at that.
            if whole.emptied_at.is_none() {
                for state in states.values_mut().filter(|state| state.partition == partition) {
                    state.last = if state.row.is_some() { *event } else { state.last };
                    (state.row, state.settled) = (None, Settled::Yes);
                }
            }
            continue;
        }
        if whole.emptied_at.is_some_and(|emptied| lsn.is_some_and(|lsn| lsn < emptied)) {
            continue;
        }
        let about = About(events.about.value(row));
        if about.has(About::READ_LATER) {
            let settled = Settled::ReadLater;
            let unheard = || State { row: None, partition, last: *event, settled, order: Order::default() };
            states.entry(keys.row(row).data()).or_insert_with(unheard);
            continue;
        }
        let state = states.entry(keys.row(row).data()).or_insert_with(|| State {
            row: None,
            partition,
            last: *event,
            settled: Settled::Yes,
            order: Order::default(),
        });
        state.settled = match state.order.turn(lsn, about, state.partition == partition) {
            Turn::Replayed => {
                latest.replayed += 1;
                continue;
            }
            Turn::Stale => {
                latest.stale += 1;
                continue;
            }
            Turn::Older => continue,
            Turn::Unexplained => Settled::OutOfOrder,
            Turn::Next if is_in_flight(events, row, about, whole.log) => Settled::InFlight,
            // What the extract shows of a key it shows of everything before.
            Turn::Next => Settled::Yes,
        };
        state.partition = partition;
        // Of several that delete it the first one did it.
        if op != Op::Delete as u8 || state.row.is_some() {
            state.last = *event;
        }
        if op == Op::Delete as u8 {
            state.row = None;
            continue;
        }
        // After a delete nothing is carried over: the new row knows only what its own events tell.
        let own = *state.row.get_or_insert_with(|| {
            cells.resize(cells.len() + width, UNKNOWN);
            cells.len() / width.max(1) - 1
        });
        for (place, cell) in cells[own * width..][..width].iter_mut().enumerate() {
            match events.tells.get(row, place) {
                Tells::Value => *cell = *event,
                Tells::Kept => {}
                // What was told before is not carried over.
                Tells::Nothing => *cell = UNKNOWN,
            }
        }
    }
    states
}

fn is_in_flight(events: &Events<'_>, row: usize, about: About, log: &LogFacts) -> bool {
    about.has(About::IN_FLIGHT) || log.is_unproven(events.partitions.value(row), events.positions.value(row))
}
